"""YAML with exact places: parsed event by event by the C library, located on demand.

Scalars stay the text that is written: dates, account numbers and words such as `on` or `Null` keep
their form, since IAM and CloudFormation want text. Short tags become the long form of the function
(`!Sub x` is `{"Fn::Sub": x}`), so that nobody downstream knows which form was written.

The first pass builds the plain tree and nothing else. Places come from a second pass, made when the
first span is asked for: most files never pay for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from iamlint.model import Pointer, Span
from iamlint.sources.json_text import embedded_range, split_embedded
from iamlint.sources.text import Text

if TYPE_CHECKING:
    from iamlint.model.surroundings import Surroundings
    from iamlint.sources.surroundings import InTemplate

__all__ = ["YamlDocument", "YamlSyntaxError", "parse_yaml", "yaml_documents"]

MAX_DEPTH = 200
"""Containers inside one another, as in JSON."""
LARGEST_TEXT = 10_000_000
"""Characters. CloudFormation takes a million bytes, and a value of YAML costs many times its length."""
MAX_ALIASED = 200_000
"""Nodes that aliases may add to a file; what goes beyond is an alias bomb."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_MISSING: object = object()


class YamlSyntaxError(Exception):
    """The text is not YAML, or more than can be meant (`limit`); `offset` is the character where that
    shows."""

    def __init__(self, message: str, offset: int, *, limit: bool = False) -> None:
        super().__init__(message)
        self.offset = offset
        self.limit = limit


class _Parser(Protocol):
    """A reader of events; they are objects of the library, untyped and read only in this module."""

    def get_event(self) -> Any: ...


def _parser(text: str) -> _Parser:
    """Return a reader of events: of the C library, or of the pure package where that is missing."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        import yaml

        return cast("_Parser", yaml.Loader(text))
    return cast("_Parser", CParser(text))


def _error(error: Exception, text: str) -> YamlSyntaxError:
    """Return what the library complains of, in one line and with its offset in `text`."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    if mark is not None:
        return YamlSyntaxError(str(problem), min(int(mark.index), len(text)))
    # Seldom needed, and dear to compile: the characters that YAML 1.1 section 5.1 calls printable.
    bad = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    return YamlSyntaxError(str(problem).splitlines()[0], bad.start() if bad else 0)


def parse_yaml(text: str) -> tuple[list[object], bool]:
    """Return the tree of each YAML document in `text`, and whether some mapping repeats a key.

    Trees are made of dict, list, str and None. An aliased node is one object in several places.
    Raises YamlSyntaxError.
    """
    if len(text) > LARGEST_TEXT:
        raise YamlSyntaxError(f"more than {LARGEST_TEXT:,} characters, which is no template", 0, limit=True)
    from yaml import YAMLError

    try:
        builder = _TreeBuilder(_parser(text))
        return builder.documents(), builder.repeated
    except YAMLError as error:
        raise _error(error, text) from None
    except UnicodeEncodeError as error:
        raise YamlSyntaxError("a character that is not text", error.start) from None


def tag_function(tag: str) -> str | None:
    """Return the long name of the function that a short tag stands for; None for YAML's own tags."""
    if not tag.startswith("!") or tag == "!":
        return None
    name = tag[1:]
    if name in {"Ref", "Condition"} or name.startswith("Fn::"):
        return name
    return f"Fn::{name}"


