"""Checks of what actions make possible: data and credentials read, rights handed out, roles taken over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.action_sets import ActionSet, action_sets
from iamlint.engine.checks.spec import Gate
from iamlint.engine.checks.wording import (
    actions_match,
    condition_note,
    names_in,
    prepared,
    resources_shown,
    texts,
    wide_resource,
)
from iamlint.engine.scope import Breadth, reach
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Statement, Value
from iamlint.record import record
from iamlint.semantics.conditions import parse_operator
from iamlint.semantics.patterns import has_wildcard

__all__ = [
    "action_set",
    "action_set_anywhere",
    "create_principal",
    "escalation",
    "granted_gate",
    "open_gate",
    "service_linked_role",
]


@record
class _Wanted:
    """The sets of a rule: which actions count, and which do not."""

    wanted: ActionSet
    unwanted: ActionSet
    apart: ActionSet
    without: ActionSet | None
    flag: bool

    @classmethod
    def of_open(cls, params: Mapping[str, object]) -> _Wanted:
        return cls._of(params, flag=params["scopable"] is True)

    @classmethod
    def of_anywhere(cls, params: Mapping[str, object]) -> _Wanted:
        return cls._of(params, flag=params["named-only"] is True)

    @classmethod
    def _of(cls, params: Mapping[str, object], *, flag: bool) -> _Wanted:
        sets, without = action_sets(), texts(params, "without")
        return cls(
            sets.find(texts(params, "sets"), texts(params, "levels")),
            sets.find(texts(params, "except-sets")),
            sets.find(texts(params, "apart")),
            sets.find(without) if without else None,
            flag,
        )


def open_gate(params: Mapping[str, object]) -> Gate:
    """Return the question whether a statement leaves some action of the rule's sets open."""
    return Gate("unscoped", prepared(params, _Wanted.of_open).wanted.most)


def granted_gate(params: Mapping[str, object]) -> Gate:
    """Return the question whether a statement grants some action of the rule's sets."""
    return Gate("granted", prepared(params, _Wanted.of_anywhere).wanted.most)


