"""Checks of condition blocks: tests that do not do what they seem to.

Values that a template decides are never at fault here: only what is surely written is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from iamlint.engine.checks.policy_facts import condition_keys, web_identity_claims
from iamlint.engine.checks.public import names
from iamlint.engine.scope import is_over
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Condition, Statement, Value
from iamlint.record import replace
from iamlint.semantics.arns import TO_FILL
from iamlint.semantics.conditions import Operator, facts, parse_operator
from iamlint.semantics.principals import is_account_id

__all__ = [
    "always_true",
    "caller_chosen_key",
    "ifexists_allow",
    "ifexists_deny",
    "invalid_value",
    "never_true",
    "null_affix",
    "set_operator_absent",
    "set_operator_single",
    "text_on_arn_key",
    "type_mismatch",
    "unknown_operator",
    "wide_source_ip",
    "wildcard_in_equals",
]

_ESCAPES = re.compile(r"\$\{[*?$]\}")
_DATE = re.compile(
    r"\d{4}(-\d{2}(-\d{2}(T\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?)?)?\Z|-?\d+\Z",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\Z")
_ORGANIZATION = re.compile(r"o-[a-z0-9]+\Z")
_OPEN_NAME = re.compile(r"[<>\0\ue000\ue001]|\$\{")
"""What only stands in an operator that a template decides."""


def _key_place(condition: Condition, **words: str) -> Match:
    evidence = (condition.operator, condition.key)
    return Match(condition.pointer, evidence, _words(condition, **words), key_only=True)


def _words(condition: Condition, **more: str) -> dict[str, str]:
    return {"operator": condition.operator, "key": condition.key, **more}


# --- operators ----------------------------------------------------------------------------------


def unknown_operator(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find operators that IAM does not have."""
    for condition in subject.statement.conditions:
        operator = parse_operator(condition.operator)
        if operator.known or _OPEN_NAME.search(condition.operator):
            continue
        near = _nearest(operator)
        words = _words(condition, hint=f" (did you mean {near}?)" if near else "")
        yield Match(condition.pointer[:-1], (condition.operator,), words, key_only=True)


