"""Checks of wildcards in actions and resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.action_sets import ActionSet, action_sets
from iamlint.engine.checks.spec import Gate
from iamlint.engine.checks.wording import (
    actions_match,
    lower_first,
    names_in,
    prepared,
    resources_shown,
    shown_actions,
    texts,
    wide_resource,
)
from iamlint.engine.judge import listed
from iamlint.engine.scope import Breadth, Reach, reach
from iamlint.engine.subject import Match, PolicySubject, StatementSubject, statement_label
from iamlint.model import Condition, Pointer, PolicyKind, Value
from iamlint.record import record
from iamlint.semantics.conditions import parse_operator
from iamlint.semantics.patterns import has_wildcard

__all__ = [
    "ADMIN_MAKERS",
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
    none out. Where a Deny is about some resources or some requests, it is full admin as long as the rest
    can write policies for somebody; then the finding tells that some of it is denied.
    """
    if subject.granted != subject.catalog.all_actions or subject.bounded:
        return
    star = subject.star_resource
    if star is None:
        return
    statement = subject.statement
    denies = [(index, one) for index, one in enumerate(subject.policy.statements or (), 1) if one.is_deny]
    notes: tuple[str, ...] = ()
    marks: tuple[tuple[Value | Pointer, str], ...] = ((star, "on every resource"),)
    if denies:
        if not subject.owner.fact(_makes_admins):
            return
        names = listed([lower_first(statement_label(one, index)) for index, one in denies], 3)
        notes = (f"some of it is denied by {names}",)
        marks += tuple(((*one.pointer, "Effect"), "takes some of it away") for _, one in denies)
    if statement.actions is None:
        values = statement.not_actions or ()
        place = values[0] if values else statement.pointer
        yield Match(place, ("NotAction",), marks=marks, notes=notes)
        return
    wide = [value for value in statement.actions if value.text is not None]
    for value in wide:
        if subject.catalog.expand(str(value)) == subject.granted:
            yield Match(value, (str(value),), marks=marks, notes=notes)
            return
    yield Match(wide[0], ("*",), marks=marks, notes=notes)


ADMIN_MAKERS = (
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreatePolicyVersion",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
)
"""Who may do one of these on some identity or policy can give out every right."""

_UNNAMED = "arn:aws:iam::*:*/iamlint-*"
"""Identities and policies that no policy names."""


def _makes_admins(subject: PolicySubject) -> bool:
    """Say whether a policy may still give out every right, its denies counted; yes if nobody can tell."""
    from iamlint.semantics.algebra.questions import Asked, grants
    from iamlint.semantics.algebra.results import Verdict

    found = grants([subject.policy], Asked(ADMIN_MAKERS, (_UNNAMED,)))
    return found.verdict is not Verdict.CONTAINED


