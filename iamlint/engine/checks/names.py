"""Checks of what IAM takes as names, paths and descriptions, and of references that a path breaks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TypedDict, cast

from iamlint.catalog.datafiles import read
from iamlint.engine.checks.fields import field_texts
from iamlint.engine.subject import GrantSubject, Match, PolicySubject, Unit
from iamlint.model import Grant, Hole, Value

__all__ = [
    "description_invalid",
    "explicit_name",
    "inline_name_invalid",
    "name_invalid",
    "role_ref_with_path",
]


class _Limits(TypedDict):
    names: dict[str, int]
    inline_policy: int
    name_characters: str
    path_length: int
    path_characters: str
    descriptions: dict[str, int]
    description_characters: str


@cache
def _limits() -> _Limits:
    return cast(_Limits, json.loads(read("name_limits.json")))


@cache
def _other_than(characters: str) -> re.Pattern[str]:
    """Return a pattern of one character that is none of those."""
    return re.compile(f"[^{characters}]")


def name_invalid(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a name or a path that IAM refuses, as far as its text is known."""
    grant, limits = subject.grant, _limits()
    if grant.what == "instance-profile":
        word = "instance-profile"
    elif grant.what == "declared":
        word = next((word for word in grant.on if word in limits["names"]), "")
    else:
        return
    if word not in limits["names"]:
        return
    for value in grant.fields.get("name", ()):
        problem = _name_problem(value, word)
        if problem:
            yield _match(grant, value, "name", problem)
    for value in grant.fields.get("path", ()):
        problem = _path_problem(value)
        if problem:
            yield _match(grant, value, "path", problem)


def _match(grant: Grant, value: Value, field: str, problem: str) -> Match:
    words = {"recipient": grant.owner.address, "field": field, "value": str(value), "problem": problem}
    return Match(value, (str(value),), words)


def _name_problem(value: Value, word: str) -> str:
    """Return what is wrong with a name, in words; nothing where its known parts are well."""
    limits = _limits()
    text = value.literal
    if _is_unrendered(text):
        return ""
    wrong = _other_than(limits["name_characters"]).search(text)
    if wrong is not None:
        return f"may not contain {_shown(wrong[0])}"
    most = limits["names"].get(word, limits["inline_policy"])
    if len(text) > most:
        kind = word.replace("-", " ")
        return f"has {len(text)} characters, and {'an' if kind[0] in 'aeiou' else 'a'} {kind} may have {most}"
    return "is empty" if value.text == "" else ""


def _is_unrendered(text: str) -> bool:
    """Say whether a text has a placeholder of another tool, so that it is not what IAM gets."""
    return "${" in text or "{{" in text or "<%" in text


def _path_problem(value: Value) -> str:
    limits = _limits()
    if _is_unrendered(value.literal):
        return ""
    parts = value.parts or ((value.text,) if value.text is not None else ())
    first, last = (parts[0], parts[-1]) if parts else ("", "")
    if isinstance(first, str) and not first.startswith("/"):
        return "must begin with a slash"
    if isinstance(last, str) and not last.endswith("/"):
        return "must end with a slash"
    wrong = _other_than(limits["path_characters"]).search(value.literal)
    if wrong is not None:
        return f"may not contain {_shown(wrong[0])}"
    length = len(value.literal)
    return (
        f"has {length} characters, and may have {limits['path_length']}"
        if length > limits["path_length"]
        else ""
    )


def _shown(character: str) -> str:
    return (
        "a space"
        if character == " "
        else f"U+{ord(character):04X}"
        if not character.isprintable()
        else f"'{character}'"
    )


def inline_name_invalid(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the name of an inline policy that IAM refuses."""
    policy = subject.policy
    name = policy.name
    if name is None or policy.owner.type not in {
        "AWS::IAM::Role",
        "AWS::IAM::User",
        "AWS::IAM::Group",
        "AWS::IAM::Policy",
    }:
        return
    problem = _name_problem(name, "inline policy")
    if problem:
        words = {
            "recipient": policy.owner.address,
            "field": "policy name",
            "value": str(name),
            "problem": problem,
        }
        yield Match(name, (str(name),), words)


def description_invalid(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a description that is longer than its service takes, or has characters that it refuses."""
    grant, limits = subject.grant, _limits()
    word = next((word for word in grant.on if word in limits["descriptions"]), "")
    if grant.what != "declared" or not word:
        return
    most = limits["descriptions"][word]
    for value in grant.fields.get("description", ()):
        text = value.literal
        wrong = _other_than(limits["description_characters"]).search(text)
        if len(text) > most:
            problem = f"has {len(text)} characters, and may have {most}"
        elif wrong is not None:
            problem = f"may not contain {_shown(wrong[0])} (U+{ord(wrong[0]):04X})"
        else:
            continue
        words = {"recipient": grant.owner.address, "problem": problem}
        yield Match(value, (problem,), words)


def explicit_name(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a name that a template gives, where CloudFormation would make one."""
    grant = subject.grant
    if grant.what not in {"declared", "instance-profile"} or (grant.owner.type or "").startswith("aws_"):
        return
    if grant.what == "declared" and grant.on[:1] == ("permission-set",):
        return
    for value in grant.fields.get("name", ()):
        words = {"recipient": grant.owner.address, "name": str(value)}
        yield Match(value, (str(value),), words)
        return


def role_ref_with_path(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a service's role that is named without its path, for one of the `types`, which want all of it."""
    grant = subject.grant
    types = params["types"]
    assert isinstance(types, list | tuple)
    if grant.what != "role-use" or (grant.owner.type is not None and grant.owner.type not in types):
        return
    for value in grant.fields.get("role", ()):
        path = subject.unit.fact(_paths).get(_named(value))
        if path:
            words = {"recipient": grant.owner.address, "role": str(value), "path": path}
            yield Match(value, (str(value),), words)
            return


def _named(value: Value) -> str:
    """Return the name of a role, or the address of the one that `Ref` names; nothing for an ARN."""
    if value.text is not None:
        return value.text
    hole = value.parts[0] if len(value.parts) == 1 else None
    return f"Resources.{hole.name}" if isinstance(hole, Hole) and hole.kind == "resource" else ""


def _paths(unit: Unit) -> dict[str, str]:
    """Return the paths of the roles of a unit that are not at the root, by name and by address."""
    paths: dict[str, str] = {}
    for grant in unit.grants:
        if grant.what != "declared" or "role" not in grant.on:
            continue
        for _, path, _ in field_texts(grant, "path"):
            if path not in {"", "/"}:
                paths[grant.owner.address] = path
                paths.update({name: path for _, name, _ in field_texts(grant, "name")})
    return paths
