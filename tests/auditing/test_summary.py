"""How much a policy grants, counted."""

from __future__ import annotations

import io
import json

import pytest

from iamlint.auditing.summary import summarize
from iamlint.catalog import AccessLevel, catalog
from iamlint.report.summary_report import LevelCount, SummaryRow, write_json, write_text
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions


def rows(*statements: dict[str, object]) -> list[SummaryRow]:
    data = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}).encode()
    return summarize([extract_unit([SourceFile("p.json", data)], SourceOptions())])


def counts(row: SummaryRow) -> str:
    return " ".join(f"{level.everywhere}+{level.named}" for level in row.levels)


def allow(action: object, resource: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


BUCKET = "arn:aws:s3:::b/*"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow("s3:GetObject", BUCKET)], "0+0 0+1 0+0 0+0 0+0"),
        ([allow("s3:GetObject")], "0+0 1+0 0+0 0+0 0+0"),
        ([allow("s3:GetObject"), allow(["s3:GetObject", "s3:PutObject"], BUCKET)], "0+0 1+0 0+1 0+0 0+0"),
        ([allow(["iam:PassRole", "iam:CreateUser", "iam:TagUser"])], "0+0 0+0 2+0 1+0 0+0"),
        (
            [allow("s3:Get*", BUCKET), {"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}],
            "0+0 0+0 0+0 0+0 0+0",
        ),
        ([{"Effect": "Deny", "Action": "*", "Resource": "*"}], "0+0 0+0 0+0 0+0 0+0"),
    ],
    ids=["named", "all", "both", "levels", "denied", "deny only"],
)
def test_actions_by_level_on_all_and_on_named_resources(
    statements: list[dict[str, object]], expected: str
) -> None:
    (row,) = rows(*statements)
    assert counts(row) == expected


def test_everything_is_the_whole_catalogue() -> None:
    (row,) = rows(allow("*"))
    known = catalog()
    assert [level.everywhere for level in row.levels] == [
        known.count(known.with_level(level))
        for level in (
            AccessLevel.LIST,
            AccessLevel.READ,
            AccessLevel.WRITE,
            AccessLevel.TAGGING,
            AccessLevel.PERMISSIONS,
        )
    ]
    assert len(row.services) == len(known.services())


def test_the_resource_of_a_resource_policy_is_what_it_is_attached_to() -> None:
    (row,) = rows({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"})
    assert (counts(row), row.principals) == ("0+0 0+0 0+1 0+0 0+0", ("everybody",))


def test_the_widest_come_first() -> None:
    data = json.dumps(
        [
            {"Version": "2012-10-17", "Statement": [allow(action)]}
            for action in ("s3:GetObject", "*", "iam:PutRolePolicy")
        ]
    ).encode()
    found = summarize([extract_unit([SourceFile("p.json", data)], SourceOptions())])
    assert [row.owner for row in found] == ["$[1]", "$[2]", "$[0]"]


def test_the_table_and_the_json() -> None:
    row = SummaryRow(
        "a.json", 3, "Resources.R", "identity", "n", ("s3", "sqs", "sns", "ec2"),
        (LevelCount(0, 1), LevelCount(2, 0), LevelCount(1, 2), LevelCount(0, 0), LevelCount(0, 0)),
        2, 1, (), 0, 1,
    )  # fmt: skip
    out = io.StringIO()
    write_text([row], out)
    head, line = out.getvalue().splitlines()[:2]
    assert head.split() == [
        "POLICY",
        "KIND",
        "SERVICES",
        "LIST",
        "READ",
        "WRITE",
        "TAG",
        "PERM",
        "RESOURCES",
        "COND",
        "WHO",
    ]
    assert (
        line
        == "a.json:3 Resources.R (n)  identity  s3, sqs, sns +1    +1     2    1+2    -     -  all, 2 named, 1 unknown     1"
    )
    out = io.StringIO()
    write_json([row], out)
    assert json.loads(out.getvalue())["policies"][0]["levels"]["Write"] == {"everywhere": 1, "named": 2}
