"""Constructs of the CDK as meanings: statements, documents and principals."""

from __future__ import annotations

import ast

from iamlint.model import Hole
from iamlint.sources.python.evaluate import Evaluator
from iamlint.sources.python.literals import Segment
from iamlint.sources.python.meaning import Entry, Meaning, Open, Row, Table, Text

__all__ = ["STATEMENT", "construct"]

STATEMENT = "PolicyStatement"
_ELEMENTS = {
    "sid": "Sid",
    "actions": "Action",
    "not_actions": "NotAction",
    "resources": "Resource",
    "not_resources": "NotResource",
    "conditions": "Condition",
}
# The classes of principals that are one text of one type.
_PRINCIPALS = {
    "ServicePrincipal": "Service",
    "ArnPrincipal": "AWS",
    "AccountPrincipal": "AWS",
    "FederatedPrincipal": "Federated",
    "CanonicalUserPrincipal": "CanonicalUser",
}


def construct(evaluator: Evaluator, call: ast.Call, name: str, depth: int) -> Meaning | None:
    """Return what a construct of the CDK comes to; None for every other name."""
    last = name.rpartition(".")[2]
    if last in {"ALLOW", "DENY"} and name.endswith(f"Effect.{last}"):
        return _text(evaluator, last.title(), call)
    if "aws_cdk" not in evaluator.source:
        return None
    if last == STATEMENT:
        return _statement(evaluator, call, depth)
    if last == "PolicyDocument":
        given = evaluator.keywords(call).get("statements")
        statements = Row((), call, call) if given is None else evaluator.value(given, depth)
        version = _text(evaluator, "2012-10-17", call)
        return Table((Entry("Version", None, version), Entry("Statement", given, statements)), call, call)
    if last in _PRINCIPALS and call.args:
        value = evaluator.value(call.args[0], depth)
        return Table((Entry(_PRINCIPALS[last], None, value),), call, call)
    if last in {"AnyPrincipal", "StarPrincipal"}:
        star = _text(evaluator, "*", call)
        return star if last == "StarPrincipal" else Table((Entry("AWS", None, star),), call, call)
    return None


def _statement(evaluator: Evaluator, call: ast.Call, depth: int) -> Table:
    keywords = evaluator.keywords(call)
    entries: list[Entry] = []
    effect = keywords.get("effect")
    given = _text(evaluator, "Allow", call) if effect is None else evaluator.value(effect, depth)
    entries.append(Entry("Effect", effect, given))
    for name, element in _ELEMENTS.items():
        value = keywords.get(name)
        if value is not None:
            entries.append(Entry(element, value, evaluator.value(value, depth)))
    for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        value = keywords.get(name)
        if value is not None:
            entries.append(Entry(element, value, _principals(evaluator, value, depth)))
    changes = [change for change in evaluator.changes(call) if change.how.startswith("add_")]
    if changes:
        # Actions, resources or conditions come later: what is there is not the whole.
        hole = Hole("unknown", "what is added later", many=True)
        entries.append(Entry("Condition", None, Open(hole, call)))
        written = {entry.key for entry in entries}
        for missing in ({"Action", "Resource"} - written) if "NotAction" not in written else ():
            entries.append(Entry(missing, None, Open(hole, call)))
    return Table(tuple(entries), call, call)


def _principals(evaluator: Evaluator, node: ast.expr, depth: int) -> Meaning:
    """Return a list of principals as the one element that they come to."""
    found = evaluator.value(node, depth)
    if not isinstance(found, Row) or not all(isinstance(item, Table | Text) for item in found.items):
        return Open(evaluator.hole(node), node)
    members: dict[str, list[Meaning]] = {}
    for item in found.items:
        if isinstance(item, Table):
            for entry in item.entries:
                members.setdefault(entry.key, []).append(entry.value)
        else:
            return item
    entries = [Entry(name, None, Row(tuple(values), node, node)) for name, values in members.items()]
    return Table(tuple(entries), node, node)


def _text(evaluator: Evaluator, text: str, node: ast.Call) -> Text:
    start, end = evaluator.positions.start(node), evaluator.positions.end(node)
    return Text((Segment(text, ((0, start),), end),), node, node)
