"""Start-up is a feature: what each command imports, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from iamlint.cli import check
from iamlint.cli.input_options import _KINDS
from iamlint.cli.parser import Choice
from iamlint.config.keys import PROFILES
from iamlint.engine.rule import Profile
from iamlint.model import Confidence, PolicyKind, Severity
from iamlint.report.report import LineHash

ROOT = Path(__file__).resolve().parents[2]
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'

HEAVY = {
    "asyncio",
    "concurrent",
    "difflib",
    "email",
    "http",
    "importlib.metadata",
    "importlib.resources",
    "jsonpath_ng",
    "jsonschema",
    "multiprocessing",
    "pathlib",
    "sarif_om",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "tomllib",
    "unittest",
    "urllib.request",
    "xml",
    "yaml",
}
"""Never imported by a command that does not need it: each costs a part of the whole start."""

_RULES = {"catalog", "engine", "model", "report", "semantics"}

OURS: dict[str, set[str]] = {
    # command line: packages of ours that it may import beside cli, errors and version
    "--version": {"catalog"},
    "--help": set(),
    "completion --help": set(),
    "explain --help": set(),
    "extract --help": set(),
    "evaluate --help": set(),
    "check --help": {"model", "report"},
    "config show": {"config", "model", "report", "sources"},
    "rules": _RULES,
    "explain IAM101": _RULES,
}


def imported(folder: Path, *argv: str) -> set[str]:
    """Return the modules that a command loads in a process of its own."""
    program = (
        "import io, json, os, sys\n"
        "before = set(sys.modules)\n"
        "from iamlint.cli.main import main\n"
        "code = main(sys.argv[1:], None, io.StringIO(), sys.stderr, {}, os.getcwd())\n"
        "print(json.dumps([int(code), sorted(set(sys.modules) - before)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, *argv],
        cwd=folder,
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    code, modules = json.loads(done.stdout)
    assert code in (0, 1), done.stderr
    return set(modules)


@pytest.mark.parametrize("command", OURS)
def test_a_command_imports_only_what_it_needs(tmp_path: Path, command: str) -> None:
    modules = imported(tmp_path, *command.split())
    ours = {name.split(".")[1] for name in modules if name.startswith("iamlint.")}
    assert ours - OURS[command] - {"record"} == {"cli", "errors", "version"}
    assert sorted(modules & HEAVY) == []


@pytest.mark.parametrize("format_name", ["text", "concise", "json"])
def test_one_policy_file_costs_no_heavy_module(tmp_path: Path, format_name: str) -> None:
    (tmp_path / "p.json").write_text(POLICY)
    assert sorted(imported(tmp_path, "p.json", "--format", format_name) & HEAVY) == []


def test_advice_is_loaded_only_where_a_report_shows_it(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(POLICY.replace('"Action": "*"', '"Action": "s3:DeleteObject"'))
    advice = {"iamlint.engine.advice", "iamlint.sources.surroundings"}
    assert not imported(tmp_path, "p.json", "--format", "concise") & advice
    assert imported(tmp_path, "p.json", "--format", "json") >= advice
    (tmp_path / "good.json").write_text(
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", '
        '"Resource": "arn:aws:s3:::b/*"}]}'
    )
    assert not imported(tmp_path, "good.json", "--format", "text") & advice


def test_nothing_of_fixing_is_loaded_without_it(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(POLICY)
    fixing = {
        "iamlint.auditing.fixing",
        "iamlint.auditing.replacing",
        "iamlint.cli.fixing",
        "iamlint.engine.rewrites",
        "iamlint.model.edit",
        "iamlint.report.diff_report",
        "iamlint.semantics.algebra.sameness",
        "iamlint.semantics.grammar",
        "iamlint.sources.rewriting",
    }
    assert not imported(tmp_path, "p.json", "--format", "concise") & fixing
    loaded = imported(tmp_path, "p.json", "--format", "concise", "--fix")
    assert fixing - loaded == {"iamlint.auditing.replacing", "iamlint.report.diff_report"} - loaded


def test_only_a_configuration_costs_the_toml_parser(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    assert "tomllib" not in imported(tmp_path, "config", "show")
    (tmp_path / "iamlint.toml").write_text("jobs = 1\n")
    assert "tomllib" in imported(tmp_path, "config", "show")


def test_words_that_are_repeated_for_speed_are_those_of_the_model() -> None:
    assert set(_KINDS) == {kind.value for kind in PolicyKind}
    assert set(check._SEVERITIES) == {severity.value for severity in Severity} | {"none"}
    assert set(check._CONFIDENCES) == {confidence.value for confidence in Confidence}
    assert set(check._PROFILES) == {profile.value for profile in Profile} == set(PROFILES)
    assert set(check._LINE_HASHES) == {choice.value for choice in LineHash}


def test_choices_reach_completion() -> None:
    words = {flag: option.words for option in check.parser().options for flag in option.flags}
    assert words["--fail-on"] == check._SEVERITIES
    assert isinstance(Choice("x", ["a"]).words, tuple)
