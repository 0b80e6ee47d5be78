"""Questions about the statements of policies: which ones could be left out, and why. Section 12.5."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence

from iamlint.model import Policy, PolicyKind
from iamlint.record import record
from iamlint.semantics.algebra.asking import Assumptions
from iamlint.semantics.algebra.boxes import Box
from iamlint.semantics.algebra.compiling import Bound, Compiler
from iamlint.semantics.algebra.difference import Solver, lifted
from iamlint.semantics.algebra.globs import Budget, BudgetError
from iamlint.semantics.algebra.refusals import refusals
from iamlint.semantics.algebra.results import StatementPlace
from iamlint.semantics.algebra.space import Reading, Space

__all__ = ["StatementFact", "StatementFault", "examine"]

_WIDE = Bound(wide=True, letters=True)
_NARROW = Bound(wide=False, letters=True)


class StatementFault(enum.StrEnum):
    """What makes a statement idle."""

    UNSATISFIABLE = "unsatisfiable"
    """No request fits it."""
    SHADOWED = "shadowed"
    """An Allow all of which is denied."""
    REDUNDANT = "redundant"
    """What it allows or denies, other statements allow or deny without it."""
    WITHOUT_EFFECT = "without-effect"
    """A Deny of what no statement of these policies allows."""


@record
class StatementFact:
    """A proved fact about one statement. `by` lists the statement that alone makes it so, or all that
    do it together; empty for an unsatisfiable one and a Deny of nothing."""

    fault: StatementFault
    place: StatementPlace
    by: tuple[StatementPlace, ...] = ()


def examine(
    policies: Sequence[Policy],
    *,
    kind: PolicyKind = PolicyKind.IDENTITY,
    assumptions: Assumptions = Assumptions(),  # noqa: B008 -- frozen
    budget: Budget | None = None,
) -> tuple[StatementFact, ...]:
    """Return what can be proved about the statements of policies that count together, at most one fact
    for each, in their order. A fact holds in every reading of section 14; what cannot be proved within
    the budget, or of policies that are not valid, is not claimed."""
    if any(next(refusals(policy, kind), None) for policy in policies):
        return ()
    if any(policy.statements is None for policy in policies):
        return ()
    examiner = _Examiner(policies, kind, assumptions, budget or Budget())
    try:
        first = examiner.facts(frozenset())
        for reading in sorted(examiner.touched, key=lambda one: one.value):
            again = {fact.place: fact for fact in examiner.facts(frozenset({reading}))}
            first = [
                max(fact, again[fact.place], key=lambda one: _WEAKER.index(one.fault))
                for fact in first
                if fact.place in again
            ]
    except BudgetError:
        return tuple(examiner.found)
    return tuple(first)


_WEAKER = (
    StatementFault.UNSATISFIABLE,
    StatementFault.SHADOWED,
    StatementFault.REDUNDANT,
    StatementFault.WITHOUT_EFFECT,
)
"""Each fault holds where one before it does, so of two readings the later one is true in both: a
statement that fits no request is shadowed by anything, and takes nothing away."""


@record(frozen=False)
class _Row:
    place: StatementPlace
    is_allow: bool
    wide: list[Box]
    narrow: list[Box]


class _Examiner:
    def __init__(
        self, policies: Sequence[Policy], kind: PolicyKind, assumptions: Assumptions, budget: Budget
    ) -> None:
        self._policies = policies
        self._kind = kind
        self._assumptions = assumptions
        self._budget = budget
        self._base: Space | None = None
        self.touched: frozenset[Reading] = frozenset()
        self.found: list[StatementFact] = []
        """What has been proved when the budget ends, as long as no reading is open."""

    def facts(self, flipped: frozenset[Reading]) -> list[StatementFact]:
        """Return the facts in one set of readings. Raises BudgetError."""
        space = Space(
            self._kind,
            self._policies,
            present=self._assumptions.present,
            flipped=flipped,
            whole_numbers=self._assumptions.whole_numbers,
            base=self._base,
        )
        self._base = self._base or space
        solver = Solver(space, self._budget)
        rows = list(self._rows(space))
        if not flipped:
            self.touched = frozenset(space.touched)
        facts: list[StatementFact] = []
        for row in rows:
            fact = _fact(row, rows, solver)
            if fact is not None:
                facts.append(fact)
                if not flipped and not self.touched:
                    self.found = facts
        return facts

    def _rows(self, space: Space) -> Iterator[_Row]:
        compiler = Compiler(space)
        source = 0
        for document, policy in enumerate(self._policies):
            for index, statement in enumerate(policy.statements or ()):
                effect = None if statement.effect is None else statement.effect.text
                if effect is not None:
                    wide = compiler.compile(policy, statement, source, _WIDE)
                    narrow = wide if wide.is_exact else compiler.compile(policy, statement, source, _NARROW)
                    yield _Row(
                        StatementPlace(document, index),
                        effect == "Allow",
                        list(wide.boxes),
                        list(narrow.boxes),
                    )
                else:
                    # It may do either, so it proves nothing about others, and nothing is said of it.
                    wide = compiler.compile(policy, statement, source, _WIDE)
                    yield _Row(StatementPlace(document, index), True, list(wide.boxes), [])
                source += 1


def _fact(row: _Row, rows: Sequence[_Row], solver: Solver) -> StatementFact | None:
    if not row.narrow and row.wide:
        return None
    if all(_is_empty(box, solver) for box in row.wide):
        return StatementFact(StatementFault.UNSATISFIABLE, row.place)
    others = [other for other in rows if other is not row]
    allows = [other for other in others if other.is_allow]
    denies = [other for other in others if not other.is_allow]
    if row.is_allow:
        by = _covered_by(row.wide, denies, solver)
        if by is not None:
            return StatementFact(StatementFault.SHADOWED, row.place, by)
        by = _covered_by(row.wide, [*allows, *denies], solver)
        return None if by is None else StatementFact(StatementFault.REDUNDANT, row.place, by)
    by = _covered_by(row.wide, denies, solver)
    if by is not None:
        return StatementFact(StatementFault.REDUNDANT, row.place, by)
    # What it takes away from the Allows, if that is anything that no other Deny takes away.
    covers = [box for other in denies for box in other.narrow]
    for allow in allows:
        for allowed in allow.wide:
            for denied in row.wide:
                if not denied.misses(allowed) and not _is_covered(
                    solver.meet(denied, allowed), covers, solver
                ):
                    return None
    return StatementFact(StatementFault.WITHOUT_EFFECT, row.place)


def _is_empty(box: Box, solver: Solver) -> bool:
    return any(solver.leaf(candidate) is None for candidate in lifted(box))


def _covered_by(
    boxes: Sequence[Box], rows: Sequence[_Row], solver: Solver
) -> tuple[StatementPlace, ...] | None:
    """Return the one statement that covers the boxes, else all those that do it together, else None."""
    for row in rows:
        if row.narrow and all(solver.is_included(box, row.narrow) for box in boxes):
            return (row.place,)
    covers = [box for row in rows for box in row.narrow]
    if not covers or not all(_is_covered(box, covers, solver) for box in boxes):
        return None
    kept = [row for row in rows if any(not cover.misses(box) for cover in row.narrow for box in boxes)]
    for row in kept:
        if all(_is_covered(box, row.narrow, solver) for box in boxes):
            return (row.place,)
    return tuple(row.place for row in kept)


def _is_covered(box: Box, covers: Sequence[Box], solver: Solver) -> bool:
    if solver.is_included(box, covers):
        return True
    return any(solver.uncovered(candidate, covers) is None for candidate in lifted(box))
