"""Checks of who may pass a role that is an administrator, as the files beside tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.catalog import catalog
from iamlint.engine.checks.fields import addresses, field_texts, is_policy_of_aws
from iamlint.engine.checks.managed import ATTACHMENTS
from iamlint.engine.checks.spec import Gate
from iamlint.engine.checks.wording import actions_match
from iamlint.engine.scope import Breadth, reach
from iamlint.engine.subject import Match, PolicySubject, Settings, StatementSubject, Unit
from iamlint.model import Hole, Policy, PolicyKind, Value

__all__ = ["pass_gate", "passed_admin"]

_ADMIN_POLICY = "AdministratorAccess"


def pass_gate(params: Mapping[str, object]) -> Gate:
    """Return the question whether a statement grants iam:PassRole."""
    return Gate("granted", catalog().expand("iam:PassRole"))


def passed_admin(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find iam:PassRole for a role by name that, in the same files, may do everything."""
    unit = subject.owner.unit
    wanted = catalog().expand("iam:PassRole")
    if unit is None or not subject.granted & wanted or subject.statement.unread_condition:
        return
    for value in subject.statement.resources or ():
        if reach(value).breadth > Breadth.NAMED:
            continue
        role = next((name for name in _role_names(value) if name in unit.fact(_admin_roles)), None)
        if role is None:
            continue
        address, reason = unit.fact(_admin_roles)[role]
        if address in (subject.policy.owner.address, *subject.policy.attachments):
            continue  # whoever holds it is an administrator already
        items = [item for item, _ in subject.actions_granting(wanted)]
        if items:
            words = {"role": address, "reason": reason}
            marks = ((value, "this role"),)
            yield actions_match(items, (str(value), *map(str, items)), words, subject, marks)
            return


def _role_names(value: Value) -> Iterator[str]:
    """Yield the names by which a resource may mean one role: what a reference names, from the longest, or
    the last part of a role's ARN."""
    if value.text is not None:
        _, is_role, name = value.text.partition(":role/")
        if is_role:
            yield name.rpartition("/")[2]
        return
    if len(value.parts) == 1 and isinstance(value.parts[0], Hole):
        name = value.parts[0].name
        while name:
            yield name
            name = name.rpartition(".")[0]


def _admin_roles(unit: Unit) -> Mapping[str, tuple[str, str]]:
    """Return, by the names of a role, its address and why it is an administrator."""
    reasons: dict[str, str] = {}
    for grant in unit.grants:
        if grant.what in ATTACHMENTS and "role" in grant.on and not grant.when:
            for _, text, notes in field_texts(grant, "policy"):
                if is_policy_of_aws(text) and text.rpartition("/")[2] == _ADMIN_POLICY and not notes:
                    reasons.update(dict.fromkeys(addresses(grant), f"has {_ADMIN_POLICY}"))
    for policy in unit.policies:
        of_role = policy.kind is PolicyKind.IDENTITY and "role" in policy.on and not policy.when
        if of_role and _allows_all(policy):
            where = (policy.owner.address, *policy.attachments)
            reasons.update(dict.fromkeys(where, "may do everything by its own policy"))
    found: dict[str, tuple[str, str]] = {}
    for grant in unit.grants:
        if grant.what == "declared" and "role" in grant.on and grant.owner.address in reasons:
            entry = (grant.owner.address, reasons[grant.owner.address])
            named = [value.text for value in grant.fields.get("name", ()) if value.text]
            names = [entry[0], entry[0].removeprefix("Resources."), *named]
            found.update(dict.fromkeys(names, entry))
    return found


def _allows_all(policy: Policy) -> bool:
    """Say whether a policy surely allows everything on everything and denies nothing."""
    statements = policy.statements or ()
    if any(one.effect is None or one.effect.text != "Allow" for one in statements):
        return False
    owner = PolicySubject(policy, Settings())
    everything = owner.catalog.all_actions
    return any(
        not (one.conditions or one.unread_condition or one.when)
        and any(value.text == "*" and not value.when for value in one.resources or ())
        and owner.action_bits(one) == everything
        for one in statements
    )
