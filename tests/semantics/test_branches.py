"""Readings of statements that a template leaves open."""

from __future__ import annotations

from typing import cast

from iamlint.model import Condition, Document, Hole, Part, Statement, Value, When
from iamlint.semantics.branches import readings


def value(text: str, when: When = ()) -> Value:
    return Value(text, (), (), when)


def holed(*parts: Part) -> Value:
    return Value(None, (), parts)


def statement(
    actions: tuple[Value, ...], resources: tuple[Value, ...], conditions: tuple[Condition, ...] = ()
) -> Statement:
    document = cast("Document", None)
    return Statement(
        document, (), None, value("Allow"), actions, None, resources, None, None, None, conditions
    )


def shown(found: Statement) -> tuple[list[str], list[str]]:
    return [str(v) for v in found.actions or ()], [str(v) for v in found.resources or ()]


def test_a_plain_statement_is_its_own_only_reading() -> None:
    plain = statement((value("s3:*"),), (value("*"),))
    assert list(readings(plain)) == [(plain, ())]


def test_branches_of_one_condition_are_paired_and_never_mixed() -> None:
    wide = statement(
        (value("s3:*", (("Prod", False),)), value("s3:GetObject", (("Prod", True),))),
        (value("*", (("Prod", True),)), value("arn:aws:s3:::b/*", (("Prod", False),))),
    )
    assert [(shown(reading), notes) for reading, notes in readings(wide)] == [
        ((["s3:GetObject"], ["*"]), ("condition Prod is true",)),
        ((["s3:*"], ["arn:aws:s3:::b/*"]), ("condition Prod is false",)),
    ]


def test_allowed_values_are_read_one_by_one_and_a_default_says_so() -> None:
    level = Hole("parameter", "Level", values=("Get*", "*"), default="Get*")
    found = list(readings(statement((holed("s3:", level),), (value("*"),))))
    assert [(shown(reading)[0], notes) for reading, notes in found] == [
        (["s3:<Level>"], ()),
        (["s3:Get*"], ("Level is 'Get*', the default",)),
        (["s3:*"], ("Level is '*', an allowed value",)),
    ]


def test_two_defaults_are_also_read_together() -> None:
    one, two = Hole("parameter", "A", default="*"), Hole("parameter", "B", default="*")
    found = [shown(reading) for reading, _ in readings(statement((holed(one),), (holed(two),)))]
    assert (["*"], ["*"]) in found


def test_a_condition_whose_values_are_gone_in_a_branch_is_gone() -> None:
    test = Condition("StringEquals", "aws:PrincipalOrgID", (value("o-1", (("Org", True),)),), ())
    found = [
        len(reading.conditions) for reading, _ in readings(statement((value("a:b"),), (value("*"),), (test,)))
    ]
    assert found == [1, 0]


def test_too_many_choices_are_not_multiplied() -> None:
    many = tuple(value(f"s3:{index}", ((f"C{index}", True),)) for index in range(30))
    found = list(readings(statement(many, (value("*"),))))
    assert [len(reading.actions or ()) for reading, _ in found] == [30]


def test_an_empty_default_is_not_read_under_a_condition() -> None:
    bucket = Hole("parameter", "Bucket", default="")
    given = Value(None, (), ("arn:aws:s3:::", bucket, "/*"), (("HasBucket", True),))
    found = list(readings(statement((value("s3:GetObject"),), (given,))))
    assert [shown(reading)[1] for reading, _ in found] == [["arn:aws:s3:::<Bucket>/*"], []]


def test_an_empty_default_is_no_value() -> None:
    bucket = Hole("parameter", "Bucket", default="")
    given = Value(None, (), ("arn:aws:s3:::", bucket, "/*"))
    found = list(readings(statement((value("s3:GetObject"),), (given,))))
    assert [shown(reading)[1] for reading, _ in found] == [["arn:aws:s3:::<Bucket>/*"]]
