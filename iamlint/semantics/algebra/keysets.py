"""Sets of what a request can carry under one condition key: nothing, a value, or several values.

Every class here has the same operations, so that a box is a product of them: `intersect(other)`,
`without(other)` (disjoint pieces), `example(budget)` (None when empty, else a `Sample`),
`surely_includes(other)` and `surely_misses(other)` (yes is certain, no is no claim), `holds(value)`.
Sections 12.1 and 12.3 of the evaluation rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TypeAlias

from iamlint.record import record
from iamlint.semantics.algebra.globs import ONE, RUN, Budget, TextSet, from_tokens
from iamlint.semantics.algebra.scalars import read_address, read_bytes, read_instant, read_number, read_truth

__all__ = [
    "ABSENT",
    "ALL_NUMBERS",
    "ANY_TEXT",
    "AddressSet",
    "ChoiceSet",
    "Interval",
    "KeySet",
    "NumberSet",
    "Range",
    "Sample",
    "Sampled",
    "SeveralSet",
    "SingleSet",
    "ranges",
]


@record
class Sample:
    """One thing that a key can be in a request: None for absent, a text, or texts."""

    value: str | tuple[str, ...] | None


Sampled: TypeAlias = str | tuple[str, ...] | None
"""What a request carries under a key, as in `Sample`."""

ABSENT = Sample(None)

_EVERY_TEXT = TextSet()

_NOT_EMPTY = TextSet((frozenset({from_tokens((ONE, RUN))}),))


@record
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
        """Return absence where it is allowed, else a short text, not empty where that is possible."""
        if self.absent:
            return ABSENT
        if self.texts is None:
            return None
        found = self.texts.example(budget)
        if found == "":
            found = self.texts.intersect(_NOT_EMPTY).example(budget) or ""
        return None if found is None else Sample(found)

    def holds(self, value: Sampled) -> bool:
        """Say whether a key with this value is in the set."""
        if value is None:
            return self.absent
        return isinstance(value, str) and self.texts is not None and self.texts.holds(value)

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


@record
class ChoiceSet:
    """A key with few outcomes, as a subset of them: for Bool absence, `true`, `false`, and a text that is
    neither; for Binary absence, each value that occurs, any other, and a text that is not base64."""

    bits: int
    names: tuple[str | None, ...]

    def intersect(self, other: ChoiceSet) -> ChoiceSet:
        """Return what both allow."""
        return ChoiceSet(self.bits & other.bits, self.names)

    def without(self, other: ChoiceSet) -> Iterator[ChoiceSet]:
        """Yield what only this one allows, if anything."""
        if self.bits & ~other.bits:
            yield ChoiceSet(self.bits & ~other.bits, self.names)

    def example(self, budget: Budget) -> Sample | None:  # noqa: ARG002 -- one shape for all sets
        """Return the first outcome that is allowed."""
        for at, name in enumerate(self.names):
            if self.bits >> at & 1:
                return Sample(name)
        return None

    def holds(self, value: Sampled) -> bool:
        """Say whether a key with this value is in the set."""
        if value is None:
            return bool(self.bits & 1)
        if not isinstance(value, str):
            return False
        if self.names[1] == "true":
            truth = read_truth(value)
            at = 3 if truth is None else 1 if truth else 2
        else:
            data = read_bytes(value)
            known = [None if name is None else read_bytes(name) for name in self.names[1:-2]]
            at = (
                len(self.names) - 1
                if data is None
                else known.index(data) + 1
                if data in known
                else len(self.names) - 2
            )
        return bool(self.bits >> at & 1)

    def surely_includes(self, other: ChoiceSet) -> bool:
        """Say whether all that `other` allows is allowed here."""
        return not other.bits & ~self.bits

    def surely_misses(self, other: ChoiceSet) -> bool:
        """Say whether nothing is allowed by both."""
        return not other.bits & self.bits


@record(order=True)
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
            whole = Fraction(self.high.__floor__())
            return whole - 1 if self.high_open and whole == self.high else whole
        if not self.low_open and self.low.denominator == 1:
            return self.low
        whole = Fraction(self.low.__floor__() + 1)
        if self.high is None or whole < self.high or (whole == self.high and not self.high_open):
            return whole
        if not self.low_open:
            return self.low
        return (self.low + self.high) / 2


ALL_NUMBERS = Interval(None, True, None, True)


@record
class NumberSet:
    """A single-valued key compared as number or instant: perhaps absent, perhaps a text that is no
    number, or a number of some interval. With `whole`, only whole numbers count."""

    absent: bool
    unparsable: bool
    intervals: tuple[Interval, ...]
    is_date: bool = False
    whole: bool = False

    def intersect(self, other: NumberSet) -> NumberSet:
        """Return what both allow."""
        both = (a.intersect(b) for a in self.intervals for b in other.intervals)
        return NumberSet(
            self.absent and other.absent,
            self.unparsable and other.unparsable,
            tuple(sorted((interval for interval in both if not interval.is_empty), key=_bounds)),
            self.is_date,
            self.whole,
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
            self.absent and not other.absent,
            self.unparsable and not other.unparsable,
            tuple(rest),
            self.is_date,
            self.whole,
        )
        if left.absent or left.unparsable or left.intervals:
            yield left

    def example(self, budget: Budget) -> Sample | None:  # noqa: ARG002 -- one shape for all sets
        """Return absence, a plain number, or a text that is none."""
        if self.absent:
            return ABSENT
        for interval in self.intervals:
            found = interval.example()
            if found is not None and not (self.whole and found.denominator != 1):
                return Sample(_instant(found) if self.is_date else _decimal(found))
        return Sample("x") if self.unparsable else None

    def holds(self, value: Sampled) -> bool:
        """Say whether a key with this value is in the set."""
        if value is None:
            return self.absent
        if not isinstance(value, str):
            return False
        number = read_instant(value) if self.is_date else read_number(value)
        if number is None:
            return self.unparsable
        point = Interval(number, False, number, False)
        return any(not point.intersect(interval).is_empty for interval in self.intervals)

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
    """Return an instant as ISO text; as epoch seconds beyond the calendar's end."""
    from datetime import UTC, datetime, timedelta

    whole = seconds.__floor__()
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole)
    except OverflowError:
        return str(whole)
    fraction = _decimal(seconds - whole).removeprefix("0") if seconds != whole else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + f"{fraction}Z"


