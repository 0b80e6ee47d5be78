"""Reports go where they are sent: standard output once, files whole or not at all."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TextIO

import pytest
from hand_made import hand_made_report, written

from iamlint.errors import UsageError
from iamlint.report import output as output_module
from iamlint.report.formats import FORMATS, load
from iamlint.report.output import Output, parse_output, plan_outputs, write_file, write_outputs
from iamlint.report.report import Display, Report


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("json", Output("json")),
        ("json:-", Output("json")),
        ("sarif:out/x.sarif", Output("sarif", "out/x.sarif")),
        ("text:C:\\x.txt", Output("text", "C:\\x.txt")),
    ],
)
def test_parse_output(text: str, output: Output) -> None:
    assert parse_output(text) == output


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        (
            "sarf:x",
            "there is no report format 'sarf'",
            "did you mean `sarif`? the formats are text, concise, ",
        ),
        ("JSON", "there is no report format 'JSON'", "did you mean `json`? "),
        ("", "there is no report format ''", "the formats are text, concise, "),
        ("json:", "the output 'json:' names no file", "write `json:FILE`, or `json` for standard output"),
    ],
)
def test_parse_output_refuses(text: str, message: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_output(text)
    assert str(caught.value) == message
    assert caught.value.help.startswith(advice)


@pytest.mark.parametrize(
    ("format_name", "outputs", "planned"),
    [
        (None, [], [Output("text")]),
        ("json", [], [Output("json")]),
        (None, ["sarif:a"], [Output("sarif", "a")]),
        ("text", ["sarif:a", "json:b"], [Output("text"), Output("sarif", "a"), Output("json", "b")]),
        (None, ["github", "sarif:a"], [Output("github"), Output("sarif", "a")]),
    ],
)
def test_plan_outputs(format_name: str | None, outputs: list[str], planned: list[Output]) -> None:
    assert plan_outputs(format_name, outputs) == tuple(planned)


@pytest.mark.parametrize(
    ("format_name", "outputs", "message"),
    [
        ("text", ["json"], "both text and json would go to standard output"),
        (None, ["json:-", "sarif"], "both json and sarif would go to standard output"),
        (None, ["json:a", "sarif:./a"], "both json and sarif would go to the file ./a"),
        ("xml", [], "there is no report format 'xml'"),
    ],
)
def test_plan_outputs_refuses(format_name: str | None, outputs: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan_outputs(format_name, outputs)
    assert str(caught.value) == message


def test_files_are_plain_whatever_the_terminal_is(tmp_path: Path) -> None:
    report = hand_made_report(display=Display(is_terminal=True, colour=True, width=50))
    stdout = io.StringIO()
    path = tmp_path / "new" / "folder" / "report.txt"
    write_outputs((Output("text"), Output("text", str(path))), report, stdout)
    assert path.read_bytes() == written("text", hand_made_report()).encode()
    assert "\x1b[" in stdout.getvalue()
    assert os.listdir(path.parent) == ["report.txt"]
    # As any new file, not as a private temporary one.
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_file_is_replaced_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    link.symlink_to(real)
    write_file("json", str(link), hand_made_report())
    assert link.is_symlink()
    assert json.loads(real.read_text())["schema"] == "iamlint.report/1"


def test_a_report_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(report: Report, stream: TextIO) -> None:
        stream.write(report.tool.name)
        raise RuntimeError

    monkeypatch.setattr(output_module, "load", lambda _: broken)
    path = tmp_path / "r.json"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        write_file("json", str(path), hand_made_report())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["r.json"]


def test_what_is_no_regular_file_is_written_directly() -> None:
    write_file("json", os.devnull, hand_made_report())
    assert not stat.S_ISREG(os.stat(os.devnull).st_mode)


def test_a_link_in_place_of_the_temporary_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f".r.json.{os.getpid()}.tmp").symlink_to(victim)
    write_file("json", str(tmp_path / "r.json"), hand_made_report())
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("name", ["folder", "file/report.json"])
def test_a_path_that_cannot_be_written_is_the_users_mistake(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    path = str(tmp_path / name)
    with pytest.raises(UsageError) as caught:
        write_file("json", path, hand_made_report())
    assert str(caught.value).startswith(f"the report {path} cannot be written: ")


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_has_a_writer(format_name: str) -> None:
    assert callable(load(format_name))


def test_common_formats_import_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); from iamlint.report.formats import load; "
        "load('text'); load('concise'); load('github'); "
        "print(*sorted(set(sys.modules) - before))"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    imported = set(ran.stdout.split())
    assert "iamlint.report.text_report" in imported
    assert not imported & {
        "sarif_om",
        "attr",
        "json",
        "yaml",
        "jsonpath_ng",
        "difflib",
        "tempfile",
        "jsonschema",
    }
