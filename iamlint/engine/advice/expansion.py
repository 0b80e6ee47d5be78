"""What a pattern of actions takes in, by access level: all of it where that is short, else the worst."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from iamlint.catalog import AccessLevel, catalog
from iamlint.engine.action_sets import action_sets
from iamlint.engine.advice.site import Site
from iamlint.model import Advice, Value
from iamlint.semantics.patterns import has_wildcard

__all__ = ["expansion"]

_ALL = 40
"""Actions that are all named; of more, a few of each level."""

_FEW = 4
_SERVICES = 8
_PATTERNS = 4
_LONGEST = 100
_WIDTH = 96

_LEVELS = (
    AccessLevel.PERMISSIONS,
    AccessLevel.WRITE,
    AccessLevel.TAGGING,
    AccessLevel.READ,
    AccessLevel.LIST,
)

_TELLING = frozenset({AccessLevel.PERMISSIONS, AccessLevel.WRITE, AccessLevel.READ})
"""Levels of which a few actions are shown where there are too many."""

_WORST_FIRST = (
    "attach-or-put-policy",
    "new-policy-version",
    "credentials-of-others",
    "trust-rewrite",
    "pass-role",
    "assume-role",
    "group-membership",
    "boundary-removal",
    "federation-rewrite",
    "organisation-escalation",
    "bucket-policy-writes",
    "resource-policy-writes",
    "sharing",
    "secret-reads",
    "credentials-exposure",
    "data-exfiltration",
)
"""Named sets of actions: of a long list, those in the first of them are shown first."""


def expansion(site: Site, argument: object) -> Iterator[Advice]:
    """Say what the wildcards at fault take in; for NotAction, what it leaves."""
    statement = site.statement
    if statement is None:
        return
    if statement.actions is None and statement.not_actions:
        named = tuple(value.text for value in statement.not_actions if value.text is not None)
        if len(named) == len(statement.not_actions):
            yield from _of_not_action(named)
        return
    patterns = tuple(
        dict.fromkeys(
            value.text for value in _at_fault(site) if value.text is not None and has_wildcard(value.text)
        )
    )
    if patterns:
        yield from _of_patterns(patterns, site.services)


def _at_fault(site: Site) -> Sequence[Value]:
    match = site.match
    if match.items:
        return match.items
    statement = site.statement
    assert statement is not None  # asked by the caller
    actions = statement.actions or ()
    pointers = {place.pointer for place, _ in match.marks if isinstance(place, Value)}
    if isinstance(match.place, Value):
        pointers.add(match.place.pointer)
    return [value for value in actions if value.pointer in pointers] or actions


@lru_cache(maxsize=2_048)
def _of_patterns(patterns: tuple[str, ...], services: tuple[str, ...]) -> tuple[Advice, ...]:
    bits = 0
    for pattern in patterns:
        bits |= catalog().expand(pattern)
    if services:
        within = 0
        for prefix in services:
            within |= catalog().service_bits(prefix)
        bits &= within
    total = bits.bit_count()
    if total == 0:
        return ()
    shown = ", ".join(one if len(one) <= _LONGEST else f"{one[:_LONGEST]}..." for one in patterns[:_PATTERNS])
    if len(patterns) > _PATTERNS:
        shown += f" and {len(patterns) - _PATTERNS} more patterns"
    verb = "allows" if len(patterns) == 1 else "allow"
    if total == 1:
        return (Advice(f"{shown} {verb} one action; write it", f'"{next(catalog().names(bits))}"'),)
    return (Advice(f"{shown} {verb} {total:,} actions; write those that are used", _by_level(bits)),)


@lru_cache(maxsize=512)
def _of_not_action(named: tuple[str, ...]) -> tuple[Advice, ...]:
    bits = catalog().all_actions
    for pattern in named:
        bits &= ~catalog().expand(pattern)
    if not bits:
        return ()
    title = f"this NotAction leaves {bits.bit_count():,} actions; write those that are used as Action"
    return (Advice(title, _by_level(bits)),)


def _by_level(bits: int) -> str:
    lines: list[str] = []
    if bits.bit_count() <= _ALL:
        for level in _LEVELS:
            found = bits & catalog().with_level(level)
            if found:
                lines.extend(_level_lines(level.value, found.bit_count(), list(catalog().names(found))))
        return "\n".join(lines)
    services = list(catalog().services_of(bits))
    rest = []
    for level in _LEVELS:
        found = bits & catalog().with_level(level)
        names = list(_worst(found, alone=len(services) == 1 and level in _TELLING)) if found else []
        if not names and found == bits:
            names = sorted(catalog().names(found), key=lambda name: (len(name), name))[:_FEW]
        if names:
            lines.extend(_level_lines(level.value, found.bit_count(), names))
        elif found:
            rest.append(f"{level.value} ({found.bit_count():,})")
    if rest:
        lines.append(", ".join(rest))
    if len(services) > 1:
        lines.append(_services_line(bits, services))
    return "\n".join(lines)


def _worst(bits: int, *, alone: bool) -> Iterator[str]:
    """Yield a few actions of a set, the most dangerous first. In one service alone, those with the
    shortest names come next: they are what it is about (`s3:PutObject`, `ec2:RunInstances`)."""
    left = _FEW
    for wanted in _worst_sets():
        for name in _first_names(bits & wanted, left):
            yield name
            left -= 1
        bits &= ~wanted
    if alone and left:
        yield from sorted(catalog().names(bits), key=lambda name: (len(name), name))[:left]


def _first_names(bits: int, most: int) -> list[str]:
    few = 0
    for _ in range(min(most, bits.bit_count())):
        few |= bits & ~few & -(bits & ~few)
    return list(catalog().names(few))


@lru_cache(maxsize=1)
def _worst_sets() -> tuple[int, ...]:
    sets, expand = action_sets(), catalog().expand
    found = []
    for name in _WORST_FIRST:
        bits = 0
        for action in sets.actions(name):
            bits |= expand(action)
        found.append(bits)
    return tuple(found)


def _level_lines(level: str, total: int, names: list[str]) -> Iterator[str]:
    """Yield a level's lines: its name and number, then its actions as a list in quotes."""
    items = [f'"{name}"' for name in names]
    if len(names) < total:
        items.append(f"and {total - len(names):,} more")
    head = f"{level} ({total:,}): "
    line = head + ", ".join(items)
    if len(line) <= _WIDTH:
        yield line
        return
    yield head.rstrip()
    line = " "
    for at, item in enumerate(items):
        text = f" {item}" + ("," if at + 1 < len(items) else "")
        if len(line) + len(text) > _WIDTH:
            yield line
            line = " "
        line += text
    yield line


def _services_line(bits: int, services: list[str]) -> str:
    counts = {prefix: (bits & catalog().service_bits(prefix)).bit_count() for prefix in services}
    most = sorted(services, key=lambda prefix: (-counts[prefix], prefix))[:_SERVICES]
    text = ", ".join(f"{prefix} {counts[prefix]}" for prefix in most)
    more = len(services) - len(most)
    return f"Services ({len(services)}): {text}" + (f", and {more} more" if more else "")
