"""Checks of groups, roles and buckets as whole files show them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iamlint import audit


def found(tmp_path: Path, tree: object, rule: str, name: str = "main.tf.json") -> list[tuple[str, str]]:
    (tmp_path / name).write_text(json.dumps(tree))
    report = audit(str(tmp_path), select=(rule,))
    return [(finding.policy.owner, finding.message) for finding in report.findings]


def test_a_membership_that_lists_nobody_leaves_its_group_empty(tmp_path: Path) -> None:
    tree = {
        "resource": {
            "aws_iam_group": {"staff": {"name": "staff"}, "guests": {"name": "guests"}},
            "aws_iam_group_membership": {
                "staff": {"name": "m", "users": [], "group": "${aws_iam_group.staff.name}"},
                "guests": {"name": "m", "users": ["ann"], "group": "${aws_iam_group.guests.name}"},
            },
        }
    }
    assert [owner for owner, message in found(tmp_path, tree, "IAM556")] == ["aws_iam_group.staff"]
    assert "aws_iam_group_membership.staff names nobody" in found(tmp_path, tree, "IAM556")[0][1]


BLOCK = {"block_public_acls": True}


@pytest.mark.parametrize(
    ("blocks", "fires"),
    [
        ({}, True),
        ({"b": {"bucket": "${aws_s3_bucket.b.id}", **BLOCK}}, False),
        ({"b": {"bucket": "acme", **BLOCK}}, False),
        ({"b": {"bucket": "${aws_s3_bucket.other.id}", **BLOCK}}, True),
        ({"b": {"bucket": "${var.bucket}", **BLOCK}}, False),
        ({"b": {"bucket": "${module.x.bucket}", **BLOCK}}, False),
    ],
    ids=["none", "by reference", "by name", "another's", "any bucket", "a module's"],
)
def test_a_bucket_without_a_block(tmp_path: Path, blocks: object, fires: bool) -> None:
    tree = {
        "resource": {
            "aws_s3_bucket": {"b": {"bucket": "acme"}},
            "aws_s3_bucket_public_access_block": blocks,
        }
    }
    assert [owner for owner, _ in found(tmp_path, tree, "IAM462")] == ["aws_s3_bucket.b"] * fires


def test_a_list_is_no_password(tmp_path: Path) -> None:
    user = {"Type": "AWS::IAM::User", "Properties": {"LoginProfile": {"Password": ["NoEcho"]}}}
    assert found(tmp_path, {"Resources": {"U": user}}, "IAM562", "t.json") == []
