"""The summary of a job on GitHub: a verdict, counts, the worst findings with links to the lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TextIO

from iamlint.model import Advice, Finding, Severity
from iamlint.report.escape import PATH_LIMIT, escape, mask, runner_safe
from iamlint.report.links import is_absolute, safe_uri, uri_path
from iamlint.report.phrases import advice_lines, by_severity, counted, nothing_found, summary_line
from iamlint.report.printer import Printer
from iamlint.report.report import Report

__all__ = ["write"]

MAX_BYTES = 900_000
"""GitHub refuses the summary of a step above 1 MiB."""

MAX_FINDINGS = 50
MAX_DIAGNOSTICS = 20
MAX_RULES = 100


def write(report: Report, stream: TextIO) -> None:
    """Write `report` as Markdown. All text from input stands in code spans."""
    write_bounded(_lines(report), "summary", stream)


def write_bounded(lines: Iterable[str], what: str, stream: TextIO) -> None:
    """Write lines of Markdown, as many as GitHub takes; `what` names the whole where a rest is left out."""
    printer = Printer(stream)
    left = MAX_BYTES
    for line in lines:
        # Counted as the widest encoding that a summary is read in.
        left -= len(line.encode("utf-8", "backslashreplace")) + 1
        if left < 0:
            printer.line()
            printer.line(f"_The rest is left out: the {what} would be too long._")
            return
        printer.line(runner_safe(line))


def code(text: str, *, in_table: bool = False, limit: int = 1000) -> str:
    """Return `text` as a code span that nothing inside can end.

    In a code span GitHub neither follows links, nor reads HTML, nor notifies people.
    """
    text = escape(mask(text), limit=limit)
    if not text.strip():
        return "`(empty)`"
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    # A blank at both ends is dropped by readers of Markdown, one at one end is not.
    pad = " " if text[0] == "`" or text[-1] == "`" or (text[0] == text[-1] == " ") else ""
    if in_table:
        text = text.replace("|", "\\|")
    return f"{fence}{pad}{text}{pad}{fence}"


def _lines(report: Report) -> Iterator[str]:
    active = report.active
    yield f"## {report.tool.name}"
    yield ""
    nothing = nothing_found(report)
    if nothing is not None:
        yield "**No policy found: nothing was audited.**"
    elif active:
        yield f"**{counted(len(active), 'finding')}**"
    else:
        yield "**No findings.**"
    yield ""
    yield from _tables(active)
    yield from _findings(report)
    yield from _suppressed(report)
    yield from _diagnostics(report)
    yield summary_line(report)
    yield ""
    yield f"To see the same on your machine, run `{report.tool.name} check` in the root of the repository."


def _tables(active: tuple[Finding, ...]) -> Iterator[str]:
    if not active:
        return
    yield "| Severity | Findings |"
    yield "| --- | ---: |"
    for severity, number in by_severity(active).items():
        if number:
            yield f"| {severity} | {number} |"
    yield ""
    rules = Counter((finding.rule_id, finding.rule_name) for finding in active)
    worst: dict[tuple[str, str], Severity] = {}
    for finding in active:
        rule = (finding.rule_id, finding.rule_name)
        worst[rule] = max(worst.get(rule, finding.severity), finding.severity, key=lambda item: item.rank)
    ordered = sorted(rules, key=lambda rule: (-worst[rule].rank, -rules[rule], rule))
    yield "| Rule | Severity | Findings |"
    yield "| --- | --- | ---: |"
    for rule in ordered[:MAX_RULES]:
        yield f"| {code(' '.join(rule), in_table=True)} | {worst[rule]} | {rules[rule]} |"
    if len(ordered) > MAX_RULES:
        yield ""
        yield f"_{len(ordered) - MAX_RULES} more rules with findings are left out._"
    yield ""


def _findings(report: Report) -> Iterator[str]:
    active = report.active
    worst = sorted(active, key=lambda finding: -finding.severity.rank)[:MAX_FINDINGS]
    by_path: dict[str, list[Finding]] = {}
    for finding in sorted(worst, key=lambda finding: finding.order):
        by_path.setdefault(finding.primary.path, []).append(finding)
    for path, findings in by_path.items():
        given: dict[Advice, int] = {}
        yield f"### {code(path, limit=PATH_LIMIT)}"
        yield ""
        for finding in findings:
            place = _place(finding, report.options.link_base)
            rule = code(finding.rule_id)
            page = safe_uri(report.help_uri(finding.rule_id))
            if page:
                rule = f"[{rule}]({page})"
            yield f"- {place} {finding.severity} {rule} {code(finding.message)}"
            yield from _advice(finding, given)
        yield ""
    if len(active) > len(worst):
        yield f"_The {len(worst)} most severe of {len(active)} findings are listed._"
        yield ""


def _advice(finding: Finding, given: dict[Advice, int]) -> Iterator[str]:
    """Yield what to write instead as blocks below the finding's item; the same once for a file."""
    for advice in finding.advice:
        if advice in given:
            yield f"  - {code(advice.title)} (as at line {given[advice]})"
            continue
        given[advice] = finding.primary.start_line
        lines, left = advice_lines(advice)
        if left:
            lines = [*lines, f"({left} more; --format json shows all)"]
        fence = "`" * max([3, *(len(run) + 1 for line in lines for run in re.findall("`+", line))])
        yield f"  - {code(advice.title)}"
        yield ""
        yield f"    {fence}text"
        yield from (f"    {line}" for line in lines)
        yield f"    {fence}"
        yield ""


def _place(finding: Finding, link_base: str) -> str:
    span = finding.primary
    label = f"line {span.start_line}"
    if not link_base or is_absolute(span.path):
        return label
    lines = (
        f"L{span.start_line}" if span.start_line == span.end_line else f"L{span.start_line}-L{span.end_line}"
    )
    return f"[{label}]({safe_uri(link_base)}{uri_path(span.path)}#{lines})"


def _suppressed(report: Report) -> Iterator[str]:
    hidden = report.hidden
    if not hidden:
        return
    yield f"### Suppressed ({len(hidden)})"
    yield ""
    for finding in hidden[:MAX_FINDINGS]:
        why = finding.suppressed
        reason = code(why.reason if why is not None else "")
        place = f"{finding.primary.path}:{finding.primary.start_line}"
        yield f"- {code(place, limit=PATH_LIMIT)} {code(finding.rule_id)} {code(finding.message)}: {reason}"
    if len(hidden) > MAX_FINDINGS:
        yield f"- and {len(hidden) - MAX_FINDINGS} more"
    yield ""


def _diagnostics(report: Report) -> Iterator[str]:
    if not report.diagnostics:
        return
    yield f"### Not analysed ({len(report.diagnostics)})"
    yield ""
    for diagnostic in report.diagnostics[:MAX_DIAGNOSTICS]:
        place = diagnostic.path if diagnostic.line is None else f"{diagnostic.path}:{diagnostic.line}"
        yield f"- {code(place, limit=PATH_LIMIT)} {code(diagnostic.code)} {code(diagnostic.message)}"
    if len(report.diagnostics) > MAX_DIAGNOSTICS:
        yield f"- and {len(report.diagnostics) - MAX_DIAGNOSTICS} more"
    yield ""
