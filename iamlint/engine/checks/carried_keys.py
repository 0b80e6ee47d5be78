"""Checks of condition keys that no request for the actions of their statement carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice

from iamlint.catalog import catalog
from iamlint.catalog.key_classes import KeyKind, classify_key
from iamlint.engine.checks.wording import shown_actions
from iamlint.engine.subject import Match, StatementSubject
from iamlint.semantics.conditions import parse_operator

__all__ = ["key_of_no_action"]

_REQUEST_TAGS = ("aws:requesttag/", "aws:tagkeys")
"""Global keys that an action carries only where it makes or tags something."""
_MOST_SERVICES = 20
"""Beyond it a statement is about everything, and some of it carries the key."""


def key_of_no_action(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find keys of a service, and tags of the request, that none of the statement's actions carries.

    Tests that are true of a request without the key, and Null, say something without it. A statement with
    actions that cannot be read, or that the catalogue does not know, is not judged.
    """
    statement = subject.statement
    items = subject.action_items
    if len(items) != len(statement.actions or ()) or not all(bits for _, bits in items):
        return
    for condition in statement.conditions:
        operator = parse_operator(condition.operator)
        if operator.if_exists or operator.quantifier == "ForAllValues" or operator.base == "Null":
            continue
        key = _key_of_actions(condition.key)
        if key is not None and not _is_carried(key, subject.bits):
            shown = shown_actions(subject.catalog, items)
            words = {"operator": condition.operator, "key": condition.key, "actions": shown}
            yield Match(condition.pointer, (condition.operator, condition.key), words, key_only=True)


@lru_cache(maxsize=4_096)
def _key_of_actions(name: str) -> str | None:
    """Return the catalogue's name, in small letters, of a key that belongs to actions; else None."""
    found = classify_key(name)
    if found.kind is not KeyKind.KNOWN or found.key is None:
        return None
    known = found.key.name.lower()
    if found.lower.startswith(_REQUEST_TAGS):
        return known
    prefix = known.partition(":")[0]
    if known in catalog().global_condition_keys() or catalog().service(prefix) is None:
        return None
    return known


def _is_carried(key: str, bits: int) -> bool:
    own = key.partition(":")[0]
    if own != "aws":
        carriers = _carriers(own, key)
        # Of some keys the reference tells no action at all; then nobody knows who carries them.
        if not carriers or carriers & bits:
            return True
    services = list(islice(catalog().services_of(bits), _MOST_SERVICES + 1))
    if len(services) > _MOST_SERVICES:
        return True
    return any(_carriers(service, key) & bits for service in services)


@lru_cache(maxsize=4_096)
def _carriers(prefix: str, key: str) -> int:
    """Return the actions of a service whose requests may carry a key: by themselves, or since it describes
    a resource that they work on."""
    service = catalog().service(prefix)
    if service is None or key not in service.condition_keys:
        return 0
    describing = {
        kind.name
        for kind in service.resource_types
        if any(name.lower() == key for name in kind.condition_keys)
    }
    bits = service.working_on(describing, False)
    for action in service.actions.values():
        keys = [
            *action.condition_keys,
            *(name for kind in action.resource_types for name in kind.condition_keys),
        ]
        if any(name.lower() == key for name in keys):
            bits |= 1 << action.index
    return bits
