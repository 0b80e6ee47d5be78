"""A check of what the other policies of the same principal allow already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iamlint.engine.subject import Match, PolicySubject, Unit, statement_label
from iamlint.model import Policy, PolicyKind, Statement, Value, Values
from iamlint.semantics.patterns import covers

__all__ = ["allowed_elsewhere"]

_MOST_POLICIES = 40
_MOST_STATEMENTS = 40


def allowed_elsewhere(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find statements of an inline policy that another policy of the same principal takes in, action by
    action and resource by resource, without a condition."""
    policy, unit = subject.policy, subject.unit
    if unit is None or policy.owner.address not in policy.attachments:
        return
    held = unit.fact(_by_holder).get(policy.owner.address, ())
    others = [other for other in held if other is not policy]
    if len(others) > _MOST_POLICIES:
        return
    for statement in (policy.statements or ())[:_MOST_STATEMENTS]:
        if statement.effect is None or statement.effect.text != "Allow" or statement.when:
            continue
        wider = next((other for other in others if _has_wider(other, statement)), None)
        if wider is not None:
            place = statement.actions[0] if statement.actions else statement.pointer
            name = str(wider.name) if wider.name is not None else wider.owner.address
            evidence = tuple(map(str, statement.actions or ()))
            words = {"statement": statement_label(statement), "other": name}
            yield Match(place, evidence, words)


def _by_holder(unit: Unit) -> Mapping[str, Sequence[Policy]]:
    """Return the identity policies by the address of who holds them."""
    found: dict[str, list[Policy]] = {}
    for policy in unit.policies:
        if policy.kind is PolicyKind.IDENTITY:
            for address in policy.attachments:
                found.setdefault(address, []).append(policy)
    return found


def _has_wider(policy: Policy, narrow: Statement) -> bool:
    return any(
        wide.effect is not None
        and wide.effect.text == "Allow"
        and not wide.conditions
        and not wide.unread_condition
        and not wide.when
        and _take_in(wide.actions, narrow.actions, fold=True)
        and _take_in(wide.resources, narrow.resources, fold=False)
        for wide in (policy.statements or ())[:_MOST_STATEMENTS]
    )


def _take_in(wide: Values | None, narrow: Values | None, *, fold: bool) -> bool:
    if not wide or not narrow:
        return False
    return all(any(_takes_in(one, other, fold=fold) for one in wide) for other in narrow)


def _takes_in(wide: Value, narrow: Value, *, fold: bool) -> bool:
    if wide.when:
        return False
    if wide.text is None or narrow.text is None:
        return wide.text is narrow.text and wide.parts == narrow.parts
    return covers(wide.text.lower(), narrow.text.lower()) if fold else covers(wide.text, narrow.text)
