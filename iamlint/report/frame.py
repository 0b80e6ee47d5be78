"""Code frames: the lines that matter, with marks below them, at most as wide as the terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from iamlint.model import Severity, Span
from iamlint.report.colour import Paint
from iamlint.report.escape import escape, escape_character, mask
from iamlint.report.printer import Printer
from iamlint.report.source_lines import SourceLines

__all__ = ["Mark", "frame"]

TAB = "    "
"""What a tab looks like, wherever it stands."""

MAX_LINES = 8
"""Source lines of one frame, and parts that are shown of one long line; more are folded."""

_NARROWEST = 40
_GUTTER = 5
_NOTE_LIMIT = 300


class Mark(NamedTuple):
    """A place to point at: of the finding itself (`is_primary`) or related to it, with a short note."""

    span: Span
    note: str
    is_primary: bool


class _Piece(NamedTuple):
    """The part of a mark on one line: 0-based code points `start` up to `end`, None for the line's end."""

    start: int
    end: int | None
    note: str
    is_primary: bool


class _Excerpt(NamedTuple):
    """The part of a line that is shown, as code points `low` up to `high`, and what is marked in it."""

    low: int
    high: int
    pieces: list[_Piece]


def frame(
    source: SourceLines,
    path: str,
    marks: Sequence[Mark],
    *,
    severity: Severity,
    width: int,
    printer: Printer,
    paint: Paint,
) -> tuple[list[str], list[Mark]]:
    """Return the frame around `marks`, which all lie in the file `path`, and the marks it left out.

    `width` is in columns and counts the numbers at the left. The frame is empty when the file
    cannot be shown.
    """
    wanted = _pieces_by_line(source, path, marks)
    numbers = _folded(wanted)
    rows: list[str] = []
    gutter = max(_GUTTER, len(str(max(numbers, default=0))))
    room = max(width, _NARROWEST) - gutter - len(" | ")
    blank = paint.faint(" " * gutter + " |")
    skipped = sorted(set(wanted).difference(numbers))
    shown: set[tuple[int, int]] = set()
    previous = 0
    for number in numbers:
        if previous and any(previous < other < number for other in skipped):
            rows.append(" " * (gutter - 2) + "...")
        previous = number
        line = source.line(path, number) or ""
        for excerpt in _excerpts(line, wanted[number], room, len(printer.ellipsis), printer):
            shown.update((number, piece.start) for piece in excerpt.pieces)
            rows.append(f"{paint.faint(f'{number:>{gutter}} |')} {_shown(line, excerpt, printer)}".rstrip())
            rows += [f"{blank} {row}" for row in _mark_rows(line, excerpt, severity, printer, paint)]
    left_out = [
        mark
        for mark in marks
        if mark.is_primary and (mark.span.start_line, mark.span.start_column - 1) not in shown
    ]
    return rows, left_out


def _pieces_by_line(source: SourceLines, path: str, marks: Iterable[Mark]) -> dict[int, list[_Piece]]:
    """Return what to mark on each line that is worth showing."""
    pieces: dict[int, list[_Piece]] = {}
    primaries = [mark.span for mark in marks if mark.is_primary]
    for mark in marks:
        span = mark.span
        if source.line(path, span.start_line) is None:
            continue
        on_first = pieces.setdefault(span.start_line, [])
        start = span.start_column - 1
        if span.end_line == span.start_line:
            if mark.is_primary or mark.note or not any(_encloses(span, inner) for inner in primaries):
                on_first.append(_Piece(start, span.end_column - 1, mark.note, mark.is_primary))
        elif mark.is_primary:
            on_first.append(_Piece(start, None, mark.note, True))
            last_line, end = span.end_line, span.end_column - 1
            if end == 0:
                # Nothing of the last line but the line end before it.
                last_line -= 1
                end = len(source.line(path, last_line) or "")
            between = range(span.start_line + 1, min(last_line, span.start_line + MAX_LINES))
            pieces.update((number, []) for number in between if number not in pieces)
            last = source.line(path, last_line)
            if last is not None and last_line > span.start_line:
                indent = len(last) - len(last.lstrip())
                below = [_Piece(indent, end, "", True)] if indent < end else []
                pieces.setdefault(last_line, []).extend(below)
        elif mark.note:
            on_first.append(_Piece(start, None, mark.note, False))
    return pieces


def _encloses(outer: Span, inner: Span) -> bool:
    return (outer.start_line, outer.start_column) <= (inner.start_line, inner.start_column) and (
        inner.end_line,
        inner.end_column,
    ) <= (outer.end_line, outer.end_column)


def _folded(pieces: dict[int, list[_Piece]]) -> list[int]:
    """Return the numbers of the lines to show: those of the finding first, then those with a note."""

    def importance(number: int) -> tuple[int, int]:
        marked = pieces[number]
        if any(piece.is_primary for piece in marked):
            return (0, number)
        return (1 if any(piece.note for piece in marked) else 2, number)

    return sorted(sorted(pieces, key=importance)[:MAX_LINES])


