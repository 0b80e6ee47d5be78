"""The last part of a run: what all files together say about principals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from iamlint.engine.checks import CHECKS
from iamlint.engine.principals.facts import UnitFacts, gather, policy_held
from iamlint.engine.principals.graph import Graph, build_graph, standing_of
from iamlint.engine.principals.joining import Directory, join, lone_holder
from iamlint.engine.principals.judging import PrincipalJudge, Told
from iamlint.engine.rule import Profile, Rule
from iamlint.model import Diagnostic, Document, Extraction, Finding, Policy, PolicyKey, json_pointer
from iamlint.record import replace

__all__ = [
    "facts_of",
    "judge_alone",
    "judge_one",
    "judge_principals",
    "key_of_policy",
    "linked",
    "with_paths",
    "without_closed",
    "without_covered",
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


def with_paths(
    items: Iterable[Finding | Diagnostic],
    extraction: Extraction,
    wide_rules: AbstractSet[str],
    told: dict[PolicyKey, set[str]],
) -> Iterator[Finding | Diagnostic]:
    """Yield what the rules say about policies. A finding about a statement that allows so much that ways to
    more rights are in it (`wide_rules`) gets their ids, and `told` those of all findings."""
    policies: dict[PolicyKey, Policy] | None = None
    for item in items:
        if isinstance(item, Finding):
            paths = item.properties.get("paths")
            if paths is None and item.rule_id in wide_rules:
                if policies is None:
                    policies = {key_of_policy(policy): policy for policy in extraction.policies}
                policy = policies.get(item.policy_key)
                paths = [] if policy is None else paths_in_statement(policy, item.pointer)
                yield replace(item, properties={**item.properties, "paths": paths}) if paths else item
            else:
                yield item
            if isinstance(paths, list):
                told.setdefault(item.policy_key, set()).update(paths)
        else:
            yield item


def paths_in_statement(policy: Policy, pointer: str) -> list[str]:
    """Return the ids of the paths that one statement of a policy opens by itself: that at the JSON pointer,
    which may lead into it. None for an administrator, who needs no way."""
    standing = standing_of(lone_holder(policy_held(policy)), None)
    start = len(policy.pointer)
    return [
        found.path.id
        for found in standing.paths
        if all(
            (pointer + "/").startswith(json_pointer(use.held.statement.pointer[start:]) + "/")
            for use in found.uses
        )
    ]


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


def without_covered(findings: list[Finding], rules: Iterable[Rule], profile: Profile) -> list[Finding]:
    """Return the findings less those at the place of one about a principal whose rule covers theirs. That one
    names them instead. The profile `audit` keeps all."""
    covering = {rule.id: set(rule.covers) for rule in rules if CHECKS[rule.check].target == "principal"}
    telling = [finding for finding in findings if covering.get(finding.rule_id)]
    if not telling or profile is Profile.AUDIT:
        return findings
    by_place: dict[object, list[Finding]] = {}
    for finding in findings:
        by_place.setdefault((finding.policy_key, finding.pointer), []).append(finding)
    gone: set[int] = set()
    changed: dict[int, Finding] = {}
    for finding in telling:
        beside = by_place[finding.policy_key, finding.pointer]
        covered = [one for one in beside if one.rule_name in covering[finding.rule_id] and one is not finding]
        if covered:
            gone.update(map(id, covered))
            changed[id(finding)] = _standing_for(finding, covered)
    return [changed.get(id(finding), finding) for finding in findings if id(finding) not in gone]


def _standing_for(finding: Finding, covered: Iterable[Finding]) -> Finding:
    aliases = dict.fromkeys(finding.aliases)
    names: dict[str, None] = {}
    for one in covered:
        aliases.update(dict.fromkeys(one.aliases))
        names[one.rule_name] = None
        also = one.properties.get("covers")
        names.update(dict.fromkeys(also if isinstance(also, list) else ()))
    properties = {**finding.properties, "covers": list(names)}
    return replace(finding, aliases=tuple(aliases), properties=properties)


def key_of_policy(policy: Policy) -> PolicyKey:
    """Return the key of a policy, as `HeldPolicy.key` does."""
    name = None if policy.name is None else str(policy.name)
    return (policy.document.path, policy.owner.address, policy.location, name)
