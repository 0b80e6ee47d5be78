"""Checks of operators and values: whether the operator suits the key and reads the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from iamlint.engine.checks.condition_traits import (
    ADDRESS,
    ARN_AS_TEXT,
    BINARY,
    BOOLEAN,
    DATE,
    EXACT_VALUE,
    NO_QUALIFIER,
    NUMBER,
    SOURCE_ADDRESS,
    TRUTH,
    ConditionTest,
    check_facts,
    key_list,
    lone_stars,
    tests,
    traits,
)
from iamlint.engine.checks.policy_facts import condition_keys
from iamlint.engine.checks.spec import Question
from iamlint.engine.judge import listed
from iamlint.engine.subject import ANY_PRINCIPAL, CONDITION, Match, StatementSubject
from iamlint.model import Condition, Value
from iamlint.record import record
from iamlint.semantics.patterns import has_wildcard

__all__ = [
    "address_with_host_bits",
    "arn_key_as_text",
    "asks_service_principal",
    "list_without_qualifier",
    "lone_star",
    "private_source_address",
    "service_principal_format",
    "several_booleans",
    "several_bounds",
    "value_unreadable",
    "value_without_form",
]

_DIGITS = re.compile(r"-?[0-9]{1,19}\Z")
_YEAR = re.compile(r"[0-9]{4}\Z")
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[Tt]([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:[.,][0-9]{1,12})?)?)?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?)?)?\Z"
)
_BASIC_DATE = re.compile(r"[0-9]{8}[Tt][0-9]{4}(?:[0-9]{2})?(?:[Zz]|[+-][0-9]{4})?\Z")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}\Z")
_VPC = re.compile(r"vpc-(?:[A-Za-z0-9]{8}|[A-Za-z0-9]{17})\Z")
_VPCE = re.compile(r"vpce-(?:[A-Za-z0-9]{8}|[A-Za-z0-9]{17})\Z")
_KMS_KEY = re.compile(r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[^/:\s]+\Z")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?\Z")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}\Z")
_LONGEST_VALUE = 512
_LONGEST_ADDRESS = 80
_LONGEST_HOST = 253


def _at_key(condition: Condition, **words: str) -> Match:
    return Match(
        condition.pointer,
        (condition.operator, condition.key),
        {"operator": condition.operator, "key": condition.key, **words},
        key_only=True,
        items=(Value(condition.key, condition.pointer),),
    )


def _at_value(condition: Condition, value: Value, **words: str) -> Match:
    text = str(value)
    shown = text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE]
    words = {"operator": condition.operator, "key": condition.key, "value": shown, **words}
    return Match(value, (condition.key, shown), words, items=(value,))


def _written(subject: StatementSubject, condition: Condition) -> Iterator[tuple[Value, str]]:
    """Yield the values that are surely written, without policy variables. An empty text that a template
    assumes stands for "not given"."""
    for value in condition.values:
        text = value.text
        if text is not None and "${" not in text and (text or not subject.notes):
            yield value, text


# --- operators and keys ---------------------------------------------------------------------------


def several_booleans(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find Bool with several values on a key that has one."""
    for condition, _ in tests(subject, BOOLEAN):
        if sum(value.text is not None for value in condition.values) > 1:
            yield _at_key(condition)


