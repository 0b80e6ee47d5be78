"""What hides findings: comments, metadata, `//` keys, `[[ignore]]` tables; and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from iamlint import audit
from iamlint.auditing.fixing import find_fixes
from iamlint.auditing.pipeline import Outcome, run
from iamlint.auditing.settings import AuditSettings
from iamlint.config.settings import Suppression
from iamlint.engine.rule import Profile
from iamlint.errors import ConfigError
from iamlint.record import replace

TOLD = ("IAM092", "IAM093", "IAM094", "IAM095")


def write(folder: Path, name: str, content: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")


def audited(folder: Path, *paths: str, **more: object) -> Outcome:
    return run(AuditSettings(paths=paths or (".",), cwd=str(folder), jobs=1, **more))  # type: ignore[arg-type]


def states(outcome: Outcome, *rules: str) -> list[tuple[int, str, str]]:
    """Return line, rule and state of the findings of the rules, `+` for active and `-` for suppressed."""
    return [
        (one.primary.start_line, one.rule_id, "+" if one.state == "active" else "-")
        for one in outcome.findings
        if one.rule_id in (rules or ("IAM101", "IAM103", *TOLD))
    ]


POLICY = """\
Version: "2012-10-17"            #2
Statement:                       #3
  #4
  - Sid: First                   #5
    Effect: Allow
    #7
    Action: "*"                  #8
    Resource: "*"
  #10
  - Effect: Allow                #11
    Action: "*"                  #12
    Resource: "*"                #13
