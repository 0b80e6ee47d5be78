"""Condition operators: IAM user guide, "IAM JSON policy elements: Condition operators"."""

from __future__ import annotations

from typing import Any

import pytest
from asking import ALLOWED, IMPLICIT, ask, document, holds

from iamlint.semantics.evaluation import Presence, Readings

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:q"


@pytest.mark.parametrize(
    ("operator", "values", "value", "expected"),
    [
        # String: the same text; wildcards are ordinary characters.
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", ["x", "a"], "a", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a*", "a*", True),
        ("StringEquals", "", "", True),
        ("StringEquals", [], "a", False),
        ("StringEquals", True, "true", True),
        ("StringEquals", 10, "10", True),
        ("stringEQUALS", "a", "a", True),
        ("StringNotEquals", "a", "a", False),
        ("StringNotEquals", ["x", "a"], "a", False),
        ("StringNotEquals", ["x", "y"], "a", True),
        ("StringNotEquals", [], "a", True),
        ("StringEqualsIgnoreCase", "aBc", "AbC", True),
        ("StringNotEqualsIgnoreCase", "aBc", "AbC", False),
        # Globs cross everything and heed letter case.
        ("StringLike", "a*", "a/b:c", True),
        ("StringLike", "a?c", "abc", True),
        ("StringLike", "a?c", "ac", False),
        ("StringLike", "A*", "ab", False),
        ("StringLike", "*", "", True),
        ("StringLike", "?*", "", False),
        ("StringNotLike", "a*", "abc", False),
        ("StringNotLike", "a*", "bc", True),
        # ARNs: six parts, each a glob; the sixth may hold colons. Equals and Like are the same.
        ("ArnEquals", "arn:aws:sqs:*:*:q", QUEUE, True),
        ("ArnLike", "arn:aws:sqs:*:*:q", QUEUE, True),
        ("ArnLike", "arn:aws:sqs:*:q", QUEUE, False),
        ("ArnLike", "arn:*", QUEUE, False),
        ("ArnLike", "*", QUEUE, False),
        ("ArnLike", "arn:aws:lambda:*:*:function:*", "arn:aws:lambda:r:1:function:f:1", True),
        ("ArnLike", "arn:aws:s3:::b*", "b", False),
        ("ArnNotEquals", "arn:aws:sqs:*:*:q", QUEUE, False),
        ("ArnNotLike", "arn:aws:sqs:*:*:other", QUEUE, True),
        ("ArnNotLike", "arn:*", QUEUE, True),
        ("ArnNotLike", "arn:aws:sqs:*:*:other", "no ARN", False),
        # Exact decimals.
        ("NumericEquals", "10", "10.0", True),
        ("NumericEquals", 10.0, "10", True),
        ("NumericEquals", "0.1", "0.1000000000000000000001", False),
        ("NumericNotEquals", "10", "10.0", False),
        ("NumericNotEquals", "10", "9", True),
        ("NumericNotEquals", "10", "ten", False),
        ("NumericNotEquals", "ten", "10", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThan", "10", "9.99", True),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "10", "10", False),
        ("NumericGreaterThan", "-1", "0", True),
        ("NumericGreaterThanEquals", ["20", "10"], "15", True),
        ("NumericEquals", "1e2", "100", True),
        ("NumericLessThan", "10", "", False),
        # Instants: ISO 8601 in the W3C profile, or epoch seconds; what is missing is the start, in UTC.
        ("DateEquals", "2024-02-29T00:00:00Z", "2024-02-29", True),
        ("DateEquals", "2024-02-29T00:00Z", "2024-02-29T01:00:00+01:00", True),
        ("DateEquals", "1709164800", "2024-02-29T00:00:00Z", True),
        ("DateEquals", "2024", "2024-01-01T00:00:00Z", True),
        ("DateEquals", "2024-02", "2024-02-01", True),
        ("DateEquals", "2024-02-30", "2024-02-30", False),
        ("DateNotEquals", "2024", "2025", True),
        ("DateNotEquals", "2024", "tomorrow", False),
        ("DateLessThan", "2024-02-29T00:00:00Z", "2024-02-28T23:59:59.999Z", True),
        ("DateLessThanEquals", "2024", "2024", True),
        ("DateGreaterThan", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+00:01", False),
        ("DateGreaterThanEquals", "2024", "2024-01-01T00:00:00-00:01", True),
        # Truth values without letter case.
        ("Bool", "true", "True", True),
        ("Bool", True, "true", True),
        ("Bool", "true", "false", False),
        ("Bool", ["true", "false"], "false", True),
        ("Bool", "yes", "yes", False),
        # Bytes behind base64.
        ("BinaryEquals", "QQ==", "QQ==", True),
        ("BinaryEquals", "QQ==", "QUE=", False),
        ("BinaryEquals", "no base64", "no base64", False),
        # Addresses.
        ("IpAddress", "10.0.0.0/8", "10.255.0.1", True),
        ("IpAddress", "10.0.0.0/8", "11.0.0.1", False),
        ("IpAddress", "10.1.2.3", "10.1.2.3", True),
        ("IpAddress", "10.1.2.3/8", "10.9.9.9", True),
        ("IpAddress", "2001:db8::/32", "2001:db8:1::1", True),
        ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
        ("IpAddress", "10.0.0.0/33", "10.0.0.1", False),
        ("IpAddress", "10.0.0.0/8", "10.0.0.0/16", False),
        ("IpAddress", "10.0.0.0/255.0.0.0", "10.0.0.1", False),
        ("NotIpAddress", "10.0.0.0/8", "10.0.0.1", False),
        ("NotIpAddress", "10.0.0.0/8", "11.0.0.1", True),
        ("NotIpAddress", "0.0.0.0/0", "2001:db8::1", True),
        ("NotIpAddress", "10.0.0.0/8", "somewhere", False),
        # Null asks whether the key is there; a list is ORed.
        ("Null", "true", "x", False),
        ("Null", "false", "x", True),
        ("Null", False, "", True),
        ("Null", ["true", "false"], "x", True),
        ("Null", "false", ["x"], True),
        ("Null", "nonsense", "x", False),
    ],
)
def test_one_value_against_the_list(operator: str, values: Any, value: Any, expected: bool) -> None:
    assert holds(operator, values, value) is expected


ABSENT = [
    # operator, values, when the key is absent
    ("StringEquals", "a", False),
    ("StringNotEquals", "a", True),
    ("ArnNotLike", "arn:aws:s3:::b", True),
    ("NumericNotEquals", "1", True),
    ("NotIpAddress", "10.0.0.0/8", True),
    ("Null", "true", True),
    ("Null", "false", False),
    ("Null", ["true", "false"], True),
    ("StringEqualsIfExists", "a", True),
    ("StringNotEqualsIfExists", "a", True),
    ("BoolIfExists", "true", True),
    ("ForAllValues:StringEquals", "a", True),
    ("ForAllValues:StringNotEquals", "a", True),
    ("ForAllValues:StringEqualsIfExists", "a", True),
    ("ForAnyValue:StringEquals", "a", False),
    ("ForAnyValue:StringNotEquals", "a", False),
    ("ForAnyValue:StringEqualsIfExists", "a", True),
    ("ForAnyValue:StringNotEqualsIfExists", "a", True),
]


@pytest.mark.parametrize(("operator", "values", "expected"), ABSENT)
@pytest.mark.parametrize("missing", [None, []], ids=["absent", "empty-list"])
def test_the_key_is_absent(operator: str, values: Any, expected: bool, missing: Any) -> None:
    assert holds(operator, values, missing) is expected


@pytest.mark.parametrize(
    ("operator", "values", "value", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringNotEquals", ["a"], ["b", "c"], True),
        ("ForAllValues:StringNotEquals", ["a"], ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["a"], ["a", "c"], True),
        ("ForAnyValue:StringEquals", ["a"], ["c"], False),
        # Holds as soon as one value differs.
        ("ForAnyValue:StringNotEquals", ["a"], ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a"], ["a"], False),
        ("ForAnyValue:IpAddress", "10.0.0.0/8", ["nowhere", "10.0.0.1"], True),
        ("ForAllValues:NumericNotEquals", "1", ["2", "two"], False),
        # A single-valued key is a set of one.
        ("ForAllValues:StringEquals", ["a"], "a", True),
        ("ForAnyValue:StringNotEquals", ["a"], "a", False),
        # A plain operator on a multi-valued key is a mistake that matches nothing.
        ("StringEquals", ["a"], ["a"], False),
        ("StringNotEquals", ["x"], ["a"], False),
        ("StringEqualsIfExists", ["a"], ["a"], False),
    ],
)
def test_sets_of_values(operator: str, values: Any, value: Any, expected: bool) -> None:
    assert holds(operator, values, value) is expected


def test_a_block_is_true_when_all_of_its_entries_are() -> None:
    block = {"StringEquals": {"a": "1", "b": "2"}, "StringLike": {"A": "1*"}}
    policies = {"identity": [document({"Condition": block})]}
    assert ask(context={"a": "1", "B": "2"}, **policies) == ALLOWED
    assert ask(context={"a": "1"}, **policies) == IMPLICIT
    assert ask(context={"a": "1", "b": "3"}, **policies) == IMPLICIT
    block = {"StringEquals": {"a": "1"}, "StringNotEquals": {"A": "1"}}
    assert ask(context={"a": "1"}, identity=[document({"Condition": block})]) == IMPLICIT


def test_key_names_heed_no_letter_case_even_in_the_tag() -> None:
    statement = {"Condition": {"StringEquals": {"AWS:principaltag/TEAM": "red"}}}
    assert ask(context={"aws:PrincipalTag/Team": "red"}, identity=[document(statement)]) == ALLOWED


@pytest.mark.parametrize(
    ("readings", "operator", "values", "value", "expected"),
    [
        # R1: an empty text under Null and the set operators.
        (Readings(), "Null", "true", "", False),
        (Readings(empty_string=Presence.ABSENT), "Null", "true", "", True),
        (Readings(), "ForAllValues:StringEquals", "a", [""], False),
        (Readings(empty_string=Presence.ABSENT), "ForAllValues:StringEquals", "a", [""], True),
        (Readings(), "ForAnyValue:StringEquals", "", [""], True),
        (Readings(empty_string=Presence.ABSENT), "ForAnyValue:StringEquals", "", [""], False),
        (Readings(empty_string=Presence.ABSENT), "StringEquals", "", "", True),
        # R1: an empty list.
        (Readings(), "Null", "true", [], True),
        (Readings(empty_list=Presence.PRESENT), "Null", "true", [], False),
        (Readings(empty_list=Presence.PRESENT), "ForAnyValue:StringEqualsIfExists", "a", [], False),
        # R6: ForAnyValue with IfExists on an absent key.
        (Readings(), "ForAnyValue:StringEqualsIfExists", "a", None, True),
        (Readings(any_value_if_exists=False), "ForAnyValue:StringEqualsIfExists", "a", None, False),
    ],
)
def test_readings_of_what_is_empty_or_absent(
    readings: Readings, operator: str, values: Any, value: Any, expected: bool
) -> None:
    assert holds(operator, values, value, readings=readings) is expected
