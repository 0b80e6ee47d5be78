"""What a wildcard takes in: all of it where that is short, counts and the worst where it is not."""

from __future__ import annotations

import pytest
from advised_statement import advice

from iamlint.catalog import AccessLevel, catalog
from iamlint.model import Advice


def of_actions(*actions: str) -> list[Advice]:
    return advice(["expansion"], {"Effect": "Allow", "Action": list(actions), "Resource": "*"})


@pytest.mark.parametrize(
    ("actions", "title", "text"),
    [
        pytest.param(
            ["sts:Assume*"],
            "sts:Assume* allows 4 actions; write those that are used",
            'Write (4):\n  "sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoot"',
            id="a short one in full",
        ),
        pytest.param(
            ["SQS:Pur*"],
            "SQS:Pur* allows one action; write it",
            '"sqs:PurgeQueue"',
            id="one action, in AWS's spelling",
        ),
        pytest.param(
            ["sqs:Pur*", "sqs:List*", "s3:GetObject"],
            "sqs:Pur*, sqs:List* allow 5 actions; write those that are used",
            'Write (1): "sqs:PurgeQueue"\n'
            'Read (4):\n  "sqs:ListDeadLetterSourceQueues", "sqs:ListMessageMoveTasks", "sqs:ListQueues",\n'
            '  "sqs:ListQueueTags"',
            id="several patterns, without what is no pattern",
        ),
    ],
)
def test_short_ones(actions: list[str], title: str, text: str) -> None:
    assert of_actions(*actions) == [Advice(title, text)]


@pytest.mark.parametrize("actions", [["s3:GetObject"], ["nosuch:*"], ["s3:Nothing*"]])
def test_no_wildcard_or_none_that_matches(actions: list[str]) -> None:
    assert of_actions(*actions) == []


def test_a_whole_service_shows_counts_and_the_worst() -> None:
    (one,) = of_actions("iam:*")
    total = catalog().count(catalog().expand("iam:*"))
    assert one.title == f"iam:* allows {total} actions; write those that are used"
    assert len(one.text.split("\n")) < 13
    assert '"iam:AttachRolePolicy"' in one.text
    assert "Services" not in one.text


def test_everything_is_told_by_service_too() -> None:
    (one,) = of_actions("*")
    assert len(one.text.split("\n")) < 13
    last = one.text.split("\n")[-1]
    assert last.startswith(f"Services ({catalog().service_count}): ec2 ")


def test_the_counts_of_the_levels_add_up() -> None:
    import re

    (one,) = of_actions("ec2:*")
    numbers = [int(number.replace(",", "")) for number in re.findall(r"[a-z] \(([\d,]+)\)", one.text)]
    assert sum(numbers) == catalog().count(catalog().expand("ec2:*"))


def test_every_action_of_a_short_pattern_stands_under_its_level() -> None:
    (one,) = of_actions("sqs:*")
    level = ""
    for line in one.text.split("\n"):
        if not line.startswith("  "):
            level = line.partition(" (")[0]
        for name in line.split('"')[1::2]:
            action = catalog().action(name)
            assert action is not None
            assert action.access_level is AccessLevel(level)


def test_not_action_tells_what_it_leaves() -> None:
    (one,) = advice(["expansion"], {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"})
    left = catalog().action_count - catalog().count(catalog().expand("iam:*"))
    assert one.title == f"this NotAction leaves {left:,} actions; write those that are used as Action"


def test_a_not_action_with_a_hole_says_nothing() -> None:
    assert advice(["expansion"], {"Effect": "Allow", "NotAction": ["${what}"], "Resource": "*"}) == []
