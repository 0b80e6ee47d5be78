"""What is public: the rules of section 10 as a table."""

from __future__ import annotations

import pytest
from algebra_policies import ACCOUNT, BUCKET, Json, policy

from iamlint.model import PolicyKind
from iamlint.semantics.algebra.results import Verdict
from iamlint.semantics.algebra.strangers import public

GITHUB = "token.actions.githubusercontent.com"
WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"


def bucket(principal: object, condition: object = None, effect: str = "Allow", **more: object) -> Json:
    found: Json = {"Effect": effect, "Action": "s3:GetObject", "Resource": BUCKET + "*", **more}
    if principal is not None:
        found["Principal"] = principal
    return found if condition is None else {**found, "Condition": condition}


def role(principal: object, condition: object = None, action: str = "sts:AssumeRole") -> Json:
    found: Json = {"Effect": "Allow", "Principal": principal, "Action": action}
    return found if condition is None else {**found, "Condition": condition}


def issuer(host: str) -> Json:
    return {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"}


RESOURCE_CASES: list[tuple[bool, list[Json]]] = [
    (True, [bucket("*")]),
    (True, [bucket({"AWS": "*"})]),
    (True, [bucket(None, NotPrincipal={"AWS": ACCOUNT})]),
    (False, [bucket({"AWS": ACCOUNT})]),
    (False, [bucket({"Service": "sns.amazonaws.com"})]),
    (False, [bucket("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}})]),
    (True, [bucket("*", {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}})]),
    (True, [bucket("*", {"StringLike": {"aws:PrincipalOrgID": "o-1*"}})]),
    (False, [bucket("*"), bucket("*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, "Deny")]),
    (
        True,
        [
            bucket("*"),
            bucket(
                "*",
                {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1*"}},
                "Deny",
                Resource=BUCKET + "x",
            ),
        ],
    ),
    (True, [bucket("*", {"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}})]),
    (False, [bucket("*", {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}})]),
    (False, [bucket("*", {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})]),
    (True, [bucket("*", {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}})]),
    (False, [bucket("*", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}})]),
    (True, [bucket("*", {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}})]),
    (False, [bucket("*", {"Bool": {"aws:PrincipalIsAWSService": "true"}})]),
    (True, [bucket("*", {"Bool": {"aws:PrincipalIsAWSService": "false"}})]),
    (False, [bucket("*", {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{ACCOUNT}:*"}})]),
    (True, [bucket("*", {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}})]),
    (False, [bucket("*", {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::my-bucket/*"}})]),
    (False, [bucket("*", {"StringEquals": {"aws:SourceVpce": "vpce-1"}})]),
    (
        False,
        [bucket("*", {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24", "192.168.0.0/16"]}})],
    ),
    (True, [bucket("*", {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1"]}})]),
    (True, [bucket("*", {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}})]),
    (True, [bucket("*", {"IpAddress": {"aws:SourceIp": ["2001::/16"]}})]),
    (False, [bucket("*", {"IpAddress": {"aws:SourceIp": ["2001:db8::/32"]}})]),
    (True, [bucket("*", {"StringEquals": {"aws:PrincipalTag/team": "red"}})]),
    (True, [bucket("*", {"Bool": {"aws:SecureTransport": "true"}})]),
    (True, [bucket("*", {"StringEquals": {"aws:ResourceAccount": ACCOUNT}})]),
    (True, [bucket("*", {"StringLike": {"aws:userid": "AROAEXAMPLEID:*"}})]),
    (False, [bucket("*", {"StringLike": {"aws:userid": "AIDAEXAMPLEID:*"}})]),
]

TRUST_CASES: list[tuple[bool, list[Json]]] = [
    (True, [role({"AWS": "*"})]),
    (True, [role({"AWS": "*"}, {"StringEquals": {"sts:ExternalId": "secret"}})]),
    (False, [role({"AWS": ACCOUNT})]),
    (
        False,
        [role({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"}, action="sts:AssumeRoleWithSAML")],
    ),
    (True, [role(issuer(GITHUB), action=WEB_IDENTITY)]),
    (True, [role(issuer(GITHUB), {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}, WEB_IDENTITY)]),
    (True, [role(issuer(GITHUB), {"StringLike": {f"{GITHUB}:sub": "repo:*"}}, WEB_IDENTITY)]),
    (False, [role(issuer(GITHUB), {"StringLike": {f"{GITHUB}:sub": "repo:acme/*"}}, WEB_IDENTITY)]),
    (False, [role(issuer("login.acme.example"), action=WEB_IDENTITY)]),
    (True, [role({"Federated": "accounts.google.com"}, action=WEB_IDENTITY)]),
    (
        False,
        [
            role(
                {"Federated": "accounts.google.com"},
                {"StringEquals": {"accounts.google.com:aud": "id"}},
                WEB_IDENTITY,
            )
        ],
    ),
]


def shown(cases: list[tuple[bool, list[Json]]]) -> list[str]:
    return [f"{'public' if is_public else 'closed'}-{at}" for at, (is_public, _) in enumerate(cases)]


@pytest.mark.parametrize(("is_public", "statements"), RESOURCE_CASES, ids=shown(RESOURCE_CASES))
def test_resource_policy(is_public: bool, statements: list[Json]) -> None:
    found = public([policy(*statements)])
    assert found.verdict is (Verdict.NEW_ACCESS if is_public else Verdict.CONTAINED)


@pytest.mark.parametrize(("is_public", "statements"), TRUST_CASES, ids=shown(TRUST_CASES))
def test_trust_policy(is_public: bool, statements: list[Json]) -> None:
    found = public([policy(*statements)], kind=PolicyKind.TRUST)
    assert found.verdict is (Verdict.NEW_ACCESS if is_public else Verdict.CONTAINED)


def test_the_witness_is_a_strangers_request() -> None:
    found = public([policy(bucket("*"))])
    assert found.witness is not None
    assert found.witness.principal == "anonymous"
    signed = public([policy(role({"AWS": "*"}))], kind=PolicyKind.TRUST).witness
    assert signed is not None
    assert str(signed.principal).startswith("arn:aws:iam::")
    assert signed.action == "sts:AssumeRole"


def test_a_deny_of_unsigned_requests_leaves_signed_strangers() -> None:
    only_signed = bucket("*", {"Null": {"aws:PrincipalArn": "true"}}, "Deny")
    found = public([policy(bucket("*"), only_signed)])
    assert found.witness is not None
    assert found.witness.principal != "anonymous"
