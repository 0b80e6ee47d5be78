"""What a module, a plan or a state gives away: credentials that are written in it, and outputs that show
secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from iamlint.model import Document, Grant, Owner, Pointer, Value
from iamlint.sources.credentials import Credential, credential_grants, credentials_of_tree, stored_secret

__all__ = ["module_credentials", "plan_credentials"]

_LABELS = {"resource": 2, "data": 2, "provider": 1, "variable": 1, "locals": 0, "output": 1, "module": 1}
_PLACES = {"provider": "provider", "variable": "parameter"}
# Terraform AWS provider documentation: attributes that hold the secret itself.
_SECRET = re.compile(
    r"aws_iam_access_key\.[\w-]+(?:\[[^\]]{0,200}\])?\.(?:secret|ses_smtp_password_v4)\b"
    r"|aws_iam_user_login_profile\.[\w-]+(?:\[[^\]]{0,200}\])?\.password\b"
)
_KEEPS_ITS_SECRET = frozenset({"aws_iam_access_key", "aws_iam_user_login_profile"})
"""Resources of a state that cannot but hold one; that they are there is another finding."""

_MAX_NESTING = 20


def module_credentials(tree: object, document: Document) -> Iterator[Grant]:
    """Yield a grant for each block of a file in JSON syntax that holds credentials or shows a secret."""
    for _, root, start in _bodies(tree, (), 0, 0):
        for kind, count in _LABELS.items():
            for labels, body, pointer in _bodies(root.get(kind), (*start, kind), count, 0):
                if kind == "locals":
                    yield from _locals(document, body, pointer)
                    continue
                owner = Owner(_address(kind, labels), labels[0] if count == 2 else None, pointer)
                found = credentials_of_tree(body, pointer)
                yield from credential_grants(document, owner, found, _PLACES.get(kind, ""))
                stored = stored_secret(owner, body, pointer)
                yield from credential_grants(document, owner, stored, "parameter")
                if kind == "output":
                    yield from _output(document, owner, body)


def _locals(document: Document, body: dict[str, object], pointer: Pointer) -> Iterator[Grant]:
    for name, value in body.items():
        owner = Owner(f"local.{name}", None, (*pointer, name))
        yield from credential_grants(document, owner, credentials_of_tree(value, owner.pointer))


def _address(kind: str, labels: tuple[str, ...]) -> str:
    if kind == "resource":
        return ".".join(labels)
    return ".".join(({"variable": "var"}.get(kind, kind), *labels))


def _bodies(
    node: object, pointer: Pointer, labels: int, depth: int
) -> Iterator[tuple[tuple[str, ...], dict[str, object], Pointer]]:
    """Yield labels, body and place of each block below a node, through lists at any level."""
    if isinstance(node, list) and depth < _MAX_NESTING:
        for index, item in enumerate(node):
            yield from _bodies(item, (*pointer, index), labels, depth + 1)
    elif isinstance(node, dict):
        if labels == 0:
            yield (), node, pointer
            return
        for label, inner in node.items():
            for more, body, place in _bodies(inner, (*pointer, label), labels - 1, depth):
                yield (label, *more), body, place


def _output(document: Document, owner: Owner, body: dict[str, object]) -> Iterator[Grant]:
    written = body.get("value")
    if body.get("sensitive") is True or not isinstance(written, str):
        return
    match = _SECRET.search(written) if "${" in written else None
    if match is not None:
        yield _shown(document, owner, match[0], (*owner.pointer, "value"))


def _shown(document: Document, owner: Owner, source: str, pointer: Pointer) -> Grant:
    fields = {"source": (Value(source, pointer),)}
    return Grant("secret-output", document, pointer, owner, ("output",), (owner.address,), fields)


def plan_credentials(tree: dict[str, object], document: Document) -> Iterator[Grant]:
    """Yield a grant for each resource, provider and variable of a plan or state that holds credentials."""
    for address, resource_type, values, pointer in _resources(tree):
        if resource_type not in _KEEPS_ITS_SECRET:
            owner = Owner(address, resource_type, pointer)
            yield from credential_grants(document, owner, credentials_of_tree(values, pointer))
            stored = stored_secret(owner, values, pointer)
            yield from credential_grants(document, owner, stored, "parameter")
    configuration = tree.get("configuration")
    if isinstance(configuration, dict):
        yield from _configured(configuration, document)


def _configured(configuration: dict[str, object], document: Document) -> Iterator[Grant]:
    providers = configuration.get("provider_config")
    for name, body in providers.items() if isinstance(providers, dict) else ():
        place: Pointer = ("configuration", "provider_config", name)
        owner = Owner(f"provider.{name}", None, place)
        yield from credential_grants(document, owner, _under_expressions(body, place), "provider")
    pending: list[tuple[object, Pointer, str]] = [
        (configuration.get("root_module"), ("configuration", "root_module"), "")
    ]
    while pending:
        module, pointer, prefix = pending.pop()
        if not isinstance(module, dict) or len(pointer) > 3 * _MAX_NESTING:
            continue
        for section, word in (("variables", "var"), ("outputs", "output")):
            members = module.get(section)
            for name, body in members.items() if isinstance(members, dict) else ():
                owner = Owner(f"{prefix}{word}.{name}", None, (*pointer, section, name))
                if word == "var":
                    found = credentials_of_tree(body, owner.pointer)
                    yield from credential_grants(document, owner, found, "parameter")
                elif not prefix:
                    yield from _planned_output(document, owner, body)
        calls = module.get("module_calls")
        for name, call in calls.items() if isinstance(calls, dict) else ():
            inner = call.get("module") if isinstance(call, dict) else None
            below = (*pointer, "module_calls", name, "module")
            pending.append((inner, below, f"{prefix}module.{name}."))


def _under_expressions(body: object, pointer: Pointer) -> Iterator[Credential]:
    """Yield the credentials that a provider's arguments are given as constants."""
    expressions = body.get("expressions") if isinstance(body, dict) else None
    for argument, expression in expressions.items() if isinstance(expressions, dict) else ():
        yield from credentials_of_tree(expression, (*pointer, "expressions", argument))


