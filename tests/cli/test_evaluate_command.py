"""`iamlint evaluate` as a user meets it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from iamlint.cli.evaluate import run as run_command
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import IamlintError, InputError, UsageError

A = "111122223333"
ALICE = f"arn:aws:iam::{A}:user/alice"

IDENTITY = """\
{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "arn:aws:s3:::b/*",
     "Condition": {"Bool": {"aws:MultiFactorAuthPresent": true},
                   "ForAnyValue:StringLike": {"aws:TagKeys": ["cost*", "env"]}}},
    {"Sid": "Own", "Effect": "Allow", "Action": "s3:PutObject",
     "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"}
  ]
}
"""
BUCKET = """\
{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"},
    {"Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": "s3:Delete*", "Resource": "*"}
  ]
}
"""
FULL = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
NOTHING = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}'


class Result(NamedTuple):
    code: int
    out: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("identity.json", IDENTITY),
        ("bucket.json", BUCKET),
        ("full.json", FULL),
        ("nothing.json", NOTHING),
    ):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, *argv: str, stdin: bytes = b"") -> Result:
    out = io.StringIO()
    code = run_command(argv, Surroundings(io.BytesIO(stdin), out, io.StringIO(), {}, str(folder)))
    return Result(int(code), out.getvalue())


def asked(action: str, resource: str = "arn:aws:s3:::b/x/y") -> list[str]:
    return ["--principal", ALICE, "--action", action, "--resource", resource]


def test_the_text_tells_why_access_is_denied(folder: Path) -> None:
    result = run(
        folder,
        *asked("s3:PutObject"),
        *("--identity", "identity.json", "--resource-policy", "bucket.json"),
        *("--context", "aws:TagKeys=other"),
    )
    assert result.code == 0
    assert (
        result.out
        == """\
ImplicitlyDenied

  caller    arn:aws:iam::111122223333:user/alice (IAM user)
  action    s3:PutObject
  resource  arn:aws:s3:::b/x/y (account 111122223333)
  context   aws:tagkeys = [other]

why
  the identity policies do not allow it
  in one account the Allow of a resource policy that names the caller would do instead of the identity policies

resource policy: allowed to the caller's account, which leaves it to the account's own policies
  bucket.json:4 statement 1 (Allow) applies, reaches the caller by: account
  bucket.json:5 statement 2 Keep (Deny) does not apply
    action     s3:PutObject is not in s3:Delete*

