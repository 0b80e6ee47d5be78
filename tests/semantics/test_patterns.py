"""Wildcards, beside a plain reference."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.model import Hole, Value
from iamlint.semantics.patterns import covers, matches, may_match, overlaps, pattern_text

PATTERNS = st.text("ab:*?", max_size=7)
TEXTS = ["".join(letters) for size in range(7) for letters in product("ab:", repeat=size)]


def slow_matches(pattern: str, text: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


@given(PATTERNS, st.text("ab:*?", max_size=8))
def test_matches_as_a_regular_expression_does(pattern: str, text: str) -> None:
    assert matches(pattern, text) == slow_matches(pattern, text)


@given(PATTERNS, PATTERNS)
def test_covers_is_never_wrong_when_it_says_yes(wide: str, narrow: str) -> None:
    if covers(wide, narrow):
        assert all(slow_matches(wide, text) for text in TEXTS if slow_matches(narrow, text))


@given(PATTERNS, PATTERNS)
def test_overlap_misses_nothing(one: str, other: str) -> None:
    if any(slow_matches(one, text) and slow_matches(other, text) for text in TEXTS):
        assert overlaps(one, other)
    assert overlaps(one, other) == overlaps(other, one)


@given(st.text("ab*?", max_size=3), st.text("ab*?", max_size=3))
def test_overlap_claims_nothing_for_short_patterns(one: str, other: str) -> None:
    # Two patterns of three letters that meet at all meet in a text of six.
    if overlaps(one, other):
        assert any(slow_matches(one, text) and slow_matches(other, text) for text in TEXTS)


@given(PATTERNS, st.text("ab:", max_size=6), st.integers(0, 7))
def test_more_stars_match_more(pattern: str, text: str, place: int) -> None:
    if matches(pattern, text):
        assert matches(pattern[:place] + "*" + pattern[place:], text)


@pytest.mark.parametrize(
    ("wide", "narrow", "answer"),
    [
        ("*", "s3:*", True),
        ("s3:*", "s3:Get*", True),
        ("s3:Get*", "s3:GetObject", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/home/*", True),
        ("s3:Get*", "s3:*", False),
        ("a?", "a*", False),
        ("a*", "a?", True),
    ],
)
def test_covers_table(wide: str, narrow: str, answer: bool) -> None:
    assert covers(wide, narrow) is answer


def test_hostile_patterns_are_answered_at_once() -> None:
    hostile = "*a" * 200 + "b"
    assert not matches(hostile, "a" * 5000)
    assert overlaps("*" + "a*" * 500, "*" + "b*" * 500)


def test_a_hole_may_be_anything_but_is_no_star() -> None:
    value = Value(None, (), ("arn:aws:s3:::", Hole("parameter", "Bucket"), "/*"))
    assert pattern_text(value) == "arn:aws:s3:::*/*"
    assert may_match(value, "arn:aws:s3:::b/k")
    assert value.literal == "arn:aws:s3:::/*"
    assert str(value) == "arn:aws:s3:::<Bucket>/*"
