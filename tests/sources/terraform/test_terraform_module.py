"""`*.tf.json` modules to policies: syntax, references, documents built apart, places."""

from __future__ import annotations

import json

import pytest
from terraform_cases import module, owners, policy_of, shown, texts, written

from iamlint.model import json_pointer

ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DOCUMENT = {"Version": "2012-10-17", "Statement": [ALLOW_ALL]}
AS_TEXT = json.dumps(DOCUMENT)
SHOWN_ALL = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}


def one_policy(argument: object, **others: object) -> object:
    """A module with one managed policy."""
    return {"resource": {"aws_iam_policy": {"p": {"policy": argument}}}, **others}


# Where the labels and bodies may be lists


@pytest.mark.parametrize(
    "resource",
    [
        {"aws_iam_policy": {"p": {"policy": AS_TEXT}}},
        [{"aws_iam_policy": {"p": {"policy": AS_TEXT}}}],
        {"aws_iam_policy": [{"p": {"policy": AS_TEXT}}]},
        {"aws_iam_policy": {"p": [{"policy": AS_TEXT}]}},
        [[{"aws_iam_policy": [[{"p": [[{"//": "note", "policy": AS_TEXT}]]}]]}]],
        {"//": "comment", "aws_iam_policy": {"//": {"x": 1}, "p": {"//": "c", "policy": AS_TEXT}}},
    ],
)
def test_bodies_are_objects_or_lists_at_any_level(resource: object) -> None:
    found = module({"resource": resource})
    assert owners(found) == {"aws_iam_policy.p": "identity"}
    assert shown(found.policies[0]) == [SHOWN_ALL]
    assert found.diagnostics == ()


def test_the_root_may_be_a_list_and_null_blocks_are_nothing() -> None:
    found = module(
        {"main.tf.json": [{"resource": None}, {"resource": {"aws_iam_policy": {"p": {"policy": AS_TEXT}}}}]}
    )
    assert owners(found) == {"aws_iam_policy.p": "identity"}


# What an argument may be


@pytest.mark.parametrize(
    "argument",
    [
        AS_TEXT,
        DOCUMENT,
        '${jsonencode({Version = "2012-10-17", Statement = [{Effect = "Allow", Action = "*", Resource = "*"}]})}',
        '${jsonencode({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}})}',
        "${local.text}",
        "${local.encoded}",
        "${jsonencode(local.tree)}",
        '${jsonencode({Version = "2012-10-17", Statement = local.tree.Statement})}',
        '${jsonencode(merge({Version = "2012-10-17"}, {Statement = concat([], local.tree.Statement)}))}',
        '${jsonencode({Version = "2012-10-17", Statement = flatten([[local.tree.Statement], []])})}',
        "${jsonencode(jsondecode(local.text))}",
        '{"Version": "2012-10-17", "Statement": ${jsonencode(local.tree.Statement)}}',
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "${local.star}", "Resource": "*"}]}',
        '${join("", ["{\\"Version\\": \\"2012-10-17\\", \\"Statement\\": ", jsonencode(local.tree.Statement), "}"])}',
        '${format("{\\"Version\\": \\"2012-10-17\\", \\"Statement\\": [%s]}", local.statement_text)}',
        '${file("${path.module}/policies/all.json")}',
        '${file("policies/all.json")}',
        '${templatefile("${path.module}/policies/all.tpl", {star = local.star})}',
        '${true ? local.text : "{}"}',
        '${local.star == "*" ? local.text : "{}"}',
        "${trimspace(local.text)}",
        '${jsonencode({Version = "2012-10-17", Statement = [for a in ["*"] : {Effect = "Allow", Action = a, Resource = a}]})}',
    ],
)
def test_one_document_in_every_spelling(argument: object) -> None:
    tree = one_policy(
        argument,
        locals=[
            {"text": AS_TEXT, "star": "*", "statement_text": json.dumps(ALLOW_ALL)},
            {"tree": DOCUMENT, "encoded": "${jsonencode(local.tree)}"},
        ],
    )
    files = {
        "policies/all.json": AS_TEXT,
        "policies/all.tpl": AS_TEXT.replace('"*"', '"${star}"'),
    }
    found = module({"main.tf.json": tree}, files)
    policy = policy_of(found, "aws_iam_policy.p")
    assert shown(policy) == [SHOWN_ALL]
    assert str(policy.version) == "2012-10-17"
    assert policy.faults == ()
    assert found.diagnostics == ()


