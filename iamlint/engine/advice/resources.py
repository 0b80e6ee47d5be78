"""The ARNs that actions take, made from the resources beside the policy where there are any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from iamlint.catalog import catalog
from iamlint.engine.advice.site import Site, facts, wording_of
from iamlint.engine.scope import Breadth, reach
from iamlint.model import Advice, Statement, Value
from iamlint.model.surroundings import Blank, Neighbour, Surroundings, Wording
from iamlint.record import record

__all__ = ["formats", "resources"]

_MOST_ACTIONS = 300
"""A statement of more actions is to be cut down first."""

_MOST_TYPES = 6
_ANY_TYPE = 4
"""An action that may be about any of more types than this, as tagging, is no guide."""

_MANY_ACTIONS = 40
"""Of a statement with more actions, as one of a whole service, a few ARNs of neighbours are shown."""

_FEW_TYPES = 2

_NAMES = 4
_WIDTH = 88
_MOST_NEIGHBOURS = 4
_COLONS = 6
"""Colons of an ARN that has one within its last field (`log-group:NAME`)."""

_Neighbours: TypeAlias = dict[str, list[Neighbour]]
"""The neighbours by the service of their ARNs."""

_PART = re.compile(r"\$\{[^}]*\}")


def resources(site: Site, argument: object) -> Iterator[Advice]:
    """Give the ARN formats that the statement's actions take, by what they are for."""
    statement = site.statement
    if statement is None or statement.actions is None or not _is_open(statement):
        return
    bits = 0
    for value in statement.actions:
        if value.text is not None:
            bits |= catalog().expand(value.text)
    yield from _of_bits(bits, site, "the ARNs that these actions take")


def formats(site: Site, argument: object) -> Iterator[Advice]:
    """Give the ARN formats that the actions at fault take."""
    match = site.match
    items = match.items or ((match.place,) if isinstance(match.place, Value) else ())
    bits = 0
    for value in items:
        if value.text is not None:
            bits |= catalog().expand(value.text)
    yield from _of_bits(bits, site, "add an ARN that the action takes")


def _of_bits(bits: int, site: Site, title: str) -> Iterator[Advice]:
    beside = site.neighbours
    if bits and bits.bit_count() <= (_MOST_ACTIONS if beside else _MANY_ACTIONS):
        owner, own = (site.owner, site.targets) if beside else ("", ())
        text = _text(bits, site.surroundings, owner, own)
        if text:
            yield Advice(title, text)


def _is_open(statement: Statement) -> bool:
    """Say whether a statement leaves its resources open: who has named them needs no formats."""
    return statement.not_resources is not None or any(
        value.text == "*" or reach(value).breadth >= Breadth.TYPE for value in statement.resources or ()
    )


@lru_cache(maxsize=1_024)
def _text(bits: int, written: Surroundings, owner: str, own: tuple[str, ...]) -> str:
    neighbours: _Neighbours = {}
    for one in written.neighbours(owner) if owner else ():
        if one.address not in own:
            neighbours.setdefault(one.service, []).append(one)
    by_type, anything, nothing = _sorted_out(bits, neighbours)
    beside = {kind for kind in by_type if 0 < len(_built(kind, neighbours)) <= _MOST_NEIGHBOURS}
    order = sorted(by_type, key=lambda kind: (kind not in beside, -len(by_type[kind]), kind.arn))
    shown = order[:_MOST_TYPES]
    if bits.bit_count() > _MANY_ACTIONS:
        # What is to be cut down first gets the ARNs that are at hand only.
        shown = [kind for kind in shown if kind in beside][:_FEW_TYPES]
    if not shown:
        return ""
    actions_for: dict[tuple[Wording, ...], dict[str, None]] = {}
    for kind in shown:
        actions_for.setdefault(tuple(_texts(kind, neighbours)), {}).update(dict.fromkeys(by_type[kind]))
    groups = [(_names(list(actions)), texts) for texts, actions in actions_for.items()]
    remarks = []
    others = sorted({kind.name for kind in order if kind not in shown})
    if others:
        remarks.append(f"other ARNs are those of: {_names(others)}")
    if anything:
        remarks.append(f"ARNs of many kinds: {_names(anything)}")
    if nothing:
        remarks.append(f'no ARN, so "*" in a statement of its own: {_names(nothing)}')
    return written.resources(groups, remarks)


@record
class _Kind:
    """A type of resource, with the ARN format to show. `new` is set for what an action creates: that is
    none of the resources that are there."""

    service: str
    name: str
    arn: str
    new: bool = False


