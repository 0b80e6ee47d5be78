"""The documents of a Terraform module: files that know the places of what they and their neighbours hold."""

from __future__ import annotations

import functools
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Protocol

from iamlint.model import Embedded, Pointer, Span
from iamlint.sources.json_text import JsonDocument, embedded_range, split_embedded, string_offsets
from iamlint.sources.terraform.expression import Expression, ExpressionError, child, member, parse_expression
from iamlint.sources.terraform.places import ExpressionStep, InFile, as_written
from iamlint.sources.text import Text

if TYPE_CHECKING:
    from iamlint.model.surroundings import Surroundings
    from iamlint.sources.surroundings import InModule

__all__ = ["FileDocument", "ModuleDocument", "ModuleFiles", "TerraformJsonDocument"]


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
        return _elsewhere(pointer, self._files) or (self, pointer)

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return what stands in the module beside the policy at `pointer`, and how it is written there."""
        elsewhere = _elsewhere(pointer, self._files)
        if elsewhere is not None:
            document, pointer = elsewhere
            if document is not self:
                return document.surroundings(pointer)
        if self.module is None:
            from iamlint.sources.surroundings import InModule

            beside = self._beside() or [self]
            module = beside[0].module or InModule([document.tree for document in beside])
            beside[0].module = self.module = module
        return self.module.at(pointer)

    def _beside(self) -> list[TerraformJsonDocument]:
        folder = self.path.rpartition("/")[0]
        return [
            document
            for path, document in self._files.items()
            if path.rpartition("/")[0] == folder and isinstance(document, TerraformJsonDocument)
        ]

    def _span(self, pointer: Pointer, *, key: bool) -> Span:
        elsewhere = _elsewhere(pointer, self._files)
        if elsewhere is not None:
            document, pointer = elsewhere
            return document.key_span(pointer) if key else document.span(pointer)
        outer, embedded = split_embedded(pointer)
        outer = as_written(outer)
        if embedded is None or not isinstance(embedded[0], ExpressionStep):
            return super()._span((*outer, *as_written(embedded or ())), key=key)
        string = self._json_index().locate(outer)
        if self.source.text[string.start : string.start + 1] != '"':
            return self.source.span(string.start, string.end)
        start, end = _expression_range(embedded, key=key)
        offsets = string_offsets(self.source.text, string.start)
        last = len(offsets) - 1
        return self.source.span(offsets[min(start, last)], offsets[min(end, last)])


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
        elsewhere = _elsewhere(pointer, self._files)
        if elsewhere is not None:
            document, pointer = elsewhere
            return document.key_span(pointer) if key else document.span(pointer)
        if pointer and isinstance(pointer[0], Embedded):
            start, end = embedded_range(as_written(pointer), key=key)
            return self._source.span(start, min(end, len(self._source.text)))
        return self._source.span(0, len(self._source.text))


def _elsewhere(pointer: Pointer, files: ModuleFiles) -> tuple[ModuleDocument, Pointer] | None:
    if pointer and isinstance(pointer[0], InFile):
        document = files.get(pointer[0].text)
        if document is not None:
            return document, pointer[1:]
    return None


@functools.lru_cache(maxsize=32)
def _parsed(text: str) -> Expression | None:
    """Return an expression that was parsed before; several places of one are asked for in a row."""
    try:
        return parse_expression(text)
    except ExpressionError:
        return None


def _expression_range(pointer: Pointer, *, key: bool) -> tuple[int, int]:
    """Return the range, in the decoded outer string, of the node at `pointer`, whose first step
    leads into an expression."""
    step = pointer[0]
    assert isinstance(step, ExpressionStep)
    base = step.outer_offset(0)
    whole = (base, base + len(step.text))
    inner, embedded = split_embedded(pointer[1:])
    if embedded is not None and not inner:
        start, end = (
            _expression_range(embedded, key=key)
            if isinstance(embedded[0], ExpressionStep)
            else embedded_range(as_written(embedded), key=key)
        )
        return base + start, base + end
    if not inner:
        return whole
    parsed = _parsed(step.text)
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
