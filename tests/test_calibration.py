"""The numbers of docs/calibration.tsv: whole, of rules that exist, and good enough for the default profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile

DOCS = Path(__file__).parent.parent / "docs"
ROWS = [line.split("\t") for line in (DOCS / "calibration.tsv").read_text(encoding="utf-8").splitlines()[1:]]
PROFILES = {rule.id: rule.profile for rule in load_rules().rules}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_is_sound(row: list[str]) -> None:
    rule, *numbers, _ = row
    _, read_before, worth_before, _, read, worth = map(int, numbers)
    assert rule in PROFILES
    assert worth_before <= read_before
    assert worth <= read
    if PROFILES[rule] is Profile.DEFAULT and read >= 5:
        assert worth >= 0.8 * read


def test_rules_stand_once_and_in_order() -> None:
    rules = [row[0] for row in ROWS]
    assert rules == sorted(set(rules))


def test_the_sample_is_wide() -> None:
    places = (DOCS / "calibration-repositories.tsv").read_text(encoding="utf-8").splitlines()[1:]
    counts = [int(place.split("\t")[3]) for place in places]
    assert len(counts) >= 25
    assert sum(counts) >= 300
    assert max(counts) <= 16
