"""Annotations for GitHub's runners, after the text report in a group of the log.

The commands and their escapes are those of "Workflow commands for GitHub Actions" and of the
runner's own reader of commands; the limits are those of its annotations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, TextIO

from iamlint.model import Severity, Span
from iamlint.record import replace
from iamlint.report import text_report
from iamlint.report.escape import PATH_LIMIT, escape, mask, runner_safe
from iamlint.report.links import safe_uri
from iamlint.report.printer import Printer
from iamlint.report.report import Report

__all__ = ["write"]

SHOWN_PER_LEVEL = 10
"""Annotations of one level that GitHub shows for a step; the rest is dropped without a word."""

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}


class _Annotation(NamedTuple):
    level: str
    properties: tuple[tuple[str, str | int], ...]
    message: str


def write(report: Report, stream: TextIO) -> None:
    """Write the text report inside a group, then as many annotations as GitHub shows, worst first.

    A last notice says how many more there are.
    """
    printer = Printer(stream)
    printer.line(f"::group::{report.tool.name} report")
    text_report.write(replace(report, display=replace(report.display, runner=True, colour=False)), stream)
    printer.line("::endgroup::")
    shown: Counter[str] = Counter()
    left_out = 0
    for annotation in _annotations(report):
        # One notice is kept for the last word.
        limit = SHOWN_PER_LEVEL - (annotation.level == "notice")
        if shown[annotation.level] < limit:
            shown[annotation.level] += 1
            printer.line(_command(annotation))
        else:
            left_out += 1
    if left_out:
        more = f"{left_out} more not shown here: see the log, the job summary or code scanning."
        printer.line(_command(_Annotation("notice", (("title", report.tool.name),), more)))


def _annotations(report: Report) -> Iterator[_Annotation]:
    for finding in sorted(report.active, key=lambda finding: -finding.severity.rank):
        message = escape(mask(finding.message))
        link = safe_uri(report.help_uri(finding.rule_id))
        yield _Annotation(
            _LEVELS[finding.severity],
            (
                *_place(finding.primary, report.options.path_prefix),
                ("title", escape(f"{finding.rule_id} {finding.rule_name}")),
            ),
            f"{message}\n{link}" if link else message,
        )
    for diagnostic in report.diagnostics:
        path = escape(report.options.path_prefix + diagnostic.path, limit=PATH_LIMIT)
        line = () if diagnostic.line is None else (("line", diagnostic.line),)
        yield _Annotation(
            "error" if diagnostic.fatal else "warning",
            (("file", path), *line, ("title", escape(f"{report.tool.name} {diagnostic.code}"))),
            escape(mask(diagnostic.message)),
        )


def _place(span: Span, prefix: str) -> tuple[tuple[str, str | int], ...]:
    path = escape(prefix + span.path, limit=PATH_LIMIT)
    lines = (("file", path), ("line", span.start_line), ("endLine", span.end_line))
    if span.start_line != span.end_line:
        return lines
    return (*lines, ("col", span.start_column), ("endColumn", span.end_column))


def _command(annotation: _Annotation) -> str:
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in annotation.properties)
    return f"::{annotation.level} {properties}::{_data(annotation.message)}"


def _data(text: str) -> str:
    text = "\n".join(map(runner_safe, text.split("\n")))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
