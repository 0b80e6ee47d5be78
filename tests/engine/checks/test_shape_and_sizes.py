"""Shape and size of policies as people hand them in: bare files of every kind, templates, and holes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iamlint.auditing.pipeline import run
from iamlint.auditing.settings import AuditSettings
from iamlint.engine.rule import Profile
from iamlint.model import PolicyKind

PREFIX = "access-analyzer:"
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def codes(
    folder: Path,
    document: object,
    kind: str,
    *,
    name: str = "policy.json",
    resource_type: str | None = None,
    quotas: dict[str, int] | None = None,
) -> set[str]:
    """Return the codes that the audit profile reports for a file; text is written as it is."""
    text = document if isinstance(document, str) else json.dumps(document, indent=2)
    (folder / name).write_text(text, encoding="utf-8")
    settings = AuditSettings(
        paths=(name,),
        cwd=str(folder),
        profile=Profile.AUDIT,
        policy_kind=PolicyKind(kind),
        resource_type=resource_type,
        policy_quotas=quotas or {},
        jobs=1,
    )
    found = set()
    for finding in run(settings).findings:
        found |= {alias.removeprefix(PREFIX) for alias in finding.aliases if alias.startswith(PREFIX)}
    return found


def statement(**elements: object) -> dict[str, object]:
    """Return a document with one statement; an element of None is left out."""
    merged = {**ALLOW, **elements}
    return {
        "Version": "2012-10-17",
        "Statement": [{key: value for key, value in merged.items() if value is not None}],
    }


WORST = [
    ("5", "identity", {"DATA_TYPE_MISMATCH", "JSON_SYNTAX_ERROR"}),
    ('"text"', "scp", {"DATA_TYPE_MISMATCH", "JSON_SYNTAX_ERROR"}),
    ("[1, 2]", "trust", {"DATA_TYPE_MISMATCH", "JSON_SYNTAX_ERROR"}),
    ("{'a': 1}", "identity", {"JSON_SYNTAX_ERROR"}),
    ("{}", "rcp", {"MISSING_STATEMENT", "MISSING_VERSION"}),
    ('{"Version": "2012-10-17", "Statement": "x"}', "resource", {"DATA_TYPE_MISMATCH"}),
    ('{"Version": null, "Statement": [null, 5, [{}]]}', "resource", {"DATA_TYPE_MISMATCH"}),
    (
        '{"Statement": {}}',
        "identity",
        {"MISSING_VERSION", "MISSING_EFFECT", "MISSING_ACTION", "MISSING_RESOURCE"},
    ),
    (
        '{"Version": ["2017-01-01"], "Statement": [{"Effect": ["Block"], "Action": {}, "Resource": null}]}',
        "identity",
        {"DATA_TYPE_MISMATCH"},
    ),
    (statement(Principal=5), "resource", {"DATA_TYPE_MISMATCH"}),
    (statement(Principal=[5]), "resource", {"DATA_TYPE_MISMATCH", "INVALID_PRINCIPAL_FORMAT"}),
    (
        statement(Principal={"AWS": None, "X": {}}),
        "resource",
        {"DATA_TYPE_MISMATCH", "INVALID_PRINCIPAL_KEY"},
    ),
    (statement(Principal={"AWS": 5}, Resource=None), "trust", {"DATA_TYPE_MISMATCH"}),
    (statement(), "rcp", {"MISSING_PRINCIPAL"}),
    (statement(Principal="*"), "scp", {"SCP_SYNTAX_ERROR_PRINCIPAL"}),
    (statement(Condition=[], Sid=5, Effect=5), "identity", {"DATA_TYPE_MISMATCH"}),
]


@pytest.mark.parametrize(("document", "kind", "expected"), WORST, ids=lambda value: str(value)[:40])
def test_a_bare_document_of_the_worst_shape_is_told_for_what_it_is(
    tmp_path: Path, document: object, kind: str, expected: set[str]
) -> None:
    ours = {code for _, _, some in WORST for code in some} | {
        "INVALID_EFFECT",
        "INVALID_VERSION",
        "EMPTY_ARRAY_ACTION",
    }
    assert codes(tmp_path, document, kind) & ours == expected


TEMPLATE = """
Parameters: {P: {Type: String}}
Conditions: {A: !Equals [!Ref P, x]}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Sid: 123
            Effect: !If [A, Allow, Deny]
            Principal: {AWS: 111122223333, Federated: !Ref P}
            Action: !If [A, sts:AssumeRole, !Ref AWS::NoValue]
            NotAction: !If [A, !Ref AWS::NoValue, sts:TagSession]
            Condition: {Bool: {"aws:SecureTransport": [true, false]}, StringEquals: {"aws:a": !Ref AWS::NoValue}}
  Queue:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [q]
      PolicyDocument:
        Version: !Ref P
        Statement:
          - Sid: !Ref P
            Effect: !Ref P
            Principal: !Ref P
            Action: !Ref P
            Resource: !Ref P
            Condition: !Ref P
          - Effect: Deny
            Principal: {AWS: [!If [A, "111122223333", !Ref AWS::NoValue]]}
            Action: [!If [A, "sqs:*", !Ref AWS::NoValue]]
            Resource: "*"