def _planned_output(document: Document, owner: Owner, body: object) -> Iterator[Grant]:
    if not isinstance(body, dict) or body.get("sensitive") is True:
        return
    expression = body.get("expression")
    references = expression.get("references") if isinstance(expression, dict) else None
    for reference in references if isinstance(references, list) else ():
        match = _SECRET.fullmatch(reference) if isinstance(reference, str) else None
        if match is not None:
            yield _shown(document, owner, match[0], (*owner.pointer, "expression"))
            return


def _resources(tree: dict[str, object]) -> Iterator[tuple[str, str, object, Pointer]]:
    """Yield address, type, values and place of what will be there; of a state, of what is."""
    changes = tree.get("resource_changes")
    if isinstance(changes, list):
        for index, node in enumerate(changes):
            change = node.get("change") if isinstance(node, dict) else None
            if isinstance(change, dict):
                pointer: Pointer = ("resource_changes", index, "change", "after")
                yield _text(node, "address"), _text(node, "type"), change.get("after"), pointer
        return
    for name in ("planned_values", "values"):
        values = tree.get(name)
        if isinstance(values, dict):
            yield from _valued(values.get("root_module"), (name, "root_module"))
    if tree.get("version") == 4:
        yield from _stored(tree.get("resources"))


def _valued(root: object, start: Pointer) -> Iterator[tuple[str, str, object, Pointer]]:
    pending = [(root, start)]
    while pending:
        module, pointer = pending.pop()
        if not isinstance(module, dict) or len(pointer) > 4 * _MAX_NESTING:
            continue
        resources, children = module.get("resources"), module.get("child_modules")
        for index, node in enumerate(resources if isinstance(resources, list) else ()):
            if isinstance(node, dict):
                place: Pointer = (*pointer, "resources", index, "values")
                yield _text(node, "address"), _text(node, "type"), node.get("values"), place
        listed = enumerate(children) if isinstance(children, list) else ()
        pending.extend((child, (*pointer, "child_modules", index)) for index, child in listed)


def _stored(resources: object) -> Iterator[tuple[str, str, object, Pointer]]:
    """Yield the resources of a state file of version 4."""
    for index, node in enumerate(resources if isinstance(resources, list) else ()):
        instances = node.get("instances") if isinstance(node, dict) else None
        for number, instance in enumerate(instances if isinstance(instances, list) else ()):
            if isinstance(instance, dict):
                kind, name = _text(node, "type"), _text(node, "name")
                place: Pointer = ("resources", index, "instances", number, "attributes")
                yield f"{kind}.{name}", kind, instance.get("attributes"), place


def _text(node: object, key: str) -> str:
    found = node.get(key) if isinstance(node, dict) else None
    return found if isinstance(found, str) else ""
