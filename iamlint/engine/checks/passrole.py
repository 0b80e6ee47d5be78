"""Checks of iam:PassRole: which roles may be passed, to whom, and what can be run as them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from iamlint.catalog import Catalog
from iamlint.catalog.escalation import EscalationPath, escalation_table
from iamlint.engine.action_sets import ActionSet
from iamlint.engine.checks.wording import actions_match
from iamlint.engine.judge import listed
from iamlint.engine.scope import Breadth, reach
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Condition, Value
from iamlint.semantics.conditions import parse_operator
from iamlint.semantics.patterns import overlaps

__all__ = ["escalation_paths", "passed_roles", "run_as_existing_role", "run_as_passed_role"]

PASSING = "iam:PassRole"


@lru_cache(maxsize=4)
def escalation_paths(category: str) -> tuple[EscalationPath, ...]:
    """Return the paths of one category (`new-passrole`, `existing-passrole`) that still work."""
    paths = escalation_table().paths
    return tuple([path for path in paths if path.category == category and not path.retired])


def passed_roles(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find iam:PassRole, however it is written, on roles as `roles` says: `open` (any role),
    `pattern` (a part of a name is fixed) or `wildcard` (either).

    A condition on iam:PassedToService clears it, as it does in IAM Access Analyzer; one of
    iam:AssociatedResourceArn does too. A Deny of PassRole in the policy is honoured.
    """
    wanted = subject.catalog.expand(PASSING)
    if not subject.granted & wanted or subject.statement.unread_condition:
        return
    if any(_limits_passing(condition) for condition in subject.statement.conditions):
        return
    yield from _pass_role_match(subject, wanted, str(params["roles"]))


def _pass_role_match(subject: StatementSubject, wanted: int, roles: str) -> Iterator[Match]:
    """Yield the match if the statement's resources are such roles."""
    place = _role_resource(subject, roles)
    if place is None:
        return
    statement = subject.statement
    shown = "NotResource" if statement.not_resources is not None else str(place)
    words = {"roles": "any role" if roles == "open" else f"roles like '{shown}'", "resources": shown}
    marks = ((place, "these roles"),)
    items = [value for value, _ in subject.actions_granting(wanted)]
    if items:
        evidence = (*map(str, items), shown)
        yield actions_match(items, evidence, words, subject, marks)
    elif statement.not_actions:
        yield Match(statement.not_actions[0], ("NotAction", shown), words, marks=marks)


def _role_resource(subject: StatementSubject, roles: str) -> Value | None:
    """Return the resource that makes the roles open, a pattern, or either; None where none does."""
    statement = subject.statement
    if statement.not_resources is not None:
        return statement.not_resources[0] if statement.not_resources and roles != "pattern" else None
    opened: Value | None = None
    pattern: Value | None = None
    for value in statement.resources or ():
        if "*" not in value.literal and "?" not in value.literal:
            continue
        width = reach(value)
        if width.breadth is Breadth.STAR or _all_roles(width.service, width.type, width.breadth):
            opened = opened or value
        elif width.service == "iam" and width.breadth is Breadth.PARTIAL and width.type in {"role", ""}:
            pattern = pattern or value
    if roles == "open":
        return opened
    if roles == "pattern":
        return pattern if opened is None else None
    return opened or pattern


def _all_roles(service: str, kind: str, breadth: Breadth) -> bool:
    if service != "iam" and "*" not in service:
        return False
    return breadth is Breadth.SERVICE or (breadth is Breadth.TYPE and kind == "role")


def _limits_passing(condition: Condition) -> bool:
    if condition.key.lower() not in {"iam:passedtoservice", "iam:associatedresourcearn"}:
        return False
    operator = parse_operator(condition.operator)
    return bool(condition.values) and not operator.negated and operator.base != "Null"


