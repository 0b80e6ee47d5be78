"""The ways to more rights: every path of the table, and the traps that fool tools which match names."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from iamlint.auditing.principals import facts_of, linked
from iamlint.catalog.escalation import escalation_table, may_escalate
from iamlint.engine.principals.escalation import Certainty
from iamlint.engine.principals.facts import policy_held
from iamlint.engine.principals.graph import Standing, standing_of
from iamlint.engine.principals.joining import Directory, join, lone_holder
from iamlint.model import Extraction, Owner, PolicyKind
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.text import Text

TABLE = escalation_table()
ACCOUNT = "123456789012"
ROLES = f"arn:aws:iam::{ACCOUNT}:role"
USERS = f"arn:aws:iam::{ACCOUNT}:user"


def standing(*statements: Mapping[str, object]) -> Standing:
    """Return what the unknown holder of one identity policy can do."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    tree = JsonDocument(Text("p.json", json.dumps(document)), document, "policy-json")
    policy = PolicyBuilder(tree).policy(document, (), owner=Owner("$", None, ()), kind=PolicyKind.IDENTITY)
    return standing_of(lone_holder(policy_held(policy)), None)


def found(*statements: Mapping[str, object]) -> dict[str, Certainty]:
    return {one.path.id: one.certainty for one in standing(*statements).paths}


def allow(actions: object, resources: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: object, resources: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **more}


# Every path of the table


@pytest.mark.parametrize("path", TABLE.paths, ids=lambda path: path.id)
def test_each_path_is_found_in_each_of_its_spellings(path: object) -> None:
    """In one statement, in a statement for each step, by any of its actions, and by a pattern."""
    [this] = [one for one in TABLE.paths if one is path]
    first = [step.actions[0] for step in this.steps]
    last = [step.actions[-1] for step in this.steps]
    assert this.id in found(allow(first))
    assert this.id in found(*map(allow, last))
    assert this.id in found(*(allow(f"{name[:-1]}?".upper()) for name in first))
    assert this.id in found({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})


@pytest.mark.parametrize("path", TABLE.paths, ids=lambda path: path.id)
def test_no_path_is_left_when_one_step_lacks_or_is_denied(path: object) -> None:
    [this] = [one for one in TABLE.paths if one is path]
    for lacking in this.steps:
        rest = [step.actions for step in this.steps if step is not lacking]
        names = [name for actions in rest for name in actions if name not in lacking.actions]
        assert this.id not in found(allow(names or "s3:GetObject"))
        whole = [name for step in this.steps for name in step.actions]
        assert this.id not in found(allow(whole), deny(list(lacking.actions)))
        spared = [name for name in whole if name not in lacking.actions] or ["s3:GetObject"]
        assert this.id not in found(allow(whole), {"Effect": "Deny", "NotAction": spared, "Resource": "*"})


def test_the_table_is_what_it_says() -> None:
    assert len(TABLE.paths) == 136
    ids = {path.id for path in TABLE.paths}
    assert all(path.parent is None or path.parent in ids for path in TABLE.paths)
    passing = [path for path in TABLE.paths if path.category == "new-passrole" and not path.retired]
    assert all(path.services or path.id == "x-codestar-from-template" for path in passing)
    assert all(path.hosts for path in TABLE.paths if path.category == "existing-passrole")
    assert all(may_escalate(name) and may_escalate(name.upper()) for name in TABLE.names)
    assert not may_escalate("s3:GetObject")


# Targets

PASS = "iam:PassRole"
RUN = allow(["lambda:CreateFunction", "lambda:InvokeFunction"])

Case = tuple[Mapping[str, object], Mapping[str, object], str, Certainty | None]

