"""Plans and states: known text, policies rebuilt from data sources, addresses, sensitive values."""

from __future__ import annotations

import json

import pytest
from terraform_cases import fields, grants_of, maybe_plan, owners, plan, policy_of, shown, texts

from iamlint.model import json_pointer

DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
TEXT = json.dumps(DOCUMENT)
SHOWN = [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]


def change(address: str, after: object, unknown: object = None, **more: object) -> dict[str, object]:
    """One entry of resource_changes; the type is read from the address."""
    words = address.split(".")
    while words[0] == "module":
        words = words[2:]
    mode = "managed"
    if words[0] == "data":
        mode, words = "data", words[1:]
    module = (
        address.split(f".{'data.' if mode == 'data' else ''}{words[0]}.", maxsplit=1)[0]
        if address.startswith("module.")
        else None
    )
    entry: dict[str, object] = {
        "address": address,
        "mode": mode,
        "type": words[0],
        "name": words[1].partition("[")[0],
        "change": {
            "actions": ["read" if mode == "data" else "create"],
            "before": None,
            "after": after,
            "after_unknown": unknown or {},
            **more,
        },
    }
    if module is not None:
        entry["module_address"] = module
    return entry


def configured(**blocks: object) -> dict[str, object]:
    """The configuration of the root module: expressions by address (`__` stands for a dot)."""
    resources = [
        {"address": address.replace("__", "."), "expressions": expressions}
        for address, expressions in blocks.items()
    ]
    return {"root_module": {"resources": resources}}


def whole(*changes: object, configuration: object = None, **more: object) -> dict[str, object]:
    """A plan."""
    tree: dict[str, object] = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        **more,
    }
    if configuration is not None:
        tree["configuration"] = configuration
    return tree


def references(*names: str) -> dict[str, object]:
    return {"references": list(names)}


def statement(**more: object) -> dict[str, object]:
    """A statement as a plan shows it, with all that is not set."""
    empty: dict[str, object] = {
        "sid": None,
        "effect": None,
        "actions": None,
        "not_actions": None,
        "resources": None,
        "not_resources": None,
        "principals": [],
        "not_principals": [],
        "condition": [],
    }
    return {**empty, **more}


# Recognition


@pytest.mark.parametrize(
    "tree",
    [
        {},
        [],
        None,
        {"format_version": "1.0"},
        {"format_version": "1.0", "values": []},
        {"terraform_version": "1.0", "version": 3, "resources": []},
        {"Resources": {}},
    ],
)
def test_other_trees_are_no_plans(tree: object) -> None:
    assert maybe_plan(tree) is None


def test_known_text_is_read_and_deletes_are_not() -> None:
    deleted = change("aws_iam_policy.gone", None)
    deleted["change"] = {"actions": ["delete"], "before": {"policy": TEXT}, "after": None}
    found = plan(
        whole(
            change("aws_iam_policy.p", {"name": "p", "policy": TEXT}, {"arn": True}),
            change('module.a["k"].module.b.aws_iam_policy.q[0]', {"policy": TEXT.replace(",", ",\r\n")}),
            deleted,
        )
    )
    assert owners(found) == {
        "aws_iam_policy.p": "identity",
        'module.a["k"].module.b.aws_iam_policy.q[0]': "identity",
    }
    for policy in found.policies:
        assert shown(policy) == SHOWN
        assert policy.document.has_lines is False
    assert str(found.policies[0].name) == "p"
    (statement_,) = found.policies[0].statements or ()
    place = (statement_.actions or ())[0].pointer
    assert json_pointer(place) == "/resource_changes/0/change/after/policy/Statement/0/Action"


def test_planned_values_stand_in_for_changes() -> None:
    resource = {
        "address": "module.m.aws_iam_policy.p",
        "mode": "managed",
        "type": "aws_iam_policy",
        "values": {"policy": TEXT},
    }
    tree = {
        "format_version": "0.1",
        "planned_values": {
            "root_module": {"child_modules": [{"address": "module.m", "resources": [resource]}]}
        },
    }
    assert owners(plan(tree)) == {"module.m.aws_iam_policy.p": "identity"}


def test_sensitive_values_are_analysed() -> None:
    found = plan(whole(change("aws_iam_policy.p", {"policy": TEXT}, after_sensitive={"policy": True})))
    assert shown(policy_of(found, "aws_iam_policy.p")) == SHOWN


# Unknown policies


