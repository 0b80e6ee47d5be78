"""Checks of MFA as policies ask for it.

`aws:MultiFactorAuthPresent` is in the request only for temporary credentials: with long-term access
keys it is absent, so a test that an absent key passes lets them in, and a Deny that an absent key
fails does not stop them. `aws:MultiFactorAuthAge` is there only after MFA. Source: IAM user guide,
AWS global condition context keys; Configuring MFA-protected API access.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from iamlint.catalog import AccessLevel
from iamlint.engine.checks.policy_facts import destructive_actions, self_service_actions
from iamlint.engine.subject import Match, PolicySubject, StatementSubject
from iamlint.model import Condition, Statement, Value
from iamlint.semantics.conditions import parse_operator

__all__ = [
    "group_without_mfa",
    "mfa_condition",
    "mfa_denied",
    "requires_mfa",
    "sensitive_without_mfa",
    "user_assumes_without_mfa",
]

_PRESENT = "aws:multifactorauthpresent"
_AGE = "aws:multifactorauthage"
_UPPER = ("NumericLessThan", "NumericLessThanEquals")
_LOWER = ("NumericGreaterThan", "NumericGreaterThanEquals")


def requires_mfa(statement: Statement) -> bool:
    """Say whether an Allow is only for callers with MFA; a value that is a hole counts as such."""
    for condition in statement.conditions:
        key = condition.key.lower()
        if key not in {_PRESENT, _AGE} or not condition.values:
            continue
        operator = parse_operator(condition.operator)
        if operator.if_exists or operator.quantifier == "ForAllValues" or operator.negated:
            continue
        values = _values(condition)
        if key == _PRESENT and operator.family in {"Bool", "String"}:
            if values == {"true"} or any(value.text is None for value in condition.values):
                return True
        elif key == _AGE and (operator.base in _UPPER or (operator.base == "Null" and values == {"false"})):
            return True
    return False


@lru_cache(maxsize=1)
def mfa_denied(subject: PolicySubject) -> int:
    """Return the actions that the policy denies to every caller without MFA, on every resource.

    A Deny does that by `BoolIfExists` false, by an absent age, or by a pair of Denies: one for the
    absent key and one for false.
    """
    whole = absent = false = 0
    for statement in subject.policy.statements or ():
        if not statement.is_deny or statement.unread_condition or statement.when:
            continue
        if len(statement.conditions) != 1:
            continue
        condition = statement.conditions[0]
        key = condition.key.lower()
        if key not in {_PRESENT, _AGE}:
            continue
        if statement.resources is not None and not any(value.text == "*" for value in statement.resources):
            continue
        operator = parse_operator(condition.operator)
        bits = subject.action_bits(statement)
        values = _values(condition)
        if key == _PRESENT and operator.base == "Bool" and values == {"false"}:
            if operator.if_exists or operator.quantifier == "ForAllValues":
                whole |= bits
            else:
                false |= bits
        elif operator.base == "Null" and values == {"true"}:
            if key == _AGE:
                whole |= bits
            else:
                absent |= bits
        elif key == _AGE and operator.base in _LOWER and operator.if_exists:
            whole |= bits
    return whole | (absent & false)


def _values(condition: Condition) -> set[str]:
    return {str(value).lower() for value in condition.values}


def mfa_condition(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a test of the MFA keys that looks right and does not do what it seems to.

    `shape` names which: allow-false, allow-ifexists, deny-false, null, age, operator.
    """
    statement = subject.statement
    for condition in statement.conditions:
        key = condition.key.lower()
        if key not in {_PRESENT, _AGE}:
            continue
        if _has_shape(str(params["shape"]), key, condition, statement, subject.owner):
            place = condition.values[0] if condition.values else condition.pointer
            words = {"operator": condition.operator, "key": condition.key}
            yield Match(place, (condition.operator, condition.key, *map(str, condition.values)), words)


