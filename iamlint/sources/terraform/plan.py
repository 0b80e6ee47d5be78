"""Plans and states as `terraform show -json` prints them, and state files of version 4.

Source: Terraform documentation, JSON Output Format (format versions 0.1 to 1.2). What will be is in
`resource_changes[].change.after`, with `after_unknown` in the same shape for what is known after
apply only; `configuration` tells which references an argument has. A plan carries sensitive values
in clear: they are analysed like all others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TypeAlias

from iamlint.model import Document, Extraction, Hole, Pointer
from iamlint.sources.locations import locations
from iamlint.sources.source import SourceOptions
from iamlint.sources.terraform.meaning import DocumentLink, ResourceLink
from iamlint.sources.terraform.places import WrittenDocument
from iamlint.sources.terraform.policies import PolicyReader
from iamlint.sources.terraform.policy_document import INPUT_ARGUMENTS
from iamlint.sources.terraform.targets import NAME_ARGUMENTS, NAMED_TYPES
from iamlint.sources.tree import Branch, Choice, Unknown

__all__ = ["extract_plan"]

_DATA_DOCUMENT = "data.aws_iam_policy_document"
_MAX_MODULES = 64
_MAX_REFERENCE_STEPS = 16
_INDEX = re.compile(r'\[(?:"(?:[^"\\]|\\.)*+"|[^\]"]*+)\]')

# Arguments that the provider fills in where they are absent; only the configuration tells these
# two apart. Source: Terraform AWS provider 6.25 schema (optional and computed).
_OPTIONAL_COMPUTED = frozenset(
    {
        "access_policies",
        "access_policy",
        "acl",
        "grant",
        "inline_policy",
        "managed_policy_arns",
        "policy",
        "status",
    }
)

References: TypeAlias = dict[str, object]
"""The `expressions` of a block of the configuration."""


def extract_plan(tree: object, document: Document, options: SourceOptions) -> Extraction | None:
    """Return what a plan or a state holds; None when `tree` is neither. Never raises."""
    if not isinstance(tree, dict) or not _is_plan(tree):
        return None
    configuration = _Configuration(tree.get("configuration"))
    document = WrittenDocument(document)
    resources: list[PlanResource] = []
    seen: set[str] = set()
    for found in (_changes, _planned, _state, _state_file):
        for resource in found(tree, document, configuration):
            if resource.address not in seen:
                seen.add(resource.address)
                resources.append(resource)
    resources.extend(
        resource
        for resource in _prior(tree, document, configuration)
        if resource.type == _DATA_DOCUMENT and resource.address not in seen
    )
    index = PlanIndex(resources, configuration)
    for resource in resources:
        resource.index = index
    consumed = frozenset(_consumed(resources, index))
    return PolicyReader(resources, index, options, rebuild=True).read(consumed)


def _is_plan(tree: dict[str, object]) -> bool:
    if "format_version" in tree:
        return "planned_values" in tree or "resource_changes" in tree or isinstance(tree.get("values"), dict)
    return (
        tree.get("version") == 4 and "terraform_version" in tree and isinstance(tree.get("resources"), list)
    )


class PlanResource:
    """A resource of a plan: its planned values, and what its configuration refers to."""

    __slots__ = (
        "_document",
        "_expressions",
        "_pointer",
        "_unknown",
        "_values",
        "address",
        "index",
        "module",
        "type",
    )

    def __init__(
        self,
        address: str,
        resource_type: str,
        module: str,
        values: dict[str, object],
        unknown: object,
        document: Document,
        pointer: Pointer,
        expressions: References,
    ) -> None:
        self.address = address
        self.type = resource_type
        self.module = module
        self.index: PlanIndex | None = None
        self._values = values
        self._unknown = unknown if isinstance(unknown, dict) else {}
        self._document = document
        self._pointer = pointer
        self._expressions = expressions

    @property
    def document(self) -> Document:
        """The plan."""
        return self._document

    @property
    def pointer(self) -> Pointer:
        """The place of the planned values."""
        return self._pointer

    def argument(self, name: str) -> tuple[object, Pointer] | None:
        """Return the planned value of an argument, with holes for what is known after apply only;
        None where it is absent, or where the provider alone decides it."""
        value = self._values.get(name)
        unknown = self._unknown.get(name)
        pointer: Pointer = (*self._pointer, name)
        if unknown is True:
            return None if self._is_computed(name) else (self._reference(name), pointer)
        if value is None:
            return None
        if unknown and name in INPUT_ARGUMENTS and isinstance(value, list):
            return self._linked_items(name, value, unknown), pointer
        if unknown:
            expression = self._expressions.get(name)
            return _overlaid(value, unknown, expression, f"{self.address}.{name}", 0), pointer
        return value, pointer

    def known_text(self, name: str) -> str | None:
        """Return the planned value of an argument if it is text."""
        value = self._values.get(name)
        return value if isinstance(value, str) else None

    def references(self, name: str) -> tuple[str, ...]:
        """Return what the configuration of an argument refers to, in Terraform's notation."""
        return tuple(_references(self._expressions.get(name)))

    def _linked_items(self, name: str, values: list[object], unknown: object) -> list[object]:
        """Return documents to merge; those known after apply only as links, where it is clear which."""
        flags = unknown if isinstance(unknown, list) else [unknown]
        missing = [index for index, flag in enumerate(flags) if flag is True]
        linked = self.index.documents(self, name) if self.index is not None else []
        result = [*values, *([None] * (len(flags) - len(values)))]
        for place, index in enumerate(missing):
            if len(linked) == len(missing):
                result[index] = DocumentLink(linked[place])
            elif len(linked) == len(result):
                result[index] = DocumentLink(linked[index])
            else:
                result[index] = Unknown(Hole("attribute", f"{self.address}.{name}[{index}]"))
        return result

    def _is_computed(self, name: str) -> bool:
        """Say whether the provider decides an unknown attribute: nothing is configured for it."""
        if self.index is not None and self.index.configuration.is_known:
            return name not in self._expressions
        return name in _OPTIONAL_COMPUTED and not self.type.endswith("_policy")

    def _reference(self, name: str) -> object:
        """Return what an argument that is known after apply only refers to."""
        index = self.index
        hole = Unknown(Hole("attribute", f"{self.address}.{name}"))
        if index is None:
            return hole
        links = index.links(self, name)
        nodes: list[object] = [
            link
            if isinstance(link, DocumentLink)
            else ResourceLink(link, "", Unknown(Hole("attribute", reference)))
            for link, reference in links
        ]
        if len(nodes) == 1:
            return nodes[0]
        if nodes and all(isinstance(node, DocumentLink) for node in nodes):
            # One of them, or a mixture: each is read, since each may be it.
            branches = (
                Branch(((f"{self.address}.{name} is {link.address}", True),), link, ())
                for link in nodes
                if isinstance(link, DocumentLink)
            )
            return Choice(tuple(branches))
        return hole


