"""What one unit of files says about principals, small enough to be kept for the whole run.

A run reads its files one after the other, perhaps in several processes, and lets each go. What a
role holds may stand in many of them; so from each unit the few statements stay that could matter to
escalation, with the places where they stand. A place is a pointer into a document that is read once
more if a finding needs its line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from iamlint.catalog import catalog
from iamlint.catalog.escalation import escalation_table
from iamlint.model import (
    Condition,
    Document,
    Extraction,
    Grant,
    Owner,
    Pointer,
    Policy,
    PolicyKind,
    Span,
    Statement,
    Value,
)
from iamlint.record import field, record, replace

__all__ = [
    "ATTACHING",
    "INLINE_OWNERS",
    "PRINCIPAL_WORDS",
    "Attachment",
    "Bounding",
    "Declared",
    "FarDocument",
    "Held",
    "HeldPolicy",
    "Membership",
    "RoleUse",
    "Trust",
    "UnitFacts",
    "gather",
    "is_of_service",
    "managed_policy_held",
    "managed_statements",
    "policy_held",
]

PRINCIPAL_WORDS = ("user", "role", "group", "permission-set")
"""What holds identity policies."""

ATTACHING = frozenset({"managed-attachment", "managed-attachment-exclusive", "conditional-attachment"})
"""Grants that give the rights of a policy. A boundary or a session policy only takes rights away."""


class FarDocument:
    """A document that has been let go: it knows its path, and reads the file again for a place.

    `open` is set by whoever keeps the facts; it returns the document, or None if it is gone.
    """

    __slots__ = ("_found", "format", "has_lines", "open", "path")

    def __init__(self, document: Document) -> None:
        self.path = document.path
        self.format = document.format
        self.has_lines = document.has_lines
        self.open: Callable[[str], Document | None] | None = None
        self._found: Document | None = None

    def __getstate__(self) -> tuple[str, str, bool]:
        return self.path, self.format, self.has_lines

    def __setstate__(self, state: tuple[str, str, bool]) -> None:
        self.path, self.format, self.has_lines = state
        self.open = None
        self._found = None

    def _document(self) -> Document | None:
        if self._found is None and self.open is not None:
            self._found = self.open(self.path)
        return self._found

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer`; the start of the file if that is gone by now."""
        document = self._document()
        return Span(self.path, 1, 1, 1, 1, 0, 0) if document is None else document.span(pointer)

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key that leads to `pointer`."""
        document = self._document()
        return self.span(pointer) if document is None else document.key_span(pointer)


@record
class Held:
    """A statement that matters to escalation: `actions` are those of the table that it names, `all` is
    set when it names every action there is. `index` is its place in the policy."""

    statement: Statement
    actions: int
    all: bool
    index: int


@record
class HeldPolicy:
    """A policy as somebody's rights, or as their limit.

    `inline` policies have no other holders than those known here. `managed` is the name of the
    AWS managed policy whose text this is; its statements have the place of the attachment; `of_service`
    is set when AWS made it for the role of a service, whose needs it is. `holders`
    are addresses or, where these files do not declare them, names; `carriers` the resources that
    refer to the document. `attached` is the place where the policy is written or attached.
    """

    owner: Owner
    kind: PolicyKind
    location: str
    name: str | None
    document: Document
    pointer: Pointer
    statements: tuple[Held, ...]
    on: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    inline: bool = False
    managed: str = ""
    of_service: bool = False
    readable: bool = True

    @property
    def key(self) -> tuple[str, str, str, str | None]:
        """What findings about this policy have in common: path, owner, location, name. Those about a policy
        of AWS are about what attaches it."""
        return (self.document.path, self.owner.address, self.location, None if self.managed else self.name)


@record
class Declared:
    """A principal that the files create. `names` are those that it surely or by default has, `path` the
    path before it, empty if it is decided elsewhere; without a name one is made up when it is created.
    `spelled` is a name that a parameter decides, as `attachments` spell it."""

    address: str
    kind: str
    names: tuple[str, ...]
    path: str
    owner: Owner
    document: Document
    spelled: str = ""


@record
class Trust:
    """The trust policy of a role, by the address of the role."""

    role: str
    policy: HeldPolicy
    readable: bool


@record
class Attachment:
    """A managed policy given by name, ARN or reference to principals."""

    policy: Value
    texts: tuple[str, ...]
    on: tuple[str, ...]
    holders: tuple[str, ...]
    grant: Grant


@record
class Bounding:
    """A permissions boundary on a principal."""

    policy: Value
    texts: tuple[str, ...]
    holders: tuple[str, ...]


@record
class Membership:
    """A user in groups; each an address, a name, or a reference that these files do not resolve."""

    users: tuple[str, ...]
    groups: tuple[Value, ...]


@record
class RoleUse:
    """Something that runs as a role: a function, a notebook, a project. `roles` are the addresses or names
    of the role, `pointer` the place where it is named."""

    roles: tuple[str, ...]
    owner: Owner
    document: Document
    pointer: Pointer


@record(frozen=False)
class UnitFacts:
    """What one unit of files says about principals. `documents` are all that its places stand in,
    `policy_names` the addresses of managed policies with their names."""

    unit: str
    documents: list[FarDocument] = field(default_factory=list)
    declared: list[Declared] = field(default_factory=list)
    policies: list[HeldPolicy] = field(default_factory=list)
    policy_names: list[tuple[str, str]] = field(default_factory=list)
    trusts: list[Trust] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    bounds: list[Bounding] = field(default_factory=list)
    memberships: list[Membership] = field(default_factory=list)
    uses: list[RoleUse] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to join."""
        return not (self.declared or self.policies or self.trusts or self.attachments)


