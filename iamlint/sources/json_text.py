"""JSON with exact places: parsed by the standard library, located on demand by a scanner of our own."""

from __future__ import annotations

import functools
import json
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from iamlint.model import Embedded, Excerpt, Pointer, Span
from iamlint.sources.text import Text

if TYPE_CHECKING:
    from iamlint.model.surroundings import Surroundings
    from iamlint.sources.surroundings import InTemplate

__all__ = [
    "JsonDocument",
    "JsonIndex",
    "JsonSyntaxError",
    "StringOffsets",
    "WrittenNumber",
    "parse_json",
    "string_offsets",
]

MAX_DEPTH = 200
"""Containers inside one another; IAM documents need about ten, deeper input is hostile."""
MAX_CONTAINERS = 3_000_000
"""Objects and lists of one text, a tenth of a gigabyte per million; the largest plans have fewer."""


class JsonSyntaxError(Exception):
    """The text is not JSON, or beyond a limit of ours (`limit`); `offset` is the character where that
    shows."""

    def __init__(self, message: str, offset: int, *, limit: bool = False) -> None:
        super().__init__(message)
        self.offset = offset
        self.limit = limit


class _Tally:
    """Counts what the standard reader would pass over in silence."""

    __slots__ = ("repeated",)

    def __init__(self) -> None:
        self.repeated = False

    def mapping(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        if len(result) != len(pairs):
            self.repeated = True
        return result


def _refuse_constant(name: str) -> object:
    raise JsonSyntaxError(f"{name} is not JSON", 0)


class WrittenNumber(float):
    """A number with a fraction or an exponent whose text says more than the usual one: `10.50`, or more
    digits than a float holds. `str` and `repr` give the text as it was written."""

    __slots__ = ("_text",)
    _text: str

    @classmethod
    def read(cls, text: str) -> float:
        """Return the number of a JSON text."""
        number = float(text)
        if repr(number) == text:
            return number
        written = cls(number)
        written._text = text
        return written

    def __repr__(self) -> str:
        return self._text

    __str__ = __repr__


def parse_json(text: str) -> tuple[object, bool]:
    """Return the tree of `text` and whether some object repeats a key (the last one wins).

    Raises JsonSyntaxError, also for nesting beyond MAX_DEPTH.
    """
    brackets = text.count("{") + text.count("[")
    if brackets > MAX_CONTAINERS:
        raise JsonSyntaxError(
            f"more than {MAX_CONTAINERS:,} objects and lists, which is no policy", 0, limit=True
        )
    tally = _Tally()
    # A hook for each object takes as long again as the parsing: large texts are counted afterwards.
    hook = tally.mapping if len(text) <= _LARGEST_WRITTEN_BY_HAND else None
    try:
        tree = json.loads(
            text, object_pairs_hook=hook, parse_float=WrittenNumber.read, parse_constant=_refuse_constant
        )
    except json.JSONDecodeError as error:
        raise JsonSyntaxError(error.msg, error.pos) from None
    except JsonSyntaxError as error:
        raise JsonSyntaxError(str(error), _odd_number_offset(text)) from None
    except ValueError:
        # CPython refuses to convert an integer of thousands of digits.
        raise JsonSyntaxError("a number of too many digits", _odd_number_offset(text), limit=True) from None
    except RecursionError:
        raise JsonSyntaxError(_TOO_DEEP, max(_depth_offset(text), 0), limit=True) from None
    if brackets > MAX_DEPTH and _is_too_deep(tree):
        raise JsonSyntaxError(_TOO_DEEP, max(_depth_offset(text), 0), limit=True)
    if hook is None:
        more = _written_members(text) - _members(tree)
        if more and (_ESCAPED_COLON.search(text) is not None or more != _colon_texts(tree)):
            json.loads(text, object_pairs_hook=tally.mapping)
    return tree, tally.repeated


_KEY_END = re.compile(r'"[ \t\r\n]++:')
_ESCAPED_KEY_END = re.compile(r'(\\++)"[ \t\r\n]*+:')


def _written_members(text: str) -> int:
    """Return how many members the objects of a JSON text are written with; too many where a string starts
    with a colon, as the end of a key does, but never too few."""
    count = text.count('":') + sum(1 for _ in _KEY_END.finditer(text))
    # A quote behind an odd number of backslashes is inside a string. To try each run of backslashes takes
    # longer than to count the one that policies within text have.
    if '\\\\"' not in text and _SPACED_ESCAPE.search(text) is None:
        return count - text.count('\\":')
    return count - sum(1 for match in _ESCAPED_KEY_END.finditer(text) if len(match[1]) % 2)


_SPACED_ESCAPE = re.compile(r'\\"[ \t\r\n]++:')


def _members(tree: object) -> int:
    """Return how many members the objects of a tree have."""
    count = 0
    level: list[object] = [tree]
    while level:
        following: list[object] = []
        for node in level:
            if type(node) is dict:
                count += len(node)
                following.extend([one for one in node.values() if type(one) is dict or type(one) is list])
            elif type(node) is list:
                following.extend([one for one in node if type(one) is dict or type(one) is list])
        level = following
    return count


_ESCAPED_COLON = re.compile(r"\\u00(?:3[aA]|20)")


def _colon_texts(tree: object) -> int:
    """Return how many strings of a tree start with a colon, or with one behind spaces."""
    count = 0
    pending: list[object] = [tree]
    while pending:
        node = pending.pop()
        if type(node) is dict:
            count += sum(1 for key in node if key.lstrip(" ")[:1] == ":")
        for one in node.values() if type(node) is dict else node if type(node) is list else ():
            if type(one) is str:
                count += ":" in one and one.lstrip(" ")[:1] == ":"
            elif type(one) is dict or type(one) is list:
                pending.append(one)
    return count


_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
_LARGEST_WRITTEN_BY_HAND = 1_000_000


def _is_too_deep(tree: object) -> bool:
    """Say whether containers lie more than MAX_DEPTH deep, looking level by level."""
    level: list[object] = [tree]
    for _ in range(MAX_DEPTH + 1):
        following: list[object] = []
        for node in level:
            members = node.values() if type(node) is dict else node if type(node) is list else ()
            following.extend([member for member in members if type(member) is dict or type(member) is list])
        if not following:
            return False
        level = following
    return True


_NUMBER = re.compile(
    r'"(?:[^"\\]|\\.)*+"|(NaN|-?Infinity|-?[0-9]++(?![.eE]))|-?[0-9.]++(?:[eE][-+]?[0-9]++)?', re.DOTALL
)
_MOST_DIGITS = 4000
"""CPython's own limit is a little higher."""


def _odd_number_offset(text: str) -> int:
    """Return the offset of the first number that JSON or CPython does not know. Up to there the text
    has been parsed, so nothing before it is malformed."""
    for match in _NUMBER.finditer(text):
        word = match[1]
        if word is not None and (len(word) > _MOST_DIGITS or not word[-1].isdigit()):
            return match.start()
    return 0


_BRACKET = re.compile(r'(?:[^"{}\[\]]|"(?:[^"\\]|\\.)*+")*+([{}\[\]])', re.DOTALL)


def _depth_offset(text: str) -> int:
    """Return the offset of the first bracket that is nested too deep, or -1."""
    depth = at = 0
    # Not finditer: after the last bracket it would start anew at each character of the rest.
    while (match := _BRACKET.match(text, at)) is not None:
        at = match.end()
        if match[1] in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return match.start(1)
        else:
            depth -= 1
    return -1


_SPACE = re.compile(r"[ \t\r\n]*+")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)


