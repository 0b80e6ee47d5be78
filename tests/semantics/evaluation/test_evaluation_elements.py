"""Actions, resources and principals: sections 3 to 5 of the rules, as tables."""

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
    ask,
    document,
)

from iamlint.semantics.evaluation import ArnWildcards, MalformedPolicyError, NotPrincipalScope, Readings

PARTS = Readings(arn_wildcards=ArnWildcards.PARTS)


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("*", "s3:GetObject", True),
        ("*:*", "s3:GetObject", True),
        ("s3:getobject", "S3:GETOBJECT", True),
        ("s3:Get*", "s3:GetObject", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:Get?Object", "s3:GetObject", False),
        ("s3:*Object*", "s3:GetObject", True),
        ("s*:Get*", "s3:GetObject", True),
        ("s3*", "s3:GetObject", None),  # no colon: malformed
        ("s3:", "s3:GetObject", False),
        ("s3:Get Object", "s3:GetObject", False),
        ("s3:* ", "s3:GetObject", False),
        ([], "s3:GetObject", False),
        (["ec2:*", "s3:GetObject"], "s3:GetObject", True),
    ],
)
def test_actions(pattern: Any, action: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(MalformedPolicyError, match="no colon"):
            ask(action=action, identity=[document({"Action": pattern})])
        return
    assert (ask(action=action, identity=[document({"Action": pattern})]) == ALLOWED) is expected
    # NotAction ranges over all services, and matches exactly what Action does not.
    assert (ask(action=action, identity=[document({"NotAction": pattern})]) == ALLOWED) is not expected


SQS = "arn:aws:sqs:eu-west-1:111122223333:q"


@pytest.mark.parametrize(
    ("pattern", "resource", "flat", "parts"),
    [
        ("*", OBJECT, True, True),
        ("*", "*", True, True),
        (OBJECT, OBJECT, True, True),
        ("arn:aws:s3:::b/X", OBJECT, False, False),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/d/e:f", True, True),
        ("arn:aws:s3:::b/?", OBJECT, True, True),
        ("arn:aws:s3:::?", OBJECT, False, False),
        # Actions without resource types are asked for with *, and only * covers them.
        ("arn:aws:s3:::*", "*", False, False),
        ("arn:*", "*", False, False),
        ("?", "*", False, False),
        # Fewer than five colons.
        ("arn:aws:s3*", OBJECT, True, True),
        ("arn:aws:sqs:*", SQS, True, True),
        ("arn:aws:*:q", SQS, True, False),
        ("arn:aws:sqs", SQS, True, True),  # padded in identity policies
        ("arn:aws:s3", SQS, False, False),
        # A wildcard in an early part and the colons behind it.
        ("arn:aws:sqs:*:q", SQS, True, False),
        ("arn:aws:sqs:*:*:q", SQS, True, True),
        ("arn:aws:*:*:q", SQS, True, False),
        ("arn:*:*:*:*:*", OBJECT, True, True),
        ("*:*:*:*:*:b/x", OBJECT, True, True),
        ("arn:aws:s3:*:b/x", OBJECT, True, False),
    ],
)
def test_resources(pattern: str, resource: str, flat: bool, parts: bool) -> None:
    policies = {"identity": [document({"Resource": pattern})]}
    assert (ask(on=resource, **policies) == ALLOWED) is flat
    assert (ask(on=resource, readings=PARTS, **policies) == ALLOWED) is parts
    policies = {"identity": [document({"NotResource": pattern})]}
    assert (ask(on=resource, **policies) == ALLOWED) is not flat
    assert (ask(on=resource, readings=PARTS, **policies) == ALLOWED) is not parts


def test_a_short_pattern_without_wildcard_depends_on_the_kind_of_policy() -> None:
    short = {"Resource": "arn:aws:sqs"}
    asked = {"on": SQS, "action": "sqs:SendMessage"}
    # Padded in identity policies, dead in resource and endpoint policies, refused in SCPs and RCPs.
    assert ask(**asked, identity=[document(short)]) == ALLOWED
    assert ask(**asked, identity=[FULL], boundary=[document(short)]) == ALLOWED
    everybody = {**short, "Principal": "*"}
    assert ask("anonymous", **asked, resource=document(everybody)) == IMPLICIT
    assert ask(**asked, identity=[FULL], endpoint=[document(everybody)]) == IMPLICIT
    for kind, statement in (("scp", short), ("rcp", everybody)):
        with pytest.raises(MalformedPolicyError, match="neither an ARN nor a pattern"):
            ask(**asked, identity=[FULL], **{kind: [[document(statement)]]})


API = f"arn:aws:execute-api:eu-west-1:{A}:a1b2c3"


@pytest.mark.parametrize(
    ("short", "resource", "expected"),
    [
        ("execute-api:/*", f"{API}/prod/GET/pets", True),
        ("execute-api:/prod/GET/pets", f"{API}/prod/GET/pets", True),
        ("execute-api:/prod/*", f"{API}/prod/GET/a:b", True),
        ("execute-api:/prod/*", f"{API}/dev/GET/pets", False),
        # The path begins behind the id of the API, not at any slash.
        ("execute-api:/prod/*", f"{API}/dev/GET/prod/pets", False),
        ("execute-api:/prod/?ET/*", f"{API}/prod/GET/pets", True),
        ("execute-api:/prod/GET/${aws:username}", f"{API}/prod/GET/alice", True),
        ("execute-api:/prod/GET/${aws:PrincipalTag/none}", f"{API}/prod/GET/alice", False),
        ("execute-api:/*", f"arn:aws-cn:execute-api:cn-north-1:{A}:a1b2c3/prod/GET/pets", True),
        ("execute-api:/*", "arn:aws:s3:::execute-api:/x", False),
        ("execute-api:/*", OBJECT, False),
        ("execute-api:/*", f"arn:aws:execute-api:eu-west-1:{A}:/domainnames/d", False),
        ("execute-api:/*", "*", False),
        ("execute-api:*", f"{API}/prod/GET/pets", False),
    ],
)
def test_the_short_form_of_an_api(short: str, resource: str, expected: bool) -> None:
    asked = {"action": "execute-api:Invoke", "on": resource}
    for readings in (Readings(), PARTS):
        allowed = [{"Principal": {"AWS": ALICE}, "Resource": short}]
        assert (ask(**asked, resource=document(*allowed), readings=readings) == ALLOWED) is expected
        # It is the policy of the API alone that knows which API is meant.
        assert ask(**asked, identity=[document({"Resource": short})], readings=readings) == IMPLICIT
        everybody = {"Principal": "*", "Resource": short}
        endpoint = {"identity": [FULL], "endpoint": [document(everybody)]}
        assert ask(**asked, **endpoint, readings=readings) == IMPLICIT
    if "${" not in short:
        spared = document({"Principal": {"AWS": ALICE}, "NotResource": short})
        assert (ask(**asked, resource=spared) == ALLOWED) is not expected


def test_a_resource_policy_may_leave_its_resource_out() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}
    repository = f"arn:aws:ecr:eu-west-1:{A}:repository/r"
    assert ask("anonymous", "ecr:BatchGetImage", repository, resource={"Statement": statement}) == ALLOWED