TARGETS: dict[str, Case] = {
    "any role": (allow(PASS), RUN, "lambda-001", Certainty.HIGH),
    "every role of the account": (allow(PASS, f"{ROLES}/*"), RUN, "lambda-001", Certainty.HIGH),
    "roles of a pattern": (allow(PASS, f"{ROLES}/app-*"), RUN, "lambda-001", Certainty.MEDIUM),
    "one role that is not in view": (allow(PASS, f"{ROLES}/app"), RUN, "lambda-001", Certainty.LOW),
    "users instead of roles": (allow(PASS, f"{USERS}/*"), RUN, "lambda-001", None),
    "roles of AWS's own": (allow(PASS, f"{ROLES}/aws-service-role/*"), RUN, "lambda-001", None),
    "all roles but one": (
        {"Effect": "Allow", "Action": PASS, "NotResource": f"{ROLES}/admin"},
        RUN,
        "lambda-001",
        Certainty.HIGH,
    ),
    "a function by name, which may be new": (
        allow(PASS),
        allow(RUN["Action"], "arn:aws:lambda:eu-west-1:123456789012:function:app"),
        "lambda-001",
        Certainty.HIGH,
    ),
    "buckets instead of functions": (allow(PASS), allow(RUN["Action"], "arn:aws:s3:::b"), "lambda-001", None),
    "no star for what takes no resource": (
        allow(PASS),
        allow("glue:CreateDevEndpoint", "arn:aws:glue:eu-west-1:123456789012:*"),
        "glue-001",
        None,
    ),
    "the caller's own keys": (
        allow("iam:CreateAccessKey", f"{USERS}/${{aws:username}}"),
        allow("s3:GetObject"),
        "iam-002",
        None,
    ),
    "the caller's own policies": (
        allow("iam:PutUserPolicy", f"{USERS}/${{aws:username}}"),
        allow("s3:GetObject"),
        "iam-007",
        Certainty.HIGH,
    ),
    "a policy of AWS, which nobody rewrites": (
        allow("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/*"),
        allow("s3:GetObject"),
        "iam-001",
        None,
    ),
    "policies of a pattern": (
        allow("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/app-*"),
        allow("s3:GetObject"),
        "iam-001",
        Certainty.MEDIUM,
    ),
    "a group, not the user": (
        allow("iam:AddUserToGroup", f"{USERS}/*"),
        allow("s3:GetObject"),
        "iam-013",
        None,
    ),
    "one function that exists": (
        allow("lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:123456789012:function:app"),
        allow("s3:GetObject"),
        "lambda-003",
        Certainty.LOW,
    ),
}


@pytest.mark.parametrize("case", TARGETS)
def test_a_resource_must_reach_the_target(case: str) -> None:
    one, other, path, certainty = TARGETS[case]
    assert found(one, other).get(path) == certainty


# Conditions


def condition(operator: str, key: str, *values: str) -> dict[str, object]:
    return {operator: {key: list(values)}}


