"""What closes a way: conditions that no request meets or that rule the way out, denies, boundaries."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence

from iamlint.catalog import CATALOG_DATE
from iamlint.engine.principals.facts import Held, HeldPolicy
from iamlint.engine.principals.reach import could_reach, covers_every, may_share
from iamlint.model import Condition, Statement, Value
from iamlint.semantics.conditions import parse_operator
from iamlint.semantics.patterns import covers, has_wildcard, overlaps

__all__ = ["State", "condition_state", "denial", "limit_ways", "services_left"]


class State(enum.IntEnum):
    """Whether a statement lets a way through: never, only under a condition, or always."""

    CLOSED = 0
    CONDITIONAL = 1
    OPEN = 2


_DATE_KEYS = frozenset({"aws:currenttime", "aws:tokenissuetime", "aws:epochtime"})
_EVERY_ADDRESS = frozenset({"0.0.0.0/0", "::/0"})


def condition_state(statement: Statement, action: str, services: Sequence[str]) -> State:
    """Return whether the conditions of a statement let a request for `action` through. `services` are
    those that a role would be passed to."""
    if statement.unread_condition:
        return State.CONDITIONAL
    known = statement.effect is not None and statement.effect.text is not None
    state = State.OPEN if known else State.CONDITIONAL
    for condition in statement.conditions:
        found = _test_state(condition, action, services)
        if found is State.CLOSED:
            return found
        state = min(state, found)
    if statement.when:
        state = min(state, State.OPEN)
    return state


def _test_state(condition: Condition, action: str, services: Sequence[str]) -> State:
    key = condition.key.lower()
    operator = parse_operator(condition.operator)
    texts = [value.text for value in condition.values]
    if key == "iam:passedtoservice":
        if action != "iam:PassRole":
            # The key is there in requests to pass a role only.
            return State.OPEN if operator.if_exists or operator.negated else State.CLOSED
        if operator.base == "Null" or not services:
            return State.OPEN
        return _passed_state(texts, services, negated=operator.negated)
    if key == "iam:policyarn" and not operator.negated and not operator.if_exists:
        if texts and all(text is not None and _is_harmless(text) for text in texts):
            return State.CLOSED
        return State.CONDITIONAL
    if key in _DATE_KEYS and operator.base.startswith(("DateLessThan", "NumericLessThan")):
        return State.CLOSED if _is_past(texts) else State.CONDITIONAL
    if key in _DATE_KEYS and operator.base.startswith("DateGreaterThan"):
        return State.OPEN if _is_past(texts) else State.CONDITIONAL
    if operator.base == "IpAddress" and key == "aws:sourceip" and _EVERY_ADDRESS.intersection(texts):
        return State.OPEN
    if key == "aws:securetransport" and [str(text).lower() for text in texts] == ["true"]:
        return State.OPEN
    if operator.base in {"StringLike", "ArnLike"} and not operator.negated and "*" in texts:
        return State.OPEN
    return State.CONDITIONAL


def _passed_state(texts: Sequence[str | None], services: Sequence[str], *, negated: bool) -> State:
    met = [any(text is None or overlaps(text, service) for text in texts) for service in services]
    if negated:
        return State.CLOSED if all(met) and None not in texts else State.OPEN
    return State.OPEN if any(met) else State.CLOSED


def _is_harmless(text: str) -> bool:
    """Say whether a pattern of policy ARNs names one AWS managed policy that opens no way itself."""
    if has_wildcard(text) or ":iam::aws:policy/" not in text:
        return False
    from iamlint.engine.principals.facts import managed_statements

    found = managed_statements(text)
    if found is None:
        return False
    return not any(held.statement.is_allow and held.actions for held in found[1])


def _is_past(texts: Iterable[str | None]) -> bool:
    """Say whether all dates lie before the day of the facts: an ISO date, or seconds since 1970."""
    listed = [text or "" for text in texts]
    for text in listed:
        if text[:4].isdigit() and text[4:5] == "-":
            if text[:10] >= CATALOG_DATE:
                return False
        elif not text.isdigit() or len(text) > 10 or int(text) > 1_700_000_000:
            return False
    return bool(listed)


def services_left(statement: Statement, services: Sequence[str]) -> tuple[str, ...]:
    """Return those of the services that a statement lets a role be passed to."""
    return tuple(
        service
        for service in services
        if condition_state(statement, "iam:PassRole", (service,)) is not State.CLOSED
    )


def _denied_services(statement: Statement, action: str, services: Sequence[str]) -> State | None:
    """Return what a Deny whose only condition is on the service leaves of passing a role to one of them;
    None where another condition decides."""
    if action != "iam:PassRole" or not services or statement.when or statement.unread_condition:
        return None
    if not statement.conditions or any(
        one.key.lower() != "iam:passedtoservice" for one in statement.conditions
    ):
        return None
    met = [condition_state(statement, action, (service,)) is not State.CLOSED for service in services]
    if any(value.text is None for one in statement.conditions for value in one.values):
        return State.CONDITIONAL if any(met) else State.OPEN
    return State.CLOSED if all(met) else State.OPEN


def denial(
    denies: Iterable[tuple[Held, HeldPolicy]],
    action: str,
    bit: int,
    value: Value | None,
    services: Sequence[str] = (),
) -> State:
    """Return what the denies leave of an action on a resource (None for a NotResource): CLOSED if they
    surely take it away, CONDITIONAL if they may, OPEN if none is about it. `services` are those that a
    role would be passed to."""
    state = State.OPEN
    for held, _ in denies:
        if not held.actions & bit:
            continue
        statement = held.statement
        hit = _denies(statement, action, value)
        if hit is State.OPEN:
            continue
        if condition_state(statement, action, services) is State.CLOSED:
            # Its conditions are met by no such request.
            continue
        passing = _denied_services(statement, action, services)
        if passing is State.OPEN:
            continue
        if passing is State.CLOSED and hit is State.CLOSED:
            return State.CLOSED
        if hit is State.CLOSED and not (statement.conditions or statement.unread_condition or statement.when):
            return State.CLOSED
        state = State.CONDITIONAL
    return state


def _denies(statement: Statement, action: str, value: Value | None) -> State:
    """Return CLOSED if the Deny is about the whole resource, OPEN if it is about none of it."""
    if statement.not_resources is not None:
        if value is None:
            return State.CONDITIONAL
        shared = any(may_share(spared, value) for spared in statement.not_resources)
        return State.CONDITIONAL if shared else State.CLOSED
    state = State.OPEN
    for denied in statement.resources or ():
        if denied.text == "*" or covers_every(action, denied):
            return State.CLOSED
        if value is None:
            continue
        if value.text is not None and denied.text is not None and covers(denied.text, value.text):
            return State.CLOSED
        if value.parts and denied.parts == value.parts:
            return State.CLOSED
        if could_reach(action, denied) and may_share(denied, value):
            # Some of what a pattern takes in is denied; of one name it may be just that.
            state = State.CONDITIONAL if not has_wildcard(value.literal) else state
    return state


def limit_ways(
    limit: HeldPolicy, action: str, bit: int, value: Value | None, services: Sequence[str]
) -> Iterator[tuple[State, Value | None]]:
    """Yield what a policy of a permissions boundary allows of an action on a resource: the state, and the
    resource that it allows (None for a NotResource)."""
    for held in limit.statements:
        statement = held.statement
        if not held.actions & bit or not statement.is_allow:
            continue
        state = condition_state(statement, action, services)
        if state is State.CLOSED:
            continue
        if statement.not_resources is not None:
            yield state, None
        for allowed in statement.resources or ():
            if could_reach(action, allowed) and (value is None or may_share(allowed, value)):
                yield state, allowed
