"""Checks of wildcards in actions and resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.action_sets import action_sets
from iamlint.engine.checks.wording import actions_match, names_in, shown_action, texts
from iamlint.engine.judge import listed
from iamlint.engine.scope import Breadth, Reach, reach
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Value
from iamlint.semantics.patterns import has_wildcard

__all__ = [
    "action_matches_nothing",
    "action_pattern",
    "arn_field_wildcard",
    "full_admin",
    "partial_wildcard",
    "resource_breadth",
    "resource_star",
    "service_wildcard",
]


def full_admin(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow of everything on `*` that nothing bounds; what a Deny takes away is honoured.

    Everything is exact: `*`, a list that together names every action, or a NotAction that leaves
    none out.
    """
    if subject.granted != subject.catalog.all_actions or subject.bounded:
        return
    star = subject.star_resource
    if star is None:
        return
    statement = subject.statement
    if statement.actions is None:
        values = statement.not_actions or ()
        place = values[0] if values else statement.pointer
        yield Match(place, ("NotAction",), marks=((star, "on every resource"),))
        return
    wide = [value for value in statement.actions if value.text is not None]
    for value in wide:
        if subject.catalog.expand(str(value)) == subject.granted:
            yield Match(value, (str(value),), marks=((star, "on every resource"),))
            return
    yield Match(wide[0], ("*",), marks=((star, "on every resource"),))


