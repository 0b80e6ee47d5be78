"""The JSON report is what its schema says, and stays what other programs know."""

from __future__ import annotations

import importlib.resources
import json

import jsonschema
import pytest
from hand_made import CLEAN, EMPTY, finding, hand_made_findings, hand_made_report, span, written
from test_report_hostile import hostile_report

from iamlint.record import replace
from iamlint.report.report import Report

SCHEMA = json.loads(
    importlib.resources.files("iamlint.report").joinpath("data/report.schema.json").read_text("utf-8")
)

REPORTS = {"hand-made": hand_made_report(), "hostile": hostile_report(), "clean": CLEAN, "empty": EMPTY}


def closed(schema: object) -> object:
    """Return `schema` refusing every key that it does not name, as the published one does not."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(item) for key, item in schema.items()}
    if "allOf" in result:
        result["unevaluatedProperties"] = False
    elif "properties" in result and "required" in result and result.get("description") not in OPEN_PARTS:
        result.setdefault("additionalProperties", False)
    return result


PLACE = SCHEMA["definitions"]["place"]["description"]
OPEN_PARTS = {
    PLACE,
    *(SCHEMA["definitions"][name]["allOf"][1]["description"] for name in ("related", "finding")),
}


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_valid_by_its_schema_with_no_key_more(report: Report) -> None:
    document = json.loads(written("json", report))
    assert not [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(document)]
    strict = closed(SCHEMA)
    assert isinstance(strict, dict)
    strict["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    errors = jsonschema.Draft202012Validator(strict).iter_errors(document)
    assert not [f"{error.json_path}: {error.message}" for error in errors]
    for part in (document, document["summary"], document["tool"], *document["findings"]):
        part["surplus"] = 1
        assert not jsonschema.Draft202012Validator(strict).is_valid(document)
        del part["surplus"]


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_keys_are_sorted_and_the_line_ends(report: Report) -> None:
    text = written("json", report)
    assert text.endswith("}\n")
    document = json.loads(text)
    assert json.dumps(document, sort_keys=True) == json.dumps(document)


def test_one_finding_in_full() -> None:
    document = json.loads(written("json", hand_made_report()))
    assert document["findings"][2] == {
        "rule_id": "IAM210",
        "rule_name": "pass-role-any",
        "severity": "critical",
        "confidence": "high",
        "message": "Any role can be passed to any service.",
        "path": "policies/tabs.json",
        "start_line": 3,
        "start_column": 32,
        "end_line": 3,
        "end_column": 46,
        "byte_offset": 50,
        "byte_length": 14,
        "policy": {"kind": "identity", "owner": "$", "owner_type": None, "location": "", "name": None},
        "pointer": "/Statement/0/Action",
        "evidence": ["iam:PassRole"],
        "properties": {"covers": ["IAM150"]},
        "fingerprint": "11111111111111111111111111111111",
        "aliases": ["checkov:CKV_AWS_63"],
        "related": [
            {
                "path": "policies/tabs.json",
                "start_line": 4,
                "start_column": 15,
                "end_line": 4,
                "end_column": 18,
                "byte_offset": 80,
                "byte_length": 3,
                "note": "every role",
            }
        ],
        "fixes": [],
        "advice": [],
        "state": "active",
        "certainty_notes": [],
    }


def test_the_rest_in_full() -> None:
    document = json.loads(written("json", hand_made_report()))
    del document["findings"]
    assert document == {
        "schema": "iamlint.report/1",
        "tool": {"name": "iamlint", "version": "1.2.3", "catalog_date": "2026-09-26"},
        "summary": {
            "findings": 5,
            "by_severity": {"critical": 2, "high": 1, "medium": 2, "low": 0, "info": 0},
            "by_rule": {"IAM101": 3, "IAM102": 1, "IAM210": 1},
            "by_state": {"active": 5, "suppressed": 1, "baselined": 0},
            "diagnostics": 2,
            "files": 7,
            "files_with_policies": 5,
            "policies": 5,
            "statements": 24,
            "grants": 0,
            "unresolved_values": 1,
        },
        "diagnostics": [
            {
                "path": "broken.json",
                "code": "json-syntax",
                "message": "Expecting value",
                "line": 3,
                "column": 5,
                "owner": None,
                "fatal": False,
            },
            {
                "path": "huge.yaml",
                "code": "too-large",
                "message": "the file has 120 MB, more than 50 MB are not read",
                "line": None,
                "column": None,
                "owner": None,
                "fatal": False,
            },
        ],
    }


def test_findings_that_are_not_active_keep_their_state() -> None:
    document = json.loads(written("json", hand_made_report()))
    assert [item["state"] for item in document["findings"]].count("suppressed") == 1


def test_json_lines_say_the_same() -> None:
    whole = json.loads(written("json", hand_made_report()))
    lines = [json.loads(line) for line in written("jsonl", hand_made_report()).splitlines()]
    assert lines[0] == {"type": "header", "schema": whole["schema"], "tool": whole["tool"]}
    assert lines[-1] == {"type": "summary", **whole["summary"]}
    kinds = [line.pop("type") for line in lines]
    assert kinds == ["header", *["finding"] * 6, *["diagnostic"] * 2, "summary"]
    assert lines[1:7] == whole["findings"]
    assert lines[7:9] == whole["diagnostics"]


def test_odd_properties_become_json() -> None:
    made = replace(
        finding(span("p.json", "{}", 0, 2), "x"),
        properties={"set": frozenset({"b", "a"}), "deep": ({"x": (1, None, True, 1.5)},), "odd": 3 + 4j},
    )
    document = json.loads(written("json", hand_made_report([made])))
    assert document["findings"][0]["properties"] == {
        "set": ["a", "b"],
        "deep": [{"x": [1, None, True, 1.5]}],
        "odd": "(3+4j)",
    }


def test_equal_lists_are_equal_bytes() -> None:
    assert len(hand_made_findings()) == 6
    assert written("json", hand_made_report()) == written("json", hand_made_report())
