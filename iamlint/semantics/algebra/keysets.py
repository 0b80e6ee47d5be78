"""Sets of what a request can carry under one condition key: nothing, a value, or several values.

Every class here has the same five operations, so that a box is a product of them:
`intersect(other)`, `without(other)` (disjoint pieces), `example(budget)` (None when empty, else a
`Sample`), `surely_includes(other)` and `surely_misses(other)` (yes is certain, no is no claim).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from iamlint.semantics.algebra.globs import Budget, TextSet

__all__ = [
    "ANY_TEXT",
    "AddressSet",
    "ChoiceSet",
    "Interval",
    "KeySet",
    "NumberSet",
    "Sample",
    "SeveralSet",
    "SingleSet",
]


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing that a key can be in a request: None for absent, a text, or texts."""

    value: str | tuple[str, ...] | None


ABSENT = Sample(None)


@dataclass(frozen=True, slots=True)
class SingleSet:
    """A single-valued key compared as text: perhaps absent, or a text of a set."""

    absent: bool
    texts: TextSet | None

    def intersect(self, other: SingleSet) -> SingleSet:
        """Return what both allow."""
        texts = None if self.texts is None or other.texts is None else self.texts.intersect(other.texts)
        return SingleSet(self.absent and other.absent, texts)

    def without(self, other: SingleSet) -> Iterator[SingleSet]:
        """Yield disjoint pieces of what only this one allows."""
        if self.absent and not other.absent:
            yield SingleSet(absent=True, texts=None)
        if self.texts is not None:
            if other.texts is None:
                yield SingleSet(absent=False, texts=self.texts)
            else:
                for piece in self.texts.without(other.texts):
                    yield SingleSet(absent=False, texts=piece)

    def example(self, budget: Budget) -> Sample | None:
        """Return absence where it is allowed, else a shortest text."""
        if self.absent:
            return ABSENT
        found = None if self.texts is None else self.texts.example(budget)
        return None if found is None else Sample(found)

    def surely_includes(self, other: SingleSet) -> bool:
        """Say yes only when all that `other` allows is allowed here."""
        if other.absent and not self.absent:
            return False
        return other.texts is None or (self.texts is not None and self.texts.surely_includes(other.texts))

    def surely_misses(self, other: SingleSet) -> bool:
        """Say yes only when nothing is allowed by both."""
        if self.absent and other.absent:
            return False
        return self.texts is None or other.texts is None or self.texts.surely_misses(other.texts)


ANY_TEXT = SingleSet(absent=True, texts=TextSet())


@dataclass(frozen=True, slots=True)
class ChoiceSet:
    """A key with few outcomes, as a subset of them: for Bool `absent`, `true`, `false`, `other`; for
    Binary absence, each value that occurs, and any other."""

    bits: int
    names: tuple[str | None, ...]

    def intersect(self, other: ChoiceSet) -> ChoiceSet:
        """Return what both allow."""
        return ChoiceSet(self.bits & other.bits, self.names)

    def without(self, other: ChoiceSet) -> Iterator[ChoiceSet]:
        """Yield what only this one allows, if anything."""
        if self.bits & ~other.bits:
            yield ChoiceSet(self.bits & ~other.bits, self.names)

    def example(self, budget: Budget) -> Sample | None:
        """Return the first outcome that is allowed."""
        for at, name in enumerate(self.names):
            if self.bits >> at & 1:
                return Sample(name)
        return None

    def surely_includes(self, other: ChoiceSet) -> bool:
        """Say whether all that `other` allows is allowed here."""
        return not other.bits & ~self.bits

    def surely_misses(self, other: ChoiceSet) -> bool:
        """Say whether nothing is allowed by both."""
        return not other.bits & self.bits


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Numbers from `low` to `high`; None is without bound. `low_open` and `high_open` leave the
    bound itself out."""

    low: Fraction | None
    low_open: bool
    high: Fraction | None
    high_open: bool

    @property
    def is_empty(self) -> bool:
        """Whether no number is inside."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def intersect(self, other: Interval) -> Interval:
        """Return the numbers of both."""
        low, low_open = self.low, self.low_open
        if other.low is not None and (low is None or other.low > low):
            low, low_open = other.low, other.low_open
        elif other.low == low:
            low_open = low_open or other.low_open
        high, high_open = self.high, self.high_open
        if other.high is not None and (high is None or other.high < high):
            high, high_open = other.high, other.high_open
        elif other.high == high:
            high_open = high_open or other.high_open
        return Interval(low, low_open, high, high_open)

    def complement(self) -> Iterator[Interval]:
        """Yield the numbers that are not inside, as at most two intervals."""
        if self.is_empty:
            yield ALL_NUMBERS
            return
        if self.low is not None:
            yield Interval(None, True, self.low, not self.low_open)
        if self.high is not None:
            yield Interval(self.high, not self.high_open, None, True)

    def example(self) -> Fraction | None:
        """Return a plain number of the interval, whole where there is one."""
        if self.is_empty:
            return None
        if self.low is None and self.high is None:
            return Fraction(0)
        if self.low is None:
            assert self.high is not None
            return self.high - 1 if self.high_open or self.high.denominator != 1 else self.high
        if not self.low_open and self.low.denominator == 1:
            return self.low
        whole = Fraction(self.low.__floor__() + 1)
        if self.high is None or whole < self.high or (whole == self.high and not self.high_open):
            return whole
        if not self.low_open:
            return self.low
        return (self.low + self.high) / 2


