"""The ARNs that actions take: which action takes which, and which takes none."""

from __future__ import annotations

import pytest
from advised_statement import advice

from iamlint.engine.advice.resources import _below


def of_actions(*actions: str, resource: object = "*") -> list[str]:
    found = advice(["resources"], {"Effect": "Allow", "Action": list(actions), "Resource": resource})
    return [one.text for one in found]


@pytest.mark.parametrize(
    ("actions", "text"),
    [
        (
            ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:ListAllMyBuckets"],
            (
                "s3:GetObject, s3:PutObject:\n"
                '  "arn:aws:s3:::<bucket-name>/<object-name>",\n'
                "s3:ListBucket:\n"
                '  "arn:aws:s3:::<bucket-name>",\n'
                'no ARN, so "*" in a statement of its own: s3:ListAllMyBuckets'
            ),
        ),
        (
            ["sqs:SendMessage"],
            'sqs:SendMessage:\n  "arn:aws:sqs:<region>:<account-id>:<queue-name>",',
        ),
        (
            ["kms:Decrypt", "secretsmanager:GetSecretValue"],
            (
                "kms:Decrypt:\n"
                '  "arn:aws:kms:<region>:<account-id>:key/<key-id>",\n'
                "secretsmanager:GetSecretValue:\n"
                '  "arn:aws:secretsmanager:<region>:<account-id>:secret:<secret-id>",'
            ),
        ),
        (
            ["ec2:CreateSecurityGroup"],
            ('ec2:CreateSecurityGroup:\n  "arn:aws:ec2:<region>:<account-id>:security-group/*",'),
        ),
    ],
)
def test_formats(actions: list[str], text: str) -> None:
    assert of_actions(*actions) == [text]


@pytest.mark.parametrize(
    ("actions", "resource"),
    [
        pytest.param(["ec2:DescribeInstances"], "*", id="no action takes an ARN"),
        pytest.param(["s3:*"], "*", id="too many to guide anybody"),
        pytest.param(["s3:GetObject"], "arn:aws:s3:::b/*", id="the resource is named"),
        pytest.param(["nosuch:Thing"], "*", id="unknown actions"),
    ],
)
def test_nothing_to_say(actions: list[str], resource: str) -> None:
    assert of_actions(*actions, resource=resource) == []


@pytest.mark.parametrize("resource", ["arn:aws:s3:::*", "arn:aws:s3:::*/*", ["arn:aws:s3:::b", "*"]])
def test_what_is_as_wide_as_a_star_counts(resource: object) -> None:
    assert of_actions("s3:GetObject", resource=resource)


@pytest.mark.parametrize(
    ("own", "wanted", "below"),
    [
        ("arn:*:s3:::*", "arn:*:s3:::*", ""),
        ("arn:*:s3:::*", "arn:*:s3:::*/*", "/*"),
        ("arn:*:s3:::*", "arn:*:s3:*:*:accesspoint/*", None),
        ("arn:*:sns:*:*:*", "arn:*:sns:*:*:*:*", ":*"),
        ("arn:*:dynamodb:*:*:table/*", "arn:*:dynamodb:*:*:table/*/index/*", "/index/*"),
        ("arn:*:logs:*:*:log-group:*:*", "arn:*:logs:*:*:log-group:*", ""),
        ("arn:*:logs:*:*:log-group:*:*", "arn:*:logs:*:*:log-group:*:log-stream:*", ""),
        ("arn:*:logs:*:*:log-group:*", "arn:*:logs:*:*:log-group:*:log-stream:*", ":log-stream:*"),
        ("arn:*:iam::*:role/*", "arn:*:iam::*:policy/*", None),
        ("arn:*:ec2:*:*:instance/*", "arn:*:ec2:*:*:instance/*", ""),
    ],
)
def test_what_comes_below_an_arn(own: str, wanted: str, below: str | None) -> None:
    assert _below(own, wanted) == below