@pytest.mark.parametrize(
    "argument",
    [
        "${var.policy}",
        "${module.other.policy}",
        '${replace(var.policy, "a", "b")}',
        "${unknown_function(1)}",
        '${file("missing.json")}',
        '${file("../outside.json")}',
        '${file("/etc/policy.json")}',
        "${local.loop}",
        "${jsonencode({Statement = var.statements})}",
        '{"Statement": [',
        "not json",
        "${broken expression here}",
        "${data.aws_iam_policy_document.missing.json}",
        ["a list"],
        5,
        True,
    ],
)
def test_what_cannot_be_read_is_a_policy_without_statements_and_a_diagnostic(argument: object) -> None:
    found = module(one_policy(argument, locals={"loop": "${local.pool}", "pool": "${local.loop}"}))
    policy = policy_of(found, "aws_iam_policy.p")
    assert policy.statements is None
    assert policy.kind == "identity"
    assert {(d.path, d.line) for d in found.diagnostics} == {("main.tf.json", 1)}


@pytest.mark.parametrize(
    "text",
    [
        '{"Statement": [{"Effect": "Allow", "Action": ["s3:*",], "Resource": "*",},]}',
        '{"Statement": {"Effect": "Allow", /* all */ "Action": ["s3:*"], "Resource": "*" # of it\n}}',
    ],
)
def test_slips_in_a_written_document_are_told_and_read_past(text: str) -> None:
    found = module({"main.tf.json": one_policy(text)})
    policy = policy_of(found, "aws_iam_policy.p")
    assert shown(policy) == [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]
    assert [fault.code for fault in policy.faults] == ["no-json"]
    assert not found.diagnostics


@pytest.mark.parametrize("argument", [None, ""])
def test_an_absent_document_is_none(argument: object) -> None:
    found = module(one_policy(argument))
    assert found.policies == ()
    assert found.diagnostics == ()


# Holes


def test_references_are_holes_that_say_what_decides_them() -> None:
    resource = {
        "aws_s3_bucket": {"named": {"bucket": "logs"}, "free": {}},
        "aws_iam_role": {"r": {"name": "app", "path": "/team/"}},
        "aws_iam_policy": {
            "p": {
                "policy": json.dumps(
                    {
                        "Statement": {
                            "Effect": "Allow",
                            "Action": "s3:Get*",
                            "Resource": [
                                "${aws_s3_bucket.named.arn}/*",
                                "${aws_s3_bucket.free.arn}",
                                "arn:aws:s3:::${aws_s3_bucket.named.id}/x",
                                "arn:aws:s3:::${aws_s3_bucket.named.bucket}/x",
                                "${aws_iam_role.r.arn}",
                                "arn:${data.aws_partition.p.partition}:s3:${data.aws_region.r.name}:${data.aws_caller_identity.c.account_id}:x",
                                "arn:aws:s3:::${var.env}-${var.missing}/$${aws:username}",
                                "${some_other.thing.arn}",
                                "${aws_unheard_of.x.arn}",
                            ],
                        }
                    }
                )
            }
        },
    }
    found = module({"resource": resource, "variable": {"env": {"default": "dev"}}})
    (statement,) = policy_of(found, "aws_iam_policy.p").statements or ()
    resources = statement.resources or ()
    assert texts(resources) == [
        "<aws_s3_bucket.named.arn>/*",
        "<aws_s3_bucket.free.arn>",
        "arn:aws:s3:::logs/x",
        "arn:aws:s3:::logs/x",
        "<aws_iam_role.r.arn>",
        "arn:<data.aws_partition.p.partition>:s3:<data.aws_region.r.name>:<data.aws_caller_identity.c.account_id>:x",
        "arn:aws:s3:::<var.env>-<var.missing>/${aws:username}",
        "<some_other.thing.arn>",
        "<aws_unheard_of.x.arn>",
    ]
    holes = [[part for part in value.parts if not isinstance(part, str)] for value in resources]
    assert [hole.arn for hole in (holes[0][0], holes[1][0], holes[4][0], holes[7][0], holes[8][0])] == [
        "arn:*:s3:::logs",
        "arn:*:s3:::*",
        "arn:*:iam::*:role/team/app",
        None,
        "arn:*:*:*:*:*",
    ]
    assert [(hole.kind, hole.alphabet) for hole in holes[5]] == [
        ("pseudo", "partition"),
        ("pseudo", "region"),
        ("pseudo", "account"),
    ]
    assert [(hole.kind, hole.default) for hole in holes[6]] == [("variable", "dev"), ("variable", None)]


def test_a_default_is_one_possible_value() -> None:
    argument = '${jsonencode({Statement = [{Effect = "Allow", Action = var.actions, Resource = "*"}]})}'
    found = module(one_policy(argument, variable={"actions": {"default": ["s3:*", "iam:*"]}}))
    (statement,) = policy_of(found, "aws_iam_policy.p").statements or ()
    assert texts(statement.actions) == ["<var.actions[0]>", "<var.actions[1]>"]
    assert [value.hole and value.hole.default for value in statement.actions or ()] == ["s3:*", "iam:*"]


