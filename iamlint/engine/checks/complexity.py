"""How hard a policy is to read, as a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.subject import Match, PolicySubject
from iamlint.model import Statement, Value
from iamlint.semantics.conditions import parse_operator

__all__ = ["policy_complexity", "statement_weight"]


def policy_complexity(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a policy whose statements weigh more than `at-most` together."""
    most = params["at-most"]
    assert isinstance(most, int)
    statements = subject.policy.statements or ()
    weight = sum(map(statement_weight, statements))
    if weight > most:
        words = {"weight": str(weight), "most": str(most), "count": str(len(statements))}
        pointer = subject.policy.pointer
        yield Match(pointer, (str(weight),), words, properties={"weight": weight}, key_only=True)


def statement_weight(statement: Statement) -> int:
    """Return the weight of a statement: one, and more for each thing that makes the reader stop.

    A Deny, NotAction and NotResource add one each; each further service two; each service that only the
    resources name, and a lone star beside others, one; conditions as `_condition_weight` says.
    """
    weight = 1 + bool(statement.is_deny)
    weight += statement.not_actions is not None
    weight += statement.not_resources is not None
    of_actions = _services(statement.actions or statement.not_actions or (), 0)
    of_resources = _services(statement.resources or statement.not_resources or (), 2)
    weight += 2 * max(0, len((of_actions | of_resources) - {"*"}) - 1)
    if of_actions != {"*"} and of_resources != {"*"}:
        weight += len(of_resources - of_actions - {"*"})
    weight += sum("*" in services and len(services) > 1 for services in (of_actions, of_resources))
    return weight + _condition_weight(statement)


def _services(values: tuple[Value, ...], field: int) -> set[str]:
    """Return the services that stand in a field of actions or ARNs; a lone star is one of its own."""
    found = set()
    for value in values:
        fields = value.literal.lower().split(":")
        if value.text == "*":
            found.add("*")
        elif len(fields) > field and fields[field]:
            found.add(fields[field])
    return found


def _condition_weight(statement: Statement) -> int:
    """Two for each operator, two more for a set operator; one for IfExists, Null and each variable."""
    weight = 0
    for name in {condition.operator for condition in statement.conditions}:
        operator = parse_operator(name)
        weight += 4 if operator.quantifier else 2
        weight += operator.if_exists + (operator.base == "Null")
    return weight + sum(
        "${" in value.literal for condition in statement.conditions for value in condition.values
    )
