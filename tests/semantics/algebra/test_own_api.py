"""The short form of API Gateway's resources: the path behind the ARN of the API a policy is attached to."""

from __future__ import annotations

import pytest
from algebra_policies import ACCOUNT, USER, Json, allows, policy
from hypothesis import given
from hypothesis import strategies as st

from iamlint.model import PolicyKind
from iamlint.semantics.algebra.questions import Asked, compare, grants
from iamlint.semantics.algebra.results import Verdict
from iamlint.semantics.algebra.statements import StatementFault, examine
from iamlint.semantics.algebra.strangers import public
from iamlint.semantics.evaluation.request import Request

RESOURCE = PolicyKind.RESOURCE
API = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:a1b2c3"
ENDPOINT = {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}


def api(resource: object, effect: str = "Allow", condition: object = None, **more: object) -> Json:
    found: Json = {"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource}
    found |= more
    return found if condition is None else {**found, "Condition": condition}


@pytest.mark.parametrize(
    ("verdict", "statements"),
    [
        ("new-access", [api("execute-api:/*")]),
        ("new-access", [api("execute-api:/prod/GET/pets")]),
        ("contained", [api("execute-api:/*", condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})]),
        ("contained", [api("execute-api:/*"), api("execute-api:/*", "Deny", ENDPOINT)]),
        ("contained", [api("execute-api:/prod/*"), api("execute-api:/*", "Deny", ENDPOINT)]),
        ("contained", [api("execute-api:/prod/*"), api("arn:aws*:execute-api:*:*:*", "Deny", ENDPOINT)]),
        ("new-access", [api("execute-api:/*"), api("execute-api:/prod/*", "Deny", ENDPOINT)]),
        # The Deny is about a stage of that name, not about a path with it somewhere.
        ("new-access", [api("execute-api:/dev/GET/prod/x"), api("execute-api:/prod/*", "Deny")]),
        ("new-access", [api(f"{API}/dev/GET/prod/x"), api("execute-api:/prod/*", "Deny")]),
        ("contained", [api(f"{API}/prod/GET/x"), api("execute-api:/prod/*", "Deny")]),
    ],
)
def test_public(verdict: str, statements: list[Json]) -> None:
    found = public([policy(*statements)], kind=RESOURCE)
    assert (found.verdict, found.notes) == (verdict, ())
    if found.witness is not None:
        assert ":execute-api:" in found.witness.resource


HOME = "assumes that the resources lie in the partition that the ARNs of the policies name: "


def test_a_policy_is_used_in_the_partition_that_it_names() -> None:
    """The short form has the partition of the API, and a Deny of that partition is about all of it."""
    closed = api("arn:aws:execute-api:*:*:*/*", "Deny")
    found = public([policy(api("execute-api:/*"), closed)], kind=RESOURCE)
    assert (found.verdict, found.notes) == (Verdict.CONTAINED, (HOME + "aws",))
    in_part = api("arn:aws:execute-api:*:*:*/prod/*", "Deny")
    found = public([policy(api("execute-api:/*"), in_part)], kind=RESOURCE)
    assert found.witness is not None
    assert found.witness.resource.startswith("arn:aws:")
    china = api("arn:aws-cn:execute-api:*:*:*/prod/*")
    both = public([policy(china, closed)], kind=RESOURCE)
    assert both.verdict is Verdict.NEW_ACCESS


def test_nothing_is_found_outside_of_arns() -> None:
    """The resource `*` counts in every partition, and makes nothing of what is no ARN."""
    old = [api("arn:aws:execute-api:*"), made("Allow", "NotResource", ["execute-api:/*"])]
    found = compare([policy(*old)], [policy(api("*"))], kind=RESOURCE)
    assert (found.verdict, found.reasons) == (Verdict.CONTAINED, ())


