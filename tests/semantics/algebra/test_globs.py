"""Sets of texts, beside an enumeration."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.semantics.algebra.globs import (
    ONE_IN_FIELD,
    ONE_IN_NAME,
    RUN,
    RUN_IN_FIELD,
    RUN_IN_NAME,
    Budget,
    BudgetError,
    Glob,
    TextSet,
    arn_glob,
    from_tokens,
    glob,
    literal,
    may_overlap,
    private_letter,
    search,
    surely_covers,
)

PATTERNS = st.text("ab*?", max_size=4)
TEXTS = ["".join(letters) for size in range(7) for letters in product("abx", repeat=size)]


def fits(pattern: Glob, text: str) -> bool:
    expression = "".join({"\0*": ".*", "\0?": "."}.get(token, re.escape(token)) for token in pattern.tokens)
    return re.fullmatch(expression, text, re.DOTALL | (re.IGNORECASE if pattern.fold else 0)) is not None


def within(group: TextSet, text: str) -> bool:
    return all(any(fits(p, text) for p in clause) for clause in group.clauses) and not any(
        fits(p, text) for p in group.outside
    )


globs = PATTERNS.map(glob)
clauses = st.frozensets(globs, max_size=3)
sets = st.builds(TextSet, st.lists(clauses, max_size=2).map(tuple), clauses)


@given(PATTERNS)
def test_normal_form_keeps_the_language(text: str) -> None:
    slow = "".join({"*": ".*", "?": "."}.get(c, c) for c in text)
    assert all(fits(glob(text), t) == (re.fullmatch(slow, t) is not None) for t in TEXTS[:400])


@given(sets)
def test_an_example_is_a_member_and_none_means_empty(group: TextSet) -> None:
    found = group.example(Budget())
    if found is None:
        assert not any(within(group, text) for text in TEXTS)
    else:
        assert within(group, found)


@given(sets, sets)
def test_difference_is_disjoint_and_complete(one: TextSet, other: TextSet) -> None:
    pieces = list(one.without(other))
    for text in TEXTS[:500]:
        assert sum(within(piece, text) for piece in pieces) == (within(one, text) and not within(other, text))


@given(sets, sets)
def test_intersection(one: TextSet, other: TextSet) -> None:
    both = one.intersect(other)
    assert all(within(both, t) == (within(one, t) and within(other, t)) for t in TEXTS[:500])


@given(sets, sets)
def test_quick_answers_are_sure(one: TextSet, other: TextSet) -> None:
    if one.surely_includes(other):
        assert all(within(one, t) for t in TEXTS if within(other, t))
    if one.surely_misses(other):
        assert not any(within(one, t) and within(other, t) for t in TEXTS)


@pytest.mark.parametrize(
    ("inside", "outside", "answer"),
    [
        (["b/*.t?t"], ["b/*.txt"], "b/.t0t"),
        (["p?*"], ["p?", "p??", "p???*"], None),
        (["p?*"], ["p?", "p???*"], "pxx"),
        (["b/x*"], ["b/xy*z"], "b/x"),
        (["*"], ["*"], None),
        (["a*", "*b"], [], "ab"),
    ],
)
def test_table(inside: list[str], outside: list[str], answer: str | None) -> None:
    found = search([glob(p) for p in inside], [glob(p) for p in outside], Budget())
    assert (found is None) == (answer is None)
    if answer is not None and found is not None:
        assert len(found) == len(answer)


def test_letters_in_either_case() -> None:
    assert search([literal("Ab", fold=True)], [literal("ab"), literal("AB"), literal("Ab")], Budget()) == "aB"
    every = [literal(t) for t in ("ab", "AB", "Ab", "aB")]
    assert search([literal("ab", fold=True)], every, Budget()) is None


@given(st.text("a:*?", max_size=9), st.text("ab:", max_size=12))
def test_wildcards_of_a_field_stop_at_its_colon(pattern: str, text: str) -> None:
    """ArnLike: split both at the first five colons, each field matches by itself."""

    def fields(whole: str) -> list[str]:
        return whole.split(":", 5)

    ours = search([arn_glob(pattern), literal(text)], [], Budget()) is not None
    theirs = len(fields(pattern)) == len(fields(text)) and all(
        fits(glob(p), t) for p, t in zip(fields(pattern), fields(text), strict=True)
    )
    # With fewer than five colons there is no sixth field, and the last one must not take a colon.
    assert ours == theirs


LIMITED = {"R": RUN, "F": RUN_IN_FIELD, "N": RUN_IN_NAME, "O": ONE_IN_FIELD, "M": ONE_IN_NAME}
SLOW = {"R": ".*", "F": "[^:]*", "N": "[^:/]*", "O": "[^:]", "M": "[^:/]"}
limited = st.text("RFNOM:/a", max_size=6)


@given(limited, limited, st.text(":/a", max_size=7))
def test_runs_stop_where_their_part_ends(one: str, other: str, text: str) -> None:
    """Beside regular expressions: membership, and the quick answers about two patterns."""
    patterns = [from_tokens(LIMITED.get(c, c) for c in letters) for letters in (one, other)]
    slow = [
        re.fullmatch("".join(SLOW.get(c, c) for c in letters), text) is not None for letters in (one, other)
    ]
    assert [search([pattern, literal(text)], [], Budget()) is not None for pattern in patterns] == slow
    if surely_covers(*patterns):
        assert slow[0] or not slow[1]
    if not may_overlap(*patterns):
        assert not all(slow)


def test_the_run_of_a_name_does_not_take_a_value_that_may_hold_a_slash() -> None:
    value = from_tokens(["a", private_letter(0), "/"])
    assert search([value], [from_tokens(["a", RUN_IN_NAME, "/"])], Budget()) is not None


def test_a_private_letter_is_matched_by_itself_and_by_runs_only() -> None:
    letter = private_letter(0)
    value = from_tokens(["a", letter])
    assert search([value], [glob("a*")], Budget()) is None
    assert search([value], [from_tokens(["a", letter])], Budget()) is None
    assert search([value], [glob("a?")], Budget()) == f"a{letter}"
    assert search([value], [from_tokens(["a", private_letter(1)])], Budget()) == f"a{letter}"


def test_literal_wildcards_are_characters() -> None:
    assert search([literal("a*")], [], Budget()) == "a*"
    assert search([literal("a*")], [glob("a?")], Budget()) is None


def test_a_hostile_question_ends() -> None:
    hostile = [glob("*" + "".join(f"{c}*" for c in "abcdefgh"[i:] + "abcdefgh"[:i])) for i in range(8)]
    with pytest.raises(BudgetError):
        search(
            [glob("*" + "?" * 60)],
            [*hostile, *(glob(f"*{c}{'?' * 40}") for c in "abcdefgh")],
            Budget(tuples=5000),
        )
