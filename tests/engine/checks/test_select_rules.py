"""Declarative rules of users' packs: statements, policies and grants, through the pack's own test command."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.auditing.examples import run_pack
from iamlint.engine.checks.select import mistakes_in, path_mistake, select_statement
from iamlint.engine.subject import PolicySubject, Settings, StatementSubject, features_of
from iamlint.model import Hole, Owner, Value
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text

HEAD = """\
id: ACME001
name: house-rule
severity: low
confidence: high
summary: A rule of the house
why: The house wants it so.
fix: Do as the house wants.
message: "{statement} has {value}."
"""

PACKS = {
    "a statement's values": """\
select: Resource[*]
where: {like: ["arn:aws:s3:::prod-*"]}
examples:
  bad:
    - policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: ["arn:aws:s3:::dev", "arn:aws:s3:::prod-a"]}]}
      at: [/Statement/0/Resource/1]
    - policy: {Version: "2012-10-17", Statement: {Effect: Deny, Action: "s3:*", Resource: "arn:aws:s3:::prod-b"}}
      at: [/Statement/Resource]
  good:
    - policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "arn:aws:s3:::dev"}]}
    - policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", NotResource: "arn:aws:s3:::prod-a"}]}
""",
    "every place of a statement": """\
select: "*"
where: {in: ["*"]}
examples:
  bad:
    - policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "*", Resource: "*", Principal: "*"}]}
      at: [/Statement/0/Action, /Statement/0/Resource, /Statement/0/Principal]
  good:
    - policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "arn:aws:s3:::a"}]}
""",
    "actions without letter case": """\
select: Action[*]
where: {in: ["iam:createuser"], ignore-case: true}
policy-kinds: [identity]
examples:
  bad:
    - policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: ["s3:GetObject", "iam:CreateUser"], Resource: "*"}]}
      at: [/Statement/0/Action/1]
  good:
    - policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "iam:CreateUsers", Resource: "*"}]}
""",
    "a condition value": """\
select: Condition.*.'aws:RequestedRegion'[*]
where: {not-like: ["eu-*"]}
examples:
  bad:
    - policy:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "*", Resource: "*", Condition: {StringEquals: {"aws:RequestedRegion": [eu-west-1, us-east-1]}}}]
      at: [/Statement/0/Condition/StringEquals/aws:RequestedRegion/1]
  good:
    - policy:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "*", Resource: "*", Condition: {StringLike: {"aws:RequestedRegion": eu-*}}}]
    - policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}
""",
    "a missing condition": """\
select: Condition.*.'aws:PrincipalOrgID'
where: {absent: true}
policy-kinds: [resource]
examples:
  bad:
    - policy:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: "*", Action: "sqs:SendMessage", Resource: "*"}]
      at: [/Statement/0]
  good:
    - policy:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: "*"
            Action: "sqs:SendMessage"
            Resource: "*"
            Condition: {StringEquals: {"aws:PrincipalOrgID": o-a1b2c3d4e5}}
""",
    "principals by type": """\
select: Principal.Service[*]
where: {not-in: [ec2.amazonaws.com, lambda.amazonaws.com]}
policy-kinds: [trust]
examples:
  bad:
    - policy:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: [ec2.amazonaws.com, glue.amazonaws.com]}, Action: "sts:AssumeRole"}]
      at: [/Statement/0/Principal/Service/1]
  good:
    - policy:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {AWS: "111122223333"}, Action: "sts:AssumeRole"}]
""",
    "a policy": """\
of: policy
select: Statement[*].Sid
where: {absent: true}
examples:
  bad:
    - policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}
      at: [""]
  good:
    - policy: {Version: "2012-10-17", Statement: [{Sid: A, Effect: Allow, Action: "s3:*", Resource: "*"}]}
""",
    "the version of a policy": """\
of: policy
select: Version
where: {not-equals: "2012-10-17"}
examples:
  bad:
    - policy: {Version: "2008-10-17", Statement: []}
      at: [/Version]
  good:
    - policy: {Version: 2012-10-17, Statement: []}
    - policy: {Statement: []}
""",
    "a grant": """\
