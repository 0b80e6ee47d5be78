"""Who a principal is: everybody, an account, one identity, a service, a federation.

Source: the IAM user guide, AWS JSON policy elements: Principal.
"""

from __future__ import annotations

import enum

from iamlint.model import Hole, Principal, Statement
from iamlint.record import record
from iamlint.semantics.patterns import has_wildcard

__all__ = ["Party", "PartyKind", "is_account_id", "parties", "party"]


class PartyKind(enum.Enum):
    """What a principal stands for."""

    EVERYBODY = "everybody"
    ACCOUNT = "account"
    ROLE = "role"
    USER = "user"
    SESSION = "session"
    SERVICE = "service"
    FEDERATED = "federated"
    CANONICAL = "canonical"
    UNIQUE_ID = "unique-id"
    UNKNOWN = "unknown"
    MALFORMED = "malformed"


@record
class Party:
    """A principal understood. `account` is the literal account id, None when it is a hole or there
    is none; `own_account` is set when the account is the one that the template is deployed to.
    `wildcard` is set when the text holds a wildcard where IAM takes none."""

    principal: Principal
    kind: PartyKind
    account: str | None = None
    own_account: bool = False
    wildcard: bool = False


_MADE_HERE = frozenset({"resource", "attribute"})
"""Kinds of holes for the ARN of something that the same files create or look up."""

_UNIQUE_IDS = ("AIDA", "AROA", "AGPA", "ANPA", "AKIA", "ASIA")


def is_account_id(text: str) -> bool:
    """Say whether `text` is an account id: twelve digits."""
    return len(text) == 12 and text.isascii() and text.isdigit()


def party(principal: Principal) -> Party:
    """Return what one principal stands for."""
    kind, value = principal.type, principal.value
    if kind == "*":
        return Party(principal, PartyKind.EVERYBODY)
    if kind == "Service":
        return Party(principal, PartyKind.SERVICE, wildcard=has_wildcard(value.literal))
    if kind == "Federated":
        return Party(principal, PartyKind.FEDERATED, account=_account_field(principal))
    if kind == "CanonicalUser":
        return Party(principal, PartyKind.CANONICAL)
    if kind != "AWS":
        return Party(principal, PartyKind.UNKNOWN if kind == "?" else PartyKind.MALFORMED)
    if value.text == "*":
        return Party(principal, PartyKind.EVERYBODY)
    if value.text is not None:
        if is_account_id(value.text):
            return Party(principal, PartyKind.ACCOUNT, account=value.text)
        if value.text.startswith(_UNIQUE_IDS) and ":" not in value.text:
            return Party(principal, PartyKind.UNIQUE_ID)
    hole = value.hole
    if hole is not None:
        if hole.alphabet == "account":
            return Party(principal, PartyKind.ACCOUNT, own_account=_is_own_account(hole))
        if hole.arn is None:
            return Party(principal, PartyKind.UNKNOWN)
    fields = arn_fields(principal)
    if len(fields) < 6:
        return Party(principal, PartyKind.UNKNOWN if value.text is None else PartyKind.MALFORMED)
    service, account, body = fields[2], fields[4], "".join(_shown(part) for part in fields[5])
    literal = account[0] if len(account) == 1 and isinstance(account[0], str) else None
    own = len(account) == 1 and isinstance(account[0], Hole) and _is_own_account(account[0])
    if hole is not None and hole.kind in _MADE_HERE:
        own = True
    wildcard = any(isinstance(part, str) and has_wildcard(part) for field in fields[1:] for part in field)
    if literal is not None and has_wildcard(literal):
        # arn:aws:iam::*:root and the like: whoever it is, it is not one account's.
        return Party(principal, PartyKind.EVERYBODY, wildcard=True)
    if "".join(_shown(part) for part in service) not in {"iam", "sts"}:
        return Party(principal, PartyKind.MALFORMED, literal, own, wildcard)
    for prefix, found in (
        ("root", PartyKind.ACCOUNT),
        ("role/", PartyKind.ROLE),
        ("user/", PartyKind.USER),
        ("assumed-role/", PartyKind.SESSION),
        ("federated-user/", PartyKind.SESSION),
    ):
        if body == prefix or (prefix.endswith("/") and body.startswith(prefix)):
            return Party(principal, found, literal, own, wildcard)
    if value.text is None:
        return Party(principal, PartyKind.UNKNOWN, literal, own, wildcard)
    return Party(principal, PartyKind.MALFORMED, literal, own, wildcard)


def parties(statement: Statement) -> tuple[Party, ...]:
    """Return what the principals of a statement stand for; empty without a Principal element."""
    return tuple(party(principal) for principal in statement.principals or ())


def arn_fields(principal: Principal) -> list[list[str | Hole]]:
    """Split the value at its first five colons; each field is a list of text and holes.

    A hole that is a whole ARN is replaced by the pattern that it matches.
    """
    fields: list[list[str | Hole]] = [[]]
    for part in principal.value.segments:
        if isinstance(part, Hole):
            if part.arn is not None and len(fields) == 1 and not fields[0]:
                pieces = part.arn.split(":", 5)
                fields = [[] if piece == "*" else ([piece] if piece else []) for piece in pieces]
                for index, piece in enumerate(pieces):
                    if piece == "*":
                        fields[index] = [Hole("unknown", part.name)]
                continue
            fields[-1].append(part)
            continue
        pieces = part.split(":", 6 - len(fields)) if len(fields) < 6 else [part]
        if pieces[0]:
            fields[-1].append(pieces[0])
        for piece in pieces[1:]:
            fields.append([piece] if piece else [])
    return fields


def _is_own_account(hole: Hole) -> bool:
    """Say whether the hole is the account that the files are deployed to (`AWS::AccountId`,
    `data.aws_caller_identity`)."""
    return hole.kind == "pseudo" and hole.alphabet == "account"


def _account_field(principal: Principal) -> str | None:
    fields = arn_fields(principal)
    if len(fields) >= 6 and len(fields[4]) == 1 and isinstance(fields[4][0], str):
        return fields[4][0]
    return None


def _shown(part: str | Hole) -> str:
    return part if isinstance(part, str) else "\0"
