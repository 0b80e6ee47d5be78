"""From edits of a policy to the new text of its file, checked by reading it again."""

from __future__ import annotations

from collections.abc import Sequence

from iamlint.model import Document, Embedded, Pointer
from iamlint.model.edit import Edit, EditKind, edited, node_at
from iamlint.record import record
from iamlint.sources.json_text import JsonDocument, JsonSyntaxError, parse_json, string_offsets
from iamlint.sources.lenient_json import repair
from iamlint.sources.rewriting.json_edits import json_splices, quoted
from iamlint.sources.rewriting.splices import CannotPlaceError, Splice, spliced
from iamlint.sources.rewriting.yaml_edits import yaml_splices
from iamlint.sources.terraform.document import TerraformJsonDocument
from iamlint.sources.terraform.places import ExpressionStep, InFile, WrittenDocument, as_written
from iamlint.sources.yaml_text import YamlDocument, YamlSyntaxError, parse_yaml

__all__ = ["Change", "Place", "changed_text", "place"]

_LARGEST = 1_000_000
"""Characters. Nobody writes more by hand, and beyond it repeated keys are not told."""


@record
class Place:
    """Where something of a policy is written: the document of a file and the pointer in its tree.

    Where the policy is JSON text within that file, `pointer` leads to the text, `embedded` is the step
    into it, and `within` leads on from there.
    """

    document: JsonDocument | YamlDocument
    pointer: Pointer
    embedded: Embedded | None = None
    within: Pointer = ()


@record
class Change:
    """An edit, and where the root of the tree that its pointer leads into is written."""

    root: Place
    edit: Edit


def place(document: Document, pointer: Pointer) -> Place:
    """Return where `pointer` of a policy's document is written.

    Raises CannotPlaceError where that is no file that people write as JSON or YAML, or within an
    expression or a text with holes.
    """
    found: object = document
    while isinstance(found, WrittenDocument):
        found = found.document
    if isinstance(found, TerraformJsonDocument):
        found, pointer = found.written(pointer)
    if not isinstance(found, JsonDocument | YamlDocument) or not found.has_lines:
        raise CannotPlaceError(f"a file of the format {document.format} is not rewritten")
    if found.repeated:
        raise CannotPlaceError("a key is written twice in the file")
    if len(found.source.text) > _LARGEST:
        raise CannotPlaceError("the file is too large to be written by hand")
    steps = as_written(pointer)
    at = next((at for at, step in enumerate(steps) if isinstance(step, Embedded)), None)
    if at is None:
        return Place(found, steps)
    step = steps[at]
    assert isinstance(step, Embedded)
    if isinstance(step, ExpressionStep | InFile) or any(isinstance(one, Embedded) for one in steps[at + 1 :]):
        raise CannotPlaceError("the policy is written within an expression or another text")
    if not isinstance(found, JsonDocument) or step.splices != ((0, 0),):
        raise CannotPlaceError("the policy is written as a text that is not rewritten")
    if node_at(found.tree, steps[:at]) != step.text:
        raise CannotPlaceError("the policy is a text with holes")
    return Place(found, steps[:at], step, steps[at + 1 :])


def changed_text(changes: Sequence[Change]) -> str:
    """Return the new text of one file, given all its changes. The pointer of each edit starts at the root
    of the document, or of the text within it, that the change's place names.

    Raises CannotPlaceError or EditError when it cannot be done exactly: the new text, read again, must
    give the old tree with the edits carried out and nothing else.
    """
    parts: dict[int, list[Edit]] = {}
    documents: dict[int, JsonDocument | YamlDocument] = {}
    texts: dict[tuple[int, Pointer], tuple[Embedded, list[Edit]]] = {}
    for change in changes:
        root = change.root
        part = _part(root.document)
        documents[part] = root.document
        own = parts.setdefault(part, [])
        if root.embedded is None:
            own.append(change.edit)
        else:
            texts.setdefault((part, root.pointer), (root.embedded, []))[1].append(change.edit)
    splices: list[Splice] = []
    for part, own in parts.items():
        splices += _splices(documents[part], own)
    # To the file, a text within it is a value that is replaced.
    for (part, pointer), (embedded, edits) in texts.items():
        inner = list(json_splices(embedded.text, embedded.text, edits))
        new = spliced(embedded.text, inner)
        if not _same(_parsed(new), edited(_parsed(embedded.text), edits)):
            raise CannotPlaceError("the text within the file cannot be written exactly")
        splices += _outward(documents[part], pointer, inner)
        parts[part].append(Edit(EditKind.REPLACE, pointer, new))
    first = next(iter(documents.values()))
    text = spliced(first.source.text, splices)
    before, after = _trees(first, first.source.text), _trees(first, text)
    for part, edits in parts.items():
        before[part] = edited(before[part], edits)
    if not _same(before, after):
        raise CannotPlaceError("the file cannot be written exactly")
    return text


def _part(document: JsonDocument | YamlDocument) -> int:
    return document.part if isinstance(document, YamlDocument) else 0


def _splices(document: JsonDocument | YamlDocument, edits: Sequence[Edit]) -> Sequence[Splice]:
    if isinstance(document, YamlDocument):
        return list(yaml_splices(document.source.text, document.root, edits))
    return list(json_splices(document.source.text, document.strict, edits))


def _outward(
    document: JsonDocument | YamlDocument, pointer: Pointer, splices: Sequence[Splice]
) -> Sequence[Splice]:
    """Return the changes of a decoded JSON string as changes of the file."""
    assert isinstance(document, JsonDocument)
    offsets = string_offsets(document.strict, document.offset(pointer))
    return [Splice(offsets[one.start], offsets[one.end], quoted(one.text)[1:-1]) for one in splices]


def _trees(document: JsonDocument | YamlDocument, text: str) -> list[object]:
    """Return the trees of the text of a file, read in the way in which the document was."""
    try:
        if isinstance(document, YamlDocument):
            return parse_yaml(text)[0]
        if document.strict == document.source.text:
            return [_parsed(text)]
        repaired = repair(text)
    except YamlSyntaxError:
        repaired = None
    if repaired is None:
        raise CannotPlaceError("the changed file could not be read")
    return [repaired[0]]


def _parsed(text: str) -> object:
    try:
        tree, repeated = parse_json(text)
    except JsonSyntaxError:
        raise CannotPlaceError("the changed text could not be read") from None
    if repeated:
        raise CannotPlaceError("a key is written twice")
    return tree


def _same(one: object, other: object) -> bool:
    """Say whether two trees are the same, with the order of their keys and the types of their scalars."""
    return repr(one) == repr(other)
