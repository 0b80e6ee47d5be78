"""Resources to policies: what each document is for, what it applies to, and who carries it.

The same for modules and plans: both give resources whose arguments come to meanings. A document is
judged once: a policy-document data source that resources refer to is the policy, and what those
resources are attached to becomes its attachments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from iamlint.model import (
    Diagnostic,
    Document,
    Extraction,
    Grant,
    Hole,
    Owner,
    Pointer,
    Policy,
    PolicyKind,
    Value,
    When,
)
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonSyntaxError
from iamlint.sources.locations import SELF, DocumentLocation, Path, locations
from iamlint.sources.source import SourceOptions
from iamlint.sources.terraform.embedded import parse_text, text_at
from iamlint.sources.terraform.meaning import (
    DocumentLink,
    FileText,
    JsonText,
    MeaningResolver,
    ResourceLink,
    known_text,
    parts_of,
    unplaced,
)
from iamlint.sources.terraform.places import InFile
from iamlint.sources.terraform.policy_document import BuiltDocument, build_document, inputs_of, texts
from iamlint.sources.terraform.walk import Place, Resource, walk
from iamlint.sources.tree import At, Choice, Items, Unknown

__all__ = ["Names", "PolicyReader", "targets_of"]

DATA_DOCUMENT = "data.aws_iam_policy_document"
_ORG_KINDS = {
    "SERVICE_CONTROL_POLICY": PolicyKind.SCP,
    "RESOURCE_CONTROL_POLICY": PolicyKind.RCP,
}
_DIRECT_KINDS = {kind.value: kind for kind in PolicyKind} | {"resource-template": PolicyKind.RESOURCE}
# A document that several places use is judged as what tells most: a trust policy first.
_TELLING = (
    PolicyKind.TRUST,
    PolicyKind.RESOURCE,
    PolicyKind.ENDPOINT,
    PolicyKind.RCP,
    PolicyKind.SCP,
    PolicyKind.PERMISSION_SET,
    PolicyKind.IDENTITY,
    PolicyKind.BOUNDARY,
    PolicyKind.SESSION,
)
_PRINCIPAL_WORDS = {
    "aws_iam_role": "role",
    "aws_iam_user": "user",
    "aws_iam_group": "group",
}
# What attaches a policy to something: the argument that names the policy, those that name what it
# is attached to. Source: Terraform AWS provider 6.25 documentation.
_ATTACHING: dict[str, tuple[str, tuple[str, ...]]] = {
    "aws_iam_role_policy_attachment": ("policy_arn", ("role",)),
    "aws_iam_user_policy_attachment": ("policy_arn", ("user",)),
    "aws_iam_group_policy_attachment": ("policy_arn", ("group",)),
    "aws_iam_policy_attachment": ("policy_arn", ("roles", "users", "groups")),
    "aws_iam_role_policy_attachments_exclusive": ("policy_arns", ("role_name",)),
    "aws_iam_user_policy_attachments_exclusive": ("policy_arns", ("user_name",)),
    "aws_iam_group_policy_attachments_exclusive": ("policy_arns", ("group_name",)),
    "aws_organizations_policy_attachment": ("policy_id", ("target_id",)),
    "aws_iot_policy_attachment": ("policy", ("target",)),
}
_NAMING = ("name", "bucket", "function_name", "repository_name", "domain_name", "vault_name", "identifier")
_NAMED_TARGETS = {
    "role": "aws_iam_role",
    "user": "aws_iam_user",
    "group": "aws_iam_group",
    "s3-bucket": "aws_s3_bucket",
    "sqs-queue": "aws_sqs_queue",
    "sns-topic": "aws_sns_topic",
    "lambda-function": "aws_lambda_function",
    "ecr-repository": "aws_ecr_repository",
    "backup-vault": "aws_backup_vault",
    "event-bus": "aws_cloudwatch_event_bus",
    "secret": "aws_secretsmanager_secret",
    "kms-key": "aws_kms_key",
    "es-domain": "aws_opensearch_domain",
    "glacier-vault": "aws_glacier_vault",
}


class Names(Protocol):
    """Finds resources by what their arguments say."""

    def find(self, resource_type: str, name: str) -> str | None:
        """Return the address of the resource of a type whose name is known to be `name`."""


@dataclass(slots=True)
class _Use:
    """A place that uses a document built apart."""

    kind: PolicyKind
    on: tuple[str, ...]
    attachments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Holder:
    """A place for a document: the resource, the location, and what the policy is there."""

    resource: Resource
    location: DocumentLocation
    kind: PolicyKind
    on: tuple[str, ...]
    attachments: tuple[str, ...]
    anchor: Pointer
    label: str
    when: When

    @property
    def owner(self) -> Owner:
        """The resource as the policy's owner."""
        return Owner(self.resource.address, self.resource.type, self.resource.pointer)


