"""The same policy gives the same findings in every spelling: a rule knows nothing of formats."""

from __future__ import annotations

import pytest
from spellings import SPELLINGS, hcl_data, in_lists, key_of

from iamlint.auditing.examples import example_extraction, judged_by
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Example, Rule
from iamlint.engine.subject import Settings
from iamlint.model import Extraction, Finding
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

RULES = load_rules()
CASES = [
    (rule, example)
    for rule in RULES.rules
    for example in (*RULES.text(rule).bad, *RULES.text(rule).good)
    if "policy" in example.subject
    and "location" not in example.subject
    and "policy-name" not in example.subject
    and "attached-to" not in example.subject
    and "beside" not in example.subject
]


def places(rule: Rule, example: Example, extraction: Extraction) -> list[str]:
    accounts = example.subject.get("accounts", [])
    trusted = frozenset(map(str, accounts)) if isinstance(accounts, list) else frozenset()
    found = judged_by(rule, Settings(accounts=trusted), extraction)
    return sorted(finding.pointer for finding in found if isinstance(finding, Finding))


def _has_number(node: object) -> bool:
    """Say whether a tree holds a number: YAML policies have none, every scalar there is text."""
    if isinstance(node, dict):
        return any(map(_has_number, node.values()))
    if isinstance(node, list):
        return any(map(_has_number, node))
    return isinstance(node, int | float) and not isinstance(node, bool)


@pytest.mark.parametrize("file_name", SPELLINGS)
def test_every_rule_fires_alike(file_name: str) -> None:
    different = []
    compared = 0
    for rule, example in CASES:
        (policy,) = example_extraction(rule, example).policies
        on = policy.on[0] if policy.on else None
        if policy.on and key_of(policy.kind, on) != on:
            continue
        if policy.kind == "resource" and on is None:
            continue
        document = example.subject["policy"]
        if not isinstance(document, dict):
            continue
        text = SPELLINGS[file_name](document, key_of(policy.kind, on))
        if text is None or (file_name.endswith(".yaml") and _has_number(document)):
            continue
        extraction = extract_unit([SourceFile(file_name, text.encode())], SourceOptions())
        compared += 1
        found = places(rule, example, extraction)
        if found != sorted(example.at):
            different.append(
                f"{rule.id} {example.name}: {sorted(example.at)} in JSON, {found} in {file_name}"
            )
    assert different == []
    assert compared > len(CASES) / 3


def test_every_rule_fires_alike_on_blocks() -> None:
    different = []
    compared = 0
    for rule, example in CASES:
        (policy,) = example_extraction(rule, example).policies
        on = policy.on[0] if policy.on else None
        document = example.subject["policy"]
        listed = in_lists(document) if isinstance(document, dict) else None
        if listed is None or (policy.kind == "resource" and on is None):
            continue
        key = key_of(policy.kind, on)
        blocks, text = hcl_data(listed, key), SPELLINGS["main.tf"](listed, key)
        if blocks is None or text is None:
            continue
        compared += 1
        files = [SourceFile("main.tf", one.encode()) for one in (text, blocks)]
        expected, found = (places(rule, example, extract_unit([file], SourceOptions())) for file in files)
        if found != expected:
            different.append(f"{rule.id} {example.name}: {expected} in an object, {found} in blocks")
    assert different == []
    assert compared > len(CASES) / 4