def list_without_qualifier(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a key with several values that is tested without ForAllValues or ForAnyValue."""
    for condition, _ in tests(subject, NO_QUALIFIER):
        yield _at_key(condition)


def arn_key_as_text(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find StringLike and StringNotLike on a key that holds an ARN."""
    for condition, test in tests(subject, ARN_AS_TEXT):
        operator = test.operator
        prefix = f"{operator.quantifier}:" if operator.quantifier else ""
        better = f"{prefix}{'ArnNotLike' if operator.negated else 'ArnLike'}"
        yield _at_key(condition, better=f"{better}{'IfExists' if operator.if_exists else ''}")


# --- values that the operator cannot read -----------------------------------------------------------


def value_unreadable(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find values that are not of the operator's `type`."""
    wanted, is_right = _READERS[str(params["type"])]
    for condition, test in tests(subject, wanted):
        for value, text in _written(subject, condition):
            if not is_right(test, text):
                yield _at_value(condition, value)


def _is_address(_: ConditionTest, text: str) -> bool:
    return network(text) is not None


def _is_date(_: ConditionTest, text: str) -> bool:
    return bool(_DIGITS.match(text)) or _is_iso_date(text)


def _is_no_epoch(test: ConditionTest, text: str) -> bool:
    """Say whether a date is no count of seconds; four digits are a year, aws:EpochTime is a count."""
    return test.key.lower == "aws:epochtime" or not _DIGITS.match(text) or bool(_YEAR.match(text))


@lru_cache(maxsize=1_024)
def _is_iso_date(text: str) -> bool:
    """Say whether a text is a date of ISO 8601, or a part of one, that the calendar has."""
    match = _DATE.match(text)
    if match is None:
        return bool(_BASIC_DATE.match(text))
    year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups())
    if month is not None and not 1 <= month <= 12:
        return False
    if month is not None and day is not None:
        from calendar import monthrange

        if not 1 <= day <= monthrange(max(year or 1, 1), month)[1]:
            return False
    return (hour or 0) <= 24 and (minute or 0) <= 59 and (second or 0) <= 60


def _is_base64(_: ConditionTest, text: str) -> bool:
    return len(text) % 4 == 0 and bool(_BASE64.match(text))


_READERS: Mapping[str, tuple[int, Callable[[ConditionTest, str], bool]]] = {
    "address": (ADDRESS, _is_address),
    "base64": (BINARY, _is_base64),
    "boolean": (TRUTH, lambda _, text: text.lower() in {"true", "false"}),
    "date": (DATE, _is_date),
    "date-text": (DATE, _is_no_epoch),
    "number": (NUMBER, lambda _, text: _NUMBER.match(text) is not None),
}


# --- addresses --------------------------------------------------------------------------------------


@record
class Range:
    """A range of addresses: version 4 or 6, first and last address as numbers, and how it is written
    from its first address. `host_bits` says that it was not written so."""

    version: int
    first: int
    last: int
    written: str
    host_bits: bool


@lru_cache(maxsize=4_096)
def network(text: str) -> Range | None:
    """Return the range of an address or a CIDR, None if the text is neither."""
    from ipaddress import ip_address, ip_network

    if len(text) > _LONGEST_ADDRESS:
        return None
    address, slash, prefix = text.strip().partition("/")
    if slash and not (prefix.isascii() and prefix.isdigit()):
        return None
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    first, last = int(found.network_address), int(found.broadcast_address)
    return Range(found.version, first, last, str(found), int(ip_address(address)) != first)


@lru_cache(maxsize=1)
def _private() -> tuple[Range, ...]:
    known = check_facts()["private_networks"]["networks"]
    assert isinstance(known, list)  # INVARIANT: the file is part of the package
    found = [network(str(text)) for text in known]
    return tuple([each for each in found if each is not None])


def _is_private(given: Range) -> bool:
    return any(
        given.version == known.version and known.first <= given.first and given.last <= known.last
        for known in _private()
    )


def private_source_address(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find private ranges under aws:SourceIp, which holds public addresses: `share` says whether all of
    the values are private, or only some beside public ones; `operator` whether they are asked for or
    kept out."""
    for condition, test in tests(subject, SOURCE_ADDRESS):
        if test.operator.base != params["operator"]:
            continue
        private: list[Value] = []
        public = unread = 0
        for value in condition.values:
            given = network(value.text) if value.text is not None else None
            if given is None:
                unread += 1
            elif _is_private(given):
                private.append(value)
            else:
                public += 1
        if not private:
            continue
        if params["share"] == "all" and not public and not unread:
            shown = listed(map(str, private))
            yield Match(
                private[0],
                tuple(map(str, private)),
                {"operator": condition.operator, "key": condition.key, "values": shown},
                marks=tuple((value, "") for value in private[1:]),
            )
        elif params["share"] == "some" and public:
            for value in private:
                yield _at_value(condition, value, values=str(value))


def address_with_host_bits(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find ranges that are not written from their first address."""
    for condition, _ in tests(subject, ADDRESS):
        for value, text in _written(subject, condition):
            given = network(text)
            if given is not None and given.host_bits:
                yield _at_value(condition, value, better=given.written)


# --- values of one form -----------------------------------------------------------------------------


def value_without_form(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find values that are no Region, VPC, VPC endpoint or KMS key, where the key holds one.

    Values with wildcards are another rule's matter: the operator takes none.
    """
    keys, is_right = _FORMS[str(params["form"])]
    for condition, test in tests(subject, EXACT_VALUE):
        if test.key.lower not in keys():
            continue
        for value, text in _written(subject, condition):
            if has_wildcard(text) or is_right(text):
                continue
            near = _nearest_region(text) if params["form"] == "region" and len(text) < 100 else None
            yield _at_value(condition, value, hint=f" (did you mean {near}?)" if near else "")


@lru_cache(maxsize=1)
def _regions() -> frozenset[str]:
    from iamlint.catalog import catalog

    return frozenset(catalog().regions())


def _nearest_region(text: str) -> str | None:
    from iamlint.catalog.usual_names import nearest_region

    return nearest_region(text, _regions())


_FORMS: Mapping[str, tuple[Callable[[], frozenset[str]], Callable[[str], bool]]] = {
    "region": (lambda: key_list("region_keys"), lambda text: text.lower() in _regions()),
    "vpc": (lambda: frozenset({"aws:sourcevpc"}), lambda text: _VPC.match(text) is not None),
    "vpc-endpoint": (lambda: frozenset({"aws:sourcevpce"}), lambda text: _VPCE.match(text) is not None),
    "kms-key": (lambda: key_list("kms_key_arn_keys"), lambda text: _KMS_KEY.match(text) is not None),
}


def service_principal_format(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find service principals that are not written as one, in Principal and under keys that hold them."""
    statement = subject.statement
    for principal in (*(statement.principals or ()), *(statement.not_principals or ())):
        value = principal.value
        text = value.text if principal.type == "Service" else None
        if text is not None and not _is_open(text) and not _is_service(text, "any"):
            shown = text[:_LONGEST_VALUE]
            yield Match(value, (shown,), {"value": shown, "form": _SERVICE})
    for condition, test in tests(subject, EXACT_VALUE):
        labels = _labels_under(test.key.lower)
        if labels is None:
            continue
        for value, text in _written(subject, condition):
            if not _is_open(text) and not _is_service(text, labels):
                form = "service.region.amazonaws.com" if labels == "region" else _SERVICE
                yield _at_value(condition, value, form=form)


def asks_service_principal(_: Mapping[str, object]) -> Question:
    """Return the question whether the statement names a service, as a principal or in a condition."""

    def ask(subject: StatementSubject) -> bool:
        if subject.features & ANY_PRINCIPAL:
            return True
        return bool(subject.features & CONDITION and subject.fact(traits) & EXACT_VALUE)

    return ask


_SERVICE = "service.amazonaws.com in small letters"


def _is_open(text: str) -> bool:
    return has_wildcard(text) or "${" in text


def _labels_under(lower: str) -> str | None:
    """Return what stands before the suffix under a key: `one` label, `any` number, a service and its
    `region`; None for a key that holds no service principals."""
    if lower in key_list("service_principal_keys", "one_label"):
        return "one"
    if lower in key_list("service_principal_keys"):
        return "any"
    return "region" if lower in key_list("service_principal_keys", "with_region") else None


@lru_cache(maxsize=1)
def _suffixes() -> tuple[str, ...]:
    from iamlint.catalog import catalog

    known = {partition.dns_suffix for partition in catalog().partitions()}
    return tuple(
        sorted(f".{suffix}" for suffix in known | key_list("service_principal_keys", "more_suffixes"))
    )


@lru_cache(maxsize=2_048)
def _is_service(text: str, labels: str) -> bool:
    if len(text) > _LONGEST_HOST:
        return False
    suffix = next((suffix for suffix in _suffixes() if text.endswith(suffix)), None)
    if suffix is None:
        return False
    names = text.removesuffix(suffix).split(".")
    if not all(map(_LABEL.match, names)):
        return False
    if labels == "region":
        return len(names) >= 2 and _REGION.match(names[-1]) is not None
    return labels == "any" or len(names) == 1


# --- values that add nothing --------------------------------------------------------------------------


def several_bounds(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find several bounds in one direction, of which only the widest counts."""
    for condition, test in tests(subject, NUMBER):
        base = test.operator.base
        less = "Less" in base
        if not less and "Greater" not in base:
            continue
        numbers = [(value, _number(text)) for value, text in _written(subject, condition)]
        known = [(number, value) for value, number in numbers if number is not None]
        if len(known) < 2 or len(known) != len(condition.values):
            continue
        widest = (max if less else min)(known, key=lambda pair: pair[0])[1]
        others = [value for _, value in known if value is not widest]
        yield Match(
            others[0],
            tuple(map(str, others)),
            {
                "operator": condition.operator,
                "key": condition.key,
                "values": listed(map(str, others)),
                "widest": str(widest),
            },
            marks=((widest, "the value that counts"), *((value, "") for value in others[1:])),
        )


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.match(text) else None


def lone_star(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find StringLike and StringNotLike with `*` alone, by what that `means` for every request."""
    wanted = params["means"]
    for condition, test in lone_stars(subject):
        if _meaning(test) == wanted:
            value = condition.values[0]
            words = {"operator": condition.operator, "key": condition.key}
            yield Match(value, (condition.operator, condition.key), words, items=(value,))


def _meaning(test: ConditionTest) -> str | None:
    """Return what a test with `*` alone asks: `present` or `absent` for the key, or nothing, so that it
    is `always` or `never` true; None where that depends on more."""
    operator = test.operator
    always_there = test.key.lower in condition_keys("always_present")
    if operator.negated:
        if operator.quantifier == "ForAnyValue":
            return None if operator.if_exists else "never"
        if operator.quantifier or operator.if_exists:
            return None
        return "never" if always_there else "absent"
    if operator.if_exists and operator.quantifier != "ForAnyValue":
        return "always"
    if operator.quantifier:
        return "always" if operator.quantifier == "ForAllValues" else None
    return "always" if always_there else "present"
