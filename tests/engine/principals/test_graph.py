"""Who can become whom, with a slow plain search beside the one that measures the graph."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st
from principal_cases import ADMIN, ROOT, allow, arn, directory, role, trust, user

from iamlint.engine.principals.graph import Graph, build_graph

LAMBDA = {"Service": "lambda.amazonaws.com"}
RUN = allow(["lambda:CreateFunction", "lambda:InvokeFunction"])


def graph(**files: Mapping[str, object]) -> Graph:
    return build_graph(directory(**files))


def distances(made: Graph) -> dict[str, int | None]:
    return {node.label: node.distance for node in made.nodes.values() if node.holder is not None}


def ways(made: Graph) -> set[tuple[str, str, str, bool]]:
    return {(edge.source.label, edge.kind, edge.target.label, edge.sure) for edge in made.edges()}


# Assuming


def test_a_role_that_names_its_caller_needs_nothing_of_it() -> None:
    made = graph(t={"A": role(trusts=trust({"AWS": arn("U")})), "U": user()})
    assert ways(made) == {("user U", "assume", "role A", True)}


def test_a_role_that_trusts_the_account_needs_a_caller_who_may_assume_it() -> None:
    resources = {
        "A": role(trusts=trust(ROOT), RoleName="a"),
        "May": user(allow("sts:AssumeRole", arn("A"))),
        "MayAny": user(allow("sts:AssumeRole")),
        "MayOther": user(allow("sts:AssumeRole", "arn:aws:iam::123456789012:role/b")),
        "Not": user(allow("s3:GetObject")),
    }
    found = ways(graph(t=resources))
    assert ("user May", "assume", "role a", True) in found
    assert ("user MayAny", "assume", "any role that trusts the account", True) in found
    assert not any(source in {"user MayOther", "user Not"} for source, _, _, _ in found)


def test_a_caller_who_may_assume_a_role_that_does_not_trust_it_gets_nowhere() -> None:
    made = graph(t={"A": role(trusts=trust(LAMBDA)), "U": user(allow("sts:AssumeRole", arn("A")))})
    assert ways(made) == {("lambda.amazonaws.com", "trust", "role A", True)}


def test_a_condition_on_either_side_makes_the_way_unsure() -> None:
    mfa = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    asked = graph(t={"A": role(trusts=trust({"AWS": arn("U")}, **mfa)), "U": user()})
    assert ways(asked) == {("user U", "assume", "role A", False)}
    held = graph(t={"A": role(trusts=trust(ROOT)), "U": user(allow("sts:AssumeRole", arn("A"), **mfa))})
    assert ways(held) == {("user U", "assume", "role A", False)}


def test_literal_arns_lead_to_the_roles_that_bear_the_name() -> None:
    trusting = role(trusts=trust({"AWS": "arn:aws:iam::123456789012:role/path/ci"}))
    assert ("role ci", "assume", "role A", True) in ways(
        graph(t={"A": trusting}, other={"Ci": role(RoleName="ci", Path="/path/")})
    )


# Taking over and passing


def test_keys_of_one_user_lead_to_that_user_only() -> None:
    made = graph(
        t={
            "U": user(allow("iam:CreateAccessKey", arn("V"))),
            "V": user(ManagedPolicyArns=[ADMIN]),
            "W": user(allow("iam:CreateAccessKey", {"Fn::Sub": "arn:aws:iam::*:user/${!aws:username}"})),
        }
    )
    assert distances(made) == {"user U": 1, "user V": 0, "user W": None}


def test_a_passed_role_must_trust_the_service_that_runs() -> None:
    resources = {
        "Admin": role(trusts=trust(LAMBDA), ManagedPolicyArns=[ADMIN]),
        "AdminOfInstances": role(trusts=trust({"Service": "ec2.amazonaws.com"}), ManagedPolicyArns=[ADMIN]),
        "Both": user(allow("iam:PassRole", arn("Admin")), RUN),
        "Wrong": user(allow("iam:PassRole", arn("AdminOfInstances")), RUN),
        "OnlyPass": user(allow("iam:PassRole", arn("Admin"))),
        "Any": user(allow("iam:PassRole"), RUN),
    }
    found = distances(graph(t=resources))
    assert found["user Both"] == 1
    assert found["user Wrong"] is None
    assert found["user OnlyPass"] is None
    assert found["user Any"] == 1


def test_what_already_runs_as_a_role_is_an_unsure_way() -> None:
    resources = {
        "Admin": role(trusts=trust(LAMBDA), ManagedPolicyArns=[ADMIN]),
        "U": user(allow("lambda:UpdateFunctionCode")),
    }
    made = graph(t=resources)
    assert ("user U", "host", "any role that lambda.amazonaws.com may have", False) in ways(made)
    assert distances(made)["user U"] is None


def test_whoever_can_give_itself_everything_is_an_administrator() -> None:
    made = graph(t={"A": role(allow("iam:AttachRolePolicy")), "U": user(allow("sts:AssumeRole", arn("A")))})
    assert distances(made) == {"role A": 0, "user U": None}


def test_templates_do_not_reach_into_each_other_with_a_star() -> None:
    made = graph(
        one={"U": user(allow("sts:AssumeRole"))},
        two={"A": role(trusts=trust(ROOT), ManagedPolicyArns=[ADMIN])},
    )
    assert distances(made)["user U"] is None


def test_chains_are_shortest_and_circles_end() -> None:
    resources = {
        "A": role(trusts=trust({"AWS": [arn("B"), arn("C")]}), ManagedPolicyArns=[ADMIN]),
        "B": role(trusts=trust({"AWS": [arn("C"), arn("D")]})),
        "C": role(trusts=trust({"AWS": [arn("B"), arn("D")]})),
        "D": role(trusts=trust({"AWS": arn("D")})),
        "E": role(trusts=trust({"AWS": arn("E")})),
    }
    made = graph(t=resources)
    assert distances(made) == {"role A": 0, "role B": 1, "role C": 1, "role D": 2, "role E": None}
    [start] = [node for node in made.nodes.values() if node.label == "role D"]
    assert [edge.target.label for edge in made.chain(start)] == ["role B", "role A"]


def test_outside_principals_are_nodes() -> None:
    provider = {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"}
    foreign = {"AWS": "arn:aws:iam::444455556666:root"}
    made = graph(t={"A": role(trusts=trust(provider, foreign, {"AWS": "*"}), ManagedPolicyArns=[ADMIN])})
    assert {(node.kind, node.label) for node in made.nodes.values() if node.holder is None} == {
        ("provider", "token.actions.githubusercontent.com"),
        ("account", "account 444455556666"),
        ("anyone", "anyone"),
    }


# Beside a slow plain search


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=24),
    st.sets(st.integers(0, 7), max_size=2),
)
def test_distances_are_those_of_a_plain_search(pairs: list[tuple[int, int]], admins: set[int]) -> None:
    callers: dict[int, list[int]] = {}
    for caller, target in pairs:
        callers.setdefault(target, []).append(caller)
    resources = {
        f"R{number}": role(
            trusts=trust(*({"AWS": arn(f"R{caller}")} for caller in callers.get(number, ()))),
            ManagedPolicyArns=[ADMIN] if number in admins else [],
        )
        for number in range(8)
    }
    expected: dict[int, int] = dict.fromkeys(admins, 0)
    for _ in range(8):
        for caller, target in pairs:
            if target in expected and caller not in admins:
                expected[caller] = min(expected.get(caller, 99), expected[target] + 1)
    found = distances(graph(t=resources))
    assert found == {f"role R{number}": expected.get(number) for number in range(8)}