def test_unknown_list_items_are_any_number_of_items() -> None:
    argument = '${jsonencode({Statement = [{Effect = "Allow", Action = concat(["s3:*"], var.more), Resource = "*"}]})}'
    (statement,) = policy_of(module(one_policy(argument)), "aws_iam_policy.p").statements or ()
    assert texts(statement.actions) == ["s3:*", "<var.more>"]
    hole = (statement.actions or ())[1].hole
    assert hole is not None
    assert hole.many


def test_an_undecided_conditional_is_all_its_branches() -> None:
    statements = (
        '[{Effect = "Allow", Action = var.admin ? "*" : "s3:Get*", Resource = "*"},'
        ' var.extra ? {Effect = "Deny", Action = "iam:*", Resource = "*"} : null]'
    )
    found = module(one_policy(f"${{jsonencode({{Statement = {statements}}})}}"))
    first, second = policy_of(found, "aws_iam_policy.p").statements or ()
    assert [(str(value), value.when) for value in first.actions or ()] == [
        ("*", (("var.admin", True),)),
        ("s3:Get*", (("var.admin", False),)),
    ]
    assert second.when == (("var.extra", True),)


def test_condition_keys_may_hold_references() -> None:
    document = {
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"${var.oidc}:sub": "repo:x"}},
        }
    }
    argument = '${jsonencode({Statement = [{Effect = "Allow", Action = "a:b", Condition = {StringEquals = {"${var.oidc}:sub" = "repo:x"}}}]})}'
    for spelling in (json.dumps(document), document, argument):
        (statement,) = policy_of(module(one_policy(spelling)), "aws_iam_policy.p").statements or ()
        assert [(c.operator, c.key) for c in statement.conditions] == [("StringEquals", "<var.oidc>:sub")]


# Policy-document data sources


def data(**documents: object) -> dict[str, object]:
    """The `data` block of policy documents."""
    return {"aws_iam_policy_document": documents}


def test_the_provider_fills_in_effect_and_version() -> None:
    found = module(
        {
            "data": data(
                d={
                    "policy_id": "id",
                    "statement": [
                        {
                            "sid": "One",
                            "actions": ["s3:*"],
                            "resources": ["arn:aws:s3:::b/&{aws:username}"],
                            "condition": [
                                {
                                    "test": "StringEquals",
                                    "variable": "aws:PrincipalTag/t",
                                    "values": ["&{aws:userid}"],
                                },
                                {"test": "StringEquals", "variable": "aws:PrincipalTag/t", "values": ["y"]},
                                {"test": "Bool", "variable": "aws:SecureTransport", "values": [True]},
                            ],
                        },
                        {
                            "effect": "Deny",
                            "not_actions": ["iam:*"],
                            "not_resources": ["*"],
                            "principals": [
                                {"type": "AWS", "identifiers": ["*"]},
                                {"type": "Service", "identifiers": ["a.amazonaws.com", "b.amazonaws.com"]},
                            ],
                        },
                        {"actions": ["a:b"], "principals": {"type": "*", "identifiers": ["*"]}},
                        {
                            "actions": ["a:b"],
                            "not_principals": {"type": "AWS", "identifiers": ["123456789012"]},
                        },
                    ],
                }
            )
        }
    )
    policy = policy_of(found, "data.aws_iam_policy_document.d")
    assert (str(policy.version), str(policy.id), policy.owner.type) == (
        "2012-10-17",
        "id",
        "data.aws_iam_policy_document",
    )
    assert shown(policy) == [
        {
            "Sid": "One",
            "Effect": "Allow",
            "Action": ["s3:*"],
            "Resource": ["arn:aws:s3:::b/${aws:username}"],
            "Condition": [
                ("StringEquals", "aws:PrincipalTag/t", ["${aws:userid}", "y"]),
                ("Bool", "aws:SecureTransport", ["true"]),
            ],
        },
        {
            "Effect": "Deny",
            "NotAction": ["iam:*"],
            "NotResource": ["*"],
            "Principal": [("AWS", "*"), ("Service", "a.amazonaws.com"), ("Service", "b.amazonaws.com")],
        },
        {"Effect": "Allow", "Action": ["a:b"], "Principal": [("*", "*")]},
        {"Effect": "Allow", "Action": ["a:b"], "NotPrincipal": [("AWS", "123456789012")]},
    ]
    assert policy.faults == ()


