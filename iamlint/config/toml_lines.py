"""The lines of the keys of a TOML text, which the standard library's parser does not tell.

The text has already been parsed, so it is valid TOML: this scan only has to skip what it does not
need without losing its way.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TypeAlias

__all__ = ["KeyPath", "TomlLines"]

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys from the top of a TOML document, with numbers for the items of arrays."""

_DEEPEST = 20
"""Keys of one dotted key that are told apart: no setting has more than four."""

_SPACE = " \t"
_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_END_OF_BARE_VALUE = frozenset(",]}\n#")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class TomlLines:
    """Tells the line of each key of one valid TOML text; the scan runs at the first question."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._lines: dict[KeyPath, int] | None = None

    def line(self, path: KeyPath) -> int:
        """Return the 1-based line of the key or item at `path`, or of its nearest known ancestor."""
        if self._lines is None:
            self._lines = _Scan(self._text).run()
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def source(self, line: int) -> str:
        """Return the text of a 1-based line."""
        lines = self._text.split("\n")
        return lines[line - 1] if line <= len(lines) else ""


class _Scan:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        # The sentinel ends every loop at the end of the text.
        self._text = text + "\n\0"
        self._place = 0
        self._starts = [0]
        self._starts.extend(place + 1 for place, character in enumerate(text) if character == "\n")
        self._lines: dict[KeyPath, int] = {}
        self._tables: dict[KeyPath, int] = {}

    def run(self) -> dict[KeyPath, int]:
        prefix: KeyPath = ()
        while True:
            self._skip_blank()
            character = self._text[self._place]
            if character == "\0":
                return self._lines
            if character == "[":
                prefix = self._header()
            else:
                self._pair(prefix)

    def _header(self) -> KeyPath:
        start = self._place
        is_array = self._text[self._place + 1] == "["
        self._place += 2 if is_array else 1
        keys = self._keys()
        path: KeyPath = ()
        for number, key in enumerate(keys[:_DEEPEST]):
            path = (*path, key)
            self._note(path, start)
            if path in self._tables and not (is_array and number == len(keys) - 1):
                path = (*path, self._tables[path] - 1)
        if is_array:
            count = self._tables.get(path, 0)
            self._tables[path] = count + 1
            path = (*path, count)
            self._note(path, start)
        self._skip_line()
        return path

    def _pair(self, prefix: KeyPath) -> None:
        start = self._place
        path = prefix
        for key in self._keys()[:_DEEPEST]:
            path = (*path, key)
            self._note(path, start)
        self._place += 1  # the equals sign
        self._skip_space()
        self._value(path)

    def _note(self, path: KeyPath, place: int) -> None:
        self._lines.setdefault(path, bisect_right(self._starts, place))

    def _keys(self) -> list[str]:
        """Read a dotted key and leave the place at what follows it."""
        keys: list[str] = []
        while True:
            self._skip_space()
            character = self._text[self._place]
            if character in "\"'":
                keys.append(self._string())
            else:
                start = self._place
                while self._text[self._place] in _BARE:
                    self._place += 1
                keys.append(self._text[start : self._place])
            self._skip_space()
            if self._text[self._place] != ".":
                return keys
            self._place += 1

    def _value(self, path: KeyPath) -> None:
        character = self._text[self._place]
        if character in "\"'":
            self._string()
        elif character == "[":
            self._place += 1
            number = 0
            while not self._closes("]"):
                self._note((*path, number), self._place)
                self._value((*path, number))
                number += 1
        elif character == "{":
            self._place += 1
            while not self._closes("}"):
                self._pair(path)
        else:
            while self._text[self._place] not in _END_OF_BARE_VALUE:
                self._place += 1

    def _closes(self, end: str) -> bool:
        """Go on to the next item of an array or inline table; say whether there is none."""
        self._skip_blank()
        if self._text[self._place] == ",":
            self._place += 1
            self._skip_blank()
        if self._text[self._place] in (end, "\0"):
            self._place += self._text[self._place] == end
            return True
        return False

    def _string(self) -> str:
        """Read a string of any of the four kinds; only what keys can hold is decoded."""
        quote = self._text[self._place]
        mark = quote * 3 if self._text.startswith(quote * 3, self._place) else quote
        self._place += len(mark)
        parts: list[str] = []
        while not self._text.startswith(mark, self._place) and self._text[self._place] != "\0":
            character = self._text[self._place]
            self._place += 1
            if character == "\\" and quote == '"':
                character = self._escape()
            parts.append(character)
        self._place += len(mark)
        # Up to two quotes may stand before the closing three.
        while len(mark) == 3 and self._text[self._place] == quote:
            self._place += 1
        return "".join(parts)

    def _escape(self) -> str:
        letter = self._text[self._place]
        self._place += 1
        digits = {"x": 2, "u": 4, "U": 8}.get(letter)
        if digits is None:
            return _ESCAPES.get(letter, letter)
        code = self._text[self._place : self._place + digits]
        self._place += digits
        return chr(int(code, 16))

    def _skip_space(self) -> None:
        while self._text[self._place] in _SPACE:
            self._place += 1

    def _skip_line(self) -> None:
        self._place = self._text.index("\n", self._place) + 1

    def _skip_blank(self) -> None:
        while True:
            character = self._text[self._place]
            if character in " \t\n":
                self._place += 1
            elif character == "#":
                self._skip_line()
            else:
                return
