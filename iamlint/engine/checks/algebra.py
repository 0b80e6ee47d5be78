"""Checks that ask the policy algebra: what holds for every request, not for a way of writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from iamlint.engine.checks.wording import lower_first
from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, PolicySubject, statement_label
from iamlint.model import Hole, Pointer, Policy, PolicyKind, Principal, Statement, Value
from iamlint.record import replace
from iamlint.semantics.algebra.results import StatementPlace
from iamlint.semantics.patterns import has_wildcard

if TYPE_CHECKING:
    from iamlint.semantics.algebra.statements import StatementFact

__all__ = ["admin_equivalent", "idle_statement", "repeated_statement", "strangers_request"]

_KINDS = {PolicyKind.TRUST: PolicyKind.TRUST, PolicyKind.RESOURCE: PolicyKind.RESOURCE}
_MOST_STATEMENTS = 60
"""Beyond it a policy is not examined statement by statement: the work grows with the square."""


def idle_statement(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find statements that could be left out for the reason `fault`: `redundant`, `shadowed`,
    `without-effect` or `unsatisfiable`. Only what is proved is told."""
    policy = subject.policy
    statements = policy.statements or ()
    # One statement alone can only be one that no request fits.
    if not statements or len(statements) > _MOST_STATEMENTS:
        return
    if len(statements) == 1 and params["fault"] != "unsatisfiable":
        return
    kind = _KINDS.get(policy.kind, PolicyKind.IDENTITY)
    facts = [fact for fact in subject.fact(_idle) if fact.fault.value == params["fault"]]
    later = {fact.place: fact.by for fact in facts}
    for fact in facts:
        statement = statements[fact.place.index]
        # Of two that say the same the second is one too many.
        is_first = any(by.index > fact.place.index and later.get(by) == (fact.place,) for by in fact.by)
        if is_first and len(fact.by) == 1:
            continue
        if params["fault"] != "unsatisfiable" or _contradicts_itself(policy, statement, kind):
            others = [statements[place.index] for place in fact.by]
            words = {
                "subject": statement_label(statement, fact.place.index + 1),
                "by": _names(others, fact.by),
            }
            marks = tuple((_place(other), "makes it so") for other in others)
            yield Match(
                _place(statement), _evidence(statement), words, marks=marks, items=_first_action(statement)
            )


def _idle(subject: PolicySubject) -> tuple[StatementFact, ...]:
    """Return the facts about the statements of a policy; the rules about them ask one question."""
    from iamlint.semantics.algebra.statements import examine

    return examine([subject.policy], kind=_KINDS.get(subject.policy.kind, PolicyKind.IDENTITY))


