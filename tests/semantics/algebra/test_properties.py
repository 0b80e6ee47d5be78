"""The properties of the evaluation rules, section 15, over random small policies.

The evaluator is the oracle: a verdict `contained` is checked by sampling requests from the policies' own
values, and every witness is replayed once more, through the whole decision. The tests marked slow run
the same properties over many more policies.
"""

from __future__ import annotations

from itertools import product

import pytest
from algebra_policies import (
    ACCOUNT,
    Json,
    allows,
    documents,
    policy,
    requests,
    resource_requests,
    resource_statements,
    statements,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamlint.model import Policy, PolicyKind
from iamlint.semantics.algebra.questions import compare
from iamlint.semantics.algebra.results import Comparison, Verdict
from iamlint.semantics.algebra.statements import StatementFault, examine
from iamlint.semantics.evaluation import Outcome, PolicySet, Request, evaluate

IDENTITY, RESOURCE = PolicyKind.IDENTITY, PolicyKind.RESOURCE
RESOURCE_REQUESTS = list(resource_requests())
# R1 and R6 make an answer unknown where the documentation admits two meanings.
OPEN_READINGS = {"R1", "R6"}

usual = settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
quick = settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
thorough = settings(max_examples=6_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def mixed(old: list[Json], new: list[Json], mode: int) -> tuple[list[Json], list[Json]]:
    """Return two documents that have something in common more often than chance has it."""
    return old, [new, [*old, *new], [*old[1:], *new]][mode]


def check_witness(found: Comparison, old: list[Policy], new: list[Policy]) -> None:
    """Replay a witness of identity policies through the whole of the evaluator."""
    shown = found.witness
    assert shown is not None
    request = Request.of(
        shown.principal, shown.action, shown.resource, shown.resource_account, dict(shown.context)
    )
    assert evaluate(request, PolicySet(identity=tuple(new))).outcome is Outcome.ALLOWED
    assert not old or evaluate(request, PolicySet(identity=tuple(old))).outcome is not Outcome.ALLOWED


def check_identity(old_tree: list[Json], new_tree: list[Json], offset: int, *, exact: bool) -> None:
    old, new = [policy(*old_tree)], [policy(*new_tree)]
    found = compare(old, new)
    codes = {reason.code for reason in found.reasons}
    assert codes <= (OPEN_READINGS if exact else OPEN_READINGS | {"variables"})
    if found.verdict is Verdict.NEW_ACCESS:
        check_witness(found, old, new)
    elif found.verdict is Verdict.CONTAINED:
        for request in requests([old_tree, new_tree], 600, offset):
            assert not allows(new, request, IDENTITY) or allows(old, request, IDENTITY), request


@usual
@given(documents(), documents(), st.integers(0, 2), st.integers(0, 10**6))
def test_no_sample_contradicts_a_verdict(old: list[Json], new: list[Json], mode: int, offset: int) -> None:
    check_identity(*mixed(old, new, mode), offset, exact=True)


@usual
@given(documents(variables=True), documents(variables=True), st.integers(0, 2), st.integers(0, 10**6))
def test_nor_with_variables(old: list[Json], new: list[Json], mode: int, offset: int) -> None:
    check_identity(*mixed(old, new, mode), offset, exact=False)


@pytest.mark.long
@thorough
@given(documents(), documents(), st.integers(0, 2), st.integers(0, 10**6))
def test_no_sample_contradicts_a_verdict_at_length(
    old: list[Json], new: list[Json], mode: int, offset: int
) -> None:
    check_identity(*mixed(old, new, mode), offset, exact=True)


@pytest.mark.long
@thorough
@given(documents(variables=True), documents(variables=True), st.integers(0, 2), st.integers(0, 10**6))
def test_nor_with_variables_at_length(old: list[Json], new: list[Json], mode: int, offset: int) -> None:
    check_identity(*mixed(old, new, mode), offset, exact=False)


def check_resource(old_tree: list[Json], new_tree: list[Json]) -> None:
    old, new = [policy(*old_tree)], [policy(*new_tree)]
    found = compare(old, new, kind=RESOURCE)
    assert found.verdict is not Verdict.UNKNOWN, found.reasons
    separating = [r for r in RESOURCE_REQUESTS if allows(new, r, RESOURCE) and not allows(old, r, RESOURCE)]
    if found.verdict is Verdict.CONTAINED:
        assert not separating
    else:
        shown = found.witness
        assert shown is not None
        request = Request.of(
            shown.principal, shown.action, shown.resource, shown.resource_account, dict(shown.context)
        )
        assert allows(new, request, RESOURCE)
        assert not allows(old, request, RESOURCE)


resource_documents = st.lists(resource_statements(), min_size=1, max_size=3)


@usual
@given(resource_documents, resource_documents, st.integers(0, 2))
def test_resource_policies(old: list[Json], new: list[Json], mode: int) -> None:
    check_resource(*mixed(old, new, mode))


@pytest.mark.long
@thorough
@given(resource_documents, resource_documents, st.integers(0, 2))
def test_resource_policies_at_length(old: list[Json], new: list[Json], mode: int) -> None:
    check_resource(*mixed(old, new, mode))


# --- laws ---------------------------------------------------------------------------------------------


def is_contained(new: list[Json], old: list[Json]) -> bool:
    """Say whether new is contained in old; what an open reading or variables leave unknown counts as yes."""
    found = compare([policy(*old)], [policy(*new)])
    assert {reason.code for reason in found.reasons} <= OPEN_READINGS | {"variables"}
    return found.verdict is not Verdict.NEW_ACCESS


@quick
@given(documents(variables=True))
def test_every_policy_contains_itself(tree: list[Json]) -> None:
    assert compare([policy(*tree)], [policy(*tree)]).verdict is Verdict.CONTAINED


@quick
@given(documents(variables=True), statements(variables=True))
def test_adding_a_deny_never_adds_access_and_an_allow_never_takes_any(tree: list[Json], more: Json) -> None:
    longer = [*tree, more]
    assert is_contained(longer, tree) if more["Effect"] == "Deny" else is_contained(tree, longer)


@quick
@given(documents(), documents(), documents())
def test_containment_is_transitive(one: list[Json], two: list[Json], three: list[Json]) -> None:
    chain = [one, [*one, *two], three]
    holds = {(a, b): is_contained(chain[a], chain[b]) for a, b in product(range(3), repeat=2)}
    for low, middle, high in product(range(3), repeat=3):
        assert holds[low, high] or not (holds[low, middle] and holds[middle, high])


@quick
@given(documents(most=2), st.integers(0, 5))
def test_a_condition_added_to_an_allow_never_adds_access(tree: list[Json], at: int) -> None:
    chosen = tree[at % len(tree)]
    if chosen["Effect"] == "Allow":
        block = chosen.get("Condition", {})
        assert isinstance(block, dict)
        extra = {**block, "StringEquals": {**block.get("StringEquals", {}), "aws:PrincipalTag/extra": "x"}}
        assert is_contained([{**s, "Condition": extra} if s is chosen else s for s in tree], tree)


@quick
@given(statements())
def test_not_action_is_everything_and_a_deny(statement: Json) -> None:
    actions = statement.get("Action", statement.get("NotAction"))
    one: list[Json] = [{"Effect": "Allow", "NotAction": actions, "Resource": "*"}]
    other: list[Json] = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": actions, "Resource": "*"},
    ]
    assert is_contained(one, other)
    assert is_contained(other, one)


@quick
@given(documents(variables=True), st.randoms(use_true_random=False))
def test_splitting_shuffling_and_repeating_change_nothing(tree: list[Json], order: object) -> None:
    pieces: list[Json] = []
    for statement in tree:
        actions, resources = statement.get("Action"), statement.get("Resource")
        if isinstance(actions, list) and isinstance(resources, list):
            pieces.extend(
                {**statement, "Action": a, "Resource": r, "Sid": "x"} for a, r in product(actions, resources)
            )
        else:
            pieces.extend([statement, statement])
    order.shuffle(pieces)  # type: ignore[attr-defined] # a random.Random
    assert is_contained(tree, pieces)
    assert is_contained(pieces, tree)


@quick
@given(documents(most=4))
def test_what_is_said_of_statements_is_so(tree: list[Json]) -> None:
    """Without an idle statement the policy allows the same, and an unsatisfiable one fits no request."""
    for fact in examine([policy(*tree)]):
        rest = [statement for at, statement in enumerate(tree) if at != fact.place.index]
        assert is_contained(tree, rest)
        assert is_contained(rest, tree)
        alone = policy({**tree[fact.place.index], "Effect": "Allow"})
        if fact.fault is StatementFault.UNSATISFIABLE:
            assert not any(allows([alone], request, IDENTITY) for request in requests([tree], 300))


@quick
@given(documents(most=4))
def test_nothing_idle_is_missed(tree: list[Json]) -> None:
    """A statement of which nothing is said changes the policy, where no reading is open."""
    idle = {fact.place.index for fact in examine([policy(*tree)])}
    for at in range(len(tree)):
        rest = [statement for other, statement in enumerate(tree) if other != at]
        if at not in idle:
            both = (compare([policy(*rest)], [policy(*tree)]), compare([policy(*tree)], [policy(*rest)]))
            assert any(
                found.verdict is not Verdict.CONTAINED or any(note.startswith("R") for note in found.notes)
                for found in both
            )


def test_documents_of_a_side_count_together() -> None:
    one = policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    other = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::secret/*"})
    assert compare([one], [one, other]).verdict is Verdict.CONTAINED
    found = compare([one, other], [one])
    assert found.verdict is Verdict.NEW_ACCESS
    assert found.no_longer_denied_by is not None
    assert found.no_longer_denied_by.document == 1
    assert found.witness is not None
    assert found.witness.resource.startswith("arn:aws:s3:::secret/")
    assert found.witness.resource_account == ACCOUNT
