"""Terraform's functions, as far as policies use them. Source: Terraform language documentation, Functions.

Each takes the module, the call as text (to name a hole with) and the arguments, every one marked
with its place, and returns what the call comes to. What is not known is a hole.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from iamlint.model import Hole, Part
from iamlint.sources.json_text import JsonSyntaxError, parse_json
from iamlint.sources.terraform.document import FileDocument
from iamlint.sources.terraform.evaluate import Instance, Origin, text_parts
from iamlint.sources.terraform.expression import ExpressionError, parse_template
from iamlint.sources.terraform.meaning import (
    FileText,
    JsonText,
    PlacedText,
    known_text,
    located,
    parts_of,
    unplaced,
)
from iamlint.sources.terraform.places import InFile
from iamlint.sources.text import Text, UnreadableTextError, decode
from iamlint.sources.tree import At, Choice, Items, Unknown

__all__ = ["FUNCTIONS"]

Function: TypeAlias = Callable[[Instance, str, list[At]], object]

_LARGEST_FILE = 1_000_000
_MAX_TEXT = 200_000


def _hole(name: str) -> Unknown:
    return Unknown(Hole("unknown", name))


def _some(name: str) -> Unknown:
    """Return the hole that stands for any number of list items."""
    return Unknown(Hole("unknown", name, many=True))


def _items(argument: object) -> Iterator[object] | None:
    """Yield the items of a list, each marked with its place; None if it is no list that is known."""
    argument, place = located(argument)
    if isinstance(argument, list):
        if place is None:
            return iter(argument)
        return (
            At(item, (*place, index)) if isinstance(item, dict | list) else item
            for index, item in enumerate(argument)
        )
    if isinstance(argument, Items):
        return iter(argument.items)
    return None


def _identity(instance: Instance, name: str, arguments: list[At]) -> object:
    return arguments[0] if arguments else _hole(name)


_MAX_NESTED = 40


def _jsonencode(instance: Instance, name: str, arguments: list[At]) -> object:
    if len(arguments) != 1:
        return _hole(name)
    inner = unplaced(arguments[0])
    if not isinstance(inner, dict | list | Choice):
        return _hole(name)
    tree = _innermost(arguments[0])
    return JsonText(At(_without_nothing(tree.node, name, 0), tree.pointer))


def _without_nothing(node: object, name: str, depth: int) -> object:
    """Return a tree in which a list that a reference leaves empty is not known: nobody writes a document
    with it."""
    if depth > _MAX_NESTED:
        return node
    if isinstance(node, dict) and type(node) is dict:
        return {key: _without_nothing(value, name, depth + 1) for key, value in node.items()}
    if isinstance(node, list):
        return [_without_nothing(item, name, depth + 1) for item in node]
    if isinstance(node, At):
        if unplaced(node) == [] and depth:
            return Unknown(Hole("unknown", name, many=True))
        return At(_without_nothing(node.node, name, depth + 1), node.pointer)
    return node


def _innermost(node: At) -> At:
    while isinstance(node.node, At):
        node = node.node
    return node


def _jsondecode(instance: Instance, name: str, arguments: list[At]) -> object:
    if len(arguments) != 1:
        return _hole(name)
    inner = unplaced(arguments[0])
    if isinstance(inner, JsonText):
        return inner.tree
    text = known_text(inner)
    if text is None or len(text) > _MAX_TEXT:
        return _hole(name)
    instance.context.spend(len(text) // 16)
    try:
        return parse_json(text)[0]
    except JsonSyntaxError:
        return _hole(name)


def _concat(instance: Instance, name: str, arguments: list[At]) -> object:
    result: list[object] = []
    for argument in arguments:
        items = _items(argument)
        if items is not None:
            result.extend(items)
        elif isinstance(unplaced(argument), Choice):
            result.append(argument)
        else:
            result.append(_any_number(argument, name))
        instance.context.spend(len(result))
    return result


def _any_number(argument: object, name: str) -> Unknown:
    """Return a part of a list that is not known, as any number of items, under its own name."""
    inner = unplaced(argument)
    if isinstance(inner, Unknown):
        hole = inner.hole
        return Unknown(Hole(hole.kind, hole.name, many=True))
    return _some(name)


def _flatten(instance: Instance, name: str, arguments: list[At]) -> object:
    if len(arguments) != 1:
        return _hole(name)
    result: list[object] = []
    pending: list[object] = [arguments[0]]
    while pending:
        instance.context.spend(1)
        node = pending.pop()
        items = _items(node)
        if items is not None:
            pending.extend(reversed(list(items)))
        else:
            result.append(node)
    return result


def _compact(instance: Instance, name: str, arguments: list[At]) -> object:
    items = _items(arguments[0]) if arguments else None
    if items is None:
        return _hole(name)
    return [item for item in items if unplaced(item) is not None and known_text(item) != ""]


def _distinct(instance: Instance, name: str, arguments: list[At]) -> object:
    items = _items(arguments[0]) if arguments else None
    if items is None:
        return arguments[0] if arguments else _hole(name)
    seen: set[str] = set()
    result: list[object] = []
    for item in items:
        text = known_text(item)
        if text is None or text not in seen:
            result.append(item)
        if text is not None:
            seen.add(text)
    return result


def _merge(instance: Instance, name: str, arguments: list[At]) -> object:
    result: dict[str, object] = {}
    for argument in arguments:
        node = _innermost(argument)
        if not isinstance(node.node, dict):
            return _hole(name)
        for key, value in node.node.items():
            instance.context.spend(1)
            # Every member keeps its place: the merged object itself is written nowhere.
            result[key] = At(value, (*node.pointer, key))
    return result


def _join(instance: Instance, name: str, arguments: list[At]) -> object:
    separator = known_text(arguments[0]) if arguments else None
    if separator is None or len(arguments) < 2:
        return _hole(name)
    pieces: list[Part] = []
    for argument in arguments[1:]:
        items = _items(argument)
        if items is None:
            return _hole(name)
        for item in items:
            inner = unplaced(item)
            if isinstance(inner, dict | list | Choice) or (isinstance(inner, Unknown) and inner.hole.many):
                return _hole(name)
            if pieces and separator:
                pieces.append(separator)
            pieces.extend(text_parts(inner, name))
            instance.context.spend(1)
    return _text(instance, pieces)


def _text(instance: Instance, pieces: list[Part]) -> object:
    """Return pieces as one text; its place is where it is used."""
    if all(isinstance(piece, str) for piece in pieces):
        text = "".join(map(str, pieces))
        instance.context.spend(len(text) // 64)
        return text
    return PlacedText(tuple(pieces), (0,) * len(pieces), ())


def _format(instance: Instance, name: str, arguments: list[At]) -> object:
    pattern = known_text(arguments[0]) if arguments else None
    if pattern is None:
        return _hole(name)
    pieces: list[Part] = []
    rest = iter(arguments[1:])
    before, mark, after = pattern.partition("%")
    while True:
        if before:
            pieces.append(before)
        if not mark:
            return _text(instance, pieces)
        verb, after = after[:1], after[1:]
        if verb == "%":
            pieces.append("%")
        elif verb in {"s", "v", "d"} and verb:
            argument = next(rest, None)
            if argument is None or isinstance(unplaced(argument), dict | list):
                return _hole(name)
            pieces.extend(text_parts(argument, name))
        else:
            return _hole(name)
        instance.context.spend(1)
        before, mark, after = after.partition("%")


def _changed(change: Callable[[str], str]) -> Function:
    def function(instance: Instance, name: str, arguments: list[At]) -> object:
        text = known_text(arguments[0]) if len(arguments) == 1 else None
        return _hole(name) if text is None else change(text)

    return function


def _trimspace(instance: Instance, name: str, arguments: list[At]) -> object:
    """Blanks around a document mean nothing, so what is not plain text passes as it is."""
    if len(arguments) != 1:
        return _hole(name)
    text = known_text(arguments[0])
    return arguments[0].node if text is None or '"Statement"' in text else text.strip()


def _replace(instance: Instance, name: str, arguments: list[At]) -> object:
    texts = [known_text(argument) for argument in arguments]
    if len(texts) != 3 or texts[0] is None or texts[1] is None or texts[2] is None or not texts[1]:
        return _hole(name)
    if texts[1].startswith("/") and texts[1].endswith("/"):
        return _hole(name)
    if texts[0].count(texts[1]) * len(texts[2]) > _MAX_TEXT:
        return _hole(name)
    return texts[0].replace(texts[1], texts[2])


def _split(instance: Instance, name: str, arguments: list[At]) -> object:
    texts = [known_text(argument) for argument in arguments]
    if len(texts) != 2 or not texts[0] or texts[1] is None:
        return _hole(name)
    pieces: list[object] = list(texts[1].split(texts[0]))
    instance.context.spend(len(pieces))
    return pieces


def _one(instance: Instance, name: str, arguments: list[At]) -> object:
    items = _items(arguments[0]) if len(arguments) == 1 else None
    found = list(items) if items is not None else []
    return found[0] if len(found) == 1 else _hole(name)


def _first(instance: Instance, name: str, arguments: list[At]) -> object:
    """Return the first argument that is there (`coalesce`, `try`); one that is not known may fail."""
    for argument in arguments:
        inner = unplaced(argument)
        if isinstance(inner, Unknown) and inner.hole.default is None:
            return _hole(name)
        if inner is not None and known_text(inner) != "":
            return argument
    return _hole(name)


def _try(instance: Instance, name: str, arguments: list[At]) -> object:
    return arguments[0] if arguments and not isinstance(unplaced(arguments[0]), Unknown) else _hole(name)


def _coalescelist(instance: Instance, name: str, arguments: list[At]) -> object:
    for argument in arguments:
        inner = unplaced(argument)
        if not isinstance(inner, list):
            return _hole(name)
        if inner:
            return argument
    return _hole(name)


def _lookup(instance: Instance, name: str, arguments: list[At]) -> object:
    key = known_text(arguments[1]) if len(arguments) >= 2 else None
    if key is None:
        return _hole(name)
    node = _innermost(arguments[0])
    if not isinstance(node.node, dict):
        return _hole(name)
    if key in node.node:
        return At(node.node[key], (*node.pointer, key))
    return arguments[2] if len(arguments) > 2 else _hole(name)


def _element(instance: Instance, name: str, arguments: list[At]) -> object:
    items = _items(arguments[0]) if len(arguments) == 2 else None
    index = unplaced(arguments[1]) if len(arguments) == 2 else None
    found = list(items) if items is not None else []
    if not found or not isinstance(index, int) or isinstance(index, bool) or index < 0:
        return _hole(name)
    return found[index % len(found)]


def _length(instance: Instance, name: str, arguments: list[At]) -> object:
    inner = unplaced(arguments[0]) if len(arguments) == 1 else None
    if isinstance(inner, dict):
        return len(inner)
    if isinstance(inner, list) and not any(_is_many(item) for item in inner):
        return len(inner)
    text = known_text(inner)
    return _hole(name) if text is None else len(text)


def _is_many(item: object) -> bool:
    inner = unplaced(item)
    return isinstance(inner, Choice | Items) or (isinstance(inner, Unknown) and inner.hole.many)


def _keys(instance: Instance, name: str, arguments: list[At]) -> object:
    inner = unplaced(arguments[0]) if len(arguments) == 1 else None
    return sorted(map(str, inner)) if isinstance(inner, dict) else _hole(name)


def _values(instance: Instance, name: str, arguments: list[At]) -> object:
    node = _innermost(arguments[0]) if len(arguments) == 1 else None
    if node is None:
        return _hole(name)
    if isinstance(node.node, dict):
        return [At(node.node[key], (*node.pointer, key)) for key in sorted(node.node)]
    # The instances of a resource: what follows is taken of each.
    return node.node


def _file(instance: Instance, name: str, arguments: list[At]) -> object:
    if len(arguments) != 1:
        return _hole(name)
    text = _read(instance, name, arguments[0])
    if text is None:
        return _hole(name)
    document = instance.context.files[text.path]
    assert isinstance(document, FileDocument)
    return FileText(document, (text.text,), (0,))


def _templatefile(instance: Instance, name: str, arguments: list[At]) -> object:
    if len(arguments) != 2:
        return _hole(name)
    text = _read(instance, name, arguments[0])
    if text is None:
        return _hole(name)
    document = instance.context.files[text.path]
    assert isinstance(document, FileDocument)
    given = unplaced(arguments[1])
    scope: Mapping[str, object] = given if isinstance(given, dict) else {}
    try:
        template = parse_template(text.text)
    except ExpressionError as error:
        line, column = text.position(min(error.offset, len(text.text)))
        from iamlint.model import Diagnostic

        message = f"cannot be read as a template: {error}"
        instance.context.diagnostics.append(
            Diagnostic(text.path, "unreadable-expression", message, line, column, unjudged=True)
        )
        return _hole(name)
    parts, offsets = instance.template_text(template, Origin((InFile(text.path),), text.text), scope)
    return FileText(document, parts, offsets)


def _read(instance: Instance, name: str, argument: At) -> Text | None:
    """Return the content of a file inside the root, and make its document; a diagnostic and None
    where that cannot be. A path that starts nowhere starts at the root module, where it is run."""
    parts = parts_of(argument)
    first = parts[0] if parts else ""
    directory = instance.root
    rest = parts
    if isinstance(first, Hole) and first.kind == "path":
        directory = instance.module.directory if first.name == "path.module" else instance.root
        rest = parts[1:]
    if not all(isinstance(part, str) for part in rest):
        return None
    relative = "".join(map(str, rest))
    context = instance.context
    if rest is parts and relative.startswith("/"):
        context.note("file-not-read", f"{name}: the path is not inside the root", argument.pointer)
        return None
    path = posixpath.normpath(posixpath.join(directory or ".", relative.lstrip("/")))
    if path.startswith("../") or path in {"..", "."} or "\0" in path:
        context.note("file-not-read", f"{name}: the path is not inside the root", argument.pointer)
        return None
    data = context.options.read(path)
    if data is None:
        context.note(
            "file-not-read", f"{name}: there is no file {path[:200]!r} inside the root", argument.pointer
        )
        return None
    if len(data) > _LARGEST_FILE:
        context.note(
            "file-not-read", f"{name}: the file {path[:200]!r} is too large for a policy", argument.pointer
        )
        return None
    try:
        text = decode(path, data)
    except UnreadableTextError as error:
        context.note(
            "file-not-read", f"{name}: the file {path[:200]!r} is no text: {error}", argument.pointer
        )
        return None
    context.spend(len(data) // 64)
    if not isinstance(context.files.get(path), FileDocument):
        if path in context.files:
            return None
        context.files[path] = FileDocument(text, context.files, "terraform-json")
    return text


FUNCTIONS: dict[str, Function] = {
    "coalesce": _first,
    "coalescelist": _coalescelist,
    "compact": _compact,
    "concat": _concat,
    "distinct": _distinct,
    "element": _element,
    "file": _file,
    "flatten": _flatten,
    "format": _format,
    "join": _join,
    "jsondecode": _jsondecode,
    "jsonencode": _jsonencode,
    "keys": _keys,
    "length": _length,
    "lookup": _lookup,
    "lower": _changed(str.lower),
    "merge": _merge,
    "nonsensitive": _identity,
    "one": _one,
    "replace": _replace,
    "sensitive": _identity,
    "setunion": _concat,
    "sort": _identity,
    "split": _split,
    "templatefile": _templatefile,
    "tolist": _identity,
    "tomap": _identity,
    "toset": _identity,
    "tostring": _identity,
    "trimspace": _trimspace,
    "try": _try,
    "upper": _changed(str.upper),
    "values": _values,
}
