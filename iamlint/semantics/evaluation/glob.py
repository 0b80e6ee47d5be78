"""Globs compiled to tests. No regular expressions, no backtracking: patterns may be hostile.

The runs between stars are looked for from left to right, each at the first place where it fits;
that is enough, as an earlier place never spoils a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iamlint.semantics.evaluation.template import Fixed, Wild

__all__ = ["compile_glob"]


def compile_glob(tokens: Sequence[Fixed]) -> Callable[[str], bool]:
    """Return the test whether the whole of a text fits the pattern; letter case matters."""
    runs: list[list[Fixed]] = [[]]
    for token in tokens:
        if token is Wild.RUN:
            # Stars in a row are one star.
            if runs[-1] or len(runs) == 1:
                runs.append([])
        else:
            runs[-1].append(token)
    segments = [_segment(run) for run in runs]
    if len(segments) == 1:
        only = segments[0]
        if isinstance(only, str):
            return only.__eq__
        return only.is_whole
    head, *middle, tail = segments
    if not middle and isinstance(head, str) and isinstance(tail, str):
        return _two_ends(head, tail)
    return _Runs(head, tuple(middle), tail)


def _everything(_: str) -> bool:
    return True


def _two_ends(head: str, tail: str) -> Callable[[str], bool]:
    """Return the test for `head*tail`, by far the most common pattern."""
    if not head and not tail:
        return _everything
    least = len(head) + len(tail)

    def starts(text: str) -> bool:
        return text.startswith(head)

    def fits(text: str) -> bool:
        return len(text) >= least and text.startswith(head) and text.endswith(tail)

    return fits if tail else starts


class _Masked:
    """A run with `?` in it: literal pieces at fixed offsets."""

    __slots__ = ("_masks", "_pieces", "_wild", "length")

    def __init__(self, run: Sequence[Fixed]) -> None:
        pieces: list[tuple[int, str]] = []
        at = 0
        for token in run:
            if isinstance(token, str):
                pieces.append((at, token))
                at += len(token)
            else:
                at += 1
        self.length = at
        self._pieces = tuple(pieces)
        self._masks: dict[str, int] | None = None
        self._wild = 0

    def is_whole(self, text: str) -> bool:
        return len(text) == self.length and self.at(text, 0)

    def at(self, text: str, start: int) -> bool:
        return all(text.startswith(piece, start + offset) for offset, piece in self._pieces)

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first place in `text[start:end]` where the run fits, or -1.

        One step a character: bit i of the state says that the first i+1 characters of the run end here.
        """
        masks = self._masks
        if masks is None:
            masks = self._masks = {}
            wild = (1 << self.length) - 1
            for offset, piece in self._pieces:
                for index, letter in enumerate(piece):
                    masks[letter] = masks.get(letter, 0) | (1 << (offset + index))
                wild &= ~(((1 << len(piece)) - 1) << offset)
            self._wild = wild
            for letter in masks:
                masks[letter] |= wild
        wild = self._wild
        accept = 1 << (self.length - 1)
        state = 0
        for at in range(start, end):
            state = ((state << 1) | 1) & masks.get(text[at], wild)
            if state & accept:
                return at + 1 - self.length
        return -1


def _segment(run: Sequence[Fixed]) -> str | _Masked:
    if all(isinstance(token, str) for token in run):
        return "".join(map(str, run))
    return _Masked(run)


class _Runs:
    """Several runs with stars between them."""

    __slots__ = ("_head", "_least", "_middle", "_tail")

    def __init__(self, head: str | _Masked, middle: tuple[str | _Masked, ...], tail: str | _Masked) -> None:
        self._head = head
        self._middle = middle
        self._tail = tail
        self._least = sum(map(_length, (head, *middle, tail)))

    def __call__(self, text: str) -> bool:
        size = len(text)
        if size < self._least:
            return False
        head, tail = self._head, self._tail
        if not (text.startswith(head) if isinstance(head, str) else head.at(text, 0)):
            return False
        end = size - _length(tail)
        if not (text.startswith(tail, end) if isinstance(tail, str) else tail.at(text, end)):
            return False
        at = _length(head)
        for segment in self._middle:
            at = text.find(segment, at, end) if isinstance(segment, str) else segment.find(text, at, end)
            if at < 0:
                return False
            at += _length(segment)
        return True


def _length(segment: str | _Masked) -> int:
    return len(segment) if isinstance(segment, str) else segment.length
