"""The worked examples of the evaluation rules, section 13, numbered as there."""

from __future__ import annotations

import pytest
from algebra_policies import ACCOUNT, BUCKET, Json, allow, build, deny, policy

from iamlint.model import PolicyKind
from iamlint.semantics.algebra.asking import Assumptions
from iamlint.semantics.algebra.questions import compare
from iamlint.semantics.algebra.results import Comparison, Verdict
from iamlint.semantics.algebra.statements import StatementFault, examine
from iamlint.semantics.algebra.strangers import public

CONTAINED, NEW = Verdict.CONTAINED, Verdict.NEW_ACCESS
REGION = "aws:RequestedRegion"
ATTRIBUTES = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "name"]}}


def asked(
    old: list[Json], new: list[Json], kind: PolicyKind = PolicyKind.IDENTITY, **more: Assumptions
) -> Comparison:
    return compare([policy(*old)], [policy(*new)], kind=kind, **more)  # type: ignore[arg-type] # only assumptions


def acl(*values: str) -> list[Json]:
    return [allow("s3:PutObject", "*", {"StringNotEquals": {"s3:x-amz-acl": list(values)}})]


def keys_below(test: str, number: str) -> list[Json]:
    return [allow("s3:ListBucket", "*", {test: {"s3:max-keys": number}})]


def on(path: str) -> list[Json]:
    return [allow("s3:GetObject", BUCKET + path)]


def tagged(*patterns: str) -> Json:
    return allow("ec2:CreateTags", "*", {"ForAllValues:StringLike": {"aws:TagKeys": list(patterns)}})


def bucket_policy(principal: object, condition: object = None) -> Json:
    return allow("s3:GetObject", BUCKET + "*", condition, Principal=principal)


def except_sources(operator: str) -> list[Json]:
    return [
        allow("s3:GetObject", BUCKET + "*"),
        deny("s3:GetObject", "*", {operator: {"aws:SourceIp": "10.0.0.0/8"}}),
    ]


