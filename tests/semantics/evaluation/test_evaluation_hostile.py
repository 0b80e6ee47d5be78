"""Hostile patterns and policies beyond all limits: the work is bounded."""

from __future__ import annotations

import re

import pytest
from asking import ALICE, ALLOWED, ask, document
from hypothesis import given
from hypothesis import strategies as st

from iamlint.semantics.evaluation import RequestError
from iamlint.semantics.evaluation.glob import compile_glob
from iamlint.semantics.evaluation.template import Variable, read_tokens


@given(st.text("ab:*?", max_size=8), st.text("ab:*?", max_size=10))
def test_globs_match_as_regular_expressions_do(pattern: str, text: str) -> None:
    tokens = read_tokens(pattern, wildcards=True, variables=False)
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    fits = compile_glob([token for token in tokens if not isinstance(token, Variable)])
    assert fits(text) == (re.fullmatch(expression, text, re.DOTALL) is not None)


@pytest.mark.parametrize(
    "pattern",
    [
        "arn:aws:s3:::" + "*a" * 5000 + "*b",
        "arn:aws:s3:::" + "*?a" * 3000 + "b",
        "arn:aws:s3:::*" + "?" * 9000 + "b",
        "arn:aws:s3:::*" + "a" * 9000 + "b*",
        "arn:aws:s3:::" + "*a?" * 4000 + "c*",
        "arn:aws:s3:::b/" + "${" * 10_000,
        "arn:aws:s3:::b/" + "${a, '" * 5_000 + "}",
    ],
)
def test_hostile_patterns_come_to_an_end(pattern: str) -> None:
    # A matcher that goes back would not be done within a lifetime.
    assert (
        ask(ALICE, on="arn:aws:s3:::" + "a" * 19_000, identity=[document({"Resource": pattern})]) != ALLOWED
    )


def test_large_policies_are_answered() -> None:
    resources = [f"arn:aws:s3:::bucket-{index}/*" for index in range(10_000)]
    conditions = {"StringLike": {"aws:PrincipalTag/team": [f"*{index}*" for index in range(200)]}}
    listed = [{"Effect": "Deny", "NotResource": resources[:20], "Condition": conditions} for _ in range(499)]
    policy = document({"Resource": resources}, *listed)
    context = {"aws:PrincipalTag/team": "x" * 100}
    assert ask(ALICE, on="arn:aws:s3:::bucket-9999/x", context=context, identity=[policy]) == ALLOWED


def test_lists_beyond_any_limit_of_aws_are_refused() -> None:
    policy = document({"Condition": {"ForAllValues:StringLike": {"k": [f"*{n}*" for n in range(10_000)]}}})
    with pytest.raises(RequestError, match="too large to evaluate"):
        ask(context={"k": ["x" * 100 + str(n) for n in range(1000)]}, identity=[policy])
    assert ask(context={"k": [str(n) for n in range(50)]}, identity=[policy]) == ALLOWED
