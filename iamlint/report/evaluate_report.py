"""The answer to one request: for people, who want to know why access is denied, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from iamlint.report.escape import PATH_LIMIT, escape, mask, well_formed
from iamlint.report.printer import Printer
from iamlint.semantics.evaluation.explain import Explanation, GroupReport, StatementReport

__all__ = ["write_json", "write_text"]


def write_text(explanation: Explanation, stream: TextIO, *, runner: bool = False) -> None:
    """Write the answer for a reader: the decision, why, then each policy with each of its statements."""
    printer = Printer(stream, runner=runner)
    for line in _lines(explanation):
        printer.line(line)


def _lines(explanation: Explanation) -> Iterator[str]:
    decision = explanation.decision
    request = decision.request
    yield decision.outcome.value
    yield ""
    yield f"  caller    {_shown(request.caller.text)} ({request.caller.kind.value})"
    yield f"  action    {_shown(request.action)}"
    owner = f" (account {_shown(request.resource_account)})" if request.resource_account else ""
    yield f"  resource  {_shown(request.resource)}{owner}"
    for key, value in sorted(request.context.items()):
        shown = value if isinstance(value, str) else f"[{', '.join(value)}]"
        yield f"  context   {_shown(key)} = {_shown(shown)}"
    yield ""
    yield "why"
    for why in explanation.why:
        yield f"  {_shown(why)}"
    for group in explanation.groups:
        yield ""
        yield f"{group.name}: {_shown(group.summary)}"
        for report in group.statements:
            yield from _statement(report)
    if explanation.notes or explanation.flips:
        yield ""
    for note in explanation.notes:
        yield f"note: {_shown(note)}"
    for flip in explanation.flips:
        yield (
            f"note: the documentation leaves room for another answer ({flip.reading}): "
            f"if {flip.says}, it is {flip.outcome.value}"
        )


def _statement(report: StatementReport) -> Iterator[str]:
    reference = report.reference
    path = reference.policy.document.path
    name = f"statement {reference.index + 1}"
    if reference.sid:
        name += f" {_shown(reference.sid)}"
    if path and reference.policy.document.has_lines:
        name = f"{escape(path, limit=PATH_LIMIT)}:{reference.span.start_line} {name}"
    else:
        name = f"document {reference.document + 1}, {name}"
    state = "applies" if report.applies else "does not apply"
    reach = f", reaches the caller by: {report.reaches}" if report.reaches else ""
    yield f"  {name} ({reference.effect}) {state}{reach}"
    for miss in report.misses:
        yield f"    {miss.element:9}  {_shown(miss.why)}"


def _shown(text: str) -> str:
    return escape(mask(text))


def write_json(explanation: Explanation, stream: TextIO) -> None:
    """Write the answer as one JSON object: `decision`, `statements` (those that decided), `why`,
    `policies` (each group with each statement and its `misses`), `notes` and `readings` (what else the
    answer could be, and under which reading of the documentation)."""
    decision = explanation.decision
    groups = [_group_object(group) for group in explanation.groups]
    result = {
        "decision": decision.outcome.value,
        "statements": [
            _statement_object(report)
            for group in explanation.groups
            for report in group.statements
            if report.decided
        ],
        "why": [_written(why) for why in explanation.why],
        "policies": groups,
        "notes": [_written(note) for note in explanation.notes],
        "readings": [
            {"id": flip.reading, "if": flip.says, "decision": flip.outcome.value}
            for flip in explanation.flips
        ],
    }
    stream.write(json.dumps(result, indent=2) + "\n")


def _group_object(group: GroupReport) -> dict[str, object]:
    return {
        "kind": group.kind.value,
        "level": group.level,
        "decision": None if group.outcome is None else group.outcome.value,
        "summary": _written(group.summary),
        "statements": [
            {
                **_statement_object(report),
                "applies": report.applies,
                "decided": report.decided,
                "misses": [
                    {"element": miss.element, "why": _written(miss.why), "pointer": _written(miss.pointer)}
                    for miss in report.misses
                ],
            }
            for report in group.statements
        ],
    }


def _statement_object(report: StatementReport) -> dict[str, object]:
    reference = report.reference
    span = reference.span
    return {
        "kind": reference.kind.value,
        "level": reference.level,
        "document": reference.document,
        "index": reference.index,
        "sid": None if reference.sid is None else _written(reference.sid),
        "effect": reference.effect,
        "pointer": _written(reference.pointer),
        "path": _written(span.path) or None,
        "line": span.start_line if span.path and reference.policy.document.has_lines else None,
    }


def _written(text: str) -> str:
    return well_formed(mask(text))
