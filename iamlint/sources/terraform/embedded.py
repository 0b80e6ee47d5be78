"""Documents written as text with holes, as meanings."""

from __future__ import annotations

from iamlint.model import Embedded, Hole, Part, Pointer
from iamlint.sources.documents import parse_embedded, parse_leniently
from iamlint.sources.json_text import JsonSyntaxError, parse_json
from iamlint.sources.terraform.meaning import PlacedText, parts_of
from iamlint.sources.terraform.places import Renamed
from iamlint.sources.tree import Resolver, Segments

__all__ = ["parse_policy_text", "parse_text", "text_at"]

_HOLE_MARK = "\ue000"


def text_at(node: object, pointer: Pointer) -> tuple[tuple[Part, ...], tuple[int, ...], Pointer] | None:
    """Return the parts of a text, their offsets, and the pointer of the string that holds it."""
    if isinstance(node, str):
        return (node,), (0,), pointer
    if isinstance(node, PlacedText):
        return node.parts, node.offsets, node.pointer or pointer
    return None


def parse_text(parts: tuple[Part, ...], offsets: tuple[int, ...], pointer: Pointer) -> tuple[object, Pointer]:
    """Return the tree of a JSON text and its pointer; holes stand in it as segments.

    Raises JsonSyntaxError when the text is not JSON.
    """
    if len(parts) == 1 and isinstance(parts[0], str):
        return parse_json(parts[0])[0], (*pointer, Embedded(parts[0], ((0, offsets[0]),)))
    tree, step, resolver = parse_embedded(parts, offsets)
    return _placed(tree, step, resolver, parts, pointer)


def parse_policy_text(
    parts: tuple[Part, ...], offsets: tuple[int, ...], pointer: Pointer
) -> tuple[object, Pointer, str | None]:
    """Return what `parse_text` does, past comments and trailing commas too, and the error of a text
    that holds such, else None.

    Raises JsonSyntaxError when the text is not JSON even so.
    """
    try:
        return (*parse_text(parts, offsets, pointer), None)
    except JsonSyntaxError:
        tree, step, resolver, error = parse_leniently(parts, offsets)
        return (*_placed(tree, step, resolver, parts, pointer), error)


def _placed(
    tree: object, step: Embedded, resolver: Resolver, parts: tuple[Part, ...], pointer: Pointer
) -> tuple[object, Pointer]:
    if any(isinstance(part, Hole) for part in parts):
        tree = _with_holes(tree, resolver)
    return tree, (*pointer, step)


def _with_holes(node: object, resolver: Resolver) -> object:
    """Put the holes back, into keys too: those of conditions often name a provider by reference."""
    if isinstance(node, str):
        return resolver.resolve(node, ()) if _HOLE_MARK in node else node
    if isinstance(node, list):
        return [_with_holes(item, resolver) for item in node]
    if isinstance(node, dict):
        result: dict[str, object] = {}
        for key, value in node.items():
            shown = key
            if _HOLE_MARK in key:
                meaning = resolver.resolve(key, ())
                parts = meaning.parts if isinstance(meaning, Segments) else parts_of(meaning)
                shown = Renamed("".join(map(str, parts)), key)
            result[shown] = _with_holes(value, resolver)
        return result
    return node