OTHER_SESSION = f"arn:aws:sts::{A}:assumed-role/R/t"
FEDERATED = f"arn:aws:sts::{A}:federated-user/fed"
SERVICE = "sns.amazonaws.com"
SAML = f"arn:aws:iam::{A}:saml-provider/corp"

CALLERS: dict[str, Any] = {
    "anonymous": "anonymous",
    "alice": ALICE,
    "bob": BOB,
    "session": {"arn": SESSION, "role": ROLE},
    "other session": OTHER_SESSION,
    "role": ROLE,
    "federated": {"arn": FEDERATED, "user": ALICE},
    "root": ROOT,
    "service": SERVICE,
    "stranger": STRANGER,
}
OWN = set(CALLERS) - {"anonymous", "service", "stranger"}
SESSIONS = {"session", "other session", "role"}

# principal, whom it reaches directly, whom through their role or user, whom through their account
PRINCIPALS = [
    ("*", set(CALLERS), set(), set()),
    ({"AWS": "*"}, set(CALLERS), set(), set()),
    ({"AWS": A}, set(), set(), OWN),
    ({"AWS": ROOT}, set(), set(), OWN),
    ({"AWS": B}, set(), set(), {"stranger"}),
    ({"AWS": ALICE}, {"alice"}, {"federated"}, set()),
    (
        {"AWS": ALICE.upper().replace("ARN:AWS:IAM", "arn:aws:iam").replace("USER/", "user/")},
        set(),
        set(),
        set(),
    ),
    ({"AWS": ROLE}, set(), SESSIONS, set()),
    ({"AWS": f"arn:aws:iam::{A}:role/R"}, set(), SESSIONS, set()),
    ({"AWS": f"arn:aws:iam::{A}:role/r"}, set(), set(), set()),
    ({"AWS": f"arn:aws:iam::{B}:role/R"}, set(), set(), set()),
    ({"AWS": SESSION}, {"session"}, set(), set()),
    ({"AWS": FEDERATED}, {"federated"}, set(), set()),
    ({"AWS": [SESSION, ALICE]}, {"session", "alice"}, {"federated"}, set()),
    ({"AWS": [A, ALICE]}, {"alice"}, {"federated"}, OWN - {"alice", "federated"}),
    ({"AWS": "AROAJ45Q7YFFAREXAMPLE"}, set(), set(), set()),
    ({"Service": SERVICE}, {"service"}, set(), set()),
    ({"Service": "sqs.amazonaws.com"}, set(), set(), set()),
    ({"Federated": SAML}, set(), set(), set()),
    ({}, set(), set(), set()),
    ({"AWS": []}, set(), set(), set()),
]