def gather(extraction: Extraction, unit: str, *, let_go: bool) -> UnitFacts:
    """Return what an extraction says about principals. `unit` names the files, for joining: addresses
    mean the same thing only within one unit. With `let_go` the facts do not hold on to the documents."""
    facts = UnitFacts(unit)
    far: dict[int, FarDocument] = {}

    def away(document: Document) -> Document:
        if not let_go:
            return document
        found = far.get(id(document))
        if found is None:
            found = far[id(document)] = FarDocument(document)
            facts.documents.append(found)
        return found

    for policy in extraction.policies:
        if policy.kind is PolicyKind.TRUST:
            _trusts(policy, facts, away)
        elif policy.kind in _HELD and (policy.owner.address[:1] != "$" or policy.attachments):
            held = policy_held(policy)
            facts.policies.append(_carried(held, away) if let_go else held)
    for grant in extraction.grants:
        _grant(grant, facts, away)
    return facts


_HELD = frozenset({PolicyKind.IDENTITY, PolicyKind.PERMISSION_SET, PolicyKind.BOUNDARY})


def policy_held(policy: Policy) -> HeldPolicy:
    """Return the statements of a policy that matter to escalation."""
    return HeldPolicy(
        owner=policy.owner,
        kind=policy.kind,
        location=policy.location,
        name=None if policy.name is None else str(policy.name),
        document=policy.document,
        pointer=policy.pointer,
        statements=tuple(_held(policy.statements or ())),
        on=policy.on,
        holders=policy.attachments,
        carriers=policy.carriers,
        inline=policy.owner.type in INLINE_OWNERS or policy.owner.address in policy.attachments,
        readable=policy.statements is not None,
    )


INLINE_OWNERS = frozenset(
    {
        "AWS::IAM::Policy",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::UserPolicy",
        "AWS::IAM::GroupPolicy",
        "aws_iam_role_policy",
        "aws_iam_user_policy",
        "aws_iam_group_policy",
    }
)
"""Resources that write an inline policy on others: nobody else can hold it."""


