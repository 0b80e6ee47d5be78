"""The worked examples of the rules (section 13): the requests that each of them speaks of.

The algebra's verdicts have tests of their own; here stands what the evaluator says to the witnesses and
to what does not separate the two policies.
"""

from __future__ import annotations

from typing import Any

import pytest
from asking import (
    ALICE,
    ALLOWED,
    BOB,
    EXPLICIT,
    FULL,
    IMPLICIT,
    ROOT,
    SESSION,
    STRANGER,
    A,
    B,
    Json,
    ask,
    document,
)

ARN = "arn:aws:s3:::b/"


def statement(action: Any = "s3:GetObject", on: Any = "*", **more: Any) -> Json:
    return {"Action": action, "Resource": on, **more}


EXAMPLES: list[tuple[str, Json, Json, list[tuple[Json, str, str]]]] = [
    # name, old, new, and requests with what old and new say
    (
        "1 contained",
        document(statement("s3:Get*", ARN + "x*")),
        document(statement("s3:GetObject", ARN + "xy*z")),
        [
            ({"on": ARN + "xyz"}, ALLOWED, ALLOWED),
            ({"on": ARN + "xa"}, ALLOWED, IMPLICIT),
            ({"on": ARN + "xyz", "action": "s3:GetObjectAcl"}, ALLOWED, IMPLICIT),
        ],
    ),
    (
        "2 new access",
        document(statement(on=ARN + "*.txt")),
        document(statement(on=ARN + "*.t?t")),
        [({"on": ARN + ".tat"}, IMPLICIT, ALLOWED), ({"on": ARN + "a.txt"}, ALLOWED, ALLOWED)],
    ),
    (
        "3 NotAction",
        document({"NotAction": ["iam:*", "kms:*"]}),
        document({}, {"Effect": "Deny", "Action": ["iam:*", "kms:*", "sts:*"]}),
        [
            ({"action": "sts:AssumeRole", "on": "*"}, ALLOWED, EXPLICIT),
            ({"action": "iam:GetUser", "on": "*"}, IMPLICIT, EXPLICIT),
            ({"action": "s3:GetObject"}, ALLOWED, ALLOWED),
        ],
    ),
    (
        "4 IfExists",
        document(statement("ec2:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})),
        document(
            statement("ec2:*", Condition={"StringEqualsIfExists": {"aws:RequestedRegion": "eu-west-1"}})
        ),
        [
            ({"action": "ec2:RunInstances", "on": "*"}, IMPLICIT, ALLOWED),
            (
                {"action": "ec2:RunInstances", "on": "*", "context": {"aws:RequestedRegion": "eu-west-1"}},
                ALLOWED,
                ALLOWED,
            ),
            (
                {"action": "ec2:RunInstances", "on": "*", "context": {"aws:RequestedRegion": "us-east-1"}},
                IMPLICIT,
                IMPLICIT,
            ),
        ],
    ),
    (
        "5 NOR excludes more",
        document(statement("s3:PutObject", Condition={"StringNotEquals": {"s3:x-amz-acl": "public-read"}})),
        document(
            statement(
                "s3:PutObject",
                Condition={"StringNotEquals": {"s3:x-amz-acl": ["public-read", "public-read-write"]}},
            )
        ),
        [
            (
                {"action": "s3:PutObject", "context": {"s3:x-amz-acl": "public-read-write"}},
                ALLOWED,
                IMPLICIT,
            ),
            ({"action": "s3:PutObject"}, ALLOWED, ALLOWED),
        ],
    ),
    (
        "6 ForAllValues and the absent key",
        document(
            statement(
                "dynamodb:GetItem",
                Condition={"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "name"]}},
            )
        ),
        document(
            statement(
                "dynamodb:GetItem",
                Condition={
                    "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "name"]},
                    "Null": {"dynamodb:Attributes": "false"},
                },
            )
        ),
        [
            ({"action": "dynamodb:GetItem"}, ALLOWED, IMPLICIT),
            (
                {"action": "dynamodb:GetItem", "context": {"dynamodb:Attributes": ["id"]}},
                ALLOWED,
                ALLOWED,
            ),
        ],
    ),
    (
        "7 Deny unless in the range",
        document(
            statement(on=ARN + "*"),
            statement(on="*", Effect="Deny", Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        ),
        document(statement(on=ARN + "*", Condition={"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}})),
        [
            ({"context": {"aws:SourceIp": "10.1.2.3"}}, ALLOWED, ALLOWED),
            ({"context": {"aws:SourceIp": "10.2.2.3"}}, ALLOWED, IMPLICIT),
            ({}, EXPLICIT, IMPLICIT),
        ],
    ),
    (
        "8 numbers",
        document(statement("s3:ListBucket", Condition={"NumericLessThan": {"s3:max-keys": "50"}})),
        document(statement("s3:ListBucket", Condition={"NumericLessThanEquals": {"s3:max-keys": "49"}})),
        [
            ({"action": "s3:ListBucket", "context": {"s3:max-keys": "49.5"}}, ALLOWED, IMPLICIT),
            ({"action": "s3:ListBucket", "context": {"s3:max-keys": "49"}}, ALLOWED, ALLOWED),
            ({"action": "s3:ListBucket", "context": {"s3:max-keys": "50"}}, IMPLICIT, IMPLICIT),
        ],
    ),
    (
        "11 variables",
        document(statement(on=ARN + "${aws:username}/*")),
        document(statement(on=ARN + "${aws:userid}/*")),
        [
            ({"on": ARN + "v/x", "context": {"aws:username": "u", "aws:userid": "v"}}, IMPLICIT, ALLOWED),
            ({"on": ARN + "u/x", "context": {"aws:username": "u", "aws:userid": "v"}}, ALLOWED, IMPLICIT),
        ],
    ),
    (
        "12 a Deny with a variable",
        document(
            statement("s3:*", ARN + "*"),
            statement("s3:*", ARN + "${aws:PrincipalTag/team}/*", Effect="Deny"),
        ),
        document(statement("s3:*", ARN + "*")),
        [
            ({"on": ARN + "t/x", "context": {"aws:PrincipalTag/team": "t"}}, EXPLICIT, ALLOWED),
            ({"on": ARN + "t/x"}, ALLOWED, ALLOWED),
        ],
    ),
    (
        "13 unsatisfiable",
        FULL,
        document(
            statement(
                Condition={
                    "StringEquals": {"aws:PrincipalTag/a": "x"},
                    "StringLike": {"aws:PrincipalTag/a": "y*"},
                }
            )
        ),
        [
            ({"context": {"aws:PrincipalTag/a": "x"}}, ALLOWED, IMPLICIT),
            ({"context": {"aws:PrincipalTag/a": "y"}}, ALLOWED, IMPLICIT),
            ({}, ALLOWED, IMPLICIT),
        ],
    ),
    (
        "14 two lists are not one",
        document(
            statement("ec2:*", Condition={"ForAllValues:StringLike": {"aws:TagKeys": ["cost*"]}}),
            statement("ec2:*", Condition={"ForAllValues:StringLike": {"aws:TagKeys": ["env*"]}}),
        ),
        document(
            statement("ec2:*", Condition={"ForAllValues:StringLike": {"aws:TagKeys": ["cost*", "env*"]}})
        ),
        [
            ({"action": "ec2:CreateTags", "context": {"aws:TagKeys": ["cost", "env"]}}, IMPLICIT, ALLOWED),
            ({"action": "ec2:CreateTags", "context": {"aws:TagKeys": ["cost"]}}, ALLOWED, ALLOWED),
        ],
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "requests"), [row[1:] for row in EXAMPLES], ids=[row[0] for row in EXAMPLES]
)
def test_what_the_examples_say(old: Json, new: Json, requests: list[tuple[Json, str, str]]) -> None:
    for request, said_old, said_new in requests:
        assert ask(**{"on": ARN + "x", **request}, identity=[old]) == said_old
        assert ask(**{"on": ARN + "x", **request}, identity=[new]) == said_new


def test_9_the_account_and_everybody_with_its_account_key() -> None:
    delegated = document({"Principal": {"AWS": A}})
    direct = document({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": A}}})
    assert ask(ALICE, resource=delegated) == IMPLICIT
    assert ask(ALICE, resource=direct) == ALLOWED
    for caller in (STRANGER, "anonymous"):
        assert ask(caller, resource=direct, identity=[FULL]) == IMPLICIT


@pytest.mark.parametrize(
    ("policy", "is_public"),
    [
        (
            document(
                {"Principal": "*", "Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}
            ),
            True,
        ),
        (document({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}), False),
        (
            document(
                {"Principal": "*"},
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}},
                },
            ),
            False,
        ),
    ],
)
def test_10_a_stranger_outside_any_organisation(policy: Json, is_public: bool) -> None:
    assert (ask("anonymous", resource=policy) == ALLOWED) is is_public
    assert (ask(STRANGER, resource=policy, identity=[FULL]) == ALLOWED) is is_public
    member = {"aws:PrincipalOrgID": "o-1"}
    assert ask(STRANGER, resource=policy, identity=[FULL], context=member) == ALLOWED


SILENT_BOUNDARY = document({"Action": "sqs:*"})


@pytest.mark.parametrize(
    ("named", "caller", "expected"),
    [
        (SESSION, SESSION, ALLOWED),
        (f"arn:aws:iam::{A}:role/R", SESSION, IMPLICIT),
        (A, SESSION, IMPLICIT),
        (ALICE, ALICE, ALLOWED),
    ],
)
def test_15_the_boundary_and_what_the_bucket_policy_names(named: str, caller: str, expected: str) -> None:
    bucket = document({"Action": "s3:GetObject", "Principal": {"AWS": named}})
    assert ask(caller, resource=bucket, boundary=[SILENT_BOUNDARY]) == expected
    assert ask(caller, account=B, resource=bucket, boundary=[SILENT_BOUNDARY]) == IMPLICIT


def test_16_a_key_policy_without_the_account() -> None:
    key = f"arn:aws:kms:eu-west-1:{A}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    only_alice = {"Action": "kms:*", "Principal": {"AWS": ALICE}}
    root = {"Action": "kms:*", "Principal": {"AWS": ROOT}}
    identity = [document({"Action": "kms:*"})]
    assert ask(BOB, "kms:Decrypt", key, resource=document(only_alice), identity=identity) == IMPLICIT
    assert ask(BOB, "kms:Decrypt", key, resource=document(only_alice, root), identity=identity) == ALLOWED
