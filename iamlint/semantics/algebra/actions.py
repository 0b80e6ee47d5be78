"""The action dimension: the catalogue's actions as bits, and samples of the actions yet to come.

AWS adds actions every week, so `s3:*` and the list of today's S3 actions differ. For each service
that a question names with a wildcard, and for services nobody knows, samples of names that no
catalogue has are made: one for each way in which the question's patterns can tell names apart. They
are bits like the others, above the catalogue's. Sections 3 and 12.1 of the evaluation rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from iamlint.catalog import Catalog, catalog
from iamlint.semantics.algebra.globs import Budget, BudgetError, TextSet, glob
from iamlint.semantics.patterns import has_wildcard, matches

__all__ = ["ActionSpace", "is_action_pattern"]

_OTHER_SERVICE = "otherservice"
_MOST_SAMPLES = 200
_SAMPLE_BUDGET = 50_000


def is_action_pattern(text: str) -> bool:
    """Say whether a text has the form of an action pattern; others are malformed."""
    return text == "*" or ":" in text


class ActionSpace:
    """The actions of one question.

    `everything` holds all of them, `future` those of no catalogue and no policy of the question.
    `exact` is false when the samples may miss a way in which the patterns differ, so that nothing is
    proved about actions yet to come.
    """

    def __init__(self, lists: Iterable[Sequence[str]]) -> None:
        """Take the patterns of each Action or NotAction element, one list for each."""
        self._catalog: Catalog = catalog()
        self._first = self._catalog.action_count
        self.exact = True
        self._names: list[str] = []
        self._bits: dict[str, int] = {}
        self._services: dict[str, list[str]] = {}
        self._memo: dict[str, int] = {}
        # The patterns with wildcards of each list: by service, and those for several services.
        groups: dict[str, dict[tuple[str, ...], None]] = {}
        wild: dict[tuple[str, ...], None] = {}
        for patterns in lists:
            here, anywhere = self._sort(patterns)
            for service, names in here.items():
                groups.setdefault(service, {})[tuple(sorted(names))] = None
            if anywhere:
                wild[tuple(sorted(anywhere))] = None
        named = len(self._names)
        inner = [tuple(pattern.partition(":")[2] for pattern in patterns) for patterns in wild]
        for service, some in groups.items():
            self._sample(service, [*some, *inner])
        services = {pattern.partition(":")[0] for patterns in wild for pattern in patterns}
        for service in sorted(services):
            self._sample(service.replace("*", "zz").replace("?", "z"), inner)
        self._sample(_OTHER_SERVICE, inner)
        self.future = ((1 << len(self._names)) - (1 << named)) << self._first
        self.everything = self._catalog.all_actions | ((1 << len(self._names)) - 1) << self._first

    def _sort(self, patterns: Sequence[str]) -> tuple[dict[str, set[str]], set[str]]:
        """Return the names with wildcards by service, and the patterns with a wildcard in the service."""
        here: dict[str, set[str]] = {}
        anywhere: set[str] = set()
        expand = self._catalog.expand
        for written in patterns:
            pattern = written.lower()
            if not has_wildcard(pattern):
                found = self._memo.get(pattern)
                if found is None:
                    found = expand(pattern)
                    if found:
                        self._memo[pattern] = found
                    elif _can_match(pattern):
                        service, _, name = pattern.partition(":")
                        self._add(service, name)
                continue
            if not _can_match(pattern):
                continue
            service, _, name = pattern.partition(":")
            if has_wildcard(service):
                anywhere.add(pattern)
            else:
                here.setdefault(service, set()).add(name)
        return here, anywhere

    def _add(self, service: str, name: str) -> None:
        full = f"{service}:{name}"
        if full not in self._bits:
            self._bits[full] = 1 << (self._first + len(self._names))
            self._names.append(full)
            self._services.setdefault(service, []).append(full)

    def _sample(self, service: str, lists: Iterable[tuple[str, ...]]) -> None:
        """Add names of a service for each set of lists that takes some name."""
        unique = {
            patterns for patterns in lists if patterns and all(pattern.strip("*") for pattern in patterns)
        }
        names, exact = _samples(tuple(sorted(unique)))
        self.exact &= exact
        for name in names:
            if not self._catalog.expand(f"{service}:{name}"):
                self._add(service, name)

    def bits(self, pattern: str) -> int:
        """Return the actions that a pattern of the question takes; 0 for one that takes none."""
        folded = pattern.lower()
        known = self._memo.get(folded)
        if known is None:
            known = self._memo[folded] = self._expand(folded)
        return known

    def _expand(self, folded: str) -> int:
        if folded in {"*", "*:*"}:
            return self.everything
        if not _can_match(folded):
            return 0
        found = self._catalog.expand(folded)
        if not has_wildcard(folded):
            return found | self._bits.get(folded, 0)
        service = folded.partition(":")[0]
        names: Iterable[str] = self._names if has_wildcard(service) else self._services.get(service, ())
        for name in names:
            if matches(folded, name):
                found |= self._bits[name]
        return found

    def example(self, bits: int, prefer: Mapping[str, str]) -> str:
        """Return the name of one of the actions: the first preferred one that is among them, else the
        first of the catalogue. `prefer` gives spellings by lower-case name."""
        for folded, spelling in prefer.items():
            if self._memo.get(folded, 0) & bits:
                today = next(iter(self._catalog.names(self._memo[folded] & bits)), None)
                return today or spelling
        today = next(iter(self._catalog.names(bits)), None)
        if today is not None:
            return today
        rest = bits >> self._first
        name = self._names[(rest & -rest).bit_length() - 1]
        return prefer.get(name, name)


def _can_match(folded: str) -> bool:
    """Say whether some action can have the form of a pattern: white space, a second colon, or nothing
    behind the colon is in the name of none."""
    return folded.count(":") == 1 and folded[-1] != ":" and folded.split() == [folded]


@lru_cache(maxsize=1_024)
def _samples(lists: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], bool]:
    """Return names of no catalogue, one for each set of lists that some name matches, and whether that
    is all of them."""
    patterns = sorted({pattern for some in lists for pattern in some})
    if all(pattern.endswith("*") and not has_wildcard(pattern[:-1]) for pattern in patterns):
        # The longest prefix that a name has decides all the others.
        prefixes = [pattern[:-1] for pattern in patterns]
        found = [_first_beyond(prefix, prefixes) for prefix in ("", *prefixes)]
        if None not in found:
            return tuple(name for name in found if name is not None), True
    names: list[str] = []
    clauses = [frozenset(map(glob, some)) for some in lists]
    budget = Budget(tuples=_SAMPLE_BUDGET)
    start = TextSet((frozenset({_ANY_NAME}),), frozenset({_COLON}))
    stack: list[tuple[int, TextSet, str | None]] = [(0, start, None)]
    try:
        while stack:
            at, texts, example = stack.pop()
            if example is None:
                example = texts.example(budget)
            if example is None:
                continue
            if at == len(clauses):
                if len(names) >= _MOST_SAMPLES:
                    return tuple(names), False
                names.append(example)
                continue
            # A name of the set lies on one side of the next list, where nothing has to be searched.
            is_inside = TextSet((clauses[at],)).holds(example)
            without = TextSet(texts.clauses, texts.outside | clauses[at])
            inside = TextSet((*texts.clauses, clauses[at]), texts.outside)
            stack.append((at + 1, without, None if is_inside else example))
            stack.append((at + 1, inside, example if is_inside else None))
    except BudgetError:
        return tuple(names), False
    return tuple(names), True


def _first_beyond(prefix: str, others: Iterable[str]) -> str | None:
    """Return a name with this prefix and none of the longer ones."""
    longer = tuple(other for other in others if len(other) > len(prefix) and other.startswith(prefix))
    for filler in ("zzfuture", "qqfuture", "xxfuture", "7future"):
        if not (prefix + filler).startswith(longer):
            return prefix + filler
    return None


_ANY_NAME = glob("?*")
_COLON = glob("*:*")