NOT_IAM: list[Json] = [{"Effect": "Allow", "NotAction": ["iam:*", "kms:*"], "Resource": "*"}]
ALL_BUT = [allow("*"), deny(["iam:*", "kms:*", "sts:*"])]
FROM_10_1 = [allow("s3:GetObject", BUCKET + "*", {"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}})]
ONE_REGION = [allow("ec2:*", "*", {"StringEquals": {REGION: "eu-west-1"}})]
ONE_REGION_IF_ANY = [allow("ec2:*", "*", {"StringEqualsIfExists": {REGION: "eu-west-1"}})]
SOME_ATTRIBUTES = [allow("dynamodb:GetItem", "*", ATTRIBUTES)]
SOME_GIVEN = [allow("dynamodb:GetItem", "*", {**ATTRIBUTES, "Null": {"dynamodb:Attributes": "false"}})]

CASES = {
    "1": ([allow("s3:Get*", BUCKET + "x*")], on("xy*z"), CONTAINED),
    "2": (on("*.txt"), on("*.t?t"), NEW),
    "3": (NOT_IAM, ALL_BUT, CONTAINED),
    "3 reverse": (ALL_BUT, NOT_IAM, NEW),
    "4": (ONE_REGION, ONE_REGION_IF_ANY, NEW),
    "5": (acl("public-read"), acl("public-read", "public-read-write"), CONTAINED),
    "5 reverse": (acl("public-read", "public-read-write"), acl("public-read"), NEW),
    "6": (SOME_ATTRIBUTES, SOME_GIVEN, CONTAINED),
    "6 reverse": (SOME_GIVEN, SOME_ATTRIBUTES, NEW),
    "7": (except_sources("NotIpAddress"), FROM_10_1, CONTAINED),
    "7 with IfExists": (except_sources("NotIpAddressIfExists"), FROM_10_1, CONTAINED),
    "8": (keys_below("NumericLessThan", "50"), keys_below("NumericLessThanEquals", "49"), CONTAINED),
    "8 reverse": (keys_below("NumericLessThanEquals", "49"), keys_below("NumericLessThan", "50"), NEW),
    "11": (on("${aws:username}/*"), on("${aws:username}/docs/*"), CONTAINED),
    "11 other variable": (on("${aws:username}/*"), on("${aws:userid}/*"), NEW),
    "12": (
        [allow("s3:*", BUCKET + "*"), deny("s3:*", BUCKET + "${aws:PrincipalTag/team}/*")],
        [allow("s3:*", BUCKET + "*")],
        NEW,
    ),
    "14": ([tagged("cost*"), tagged("env*")], [tagged("cost*", "env*")], NEW),
}


@pytest.mark.parametrize(("old", "new", "verdict"), CASES.values(), ids=CASES)
def test_verdict(old: list[Json], new: list[Json], verdict: Verdict) -> None:
    found = asked(old, new)
    assert found.verdict is verdict
    assert (found.witness is not None) is (verdict is NEW)


def test_witnesses_are_those_that_a_reader_expects() -> None:
    two = asked(*CASES["2"][:2]).witness
    assert two is not None
    assert two.resource.startswith(BUCKET + ".t")
    assert not two.resource.endswith(".txt")
    three = asked(*CASES["3 reverse"][:2]).witness
    assert three is not None
    assert three.action == "sts:AssumeRole"
    five = asked(*CASES["5 reverse"][:2]).witness
    assert five is not None
    assert five.context == {"s3:x-amz-acl": "public-read-write"}
    twelve = asked(*CASES["12"][:2]).witness
    assert twelve is not None
    tag = twelve.context["aws:PrincipalTag/team"]
    assert twelve.resource.startswith(f"{BUCKET}{tag}/")
    fourteen = asked(*CASES["14"][:2]).witness
    assert fourteen is not None
    assert len(fourteen.context["aws:TagKeys"]) == 2


def test_4_declared_present() -> None:
    found = asked(ONE_REGION, ONE_REGION_IF_ANY, assumptions=Assumptions(frozenset({REGION.lower()})))
    assert found.verdict is CONTAINED
    assert found.notes == (f"assumes that every request has {REGION}",)


def test_8_whole_numbers() -> None:
    old, new, _ = CASES["8 reverse"]
    found = asked(old, new)
    assert found.witness is not None
    assert found.witness.context == {"s3:max-keys": "49.5"}
    assert any(note.startswith("non-integer") for note in found.notes)
    assert asked(old, new, assumptions=Assumptions(whole_numbers=True)).verdict is CONTAINED


def test_9_accounts_and_their_key() -> None:
    old = [bucket_policy({"AWS": ACCOUNT})]
    new = [bucket_policy("*", {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})]
    assert asked(old, new, PolicyKind.RESOURCE).verdict is CONTAINED
    assert asked(new, old, PolicyKind.RESOURCE).verdict is CONTAINED
    wider = asked(old, [bucket_policy("*")], PolicyKind.RESOURCE)
    assert wider.verdict is NEW


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        ([bucket_policy("*", {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}})], NEW),
        ([bucket_policy("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}})], CONTAINED),
        (
            [
                bucket_policy("*"),
                {**bucket_policy("*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}), "Effect": "Deny"},
            ],
            CONTAINED,
        ),
    ],
)
def test_10_public(statements: list[Json], verdict: Verdict) -> None:
    assert public([policy(*statements)]).verdict is verdict


def test_13_unsatisfiable() -> None:
    both = {"StringEquals": {"aws:PrincipalTag/a": "x"}, "StringLike": {"aws:PrincipalTag/a": "y*"}}
    (fact,) = examine([policy(allow("s3:GetObject", "*", both))])
    assert fact.fault is StatementFault.UNSATISFIABLE


def test_14_the_two_do_not_make_the_third_redundant() -> None:
    facts = examine([policy(tagged("cost*"), tagged("env*"), tagged("cost*", "env*"))])
    assert [fact.place.index for fact in facts] == [0, 1]


def test_version_2008_has_no_variables() -> None:
    old = build({"Statement": [allow("s3:GetObject", BUCKET + "${aws:username}/*")]})
    new = build({"Version": "2012-10-17", "Statement": [allow("s3:GetObject", BUCKET + "${aws:username}/*")]})
    assert compare([old], [new]).verdict is NEW
    assert compare([old], [old]).verdict is CONTAINED
