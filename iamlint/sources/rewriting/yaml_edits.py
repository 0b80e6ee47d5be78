"""Edits of YAML, in block and flow style: whole lines go in block style, one comma's worth in flow style.

What YAML can write in more ways than are followed here is left alone: tags, block scalars, what is
anchored and used elsewhere, keys with a question mark. A change never takes a comment away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from iamlint.model import Pointer
from iamlint.model.edit import Edit, EditKind
from iamlint.sources.rewriting.json_edits import removals
from iamlint.sources.rewriting.splices import CannotPlaceError, Splice

__all__ = ["yaml_splices"]

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-:./_][A-Za-z0-9]+)*\Z")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Plain scalars that YAML 1.1 takes for something else than text, in any letter case."""
_BREAK = re.compile(r"\r\n|\r|\n")


class YamlNode(Protocol):
    """A node with its place, as `yaml_text` keeps it."""

    start: int
    end: int
    tag: str | None
    style: str | None
    value: str | None
    anchored: bool
    used_again: bool
    flow: bool

    @property
    def children(self) -> Mapping[str | int, tuple[int, int, YamlNode]] | None:
        """The members by key, or items by number: key's start, key's end, node."""


def yaml_splices(text: str, root: YamlNode, edits: Sequence[Edit]) -> Iterator[Splice]:
    """Yield the changes of `text` that carry out the edits. Raises CannotPlaceError."""
    removed: dict[Pointer, set[object]] = {}
    for edit in edits:
        if edit.kind is EditKind.REMOVE:
            removed.setdefault(edit.pointer[:-1], set()).add(edit.pointer[-1])
        elif edit.kind is EditKind.INSERT:
            yield _inserted(text, _located(root, edit.pointer[:-1])[2], edit)
        else:
            key_start, key_end, node = _located(root, edit.pointer)
            if edit.kind is EditKind.RENAME:
                yield Splice(key_start, key_end, _like(text[key_start:key_end], edit.text))
            elif node.children is None:
                if node.style in {"|", ">"}:
                    raise CannotPlaceError("a text in block style is not rewritten")
                yield Splice(node.start, node.end, _like(text[node.start : node.end], edit.text))
            else:
                yield _unwrapped(text, key_end, node, edit.text)
    for holder, steps in removed.items():
        yield from _removed(text, _located(root, holder)[2], steps)


def _located(root: YamlNode, pointer: Pointer) -> tuple[int, int, YamlNode]:
    """Return key range and node; every node on the way must be written where it is used, and only there."""
    found = (root.start, root.start, root)
    _refuse_shared(root)
    for step in pointer:
        children = found[2].children
        child = None if children is None or not isinstance(step, str | int) else children.get(step)
        if child is None:
            raise CannotPlaceError("the place is not written out in the file")
        if _is_alias(step, child):
            raise CannotPlaceError("the place is an alias of another")
        _refuse_shared(child[2])
        found = child
    return found


def _is_alias(step: object, child: tuple[int, int, YamlNode]) -> bool:
    """Say whether a member or item stands elsewhere: an item's key range is where it is used."""
    return child[2].start < child[1] or (isinstance(step, int) and child[2].start != child[0])


def _refuse_shared(node: YamlNode) -> None:
    if node.used_again or node.anchored:
        raise CannotPlaceError("the place is anchored, and may be used elsewhere")
    if node.tag is not None:
        raise CannotPlaceError("the place has a tag")


def _like(old: str, text: str) -> str:
    """Return `text` as a scalar in the style of the old one."""
    if not text.isascii() or not text.isprintable():
        raise CannotPlaceError("a text that is not written simply")
    if old[:1] == '"':
        return json.dumps(text)
    if old[:1] == "'":
        return "'" + text.replace("'", "''") + "'"
    if old[:1] in {"&", "!", "?", "*", "|", ">"} or "\n" in old or "\r" in old:
        raise CannotPlaceError("a scalar that is not written simply")
    return text if _PLAIN.match(text) and text.lower() not in _WORDS else json.dumps(text)


