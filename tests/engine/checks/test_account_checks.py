"""Checks of names, roles in use and certificates, where examples of rules cannot show it: references,
conditions, policies beside, text that is hostile."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from iamlint import audit
from iamlint.engine.checks.certificates import last_day

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


def role(**properties: object) -> dict[str, object]:
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, **properties}}


def build(service_role: object) -> dict[str, object]:
    return {"Type": "AWS::CodeBuild::Project", "Properties": {"ServiceRole": service_role}}


def task(task_role: object, execution_role: object) -> dict[str, object]:
    roles = {"TaskRoleArn": task_role, "ExecutionRoleArn": execution_role}
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": roles}


def key(user: object, **more: object) -> dict[str, object]:
    return {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": user}, **more}


REF, ARN = {"Ref": "Role"}, {"Fn::GetAtt": ["Role", "Arn"]}
PASSWORD = {
    "Type": "AWS::IAM::User",
    "Properties": {"LoginProfile": {"Password": "{{resolve:secretsmanager:p}}"}},
}

TEMPLATES = {
    "a reference to a role with a path": (
        "IAM575",
        {"B": build(REF), "Role": role(Path="/ci/")},
        ["Resources.B"],
    ),
    "a reference by Fn::Sub": (
        "IAM575",
        {"B": build({"Fn::Sub": "${Role}"}), "Role": role(Path="/ci/")},
        ["Resources.B"],
    ),
    "the ARN of a role with a path": ("IAM575", {"B": build(ARN), "Role": role(Path="/ci/")}, []),
    "a role at the root": ("IAM575", {"B": build(REF), "Role": role(Path="/")}, []),
    "a role without a path": ("IAM575", {"B": build(REF), "Role": role()}, []),
    "a path that is decided elsewhere": ("IAM575", {"B": build(REF), "Role": role(Path={"Ref": "Path"})}, []),
    "a function takes ARNs alone": (
        "IAM575",
        {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": REF}}, "Role": role(Path="/ci/")},
        [],
    ),
    "one role for both": ("IAM573", {"T": task(ARN, ARN), "Role": role()}, ["Resources.T"]),
    "two parameters": ("IAM573", {"T": task({"Ref": "A"}, {"Ref": "B"})}, []),
    "one imported value": (
        "IAM573",
        {"T": task({"Fn::ImportValue": "x-role"}, {"Fn::ImportValue": "x-role"})},
        ["Resources.T"],
    ),
    "an execution role alone": ("IAM573", {"T": task(None, ARN), "Role": role()}, []),
    "two keys of one user": (
        "IAM718",
        {"A": key({"Ref": "U"}), "B": key({"Ref": "U"}), "U": {"Type": "AWS::IAM::User"}},
        ["Resources.B"],
    ),
    "keys under conditions": (
        "IAM718",
        {"A": key("ann", Condition="First"), "B": key("ann", Condition="Second")},
        [],
    ),
    "keys of users that a parameter names": ("IAM718", {"A": key({"Ref": "P"}), "B": key({"Ref": "Q"})}, []),
    "a key with a policy": (
        "IAM495",
        {"K": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": KEY_POLICY}}},
        [],
    ),
    "a key without a policy": ("IAM495", {"K": {"Type": "AWS::KMS::Key"}}, ["Resources.K"]),
    "a name that a parameter ends": ("IAM577", {"R": role(RoleName={"Fn::Sub": "app-${AWS::Region}"})}, []),
    "a name with a known part that is wrong": (
        "IAM577",
        {"R": role(RoleName={"Fn::Sub": "my app-${AWS::Region}"})},
        ["Resources.R"],
    ),
    "a path that begins with a parameter": ("IAM577", {"R": role(Path={"Fn::Sub": "${Prefix}app/"})}, []),
    "an inline policy": (
        "IAM582",
        {
            "R": role(
                Policies=[{"PolicyName": "a b", "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}]
            )
        },
        ["Resources.R"],
    ),
    "a user with a device": (
        "IAM537",
        {"U": PASSWORD, "M": {"Type": "AWS::IAM::VirtualMFADevice", "Properties": {"Users": [{"Ref": "U"}]}}},
        [],
    ),
    "a user with somebody else's device": (
        "IAM537",
        {"U": PASSWORD, "M": {"Type": "AWS::IAM::VirtualMFADevice", "Properties": {"Users": ["bob"]}}},
        ["Resources.U"],
    ),
}


@pytest.mark.parametrize(("rule", "resources", "owners"), TEMPLATES.values(), ids=TEMPLATES)
def test_templates(rule: str, resources: dict[str, object], owners: list[str], tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"Parameters": {}, "Resources": resources}))
    found = audit(str(tmp_path), profile="audit", select=(rule,))
    assert [finding.policy.owner for finding in found.findings] == owners


def test_a_key_policy_of_its_own_counts(tmp_path: Path) -> None:
    policy = {"key_id": "${aws_kms_key.k.id}", "policy": json.dumps(KEY_POLICY)}
    keys = {"k": {}, "l": {}, "m": {"policy": "${data.aws_iam_policy_document.d.json}"}}
    statement = {
        "actions": ["kms:*"],
        "resources": ["*"],
        "principals": {"type": "AWS", "identifiers": ["1"]},
    }
    tree = {
        "resource": {"aws_kms_key": keys, "aws_kms_key_policy": {"k": policy}},
        "data": {"aws_iam_policy_document": {"d": {"statement": statement}}},
    }
    (tmp_path / "main.tf.json").write_text(json.dumps(tree))
    found = audit(str(tmp_path), profile="audit", select=("IAM495",))
    assert [finding.policy.owner for finding in found.findings] == ["aws_kms_key.l"]


def test_keys_of_two_root_modules_are_not_of_one_user(tmp_path: Path) -> None:
    keys = {"a": {"user": "${aws_iam_user.u.name}"}}
    for name in ("production", "test"):
        (tmp_path / name).mkdir()
        tree = {"resource": {"aws_iam_access_key": keys, "aws_iam_user": {"u": {"name": "x"}}}}
        (tmp_path / name / "main.tf.json").write_text(json.dumps(tree))
    assert not audit(str(tmp_path), profile="audit", select=("IAM718",)).findings


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMP//////AAAA\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n" + "MIAw" * 5000 + "\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----" * 20000,
        "-----BEGIN CERTIFICATE-----" + " " * 90000,
    ],
    ids=range(9),
)
def test_what_is_no_certificate_has_no_last_day(text: str) -> None:
    start = time.monotonic()
    assert last_day(text) is None
    assert time.monotonic() - start < 5
