"""What is known of a condition key by its name."""

from __future__ import annotations

import pytest

from iamlint.catalog.key_classes import KeyKind, classify_key, nearest_key


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aws:PrincipalOrgID", KeyKind.KNOWN),
        ("AWS:principalorgid", KeyKind.KNOWN),
        ("aws:ResourceTag/aws:cloudformation:stack-name", KeyKind.KNOWN),
        ("secretsmanager:ResourceTag/a:b/c", KeyKind.KNOWN),
        ("kms:EncryptionContext:aws:s3:arn", KeyKind.KNOWN),
        ("s3:ExistingObjectTag/stage", KeyKind.KNOWN),
        ("lambda:SourceFunctionArn", KeyKind.KNOWN),
        ("SAML:aud", KeyKind.KNOWN),
        ("idp.acme.example:sub", KeyKind.KNOWN),
        ("idp.acme.example:groups", KeyKind.OTHER),
        ("localhost:8080/realm:groups", KeyKind.OTHER),
        ("deepracer:MultiUser", KeyKind.OTHER),
        ("<Provider>:sub", KeyKind.OTHER),
        ("${OidcProvider}:sub", KeyKind.OTHER),
        ("aws:ARN", KeyKind.RETIRED),
        ("aws:RequestTag", KeyKind.NO_TAG),
        ("ssm:resourceTag/", KeyKind.NO_TAG),
        ("aws:TagKeys", KeyKind.KNOWN),
        ("aws:OrgId", KeyKind.NOT_GLOBAL),
        ("aws:RequestTags/team", KeyKind.NOT_GLOBAL),
        ("ec2:RequestTag", KeyKind.NOT_IN_SERVICE),
        ("rds:DbEngine", KeyKind.NOT_IN_SERVICE),
        ("PrincipalOrgID", KeyKind.MALFORMED),
        ("aws:", KeyKind.MALFORMED),
        (" :x", KeyKind.MALFORMED),
        ("", KeyKind.MALFORMED),
    ],
)
def test_a_name_says_how_far_the_key_is_known(name: str, kind: KeyKind) -> None:
    assert classify_key(name).kind is kind


@pytest.mark.parametrize(
    ("name", "many", "single", "type_"),
    [
        ("aws:TagKeys", True, False, "String"),
        ("aws:SourceArn", False, True, "ARN"),
        ("aws:SecureTransport", False, True, "Bool"),
        ("acme:Flag", False, False, ""),
    ],
)
def test_how_many_values_a_request_carries_is_said_only_where_it_is_known(
    name: str, many: bool, single: bool, type_: str
) -> None:
    found = classify_key(name)
    assert (found.many, found.single, found.type) == (many, single, type_)


@pytest.mark.parametrize(
    ("lower", "expected"),
    [
        ("aws:orgid", "aws:PrincipalOrgID"),
        ("aws:vpcarn", "aws:SourceVpcArn"),
        ("aws:account", "aws:PrincipalAccount"),
        ("aws:securetransprot", "aws:SecureTransport"),
        ("aws:requesttags/team", "aws:RequestTag/team"),
        ("ec2:instancetypes", "ec2:InstanceType"),
        ("aws:clusterid", None),
        ("acme:flag", None),
        ("aws:" + "x" * 100_000, None),
    ],
)
def test_the_nearest_key_goes_by_the_name_behind_the_prefix(lower: str, expected: str | None) -> None:
    assert nearest_key(lower) == expected
