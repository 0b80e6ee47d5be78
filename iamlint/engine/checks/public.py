"""Checks of resource policies: who outside may use what the policy is attached to.

Public means that a stranger's request is allowed: an Allow to everybody in which no condition pins
the caller to a fixed, owner-controlled value, and no Deny of the policy takes it back. The keys that
pin and the values that count are those of `semantics.conditions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from iamlint.catalog import AccessLevel, catalog
from iamlint.engine.checks.policy_facts import (
    aws_accounts,
    harmless_for_services,
    service_list,
    without_source,
)
from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, PolicySubject, StatementSubject
from iamlint.model import Pointer, Policy, Statement, Value, Values
from iamlint.semantics.conditions import (
    bounding_conditions,
    denies_strangers,
    is_private_range,
    names_source,
    parse_operator,
    required_conditions,
)
from iamlint.semantics.patterns import covers, matches, pattern_text
from iamlint.semantics.principals import Party, PartyKind, is_account_id, parties

__all__ = [
    "everybody",
    "foreign_action",
    "foreign_parties",
    "foreign_principal",
    "home_accounts",
    "insecure_transport",
    "iot_resource_star",
    "is_foreign",
    "key_lockout",
    "loose_conditions",
    "names",
    "open_endpoint",
    "own_root",
    "policy_lockout",
    "public_bounded",
    "public_principal",
    "service_source",
    "strangers_bits",
    "transport_gap",
    "wildcard_statement",
]

_LEVELS = {
    "list": AccessLevel.LIST,
    "read": AccessLevel.READ,
    "write": AccessLevel.WRITE,
    "tagging": AccessLevel.TAGGING,
    "permissions": AccessLevel.PERMISSIONS,
}
_MOST_DENIES = 64
"""Denies of one policy that are looked at; no real policy comes near, a hostile one must not cost squares."""

_SOURCE_KEYS = (
    "aws:SourceArn",
    "aws:SourceAccount",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceOwner",
    "kms:EncryptionContext:*",
    "kms:CallerAccount",
    "kms:ViaService",
)


# --- who ----------------------------------------------------------------------------------------


def everybody(subject: StatementSubject) -> Value | None:
    """Return the principal that is everybody (the star, or what NotPrincipal leaves), or None."""
    statement = subject.statement
    if statement.principals is not None:
        for party in subject.parties:
            if party.kind is PartyKind.EVERYBODY:
                return party.principal.value
    elif statement.not_principals:
        return statement.not_principals[0].value
    return None


@lru_cache(maxsize=1)
def strangers_bits(subject: StatementSubject) -> int | None:
    """Return the actions that an Allow grants to strangers, None if it grants them nothing.

    The set is empty where the actions cannot be known and yet nothing keeps strangers out. Several
    rules ask of the same statement in a row, so the last answer is kept.
    """
    if everybody(subject) is None or subject.bounded:
        return None
    bits = subject.granted
    known = bits != 0
    if not known and subject.bits:
        return None
    for statement, denied in _stranger_denies(subject.owner):
        if _covers_resources(statement, subject.statement):
            bits &= ~denied
            if not known and any(value.text == "*" for value in statement.actions or ()):
                return None
    return None if known and not bits else bits


@lru_cache(maxsize=1)
def _stranger_denies(owner: PolicySubject) -> tuple[tuple[Statement, int], ...]:
    """Return the first Denies of a policy that keep strangers out, each with what it denies."""
    found = (s for s in owner.policy.statements or () if s.is_deny and denies_strangers(s))
    return tuple((statement, owner.action_bits(statement)) for statement in islice(found, _MOST_DENIES))


def _covers_resources(deny: Statement, allow: Statement) -> bool:
    """Say whether every resource of the Allow surely is one of the Deny."""
    if deny.not_resources is not None or allow.not_resources is not None:
        return False
    if deny.resources is None:
        return allow.resources is None
    if any(value.text == "*" for value in deny.resources):
        return True
    if allow.resources is None:
        return False
    return all(any(_covers_value(wide, narrow) for wide in deny.resources) for narrow in allow.resources)


def _covers_value(wide: Value, narrow: Value) -> bool:
    if wide.text is not None:
        return covers(wide.text, pattern_text(narrow))
    # The same holes in the same places stand for the same text; what follows may be wider.
    if wide.parts == narrow.parts:
        return True
    if not narrow.parts or len(wide.parts) > len(narrow.parts) + 1 or not isinstance(wide.parts[-1], str):
        return False
    before = len(wide.parts) - 1
    rest = narrow.parts[before:]
    if wide.parts[:before] != narrow.parts[:before] or not all(isinstance(part, str) for part in rest):
        return False
    return covers(wide.parts[-1], "".join(map(str, rest)))


@lru_cache(maxsize=1)
def home_accounts(owner: PolicySubject) -> frozenset[str]:
    """Return the accounts that surely own what the policy is attached to.

    What the file says of the owner does, and ARNs in Resource, except for S3, whose ARNs have no
    account; in a key policy the account that may change the policy.
    """
    found: set[str] = set()
    if owner.policy.owner.account is not None:
        found.add(owner.policy.owner.account)
    for statement in owner.policy.statements or ():
        for value in statement.resources or ():
            if value.text is not None:
                fields = value.text.split(":", 5)
                if len(fields) == 6 and is_account_id(fields[4]):
                    found.add(fields[4])
        if statement.is_allow and any(_grants_key_policy(value) for value in statement.actions or ()):
            for party in parties(statement):
                if party.kind is PartyKind.ACCOUNT and party.account is not None:
                    found.add(party.account)
                    # Only the first: a second account with the same right is a guest.
                    return frozenset(found)
    return frozenset(found)


def _grants_key_policy(action: Value) -> bool:
    return action.text is not None and action.text.lower() in {"kms:*", "kms:putkeypolicy", "kms:put*"}


def is_foreign(party: Party, subject: StatementSubject, homes: frozenset[str]) -> bool:
    """Say whether a principal belongs to an account that is neither the owner's nor trusted.

    An account that is a hole is nobody's for certain, so it is not foreign.
    """
    account = party.account
    if account is None or not is_account_id(account) or party.own_account:
        return False
    if account in subject.settings.accounts or account in homes:
        return False
    text = party.principal.value.text
    return text is None or not any(matches(pattern, text) for pattern in subject.settings.allowed_principals)


def foreign_parties(subject: StatementSubject, kinds: Sequence[PartyKind]) -> list[Party]:
    """Return the principals of the given kinds in accounts that are neither the owner's nor trusted."""
    candidates = [party for party in subject.parties if party.kind in kinds and party.account is not None]
    if not candidates:
        return []
    homes = home_accounts(subject.owner)
    return [party for party in candidates if is_foreign(party, subject, homes)]


