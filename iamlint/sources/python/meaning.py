"""What a Python expression comes to, with where it is written.

`node` is what a reader is shown for the meaning, `origin` the expression that makes it: for a name, the
use and the literal that it was bound to.
"""

from __future__ import annotations

import ast
from typing import TypeAlias

from iamlint.model import Hole, Part
from iamlint.record import record
from iamlint.sources.python.literals import Segment

__all__ = [
    "Entry",
    "JsonOf",
    "Meaning",
    "Open",
    "Row",
    "Scalar",
    "Table",
    "Text",
    "text_of",
]


@record(eq=False)
class Text:
    """A string, piece by piece."""

    segments: tuple[Segment, ...]
    node: ast.AST
    origin: ast.AST

    @property
    def parts(self) -> tuple[Part, ...]:
        """The text and the holes, in order."""
        return tuple(segment.part for segment in self.segments)

    @property
    def known(self) -> str | None:
        """The whole text when all of it is known."""
        parts = [part for part in self.parts if isinstance(part, str)]
        return "".join(parts) if len(parts) == len(self.segments) else None


@record(eq=False)
class Scalar:
    """A number, a truth value or None."""

    value: float | bool | None
    node: ast.AST


@record(eq=False)
class Entry:
    """A member of an object: its name, where that is written (None where nobody wrote it), the value."""

    key: str
    key_node: ast.AST | None
    value: Meaning


@record(eq=False)
class Table:
    """An object."""

    entries: tuple[Entry, ...]
    node: ast.AST
    origin: ast.AST

    def get(self, key: str) -> Meaning | None:
        """Return the member of a name; the last one counts."""
        for entry in reversed(self.entries):
            if entry.key == key:
                return entry.value
        return None


@record(eq=False)
class Row:
    """A list."""

    items: tuple[Meaning, ...]
    node: ast.AST
    origin: ast.AST


@record(eq=False)
class JsonOf:
    """The JSON text of a meaning."""

    value: Meaning
    node: ast.AST


@record(eq=False)
class Open:
    """What the file does not tell."""

    hole: Hole
    node: ast.AST


Meaning: TypeAlias = Text | Scalar | Table | Row | JsonOf | Open


def text_of(meaning: Meaning | None) -> str | None:
    """Return the text of a meaning when all of it is known."""
    return meaning.known if isinstance(meaning, Text) else None
