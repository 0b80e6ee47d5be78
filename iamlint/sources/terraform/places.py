"""Steps of pointers that only Terraform needs: into another file, into an expression, to a renamed key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from iamlint.model import Document, Embedded, HasSurroundings, Pointer, Span
from iamlint.model.place import Step
from iamlint.record import record

if TYPE_CHECKING:
    from iamlint.model.surroundings import Surroundings

__all__ = [
    "ExpressionStep",
    "InFile",
    "Renamed",
    "WrittenDocument",
    "as_written",
    "expression_step",
    "in_file",
]


@record
class InFile(Embedded):
    """The step into another file of the same unit; `text` is that file's path. It comes first."""


@record
class ExpressionStep(Embedded):
    """The step from a string, or from a file, into an expression in it. The steps that follow are
    keys of objects and indexes of lists as the expression writes them."""


class Renamed(str):
    """A step of an IAM document that is written in another way: `written` are the steps that lead to
    it, a key (`variable` for the key of a condition), several, or the number of a computed key.

    So a pointer reads the same in every format, and still leads to what is written.
    """

    __slots__ = ("written",)

    written: tuple[Step, ...]

    def __new__(cls, text: str, *written: Step) -> Self:
        """Return the step `text`, to be looked for as `written`."""
        step = super().__new__(cls, text)
        step.written = written
        return step

    def __reduce__(self) -> tuple[type[Renamed], tuple[Step, ...]]:
        """Return what copies and pickles are made from."""
        return Renamed, (str(self), *self.written)


def as_written(pointer: Pointer) -> Pointer:
    """Return a pointer with the steps that stand in the file."""
    if not any(isinstance(step, Renamed) for step in pointer):
        return pointer
    steps: list[Step] = []
    for step in pointer:
        if isinstance(step, Renamed):
            steps.extend(step.written)
        else:
            steps.append(step)
    return tuple(steps)


def expression_step(text: str, start: int, end: int) -> ExpressionStep:
    """Return the step into `text[start:end]` of the decoded string `text`."""
    return ExpressionStep(text[start:end], ((0, start),))


def in_file(path: str, pointer: Pointer) -> Pointer:
    """Return `pointer` as seen from any file: led by the step into the file at `path`."""
    return pointer if pointer and isinstance(pointer[0], InFile) else (InFile(path), *pointer)


class WrittenDocument:
    """A document whose pointers may hold renamed steps (see `Renamed`)."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.path = document.path
        self.format = document.format
        self.has_lines = document.has_lines

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer`, or of its nearest known ancestor."""
        return self.document.span(as_written(pointer))

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key that leads to `pointer`; of the value where there is no key."""
        return self.document.key_span(as_written(pointer))

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return what stands beside the policy at `pointer`."""
        if isinstance(self.document, HasSurroundings):
            return self.document.surroundings(pointer)
        from iamlint.sources.surroundings import bare

        return bare("json")
