"""The principal dimension: the callers of a question, divided into classes that its policies cannot
tell further apart. Sections 5, 12.1 and 12.4 of the evaluation rules.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from iamlint.model import Principal
from iamlint.record import record
from iamlint.semantics.algebra.globs import TextSet, arn_glob, glob, literal
from iamlint.semantics.algebra.keysets import SingleSet

__all__ = [
    "DERIVED_KEYS",
    "Caller",
    "CallerKind",
    "CallerSpace",
    "NamedPrincipal",
    "PrincipalError",
    "read_principal",
]

DERIVED_KEYS = frozenset({"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username"})
"""Keys whose values follow from who calls (section 5)."""


class CallerKind(enum.Enum):
    """The sorts of callers. The value is what `aws:PrincipalType` says, empty where it says nothing."""

    ANONYMOUS = "Anonymous"
    ROOT = "Account"
    USER = "User"
    ROLE = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    SERVICE = ""
    PROVIDER = "provider"
    CANONICAL = "canonical"


_OF_ACCOUNTS = (CallerKind.ROOT, CallerKind.USER, CallerKind.ROLE, CallerKind.FEDERATED_USER)


@record
class Caller:
    """One class of callers.

    `account` is None for accounts that no policy of the question names. `name` is the ARN of a user or
    federated-user session, the name of a role, the service, provider or canonical id; None for all
    that are not named. `session` is the ARN of a role session, `user` that of the user behind a
    federated-user session, None where it is not named. `role` is the role's ARN as a policy writes it.
    """

    kind: CallerKind
    account: str | None = None
    name: str | None = None
    session: str | None = None
    user: str | None = None
    role: str | None = None


class NamedKind(enum.Enum):
    """What a value of Principal names."""

    EVERYBODY = "everybody"
    AWS_EVERYBODY = "everybody of AWS"
    ACCOUNT = "account"
    USER = "user"
    ROLE = "role"
    SESSION = "session"
    FEDERATED_USER = "federated user"
    SERVICE = "service"
    PROVIDER = "provider"
    CANONICAL = "canonical"
    NOBODY = "nobody"


@record
class NamedPrincipal:
    """A value of Principal understood. `name` as in `Caller`; for sessions `name` is the role's."""

    kind: NamedKind
    account: str | None = None
    name: str | None = None
    text: str = ""


class PrincipalError(ValueError):
    """A value that is no principal; the message says why."""


_UNIQUE_IDS = ("AIDA", "AROA", "AGPA", "AIPA", "ANPA", "ANVA", "APKA", "ASCA", "AKIA", "ASIA", "ABIA", "ACCA")

_OTHER_KINDS = {
    "Service": NamedKind.SERVICE,
    "Federated": NamedKind.PROVIDER,
    "CanonicalUser": NamedKind.CANONICAL,
}


def read_principal(principal: Principal) -> NamedPrincipal:
    """Return what a known principal names. Raises PrincipalError."""
    text = principal.value.text
    assert text is not None  # the caller has dealt with holes
    if principal.type == "*":
        return NamedPrincipal(NamedKind.EVERYBODY, text=text)
    if principal.type in _OTHER_KINDS:
        if not text or text != text.strip() or "*" in text or "?" in text:
            raise PrincipalError(f"{text[:60]!r} is not one {principal.type} principal")
        return NamedPrincipal(_OTHER_KINDS[principal.type], None, text, text)
    if principal.type != "AWS":
        raise PrincipalError(f"{principal.type[:60]!r} is not a type of principal")
    return _read_aws(text)


def _read_aws(text: str) -> NamedPrincipal:
    if text == "*":
        return NamedPrincipal(NamedKind.AWS_EVERYBODY, text=text)
    if "*" in text or "?" in text:
        raise PrincipalError(f"{text[:60]!r} holds a wildcard; a principal takes none but a lone *")
    if len(text) == 12 and text.isascii() and text.isdigit():
        return NamedPrincipal(NamedKind.ACCOUNT, text, text=text)
    if text.startswith(_UNIQUE_IDS) and len(text) >= 16 and text.isalnum():
        return NamedPrincipal(NamedKind.NOBODY, text=text)
    fields = text.split(":", 5)
    if len(fields) == 6 and fields[0] == "arn" and fields[1] and not fields[3] and fields[4]:
        account, body = fields[4], fields[5]
        first, _, name = body.partition("/")
        last = name.rpartition("/")[2]
        if fields[2] == "iam":
            if body == "root":
                return NamedPrincipal(NamedKind.ACCOUNT, account, text=text)
            if first == "user" and last:
                return NamedPrincipal(NamedKind.USER, account, text, text)
            if first == "role" and last:
                return NamedPrincipal(NamedKind.ROLE, account, last, text)
        elif fields[2] == "sts":
            role, _, session = name.partition("/")
            if first == "assumed-role" and role and session and "/" not in session:
                return NamedPrincipal(NamedKind.SESSION, account, role, text)
            if first == "federated-user" and name:
                return NamedPrincipal(NamedKind.FEDERATED_USER, account, text, text)
    raise PrincipalError(f"{text[:60]!r} is neither an account nor the ARN of a user, role or session")


