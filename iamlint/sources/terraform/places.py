"""Steps of pointers that only Terraform needs: into another file, into an expression, to a renamed key."""

from __future__ import annotations

from dataclasses import dataclass

from iamlint.model import Embedded, Pointer

__all__ = ["ExpressionStep", "InFile", "Renamed", "expression_step", "in_file"]


@dataclass(frozen=True, slots=True)
class InFile(Embedded):
    """The step into another file of the same unit; `text` is that file's path. It comes first."""


@dataclass(frozen=True, slots=True)
class ExpressionStep(Embedded):
    """The step from a string, or from a file, into an expression in it. The steps that follow are
    keys of objects and indexes of lists as the expression writes them."""


class Renamed(str):
    """A key of an IAM document that is written in another way: `written` is what stands in its
    place, a key (`variable` for the key of a condition, the template of a key) or a number."""

    __slots__ = ("written",)

    written: str | int

    def __new__(cls, text: str, written: str | int) -> Renamed:
        """Return the step `text`, to be looked for as `written`."""
        step = super().__new__(cls, text)
        step.written = written
        return step

    def __getnewargs__(self) -> tuple[str, str | int]:  # type: ignore[override]  # str has one
        return str(self), self.written


def expression_step(text: str, start: int, end: int) -> ExpressionStep:
    """Return the step into `text[start:end]` of the decoded string `text`."""
    return ExpressionStep(text[start:end], ((0, start),))


def in_file(path: str, pointer: Pointer) -> Pointer:
    """Return `pointer` as seen from any file: led by the step into the file at `path`."""
    return pointer if pointer and isinstance(pointer[0], InFile) else (InFile(path), *pointer)
