"""How wide a resource pattern is, and whether a condition narrows what a statement reaches.

Breadth is about names: `role/*` is every role, `role/app-*` a part of them, `bucket/*` one bucket.
The Region and the account of an ARN do not count: whoever may touch every queue of one Region may
touch every queue that matters. A hole is a name that somebody else writes, never a wildcard.
"""

from __future__ import annotations

import enum
import re
from functools import lru_cache

from iamlint.catalog import Catalog, catalog
from iamlint.engine.action_sets import action_sets
from iamlint.model import Condition, Hole, Statement, Value
from iamlint.record import record
from iamlint.semantics.conditions import parse_operator

__all__ = [
    "Breadth",
    "Reach",
    "actions_on",
    "is_over",
    "narrows_request",
    "reach",
    "reach_of",
    "unscoped_mask",
]

_CLOCKS = frozenset({"aws:currenttime", "aws:epochtime", "aws:tokenissuetime"})

_HOLE = "\0"
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_CALLER = re.compile(r"\$\{aws:(?:username|userid)\}", re.IGNORECASE)
_SEPARATOR = re.compile(r"[/:]")
_LONGEST_CACHED = 2_048

# Services with ARNs that start with a name where others have the word for a type. Found in the
# catalogue: resource types whose ARN format opens with a placeholder after the account.
_NO_TYPE_WORD = frozenset(
    {
        "codecommit",
        "codepipeline",
        "execute-api",
        "neptune-db",
        "s3",
        "servicequotas",
        "sns",
        "sqs",
        "ssm-sap",
        "wafv2",
    }
)

# Actions that work on resources of another service: roles are assumed by STS actions, instances
# are reached through Systems Manager and Instance Connect (Service Authorization Reference).
_ALSO_REACHES = {"iam": ("sts",), "ec2": ("ssm", "ec2-instance-connect")}


class Breadth(enum.IntEnum):
    """How much of a service a resource pattern takes in, from one thing to everything."""

    NAMED = 0
    PARTIAL = 1
    TYPE = 2
    SERVICE = 3
    STAR = 4


@record
class Reach:
    """What a resource pattern takes in.

    `service` and `type` are the words of the ARN (`iam`, `role`), empty where there are none.
    `account` and `region` are the fields as written, a hole as NUL. `caller` is set when the name
    is the caller's own (`user/${aws:username}`).
    """

    breadth: Breadth
    service: str = ""
    type: str = ""
    region: str = ""
    account: str = ""
    caller: bool = False


def reach(value: Value) -> Reach:
    """Return what a Resource value takes in."""
    text = value.text
    if text is None:
        first = value.parts[0]
        if isinstance(first, Hole):
            if first.arn is None and first.alphabet is None:
                # It may be a whole ARN: whatever is written behind it is below one named thing.
                return Reach(Breadth.NAMED)
            text = (first.arn or "*").replace("*", _HOLE) + "".join(map(_written, value.parts[1:]))
        else:
            text = "".join(map(_written, value.parts))
    return reach_of(text) if len(text) <= _LONGEST_CACHED else _reach(text)


def _written(part: str | Hole) -> str:
    return part if isinstance(part, str) else _HOLE


@lru_cache(maxsize=8_192)
def reach_of(text: str) -> Reach:
    """Return what a resource pattern takes in; holes are written as NUL."""
    return _reach(text)


def _reach(text: str) -> Reach:
    if text and not text.strip("*"):
        return Reach(Breadth.STAR)
    caller = False
    if "${" in text:
        caller = _CALLER.search(text) is not None
        # Up to the last brace every beginning has an end, so no text is searched twice.
        end = text.rfind("}") + 1
        text = _VARIABLE.sub(_HOLE, text[:end]) + text[end:]
    fields = text.split(":", 5)
    if len(fields) < 6:
        if not fields[-1].endswith("*"):
            return Reach(Breadth.NAMED, caller=caller)
        # The last star runs on through the fields that are not written.
        fields.extend("*" * (6 - len(fields)))
    service, region, account, name = fields[2:]
    if not name.strip("*/:"):
        breadth = Breadth.STAR if service and not service.strip("*") else Breadth.SERVICE
        return Reach(breadth if "*" in name else Breadth.NAMED, service, "", region, account)
    kind, breadth = _name_breadth(service, name)
    return Reach(breadth, service, kind, region, account, caller)