class CallerSpace:
    """The classes of callers of one question, as bits.

    `principals` are those that its policies name, `accounts` further account ids that its conditions
    name. With `with_principals` false (identity policies and the like) the callers are the users and
    sessions of an account, whoever they are.
    """

    def __init__(
        self, principals: Iterable[NamedPrincipal], accounts: Iterable[str], *, with_principals: bool
    ) -> None:
        self._keys: dict[Caller, Mapping[str, SingleSet]] = {}
        self._named = list(dict.fromkeys(principals))
        known = dict.fromkeys([*(p.account for p in self._named if p.account is not None), *accounts])
        self.accounts = tuple(known)
        self._roles: dict[tuple[str | None, str | None], str] = {}
        for one in self._named:
            if one.kind is NamedKind.ROLE:
                self._roles.setdefault((one.account, one.name), one.text)
        callers: list[Caller] = []
        if with_principals:
            callers.append(Caller(CallerKind.ANONYMOUS))
        for account in self.accounts:
            callers.extend(self._of_account(account))
        for kind in _OF_ACCOUNTS:
            callers.append(Caller(kind))
        if with_principals:
            for kind, named in (
                (CallerKind.SERVICE, NamedKind.SERVICE),
                (CallerKind.PROVIDER, NamedKind.PROVIDER),
                (CallerKind.CANONICAL, NamedKind.CANONICAL),
            ):
                callers.extend(Caller(kind, None, one.name) for one in self._named if one.kind is named)
            callers.extend((Caller(CallerKind.SERVICE), Caller(CallerKind.PROVIDER)))
        else:
            callers = [caller for caller in callers if caller.kind is not CallerKind.ROOT]
        self.callers = tuple(dict.fromkeys(callers))
        self.everybody = (1 << len(self.callers)) - 1
        self._index: dict[_Label, int] = {}
        for at, caller in enumerate(self.callers):
            for label in _labels(caller):
                self._index[label] = self._index.get(label, 0) | 1 << at
        self.providers = self._of(lambda caller: caller.kind is CallerKind.PROVIDER)
        self.services = self._of(lambda caller: caller.kind is CallerKind.SERVICE)

    def _of_account(self, account: str) -> Iterator[Caller]:
        here = [one for one in self._named if one.account == account]
        users = [one.name for one in here if one.kind is NamedKind.USER]
        yield Caller(CallerKind.ROOT, account)
        for user in (*users, None):
            yield Caller(CallerKind.USER, account, user)
        roles = dict.fromkeys(one.name for one in here if one.kind in {NamedKind.ROLE, NamedKind.SESSION})
        for role in roles:
            arn = self._roles.get((account, role))
            for one in here:
                if one.kind is NamedKind.SESSION and one.name == role:
                    yield Caller(CallerKind.ROLE, account, role, one.text, role=arn)
            yield Caller(CallerKind.ROLE, account, role, role=arn)
        yield Caller(CallerKind.ROLE, account)
        sessions = [one.name for one in here if one.kind is NamedKind.FEDERATED_USER]
        for session in (*sessions, None):
            for user in (None, *users):
                yield Caller(CallerKind.FEDERATED_USER, account, session, user=user)

    def _of(self, wanted: object) -> int:
        assert callable(wanted)
        return sum(1 << at for at, caller in enumerate(self.callers) if wanted(caller))

    def bits(self, named: NamedPrincipal, *, aws_star_is_everybody: bool = True) -> int:
        """Return the callers that a principal matches."""
        kind = named.kind
        if kind is NamedKind.EVERYBODY:
            return self.everybody
        if kind is NamedKind.AWS_EVERYBODY:
            return self.everybody if aws_star_is_everybody else self.everybody & ~self.services
        return self._index.get(_label(named), 0)

    def spared(self, listed: Iterable[NamedPrincipal]) -> int:
        """Return the callers that a Deny with NotPrincipal spares when the account and the role of a
        caller have to be listed beside itself (the other reading R4)."""
        named = list(listed)
        if any(one.kind in {NamedKind.EVERYBODY, NamedKind.AWS_EVERYBODY} for one in named):
            return self.everybody
        accounts = {one.account for one in named if one.kind is NamedKind.ACCOUNT}
        roles = {(one.account, one.name) for one in named if one.kind is NamedKind.ROLE}
        texts = {one.text for one in named}
        labels = set(map(_label, named))

        def is_spared(caller: Caller) -> bool:
            if caller.account is None:
                return bool(labels & set(_labels(caller)))
            if caller.account not in accounts:
                return False
            if caller.kind is CallerKind.ROOT:
                return True
            if caller.kind is CallerKind.ROLE:
                return (caller.account, caller.name) in roles and caller.session in texts
            return caller.name in texts

        return self._of(is_spared)

    def keys(self, caller: Caller) -> Mapping[str, SingleSet]:
        """Return what the derived keys of a class of callers can be."""
        known = self._keys.get(caller)
        if known is None:
            known = self._keys[caller] = self._find_keys(caller)
        return known

    def _find_keys(self, caller: Caller) -> Mapping[str, SingleSet]:
        absent = SingleSet(absent=True, texts=None)
        kind = caller.kind
        if kind in {CallerKind.SERVICE, CallerKind.PROVIDER, CallerKind.CANONICAL}:
            return dict.fromkeys(DERIVED_KEYS, absent)
        found = dict.fromkeys(DERIVED_KEYS, absent)
        found["aws:principaltype"] = _texts([kind.value])
        if kind is CallerKind.ANONYMOUS:
            found["aws:principalaccount"] = _texts(["anonymous"])
            return found
        if caller.account is not None:
            found["aws:principalaccount"] = _texts([caller.account])
        else:
            others = frozenset(map(literal, (*self.accounts, "anonymous")))
            found["aws:principalaccount"] = SingleSet(False, TextSet((frozenset({glob("?*")}),), others))
        account = caller.account or "?*"
        patterns, others_patterns = self._arns(caller, account)
        found["aws:principalarn"] = SingleSet(
            False,
            TextSet((frozenset(map(arn_glob, patterns)),), frozenset(map(arn_glob, others_patterns))),
        )
        if kind is CallerKind.USER:
            name = None if caller.name is None else caller.name.rpartition("/")[2]
            found["aws:username"] = (
                SingleSet(False, TextSet((frozenset({glob("?*")}),))) if name is None else _texts([name])
            )
        return found

    def _arns(self, caller: Caller, account: str) -> tuple[list[str], list[str]]:
        """Return the patterns that the ARN of a caller fits, and those that it does not."""
        outside = []
        if caller.account is None:
            outside = [f"arn:*:{service}::{known}:*" for known in self.accounts for service in ("iam", "sts")]
        rest = [
            c
            for c in self.callers
            if c.account == caller.account and c.kind is caller.kind and c.name is not None
        ]
        if caller.kind is CallerKind.ROOT:
            return [f"arn:?*:iam::{account}:root"], outside
        if caller.kind is CallerKind.ROLE:
            if caller.name is not None:
                partition = "?*" if caller.session is None else caller.session.split(":")[1]
                return _role_arns(account, caller.name, partition), outside
            named = [arn for other in rest if other.name for arn in _role_arns(account, other.name)]
            return [f"arn:?*:iam::{account}:role/?*"], [*outside, *named]
        if caller.name is not None:
            return [caller.name], outside
        named = [other.name for other in rest if other.name]
        body = "iam::%s:user/?*" if caller.kind is CallerKind.USER else "sts::%s:federated-user/?*"
        return ["arn:?*:" + body % account], [*outside, *named]


