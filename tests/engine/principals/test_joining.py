"""What belongs to whom, whom a role lets in, and what a Deny or a boundary leaves: cases that fool joins by name."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from principal_cases import ADMIN, ROOT, allow, arn, directory, document, role, trust, user

from iamlint.auditing.principals import facts_of, linked
from iamlint.engine.principals.escalation import Certainty
from iamlint.engine.principals.graph import Graph, build_graph
from iamlint.engine.principals.joining import Directory, join
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

LAMBDA = {"Service": "lambda.amazonaws.com"}
EC2 = {"Service": "ec2.amazonaws.com"}
RUN = allow(["lambda:CreateFunction", "lambda:InvokeFunction"])
ROLES = "arn:aws:iam::123456789012:role"
Resources = Mapping[str, object]


def joined(name: str, content: object) -> Directory:
    """Join one file."""
    extraction = extract_unit([SourceFile(name, json.dumps(content).encode())], SourceOptions())
    return join(linked(facts_of(extraction, "unit", let_go=True), lambda _: extraction))


def paths(made: Directory, address: str) -> dict[str, Certainty]:
    """Return the open paths of the principal at an address."""
    graph = build_graph(made)
    [holder] = [one for one in made.holders if one.address == address]
    node = graph.of(holder)
    assert node is not None
    assert node.standing is not None
    return {one.path.id: one.certainty for one in node.standing.paths}


def distances(resources: Resources) -> dict[str, int | None]:
    graph = build_graph(directory(t=resources))
    return {node.label: node.distance for node in graph.nodes.values() if node.holder is not None}


def ways(resources: Resources) -> set[tuple[str, str, str, bool]]:
    made: Graph = build_graph(directory(t=resources))
    return {(edge.source.label, edge.kind, edge.target.label, edge.sure) for edge in made.edges()}


def deny(actions: object, resources: object = "*", **more: object) -> dict[str, object]:
    return {**allow(actions, resources, **more), "Effect": "Deny"}


def managed(*statements: Mapping[str, object], **properties: object) -> dict[str, object]:
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": document(*statements), **properties},
    }


def inline(*statements: Mapping[str, object], **properties: object) -> dict[str, object]:
    return {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyName": "p", "PolicyDocument": document(*statements), **properties},
    }


# Names

WRITE = allow("iam:PutRolePolicy")
OWN_ARN = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/deploy"}

HELD: dict[str, Resources] = {
    "a name that a parameter decides": {
        "R": role(RoleName={"Ref": "Name"}),
        "P": inline(WRITE, Roles=[{"Ref": "Name"}]),
    },
    "an ARN with the account left open": {
        "R": role(ManagedPolicyArns=[OWN_ARN]),
        "M": managed(WRITE, ManagedPolicyName="deploy"),
    },
    "an inline policy of the same name": {
        "R": role(
            ManagedPolicyArns=["arn:aws:iam::123456789012:policy/deploy"],
            Policies=[{"PolicyName": "deploy", "PolicyDocument": document(allow("iam:ListRoles"))}],
        ),
        "M": managed(WRITE, ManagedPolicyName="deploy"),
    },
}


@pytest.mark.parametrize("case", HELD)
def test_rights_find_their_holder(case: str) -> None:
    made = joined("t.json", {"Parameters": {"Name": {"Type": "String"}}, "Resources": HELD[case]})
    assert paths(made, "Resources.R") == {"iam-005": Certainty.HIGH}


def test_two_files_with_policies_of_one_name_each_attach_their_own() -> None:
    def one(statement: Mapping[str, object]) -> Resources:
        return {
            "R": role(ManagedPolicyArns=[OWN_ARN]),
            "M": managed(statement, ManagedPolicyName="deploy"),
        }

    made = directory(a=one(WRITE), b=one(allow("iam:AttachRolePolicy")))
    graph = build_graph(made)
    found = [node.standing.paths for node in map(graph.of, made.holders) if node and node.standing]
    assert [[one.path.id for one in listed] for listed in found] == [["iam-005"], ["iam-009"]]


def test_sam_policy_templates_are_rights() -> None:
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Policies": [
                {"Version": "2012-10-17", "Statement": [allow("iam:PassRole")]},
                {"EcsRunTaskPolicy": {"TaskDefinition": "app"}},
            ]
        },
    }
    made = joined("t.json", {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"F": function}})
    assert "x-ecs-run-task-override" in paths(made, "Resources.F")


def test_a_boundary_under_a_condition_is_not_always_there() -> None:
    limit = {"Fn::If": ["Bounded", {"Ref": "B"}, {"Ref": "AWS::NoValue"}]}
    resources = {"B": managed(allow("s3:*")), "R": role(WRITE, PermissionsBoundary=limit)}
    conditions = {"Bounded": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}}
    made = joined("t.json", {"Conditions": conditions, "Resources": resources})
    assert paths(made, "Resources.R") == {"iam-005": Certainty.MEDIUM}


def test_a_boundary_named_by_an_arn_with_the_account_left_open_is_found() -> None:
    resources = {
        "B": managed(allow("s3:*"), ManagedPolicyName="deploy"),
        "R": role(WRITE, PermissionsBoundary=OWN_ARN),
    }
    assert paths(directory(t=resources), "Resources.R") == {}


def test_names_have_paths() -> None:
    def reaching(resource: str) -> dict[str, Certainty]:
        resources = {"R": role(allow("iam:PutRolePolicy", resource), RoleName="app", Path="/svc/")}
        return paths(directory(t=resources), "Resources.R")

    assert reaching(f"{ROLES}/svc/app") == {"iam-005": Certainty.HIGH}
    assert reaching(f"{ROLES}/app") == {}
    assert reaching(f"{ROLES}/svc/*") == {"iam-005": Certainty.HIGH}
    assert reaching(f"{ROLES}/dev-*") == {}


def test_an_empty_name_is_none() -> None:
    [holder] = directory(t={"R": role(RoleName="")}).holders
    assert holder.label == "role R"


# Denies


def test_a_trust_policy_denies_too() -> None:
    def trusting(principal: object, **more: object) -> Resources:
        refused = {"Effect": "Deny", "Principal": principal, "Action": "sts:AssumeRole", **more}
        statements = [*trust({"AWS": arn("U")})["Statement"], refused]  # type: ignore[misc]
        return {"A": role(ManagedPolicyArns=[ADMIN], trusts=document(*statements)), "U": user()}

    unless_mfa = {"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}
    assert distances(trusting("*"))["user U"] is None
    assert distances(trusting({"AWS": arn("U")}))["user U"] is None
    assert distances(trusting({"AWS": "arn:aws:iam::444455556666:root"}))["user U"] == 1
    assert ("user U", "assume", "role A", False) in ways(trusting("*", **unless_mfa))


def test_what_is_denied_to_a_caller_stays_so_though_a_role_names_it() -> None:
    def calling(caller: object) -> set[tuple[str, str, str, bool]]:
        return ways({"A": role(trusts=trust({"AWS": arn("C")})), "C": caller})

    assert calling(user(deny("sts:*"))) == set()
    assert calling(user(deny("sts:AssumeRole", arn("A")))) == set()
    assert calling(user(deny("sts:AssumeRole", f"{ROLES}/*"))) == set()
    assert calling(user(deny("sts:AssumeRole", "arn:aws:s3:::b")))
    none = managed(allow("s3:*"))
    bounded = {"A": role(trusts=trust({"AWS": arn("C")})), "B": none}
    limit = {"PermissionsBoundary": {"Ref": "B"}}
    assert ways({**bounded, "C": role(**limit)}) == set()
    # What a resource gives to a user by name is not held to the boundary of that user.
    assert ways({**bounded, "C": user(**limit)}) == {("user C", "assume", "role A", True)}


def test_a_deny_of_one_principal_spares_the_others() -> None:
    def reaching(statement: Mapping[str, object]) -> dict[str, int | None]:
        named = {"RoleName": "admin", "ManagedPolicyArns": [ADMIN]}
        return distances(
            {"A": role(trusts=trust(ROOT), **named), "U": user(allow("sts:AssumeRole"), statement)}
        )

    assert reaching(deny("sts:AssumeRole", f"{ROLES}/admin"))["user U"] is None
    assert reaching(deny("sts:AssumeRole", f"{ROLES}/other"))["user U"] == 1


def test_a_deny_of_the_own_group_or_role_closes_what_it_does_to_itself() -> None:
    assert paths(directory(t={"R": role(WRITE, deny("iam:Put*", arn("R")))}), "Resources.R") == {}
    group = {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "g"}}
    denied = deny("iam:PutGroupPolicy", "arn:aws:iam::123456789012:group/g")
    member = user(allow("iam:PutGroupPolicy"), denied, Groups=[{"Ref": "G"}])
    assert paths(directory(t={"G": group, "U": member}), "Resources.U") == {}


PASSED = "iam:PassedToService"
DENIED_SERVICES: dict[str, tuple[dict[str, object], Certainty | None]] = {
    "this service": ({"StringEquals": {PASSED: "lambda.amazonaws.com"}}, None),
    "another service": ({"StringEquals": {PASSED: "ec2.amazonaws.com"}}, Certainty.HIGH),
    "all but another": ({"StringNotEquals": {PASSED: "ec2.amazonaws.com"}}, None),
    "all but this": ({"StringNotEquals": {PASSED: "lambda.amazonaws.com"}}, Certainty.HIGH),
    "this one without MFA": (
        {
            "StringEquals": {PASSED: "lambda.amazonaws.com"},
            "Bool": {"aws:MultiFactorAuthPresent": "false"},
        },
        Certainty.MEDIUM,
    ),
}


@pytest.mark.parametrize("case", DENIED_SERVICES)
def test_a_deny_of_passing_roles_to_services(case: str) -> None:
    condition, certainty = DENIED_SERVICES[case]
    held = role(allow("iam:PassRole"), RUN, deny("iam:PassRole", Condition=condition))
    assert paths(directory(t={"R": held}), "Resources.R").get("lambda-001") == certainty


def test_a_deny_under_a_key_of_other_requests_denies_nothing() -> None:
    refused = deny("*", Condition={"StringEquals": {PASSED: "lambda.amazonaws.com"}})
    assert paths(directory(t={"R": role(WRITE, refused)}), "Resources.R") == {"iam-005": Certainty.HIGH}


def test_an_administrator_from_whom_a_deny_takes_nearly_all_is_none() -> None:
    held = role(allow("*"), {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b"})
    made = build_graph(directory(t={"R": held}))
    assert [node.distance for node in made.nodes.values()] == [None]


# Boundaries


def test_a_boundary_narrows_what_is_reached() -> None:
    def bounded(*statements: Mapping[str, object]) -> Certainty | None:
        held = role(allow("iam:PassRole"), RUN, PermissionsBoundary={"Ref": "B"})
        return paths(directory(t={"B": managed(*statements), "R": held}), "Resources.R").get("lambda-001")

    assert bounded(RUN, allow("iam:PassRole")) is Certainty.HIGH
    assert bounded(RUN, allow("iam:PassRole", f"{ROLES}/app-*")) is Certainty.MEDIUM
    assert bounded(RUN, allow("iam:PassRole", f"{ROLES}/app")) is Certainty.LOW
    assert bounded(RUN, allow("iam:PassRole", "arn:aws:iam::123456789012:user/*")) is None


def test_every_action_on_one_bucket_is_no_boundary_of_everything() -> None:
    held = role(PermissionsBoundary={"Ref": "B"}, ManagedPolicyArns=[ADMIN])
    made = build_graph(directory(t={"B": managed(allow("*", "arn:aws:s3:::b")), "R": held}))
    assert [node.distance for node in made.nodes.values()] == [None]


# Steps that are about one thing

TOGETHER: dict[str, tuple[tuple[object, object], tuple[object, object], str, bool]] = {
    "rights and keys of one user": (
        ("iam:PutUserPolicy", arn("V")), ("iam:CreateAccessKey", arn("V")), "iam-018", True,
    ),
    "rights of one user, keys of another": (
        ("iam:PutUserPolicy", arn("V")), ("iam:CreateAccessKey", arn("W")), "iam-018", False,
    ),
    "rights of one role, trust of another": (
        ("iam:PutRolePolicy", arn("A")), ("iam:UpdateAssumeRolePolicy", arn("B")), "iam-021", False,
    ),
    "a role that lets only functions in": (
        ("iam:PutRolePolicy", arn("A")), ("sts:AssumeRole", arn("A")), "iam-017", False,
    ),
    "a role that lets the account in": (
        ("iam:PutRolePolicy", arn("B")), ("sts:AssumeRole", arn("B")), "iam-017", True,
    ),
    "a role that has a boundary": (
        ("iam:PutRolePolicy", arn("C")), ("sts:AssumeRole", arn("C")), "iam-017", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOGETHER)
def test_steps_are_about_one_principal(case: str) -> None:
    first, second, path, administrator = TOGETHER[case]
    resources = {
        "U": user(allow(*first), allow(*second)),
        "V": user(),
        "W": user(),
        "A": role(trusts=trust(LAMBDA)),
        "B": role(trusts=trust(ROOT)),
        "C": role(trusts=trust(ROOT), PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess"),
    }
    assert (distances(resources)["user U"] == 0) is administrator
    certainty = paths(directory(t=resources), "Resources.U").get(path)
    assert (certainty is Certainty.HIGH) is administrator


def test_what_is_made_is_what_is_run() -> None:
    def found(made: str, run: str) -> bool:
        function = "arn:aws:lambda:eu-west-1:123456789012:function"
        held = role(
            allow("iam:PassRole"),
            allow("lambda:CreateFunction", f"{function}:{made}"),
            allow("lambda:InvokeFunction", f"{function}:{run}"),
        )
        return "lambda-001" in paths(directory(t={"R": held}), "Resources.R")

    assert found("a", "a")
    assert found("a-*", "*-b")
    assert not found("a", "b")


def test_what_is_known_elsewhere_is_no_wildcard() -> None:
    """Neither a resource nor an effect that a parameter decides."""
    template = {"Parameters": {"What": {"Type": "String"}}}
    resource = {"Ref": "What"}
    held = role(allow(["iam:CreateRole", "iam:PutRolePolicy"], resource))
    made = joined("t.json", {**template, "Resources": {"R": held}})
    assert set(paths(made, "Resources.R").values()) == {Certainty.LOW}
    unknown = role({**allow("*"), "Effect": resource})
    made = joined("t.json", {**template, "Resources": {"R": unknown}})
    assert {node.distance for node in build_graph(made).nodes.values()} == {None}


def test_a_role_that_exists_is_none_to_be_made() -> None:
    def found(name: str) -> bool:
        held = user(allow(["iam:CreateRole", "iam:PutRolePolicy"], f"{ROLES}/{name}"))
        resources = {"R": role(RoleName="app"), "U": held}
        return "x-iam-create-role" in paths(directory(t=resources), "Resources.U")

    assert found("new")
    assert not found("app")


# Services


def test_hubs_are_the_same_for_all_who_ask() -> None:
    """The role of the first who asks is behind the hub for the others."""
    resources = {
        "First": role(allow("iam:PassRole"), RUN, trusts=trust(LAMBDA)),
        "Admin": role(trusts=trust({"AWS": arn("First")}), ManagedPolicyArns=[ADMIN]),
        "Second": user(allow("iam:PassRole"), RUN),
    }
    assert distances(resources) == {"role First": 1, "role Admin": 0, "user Second": 2}


def test_a_condition_on_the_service_that_a_role_trusts() -> None:
    def reaching(condition: object) -> int | None:
        more = {"Condition": condition} if condition else {}
        admin = role(trusts=trust(LAMBDA, **more), ManagedPolicyArns=[ADMIN])
        return distances({"Admin": admin, "U": user(allow("iam:PassRole", arn("Admin")), RUN)})["user U"]

    assert reaching(None) == 1
    assert reaching({"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}) == 1
    assert reaching({"StringEquals": {"aws:PrincipalTag/team": "x"}}) is None
    assert reaching({"DateLessThan": {"aws:CurrentTime": "2015-01-01T00:00:00Z"}}) is None


def test_a_passed_role_must_trust_the_service_that_the_condition_leaves() -> None:
    """A cluster takes roles of two services; the statement lets one of them have any."""

    def found(service: Mapping[str, str]) -> bool:
        passing = allow(
            "iam:PassRole",
            arn("Admin"),
            Condition={"StringEquals": {PASSED: "elasticmapreduce.amazonaws.com"}},
        )
        resources = {
            "Admin": role(trusts=trust(service), ManagedPolicyArns=[ADMIN]),
            "U": user(passing, allow("elasticmapreduce:RunJobFlow")),
        }
        return distances(resources)["user U"] == 1

    assert found({"Service": "elasticmapreduce.amazonaws.com"})
    assert not found(EC2)


def test_groups_are_no_callers() -> None:
    group = {"Type": "AWS::IAM::Group", "Properties": {}}
    found = ways({"A": role(trusts=trust({"AWS": arn("G")})), "G": group})
    assert not any(source == "group G" for source, _, _, _ in found)


def test_a_long_chain_is_cut_and_its_end_known() -> None:
    count = 100
    resources = {
        f"R{number}": role(trusts=trust({"AWS": arn(f"R{number + 1}")}) if number < count else trust())
        for number in range(1, count + 1)
    }
    resources["R0"] = role(trusts=trust({"AWS": arn("R1")}), ManagedPolicyArns=[ADMIN])
    made = build_graph(directory(t=resources))
    [start] = [node for node in made.nodes.values() if node.label == f"role R{count}"]
    assert start.distance == count
    assert start.end is not None
    assert start.end.label == "role R0"
    assert len(made.chain(start)) == 24