def names(values: Sequence[Value]) -> str:
    """Return values as a message lists them, the first five."""
    shown = list(dict.fromkeys(map(str, values)))
    if len(shown) > 5:
        return f"{', '.join(shown[:5])} and {len(shown) - 5} more"
    return " and ".join(shown) if len(shown) < 3 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _texts(params: Mapping[str, object], name: str) -> Sequence[str]:
    value = params[name]
    if value is None:
        return ()
    assert isinstance(value, list | tuple)
    return value


def _attached(statements: Sequence[Statement], policy: Policy, services: Sequence[str]) -> bool:
    """Say whether the policy is one of the services': by what it is attached to, which the rule's `on`
    has tested, or, where that is unknown, by its actions, all of which must be the services'."""
    if policy.on or not services:
        return True
    found = False
    for statement in statements:
        for value in statement.actions or ():
            service, colon, _ = value.literal.partition(":")
            if not colon or service.lower() not in services:
                return False
            found = True
    return found


def _shown_principals(subject: StatementSubject) -> str:
    excepted = subject.statement.not_principals
    if excepted:
        return f"everybody but {names([principal.value for principal in excepted])}"
    if any(party.kind is PartyKind.EVERYBODY for party in subject.parties):
        return "everybody whom the conditions leave" if subject.bounded else "everybody"
    return names([party.principal.value for party in subject.parties]) or "a device"


def _shown_actions(values: Values | None) -> str:
    return names(values) if values else "all but a few actions"


# --- public -------------------------------------------------------------------------------------


