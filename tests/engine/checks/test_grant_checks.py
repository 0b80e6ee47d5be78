"""Checks of grants: what examples cannot show (holes, defaults, other resources, secrets)."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from iamlint.catalog import catalog
from iamlint.engine.checks.account_ids import foreign_grant, key_without_policy
from iamlint.engine.checks.credentials import plaintext_password, root_access_key
from iamlint.engine.checks.fields import readings_of, recipient
from iamlint.engine.checks.grants import (
    field_number,
    field_value,
    permission_without_source,
    public_acl,
    public_permission,
)
from iamlint.engine.checks.identities import attached_to, group_without_user, user_without_group
from iamlint.engine.checks.managed import (
    attached_escalates,
    attached_full_service,
    attached_malformed,
    attached_named,
    attached_unknown,
)
from iamlint.engine.subject import GrantSubject, Match, Settings, Unit
from iamlint.model import Extraction, Grant, Hole, Owner, Value
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.text import Text

PARTITION = Hole("pseudo", "AWS::Partition", alphabet="partition")


def value(*parts: str | Hole) -> Value:
    if all(isinstance(part, str) for part in parts):
        return Value("".join(map(str, parts)), ("x",))
    return Value(None, ("x",), parts)


def grant(
    what: str,
    fields: Mapping[str, Value | str] | None = None,
    *,
    on: tuple[str, ...] = (),
    owner: str = "Resources.R",
    attached: tuple[str, ...] = (),
) -> Grant:
    document = JsonDocument(Text("t.json", "{}"), {}, "policy-json")
    values = {
        name: (item if isinstance(item, Value) else value(item),) for name, item in (fields or {}).items()
    }
    return Grant(what, document, (), Owner(owner, None, ()), on, attached, values)


def subject(grant: Grant, *others: Grant) -> GrantSubject:
    return GrantSubject(grant, Settings(), Unit(Extraction(grants=(grant, *others))))


def attachment(*parts: str | Hole, on: tuple[str, ...] = ("role",)) -> GrantSubject:
    return subject(grant("managed-attachment", {"policy": value(*parts)}, on=on))


# --- what a field may say -------------------------------------------------------------------------

READINGS = {
    "text": ((value("abc")), [("abc", ())]),
    "a partition": (value("arn:", PARTITION, ":iam"), [("arn:aws:iam", ())]),
    "a default": (value(Hole("parameter", "P", default="x")), [("x", ("P is 'x', the default",))]),
    "allowed values": (
        value("a", Hole("parameter", "P", values=("1", "2"), default="2")),
        [("a2", ("P is '2', the default",)), ("a1", ("P is '1', an allowed value",))],
    ),
    "unknown": (value("a", Hole("resource", "B")), []),
    "unknown beside known": (value(PARTITION, Hole("resource", "B")), []),
}


@pytest.mark.parametrize("case", READINGS)
def test_the_texts_that_a_value_may_have(case: str) -> None:
    given, expected = READINGS[case]
    assert list(readings_of(given)) == expected


def test_many_choices_are_bounded() -> None:
    many = Hole("parameter", "P", values=tuple(map(str, range(50))))
    assert len(list(readings_of(value(many, many, many)))) == 16


def test_who_gets_it() -> None:
    assert recipient(grant("x", {"user": "alice"}, on=("user",))) == "user alice"
    both = grant("x", {"user": "alice", "role": "app"}, on=("role", "user", "group"))
    assert recipient(both) == "user alice and role app"
    admins = grant("x", {"permission_set": "admins"}, on=("permission-set",), attached=("P",))
    assert recipient(admins) == "permission set admins"
    unknown = grant("x", {"role": value(Hole("resource", "R"))}, on=("role",), attached=("Resources.R",))
    assert recipient(unknown) == "Resources.R"
    assert recipient(grant("share", {"group": "all"}, on=("ami",), attached=("ami-1",))) == "ami-1"
    assert recipient(grant("x")) == "Resources.R"


# --- managed policies -----------------------------------------------------------------------------

ADMIN = {"names": ["AdministratorAccess"]}


@pytest.mark.parametrize(
    ("parts", "notes"),
    [
        (("arn:", PARTITION, ":iam::aws:policy/AdministratorAccess"), ()),
        (
            (Hole("parameter", "P", default="arn:aws:iam::aws:policy/AdministratorAccess"),),
            ("P is 'arn:aws:iam::aws:policy/AdministratorAccess', the default",),
        ),
        (("AdministratorAccess",), ()),
        (("arn:aws-iso-b:iam::aws:policy/job-function/AdministratorAccess",), ()),
    ],
    ids=["partition", "default", "name", "path"],
)
def test_administrator_access_in_every_spelling(
    parts: tuple[str | Hole, ...], notes: tuple[str, ...]
) -> None:
    (match,) = attached_named(attachment(*parts), ADMIN)
    assert (match.evidence, match.notes) == (("AdministratorAccess",), notes)


@pytest.mark.parametrize(
    "parts",
    [
        (Hole("parameter", "P"),),
        ("arn:aws:iam::aws:policy/", Hole("parameter", "P")),
        (
            "arn:aws:iam::",
            Hole("pseudo", "AWS::AccountId", alphabet="account"),
            ":policy/AdministratorAccess",
        ),
        ("arn:aws:s3:::AdministratorAccess",),
        ("",),
    ],
)
def test_what_is_not_surely_administrator_access(parts: tuple[str | Hole, ...]) -> None:
    assert list(attached_named(attachment(*parts), ADMIN)) == []


PROBLEMS = {
    "arn:aws:iam::aws:policy/ReadOnlyAccess": "",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": "",
    "arn:aws-us-gov:iam::111122223333:policy/team/reports": "",
    "arn:aws:iam::*:policy/reports": "",
    "reports": "",
    "": "",
    "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole": "the path is wrong; the policy is arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "arn:aws-cn:iam::aws:policy/aws-service-role/ReadOnlyAccess": "the path is wrong; the policy is arn:aws-cn:iam::aws:policy/ReadOnlyAccess",
    "arn:aws:iam:aws:policy/ReadOnlyAccess": "an ARN has six parts",
    "ARN:aws:iam::aws:policy/ReadOnlyAccess": "an ARN has six parts",
    "arn:amazon:iam::aws:policy/ReadOnlyAccess": "the partition is none of aws, aws-cn, aws-eusc, aws-iso, aws-iso-b, aws-iso-e, aws-iso-f, aws-us-gov",
    "arn:aws:s3::aws:policy/ReadOnlyAccess": "a managed policy belongs to iam, not s3",
    "arn:aws:iam:us-east-1:aws:policy/ReadOnlyAccess": "ARNs of IAM have no Region",
    "arn:aws:iam::aws:ReadOnlyAccess": "the last part must be policy/, an optional path, and a name",
    "arn:aws:iam::aws:policy/": "the last part must be policy/, an optional path, and a name",
    "arn:aws:iam::111122223333:role/app": "the last part must be policy/, an optional path, and a name",
    "arn:aws:iam::amazon:policy/ReadOnlyAccess": "the account must be aws or twelve digits",
}


@pytest.mark.parametrize("text", PROBLEMS)
def test_what_is_wrong_with_the_arn_of_a_policy(text: str) -> None:
    found = [match.words["problem"] for match in attached_malformed(attachment(text), {})]
    assert found == ([PROBLEMS[text]] if PROBLEMS[text] else [])


def test_no_policy_of_aws_is_malformed_or_unknown() -> None:
    for name in catalog().managed_policy_names():
        policy = catalog().managed_policy(name)
        assert policy is not None
        found = attachment(policy.arn)
        assert list(attached_malformed(found, {})) == []
        assert list(attached_unknown(found, {})) == []


@pytest.mark.parametrize(
    ("name", "methods"),
    [
        ("AWSLambda_FullAccess", "iam:PassRole + lambda:CreateFunction + lambda:InvokeFunction"),
        ("AmazonEventBridgeFullAccess", "iam:PassRole + scheduler:CreateSchedule"),
        ("AmazonEC2FullAccess", ""),  # PassRole is not in it
        ("AmazonSSMFullAccess", ""),
        ("ReadOnlyAccess", ""),
        ("SecurityAudit", ""),
        ("AmazonESCognitoAccess", ""),  # passes roles to one service, changes what exists
    ],
)
def test_escalation_by_the_text_of_a_policy(name: str, methods: str) -> None:
    found = [match.words["methods"] for match in attached_escalates(attachment(name), {})]
    assert [text.partition(", ")[0] for text in found] == ([methods] if methods else [])


def test_a_service_role_policy_counts_only_on_people() -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole"
    assert list(attached_escalates(attachment(arn), {})) == []
    assert len(list(attached_escalates(attachment(arn, on=("user",)), {}))) == 1


def test_full_services_are_those_that_the_rule_names() -> None:
    found = attachment("AmazonDynamoDBFullAccesswithDataPipeline")
    (match,) = attached_full_service(found, {"services": ["dynamodb", "lambda", "s3"]})
    assert match.evidence == ("AmazonDynamoDBFullAccesswithDataPipeline", "dynamodb:*", "lambda:*")
    assert list(attached_full_service(found, {"services": ["s3"]})) == []


def test_hostile_names_are_quick() -> None:
    for text in ("arn:aws:iam::aws:policy/" + "a" * 100_000, "arn:aws:iam::aws:policy/a\tb\nc", "*" * 10_000):
        for check in (attached_unknown, attached_malformed, attached_escalates):
            list(check(attachment(text), {}))


# --- passwords and keys ---------------------------------------------------------------------------


def everything_in(match: Match) -> str:
    return json.dumps(
        [match.evidence, dict(match.words), match.notes, dict(match.properties), [n for _, n in match.marks]]
    )


@pytest.mark.parametrize(
    ("parts", "fires"),
    [
        (("hunter2",), True),
        ((Hole("parameter", "Password", default="hunter2"),), True),
        ((Hole("secret-default", "Password"),), True),
        (("x", Hole("parameter", "Password", default="hunter2")), True),
        ((Hole("parameter", "Password"),), False),
        ((Hole("reference", "{{resolve:secretsmanager:a}}"),), False),
        (("{{resolve:ssm-secure:a:1}}",), False),
        (("",), False),
    ],
)
def test_a_password_is_found_and_never_repeated(parts: tuple[str | Hole, ...], fires: bool) -> None:
    found = list(plaintext_password(subject(grant("console-password", {"password": value(*parts)})), {}))
    assert bool(found) == fires
    for match in found:
        assert "hunter2" not in everything_in(match)
        assert match.key_only


@pytest.mark.parametrize(
    ("user", "fires"),
    [
        ("root", True),
        ("Root", True),
        ("<root_account>", True),
        ("arn:aws:iam::111122223333:root", True),
        ("roots", False),
        ("arn:aws:iam::111122223333:user/root", False),
    ],
)
def test_keys_of_the_root_user(user: str, fires: bool) -> None:
    assert bool(list(root_access_key(subject(grant("access-key", {"user": user})), {}))) == fires


# --- resources ------------------------------------------------------------------------------------

SERVICE: dict[str, object] = {"only": [], "but": []}
PUBLIC = {"what": ["resource-grant"], "everybody": ["*"], "but-function-url": True}

SOURCES: dict[str, tuple[dict[str, Value | str], bool]] = {
    "none": ({}, True),
    "a hole": ({"source_arn": value(Hole("attribute", "Rule.Arn"))}, False),
    "a bucket": ({"source_arn": "arn:aws:s3:::uploads"}, False),
    "a bucket by hole": ({"source_arn": value("arn:", PARTITION, ":s3:::", Hole("resource", "B"))}, False),
    "any bucket": ({"source_arn": "arn:aws:s3:::*"}, True),
    "any account": ({"source_arn": "arn:aws:sns:*:*:topic"}, True),
    "one account, any topic": ({"source_arn": "arn:aws:sns:*:111122223333:*"}, False),
    "a star": ({"source_arn": "*"}, True),
    "empty": ({"source_arn": ""}, True),
    "an account": ({"source_account": "111122223333"}, False),
    "the template's account": (
        {"source_account": value(Hole("pseudo", "AWS::AccountId", alphabet="account"))},
        False,
    ),
    "an account that is a star": ({"source_account": "*"}, True),
    "an organization": ({"principal_org_id": "o-a1b2c3d4e5"}, False),
    "a token": ({"event_source_token": "t"}, False),
}


@pytest.mark.parametrize("case", SOURCES)
def test_what_bounds_the_permission_of_a_service(case: str) -> None:
    fields, fires = SOURCES[case]
    found = subject(grant("resource-grant", {"principal": "s3.amazonaws.com", **fields}))
    assert bool(list(permission_without_source(found, SERVICE))) == fires


@pytest.mark.parametrize(
    ("principal", "fires"),
    [
        ("s3.amazonaws.com", True),
        ("s3.amazonaws.com.cn", True),
        ("alexa-appkit.amazon.com", True),
        ("events.amazon.com", False),
        ("111122223333", False),
        ("*", False),
        ("arn:aws:iam::111122223333:role/x", False),
    ],
)
def test_which_principals_are_services(principal: str, fires: bool) -> None:
    found = subject(grant("resource-grant", {"principal": principal}))
    assert bool(list(permission_without_source(found, SERVICE))) == fires


def test_the_permission_of_an_open_url_is_reported_once() -> None:
    permission = grant("resource-grant", {"principal": "*", "url_auth_type": "NONE"}, owner="Resources.P")
    open_url = grant("public-endpoint", {"auth": "NONE"}, owner="Resources.U")
    signed = grant("public-endpoint", {"auth": "AWS_IAM"}, owner="Resources.U")
    assert len(list(public_permission(subject(permission), PUBLIC))) == 1
    assert len(list(public_permission(subject(permission, signed), PUBLIC))) == 1
    assert list(public_permission(subject(permission, open_url), PUBLIC)) == []


def test_one_finding_for_all_flags_of_a_block() -> None:
    block = grant(
        "public-access-block",
        {
            "block_public_acls": "False",
            "block_public_policy": "true",
            "ignore_public_acls": value(Hole("parameter", "F", default="false")),
        },
    )
    params = {
        "what": ["public-access-block"],
        "fields": [
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        ],
        "values": ["false"],
        "missing": True,
        "unless-chosen-by": ["public"],
    }
    (match,) = field_value(subject(block), params)
    assert match.evidence == (
        "block_public_acls=false",
        "ignore_public_acls=false",
        "restrict_public_buckets is not set",
    )
    assert match.notes == ("F is 'false', the default",)
    assert len(match.marks) == 1


@pytest.mark.parametrize(
    ("text", "fires"), [("13", True), ("14", False), ("fourteen", False), ("٣", False), ("9" * 40, False)]
)
def test_numbers(text: str, fires: bool) -> None:
    params = {
        "what": ["password-policy"],
        "field": "minimum_length",
        "at-least": 14,
        "at-most": None,
        "missing": False,
    }
    assert (
        bool(list(field_number(subject(grant("password-policy", {"minimum_length": text})), params))) == fires
    )


# --- users and groups -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "fires"),
    [
        ("staff", False),
        ("Staff", False),
        (value(Hole("resource", "Staff")), False),
        (value(Hole("reference", "aws_iam_group.Staff.name")), True),
        (value(Hole("parameter", "Group")), False),
        (value(Hole("resource", "Guests")), True),
        ("guests", True),
    ],
)
def test_a_membership_that_may_name_the_group(group: Value | str, fires: bool) -> None:
    declared = grant("declared", {"name": "staff"}, on=("group",), owner="Resources.Staff")
    membership = grant("group-membership", {"group": group}, owner="Resources.M")
    assert bool(list(group_without_user(subject(declared, membership), {}))) == fires


def test_terraform_references_name_the_group() -> None:
    declared = grant("declared", {"name": "staff"}, on=("group",), owner="aws_iam_group.staff")
    membership = grant(
        "group-membership", {"group": value(Hole("reference", "aws_iam_group.staff.name"))}, owner="x.y"
    )
    assert list(group_without_user(subject(declared, membership), {})) == []


def test_many_users_and_memberships_do_not_cost_their_product() -> None:

    users = [grant("declared", on=("user",), owner=f"Resources.U{n}") for n in range(5_000)]
    members = [grant("group-membership", {"user": f"u{n}"}, owner=f"Resources.M{n}") for n in range(5_000)]
    blocks = [
        grant("public-access-block", {"ignore_public_acls": "true"}, owner=f"Resources.B{n}")
        for n in range(5_000)
    ]
    acls = [grant("acl", {"acl": "public-read"}, owner=f"Resources.B{n}") for n in range(5_000)]
    unit = Unit(Extraction(grants=(*users, *members, *blocks, *acls)))
    assert (
        sum(len(list(user_without_group(GrantSubject(user, Settings(), unit), {}))) for user in users)
        == 5_000
    )
    params = {"canned": ["publicread"], "groups": []}
    assert [match for acl in acls for match in public_acl(GrantSubject(acl, Settings(), unit), params)] == []


def test_a_policy_reference_is_named_in_the_message() -> None:
    found = grant(
        "managed-attachment",
        {"policy": value("arn:", PARTITION, ":iam::aws:policy/ReadOnlyAccess")},
        on=("user",),
    )
    (match,) = attached_to(subject(found), {"holder": "user"})
    assert match.words["policy"] == "ReadOnlyAccess"
    found = grant("managed-attachment", {"policy": value(Hole("resource", "Policy"))}, on=("user",))
    (match,) = attached_to(subject(found), {"holder": "user"})
    assert match.words["policy"] == "<Policy>"


def test_inline_policies_are_told_from_attached_ones_in_a_template() -> None:
    """One document that two places read: an inline policy of a user, and a managed one attached to it."""
    from iamlint.engine.judge import Judge
    from iamlint.engine.load import load_rules
    from iamlint.engine.rule import Profile
    from iamlint.model import Finding

    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}],
    }
    template = {
        "Resources": {
            "Alice": {
                "Type": "AWS::IAM::User",
                "Properties": {"Policies": [{"PolicyName": "p", "PolicyDocument": document}]},
            },
            "App": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
            "OfApp": {
                "Type": "AWS::IAM::Policy",
                "Properties": {"PolicyName": "q", "Roles": [{"Ref": "App"}], "PolicyDocument": document},
            },
            "OfAlice": {
                "Type": "AWS::IAM::Policy",
                "Properties": {"PolicyName": "r", "Users": [{"Ref": "Alice"}], "PolicyDocument": document},
            },
            "Managed": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"Users": [{"Ref": "Alice"}], "PolicyDocument": document},
            },
        }
    }
    rules = [
        rule for rule in load_rules().rules if rule.name in {"user-inline-policy", "policy-attached-to-user"}
    ]
    extraction = extract_unit(
        [SourceFile("t.json", json.dumps(template).encode(), named=True)], SourceOptions()
    )
    found = [
        item
        for item in Judge(rules, Settings(), Profile.DEFAULT).judge(extraction)
        if isinstance(item, Finding)
    ]
    assert sorted((item.policy.owner, item.rule_name) for item in found) == [
        ("Resources.Alice", "user-inline-policy"),
        ("Resources.Managed", "policy-attached-to-user"),
        ("Resources.OfAlice", "user-inline-policy"),
    ]


def keys_told(path: str, tree: Mapping[str, object]) -> list[str]:
    """Return the keys of a file for which it writes no policy."""
    file = SourceFile(path, json.dumps(tree).encode(), named=True)
    extraction = extract_unit([file], SourceOptions())
    unit = Unit(extraction)
    return [
        one.owner.address
        for one in extraction.grants
        if one.what == "declared" and list(key_without_policy(GrantSubject(one, Settings(), unit), {}))
    ]


def test_keys_without_a_policy() -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Bare": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True}},
            "Kept": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}},
            "Elsewhere": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Fn::ImportValue": "p"}}},
        },
    }
    assert keys_told("t.template.json", template) == ["Resources.Bare"]
    module = {
        "resource": {
            "aws_kms_key": {
                "bare": {"description": "x"},
                "kept": {"policy": json.dumps(policy)},
                "beside": {"description": "y"},
            },
            "aws_kms_key_policy": {
                "beside": {"key_id": "${aws_kms_key.beside.id}", "policy": json.dumps(policy)}
            },
        }
    }
    assert keys_told("main.tf.json", module) == ["aws_kms_key.bare"]


def test_a_foreign_grant_by_what_the_configuration_knows() -> None:
    allowed = grant("share", {"principal": "444455556666"}, on=("ami",))
    params = {"what": ["share"]}
    unit = Unit(Extraction(grants=(allowed,)))
    known = Settings(accounts=frozenset({"444455556666"}))
    assert list(foreign_grant(GrantSubject(allowed, Settings(), unit), params))
    assert not list(foreign_grant(GrantSubject(allowed, known, unit), params))


def test_a_list_of_accounts_in_one_text() -> None:
    """As the permissions of a Terraform SSM document have it."""
    shared = grant("share", {"principal": "111122223333, 444455556666"}, on=("ssm-document",))
    settings = Settings(accounts=frozenset({"111122223333"}))
    (found,) = foreign_grant(
        GrantSubject(shared, settings, Unit(Extraction(grants=(shared,)))), {"what": ["share"]}
    )
    assert found.evidence == ("444455556666",)


def test_a_source_without_wildcards_is_one_resource() -> None:
    fields = {
        "principal": "apigateway.amazonaws.com",
        "source_arn": "arn:aws:apigateway:us-east-1::/apis/a1b2",
    }
    params = {"only": ["apigateway"], "but": []}
    assert not list(permission_without_source(subject(grant("resource-grant", fields)), params))