@dataclass(slots=True)
class _Found:
    policies: list[Policy] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


class PolicyReader:
    """Reads the policies of a set of resources that belong together.

    With `rebuild`, a resource that refers to a policy-document data source is itself the policy (as
    in a plan, where the resource carries the text when it is known).
    """

    def __init__(
        self, resources: Sequence[Resource], names: Names, options: SourceOptions, *, rebuild: bool = False
    ) -> None:
        self._resources = resources
        self._names = names
        self._options = options
        self._rebuild = rebuild
        self._data = {resource.address: resource for resource in resources if resource.type == DATA_DOCUMENT}
        self._uses: dict[str, list[_Use]] = {}
        self._sources: dict[str, set[str]] = {}
        self._built: dict[str, BuiltDocument | None] = {}
        self._attached: dict[str, list[str]] = {}
        self._bounding: set[str] = set()
        self._texts: dict[tuple[int, Pointer], int] = {}
        self._found = _Found()

    def read(self, consumed: frozenset[str] = frozenset()) -> Extraction:
        """Return all policies and diagnostics. Data sources in `consumed` are no policies of their
        own: a resource carries their text."""
        table = locations("terraform")
        for resource in self._resources:
            self._collect_attachments(resource)
        for resource in self._resources:
            if resource.type == DATA_DOCUMENT:
                continue
            for location in table.documents(resource.type):
                self._location(resource, location)
        for address, resource in self._data.items():
            if address in consumed or (self._rebuild and self._uses.get(address)):
                continue
            self._data_policy(address, resource)
        found = self._found
        return Extraction(tuple(found.policies), tuple(found.grants), (), tuple(found.diagnostics))

    # What is attached to what

    def _collect_attachments(self, resource: Resource) -> None:
        attaching = _ATTACHING.get(resource.type)
        if attaching is not None:
            policy_argument, target_arguments = attaching
            policies = self._targets(resource, (policy_argument,), None)
            if policies:
                targets = [
                    target
                    for argument in target_arguments
                    for target in self._targets(resource, (argument,), _ARGUMENT_TYPES.get(argument))
                ]
                for policy in policies:
                    self._attached.setdefault(policy, []).extend(targets)
        elif resource.type in _PRINCIPAL_WORDS:
            for policy in self._targets(resource, ("managed_policy_arns",), None):
                self._attached.setdefault(policy, []).append(resource.address)
            self._bounding.update(self._targets(resource, ("permissions_boundary",), None))
        elif resource.type == "aws_ssoadmin_permissions_boundary_attachment":
            self._bounding.update(self._targets(resource, ("permissions_boundary", "managed_policy_arn"), None))
        elif resource.type == DATA_DOCUMENT:
            for _, node, _ in inputs_of(resource):
                for link in _links(node):
                    self._sources.setdefault(link, set()).add(resource.address)

    def _targets(self, resource: Resource, path: Path, resource_type: str | None) -> tuple[str, ...]:
        return targets_of(resource, path, resource_type, self._names)

    # Documents that resources hold

    def _location(self, resource: Resource, location: DocumentLocation) -> None:
        for found in walk(resource, location.path, open_text=_open_text):
            place = found.place
            if location.kind == "template":
                self._template(resource, place)
                continue
            kind = self._kind(resource, location)
            if kind is None:
                continue
            trail = [step for step in found.trail if step is not None]
            attachments = self._attachments(resource, location)
            holder = _Holder(
                resource,
                location,
                kind,
                _narrowed(location.on, attachments),
                attachments,
                trail[-1].pointer if trail else resource.pointer,
                found.label,
                place.when,
            )
            self._document(holder, place.node, place.pointer, self._name(resource, location, found.label))

    def _kind(self, resource: Resource, location: DocumentLocation) -> PolicyKind | None:
        """Return the kind of a policy in a location; None where it is not of IAM's grammar."""
        if location.kind == "org":
            argument = resource.argument("type")
            if argument is None or unplaced(argument[0]) is None:
                return PolicyKind.SCP
            text = known_text(argument[0])
            return PolicyKind.SCP if text is None else _ORG_KINDS.get(text)
        kind = _DIRECT_KINDS.get(location.kind)
        if kind is PolicyKind.IDENTITY and not location.targets and resource.address in self._bounding:
            if resource.address not in self._attached:
                return PolicyKind.BOUNDARY
        return kind

    def _attachments(self, resource: Resource, location: DocumentLocation) -> tuple[str, ...]:
        if not location.targets:
            return tuple(dict.fromkeys(self._attached.get(resource.address, ())))
        result: list[str] = []
        for index, path in enumerate(location.targets):
            if path == SELF:
                continue
            word = location.on[index] if len(location.on) == len(location.targets) else location.on[0]
            result.extend(self._targets(resource, path, _NAMED_TARGETS.get(word)))
        return tuple(dict.fromkeys(result))

    def _name(self, resource: Resource, location: DocumentLocation, label: str) -> Value | None:
        if location.name is None:
            return None
        wanted = label.rpartition(".")[0]
        for found in walk(resource, location.name):
            if found.label.rpartition(".")[0] == wanted:
                values = _builder(resource.document).values(texts(found.place.node), found.place.pointer)
                return values[0] if len(values) == 1 else None
        return None

    def _document(self, holder: _Holder, node: object, pointer: Pointer, name: Value | None) -> None:
        """Turn what stands in the place of a document into a policy, or into a use of one."""
        document: Document = holder.resource.document
        if isinstance(node, DocumentLink):
            self._linked(holder, node.address, pointer, name)
            return
        if isinstance(node, ResourceLink):
            inner = unplaced(node.value)
            if not isinstance(inner, Unknown):
                self._document(holder, inner, pointer, name)
                return
        if isinstance(node, JsonText):
            for place in walk(_Tree(holder.resource, node.tree), ("tree",)):
                self._policy(document, replace_when(holder, place.place.when), place.place, name)
            return
        if isinstance(node, dict):
            self._policy(document, holder, Place(node, pointer), name)
            return
        text = text_at(node, pointer)
        if isinstance(node, FileText):
            document = node.document
            text = node.parts, node.offsets, (InFile(document.path),)
        if text is None:
            self._unread(holder, node, pointer, name)
            return
        if text[0] in {(), ("",)}:
            return
        if len(text[0]) == 1 and isinstance(text[0][0], Hole):
            self._unread(holder, Unknown(text[0][0]), pointer, name)
            return
        try:
            tree, place_pointer = parse_text(*text)
        except JsonSyntaxError as error:
            span = document.span(text[2])
            message = f"the policy is not JSON: {error}"
            self._note(span.path, "syntax-error", message, span.start_line, span.start_column, holder)
            self._policy(document, holder, Place(Unknown(Hole("unknown", "not JSON")), text[2]), name)
            return
        self._policy(document, holder, Place(tree, place_pointer), name)

    def _policy(self, document: Document, holder: _Holder, place: Place, name: Value | None) -> None:
        policy = _builder(document).policy(
            place.node,
            place.pointer,
            owner=holder.owner,
            kind=holder.kind,
            anchor=holder.anchor,
            location=holder.label,
            name=name,
            on=holder.on,
            attachments=holder.attachments,
            when=holder.when,
        )
        self._add(policy, holder)

    def _add(self, policy: Policy, holder: _Holder) -> None:
        """Keep a policy; of a text that several places refer to, one, with all that it applies to."""
        key = (id(policy.document), policy.pointer)
        known = self._texts.get(key)
        if known is None or policy.statements is None:
            self._texts[key] = len(self._found.policies)
            self._found.policies.append(policy)
            return
        first = self._found.policies[known]
        if first.owner == policy.owner and first.location == policy.location:
            self._found.policies.append(policy)
            return
        own = holder.attachments or (holder.resource.address,)
        kinds = [kind for kind in _TELLING if kind in {first.kind, policy.kind}]
        merged = tuple(dict.fromkeys((*first.attachments, *own)))
        on = tuple(dict.fromkeys((*first.on, *policy.on)))
        self._found.policies[known] = replace(first, attachments=merged, on=on, kind=kinds[0])

    def _unread(self, holder: _Holder, node: object, pointer: Pointer, name: Value | None) -> None:
        """Keep a policy that is there and cannot be read."""
        shown = "".join(map(str, parts_of(node)))
        span = holder.resource.document.span(pointer)
        message = f"the policy cannot be known from the files: {shown}"
        self._note(span.path, "unread-policy", message, span.start_line, span.start_column, holder)
        hole = node if isinstance(node, Unknown) else Unknown(Hole("unknown", shown))
        self._policy(holder.resource.document, holder, Place(hole, pointer), name)

    def _note(self, path: str, code: str, message: str, line: int, column: int, holder: _Holder) -> None:
        lines = holder.resource.document.has_lines
        self._found.diagnostics.append(
            Diagnostic(path, code, message, line if lines else None, column if lines else None, holder.resource.address)
        )

    def _template(self, resource: Resource, place: Place) -> None:
        """Read a CloudFormation template that a stack carries."""
        opened = _open_text(place.node, place.pointer)
        if opened is None or not isinstance(opened[0], dict):
            return
        from iamlint.sources.cloudformation import extract_template
        from iamlint.sources.terraform.nested import NestedDocument

        document = NestedDocument(resource.document, opened[1])
        extraction = extract_template(opened[0], document, self._options)
        if extraction is not None:
            self._found.policies.extend(extraction.policies)
            self._found.grants.extend(extraction.grants)
            self._found.diagnostics.extend(extraction.diagnostics)

    # Documents that are built apart

    def _linked(self, holder: _Holder, address: str, pointer: Pointer, name: Value | None) -> None:
        if address not in self._data:
            self._unread(holder, Unknown(Hole("reference", f"{address}.json")), pointer, name)
            return
        attachments = holder.attachments or (holder.resource.address,)
        self._uses.setdefault(address, []).append(_Use(holder.kind, holder.on, attachments))
        if not self._rebuild:
            return
        built = self._build(address)
        if built is None:
            self._unread(holder, Unknown(Hole("reference", f"{address}.json")), pointer, name)
            return
        source = self._data[address]
        self._policy(source.document, holder, Place(built.tree, source.pointer), name)

    def _build(self, address: str) -> BuiltDocument | None:
        """Return the document of a data block; None for one that leads back to itself."""
        if address in self._built:
            return self._built[address]
        resource = self._data.get(address)
        if resource is None:
            return None
        self._built[address] = None
        try:
            built = build_document(resource, self._build)
        except RecursionError:
            return None
        self._built[address] = built
        return built

    def _all_uses(self, address: str, seen: set[str]) -> list[_Use]:
        """Return the uses of a document, and those of the documents that are made from it."""
        seen.add(address)
        uses = list(self._uses.get(address, ()))
        for user in sorted(self._sources.get(address, ())):
            if user not in seen:
                uses.extend(self._all_uses(user, seen))
        return uses

    def _data_policy(self, address: str, resource: Resource) -> None:
        built = self._build(address)
        uses = self._all_uses(address, set())
        kinds = {use.kind for use in uses}
        kind = next((kind for kind in _TELLING if kind in kinds), None)
        telling = [use for use in uses if use.kind is kind]
        tree: object = built.tree if built is not None else Unknown(Hole("reference", address))
        policy = _builder(resource.document).policy(
            tree,
            resource.pointer,
            owner=Owner(address, resource.type, resource.pointer),
            kind=kind,
            on=tuple(dict.fromkeys(word for use in telling for word in use.on)),
            attachments=tuple(dict.fromkeys(target for use in uses for target in use.attachments)),
        )
        if built is None or (policy.statements is None and not _has_own(resource)):
            span = resource.document.span(resource.pointer)
            lines = resource.document.has_lines
            self._found.diagnostics.append(
                Diagnostic(
                    span.path,
                    "unread-policy",
                    "the statements of the policy document cannot be known from the files",
                    span.start_line if lines else None,
                    span.start_column if lines else None,
                    address,
                )
            )
        self._found.policies.append(policy)