"""


def test_holes_and_branches_of_a_template_raise_nothing_about_shape(tmp_path: Path) -> None:
    shape = {
        "DATA_TYPE_MISMATCH",
        "EMPTY_ARRAY_ACTION",
        "EMPTY_ARRAY_CONDITION",
        "EMPTY_ARRAY_PRINCIPAL",
        "FEDERATED_PRINCIPAL_NOT_SUPPORTED",
        "INVALID_CONDITION_DATA_TYPE",
        "INVALID_EFFECT",
        "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY",
        "INVALID_PRINCIPAL_FORMAT",
        "INVALID_VERSION",
        "MISSING_ACTION",
        "MISSING_PRINCIPAL",
        "UNSUPPORTED_ELEMENT_COMBINATION",
        "UNSUPPORTED_SID",
        "UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
    }
    assert not codes(tmp_path, TEMPLATE, "identity", name="template.yaml") & shape


def test_placeholders_of_a_bare_document_raise_nothing_about_shape(tmp_path: Path) -> None:
    text = """{"Version": "2012-10-17", "Statement": [
      {"${effect}": "Allow", "Action": "sqs:SendMessage", "Resource": "*", "Principal": {"<Type>": "${who}"},
       "Condition": {"StringEquals": {"${Key}": "a", "${KEY}": "b"}}},
      {"Sid": "${sid}", "Effect": "<Effect>", "Action": "${action}", "Resource": "*", "Principal": "<Principal>"}
    ]}"""
    for kind in ("resource", "rcp"):
        found = codes(tmp_path, text, kind)
        assert not found & {
            "DUPLICATE_KEYS_WITH_DIFFERENT_CASE",
            "INVALID_EFFECT",
            "INVALID_POLICY_ELEMENT",
            "INVALID_PRINCIPAL_FORMAT",
            "INVALID_PRINCIPAL_KEY",
            "MISSING_EFFECT",
            "RCP_SYNTAX_ERROR_ACTION",
        }


def padded(characters: int, elements: dict[str, object], *, blanks: int = 0) -> str:
    """Return a policy of exactly so many characters, of which `blanks` are white space."""
    tree = statement(Resource="", **elements)
    text = json.dumps(tree, separators=(",", ":"))
    filled = text.replace('"Resource":""', '"Resource":"' + "x" * (characters - blanks - len(text)) + '"')
    return filled[:-1] + " " * blanks + "}"


EVERYBODY: dict[str, object] = {"Principal": "*"}
SIZES = [
    ("scp", None, 10240, True, {}),
    ("rcp", None, 5120, True, EVERYBODY),
    ("identity", None, 10240, False, {}),
    ("permission-set", None, 10240, False, {}),
    ("boundary", None, 6144, False, {}),
    ("session", None, 2048, False, {}),
    ("identity", "AWS::IAM::ManagedPolicy", 6144, False, {}),
    ("identity", "AWS::IAM::User", 2048, False, {}),
    ("identity", "AWS::IAM::GroupPolicy", 5120, False, {}),
    ("identity", "aws_iam_role_policy", 10240, False, {}),
    ("trust", None, 2048, False, EVERYBODY),
    ("resource", "AWS::S3::Bucket", 20480, True, EVERYBODY),
    ("resource", None, 20480, True, EVERYBODY),
    ("resource", "aws_kms_key", 32768, True, EVERYBODY),
    ("endpoint", "AWS::EC2::VPCEndpoint", 20480, True, EVERYBODY),
]


@pytest.mark.parametrize(("kind", "resource_type", "quota", "blanks", "elements"), SIZES)
def test_the_quota_is_met_to_the_character(
    tmp_path: Path,
    kind: str,
    resource_type: str | None,
    quota: int,
    blanks: bool,
    elements: dict[str, object],
) -> None:
    def too_long(text: str) -> bool:
        found = codes(tmp_path, text, kind, resource_type=resource_type)
        return any(code.startswith("POLICY_SIZE_EXCEEDS") for code in found)

    assert not too_long(padded(quota, elements))
    assert too_long(padded(quota + 1, elements))
    assert too_long(padded(quota + 1, elements, blanks=1)) is blanks


def test_a_quota_that_was_raised_is_a_setting(tmp_path: Path) -> None:
    text = padded(3000, {"Principal": {"AWS": "111122223333"}})
    assert "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA" in codes(tmp_path, text, "trust")
    assert "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA" not in codes(
        tmp_path, text, "trust", quotas={"trust": 4096}
    )


def test_holes_count_for_nothing(tmp_path: Path) -> None:
    holes = ",".join(f'"${{placeholder{number:04}}}"' for number in range(120))
    text = f'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:*", "Resource": [{holes}]}}]}}'
    assert len(text) > 2048
    assert not codes(tmp_path, text, "session") & {"POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"}


def test_a_policy_in_a_template_is_counted_as_compact_as_it_gets(tmp_path: Path) -> None:
    def template(count: int) -> str:
        resources = [f"arn:aws:s3:::bucket-{number:04}" for number in range(count)]
        user = {
            "Type": "AWS::IAM::User",
            "Properties": {
                "Policies": [{"PolicyName": "p", "PolicyDocument": statement(Resource=resources)}]
            },
        }
        return json.dumps({"Resources": {"U": user}})

    code = "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"
    empty = len(json.dumps(statement(Resource=[]), separators=(",", ":")))
    most = (2048 - empty + 1) // len('"arn:aws:s3:::bucket-0000",')
    assert code not in codes(tmp_path, template(most), "identity", name="template.json")
    assert code in codes(tmp_path, template(most + 1), "identity", name="template.json")


@pytest.mark.parametrize(
    ("document", "broken"),
    [("'{\"Statement\": [}'", True), ("not json", True), ("!Sub '${A} {'", False), ("!Ref A", False)],
)
def test_text_in_a_template_that_is_no_json(tmp_path: Path, document: str, broken: bool) -> None:
    template = f"""
