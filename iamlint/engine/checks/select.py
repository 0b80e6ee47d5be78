"""Declarative rules: JSONPath over the normalised grant, statement or policy, and small tests.

jsonpath-ng finds the values; the tests of `where` are few on purpose: a rule file that grows loops
has become a bad programming language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from iamlint.engine.subject import GrantSubject, Match, PolicySubject, StatementSubject
from iamlint.model import Policy, Statement, Value
from iamlint.semantics.patterns import matches

if TYPE_CHECKING:
    from jsonpath_ng import JSONPath

MAX_PATH = 500

__all__ = ["mistakes_in", "path_mistake", "select_grant", "select_policy", "select_statement"]

TESTS = (
    "equals",
    "not-equals",
    "in",
    "not-in",
    "like",
    "not-like",
    "at-most",
    "at-least",
    "present",
    "absent",
)
"""The tests of `where`. A value that cannot be known meets no test but `present`."""
OPTIONS = ("ignore-case",)
"""Words of `where` that change how the tests compare."""


@lru_cache(maxsize=256)
def _compiled(path: str) -> JSONPath:
    import warnings

    from jsonpath_ng.parser import parse

    with warnings.catch_warnings():
        # The library warns of expressions that its next version reads otherwise; it is pinned below that.
        warnings.simplefilter("ignore", DeprecationWarning)
        return parse(path)


def path_mistake(path: str) -> str | None:
    """Return what is wrong with a JSONPath expression, or None."""
    from jsonpath_ng.exceptions import JSONPathError

    if len(path) > MAX_PATH:
        return f"longer than {MAX_PATH} characters"
    try:
        _compiled(path)
    except (JSONPathError, RecursionError) as error:
        return " ".join(str(error).split())
    return None


def mistakes_in(where: object) -> list[tuple[tuple[str, ...], str]]:
    """Return what is wrong with the tests of a `where`: the keys that lead there, and a message."""
    from iamlint.engine.load import nearest

    if not isinstance(where, dict) or not where:
        return [((), "must be a mapping of tests that is not empty")]
    wrong: list[tuple[tuple[str, ...], str]] = []
    for test, value in where.items():
        if test not in TESTS and test not in OPTIONS:
            wrong.append(((test,), f"unknown test {test!r}{nearest(str(test), (*TESTS, *OPTIONS))}"))
        elif test in {"in", "not-in", "like", "not-like"}:
            # Nothing is in an empty list, and everything is not in it.
            if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
                wrong.append(((test,), f"{test} needs a list of texts that is not empty"))
        elif test in {"at-most", "at-least"}:
            if not isinstance(value, int | float) or isinstance(value, bool):
                wrong.append(((test,), f"{test} needs a number"))
        elif test in {"present", "absent", *OPTIONS}:
            if value is not True:
                wrong.append(((test,), f"{test} takes only true"))
        elif not isinstance(value, str):
            wrong.append(((test,), f"{test} needs a text; a number in quotes is one"))
    if "absent" in where and len(where) > 1:
        wrong.append((("absent",), "absent stands alone: there is no value for another test"))
    if set(where) == set(OPTIONS):
        wrong.append(((), "needs a test"))
    return wrong


def select_grant(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the values of a grant's fields that the expression selects and the tests accept.

    The tree is `{"what": ..., "fields": {name: [values]}}`. With the test `absent` the rule fires
    on a grant in which the expression finds nothing.
    """
    grant = subject.grant
    what = params["what"]
    assert isinstance(what, Sequence)
    if grant.what not in what:
        return
    tree: dict[str, object] = {
        "what": grant.what,
        "on": list(grant.on),
        "fields": {name: list(values) for name, values in grant.fields.items()},
    }
    yield from _select(tree, grant.pointer, params)


def select_statement(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find values of a statement; the tree has IAM's element names, every element a list."""
    yield from _select(_statement_tree(subject.statement), subject.statement.pointer, params)


def select_policy(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find values of a policy; the tree has `kind`, `on`, `Version`, `Id` and `Statement`."""
    policy: Policy = subject.policy
    tree: dict[str, object] = {"kind": policy.kind.value, "on": list(policy.on), "location": policy.location}
    if policy.version is not None:
        tree["Version"] = [policy.version]
    if policy.id is not None:
        tree["Id"] = [policy.id]
    tree["Statement"] = [_statement_tree(statement) for statement in policy.statements or ()]
    yield from _select(tree, policy.pointer, params)


def _statement_tree(statement: Statement) -> dict[str, object]:
    tree: dict[str, object] = {}
    if statement.sid is not None:
        tree["Sid"] = [statement.sid]
    if statement.effect is not None:
        tree["Effect"] = [statement.effect]
    for name, values in (
        ("Action", statement.actions),
        ("NotAction", statement.not_actions),
        ("Resource", statement.resources),
        ("NotResource", statement.not_resources),
    ):
        if values is not None:
            tree[name] = list(values)
    for name, principals in (("Principal", statement.principals), ("NotPrincipal", statement.not_principals)):
        if principals is not None:
            group: dict[str, list[Value]] = {}
            for principal in principals:
                group.setdefault(principal.type, []).append(principal.value)
            tree[name] = group
    if statement.conditions:
        block: dict[str, dict[str, list[Value]]] = {}
        for condition in statement.conditions:
            block.setdefault(condition.operator, {}).setdefault(condition.key, []).extend(condition.values)
        tree["Condition"] = block
    return tree


def _select(
    tree: dict[str, object], pointer: tuple[object, ...], params: Mapping[str, object]
) -> Iterator[Match]:
    where = params["where"]
    tests: Mapping[str, object] = where if isinstance(where, dict) else {}
    found = [match.value for match in _compiled(str(params["select"])).find(tree)]
    if "absent" in tests:
        if not found:
            yield Match(pointer)  # type: ignore[arg-type]  # a pointer; the tree's places are values
        return
    for node in found:
        for value in _leaves(node):
            if _accepts(value, tests):
                shown = str(value)
                place = value if isinstance(value, Value) else pointer
                yield Match(place, (shown,), {"value": shown})  # type: ignore[arg-type]  # as above


def _leaves(node: object) -> Iterator[Value | str]:
    if isinstance(node, Value | str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _leaves(item)
    elif isinstance(node, dict):
        for item in node.values():
            yield from _leaves(item)


def _accepts(value: Value | str, tests: Mapping[str, object]) -> bool:
    text = value.text if isinstance(value, Value) else value
    fold = "ignore-case" in tests
    for test, wanted in tests.items():
        if test == "present" or test in OPTIONS:
            continue
        if text is None or not _passes(test, text, wanted, fold=fold):
            return False
    return True


def _passes(test: str, text: str, wanted: object, *, fold: bool) -> bool:
    def folded(word: object) -> str:
        return str(word).lower() if fold else str(word)

    text = folded(text)
    if test in {"equals", "not-equals"}:
        return (text == folded(wanted)) == (test == "equals")
    if test in {"in", "not-in"}:
        assert isinstance(wanted, list | tuple)
        return any(text == folded(word) for word in wanted) == (test == "in")
    if test in {"like", "not-like"}:
        assert isinstance(wanted, list | tuple)
        return any(matches(folded(word), text) for word in wanted) == (test == "like")
    assert isinstance(wanted, int | float)
    try:
        number = float(text)
    except ValueError:
        return False
    return number <= wanted if test == "at-most" else number >= wanted
