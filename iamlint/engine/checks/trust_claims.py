"""Checks of trust policies as IAM's own policy validation words them: principals, actions and the keys
that go with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache

from iamlint.catalog.datafiles import read
from iamlint.engine.checks.trust import provider_of
from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Statement, Value
from iamlint.semantics.conditions import parse_operator
from iamlint.semantics.patterns import has_wildcard, matches
from iamlint.semantics.principals import Party, PartyKind

__all__ = [
    "audience_with_set_operator",
    "github_subject_malformed",
    "github_subject_open",
    "github_subject_untested",
    "key_without_action",
    "mismatched_principal",
    "oidc_key_absent",
    "service_actions_missing",
    "session_beside_role",
]

_GITHUB = "token.actions.githubusercontent.com"

_TAKES = {
    "sts:assumerole": frozenset({"aws", "service"}),
    "sts:assumerolewithsaml": frozenset({"saml"}),
    "sts:assumerolewithwebidentity": frozenset({"oidc"}),
}
_SHOWN = {"aws": "AWS principals", "service": "services", "saml": "SAML providers", "oidc": "OIDC providers"}


def _surely_allows(statement: Statement) -> bool:
    return statement.effect is not None and statement.effect.text == "Allow"


def _lacks(statement: Statement, action: str) -> bool:
    """Say whether the statement has an Action that surely does not name `action`."""
    values = statement.actions
    if not values:
        return False
    wanted = action.lower()
    return not any(value.text is None or matches(value.text.lower(), wanted) for value in values)


# --- principals and actions -------------------------------------------------------------------------


def _kind(party: Party) -> str | None:
    """Return how a principal may come to the role (aws, service, saml, oidc), None where not known."""
    if party.kind in {PartyKind.EVERYBODY, PartyKind.UNKNOWN, PartyKind.MALFORMED}:
        return None
    if party.kind is PartyKind.FEDERATED:
        kind = provider_of(party.principal.value).kind
        return None if kind == "unknown" else kind
    return "service" if party.kind is PartyKind.SERVICE else "aws"


def mismatched_principal(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions of assuming that no principal of the statement can use, and principals that can use
    none of its actions."""
    kinds = [(party.principal.value, _kind(party)) for party in subject.parties]
    known = {kind for _, kind in kinds if kind is not None}
    if not known:
        return
    taken: set[str] = set()
    every = True
    actions: list[Value] = []
    for value in subject.statement.actions or ():
        takes = _TAKES.get(value.text.lower()) if value.text is not None else None
        if takes is None:
            # A pattern or a hole may be any of them; tagging a session goes with each.
            text = "*" if value.text is None else value.text.lower()
            every = every and not any(has_wildcard(text) and matches(text, name) for name in _TAKES)
            continue
        taken |= takes
        actions.append(value)
        if all(kind is not None for _, kind in kinds) and known.isdisjoint(takes):
            words = _mismatch(str(value), takes, known)
            yield Match(value, (str(value),), words, items=(value,))
    if not taken or not every or known.isdisjoint(taken):
        return
    for value, kind in kinds:
        if kind is not None and kind not in taken:
            words = _mismatch(listed([str(action) for action in actions]), taken, {kind})
            yield Match(value, (str(value),), words, marks=tuple((action, "") for action in actions))


def _mismatch(action: str, takes: frozenset[str] | set[str], kinds: set[str]) -> dict[str, str]:
    return {
        "action": action,
        "takes": listed([text for kind, text in _SHOWN.items() if kind in takes]),
        "kinds": listed([text for kind, text in _SHOWN.items() if kind in kinds]),
    }