class _TreeBuilder:
    """Turns events into trees in one loop, without recursion: depth is counted, not trusted."""

    def __init__(self, parser: _Parser) -> None:
        self._parser = parser
        self._anchors: dict[str, tuple[object, int]] = {}
        self._open_anchors: set[str] = set()
        self.repeated = False

    def documents(self) -> list[object]:
        from yaml.events import (
            AliasEvent,
            DocumentStartEvent,
            MappingEndEvent,
            MappingStartEvent,
            ScalarEvent,
            SequenceEndEvent,
            SequenceStartEvent,
            StreamEndEvent,
        )

        get = self._parser.get_event
        nulls = _NULLS
        missing = _MISSING
        found: list[object] = []
        # The open containers: (container, pending key, tag, anchor, nodes before it).
        stack: list[tuple[object, object, str | None, str | None, int]] = []
        items: list[object] | None = found
        members: dict[str, object] = {}
        key: object = missing
        nodes = aliased = 0
        value: object
        holder: object
        while True:
            event = get()
            kind = type(event)
            nodes += 1
            if kind is ScalarEvent:
                value = event.value
                if items is None and key is missing and event.anchor is None:
                    key = value
                    if key in members:
                        self.repeated = True
                    continue
                if event.tag is not None:
                    value = _tagged(value, event.tag)
                elif value in nulls and not event.style:
                    value = None
                if event.anchor is not None:
                    self._anchors[event.anchor] = (value, 1)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if event.anchor is not None:
                    self._open_anchors.add(event.anchor)
                if len(stack) >= MAX_DEPTH:
                    mark = event.start_mark
                    raise YamlSyntaxError(f"nested more than {MAX_DEPTH} levels deep", mark.index, limit=True)
                holder = members if items is None else items
                stack.append((holder, key, event.tag, event.anchor, nodes))
                key = missing
                if kind is MappingStartEvent:
                    items, members = None, {}
                else:
                    items = []
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                value = members if items is None else items
                if items is None and "<<" in members:
                    value = _merged(members)
                holder, key, tag, anchor, before = stack.pop()
                if tag is not None:
                    value = _tagged(value, tag)
                if anchor is not None:
                    self._open_anchors.discard(anchor)
                    self._anchors[anchor] = (value, nodes - before + 1)
                if isinstance(holder, dict):
                    items, members = None, holder
                else:
                    items = cast("list[object]", holder)
            elif kind is AliasEvent:
                value, size = self._aliased(event)
                nodes += size
                aliased += size
                if aliased > MAX_ALIASED:
                    raise YamlSyntaxError(
                        "aliases expand to too many nodes", event.start_mark.index, limit=True
                    )
            elif kind is DocumentStartEvent:
                self._anchors.clear()
                self._open_anchors.clear()
                continue
            elif kind is StreamEndEvent or event is None:
                return found
            else:
                continue
            if items is not None:
                items.append(value)
            elif key is missing:
                key = _key_text(value)
                if key in members:
                    self.repeated = True
            else:
                members[cast("str", key)] = value
                key = missing

    def _aliased(self, event: Any) -> tuple[object, int]:
        name = event.anchor
        known = self._anchors.get(name)
        if known is None or name in self._open_anchors:
            problem = "contains itself" if name in self._open_anchors else "is not defined"
            raise YamlSyntaxError(f"the alias {name!r} {problem}", event.start_mark.index)
        return known


