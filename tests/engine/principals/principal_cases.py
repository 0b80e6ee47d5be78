"""Small templates for tests of principals."""

from __future__ import annotations

import json
from collections.abc import Mapping

from iamlint.auditing.principals import facts_of, linked
from iamlint.engine.principals.joining import Directory, join
from iamlint.model import Extraction
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

ROOT = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def allow(actions: object, resources: object = "*", **more: object) -> dict[str, object]:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def document(*statements: Mapping[str, object]) -> dict[str, object]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(*principals: Mapping[str, object], **more: object) -> dict[str, object]:
    """A trust policy with a statement for each principal."""
    return document(
        *({"Effect": "Allow", "Principal": one, "Action": "sts:AssumeRole", **more} for one in principals)
    )


def role(
    *statements: Mapping[str, object], trusts: Mapping[str, object] | None = None, **properties: object
) -> dict[str, object]:
    """A role of CloudFormation with an inline policy of the statements."""
    policies = [{"PolicyName": "p", "PolicyDocument": document(*statements)}] if statements else []
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": trusts or trust(), "Policies": policies, **properties},
    }


def user(*statements: Mapping[str, object], **properties: object) -> dict[str, object]:
    """A user of CloudFormation with an inline policy of the statements."""
    policies = [{"PolicyName": "p", "PolicyDocument": document(*statements)}] if statements else []
    return {"Type": "AWS::IAM::User", "Properties": {"Policies": policies, **properties}}


def arn(logical_id: str) -> dict[str, object]:
    """The ARN of a resource of the template."""
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def template(resources: Mapping[str, object]) -> str:
    """The text of a template."""
    return json.dumps({"Resources": resources}, indent=1)


def directory(**files: Mapping[str, object]) -> Directory:
    """Join templates, by the name of their file, as a run does."""
    known: dict[str, Extraction] = {}
    for name, resources in files.items():
        data = template(resources).encode()
        known[f"{name}.json"] = extract_unit([SourceFile(f"{name}.json", data)], SourceOptions())
    facts = [one for name, found in known.items() for one in facts_of(found, name, let_go=True)]
    return join(linked(facts, known.get))