def run_as_passed_role(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find iam:PassRole on roles as `roles` says in a policy that also grants what runs code as them.

    The second half may stand in any statement of the policy. iam:PassedToService closes the paths
    of other services and keeps the path of the one it names. Reported once, with all paths.
    """
    wanted = subject.catalog.expand(PASSING)
    if not subject.granted & wanted or subject.statement.unread_condition:
        return
    roles = str(params["roles"])
    if _role_resource(subject, roles) is None:
        return
    granted = subject.owner.granted
    if granted == subject.catalog.all_actions:
        return
    services = _passed_to(subject)
    paths = [
        path
        for path in escalation_paths("new-passrole")
        if _may_pass(path.services, services) and _has_all(subject.catalog, path.needs, granted)
    ]
    if not paths:
        return
    for match in _pass_role_match(subject, wanted, roles):
        yield _with_paths(subject, match, paths, granted)


def run_as_existing_role(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions on open resources that take over something which already runs as a role.

    All actions of a path must be granted on open resources; the last ones may stand in other
    statements of the policy.
    """
    unscoped = subject.unscoped
    if not unscoped or not _first_steps().within(unscoped) or subject.narrowed:
        return
    granted = subject.owner.granted
    paths = [
        path
        for path in escalation_paths("existing-passrole")
        if _has_all(subject.catalog, path.needs[:1], unscoped)
        and _has_all(subject.catalog, path.needs, granted)
    ]
    if not paths:
        return
    bits = 0
    for path in paths:
        for step in path.needs:
            for action in step:
                bits |= subject.catalog.expand(action) & unscoped
    items = [value for value, _ in subject.actions_granting(bits)]
    if items:
        match = actions_match(items, tuple(map(str, items)), {}, subject)
        yield _with_paths(subject, match, paths, granted)


@lru_cache(maxsize=1)
def _first_steps() -> ActionSet:
    """Return the actions that the paths through existing resources begin with."""
    return ActionSet(action for path in escalation_paths("existing-passrole") for action in path.needs[0])


def _has_all(catalog: Catalog, needs: tuple[tuple[str, ...], ...], granted: int) -> bool:
    """Say whether of each step some action is granted. Services that are not granted are never read."""
    return all(
        any(
            catalog.service_bits(action.partition(":")[0]) & granted and catalog.expand(action) & granted
            for action in step
        )
        for step in needs
    )


def _passed_to(subject: StatementSubject) -> list[Value] | None:
    """Return the services that roles may be passed to; None when any."""
    for condition in subject.statement.conditions:
        if condition.key.lower() == "iam:passedtoservice" and _limits_passing(condition):
            return list(condition.values)
    return None


def _may_pass(trusted: tuple[str, ...], services: list[Value] | None) -> bool:
    if services is None:
        return True
    return any(
        value.text is None or any(overlaps(value.text, name) for name in trusted) for value in services
    )


def _with_paths(subject: StatementSubject, match: Match, paths: list[EscalationPath], granted: int) -> Match:
    """Return the match with the paths, shortest telling first; a variant goes with its parent."""
    ids = {path.id for path in paths}
    main = [path for path in paths if path.parent is None or path.parent not in ids]
    actions = dict.fromkeys(
        action
        for path in main
        for step in path.needs
        for action in step
        if subject.catalog.expand(action) & granted
    )
    titles = _either([f"{path.title[0].lower()}{path.title[1:]}" for path in main])
    from iamlint.engine.checks.escalation_ids import path_ids

    passing = subject.catalog.expand(PASSING) & subject.granted
    told = [path.id for path in paths]
    return Match(
        match.place,
        (*match.evidence, *actions),
        {**match.words, "ways": titles, "actions": listed(actions)},
        marks=match.marks,
        notes=match.notes,
        properties={"paths": list(dict.fromkeys((*told, *path_ids(subject, passing))))},
        items=match.items,
    )


def _either(ways: Sequence[str], most: int = 2) -> str:
    """Return ways to do something as a choice: `a or b`, and how many more there are."""
    more = f" ({len(ways) - most} more)" if len(ways) > most else ""
    return "; or ".join(ways[:most]) + more
