"""The policies that bear on a request, by kind, ready for evaluation."""

from __future__ import annotations

from iamlint.model import Policy, PolicyKind, Span, Statement, json_pointer
from iamlint.record import field, record
from iamlint.semantics.evaluation.statement import CompiledStatement, compile_policy, policy_size

__all__ = ["BoundStatement", "PolicyGroup", "PolicySet", "StatementReference"]


@record
class StatementReference:
    """Which statement: the kind of its policy, the level (of scp and rcp, from the root down), the
    position of the document in its list, the position of the statement, and what it says of itself."""

    kind: PolicyKind
    level: int | None
    document: int
    index: int
    sid: str | None
    effect: str
    policy: Policy
    statement: Statement

    @property
    def pointer(self) -> str:
        """The place in the document, in the notation of RFC 6901."""
        return json_pointer(self.statement.pointer[len(self.policy.pointer) :])

    @property
    def span(self) -> Span:
        """The place in the file that the document was read from."""
        return self.policy.document.span(self.statement.pointer)


@record
class BoundStatement:
    """A compiled statement in its place among the policies of a set."""

    reference: StatementReference
    compiled: CompiledStatement


@record
class PolicyGroup:
    """The statements of one kind, or of one level of a kind, which are decided together."""

    kind: PolicyKind
    level: int | None
    statements: tuple[BoundStatement, ...]


@record
class PolicySet:
    """All policies of a question. An empty tuple is a kind that is absent.

    The field that a policy stands in decides what it is used as, whatever its own kind says. `scp` and
    `rcp` hold one tuple for each level, from the organisation's root down to the account; those of the
    caller's account and of the resource's account. `resource` holds the policies of the resource: its
    resource policy, key policy or role trust policy. `size` counts the values of all of them. Raises
    MalformedPolicyError when any is not valid.
    """

    identity: tuple[Policy, ...] = ()
    resource: tuple[Policy, ...] = ()
    scp: tuple[tuple[Policy, ...], ...] = ()
    rcp: tuple[tuple[Policy, ...], ...] = ()
    boundary: tuple[Policy, ...] = ()
    session: tuple[Policy, ...] = ()
    endpoint: tuple[Policy, ...] = ()
    groups: dict[PolicyKind, tuple[PolicyGroup, ...]] = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        groups: dict[PolicyKind, tuple[PolicyGroup, ...]] = {}
        for kind, policies in (
            (PolicyKind.IDENTITY, self.identity),
            (PolicyKind.RESOURCE, self.resource),
            (PolicyKind.BOUNDARY, self.boundary),
            (PolicyKind.SESSION, self.session),
            (PolicyKind.ENDPOINT, self.endpoint),
        ):
            groups[kind] = (_group(kind, None, policies),) if policies else ()
        for kind, levels in ((PolicyKind.SCP, self.scp), (PolicyKind.RCP, self.rcp)):
            groups[kind] = tuple(_group(kind, level, policies) for level, policies in enumerate(levels))
        object.__setattr__(self, "groups", groups)
        every = (
            self.identity,
            self.resource,
            self.boundary,
            self.session,
            self.endpoint,
            *self.scp,
            *self.rcp,
        )
        object.__setattr__(
            self, "size", sum(policy_size(policy) for policies in every for policy in policies)
        )


def _group(kind: PolicyKind, level: int | None, policies: tuple[Policy, ...]) -> PolicyGroup:
    bound = []
    for document, policy in enumerate(policies):
        label = f"{kind}[{document}]" if level is None else f"{kind}[{level}][{document}]"
        for compiled in compile_policy(policy, kind, label):
            reference = StatementReference(
                kind,
                level,
                document,
                compiled.index,
                compiled.sid,
                "Allow" if compiled.allows else "Deny",
                policy,
                compiled.statement,
            )
            bound.append(BoundStatement(reference, compiled))
    return PolicyGroup(kind, level, tuple(bound))