Resources:
  U:
    Type: AWS::IAM::User
    Properties:
      Policies: [{{PolicyName: p, PolicyDocument: {document}}}]
"""
    found = codes(tmp_path, template, "identity", name="template.yaml")
    assert ("JSON_SYNTAX_ERROR" in found) is broken
    assert "DATA_TYPE_MISMATCH" not in found


def test_suggestions_name_what_could_stand_there(tmp_path: Path) -> None:
    tree = {
        "Version": "2012-10-17",
        "Statment": [],
        "Effect": "Allow",
        "Statement": [{**ALLOW, "Conditions": {}, "action": "s3:*", "Note": "x"}],
    }
    (tmp_path / "policy.json").write_text(json.dumps(tree), encoding="utf-8")
    findings = run(AuditSettings(paths=("policy.json",), cwd=str(tmp_path), jobs=1)).findings
    told = [finding.message for finding in findings if finding.rule_name == "unknown-element"]
    assert told == [
        "The policy is malformed: 'Statment' is not an element of a policy (did you mean Statement?).",
        "The policy is malformed: 'Effect' is not an element of a policy.",
        "The policy is malformed: 'Conditions' is not an element of a statement (did you mean Condition?).",
        "The policy is malformed: 'action' is not an element of a statement (did you mean Action?).",
        "The policy is malformed: 'Note' is not an element of a statement.",
    ]


@pytest.mark.parametrize(
    ("values", "mixed"),
    [
        (["yes", True], True),
        ([True, "false", 5], True),
        ([1, True], True),
        ([1, 2.5], False),
        ([True, False], False),
        (["1", None], False),
        ([], False),
    ],
)
def test_values_of_one_key_have_one_type(tmp_path: Path, values: list[object], mixed: bool) -> None:
    tree = statement(Condition={"StringEquals": {"aws:RequestTag/live": values}})
    assert ("INVALID_CONDITION_DATA_TYPE" in codes(tmp_path, tree, "identity")) is mixed


def test_messages_and_marks_name_the_resource_that_the_action_uses(tmp_path: Path) -> None:
    wide = ["arn:aws:iam::111122223333:policy/*", "arn:aws:iam::111122223333:role/*"]
    tree = {"Version": "2012-10-17", "Statement": {**ALLOW, "Action": "iam:PutRolePolicy", "Resource": wide}}
    (tmp_path / "policy.json").write_text(json.dumps(tree, indent=1), encoding="utf-8")
    (finding,) = run(AuditSettings(paths=("policy.json",), cwd=str(tmp_path), jobs=1)).findings
    assert "on 'arn:aws:iam::111122223333:role/*'" in finding.message
    assert [related.span.start_line for related in finding.related] == [8]


def test_a_fault_of_a_name_is_shown_at_the_name(tmp_path: Path) -> None:
    tree = {"Version": "2012-10-17", "Statement": [{**ALLOW, "Note": "x", "NotAction": "s3:PutObject"}]}
    (tmp_path / "policy.json").write_text(json.dumps(tree, indent=1), encoding="utf-8")
    settings = AuditSettings(paths=("policy.json",), cwd=str(tmp_path), jobs=1)
    places = {
        finding.rule_name: (finding.primary.start_line, finding.primary.start_column)
        for finding in run(settings).findings
    }
    assert places["unknown-element"] == (8, 4)
    assert places["element-combination"] == (9, 4)
