"""A YAML template that is written as text inside another file: its tree, and places in the outer file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iamlint.model import Document, Pointer, Span
from iamlint.sources.text import Text
from iamlint.sources.yaml_text import YamlDocument, YamlSyntaxError, yaml_documents

if TYPE_CHECKING:
    from iamlint.model.surroundings import Surroundings

__all__ = ["NestedDocument", "nested_yaml"]


class NestedDocument:
    """The document inside a text node; its spans lie in the file around it."""

    def __init__(self, inner: YamlDocument, outer: Document, pointer: Pointer) -> None:
        self._inner = inner
        self._outer = outer
        self._pointer = pointer
        self._offsets: Sequence[int] | None = None

    @property
    def tree(self) -> object:
        """The tree of the inner document."""
        return self._inner.tree

    @property
    def path(self) -> str:
        """Path of the outer file."""
        return self._outer.path

    @property
    def format(self) -> str:
        """Format of the outer file."""
        return self._outer.format

    @property
    def has_lines(self) -> bool:
        """Whether the outer file's places mean something to a reader."""
        return self._outer.has_lines

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return how a policy is written here; nothing of the file stands beside it."""
        from iamlint.sources.surroundings import bare

        return bare("yaml")

    def span(self, pointer: Pointer) -> Span:
        """Return the span of a value of the inner document; of the whole text where the way it is
        written cannot be followed.
        """
        return self._span(pointer, key=False)

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of a key of the inner document, likewise."""
        return self._span(pointer, key=True)

    def _span(self, pointer: Pointer, *, key: bool) -> Span:
        outer = self._outer
        if isinstance(outer, YamlDocument):
            offsets = self._offsets
            if offsets is None:
                offsets = self._offsets = outer.text_offsets(self._pointer) or []
            start, end = self._inner.character_range(pointer, key=key)
            if end < len(offsets):
                first = offsets[start]
                return outer.range_span(first, max(first + 1, offsets[end]))
        return outer.span(self._pointer)


def nested_yaml(text: str, outer: Document, pointer: Pointer) -> NestedDocument | None:
    """Return the document in `text`, the decoded text of the node at `pointer`; None if it is not YAML."""
    try:
        documents = yaml_documents(Text(outer.path, text), outer.format)
    except YamlSyntaxError:
        return None
    return NestedDocument(documents[0], outer, pointer) if documents else None
