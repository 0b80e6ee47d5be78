"""Checks of access that is sensitive by what it reaches, or by being given without any condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.catalog import catalog
from iamlint.engine.action_sets import ActionSet, action_sets
from iamlint.engine.checks.spec import Gate
from iamlint.engine.checks.wording import actions_match, names_in, prepared, texts
from iamlint.engine.scope import reach
from iamlint.engine.subject import Match, PolicySubject, StatementSubject
from iamlint.model import Statement, Value
from iamlint.record import record
from iamlint.semantics.arns import arn_text
from iamlint.semantics.patterns import covers, overlaps

__all__ = ["access_gate", "access_to", "unconditioned_actions", "unconditioned_gate"]

_LONGEST = 2_048
"""Characters of the longest resource that is compared."""
_MOST_PAIRS = 10_000
"""Resources of one statement and Denies of its policy that are compared with each other."""


@record
class _Guarded:
    """What a rule guards: actions as a set, resources as patterns, and whether a resource that is only in
    part within them counts."""

    actions: ActionSet
    resources: tuple[str, ...]
    in_part: bool

    @classmethod
    def of(cls, params: Mapping[str, object]) -> _Guarded:
        resources = texts(params, "resources")
        return cls(ActionSet(texts(params, "actions")), resources, params["in-part"] is True)

    def touched_by(self, text: str) -> list[str]:
        """Return the patterns that a resource is about."""
        if self.in_part:
            return [pattern for pattern in self.resources if overlaps(text, pattern)]
        return [pattern for pattern in self.resources if covers(pattern, text)]


def access_gate(params: Mapping[str, object]) -> Gate:
    """Return the question whether a statement grants some guarded action."""
    return Gate("granted", prepared(params, _Guarded.of).actions.most)


def access_to(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow of some of `actions` on a resource that may be one of the patterns `resources`.

    With `in-part` a resource that takes in some of what a pattern does counts too, the star for one; else
    only one that lies within a pattern. A hole is taken for a name without wildcards. A condition that
    narrows the request clears the statement, as does a Deny without a condition that takes in the resource.
    """
    guarded = prepared(params, _Guarded.of)
    bits = guarded.actions.within(subject.granted)
    if not bits or subject.narrowed:
        return
    resources = subject.statement.resources or ()
    if len(resources) * len(subject.owner.fact(_denies)) > _MOST_PAIRS:
        return
    for value in resources:
        text = arn_text(value)
        touched = [] if text is None or len(text) > _LONGEST else guarded.touched_by(text)
        denied = ~0
        for pattern in touched:
            denied &= _denied_on(subject, (pattern, str(text)))
        hits = list(subject.actions_granting(bits & ~denied))
        if hits:
            items = [item for item, _ in hits]
            found = 0
            for _, some in hits:
                found |= some
            words = {"actions": names_in(subject.catalog, found), "resource": str(value)}
            evidence = (*map(str, items), str(value))
            yield actions_match(items, evidence, words, subject, ((value, "on this resource"),))
            return


def _denied_on(subject: StatementSubject, patterns: tuple[str, ...]) -> int:
    """Return the actions that the policy denies, without a condition, on all of one of the patterns."""
    bits = 0
    for statement, denied in subject.owner.fact(_denies):
        if any(_takes_in(statement, text) for text in patterns):
            bits |= denied
    return bits


def _denies(subject: PolicySubject) -> tuple[tuple[Statement, int], ...]:
    """Return the Denies of the policy that hold always, each with its actions."""
    return tuple(
        (one, subject.action_bits(one))
        for one in subject.policy.statements or ()
        if one.is_deny and not (one.conditions or one.unread_condition or one.when)
    )


def _takes_in(statement: Statement, pattern: str) -> bool:
    for value in statement.resources or ():
        text = value.text
        if text is None or value.when:
            continue
        # An account lies in one partition, so a Deny that names one is about all resources there are.
        wanted = pattern
        if pattern.startswith("arn:*:") and text.startswith("arn:"):
            wanted = f"arn:{text.split(':', 2)[1]}:{pattern[6:]}"
        if covers(text, wanted):
            return True
    return False


def _of_sets(params: Mapping[str, object]) -> ActionSet:
    return action_sets().find(texts(params, "sets"))


def unconditioned_gate(params: Mapping[str, object]) -> Gate:
    """Return the question whether a statement grants some action of the sets."""
    return Gate("granted", prepared(params, _of_sets).most)


def unconditioned_actions(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow of actions of the `sets` on named resources under no condition at all. What the
    statement leaves open, and what concerns the caller alone, is left to other rules."""
    statement = subject.statement
    if statement.conditions or statement.unread_condition:
        return
    bits = prepared(params, _of_sets).within(subject.granted) & ~subject.unscoped
    resources = statement.resources or ()
    if not bits or not resources or all(reach(value).caller for value in resources):
        return
    hits = list(subject.actions_granting(bits))
    if hits:
        items: list[Value] = [value for value, _ in hits]
        words = {"actions": names_in(catalog(), bits), "resource": str(resources[0])}
        yield actions_match(items, tuple(map(str, items)), words, subject)
