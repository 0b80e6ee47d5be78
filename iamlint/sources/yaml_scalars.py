"""How the scalars of YAML are written: which character of the decoded text stands where in the file.

Follows the rules of YAML 1.1, chapter 9: line folding, escapes, indentation and chomping. Needed only for
places inside documents that are written as text.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence

__all__ = ["scalar_offsets"]

_PROPERTIES = re.compile(
    r"(?:(?:![^\s,\[\]{}]*|&[^\s,\[\]{}]+)(?:[ \t]+|(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))+[ \t]*))*"
)
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_HEADER = re.compile(r"[|>]([+-]?)([1-9]?)([+-]?)[ \t]*(?:#[^\r\n]*)?(?:\r\n|[\r\n]|$)")
_DOUBLE_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r\n|.)", re.DOTALL)


def scalar_offsets(text: str, start: int, end: int, style: str | None, value: str) -> Sequence[int] | None:
    """Return, for each character of `value`, where it is written in `text`, and one offset for its end.

    `start` and `end` are the scalar's range with its tag, `style` its YAML style (`|`, `>`, `'`, `"`, or
    empty for a plain one). None when the way it is written cannot be followed.
    """
    match = _PROPERTIES.match(text, start, end)
    if match is not None:
        start = match.end()
    if style in {"|", ">"}:
        offsets = _block_offsets(text, start, end, value, folded=style == ">")
    elif style in {"'", '"'}:
        offsets = _flow_offsets(text, start + 1, end - 1, style)
    else:
        offsets = _flow_offsets(text, start, end, "")
    return offsets if len(offsets) == len(value) + 1 else None


def _flow_offsets(text: str, at: int, end: int, quote: str) -> array[int]:
    """Follow a plain or quoted scalar; lines fold: one break is a blank, more are breaks less one."""
    offsets = _no_offsets()
    while at < end:
        character = text[at]
        if character in "\r\n\x85\u2028\u2029":
            while offsets and text[offsets[-1]] in " \t" and offsets[-1] + 1 == at:
                at = offsets.pop()
            gap = at
            breaks: list[int] = []
            while gap < end:
                skipped = _BREAK.match(text, gap)
                if skipped is not None:
                    breaks.append(gap)
                    gap = skipped.end()
                elif text[gap] in " \t":
                    gap += 1
                else:
                    break
            offsets.extend(breaks[1:] or breaks[:1])
            at = gap
        elif quote == "'" and character == "'":
            offsets.append(at)
            at += 2
        elif quote == '"' and character == "\\":
            escape = _DOUBLE_ESCAPE.match(text, at)
            if escape is None:
                return offsets
            if escape[0][1] in "\r\n":
                at = escape.end()
                while at < end and (text[at] in " \t" or _BREAK.match(text, at)):
                    following = _BREAK.match(text, at)
                    if following is not None:
                        offsets.append(at)
                        at = following.end()
                    else:
                        at += 1
            else:
                offsets.append(at)
                at = escape.end()
        else:
            offsets.append(at)
            at += 1
    offsets.append(end)
    return offsets


def _lines(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield start and end, without its break, of each line from `at` on."""
    while at < len(text):
        stop = _BREAK.search(text, at)
        yield at, stop.start() if stop else len(text)
        if stop is None:
            return
        at = stop.end()


def _no_offsets() -> array[int]:
    """Return an empty list of offsets, in a quarter of the memory of Python's own."""
    return array("Q")


def _block_offsets(text: str, start: int, end: int, value: str, *, folded: bool) -> array[int]:
    """Follow a block scalar line by line: the indentation is left out, the rest stands as it is."""
    header = _HEADER.match(text, start)
    if header is None:
        return _no_offsets()
    first = next(((s, e) for s, e in _lines(text, header.end()) if text[s:e].strip(" ")), None)
    if first is None:
        return array("Q", [end]) * (len(value) + 1)
    indent = len(text[first[0] : first[1]]) - len(text[first[0] : first[1]].lstrip(" "))
    if header[2]:
        # The indicator counts from the parent's indentation, which only the value can tell.
        lead = len(value) - len(value.lstrip("\n"))
        indent -= len(value[lead:]) - len(value[lead:].lstrip(" "))
    offsets = _no_offsets()
    for line, stop_at in _lines(text, header.end()):
        at = len(offsets)
        if at >= len(value):
            break
        blank = not text[line : line + indent].strip(" ")
        content = min(line + indent, stop_at) if blank else stop_at
        offsets.extend(range(content, min(stop_at, content + len(value) - at)))
        following = value[len(offsets) : len(offsets) + 1]
        # A folded line before blank lines has no break of its own; else it has one, or a blank.
        if following == "\n" or (folded and following == " "):
            offsets.append(stop_at)
    last = max([end, *offsets[-1:]])
    offsets.extend(array("Q", [last]) * (len(value) - len(offsets) + 1))
    return offsets
