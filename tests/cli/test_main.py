"""The command line as a user meets it: commands, mistakes, exit codes, streams."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from iamlint.auditing import reporting
from iamlint.cli.main import COMMANDS, load_command, main
from iamlint.errors import ExitCode
from iamlint.version import VERSION

ADMIN = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
HARMLESS = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject",'
    ' "Resource": "arn:aws:s3:::bucket/key"}]}'
)
ROOT = Path(__file__).resolve().parents[2]


class Result(NamedTuple):
    code: int
    out: str
    err: str


def run(cwd: Path, *argv: str, stdin: bytes | None = b"", environ: Mapping[str, str] | None = None) -> Result:
    out, err = io.StringIO(), io.StringIO()
    given = None if stdin is None else io.BytesIO(stdin)
    code = main(argv, given, out, err, environ or {}, str(cwd))
    assert isinstance(code, ExitCode)
    return Result(int(code), out.getvalue(), err.getvalue())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "admin.json").write_text(ADMIN)
    (tmp_path / "harmless.json").write_text(HARMLESS)
    return tmp_path


# Commands


def test_without_arguments_the_current_folder_is_checked(folder: Path) -> None:
    result = run(folder)
    assert result.code == 1
    assert "admin.json:1:" in result.out
    assert result.err == ""


@pytest.mark.parametrize(
    "argv", [["admin.json"], ["check", "admin.json"], ["--format", "text", "admin.json"]]
)
def test_check_is_the_default_for_a_path_or_an_option(folder: Path, argv: list[str]) -> None:
    assert run(folder, *argv) == run(folder, "check", "admin.json")


def test_paths_may_stand_between_and_after_options(folder: Path) -> None:
    result = run(folder, "admin.json", "--format", "json", "harmless.json")
    assert json.loads(result.out)["summary"]["files"] == 2
    assert run(folder, "--format", "concise", "--", "admin.json").code == 1
    (folder / "-odd.json").write_text(ADMIN)
    assert "-odd.json:1" in run(folder, "--format", "concise", "--", "-odd.json").out


def test_version_tells_the_date_of_the_facts(folder: Path) -> None:
    assert run(folder, "--version").out.startswith(f"iamlint {VERSION} (facts about AWS of 20")
    facts = json.loads(run(folder, "version", "--json").out)
    assert facts["version"] == VERSION
    assert set(facts) == {"name", "version", "catalog_date", "python", "implementation", "platform"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples_within_eighty_columns(folder: Path, name: str) -> None:
    result = run(folder, *name.split(), "--help")
    assert (result.code, result.err) == (0, "")
    assert "examples:\n  " in result.out
    assert f"iamlint {name}" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    assert run(folder, "help", *name.split()) == result


@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["help"]])
def test_the_overview_lists_every_command(folder: Path, argv: list[str]) -> None:
    result = run(folder, *argv)
    assert result.code == 0
    assert all(f"  {name} " in result.out for name in COMMANDS)
    assert max(map(len, result.out.splitlines())) <= 80


# Mistakes


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["chekc"], "error: there is neither a command nor a file 'chekc'; did you mean 'check'?\n"),
        (["explian", "IAM101"], "did you mean 'explain'?"),
        (["--formt", "json"], "error: there is no option '--formt'; did you mean '--format'?\n"),
        (["--formt=json"], "did you mean '--format'?"),
        (["--format", "jsno"], "there is no report format 'jsno'; did you mean 'json'?"),
        (["--output", "srif:x"], "there is no report format 'srif'"),
        (["--fail-on", "hihg"], "there is no severity 'hihg'; did you mean 'high'?"),
        (["--profile", "strct"], "did you mean 'strict'?"),
        (["--policy-kind", "identiy"], "did you mean 'identity'?"),
        (["--jobs", "0"], "'0' is neither a whole number from 1 to 256 nor auto"),
        (["--select", "IAM1O1"], "no rule has the id, name or prefix 'IAM1O1'"),
        (["--form", "json"], "there is no option '--form'"),
        (["config"], "'config' alone is no command"),
        (["config", "shwo"], "there is no command 'config shwo'"),
        (["rules", "tset", "x"], "there is no command 'rules tset'; did you mean 'test'?"),
        (["explain", "IAM1O1"], "there is no rule 'IAM1O1'; did you mean 'IAM101'?"),
        (["explain"], "the following arguments are required: RULE"),
        (["completion", "bsh"], "did you mean 'bash'?"),
        (["version", "extra"], "'extra' is one argument too many"),
        (["--config", "x", "--isolated"], "--config and --isolated exclude each other"),
        (["--config", "nope.toml"], "nope.toml: the configuration cannot be read"),
        (["--rules", "nope"], "there is no rule pack `nope`"),
        (["--stdin-filename", "x.json"], "--stdin-filename says nothing without -"),
        (["@nope"], "the file of arguments 'nope' cannot be read: no such file or directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_ends_with_2_and_a_hint(folder: Path, argv: list[str], error: str) -> None:
    result = run(folder, *argv)
    assert (result.code, result.out) == (2, "")
    assert error in result.err


def test_all_mistakes_of_a_configuration_are_told(folder: Path) -> None:
    (folder / "iamlint.toml").write_text('profil = "strict"\nfail-on = "x"\n')
    result = run(folder, "admin.json")
    assert result.code == 2
    assert "iamlint.toml:1: unknown key `profil`; did you mean `profile`?" in result.err
    assert "iamlint.toml:2: `x` is no severity" in result.err


def test_hostile_text_never_reaches_the_terminal(folder: Path) -> None:
    (folder / "iamlint.toml").write_text('"\\u001b[31m::error::" = 1\n')
    for argv in (["ev\x1bil"], ["--e\x1bvil"], ["explain", "\x1b]8;;"], ["admin.json"]):
        assert "\x1b" not in run(folder, *argv).err


def test_ignore_tables_hide_what_they_name(folder: Path) -> None:
    table = '[[ignore]]\nrule = "IAM101"\npath = "admin.json"\npointer = "/Statement"\nreason = "y"\n'
    (folder / "iamlint.toml").write_text(table)
    result = run(folder, "admin.json")
    assert (result.code, "1 suppressed" in result.out) == (0, True)
    assert "IAM101" in run(folder, "admin.json", "--show-suppressed").out
    assert run(folder, "admin.json", "--no-ignores").code == 1
    assert '"rule": "IAM101"' in run(folder, "config", "show").out


# Exit codes


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["harmless.json"], 0),
        (["admin.json"], 1),
        (["admin.json", "--fail-on", "critical"], 1),
        (["admin.json", "--fail-on", "none"], 0),
        (["admin.json", "--exit-zero"], 0),
        (["admin.json", "--select", "IAM001"], 0),
        (["nope.json"], 2),
        (["nope.json", "admin.json", "--exit-zero"], 2),
        (["broken.json"], 1),
        (["empty"], 0),
        (["empty", "--error-on-no-input"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.parametrize("format_name", ["text", "concise", "json", "jsonl", "sarif", "github", "markdown"])
def test_exit_code_whatever_the_format(folder: Path, argv: list[str], code: int, format_name: str) -> None:
    (folder / "broken.json").write_text('{"Statement": [')
    (folder / "empty").mkdir()
    assert run(folder, *argv, "--format", format_name).code == code


def test_unresolved_values_count_when_asked(folder: Path) -> None:
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {"Bucket": {"Type": "String"}},
        "Resources": {
            "P": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": {
                            "Effect": "Allow",
                            "Action": "s3:GetObject",
                            "Resource": {"Ref": "Bucket"},
                        },
                    }
                },
            }
        },
    }
    (folder / "template.json").write_text(json.dumps(template))
    argv = ["template.json", "--fail-on", "none"]
    assert run(folder, *argv).code == 0
    assert run(folder, *argv, "--fail-on-unresolved").code == 1
    assert run(folder, "harmless.json", "--fail-on-unresolved").code == 0


def test_an_error_of_ours_is_told_and_ends_with_2(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> object:
        raise ZeroDivisionError("made for the test")

    monkeypatch.setattr(reporting, "run_audit", fail)
    result = run(folder, "admin.json")
    assert result.code == 2
    assert "iamlint itself failed, and the result is none: ZeroDivisionError: made for the test" in result.err
    assert "Traceback" not in result.err
    assert "Traceback" in run(folder, "admin.json", "--verbose").err


# Input


def test_standard_input(folder: Path) -> None:
    result = run(folder, "-", "--format", "concise", stdin=ADMIN.encode())
    assert result.code == 1
    assert result.out.startswith("<stdin>:1:")
    named = run(folder, "-", "--stdin-filename", "role.json", "--format", "concise", stdin=ADMIN.encode())
    assert named.out.startswith("role.json:1:")
    assert run(folder, "-", stdin=None).code == 2
    both = run(folder, "-", "harmless.json", "--format", "json", stdin=ADMIN.encode())
    assert json.loads(both.out)["summary"]["policies"] == 2


def test_arguments_from_a_file(folder: Path) -> None:
    (folder / "arguments").write_text("--format\r\nconcise\n\nadmin.json\n")
    assert run(folder, "@arguments") == run(folder, "--format", "concise", "admin.json")
    assert run(folder, "--", "@arguments").code == 2


def test_a_command_wins_over_a_file_of_its_name(folder: Path) -> None:
    (folder / "rules").write_text(ADMIN)
    assert "full-admin" in run(folder, "rules").out
    assert run(folder, "./rules", "--format", "concise").out.startswith("rules:1:")


def test_options_reach_the_run(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "a.tpl").write_text(ADMIN)
    (folder / "sub" / "b.json").write_text(ADMIN)
    argv = ["--include", "*.tpl", "--exclude", "b.json", "--format", "concise", "."]
    result = run(folder / "sub", *argv)
    assert [line.partition(":")[0] for line in result.out.splitlines()][:1] == ["a.tpl"]
    assert "b.json" not in result.out
    assert run(folder, "admin.json", "--exclude", "admin.json", "--force-exclude").code == 0
    assert run(folder, "admin.json", "--select", "IAM001").code == 0


def test_settings_reach_the_run(folder: Path) -> None:
    (folder / "iamlint.toml").write_text('[severity]\nIAM101 = "info"\n')
    assert "info IAM101" in run(folder, "admin.json").out
    assert run(folder, "admin.json", "--isolated").code == 1
    assert run(folder, "admin.json", environ={"IAMLINT_FAIL_ON": "none"}).code == 0


def test_two_configurations_at_once_are_refused(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "iamlint.toml").write_text('profile = "strict"\n')
    (folder / "a" / "x.json").write_text(ADMIN)
    result = run(folder, "admin.json", "a/x.json")
    assert result.code == 2
    assert "different configurations apply to the paths given: none, a/iamlint.toml" in result.err
    assert run(folder, "admin.json", "a/x.json", "--isolated").code == 1


# Streams and reports


def test_reports_go_to_files_and_the_screen(folder: Path, tmp_path: Path) -> None:
    sarif = tmp_path / "out" / "x.sarif"
    result = run(folder, "admin.json", "--output", f"sarif:{sarif}", "--output", "concise")
    assert result.out.startswith("admin.json:1:")
    assert json.loads(sarif.read_text())["version"] == "2.1.0"


def test_an_unreadable_name_is_told_on_standard_error_for_machine_formats(folder: Path) -> None:
    result = run(folder, "nope.json", "--format", "json")
    assert "error: nope.json: no such file or folder" in result.err
    assert json.loads(result.out)["diagnostics"][0]["code"] == "missing"


def test_quiet_prints_nothing_when_there_is_nothing_to_say(folder: Path) -> None:
    assert run(folder, "harmless.json", "--quiet") == Result(0, "", "")
    assert "IAM101" in run(folder, "admin.json", "--quiet").out


def test_colour_only_when_asked_or_on_a_terminal(folder: Path) -> None:
    assert "\x1b[" not in run(folder, "admin.json").out
    assert "\x1b[" in run(folder, "admin.json", "--color", "always").out
    assert "\x1b[" in run(folder, "admin.json", environ={"FORCE_COLOR": "1"}).out
    assert "\x1b[" not in run(folder, "admin.json", "--format", "json", "--color", "always").out


def test_extract_shows_what_is_seen(folder: Path) -> None:
    assert "admin.json:1" in run(folder, "extract", "admin.json").out
    result = run(folder, "extract", ".", "--format", "json")
    assert [one["path"] for one in json.loads(result.out)["documents"]] == ["admin.json", "harmless.json"]
    assert run(folder, "extract", "nope.json").code == 2


def test_explain_takes_ids_names_and_aliases(folder: Path) -> None:
    by_id = run(folder, "explain", "IAM101").out
    assert by_id == run(folder, "explain", "full-admin-statement").out
    assert by_id in run(folder, "explain", "checkov:CKV_AWS_62").out + "\n"
    for part in ("Why it matters", "What to do", "Breaks the rule", "Keeps the rule", "fires at"):
        assert part in by_id
    (facts,) = json.loads(run(folder, "explain", "IAM101", "--format", "json").out)
    assert facts["name"] == "full-admin-statement"


def test_rules_are_listed(folder: Path) -> None:
    facts = json.loads(run(folder, "rules", "--format", "json").out)
    lines = run(folder, "rules").out.splitlines()
    assert [line.split()[0] for line in lines] == [fact["id"] for fact in facts]
    assert run(folder, "rules", "list").out.splitlines() == lines


def test_config_show_tells_where_values_come_from(folder: Path) -> None:
    (folder / "iamlint.toml").write_text('\nprofile = "strict"\n')
    result = run(folder, "config", "show", environ={"IAMLINT_JOBS": "2"})
    assert 'profile = "strict"  # iamlint.toml:2\n' in result.out
    assert "jobs = 2  # IAMLINT_JOBS\n" in result.out
    facts = json.loads(run(folder, "config", "show", "--format", "json").out)
    assert facts["settings"]["profile"] == {"value": "strict", "from": "iamlint.toml:2"}


def test_every_command_has_a_module(folder: Path) -> None:
    assert all(callable(load_command(name).run) for name in COMMANDS)


# The process


def start(folder: Path, *argv: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "iamlint", *argv],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_closed_pipe_ends_quietly(folder: Path) -> None:
    process = start(folder, "rules", "--format", "json")
    assert process.stdout is not None
    process.stdout.close()
    error = process.stderr.read() if process.stderr else b""
    if process.stderr:
        process.stderr.close()
    assert (process.wait(), error) == (141, b"")


@pytest.mark.skipif(os.name == "nt", reason="signals differ on Windows")
def test_an_interrupt_ends_quietly(tmp_path: Path) -> None:
    program = (
        "import iamlint.cli.main as m\n"
        "def interrupted(*_): raise KeyboardInterrupt\n"
        "m.main = interrupted\n"
        "m.entry()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_an_output_that_cannot_show_a_name_never_fails(tmp_path: Path) -> None:
    (tmp_path / "caf\u00e9 \u2192.json").write_text(ADMIN)
    done = subprocess.run(
        [sys.executable, "-m", "iamlint", ".", "--format", "concise"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 1, done.stderr
    assert b"caf\\xe9 \\u2192.json:1:" in done.stdout


# Closed streams, lost folders, reports in the wrong place


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the shell in which `iamlint` is this program."""
    script = command.replace("iamlint", f"'{sys.executable}' -m iamlint")
    environ = {"PYTHONPATH": str(ROOT), "PATH": os.environ.get("PATH", "")}
    return subprocess.run(
        ["/bin/sh", "-c", script], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


needs_shell = pytest.mark.skipif(not os.path.exists("/bin/sh"), reason="needs a shell")


@needs_shell
@pytest.mark.parametrize(
    ("command", "code", "err"),
    [
        ("iamlint admin.json >&-", 2, "error: the output cannot be written: Bad file descriptor\n"),
        ("iamlint admin.json --output json:report.json -q --format json >&-", 2, None),
        ("iamlint missing.json 2>&-", 2, ""),
        ("iamlint --nonsense 2>&-", 2, ""),
        ("iamlint - <&-", 2, "error: there is no standard input to read\n"),
        ("iamlint admin.json <&- >&- 2>&-", 2, ""),
        ("iamlint harmless.json 2>&-", 0, ""),
    ],
)
def test_streams_that_are_closed(folder: Path, command: str, code: int, err: str | None) -> None:
    done = shell(folder, command)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert err is None or done.stderr == err


@needs_shell
def test_a_closed_output_loses_no_report_in_a_file(folder: Path) -> None:
    assert shell(folder, "iamlint admin.json --output json:report.json --output text >&-").returncode == 2
    assert json.loads((folder / "report.json").read_text())["summary"]["findings"]


@needs_shell
def test_a_current_folder_that_is_gone_is_said(folder: Path) -> None:
    done = shell(folder, "mkdir gone && cd gone && rmdir ../gone && iamlint")
    assert done.returncode == 2
    assert done.stderr.startswith("error: the current folder cannot be told")


@pytest.mark.parametrize("argv", [["admin.json"], ["."], ["admin.json", "harmless.json"]])
def test_a_report_replaces_no_policy(folder: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    monkeypatch.chdir(folder)
    (folder / "link").symlink_to("admin.json")
    for name in ("admin.json", "./admin.json", "link"):
        result = run(folder, *argv, "--output", f"sarif:{name}")
        assert result.code == 2
        assert "would replace" in result.err
    assert (folder / "admin.json").read_text() == ADMIN


def test_a_report_replaces_an_earlier_report(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for name in ("sarif:report.json", "json:report.json", "markdown:report.md", "text:report.txt"):
        for _ in range(2):
            assert run(folder, ".", "--output", name).code == 1


def test_an_empty_path_does_not_mean_the_current_folder(folder: Path) -> None:
    result = run(folder, "check", "")
    assert result.code == 2
    assert "the path is empty" in result.out


@pytest.mark.parametrize("command", ["check", "extract", "summary"])
def test_a_named_file_that_does_not_parse_never_ends_with_0(folder: Path, command: str) -> None:
    (folder / "broken.json").write_text('{"Statement": [')
    assert run(folder, command, "broken.json").code in (1, 2)


@pytest.mark.parametrize("options", [("--ignore", "ALL"), ("--select", "IAM101", "--ignore", "IAM101")])
def test_a_run_without_rules_is_a_mistake(folder: Path, options: tuple[str, ...]) -> None:
    result = run(folder, "check", "admin.json", *options)
    assert (result.code, result.out) == (2, "")
    assert "no rule is left to run" in result.err


def test_a_configuration_that_leaves_no_rule_is_a_mistake(folder: Path) -> None:
    (folder / ".iamlint.toml").write_text('ignore = ["ALL"]\n')
    result = run(folder, "check", "admin.json")
    assert result.code == 2
    assert "no rule is left to run" in result.err


def test_explain_tells_escalation_paths(folder: Path) -> None:
    told = run(folder, "explain", "lambda-001")
    assert told.code == 0
    assert told.out.splitlines()[:3] == [
        "lambda-001 (high)",
        "",
        "Create a function with a role and invoke it.",
    ]
    assert "  iam:PassRole on role to pass\n  lambda:CreateFunction on new\n" in told.out
    assert "  a role that trusts lambda.amazonaws.com\n" in told.out
    (facts,) = json.loads(run(folder, "explain", "X-IAM-create-role", "--format", "json").out)
    assert facts["requires"][1] == {"any_of": ["iam:AttachRolePolicy", "iam:PutRolePolicy"], "target": "new"}
    assert run(folder, "explain", "lambda-999").code == 2
