"""Who makes a request, and which keys of the request follow from that.

Sources: IAM user guide, "AWS JSON policy elements: Principal", "AWS global condition context keys",
and the table of principal key values under "IAM policy elements: variables and tags".
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from functools import lru_cache

from iamlint.record import record, replace
from iamlint.semantics.evaluation.errors import RequestError

__all__ = ["Caller", "CallerKind", "parse_caller"]


class CallerKind(enum.Enum):
    """The sorts of principal that can make a request."""

    ANONYMOUS = "anonymous caller"
    ROOT = "account root user"
    USER = "IAM user"
    ROLE_SESSION = "role session"
    FEDERATED_USER = "federated-user session"
    SERVICE = "service principal"
    FEDERATED = "federated identity"
    CANONICAL = "canonical user"


@record
class Caller:
    """The principal of a request.

    `text` is its ARN, service name, provider, canonical id, or `anonymous`. `account` is the account
    it belongs to, where it belongs to one that is known. `role` is the role's ARN and `role_name` its
    name, for sessions of roles; `session` is false when only the role is known, not which session.
    `user` is the ARN of the user behind a federated-user session, if known; `canonical_id` the S3 id
    of the caller's account, if known.
    """

    kind: CallerKind
    text: str
    account: str | None = None
    role: str | None = None
    role_name: str | None = None
    session: bool = True
    user: str | None = None
    canonical_id: str | None = None

    @property
    def is_service_linked(self) -> bool:
        """Whether it is a session of a service-linked role, which organisation policies leave alone."""
        return self.role is not None and ":role/aws-service-role/" in self.role

    def derived_keys(self) -> Mapping[str, str]:
        """Return the condition keys that follow from the principal, by lower-case name.

        The unique id of a user or role is not in its ARN, so `aws:userid` follows for some kinds only.
        """
        return _derived_keys(self)


_WEB_PROVIDERS = frozenset(
    {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
)
"""Web identity providers that need no ARN (IAM user guide, "Principal", OIDC federated principals)."""

_LONGEST = 2048


def parse_caller(principal: str | Mapping[str, object] | Caller) -> Caller:
    """Return the caller that `principal` names.

    A text is an ARN (user, root, role session, federated-user session, identity provider; a role's own
    ARN stands for some session of it), a service principal name, a web identity provider, a canonical
    user id, or `anonymous`. An object has `arn` and beside it what the ARN does not tell: `role` (the
    ARN of the session's role, where that has a path), `user` (of a federated-user session),
    `canonical_user` (the S3 id of the account). Raises RequestError.
    """
    if isinstance(principal, Caller):
        return principal
    if isinstance(principal, str):
        return _parse_text(principal)
    if not isinstance(principal, Mapping):
        raise RequestError(f"principal: must be a text or an object, not {type(principal).__name__}")
    unknown = [key for key in principal if key not in {"arn", "role", "user", "canonical_user"}]
    if unknown:
        raise RequestError(
            f"principal: there is no field {unknown[0]!r}", help="it has arn, role, user, canonical_user"
        )
    texts = {}
    for key, value in principal.items():
        if not isinstance(value, str) or not value:
            raise RequestError(f"principal.{key}: must be a text that is not empty")
        texts[key] = value
    if "arn" not in texts:
        raise RequestError("principal: arn is missing")
    caller = _parse_text(texts["arn"])
    if "role" in texts:
        caller = _with_role(caller, texts["role"])
    if "user" in texts:
        user = _parse_text(texts["user"])
        if caller.kind is not CallerKind.FEDERATED_USER or user.kind is not CallerKind.USER:
            raise RequestError("principal.user: is the ARN of the user behind a federated-user session")
        if user.account != caller.account:
            raise RequestError("principal.user: is in another account than the session")
        caller = replace(caller, user=user.text)
    if "canonical_user" in texts:
        caller = replace(caller, canonical_id=texts["canonical_user"])
    return caller


def _with_role(caller: Caller, text: str) -> Caller:
    role = _parse_text(text)
    if caller.kind is not CallerKind.ROLE_SESSION or role.kind is not CallerKind.ROLE_SESSION or role.session:
        raise RequestError("principal.role: is the ARN of the role of an assumed-role session")
    if (role.account, role.role_name) != (caller.account, caller.role_name):
        raise RequestError(f"principal.role: {text!r} is not the role of the session {caller.text!r}")
    return replace(caller, role=role.role)


@lru_cache(maxsize=4096)
def _parse_text(text: str) -> Caller:
    if text == "anonymous":
        return Caller(CallerKind.ANONYMOUS, text)
    if len(text) > _LONGEST or any(letter in text for letter in "*?") or text != text.strip() or not text:
        raise RequestError(f"principal: {text[:60]!r} is not one principal")
    if text.startswith("arn:"):
        return _parse_arn(text)
    if text in _WEB_PROVIDERS:
        return Caller(CallerKind.FEDERATED, text)
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return Caller(CallerKind.CANONICAL, text, canonical_id=text)
    if "." in text and ":" not in text and "/" not in text and " " not in text:
        return Caller(CallerKind.SERVICE, text)
    raise RequestError(
        f"principal: {text[:60]!r} is none",
        help="write an ARN (arn:aws:iam::111122223333:user/name), a service principal name, or anonymous",
    )


def _parse_arn(text: str) -> Caller:
    parts = text.split(":", 5)
    if len(parts) == 6 and parts[1] and not parts[3] and parts[4]:
        _, partition, service, _, account, body = parts
        kind, _, name = body.partition("/")
        last = name.rpartition("/")[2]
        if service == "iam" and body == "root":
            return Caller(CallerKind.ROOT, text, account)
        if service == "iam" and kind == "user" and last:
            return Caller(CallerKind.USER, text, account)
        if service == "iam" and kind == "role" and last:
            return Caller(CallerKind.ROLE_SESSION, text, account, role=text, role_name=last, session=False)
        if service == "iam" and kind in {"saml-provider", "oidc-provider"} and name:
            return Caller(CallerKind.FEDERATED, text)
        if service == "sts" and kind == "assumed-role":
            role, _, session = name.partition("/")
            if role and session and "/" not in session:
                arn = f"arn:{partition}:iam::{account}:role/{role}"
                return Caller(CallerKind.ROLE_SESSION, text, account, role=arn, role_name=role)
        if service == "sts" and kind == "federated-user" and name:
            return Caller(CallerKind.FEDERATED_USER, text, account)
    raise RequestError(
        f"principal: {text[:100]!r} is not the ARN of a principal",
        help="a user, the root user, a role or its session, a federated-user session, or a provider",
    )


@lru_cache(maxsize=4096)
def _derived_keys(caller: Caller) -> Mapping[str, str]:
    if caller.kind is CallerKind.ANONYMOUS:
        return {
            "aws:principalaccount": "anonymous",
            "aws:principaltype": "Anonymous",
            "aws:userid": "anonymous",
        }
    if caller.account is None:
        # Services and identities of a provider: AWS does not document what they have here.
        return {}
    keys = {"aws:principalarn": caller.role or caller.text, "aws:principalaccount": caller.account}
    if caller.kind is CallerKind.ROOT:
        keys["aws:principaltype"] = "Account"
        keys["aws:userid"] = caller.account
    elif caller.kind is CallerKind.USER:
        keys["aws:principaltype"] = "User"
        keys["aws:username"] = caller.text.rpartition("/")[2]
    elif caller.kind is CallerKind.FEDERATED_USER:
        keys["aws:principaltype"] = "FederatedUser"
        keys["aws:userid"] = f"{caller.account}:{caller.text.partition('/')[2]}"
    else:
        keys["aws:principaltype"] = "AssumedRole"
    return keys