def _held(statements: Iterable[Statement]) -> Iterator[Held]:
    table = escalation_table()
    for index, statement in enumerate(statements):
        if not (statement.is_allow or statement.is_deny):
            continue
        mask, every = 0, False
        if statement.actions is not None:
            for value in statement.actions:
                if value.text is not None:
                    mask |= table.mask(value.text)
                    every = every or value.text in {"*", "*:*"}
        elif statement.not_actions is not None:
            mask = table.every
            for value in statement.not_actions:
                mask = 0 if value.text is None else mask & ~table.mask(value.text)
        if mask:
            yield Held(statement, mask, every, index)


def _carried(held: HeldPolicy, away: Callable[[Document], Document]) -> HeldPolicy:
    """Return the policy with documents that may be let go."""
    return replace(
        held,
        document=away(held.document),
        statements=tuple(
            replace(one, statement=replace(one.statement, document=away(one.statement.document)))
            for one in held.statements
        ),
    )


def _trusts(policy: Policy, facts: UnitFacts, away: Callable[[Document], Document]) -> None:
    roles = dict.fromkeys((*policy.attachments, *policy.carriers)) or {policy.owner.address: None}
    if policy.owner.address[:1] == "$":
        return
    document = away(policy.document)
    statements = policy.statements or ()
    if document is not policy.document:
        statements = tuple(replace(one, document=away(one.document)) for one in statements)
    held = HeldPolicy(
        owner=policy.owner,
        kind=policy.kind,
        location=policy.location,
        name=None,
        document=document,
        pointer=policy.pointer,
        statements=tuple([Held(one, 0, False, index) for index, one in enumerate(statements)]),
    )
    for role in roles:
        facts.trusts.append(Trust(role, held, policy.statements is not None))


def _grant(grant: Grant, facts: UnitFacts, away: Callable[[Document], Document]) -> None:
    what = grant.what
    if what == "declared":
        kind = grant.on[0] if grant.on else ""
        if kind in PRINCIPAL_WORDS:
            written = grant.fields.get("name", ())
            names = tuple(name for name in texts_of(written) if name)
            paths = grant.fields.get("path", ())
            path = next(iter(texts_of(paths)), "" if paths else "/")
            address = grant.attachments[0] if grant.attachments else grant.owner.address
            facts.declared.append(
                Declared(address, kind, names, path, grant.owner, away(grant.document), _spelled(written))
            )
        elif kind == "policy":
            address = grant.attachments[0] if grant.attachments else grant.owner.address
            facts.policy_names.extend((address, name) for name in texts_of(grant.fields.get("name", ())))
        return
    if what == "sam-policy-template":
        _template(grant, facts, away)
        return
    if what in ATTACHING:
        document = away(grant.document)
        kept = grant if document is grant.document else replace(grant, document=document, statements=())
        for value in grant.fields.get("policy", ()):
            texts = tuple(texts_of((value,)))
            facts.attachments.append(Attachment(value, texts, grant.on, grant.attachments, kept))
    elif what == "boundary":
        for value in (*grant.fields.get("policy", ()), *grant.fields.get("customer_policy", ())):
            facts.bounds.append(Bounding(value, tuple(texts_of((value,))), grant.attachments))
    elif what == "group-membership":
        facts.memberships.append(Membership(grant.attachments, grant.fields.get("group", ())))
    elif what == "role-use" and grant.fields.get("role"):
        value = grant.fields["role"][0]
        facts.uses.append(RoleUse(grant.attachments, grant.owner, away(grant.document), value.pointer))


def _spelled(names: Sequence[Value]) -> str:
    """Return a name that parameters alone decide, as it is spelled; empty for any other. What counts
    instances (`each.key`) is another name at another place."""
    for value in names:
        holes = [part for part in value.parts if not isinstance(part, str)]
        if holes and all(hole.kind in {"parameter", "variable", "pseudo"} for hole in holes):
            return str(value)
    return ""


