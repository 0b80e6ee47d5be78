"""`iamlint version`: the version and the date of the facts about AWS."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iamlint.catalog.release import CATALOG_DATE
from iamlint.cli.parser import CliParser
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode
from iamlint.version import VERSION

__all__ = ["parser", "run"]


class _Arguments(argparse.Namespace):
    json: bool = False


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint version",
        "Show the version of iamlint and the date of its facts about AWS.",
        "  iamlint version\n  iamlint version --json     what a bug report needs",
    )
    made.add("--json", action="store_true", help="print tool, facts, Python and platform as JSON")
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Print the version."""
    if not parser().read(argv, _Arguments()).json:
        surroundings.stdout.write(f"iamlint {VERSION} (facts about AWS of {CATALOG_DATE})\n")
        return ExitCode.OK
    import json
    import platform

    facts = {
        "name": "iamlint",
        "version": VERSION,
        "catalog_date": CATALOG_DATE,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
    }
    surroundings.stdout.write(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    return ExitCode.OK