def action_set(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a statement that grants actions of the `sets` or access `levels`, less `except-sets`, on
    resources that it leaves open.

    With `scopable` only actions count that could name resources. A condition that narrows the
    request or pins the caller clears the statement. What narrower rules tell (whole services, the
    actions of the sets `apart`) is a match of its own, so that they can cover it and the rest stays.
    """
    asked = prepared(params, _Wanted.of_open)
    bits = asked.wanted.within(subject.unscoped)
    if not bits or subject.narrowed or subject.bounded:
        return
    bits &= ~asked.unwanted.within(bits)
    if asked.flag:
        bits &= subject.scopable
    if not bits:
        return
    apart = asked.apart.within(bits)
    told: list[tuple[Value, int]] = []
    others: list[tuple[Value, int]] = []
    for value, found in subject.actions_granting(bits):
        whole = not str(value).partition(":")[2].strip("*")
        (told if whole or found & apart else others).append((value, found))
    for hits in (told, others):
        if hits:
            found = 0
            for _, more in hits:
                found |= more
            yield _hits_match(subject, hits, _with_ids(subject, found) if params["paths"] is True else None)
    if subject.statement.not_actions:
        yield _left_in_match(subject, bits)


def action_set_anywhere(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a statement that grants actions of the `sets`, whatever the resources are.

    With `named-only` the resources must not be open. With `without` it fires only where the policy
    grants none of those sets' actions.
    """
    asked = prepared(params, _Wanted.of_anywhere)
    bits = asked.wanted.within(subject.granted)
    if bits and not _takes_in_star(subject.statement):
        # An action without resource types is granted on `*` alone.
        bits &= subject.scopable
    if not bits or (asked.flag and subject.unscoped & bits) or subject.narrowed or subject.bounded:
        return
    if asked.without is not None and asked.without.within(subject.owner.granted):
        return
    match = _items_match(subject, bits)
    if match is not None:
        yield match


def _takes_in_star(statement: Statement) -> bool:
    """Say whether the resource `*` may be among those of a statement."""
    if statement.resources is None:
        return True
    return any(not value.literal.strip("*") for value in statement.resources)


def _items_match(
    subject: StatementSubject, bits: int, properties: Mapping[str, object] | None = None
) -> Match | None:
    """Return the match of the items that grant the actions, or of the NotAction that leaves them in."""
    if subject.statement.not_actions:
        return _left_in_match(subject, bits, properties)
    hits = list(subject.actions_granting(bits))
    return _hits_match(subject, hits, properties) if hits else None


def _left_in_match(
    subject: StatementSubject, bits: int, properties: Mapping[str, object] | None = None
) -> Match:
    """Return the match of actions that a NotAction does not take out: it concerns the whole statement."""
    left_out = subject.statement.not_actions or ()
    words = {
        "actions": names_in(subject.catalog, bits),
        "resources": resources_shown(subject, wide_resource(subject, bits)),
    }
    return Match(
        left_out[0], ("NotAction",), words, notes=condition_note(subject), properties=properties or {}
    )


def _hits_match(
    subject: StatementSubject, hits: list[tuple[Value, int]], properties: Mapping[str, object] | None = None
) -> Match:
    """Return the match of some action items, each with those of its actions that count."""
    bits = 0
    for _, found in hits:
        bits |= found
    items = [value for value, _ in hits]
    wide = wide_resource(subject, bits)
    words = {"actions": names_in(subject.catalog, bits), "resources": resources_shown(subject, wide)}
    marks: tuple[tuple[Value, str], ...] = ()
    if wide is not None and "*" in wide.literal:
        marks = ((wide, "on these resources"),)
    return actions_match(items, tuple(map(str, items)), words, subject, marks, properties)


@record
class _Methods:
    """The parameters of `escalation`: each set with its actions by the type of their target."""

    all: ActionSet
    methods: tuple[tuple[str, list[tuple[str, ActionSet]]], ...]
    own: bool
    at_least: int

    @classmethod
    def of(cls, params: Mapping[str, object]) -> _Methods:
        sets, names, at_least = action_sets(), texts(params, "sets"), params["at-least"]
        assert isinstance(at_least, int)
        methods = tuple((name, sets.by_target((name,))) for name in names)
        return cls(sets.find(names), methods, params["own-identity"] is True, at_least)


def escalation(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find IAM actions of the `sets` on identities that the statement leaves open.

    Each action reaches identities of its own type: a role pattern grants nothing to an action on
    users. With `own-identity` the caller's own name counts as a target too. `at-least` is the number
    of sets that must be hit. Conditions on the caller, the network or MFA do not close a path; one
    that narrows the target or what may be attached does.
    """
    asked = prepared(params, _Methods.of)
    granted = subject.granted
    if not asked.all.within(granted) or subject.narrowed:
        return
    bits = 0
    hit = []
    for name, groups in asked.methods:
        found = _reached(subject, groups, granted, own=asked.own)
        if found:
            hit.append(name)
            bits |= found
    if len(hit) < asked.at_least:
        return
    properties: dict[str, object] = {"methods": hit} if asked.at_least > 1 else {}
    match = _items_match(subject, bits, _with_ids(subject, bits, properties))
    if match is not None:
        yield match


def _with_ids(
    subject: StatementSubject, bits: int, properties: Mapping[str, object] | None = None
) -> Mapping[str, object]:
    """Return the properties with the escalation paths that the actions are part of, where there are any."""
    from iamlint.engine.checks.escalation_ids import path_ids

    ids = path_ids(subject, bits)
    return {**(properties or {}), "paths": ids} if ids else dict(properties or {})


def _reached(
    subject: StatementSubject, groups: list[tuple[str, ActionSet]], granted: int, *, own: bool
) -> int:
    """Return those actions of the groups that reach an open (or the caller's own) identity."""
    bits = 0
    for target, actions in groups:
        found = actions.within(granted)
        if found and _target_open(subject, target, own=own):
            bits |= found
    return bits


def _target_open(subject: StatementSubject, target: str, *, own: bool) -> bool:
    """Say whether the statement leaves open which IAM identity of the type is meant."""
    statement = subject.statement
    if statement.not_resources is not None:
        return True
    for value in statement.resources or ():
        if value.text == "*":
            return True
        width = reach(value)
        if width.breadth is Breadth.STAR:
            return True
        if not _is_iam(width.service):
            continue
        if width.breadth is Breadth.SERVICE or (width.breadth is Breadth.TYPE and width.type == target):
            return True
        if own and width.caller and width.type == target:
            return True
    return False


def _is_iam(service: str) -> bool:
    return service == "iam" or "*" in service


def create_principal(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a statement that creates roles or users of a name pattern and gives them any policy.

    Where the names are wholly open the rules about attaching policies speak already. A condition on
    the boundary or on what may be attached clears it.
    """
    granted, catalog = subject.granted, subject.catalog
    if not granted & catalog.service_bits("iam") or subject.narrowed:
        return
    for target, create, give in (
        ("role", "iam:CreateRole", ("iam:AttachRolePolicy", "iam:PutRolePolicy")),
        ("user", "iam:CreateUser", ("iam:AttachUserPolicy", "iam:PutUserPolicy")),
    ):
        created = catalog.expand(create) & granted
        given = (catalog.expand(give[0]) | catalog.expand(give[1])) & granted
        if not created or not given or _target_open(subject, target, own=False):
            continue
        patterns = [
            value
            for value in subject.statement.resources or ()
            if reach(value).breadth is Breadth.PARTIAL and reach(value).type == target
        ]
        if not patterns:
            continue
        hits = [value for value, _ in subject.actions_granting(created | given)]
        if hits:
            evidence = tuple(str(value) for value in (*hits, *patterns))
            words = {"actions": names_in(catalog, created | given), "resources": f"'{patterns[0]}'"}
            marks = ((patterns[0], "names of this pattern"),)
            properties = _with_ids(subject, created | given)
            yield actions_match(hits, evidence, words, subject, marks, properties)


def service_linked_role(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find iam:CreateServiceLinkedRole for any service: the role's name is open, and no condition
    on iam:AWSServiceName names the services without a wildcard."""
    wanted = subject.catalog.expand("iam:CreateServiceLinkedRole")
    if not subject.granted & wanted or subject.statement.unread_condition:
        return
    for condition in subject.statement.conditions:
        if condition.key.lower() == "iam:awsservicename" and condition.values:
            operator = parse_operator(condition.operator)
            if not operator.negated and not any(has_wildcard(value.literal) for value in condition.values):
                return
    statement = subject.statement
    place = statement.not_resources[0] if statement.not_resources else None
    for value in statement.resources or ():
        if value.text == "*" or _any_linked_role(value):
            place = value
            break
    if place is None:
        return
    items = [value for value, _ in subject.actions_granting(wanted)]
    words, marks = {"resources": str(place)}, ((place, "any role"),)
    if items:
        yield actions_match(items, tuple(map(str, items)), words, subject, marks)
    elif statement.not_actions:
        yield Match(statement.not_actions[0], ("NotAction",), words, marks=marks)


def _any_linked_role(value: Value) -> bool:
    width = reach(value)
    if width.breadth is Breadth.STAR:
        return True
    if not _is_iam(width.service):
        return False
    if width.breadth is Breadth.SERVICE or (width.breadth is Breadth.TYPE and width.type == "role"):
        return True
    name = value.literal.partition(":role/")[2]
    return name.startswith("aws-service-role/") and not name.removeprefix("aws-service-role/").strip("*/")
