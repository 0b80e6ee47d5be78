"""The action dimension: the catalogue's actions as bits, and samples of the actions yet to come.

AWS adds actions every week, so `s3:*` and the list of today's S3 actions differ. For each service
that a question names, and for services nobody knows, samples of names that no catalogue has are
made: one for each way in which the question's patterns can tell names apart. They are bits like the
others, above the catalogue's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iamlint.catalog import Catalog, catalog
from iamlint.semantics.algebra.globs import Budget, BudgetError, Glob, glob, search
from iamlint.semantics.patterns import matches

__all__ = ["ActionSpace"]

_OTHER_SERVICE = "otherservice"
_MOST_SAMPLES = 200


class ActionSpace:
    """The actions of one question. `exact` is false when the samples may miss a way in which its
    patterns differ, so that a verdict about future actions is no proof."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._catalog: Catalog = catalog()
        self._patterns = sorted({pattern.lower() for pattern in patterns})
        self.exact = True
        self._names: list[str] = []
        for pattern in self._patterns:
            if "*" not in pattern and "?" not in pattern and self._catalog.action(pattern) is None:
                self._add(pattern)
        groups: dict[str, list[str]] = {}
        for pattern in self._patterns:
            service, colon, name = pattern.partition(":")
            if colon and ("*" in name or "?" in name) and "*" not in service and "?" not in service:
                groups.setdefault(service, []).append(name)
        wild = [p for p in self._patterns if "*" in p.partition(":")[0] or "?" in p.partition(":")[0]]
        inner = [p.partition(":")[2] or "*" for p in wild]
        for service, names in groups.items():
            for name in self._samples([*names, *inner]):
                self._add(f"{service}:{name}")
        for name in self._samples(inner):
            self._add(f"{_OTHER_SERVICE}:{name}")
        self._first = self._catalog.action_count
        self.future = ((1 << len(self._names)) - 1) << self._first
        self.everything = self._catalog.all_actions | self.future
        self._memo: dict[str, int] = {}

    def _add(self, name: str) -> None:
        if name not in self._names and self._catalog.action(name) is None:
            self._names.append(name)

    def _samples(self, patterns: Sequence[str]) -> list[str]:
        """Return a name that no pattern takes but `*`, and one for each way to be told apart."""
        unique = [pattern for pattern in dict.fromkeys(patterns) if pattern != "*"]
        if all(pattern.endswith("*") and "*" not in pattern[:-1] and "?" not in pattern for pattern in unique):
            # The longest prefix that a name has decides all the others.
            return ["zzfuture", *(f"{pattern[:-1]}zzfuture" for pattern in unique)]
        found: list[str] = []
        globs = [glob(pattern) for pattern in unique]
        signatures: set[tuple[bool, ...]] = set()
        try:
            self._split([], [], globs, found, signatures, Budget(tuples=20_000))
        except BudgetError:
            self.exact = False
        return found or ["zzfuture"]

    def _split(
        self,
        inside: list[Glob],
        outside: list[Glob],
        rest: Sequence[Glob],
        found: list[str],
        seen: set[tuple[bool, ...]],
        budget: Budget,
    ) -> None:
        """Add an example of each combination of patterns that some name has."""
        if len(found) >= _MOST_SAMPLES:
            self.exact = False
            return
        example = search(inside or [glob("?*")], outside, budget)
        if example is None:
            return
        if not rest:
            found.append(example if len(example) > 2 else example)
            return
        head, *tail = rest
        self._split([*inside, head], outside, tail, found, seen, budget)
        self._split(inside, [*outside, head], tail, found, seen, budget)

    def bits(self, pattern: str) -> int:
        """Return the actions that a pattern of the question takes; 0 for a malformed one."""
        folded = pattern.lower()
        known = self._memo.get(folded)
        if known is None:
            if folded == "*":
                known = self.everything
            else:
                known = self._catalog.expand(folded)
                for at, name in enumerate(self._names):
                    if matches(folded, name):
                        known |= 1 << (self._first + at)
            self._memo[folded] = known
        return known

    def example(self, bits: int, prefer: Iterable[str] = ()) -> str:
        """Return the name of one of the actions, the first preferred one if it is among them."""
        for name in prefer:
            action = self._catalog.action(name)
            if action is not None and bits >> action.index & 1:
                return action.full
        today = bits & self._catalog.all_actions
        if today:
            return next(iter(self._catalog.names(today)))
        lowest = (bits & -bits).bit_length() - 1
        return self._names[lowest - self._first]

    def is_future(self, bits: int) -> bool:
        """Say whether none of the actions is one of today's catalogue, or named in the question."""
        named = 0
        for at, name in enumerate(self._names):
            if name in self._patterns:
                named |= 1 << (self._first + at)
        return not bits & (self._catalog.all_actions | named)
