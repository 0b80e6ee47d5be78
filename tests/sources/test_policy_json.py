"""Bare documents and the wrappers that people have on disk."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from iamlint.model import Extraction, PolicyKind
from iamlint.sources.routing import extract_unit, is_candidate
from iamlint.sources.source import SourceFile, SourceOptions

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:*"], "Resource": "*"}],
}
ENDPOINT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}],
}


def read(content: object, path: str = "p.json", *, named: bool = False, **options: object) -> Extraction:
    data = (
        content
        if isinstance(content, bytes)
        else (content if isinstance(content, str) else json.dumps(content, indent=2)).encode()
    )
    return extract_unit([SourceFile(path, data, named=named)], SourceOptions(**options))  # type: ignore[arg-type]


def seen(extraction: Extraction) -> list[tuple[str, str, str | None]]:
    return [
        (p.owner.address, p.kind.value, None if p.name is None else p.name.text) for p in extraction.policies
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (POLICY, [("$", "identity", None)]),
        ([POLICY, TRUST], [("$[0]", "identity", None), ("$[1]", "trust", None)]),
        ({"PolicyDocument": POLICY, "PolicyName": "n"}, [("$.PolicyDocument", "identity", "n")]),
        (
            {"PolicyVersion": {"Document": POLICY, "VersionId": "v1"}},
            [("$.PolicyVersion.Document", "identity", None)],
        ),
        (
            {"Role": {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}},
            [("$.Role.AssumeRolePolicyDocument", "trust", "r")],
        ),
        (
            {"AssumeRolePolicyDocument": quote(json.dumps(TRUST))},
            [("$.AssumeRolePolicyDocument", "trust", None)],
        ),
        ({"Policy": json.dumps(POLICY)}, [("$.Policy", "identity", None)]),
        (
            {
                "Policy": {
                    "PolicySummary": {"Name": "s", "Type": "SERVICE_CONTROL_POLICY"},
                    "Content": json.dumps(POLICY),
                }
            },
            [("$.Policy.Content", "scp", None)],
        ),
        (
            {"Policies": [{"PolicyDocument": POLICY}, {"PolicyDocument": POLICY}]},
            [
                ("$.Policies[0].PolicyDocument", "identity", None),
                ("$.Policies[1].PolicyDocument", "identity", None),
            ],
        ),
        ({"principalId": "u", "policyDocument": POLICY}, []),
        ({"version": "tree-0.1", "tree": {"x": POLICY}}, []),
        ({"Statement": {"type": "structure"}, "Version": {"type": "string"}}, []),
        ({"a": 1}, []),
        (3, []),
    ],
    ids=[
        "bare",
        "list",
        "document",
        "version",
        "role",
        "percent",
        "text",
        "scp",
        "several",
        "authorizer",
        "construct tree",
        "shapes",
        "none",
        "number",
    ],
)
def test_where_documents_are_found(content: object, expected: list[tuple[str, str, str | None]]) -> None:
    assert seen(read(content)) == expected


def test_place_of_an_action_in_percent_encoded_text() -> None:
    text = '{\n "AssumeRolePolicyDocument": "' + quote(json.dumps(TRUST)) + '"}'
    (policy,) = read(text).policies
    assert policy.statements is not None
    span = policy.document.span((policy.statements[0].actions or ())[0].pointer)
    line = text.splitlines()[span.start_line - 1]
    assert line[span.start_column - 1 : span.end_column - 1] == quote('"sts:AssumeRole"')


def test_the_user_decides_the_kind_and_the_resource() -> None:
    (policy,) = read(POLICY, named=True, policy_kind=PolicyKind.SCP, resource_type="AWS::S3::Bucket").policies
    assert (policy.kind, policy.owner.type, policy.on) == (PolicyKind.SCP, "AWS::S3::Bucket", ("s3-bucket",))


def test_under_a_given_kind_a_file_of_another_shape_is_a_policy_with_a_fault() -> None:
    (policy,) = read({"a": 1}, named=True, policy_kind=PolicyKind.IDENTITY).policies
    assert [fault.code for fault in policy.faults] == ["unknown-element", "missing-statement"]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(POLICY)[:-1],
        json.dumps(POLICY) + "}",
        '{"Statement": [{"Effect": "Allow",}',
        "",
        "{",
        "\x00",
    ],
    ids=["cut", "more", "comma", "empty", "brace", "zero"],
)
def test_a_named_file_that_does_not_parse_is_broken_and_said(text: str) -> None:
    found = read(text, named=True)
    assert len(found.broken) == 1
    assert [d.code for d in found.diagnostics] == ["syntax-error"]


def test_a_walked_file_without_policy_words_is_only_a_diagnostic() -> None:
    found = read('{"a": ')
    assert found.broken == ()
    assert [(d.code, d.line, d.column) for d in found.diagnostics] == [("syntax-error", 1, 7)]


def test_a_walked_file_with_policy_words_that_does_not_parse_is_broken() -> None:
    assert len(read(json.dumps(POLICY)[:-2]).broken) == 1


def test_comments_and_trailing_commas_are_said_and_the_rest_is_read() -> None:
    text = (
        '{ // why\n "Statement": [ {"Effect": "Allow", "Action": "s3:*", /* x */ "Resource": "*",}, ],\n}\n'
    )
    found = read(text)
    assert [(broken.message, broken.span.start_column) for broken in found.broken] == [
        ("it has a comment", 3)
    ]
    (policy,) = found.policies
    assert policy.statements is not None
    span = policy.document.span((policy.statements[0].actions or ())[0].pointer)
    assert (span.start_line, span.start_column) == (2, 47)


def test_a_comma_too_many_is_shown_at_the_comma() -> None:
    (broken,) = read('{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, ]}').broken
    assert (broken.message, broken.span.start_column) == ("it has a comma before a closing bracket", 70)


def test_placeholders_outside_quotes_are_holes() -> None:
    text = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",\n "Action": "s3:*", "Resource": ${jsonencode(arns)}}]}'
    found = read(text)
    assert found.broken == ()
    (policy,) = found.policies
    assert policy.statements is not None
    (resource,) = policy.statements[0].resources or ()
    assert str(resource) == "<jsonencode(arns)>"
    span = policy.document.span(resource.pointer)
    assert (span.start_line, span.start_column) == (2, 32)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_that_shells_write(encoding: str) -> None:
    data = json.dumps(POLICY).encode(encoding)
    assert is_candidate("p.json", data)
    (policy,) = read(data).policies
    assert policy.statements is not None
    span = policy.document.span((policy.statements[0].actions or ())[1].pointer)
    assert data[span.byte_offset : span.byte_offset + span.byte_length].decode(
        encoding.removesuffix("-sig")
    ).strip("\ufeff") == '"s3:*"' or encoding in {"utf-16", "utf-32"}


def test_bytes_that_are_no_text_are_said() -> None:
    found = read(b'{"Statement": "\xff\xfe"}', named=True)
    assert [(d.code, d.line) for d in found.diagnostics] == [("not-text", 1)]
    assert len(found.broken) == 1


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b'{"a": 1}', False),
        (b'{"Statement": 1}', True),
        (b'{"\\u0053tatement": 1}', True),
        (b"Resources:\n  A:\n    Type: AWS::IAM::Role\n", True),
        (b"kind: Deployment\n", False),
    ],
)
def test_bytes_decide_before_any_parser(data: bytes, answer: bool) -> None:
    assert is_candidate("x.json", data) is answer


def test_repeated_keys_are_said_and_the_last_counts() -> None:
    text = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b", "Action": "s3:*", "Resource": "*"}]}'
    found = read(text)
    (policy,) = found.policies
    assert policy.statements is not None
    assert [v.text for v in policy.statements[0].actions or ()] == ["s3:*"]
    assert [(d.code, d.column) for d in found.diagnostics] == [("repeated-key", 61)]


def test_deep_wrappers_are_said() -> None:
    tree: object = POLICY
    for _ in range(70):
        tree = {"x": tree}
    found = read(tree)
    assert found.policies == ()
    assert [d.code for d in found.diagnostics] == ["unread-document"]


def test_resources_of_another_framework_are_said() -> None:
    found = read(
        {
            "service": "s",
            "resources": {
                "Resources": {
                    "R": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": POLICY}]}}
                }
            },
        }
    )
    assert found.policies == ()
    assert [d.code for d in found.diagnostics] == ["unread-document"]


def test_functions_of_a_template_in_a_bare_document_are_holes() -> None:
    text = json.dumps(
        {
            "Statement": [
                {"Effect": "Allow", "Action": "s3:Get*", "Resource": [{"Fn::Sub": "arn:x"}, {"Ref": "B"}]}
            ]
        }
    )
    (policy,) = read(text).policies
    assert policy.faults == ()
    assert policy.statements is not None
    assert [str(value) for value in policy.statements[0].resources or ()] == ["<arn:x>", "<B>"]


def test_documents_in_text_in_text_are_found() -> None:
    content: object = POLICY
    for _ in range(10):
        content = {"PolicyDocument": json.dumps(content)}
    found = read(content)
    (policy,) = found.policies
    assert policy.owner.address == "$" + ".PolicyDocument" * 10
    assert policy.statements is not None
    action = policy.statements[0].actions or ()
    span = policy.document.span(action[1].pointer)
    text = json.dumps(content, indent=2)
    offset = len(text.encode()[: span.byte_offset].decode())
    assert "s3:*" in text[offset : offset + span.byte_length]


def test_text_that_is_no_policy_is_searched_for_one() -> None:
    found = read({"Policy": json.dumps([{"a": {"Policy": POLICY}}]), "Content": json.dumps({"Statement": 1})})
    assert seen(found) == [("$.Policy[0].a.Policy", "identity", None)]


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("org/service_control_policies/iam/deny.json", POLICY, "scp"),
        ("SCPs/FullAWSAccess.json", POLICY, "scp"),
        ("scp.json", POLICY, "identity"),
        ("permissions-boundaries/dev.json", POLICY, "boundary"),
        ("boundary-tests/dev.json", POLICY, "identity"),
        ("vpc_endpoint_policies/s3.json", ENDPOINT, "endpoint"),
        ("resource_control_policies/perimeter.json", ENDPOINT, "rcp"),
        ("resource_control_policies/topics/policy.json", ENDPOINT, "resource"),
        ("scps/trust.json", TRUST, "trust"),
    ],
)
def test_a_folder_says_what_elements_leave_open(path: str, content: object, kind: str) -> None:
    (policy,) = read(content, path).policies
    assert policy.kind.value == kind


def test_the_kind_that_is_asked_for_goes_first() -> None:
    (policy,) = read(POLICY, "scps/p.json", named=True, policy_kind=PolicyKind.IDENTITY).policies
    assert policy.kind is PolicyKind.IDENTITY