def _unwrapped(text: str, key_end: int, node: YamlNode, new: str) -> Splice:
    """Put a scalar in the place of a list of one scalar."""
    children = node.children or {}
    if len(children) != 1 or not isinstance(next(iter(children)), int):
        raise CannotPlaceError("not a list of one")
    begin, _, item = children[0]
    if item.children is not None or item.tag is not None or item.anchored or item.start != begin:
        raise CannotPlaceError("not a list of one text")
    if item.style in {"|", ">"}:
        raise CannotPlaceError("a text in block style is not rewritten")
    written = _like(text[item.start : item.end], new)
    gaps = text[node.start : item.start] + text[item.end : node.end]
    if node.flow:
        if gaps.strip("[], \t\r\n"):
            raise CannotPlaceError("a comment would be lost")
        return Splice(node.start, node.end, written)
    colon = text.find(":", key_end, node.start + 1)
    between = text[colon + 1 : item.start]
    if colon < 0 or between.strip(" \t\r\n") != "-":
        raise CannotPlaceError("a comment would be lost")
    return Splice(colon + 1, item.end, f" {written}")


def _removed(text: str, node: YamlNode, steps: set[object]) -> Iterator[Splice]:
    children = node.children or {}
    places = []
    for key, (key_start, key_end, child) in children.items():
        if _is_alias(key, (key_start, key_end, child)):
            if key in steps:
                raise CannotPlaceError("the place is an alias of another")
            if node.flow:
                raise CannotPlaceError("an alias stands beside the place")
        elif key in steps:
            _refuse_anchors(child)
        places.append((key in steps, key_start, child.end))
    if node.flow:
        for start, end in removals(places):
            for gap in _gaps(places, start, end):
                if text[slice(*gap)].strip(" \t\r\n,"):
                    raise CannotPlaceError("a comment would be lost")
            yield Splice(start, end, "")
        return
    if all(gone for gone, _, _ in places):
        raise CannotPlaceError("nothing would be left")
    for key in children:
        if key in steps:
            key_start, _, child = children[key]
            yield _lines(text, key_start, child.end, item=isinstance(key, int))


def _refuse_anchors(node: YamlNode) -> None:
    """Refuse to take out what holds an anchor: something else may need it."""
    pending = [node]
    while pending:
        one = pending.pop()
        if one.anchored or one.used_again:
            raise CannotPlaceError("the place holds an anchor")
        pending.extend(child[2] for child in (one.children or {}).values())


def _gaps(places: Sequence[tuple[bool, int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield what lies between the members within a range."""
    at = start
    for _, first, last in places:
        if last > start and first < end:
            yield at, max(at, first)
            at = max(at, min(last, end))
    yield at, end


def _lines(text: str, start: int, end: int, *, item: bool) -> Splice:
    """Take out the whole lines of an item or member of a block, and nothing that others need."""
    first = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    lead = text[first:start].strip(" ")
    if lead != ("-" if item else ""):
        raise CannotPlaceError("the place shares its line with another")
    stop = _BREAK.search(text, end)
    last = stop.start() if stop else len(text)
    if text[end:last].strip(" \t"):
        raise CannotPlaceError("a comment would be lost")
    if re.search(r"(?:^|\s)#", text[start:end]):
        # It may be part of a text; then the change is not made either.
        raise CannotPlaceError("a comment would be lost")
    if stop is not None:
        return Splice(first, stop.end(), "")
    # The last line of a file that does not end with a line break: the one before it does not either.
    if text[first - 2 : first] == "\r\n":
        return Splice(first - 2, last, "")
    return Splice(max(first - 1, 0), last, "")


def _inserted(text: str, node: YamlNode, edit: Edit) -> Splice:
    children = list((node.children or {}).items())
    if not children or isinstance(children[0][0], int):
        raise CannotPlaceError("there is no member to stand before")
    start, end, child = children[0][1]
    key = _like(text[start:end], str(edit.pointer[-1]))
    quote = text[start] if text[start] in "\"'" else '"'
    value = quote + edit.text + quote if _simple(edit.text) else json.dumps(edit.text)
    if node.flow:
        colon = text[end : child.start] if child.start >= end else ": "
        if colon.strip(" ") != ":":
            colon = ": "
        lead = text[node.start + 1 : start]
        after = " " if colon.endswith(" ") else ""
        if lead.strip(" \t\r\n") == "" and _BREAK.search(lead):
            after = lead
        return Splice(start, start, f"{key}{colon}{value},{after}")
    first = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    lead = text[first:start]
    if lead.strip(" -"):
        raise CannotPlaceError("the first key shares its line with something else")
    broken = _BREAK.search(text)
    line_end = broken[0] if broken else "\n"
    return Splice(start, start, f"{key}: {value}{line_end}{' ' * len(lead)}")


def _simple(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set(text) & set("\"'\\")
