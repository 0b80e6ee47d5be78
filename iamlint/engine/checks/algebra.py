"""Checks that ask the policy algebra: what holds for every request, not for a way of writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, PolicySubject
from iamlint.model import Pointer, Policy, PolicyKind, Statement, Value
from iamlint.record import replace

if TYPE_CHECKING:
    from iamlint.semantics.algebra.results import StatementPlace, Witness

__all__ = ["admin_equivalent", "idle_statement", "strangers_request"]

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
    from iamlint.semantics.algebra.statements import examine

    kind = _KINDS.get(policy.kind, PolicyKind.IDENTITY)
    facts = [fact for fact in examine([policy], kind=kind) if fact.fault.value == params["fault"]]
    later = {fact.place: fact.by for fact in facts}
    for fact in facts:
        statement = statements[fact.place.index]
        # Of two that say the same the second is one too many.
        is_first = any(by.index > fact.place.index and later.get(by) == (fact.place,) for by in fact.by)
        if is_first and len(fact.by) == 1:
            continue
        if params["fault"] != "unsatisfiable" or _contradicts_itself(policy, statement, kind):
            others = [statements[place.index] for place in fact.by]
            words = {"subject": _name(statement, fact.place), "by": _names(others, fact.by)}
            marks = tuple((_place(other), "makes it so") for other in others)
            yield Match(_place(statement), _evidence(statement), words, marks=marks)


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
    shown = _request(found.witness)
    place = statement.principals[0].value if statement.principals else _place(statement)
    yield Match(place, (shown,), {"request": shown}, notes=found.notes, properties={"witness": shown})


def admin_equivalent(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find identity policies that allow every action of the catalogue on every resource without an
    Allow of `*` on `*`."""
    policy = subject.policy
    allows = [statement for statement in policy.statements or () if statement.is_allow]
    wide = [s for s in allows if _is_wide(s) and not s.conditions and not s.unread_condition]
    if not wide or any(_says_all(statement) for statement in wide):
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
    yield Match(_place(statement), _evidence(statement), {"subject": _name(statement)})


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


def _name(statement: Statement, place: StatementPlace | None = None) -> str:
    """Return how a message calls a statement: by its Sid, else by its number, counted from 1."""
    sid = "" if statement.sid is None else str(statement.sid)
    if sid:
        return f"Statement '{sid}'"
    return "The statement" if place is None else f"Statement {place.index + 1}"


def _names(statements: Sequence[Statement], places: Sequence[StatementPlace]) -> str:
    named = [_name(one, place) for one, place in zip(statements, places, strict=True)]
    return listed([name[0].lower() + name[1:] for name in named], 3)


def _request(witness: Witness) -> str:
    """Return a request in words: who does what, on what, under which keys."""
    who = (
        witness.principal if isinstance(witness.principal, str) else witness.principal.get("arn", "somebody")
    )
    keys = "".join(
        f", {key} {value if isinstance(value, str) else ' and '.join(value)}"
        for key, value in sorted(witness.context.items())
    )
    return f"{who} calls {witness.action} on {witness.resource}{keys}"
