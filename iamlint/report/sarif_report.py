"""SARIF 2.1.0, made for GitHub's code scanning: what it shows, what it refuses, how it tells alerts apart.

Source: "SARIF support for code scanning" in GitHub's documentation, and the standard's own schema.
The objects are those of `sarif_om`, which has no type information and no fast writer: it is imported
here alone, and the functions below are its typed face. Its import costs more than a small audit, so
nothing but this format may import this module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TextIO, TypeAlias

import sarif_om

from iamlint.model import Diagnostic, Finding, PolicyReference, Severity, Span
from iamlint.record import record
from iamlint.report.escape import well_formed
from iamlint.report.line_hash import primary_location_line_hashes
from iamlint.report.links import is_absolute, safe_uri, uri_path
from iamlint.report.objects import Json, plain, safe
from iamlint.report.report import Report, ReportRule
from iamlint.report.source_lines import SourceLines

__all__ = ["write"]

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"

MAX_RESULTS = 25_000
"""Results of a run above which GitHub refuses the file."""

SHOWN_RESULTS = 5_000
"""Results of a run that GitHub shows, the most severe first."""

_MAX_TEXT = 1024
_MAX_NAME = 255
_MAX_TAGS = 10
_MAX_SNIPPET = 400
_MOST_STEPS = 50

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}

# GitHub calls scores above 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}

_SEMANTIC_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_CWE = re.compile(r"cwe-(\d+)", re.IGNORECASE)
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")


def write(report: Report, stream: TextIO) -> None:
    """Write the active findings of `report` as one SARIF run, in compact ASCII JSON with a line end.

    Tells `report.warn` when GitHub will not show, or would refuse, all of the results.
    """
    findings, dropped = _kept(report)
    log = sarif_om.SarifLog(schema_uri=SCHEMA_URI, version="2.1.0", runs=[_run(report, findings, dropped)])
    stream.write(json.dumps(to_json(log), separators=(",", ":")) + "\n")


def _kept(report: Report) -> tuple[Sequence[Finding], int]:
    """Return the findings to write, in report order, and how many are left out for GitHub's sake."""
    findings = report.findings if report.options.sarif_suppressed else report.active
    dropped = max(0, len(findings) - MAX_RESULTS)
    if dropped:
        worst = sorted(range(len(findings)), key=lambda at: -findings[at].severity.rank)[:MAX_RESULTS]
        findings = tuple(findings[at] for at in sorted(worst))
        report.warn(
            f"SARIF holds the {MAX_RESULTS} most severe findings; {dropped} are left out, because GitHub "
            "refuses larger files"
        )
    elif len(findings) > SHOWN_RESULTS:
        report.warn(f"GitHub shows the {SHOWN_RESULTS} most severe of {len(findings)} findings in SARIF")
    return findings, dropped


def _run(report: Report, findings: Sequence[Finding], dropped: int) -> object:
    rules = _RuleTable.of(report.rules())
    counts = report.counts
    hashes = primary_location_line_hashes(findings, report.content, report.options.line_hash)
    source = SourceLines(report.content) if report.options.snippets else None
    tool = report.tool
    driver = sarif_om.ToolComponent(
        name=tool.name,
        version=tool.version,
        semantic_version=tool.version if _SEMANTIC_VERSION.fullmatch(tool.version) else None,
        information_uri=tool.information_uri or None,
        rules=[_rule(rule) for rule in rules.builtin],
    )
    extensions = [
        sarif_om.ToolComponent(name=safe(pack), rules=[_rule(rule) for rule in members])
        for pack, members in rules.packs.items()
    ]
    properties: dict[str, Json] = {
        "catalogDate": tool.catalog_date,
        "files": counts.files,
        "policies": counts.policies,
        "statements": counts.statements,
        "unresolvedValues": counts.unresolved,
        "suppressed": counts.suppressed,
        "baselined": counts.baselined,
        "droppedResults": dropped,
    }
    return sarif_om.Run(
        tool=sarif_om.Tool(driver=driver, extensions=extensions or None),
        invocations=[_invocation(report)],
        original_uri_base_ids={
            ROOT: sarif_om.ArtifactLocation(description=_message("The root of what was audited."))
        },
        results=[
            _result(finding, rules, line_hash, source, told=report.options.sarif_suppressed)
            for finding, line_hash in zip(findings, hashes, strict=True)
        ],
        automation_details=_automation(report.options.sarif_category),
        column_kind="unicodeCodePoints",
        properties=properties,
    )


def _automation(category: str) -> object:
    # What stands before the last slash is the category; without a slash there is none.
    name = well_formed(category.rstrip("/"))
    return sarif_om.RunAutomationDetails(id=f"{name}/") if name else None


