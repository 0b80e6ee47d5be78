"""Calls of boto3: which client a method is called on, and what the data file says of the method."""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping, Sequence
from typing import TypedDict, cast

from iamlint.sources.locations import load_data
from iamlint.sources.python.evaluate import Evaluator
from iamlint.sources.python.meaning import text_of
from iamlint.sources.python.scopes import dotted

__all__ = ["DocumentCall", "argument", "client_of", "document_calls"]

_MAX_STEPS = 8


class DocumentCall(TypedDict, total=False):
    """A method of a client that writes a policy."""

    client: str
    parameter: str
    kind: str
    on: list[str]
    name: str
    target: str
    when: dict[str, str]


class _File(TypedDict):
    documents: dict[str, list[DocumentCall]]


@functools.cache
def _file() -> _File:
    return cast("_File", load_data("boto3_calls.json"))


def document_calls(evaluator: Evaluator, call: ast.Call) -> Sequence[DocumentCall]:
    """Return what a call may write: one entry where the client is known, all that have the method else."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    entries = _file()["documents"].get(method, ())
    if not entries or not isinstance(call.func, ast.Attribute):
        return ()
    client = client_of(evaluator, call.func.value)
    if client is None:
        # These names mean something to many libraries.
        return () if method in {"put", "update", "set_attributes", "create_version"} else entries
    return [entry for entry in entries if entry["client"] == client]


def client_of(evaluator: Evaluator, node: ast.expr) -> str | None:
    """Return the service of a client or resource object of boto3, as far as the file tells."""
    for _ in range(_MAX_STEPS):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                if node.func.attr in {"client", "resource", "create_client"}:
                    given = node.args[0] if node.args else evaluator.keywords(node).get("service_name")
                    return None if given is None else text_of(evaluator.value(given))
                # A resource object: iam.Role("x"), iam.Role("x").Policy("y").
                node = node.func.value
                continue
            found = evaluator.returned(node)
        else:
            found = evaluator.bound(node)
        if found is None:
            break
        node = found
    return _by_name(node)


_NAMED = {
    name: name
    for name in (
        "iam",
        "s3",
        "sqs",
        "sns",
        "kms",
        "ecr",
        "efs",
        "iot",
        "lambda",
        "events",
        "logs",
        "sts",
        "glue",
    )
}


def _by_name(node: ast.expr) -> str | None:
    """Return the service that a client's name tells: `iam`, `iam_client`, `self.s3`."""
    name = dotted(node)
    if name is None:
        return None
    words = name.rpartition(".")[2].lower().strip("_").split("_")
    left = [
        word for word in words if word not in {"client", "boto3", "aws", "conn", "connection", "resource"}
    ]
    return _NAMED.get(left[0]) if len(left) == 1 else None


def argument(arguments: Mapping[str, ast.expr], path: str) -> ast.expr | None:
    """Return the expression of a parameter such as `PolicyDocument` or `Attributes.Policy`."""
    first, *rest = path.removesuffix("[]").split(".")
    found = arguments.get(first)
    for name in rest:
        if not isinstance(found, ast.Dict):
            return None
        found = next(
            (
                value
                for key, value in zip(found.keys, found.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == name
            ),
            None,
        )
    return found
