"""What stands in a file that the user named and no rule has seen never ends with a pass."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import iamlint
from iamlint.auditing.pipeline import run
from iamlint.auditing.settings import AuditSettings

GOOD = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:111122223333:q"}
    ],
}
CUT = json.dumps(GOOD)[:-2]
DEEP = '{"Statement": ' + "[" * 300 + "]" * 300 + ', "Effect": 0}'


def template(properties: object, kind: str = "AWS::IAM::ManagedPolicy", **more: object) -> str:
    return json.dumps({**more, "Resources": {"R": {"Type": kind, "Properties": properties}}})


def terraform(policy: object, **more: object) -> str:
    resource = {"aws_iam_policy": {"p": {"name": "p", "policy": policy}}}
    return json.dumps({"resource": resource, **more})


def nested(levels: int) -> object:
    tree: object = GOOD
    for _ in range(levels):
        tree = {"x": tree}
    return tree


# Name of the file, content, diagnostic code, and whether the run must not end with a pass.
CASES = [
    # Nothing that grants access stands here, or it is decided elsewhere.
    ("a.yaml", "", "empty", False),
    ("a.json", '{"Type": "AWS::S3::Bucket"}', "no-policy", False),
    (
        "a.json",
        '{"Statement": [{"Effect": "Deny", "Action": "Update:*", "Resource": "*"}]}',
        "no-policy",
        False,
    ),
    ("a.json", template({"PolicyDocument": {"Ref": "P"}}), "unread-document", False),
    (
        "a.json",
        template({"TemplateBody": {"Ref": "P"}}, "AWS::CloudFormation::StackSet"),
        "unread-document",
        False,
    ),
    ("a.json", json.dumps({"PolicyDocument": "file://p.json"}), "unread-document", False),
    ("a.json", json.dumps({"PolicyDocument": "${policy}"}), "unread-document", False),
    ("a.tf.json", terraform("${var.p}", variable={"p": {}}), "unread-document", False),
    ("a.tf.json", terraform('${file("missing.json")}'), "file-not-read", False),
    (
        "a.json",
        json.dumps({"Resources": {"Fn::Transform": {}, "R": {"Type": "AWS::IAM::User"}}}),
        "unresolved",
        False,
    ),
    # It is judged, though told.
    ("a.json", '{"Version": "1", "Version": "2012-10-17",' + json.dumps(GOOD)[26:], "repeated-key", False),
    # It stands here, and nobody has looked at it.
    ("a.json", '{"version": "2012-10-17", "statement": [{"effect": "Allow"}]}', "no-policy", True),
    ("a.json", '{"Statement": [{"effect": "Allow", "action": "*"}]}', "no-policy", True),
    ("a.json", json.dumps({"PolicyDocument": CUT}), "unread-document", True),
    ("a.json", json.dumps({"PolicyVersion": {"Document": CUT[:20]}}), "unread-document", True),
    ("a.json", json.dumps({"AssumeRolePolicyDocument": "no JSON"}), "unread-document", True),
    ("a.json", json.dumps({"PolicyDocument": '"text"'}), "unread-document", True),
    ("a.json", json.dumps(nested(70)), "unread-document", True),
    (
        "a.json",
        json.dumps({"resources": json.loads(template({"PolicyDocument": GOOD}))}),
        "unread-document",
        True,
    ),
    ("a.json", template({"PolicyDocument": CUT}), "unread-document", True),
    ("a.json", template({"PolicyDocument": "no JSON"}), "unread-document", True),
    ("a.json", template({"TemplateBody": "a: ["}, "AWS::CloudFormation::StackSet"), "unread-document", True),
    ("a.json", template({"Policies": [[1]]}, "AWS::Serverless::Function"), "unread-document", True),
    (
        "a.json",
        template({"Policies": [{"NoSuch": {}}]}, "AWS::Serverless::Function"),
        "unknown-policy-template",
        True,
    ),
    ("a.json", template([GOOD]), "wrong-type", True),
    ("a.json", '{"Resources": {"R": [], "S": {"Type": "AWS::IAM::User"}}}', "wrong-type", True),
    ("a.json", '{"Resources": {"Fn::ForEach::X": [], "S": {"Type": "AWS::IAM::User"}}}', "unresolved", True),
    ("a.tf.json", terraform(CUT), "unread-document", True),
    ("a.tf.json", terraform("${jsonencode("), "unreadable-expression", True),
    ("a.tf.json", '{"resource": ["aws_iam_policy"]}', "wrong-type", True),
    # It is a finding, unless its rule is not asked.
    ("a.json", CUT, "syntax-error", True),
    ("a.json", "", "syntax-error", True),
    ("a.yaml", "Resources: {R: [", "syntax-error", True),
    ("a.yaml", "Resources: {{ all }}\n  x: [", "unrendered-template", True),
    ("a.tf.json", "{", "syntax-error", True),
    ("a.json", b'{"Statement": "\xff"}', "not-text", True),
    ("a.tf.json", b'{"resource": "\xff"}', "not-text", True),
    ("a.json", DEEP, "too-large", True),
    ("a.tf.json", DEEP, "too-large", True),
    ("a.yaml", "Resources: " + "[" * 500, "too-large", True),
    ("a.py", "policy = {'Statement': 1}", "no-policy", False),
    ("a.py", "", "empty", False),
    ("a.py", "print 'Statement'", "syntax-error", True),
    ("a.py", "x = " + "-" * 5000 + "1  # Statement", "too-large", True),
    ("a.py", b"x = 'Statement \xff'", "not-text", True),
    ("a.py", f"iam.put_role_policy(PolicyDocument={CUT!r})", "unread-document", True),
    ("a.ts", "policy = {'Statement': 1}", "unsupported-format", True),
]
ELSEWHERE = {
    "ignored-policies": "they have no effect",
    "internal-error": "always fatal",
    "rule-failed": "always fatal",
    "advice-failed": "the finding is there, without lines to paste",
    "missing": "of discovery",
    "submodule": "of compare --git-base",
    "not-a-file": "of discovery",
    "outside-root": "of discovery",
    "unreadable": "of discovery",
    "unread-suppression": "what it should hide is shown",
    "too-many-statements": "each is judged; ways over several of them may be missing",
}


@pytest.mark.parametrize("selected", [(), ("IAM101",)])
@pytest.mark.parametrize(("name", "content", "code", "lost"), CASES)
def test_what_a_named_file_holds_is_judged_or_the_run_fails(
    tmp_path: Path, name: str, content: str | bytes, code: str, lost: bool, selected: tuple[str, ...]
) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    outcome = run(AuditSettings(paths=(name,), cwd=str(tmp_path), select=selected))
    assert code in {one.code for one in outcome.diagnostics}
    fatal = [one.code for one in outcome.diagnostics if one.fatal]
    assert bool(fatal or outcome.findings) == lost
    if lost and selected:
        assert code in fatal
    walked = run(AuditSettings(paths=(".",), cwd=str(tmp_path), select=selected))
    assert not any(one.fatal for one in walked.diagnostics)


def test_every_code_has_been_decided() -> None:
    root = Path(iamlint.__file__).parent
    pattern = re.compile(r"(?:Diagnostic|note|note_span|_note|_report)\([^\"]{0,80}\"([a-z]+(?:-[a-z]+)*)\"")
    found = {
        match[1]
        for path in root.rglob("*.py")
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    }
    found.discard("enable")  # a word of comments
    assert found == {code for _, _, code, _ in CASES} | set(ELSEWHERE)


@pytest.mark.parametrize(("name", "content"), [("a.json", DEEP), ("a.yaml", "Resources: " + "[" * 500)])
def test_a_file_over_a_limit_is_not_called_malformed(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    (finding,) = run(AuditSettings(paths=(name,), cwd=str(tmp_path))).findings
    assert finding.rule_id == "IAM001"
    assert re.fullmatch(
        r"This file holds a policy but cannot be read: nested more than \d+ levels deep.", finding.message
    )


@pytest.mark.parametrize(
    "content", ['{"Statement": {}}', '{"Statement": [{}]}', '{"PolicyDocument": {"Version": "2012-10-17"}}']
)
def test_a_policy_that_says_nothing_is_a_finding(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert run(AuditSettings(paths=("a.json",), cwd=str(tmp_path))).findings
