"""The hook in a real repository with the real pre-commit, installed from this checkout."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BAD = (
    '{\n  "Version": "2012-10-17",\n  "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]\n}\n'
)
GOOD = (
    '{\n  "Version": "2012-10-17",\n  "Statement": [\n'
    '    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/key"}\n  ]\n}\n'
)


def test_the_manifest_says_what_pre_commit_needs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == ["iamlint", "iamlint-repo"]
    for hook in hooks:
        assert hook["language"] == "python"
        assert hook["require_serial"] is True
        assert hook["entry"].startswith("iamlint check")


def _run(folder: Path, *command: str, home: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
        env={
            **environ,
            "PRE_COMMIT_HOME": str(home),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "t",
            "GIT_AUTHOR_EMAIL": "t@example.com",
            "GIT_COMMITTER_NAME": "t",
            "GIT_COMMITTER_EMAIL": "t@example.com",
        },
    )


@pytest.mark.slow
def test_a_commit_with_a_bad_policy_is_refused_and_a_good_one_passes(tmp_path: Path) -> None:
    if importlib.util.find_spec("pre_commit") is None:
        pytest.skip("pre-commit is not installed")
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    home = tmp_path / "home"

    def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _run(folder, "git", *arguments, home=home)

    # What is in the checkout now, committed or not, is the hook's repository.
    hook = tmp_path / "hook"
    hook.mkdir()
    listed = git(ROOT, "ls-files", "-co", "--exclude-standard", "-z").stdout
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file():
            (hook / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, hook / name)
    for arguments in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-qm", "hook"], ["tag", "v0"]):
        done = git(hook, *arguments)
        assert done.returncode == 0, done.stderr

    project = tmp_path / "project"
    project.mkdir()
    assert git(project, "init", "-q").returncode == 0
    config = {"repos": [{"repo": str(hook), "rev": "v0", "hooks": [{"id": "iamlint"}]}]}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    pre_commit = [sys.executable, "-m", "pre_commit"]
    installed = _run(project, *pre_commit, "install", "--install-hooks", home=home)
    if installed.returncode != 0:
        log = installed.stdout + installed.stderr
        offline = any(sign in log for sign in ("Connection", "No matching distribution", "Temporary failure"))
        if offline:
            pytest.skip("the hook's dependencies cannot be installed: no package index in reach")
        pytest.fail(log)

    (project / "policy.json").write_text(BAD)
    git(project, "add", "policy.json")
    refused = git(project, "commit", "-m", "bad")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "policy.json:3:" in refused.stdout + refused.stderr
    assert "IAM101" in refused.stdout + refused.stderr

    (project / "policy.json").write_text(GOOD)
    git(project, "add", "policy.json")
    passed = git(project, "commit", "-m", "good")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout + passed.stderr