def test_a_document_is_judged_once_and_is_what_its_users_make_of_it() -> None:
    trust = {
        "actions": ["sts:AssumeRole"],
        "principals": {"type": "Service", "identifiers": ["ec2.amazonaws.com"]},
    }
    found = module(
        {
            "data": data(
                trust={"statement": trust},
                managed={"statement": {"actions": ["s3:*"], "resources": ["*"]}},
                inline={"statement": {"actions": ["s3:*"], "resources": ["*"]}},
                bucket={
                    "statement": {"actions": ["s3:*"], "principals": {"type": "AWS", "identifiers": ["*"]}}
                },
                alone={"statement": {"actions": ["s3:*"], "resources": ["*"]}},
            ),
            "locals": {"trust": "${data.aws_iam_policy_document.trust.json}"},
            "resource": {
                "aws_iam_role": {
                    "a": {"name": "a", "assume_role_policy": "${local.trust}"},
                    "b": {"assume_role_policy": "${data.aws_iam_policy_document.trust.minified_json}"},
                },
                "aws_iam_policy": {"m": {"policy": "${one(data.aws_iam_policy_document.managed[*].json)}"}},
                "aws_iam_role_policy": {
                    "i": {
                        "role": "${aws_iam_role.a.id}",
                        "policy": "${data.aws_iam_policy_document.inline[0].json}",
                    }
                },
                "aws_iam_role_policy_attachment": {
                    "x": {"role": "a", "policy_arn": "${aws_iam_policy.m.arn}"}
                },
                "aws_s3_bucket_policy": {
                    "s": {
                        "bucket": "${aws_s3_bucket.b.id}",
                        "policy": "${data.aws_iam_policy_document.bucket.json}",
                    }
                },
            },
        }
    )
    prefix = "data.aws_iam_policy_document."
    assert {
        p.owner.address.removeprefix(prefix): (p.kind.value, p.on, p.attachments) for p in found.policies
    } == {
        "trust": ("trust", ("role",), ("aws_iam_role.a", "aws_iam_role.b")),
        "managed": ("identity", ("role",), ("aws_iam_role.a",)),
        "inline": ("identity", ("role",), ("aws_iam_role.a",)),
        "bucket": ("resource", ("s3-bucket",), ("aws_s3_bucket.b",)),
        "alone": ("identity", (), ()),
    }


def test_sources_and_overrides_merge_by_sid() -> None:
    """The provider: sources first, this block over them, overrides last; no sid adds."""
    found = module(
        {
            "data": data(
                base={
                    "statement": [
                        {"sid": "A", "actions": ["a:base"], "resources": ["*"]},
                        {"sid": "B", "actions": ["b:base"], "resources": ["*"]},
                        {"actions": ["n:base"], "resources": ["*"]},
                    ]
                },
                over={"statement": [{"sid": "C", "actions": ["c:over"], "resources": ["*"]}]},
                d={
                    "source_policy_documents": [
                        "${data.aws_iam_policy_document.base.json}",
                        '{"Statement": {"Sid": "T", "Effect": "Deny", "Action": "t:text", "Resource": "*"}}',
                    ],
                    "statement": [
                        {"sid": "B", "actions": ["b:own"], "resources": ["*"]},
                        {"sid": "C", "actions": ["c:own"], "resources": ["*"]},
                    ],
                    "override_policy_documents": ["${data.aws_iam_policy_document.over.json}"],
                },
                unknown={"source_json": "${var.base}", "statement": {"actions": ["x:y"], "resources": ["*"]}},
                loop={"source_policy_documents": ["${data.aws_iam_policy_document.loop.json}"]},
            )
        }
    )
    merged = policy_of(found, "data.aws_iam_policy_document.d")
    assert [(str(s.sid) if s.sid else None, texts(s.actions)) for s in merged.statements or ()] == [
        ("A", ["a:base"]),
        ("B", ["b:own"]),
        (None, ["n:base"]),
        ("T", ["t:text"]),
        ("C", ["c:over"]),
    ]
    first, second = policy_of(found, "data.aws_iam_policy_document.unknown").statements or ()
    assert texts(first.actions) == ["x:y"]
    assert second.effect is not None
    assert second.effect.text is None
    assert policy_of(found, "data.aws_iam_policy_document.loop").statements is None


