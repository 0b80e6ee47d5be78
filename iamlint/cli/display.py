"""How reports are shown: colour, width, and whether a build server reads along."""

from __future__ import annotations

import os
from typing import TextIO

from iamlint.cli.surroundings import Surroundings
from iamlint.report.colour import ColourChoice, on_runner, use_colour
from iamlint.report.report import Display

__all__ = ["COLOUR_WORDS", "display"]

COLOUR_WORDS = tuple(choice.value for choice in ColourChoice)

_WIDTH = 100
_NARROWEST = 40


def display(colour: str, surroundings: Surroundings) -> Display:
    """Return how to show a report on standard output; `colour` is a word of COLOUR_WORDS."""
    is_terminal = surroundings.stdout.isatty()
    return Display(
        is_terminal=is_terminal,
        width=_columns(surroundings.stdout) if is_terminal else _WIDTH,
        colour=use_colour(ColourChoice(colour), surroundings.environ, is_terminal=is_terminal),
        runner=on_runner(surroundings.environ),
    )


def _columns(stream: TextIO) -> int:
    try:
        return max(os.get_terminal_size(stream.fileno()).columns, _NARROWEST)
    except (OSError, ValueError):
        return _WIDTH
