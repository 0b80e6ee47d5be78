"""Changes of a text, and why one cannot be made."""

from __future__ import annotations

from collections.abc import Iterable

from iamlint.record import record

__all__ = ["CannotPlaceError", "Splice", "spliced"]


class CannotPlaceError(Exception):
    """An edit cannot be written so that nothing else changes; the message says why."""


@record(order=True)
class Splice:
    """The characters from `start` up to, not including, `end` become `text`."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Return `text` with all splices made. Raises CannotPlaceError when two of them meet."""
    pieces: list[str] = []
    at = 0
    for splice in sorted(set(splices)):
        if splice.start < at:
            raise CannotPlaceError("two changes of one place")
        pieces += (text[at : splice.start], splice.text)
        at = splice.end
    pieces.append(text[at:])
    return "".join(pieces)
