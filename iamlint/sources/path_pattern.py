"""Glob patterns over paths, in the notation of .gitignore, for ignore files and for configuration.

A pattern without a slash matches a name at any depth; one with a slash is anchored where the list
stands; `*`, `?` and `[a-z]` stay within one name and `**` spans folders; a trailing slash means
folders only; `!` takes back an earlier match; the last pattern that matches decides. What lies
below a matched folder is matched. The notation is that of gitignore(5); a slash always ends a name,
even between brackets.

Patterns are untrusted. No regular expression is built from one: `*a*a*a*b` costs the product of
the two lengths at worst.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from iamlint.record import record

__all__ = ["PathPattern", "PathSet", "PatternList", "parse_pattern"]

_SPANS_FOLDERS = None
"""Stands for `**` in a pattern's list of names."""

_Test: TypeAlias = Callable[[str], bool]
"""A test of one name of a path, or of one character of a name."""

_CLASSES: dict[str, _Test] = {
    "alnum": lambda c: c.isascii() and c.isalnum(),
    "alpha": lambda c: c.isascii() and c.isalpha(),
    "blank": lambda c: c in " \t",
    "cntrl": lambda c: c < " " or c == "\x7f",
    "digit": lambda c: c.isascii() and c.isdigit(),
    "graph": lambda c: "!" <= c <= "~",
    "lower": lambda c: "a" <= c <= "z",
    "print": lambda c: " " <= c <= "~",
    "punct": lambda c: "!" <= c <= "~" and not c.isalnum(),
    "space": lambda c: c in " \t\n\r\f\v",
    "upper": lambda c: "A" <= c <= "Z",
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
}


@record
class PathPattern:
    """One pattern. `literal` is set when it is a plain name at any depth; `names` are the tests of
    the path's names from the anchor on, None for `**`."""

    text: str
    negated: bool
    folders_only: bool
    literal: str | None
    basename: _Test | None
    names: tuple[_Test | None, ...]

    def matches(self, names: Sequence[str], *, is_folder: bool) -> bool:
        """Say whether the path of `names`, counted from the anchor, is matched itself."""
        if self.folders_only and not is_folder:
            return False
        if self.literal is not None:
            return names[-1] == self.literal
        if self.basename is not None:
            return self.basename(names[-1])
        return _fits(self.names, names)


def parse_pattern(text: str) -> PathPattern | None:
    """Return the pattern written in one line, or None for a blank line or a comment.

    A pattern that can match nothing (an unclosed bracket, a trailing backslash) is kept and
    matches nothing, as in git.
    """
    text = _without_trailing_spaces(text.rstrip("\r"))
    if not text or text.startswith("#"):
        return None
    body = text
    negated = body.startswith("!")
    if negated:
        body = body[1:]
    folders_only = body.endswith("/")
    if folders_only:
        body = body[:-1]
    if not body:
        return None
    if "/" not in body:
        plain = not any(character in body for character in "*?[\\")
        test = None if plain else _name_test(body)
        return PathPattern(text, negated, folders_only, body if plain else None, test, ())
    names: list[_Test | None] = []
    parts = body.removeprefix("/").split("/")
    for place, part in enumerate(parts):
        if part != "**":
            names.append(_name_test(part))
        elif not names or names[-1] is not _SPANS_FOLDERS:
            names.append(_SPANS_FOLDERS)
        if part == "**" and place == len(parts) - 1:
            # `a/**` is what lies in a, not a itself.
            names.append(_anything)
    return PathPattern(text, negated, folders_only, None, None, tuple(names))


class PatternList:
    """The patterns of one list, whose anchor is the folder `depth` names below the root."""

    __slots__ = ("_depth", "_literals", "_others")

    def __init__(self, lines: Iterable[str], *, depth: int = 0) -> None:
        self._depth = depth
        self._literals: dict[str, list[tuple[int, PathPattern]]] = {}
        self._others: list[tuple[int, PathPattern]] = []
        for number, line in enumerate(lines):
            pattern = parse_pattern(line)
            if pattern is None:
                continue
            if pattern.literal is not None:
                self._literals.setdefault(pattern.literal, []).append((number, pattern))
            else:
                self._others.append((number, pattern))
        self._others.reverse()

    def __bool__(self) -> bool:
        return bool(self._literals or self._others)

    def decides(self, names: Sequence[str], *, is_folder: bool) -> bool | None:
        """Return whether the last pattern that matches the path itself (names counted from the
        root) excludes it (True) or takes it back (False); None if none matches."""
        best = -1
        answer: bool | None = None
        for number, pattern in self._literals.get(names[-1], ()):
            if is_folder or not pattern.folders_only:
                best, answer = number, not pattern.negated
        below = names[self._depth :]
        for number, pattern in self._others:
            if number < best:
                break
            if pattern.matches(below, is_folder=is_folder):
                return not pattern.negated
        return answer


