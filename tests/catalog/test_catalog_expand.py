"""Expansion of action patterns, against known members and against a slow, plain reference."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamlint.catalog import Catalog, catalog
from iamlint.catalog.glob import matcher
from iamlint.catalog.lookup import MEMO_SIZE


@pytest.fixture(scope="module")
def known() -> Catalog:
    return catalog()


def all_names() -> list[str]:
    """Every full name in the order of the bits."""
    known = catalog()
    names: list[str] = []
    for prefix in known.services():
        service = known.service(prefix)
        assert service is not None
        names.extend(f"{prefix}:{name}" for name in service.actions)
    return names


ALL_NAMES = all_names()


def slow_expand(pattern: str) -> int:
    """The reference: one regular expression over every full name. Only for tame patterns."""
    if ":" not in pattern and pattern != "*":
        return 0
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern.lower())
    fits = re.compile(expression, re.DOTALL).fullmatch
    return sum(1 << bit for bit, name in enumerate(ALL_NAMES) if fits(name))


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("s3:Get*", ["s3:GetObject", "s3:GetBucketPolicy"], ["s3:PutObject", "s3-outposts:GetObject"]),
        ("S3:GET*", ["s3:GetObject"], ["s3:PutObject"]),
        ("s3:*Object", ["s3:GetObject", "s3:PutObject"], ["s3:GetObjectAcl", "s3:ListBucket"]),
        ("s3:*Acl*", ["s3:PutObjectAcl", "s3:GetBucketAcl"], ["s3:GetObject"]),
        ("s3:G?tObject", ["s3:GetObject"], ["s3:PutObject", "s3:GetObjectAcl"]),
        ("s3:Get*Acl", ["s3:GetObjectAcl"], ["s3:GetObject", "s3:PutObjectAcl"]),
        ("iam:*", ["iam:PassRole", "iam:CreateUser"], ["sts:AssumeRole"]),
        ("*:Get*", ["s3:GetObject", "iam:GetRole"], ["s3:PutObject"]),
        ("s3*:GetObject", ["s3:GetObject", "s3-outposts:GetObject"], ["s3:GetObjectAcl"]),
        ("i?m:GetRole", ["iam:GetRole"], ["iam:GetRolePolicy"]),
        ("*:*", ["s3:GetObject", "xray:PutTraceSegments"], []),
        ("*", ["s3:GetObject", "a4b:ApproveSkill"], []),
    ],
)
def test_members(known: Catalog, pattern: str, inside: list[str], outside: list[str]) -> None:
    names = set(known.names(known.expand(pattern)))
    assert names >= set(inside)
    assert names.isdisjoint(outside)


@pytest.mark.parametrize("pattern", ["*", "*:*", "**:*", "*:**", "?*:*"])
def test_all(known: Catalog, pattern: str) -> None:
    assert known.expand(pattern) == known.all_actions


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        ":",
        "s3",
        "s3:",
        ":GetObject",
        "s3*",
        "s3:Get Object",
        " s3:GetObject",
        "s3:GetObject\n",
        "s3: GetObject",
        "s3:Get*:x",
        "nope:*",
        "s3:Nope*",
        "s3:?",
        "s3:${aws:username}",
        # The Kelvin sign and the long s become k and s under Unicode's rules, not under IAM's.
        "\u212ams:Encrypt",
        "\u017f3:GetObject",
    ],
)
def test_nothing(known: Catalog, pattern: str) -> None:
    assert known.expand(pattern) == 0


def test_one_name_is_one_bit(known: Catalog) -> None:
    action = known.action("s3:GetObject")
    assert action is not None
    assert known.expand("s3:GetObject") == 1 << action.index
    assert list(known.names(1 << action.index)) == ["s3:GetObject"]
    assert known.count(known.expand("s3:GetObject")) == 1


def test_names_come_in_order_and_unknown_bits_are_passed_over(known: Catalog) -> None:
    beyond = 1 << (known.action_count + 3)
    bits = known.expand("sqs:Send*") | known.expand("a2c:*") | beyond
    names = list(known.names(bits))
    assert names == sorted(names, key=str.lower)
    assert len(names) == known.count(bits)
    assert list(known.services_of(bits)) == ["a2c", "sqs"]
    assert list(known.names(0)) == []


def test_all_names_are_yielded(known: Catalog) -> None:
    assert [name.lower() for name in known.names(known.all_actions)] == ALL_NAMES
    assert tuple(known.services_of(known.all_actions)) == known.services()


def part_of(names: list[str]) -> st.SearchStrategy[str]:
    """A pattern made from a real name by putting wildcards in place of some of its runs."""

    @st.composite
    def draw_pattern(draw: st.DrawFn) -> str:
        text = draw(st.sampled_from(names))
        for _ in range(draw(st.integers(0, 3))):
            start = draw(st.integers(0, len(text)))
            end = draw(st.integers(start, min(len(text), start + 6)))
            text = text[:start] + draw(st.sampled_from(["*", "?", "**", "*?"])) + text[end:]
        return draw(st.sampled_from([text, text.upper()]))

    return draw_pattern()


@settings(max_examples=300, deadline=None)
@given(pattern=part_of(ALL_NAMES) | st.text("s3:getobjc*?", max_size=8))
def test_expand_agrees_with_the_reference(pattern: str) -> None:
    assert catalog().expand(pattern) == slow_expand(pattern)


def slow_matches(pattern: str, text: str) -> bool:
    """The reference for one text: try every way."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return slow_matches(pattern[1:], text) or (bool(text) and slow_matches(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and slow_matches(pattern[1:], text[1:])


@given(pattern=st.text("ab*?", max_size=7), text=st.text("ab", max_size=7))
def test_the_matcher_agrees_with_the_reference(pattern: str, text: str) -> None:
    assert matcher(pattern)(text) == slow_matches(pattern, text)


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("*:" + "*a" * 40 + "b", id="many stars"),
        pytest.param("*:" + "*?a" * 30, id="many stars and marks"),
        pytest.param("*" * 5000 + ":" + "*e" * 500, id="long"),
    ],
)
def test_hostile_patterns_cost_no_more_than_a_walk_over_all_names(pattern: str) -> None:
    # A matcher that tries every way would not finish within a lifetime.
    assert catalog().count(catalog().expand(pattern)) <= catalog().action_count


def test_the_memo_is_bounded() -> None:
    fresh = Catalog()
    for number in range(MEMO_SIZE + 10):
        fresh.expand(f"s3:Get{number}")
    assert len(fresh._expanded) <= MEMO_SIZE


def test_a_pattern_longer_than_any_name_costs_nothing() -> None:
    fits = matcher("s3:" + "a*?" * 1_000_000)
    assert not fits("s3:getobject")
    assert matcher("a*?" * 3)("axaxax")
