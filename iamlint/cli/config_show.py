"""`iamlint config show`: the effective settings, and where each came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iamlint.cli.input_options import InputArguments, configuration
from iamlint.cli.parser import Choice, CliParser
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode
from iamlint.record import fields

if TYPE_CHECKING:
    from iamlint.config.settings import Config

__all__ = ["parser", "run"]


class _Arguments(InputArguments):
    format: str = "text"


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint config show",
        "Show the settings that apply to a path, and where each came from.",
        "  iamlint config show\n  iamlint config show services/api --format json",
        takes="[PATH...]",
    )
    made.add(
        "paths", nargs="*", metavar="PATH", takes="file", help="a file or folder (default: the current one)"
    )
    made.add(
        "--format", metavar="FORMAT", type=Choice("format", ("text", "json")), help="text (default) or json"
    )
    made.add("--config", metavar="FILE", takes="file", help="use this file, not the nearest one")
    made.add("--isolated", action="store_true", help="use no configuration file")
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Print the settings."""
    arguments = parser().read(argv, _Arguments())
    config = configuration(arguments, surroundings, {})
    import json

    settings = _settings(config)
    if arguments.format == "json":
        facts = {
            "files": list(config.files),
            "settings": {
                key: {"value": value, "from": config.origin(field)}
                for key, (field, value) in settings.items()
            },
        }
        surroundings.stdout.write(json.dumps(facts, indent=2, sort_keys=True) + "\n")
        return ExitCode.OK
    from iamlint.report.escape import escape

    for file in config.files or ("none",):
        surroundings.stdout.write(escape(f"# configuration file: {file}") + "\n")
    for key, (field, value) in settings.items():
        shown = json.dumps(value, ensure_ascii=False)
        surroundings.stdout.write(escape(f"{key} = {shown}  # {config.origin(field)}") + "\n")
    return ExitCode.OK


def _settings(config: Config) -> Mapping[str, tuple[str, object]]:
    """Return for each key the field of the Config and its value as plain data."""
    suppressions = [
        {name: getattr(one, name) for name in fields(type(one)) if getattr(one, name) is not None}
        for one in config.suppressions
    ]
    jobs: object = config.jobs or "auto"
    return {
        "select": ("select", None if config.select is None else list(config.select)),
        "extend-select": ("extend_select", list(config.extend_select)),
        "ignore": ("ignore", [*config.ignore, *suppressions]),
        "severity": ("severities", {rule: severity.value for rule, severity in config.severities.items()}),
        "profile": ("profile", config.profile),
        "min-confidence": ("min_confidence", config.min_confidence.value),
        "fail-on": ("fail_on", "none" if config.fail_on is None else config.fail_on.value),
        "include": ("include", list(config.include)),
        "exclude": ("exclude", list(config.exclude)),
        "respect-gitignore": ("respect_gitignore", config.respect_gitignore),
        "force-exclude": ("force_exclude", config.force_exclude),
        "per-file-ignores": (
            "per_file_ignores",
            {path: list(rules) for path, rules in config.per_file_ignores.items()},
        ),
        "policy-kinds": ("policy_kinds", {path: kind.value for path, kind in config.policy_kinds.items()}),
        "policy-quotas": ("policy_quotas", dict(config.policy_quotas)),
        "accounts": ("accounts", list(config.accounts)),
        "allowed-principals": ("allowed_principals", list(config.allowed_principals)),
        "rule-packs": ("rule_packs", list(config.rule_packs)),
        "jobs": ("jobs", jobs),
    }
