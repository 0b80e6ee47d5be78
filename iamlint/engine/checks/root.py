"""Checks of the root user as somebody who acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Statement, Value
from iamlint.semantics.conditions import parse_operator

__all__ = ["root_condition"]


def root_condition(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a test in an Allow that only the root user of an account passes.

    `aws:PrincipalArn` of the root user ends in `:root`; its `aws:PrincipalType` is `Account` (IAM user
    guide, principal key values; `Root` is what many write and nobody has). The key policy that keeps
    a way in for the root user is left alone: without one a key can be lost for good.
    """
    if "kms-key" in subject.policy.on or _is_about_keys(subject.statement):
        return
    for condition in subject.statement.conditions:
        key = condition.key.lower()
        if key not in {"aws:principalarn", "aws:principaltype"}:
            continue
        operator = parse_operator(condition.operator)
        if not operator.known or operator.negated or operator.base == "Null":
            continue
        for value in condition.values:
            if _is_root(key, value):
                shown = str(value)
                yield Match(value, (condition.key, shown), {"key": condition.key, "value": shown})
                break


def _is_about_keys(statement: Statement) -> bool:
    return bool(statement.actions) and all(
        value.literal.lower().startswith("kms:") for value in statement.actions or ()
    )


def _is_root(key: str, value: Value) -> bool:
    text = value.literal
    if key == "aws:principaltype":
        return text.lower() in {"root", "account"}
    return text.startswith("arn:") and text.endswith(":root")
