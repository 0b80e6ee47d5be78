"""What a template leaves open, what no set can express, and what is not valid (section 12.7)."""

from __future__ import annotations

import json

import pytest
from algebra_policies import BUCKET, Json, allow, build, deny, policy
from hypothesis import given
from hypothesis import strategies as st

from iamlint.model import Owner, Policy, PolicyKind
from iamlint.semantics.algebra.questions import compare
from iamlint.semantics.algebra.results import Verdict
from iamlint.semantics.algebra.statements import examine
from iamlint.sources.documents import PlaceholderResolver, PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text

CONTAINED, NEW, UNKNOWN = Verdict.CONTAINED, Verdict.NEW_ACCESS, Verdict.UNKNOWN


def template(*statements: Json) -> Policy:
    """Build a policy in which `${Name}` is decided elsewhere."""
    tree: Json = {"Version": "2012-10-17", "Statement": list(statements)}
    document = JsonDocument(Text("p.json", json.dumps(tree)), tree, "policy-json")
    return PolicyBuilder(document, PlaceholderResolver()).policy(
        tree, (), owner=Owner("$", None, ()), kind=None
    )


OPEN = "arn:aws:s3:::${Bucket}/"
TAG = "aws:PrincipalTag/a"

HOLES: dict[str, tuple[list[Json], list[Json], Verdict]] = {
    "the same": ([allow("s3:*", OPEN + "*")], [allow("s3:*", OPEN + "*")], CONTAINED),
    "narrower below the same hole": (
        [allow("s3:*", OPEN + "*")],
        [allow("s3:Get*", OPEN + "a/*")],
        CONTAINED,
    ),
    "wider than any hole": ([allow("s3:*", "arn:aws:s3:::*")], [allow("s3:Get*", OPEN + "a/*")], CONTAINED),
    "the hole may be anything": ([allow("s3:*", BUCKET + "*")], [allow("s3:*", OPEN + "*")], UNKNOWN),
    "another hole": ([allow("s3:*", OPEN + "*")], [allow("s3:*", "arn:aws:s3:::${Other}/*")], UNKNOWN),
    "a deny of a hole is gone": (
        [allow("s3:*", BUCKET + "*"), deny("s3:*", OPEN + "*")],
        [allow("s3:*", BUCKET + "*")],
        UNKNOWN,
    ),
    "a deny of a hole stays": (
        [allow("s3:*", BUCKET + "*"), deny("s3:*", OPEN + "*")],
        [allow("s3:*", BUCKET + "*"), deny("s3:*", OPEN + "*")],
        CONTAINED,
    ),
    "a hole may be a whole ARN": ([allow("s3:*", BUCKET + "*")], [allow("s3:*", "${X}")], UNKNOWN),
    "an open action": ([allow("s3:*")], [allow("${Action}")], UNKNOWN),
    "an open test": (
        [allow("s3:*")],
        [allow("s3:*", "*", {"StringEquals": {TAG: "${Team}"}})],
        CONTAINED,
    ),
    "an open test less": (
        [allow("s3:*", "*", {"StringEquals": {TAG: "${Team}"}})],
        [allow("s3:*")],
        NEW,
    ),
    "a pattern is not the text that it is made of": (
        [allow("s3:*", "*", {"StringEquals": {TAG: "${Team}"}})],
        [allow("s3:*", "*", {"StringLike": {TAG: "${Team}"}})],
        UNKNOWN,
    ),
    "an open number": (
        [allow("s3:*", "*", {"NumericLessThan": {"s3:max-keys": "${Most}"}})],
        [allow("s3:*", "*", {"NumericLessThan": {"s3:max-keys": "${Most}"}, "StringEquals": {TAG: "x"}})],
        CONTAINED,
    ),
    "not the hole": (
        [{"Effect": "Allow", "Action": "s3:*", "NotResource": OPEN + "*"}],
        [{"Effect": "Allow", "Action": "s3:Get*", "NotResource": OPEN + "*"}],
        CONTAINED,
    ),
    "not a hole, and yet something": (
        [allow("s3:*", BUCKET + "*")],
        [{"Effect": "Allow", "Action": "s3:*", "NotResource": OPEN + "*"}],
        NEW,
    ),
    "more actions below the same hole": (
        [allow("s3:Get*", OPEN + "*")],
        [allow(["s3:Get*", "s3:Put*"], OPEN + "*")],
        NEW,
    ),
    "wider below the same hole": ([allow("s3:*", OPEN + "a/*")], [allow("s3:*", OPEN + "*")], NEW),
    "a statement without holes beside one": (
        [allow("s3:Get*", OPEN + "*")],
        [allow("s3:Get*", OPEN + "*"), allow("sqs:*", "arn:aws:sqs:us-east-1:111122223333:q")],
        NEW,
    ),
    "a deny of the same hole is gone": (
        [allow("s3:*", OPEN + "*"), deny("s3:Put*", OPEN + "*")],
        [allow("s3:*", OPEN + "*")],
        NEW,
    ),
    "a deny of a hole may take it all": (
        [],
        [allow("s3:*", BUCKET + "*"), deny("s3:*", OPEN + "*")],
        UNKNOWN,
    ),
    "a deny that takes no hole": (
        [],
        [allow("s3:*", OPEN + "*"), deny("sqs:*")],
        NEW,
    ),
    "the hole may be what the old side names": (
        [allow("s3:*", BUCKET + "*")],
        [allow("s3:*", [BUCKET + "*", OPEN + "*"])],
        UNKNOWN,
    ),
    "an old test of the hole": (
        [allow("s3:*", "*", {"StringEquals": {TAG: "x${Team}"}})],
        [allow("s3:*", "*", {"StringEquals": {TAG: ["x${Team}", "y${Team}"]}})],
        NEW,
    ),
    "a variable beside a hole": (
        [allow("s3:Get*", OPEN + "${aws:username}/*")],
        [allow("s3:*", OPEN + "${aws:username}/*")],
        NEW,
    ),
    "a hole in the name of a variable": (
        [allow("s3:*", BUCKET + "${aws:PrincipalTag/${Key}}/*")],
        [allow("s3:*", BUCKET + "a/*")],
        UNKNOWN,
    ),
}


