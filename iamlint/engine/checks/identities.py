"""Checks of users, groups and roles: what is written on them, and what they lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.checks.fields import addresses, recipient
from iamlint.engine.subject import GrantSubject, Match, PolicySubject, Unit
from iamlint.model import Grant, Hole, Value
from iamlint.record import record

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
    shown = [str(value) for value in grant.fields.get(holder, ())]
    words = {"policy": ", ".join(names) or "a policy", "recipient": recipient(grant)}
    if grant.what == "managed-attachment-exclusive":
        words["recipient"] = f"{holder} {', '.join(shown)}"
    yield Match(place, tuple(names), words)


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
    if user.what == "declared" and "user" in user.on and not subject.unit.fact(_members).may_be(user):
        yield Match(user.owner.pointer, (), {"recipient": recipient(user)}, key_only=True)


def group_without_user(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a group that no membership in the same files puts somebody in."""
    group = subject.grant
    if group.what == "declared" and "group" in group.on and not subject.unit.fact(_groups).may_be(group):
        empty = subject.unit.fact(_empty_memberships)
        named = next((empty[word] for word in sorted(_own_words(group)) if word in empty), "")
        words = {"recipient": recipient(group), "empty": f"; {named} names nobody" if named else ""}
        yield Match(group.owner.pointer, (), words, key_only=True)


def _empty_memberships(unit: Unit) -> dict[str, str]:
    """Return the address of a membership without users by each word that may be its group's."""
    found: dict[str, str] = {}
    for grant in unit.grants:
        if grant.what == "group-membership" and _is_empty(grant):
            for word in _words_of(grant, "group")[0]:
                found.setdefault(word, grant.owner.address)
    return found


def _is_empty(membership: Grant) -> bool:
    """Say whether a membership (of Terraform, where it is a block of its own) has no users."""
    return membership.owner.type == "aws_iam_group_membership" and not membership.fields.get("user")


@record
class _Named:
    """What all memberships of a unit name: texts and addresses, and `anybody` if one of them names
    what these files do not tell."""

    words: frozenset[str]
    anybody: bool

    def may_be(self, declared: Grant) -> bool:
        """Say whether a membership may be about a declared user or group."""
        if self.anybody:
            return True
        return not self.words.isdisjoint(_own_words(declared))


def _own_words(declared: Grant) -> set[str]:
    """Return what a membership may call a declared user or group."""
    address = declared.owner.address
    own = {address, address.rpartition(".")[2]}
    own.update(value.text for value in declared.fields.get("name", ()) if value.text)
    return own


def _members(unit: Unit) -> _Named:
    return _named(unit, "user")


def _groups(unit: Unit) -> _Named:
    return _named(unit, "group")


def _named(unit: Unit, field: str) -> _Named:
    words: set[str] = set()
    anybody = False
    for grant in unit.grants:
        if grant.what == "group-membership" and not _is_empty(grant):
            if field == "user":
                words.update(addresses(grant))
            named, unsure = _words_of(grant, field)
            words |= named
            anybody = anybody or unsure
    return _Named(frozenset(words), anybody)


def _words_of(membership: Grant, field: str) -> tuple[set[str], bool]:
    """Return the texts and references in a field, and whether one could be anything."""
    words: set[str] = set()
    anybody = False
    for value in membership.fields.get(field, ()):
        if value.text is not None:
            words.add(value.text)
        for part in value.parts:
            if isinstance(part, Hole):
                # Only a reference to another resource surely names that resource and no other.
                anybody = anybody or part.kind not in {"resource", "attribute", "reference"}
                words.update(_prefixes(part.name))
    return words, anybody


def _prefixes(name: str) -> Iterator[str]:
    """Yield a reference and all it is below: `aws_iam_group.a.name`, `aws_iam_group.a`, ..."""
    while name:
        yield name
        name = name.rpartition(".")[0]
