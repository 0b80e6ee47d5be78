"""One line for each finding, for editors, grep and small screens."""

from __future__ import annotations

from typing import TextIO

from iamlint.report.colour import Paint
from iamlint.report.phrases import (
    diagnostic_line,
    headline,
    nothing_found,
    suppressed_line,
    timed_summary_line,
)
from iamlint.report.printer import Printer
from iamlint.report.report import Report

__all__ = ["write"]


def write(report: Report, stream: TextIO) -> None:
    """Write `path:line:col: severity ID name: message` for each finding, then diagnostics and the summary.

    Equal lines (one place, used under several owners) are written once.
    """
    printer = Printer(stream, runner=report.display.runner)
    paint = Paint(enabled=report.display.colour)
    for line in dict.fromkeys(headline(finding, paint) for finding in report.active):
        printer.line(line)
    for line in dict.fromkeys(suppressed_line(finding, paint) for finding in report.hidden):
        printer.line(line)
    for diagnostic in report.diagnostics:
        printer.line(diagnostic_line(diagnostic, paint))
    nothing = nothing_found(report)
    if nothing is not None:
        printer.line(nothing)
    printer.line(timed_summary_line(report))
