"""Conditions to add: the right operator, only what is missing, and where it goes."""

from __future__ import annotations

import json

import pytest
from advised_statement import advice

from iamlint.engine.subject import Settings
from iamlint.model import Advice, PolicyKind

GITHUB = "token.actions.githubusercontent.com"
TRUST = {
    "Effect": "Allow",
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}"},
}
SUBJECT = {"condition": {"StringEquals": {"{issuer}:sub": "{subject}", "{issuer}:aud": "{audience}"}}}
MFA = {"condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}


def trust(**more: object) -> dict[str, object]:
    return {**TRUST, **more}


@pytest.mark.parametrize(
    ("maker", "statement", "expected"),
    [
        pytest.param(
            MFA,
            {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
            [("add to the statement", '"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}')],
            id="a whole condition",
        ),
        pytest.param(
            MFA,
            {
                "Effect": "Allow",
                "Action": "iam:*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}},
            },
            [("add to its Condition", '"Bool": {"aws:MultiFactorAuthPresent": "true"}')],
            id="beside another operator",
        ),
        pytest.param(
            MFA,
            {
                "Effect": "Allow",
                "Action": "iam:*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            },
            [("add to Bool of its Condition", '"aws:MultiFactorAuthPresent": "true"')],
            id="under the operator that is there",
        ),
        pytest.param(
            MFA,
            {
                "Effect": "Allow",
                "Action": "iam:*",
                "Resource": "*",
                "Condition": {"BoolIfExists": {"aws:multifactorauthpresent": "true"}},
            },
            [],
            id="nothing where the key is tested",
        ),
        pytest.param(
            {"condition": {"Null": {"{key}": "false"}}},
            {
                "Effect": "Allow",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-a/r-b/"}},
            },
            [("add to its Condition", '"Null": {"aws:PrincipalOrgPaths": "false"}')],
            id="that a key is there is a test apart",
        ),
        pytest.param(
            SUBJECT,
            trust(),
            [
                (
                    "add to the statement",
                    (
                        '"Condition": {\n'
                        '  "StringEquals": {\n'
                        f'    "{GITHUB}:sub": "repo:<owner>/<repository>:ref:refs/heads/<branch>",\n'
                        f'    "{GITHUB}:aud": "sts.amazonaws.com"\n'
                        "  }\n"
                        "}"
                    ),
                )
            ],
            id="the issuer's prefix",
        ),
        pytest.param(
            SUBJECT,
            trust(Condition={"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}),
            [
                (
                    "add to StringEquals of its Condition",
                    f'"{GITHUB}:sub": "repo:<owner>/<repository>:ref:refs/heads/<branch>"',
                )
            ],
            id="the missing half",
        ),
        pytest.param(
            {"instead": {"StringEquals": {"{issuer}:sub": "{subject}"}}},
            trust(Condition={"StringLike": {f"{GITHUB}:sub": "repo:octo/*"}}),
            [
                (
                    f"in place of the test on {GITHUB}:sub",
                    (
                        '"StringEquals": {\n'
                        f'  "{GITHUB}:sub": "repo:octo/<repository>:ref:refs/heads/<branch>"\n'
                        "}"
                    ),
                )
            ],
            id="the owner that is known stays",
        ),
        pytest.param(
            {"instead": {"StringEquals": {"{issuer}:sub": "{subject}"}}},
            trust(Condition={"StringLike": {f"{GITHUB}:sub": "repo:*"}}),
            [
                (
                    f"in place of the test on {GITHUB}:sub",
                    (
                        '"StringEquals": {\n'
                        f'  "{GITHUB}:sub": "repo:<owner>/<repository>:ref:refs/heads/<branch>"\n'
                        "}"
                    ),
                )
            ],
            id="an open owner is a blank",
        ),
        pytest.param(
            {"instead": {"StringEquals": {"{issuer}:sub": "x"}}}, trust(), [], id="nothing to replace"
        ),
        pytest.param(
            {"condition": {"StringEquals": {"{issuer}:sub": "{subject}"}}},
            {
                **TRUST,
                "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/app.terraform.io"},
            },
            [
                (
                    "add to the statement",
                    (
                        '"Condition": {\n'
                        '  "StringLike": {\n'
                        '    "app.terraform.io:sub": "organization:<organization>:project:<project>:workspace:<workspace>:run_phase:*"\n'
                        "  }\n"
                        "}"
                    ),
                )
            ],
            id="StringLike for a value with a wildcard",
        ),
        pytest.param(
            {"condition": {"StringEquals": {"iam:PassedToService": "{services}"}}},
            {"Effect": "Allow", "Action": ["iam:PassRole", "ec2:RunInstances"], "Resource": "*"},
            [
                (
                    "in a statement of its own for iam:PassRole, with",
                    '"Condition": {"StringEquals": {"iam:PassedToService": "<service>.amazonaws.com"}}',
                )
            ],
            id="a key that only one of the actions knows",
        ),
        pytest.param(
            "source",
            {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"},
            [
                (
                    "add to the statement",
                    '"Condition": {\n  "ArnLike": {"aws:SourceArn": "arn:aws:sns:<region>:<account-id>:<topic-name>"}\n}',
                )
            ],
            id="a service that sends its ARN alone",
        ),
        pytest.param(
            "source",
            {
                "Effect": "Allow",
                "Principal": {"Service": ["s3.amazonaws.com", "ses.amazonaws.com"]},
                "Action": "*",
            },
            [
                (
                    "add to the statement",
                    '"Condition": {"StringEquals": {"aws:SourceAccount": "<account-id>"}}',
                )
            ],
            id="what all the services send",
        ),
        pytest.param(
            "source",
            {
                "Effect": "Allow",
                "Principal": {"Service": ["sns.amazonaws.com", "ses.amazonaws.com"]},
                "Action": "*",
            },
            [],
            id="nothing that both send",
        ),
    ],
)
def test_what_to_add(maker: object, statement: dict[str, object], expected: list[tuple[str, str]]) -> None:
    found = advice([maker], statement, kind=PolicyKind.RESOURCE, words={"key": "aws:PrincipalOrgPaths"})  # type: ignore[list-item]
    assert [(one.title, one.text) for one in found] == expected
    for _, text in expected:
        json.loads(f"{{{text}}}")


@pytest.mark.parametrize(
    ("organizations", "value"),
    [
        (set(), '"<organization-id>"'),
        ({"o-aaaaaaaaaa"}, '"o-aaaaaaaaaa"'),
        ({"o-bbbbbbbbbb", "o-aaaaaaaaaa"}, '["o-aaaaaaaaaa", "o-bbbbbbbbbb"]'),
    ],
)
def test_the_organizations_of_the_configuration(organizations: set[str], value: str) -> None:
    maker = {"condition": {"StringEquals": {"aws:PrincipalOrgID": "{organization}"}}}
    settings = Settings(organizations=frozenset(organizations))
    (one,) = advice([maker], {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}, settings=settings)
    assert (
        one.text.replace("\n", "").replace("  ", "")
        == f'"Condition": {{"StringEquals": {{"aws:PrincipalOrgID": {value}}}}}'
    )


def test_a_whole_statement() -> None:
    maker = {
        "statement": {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["{target}", "{target}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    }
    (one,) = advice(
        [maker], {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}, attachments=("my-logs",)
    )
    assert one.title == "a statement to add"
    assert json.loads(one.text) == {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::my-logs", "arn:aws:s3:::my-logs/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@pytest.mark.parametrize("subject", ['repo:a"\n}\x1b[31m/*', "repo:" + "a" * 5_000 + "/*", "repo:${owner}/x"])
def test_odd_text_of_the_input_is_a_blank(subject: str) -> None:
    (one,) = advice(
        [{"instead": {"StringEquals": {"{issuer}:sub": "{subject}"}}}],
        trust(Condition={"StringLike": {f"{GITHUB}:sub": subject}}),
    )
    expected = {"StringEquals": {f"{GITHUB}:sub": "repo:<owner>/<repository>:ref:refs/heads/<branch>"}}
    assert json.loads(f"{{{one.text}}}") == expected


def test_text_of_the_input_cannot_leave_its_quotes() -> None:
    hostile = 'x.example/a"\n}\x1b[31m'
    (one,) = advice(
        [{"condition": {"StringEquals": {"{issuer}:sub": "{subject}"}}}],
        {**TRUST, "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{hostile}"}},
    )
    assert json.loads(f"{{{one.text}}}") == {"Condition": {"StringEquals": {f"{hostile}:sub": "<subject>"}}}
    assert "\x1b" not in one.text
    assert isinstance(one, Advice)
