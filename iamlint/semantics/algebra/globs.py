"""Sets of texts made of wildcard patterns: intersection, difference, emptiness with a shortest witness.

A pattern is an automaton whose states are positions in the pattern; a set of positions is an
integer, so one step over one character is a few bit operations. A search walks tuples of such
integers breadth first, over an alphabet of the characters that occur plus one that stands for all
others. There is no complete syntactic test once unions are involved (`p?`, `p??` and `p???*`
together cover `p?*`), so the quick tests here only answer when they are sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product

from iamlint.semantics.patterns import covers, overlaps

__all__ = [
    "ANYTHING",
    "ONE",
    "RUN",
    "Budget",
    "BudgetError",
    "Glob",
    "TextSet",
    "arn_glob",
    "from_tokens",
    "glob",
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

_WILD = {RUN: "*", ONE: "?", RUN_IN_FIELD: "*", ONE_IN_FIELD: "?"}

_PRIVATE = 0xE000
_LAST_PRIVATE = 0xF8FF

_FRESH = "xyzwvqjk0123456789"


class BudgetError(Exception):
    """A search was ended because it went beyond its budget; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the budget of {name} is used up")
        self.name = name


@dataclass(slots=True)
class Budget:
    """How much work one question may cost, counted so that the answer depends on no clock."""

    tuples: int = 200_000
    leaves: int = 100_000

    def spend_tuple(self) -> None:
        """Count one state of a text search; raises BudgetError."""
        self.tuples -= 1
        if self.tuples < 0:
            raise BudgetError("automaton states")

    def spend_leaf(self) -> None:
        """Count one piece of a difference of boxes; raises BudgetError."""
        self.leaves -= 1
        if self.leaves < 0:
            raise BudgetError("pieces")


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern as tokens: single characters, ONE and RUN, normalised so that equal languages of
    one wildcard run are the same tokens. With `fold`, letters match in either case."""

    tokens: tuple[str, ...]
    fold: bool = False

    def __str__(self) -> str:
        return "".join(_WILD.get(token, token) for token in self.tokens)

    @property
    def plain(self) -> str | None:
        """The pattern as text for the quick tests, None when the text would say too much or too
        little: literal wildcard characters, wildcards of a field, private letters."""
        if any(token in _NOT_PLAIN or is_private(token) for token in self.tokens):
            return None
        text = str(self)
        return text.lower() if self.fold else text


_NOT_PLAIN = frozenset({"*", "?", RUN_IN_FIELD, ONE_IN_FIELD})


def is_private(token: str) -> bool:
    """Say whether a token is a private letter: it stands for the unknown value of a policy variable,
    which only the same letter or a run matches, never a single-character wildcard."""
    return len(token) == 1 and _PRIVATE <= ord(token) <= _LAST_PRIVATE


def private_letter(number: int) -> str:
    """Return the private letter with this number, from 0."""
    return chr(_PRIVATE + number)


@lru_cache(maxsize=20_000)
def glob(text: str, *, fold: bool = False) -> Glob:
    """Return the pattern of a text in which `*` and `?` are wildcards."""
    return _normalised((RUN if c == "*" else ONE if c == "?" else c for c in text), fold)


@lru_cache(maxsize=20_000)
def literal(text: str, *, fold: bool = False) -> Glob:
    """Return the pattern that only `text` matches."""
    return _normalised(text, fold)


def arn_glob(text: str) -> Glob:
    """Return the pattern of an ARN whose first five colons are fixed: a wildcard in one of the first
    five fields stays in its field. A text of fewer fields matches nothing that has six."""
    fields = text.split(":", 5)
    tokens: list[str] = []
    for number, field_text in enumerate(fields):
        last = number == 5
        if number:
            tokens.append(":")
        for character in field_text:
            if character == "*":
                tokens.append(RUN if last else RUN_IN_FIELD)
            elif character == "?":
                tokens.append(ONE if last else ONE_IN_FIELD)
            else:
                tokens.append(character)
    return Glob(tuple(tokens))


def from_tokens(tokens: Iterable[str], *, fold: bool = False) -> Glob:
    """Return the pattern of tokens made elsewhere (texts with escapes and variables)."""
    return _normalised(tokens, fold)


def _normalised(tokens: Iterable[str], fold: bool) -> Glob:
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
            result.append(token.lower() if fold else token)
    flush()
    return Glob(tuple(result), fold)


ANYTHING = glob("*")


class _Machine:
    """The automaton of a pattern, as masks over its positions."""

    __slots__ = ("_any", "_any_in_field", "_letters", "_runs", "_runs_in_field", "accept", "fold", "start", "stays")

    def __init__(self, pattern: Glob) -> None:
        self._letters: dict[str, int] = {}
        self._any = self._any_in_field = self._runs = self._runs_in_field = 0
        self.fold = pattern.fold
        for at, token in enumerate(pattern.tokens):
            if token == RUN:
                self._runs |= 1 << at
            elif token == RUN_IN_FIELD:
                self._runs_in_field |= 1 << at
            elif token == ONE:
                self._any |= 1 << at
            elif token == ONE_IN_FIELD:
                self._any_in_field |= 1 << at
            else:
                self._letters[token] = self._letters.get(token, 0) | 1 << at
        self.accept = 1 << len(pattern.tokens)
        self.stays = self._runs | self._runs_in_field
        self.start = self.closed(1)

    def column(self, letter: str) -> tuple[int, int]:
        """Positions that a character moves over, and positions of runs that take it."""
        moved = self._letters.get(letter.lower() if self.fold else letter, 0)
        if not is_private(letter):
            moved |= self._any
            if letter != ":":
                moved |= self._any_in_field
        return moved, self._runs | (self._runs_in_field if letter != ":" else 0)

    def closed(self, state: int) -> int:
        """Add the positions behind runs that take nothing more; runs may follow one another."""
        while True:
            more = state | (state & self.stays) << 1
            if more == state:
                return state
            state = more


@lru_cache(maxsize=20_000)
def _machine(pattern: Glob) -> _Machine:
    return _Machine(pattern)


@lru_cache(maxsize=200_000)
def surely_covers(wide: Glob, narrow: Glob) -> bool:
    """Say yes only when every text of `narrow` is one of `wide`."""
    if wide == narrow or wide.tokens == (RUN,):
        return True
    if wide.fold is narrow.fold or wide.fold:
        one, other = wide.plain, narrow.plain
        if one is not None and other is not None:
            return covers(one, other.lower() if wide.fold else other)
    return False


@lru_cache(maxsize=200_000)
def may_overlap(one: Glob, other: Glob) -> bool:
    """Say no only when no text fits both."""
    first, second = one.plain, other.plain
    if first is None or second is None:
        return True
    if one.fold is not other.fold:
        first, second = first.lower(), second.lower()
    return overlaps(first, second)


def _letters(patterns: Iterable[Glob]) -> list[str]:
    """Return the alphabet of a search: what occurs, and one character for all the rest."""
    seen: dict[str, None] = {}
    for pattern in patterns:
        for token in pattern.tokens:
            if token in {RUN_IN_FIELD, ONE_IN_FIELD}:
                seen[":"] = None
            elif token not in {RUN, ONE}:
                seen[token] = None
                if pattern.fold and token.upper() != token:
                    seen[token.upper()] = None
    fresh = next((c for c in _FRESH if c not in seen and c.upper() not in seen), None)
    if fresh is None:
        fresh = next(chr(code) for code in range(0x100, 0x10000) if chr(code) not in seen)
    return [fresh, *sorted(seen)]


def search(inside: Sequence[Glob], outside: Sequence[Glob], budget: Budget) -> str | None:
    """Return a shortest text that fits all of `inside` and none of `outside`, or None.

    Raises BudgetError.
    """
    patterns = (*inside, *outside)
    machines = [_machine(pattern) for pattern in patterns]
    wanted = len(inside)
    # Characters that every pattern treats alike lead to the same states: one of them is enough.
    columns: dict[tuple[tuple[int, int], ...], str] = {}
    for letter in _letters(patterns):
        columns.setdefault(tuple(machine.column(letter) for machine in machines), letter)
    start = tuple(machine.start for machine in machines)
    came: dict[tuple[int, ...], tuple[tuple[int, ...], str] | None] = {start: None}
    level = [start]
    while level:
        following: list[tuple[int, ...]] = []
        for state in level:
            if all(state[i] & machines[i].accept for i in range(wanted)) and not any(
                state[i] & machines[i].accept for i in range(wanted, len(machines))
            ):
                return _text(came, state)
            for column, letter in columns.items():
                after = tuple(
                    machine.closed((now & moved) << 1 | (now & stayed))
                    for machine, now, (moved, stayed) in zip(machines, state, column, strict=True)
                )
                if after in came or not all(after[:wanted]):
                    continue
                budget.spend_tuple()
                came[after] = (state, letter)
                following.append(after)
        level = following
    return None


def _text(came: dict[tuple[int, ...], tuple[tuple[int, ...], str] | None], state: tuple[int, ...]) -> str:
    letters = []
    step = came[state]
    while step is not None:
        state, letter = step
        letters.append(letter)
        step = came[state]
    return "".join(reversed(letters))


@dataclass(frozen=True, slots=True)
class TextSet:
    """A set of texts: those that fit some pattern of each clause and no pattern of `outside`.

    No clause at all means every text; a clause without patterns means none.
    """

    clauses: tuple[frozenset[Glob], ...] = ()
    outside: frozenset[Glob] = field(default_factory=frozenset)

    def intersect(self, other: TextSet) -> TextSet:
        """Return the texts of both."""
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

    def example(self, budget: Budget) -> str | None:
        """Return a shortest text of some part of the set, None when the set is empty.

        Raises BudgetError.
        """
        clauses = self.clauses or (frozenset({ANYTHING}),)
        kept = [_maximal(clause) for clause in clauses]
        for choice in product(*kept):
            inside = _needed(choice)
            if any(not may_overlap(a, b) for i, a in enumerate(inside) for b in inside[i + 1 :]):
                continue
            outside = [p for p in self.outside if all(may_overlap(p, q) for q in inside)]
            if any(surely_covers(p, q) for p in outside for q in inside):
                continue
            budget.spend_tuple()
            found = search(inside, sorted(_maximal(outside), key=str), budget)
            if found is not None:
                return found
        return None

    def surely_includes(self, other: TextSet) -> bool:
        """Say yes only when every text of `other` is in this set; no is no claim."""
        for clause in self.clauses:
            if not any(
                all(any(surely_covers(wide, narrow) for wide in clause) for narrow in given) for given in other.clauses
            ):
                return False
        return all(
            pattern in other.outside
            or any(all(not may_overlap(pattern, given) for given in clause) for clause in other.clauses)
            for pattern in self.outside
        )

    def surely_misses(self, other: TextSet) -> bool:
        """Say yes only when no text is in both sets; no is no claim."""
        for clause in self.clauses:
            for given in other.clauses:
                if all(not may_overlap(a, b) for a in clause for b in given):
                    return True
            if clause and all(any(surely_covers(p, a) for p in other.outside) for a in clause):
                return True
        return any(
            clause and all(any(surely_covers(p, a) for p in self.outside) for a in clause) for clause in other.clauses
        )


def _maximal(patterns: Iterable[Glob]) -> list[Glob]:
    """Return the patterns that no other one of them surely covers, in a fixed order."""
    ordered = sorted(set(patterns), key=lambda pattern: (len(pattern.tokens), str(pattern)))
    kept: list[Glob] = []
    for pattern in ordered:
        if not any(surely_covers(wide, pattern) for wide in kept):
            kept = [other for other in kept if not surely_covers(pattern, other)]
            kept.append(pattern)
    return kept


def _needed(choice: Sequence[Glob]) -> list[Glob]:
    """Return the patterns of a conjunction without those that another one implies."""
    kept: list[Glob] = []
    for pattern in choice:
        if any(surely_covers(pattern, other) for other in kept):
            continue
        kept = [other for other in kept if not surely_covers(other, pattern)]
        kept.append(pattern)
    return kept
