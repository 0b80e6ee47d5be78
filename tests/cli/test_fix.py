"""`iamlint check --fix` and `--diff` as people use them."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from iamlint.auditing import replacing
from iamlint.cli.main import main

BAD = '{"Statement": [{"Effect": "allow", "Action": "s3:*", "Resource": "*"}]}\n'
GOOD = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}\n'


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def iamlint(folder: Path, *argv: str, stdin: bytes | None = None) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    source = None if stdin is None else io.BytesIO(stdin)
    code = main(["check", "--profile", "strict", *argv], source, out, err, {}, str(folder))
    return Ran(int(code), out.getvalue(), err.getvalue())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.json").write_text(BAD)
    (tmp_path / "q.json").write_text(GOOD)
    return tmp_path


def test_fix_writes_and_reports_what_is_left(folder: Path) -> None:
    ran = iamlint(folder, "--fix", "--format", "concise")
    assert (folder / "p.json").read_text() == (folder / "q.json").read_text() == GOOD
    findings = [line for line in ran.out.splitlines() if ".json:" in line]
    assert ran.err == f"fixed: 2 findings in 1 file; {len(findings)} left\n"
    assert ran.code == 1
    assert findings
    assert not any("IAM003" in line or "IAM031" in line for line in findings)
    again = iamlint(folder, "--fix", "--format", "concise")
    assert (again.out, again.err) == (ran.out, "")


def test_diff_writes_nothing(folder: Path) -> None:
    ran = iamlint(folder, "--diff")
    assert ran == Ran(1, f"--- p.json\n+++ p.json\n@@ -1 +1 @@\n-{BAD}+{GOOD}", "")
    assert iamlint(folder, "--diff", "--fix") == ran
    assert iamlint(folder, "--diff", "--exit-zero").code == 0
    assert (folder / "p.json").read_text() == BAD
    assert iamlint(folder, "--diff", "q.json") == Ran(0, "", "")
    assert iamlint(folder, "--diff", "--ignore", "IAM003,IAM031") == Ran(0, "", "")


def test_diff_of_what_cannot_be_read(folder: Path) -> None:
    ran = iamlint(folder, "--diff", "missing.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: missing.json: ")
    assert iamlint(folder, "--diff", "--format", "json").code == 2


def test_standard_input_becomes_standard_output(folder: Path) -> None:
    ran = iamlint(folder, "--fix", "-", "--format", "concise", stdin=BAD.encode())
    assert ran.out == GOOD
    assert "<stdin>:1:" in ran.err
    assert "fixed: 2 findings in 1 file" in ran.err
    assert iamlint(folder, "--fix", "-", stdin=b"{").out == "{"
    assert iamlint(folder, "--diff", "-", stdin=BAD.encode()).out.startswith("--- <stdin>\n")


def test_a_file_that_changed_meanwhile_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def somebody_saves(path: str, size: int) -> bytes:
        return b"theirs"

    monkeypatch.setattr(replacing, "read_file", somebody_saves)
    ran = iamlint(folder, "--fix")
    assert ran.err == "error: p.json: not fixed: it was changed meanwhile\n"
    assert ran.code == 2
    assert (folder / "p.json").read_text() == BAD


def test_links_lead_nowhere_else(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "p.json"
    outside.write_text(BAD)
    (folder / "link.json").symlink_to(outside)
    iamlint(folder, "--fix")
    assert outside.read_text() == BAD
    assert os.path.islink(folder / "link.json")


def test_quiet_and_machine_formats(folder: Path) -> None:
    assert iamlint(folder, "--fix", "-q", "--format", "json").err == ""
    (folder / "p.json").write_text(BAD)
    ran = iamlint(folder, "--fix", "--format", "json")
    rules = {
        finding["rule"]["id"] if "rule" in finding else finding["rule_id"]
        for finding in json.loads(ran.out)["findings"]
    }
    assert not rules & {"IAM003", "IAM031"}
