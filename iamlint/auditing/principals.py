"""The last part of a run: what all files together say about principals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from iamlint.engine.principals.facts import UnitFacts, gather
from iamlint.engine.principals.graph import Graph, build_graph
from iamlint.engine.principals.joining import Directory, join
from iamlint.engine.principals.judging import PrincipalJudge, Told
from iamlint.model import Diagnostic, Document, Extraction, Finding, Policy, PolicyKey
from iamlint.record import replace

__all__ = [
    "facts_of",
    "judge_alone",
    "judge_one",
    "judge_principals",
    "key_of_policy",
    "linked",
    "without_closed",
]

Reopen = Callable[[str], Extraction | None]
"""Reads the files of a unit once more; None if they are gone."""


def facts_of(extraction: Extraction, unit: str, *, let_go: bool = False) -> list[UnitFacts]:
    """Return what an extraction says about principals: for each program of its own. With `let_go` the facts
    do not hold on to the parsed files."""
    found = []
    for number, part in enumerate(extraction.parts or (extraction,)):
        facts = gather(part, f"{unit}#{number}" if number else unit, let_go=let_go)
        if not facts.empty:
            found.append(facts)
    return found


def linked(facts: Iterable[UnitFacts], reopen: Reopen) -> list[UnitFacts]:
    """Return the facts with documents that find their places again: the files of a unit are read once more
    when the first place in them is asked for."""
    listed = list(facts)
    known: dict[str, Mapping[str, Document]] = {}

    def opener(unit: str) -> Callable[[str], Document | None]:
        def open_document(path: str) -> Document | None:
            if unit not in known:
                extraction = reopen(unit)
                known[unit] = {} if extraction is None else _documents(extraction)
            return known[unit].get(path)

        return open_document

    for one in listed:
        for document in one.documents:
            document.open = opener(one.unit.partition("#")[0])
    return listed


def _documents(extraction: Extraction) -> Mapping[str, Document]:
    found: dict[str, Document] = {}
    for policy in extraction.policies:
        found.setdefault(policy.document.path, policy.document)
        for statement in policy.statements or ():
            found.setdefault(statement.document.path, statement.document)
    for grant in extraction.grants:
        found.setdefault(grant.document.path, grant.document)
    return found


def judge_principals(
    facts: Iterable[UnitFacts],
    judge: PrincipalJudge,
    findings: list[Finding],
    told: Mapping[PolicyKey, set[str]],
) -> tuple[list[Finding], list[Finding | Diagnostic]]:
    """Return the findings about single policies that stand when everything their holders hold is known, and
    what the rules say about the principals."""
    directory = join(facts)
    if not directory.holders:
        return findings, []
    graph = build_graph(directory, judge.accounts)
    return without_closed(findings, directory, graph), list(judge.judge(directory, graph, told))


def judge_alone(extraction: Extraction, judge: PrincipalJudge, told: Told) -> Iterator[Finding | Diagnostic]:
    """Yield what the rules about principals say of policies that the files give to nobody."""
    for policy in extraction.policies:
        if not policy.attachments or set(policy.attachments) <= set(policy.carriers):
            yield from judge.alone(policy, told.get(key_of_policy(policy), frozenset()))


def judge_one(extraction: Extraction, judge: PrincipalJudge) -> Iterator[Finding | Diagnostic]:
    """Yield what the rules about principals say of one extraction that is all there is."""
    yield from judge_alone(extraction, judge, {})
    facts = linked(facts_of(extraction, "unit"), lambda _: extraction)
    yield from judge_principals(facts, judge, [], {})[1]


def without_closed(findings: Iterable[Finding], directory: Directory, graph: Graph) -> list[Finding]:
    """Return the findings less the escalation paths that another policy of every holder, or a boundary,
    closes. Only of inline policies are all holders known."""
    open_paths: dict[PolicyKey, set[str] | None] = {}
    for holder in directory.holders:
        node = graph.of(holder)
        if node is None or node.standing is None:
            continue
        for policy in holder.policies:
            if not policy.inline:
                continue
            found = open_paths.setdefault(policy.key, set())
            if node.standing.outright is not None or found is None:
                open_paths[policy.key] = None
            else:
                found.update(one.path.id for one in node.standing.paths)
    kept = []
    for finding in findings:
        paths = finding.properties.get("paths")
        still_open = open_paths.get(finding.policy_key) if isinstance(paths, list) else None
        if still_open is None or not isinstance(paths, list):
            kept.append(finding)
            continue
        left = [path for path in paths if path in still_open]
        if left == paths:
            kept.append(finding)
        elif left:
            kept.append(replace(finding, properties={**finding.properties, "paths": left}))
    return kept


def key_of_policy(policy: Policy) -> PolicyKey:
    """Return the key of a policy, as `HeldPolicy.key` does."""
    name = None if policy.name is None else str(policy.name)
    return (policy.document.path, policy.owner.address, policy.location, name)