class PathSet:
    """The files that a list of patterns from a configuration names, folders included."""

    __slots__ = ("_folders", "_patterns")

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = PatternList(patterns)
        self._folders: dict[str, bool] = {"": False}

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def holds_folder(self, path: str) -> bool:
        """Say whether the folder at `path` (relative to the root, forward slashes) is matched."""
        known = self._folders.get(path)
        if known is None:
            # Not recursive: a hostile path can be thousands of folders deep.
            known = False
            start = 0
            while not known and start >= 0:
                start = path.find("/", start + 1)
                prefix = path if start < 0 else path[:start]
                known = self._folder_itself(prefix)
            self._folders[path] = known
        return known

    def _folder_itself(self, path: str) -> bool:
        known = self._folders.get(path)
        if known is None:
            known = bool(self._patterns.decides(path.split("/"), is_folder=True))
            self._folders[path] = known
        return known

    def holds(self, path: str) -> bool:
        """Say whether the file at `path` (relative to the root, forward slashes) is matched."""
        if not self._patterns:
            return False
        folder, _, _ = path.rpartition("/")
        if self.holds_folder(folder):
            return True
        return bool(self._patterns.decides(path.split("/"), is_folder=False))


def _anything(_name: str) -> bool:
    return True


def _never(_name: str) -> bool:
    return False


def _without_trailing_spaces(text: str) -> str:
    end = len(text)
    while end and text[end - 1] == " ":
        end -= 1
    backslashes = 0
    while end - backslashes > 0 and text[end - backslashes - 1] == "\\":
        backslashes += 1
    # A space after an odd number of backslashes is part of the name.
    return text[: end + 1] if backslashes % 2 and end < len(text) else text[:end]


def _name_test(pattern: str) -> _Test:
    """Return the test for one name of a path."""
    if not any(character in pattern for character in "?[\\"):
        pieces = pattern.split("*")
        if len(pieces) == 1:
            return lambda name: name == pattern
        inner = [piece for piece in pieces if piece]
        if not inner:
            return _anything
        if len(inner) == 1 and not pieces[0] and pieces[-1]:
            return lambda name: name.endswith(inner[0])
        if len(inner) == 1 and pieces[0] and not pieces[-1]:
            return lambda name: name.startswith(inner[0])
    tokens = _tokens(pattern)
    if tokens is None:
        return _never
    return lambda name: _fits(tokens, name)


def _tokens(pattern: str) -> list[_Test | None] | None:
    """Return the tests for the characters of a name, None for `*`; None if nothing can match."""
    tokens: list[_Test | None] = []
    place = 0
    while place < len(pattern):
        character = pattern[place]
        place += 1
        if character == "*":
            if not tokens or tokens[-1] is not None:
                tokens.append(None)
        elif character == "?":
            tokens.append(_anything)
        elif character == "[":
            bracket = _bracket(pattern, place)
            if bracket is None:
                return None
            test, place = bracket
            tokens.append(test)
        else:
            if character == "\\":
                if place == len(pattern):
                    return None
                character = pattern[place]
                place += 1
            tokens.append(character.__eq__)
    return tokens


def _bracket(pattern: str, place: int) -> tuple[_Test, int] | None:
    """Return the test of the bracket expression whose inside starts at `place`, and its end."""
    negated = pattern[place : place + 1] in ("!", "^")
    if negated:
        place += 1
    ranges: list[tuple[str, str]] = []
    classes: list[_Test] = []
    first = True
    while True:
        character = pattern[place : place + 1]
        if not character:
            return None
        if character == "]" and not first:
            place += 1
            break
        first = False
        if pattern.startswith("[:", place):
            end = pattern.find(":]", place + 2)
            known = _CLASSES.get(pattern[place + 2 : end]) if end >= 0 else None
            if known is not None:
                classes.append(known)
                place = end + 2
                continue
            if end >= 0:
                return None
        low, place = _bracket_character(pattern, place)
        high = low
        if pattern[place : place + 1] == "-" and pattern[place + 1 : place + 2] not in ("", "]"):
            high, place = _bracket_character(pattern, place + 1)
        if not low or not high:
            return None
        ranges.append((low, high))
    return (lambda c: _in_bracket(c, ranges, classes) != negated), place


def _bracket_character(pattern: str, place: int) -> tuple[str, int]:
    if pattern[place] == "\\":
        place += 1
    return pattern[place : place + 1], place + 1


def _in_bracket(character: str, ranges: list[tuple[str, str]], classes: list[_Test]) -> bool:
    return any(low <= character <= high for low, high in ranges) or any(test(character) for test in classes)


def _fits(tests: Sequence[_Test | None], items: Sequence[str]) -> bool:
    """Match items one by one, where None stands for any run of them: two pointers, no recursion."""
    test = item = 0
    star = -1
    resume = 0
    while item < len(items):
        current = tests[test] if test < len(tests) else _never
        if current is None:
            star, resume = test, item
            test += 1
        elif current(items[item]):
            test += 1
            item += 1
        elif star >= 0:
            test = star + 1
            resume += 1
            item = resume
        else:
            return False
    while test < len(tests) and tests[test] is None:
        test += 1
    return test == len(tests)
