"""The data source `aws_iam_policy_document` as the IAM document that the provider makes of it.

Source: Terraform AWS provider 6.25, `internal/service/iam/policy_document_data_source.go` and
`policy_model.go`: defaults, the order of sources and overrides, replacement by Sid, `&{` for `${`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from iamlint.model import Hole, Part, Pointer
from iamlint.record import field, record
from iamlint.sources.json_text import JsonSyntaxError
from iamlint.sources.terraform.embedded import parse_text, text_at
from iamlint.sources.terraform.meaning import (
    DocumentLink,
    FileText,
    JsonText,
    PlacedText,
    ResourceLink,
    known_text,
    number_text,
    parts_of,
    unplaced,
)
from iamlint.sources.terraform.places import InFile, Renamed
from iamlint.sources.terraform.walk import Resource, blocks_of
from iamlint.sources.tree import At, Branch, Choice, Segments, Unknown

__all__ = ["INPUT_ARGUMENTS", "BuiltDocument", "build_document", "inputs_of", "texts"]

DEFAULT_VERSION = "2012-10-17"
_SOURCES = ("source_json", "source_policy_documents")
_OVERRIDES = ("override_json", "override_policy_documents")
INPUT_ARGUMENTS = (*_SOURCES, *_OVERRIDES)
_MAX_DEPTH = 40
_MAX_STATEMENTS = 500


@record(frozen=False)
class BuiltDocument:
    """A document: its version and id where they are set, and its statements in order."""

    version: object = None
    id: object = None
    statements: list[tuple[str, object]] = field(default_factory=list)
    """Sid (empty when there is none, or none that is known) and the statement's tree."""

    @property
    def tree(self) -> dict[str, object]:
        """The tree for the policy builder."""
        tree: dict[str, object] = {}
        if self.version is not None:
            tree["Version"] = self.version
        if self.id is not None:
            tree["Id"] = self.id
        tree["Statement"] = [statement for _, statement in self.statements]
        return tree

    def merge(self, other: BuiltDocument) -> None:
        """Put `other` over this document, as the provider does."""
        if other.id is not None:
            self.id = other.id
        newer = known_text(other.version)
        if len(self.statements) > _MAX_STATEMENTS:
            return
        if self.version is None or (newer is not None and newer > (known_text(self.version) or "")):
            self.version = other.version
        places = {sid: index for index, (sid, _) in reversed(list(enumerate(self.statements))) if sid}
        for sid, statement in other.statements:
            if len(self.statements) >= _MAX_STATEMENTS:
                # More than any service takes: only merging over and over makes so many.
                self.statements.append(("", Unknown(Hole("unknown", "further statements", many=True))))
                return
            if sid and sid in places:
                self.statements[places[sid]] = sid, statement
            else:
                if sid:
                    places[sid] = len(self.statements)
                self.statements.append((sid, statement))


Linked: TypeAlias = Callable[[str], BuiltDocument | None]
"""Gives the document of another data block by its address; None where it cannot be known."""


def inputs_of(resource: Resource) -> Iterator[tuple[str, object, Pointer]]:
    """Yield the documents that a policy document merges: argument name, meaning, pointer."""
    for name in INPUT_ARGUMENTS:
        argument = resource.argument(name)
        if argument is None:
            continue
        for place in blocks_of(*argument):
            if place.node is not None and place.node != "":
                yield name, place.node, place.pointer


def build_document(resource: Resource, linked: Linked) -> BuiltDocument:
    """Return the document that a policy-document data source gives."""
    result = BuiltDocument()
    inputs = list(inputs_of(resource))
    for name, node, pointer in inputs:
        if name in _SOURCES:
            result.merge(_input(node, pointer, linked))
    result.merge(_own(resource))
    for name, node, pointer in inputs:
        if name in _OVERRIDES:
            result.merge(_input(node, pointer, linked))
    return result


def _own(resource: Resource) -> BuiltDocument:
    own = BuiltDocument(version=At(DEFAULT_VERSION, resource.pointer))
    version = resource.argument("version")
    if version is not None and unplaced(version[0]) is not None:
        own.version = At(version[0], _named(resource.pointer, resource.pointer, "Version", version[1]))
    identifier = resource.argument("policy_id")
    if identifier is not None and unplaced(identifier[0]) is not None:
        own.id = At(identifier[0], _named(resource.pointer, resource.pointer, "Id", identifier[1]))
    statements = resource.argument("statement")
    if statements is None:
        return own
    for place in blocks_of(*statements):
        pointer = _named(resource.pointer, resource.pointer, "Statement", place.pointer)
        if isinstance(place.node, dict):
            sid = known_text(place.node.get("sid")) or ""
            tree: object = At(_statement(_Block(place.node, place.pointer, pointer)), pointer)
        else:
            sid, tree = "", _any_number(place.node, "statement")
        if place.when:
            tree = Choice((Branch(place.when, tree, pointer),))
        own.statements.append((sid, tree))
    return own