@record
class _RuleTable:
    """The rules of the run as SARIF lists them: ours in the driver, each further pack by itself.

    `places` gives for a rule id the number of its extension (None for the driver) and its index there.
    """

    builtin: tuple[ReportRule, ...]
    packs: dict[str, list[ReportRule]]
    places: dict[str, tuple[int | None, int]]

    @classmethod
    def of(cls, rules: Iterable[ReportRule]) -> _RuleTable:
        builtin: list[ReportRule] = []
        packs: dict[str, list[ReportRule]] = {}
        for rule in rules:
            (builtin if rule.pack == "builtin" else packs.setdefault(rule.pack, [])).append(rule)
        packs = dict(sorted(packs.items()))
        places: dict[str, tuple[int | None, int]] = {rule.id: (None, at) for at, rule in enumerate(builtin)}
        for number, members in enumerate(packs.values()):
            places.update({rule.id: (number, at) for at, rule in enumerate(members)})
        return cls(tuple(builtin), packs, places)


def _rule(rule: ReportRule) -> object:
    why, fix = safe(rule.why).strip(), safe(rule.fix).strip()
    summary = _sized(safe(rule.summary).strip() or rule.name)
    markdown = "\n\n".join(
        filter(None, (why, f"**How to fix:** {fix}" if fix else "", _documentation(safe_uri(rule.help_uri))))
    )
    is_security = rule.severity in _SCORES
    properties: dict[str, Json] = {
        "precision": rule.confidence.value,
        "tags": _tags(rule, is_security=is_security),
    }
    if is_security:
        properties["security-severity"] = _SCORES[rule.severity]
    else:
        properties["problem.severity"] = "recommendation"
    text = "\n\n".join(filter(None, (why, fix))) or summary
    return sarif_om.ReportingDescriptor(
        id=safe(rule.id),
        name=safe(rule.name)[:_MAX_NAME],
        short_description=sarif_om.MultiformatMessageString(text=summary),
        full_description=sarif_om.MultiformatMessageString(text=_sized(why) or summary),
        help=sarif_om.MultiformatMessageString(text=text, markdown=markdown or text),
        help_uri=safe_uri(rule.help_uri) or None,
        default_configuration=sarif_om.ReportingConfiguration(level=_LEVELS[rule.severity]),
        properties=properties,
    )


def _documentation(uri: str) -> str:
    return f"[Documentation]({uri})" if uri else ""


def _tags(rule: ReportRule, *, is_security: bool) -> list[Json]:
    tags: list[Json] = ["security", "iam"] if is_security else ["iam"]
    for tag in rule.tags:
        cwe = _CWE.fullmatch(tag)
        tags.append(f"external/cwe/cwe-{int(cwe[1]):03d}" if cwe else safe(tag))
    return list(dict.fromkeys(tags))[:_MAX_TAGS]


