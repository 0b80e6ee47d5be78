"""What the algebra refuses to judge: documents that IAM would not take. Sections 2 and 12.7."""

from __future__ import annotations

from collections.abc import Iterator

from iamlint.model import Pointer, Policy, PolicyKind, Statement, Value, json_pointer
from iamlint.semantics.algebra.actions import is_action_pattern
from iamlint.semantics.algebra.callers import PrincipalError, read_principal
from iamlint.semantics.algebra.space import has_principals
from iamlint.semantics.conditions import parse_operator

__all__ = ["refusals"]

_VERSIONS = frozenset({"2012-10-17", "2008-10-17"})
_WITHOUT_RESOURCE = frozenset({PolicyKind.RESOURCE, PolicyKind.TRUST})
_ORGANIZATION = frozenset({PolicyKind.SCP, PolicyKind.RCP})


def refusals(policy: Policy, kind: PolicyKind) -> Iterator[tuple[str, str]]:
    """Yield (JSON pointer in the document, what is wrong there) for all that makes the policy invalid
    when it is used as `kind`."""
    root = len(policy.pointer)
    seen: set[Pointer] = set()
    for fault in policy.faults:
        seen.add(fault.pointer)
        yield json_pointer(fault.pointer[root:]), fault.message
    for pointer, message in _refused(policy, kind):
        if pointer not in seen:
            seen.add(pointer)
            yield json_pointer(pointer[root:]), message


def _refused(policy: Policy, kind: PolicyKind) -> Iterator[tuple[Pointer, str]]:
    version = policy.version
    if version is not None and version.text is not None and version.text not in _VERSIONS:
        yield version.pointer, f"there is no Version {version.text[:30]!r}"
    for statement in policy.statements or ():
        yield from _refused_statement(statement, kind)


def _refused_statement(statement: Statement, kind: PolicyKind) -> Iterator[tuple[Pointer, str]]:
    pointer = statement.pointer
    if statement.effect is None:
        yield pointer, "the statement has no Effect"
    for value in statement.actions or statement.not_actions or ():
        if value.text is not None and not is_action_pattern(value.text):
            yield value.pointer, f"{value.text[:60]!r} is not an action: it has no colon"
        yield from _control_characters(value)
    resources = statement.resources if statement.resources is not None else statement.not_resources
    if resources is None and kind not in _WITHOUT_RESOURCE and not _is_open(statement):
        yield pointer, "the statement has neither Resource nor NotResource"
    for value in resources or ():
        text = value.text
        if (
            kind in _ORGANIZATION
            and text is not None
            and text.count(":") < 5
            and "*" not in text
            and "?" not in text
        ):
            yield value.pointer, f"{text[:60]!r} is neither an ARN nor a pattern"
        yield from _control_characters(value)
    yield from _refused_principals(statement, kind)
    for condition in statement.conditions:
        operator = parse_operator(condition.operator)
        if not operator.known:
            yield condition.pointer, f"{condition.operator[:60]!r} is not a condition operator"
        elif operator.base == "Null" and (operator.quantifier is not None or operator.if_exists):
            yield condition.pointer, "Null takes neither ForAllValues:, ForAnyValue: nor IfExists"
        for value in condition.values:
            yield from _control_characters(value)


def _refused_principals(statement: Statement, kind: PolicyKind) -> Iterator[tuple[Pointer, str]]:
    negated = statement.principals is None
    listed = statement.not_principals if negated else statement.principals
    if listed is None:
        return
    element = (*statement.pointer, "NotPrincipal" if negated else "Principal")
    if not has_principals(kind):
        by_form = kind is PolicyKind.RCP and not negated and listed
        if not by_form or any(principal.value.text not in {"*", None} for principal in listed):
            yield element, f"a policy of kind {kind} takes no such principal"
        return
    for principal in listed:
        if principal.value.text is not None:
            try:
                read_principal(principal)
            except PrincipalError as error:
                yield principal.value.pointer, str(error)


def _control_characters(value: Value) -> Iterator[tuple[Pointer, str]]:
    if "\0" in value.literal:
        yield value.pointer, "the text holds a control character that IAM takes nowhere"


def _is_open(statement: Statement) -> bool:
    """Say whether the statement stands for something that cannot be read, with all its elements."""
    return statement.effect is not None and statement.effect.text is None and statement.unread_condition
