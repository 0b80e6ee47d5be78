"""How checks of actions speak: parameters as texts, names of actions, the match of some action items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from iamlint.catalog import Catalog
from iamlint.engine.judge import listed
from iamlint.engine.scope import Breadth, actions_on, reach
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Value
from iamlint.semantics.patterns import has_wildcard

__all__ = [
    "actions_match",
    "condition_note",
    "lower_first",
    "names_in",
    "prepared",
    "resources_shown",
    "shown_actions",
    "texts",
    "wide_resource",
]

_T = TypeVar("_T")

# The parameters of a rule, as its check wants them; kept beside the mapping that they were made
# from, so that its id stays taken. A run has some hundred rules, a run of tests has many more.
_PREPARED: dict[tuple[int, Callable[..., object]], tuple[Mapping[str, object], object]] = {}
_MOST_PREPARED = 4_000


def texts(params: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Return a parameter that is a list of texts; empty where the rule gives none."""
    value = params.get(name)
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()


def prepared(params: Mapping[str, object], make: Callable[[Mapping[str, object]], _T]) -> _T:
    """Return `make(params)`, worked out once for each rule and not for each statement."""
    known = _PREPARED.get((id(params), make))
    if known is None:
        if len(_PREPARED) >= _MOST_PREPARED:
            _PREPARED.clear()
        known = _PREPARED[id(params), make] = (params, make(params))
    return known[1]  # type: ignore[return-value]  # made by the same `make`, which is part of the key


def condition_note(subject: StatementSubject) -> tuple[str, ...]:
    """Return the note that there are conditions which the check did not count as a limit."""
    keys = dict.fromkeys(condition.key for condition in subject.statement.conditions)
    return (f"not counted as a limit: the condition on {listed(keys)}",) if keys else ()


def actions_match(
    items: Sequence[Value],
    evidence: tuple[str, ...],
    words: Mapping[str, str],
    subject: StatementSubject,
    more_marks: tuple[tuple[Value, str], ...] = (),
    properties: Mapping[str, object] | None = None,
) -> Match:
    """Return the match of some action items: the first is the place, the others are marks."""
    return Match(
        items[0],
        evidence,
        words,
        marks=(*((value, "also") for value in items[1:]), *more_marks),
        notes=condition_note(subject),
        properties=properties or {},
        items=tuple(items),
    )


def lower_first(text: str) -> str:
    """Return a text that begins a sentence as it stands within one."""
    return text[:1].lower() + text[1:]


def _shown_action(catalog: Catalog, value: Value, found: int) -> str:
    """Return an action item as people read it; of a pattern that takes in one action, that one."""
    if found.bit_count() == 1:
        return next(catalog.names(found))
    text = str(value)
    service, colon, name = text.partition(":")
    return text if has_wildcard(text) or not colon else f"{service.lower()}:{name}"


def shown_actions(catalog: Catalog, hits: Sequence[tuple[Value, int]], most: int = 5) -> str:
    """Return action items, each with the actions that it names, as people list them: the first few, and
    how many more."""
    names = [_shown_action(catalog, value, found) for value, found in hits[:most]]
    return listed([*names, *([""] * (len(hits) - len(names)))], most)


@lru_cache(maxsize=500)
def names_in(catalog: Catalog, bits: int, most: int = 5) -> str:
    """Return the actions of a set as people list them: the first few, and how many more."""
    total = bits.bit_count()
    few = 0
    for _ in range(min(most, total)):
        few |= bits & ~few & -(bits & ~few)
    names = list(catalog.names(few))
    return listed([*names, *([""] * (total - len(names)))], most)


def wide_resource(subject: StatementSubject, bits: int) -> Value | None:
    """Return the first wide resource that the actions use, else the first wide one."""
    wide = [
        (value, found)
        for value in subject.statement.resources or ()
        if (found := reach(value)).breadth >= Breadth.TYPE
    ]
    for value, found in wide:
        if found.breadth > Breadth.TYPE or actions_on(subject.catalog, found.service, found.type) & bits:
            return value
    return wide[0][0] if wide else None


def resources_shown(subject: StatementSubject, wide: Value | None) -> str:
    """Return how a message names what the statement is on."""
    if subject.statement.not_resources is not None:
        return "all resources but a few"
    if subject.star_resource is not None:
        return "every resource"
    shown = wide if wide is not None else next(iter(subject.statement.resources or ()), None)
    return "no resource" if shown is None else f"'{shown}'"
