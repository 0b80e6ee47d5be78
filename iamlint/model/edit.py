"""Changes of a parsed document, told by pointer: what a fix wants, whatever the format is.

Imported only where something is to be fixed.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from iamlint.model.place import Pointer
from iamlint.record import record

__all__ = ["Edit", "EditError", "EditKind", "edited", "node_at"]


class EditKind(enum.StrEnum):
    """What is done at a place."""

    REPLACE = "replace"
    REMOVE = "remove"
    RENAME = "rename"
    INSERT = "insert"


@record
class Edit:
    """One change. `pointer` is the place in the tree as it was, keys and indexes only.

    `replace` puts the text `text` in the place of the value, `remove` takes out the list item or
    member, `rename` gives the member the key `text`, and `insert` adds the member that `pointer` names,
    with the text `text`, before all others of its object.
    """

    kind: EditKind
    pointer: Pointer
    text: str = ""


class EditError(ValueError):
    """The edits do not fit the tree, or each other."""


class _Branch:
    """The edits at one node and below it."""

    __slots__ = ("below", "edit", "inserts")

    def __init__(self) -> None:
        self.edit: Edit | None = None
        self.inserts: list[Edit] = []
        self.below: dict[object, _Branch] = {}


def edited(tree: object, edits: Iterable[Edit]) -> object:
    """Return `tree` with the edits carried out; what they do not touch is shared with the old tree.

    Raises EditError where a place does not exist, two edits meet, a key would be there twice, or a
    list or object would become empty.
    """
    root = _Branch()
    for edit in edits:
        branch = root
        steps = edit.pointer[:-1] if edit.kind is EditKind.INSERT else edit.pointer
        for step in steps:
            branch = branch.below.setdefault(step, _Branch())
        if edit.kind is EditKind.INSERT:
            branch.inserts.append(edit)
        elif branch.edit is not None and branch.edit != edit:
            raise EditError("two edits of one place")
        else:
            branch.edit = edit
    if root.edit is not None and root.edit.kind is not EditKind.REPLACE:
        raise EditError("the root is neither a member nor an item")
    return _value(tree, root)


def _value(node: object, branch: _Branch) -> object:
    if branch.edit is not None and branch.edit.kind is not EditKind.RENAME:
        if branch.below or branch.inserts:
            raise EditError("one edit lies within another")
        return branch.edit.text
    if branch.below or branch.inserts:
        if isinstance(node, dict):
            return _mapping(node, branch)
        if isinstance(node, list) and not branch.inserts:
            return _items(node, branch)
        raise EditError("there is no such place")
    return node


def _mapping(node: dict[str, object], branch: _Branch) -> dict[str, object]:
    if not branch.below.keys() <= node.keys():
        raise EditError("there is no such place")
    result: dict[str, object] = {str(edit.pointer[-1]): edit.text for edit in branch.inserts}
    count = len(branch.inserts)
    for key, value in node.items():
        below = branch.below.get(key)
        edit = None if below is None else below.edit
        if edit is not None and edit.kind is EditKind.REMOVE:
            continue
        name = edit.text if edit is not None and edit.kind is EditKind.RENAME else key
        result[name] = value if below is None else _value(value, below)
        count += 1
    if len(result) != count:
        raise EditError("a key would be there twice")
    if not result:
        raise EditError("nothing would be left")
    return result


def _items(node: list[object], branch: _Branch) -> list[object]:
    if not all(type(step) is int and 0 <= step < len(node) for step in branch.below):
        raise EditError("there is no such place")
    result = []
    for index, item in enumerate(node):
        below = branch.below.get(index)
        if below is None:
            result.append(item)
        elif below.edit is None or below.edit.kind is EditKind.REPLACE:
            result.append(_value(item, below))
        elif below.edit.kind is EditKind.RENAME:
            raise EditError("an item has no key")
    if not result:
        raise EditError("nothing would be left")
    return result


def node_at(tree: object, pointer: Pointer) -> object:
    """Return the node at `pointer`, keys and indexes only; raises EditError where there is none."""
    for step in pointer:
        if isinstance(tree, dict) and step in tree:  # noqa: SIM114 -- the types differ
            tree = tree[step]
        elif isinstance(tree, list) and isinstance(step, int) and step in range(len(tree)):
            tree = tree[step]
        else:
            raise EditError("there is no such place")
    return tree
