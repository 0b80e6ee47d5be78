"""The evaluator beside a slow, plainly right model, on random policies over a small vocabulary."""

from __future__ import annotations

import json
from typing import Any

import pytest
import slow_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_vocabulary import (
    ADDRESSES,
    ALICE,
    ARNS,
    BINARIES,
    BOOLS,
    CALLERS,
    DATES,
    FAMILIES,
    FULL,
    KEY,
    NAMED,
    NUMBERS,
    RESOURCE_PATTERNS,
    RESOURCES,
    ROLE,
    SESSION,
    SHORT_LITERALS,
    TEXTS,
    A,
    Json,
    policy_sets,
    requests,
)

from iamlint.auditing.evaluate import answer_line, read_policies, read_request
from iamlint.semantics.evaluation import (
    ArnWildcards,
    NotPrincipalScope,
    Outcome,
    Presence,
    Readings,
    evaluate,
)
from iamlint.semantics.evaluation.explain import explain

READINGS: list[tuple[Readings, Json]] = [
    (Readings(), {}),
    (Readings(empty_string=Presence.ABSENT), {"empty_string": "absent"}),
    (Readings(empty_list=Presence.PRESENT), {"empty_list": "present"}),
    (Readings(arn_wildcards=ArnWildcards.PARTS), {"arn": "parts"}),
    (Readings(aws_star_is_everybody=False), {"aws_star": False}),
    (Readings(not_principal=NotPrincipalScope.PARENTS), {"not_principal": "parents"}),
    (Readings(variables_in_bool=False), {"bool_variables": False}),
    (Readings(any_value_if_exists=False), {"any_if_exists": False}),
]
EXAMPLES = 10
"""Times the profile's number of examples, each of which asks several requests."""


