"""The words of a rule's advice, such as `{account}`, as what is known at a place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence

from iamlint.engine.advice.site import Site, facts
from iamlint.engine.checks.trust import provider_of
from iamlint.model import Value
from iamlint.model.surroundings import Blank, Known, Neighbour, Wording

__all__ = ["WORDS", "wordings", "words_in"]

_WORD = re.compile(r"\{([a-z]+)\}")
_MOST_ROLES = 4
_MOST_SERVICES = 8
_LONGEST = 200
"""Characters of a text from the file that advice repeats; no real one has as many."""

_REPOSITORY = re.compile(
    r"repo:(?P<owner>[A-Za-z0-9][\w.-]{0,100})/(?:(?P<name>[\w.-]{1,100})(?::|\Z))?", re.ASCII
)
_GITHUB = "token.actions.githubusercontent.com"


def wordings(template: str, site: Site) -> list[Wording]:
    """Return what a text of a rule's advice says here: one wording for each combination of what its words
    mean; none where a word means nothing here."""
    pieces = _WORD.split(template)
    choices: list[Sequence[Wording]] = [
        _MEANINGS[piece](site) if at % 2 else [(piece,) if piece else ()] for at, piece in enumerate(pieces)
    ]
    return [_joined(choice) for choice in itertools.product(*choices)]


def _joined(parts: Sequence[Wording]) -> Wording:
    """Return wordings one after the other, texts side by side as one."""
    joined: list[str | Known | Blank | Neighbour] = []
    for part in itertools.chain.from_iterable(parts):
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)


def _organization(site: Site) -> list[Wording]:
    known = sorted(site.settings.organizations)
    return [(name,) for name in known] or [(Blank("organization-id"),)]


def _target(site: Site) -> list[Wording]:
    """Return the ARN of the one bucket that a policy hangs on."""
    neighbours = {one.address: one for one in site.surroundings.neighbours(site.owner)}
    for address in site.targets:
        if address in neighbours:
            return [(neighbours[address],)]
        if re.fullmatch(r"[a-z0-9][a-z0-9.-]{2,62}", address):
            return [("arn:", Known.PARTITION, f":s3:::{address}")]
    return [("arn:", Known.PARTITION, ":s3:::", Blank("bucket-name"))]


def _roles(site: Site) -> list[Wording]:
    roles: list[Wording] = [(one,) for one in site.neighbours if _is_role(one)]
    if len(roles) > _MOST_ROLES or not roles:
        return [("arn:", Known.PARTITION, ":iam::", Known.ACCOUNT, ":role/", Blank("role-name"))]
    return roles


def _services(site: Site) -> list[Wording]:
    """Return the services that the roles beside the policy trust."""
    found = sorted({service for one in site.neighbours if _is_role(one) for service in one.trusted})
    if not found or len(found) > _MOST_SERVICES:
        return [(Blank("service"), ".amazonaws.com")]
    return [(service,) for service in found]


def _is_role(one: Neighbour) -> bool:
    return one.service == "iam" and ":role/" in one.arn


def issuer_of(site: Site) -> Wording | None:
    """Return the one OIDC issuer of a statement's principals, what the files do not tell of it as blanks;
    None where there is none or several."""
    statement = site.statement
    found = {
        _address(principal.value)
        for principal in (statement.principals if statement is not None else None) or ()
        if principal.type == "Federated" and provider_of(principal.value).kind == "oidc"
    }
    return next(iter(found)) if len(found) == 1 else None


def _address(value: Value) -> Wording:
    """Return the address of a provider: what follows `oidc-provider/` in its ARN."""
    parts: list[str | Known | Blank | Neighbour] = [
        part if isinstance(part, str) else Blank(part.name) for part in value.segments
    ]
    for at, part in enumerate(parts):
        if isinstance(part, str) and "oidc-provider/" in part:
            rest = part.partition("oidc-provider/")[2]
            return (rest, *parts[at + 1 :]) if rest else tuple(parts[at + 1 :])
    return tuple(parts)


def _issuer(site: Site) -> list[Wording]:
    found = issuer_of(site)
    if not found or sum(len(part) for part in found if isinstance(part, str)) > _LONGEST:
        return [(Blank("issuer"),)]
    return [found]


def _issuer_start(site: Site) -> str:
    found = issuer_of(site)
    return found[0].lower() if found and isinstance(found[0], str) else ""


def _key(site: Site) -> list[Wording]:
    key = site.match.words.get("key")
    return [(key,)] if key and len(key) <= _LONGEST else []


def _issuer_fact(site: Site, name: str) -> str | None:
    issuer = _issuer_start(site)
    for known, about in facts().issuers.items():
        if issuer == known or (known.endswith(".") and issuer.startswith(known)):
            return about.get(name)
    return None


def _subject(site: Site) -> list[Wording]:
    """Return the subject to test: of GitHub with the owner and repository that a test names already; none
    of an issuer whose subjects say nothing about whose token it is."""
    text = _issuer_fact(site, "subject")
    if text is None:
        return [(Blank("subject"),)]
    return [_blanks(text.replace("<owner>/<repository>", _repository(site)))] if text else []


def _repository(site: Site) -> str:
    """Return `owner/repository` as far as the statement's own tests of a subject tell, else blanks."""
    statement = site.statement
    names = set()
    for condition in statement.conditions if statement is not None else ():
        if condition.key.lower() == f"{_GITHUB}:sub":
            for value in condition.values:
                found = _REPOSITORY.match(value.text or "")
                if found is not None:
                    names.add(f"{found['owner']}/{found['name'] or '<repository>'}")
    return next(iter(names)) if len(names) == 1 else "<owner>/<repository>"


def _audience(site: Site) -> list[Wording]:
    text = _issuer_fact(site, "audience")
    return [_blanks(text)] if text is not None else [(Blank("audience"),)]


def _blanks(text: str) -> Wording:
    """Return a text with `<name>` as blanks."""
    pieces = re.split(r"<([a-z -]+)>", text)
    return tuple(Blank(piece) if at % 2 else piece for at, piece in enumerate(pieces) if piece)


WORDS: Mapping[str, str] = {
    "account": "the account that the policy is deployed to",
    "audience": "the audience that callers of the identity provider ask for",
    "issuer": "the address of the identity provider",
    "key": "the condition key at fault",
    "organization": "the organizations of the configuration",
    "partition": "the partition, such as aws",
    "region": "the Region that the policy is deployed to",
    "roles": "the roles beside the policy",
    "services": "the services that the roles beside the policy trust",
    "subject": "the subject of the identity provider's tokens",
    "target": "the bucket that the policy is for",
}
"""What may stand in braces in the texts of a rule's advice, and what it becomes."""

_MEANINGS: Mapping[str, Callable[[Site], list[Wording]]] = {
    "account": lambda _: [(Known.ACCOUNT,)],
    "audience": _audience,
    "issuer": _issuer,
    "key": _key,
    "organization": _organization,
    "partition": lambda _: [(Known.PARTITION,)],
    "region": lambda _: [(Known.REGION,)],
    "roles": _roles,
    "services": _services,
    "subject": _subject,
    "target": _target,
}
assert _MEANINGS.keys() == WORDS.keys()


def words_in(text: str) -> list[str]:
    """Return the words in braces of a text, for whoever validates a rule."""
    return _WORD.findall(text)
