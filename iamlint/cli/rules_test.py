"""`iamlint rules test`: run the examples of rule packs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iamlint.cli.parser import CliParser
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode

__all__ = ["parser", "run"]


class _Arguments(argparse.Namespace):
    paths: list[str]
    verbose: bool = False


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint rules test",
        "Run the examples of rule files: each bad one must break its rule exactly where\n"
        "it says, each good one must not.",
        "  iamlint rules test my-rules/\n  iamlint rules test my-rules/ACME001.yaml --verbose",
        takes="PATH...",
    )
    made.add("paths", nargs="+", metavar="PATH", takes="file", help="a rule file, or a folder of them")
    made.add("-v", "--verbose", action="store_true", help="list the examples that pass too")
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Run the examples and print what fails."""
    arguments = parser().read(argv, _Arguments())
    import os

    from iamlint.auditing.examples import run_pack
    from iamlint.report.escape import escape

    passed = failed = 0
    for path in arguments.paths:
        place = path if os.path.isabs(path) else os.path.relpath(os.path.join(surroundings.cwd, path))
        for result in run_pack(place):
            passed += result.passed
            failed += not result.passed
            if arguments.verbose or not result.passed:
                word = "passed" if result.passed else "FAILED"
                problem = f": {result.problem}" if result.problem else ""
                surroundings.stdout.write(
                    escape(f"{word} {result.rule.id} {result.example.name}{problem}") + "\n"
                )
    surroundings.stdout.write(f"{passed} passed, {failed} failed\n")
    return ExitCode.FINDINGS if failed else ExitCode.OK
