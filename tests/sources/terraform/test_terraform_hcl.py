"""Terraform's native syntax: what is read, where it stands, and what hostile files come to."""

from __future__ import annotations

from pathlib import Path

import pytest
from terraform_cases import owners, policy_of, shown

from iamlint.auditing.pipeline import run
from iamlint.auditing.settings import AuditSettings
from iamlint.model import Extraction
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.terraform import extract_module

ADMIN = 'jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })'


def native(**files: str) -> Extraction:
    """Read files of one directory, each by its name without the suffix."""
    sources = [SourceFile(f"{name}.tf", text.encode()) for name, text in files.items()]
    return extract_module(sources, SourceOptions(read=lambda _: None))


def policy(expression: str) -> str:
    return f'resource "aws_iam_policy" "p" {{\n  policy = {expression}\n}}\n'


EXPRESSIONS = {
    "an object": (ADMIN, ["*"]),
    "a heredoc": (
        '<<EOF\n{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}\nEOF',
        ["s3:*"],
    ),
    "an indented heredoc": (
        '<<-EOF\n    {"Statement": [{"Effect": "Allow", "Action": "${local.a}", "Resource": "*"}]}\n    EOF',
        ["iam:*"],
    ),
    "a string": (
        r'"{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}"',
        ["s3:*"],
    ),
    "a variable's default": ("var.text", ["sqs:*"]),
    "a conditional": (f"true ? {ADMIN} : null", ["*"]),
    "a document": ("data.aws_iam_policy_document.d.json", ["ec2:*", "iam:*"]),
}
BESIDE = """\
locals {
  a = "iam:*" // a comment
}
variable "text" {
  default = "{\\"Statement\\": [{\\"Effect\\": \\"Allow\\", \\"Action\\": \\"sqs:*\\", \\"Resource\\": \\"*\\"}]}"
}
data "aws_iam_policy_document" "d" {
  /* one
     block */
  statement {
    actions   = ["ec2:*", local.a] # both
    resources = ["*"]
  }
}
"""


@pytest.mark.parametrize("case", EXPRESSIONS)
def test_what_an_argument_may_be(case: str) -> None:
    expression, actions = EXPRESSIONS[case]
    found = native(main=policy(expression), beside=BESIDE)
    document = [one for one in found.policies if one.owner.address != "data.aws_iam_policy_document.d"]
    if case == "a document":
        document = [policy_of(found, "data.aws_iam_policy_document.d")]
    [one] = document
    statements = shown(one)
    assert statements is not None
    assert statements[0]["Action"] == actions
    assert found.diagnostics == ()


def test_files_of_both_syntaxes_are_one_module() -> None:
    files = [
        SourceFile(
            "a.tf",
            policy(
                'jsonencode({ Statement = [{ Effect = "Allow", Action = local.a, Resource = "*" }] })'
            ).encode(),
        ),
        SourceFile("b.tf.json", b'{"locals": {"a": "kms:*"}}'),
        SourceFile("override.tf", policy(ADMIN.replace('"*"', '"sns:*"', 1)).encode()),
    ]
    found = extract_module(files, SourceOptions(read=lambda _: None))
    assert owners(found) == {"aws_iam_policy.p": "identity"}
    statements = shown(policy_of(found, "aws_iam_policy.p"))
    assert statements is not None
    assert statements[0]["Action"] == ["sns:*"]


PLACES = """\
data "aws_iam_policy_document" "d" {
  statement {
    actions = [
      "s3:GetObject",
      "*",
    ]
    resources = ["*"]
  }
}
resource "aws_iam_policy" "p" {
  policy = jsonencode({
    Statement = [{
      Effect   = "Allow"
      Action   = "*"
      Resource = "*"
    }]
  })
}
resource "aws_iam_policy" "h" {
  policy = <<-EOT
    {"Statement": [{
      "Effect": "Allow", "Action": "*", "Resource": "*"
    }]}
  EOT
}
"""


def test_places_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(PLACES)
    outcome = run(AuditSettings(paths=("main.tf",), cwd=str(tmp_path), select=("IAM101",)))
    lines = PLACES.splitlines()
    found = {}
    for one in outcome.findings:
        span = one.primary
        found[one.policy.owner] = (
            span.start_line,
            lines[span.start_line - 1][span.start_column - 1 : span.end_column - 1],
        )
    assert found == {
        "data.aws_iam_policy_document.d": (5, '"*"'),
        "aws_iam_policy.p": (14, '"*"'),
        "aws_iam_policy.h": (22, '"*"'),
    }


HOSTILE = {
    "lists in lists": policy("[" * 10_000 + "]" * 10_000),
    "blocks in blocks": 'resource "aws_iam_policy" "p" {\n' + "a {\n" * 10_000 + "}\n" * 10_001,
    "brackets": policy("(" * 20_000 + "1" + ")" * 20_000),
    "templates in templates": policy('"' + '${"' * 5_000 + '"}' * 5_000 + '"'),
    "an open string": policy('"abc') + policy(ADMIN),
    "an open heredoc": policy('<<EOF\n{"Statement"'),
    "a circle": "locals {\n  a = local.b\n  b = local.a\n}\n" + policy("local.a"),
    "a module that calls itself": 'module "a" {\n  source = "./"\n}\n' + policy('"{}"'),
    "a module out of the root": 'module "a" {\n  source = "../../etc"\n}\n' + policy('"{}"'),
    "many of one name": policy('"{}"') * 3_000,
    "a NUL": policy('"a\0b"'),
    "nothing but words": "resource data aws_iam_policy { } } = [",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_end_in_words(tmp_path: Path, case: str) -> None:
    (tmp_path / "main.tf").write_text(HOSTILE[case])
    outcome = run(AuditSettings(paths=("main.tf",), cwd=str(tmp_path)))
    assert not [one for one in outcome.diagnostics if one.code in {"internal-error", "rule-failed"}]
    assert outcome.findings or outcome.diagnostics


def test_what_parses_of_a_broken_file_is_judged(tmp_path: Path) -> None:
    text = policy('"abc').replace('"p"', '"broken"') + policy(ADMIN)
    (tmp_path / "main.tf").write_text(text)
    outcome = run(AuditSettings(paths=("main.tf",), cwd=str(tmp_path), select=("IAM001", "IAM101")))
    assert {(one.rule_id, one.policy.owner) for one in outcome.findings} >= {("IAM101", "aws_iam_policy.p")}
    assert "syntax-error" in {one.code for one in outcome.diagnostics}


def test_advice_is_written_as_blocks(tmp_path: Path) -> None:
    text = """\
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["*"]
  }
}
"""
    (tmp_path / "main.tf").write_text(text)
    outcome = run(AuditSettings(paths=("main.tf",), cwd=str(tmp_path), select=("IAM214",)))
    [finding] = outcome.findings
    assert 'statement {\n  effect    = "Allow"\n' in finding.advice[0].text
    assert '  condition {\n    test     = "StringEquals"\n' in finding.advice[0].text
