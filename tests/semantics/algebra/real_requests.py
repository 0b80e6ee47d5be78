"""Requests near to what real policies say, drawn from their own text, and the check of a verdict by them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iamlint.model import Policy, PolicyKind
from iamlint.semantics.algebra.results import Comparison, Verdict
from iamlint.semantics.evaluation.errors import RequestError
from iamlint.semantics.evaluation.principals import Via
from iamlint.semantics.evaluation.readings import DEFAULT
from iamlint.semantics.evaluation.request import Request
from iamlint.semantics.evaluation.statement import CompiledStatement, compile_policy

_USER = "arn:aws:iam::111122223333:user/alice"
_FILLINGS = ("", "x", "Get", "a/b", "2024")


def contradictions(
    found: Comparison,
    old: Policy,
    new: Policy,
    documents: Sequence[Mapping[str, Any]],
    draw: random.Random,
    samples: int,
) -> list[Request]:
    """Return the requests that prove a verdict about two identity policies wrong: the witness, where it
    does not separate them, and samples that do though nothing is new."""
    if found.verdict is Verdict.UNKNOWN:
        return []
    before, after = (compile_policy(one, PolicyKind.IDENTITY, "p") for one in (old, new))
    if found.verdict is Verdict.NEW_ACCESS:
        shown = found.witness
        assert shown is not None
        request = Request.of(
            shown.principal, shown.action, shown.resource, shown.resource_account, dict(shown.context)
        )
        return [] if _separates(request, before, after) else [request]
    return [one for one in _requests(documents, draw, samples) if _separates(one, before, after)]


def _separates(request: Request, old: Sequence[CompiledStatement], new: Sequence[CompiledStatement]) -> bool:
    return _allows(new, request) and not _allows(old, request)


def _allows(statements: Sequence[CompiledStatement], request: Request) -> bool:
    """Say whether a policy allows a request by itself: of a role, what its trust policy says is another
    question."""
    matching = [
        one for one in statements if one.matches(request, DEFAULT, has_boundary=False) is not Via.NOTHING
    ]
    return bool(matching) and all(one.allows for one in matching)


def _requests(documents: Sequence[Mapping[str, Any]], draw: random.Random, samples: int) -> Iterator[Request]:
    statements = [one for document in documents for one in _listed(document["Statement"])]
    for _ in range(samples):
        one = draw.choice(statements)
        action = _filled(draw.choice(_listed(one.get("Action", one.get("NotAction")))), draw)
        resource = _filled(draw.choice(_listed(one.get("Resource", one.get("NotResource")))), draw)
        context: dict[str, str | list[str]] = {}
        for block in (other.get("Condition", {}) for other in (one, draw.choice(statements))):
            for operator, tests in block.items():
                for key, values in tests.items():
                    _add(context, operator, key, _listed(values), draw)
        if action.count(":") != 1:
            action = "s3:GetObject"
        try:
            yield Request.of(
                _USER, action, resource if resource.startswith("arn:") else "*", "111122223333", context
            )
        except RequestError:
            continue


def _add(
    context: dict[str, str | list[str]], operator: str, key: str, values: list[Any], draw: random.Random
) -> None:
    if draw.random() < 0.2 or any(key.lower() == known.lower() for known in context):
        return
    value = draw.choice(values)
    text = str(value).lower() if isinstance(value, bool) else _filled(str(value), draw)
    if operator.startswith("Null") or draw.random() < 0.15:
        text = "else"
    context[key] = [text] if operator.startswith(("ForAll", "ForAny")) else text


def _filled(pattern: str, draw: random.Random) -> str:
    if pattern == "*":
        return "*"
    parts = pattern.split("*")
    text = parts[0]
    for part in parts[1:]:
        text += draw.choice(_FILLINGS) + part
    return text.replace("?", "q")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