class PlanIndex:
    """Finds the resources of a plan by address, by configuration reference and by name."""

    def __init__(self, resources: list[PlanResource], configuration: _Configuration) -> None:
        self.resources = {resource.address: resource for resource in resources}
        self.configuration = configuration
        self._plain: dict[str, list[str]] = {}
        self._prefixes: dict[str, list[str]] = {}
        for resource in resources:
            self._plain.setdefault(_INDEX.sub("", resource.address), []).append(resource.address)
            known = self._prefixes.setdefault(_INDEX.sub("", resource.module), [])
            if resource.module not in known:
                known.append(resource.module)
        self._names: dict[str, dict[str, str]] = {}

    def links(self, resource: PlanResource, name: str) -> list[tuple[DocumentLink | str, str]]:
        """Return the documents or resources that an argument refers to, each with the reference.

        Inputs and outputs of modules are followed. Where documents are among what is referred to,
        only these are returned.
        """
        found: dict[str, tuple[DocumentLink | str, str]] = {}
        for written in resource.references(name):
            for prefix, reference in self._followed(resource.module, written, 0):
                parts = reference.split(".")
                count = 3 if parts[0] == "data" else 2
                if len(parts) < count or parts[0] in _NO_RESOURCE:
                    continue
                block = ".".join(parts[:count])
                if prefix + block in found:
                    continue
                address = self._instance(resource, prefix, block)
                if block.startswith(f"{_DATA_DOCUMENT}."):
                    if address is not None:
                        found[prefix + block] = DocumentLink(address), reference
                elif count == 2 or address is not None:
                    found[prefix + block] = address or f"{prefix}{block}", reference
        documents = [item for item in found.values() if isinstance(item[0], DocumentLink)]
        return documents or list(found.values())

    def documents(self, resource: PlanResource, name: str) -> list[str]:
        """Return the addresses of the policy documents that an argument refers to."""
        return [link.address for link, _ in self.links(resource, name) if isinstance(link, DocumentLink)]

    def _followed(self, prefix: str, reference: str, depth: int) -> Iterator[tuple[str, str]]:
        """Yield what a reference leads to through the inputs and outputs of modules, each with the
        address of the module that it is meant in."""
        parts = _INDEX.sub("", reference).split(".")
        if depth > _MAX_REFERENCE_STEPS or parts[0] not in {"var", "module"}:
            yield prefix, reference
        elif parts[0] == "var" and len(parts) > 1:
            outer, call = _split_module(prefix)
            for inner in self.configuration.input(_INDEX.sub("", outer), call, parts[1]):
                yield from self._followed(outer, inner, depth + 1)
        elif parts[0] == "module" and len(parts) > 2:
            plain = f"{_INDEX.sub('', prefix)}module.{parts[1]}."
            child = next((item for item in self._prefixes.get(plain, ()) if item.startswith(prefix)), plain)
            for inner in self.configuration.output(plain, parts[2]):
                yield from self._followed(child, inner, depth + 1)

    def _instance(self, resource: PlanResource, prefix: str, block: str) -> str | None:
        """Return the address of the instance of a block that a resource refers to: the one that is
        named, the one with the key of the resource beside it, else the first."""
        if prefix + block in self.resources:
            return prefix + block
        plain = _INDEX.sub("", block)
        if prefix == resource.module:
            key = _INDEX.search(resource.address[len(prefix) :])
            if key is not None and f"{prefix}{plain}{key[0]}" in self.resources:
                return f"{prefix}{plain}{key[0]}"
        candidates = self._plain.get(_INDEX.sub("", prefix) + plain, ())
        return next((address for address in candidates if address.startswith(prefix)), None)

    def find(self, word: str, name: str) -> str | None:
        """Return the address of the resource that `word` means whose name or ARN is `name`."""
        known = self._names.get(word)
        if known is None:
            known = self._names[word] = {}
            for resource in self.resources.values():
                if resource.type in NAMED_TYPES.get(word, ()):
                    for argument in (NAME_ARGUMENTS.get(resource.type, "name"), "arn", "id"):
                        text = resource.known_text(argument)
                        if text:
                            known.setdefault(text, resource.address)
        return known.get(name)


