"""Checks of conditions on aws:ResourceTag beside actions that no tag can limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from iamlint.catalog import catalog
from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Condition, Value
from iamlint.semantics.conditions import parse_operator
from iamlint.semantics.patterns import has_wildcard

__all__ = ["tag_gate", "unsupported_tag_key", "unsupported_tag_key_not_action"]

_TAG = "aws:resourcetag/"
_TAG_KEYS = (_TAG, "aws:requesttag/", "aws:tagkeys")


def tag_gate(params: Mapping[str, object]) -> Callable[[StatementSubject], bool]:
    """Return the question whether a statement has a condition on a tag of the resource."""
    return _tests_a_tag


def _tests_a_tag(subject: StatementSubject) -> bool:
    return any(condition.key[:16].lower() == _TAG for condition in subject.statement.conditions)


def unsupported_tag_key(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find tests of a resource's tag in a statement whose Action has entries without any action that
    knows tags. Place is the key, the entries are marks."""
    tests = _tests(subject)
    if not tests:
        return
    found = [
        value
        for value in subject.statement.actions or ()
        if value.text is not None and _without_tags(value.text.lower())
    ]
    if not found:
        return
    services = dict.fromkeys(str(value).lower().partition(":")[0] for value in found)
    for condition in tests:
        words = {
            "key": condition.key,
            "actions": listed([str(value) for value in found]),
            "services": listed(services),
        }
        evidence = (condition.key, *map(str, found))
        marks = tuple((value, "knows no tags") for value in found)
        yield Match(condition.pointer, evidence, words, marks=marks, key_only=True)


def unsupported_tag_key_not_action(
    subject: StatementSubject, params: Mapping[str, object]
) -> Iterator[Match]:
    """Find tests of a resource's tag in a statement with NotAction, which reaches services without tags."""
    values: tuple[Value, ...] | None = subject.statement.not_actions
    if values is None:
        return
    for condition in _tests(subject):
        marks = tuple((value, "") for value in values[:1])
        words = {"key": condition.key}
        yield Match(condition.pointer, (condition.key,), words, marks=marks, key_only=True)


def _tests(subject: StatementSubject) -> list[Condition]:
    """Return the tests that a resource's tag has a value; a test that it has not, or is there, is fine."""
    found = []
    for condition in subject.statement.conditions:
        if not condition.key.lower().startswith(_TAG):
            continue
        operator = parse_operator(condition.operator)
        if operator.known and not operator.negated and operator.base != "Null":
            found.append(condition)
    return found


@lru_cache(maxsize=8_192)
def _without_tags(entry: str) -> bool:
    """Say whether an entry of Action, in small letters, names actions and none of them knows tags."""
    service = entry.partition(":")[0]
    if has_wildcard(service):
        return False
    known = catalog()
    bits = known.expand(entry)
    return bool(bits) and not bits & _with_tags(service)


@lru_cache(maxsize=512)
def _with_tags(prefix: str) -> int:
    """Return the actions of a service that are limited by the tags of what they work on, or that set
    tags on what they make."""
    service = catalog().service(prefix)
    if service is None:
        return 0
    tagged = {kind.name for kind in service.resource_types if _has_tags(kind.condition_keys)}
    bits = 0
    for action in service.actions.values():
        if _has_tags(action.condition_keys) or any(
            resource.name in tagged or _has_tags(resource.condition_keys)
            for resource in action.resource_types
        ):
            bits |= 1 << action.index
    return bits


def _has_tags(keys: tuple[str, ...]) -> bool:
    return any(key.lower().startswith(_TAG_KEYS) for key in keys)
