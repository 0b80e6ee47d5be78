"""Odd and hostile input: never a crash, never without bounds, never in silence."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from terraform_cases import maybe_plan, module, plan

from iamlint.model import Extraction

ENCODED = '${jsonencode({Version = "2012-10-17", Statement = concat([{Effect = "Allow", Action = local.actions, Resource = "${aws_s3_bucket.b.arn}/*", Condition = {Bool = {"${var.k}:x" = true}}}], var.more)})}'
MODULE: dict[str, object] = {
    "locals": {
        "actions": ["s3:*"],
        "text": '{"Statement": [{"Effect": "Allow", "Action": "${local.actions[0]}", "Resource": "*"}]}',
    },
    "variable": {"k": {"default": "v"}, "more": {"default": []}},
    "data": {
        "aws_iam_policy_document": {
            "a": {
                "source_policy_documents": ["${local.text}"],
                "statement": [
                    {
                        "sid": "S",
                        "actions": ["s3:*"],
                        "principals": [{"type": "AWS", "identifiers": ["*"]}],
                        "condition": [{"test": "Bool", "variable": "a:b", "values": ["true"]}],
                    }
                ],
                "dynamic": {
                    "statement": {
                        "for_each": "${local.actions}",
                        "content": {"actions": ["${statement.value}"]},
                    }
                },
            }
        }
    },
    "resource": {
        "aws_iam_role": {
            "r": {
                "count": 1,
                "name": "r",
                "assume_role_policy": "${data.aws_iam_policy_document.a.json}",
                "inline_policy": [{"name": "i", "policy": ENCODED}],
                "managed_policy_arns": ["${aws_iam_policy.p.arn}"],
                "permissions_boundary": "${aws_iam_policy.p.arn}",
            }
        },
        "aws_iam_policy": {"p": {"for_each": {"k": "v"}, "policy": "${local.text}"}},
        "aws_s3_bucket": {
            "b": {"bucket": "b", "acl": "private", "grant": [{"uri": "u", "permissions": ["READ"]}]}
        },
        "aws_lambda_permission": {
            "l": {"principal": "*", "action": "a:b", "function_name": "f", "source_arn": "x"}
        },
        "aws_iam_policy_attachment": {
            "x": {"policy_arn": "y", "roles": ["r"], "users": ["${aws_iam_user.u[*].name}"]}
        },
        "aws_organizations_policy": {"o": {"type": "SERVICE_CONTROL_POLICY", "content": "{}"}},
        "aws_api_gateway_rest_api": {"api": {"body": '{"x-amazon-apigateway-policy": {"Statement": []}}'}},
        "aws_cloudformation_stack": {
            "s": {"template_body": '{"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {}}}}'}
        },
    },
    "module": {"m": {"source": "./m", "x": "${local.text}"}},
    "output": {"o": {"value": "${local.text}"}},
}
PLAN: dict[str, object] = {
    "format_version": "1.2",
    "planned_values": {"root_module": {"child_modules": [{"address": "module.m", "resources": []}]}},
    "resource_changes": [
        {
            "address": 'module.m["a"].aws_iam_role_policy.p',
            "module_address": 'module.m["a"]',
            "mode": "managed",
            "type": "aws_iam_role_policy",
            "change": {"actions": ["create"], "after": {"role": "r"}, "after_unknown": {"policy": True}},
        },
        {
            "address": "data.aws_iam_policy_document.d",
            "mode": "data",
            "type": "aws_iam_policy_document",
            "change": {
                "actions": ["read"],
                "after": {
                    "statement": [
                        {
                            "actions": ["a:b"],
                            "resources": [None],
                            "condition": [{"test": "t", "variable": "v", "values": ["x"]}],
                        }
                    ]
                },
                "after_unknown": {"statement": [{"resources": [True], "condition": [{"values": [False]}]}]},
            },
        },
        {
            "address": "aws_iam_role.r",
            "mode": "managed",
            "type": "aws_iam_role",
            "change": {
                "actions": ["no-op"],
                "after": {
                    "name": "r",
                    "assume_role_policy": '{"Statement": []}',
                    "inline_policy": [{"name": "n", "policy": "{}"}],
                },
            },
        },
    ],
    "configuration": {
        "root_module": {
            "resources": [
                {
                    "address": "data.aws_iam_policy_document.d",
                    "expressions": {"statement": [{"resources": {"references": ["a.b.c", "a.b"]}}]},
                }
            ],
            "module_calls": {
                "m": {
                    "expressions": {"doc": {"references": ["data.aws_iam_policy_document.d.json"]}},
                    "module": {
                        "resources": [
                            {
                                "address": "aws_iam_role_policy.p",
                                "expressions": {"policy": {"references": ["var.doc"]}},
                            }
                        ]
                    },
                }
            },
        }
    },
    "prior_state": {"values": {"root_module": {"resources": []}}},
}
ODD: st.SearchStrategy[object] = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.5,
        10**30,
        "",
        "x",
        "${",
        "%{ for",
        "${local.text}",
        "${var.more}",
        "${data.aws_iam_policy_document.a.json}",
        "${module.m.o}",
        "${jsonencode(local.actions)}",
        "${[for k, v in local.actions : v]}",
        "${aws_iam_role.r}",
        "${aws_iam_role.r[*].arn}",
        "${each.value}",
        "${merge(local.actions, {a = 1})}",
        "\ud800",
        "\ue0000\ue001",
        '{"Statement":',
        "[]",
        "null",
        {},
        [],
        [[]],
        [None],
        {"": None},
        {"a": {"b": []}},
        {"dynamic": {"statement": {"for_each": None, "content": None}}},
        {"Statement": None},
        {"references": [None, 5, ["x"]]},
        True,
    ]
)


def paths(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every node below the root."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, value in items for found in ((*path, key), *paths(value, (*path, key)))]


def replaced(tree: Any, path: tuple[str | int, ...], value: object) -> None:
    """Replace the node at a path, if it is still there."""
    try:
        for step in path[:-1]:
            tree = tree[step]
        tree[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return


def touch(found: Extraction) -> None:
    """Ask for every place and every text."""
    for policy in found.policies:
        policy.document.key_span(policy.anchor)
        policy.document.span(policy.pointer)
        policy.document.span(policy.owner.pointer)
        for fault in policy.faults:
            policy.document.span(fault.pointer)
        for statement in policy.statements or ():
            statement.document.span(statement.pointer)
            values = [*(statement.actions or ()), *(statement.resources or ())]
            values += [principal.value for principal in statement.principals or ()]
            for condition in statement.conditions:
                statement.document.key_span(condition.pointer)
                values += condition.values
            for value in values:
                str(value)
                statement.document.span(value.pointer)
    for grant in found.grants:
        grant.document.span(grant.pointer)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_a_module_with_odd_nodes_never_crashes(data: st.DataObject) -> None:
    tree = copy.deepcopy(MODULE)
    for _ in range(data.draw(st.integers(1, 3))):
        replaced(tree, data.draw(st.sampled_from(paths(MODULE))), data.draw(ODD))
    touch(module({"a.tf.json": tree, "m/b.tf.json": MODULE}))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_a_plan_with_odd_nodes_never_crashes(data: st.DataObject) -> None:
    tree = copy.deepcopy(PLAN)
    for _ in range(data.draw(st.integers(1, 3))):
        replaced(tree, data.draw(st.sampled_from(paths(PLAN))), data.draw(ODD))
    found = maybe_plan(tree)
    if found is not None:
        touch(found)


def encoded(statement: str) -> str:
    return "${jsonencode({Statement = " + statement + "})}"


def policy(argument: object, **others: object) -> object:
    return {"resource": {"aws_iam_policy": {"p": {"policy": argument}}}, **others}


def doubling(count: int, pair: object, last: object) -> dict[str, object]:
    """Locals of which each holds the next one twice."""
    return {
        **{f"a{n}": json.loads(json.dumps(pair).replace("NEXT", f"local.a{n + 1}")) for n in range(count)},
        f"a{count}": last,
    }


ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
BOMBS: dict[str, object] = {
    "lists that double": policy(encoded("local.a0"), locals=doubling(60, ["${NEXT}", "${NEXT}"], ALLOW)),
    "text that doubles": policy("${local.a0}", locals=doubling(60, "${NEXT}${NEXT}", "x" * 100)),
    "a long chain": policy("${local.a0}", locals={f"a{n}": f"${{local.a{n + 1}}}" for n in range(3000)}),
    "a cycle": policy(encoded("local.a"), locals={"a": "${local.b}", "b": ["${local.a}"]}),
    "deep parentheses": policy("${" + "(" * 3000 + ")" * 3000 + "}"),
    "many operators": policy("${" + "+".join(["1"] * 20000) + "}"),
    "loops in loops": policy(
        encoded("[for a in local.l : [for b in local.l : [for c in local.l : {Effect = a}]]]"),
        locals={"l": list(range(900))},
    ),
    "blocks in blocks": {
        "data": {
            "aws_iam_policy_document": {
                "d": {
                    "dynamic": {
                        "statement": {
                            "for_each": list(range(900)),
                            "content": {
                                "dynamic": {
                                    "condition": {
                                        "for_each": list(range(900)),
                                        "content": {"test": "a", "variable": "b", "values": ["c"]},
                                    }
                                }
                            },
                        }
                    }
                }
            }
        }
    },
    "documents that double": {
        "data": {
            "aws_iam_policy_document": {
                f"d{n}": {
                    "source_policy_documents": [f"${{data.aws_iam_policy_document.d{n + 1}.json}}"] * 2,
                    "statement": {"actions": ["a:b"], "resources": ["*"]},
                }
                for n in range(400)
            }
        }
    },
    "a large map in many places": {
        "locals": {"m": {f"k{n}": "${var.x}" for n in range(30000)}},
        "resource": {"aws_iam_policy": {f"p{n}": {"policy": '${lookup(local.m, "k1")}'} for n in range(300)}},
    },
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_grows_is_bounded_and_told(name: str) -> None:
    started = time.perf_counter()
    found = module({"main.tf.json": BOMBS[name]})
    touch(found)
    assert time.perf_counter() - started < 5
    assert found.policies
    assert any(policy.statements is None for policy in found.policies)
    assert found.diagnostics


def test_ten_thousand_of_everything() -> None:
    started = time.perf_counter()
    text = json.dumps({"Statement": [ALLOW]})
    found = module(
        {
            "main.tf.json": {
                "resource": [{"aws_iam_policy": {f"p{n}": {"policy": text}}} for n in range(10_000)]
            }
        }
    )
    assert len(found.policies) == 10_000
    changes = [
        {
            "address": f"aws_iam_policy.p{n}",
            "mode": "managed",
            "type": "aws_iam_policy",
            "change": {"after": {"policy": text}},
        }
        for n in range(10_000)
    ]
    assert len(plan({"format_version": "1.0", "resource_changes": changes}).policies) == 10_000
    assert time.perf_counter() - started < 10
