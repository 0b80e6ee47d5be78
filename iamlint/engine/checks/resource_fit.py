"""Checks of whether an action works on any of the resources that its statement names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from iamlint.catalog import AccessLevel, catalog
from iamlint.engine.checks.wording import shown_actions, texts
from iamlint.engine.judge import listed
from iamlint.engine.scope import Breadth, reach
from iamlint.engine.subject import RESOURCE_STAR, Match, PolicySubject, StatementSubject
from iamlint.model import Hole, Value
from iamlint.semantics.arns import arn_text
from iamlint.semantics.patterns import has_wildcard, overlaps

__all__ = ["action_without_resource"]

_PLACEHOLDER = re.compile(r"\$\{[^{}]*\}")
_NAME = "\1"
"""Stands for the name of a bucket that a template decides: some text without a slash."""
_STAND_FOR_OTHERS = (":accesspoint/", ":transform/")
"""Resources that stand for others: an access point for its bucket and the objects in it; a transform of
CloudFormation for the change set that uses it, which the reference does not tell. Sources (2026-11-24): S3
user guide, access point policies; SAM developer guide, deploying with CodePipeline."""
_LONGEST = 2_048
_MOST_PAIRS = 10_000
"""Actions and resources of one statement that are compared with each other; a policy that AWS takes has
fewer by far."""


def action_without_resource(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions that work on none of the resources of their statement.

    With `needs: type` those that work on resources of other types; with `needs: star` those that read or
    list and work on no resource that could be named (one that creates something may well be asked about on
    the name of what it creates), unless a resource is a whole service. An action that another statement of
    the same effect names too is left out: that one may hold what it needs. So are `except` and patterns of
    actions, of which only some may fit.
    """
    if subject.features & RESOURCE_STAR:
        return
    resources = _resources(subject)
    wants_star = params["needs"] == "star"
    if not resources or len(resources) * len(subject.action_items) > _MOST_PAIRS:
        return
    if wants_star and any(map(_is_service, subject.statement.resources or ())):
        return
    hits: list[tuple[Value, int]] = []
    needed: dict[str, None] = {}
    for value, bits in subject.action_items:
        types = None if has_wildcard(str(value)) else _types(str(value))
        if types is None or bool(types) == wants_star or _fits_one(types, resources):
            continue
        if wants_star and (bits & ~_reading() or str(value).lower() in texts(params, "except")):
            continue
        if not bits & subject.owner.fact(_named_twice)[subject.statement.is_allow]:
            hits.append((value, bits))
            needed.update(dict.fromkeys(name for name, _ in types))
    if not hits:
        return
    place = hits[0][0]
    words = {
        "actions": shown_actions(subject.catalog, hits),
        "types": listed([name for name in needed if not name.startswith("accesspoint")] or needed, 3),
        "resources": listed([str(value) for value in subject.statement.resources or ()], 2),
        "verb": "work" if len(hits) > 1 else "works",
        "them": "them" if len(hits) > 1 else "it",
    }
    items = tuple(value for value, _ in hits)
    marks = tuple((value, "also") for value in items[1:])
    yield Match(place, tuple(map(str, items)), words, marks=marks, items=items)


def _is_service(value: Value) -> bool:
    return reach(value).breadth >= Breadth.SERVICE


@cache
def _reading() -> int:
    return catalog().with_level(AccessLevel.LIST) | catalog().with_level(AccessLevel.READ)


def _resources(subject: StatementSubject) -> list[str]:
    """Return the patterns of the statement's resources; none where one of them is open, at fault, or not
    known well enough."""
    found = []
    faulty = {value.pointer for value, _ in subject.arn_faults}
    for value in subject.statement.resources or ():
        text = _pattern(value)
        if text is None or value.pointer in faulty:
            return []
        found.append(text)
    return found


def _pattern(value: Value) -> str | None:
    """Return a resource as a pattern; None unless it is an ARN whose fields can be told apart."""
    text = _of_bucket(value) or arn_text(value)
    if text is None or len(text) > _LONGEST:
        return None
    text = _PLACEHOLDER.sub("*", text).replace("\0", "*")
    if "${" in text or not text.startswith("arn:") or text.count(":") < 5:
        return None
    return text


def _of_bucket(value: Value) -> str | None:
    """Return the ARN of a bucket that a template makes, with what is written behind it, or None."""
    first = value.parts[0] if value.parts else ""
    if not isinstance(first, Hole) or first.arn is None or ":s3:::" not in first.arn:
        return None
    head, _, name = first.arn.partition(":s3:::")
    if "/" in name:
        return None
    rest = "".join("\0" if isinstance(part, Hole) else part for part in value.parts[1:])
    return f"arn:{head.partition(':')[2]}:s3:::{_NAME}{rest}"


@lru_cache(maxsize=4_096)
def _types(action: str) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """Return the resource types that an action works on, each with its ARN patterns; None for an action
    that the catalogue does not know."""
    known = catalog().action(action)
    service = None if known is None else catalog().service(known.service)
    if known is None or service is None:
        return None
    names = {kind.name for kind in known.resource_types}
    return tuple(
        (kind.name, tuple(_PLACEHOLDER.sub("*", arn) for arn in kind.arns))
        for kind in service.resource_types
        if kind.name in names
    )


def _fits_one(types: tuple[tuple[str, tuple[str, ...]], ...], resources: list[str]) -> bool:
    if any(mark in text for text in resources for mark in _STAND_FOR_OTHERS):
        return True
    return any(_fits(text, arn) for text in resources for _, arns in types for arn in arns)


@lru_cache(maxsize=8_192)
def _fits(text: str, arn: str) -> bool:
    """Say whether a resource may be one of an ARN pattern."""
    fields, wanted = text.split(":", 5), arn.split(":", 5)
    if not overlaps(fields[2], wanted[2]) or not all(map(overlaps, fields, wanted)):
        return False
    if fields[2] != "s3" or fields[3] or fields[4]:
        return True
    # A bucket and its objects have neither Region nor account, and a bucket's name has no slash.
    return not any(wanted[3:5]) and ("/" in wanted[5] or "/" not in fields[5])


def _named_twice(subject: PolicySubject) -> Mapping[bool, int]:
    """Return the actions that several statements of the policy name, those that allow under True."""
    once, twice = {True: 0, False: 0}, {True: 0, False: 0}
    for statement in subject.policy.statements or ():
        bits = subject.action_bits(statement)
        twice[statement.is_allow] |= once[statement.is_allow] & bits
        once[statement.is_allow] |= bits
    return twice
