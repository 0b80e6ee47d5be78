"""Tests of a condition as whole policies show them: one fault is one finding, a hole is none."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from iamlint.auditing.pipeline import run
from iamlint.auditing.settings import AuditSettings
from iamlint.catalog import catalog
from iamlint.engine.checks.condition_traits import check_facts, key_list
from iamlint.engine.judge import Judge
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.engine.subject import Settings
from iamlint.model import Extraction, Finding, Owner, PolicyKind
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text


@cache
def judge(profile: Profile) -> Judge:
    rules = [
        rule
        for rule in load_rules().rules
        if {"conditions", "variables"} & set(rule.tags) and rule.profile.rank <= profile.rank
    ]
    return Judge(rules, Settings(), profile)


def findings(
    condition: object,
    effect: str = "Allow",
    action: object = "s3:GetObject",
    profile: Profile = Profile.DEFAULT,
    **more: object,
) -> list[Finding]:
    statement = {"Effect": effect, "Action": action, "Resource": "*", "Condition": condition, **more}
    tree = {"Version": "2012-10-17", "Statement": [statement]}
    document = JsonDocument(Text("policy.json", json.dumps(tree)), tree, "policy-json")
    policy = PolicyBuilder(document).policy(tree, (), owner=Owner("$", None, ()), kind=PolicyKind.IDENTITY)
    said = list(judge(profile).judge(Extraction((policy,))))
    found = [item for item in said if isinstance(item, Finding)]
    assert len(found) == len(said), "a rule failed"
    return sorted(found, key=lambda finding: (finding.pointer, finding.rule_id))


def names(condition: object, effect: str = "Allow", profile: Profile = Profile.DEFAULT) -> list[str]:
    return [finding.rule_name for finding in findings(condition, effect, profile=profile)]


# --- one fault, one finding -------------------------------------------------------------------------

OVERLAPS = [
    ({"IpAddress": {"aws:SourceIp": "198.51.100.0/33"}}, "condition-value-invalid", "address-unreadable"),
    ({"Bool": {"aws:SecureTransport": "yes"}}, "condition-value-invalid", "boolean-unreadable"),
    ({"DateLessThan": {"aws:CurrentTime": "tomorrow"}}, "condition-value-invalid", "date-unreadable"),
    ({"NumericLessThan": {"aws:MultiFactorAuthAge": "1h"}}, "condition-value-invalid", "number-unreadable"),
    ({"StringEquals": {"aws:SourceVpc": "net-1"}}, "condition-value-invalid", "condition-vpc-format"),
    (
        {"StringEquals": {"aws:SourceVpce": "vpc-0f1e2d3c"}},
        "condition-value-invalid",
        "condition-vpc-endpoint-format",
    ),
    (
        {"Bool": {"aws:SecureTransport": ["true", "false"]}},
        "several-values-under-bool",
        "condition-always-true",
    ),
]


@pytest.mark.parametrize(("condition", "told", "covered"), OVERLAPS)
def test_a_fault_that_two_rules_see_is_told_once_by_default_and_twice_in_an_audit(
    condition: object, told: str, covered: str
) -> None:
    (finding,) = findings(condition)
    assert finding.rule_name == told
    assert finding.properties["covers"] == [covered]
    assert set(names(condition, profile=Profile.AUDIT)) == {told, covered}


def test_a_covered_rule_still_tells_what_the_other_does_not_see() -> None:
    condition = {
        "StringEquals": {"aws:SourceVpc": ["net-1", "vpc-12"], "aws:SourceAccount": "12"},
    }
    told = [(f.rule_name, f.pointer.rsplit("SourceVpc", 1)[-1]) for f in findings(condition)]
    assert ("condition-vpc-format", "/1") in told
    assert ("condition-vpc-format", "/0") not in told
    assert [name for name, _ in told].count("condition-value-invalid") == 2


def test_a_header_that_the_caller_writes_is_told_once_in_the_strict_profile() -> None:
    condition = {"StringLike": {"aws:UserAgent": "corp*"}}
    assert names(condition, profile=Profile.STRICT) == ["untrustworthy-condition-key"]


# --- holes ------------------------------------------------------------------------------------------

TEMPLATE = """\
Parameters:
  P: {Type: String}
  L: {Type: CommaDelimitedList}