_NO_RESOURCE = frozenset({"var", "local", "module", "each", "count", "path", "self", "terraform"})
_LAST_MODULE = re.compile(r'module\.([^.\[]++)(?:\[(?:"(?:[^"\\]|\\.)*+"|[^\]"]*+)\])?\.\Z')


def _split_module(prefix: str) -> tuple[str, str]:
    """Return the address of the module around a module, and the name that it is called by there."""
    start = prefix.rfind("module.")
    while start > 0:
        match = _LAST_MODULE.match(prefix, start)
        if match is not None:
            return prefix[:start], match[1]
        start = prefix.rfind("module.", 0, start)
    match = _LAST_MODULE.match(prefix)
    return "", match[1] if match is not None else ""


def _consumed(resources: list[PlanResource], index: PlanIndex) -> set[str]:
    """Return the policy documents whose text a resource carries: by reference, else word for word;
    and those that such documents are made from."""
    documents = [resource for resource in resources if resource.type == _DATA_DOCUMENT]
    consumed: set[str] = set()
    if not documents:
        return consumed
    by_text: dict[str, list[str]] = {}
    for resource in documents:
        text = resource.known_text("json")
        if text is not None:
            by_text.setdefault(_normal(text), []).append(resource.address)
    table = locations("terraform")
    for resource in resources:
        if resource.type == _DATA_DOCUMENT:
            continue
        for location in table.documents(resource.type):
            argument = location.path[0]
            consumed.update(index.documents(resource, argument))
            text = resource.known_text(argument)
            if text is not None and by_text:
                consumed.update(by_text.get(_normal(text), ()))
    pending = sorted(consumed)
    while pending:
        holder = index.resources[pending.pop()]
        for argument in INPUT_ARGUMENTS:
            for address in index.documents(holder, argument):
                if address not in consumed:
                    consumed.add(address)
                    pending.append(address)
    return consumed


def _normal(text: str) -> str:
    """Return a JSON text without what its layout decides."""
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except (ValueError, RecursionError):
        return text


