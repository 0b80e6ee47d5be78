"""The job summary: within its limits, with links, and with nothing from input but in code spans."""

from __future__ import annotations

import pytest
from hand_made import finding, hand_made_report, span, written
from hypothesis import given
from hypothesis import strategies as st
from test_report_hostile import code_spans_removed

from iamlint.model import Diagnostic, Severity
from iamlint.record import replace
from iamlint.report import markdown_report
from iamlint.report.escape import escape
from iamlint.report.markdown_report import code
from iamlint.report.report import Options


@given(st.text(st.sampled_from("` |<@\\\nab\u202e"), max_size=30))
def test_a_code_span_holds_all_of_its_text(text: str) -> None:
    shown = code(text)
    assert code_spans_removed(f"a {shown} b") == "a CODE b"
    fence = len(shown) - len(shown.lstrip("`"))
    inner = shown[fence:-fence]
    if inner.startswith(" ") and inner.endswith(" ") and inner.strip():
        inner = inner[1:-1]
    assert inner == (escape(text) if escape(text).strip() else "(empty)")


def test_a_pipe_in_a_table_is_escaped() -> None:
    assert code("a|b", in_table=True) == "`a\\|b`"


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("{}", "- [line 1](https://x/blob/abc/a%20b%29.json#L1) high"),
        ("{\n}", "- [line 1](https://x/blob/abc/a%20b%29.json#L1-L2) high"),
    ],
)
def test_places_are_links(text: str, link: str) -> None:
    report = hand_made_report([finding(span("a b).json", text, 0, len(text)), "x.")])
    assert link in written("markdown", replace(report, options=Options(link_base="https://x/blob/abc/")))


def test_a_file_outside_the_root_has_no_link() -> None:
    report = hand_made_report([finding(span("/etc/p.json", "{}", 0, 2), "x.")])
    assert "\n- line 1 high" in written("markdown", replace(report, options=Options(link_base="https://x/")))


def test_the_most_severe_are_listed() -> None:
    findings = [
        finding(
            span(f"f{number:03}.json", "{}", 0, 2),
            f"Message {number}.",
            severity=Severity.CRITICAL if number == 99 else Severity.LOW,
        )
        for number in range(100)
    ]
    text = written("markdown", hand_made_report(findings))
    assert text.count("\n- line") == 50
    assert "Message 99." in text
    assert "_The 50 most severe of 100 findings are listed._" in text
    assert "| critical | 1 |\n| low | 99 |\n" in text


def test_diagnostics_are_listed_up_to_a_number() -> None:
    diagnostics = [Diagnostic(f"f{number:02}.json", "odd", "Odd.") for number in range(25)]
    text = written("markdown", hand_made_report(diagnostics=diagnostics))
    assert "### Not analysed (25)" in text
    assert text.count("`odd`") == 20
    assert "- and 5 more" in text


def test_a_summary_that_is_too_long_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown_report, "MAX_BYTES", 300)
    text = written("markdown", hand_made_report())
    assert len(text.encode()) < 400
    assert text.endswith("\n\n_The rest is left out: the summary would be too long._\n")
