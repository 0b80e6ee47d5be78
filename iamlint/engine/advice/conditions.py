"""Conditions to add, tests to write in place of weak ones, and whole statements."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from iamlint.catalog import catalog
from iamlint.engine.advice.site import Site, facts, wording_of
from iamlint.engine.advice.words import wordings
from iamlint.engine.judge import listed
from iamlint.model import Advice, Grant
from iamlint.model.surroundings import Known, Neighbour, Tests, Wording

__all__ = ["condition", "instead", "senders", "source", "statement"]

_MOST_SENDERS = 4
_MOST_ACTIONS = 300
_LONGEST = 100
_SOURCE_ARN, _SOURCE_ACCOUNT = "aws:SourceArn", "aws:SourceAccount"


def condition(site: Site, argument: object) -> Iterator[Advice]:
    """Give the tests of the rule that the statement does not have, to be added to it."""
    if site.statement is not None:
        yield from _added(site, _without_tested(_tests(argument, site), site))


def instead(site: Site, argument: object) -> Iterator[Advice]:
    """Give those tests of the rule whose keys the statement tests, to be written in place of its own."""
    if site.statement is None:
        return
    tested = {one.key.lower() for one in site.statement.conditions}
    kept = {
        operator: {key: values for key, values in keys.items() if key.lower() in tested}
        for operator, keys in _tests(argument, site).items()
    }
    tests = {operator: keys for operator, keys in kept.items() if keys}
    keys = [key for found in tests.values() for key in found]
    if keys:
        title = f"in place of the test on {' and '.join(dict.fromkeys(keys))}"
        for _, text in site.surroundings.condition(tests, ()):
            yield Advice(title, text)


def statement(site: Site, argument: object) -> Iterator[Advice]:
    """Give the statement of the rule: to be added if it denies, else to be written in place of this one's
    part."""
    assert isinstance(argument, Mapping)  # validated with the rule
    elements: dict[str, object] = {
        name: _element(value, site) for name, value in argument.items() if name != "Condition"
    }
    tests = _tests(argument.get("Condition", {}), site)
    if elements.get("Effect") == "Deny" or site.statement is None:
        title = "a statement to add"
    else:
        actions = argument["Action"]
        named = listed(actions) if isinstance(actions, list | tuple) else actions
        title = f"a statement of its own for {named}"
    yield Advice(title, site.surroundings.statement(elements, tests))


def _element(value: object, site: Site) -> object:
    """Return a rule's element with its words filled in: a text without words stays a text."""
    if isinstance(value, Mapping):
        return {str(key): _element(item, site) for key, item in value.items()}
    texts = value if isinstance(value, list | tuple) else [value]
    if isinstance(value, str) and "{" not in value:
        return value
    found = [one for text in texts for one in wordings(str(text), site)]
    return found[0] if len(found) == 1 else found


# --- who sends ------------------------------------------------------------------------------------------


def source(site: Site, argument: object) -> Iterator[Advice]:
    """Give the test of who makes a service call: its resource in this file, else the account."""
    if isinstance(site.subject, Grant):
        yield from _permission(site, site.subject)
        return
    statement = site.statement
    if statement is None:
        return
    services = {
        principal.value.text
        for principal in statement.principals or ()
        if principal.type == "Service" and principal.value.text is not None
    }
    if services:
        yield from _added(site, _without_tested(_source_tests(site, sorted(services)), site))


def _source_tests(site: Site, services: Sequence[str]) -> Tests:
    """Return the tests of who sends that hold for every one of the services."""
    keys = {"account", "arn"}
    arns: list[Wording] = []
    known = True
    for service in services:
        about = facts().senders.get(service)
        keys &= about.keys if about is not None else {"account"}
        found = _sending(site, service)
        arns.extend(map(_permitted, found))
        if not found:
            known = False
            if about is not None:
                arns.append(wording_of(about.arn))
    tests: dict[str, dict[str, list[Wording]]] = {}
    if "account" in keys:
        tests["StringEquals"] = {_SOURCE_ACCOUNT: [(Known.ACCOUNT,)]}
    if "arn" in keys and (known or "account" not in keys):
        tests["ArnLike"] = {_SOURCE_ARN: arns}
    return tests


def _sending(site: Site, service: str) -> tuple[Neighbour, ...]:
    about = facts().senders.get(service)
    if about is None:
        return ()
    found = site.surroundings.senders(about.service, site.targets, site.owner)
    return found if len(found) <= _MOST_SENDERS else ()


