"""The report for people: each finding with a code frame, then what could not be analysed, then a summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TextIO, TypeAlias

from iamlint.model import Advice, Finding, Related, Span
from iamlint.report.colour import Paint
from iamlint.report.escape import PATH_LIMIT, escape, mask
from iamlint.report.frame import Mark, frame
from iamlint.report.phrases import (
    advice_lines,
    diagnostic_line,
    headline,
    nothing_found,
    suppressed_line,
    timed_summary_line,
)
from iamlint.report.printer import Printer
from iamlint.report.report import Report
from iamlint.report.source_lines import SourceLines

__all__ = ["write"]

_OTHER_FILES = 3
_LISTED = 10
_MOST_MARKS = 200
"""Places of one finding that a frame gets; hostile input has any number of them."""

_Given: TypeAlias = dict[tuple[str, Advice], int]
"""The advice that has been shown, by file, with the line of the finding that shows it."""


class _Group(NamedTuple):
    """Findings that say the same about one statement, or about one place under several owners.

    The dictionaries are sets that keep their order.
    """

    first: Finding
    places: dict[Span, None]
    related: dict[Related, None]
    unresolved: dict[str, None]
    owners: dict[str, None]


def write(report: Report, stream: TextIO) -> None:
    """Write `report` as text with code frames, then diagnostics and the summary."""
    printer = Printer(stream, runner=report.display.runner)
    paint = Paint(enabled=report.display.colour)
    source = SourceLines(report.content)
    given: _Given = {}
    for group in _groups(report.active):
        for line in _finding(group, report, source, printer, paint):
            printer.line(line)
        for line in _advice(group.first, given):
            printer.line(line)
        printer.line()
    for line in dict.fromkeys(suppressed_line(finding, paint) for finding in report.hidden):
        printer.line(line)
    if report.hidden:
        printer.line()
    for diagnostic in report.diagnostics:
        printer.line(diagnostic_line(diagnostic, paint))
    if report.diagnostics:
        printer.line()
    nothing = nothing_found(report)
    if nothing is not None:
        printer.line(nothing)
    printer.line(timed_summary_line(report))


def _groups(findings: Iterable[Finding]) -> Iterable[_Group]:
    """Fold what differs only in the place inside a statement, then what differs only in the owner.

    A rule may look at a statement from several sides, and one place in a file may be used many
    times, as a module is. The first of each group keeps its rank in the order.
    """
    by_statement: dict[tuple[object, ...], _Group] = {}
    for finding in findings:
        statement = "/".join(finding.pointer.split("/", 3)[:3])
        common = (finding.rule_id, finding.severity, finding.primary.path, finding.message)
        group = by_statement.setdefault(
            (*common, finding.policy, statement), _Group(finding, {}, {}, {}, {finding.policy.owner: None})
        )
        group.places[finding.primary] = None
        group.related.update(dict.fromkeys(finding.related))
        group.unresolved.update(dict.fromkeys(finding.certainty_notes))
    by_place: dict[tuple[object, ...], _Group] = {}
    for group in by_statement.values():
        first = group.first
        key = (first.rule_id, first.severity, first.primary.path, first.message, tuple(group.places))
        same = by_place.setdefault(key, group)
        if same is not group:
            same.owners.update(group.owners)
            same.related.update(group.related)
            same.unresolved.update(group.unresolved)
    return by_place.values()


def _finding(
    group: _Group, report: Report, source: SourceLines, printer: Printer, paint: Paint
) -> Iterator[str]:
    finding = group.first
    width = report.display.width
    yield headline(finding, paint)

    def draw(path: str, marks: Sequence[Mark]) -> tuple[list[str], list[Mark]]:
        return frame(
            source, path, marks, severity=finding.severity, width=width, printer=printer, paint=paint
        )

    here = finding.primary.path
    marks = [
        Mark(span, group.first.label if span == group.first.primary else "", True) for span in group.places
    ]
    beside = [Mark(other.span, other.note, False) for other in group.related if other.span.path == here]
    rows, left_out = draw(here, [*marks[:_MOST_MARKS], *beside[:_MOST_MARKS]])
    left_out += marks[_MOST_MARKS:]
    yield from rows
    unseen: list[Related] = []
    shown_elsewhere = 0
    for other in group.related:
        if other.span.path == here:
            if not rows and other.note:
                unseen.append(other)
            continue
        elsewhere, _ = (
            draw(other.span.path, [Mark(other.span, other.note, False)])
            if shown_elsewhere < _OTHER_FILES
            else ([], [])
        )
        if not elsewhere:
            unseen.append(other)
            continue
        shown_elsewhere += 1
        yield f"   {paint.faint('-->')} {_place(other.span)}"
        yield from elsewhere
    if not rows:
        where = filter(None, (finding.policy.owner, finding.policy.location, finding.pointer))
        yield f"   = in: {' '.join(escape(mask(part)) for part in where)}"
    yield from _remarks(group, left_out, unseen)


def _remarks(group: _Group, left_out: Sequence[Mark], unseen: Sequence[Related]) -> Iterator[str]:
    finding = group.first
    # The headline tells the place of the finding itself.
    left_out = [mark for mark in left_out if mark.span != finding.primary]
    if left_out:
        places = [f"{mark.span.start_line}:{mark.span.start_column}" for mark in left_out]
        yield f"   = also at: {_listed(places)}"
    if len(group.owners) > 1:
        yield f"   = also in: {_listed([escape(mask(owner)) for owner in list(group.owners)[1:]])}"
    for other in unseen[:_LISTED]:
        note = f": {escape(mask(other.note))}" if other.note else ""
        yield f"   = see: {_place(other.span)}{note}"
    if group.unresolved:
        yield f"   = unresolved: {_listed([escape(mask(note)) for note in group.unresolved])}"
    explain = f"try `iamlint explain {escape(finding.rule_id)}`"
    advice = escape(mask(finding.help)).rstrip(". ")
    yield f"   = help: {advice}; {explain}" if advice else f"   = help: {explain}"


def _advice(finding: Finding, given: _Given) -> Iterator[str]:
    """Yield what to write instead; what a finding of the same file shows already is referred to."""
    span = finding.primary
    for advice in finding.advice:
        title = f"   = advice: {escape(mask(advice.title))}"
        if (span.path, advice) in given:
            yield f"{title} (as at line {given[span.path, advice]})"
            continue
        given[span.path, advice] = span.start_line
        yield f"{title}:"
        lines, left = advice_lines(advice)
        for line in lines:
            yield f"       {line}"
        if left:
            yield f"       ({left} more; --format json shows all)"


def _place(span: Span) -> str:
    return f"{escape(span.path, limit=PATH_LIMIT)}:{span.start_line}:{span.start_column}"


def _listed(items: Sequence[str]) -> str:
    text = ", ".join(items[:_LISTED])
    return f"{text} and {len(items) - _LISTED} more" if len(items) > _LISTED else text
