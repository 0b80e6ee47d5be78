"""How the kinds of policy bear on one another: section 9 of the rules, and its special cases."""

from __future__ import annotations

from typing import Any

import pytest
from asking import (
    ALICE,
    ALLOWED,
    BOB,
    EXPLICIT,
    FULL,
    IMPLICIT,
    OBJECT,
    ROLE,
    ROOT,
    SESSION,
    STRANGER,
    A,
    B,
    Json,
    ask,
    decided,
    document,
)

SILENT = document({"Action": "other:Action"})
DENY = document({"Effect": "Deny"})
EVERYBODY = document({"Principal": "*"})
DENY_EVERYBODY = document({"Effect": "Deny", "Principal": "*"})
FEDERATED = f"arn:aws:sts::{A}:federated-user/fed"
SERVICE = "sns.amazonaws.com"
LINKED = {
    "arn": f"arn:aws:sts::{A}:assumed-role/AWSServiceRoleForX/s",
    "role": f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
}


def naming(*principals: str, **more: Any) -> Json:
    return document({"Principal": {"AWS": list(principals)}, **more})


def test_nothing_allows_by_default() -> None:
    assert ask() == IMPLICIT
    assert ask(identity=[SILENT]) == IMPLICIT
    assert ask(identity=[FULL]) == ALLOWED
    assert ask(identity=[SILENT, FULL]) == ALLOWED
    assert ask(identity=[FULL, DENY]) == EXPLICIT


@pytest.mark.parametrize("kind", ["identity", "boundary", "session", "endpoint", "scp", "rcp", "resource"])
def test_an_explicit_deny_of_any_kind_wins(kind: str) -> None:
    deny = DENY_EVERYBODY if kind in {"endpoint", "rcp", "resource"} else DENY
    policies: Json = {"identity": [FULL], "resource": EVERYBODY}
    policies[kind] = [[deny]] if kind in {"scp", "rcp"} else [deny]
    assert ask(**policies) == EXPLICIT
    policies["resource"] = [*([deny] if kind == "resource" else []), EVERYBODY]
    assert ask(**policies) == EXPLICIT


@pytest.mark.parametrize("kind", ["boundary", "session", "endpoint", "scp", "rcp"])
def test_the_kinds_that_only_limit_must_allow_too(kind: str) -> None:
    silent = document({"Action": "other:Action", "Principal": "*"}) if kind in {"endpoint", "rcp"} else SILENT
    full = EVERYBODY if kind in {"endpoint", "rcp"} else FULL
    levels = kind in {"scp", "rcp"}
    assert ask(**{kind: [[full]] if levels else [full]}) == IMPLICIT  # they grant nothing
    assert ask(identity=[FULL], **{kind: [[silent]] if levels else [silent]}) == IMPLICIT
    assert ask(identity=[FULL], **{kind: [[full]] if levels else [full]}) == ALLOWED
    assert ask(identity=[FULL], **{kind: []}) == ALLOWED  # absent


@pytest.mark.parametrize("kind", ["scp", "rcp"])
def test_every_level_must_allow(kind: str) -> None:
    silent = SILENT if kind == "scp" else document({"Action": "other:Action", "Principal": "*"})
    full = FULL if kind == "scp" else EVERYBODY
    assert ask(identity=[FULL], **{kind: [[full], [silent, full]]}) == ALLOWED
    assert ask(identity=[FULL], **{kind: [[full], [silent]]}) == IMPLICIT
    assert ask(identity=[FULL], **{kind: [[silent], [full]]}) == IMPLICIT
    assert ask(identity=[FULL], **{kind: [[full], []]}) == IMPLICIT  # a level without policies


@pytest.mark.parametrize(
    ("caller", "bound"),
    [
        (ALICE, True),
        (SESSION, True),
        (ROOT, True),
        (FEDERATED, True),
        (LINKED, False),
        (SERVICE, False),
        ("anonymous", False),
    ],
)
def test_whom_service_control_policies_bind(caller: Any, bound: bool) -> None:
    policies = {"identity": [FULL], "resource": EVERYBODY}
    assert ask(caller, scp=[[DENY]], **policies) == (EXPLICIT if bound else ALLOWED)
    assert ask(caller, scp=[[SILENT]], **policies) == (IMPLICIT if bound else ALLOWED)


@pytest.mark.parametrize(
    ("caller", "bound"),
    [(ALICE, True), (STRANGER, True), (SERVICE, True), ("anonymous", True), (ROOT, True), (LINKED, False)],
)
def test_whom_resource_control_policies_bind(caller: Any, bound: bool) -> None:
    policies = {"identity": [FULL], "resource": EVERYBODY, "rcp": [[EVERYBODY, DENY_EVERYBODY]]}
    assert ask(caller, **policies) == (EXPLICIT if bound else ALLOWED)


