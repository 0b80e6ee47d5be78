"""Requests that name what a template leaves open: are they new access whatever that is? Section 12.7.

The request holds a private letter for each hole. A pattern that takes the letter takes every text in
its place, so that much is proved by the search itself. That a pattern does not take the letter proves
nothing: the text may be one that it takes. So each statement that has to leave the request alone is
looked at again, with each letter as any text, behind what the pattern and the request begin and end
with in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from iamlint.semantics.algebra.boxes import Box
from iamlint.semantics.algebra.difference import Leaf
from iamlint.semantics.algebra.globs import RUN, Glob, TextSet, fits, from_tokens, is_private, may_overlap
from iamlint.semantics.algebra.keysets import KeySet, Sampled, SeveralSet, SingleSet

__all__ = ["surely_new"]

_TOKENS = re.compile("\0v[0-9]+;|.", re.DOTALL)


def surely_new(leaf: Leaf, *, denied: Sequence[Box], refused: Iterable[Box], open_keys: bool) -> bool:
    """Say yes only when the request of a leaf is in one of the boxes `denied`, if there are any, and in
    no box of `refused`, whatever its private letters stand for. `open_keys` says that the values of
    condition keys may have such letters."""
    request = _Request(leaf)
    if request.has_open_keys and not open_keys:
        return False
    if denied and not any(request.is_in(box) for box in denied):
        return False
    return all(request.is_outside(box) for box in refused)


class _Request:
    """The example of a leaf, its texts as tokens."""

    def __init__(self, leaf: Leaf) -> None:
        self._actions = leaf.box.actions & -leaf.box.actions
        self._callers = leaf.box.callers & -leaf.box.callers
        self._resource = _TOKENS.findall(leaf.resource)
        self._keys: dict[str, Sampled] = {key: sample.value for key, sample in leaf.samples.items()}
        self.has_open_keys = any(
            any(map(is_private, _TOKENS.findall(text)))
            for value in self._keys.values()
            for text in _each(value)
        )

    def is_in(self, box: Box) -> bool:
        """Say yes only when the request is surely in a box."""
        return (
            not box.opaque
            and bool(self._actions & box.actions and self._callers & box.callers)
            and _holds(box.resource, self._resource)
            and all(
                key in self._keys and _allows(values, self._keys[key]) for key, values in box.keys.items()
            )
        )

    def is_outside(self, box: Box) -> bool:
        """Say yes only when the request is surely not in a box."""
        if not (self._actions & box.actions and self._callers & box.callers):
            return True
        if _lacks(box.resource, self._resource):
            return True
        return any(
            key in self._keys and _forbids(values, self._keys[key]) for key, values in box.keys.items()
        )


def _each(value: Sampled) -> Sequence[str]:
    return () if value is None else (value,) if isinstance(value, str) else value


def _allows(values: KeySet, value: Sampled) -> bool:
    if isinstance(values, SingleSet) and isinstance(value, str):
        return values.texts is not None and _holds(values.texts, _TOKENS.findall(value))
    if _is_open(values, value):
        return False
    return values.holds(value)


def _forbids(values: KeySet, value: Sampled) -> bool:
    if isinstance(values, SingleSet) and isinstance(value, str):
        return values.texts is None or _lacks(values.texts, _TOKENS.findall(value))
    if _is_open(values, value):
        return False
    return not values.holds(value)


def _is_open(values: KeySet, value: Sampled) -> bool:
    """Say whether a letter stands in a value, or in a set of several values."""
    if any(any(map(is_private, _TOKENS.findall(text))) for text in _each(value)):
        return True
    return isinstance(values, SeveralSet) and any(
        pattern.has_letters
        for texts in (values.every, *values.some)
        for patterns in (*texts.clauses, texts.outside)
        for pattern in patterns
    )


def _holds(texts: TextSet, tokens: Sequence[str]) -> bool:
    """Say yes only when a text is in a set whatever its letters stand for."""
    return all(any(fits(pattern, tokens) for pattern in clause) for clause in texts.clauses) and all(
        _is_apart(pattern, tokens) for pattern in texts.outside
    )


def _lacks(texts: TextSet, tokens: Sequence[str]) -> bool:
    """Say yes only when a text is not in a set whatever its letters stand for."""
    return any(all(_is_apart(pattern, tokens) for pattern in clause) for clause in texts.clauses) or any(
        fits(pattern, tokens) for pattern in texts.outside
    )


def _is_apart(pattern: Glob, tokens: Sequence[str]) -> bool:
    """Say yes only when a text does not fit a pattern whatever the letters of both stand for; a letter
    is the same text on both sides, and holds no wildcard."""
    given, wanted = list(tokens), list(pattern.tokens)
    start = 0
    while start < min(len(given), len(wanted)) and given[start] == wanted[start]:
        start += 1
    given, wanted = given[start:], wanted[start:]
    while given and wanted and given[-1] == wanted[-1]:
        given.pop()
        wanted.pop()
    loose = from_tokens([RUN if is_private(token) else token for token in wanted], fold=pattern.fold)
    text = from_tokens([RUN if is_private(token) else token for token in given])
    return not may_overlap(loose, text)