@settings(
    max_examples=EXAMPLES * (settings.default or settings()).max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(policy_sets(), st.lists(requests(), min_size=4, max_size=8), st.sampled_from(READINGS))
def test_the_evaluator_agrees_with_the_slow_model(
    policies: Json, asked: list[Json], reading: tuple[Readings, Json]
) -> None:
    compiled = read_policies(policies)
    for request in asked:
        read = read_request(request)
        for readings, words in (READINGS[0], reading):
            expected = slow_model.decide(request, policies, words)
            assert evaluate(read, compiled, readings).outcome.value == expected, (request, words)


# --- every combination, one element at a time -----------------------------------------------------

CONTEXTS: dict[str, list[Any]] = {
    "String": TEXTS,
    "Arn": ARNS,
    "Numeric": NUMBERS,
    "Date": DATES,
    "Bool": BOOLS,
    "BinaryEquals": BINARIES,
    "IpAddress": ADDRESSES,
    "NotIpAddress": ADDRESSES,
}
OPERATOR_POOLS = {operator: pool for operators, _, pool in FAMILIES for operator in operators}


@pytest.mark.parametrize("operator", OPERATOR_POOLS)
@pytest.mark.parametrize("quantifier", ["", "ForAllValues:", "ForAnyValue:"])
@pytest.mark.parametrize("suffix", ["", "IfExists"])
def test_every_operator_on_every_value(operator: str, quantifier: str, suffix: str) -> None:
    family = next(name for name in CONTEXTS if operator.startswith(name))
    values = CONTEXTS[family]
    around = {"aws:PrincipalTag/team": "t", "aws:SecureTransport": "true", "aws:TagKeys": ["t"]}
    given_values = [[], [values[0], values[-1]], [""], *values, *[[value] for value in values[:2]]]
    contexts: list[Json] = [around, *[{**around, "K": value} for value in given_values]]
    fixed = {"principal": ALICE, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/x"}
    asked = [(request, read_request(request)) for request in ({**fixed, "context": c} for c in contexts)]
    pool = OPERATOR_POOLS[operator]
    # The readings of what is empty or absent, of variables in Bool, and of ForAnyValue with IfExists.
    readings = [*READINGS[:3], *READINGS[6:]] if quantifier or operator == "Bool" else READINGS[:1]
    for listed in [*pool, [], [pool[0], pool[-1]]]:
        test = {quantifier + operator + suffix: {"k": listed}}
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": test}
        policies = {"identity": [{"Version": "2012-10-17", "Statement": statement}]}
        compiled = read_policies(policies)
        for request, read in asked:
            for chosen, words in readings:
                found = evaluate(read, compiled, chosen).outcome.value
                assert found == slow_model.decide(request, policies, words), (test, request, words)


@pytest.mark.parametrize("kind", ["identity", "endpoint", "scp"])
@pytest.mark.parametrize("element", ["Resource", "NotResource"])
def test_every_resource_pattern_on_every_resource(kind: str, element: str) -> None:
    patterns = RESOURCE_PATTERNS if kind == "scp" else RESOURCE_PATTERNS + SHORT_LITERALS
    asked = [
        {"principal": principal, "action": "s3:GetObject", "resource": resource}
        for resource in dict.fromkeys(RESOURCES)
        for principal in (ALICE, SESSION)
    ]
    for pattern in [*patterns, [], ["arn:aws:s3:::b/${none}", "arn:aws:s3:::b/x"]]:
        for version in ("2012-10-17", "2008-10-17"):
            statement: Json = {"Effect": "Allow", "Action": "*", element: pattern}
            if kind == "endpoint":
                statement["Principal"] = "*"
            listed = [{"Version": version, "Statement": statement}]
            policies: Json = {kind: [listed] if kind == "scp" else listed}
            policies.setdefault("identity", [FULL])
            compiled = read_policies(policies)
            for request in asked:
                for readings, words in (READINGS[0], READINGS[3]):
                    found = evaluate(read_request(request), compiled, readings).outcome.value
                    assert found == slow_model.decide(request, policies, words), (statement, request, words)


@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize(
    "action", ["s3:GetObject", "sts:AssumeRole", "sts:AssumeRoleWithSAML", "kms:Decrypt"]
)
@pytest.mark.parametrize(
    "around", [{}, {"identity": [FULL]}, {"identity": [FULL], "boundary": [FULL]}], ids=len
)
def test_every_principal_on_every_caller(element: str, effect: str, action: str, around: Json) -> None:
    resource = {"s3": "arn:aws:s3:::b/x", "sts": ROLE, "kms": KEY}[action.partition(":")[0]]
    lists = [
        *[{sort: value} for sort, value in NAMED],
        {"AWS": [A, f"arn:aws:iam::{A}:role/R", SESSION]},
        {"AWS": [A, ALICE]},
    ]
    for principal in ("*", *lists):
        statement = {"Effect": effect, "Action": "*", "Resource": "*", element: principal}
        everybody = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}
        listed = [statement] if effect == "Allow" else [statement, everybody]
        policies = {**around, "resource": {"Statement": listed}}
        compiled = read_policies(policies)
        for caller in CALLERS:
            request = {"principal": caller, "action": action, "resource": resource, "resource_account": A}
            read = read_request(request)
            for readings, words in (READINGS[0], READINGS[4], READINGS[5]):
                found = evaluate(read, compiled, readings).outcome.value
                assert found == slow_model.decide(request, policies, words), (statement, caller, words)


@settings(deadline=None)
@given(policy_sets(), requests(), st.sampled_from(READINGS))
def test_an_explanation_tells_of_every_statement_and_only_what_holds(
    policies: Json, request: Json, reading: tuple[Readings, Json]
) -> None:
    decision = evaluate(read_request(request), read_policies(policies), reading[0])
    explanation = explain(decision)
    assert explanation.why
    reports = [report for group in explanation.groups for report in group.statements]
    assert [r.reference for r in reports if r.decided] == sorted(
        decision.statements, key=[r.reference for r in reports].index
    )
    for report in reports:
        assert report.applies == (not report.misses)
        if report.decided:
            assert report.applies
            is_deny = decision.outcome is Outcome.EXPLICITLY_DENIED
            assert report.reference.effect == ("Deny" if is_deny else "Allow")
    assert bool(decision.statements) == (decision.outcome is not Outcome.IMPLICITLY_DENIED) or (
        decision.outcome is Outcome.ALLOWED  # the root user, or a call that needs no permission
    )


@settings(deadline=None)
@given(policy_sets(), requests())
def test_a_line_of_json_gets_the_same_answer(policies: Json, request: Json) -> None:
    answer = json.loads(answer_line(json.dumps({"id": 7, "request": request, "policies": policies}).encode()))
    assert answer["id"] == 7
    assert answer["decision"] == slow_model.decide(request, policies)
