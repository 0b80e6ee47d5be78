"""Checks of workloads and accounts: which roles run what, and what an account lacks as far as files tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from iamlint.engine.checks.fields import addresses, field_texts, recipient
from iamlint.engine.subject import GrantSubject, Match, Unit
from iamlint.model import Grant, Hole

__all__ = [
    "analyzer_missing",
    "instance_without_role",
    "mfa_device_missing",
    "same_role",
    "scp_disabled",
    "session_duration_long",
]


def same_role(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a task whose containers run with the role that starts them."""
    grant = subject.grant
    starts = {str(value) for value in grant.fields.get("execution_role", ())}
    if grant.what != "role-use" or not starts:
        return
    for value in grant.fields.get("role", ()):
        if str(value) in starts and not _undecided(value.parts):
            yield Match(value, (str(value),), {"recipient": grant.owner.address, "role": str(value)})
            return


def _undecided(parts: tuple[object, ...]) -> bool:
    """Say whether a hole on the way could be anything, so that two that look alike may differ."""
    return any(isinstance(part, Hole) and part.kind in {"unknown", "condition", "each"} for part in parts)


def instance_without_role(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an EC2 instance without an instance profile, of its own or of a launch template."""
    grant = subject.grant
    if grant.what == "instance" and not any(
        grant.fields.get(name) for name in ("profile", "launch_template", "launch_template_name")
    ):
        yield Match(grant.owner.pointer, (), {"recipient": grant.owner.address}, key_only=True)


_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?")


def session_duration_long(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a permission set whose sessions last longer than `at-most` hours."""
    grant, most = subject.grant, params["at-most"]
    assert isinstance(most, int)
    if grant.what != "declared":
        return
    for value, text, notes in field_texts(grant, "session_duration"):
        match = _DURATION.fullmatch(text)
        if match is None:
            continue
        days, hours, minutes, seconds = (int(number or 0) for number in match.groups())
        if days * 86400 + hours * 3600 + minutes * 60 + seconds > most * 3600:
            yield Match(value, (text,), {"recipient": grant.owner.address, "value": text}, notes=notes)
            return


def mfa_device_missing(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a user with a console password for whom the same files make no MFA device."""
    grant = subject.grant
    if grant.what == "console-password" and not subject.unit.fact(_with_device) & _names_of(grant):
        if _ANYBODY in subject.unit.fact(_with_device):
            return
        yield Match(grant.owner.pointer, (), {"recipient": recipient(grant)}, key_only=True)


_ANYBODY = "*"


def _with_device(unit: Unit) -> frozenset[str]:
    """Return the users whom MFA devices name; `*` where one does not say whose it is."""
    found: set[str] = set()
    for grant in unit.grants:
        if grant.what == "mfa":
            named = _names_of(grant) if grant.fields.get("user") else {_ANYBODY}
            found |= named
    return frozenset(found)


def _names_of(grant: Grant) -> set[str]:
    """Return the names and addresses of the users that a grant is about."""
    names = {str(value) for value in grant.fields.get("user", ())} | set(addresses(grant))
    return names | {name.strip("<>").split(".")[-1] for name in names}


def scp_disabled(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an organization that cannot have service control policies."""
    grant = subject.grant
    if grant.what != "organization":
        return
    for value, text, notes in field_texts(grant, "feature_set"):
        if text == "CONSOLIDATED_BILLING":
            words = {"recipient": grant.owner.address, "problem": "has consolidated billing only"}
            yield Match(value, (text,), words, notes=notes)
            return
    types = grant.fields.get("policy_type", ())
    if any(value.text is None for value in types) or (grant.owner.type or "").startswith("AWS::"):
        # CloudFormation has no property for it: somebody else turns the type on.
        return
    if not any(value.text == "SERVICE_CONTROL_POLICY" for value in types):
        words = {"recipient": grant.owner.address, "problem": "does not turn on the type of policy"}
        yield Match(grant.owner.pointer, (), words, key_only=True)


def analyzer_missing(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find files that set up an account (they have its password policy) and make no analyzer."""
    grant = subject.grant
    if grant.what == "password-policy" and not any(
        one.what == "access-analyzer" for one in subject.unit.grants
    ):
        yield Match(grant.owner.pointer, (), {"recipient": grant.owner.address}, key_only=True)