_ARGUMENT_TYPES = {
    "role": "aws_iam_role",
    "roles": "aws_iam_role",
    "role_name": "aws_iam_role",
    "user": "aws_iam_user",
    "users": "aws_iam_user",
    "user_name": "aws_iam_user",
    "group": "aws_iam_group",
    "groups": "aws_iam_group",
    "group_name": "aws_iam_group",
}


@dataclass(frozen=True, slots=True)
class _Tree:
    """A tree as the only argument of a resource, to walk it."""

    resource: Resource
    tree: At
    type: str = ""

    @property
    def address(self) -> str:
        return self.resource.address

    @property
    def document(self) -> Document:
        return self.resource.document

    @property
    def pointer(self) -> Pointer:
        return self.tree.pointer

    def argument(self, name: str) -> tuple[object, Pointer] | None:
        return self.tree.node, self.tree.pointer


def replace_when(holder: _Holder, when: When) -> _Holder:
    """Return a holder that is there under further conditions."""
    return replace(holder, when=(*holder.when, *when)) if when else holder


def _builder(document: Document) -> PolicyBuilder:
    return PolicyBuilder(document, MeaningResolver())


def _open_text(node: object, pointer: Pointer) -> tuple[object, Pointer] | None:
    """Read a text as the JSON that it is."""
    if isinstance(node, JsonText):
        return node.tree.node, node.tree.pointer
    text = text_at(node, pointer)
    if text is None:
        return None
    first = text[0][0] if text[0] else None
    if not isinstance(first, str) or not first.lstrip().startswith("{"):
        return None
    try:
        return parse_text(*text)
    except JsonSyntaxError:
        return None