def test_an_unknown_policy_is_rebuilt_from_its_data_source() -> None:
    read = change(
        "data.aws_iam_policy_document.d",
        {
            "version": None,
            "statement": [
                statement(
                    actions=["s3:GetObject"],
                    resources=[None, "arn:aws:s3:::x/&{aws:username}"],
                    principals=[{"type": "AWS", "identifiers": ["*"]}],
                    condition=[{"test": "StringEquals", "variable": "aws:PrincipalOrgID", "values": ["o-1"]}],
                )
            ],
        },
        {
            "json": True,
            "statement": [
                {"actions": [False], "resources": [True, False], "principals": [{"identifiers": [False]}]}
            ],
        },
    )
    found = plan(
        whole(
            change("aws_s3_bucket_policy.p", {}, {"policy": True, "bucket": True}),
            read,
            change("aws_s3_bucket.b", {}, {"arn": True, "policy": True, "acl": True}),
            configuration=configured(
                aws_s3_bucket_policy__p={
                    "policy": references(
                        "data.aws_iam_policy_document.d.json", "data.aws_iam_policy_document.d"
                    ),
                    "bucket": references("aws_s3_bucket.b.id", "aws_s3_bucket.b"),
                },
                data__aws_iam_policy_document__d={
                    "statement": [{"resources": references("aws_s3_bucket.b.arn", "aws_s3_bucket.b")}]
                },
                aws_s3_bucket__b={},
            ),
        )
    )
    (policy,) = found.policies
    assert (policy.owner.address, policy.kind.value, policy.location) == (
        "aws_s3_bucket_policy.p",
        "resource",
        "policy",
    )
    assert policy.attachments == ("aws_s3_bucket.b",)
    assert shown(policy) == [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["<aws_s3_bucket.b.arn>", "arn:aws:s3:::x/${aws:username}"],
            "Principal": [("AWS", "*")],
            "Condition": [("StringEquals", "aws:PrincipalOrgID", ["o-1"])],
        }
    ]
    assert [grant.what for grant in found.grants] == ["bucket"]
    assert found.diagnostics == ()
    below = policy.statements[0].conditions[0].pointer[len(policy.pointer) :] if policy.statements else ()
    assert json_pointer(below) == "/Statement/0/Condition/StringEquals/aws:PrincipalOrgID"


def test_an_unknown_policy_without_a_data_source_is_there_and_told() -> None:
    found = plan(
        whole(
            change("aws_iam_role_policy.p", {"role": "r"}, {"policy": True}),
            configuration=configured(aws_iam_role_policy__p={"policy": references("local.text")}),
        )
    )
    (policy,) = found.policies
    assert policy.statements is None
    assert policy.attachments == ("r",)
    assert [(d.code, d.owner, d.line) for d in found.diagnostics] == [
        ("unread-document", "aws_iam_role_policy.p", None)
    ]


def test_computed_attributes_are_no_arguments() -> None:
    """What the provider fills in is unknown too; only the configuration tells it from an argument."""
    unknown = {"policy": True, "arn": True}
    assert plan(whole(change("aws_kms_key.k", {}, unknown))).policies == ()
    assert (
        plan(
            whole(change("aws_kms_key.k", {}, unknown), configuration=configured(aws_kms_key__k={}))
        ).policies
        == ()
    )
    written = configured(aws_kms_key__k={"policy": references("var.p")})
    assert len(plan(whole(change("aws_kms_key.k", {}, unknown), configuration=written)).policies) == 1
    assert len(plan(whole(change("aws_kms_key_policy.k", {}, unknown))).policies) == 1


def test_a_data_source_and_the_resource_with_its_text_are_one() -> None:
    source = {
        "address": "data.aws_iam_policy_document.d",
        "mode": "data",
        "type": "aws_iam_policy_document",
        "values": {
            "json": json.dumps(DOCUMENT, indent=2),
            "statement": [statement(actions=["s3:*"], resources=["*"])],
        },
    }
    other = {
        **source,
        "address": "data.aws_iam_policy_document.other",
        "values": {"statement": [statement(actions=["a:b"], resources=["*"])]},
    }
    found = plan(
        whole(
            change("aws_iam_policy.p", {"policy": TEXT}),
            prior_state={"values": {"root_module": {"resources": [source, other]}}},
        )
    )
    assert owners(found) == {"aws_iam_policy.p": "identity", "data.aws_iam_policy_document.other": "identity"}


def test_documents_that_a_carried_one_is_made_from_are_no_policies_of_their_own() -> None:
    base = change(
        "data.aws_iam_policy_document.base", {"statement": [statement(actions=["a:b"])]}, {"json": True}
    )
    merged = change(
        "data.aws_iam_policy_document.d",
        {"statement": [statement(actions=["c:d"])]},
        {"json": True, "source_policy_documents": [True]},
    )
    merged["change"]["after"]["source_policy_documents"] = [None]  # type: ignore[index]  # as change made it
    configuration = configured(
        aws_iam_policy__p={"policy": references("data.aws_iam_policy_document.d.json")},
        data__aws_iam_policy_document__d={
            "source_policy_documents": references("data.aws_iam_policy_document.base.json")
        },
        data__aws_iam_policy_document__base={"statement": [{}]},
    )
    found = plan(
        whole(change("aws_iam_policy.p", {}, {"policy": True}), base, merged, configuration=configuration)
    )
    assert owners(found) == {"aws_iam_policy.p": "identity"}
    assert [texts(s.actions) for s in found.policies[0].statements or ()] == [["a:b"], ["c:d"]]


