"""IAM's wildcards over texts: `*` is any run of characters, `?` any one character.

Patterns come from files under audit and may be hostile (`*a*a*a*a*b`). No regular expression is
ever built from one, and no matcher here takes more than one step for each character of the text.
"""

from __future__ import annotations

from collections.abc import Callable


def first_wildcard(pattern: str) -> int:
    """Return where the first `*` or `?` of `pattern` stands, or its length if there is none."""
    star, mark = pattern.find("*"), pattern.find("?")
    if star < 0:
        return mark if mark >= 0 else len(pattern)
    return star if mark < 0 else min(star, mark)


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that says whether a text fits `pattern` as a whole, minding letter case."""
    if "?" not in pattern:
        pieces = pattern.split("*")
        inner = [piece for piece in pieces if piece]
        if len(pieces) == 1:
            return lambda text: text == pattern
        if not inner:
            return lambda _: True
        if len(inner) == 1:
            only = inner[0]
            if pieces[0]:
                # `a*`; with a piece on both sides of the star there would be two.
                return lambda text: text.startswith(only)
            if pieces[-1]:
                return lambda text: text.endswith(only)
            return lambda text: only in text
    needed = len(pattern) - pattern.count("*")
    run: Callable[[str], bool] | None = None

    def fits(text: str) -> bool:
        nonlocal run
        if len(text) < needed:
            return False
        if run is None:
            # Made for the first text that is long enough: it costs the square of the pattern's length,
            # and a hostile pattern is longer than any name.
            run = _automaton(pattern)
        return run(text)

    return fits


def _automaton(pattern: str) -> Callable[[str], bool]:
    """Run all ways to read `pattern` at once, one bit for each number of characters matched so far."""
    wanted: list[str] = []
    stars = 0
    for character in pattern:
        if character == "*":
            stars |= 1 << len(wanted)
        else:
            wanted.append(character)
    anything = sum(1 << place for place, character in enumerate(wanted) if character == "?")
    accepts = {
        character: anything | sum(1 << place for place, other in enumerate(wanted) if other == character)
        for character in set(wanted)
    }
    final = 1 << len(wanted)

    def fits(text: str) -> bool:
        state = 1
        for character in text:
            # A reading moves on by matching the character, or stays because a star swallows it.
            state = ((state & accepts.get(character, anything)) << 1) | (state & stars)
            if not state:
                return False
        return bool(state & final)

    return fits
