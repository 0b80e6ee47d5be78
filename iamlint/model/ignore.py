"""What a file says against findings in it: which rules are to be silent, where, why, until when."""

from __future__ import annotations

from iamlint.model.place import Span
from iamlint.record import record

__all__ = ["WHOLE_FILE", "Ignore", "IgnoredRule", "Suppressed"]

WHOLE_FILE = 1 << 62
"""An end beyond every file."""


@record
class IgnoredRule:
    """One rule of an ignore, by id or name as written. With `patterns` only findings are meant all of
    whose evidence fits one of them."""

    word: str
    patterns: tuple[str, ...] = ()


@record
class Ignore:
    """One comment, or entry of a template's metadata, that asks for findings to be hidden.

    `span` is where it is written. It holds for findings that begin in the bytes from `start` up to, not
    including, `end` of the same file, or on the resource with the address `owner`. `until` is its last
    day, YYYY-MM-DD.
    """

    rules: tuple[IgnoredRule, ...]
    reason: str
    until: str | None
    span: Span
    start: int
    end: int
    owner: str | None = None


@record
class Suppressed:
    """Why a finding is not shown: `kind` is `inSource` or `external` (the words of SARIF), `path` and
    `line` are where that was asked for."""

    kind: str
    reason: str
    path: str
    line: int
