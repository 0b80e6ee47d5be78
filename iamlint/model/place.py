"""Where things stand: spans in files, and pointers into parsed documents that become spans on demand.

Positions are dear: a file without findings never pays for them. So everything that is read keeps a
pointer (the path of keys and indexes to its node), and the document that was parsed turns a pointer
into a span when a finding or a listing asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from iamlint.record import record

if TYPE_CHECKING:
    from iamlint.model.surroundings import Surroundings

__all__ = [
    "Document",
    "Embedded",
    "Excerpt",
    "HasSurroundings",
    "HasText",
    "Pointer",
    "Span",
    "Step",
    "When",
    "json_pointer",
]


@record
class Span:
    """A place in a file: `path` relative to the root, 1-based lines and columns counted in code
    points (the end column is one past the last character), and the byte range in the file."""

    path: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int
    byte_offset: int
    byte_length: int


@record
class Embedded:
    """The step from a text node into the document that is written inside that text.

    `text` is the inner text as it was parsed. `splices` holds pairs (offset in `text`, offset in
    the decoded outer string) in rising order, where the two run apart because something was put in
    the place of a hole; between two pairs both advance together.
    """

    text: str
    splices: tuple[tuple[int, int], ...] = ((0, 0),)

    def outer_offset(self, offset: int) -> int:
        """Return the offset in the decoded outer string for `offset` in the inner text."""
        inner, outer = 0, 0
        for start, target in self.splices:
            if start > offset:
                break
            inner, outer = start, target
        return outer + (offset - inner)


@record
class Excerpt(Embedded):
    """The step from a text node into a part of its text that is no document; it is the last step. Of
    `text` only the length counts."""


Step: TypeAlias = str | int | Embedded
Pointer: TypeAlias = tuple[Step, ...]
When: TypeAlias = tuple[tuple[str, bool], ...]
"""Conditions of a template under which something exists: (name, holds) pairs; empty means always."""


class Document(Protocol):
    """A parsed file that can say where its nodes stand."""

    @property
    def path(self) -> str:
        """Path of the file, relative to the root, with forward slashes."""

    @property
    def format(self) -> str:
        """The format's name, as `policy-json` or `cloudformation`."""

    @property
    def has_lines(self) -> bool:
        """Say whether places mean something to a reader (false for machine-made plans)."""

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer`, or of its nearest known ancestor."""

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key that leads to `pointer`; of the value where there is no key."""


@runtime_checkable
class HasText(Protocol):
    """A document that knows the text of its nodes."""

    def text_at(self, pointer: Pointer) -> str:
        """Return the JSON text of the node at `pointer`, or of its nearest known ancestor."""


@runtime_checkable
class HasSurroundings(Protocol):
    """A document that knows what stands beside its policies and grants, and how they are written."""

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return what stands beside the policy or grant at `pointer`, and how it is written there."""


def json_pointer(steps: Pointer) -> str:
    """Return `steps` in the notation of RFC 6901; steps into embedded text leave no trace."""
    return "".join(
        "/" + (step.replace("~", "~0").replace("/", "~1") if isinstance(step, str) else str(step))
        for step in steps
        if not isinstance(step, Embedded)
    )
