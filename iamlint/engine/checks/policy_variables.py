"""Checks of policy variables: `${name}` or `${name, 'default'}`, how they are written and where.

Variables stand in resources and in values of conditions, as far as the operator compares texts or
ARNs. A name without a colon (`${bucket}`) is no variable of IAM but a placeholder of some template,
and so are `${AWS::Region}` and the `${self:custom.name}` of the Serverless Framework: only what is
surely meant for IAM is judged. A hole may hold anything, a closing brace too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from iamlint.engine.checks.condition_traits import NOT_TEXT, tests
from iamlint.engine.checks.spec import Question
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Pointer, Value
from iamlint.record import record

__all__ = [
    "asks_misplaced",
    "asks_readable",
    "variable_at_fault",
    "variable_misplaced",
    "variable_under_operator",
]

_HOLE = "\0"
_NAME = re.compile(r"\s*(?!(?:self|opt|env|param|sls|cf):)[A-Za-z][A-Za-z0-9.-]*\s?:(?!:)\s?[^\s:]")
_ESCAPES = frozenset("*?$")
_LONGEST_CACHED = 1_024


@record
class Variable:
    """A variable as written: the text between the braces, None for the rest of a text without an end."""

    inner: str | None
    text: str

    @property
    def name(self) -> str:
        """What stands before a comma."""
        return (self.inner or "").partition(",")[0]


def _text(value: Value) -> str:
    if value.text is not None:
        return value.text
    return "".join(part if isinstance(part, str) else _HOLE for part in value.parts)


def _variables(text: str) -> tuple[Variable, ...]:
    """Return the variables of a text, without the escapes `${*}`, `${?}` and `${$}`."""
    return _short_variables(text) if len(text) <= _LONGEST_CACHED else _read_variables(text)


@lru_cache(maxsize=4_096)
def _short_variables(text: str) -> tuple[Variable, ...]:
    return _read_variables(text)


def _read_variables(text: str) -> tuple[Variable, ...]:
    found = []
    at = text.find("${")
    while at >= 0:
        end = text.find("}", at + 2)
        if end < 0:
            rest = text[at:]
            if _HOLE not in rest:
                found.append(Variable(None, rest if len(rest) <= 80 else f"{rest[:77]}..."))
            break
        inner = text[at + 2 : end]
        if inner not in _ESCAPES and _HOLE not in inner:
            found.append(Variable(inner, text[at : end + 1]))
        at = text.find("${", end + 1)
    return tuple(found)


def _is_meant(variable: Variable) -> bool:
    """Say whether the name is one of IAM's: a prefix, a colon, and more."""
    return _NAME.match(variable.name) is not None


# --- where they may stand -------------------------------------------------------------------------


def readable(subject: StatementSubject) -> tuple[Value, ...]:
    """Return the resources and values of conditions that hold `${`; ask through `subject.fact`."""
    statement = subject.statement
    found = [
        value for value in (*(statement.resources or ()), *(statement.not_resources or ())) if _holds(value)
    ]
    for condition in statement.conditions:
        found += [value for value in condition.values if _holds(value)]
    return tuple(found)


def _holds(value: Value) -> bool:
    text = value.text
    return "${" in (text if text is not None else value.literal)


def asks_readable(_: Mapping[str, object]) -> Question:
    """Return the question whether a resource or a value of a condition holds a variable."""
    return _is_readable


def _is_readable(subject: StatementSubject) -> bool:
    return bool(subject.fact(readable))


def variable_at_fault(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find variables that are written with one kind of `fault`."""
    is_wrong = _FAULTS[str(params["fault"])]
    for value in subject.fact(readable):
        wrong = [variable.text for variable in _variables(_text(value)) if is_wrong(variable)]
        if wrong:
            words = {"variable": wrong[0], "better": _better(wrong[0])}
            yield Match(value, tuple(wrong), words)


def _lacks_quotes(variable: Variable) -> bool:
    if variable.inner is None or "," not in variable.inner or not _is_meant(variable):
        return False
    default = variable.inner.partition(",")[2].strip()
    return len(default) < 2 or not default.startswith("'") or not default.endswith("'")


def _has_space(variable: Variable) -> bool:
    name = variable.name
    return variable.inner is not None and _is_meant(variable) and any(map(str.isspace, name))


_FAULTS: Mapping[str, Callable[[Variable], bool]] = {
    "brace": lambda variable: variable.inner is None,
    "quote": _lacks_quotes,
    "space": _has_space,
    "empty": lambda variable: variable.inner is not None and not variable.inner.strip(),
}


def _better(text: str) -> str:
    """Return the variable without blanks in its name and with quotes round its default."""
    name, comma, default = text.removeprefix("${").removesuffix("}").partition(",")
    default = default.strip().strip("'\"")
    return f"${{{''.join(name.split())}{f', {default!r}' if comma else ''}}}"


def variable_under_operator(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find variables under operators that compare neither texts nor ARNs."""
    for condition, _ in tests(subject, NOT_TEXT):
        for value in condition.values:
            if not _holds(value):
                continue
            found = [variable.text for variable in _variables(_text(value)) if _is_meant(variable)]
            if found:
                words = {"operator": condition.operator, "key": condition.key, "variable": found[0]}
                yield Match(value, tuple(found), words)


# --- where they may not ---------------------------------------------------------------------------


def misplaced(subject: StatementSubject) -> tuple[tuple[str, Value | Pointer, str], ...]:
    """Return element, place and text of what holds `${` in elements without variables; ask through
    `subject.fact`."""
    statement = subject.statement
    found: list[tuple[str, Value | Pointer, str]] = []
    for name, values in (
        ("Action", statement.actions),
        ("NotAction", statement.not_actions),
        ("Principal", tuple([principal.value for principal in statement.principals or ()])),
        ("NotPrincipal", tuple([principal.value for principal in statement.not_principals or ()])),
        ("Sid", (statement.sid,) if statement.sid is not None else ()),
        ("Effect", (statement.effect,) if statement.effect is not None else ()),
    ):
        found += [(name, value, _text(value)) for value in values or () if _holds(value)]
    for condition in statement.conditions:
        if "${" in condition.key:
            found.append(("a condition key", condition.pointer, condition.key))
    return tuple(found)


def asks_misplaced(_: Mapping[str, object]) -> Question:
    """Return the question whether an element that takes no variables seems to hold one."""
    return lambda subject: bool(subject.fact(misplaced))


def variable_misplaced(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find variables in elements where IAM takes them for plain text."""
    for element, place, text in subject.fact(misplaced):
        found = [each.text for each in _variables(text) if each.inner is not None and _is_meant(each)]
        if found:
            words = {"element": element, "variable": found[0]}
            yield Match(place, tuple(found), words, key_only=not isinstance(place, Value))
