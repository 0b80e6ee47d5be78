"""Lines of the audited files as reports show them: found by number, secrets masked."""

from __future__ import annotations

import re
from collections.abc import Callable

from iamlint.model import Span
from iamlint.report.escape import mask
from iamlint.report.report import Content

__all__ = ["SourceLines"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_KEPT_FILES = 8


class SourceLines:
    """Gives lines of files by path and number; the last few files are kept at hand."""

    __slots__ = ("_content", "_files", "_masked")

    def __init__(self, content: Callable[[str], Content | None]) -> None:
        self._content = content
        self._files: dict[str, list[str]] = {}
        self._masked: dict[tuple[str, int], str] = {}

    def line(self, path: str, number: int) -> str | None:
        """Return line `number` (from 1) of the file `path` without its line end, secrets masked.

        None when there is no such line or the file cannot be shown. Masking keeps the length, so
        columns still hold.
        """
        lines = self._lines(path)
        if not 1 <= number <= len(lines):
            return None
        key = (path, number)
        masked = self._masked.get(key)
        if masked is None:
            masked = self._masked[key] = mask(lines[number - 1])
        return masked

    def excerpt(self, span: Span, limit: int) -> str | None:
        """Return the text of `span`, secrets masked, or None when it has more than `limit` code points."""
        if span.start_line == span.end_line:
            line = self.line(span.path, span.start_line)
            if line is None or span.end_column - span.start_column > limit:
                return None
            return line[span.start_column - 1 : span.end_column - 1]
        if span.end_line - span.start_line > limit:
            return None
        first, last = self.line(span.path, span.start_line), self.line(span.path, span.end_line)
        if first is None or last is None:
            return None
        between = [self.line(span.path, number) or "" for number in range(span.start_line + 1, span.end_line)]
        text = "\n".join([first[span.start_column - 1 :], *between, last[: span.end_column - 1]])
        return text if len(text) <= limit else None

    def _lines(self, path: str) -> list[str]:
        lines = self._files.get(path)
        if lines is None:
            if len(self._files) >= _KEPT_FILES:
                self._files.clear()
                self._masked.clear()
            content = self._content(path)
            text = "" if content is None else content.text
            lines = [] if content is None else _LINE_END.split(text) if "\r" in text else text.split("\n")
            for span in content.hidden if content is not None else ():
                _hide(lines, span)
            self._files[path] = lines
        return lines


def _hide(lines: list[str], span: Span) -> None:
    """Put a star in the place of each character of a secret; quotes and blanks stay."""
    for number in range(span.start_line, min(span.end_line, len(lines)) + 1):
        line = lines[number - 1]
        start = span.start_column - 1 if number == span.start_line else 0
        end = span.end_column - 1 if number == span.end_line else len(line)
        lines[number - 1] = line[:start] + _SECRET.sub("*", line[start:end]) + line[end:]


_SECRET = re.compile(r"[^\s\"']")
