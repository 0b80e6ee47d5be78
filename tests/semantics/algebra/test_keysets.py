"""Sets of condition key values, beside an enumeration of a small world."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.semantics.algebra.globs import Budget, TextSet, glob, literal
from iamlint.semantics.algebra.keysets import (
    AddressSet,
    ChoiceSet,
    Interval,
    KeySet,
    NumberSet,
    SeveralSet,
    SingleSet,
)

WORDS = ["a", "b", "ab", "ba", "aa"]
GROUPS = [frozenset(c) for size in (1, 2, 3) for c in combinations(WORDS, size)]
NUMBERS = [Fraction(n, 2) for n in range(-1, 12)]

clauses = st.frozensets(
    st.sampled_from([*map(glob, ["a*", "*b", "?", "*"]), *map(literal, WORDS)]), min_size=1, max_size=3
)
texts = st.one_of(clauses.map(lambda c: TextSet((c,))), clauses.map(lambda c: TextSet((), c)))


def has_text(group: TextSet, word: str) -> bool:
    from iamlint.semantics.patterns import matches

    return all(any(matches(str(p), word) for p in clause) for clause in group.clauses) and not any(
        matches(str(p), word) for p in group.outside
    )


singles = st.builds(SingleSet, st.booleans(), st.none() | texts)
severals = st.builds(SeveralSet, st.booleans(), st.booleans(), texts, st.lists(texts, max_size=2).map(tuple))
bounds = st.none() | st.integers(0, 5).map(Fraction)
intervals = st.builds(Interval, bounds, st.booleans(), bounds, st.booleans()).filter(lambda i: not i.is_empty)


def disjoint(found: list[Interval]) -> tuple[Interval, ...]:
    kept: list[Interval] = []
    for one in sorted(found, key=lambda i: (i.low is not None, i.low or 0, i.low_open)):
        if all(one.intersect(other).is_empty for other in kept):
            kept.append(one)
    return tuple(kept)


numbers = st.builds(NumberSet, st.booleans(), st.booleans(), st.lists(intervals, max_size=3).map(disjoint))
ranges = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda pair: (min(pair), max(pair)))
addresses = st.builds(
    AddressSet,
    st.booleans(),
    st.booleans(),
    ranges.map(lambda r: (r,)) | st.just(()),
    ranges.map(lambda r: (r,)) | st.just(()),
)
choices = st.integers(0, 15).map(lambda bits: ChoiceSet(bits, (None, "true", "false", "other")))


def has(group: KeySet, thing: object) -> bool:
    """The plain meaning of each kind of set."""
    if isinstance(group, SingleSet):
        return (
            group.absent if thing is None else group.texts is not None and has_text(group.texts, str(thing))
        )
    if isinstance(group, SeveralSet):
        if thing is None:
            return group.absent
        members = cast("frozenset[str]", thing)
        return (
            group.present
            and all(has_text(group.every, m) for m in members)
            and all(any(has_text(g, m) for m in members) for g in group.some)
        )
    if isinstance(group, NumberSet):
        if thing is None:
            return group.absent
        if thing == "x":
            return group.unparsable
        point = Interval(cast("Fraction", thing), False, cast("Fraction", thing), False)
        return any(not point.intersect(i).is_empty for i in group.intervals)
    if isinstance(group, AddressSet):
        if thing is None:
            return group.absent
        if thing == "x":
            return group.unparsable
        version, number = cast("tuple[int, int]", thing)
        return any(low <= number <= high for low, high in (group.v4 if version == 4 else group.v6))
    return bool(group.bits >> cast("int", thing) & 1)


WORLDS: list[tuple[str, st.SearchStrategy[KeySet], list[object]]] = [
    ("single", cast("st.SearchStrategy[KeySet]", singles), [None, *WORDS]),
    ("several", cast("st.SearchStrategy[KeySet]", severals), [None, *GROUPS]),
    ("number", cast("st.SearchStrategy[KeySet]", numbers), [None, "x", *NUMBERS]),
    (
        "address",
        cast("st.SearchStrategy[KeySet]", addresses),
        [None, "x", *((v, n) for v in (4, 6) for n in range(10))],
    ),
    ("choice", cast("st.SearchStrategy[KeySet]", choices), [0, 1, 2, 3]),
]


@pytest.mark.parametrize(
    ("strategy", "world"), [(s, w) for _, s, w in WORLDS], ids=[name for name, _, _ in WORLDS]
)
def test_operations_mean_what_they_say(strategy: st.SearchStrategy[KeySet], world: list[object]) -> None:
    @given(strategy, strategy)
    def check(one: KeySet, other: KeySet) -> None:
        both: KeySet = one.intersect(other)  # type: ignore[arg-type]
        pieces: list[KeySet] = list(one.without(other))  # type: ignore[arg-type]
        for thing in world:
            inside, outside = has(one, thing), has(other, thing)
            assert has(both, thing) == (inside and outside)
            assert any(has(piece, thing) for piece in pieces) == (inside and not outside)
        if one.surely_includes(other):  # type: ignore[arg-type]
            assert all(has(one, t) for t in world if has(other, t))
        if one.surely_misses(other):  # type: ignore[arg-type]
            assert not any(has(one, t) and has(other, t) for t in world)
        if one.example(Budget()) is None:
            assert not any(has(one, thing) for thing in world)

    check()


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(Fraction(49), True, Fraction(50), True), "49.5"),
        (Interval(None, True, Fraction(50), True), "49"),
        (Interval(Fraction(1, 4), False, Fraction(1, 2), True), "0.25"),
        (Interval(Fraction(-3), True, None, True), "-2"),
        (Interval(Fraction(-1, 4), True, Fraction(-1, 8), True), "-0.1875"),
    ],
)
def test_numbers_read_well(interval: Interval, text: str) -> None:
    sample = NumberSet(False, False, (interval,)).example(Budget())
    assert sample is not None
    assert sample.value == text


def test_addresses_and_dates_read_well() -> None:
    found = AddressSet(False, False, ((0, 2**32 - 1),), ()).example(Budget())
    assert found is not None
    assert found.value == "203.0.113.1"
    date = NumberSet(False, False, (Interval(Fraction(0), True, None, True),), is_date=True).example(Budget())
    assert date is not None
    assert date.value == "1970-01-01T00:00:01Z"
