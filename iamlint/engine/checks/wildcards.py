"""Checks of wildcards in actions and resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.subject import Match, StatementSubject

__all__ = ["action_pattern", "full_admin"]


def full_admin(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an Allow of `*` on `*` that nothing bounds; what a Deny takes away is honoured."""
    star = subject.star_resource
    if star is None or subject.bounded or subject.owner.denied:
        return
    for value in subject.statement.actions or ():
        if value.text in {"*", "*:*"}:
            yield Match(value, (value.text,), marks=((star, "on every resource"),))
            return


def action_pattern(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions written exactly as one of the patterns, without letter case."""
    patterns = params["patterns"]
    assert isinstance(patterns, list | tuple)
    if params["effect"] == "Allow" and not subject.statement.is_allow:
        return
    found = [v for v in subject.statement.actions or () if v.text is not None and v.text.lower() in patterns]
    if found:
        names = tuple(str(value) for value in found)
        yield Match(found[0], names, {"actions": ", ".join(names)}, marks=tuple((v, "") for v in found[1:]))
