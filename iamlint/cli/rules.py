"""`iamlint rules`: list the rules."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iamlint.cli.parser import Choice, CliParser, suggestion
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode, UsageError

__all__ = ["parser", "run"]


class _Arguments(argparse.Namespace):
    format: str = "text"
    rules: list[str] | None = None


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint rules",
        "List the rules: id, severity, profile, name and summary.",
        "  iamlint rules\n"
        "  iamlint rules --format json        every field of every rule\n"
        "  iamlint rules test my-rules/       run the examples of a rule pack",
    )
    made.add(
        "--format", metavar="FORMAT", type=Choice("format", ("text", "json")), help="text (default) or json"
    )
    made.add(
        "--rules",
        metavar="PATH",
        action="append",
        takes="file",
        help="list these further rules too, a file or folder; may be repeated",
    )
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """List the rules."""
    if argv and not argv[0].startswith("-"):
        if argv[0] != "list":
            hint = suggestion(argv[0], ("list", "test"))
            raise UsageError(
                f"there is no command 'rules {argv[0]}'{hint}",
                help="`iamlint rules` lists them, `iamlint rules test PATH` tests a pack",
            )
        argv = argv[1:]
    arguments = parser().read(argv, _Arguments())
    from iamlint.engine.load import load_rules

    rules = load_rules(arguments.rules or ())
    if arguments.format == "json":
        import json

        from iamlint.cli.rule_facts import rule_facts

        facts = [rule_facts(rules, rule) for rule in rules.rules]
        surroundings.stdout.write(json.dumps(facts, indent=2, sort_keys=True) + "\n")
        return ExitCode.OK
    from iamlint.report.escape import escape

    names = max((len(rule.name) for rule in rules.rules), default=0)
    ids = max((len(rule.id) for rule in rules.rules), default=0)
    for rule in rules.rules:
        line = f"{rule.id:{ids}}  {rule.severity:8}  {rule.profile:7}  {rule.name:{names}}  {rule.summary}"
        surroundings.stdout.write(escape(line) + "\n")
    return ExitCode.OK
