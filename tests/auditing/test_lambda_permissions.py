"""Permissions on functions and function URLs: what each says, alike in both formats."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from iamlint.engine.judge import Judge
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.engine.subject import Settings
from iamlint.model import Finding
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

JUDGE = Judge(
    [rule for rule in load_rules().rules if rule.profile is Profile.DEFAULT], Settings(), Profile.DEFAULT
)
TERRAFORM = {
    "Principal": "principal",
    "SourceArn": "source_arn",
    "SourceAccount": "source_account",
    "PrincipalOrgID": "principal_org_id",
    "FunctionUrlAuthType": "function_url_auth_type",
    "EventSourceToken": "event_source_token",
    "Action": "action",
}
PUBLIC, ANYBODYS = "lambda-permission-public", "lambda-permission-any-account-source"
NO_SOURCE, BEYOND, OPEN_URL = (
    "lambda-permission-missing-source",
    "lambda-permission-non-invoke-action",
    "lambda-url-no-auth",
)
OWN, URL = "111122223333", "lambda:InvokeFunctionUrl"

# The permission, the AuthType of a URL of the same function, what is told.
CASES: list[tuple[Mapping[str, str], str | None, list[str]]] = [
    ({"Principal": "*"}, None, [PUBLIC]),
    ({"Principal": "*", "PrincipalOrgID": "o-a1b2c3d4e5"}, None, []),
    ({"Principal": "*", "SourceAccount": OWN}, None, []),
    ({"Principal": "*", "SourceArn": "arn:aws:s3:::uploads"}, None, []),
    ({"Principal": "*", "SourceArn": "arn:aws:s3:::*"}, None, [PUBLIC]),
    ({"Principal": "*", "SourceArn": "*"}, None, [PUBLIC]),
    # The two halves of an open URL are one fault.
    ({"Principal": "*", "Action": URL, "FunctionUrlAuthType": "NONE"}, "NONE", [OPEN_URL]),
    ({"Principal": "*", "Action": URL, "FunctionUrlAuthType": "NONE"}, None, [PUBLIC]),
    # Every AWS account can sign a request.
    ({"Principal": "*", "Action": URL, "FunctionUrlAuthType": "AWS_IAM"}, "AWS_IAM", [PUBLIC]),
    ({"Principal": "s3.amazonaws.com"}, None, [ANYBODYS]),
    ({"Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::uploads"}, None, []),
    ({"Principal": "events.amazonaws.com"}, None, [ANYBODYS]),
    ({"Principal": "apigateway.amazonaws.com", "SourceArn": "arn:aws:execute-api:*:*:*"}, None, [ANYBODYS]),
    (
        {
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": f"arn:aws:execute-api:eu-west-1:{OWN}:a1b2/*",
        },
        None,
        [],
    ),
    ({"Principal": "logs.amazonaws.com"}, None, [NO_SOURCE]),
    ({"Principal": "logs.amazonaws.com", "PrincipalOrgID": "o-a1b2c3d4e5"}, None, []),
    ({"Principal": "alexa-appkit.amazon.com"}, None, [NO_SOURCE]),
    ({"Principal": "alexa-appkit.amazon.com", "EventSourceToken": "amzn1.ask.skill.1"}, None, []),
    ({"Principal": "s3.amazonaws.com", "Action": "lambda:*", "SourceAccount": OWN}, None, [BEYOND]),
    ({"Principal": OWN}, None, []),
    ({"Principal": f"arn:aws:iam::{OWN}:role/caller"}, None, []),
]


def told(path: str, tree: Mapping[str, object]) -> list[str]:
    file = SourceFile(path, json.dumps(tree).encode(), named=True)
    found = JUDGE.judge(extract_unit([file], SourceOptions()))
    return sorted(item.rule_name for item in found if isinstance(item, Finding))


@pytest.mark.parametrize(("permission", "auth", "expected"), CASES)
def test_a_permission(permission: Mapping[str, str], auth: str | None, expected: list[str]) -> None:
    full = {"Action": "lambda:InvokeFunction", **permission}
    resources: dict[str, object] = {
        "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": "f", **full}}
    }
    module: dict[str, object] = {
        "aws_lambda_permission": {
            "it": {"function_name": "f", **{TERRAFORM[name]: value for name, value in full.items()}}
        }
    }
    if auth is not None:
        properties = {"TargetFunctionArn": "f", "AuthType": auth}
        resources["Url"] = {"Type": "AWS::Lambda::Url", "Properties": properties}
        module["aws_lambda_function_url"] = {"it": {"function_name": "f", "authorization_type": auth}}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    assert told("it.template.json", template) == expected
    assert told("it.tf.json", {"resource": module}) == expected
