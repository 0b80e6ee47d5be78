"""Checks of trust policies: who may become a role, and what must be true of them.

Sources: IAM user guide (roles terms, the external id, the confused deputy problem, identity-provider
controls for shared OIDC providers, keys for web identity and SAML federation).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iamlint.engine.checks.mfa import mfa_denied, requires_mfa
from iamlint.engine.checks.policy_facts import Issuer, open_subject_prefixes, service_list, shared_issuers
from iamlint.engine.checks.public import foreign_parties, loose_conditions, names, strangers_bits
from iamlint.engine.judge import listed
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Condition, Hole, Statement, Value
from iamlint.record import record
from iamlint.semantics.conditions import (
    condition_on,
    is_met_by_few,
    names_source,
    parse_operator,
    required_conditions,
)
from iamlint.semantics.patterns import has_wildcard
from iamlint.semantics.principals import Party, PartyKind

__all__ = [
    "Provider",
    "missing_mfa",
    "oidc_audience",
    "oidc_claim_untested",
    "oidc_open_subject",
    "oidc_subject",
    "provider_of",
    "saml_audience",
    "self_trust",
    "session_tags",
    "trust_element",
    "trust_party",
    "trust_public",
    "trust_service",
]

_SECRETS = ("sts:ExternalId",)
_NARROWING = (
    "sts:ExternalId",
    "aws:PrincipalTag/*",
    "aws:PrincipalArn",
    "aws:SourceIp",
    "aws:userid",
    "aws:username",
)
_SESSION_KEYS = (
    "aws:RequestTag/*",
    "aws:TagKeys",
    "sts:TransitiveTagKeys",
    "sts:SourceIdentity",
    "aws:SourceIdentity",
)
_GITHUB = "token.actions.githubusercontent.com"
_LEAST_LITERAL = 6
"""Letters that must stand before a wildcard in a subject of unknown form, as IAM's own policy check asks."""


def _texts(params: Mapping[str, object], name: str) -> Sequence[str]:
    value = params[name]
    if value is None:
        return ()
    assert isinstance(value, list | tuple)
    return value


def _grants_assume(subject: StatementSubject, pattern: str = "sts:AssumeRole*") -> bool:
    """Say whether the statement lets the role be assumed, or may do so where actions are unknown."""
    if subject.granted & subject.catalog.expand(pattern):
        return True
    return any(value.text is None for value in subject.statement.actions or ())


def _found(values: Sequence[Value], **words: str) -> Match:
    return Match(
        values[0],
        tuple(map(str, values)),
        {"principals": names(values), **words},
        marks=tuple((value, "") for value in values[1:]),
    )


# --- AWS principals -----------------------------------------------------------------------------