of: grant
what: [managed-attachment]
on: [role]
select: fields.policy[*]
where: {like: ["arn:aws:iam::aws:policy/*"], not-like: ["*/ReadOnlyAccess"]}
examples:
  bad:
    - grant: {what: managed-attachment, on: [role], fields: {policy: ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/PowerUserAccess"]}}
      at: [/fields/policy/1]
  good:
    - grant: {what: managed-attachment, on: [user], fields: {policy: "arn:aws:iam::aws:policy/PowerUserAccess"}}
    - grant: {what: boundary, on: [role], fields: {policy: "arn:aws:iam::aws:policy/PowerUserAccess"}}
""",
    "a number of a grant": """\
of: grant
what: [declared]
select: fields.max_session_duration[*]
where: {at-least: 7200}
examples:
  bad:
    - grant: {what: declared, on: [role], fields: {max_session_duration: 7200}}
      at: [/fields/max_session_duration]
  good:
    - grant: {what: declared, on: [role], fields: {max_session_duration: 7199}}
    - grant: {what: declared, on: [role], fields: {max_session_duration: long}}
""",
    "what a grant lacks": """\
of: grant
what: [declared]
on: [role]
select: fields.permissions_boundary
where: {absent: true}
examples:
  bad:
    - grant: {what: declared, on: [role], fields: {name: app}}
      at: [""]
  good:
    - grant: {what: declared, on: [role], fields: {permissions_boundary: "arn:aws:iam::111122223333:policy/b"}}
""",
    "without where": """\
of: grant
what: [access-key, console-password]
select: fields.user[*]
examples:
  bad:
    - grant: {what: access-key, on: [user], fields: {user: alice}}
      at: [/fields/user]
  good:
    - grant: {what: ssh-key, on: [user], fields: {user: alice}}
""",
}


@pytest.mark.parametrize("pack", PACKS)
def test_a_declarative_rule(tmp_path: Path, pack: str) -> None:
    (tmp_path / "ACME001.yaml").write_text(HEAD + PACKS[pack])
    assert [result.problem for result in run_pack(str(tmp_path)) if result.problem] == []


def subject(tree: dict[str, object], **replaced: object) -> StatementSubject:
    from iamlint.record import replace

    document = {"Version": "2012-10-17", "Statement": [tree]}
    built = PolicyBuilder(JsonDocument(Text("p.json", "{}"), document, "policy-json"))
    policy = built.policy(document, (), owner=Owner("$", None, ()), kind=None)
    assert policy.statements is not None
    statement = replace(policy.statements[0], **replaced)
    return StatementSubject(PolicySubject(policy, Settings()), statement, features_of(statement))


def values(found: StatementSubject, select: str, where: dict[str, object]) -> list[str]:
    return [match.words["value"] for match in select_statement(found, {"select": select, "where": where})]


def test_what_cannot_be_known_meets_no_test_but_present() -> None:
    unknown = Value(None, ("Statement", 0, "Resource"), ("arn:aws:s3:::", Hole("parameter", "Bucket")))
    found = subject({"Effect": "Allow", "Action": "s3:*", "Resource": "x"}, resources=(unknown,))
    assert values(found, "Resource[*]", {"like": ["*"]}) == []
    assert values(found, "Resource[*]", {"not-in": ["x"]}) == []
    assert values(found, "Resource[*]", {"present": True}) == ["arn:aws:s3:::<Bucket>"]


def test_the_same_key_under_one_operator_keeps_all_its_values() -> None:
    """Branches of a template give one key several times."""
    from iamlint.model import Condition

    conditions = tuple(
        Condition("StringEquals", "aws:SourceAccount", (Value(text, ()),), ()) for text in ("1", "2")
    )
    found = subject({"Effect": "Allow", "Action": "s3:*", "Resource": "x"}, conditions=conditions)
    assert values(found, "Condition.StringEquals.'aws:SourceAccount'[*]", {"present": True}) == ["1", "2"]


NUMBERS = [
    ("at-most", 5, "5", True),
    ("at-most", 5, "5.1", False),
    ("at-least", 1.5, "2", True),
    ("at-least", 1, "nan", False),
    ("at-most", 5, "", False),
]


@pytest.mark.parametrize(("test", "limit", "text", "expected"), NUMBERS)
def test_numbers(test: str, limit: float, text: str, expected: bool) -> None:
    found = subject({"Effect": "Allow", "Action": text, "Resource": "x"})
    assert bool(values(found, "Action[*]", {test: limit})) == expected


@given(st.text("abc.*[]()$@'\"`|&?~,:0-9 \\", max_size=30))
def test_any_expression_is_compiled_or_refused(text: str) -> None:
    assert path_mistake(text) is None or "\n" not in str(path_mistake(text))


def test_an_expression_of_any_length_gets_an_answer() -> None:
    assert path_mistake("a." * 100_000) == "longer than 500 characters"
    assert path_mistake("(" * 240 + "a" + ")" * 240) is None


WHERE = st.dictionaries(
    st.sampled_from(["equals", "in", "like", "at-most", "present", "absent", "ignore-case", "likes", ""]),
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=3)
    | st.lists(st.text(max_size=3) | st.integers(), max_size=3),
    max_size=4,
)


@given(where=WHERE | st.none() | st.text() | st.lists(st.text()))
def test_any_tests_are_right_or_refused_and_right_ones_run(where: object) -> None:
    wrong = mistakes_in(where)
    if not wrong:
        assert isinstance(where, dict)
        values(subject({"Effect": "Allow", "Action": ["s3:*", "5"], "Resource": "*"}), "Action[*]", where)
