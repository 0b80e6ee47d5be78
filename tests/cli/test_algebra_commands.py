"""`iamlint compare`, `iamlint grants` and `iamlint public` as a user meets them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from iamlint.cli.main import main

READ = """\
{"Version": "2012-10-17",
 "Statement": {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
"""
MORE = """\
{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
    {"Sid": "Write", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/a"}
  ]
}
"""
BUCKET = """\
{"Version": "2012-10-17",
 "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/a",
               "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}}
"""
TEMPLATE = """\
Parameters: {Bucket: {Type: String}}
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: {Effect: Allow, Action: "s3:GetObject", Resource: !Sub "arn:aws:s3:::${Bucket}/*"}
"""


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("read.json", READ),
        ("more.json", MORE),
        ("bucket.json", BUCKET),
        ("open.json", BUCKET.replace("aws:PrincipalOrgID", "aws:Referer")),
        ("template.yaml", TEMPLATE),
        ("broken.json", READ.replace("Allow", "allow")),
    ):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, *argv: str, stdin: bytes = b"") -> Result:
    out, err = io.StringIO(), io.StringIO()
    code = main(list(argv), io.BytesIO(stdin), out, err, {}, str(folder))
    return Result(int(code), out.getvalue(), err.getvalue())


def test_compare_shows_a_request_and_the_statement_that_allows_it(folder: Path) -> None:
    result = run(folder, "compare", "read.json", "more.json")
    assert (result.code, result.err) == (1, "")
    assert result.out == (
        "new access: the new policy allows this request, and the old one does not\n"
        "\n"
        "  caller    arn:aws:iam::111122223333:user/example\n"
        "  action    s3:PutObject\n"
        "  resource  arn:aws:s3:::logs/a (account 111122223333)\n"
        "\n"
        "allowed by more.json:5 statement 2 Write\n"
    )


def test_compare_of_less_ends_with_zero(folder: Path) -> None:
    result = run(folder, "compare", "more.json", "read.json")
    assert result.code == 0
    assert (
        result.out
        == "contained: the new policy allows nothing that the old one does not, and less than that\n"
    )


def test_compare_tells_equal_policies(folder: Path) -> None:
    document = json.loads(READ)
    document["Statement"] = [document["Statement"]] * 2
    (folder / "twice.json").write_text(json.dumps(document))
    result = run(folder, "compare", "read.json", "twice.json")
    assert result.out.endswith("does not, and nothing less: taken alone, the two allow the same\n")
    for new, equal in (("twice.json", True), ("read.json", True)):
        assert json.loads(run(folder, "compare", "read.json", new, "--format", "json").out)["equal"] is equal
    assert (
        json.loads(run(folder, "compare", "more.json", "read.json", "--format", "json").out)["equal"] is False
    )
    assert (
        json.loads(run(folder, "compare", "read.json", "more.json", "--format", "json").out)["equal"] is False
    )


def test_compare_reads_templates_and_standard_input(folder: Path) -> None:
    assert run(folder, "compare", "-", "template.yaml", stdin=READ.encode()).code == 0
    found = run(folder, "compare", "template.yaml", "read.json", "--format", "json")
    assert found.code == 1
    assert found.json["verdict"] in {"new-access", "unknown"}


def test_compare_of_a_malformed_policy_is_unknown_with_the_place(folder: Path) -> None:
    result = run(folder, "compare", "read.json", "broken.json")
    assert result.code == 1
    assert result.out.startswith("unknown: nobody can tell whether the new policy allows more\n")
    assert "  broken.json:2:" in result.out


def test_compare_answers_lines_and_goes_on_after_a_bad_one(folder: Path) -> None:
    good = json.dumps({"id": "a", "old": json.loads(MORE), "new": json.loads(READ)})
    result = run(folder, "compare", "--jsonl", stdin=f"{good}\n[]\n\n{good}\n".encode())
    assert result.code == 0
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert [answer.get("verdict") for answer in answers] == ["contained", None, "contained"]
    assert answers[1] == {"id": None, "error": "a line must be an object"}


def test_a_line_without_end_is_refused_and_the_next_is_answered(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iamlint.cli.compare._LONGEST_LINE", 400)
    good = json.dumps({"id": 1, "old": json.loads(READ), "new": json.loads(READ)})
    result = run(folder, "compare", "--jsonl", stdin=f"{'x' * 2000}\n{good}\n{'y' * 900}".encode())
    assert [json.loads(line).get("error") for line in result.out.splitlines()] == [
        "the line is too long",
        None,
        "the line is too long",
    ]


@pytest.mark.parametrize(
    ("asked", "code", "word"),
    [
        (["--action", "s3:PutObject"], 1, "granted"),
        (["--action", "s3:Delete*"], 0, "not granted"),
        (["--resource", "arn:aws:s3:::logs/*"], 1, "granted"),
        (["--action", "s3:PutObject", "--resource", "arn:aws:s3:::data/*"], 0, "not granted"),
        (["--action", "iam:PassRole", "--action", "s3:PutObject"], 1, "granted"),
    ],
)
def test_grants(folder: Path, asked: list[str], code: int, word: str) -> None:
    result = run(folder, "grants", "more.json", *asked)
    assert (result.code, result.out.split(":")[0]) == (code, word)


def test_public(folder: Path) -> None:
    closed = run(folder, "public", "bucket.json")
    assert (closed.code, closed.out) == (0, "not public: the policy lets no stranger in\n")
    found = run(folder, "public", "open.json", "--format", "json")
    assert found.code == 1
    assert found.json["witness"]["principal"] == "anonymous"
    assert found.json["witness"]["context"] == {"aws:Referer": "o-abcdefghij"}


def test_a_key_that_is_always_there(folder: Path) -> None:
    old = READ.replace(
        "}}", ', "Condition": {"StringEqualsIfExists": {"aws:RequestedRegion": "eu-west-1"}}}}'
    )
    new = old.replace("IfExists", "")
    (folder / "old.json").write_text(new)
    (folder / "new.json").write_text(old)
    assert run(folder, "compare", "old.json", "new.json").code == 1
    sure = run(folder, "compare", "old.json", "new.json", "--assume-present", "aws:RequestedRegion")
    assert sure.code == 0
    assert "note: assumes that every request has aws:RequestedRegion" in sure.out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["compare", "read.json"], "error: two files are compared, and 1 given"),
        (["compare", "read.json", "absent.json"], "error: absent.json: cannot be read"),
        (["compare", "--jsonl", "read.json"], "error: --jsonl and files exclude each other"),
        (["compare", "--jsonl", "--format", "json"], "error: --jsonl and --format exclude each other"),
        (["compare", "read.json", "more.json", "--kind", "resorce"], "did you mean 'resource'"),
        (["compare", "read.json", "more.json", "--assume-present", ""], "--assume-present needs"),
        (["grants"], "error: a policy is missing"),
        (["grants", "read.json"], "error: --action or --resource is missing"),
        (["public"], "error: a policy is missing"),
        (["public", "bucket.json", "--kind", "identity"], "there is no policy kind 'identity'"),
        (["public", "template.yaml"], "error: template.yaml: holds no resource policy"),
    ],
)
def test_wrong_use_is_told_in_one_line(folder: Path, argv: list[str], message: str) -> None:
    result = run(folder, *argv)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


API = """\
{"Version": "2012-10-17",
 "Statement": {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}}
"""
TRUST = """\
{"Version": "2012-10-17",
 "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole", "s3:GetObject"],
               "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}}
"""


@pytest.mark.parametrize(
    ("resource_type", "answer"),
    [
        (None, "public:"),
        ("AWS::ApiGateway::RestApi", "public:"),
        ("aws_api_gateway_rest_api", "public:"),
        ("aws_api_gateway_rest_api_policy", "public:"),
        ("api-gateway", "public:"),
        # To a bucket the short form of API Gateway is no resource.
        ("AWS::S3::Bucket", "not public:"),
        # In a trust policy there is nothing but roles to assume.
        ("AWS::IAM::Role", "not public:"),
    ],
)
def test_public_asks_what_a_bare_document_is_attached_to(
    folder: Path, resource_type: str | None, answer: str
) -> None:
    (folder / "api.json").write_text(API)
    options = [] if resource_type is None else ["--resource-type", resource_type]
    result = run(folder, "public", "api.json", *options)
    assert (result.out.partition(" the")[0], result.err) == (answer, "")


def test_public_takes_the_policy_of_a_role_for_its_trust_policy(folder: Path) -> None:
    (folder / "trust.json").write_text(TRUST.replace("aws:PrincipalOrgID", "aws:PrincipalTag/team"))
    result = run(folder, "public", "trust.json", "--resource-type", "aws_iam_role", "--format", "json")
    assert result.json["witness"]["action"] == "sts:AssumeRole"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--resource-type", "AWS::S3::Buket"], "did you mean 'AWS::S3::Bucket'?"),
        (["--resource-type", "s3-buckets"], "did you mean 's3-bucket'?"),
        (["--resource-type", "thing"], "write it as AWS::S3::Bucket"),
        (["--resource-type", "AWS::IAM::User"], "AWS::IAM::User has no policy that lets others in"),
        (["--resource-type", "aws_sqs_queue", "--kind", "trust"], "exclude each other"),
        (["--resource-type", "AWS::IAM::Role", "--kind", "resource"], "exclude each other"),
    ],
)
def test_public_refuses_types_that_answer_nothing(folder: Path, options: list[str], message: str) -> None:
    result = run(folder, "public", "bucket.json", *options)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_answers_about_templates_say_what_they_rest_on(folder: Path) -> None:
    (folder / "all.yaml").write_text(TEMPLATE.replace('!Sub "arn:aws:s3:::${Bucket}/*"', '"*"'))
    (folder / "part.yaml").write_text(TEMPLATE.replace("}/*", "}/a/*"))
    narrowed = run(folder, "compare", "template.yaml", "part.yaml", "--format", "json").json
    assert (narrowed["verdict"], narrowed["notes"]) == (
        "contained",
        ["assumes that what the template leaves open is the same wherever it is named: the value <Bucket>"],
    )
    # A request outside of every bucket proves new access, but the evaluator takes no open values.
    widened = run(folder, "compare", "template.yaml", "all.yaml", "--format", "json").json
    assert (widened["verdict"], {reason["code"] for reason in widened["reasons"]}) == (
        "unknown",
        {"template"},
    )
