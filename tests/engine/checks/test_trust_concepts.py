"""Trust policies, concept by concept: what is told, and the near misses that must stay silent.

Each row is a principal, an action and a condition. A row of `TOLD` names what tells it in
the profile, and nothing else does; a row of `SILENT` is told by no rule of that profile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

import pytest

from iamlint.engine.checks.policy_facts import service_list, shared_issuers
from iamlint.engine.judge import Judge
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.engine.subject import Settings
from iamlint.model import Extraction, Finding, Owner, PolicyKind
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text

Tree = Mapping[str, object]
OWN, OTHER = "111122223333", "444455556666"
DEFAULT, STRICT, AUDIT = Profile.DEFAULT, Profile.STRICT, Profile.AUDIT

ASSUME, WEB, SAML = "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"
EVERYBODY: Tree = {"AWS": "*"}
ORG: Tree = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
EXTERNAL_ID: Tree = {"StringEquals": {"sts:ExternalId": "b7d1"}}
MFA: Tree = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def root(account: str) -> Tree:
    return {"AWS": f"arn:aws:iam::{account}:root"}


def role(account: str) -> Tree:
    return {"AWS": f"arn:aws:iam::{account}:role/deploy"}


def service(name: str) -> Tree:
    return {"Service": f"{name}.amazonaws.com"}


def oidc(issuer: str) -> Tree:
    return {"Federated": f"arn:aws:iam::{OWN}:oidc-provider/{issuer}"}


def equals(issuer: str, **claims: object) -> Tree:
    return {"StringEquals": {f"{issuer}:{claim}": value for claim, value in claims.items()}}


def like(issuer: str, **claims: object) -> Tree:
    return {"StringLike": {f"{issuer}:{claim}": value for claim, value in claims.items()}}


GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
TERRAFORM = "app.terraform.io"
BUILDKITE = "agent.buildkite.com"
CIRCLECI = "oidc.circleci.com/org/9d0e1f2a-0000-4000-8000-000000000000"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
COGNITO, GOOGLE = "cognito-identity.amazonaws.com", "accounts.google.com"
IDP: Tree = {"Federated": f"arn:aws:iam::{OWN}:saml-provider/corp"}
SAML_AUD: Tree = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
COGNITO_IDENTITY: Tree = {"Federated": COGNITO}
USERS: Tree = {"ForAnyValue:StringLike": {f"{COGNITO}:amr": "authenticated"}}
ANCHOR: Tree = {"ArnEquals": {"aws:SourceArn": f"arn:aws:rolesanywhere:eu-west-1:{OWN}:trust-anchor/7c9e"}}
ANYWHERE = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
PODS = ["sts:AssumeRole", "sts:TagSession"]
AUD = "sts.amazonaws.com"
_BUILT_IN = (COGNITO, GOOGLE, "www.amazon.com", "graph.facebook.com")
"""Issuers that IAM knows by name, without a provider in the account."""

TOLD: list[tuple[str, Profile, object, object, Tree | None]] = [
    ("trust-public-principal", DEFAULT, EVERYBODY, ASSUME, None),
    ("trust-public-principal", DEFAULT, "*", ASSUME, None),
    ("trust-public-principal wildcard-in-principal", DEFAULT, {"AWS": "arn:aws:iam::*:root"}, ASSUME, None),
    ("trust-public-principal", DEFAULT, EVERYBODY, "sts:AssumeRole*", None),
    ("trust-public-principal", DEFAULT, EVERYBODY, ASSUME, MFA),
    ("trust-public-principal", DEFAULT, EVERYBODY, ASSUME, {"Bool": {"aws:SecureTransport": "true"}}),
    ("trust-public-principal", DEFAULT, EVERYBODY, ASSUME, {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
    ("trust-public-principal", DEFAULT, EVERYBODY, ASSUME, {"StringEquals": {"aws:PrincipalTag/team": "core"}}),
    ("trust-public-principal-conditioned", DEFAULT, EVERYBODY, ASSUME, EXTERNAL_ID),
    ("trust-public-principal-pinned", AUDIT, EVERYBODY, ASSUME, ORG),
    ("trust-account-root-principal trust-missing-mfa", STRICT, root(OWN), ASSUME, None),
    ("trust-foreign-account-root", DEFAULT, root(OTHER), ASSUME, None),
    ("trust-foreign-account-root", DEFAULT, {"AWS": OTHER}, ASSUME, None),
    ("trust-external-without-externalid", DEFAULT, role(OTHER), ASSUME, None),
    ("trust-cross-account", STRICT, role(OTHER), ASSUME, EXTERNAL_ID),
    ("trust-service-confused-deputy", STRICT, service("scheduler"), ASSUME, None),
    ("trust-compute-service", AUDIT, service("ec2"), ASSUME, None),
    ("trust-github-oidc-missing-subject", DEFAULT, oidc(GITHUB), WEB, None),
    ("trust-github-oidc-missing-subject", DEFAULT, oidc(GITHUB), WEB, equals(GITHUB, aud=AUD)),
    ("trust-github-oidc-weak-subject", DEFAULT, oidc(GITHUB), WEB, like(GITHUB, sub="*", aud=AUD)),
    ("trust-github-oidc-weak-subject", DEFAULT, oidc(GITHUB), WEB, like(GITHUB, sub="repo:*", aud=AUD)),
    ("trust-github-oidc-weak-subject", DEFAULT, oidc(GITHUB), WEB, like(GITHUB, sub="repo:acme*", aud=AUD)),
    ("trust-github-oidc-weak-subject", DEFAULT, oidc(GITHUB), WEB, like(GITHUB, sub="repo:*/site:ref:refs/heads/main", aud=AUD)),
    ("trust-github-oidc-any-repository", STRICT, oidc(GITHUB), WEB, like(GITHUB, sub="repo:acme/*", aud=AUD)),
    ("trust-oidc-weak-subject-other", DEFAULT, oidc(GITLAB), WEB, None),
    ("trust-oidc-weak-subject-other", DEFAULT, oidc(GITLAB), WEB, equals(GITLAB, aud="https://gitlab.com")),
    ("trust-oidc-weak-subject-other", DEFAULT, oidc(GITLAB), WEB, like(GITLAB, sub="project_path:*")),
    ("trust-oidc-weak-subject-other", DEFAULT, oidc(GITLAB), WEB, like(GITLAB, sub="project_path:acme*")),
    ("trust-oidc-weak-subject-other", DEFAULT, oidc(TERRAFORM), WEB, equals(TERRAFORM, aud="aws.workload.identity")),
    ("trust-oidc-weak-subject-other", DEFAULT, oidc(TERRAFORM), WEB, like(TERRAFORM, sub="organization:*:project:*")),
    ("trust-oidc-weak-subject-other", DEFAULT, oidc(BUILDKITE), WEB, like(BUILDKITE, sub="organization:*:pipeline:site:*")),
    ("trust-oidc-weak-subject-other", DEFAULT, COGNITO_IDENTITY, WEB, None),
    ("trust-oidc-weak-subject-other", DEFAULT, COGNITO_IDENTITY, WEB, USERS),
    ("trust-oidc-weak-subject-other", DEFAULT, {"Federated": GOOGLE}, WEB, None),
    ("trust-cognito-missing-amr", DEFAULT, COGNITO_IDENTITY, WEB, equals(COGNITO, aud="eu-west-1:2f1a")),
    ("trust-oidc-open-subject", DEFAULT, oidc(EKS), WEB, equals(EKS, aud=AUD)),
    ("trust-oidc-open-subject", DEFAULT, oidc(EKS), WEB, like(EKS, sub="system:serviceaccount:*:*", aud=AUD)),
    ("trust-oidc-open-subject", DEFAULT, oidc(CIRCLECI), WEB, None),
    ("trust-oidc-open-subject", DEFAULT, oidc(BITBUCKET), WEB, like(BITBUCKET, sub="*")),
    ("trust-oidc-missing-aud", STRICT, oidc(EKS), WEB, equals(EKS, sub="system:serviceaccount:shop:web")),
    ("trust-github-oidc-missing-aud", STRICT, oidc(GITHUB), WEB, equals(GITHUB, sub="repo:acme/site:ref:refs/heads/main")),
    ("trust-saml-missing-audience", DEFAULT, IDP, SAML, None),
    ("trust-action-principal-mismatch", DEFAULT, service("ec2"), SAML, None),
    ("trust-action-principal-mismatch", DEFAULT, IDP, ASSUME, SAML_AUD),
    ("trust-action-principal-mismatch", DEFAULT, role(OWN), WEB, None),
    ("trust-action-wildcard", DEFAULT, service("ec2"), "sts:*", None),
    ("trust-missing-mfa", STRICT, {"AWS": f"arn:aws:iam::{OWN}:user/alice"}, ASSUME, None),
    ("rolesanywhere-unbound", DEFAULT, service("rolesanywhere"), ANYWHERE, None),
    ("rolesanywhere-actions-missing", DEFAULT, service("rolesanywhere"), ASSUME, ANCHOR),
    ("pod-identity-actions-missing", DEFAULT, service("pods.eks"), ASSUME, None),
    ("set-operator-on-single-valued-key", DEFAULT, oidc(GITHUB), WEB, {"ForAllValues:StringLike": {f"{GITHUB}:sub": "repo:acme/site:*"}, **equals(GITHUB, aud=AUD)}),
    ("ifexists-weakens-allow", DEFAULT, oidc(GITHUB), WEB, {"StringLikeIfExists": {f"{GITHUB}:sub": "repo:acme/site:*"}, **equals(GITHUB, aud=AUD)}),
    ("wildcard-in-equals-operator", DEFAULT, oidc(GITHUB), WEB, equals(GITHUB, sub="repo:acme/*", aud=AUD)),
    ("trust-github-oidc-missing-subject", DEFAULT, oidc(GITHUB), WEB, {"StringNotLike": {f"{GITHUB}:sub": "repo:acme/site:pull_request"}, **equals(GITHUB, aud=AUD)}),
    ("trust-github-oidc-missing-subject", DEFAULT, oidc(GITHUB), WEB, like(GITHUB, job_workflow_ref="*/deploy.yaml@main", aud=AUD)),
    ("trust-github-oidc-weak-subject", DEFAULT, oidc(GITHUB), WEB, like(GITHUB, sub=["repo:acme/site:*", "repo:*"], aud=AUD)),
    ("trust-github-oidc-malformed-subject", DEFAULT, oidc(GITHUB), WEB, equals(GITHUB, sub="acme/site", aud=AUD)),
    ("trust-oidc-open-subject", DEFAULT, oidc(EKS), WEB, like(EKS, sub="system:*", aud=AUD)),
    ("trust-oidc-open-subject", DEFAULT, oidc(EKS), WEB, like(EKS, sub="system:serviceaccount:*:web", aud=AUD)),
    ("trust-saml-missing-audience", DEFAULT, IDP, SAML, {"StringLike": {"SAML:aud": "*"}}),
    ("rolesanywhere-unbound", DEFAULT, service("rolesanywhere"), ANYWHERE, {"ArnLike": {"aws:SourceArn": "arn:aws:rolesanywhere:*:*:trust-anchor/*"}}),
    ("trust-service-confused-deputy", STRICT, service("scheduler"), ASSUME, {"ArnLike": {"aws:SourceArn": "arn:aws:scheduler:*:*:*"}}),
]  # fmt: skip

SILENT: list[tuple[str, Profile, object, object, Tree | None]] = [
    ("public, the organization", STRICT, EVERYBODY, ASSUME, ORG),
    ("public, one account", STRICT, EVERYBODY, ASSUME, {"StringEquals": {"aws:PrincipalAccount": OWN}}),
    ("public, a role's path in one account", STRICT, EVERYBODY, ASSUME, {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/ci/*"}}),
    ("own account, pinned by ARN", STRICT, root(OWN), ASSUME, {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/ci-*"}}),
    ("own account, pinned by tag", STRICT, root(OWN), ASSUME, {"StringEquals": {"aws:PrincipalTag/team": "core"}}),
    ("a known account's role", STRICT, role(OWN), ASSUME, None),
    ("foreign account with external id", DEFAULT, root(OTHER), ASSUME, EXTERNAL_ID),
    ("foreign account with MFA", DEFAULT, root(OTHER), ASSUME, MFA),
    ("foreign account of the organization", DEFAULT, root(OTHER), ASSUME, ORG),
    ("compute services never send a source", STRICT, {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com"]}, ASSUME, None),
    ("CloudTrail to logs never sends a source", STRICT, service("cloudtrail"), ASSUME, None),
    ("transcoders never send a source", STRICT, service("elastictranscoder"), ASSUME, None),
    ("a service for one account", STRICT, service("scheduler"), ASSUME, {"StringEquals": {"aws:SourceAccount": OWN}}),
    ("a service for the organization", STRICT, service("scheduler"), ASSUME, {"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}),
    ("GitHub, every branch", DEFAULT, oidc(GITHUB), WEB, like(GITHUB, sub="repo:acme/site:*", aud=AUD)),
    ("GitHub, an environment", STRICT, oidc(GITHUB), WEB, equals(GITHUB, sub="repo:acme/site:environment:prod", aud=AUD)),
    ("GitHub, a list of branches", STRICT, oidc(GITHUB), WEB, equals(GITHUB, sub=["repo:acme/site:ref:refs/heads/main", "repo:acme/site:ref:refs/heads/next"], aud=AUD)),
    ("GitHub, the repository's own claim", DEFAULT, oidc(GITHUB), WEB, equals(GITHUB, repository_id="1234", aud=AUD, sub="repo:acme/site:pull_request")),
    ("GitHub, a subject of an organization's own", DEFAULT, oidc(GITHUB), WEB, like(GITHUB, sub="repository_owner:acme:*", aud=AUD)),
    ("GitLab, a project", STRICT, oidc(GITLAB), WEB, like(GITLAB, sub="project_path:acme/site:ref_type:branch:ref:main", aud="https://gitlab.com")),
    ("GitLab, a group", DEFAULT, oidc(GITLAB), WEB, like(GITLAB, sub="project_path:acme/*", aud="https://gitlab.com")),
    ("Terraform Cloud, an organization", STRICT, oidc(TERRAFORM), WEB, like(TERRAFORM, sub="organization:acme:project:*:workspace:*:run_phase:*", aud="aws.workload.identity")),
    ("Buildkite, a pipeline", STRICT, oidc(BUILDKITE), WEB, like(BUILDKITE, sub="organization:acme:pipeline:site:*", aud=AUD)),
    ("CircleCI, the issuer is one organization's", STRICT, oidc(CIRCLECI), WEB, equals(CIRCLECI, aud="9d0e1f2a-0000-4000-8000-000000000000")),
    ("CircleCI, a project", STRICT, oidc(CIRCLECI), WEB, like(CIRCLECI, aud="9d0e1f2a-0000-4000-8000-000000000000", sub="org/9d0e1f2a-0000-4000-8000-000000000000/project/77aa/user/*")),
    ("Bitbucket, the issuer is one workspace's", STRICT, oidc(BITBUCKET), WEB, equals(BITBUCKET, aud="ari:cloud:bitbucket::workspace/4a7b")),
    ("Bitbucket, a repository", STRICT, oidc(BITBUCKET), WEB, like(BITBUCKET, aud="ari:cloud:bitbucket::workspace/4a7b", sub="{0f1e2d3c}:*")),
    ("EKS, a service account", STRICT, oidc(EKS), WEB, equals(EKS, sub="system:serviceaccount:shop:web", aud=AUD)),
    ("EKS, a namespace", DEFAULT, oidc(EKS), WEB, like(EKS, sub="system:serviceaccount:shop:*", aud=AUD)),
    ("Cognito, users of a pool", STRICT, COGNITO_IDENTITY, WEB, {**equals(COGNITO, aud="eu-west-1:2f1a"), **USERS}),
    ("Cognito, guests of a pool", STRICT, COGNITO_IDENTITY, WEB, {**equals(COGNITO, aud="eu-west-1:2f1a"), "ForAnyValue:StringLike": {f"{COGNITO}:amr": "unauthenticated"}}),
    ("Google, an application", STRICT, {"Federated": GOOGLE}, WEB, equals(GOOGLE, aud="1234.apps.googleusercontent.com")),
    ("Google, a service account", STRICT, {"Federated": GOOGLE}, WEB, equals(GOOGLE, aud="1234", sub="1098")),
    ("SAML with an audience", STRICT, IDP, SAML, SAML_AUD),
    ("SAML with tags", STRICT, IDP, [SAML, "sts:TagSession"], SAML_AUD),
    ("a user with MFA", STRICT, {"AWS": f"arn:aws:iam::{OWN}:user/alice"}, ASSUME, MFA),
    ("Roles Anywhere, an anchor", STRICT, service("rolesanywhere"), ANYWHERE, ANCHOR),
    ("Roles Anywhere, a subject as source identity", DEFAULT, service("rolesanywhere"), ANYWHERE, {"StringLike": {"sts:SourceIdentity": "CN=backup-*"}}),
    ("Roles Anywhere, a certificate", STRICT, service("rolesanywhere"), ANYWHERE, {"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "backup-1"}}),
    ("a service for one account's schedules", STRICT, service("scheduler"), ASSUME, {"ArnLike": {"aws:SourceArn": f"arn:aws:scheduler:*:{OWN}:schedule-group/*"}}),
    ("Pod Identity", STRICT, service("pods.eks"), PODS, None),
    ("the control plane of a cluster", STRICT, service("eks"), ASSUME, None),
]  # fmt: skip


@cache
def judge(profile: Profile) -> Judge:
    rules = [rule for rule in load_rules().rules if rule.profile.rank <= profile.rank]
    # The rules on the algebra give a second opinion on whole policies.
    rules = [rule for rule in rules if rule.tags[0] != "algebra"]
    return Judge(rules, Settings(accounts=frozenset({OWN})), profile)


def names(profile: Profile, principal: object, action: object, condition: Tree | None) -> set[str]:
    statement: dict[str, object] = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition is not None:
        statement["Condition"] = condition
    tree = {"Version": "2012-10-17", "Statement": [statement]}
    document = JsonDocument(Text("policy.json", json.dumps(tree)), tree, "policy-json")
    policy = PolicyBuilder(document).policy(
        tree, (), owner=Owner("$", None, ()), kind=PolicyKind.TRUST, on=("role",)
    )
    found = list(judge(profile).judge(Extraction((policy,))))
    return {item.rule_name for item in found if isinstance(item, Finding)}


@pytest.mark.parametrize(("rules", "profile", "principal", "action", "condition"), TOLD)
def test_told(
    rules: str, profile: Profile, principal: object, action: object, condition: Tree | None
) -> None:
    found = names(profile, principal, action, condition)
    # An audit tells every rule, one fault many times.
    if profile is AUDIT:
        assert rules in found
    else:
        assert found == set(rules.split())


@pytest.mark.parametrize(
    ("profile", "principal", "action", "condition"),
    [pytest.param(*row[1:], id=row[0]) for row in SILENT],
)
def test_silent(profile: Profile, principal: object, action: object, condition: Tree | None) -> None:
    assert names(profile, principal, action, condition) == set()


@pytest.mark.parametrize("name", sorted(service_list("sends-source-keys")))
def test_each_service_that_sends_its_source_is_asked_for_it(name: str) -> None:
    asked: Tree = {"StringEquals": {"aws:SourceAccount": OWN}}
    assert names(STRICT, {"Service": name}, ASSUME, None) == {"trust-service-confused-deputy"}
    assert names(DEFAULT, {"Service": name}, ASSUME, None) == set()
    assert names(STRICT, {"Service": name}, ASSUME, asked) == set()


@pytest.mark.parametrize("host", sorted(shared_issuers()))
def test_no_shared_issuer_is_trusted_as_a_whole(host: str) -> None:
    principal: Tree = oidc(host) if "/" in host or host not in _BUILT_IN else {"Federated": host}
    (told,) = names(DEFAULT, principal, WEB, None)
    assert told == (
        "trust-github-oidc-missing-subject" if host == GITHUB else "trust-oidc-weak-subject-other"
    )
    claims = shared_issuers()[host].claims
    pinned: Tree = {"StringEquals": {f"{host}:{claim}": "acme:1" for claim in claims}}
    if host == COGNITO:
        pinned = {**pinned, **USERS}
    elif host == GITHUB:
        pinned = {"StringEquals": {f"{host}:sub": "repo:acme/site:ref:refs/heads/main"}}
    assert names(DEFAULT, principal, WEB, pinned) == set()
