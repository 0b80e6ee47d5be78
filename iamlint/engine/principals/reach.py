"""Which principals, policies and resources a Resource value reaches, as far as the files tell."""

from __future__ import annotations

import enum
from functools import lru_cache

from iamlint.catalog import catalog
from iamlint.engine.principals.joining import Directory, Holder
from iamlint.engine.scope import Breadth, Reach, actions_on, reach
from iamlint.model import Hole, Value
from iamlint.record import record
from iamlint.semantics.patterns import matches, overlaps, pattern_text

__all__ = [
    "Aim",
    "Aimed",
    "aim_at",
    "aim_at_policy",
    "aim_at_resource",
    "bears",
    "could_reach",
    "covers_every",
    "is_bare_hole",
    "may_share",
    "name_pattern",
]


class Aim(enum.IntEnum):
    """How a resource value meets a kind of target: not at all, one by name, a part of them by a pattern,
    or any."""

    NONE = 0
    NAMED = 1
    PATTERN = 2
    ANY = 3


@record
class Aimed:
    """How a value meets its target, and which principals of the run it surely is about."""

    aim: Aim
    holders: tuple[Holder, ...] = ()
    caller: bool = False


_NOT_AT_ALL = Aimed(Aim.NONE)
_UNKNOWN_NAME = Aimed(Aim.NAMED)
_WORDS = {"user": "user", "role": "role", "group": "group", "permission-set": "role"}


def aim_at(kind: str, value: Value | None, directory: Directory | None, unit: str, asking: str) -> Aimed:
    """Return how a Resource value (None for a NotResource) meets users, roles or groups."""
    if value is None:
        return Aimed(Aim.ANY)
    text = value.text
    if text == "*":
        return Aimed(Aim.ANY)
    if directory is not None and value.parts:
        referred = directory.referred(unit, value, asking)
        if referred is not None:
            return Aimed(Aim.NAMED, (referred,)) if referred.kind == kind else _NOT_AT_ALL
    width = reach(value)
    if not _may_be(width, kind):
        return _UNKNOWN_NAME if is_bare_hole(value) else _NOT_AT_ALL
    if width.caller:
        return Aimed(Aim.NAMED, caller=True)
    if "role/aws-service-role/" in value.literal or "role/aws-reserved/" in value.literal:
        # Roles that AWS keeps: nobody else may change them or pass them on.
        return _NOT_AT_ALL
    if width.breadth >= Breadth.TYPE:
        return Aimed(Aim.ANY)
    found = () if directory is None else _by_text(kind, value, directory, unit)
    return Aimed(Aim.PATTERN if width.breadth is Breadth.PARTIAL else Aim.NAMED, found)


def _may_be(width: Reach, kind: str) -> bool:
    if width.breadth is Breadth.STAR:
        return True
    if width.service != "iam" and not ("*" in width.service and overlaps(width.service, "iam")):
        return False
    return width.type in {kind, ""} or width.breadth is Breadth.SERVICE


def is_bare_hole(value: Value) -> bool:
    """Whether a value may be a whole ARN of any kind, decided elsewhere."""
    first = value.parts[0] if value.parts else None
    return isinstance(first, Hole) and first.arn is None and first.alphabet is None


def _by_text(kind: str, value: Value, directory: Directory, unit: str) -> tuple[Holder, ...]:
    """Return the declared principals whose ARN a literal name or pattern takes in."""
    pattern = name_pattern(kind, value)
    if pattern is None:
        return ()
    if "*" not in pattern and "?" not in pattern:
        named = directory.named(unit, kind, pattern.rpartition("/")[2])
        return tuple(one for one in named if bears(one, pattern))
    candidates = directory.of_kind(unit, kind)
    directory.comparisons -= len(candidates)
    if directory.comparisons < 0:
        return ()
    return tuple(holder for holder in candidates if bears(holder, pattern))


def bears(holder: Holder, pattern: str) -> bool:
    """Say whether a pattern of path and name takes in one of a principal's names; a path that is decided
    elsewhere is not minded."""
    path = holder.path.lstrip("/")
    if not holder.path:
        pattern = pattern.rpartition("/")[2]
    return any(matches(pattern, path + name) for name in holder.names)


