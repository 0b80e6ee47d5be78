"""Checks of guardrails that leave open what they are for: service and resource control policies, and
permissions boundaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.action_sets import action_sets
from iamlint.engine.checks.wording import actions_match, names_in, texts
from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, PolicySubject, StatementSubject, Unit
from iamlint.model import Policy, PolicyKind, Statement, Value

__all__ = [
    "boundary_allows_all",
    "boundary_self_protection",
    "rcp_action_star",
    "rcp_blanket_deny",
    "scp_allow",
    "scp_guardrail",
]

_REGION_KEY = "aws:requestedregion"
_BOUNDARY_KEY = "iam:permissionsboundary"
_WORTH_JUDGING = 2
"""One service control policy alone tells nothing about the guardrails of an organization."""


# --- service control policies -----------------------------------------------------------------------


def scp_allow(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow that is narrower than all of an action: by resource, condition or NotAction."""
    statement = subject.statement
    if statement.effect is None or statement.effect.text != "Allow":
        return
    found = []
    if statement.not_actions is not None:
        found.append("NotAction")
    if statement.not_resources is not None:
        found.append("NotResource")
    elif any(value.text != "*" and (value.text or value.literal) for value in statement.resources or ()):
        found.append("Resource")
    if statement.conditions:
        found.append("Condition")
    if found:
        yield Match(statement.effect, tuple(found), {"elements": listed(found)})


def scp_guardrail(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find what none of the service control policies of the same files denies: some of `actions`, or, with
    `region`, what happens in other Regions.

    Told at the first of these policies, and only where there are several that deny something.
    """
    unit = subject.unit
    if unit is None:
        return
    guards = unit.fact(_guards)
    if len(guards) < _WORTH_JUDGING or guards[0] is not subject.policy:
        return
    statements = [statement for policy in guards for statement in policy.statements or ()]
    if any(statement.effect is None or statement.effect.text is None for statement in statements):
        return
    if params["region"] is True:
        if not any(map(_may_test_region, statements)):
            yield Match(subject.policy.pointer, (), {"count": str(len(guards)), "actions": ""}, key_only=True)
        return
    denied = 0
    for statement in statements:
        if statement.is_deny:
            denied |= subject.action_bits(statement)
    missing = [name for name in texts(params, "actions") if not subject.catalog.expand(name) & denied]
    if missing:
        words = {"count": str(len(guards)), "actions": listed(missing)}
        yield Match(subject.policy.pointer, tuple(missing), words, key_only=True)


def _guards(unit: Unit) -> tuple[Policy, ...]:
    """Return the service control policies of the unit that deny something."""
    return tuple(
        policy
        for policy in unit.policies
        if policy.kind is PolicyKind.SCP and any(one.is_deny for one in policy.statements or ())
    )


def _may_test_region(statement: Statement) -> bool:
    return statement.unread_condition or any(one.key.lower() == _REGION_KEY for one in statement.conditions)


# --- resource control policies ------------------------------------------------------------------------


def rcp_action_star(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Deny of actions that are written without a service, as the bare star is."""
    for value in subject.statement.actions or ():
        if value.text and not value.text.strip("*"):
            yield Match(value, (value.text,), {"action": value.text}, items=(value,))


def rcp_blanket_deny(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Deny of every action of a service for everybody on everything, without a condition."""
    statement = subject.statement
    if statement.conditions or statement.unread_condition or statement.when:
        return
    if not any(value.text == "*" and not value.when for value in statement.resources or ()):
        return
    whole = [
        value
        for value in statement.actions or ()
        if value.text is not None and ":" in value.text and not value.text.partition(":")[2].strip("*")
    ]
    if whole:
        shown = tuple(map(str, whole))
        marks = tuple((value, "also") for value in whole[1:])
        yield Match(whole[0], shown, {"actions": listed(shown)}, marks=marks, items=tuple(whole))


# --- permissions boundaries ---------------------------------------------------------------------------


def boundary_allows_all(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow of everything in a boundary that denies nothing."""
    statement, policy = subject.statement, subject.policy
    if statement.conditions or statement.unread_condition or statement.when:
        return
    if any(one.effect is None or one.effect.text != "Allow" for one in policy.statements or ()):
        return
    if not any(value.text == "*" and not value.when for value in statement.resources or ()):
        return
    everything = subject.catalog.all_actions
    for value, bits in subject.action_items:
        if bits == everything and not value.when:
            yield Match(value, (str(value),), items=(value,))
            return


def boundary_self_protection(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a boundary that lets its holder take boundaries off, or make principals that have none.

    A Deny of an action, under whatever condition, counts as care for it; so does a condition that
    narrows the request, as one on iam:PermissionsBoundary does.
    """
    open_bits = subject.unscoped
    if not open_bits & subject.catalog.service_bits("iam") or subject.narrowed or subject.bounded:
        return
    if any(one.key.lower() == _BOUNDARY_KEY for one in subject.statement.conditions):
        return
    open_bits &= ~subject.owner.fact(_cared_for)
    sets, catalog = action_sets(), subject.catalog
    bits = sets.find(("boundary-removal",)).within(open_bits)
    ways = ["take the boundary off"] if bits else []
    created = (catalog.expand("iam:CreateRole") | catalog.expand("iam:CreateUser")) & open_bits
    given = sets.find(("attach-or-put-policy",)).within(subject.owner.granted)
    if created and given:
        bits |= created
        ways.append("make principals without one")
    hits = list(subject.actions_granting(bits))
    if not hits:
        return
    items: list[Value] = [value for value, _ in hits]
    words = {"actions": names_in(catalog, bits), "ways": listed(ways)}
    yield actions_match(items, tuple(map(str, items)), words, subject)


def _cared_for(subject: PolicySubject) -> int:
    """Return the actions that some Deny of the policy is about."""
    bits = 0
    for statement in subject.policy.statements or ():
        if not statement.is_allow:
            bits |= subject.action_bits(statement)
    return bits
