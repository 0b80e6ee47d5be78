"""Access without documents: the same words and fields as in every other format."""

from __future__ import annotations

import pytest
from terraform_cases import fields, grants_of, module, shown_statement

CASES = [
    (
        {
            "aws_iam_role": {
                "r": {"managed_policy_arns": ["arn:aws:iam::aws:policy/A", "${aws_iam_policy.p.arn}"]}
            }
        },
        "managed-attachment",
        [
            ({"policy": ["arn:aws:iam::aws:policy/A"]}, ("role",), ("aws_iam_role.r",)),
            ({"policy": ["<aws_iam_policy.p.arn>"]}, ("role",), ("aws_iam_role.r",)),
        ],
    ),
    (
        {
            "aws_iam_user_policy_attachment": {
                "a": {"user": "${aws_iam_user.u.name}", "policy_arn": "arn:x"}
            },
            "aws_iam_user": {"u": {"name": "ann"}},
        },
        "managed-attachment",
        [({"policy": ["arn:x"], "user": ["ann"]}, ("user",), ("aws_iam_user.u",))],
    ),
    (
        {
            "aws_iam_policy_attachment": {
                "a": {"name": "n", "policy_arn": "arn:x", "users": ["u"], "roles": ["${aws_iam_role.r.name}"]}
            }
        },
        "managed-attachment-exclusive",
        [
            (
                {"policy": ["arn:x"], "role": ["<aws_iam_role.r.name>"], "user": ["u"], "name": ["n"]},
                ("role", "user"),
                ("aws_iam_role.r", "u"),
            )
        ],
    ),
    (
        {
            "aws_iam_access_key": {"k": {"user": "ann", "status": "Inactive"}},
            "aws_iam_user": {"u": {"name": "ann"}},
        },
        "access-key",
        [({"user": ["ann"], "status": ["Inactive"]}, ("user",), ("aws_iam_user.u",))],
    ),
    (
        {"aws_iam_user_login_profile": {"l": {"user": "ann"}}},
        "console-password",
        [({"user": ["ann"]}, ("user",), ("ann",))],
    ),
    (
        {"aws_iam_user": {"u": {"name": "ann", "path": "/x/", "force_destroy": True}}},
        "declared",
        [({"name": ["ann"], "path": ["/x/"], "force_destroy": ["true"]}, ("user",), ("aws_iam_user.u",))],
    ),
    (
        {"aws_iam_group": {"g": {"name": "dev"}}},
        "declared",
        [({"name": ["dev"]}, ("group",), ("aws_iam_group.g",))],
    ),
    (
        {"aws_iam_group_membership": {"m": {"name": "m", "users": ["a", "b"], "group": "dev"}}},
        "group-membership",
        [
            ({"user": ["a"], "group": ["dev"]}, ("user",), ("a",)),
            ({"user": ["b"], "group": ["dev"]}, ("user",), ("b",)),
        ],
    ),
    (
        {"aws_iam_account_password_policy": {"p": {"minimum_password_length": 8, "require_symbols": False}}},
        "password-policy",
        [
            (
                {"minimum_length": ["8"], "require_symbols": ["false"]},
                ("account",),
                ("aws_iam_account_password_policy.p",),
            )
        ],
    ),
    (
        {"aws_iam_account_password_policy": {"p": {"max_password_age": 90}}},
        "password-policy",
        [({"max_age": ["90"]}, ("account",), ("aws_iam_account_password_policy.p",))],
    ),
    (
        {
            "aws_lambda_function_url": {
                "u": {"authorization_type": "NONE", "function_name": "${aws_lambda_function.f.arn}"}
            }
        },
        "public-endpoint",
        [
            (
                {"auth": ["NONE"], "function": ["<aws_lambda_function.f.arn>"]},
                ("lambda-function",),
                ("aws_lambda_function.f",),
            )
        ],
    ),
    (
        {"aws_s3_bucket_acl": {"a": {"bucket": "${aws_s3_bucket.b.id}", "acl": "public-read"}}},
        "acl",
        [({"acl": ["public-read"]}, ("s3-bucket",), ("aws_s3_bucket.b",))],
    ),
    (
        {
            "aws_s3_bucket": {
                "b": {
                    "grant": [
                        {"type": "Group", "uri": "http://x/AllUsers", "permissions": ["READ", "WRITE"]},
                        {"id": "me"},
                    ]
                }
            }
        },
        "acl",
        [
            (
                {"grantee_uri": ["http://x/AllUsers"], "permission": ["READ", "WRITE"]},
                ("s3-bucket",),
                ("aws_s3_bucket.b",),
            ),
            ({"grantee_id": ["me"]}, ("s3-bucket",), ("aws_s3_bucket.b",)),
        ],
    ),
    (
        {
            "aws_s3_bucket_public_access_block": {
                "b": {"bucket": "logs", "block_public_policy": "${var.block}"}
            }
        },
        "public-access-block",
        [({"block_public_policy": ["<var.block>"], "bucket": ["logs"]}, ("s3-bucket",), ("logs",))],
    ),
    (
        {"aws_iam_role": {"r": {"permissions_boundary": "arn:x"}}},
        "boundary",
        [({"policy": ["arn:x"]}, ("role",), ("aws_iam_role.r",))],
    ),
    ({"aws_iam_role": {"r": {"managed_policy_arns": None, "permissions_boundary": ""}}}, "boundary", []),
]


