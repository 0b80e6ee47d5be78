"""What the evaluator refuses: documents that IAM would not take, and requests that are none."""

from __future__ import annotations

from typing import Any

import pytest
from asking import ALICE, FULL, OBJECT, SESSION, A, Json, ask

from iamlint.auditing.evaluate import read_policies, read_request
from iamlint.model import Hole, Owner, PolicyKind, json_pointer
from iamlint.semantics.evaluation import MalformedPolicyError, PolicySet, RequestError
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text
from iamlint.sources.tree import Segments

GOOD: Json = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def without(key: str, **more: Any) -> Json:
    return {**{name: value for name, value in GOOD.items() if name != key}, **more}


@pytest.mark.parametrize(
    ("kind", "statement", "place", "message"),
    [
        ("identity", without("Effect"), "", "no Effect"),
        ("identity", {**GOOD, "Effect": "allow"}, "/Effect", "Allow or Deny"),
        ("identity", {**GOOD, "Effect": ["Allow"]}, "/Effect", "single text"),
        ("identity", without("Action"), "", "neither Action nor NotAction"),
        ("identity", {**GOOD, "NotAction": "s3:*"}, "/NotAction", "both Action and NotAction"),
        ("identity", {**GOOD, "NotResource": "*"}, "/NotResource", "both Resource and NotResource"),
        ("identity", without("Resource"), "", "neither Resource nor NotResource"),
        ("identity", {**GOOD, "Action": ["s3:*", "GetObject"]}, "/Action/1", "no colon"),
        ("identity", {**GOOD, "Action": "s3*"}, "/Action", "no colon"),
        ("identity", {**GOOD, "Action": ["s3:*", 5]}, "/Action/1", "text must stand here"),
        ("identity", {**GOOD, "Action": None}, "/Action", "text must stand here"),
        ("identity", {**GOOD, "Actions": "s3:*"}, "/Actions", "not an element"),
        ("identity", {**GOOD, "Principal": "*"}, "/Principal", "takes no Principal"),
        ("boundary", {**GOOD, "NotPrincipal": {"AWS": A}}, "/NotPrincipal", "takes no NotPrincipal"),
        ("resource", {**GOOD, "Principal": "*", "NotPrincipal": "*"}, "/NotPrincipal", "both Principal"),
        ("resource", {**GOOD, "Principal": A}, "/Principal", "must be"),
        ("resource", {**GOOD, "Principal": {"aws": A}}, "/Principal/aws", "not a type of principal"),
        ("resource", {**GOOD, "Principal": {"AWS": "1234"}}, "/Principal/AWS", "neither an account nor"),
        (
            "resource",
            {**GOOD, "Principal": {"AWS": f"arn:aws:iam::{A}:user/*"}},
            "/Principal/AWS",
            "wildcard",
        ),
        (
            "resource",
            {**GOOD, "Principal": {"AWS": [ALICE, "arn:aws:iam::*:root"]}},
            "/Principal/AWS/1",
            "wildcard",
        ),
        (
            "resource",
            {**GOOD, "Principal": {"AWS": f"arn:aws:iam::{A}:group/g"}},
            "/Principal/AWS",
            "neither",
        ),
        ("resource", {**GOOD, "NotPrincipal": {"AWS": SESSION + "/x"}}, "/NotPrincipal/AWS", "neither"),
        ("resource", {**GOOD, "Principal": {"Service": "*"}}, "/Principal/Service", "not one Service"),
        ("rcp", {**GOOD, "Principal": {"AWS": A}}, "/Principal", 'only "Principal": "*"'),
        ("rcp", {**GOOD, "NotPrincipal": "*"}, "/NotPrincipal", 'only "Principal": "*"'),
        ("scp", {**GOOD, "Resource": "bucket"}, "/Resource", "neither an ARN nor a pattern"),
        ("identity", {**GOOD, "Condition": "x"}, "/Condition", "must be an object"),
        ("identity", {**GOOD, "Condition": {"Bool": "x"}}, "/Condition/Bool", "must hold an object"),
        (
            "identity",
            {**GOOD, "Condition": {"Equals": {"k": "v"}}},
            "/Condition/Equals/k",
            "not a condition operator",
        ),
        (
            "identity",
            {**GOOD, "Condition": {"BoolNotEquals": {"k": "v"}}},
            "/Condition/BoolNotEquals/k",
            "not a",
        ),
        (
            "identity",
            {**GOOD, "Condition": {"NullIfExists": {"k": "true"}}},
            "/Condition/NullIfExists/k",
            "neither",
        ),
        (
            "identity",
            {**GOOD, "Condition": {"ForAllValues:Null": {"k": "true"}}},
            "/Condition/ForAllValues:Null/k",
            "neither",
        ),
        (
            "identity",
            {**GOOD, "Condition": {"Bool": {"k": {"a": 1}}}},
            "/Condition/Bool/k",
            "text must stand",
        ),
    ],
)
def test_a_malformed_statement_is_refused_with_its_place(
    kind: str, statement: Json, place: str, message: str
) -> None:
    bad = {
        "Version": "2012-10-17",
        "Statement": [GOOD if kind != "resource" else {**GOOD, "Principal": "*"}, statement],
    }
    policies = {kind: [[bad]] if kind in {"scp", "rcp"} else [bad]}
    with pytest.raises(MalformedPolicyError, match=message) as caught:
        read_policies(policies)
    assert [json_pointer(fault.pointer) for fault in caught.value.faults] == [f"/Statement/1{place}"]
    assert caught.value.label == (f"{kind}[0][0]" if kind in {"scp", "rcp"} else f"{kind}[0]")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "no Statement"),
        ([], "must be an object"),
        ("text", "must be an object"),
        ({"Version": "2012-10-18", "Statement": GOOD}, "there is no Version"),
        ({"Version": "2012-10-17", "Statement": ["x"]}, "a statement must be an object"),
        ({"Comment": "x", "Statement": GOOD}, "not an element of a policy"),
    ],
)
def test_a_malformed_document_is_refused(document: Any, message: str) -> None:
    with pytest.raises(MalformedPolicyError, match=message):
        read_policies({"identity": [FULL, document]})