def name_pattern(kind: str, value: Value) -> str | None:
    """Return the pattern of path and name, None if a part of it is decided elsewhere."""
    pieces = []
    for part in value.segments:
        if isinstance(part, str):
            pieces.append(part)
        elif part.arn is not None:
            return (
                part.arn.split("/", 1)[1]
                if "/" in part.arn and "*" not in part.arn.split("/", 1)[1]
                else None
            )
        elif part.alphabet is not None:
            pieces.append("*")
        else:
            pieces.append("\0")
    fields = "".join(pieces).split(":", 5)
    if len(fields) < 6 or "\0" in fields[5]:
        return None
    word, slash, name = fields[5].partition("/")
    return name if slash and matches(word, kind) else None


def aim_at_policy(value: Value | None, holder: Holder, directory: Directory | None) -> tuple[Aimed, bool]:
    """Return how a value meets customer policies, and whether it surely is one that the holder has."""
    if value is None or value.text == "*":
        return Aimed(Aim.ANY), False
    width = reach(value)
    if width.account == "aws":
        return _NOT_AT_ALL, False
    own = [
        one for one in holder.policies if not one.inline and not one.managed and one.owner.type is not None
    ]
    if directory is not None and value.parts:
        referred = directory.policy(holder.unit, value, (), holder.address)
        if referred is not None:
            return Aimed(Aim.NAMED), any(referred is one for one in own)
    if not _may_be(width, "policy"):
        return (_UNKNOWN_NAME if is_bare_hole(value) else _NOT_AT_ALL), False
    if width.breadth >= Breadth.TYPE:
        return Aimed(Aim.ANY), False
    pattern = name_pattern("policy", value)
    mine = pattern is not None and any(one.name and matches(pattern, one.name) for one in own)
    return Aimed(Aim.PATTERN if width.breadth is Breadth.PARTIAL else Aim.NAMED), mine


def aim_at_resource(action: str, value: Value | None) -> Aimed:
    """Return how a value meets the resources that an action works on."""
    if value is None or value.text == "*":
        return Aimed(Aim.ANY)
    if not could_reach(action, value):
        return _NOT_AT_ALL
    width = reach(value)
    if width.breadth >= Breadth.TYPE:
        return Aimed(Aim.ANY)
    return Aimed(Aim.PATTERN if width.breadth is Breadth.PARTIAL else Aim.NAMED)


def could_reach(action: str, value: Value) -> bool:
    """Say whether a Resource value can be about something that an action works on. One that works on no
    resource needs the star."""
    if value.text == "*":
        return True
    width = reach(value)
    if width.breadth is Breadth.STAR:
        return True
    known = catalog()
    bit = known.expand(action)
    if bit & known.without_resource_types():
        return False
    if not width.service:
        return is_bare_hole(value) or width.breadth is Breadth.SERVICE
    return _works_on(action, width.service, width.type)


@lru_cache(maxsize=4096)
def _works_on(action: str, service: str, word: str) -> bool:
    known = catalog()
    bit = known.expand(action)
    if not bit:
        # Unknown to the catalogue: whatever is of its own service.
        return overlaps(service, action.partition(":")[0])
    if "*" in service or "?" in service:
        return True
    if not word:
        return bool(_of_service(service) & bit)
    return bool(actions_on(known, service, word) & bit)


@lru_cache(maxsize=512)
def _of_service(service: str) -> int:
    """Return the set of actions that work on resources whose ARNs name a service."""
    known = catalog()
    bits = known.service_bits(service)
    if service == "iam":
        bits |= known.service_bits("sts")
    if service == "ec2":
        bits |= known.service_bits("ssm") | known.service_bits("ec2-instance-connect")
    return bits


def covers_every(action: str, value: Value) -> bool:
    """Say whether a Resource value takes in everything that an action could work on: a Deny of it is one
    of the action as a whole."""
    width = reach(value)
    return width.breadth >= Breadth.TYPE and could_reach(action, value)


def may_share(one: Value, other: Value) -> bool:
    """Say whether some resource may fit both values, whatever their holes turn out to be."""
    return overlaps(pattern_text(one), pattern_text(other))