def _sized(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _result(
    finding: Finding, rules: _RuleTable, line_hash: str | None, source: SourceLines | None, *, told: bool
) -> object:
    """Return a finding as a result; `told` says that suppressed ones are there too, so that each result
    has to say whether it is one."""
    fingerprints = {"iamlintFinding/v1": finding.fingerprint}
    if line_hash is not None:
        fingerprints["primaryLocationLineHash"] = line_hash
    extension, index = rules.places.get(finding.rule_id, (None, -1))
    reference = None
    if extension is not None:
        component = sarif_om.ToolComponentReference(index=extension)
        reference = sarif_om.ReportingDescriptorReference(
            id=safe(finding.rule_id), index=index, tool_component=component
        )
        # Readers that know of no extensions would look up the index in the driver.
        index = -1
    related = [
        sarif_om.Location(
            id=number,
            physical_location=_physical(other.span, source),
            message=_message(_unlinked(safe(other.note)) or "Related place."),
        )
        for number, other in enumerate(finding.related, 1)
    ]
    return sarif_om.Result(
        rule_id=safe(finding.rule_id),
        rule_index=index,
        rule=reference,
        level=_LEVELS[finding.severity],
        message=_message(_unlinked(safe(finding.message)) or safe(finding.rule_name)),
        locations=[
            sarif_om.Location(
                physical_location=_physical(finding.primary, source),
                logical_locations=_logical(finding.policy, finding.pointer),
            )
        ],
        related_locations=related or None,
        code_flows=_flow(finding, source),
        partial_fingerprints=fingerprints,
        suppressions=_suppressions(finding) if told else None,
        properties=_result_properties(finding),
    )


def _suppressions(finding: Finding) -> list[Json]:
    why = finding.suppressed
    if why is None:
        return []
    one = _Plain(kind=why.kind, status="accepted")
    if why.reason:
        one["justification"] = safe(why.reason)
    return [one]


def _flow(finding: Finding, source: SourceLines | None) -> list[sarif_om.CodeFlow] | None:
    """Return the chain of a finding as a code flow, which viewers walk step by step."""
    if not finding.flow:
        return None
    steps = [
        sarif_om.ThreadFlowLocation(
            location=sarif_om.Location(
                physical_location=_physical(step.span, source),
                message=_message(_unlinked(safe(step.note)) or "Next step."),
            )
        )
        for step in finding.flow[:_MOST_STEPS]
    ]
    return [sarif_om.CodeFlow(thread_flows=[sarif_om.ThreadFlow(locations=steps)])]


def _result_properties(finding: Finding) -> dict[str, Json]:
    properties = _Plain(
        severity=finding.severity.value,
        confidence=finding.confidence.value,
        evidence=plain(finding.evidence),
    )
    if finding.policy.kind is not None:
        properties["policyKind"] = str(finding.policy.kind)
    if finding.policy.owner_type is not None:
        properties["ownerType"] = safe(finding.policy.owner_type)
    if finding.aliases:
        properties["aliases"] = plain(finding.aliases)
    if finding.certainty_notes:
        properties["certaintyNotes"] = plain(finding.certainty_notes)
    if finding.advice:
        properties["advice"] = [
            _Plain(title=safe(one.title), text=_sized(safe(one.text))) for one in finding.advice
        ]
    if "paths" in finding.properties:
        properties["paths"] = plain(finding.properties["paths"])
    return properties


def _unlinked(text: str) -> str:
    """Return `text` so that no part of it reads as a link: the standard escapes brackets so."""
    return _LINK.sub(r"\\[", text)


def _logical(policy: PolicyReference, pointer: str) -> list[object] | None:
    # Masked one by one: what follows could hide where a secret ends.
    location = f"/{safe(policy.location)}" if policy.location else ""
    name = safe(policy.owner) + location + safe(pointer)
    if not name:
        return None
    kind = "resource" if policy.kind is None else "object"
    return [sarif_om.LogicalLocation(fully_qualified_name=name, kind=kind)]


def _physical(span: Span, source: SourceLines | None) -> object:
    # As with messages: what `sarif_om.PhysicalLocation` and `sarif_om.Region` come to.
    region: dict[str, Json] = {"endColumn": span.end_column, "endLine": span.end_line}
    snippet = source.excerpt(span, _MAX_SNIPPET) if source is not None else None
    if snippet:
        region["snippet"] = _message(well_formed(snippet))
    region["startColumn"] = span.start_column
    region["startLine"] = span.start_line
    return _Plain(artifactLocation=_artifact(span.path), region=region)


@lru_cache(maxsize=1000)
def _artifact(path: str) -> Json:
    """Return the place of a file; most findings are in the file of the one before."""
    plain = to_json(_artifact_location(path))
    assert isinstance(plain, dict)  # as every object of sarif-om
    return _Plain(plain)


def _artifact_location(path: str) -> object:
    uri = uri_path(path)
    if is_absolute(path):
        return sarif_om.ArtifactLocation(uri=f"file://{'' if uri.startswith('/') else '/'}{uri}")
    return sarif_om.ArtifactLocation(uri=uri, uri_base_id=ROOT)


def _message(text: str) -> Json:
    # There are several for each result: what `sarif_om.Message` comes to, without the way there.
    return _Plain(text=text)


def _invocation(report: Report) -> object:
    return sarif_om.Invocation(
        execution_successful=not any(diagnostic.fatal for diagnostic in report.diagnostics),
        exit_code=report.exit_code,
        tool_execution_notifications=[_notification(diagnostic) for diagnostic in report.diagnostics] or None,
    )


def _notification(diagnostic: Diagnostic) -> object:
    region = None
    if diagnostic.line is not None:
        region = sarif_om.Region(start_line=diagnostic.line, start_column=diagnostic.column)
    place = sarif_om.PhysicalLocation(artifact_location=_artifact(diagnostic.path), region=region)
    return sarif_om.Notification(
        descriptor=sarif_om.ReportingDescriptorReference(id=safe(diagnostic.code)),
        level="error" if diagnostic.fatal else "warning",
        message=_message(_unlinked(safe(diagnostic.message)) or safe(diagnostic.code)),
        locations=[sarif_om.Location(physical_location=place)],
    )


_Table: TypeAlias = dict[str, tuple[str, object]]

_NO_DEFAULT = object()
_ALWAYS = frozenset({"level", "version"})
_tables: dict[type, _Table] = {}


def _table(kind: Any) -> _Table:
    """Return for each attribute of the sarif-om class `kind` its name in JSON and the value to leave out."""
    table: _Table = {}
    for field in kind.__attrs_attrs__:
        default: object = field.default
        factory = getattr(default, "factory", None)
        if callable(factory):
            default = factory()
        name = str(field.metadata["schema_property_name"])
        table[field.name] = (name, _NO_DEFAULT if name in _ALWAYS else default)
    return table


class _Plain(dict[str, Json]):
    """JSON with nothing of sarif-om in it, which need not be looked through once more."""


def to_json(item: object) -> Json:
    """Return a sarif-om object, or a list or mapping of them, as JSON.

    What is None or equal to the schema's default is left out, but never `level`, whose default
    readers disagree on.
    """
    if item is None or isinstance(item, (str, int, float, _Plain)):
        return item
    if isinstance(item, list):
        return [member if type(member) is str else to_json(member) for member in item]
    if isinstance(item, dict):
        return {key: to_json(member) for key, member in item.items()}
    kind = type(item)
    table = _tables.get(kind)
    if table is None:
        table = _tables[kind] = _table(kind)
    result: dict[str, Json] = {}
    for attribute, value in vars(item).items():
        # Most attributes of most objects are None.
        if value is not None:
            name, default = table[attribute]
            if default is None or value != default:
                plain = type(value)
                result[name] = value if plain is str or plain is int else to_json(value)
    return result