def trust_public(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find everybody as principal of a role.

    `bound` says by what the caller is bounded: by nothing, by a secret (an external id), or pinned
    to an owner's value.
    """
    found = [party.principal.value for party in subject.parties if party.kind is PartyKind.EVERYBODY]
    if not found or subject.statement.unread_condition:
        return
    bound = params["bound"]
    if bound == "pinned":
        if subject.bounded and _grants_assume(subject):
            keys = dict.fromkeys(condition.key for condition in subject.statement.conditions)
            yield _found(found, conditions=listed(keys))
        return
    bits = strangers_bits(subject)
    if bits is None or (bits and not bits & subject.catalog.expand("sts:AssumeRole*")):
        return
    secrets = [condition.key for condition in required_conditions(subject.statement, *_SECRETS)]
    if bool(secrets) == (bound == "secret"):
        match = _found(found, conditions=listed(secrets))
        marks = (*match.marks, *loose_conditions(subject.statement))
        yield Match(match.place, match.evidence, match.words, marks)


def trust_party(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find principals of `kinds` whose account is the owner's or foreign (`whose`).

    A condition that pins the caller clears the finding unless `bounded` is set; so does a positive
    test on one of the keys of `without` that is not left empty, or MFA.
    """
    kinds = [PartyKind(name) for name in _texts(params, "kinds")]
    if params["whose"] == "foreign":
        parties = foreign_parties(subject, kinds)
    else:
        parties = [party for party in subject.parties if party.kind in kinds and _is_own(party, subject)]
    if not parties or not _grants_assume(subject):
        return
    without = _texts(params, "without")
    if not params["bounded"] and subject.bounded:
        return
    if without and (
        any(map(_is_filled_in, required_conditions(subject.statement, *without))) or _needs_mfa(subject)
    ):
        return
    accounts = dict.fromkeys(party.account or "this account" for party in parties)
    yield _found([party.principal.value for party in parties], accounts=listed(accounts))


def _is_filled_in(condition: Condition) -> bool:
    """Say whether a test has a value: an external id that is an empty text was never agreed on."""
    return any(value.text != "" for value in condition.values)


def _is_own(party: Party, subject: StatementSubject) -> bool:
    account = party.account
    return party.own_account or (
        account is not None
        and (account in subject.settings.accounts or account == subject.policy.owner.account)
    )


def _needs_mfa(subject: StatementSubject) -> bool:
    """Say whether the statement, or a Deny of its policy, asks for MFA."""
    if requires_mfa(subject.statement):
        return True
    assume = subject.catalog.expand("sts:AssumeRole")
    return mfa_denied(subject.owner) & assume == assume


def missing_mfa(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find users, and the owner's whole account, that may assume a role without MFA.

    Services and federations never have AWS's MFA; role sessions had it, or not, before. What narrows
    the callers otherwise (an external id, a tag, an ARN, an address) makes it another matter.
    """
    people = [
        party.principal.value
        for party in subject.parties
        if (party.kind is PartyKind.USER and party.account != "cloudfront")
        or (party.kind is PartyKind.ACCOUNT and _is_own(party, subject))
    ]
    if not people or subject.bounded or not _grants_assume(subject, "sts:AssumeRole"):
        return
    if next(required_conditions(subject.statement, *_NARROWING), None) is not None or _needs_mfa(subject):
        return
    yield _found(people)


def trust_service(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find service principals of a `list` of the data files, or of `services`, that may assume a role
    without a positive test on one of the keys of `without`."""
    services = set(_texts(params, "services"))
    if params["list"] is not None:
        services |= service_list(str(params["list"]))
    found = [
        party.principal.value
        for party in subject.parties
        if party.kind is PartyKind.SERVICE and str(party.principal.value).lower() in services
    ]
    if not found or subject.statement.unread_condition or not _grants_assume(subject):
        return
    without = _texts(params, "without")
    if without and names_source(subject.statement, *without):
        return
    yield _found(found)


def self_trust(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a role that names itself as principal."""
    name = subject.policy.name
    if name is None or name.text is None:
        return
    for party in subject.parties:
        value = party.principal.value
        if party.kind is PartyKind.ROLE and value.literal.rpartition("/")[2] == name.text:
            yield _found([value])
            return


def session_tags(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find whole accounts, or everybody, that may set session tags or a source identity at will."""
    broad = [p.principal.value for p in subject.parties if p.kind in {PartyKind.ACCOUNT, PartyKind.EVERYBODY}]
    if not broad or subject.statement.unread_condition:
        return
    wanted = subject.catalog.expand("sts:TagSession") | subject.catalog.expand("sts:SetSourceIdentity")
    actions = [value for value, _ in subject.actions_granting(subject.granted & wanted)]
    if not actions or next(required_conditions(subject.statement, *_SESSION_KEYS), None) is not None:
        return
    if any(condition.key.lower() == "aws:tagkeys" for condition in subject.statement.conditions):
        return
    words = {"actions": names(actions), "principals": names(broad)}
    yield Match(actions[0], tuple(map(str, actions)), words, marks=tuple((v, "") for v in actions[1:]))


# --- federation ---------------------------------------------------------------------------------


@record
class Provider:
    """A federated principal understood: `kind` is oidc, saml or unknown; `issuer` is the address
    without scheme, None when it cannot be known."""

    value: Value
    kind: str
    issuer: str | None = None


def _providers(subject: StatementSubject) -> list[Provider]:
    federated = [party for party in subject.parties if party.kind is PartyKind.FEDERATED]
    return [provider_of(party.principal.value) for party in federated]


def provider_of(value: Value) -> Provider:
    text = "".join("\0" if isinstance(part, Hole) else part for part in value.segments)
    hole = value.hole
    if hole is not None and hole.arn is not None:
        text = hole.arn.replace("*", "\0")
    if ":saml-provider/" in text:
        return Provider(value, "saml")
    if ":oidc-provider/" in text:
        issuer = text.partition(":oidc-provider/")[2].rstrip("/").lower()
        return Provider(value, "oidc", issuer if issuer and "\0" not in issuer else None)
    if text.startswith("arn:") or "\0" in text:
        return Provider(value, "unknown")
    if "." in text:
        return Provider(value, "oidc", text.removeprefix("https://").rstrip("/").lower())
    return Provider(value, "unknown")


def _issuer(provider: Provider, statement: Statement) -> str | None:
    """Return the issuer of a provider: its own, else the only shared one that the conditions name."""
    if provider.issuer is not None:
        return provider.issuer
    named = {condition.key.rpartition(":")[0].lower() for condition in statement.conditions}
    known = [host for host in shared_issuers() if host in named]
    return known[0] if len(known) == 1 else None


def _claim_tests(statement: Statement, claim: str) -> list[Condition]:
    """Return the positive tests of a claim, whichever issuer's: a caller must pass them all, and a
    token of another issuer passes none. Tests that an absent claim passes are other rules' matter."""
    found = []
    for condition in statement.conditions:
        prefix, _, name = condition.key.rpartition(":")
        if name.lower() != claim or prefix.lower() in {"aws", "sts", "saml"}:
            continue
        operator = parse_operator(condition.operator)
        if operator.known and not operator.negated and operator.base != "Null":
            found.append(condition)
    return found


def _open_value(condition: Condition, subjects: Sequence[str]) -> Value | None:
    """Return a subject in which a wildcard stands where the tenant (owner, organisation) should."""
    if parse_operator(condition.operator).base not in {"StringLike", "ArnLike", "ArnEquals"}:
        return None
    for value in condition.values:
        if _is_open(value, subjects):
            return value
    return None


def _starts_open(condition: Condition) -> bool:
    """Say whether a value of a claim begins with a wildcard, where its tenant should stand."""
    if parse_operator(condition.operator).base != "StringLike":
        return False
    return any(value.text is not None and value.text[:1] in {"*", "?"} for value in condition.values)


def _is_open(value: Value, subjects: Sequence[str]) -> bool:
    prefix = ""
    for part in value.segments:
        if isinstance(part, Hole):
            prefix += "\0"
            continue
        before = min((part.find(mark) for mark in "*?" if mark in part), default=-1)
        if before >= 0:
            prefix += part[:before]
            break
        prefix += part
    else:
        return False
    if "\0" in prefix:
        # A template decides this part, and it may name the tenant.
        return False
    for subject in subjects:
        if prefix.startswith(subject):
            rest = prefix[len(subject) :]
            return not any(mark in rest[1:] for mark in "/:@")
        if subject.startswith(prefix):
            return True
    return len(prefix) < _LEAST_LITERAL


def oidc_subject(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find tokens of a shared issuer that are taken from anybody's tenant.

    `issuers` is github or others; `state` is missing (no claim that names the tenant is tested), weak
    (the subject is, with a wildcard where the tenant stands) or, for GitHub, any-repository or
    any-branch (the owner or the repository is fixed, and nothing beyond).
    """
    statement = subject.statement
    if statement.unread_condition:
        return
    providers = _providers(subject)
    if not providers or not _grants_assume(subject, "sts:AssumeRoleWithWebIdentity"):
        return
    state = params["state"]
    for provider in providers:
        host = _issuer(provider, statement)
        issuer = shared_issuers().get(host) if host is not None else None
        if host is None or issuer is None or (host == _GITHUB) != (params["issuers"] == "github"):
            continue
        if state in {"any-repository", "any-branch"}:
            yield from _github_breadth(statement, str(state))
            return
        place = _unpinned(statement, issuer)
        if place is None:
            continue
        if isinstance(place, Value):
            if state in {"weak", "any"}:
                shown = str(place)
                words = {"issuer": host, "subject": f"subject {shown}"}
                yield Match(place, (shown, host), words, marks=((provider.value, "the issuer"),))
        elif state in {"missing", "any"}:
            words = {"issuer": host, "subject": "no condition on whose tokens they are"}
            yield Match(provider.value, (host,), words)


def _unpinned(statement: Statement, issuer: Issuer) -> Value | bool | None:
    """Return None if a claim pins the tenant, the open subject if only that is tested, else True."""
    weak: Value | bool = True
    for claim in issuer.claims:
        for condition in _claim_tests(statement, claim):
            if claim != "sub":
                if is_met_by_few(condition) and not _starts_open(condition):
                    return None
                continue
            if not condition.values:
                continue
            opened = _open_value(condition, issuer.subjects)
            if opened is None:
                return None
            weak = opened
    return weak


def _github_breadth(statement: Statement, state: str) -> Iterator[Match]:
    """Find the GitHub subjects that are open to every repository of an owner, or every branch."""
    others = ("repository", "repository_id", "job_workflow_ref", "environment", "ref")
    if any(is_met_by_few(test) for claim in others for test in _claim_tests(statement, claim)):
        return
    for condition in _claim_tests(statement, "sub"):
        if parse_operator(condition.operator).base != "StringLike":
            continue
        for value in condition.values:
            text = value.text
            if text is None or not text.startswith("repo:") or _is_open(value, ("repo:",)):
                continue
            owner, _, rest = text.removeprefix("repo:").partition("/")
            repository, _, context = rest.partition(":")
            any_repository = has_wildcard(repository)
            if any_repository == (state == "any-repository") and (any_repository or context == "*"):
                words = {"issuer": _GITHUB, "subject": text, "owner": owner}
                yield Match(value, (text,), words)


def oidc_open_subject(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a private issuer (one customer's or cluster's) whose every identity may assume the role."""
    statement = subject.statement
    if statement.unread_condition:
        return
    providers = [provider for provider in _providers(subject) if provider.kind == "oidc"]
    if not providers or not _grants_assume(subject, "sts:AssumeRoleWithWebIdentity"):
        return
    for provider in providers:
        host = _issuer(provider, statement)
        if host is not None and host in shared_issuers():
            continue
        shown = host or str(provider.value)
        tests = _claim_tests(statement, "sub")
        if not tests:
            cluster = host is not None and host.startswith("oidc.eks.") and "/id/" in host
            if not statement.conditions or cluster:
                words = {"issuer": shown, "subject": "no condition on the subject"}
                yield Match(provider.value, (shown,), words)
            continue
        opened = [_open_subject(condition) for condition in tests]
        if all(opened):
            value = opened[0]
            assert value is not None
            yield Match(value, (str(value), shown), {"issuer": shown, "subject": f"subject {value}"})


def _open_subject(condition: Condition) -> Value | None:
    if parse_operator(condition.operator).base != "StringLike":
        return None
    for value in condition.values:
        text = value.text
        if text is None:
            continue
        if not text.strip("*") and text:
            return value
        for prefix in open_subject_prefixes():
            # The namespace: whoever may make a service account anywhere in the cluster.
            if text.startswith(prefix) and has_wildcard(text[len(prefix) :].partition(":")[0]):
                return value
            if has_wildcard(text) and prefix.startswith(text.replace("?", "*").partition("*")[0]):
                return value
    return None


def oidc_claim_untested(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find tokens of the `issuer` that are taken whatever their `claim` says; a test on one of `instead`
    makes up for it."""
    statement = subject.statement
    if statement.unread_condition or not _grants_assume(subject, "sts:AssumeRoleWithWebIdentity"):
        return
    claims = (str(params["claim"]), *_texts(params, "instead"))
    keys = [f"{params['issuer']}:{claim}" for claim in claims]
    if next(required_conditions(statement, *keys), None) is not None:
        return
    for provider in _providers(subject):
        if provider.issuer == params["issuer"]:
            words = {"issuer": str(provider.issuer), "claim": str(params["claim"])}
            yield Match(provider.value, (str(provider.issuer),), words)


def oidc_audience(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find web identity providers whose tokens are taken for any audience (`issuers`: github, others)."""
    statement = subject.statement
    if statement.unread_condition:
        return
    providers = [provider for provider in _providers(subject) if provider.kind == "oidc"]
    if not providers or not _grants_assume(subject, "sts:AssumeRoleWithWebIdentity"):
        return
    if any(_claim_tests(statement, claim) for claim in ("aud", "azp", "oaud", "app_id")):
        return
    for provider in providers:
        host = _issuer(provider, statement)
        if (host == _GITHUB) == (params["issuers"] == "github"):
            shown = host or str(provider.value)
            yield Match(provider.value, (shown,), {"issuer": shown})


def saml_audience(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a SAML provider whose assertions are taken whatever audience they are for."""
    statement = subject.statement
    if statement.unread_condition:
        return
    found = [provider.value for provider in _providers(subject) if provider.kind == "saml"]
    if not found or not _grants_assume(subject, "sts:AssumeRoleWithSAML"):
        return
    audience = condition_on(statement, "SAML:aud", "SAML:iss", "SAML:doc")
    if any(is_met_by_few(condition) for condition in audience):
        return
    yield _found(found)


# --- shape --------------------------------------------------------------------------------------


def trust_element(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an element that a trust policy does not take, or should not have."""
    statement = subject.statement
    element = str(params["element"])
    if element in {"NotPrincipal", "NotAction"} and not statement.is_allow:
        return
    held = {
        "NotPrincipal": tuple(p.value for p in statement.not_principals or ()),
        "NotAction": statement.not_actions or (),
        "Resource": (*(statement.resources or ()), *(statement.not_resources or ())),
    }[element]
    if held:
        yield Match(held[0], tuple(map(str, held)), {"values": names(held)})
    elif element == "Resource":
        for name, values in (("Resource", statement.resources), ("NotResource", statement.not_resources)):
            if values is not None:
                yield Match((*statement.pointer, name), (name,), {"values": "which names nothing"})
                return
