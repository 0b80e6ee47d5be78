"""Sets of texts made of wildcard patterns: intersection, difference, emptiness with a shortest witness.

A pattern is an automaton whose states are positions in the pattern; a set of positions is an
integer, so one step over one character is a few bit operations, for all patterns of a question at
once. A search walks such integers breadth first, over the characters that the patterns wait for
plus one that stands for all others. There is no complete syntactic test once unions are involved
(`p?`, `p??` and `p???*` together cover `p?*`), so the quick tests here only answer when they are
sure. Sections 12.2 and 12.4 of the evaluation rules.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from iamlint.record import record

__all__ = [
    "ANYTHING",
    "ONE",
    "ONE_IN_NAME",
    "RUN",
    "RUN_IN_FIELD",
    "RUN_IN_NAME",
    "STAR",
    "Budget",
    "BudgetError",
    "Glob",
    "TextSet",
    "arn_glob",
    "arn_tokens",
    "clause_has_letters",
    "from_tokens",
    "glob",
    "is_private",
    "literal",
    "private_letter",
    "search",
]

RUN = "\0*"
"""The token that any run of characters matches, also none."""

ONE = "\0?"
"""The token that exactly one character matches."""

RUN_IN_FIELD = "\0r"
"""Like RUN, but never over a colon: a wildcard in one of the first five fields of an ARN."""

ONE_IN_FIELD = "\0o"
"""Like ONE, but never a colon."""

RUN_IN_NAME = "\0n"
"""Like RUN, but never over a colon or a slash, nor over the unknown value of a variable, which may hold
them: the name that opens the last field of an ARN."""

ONE_IN_NAME = "\0m"
"""Like ONE, but never one of those."""

_NAME_ENDS = frozenset(":/")

_IN_FIELD = {RUN: RUN_IN_FIELD, ONE: ONE_IN_FIELD}

_PRIVATE = "\0v"

_WILD = {RUN: "*", ONE: "?", RUN_IN_FIELD: "*", RUN_IN_NAME: "*", ONE_IN_FIELD: "?", ONE_IN_NAME: "?"}

_RUNS = frozenset({RUN, RUN_IN_FIELD, RUN_IN_NAME})
_ONES = frozenset({ONE, ONE_IN_FIELD, ONE_IN_NAME})

_FRESH = "xyzwvqjk0123456789"

_INDEXED = 12
"""Unions with more patterns than this are looked up by prefix instead of one by one."""

_REMEMBERED = 400
"""Answers about unions with more patterns than this are not kept: they would hold much memory."""


_LARGE = 60
"""Unions with more patterns than this are taken apart before a search."""

_MOST_COMPARISONS = 100_000
"""Pairs of patterns that a quick test of two large unions looks at before it makes no claim."""

_FEW_POSITIONS = 12
"""Positions of a state that are looked at one by one; with more it is faster to go by characters."""

_MOST_TOKENS = 20_000
"""Length of all patterns of one search together."""

_MOST_STEPS = 500_000_000
"""Length of a pattern times that of a text which is held against it."""


class BudgetError(Exception):
    """A search was ended because it went beyond its budget; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the budget of {name} is used up")
        self.name = name