def test_resource_control_policies_bind_only_services_that_have_them() -> None:
    table = f"arn:aws:sns:eu-west-1:{A}:t"
    assert ask(action="sns:Publish", on=table, identity=[FULL], rcp=[[DENY_EVERYBODY]]) == ALLOWED
    queue = f"arn:aws:sqs:eu-west-1:{A}:q"
    assert ask(action="sqs:SendMessage", on=queue, identity=[FULL], rcp=[[DENY_EVERYBODY]]) == EXPLICIT


# What the resource policy names, who calls, and what still limits the call in the same account.
DIRECT = [
    (ALICE, ALICE, set()),
    (ROLE, SESSION, {"boundary", "session"}),
    (SESSION, SESSION, set()),
    (FEDERATED, FEDERATED, set()),
    (ALICE, {"arn": FEDERATED, "user": ALICE}, {"boundary", "session"}),
    ("*", ALICE, set()),
    ("*", SESSION, set()),
    (A, ALICE, {"identity", "boundary", "session"}),
    (A, SESSION, {"identity", "boundary", "session"}),
    (ROOT, SESSION, {"identity", "boundary", "session"}),
]


@pytest.mark.parametrize(("named", "caller", "limits"), DIRECT)
def test_what_an_implicit_deny_still_limits_in_the_same_account(
    named: str, caller: Any, limits: set[str]
) -> None:
    policy = naming(named)
    # Identity policies are silent unless the grant needs them.
    full = {
        "identity": [FULL] if "identity" in limits else [SILENT],
        "boundary": [FULL],
        "session": [FULL],
    }
    assert ask(caller, resource=policy, **full) == ALLOWED
    for silent in full:
        found = ask(caller, resource=policy, **{**full, silent: [SILENT]})
        assert (found == ALLOWED) is (silent not in limits), silent
    # An explicit Deny limits all of them.
    for denying in full:
        assert ask(caller, resource=policy, **{**full, denying: [DENY]}) == EXPLICIT


@pytest.mark.parametrize("named", [A, ROOT, ALICE, "*"])
def test_across_accounts_both_halves_must_allow(named: str) -> None:
    policy = naming(named)
    asked = {"account": B}
    assert ask(**asked, resource=policy) == IMPLICIT
    assert ask(**asked, identity=[FULL]) == IMPLICIT
    assert ask(**asked, identity=[FULL], resource=policy) == ALLOWED
    assert ask(**asked, identity=[FULL], resource=policy, boundary=[SILENT]) == IMPLICIT
    assert ask(**asked, identity=[FULL], resource=policy, session=[SILENT]) == IMPLICIT
    assert ask(**asked, identity=[FULL], resource=policy, scp=[[SILENT]]) == IMPLICIT
    assert ask(**asked, identity=[FULL], resource=naming(BOB)) == IMPLICIT


def test_services_and_anonymous_callers_need_the_resource_policy_alone() -> None:
    policy = document({"Principal": {"Service": SERVICE}})
    assert ask(SERVICE, resource=policy) == ALLOWED
    assert ask(SERVICE, resource=policy, identity=[DENY], boundary=[DENY], session=[DENY]) == ALLOWED
    assert ask(SERVICE, identity=[FULL]) == IMPLICIT
    assert ask("anonymous", resource=policy) == IMPLICIT
    assert ask("anonymous", resource=naming(A)) == IMPLICIT
    assert ask("anonymous", resource=EVERYBODY) == ALLOWED
    assert ask("anonymous", resource=EVERYBODY, endpoint=[SILENT]) == IMPLICIT


def test_the_root_user_needs_no_policy_in_its_account() -> None:
    assert ask(ROOT) == ALLOWED
    assert ask(ROOT, identity=[DENY], boundary=[DENY], session=[DENY]) == ALLOWED  # it can have none
    assert ask(ROOT, scp=[[SILENT]]) == IMPLICIT
    assert ask(ROOT, resource=DENY_EVERYBODY) == EXPLICIT
    assert ask(ROOT, endpoint=[DENY_EVERYBODY]) == EXPLICIT
    assert ask(ROOT, account=B) == IMPLICIT
    assert ask(ROOT, account=B, resource=naming(A)) == ALLOWED


# --- special cases ------------------------------------------------------------------------------------

