"""Checks of resource policies by the exact lists of condition keys that name a caller's source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache

from iamlint.catalog.datafiles import read
from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Value
from iamlint.semantics.conditions import parse_operator

__all__ = ["address_without_services", "irrelevant_key", "service_source_preferred", "service_without_source"]


@cache
def _lists() -> Mapping[str, frozenset[str]]:
    data = json.loads(read("source_keys.json"))
    return {name: frozenset(data[name]) for name in ("source_keys", "lesser_keys")}


def _services(subject: StatementSubject) -> list[Value]:
    """Return the service principals of an Allow whose conditions can be read and name no source."""
    statement = subject.statement
    if statement.effect is None or statement.effect.text != "Allow" or statement.unread_condition:
        return []
    found = [principal.value for principal in statement.principals or () if principal.type == "Service"]
    if found and any(condition.key.lower() in _lists()["source_keys"] for condition in statement.conditions):
        return []
    return [value for value in found if value.text is not None]


def service_without_source(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find services that are let in without a condition on what they act for."""
    found = _services(subject)
    if found:
        shown = tuple(map(str, found))
        marks = tuple((value, "") for value in found[1:])
        yield Match(found[0], shown, {"services": listed(shown)}, marks=marks)


def service_source_preferred(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find services that are let in by a key which says less than those that name their source."""
    found = _services(subject)
    if not found:
        return
    for condition in subject.statement.conditions:
        if condition.key.lower() in _lists()["lesser_keys"]:
            words = {"key": condition.key, "services": listed(map(str, found))}
            marks = tuple((value, "") for value in found)
            yield Match(condition.pointer, (condition.key,), words, marks=marks, key_only=True)


@cache
def _irrelevant_keys() -> Mapping[str, frozenset[str]]:
    return {word: frozenset(keys) for word, keys in json.loads(read("source_keys.json"))["fixed"].items()}


def irrelevant_key(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find keys that say nothing in the policy of a resource, since the resource fixes their value."""
    on = subject.policy.on
    if len(on) != 1:
        return
    fixed = _irrelevant_keys().get(on[0])
    if fixed is None:
        return
    for condition in subject.statement.conditions:
        if condition.key.lower() in fixed:
            yield Match(condition.pointer, (condition.key,), {"key": condition.key}, key_only=True)


_TELL_SERVICES = (
    "aws:viaawsservice",
    "aws:calledvia",
    "aws:principalisawsservice",
    "aws:principalservicename",
)
_TELL_THE_WAY = ("aws:sourcevpc", "aws:vpce", "aws:vpcsourceip", "aws:sourcearn", "aws:sourceaccount")
_TELL_WHO = ("aws:principalarn", "aws:principaltag/", "aws:principaltype")


def address_without_services(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Deny of callers from other addresses that says nothing about services of AWS, private ways in,
    or certain callers, whose addresses are others."""
    statement = subject.statement
    if statement.unread_condition:
        return
    others = (*_TELL_SERVICES, *_TELL_THE_WAY, *_TELL_WHO)
    if any(condition.key.lower().startswith(others) for condition in statement.conditions):
        return
    for condition in statement.conditions:
        if (
            condition.key.lower() == "aws:sourceip"
            and parse_operator(condition.operator).base == "NotIpAddress"
        ):
            words = {"key": condition.key, "operator": condition.operator}
            yield Match(condition.pointer, (condition.operator, condition.key), words, key_only=True)