ALL_NUMBERS = Interval(None, True, None, True)


@dataclass(frozen=True, slots=True)
class NumberSet:
    """A single-valued key compared as number or instant: perhaps absent, perhaps a text that is no
    number, or a number of some interval."""

    absent: bool
    unparsable: bool
    intervals: tuple[Interval, ...]
    is_date: bool = False

    def intersect(self, other: NumberSet) -> NumberSet:
        """Return what both allow."""
        both = (a.intersect(b) for a in self.intervals for b in other.intervals)
        return NumberSet(
            self.absent and other.absent,
            self.unparsable and other.unparsable,
            tuple(sorted((interval for interval in both if not interval.is_empty), key=_bounds)),
            self.is_date,
        )

    def without(self, other: NumberSet) -> Iterator[NumberSet]:
        """Yield what only this one allows, if anything."""
        rest = list(self.intervals)
        for hole in other.intervals:
            rest = [
                piece
                for interval in rest
                for outside in hole.complement()
                if not (piece := interval.intersect(outside)).is_empty
            ]
        left = NumberSet(
            self.absent and not other.absent, self.unparsable and not other.unparsable, tuple(rest), self.is_date
        )
        if left.absent or left.unparsable or left.intervals:
            yield left

    def example(self, budget: Budget) -> Sample | None:
        """Return absence, a plain number, or a text that is none."""
        if self.absent:
            return ABSENT
        for interval in self.intervals:
            found = interval.example()
            if found is not None:
                return Sample(_instant(found) if self.is_date else _decimal(found))
        return Sample("x") if self.unparsable else None

    def surely_includes(self, other: NumberSet) -> bool:
        """Say whether all that `other` allows is allowed here."""
        return next(iter(other.without(self)), None) is None

    def surely_misses(self, other: NumberSet) -> bool:
        """Say whether nothing is allowed by both."""
        both = self.intersect(other)
        return not (both.absent or both.unparsable or both.intervals)


def _bounds(interval: Interval) -> tuple[bool, Fraction, bool]:
    return (interval.low is not None, interval.low or Fraction(0), interval.low_open)


def _decimal(number: Fraction) -> str:
    """Return a number as decimal text; thirds and the like cannot occur between decimal bounds'
    midpoints, which are decimals again."""
    if number.denominator == 1:
        return str(number.numerator)
    digits = 1
    while (number * 10**digits).denominator != 1:
        digits += 1
    sign = "-" if number < 0 else ""
    scaled = str(abs((number * 10**digits).numerator)).rjust(digits + 1, "0")
    return f"{sign}{scaled[:-digits]}.{scaled[-digits:]}"