class _Configuration:
    """The `configuration` of a plan: the expressions of each block, by module and reference."""

    def __init__(self, node: object) -> None:
        self._blocks: dict[str, References] = {}
        self._inputs: dict[tuple[str, str], References] = {}
        self._outputs: dict[str, References] = {}
        if isinstance(node, dict):
            self._module(node.get("root_module"), "", 0)

    @property
    def is_known(self) -> bool:
        """Whether the plan has a configuration."""
        return bool(self._blocks)

    def input(self, module: str, call: str, name: str) -> Iterator[str]:
        """Yield what an input of a module call refers to; `module` is where the call stands."""
        yield from _references(self._inputs.get((module, call), {}).get(name))

    def output(self, module: str, name: str) -> Iterator[str]:
        """Yield what an output of a module refers to."""
        yield from _references(self._outputs.get(module, {}).get(name))

    def expressions(self, plain_address: str) -> References:
        """Return the expressions of a block by its address without keys; empty when unknown."""
        return self._blocks.get(plain_address, {})

    def _module(self, node: object, prefix: str, depth: int) -> None:
        if not isinstance(node, dict) or depth > _MAX_MODULES:
            return
        resources = node.get("resources")
        for resource in resources if isinstance(resources, list) else ():
            if isinstance(resource, dict) and isinstance(resource.get("address"), str):
                expressions = resource.get("expressions")
                address = prefix + str(resource["address"])
                self._blocks[address] = expressions if isinstance(expressions, dict) else {}
        outputs = node.get("outputs")
        if isinstance(outputs, dict):
            self._outputs[prefix] = outputs
        calls = node.get("module_calls")
        if isinstance(calls, dict):
            for name, call in calls.items():
                if isinstance(call, dict):
                    inputs = call.get("expressions")
                    if isinstance(inputs, dict):
                        self._inputs[prefix, name] = inputs
                    self._module(call.get("module"), f"{prefix}module.{name}.", depth + 1)


def _references(expression: object, depth: int = 0) -> Iterator[str]:
    """Yield the references of an argument, also those of the nested blocks in it."""
    if depth > _MAX_REFERENCE_STEPS:
        return
    if isinstance(expression, dict):
        for key, value in expression.items():
            if key == "references" and isinstance(value, list):
                yield from (item for item in value if isinstance(item, str))
            elif isinstance(value, dict | list):
                yield from _references(value, depth + 1)
    elif isinstance(expression, list):
        for item in expression:
            yield from _references(item, depth + 1)


def _overlaid(value: object, unknown: object, expression: object, name: str, depth: int) -> object:
    """Return a planned value with holes where `unknown`, of the same shape, is true."""
    if unknown is True or depth > _MAX_MODULES:
        return Unknown(Hole("attribute", next(_references(expression), name)))
    if isinstance(unknown, dict) and isinstance(value, dict):
        inner = expression if isinstance(expression, dict) else {}
        result: dict[str, object] = {}
        for key in (*value, *(key for key in unknown if key not in value)):
            below = unknown.get(key)
            item = value.get(key)
            result[key] = (
                _overlaid(item, below, inner.get(key), f"{name}.{key}", depth + 1) if below else item
            )
        return result
    if isinstance(unknown, list) and isinstance(value, list):
        references = _item_references(unknown, expression)
        listed: list[object] = []
        for index in range(max(len(value), len(unknown))):
            item = value[index] if index < len(value) else None
            below = unknown[index] if index < len(unknown) else None
            if below is True:
                listed.append(Unknown(Hole("attribute", references.get(index, f"{name}[{index}]"))))
            elif below:
                inner_expression = (
                    expression[index] if isinstance(expression, list) and index < len(expression) else None
                )
                listed.append(_overlaid(item, below, inner_expression, f"{name}[{index}]", depth + 1))
            else:
                listed.append(item)
        return listed
    return value


def _item_references(unknown: list[object], expression: object) -> dict[int, str]:
    """Return what each unknown item of a list refers to, where there are as many references as items."""
    missing = [index for index, item in enumerate(unknown) if item is True]
    found = list(_references(expression))
    # Each reference is followed by the block that it leads to, which says nothing new.
    whole = [
        reference
        for position, reference in enumerate(found)
        if not (position and found[position - 1].startswith((f"{reference}.", f"{reference}[")))
    ]
    return dict(zip(missing, whole, strict=True)) if len(missing) == len(whole) else {}


# Where the resources stand


def _relevant(resource_type: object, mode: object) -> str | None:
    """Return the type as locations name it if resources of it can matter."""
    if not isinstance(resource_type, str):
        return None
    if mode == "data":
        return _DATA_DOCUMENT if resource_type == "aws_iam_policy_document" else None
    return resource_type if locations("terraform").knows(resource_type) else None