def test_references_are_followed_through_modules() -> None:
    document = change(
        "module.doc.data.aws_iam_policy_document.d",
        {"statement": [statement(actions=["s3:*"])]},
        {"json": True, "statement": [{"resources": True}]},
    )
    used = change('module.use["a"].aws_iam_role_policy.p', {}, {"policy": True, "role": True})
    configuration = {
        "root_module": {
            "resources": [{"address": "aws_iam_role.r", "expressions": {}}],
            "module_calls": {
                "use": {
                    "expressions": {
                        "document": references("module.doc.json", "module.doc"),
                        "role": references("aws_iam_role.r.name", "aws_iam_role.r"),
                    },
                    "module": {
                        "resources": [
                            {
                                "address": "aws_iam_role_policy.p",
                                "expressions": {
                                    "policy": references("var.document"),
                                    "role": references("var.role"),
                                },
                            }
                        ]
                    },
                },
                "doc": {
                    "module": {
                        "outputs": {
                            "json": {
                                "expression": references(
                                    "data.aws_iam_policy_document.d.json", "data.aws_iam_policy_document.d"
                                )
                            }
                        },
                        "resources": [
                            {
                                "address": "data.aws_iam_policy_document.d",
                                "expressions": {"statement": [{"resources": references("var.bucket")}]},
                            }
                        ],
                    }
                },
            },
        }
    }
    role = change("aws_iam_role.r", {"name": "r"})
    found = plan(whole(document, used, role, configuration=configuration))
    (policy,) = found.policies
    assert policy.owner.address == 'module.use["a"].aws_iam_role_policy.p'
    assert policy.attachments == ("aws_iam_role.r",)
    assert shown(policy) == [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["<var.bucket>"]}]


def test_instances_refer_to_instances_with_their_key() -> None:
    documents = [
        change(
            f'data.aws_iam_policy_document.d["{key}"]',
            {"statement": [statement(actions=[f"{key}:*"])]},
            {"json": True},
        )
        for key in ("s3", "ec2")
    ]
    used = [change(f'aws_iam_policy.p["{key}"]', {}, {"policy": True}) for key in ("s3", "ec2")]
    configuration = configured(
        aws_iam_policy__p={"policy": references("data.aws_iam_policy_document.d", "each.key")},
        data__aws_iam_policy_document__d={"statement": [{"actions": references("each.key")}]},
    )
    found = plan(whole(*documents, *used, configuration=configuration))
    assert {p.owner.address: [texts(s.actions) for s in p.statements or ()] for p in found.policies} == {
        'aws_iam_policy.p["s3"]': [["s3:*"]],
        'aws_iam_policy.p["ec2"]': [["ec2:*"]],
    }


def test_attachments_by_reference_and_by_name() -> None:
    found = plan(
        whole(
            change("aws_iam_role.r", {"name": "app"}),
            change("aws_iam_policy.p", {"policy": TEXT}, {"arn": True}),
            change("aws_iam_role_policy_attachment.a", {"role": "app"}, {"policy_arn": True}),
            configuration=configured(
                aws_iam_role_policy_attachment__a={
                    "role": references("aws_iam_role.r.name", "aws_iam_role.r"),
                    "policy_arn": references("aws_iam_policy.p.arn", "aws_iam_policy.p"),
                },
                aws_iam_policy__p={"policy": {}},
            ),
        )
    )
    policy = policy_of(found, "aws_iam_policy.p")
    assert (policy.on, policy.attachments) == (("role",), ("aws_iam_role.r",))
    (grant,) = grants_of(found, "managed-attachment")
    assert fields(grant) == {"policy": ["<aws_iam_policy.p.arn>"], "role": ["app"]}


# States


def test_a_state_as_show_prints_it() -> None:
    resources = [
        {
            "address": "aws_iam_policy.p",
            "mode": "managed",
            "type": "aws_iam_policy",
            "values": {"policy": TEXT, "arn": "a"},
        }
    ]
    found = plan({"format_version": "1.0", "values": {"root_module": {"resources": resources}}})
    assert owners(found) == {"aws_iam_policy.p": "identity"}


def test_a_state_file_of_version_4() -> None:
    found = plan(
        {
            "version": 4,
            "terraform_version": "1.9.0",
            "resources": [
                {
                    "mode": "managed",
                    "type": "aws_iam_policy",
                    "name": "p",
                    "module": "module.m",
                    "instances": [
                        {"index_key": "k", "attributes": {"policy": TEXT}},
                        {"index_key": 0, "attributes": {"policy": TEXT}},
                        {"attributes_flat": {}},
                    ],
                },
                {
                    "mode": "data",
                    "type": "aws_iam_policy_document",
                    "name": "d",
                    "instances": [{"attributes": {"json": TEXT, "statement": []}}],
                },
            ],
        }
    )
    assert owners(found) == {
        'module.m.aws_iam_policy.p["k"]': "identity",
        "module.m.aws_iam_policy.p[0]": "identity",
    }