@record
class _Block:
    """A statement block: where it is written, and its pointer as an IAM statement."""

    body: dict[str, object]
    written: Pointer
    pointer: Pointer

    def place(self, name: str, written: Pointer) -> Pointer:
        """Return the pointer of an element that is written at `written`."""
        return _named(self.pointer, self.written, name, written)

    def element(self, name: str, values: object, written: Pointer) -> At:
        """Return the values of an element that is written at `written`, perhaps as an expression there."""
        return _renamed(values, written, self.place(name, written))


def _renamed(values: object, written: Pointer, place: Pointer) -> At:
    """Return values that are written at `written` with that part of their place called `place`."""
    length = len(written)
    if isinstance(values, At) and len(values.pointer) > length and values.pointer[:length] == written:
        return At(values.node, (*place, *values.pointer[length:]))
    return At(values, place)


def _named(base: Pointer, written_base: Pointer, name: str, written: Pointer) -> Pointer:
    """Return the pointer of the element `name` below `base`, which is written below `written_base`; a
    list index at its end stays one."""
    if written[: len(written_base)] != written_base:
        return written
    steps = written[len(written_base) :]
    if len(steps) > 1 and isinstance(steps[-1], int):
        return (*base, Renamed(name, *steps[:-1]), steps[-1])
    return (*base, Renamed(name, *steps))


def _input(node: object, pointer: Pointer, linked: Linked) -> BuiltDocument:
    """Return a document that is merged in; statements that cannot be read are one hole."""
    if isinstance(node, DocumentLink):
        found = linked(node.address)
        if found is not None:
            return found
        return _unread(f"{node.address}.json")
    if isinstance(node, JsonText):
        return _from_tree(node.tree.node, node.tree.pointer)
    if isinstance(node, dict):
        return _from_tree(node, pointer)
    text = text_at(node, pointer)
    if isinstance(node, FileText):
        text = node.parts, node.offsets, (InFile(node.document.path),)
    if text is not None:
        try:
            return _from_tree(*parse_text(*text))
        except JsonSyntaxError:
            return _unread("text that is not JSON")
    return _unread("".join(map(str, parts_of(node))))


def _unread(name: str) -> BuiltDocument:
    hole = Unknown(Hole("unknown", name, many=True))
    return BuiltDocument(statements=[("", hole)])


def _from_tree(node: object, pointer: Pointer) -> BuiltDocument:
    if not isinstance(node, dict):
        return _unread("a document that is no object")
    result = BuiltDocument()
    if node.get("Version") is not None:
        result.version = At(node["Version"], (*pointer, "Version"))
    if node.get("Id") is not None:
        result.id = At(node["Id"], (*pointer, "Id"))
    if "Statement" in node:
        for place in blocks_of(node["Statement"], (*pointer, "Statement")):
            sid = known_text(place.node.get("Sid")) or "" if isinstance(place.node, dict) else ""
            tree: object = At(place.node, place.pointer)
            if place.when:
                tree = Choice((Branch(place.when, tree, place.pointer),))
            result.statements.append((sid, tree))
    return result


_LISTS = {
    "actions": "Action",
    "not_actions": "NotAction",
    "resources": "Resource",
    "not_resources": "NotResource",
}


def _statement(block: _Block) -> dict[str, object]:
    body, written = block.body, block.written
    tree: dict[str, object] = {}
    sid = body.get("sid")
    if unplaced(sid) is not None and known_text(sid) != "":
        tree["Sid"] = At(sid, block.place("Sid", (*written, "sid")))
    effect = body.get("effect")
    if unplaced(effect) is not None and known_text(effect) != "":
        tree["Effect"] = At(effect, block.place("Effect", (*written, "effect")))
    else:
        tree["Effect"] = "Allow"
    for name, element in _LISTS.items():
        values = body.get(name)
        if not _is_empty(values) or _came_to_nothing(values):
            variables = name in {"resources", "not_resources"}
            tree[element] = block.element(element, _listed(values, variables=variables), (*written, name))
    for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if not _is_empty(body.get(name)):
            tree[element] = _principals(block, name, element)
    if not _is_empty(body.get("condition")):
        tree["Condition"] = _conditions(block)
    return tree


def _is_empty(node: object) -> bool:
    inner = unplaced(node)
    return inner is None or inner in ([], "")


def _came_to_nothing(node: object) -> bool:
    """Say whether an expression, and not what is written here, gives an empty list: the document is then
    one that is not used, or that somebody fills."""
    return isinstance(node, At) and unplaced(node) == []