"""


def policy(comments: Mapping[int, str]) -> str:
    """Return the policy with comments put at the lines that are numbered, after a first line of its own."""
    lines = [f"# {comments[1]}" if 1 in comments else "# a policy"]
    for number, line in enumerate(POLICY.splitlines(), 2):
        before, mark, _ = line.partition("#")
        lines.append(f"{before}# {comments[number]}" if mark and number in comments else before.rstrip())
    return "\n".join(lines) + "\n"


CASES: dict[str, tuple[dict[int, str], list[tuple[int, str, str]]]] = {
    "nothing is hidden": ({}, [(8, "IAM101", "+"), (12, "IAM101", "+")]),
    "the line": ({8: "iamlint: ignore[IAM101] why"}, [(8, "IAM101", "-"), (12, "IAM101", "+")]),
    "another line of the statement": (
        {9: "iamlint: ignore[IAM101] why", 13: "iamlint: ignore[IAM101] why"},
        [(8, "IAM101", "+"), (12, "IAM101", "+"), (13, "IAM092", "+")],
    ),
    "the line above the value": (
        {7: "iamlint: ignore[IAM101] why"},
        [(8, "IAM101", "-"), (12, "IAM101", "+")],
    ),
    "above the statement": ({4: "iamlint: ignore[IAM101] why"}, [(8, "IAM101", "-"), (12, "IAM101", "+")]),
    "above all statements": (
        {2: "iamlint: nothing", 1: "iamlint: disable[IAM101] why"},
        [(8, "IAM101", "-"), (12, "IAM101", "-")],
    ),
    "a name": (
        {4: "iamlint: ignore[full-admin-statement] why"},
        [(8, "IAM101", "-"), (12, "IAM101", "+")],
    ),
    "the whole file": ({1: "iamlint: file-ignore[IAM101] why"}, [(8, "IAM101", "-"), (12, "IAM101", "-")]),
    "a range": (
        {4: "iamlint: disable[IAM101] why", 10: "iamlint: enable[IAM101]"},
        [(8, "IAM101", "-"), (12, "IAM101", "+")],
    ),
    "a pattern that all values fit": (
        {4: "iamlint: ignore[IAM101: *] why"},
        [(8, "IAM101", "-"), (12, "IAM101", "+")],
    ),
    "a pattern that they do not fit": (
        {4: "iamlint: ignore[IAM101: kms:*, IAM101: s3:*] why"},
        [(4, "IAM092", "+"), (8, "IAM101", "+"), (12, "IAM101", "+")],
    ),
    "no reason": (
        {4: "iamlint: ignore[IAM101]"},
        [(4, "IAM093", "+"), (8, "IAM101", "-"), (12, "IAM101", "+")],
    ),
    "a day to come": (
        {4: "iamlint: ignore[IAM101] until=2099-01-01 why"},
        [(8, "IAM101", "-"), (12, "IAM101", "+")],
    ),
    "a day in the past, in the bracket": (
        {4: "iamlint: ignore[IAM101, until=2020-01-01] why"},
        [(4, "IAM094", "+"), (8, "IAM101", "+"), (12, "IAM101", "+")],
    ),
    "no rule": (
        {4: "iamlint: ignore[IAM1, IAM101] why"},
        [(4, "IAM095", "+"), (8, "IAM101", "-"), (12, "IAM101", "+")],
    ),
    "nothing to hide": (
        {4: "iamlint: ignore[IAM103, IAM101] why"},
        [(4, "IAM092", "+"), (8, "IAM101", "-"), (12, "IAM101", "+")],
    ),
    "a rule that did not run": (
        {4: "iamlint: ignore[IAM117, IAM101] why"},
        [(8, "IAM101", "-"), (12, "IAM101", "+")],
    ),
    "what is wrong with one comment is hidden by another": (
        {1: "iamlint: file-ignore[IAM092] the comments stay", 4: "iamlint: ignore[IAM103] why"},
        [(4, "IAM092", "-"), (8, "IAM101", "+"), (12, "IAM101", "+")],
    ),
    "a comment does not excuse itself": (
        {4: "iamlint: ignore[IAM103, IAM092] why"},
        [(4, "IAM092", "+"), (4, "IAM092", "+"), (8, "IAM101", "+"), (12, "IAM101", "+")],
    ),
    "words for people": ({4: "iamlint: please read this"}, [(8, "IAM101", "+"), (12, "IAM101", "+")]),
    "behind another comment": (
        {8: "the operators # iamlint: ignore[IAM101] why"},
        [(8, "IAM101", "-"), (12, "IAM101", "+")],
    ),
}


@pytest.mark.parametrize(("comments", "expected"), CASES.values(), ids=CASES)
def test_comments(tmp_path: Path, comments: dict[int, str], expected: list[tuple[int, str, str]]) -> None:
    write(tmp_path, "policy.yaml", policy(comments))
    assert states(audited(tmp_path)) == expected


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("iamlint: ingore[IAM101] x", "did you mean `ignore`?"),
        ("iamlint: ignore", "needs the rules"),
        ("iamlint: ignore[] x", "needs the rules"),
        ("iamlint: ignore[until=2099-01-01] x", "needs the rules"),
        ("iamlint: ignore[IAM101] until=tomorrow x", "is no day"),
        ("iamlint: ignore[IAM101] until=2030-02-30 x", "is no day"),
        ("iamlint: enable[IAM101]", "no comment above disables IAM101"),
    ],
)
def test_what_cannot_be_read_is_told_and_hides_nothing(tmp_path: Path, comment: str, message: str) -> None:
    write(tmp_path, "policy.yaml", policy({4: comment}))
    outcome = audited(tmp_path)
    (diagnostic,) = outcome.diagnostics
    assert (diagnostic.code, diagnostic.line, diagnostic.fatal) == ("unread-suppression", 4, False)
    assert message in diagnostic.message
    assert states(outcome) == [(8, "IAM101", "+"), (12, "IAM101", "+")]


def test_a_file_ignore_far_down_is_told(tmp_path: Path) -> None:
    write(tmp_path, "policy.yaml", policy({}) + "\n" * 20 + "# iamlint: file-ignore[IAM101] why\n")
    assert "first 20 lines" in audited(tmp_path).diagnostics[0].message


TEMPLATE = """\
Resources:
  First:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: |
        # iamlint: ignore[IAM101] no comment, as it stands in a text
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
  Second:  # iamlint: ignore[IAM101] the first line of a resource speaks for it
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
  Third:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      # iamlint: ignore[IAM101] above the key of a text
      PolicyDocument: |
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
  # iamlint: ignore[IAM101] above a resource
  Fourth:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
  Fifth:
    Type: AWS::IAM::ManagedPolicy
    Metadata: {iamlint: {ignore: [{id: IAM101, reason: metadata, until: 2099-01-01, match: "*"}]}}
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
"""


def test_blocks_of_a_template(tmp_path: Path) -> None:
    broken = TEMPLATE.replace("        # iamlint: ignore[IAM101] no comment, as it stands in a text\n", "")
    write(tmp_path, "t.yaml", broken)
    found = {one.policy.owner: one.state for one in audited(tmp_path).findings if one.rule_id == "IAM101"}
    names = ("First", "Second", "Third", "Fourth", "Fifth")
    assert found == {f"Resources.{name}": "active" if name == "First" else "suppressed" for name in names}
    assert [one.rule_id for one in audited(tmp_path).findings if one.rule_id in TOLD] == []


def test_a_text_holds_no_comments(tmp_path: Path) -> None:
    write(tmp_path, "t.yaml", TEMPLATE)
    assert [one.rule_id for one in audited(tmp_path).findings if one.rule_id in TOLD] == []


def template(entries: object, *, whole: object = None) -> object:
    statement = {"Effect": "Allow", "Action": ["sqs:*", "sns:*"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    resource = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    first = {**resource, "Metadata": {"iamlint": {"ignore": entries}}}
    more = {} if whole is None else {"Metadata": {"iamlint": {"ignore": whole}}}
    return {**more, "Resources": {"First": first, "Second": resource}}


@pytest.mark.parametrize(
    ("content", "owners"),
    [
        (template([{"id": "IAM103", "reason": "x"}]), {"Resources.First"}),
        (template({"rule": "service-action-wildcard", "reason": "x"}), {"Resources.First"}),
        (template([], whole=[{"id": "IAM103", "reason": "x"}]), {"Resources.First", "Resources.Second"}),
        (template([{"id": "IAM103", "reason": "x", "until": "2020-01-01"}]), set()),
        (template([{"id": "IAM103", "reason": "x", "match": "kms:*"}]), set()),
        (template([{"reason": "x"}]), set()),
        (template("IAM103"), set()),
        (template([{"id": "IAM103", "raeson": "x"}]), set()),
        (template([{"id": ["IAM103"]}]), set()),
    ],
)
def test_metadata(tmp_path: Path, content: object, owners: set[str]) -> None:
    write(tmp_path, "t.json", content)
    found = audited(tmp_path, select=("IAM103",)).findings
    assert {one.policy.owner for one in found} == {"Resources.First", "Resources.Second"}
    assert {one.policy.owner for one in found if one.state == "suppressed"} == owners


@pytest.mark.parametrize(("match", "state"), [("sns:*", "active"), ("sns:*, SQS:*", "suppressed")])
def test_a_value_beside_those_that_are_meant_is_told(tmp_path: Path, match: str, state: str) -> None:
    write(tmp_path, "t.json", template([{"id": "IAM103", "reason": "x", "match": match}]))
    found = {one.policy.owner: one for one in audited(tmp_path, select=("IAM103",)).findings}
    assert found["Resources.First"].evidence == ("sns:*", "sqs:*")
    assert found["Resources.First"].state == state
    tables = (replace(TABLE, match=match),)
    assert {one.state for one in audited(tmp_path, select=("IAM103",), suppressions=tables).findings} == (
        {"suppressed"} if state == "suppressed" else {"active"}
    )


def test_terraform_blocks_in_json(tmp_path: Path) -> None:
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    )
    block = {"name": "p", "policy": text}
    resources = {
        "a": {"//": "iamlint: ignore[IAM101] why", **block},
        "b": {"//": ["ours", "iamlint: ignore[IAM101, IAM103] why"], **block},
        "c": {"//": "iamlint: disable[IAM101] why", **block},
    }
    write(tmp_path, "main.tf.json", {"resource": {"aws_iam_policy": resources}})
    outcome = audited(tmp_path)
    found = {one.policy.owner: one.state for one in outcome.findings if one.rule_id == "IAM101"}
    assert found == {
        "aws_iam_policy.a": "suppressed",
        "aws_iam_policy.b": "suppressed",
        "aws_iam_policy.c": "active",
    }
    assert [one.evidence for one in outcome.findings if one.rule_id == "IAM092"] == [("IAM103",)]
    assert [one.code for one in outcome.diagnostics] == ["unread-suppression"]


TABLE = Suppression("IAM103", "*.json", "why", None, None, None, None, None, None, "iamlint.toml:3")


@pytest.mark.parametrize(
    ("keys", "hidden"),
    [
        ({"sid": "A"}, ["A"]),
        ({"sid": "a"}, []),
        ({"pointer": "/Statement/1"}, ["B"]),
        ({"pointer": "/Statement/1/Action"}, ["B"]),
        ({"pointer": "/Statement"}, ["A", "B"]),
        ({"pointer": "/Stat"}, []),
        ({"owner": "$"}, ["A", "B"]),
        ({"owner": "Resources.*"}, []),
        ({"match": "SNS:*"}, ["B"]),
        ({"match": "*:*", "sid": "B"}, ["B"]),
        ({"owner": "$", "path": "q.json"}, []),
        ({"owner": "$", "path": "p.json", "rule": "service-action-wildcard"}, ["A", "B"]),
        ({"owner": "$", "until": "2020-01-01"}, []),
    ],
    ids=str,
)
def test_tables(tmp_path: Path, keys: dict[str, str], hidden: list[str]) -> None:
    statements = [
        {"Sid": "A", "Effect": "Allow", "Action": "sqs:*", "Resource": "*"},
        {"Sid": "B", "Effect": "Allow", "Action": "sns:*", "Resource": "*"},
    ]
    write(tmp_path, "p.json", {"Version": "2012-10-17", "Statement": statements})
    outcome = audited(tmp_path, suppressions=(replace(TABLE, **keys),))
    found = [one for one in outcome.findings if one.rule_id == "IAM103"]
    assert [one.sid for one in found if one.state == "suppressed"] == hidden
    assert len(found) == 2
    told = [
        (one.rule_id, one.primary.path, one.primary.start_line)
        for one in outcome.findings
        if one.rule_id in TOLD
    ]
    wrong = "IAM094" if "until" in keys else "IAM092"
    assert told == ([] if hidden else [(wrong, "iamlint.toml", 3)])


def test_a_fingerprint_hides_one_of_two_that_are_equal(tmp_path: Path) -> None:
    statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    write(tmp_path, "p.json", {"Version": "2012-10-17", "Statement": [statement, statement]})
    prints = [one.fingerprint for one in audited(tmp_path, select=("IAM103",)).findings]
    for number, value in enumerate(prints):
        outcome = audited(tmp_path, select=("IAM103",), suppressions=(replace(TABLE, fingerprint=value),))
        assert [one.fingerprint for one in outcome.findings] == prints
        assert [one.state == "suppressed" for one in outcome.findings] == [number == 0, number == 1]


def test_a_table_for_no_rule_is_an_error_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "p.json", {"Version": "2012-10-17", "Statement": []})
    with pytest.raises(ConfigError) as caught:
        audited(tmp_path, suppressions=(replace(TABLE, rule="service-action-wildcrad", owner="$"),))
    assert str(caught.value) == (
        "iamlint.toml:3: no rule has the id or name 'service-action-wildcrad'; did you mean 'service-action-wildcard'"
    )


@pytest.mark.parametrize(
    ("paths", "path", "told"),
    [
        ((".",), "*.json", True),
        ((".",), "gone/x.json", True),
        (("p/a.json",), "p/a.json", True),
        (("p/a.json",), "p/b.json", False),
        (("p/a.json",), "p/*.json", False),
        (("p",), "*.json", False),
    ],
)
def test_a_table_is_unused_only_if_its_files_were_read(
    tmp_path: Path, paths: tuple[str, ...], path: str, told: bool
) -> None:
    (tmp_path / ".git").mkdir()
    for name in ("p/a.json", "p/b.json"):
        write(tmp_path, name, {"Version": "2012-10-17", "Statement": []})
    outcome = audited(tmp_path, *paths, suppressions=(replace(TABLE, path=path, owner="$"),))
    assert [one.rule_id for one in outcome.findings if one.rule_id in TOLD] == (["IAM092"] if told else [])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ["IAM092"]),
        ({"profile": Profile.AUDIT}, ["IAM092"]),
        ({"select": ("IAM101",)}, []),
        ({"select": ("IAM103", "IAM092")}, ["IAM092"]),
        ({"select": ("IAM101", "IAM092")}, []),
        ({"ignore": ("IAM103",)}, []),
        ({"ignore": ("IAM092",)}, []),
        ({"per_file_ignores": (("*.yaml", ("IAM103",)),)}, []),
        ({"per_file_ignores": (("*.yaml", ("IAM092",)),)}, []),
        ({"suppress": False}, []),
    ],
    ids=str,
)
def test_unused_is_told_of_rules_that_ran(tmp_path: Path, more: dict[str, object], told: list[str]) -> None:
    write(tmp_path, "policy.yaml", policy({4: "iamlint: ignore[IAM103] why"}))
    assert [one.rule_id for one in audited(tmp_path, **more).findings if one.rule_id in TOLD] == told


ROLE = """\
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}
      Policies:
        - PolicyName: pass
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: iam:PassRole  # iamlint: ignore[principal-escalation] deploys functions
                Resource: "*"
        - PolicyName: run
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: ["lambda:CreateFunction", "lambda:InvokeFunction"], Resource: "*"}
"""


def test_findings_about_principals_are_hidden_too(tmp_path: Path) -> None:
    write(tmp_path, "t.yaml", ROLE)
    outcome = audited(tmp_path)
    (found,) = [one for one in outcome.findings if one.rule_id == "IAM281"]
    assert found.state == "suppressed"
    assert found.suppressed is not None
    assert (found.suppressed.kind, found.suppressed.reason, found.suppressed.line) == (
        "inSource",
        "deploys functions",
        12,
    )
    # What it covers is told, though it is not shown.
    assert [one.rule_id for one in outcome.findings if one.rule_id in {"IAM211", *TOLD}] == []


def test_any_number_of_workers_gives_the_same(tmp_path: Path) -> None:
    for number, comments in enumerate(comments for comments, _ in CASES.values()):
        write(tmp_path, f"p{number:02}.yaml", policy(comments))
    write(tmp_path, "t.yaml", ROLE)
    tables = (replace(TABLE, owner="$"),)
    one, three = (
        run(AuditSettings((".",), str(tmp_path), jobs=jobs, suppressions=tables)) for jobs in (1, 3)
    )
    assert one.findings == three.findings
    assert one.diagnostics == three.diagnostics
    assert any(found.state == "suppressed" for found in one.findings)


def test_a_file_that_a_module_reads_speaks_for_itself(tmp_path: Path) -> None:
    write(
        tmp_path,
        "m/main.tf.json",
        {
            "resource": {
                "aws_iam_policy": {
                    "p": {"name": "p", "policy": '${jsonencode(yamldecode(file("${path.module}/p.yaml")))}'},
                    "q": {"name": "q", "policy": '${file("${path.module}/q.json")}'},
                }
            }
        },
    )
    write(
        tmp_path,
        "m/q.json",
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
    )
    table = replace(TABLE, rule="IAM101", path="m/q.json", owner="aws_iam_policy.*")
    outcome = audited(tmp_path, suppressions=(table,))
    assert [one.state for one in outcome.findings if one.primary.path == "m/q.json"] == ["suppressed"]


def test_a_suppressed_finding_is_not_mended(tmp_path: Path) -> None:
    text = policy({}).replace('Action: "*"', "Action: [s3:GetObject, s3:GetObject]")
    write(tmp_path, "p.yaml", text)
    settings = AuditSettings((".",), str(tmp_path), profile=Profile.AUDIT)
    (fixed,) = find_fixes(settings).files
    rule = next(iter(fixed.fixes))
    write(tmp_path, "p.yaml", f"# iamlint: file-ignore[{rule}] why\n{text}")
    assert rule not in {name for file in find_fixes(settings).files for name in file.fixes}
    assert rule in {
        name for file in find_fixes(replace(settings, suppress=False)).files for name in file.fixes
    }


def test_the_library_gives_them_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "p.yaml", policy({4: "iamlint: ignore[IAM101] why"}))
    monkeypatch.chdir(tmp_path)
    result = audit("p.yaml", select=["IAM101"])
    assert [one.primary.start_line for one in result.findings] == [12]
    assert [one.primary.start_line for one in result.suppressed] == [8]


def test_the_day_can_be_fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "p.yaml", policy({4: "iamlint: ignore[IAM101] until=2030-06-01 why"}))
    for seconds, state in (("1906502400", "-"), ("1906588800", "+")):  # 1 and 2 June 2030
        monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
        assert (8, "IAM101", state) in states(audited(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "Statement: x\n" + "# iamlint: ignore[IAM101] x\n" * 3000,
        "Statement: x\n#" + "iamlint:" * 200_000,
        "Statement: x\n# iamlint: ignore[" + "IAM101," * 50_000,
        "Statement: x\n# iamlint: ignore[" + "until=1 " * 50_000 + "] x",
        "Statement: &a [iamlint]\nOther: *a\n# iamlint: ignore[IAM101: " + "*a" * 1000 + "] x",
        "\ufeff# iamlint: ignore[IAM101\x1b[31m] \u202e\nStatement: x\n",
    ],
    ids=range(6),
)
def test_hostile_files_cost_little(tmp_path: Path, text: str) -> None:
    write(tmp_path, "p.yaml", text)
    audited(tmp_path)


def test_wide_characters_and_line_ends(tmp_path: Path) -> None:
    text = policy({4: "d\u00e9j\u00e0 \U0001f600", 8: "iamlint: ignore[IAM101] \u00e9t\u00e9"})
    for encoding, end in (("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("utf-16", "\n"), ("utf-8", "\r")):
        (tmp_path / "p.yaml").write_bytes(text.replace("\n", end).encode(encoding))
        assert states(audited(tmp_path), "IAM101") == [(8, "IAM101", "-"), (12, "IAM101", "+")], (
            encoding,
            end,
        )


HCL = """\
# iamlint: ignore[IAM101] the break-glass policy
resource "aws_iam_policy" "above" {
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}
resource "aws_iam_policy" "head" { // iamlint: ignore[full-admin-statement] reviewed
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}
resource "aws_iam_policy" "item" {
  policy = jsonencode({
    Statement = [
      /* iamlint: ignore[IAM101] only this one */
      { Effect = "Allow", Action = "*", Resource = "*" },
      { Effect = "Allow", Action = "*", Resource = "*" },
    ]
  })
}
resource "aws_iam_policy" "text" {
  policy = "{\\"Statement\\": [{\\"Sid\\": \\"# iamlint: ignore[IAM101] text\\", \\"Effect\\": \\"Allow\\", \\"Action\\": \\"*\\", \\"Resource\\": \\"*\\"}]}"
}
"""


def test_comments_of_terraforms_native_syntax(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(HCL)
    outcome = run(AuditSettings(paths=("main.tf",), cwd=str(tmp_path), select=("IAM101", "IAM092")))
    shown = {(one.primary.start_line, one.rule_id, one.state) for one in outcome.findings}
    assert shown == {
        (3, "IAM101", "suppressed"),
        (6, "IAM101", "suppressed"),
        (12, "IAM101", "suppressed"),
        (13, "IAM101", "active"),
        (18, "IAM101", "active"),
    }
