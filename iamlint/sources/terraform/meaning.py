"""What a Terraform expression comes to, before the policy builder sees it.

A meaning is a plain tree (dict, list, str, int, float, bool, None), a node of `sources.tree`, or one of
the classes here, which keep what the builder does not need to know: where a text was written, what a
reference leads to, that a text is the JSON of a tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamlint.model import Hole, Part, Pointer
from iamlint.record import record
from iamlint.sources.tree import At, Choice, Segments, Unknown

if TYPE_CHECKING:
    from iamlint.sources.terraform.document import ModuleDocument

__all__ = [
    "DocumentLink",
    "FileText",
    "JsonText",
    "MeaningResolver",
    "PlacedText",
    "ResourceLink",
    "known_text",
    "located",
    "parts_of",
    "unplaced",
]


@record
class PlacedText:
    """A text with the place where it is written: `offsets` tells where each part starts in the
    decoded string at `pointer`. A value made of it is still reported where it is used."""

    parts: tuple[Part, ...]
    offsets: tuple[int, ...]
    pointer: Pointer


@record
class FileText:
    """The text of a file, which is the document of its own."""

    document: ModuleDocument
    parts: tuple[Part, ...]
    offsets: tuple[int, ...]


@record
class JsonText:
    """The JSON text of a tree (what `jsonencode` gives)."""

    tree: At


@record
class DocumentLink:
    """The JSON of a policy document that is built apart, by the address of its data block."""

    address: str


@record
class ResourceLink:
    """A resource, or an attribute of one: its address, and what the attribute comes to."""

    address: str
    attribute: str
    value: object


class MeaningResolver:
    """Shows the policy builder a meaning in the words that it knows."""

    templates = True

    def resolve(self, node: object, pointer: Pointer) -> object:
        """Return the node, or the segments or hole that it comes to."""
        if isinstance(node, PlacedText):
            return Segments(node.parts)
        if isinstance(node, ResourceLink):
            return self.resolve(node.value, pointer)
        if isinstance(node, DocumentLink):
            return Unknown(Hole("reference", f"{node.address}.json"))
        if isinstance(node, JsonText):
            return Unknown(Hole("unknown", "jsonencode(...)"))
        if isinstance(node, FileText):
            return Segments(node.parts)
        return node


def unplaced(node: object) -> object:
    """Return a meaning without the place that it was moved from."""
    while isinstance(node, At):
        node = node.node
    return node


def located(node: object, pointer: Pointer | None = None) -> tuple[object, Pointer | None]:
    """Return a meaning without the mark of the place that it was moved from, and that place;
    `pointer` where it was not moved."""
    while isinstance(node, At):
        pointer = node.pointer
        node = node.node
    return node, pointer


def parts_of(node: object) -> tuple[Part, ...]:
    """Return a scalar meaning as text and holes; what is no text is one hole."""
    node = unplaced(node)
    if isinstance(node, str):
        return (node,)
    if isinstance(node, PlacedText | FileText | Segments):
        return node.parts
    if isinstance(node, bool):
        return ("true" if node else "false",)
    if isinstance(node, int | float):
        return (number_text(node),)
    if isinstance(node, Unknown):
        return (node.hole,)
    if isinstance(node, ResourceLink):
        return parts_of(node.value)
    if isinstance(node, DocumentLink):
        return (Hole("reference", f"{node.address}.json"),)
    if isinstance(node, Choice):
        texts = [known_text(branch.node) for branch in node.branches]
        names = [f"{name}" for branch in node.branches[:1] for name, _ in branch.when]
        known = tuple(dict.fromkeys(text for text in texts if text is not None))
        name = " and ".join(names) or "condition"
        return (Hole("condition", name, values=known if len(texts) == len(known) else ()),)
    return (Hole("unknown", "not a text"),)


def known_text(node: object) -> str | None:
    """Return a scalar meaning as text when all of it is known."""
    node = unplaced(node)
    if isinstance(node, str):
        return node
    if node is None or isinstance(node, dict | list | Unknown | Choice | JsonText | DocumentLink):
        return None
    parts = parts_of(node)
    text = [part for part in parts if isinstance(part, str)]
    return "".join(text) if len(text) == len(parts) else None


def number_text(number: float) -> str:
    """Return a number as Terraform turns it into text."""
    if isinstance(number, int):
        return str(number)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
