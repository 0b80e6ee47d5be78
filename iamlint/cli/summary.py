"""`iamlint summary`: how much each policy grants, in one line."""

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
        "iamlint summary",
        "Show how much each policy grants: a line for each, the widest first.",
        "  iamlint summary .\n  iamlint summary template.yaml --format json",
        takes="[PATH...]",
    )
    made.add(
        "--format", metavar="FORMAT", type=Choice("format", ("text", "json")), help="text (default) or json"
    )
    add_input_options(made)
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Extract, count, and print the table."""
    arguments = parser().read(argv, _Arguments())
    config = configuration(arguments, surroundings, arguments.settings())
    found = read_input(arguments, surroundings)
    from iamlint.auditing.pipeline import extract_all
    from iamlint.auditing.summary import summarize
    from iamlint.report.colour import on_runner
    from iamlint.report.phrases import diagnostic_line
    from iamlint.report.summary_report import write_json, write_text

    extractions, diagnostics = extract_all(audit_settings(arguments, config, found, surroundings))
    rows = summarize(extractions)
    if arguments.format == "json":
        write_json(rows, surroundings.stdout)
    else:
        write_text(rows, surroundings.stdout, runner=on_runner(surroundings.environ))
    for diagnostic in diagnostics:
        surroundings.stderr.write(diagnostic_line(diagnostic) + "\n")
    return ExitCode.ERROR if any(one.fatal for one in diagnostics) else ExitCode.OK