@pytest.mark.parametrize(("old", "new", "verdict"), HOLES.values(), ids=HOLES)
def test_holes(old: list[Json], new: list[Json], verdict: Verdict) -> None:
    found = compare([template(*old)], [template(*new)])
    assert found.verdict is verdict
    if verdict is UNKNOWN:
        assert {reason.code for reason in found.reasons} <= {"template", "replay-mismatch"}
        assert found.reasons
    if verdict is NEW:
        assert any(note.startswith("holds whatever the template leaves open") for note in found.notes)


def test_the_request_says_what_it_puts_in_for_a_hole() -> None:
    found = compare([template(allow("s3:Get*", OPEN + "*"))], [template(allow("s3:*", OPEN + "*"))])
    assert found.witness is not None
    assert found.witness.resource == "arn:aws:s3:::example1/x"
    assert found.notes[-1].endswith("the request puts example1 for <Bucket>")


@st.composite
def open_statements(draw: st.DrawFn) -> Json:
    """Draw a statement in which holes stand in many places."""
    resources = [
        "*",
        BUCKET + "*",
        "arn:aws:s3:::${One}/*",
        "arn:aws:s3:::${One}/a/*",
        "arn:aws:s3:::${Two}",
        "arn:aws:s3:::b${One}/?",
        "${Two}",
        "arn:aws:s3:::${One}${Two}/*",
    ]
    tests = [
        None,
        {"StringEquals": {TAG: "${One}"}},
        {"StringLike": {TAG: ["x${One}", "y"]}},
        {"StringNotEquals": {TAG: ["${One}", "y"]}},
        {"StringEqualsIfExists": {TAG: "${Two}"}},
        {"NumericLessThan": {"s3:max-keys": ["${One}", "5"]}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["${One}", "x"]}},
        {"ForAnyValue:StringLike": {"aws:TagKeys": "${Two}*"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::${One}"}},
        {"Null": {TAG: "${One}"}},
    ]
    listed = draw(st.lists(st.sampled_from(resources), min_size=1, max_size=2))
    element = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))
    actions = draw(
        st.sampled_from([["s3:*"], ["s3:Get*"], ["s3:PutObject"], ["${One}", "s3:GetObject"], ["*"]])
    )
    condition = draw(st.sampled_from(tests))
    found: Json = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])), "Action": actions}
    return found | {element: listed} | ({} if condition is None else {"Condition": condition})


def put(node: object, filling: dict[str, str]) -> object:
    if isinstance(node, dict):
        return {key: put(value, filling) for key, value in node.items()}
    if isinstance(node, list):
        return [put(value, filling) for value in node]
    text = str(node)
    for name, value in filling.items():
        text = text.replace(f"${{{name}}}", value)
    return text


