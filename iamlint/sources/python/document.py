"""A Python file as a document: pointers into its policies, and the places of their nodes.

A pointer starts with the number of a policy or grant of the file; its other steps are those of the
policy as IAM sees it, whatever it is made of. Each node keeps the expression that it was made of.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from iamlint.model import Hole, Pointer, Span
from iamlint.sources.documents import PlaceholderResolver, PlainResolver, has_placeholders
from iamlint.sources.json_text import embedded_range, split_embedded
from iamlint.sources.python.meaning import Entry, JsonOf, Meaning, Open, Row, Scalar, Table, Text
from iamlint.sources.python.syntax import Positions
from iamlint.sources.text import Text as FileText
from iamlint.sources.tree import Resolver, Segments, Unknown

if TYPE_CHECKING:
    from iamlint.model.surroundings import Surroundings

__all__ = ["PythonDocument"]


class PythonDocument:
    """The places of what one file holds."""

    format = "python"
    has_lines = True

    def __init__(self, text: FileText) -> None:
        self._text = text
        self._positions = Positions(text)
        self._places: dict[Pointer, ast.AST] = {}
        self._keys: dict[Pointer, ast.AST] = {}
        self._texts: dict[Pointer, Text] = {}
        self._count = 0

    @property
    def path(self) -> str:
        """Path of the file, relative to the root."""
        return self._text.path

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return how a policy is written there: as JSON, which an object of Python nearly is."""
        from iamlint.sources.surroundings import bare

        return bare("json", pointer)

    def root(self, node: ast.AST, key: ast.AST | None) -> Pointer:
        """Return the pointer of a new policy or grant, which `node` makes and `key` leads to."""
        self._count += 1
        pointer = (self._count,)
        self._put(pointer, node, key)
        return pointer

    def embed(self, pointer: Pointer, text: Text) -> None:
        """Keep that the document at `pointer` is written in a text."""
        self._texts[pointer] = text

    def plant(self, meaning: Meaning, pointer: Pointer, key: ast.AST | None = None) -> object:
        """Return a meaning as a tree for the policy builder, and keep the places of its nodes."""
        pending: list[tuple[Meaning, Pointer, ast.AST | None, dict[str, object] | list[object], str | int]]
        root: list[object] = [None]
        pending = [(meaning, pointer, key, root, 0)]
        while pending:
            one, at, key_node, holder, step = pending.pop()
            self._put(at, one.node, key_node)
            node: object
            if isinstance(one, Table):
                node = dict.fromkeys(entry.key for entry in one.entries)
                latest = {entry.key: entry for entry in one.entries}
                pending.extend(
                    (entry.value, (*at, name), entry.key_node, node, name) for name, entry in latest.items()
                )
            elif isinstance(one, Row):
                node = row = list[object]([None] * len(one.items))
                for index, item in enumerate(one.items):
                    pending.append((item, (*at, index), None, row, index))
            else:
                node = _scalar(one)
            holder[step] = node  # type: ignore[index]  # a name for an object, a number for a list
        return root[0]

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer`, or of its nearest known ancestor."""
        return self._span(pointer, key=False)

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key that leads to `pointer`; of the value where there is no key."""
        return self._span(pointer, key=True)

    def _put(self, pointer: Pointer, node: ast.AST, key: ast.AST | None) -> None:
        self._places[pointer] = node
        if key is not None:
            self._keys[pointer] = key

    def _span(self, pointer: Pointer, *, key: bool) -> Span:
        outer, embedded = split_embedded(pointer)
        text = self._texts.get(outer)
        if embedded is not None and text is not None:
            return self._inside(text, *embedded_range(embedded, key=key))
        if key and pointer in self._keys:
            return self._keyword(self._keys[pointer])
        while outer:
            node = self._places.get(outer)
            if node is not None:
                break
            outer = outer[:-1]
        else:
            return self._text.span(0, 0)
        return self._text.span(self._positions.start(node), self._positions.end(node))

    def _keyword(self, node: ast.AST) -> Span:
        start = self._positions.start(node)
        if isinstance(node, ast.keyword) and node.arg is not None:
            return self._text.span(start, start + len(node.arg))
        return self._text.span(start, self._positions.end(node))

    def _inside(self, text: Text, start: int, end: int) -> Span:
        """Return the span of a range of a text."""
        first = last = -1
        before = 0
        for segment in text.segments:
            behind = before + segment.width
            if first < 0 and start < behind:
                first = segment.place(start - before)
            if end <= behind:
                last = segment.place(end - before)
                break
            before = behind
        if first < 0 or last < first:
            return self._text.span(self._positions.start(text.origin), self._positions.end(text.origin))
        return self._text.span(first, last)


def _scalar(meaning: Meaning) -> object:
    if isinstance(meaning, Text):
        known = meaning.known
        if known is not None:
            return known
        return Segments(meaning.parts)
    if isinstance(meaning, Scalar):
        return meaning.value
    if isinstance(meaning, Open):
        return Unknown(meaning.hole)
    return Unknown(Hole("unknown", "an expression"))


class _Holes:
    """Shows the policy builder a tree that holds holes, and placeholders in its texts."""

    templates = True
    _placeholders = PlaceholderResolver()

    def resolve(self, node: object, pointer: Pointer) -> object:
        """Return a text with placeholders as segments, everything else as it is."""
        return self._placeholders.resolve(node, pointer) if isinstance(node, str) else node


def resolver_of(meaning: Meaning) -> Resolver:
    """Return the resolver for the tree of a meaning: a plain one where nothing is open."""
    pending: list[Meaning] = [meaning]
    while pending:
        one = pending.pop()
        if isinstance(one, Table):
            if any(has_placeholders(entry.key) for entry in one.entries):
                return _Holes()
            pending.extend(entry.value for entry in one.entries)
        elif isinstance(one, Row):
            pending.extend(one.items)
        elif isinstance(one, Text):
            known = one.known
            if known is None or has_placeholders(known):
                return _Holes()
        elif isinstance(one, Open | JsonOf):
            return _Holes()
    return PlainResolver()


def made(key: str, value: Meaning, key_node: ast.AST | None = None) -> Entry:
    """Return a member of an object that a construct stands for."""
    return Entry(key, key_node, value)