def action_pattern(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions written exactly as one of the patterns, without letter case."""
    patterns = prepared(params, _patterns)
    found = [v for v in subject.statement.actions or () if v.text is not None and v.text.lower() in patterns]
    if not found or (params["effect"] == "Allow" and not subject.statement.is_allow):
        return
    if subject.policy.kind is PolicyKind.RESOURCE and subject.bounded:
        # The statement is about who, not about what: an organisation's own may do all here.
        return
    names = tuple(str(value) for value in found)
    yield Match(found[0], names, {"actions": ", ".join(names)}, marks=tuple((v, "") for v in found[1:]))


def _patterns(params: Mapping[str, object]) -> frozenset[str]:
    return frozenset(pattern.lower() for pattern in texts(params, "patterns"))


@record
class _Services:
    """The services that a rule is about: `wanted` (empty means all) less `unwanted`."""

    wanted: frozenset[str]
    unwanted: frozenset[str]
    scope: str

    @classmethod
    def of(cls, params: Mapping[str, object]) -> _Services:
        sets = action_sets()
        wanted = sets.services(texts(params, "groups")) | {*texts(params, "services")}
        return cls(wanted, sets.services(texts(params, "except-groups")), str(params["scope"]))


def service_wildcard(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions `service:*` of some services, on open or on narrower resources as `scope` says.

    A resource is open when it is `*` or every resource of the service, and no condition narrows the
    request. `groups` and `services` name the services (none given: all), `except-groups` those that
    another rule is about.
    """
    asked = prepared(params, _Services.of)
    hits: list[Value] = []
    all_bits = 0
    for value in subject.statement.actions or ():
        text = value.text
        if text is None or not text.endswith("*"):
            continue
        service, colon, name = text.lower().partition(":")
        if not colon or name.strip("*"):
            continue
        if (asked.wanted and service not in asked.wanted) or service in asked.unwanted:
            continue
        bits = subject.catalog.service_bits(service)
        if not bits & subject.granted:
            continue
        if asked.scope != "any":
            is_open = bool(subject.unscoped & bits) and not subject.narrowed
            if is_open != (asked.scope == "open"):
                continue
        hits.append(value)
        all_bits |= bits
    if hits:
        names = tuple(dict.fromkeys(str(value).lower() for value in hits))
        shown = resources_shown(subject, wide_resource(subject, all_bits))
        yield actions_match(hits, names, {"actions": listed(names), "resources": shown}, subject)


@record
class _Actions:
    """Which actions a rule about resources counts, and verbs that their names (do not) begin with."""

    wanted: ActionSet
    unwanted: ActionSet
    apart: ActionSet
    verbs: tuple[str, ...]
    other_verbs: tuple[str, ...]
    flag: bool

    @classmethod
    def of_star(cls, params: Mapping[str, object]) -> _Actions:
        return cls._of(params, flag=params["written"] == "arn")

    @classmethod
    def of_pattern(cls, params: Mapping[str, object]) -> _Actions:
        return cls._of(params, flag=params["open-only"] is True)

    @classmethod
    def _of(cls, params: Mapping[str, object], *, flag: bool) -> _Actions:
        sets = action_sets()
        return cls(
            sets.find(texts(params, "sets"), texts(params, "levels")),
            sets.find(texts(params, "except-sets")),
            sets.find(texts(params, "apart")),
            texts(params, "verbs"),
            texts(params, "except-verbs"),
            flag,
        )

    def within(self, granted: int) -> int:
        bits = self.wanted.within(granted)
        return bits & ~self.unwanted.within(bits) if bits else 0


def star_gate(params: Mapping[str, object]) -> Gate:
    """Return the question whether a statement grants some action of the rule's
    sets that could name resources."""
    return Gate("scopable", prepared(params, _Actions.of_star).wanted.most)


def resource_star(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions on `*` (or on a pattern as wide, with `written: arn`) that could name resources.

    Which can is decided by the catalogue, action by action. `levels` and `sets` say which actions
    count, `except-sets` which do not; `verbs` keeps only actions whose name begins so, `except-verbs`
    drops those. Nothing is said where a condition narrows the request or pins the caller.

    What narrower rules tell (whole services, the actions of the sets `apart`) is a match of its own,
    so that they can cover it and the rest stays.
    """
    asked = prepared(params, _Actions.of_star)
    star = subject.star_resource
    if asked.flag == (star is not None):
        return
    wide = (star,) if star is not None else _as_wide_as_star(subject)
    if not wide:
        return
    bits = asked.within(subject.scopable if star is not None else subject.scopable & subject.unscoped)
    if not bits or subject.narrowed or subject.bounded:
        return
    apart = asked.apart.within(bits)
    told: list[tuple[Value, int]] = []
    others: list[tuple[Value, int]] = []
    for value, found in subject.actions_granting(bits):
        service, _, name = str(value).lower().partition(":")
        if (asked.verbs and not name.startswith(asked.verbs)) or name.startswith(asked.other_verbs):
            continue
        if not name.strip("*"):
            if service not in action_sets().services(("harmless",)):
                told.append((value, found))
        elif found & apart:
            told.append((value, found))
        else:
            others.append((value, found))
    for hits in (told, others):
        if hits:
            yield _star_match(subject, hits, wide)


def _star_match(subject: StatementSubject, hits: list[tuple[Value, int]], wide: tuple[Value, ...]) -> Match:
    names = shown_actions(subject.catalog, hits)
    words = {"actions": names, "resources": listed([str(value) for value in wide], 2)}
    marks = tuple((value, "as wide as *" if value.text != "*" else "on every resource") for value in wide)
    items = [value for value, _ in hits]
    return actions_match(items, tuple(map(str, items)), words, subject, marks)


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
    with `open-only` the resources must be open and no condition may narrow the request. Patterns
    with actions of the sets `apart`, of which narrower rules tell, are a match of their own.
    """
    asked = prepared(params, _Actions.of_pattern)
    bits = asked.within(subject.unscoped if asked.flag else subject.granted)
    if not bits or (asked.flag and (subject.narrowed or subject.bounded)):
        return
    patterns = [
        value
        for value in subject.statement.actions or ()
        if value.text is not None and has_wildcard(value.text) and value.text.partition(":")[2].strip("*")
    ]
    apart = asked.apart.within(bits)
    told: list[tuple[Value, int]] = []
    others: list[tuple[Value, int]] = []
    for value in patterns:
        matched = subject.catalog.expand(str(value))
        found = matched & bits
        # A pattern that matches one action only is a long way to write its name.
        if found and matched.bit_count() > 1:
            (told if found & apart else others).append((value, found))
    for hits in (told, others):
        if hits:
            inside = 0
            for _, found in hits:
                inside |= found
            items = [value for value, _ in hits]
            evidence = tuple(map(str, items))
            words = {"actions": listed(evidence), "inside": names_in(subject.catalog, inside)}
            yield actions_match(items, evidence, words, subject)


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


@record
class _ArnFields:
    """What a rule about fields of ARNs looks at; see the parameters of the check."""

    fields: tuple[str, ...]
    services: tuple[str, ...]
    actions: ActionSet | None
    deny_too: bool
    open_too: bool

    @classmethod
    def of(cls, params: Mapping[str, object]) -> _ArnFields:
        sets = texts(params, "sets")
        return cls(
            texts(params, "fields"),
            texts(params, "services"),
            action_sets().find(sets) if sets else None,
            params["deny-too"] is True,
            params["open-too"] is True,
        )


def arn_field_wildcard(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find ARNs with a wildcard in one of `fields`, whose resource part names something.

    Only Allow counts unless `deny-too` is set. An ARN that leaves the resource open as well is
    another rule's, unless `open-too` is set. With `sets` only statements that grant such actions
    count. A condition that fixes the account or organisation of the resource clears the account.
    """
    statement = subject.statement
    asked = prepared(params, _ArnFields.of)
    if not asked.deny_too and not statement.is_allow:
        return
    if asked.actions is not None and not asked.actions.within(subject.granted):
        return
    for value in (*(statement.resources or ()), *(statement.not_resources or ())):
        literal = value.literal
        if not literal.startswith("arn:") or ("*" not in literal and "?" not in literal):
            continue
        shape = reach(value)
        if shape.breadth >= Breadth.TYPE and not asked.open_too:
            continue
        if asked.services and shape.service not in asked.services:
            continue
        wild = [name for name in asked.fields if _field_is_wild(name, shape)]
        if wild and not any(map(_fixes_owner, statement.conditions)):
            words = {"resource": str(value), "field": listed(wild)}
            yield Match(value, (str(value),), words)


def _fixes_owner(condition: Condition) -> bool:
    """Say whether a test fixes the account or organisation that the resource belongs to."""
    if condition.key.lower() not in {"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"}:
        return False
    operator = parse_operator(condition.operator)
    return not operator.negated and operator.base != "Null"


def _field_is_wild(name: str, shape: Reach) -> bool:
    if name == "service":
        return has_wildcard(shape.service)
    # S3 buckets and the like are named once for all accounts: their ARN has no account.
    return shape.service != "s3" and has_wildcard(shape.account)