@given(
    st.lists(open_statements(), max_size=3),
    st.lists(open_statements(), min_size=1, max_size=3),
    st.lists(
        st.sampled_from(["b", "a", "q", "x", "y", "7", "b/a", "zz", "arn:aws:s3:::b/a"]),
        min_size=2,
        max_size=2,
    ),
)
def test_a_verdict_about_a_template_holds_for_what_it_becomes(
    old: list[Json], new: list[Json], texts: list[str]
) -> None:
    found = compare([template(*old)], [template(*new)])
    if found.verdict is UNKNOWN:
        return
    filling = dict(zip(("One", "Two"), texts, strict=True))
    pair = []
    for side in (old, new):
        filled = [put(statement, filling) for statement in side]
        # An action without a colon is none.
        for statement in filled:
            assert isinstance(statement, dict)
            statement["Action"] = [one for one in statement["Action"] if ":" in one or one == "*"]
        pair.append(policy(*filled))  # type: ignore[arg-type] # statements stay objects
    then = compare([pair[0]], [pair[1]])
    assert then.verdict in {found.verdict, UNKNOWN}


def test_idle_statements_of_templates() -> None:
    facts = examine(
        [template(allow("s3:*", OPEN + "*"), allow("s3:Get*", OPEN + "a/*"), allow("s3:*", "${X}"))]
    )
    assert [fact.place.index for fact in facts] == [1]