def senders(site: Site, argument: object) -> Iterator[Advice]:
    """Give the test of what sends to a queue or topic here that everybody may use, or, where nothing in
    this file does, the tests of the rule."""
    if site.statement is None:
        return
    arns: list[Wording] = [(one,) for service in facts().senders for one in _sending(site, service)]
    tests: Tests = {"ArnLike": {_SOURCE_ARN: arns}} if arns else _tests(argument, site)
    yield from _added(site, _without_tested(tests, site))


def _permission(site: Site, grant: Grant) -> Iterator[Advice]:
    """Give the fields of a Lambda permission that say who calls."""
    service = next((value.text for value in grant.fields.get("principal", ()) if value.text), None)
    about = facts().senders.get(service or "")
    fields: dict[str, Wording] = {}
    if about is None:
        fields["source_account"] = (Known.ACCOUNT,)
    else:
        found = [one for one in _sending(site, service or "") if one.address != site.owner]
        if "arn" in about.keys:
            fields["source_arn"] = _permitted(found[0]) if len(found) == 1 else wording_of(about.arn)
        if "account" in about.keys:
            fields["source_account"] = (Known.ACCOUNT,)
    missing = {name: text for name, text in fields.items() if not grant.fields.get(name)}
    if missing:
        yield Advice("add to the permission", site.surroundings.fields(missing))


def _permitted(one: Neighbour) -> Wording:
    """Return the source of a call: of an API every stage, method and path."""
    return (one,) if one.arn.endswith("*/*") or ":execute-api:" not in one.arn else (one, "/*")


# --- tests ----------------------------------------------------------------------------------------------


def _tests(argument: object, site: Site) -> Tests:
    """Return a rule's condition with its words filled in; a key without a value is left out."""
    assert isinstance(argument, Mapping)  # validated with the rule
    found: dict[str, dict[str, list[Wording]]] = {}
    for operator, keys in argument.items():
        assert isinstance(keys, Mapping)  # validated with the rule
        for key, value in keys.items():
            names = wordings(str(key), site)
            texts = value if isinstance(value, list | tuple) else [value]
            values = [one for text in texts for one in wordings(str(text), site)]
            if values and len(names) == 1:
                name = "".join(part if isinstance(part, str) else f"<{part.name}>" for part in names[0])
                found.setdefault(_fitting(str(operator), values), {})[name] = values
    return found


def _fitting(operator: str, values: Sequence[Wording]) -> str:
    """Return StringLike for StringEquals where a value has a wildcard."""
    wild = any(isinstance(part, str) and "*" in part for value in values for part in value)
    return "StringLike" if wild and operator == "StringEquals" else operator


def _without_tested(tests: Tests, site: Site) -> Tests:
    """Return the tests of keys that the statement does not test yet; that a key is there is a test apart."""
    assert site.statement is not None  # asked by the callers
    conditions = site.statement.conditions
    tested = {one.key.lower() for one in conditions}
    asked = {one.key.lower() for one in conditions if one.operator.lower() == "null"}
    kept = {
        operator: {
            key: values
            for key, values in keys.items()
            if key.lower() not in (asked if operator == "Null" else tested)
        }
        for operator, keys in tests.items()
    }
    return {operator: keys for operator, keys in kept.items() if keys}


def _added(site: Site, tests: Tests) -> Iterator[Advice]:
    """Give tests as parts to paste into what the statement has already."""
    if not tests:
        return
    statement = site.statement
    assert statement is not None  # asked by the callers
    has_condition = bool(statement.conditions) or statement.unread_condition
    operators = [one.operator for one in statement.conditions] if has_condition else None
    apart = _apart(site, [key for keys in tests.values() for key in keys])
    for into, text in site.surroundings.condition(tests, operators):
        yield Advice(apart or f"add to {into}", text)


def _apart(site: Site, keys: Sequence[str]) -> str:
    """Return the title for tests that only some of the statement's actions know: the others would be
    allowed no more. Empty where the tests can stay with all."""
    service_keys = {key.lower() for key in keys if key.partition(":")[0] in catalog().services()}
    actions = site.statement.actions if site.statement is not None else None
    if not service_keys or not actions:
        return ""
    known, others = [], False
    for value in actions:
        bits = catalog().expand(value.text) if value.text is not None else 0
        if any(
            not service_keys.isdisjoint(key.lower() for key in action.condition_keys)
            for name in itertools.islice(catalog().names(bits), _MOST_ACTIONS)
            if (action := catalog().action(name)) is not None
        ):
            known.append(str(value)[:_LONGEST])
        else:
            others = True
    return f"in a statement of its own for {listed(known)}, with" if others and known else ""