def test_every_fault_is_listed() -> None:
    with pytest.raises(MalformedPolicyError) as caught:
        read_policies(
            {"identity": [{"Statement": [without("Effect"), {**GOOD, "Action": "x"}, without("Action")]}]}
        )
    assert str(caught.value).splitlines() == [
        "identity[0]: /Statement/0: the statement has no Effect",
        "identity[0]: /Statement/2: the statement has neither Action nor NotAction",
        "identity[0]: /Statement/1/Action: 'x' is not an action: it has no colon",
    ]


class _Template:
    """A resolver of a format whose `<name>` is decided elsewhere."""

    templates = True

    def resolve(self, node: object, pointer: object) -> object:
        return Segments(("arn:aws:s3:::", Hole("parameter", "Bucket"))) if node == "<bucket>" else node


def test_what_a_template_leaves_open_is_refused() -> None:
    node = {"Version": "2012-10-17", "Statement": {**GOOD, "Resource": "<bucket>"}}
    builder = PolicyBuilder(JsonDocument(Text("t", "{}"), node, "policy-json"), _Template())
    policy = builder.policy(node, (), owner=Owner("$", None, ()), kind=PolicyKind.IDENTITY)
    with pytest.raises(
        MalformedPolicyError, match="/Statement/Resource: holds <Bucket>, which is decided elsewhere"
    ):
        PolicySet(identity=(policy,))


def test_empty_lists_are_valid_and_match_nothing() -> None:
    for element in ("Action", "Resource"):
        assert ask(identity=[{"Statement": {**GOOD, element: []}}]) == "ImplicitlyDenied"
    assert ask(identity=[{"Statement": []}]) == "ImplicitlyDenied"


REQUEST: Json = {"principal": ALICE, "action": "s3:GetObject", "resource": OBJECT}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("principal", None, "principal is missing"),
        ("principal", "", "principal"),
        ("principal", "alice", "principal"),
        ("principal", "*", "principal"),
        ("principal", A, "principal"),
        ("principal", 5, "principal: must be"),
        ("principal", f"arn:aws:iam::{A}:user/*", "not one principal"),
        ("principal", f"arn:aws:iam::{A}:group/g", "not the ARN of a principal"),
        ("principal", "arn:aws:s3:::b", "not the ARN of a principal"),
        ("principal", {"role": ALICE}, "arn is missing"),
        ("principal", {"arn": ALICE, "role": f"arn:aws:iam::{A}:role/R"}, "principal.role"),
        (
            "principal",
            {"arn": SESSION, "role": f"arn:aws:iam::{A}:role/Other"},
            "not the role of the session",
        ),
        ("principal", {"arn": SESSION, "session": "x"}, "no field 'session'"),
        ("principal", {"arn": SESSION, "role": 5}, "principal.role"),
        ("action", "s3:*", "is a pattern"),
        ("action", "GetObject", "service:Name"),
        ("action", "s3:", "service:Name"),
        ("action", "s3:Get Object", "service:Name"),
        ("action", ["s3:GetObject"], "action: must be a text"),
        ("resource", "b/x", "not an ARN"),
        ("resource", "arn:aws:s3:b", "not an ARN"),
        ("resource", "arn:aws:s3:::" + "x" * 30_000, "longer than"),
        ("resource", [OBJECT], "resource: must be a text"),
        ("resource_account", 111122223333, "resource_account"),
        ("context", [], None),
        ("context", ["x"], "context: must be an object"),
        ("context", {"k": None}, "must be a text or a list of texts"),
        ("context", {"k": [["x"]]}, "must be a text or a list of texts"),
        ("context", {"aws:SourceIp": "1", "AWS:sourceip": "2"}, "given twice"),
        ("context", {"": "x"}, "a key must be a text"),
        ("context", {"k": "x" * 30_000}, "longer than"),
        ("region", "eu-west-1", "no field 'region'"),
    ],
)
def test_a_request_that_is_none_is_refused(field: str, value: Any, message: str | None) -> None:
    request = {**REQUEST, field: value}
    if message is None:
        read_request(request)
        return
    with pytest.raises(RequestError, match=message):
        read_request(request)


def test_a_resource_without_an_account_is_taken_to_be_the_callers_and_says_so() -> None:
    request = read_request(REQUEST)
    assert request.resource_account == A
    assert request.assumed == (f"the resource is taken to be of the caller's account, {A}",)
    assert (
        read_request({**REQUEST, "resource": "arn:aws:sqs:r:444455556666:q"}).resource_account
        == "444455556666"
    )
    assert read_request({**REQUEST, "resource": "*"}).assumed == ()
    assert read_request({**REQUEST, "principal": "anonymous"}).resource_account is None
