"""Reads the table of cases: what a policy check of AWS has to find, and what it has to leave alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent
_OBJECT = "arn:aws:s3:::logs-bucket/*"
_ROLE = "arn:aws:iam::111122223333:role/ci"

# What a statement of each kind has unless a case says otherwise.
_USUAL: dict[str, dict[str, object]] = {
    "identity": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": _OBJECT},
    "resource": {
        "Effect": "Allow",
        "Principal": {"AWS": _ROLE},
        "Action": "s3:GetObject",
        "Resource": _OBJECT,
    },
    "trust": {"Effect": "Allow", "Principal": {"AWS": _ROLE}, "Action": "sts:AssumeRole"},
    "scp": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
    "rcp": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"},
}
_USUAL["boundary"] = _USUAL["identity"]


@dataclass(frozen=True)
class Case:
    """One policy and what is to be found in it.

    `code` is the check that it is about and `bad` whether that check has to find something, at the
    pointers `at`, each with `related` further places. `also` are other codes that stand in the same
    policy for reasons of their own.
    """

    code: str
    name: str
    bad: bool
    kind: str
    resource_type: str | None
    policy: object
    text: str
    at: tuple[str, ...]
    related: int | None
    also: frozenset[str]


def cases() -> list[Case]:
    """Return all cases of the table."""
    return [
        _case(code, bad, written)
        for path in sorted((_FOLDER / "cases").glob("*.yaml"))
        for code, both in yaml.safe_load(path.read_text(encoding="utf-8")).items()
        for bad in (True, False)
        for written in both["bad" if bad else "good"]
    ]


def index() -> dict[str, str]:
    """Return the finding type of each documented check."""
    types: dict[str, list[str]] = yaml.safe_load((_FOLDER / "index.yaml").read_text(encoding="utf-8"))
    return {code: finding_type for finding_type, codes in types.items() for code in codes}


def _case(code: str, bad: bool, written: Mapping[str, object]) -> Case:
    left = dict(written)
    name = str(left.pop("name"))
    kind = str(left.pop("kind", "identity"))
    resource_type = left.pop("type", None)
    at, also = left.pop("at", []), left.pop("with", [])
    related, padding = left.pop("related", None), left.pop("padding", 0)
    assert isinstance(at, list)
    assert isinstance(also, list)
    assert isinstance(padding, int)
    assert related is None or isinstance(related, int)
    policy: object = None
    if "text" in left:
        text = str(left.pop("text"))
    else:
        policy = left.pop("policy") if "policy" in left else _document(left, kind)
        text = json.dumps(policy, indent=1, ensure_ascii=False) + " " * padding
        text = text.replace("{\n", "{" + " " * padding + "\n", 1) if padding else text
    assert not left, (code, name, left)
    return Case(
        code,
        name,
        bad,
        kind,
        None if resource_type is None else str(resource_type),
        policy if not padding else None,
        text,
        tuple(sorted(map(str, at))),
        related,
        frozenset(map(str, also)),
    )


def _document(left: dict[str, object], kind: str) -> dict[str, object]:
    """Return the document of a case that gives what is special about its statements."""
    if "condition" in left:
        given: object = [
            {
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::logs-bucket",
                "Condition": left.pop("condition"),
            }
        ]
    elif "statement" in left:
        given = [left.pop("statement")]
    else:
        given = left.pop("statements")
    assert isinstance(given, list)
    return {"Version": "2012-10-17", "Statement": [_statement(_repeated(each), kind) for each in given]}


def _statement(given: object, kind: str) -> dict[str, object]:
    assert isinstance(given, dict)
    usual = {
        name: value for name, value in _USUAL[kind].items() if name not in given and f"Not{name}" not in given
    }
    return {**usual, **given}


def _repeated(node: object) -> object:
    """Return the tree with each `{repeat: pattern, times: number}` written out as a list."""
    if isinstance(node, dict):
        if set(node) == {"repeat", "times"}:
            return [str(node["repeat"]) % number for number in range(int(node["times"]))]
        return {name: _repeated(value) for name, value in node.items()}
    return [_repeated(item) for item in node] if isinstance(node, list) else node
