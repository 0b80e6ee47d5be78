"""Generated templates with 2,000 roles and 5,000 policies, half of them about passing and assuming roles."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from benchmarks.workspace import INPUTS, made_once, note, track

__all__ = ["POLICIES", "PRINCIPALS", "principals", "templates"]

TEMPLATES = 250
ROLES, MANAGED = 8, 4
PRINCIPALS = TEMPLATES * ROLES
POLICIES = TEMPLATES * (2 * ROLES + MANAGED)
"""A trust policy and an inline policy of each role, and the managed policies."""

_EDITION = 1
_ACTIONS = (
    "s3:GetObject",
    "dynamodb:Query",
    "sqs:SendMessage",
    "logs:PutLogEvents",
    "ec2:Describe*",
    "iam:GetRole",
    "iam:PassRole",
    "sts:AssumeRole",
    "lambda:CreateFunction",
    "lambda:InvokeFunction",
    "ecs:RunTask",
    "codebuild:StartBuild",
    "cloudformation:CreateStack",
    "ssm:SendCommand",
    "glue:CreateJob",
    "glue:StartJobRun",
)
_SERVICES = ("lambda", "ec2", "ecs-tasks", "codebuild", "cloudformation", "glue")
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def principals() -> Path:
    """Return the folder with the templates."""

    def make(folder: Path) -> None:
        note("generating templates with principals ...")
        for number, template in enumerate(templates()):
            (folder / f"stack{number}.json").write_text(json.dumps(template, indent=1), "utf-8")
        track(folder)

    return made_once(INPUTS / "principals", {"edition": _EDITION, "principals": PRINCIPALS}, make)


def templates() -> Iterator[dict[str, object]]:
    """Yield the templates, the same every time."""
    draw = random.Random(20_261_124)
    for number in range(TEMPLATES):
        resources: dict[str, object] = {}
        for index in range(ROLES):
            properties: dict[str, object] = {
                "RoleName": f"role{number * ROLES + index}",
                "AssumeRolePolicyDocument": _document([_trust(draw)]),
                "Policies": [{"PolicyName": "own", "PolicyDocument": _document(_statements(draw))}],
            }
            if draw.random() < 0.03:
                properties["ManagedPolicyArns"] = [_ADMINISTRATOR]
            resources[f"Role{index}"] = {"Type": "AWS::IAM::Role", "Properties": properties}
        for index in range(MANAGED):
            resources[f"Policy{index}"] = {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "Roles": [{"Ref": f"Role{draw.randrange(ROLES)}"}],
                    "PolicyDocument": _document(_statements(draw)),
                },
            }
        yield {"Resources": resources}


def _document(statements: list[dict[str, object]]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": statements}


def _role_arn(draw: random.Random) -> dict[str, object]:
    return {"Fn::GetAtt": [f"Role{draw.randrange(ROLES)}", "Arn"]}


def _trust(draw: random.Random) -> dict[str, object]:
    principal: dict[str, object] = {"Service": f"{draw.choice(_SERVICES)}.amazonaws.com"}
    if draw.random() < 0.3:
        root = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}
        principal = {"AWS": draw.choice([_role_arn(draw), root])}
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}


def _statements(draw: random.Random) -> list[dict[str, object]]:
    made = []
    for _ in range(draw.randint(1, 4)):
        resource: object = draw.choice(
            [
                "*",
                f"arn:aws:s3:::bucket{draw.randrange(10)}/*",
                f"arn:aws:iam::123456789012:role/role{draw.randrange(PRINCIPALS)}",
                _role_arn(draw),
            ]
        )
        actions = draw.sample(_ACTIONS, draw.randint(1, 4))
        made.append({"Effect": "Allow", "Action": actions, "Resource": resource})
    return made
