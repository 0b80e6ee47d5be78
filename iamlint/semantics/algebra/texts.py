"""Text of a policy as tokens: literal characters, wildcards, policy variables and holes.

Sections 4, 6 and 12.7 of the evaluation rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from iamlint.model import Hole, Value
from iamlint.record import record
from iamlint.semantics.algebra.globs import ONE, RUN

__all__ = ["Token", "Variable", "read_tokens", "value_tokens"]


@record
class Variable:
    """A policy variable: its key as written, and its default if it has one."""

    key: str
    default: str | None = None


Token: TypeAlias = str | Variable | Hole
"""One character, RUN, ONE, or something that is decided elsewhere."""


def read_tokens(text: str, *, wildcards: bool, variables: bool) -> Sequence[Token]:
    """Return the tokens of a text. Without `wildcards` stars are characters; without `variables` (and in
    policies of version 2008) `${...}` is plain text. An unclosed `${` is text."""
    if len(text) > _LONG:
        return _read(text, wildcards=wildcards, variables=variables)
    return _read_memo(text, wildcards=wildcards, variables=variables)


_LONG = 1_000
"""Longer texts are not kept."""


@lru_cache(maxsize=4_096)
def _read_memo(text: str, *, wildcards: bool, variables: bool) -> Sequence[Token]:
    return _read(text, wildcards=wildcards, variables=variables)


def _read(text: str, *, wildcards: bool, variables: bool) -> Sequence[Token]:
    result: list[Token] = []
    at = 0
    last = text.rfind("}") if variables else -1
    while at < len(text):
        letter = text[at]
        if letter == "$" and at < last and text.startswith("${", at):
            end = text.index("}", at)
            inner = text[at + 2 : end]
            if inner in {"*", "?", "$"}:
                result.append(inner)
            else:
                key, quote, _ = inner.partition(", '")
                closing = text.find("'}", at + 2 + len(key) + len(quote)) if quote else -1
                if closing >= 0:
                    start = at + 2 + len(key) + len(quote)
                    result.append(Variable(key, text[start:closing]))
                    end = closing + 1
                else:
                    result.append(Variable(inner))
            at = end + 1
            continue
        result.append(RUN if wildcards and letter == "*" else ONE if wildcards and letter == "?" else letter)
        at += 1
    return result


def value_tokens(value: Value, *, wildcards: bool, variables: bool) -> Sequence[Token]:
    """Return the tokens of a value, its holes among them."""
    if value.text is not None:
        return read_tokens(value.text, wildcards=wildcards, variables=variables)
    if variables and value.leaves_variable_open:
        return [Hole("unknown", str(value))]
    result: list[Token] = []
    for part in value.parts:
        if isinstance(part, Hole):
            result.append(part)
        else:
            result.extend(read_tokens(part, wildcards=wildcards, variables=variables))
    return result
