"""`iamlint graph`: which principal can become which other, and who ends as administrator."""

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

_FORMATS = ("text", "dot", "mermaid", "json")


class _Arguments(InputArguments):
    format: str = "text"
    admin_paths: bool = False


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint graph",
        "Show which principal of the files can become which other: by assuming a role,\n"
        "passing one to what it creates, or taking over an identity. Administrators are\nmarked.",
        "  iamlint graph .\n  iamlint graph infra/ --format dot --admin-paths | dot -Tsvg > graph.svg",
        takes="[PATH...]",
    )
    made.add(
        "--format",
        metavar="FORMAT",
        type=Choice("format", _FORMATS),
        help="text (default), dot, mermaid or json",
    )
    made.add(
        "--admin-paths",
        action="store_true",
        help="only what is an administrator or surely can become one",
    )
    add_input_options(made)
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Extract, join, and print the graph."""
    arguments = parser().read(argv, _Arguments())
    config = configuration(arguments, surroundings, arguments.settings())
    found = read_input(arguments, surroundings)
    from iamlint.auditing.graph import graph_of
    from iamlint.auditing.pipeline import extract_all
    from iamlint.report.colour import on_runner
    from iamlint.report.graph_report import write_graph
    from iamlint.report.phrases import diagnostic_line

    settings = audit_settings(arguments, config, found, surroundings)
    extractions, diagnostics = extract_all(settings)
    view = graph_of(extractions, settings.accounts)
    if arguments.admin_paths:
        view = view.reaching()
    write_graph(view, arguments.format, surroundings.stdout, runner=on_runner(surroundings.environ))
    for diagnostic in diagnostics:
        surroundings.stderr.write(diagnostic_line(diagnostic) + "\n")
    return ExitCode.ERROR if any(one.fatal for one in diagnostics) else ExitCode.OK
