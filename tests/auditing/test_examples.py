"""Every example of every built-in rule: the bad ones fire exactly where they say, the good ones never."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iamlint.auditing.examples import run_pack, run_rule
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Example, Rule
from iamlint.errors import RulePackError

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "rules")


def cases() -> list[tuple[Rule, Example]]:
    rules = load_rules()
    return [
        (rule, example)
        for rule in rules.rules
        for text in (rules.text(rule),)
        for example in (*text.bad, *text.good)
    ]


@pytest.mark.parametrize(("rule", "example"), cases(), ids=[f"{r.id}-{e.name}" for r, e in cases()])
def test_a_rule_fires_exactly_where_its_example_says(rule: Rule, example: Example) -> None:
    (result,) = run_rule(rule, (example,))
    assert result.problem == ""
    assert result.passed


PACK = """\
id: ACME001
name: no-star-in-tests
severity: low
confidence: high
summary: A rule for tests
why: Because somebody has to.
fix: Do it otherwise.
message: "{statement} does {actions}."
check: action-pattern
params: {patterns: ["s3:*"]}
examples:
  bad:
    - name: right
      policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}
      at: [/Statement/0/Action]
    - name: at another place
      policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}
      at: [/Statement/0/Resource]
  good:
    - name: fires all the same
      policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: ["s3:*"], Resource: "*"}]}
"""


def test_the_examples_of_a_pack_tell_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "ACME001.yaml").write_text(PACK)
    assert [(result.example.name, result.problem) for result in run_pack(str(tmp_path))] == [
        ("right", ""),
        ("at another place", "should fire at /Statement/0/Resource, fires at /Statement/0/Action"),
        ("fires all the same", "should fire at no place, fires at /Statement/0/Action/0"),
    ]


def test_a_pack_with_mistakes_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "ACME001.yaml").write_text(PACK.replace("severity: low", "severity: lo"))
    with pytest.raises(RulePackError, match=r"ACME001\.yaml:3: severity must be one of"):
        run_pack(str(tmp_path))


def test_an_example_grant_sees_those_beside_it(tmp_path: Path) -> None:
    text = PACK.replace('check: action-pattern\nparams: {patterns: ["s3:*"]}', "check: user-without-group")
    head = text[: text.index("  bad:")].replace("{statement} does {actions}", "{recipient} is alone")
    (tmp_path / "ACME001.yaml").write_text(
        head
        + """\
  bad:
    - name: alone
      grant: {what: declared, owner: Resources.Alice, on: [user]}
      at: [""]
  good:
    - name: in a group
      grant: {what: declared, owner: Resources.Alice, on: [user]}
      beside: [{what: group-membership, owner: Resources.M, attached-to: Resources.Alice}]
"""
    )
    assert [result.problem for result in run_pack(str(tmp_path))] == ["", ""]
