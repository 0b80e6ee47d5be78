"""The JSON lines service, and policies from files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iamlint.auditing.evaluate import (
    LONGEST_LINE,
    answer_line,
    answer_lines,
    evaluate_documents,
    placed,
    policies_of_file,
)
from iamlint.errors import InputError
from iamlint.model import PolicyKind
from iamlint.semantics.evaluation import MalformedPolicyError, Outcome, PolicySet, RequestError

A = "111122223333"
ALICE = f"arn:aws:iam::{A}:user/alice"
READ = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}],
}
DENY = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
REQUEST = {
    "principal": ALICE,
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/x",
    "resource_account": A,
    "context": {},
}
ALL_KINDS = {
    "identity": [READ],
    "resource": None,
    "scp": [],
    "rcp": [],
    "boundary": [],
    "session": [],
    "endpoint": [],
}


def answer(**question: Any) -> Any:
    return json.loads(answer_line(json.dumps(question).encode()))


def test_a_line_is_answered_with_the_decision_and_the_statements_that_decided() -> None:
    statement = {
        "kind": "identity",
        "level": None,
        "document": 0,
        "index": 0,
        "sid": "Read",
        "effect": "Allow",
        "pointer": "/Statement/0",
    }
    assert answer(id="q1", request=REQUEST, policies=ALL_KINDS) == {
        "id": "q1",
        "decision": "Allowed",
        "statements": [statement],
    }
    denied = answer(id=2, request=REQUEST, policies={"identity": [READ], "scp": [[READ], [READ, DENY]]})
    assert denied["decision"] == "ExplicitlyDenied"
    assert denied["statements"] == [
        {
            "kind": "scp",
            "level": 1,
            "document": 1,
            "index": 0,
            "sid": None,
            "effect": "Deny",
            "pointer": "/Statement",
        }
    ]
    assert answer(id=None, request=REQUEST, policies={}) == {
        "id": None,
        "decision": "ImplicitlyDenied",
        "statements": [],
    }


def test_the_role_of_a_session_may_stand_beside_it() -> None:
    role = f"arn:aws:iam::{A}:role/path/R"
    policy = {**READ["Statement"][0], "Condition": {"ArnEquals": {"aws:PrincipalArn": role}}}  # type: ignore[dict-item]  # JSON
    session = {"arn": f"arn:aws:sts::{A}:assumed-role/R/s", "role": role}
    policies = {"identity": [{"Version": "2012-10-17", "Statement": policy}]}
    assert answer(request={**REQUEST, "principal": session}, policies=policies)["decision"] == "Allowed"
    assert (
        answer(request={**REQUEST, "principal": session["arn"]}, policies=policies)["decision"] != "Allowed"
    )


def test_a_single_document_may_stand_for_a_list_of_one() -> None:
    resource = {**READ, "Statement": {**READ["Statement"][0], "Principal": {"AWS": ALICE}}}  # type: ignore[dict-item]  # JSON
    for policies in ({"resource": resource}, {"resource": [resource]}, {"identity": READ}):
        assert answer(request=REQUEST, policies=policies)["decision"] == "Allowed"


@pytest.mark.parametrize(
    ("line", "name", "message"),
    [
        (b"{", None, "the line is not JSON"),
        (b"[]", None, "must be an object"),
        (b"\xff\xfe", None, "not UTF-8"),
        (b'{"id": 1, "id": 2}', 2, "writes a key twice"),
        (b'{"id": 3}', 3, "request: must be an object"),
        (b'{"id": 4, "request": {}, "policy": {}}', 4, "there is no field 'policy'"),
        (b"[" * 100_000, None, "nested"),
        (b'{"id": ' + b"[" * 500 + b"]" * 500 + b"}", None, "nested more than 200 levels"),
        (b'{"id": NaN}', None, "not JSON"),
        (b'{"id": [' + b"1," * 300_000 + b"1]}", None, "more than 100000 items"),
        (b" " * (LONGEST_LINE + 1), None, "longer than 2 MiB"),
    ],
)
def test_a_bad_line_gets_an_error_and_no_decision(line: bytes, name: Any, message: str) -> None:
    found = json.loads(answer_line(line))
    assert set(found) == {"id", "error"}
    assert found["id"] == name
    assert message in found["error"]


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ([], "policies: must be an object"),
        ({"identities": []}, "no kind 'identities'"),
        ({"scp": READ}, "policies.scp: must be a list of levels"),
        ({"scp": [READ]}, "policies.scp[0]: must be a list of documents"),
        ({"identity": [READ, "x"]}, "identity[1]: the root: a policy must be an object"),
        (
            {"identity": [{"Statement": {"Effect": "Allow"}}]},
            "identity[0]: /Statement: the statement has neither",
        ),
        ({"rcp": [[], [READ, {"Statement": 5}]]}, "rcp[1][1]: /Statement: a statement must be an object"),
    ],
)
def test_bad_policies_get_an_error_that_names_the_place(policies: Any, message: str) -> None:
    found = answer(id=9, request=REQUEST, policies=policies)
    assert set(found) == {"id", "error"}
    assert message in found["error"]


def test_lines_are_answered_in_order_and_blank_ones_skipped() -> None:
    lines = [
        json.dumps({"id": n, "request": REQUEST, "policies": ALL_KINDS}).encode() + b"\n" for n in range(3)
    ]
    found = [json.loads(line)["id"] for line in answer_lines([lines[0], b"\n", b"{\n", lines[1], lines[2]])]
    assert found == [0, None, 1, 2]


def test_lone_surrogates_make_no_answer_unreadable() -> None:
    line = b'{"id": "\\ud800", "request": {"principal": "\\udfff", "action": "a:b", "resource": "*"}}'
    found = json.loads(answer_line(line).encode("utf-8"))
    assert found["error"]


def test_the_library_answers_documents() -> None:
    decision = evaluate_documents(
        ALICE,
        "s3:GetObject",
        "arn:aws:s3:::b/x",
        context={"aws:SecureTransport": True},
        policies={"identity": [READ]},
    )
    assert decision.outcome is Outcome.ALLOWED
    assert [(one.kind, one.index, one.sid) for one in decision.statements] == [
        (PolicyKind.IDENTITY, 0, "Read")
    ]
    with pytest.raises(RequestError, match="pattern"):
        evaluate_documents(ALICE, "s3:*", "*", policies={})
    with pytest.raises(MalformedPolicyError):
        evaluate_documents(ALICE, "s3:GetObject", "*", policies={"identity": {}})
    with pytest.raises(InputError, match="not JSON"):
        evaluate_documents(ALICE, "s3:GetObject", "*", policies={"identity": {"Statement": {1, 2}}})


def test_policies_come_from_files_in_any_format() -> None:
    bare = policies_of_file("p.json", json.dumps(READ).encode(), PolicyKind.SCP)
    assert [policy.kind for policy in bare] == [PolicyKind.SCP]
    wrapped = {"PolicyVersion": {"Document": READ, "VersionId": "v1"}}
    assert len(policies_of_file("w.json", json.dumps(wrapped).encode(), PolicyKind.IDENTITY)) == 1
    template = b"""\
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}}
"""
    assert [p.kind for p in policies_of_file("t.yaml", template, PolicyKind.IDENTITY)] == [
        PolicyKind.IDENTITY
    ]
    assert [p.kind for p in policies_of_file("t.yaml", template, PolicyKind.RESOURCE)] == [PolicyKind.TRUST]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "p.json:1:2: not JSON"),
        (b'{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', "written twice"),
        (b"\xff", "p.json:1:1: not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_in_full_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        policies_of_file("p.json", data, PolicyKind.IDENTITY)


def test_a_refused_policy_of_a_file_is_named_by_its_line() -> None:
    text = '{\n  "Statement": [\n    {"Effect": "allow", "Action": "s3:*", "Resource": "*"}\n  ]\n}\n'
    policies = policies_of_file("p.json", text.encode(), PolicyKind.IDENTITY)
    with pytest.raises(InputError, match=r"p\.json:3:16: Effect must be Allow or Deny"):
        placed(lambda: PolicySet(identity=policies))


def test_numbers_are_compared_as_they_are_written() -> None:
    """A float holds some 17 digits, and a policy keeps the text of its numbers."""
    line = (
        '{"id": 1, "request": {"principal": "arn:aws:iam::111122223333:user/a", "action": "s3:GetObject",'
        ' "resource": "arn:aws:s3:::b/x", "context": {"k": "0.30000000000000000001"}},'
        ' "policies": {"identity": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",'
        ' "Condition": {"NumericEquals": {"k": NUMBER}}}}}}'
    )
    answers = [
        json.loads(answer_line(line.replace("NUMBER", number).encode()))["decision"]
        for number in ("0.3", "0.30000000000000000001", "0.300000000000000000010", "3e-1")
    ]
    assert answers == ["ImplicitlyDenied", "Allowed", "Allowed", "ImplicitlyDenied"]


def test_every_answer_is_json() -> None:
    """Python reads `1e999` as a number that only Python writes."""
    line = b'{"id": [1e999], "request": {}, "policies": {}}'
    assert json.loads(answer_line(line)) == {"id": None, "error": "id holds a number that JSON cannot write"}