Range: TypeAlias = tuple[int, int]


@record
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

    def example(self, budget: Budget) -> Sample | None:  # noqa: ARG002 -- one shape for all sets
        """Return absence, an address, or a text that is none."""
        from ipaddress import IPv4Address, IPv6Address

        if self.absent:
            return ABSENT
        if self.v4:
            return Sample(str(IPv4Address(_middle(self.v4))))
        if self.v6:
            return Sample(str(IPv6Address(_middle(self.v6))))
        return Sample("x") if self.unparsable else None

    def holds(self, value: Sampled) -> bool:
        """Say whether a key with this value is in the set."""
        if value is None:
            return self.absent
        if not isinstance(value, str):
            return False
        address = read_address(value)
        if address is None:
            return self.unparsable
        version, bits = address
        return any(low <= bits <= high for low, high in (self.v4 if version == 4 else self.v6))

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


def ranges(pieces: Iterable[Range]) -> tuple[Range, ...]:
    """Return ranges in order, those that touch made one."""
    result: list[Range] = []
    for low, high in sorted(pieces):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)


def _both(one: tuple[Range, ...], other: tuple[Range, ...]) -> tuple[Range, ...]:
    """Return what is in both of two lists of ranges in order."""
    result: list[Range] = []
    i = j = 0
    while i < len(one) and j < len(other):
        low, high = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if low <= high:
            result.append((low, high))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(result)


def _minus(one: tuple[Range, ...], other: tuple[Range, ...]) -> tuple[Range, ...]:
    """Return what only the first of two lists of ranges in order has."""
    result: list[Range] = []
    j = 0
    for low, high in one:
        at = low
        while j < len(other) and other[j][1] < at:
            j += 1
        k = j
        while k < len(other) and other[k][0] <= high:
            if other[k][0] > at:
                result.append((at, other[k][0] - 1))
            at = max(at, other[k][1] + 1)
            k += 1
        if at <= high:
            result.append((at, high))
    return tuple(result)


@record
class SeveralSet:
    """A multi-valued key: perhaps absent, or a non-empty set of texts that are all in `every` and
    meet each set of `some` (the normal form U; P1..Pm of ForAllValues and ForAnyValue)."""

    absent: bool
    present: bool
    every: TextSet = _EVERY_TEXT
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
            both = self.every.intersect(group)
            found = both.example(budget)
            if found == "":
                found = both.intersect(_NOT_EMPTY).example(budget) or ""
            if found is None:
                return None
            values.append(found)
        return Sample(tuple(dict.fromkeys(values)))

    def holds(self, value: Sampled) -> bool:
        """Say whether a key with this value or these values is in the set."""
        if value is None:
            return self.absent
        items = (value,) if isinstance(value, str) else value
        return (
            self.present
            and all(self.every.holds(item) for item in items)
            and all(any(group.holds(item) for item in items) for group in self.some)
        )

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