identity policies: no statement allows it
  identity.json:4 statement 1 Read (Allow) does not apply
    action     s3:PutObject is not in s3:Get* or s3:List*
    condition  Bool aws:MultiFactorAuthPresent: the key is not in the request
    condition  ForAnyValue:StringLike aws:TagKeys: the request has 'other'; it must be like 'cost*' or 'env'
  identity.json:7 statement 2 Own (Allow) does not apply
    resource   arn:aws:s3:::b/x/y is not in arn:aws:s3:::b/${aws:PrincipalTag/team}/*; \
${aws:PrincipalTag/team} has no value in the request

note: the resource is taken to be of the caller's account, 111122223333
note: S3 access control lists, object ownership, access points and Block Public Access also decide
"""
    )


def test_the_json_has_the_decision_and_every_statement(folder: Path) -> None:
    policies = ["--identity", "identity.json", "--resource-policy", "bucket.json"]
    result = run(folder, *asked("s3:DeleteObject"), *policies, "--format", "json")
    found = json.loads(result.out)
    assert found["decision"] == "ExplicitlyDenied"
    assert found["statements"] == [
        {
            "kind": "resource",
            "level": None,
            "document": 0,
            "index": 1,
            "sid": "Keep",
            "effect": "Deny",
            "pointer": "/Statement/1",
            "path": "bucket.json",
            "line": 5,
        }
    ]
    groups = {group["kind"]: group for group in found["policies"]}
    assert [statement["applies"] for statement in groups["resource"]["statements"]] == [True, True]
    misses = groups["identity"]["statements"][0]["misses"]
    assert [(miss["element"], miss["pointer"]) for miss in misses] == [
        ("action", "/Statement/0/Action"),
        ("condition", "/Statement/0/Condition/Bool/aws:MultiFactorAuthPresent"),
        ("condition", "/Statement/0/Condition/ForAnyValue:StringLike/aws:TagKeys"),
    ]
    assert set(found) == {"decision", "statements", "why", "policies", "notes", "readings"}


@pytest.mark.parametrize(
    ("options", "decision"),
    [
        (["--identity", "full.json"], "Allowed"),
        (["--identity", "full.json", "--boundary", "nothing.json"], "ImplicitlyDenied"),
        (["--identity", "full.json", "--session", "nothing.json"], "ImplicitlyDenied"),
        (["--identity", "full.json", "--scp", "full.json", "--scp", "nothing.json"], "ImplicitlyDenied"),
        (["--identity", "full.json", "--scp", "full.json,nothing.json"], "Allowed"),
        (["--identity", "nothing.json", "--identity", "full.json"], "Allowed"),
        (["--identity", "full.json", "--resource-account", "444455556666"], "ImplicitlyDenied"),
        (["--identity", "identity.json", "--context", "aws:PrincipalTag/team=x"], "Allowed"),
    ],
)
def test_each_option_counts(folder: Path, options: list[str], decision: str) -> None:
    assert run(folder, *asked("s3:PutObject"), *options).out.splitlines()[0] == decision


def test_a_key_that_takes_several_values_is_a_list_even_with_one(folder: Path) -> None:
    given = [
        *asked("s3:GetObject"),
        "--identity",
        "identity.json",
        "--context",
        "aws:MultiFactorAuthPresent=true",
    ]
    assert run(folder, *given, "--context", "aws:tagKeys=cost-1").out.startswith("Allowed")
    assert "aws:tagkeys = [cost-1]" in run(folder, *given, "--context", "aws:tagKeys=cost-1").out
    several = run(folder, *given, "--context", "s3:x=1", "--context", "S3:X=2").out
    assert "s3:x = [1, 2]" in several


def test_a_request_may_come_from_a_file(folder: Path) -> None:
    request: dict[str, Any] = {"principal": ALICE, "action": "s3:PutObject", "resource": "arn:aws:s3:::b/x/y"}
    (folder / "request.json").write_text(json.dumps(request))
    assert run(folder, "--request", "request.json", "--identity", "full.json").out.startswith("Allowed")
    assert run(folder, "--request", "request.json").out.startswith("ImplicitlyDenied")
    policies = {"identity": [json.loads(FULL)]}
    (folder / "question.json").write_text(json.dumps({"request": request, "policies": policies}))
    assert run(folder, "--request", "question.json").out.startswith("Allowed")
    assert run(folder, "--request", "question.json", "--principal", "anonymous").out.startswith("Implicitly")
    question = (folder / "question.json").read_bytes()
    assert run(folder, "--request", "-", stdin=question).out.startswith("Allowed")


def test_many_questions_are_answered_line_by_line(folder: Path) -> None:
    request = {"principal": ALICE, "action": "s3:PutObject", "resource": "arn:aws:s3:::b/x"}
    question = {"request": request, "policies": {"identity": [json.loads(FULL)]}}
    lines = [
        json.dumps({"id": 1, **question}),
        "",
        "x" * (5 * 1024 * 1024),
        json.dumps({"id": 2, **question}),
    ]
    result = run(folder, "--jsonl", stdin="\n".join(lines).encode())
    assert result.code == 0
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert [(one["id"], one.get("decision")) for one in answers] == [
        (1, "Allowed"),
        (None, None),
        (2, "Allowed"),
    ]
    assert answers[1]["error"] == "the line is longer than 2 MiB"


def test_a_reading_that_would_change_the_answer_is_named(folder: Path) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "x"}},
    }
    (folder / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    out = run(folder, *asked("s3:GetObject"), "--identity", "policy.json").out
    assert out.startswith("Allowed")
    assert (
        "note: the documentation leaves room for another answer (R6): "
        "if ForAnyValue with IfExists is false without the key, it is ImplicitlyDenied" in out
    )


@pytest.mark.parametrize(
    ("argv", "error", "message"),
    [
        ([], UsageError, "--principal is missing"),
        (["--principal", ALICE], UsageError, "--action is missing"),
        (["--principal", "alice", "--action", "s3:GetObject"], InputError, "principal: 'alice'"),
        (["--principal", ALICE, "--action", "s3:*"], InputError, "is a pattern"),
        ([*asked("s3:GetObject"), "--identity", "no.json"], InputError, "no.json: cannot be read"),
        ([*asked("s3:GetObject"), "--context", "k"], UsageError, "write KEY=VALUE"),
        ([*asked("s3:GetObject"), "--jsonl"], UsageError, "exclude each other"),
        (["--request", "bad.json"], InputError, "bad.json: is not JSON"),
        ([*asked("s3:GetObject"), "--identity", "faulty.json"], InputError, "faulty.json:2:34: "),
        ([*asked("s3:GetObject"), "--format", "yaml"], UsageError, "no format 'yaml'"),
    ],
)
def test_mistakes_are_named(folder: Path, argv: list[str], error: type[IamlintError], message: str) -> None:
    (folder / "bad.json").write_text("{")
    (folder / "faulty.json").write_text(
        '{"Statement": {\n  "Effect": "Allow",   "Action": "s3", "Resource": "*"}}'
    )
    with pytest.raises(error, match=message):
        run(folder, *argv)


def test_nothing_of_the_input_acts_on_a_terminal(folder: Path) -> None:
    statement = {"Sid": "\x1b[31mred", "Effect": "Allow", "Action": "s3:\x1b[2J", "Resource": "*"}
    (folder / "policy.json").write_text(json.dumps({"Statement": statement}))
    out = run(folder, *asked("s3:GetObject"), "--identity", "policy.json", "--context", "k=\x1b[0m").out
    assert "\x1b" not in out