def _principals(block: _Block, name: str, element: str) -> object:
    """Return the principals blocks, each as a branch of its own, so that it keeps its place."""
    branches: list[Branch] = []
    base: Pointer = (*block.pointer, Renamed(element))
    for place in blocks_of(block.body[name], (*block.written, name)):
        body, at = place.node, place.pointer
        if not isinstance(body, dict):
            branches.append(Branch(place.when, _any_number(body, name), base))
            continue
        kind = known_text(body.get("type"))
        identifiers = _listed(body.get("identifiers"), variables=True)
        written: Pointer = (*at, "identifiers")
        if kind == "*" and _is_star(identifiers):
            branches.append(Branch(place.when, "*", block.place(element, written)))
        elif kind is None:
            branches.append(Branch(place.when, _any_number(body.get("type"), name), base))
        else:
            member = {kind: _renamed(identifiers, written, _named(base, block.written, kind, written))}
            branches.append(Branch(place.when, member, base))
    return Choice(tuple(branches))


def _is_star(node: object) -> bool:
    node = unplaced(node)
    if isinstance(node, list):
        return len(node) == 1 and known_text(node[0]) == "*"
    return known_text(node) == "*"


def _conditions(block: _Block) -> object:
    """Return the condition blocks, each with its own place; those of equal test and key are one."""
    base: Pointer = (*block.pointer, Renamed("Condition"))
    merged: dict[tuple[str, str], tuple[Branch, list[object]]] = {}
    branches: list[Branch] = []
    for place in blocks_of(block.body["condition"], (*block.written, "condition")):
        body, at = place.node, place.pointer
        if not isinstance(body, dict):
            branches.append(Branch(place.when, _any_number(body, "condition"), base))
            continue
        test = "".join(map(str, parts_of(body.get("test"))))
        key = "".join(map(str, parts_of(body.get("variable"))))
        below = at[: len(block.written)] == block.written
        operator: Pointer = (*base, Renamed(test, *at[len(block.written) :])) if below else at
        values = _renamed(
            _listed(body.get("values"), variables=True), (*at, "values"), (*operator, Renamed(key, "values"))
        )
        known = merged.get((test, key))
        if known is not None and known[0].when == place.when:
            known[1].append(values)
            continue
        listed: list[object] = [values]
        branch = Branch(place.when, {test: At({Renamed(key, "variable"): listed}, operator)}, base)
        merged.setdefault((test, key), (branch, listed))
        branches.append(branch)
    return Choice(tuple(branches))


def _any_number(node: object, name: str) -> Unknown:
    inner = unplaced(node)
    hole = inner.hole if isinstance(inner, Unknown) else Hole("unknown", name)
    return Unknown(Hole(hole.kind, hole.name, default=hole.default, many=True))


def _listed(node: object, *, variables: bool) -> object:
    """Return the values of a list argument as texts; one that is not known is any number of items."""
    inner = unplaced(node)
    if _came_to_nothing(node) or (isinstance(inner, Unknown) and inner.hole.default is None):
        return _any_number(inner, "values")
    return texts(node, variables=variables)


_NOTHING = At([], ())
"""In the place of a null item: a list without items, so that the others keep their numbers."""

_NOT_GIVEN = Unknown(Hole("unknown", "not given"))
"""In the place of a text that an expression leaves empty: nobody means the empty text."""


def texts(node: object, *, variables: bool = False, depth: int = 0) -> object:
    """Return scalars as text, as the provider takes them. With `variables`, `&{` becomes `${`."""
    if isinstance(node, str):
        return node.replace("&{", "${") if variables else node
    if depth > _MAX_DEPTH:
        return Unknown(Hole("unknown", "nested too deep"))
    if isinstance(node, At):
        if known_text(node) == "":
            return _NOT_GIVEN
        return At(texts(node.node, variables=variables, depth=depth + 1), node.pointer)
    if isinstance(node, list):
        return [
            texts(item, variables=variables, depth=depth + 1) if unplaced(item) is not None else _NOTHING
            for item in node
        ]
    if isinstance(node, Choice):
        return Choice(
            tuple(
                Branch(branch.when, _side(branch.node, depth, variables=variables), branch.pointer)
                for branch in node.branches
            )
        )
    if isinstance(node, dict):
        return Unknown(Hole("unknown", "an object"))  # Terraform refuses it, or it was read wrong.
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, int | float):
        return number_text(node)
    if isinstance(node, PlacedText | ResourceLink | FileText | Segments):
        if known_text(node) == "":
            return _NOT_GIVEN
        return Segments(tuple(_policy_variables(part, variables=variables) for part in parts_of(node)))
    return node


def _side(node: object, depth: int, *, variables: bool) -> object:
    """Return a side of a condition as texts."""
    return _NOT_GIVEN if node == "" else texts(node, variables=variables, depth=depth + 1)


def _policy_variables(part: Part, *, variables: bool) -> Part:
    return part.replace("&{", "${") if variables and isinstance(part, str) else part