@record(frozen=False)
class Budget:
    """How much work one question may cost, counted so that the answer depends on no clock.

    `deadline` is an instant of the monotonic clock, for callers that may depend on one.
    """

    tuples: int = 200_000
    leaves: int = 100_000
    checks: int = 5_000_000
    deadline: float | None = None

    def spend_tuple(self) -> None:
        """Count one state of a text search; raises BudgetError."""
        self.tuples -= 1
        if self.tuples < 0:
            raise BudgetError("automaton states")
        if self.tuples & 255 == 0:
            self.look_at_clock()

    def spend_leaf(self) -> None:
        """Count one piece of a difference of boxes; raises BudgetError."""
        self.leaves -= 1
        if self.leaves < 0:
            raise BudgetError("pieces")
        if self.leaves & 15 == 0:
            self.look_at_clock()

    def spend_checks(self, number: int) -> None:
        """Count comparisons of two patterns or boxes; raises BudgetError."""
        before = self.checks
        self.checks -= number
        if self.checks < 0:
            raise BudgetError("comparisons")
        if before >> 12 != self.checks >> 12:
            self.look_at_clock()

    def look_at_clock(self) -> None:
        """End the work when its time is over; raises BudgetError."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise BudgetError("time")


class Glob:
    """A pattern as tokens: single characters, private letters, ONE and RUN, normalised so that equal
    languages of one wildcard run are the same tokens. With `fold`, letters match in either case.

    `prefix` is the text that every match begins with; `is_literal` says that it is all of it, and
    `is_prefix` that anything may follow. `has_letters` says that private letters occur.
    """

    __slots__ = ("_hash", "fold", "has_letters", "is_literal", "is_prefix", "prefix", "tokens")

    def __init__(self, tokens: tuple[str, ...], *, fold: bool = False) -> None:
        at = next((i for i, token in enumerate(tokens) if token in _WILD), len(tokens))
        self.tokens = tokens
        self.fold = fold
        self.prefix = "".join(tokens[:at])
        self.is_literal = at == len(tokens)
        self.is_prefix = at == len(tokens) - 1 and tokens[at] == RUN
        self.has_letters = any(len(token) > 2 for token in tokens)
        self._hash = hash((tokens, fold))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Glob) and self.tokens == other.tokens and self.fold is other.fold
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Glob({str(self)!r}, fold={self.fold})"

    def __str__(self) -> str:
        return "".join(_WILD.get(token, token) for token in self.tokens)


def is_private(token: str) -> bool:
    """Say whether a token is a private letter: it stands for the unknown value of a policy variable,
    which only the same letter or a run matches, never a single-character wildcard."""
    return len(token) > 2


def private_letter(number: int) -> str:
    """Return the private letter with this number, from 0. It is a token of several characters, the
    first of which occurs in no policy text, so that nothing written can be taken for one."""
    return f"{_PRIVATE}{number};"


STAR = private_letter(0)
"""The letter that stands for the resource `*` of actions without resource types: only a pattern that
is nothing but a run takes it."""


@lru_cache(maxsize=8_192)
def glob(text: str, *, fold: bool = False) -> Glob:
    """Return the pattern of a text in which `*` and `?` are wildcards."""
    return _normalised((RUN if c == "*" else ONE if c == "?" else c for c in text), fold=fold)


@lru_cache(maxsize=8_192)
def literal(text: str, *, fold: bool = False) -> Glob:
    """Return the pattern that only `text` matches."""
    return _normalised(text, fold=fold)


def arn_tokens(tokens: Sequence[str]) -> tuple[list[str], int]:
    """Return tokens with the wildcards of the first five fields kept inside their fields, and the
    number of colons found, at most five."""
    result: list[str] = []
    colons = 0
    for letter in tokens:
        if letter == ":" and colons < 5:
            colons += 1
        result.append(_IN_FIELD.get(letter, letter) if colons < 5 else letter)
    return result, colons


def arn_glob(text: str) -> Glob:
    """Return the pattern of an ARN whose first five colons are fixed: a wildcard in one of the first
    five fields stays in its field. A text of fewer fields matches nothing that has six."""
    tokens, _ = arn_tokens([RUN if c == "*" else ONE if c == "?" else c for c in text])
    return _normalised(tokens, fold=False)


def from_tokens(tokens: Iterable[str], *, fold: bool = False) -> Glob:
    """Return the pattern of tokens made elsewhere (texts with escapes and variables)."""
    return _from_tokens(tuple(tokens), fold=fold)


@lru_cache(maxsize=8_192)
def _from_tokens(tokens: tuple[str, ...], *, fold: bool) -> Glob:
    return _normalised(tokens, fold=fold)


def _normalised(tokens: Iterable[str], *, fold: bool) -> Glob:
    result: list[str] = []
    ones = 0
    run = False

    def flush() -> None:
        nonlocal ones, run
        result.extend([ONE] * ones)
        if run:
            result.append(RUN)
        ones, run = 0, False

    for token in tokens:
        if token == ONE:
            ones += 1
        elif token == RUN:
            run = True
        else:
            flush()
            result.append(_folded(token) if fold else token)
    flush()
    return Glob(tuple(result), fold=fold)


def _folded(letter: str) -> str:
    """Return a character in lower case, unless that would be more than one."""
    lower = letter.lower()
    return lower if len(lower) == len(letter) == 1 else letter


ANYTHING = glob("*")
_NOTHING: frozenset[Glob] = frozenset()


class _Machine:
    """The automata of some patterns side by side, as masks over their positions."""

    __slots__ = (
        "_any",
        "_any_in_field",
        "_any_in_name",
        "_folded",
        "_letters",
        "_runs",
        "_runs_in_field",
        "_runs_in_name",
        "accepts",
        "ranges",
        "start",
        "stays",
        "tokens",
    )

    def __init__(self, patterns: Sequence[Glob]) -> None:
        letters: dict[str, int] = {}
        folded: dict[str, int] = {}
        ones = fields = names = runs = field_runs = name_runs = 0
        tokens: list[str] = []
        self.accepts: list[int] = []
        self.ranges: list[int] = []
        first = 0
        for pattern in patterns:
            table = folded if pattern.fold else letters
            at = start = len(tokens)
            for token in pattern.tokens:
                bit = 1 << at
                if token == RUN:
                    runs |= bit
                elif token == ONE:
                    ones |= bit
                elif token == RUN_IN_FIELD:
                    field_runs |= bit
                elif token == RUN_IN_NAME:
                    name_runs |= bit
                elif token == ONE_IN_FIELD:
                    fields |= bit
                elif token == ONE_IN_NAME:
                    names |= bit
                else:
                    table[token] = table.get(token, 0) | bit
                at += 1
            tokens.extend(pattern.tokens)
            tokens.append("")
            self.accepts.append(1 << at)
            self.ranges.append((1 << (at + 1)) - (1 << start))
            first |= 1 << start
        self.tokens = tokens
        self._letters, self._folded = letters, folded
        self._any, self._any_in_field, self._any_in_name = ones, fields, names
        self._runs, self._runs_in_field, self._runs_in_name = runs, field_runs, name_runs
        self.stays = runs | field_runs | name_runs
        self.start = self.closed(first)

    def column(self, letter: str) -> tuple[int, int]:
        """Positions that a character moves over, and positions of runs that take it."""
        moved = self._letters.get(letter, 0)
        if len(letter) == 1:
            moved |= self._any
            if self._folded:
                moved |= self._folded.get(_folded(letter), 0)
            if letter != ":":
                moved |= self._any_in_field
            if letter not in _NAME_ENDS:
                moved |= self._any_in_name
        elif self._folded:
            moved |= self._folded.get(letter, 0)
        stayed = self._runs
        if letter != ":":
            stayed |= self._runs_in_field
            if letter != "/" and len(letter) == 1:
                stayed |= self._runs_in_name
        return moved, stayed

    def closed(self, state: int) -> int:
        """Add the positions behind runs that take nothing more; runs may follow one another."""
        stays = self.stays
        while True:
            more = state | (state & stays) << 1
            if more == state:
                return state
            state = more

    def waits(self, state: int, inside: int) -> set[str]:
        """Return the characters that some position of a state waits for; private letters only for
        positions of `inside`, as no other text has them."""
        found: set[str] = set()
        rest = state & ~self.stays
        if rest.bit_count() > _FEW_POSITIONS:
            for table in (self._letters, self._folded):
                for letter, mask in table.items():
                    if rest & mask and (len(letter) == 1 or rest & mask & inside):
                        found.add(letter)
        else:
            tokens = self.tokens
            while rest:
                low = rest & -rest
                rest ^= low
                token = tokens[low.bit_length() - 1]
                if len(token) == 1 or (len(token) > 2 and low & inside):
                    found.add(token)
        if state & (self._any_in_field | self._runs_in_field):
            found.add(":")
        if state & (self._any_in_name | self._runs_in_name):
            found |= _NAME_ENDS
        if self._folded:
            found.update([c.upper() for c in found if len(c.upper()) == 1])
        return found

    def after(self, state: int, token: str) -> int:
        """Return the state after a token of a narrower pattern, a wildcard taken as what it is."""
        if token == RUN:
            return state & self._runs
        if token == RUN_IN_FIELD:
            return state & (self._runs | self._runs_in_field)
        if token == RUN_IN_NAME:
            return state & self.stays
        if token == ONE:
            return (state & self._any) << 1 | state & self._runs
        if token == ONE_IN_FIELD:
            # It may be a slash, over which the run of a name does not go.
            moved = self._any | self._any_in_field
            return (state & moved) << 1 | state & (self._runs | self._runs_in_field)
        if token == ONE_IN_NAME:
            moved = self._any | self._any_in_field | self._any_in_name
            return (state & moved) << 1 | state & self.stays
        moved, stayed = self.column(token)
        return (state & moved) << 1 | state & stayed

    def some(self, state: int, token: str) -> int:
        """Return the state after some character that fits `token`, ONE being any character."""
        if token in _ONES:
            return (state & ~self.stays) << 1 | state & self.stays
        moved, stayed = self.column(token)
        return (state & moved) << 1 | state & stayed


@lru_cache(maxsize=4_096)
def _machine(pattern: Glob) -> _Machine:
    return _Machine((pattern,))


def _is_long(pattern: Sequence[str], text: Sequence[str]) -> bool:
    """Say whether a pattern, and a text to hold against it, are longer than a search may be."""
    return len(pattern) > _MOST_TOKENS or len(pattern) * len(text) > _MOST_STEPS


def fits(pattern: Glob, tokens: Sequence[str]) -> bool:
    """Say whether a text, given as characters and private letters, matches the pattern."""
    if pattern.is_literal and not pattern.fold:
        return pattern.tokens == tuple(tokens)
    if _is_long(pattern.tokens, tokens):
        raise BudgetError("automaton states")
    machine = _machine(pattern)
    state = machine.start
    for token in tokens:
        moved, stayed = machine.column(token)
        state = machine.closed((state & moved) << 1 | state & stayed)
        if not state:
            return False
    return bool(state & machine.accepts[0])


@lru_cache(maxsize=50_000)
def surely_covers(wide: Glob, narrow: Glob) -> bool:
    """Say yes only when every text of `narrow` is one of `wide`."""
    if wide == narrow or wide.tokens == (RUN,):
        return True
    if narrow.fold and not wide.fold:
        return False
    prefix = narrow.prefix
    if wide.fold and not narrow.fold:
        prefix = prefix.lower()
    if not prefix.startswith(wide.prefix):
        return False
    if wide.is_prefix:
        return True
    if wide.is_literal:
        return narrow.is_literal and len(prefix) == len(wide.prefix)
    shown = _shown(narrow, fold=wide.fold)
    at = 0
    for piece in _pieces(wide):
        # What is written in the wide one has to be written in the narrow one, in the same order.
        at = shown.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    if _is_long(wide.tokens, narrow.tokens):
        return False
    machine = _machine(wide)
    state = machine.start
    for token in narrow.tokens:
        state = machine.closed(machine.after(state, token))
        if not state:
            return False
    return bool(state & machine.accepts[0])


@lru_cache(maxsize=8_192)
def _pieces(pattern: Glob) -> tuple[str, ...]:
    """Return the texts between the wildcards and private letters of a pattern."""
    return tuple(piece for piece in _shown(pattern, fold=False).split("\0") if piece)


@lru_cache(maxsize=8_192)
def _shown(pattern: Glob, *, fold: bool) -> str:
    """Return a pattern as text, with NUL for each wildcard and private letter."""
    fold = fold and not pattern.fold
    return "".join("\0" if len(token) > 1 else _folded(token) if fold else token for token in pattern.tokens)


@lru_cache(maxsize=8_192)
def _ends(pattern: Glob) -> tuple[str, str, bool]:
    """Return what stands before the first and behind the last part of unknown length, with NUL for
    ONE, and whether there is such a part. A private letter is one: its value may be any text."""
    gaps = [i for i, token in enumerate(pattern.tokens) if token in _RUNS or len(token) > 2]
    shown = ["\0" if token in _ONES else token for token in pattern.tokens]
    if not gaps:
        return "".join(shown), "", False
    return "".join(shown[: gaps[0]]), "".join(shown[gaps[-1] + 1 :]), True


def _agree(one: str, other: str) -> bool:
    """Say whether two beginnings can be those of one text."""
    size = min(len(one), len(other))
    if "\0" not in one and "\0" not in other:
        return one[:size] == other[:size]
    return all(a == b or a == "\0" or b == "\0" for a, b in zip(one, other, strict=False))


@lru_cache(maxsize=50_000)
def may_overlap(one: Glob, other: Glob) -> bool:
    """Say no only when no text fits both, whatever the private letters stand for."""
    if one == other:
        return True
    head, tail, gap = _ends(one)
    other_head, other_tail, other_gap = _ends(other)
    if one.fold is not other.fold:
        head, tail, other_head, other_tail = (t.lower() for t in (head, tail, other_head, other_tail))
    if not gap and not other_gap:
        return len(head) == len(other_head) and _agree(head, other_head)
    if not _agree(head, other_head):
        return False
    if gap and other_gap:
        return _agree(tail[::-1], other_tail[::-1])
    # One has a fixed length: it is read by the automaton of the other.
    fixed, loose = (one, other) if other_gap else (other, one)
    if loose.has_letters or fixed.fold is not loose.fold:
        return True
    if _is_long(loose.tokens, fixed.tokens):
        return True
    machine = _machine(loose)
    state = machine.start
    for token in fixed.tokens:
        state = machine.closed(machine.some(state, token))
        if not state:
            return False
    return bool(state & machine.accepts[0])


class _Index:
    """The patterns of a large union by their prefixes."""

    __slots__ = ("_folded", "_prefixes", "_table")

    def __init__(self, patterns: frozenset[Glob]) -> None:
        table: dict[str, list[Glob]] = {}
        self._folded = [pattern for pattern in patterns if pattern.fold]
        for pattern in patterns:
            if not pattern.fold:
                table.setdefault(_start(pattern), []).append(pattern)
        self._table = table
        self._prefixes = sorted(table)

    def shorter(self, prefix: str) -> list[Glob]:
        """Return the patterns whose prefix is a beginning of `prefix`, and those without case."""
        table = self._table
        found = list(self._folded)
        for size in range(len(prefix) + 1):
            found.extend(table.get(prefix[:size], ()))
        return found

    def near(self, pattern: Glob) -> list[Glob]:
        """Return the patterns that may overlap with `pattern`."""
        if pattern.fold:
            return [other for group in self._table.values() for other in group] + self._folded
        prefix = _start(pattern)
        found = self.shorter(prefix)
        if not pattern.is_literal or pattern.has_letters:
            at = bisect_left(self._prefixes, prefix)
            while at < len(self._prefixes) and self._prefixes[at].startswith(prefix):
                if self._prefixes[at] != prefix:
                    found.extend(self._table[self._prefixes[at]])
                at += 1
        return found


def _start(pattern: Glob) -> str:
    """Return the known beginning of a pattern, up to its first wildcard or private letter."""
    return pattern.prefix.partition(_PRIVATE)[0] if pattern.has_letters else pattern.prefix


_MOST_INDEXES = 64
_indexes: dict[int, tuple[frozenset[Glob], _Index]] = {}


def _index(patterns: frozenset[Glob]) -> _Index:
    """Return the index of a union; kept by identity, as comparing large unions costs too much."""
    found = _indexes.get(id(patterns))
    if found is None:
        if len(_indexes) >= _MOST_INDEXES:
            _indexes.clear()
        found = _indexes[id(patterns)] = (patterns, _Index(patterns))
    return found[1]


def _overlapping(patterns: frozenset[Glob], narrow: Glob, budget: Budget | None = None) -> list[Glob]:
    """Return the patterns of a union that may overlap with one."""
    near: Iterable[Glob] = patterns
    if len(patterns) > _INDEXED:
        near = _index(patterns).near(narrow)
        if budget is not None:
            budget.spend_checks(len(near))
    return [pattern for pattern in near if may_overlap(pattern, narrow)]


def _covered(narrow: Glob, patterns: frozenset[Glob]) -> bool:
    """Say yes only when some pattern of a union covers `narrow`."""
    if narrow in patterns or ANYTHING in patterns:
        return True
    near: Iterable[Glob] = patterns
    if len(patterns) > _INDEXED:
        if narrow.is_literal and not narrow.fold and not narrow.has_letters:
            near = _index(patterns).shorter(narrow.prefix)
        else:
            near = _index(patterns).shorter(_start(narrow))
            if narrow.has_letters:
                near = patterns
    return any(surely_covers(wide, narrow) for wide in near)


def _all_covered(narrow: frozenset[Glob], wide: frozenset[Glob]) -> bool:
    """Say yes only when each pattern of `narrow` is covered by one of `wide`."""
    if len(narrow) == len(wide) == 1:
        (one,), (other,) = narrow, wide
        return surely_covers(other, one)
    if len(narrow) + len(wide) > _REMEMBERED:
        return narrow <= wide or _all_covered_by_index(narrow, wide)
    return _all_covered_memo(narrow, wide)


@lru_cache(maxsize=8_192)
def _all_covered_memo(narrow: frozenset[Glob], wide: frozenset[Glob]) -> bool:
    return narrow <= wide or all(_covered(pattern, wide) for pattern in narrow)


def _all_covered_by_index(narrow: frozenset[Glob], wide: frozenset[Glob]) -> bool:
    if ANYTHING in wide:
        return True
    left = _MOST_COMPARISONS
    for pattern in narrow:
        if pattern in wide:
            continue
        near = wide if pattern.has_letters else _index(wide).shorter(_start(pattern))
        left -= len(near)
        if left < 0 or not any(surely_covers(other, pattern) for other in near):
            return False
    return True


def _apart(one: frozenset[Glob], other: frozenset[Glob]) -> bool:
    """Say yes only when no text fits a pattern of each."""
    if len(one) == len(other) == 1:
        (first,), (second,) = one, other
        return not may_overlap(first, second)
    if len(one) + len(other) > _REMEMBERED:
        small, large = (one, other) if len(one) < len(other) else (other, one)
        left = _MOST_COMPARISONS
        for pattern in small:
            near = _index(large).near(pattern)
            left -= len(near)
            if left < 0 or any(may_overlap(pattern, candidate) for candidate in near):
                return False
        return True
    return _apart_memo(one, other)


@lru_cache(maxsize=8_192)
def _apart_memo(one: frozenset[Glob], other: frozenset[Glob]) -> bool:
    return not any(may_overlap(a, b) for a in one for b in other)


def _fresh(patterns: Iterable[Glob]) -> str:
    """Return a character that no pattern names, for all that none names."""
    seen = {token.lower() for pattern in patterns for token in pattern.tokens}
    for letter in _FRESH:
        if letter not in seen:
            return letter
    return next(chr(code) for code in range(0x100, 0x10000) if chr(code).lower() not in seen)


def search(inside: Sequence[Glob], outside: Sequence[Glob], budget: Budget) -> str | None:
    """Return a shortest text that fits all of `inside` and none of `outside`, or None.

    Raises BudgetError.
    """
    return _walk([[pattern] for pattern in inside], outside, budget)


def _walk(clauses: Sequence[Sequence[Glob]], outside: Sequence[Glob], budget: Budget) -> str | None:
    """Return a shortest text that fits a pattern of each clause and none of `outside`, or None."""
    patterns = [pattern for clause in clauses for pattern in clause]
    if sum(len(pattern.tokens) for pattern in (*patterns, *outside)) > _MOST_TOKENS:
        raise BudgetError("automaton states")
    machine = _Machine([*patterns, *outside])
    accepts: list[int] = []
    ranges: list[int] = []
    at = 0
    for clause in clauses:
        accepts.append(_union(machine.accepts[at : at + len(clause)]))
        ranges.append(_union(machine.ranges[at : at + len(clause)]))
        at += len(clause)
    refused = _union(machine.accepts[at:])
    within = _union(ranges)
    fresh = _fresh([*patterns, *outside])
    columns: dict[str, tuple[int, int]] = {}
    came: dict[int, tuple[int, str] | None] = {machine.start: None}
    level = [machine.start]
    while level:
        following: list[int] = []
        for state in level:
            if not state & refused and all(state & accept for accept in accepts):
                return _text(came, state)
            for letter in (fresh, *sorted(machine.waits(state, within))):
                column = columns.get(letter)
                if column is None:
                    column = columns[letter] = machine.column(letter)
                after = machine.closed((state & column[0]) << 1 | state & column[1])
                if after in came or not all(after & range_ for range_ in ranges):
                    continue
                budget.spend_tuple()
                came[after] = (state, letter)
                following.append(after)
        level = following
    return None


def _union(masks: Iterable[int]) -> int:
    result = 0
    for mask in masks:
        result |= mask
    return result


def _text(came: dict[int, tuple[int, str] | None], state: int) -> str:
    letters = []
    step = came[state]
    while step is not None:
        state, letter = step
        letters.append(letter)
        step = came[state]
    return "".join(reversed(letters))


def clause_has_letters(clause: Iterable[Glob]) -> bool:
    """Say whether a pattern holds a private letter other than STAR, which stands for no unknown text."""
    return any(pattern.has_letters and pattern.tokens != (STAR,) for pattern in clause)


@record
class TextSet:
    """A set of texts: those that fit some pattern of each clause and no pattern of `outside`.

    No clause at all means every text; a clause without patterns means none.
    """

    clauses: tuple[frozenset[Glob], ...] = ()
    outside: frozenset[Glob] = _NOTHING

    @property
    def has_letters(self) -> bool:
        """Whether a private letter of an open value occurs in a clause."""
        return any(map(clause_has_letters, self.clauses))

    def intersect(self, other: TextSet) -> TextSet:
        """Return the texts of both."""
        if not other.clauses and not other.outside:
            return self
        clauses = (*self.clauses, *(clause for clause in other.clauses if clause not in self.clauses))
        return TextSet(clauses, self.outside | other.outside)

    def without(self, other: TextSet) -> Iterator[TextSet]:
        """Yield disjoint sets that together are the texts of this one that are not in `other`."""
        rest = self
        for clause in other.clauses:
            yield TextSet(rest.clauses, rest.outside | clause)
            rest = TextSet((*rest.clauses, clause), rest.outside)
        if other.outside:
            yield TextSet((*rest.clauses, other.outside), rest.outside)

    def holds(self, text: str) -> bool:
        """Say whether a text without private letters is in the set."""
        tokens = tuple(text)
        return all(any(fits(p, tokens) for p in clause) for clause in self.clauses) and not any(
            fits(p, tokens) for p in self.outside
        )

    def example(self, budget: Budget) -> str | None:
        """Return a short text of the set, None when the set is empty. Raises BudgetError."""
        clauses = [clause for clause in dict.fromkeys(self.clauses) if ANYTHING not in clause]
        if not clauses:
            return self._example_of(ANYTHING, [], budget)
        # Of large unions one pattern at a time is looked at: few others come near it.
        clauses.sort(key=len, reverse=any(len(clause) > _LARGE for clause in clauses))
        for pattern in _maximal(clauses[0]):
            found = self._example_of(pattern, clauses[1:], budget)
            if found is not None:
                return found
        return None

    def _example_of(self, base: Glob, clauses: Sequence[frozenset[Glob]], budget: Budget) -> str | None:
        """Return a text of one pattern that fits the other clauses too."""
        budget.spend_checks(1 + len(clauses))
        outside = _overlapping(self.outside, base, budget)
        if any(surely_covers(pattern, base) for pattern in outside):
            return None
        needed: list[Sequence[Glob]] = []
        for clause in clauses:
            near = [
                pattern
                for pattern in _overlapping(clause, base, budget)
                if not _covered(pattern, self.outside)
            ]
            if not near:
                return None
            if not any(surely_covers(pattern, base) for pattern in near):
                needed.append(_maximal(frozenset(near)))
        for filling in ("", "x"):
            # Most sets have a member that anybody would guess.
            guess = [
                token
                for wild in base.tokens
                for token in (filling if wild in _RUNS else "x" if wild in _ONES else [wild])
            ]
            if all(any(fits(p, guess) for p in clause) for clause in needed) and not any(
                fits(p, guess) for p in outside
            ):
                return "".join(guess)
        if base.is_literal and not base.fold:
            return None
        budget.spend_tuple()
        return _walk([[base], *needed], _maximal(frozenset(outside)), budget)

    def surely_includes(self, other: TextSet) -> bool:
        """Say yes only when every text of `other` is in this set; no is no claim. It holds clause by
        clause, so it is sure whatever the private letters stand for."""
        for clause in self.clauses:
            if ANYTHING in clause:
                continue
            if not any(clause is given or _all_covered(given, clause) for given in other.clauses):
                return False
        if _all_covered(self.outside, other.outside):
            return True
        rest = [pattern for pattern in self.outside if not _covered(pattern, other.outside)]
        if len(rest) * len(other.clauses) > _REMEMBERED:
            return any(_apart(frozenset(rest), clause) for clause in other.clauses)
        return all(any(_apart(frozenset({pattern}), clause) for clause in other.clauses) for pattern in rest)

    def surely_misses(self, other: TextSet) -> bool:
        """Say yes only when no text is in both sets; no is no claim."""
        for clause in self.clauses:
            for given in other.clauses:
                if clause is not given and _apart(clause, given):
                    return True
            if other.outside and clause and _all_covered(clause, other.outside):
                return True
        return bool(self.outside) and any(
            clause and _all_covered(clause, self.outside) for clause in other.clauses
        )


def _maximal(patterns: frozenset[Glob]) -> Sequence[Glob]:
    """Return the patterns that no other one of them surely covers, in a fixed order; of large unions
    all, as the search for covers would cost more than it saves."""
    if len(patterns) > _REMEMBERED:
        return _ordered(patterns)
    return _maximal_memo(patterns)


@lru_cache(maxsize=2_048)
def _maximal_memo(patterns: frozenset[Glob]) -> Sequence[Glob]:
    kept: list[Glob] = []
    for pattern in _ordered(patterns):
        if not any(surely_covers(wide, pattern) for wide in kept):
            kept = [other for other in kept if not surely_covers(pattern, other)]
            kept.append(pattern)
    return kept


def _ordered(patterns: Iterable[Glob]) -> list[Glob]:
    return sorted(patterns, key=lambda pattern: (len(pattern.tokens), pattern.tokens, pattern.fold))
