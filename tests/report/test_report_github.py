"""Annotations stay within what GitHub shows, the worst first."""

from __future__ import annotations

from hand_made import finding, hand_made_report, span, written

from iamlint.model import Diagnostic, Severity
from iamlint.record import replace
from iamlint.report.report import Options, Report


def shown_annotations(report: Report) -> list[str]:
    return written("github", report).partition("::endgroup::\n")[2].splitlines()


def numbered(*severities: Severity) -> Report:
    findings = [
        finding(span(f"f{number:02}.json", "{}", 0, 2), f"Message {number}.", severity=severity)
        for number, severity in enumerate(severities)
    ]
    return hand_made_report(findings, diagnostics=[])


def test_the_worst_come_first() -> None:
    report = numbered(Severity.INFO, Severity.HIGH, Severity.CRITICAL, Severity.LOW, Severity.MEDIUM)
    shown = [(line.split()[0], line.split("::")[2].split("%0A")[0]) for line in shown_annotations(report)]
    assert shown == [
        ("::error", "Message 2."),
        ("::error", "Message 1."),
        ("::warning", "Message 4."),
        ("::notice", "Message 3."),
        ("::notice", "Message 0."),
    ]


def test_no_more_than_github_shows_and_the_rest_is_counted() -> None:
    levels = (Severity.HIGH,) * 12 + (Severity.MEDIUM,) * 11 + (Severity.LOW,) * 13
    lines = shown_annotations(numbered(*levels))
    assert [
        sum(line.startswith(f"::{level} ") for line in lines) for level in ("error", "warning", "notice")
    ] == [
        10,
        10,
        10,
    ]
    assert lines[-1] == (
        "::notice title=iamlint::7 more not shown here: see the log, the job summary or code scanning."
    )


def test_columns_are_left_out_for_a_place_over_lines() -> None:
    report = hand_made_report([finding(span("p.json", "{\n}", 0, 3), "Over lines.")], diagnostics=[])
    assert shown_annotations(report) == [
        (
            "::error file=p.json,line=1,endLine=2,title=IAM101 service-action-wildcard::"
            "Over lines.%0Ahttps://example.org/rules/IAM101"
        )
    ]


def test_properties_and_data_are_escaped_by_their_own_rules() -> None:
    made = finding(span("a,b:c%.json", "{}", 0, 2), "100%: a, b.")
    report = replace(hand_made_report([made], diagnostics=[]), help_uri=lambda _: "")
    assert shown_annotations(report) == [
        (
            "::error file=a%2Cb%3Ac%25.json,line=1,endLine=1,col=1,endColumn=3,"
            "title=IAM101 service-action-wildcard::100%25: a, b."
        )
    ]


def test_paths_are_those_of_the_workspace() -> None:
    report = hand_made_report(
        [finding(span("p.json", "{}", 0, 2), "x.")], diagnostics=[Diagnostic("q.json", "odd", "Odd")]
    )
    lines = shown_annotations(replace(report, options=Options(path_prefix="sub/")))
    assert [line.split("file=")[1].split(",")[0] for line in lines] == ["sub/p.json", "sub/q.json"]