CONDITIONS = {
    "the service of the path": (
        condition("StringEquals", "iam:PassedToService", "lambda.amazonaws.com"),
        Certainty.HIGH,
    ),
    "a pattern of services": (condition("StringLike", "iam:PassedToService", "*"), Certainty.HIGH),
    "another service": (condition("StringEquals", "iam:PassedToService", "ec2.amazonaws.com"), None),
    "all but another service": (
        condition("StringNotEquals", "iam:PassedToService", "ec2.amazonaws.com"),
        Certainty.HIGH,
    ),
    "all but this service": (
        condition("StringNotEquals", "iam:PassedToService", "lambda.amazonaws.com"),
        None,
    ),
    "MFA": (condition("Bool", "aws:MultiFactorAuthPresent", "true"), Certainty.MEDIUM),
    "a tag": (condition("StringEquals", "aws:ResourceTag/team", "a"), Certainty.MEDIUM),
    "a date gone by": (condition("DateLessThan", "aws:TokenIssueTime", "2020-01-01T00:00:00Z"), None),
    "since a date gone by": (
        condition("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),
        Certainty.HIGH,
    ),
    "every address": (condition("IpAddress", "aws:SourceIp", "0.0.0.0/0"), Certainty.HIGH),
    "an address": (condition("IpAddress", "aws:SourceIp", "203.0.113.0/24"), Certainty.MEDIUM),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_conditions_close_a_path_or_make_it_conditional(case: str) -> None:
    test, certainty = CONDITIONS[case]
    assert found(allow(PASS, Condition=test), RUN).get("lambda-001") == certainty


def test_a_policy_arn_that_gives_nothing_closes_attaching() -> None:
    reading = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    only = {"Condition": {"ArnEquals": {"iam:PolicyARN": reading}}}
    both = {"Condition": {"ArnEquals": {"iam:PolicyARN": [reading, admin]}}}
    assert "iam-009" not in found(allow("iam:AttachRolePolicy", **only))
    assert found(allow("iam:AttachRolePolicy", **both))["iam-009"] is Certainty.MEDIUM


# Denies

DENIES: dict[str, tuple[Mapping[str, object], Certainty | None]] = {
    "of the action": (deny(PASS), None),
    "of a pattern": (deny("iam:*"), None),
    "of every role": (deny(PASS, "arn:aws:iam::*:role/*"), None),
    "of one role": (deny(PASS, f"{ROLES}/admin"), Certainty.HIGH),
    "of users": (deny(PASS, f"{USERS}/*"), Certainty.HIGH),
    "without MFA": (
        deny(PASS, Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        Certainty.MEDIUM,
    ),
    "of everything but buckets": (
        {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::*"},
        Certainty.MEDIUM,
    ),
}


@pytest.mark.parametrize("case", DENIES)
def test_a_deny_takes_away_what_it_surely_covers(case: str) -> None:
    denial, certainty = DENIES[case]
    assert found(allow(PASS), RUN, denial).get("lambda-001") == certainty


def test_a_narrow_allow_is_closed_by_a_deny_of_the_same_names() -> None:
    narrow = allow(PASS, f"{ROLES}/app-*")
    assert "lambda-001" not in found(narrow, RUN, deny(PASS, f"{ROLES}/app*"))
    elsewhere = {"Effect": "Deny", "Action": PASS, "NotResource": f"{ROLES}/ci-*"}
    assert "lambda-001" not in found(narrow, RUN, elsewhere)


# Over several policies of one principal


def template(resources: Mapping[str, object], name: str = "t.json") -> tuple[str, Extraction]:
    data = json.dumps({"Resources": resources}).encode()
    return name, extract_unit([SourceFile(name, data)], SourceOptions())


def directory(*units: tuple[str, Extraction]) -> Directory:
    known = dict(units)
    facts = [one for name, extraction in units for one in facts_of(extraction, name, let_go=True)]
    return join(linked(facts, known.get))


def of(joined: Directory, address: str) -> Standing:
    [holder] = [one for one in joined.holders if one.address == address]
    return standing_of(holder, joined)


TRUST = {"Version": "2012-10-17", "Statement": []}


def document(*statements: Mapping[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role(**properties: object) -> dict[str, object]:
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, **properties}}


def managed(statement: Mapping[str, object], **properties: object) -> dict[str, object]:
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": document(statement), **properties},
    }


def inline(statement: Mapping[str, object]) -> list[dict[str, object]]:
    return [{"PolicyName": "p", "PolicyDocument": document(statement)}]


def test_a_users_groups_and_attached_policies_count() -> None:
    joined = directory(
        template(
            {
                "G": {"Type": "AWS::IAM::Group", "Properties": {"Policies": inline(allow(PASS))}},
                "U": {
                    "Type": "AWS::IAM::User",
                    "Properties": {
                        "Groups": [{"Ref": "G"}],
                        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AWSLambda_FullAccess"],
                    },
                },
                "V": {"Type": "AWS::IAM::User"},
                "Both": {
                    "Type": "AWS::IAM::UserToGroupAddition",
                    "Properties": {"GroupName": {"Ref": "G"}, "Users": [{"Ref": "V"}]},
                },
                "M": managed(RUN, Users=[{"Ref": "V"}]),
            }
        )
    )
    assert "lambda-001" in {one.path.id for one in of(joined, "Resources.U").paths}
    assert "lambda-001" in {one.path.id for one in of(joined, "Resources.V").paths}
    assert "lambda-001" not in {one.path.id for one in of(joined, "Resources.G").paths}


def test_policies_of_other_files_are_joined_by_name_where_only_one_has_it() -> None:
    declared = template({"R": role(RoleName="ci", Policies=inline(allow(PASS)))}, "a.json")
    given = template({"M": managed(RUN, Roles=["ci"])}, "b.json")
    assert "lambda-001" in {one.path.id for one in of(directory(declared, given), "Resources.R").paths}
    again = template({"R2": role(RoleName="ci")}, "c.json")
    assert not of(directory(declared, given, again), "Resources.R2").paths


def test_a_boundary_leaves_what_it_allows() -> None:
    def bounded(statement: Mapping[str, object]) -> set[str]:
        resources = {
            "B": managed(statement),
            "R": role(
                PermissionsBoundary={"Ref": "B"}, Policies=inline(allow([PASS, *map(str, RUN_ACTIONS)]))
            ),
        }
        return {one.path.id for one in of(directory(template(resources)), "Resources.R").paths}

    assert "lambda-001" in bounded(allow("*"))
    assert "lambda-001" in bounded({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})
    assert "lambda-001" not in bounded(allow("lambda:*"))
    assert "lambda-001" not in bounded(allow("*", "arn:aws:s3:::*"))


RUN_ACTIONS = ("lambda:CreateFunction", "lambda:InvokeFunction")


def test_a_boundary_that_is_not_here_makes_everything_conditional() -> None:
    arn = {"Ref": "Limit"}
    data = {
        "Parameters": {"Limit": {"Type": "String"}},
        "Resources": {
            "R": role(
                PermissionsBoundary=arn, ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]
            )
        },
    }
    extraction = extract_unit([SourceFile("t.json", json.dumps(data).encode())], SourceOptions())
    found_standing = of(directory(("t.json", extraction)), "Resources.R")
    assert found_standing.outright is None
    assert {one.certainty for one in found_standing.paths} == {Certainty.MEDIUM}
    assert "the permissions boundary is not known from these files" in found_standing.paths[0].notes


def test_a_role_in_view_must_trust_the_service() -> None:
    def paths(service: str) -> list[str]:
        trust = document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})
        resources = {
            "App": role(AssumeRolePolicyDocument=trust),
            "Ci": role(
                Policies=[
                    {
                        "PolicyName": "p",
                        "PolicyDocument": document(allow(PASS, {"Fn::GetAtt": ["App", "Arn"]}), RUN),
                    }
                ]
            ),
        }
        return [one.path.id for one in of(directory(template(resources)), "Resources.Ci").paths]

    assert "lambda-001" in paths("lambda.amazonaws.com")
    assert "lambda-001" not in paths("ec2.amazonaws.com")


def test_statements_of_contradicting_conditions_are_never_together() -> None:
    def half(name: str, statement: Mapping[str, object]) -> dict[str, object]:
        return {"Fn::If": [name, statement, {"Ref": "AWS::NoValue"}]}

    def paths(first: object, second: object) -> set[str]:
        data = {
            "Conditions": {"A": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}},
            "Resources": {
                "R": role(
                    Policies=[
                        {
                            "PolicyName": "p",
                            "PolicyDocument": {"Version": "2012-10-17", "Statement": [first, second]},
                        }
                    ]
                )
            },
        }
        extraction = extract_unit([SourceFile("t.json", json.dumps(data).encode())], SourceOptions())
        return {one.path.id for one in of(directory(("t.json", extraction)), "Resources.R").paths}

    other = {"Fn::If": ["A", {"Ref": "AWS::NoValue"}, RUN]}
    assert "lambda-001" in paths(half("A", allow(PASS)), half("A", RUN))
    assert "lambda-001" not in paths(half("A", allow(PASS)), other)
