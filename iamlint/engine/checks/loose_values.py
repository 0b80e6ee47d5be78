"""Checks of wildcards and policy variables in the values of condition keys that must be exact."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from iamlint.catalog.datafiles import read
from iamlint.engine.checks.policy_facts import shared_issuers
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Condition, Hole, Value
from iamlint.semantics.conditions import parse_operator

__all__ = ["loose_gate", "loose_variable", "loose_wildcard"]

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_ESCAPE = re.compile(r"\$\{[*?$]\}")
_MARKS = re.compile(r"[*?\0]")
_LIKE = frozenset({"StringLike", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"})
_LEAST = 6
"""Characters that must stand before each wildcard or variable of a subject."""


@cache
def _sensitive() -> frozenset[str]:
    keys: list[str] = json.loads(read("exact_value_keys.json"))["keys"]
    return frozenset(keys)


@cache
def _callers_own() -> tuple[str, ...]:
    variables: list[str] = json.loads(read("exact_value_keys.json"))["caller_variables"]
    return tuple(variables)


@cache
def _same_owner() -> Mapping[str, str]:
    variables: Mapping[str, str] = json.loads(read("exact_value_keys.json"))["same_owner"]
    return variables


@cache
def _subjects() -> frozenset[str]:
    return frozenset(f"{host}:sub" for host, issuer in shared_issuers().items() if "sub" in issuer.claims)


def loose_gate(params: Mapping[str, object]) -> Callable[[StatementSubject], bool]:
    """Return the question whether a statement tests a key of which such a rule speaks."""
    return _tests_such_a_key


def _tests_such_a_key(subject: StatementSubject) -> bool:
    return any(_kind(condition) for condition in subject.statement.conditions)


def _kind(condition: Condition) -> str:
    """Return what kind of key a test is on: sensitive, subject, userid; empty for the others."""
    key = condition.key.lower()
    if key in _sensitive():
        return "sensitive"
    if key == "aws:userid":
        return "userid"
    return "subject" if key in _subjects() else ""


def loose_wildcard(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find wildcards that leave too much of a value open, under operators that read wildcards."""
    for condition in subject.statement.conditions:
        kind = _kind(condition)
        if not kind or parse_operator(condition.operator).base not in _LIKE:
            continue
        for value in condition.values:
            text = _pattern(value)
            problem = ""
            if "*" not in text and "?" not in text:
                continue
            if kind == "sensitive":
                problem = "the key must be tested against whole values"
            elif kind == "userid":
                left, colon, _ = text.partition(":")
                if not colon or (("*" in left or "?" in left) and len(left) > 1):
                    problem = "a wildcard may only stand right of the colon, or be all that stands left of it"
            elif _short_run(text, "*?"):
                problem = f"at least {_LEAST} characters must stand right before each wildcard"
            if problem:
                words = {"key": condition.key, "value": str(value), "problem": problem}
                yield Match(value, (condition.key, str(value)), words)


def loose_variable(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find policy variables that leave too much of a value to whoever decides the variable."""
    for condition in subject.statement.conditions:
        kind = _kind(condition)
        if not kind:
            continue
        like = parse_operator(condition.operator).base in _LIKE
        for value in condition.values:
            names = [name for name in _VARIABLE.findall(value.literal) if name not in {"*", "?", "$"}]
            if not names:
                continue
            problem = ""
            if kind == "sensitive":
                allowed = _same_owner().get(condition.key.lower())
                names = [name for name in names if name.strip().lower() != allowed]
                if (like and names) or any(name.strip().lower().startswith(_callers_own()) for name in names):
                    problem = "the key must be tested against fixed values"
            elif kind == "userid":
                left = _VARIABLE.sub("\0", _pattern(value)).partition(":")[0]
                if "\0" in left and left != "\0":
                    problem = "a variable may only stand right of the colon, or be all that stands left of it"
            elif _short_run(_VARIABLE.sub("\0", _pattern(value)), "\0"):
                problem = f"at least {_LEAST} characters must stand right before each variable"
            if problem:
                words = {"key": condition.key, "value": str(value), "problem": problem}
                yield Match(value, (condition.key, str(value)), words)


def _pattern(value: Value) -> str:
    """Return the text of a value; a hole is taken for a text that is long enough."""
    text = value.text
    if text is None:
        text = "".join("x" * _LEAST if isinstance(part, Hole) else part for part in value.parts)
    return _ESCAPE.sub("x", text) if "${" in text else text


def _short_run(text: str, marks: str) -> bool:
    """Say whether fewer characters than needed stand before one of the `marks`."""
    start = 0
    for mark in _MARKS.finditer(text):
        if mark[0] in marks and mark.start() - start < _LEAST:
            return True
        start = mark.end()
    return False
