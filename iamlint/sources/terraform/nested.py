"""A template that stands as text inside another file."""

from __future__ import annotations

from iamlint.model import Document, Pointer, Span

__all__ = ["NestedDocument"]


class NestedDocument:
    """A document below a pointer of another one."""

    def __init__(self, outer: Document, pointer: Pointer) -> None:
        self._outer = outer
        self._pointer = pointer

    @property
    def path(self) -> str:
        """Path of the outer file."""
        return self._outer.path

    @property
    def format(self) -> str:
        """Format of the outer file."""
        return self._outer.format

    @property
    def has_lines(self) -> bool:
        """Whether places in the outer file mean something to a reader."""
        return self._outer.has_lines

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer` of the inner document."""
        return self._outer.span((*self._pointer, *pointer))

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key that leads to `pointer` of the inner document."""
        return self._outer.key_span((*self._pointer, *pointer))