@pytest.mark.parametrize(("principal", "direct", "through", "account"), PRINCIPALS, ids=str)
def test_whom_a_principal_reaches_and_how(
    principal: Any, direct: set[str], through: set[str], account: set[str]
) -> None:
    policy = document({"Principal": principal})
    silent = document({"Action": "other:Action"})
    for name, caller in CALLERS.items():
        cross = name == "stranger"
        own = {} if cross else {"identity": [silent], "boundary": [silent]}
        # Nothing else allows, the boundary is silent: only what is direct gets through.
        if name not in {"root", "stranger"}:
            assert (ask(caller, resource=policy, **own) == ALLOWED) is (name in direct), name
            # The boundary allows: the grant to a role or user is enough for its session.
            reached = name in direct or name in through
            assert (ask(caller, resource=policy) == ALLOWED) is reached, name
        # An explicit Deny reaches all of them alike.
        deny = document({"Effect": "Deny", "Principal": principal})
        hit = name in direct | through | account
        everybody = document({"Principal": "*"})
        found = ask(caller, resource=[deny, everybody], identity=[FULL])
        assert found == (EXPLICIT if hit else ALLOWED), name
        # NotPrincipal is the complement.
        deny = document({"Effect": "Deny", "NotPrincipal": principal})
        assert ask(caller, resource=[deny, everybody], identity=[FULL]) == (ALLOWED if hit else EXPLICIT), (
            name
        )
    # From another account the grant to the account, or to its user, is one half.
    if "stranger" in direct | account:
        assert ask(STRANGER, resource=policy) == IMPLICIT
        assert ask(STRANGER, resource=policy, identity=[FULL]) == ALLOWED


def test_not_principal_in_an_allow_includes_the_anonymous() -> None:
    policy = document({"NotPrincipal": {"AWS": ALICE}})
    assert ask("anonymous", resource=policy) == ALLOWED
    assert ask(BOB, resource=policy) == ALLOWED
    assert ask(ALICE, resource=policy) == IMPLICIT


def test_a_deny_with_not_principal_hits_every_caller_with_a_boundary() -> None:
    policy = document({"Principal": "*"}, {"Effect": "Deny", "NotPrincipal": {"AWS": [ALICE, A]}})
    assert ask(ALICE, resource=policy) == ALLOWED
    assert ask(ALICE, resource=policy, boundary=[FULL]) == EXPLICIT
    # A boundary is nothing to callers that can have none.
    policy = document({"Principal": "*"}, {"Effect": "Deny", "NotPrincipal": {"Service": SERVICE}})
    assert ask(SERVICE, resource=policy, boundary=[FULL]) == ALLOWED


