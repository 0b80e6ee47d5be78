"""Checks of service control policies and resource control policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from iamlint.catalog import catalog
from iamlint.catalog.datafiles import read
from iamlint.catalog.nearest import nearest
from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Condition, Statement
from iamlint.semantics.conditions import parse_operator
from iamlint.semantics.patterns import has_wildcard, matches

__all__ = [
    "action_wildcard_inside",
    "missing_null_check",
    "missing_service_test",
    "rcp_action_service",
    "rcp_allow",
    "rcp_principal",
]

_SERVICE_KEY = "aws:principalisawsservice"


def action_wildcard_inside(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an action with a wildcard anywhere but at its end."""
    statement = subject.statement
    for value in (*(statement.actions or ()), *(statement.not_actions or ())):
        # The last part that is written may be followed by a hole that turns out empty.
        if has_wildcard(value.literal[:-1]):
            yield Match(value, (str(value),), {"action": str(value)})


def rcp_principal(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a principal other than the bare star, or NotPrincipal."""
    statement = subject.statement
    if statement.not_principals is not None:
        yield Match((*statement.pointer, "NotPrincipal"), ("NotPrincipal",), key_only=True)
    principals = statement.principals
    if principals is None:
        return
    if not principals:
        yield Match((*statement.pointer, "Principal"), ("Principal",))
    for principal in principals:
        if principal.type != "*" and not (principal.type == "?" and principal.value.text is None):
            yield Match(principal.value, (str(principal.value),))


def rcp_allow(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow that is narrower than the one that AWS attaches: by principal, resource or condition."""
    statement = subject.statement
    if statement.effect is None or statement.effect.text != "Allow":
        return
    narrowed = _narrowing(subject, statement)
    if narrowed:
        yield Match(statement.effect, tuple(narrowed), {"elements": listed(narrowed)})


def _narrowing(subject: StatementSubject, statement: Statement) -> list[str]:
    """Return the elements by which an Allow is surely narrower than everybody on everything."""
    found = []
    principals = statement.principals
    if statement.not_principals is not None:
        found.append("NotPrincipal")
    elif principals is not None and (
        not principals
        or any(one.type != "*" and not (one.type == "?" and one.value.text is None) for one in principals)
    ):
        found.append("Principal")
    if statement.not_resources is not None:
        found.append("NotResource")
    elif statement.resources is not None and any(
        value.text != "*" and (value.text is not None or value.literal) for value in statement.resources
    ):
        found.append("Resource")
    if statement.conditions or _has_empty_condition(subject, statement):
        found.append("Condition")
    return found


def _has_empty_condition(subject: StatementSubject, statement: Statement) -> bool:
    size = len(statement.pointer)
    return any(
        remark.code == "empty-condition" and remark.pointer[:size] == statement.pointer
        for remark in subject.policy.remarks
    )


def rcp_action_service(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an action of a service that does not obey resource control policies."""
    for value in subject.statement.actions or ():
        text = value.text
        if text is None:
            first = value.parts[0] if value.parts else ""
            text = first if isinstance(first, str) else ""
        prefix, colon, _ = text.partition(":")
        if not colon:
            continue
        hint = _unsupported(prefix.lower())
        if hint is not None:
            yield Match(value, (str(value),), {"action": str(value), "prefix": prefix, "hint": hint})


@lru_cache(maxsize=1_024)
def _unsupported(prefix: str) -> str | None:
    """Return None for a prefix that resource control policies reach, else a hint at the right one."""
    services = catalog().rcp_services()
    if prefix in services:
        return None
    if has_wildcard(prefix):
        return "" if not any(matches(prefix, service) for service in services) else None
    if len(prefix) > 60 or catalog().service(prefix) is not None:
        return ""  # a service of AWS's, so no slip of the pen
    near = nearest(prefix, sorted(services))
    return f" (did you mean {near}?)" if near else ""


# --- keys that belong together --------------------------------------------------------------------


@cache
def _keys(group: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the condition keys of a group in small letters, and the prefixes of those with an open
    part."""
    names = [name.lower() for name in json.loads(read("organization_keys.json"))["groups"][group]]
    return (
        frozenset(name for name in names if not name.endswith("/*")),
        tuple(name[:-1] for name in names if name.endswith("/*")),
    )


def _is_of(condition: Condition, group: str) -> bool:
    names, prefixes = _keys(group)
    key = condition.key.lower()
    return key in names or key.startswith(prefixes)


def missing_service_test(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Deny that tests a key of the group `keys` and does not ask, with `service`, whether the
    caller is a service of AWS."""
    statement = subject.statement
    if statement.unread_condition:
        return
    group, wanted = str(params["keys"]), str(params["service"])
    tests = [one for one in statement.conditions if _is_of(one, group) and _counts(one, group)]
    if not tests or any(_asks(one, wanted) for one in statement.conditions):
        return
    yield _match(tests)


def _counts(condition: Condition, group: str) -> bool:
    """Say whether a test counts as a use of its key. A source key under Null is the question whether
    there is a source at all."""
    return group != "source" or parse_operator(condition.operator).base != "Null"


def _asks(condition: Condition, wanted: str) -> bool:
    if condition.key.lower() != _SERVICE_KEY or parse_operator(condition.operator).base != "Bool":
        return False
    return any(value.text is None or value.text.lower() == wanted for value in condition.values)


def missing_null_check(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Deny that tests a source key and does not ask whether the request has a source."""
    statement = subject.statement
    if statement.unread_condition:
        return
    tests = [one for one in statement.conditions if _is_of(one, "source") and _counts(one, "source")]
    if tests and not any(map(_is_null_check, statement.conditions)):
        yield _match(tests)


def _is_null_check(condition: Condition) -> bool:
    if parse_operator(condition.operator).base != "Null":
        return False
    if condition.key.lower() not in _keys("source_present")[0]:
        return False
    return any(value.text is None or value.text.lower() == "false" for value in condition.values)


def _match(tests: list[Condition]) -> Match:
    keys = tuple(dict.fromkeys(one.key for one in tests))
    marks = tuple((one.pointer, "") for one in tests[1:])
    return Match(tests[0].pointer, keys, {"keys": listed(keys)}, marks=marks, key_only=True)
