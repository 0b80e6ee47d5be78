"""Python source to a syntax tree, within bounds; nothing is imported and nothing is executed.

The parser is the interpreter's own: it refuses what is nested too deep instead of running out of
stack, and is linear in the size of the text. It knows the grammar of the Python that runs it.
"""

from __future__ import annotations

import ast
import re
import warnings
from codecs import lookup

from iamlint.sources.text import Text, UnreadableTextError, decode

__all__ = ["Positions", "PythonSyntaxError", "decode_python", "parse_python"]

_MAX_CHARACTERS = 4_000_000
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]{1,40})")
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_TOO_DEEP = re.compile(r"too many nested|too many indentation|too many statically nested|too complex")


class PythonSyntaxError(Exception):
    """The text is not Python, or (`limit`) more of it than is read; `line` and `column` are 1-based."""

    def __init__(self, message: str, line: int, column: int, *, limit: bool = False) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.limit = limit


def decode_python(path: str, data: bytes) -> Text:
    """Return the text of a Python file in the encoding that its first two lines name (PEP 263), else
    in UTF-8. Raises UnreadableTextError."""
    name = None if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) else _cookie(data)
    if name is not None:
        try:
            encoding = lookup(name).name
            if encoding not in {"utf-8", "ascii"} and not encoding.startswith(("utf-16", "utf-32")):
                text = data.decode(encoding)
                if text.encode(encoding) == data:
                    return Text(path, text, encoding)
        except (LookupError, UnicodeError, ValueError, AttributeError):
            raise UnreadableTextError(f"not {name[:40]} text", 1) from None
    return decode(path, data)


def _cookie(data: bytes) -> str | None:
    for line in data.split(b"\n", 2)[:2]:
        match = _COOKIE.match(line)
        if match is not None:
            return match[1].decode("ascii", "replace")
        if _BLANK.match(line.rstrip(b"\r")) is None:
            return None
    return None


def parse_python(text: str) -> ast.Module:
    """Return the tree of a module. Raises PythonSyntaxError."""
    if len(text) > _MAX_CHARACTERS:
        raise PythonSyntaxError(f"more than {_MAX_CHARACTERS:,} characters", 1, 1, limit=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (RecursionError, MemoryError):
            raise PythonSyntaxError("it is nested too deep", 1, 1, limit=True) from None
        except SyntaxError as error:
            message = (error.msg or "invalid syntax").split(" (")[0]
            line, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
            limit = _TOO_DEEP.search(message) is not None
            raise PythonSyntaxError(message, line, column, limit=limit) from None
        except ValueError as error:
            # A zero byte, or half of a surrogate pair.
            message = str(error).split(":", 1)[0][:100]
            raise PythonSyntaxError(message, 1, 1) from None


class Positions:
    """Turns the places of nodes (line, and column in bytes of UTF-8) into offsets in the text."""

    __slots__ = ("_ascii", "_text")

    def __init__(self, text: Text) -> None:
        self._text = text
        self._ascii = text.text.isascii()

    def start(self, node: ast.AST) -> int:
        """Return the offset of a node's first character."""
        return self._offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]  # all but a few have places

    def end(self, node: ast.AST) -> int:
        """Return the offset behind a node's last character."""
        return self._offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]  # as above

    def _offset(self, line: int, column: int) -> int:
        start = self._text.line_start(line)
        if self._ascii:
            return start + column
        # A character has at most four bytes and at least one.
        piece = self._text.text[start : start + column].encode("utf-8", "surrogatepass")[:column]
        return start + len(piece.decode("utf-8", "ignore"))
