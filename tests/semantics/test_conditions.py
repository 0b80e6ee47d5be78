"""What pins a caller, and which Denies keep strangers out.

The rule is AWS's: "a policy is not public if each request it allows is pinned to a fixed value" of a
key that the caller cannot choose (S3 user guide, the meaning of public).
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.model import Condition, Hole, Owner, Part, Statement, Value
from iamlint.semantics.conditions import (
    bounds_caller,
    denies_strangers,
    facts,
    is_met_by_few,
    parse_operator,
    required_conditions,
)
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text

ORG = "o-a1b2c3d4e5"


def condition(operator: str, key: str, *values: str | tuple[Part, ...]) -> Condition:
    made = [Value(v, ()) if isinstance(v, str) else Value(None, (), v) for v in values]
    return Condition(operator, key, tuple(made), (operator, key))


def statement(**elements: object) -> Statement:
    tree = {"Statement": [elements]}
    document = JsonDocument(Text("p.json", json.dumps(tree)), tree, "policy-json")
    policy = PolicyBuilder(document).policy(tree, (), owner=Owner("$", None, ()), kind=None)
    assert policy.statements is not None
    return policy.statements[0]


BOUNDING = [
    ("StringEquals", "aws:PrincipalOrgID", ORG),
    ("stringequals", "AWS:principalorgid", ORG),
    ("StringEqualsIgnoreCase", "aws:PrincipalAccount", "111122223333"),
    ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORG}/r-1/*"),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/*"),
    ("ArnLike", "aws:SourceArn", "arn:aws:s3:::bucket"),
    ("ArnLike", "aws:SourceArn", "arn:aws:s3:*:*:bucket"),
    ("ArnEquals", "aws:SourceArn", "arn:aws:sns:*:111122223333:*"),
    ("StringLike", "aws:userid", "AIDAEXAMPLE:*"),
    ("StringLike", "aws:userid", "AIDAEXAMPLE"),
    ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
    ("Bool", "aws:PrincipalIsAWSService", "true"),
    ("Bool", "elasticfilesystem:AccessedViaMountTarget", "true"),
    ("StringEquals", "kms:CallerAccount", "111122223333"),
    # True of nobody, so of no stranger.
    ("ArnEquals", "aws:SourceArn", ""),
    ("StringEquals", "aws:SourceArn", "arn:aws:sns:*:*:topic"),
    ("StringEquals", "aws:SourceAccount", ""),
]

LOOSE = [
    ("StringEqualsIfExists", "aws:PrincipalOrgID", ORG),
    ("ForAllValues:StringEquals", "aws:PrincipalOrgID", ORG),
    ("StringNotEquals", "aws:PrincipalOrgID", ORG),
    ("StringEquals", "aws:PrincipalOrgID", ""),
    ("StringLike", "aws:PrincipalOrgID", "o-*"),
    ("StringLike", "aws:PrincipalOrgPaths", "*/r-1/*"),
    ("StringEquals", "aws:PrincipalAccount", "${aws:PrincipalTag/home}"),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/app"),
    ("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:topic"),
    ("ArnLike", "aws:SourceArn", "arn:aws:s3:::*"),
    ("StringLike", "aws:userid", "AROAEXAMPLE:*"),
    ("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
    ("IpAddress", "aws:SourceIp", "203.0.0.0/7"),
    ("IpAddress", "aws:SourceIp", "nonsense"),
    ("Bool", "aws:PrincipalIsAWSService", "false"),
    ("Null", "aws:PrincipalOrgID", "false"),
    ("StringEquals", "aws:PrincipalTag/team", "red"),
    ("Bool", "aws:SecureTransport", "true"),
    ("StringLike", "aws:Referer", "https://acme.example/*"),
    ("StringEquals", "aws:ResourceAccount", "111122223333"),
    ("StringEquals", "lambda:FunctionUrlAuthType", "AWS_IAM"),
    ("StringEquals", "sts:ExternalId", "7c9e6679"),
    ("StringStartsWith", "aws:PrincipalOrgID", ORG),
]


@pytest.mark.parametrize("test", BOUNDING, ids=" ".join)
def test_pins_the_caller(test: tuple[str, str, str]) -> None:
    assert bounds_caller(condition(*test))


@pytest.mark.parametrize("test", LOOSE, ids=" ".join)
def test_does_not_pin_the_caller(test: tuple[str, str, str]) -> None:
    assert not bounds_caller(condition(*test))


def test_every_value_must_pin() -> None:
    assert not bounds_caller(
        condition("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:root", "arn:aws:iam::*:root")
    )


def test_a_hole_is_a_fixed_value_and_a_star_beside_it_is_not() -> None:
    hole = Hole("parameter", "Account")
    assert bounds_caller(condition("ArnLike", "aws:SourceArn", ("arn:aws:sns:*:", hole, ":*")))
    assert not bounds_caller(condition("StringLike", "aws:PrincipalOrgID", (hole, "*")))


def test_a_test_without_values_is_met_by_nobody() -> None:
    assert bounds_caller(condition("StringEquals", "aws:PrincipalTag/team"))
    assert not bounds_caller(condition("StringNotEquals", "aws:PrincipalTag/team"))


KEEPS_OUT: list[dict[str, object]] = [
    {"Principal": "*"},
    {"Principal": {"AWS": "*"}, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": ORG}}},
    {"Principal": "*", "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}}},
    {
        "Principal": "*",
        "Condition": {
            "StringNotEquals": {"aws:PrincipalOrgID": ORG},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    },
    {"Principal": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
    {"Principal": "*", "Condition": {"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": f"{ORG}/*"}}},
    {"Principal": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}},
    {"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}},
]

LETS_IN: list[dict[str, object]] = [
    {"Principal": {"AWS": "111122223333"}},
    {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORG}}},
    {"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    # Anonymous requests have no such key, and a plain Bool is false of them.
    {
        "Principal": "*",
        "Condition": {
            "StringNotEquals": {"aws:PrincipalOrgID": ORG},
            "Bool": {"aws:PrincipalIsAWSService": "false"},
        },
    },
    # Whoever meets one of the two tests escapes.
    {
        "Principal": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": ORG, "aws:PrincipalTag/team": "red"}},
    },
    {"Principal": "*", "Condition": {"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": f"{ORG}/*"}}},
    {"Principal": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}}},
    {"Principal": "*", "Condition": {"StringNotLike": {"aws:PrincipalOrgID": "o-*"}}},
    {"NotPrincipal": {"AWS": "*"}},
]


@pytest.mark.parametrize("elements", KEEPS_OUT, ids=json.dumps)
def test_a_deny_that_leaves_only_callers_of_the_owner(elements: dict[str, object]) -> None:
    assert denies_strangers(statement(Effect="Deny", Action="*", Resource="*", **elements))


@pytest.mark.parametrize("elements", LETS_IN, ids=json.dumps)
def test_a_deny_that_strangers_escape(elements: dict[str, object]) -> None:
    assert not denies_strangers(statement(Effect="Deny", Action="*", Resource="*", **elements))


def test_an_allow_denies_nobody() -> None:
    assert not denies_strangers(statement(Effect="Allow", Action="*", Resource="*", Principal="*"))


def test_required_conditions_are_false_without_the_key() -> None:
    block = {
        "StringEquals": {"sts:ExternalId": "a", "aws:PrincipalTag/team": "red"},
        "StringLikeIfExists": {"aws:SourceArn": "arn:aws:s3:::b"},
        "StringLike": {"aws:SourceAccount": "*"},
        "Null": {"aws:SourceVpce": "false"},
    }
    subject = statement(Effect="Allow", Action="*", Resource="*", Principal="*", Condition=block)
    found = required_conditions(subject, "STS:externalid", "aws:PrincipalTag/*", "aws:Source*")
    assert [test.key for test in found] == ["sts:ExternalId", "aws:PrincipalTag/team"]


def test_a_lone_star_is_met_by_everybody() -> None:
    assert not is_met_by_few(condition("StringLike", "k", "a", "**"))
    assert is_met_by_few(condition("StringLike", "k", "a*"))
    assert not is_met_by_few(condition("StringLike", "k"))


@given(
    st.sampled_from(["", "ForAllValues:", "ForAnyValue:"]),
    st.sampled_from(["StringEquals", "ArnNotLike", "NotIpAddress", "Bool", "NumericLessThanEquals"]),
    st.sampled_from(["", "IfExists"]),
    st.booleans(),
)
def test_operators_come_apart_in_any_case(prefix: str, base: str, suffix: str, lower: bool) -> None:
    text = prefix + base + suffix
    found = parse_operator(text.lower() if lower else text)
    assert found.known
    assert found.base == base
    assert found.quantifier == (prefix[:-1] or None)
    assert found.if_exists == bool(suffix)


def test_the_keys_that_pin_are_these_and_no_others() -> None:
    """The keys of AWS's meaning of public, and EFS's for what comes through a mount target."""
    told = """
        aws:PrincipalAccount aws:PrincipalArn aws:PrincipalOrgID aws:PrincipalOrgPaths aws:PrincipalServiceName
        aws:SourceArn aws:SourceAccount aws:SourceOwner aws:SourceOrgID aws:SourceOrgPaths
        aws:SourceVpc aws:SourceVpce aws:SourceVpcArn aws:VpceAccount aws:VpceOrgID aws:VpceOrgPaths
        aws:SourceIp aws:userid kms:CallerAccount s3:DataAccessPointArn s3:DataAccessPointAccount
        s3:x-amz-server-side-encryption-aws-kms-key-id
    """
    when_true = {"aws:principalisawsservice", "elasticfilesystem:accessedviamounttarget"}
    assert facts().bounding == {key.lower() for key in told.split()}
    assert facts().bounding_when_true == when_true
