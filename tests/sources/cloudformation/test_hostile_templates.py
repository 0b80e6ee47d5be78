"""Templates made to be slow, large or silent: functions that double, and nodes of the wrong shape."""

from __future__ import annotations

import json

import pytest

from iamlint.model import Extraction, Value
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions


def read(content: object, path: str = "t.json") -> Extraction:
    text = content if isinstance(content, str) else json.dumps(content)
    return extract_unit([SourceFile(path, text.encode(), named=True)], SourceOptions())


def template(resource: object, **sections: object) -> dict[str, object]:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    properties = {"PolicyDocument": document}
    return {**sections, "Resources": {"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}}}


def resources(found: Extraction) -> tuple[Value, ...]:
    (policy,) = found.policies
    assert policy.statements is not None
    return policy.statements[0].resources or ()


def test_a_text_that_doubles_at_each_level_is_a_hole() -> None:
    node: object = "0123456789"
    for _ in range(35):
        node = {"Fn::Sub": ["${a}${a}", {"a": node}]}
    (value,) = resources(read(template(node)))
    assert value.text is None


def test_a_text_that_doubles_a_few_times_is_known() -> None:
    node: object = "ab"
    for _ in range(10):
        node = {"Fn::Sub": ["${a}${a}", {"a": node}]}
    (value,) = resources(read(template(node)))
    assert value.text == "ab" * 2**10


def test_many_long_texts_are_not_all_put_together() -> None:
    joined = "!Join ['', [" + ",".join(["*a"] * 50_000) + "]]"
    content = (
        "Metadata: &a " + "x" * 100_000 + "\nResources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n"
        "    Properties:\n      PolicyDocument:\n        Statement:\n        - Effect: Allow\n"
        f"          Action: s3:GetObject\n          Resource: {joined}\n"
    )
    (value,) = resources(read(content, "t.yaml"))
    assert value.text is None


def test_names_that_refer_to_names_are_worked_out_once() -> None:
    roles = {
        f"R{i}": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": {"Fn::Sub": f"${{R{i + 1}}}${{R{i + 1}.Arn}}" if i < 38 else "r"},
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            },
        }
        for i in range(39)
    }
    whole = template({"Fn::GetAtt": ["R0", "Arn"]})
    whole["Resources"] = {**roles, **whole["Resources"]}  # type: ignore[dict-item]  # both are mappings
    assert len(read(whole).policies) == 40


def test_a_large_mapping_is_searched_once_for_one_question() -> None:
    mapping = {"M": {f"k{i}": {"v": str(i)} for i in range(3000)}}
    asked = [{"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "v"]}] * 3000
    values = resources(read(template(asked, Mappings=mapping)))
    assert len(values) == 3000
    assert all(value.hole is not None and len(value.hole.values) == 3000 for value in values)


def test_a_text_is_not_split_into_pieces_without_number() -> None:
    (value,) = resources(read(template({"Fn::Split": [",", ",".join("x" * 20_000)]})))
    assert value.text is None


@pytest.mark.parametrize(
    ("properties", "word"), [(5, "a number"), ("x", "text"), ([], "a list"), (True, "a boolean")]
)
def test_properties_of_another_type_are_said(properties: object, word: str) -> None:
    found = read({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": properties}}})
    (diagnostic,) = found.diagnostics
    assert (diagnostic.code, diagnostic.owner) == ("wrong-type", "Resources.R")
    assert word in diagnostic.message


@pytest.mark.parametrize("properties", [{"Fn::If": ["C", {}, {}]}, {"Fn::Select": [0, [{}]]}, {"Ref": "P"}])
def test_properties_that_something_decides_are_said(properties: object) -> None:
    found = read({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": properties}}})
    assert [diagnostic.code for diagnostic in found.diagnostics] == ["unresolved"]


def test_a_resource_that_is_no_object_is_said() -> None:
    found = read({"Resources": {"R": {"Type": "AWS::IAM::Role"}, "Q": [5]}})
    assert [(one.code, one.message) for one in found.diagnostics] == [
        ("wrong-type", "a resource must be an object, not a list")
    ]
