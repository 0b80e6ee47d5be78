"""One fault, one finding: what is reported for whole policies by the rules about wildcards and actions."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamlint.engine.judge import Judge
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.engine.subject import Settings
from iamlint.model import Extraction, Finding, Owner, PolicyKind
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text

FAMILIES = {"wildcards", "not-elements", "actions"}


@cache
def judge(profile: Profile) -> Judge:
    rules = [
        rule for rule in load_rules().rules if rule.tags[0] in FAMILIES and rule.profile.rank <= profile.rank
    ]
    return Judge(rules, Settings(), profile)


def findings(*statements: dict[str, object], profile: Profile = Profile.DEFAULT) -> list[Finding]:
    tree = {"Version": "2012-10-17", "Statement": list(statements)}
    document = JsonDocument(Text("policy.json", json.dumps(tree)), tree, "policy-json")
    policy = PolicyBuilder(document).policy(tree, (), owner=Owner("$", None, ()), kind=PolicyKind.IDENTITY)
    found = [item for item in judge(profile).judge(Extraction((policy,))) if isinstance(item, Finding)]
    return sorted(found, key=lambda finding: (finding.pointer, finding.rule_id))


def names(*statements: dict[str, object]) -> list[str]:
    return [finding.rule_name for finding in findings(*statements)]


def allow(action: str | list[str], resource: str | list[str] = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


ROLE = "arn:aws:iam::123456789012:role/app"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow("*")], ["full-admin-statement"]),
        ([allow(["*", "s3:GetObject", "iam:PassRole"])], ["full-admin-statement"]),
        ([allow("*", "arn:aws:s3:::b")], ["action-star"]),
        ([allow("iam:*")], ["service-wildcard-iam"]),
        ([allow("s3:*")], ["service-wildcard-s3"]),
        ([allow("s3:*", ["arn:aws:s3:::*", "arn:aws:s3:::*/*"])], ["service-wildcard-s3"]),
        ([allow("kms:*")], ["service-wildcard-kms"]),
        ([allow("ec2:*")], ["service-action-wildcard-sensitive"]),
        ([allow("dynamodb:*")], ["service-action-wildcard"]),
        ([allow("aws-marketplace:*")], ["marketplace-subscribe-wildcard"]),
        ([allow("cloudwatch:*")], []),
        ([allow("s3:*", ["arn:aws:s3:::b", "arn:aws:s3:::b/*"])], ["service-action-wildcard-scoped"]),
        ([allow("iam:PassRole")], ["passrole-wildcard-resource"]),
        (
            [allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])],
            ["privesc-passrole-compute", "resource-star-restrictable"],
        ),
        ([allow("iam:CreateAccessKey")], ["privesc-credentials-of-others"]),
        ([allow(["iam:CreateAccessKey", "iam:AttachUserPolicy"])], ["privilege-escalation"]),
        ([allow("iam:Create*")], ["privilege-escalation"]),
        ([allow("secretsmanager:GetSecretValue")], ["secret-read-unconstrained"]),
        (
            [allow(["secretsmanager:GetSecretValue", "sqs:SendMessage"])],
            ["secret-read-unconstrained", "resource-star-restrictable"],
        ),
        ([allow("s3:GetObject", "arn:aws:s3:::*")], ["data-exfiltration"]),
        ([allow("s3:Put*")], ["write-verb-wildcard-sensitive"]),
        ([allow("kms:PutKeyPolicy")], ["resource-policy-write-privesc"]),
        ([allow("ec2:ModifySnapshotAttribute")], ["ram-or-snapshot-sharing"]),
        ([allow("account:CloseAccount")], ["root-only-action"]),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], ["allow-notaction"]),
        ([{"Effect": "Allow", "NotAction": "s3:*", "NotResource": ROLE}], ["combined-notaction-notresource"]),
    ],
    ids=lambda case: json.dumps(case)[:70],
)
def test_one_fault_is_one_finding(statements: list[dict[str, object]], expected: list[str]) -> None:
    assert names(*statements) == expected


def test_faults_of_other_items_in_the_statement_stay() -> None:
    found = findings(
        allow(["iam:*", "s3:*", "ec2:*", "dynamodb:*", "secretsmanager:GetSecretValue", "sqs:SendMessage"])
    )
    assert [(f.rule_name, f.pointer) for f in found] == [
        ("service-wildcard-iam", "/Statement/0/Action/0"),
        ("service-wildcard-s3", "/Statement/0/Action/1"),
        ("service-action-wildcard-sensitive", "/Statement/0/Action/2"),
        ("service-action-wildcard", "/Statement/0/Action/3"),
        ("secret-read-unconstrained", "/Statement/0/Action/4"),
        ("resource-star-restrictable", "/Statement/0/Action/5"),
    ]
    assert found[5].evidence == ("sqs:SendMessage",)


def test_a_finding_lists_what_it_covers_with_its_aliases() -> None:
    (found,) = findings(allow("s3:*"))
    assert {"data-exfiltration", "resource-policy-write-privesc", "resource-star-restrictable"} <= set(
        _covers(found)
    )
    assert {"trivy:AWS-0345", "checkov:CKV_AWS_288", "parliament:RESOURCE_STAR"} <= set(found.aliases)


def test_the_audit_profile_covers_nothing() -> None:
    found = {finding.rule_name for finding in findings(allow("iam:*"), profile=Profile.AUDIT)}
    assert {
        "service-wildcard-iam",
        "passrole-wildcard-resource",
        "privilege-escalation",
        "privesc-trust-rewrite",
        "resource-star-restrictable",
        "root-only-action",
    } <= found


@pytest.mark.parametrize(
    "policy",
    [
        [allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:*:*:*")],
        [
            allow(
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments"]
            )
        ],
        [
            allow(
                ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"]
            )
        ],
        [allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])],
        [
            allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::b/*"),
            allow("s3:ListBucket", "arn:aws:s3:::b"),
        ],
        [
            allow(
                ["dynamodb:GetItem", "dynamodb:Query"],
                ["arn:aws:dynamodb:*:*:table/t", "arn:aws:dynamodb:*:*:table/t/index/*"],
            )
        ],
        [
            allow(
                ["iam:ChangePassword", "iam:CreateAccessKey", "iam:DeleteAccessKey"],
                "arn:aws:iam::*:user/${aws:username}",
            )
        ],
        [allow("sts:AssumeRole", ROLE)],
        [allow("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"}})],
        [allow(["ec2:Describe*", "cloudwatch:GetMetricData", "elasticloadbalancing:Describe*"])],
        [
            allow("iam:PassRole", ROLE),
            allow(["ecs:RunTask", "ecs:DescribeTasks"], "arn:aws:ecs:*:*:task-definition/app:*"),
        ],
        [allow("cloudwatch:PutMetricData", Condition={"StringEquals": {"cloudwatch:namespace": "app"}})],
        [
            {
                "Effect": "Deny",
                "NotAction": ["iam:*", "sts:*"],
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
            }
        ],
    ],
    ids=lambda case: json.dumps(case)[:60],
)
def test_what_people_rightly_write_passes(policy: list[dict[str, object]]) -> None:
    assert names(*policy) == []


def test_the_paths_of_passrole_are_listed_with_the_finding() -> None:
    (found, _) = findings(
        allow("iam:PassRole"), allow(["glue:CreateJob", "glue:StartJobRun"], "arn:aws:glue:*:*:job/*")
    )
    assert found.rule_name == "privesc-passrole-compute"
    assert found.properties["paths"] == ["glue-003"]
    assert _covers(found) == [
        "resource-star-restrictable",
        "passrole-wildcard-resource",
        "pass-role-star-in-resource",
    ]
    assert "glue:CreateJob" in found.evidence
    assert "trivy:AWS-0342" in found.aliases


@pytest.mark.parametrize(
    ("services", "paths"),
    [
        ("lambda.amazonaws.com", ["lambda-001"]),
        ("*.amazonaws.com", ["ec2-001", "lambda-001"]),
        ("rds.amazonaws.com", []),
    ],
)
def test_passed_to_service_keeps_the_paths_of_the_services_that_it_names(
    services: str, paths: list[str]
) -> None:
    found = findings(
        allow("iam:PassRole", Condition={"StringLike": {"iam:PassedToService": services}}),
        allow(
            ["ec2:RunInstances", "lambda:CreateFunction", "lambda:InvokeFunction"],
            ["arn:aws:ec2:*:*:instance/app", "arn:aws:lambda:*:*:function:app"],
        ),
    )
    assert [f.properties["paths"] for f in found if f.rule_name == "privesc-passrole-compute"] == (
        [paths] if paths else []
    )


def test_a_deny_of_one_half_closes_the_path() -> None:
    deny: dict[str, object] = {"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": "*"}
    assert names(allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]), deny) == [
        "passrole-wildcard-resource"
    ]


def test_one_document_limits_commands_on_any_instance() -> None:
    resources = ["arn:aws:ssm:*:*:document/restart-app", "arn:aws:ec2:*:*:instance/*"]
    assert names(allow("ssm:SendCommand", resources)) == []
    assert names(allow("ssm:SendCommand", ["arn:aws:ssm:*:*:document/*", "arn:aws:ec2:*:*:instance/*"])) == [
        "resource-effectively-star"
    ]


ITEMS = st.sampled_from(
    [
        "s3:GetObject",
        "s3:*",
        "iam:PassRole",
        "iam:Create*",
        "sqs:SendMessage",
        "ec2:Describe*",
        "kms:Decrypt",
        "lambda:*",
    ]
)
NARROW = st.sampled_from(["arn:aws:s3:::b/*", ROLE, "arn:aws:sqs:eu-west-1:123456789012:q"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ITEMS, min_size=1, max_size=5, unique=True),
    st.lists(NARROW, min_size=1, max_size=3, unique=True),
)
def test_a_star_among_the_resources_is_what_counts(actions: list[str], resources: list[str]) -> None:
    assert names(allow(actions, [*resources, "*"])) == names(allow(actions, "*"))


@settings(max_examples=60, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=5, unique=True))
def test_what_is_denied_in_full_is_never_reported(actions: list[str]) -> None:
    deny: dict[str, object] = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    assert names(allow(actions), deny) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=5, unique=True))
def test_every_fault_of_an_item_alone_is_told_with_others_beside_it(actions: list[str]) -> None:
    """No item's fault is lost by what stands beside it: it is reported, or covered by a finding there."""
    together = findings(allow(actions))
    for index, action in enumerate(actions):
        for alone in findings(allow([action])):
            told = {
                name
                for finding in together
                if finding.pointer == f"/Statement/0/Action/{index}" or action in finding.evidence
                for name in (finding.rule_name, *_covers(finding))
            }
            assert alone.rule_name in told, (action, alone.rule_name)


