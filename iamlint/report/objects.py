"""Findings and diagnostics as plain objects for JSON: the names that other programs depend on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from iamlint.model import Diagnostic, Finding, Span
from iamlint.report.escape import mask, well_formed
from iamlint.report.phrases import by_severity
from iamlint.report.report import Report

__all__ = ["SCHEMA", "Json", "diagnostic_object", "finding_object", "plain", "summary_object", "tool_object"]

SCHEMA = "iamlint.report/1"
"""Name and version of the report's form; its JSON Schema is `data/report.schema.json`."""

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


@lru_cache(maxsize=4_096)
def safe(text: str) -> str:
    """Return `text` with secrets masked and fit for any JSON parser."""
    return well_formed(mask(text))


def plain(value: object) -> Json:
    """Return `value`, made of mappings, sequences, sets and scalars, as JSON with safe text.

    Sets are sorted; what is none of these is written as text.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return safe(str(value))
    if isinstance(value, Mapping):
        return {safe(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return [plain(item) for item in sorted(value, key=str)]
    return safe(str(value))


def _place(span: Span) -> dict[str, Json]:
    return {
        "path": well_formed(span.path),
        "start_line": span.start_line,
        "start_column": span.start_column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "byte_offset": span.byte_offset,
        "byte_length": span.byte_length,
    }


def finding_object(finding: Finding) -> dict[str, Json]:
    """Return `finding` with the keys of the JSON report."""
    policy = finding.policy
    return {
        **_suppression(finding),
        **_place(finding.primary),
        "rule_id": safe(finding.rule_id),
        "rule_name": safe(finding.rule_name),
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": safe(finding.message),
        "policy": {
            "kind": policy.kind if policy.kind is None else str(policy.kind),
            "owner": safe(policy.owner),
            "owner_type": plain(policy.owner_type),
            "location": safe(policy.location),
            "name": plain(policy.name),
        },
        "pointer": safe(finding.pointer),
        "evidence": plain(finding.evidence),
        "properties": _properties(finding),
        "fingerprint": finding.fingerprint,
        "aliases": plain(finding.aliases),
        "related": [{**_place(other.span), "note": safe(other.note)} for other in finding.related],
        "fixes": [],
        "advice": [{"title": safe(one.title), "text": safe(one.text)} for one in finding.advice],
        "state": finding.state,
        "certainty_notes": plain(finding.certainty_notes),
    }


def _suppression(finding: Finding) -> dict[str, Json]:
    why = finding.suppressed
    if why is None:
        return {}
    where: dict[str, Json] = {"path": well_formed(why.path), "line": why.line}
    return {"suppression": {"kind": why.kind, "reason": safe(why.reason), **where}}


def _properties(finding: Finding) -> Json:
    properties = plain(finding.properties)
    if finding.flow and isinstance(properties, dict):
        properties["flow"] = [{**_place(step.span), "note": safe(step.note)} for step in finding.flow]
    return properties


def diagnostic_object(diagnostic: Diagnostic) -> dict[str, Json]:
    """Return `diagnostic` with the keys of the JSON report."""
    return {
        "path": well_formed(diagnostic.path),
        "code": diagnostic.code,
        "message": safe(diagnostic.message),
        "line": diagnostic.line,
        "column": diagnostic.column,
        "owner": plain(diagnostic.owner),
        "fatal": diagnostic.fatal,
    }


def summary_object(report: Report) -> dict[str, Json]:
    """Return the counts of `report`. The counts by severity and rule are of active findings."""
    counts, active = report.counts, report.active
    rules = Counter(safe(finding.rule_id) for finding in active)
    return {
        "findings": len(active),
        "by_severity": {str(severity): number for severity, number in by_severity(active).items()},
        "by_rule": dict(rules),
        "by_state": {
            "active": len(active),
            "suppressed": counts.suppressed,
            "baselined": counts.baselined,
        },
        "diagnostics": len(report.diagnostics),
        "files": counts.files,
        "files_with_policies": counts.files_with_policies,
        "policies": counts.policies,
        "statements": counts.statements,
        "grants": counts.grants,
        "unresolved_values": counts.unresolved,
    }


def tool_object(report: Report) -> dict[str, Json]:
    """Return which program and which facts about AWS made the report."""
    tool = report.tool
    return {"name": tool.name, "version": tool.version, "catalog_date": tool.catalog_date}