def _has_shape(
    shape: str, key: str, condition: Condition, statement: Statement, owner: PolicySubject
) -> bool:
    operator = parse_operator(condition.operator)
    values = _values(condition)
    allow = statement.is_allow
    lenient = operator.if_exists or operator.quantifier == "ForAllValues"
    if shape == "allow-false":
        return allow and key == _PRESENT and operator.base == "Bool" and values == {"false"}
    if shape == "allow-ifexists":
        if not allow or not lenient:
            return False
        return (key == _PRESENT and operator.base == "Bool" and values == {"true"}) or (
            key == _AGE and operator.base in _UPPER
        )
    if shape == "deny-false":
        if not statement.is_deny or lenient:
            return False
        bites = (key == _PRESENT and operator.base == "Bool" and values == {"false"}) or (
            key == _AGE and operator.base in _LOWER
        )
        return bites and not _stops_absent(owner)
    if shape == "null":
        if key != _PRESENT or operator.base != "Null" or len(values) != 1 or not values <= {"true", "false"}:
            return False
        if allow:
            return values == {"true"} or not requires_mfa(statement)
        return values == {"true"} and not _stops_false(owner)
    if shape == "operator":
        if operator.base == "Null" or not operator.known:
            return False
        return operator.family != ("Bool" if key == _PRESENT else "Numeric")
    return False


@lru_cache(maxsize=1)
def _stops_absent(owner: PolicySubject) -> bool:
    """Say whether some Deny of the policy stops callers whose request lacks the MFA keys."""
    return any(
        _denies(statement, condition, absent=True)
        for statement in owner.policy.statements or ()
        if statement.is_deny
        for condition in statement.conditions
    )


@lru_cache(maxsize=1)
def _stops_false(owner: PolicySubject) -> bool:
    """Say whether some Deny of the policy stops sessions that were made without MFA."""
    return any(
        _denies(statement, condition, absent=False)
        for statement in owner.policy.statements or ()
        if statement.is_deny
        for condition in statement.conditions
    )


def _denies(statement: Statement, condition: Condition, *, absent: bool) -> bool:
    key = condition.key.lower()
    operator = parse_operator(condition.operator)
    lenient = operator.if_exists or operator.quantifier == "ForAllValues"
    if len(statement.conditions) > 1 or key not in {_PRESENT, _AGE}:
        return False
    if operator.base == "Null" and _values(condition) == {"true"}:
        return absent or key == _AGE
    if operator.base == "Bool" and _values(condition) == {"false"}:
        return lenient or not absent
    return key == _AGE and operator.base in _LOWER and lenient


def sensitive_without_mfa(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions that manage permissions or destroy for good, granted to users or groups without MFA."""
    policy = subject.policy
    if not policy.on or not set(policy.on) <= {"user", "group"}:
        return
    statement = subject.statement
    if statement.unread_condition or requires_mfa(statement):
        return
    resources = statement.resources
    if resources and all("${aws:username}" in value.literal for value in resources):
        return
    expand = subject.catalog.expand
    wanted = subject.catalog.with_level(AccessLevel.PERMISSIONS)
    for action in destructive_actions():
        wanted |= expand(action)
    for action in self_service_actions():
        wanted &= ~expand(action)
    bits = subject.granted & wanted
    if bits:
        bits &= ~mfa_denied(subject.owner)
    if not bits:
        return
    values: list[Value] = [value for value, _ in subject.actions_granting(bits)]
    values = values or list(statement.not_actions or ())
    if values:
        examples = []
        for name in subject.catalog.names(bits):
            examples.append(name)
            if len(examples) == 3:
                break
        words = {"actions": ", ".join(examples)}
        yield Match(values[0], tuple(map(str, values)), words, marks=tuple((v, "") for v in values[1:]))


def user_assumes_without_mfa(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find sts:AssumeRole granted to users without a word about MFA.

    A condition that names an MFA key and misses its aim has a rule of its own.
    """
    policy, statement = subject.policy, subject.statement
    if not policy.on or not set(policy.on) <= {"user", "group"}:
        return
    if not statement.resources or statement.unread_condition:
        return
    if any(condition.key.lower() in {_PRESENT, _AGE} for condition in statement.conditions):
        return
    bits = subject.granted & subject.catalog.expand("sts:AssumeRole") & ~mfa_denied(subject.owner)
    for value, _ in subject.actions_granting(bits):
        yield Match(value, (str(value), *map(str, statement.resources)), items=(value,))
        return


def group_without_mfa(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a group's policy in which nothing asks for MFA."""
    policy = subject.policy
    if "group" not in policy.on or not policy.statements:
        return
    if any(statement.unread_condition or requires_mfa(statement) for statement in policy.statements):
        return
    if not any(statement.is_allow for statement in policy.statements) or mfa_denied(subject):
        return
    yield Match((*policy.pointer, "Statement"), key_only=True)
