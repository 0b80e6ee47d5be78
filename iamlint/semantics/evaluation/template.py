"""Text of a policy taken apart: literal text, wildcards, and policy variables.

Source: IAM user guide, "IAM policy elements: variables and tags".
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from iamlint.record import record

__all__ = [
    "ContextValue",
    "Fixed",
    "Token",
    "Variable",
    "Wild",
    "first_unresolved",
    "literal_text",
    "read_tokens",
    "split_arn",
    "substitute",
]


class Wild(enum.Enum):
    """A wildcard: any run of characters, also none, or exactly one character."""

    RUN = "*"
    ONE = "?"


@record
class Variable:
    """A policy variable: the key in lower case, the default if there is one, and the text as written."""

    key: str
    default: str | None
    text: str


Fixed: TypeAlias = str | Wild
"""A token whose meaning does not depend on the request. A str is literal, whatever characters it holds."""
Token: TypeAlias = str | Wild | Variable
ContextValue: TypeAlias = str | tuple[str, ...]
"""The value of a context key: text when single-valued, a tuple when multi-valued."""

_ESCAPED = frozenset("*?$")


def read_tokens(text: str, *, wildcards: bool, variables: bool) -> tuple[Token, ...]:
    """Return `text` as tokens.

    Without `wildcards`, `*` and `?` are ordinary characters. Without `variables` (policies of 2008, and
    places that take none) `${...}` is plain text, its three escapes included. An unclosed `${` is text.
    """
    if not (wildcards and ("*" in text or "?" in text)) and not (variables and "${" in text):
        return (text,) if text else ()
    tokens: list[Token] = []
    literal: list[str] = []
    # Known beforehand, so that a text full of `${` is read in one pass.
    last_brace, last_quote = text.rfind("}"), text.rfind("'}")

    def flush() -> None:
        if literal:
            tokens.append("".join(literal))
            literal.clear()

    at = 0
    while at < len(text):
        letter = text[at]
        if letter == "$" and variables and at < last_brace and text.startswith("${", at):
            found, end = _read_variable(text, at, last_quote)
            if isinstance(found, str):
                literal.append(found)
            else:
                flush()
                tokens.append(found)
            at = end
            continue
        if wildcards and letter in "*?":
            flush()
            tokens.append(Wild.RUN if letter == "*" else Wild.ONE)
        else:
            literal.append(letter)
        at += 1
    flush()
    return tuple(tokens)


def _read_variable(text: str, start: int, last_quote: int) -> tuple[str | Variable, int]:
    """Return what `${` at `start` begins, and where the text goes on; a `}` follows somewhere."""
    end = text.index("}", start)
    inner = text[start + 2 : end]
    if inner in _ESCAPED:
        return inner, end + 1
    key, quoted, _ = inner.partition(", '")
    if quoted:
        opening = start + 2 + len(key) + len(quoted)
        if opening <= last_quote:
            closing = text.index("'}", opening)
            written = text[start : closing + 2]
            return Variable(key.lower(), text[opening:closing], written), closing + 2
    return Variable(inner.lower(), None, text[start : end + 1]), end + 1


def substitute(tokens: Sequence[Token], keys: Mapping[str, ContextValue]) -> tuple[Fixed, ...] | None:
    """Return the tokens with the values of the request in place of variables; None if one has none.

    Only single-valued keys have a value for this purpose. What is put in is literal.
    """
    fixed: list[Fixed] = []
    for token in tokens:
        if isinstance(token, Variable):
            value = keys.get(token.key)
            if not isinstance(value, str):
                if token.default is None:
                    return None
                value = token.default
            if value:
                fixed.append(value)
        else:
            fixed.append(token)
    return tuple(fixed)


def first_unresolved(tokens: Sequence[Token], keys: Mapping[str, ContextValue]) -> Variable | None:
    """Return the first variable that has no value in the request, for a message."""
    for token in tokens:
        if isinstance(token, Variable) and token.default is None and not isinstance(keys.get(token.key), str):
            return token
    return None


def literal_text(tokens: Sequence[Fixed]) -> str:
    """Return the text that tokens without wildcards stand for."""
    return "".join(token for token in tokens if isinstance(token, str))


def split_arn(tokens: Sequence[Fixed]) -> tuple[tuple[Fixed, ...], ...] | None:
    """Return the six parts of an ARN pattern, split at its first five colons; None if there are fewer."""
    parts: list[list[Fixed]] = [[]]
    for token in tokens:
        if isinstance(token, Wild):
            parts[-1].append(token)
            continue
        first, *rest = token.split(":", 6 - len(parts)) if len(parts) < 6 else [token]
        if first:
            parts[-1].append(first)
        parts.extend([piece] if piece else [] for piece in rest)
    return tuple(map(tuple, parts)) if len(parts) == 6 else None