def test_partitions_of_other_policies() -> None:
    wide: Json = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    closed: Json = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:*"}
    asked = Asked(("s3:GetObject",), ("arn:*:s3:::b/*",))
    found = grants([policy(wide, closed)], asked)
    assert found.verdict is Verdict.CONTAINED
    assert HOME + "aws" in found.notes
    far = Asked(("s3:GetObject",), ("arn:aws-cn:s3:::b/*",))
    assert grants([policy(wide, closed)], far).verdict is Verdict.NEW_ACCESS
    old, new = policy({**wide, "Resource": "arn:aws:*"}), policy({**wide, "Resource": "arn:*:s3:::*"})
    found = compare([old], [new])
    assert found.verdict is Verdict.CONTAINED
    assert HOME + "aws" in found.notes
    assert compare([], [new]).verdict is Verdict.NEW_ACCESS


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("execute-api:/*", "execute-api:/prod/*", "contained"),
        ("execute-api:/prod/*", "execute-api:/*", "new-access"),
        ("execute-api:/*", f"{API}/prod/*", "contained"),
        ("execute-api:/prod/*", f"{API}/prod/GET/*", "contained"),
        (f"{API}/*", "execute-api:/*", "new-access"),
        ("execute-api:/prod/*", f"{API}/*", "new-access"),
        ("execute-api:/${aws:PrincipalTag/t}/*", "execute-api:/${aws:PrincipalTag/t}/GET/*", "contained"),
        ("execute-api:/x/*", "execute-api:/${aws:PrincipalTag/t}/*", "new-access"),
        # What stands for the variable may hold a slash, so the path may begin within it.
        (
            "execute-api:/prod/*",
            f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:a${{aws:PrincipalTag/t}}/prod/*",
            "unknown",
        ),
    ],
)
def test_compare(old: str, new: str, verdict: str) -> None:
    found = compare([policy(api(old))], [policy(api(new))], kind=RESOURCE)
    assert (found.verdict, found.notes) == (verdict, ())


def test_in_other_policies_it_is_no_resource() -> None:
    plain: Json = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    asked = Asked(("execute-api:Invoke",))
    assert grants([policy(plain)], asked).verdict is Verdict.CONTAINED
    assert grants([policy(api("execute-api:/*"))], asked, kind=RESOURCE).verdict is Verdict.NEW_ACCESS


def test_grants_by_resource() -> None:
    asked = Asked(("execute-api:Invoke",), (f"{API}/prod/*",))
    assert grants([policy(api("execute-api:/dev/*"))], asked, kind=RESOURCE).verdict is Verdict.CONTAINED
    assert grants([policy(api("execute-api:/*"))], asked, kind=RESOURCE).verdict is Verdict.NEW_ACCESS


def test_statements() -> None:
    facts = examine([policy(api("execute-api:/*"), api("execute-api:/prod/*"))], kind=RESOURCE)
    assert [(fact.fault, fact.place.index) for fact in facts] == [(StatementFault.REDUNDANT, 1)]
    assert not examine([policy(api("execute-api:/prod/*"), api("execute-api:/dev/*"))], kind=RESOURCE)


PATTERNS = [
    "*",
    "execute-api:/*",
    "execute-api:/p/*",
    "execute-api:/p/?/p",
    "execute-api:/q/*/p/*",
    "execute-api:/${aws:PrincipalTag/t}/*",
    f"{API}/p/*",
    f"{API}/*",
    "arn:aws:execute-api:*:*:*/p/*",
    "arn:aws:execute-api:*",
]
PATHS = ["p", "p/x", "p/G/p", "q/G/p/x", "q/p/x", "q/G/x", "/", "p/x/p"]
REQUESTS = [
    Request.of(USER, "execute-api:Invoke", resource, ACCOUNT, context)
    for resource in ["*", *(f"{arn}/{path}" for arn in (API, API + "x") for path in PATHS)]
    for context in ({}, {"aws:PrincipalTag/t": "p"}, {"aws:PrincipalTag/t": "q/G"})
]


def made(effect: str, element: str, patterns: list[str]) -> Json:
    found = api(patterns, effect)
    return {**{name: value for name, value in found.items() if name != "Resource"}, element: patterns}


documents = st.lists(
    st.builds(
        made,
        st.sampled_from(["Allow", "Allow", "Deny"]),
        st.sampled_from(["Resource", "Resource", "NotResource"]),
        st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2),
    ),
    min_size=1,
    max_size=3,
)


@given(documents, documents)
def test_no_sample_contradicts_a_verdict(old_tree: list[Json], new_tree: list[Json]) -> None:
    old, new = [policy(*old_tree)], [policy(*new_tree)]
    found = compare(old, new, kind=RESOURCE)
    assert {reason.code for reason in found.reasons} <= {"variables"}
    if found.verdict is Verdict.CONTAINED:
        for request in REQUESTS:
            assert not allows(new, request, RESOURCE) or allows(old, request, RESOURCE), request