def service_actions_missing(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow to the `service` without one of the `actions` that it calls for a session.

    What another statement of the policy allows the service counts too.
    """
    statement = subject.statement
    actions = params["actions"]
    assert isinstance(actions, list | tuple)
    if not _surely_allows(statement):
        return
    service = str(params["service"])
    for principal in statement.principals or ():
        if principal.type == "Service" and principal.value.text == service:
            beside = [other for other in subject.policy.statements or () if _may_allow(other, service)]
            missing = [a for a in map(str, actions) if all(_lacks(one, a) for one in (statement, *beside))]
            if missing and statement.actions:
                marks = ((principal.value, "the service that calls them"),)
                yield Match(statement.actions[0], tuple(missing), {"missing": listed(missing)}, marks=marks)
            return


@cache
def _needed_actions() -> Mapping[str, str]:
    """Return the action that a condition key needs, by the key in small letters, with wildcards."""
    actions: Mapping[str, str] = json.loads(read("trust_keys.json"))["actions"]
    return actions


def key_without_action(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find conditions of an Allow on keys that come with an action which the statement does not allow."""
    statement = subject.statement
    if not _surely_allows(statement):
        return
    for condition in statement.conditions:
        key = condition.key.lower()
        for pattern, action in _needed_actions().items():
            if (key == pattern or matches(pattern, key)) and _lacks(statement, action):
                words = {"key": condition.key, "missing": action}
                yield Match(condition.pointer, (condition.key,), words, key_only=True)
                break


def _may_allow(statement: Statement, service: str) -> bool:
    """Say whether a statement allows a service something, or may do so where it cannot be read."""
    if not statement.is_allow:
        return False
    principals = statement.principals
    return principals is None or any(p.value.text in {None, "*", service} for p in principals)


# --- web identity -----------------------------------------------------------------------------------


def _issuers(subject: StatementSubject) -> list[tuple[Value, str]]:
    """Return the OIDC providers of an Allow whose address is known; none where some key of a condition,
    or a condition as a whole, cannot be read."""
    statement = subject.statement
    if not _surely_allows(statement) or statement.unread_condition:
        return []
    found = [
        (provider.value, provider.issuer)
        for provider in (
            provider_of(party.principal.value)
            for party in subject.parties
            if party.kind is PartyKind.FEDERATED
        )
        if provider.kind == "oidc" and provider.issuer
    ]
    if found and any("<" in condition.key or "${" in condition.key for condition in statement.conditions):
        return []
    return found


def _has_key_of(statement: Statement, issuer: str, claim: str = "") -> bool:
    # A provider whose ARN ends in a slash has keys that begin so too.
    starts = (f"{issuer}:{claim}", f"{issuer}/:{claim}")
    if claim:
        return any(condition.key.lower() in starts for condition in statement.conditions)
    return any(condition.key.lower().startswith(starts) for condition in statement.conditions)


def oidc_key_absent(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find OIDC providers none of whose keys the statement tests."""
    for value, issuer in _issuers(subject):
        if not _has_key_of(subject.statement, issuer):
            yield Match(value, (issuer,), {"issuer": issuer})


def github_subject_untested(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the provider of GitHub where no condition tests the subject of its tokens."""
    for value, issuer in _issuers(subject):
        if issuer == _GITHUB and not _has_key_of(subject.statement, issuer, "sub"):
            yield Match(value, (issuer,), {"issuer": issuer})


def github_subject_open(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find subjects of GitHub's tokens with a wildcard, so that the repository or the branch is open."""
    statement = subject.statement
    if not _surely_allows(statement):
        return
    branch_named = any(
        condition.key.lower() == f"{_GITHUB}:ref"
        and condition.values
        and not parse_operator(condition.operator).negated
        and not any(has_wildcard(value.literal) for value in condition.values)
        for condition in statement.conditions
    )
    for condition in statement.conditions:
        if condition.key.lower() != f"{_GITHUB}:sub":
            continue
        operator = parse_operator(condition.operator)
        if operator.base not in {"StringLike", "ArnLike"}:
            continue
        for value in condition.values:
            if not has_wildcard(value.literal):
                continue
            if branch_named and value.text is not None:
                # `repo:owner/name:` is fixed, and the other key says which branch.
                head = value.text.replace("?", "*").partition("*")[0]
                if head.count(":") >= 2:
                    continue
            yield Match(value, (str(value),), {"subject": str(value)})


def github_subject_malformed(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find subjects that no token of GitHub has: the repository without its owner, or no claim at all."""
    statement = subject.statement
    if not _surely_allows(statement):
        return
    for condition in statement.conditions:
        operator = parse_operator(condition.operator)
        if condition.key.lower() != f"{_GITHUB}:sub" or operator.base not in {"StringEquals", "StringLike"}:
            continue
        for value in condition.values:
            if value.text is not None and _is_no_subject(value.text):
                yield Match(value, (value.text,), {"subject": value.text})


def _is_no_subject(text: str) -> bool:
    """Say whether a pattern surely fits no subject: those are `repo:OWNER/NAME:...`, or begin with another
    claim where an organisation has made its own (`repository_owner:OWNER:...`)."""
    if text.lower().startswith("repo:"):
        repository = text[len("repo:") :].partition(":")[0]
        return not text.startswith("repo:") or not ("/" in repository or has_wildcard(repository))
    return bool(text) and ":" not in text and not has_wildcard(text)


def audience_with_set_operator(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find `claims` of a web identity token, which have one value, under a set operator of `quantifiers`."""
    claims, quantifiers = params["claims"], params["quantifiers"]
    assert isinstance(claims, list | tuple)
    assert isinstance(quantifiers, list | tuple)
    for condition in subject.statement.conditions:
        issuer, _, claim = condition.key.rpartition(":")
        # Identity providers are addresses; prefixes of services have no dot.
        if claim.lower() not in claims or not ("." in issuer or "<" in issuer or "${" in issuer):
            continue
        operator = parse_operator(condition.operator)
        if operator.quantifier in quantifiers and operator.known:
            plain = operator.base + ("IfExists" if operator.if_exists else "")
            words = {"operator": condition.operator, "key": condition.key, "plain": plain}
            yield Match(condition.pointer, (condition.operator, condition.key), words, key_only=True)


# --- repeats ----------------------------------------------------------------------------------------


def session_beside_role(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find sessions of a role in a list of principals that has the role itself."""
    roles: dict[tuple[str, str, str], Value] = {}
    sessions: list[tuple[tuple[str, str, str], Value]] = []
    for party in subject.parties:
        text = party.principal.value.text
        if text is None or has_wildcard(text) or party.kind not in {PartyKind.ROLE, PartyKind.SESSION}:
            continue
        fields = text.split(":", 5)
        parts = fields[5].split("/")
        if parts[0] == "role" and fields[2] == "iam":
            roles[fields[1], fields[4], parts[-1]] = party.principal.value
        elif parts[0] == "assumed-role" and fields[2] == "sts" and len(parts) > 2:
            sessions.append(((fields[1], fields[4], parts[1]), party.principal.value))
    for role, value in sessions:
        whole = roles.get(role)
        if whole is not None:
            words = {"session": str(value), "role": str(whole)}
            yield Match(value, (str(value),), words, marks=((whole, "the role"),))
