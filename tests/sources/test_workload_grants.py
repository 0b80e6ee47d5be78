"""Which resource runs as which role, and what else is a fact about a resource: alike in all formats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iamlint.model import Extraction
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

ROLE = "arn:aws:iam::111122223333:role/app"
LONG = {"execution_role": "arn:aws:iam::111122223333:role/start"}

# The word, the fields, and how each format writes them: type and properties.
Written = tuple[str, dict[str, object]]
CASES: dict[str, tuple[str, dict[str, str], Written, Written]] = {
    "function": (
        "role-use",
        {"role": ROLE},
        ("AWS::Lambda::Function", {"Role": ROLE}),
        ("aws_lambda_function", {"role": ROLE}),
    ),
    "task": (
        "role-use",
        {"role": ROLE, **LONG},
        ("AWS::ECS::TaskDefinition", {"TaskRoleArn": ROLE, "ExecutionRoleArn": LONG["execution_role"]}),
        (
            "aws_ecs_task_definition",
            {
                "task_role_arn": ROLE,
                "execution_role_arn": LONG["execution_role"],
                "container_definitions": "[]",
            },
        ),
    ),
    "notebook": (
        "role-use",
        {"role": ROLE},
        ("AWS::SageMaker::NotebookInstance", {"RoleArn": ROLE}),
        ("aws_sagemaker_notebook_instance", {"role_arn": ROLE}),
    ),
    "build": (
        "role-use",
        {"role": ROLE},
        ("AWS::CodeBuild::Project", {"ServiceRole": ROLE}),
        ("aws_codebuild_project", {"service_role": ROLE}),
    ),
    "service": (
        "role-use",
        {"role": ROLE},
        ("AWS::AppRunner::Service", {"InstanceConfiguration": {"InstanceRoleArn": ROLE}}),
        ("aws_apprunner_service", {"instance_configuration": [{"instance_role_arn": ROLE}]}),
    ),
    "launch template": (
        "role-use",
        {"profile_name": "web"},
        ("AWS::EC2::LaunchTemplate", {"LaunchTemplateData": {"IamInstanceProfile": {"Name": "web"}}}),
        ("aws_launch_template", {"iam_instance_profile": [{"name": "web"}]}),
    ),
    "instance": (
        "instance",
        {"profile": "web", "subnet": "subnet-1"},
        ("AWS::EC2::Instance", {"IamInstanceProfile": "web", "SubnetId": "subnet-1"}),
        ("aws_instance", {"iam_instance_profile": "web", "subnet_id": "subnet-1"}),
    ),
    "instance of a launch template": (
        "instance",
        {"launch_template": "lt-1"},
        ("AWS::EC2::Instance", {"LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"}}),
        ("aws_instance", {"launch_template": [{"id": "lt-1"}]}),
    ),
    "bare instance": (
        "instance",
        {},
        ("AWS::EC2::Instance", {"ImageId": "ami-1"}),
        ("aws_instance", {"ami": "ami-1"}),
    ),
    "permission set": (
        "declared",
        {"name": "Readers", "session_duration": "PT8H"},
        ("AWS::SSO::PermissionSet", {"Name": "Readers", "SessionDuration": "PT8H", "InstanceArn": "i"}),
        ("aws_ssoadmin_permission_set", {"name": "Readers", "session_duration": "PT8H", "instance_arn": "i"}),
    ),
    "managed policy": (
        "declared",
        {"name": "read", "path": "/app/", "description": "Reads"},
        ("AWS::IAM::ManagedPolicy", {"ManagedPolicyName": "read", "Path": "/app/", "Description": "Reads"}),
        ("aws_iam_policy", {"name": "read", "path": "/app/", "description": "Reads"}),
    ),
    "key": ("declared", {}, ("AWS::KMS::Key", {"Enabled": True}), ("aws_kms_key", {"is_enabled": True})),
    "certificate": (
        "server-certificate",
        {"body": "pem", "name": "web"},
        ("AWS::IAM::ServerCertificate", {"CertificateBody": "pem", "ServerCertificateName": "web"}),
        ("aws_iam_server_certificate", {"certificate_body": "pem", "name": "web"}),
    ),
    "organization": (
        "organization",
        {"feature_set": "ALL"},
        ("AWS::Organizations::Organization", {"FeatureSet": "ALL"}),
        ("aws_organizations_organization", {"feature_set": "ALL"}),
    ),
    "analyzer": (
        "access-analyzer",
        {"type": "ACCOUNT"},
        ("AWS::AccessAnalyzer::Analyzer", {"Type": "ACCOUNT"}),
        ("aws_accessanalyzer_analyzer", {"type": "ACCOUNT", "analyzer_name": "a"}),
    ),
}


def template(kind: str, properties: dict[str, object]) -> tuple[str, dict[str, object]]:
    return "t.json", {"Resources": {"R": {"Type": kind, "Properties": properties}}}


def module(kind: str, arguments: dict[str, object]) -> tuple[str, dict[str, object]]:
    return "main.tf.json", {"resource": {kind: {"r": arguments}}}


def plan(kind: str, arguments: dict[str, object]) -> tuple[str, dict[str, Any]]:
    change = {"actions": ["create"], "after": arguments, "after_unknown": {}}
    entry = {"address": f"{kind}.r", "mode": "managed", "type": kind, "name": "r", "change": change}
    return "plan.json", {"format_version": "1.2", "resource_changes": [entry]}


def extract(file: tuple[str, dict[str, object]]) -> Extraction:
    name, tree = file
    return extract_unit([SourceFile(name, json.dumps(tree).encode(), named=True)], SourceOptions())


@pytest.mark.parametrize("format_name", ["template", "module", "plan"])
@pytest.mark.parametrize("case", CASES)
def test_a_fact_is_the_same_in_every_format(case: str, format_name: str) -> None:
    what, fields, written_template, written_terraform = CASES[case]
    if format_name == "template":
        file = template(*written_template)
    else:
        file = {"module": module, "plan": plan}[format_name](*written_terraform)
    grants = [grant for grant in extract(file).grants if grant.what == what]
    assert grants, case
    assert {name: ", ".join(map(str, values)) for name, values in grants[0].fields.items()} == fields


def test_an_execution_role_is_in_use_too() -> None:
    written = CASES["task"][2]
    grants = [grant for grant in extract(template(*written)).grants if grant.what == "role-use"]
    assert [[str(value) for value in grant.fields["role"]] for grant in grants] == [
        [ROLE],
        [LONG["execution_role"]],
    ]


def test_a_plan_does_not_take_a_profile_that_nobody_wrote_for_one() -> None:
    # The provider shows `iam_instance_profile` as known after apply where nothing is configured.
    name, tree = plan("aws_instance", {"ami": "ami-1"})
    tree["resource_changes"][0]["change"]["after_unknown"] = {"iam_instance_profile": True}
    tree["configuration"] = {
        "root_module": {
            "resources": [{"address": "aws_instance.r", "expressions": {"ami": {"constant_value": "ami-1"}}}]
        }
    }
    assert [dict(grant.fields) for grant in extract((name, tree)).grants] == [{}]
