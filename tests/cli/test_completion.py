"""Completion scripts: static, complete, and accepted by the shells."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest

from iamlint.cli.main import COMMANDS, main


def script(shell: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    assert main(["completion", shell], None, out, err, {}, "/") == 0, err.getvalue()
    return out.getvalue()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_know_commands_options_values_and_rules(shell: str) -> None:
    text = script(shell)
    assert text == script(shell)
    for name in COMMANDS:
        assert all(word in text for word in name.split())
    for word in (
        "fail-on",
        "critical",
        "sarif",
        "policy-kind",
        "permission-set",
        "IAM101",
        "full-admin-statement",
    ):
        assert word in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_accept_their_script(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(script(shell))
    done = subprocess.run([shell, "-n", str(path)], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def complete(tmp_path: Path, *words: str) -> list[str]:
    """Return what bash offers for the last of the words."""
    path = tmp_path / "script"
    path.write_text(script("bash"))
    quoted = " ".join(f"'{word}'" for word in words)
    program = (
        f"source {path}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _iamlint;"
        ' printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", program], capture_output=True, check=True, text=True, cwd=tmp_path)
    return [line for line in done.stdout.split("\n") if line]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["iamlint", "exp"], ["explain"]),
        (["iamlint", "check", "--fail-o"], ["--fail-on"]),
        (["iamlint", "check", "--fail-on", "c"], ["critical"]),
        (["iamlint", "--profile", "st"], ["strict"]),
        (["iamlint", "rules", "te"], ["test"]),
        (["iamlint", "config", "sh"], ["show"]),
        (["iamlint", "explain", "full-admin-s"], ["full-admin-statement"]),
        (["iamlint", "check", "--select", "IAM10"], ["IAM101", "IAM102"]),
        (["iamlint", "completion", "z"], ["zsh"]),
        (["iamlint", "rules", "test", "--verb"], ["--verbose"]),
    ],
    ids=" ".join,
)
def test_bash_offers(tmp_path: Path, words: list[str], offered: list[str]) -> None:
    found = complete(tmp_path, *words)
    assert set(offered) <= set(found)
    assert all(word.startswith(words[-1]) for word in found)


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("iamlint exp", "explain"),
        ("iamlint explain full-admin-s", "full-admin-statement"),
        ("iamlint check --fail-on c", "critical"),
        ("iamlint rules test --verb", "--verbose"),
        ("iamlint config sh", "show"),
    ],
)
def test_fish_offers(tmp_path: Path, line: str, offered: str) -> None:
    path = tmp_path / "script"
    path.write_text(script("fish"))
    program = f"source {path}; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", program], capture_output=True, check=True, text=True, cwd=tmp_path
    )
    assert offered in [found.split("\t")[0] for found in done.stdout.splitlines()]
