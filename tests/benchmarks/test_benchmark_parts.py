"""The parts of the benchmarks that can be wrong without anybody seeing it: input, ratios, the launcher."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import principals
from benchmarks.measure import Command, Experiment, Goal, Sample, Series, ratio, verdict
from benchmarks.repository import FILES, POLICY_FILES, candidates, generate
from benchmarks.table import Result, markdown
from benchmarks.workspace import made_once

LAUNCHER = Path(__file__).resolve().parents[2] / "benchmarks" / "launcher.py"


def series(label: str, *seconds: float, peak: int = 10_000_000, goal: Goal | None = None) -> Series:
    samples = [Sample(each, each, peak) for each in seconds]
    return Series(Command(label, ("program",), goal=goal), samples)


@pytest.fixture(scope="module")
def files() -> list[tuple[str, str, bool]]:
    return list(generate())


def test_the_repository_has_the_promised_files_and_is_the_same_every_time(
    files: list[tuple[str, str, bool]],
) -> None:
    paths = [path for path, _, _ in files]
    assert len(paths) == len(set(paths)) == FILES
    assert sum(is_policy for _, _, is_policy in files) == POLICY_FILES
    assert all(again == first for again, first in zip(generate(), files, strict=True))


def test_every_policy_of_the_repository_is_in_a_candidate_and_can_be_recognised(
    files: list[tuple[str, str, bool]],
) -> None:
    policies = {path: text for path, text, is_policy in files if is_policy}
    assert candidates(list(policies)) == list(policies)
    assert all("Statement" in text for text in policies.values())
    assert {path.rpartition(".")[2] for path in policies} == {"json", "yaml"}


def test_source_code_and_prose_are_no_candidates() -> None:
    assert candidates(["a/b.py", "a/b.md", "a/Dockerfile", "a/.gitignore", "a/b.json"]) == [
        "a/Dockerfile",
        "a/b.json",
    ]


@pytest.mark.parametrize(
    ("one", "met"),
    [
        (series("peer", 3.0, goal=Goal("at least 3 times", ratio=3)), True),
        (series("peer", 2.9, goal=Goal("at least 3 times", ratio=3)), False),
        (series("peer", 0.05, goal=Goal("below 0.1 s", seconds=0.1)), True),
        (series("peer", 0.15, goal=Goal("below 0.1 s", seconds=0.1)), False),
        (series("peer", 1.0, peak=149_000_000, goal=Goal("memory", peak_bytes=150_000_000)), True),
        (series("peer", 1.0, peak=151_000_000, goal=Goal("memory", peak_bytes=150_000_000)), False),
        (series("peer", 1.2, goal=Goal("near", more_seconds=0.25)), True),
        (series("peer", 1.3, goal=Goal("near", more_seconds=0.25)), False),
        (series("peer", 1.0), None),
        (series("peer", goal=Goal("at least 3 times", ratio=3)), None),
    ],
)
def test_a_goal_is_met_or_not_or_cannot_be_told(one: Series, met: bool | None) -> None:
    assert verdict(one, series("iamlint", 1.0)) is met


def test_the_ratio_is_one_of_medians() -> None:
    assert ratio(series("peer", 1.0, 40.0, 90.0), series("iamlint", 0.5, 2.0, 9.0)) == 20.0


def test_the_table_shows_a_failure_and_its_reason() -> None:
    failed = series("parliament")
    failed.failure = "exit code 3: no | such file"
    experiment = Experiment("one-file", "One file", Path(), (failed.command,), "iamlint", rounds=1)
    table = markdown(
        [Result("one-file", experiment, [failed]), Result("plan", None, failure="no npm")], {}, []
    )
    assert "failed: exit code 3: no \\| such file" in table
    assert "not measured: no npm" in table
    assert len({line.replace("\\|", "").count("|") for line in table.splitlines() if line[:1] == "|"}) == 1


def test_a_folder_is_made_again_only_for_another_recipe(tmp_path: Path) -> None:
    made = []
    for recipe in ({"n": 1}, {"n": 1}, {"n": 2}):
        made_once(tmp_path / "input", recipe, lambda folder, recipe=recipe: made.append((folder, recipe)))  # type: ignore[misc]  # the default binds the loop's value
    assert [recipe for _, recipe in made] == [{"n": 1}, {"n": 2}]


def test_a_folder_whose_making_failed_is_made_again(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise OSError

    with pytest.raises(OSError):
        made_once(tmp_path / "input", {}, fail)
    assert list(made_once(tmp_path / "input", {}, lambda _: None).iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="the launcher needs posix_spawn")
def test_the_launcher_measures_one_program(tmp_path: Path) -> None:
    request = {
        "command": [
            sys.executable,
            "-I",
            "-S",
            "-c",
            "import sys; b = bytes(50_000_000); print(len(b)); sys.exit(3)",
        ],
        "folder": str(tmp_path),
        "environment": {},
        "stdin": os.devnull,
        "stdout": str(tmp_path / "out"),
        "stderr": str(tmp_path / "err"),
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCHER)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert answer["exit_code"] == 3
    assert 0 < answer["seconds"] < 60
    assert (tmp_path / "out").read_text() == "50000000\n"


def test_the_templates_hold_as_many_principals_and_policies_as_promised() -> None:
    made = list(principals.templates())
    assert made == list(principals.templates())
    resources = [body for one in made for body in one["Resources"].values()]  # type: ignore[attr-defined]
    roles = [body for body in resources if body["Type"] == "AWS::IAM::Role"]
    assert len(roles) == principals.PRINCIPALS
    assert len(resources) + len(roles) == principals.POLICIES
