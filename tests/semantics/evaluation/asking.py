"""Short ways to put a question to the evaluator, for tables that read like the rules they test."""

from __future__ import annotations

from typing import Any

from iamlint.auditing.evaluate import read_policies, read_request
from iamlint.semantics.evaluation import DEFAULT, Decision, Readings, evaluate

A, B = "111122223333", "444455556666"
ALICE = f"arn:aws:iam::{A}:user/alice"
BOB = f"arn:aws:iam::{A}:user/bob"
ROLE = f"arn:aws:iam::{A}:role/team/R"
SESSION = f"arn:aws:sts::{A}:assumed-role/R/s"
ROOT = f"arn:aws:iam::{A}:root"
STRANGER = f"arn:aws:iam::{B}:user/stranger"
OBJECT = "arn:aws:s3:::b/x"

ALLOWED, IMPLICIT, EXPLICIT = "Allowed", "ImplicitlyDenied", "ExplicitlyDenied"

Json = dict[str, Any]


def document(*statements: Json, version: str | None = "2012-10-17") -> Json:
    """A document of statements; what they leave out is Allow, every action, every resource."""
    listed = []
    for given in statements:
        statement: Json = {"Effect": "Allow"}
        if "NotAction" not in given:
            statement["Action"] = "*"
        if "NotResource" not in given:
            statement["Resource"] = "*"
        listed.append({**statement, **given})
    return {"Statement": listed} if version is None else {"Version": version, "Statement": listed}


FULL = document({})


def ask(
    principal: Any = ALICE,
    action: Any = "s3:GetObject",
    on: Any = OBJECT,
    account: Any = A,
    context: Any = None,
    readings: Any = DEFAULT,
    **policies: Any,
) -> str:
    """The outcome of one request, as its word; `on` is its resource, `account` the owner of that."""
    return decided(principal, action, on, account, context, readings, **policies).outcome.value


def decided(
    principal: Any = ALICE,
    action: Any = "s3:GetObject",
    on: Any = OBJECT,
    account: Any = A,
    context: Any = None,
    readings: Any = DEFAULT,
    **policies: Any,
) -> Decision:
    """The decision on one request."""
    request = read_request(
        {
            "principal": principal,
            "action": action,
            "resource": on,
            "resource_account": account,
            "context": context or {},
        }
    )
    return evaluate(request, read_policies(policies), readings)


def holds(
    operator: str,
    values: Any,
    value: Any = None,
    *,
    readings: Readings = DEFAULT,
    version: str = "2012-10-17",
    **context: Any,
) -> bool:
    """Whether a condition on the key `k` holds when the request has `value` for it (None: lacks it)."""
    statement = {"Condition": {operator: {"k": values}}}
    keys = dict(context)
    if value is not None:
        keys["k"] = value
    return ask(context=keys, identity=[document(statement, version=version)], readings=readings) == ALLOWED