def _covers(finding: Finding) -> list[str]:
    covers = finding.properties.get("covers", [])
    assert isinstance(covers, list)
    return covers


def test_no_rules_cover_each_other_in_a_circle() -> None:
    """Two that did would hide each other."""
    covers = {rule.name: set(rule.covers) for rule in load_rules().rules}
    done: set[str] = set()
    while len(done) < len(covers):
        ready = {name for name, wider in covers.items() if name not in done and wider <= done}
        assert ready, sorted(set(covers) - done)
        done |= ready


def test_full_admin_with_a_deny_says_what_is_left() -> None:
    (found,) = findings(
        allow("*"), {"Sid": "Guard", "Effect": "Deny", "Action": "iam:*", "Resource": f"{ROLE}-admin"}
    )
    assert (found.rule_name, found.certainty_notes) == (
        "full-admin-statement",
        ("some of it is denied by statement 'Guard'",),
    )
    assert [related.note for related in found.related] == ["on every resource", "takes some of it away"]


@pytest.mark.parametrize(
    "deny",
    [
        {"Action": "*", "NotResource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]},
        {"Action": ["iam:*", "organizations:*"], "Resource": "arn:aws:*"},
        {"Action": "iam:*", "Resource": "*"},
    ],
)
def test_an_allow_of_everything_that_a_deny_cuts_down_is_the_smaller_finding(deny: dict[str, object]) -> None:
    assert "full-admin-statement" not in names(allow("*"), {"Effect": "Deny", **deny})
    assert "action-star" in names(allow("*"), {"Effect": "Deny", **deny})
