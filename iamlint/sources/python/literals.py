"""String literals of Python: their text piece by piece, and where each character of it stands.

A syntax tree tells what a literal comes to; it does not tell where a character of that stands, and not
where the parts of formatted and of adjacent literals begin. So literals are read from the source.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right

from iamlint.model import Hole, Part
from iamlint.record import record

__all__ = ["Segment", "hole_segment", "literal_pieces"]

_QUOTE = re.compile(r"([A-Za-z]{0,3})(\"\"\"|'''|\"|')")
_SIMPLE = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\n": "",
    "\r": "",
    "\r\n": "",
}
_ESCAPE = r"\\(?:\r\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}\n]{1,80}\}|.)"
_PLAIN = {quote: re.compile(rf"{quote}|{_ESCAPE}|\r\n?", re.DOTALL) for quote in ('"""', "'''", '"', "'")}
_FORMATTED = {
    quote: re.compile(rf"{quote}|{_ESCAPE}|\r\n?|\{{\{{|\}}\}}|\{{", re.DOTALL)
    for quote in ('"""', "'''", '"', "'")
}
HOLE_WIDTH = 64
"""Characters that a hole takes in the offsets of a text: more than the token that stands for it."""


@record
class Segment:
    """A piece of a text: known characters or a hole.

    `marks` are pairs (offset in the part, offset in the file) in rising order, between which both
    advance together; `end` is the offset in the file behind the last character.
    """

    part: Part
    marks: tuple[tuple[int, int], ...]
    end: int

    @property
    def width(self) -> int:
        """How many offsets the piece takes."""
        return len(self.part) if isinstance(self.part, str) else HOLE_WIDTH

    def place(self, offset: int) -> int:
        """Return the offset in the file of the character at `offset`."""
        if not isinstance(self.part, str):
            return self.marks[0][1] if offset <= 0 else self.end
        if offset >= len(self.part):
            return self.end
        at = max(bisect_right(self.marks, (offset, 1 << 62)) - 1, 0)
        start, target = self.marks[at]
        return min(target + offset - start, self.end)

    def cut(self, start: int, end: int) -> Segment:
        """Return the characters from `start` up to, not including, `end`."""
        assert isinstance(self.part, str)
        marks = [(0, self.place(start))]
        marks.extend((at - start, target) for at, target in self.marks if start < at < end)
        return Segment(self.part[start:end], tuple(marks), self.place(end))


def hole_segment(hole: Hole, start: int, end: int) -> Segment:
    """Return the piece for a hole that is written from `start` to `end`."""
    return Segment(hole, ((0, start),), end)


def literal_pieces(source: str, start: int, end: int) -> list[Segment | tuple[int, int]]:
    """Return the pieces of the adjacent string literals between two offsets; the range of each
    replacement field of a formatted literal stands between them."""
    pieces: list[Segment | tuple[int, int]] = []
    at = start
    while at < end:
        character = source[at]
        if character == "#":
            line = source.find("\n", at)
            at = end if line < 0 else line + 1
            continue
        match = _QUOTE.match(source, at) if character in "\"'" or character.isalpha() else None
        at = at + 1 if match is None else _literal(source, match, end, pieces)
    return pieces


def _literal(source: str, opening: re.Match[str], end: int, pieces: list[Segment | tuple[int, int]]) -> int:
    """Add the pieces of one literal; return the offset behind it."""
    prefix, quote = opening[1].lower(), opening[2]
    raw = "r" in prefix
    formatted = "f" in prefix or "t" in prefix
    pattern = _FORMATTED[quote] if formatted else _PLAIN[quote]
    text: list[str] = []
    marks = [(0, opening.end())]
    length = 0
    at = copied = opening.end()

    def add(characters: str, behind: int) -> None:
        nonlocal length, copied
        text.append(characters)
        length += len(characters)
        marks.append((length, behind))
        copied = behind

    def close(behind: int) -> None:
        nonlocal length, marks
        if length:
            pieces.append(Segment("".join(text), tuple(marks), behind))
        text.clear()
        length, marks = 0, []

    while at < end:
        match = pattern.search(source, at, end)
        if match is None:
            break
        found = match[0]
        at = match.end()
        plain = source[copied : match.start()]
        if found == quote:
            text.append(plain)
            length += len(plain)
            close(match.start())
            return at
        if raw and found[0] == "\\":
            # The backslash stays; so does what follows it, a quote too.
            at = match.start() + 2
            continue
        text.append(plain)
        length += len(plain)
        if found == "{":
            close(match.start())
            at = copied = _field_end(source, match.end(), end, quote)
            pieces.append((match.start(), at))
            marks = [(0, at)]
            continue
        add(_decoded(found, binary="b" in prefix), at)
    text.append(source[copied:end])
    length += max(end - copied, 0)
    close(end)
    return end


def _decoded(found: str, *, binary: bool) -> str:
    """Return the character that an escape, a doubled brace or a line end stands for."""
    if found in {"{{", "}}"}:
        return found[0]
    if found[0] == "\r":
        return "\n"
    word = found[1:]
    if word in _SIMPLE:
        return _SIMPLE[word]
    if word[0] in "01234567":
        return chr(int(word, 8))
    if word[0] in "xuU" and len(word) > 1 and not (binary and word[0] != "x"):
        number = int(word[1:], 16)
        return chr(number) if number < 0x110000 else "?"
    if word[0] == "N" and len(word) > 1:
        try:
            return unicodedata.lookup(word[2:-1])
        except KeyError:
            return "?"
    return found


def _field_end(source: str, at: int, end: int, quote: str) -> int:
    """Return the offset behind the brace that closes a replacement field."""
    depth = 0
    while at < end:
        character = source[at]
        if character in "\"'":
            match = _QUOTE.match(source, at)
            assert match is not None
            closing = source.find(match[2], match.end(), end)
            at = end if closing < 0 else closing + len(match[2])
            continue
        if character in "{[(":
            depth += 1
        elif character in "])" or (character == "}" and depth):
            depth -= 1
        elif character == "}":
            return at + 1
        at += 1
    return end
