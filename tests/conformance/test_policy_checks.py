"""Each documented policy check of AWS: found where it has to be, and nowhere else.

The table is written from the descriptions of the checks, not from the rules; see `reading.py`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from reading import cases, index

from iamlint import audit
from iamlint.engine.load import load_rules
from iamlint.model import Finding

PREFIX = "access-analyzer:"
TYPES = index()
CASES = cases()
# Codes that are two names of one fault: one finding carries both.
TWINS = [frozenset({"UNSUPPORTED_GLOBAL_CONDITION_KEY", "DEPRECATED_GLOBAL_CONDITION_KEY"})]
SEVERITIES = {"ERROR": "high", "SECURITY_WARNING": "medium", "WARNING": "low", "SUGGESTION": "info"}

# Rules that are more or less severe than their type of finding, with the reason that the file gives.
OTHER_SEVERITIES = {
    "IAM021": "medium: AWS adds actions every week, and an older catalogue lacks the newest",
    "IAM022": "medium: AWS adds actions every week, and an older catalogue lacks the newest",
    "IAM034": "medium: IAM takes the policy and only reads it otherwise",
    "IAM052": "low: a statement that does nothing, or a NotAction that means everything, is to be mended",
    "IAM053": "low: a statement that does nothing, or a NotResource that means everything, is to be mended",
    "IAM120": "low: a pattern without actions harms nobody until AWS adds one",
    "IAM121": "low: such an ARN is rarely meant",
    "IAM135": "critical: the policy is open to strangers",
    "IAM157": "low: what is there twice is later changed once",
    "IAM802": "medium: a Deny with a negated test then hits everybody",
    "IAM803": "high: the key is often the only limit of who gets in",
    "IAM814": "medium: a test that never matches may be the only limit",
    "IAM817": "low: the statement is not what it seems",
    "IAM821": "high: an error and a warning are about the key; one finding, as severe as the error",
    "IAM902": "low: Organizations takes wildcards anywhere by now",
}


def codes(finding: Finding) -> frozenset[str]:
    """Return the checks that a finding stands for."""
    return frozenset(alias[len(PREFIX) :] for alias in finding.aliases if alias.startswith(PREFIX))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Finding]]:
    """Return what each case gave, by its place in the table: all policies of a kind in one run."""
    runs: dict[tuple[str, str | None], dict[str, int]] = defaultdict(dict)
    for number, case in enumerate(CASES):
        runs[case.kind, case.resource_type][f"{number}.json"] = number
    results: dict[int, list[Finding]] = {number: [] for number in range(len(CASES))}
    for (kind, resource_type), files in runs.items():
        folder = tmp_path_factory.mktemp("cases")
        for name, number in files.items():
            (folder / name).write_text(CASES[number].text, encoding="utf-8", newline="")
        paths = [str(folder / name) for name in files]
        outcome = audit(*paths, profile="audit", policy_kind=kind, resource_type=resource_type)
        assert [said for said in outcome.diagnostics if said.fatal and said.code == "rule-failed"] == []
        for finding in outcome.findings:
            results[files[Path(finding.primary.path).name]].append(finding)
    return results


def names(each: Iterator[Finding] | list[Finding]) -> set[str]:
    return {code for finding in each for code in codes(finding)}


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{c.code}-{c.name}" for c in CASES])
def test_case(number: int, found: dict[int, list[Finding]]) -> None:
    case, findings = CASES[number], found[number]
    if not case.bad:
        faults = {code for code in names(findings) if TYPES[code] == "ERROR"}
        assert case.code not in names(findings)
        assert {code for twin in TWINS if twin & case.also for code in twin} | case.also >= faults
        return
    meant = [finding for finding in findings if case.code in codes(finding)]
    assert tuple(sorted(finding.pointer for finding in meant)) == case.at
    if case.related is not None:
        assert [len(finding.related) for finding in meant] == [case.related] * len(meant)
    expected = {case.code} | case.also
    assert names(findings) == expected | {c for twin in TWINS if twin & expected for c in twin}


def test_every_check_is_in_the_table() -> None:
    bad = Counter(case.code for case in CASES if case.bad)
    good = Counter(case.code for case in CASES if not case.bad)
    assert set(bad) == set(good) == set(TYPES)
    assert [code for code in TYPES if good[code] < 2] == []
    assert Counter(TYPES.values()) == {"ERROR": 79, "WARNING": 26, "SECURITY_WARNING": 19, "SUGGESTION": 29}


def test_every_check_has_a_rule_of_its_severity() -> None:
    severities = {
        (alias[len(PREFIX) :], rule.id): rule.severity.value
        for rule in load_rules().rules
        for alias in rule.aliases
        if alias.startswith(PREFIX)
    }
    assert {code for code, _ in severities} == set(TYPES)
    others = {
        rule_id: severity
        for (code, rule_id), severity in severities.items()
        if severity != SEVERITIES[TYPES[code]]
    }
    assert others == {rule_id: reason.partition(":")[0] for rule_id, reason in OTHER_SEVERITIES.items()}


def test_a_rule_of_another_severity_says_why() -> None:
    rules = Path(__file__).parents[2] / "rules"
    for rule_id in OTHER_SEVERITIES:
        (path,) = rules.glob(f"*/{rule_id}.yaml")
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line.startswith("# ")], rule_id