def action_pattern(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions written exactly as one of the patterns, without letter case."""
    patterns = texts(params, "patterns")
    if params["effect"] == "Allow" and not subject.statement.is_allow:
        return
    found = [v for v in subject.statement.actions or () if v.text is not None and v.text.lower() in patterns]
    if found:
        names = tuple(str(value) for value in found)
        yield Match(found[0], names, {"actions": ", ".join(names)}, marks=tuple((v, "") for v in found[1:]))


def service_wildcard(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions `service:*` of some services, on open or on narrower resources as `scope` says.

    A resource is open when it is `*` or every resource of the service, and no condition narrows the
    request. `groups` and `services` name the services (none given: all), `except-groups` those that
    another rule is about.
    """
    found = list(_whole_services(subject))
    if not found:
        return
    sets = action_sets()
    wanted = {*sets.services(texts(params, "groups")), *texts(params, "services")}
    unwanted = sets.services(texts(params, "except-groups"))
    scope = str(params["scope"])
    hits: list[Value] = []
    for value, service in found:
        if (wanted and service not in wanted) or service in unwanted:
            continue
        bits = subject.catalog.service_bits(service)
        if scope != "any":
            is_open = bool(subject.unscoped & bits) and not subject.narrowed
            if is_open != (scope == "open"):
                continue
        hits.append(value)
    if hits:
        names = tuple(dict.fromkeys(str(value).lower() for value in hits))
        yield actions_match(hits, names, {"actions": listed(names)}, subject)


def _whole_services(subject: StatementSubject) -> Iterator[tuple[Value, str]]:
    granted = subject.granted
    for value in subject.statement.actions or ():
        text = value.text
        if text is None or not text.endswith("*"):
            continue
        service, colon, name = text.lower().partition(":")
        if colon and not name.strip("*") and granted & subject.catalog.service_bits(service):
            yield value, service


def resource_star(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions on `*` (or on a pattern as wide, with `written: arn`) that could name resources.

    Which can is decided by the catalogue, action by action. `levels` and `sets` say which actions
    count, `except-sets` which do not; `verbs` keeps only actions whose name begins so, `except-verbs`
    drops those. Nothing is said where a condition narrows the request or pins the caller.
    """
    catalog = subject.catalog
    if params["written"] == "arn":
        wide = _as_wide_as_star(subject)
        if not wide:
            return
        bits = subject.unscoped
    else:
        star = subject.star_resource
        if star is None:
            return
        wide = (star,)
        bits = subject.granted
    bits &= ~catalog.without_resource_types()
    sets = action_sets()
    bits = sets.find(texts(params, "sets"), texts(params, "levels")).within(bits)
    if not bits or subject.narrowed or subject.bounded:
        return
    bits &= ~sets.find(texts(params, "except-sets"), texts(params, "except-levels")).within(bits)
    if not bits:
        return
    verbs, other_verbs = texts(params, "verbs"), texts(params, "except-verbs")
    hits = []
    names: list[str] = []
    for value, found in subject.actions_granting(bits):
        verb = str(value).partition(":")[2].lower()
        if (verbs and not verb.startswith(verbs)) or (other_verbs and verb.startswith(other_verbs)):
            continue
        hits.append(value)
        names.append(shown_action(subject, value, found))
    if not hits:
        return
    words = {"actions": listed(names), "resources": listed([str(value) for value in wide])}
    evidence = tuple(str(value) for value in hits)
    marks = tuple((value, "as wide as *" if value.text != "*" else "on every resource") for value in wide)
    yield actions_match(hits, evidence, words, subject, marks)


def _as_wide_as_star(subject: StatementSubject) -> tuple[Value, ...]:
    """Return the resources that leave everything but the service, or a type in it, open."""
    found = []
    for value in subject.statement.resources or ():
        if value.text == "*":
            return ()
        if "*" not in value.literal:
            continue
        width = reach(value)
        if width.breadth >= Breadth.TYPE and not width.region.strip("*") and not width.account.strip("*"):
            found.append(value)
    return tuple(found)


def resource_breadth(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the resource `*` of an Allow, whatever the actions are."""
    star = subject.star_resource
    if star is not None:
        yield Match(star, ("*",))


def partial_wildcard(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find action patterns narrower than a service that take in actions which change things.

    `levels` and `sets` say which actions inside a pattern count (`except-sets` which do not);
    with `open-only` the resources must be open and no condition may narrow the request.
    """
    patterns = [
        value
        for value in subject.statement.actions or ()
        if value.text is not None and has_wildcard(value.text) and value.text.partition(":")[2].strip("*")
    ]
    if not patterns:
        return
    bits = subject.unscoped if params["open-only"] else subject.granted
    sets = action_sets()
    bits = sets.find(texts(params, "sets"), texts(params, "levels")).within(bits)
    if bits:
        bits &= ~sets.find(texts(params, "except-sets"), ()).within(bits)
    if not bits or (params["open-only"] and (subject.narrowed or subject.bounded)):
        return
    hits, inside = [], 0
    for value in patterns:
        found = subject.catalog.expand(str(value)) & bits
        # A pattern that matches one action only is a long way to write its name.
        if found and subject.catalog.expand(str(value)).bit_count() > 1:
            hits.append(value)
            inside |= found
    if hits:
        evidence = tuple(str(value) for value in hits)
        words = {"actions": listed(evidence), "inside": names_in(subject.catalog, inside)}
        yield actions_match(hits, evidence, words, subject)


def action_matches_nothing(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find action patterns with a wildcard that match no known action of a known service."""
    statement = subject.statement
    catalog = subject.catalog
    for value in (*(statement.actions or ()), *(statement.not_actions or ())):
        text = value.text
        if text is None or not has_wildcard(text) or catalog.expand(text):
            continue
        service, colon, name = text.partition(":")
        if not colon or not name or has_wildcard(service) or not catalog.service_bits(service):
            continue
        yield Match(value, (text,), {"action": text}, items=(value,))


def arn_field_wildcard(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find ARNs with a wildcard in one of `fields`, whose resource part names something.

    Only Allow counts unless `effects` says so. An ARN that leaves the resource open as well is
    another rule's, unless `open-too` is set.
    """
    statement = subject.statement
    if not params["deny-too"] and not statement.is_allow:
        return
    fields = texts(params, "fields")
    services = texts(params, "services")
    for value in (*(statement.resources or ()), *(statement.not_resources or ())):
        literal = value.literal
        if not literal.startswith("arn:") or ("*" not in literal and "?" not in literal):
            continue
        shape = reach(value)
        if shape.breadth >= Breadth.TYPE and not params["open-too"]:
            continue
        if services and shape.service not in services:
            continue
        wild = [name for name in fields if _field_is_wild(name, shape)]
        if wild:
            words = {"resource": str(value), "field": listed(wild)}
            yield Match(value, (str(value),), words)


def _field_is_wild(name: str, shape: Reach) -> bool:
    if name == "service":
        return has_wildcard(shape.service)
    # S3 buckets and the like are named once for all accounts: their ARN has no account.
    return shape.service != "s3" and has_wildcard(shape.account)
