"""Input made to hurt: each question ends, with an answer or with the name of the budget that ended it."""

from __future__ import annotations

import time

import pytest
from algebra_policies import Json, allow, deny, policy

from iamlint.semantics.algebra.globs import Budget
from iamlint.semantics.algebra.questions import compare
from iamlint.semantics.algebra.results import Verdict
from iamlint.semantics.algebra.statements import examine

LETTERS = "abcdefghijklmnop"
ARN = "arn:aws:s3:::"
CONTAINED, NEW, UNKNOWN = Verdict.CONTAINED, Verdict.NEW_ACCESS, Verdict.UNKNOWN


def infix(letters: str) -> str:
    return ARN + "*" + "*".join(letters) + "*"


def entries(number: int, operator: str = "StringEquals") -> Json:
    return {operator: {f"aws:PrincipalTag/k{number}": "v", f"aws:PrincipalTag/k{number + 1}": "w"}}


SAME_500 = [allow(f"s3:Get{i}*", f"{ARN}b{i}/*") for i in range(500)]
CASES: dict[str, tuple[list[Json], list[Json], Verdict]] = {
    "stars between letters": ([allow("s3:*", infix(LETTERS))], [allow("s3:*", infix(LETTERS[::-1]))], NEW),
    "many infixes": (
        [allow("s3:*", [f"{ARN}*{c}*" for c in LETTERS])],
        [allow("s3:*", ARN + "*????????*")],
        UNKNOWN,
    ),
    "question marks": (
        [allow("s3:*", [ARN + "?" * n for n in range(60)])],
        [allow("s3:*", ARN + "????*")],
        NEW,
    ),
    "question marks behind stars": (
        [allow("s3:*", [f"{ARN}*{c}{'?' * 40}" for c in LETTERS])],
        [allow("s3:*", ARN + "*" + "?" * 60)],
        UNKNOWN,
    ),
    "500 statements": (SAME_500, SAME_500[::-1], CONTAINED),
    "500 statements on the same actions": (
        [allow("s3:*", f"{ARN}b{i}/*") for i in range(500)],
        [allow("s3:*", f"{ARN}b{i * 7 % 500}/x*") for i in range(500)],
        CONTAINED,
    ),
    "500 conditions against none": (
        [allow("s3:*", "*", entries(i)) for i in range(500)],
        [allow("s3:*")],
        NEW,
    ),
    "500 denies": (
        [allow("*"), *(deny("s3:*", "*", entries(i)) for i in range(500))],
        [allow("*"), *(deny("s3:*", "*", entries(i + 1)) for i in range(500))],
        NEW,
    ),
    "denies that cross": (
        [allow("s3:Put*"), *(deny("s3:*", "*", entries(i)) for i in range(24))],
        [allow("s3:*"), *(deny("s3:*", "*", entries(i, "StringNotEquals")) for i in range(24))],
        NEW,
    ),
    "10,000 resources": (
        [allow("s3:*", [f"{ARN}b{i}/*" for i in range(10_000)])],
        [allow("s3:*", [f"{ARN}b{i}/x*" for i in range(10_000)])],
        CONTAINED,
    ),
    "10,000 resources left out": (
        [{"Effect": "Allow", "Action": "*", "NotResource": [f"{ARN}b{i}/x*" for i in range(10_000)]}],
        [{"Effect": "Allow", "Action": "*", "NotResource": [f"{ARN}b{i}/*" for i in range(10_000)]}],
        CONTAINED,
    ),
    "10,000 resources left out no more": (
        [{"Effect": "Allow", "Action": "*", "NotResource": [f"{ARN}b{i}/*" for i in range(10_000)]}],
        [{"Effect": "Allow", "Action": "*", "NotResource": [f"{ARN}b{i}/x*" for i in range(10_000)]}],
        NEW,
    ),
    "10,000 resources that begin with a star": (
        [allow("s3:*", [f"{ARN}*b{i}/*" for i in range(10_000)])],
        [allow("s3:*", [f"{ARN}*b{i}/x*" for i in range(10_000)])],
        UNKNOWN,
    ),
    "one long pattern": (
        [allow("s3:*", ARN + "a*" * 50_000)],
        [allow("s3:*", ARN + "a*" * 49_999 + "b")],
        UNKNOWN,
    ),
    "actions of all letters": (
        [allow([f"s3:*{c}*" for c in LETTERS])],
        [allow([f"s3:*{c}*{d}*" for c in LETTERS for d in LETTERS])],
        CONTAINED,
    ),
    "many variables": (
        [allow("s3:*", f"{ARN}b/" + "".join(f"${{aws:PrincipalTag/t{i}}}" for i in range(20)))],
        [
            allow(
                "s3:*",
                [f"{ARN}b/${{aws:PrincipalTag/t{i}, 'x'}}" for i in range(40)],
                {
                    "StringEquals": {
                        f"aws:PrincipalTag/a{i}": f"${{aws:PrincipalTag/b{i}, 'u'}}" for i in range(12)
                    }
                },
            )
        ],
        NEW,
    ),
}


