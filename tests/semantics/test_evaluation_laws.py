"""Laws of evaluation that hold for every policy: those of section 15 of the rules that concern the evaluator."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from policy_vocabulary import (
    ACTION_PATTERNS,
    ALICE,
    RESOURCE_PATTERNS,
    Json,
    contexts,
    documents,
    entries,
    many,
    requests,
    statements,
)

from iamlint.auditing.evaluate import read_policies, read_request
from iamlint.semantics.evaluation import Outcome, evaluate

laws = settings(deadline=None)
identity = documents("identity")
asked = st.lists(requests(), min_size=3, max_size=8)


def answers(asked: list[Json], *policies: Json) -> list[Outcome]:
    compiled = read_policies({"identity": list(policies)})
    return [evaluate(read_request(request), compiled).outcome for request in asked]


def allowed(asked: list[Json], *policies: Json) -> list[bool]:
    return [answer is Outcome.ALLOWED for answer in answers(asked, *policies)]


def never_more(fewer: list[bool], more: list[bool]) -> bool:
    return all(b or not a for a, b in zip(fewer, more, strict=True))


def listed(document: Json) -> list[Json]:
    return many(document["Statement"])


def document(*statements: Json) -> Json:
    """A document; what its statements leave out is Allow, every action, every resource."""
    whole = []
    for given_elements in statements:
        statement: Json = {"Effect": "Allow"}
        if "NotAction" not in given_elements:
            statement["Action"] = "*"
        if "NotResource" not in given_elements:
            statement["Resource"] = "*"
        whole.append({**statement, **given_elements})
    return {"Version": "2012-10-17", "Statement": whole}


@laws
@given(identity, statements("identity"), asked)
def test_adding_a_deny_never_adds_access_and_an_allow_never_removes_it(
    policy: Json, more: Json, asked: list[Json]
) -> None:
    before = allowed(asked, policy)
    both = {**policy, "Statement": [*listed(policy), {**more, "Effect": "Deny"}]}
    assert never_more(allowed(asked, both), before)
    both = {**policy, "Statement": [*listed(policy), {**more, "Effect": "Allow"}]}
    assert never_more(before, allowed(asked, both))


@laws
@given(identity, entries(), asked)
def test_adding_a_condition_to_an_allow_never_adds_access(
    policy: Json, entry: tuple[str, str, Any], asked: list[Json]
) -> None:
    operator, key, values = entry
    first, *rest = listed(policy)
    first = {**first, "Effect": "Allow"}
    condition = {name: dict(tests) for name, tests in first.get("Condition", {}).items()}
    # In a block of its own spelling, so that it is added and replaces nothing.
    condition[operator.upper()] = {key: values}
    narrower = {**policy, "Statement": [{**first, "Condition": condition}, *rest]}
    assert never_more(allowed(asked, narrower), allowed(asked, {**policy, "Statement": [first, *rest]}))


@laws
@given(identity, st.randoms(use_true_random=False), asked)
def test_order_repetition_and_names_change_nothing(policy: Json, random: Any, asked: list[Json]) -> None:
    expected = answers(asked, policy)
    shuffled = [*listed(policy), listed(policy)[0]]
    random.shuffle(shuffled)
    named = [{"Sid": f"S{index}", **statement} for index, statement in enumerate(shuffled)]
    assert answers(asked, {**policy, "Statement": named}) == expected
    # One document for each statement is the same as one document.
    assert answers(asked, *[{**policy, "Statement": statement} for statement in shuffled]) == expected


@laws
@given(identity, asked)
def test_one_statement_for_each_combination_is_the_same(policy: Json, asked: list[Json]) -> None:
    split = [
        {**statement, "Action": action, "Resource": resource}
        for statement in listed(policy)
        if "Action" in statement and "Resource" in statement
        for action in many(statement["Action"])
        for resource in many(statement["Resource"])
    ]
    whole = [one for one in listed(policy) if not ("Action" in one and "Resource" in one)]
    assert answers(asked, {**policy, "Statement": [*whole, *split]}) == answers(asked, policy)


@laws
@given(st.lists(st.sampled_from(ACTION_PATTERNS), max_size=3), asked)
def test_not_action_is_everything_but(patterns: list[str], asked: list[Json]) -> None:
    besides = document({"NotAction": patterns})
    minus = document({}, {"Effect": "Deny", "Action": patterns})
    assert allowed(asked, besides) == allowed(asked, minus)


@laws
@given(st.lists(st.sampled_from(RESOURCE_PATTERNS), max_size=3), asked)
def test_not_resource_is_everything_but_when_all_variables_have_values(
    patterns: list[str], asked: list[Json]
) -> None:
    known = {"aws:username": "alice", "aws:TagKeys": "t"}
    requests = [{**request, "context": {**known}} for request in asked]
    besides = document({"NotResource": patterns})
    minus = document({}, {"Effect": "Deny", "Resource": patterns})
    assert allowed(requests, besides) == allowed(requests, minus)


@laws
@given(entries(), st.lists(contexts, min_size=3, max_size=8))
def test_a_deny_under_a_condition_is_the_complement_of_an_allow_under_it(
    entry: tuple[str, str, Any], contexts: list[Json]
) -> None:
    operator, key, values = entry
    condition = {operator: {key: values}}
    fixed = {"principal": ALICE, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/x"}
    asked = [{**fixed, "context": context} for context in contexts]
    under = allowed(asked, document({"Condition": condition}))
    unless = allowed(asked, document({}, {"Effect": "Deny", "Condition": condition}))
    assert unless == [not answer for answer in under]
