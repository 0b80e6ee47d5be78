"""Advice for a statement of a bare document, by the makers that a rule would name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iamlint.engine.advice import Site, advise
from iamlint.engine.load import load_rules
from iamlint.engine.subject import Match, Settings
from iamlint.model import Advice, Owner, PolicyKind
from iamlint.record import replace
from iamlint.sources.documents import PlaceholderResolver, PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text


def advice(
    makers: Iterable[str | Mapping[str, object]],
    statement: Mapping[str, object],
    *,
    kind: PolicyKind = PolicyKind.IDENTITY,
    settings: Settings | None = None,
    words: Mapping[str, str] | None = None,
    attachments: tuple[str, ...] = (),
) -> list[Advice]:
    """Return what a rule with these makers says where it fires on a statement."""
    tree = {"Version": "2012-10-17", "Statement": [dict(statement)]}
    document = JsonDocument(Text("policy.json", ""), tree, "policy-json")
    policy = PolicyBuilder(document, PlaceholderResolver()).policy(
        tree, (), owner=Owner("$", None, ()), kind=kind, attachments=attachments
    )
    assert policy.statements is not None
    (only,) = policy.statements
    match = Match(only.pointer, words=words or {})
    rule = replace(load_rules().rules[0], advice=tuple(makers))
    return list(advise(rule, Site(match, policy, only, document, settings or Settings())))