TRUST = {"Action": ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"]}


def trusting(principal: Any) -> Json:
    return {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": principal, **TRUST},
    }


@pytest.mark.parametrize(
    ("caller", "trusted", "account", "identity", "expected"),
    [
        (ALICE, None, A, True, IMPLICIT),  # the trust policy must allow, also in one account
        (ALICE, {"AWS": BOB}, A, True, IMPLICIT),
        (ALICE, {"AWS": ALICE}, A, False, ALLOWED),
        (SESSION, {"AWS": ROLE}, A, False, ALLOWED),
        (ALICE, {"AWS": A}, A, False, IMPLICIT),
        (ALICE, {"AWS": A}, A, True, ALLOWED),
        (STRANGER, {"AWS": STRANGER}, A, False, IMPLICIT),
        (STRANGER, {"AWS": STRANGER}, A, True, ALLOWED),
        (STRANGER, {"AWS": B}, A, True, ALLOWED),
        (STRANGER, {"AWS": A}, A, True, IMPLICIT),
        ("ec2.amazonaws.com", {"Service": "ec2.amazonaws.com"}, A, False, ALLOWED),
    ],
)
def test_assuming_a_role(caller: Any, trusted: Any, account: str, identity: bool, expected: str) -> None:
    policies: Json = {"identity": [FULL] if identity else []}
    if trusted is not None:
        policies["resource"] = trusting(trusted)
    assert ask(caller, "sts:AssumeRole", ROLE, account, **policies) == expected


def test_federated_identities_need_the_trust_policy_alone() -> None:
    saml = f"arn:aws:iam::{A}:saml-provider/corp"
    for provider, action in (
        (saml, "sts:AssumeRoleWithSAML"),
        (f"arn:aws:iam::{A}:oidc-provider/token.example.com", "sts:AssumeRoleWithWebIdentity"),
        ("accounts.google.com", "sts:AssumeRoleWithWebIdentity"),
    ):
        asked = {"principal": provider, "action": action, "on": ROLE}
        assert ask(**asked, resource=trusting({"Federated": provider})) == ALLOWED
        assert ask(**asked, resource=trusting({"Federated": "www.amazon.com"})) == IMPLICIT
        assert ask(**asked, resource=trusting({"Federated": provider}), scp=[[DENY]]) == ALLOWED
        assert ask(**asked) == IMPLICIT
    # In those calls only.
    assert ask(saml, resource=document({"Principal": {"Federated": saml}})) == IMPLICIT
    assert ask(saml, "sts:AssumeRole", ROLE, resource=trusting({"Federated": saml})) == IMPLICIT


def test_identity_policies_reach_a_kms_key_only_if_its_policy_lets_the_account_in() -> None:
    key = f"arn:aws:kms:eu-west-1:{A}:key/1234"
    asked = {"action": "kms:Decrypt", "on": key}
    assert ask(**asked, identity=[FULL]) == IMPLICIT
    assert ask(**asked, identity=[FULL], resource=naming(BOB)) == IMPLICIT
    assert ask(**asked, identity=[FULL], resource=naming(A)) == ALLOWED
    assert ask(**asked, resource=naming(A)) == IMPLICIT
    assert ask(**asked, resource=naming(ALICE)) == ALLOWED
    # Not the whole of KMS: aliases follow the general rule.
    alias = f"arn:aws:kms:eu-west-1:{A}:alias/mine"
    assert ask(action="kms:UpdateAlias", on=alias, identity=[FULL]) == ALLOWED
    assert ask(action="kms:ListKeys", on="*", identity=[FULL]) == ALLOWED
    # The root user, too, must be let in by the key policy.
    assert ask(ROOT, **asked, resource=naming(ALICE)) == IMPLICIT
    assert ask(ROOT, **asked, resource=naming(A)) == ALLOWED


def test_asking_who_one_is_always_succeeds() -> None:
    assert ask(action="sts:GetCallerIdentity", on="*") == ALLOWED
    assert ask(action="sts:GetCallerIdentity", on="*", identity=[DENY], scp=[[DENY]]) == ALLOWED


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess", IMPLICIT),
        ("iam:GetPolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess", ALLOWED),
        ("iam:CreatePolicyVersion", f"arn:aws:iam::{A}:policy/mine", ALLOWED),
        ("iam:DeleteRole", f"arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/X", IMPLICIT),
        ("iam:GetRole", f"arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/X", ALLOWED),
        ("iam:PassRole", f"arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/X", ALLOWED),
        ("kms:DeleteAlias", f"arn:aws:kms:eu-west-1:{A}:alias/aws/s3", IMPLICIT),
        ("kms:DeleteAlias", f"arn:aws:kms:eu-west-1:{A}:alias/mine", ALLOWED),
    ],
)
def test_what_is_of_aws_cannot_be_changed(action: str, resource: str, expected: str) -> None:
    assert ask(ALICE, action, resource, A, identity=[FULL]) == expected


def test_the_statements_that_decided_are_named() -> None:
    def names(**policies: Any) -> list[tuple[str, int | None, int, int, str | None]]:
        decision = decided(**policies)
        return [(r.kind.value, r.level, r.document, r.index, r.sid) for r in decision.statements]

    reading = document({"Action": "s3:Put*"}, {"Action": "s3:Get*", "Sid": "Read"})
    assert names(identity=[SILENT, reading]) == [("identity", None, 1, 1, "Read")]
    assert names(identity=[SILENT]) == []
    deny = document({"Sid": "No", "Effect": "Deny", "Resource": OBJECT})
    assert names(identity=[reading], scp=[[FULL], [FULL, deny]]) == [("scp", 1, 1, 0, "No")]
    assert names(identity=[reading], scp=[[FULL]], boundary=[FULL]) == [
        ("scp", 0, 0, 0, None),
        ("identity", None, 0, 1, "Read"),
        ("boundary", None, 0, 0, None),
    ]
    # The direct grant decides without the boundary.
    assert names(resource=naming(ALICE), boundary=[SILENT]) == [("resource", None, 0, 0, None)]
