"""Every place of a resource policy, in both formats: a policy that lets everybody in is told once, one
that a condition bounds is not.

The places are the data of `sources/data`; what an outsider would do there stands in `FITTING`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from iamlint.engine.judge import Judge
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.engine.subject import Settings
from iamlint.model import Finding, PolicyKind
from iamlint.sources.locations import EACH_ITEM, EACH_VALUE, DocumentLocation, load_data, locations
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

Tree = Mapping[str, object]

# What the policy is attached to: an action that it can grant. Each must be known to the catalogue.
FITTING = {
    "aiops-investigation-group": "aiops:GetInvestigation",
    "api-gateway": "execute-api:Invoke",
    "api-gateway-domain": "execute-api:Invoke",
    "backup-vault": "backup:CopyIntoBackupVault",
    "bedrock-agentcore": "bedrock-agentcore:InvokeAgentRuntime",
    "bedrock-guardrail": "bedrock:ApplyGuardrail",
    "bedrock-knowledge-base": "bedrock:Retrieve",
    "cloudsearch-domain": "cloudsearch:search",
    "cloudtrail": "cloudtrail-data:PutAuditEvents",
    "codeartifact-domain": "codeartifact:GetAuthorizationToken",
    "codeartifact-repository": "codeartifact:ReadFromRepository",
    "codebuild": "codebuild:BatchGetProjects",
    "comprehend-model": "comprehend:ImportModel",
    "dsql-cluster": "dsql:DbConnect",
    "dynamodb-stream": "dynamodb:GetRecords",
    "dynamodb-table": "dynamodb:PutItem",
    "ecr-public-repository": "ecr-public:PutImage",
    "ecr-registry": "ecr:ReplicateImage",
    "ecr-repository": "ecr:BatchGetImage",
    "ecr-repository-template": "ecr:BatchGetImage",
    "efs-file-system": "elasticfilesystem:ClientMount",
    "es-domain": "es:ESHttpGet",
    "event-bus": "events:PutEvents",
    "glacier-vault": "glacier:InitiateJob",
    "glue-catalog": "glue:GetTables",
    "kinesis-stream": "kinesis:GetRecords",
    "kms-key": "kms:Decrypt",
    "lambda-function": "lambda:InvokeFunction",
    "lex-bot": "lex:RecognizeText",
    "log-delivery-destination": "logs:CreateDelivery",
    "log-destination": "logs:PutSubscriptionFilter",
    "log-group": "logs:GetLogEvents",
    "logs-account": "logs:PutLogEvents",
    "mediapackage-channel": "mediapackagev2:PutObject",
    "mediapackage-origin": "mediapackagev2:GetObject",
    "mediastore-container": "mediastore:PutObject",
    "mediatailor-channel": "mediatailor:GetManifest",
    "msk-cluster": "kafka:CreateVpcConnection",
    "network-firewall": "network-firewall:AssociateFirewallPolicy",
    "oam-sink": "oam:CreateLink",
    "omics-sequence-store": "s3:GetObject",
    "organization": "organizations:DescribeOrganization",
    "osis-pipeline": "osis:Ingest",
    "payment-cryptography-key": "payment-cryptography:DecryptData",
    "private-ca": "acm-pca:IssueCertificate",
    "prometheus-workspace": "aps:QueryMetrics",
    "redshift-namespace": "redshift:AuthorizeInboundIntegration",
    "redshift-serverless-namespace": "redshift:CreateInboundIntegration",
    "rum-app-monitor": "rum:PutRumEvents",
    "s3-access-grants-instance": "s3:GetDataAccess",
    "s3-access-point": "s3:ListBucket",
    "s3-bucket": "s3:PutObject",
    "s3-mrap": "s3:GetObject",
    "s3-object-lambda-access-point": "s3-object-lambda:GetObject",
    "s3-outposts-access-point": "s3-outposts:GetObject",
    "s3-outposts-bucket": "s3-outposts:PutObject",
    "s3express-access-point": "s3express:CreateSession",
    "s3express-bucket": "s3express:CreateSession",
    "s3files-file-system": "s3files:ClientMount",
    "s3tables-bucket": "s3tables:GetTableData",
    "s3tables-table": "s3tables:PutTableData",
    "s3vectors-bucket": "s3vectors:QueryVectors",
    "sagemaker-model-package-group": "sagemaker:DescribeModelPackage",
    "schema-registry": "schemas:DescribeSchema",
    "secret": "secretsmanager:GetSecretValue",
    "ses-identity": "ses:SendEmail",
    "sms-voice": "sms-voice:SendTextMessage",
    "sns-topic": "sns:Publish",
    "sqs-queue": "sqs:SendMessage",
    "ssm-resource": "ssm:GetParameter",
    "vpc-lattice-service": "vpc-lattice-svcs:Invoke",
    "vpc-lattice-share": "vpc-lattice:CreateServiceNetworkServiceAssociation",
    "xray-account": "xray:PutTraceSegments",
}
# Open by nature: the policy of a public API is one of many gates, a public repository is for everybody.
QUIETER = {"api-gateway": "apigw-public-policy", "api-gateway-domain": "apigw-public-policy"}
# A key policy needs an administrator; without one it is told for that too.
KEY_OWNER = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
    "Action": "kms:*",
    "Resource": "*",
}
BOUND = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}


def places(name: str) -> Iterator[tuple[str, DocumentLocation]]:
    table = locations(name)
    for resource_type in sorted(load_data(f"{name}_locations.json")["documents"]):
        for location in table.documents(resource_type):
            if location.kind == PolicyKind.RESOURCE.value:
                yield resource_type, location


CASES = [
    pytest.param(name, resource_type, location, id=f"{resource_type}-{'.'.join(location.path)}")
    for name in ("cloudformation", "terraform")
    for resource_type, location in places(name)
]


def nested(path: tuple[str, ...], value: object) -> object:
    """Return the value below the steps of a path."""
    if not path:
        return value
    below = nested(path[1:], value)
    if path[0] == EACH_ITEM:
        return [below]
    return {"Key" if path[0] == EACH_VALUE else path[0]: below}


def written(name: str, resource_type: str, location: DocumentLocation, statement: Tree) -> bytes:
    """Return a file with the statement at a place, in CloudFormation JSON or Terraform JSON syntax."""
    statements = [statement, KEY_OWNER] if location.on == ("kms-key",) else [statement]
    document: object = {"Version": "2012-10-17", "Statement": statements}
    if location.holds == "statements":
        document = [statement]
    if name == "terraform":
        tree = nested(location.path, json.dumps(document))
        return json.dumps({"resource": {resource_type: {"it": tree}}}).encode()
    properties = nested(location.path, document)
    if resource_type == "AWS::Serverless::Function":
        events = properties["Events"]  # type: ignore[index]
        events["Key"]["Type"] = "Api"
    if resource_type == "AWS::Events::EventBusPolicy":
        properties["StatementId"] = "Open"  # type: ignore[index]
        properties["Statement"] = statement  # type: ignore[index]
    resource = {"Type": resource_type, "Properties": properties}
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"It": resource}}).encode()


@cache
def judge(profile: Profile, accounts: frozenset[str] = frozenset()) -> Judge:
    # The rules on the algebra give a second opinion on whole policies.
    rules = [r for r in load_rules().rules if r.profile.rank <= profile.rank and r.tags[0] != "algebra"]
    return Judge(rules, Settings(accounts=accounts), profile)


def told(
    name: str, content: bytes, profile: Profile, accounts: frozenset[str] = frozenset()
) -> list[Finding]:
    """Return all findings of a file."""
    file = SourceFile("it.template.json" if name == "cloudformation" else "it.tf.json", content, named=True)
    found = list(judge(profile, accounts).judge(extract_unit([file], SourceOptions())))
    assert not [item for item in found if not isinstance(item, Finding)], found
    return [item for item in found if isinstance(item, Finding)]


def grave(findings: list[Finding]) -> list[Finding]:
    """Return the findings of severity medium or more."""
    return [item for item in findings if item.severity.value in {"critical", "high", "medium"}]


def statement(on: str, condition: Tree | None = None, principal: object = "*") -> Tree:
    made: dict[str, object] = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": FITTING[on],
        "Resource": "*",
    }
    if on == "ecr-repository":
        # The policy of a repository takes no Resource.
        del made["Resource"]
    return made if condition is None else {**made, "Condition": condition}


@pytest.mark.parametrize(("name", "resource_type", "location"), CASES)
def test_everybody_is_told_once(name: str, resource_type: str, location: DocumentLocation) -> None:
    on = location.on[0]
    profile = Profile.STRICT if on in QUIETER else Profile.DEFAULT
    for principal in ("*", {"AWS": "*"}):
        content = written(name, resource_type, location, statement(on, principal=principal))
        found = grave(told(name, content, profile))
        shown = [(item.rule_id, item.message) for item in found]
        assert len(found) == 1, shown
        assert "everybody" in found[0].message or "anybody" in found[0].message, shown
        if on in QUIETER:
            assert found[0].rule_name == QUIETER[on]


@pytest.mark.parametrize(("name", "resource_type", "location"), CASES)
def test_an_organization_bounds_it(name: str, resource_type: str, location: DocumentLocation) -> None:
    on = location.on[0]
    found = grave(told(name, written(name, resource_type, location, statement(on, BOUND)), Profile.STRICT))
    assert [(item.rule_id, item.message) for item in found] == []


@pytest.mark.parametrize(("name", "resource_type", "location"), CASES)
def test_a_foreign_account_is_told_once(name: str, resource_type: str, location: DocumentLocation) -> None:
    """And not when the configuration knows it."""
    role = {"AWS": "arn:aws:iam::444455556666:role/partner"}
    content = written(name, resource_type, location, statement(location.on[0], principal=role))
    found = [item for item in told(name, content, Profile.STRICT) if "444455556666" in item.message]
    assert len(found) == 1, [(item.rule_id, item.message) for item in found]
    known = told(name, content, Profile.STRICT, frozenset({"444455556666", "111122223333"}))
    assert [item for item in known if "444455556666" in item.message] == []


def test_every_word_has_a_fitting_action() -> None:
    from iamlint.catalog import catalog

    words = {word for name in ("cloudformation", "terraform") for _, at in places(name) for word in at.on}
    assert words == set(FITTING)
    unknown = [action for action in FITTING.values() if not catalog().expand(action)]
    assert unknown == ["mediatailor:GetManifest"]  # documented, and not in the action catalogue
