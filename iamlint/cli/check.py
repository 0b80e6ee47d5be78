"""`iamlint check`: audit files and folders, and report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iamlint.cli.input_options import (
    InputArguments,
    add_input_options,
    audit_settings,
    configuration,
    read_input,
)
from iamlint.cli.parser import Choice, CliParser
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode, UsageError
from iamlint.report.formats import FORMATS

if TYPE_CHECKING:
    from iamlint.auditing.settings import AuditSettings
    from iamlint.config.settings import Config
    from iamlint.report.output import Output
    from iamlint.report.report import Options, Report

__all__ = ["parser", "run"]

_SEVERITIES = ("critical", "high", "medium", "low", "info", "none")
_CONFIDENCES = ("high", "medium", "low")
_PROFILES = ("default", "strict", "audit")
_LINE_HASHES = ("exact", "distinct", "none")
_EXAMPLES = """\
  iamlint check                                the current folder
  iamlint check policies/ --fail-on high       fail for high and critical only
  iamlint check policy.json --policy-kind trust
  aws iam get-role --role-name x | iamlint check - --stdin-filename x.json
  iamlint check . --output sarif:iamlint.sarif --output text
  iamlint check . --diff                       what --fix would change
"""


class _Arguments(InputArguments):
    format: str | None = None
    output: list[str] | None = None
    select: list[str] | None = None
    extend_select: list[str] | None = None
    ignore: list[str] | None = None
    profile: str | None = None
    fail_on: str | None = None
    min_confidence: str | None = None
    exit_zero: bool = False
    fail_on_unresolved: bool = False
    error_on_no_input: bool = False
    color: str = "auto"
    quiet: bool = False
    verbose: bool = False
    sarif_category: str = ""
    sarif_line_hash: str = "distinct"
    no_snippets: bool = False
    sarif_include_suppressed: bool = False
    show_suppressed: bool = False
    no_ignores: bool = False
    fix: bool = False
    diff: bool = False

    def settings(self) -> dict[str, object]:
        """Return the raw values, by key of the configuration, that options give."""
        given: dict[str, object] = {
            "select": _words(self.select),
            "extend-select": _words(self.extend_select),
            "ignore": _words(self.ignore),
            "profile": self.profile,
            "fail-on": self.fail_on,
            "min-confidence": self.min_confidence,
        }
        return {**super().settings(), **{key: value for key, value in given.items() if value is not None}}


def _words(given: list[str] | None) -> list[str] | None:
    """Return the rules of an option that may be repeated and may hold commas."""
    if given is None:
        return None
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint check",
        "Audit files and folders for AWS access that is more than needed.",
        _EXAMPLES,
        takes="[PATH...]",
    )
    made.heading("rules")
    for name, about in (
        ("--select", "run these rules only: ids, names or prefixes, with commas"),
        ("--extend-select", "run these rules too"),
        ("--ignore", "leave these rules out"),
    ):
        made.add(name, metavar="RULES", action="append", takes="rule", help=about)
    made.add(
        "--profile",
        metavar="NAME",
        type=Choice("profile", _PROFILES),
        help="which rules run: default, strict or audit (every rule)",
    )
    made.add(
        "--min-confidence",
        metavar="LEVEL",
        type=Choice("confidence", _CONFIDENCES),
        help="leave out findings below: high, medium or low",
    )
    made.add(
        "--no-ignores",
        action="store_true",
        help="hide nothing for comments, metadata and [[ignore]] tables",
    )
    made.heading("fixes")
    made.add(
        "--fix",
        action="store_true",
        help="rewrite the files with all safe fixes, then report what is left; - goes to standard output",
    )
    made.add("--diff", action="store_true", help="show what --fix would change, and change nothing")
    made.heading("exit code")
    made.add(
        "--fail-on",
        metavar="LEVEL",
        type=Choice("severity", _SEVERITIES),
        help="the severity from which findings make the exit code 1: critical, high, medium, low"
        " (default), info, or none",
    )
    made.add("--exit-zero", action="store_true", help="exit with 0 whatever is found")
    made.add(
        "--fail-on-unresolved",
        action="store_true",
        help="exit with 1 if some value or file could not be told",
    )
    made.add("--error-on-no-input", action="store_true", help="exit with 2 if there was nothing to audit")
    made.heading("report")
    made.add(
        "--format",
        metavar="FORMAT",
        type=Choice("report format", FORMATS),
        help="report on standard output: " + ", ".join(FORMATS),
    )
    made.add(
        "--output",
        metavar="FORMAT[:PATH]",
        action="append",
        takes="file",
        help="a report, written to a file or standard output; may be repeated",
    )
    made.add(
        "--color",
        metavar="WHEN",
        type=Choice("choice of colour", ("auto", "always", "never")),
        help="colour: auto (on a terminal), always or never",
    )
    made.add("--show-suppressed", action="store_true", help="list suppressed findings too, with the reasons")
    made.add("-q", "--quiet", action="store_true", help="print no report if there is nothing to say")
    made.add("-v", "--verbose", action="store_true", help="tell on standard error what is done")
    made.add("--sarif-category", metavar="NAME", help="name of the analysis in code scanning")
    made.add(
        "--sarif-line-hash",
        metavar="HOW",
        type=Choice("kind of line hash", _LINE_HASHES),
        help="alert identity in SARIF: distinct (default), exact or none",
    )
    made.add("--no-snippets", action="store_true", help="put no source text into SARIF")
    made.add(
        "--sarif-include-suppressed",
        action="store_true",
        help="put suppressed findings into SARIF (code scanning opens alerts for them)",
    )
    add_input_options(made)
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Audit, write the reports, and say how it went."""
    arguments = parser().read(argv, _Arguments())
    from iamlint.report.output import plan_outputs

    outputs = plan_outputs(arguments.format, arguments.output or ())
    config = configuration(arguments, surroundings, arguments.settings())
    for output in outputs:
        if output.path is not None and os.path.isfile(output.path):
            _refuse_input(output.path, arguments, surroundings)
    if arguments.diff:
        return _diff(arguments, config, surroundings)
    if arguments.fix:
        return _fix(outputs, arguments, config, surroundings)
    report = _audit(outputs, arguments, config, surroundings)
    code = _exit_code(report, config, arguments)
    _write(outputs, report, code, arguments, surroundings)
    return code