def _instant(seconds: Fraction) -> str:
    """Return an instant as epoch seconds, which IAM takes as a date; as ISO text where it is whole
    and in the calendar, which people read."""
    from datetime import UTC, datetime

    if seconds.denominator == 1 and 0 <= seconds < 253_402_300_800:
        return datetime.fromtimestamp(seconds.numerator, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _decimal(seconds)


Range: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class AddressSet:
    """A single-valued key compared as IP address: perhaps absent, perhaps a text that is none, or
    an address of some range (both ends inside), version 4 and 6 apart."""

    absent: bool
    unparsable: bool
    v4: tuple[Range, ...]
    v6: tuple[Range, ...]

    def intersect(self, other: AddressSet) -> AddressSet:
        """Return what both allow."""
        return AddressSet(
            self.absent and other.absent,
            self.unparsable and other.unparsable,
            _both(self.v4, other.v4),
            _both(self.v6, other.v6),
        )

    def without(self, other: AddressSet) -> Iterator[AddressSet]:
        """Yield what only this one allows, if anything."""
        left = AddressSet(
            self.absent and not other.absent,
            self.unparsable and not other.unparsable,
            _minus(self.v4, other.v4),
            _minus(self.v6, other.v6),
        )
        if left.absent or left.unparsable or left.v4 or left.v6:
            yield left

    def example(self, budget: Budget) -> Sample | None:
        """Return absence, an address, or a text that is none."""
        from ipaddress import IPv4Address, IPv6Address

        if self.absent:
            return ABSENT
        if self.v4:
            return Sample(str(IPv4Address(_middle(self.v4))))
        if self.v6:
            return Sample(str(IPv6Address(_middle(self.v6))))
        return Sample("x") if self.unparsable else None

    def surely_includes(self, other: AddressSet) -> bool:
        """Say whether all that `other` allows is allowed here."""
        return next(iter(other.without(self)), None) is None

    def surely_misses(self, other: AddressSet) -> bool:
        """Say whether nothing is allowed by both."""
        both = self.intersect(other)
        return not (both.absent or both.unparsable or both.v4 or both.v6)


_DOCUMENTATION_V4 = 203 << 24 | 113 << 8 | 1
"""203.0.113.1, an address of the block that documentation uses (RFC 5737)."""


def _middle(ranges: tuple[Range, ...]) -> int:
    """Return an address that reads well: a documentation address if it is inside, else the second
    of the first range."""
    for low, high in ranges:
        if low <= _DOCUMENTATION_V4 <= high < 1 << 32:
            return _DOCUMENTATION_V4
    low, high = ranges[0]
    return min(low + 1, high)


def _both(one: tuple[Range, ...], other: tuple[Range, ...]) -> tuple[Range, ...]:
    pieces = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple(sorted(piece for piece in pieces if piece[0] <= piece[1]))


def _minus(one: tuple[Range, ...], other: tuple[Range, ...]) -> tuple[Range, ...]:
    rest = list(one)
    for low, high in other:
        rest = [
            piece
            for start, end in rest
            for piece in ((start, min(end, low - 1)), (max(start, high + 1), end))
            if piece[0] <= piece[1]
        ]
        # A range that the hole misses comes back twice from the two sides.
        rest = sorted(set(rest))
    return tuple(rest)


@dataclass(frozen=True, slots=True)
class SeveralSet:
    """A multi-valued key: perhaps absent, or a non-empty set of texts that are all in `every` and
    meet each set of `some` (the normal form U; P1..Pm of ForAllValues and ForAnyValue)."""

    absent: bool
    present: bool
    every: TextSet = TextSet()
    some: tuple[TextSet, ...] = ()

    def intersect(self, other: SeveralSet) -> SeveralSet:
        """Return what both allow."""
        return SeveralSet(
            self.absent and other.absent,
            self.present and other.present,
            self.every.intersect(other.every),
            (*self.some, *(group for group in other.some if group not in self.some)),
        )

    def without(self, other: SeveralSet) -> Iterator[SeveralSet]:
        """Yield pieces (of the present part they may overlap) of what only this one allows."""
        if self.absent and not other.absent:
            yield SeveralSet(absent=True, present=False)
        if not self.present:
            return
        if not other.present:
            yield SeveralSet(False, True, self.every, self.some)
            return
        # Some value escapes `every`: one piece for each way to escape.
        for piece in TextSet().without(other.every):
            yield SeveralSet(False, True, self.every, (*self.some, piece))
        # Or no value meets one of the groups: then all lie outside it, which has to stay one set,
        # because the values may mix the ways to be outside.
        for group in other.some:
            outside = _complement(group)
            if outside is not None:
                yield SeveralSet(False, True, self.every.intersect(outside), self.some)

    def example(self, budget: Budget) -> Sample | None:
        """Return absence, or a smallest set of values."""
        if self.absent:
            return ABSENT
        if not self.present:
            return None
        values = []
        for group in self.some or (TextSet(),):
            found = self.every.intersect(group).example(budget)
            if found is None:
                return None
            values.append(found)
        return Sample(tuple(dict.fromkeys(values)))

    def surely_includes(self, other: SeveralSet) -> bool:
        """Say yes only when all that `other` allows is allowed here."""
        if other.absent and not self.absent:
            return False
        if not other.present:
            return True
        return (
            self.present
            and self.every.surely_includes(other.every)
            and all(any(group.surely_includes(given) for given in other.some) for group in self.some)
        )

    def surely_misses(self, other: SeveralSet) -> bool:
        """Say yes only when nothing is allowed by both."""
        if self.absent and other.absent:
            return False
        if not (self.present and other.present):
            return True
        every = self.every.intersect(other.every)
        return any(every.surely_misses(group) for group in (*self.some, *other.some))


def _complement(group: TextSet) -> TextSet | None:
    """Return the texts outside a set that is one union of patterns or the complement of one; None
    when nothing is outside. Condition values only ever make such sets."""
    if not group.clauses:
        return TextSet((group.outside,)) if group.outside else None
    assert len(group.clauses) == 1
    assert not group.outside
    return TextSet((), group.clauses[0])


KeySet: TypeAlias = SingleSet | ChoiceSet | NumberSet | AddressSet | SeveralSet