Resources:
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Deny
            Action: [!Ref P, !Sub "${P}:Get"]
            Resource: [!Ref P, !Sub "arn:aws:s3:::home/$${!${P}"]
            Condition:
              IpAddress: {"aws:SourceIp": [!Ref P, !Sub "${P}/33"]}
              NotIpAddress: {"aws:SourceIp": [!Ref P, 10.0.0.0/8]}
              Bool: {"aws:SecureTransport": [!Ref P, !Sub "${P}x"], "aws:ViaAWSService": !Ref L}
              DateLessThan: {"aws:CurrentTime": !Sub "${P}-13"}
              NumericLessThan: {"s3:max-keys": [!Ref P, 5]}
              StringEquals:
                "aws:RequestedRegion": !Sub "eu-${P}"
                "aws:SourceVpc": !Sub "vpc-${P}"
                "aws:SourceVpce": !Ref P
                "iam:PassedToService": !Sub "EC2.${P}"
                "kms:ViaService": !Sub "s3.${AWS::Region}.amazonaws.com"
                "s3:x-amz-server-side-encryption-aws-kms-key-id": !Ref P
              StringLike: {"aws:RequestTag/a": !Ref P, "s3:prefix": "${!aws:username}"}
"""


def test_what_a_template_decides_is_never_at_fault(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    own = tuple(
        rule.id
        for rule in load_rules().rules
        if "IAM818" <= rule.id <= "IAM849" or "IAM880" <= rule.id <= "IAM889"
    )
    settings = AuditSettings(paths=("template.yaml",), cwd=str(tmp_path), profile=Profile.AUDIT, select=own)
    result = run(settings)
    # The prefix in the Deny is written out: it shows that the template was read.
    assert [finding.rule_name for finding in result.findings] == ["s3-prefix-in-negative"]


# --- facts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("region_keys", "keys"),
        ("kms_key_arn_keys", "keys"),
        ("service_principal_keys", "keys"),
        ("service_principal_keys", "with_region"),
        ("principal_keys", "keys"),
        ("keys_of_actions", "keys"),
    ],
)
def test_the_catalogue_knows_the_keys(section: str, name: str) -> None:
    assert [key for key in key_list(section, name) if catalog().condition_key(key) is None] == []


def test_the_catalogue_knows_the_services_that_send_the_keys_of_endpoints() -> None:
    facts = check_facts()["vpce_services"]
    more = facts["more"]
    assert isinstance(more, dict)
    assert all(catalog().condition_key(key) is not None for key in more)
    services = set(key_list("vpce_services", "services")).union(*map(set, more.values()))
    assert {service for service in services if catalog().service(service) is None} == set()


# --- hostile input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:" + "x" * 200_000: "y"}},
        {"IpAddress": {"aws:SourceIp": ["1." * 100_000, "10.0.0.0/" + "9" * 100_000]}},
        {"NumericLessThan": {"s3:max-keys": ["9" * 200_000, "1." + "0" * 200_000]}},
        {"DateLessThan": {"aws:CurrentTime": "2026-" * 50_000}},
        {"StringLike": {"s3:prefix": "${" * 100_000}},
        {"StringLike": {"s3:prefix": "${aws:" * 50_000 + "}" * 50_000}},
        {"StringEquals": {"iam:PassedToService": "a." * 100_000 + "amazonaws.com"}},
    ],
)
def test_texts_without_end_are_read_in_one_go(condition: object) -> None:
    for finding in findings(condition, profile=Profile.AUDIT):
        assert len(finding.rule_name) < 100


@pytest.mark.parametrize("text", ["${" * 200_000, "${}" + "${" * 200_000, "${aws:" * 50_000 + "}" * 50_000])
def test_resources_full_of_variables_are_read_in_one_go(text: str) -> None:
    condition = {"StringLike": {"s3:prefix": text}}
    found = findings(condition, profile=Profile.AUDIT, Resource=f"arn:aws:s3:::{text}")
    assert {finding.rule_name for finding in found} <= {
        "action-without-condition-key",
        "unknown-condition-key-for-action",
        "variable-without-brace",
        "variable-empty",
    }