def test_dynamic_blocks_expand_over_what_is_known() -> None:
    content = {"actions": ["${service.value}:*"], "resources": ["*"]}
    known = {"dynamic": {"statement": {"for_each": ["s3", "ec2"], "iterator": "service", "content": content}}}
    by_key = {
        "dynamic": [
            {
                "statement": {
                    "for_each": {"s3": "arn:aws:s3:::b"},
                    "content": {"actions": ["${statement.key}:*"], "resources": ["${statement.value}"]},
                }
            }
        ]
    }
    unknown = {
        "statement": {"actions": ["a:b"], "resources": ["*"]},
        "dynamic": {
            "statement": {
                "for_each": "${var.buckets}",
                "content": {
                    "actions": ["s3:*"],
                    "resources": ["${statement.value}"],
                    "dynamic": {
                        "condition": {
                            "for_each": "${var.tags}",
                            "content": {
                                "test": "StringEquals",
                                "variable": "aws:x",
                                "values": ["${condition.value}"],
                            },
                        }
                    },
                },
            }
        },
    }
    found = module({"data": data(known=known, by_key=by_key, unknown=unknown)})
    assert shown(policy_of(found, "data.aws_iam_policy_document.known")) == [
        {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]},
        {"Effect": "Allow", "Action": ["ec2:*"], "Resource": ["*"]},
    ]
    assert shown(policy_of(found, "data.aws_iam_policy_document.by_key")) == [
        {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::b"]}
    ]
    always, some = policy_of(found, "data.aws_iam_policy_document.unknown").statements or ()
    assert always.when == ()
    assert some.when == (("dynamic statement", True),)
    assert texts(some.resources) == ["<statement.value>"]
    assert [(c.key, texts(c.values)) for c in some.conditions] == [("aws:x", ["<condition.value>"])]


# Addresses


def test_addresses_have_a_key_where_there_is_surely_one_instance() -> None:
    found = module(
        {
            "resource": {
                "aws_iam_policy": {
                    "plain": {"policy": AS_TEXT},
                    "one": {"count": 1, "policy": AS_TEXT},
                    "maybe": {"count": "${var.create ? 1 : 0}", "policy": AS_TEXT},
                    "keyed": {"for_each": {"k": 1}, "policy": AS_TEXT},
                    "set": {"for_each": '${toset(["a", "b"])}', "policy": AS_TEXT},
                }
            }
        }
    )
    assert list(owners(found)) == [
        "aws_iam_policy.plain",
        "aws_iam_policy.one[0]",
        "aws_iam_policy.maybe",
        'aws_iam_policy.keyed["k"]',
        "aws_iam_policy.set",
    ]


def test_each_is_one_of_the_known_values() -> None:
    argument = '${jsonencode({Statement = [{Effect = "Allow", Action = "s3:*", Resource = each.value.arn}]})}'
    body = {"for_each": {"a": {"arn": "arn:a"}, "b": {"arn": "arn:b"}}, "policy": argument}
    (policy,) = module({"resource": {"aws_iam_policy": {"p": body}}}).policies
    ((resource,),) = [statement.resources or () for statement in policy.statements or ()]
    assert resource.hole is not None
    assert (resource.hole.kind, resource.hole.values) == ("each", ("arn:a", "arn:b"))


# Several files and modules


def test_override_files_replace_argument_by_argument() -> None:
    found = module(
        {
            "main.tf.json": one_policy("{}", locals={"a": "x:y"}),
            "z_override.tf.json": {
                "resource": {
                    "aws_iam_policy": {
                        "p": {
                            "policy": '{"Statement": {"Effect": "Allow", "Action": "${local.a}", "Resource": "*"}}'
                        }
                    }
                },
                "locals": {"a": "s3:*"},
            },
        }
    )
    policy = policy_of(found, "aws_iam_policy.p")
    assert shown(policy) == [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]
    assert policy.document.path == "main.tf.json"
    assert policy.document.span(policy.pointer).path == "z_override.tf.json"


def test_a_local_module_is_read_with_its_inputs() -> None:
    child = {
        "variable": {"bucket": {}, "role": {}},
        "resource": {
            "aws_iam_role_policy": {
                "p": {
                    "role": "${var.role}",
                    "policy": '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "${var.bucket}/*"}}',
                }
            }
        },
        "data": data(
            t={
                "statement": {
                    "actions": ["sts:AssumeRole"],
                    "principals": {"type": "AWS", "identifiers": ["*"]},
                }
            }
        ),
        "output": {"trust": {"value": "${data.aws_iam_policy_document.t.json}"}},
    }
    found = module(
        {
            "app/main.tf.json": {
                "module": {
                    "m": {"source": "../lib", "bucket": "arn:aws:s3:::logs", "role": "${aws_iam_role.r.name}"}
                },
                "resource": {"aws_iam_role": {"r": {"assume_role_policy": "${module.m.trust}"}}},
            },
            "lib/main.tf.json": child,
        }
    )
    assert owners(found) == {
        "module.m.aws_iam_role_policy.p": "identity",
        "module.m.data.aws_iam_policy_document.t": "trust",
    }
    policy = policy_of(found, "module.m.aws_iam_role_policy.p")
    assert policy.attachments == ("aws_iam_role.r",)
    assert shown(policy) == [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::logs/*"]}]
    assert policy_of(found, "module.m.data.aws_iam_policy_document.t").attachments == ("aws_iam_role.r",)


def test_a_further_call_counts_where_it_differs() -> None:
    child = {
        "variable": {"action": {}},
        "resource": {
            "aws_iam_policy": {
                "same": {"policy": AS_TEXT},
                "own": {
                    "policy": '{"Statement": {"Effect": "Allow", "Action": "${var.action}", "Resource": "*"}}'
                },
            }
        },
    }
    calls = {"a": {"source": "./lib", "action": "s3:*"}, "b": {"source": "./lib", "action": "iam:*"}}
    found = module({"main.tf.json": {"module": calls}, "lib/main.tf.json": child})
    assert list(owners(found)) == [
        "module.a.aws_iam_policy.same",
        "module.a.aws_iam_policy.own",
        "module.b.aws_iam_policy.own",
    ]


def test_what_a_call_leaves_out_makes_no_resource() -> None:
    child = {
        "variable": {"create": {"default": True}, "also_admin": {"default": False}},
        "locals": {"create": "${var.create && true}"},
        "resource": {
            "aws_iam_policy": {
                "always": {"policy": AS_TEXT, "count": "${local.create ? 1 : 0}"},
                "asked": {"policy": AS_TEXT, "count": "${local.create && var.also_admin ? 1 : 0}"},
                "each": {"policy": AS_TEXT, "for_each": "${toset([])}"},
            }
        },
    }
    call = {"module": {"m": {"source": "../lib"}, "off": {"source": "../lib", "create": False}}}
    found = module({"app/main.tf.json": call, "lib/main.tf.json": child})
    assert owners(found) == {"module.m.aws_iam_policy.always[0]": "identity"}
    # By itself the module may be called with anything.
    assert set(owners(module({"lib/main.tf.json": child}))) == {
        "aws_iam_policy.always",
        "aws_iam_policy.asked",
    }


def test_addresses_are_unique_within_one_configuration_only() -> None:
    def stack(action: str) -> dict[str, object]:
        statement = {"actions": [action], "resources": ["*"]}
        role = {"assume_role_policy": "${data.aws_iam_policy_document.this.json}"}
        return {"data": data(this={"statement": statement}), "resource": {"aws_iam_role": {"r": role}}}

    found = module(
        {
            "dev/main.tf.json": stack("s3:*"),
            "prod/main.tf.json": stack("iam:*"),
            "prod/other.tf.json": {"module": {"lib": {"source": "../lib"}}},
            "lib/main.tf.json": stack("ec2:*"),
        }
    )
    actions = {
        (policy.document.path, policy.owner.address if policy.owner else ""): [
            str(statement["Action"]) for statement in shown(policy) or ()
        ]
        for policy in found.policies
    }
    assert actions == {
        ("dev/main.tf.json", "data.aws_iam_policy_document.this"): ["['s3:*']"],
        ("prod/main.tf.json", "data.aws_iam_policy_document.this"): ["['iam:*']"],
        ("lib/main.tf.json", "module.lib.data.aws_iam_policy_document.this"): ["['ec2:*']"],
    }


def test_modules_that_call_each_other_are_read_all_the_same() -> None:
    found = module(
        {
            "a/main.tf.json": one_policy(AS_TEXT, module={"b": {"source": "../b", "x": "${module.b.y}"}}),
            "b/main.tf.json": one_policy(
                "${var.x}", module={"a": {"source": "../a"}}, output={"y": {"value": "${var.x}"}}
            ),
        }
    )
    assert len(found.policies) == 2


# Kinds


def test_kinds_that_depend_on_what_stands_beside() -> None:
    found = module(
        {
            "resource": {
                "aws_organizations_policy": {
                    "scp": {"content": AS_TEXT},
                    "rcp": {"type": "RESOURCE_CONTROL_POLICY", "content": AS_TEXT},
                    "tag": {"type": "TAG_POLICY", "content": "{}"},
                },
                "aws_iam_policy": {"limit": {"policy": AS_TEXT}, "both": {"policy": AS_TEXT}},
                "aws_iam_role": {
                    "r": {
                        "permissions_boundary": "${aws_iam_policy.limit.arn}",
                        "inline_policy": [
                            {"name": "one", "policy": AS_TEXT},
                            {"name": "two", "policy": AS_TEXT},
                        ],
                    }
                },
                "aws_iam_user": {
                    "u": {"permissions_boundary": "${aws_iam_policy.both.arn}"},
                },
                "aws_iam_user_policy_attachment": {
                    "x": {"user": "${aws_iam_user.u.name}", "policy_arn": "${aws_iam_policy.both.arn}"}
                },
                "aws_api_gateway_rest_api": {
                    "api": {"body": json.dumps({"openapi": "3.0", "x-amazon-apigateway-policy": DOCUMENT})}
                },
                "aws_sqs_queue": {"q": {"redrive_policy": '{"deadLetterTargetArn": "x"}'}},
                "aws_sns_topic_data_protection_policy": {"d": {"policy": AS_TEXT}},
                "aws_cloudformation_stack": {"s": {"policy_body": '{"Statement": [{"Action": "Update:*"}]}'}},
            }
        }
    )
    assert [(p.owner.address, p.kind.value, p.location, str(p.name), p.on) for p in found.policies] == [
        ("aws_organizations_policy.scp", "scp", "content", "None", ("account", "ou", "root")),
        ("aws_organizations_policy.rcp", "rcp", "content", "None", ("account", "ou", "root")),
        ("aws_iam_policy.limit", "boundary", "policy", "None", ()),
        ("aws_iam_policy.both", "identity", "policy", "None", ("user",)),
        ("aws_iam_role.r", "identity", "inline_policy[0].policy", "one", ("role",)),
        ("aws_iam_role.r", "identity", "inline_policy[1].policy", "two", ("role",)),
        (
            "aws_api_gateway_rest_api.api",
            "resource",
            "body.x-amazon-apigateway-policy",
            "None",
            ("api-gateway",),
        ),
    ]


def test_a_template_in_a_stack_is_read() -> None:
    template = {
        "Resources": {"R": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": DOCUMENT}}}
    }
    found = module({"resource": {"aws_cloudformation_stack": {"s": {"template_body": json.dumps(template)}}}})
    (policy,) = found.policies
    assert policy.owner.address == "aws_cloudformation_stack.s.template_body.Resources.R"
    assert shown(policy) == [SHOWN_ALL]


def test_a_text_that_two_places_use_is_one_document() -> None:
    found = module(
        {
            "locals": {"text": AS_TEXT},
            "resource": {
                "aws_iam_role_policy": {
                    "a": {"role": "one", "policy": "${local.text}"},
                    "b": {"role": "two", "policy": "${local.text}"},
                }
            },
        }
    )
    (policy,) = found.policies
    assert policy.owner.address == "aws_iam_role_policy.a"
    assert policy.attachments == ("one", "two")


# Places


def test_places_lead_to_what_is_written() -> None:
    text = """{
  "locals": {"actions": ["iam:*", "sts:*"]},
  "data": {"aws_iam_policy_document": {"d": {"statement": [
    {"sid": "S", "actions": ["ec2:*"],
     "principals": [{"type": "AWS", "identifiers": ["*"]}],
     "condition": {"test": "Bool", "variable": "aws:MultiFactorAuthPresent", "values": ["true"]}}]}}},
  "resource": {"aws_iam_policy": {
    "t": {"policy": "{\\"Statement\\": [{\\"Effect\\": \\"Allow\\", \\"Action\\": \\"s3:$${x}\\", \\"Resource\\": \\"${var.a}/\\u00e9\\"}]}"},
    "e": {"policy": "${jsonencode({Statement = [{Effect = \\"Allow\\", Action = local.actions, Resource = [\\"*\\"], Condition = {Bool = {\\"a:b\\" = \\"c\\"}}}]})}"}}}
}"""
    files = {"main.tf.json": text}
    found = module(files)
    of_text = policy_of(found, "aws_iam_policy.t")
    (statement,) = of_text.statements or ()
    assert written(of_text, (statement.actions or ())[0], files) == ("main.tf.json", '\\"s3:$${x}\\"')
    assert written(of_text, (statement.resources or ())[0], files) == (
        "main.tf.json",
        '\\"${var.a}/\\u00e9\\"',
    )
    encoded = policy_of(found, "aws_iam_policy.e")
    (statement,) = encoded.statements or ()
    assert [written(encoded, value, files)[1] for value in statement.actions or ()] == ['"iam:*"', '"sts:*"']
    assert written(encoded, (statement.resources or ())[0], files)[1] == '\\"*\\"'
    span = encoded.document.key_span(statement.conditions[0].pointer)
    assert text.splitlines()[span.start_line - 1][span.start_column - 1 : span.end_column - 1] == '\\"a:b\\"'
    block = policy_of(found, "data.aws_iam_policy_document.d")
    (statement,) = block.statements or ()
    assert written(block, (statement.actions or ())[0], files)[1] == '"ec2:*"'
    assert written(block, (statement.principals or ())[0].value, files)[1] == '"*"'
    span = block.document.key_span(statement.conditions[0].pointer)
    assert (span.start_line, text.splitlines()[5][span.start_column - 1 : span.end_column - 1]) == (
        6,
        '"variable"',
    )
    assert block.document.key_span(block.anchor).start_line == 3

    # Below a policy, pointers read the same as in any other format.
    def below(pointer: tuple[object, ...]) -> str:
        return json_pointer(pointer[len(block.pointer) :])  # type: ignore[arg-type]  # a slice of a pointer

    assert below((statement.actions or ())[0].pointer) == "/Statement/0/Action/0"
    assert below((statement.principals or ())[0].value.pointer) == "/Statement/0/Principal/AWS/0"
    assert below(statement.conditions[0].pointer) == "/Statement/0/Condition/Bool/aws:MultiFactorAuthPresent"
    assert below(statement.conditions[0].values[0].pointer).endswith("/aws:MultiFactorAuthPresent/0")


def test_a_policy_in_a_file_belongs_to_the_file() -> None:
    main = {"resource": {"aws_iam_policy": {"p": {"policy": '${templatefile("p.json", {arn = var.arn})}'}}}}
    template = '{"Statement": [{"Effect": "Allow",\n  "Action": "s3:*", "Resource": "${arn}/*"}]}'
    files = {"p.json": template, "main.tf.json": json.dumps(main)}
    found = module({"main.tf.json": main}, {"p.json": template})
    (policy,) = found.policies
    assert policy.document.path == "p.json"
    assert policy.document.key_span(policy.anchor).path == "main.tf.json"
    (statement,) = policy.statements or ()
    assert written(policy, (statement.resources or ())[0], files) == ("p.json", '"${arn}/*"')
    assert policy.document.span((statement.actions or ())[0].pointer).start_line == 2


def test_repeated_keys_and_broken_files_are_told() -> None:
    found = module(
        {"a.tf.json": '{"locals": {"a": 1, "a": 2}}', "b.tf.json": '{"resource": {"aws_iam_policy": '}
    )
    assert [(d.path, d.code) for d in found.diagnostics] == [
        ("a.tf.json", "repeated-key"),
        ("b.tf.json", "syntax-error"),
    ]
    assert [broken.span.path for broken in found.broken] == ["b.tf.json"]


def test_two_root_modules_may_use_the_same_addresses() -> None:
    """Each is a program of its own: neither takes the place of the other."""

    def root(action: str) -> object:
        document = {"statement": [{"actions": [action], "resources": ["*"]}]}
        return {
            "data": {"aws_iam_policy_document": {"p": document}},
            "resource": {"aws_iam_policy": {"p": {"policy": "${data.aws_iam_policy_document.p.json}"}}},
        }

    found = module({"a/main.tf.json": root("iam:*"), "b/main.tf.json": root("s3:GetObject")})
    shown_actions = [entry["Action"] for policy in found.policies for entry in shown(policy) or ()]
    assert shown_actions == [["iam:*"], ["s3:GetObject"]]
    assert [policy.carriers for policy in found.policies] == [("aws_iam_policy.p",)] * 2
    assert [len(part.policies) for part in found.parts] == [1, 1]


# What there is none of


MAYBE = {
    "variable": {"create": {"default": False}, "arns": {"default": []}, "key": {"default": ""}},
    "resource": {
        "aws_iam_policy": {
            "counted": {"count": "${var.create ? 1 : 0}", "policy": AS_TEXT},
            "each": {"for_each": "${toset(var.arns)}", "policy": AS_TEXT},
        }
    },
}


def called(**arguments: object) -> dict[str, object]:
    """A root module that calls MAYBE."""
    return {
        "main.tf.json": {"module": {"m": {"source": "./m", **arguments}}},
        "m/main.tf.json": MAYBE,
    }


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        pytest.param(MAYBE, {"aws_iam_policy.counted", "aws_iam_policy.each"}, id="a user may set them"),
        pytest.param(called(), set(), id="the call leaves them out"),
        pytest.param(called(create=True), {"module.m.aws_iam_policy.counted[0]"}, id="one is made"),
        pytest.param(called(create="${var.unknown}"), {"module.m.aws_iam_policy.counted"}, id="nobody knows"),
        pytest.param(called(arns=["x"]), {'module.m.aws_iam_policy.each["x"]'}, id="one key"),
        pytest.param(
            called(count=0, create=True), {"aws_iam_policy.counted", "aws_iam_policy.each"}, id="no call"
        ),
    ],
)
def test_what_a_call_makes_none_of_is_not_there(files: object, wanted: set[str]) -> None:
    assert set(owners(module(files))) == wanted


def test_lists_and_texts_that_expressions_leave_empty_are_not_known() -> None:
    statement = {
        "actions": ["s3:GetObject"],
        "resources": ['${var.key != null ? var.key : ""}'],
        "principals": {"type": "AWS", "identifiers": "${var.arns}"},
        "condition": {"test": "ArnEquals", "variable": "aws:SourceArn", "values": "${var.arns}"},
    }
    block = {"data": {"aws_iam_policy_document": {"d": {"statement": statement}}}}
    files = called()
    files["m/main.tf.json"] = {**MAYBE, **block}
    (policy,) = module(files).policies
    (found,) = policy.statements or ()
    values = [
        *(found.resources or ()),
        *(p.value for p in found.principals or ()),
        *found.conditions[0].values,
    ]
    assert [value.text for value in values] == [None, None, None]


@pytest.mark.parametrize(("name", "kind"), [("permissions_boundary", "boundary"), ("bounds", "identity")])
def test_a_policy_that_is_named_a_boundary_is_one(name: str, kind: str) -> None:
    found = module({"resource": {"aws_iam_policy": {name: {"policy": AS_TEXT}}}})
    assert owners(found) == {f"aws_iam_policy.{name}": kind}


@pytest.mark.parametrize(
    ("more", "on"), [({}, ("es-domain",)), ({"vpc_options": {}}, ("es-domain", "guarded-domain"))]
)
def test_a_search_domain_in_a_vpc_is_told_apart(more: dict[str, object], on: tuple[str, ...]) -> None:
    domain = {"access_policies": AS_TEXT, **more}
    (policy,) = module({"resource": {"aws_opensearch_domain": {"d": domain}}}).policies
    assert policy.on == on
