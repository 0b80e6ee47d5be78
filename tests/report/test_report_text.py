"""What people read: whole reports as snapshots, and single frames."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Sequence

import pytest
from hand_made import CLEAN, EMPTY, MINIFIED, find, finding, hand_made_report, span, written
from hypothesis import example, given
from hypothesis import strategies as st
from write_snapshots import SNAPSHOTS, path_of

from iamlint.model import Advice, Diagnostic, Related, Severity, Span
from iamlint.record import replace
from iamlint.report.formats import FORMATS
from iamlint.report.report import Counts, Display, Report


@pytest.mark.parametrize("format_name", SNAPSHOTS)
def test_whole_reports(format_name: str) -> None:
    """After a wanted change run `python tests/report/write_snapshots.py` and read the difference."""
    with open(path_of(format_name), encoding="utf-8") as stream:
        assert written(format_name, hand_made_report()) == stream.read()


@pytest.mark.parametrize("format_name", FORMATS)
def test_equal_reports_give_equal_text(format_name: str) -> None:
    assert written(format_name, hand_made_report()) == written(format_name, hand_made_report())
    slower = replace(hand_made_report(), elapsed=9.0)
    assert written(format_name, slower) == written(format_name, hand_made_report())


def frames(
    text: str, *places: tuple[int, int], width: int = 100, related: Sequence[Related] = ()
) -> list[str]:
    """Return the lines of the text report below the first line, for findings at `places` of one file."""
    findings = [
        finding(
            span("p.json", text, at, end), "Same.", pointer=f"/Statement/0/Action/{number}", related=related
        )
        for number, (at, end) in enumerate(places)
    ]
    report = hand_made_report(
        sorted(findings, key=lambda item: item.order),
        files={"p.json": text},
        diagnostics=[],
        display=Display(width=width),
    )
    return written("text", report).split("\n\n")[0].splitlines()[1:]


def test_a_mark_below_its_text() -> None:
    assert frames('{\n  "Action": "*"\n}', (14, 17)) == [
        '    2 |   "Action": "*"',
        "      |             ^^^",
        "   = help: try `iamlint explain IAM101`",
    ]


def test_identical_findings_of_a_statement_are_one_with_several_marks() -> None:
    assert frames('["a:*",\n "b:*", "c:*"]', (1, 6), (9, 14), (16, 21)) == [
        '    1 | ["a:*",',
        "      |  ^^^^^",
        '    2 |  "b:*", "c:*"]',
        "      |  ^^^^^  ^^^^^",
        "   = help: try `iamlint explain IAM101`",
    ]


def test_findings_of_two_statements_stay_two() -> None:
    first = finding(find("roles/deploy.tf", '"s3:*"'), "Same.", pointer="/Statement/0/Action/0")
    second = finding(find("roles/deploy.tf", '"*"'), "Same.", pointer="/Statement/1/Action/0")
    text = written("text", hand_made_report([first, second], diagnostics=[]))
    assert text.count("Same.") == 2


def test_one_place_under_several_owners_is_shown_once() -> None:
    place = find("roles/deploy.tf", '"s3:*"')
    findings = [finding(place, "Same.", owner=f"module.m[{number}].aws_iam_policy.x") for number in range(15)]
    report = hand_made_report(findings, diagnostics=[])
    text = written("text", report)
    assert text.count("Same.") == 1
    owners = ", ".join(f"module.m[{number}].aws_iam_policy.x" for number in range(1, 11))
    assert f"   = also in: {owners} and 4 more\n" in text
    assert "\n15 findings (15 high), " in text
    assert written("concise", report).count("Same.") == 1


def test_a_place_over_several_lines() -> None:
    text = '{\n  "a": {\n    "b": 1,\n    "c": 2\n  }\n}'
    shown = [
        '    2 |   "a": {',
        "      |        ^",
        '    3 |     "b": 1,',
        '    4 |     "c": 2',
        "    5 |   }",
        "      |   ^",
        "   = help: try `iamlint explain IAM101`",
    ]
    assert frames(text, (9, len(text) - 2)) == shown
    # With the line end, which adds nothing to see.
    assert frames(text, (9, len(text) - 1)) == shown


def test_frames_over_eight_lines_are_folded() -> None:
    text = "[\n" + "\n".join(f' "{number:02}",' for number in range(30)) + "\n]"
    lines = frames(text, (0, len(text)))
    numbers = [int(line.split("|")[0]) for line in lines if re.match(r" +\d+ \|", line)]
    assert numbers == [1, 2, 3, 4, 5, 6, 7, 32]
    assert lines.count("   ...") == 1


def test_places_that_a_folded_frame_leaves_out_are_named() -> None:
    text = "[\n" + "\n".join(f' "{number:02}",' for number in range(30)) + "\n]"
    lines = frames(
        text, *((text.index(f'"{number:02}"'), text.index(f'"{number:02}"') + 4) for number in range(30))
    )
    assert sum("^^^^" in line for line in lines) == 8
    listed = ", ".join(f"{line}:2" for line in range(10, 20))
    assert f"   = also at: {listed} and 12 more" in lines


def test_a_related_place_around_the_finding_is_context() -> None:
    text = '{"Statement": {\n  "Action": "*",\n  "Resource": "*"\n}}'
    at = text.index('"*"')
    around = Related(span("p.json", text, 14, len(text) - 1), "")
    assert frames(text, (at, at + 3), related=[around])[:3] == [
        '    1 | {"Statement": {',
        '    2 |   "Action": "*",',
        "      |             ^^^",
    ]
    noted = Related(around.span, "in this statement")
    assert frames(text, (at, at + 3), related=[noted])[:2] == [
        '    1 | {"Statement": {',
        "      |               - in this statement",
    ]


def test_overlapping_marks_and_notes_get_rows_of_their_own() -> None:
    text = '{"Action": "*", "Resource": "*"}'
    lines = frames(
        text,
        (11, 14),
        related=[
            Related(span("p.json", text, 0, 32), "all of it"),
            Related(span("p.json", text, 28, 31), "everything"),
            Related(span("p.json", text, 1, 9), "this"),
        ],
    )
    assert lines[:4] == [
        '    1 | {"Action": "*", "Resource": "*"}',
        "      |            ^^^              --- everything",
        "      | -------------------------------- all of it",
        "      |  -------- this",
    ]


def test_an_empty_place_still_has_a_mark() -> None:
    assert frames('{"a": 1', (7, 7))[1] == "      |        ^"
    assert frames("", (0, 0))[:2] == ["    1 |", "      | ^"]


def test_a_minified_file_is_windowed_around_the_mark() -> None:
    at = MINIFIED.index('"iam:*"', 700)
    lines = frames(MINIFIED, (at, at + 7), width=60)
    assert lines[0] == '    1 | …on":["ec2:Describe*","iam:*"],"Resource":"arn:aws:…'
    assert lines[1] == "      |                       ^^^^^^^"
    assert len(lines[0]) == 60


def test_a_related_place_far_away_on_the_line_gets_a_window_of_its_own() -> None:
    at = MINIFIED.index('"iam:*"', 1500)
    lines = frames(
        MINIFIED, (at, at + 7), width=60, related=[Related(span("p.json", MINIFIED, 1, 12), "statements")]
    )
    assert lines[0].startswith('    1 | {"Statement":[')
    assert lines[1] == "      |  ----------- statements"
    assert lines[2].startswith("    1 | …")


def columns(text: str) -> int:
    """Return how many columns `text` takes on a terminal."""
    return sum(
        0
        if unicodedata.category(character) in {"Mn", "Me"}
        else 2
        if unicodedata.east_asian_width(character) in {"W", "F"}
        else 1
        for character in text
    )


LINE = st.text(st.sampled_from("ab \t\u0301\u00e9\u8a2d\uff21\x1b\u202e\udcff\U0001f600"), max_size=150)


@given(LINE, LINE, st.integers(40, 120))
@example("\t" * 100, "", 40)
@example("\u0301" * 150, "\u8a2d" * 150, 41)
def test_marks_stand_below_their_text_at_any_width(before: str, after: str, width: int) -> None:
    lines = frames(f"{before}QQQ{after}", (len(before), len(before) + 3), width=width)
    shown, marks = lines[0], lines[1]
    assert columns(shown) <= width
    assert columns(shown[: shown.index("QQQ")]) == marks.index("^^^")
    assert marks.count("^") == 3


def test_a_huge_line_costs_no_more_than_its_window() -> None:
    text = '{"a":"' + "x" * 2_000_000 + '","Action":"*"}'
    at = text.index('"*"')
    lines = frames(text, (at, at + 3))
    assert lines[0].endswith('x","Action":"*"}')
    assert len(lines[0]) <= 100


def test_other_files_have_frames_of_their_own_and_then_lines() -> None:
    files = {"p.json": '"*"', **{f"f{number}.tf": f"line {number}\n" for number in range(5)}}
    related = [
        *(
            Related(span(f"f{number}.tf", files[f"f{number}.tf"], 0, 4), f"note {number}")
            for number in range(5)
        ),
        Related(span("gone.tf", "x", 0, 1), "not there"),
    ]
    made = finding(span("p.json", '"*"', 0, 3), "Message.", related=related)
    text = written("text", hand_made_report([made], files=files, diagnostics=[]))
    assert text.splitlines()[3:15] == [
        "   --> f0.tf:1:1",
        "    1 | line 0",
        "      | ---- note 0",
        "   --> f1.tf:1:1",
        "    1 | line 1",
        "      | ---- note 1",
        "   --> f2.tf:1:1",
        "    1 | line 2",
        "      | ---- note 2",
        "   = see: f3.tf:1:1: note 3",
        "   = see: f4.tf:1:1: note 4",
        "   = see: gone.tf:1:1: not there",
    ]


def test_a_file_that_cannot_be_shown_names_the_owner() -> None:
    report = replace(hand_made_report(diagnostics=[]), content=lambda _: None)
    assert "   = in: data.aws_iam_policy_document.deploy /Statement/0/Action/0\n" in written("text", report)


@pytest.mark.parametrize("format_name", ["text", "concise"])
def test_the_last_line(format_name: str) -> None:
    def last(report: Report) -> str:
        return written(format_name, report).splitlines()[-1]

    assert last(hand_made_report()) == (
        "5 findings (2 critical, 1 high, 2 medium), 1 suppressed, 0 baselined; "
        "7 files, 5 policies, 24 statements; 1 unresolved value"
    )
    one = replace(
        hand_made_report([finding(find("roles/deploy.tf", '"s3:*"'), "x", severity=Severity.INFO)]),
        counts=Counts(1, 1, 1, 1, 0, 2, 3, 4),
    )
    assert last(one) == (
        "1 finding (1 info), 3 suppressed, 4 baselined; 1 file, 1 policy, 1 statement; 2 unresolved values"
    )
    clean = "0 findings, 1 suppressed, 0 baselined; 7 files, 5 policies, 24 statements; 1 unresolved value"
    assert last(CLEAN) == clean
    timed = replace(CLEAN, display=Display(is_terminal=True), elapsed=0.1234)
    assert last(timed) == clean + "; 0.12 s"


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (Counts(files=3), "No policy found in the repository: nothing was audited."),
        (Counts(), "No file found in the repository: nothing was audited."),
    ],
)
def test_a_run_without_a_policy_says_so(counts: Counts, sentence: str) -> None:
    report = replace(EMPTY, counts=counts)
    for format_name in ("text", "concise", "github"):
        assert sentence in written(format_name, report).splitlines()
    assert "**No policy found: nothing was audited.**" in written("markdown", report)


def test_grants_alone_are_something_to_audit() -> None:
    assert "nothing was audited" not in written("text", replace(EMPTY, counts=Counts(files=1, grants=1)))


def test_diagnostics_say_where_and_how_bad() -> None:
    report = hand_made_report(
        [],
        diagnostics=[
            Diagnostic("a.json", "json-syntax", "Expecting value", 3, 5, fatal=True),
            Diagnostic("b.yaml", "yaml-syntax", "Odd", 2, owner="Resources.Role"),
        ],
    )
    assert written("text", report).splitlines()[:3] == [
        "a.json:3:5: error json-syntax: Expecting value",
        "b.yaml:2:1: diagnostic yaml-syntax: Odd (in Resources.Role)",
        "",
    ]


@pytest.mark.parametrize("format_name", ["text", "concise"])
def test_colour_adds_nothing_but_colour(format_name: str) -> None:
    plain = written(format_name, hand_made_report())
    coloured = written(format_name, hand_made_report(display=Display(colour=True)))
    assert "\x1b[1;31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("format_name", ["json", "jsonl", "sarif", "github", "markdown"])
def test_other_formats_are_never_coloured(format_name: str) -> None:
    assert written(format_name, hand_made_report(display=Display(colour=True))) == written(
        format_name, hand_made_report()
    )


def test_a_stream_gets_whole_lines_only() -> None:
    class Lines(io.StringIO):
        def write(self, text: str) -> int:
            assert text.endswith("\n")
            return super().write(text)

    from iamlint.report.text_report import write

    write(hand_made_report(), Lines())


# Findings without number


def test_a_long_line_is_shown_in_a_few_parts() -> None:
    text = '["' + '", "'.join(["s3:GetObject" + "x" * 80] * 500) + '"]'
    places = [(at.start(), at.start() + 12) for at in re.finditer("s3:GetObject", text)]
    lines = frames(text, *places)
    assert sum(1 for line in lines if line.startswith("    1 |")) == 8
    also = next(line for line in lines if "also at" in line)
    assert also.endswith("and 482 more")
    assert "1:3," not in also


def test_marks_that_overlap_without_number_take_a_few_rows() -> None:
    text = '"' + "x" * 60 + '"'
    assert len(frames(text, *[(at, 61) for at in range(50)])) <= 12


def test_many_places_of_one_finding_are_grouped_at_once() -> None:
    text = "[" + '"*", ' * 20_000 + '"*"]'
    places = [(1 + 5 * number, 4 + 5 * number) for number in range(20_000)]
    path = "p.json"
    findings = [
        finding(Span(path, 1, at + 1, 1, end + 1, at, end - at), "Same.", pointer=f"/Statement/0/Action/{at}")
        for at, end in places
    ]
    report = hand_made_report(findings, files={path: text}, diagnostics=[])
    assert written("text", report).count("Same.") == 1


def test_the_place_of_the_headline_is_not_told_again() -> None:
    report = hand_made_report(
        [finding(Span("gone.json", 3, 1, 3, 2, 9, 1), "Same.")], files={}, diagnostics=[]
    )
    text = written("text", report)
    assert "gone.json:3:1:" in text
    assert "also at" not in text


# --- advice -----------------------------------------------------------------------------------------------


def advised(*lines_of_advice: tuple[int, Sequence[Advice]], format_name: str = "text") -> list[str]:
    """Return the lines of a report of findings on such lines of one file, with such advice."""
    text = "x\n" * 9
    findings = [
        finding(span("p.json", text, 2 * line - 2, 2 * line - 1), f"Number {line}.", given=given)
        for line, given in lines_of_advice
    ]
    report = hand_made_report(findings, files={"p.json": text}, diagnostics=[])
    return written(format_name, report).splitlines()


TITLED = Advice("add to the statement", '"Condition": {}')


@pytest.mark.parametrize("format_name", ["text", "markdown"])
def test_the_same_advice_is_shown_once_for_a_file(format_name: str) -> None:
    lines = advised((2, [TITLED]), (5, [TITLED]), format_name=format_name)
    assert sum('"Condition": {}' in line for line in lines) == 1
    assert sum("(as at line 2)" in line for line in lines) == 1


def test_other_advice_is_shown_too() -> None:
    lines = advised((2, [TITLED]), (5, [Advice(TITLED.title, "else")]))
    assert not any("as at line" in line for line in lines)
    assert "       else" in lines


@pytest.mark.parametrize(
    ("number", "shown", "more"), [(12, 12, ""), (13, 13, ""), (14, 12, "(2 more; --format json shows all)")]
)
@pytest.mark.parametrize("format_name", ["text", "markdown"])
def test_long_advice_is_cut(format_name: str, number: int, shown: int, more: str) -> None:
    long = Advice("long", "\n".join(f"line {at}" for at in range(number)))
    lines = [line.strip() for line in advised((1, [long]), format_name=format_name)]
    assert [line for line in lines if re.fullmatch(r"line \d+", line)][-1:] == [f"line {shown - 1}"]
    assert [line for line in lines if "more;" in line] == [more][: bool(more)]


@pytest.mark.parametrize("format_name", ["text", "markdown", "github"])
def test_advice_acts_on_nobody(format_name: str) -> None:
    hostile = Advice(
        "a\x1b[31m\nb", "::error::x\n```\n````\n\x1b]0;t\x07 \u202e AKIAIOSFODNN7EXAMPLE\n##[warning]"
    )
    report = hand_made_report(
        [finding(find("roles/deploy.tf", "s3:*"), "M.", given=[hostile])], diagnostics=[]
    )
    text = written(format_name, report)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "AKIAIOSFODNN7EXAMPLE" not in text
    if format_name != "text":  # a terminal reads no commands
        assert "##[warning]" not in text
    if format_name == "markdown":
        assert "    `````text" in text


def test_concise_shows_no_advice() -> None:
    assert len(advised((2, [TITLED]), format_name="concise")) == 2
