"""The documents of a Terraform module: files that know the places of what they and their neighbours hold."""

from __future__ import annotations

import functools
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from iamlint.model import Embedded, Pointer, Span
from iamlint.sources.json_text import JsonDocument, embedded_range, split_embedded, string_offsets
from iamlint.sources.terraform.expression import (
    Expression,
    ExpressionError,
    Template,
    child,
    member,
    parse_expression,
    source_offset,
)
from iamlint.sources.terraform.places import ExpressionStep, InFile, as_written
from iamlint.sources.text import Text

if TYPE_CHECKING:
    from iamlint.model.surroundings import Surroundings
    from iamlint.sources.surroundings import InModule

__all__ = [
    "FileDocument",
    "ModuleDocument",
    "ModuleFiles",
    "SourceDocument",
    "TerraformJsonDocument",
    "elsewhere",
    "expression_range",
    "in_module",
    "parsed_expression",
]


class ModuleDocument(Protocol):
    """A file of a unit: a document that other files of the unit can lead into."""

    @property
    def path(self) -> str:
        """Path of the file, relative to the root, with forward slashes."""

    @property
    def format(self) -> str:
        """The format's name."""

    @property
    def has_lines(self) -> bool:
        """Say whether places mean something to a reader."""

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer`, or of its nearest known ancestor."""

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key that leads to `pointer`; of the value where there is no key."""

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return what stands beside the policy at `pointer`, and how it is written there."""


ModuleFiles = MutableMapping[str, ModuleDocument]
"""The files of a unit by path, so that a pointer can lead from one into another."""


class TerraformJsonDocument(JsonDocument):
    """A `*.tf.json` file: JSON whose strings hold expressions, with links to the unit's other files."""

    def __init__(self, text: Text, tree: object, files: ModuleFiles, *, repeated: bool = False) -> None:
        super().__init__(text, tree, "terraform-json", repeated=repeated)
        self._files = files
        self.module: InModule | None = None
        """What the files of its directory share; made by the first of them when advice asks for it."""

    def written(self, pointer: Pointer) -> tuple[ModuleDocument, Pointer]:
        """Return the file of the unit that a pointer leads into, and the pointer within it."""
        return elsewhere(pointer, self._files) or (self, pointer)

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return what stands in the module beside the policy at `pointer`, and how it is written there."""
        found = elsewhere(pointer, self._files)
        if found is not None:
            document, pointer = found
            if document is not self:
                return document.surroundings(pointer)
        return in_module(self, self._files).at(pointer)

    def _span(self, pointer: Pointer, *, key: bool) -> Span:
        found = elsewhere(pointer, self._files)
        if found is not None:
            document, pointer = found
            return document.key_span(pointer) if key else document.span(pointer)
        outer, embedded = split_embedded(pointer)
        outer = as_written(outer)
        if embedded is None or not isinstance(embedded[0], ExpressionStep):
            return super()._span((*outer, *as_written(embedded or ())), key=key)
        string = self._json_index().locate(outer)
        if self.source.text[string.start : string.start + 1] != '"':
            return self.source.span(string.start, string.end)
        start, end = expression_range(embedded, key=key)
        offsets = string_offsets(self.source.text, string.start)
        last = len(offsets) - 1
        return self.source.span(offsets[min(start, last)], offsets[min(end, last)])


@runtime_checkable
class SourceDocument(Protocol):
    """A file of a module's source: its blocks as a tree of the JSON syntax."""

    module: InModule | None

    @property
    def path(self) -> str:
        """Path of the file, relative to the root."""

    @property
    def source(self) -> Text:
        """The text of the file."""

    @property
    def tree(self) -> object:
        """The blocks."""


def in_module(document: SourceDocument, files: ModuleFiles) -> InModule:
    """Return what the files of a document's directory share, made when the first of them is asked."""
    if document.module is None:
        from iamlint.sources.surroundings import InModule

        folder = document.path.rpartition("/")[0]
        beside: list[SourceDocument] = [
            one
            for path, one in files.items()
            if path.rpartition("/")[0] == folder and isinstance(one, SourceDocument)
        ] or [document]
        module = beside[0].module or InModule([one.tree for one in beside])
        beside[0].module = document.module = module
    return document.module


class FileDocument:
    """A file that a policy is read from: all of it is the text of the document."""

    has_lines = True

    def __init__(self, text: Text, files: ModuleFiles, format: str) -> None:  # noqa: A002
        self._source = text
        self._files = files
        self.format = format

    @property
    def path(self) -> str:
        """Path of the file, relative to the root."""
        return self._source.path

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return how a policy is written that is read from a file of its own."""
        from iamlint.sources.surroundings import bare

        return bare("json")

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer`."""
        return self._span(pointer, key=False)

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key of the member at `pointer`."""
        return self._span(pointer, key=True)

    def _span(self, pointer: Pointer, *, key: bool) -> Span:
        found = elsewhere(pointer, self._files)
        if found is not None:
            document, pointer = found
            return document.key_span(pointer) if key else document.span(pointer)
        if pointer and isinstance(pointer[0], Embedded):
            start, end = embedded_range(as_written(pointer), key=key)
            return self._source.span(start, min(end, len(self._source.text)))
        return self._source.span(0, len(self._source.text))


def elsewhere(pointer: Pointer, files: ModuleFiles) -> tuple[ModuleDocument, Pointer] | None:
    """Return the file of the unit that a pointer leads into, and the pointer within it, else None."""
    if pointer and isinstance(pointer[0], InFile):
        document = files.get(pointer[0].text)
        if document is not None:
            return document, pointer[1:]
    return None


@functools.lru_cache(maxsize=32)
def parsed_expression(text: str) -> Expression | None:
    """Return an expression that was parsed before; several places of one are asked for in a row."""
    try:
        return parse_expression(text)
    except ExpressionError:
        return None


def expression_range(pointer: Pointer, *, key: bool) -> tuple[int, int]:
    """Return the range, in the decoded outer string, of the node at `pointer`, whose first step
    leads into an expression."""
    step = pointer[0]
    assert isinstance(step, ExpressionStep)
    base = step.outer_offset(0)
    whole = (base, base + len(step.text))
    inner, embedded = split_embedded(pointer[1:])
    if embedded is not None and not inner:
        if isinstance(embedded[0], ExpressionStep):
            start, end = expression_range(embedded, key=key)
            return base + start, base + end
        start, end = embedded_range(as_written(embedded), key=key)
        first = embedded[0]
        if isinstance(first, Embedded) and first.splices[:1] == ((0, 0),):
            # Offsets of the text that a literal gives; those of any other start behind its quote.
            literal = parsed_expression(step.text)
            if isinstance(literal, Template):
                return base + source_offset(literal, start), base + source_offset(literal, end - 1) + 1
        return base + start, base + end
    if not inner:
        return whole
    parsed = parsed_expression(step.text)
    if parsed is None:
        return whole
    node = parsed
    start, end = node.start, node.end
    for at in inner:
        item = member(node, at)
        found = child(node, at)
        if found is None:
            break
        node = found
        start, end = (item[2], item[3]) if key and item is not None else (node.start, node.end)
    return base + start, base + end
