"""The guide to rule packs is true: its rules pass their own examples, its tables name what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from iamlint.auditing.examples import run_pack
from iamlint.engine import load
from iamlint.engine.advice.words import WORDS
from iamlint.engine.checks.select import OPTIONS, TESTS
from iamlint.engine.load import load_rules
from iamlint.engine.rule import ADVICE

GUIDE = (Path(__file__).parents[2] / "docs" / "rule-packs.md").read_text(encoding="utf-8")
RULES = re.findall(r"```yaml\n(id: .*?)```", GUIDE, re.DOTALL)


def first_column(heading: str) -> set[str]:
    """Return the words in backticks of the first column of the tables below a heading."""
    part = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("text", RULES, ids=[text.split()[1] for text in RULES])
def test_the_rules_of_the_guide_pass_their_examples(tmp_path: Path, text: str) -> None:
    path = tmp_path / f"{text.split()[1]}.yaml"
    path.write_text(text, encoding="utf-8")
    results = run_pack(str(path))
    assert len(results) >= 2
    assert [result.problem for result in results if result.problem] == []
    assert load_rules([str(path)]).find(text.split()[1])


def test_the_guide_has_rules() -> None:
    assert len(RULES) == 5


def test_the_tables_are_complete() -> None:
    assert first_column("The keys of a rule file") == set(load._KEYS)
    assert first_column("Examples") == set(load._EXAMPLE_KEYS)
    assert set(TESTS) <= first_column("Declarative rules")
    assert {name.partition(":")[0] for name in first_column("Advice")} >= set(ADVICE)
    assert {f"{{{word}}}" for word in WORDS} <= first_column("Advice")
    assert all(option in GUIDE for option in OPTIONS)
