"""Which escalation paths a finding about one statement stands for: their ids, for `properties.paths`."""

from __future__ import annotations

from iamlint.engine.principals.escalation import FoundPath
from iamlint.engine.principals.facts import policy_held
from iamlint.engine.principals.graph import standing_of
from iamlint.engine.principals.joining import lone_holder
from iamlint.engine.subject import PolicySubject, StatementSubject

__all__ = ["path_ids"]


def path_ids(subject: StatementSubject, bits: int) -> list[str]:
    """Return the ids of the paths that the policy by itself opens with some action of the set `bits` in this
    statement, in the order of the table."""
    names = set(subject.catalog.names(bits))
    place = subject.statement.pointer
    return [
        found.path.id
        for found in subject.owner.fact(_open_paths)
        if any(use.action in names and use.held.statement.pointer == place for use in found.uses)
    ]


def _open_paths(subject: PolicySubject) -> tuple[FoundPath, ...]:
    return standing_of(lone_holder(policy_held(subject.policy)), None).paths
