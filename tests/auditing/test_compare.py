"""The service behind `iamlint compare`: documents in, verdicts out, one JSON object a line."""

from __future__ import annotations

import json

import pytest

from iamlint.auditing.compare import answer_lines, compare_documents, read_documents
from iamlint.errors import InputError
from iamlint.model import PolicyKind
from iamlint.semantics.algebra.results import Verdict
from iamlint.semantics.evaluation import Outcome, PolicySet, Request, evaluate

GET = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
NO_SECRETS = {"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::secret/*"}]}


def answers(*lines: object) -> list[dict[str, object]]:
    return [
        json.loads(line) for line in answer_lines(x if isinstance(x, str) else json.dumps(x) for x in lines)
    ]


def test_an_answer_has_all_its_parts() -> None:
    (found,) = answers({"id": 7, "old": READ, "new": ALL})
    assert found == {
        "id": 7,
        "verdict": "new-access",
        "witness": {
            "principal": "arn:aws:iam::111122223333:user/example",
            "action": "s3:AbortMultipartUpload",
            "resource": "arn:aws:s3:::example/example",
            "resource_account": "111122223333",
            "context": {},
        },
        "notes": [],
        "reasons": [],
        "statements": {"new": {"document": 0, "statement": 0}, "old": None},
        "future_only": False,
    }


def test_the_witness_is_a_request_that_the_evaluator_takes() -> None:
    (found,) = answers({"id": 1, "old": [ALL, NO_SECRETS], "new": [READ, ALL], "kind": "identity"})
    witness = found["witness"]
    assert isinstance(witness, dict)
    request = Request.of(**witness)
    old = read_documents([ALL, NO_SECRETS], PolicyKind.IDENTITY, "old")
    new = read_documents([READ, ALL], PolicyKind.IDENTITY, "new")
    assert evaluate(request, PolicySet(identity=new)).outcome is Outcome.ALLOWED
    assert evaluate(request, PolicySet(identity=old)).outcome is Outcome.EXPLICITLY_DENIED
    assert found["statements"] == {
        "new": {"document": 0, "statement": 0},
        "old": {"document": 1, "statement": 0},
    }


def test_lines_in_their_order_blank_ones_passed_over() -> None:
    found = answers({"id": "a", "old": ALL, "new": READ}, "  ", {"id": "b", "old": [], "new": []})
    assert [(one["id"], one["verdict"]) for one in found] == [("a", "contained"), ("b", "contained")]


BAD: dict[str, tuple[object, object, str]] = {
    "not JSON": ("{", None, "the line is not JSON: Expecting property name enclosed in double quotes"),
    "no object": ([1], None, "a line must be an object"),
    "no old": ({"id": 3, "new": ALL}, 3, "old is missing"),
    "no new": ({"id": 3, "old": ALL}, 3, "new is missing"),
    "another field": ({"id": 3, "old": ALL, "new": ALL, "x": 1}, 3, "there is no field 'x'"),
    "kind": ({"id": 3, "old": ALL, "new": ALL, "kind": "user"}, 3, "there is no kind 'user'"),
    "document": ({"id": 3, "old": "x", "new": ALL}, 3, "old must be a policy document or a list of them"),
    "assume": (
        {"id": 3, "old": ALL, "new": ALL, "assume": []},
        3,
        'assume must be an object with "present", a list of condition keys',
    ),
    "present": (
        {"id": 3, "old": ALL, "new": ALL, "assume": {"present": "x"}},
        3,
        "assume.present must be a list of condition keys",
    ),
    "id": ({"id": [3], "old": ALL, "new": ALL}, None, "id must be a text or a number"),
    "twice": ('{"id": 3, "old": [], "old": [], "new": []}', 3, "an object repeats a key"),
    "deep": ("[" * 100_000, None, "the line is not JSON: nested more than 200 levels deep"),
}


@pytest.mark.parametrize(("line", "name", "message"), BAD.values(), ids=BAD)
def test_a_bad_line_gets_an_error(line: object, name: object, message: str) -> None:
    good = {"id": "next", "old": ALL, "new": ALL}
    first, second = answers(line, good)
    assert first == {"id": name, "error": message}
    assert second["verdict"] == "contained"


def test_an_invalid_document_is_unknown_with_its_place() -> None:
    (found,) = answers(
        {
            "id": 1,
            "old": ALL,
            "new": [ALL, {"Statement": [{"Effect": "Allow", "Action": "s3", "Resource": "*"}]}],
        }
    )
    assert found["verdict"] == "unknown"
    assert found["reasons"] == [
        {
            "code": "malformed",
            "message": "'s3' is not an action: it has no colon",
            "side": "new",
            "document": 1,
            "pointer": "/Statement/0/Action",
        }
    ]


def test_bytes_that_are_not_text() -> None:
    (line,) = answer_lines([b'{"id": "\xff", "old": [], "new": []}\n'])
    assert json.loads(line)["verdict"] == "contained"


def test_documents_as_a_library() -> None:
    region = {"StringEqualsIfExists": {"aws:RequestedRegion": "eu-west-1"}}
    only = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    old = {"Version": "2012-10-17", "Statement": [{**GET, "Condition": only}]}
    new = {"Version": "2012-10-17", "Statement": [{**GET, "Condition": region}]}
    assert compare_documents(old, new).verdict is Verdict.NEW_ACCESS
    found = compare_documents(old, new, assume={"present": ["AWS:requestedregion"]})
    assert found.verdict is Verdict.CONTAINED
    with pytest.raises(InputError, match="there is no kind"):
        compare_documents(old, new, kind="users")


def test_every_answer_is_json() -> None:
    """Python reads `1e999` as a number that only Python writes."""
    (answer,) = answer_lines(['{"id": 1e999, "old": [], "new": []}'])
    assert json.loads(answer) == {"id": None, "error": "id is a number that JSON cannot write"}
