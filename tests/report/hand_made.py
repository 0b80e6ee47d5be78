"""A report made by hand: files with awkward text, and findings on them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from iamlint.model import Advice, Confidence, Diagnostic, Finding, PolicyReference, Related, Severity, Span
from iamlint.record import replace
from iamlint.report.formats import load
from iamlint.report.report import Content, Counts, Display, Report, ReportRule, Tool

TERRAFORM = """\
data "aws_iam_policy_document" "deploy" {
  statement {
    sid       = "Deploy"
    actions   = ["s3:*"]
    resources = ["*"]
  }
}
"""

TABS = (
    '{\n\t"Statement": [{\n\t\t"Effect":\t"Allow", "Action": "iam:PassRole",\n\t\t"Resource": "*"\n\t}]\n}\n'
)

WIDE = '{"Statement": [{"Sid": "e\u0301t\u00e9\u8a2d\u5b9a", "Effect": "Allow", "Action": "*", "Resource": "*"}]}\n'

MINIFIED = (
    '{"Statement":['
    + ",".join(
        f'{{"Sid":"S{number}","Effect":"Allow","Action":["ec2:Describe*","iam:*"],"Resource":"arn:aws:s3:::b{number}"}}'
        for number in range(20)
    )
    + "]}"
)

FILES: Mapping[str, str] = {
    "roles/deploy.tf": TERRAFORM,
    "roles/attach.tf": 'resource "aws_iam_role_policy" "x" {\n  policy = data.aws_iam_policy_document.deploy.json\n}\n',
    "policies/tabs.json": TABS,
    "policies/wide.json": WIDE,
    "policies/min.json": MINIFIED,
}


def span(path: str, text: str, at: int, end: int) -> Span:
    """Return the span of characters `at` up to `end` of `text`, counted the slow and plain way."""

    def position(offset: int) -> tuple[int, int]:
        before = text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    start_line, start_column = position(at)
    end_line, end_column = position(end)
    return Span(
        path,
        start_line,
        start_column,
        end_line,
        end_column,
        len(text[:at].encode("utf-8", "surrogatepass")),
        len(text[at:end].encode("utf-8", "surrogatepass")),
    )


def find(path: str, what: str, occurrence: int = 0, files: Mapping[str, str] = FILES) -> Span:
    """Return the span of the given occurrence (from 0) of the text `what` in a file."""
    text = files[path]
    at = -1
    for _ in range(occurrence + 1):
        at = text.index(what, at + 1)
    return span(path, text, at, at + len(what))


def finding(  # one argument for each field that a test may care about
    primary: Span,
    message: str,
    *,
    rule: str = "IAM101",
    name: str = "service-action-wildcard",
    severity: Severity = Severity.HIGH,
    confidence: Confidence = Confidence.HIGH,
    owner: str = "$",
    owner_type: str | None = None,
    kind: str | None = "identity",
    pointer: str = "/Statement/0/Action/0",
    evidence: Sequence[str] = ("s3:*",),
    fingerprint: str = "0123456789abcdef0123456789abcdef",
    related: Sequence[Related] = (),
    notes: Sequence[str] = (),
    advice: str = "",
    given: Sequence[Advice] = (),
    state: str = "active",
) -> Finding:
    return Finding(
        rule_id=rule,
        rule_name=name,
        severity=severity,
        confidence=confidence,
        message=message,
        primary=primary,
        policy=PolicyReference(kind, owner, owner_type),
        pointer=pointer,
        evidence=tuple(evidence),
        fingerprint=fingerprint,
        aliases=("checkov:CKV_AWS_63",),
        related=tuple(related),
        properties={"covers": ("IAM150",)},
        certainty_notes=tuple(notes),
        state=state,
        help=advice,
        advice=tuple(given),
    )


def hand_made_findings() -> tuple[Finding, ...]:
    tf, attach = "roles/deploy.tf", "roles/attach.tf"
    minified = "policies/min.json"
    made = [
        finding(
            find(tf, '"s3:*"'),
            "Statement 'Deploy' allows every S3 action (s3:*).",
            owner="data.aws_iam_policy_document.deploy",
            owner_type="aws_iam_policy_document",
            related=[
                Related(find(tf, TERRAFORM[TERRAFORM.index("statement") : TERRAFORM.rindex("}\n}") + 1]), ""),
                Related(find(tf, '["*"]'), "on every bucket"),
                Related(find(attach, "data.aws_iam_policy_document.deploy.json"), "attached here"),
            ],
            notes=["var.bucket_arn (no default)"],
            advice="list the actions used",
            given=[
                Advice("s3:* allows 2 actions; write those that are used", 'Write (2): "s3:A", "s3:B"'),
                Advice("add to the statement", 'condition {\n  test = "Bool"\n}'),
            ],
        ),
        finding(
            find("policies/tabs.json", '"iam:PassRole"'),
            "Any role can be passed to any service.",
            rule="IAM210",
            name="pass-role-any",
            severity=Severity.CRITICAL,
            pointer="/Statement/0/Action",
            evidence=["iam:PassRole"],
            fingerprint="11111111111111111111111111111111",
            related=[Related(find("policies/tabs.json", '"*"'), "every role")],
        ),
        finding(
            find("policies/wide.json", '"*"'),
            "Statement 'e\u0301t\u00e9\u8a2d\u5b9a' allows every action.",
            rule="IAM102",
            name="action-star",
            severity=Severity.CRITICAL,
            pointer="/Statement/0/Action",
            evidence=["*"],
            fingerprint="22222222222222222222222222222222",
            related=[Related(find("policies/wide.json", '"e\u0301t\u00e9\u8a2d\u5b9a"'), "this statement")],
        ),
        *(
            finding(
                find(minified, what, 7),
                "Statement 'S7' allows wildcards.",
                severity=Severity.MEDIUM,
                confidence=Confidence.LOW,
                pointer=f"/Statement/7/Action/{number}",
                evidence=[what.strip('"')],
                fingerprint=f"{number + 3}" * 32,
                related=[Related(find(minified, '{"Sid":"S7"'), "in this statement")],
            )
            for number, what in enumerate(('"ec2:Describe*"', '"iam:*"'))
        ),
        finding(
            find(tf, '"Deploy"'),
            "Hidden.",
            rule="IAM300",
            name="hidden",
            severity=Severity.LOW,
            fingerprint="7" * 32,
            state="suppressed",
        ),
    ]
    return tuple(sorted(made, key=lambda item: item.order))


RULES = (
    ReportRule(
        "IAM101",
        "service-action-wildcard",
        Severity.HIGH,
        Confidence.HIGH,
        "Statement allows every action of a service",
        "Whoever holds this policy can do anything in the service.",
        "List the actions that are used.",
        "https://example.org/rules/IAM101",
        ("wildcard", "cwe-250"),
        ("checkov:CKV_AWS_63",),
    ),
    ReportRule(
        "IAM102",
        "action-star",
        Severity.CRITICAL,
        Confidence.HIGH,
        "Statement allows every action",
        "All of it.",
        "Less.",
    ),
    ReportRule(
        "IAM210",
        "pass-role-any",
        Severity.CRITICAL,
        Confidence.MEDIUM,
        "Any role can be passed",
        "A service can act as an administrator.",
        "Name the role.",
    ),
    ReportRule(
        "IAM800",
        "info-only",
        Severity.INFO,
        Confidence.HIGH,
        "Only a hint",
        "It is good to know.",
        "Nothing.",
    ),
    ReportRule(
        "ORG001",
        "house-rule",
        Severity.LOW,
        Confidence.LOW,
        "House rule",
        "House why.",
        "House fix.",
        pack="house",
    ),
)


def content_of(files: Mapping[str, str]) -> dict[str, Content]:
    return {path: Content(text) for path, text in files.items()}


def hand_made_report(
    findings: Sequence[Finding] | None = None,
    *,
    files: Mapping[str, str] = FILES,
    display: Display | None = None,
    diagnostics: Sequence[Diagnostic] | None = None,
) -> Report:
    return Report(
        findings=hand_made_findings() if findings is None else tuple(findings),
        diagnostics=(
            Diagnostic("broken.json", "json-syntax", "Expecting value", 3, 5),
            Diagnostic("huge.yaml", "too-large", "the file has 120 MB, more than 50 MB are not read"),
        )
        if diagnostics is None
        else tuple(diagnostics),
        counts=Counts(files=7, files_with_policies=5, policies=5, statements=24, unresolved=1, suppressed=1),
        tool=Tool("1.2.3", "2026-09-26"),
        root="the repository",
        content=content_of(files).get,
        rules=lambda: RULES,
        help_uri=lambda rule_id: f"https://example.org/rules/{rule_id}",
        display=display or Display(),
        exit_code=1,
    )


EMPTY = replace(hand_made_report([], diagnostics=[]), counts=Counts(files=3))
CLEAN = hand_made_report([], diagnostics=[])


def written(format_name: str, report: Report) -> str:
    """Return what the writer of the format writes for `report`."""
    stream = io.StringIO()
    load(format_name)(report, stream)
    return stream.getvalue()
