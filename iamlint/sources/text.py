"""Bytes to text, and offsets in text to lines, columns and bytes."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right

from iamlint.model import Span

__all__ = ["Text", "UnreadableTextError", "decode"]

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


_LINE_END = re.compile(r"\r\n?|\n")
_BLOCK = 1024
"""Characters between two known byte offsets."""


class UnreadableTextError(Exception):
    """The bytes are not text in an encoding that policies come in; `line` is where that shows."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Text:
    """The decoded content of one file, able to turn character offsets into spans.

    `text` is the content without a byte order mark. The table of lines is made when the first
    span is asked for.
    """

    __slots__ = ("_blocks", "_mark", "_starts", "encoding", "path", "text")

    def __init__(self, path: str, text: str, encoding: str = "utf-8", mark: int = 0) -> None:
        self.path = path
        self.text = text
        self.encoding = encoding
        self._mark = mark
        self._starts: array[int] | None = None
        self._blocks: array[int] | None = None

    @property
    def marked(self) -> bool:
        """Whether the file starts with a byte order mark."""
        return self._mark > 0

    @property
    def mark(self) -> int:
        """The length of the byte order mark, in bytes."""
        return self._mark

    def position(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column, in code points, of the character at `offset`."""
        starts = self._starts
        if starts is None:
            starts = self._starts = _line_starts(self.text)
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line_start(self, line: int) -> int:
        """Return the offset of the first character of a 1-based line; the end of the text behind the last."""
        starts = self._starts
        if starts is None:
            starts = self._starts = _line_starts(self.text)
        return starts[line - 1] if 0 < line <= len(starts) else len(self.text)

    def span(self, start: int, end: int) -> Span:
        """Return the span of the characters from `start` up to, not including, `end`."""
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        first = self._byte_offset(start)
        length = self._byte_offset(end) - first
        return Span(self.path, line, column, end_line, end_column, self._mark + first, length)

    def _byte_offset(self, offset: int) -> int:
        if self.encoding == "utf-8" and self.text.isascii():
            return offset
        blocks = self._blocks
        if blocks is None:
            # Encoding all that stands before each span would cost the square of the file's size.
            blocks = self._blocks = array("Q", [0])
            for start in range(0, len(self.text), _BLOCK):
                blocks.append(blocks[-1] + self._bytes(start, start + _BLOCK))
        block = offset // _BLOCK
        return blocks[block] + self._bytes(block * _BLOCK, offset)

    def _bytes(self, start: int, end: int) -> int:
        return len(self.text[start:end].encode(self.encoding, "surrogatepass"))


def decode(path: str, data: bytes) -> Text:
    """Decode the bytes of the file `path`: UTF-8, or UTF-16/32 as the mark or the zero bytes tell.

    Raises UnreadableTextError for anything else.
    """
    encoding, mark = "utf-8", 0
    for prefix, name in _MARKS:
        if data.startswith(prefix):
            encoding, mark = name, len(prefix)
            break
    else:
        # JSON and YAML start with an ASCII character, so a zero byte beside it tells UTF-16
        # without a mark, which shells on Windows write.
        if data[1:2] == b"\0" and data[:1] not in {b"", b"\0"}:
            encoding = "utf-16-le"
        elif data[:1] == b"\0" and data[1:2] not in {b"", b"\0"}:
            encoding = "utf-16-be"
    try:
        return Text(path, data[mark:].decode(encoding), encoding, mark)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, mark + error.start) + 1
        message = f"not {encoding.upper()} text: byte {mark + error.start} cannot be decoded"
        raise UnreadableTextError(message, line) from None


def _line_starts(text: str) -> array[int]:
    starts = array("Q", [0])
    if "\r" not in text:
        at = text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = text.find("\n", at + 1)
    else:
        starts.extend(match.end() for match in _LINE_END.finditer(text))
    return starts
