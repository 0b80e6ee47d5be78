"""What iamlint sees, without rules: documents, grants and diagnostics, as JSON or as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from iamlint.model import (
    SECRET_FIELDS,
    WITHOUT_ACCESS,
    Condition,
    Diagnostic,
    Extraction,
    Grant,
    Hole,
    Policy,
    Principal,
    Statement,
    Value,
    Values,
)
from iamlint.report.escape import escape, mask
from iamlint.report.phrases import counted, diagnostic_line
from iamlint.report.printer import Printer

__all__ = ["write_json", "write_text"]


def write_json(extractions: Iterable[Extraction], diagnostics: Sequence[Diagnostic], stream: TextIO) -> None:
    """Write `{"documents": [...], "grants": [...], "diagnostics": [...]}`, sorted by path and line."""
    found = list(extractions)
    documents = [_document(policy) for extraction in found for policy in extraction.policies]
    grants = [_grant(grant) for grant in _with_access(found)]
    report = {
        "documents": sorted(documents, key=_order),
        "grants": sorted(grants, key=_order),
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in diagnostics],
    }
    json.dump(report, stream, indent=2, sort_keys=True, ensure_ascii=True)
    stream.write("\n")


def write_text(
    extractions: Iterable[Extraction],
    diagnostics: Sequence[Diagnostic],
    stream: TextIO,
    *,
    runner: bool = False,
) -> None:
    """Write one block for each document, a line for each grant and diagnostic, and a summary."""
    out = Printer(stream, runner=runner)
    found = list(extractions)
    policies = sorted((p for e in found for p in e.policies), key=lambda p: (_path(p), _line(p) or 0))
    grants = sorted(_with_access(found), key=lambda g: (g.document.path, _grant_line(g) or 0))
    for policy in policies:
        out.line(_heading(policy))
        if policy.statements is None:
            out.line("    statements that cannot be read")
        for statement in policy.statements or ():
            out.line(f"    {_statement_text(statement)}")
    for grant in grants:
        out.line(_grant_text(grant))
    for diagnostic in diagnostics:
        out.line(diagnostic_line(diagnostic))
    statements = sum(len(policy.statements or ()) for policy in policies)
    out.line(
        f"{counted(len(policies), 'document')}, {counted(statements, 'statement')}, "
        f"{counted(len(grants), 'grant')}, {counted(len(diagnostics), 'diagnostic')}"
    )


def _with_access(found: Iterable[Extraction]) -> Iterator[Grant]:
    return (grant for one in found for grant in one.grants if grant.what not in WITHOUT_ACCESS)


def _grant_text(grant: Grant) -> str:
    facts = ", ".join(
        f"{name} {_listed(values) if name not in SECRET_FIELDS else '<hidden>'}"
        for name, values in sorted(grant.fields.items())
        if values
    )
    line = f":{_grant_line(grant)}" if _grant_line(grant) else ""
    text = f"{grant.document.path}{line}: {grant.what} on {grant.owner.address}"
    return escape(mask(text + (f" ({facts})" if facts else "")))


def _order(entry: dict[str, object]) -> tuple[bytes, int, str, str]:
    path = str(entry["path"]).encode("utf-8", "surrogatepass")
    line = entry["start_line"]
    return (
        path,
        line if isinstance(line, int) else 0,
        str(entry["owner"]),
        json.dumps(entry, sort_keys=True),
    )


def _line(policy: Policy) -> int | None:
    return policy.document.key_span(policy.anchor).start_line if policy.document.has_lines else None


def _path(policy: Policy) -> str:
    """Return the file in which the place that holds the document stands: a module may read the
    document itself from another file."""
    return policy.document.key_span(policy.anchor).path if policy.document.has_lines else policy.document.path


def _grant_line(grant: Grant) -> int | None:
    return grant.document.key_span(grant.pointer).start_line if grant.document.has_lines else None


def _document(policy: Policy) -> dict[str, object]:
    return {
        "path": _path(policy),
        "format": policy.document.format,
        "kind": policy.kind.value,
        "owner": policy.owner.address,
        "owner_type": policy.owner.type,
        "location": policy.location,
        "name": None if policy.name is None else _value(policy.name),
        "attached_to": list(policy.attachments),
        "start_line": _line(policy),
        "statements": None if policy.statements is None else [_statement(s) for s in policy.statements],
    }


def _statement(statement: Statement) -> dict[str, object]:
    document = statement.document
    entry: dict[str, object] = {
        "line": document.span(statement.pointer).start_line if document.has_lines else None,
        "sid": None if statement.sid is None else _value(statement.sid),
        "effect": None if statement.effect is None else _value(statement.effect),
    }
    for name, values in (
        ("actions", statement.actions),
        ("not_actions", statement.not_actions),
        ("resources", statement.resources),
        ("not_resources", statement.not_resources),
    ):
        if values is not None:
            entry[name] = [_value(value) for value in values]
    for name, principals in (
        ("principals", statement.principals),
        ("not_principals", statement.not_principals),
    ):
        if principals is not None:
            entry[name] = _principals(principals)
    entry["conditions"] = None if statement.unread_condition else _conditions(statement.conditions)
    return entry


def _principals(principals: Sequence[Principal]) -> object:
    """Return principals as IAM writes them: `"*"`, or types with lists."""
    if len(principals) == 1 and principals[0].type == "*":
        return "*"
    if len(principals) == 1 and principals[0].type == "?":
        return _value(principals[0].value)
    group: dict[str, list[object]] = {}
    for principal in principals:
        group.setdefault(principal.type, []).append(_value(principal.value))
    return group


def _conditions(conditions: Sequence[Condition]) -> dict[str, object]:
    block: dict[str, dict[str, list[object]]] = {}
    for condition in conditions:
        values = block.setdefault(condition.operator, {}).setdefault(condition.key, [])
        values.extend(_value(value) for value in condition.values)
    return dict(block)


def _value(value: Value) -> object:
    """Return text as text, a value that is one hole as the hole, and a mixture as its parts."""
    if value.text is not None:
        return mask(value.text)
    if value.hole is not None:
        return _hole(value.hole)
    return {"parts": [part if isinstance(part, str) else _hole(part) for part in value.parts]}


def _hole(hole: Hole) -> dict[str, object]:
    return {"hole": hole.kind, "name": hole.name}


def _grant(grant: Grant) -> dict[str, object]:
    entry: dict[str, object] = {
        "path": grant.document.path,
        "format": grant.document.format,
        "owner": grant.owner.address,
        "owner_type": grant.owner.type,
        "what": grant.what,
        "on": list(grant.on),
        "attached_to": list(grant.attachments),
        "start_line": _grant_line(grant),
        "fields": {
            name: [_value(value) for value in values]
            if name not in SECRET_FIELDS
            else ["<hidden>" for _ in values]
            for name, values in grant.fields.items()
        },
    }
    if grant.statements:
        entry["statements"] = [_statement(statement) for statement in grant.statements]
    return entry


def _diagnostic(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "path": diagnostic.path,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "start_line": diagnostic.line,
        "start_column": diagnostic.column,
        "owner": diagnostic.owner,
    }


def _heading(policy: Policy) -> str:
    line = f":{_line(policy)}" if _line(policy) else ""
    words = [f"{_path(policy)}{line}: {policy.kind.value} policy of {policy.owner.address}"]
    if policy.owner.type:
        words.append(f"({policy.owner.type})")
    if policy.location:
        words.append(f"at {policy.location}")
    if policy.name is not None:
        words.append(f"named {policy.name}")
    if policy.attachments:
        words.append(f"attached to {', '.join(policy.attachments)}")
    return escape(mask(" ".join(words)))


def _statement_text(statement: Statement) -> str:
    words = [str(statement.effect) if statement.effect is not None else "no effect"]
    if statement.sid is not None:
        words.insert(0, f"[{statement.sid}]")
    for name, values in (("", statement.actions), ("all actions but", statement.not_actions)):
        if values is not None:
            words.append(f"{name} {_listed(values)}".strip())
    for name, values in (("on", statement.resources), ("on all resources but", statement.not_resources)):
        if values is not None:
            words.append(f"{name} {_listed(values)}")
    for name, principals in (("to", statement.principals), ("to all but", statement.not_principals)):
        if principals is not None:
            shown = (f"{p.type}:{p.value}" if p.type not in {"*", "?"} else str(p.value) for p in principals)
            words.append(f"{name} {', '.join(shown)}")
    tests = [f"{c.operator} {c.key} {_listed(c.values)}" for c in statement.conditions]
    if statement.unread_condition:
        tests.append("a condition that cannot be read")
    if tests:
        words.append(f"if {' and '.join(tests)}")
    return escape(mask(" ".join(words)), limit=4000)


def _listed(values: Values) -> str:
    return ", ".join(map(str, values)) or "nothing"
