"""What a format hands to the policy builder: plain trees, and what may stand in them.

A tree is what a JSON reader gives: dict, list, str, int, float, bool, None. A resolver of a format may
answer a node with one of the classes here, so that the builder, and only the builder, knows how
lists, strings, holes and branches become statements.
"""

from __future__ import annotations

from typing import Protocol

from iamlint.model import Hole, Part, Pointer, When
from iamlint.record import record

__all__ = ["At", "Branch", "Choice", "Items", "Resolver", "Segments", "Unknown"]


@record
class Segments:
    """A string made of known text and holes."""

    parts: tuple[Part, ...]


@record
class Unknown:
    """A node of any shape that the files do not tell."""

    hole: Hole


@record
class Branch:
    """One side of a choice: the node, where it is written, and the conditions under which it holds."""

    when: When
    node: object
    pointer: Pointer


@record
class Choice:
    """A node that is one of several, decided by conditions; a side that removes the node is left out."""

    branches: tuple[Branch, ...]


@record
class Items:
    """A list whose items are written in different places."""

    items: tuple[At, ...]


@record
class At:
    """A node that is written at `pointer`, elsewhere in the document than where it is used."""

    node: object
    pointer: Pointer


class Resolver(Protocol):
    """How a format reads the nodes of its trees."""

    @property
    def templates(self) -> bool:
        """Whether plain strings can hold holes, so that each has to be resolved too."""

    def resolve(self, node: object, pointer: Pointer) -> object:
        """Return the node itself when it is plain, else what it means: Segments, Unknown, Choice,
        Items or At. Never raises for odd input: what cannot be read is Unknown."""
