"""Rule examples as tests: each bad one fires exactly where it says, each good one never."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from iamlint.auditing.principals import judge_one
from iamlint.engine.checks import CHECKS
from iamlint.engine.judge import Judge
from iamlint.engine.load import RuleSet, read_pack
from iamlint.engine.principals.judging import PrincipalJudge
from iamlint.engine.rule import Example, Profile, Rule
from iamlint.engine.subject import Settings
from iamlint.errors import RulePackError
from iamlint.model import Diagnostic, Extraction, Finding, Grant, Owner, Policy, PolicyKind, Value
from iamlint.record import record, replace
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.text import Text

__all__ = ["ExampleResult", "example_extraction", "judged_by", "run_examples", "run_pack", "run_rule"]


@record
class ExampleResult:
    """What one example of a rule gave: `expected` and `found` are sorted pointers; `problem` tells
    in words what is wrong, empty when all is well."""

    rule: Rule
    example: Example
    expected: tuple[str, ...]
    found: tuple[str, ...]
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether the rule fired exactly where the example says."""
        return not self.problem


def run_pack(path: str) -> list[ExampleResult]:
    """Run all examples of the rule files at or below `path`.

    Raises RulePackError with every mistake when the pack is not valid.
    """
    rules, texts, mistakes = read_pack(path)
    if mistakes:
        raise RulePackError("\n".join(mistakes))
    return [
        result
        for rule in sorted(rules, key=lambda rule: rule.id)
        for result in run_rule(rule, (*texts[rule.id].bad, *texts[rule.id].good))
    ]


def run_examples(rules: RuleSet) -> Iterator[ExampleResult]:
    """Run all examples of the rules of a set."""
    for rule in rules.rules:
        text = rules.text(rule)
        yield from run_rule(rule, (*text.bad, *text.good))


def run_rule(rule: Rule, examples: tuple[Example, ...]) -> Iterator[ExampleResult]:
    """Run examples against one rule alone."""
    for example in examples:
        accounts = example.subject.get("accounts", [])
        trusted = frozenset(map(str, accounts)) if isinstance(accounts, list) else frozenset()
        if CHECKS[rule.check].target == "suppression":
            items: Iterable[Finding | Diagnostic] = _about_suppressions(rule, example)
        else:
            items = judged_by(rule, Settings(accounts=trusted), example_extraction(rule, example))
        found = []
        problem = ""
        for item in items:
            if isinstance(item, Finding):
                found.append(item.pointer if "text" not in example.subject else _position(item))
            elif isinstance(item, Diagnostic) and item.fatal:
                problem = item.message
        expected, places = tuple(sorted(example.at)), tuple(sorted(found))
        if not problem and expected != places:
            problem = f"should fire at {_places(expected)}, fires at {_places(places)}"
        yield ExampleResult(rule, example, expected, places, problem)


def judged_by(rule: Rule, settings: Settings, extraction: Extraction) -> Iterator[Finding | Diagnostic]:
    """Return what one rule alone says about an extraction that is all there is."""
    if CHECKS[rule.check].target == "principal":
        return judge_one(extraction, PrincipalJudge((rule,), settings, Profile.AUDIT))
    return Judge((rule,), settings, Profile.AUDIT).judge(extraction)


def _about_suppressions(rule: Rule, example: Example) -> list[Finding]:
    """Return what a rule says about the suppressions in the text of an example, beside the built-in rules."""
    from iamlint.auditing.selection import Selection
    from iamlint.auditing.suppressing import Suppressions
    from iamlint.engine.load import load_rules
    from iamlint.sources.ignores import ignores_in

    file = _example_file(example)
    known = tuple(one for one in load_rules().rules if one.id != rule.id)
    rules = tuple(one for one in known if one.profile is Profile.DEFAULT)
    judge = Judge(rules, Settings(), Profile.DEFAULT, advising=False)
    found = [item for item in judge.judge(extract_unit([file], SourceOptions())) if isinstance(item, Finding)]
    hiding = Suppressions(RuleSet((*known, rule)), Selection((*rules, rule)), ignores_in(file)[0])
    hiding.applied(found)
    return [one for one in hiding.findings(whole=True, read=lambda _: True) if one.rule_id == rule.id]


def _example_file(example: Example) -> SourceFile:
    """Return the text of an example as a file: YAML unless it begins as JSON does."""
    text = str(example.subject["text"])
    name = "example.json" if text.lstrip()[:1] in {"{", "["} else "example.yaml"
    return SourceFile(name, text.encode(), named=True)


def example_extraction(rule: Rule, example: Example) -> Extraction:
    """Return the policy, grant or file of an example as a source would give it."""
    subject = example.subject
    if "text" in subject:
        return extract_unit([_example_file(example)], SourceOptions())
    if "grant" in subject:
        beside = subject.get("beside", [])
        others = beside if isinstance(beside, list) else []
        return Extraction(grants=(_grant(subject["grant"]), *map(_grant, others)))
    beside = subject.get("beside", [])
    others = [other["policy"] for other in beside] if isinstance(beside, list) else []
    return Extraction(tuple(_policy(rule, subject, document) for document in (subject["policy"], *others)))


def _policy(rule: Rule, subject: Mapping[str, object], content: object) -> Policy:
    """Return a document as a policy of the kind and place that the example gives."""
    kind = subject.get("kind") or (rule.policy_kinds[0] if rule.policy_kinds else None)
    document = JsonDocument(Text("example.json", json.dumps(content, indent=2)), content, "policy-json")
    resource_type = subject.get("resource-type")
    policy = PolicyBuilder(document).policy(
        content,
        (),
        owner=Owner("$", str(resource_type) if resource_type else None, ()),
        kind=PolicyKind(str(kind)) if kind else None,
        on=_words(subject.get("on")),
        attachments=_words(subject.get("attached-to")),
        location=str(subject.get("location", "")),
    )
    if "policy-name" in subject:
        policy = replace(policy, name=Value(str(subject["policy-name"]), ()))
    return policy


def _grant(grant: object) -> Grant:
    assert isinstance(grant, dict)
    document = JsonDocument(Text("example.json", json.dumps(grant, indent=2)), grant, "policy-json")
    fields = {}
    given = grant.get("fields", {})
    for name, values in given.items() if isinstance(given, dict) else ():
        if isinstance(values, list):
            fields[name] = tuple(Value(_text(v), ("fields", name, index)) for index, v in enumerate(values))
        else:
            fields[name] = (Value(_text(values), ("fields", name)),)
    return Grant(
        what=str(grant.get("what")),
        document=document,
        pointer=(),
        owner=Owner(str(grant.get("owner", "$")), None, ()),
        on=_words(grant.get("on")),
        attachments=_words(grant.get("attached-to")),
        fields=fields,
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _words(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _position(finding: Finding) -> str:
    return f"{finding.primary.start_line}:{finding.primary.start_column}"


def _places(places: tuple[str, ...]) -> str:
    return ", ".join(place or "the root" for place in places) or "no place"
