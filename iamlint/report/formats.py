"""Which report formats there are, and the module that writes each."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType

from iamlint.errors import UsageError
from iamlint.report.report import Writer

__all__ = ["FORMATS", "WITHOUT_ADVICE", "check_format", "load"]

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "text": "iamlint.report.text_report",
        "concise": "iamlint.report.concise_report",
        "json": "iamlint.report.json_report",
        "jsonl": "iamlint.report.jsonl_report",
        "sarif": "iamlint.report.sarif_report",
        "github": "iamlint.report.github_report",
        "markdown": "iamlint.report.markdown_report",
    }
)
"""Name of each format and the module whose function `write` is its Writer. Imported when asked for."""


WITHOUT_ADVICE = frozenset({"concise"})
"""Formats that show a finding on one line: what to write instead has no room there."""


def check_format(name: str) -> str:
    """Return `name` if it is a format; raises UsageError with the nearest one otherwise."""
    if name in FORMATS:
        return name
    from iamlint.catalog.nearest import nearest

    known = ", ".join(FORMATS)
    near = nearest(name.lower(), FORMATS)
    advice = f"did you mean `{near}`? " if near else ""
    raise UsageError(f"there is no report format {name!r}", help=f"{advice}the formats are {known}")


def load(name: str) -> Writer:
    """Return the writer of the format `name`; raises UsageError when there is none."""
    writer: Writer = importlib.import_module(FORMATS[check_format(name)]).write
    return writer
