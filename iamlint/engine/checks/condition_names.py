"""Checks of condition keys: whether there is such a key, and whether it does what it is used for here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.catalog import Catalog
from iamlint.catalog.key_classes import KeyKind, nearest_key
from iamlint.engine.checks.condition_traits import (
    ACTION_KEY,
    CALLER_CHOSEN,
    DYNAMODB_ATTRIBUTES,
    NAME,
    PAIRED,
    PRINCIPAL_KEY,
    S3_PREFIX,
    VPCE,
    check_facts,
    key_list,
    tests,
)
from iamlint.engine.checks.wording import texts
from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Condition, Value
from iamlint.semantics.conditions import parse_operator
from iamlint.semantics.patterns import has_wildcard

__all__ = [
    "action_without_key",
    "attributes_without_select",
    "key_at_fault",
    "key_of_principals",
    "key_without_partner",
    "prefix_in_negative",
    "untrustworthy_key",
    "vpce_key_beyond_services",
]

_KINDS = {
    "format": KeyKind.MALFORMED,
    "global": KeyKind.NOT_GLOBAL,
    "service": KeyKind.NOT_IN_SERVICE,
    "tag": KeyKind.NO_TAG,
    "retired": KeyKind.RETIRED,
}
_MOST_MARKS = 20
"""Further places of one match: a hostile statement has any number of tests and of actions."""
_MATCHED = frozenset({"StringEquals", "StringLike"})
_NOT_MATCHED = frozenset({"StringNotEquals", "StringNotLike"})


def _at_key(condition: Condition, *more: str, marks: tuple[Value, ...] = (), **words: str) -> Match:
    """Return the match whose place is a condition key."""
    return Match(
        condition.pointer,
        (condition.operator, condition.key, *more[:_MOST_MARKS]),
        {"operator": condition.operator, "key": condition.key, **words},
        marks=tuple((value, "") for value in marks[:_MOST_MARKS]),
        key_only=True,
        items=(Value(condition.key, condition.pointer),),
    )


def key_at_fault(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find keys with one kind of `fault`: no such key, no key at all, a tag key without its tag."""
    kind = _KINDS[str(params["fault"])]
    for condition, test in tests(subject, NAME):
        if test.key.kind is not kind:
            continue
        prefix = test.key.lower.partition(":")[0]
        hint = ""
        if kind in {KeyKind.NOT_GLOBAL, KeyKind.NOT_IN_SERVICE}:
            near = nearest_key(test.key.lower)
            hint = f" (did you mean {near}?)" if near else ""
        elif kind is KeyKind.MALFORMED:
            name = condition.key.strip(": ")
            near = nearest_key(f"aws:{name.lower()}") if name else None
            hint = f" (did you mean {near}?)" if near else ""
        yield _at_key(condition, service=prefix, hint=hint, stem=test.key.stem)


def untrustworthy_key(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find keys whose value the caller writes into the request."""
    for condition, _ in tests(subject, CALLER_CHOSEN):
        yield _at_key(condition)


def key_without_partner(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find `key` in a condition that has none of its `partners`."""
    if subject.statement.unread_condition:
        return
    key = str(params["key"]).lower()
    partners = {partner.lower() for partner in texts(params, "partners")}
    if any(condition.key.lower() in partners for condition in subject.statement.conditions):
        return
    for condition, test in tests(subject, PAIRED):
        if test.key.lower == key:
            yield _at_key(condition, partners=" or ".join(texts(params, "partners")))


def key_of_principals(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find keys that describe a principal in a statement whose principals are all AWS services."""
    principals = subject.statement.principals
    if not principals or any(principal.type != "Service" for principal in principals):
        return
    services = tuple([principal.value for principal in principals])
    words = listed(map(str, services))
    for condition, _ in tests(subject, PRINCIPAL_KEY):
        yield _at_key(condition, marks=services, services=words)


def action_without_key(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find single actions that never carry a key of their statement's condition.

    Tests that are true of a request without the key, and Null, may be meant for some of the actions.
    """
    known: dict[str, tuple[Value, ...]] = {}
    for condition, test in tests(subject, ACTION_KEY):
        operator = test.operator
        if operator.if_exists or operator.quantifier == "ForAllValues" or operator.base == "Null":
            continue
        key = test.key.lower
        if key not in known:
            known[key] = tuple(
                [
                    value
                    for value in subject.statement.actions or ()
                    if value.text is not None and _never_carries(subject.catalog, value.text, key)
                ]
            )
        yield from _with_actions(condition, known[key], "actions")


def _with_actions(condition: Condition, found: tuple[Value, ...], word: str) -> Iterator[Match]:
    """Yield the match of a key with the actions that it does not suit, if there are any."""
    if found:
        shown = tuple(map(str, found[:_MOST_MARKS]))
        words = {word: listed([*shown, *([""] * (len(found) - len(shown)))])}
        yield _at_key(condition, *shown, marks=found, **words)


def _never_carries(catalog: Catalog, text: str, lower_key: str) -> bool:
    """Say whether `text` is an action of the catalogue, and neither it nor a resource of it has the key."""
    if has_wildcard(text):
        return False
    action = catalog.action(text)
    if action is None:
        return False
    keys = [*action.condition_keys, *(key for kind in action.resource_types for key in kind.condition_keys)]
    return all(key.lower() != lower_key for key in keys)


def vpce_key_beyond_services(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find keys about the owner of a VPC endpoint with actions of services that do not send them."""
    statement = subject.statement
    facts = check_facts()["vpce_services"]
    more = facts["more"]
    assert isinstance(more, dict)  # INVARIANT: the file is part of the package
    more = {name.lower(): frozenset(services) for name, services in more.items()}
    known: dict[str, tuple[Value, ...]] = {}
    for condition, test in tests(subject, VPCE):
        key = test.key.lower
        if key not in more:
            continue
        if statement.not_actions is not None:
            place = statement.not_actions[:1]
            yield _at_key(condition, marks=place, reach="all that NotAction does not name")
            continue
        if key not in known:
            supported = key_list("vpce_services", "services") | more[key]
            known[key] = tuple([v for v in statement.actions or () if _is_beyond(v, supported)])
        yield from _with_actions(condition, known[key], "reach")


def _is_beyond(value: Value, supported: frozenset[str]) -> bool:
    """Say whether an action is surely of a service that is not in the list."""
    text = value.text
    if text is None:
        return False
    prefix, colon, _ = text.lower().partition(":")
    if not colon:
        return text == "*"
    return prefix not in supported or text.lower() in key_list("vpce_services", "not_actions")


def attributes_without_select(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a limit on dynamodb:Attributes without the test that only these attributes are asked for."""
    statement = subject.statement
    if statement.unread_condition:
        return
    for condition in statement.conditions:
        if condition.key.lower() == "dynamodb:select":
            operator = parse_operator(condition.operator)
            if operator.base == "StringEquals" and any(
                value.text is None or value.text == "SPECIFIC_ATTRIBUTES" for value in condition.values
            ):
                return
    for condition, _ in tests(subject, DYNAMODB_ATTRIBUTES):
        yield _at_key(condition)


def prefix_in_negative(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find s3:prefix where a shorter prefix gets round it: matched in a Deny, not matched in an Allow."""
    effect = subject.statement.effect
    evaded = {"Deny": _MATCHED, "Allow": _NOT_MATCHED}.get(effect.text or "" if effect is not None else "")
    if evaded is None:
        return
    for condition, test in tests(subject, S3_PREFIX):
        if test.operator.base in evaded:
            better = "an Allow with StringLike" if evaded is _MATCHED else "StringLike"
            yield _at_key(condition, better=better)