def _name_breadth(service: str, name: str) -> tuple[str, Breadth]:
    """Return the word for the type and the breadth of the part behind the account."""
    if "*" not in name and "?" not in name:
        typed = service not in _NO_TYPE_WORD
        return (_SEPARATOR.split(name.lstrip("/"), maxsplit=1)[0] if typed else ""), Breadth.NAMED
    if service in _NO_TYPE_WORD:
        first = _SEPARATOR.split(name, maxsplit=1)[0]
        return "", Breadth.PARTIAL if _open(first) else Breadth.NAMED
    kind, *rest = _SEPARATOR.split(name.lstrip("/"), maxsplit=1)
    if _open(kind):
        return "", Breadth.PARTIAL
    if not rest:
        return kind, Breadth.NAMED
    if "*" in rest[0] and not rest[0].strip("*/:"):
        return kind, Breadth.TYPE
    # An IAM name may have a path before it, so the name itself is open when anything is.
    first = rest[0] if service == "iam" else _SEPARATOR.split(rest[0], maxsplit=1)[0]
    return kind, Breadth.PARTIAL if _open(first) else Breadth.NAMED


def _open(name: str) -> bool:
    """Say whether a name is open; the six characters that Secrets Manager adds are not counted."""
    name = name.removesuffix("-??????")
    return "*" in name or "?" in name


def unscoped_mask(statement: Statement, catalog: Catalog) -> int:
    """Return the set of actions for which the statement's resources are wide open."""
    if statement.not_resources is not None:
        return catalog.all_actions
    mask = 0
    open_types: set[tuple[str, str]] = set()
    narrow_types: set[tuple[str, str]] = set()
    for value in statement.resources or ():
        if value.text == "*":
            return catalog.all_actions
        found = reach(value)
        if found.breadth is Breadth.STAR:
            return catalog.all_actions
        if found.breadth is Breadth.SERVICE:
            mask |= catalog.service_bits(found.service)
            for other in _ALSO_REACHES.get(found.service, ()):
                mask |= catalog.service_bits(other)
        else:
            types = open_types if found.breadth is Breadth.TYPE else narrow_types
            types.add((found.service, found.type))
    if open_types:
        typed = 0
        for service, word in open_types:
            typed |= actions_on(catalog, service, word)
        # Any instance, but only one document: what is done to the instances is in that document.
        for service, word in narrow_types - open_types:
            typed &= ~actions_on(catalog, service, word, required=True)
        mask |= typed
    return mask


@lru_cache(maxsize=1_024)
def actions_on(catalog: Catalog, arn_service: str, word: str, *, required: bool = False) -> int:
    """Return the set of actions that work on a type of resource: `iam` and `role` give iam:PassRole,
    sts:AssumeRole and so on. The words are those of the ARN. With `required` only those that always
    name such a resource."""
    bits = 0
    for prefix in (arn_service, *_ALSO_REACHES.get(arn_service, ())):
        service = catalog.service(prefix)
        if service is None:
            continue
        names = {
            kind.name
            for kind in service.resource_types
            if any(_service_and_word(arn) == (arn_service, word) for arn in kind.arns)
        }
        if names:
            bits |= service.working_on(names, required)
    return bits


def _service_and_word(arn: str) -> tuple[str, str]:
    """Return the service and the word for the type of an ARN format."""
    fields = arn.split(":", 5)
    if len(fields) < 6:
        return "", ""
    return fields[2], _SEPARATOR.split(fields[5].lstrip("/"), maxsplit=1)[0]


_ALWAYS_SENT = frozenset({"organizations:serviceprincipal"})
"""Keys that every request carries for which an IfExists could matter: the service to delegate or trust."""


def is_over(condition: Condition) -> bool:
    """Say whether a test asks for a time before the catalogue was made: no request passes it any more."""
    if condition.key.lower() not in _CLOCKS:
        return False
    operator = parse_operator(condition.operator)
    if (
        operator.base not in {"DateLessThan", "DateLessThanEquals"}
        or operator.if_exists
        or operator.quantifier
    ):
        return False
    from iamlint.semantics.evaluation.values import read_date

    made = read_date(catalog().date)
    times = [None if value.text is None else read_date(value.text) for value in condition.values]
    return made is not None and bool(times) and all(time is not None and time < made for time in times)


def narrows_request(condition: Condition) -> bool:
    """Say whether one test limits the resources or requests that a statement is about.

    A test that an absent key passes (IfExists, ForAllValues), a negated one and a lone star limit
    nothing. Which keys only describe the caller or the way in stands in `action_sets.json`.
    """
    operator = parse_operator(condition.operator)
    if operator.negated or (operator.if_exists and condition.key.lower() not in _ALWAYS_SENT):
        return False
    # A request to tag always has tag keys; of other keys an absent one passes ForAllValues.
    if operator.quantifier == "ForAllValues" and condition.key.lower() != "aws:tagkeys":
        return False
    if is_over(condition):
        return True
    if action_sets().describes_caller(condition.key):
        return False
    if operator.base == "Null":
        return all(str(value).lower() == "false" for value in condition.values)
    if "resourcetag/" in condition.key.lower():
        # Any value will do, but the tag must be there.
        return bool(condition.values)
    return bool(condition.values) and not any(
        value.text is not None and not value.text.strip("*") for value in condition.values
    )
