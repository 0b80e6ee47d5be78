"""Requests and policies as JSON or files, to decisions of the evaluator.

The JSON of one question is `{"id", "request": {...}, "policies": {...}}`; `answer_line` is one line of the
service, `read_request` and `read_policies` are its two halves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from iamlint.errors import InputError
from iamlint.model import Owner, Policy, PolicyKind
from iamlint.semantics.evaluation import (
    DEFAULT,
    Decision,
    MalformedPolicyError,
    PolicySet,
    Readings,
    Request,
    RequestError,
    StatementReference,
    evaluate,
)
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument, JsonSyntaxError, parse_json
from iamlint.sources.text import Text

__all__ = [
    "LARGEST_FILE",
    "LONGEST_LINE",
    "answer_line",
    "answer_lines",
    "evaluate_documents",
    "placed",
    "policies_of_file",
    "read_policies",
    "read_request",
    "statement_object",
]

LONGEST_LINE = 2 * 1024 * 1024
"""Bytes of one line of the service; more is refused. AWS's largest policies have some 40 KB."""

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes of one file; more is refused."""

_MOST_ITEMS = 100_000
"""Commas of one line: the memory that a line takes goes with its items more than with its bytes."""

_MEMO_BUDGET = 1024 * 1024
"""Characters of all memoised documents together; beyond it the memo starts afresh, so that it stays small."""
_Made = TypeVar("_Made")
_QUESTION_FIELDS = frozenset({"id", "request", "policies"})
_REQUEST_FIELDS = frozenset({"principal", "action", "resource", "resource_account", "context"})
_KINDS = frozenset({"identity", "resource", "scp", "rcp", "boundary", "session", "endpoint"})


def evaluate_documents(
    principal: str | Mapping[str, object],
    action: str,
    resource: str,
    *,
    resource_account: str | None = None,
    context: Mapping[str, object] | None = None,
    policies: Mapping[str, object],
    readings: Readings = DEFAULT,
) -> Decision:
    """Return whether `policies` allow one request, with the statements that decide it.

    `principal` is an ARN, a service principal name, `anonymous`, or an object with `arn` and `role`.
    `resource` is an ARN, or `*` for actions without resource types. `context` maps condition keys to a
    text, or to a list of texts for multi-valued keys. `policies` maps `identity`, `resource`, `boundary`,
    `session` and `endpoint` to a document (a dictionary) or a list of them, and `scp` and `rcp` to a list
    of levels, from the root down, each a list of documents. Raises RequestError for what is not one
    request, and MalformedPolicyError, with every place, for policies that are not valid.
    """
    request = read_request(
        {
            "principal": principal,
            "action": action,
            "resource": resource,
            "resource_account": resource_account,
            "context": {} if context is None else context,
        }
    )
    return evaluate(request, read_policies(policies), readings)


def read_request(node: object) -> Request:
    """Return the request that a JSON object describes. Raises RequestError."""
    if not isinstance(node, Mapping):
        raise RequestError("request: must be an object")
    for key in node:
        if key not in _REQUEST_FIELDS:
            raise RequestError(f"request: there is no field {str(key)[:60]!r}")
    missing = [key for key in ("principal", "action", "resource") if node.get(key) is None]
    if missing:
        raise RequestError(f"request: {missing[0]} is missing")
    return Request.of(
        node["principal"],
        node["action"],
        node["resource"],
        node.get("resource_account"),
        node.get("context") or {},
    )


def read_policies(node: object) -> PolicySet:
    """Return the policies that a JSON object holds by kind. Raises MalformedPolicyError, InputError."""
    if node is None:
        node = {}
    if not isinstance(node, Mapping):
        raise InputError("policies: must be an object")
    for key in node:
        if key not in _KINDS:
            raise InputError(f"policies: there is no kind {str(key)[:60]!r}")
    return PolicySet(
        identity=_documents(node.get("identity")),
        resource=_documents(node.get("resource")),
        scp=_read_levels("scp", node.get("scp")),
        rcp=_read_levels("rcp", node.get("rcp")),
        boundary=_documents(node.get("boundary")),
        session=_documents(node.get("session")),
        endpoint=_documents(node.get("endpoint")),
    )


def _documents(node: object) -> tuple[Policy, ...]:
    """Return the policies of a document or a list of them."""
    if node is None:
        return ()
    return tuple(map(_policy, node)) if isinstance(node, list | tuple) else (_policy(node),)


def _read_levels(kind: str, node: object) -> tuple[tuple[Policy, ...], ...]:
    if node is None:
        return ()
    if not isinstance(node, list | tuple):
        raise InputError(f"policies.{kind}: must be a list of levels, each a list of documents")
    for level, documents in enumerate(node):
        if not isinstance(documents, list | tuple):
            raise InputError(f"policies.{kind}[{level}]: must be a list of documents")
    return tuple(tuple(map(_policy, documents)) for documents in node)


class _Memo(Generic[_Made]):
    """Things made from JSON, by its text, as long as the texts stay within the budget."""

    def __init__(self) -> None:
        self._made: dict[str, _Made] = {}
        self._size = 0

    def get(self, text: str, make: Callable[[], _Made]) -> _Made:
        """Return what was made from `text`, now or before."""
        found = self._made.get(text)
        if found is None:
            found = make()
            if len(text) <= _MEMO_BUDGET:
                self._size += len(text)
                if self._size > _MEMO_BUDGET:
                    self._made.clear()
                    self._size = len(text)
                self._made[text] = found
        return found


_policies: _Memo[Policy] = _Memo()
_sets: _Memo[PolicySet] = _Memo()


def _policy(node: object) -> Policy:
    """Return a document as a policy: one object for equal documents, so that each is compiled once."""

    def make() -> Policy:
        document = JsonDocument(Text("", _json(node)), node, "policy-json")
        return PolicyBuilder(document).policy(node, (), owner=Owner("$", None, ()), kind=PolicyKind.IDENTITY)

    return _policies.get(_key(node), make)


def _policy_set(node: object) -> PolicySet:
    """Return `read_policies(node)`, memoised: the lines of a file mostly ask about the same policies."""
    return _sets.get(_key(node), lambda: read_policies(node))


def _key(node: object) -> str:
    """Return a text that tells documents apart, numbers as they were written among them: JSON that is
    written anew would shorten them."""
    try:
        return repr(node)
    except RecursionError as error:
        raise InputError(f"a policy document is not JSON: {error}") from error


def _json(node: object) -> str:
    try:
        return json.dumps(node, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"a policy document is not JSON: {error}") from error


def answer_lines(lines: Iterable[bytes]) -> Iterator[str]:
    """Yield the answer to each line that is not blank, in order, without line ends."""
    for line in lines:
        if line.strip():
            yield answer_line(line)


def answer_line(line: bytes) -> str:
    """Return the answer to one line as JSON: `{"id", "decision", "statements"}`, or `{"id", "error"}`."""
    question: dict[str, object] = {}
    try:
        question, repeated = _read_line(line)
        if repeated:
            raise InputError("an object of the line writes a key twice")  # noqa: TRY301
        for key in question:
            if key not in _QUESTION_FIELDS:
                raise InputError(f"there is no field {key[:60]!r}")  # noqa: TRY301
        decision = evaluate(read_request(question.get("request")), _policy_set(question.get("policies")))
    except InputError as error:
        return _answer(question, {"error": str(error)})
    return _answer(
        question,
        {
            "decision": decision.outcome.value,
            "statements": [statement_object(reference) for reference in decision.statements],
        },
    )


def _read_line(line: bytes) -> tuple[dict[str, object], bool]:
    """Return the object of a line, and whether some object in it repeats a key."""
    if len(line) > LONGEST_LINE:
        raise InputError(f"the line is longer than {LONGEST_LINE // (1024 * 1024)} MiB")
    if line.count(b",") > _MOST_ITEMS:
        raise InputError(f"the line has more than {_MOST_ITEMS} items")
    try:
        tree, repeated = parse_json(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"the line is not UTF-8 text (byte {error.start + 1})") from error
    except JsonSyntaxError as error:
        raise InputError(f"the line is not JSON: {error} (character {error.offset + 1})") from error
    if not isinstance(tree, dict):
        raise InputError("the line must be an object")
    try:
        json.dumps(tree.get("id"), allow_nan=False)
    except ValueError as error:
        raise InputError("id holds a number that JSON cannot write") from error
    return tree, repeated


def _answer(question: Mapping[str, object], rest: Mapping[str, object]) -> str:
    return json.dumps({"id": question.get("id"), **rest}, separators=(",", ":"))


def statement_object(reference: StatementReference) -> dict[str, object]:
    """Return which statement it is, as JSON: `pointer` is its place in the document (RFC 6901)."""
    return {
        "kind": reference.kind.value,
        "level": reference.level,
        "document": reference.document,
        "index": reference.index,
        "sid": reference.sid,
        "effect": reference.effect,
        "pointer": reference.pointer,
    }


_FITTING: Mapping[PolicyKind, frozenset[PolicyKind]] = {
    PolicyKind.IDENTITY: frozenset({PolicyKind.IDENTITY, PolicyKind.PERMISSION_SET}),
    PolicyKind.RESOURCE: frozenset({PolicyKind.RESOURCE, PolicyKind.TRUST}),
}


def policies_of_file(
    path: str, data: bytes, kind: PolicyKind, resource_type: str | None = None
) -> tuple[Policy, ...]:
    """Return the policies of one kind that a file holds, in any format that iamlint reads.

    Bare documents are of that kind, whatever they look like, and attached to `resource_type`; of a
    template those count that are of the kind.
    Raises InputError when the file cannot be read in full or holds none.
    """
    from iamlint.sources.routing import extract_unit
    from iamlint.sources.source import SourceFile, SourceOptions

    if len(data) > LARGEST_FILE:
        raise InputError(f"{path}: is larger than {LARGEST_FILE // (1024 * 1024)} MiB")
    found = extract_unit([SourceFile(path, data, named=True)], SourceOptions(kind, resource_type))
    for diagnostic in found.diagnostics:
        place = path if diagnostic.line is None else f"{path}:{diagnostic.line}:{diagnostic.column}"
        raise InputError(f"{place}: {diagnostic.message}")
    fitting = _FITTING.get(kind, frozenset({kind}))
    policies = tuple(policy for policy in found.policies if policy.kind in fitting)
    if not policies:
        raise InputError(f"{path}: holds no {kind} policy")
    return policies


def placed(make: Callable[[], PolicySet]) -> PolicySet:
    """Return what `make` returns, naming the lines of files for policies that are refused."""
    try:
        return make()
    except MalformedPolicyError as error:
        lines = []
        for fault in error.faults:
            span = error.policy.document.span((*error.policy.pointer, *fault.pointer))
            lines.append(f"{span.path}:{span.start_line}:{span.start_column}: {fault.message}")
        raise InputError("\n".join(lines)) from error
