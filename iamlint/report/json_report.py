"""The report for programs: one JSON object, each finding on a line of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
    """Write `report` as one JSON object with sorted keys, in ASCII, with a line end at the end."""
    stream.write('{"diagnostics": ')
    _write_list(stream, [diagnostic_object(diagnostic) for diagnostic in report.diagnostics])
    stream.write(',\n"findings": ')
    _write_list(stream, [finding_object(finding) for finding in report.findings])
    stream.write(f',\n"schema": {_encode(SCHEMA)}')
    stream.write(f',\n"summary": {_encode(summary_object(report))}')
    stream.write(f',\n"tool": {_encode(tool_object(report))}}}\n')


def _write_list(stream: TextIO, items: Sequence[dict[str, Json]]) -> None:
    stream.write("[" + ",".join("\n" + _encode(item) for item in items) + "]")
