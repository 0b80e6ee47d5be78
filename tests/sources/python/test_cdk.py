"""Statements and documents of the CDK."""

from __future__ import annotations

import pytest

from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

HEAD = "from aws_cdk import aws_iam as iam\n"
# Source, owner, kind, effect, actions, principals of the first statement.
CASES = [
    (
        "role.add_to_policy(iam.PolicyStatement(actions=['s3:*'], resources=['*']))",
        "role",
        "identity",
        "Allow",
        ["s3:*"],
        [],
    ),
    (
        "s = iam.PolicyStatement(effect=iam.Effect.DENY, actions=['s3:*'], resources=['*'])",
        "s",
        "identity",
        "Deny",
        ["s3:*"],
        [],
    ),
    (
        "b.add_to_resource_policy(iam.PolicyStatement(actions=['s3:Get*'], resources=['*'], principals=[iam.AnyPrincipal()]))",
        "b",
        "resource",
        "Allow",
        ["s3:Get*"],
        [("AWS", "*")],
    ),
    (
        "d = iam.PolicyDocument(statements=[iam.PolicyStatement(actions=['s3:*'], resources=['*'])])",
        "d",
        "identity",
        "Allow",
        ["s3:*"],
        [],
    ),
]


@pytest.mark.parametrize(("source", "owner", "kind", "effect", "actions", "principals"), CASES)
def test_a_statement(
    source: str, owner: str, kind: str, effect: str, actions: list[str], principals: list[tuple[str, str]]
) -> None:
    (policy,) = extract_unit([SourceFile("a.py", (HEAD + source).encode())], SourceOptions()).policies
    assert policy.statements is not None
    (statement,) = policy.statements
    assert (policy.owner.address, policy.kind) == (owner, kind)
    assert str(statement.effect) == effect
    assert [str(action) for action in statement.actions or ()] == actions
    assert [(one.type, str(one.value)) for one in statement.principals or ()] == principals


def test_a_statement_that_grows_later_is_open() -> None:
    source = HEAD + "s = iam.PolicyStatement()\ns.add_actions('s3:GetObject')\ns.add_all_resources()\n"
    (policy,) = extract_unit([SourceFile("a.py", source.encode())], SourceOptions()).policies
    assert policy.statements is not None
    assert policy.faults == ()
    assert policy.statements[0].unread_condition
