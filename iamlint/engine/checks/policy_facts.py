"""Facts about services, accounts, issuers and condition keys that the checks share.

They are in `catalog/data/*_facts.json`, each with its source and date; a file is read when a check
first asks, once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache

from iamlint.record import record

__all__ = [
    "Issuer",
    "aws_accounts",
    "condition_keys",
    "destructive_actions",
    "harmless_for_services",
    "open_subject_prefixes",
    "self_service_actions",
    "service_list",
    "shared_issuers",
    "web_identity_claims",
    "without_source",
]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_DATA = os.path.join(_PACKAGE, "catalog", "data")


@record
class Issuer:
    """An issuer of web identity tokens that many customers share. `claims` are those of which one
    must be pinned to say whose tokens are meant, `subjects` what its subjects begin with before the
    tenant is named; no issuer has more than a few of either."""

    claims: tuple[str, ...]
    subjects: tuple[str, ...]


@cache
def _file(name: str) -> Mapping[str, object]:
    with open(os.path.join(_DATA, f"{name}_facts.json"), encoding="utf-8") as file:
        data: Mapping[str, object] = json.load(file)
    return data


def _section(file: str, name: str) -> Mapping[str, object]:
    section = _file(file)[name]
    assert isinstance(section, dict)  # INVARIANT: the files are part of the package
    return section


def _texts(value: object) -> tuple[str, ...]:
    assert isinstance(value, list)  # INVARIANT: as above
    return tuple(map(str, value))


@cache
def service_list(name: str) -> frozenset[str]:
    """Return a list of service principals.

    `sends-source-keys`: they send aws:SourceArn or aws:SourceAccount when they assume a role.
    `compute`: they run the customer's code with the role. `resource-callers`: they send these keys
    when they call a queue, topic, bucket or key.
    """
    if name == "resource-callers":
        return frozenset(_texts(_section("resource_policy", "service_sources")["services"]))
    return frozenset(_texts(_section("trust", name.replace("-", "_"))["services"]))


@cache
def harmless_for_services() -> tuple[str, ...]:
    """Return the actions that tell a service of another account nothing worth having."""
    return _texts(_section("resource_policy", "service_sources")["harmless_actions"])


@cache
def without_source(service: str) -> tuple[str, ...]:
    """Return the prefixes of the services that this service calls without a source, or to no harm."""
    known = _section("resource_policy", "service_sources")["not_when_calling"]
    assert isinstance(known, dict)  # INVARIANT: as above
    return _texts(known.get(service, []))


@cache
def aws_accounts() -> frozenset[str]:
    """Return the accounts of AWS itself that customers let write logs and reports."""
    return frozenset(_texts(_section("resource_policy", "aws_accounts")["accounts"]))


@cache
def shared_issuers() -> Mapping[str, Issuer]:
    """Return the web identity issuers that many customers share, by address without scheme."""
    shared = _section("trust", "oidc_issuers")["shared"]
    assert isinstance(shared, dict)  # INVARIANT: as above
    return {host: Issuer(_texts(of["claims"]), _texts(of["subjects"])) for host, of in shared.items()}


@cache
def open_subject_prefixes() -> tuple[str, ...]:
    """Return how subjects of private issuers begin before they name anybody."""
    return _texts(_section("trust", "oidc_issuers")["open_subject_prefixes"])


@cache
def condition_keys(name: str) -> frozenset[str]:
    """Return a list of condition keys, in small letters."""
    return frozenset(key.lower() for key in _texts(_file("condition_key")[name]))


@cache
def web_identity_claims() -> frozenset[str]:
    """Return the claims that say who a web identity token is for or about."""
    return frozenset(_texts(_file("condition_key")["web_identity_claims"]))


@cache
def destructive_actions() -> tuple[str, ...]:
    """Return the actions that destroy data, keys or the audit trail for good."""
    return _texts(_section("mfa", "destructive_actions")["actions"])


@cache
def self_service_actions() -> tuple[str, ...]:
    """Return the actions that a user needs to set up MFA, so before having it."""
    return _texts(_section("mfa", "iam_self_service")["actions"])