def test_the_parents_of_those_that_not_principal_spares_are_a_reading() -> None:
    parents = Readings(not_principal=NotPrincipalScope.PARENTS)
    for listed, caller, outcome in (
        ([ALICE], ALICE, EXPLICIT),
        ([ALICE, A], ALICE, ALLOWED),
        ([SESSION], SESSION, EXPLICIT),
        ([SESSION, A], SESSION, EXPLICIT),
        ([SESSION, ROLE, A], SESSION, ALLOWED),
        (["*"], SESSION, ALLOWED),
    ):
        policy = document({"Principal": "*"}, {"Effect": "Deny", "NotPrincipal": {"AWS": listed}})
        assert ask(caller, resource=policy) == ALLOWED
        assert ask(caller, resource=policy, readings=parents) == outcome


def test_the_aws_star_and_service_principals_are_a_reading() -> None:
    policy = document({"Principal": {"AWS": "*"}})
    assert ask(SERVICE, resource=policy) == ALLOWED
    assert ask(SERVICE, resource=policy, readings=Readings(aws_star_is_everybody=False)) == IMPLICIT
    assert ask("anonymous", resource=policy, readings=Readings(aws_star_is_everybody=False)) == ALLOWED


def test_a_canonical_user_is_the_account_with_that_id() -> None:
    identifier = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
    policy = document({"Principal": {"CanonicalUser": identifier}})
    caller = {"arn": ALICE, "canonical_user": identifier}
    assert ask(caller, resource=policy) == IMPLICIT
    assert ask(caller, resource=policy, identity=[FULL]) == ALLOWED
    assert ask({"arn": STRANGER, "canonical_user": identifier}, resource=policy, identity=[FULL]) == ALLOWED
    assert ask(STRANGER, resource=policy, identity=[FULL]) == IMPLICIT


@pytest.mark.parametrize(
    ("caller", "key", "value"),
    [
        (ALICE, "aws:PrincipalArn", ALICE),
        (ALICE, "aws:PrincipalAccount", A),
        (ALICE, "aws:PrincipalType", "User"),
        (f"arn:aws:iam::{A}:user/path/to/carol", "aws:username", "carol"),
        (ALICE, "aws:userid", None),  # the unique id is not in the ARN
        (SESSION, "aws:PrincipalArn", f"arn:aws:iam::{A}:role/R"),
        ({"arn": SESSION, "role": ROLE}, "aws:PrincipalArn", ROLE),
        (ROLE, "aws:PrincipalArn", ROLE),
        (SESSION, "aws:PrincipalType", "AssumedRole"),
        (SESSION, "aws:username", None),
        (ROOT, "aws:PrincipalArn", ROOT),
        (ROOT, "aws:PrincipalType", "Account"),
        (ROOT, "aws:userid", A),
        (FEDERATED, "aws:PrincipalType", "FederatedUser"),
        (FEDERATED, "aws:userid", f"{A}:fed"),
        ("anonymous", "aws:PrincipalAccount", "anonymous"),
        ("anonymous", "aws:PrincipalType", "Anonymous"),
        ("anonymous", "aws:PrincipalArn", None),
        (SERVICE, "aws:PrincipalArn", None),
    ],
)
def test_keys_that_follow_from_the_caller(caller: Any, key: str, value: str | None) -> None:
    test = {"Null": {key: "true"}} if value is None else {"StringEquals": {key: value}}
    policy = document({"Effect": "Deny", "Principal": "*", "Condition": test})
    assert ask(caller, resource=policy) == EXPLICIT
    # What the request says itself wins.
    test = {"StringEquals": {key: "said"}}
    policy = document({"Effect": "Deny", "Principal": "*", "Condition": test})
    assert ask(caller, resource=policy, context={key.upper(): "said"}) == EXPLICIT


def test_an_empty_list_for_a_key_that_follows_from_the_caller_is_as_good_as_none() -> None:
    policy = document({"Condition": {"StringEquals": {"aws:username": "alice"}}})
    assert ask(ALICE, identity=[policy], context={"aws:username": []}) == ALLOWED
