"""Comparing policies: documents in, verdicts out. The service behind `iamlint compare`.

result = compare_documents(old, new, kind="identity")
result.verdict                  # Verdict.CONTAINED, NEW_ACCESS or UNKNOWN
result.witness                  # a request that new allows and old does not
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from iamlint.errors import InputError
from iamlint.model import Owner, Policy, PolicyKind
from iamlint.record import record
from iamlint.semantics.algebra.asking import Assumptions
from iamlint.semantics.algebra.globs import Budget
from iamlint.semantics.algebra.questions import Asked, compare, grants
from iamlint.semantics.algebra.results import Comparison, Reason, StatementPlace, Witness
from iamlint.semantics.algebra.space import key_name
from iamlint.semantics.algebra.strangers import public
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument, JsonSyntaxError, parse_json
from iamlint.sources.text import Text

__all__ = [
    "ComparisonRequest",
    "answer_lines",
    "compare_documents",
    "compared",
    "comparison_json",
    "granted",
    "read_assumptions",
    "read_documents",
    "strangers_allowed",
    "witness_json",
]

SECONDS = 2.0
"""Longest time for one pair (section 12.6 of the evaluation rules)."""

_FIELDS = frozenset({"id", "old", "new", "kind", "assume"})
_KINDS = tuple(str(kind) for kind in PolicyKind)

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"


@record
class ComparisonRequest:
    """One line of the service: two sides of one or several documents, and how to read them."""

    old: tuple[Policy, ...]
    new: tuple[Policy, ...]
    kind: PolicyKind
    assumptions: Assumptions


def compare_documents(
    old: object,
    new: object,
    *,
    kind: str = "identity",
    assume: object = None,
    seconds: float | None = SECONDS,
) -> Comparison:
    """Say whether `new` allows anything that `old` does not.

    Each is a policy document as parsed JSON, or a list of documents that count together. `kind` is a
    kind of policy, `assume` an object as `{"present": ["aws:RequestedRegion"], "whole_numbers": true}`.
    `seconds` limits the time, None does not. Raises InputError for arguments of the wrong type;
    documents that are not valid make the answer unknown.
    """
    asked = _request({"old": old, "new": new, "kind": kind, "assume": assume})
    return _compared(asked, seconds)


def compared(
    old: Sequence[Policy],
    new: Sequence[Policy],
    kind: PolicyKind,
    assumptions: Assumptions,
    seconds: float | None = SECONDS,
) -> Comparison:
    """Say whether `new` allows anything that `old` does not, within the time."""
    return compare(old, new, kind=kind, assumptions=assumptions, budget=_budget(seconds))


def granted(
    policies: Sequence[Policy],
    asked: Asked,
    kind: PolicyKind,
    assumptions: Assumptions,
    seconds: float | None = SECONDS,
) -> Comparison:
    """Say whether the policies allow any of the access asked for, within the time."""
    return grants(policies, asked, kind=kind, assumptions=assumptions, budget=_budget(seconds))


def strangers_allowed(
    policies: Sequence[Policy], kind: PolicyKind, assumptions: Assumptions, seconds: float | None = SECONDS
) -> Comparison:
    """Say whether the policies allow a stranger anything, within the time."""
    return public(policies, kind=kind, assumptions=assumptions, budget=_budget(seconds))


def _compared(asked: ComparisonRequest, seconds: float | None) -> Comparison:
    return compared(asked.old, asked.new, asked.kind, asked.assumptions, seconds)


def _budget(seconds: float | None) -> Budget:
    return Budget(deadline=None if seconds is None else time.monotonic() + seconds)


def answer_lines(lines: Iterable[str | bytes]) -> Iterator[str]:
    """Yield the answer to each line of JSON `{"id", "old", "new", "kind", "assume"}`, as a line of JSON
    without its end. A line that is none gets `{"id", "error"}`; blank lines get no answer."""
    for line in lines:
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
        if text.strip():
            yield json.dumps(_answer(text), ensure_ascii=False, separators=(",", ":"))


def _answer(text: str) -> dict[str, Json]:
    name: Json = None
    try:
        tree, repeated = parse_json(text)
    except JsonSyntaxError as error:
        return {"id": None, "error": f"the line is not JSON: {error}"}
    if not isinstance(tree, dict):
        return {"id": None, "error": "a line must be an object"}
    try:
        name = _identifier(tree.get("id"))
        if repeated:
            return {"id": name, "error": "an object repeats a key"}
        return {"id": name, **comparison_json(_compared(_request(tree), SECONDS))}
    except InputError as error:
        return {"id": name, "error": str(error)}


def _identifier(value: object) -> str | int | float | None:
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError("id is a number that JSON cannot write")
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return value
    raise InputError("id must be a text or a number")


def _request(tree: Mapping[str, object]) -> ComparisonRequest:
    unknown = [field for field in tree if field not in _FIELDS]
    if unknown:
        raise InputError(
            f"there is no field {str(unknown[0])[:60]!r}", help=f"one of {', '.join(sorted(_FIELDS))}"
        )
    for side in ("old", "new"):
        if side not in tree:
            raise InputError(f"{side} is missing")
    kind = tree.get("kind")
    if kind is None:
        kind = "identity"
    if kind not in _KINDS:
        raise InputError(f"there is no kind {str(kind)[:60]!r}", help=f"one of {', '.join(_KINDS)}")
    wanted = PolicyKind(str(kind))
    return ComparisonRequest(
        read_documents(tree["old"], wanted, "old"),
        read_documents(tree["new"], wanted, "new"),
        wanted,
        read_assumptions(tree.get("assume")),
    )


def read_documents(tree: object, kind: PolicyKind, side: str) -> tuple[Policy, ...]:
    """Return the policies of a document, or of a list of documents. Raises InputError for other things."""
    if isinstance(tree, dict):
        tree = [tree]
    if not isinstance(tree, list):
        raise InputError(f"{side} must be a policy document or a list of them")
    return tuple(_policy(document, kind, f"{side}[{at}]") for at, document in enumerate(tree))


def _policy(tree: object, kind: PolicyKind, name: str) -> Policy:
    document = JsonDocument(Text(name, ""), tree, "policy-json")
    return PolicyBuilder(document).policy(tree, (), owner=Owner("$", None, ()), kind=kind)


def read_assumptions(tree: object) -> Assumptions:
    """Return the assumptions that an object states; None states none. Raises InputError."""
    if tree is None:
        return Assumptions()
    if not isinstance(tree, dict) or not tree.keys() <= {"present", "whole_numbers"}:
        raise InputError('assume must be an object with "present", a list of condition keys')
    present = tree.get("present", [])
    whole = tree.get("whole_numbers", False)
    if not isinstance(present, list) or not all(isinstance(key, str) and key for key in present):
        raise InputError("assume.present must be a list of condition keys")
    if not isinstance(whole, bool):
        raise InputError("assume.whole_numbers must be true or false")
    return Assumptions(frozenset(key_name(key) for key in present), whole)


def comparison_json(found: Comparison) -> dict[str, Json]:
    """Return an answer as JSON: `verdict`, `witness` (a request in the form of `iamlint evaluate`),
    `notes`, `reasons` of an unknown one, the `statements` that decided, and `future_only`."""
    return {
        "verdict": str(found.verdict),
        "witness": None if found.witness is None else witness_json(found.witness),
        "notes": list(found.notes),
        "reasons": [_reason(reason) for reason in found.reasons],
        "statements": {"new": _place(found.allowed_by), "old": _place(found.no_longer_denied_by)},
        "future_only": found.future_only,
    }


def witness_json(witness: Witness) -> dict[str, Json]:
    """Return a request in the form that the evaluator takes."""
    return {
        "principal": witness.principal if isinstance(witness.principal, str) else dict(witness.principal),
        "action": witness.action,
        "resource": witness.resource,
        "resource_account": witness.resource_account,
        "context": {
            key: value if isinstance(value, str) else list(value) for key, value in witness.context.items()
        },
    }


def _reason(reason: Reason) -> dict[str, Json]:
    found: dict[str, Json] = {"code": reason.code, "message": reason.message}
    if reason.side:
        found |= {"side": reason.side, "document": reason.document, "pointer": reason.pointer}
    return found


def _place(place: StatementPlace | None) -> dict[str, Json] | None:
    return None if place is None else {"document": place.document, "statement": place.index}
