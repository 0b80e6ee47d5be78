"""Slips that people make, each with the name that the finding has to offer, or none at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iamlint import audit
from iamlint.catalog import catalog
from iamlint.catalog.datafiles import read

Statement = dict[str, object]


def allowing(action: str) -> Statement:
    return {"Action": action, "Resource": "*"}


def on(arn: str) -> Statement:
    return {"Action": "s3:GetObject", "Resource": arn}


def under(operator: str, key: str, value: str = "a") -> Statement:
    return {"Action": "s3:ListBucket", "Resource": "*", "Condition": {operator: {key: value}}}


ACCOUNT = "111122223333"
SLIPS: list[tuple[Statement, str | None]] = [
    (allowing("s3:GetObjct"), "s3:GetObject"),
    (allowing("ec2:StartInstance"), "ec2:StartInstances"),
    (allowing("iam:PasRole"), "iam:PassRole"),
    (allowing("cloudwatch:PutMetrics"), "cloudwatch:PutMetricData"),
    (allowing("ecr:GetAuthToken"), "ecr:GetAuthorizationToken"),
    (allowing("secretsmanager:GetSecret"), "secretsmanager:GetSecretValue"),
    (allowing("athena:StartQuery"), "athena:StartQueryExecution"),
    (allowing("route53:ChangeRecordSets"), "route53:ChangeResourceRecordSets"),
    (allowing("lambda:UpdateFunction"), "lambda:UpdateFunctionCode"),
    # Another verb is another right, not a slip.
    (allowing("sso:GetPermissionsPolicy"), None),
    (allowing("cloudhsm:ListHapgs"), None),
    (allowing("sns:Send"), None),
    (allowing("lamda:*"), "lambda"),
    (allowing("emr:*"), "elasticmapreduce"),
    (allowing("efs:*"), "elasticfilesystem"),
    (allowing("elbv2:*"), "elasticloadbalancing"),
    (allowing("secrets-manager:*"), "secretsmanager"),
    (allowing("cloudwatchlogs:PutLogEvent"), "logs:PutLogEvents"),
    (allowing("eventbridge:PutEvents"), "events:PutEvents"),
    (under("StringsEquals", "aws:PrincipalTag/a"), "StringEquals"),
    (under("NotStringEquals", "aws:PrincipalTag/a"), "StringNotEquals"),
    (under("ForAnyValues:StringLike", "aws:TagKeys"), "ForAnyValue:StringLike"),
    (under("StringMatchesIfExists", "aws:PrincipalTag/a"), "StringLikeIfExists"),
    (under("Boolean", "aws:SecureTransport", "true"), "Bool"),
    (under("ForSomeValues:StringLike", "aws:TagKeys"), None),
    (under("StringEquals", "aws:OrgID"), "aws:PrincipalOrgID"),
    (under("StringEquals", "aws:MFA"), "aws:MultiFactorAuthPresent"),
    (under("StringEquals", "aws:SourceVpcEndpoint"), "aws:SourceVpce"),
    (under("StringEquals", "aws:ResourceTags/team"), "aws:ResourceTag/team"),
    (under("StringEquals", "kms:EncryptContext:team"), "kms:EncryptionContext:team"),
    (under("StringEquals", "iam:PassToService"), "iam:PassedToService"),
    (under("StringEquals", "aws:RequestedRegion", "euwest1"), "eu-west-1"),
    (under("StringEquals", "aws:RequestedRegion", "frankfurt"), "eu-central-1"),
    (under("StringEquals", "aws:RequestedRegion", "moon-1"), None),
    (on("arn:aws-china:s3:::logs"), "aws-cn"),
    (on("arn:awss:s3:::logs"), "aws"),
    (on(f"arn:aws:stepfunctions:eu-west-1:{ACCOUNT}:stateMachine:x"), "states"),
    (on(f"arn:aws:sqss:eu-west-1:{ACCOUNT}:jobs"), "sqs"),
    (on(f"arn:aws:lambda:us-est-1:{ACCOUNT}:function:f"), "us-east-1"),
    (on(f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:tables/x"), "table/*"),
]
RULES = ["IAM021", "IAM022", "IAM801", "IAM819", "IAM820", "IAM825", "IAM853", "IAM855", "IAM858", "IAM862"]


@pytest.mark.parametrize(("statement", "name"), SLIPS, ids=[json.dumps(each) for each, _ in SLIPS])
def test_slip(statement: Statement, name: str | None, tmp_path: Path) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy), encoding="utf-8")
    (finding,) = audit(str(path), profile="audit", select=RULES, policy_kind="identity").findings
    offered = finding.message.partition("(did you mean ")[2].partition("?)")[0]
    assert (offered or None) == name


def test_the_usual_names_lead_to_names_that_there_are() -> None:
    names = json.loads(read("usual_names.json"))
    known = catalog()
    for written, service in names["services"].items():
        assert known.service(service) is not None, service
        assert known.service(written) is None, written
    for written, key in names["keys"].items():
        assert known.condition_key(key) is not None
        assert known.condition_key(written) is None
    assert set(names["regions"].values()) <= set(known.regions())