def _sorted_out(bits: int, neighbours: _Neighbours) -> tuple[dict[_Kind, list[str]], list[str], list[str]]:
    """Return the actions by the type of resource that they need, those that may be about anything, and
    those that take no ARN."""
    by_type: dict[_Kind, list[str]] = {}
    anything: list[str] = []
    nothing: list[str] = []
    known = catalog()
    no_arn = bits & known.without_resource_types()
    nothing.extend(known.names(no_arn))
    for full in known.names(bits & ~no_arn):
        kinds = _kinds(full)
        if len(kinds) > _ANY_TYPE:
            kinds = [kind for kind in kinds if _built(kind, neighbours)]
        for kind in kinds:
            by_type.setdefault(kind, []).append(full)
        if not kinds:
            anything.append(full)
    return by_type, anything, nothing


@lru_cache(maxsize=8_192)
def _kinds(full: str) -> Sequence[_Kind]:
    """Return the types that an action always needs; if it needs none, those that it may be about."""
    action = catalog().action(full)
    assert action is not None  # the catalogue named it
    arns = _formats(action.service)
    found = [kind for kind in action.resource_types if kind.name in arns]
    needed = [kind for kind in found if kind.required] or found
    lesser = facts().lesser_types.get(action.service, frozenset())
    needed = [kind for kind in needed if kind.name not in lesser] or needed
    return [
        _Kind(action.service, kind.name, arns[kind.name], _creates(action.name, kind.name)) for kind in needed
    ]


def _creates(action: str, kind: str) -> bool:
    """Say whether an action creates such a resource: `CreateSecurityGroup` a `security-group`."""
    return action.lower() == f"create{kind.replace('-', '').replace('_', '').lower()}"


@lru_cache(maxsize=512)
def _formats(prefix: str) -> Mapping[str, str]:
    """Return the first ARN format of each resource type of a service."""
    service = catalog().service(prefix)
    return {kind.name: kind.arns[0] for kind in service.resource_types if kind.arns} if service else {}


@lru_cache(maxsize=512)
def _patterns(prefix: str) -> frozenset[str]:
    """Return the ARN formats of a service with open parts as `*`."""
    return frozenset(_PART.sub("*", arn) for arn in _formats(prefix).values())


def _names(names: Sequence[str]) -> str:
    """Return a few names, as many as a line takes, and how many more there are. Of many the shortest are
    shown: they are what a service is about."""
    if len(names) > _NAMES:
        names = sorted(names, key=lambda name: (len(name), name))
    shown = names[0]
    count = 1
    for name in names[1:_NAMES]:
        if len(shown) + len(name) > _WIDTH:
            break
        shown += f", {name}"
        count += 1
    return shown + (f" and {len(names) - count} more" if count < len(names) else "")


def _texts(kind: _Kind, neighbours: _Neighbours) -> Sequence[Wording]:
    built = _built(kind, neighbours)
    if 0 < len(built) <= _MOST_NEIGHBOURS:
        return built
    text = wording_of(kind.arn)
    last = text[-1]
    if kind.new and isinstance(last, Blank) and last.name.endswith("-id"):
        return [(*text[:-1], "*")]  # nobody knows the number of what is to be created
    return [text]


def _built(kind: _Kind, neighbours: _Neighbours) -> list[Wording]:
    """Return the ARNs of a type that the neighbours give: their own, or with what comes below them; no more
    than it takes to know that they are too many."""
    if kind.new:
        return []
    wanted = _PART.sub("*", kind.arn)
    found: list[Wording] = []
    for one in neighbours.get(wanted.split(":", 3)[2], ()):
        if len(found) > _MOST_NEIGHBOURS:
            break
        below = _below(one.arn, wanted)
        if below is None:
            continue
        if not one.has_below:
            if below and below[0] != ":" and (below != "/*" or one.arn in _patterns(kind.service)):
                continue
            below = ""  # its open end takes in a number, of a version or behind the name
        found.append((one, below) if below else (one,))
    return found


def _below(own: str, wanted: str) -> str | None:
    """Return what to append to an ARN of the pattern `own` so that it fits `wanted`, None if nothing does."""
    if own == wanted:
        return ""
    if (
        own.count(":") > _COLONS
        and own.endswith(":*")
        and (wanted == own[:-2] or wanted.startswith(own[:-1]))
    ):
        return ""  # a log group's own ARN ends with what stands for its streams
    if wanted.startswith(own) and wanted[len(own)] in ":/":
        return wanted[len(own) :]
    return None
