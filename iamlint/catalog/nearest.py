"""The nearest known word to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the entry of `known` with the fewest typing mistakes to `word`, or None if all are far.

    The first of equals wins. One mistake is allowed for each four letters, at least one and at most
    three; letter case counts, so give both in the same case.
    """
    limit = max(1, min(3, len(word) // 4))
    best: str | None = None
    for candidate in known:
        distance = mistakes(word, candidate, limit)
        if distance <= limit:
            best, limit = candidate, distance - 1
            if limit < 0:
                break
    return best


def mistakes(left: str, right: str, limit: int) -> int:
    """Return how many letters must be added, dropped, changed or swapped; `limit + 1` for any more."""
    too_many = limit + 1
    if abs(len(left) - len(right)) > limit:
        return too_many
    if left == right:
        return 0
    if limit <= 0:
        return too_many
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        # Cells farther than `limit` from the diagonal cannot lead to a distance within it.
        low, high = max(1, i - limit), min(len(right), i + limit)
        next_row = [too_many] * (len(right) + 1)
        if i <= limit:
            next_row[0] = i
        for j in range(low, high + 1):
            other = right[j - 1]
            cost = min(row[j - 1] + (letter != other), row[j] + 1, next_row[j - 1] + 1)
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            next_row[j] = cost
        if min(next_row) > limit:
            return too_many
        before, row = row, next_row
    return min(row[-1], too_many)
