"""Permissiveness as a number: how much each policy grants, by access level."""

from __future__ import annotations

from collections.abc import Iterable

from iamlint.catalog import AccessLevel
from iamlint.engine.subject import PolicySubject, Settings, StatementSubject, features_of
from iamlint.model import Extraction, Policy, PolicyKind
from iamlint.report.summary_report import LEVELS, LevelCount, SummaryRow
from iamlint.semantics.principals import Party, PartyKind

__all__ = ["summarize"]

_LEVELS = {level.value: level for level in AccessLevel}


def summarize(extractions: Iterable[Extraction]) -> list[SummaryRow]:
    """Return a row for each policy, the widest first, equals in path order.

    Only what a policy allows by itself is counted: the whole of what a principal may do needs all
    of its policies.
    """
    rows = [_row(policy) for extraction in extractions for policy in extraction.policies]
    return sorted(rows, key=lambda row: (tuple(-n for n in row.weight), row.path, row.line or 0, row.owner))


def _row(policy: Policy) -> SummaryRow:
    subject = PolicySubject(policy, Settings())
    known = subject.catalog
    everywhere = named = 0
    resources = conditions = denies = unknown = 0
    principals: dict[str, None] = {}
    for statement in policy.statements or ():
        if statement.is_deny:
            denies += 1
            continue
        if not statement.is_allow:
            continue
        view = StatementSubject(subject, statement, features_of(statement))
        values = (*(statement.actions or ()), *(statement.not_actions or ()), *(statement.resources or ()))
        unknown += sum(1 for value in values if value.text is None)
        conditions += len(statement.conditions) + statement.unread_condition
        # In a resource policy the resource is what the policy is attached to: never "all".
        attached = policy.kind in {PolicyKind.RESOURCE, PolicyKind.TRUST}
        wide = not attached and (
            statement.not_resources is not None
            or any(value.text == "*" for value in statement.resources or ())
        )
        if wide:
            everywhere |= view.granted
        else:
            named |= view.granted
        resources += sum(1 for value in statement.resources or () if value.text != "*")
        if statement.not_principals is not None:
            principals["all but some"] = None
        for one in view.parties:
            principals[_who(one)] = None
    named &= ~everywhere
    levels = []
    for name in LEVELS:
        bits = known.with_level(_LEVELS[name])
        levels.append(LevelCount(known.count(everywhere & bits), known.count(named & bits)))
    place = policy.document.key_span(policy.anchor) if policy.document.has_lines else None
    return SummaryRow(
        path=policy.document.path if place is None else place.path,
        line=None if place is None else place.start_line,
        owner=policy.owner.address,
        kind=policy.kind.value,
        name=None if policy.name is None else str(policy.name),
        services=tuple(known.services_of(everywhere | named)),
        levels=tuple(levels),
        resources=resources,
        conditions=conditions,
        principals=tuple(principals),
        denies=denies,
        unknown=unknown,
        readable=policy.statements is not None,
    )


def _who(party: Party) -> str:
    """Return a short word for a principal."""
    if party.kind is PartyKind.EVERYBODY:
        return "everybody"
    if party.own_account:
        return "own account"
    if party.kind is PartyKind.ACCOUNT and party.account is not None:
        return f"account {party.account}"
    text = str(party.principal.value)
    if party.kind is PartyKind.SERVICE:
        return text.removesuffix(".amazonaws.com")
    return text.rpartition(":")[2] or text
