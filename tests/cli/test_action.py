"""The GitHub Action: how it is written, and its steps run as a runner would run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ADMIN = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'

needs_bash = pytest.mark.skipif(
    shutil.which("bash") is None or os.name == "nt", reason="the steps need bash and a POSIX system"
)


def action() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "action.yml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def steps() -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in action()["runs"]["steps"]}


def test_nothing_of_the_caller_is_put_into_scripts() -> None:
    for step in steps().values():
        assert "${{" not in step.get("run", "")


def test_foreign_actions_are_pinned_by_commit() -> None:
    files = [ROOT / "action.yml", *(ROOT / ".github" / "workflows").glob("*.yml")]
    for file in files:
        for used in re.findall(r"uses: (\S+)", file.read_text()):
            assert used == "./" or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), (file.name, used)


def test_checkouts_keep_no_credentials() -> None:
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = file.read_text()
        assert text.count("actions/checkout@") == text.count("persist-credentials: false")


def test_every_input_is_used_and_every_use_is_an_input() -> None:
    text = (ROOT / "action.yml").read_text()
    used = set(re.findall(r"inputs\.([a-z-]+)", text))
    assert used == set(action()["inputs"])


def run_step(name: str, workspace: Path, **inputs: str) -> tuple[int, dict[str, str], str]:
    """Run a step's script; return its exit code, the outputs, and what it printed."""
    temp = workspace.parent / "temp"
    (temp / "iamlint" / "bin").mkdir(parents=True, exist_ok=True)
    python = temp / "iamlint" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    output, summary = temp / "output", temp / "summary"
    output.write_text("")
    step = steps()[name]
    defaults = {key: str(value.get("default", "")) for key, value in action()["inputs"].items()}
    environ = {
        key: defaults[found[0]] if (found := re.findall(r"inputs\.([a-z-]+)", value)) else ""
        for key, value in step["env"].items()
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=workspace,
        capture_output=True,
        check=False,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(temp),
            **environ,
            **inputs,
        },
    )
    lines = dict(line.split("=", 1) for line in output.read_text().splitlines())
    return done.returncode, lines, done.stdout + done.stderr


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    (folder / "pol icies").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "pol icies" / "a.json").write_text(ADMIN)
    return folder


@needs_bash
def test_findings_are_reported_everywhere_and_do_not_fail_the_step(workspace: Path) -> None:
    code, outputs, printed = run_step("Run iamlint", workspace)
    assert code == 0, printed
    assert outputs["exit-code"] == "1"
    assert int(outputs["findings"]) >= 1
    assert json.loads(Path(outputs["sarif-file"]).read_text())["version"] == "2.1.0"
    assert "::error file=pol icies/a.json,line=1," in printed
    assert "IAM101" in (workspace.parent / "temp" / "summary").read_text()


@needs_bash
def test_inputs_reach_the_command(workspace: Path) -> None:
    (workspace / "b.json").write_text(ADMIN)
    code, outputs, printed = run_step(
        "Run iamlint",
        workspace,
        INPUT_PATHS="pol icies\r\nb.json\n",
        INPUT_ARGS="--select\nIAM101\n",
        INPUT_FAIL_ON="none",
        INPUT_FORMAT="concise",
        INPUT_SARIF_FILE="out/x.sarif",
        INPUT_SUMMARY="false",
        INPUT_ANNOTATIONS="false",
    )
    assert (code, outputs) == (0, {"exit-code": "0", "findings": "2", "sarif-file": "out/x.sarif"}), printed
    assert printed.startswith("b.json:1:")
    assert "::error" not in printed


@needs_bash
def test_hostile_inputs_are_only_text(workspace: Path) -> None:
    code, outputs, printed = run_step(
        "Run iamlint", workspace, INPUT_PATHS="$(touch pwned)\n; touch pwned", INPUT_ARGS="`touch pwned`"
    )
    assert code == 0
    assert outputs["exit-code"] == "2"
    assert not (workspace / "pwned").exists(), printed


@needs_bash
@pytest.mark.parametrize(("code", "expected"), [("0", 0), ("1", 1), ("2", 2), ("", 2)])
def test_only_the_last_step_fails(workspace: Path, code: str, expected: int) -> None:
    assert list(steps())[-1] == "Report the result"
    assert run_step("Report the result", workspace, CODE=code)[0] == expected