def _changes(
    tree: dict[str, object], document: Document, configuration: _Configuration
) -> Iterator[PlanResource]:
    changes = tree.get("resource_changes")
    for index, node in enumerate(changes if isinstance(changes, list) else ()):
        if not isinstance(node, dict):
            continue
        resource_type = _relevant(node.get("type"), node.get("mode"))
        change = node.get("change")
        address = node.get("address")
        if resource_type is None or not isinstance(change, dict) or not isinstance(address, str):
            continue
        after = change.get("after")
        if not isinstance(after, dict):
            continue
        module = node.get("module_address")
        prefix = f"{module}." if isinstance(module, str) and module else ""
        yield PlanResource(
            address,
            resource_type,
            prefix,
            after,
            change.get("after_unknown"),
            document,
            ("resource_changes", index, "change", "after"),
            configuration.expressions(_INDEX.sub("", address)),
        )


def _deleted(tree: dict[str, object]) -> set[str]:
    changes = tree.get("resource_changes")
    return {
        node["address"]
        for node in (changes if isinstance(changes, list) else ())
        if isinstance(node, dict)
        and isinstance(node.get("address"), str)
        and isinstance(node.get("change"), dict)
        and node["change"].get("actions") == ["delete"]
    }


def _planned(
    tree: dict[str, object], document: Document, configuration: _Configuration
) -> Iterator[PlanResource]:
    deleted = _deleted(tree)
    for resource in _values(tree, ("planned_values",), document, configuration):
        if resource.address not in deleted:
            yield resource


def _state(
    tree: dict[str, object], document: Document, configuration: _Configuration
) -> Iterator[PlanResource]:
    if "planned_values" not in tree and "resource_changes" not in tree:
        yield from _values(tree, ("values",), document, configuration)


def _prior(
    tree: dict[str, object], document: Document, configuration: _Configuration
) -> Iterator[PlanResource]:
    yield from _values(tree, ("prior_state", "values"), document, configuration)


def _values(
    tree: dict[str, object], path: tuple[str, ...], document: Document, configuration: _Configuration
) -> Iterator[PlanResource]:
    """Yield the resources of a `values` object, module by module."""
    node: object = tree
    for step in path:
        node = node.get(step) if isinstance(node, dict) else None
    root = node.get("root_module") if isinstance(node, dict) else None
    pending: list[tuple[object, Pointer, int]] = [(root, (*path, "root_module"), 0)]
    while pending:
        module, pointer, depth = pending.pop()
        if not isinstance(module, dict) or depth > _MAX_MODULES:
            continue
        module_address = module.get("address")
        prefix = f"{module_address}." if isinstance(module_address, str) and module_address else ""
        resources = module.get("resources")
        for index, resource in enumerate(resources if isinstance(resources, list) else ()):
            if not isinstance(resource, dict):
                continue
            resource_type = _relevant(resource.get("type"), resource.get("mode"))
            values, address = resource.get("values"), resource.get("address")
            if resource_type is None or not isinstance(values, dict) or not isinstance(address, str):
                continue
            yield PlanResource(
                address,
                resource_type,
                prefix,
                values,
                None,
                document,
                (*pointer, "resources", index, "values"),
                configuration.expressions(_INDEX.sub("", address)),
            )
        children = module.get("child_modules")
        listed = list(enumerate(children)) if isinstance(children, list) else []
        pending.extend(
            (child, (*pointer, "child_modules", index), depth + 1) for index, child in reversed(listed)
        )


def _state_file(
    tree: dict[str, object], document: Document, configuration: _Configuration
) -> Iterator[PlanResource]:
    """Yield the resources of a state file of version 4."""
    if tree.get("version") != 4 or "format_version" in tree:
        return
    resources = tree.get("resources")
    for position, resource in enumerate(resources if isinstance(resources, list) else ()):
        if not isinstance(resource, dict):
            continue
        resource_type = _relevant(resource.get("type"), resource.get("mode"))
        name, instances = resource.get("name"), resource.get("instances")
        if resource_type is None or not isinstance(name, str) or not isinstance(instances, list):
            continue
        module = resource.get("module")
        prefix = f"{module}." if isinstance(module, str) and module else ""
        for index, instance in enumerate(instances):
            values = instance.get("attributes") if isinstance(instance, dict) else None
            if not isinstance(values, dict):
                continue
            key = instance.get("index_key")
            suffix = (
                f"[{json.dumps(key)}]" if isinstance(key, str | int) and not isinstance(key, bool) else ""
            )
            yield PlanResource(
                f"{prefix}{resource_type}.{name}{suffix}",
                resource_type,
                prefix,
                values,
                None,
                document,
                ("resources", position, "instances", index, "attributes"),
                {},
            )