def _excerpts(
    line: str, pieces: Sequence[_Piece], room: int, ellipsis: int, printer: Printer
) -> list[_Excerpt]:
    """Return the parts of `line` to show: all of it where it fits, else a window around each mark."""
    if len(line) <= 4 * room and _width(line, printer) <= room:
        return [_Excerpt(0, len(line), list(pieces))]
    excerpts: list[_Excerpt] = []
    for piece in sorted(pieces, key=lambda piece: (not piece.is_primary, piece.start)):
        for excerpt in excerpts:
            if excerpt.low <= piece.start < excerpt.high or piece.start == excerpt.high == len(line):
                excerpt.pieces.append(piece)
                break
        else:
            if len(excerpts) == MAX_LINES:
                continue
            low, high = _window(line, piece, room, ellipsis, printer)
            excerpts.append(_Excerpt(low, high, [piece]))
    if not excerpts:
        low, high = _window(line, _Piece(0, 0, "", False), room, ellipsis, printer)
        excerpts.append(_Excerpt(low, high, []))
    return sorted(excerpts, key=lambda excerpt: excerpt.low)


def _window(line: str, piece: _Piece, room: int, ellipsis: int, printer: Printer) -> tuple[int, int]:
    """Return the code points of `line` to show, with `piece` in the middle, within `room` columns."""
    budget = room - 2 * ellipsis
    low = min(piece.start, len(line))
    end = len(line) if piece.end is None else min(piece.end, len(line))
    high, used = _grow_right(line, low, end, budget * 2 // 3, printer)
    low, taken = _grow_left(line, low, (budget - used) // 2, printer)
    used += taken
    high, taken = _grow_right(line, high, len(line), budget - used, printer)
    used += taken
    low, _ = _grow_left(line, low, budget - used, printer)
    return low, high


def _grow_right(line: str, at: int, end: int, budget: int, printer: Printer) -> tuple[int, int]:
    # Characters without width are free, so the number of characters is bounded as well.
    used, last = 0, min(end, at + 4 * max(budget, 0))
    while at < last:
        width = _cell(line[at], printer)[1]
        if used + width > budget:
            break
        used += width
        at += 1
    return at, used


def _grow_left(line: str, at: int, budget: int, printer: Printer) -> tuple[int, int]:
    used, last = 0, max(0, at - 4 * max(budget, 0))
    while at > last:
        width = _cell(line[at - 1], printer)[1]
        if used + width > budget:
            break
        used += width
        at -= 1
    return at, used


def _cell(character: str, printer: Printer) -> tuple[str, int]:
    """Return how `character` is shown, and the columns it takes."""
    if " " <= character <= "~":
        return character, 1
    if character == "\t":
        return TAB, len(TAB)
    shown = printer.shown(escape_character(character))
    if shown != character:
        return shown, len(shown)
    if unicodedata.category(character) in {"Mn", "Me"}:
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _width(text: str, printer: Printer) -> int:
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_cell(character, printer)[1] for character in text)


def _shown(line: str, excerpt: _Excerpt, printer: Printer) -> str:
    part = line[excerpt.low : excerpt.high]
    if not (part.isascii() and part.isprintable()):
        part = "".join(_cell(character, printer)[0] for character in part)
    before = printer.ellipsis if excerpt.low else ""
    after = printer.ellipsis if excerpt.high < len(line) else ""
    return before + part + after


class _Underline(NamedTuple):
    """Columns `left` up to `right` of a row of marks."""

    left: int
    right: int
    piece: _Piece


def _mark_rows(line: str, excerpt: _Excerpt, severity: Severity, printer: Printer, paint: Paint) -> list[str]:
    """Return the rows below an excerpt. Marks share a row unless they overlap or a note is in the way."""
    indent = len(printer.ellipsis) if excerpt.low else 0
    rows: list[list[_Underline]] = []
    for piece in sorted(excerpt.pieces, key=lambda piece: (not piece.is_primary, piece.start)):
        start = max(piece.start, excerpt.low)
        end = excerpt.high if piece.end is None else min(piece.end, excerpt.high)
        left = indent + _width(line[excerpt.low : start], printer)
        right = left + max(1, _width(line[start:end], printer))
        new = _Underline(left, right, piece)
        for row in rows:
            if all(_can_share(new, other) for other in row):
                row.append(new)
                break
        else:
            if len(rows) < MAX_LINES:
                rows.append([new])
    return [_drawn(sorted(row, key=lambda underline: underline.left), severity, paint) for row in rows]


def _can_share(one: _Underline, other: _Underline) -> bool:
    first, second = (one, other) if one.left <= other.left else (other, one)
    return first.right <= second.left and not first.piece.note


def _drawn(row: Sequence[_Underline], severity: Severity, paint: Paint) -> str:
    text, column = "", 0
    for underline in row:
        text += " " * (underline.left - column)
        length = underline.right - underline.left
        note = escape(mask(underline.piece.note), limit=_NOTE_LIMIT)
        if underline.piece.is_primary:
            text += paint.severity(severity, "^" * length + (f" {note}" if note else ""))
        else:
            text += paint.related("-" * length + (f" {note}" if note else ""))
        column = underline.right
    return text
