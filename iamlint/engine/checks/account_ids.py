"""Checks of account ids: those that are written out, and those that a permission or a share lets in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.checks.fields import addresses, recipient
from iamlint.engine.checks.policy_facts import aws_accounts
from iamlint.engine.judge import listed
from iamlint.engine.subject import GrantSubject, Match, Settings, StatementSubject, Unit
from iamlint.model import Statement, Value
from iamlint.semantics.patterns import matches, pattern_text
from iamlint.semantics.principals import is_account_id

__all__ = ["foreign_grant", "key_without_policy", "unknown_account"]

_LONGEST_LIST = 20_000
"""Characters; a document is shared with a thousand accounts at most."""


def _account_in(value: Value) -> str | None:
    """Return the account id that a value is, or that its ARN names; None where it is a hole or absent."""
    text = pattern_text(value)
    if is_account_id(text):
        return text
    fields = text.split(":", 5)
    if len(fields) == 6 and fields[0] == "arn" and is_account_id(fields[4]):
        return fields[4]
    return None


def _is_known(value: Value, account: str, settings: Settings) -> bool:
    if account in settings.accounts or account in aws_accounts():
        return True
    text = value.text
    return text is not None and any(matches(pattern, text) for pattern in settings.allowed_principals)


def _written_values(statement: Statement) -> Iterator[Value]:
    for principal in (*(statement.principals or ()), *(statement.not_principals or ())):
        yield principal.value
    yield from (*(statement.resources or ()), *(statement.not_resources or ()))
    for condition in statement.conditions:
        yield from condition.values


def unknown_account(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find account ids, written out anywhere in a statement, that the settings do not list."""
    found: dict[str, Value] = {}
    for value in _written_values(subject.statement):
        account = _account_in(value)
        if account is not None and not _is_known(value, account, subject.settings):
            found.setdefault(account, value)
    if found:
        first, *others = found.values()
        marks = tuple((value, "") for value in others)
        yield Match(first, tuple(found), {"accounts": listed(found)}, marks=marks)


def foreign_grant(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a permission or share (`what`) for accounts that the settings do not list.

    An organisation beside the account bounds it.
    """
    grant = subject.grant
    what = params["what"]
    assert isinstance(what, list | tuple)  # INVARIANT: the loader has tested it
    if grant.what not in what or grant.fields.get("principal_org_id") or grant.fields.get("organization_id"):
        return
    found: dict[str, Value] = {}
    for value in grant.fields.get("principal", ()):
        for account in _shared_with(value):
            if not _is_known(value, account, subject.settings):
                found.setdefault(account, value)
    if found:
        first, *others = dict.fromkeys(found.values())
        words = {"recipient": recipient(grant), "accounts": listed(found)}
        yield Match(first, tuple(found), words, marks=tuple((value, "") for value in others))


def _shared_with(value: Value) -> Iterator[str]:
    """Yield the accounts that a principal names; some formats take a list with commas. The account in the
    ARN of an organisation is its owner."""
    text = value.text
    if text is not None and "," in text and len(text) <= _LONGEST_LIST:
        yield from filter(is_account_id, map(str.strip, text.split(",")))
    elif ":organizations:" not in pattern_text(value):
        account = _account_in(value)
        if account is not None:
            yield account


def key_without_policy(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a KMS key for which the files write no policy, on it or beside it."""
    grant = subject.grant
    if grant.what != "declared" or grant.fields.get("policy"):
        return
    if subject.unit.fact(_with_policy).isdisjoint(addresses(grant)):
        yield Match(grant.pointer, (), {"recipient": recipient(grant)}, key_only=True)


def _with_policy(unit: Unit) -> frozenset[str]:
    """Return the addresses of what has a policy in the same files."""
    found: set[str] = set()
    for policy in unit.policies:
        found.add(policy.owner.address)
        found.update(policy.attachments)
        found.update(policy.carriers)
    return frozenset(found)
