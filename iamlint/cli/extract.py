"""`iamlint extract`: what iamlint sees, without rules."""

from __future__ import annotations

from collections.abc import Sequence

from iamlint.cli.input_options import (
    InputArguments,
    add_input_options,
    audit_settings,
    configuration,
    read_input,
)
from iamlint.cli.parser import Choice, CliParser
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode

__all__ = ["parser", "run"]


class _Arguments(InputArguments):
    format: str = "text"


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint extract",
        "Show the policy documents and grants that are seen in files and folders.",
        "  iamlint extract template.yaml\n  iamlint extract . --format json",
        takes="[PATH...]",
    )
    made.add(
        "--format", metavar="FORMAT", type=Choice("format", ("text", "json")), help="text (default) or json"
    )
    add_input_options(made)
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Extract, and print what was found."""
    arguments = parser().read(argv, _Arguments())
    config = configuration(arguments, surroundings, arguments.settings())
    found = read_input(arguments, surroundings)
    from iamlint.auditing.pipeline import extract_all
    from iamlint.report.extract_report import write_json, write_text

    extractions, diagnostics = extract_all(audit_settings(arguments, config, found, surroundings))
    write = write_json if arguments.format == "json" else write_text
    write(extractions, diagnostics, surroundings.stdout)
    return ExitCode.ERROR if any(one.fatal for one in diagnostics) else ExitCode.OK
