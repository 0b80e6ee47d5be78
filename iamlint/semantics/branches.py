"""The readings of a statement that a template leaves open: branches of conditions, values of parameters.

A rule sees plain statements only. A statement whose values hang on template conditions, or hold
holes with a known set of values, is read once for each consistent choice, up to a limit; each
reading says what it assumes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from iamlint.model import Condition, Hole, Principal, Statement, Value, Values
from iamlint.record import replace

__all__ = ["readings"]

_MAX_READINGS = 24
_REPEATED = "for "
"""How the condition begins that there is an item in a list of unknown length: it is taken to be so."""


def readings(statement: Statement) -> Iterator[tuple[Statement, tuple[str, ...]]]:
    """Yield each reading of the statement with the assumptions behind it.

    A statement without open choices is its own only reading. The first reading of one with
    parameters leaves them open; further readings put in each allowed value, or the default. When
    there are more choices than the limit, values with conditions all stay and holes stay open.
    """
    conditions: dict[str, None] = {}
    holes: dict[Hole, None] = {}
    for value in _values(statement):
        for name, _ in value.when:
            if not name.startswith(_REPEATED):
                conditions[name] = None
        for part in value.parts:
            if isinstance(part, Hole) and (part.values or part.default is not None):
                holes[part] = None
    if not conditions and not holes:
        yield statement, ()
        return
    names = list(conditions)
    if 2 ** len(names) > _MAX_READINGS:
        names = []
    for sides in product((True, False), repeat=len(names)):
        chosen = dict(zip(names, sides, strict=True))
        branch = _under(statement, chosen) if names else statement
        assumed = tuple(f"condition {name} is {'true' if side else 'false'}" for name, side in chosen.items())
        yield branch, assumed
        yield from _filled(branch, list(holes), assumed)


def _filled(
    statement: Statement, holes: list[Hole], assumed: tuple[str, ...]
) -> Iterator[tuple[Statement, tuple[str, ...]]]:
    """Yield the statement with one hole at a time filled, then with all defaults together."""
    count = 0
    for hole in holes:
        for text in dict.fromkeys((*hole.values, *(() if hole.default is None else (hole.default,)))):
            if count >= _MAX_READINGS:
                return
            if not text:
                continue  # Nothing given: whoever uses the value gives one.
            count += 1
            kind = "the default" if text == hole.default else "an allowed value"
            yield _with(statement, {hole: text}), (*assumed, f"{hole.name} is {text!r}, {kind}")
    defaults = {hole: hole.default for hole in holes if hole.default}
    if len(defaults) > 1:
        note = ", ".join(f"{hole.name} is {text!r}" for hole, text in defaults.items())
        yield _with(statement, defaults), (*assumed, f"{note}, the defaults")


def _values(statement: Statement) -> Iterator[Value]:
    for values in (statement.actions, statement.not_actions, statement.resources, statement.not_resources):
        if values:
            yield from values
    for principals in (statement.principals, statement.not_principals):
        for principal in principals or ():
            yield principal.value
    for condition in statement.conditions:
        yield from condition.values
    if statement.effect is not None:
        yield statement.effect


def _under(statement: Statement, chosen: dict[str, bool]) -> Statement:
    """Return the statement with only the values that exist under the chosen conditions."""

    def keep(values: Values | None) -> Values | None:
        if values is None:
            return None
        return tuple(v for v in values if all(chosen.get(name, side) == side for name, side in v.when))

    def keep_principals(principals: tuple[Principal, ...] | None) -> tuple[Principal, ...] | None:
        if principals is None:
            return None
        return tuple(
            p for p in principals if all(chosen.get(name, side) == side for name, side in p.value.when)
        )

    conditions = []
    for condition in statement.conditions:
        values = keep(condition.values)
        # A test whose values are all gone is gone; an element is not: a template in which no branch of
        # a required element holds is one that nobody deploys.
        if values or not condition.values:
            conditions.append(Condition(condition.operator, condition.key, values or (), condition.pointer))
    return replace(
        statement,
        actions=keep(statement.actions),
        not_actions=keep(statement.not_actions),
        resources=keep(statement.resources),
        not_resources=keep(statement.not_resources),
        principals=keep_principals(statement.principals),
        not_principals=keep_principals(statement.not_principals),
        conditions=tuple(conditions),
    )


def _with(statement: Statement, texts: Mapping[Hole, str]) -> Statement:
    """Return the statement with holes replaced by texts."""

    def fill(value: Value) -> Value:
        if value.text is not None or not any(isinstance(p, Hole) and p in texts for p in value.parts):
            return value
        parts = tuple(texts[p] if isinstance(p, Hole) and p in texts else p for p in value.parts)
        if all(isinstance(part, str) for part in parts):
            return Value("".join(map(str, parts)), value.pointer, (), value.when)
        return Value(None, value.pointer, parts, value.when)

    def fill_all(values: Values | None) -> Values | None:
        return None if values is None else tuple(fill(value) for value in values)

    def fill_principals(principals: tuple[Principal, ...] | None) -> tuple[Principal, ...] | None:
        return None if principals is None else tuple(Principal(p.type, fill(p.value)) for p in principals)

    return replace(
        statement,
        effect=None if statement.effect is None else fill(statement.effect),
        actions=fill_all(statement.actions),
        not_actions=fill_all(statement.not_actions),
        resources=fill_all(statement.resources),
        not_resources=fill_all(statement.not_resources),
        principals=fill_principals(statement.principals),
        not_principals=fill_principals(statement.not_principals),
        conditions=tuple(
            Condition(c.operator, c.key, tuple(fill(v) for v in c.values), c.pointer)
            for c in statement.conditions
        ),
    )
