"""Changes of files as a unified diff, safe to show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TextIO

from iamlint.report.colour import Paint
from iamlint.report.escape import PATH_LIMIT, escape, mask
from iamlint.report.report import Display

__all__ = ["write_diff"]

_BREAK = re.compile(r"\r\n|\r|\n")
_CONTEXT = 3
_MOST_LINES = 10_000
"""Lines between the first and the last change that are compared: the search may take their square."""


def write_diff(
    path: str, old: str, new: str, stream: TextIO, display: Display, hidden: Sequence[str] = ()
) -> None:
    """Write how the text of the file `path` changes. The texts of `hidden` are starred, as secrets are."""
    paint = Paint(enabled=display.colour)

    def shown(text: str) -> str:
        for secret in hidden:
            text = text.replace(secret, "*" * len(secret))
        parts = mask(text).split("\t")
        return "\t".join(escape(part, runner=display.runner, limit=len(part)) for part in parts)

    name = escape(path, runner=display.runner, limit=PATH_LIMIT)
    stream.write(paint.bold(f"--- {name}") + "\n" + paint.bold(f"+++ {name}") + "\n")
    for mark, text in _lines(old, new):
        if mark == "@":
            stream.write(paint.related(text) + "\n")
            continue
        line = mark + shown(text)
        if mark in "+-":
            line = paint.added(line) if mark == "+" else paint.removed(line)
        stream.write(line + "\n")


def _lines(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield (mark, text) of each line of the diff; the mark `@` is that of a head of lines."""
    before, after = _split(old), _split(new)
    for group in _groups(before, after):
        first, last = group[0], group[-1]
        yield "@", f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for kind, start, end, new_start, new_end in group:
            if kind == "equal":
                yield from _marked(" ", before, start, end)
                continue
            yield from _marked("-", before, start, end)
            yield from _marked("+", after, new_start, new_end)


def _split(text: str) -> list[str]:
    """Return the lines without their breaks; what follows the last break is a line if there is any."""
    lines = _BREAK.split(text)
    if lines[-1] == "":
        return lines[:-1]
    # A line without a break at its end is another line than one with it.
    return [*lines[:-1], lines[-1] + "\n"]


def _marked(mark: str, lines: Sequence[str], start: int, end: int) -> Iterator[tuple[str, str]]:
    for line in lines[start:end]:
        yield mark, line.removesuffix("\n")
        if line.endswith("\n"):
            yield "\\", " No newline at end of file"


def _groups(before: Sequence[str], after: Sequence[str]) -> Iterator[list[tuple[str, int, int, int, int]]]:
    from difflib import SequenceMatcher

    head, most = 0, min(len(before), len(after))
    while head < most and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < most - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    # A few equal lines around are left to the matcher, which makes the context of them.
    head, tail = max(head - _CONTEXT, 0), max(tail - _CONTEXT, 0)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if max(len(old), len(new)) > _MOST_LINES:
        yield [("replace", head, head + len(old), head, head + len(new))]
        return
    for group in SequenceMatcher(None, old, new).get_grouped_opcodes(_CONTEXT):
        yield [(kind, a + head, b + head, c + head, d + head) for kind, a, b, c, d in group]


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
