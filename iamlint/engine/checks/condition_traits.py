"""What the tests of a statement are about, so that most checks of conditions need not look at them.

A test is an operator on a key; what the pair says is worked out once for each pair. The traits of all
tests of a statement together are the first question of every check: few statements have the one it
wants. Facts about keys are in `catalog/data/condition_check_facts.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache

from iamlint.catalog.datafiles import read
from iamlint.catalog.key_classes import KeyClass, KeyKind, classify_key
from iamlint.engine.checks.policy_facts import condition_keys
from iamlint.engine.checks.spec import Question
from iamlint.engine.subject import StatementSubject
from iamlint.model import Condition
from iamlint.record import record
from iamlint.semantics.conditions import Operator, parse_operator

__all__ = [
    "ACTION_KEY",
    "ADDRESS",
    "ARN_AS_TEXT",
    "BINARY",
    "BOOLEAN",
    "CALLER_CHOSEN",
    "DATE",
    "DYNAMODB_ATTRIBUTES",
    "EXACT_VALUE",
    "LONE_STAR",
    "NAME",
    "NOT_TEXT",
    "NO_QUALIFIER",
    "NUMBER",
    "PAIRED",
    "PRINCIPAL_KEY",
    "S3_PREFIX",
    "SOURCE_ADDRESS",
    "TRUTH",
    "VPCE",
    "ConditionTest",
    "check_facts",
    "key_list",
    "tests",
    "traits",
]

NAME = 1 << 0
"""The key is not known, though it should be, or lacks a part."""
ADDRESS = 1 << 1
SOURCE_ADDRESS = 1 << 2
"""An address test of aws:SourceIp."""
DATE = 1 << 3
NUMBER = 1 << 4
TRUTH = 1 << 5
"""Bool or Null: the values are true or false."""
BOOLEAN = 1 << 6
"""Bool on a key with one value."""
BINARY = 1 << 7
NOT_TEXT = ADDRESS | DATE | NUMBER | TRUTH | BINARY
"""Operators that read no policy variables."""
NO_QUALIFIER = 1 << 8
"""A list is tested without ForAllValues or ForAnyValue."""
ARN_AS_TEXT = 1 << 9
EXACT_VALUE = 1 << 10
"""A text is compared as a whole with a key whose values have one form."""
PAIRED = 1 << 11
CALLER_CHOSEN = 1 << 12
VPCE = 1 << 13
PRINCIPAL_KEY = 1 << 14
ACTION_KEY = 1 << 15
DYNAMODB_ATTRIBUTES = 1 << 16
S3_PREFIX = 1 << 17
LONE_STAR = 1 << 18
"""The one value is `*` under StringLike or StringNotLike."""

_FAMILIES = {"Ip": ADDRESS, "Date": DATE, "Numeric": NUMBER, "Bool": TRUTH, "Null": TRUTH, "Binary": BINARY}
_WRONG_NAMES = frozenset(
    {KeyKind.MALFORMED, KeyKind.RETIRED, KeyKind.NO_TAG, KeyKind.NOT_GLOBAL, KeyKind.NOT_IN_SERVICE}
)
_LIKE = frozenset({"StringLike", "StringNotLike"})
_PAIRED = frozenset({"aws:vpcsourceip", "aws:ec2instancesourceprivateipv4"})


@record
class ConditionTest:
    """An operator on a key, taken apart; `traits` are the bits above."""

    operator: Operator
    key: KeyClass
    traits: int


@cache
def check_facts() -> Mapping[str, Mapping[str, object]]:
    """Return the data file of these checks, by section."""
    data: dict[str, object] = json.loads(read("condition_check_facts.json"))
    return {name: section for name, section in data.items() if isinstance(section, dict)}


@cache
def key_list(section: str, name: str = "keys") -> frozenset[str]:
    """Return a list of the data file in small letters."""
    values = check_facts()[section][name]
    assert isinstance(values, list)  # INVARIANT: the file is part of the package
    return frozenset(str(value).lower() for value in values)


@lru_cache(maxsize=8_192)
def read_test(operator_text: str, key_text: str) -> ConditionTest:
    """Return what an operator on a key says."""
    operator = parse_operator(operator_text)
    key = classify_key(key_text)
    bits = NAME if key.kind in _WRONG_NAMES else 0
    lower = key.lower
    if lower in condition_keys("chosen_by_the_caller"):
        bits |= CALLER_CHOSEN
    if lower in _PAIRED:
        bits |= PAIRED
    if lower.startswith("aws:vpce"):
        bits |= VPCE
    if lower in key_list("principal_keys") or lower.startswith(tuple(key_list("principal_keys", "stems"))):
        bits |= PRINCIPAL_KEY
    if lower in key_list("keys_of_actions"):
        bits |= ACTION_KEY
    if not operator.known:
        return ConditionTest(operator, key, bits)
    bits |= _FAMILIES.get(operator.family, 0)
    if operator.base == "Bool" and operator.quantifier is None and key.single:
        bits |= BOOLEAN
    if operator.family == "Ip" and lower == "aws:sourceip":
        bits |= SOURCE_ADDRESS
    if operator.base != "Null":
        if key.many and operator.quantifier is None:
            bits |= NO_QUALIFIER
        if lower == "dynamodb:attributes":
            bits |= DYNAMODB_ATTRIBUTES
        if lower == "s3:prefix":
            bits |= S3_PREFIX
    if operator.base in _LIKE and key.type == "ARN":
        bits |= ARN_AS_TEXT
    if operator.family == "String" and operator.base not in _LIKE and _has_form(lower):
        bits |= EXACT_VALUE
    return ConditionTest(operator, key, bits)


def _has_form(lower: str) -> bool:
    return (
        lower in {"aws:sourcevpc", "aws:sourcevpce"}
        or lower in key_list("region_keys")
        or lower in key_list("kms_key_arn_keys")
        or lower in key_list("service_principal_keys")
        or lower in key_list("service_principal_keys", "with_region")
    )


def traits(subject: StatementSubject) -> int:
    """Return what any test of the statement is about; ask through `subject.fact`."""
    bits = 0
    for condition in subject.statement.conditions:
        test = read_test(condition.operator, condition.key)
        bits |= test.traits
        values = condition.values
        if len(values) == 1 and values[0].text == "*" and test.operator.base in _LIKE:
            bits |= LONE_STAR
    return bits


def tests(subject: StatementSubject, wanted: int) -> Iterator[tuple[Condition, ConditionTest]]:
    """Yield each test of the statement that has one of the `wanted` traits."""
    for condition in subject.statement.conditions:
        test = read_test(condition.operator, condition.key)
        if test.traits & wanted:
            yield condition, test


def lone_stars(subject: StatementSubject) -> Iterator[tuple[Condition, ConditionTest]]:
    """Yield each test of the statement whose one value is `*` under a Like operator for texts."""
    for condition in subject.statement.conditions:
        values = condition.values
        if len(values) == 1 and values[0].text == "*":
            test = read_test(condition.operator, condition.key)
            if test.operator.base in _LIKE:
                yield condition, test


# --- first questions ------------------------------------------------------------------------------


def _asking(wanted: int) -> Callable[[Mapping[str, object]], Question]:
    """Return what makes the first question "does a test have one of these traits?"."""

    def ask(subject: StatementSubject) -> bool:
        return bool(subject.fact(traits) & wanted)

    return lambda _: ask


asks_name = _asking(NAME)
asks_address = _asking(ADDRESS)
asks_source_address = _asking(SOURCE_ADDRESS)
asks_not_text = _asking(NOT_TEXT)
asks_boolean = _asking(BOOLEAN)
asks_number = _asking(NUMBER)
asks_date = _asking(DATE)
asks_no_qualifier = _asking(NO_QUALIFIER)
asks_arn_as_text = _asking(ARN_AS_TEXT)
asks_exact_value = _asking(EXACT_VALUE)
asks_paired = _asking(PAIRED)
asks_caller_chosen = _asking(CALLER_CHOSEN)
asks_vpce = _asking(VPCE)
asks_principal_key = _asking(PRINCIPAL_KEY)
asks_action_key = _asking(ACTION_KEY)
asks_dynamodb_attributes = _asking(DYNAMODB_ATTRIBUTES)
asks_s3_prefix = _asking(S3_PREFIX)
asks_lone_star = _asking(LONE_STAR)
