"""Reading small modules and plans in tests, and showing what they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping

from iamlint.model import Extraction, Grant, Policy, Statement, Value
from iamlint.sources.json_text import JsonDocument, parse_json
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.terraform import extract_module, extract_plan
from iamlint.sources.text import Text


def module(files: Mapping[str, object] | object, others: Mapping[str, str] | None = None) -> Extraction:
    """Read a module: one tree, or trees (or texts) by file name. `others` are files that can be read."""
    if not isinstance(files, Mapping) or not all(str(name).endswith(".tf.json") for name in files):
        files = {"main.tf.json": files}
    sources = [
        SourceFile(str(name), (tree if isinstance(tree, str) else json.dumps(tree)).encode())
        for name, tree in files.items()
    ]
    readable = dict(others or {})

    def read(path: str) -> bytes | None:
        text = readable.get(path)
        return None if text is None else text.encode()

    return extract_module(sources, SourceOptions(read=read))


def plan(tree: object) -> Extraction:
    """Read a plan or state."""
    found = maybe_plan(tree)
    assert found is not None
    return found


def maybe_plan(tree: object) -> Extraction | None:
    """Read a tree that may be a plan."""
    text = json.dumps(tree)
    parsed, _ = parse_json(text)
    return extract_plan(
        parsed, JsonDocument(Text("plan.json", text), parsed, "terraform-plan"), SourceOptions()
    )


def owners(found: Extraction) -> dict[str, str]:
    """Return kind by owner address."""
    return {policy.owner.address: policy.kind.value for policy in found.policies}


def policy_of(found: Extraction, address: str) -> Policy:
    """Return the one policy of an owner."""
    (policy,) = [policy for policy in found.policies if policy.owner.address == address]
    return policy


def grants_of(found: Extraction, what: str) -> list[Grant]:
    """Return the grants of a kind."""
    return [grant for grant in found.grants if grant.what == what]


def fields(grant: Grant) -> dict[str, list[str]]:
    """Return the fields of a grant as text."""
    return {name: texts(values) or [] for name, values in grant.fields.items()}


def texts(values: tuple[Value, ...] | None) -> list[str] | None:
    """Return values as text; holes as <name>."""
    return None if values is None else [str(value) for value in values]


def shown(policy: Policy) -> list[dict[str, object]] | None:
    """Return the statements as a reader sees them; None where they cannot be read."""
    return (
        None if policy.statements is None else [shown_statement(statement) for statement in policy.statements]
    )


def shown_statement(statement: Statement) -> dict[str, object]:
    """Return the elements that a statement has."""
    result: dict[str, object] = {
        "Sid": None if statement.sid is None else str(statement.sid),
        "Effect": None if statement.effect is None else str(statement.effect),
        "Action": texts(statement.actions),
        "NotAction": texts(statement.not_actions),
        "Resource": texts(statement.resources),
        "NotResource": texts(statement.not_resources),
        "Principal": _principals(statement.principals),
        "NotPrincipal": _principals(statement.not_principals),
        "Condition": [(c.operator, c.key, texts(c.values)) for c in statement.conditions] or None,
    }
    return {name: value for name, value in result.items() if value is not None}


def _principals(principals: object) -> object:
    if not isinstance(principals, tuple):
        return None
    return [(principal.type, str(principal.value)) for principal in principals]


def written(policy: Policy, value: Value, files: Mapping[str, str]) -> tuple[str, str]:
    """Return the file that a value stands in and the text at its place."""
    span = policy.document.span(value.pointer)
    data = files[span.path].encode()
    return span.path, data[span.byte_offset : span.byte_offset + span.byte_length].decode()
