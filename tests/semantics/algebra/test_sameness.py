"""What a safe fix has to prove, and what it must not be able to."""

from __future__ import annotations

import pytest

from iamlint.auditing.compare import read_documents
from iamlint.model import Hole, Policy, PolicyKind, Value
from iamlint.record import replace
from iamlint.semantics.algebra.sameness import is_mended, same_access

VERSION = {"Version": "2012-10-17"}
BASE: dict[str, object] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}


def policy(*statements: dict[str, object], kind: PolicyKind = PolicyKind.IDENTITY, **top: object) -> Policy:
    tree = {**(top or VERSION), "Statement": [{**BASE, **statement} for statement in statements]}
    tree = {key: value for key, value in tree.items() if value is not None}
    return read_documents(tree, kind, "p")[0]


SAME: dict[str, tuple[Policy, Policy]] = {
    "order and repetition": (policy({"Action": ["s3:A", "s3:B", "s3:a"]}), policy({"Action": ["s3:b", "s3:A"]})),
    "an action that another includes": (policy({"Action": ["s3:Get*", "s3:GetObject"]}), policy({"Action": ["s3:Get*"]})),
    "a resource that another includes": (
        policy({"Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::a/b"]}), policy({})),
    "the same in a Deny": (
        policy({"Effect": "Deny", "Action": ["s3:Get*", "s3:GetObject"]}),
        policy({"Effect": "Deny", "Action": "s3:Get*"})),
    "a version without variables": (policy({}, Version=None), policy({})),
    "the old version spelled out": (policy({"Resource": "arn:aws:s3:::${aws:username}"}, Version=None),
        policy({"Resource": "arn:aws:s3:::${aws:username}"}, Version="2008-10-17")),
    "operators and keys in other letters": (
        policy({"Condition": {"stringequals": {"AWS:username": "a"}}}),
        policy({"Condition": {"StringEquals": {"aws:username": ["a", "a"]}}})),
    "with what IAM refuses": (policy({"Action": ["s3:A", "s3:A"], "X": 1}), policy({"Action": ["s3:A"], "X": 1})),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_proved(name: str) -> None:
    one, other = SAME[name]
    assert same_access(one, other)
    assert same_access(other, one)


OTHER: dict[str, tuple[Policy, Policy]] = {
    "fewer actions": (policy({"Action": ["s3:A*", "s3:B*"]}), policy({"Action": ["s3:A*"]})),
    "letter case of a resource": (policy({}), policy({"Resource": "arn:aws:s3:::A/*"})),
    "letter case of a service in an ARN": (policy({"Resource": "arn:aws:S3:::a"}), policy({"Resource": "arn:aws:s3:::a"})),
    "a variable that would be read": (
        policy({"Resource": "arn:aws:s3:::${aws:username}"}, Version=None),
        policy({"Resource": "arn:aws:s3:::${aws:username}"})),
    "a variable in a Deny, where nothing is allowed": (
        policy({"Effect": "Deny", "Resource": "arn:aws:s3:::${aws:username}"}, Version=None),
        policy({"Effect": "Deny", "Resource": "arn:aws:s3:::${aws:username}"})),
    "a smaller Deny, where nothing is allowed": (
        policy({"Effect": "Deny", "Action": ["s3:A*", "s3:B*"]}), policy({"Effect": "Deny", "Action": "s3:A*"})),
    "an Allow that a Deny takes away, and the Deny": (
        policy({}, {"Effect": "Deny"}), policy({"Action": "ec2:A", "Effect": "Deny"})),
    "another Sid": (policy({"Sid": "a"}), policy({"Sid": "b"})),
    "an effect that IAM refuses": (policy({"Effect": "allow"}), policy({})),
    "a key with a new name": (
        policy({"Condition": {"StringEquals": {"aws:Old": "a"}}}), policy({"Condition": {"StringEquals": {"aws:New": "a"}}})),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_not_proved(name: str) -> None:
    one, other = OTHER[name]
    assert not same_access(one, other)
    assert not same_access(other, one)


def test_a_key_with_a_new_name_is_proved_where_the_rule_states_it() -> None:
    old, new = OTHER["a key with a new name"]
    assert same_access(old, new, {"aws:old": "aws:New"})
    assert not same_access(policy({}), new, {"aws:old": "aws:New"})


def with_hole(one: Policy, hole: Hole, times: int = 1) -> Policy:
    (statement,) = one.statements or ()
    return replace(one, statements=(replace(statement, resources=(Value(None, (), (hole,)),) * times),))


def test_a_hole_is_the_same_on_both_sides_but_may_hold_a_variable() -> None:
    parameter, bucket = Hole("parameter", "P"), Hole("resource", "B", arn="arn:*:s3:::*")
    twice, once = policy({"Action": ["s3:A", "s3:A"]}), policy({"Action": ["s3:A"]})
    assert same_access(with_hole(twice, parameter), with_hole(once, parameter))
    absent, present = policy({}, Version=None), policy({})
    assert not same_access(with_hole(absent, parameter), with_hole(present, parameter))
    assert same_access(with_hole(absent, bucket), with_hole(present, bucket))


def test_two_unknown_values_of_one_name_may_differ() -> None:
    hole = Hole("function", "Fn::Transform")
    assert not same_access(with_hole(policy({}), hole, 2), with_hole(policy({}), hole, 1))


@pytest.mark.parametrize(
    ("old", "new", "words", "proved"),
    [
        (policy({"Effect": "allow"}), policy({}), [("allow", "Allow")], True),
        (policy({"Effect": "permit"}), policy({}), [("permit", "Allow")], False),
        (policy({"Effect": "allow"}), policy({"Effect": "Deny"}), [("allow", "Deny")], False),
        (policy({"Effect": "allow"}), policy({}), [], False),
        (policy({}), policy({"Sid": "A"}), [("a", "A")], False),
        (
            policy({"Effect": "Allow", "Resource": None, "resource": "*"}),
            policy({}),
            [("resource", "Resource")],
            True,
        ),
        (
            policy({"Condition": {"NullIfExists": {"aws:a": "true"}}}),
            policy({"Condition": {"Null": {"aws:a": "true"}}}),
            [("NullIfExists", "Null")],
            True,
        ),
        (
            policy({"Principal": {"Service": "EC2.amazonaws.com"}}, kind=PolicyKind.RESOURCE),
            policy({"Principal": {"Service": "ec2.amazonaws.com"}}, kind=PolicyKind.RESOURCE),
            [("EC2.amazonaws.com", "ec2.amazonaws.com")],
            True,
        ),
    ],
)
def test_mended(old: Policy, new: Policy, words: list[tuple[str, str]], proved: bool) -> None:
    assert is_mended(old, new, words) is proved