def repeated_statement(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find statements that an earlier one says already: the same but for the Sid, the order of lists, and
    the letter case where that makes no difference."""
    first: dict[object, int] = {}
    statements = subject.policy.statements or ()
    for index, statement in enumerate(statements):
        content = _content(statement)
        if content is None:
            continue
        before = first.setdefault(content, index)
        if before != index:
            other = statements[before]
            words = {
                "subject": statement_label(statement, index + 1),
                "by": _names([other], [StatementPlace(0, before)]),
            }
            yield Match(
                _place(statement),
                _evidence(statement),
                words,
                marks=((_place(other), "the same"),),
                items=_first_action(statement),
            )


def _content(statement: Statement) -> object:
    """Return what is the same for statements that say the same; None for one that is not known in full."""
    conditions = [value for condition in statement.conditions for value in condition.values]
    named = [*(statement.principals or ()), *(statement.not_principals or ())]
    lists = (statement.actions, statement.not_actions, statement.resources, statement.not_resources)
    values = [*(value for some in lists for value in some or ()), *conditions, *(one.value for one in named)]
    holes = [part for value in values for part in value.segments if isinstance(part, Hole)]
    if statement.unread_condition or any(hole.many or hole.kind == "unknown" for hole in holes):
        return None

    def texts(listed: Sequence[Value] | None, *, fold: bool = False) -> object:
        if listed is None:
            return None
        return frozenset(
            (repr(one.segments).lower() if fold else repr(one.segments), one.when) for one in listed
        )

    def people(listed: Sequence[Principal] | None) -> object:
        if listed is None:
            return None
        return frozenset((one.type, repr(one.value.segments), one.value.when) for one in listed)

    return (
        None if statement.effect is None else repr(statement.effect.segments),
        *(texts(listed, fold=True) for listed in lists[:2]),
        *(texts(listed) for listed in lists[2:]),
        people(statement.principals),
        people(statement.not_principals),
        frozenset(
            (condition.operator.lower(), condition.key.lower(), texts(condition.values))
            for condition in statement.conditions
        ),
        statement.when,
    )


def _first_action(statement: Statement) -> tuple[Value, ...]:
    """Return what stands for the statement where a rule covers another one."""
    return (statement.actions or statement.not_actions or ())[:1]


def strangers_request(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find policies that let a stranger do something, with the stranger's request as evidence."""
    policy = subject.policy
    statements = policy.statements or ()
    if not any(statement.is_allow for statement in statements):
        return
    from iamlint.semantics.algebra.strangers import public

    found = public([policy], kind=_KINDS.get(policy.kind, PolicyKind.RESOURCE))
    if found.witness is None or found.allowed_by is None:
        return
    statement = statements[found.allowed_by.index]
    shown = found.witness.sentence
    place = statement.principals[0].value if statement.principals else _place(statement)
    words = {"request": shown}
    properties = {"witness": shown}
    yield Match(place, (shown,), words, notes=found.notes, properties=properties, statement=statement)


def admin_equivalent(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find identity policies that allow every action of the catalogue on every resource without an
    Allow of `*` on `*`."""
    policy = subject.policy
    allows = [statement for statement in policy.statements or () if statement.is_allow]
    wide = [s for s in allows if _is_wide(s) and not s.conditions and not s.unread_condition]
    if not wide or not _may_say_all(subject, wide) or any(_says_all(statement) for statement in wide):
        return
    bits = 0
    for statement in wide:
        bits |= subject.action_bits(statement)
    # Most policies are nowhere near; the exact question is for those that are.
    if bits != subject.catalog.all_actions:
        return
    from iamlint.semantics.algebra.questions import compare

    # What a NotAction spares in vain is no limit; it is an action that AWS does not have.
    spared = tuple(
        value for one in wide for value in one.not_actions or () if not subject.catalog.expand(str(value))
    )
    found = compare([policy], [_full_admin(policy, spared)])
    if found.verdict.value != "contained" and not found.future_only:
        return
    statement = wide[0]
    yield Match(_place(statement), _evidence(statement), {"subject": statement_label(statement)})


def _may_say_all(subject: PolicySubject, statements: list[Statement]) -> bool:
    """Say whether statements could name every action together: that takes a NotAction, a pattern that
    goes beyond one service, or a value for each service."""
    values = 0
    for statement in statements:
        if statement.not_actions is not None:
            return True
        for value in statement.actions or ():
            values += 1
            if has_wildcard(str(value).partition(":")[0]):
                return True
    return values >= subject.catalog.service_count


def _full_admin(policy: Policy, spared: tuple[Value, ...]) -> Policy:
    """Return the policy that allows everything but `spared`, to compare with."""
    star = (Value("*", ()),)
    actions, not_actions = (None, spared) if spared else (star, None)
    statement = Statement(
        policy.document, (), None, Value("Allow", ()), actions, not_actions, star, None, None, None, ()
    )
    return replace(policy, kind=PolicyKind.IDENTITY, statements=(statement,), faults=(), when=())


def _contradicts_itself(policy: Policy, statement: Statement, kind: PolicyKind) -> bool:
    """Whether it is the conditions that no request meets. Actions and resources that do not exist have
    rules of their own."""
    from iamlint.semantics.algebra.statements import examine

    if not statement.conditions:
        return False
    free = replace(statement, conditions=())
    return not any(
        fact.fault.value == "unsatisfiable"
        for fact in examine([replace(policy, statements=(free,))], kind=kind)
    )


def _is_wide(statement: Statement) -> bool:
    return any(value.text == "*" for value in statement.resources or ())


def _says_all(statement: Statement) -> bool:
    return any(value.text in {"*", "*:*"} for value in statement.actions or ())


def _place(statement: Statement) -> Value | Pointer:
    for values in (statement.actions, statement.not_actions):
        if values:
            return values[0]
    return statement.pointer


def _evidence(statement: Statement) -> tuple[str, ...]:
    return tuple(str(value) for value in statement.actions or statement.not_actions or ())


def _names(statements: Sequence[Statement], places: Sequence[StatementPlace]) -> str:
    named = [statement_label(one, place.index + 1) for one, place in zip(statements, places, strict=True)]
    return listed([lower_first(name) for name in named], 3)
