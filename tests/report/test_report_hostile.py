"""Every format is fed a file whose name, Sid and message are hostile."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Callable, Mapping

import pytest
from hand_made import finding, hand_made_report, span, written

from iamlint.model import Advice, Diagnostic, Finding, Related
from iamlint.record import replace
from iamlint.report.formats import FORMATS, load
from iamlint.report.report import Display, Options, Report

PIECES = (
    "\x1b[31m",
    "\n",
    "::error::x",
    "##[error]y",
    "]]>",
    "<script>alert(1)</script>",
    "|",
    "``` ` ``",
    "=cmd()",
    "\udcff",
    "\u202e",
    "@someone",
    "[a](http://x.example)",
    "\r\n::set-output name=a::b",
)
NASTY = "".join(PIECES)
PATHS = (f"::error::{NASTY}.json", f"\n::warning::{NASTY}")
HUMAN = ("text", "concise", "github", "markdown")
MACHINE = ("json", "jsonl", "sarif")


def hostile_report(*, display: Display | None = None) -> Report:
    files: dict[str, str] = {}
    findings: list[Finding] = []
    for number, path in enumerate(PATHS):
        text = f'::error::{NASTY}\n{{"Statement": [{{"Sid": "{NASTY}", "Action": "*"}}]}}\n::error::end'
        files[path] = text
        at = text.index('"*"')
        sid = text.index("Sid") + 7
        findings.append(
            finding(
                span(path, text, at, at + 3),
                f"{NASTY} Statement '{NASTY}' allows all.",
                rule=f"X{NASTY}",
                name=NASTY,
                owner=NASTY,
                owner_type=NASTY,
                pointer=f"/Statement/{NASTY}",
                evidence=[NASTY],
                fingerprint=f"{number}" * 32,
                related=[
                    Related(span(path, text, sid, sid + 5), NASTY),
                    Related(span("gone" + NASTY, text, 0, 9), NASTY),
                ],
                notes=[NASTY],
                advice=NASTY,
                given=[Advice(NASTY, f"{NASTY}\n```\n{NASTY}")],
            )
        )
    return hand_made_report(
        findings,
        files=files,
        display=display or Display(runner=True),
        diagnostics=[Diagnostic(path, "odd", NASTY, 1, 1, owner=NASTY) for path in PATHS],
    )


def code_spans_removed(markdown: str) -> str:
    """Return `markdown` without its code spans, read as the CommonMark specification says."""
    result, at = "", 0
    while (opening := re.compile("`+").search(markdown, at)) is not None:
        result += markdown[at : opening.start()]
        closing = re.compile(f"(?<!`){opening[0]}(?!`)").search(markdown, opening.end())
        assert closing is not None, "a code span never ends"
        result += "CODE"
        at = closing.end()
    return result + markdown[at:]


@pytest.mark.parametrize("format_name", HUMAN)
def test_formats_for_people_show_no_active_character(format_name: str) -> None:
    text = written(format_name, hostile_report())
    bad = {
        character
        for character in text
        if character != "\n" and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    }
    assert not bad
    assert "##[" not in text


@pytest.mark.parametrize("format_name", ["text", "concise", "markdown"])
def test_no_line_of_a_report_is_a_runner_command(format_name: str) -> None:
    for line in written(format_name, hostile_report()).splitlines():
        assert not line.lstrip().startswith("::")


def test_only_our_own_commands_stand_in_the_github_report() -> None:
    commands = [
        line
        for line in written("github", hostile_report(display=Display(colour=True))).splitlines()
        if line.lstrip().startswith("::")
    ]
    words = [re.split("[ :]", command[2:])[0] for command in commands]
    assert words == ["group", "endgroup", "error", "error", "warning", "warning"]
    for command in commands[2:]:
        # All that follows the properties is the message; input cannot add properties or end them.
        properties, _, _ = command.partition(" ")[2].partition("::")
        names = [item.partition("=")[0] for item in properties.split(",")]
        assert names in (
            ["file", "line", "endLine", "col", "endColumn", "title"],
            ["file", "line", "title"],
        )


def test_all_input_in_markdown_stands_in_code_spans() -> None:
    outside = code_spans_removed(written("markdown", hostile_report()))
    for piece in ("<", "@", "`", "alert(", "(http://x.", "error]"):
        assert piece not in outside
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} <= {3, 4}


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [*strings(list(value)), *strings(list(value.values()))]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return []


@pytest.mark.parametrize("format_name", MACHINE)
def test_formats_for_programs_keep_the_value(format_name: str) -> None:
    text = written(format_name, hostile_report())
    assert text.isascii()
    documents = (
        [json.loads(line) for line in text.splitlines()] if format_name == "jsonl" else [json.loads(text)]
    )
    found = strings(documents)
    wanted = NASTY.replace("\udcff", "\\udcff")
    if format_name == "sarif":
        # The standard writes a bracket that would begin a link like this.
        wanted = wanted.replace("[a](", "\\[a](")
    assert f"{wanted} Statement '{wanted}' allows all." in found
    for value in found:
        value.encode("utf-8")  # raises on a lone surrogate, which strict parsers refuse


def test_sarif_uris_keep_the_bytes_of_the_name() -> None:
    document = json.loads(written("sarif", hostile_report()))
    uri = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.startswith("%3A%3Aerror%3A%3A%1B%5B31m%0A%3A%3Aerror")
    assert "%FF" in uri


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "shift_jis", "utf-8", "utf-16"])
@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("make", [hostile_report, hand_made_report])
def test_no_encoding_makes_a_report_fail(format_name: str, encoding: str, make: Callable[[], Report]) -> None:
    data = io.BytesIO()
    stream = io.TextIOWrapper(data, encoding=encoding, errors="strict", newline="\n")
    load(format_name)(make(), stream)
    stream.flush()
    shown = data.getvalue().decode(encoding)
    assert shown.count("\n") == written(format_name, make()).count("\n")


def test_marks_stay_below_their_text_in_a_narrow_encoding() -> None:
    data = io.BytesIO()
    stream = io.TextIOWrapper(data, encoding="ascii", newline="\n")
    load("text")(hand_made_report(), stream)
    stream.flush()
    lines = data.getvalue().decode("ascii").splitlines()
    at = next(number for number, line in enumerate(lines) if '"Action": "*"' in line)
    assert lines[at].index('"*", "Resource"') == lines[at + 1].index("^^^")
    assert "..." in next(line for line in lines if "S7" in line and "|" in line)


SECRET_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize("format_name", FORMATS)
def test_secrets_are_masked_in_every_format(format_name: str) -> None:
    both = f"{SECRET_ID} {SECRET_KEY}"
    text = f'key = "{SECRET_ID}" # {SECRET_KEY}\n'
    place = span("main.tf", text, 7, 7 + len(SECRET_ID))
    made = replace(
        finding(
            place,
            f"The key {both} is written out.",
            evidence=[both],
            owner=both,
            pointer=f"/{SECRET_ID}",
            related=[Related(place, both), Related(span("other.tf", text, 0, 3), both)],
            notes=[both],
            advice=both,
            given=[Advice(both, both)],
        ),
        properties={both: [both]},
    )
    report = hand_made_report(
        [made], files={"main.tf": text}, diagnostics=[Diagnostic("main.tf", "odd", both, owner=both)]
    )
    for shown in (
        report,
        replace(report, content=lambda _: None),
        replace(report, options=Options(snippets=False)),
    ):
        output = written(format_name, shown)
        assert SECRET_ID not in output
        assert SECRET_KEY not in output
        assert "AKIA****" in output