@pytest.mark.parametrize(("old", "new", "verdict"), CASES.values(), ids=CASES)
def test_it_ends(old: list[Json], new: list[Json], verdict: Verdict) -> None:
    sides = [policy(*old)], [policy(*new)]
    found = compare(*sides, budget=Budget(deadline=time.monotonic() + 1))
    assert found.verdict in {verdict, UNKNOWN}
    if found.verdict is UNKNOWN:
        assert [reason.code for reason in found.reasons] == ["budget"]


def test_what_runs_out_is_named() -> None:
    found = compare([policy(*CASES["many infixes"][0])], [policy(*CASES["many infixes"][1])])
    assert [reason.message for reason in found.reasons] == ["the budget of automaton states is used up"]
    small = Budget(leaves=1)
    crossing = [allow("s3:*", "*", entries(i)) for i in range(8)]
    found = compare(
        [policy(*crossing)], [policy(allow("s3:Get*", "*", entries(3, "StringLike")))], budget=small
    )
    assert found.verdict in {UNKNOWN, CONTAINED, NEW}
    narrower = [{**one, "Condition": {"Null": {"aws:username": "false"}}} for one in SAME_500]
    late = compare([policy(*SAME_500)], [policy(*narrower)], budget=Budget(deadline=time.monotonic() - 1))
    assert [reason.message for reason in late.reasons] == ["the budget of time is used up"]


def test_patterns_that_no_policy_has_room_for() -> None:
    long = policy(allow("s3:*", "*", {"StringEquals": {"aws:username": "x" * 300_000}}))
    starred = policy(allow("s3:*", "*", {"StringLike": {"aws:username": "*x" * 60_000}}))
    started = time.process_time()
    for sides in (([long], [starred]), ([starred], [long])):
        found = compare(*sides, budget=Budget(deadline=time.monotonic() + 1))
        assert [reason.code for reason in found.reasons] == ["budget"]
    assert time.process_time() - started < 20


def test_private_use_characters_are_only_text() -> None:
    old, new = policy(allow("s3:*", ARN + "\ue001*")), policy(allow("s3:*", ARN + "\ue001"))
    assert compare([old], [new]).verdict is CONTAINED
    assert compare([policy(allow("s3:*", ARN + "?"))], [new]).verdict is CONTAINED


@pytest.mark.parametrize(
    "tree",
    [
        [
            allow("s3:*", f"{ARN}b{i}/*", {"StringEquals": {f"aws:PrincipalTag/k{i % 20}": "v"}})
            for i in range(300)
        ],
        [allow("s3:*", infix(LETTERS[i:])) for i in range(12)],
        [allow("s3:*", "*", entries(i)) for i in range(24)]
        + [deny("s3:*", "*", entries(i)) for i in range(24)],
    ],
)
def test_statements_of_hostile_policies(tree: list[Json]) -> None:
    assert len(examine([policy(*tree)])) <= len(tree)


@pytest.mark.parametrize(
    "resource",
    [":${::::${}", "arn:aws:${a:b:c:${aws:username}/*", "arn:aws:s3:::${a::b ${c} d", "${${}}:a:b:c:d:${"],
)
def test_a_variable_within_a_variable_ends_no_run(resource: str) -> None:
    tree: Json = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    assert compare([policy(tree)], [policy(tree)]).verdict is not Verdict.NEW_ACCESS