def _diff(arguments: _Arguments, config: Config, surroundings: Surroundings) -> ExitCode:
    """Show what would be fixed. The exit code is 1 if that is anything."""
    if arguments.format is not None or arguments.output:
        raise UsageError("--diff is a report of its own", help="leave out --format and --output")
    from iamlint.cli.fixing import show

    with _settings(arguments, config, surroundings) as settings:
        changes, unread = show(settings, arguments.color, surroundings)
    if unread:
        return ExitCode.ERROR
    return ExitCode.FINDINGS if changes and not arguments.exit_zero else ExitCode.OK


def _fix(
    outputs: Sequence[Output], arguments: _Arguments, config: Config, surroundings: Surroundings
) -> ExitCode:
    """Fix what can be fixed, and report the rest as always."""
    from iamlint.auditing.reporting import run_audit
    from iamlint.cli.fixing import write

    with _settings(arguments, config, surroundings) as settings:
        written = write(settings, surroundings)
        report = run_audit(written.settings)
    code = ExitCode.ERROR if written.failed else _exit_code(report, config, arguments)
    if written.files and not arguments.quiet:
        surroundings.tell("fixed", f"{written}; {len(report.active)} left")
    if settings.stdin is not None:
        # Standard output has the fixed text, and nothing else.
        surroundings = surroundings._replace(stdout=surroundings.stderr)
    _write(outputs, report, code, arguments, surroundings)
    return code


def _refuse_input(path: str, arguments: _Arguments, surroundings: Surroundings) -> None:
    """Raise UsageError if a report would replace a file that the user named, or one that holds policies:
    a slip of the hand must not destroy what was to be audited."""
    for named in arguments.paths or ():
        place = os.path.join(surroundings.cwd, named)
        if "\0" not in place and os.path.isfile(place) and os.path.samefile(place, path):
            raise UsageError(f"the report would replace the input {named}", help="give it another name")
    from iamlint.auditing.pipeline import read_file
    from iamlint.sources.routing import extract_unit, is_candidate
    from iamlint.sources.source import SourceFile, SourceOptions

    real = os.path.realpath(path)
    try:
        data = read_file(real, os.stat(real).st_size)
    except OSError:
        return  # whoever writes the report will say what is wrong
    if not is_candidate(real, data):
        return
    found = extract_unit([SourceFile(real, data)], SourceOptions())
    if found.policies or found.grants:
        raise UsageError(
            f"the report would replace {path}, which holds policies", help="give the report another name"
        )