_KEY = re.compile(r'("(?:[^"\\]|\\.)*+")[ \t\r\n]*+:[ \t\r\n]*+', re.DOTALL)
_COMMA = re.compile(r"[ \t\r\n]*+,[ \t\r\n]*+")
_STRING_ITEM = re.compile(r'("(?:[^"\\]|\\.)*+")[ \t\r\n]*+,?[ \t\r\n]*+', re.DOTALL)


class _Child:
    """One member of a container: the offsets of its key (equal for list items) and of its value."""

    __slots__ = ("end", "key_end", "key_start", "start")

    def __init__(self, key_start: int, key_end: int, start: int, end: int) -> None:
        self.key_start = key_start
        self.key_end = key_end
        self.start = start
        self.end = end


class JsonIndex:
    """Offsets of the nodes of a JSON text that has been parsed before, found level by level.

    Only the containers on the way to a node are scanned member by member; all others are skipped
    from bracket to bracket, so one finding in a large plan does not cost a second parse.
    """

    def __init__(self, text: str, start: int = 0) -> None:
        self._text = text
        self._root = _after_space(text, start)
        self._levels: dict[int, dict[str | int, _Child]] = {}
        self._repeats: dict[int, list[tuple[str, _Child]]] = {}
        self._whole: _Child | None = None

    def locate(self, pointer: Pointer) -> _Child:
        """Return the offsets for `pointer` (keys and indexes only), or of the nearest ancestor."""
        child = self._whole
        if child is None:
            child = self._whole = _Child(self._root, self._root, self._root, self._end(self._root))
        for step in pointer:
            if isinstance(step, Embedded):
                break
            members = self.members(child.start)
            found = members.get(step)
            if found is None:
                break
            child = found
        return child

    def members(self, start: int) -> dict[str | int, _Child]:
        """Return the members of the container at `start`; empty for a scalar."""
        level = self._levels.get(start)
        if level is None:
            level = {}
            for key, child in self._scan(start):
                if key in level and isinstance(key, str):
                    self._repeats.setdefault(start, []).append((key, level[key]))
                level[key] = child
            self._levels[start] = level
        return level

    def repeated_keys(self) -> Iterator[tuple[str, int, int]]:
        """Yield (key, offset, end) of each key that a later one of the same object replaces."""
        pending = [self._root]
        while pending:
            start = pending.pop()
            for child in self.members(start).values():
                if self._text[child.start] in "{[":
                    pending.append(child.start)
            for key, child in self._repeats.get(start, ()):
                yield key, child.key_start, child.key_end

    def _scan(self, start: int) -> Iterator[tuple[str | int, _Child]]:
        text = self._text
        opening = text[start : start + 1]
        if opening == "{":
            yield from self._scan_object(_after_space(text, start + 1))
        elif opening == "[":
            yield from self._scan_list(_after_space(text, start + 1))

    def _scan_object(self, at: int) -> Iterator[tuple[str, _Child]]:
        text = self._text
        while (match := _KEY.match(text, at)) is not None:
            key_end = match.end(1)
            start = match.end()
            word = text[at + 1 : key_end - 1]
            key = json.loads(match[1], strict=False) if "\\" in word else word
            end = self._end(start)
            yield key, _Child(at, key_end, start, end)
            following = _COMMA.match(text, end)
            if following is None:
                return
            at = following.end()

    def _scan_list(self, at: int) -> Iterator[tuple[int, _Child]]:
        text = self._text
        index = 0
        while at < len(text) and text[at] not in "}]":
            # Most lists of a policy hold strings, which one pattern reads together with the comma.
            match = _STRING_ITEM.match(text, at)
            end = self._end(at) if match is None else match.end(1)
            yield index, _Child(at, at, at, end)
            index += 1
            if match is None:
                match = _COMMA.match(text, end)
                if match is None:
                    return
            at = match.end()

    def _end(self, start: int) -> int:
        """Return where the value at `start` ends. The C scanner finds that faster than any pattern;
        what it reads is thrown away, objects as the number of their members."""
        try:
            return _SCAN(self._text, start)[1]
        except (StopIteration, ValueError, RecursionError):
            # Not JSON, which the parser has told before: a place for what can be placed.
            return len(self._text)