def _template(grant: Grant, facts: UnitFacts, away: Callable[[Document], Document]) -> None:
    """Add what a SAM policy template gives: statements that AWS wrote, at the place where it is named."""
    name = next(iter(texts_of(grant.fields.get("template", ()))), "")
    statements = tuple(_held(grant.statements or ()))
    if name and statements:
        held = HeldPolicy(
            owner=grant.owner,
            kind=PolicyKind.IDENTITY,
            location="",
            name=name,
            document=grant.document,
            pointer=grant.fields["template"][0].pointer,
            statements=statements,
            on=grant.on,
            holders=grant.attachments,
            managed=name,
        )
        facts.policies.append(_carried(held, away))


def texts_of(values: Iterable[Value]) -> Iterator[str]:
    """Yield the texts that values surely or by default have."""
    for value in values:
        if value.text is not None:
            yield value.text
        else:
            hole = value.hole
            if hole is not None and hole.default is not None:
                yield hole.default
            elif all(isinstance(part, str) or part.alphabet == "partition" for part in value.parts):
                yield "".join(part if isinstance(part, str) else "aws" for part in value.parts)


def managed_policy_held(attachment: Attachment, name_or_arn: str, kind: PolicyKind) -> HeldPolicy | None:
    """Return an AWS managed policy as it is held through an attachment; None if AWS has none so named."""
    found = managed_statements(name_or_arn)
    if found is None:
        return None
    name, statements = found
    return HeldPolicy(
        owner=attachment.grant.owner,
        kind=kind,
        location="",
        name=name,
        document=attachment.grant.document,
        pointer=attachment.policy.pointer,
        statements=statements,
        on=attachment.on,
        holders=attachment.holders,
        managed=name,
        of_service=is_of_service(name_or_arn) and not {"user", "group"}.intersection(attachment.on),
    )


def is_of_service(name_or_arn: str) -> bool:
    """Say whether AWS made a managed policy for the role of one of its services."""
    policy = catalog().managed_policy(name_or_arn)
    return policy is not None and policy.path.startswith(("/service-role/", "/aws-service-role/"))


@lru_cache(maxsize=2048)
def managed_statements(name_or_arn: str) -> tuple[str, tuple[Held, ...]] | None:
    """Return the name of an AWS managed policy with those of its statements that matter; None if AWS has
    none so named."""
    policy = catalog().managed_policy(name_or_arn)
    if policy is None:
        return None
    listed = policy.document.get("Statement")
    entries = listed if isinstance(listed, list) else [listed]
    statements = [_plain_statement(entry) for entry in entries if isinstance(entry, dict)]
    return policy.name, tuple(_held(statements))


class _Nowhere:
    """The document of texts that no file holds."""

    path = ""
    format = "managed-policy"
    has_lines = False

    def span(self, pointer: Pointer) -> Span:  # noqa: ARG002 -- as Document has it
        return Span("", 1, 1, 1, 1, 0, 0)

    key_span = span


_NOWHERE = _Nowhere()


def _plain_statement(entry: dict[str, object]) -> Statement:
    """Return a statement of the catalogue's documents, which are all well-formed."""

    def values(key: str) -> tuple[Value, ...] | None:
        written = entry.get(key)
        if written is None:
            return None
        listed = written if isinstance(written, list) else [written]
        return tuple(Value(str(item), ()) for item in listed)

    conditions = []
    blocks = entry.get("Condition")
    for operator, tests in blocks.items() if isinstance(blocks, dict) else ():
        for key, written in tests.items():
            listed = written if isinstance(written, list) else [written]
            texts = tuple(Value(_text(item), ()) for item in listed)
            conditions.append(Condition(str(operator), str(key), texts, ()))
    sid = entry.get("Sid")
    return Statement(
        document=_NOWHERE,
        pointer=(),
        sid=None if sid is None else Value(str(sid), ()),
        effect=Value(str(entry.get("Effect")), ()),
        actions=values("Action"),
        not_actions=values("NotAction"),
        resources=values("Resource"),
        not_resources=values("NotResource"),
        principals=None,
        not_principals=None,
        conditions=tuple(conditions),
    )


def _text(item: object) -> str:
    return str(item).lower() if isinstance(item, bool) else str(item)