def _narrowed(on: tuple[str, ...], attachments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of `on` that the attachments leave, where they tell."""
    if len(on) < 2 or not attachments:
        return on
    words = set()
    for address in attachments:
        word = next((word for name, word in _PRINCIPAL_WORDS.items() if f"{name}." in address), None)
        if word is None:
            return on
        words.add(word)
    return tuple(word for word in on if word in words) or on


def _links(node: object, depth: int = 0) -> list[str]:
    """Return the addresses of the documents that a meaning refers to."""
    node = unplaced(node)
    if isinstance(node, DocumentLink):
        return [node.address]
    if depth > 8:
        return []
    if isinstance(node, list):
        return [link for item in node for link in _links(item, depth + 1)]
    if isinstance(node, Choice):
        return [link for branch in node.branches for link in _links(branch.node, depth + 1)]
    return []


def _has_own(resource: Resource) -> bool:
    return resource.argument("statement") is None


def targets_of(resource: Resource, path: Path, resource_type: str | None, names: Names) -> tuple[str, ...]:
    """Return the addresses of what an argument names: by reference, else by name, else the text."""
    result: list[str] = []
    for found in walk(resource, path):
        _collect_targets(found.place.node, resource_type, names, result, 0)
    return tuple(dict.fromkeys(result))


def _collect_targets(
    node: object, resource_type: str | None, names: Names, result: list[str], depth: int
) -> None:
    node = unplaced(node)
    if depth > 8 or node is None:
        return
    if isinstance(node, ResourceLink):
        result.append(node.address)
    elif isinstance(node, list | Items):
        for item in node if isinstance(node, list) else node.items:
            _collect_targets(item, resource_type, names, result, depth + 1)
    elif isinstance(node, Choice):
        for branch in node.branches:
            _collect_targets(branch.node, resource_type, names, result, depth + 1)
    elif isinstance(node, Unknown) and node.hole.values:
        for value in node.hole.values:
            _collect_targets(value, resource_type, names, result, depth + 1)
    elif isinstance(node, dict | bool | int | float | DocumentLink | JsonText):
        return
    else:
        text = known_text(node)
        if text is None:
            result.append("".join(map(str, parts_of(node))))
        elif text:
            address = names.find(resource_type, text) if resource_type is not None else None
            result.append(address or text)


Grants = Mapping[str, Sequence[Grant]]
