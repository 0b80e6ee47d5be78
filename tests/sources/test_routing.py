"""Which reader gets a file, and that nothing that a file holds stops a run or passes in silence."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamlint.model import Extraction, PolicyKind
from iamlint.sources.routing import extract_unit, is_candidate
from iamlint.sources.source import SourceFile, SourceOptions

POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
YAML_POLICY = "Version: '2012-10-17'\nStatement:\n- Effect: Allow\n  Action: '*'\n  Resource: '*'\n"
TEMPLATE = """\
Resources:
  R:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement:
        - {Effect: Allow, Action: !Sub 's3:${Verb}*', Resource: ['*', !GetAtt B.Arn]}
"""
JSON_TEMPLATE = (
    '{"Parameters": {"P": {"Default": "x"}}, "Resources": {"R": {"Type": "AWS::IAM::Role", "Properties":'
    ' {"AssumeRolePolicyDocument": {"Fn::If": ["C", ' + POLICY + ', {"Ref": "AWS::NoValue"}]},'
    ' "Policies": [{"PolicyName": {"Fn::Join": ["-", ["a", {"Ref": "P"}]]}, "PolicyDocument": '
    + POLICY
    + "}]}}}}"
)
MODULE = json.dumps({"resource": {"aws_iam_policy": {"p": {"policy": POLICY}}}})


def read(content: str | bytes, path: str, *, named: bool = True) -> Extraction:
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    return extract_unit([SourceFile(path, data, named=named)], SourceOptions())


def codes(found: Extraction) -> list[str]:
    return [diagnostic.code for diagnostic in found.diagnostics]


@pytest.mark.parametrize("path", ["p.yaml", "p.YAML", "P.Yml", "x.Template", "noext", "<stdin>", "x.odd"])
def test_yaml_is_read_under_any_name_that_does_not_say_json(path: str) -> None:
    assert len(read(YAML_POLICY, path).policies) == 1
    assert len(read(TEMPLATE, path).policies) == 1


@pytest.mark.parametrize("path", ["p.json", "p.yaml", "p.template", "noext"])
def test_json_is_read_under_any_name(path: str) -> None:
    assert len(read(POLICY, path).policies) == 1


@pytest.mark.parametrize(
    "content",
    [
        "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}",
        "[{Version: '2012-10-17', Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}]",
        POLICY + " # why",
    ],
)
def test_flow_style_is_yaml_though_it_looks_like_json(content: str) -> None:
    found = read(content, "p.yaml")
    assert (len(found.policies), codes(found), found.broken) == (1, [], ())


def test_yaml_in_a_file_called_json_is_broken() -> None:
    assert read(YAML_POLICY, "p.json").broken


@pytest.mark.parametrize("start", ["{{- if .Values.roles }}", "{% if roles %}"])
def test_a_template_of_another_tool_is_said_and_a_finding_where_it_is_named(start: str) -> None:
    content = f"{start}\n{TEMPLATE}{{{{- end }}}}\n"
    named, walked = read(content, "chart.yaml"), read(content, "chart.yaml", named=False)
    assert (codes(named), len(named.broken)) == (["unrendered-template"], 1)
    assert (codes(walked), walked.broken) == (["unrendered-template"], ())


def test_prose_without_an_ending_is_no_business_of_ours() -> None:
    licence = "Licence Statement\n\nYou may: copy\n\tit."
    assert read(licence, "LICENSE", named=False) == Extraction()
    assert read(licence, "LICENSE").broken


@pytest.mark.parametrize("path", ["a.json", "a.yaml", "<stdin>"])
@pytest.mark.parametrize("content", ["", " \n\t\n"])
def test_an_empty_file_that_was_named_is_said(path: str, content: str) -> None:
    found = read(content, path)
    assert codes(found)
    assert found.broken or codes(found) == ["empty"]


@pytest.mark.parametrize(
    "content",
    ['{"a": "Statement"}', '{"Resources": 5, "x": "AWS::"}', POLICY.lower(), '{"x": {"Statement": 5}}'],
)
def test_a_named_file_with_words_of_a_policy_and_none_in_it_is_said(content: str) -> None:
    assert codes(read(content, "p.json")) == ["no-policy"]
    assert read(content, "p.json", named=False) == Extraction()


@pytest.mark.parametrize("statements", ["5", "null", '"x"', "[]", "[null, 5]", "true"])
def test_a_root_with_nothing_but_the_elements_of_a_policy_is_one(statements: str) -> None:
    (policy,) = read(f'{{"Statement": {statements}}}', "p.json", named=False).policies
    assert policy.faults or policy.statements == ()


def test_bytes_that_are_no_text_are_broken_if_they_hold_a_policy() -> None:
    data = POLICY.encode()[:-2] + b', "\xff": 1]}'
    found = read(data, "p.json", named=False)
    assert (codes(found), len(found.broken)) == (["not-text"], 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_broken_template_is_a_finding_in_every_encoding(encoding: str) -> None:
    found = read((TEMPLATE + "\tx").encode(encoding), "t.yaml", named=False)
    assert (codes(found), len(found.broken)) == (["syntax-error"], 1)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("p.json", rb'{"\u0053tatement": []}'),
        ("p.yaml", rb'"\x53tatement": []'),
        ("p.yaml", rb'"\U00000053tatement": []'),
        ("p.YAML", b'? "State\\\n  ment"\n: []'),
        ("p.yaml", b'Type: "AWS:\\\r\n  :IAM::Role"'),
    ],
)
def test_no_way_to_write_a_word_hides_it(path: str, data: bytes) -> None:
    assert is_candidate(path, data)


def test_a_shell_script_in_a_workflow_is_no_candidate() -> None:
    assert not is_candidate("ci.yaml", b"run: |\n  docker build \\\n    --tag x .\n")


def test_a_stream_of_empty_documents_costs_nothing() -> None:
    found = read("---\n" * 100_000 + TEMPLATE, "t.yaml")
    assert len(found.policies) == 1


def test_repeated_keys_without_number_are_listed_up_to_a_limit() -> None:
    content = POLICY.replace('"Version"', '"Id": "x", ' * 5000 + '"Version"')
    found = read(content, "p.json")
    assert codes(found) == ["repeated-key"] * 100
    assert found.diagnostics[-1].message.endswith("more of them are not listed")
    assert "not listed" not in found.diagnostics[-2].message


NAMES = st.sampled_from(["p.json", "p.yaml", "p.template", "p.tf.json", "noext", "p.txt", "p.tf", "p.py"])
PIECES = st.sampled_from(
    [
        POLICY,
        YAML_POLICY,
        TEMPLATE,
        JSON_TEMPLATE,
        MODULE,
        *"{}[]:,\"'#&*!|>%@`-?\n\r\t\\\0 ",
        "null",
        "1e999",
        "[]",
        "{}",
        "NaN",
        "9" * 5000,
        "!Ref x",
        "!Sub '${a}'",
        "!Join [',', x]",
        "<<: *a",
        "&a ",
        "---\n",
        '"\\ud800"',
        "\ufeff",
        "\u2028",
        "${",
        "{{",
        "%7B%22Statement%22",
        '"Fn::If"',
        '"AWS::NoValue"',
        '"Statement"',
        '"Resources"',
        '"planned_values"',
        '"terraform_version": "1", ',
    ]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(NAMES, st.lists(PIECES, max_size=6), st.binary(max_size=4), st.booleans())
def test_nothing_raises(path: str, pieces: list[str], noise: bytes, named: bool) -> None:
    data = "".join(pieces).encode("utf-8", "surrogatepass") + noise
    found = extract_unit([SourceFile(path, data, named=named)], SourceOptions())
    for policy in found.policies:
        policy.document.span(policy.pointer)
        policy.document.key_span(policy.anchor)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_a_policy_with_anything_put_in_is_read_or_said(data: st.DataObject) -> None:
    path, whole = data.draw(
        st.sampled_from(
            [("p.json", POLICY), ("p.yaml", YAML_POLICY), ("t.yaml", TEMPLATE), ("t.json", JSON_TEMPLATE)]
        )
    )
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 20)))
    content = whole[:start] + data.draw(PIECES) + whole[end:]
    file = SourceFile(path, content.encode("utf-8", "surrogatepass"), named=True)
    kind = data.draw(st.sampled_from([None, *PolicyKind]))
    found = extract_unit([file], SourceOptions(policy_kind=kind))
    if is_candidate(path, file.data):
        assert found.policies or found.grants or found.broken or found.diagnostics
