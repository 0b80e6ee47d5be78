"""Whether an action works on a resource of its statement, with what templates leave open."""

from __future__ import annotations

import json

import pytest

from iamlint.engine.judge import Judge
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.engine.subject import Settings
from iamlint.model import Finding
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

RULES = [rule for rule in load_rules().rules if rule.id in {"IAM869", "IAM870"}]
BUCKET = {"Fn::GetAtt": ["Bucket", "Arn"]}
OBJECTS = {"Fn::Sub": "${Bucket.Arn}/*"}


def mismatches(actions: list[str], *resources: object) -> list[str]:
    """Return the actions that are told, of one statement in a template with a bucket, a queue and a
    parameter."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    template = {
        "Parameters": {"Somewhere": {"Type": "String"}},
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}},
        },
    }
    extraction = extract_unit([SourceFile("t.json", json.dumps(template).encode())], SourceOptions())
    found = Judge(RULES, Settings(), Profile.AUDIT).judge(extraction)
    return sorted(text for one in found if isinstance(one, Finding) for text in one.evidence)


@pytest.mark.parametrize(
    ("actions", "resources", "told"),
    [
        (["s3:GetObject", "s3:ListBucket"], [BUCKET], ["s3:GetObject"]),
        (["s3:GetObject", "s3:ListBucket"], [OBJECTS], ["s3:ListBucket"]),
        (["s3:GetObject", "s3:ListBucket"], [BUCKET, OBJECTS], []),
        (["s3:GetObject"], [{"Fn::Sub": "arn:aws:s3:::${Somewhere}"}], []),  # it may hold a key too
        (["s3:GetObject"], [{"Ref": "Somewhere"}], []),
        (["s3:GetObject"], [BUCKET, {"Ref": "Somewhere"}], []),
        (["s3:GetObject"], ["arn:aws:s3:::b-*"], []),
        (["s3:ListBucket"], ["arn:aws:s3:::*/logs/*"], ["s3:ListBucket"]),
        (["sqs:SendMessage"], ["arn:aws:sqs:*:*:orders"], []),
        (["sqs:SendMessage"], ["arn:aws:sns:*:*:orders"], ["sqs:SendMessage"]),
        (["iam:PassRole"], ["arn:aws:iam::111122223333:role/path/app"], []),
        (["iam:PassRole"], ["arn:aws:iam::111122223333:policy/app"], ["iam:PassRole"]),
        (["logs:PutLogEvents"], ["arn:aws:logs:*:*:log-group:/aws/lambda/app:*"], []),
        (["logs:PutLogEvents"], ["arn:aws:logs:*:*:log-group:/aws/lambda/app"], ["logs:PutLogEvents"]),
        (["logs:DescribeLogGroups"], ["arn:aws:logs:*:*:log-group:*"], []),
        (["s3:ListAllMyBuckets"], ["arn:aws:s3:::b"], ["s3:ListAllMyBuckets"]),
        (["s3:ListAllMyBuckets"], ["arn:aws:s3:::*"], []),
        (
            ["dynamodb:GetItem"],
            ["arn:aws:dynamodb:eu-west-1:111122223333:table/${aws:PrincipalTag/team}"],
            [],
        ),
        (["kms:Decrypt"], ["arn:aws:kms:eu-west-1:111122223333:alias/app"], ["kms:Decrypt"]),
        (["s3:NoSuchAction"], ["arn:aws:s3:::b"], []),
    ],
)
def test_an_action_needs_a_resource_of_its_type(
    actions: list[str], resources: list[object], told: list[str]
) -> None:
    assert mismatches(actions, *resources) == told
