"""Checks of lists of actions and of resources in which one entry makes another superfluous."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Value
from iamlint.semantics.patterns import covers, has_wildcard

__all__ = ["redundant_entries"]

_BUDGET = 100_000
_SHARE = 512
"""What the comparisons of one list may cost: each one, and more by the share for long entries. No real
list comes near; of a hostile one only repeats are told beyond it."""

_RUN_OF_WILDCARDS = re.compile(r"[*?]{2,}")


def redundant_entries(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find entries of Action or Resource (`element`), or its Not- form, that another entry takes in.

    Entries are compared as texts with wildcards: repeats, and names or patterns that another pattern
    holds. All entries that hang together are one match: the first in the list is the place.
    """
    statement = subject.statement
    if params["element"] == "Action":
        lists, fold = (statement.actions, statement.not_actions), True
    else:
        lists, fold = (statement.resources, statement.not_resources), False
    for values in lists:
        if values is None or len(values) < 2:
            continue
        known = [(value, value.text) for value in values if value.text is not None]
        for group in _groups([_plain(text, fold=fold) for _, text in known]):
            yield _match([known[place][0] for place in group])


def _plain(text: str, *, fold: bool) -> str:
    """Return the entry in the form in which texts are compared: runs of wildcards in one order."""
    if fold:
        text = text.lower()
    return _RUN_OF_WILDCARDS.sub(_in_order, text) if "**" in text or "*?" in text else text


def _in_order(run: re.Match[str]) -> str:
    return "?" * run[0].count("?") + "*" * ("*" in run[0])


def _groups(texts: Sequence[str]) -> Iterator[list[int]]:
    """Yield the places of entries that hang together, each group and the groups in rising order."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(text, []).append(place)
    patterns = [text for text in places if has_wildcard(text)]
    if len(places) == len(texts) and not patterns:
        return
    leader = {text: text for text in places}

    def find(text: str) -> str:
        while leader[text] != text:
            leader[text] = leader[leader[text]]
            text = leader[text]
        return text

    ordered = sorted(places)
    spent = 0
    for pattern in patterns:
        head = re.split(r"[*?]", pattern, maxsplit=1)[0]
        # Whatever the pattern takes in begins as it does; such texts lie together.
        at = bisect_left(ordered, head)
        while at < len(ordered) and ordered[at].startswith(head) and spent < _BUDGET:
            other = ordered[at]
            spent += 1 + len(pattern) * len(other) // _SHARE
            if other != pattern and covers(pattern, other):
                leader[find(other)] = find(pattern)
            at += 1
    groups: dict[str, list[int]] = {}
    for text, found in places.items():
        groups.setdefault(find(text), []).extend(found)
    yield from sorted(sorted(group) for group in groups.values() if len(group) > 1)


def _match(entries: Sequence[Value]) -> Match:
    shown = list(dict.fromkeys(str(entry) for entry in entries))
    if len(shown) == 1:
        fault = f"{shown[0]} stands there {'twice' if len(entries) == 2 else f'{len(entries)} times'}"
    else:
        widest = [text for text in shown if not any(_within(text, other) for other in shown)]
        inner = [text for text in shown if text not in widest]
        wide = listed(widest or shown[:1], 3)
        fault = f"{wide} {'take' if len(widest) > 1 else 'takes'} in {listed(inner, 3)}"
    marks = tuple((entry, "") for entry in entries[1:])
    return Match(entries[0], tuple(shown), {"fault": fault}, marks=marks)


def _within(text: str, other: str) -> bool:
    one, two = text.lower(), other.lower()
    return one != two and covers(two, one) and not covers(one, two)
