"""The report for programs that read line by line: a header, findings, diagnostics, a summary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from iamlint.report.objects import (
    SCHEMA,
    Json,
    diagnostic_object,
    finding_object,
    summary_object,
    tool_object,
)
from iamlint.report.report import Report

__all__ = ["write"]

_encode = json.JSONEncoder(sort_keys=True).encode


def write(report: Report, stream: TextIO) -> None:
    """Write one JSON object a line, each with a `type`.

    The summary comes last: a reader that sees none knows that the run was cut.
    """
    stream.writelines(_encode(item) + "\n" for item in _items(report))


def _items(report: Report) -> Iterator[dict[str, Json]]:
    yield {"type": "header", "schema": SCHEMA, "tool": tool_object(report)}
    for finding in report.findings:
        yield {"type": "finding", **finding_object(finding)}
    for diagnostic in report.diagnostics:
        yield {"type": "diagnostic", **diagnostic_object(diagnostic)}
    yield {"type": "summary", **summary_object(report)}