@pytest.mark.parametrize(("resource", "what", "expected"), CASES)
def test_grants(resource: object, what: str, expected: list[object]) -> None:
    found = module({"resource": resource})
    assert [(fields(grant), grant.on, grant.attachments) for grant in grants_of(found, what)] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {
                "action": "lambda:InvokeFunction",
                "function_name": "f",
                "principal": "s3.amazonaws.com",
                "source_arn": "${aws_s3_bucket.b.arn}",
                "source_account": "123456789012",
            },
            {
                "Effect": "Allow",
                "Action": ["lambda:InvokeFunction"],
                "Resource": ["f"],
                "Principal": [("Service", "s3.amazonaws.com")],
                "Condition": [
                    ("ArnLike", "AWS:SourceArn", ["<aws_s3_bucket.b.arn>"]),
                    ("StringEquals", "AWS:SourceAccount", ["123456789012"]),
                ],
            },
        ),
        (
            {
                "action": "lambda:InvokeFunctionUrl",
                "function_name": "f",
                "principal": "*",
                "function_url_auth_type": "NONE",
                "statement_id": "S",
            },
            {
                "Sid": "S",
                "Effect": "Allow",
                "Action": ["lambda:InvokeFunctionUrl"],
                "Resource": ["f"],
                "Principal": [("*", "*")],
                "Condition": [("StringEquals", "lambda:FunctionUrlAuthType", ["NONE"])],
            },
        ),
        (
            {
                "action": "lambda:*",
                "function_name": "f",
                "principal": "123456789012",
                "principal_org_id": "o-1",
            },
            {
                "Effect": "Allow",
                "Action": ["lambda:*"],
                "Resource": ["f"],
                "Principal": [("AWS", "123456789012")],
                "Condition": [("StringEquals", "aws:PrincipalOrgID", ["o-1"])],
            },
        ),
        (
            {"action": "a:b", "function_name": "f", "principal": "${data.aws_caller_identity.c.account_id}"},
            {
                "Effect": "Allow",
                "Action": ["a:b"],
                "Resource": ["f"],
                "Principal": [("AWS", "<data.aws_caller_identity.c.account_id>")],
            },
        ),
        (
            {"action": "a:b", "function_name": "f", "principal": "${var.who}"},
            {"Effect": "Allow", "Action": ["a:b"], "Resource": ["f"], "Principal": [("?", "<var.who>")]},
        ),
    ],
)
def test_a_lambda_permission_is_a_statement(body: object, expected: object) -> None:
    (grant,) = grants_of(module({"resource": {"aws_lambda_permission": {"p": body}}}), "resource-grant")
    assert [shown_statement(statement) for statement in grant.statements] == [expected]


def test_an_event_bus_permission_is_a_statement() -> None:
    body = {
        "principal": "*",
        "statement_id": "S",
        "condition": {"type": "StringEquals", "key": "aws:PrincipalOrgID", "value": "o-1"},
    }
    (grant,) = grants_of(
        module({"resource": {"aws_cloudwatch_event_permission": {"p": body}}}), "resource-grant"
    )
    assert [shown_statement(statement) for statement in grant.statements] == [
        {
            "Sid": "S",
            "Effect": "Allow",
            "Action": ["events:PutEvents"],
            "Principal": [("*", "*")],
            "Condition": [("StringEquals", "aws:PrincipalOrgID", ["o-1"])],
        }
    ]


def test_grants_stand_at_their_item() -> None:
    found = module(
        {"main.tf.json": '{"resource": {"aws_iam_role": {"r": {"managed_policy_arns": [\n"a",\n"b"]}}}}'}
    )
    assert [
        grant.document.span(grant.pointer).start_line for grant in grants_of(found, "managed-attachment")
    ] == [2, 3]