def _key_text(value: object) -> str:
    """Return a text for a key that is no plain scalar; nothing that is looked for has such a key."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    # With aliases a small file can hold a key that is gigabytes long when written out.
    from reprlib import repr as short

    return short(value)[:60]


def _tagged(value: object, tag: str) -> object:
    """Return the long form of a tagged node."""
    name = tag_function(tag)
    if name is None:
        return value
    if name == "Fn::GetAtt" and isinstance(value, str):
        first, dot, rest = value.partition(".")
        value = [first, rest] if dot else [first]
    return {name: value}


def _merged(members: dict[str, object]) -> dict[str, object]:
    """Return a mapping with its merge key carried out: its own keys win, then earlier maps."""
    merged = members["<<"]
    sources = merged if isinstance(merged, list) else [merged]
    if not all(isinstance(source, dict) for source in sources):
        return members
    result = {key: value for key, value in members.items() if key != "<<"}
    for source in sources:
        for key, value in cast("dict[str, object]", source).items():
            result.setdefault(key, value)
    return result


class _Node:
    """One node of the file: its range, how it is written, and what is in it."""

    __slots__ = (
        "anchored",
        "children",
        "end",
        "flow",
        "merges",
        "repeats",
        "start",
        "style",
        "tag",
        "used_again",
        "value",
    )

    def __init__(self, start: int, end: int, tag: str | None) -> None:
        self.start = start
        self.end = end
        self.tag = tag
        self.style: str | None = None
        self.value: str | None = None
        self.children: dict[str | int, tuple[int, int, _Node]] | None = None
        self.merges: list[_Node] | None = None
        self.repeats: list[tuple[str, int, int]] | None = None
        self.anchored = False
        self.used_again = False
        self.flow = False


class _Index:
    """The nodes of all documents of one text, with their places."""

    def __init__(self, text: str) -> None:
        self.roots: list[_Node] = []
        self._text = text
        self._anchors: dict[str, _Node] = {}
        self._build(_parser(text))

    def _build(self, parser: _Parser) -> None:
        from yaml.events import (
            AliasEvent,
            MappingEndEvent,
            MappingStartEvent,
            ScalarEvent,
            SequenceEndEvent,
            SequenceStartEvent,
            StreamEndEvent,
        )

        get = parser.get_event
        # The open containers: (node, pending key, is a mapping, block style).
        stack: list[tuple[_Node, tuple[str, int, int] | None, bool, bool]] = []
        current: _Node | None = None
        mapping = block = False
        key: tuple[str, int, int] | None = None
        while True:
            event: Any = get()
            kind = type(event)
            if kind is ScalarEvent:
                begin, stop = event.start_mark.index, event.end_mark.index
                node = _Node(begin, stop, event.tag)
                node.style, node.value = event.style, event.value
                if node.style in {"|", ">"}:
                    # The library's end lies behind the last line break.
                    while node.end > node.start + 1 and self._text[node.end - 1] in " \t\r\n":
                        node.end -= 1
                if event.anchor is not None:
                    node.anchored = True
                    self._anchors[event.anchor] = node
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                node = _Node(event.start_mark.index, event.end_mark.index, event.tag)
                node.children = {}
                node.flow = event.flow_style
                if event.anchor is not None:
                    node.anchored = True
                    self._anchors[event.anchor] = node
                if current is not None:
                    stack.append((current, key, mapping, block))
                current, key = node, None
                mapping, block = kind is MappingStartEvent, not event.flow_style
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                assert current is not None
                node = current
                begin, stop = node.start, event.end_mark.index
                if not block:
                    node.end = stop
                elif node.children:
                    node.end = max(node.end, node.start)
                if not stack:
                    current = None
                    self.roots.append(node)
                    continue
                current, key, mapping, block = stack.pop()
            elif kind is AliasEvent:
                begin, stop = event.start_mark.index, event.end_mark.index
                node = self._anchors[event.anchor]
                node.used_again = True
            elif event is None or kind is StreamEndEvent:
                return
            else:
                continue
            if current is None:
                self.roots.append(node)
                continue
            children = current.children
            assert children is not None
            if mapping and key is None:
                value = node.value if node.value is not None else f"\0{len(children)}"
                key = (value, begin, stop)
                continue
            # A block container ends where its last node ends; the library says where the next begins.
            current.end = max(current.end, stop if kind is AliasEvent else node.end)
            if mapping:
                assert key is not None
                name, start, end = key
                key = None
                if name == "<<":
                    parts = node.children or {}
                    sequence = parts and all(isinstance(step, int) for step in parts)
                    merged = [c[2] for c in parts.values()] if sequence else [node]
                    current.merges = [*(current.merges or ()), *merged]
                if name in children:
                    repeated = (name, children[name][0], children[name][1])
                    current.repeats = [*(current.repeats or ()), repeated]
                children[name] = (start, end, node)
            else:
                children[len(children)] = (begin, begin, node)

    def locate(self, part: int, pointer: Pointer) -> tuple[int, int, _Node]:
        """Return key range and node for `pointer` (keys and indexes only), or the nearest ancestor."""
        node = self.roots[part]
        key_start = key_end = node.start
        tag_used = False
        for step in pointer:
            if not tag_used and node.tag is not None and tag_function(node.tag) == step:
                tag_used = True
                continue
            found = _child(node, step)
            if found is None:
                break
            key_start, key_end, node = found
            tag_used = False
        return key_start, key_end, node


def _child(node: _Node, step: object) -> tuple[int, int, _Node] | None:
    if node.children is None or not isinstance(step, str | int):
        return None
    found = node.children.get(step)
    if found is None:
        for source in node.merges or ():
            found = _child(source, step)
            if found is not None:
                break
    return found


class YamlDocument:
    """One document of a parsed YAML file: its tree, and the places of its nodes.

    `source` is the text of the file, `part` the document's number in it, from 0; `shared` holds the
    index that all parts of a file use.
    """

    def __init__(
        self,
        text: Text,
        tree: object,
        format: str,  # noqa: A002 -- the word of the model
        *,
        repeated: bool = False,
        part: int = 0,
        shared: list[_Index] | None = None,
    ) -> None:
        self.source = text
        self._followed: tuple[_Node, Sequence[int] | None] | None = None
        self._shared: list[_Index] = [] if shared is None else shared
        self._template: InTemplate | None = None
        self.part = part
        self.tree = tree
        self.format = format
        self.repeated = repeated

    @property
    def path(self) -> str:
        """Path of the file, relative to the root."""
        return self.source.path

    @property
    def has_lines(self) -> bool:
        """Whether a person reads the lines: always so for YAML."""
        return True

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer`, quotes and tag included."""
        return self.source.span(*self.character_range(pointer, key=False))

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key of the member at `pointer`; a list item's own span."""
        return self.source.span(*self.character_range(pointer, key=True))

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return what stands beside the policy at `pointer`, and how it is written there."""
        from iamlint.sources.surroundings import InTemplate, bare

        if self.format != "cloudformation":
            return bare("yaml")
        if self._template is None:
            self._template = InTemplate(self.tree, "yaml")
        return self._template.at(pointer)

    def repeated_keys(self) -> Iterator[tuple[str, Span]]:
        """Yield each key that a later one in the same mapping replaces, with its place."""
        if not self.repeated:
            return
        pending = [self._index().roots[self.part]]
        seen: set[int] = set()
        while pending:
            node = pending.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for name, start, end in node.repeats or ():
                yield name, self.source.span(start, end)
            if node.children:
                pending.extend(child[2] for child in node.children.values())

    def character_range(self, pointer: Pointer, *, key: bool) -> tuple[int, int]:
        """Return start and end, in characters of the text, of what `span` or `key_span` returns."""
        outer, embedded = split_embedded(pointer)
        key_start, key_end, node = self._index().locate(self.part, outer)
        if embedded is not None and node.value is not None:
            start, end = embedded_range(embedded, key=key)
            offsets = self._scalar_offsets(node, node.value)
            if offsets is not None:
                last = len(offsets) - 1
                return offsets[min(start, last)], max(offsets[min(end, last)], offsets[min(start, last)] + 1)
        if key and key_end > key_start:
            return key_start, key_end
        return node.start, node.end

    @property
    def root(self) -> _Node:
        """The document's node with its place, and in it those of all others."""
        return self._index().roots[self.part]

    def range_span(self, start: int, end: int) -> Span:
        """Return the span of a range of characters of the text."""
        return self.source.span(start, end)

    def text_offsets(self, pointer: Pointer) -> Sequence[int] | None:
        """Return, for each character of the decoded scalar at `pointer`, its offset in the file's text,
        and one more for its end; None where that cannot be told.
        """
        _, _, node = self._index().locate(self.part, pointer)
        if node.value is None:
            return None
        return self._scalar_offsets(node, node.value)

    def _scalar_offsets(self, node: _Node, value: str) -> Sequence[int] | None:
        # Places in one scalar are asked for in a row, and following it costs its whole length.
        if self._followed is None or self._followed[0] is not node:
            from iamlint.sources.yaml_scalars import scalar_offsets

            offsets = scalar_offsets(self.source.text, node.start, node.end, node.style, value)
            self._followed = (node, offsets)
        return self._followed[1]

    def _index(self) -> _Index:
        if not self._shared:
            self._shared.append(_Index(self.source.text))
        return self._shared[0]


def yaml_documents(text: Text, format: str) -> list[YamlDocument]:  # noqa: A002 -- the word of the model
    """Return the documents of a YAML file, each with its tree; raises YamlSyntaxError."""
    trees, repeated = parse_yaml(text.text)
    shared: list[_Index] = []
    return [
        YamlDocument(text, tree, format, repeated=repeated, part=part, shared=shared)
        for part, tree in enumerate(trees)
    ]
