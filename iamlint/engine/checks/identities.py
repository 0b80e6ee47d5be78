"""Checks of users, groups and roles: what is written on them, and what they lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.checks.fields import recipient
from iamlint.engine.subject import GrantSubject, Match, PolicySubject
from iamlint.model import Grant, Hole, Value

__all__ = ["attached_to", "group_without_user", "inline_policy", "user_without_group"]


def inline_policy(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a policy that is part of a principal of one of the kinds `holders`.

    `managed_types` are the owners whose documents are managed policies. A document that stands
    alone is no inline policy: nobody knows what becomes of it.
    """
    policy = subject.policy
    holders, managed = params["holders"], params["managed-types"]
    assert isinstance(holders, list | tuple)
    assert isinstance(managed, list | tuple)
    held = [word for word in policy.on if word in holders]
    if not held or not policy.location or policy.owner.type in managed:
        return
    name = str(policy.name) if policy.name is not None else ""
    words = {"holder": " and ".join(held), "name": f" '{name}'" if name else ""}
    words["recipient"] = ", ".join(policy.attachments) or policy.owner.address
    yield Match(policy.pointer, (name,) if name else (), words, key_only=True)


def attached_to(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a managed policy that is attached to a principal of the kind `holder`."""
    grant, holder = subject.grant, str(params["holder"])
    if grant.what == "managed-attachment-exclusive":
        # One such block serves users, roles and groups; it counts if it names any of this kind.
        if not grant.fields.get(holder):
            return
    elif grant.what != "managed-attachment" or holder not in grant.on:
        return
    policy = grant.fields.get("policy", ())
    names = [_short(value) for value in policy]
    place = policy[0] if policy else grant.pointer
    yield Match(
        place, tuple(names), {"policy": ", ".join(names) or "a policy", "recipient": recipient(grant)}
    )


def _short(value: Value) -> str:
    """Return a policy's name without the ARN around it."""
    text = str(value)
    last = value.segments[-1] if value.segments else ""
    if isinstance(last, str) and "/" in last and text.startswith("arn:"):
        return last.rpartition("/")[2] or text
    return text


def user_without_group(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a user that no membership in the same files names."""
    user = subject.grant
    if user.what != "declared" or "user" not in user.on:
        return
    for other in subject.unit.grants:
        if other.what == "group-membership" and _may_name(other, "user", user):
            return
    yield Match(user.owner.pointer, (), {"recipient": recipient(user)}, key_only=True)


def group_without_user(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a group that no membership in the same files names."""
    group = subject.grant
    if group.what != "declared" or "group" not in group.on:
        return
    for other in subject.unit.grants:
        if other.what == "group-membership" and _may_name(other, "group", group):
            return
    yield Match(group.owner.pointer, (), {"recipient": recipient(group)}, key_only=True)


def _may_name(membership: Grant, field: str, declared: Grant) -> bool:
    """Say whether a membership may be about a declared user or group, by address, name or reference."""
    address = declared.owner.address
    if field == "user" and address in {membership.owner.address, *membership.attachments}:
        return True
    names = {value.text for value in declared.fields.get("name", ()) if value.text}
    own = {address, address.rpartition(".")[2]}
    for value in membership.fields.get(field, ()):
        if value.text is not None:
            if value.text in names | own:
                return True
            continue
        for part in value.parts:
            if isinstance(part, Hole) and _refers(part, own):
                return True
    return False


def _refers(hole: Hole, own: set[str]) -> bool:
    """Say whether a hole may stand for one of the addresses. Only a reference to another resource
    surely does not."""
    if hole.kind not in {"resource", "attribute", "reference"}:
        return True
    return any(hole.name == name or hole.name.startswith(f"{name}.") for name in own)
