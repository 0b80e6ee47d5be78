"""Idle statements: which ones, why, and what makes them so."""

from __future__ import annotations

import pytest
from algebra_policies import BUCKET, Json, allow, deny, policy

from iamlint.model import PolicyKind
from iamlint.semantics.algebra.statements import examine

CASES: dict[str, tuple[list[Json], list[tuple[str, int, list[int]]]]] = {
    "narrower beside wider": ([allow("s3:*"), allow("s3:GetObject", BUCKET + "*")], [("redundant", 1, [0])]),
    "twice the same": ([allow("s3:*"), allow("s3:*")], [("redundant", 0, [1]), ("redundant", 1, [0])]),
    "two that cover a third together": (
        [allow("s3:Get*"), allow("s3:Put*"), allow(["s3:GetObject", "s3:PutObject"])],
        [("redundant", 2, [0, 1])],
    ),
    "denied whole": ([allow("s3:Get*"), deny("s3:*")], [("shadowed", 0, [1])]),
    "denied by two": (
        [allow(["s3:GetObject", "ec2:RunInstances"]), deny("s3:*"), deny("ec2:Run*")],
        [("shadowed", 0, [1, 2])],
    ),
    "a deny of nothing allowed": ([allow("s3:Get*"), deny("ec2:*")], [("without-effect", 1, [])]),
    "a deny in a wider deny": ([allow("*"), deny("ec2:*"), deny("ec2:Run*")], [("redundant", 2, [1])]),
    "a deny with another condition": (
        [allow("s3:*"), deny("s3:*", "*", {"Bool": {"aws:SecureTransport": "false"}})],
        [],
    ),
    "variables": (
        [allow("s3:*", BUCKET + "${aws:username}/*"), allow("s3:GetObject", BUCKET + "${aws:username}/a/*")],
        [("redundant", 1, [0])],
    ),
    "a variable and a text may be the same": (
        [allow("s3:*", BUCKET + "team/*"), deny("s3:*", BUCKET + "${aws:username}/*")],
        [],
    ),
    "two tests that may both hold for some value of a variable": (
        [
            allow(
                "s3:*",
                "*",
                {"StringLike": {"s3:prefix": "team/*"}, "StringEquals": {"s3:prefix": "${aws:username}"}},
            )
        ],
        [],
    ),
    "two tests that exclude each other": (
        [
            allow(
                "s3:*",
                "*",
                {"NumericLessThan": {"s3:max-keys": "5"}, "NumericGreaterThan": {"s3:max-keys": "9"}},
            )
        ],
        [("unsatisfiable", 0, [])],
    ),
    "present and absent": (
        [allow("s3:*", "*", {"Null": {"aws:username": "true"}, "StringLike": {"aws:username": "a*"}})],
        [("unsatisfiable", 0, [])],
    ),
    "an action of a form that none has": ([allow("s3: Get")], [("unsatisfiable", 0, [])]),
}


@pytest.mark.parametrize(("tree", "facts"), CASES.values(), ids=CASES)
def test_facts(tree: list[Json], facts: list[tuple[str, int, list[int]]]) -> None:
    found = examine([policy(*tree)])
    assert [(str(f.fault), f.place.index, [by.index for by in f.by]) for f in found] == facts


def test_policies_that_are_not_valid_get_no_facts() -> None:
    assert examine([policy(allow("s3:*"), allow("s3:*"), allow("nonsense"))]) == ()


def test_facts_hold_in_every_reading() -> None:
    """Under the reading that an empty text is an absent key, the first allows what the second does not."""
    tree = [
        allow("s3:*", "*", {"StringLike": {"aws:PrincipalTag/a": "*"}}),
        allow("s3:*", "*", {"Null": {"aws:PrincipalTag/a": "false"}}),
    ]
    assert [fact.place.index for fact in examine([policy(*tree)])] == [1]


def test_of_two_readings_the_weaker_fault_is_told() -> None:
    """A Deny that fits no request where an empty text is an absent key, and nothing is allowed anyway."""
    tree: Json = {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": "*",
        "Condition": {
            "ForAllValues:StringEquals": {"aws:TagKeys": [""]},
            "ForAnyValue:StringNotEquals": {"aws:TagKeys": ["x"]},
        },
    }
    assert [str(fact.fault) for fact in examine([policy(tree)])] == ["without-effect"]


def test_statements_of_several_documents() -> None:
    one, other = policy(allow("s3:*")), policy(allow("s3:GetObject"))
    (fact,) = examine([one, other], kind=PolicyKind.IDENTITY)
    assert (fact.place.document, fact.place.index) == (1, 0)
    assert [(by.document, by.index) for by in fact.by] == [(0, 0)]
