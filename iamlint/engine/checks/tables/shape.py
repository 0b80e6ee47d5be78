"""Checks of a document's shape: types, empty elements, principals in the wrong form or place."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "policy-remark": CheckSpec(
        "policy",
        "shape.policy_remark",
        "Something empty or of mixed types that the grammar lets stand.",
        needs=("remark",),
        params={"codes": Param("texts", required=True)},
        words=("remark",),
    ),
    "empty-condition-list": CheckSpec(
        "policy",
        "shape.empty_condition_list",
        "A condition key with an empty list, under one form of operators.",
        params={
            "form": Param(
                "choice",
                required=True,
                choices=("plain", "if-exists", "for-all-values", "for-any-value"),
            )
        },
        words=("operator", "key"),
    ),
    "duplicate-condition-key": CheckSpec(
        "statement",
        "shape.duplicate_condition_key",
        "A condition key that stands twice under an operator, in other letters.",
        needs=("condition",),
        words=("key", "other", "operator"),
    ),
    "empty-sid": CheckSpec("statement", "shape.empty_sid", "A Sid that is empty.", needs=("sid",)),
    "element-written": CheckSpec(
        "statement",
        "shape.element_written",
        "An element that the kind of policy does not take, whatever it holds.",
        needs=("any-not-element",),
        params={
            "element": Param("choice", required=True, choices=("NotAction", "NotPrincipal", "NotResource"))
        },
        words=("element",),
    ),
    "resource-written": CheckSpec(
        "statement",
        "shape.resource_written",
        "A resource in a policy that takes none.",
        words=("element",),
    ),
    "other-kind": CheckSpec(
        "statement",
        "shape.other_kind",
        "A statement that belongs into another kind of policy.",
        needs=("action",),
        words=("is", "place"),
    ),
    "wildcard-in-principal": CheckSpec(
        "statement",
        "shape.wildcard_in_principal",
        "A wildcard within a principal.",
        needs=("any-principal",),
        words=("principal", "type"),
    ),
    "aws-principal-format": CheckSpec(
        "statement",
        "shape.aws_principal_format",
        "A text under AWS that names no account, role, user or session.",
        needs=("any-principal",),
        words=("principal", "problem"),
    ),
    "principal-of-type": CheckSpec(
        "statement",
        "shape.principal_of_type",
        "A type of principal that the kind of policy does not take.",
        needs=("any-principal",),
        params={
            "type": Param("choice", required=True, choices=("AWS", "Service", "Federated", "CanonicalUser"))
        },
        words=("principal",),
    ),
    "bare-star-principal": CheckSpec(
        "statement",
        "shape.bare_star_principal",
        "A Principal that is the bare star.",
        needs=("principal",),
    ),
    "federated-format": CheckSpec(
        "statement",
        "shape.federated_format",
        "A Federated principal that is no identity provider.",
        needs=("any-principal",),
        words=("principal", "hint"),
    ),
}
