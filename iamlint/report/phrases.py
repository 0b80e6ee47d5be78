"""Sentences that the reports for people share: first lines, the summary, what was not found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from iamlint.model import Advice, Diagnostic, Finding, Severity
from iamlint.report.colour import Paint
from iamlint.report.escape import PATH_LIMIT, escape, mask
from iamlint.report.report import Report

__all__ = [
    "advice_lines",
    "by_severity",
    "counted",
    "diagnostic_line",
    "headline",
    "nothing_found",
    "severities",
    "summary_line",
    "suppressed_line",
    "timed_summary_line",
]

_PLAIN = Paint(enabled=False)

_ADVICE_LINES = 12
"""Lines of one piece of advice that reports for people show."""


def headline(finding: Finding, paint: Paint = _PLAIN) -> str:
    """Return `path:line:col: severity ID name: message` for `finding`, as editors and grep read it."""
    span = finding.primary
    place = paint.bold(f"{escape(span.path, limit=PATH_LIMIT)}:{span.start_line}:{span.start_column}:")
    severity = paint.severity(finding.severity, finding.severity)
    rule = f"{escape(finding.rule_id)} {escape(finding.rule_name)}"
    return f"{place} {severity} {rule}: {escape(mask(finding.message))}"


def suppressed_line(finding: Finding, paint: Paint = _PLAIN) -> str:
    """Return the headline of a suppressed finding, with the reason and where that is written."""
    return f"{headline(finding, paint)} (suppressed: {suppression(finding)})"


def suppression(finding: Finding) -> str:
    """Return why a finding is suppressed and where that is written, fit to be shown."""
    why = finding.suppressed
    if why is None:
        return "no reason"
    reason = escape(mask(why.reason)) or "no reason"
    return f"{reason}; {escape(why.path, limit=PATH_LIMIT)}:{why.line}"


def advice_lines(advice: Advice) -> tuple[Sequence[str], int]:
    """Return the first lines of advice, fit to be shown, and how many more there are. One line more than
    the bound is shown, as it takes no more room than to say so."""
    return _shown_lines(advice.text)


@lru_cache(maxsize=1_000)  # many files get the same advice
def _shown_lines(text: str) -> tuple[Sequence[str], int]:
    lines = mask(text).split("\n")
    shown = len(lines) if len(lines) <= _ADVICE_LINES + 1 else _ADVICE_LINES
    return tuple(map(escape, lines[:shown])), len(lines) - shown


def diagnostic_line(diagnostic: Diagnostic, paint: Paint = _PLAIN) -> str:
    """Return one line that says what could not be analysed, where and why."""
    place = escape(diagnostic.path, limit=PATH_LIMIT)
    if diagnostic.line is not None:
        place += f":{diagnostic.line}:{diagnostic.column or 1}"
    word = paint.problem("error" if diagnostic.fatal else "diagnostic")
    owner = f" (in {escape(mask(diagnostic.owner))})" if diagnostic.owner else ""
    message = escape(mask(diagnostic.message))
    return f"{paint.bold(place + ':')} {word} {escape(diagnostic.code)}: {message}{owner}"


def counted(number: int, word: str, plural: str = "") -> str:
    """Return `number` and the word that goes with it: `1 file`, `2 files`."""
    return f"{number} {word}" if number == 1 else f"{number} {plural or word + 's'}"


def by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    """Return how many findings there are of each severity, the worst first; none is 0."""
    tally = Counter(finding.severity for finding in findings)
    return {severity: tally[severity] for severity in Severity}


def severities(findings: Iterable[Finding]) -> str:
    """Return `1 critical, 3 high`, or the empty text when there are no findings."""
    return ", ".join(f"{number} {severity}" for severity, number in by_severity(findings).items() if number)


def summary_line(report: Report) -> str:
    """Return the last line of a report: what was found, what is not shown, what was seen."""
    counts, active = report.counts, report.active
    found = counted(len(active), "finding")
    if active:
        found += f" ({severities(active)})"
    return (
        f"{found}, {counts.suppressed} suppressed, {counts.baselined} baselined; "
        f"{counted(counts.files, 'file')}, {counted(counts.policies, 'policy', 'policies')}, "
        f"{counted(counts.statements, 'statement')}; {counted(counts.unresolved, 'unresolved value')}"
    )


def timed_summary_line(report: Report) -> str:
    """Return the summary, followed by the time the run took on a terminal.

    Elsewhere equal runs give equal reports, so the time is left out.
    """
    line = summary_line(report)
    if report.display.is_terminal and report.elapsed is not None:
        line += f"; {report.elapsed:.2f} s"
    return line


def nothing_found(report: Report) -> str | None:
    """Return the sentence for a run that had nothing to audit, or None where there was something."""
    if not report.is_empty:
        return None
    where = f" in {escape(report.root)}" if report.root else ""
    what = "No policy found" if report.counts.files else "No file found"
    return f"{what}{where}: nothing was audited."