_DECODER: Any = json.JSONDecoder(strict=False, object_pairs_hook=len)
_SCAN: Callable[[str, int], tuple[object, int]] = _DECODER.scan_once


class JsonDocument:
    """A parsed JSON file: its tree, and the places of its nodes. `source` is the text of the file.

    `strict` is the text that was parsed where it is not the file's own: the same characters with
    comments and the like blanked, so that offsets agree.
    """

    def __init__(
        self,
        text: Text,
        tree: object,
        format: str,  # noqa: A002 -- the word of the model
        *,
        repeated: bool = False,
        strict: str | None = None,
    ) -> None:
        self.source = text
        self.strict = text.text if strict is None else strict
        self._index: JsonIndex | None = None
        self._template: InTemplate | None = None
        self.tree = tree
        self.format = format
        self.repeated = repeated

    @property
    def path(self) -> str:
        """Path of the file, relative to the root."""
        return self.source.path

    @property
    def has_lines(self) -> bool:
        """Whether a person wrote the lines; plans are machine-made."""
        return self.format != "terraform-plan"

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer`, quotes included."""
        return self._span(pointer, key=False)

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key of the member at `pointer`, quotes included."""
        return self._span(pointer, key=True)

    def text_at(self, pointer: Pointer) -> str:
        """Return the JSON text of the value at `pointer`."""
        if not pointer:
            return self.strict.strip()
        child = self._json_index().locate(pointer)
        return self.strict[child.start : child.end]

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return what stands beside the policy at `pointer`, and how it is written there."""
        from iamlint.sources.surroundings import InTemplate, bare

        if self.format != "cloudformation":
            return bare("json", pointer if self.has_lines else ())
        if self._template is None:
            self._template = InTemplate(self.tree, "json")
        return self._template.at(pointer)

    def repeated_keys(self) -> Iterator[tuple[str, Span]]:
        """Yield each key that a later one in the same object replaces, with its place."""
        if self.repeated:
            for key, start, end in self._json_index().repeated_keys():
                yield key, self.source.span(start, end)

    def offset(self, pointer: Pointer) -> int:
        """Return the character at which the value at `pointer`, of keys and indexes, starts."""
        return self._json_index().locate(pointer).start

    def _json_index(self) -> JsonIndex:
        if self._index is None:
            self._index = JsonIndex(self.strict)
        return self._index

    def _span(self, pointer: Pointer, *, key: bool) -> Span:
        outer, embedded = split_embedded(pointer)
        child = self._json_index().locate(outer)
        if embedded is None or self.strict[child.start] != '"':
            if key and child.key_end > child.key_start:
                return self.source.span(child.key_start, child.key_end)
            return self.source.span(child.start, child.end)
        start, end = embedded_range(embedded, key=key)
        offsets = string_offsets(self.strict, child.start)
        last = len(offsets) - 1
        return self.source.span(offsets[min(start, last)], offsets[min(end, last)])


def split_embedded(pointer: Pointer) -> tuple[Pointer, Pointer | None]:
    """Return the steps before the first step into embedded text, and the rest from that step on."""
    for at, step in enumerate(pointer):
        if isinstance(step, Embedded):
            return pointer[:at], pointer[at:]
    return pointer, None


def embedded_range(pointer: Pointer, *, key: bool) -> tuple[int, int]:
    """Return the range, in the decoded outer string, of the node at `pointer`, whose first step
    leads into the embedded text."""
    embedded = pointer[0]
    assert isinstance(embedded, Embedded)
    if isinstance(embedded, Excerpt):
        start = embedded.outer_offset(0)
        return start, start + len(embedded.text)
    inner, deeper = split_embedded(pointer[1:])
    child = _embedded_index(embedded.text).locate(inner)
    if deeper is not None and embedded.text[child.start : child.start + 1] == '"':
        start, end = embedded_range(deeper, key=key)
        offsets = string_offsets(embedded.text, child.start)
        last = len(offsets) - 1
        inner_start, inner_end = offsets[min(start, last)], offsets[min(end, last)]
    elif key and child.key_end > child.key_start:
        inner_start, inner_end = child.key_start, child.key_end
    else:
        inner_start, inner_end = child.start, child.end
    start = embedded.outer_offset(inner_start)
    return start, max(start + 1, embedded.outer_offset(inner_end))


@functools.lru_cache(maxsize=8)
def _embedded_index(text: str) -> JsonIndex:
    """Return the index of an inner text; places in one are asked for in a row."""
    return JsonIndex(text)


class StringOffsets:
    """For each character of a decoded JSON string, its offset in the text; one more for the closing quote.

    Between two escapes both advance together, so only the escapes are kept: a string can be the
    whole of a large file.
    """

    __slots__ = ("_end", "_gaps", "_length", "_places", "_start")

    def __init__(self, text: str, start: int) -> None:
        whole = _STRING.match(text, start)
        self._start = start + 1
        self._end = whole.end() - 1 if whole else len(text)
        # The decoded offset behind each escape, and how far the text has run ahead of it by then.
        self._places = array("Q")
        self._gaps = array("Q")
        gap = 0
        for match in _ESCAPE.finditer(text, self._start, self._end):
            place = match.start() - self._start - gap + 1
            gap += match.end() - match.start() - 1
            self._places.append(place)
            self._gaps.append(gap)
        self._length = self._end - self._start - gap

    def __len__(self) -> int:
        return self._length + 1

    def __getitem__(self, index: int) -> int:
        if not 0 <= index <= self._length:
            raise IndexError(index)
        passed = bisect_right(self._places, index)
        return self._start + index + (self._gaps[passed - 1] if passed else 0)


@functools.lru_cache(maxsize=8)
def string_offsets(text: str, start: int) -> StringOffsets:
    """Return where the characters of the decoded JSON string at `start` stand in `text`."""
    return StringOffsets(text, start)


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
