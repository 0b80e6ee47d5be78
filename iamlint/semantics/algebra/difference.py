"""The query: is a box covered by other boxes, and if not, which of its requests are not? Section 12.5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iamlint.record import record
from iamlint.semantics.algebra.boxes import Box
from iamlint.semantics.algebra.globs import STAR, Budget, TextSet, arn_glob, clause_has_letters, from_tokens
from iamlint.semantics.algebra.keysets import KeySet, Sample, SingleSet
from iamlint.semantics.algebra.space import Space

__all__ = ["RESOURCES", "Leaf", "Solver", "lifted"]

RESOURCES = frozenset({arn_glob("arn:?*:?*:*:*:?*"), from_tokens((STAR,))})
"""What a request can name: one ARN, or nothing (the resource `*`)."""


@record
class Leaf:
    """A box none of whose requests is covered, with an example of each dimension that is limited.

    `resource` is the example as tokens make it; a private letter in it means the resource `*`.
    """

    box: Box
    resource: str
    samples: Mapping[str, Sample]


class Solver:
    """Answers questions about the boxes of one space within one budget."""

    def __init__(self, space: Space, budget: Budget) -> None:
        self._space = space
        self._budget = budget
        self._texts: dict[TextSet, str | None] = {}
        self._keys: dict[KeySet, Sample | None] = {}

    def leaf(self, box: Box) -> Leaf | None:
        """Return the box with examples, None if no request is in it. Raises BudgetError."""
        if not (box.actions and box.callers):
            return None
        samples: dict[str, Sample] = {}
        for key, values in box.keys.items():
            sample = self.sample(values)
            if sample is None:
                return None
            samples[key] = sample
        resource = self.resource(box.resource)
        return None if resource is None else Leaf(box, resource, samples)

    def sample(self, values: KeySet) -> Sample | None:
        """Return an example of what a key can be, None if it can be nothing. Raises BudgetError."""
        if values not in self._keys:
            self._keys[values] = values.example(self._budget)
        return self._keys[values]

    def resource(self, texts: TextSet) -> str | None:
        """Return an example of a resource, None if there is none. Raises BudgetError."""
        if texts not in self._texts:
            # A private letter may stand for any part of an ARN, so that nothing is known of its shape.
            clauses = texts.clauses if texts.has_letters else (*texts.clauses, RESOURCES)
            self._texts[texts] = TextSet(clauses, texts.outside).example(self._budget)
        return self._texts[texts]

    def meet(self, one: Box, other: Box) -> Box:
        """Return what both boxes take."""
        return one.meet(other, self._space)

    def near(self, box: Box, covers: Sequence[Box]) -> list[Box]:
        """Return the covers that share an action with a box."""
        self._budget.spend_checks(len(covers))
        actions = box.actions
        return [cover for cover in covers if cover.actions & actions]

    def is_included(self, box: Box, covers: Sequence[Box]) -> bool:
        """Say yes only when one cover alone takes all of the box, whatever its private letters are."""
        self._budget.spend_checks(1 + len(covers))
        return any(cover.includes(box, self._space) for cover in covers)

    def uncovered(self, box: Box, covers: Sequence[Box]) -> Leaf | None:
        """Return a part of `box` that no box of `covers` takes, None if they cover it all.

        Raises BudgetError.
        """
        self._budget.spend_checks(1 + len(covers))
        near = [cover for cover in covers if cover.actions & box.actions and not cover.misses(box)]
        if any(cover.includes(box, self._space) for cover in near):
            return None
        for actions, some in self._classes(box, near):
            found = self._search(box.with_actions(actions), some)
            if found is not None:
                return found
        return None

    def _classes(self, box: Box, covers: Sequence[Box]) -> list[tuple[int, list[Box]]]:
        """Divide the actions of a box by which of the covers know them, so that each class meets only
        covers that take all of it."""
        classes: list[tuple[int, list[Box]]] = [(box.actions, [])]
        for cover in covers:
            self._budget.spend_checks(len(classes))
            divided: list[tuple[int, list[Box]]] = []
            for actions, some in classes:
                inside = actions & cover.actions
                if inside:
                    divided.append((inside, [*some, cover]))
                if actions != inside:
                    divided.append((actions ^ inside, some))
            classes = divided
        # The classes that fewest covers know are the likeliest to be left over.
        return sorted(classes, key=lambda one: len(one[1]))

    def _search(self, box: Box, covers: Sequence[Box]) -> Leaf | None:
        """Return a part of the box that no cover takes, splitting it piece by piece."""
        space = self._space
        stack: list[tuple[Box, Sequence[Box]]] = [(box, covers)]
        while stack:
            piece, rest = stack.pop()
            self._budget.spend_leaf()
            self._budget.spend_checks(len(rest))
            near: list[Box] = []
            best: Box | None = None
            dimensions: list[str] = []
            for cover in rest:
                if cover.misses(piece):
                    continue
                open_ones = cover.open_dimensions(piece, space)
                if open_ones is None:
                    continue
                near.append(cover)
                if best is None or len(open_ones) < len(dimensions):
                    best, dimensions = cover, open_ones
                    if not open_ones:
                        break
            if best is None:
                found = self.leaf(piece)
                if found is not None:
                    return found
                continue
            if not dimensions:
                continue
            remaining = [cover for cover in near if cover is not best]
            pieces: list[Box] = []
            for dimension in dimensions:
                for part in piece.minus(best, dimension, space):
                    if not self._is_empty(part, dimension):
                        pieces.append(part)
                piece = piece.intersect(best, dimension, space)
                if self._is_empty(piece, dimension):
                    break
            stack.extend((part, remaining) for part in reversed(pieces))
        return None

    def _is_empty(self, box: Box, dimension: str) -> bool:
        """Say whether a box is empty in one dimension."""
        if dimension == "actions":
            return not box.actions
        if dimension == "callers":
            return not box.callers
        if dimension == "resource":
            return self.resource(box.resource) is None
        return self.sample(box.keys[dimension]) is None


def lifted(box: Box) -> Iterator[Box]:
    """Yield boxes that surely hold a box whatever its private letters stand for.

    A text that fits one pattern with letters comes from a text with the letters in it; one that has to
    fit two patterns need not. So only one list of patterns that has letters stays, or those that
    have none (section 12.4).
    """
    candidates = [box]
    for key, values in box.keys.items():
        if isinstance(values, SingleSet) and values.texts is not None and _is_crowded(values.texts):
            texts = values.texts
            candidates = [
                one.with_key(key, SingleSet(values.absent, kept))
                for one in candidates
                for kept in _loosened(texts)
            ]
    if _is_crowded(box.resource):
        candidates = [one.with_resource(kept) for one in candidates for kept in _loosened(box.resource)]
    yield from candidates[:8]


def _is_crowded(texts: TextSet) -> bool:
    return len(texts.clauses) > 1 and texts.has_letters


def _loosened(texts: TextSet) -> Iterator[TextSet]:
    with_letters = [clause for clause in texts.clauses if clause_has_letters(clause)]
    for clause in with_letters:
        yield TextSet((clause,), texts.outside)
    yield TextSet(tuple(clause for clause in texts.clauses if clause not in with_letters), texts.outside)
