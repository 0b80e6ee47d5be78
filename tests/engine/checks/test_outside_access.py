"""Trust policies, resource policies, root, MFA and conditions: what whole policies give together.

The rules' own examples show each rule alone; here stand overlap, holes, template conditions and Denies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
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
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.text import Text

FAMILIES = {"trust", "resource-policies", "root", "mfa", "conditions"}
OWN = "111122223333"
ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
OTHERS = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
BUCKET = "arn:aws:s3:::acme-data"
Tree = Mapping[str, object]


@cache
def judge(profile: Profile) -> Judge:
    rules = [
        rule for rule in load_rules().rules if rule.tags[0] in FAMILIES and rule.profile.rank <= profile.rank
    ]
    return Judge(rules, Settings(accounts=frozenset({OWN})), profile)


def findings(
    *statements: Tree, kind: str = "trust", on: str = "", profile: Profile = Profile.DEFAULT
) -> list[Finding]:
    tree = {"Version": "2012-10-17", "Statement": list(statements)}
    document = JsonDocument(Text("policy.json", json.dumps(tree)), tree, "policy-json")
    policy = PolicyBuilder(document).policy(
        tree, (), owner=Owner("$", None, ()), kind=PolicyKind(kind), on=(on,) if on else ()
    )
    found = list(judge(profile).judge(Extraction((policy,))))
    assert all(isinstance(item, Finding) for item in found), found
    return sorted(
        (item for item in found if isinstance(item, Finding)), key=lambda item: (item.pointer, item.rule_id)
    )


def names(
    *statements: Tree, kind: str = "trust", on: str = "", profile: Profile = Profile.DEFAULT
) -> list[str]:
    return [finding.rule_name for finding in findings(*statements, kind=kind, on=on, profile=profile)]


def profile_of(name: str) -> Profile:
    """Return the profile that a rule belongs to."""
    return next(rule.profile for rule in load_rules().rules if rule.name == name)


def in_template(
    resources: str, parameters: str = "", profile: Profile = Profile.DEFAULT
) -> list[tuple[str, int, tuple[str, ...]]]:
    """Return rule name, line and notes of the findings in a CloudFormation template."""
    text = f"AWSTemplateFormatVersion: 2010-09-09\n{parameters}Resources:\n{resources}"
    file = SourceFile("template.yaml", text.encode(), named=True)
    found = judge(profile).judge(extract_unit([file], SourceOptions()))
    return [
        (item.rule_name, item.primary.start_line, item.certainty_notes)
        for item in found
        if isinstance(item, Finding)
    ]


def trust(principal: object, condition: Tree | None = None, action: object = "sts:AssumeRole") -> Tree:
    made: dict[str, object] = {"Effect": "Allow", "Principal": principal, "Action": action}
    return made if condition is None else {**made, "Condition": condition}


def allow(principal: object, action: object, resource: object = "*", condition: Tree | None = None) -> Tree:
    return {**trust(principal, condition, action), "Resource": resource}


def deny(action: object, resource: object = "*", condition: Tree | None = None) -> Tree:
    return {**allow("*", action, resource, condition), "Effect": "Deny"}


# --- one fault, one finding ---------------------------------------------------------------------

FOREIGN_ROOT = {"AWS": "arn:aws:iam::444455556666:root"}
GITHUB = {"Federated": f"arn:aws:iam::{OWN}:oidc-provider/token.actions.githubusercontent.com"}
WEB = "sts:AssumeRoleWithWebIdentity"
SUB = "token.actions.githubusercontent.com:sub"

ONE_FINDING: list[tuple[str, list[Tree], str, str]] = [
    ("trust-public-principal", [trust("*")], "trust", ""),
    ("trust-public-principal", [trust({"AWS": ["*", "arn:aws:iam::444455556666:root"]})], "trust", ""),
    (
        "trust-public-principal",
        [trust("*", {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})],
        "trust",
        "",
    ),
    ("trust-foreign-account-root", [trust(FOREIGN_ROOT)], "trust", ""),
    (
        "trust-external-without-externalid",
        [trust({"AWS": "arn:aws:iam::444455556666:user/ana"})],
        "trust",
        "",
    ),
    ("trust-github-oidc-missing-subject", [trust(GITHUB, None, WEB)], "trust", ""),
    ("s3-public-write", [allow("*", "s3:*", [BUCKET, f"{BUCKET}/*"])], "resource", "s3-bucket"),
    ("s3-public-write", [allow("*", "*", "*")], "resource", "s3-bucket"),
    ("s3-public-principal", [allow("*", ["s3:GetObject", "s3:ListBucket"])], "resource", "s3-bucket"),
    ("s3-public-objects", [allow("*", "s3:GetObject", f"{BUCKET}/*")], "resource", "s3-bucket"),
    ("sqs-public-principal", [allow("*", "sqs:*")], "resource", "sqs-queue"),
    ("sns-public-principal", [allow({"AWS": "*"}, ["sns:AddPermission"])], "resource", "sns-topic"),
    (
        "sqs-public-principal",
        [allow("*", "sqs:SendMessage", "*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})],
        "resource",
        "sqs-queue",
    ),
    ("resource-policy-public-principal", [allow("*", "kinesis:*")], "resource", "kinesis-stream"),
    ("backup-vault-public-principal", [allow("*", "backup:*")], "resource", "backup-vault"),
    # What it is attached to is unknown, so its actions tell the service.
    ("secrets-public-principal", [allow("*", "secretsmanager:GetSecretValue")], "resource", ""),
    ("resource-policy-public-principal", [allow("*", ["sqs:SendMessage", "sns:Publish"])], "resource", ""),
]


@pytest.mark.parametrize(("name", "statements", "kind", "on"), ONE_FINDING)
def test_the_narrowest_rule_reports_alone(name: str, statements: list[Tree], kind: str, on: str) -> None:
    assert names(*statements, kind=kind, on=on, profile=profile_of(name)) == [name]


def test_the_audit_profile_reports_the_covered_rules_too() -> None:
    found = names(allow("*", "s3:*"), kind="resource", on="s3-bucket", profile=Profile.AUDIT)
    assert {"s3-public-write", "s3-public-principal", "resource-policy-public-principal"} <= set(found)


def test_a_covered_rule_is_named_with_its_aliases() -> None:
    (finding,) = findings(trust(FOREIGN_ROOT), profile=Profile.STRICT)
    assert "trust-external-without-externalid" in str(finding.properties["covers"])
    assert any(alias.startswith("kics:Cross-Account") for alias in finding.aliases)


# --- what a reviewer does not want to see -----------------------------------------------------------

QUIET: list[tuple[list[Tree], str, str]] = [
    ([trust({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]})], "trust", ""),
    ([trust({"AWS": f"arn:aws:iam::{OWN}:role/deploy"})], "trust", ""),
    ([trust({"AWS": OWN}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}})], "trust", ""),
    ([trust({"AWS": "*"}, ORG)], "trust", ""),
    ([trust(GITHUB, {"StringLike": {SUB: ["repo:acme/*", "repo:acme@12/*"]}}, WEB)], "trust", ""),
    ([allow({"AWS": f"arn:aws:iam::{OWN}:root"}, "kms:*")], "resource", "kms-key"),
    (
        [
            allow({"AWS": f"arn:aws:iam::{OWN}:root"}, "kms:*"),
            allow(
                {"AWS": "*"},
                ["kms:Decrypt", "kms:CreateGrant"],
                "*",
                {"StringEquals": {"kms:CallerAccount": OWN, "kms:ViaService": "sns.eu-west-1.amazonaws.com"}},
            ),
        ],
        "resource",
        "kms-key",
    ),
    (
        [
            allow(
                {"AWS": "*"},
                ["SNS:Publish", "SNS:AddPermission"],
                "*",
                {"StringEquals": {"AWS:SourceOwner": OWN}},
            )
        ],
        "resource",
        "sns-topic",
    ),
    (
        [deny("s3:*", [BUCKET, f"{BUCKET}/*"], {"Bool": {"aws:SecureTransport": "false"}})],
        "resource",
        "s3-bucket",
    ),
    ([allow("*", "execute-api:Invoke")], "resource", "api-gateway"),
    ([allow("*", "*", "*")], "endpoint", "vpc-endpoint"),
]


@pytest.mark.parametrize(("statements", "kind", "on"), QUIET)
def test_normal_policies_are_quiet(statements: list[Tree], kind: str, on: str) -> None:
    assert names(*statements, kind=kind, on=on) == []


# --- Denies that cut a public Allow down --------------------------------------------------------


@pytest.mark.parametrize(
    ("blocker", "public"),
    [
        (deny("*", "*", OTHERS), False),
        (deny("s3:*", [BUCKET, f"{BUCKET}/*"], OTHERS), False),
        (deny("s3:Get*", f"{BUCKET}/*", OTHERS), False),
        (deny("s3:GetObject", f"{BUCKET}/*"), False),
        (deny("s3:*", BUCKET, OTHERS), True),
        (deny("s3:*", f"{BUCKET}/private/*", OTHERS), True),
        (deny("s3:Put*", f"{BUCKET}/*", OTHERS), True),
        (deny("s3:*", "*", {"Bool": {"aws:SecureTransport": "false"}}), True),
        (deny("s3:*", "*", ORG), True),
        ({**deny("s3:*", "*", OTHERS), "Principal": {"AWS": OWN}}, True),
    ],
)
def test_a_deny_clears_an_allow_only_when_it_covers_it(blocker: Tree, *, public: bool) -> None:
    found = names(allow("*", "s3:GetObject", f"{BUCKET}/*"), blocker, kind="resource", on="s3-bucket")
    assert ("s3-public-objects" in found) == public


def test_a_deny_that_covers_some_actions_leaves_the_others_public() -> None:
    both = allow("*", ["s3:GetObject", "s3:PutObject"], f"{BUCKET}/*")
    assert names(both, deny("s3:Put*", "*", OTHERS), kind="resource", on="s3-bucket") == ["s3-public-objects"]
    assert names(both, deny("s3:Get*", "*", OTHERS), kind="resource", on="s3-bucket") == ["s3-public-write"]


@given(
    st.lists(st.sampled_from([deny("s3:*", "*", OTHERS), deny("s3:Put*", BUCKET), deny("s3:*", "*", ORG)]))
)
@settings(max_examples=30)
def test_adding_a_deny_never_makes_a_bucket_more_public(denies: list[Tree]) -> None:
    ranks = ["s3-public-objects", "s3-public-principal", "s3-public-write"]
    open_bucket = allow("*", ["s3:GetObject", "s3:ListBucket", "s3:PutObject"], [BUCKET, f"{BUCKET}/*"])

    def public(*statements: Tree) -> int:
        found = names(*statements, kind="resource", on="s3-bucket")
        return max((ranks.index(name) + 1 for name in found if name in ranks), default=0)

    assert public(open_bucket, *denies) <= public(open_bucket)


# --- templates ----------------------------------------------------------------------------------


def role(*statements: str) -> str:
    lines = "".join(f"          - {statement}\n" for statement in statements)
    return (
        "  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n"
        f"        Version: '2012-10-17'\n        Statement:\n{lines}"
    )


def assume(principal: str, more: str = "") -> str:
    return f"{{Effect: Allow, Principal: {principal}, Action: 'sts:AssumeRole'{more}}}"


def test_the_account_of_the_template_is_the_own_account() -> None:
    found = in_template(
        role(
            assume('{AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}'), assume("{AWS: !Ref AWS::AccountId}")
        )
    )
    assert found == []


def test_a_role_of_the_same_template_is_neither_foreign_nor_a_person() -> None:
    other = "  Other:\n    Type: AWS::IAM::Role\n    Properties: {}\n"
    assert in_template(role(assume("{AWS: !GetAtt Other.Arn}")) + other) == []


def test_an_account_that_is_a_parameter_is_not_known_to_be_foreign() -> None:
    parameter = "Parameters:\n  Partner: {Type: String}\n"
    principal = '{AWS: !Sub "arn:aws:iam::${Partner}:root"}'
    assert in_template(role(assume(principal)), parameter) == []


def test_an_account_that_is_a_default_is_foreign_by_that_default() -> None:
    parameter = "Parameters:\n  Partner: {Type: String, Default: '444455556666'}\n"
    principal = '{AWS: !Sub "arn:aws:iam::${Partner}:root"}'
    ((name, _, notes),) = in_template(role(assume(principal)), parameter)
    assert name == "trust-foreign-account-root"
    assert notes == ("Partner is '444455556666', the default",)


def test_a_condition_that_cannot_be_read_clears_what_is_missing() -> None:
    found = in_template(role(assume('{AWS: "*"}', ", Condition: !Transform {Name: M}")))
    assert found == []


def test_a_parameter_may_be_everybody_by_its_default() -> None:
    parameter = "Parameters:\n  Who: {Type: String, Default: '*'}\n"
    ((name, _, notes),) = in_template(role(assume("{AWS: !Ref Who}")), parameter)
    assert (name, notes) == ("trust-public-principal", ("Who is '*', the default",))


def test_a_condition_that_exists_only_on_one_side_is_missing_on_the_other() -> None:
    top = "Conditions:\n  Strict: !Equals [!Ref AWS::Region, eu-west-1]\n"
    pinned = (
        ', Condition: !If [Strict, {StringEquals: {"aws:PrincipalOrgID": o-a1b2c3d4e5}}, !Ref AWS::NoValue]'
    )
    ((name, _, notes),) = in_template(role(assume('{AWS: "*"}', pinned)), top)
    assert name == "trust-public-principal"
    assert notes == ("condition Strict is false",)


def test_a_subject_that_a_template_completes_is_not_open() -> None:
    parameter = "Parameters:\n  Repo: {Type: String}\n"
    github = (
        '{Federated: !Sub "arn:aws:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com"}'
    )
    statement = (
        f"{{Effect: Allow, Principal: {github}, Action: 'sts:AssumeRoleWithWebIdentity', Condition: "
        f'{{StringLike: {{"{SUB}": !Sub "repo:${{Repo}}*"}}}}}}'
    )
    assert in_template(role(statement), parameter) == []


# --- places -------------------------------------------------------------------------------------


def test_places_are_the_narrowest_elements() -> None:
    found = findings(
        trust({"AWS": [f"arn:aws:iam::{OWN}:role/a", "arn:aws:iam::444455556666:root"]}),
        trust(GITHUB, {"StringLike": {SUB: ["repo:acme/api:*", "repo:*"]}}, WEB),
        trust({"AWS": f"arn:aws:iam::{OWN}:role/a"}, {"StringEqual": {"aws:PrincipalTag/t": "x"}}),
    )
    assert [(finding.rule_id, finding.pointer) for finding in found] == [
        ("IAM304", "/Statement/0/Principal/AWS/1"),
        ("IAM321", f"/Statement/1/Condition/StringLike/{SUB}/1"),
        ("IAM801", "/Statement/2/Condition/StringEqual"),
    ]


def test_several_foreign_principals_of_a_statement_are_one_finding() -> None:
    accounts = ["444455556666", "777788889999"]
    (finding,) = findings(trust({"AWS": accounts}))
    assert finding.evidence == tuple(accounts)
    assert len(finding.related) == 1
    assert "444455556666 and 777788889999" in finding.message


@pytest.mark.parametrize("size", [2_000])
def test_many_public_statements_and_denies_do_not_cost_their_product(size: int) -> None:
    public = [allow("*", "s3:GetObject", f"arn:aws:s3:::b/{number}/*") for number in range(size)]
    denies = [deny("s3:*", f"arn:aws:s3:::b/{number}/x", OTHERS) for number in range(size)]
    found = names(*public, *denies, kind="resource", on="s3-bucket")
    assert found.count("s3-public-objects") == size


# --- hostile input ------------------------------------------------------------------------------

OPERATORS = st.sampled_from(
    [
        "StringEquals",
        "StringLike",
        "ArnLike",
        "Bool",
        "BoolIfExists",
        "Null",
        "NullIfExists",
        "IpAddress",
        "Bogus",
        "ForAllValues:StringLike",
        "ForAnyValue:Bool",
        "DateGreaterThan",
        "NumericLessThan",
        "",
        ":",
        "IfExists",
    ]
)
CONDITION_KEYS = st.sampled_from(
    [
        "aws:PrincipalOrgID",
        "aws:SourceIp",
        "aws:SourceArn",
        "aws:MultiFactorAuthPresent",
        "aws:MultiFactorAuthAge",
        SUB,
        "x:aud",
        "aws:PrincipalType",
        "",
        ":",
        "aws:userid",
        "SAML:aud",
        "aws:CurrentTime",
        "nonsense",
    ]
)
TEXTS = st.sampled_from(
    [
        "*",
        "",
        "?",
        "${",
        "${*}",
        "true",
        "arn:",
        "arn:aws:s3:::b",
        "::::::",
        "0.0.0.0/0",
        "repo:*",
        "o-",
        "\u0130",
        "9" * 99,
    ]
)
PRINCIPALS = st.one_of(
    TEXTS,
    st.dictionaries(
        st.sampled_from(["AWS", "Service", "Federated", "CanonicalUser", "X"]), st.lists(TEXTS, max_size=3)
    ),
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Principal": PRINCIPALS,
        "NotPrincipal": PRINCIPALS,
        "Action": st.lists(
            st.sampled_from(["*", "s3:*", "sts:AssumeRole*", WEB, "kms:PutKeyPolicy", ""]), max_size=3
        ),
        "NotAction": st.lists(TEXTS, max_size=2),
        "Resource": st.lists(TEXTS, max_size=2),
        "Condition": st.dictionaries(
            OPERATORS,
            st.dictionaries(CONDITION_KEYS, st.one_of(TEXTS, st.lists(TEXTS, max_size=2)), max_size=2),
            max_size=3,
        ),
    },
)


@given(
    st.lists(STATEMENTS, max_size=3),
    st.sampled_from(["trust", "resource", "identity", "endpoint", "scp"]),
    st.sampled_from(["", "s3-bucket", "kms-key", "sqs-queue", "group", "iot-certificate"]),
)
@settings(max_examples=150, deadline=None)
def test_no_policy_makes_a_rule_fail(statements: list[dict[str, object]], kind: str, on: str) -> None:
    # `findings` refuses the diagnostic that a rule which raises becomes.
    findings(*statements, kind=kind, on=on, profile=Profile.AUDIT)


# --- what the file tells ------------------------------------------------------------------------


def in_file(path: str, tree: Tree, profile: Profile = Profile.DEFAULT) -> list[str]:
    """Return the names of the rules that find something in a JSON file."""
    file = SourceFile(path, json.dumps(tree).encode(), named=True)
    rules = [rule for rule in load_rules().rules if rule.profile.rank <= profile.rank]
    found = Judge(rules, Settings(), profile).judge(extract_unit([file], SourceOptions()))
    return sorted(item.rule_name for item in found if isinstance(item, Finding))


def document(*statements: Tree) -> Tree:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_the_account_beside_a_trust_policy_is_the_home_of_the_role() -> None:
    trusted = document(trust({"AWS": "arn:aws:iam::444455556666:role/starter"}))
    at_home = {"Role": {"Arn": "arn:aws:iam::444455556666:role/app", "AssumeRolePolicyDocument": trusted}}
    elsewhere = {"Role": {"Arn": "arn:aws:iam::777788889999:role/app", "AssumeRolePolicyDocument": trusted}}
    assert in_file("role.json", at_home) == []
    assert in_file("role.json", elsewhere) == ["trust-external-without-externalid"]


def test_a_folder_of_endpoint_policies() -> None:
    passing = document(allow("*", "*", "*"))
    assert "resource-policy-public-principal" in in_file("policies/default.json", passing)
    assert in_file("vpc-endpoint-policies/default.json", passing) == []
    assert in_file("vpc_endpoint_policies/s3_endpoint_policy.json", passing) == []
    # The folder says nothing of a policy that is another kind by its elements.
    assert "resource-policy-public-principal" not in in_file(
        "endpoints/trust.json", document(trust({"AWS": "*"}))
    )
    assert in_file("endpoint-policies/trust.json", document(trust({"AWS": "*"}))) == [
        "trust-public-principal"
    ]


def test_a_key_policy_without_a_place_is_a_key_policy() -> None:
    key = document(allow({"Service": "cloudtrail.amazonaws.com"}, "kms:GenerateDataKey*", "*"))
    queue = document(allow({"Service": "sns.amazonaws.com"}, "sqs:SendMessage", "*"))
    assert in_file("policy.json", key) == []
    assert "kms-key-service-confused-deputy" in in_file("policy.json", key, Profile.STRICT)
    assert in_file("policy.json", queue) == ["resource-policy-cross-service-confused-deputy"]


def test_a_source_that_is_everybodys_bounds_no_service() -> None:
    def told(source: str) -> list[str]:
        statement = allow(
            {"Service": "sns.amazonaws.com"}, "sqs:SendMessage", "*", {"ArnLike": {"aws:SourceArn": source}}
        )
        return names(statement, kind="resource", on="sqs-queue")

    assert told("arn:aws:sns:*:*:*") == ["resource-policy-cross-service-confused-deputy"]
    assert told("arn:aws:sns:*:111122223333:*") == []


def test_one_stranger_is_told_once_in_every_profile() -> None:
    """The exact question of the algebra finds the same; the narrow rule tells it."""
    open_queue = document(allow("*", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs"))
    found = in_file("policy.json", open_queue, Profile.STRICT)
    assert "sqs-public-principal" in found
    assert "resource-policy-public" not in found
    assert "resource-policy-public" in in_file("policy.json", open_queue, Profile.AUDIT)


def test_a_user_id_without_a_session_is_fixed() -> None:
    user = allow("*", "s3:GetObject", f"{BUCKET}/*", {"StringLike": {"aws:userid": "AIDAEXAMPLEEXAMPLE"}})
    sessions = allow("*", "s3:GetObject", f"{BUCKET}/*", {"StringLike": {"aws:userid": "AROAEXAMPLE:*"}})
    assert names(user, kind="resource", on="s3-bucket") == []
    assert names(sessions, kind="resource", on="s3-bucket") == ["s3-public-objects"]