def _role_arns(account: str, name: str, partition: str = "?*") -> list[str]:
    """Return the ARNs of a role with this name: a session does not tell its path."""
    return [f"arn:{partition}:iam::{account}:role/{name}", f"arn:{partition}:iam::{account}:role/*/{name}"]


def _texts(texts: Iterable[str]) -> SingleSet:
    return SingleSet(False, TextSet((frozenset(map(literal, texts)),)))


_Label: TypeAlias = tuple[NamedKind, str | None, str | None]


def _label(named: NamedPrincipal) -> _Label:
    """Return what a principal and the callers that it matches have in common."""
    if named.kind in {NamedKind.ROLE, NamedKind.ACCOUNT}:
        return (named.kind, named.account, named.name)
    return (named.kind, None, named.text)


def _labels(caller: Caller) -> Iterator[_Label]:
    """Yield the labels of the principals that match a class of callers (section 5)."""
    if caller.account is not None:
        yield (NamedKind.ACCOUNT, caller.account, None)
    if caller.user is not None:
        yield (NamedKind.USER, None, caller.user)
    if caller.name is None:
        return
    if caller.kind is CallerKind.ROLE:
        yield (NamedKind.ROLE, caller.account, caller.name)
        if caller.session is not None:
            yield (NamedKind.SESSION, None, caller.session)
        return
    kind = {
        CallerKind.USER: NamedKind.USER,
        CallerKind.FEDERATED_USER: NamedKind.FEDERATED_USER,
        CallerKind.SERVICE: NamedKind.SERVICE,
        CallerKind.PROVIDER: NamedKind.PROVIDER,
        CallerKind.CANONICAL: NamedKind.CANONICAL,
    }.get(caller.kind)
    if kind is not None:
        yield (kind, None, caller.name)
