"""Resources to policies: what each document is for, what it applies to, and who carries it.

The same for modules and plans: both give resources whose arguments come to meanings. A document is
judged once: a policy-document data source that resources refer to is the policy, and what those
resources are attached to becomes its attachments.
"""

from __future__ import annotations

from collections.abc import Sequence

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
from iamlint.record import field, record, replace
from iamlint.sources.documents import NOT_JSON, PolicyBuilder
from iamlint.sources.json_text import JsonSyntaxError
from iamlint.sources.locations import SELF, DocumentLocation, Path, locations
from iamlint.sources.source import SourceOptions
from iamlint.sources.terraform.embedded import parse_policy_text, parse_text, text_at
from iamlint.sources.terraform.grants import read_grants
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
from iamlint.sources.terraform.targets import Names, targets_of
from iamlint.sources.terraform.walk import Place, Resource, walk
from iamlint.sources.tree import At, Choice, Unknown

__all__ = ["PolicyReader"]

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
_PRINCIPALS = {
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
ARGUMENT_WORDS = {
    "role": "role",
    "roles": "role",
    "role_name": "role",
    "user": "user",
    "users": "user",
    "user_name": "user",
    "group": "group",
    "groups": "group",
    "group_name": "group",
}
"""The neutral word for what an argument of this name names."""

_MAX_REACHED = 100
"""Documents that are followed from one to those made from it, to learn what it is for."""
_MAX_MERGED = 50_000
"""Statements that documents of one unit may take over from others."""


@record(frozen=False)
class _Use:
    """A place that uses a document built apart."""

    kind: PolicyKind
    on: tuple[str, ...]
    attachments: tuple[str, ...]
    carrier: str


@record
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


@record(frozen=False)
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
        self._attached: dict[str, list[tuple[str, str]]] = {}
        self._bounding: set[str] = set()
        self._texts: dict[tuple[int, Pointer], int] = {}
        self._merged = 0
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
        for resource in self._resources:
            self._found.grants.extend(read_grants(resource, table.grants(resource.type), self._names))
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
                    (ARGUMENT_WORDS.get(argument, ""), target)
                    for argument in target_arguments
                    for target in self._targets(resource, (argument,), ARGUMENT_WORDS.get(argument))
                ]
                for policy in policies:
                    self._attached.setdefault(policy, []).extend(targets)
        elif resource.type in _PRINCIPALS:
            for policy in self._targets(resource, ("managed_policy_arns",), None):
                self._attached.setdefault(policy, []).append((_PRINCIPALS[resource.type], resource.address))
            self._bounding.update(self._targets(resource, ("permissions_boundary",), None))
        elif resource.type == "aws_ssoadmin_permissions_boundary_attachment":
            self._bounding.update(
                self._targets(resource, ("permissions_boundary", "managed_policy_arn"), None)
            )
        elif resource.type == DATA_DOCUMENT:
            for _, node, _ in inputs_of(resource):
                for link in _links(node):
                    self._sources.setdefault(link, set()).add(resource.address)

    def _targets(self, resource: Resource, path: Path, word: str | None) -> tuple[str, ...]:
        return targets_of(resource, path, word, self._names)

    # Documents that resources hold

    def _location(self, resource: Resource, location: DocumentLocation) -> None:
        for found in walk(resource, location.path, open_text=_open_text):
            place = found.place
            if location.kind == "template":
                self._template(resource, place, found.label)
                continue
            kind = self._kind(resource, location)
            if kind is None:
                continue
            trail = [step for step in found.trail if step is not None]
            on, attachments = self._attachments(resource, location)
            holder = _Holder(
                resource,
                location,
                kind,
                on,
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
        address = resource.address
        # A boundary is given to the roles of other modules, by its name.
        named = resource.type == "aws_iam_policy" and "boundary" in address.rpartition(".")[2].lower()
        limits_only = (address in self._bounding or named) and address not in self._attached
        if kind is PolicyKind.IDENTITY and not location.targets and limits_only:
            return PolicyKind.BOUNDARY
        return kind

    def _attachments(
        self, resource: Resource, location: DocumentLocation
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the neutral words and the addresses of what a policy applies to."""
        if not location.targets:
            attached = self._attached.get(resource.address, ())
            words = {word for word, _ in attached}
            on = location.on
            if location.kind == PolicyKind.IDENTITY and len(on) > 1:
                on = tuple(word for word in on if word in words)
            return on, tuple(dict.fromkeys(address for _, address in attached))
        result: list[str] = []
        for index, path in enumerate(location.targets):
            if path == SELF:
                result.append(resource.address)
                continue
            word = location.on[index] if len(location.on) == len(location.targets) else location.on[0]
            result.extend(self._targets(resource, path, word))
        on = location.on
        if "es-domain" in on and self._is_guarded(result):
            on = (*on, "guarded-domain")
        return on, tuple(dict.fromkeys(result))

    def _is_guarded(self, addresses: Sequence[str]) -> bool:
        """Say whether a search domain among the addresses has a network or users of its own that bound
        who gets in."""
        return any(
            resource.address in addresses
            and any(resource.argument(name) for name in ("vpc_options", "advanced_security_options"))
            for resource in self._resources
        )

    def _name(self, resource: Resource, location: DocumentLocation, label: str) -> Value | None:
        if location.name is None:
            return None
        if len(location.name) == 1:
            argument = resource.argument(location.name[0])
            if argument is None or argument[0] is None or argument[0] == "":
                return None
            values = _builder(resource.document).values(texts(argument[0]), argument[1])
            return values[0] if len(values) == 1 else None
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
            tree, place_pointer, slip = parse_policy_text(*text)
        except JsonSyntaxError as error:
            span = document.span(text[2])
            message = f"the policy is text that is not JSON: {error}"
            self._note(
                span.path,
                "unread-document",
                message,
                span.start_line,
                span.start_column,
                holder,
                unjudged=True,
            )
            known = all(isinstance(part, str) for part in text[0])
            hole = Hole(NOT_JSON, str(error)) if known else Hole("unknown", "not JSON")
            self._policy(document, holder, Place(Unknown(hole), text[2]), name)
            return
        plain = all(isinstance(part, str) for part in text[0])
        self._policy(document, holder, Place(tree, place_pointer), name, plain=plain, error=slip)

    def _policy(
        self,
        document: Document,
        holder: _Holder,
        place: Place,
        name: Value | None,
        *,
        plain: bool = False,
        error: str | None = None,
    ) -> None:
        policy = _builder(document, plain=plain).policy(
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
            error=error,
        )
        if policy.statements is None and isinstance(place.node, dict) and "Statement" in place.node:
            span = document.span(place.pointer)
            message = "the statements of the policy cannot be known from the files"
            self._note(span.path, "unread-document", message, span.start_line, span.start_column, holder)
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
        self._note(span.path, "unread-document", message, span.start_line, span.start_column, holder)
        hole = node if isinstance(node, Unknown) else Unknown(Hole("unknown", shown))
        self._policy(holder.resource.document, holder, Place(hole, pointer), name)

    def _note(
        self,
        path: str,
        code: str,
        message: str,
        line: int,
        column: int,
        holder: _Holder,
        *,
        unjudged: bool = False,
    ) -> None:
        lines = holder.resource.document.has_lines
        self._found.diagnostics.append(
            Diagnostic(
                path,
                code,
                message,
                line if lines else None,
                column if lines else None,
                holder.resource.address,
                unjudged=unjudged,
            )
        )

    def _template(self, resource: Resource, place: Place, label: str) -> None:
        """Read a CloudFormation template that a stack carries."""
        from iamlint.sources.cloudformation.template import extract_nested_template

        address = f"{resource.address}.{label}."
        extraction: Extraction | None = None
        opened = _open_text(place.node, place.pointer)
        if opened is not None:
            extraction = extract_nested_template(
                opened[0], resource.document, self._options, pointer=opened[1], address=address
            )
        elif isinstance(place.node, str):
            from iamlint.sources.cloudformation.nested import nested_yaml

            document = nested_yaml(place.node, resource.document, place.pointer)
            if document is not None:
                extraction = extract_nested_template(
                    document.tree, document, self._options, pointer=(), address=address
                )
        if extraction is None:
            span = resource.document.span(place.pointer)
            lines = resource.document.has_lines
            self._found.diagnostics.append(
                Diagnostic(
                    span.path,
                    "unread-document",
                    "the nested template cannot be read",
                    span.start_line if lines else None,
                    span.start_column if lines else None,
                    resource.address,
                    unjudged=not isinstance(unplaced(place.node), Unknown),
                )
            )
        else:
            self._found.policies.extend(extraction.policies)
            self._found.grants.extend(extraction.grants)
            self._found.diagnostics.extend(extraction.diagnostics)

    # Documents that are built apart

    def _linked(self, holder: _Holder, address: str, pointer: Pointer, name: Value | None) -> None:
        if address not in self._data:
            self._unread(holder, Unknown(Hole("reference", f"{address}.json")), pointer, name)
            return
        attachments = holder.attachments or (holder.resource.address,)
        use = _Use(holder.kind, holder.on, attachments, holder.resource.address)
        self._uses.setdefault(address, []).append(use)
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
        own = resource.argument("statement")
        listed = len(own[0]) if own is not None and isinstance(own[0], list) else 1
        self._merged += max(0, len(built.statements) - listed)
        if self._merged > _MAX_MERGED:
            return None
        self._built[address] = built
        return built

    def _all_uses(self, address: str) -> list[_Use]:
        """Return the uses of a document, and those of the documents that are made from it."""
        uses: list[_Use] = []
        reached = [address]
        for document in reached:
            uses.extend(self._uses.get(document, ()))
            for user in sorted(self._sources.get(document, ())):
                if user not in reached and len(reached) < _MAX_REACHED:
                    reached.append(user)
        return uses

    def _data_policy(self, address: str, resource: Resource) -> None:
        built = self._build(address)
        uses = self._all_uses(address)
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
        if uses:
            policy = replace(policy, carriers=tuple(dict.fromkeys(use.carrier for use in uses)))
        if "kms-key" in policy.on and address in self._sources and not self._uses.get(address):
            # Only a part of what is put on the resource.
            policy = replace(policy, on=(*policy.on, "part"))
        if built is None or (policy.statements is None and not _has_own(resource)):
            span = resource.document.span(resource.pointer)
            lines = resource.document.has_lines
            self._found.diagnostics.append(
                Diagnostic(
                    span.path,
                    "unread-document",
                    "the statements of the policy document cannot be known from the files",
                    span.start_line if lines else None,
                    span.start_column if lines else None,
                    address,
                )
            )
        self._found.policies.append(policy)


@record
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


def _builder(document: Document, *, plain: bool = False) -> PolicyBuilder:
    """Return a builder for meanings, or for a plain tree, which is faster."""
    return PolicyBuilder(document) if plain else PolicyBuilder(document, MeaningResolver())


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
