"""Condition operators and what a condition block bounds.

The facts about keys (which ones pin the caller to an owner, which values are too wide) are in
`catalog/data/condition_facts.json`, made from the AWS pages named there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import lru_cache

from iamlint.model import Condition, Hole, Statement, Value
from iamlint.record import record
from iamlint.semantics.patterns import matches

__all__ = [
    "Operator",
    "bounding_conditions",
    "bounds_caller",
    "condition_on",
    "denies_strangers",
    "facts",
    "is_met_by_few",
    "is_private_range",
    "names_source",
    "parse_operator",
    "required_conditions",
]

_FACTS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "catalog", "data", "condition_facts.json")


@record
class Operator:
    """A condition operator taken apart: `ForAnyValue:StringNotLikeIfExists` is quantifier
    `ForAnyValue`, base `StringNotLike`, if_exists true. `known` says that IAM has the base."""

    quantifier: str | None
    base: str
    if_exists: bool
    known: bool

    @property
    def negated(self) -> bool:
        """Whether the operator is true when the values do not match."""
        return "Not" in self.base

    @property
    def family(self) -> str:
        """The type of value it compares: String, Arn, Numeric, Date, Bool, Ip, Binary or Null."""
        for family in ("String", "Arn", "Numeric", "Date", "Bool", "Binary", "Null"):
            if self.base.startswith(family):
                return family
        return "Ip"


@record
class ConditionFacts:
    """What the data file tells about condition keys; all key names in lower case."""

    bounding: frozenset[str]
    bounding_when_true: frozenset[str]
    owner_arn: frozenset[str]
    operators: dict[str, str]
    widest_prefix_v4: int
    widest_prefix_v6: int


@lru_cache(maxsize=1)
def facts() -> ConditionFacts:
    """Return the facts about condition keys (loaded once)."""
    with open(_FACTS, encoding="utf-8") as file:
        data = json.load(file)
    return ConditionFacts(
        bounding=frozenset(key.lower() for key in data["bounding_keys"]),
        bounding_when_true=frozenset(key.lower() for key in data["bounding_when_true"]),
        owner_arn=frozenset(key.lower() for key in data["arn_keys_fixed_by_account"]),
        operators={name.lower(): name for name in data["operators"]},
        widest_prefix_v4=data["widest_source_ip_prefix"]["ipv4"],
        widest_prefix_v6=data["widest_source_ip_prefix"]["ipv6"],
    )


@lru_cache(maxsize=512)
def parse_operator(text: str) -> Operator:
    """Take an operator apart; names are case-insensitive, an unknown base is kept as written."""
    quantifier: str | None = None
    base = text
    for name in ("ForAllValues", "ForAnyValue"):
        if text.lower().startswith(name.lower() + ":"):
            quantifier, base = name, text[len(name) + 1 :]
    if_exists = False
    if base.lower().endswith("ifexists"):
        if_exists, base = True, base[: -len("IfExists")]
    known = facts().operators.get(base.lower())
    return Operator(quantifier, known or base, if_exists, known is not None)


def condition_on(statement: Statement, *keys: str) -> Iterator[Condition]:
    """Yield the tests of the statement on one of the keys (compared without letter case)."""
    wanted = {key.lower() for key in keys}
    for condition in statement.conditions:
        if condition.key.lower() in wanted:
            yield condition


def bounding_conditions(statement: Statement) -> Iterator[Condition]:
    """Yield the tests that pin every caller to fixed, owner-controlled values.

    The test of evaluation by AWS's own notion of public: a positive test, without IfExists and
    ForAllValues, on a key that the caller cannot choose, with fixed values. A value that is a hole
    counts as fixed: the template decides it, and it is no wildcard.
    """
    for condition in statement.conditions:
        if bounds_caller(condition):
            yield condition


def bounds_caller(condition: Condition) -> bool:
    """Say whether one test pins the caller; see `bounding_conditions`."""
    key = condition.key.lower()
    known = facts()
    if condition.values and key not in known.bounding and key not in known.bounding_when_true:
        return False
    operator = parse_operator(condition.operator)
    if operator.negated or not _asks_for_key(operator):
        return False
    # Without a value the test is either true of nobody, or could not be read.
    return not condition.values or _pins(key, operator, condition, known)


def required_conditions(statement: Statement, *keys: str) -> Iterator[Condition]:
    """Yield the tests that a request must pass on one of the keys: positive, and false without the key.

    A key may hold wildcards (`aws:PrincipalTag/*`); letter case is ignored. A test that every value
    passes (`StringLike` with `*`) asks for nothing and is left out.
    """
    wanted = [key.lower() for key in keys]
    for condition in statement.conditions:
        lower = condition.key.lower()
        if any(lower == key or ("*" in key and matches(key, lower)) for key in wanted):
            operator = parse_operator(condition.operator)
            if not operator.negated and _asks_for_key(operator) and is_met_by_few(condition):
                yield condition


def names_source(statement: Statement, *keys: str) -> bool:
    """Say whether a test on one of the keys says whose request it is: as `required_conditions`, and where
    the key is one that names an owner, with an owner's value (`arn:aws:sns:*:*:*` is everybody's)."""
    known = facts()
    return any(
        condition.key.lower() not in known.bounding or bounds_caller(condition)
        for condition in required_conditions(statement, *keys)
    )


def is_met_by_few(condition: Condition) -> bool:
    """Say whether no value of the test is a lone star, which every text passes."""
    values = condition.values
    return bool(values) and not any(value.text and not value.text.strip("*") for value in values)


def denies_strangers(statement: Statement) -> bool:
    """Say whether a Deny leaves out nobody but callers that a fixed, owner-controlled value names.

    It does when whoever escapes it is pinned: each of its tests, turned round, bounds the caller as
    `bounds_caller` says, and is true when the key is absent. `StringNotEquals` on the organisation is
    such a test, as is `BoolIfExists` on `aws:PrincipalIsAWSService` with `false`; a Deny without
    conditions lets nobody escape, one with NotPrincipal those that it lists.
    """
    if not statement.is_deny or statement.unread_condition or statement.when:
        return False
    if statement.not_principals is not None:
        if any(p.value.text is None or "*" in p.value.text for p in statement.not_principals):
            return False
    elif not any(p.value.text == "*" and p.type in {"*", "AWS"} for p in statement.principals or ()):
        return False
    known = facts()
    for condition in statement.conditions:
        key = condition.key.lower()
        operator = parse_operator(condition.operator)
        if key in known.bounding_when_true:
            # `Bool` without IfExists is false for a request without the key, so that one escapes.
            if operator.base != "Bool" or not (operator.if_exists or operator.quantifier == "ForAllValues"):
                return False
            if not condition.values or any(_lower(value) != "false" for value in condition.values):
                return False
        elif key in known.bounding:
            if not operator.negated or operator.quantifier == "ForAnyValue" or not condition.values:
                return False
            if not operator.known or not _pins(key, operator, condition, known):
                return False
        else:
            return False
    return True


def _asks_for_key(operator: Operator) -> bool:
    """Say whether a positive test fails when the request lacks the key."""
    if not operator.known or operator.base == "Null":
        return False
    return not (operator.if_exists or operator.quantifier == "ForAllValues")


def _pins(key: str, operator: Operator, condition: Condition, known: ConditionFacts) -> bool:
    """Say whether the values are fixed and an owner's; the operator's sense is for the caller to judge."""
    if key in known.bounding_when_true:
        return all(value.text is None or _lower(value) == "true" for value in condition.values)
    if operator.family == "Ip":
        return all(_narrow_range(value) for value in condition.values)
    if key in known.owner_arn and not operator.base.startswith(("StringEquals", "StringNotEquals")):
        return all(_fixed_account(value) for value in condition.values)
    if operator.base in {"StringLike", "StringNotLike", "ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"}:
        return all(_fixed_prefix(key, value) for value in condition.values)
    # Under an equality operator a star is an ordinary character: nobody has such a value, and
    # another rule says so. An empty organisation is said to be met by callers without one.
    if any(value.text == "" for value in condition.values) and "org" in key:
        return False
    return not any(_has_variable(value) for value in condition.values)


def _lower(value: Value) -> str:
    return str(value).lower()


def _has_variable(value: Value) -> bool:
    return "${" in value.literal


def _fixed_prefix(key: str, value: Value) -> bool:
    if _has_variable(value):
        return False
    if key in {"aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths"}:
        first = str(value).partition("/")[0]
        return bool(first) and "*" not in first and "?" not in first
    literal = value.literal
    fixed = bool(value.segments) and "*" not in literal and "?" not in literal
    if key == "aws:userid" and not fixed:
        first, colon, _ = str(value).partition(":")
        return bool(colon) and "*" not in first and "?" not in first and not first.startswith("AROA")
    return fixed


def _fixed_account(value: Value) -> bool:
    """Say whether an ARN value fixes who owns it: its account, or all of it for ARNs without one."""
    if _has_variable(value):
        return False
    literal = value.literal
    if "*" not in literal and "?" not in literal:
        # One ARN; what is no ARN at all, as the empty text, is nobody's.
        return True
    fields = [""]
    for part in value.segments:
        if isinstance(part, Hole):
            if part.arn is not None or part.alphabet is None:
                # A hole that may be a whole ARN, with a wildcard behind it, still names its owner.
                fields[-1] += "\0"
                if len(fields) == 1:
                    return True
            else:
                fields[-1] += "\0"
            continue
        first, *rest = part.split(":")
        fields[-1] += first
        fields.extend(rest)
    if len(fields) < 6:
        return False
    account = fields[4]
    if account and "*" not in account and "?" not in account:
        return True
    # Bucket ARNs carry no account, whatever stands there; a name without a wildcard is one owner's.
    name = fields[5].partition("/")[0]
    return fields[2] == "s3" and bool(name) and "*" not in name and "?" not in name


def _narrow_range(value: Value) -> bool:
    if value.text is None:
        return True
    import ipaddress

    try:
        network = ipaddress.ip_network(value.text.strip(), strict=False)
    except ValueError:
        return False
    if network.is_private and network.prefixlen > 0:
        return True
    known = facts()
    widest = known.widest_prefix_v4 if network.version == 4 else known.widest_prefix_v6
    return network.prefixlen >= widest


def is_private_range(value: Value) -> bool:
    """Say whether a value is surely an address or range of a private network."""
    import ipaddress

    try:
        network = ipaddress.ip_network((value.text or "").strip(), strict=False)
    except ValueError:
        return False
    return network.is_private and network.prefixlen > 0
