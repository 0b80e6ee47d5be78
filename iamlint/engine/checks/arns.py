"""Checks of ARNs: of resources, and of what else names something of AWS by its identifier."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache

from iamlint.catalog import catalog
from iamlint.catalog.datafiles import read
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import PolicyKind, Principal
from iamlint.record import record
from iamlint.semantics.arns import arn_text, known_arn_services
from iamlint.semantics.patterns import overlaps

__all__ = [
    "arn_fault",
    "fault_gate",
    "unique_id",
    "unknown_service",
    "unsupported_action",
    "unsupported_resource",
]

_LONGEST_PREFIX = 64


def fault_gate(params: Mapping[str, object]) -> Callable[[StatementSubject], bool]:
    """Return the question whether a statement has an ARN with some fault at all."""
    return _has_fault


def _has_fault(subject: StatementSubject) -> bool:
    return bool(subject.arn_faults)


def arn_fault(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the resource ARNs whose first fault is `fault`."""
    wanted = params["fault"]
    for value, fault in subject.arn_faults:
        if fault.code == wanted and not _is_short_form(subject, str(value)):
            words = {
                "resource": str(value),
                "found": fault.found,
                "service": fault.service,
                "hint": fault.hint,
            }
            yield Match(value, (str(value),), words)


def _is_short_form(subject: StatementSubject, text: str) -> bool:
    """Say whether a resource is written as API Gateway lets one write it in the policy of an API."""
    return subject.policy.kind is PolicyKind.RESOURCE and text.startswith("execute-api:/")


@lru_cache(maxsize=1_024)
def _unknown_prefix(key: str) -> bool:
    """Say whether a condition key is surely under a prefix that is no service and no identity provider."""
    prefix, colon, _ = key.lower().partition(":")
    if not colon or not prefix or "." in prefix or any(mark in key for mark in "<$"):
        return False
    return prefix not in catalog().key_prefixes() and prefix not in known_arn_services()


def unknown_service(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find resource ARNs and condition keys of services that do not exist."""
    yield from arn_fault(subject, {"fault": "service"})
    for condition in subject.statement.conditions:
        if _unknown_prefix(condition.key):
            prefix = condition.key.partition(":")[0]
            near = catalog().nearest_service(prefix) if len(prefix) < _LONGEST_PREFIX else None
            words = {
                "resource": condition.key,
                "found": prefix,
                "service": prefix,
                "hint": f" (did you mean {near}?)" if near else "",
            }
            yield Match(condition.pointer, (condition.key,), words, key_only=True)


# --- the resource that a policy hangs on ------------------------------------------------------------


@record
class _Holder:
    """What the policy of a kind of resource may speak of: the service of its actions, the patterns of
    its resources, and how messages name the kind."""

    shown: str
    service: str
    resources: tuple[str, ...]


@cache
def _holders() -> Mapping[str, _Holder]:
    """Return the kinds of resources of which it is known, by their neutral word."""
    data = json.loads(read("policy_holders.json"))["holders"]
    return {
        word: _Holder(row["shown"], row["service"], tuple(row["resources"])) for word, row in data.items()
    }


def _holder(subject: StatementSubject) -> _Holder | None:
    """Return what is known of the resource that the policy hangs on; None where it is not known."""
    if subject.policy.kind is PolicyKind.TRUST:
        return _holders()["role"]
    if len(subject.policy.on) != 1:
        return None
    return _holders().get(subject.policy.on[0])


def unsupported_resource(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find resources that cannot be the one that the policy hangs on, nor lie in it."""
    holder = _holder(subject)
    if holder is None or not holder.resources:
        return
    faulty = {value.pointer for value, _ in subject.arn_faults}
    statement = subject.statement
    for value in (*(statement.resources or ()), *(statement.not_resources or ())):
        text = arn_text(value)
        if text is None or not text.startswith("arn:") or value.pointer in faulty:
            continue
        if "${" in text:
            text = text[: text.index("${")] + "*"
        text = text.replace("\0", "*")
        if not any(overlaps(text, pattern) for pattern in holder.resources):
            yield Match(value, (str(value),), {"resource": str(value), "holder": holder.shown})


def unsupported_action(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions of a service other than that of the resource which the policy hangs on."""
    holder = _holder(subject)
    if holder is None:
        return
    statement = subject.statement
    for value in (*(statement.actions or ()), *(statement.not_actions or ())):
        if value.text is None:
            continue
        service, colon, _ = value.text.lower().partition(":")
        # Of a prefix that does not exist another rule speaks.
        if colon and not overlaps(service, holder.service) and subject.catalog.service_bits(service):
            words = {"action": value.text, "holder": holder.shown, "service": holder.service}
            yield Match(value, (value.text,), words, items=(value,))


# --- unique ids -------------------------------------------------------------------------------------


def unique_id(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find AWS principals that are unique ids with the given `prefix` (`AROA` or `AIDA`)."""
    prefix = str(params["prefix"])
    statement = subject.statement
    principals: tuple[Principal, ...] = (*(statement.principals or ()), *(statement.not_principals or ()))
    for principal in principals:
        text = principal.value.text
        if principal.type != "AWS" or text is None or not text.startswith(prefix):
            continue
        rest = text[len(prefix) :]
        if rest and rest.isascii() and rest.isalnum() and rest == rest.upper():
            yield Match(principal.value, (text,), {"id": text})
