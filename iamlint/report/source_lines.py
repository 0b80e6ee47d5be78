"""Lines of the audited files as reports show them: found by number, secrets masked."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable

from iamlint.model import Span
from iamlint.report.escape import mask
from iamlint.report.report import Content

__all__ = ["SourceLines"]

_LINE_END = re.compile(r"\r\n?|\n")
_KEPT_FILES = 8


class SourceLines:
    """Gives lines of files by path and number; the last few files are kept at hand."""

    __slots__ = ("_content", "_files", "_masked")

    def __init__(self, content: Callable[[str], Content | None]) -> None:
        self._content = content
        self._files: dict[str, _Lines] = {}
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

    def _lines(self, path: str) -> _Lines:
        lines = self._files.get(path)
        if lines is None:
            if len(self._files) >= _KEPT_FILES:
                self._files.clear()
                self._masked.clear()
            lines = self._files[path] = _Lines(self._content(path))
        return lines


class _Lines:
    """The lines of one text by number from 0; only those that are asked for are cut out of it, since
    there can be as many as bytes."""

    __slots__ = ("_hidden", "_starts", "_text")

    def __init__(self, content: Content | None) -> None:
        text = "" if content is None else content.text
        self._text = text
        self._starts = array("Q")
        if content is not None:
            self._starts.append(0)
            self._starts.extend(match.end() for match in _LINE_END.finditer(text))
        self._hidden: dict[int, str] = {}
        for span in content.hidden if content is not None else ():
            self._hide(span)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> str:
        hidden = self._hidden.get(index)
        if hidden is not None:
            return hidden
        end = self._starts[index + 1] if index + 1 < len(self._starts) else len(self._text)
        line = self._text[self._starts[index] : end]
        # Two characters at most: a line does not lose its other blanks.
        return line.removesuffix("\n").removesuffix("\r")

    def _hide(self, span: Span) -> None:
        """Put a star in the place of each character of a secret; quotes and blanks stay."""
        for number in range(span.start_line, min(span.end_line, len(self)) + 1):
            line = self[number - 1]
            start = span.start_column - 1 if number == span.start_line else 0
            end = span.end_column - 1 if number == span.end_line else len(line)
            self._hidden[number - 1] = line[:start] + _SECRET.sub("*", line[start:end]) + line[end:]


_SECRET = re.compile(r"[^\s\"']")
