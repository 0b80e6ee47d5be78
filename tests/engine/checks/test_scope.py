"""How wide resource patterns are, and which conditions limit what is reached."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.catalog import catalog
from iamlint.engine.scope import Breadth, actions_on, narrows_request, reach, reach_of
from iamlint.model import Condition, Hole, Value

NAMED, PARTIAL, TYPE, SERVICE, STAR = Breadth


@pytest.mark.parametrize(
    ("text", "breadth", "kind"),
    [
        ("*", STAR, ""),
        ("**", STAR, ""),
        ("arn:*", STAR, ""),
        ("arn:aws:*", STAR, ""),
        ("arn:*:*:*:*:*", STAR, ""),
        ("arn:aws:s3:::*", SERVICE, ""),
        ("arn:aws:s3:::*/*", SERVICE, ""),
        ("arn:aws:s3:*", SERVICE, ""),
        ("arn:aws:sqs:eu-west-1:123456789012:*", SERVICE, ""),
        ("arn:aws:iam::123456789012:role/*", TYPE, "role"),
        ("arn:aws:dynamodb:*:*:table/*", TYPE, "table"),
        ("arn:aws:logs:*:*:log-group:*:*", TYPE, "log-group"),
        ("arn:aws:apigateway:eu-west-1::/restapis/*", TYPE, "restapis"),
        ("arn:aws:iam::123456789012:role/app-*", PARTIAL, "role"),
        ("arn:aws:iam::123456789012:role/path/*", PARTIAL, "role"),
        ("arn:aws:s3:::logs-*", PARTIAL, ""),
        ("arn:aws:s3:::logs-*/*", PARTIAL, ""),
        ("arn:aws:sqs:*:*:app-*", PARTIAL, ""),
        ("arn:aws:lambda:*:*:f*", PARTIAL, ""),
        ("arn:aws:s3:::bucket/*", NAMED, ""),
        ("arn:aws:s3:::bucket/prefix/*.json", NAMED, ""),
        ("arn:aws:dynamodb:*:*:table/orders/index/*", NAMED, "table"),
        ("arn:aws:logs:*:*:log-group:/aws/lambda/app:*", NAMED, "log-group"),
        ("arn:aws:secretsmanager:*:*:secret:db-??????", NAMED, "secret"),
        ("arn:aws:iam::*:role/app", NAMED, "role"),
        ("bucket", NAMED, ""),
        ("", NAMED, ""),
    ],
)
def test_breadth(text: str, breadth: Breadth, kind: str) -> None:
    found = reach_of(text)
    assert (found.breadth, found.type) == (breadth, kind)


def test_a_variable_is_a_name_and_the_callers_own_is_known() -> None:
    own = reach_of("arn:aws:iam::*:user/${aws:username}")
    assert (own.breadth, own.type, own.caller) == (NAMED, "user", True)
    assert reach_of("arn:aws:s3:::home/${aws:PrincipalTag/team}/*").breadth is NAMED
    assert not reach_of("arn:aws:s3:::${aws:PrincipalTag/team}").caller


def value(*parts: str | Hole) -> Value:
    return Value(None, (), parts)


@pytest.mark.parametrize(
    ("given_value", "breadth"),
    [
        (value(Hole("attribute", "Bucket.Arn", arn="arn:*:s3:::*"), "/*"), NAMED),
        (value("arn:aws:s3:::", Hole("parameter", "Name"), "/*"), NAMED),
        (value("arn:", Hole("pseudo", "Partition", alphabet="partition"), ":s3:::*"), SERVICE),
        (value("arn:aws:iam::", Hole("pseudo", "Account", alphabet="account"), ":role/*"), TYPE),
        (value(Hole("parameter", "Anything")), NAMED),
    ],
)
def test_a_hole_is_no_wildcard(given_value: Value, breadth: Breadth) -> None:
    assert reach(given_value).breadth is breadth


@given(st.text(alphabet="*?:/arn${}-s3iamrole", max_size=60))
def test_any_text_has_a_breadth(text: str) -> None:
    found = reach_of(text)
    if "*" not in text and "?" not in text:
        assert found.breadth is NAMED


@given(st.sampled_from(["s3", "iam", "sqs", "ec2"]), st.text(alphabet="abc/-:", max_size=12))
def test_a_star_in_place_of_the_name_is_never_narrower(service: str, name: str) -> None:
    head = f"arn:aws:{service}:::"
    assert reach_of(f"{head}*").breadth >= reach_of(head + name).breadth


def test_actions_on_a_type_of_resource() -> None:
    known = catalog()
    on_roles = actions_on(known, "iam", "role")
    assert known.expand("iam:PassRole") & on_roles
    assert known.expand("sts:AssumeRole") & on_roles
    assert not known.expand("iam:CreateAccessKey") & on_roles
    assert actions_on(known, "no-such-service", "role") == 0
    always = actions_on(known, "ssm", "document", required=True)
    assert known.expand("ssm:SendCommand") & always


def condition(operator: str, key: str, *values: str) -> Condition:
    return Condition(operator, key, tuple(Value(text, ()) for text in values), ())


@pytest.mark.parametrize(
    ("test", "narrows"),
    [
        (condition("StringEquals", "aws:ResourceTag/team", "shop"), True),
        (condition("StringLike", "ec2:ResourceTag/cluster", "*"), True),
        (condition("Null", "aws:ResourceTag/cluster", "false"), True),
        (condition("ForAllValues:StringEquals", "aws:TagKeys", "Name"), True),
        (condition("StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com"), True),
        (condition("ArnEquals", "iam:PolicyARN", "arn:aws:iam::aws:policy/ReadOnlyAccess"), True),
        (condition("Null", "aws:ResourceTag/cluster", "true"), False),
        (condition("StringLike", "kms:ViaService", "*"), False),
        (condition("StringEqualsIfExists", "aws:ResourceTag/team", "shop"), False),
        (condition("StringNotEquals", "aws:ResourceTag/team", "shop"), False),
        (condition("ForAllValues:StringEquals", "dynamodb:LeadingKeys", "a"), False),
        (condition("Bool", "aws:SecureTransport", "true"), False),
        (condition("BoolIfExists", "aws:MultiFactorAuthPresent", "true"), False),
        (condition("StringEquals", "AWS:PrincipalTag/team", "shop"), False),
        (condition("StringEquals", "aws:RequestedRegion", "eu-west-1"), False),
        (condition("StringEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}"), False),
    ],
)
def test_conditions_that_narrow(test: Condition, narrows: bool) -> None:
    assert narrows_request(test) is narrows