def public_principal(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow that grants strangers some of `actions` or `levels` (anything, if neither is given),
    with `only` nothing else.

    `services` narrows it to policies of these services, `skip` leaves out what is attached to these
    words. NotPrincipal is for a rule of its own, which no condition clears.
    """
    who = everybody(subject)
    if who is None or subject.statement.principals is None or _is_chosen(subject.statement):
        return
    policy = subject.policy
    if not _attached((subject.statement,), policy, _texts(params, "services")):
        return
    skip = _texts(params, "skip")
    if policy.on and not set(policy.on).isdisjoint(skip):
        return
    bits = strangers_bits(subject)
    if bits is None:
        return
    expand = subject.catalog.expand
    wanted = 0
    for level in _texts(params, "levels"):
        wanted |= subject.catalog.with_level(_LEVELS[level])
    for pattern in _texts(params, "actions"):
        wanted |= expand(pattern)
    statement = subject.statement
    actions = statement.actions
    if wanted:
        patterns = {pattern.lower() for pattern in _texts(params, "actions")}
        # An action that the catalogue lacks is known by its name alone.
        named = tuple(v for v in actions or () if v.text is not None and v.text.lower() in patterns)
        if not bits & wanted and not named:
            return
        if params["only"] and (bits & ~wanted or not _all_known(subject, named)):
            return
        actions = tuple(value for value, _ in subject.actions_granting(wanted)) or named
    words = {"actions": _shown_actions(actions)}
    marks: list[tuple[Value | Pointer, str]] = [
        (value, "granted to everybody") for value in (actions or ())[:1]
    ]
    marks.extend(loose_conditions(statement))
    evidence = (*(str(value) for value in actions or ()), str(who))
    yield Match(who, evidence, words, marks=tuple(marks))


_ADDRESS = "aws:sourceip"


def public_bounded(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow to everybody that a condition alone bounds: by the caller's address (`by: address`),
    public ones among them, or by anything else (`by: owner`)."""
    who, statement = everybody(subject), subject.statement
    if who is None or statement.principals is None or statement.unread_condition:
        return
    if subject.bits and not subject.granted:
        return
    if not set(subject.policy.on).isdisjoint(_texts(params, "skip")):
        return
    found = list(bounding_conditions(statement))
    by_address = bool(found) and all(one.key.lower() == _ADDRESS for one in found)
    if not found or by_address != (params["by"] == "address"):
        return
    if by_address and all(is_private_range(value) for one in found for value in one.values):
        return
    words = {
        "actions": _shown_actions(statement.actions),
        "conditions": listed(dict.fromkeys(one.key for one in found)),
    }
    marks = tuple((one.pointer, "this alone bounds it") for one in found)
    yield Match(who, (*map(str, statement.actions or ()), str(who)), words, marks=marks)


def _is_chosen(statement: Statement) -> bool:
    """Say whether a condition of the template that says public decides about the statement: whoever
    deploys it has to choose that."""
    return any(holds and "public" in name.lower() for name, holds in statement.when)


def _all_known(subject: StatementSubject, named: Values) -> bool:
    """Say whether each Action is one of the catalogue's, or one of those that a rule has named."""
    known = {id(value) for value, bits in subject.action_items if bits} | {id(value) for value in named}
    return all(id(value) in known for value in subject.statement.actions or ())


def loose_conditions(statement: Statement) -> Iterator[tuple[Pointer, str]]:
    """Yield the conditions of a statement that strangers can meet, as marks."""
    for condition in statement.conditions:
        yield condition.pointer, "a stranger can meet this condition"


def wildcard_statement(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the actions written as one of `patterns` in an Allow of a policy of `services`.

    A grant to nobody but the owner's own account only says that identity policies decide. Without a
    principal it is a device's policy or a role's; only the place tells.
    """
    if not subject.policy.on and subject.policy.kind.value != "resource":
        return
    patterns = _texts(params, "patterns")
    found = [v for v in subject.statement.actions or () if v.text is not None and v.text.lower() in patterns]
    if not found or not _attached((subject.statement,), subject.policy, _texts(params, "services")):
        return
    if subject.parties and all(p.kind is PartyKind.ACCOUNT and p.own_account for p in subject.parties):
        return
    if next(
        required_conditions(subject.statement, "s3:DataAccessPointAccount", "s3:DataAccessPointArn"), None
    ):
        # The bucket leaves the decision to its access points, as AWS advises, and their policies say what.
        return
    words = {"actions": names(found), "principals": _shown_principals(subject)}
    yield Match(found[0], tuple(map(str, found)), words, marks=tuple((v, "") for v in found[1:]))


# --- other accounts and services ----------------------------------------------------------------


def foreign_principal(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find principals of accounts that are neither the owner's nor trusted.

    `kinds` are account, role, user, session; `levels` what must be granted. Accounts of AWS itself
    that write logs are left out. Conditions that pin the caller clear the finding.
    """
    kinds = [PartyKind(name) for name in _texts(params, "kinds")]
    found = [party for party in foreign_parties(subject, kinds) if party.account not in aws_accounts()]
    if not found or subject.bounded:
        return
    if not _attached((subject.statement,), subject.policy, _texts(params, "services")):
        return
    wanted = 0
    for level in _texts(params, "levels"):
        wanted |= subject.catalog.with_level(_LEVELS[level])
    if wanted and not subject.granted & wanted:
        return
    values = [party.principal.value for party in found]
    accounts = dict.fromkeys(str(party.account) for party in found)
    words = {
        "principals": names(values),
        "accounts": listed(accounts),
        "actions": _shown_actions(subject.statement.actions),
    }
    yield Match(values[0], tuple(map(str, values)), words, marks=tuple((v, "") for v in values[1:]))


def own_root(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the owner's own account as principal of a resource policy; key policies need it."""
    policy = subject.policy
    actions = subject.statement.actions or ()
    if "kms-key" in policy.on or any(value.literal.lower().startswith("kms:") for value in actions):
        return
    accounts = [party for party in subject.parties if party.kind is PartyKind.ACCOUNT]
    if not accounts:
        return
    homes = home_accounts(subject.owner) | subject.settings.accounts
    for party in accounts:
        if party.own_account or party.account in homes:
            value = party.principal.value
            yield Match(value, (str(value),), {"principal": str(value)})


def foreign_action(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find `actions` granted to a service, to everybody or to an account that is not the owner's."""
    if not _attached((subject.statement,), subject.policy, _texts(params, "services")):
        return
    wanted = 0
    for pattern in _texts(params, "actions"):
        wanted |= subject.catalog.expand(pattern)
    if not subject.granted & wanted:
        return
    outside = [party for party in subject.parties if party.kind in {PartyKind.SERVICE, PartyKind.CANONICAL}]
    if not subject.bounded:
        outside.extend(party for party in subject.parties if party.kind is PartyKind.EVERYBODY)
        kinds = (PartyKind.ACCOUNT, PartyKind.ROLE, PartyKind.USER, PartyKind.SESSION)
        outside.extend(foreign_parties(subject, kinds))
    if not outside:
        return
    found = [value for value, _ in subject.actions_granting(wanted)]
    if not found:
        return
    words = {"actions": names(found), "principals": names([party.principal.value for party in outside])}
    yield Match(found[0], tuple(map(str, found)), words, marks=tuple((v, "") for v in found[1:]))


def service_source(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find service principals that send the source of their call, in an Allow that does not ask for it."""
    of_keys = _attached((subject.statement,), subject.policy, ("kms",))
    if not subject.policy.on and of_keys != ("kms" in _texts(params, "services")):
        # A bare document is of the service that its actions are of.
        return
    senders = service_list("resource-callers")
    called = {value.literal.partition(":")[0].lower() for value in subject.statement.actions or ()}
    found = [
        party.principal.value
        for party in subject.parties
        if party.kind is PartyKind.SERVICE
        and str(party.principal.value).lower() in senders
        and called.isdisjoint(without_source(str(party.principal.value).lower()))
    ]
    if not found or subject.bounded:
        return
    if names_source(subject.statement, *_SOURCE_KEYS):
        return
    harmless = 0
    for action in harmless_for_services():
        harmless |= subject.catalog.expand(action)
    if subject.granted and not subject.granted & ~harmless:
        return
    resources = subject.statement.resources
    if resources and all(_names_account(value) for value in resources):
        return
    words = {"services": names(found), "actions": _shown_actions(subject.statement.actions)}
    yield Match(found[0], tuple(map(str, found)), words, marks=tuple((v, "") for v in found[1:]))


def _names_account(resource: Value) -> bool:
    """Say whether a resource is the part of a log bucket that AWS writes for one account only: trails,
    snapshots and logs of another account go to a folder with that account's number."""
    _, found, rest = pattern_text(resource).partition("/AWSLogs/")
    account = rest.partition("/")[0]
    return bool(found) and (is_account_id(account) or (account == "*" and resource.text is None))


# --- lockouts, transport, endpoints -------------------------------------------------------------


def policy_lockout(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an unconditional Deny to everybody of the action that changes the policy itself."""
    statement = subject.statement
    if statement.conditions or statement.unread_condition or statement.when:
        return
    if not any(party.kind is PartyKind.EVERYBODY and not party.wildcard for party in subject.parties):
        return
    if not _attached((statement,), subject.policy, _texts(params, "services")):
        return
    if statement.resources is not None and not any(_may_be_bucket(value) for value in statement.resources):
        return
    wanted = 0
    for pattern in _texts(params, "actions"):
        wanted |= subject.catalog.expand(pattern)
    for value, _ in subject.actions_granting(wanted):
        yield Match(value, (str(value),), {"actions": str(value)})
        return


def _may_be_bucket(resource: Value) -> bool:
    """Say whether a resource pattern surely reaches the bucket itself, not only its objects."""
    if resource.text is None:
        # A hole with nothing behind it may be the bucket or not; only a bucket's own ARN is sure.
        hole = resource.hole
        return hole is not None and hole.arn is not None and ":s3:" in hole.arn and "/" not in hole.arn
    return resource.text == "*" or "/" not in resource.text.split(":", 5)[-1]


def key_lockout(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a key policy in which nobody but services and strangers may change the policy."""
    policy = subject.policy
    statements = policy.statements
    if not statements or "kms-key" not in policy.on or "part" in policy.on:
        # A bare document may be a part of a key policy.
        return
    change = catalog().expand("kms:PutKeyPolicy")
    for statement in statements:
        if not statement.is_allow:
            continue
        if statement.effect is None or statement.effect.text is None:
            return
        for value in statement.actions or ():
            if value.text is None:
                return
        if not subject.action_bits(statement) & change:
            continue
        if statement.not_principals is not None or statement.principals == ():
            return
        if any(party.kind is not PartyKind.SERVICE for party in parties(statement)):
            return
    yield Match((*policy.pointer, "Statement"), key_only=True)


def insecure_transport(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a bucket policy that nowhere refuses requests without TLS."""
    policy = subject.policy
    statements = policy.statements
    if not statements or "s3-bucket" not in policy.on:
        return
    for statement in statements:
        if statement.unread_condition:
            return
        wanted = "true" if statement.is_allow else "false"
        for condition in statement.conditions:
            if condition.key.lower() not in {"aws:securetransport", "s3:tlsversion"}:
                continue
            operator = parse_operator(condition.operator)
            if condition.key.lower() == "s3:tlsversion" or operator.family == "Null":
                return
            if any(value.text is None or value.text.lower() == wanted for value in condition.values):
                return
    yield Match((*policy.pointer, "Statement"), key_only=True)


def transport_gap(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a bucket policy that refuses requests without TLS for some of reading and writing alone."""
    policy = subject.policy
    if "s3-bucket" not in policy.on:
        return
    needed = subject.catalog.expand("s3:GetObject") | subject.catalog.expand("s3:PutObject")
    first = None
    for statement in policy.statements or ():
        keys = {condition.key.lower() for condition in statement.conditions}
        if statement.unread_condition or statement.when:
            return
        if "aws:securetransport" not in keys and "s3:tlsversion" not in keys:
            continue
        if not statement.is_deny or any(value.text is None for value in statement.actions or ()):
            return
        if not statement.actions:
            return
        first = first or statement
        needed &= ~subject.action_bits(statement)
    if first is None or not needed or not first.actions:
        return
    missing = listed(subject.catalog.names(needed))
    words = {"actions": missing}
    yield Match(first.actions[0], tuple(map(str, first.actions)), words, statement=first)


def open_endpoint(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an endpoint policy's Allow of everything on everything to everybody, without condition."""
    statement = subject.statement
    if statement.conditions or statement.unread_condition or everybody(subject) is None:
        return
    if subject.star_resource is None or subject.owner.denied:
        return
    for value in statement.actions or ():
        if value.text in {"*", "*:*"}:
            yield Match(value, (str(value),))
            return


def iot_resource_star(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the star as resource of a device policy; only what is attached to certificates is one."""
    star = subject.star_resource
    if star is not None and "iot-certificate" in subject.policy.on:
        actions = subject.statement.actions
        yield Match(star, tuple(map(str, actions or ())), {"value": _shown_actions(actions)})
