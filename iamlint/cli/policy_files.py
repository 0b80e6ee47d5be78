"""Files that a command names as policies, and the options about how to read them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from iamlint.cli.parser import Choice, CliParser
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import InputError, UsageError

if TYPE_CHECKING:
    from iamlint.model import Policy
    from iamlint.semantics.algebra.asking import Assumptions

__all__ = ["QuestionArguments", "add_question_options", "assumptions", "content", "lines_of", "policies"]

_KINDS = ("identity", "trust", "resource", "scp", "rcp", "boundary", "session", "endpoint")


class QuestionArguments(argparse.Namespace):
    """The options that all questions of the policy algebra share."""

    kind: str | None = None
    assume_present: list[str] | None = None
    format: str | None = None


def add_question_options(
    parser: CliParser, *, kinds: tuple[str, ...] = _KINDS, formats: tuple[str, ...] = ("text", "json")
) -> None:
    """Add the options that QuestionArguments holds."""
    parser.add(
        "--kind",
        metavar="KIND",
        type=Choice("policy kind", kinds),
        help=f"what the policies are: {', '.join(kinds[:-1])} or {kinds[-1]} (default: {kinds[0]})",
    )
    parser.add(
        "--assume-present",
        metavar="KEY",
        action="append",
        help="a condition key that every request has; may be repeated",
    )
    parser.add(
        "--format",
        metavar="FORMAT",
        type=Choice("format", formats),
        help=f"{', '.join(formats)} (default: text); text counts statements from 1, json from 0",
    )


def assumptions(arguments: QuestionArguments) -> Assumptions:
    """Return what the options assume of every request."""
    from iamlint.semantics.algebra.asking import Assumptions
    from iamlint.semantics.algebra.space import key_name

    keys = arguments.assume_present or []
    if not all(keys):
        raise UsageError("--assume-present needs the name of a condition key")
    return Assumptions(frozenset(map(key_name, keys)))


def policies(
    path: str, kind: str, surroundings: Surroundings, resource_type: str | None = None
) -> tuple[Policy, ...]:
    """Return the policies of a kind that a file holds, bare ones attached to `resource_type`; `-` is
    standard input. Raises InputError."""
    from iamlint.auditing.evaluate import policies_of_file
    from iamlint.model import PolicyKind

    return policies_of_file(path, content(path, surroundings), PolicyKind(kind), resource_type)


def lines_of(surroundings: Surroundings, longest: int) -> Iterator[bytes]:
    """Yield the lines of standard input as they come. Of a line that is longer than `longest` bytes one
    byte more than that is given, and the rest is dropped. Raises InputError without standard input."""
    if surroundings.stdin is None:
        raise InputError("there is no standard input to read")
    read = surroundings.stdin.readline
    while line := read(longest + 1):
        yield line
        while len(line) > longest and not line.endswith(b"\n"):
            line = read(longest + 1)


def content(path: str, surroundings: Surroundings) -> bytes:
    """Return the bytes of a file, or of standard input for `-`. Raises InputError."""
    from iamlint.auditing.evaluate import LARGEST_FILE

    if path == "-":
        if surroundings.stdin is None:
            raise InputError("there is no standard input to read")
        return surroundings.stdin.read(LARGEST_FILE + 1)
    try:
        with open(os.path.join(surroundings.cwd, path), "rb") as file:
            return file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(f"{path}: cannot be read: {reason}") from error
