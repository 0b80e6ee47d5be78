"""Guardrails judged with what stands beside them: policies of an organization, boundaries, roles."""

from __future__ import annotations

import json

import pytest

from iamlint.engine.checks.complexity import statement_weight
from iamlint.engine.judge import Judge
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.engine.subject import Settings
from iamlint.model import Finding
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

RULES = load_rules().rules
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def deny(*actions: str, **more: object) -> dict[str, object]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*", **more}


def document(*statements: object) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def told(resources: dict[str, object], *ids: str) -> list[tuple[str, str]]:
    """Return rule and owner of what the rules say of a template."""
    text = json.dumps({"Resources": resources}).encode()
    extraction = extract_unit([SourceFile("t.json", text)], SourceOptions())
    rules = [rule for rule in RULES if rule.id in ids]
    found = Judge(rules, Settings(), Profile.AUDIT).judge(extraction)
    return sorted((one.rule_id, one.policy.owner) for one in found if isinstance(one, Finding))


def scp(*statements: object) -> dict[str, object]:
    properties = {"Name": "p", "Type": "SERVICE_CONTROL_POLICY", "Content": document(*statements)}
    return {"Type": "AWS::Organizations::Policy", "Properties": properties}


def test_what_no_policy_of_the_organization_denies_is_told_once() -> None:
    policies: dict[str, object] = {
        "All": scp(EVERYTHING),
        "A": scp(deny("iam:CreateUser")),
        "B": scp(deny("cloudtrail:*", "organizations:*", "guardduty:*", "config:*")),
    }
    assert told(policies, "IAM922", "IAM923") == [("IAM922", "Resources.A")]
    region = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    assert told({**policies, "C": scp(deny("ec2:*", Condition=region))}, "IAM922", "IAM923") == []
    assert told({"A": policies["A"]}, "IAM922", "IAM923") == []


@pytest.mark.parametrize(
    ("statements", "rules"),
    [
        ([EVERYTHING], ["IAM924", "IAM925"]),
        ([EVERYTHING, deny("iam:*")], []),
        ([EVERYTHING, deny("s3:DeleteBucket")], ["IAM925"]),
        # Who may put another boundary in place of this one is rid of it.
        ([EVERYTHING, deny("iam:Delete*PermissionsBoundary", "iam:Create*")], ["IAM925"]),
        ([EVERYTHING, deny("iam:*PermissionsBoundary", "iam:CreateRole", "iam:CreateUser")], []),
        ([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}], []),
    ],
)
def test_a_boundary_holds_its_holder(statements: list[object], rules: list[str]) -> None:
    resources: dict[str, object] = {
        "B": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(*statements)}},
        "R": {
            "Type": "AWS::IAM::Role",
            "Properties": {"PermissionsBoundary": {"Ref": "B"}, "AssumeRolePolicyDocument": TRUST},
        },
    }
    assert [rule for rule, _ in told(resources, "IAM924", "IAM925")] == rules


def test_a_boundary_of_aws_is_known_in_any_partition() -> None:
    arn = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"}
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"PermissionsBoundary": arn, "AssumeRolePolicyDocument": TRUST},
    }
    assert told({"R": role}, "IAM920") == [("IAM920", "Resources.R")]


@pytest.mark.parametrize(
    ("statement", "weight"),
    [
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, 1),
        ({"Effect": "Deny", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::b"}, 4),
        ({"Effect": "Allow", "Action": ["s3:*", "sqs:*", "sns:*"], "Resource": "*"}, 5),
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:sqs:*:*:q"}, 4),
        ({"Effect": "Allow", "Action": ["*", "s3:*"], "Resource": "*"}, 2),
        (
            {
                "Effect": "Allow",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {
                    "ForAnyValue:StringLike": {"aws:TagKeys": "${aws:PrincipalTag/a}"},
                    "BoolIfExists": {"aws:SecureTransport": "true"},
                },
            },
            9,
        ),
    ],
)
def test_what_makes_a_statement_hard_to_read(statement: dict[str, object], weight: int) -> None:
    text = json.dumps(document(statement)).encode()
    (policy,) = extract_unit([SourceFile("p.json", text)], SourceOptions()).policies
    assert policy.statements is not None
    assert statement_weight(policy.statements[0]) == weight
