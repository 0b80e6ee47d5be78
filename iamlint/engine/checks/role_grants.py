"""Checks of the two IAM actions that hand roles on, by the way in which a statement grants them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iamlint.catalog import catalog
from iamlint.engine.checks.spec import Gate
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import PolicyKind, Statement, Value
from iamlint.semantics.arns import arn_text
from iamlint.semantics.conditions import parse_operator
from iamlint.semantics.patterns import has_wildcard, matches, overlaps

__all__ = ["granted_gate", "role_grant"]

_SERVICE_KEYS = {"iam:passrole": "iam:passedtoservice", "iam:createservicelinkedrole": "iam:awsservicename"}


def granted_gate(params: Mapping[str, object]) -> Gate:
    """Return the question whether a statement grants the rule's action."""
    return Gate("granted", catalog().expand(str(params["action"])))


def role_grant(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow of `action`, written as `actions` says, on resources as `resources` says.

    `actions` is `literal`, `pattern` (an entry with a wildcard takes it in) or `not` (NotAction does
    not leave it out); `resources` is `open` (some entry leaves the name of the role open) or `not`
    (there is a NotResource). A condition that names the service clears open resources, a Deny of the
    action on everything clears all.
    """
    statement = subject.statement
    if statement.effect is None or statement.effect.text != "Allow":
        return
    action = str(params["action"])
    wanted = action.lower()
    if not subject.granted & subject.catalog.expand(action):
        return
    entries = _entries(statement, wanted, str(params["actions"]))
    if not entries:
        return
    if params["resources"] == "not":
        places: Sequence[Value] = statement.not_resources or ()
    else:
        places = [value for value in statement.resources or () if _leaves_role_open(value)]
        if wanted == "iam:passrole":
            # Roles that are linked to a service cannot be passed.
            places = [value for value in places if "role/aws-service-role/" not in value.literal]
        if places and (statement.unread_condition or _names_service(statement, wanted)):
            return
    if not places:
        return
    marks = tuple((value, "on these roles") for value in places)
    if params["actions"] == "not":
        yield Match(
            entries[0],
            ("NotAction", *map(str, places)),
            {"action": action, "entry": "NotAction", "resources": str(places[0])},
            marks=(*((value, "") for value in entries[1:]), *marks),
        )
        return
    frame = subject.policy.kind is PolicyKind.BOUNDARY
    if frame:
        # That the roles of one path may be passed is what a boundary is for.
        places = [value for value in places if value.literal.rpartition("role/")[2].strip("*") == ""]
        if not places:
            return
    for entry in entries:
        if frame and not str(entry).strip("*"):
            continue  # A boundary allows everything first, and then says what not.
        words = {"action": action, "entry": str(entry), "resources": str(places[0])}
        yield Match(entry, (str(entry), *map(str, places)), words, marks=marks, items=(entry,))


def _entries(statement: Statement, wanted: str, how: str) -> Sequence[Value]:
    """Return the entries that name the action in this way; of NotAction all, if none leaves it out."""
    if how == "not":
        values = statement.not_actions or ()
        if any(value.text is None or matches(value.text.lower(), wanted) for value in values):
            return ()
        return values
    return [
        value
        for value in statement.actions or ()
        if value.text is not None
        and has_wildcard(value.text) == (how == "pattern")
        and matches(value.text.lower(), wanted)
    ]


def _leaves_role_open(value: Value) -> bool:
    """Say whether a resource takes in roles of every name, if perhaps of one path only."""
    text = arn_text(value)
    if text is None:
        return False
    if text and not text.strip("*"):
        return True
    fields = text.split(":", 5)
    if len(fields) < 6 or not overlaps(fields[2], "iam"):
        return False
    kind, slash, name = fields[5].rpartition("/")
    if name.strip("*") and slash:
        return False
    if kind.startswith("role/aws-service-role/") and not has_wildcard(kind):
        # The path names the service that the role is linked to.
        return False
    if not slash:
        # `*`, `role*`: what is left open begins within the word, so it runs on through every name.
        return name.endswith("*") and "role/".startswith(name.rstrip("*"))
    return bool(name) and overlaps(kind.partition("/")[0], "role")


def _names_service(statement: Statement, wanted: str) -> bool:
    """Say whether a condition says for which service the role may be, well enough to clear it."""
    key = _SERVICE_KEYS[wanted]
    for condition in statement.conditions:
        if condition.key.lower() != key or not condition.values:
            continue
        operator = parse_operator(condition.operator)
        if operator.negated or operator.base == "Null":
            continue
        if key == "iam:awsservicename":
            # One open value lets in services that nobody thought of.
            if not any(has_wildcard(value.literal) for value in condition.values):
                return True
        elif not operator.if_exists or operator.base == "StringLike" or len(statement.conditions) > 1:
            return True
    return False