def _audit(
    outputs: Sequence[Output], arguments: _Arguments, config: Config, surroundings: Surroundings
) -> Report:
    from iamlint.auditing.reporting import run_audit
    from iamlint.record import replace
    from iamlint.report.formats import WITHOUT_ADVICE

    with _settings(arguments, config, surroundings) as settings:
        advice = any(output.format not in WITHOUT_ADVICE for output in outputs)
        return run_audit(replace(settings, advice=advice))


@contextmanager
def _settings(arguments: _Arguments, config: Config, surroundings: Surroundings) -> Iterator[AuditSettings]:
    """Give what the pipeline is to do; the line of its progress is cleared in the end."""
    from iamlint.cli.progress import Progress
    from iamlint.record import replace

    found = read_input(arguments, surroundings)
    if arguments.verbose:
        used = ", ".join(config.files) or "none"
        surroundings.tell("configuration", used)
    progress = Progress(surroundings.stderr, enabled=surroundings.stderr.isatty() and not arguments.quiet)
    try:
        settings = audit_settings(arguments, config, found, surroundings, progress)
        yield replace(settings, suppress=not arguments.no_ignores)
    finally:
        progress.clear()


def _exit_code(report: Report, config: Config, arguments: _Arguments) -> ExitCode:
    """Return what the run ends with; never a matter of the format."""
    if any(diagnostic.fatal for diagnostic in report.diagnostics):
        return ExitCode.ERROR
    if arguments.error_on_no_input and report.is_empty:
        return ExitCode.ERROR
    if arguments.exit_zero:
        return ExitCode.OK
    if arguments.fail_on_unresolved and (report.counts.unresolved or report.diagnostics):
        return ExitCode.FINDINGS
    limit = config.fail_on
    failing = limit is not None and any(finding.severity.rank >= limit.rank for finding in report.active)
    return ExitCode.FINDINGS if failing else ExitCode.OK


def _write(
    outputs: Sequence[Output],
    report: Report,
    code: ExitCode,
    arguments: _Arguments,
    surroundings: Surroundings,
) -> None:
    from iamlint.cli.display import display
    from iamlint.record import replace
    from iamlint.report.output import write_outputs

    report = replace(
        report,
        display=display(arguments.color, surroundings),
        options=_options(arguments, surroundings),
        warn=lambda message: surroundings.tell("warning", message),
        exit_code=int(code),
    )
    on_screen = {output.format for output in outputs if output.path is None}
    if arguments.quiet and not (report.active or report.hidden or report.diagnostics):
        # A report for programs says that nothing was found; one for people has nothing to say.
        outputs = [one for one in outputs if one.path is not None or one.format not in _FOR_PEOPLE]
    write_outputs(outputs, report, surroundings.stdout)
    if not on_screen & _FOR_PEOPLE:
        for diagnostic in report.diagnostics:
            if diagnostic.fatal:
                surroundings.tell("error", f"{diagnostic.path}: {diagnostic.message}")
        if report.is_empty and not report.diagnostics and not arguments.quiet:
            surroundings.tell("note", "nothing was audited: no policy was found")
    if arguments.error_on_no_input and report.is_empty:
        surroundings.tell("error", "there was nothing to audit")


_FOR_PEOPLE = frozenset({"text", "concise"})


def _options(arguments: _Arguments, surroundings: Surroundings) -> Options:
    from iamlint.report.report import LineHash, Options

    environ = surroundings.environ
    server, repository, commit = (
        environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")
    )
    return Options(
        snippets=not arguments.no_snippets,
        line_hash=LineHash(arguments.sarif_line_hash),
        sarif_category=arguments.sarif_category,
        link_base=f"{server}/{repository}/blob/{commit}/" if server and repository and commit else "",
        path_prefix=_path_prefix(arguments, surroundings),
        suppressed=arguments.show_suppressed,
        sarif_suppressed=arguments.sarif_include_suppressed,
    )


def _path_prefix(arguments: _Arguments, surroundings: Surroundings) -> str:
    """Return the root's place below the runner's workspace, which annotations count from."""
    workspace = surroundings.environ.get("GITHUB_WORKSPACE", "")
    if not workspace:
        return ""
    from iamlint.sources.discovery import find_root

    paths = [path for path in arguments.paths or ["."] if path != "-" and "\0" not in path]
    root = find_root(paths[0] if paths else ".", surroundings.cwd)
    below = os.path.relpath(root, os.path.realpath(workspace))
    if below == os.curdir or below.startswith(os.pardir):
        return ""
    return below.replace(os.sep, "/") + "/"
