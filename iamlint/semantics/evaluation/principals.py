"""Whom the principals of a statement match, and what kind of grant that is.

Source: IAM user guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from iamlint.model import Principal
from iamlint.semantics.evaluation.caller import Caller, CallerKind
from iamlint.semantics.evaluation.readings import Readings

__all__ = ["PrincipalTest", "Via"]


class Via(enum.IntEnum):
    """How a resource policy's Allow reaches the caller; a higher one is limited by less."""

    NOTHING = 0
    ACCOUNT = 1
    """By the caller's account: it delegates to that account's own policies."""
    SESSION_OF = 2
    """By the role or user whose session the caller is: boundary and session policy still limit."""
    DIRECT = 3
    """By the caller itself or by everybody: implicit denies elsewhere do not limit."""


_UNIQUE_IDS = ("AIDA", "AROA", "AGPA", "AIPA", "ANPA", "ANVA", "APKA", "ASCA", "AKIA", "ASIA", "ABIA", "ACCA")
"""Prefixes of IAM's unique ids (IAM user guide, "IAM identifiers")."""


class PrincipalTest:
    """The principals of one element, sorted by what they match."""

    __slots__ = (
        "accounts",
        "aws_star",
        "canonicals",
        "identities",
        "providers",
        "roles",
        "services",
        "star",
    )

    def __init__(self, principals: tuple[Principal, ...], refuse: Callable[[Principal, str], None]) -> None:
        """`refuse` is called for each principal that is not valid, with the reason."""
        self.star = False
        self.aws_star = False
        self.accounts: set[str] = set()
        # Users and sessions, by their ARN.
        self.identities: set[str] = set()
        # Roles by account and name: the ARN of a session has the role's name without its path.
        self.roles: set[tuple[str, str]] = set()
        self.services: set[str] = set()
        self.providers: set[str] = set()
        self.canonicals: set[str] = set()
        for principal in principals:
            text = principal.value.text
            if text is None:
                continue
            reason = self._add(principal.type, text)
            if reason:
                refuse(principal, reason)

    def _add(self, kind: str, text: str) -> str:
        """Take in one principal; return why it is not valid, or nothing."""
        if kind == "*":
            self.star = True
            return ""
        if kind == "AWS":
            return self._add_aws(text)
        if "*" in text or "?" in text or not text or text != text.strip():
            return f"{text!r} is not one {kind} principal"
        if kind == "Service":
            self.services.add(text)
        elif kind == "Federated":
            self.providers.add(text)
        elif kind == "CanonicalUser":
            self.canonicals.add(text)
        else:
            return f"{kind!r} is not a type of principal"
        return ""

    def _add_aws(self, text: str) -> str:
        if text == "*":
            self.aws_star = True
            return ""
        if "*" in text or "?" in text:
            return f"{text!r} holds a wildcard; a principal takes none but a lone *"
        if len(text) == 12 and text.isascii() and text.isdigit():
            self.accounts.add(text)
            return ""
        if ":" not in text and len(text) >= 16 and text.startswith(_UNIQUE_IDS) and text.isalnum():
            # A principal that was deleted, or is not resolved yet: nobody known.
            return ""
        parts = text.split(":", 5)
        if len(parts) == 6 and parts[0] == "arn" and parts[1] and not parts[3] and parts[4]:
            service, account, body = parts[2], parts[4], parts[5]
            kind, _, name = body.partition("/")
            last = name.rpartition("/")[2]
            if service == "iam" and body == "root":
                self.accounts.add(account)
                return ""
            if service == "iam" and kind == "role" and last:
                self.roles.add((account, last))
                return ""
            two = name.split("/")
            if (
                (service == "iam" and kind == "user" and last)
                or (service == "sts" and kind == "federated-user" and name)
                or (service == "sts" and kind == "assumed-role" and len(two) == 2 and all(two))
            ):
                self.identities.add(text)
                return ""
        return f"{text!r} is neither an account nor the ARN of a user, role or session"

    def via(self, caller: Caller, folded_action: str, readings: Readings) -> Via:
        """Return how the principals reach the caller: the strongest way, or NOTHING."""
        kind = caller.kind
        if self.star or (
            self.aws_star and (kind is not CallerKind.SERVICE or readings.aws_star_is_everybody)
        ):
            return Via.DIRECT
        if kind is CallerKind.SERVICE:
            return Via.DIRECT if caller.text in self.services else Via.NOTHING
        if kind is CallerKind.FEDERATED:
            asserted = folded_action.startswith("sts:assumerolewith") and caller.text in self.providers
            return Via.DIRECT if asserted else Via.NOTHING
        if caller.session and caller.text in self.identities:
            return Via.DIRECT
        if caller.role_name is not None and (caller.account, caller.role_name) in self.roles:
            return Via.SESSION_OF
        if caller.user is not None and caller.user in self.identities:
            return Via.SESSION_OF
        if caller.account in self.accounts or caller.canonical_id in self.canonicals:
            return Via.ACCOUNT
        return Via.NOTHING

    def spares(self, caller: Caller, folded_action: str, readings: Readings) -> bool:
        """Say, for NotPrincipal in a Deny under the reading `parents`, whether the caller is exempt:
        its account, its role if it is a session of one, and itself must each be listed."""
        if self.star or self.aws_star or caller.account is None:
            return self.via(caller, folded_action, readings) is not Via.NOTHING
        if caller.account not in self.accounts:
            return False
        if caller.kind is CallerKind.ROOT:
            return True
        if caller.role_name is not None:
            if (caller.account, caller.role_name) not in self.roles:
                return False
            return not caller.session or caller.text in self.identities
        return caller.text in self.identities
