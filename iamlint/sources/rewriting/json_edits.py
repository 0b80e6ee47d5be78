"""Edits of JSON: tokens are replaced, items and members go with one comma and the blanks beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Protocol

from iamlint.model import Pointer
from iamlint.model.edit import Edit, EditKind
from iamlint.sources.json_text import JsonIndex
from iamlint.sources.rewriting.splices import CannotPlaceError, Splice

__all__ = ["json_splices", "quoted", "removals"]


class _Placed(Protocol):
    """One member of a container: the offsets of its key (equal for list items) and of its value."""

    key_start: int
    key_end: int
    start: int
    end: int


def json_splices(text: str, strict: str, edits: Sequence[Edit]) -> Iterator[Splice]:
    """Yield the changes of `text` that carry out the edits. Raises CannotPlaceError.

    `strict` are the same characters with comments and the like blanked: a change never takes one away.
    """
    index = JsonIndex(strict)
    removed: dict[Pointer, set[object]] = {}
    for edit in edits:
        if edit.kind is EditKind.REMOVE:
            removed.setdefault(edit.pointer[:-1], set()).add(edit.pointer[-1])
        elif edit.kind is EditKind.INSERT:
            yield _inserted(text, strict, index, edit)
        elif edit.kind is EditKind.RENAME:
            child = _located(index, edit.pointer)
            yield Splice(child.key_start, child.key_end, quoted(edit.text))
        else:
            child = _located(index, edit.pointer)
            if text[child.start : child.end] != strict[child.start : child.end]:
                raise CannotPlaceError("a comment would be lost")
            yield Splice(child.start, child.end, quoted(edit.text))
    for holder, steps in removed.items():
        members = index.members(_located(index, holder).start)
        places = [(key in steps, child.key_start, child.end) for key, child in members.items()]
        for start, end in removals(places):
            if text[start:end] != strict[start:end]:
                raise CannotPlaceError("a comment would be lost")
            yield Splice(start, end, "")


def quoted(text: str) -> str:
    """Return `text` as JSON writes it. Raises CannotPlaceError for what is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CannotPlaceError("a character that is not text") from None
    return json.dumps(text, ensure_ascii=False)


def removals(places: Sequence[tuple[bool, int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the ranges to take out, given (is to be removed, start, end) for each member in order.

    Those at the beginning go with what follows them, all others with what stands before them.
    Raises CannotPlaceError when nothing would be left.
    """
    kept = [at for at, (gone, _, _) in enumerate(places) if not gone]
    if not kept:
        raise CannotPlaceError("nothing would be left")
    if kept[0] > 0:
        yield places[0][1], places[kept[0]][1]
    for before, after in zip(kept, [*kept[1:], len(places)], strict=True):
        if after - before > 1:
            yield places[before][2], places[after - 1][2]


def _located(index: JsonIndex, pointer: Pointer) -> _Placed:
    child = index.locate(())
    for step in pointer:
        found = index.members(child.start).get(step) if isinstance(step, str | int) else None
        if found is None:
            raise CannotPlaceError("the place is not in the file")
        child = found
    return child


def _inserted(text: str, strict: str, index: JsonIndex, edit: Edit) -> Splice:
    """Write the new member before the first one, in the way that one is written."""
    holder = _located(index, edit.pointer[:-1])
    members = list(index.members(holder.start).values())
    if strict[holder.start : holder.start + 1] != "{" or not members:
        raise CannotPlaceError("there is no member to stand before")
    first = members[0]
    colon = strict[first.key_end : first.start]
    if "\n" in colon or "\r" in colon or text[first.key_end : first.start] != colon:
        colon = ": "
    lead = strict[holder.start + 1 : first.key_start]
    if "\n" in lead or "\r" in lead:
        # What stands between the bracket and the first key, but comments: one line break, the indentation.
        last = max(lead.rfind("\n"), lead.rfind("\r"))
        after = ("\r\n" if lead[last - 1 : last + 1] == "\r\n" else lead[last]) + lead[last + 1 :]
        if lead[last + 1 :].strip(" \t"):
            raise CannotPlaceError("the indentation cannot be told")
    elif len(members) > 1:
        gap = strict[first.end : members[1].key_start]
        after = gap[gap.index(",") + 1 :]
        if after.strip(" \t"):
            after = " "
    else:
        after = "" if colon == ":" else " "
    written = f"{quoted(str(edit.pointer[-1]))}{colon}{quoted(edit.text)},{after}"
    return Splice(first.key_start, first.key_start, written)
