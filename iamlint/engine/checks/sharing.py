"""Checks of the roles that workloads run with: whom they share them with, and what their names say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from iamlint.engine.judge import listed
from iamlint.engine.subject import GrantSubject, Match, Unit
from iamlint.model import Grant, Hole, Value

__all__ = ["role_is_policy", "role_named_admin", "role_public_private", "role_shared"]

_KNOWN = frozenset({"resource", "attribute", "reference", "pseudo"})
"""Kinds of holes that are one thing wherever they stand in the same files."""


def role_shared(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a function, by the type of its owner, whose role another function of the same folder has."""
    grant, types = subject.grant, params["types"]
    assert isinstance(types, list | tuple)
    if grant.what != "role-use" or grant.owner.type not in types:
        return
    for value in grant.fields.get("role", ()):
        sharing = subject.unit.fact(_by_role).get(_key(grant, value), ())
        others = [
            other.owner.address
            for other in sharing
            if other.owner.type in types and other.owner.address != grant.owner.address
        ]
        if others:
            words = {"recipient": grant.owner.address, "role": str(value), "others": listed(others)}
            yield Match(value, (str(value),), words)
            return


def _by_role(unit: Unit) -> Mapping[tuple[str, str], Sequence[Grant]]:
    """Return the uses of each role that is surely one role, by folder and role."""
    found: dict[tuple[str, str], list[Grant]] = {}
    for grant in unit.grants:
        if grant.what == "role-use" and not grant.when:
            for value in grant.fields.get("role", ()):
                found.setdefault(_key(grant, value), []).append(grant)
    found.pop(("", ""), None)
    return found


def _key(grant: Grant, value: Value) -> tuple[str, str]:
    """Return folder and name of a role or profile, the same for `!Ref` and `!GetAtt`; nothing where two
    that look alike may differ."""
    if not value.segments or any(
        isinstance(part, Hole) and (part.kind not in _KNOWN or part.many) for part in value.parts
    ):
        return "", ""
    hole = value.hole
    name = str(value) if hole is None else re.sub(r"\.(?:arn|Arn|id|name)$", "", hole.name)
    return grant.document.path.rpartition("/")[0], name


def role_public_private(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an instance in a public subnet, or with a public address, whose profile a private one has."""
    grant = subject.grant
    if grant.what != "instance" or _exposure(grant) != "public":
        return
    for value in grant.fields.get("profile", ()):
        private = subject.unit.fact(_private_profiles).get(_key(grant, value))
        if private is not None:
            words = {"recipient": grant.owner.address, "profile": str(value), "other": private.owner.address}
            yield Match(value, (str(value),), words, notes=_assumed(grant, private))
            return


def _private_profiles(unit: Unit) -> Mapping[tuple[str, str], Grant]:
    found: dict[tuple[str, str], Grant] = {}
    for grant in unit.grants:
        if grant.what == "instance" and _exposure(grant) == "private":
            for value in grant.fields.get("profile", ()):
                found.setdefault(_key(grant, value), grant)
    found.pop(("", ""), None)
    return found


def _exposure(grant: Grant) -> str:
    """Return `public` or `private`, or nothing where neither address nor the subnet's name tells."""
    asked = {str(value).lower() for value in grant.fields.get("public_ip", ())}
    if asked:
        return {"true": "public", "false": "private"}.get(asked.pop(), "") if len(asked) == 1 else ""
    names = " ".join(str(value).lower() for value in grant.fields.get("subnet", ()))
    told = [word for word in ("public", "private") if word in names]
    return told[0] if len(told) == 1 else ""


def _assumed(*grants: Grant) -> tuple[str, ...]:
    """Say of which instances the subnet's name alone tells how they are reached."""
    return tuple(
        f"the name of its subnet says how {grant.owner.address} is reached"
        for grant in grants
        if not grant.fields.get("public_ip")
    )


_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ADMIN = frozenset({"admin", "admins", "administrator", "administrators"})


def role_named_admin(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a role, named in the file and not made there, whose name says administrator."""
    grant = subject.grant
    if grant.what != "role-use":
        return
    for value in grant.fields.get("role", ()):
        name = (value.text or "").rpartition("/")[2][:128]
        if any(word.lower() in _ADMIN for word in _WORDS.findall(name)):
            yield Match(value, (name,), {"recipient": grant.owner.address, "role": name})
            return


_POLICY_TYPES = frozenset({"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"})
_POLICY_REFERENCES = ("aws_iam_policy.", "aws_iam_role_policy.")


def role_is_policy(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a reference to a policy where a role belongs."""
    grant = subject.grant
    if grant.what != "role-use":
        return
    for value in grant.fields.get("role", ()):
        hole = value.hole
        if hole is None or hole.kind not in _KNOWN:
            continue
        name = hole.name
        logical = f"Resources.{name.partition('.')[0]}"
        if name.startswith(_POLICY_REFERENCES) or logical in subject.unit.fact(_policies):
            yield Match(value, (name,), {"recipient": grant.owner.address, "policy": name})
            return


def _policies(unit: Unit) -> frozenset[str]:
    return frozenset(one.owner.address for one in unit.policies if one.owner.type in _POLICY_TYPES)
