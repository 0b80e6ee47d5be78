"""How a file of the native syntax is laid out, for comments that speak to iamlint."""

from __future__ import annotations

from bisect import bisect_right

from iamlint.sources.comments import Layout
from iamlint.sources.terraform.hcl_syntax import syntax_nodes
from iamlint.sources.text import Text

__all__ = ["hcl_layout"]

_ENTRIES = frozenset({"attribute", "block", "object_elem"})


def hcl_layout(text: Text) -> Layout | None:
    """Return where the comments and the blocks of a file are; None for one that is not read."""
    comments: list[tuple[int, int]] = []
    entries: list[tuple[int, int]] = []
    heads: dict[int, tuple[int, int]] = {}
    for kind, parent, start, end in syntax_nodes(text.text):
        if kind == "comment":
            comments.append((start, end))
        elif kind in _ENTRIES or (kind == "expression" and parent == "tuple"):
            entries.append((start, end))
            if kind == "block":
                heads.setdefault(text.position(start)[0], (start, end))
    if not comments and not entries:
        return None
    comments.sort()
    # Of those that begin together the outermost comes first.
    entries.sort(key=lambda one: (one[0], -one[1]))
    starts = [start for start, _ in comments]
    begins = [start for start, _ in entries]

    def is_text(offset: int) -> bool:
        place = bisect_right(starts, offset) - 1
        return place < 0 or offset >= comments[place][1]

    def after(offset: int) -> tuple[int, int] | None:
        place = bisect_right(begins, offset - 1)
        return entries[place] if place < len(entries) else None

    def headed(offset: int) -> tuple[int, int] | None:
        return heads.get(text.position(offset)[0])

    return Layout(("#", "//", "/*"), is_text, after, headed)