def null_affix(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find `Null` with IfExists or with a set prefix, neither of which it takes."""
    for condition in subject.statement.conditions:
        operator = parse_operator(condition.operator)
        if operator.base != "Null":
            continue
        if (
            operator.if_exists
            if params["affix"] == "IfExists"
            else operator.quantifier and not operator.if_exists
        ):
            words = _words(condition)
            yield Match(condition.pointer[:-1], (condition.operator,), words, key_only=True)


def _nearest(operator: Operator) -> str | None:
    from iamlint.catalog.nearest import nearest
    from iamlint.catalog.usual_names import usual_name

    known = facts().operators
    qualifier, base = operator.quantifier, operator.base
    if ":" in base:
        written, _, base = base.partition(":")
        qualifier = nearest(written, ("ForAllValues", "ForAnyValue")) or ""
        if not qualifier:
            return None
    found = usual_name("operators", base.lower())
    if found is None:
        near = nearest(base.lower(), sorted(known))
        if near is None:
            return None
        found = known[near]
    prefix = f"{qualifier}:" if qualifier else ""
    return f"{prefix}{found}{'IfExists' if operator.if_exists and found != 'Null' else ''}"


def wildcard_in_equals(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find `*` and `?` under an operator for which they are ordinary characters."""
    for condition in subject.statement.conditions:
        if not any("*" in value.literal or "?" in value.literal for value in condition.values):
            continue
        operator = parse_operator(condition.operator)
        if operator.family != "String" or "Equals" not in operator.base or not operator.known:
            continue
        found = [value for value in condition.values if _has_plain_wildcard(value)]
        if found:
            words = _words(condition, values=names(found), like=_like(operator))
            yield Match(found[0], tuple(map(str, found)), words, marks=tuple((v, "") for v in found[1:]))


def _like(operator: Operator) -> str:
    """Return the operator that takes wildcards, with the same prefix, sense and suffix."""
    prefix = f"{operator.quantifier}:" if operator.quantifier else ""
    base = "StringNotLike" if operator.negated else "StringLike"
    return f"{prefix}{base}{'IfExists' if operator.if_exists else ''}"


def _has_plain_wildcard(value: Value) -> bool:
    text = _ESCAPES.sub("", value.literal)
    return "*" in text or "?" in text


def set_operator_single(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find `ForAllValues` in an Allow on a key with one value: true also when the key is absent."""
    for condition in subject.statement.conditions:
        operator = parse_operator(condition.operator)
        if operator.quantifier != "ForAllValues" or operator.base == "Null" or not operator.known:
            continue
        known = subject.catalog.condition_key(condition.key)
        if known is None or known.multi_valued:
            continue
        if condition.key.lower() not in condition_keys("lists_the_catalogue_calls_single"):
            yield _key_place(condition)


def set_operator_absent(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a set operator on a list that may be absent, without a Null test beside it.

    `ForAllValues` in an Allow is true of an absent list, `ForAnyValue` in a Deny false. `keys` is
    `security` for lists that say who or from where, `others` for the rest.
    """
    statement = subject.statement
    wanted = params["quantifier"]
    if (wanted == "ForAllValues") != statement.is_allow:
        return
    present = {
        condition.key.lower()
        for condition in statement.conditions
        if parse_operator(condition.operator).base == "Null"
    }
    for condition in statement.conditions:
        operator = parse_operator(condition.operator)
        key = condition.key.lower()
        if operator.quantifier != wanted or operator.base == "Null" or not operator.known or key in present:
            continue
        security = key in condition_keys("security_lists_that_may_be_absent")
        if params["keys"] == "security" and not security:
            continue
        if params["keys"] == "others" and (security or key == "aws:tagkeys"):
            continue
        known = subject.catalog.condition_key(condition.key)
        if known is not None and known.multi_valued:
            yield _key_place(condition)


def ifexists_allow(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find IfExists in an Allow on a key that says who or from where and may be absent."""
    for condition in subject.statement.conditions:
        operator = parse_operator(condition.operator)
        if not operator.if_exists or not operator.known or operator.negated or operator.base == "Null":
            continue
        if operator.quantifier == "ForAllValues" or not _is_security_key(condition.key):
            continue
        if all(value.text == "*" for value in condition.values):
            continue
        yield _key_place(condition)


def _is_security_key(key: str) -> bool:
    lower = key.lower()
    if lower in condition_keys("security_keys_that_may_be_absent"):
        return True
    issuer, _, claim = lower.rpartition(":")
    return "." in issuer and claim in web_identity_claims()


def ifexists_deny(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Deny whose test is false of a request without the key: anonymous requests escape it."""
    for condition in subject.statement.conditions:
        if condition.key.lower() != "aws:principalisawsservice":
            continue
        operator = parse_operator(condition.operator)
        strict = not operator.if_exists and operator.quantifier != "ForAllValues"
        if operator.base == "Bool" and strict and _all(condition, "false"):
            yield _key_place(condition)


def text_on_arn_key(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find StringEquals and its kin on a key that holds an ARN."""
    for condition in subject.statement.conditions:
        operator = parse_operator(condition.operator)
        if operator.family != "String" or not operator.known or "Equals" not in operator.base:
            continue
        known = subject.catalog.condition_key(condition.key)
        if known is not None and known.value_type == "ARN":
            better = "ArnNotEquals" if operator.negated else "ArnEquals"
            yield _key_place(condition, better=f"{better}{'IfExists' if operator.if_exists else ''}")


def type_mismatch(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find operators of another family than the key's type.

    Tolerated, as IAM's own policy check does: String operators on ARN keys, ARN operators on keys
    with a free name, Date and Numeric operators on `aws:EpochTime`.
    """
    for condition in subject.statement.conditions:
        operator = parse_operator(condition.operator)
        if not operator.known or operator.base == "Null":
            continue
        known = subject.catalog.condition_key(condition.key)
        if known is None:
            continue
        family = {"Ip": "IPAddress", "Arn": "ARN"}.get(operator.family, operator.family)
        expected = known.value_type
        if family == expected or (family == "String" and expected == "ARN"):
            continue
        if (family == "ARN" and "${" in known.name) or known.name == "aws:EpochTime":
            continue
        if expected not in {"String", "ARN", "Bool", "Date", "IPAddress", "Numeric"}:
            continue
        yield _key_place(condition, type=expected)


# --- values -------------------------------------------------------------------------------------


def invalid_value(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find values that no request can have, or that the operator cannot read."""
    for condition in subject.statement.conditions:
        operator = parse_operator(condition.operator)
        if not operator.known:
            continue
        key = condition.key.lower()
        for value in condition.values:
            text = value.text
            if text is None or "${" in text or (not text and subject.notes):
                # An empty text that a template assumes stands for "not given".
                continue
            if TO_FILL.fullmatch(text) or (subject.stands_in(value) and _is_name_of_thing(operator, key)):
                continue
            wrong = _mistake(operator, key, text)
            if wrong:
                words = _words(condition, value=text, wrong=wrong)
                yield Match(value, (condition.key, text), words, items=(value,))


def _is_name_of_thing(operator: Operator, key: str) -> bool:
    """Say whether a test wants an ARN or an organization, for which templates have stand-ins."""
    return operator.family == "Arn" or key in condition_keys("organization_keys")


def _mistake(operator: Operator, key: str, text: str) -> str | None:
    """Return what is wrong with a value, None if nothing is."""
    family = operator.family
    if family == "Ip":
        return None if _network(text) is not None else "is no address and no range in CIDR notation"
    if family == "Date":
        return None if _DATE.match(text) else "is no date in ISO 8601 form"
    if family in {"Bool", "Null"}:
        return None if text.lower() in {"true", "false"} else "is neither true nor false"
    if family == "Numeric":
        return None if _NUMBER.match(text) else "is no number"
    if family == "Arn":
        if not text.startswith("arn:") and "*" not in text and "?" not in text:
            return "is no ARN"
        return None
    if family != "String" or "*" in text or "?" in text:
        return None
    if key in condition_keys("account_keys"):
        if is_account_id(text) or (key == "aws:principalaccount" and text == "anonymous"):
            return None
        return "is no account id of twelve digits"
    if key in condition_keys("organization_keys"):
        if not text:
            return "is empty, where an organization id (o-...) must stand"
        return None if _ORGANIZATION.match(text) else "is no organization id (o-...)"
    for name, prefix in (("aws:sourcevpc", "vpc-"), ("aws:sourcevpce", "vpce-")):
        if key == name and not text.startswith(prefix):
            return f"does not begin with {prefix}"
    return None


def _network(text: str) -> tuple[int, int] | None:
    """Return (IP version, prefix length) of an address or range, None if it is neither."""
    import ipaddress

    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return network.version, network.prefixlen


def wide_source_ip(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find public address ranges in an Allow that are too wide to bound anything."""
    for condition in subject.statement.conditions:
        if condition.key.lower() not in {"aws:sourceip", "aws:vpcsourceip"}:
            continue
        operator = parse_operator(condition.operator)
        if operator.base != "IpAddress":
            continue
        found = [value for value in condition.values if _is_wide(value)]
        if found:
            words = _words(condition, values=names(found))
            yield Match(found[0], tuple(map(str, found)), words, marks=tuple((v, "") for v in found[1:]))


def _is_wide(value: Value) -> bool:
    if value.text is None:
        return False
    network = _network(value.text)
    if network is None:
        return False
    version, prefix = network
    known = facts()
    widest = known.widest_prefix_v4 if version == 4 else known.widest_prefix_v6
    return prefix < widest and not _is_private(value.text)


def _is_private(text: str) -> bool:
    import ipaddress

    network = ipaddress.ip_network(text.strip(), strict=False)
    return network.is_private and network.prefixlen > 0


def caller_chosen_key(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find keys whose value the caller chooses, in an Allow."""
    for condition in subject.statement.conditions:
        if condition.key.lower() in condition_keys("chosen_by_the_caller"):
            operator = parse_operator(condition.operator)
            if operator.known and not operator.negated and operator.base != "Null":
                yield _key_place(condition)


# --- tests that are the same for every request ---------------------------------------------------


def never_true(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find tests that no request passes, so that the statement does nothing."""
    statement = subject.statement
    absent = {
        condition.key.lower()
        for condition in statement.conditions
        if parse_operator(condition.operator).base == "Null" and _all(condition, "true")
    }
    for condition in statement.conditions:
        operator = parse_operator(condition.operator)
        if not operator.known:
            continue
        reason = None
        if not condition.values and operator.quantifier != "ForAllValues" and not operator.negated:
            if not _is_faulty(subject, condition):
                reason = "has no value"
        elif operator.base == "Null" and _all(condition, "true"):
            if condition.key.lower() in condition_keys("always_present"):
                reason = "asks that the key is absent, and it never is"
        elif condition.key.lower() in absent and not operator.negated and operator.base != "Null":
            if not operator.if_exists and operator.quantifier != "ForAllValues":
                reason = "asks for a value, while a Null test beside it asks that the key is absent"
        elif statement.is_allow and is_over(condition):
            reason = "asks for a time that is past"
        elif operator.family == "Date" and _crosses(condition, operator, statement):
            reason = "asks for a time after another test beside it asks for one before"
        if reason:
            yield _key_place(condition, reason=reason)


def always_true(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find tests that every request passes, so that they bound nothing."""
    for condition in subject.statement.conditions:
        operator = parse_operator(condition.operator)
        if not operator.known or not condition.values:
            continue
        values = {value.text for value in condition.values}
        reason = None
        items: tuple[Value, ...] = ()
        lenient = operator.if_exists or operator.quantifier == "ForAllValues"
        always = condition.key.lower() in condition_keys("always_present")
        if operator.base == "Null" and {"true", "false"} <= {str(text).lower() for text in values}:
            reason = "takes the key present and absent"
        elif operator.base == "Null" and always and _all(condition, "false"):
            reason = "asks that the key is present, and it always is"
        elif operator.base == "StringLike" and "*" in values and (lenient or always):
            reason = "takes every value, and an absent key too"
        elif operator.base == "Bool" and {"true", "false"} <= {str(text).lower() for text in values}:
            reason = "takes both values"
            # So that the rule about several values under Bool stands for this test alone.
            items = (Value(condition.key, condition.pointer),)
        if reason:
            yield replace(_key_place(condition, reason=reason), items=items)


def _is_faulty(subject: StatementSubject, condition: Condition) -> bool:
    """Say whether something below the test could not be read."""
    place = condition.pointer
    return any(fault.pointer[: len(place)] == place for fault in subject.policy.faults)


def _all(condition: Condition, text: str) -> bool:
    values = condition.values
    return bool(values) and all(value.text is not None and value.text.lower() == text for value in values)


def _crosses(condition: Condition, operator: Operator, statement: Statement) -> bool:
    """Say whether a lower bound in time lies behind an upper bound on the same key."""
    if "GreaterThan" not in operator.base or len(condition.values) != 1:
        return False
    after = condition.values[0].text
    for other in statement.conditions:
        if other.key.lower() != condition.key.lower() or len(other.values) != 1:
            continue
        if "LessThan" not in other.operator or parse_operator(other.operator).family != "Date":
            continue
        before = other.values[0].text
        # Only dates of one form compare as texts; anything else is left alone.
        if after and before and len(after) == len(before) and after[-1:] == before[-1:] and after > before:
            return bool(_DATE.match(after) and _DATE.match(before))
    return False