VARIABLES: dict[str, tuple[list[Json], list[Json], Verdict]] = {
    "a deny that may not apply": (
        [],
        [
            allow("s3:*", BUCKET + "*"),
            {"Effect": "Deny", "Action": "s3:*", "NotResource": BUCKET + "${aws:username}/*"},
        ],
        NEW,
    ),
    "a variable that a test pins": (
        [allow("s3:*", BUCKET + "red/*")],
        [allow("s3:*", BUCKET + "${aws:PrincipalTag/t}/*", {"StringEquals": {"aws:PrincipalTag/t": "blue"}})],
        NEW,
    ),
    "the deny and the text may meet": (
        [allow("s3:*", BUCKET + "team/*"), deny("s3:*", BUCKET + "${aws:username}/*")],
        [allow("s3:*", BUCKET + "team/*")],
        NEW,
    ),
    "a default": (
        [allow("s3:*", BUCKET + "*")],
        [allow("s3:*", BUCKET + "${aws:PrincipalTag/t, 'all'}/*")],
        CONTAINED,
    ),
    "a default and the tag itself": (
        [allow("s3:*", BUCKET + "${aws:PrincipalTag/t}/*")],
        [allow("s3:*", BUCKET + "${aws:PrincipalTag/t, 'all'}/*")],
        NEW,
    ),
    "one letter is not one value": (
        [allow("s3:*", BUCKET + "?/*")],
        [allow("s3:*", BUCKET + "${aws:PrincipalTag/t}/*")],
        NEW,
    ),
    "an escape is a character": ([allow("s3:*", BUCKET + "${*}")], [allow("s3:*", BUCKET + "*")], NEW),
    "an escape inside": ([allow("s3:*", BUCKET + "*")], [allow("s3:*", BUCKET + "${*}")], CONTAINED),
    "own account": (
        [allow("s3:*", "*", {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}})],
        [allow("s3:Get*", "*", {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}})],
        CONTAINED,
    ),
    "only the own account": (
        [allow("s3:*", "*", {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}})],
        [allow("s3:*")],
        NEW,
    ),
    "not the own account": (
        [
            allow("s3:*"),
            deny("*", "*", {"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}),
        ],
        [
            allow("s3:Get*"),
            deny("*", "*", {"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}),
        ],
        CONTAINED,
    ),
    "letter case tells values apart": (
        [allow("s3:*", "*", {"StringEquals": {TAG: "${aws:username}"}})],
        [allow("s3:*", "*", {"StringEqualsIgnoreCase": {TAG: "${aws:username}"}})],
        NEW,
    ),
}


@pytest.mark.parametrize(("old", "new", "verdict"), VARIABLES.values(), ids=VARIABLES)
def test_variables(old: list[Json], new: list[Json], verdict: Verdict) -> None:
    found = compare([policy(*old)], [policy(*new)])
    assert found.verdict is verdict
    assert (found.witness is None) is (verdict is not NEW)


def test_one_key_compared_as_several_types() -> None:
    mixed = {"NumericLessThan": {TAG: "5"}, "StringEquals": {TAG: ["1", "9"]}}
    found = compare(
        [policy(allow("s3:*", "*", {"StringEquals": {TAG: "9"}}))], [policy(allow("s3:*", "*", mixed))]
    )
    assert found.verdict is NEW
    assert found.witness is not None
    assert found.witness.context == {TAG: "1"}
    again = compare([policy(allow("s3:*", "*", mixed))], [policy(allow("s3:Get*", "*", mixed))])
    assert again.verdict is CONTAINED
    other = {"NumericLessThan": {TAG: "9"}, "StringEquals": {TAG: ["10", "11"]}}
    assert compare([], [policy(allow("s3:*", "*", other))]).verdict is UNKNOWN


def test_a_plain_operator_on_a_key_of_several_values() -> None:
    plain = {"StringEquals": {"aws:TagKeys": "a"}}
    found = compare([policy(allow("s3:*", "*", plain))], [policy(allow("s3:Get*"))])
    assert found.verdict is UNKNOWN
    assert [(reason.code, reason.side, reason.pointer) for reason in found.reasons] == [
        ("plain-operator", "old", "/Statement/0")
    ]
    assert (
        compare([policy(allow("s3:*", "*", plain))], [policy(allow("s3:Get*", "*", plain))]).verdict
        is CONTAINED
    )
    assert compare([policy(allow("s3:*"))], [policy(allow("s3:*", "*", plain))]).verdict is CONTAINED


MALFORMED: dict[str, tuple[object, str]] = {
    "effect": ({"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]}, "/Statement/0/Effect"),
    "no action": ({"Statement": [{"Effect": "Allow", "Resource": "*"}]}, "/Statement/0"),
    "no colon": ({"Statement": [allow(["s3:*", "s3"])]}, "/Statement/0/Action/1"),
    "no resource": ({"Statement": [{"Effect": "Allow", "Action": "*"}]}, "/Statement/0"),
    "both": ({"Statement": {**allow("*"), "NotAction": "s3:*"}}, "/Statement/NotAction"),
    "principal": ({"Statement": [{**allow("*"), "Principal": "*"}]}, "/Statement/0/Principal"),
    "operator": (
        {"Statement": [allow("*", "*", {"StringIs": {"a:b": "c"}})]},
        "/Statement/0/Condition/StringIs/a:b",
    ),
    "null with suffix": (
        {"Statement": [allow("*", "*", {"NullIfExists": {"a:b": "true"}})]},
        "/Statement/0/Condition/NullIfExists/a:b",
    ),
    "version": ({"Version": "2020-01-01", "Statement": [allow("*")]}, "/Version"),
    "a number": (5, ""),
    "no statement": ({"Version": "2012-10-17"}, ""),
    "control character": ({"Statement": [allow("*", "a\0b")]}, "/Statement/0/Resource"),
}


@pytest.mark.parametrize(("tree", "pointer"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_valid_is_unknown_with_its_place(tree: object, pointer: str) -> None:
    bad, good = build(tree, PolicyKind.IDENTITY), policy(allow("*"))
    found = compare([good], [bad])
    assert found.verdict is UNKNOWN
    assert [(r.code, r.side, r.document) for r in found.reasons] == [("malformed", "new", 0)] * len(
        found.reasons
    )
    assert pointer in {reason.pointer for reason in found.reasons}
    assert compare([good, bad], [good]).reasons[0].document == 1


def test_readings_that_matter_are_named() -> None:
    """`arn:aws:s3*` as one glob also takes ARNs whose service only begins so."""
    crossing = allow("*", "arn:aws:s3:*:x")
    found = compare([policy(allow("*", "arn:aws:s3:*:*:*:x"))], [policy(crossing)])
    assert found.verdict is NEW
    flips = compare([policy(allow("*", "arn:aws:s3:*"))], [policy(allow("*", "arn:aws:s3*:::b"))])
    assert flips.verdict is NEW
    parts = compare(
        [policy(allow("*", "arn:aws:s3:::b*"))],
        [policy(allow("*", ["arn:aws:s3:::b", "arn:*:s3:::b"]), deny("*", ["arn:*:*:s3:::b", "arn:aws-*"]))],
    )
    assert parts.verdict in {CONTAINED, NEW}


def test_an_empty_text_may_count_as_absent() -> None:
    anything = policy(allow("s3:*", "*", {"StringLike": {TAG: "*"}}))
    given = policy(allow("s3:*", "*", {"Null": {TAG: "false"}}))
    found = compare([given], [anything])
    assert found.verdict is UNKNOWN
    assert [reason.code for reason in found.reasons] == ["R1"]


def test_actions_of_the_future() -> None:
    today = policy(allow([f"sts:{letter}*" for letter in "ADGTS"]))
    found = compare([today], [policy(allow("sts:*"))])
    assert found.verdict is NEW
    assert found.future_only
    assert compare([policy(allow("sts:*"))], [today]).verdict is CONTAINED
