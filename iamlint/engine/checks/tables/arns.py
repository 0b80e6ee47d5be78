"""Checks of ARNs and of other values that must name exactly one thing."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_FAULTS = (
    "prefix",
    "fields",
    "partition",
    "service-case",
    "service-wildcard",
    "region-not-allowed",
    "region-missing",
    "region-unknown",
    "account-not-allowed",
    "account-missing",
    "account-malformed",
    "resource",
)
_WORDS = ("resource", "found", "service", "hint")

TABLE: Mapping[str, CheckSpec] = {
    "arn-fault": CheckSpec(
        "statement",
        "arns.arn_fault",
        "A resource ARN whose first fault is the given one.",
        gate="arns.fault_gate",
        params={"fault": Param("choice", required=True, choices=_FAULTS)},
        words=_WORDS,
    ),
    "unknown-service-named": CheckSpec(
        "statement",
        "arns.unknown_service",
        "A resource ARN or a condition key of a service that does not exist.",
        words=_WORDS,
    ),
    "unsupported-resource": CheckSpec(
        "statement",
        "arns.unsupported_resource",
        "A resource that cannot be the one on which the policy hangs.",
        needs=("any-principal",),
        words=("resource", "holder"),
    ),
    "unsupported-action": CheckSpec(
        "statement",
        "arns.unsupported_action",
        "An action of a service other than that of the resource on which the policy hangs.",
        needs=("any-principal",),
        words=("action", "holder", "service"),
    ),
    "unique-id-principal": CheckSpec(
        "statement",
        "arns.unique_id",
        "An AWS principal that is the unique id of a role or a user.",
        needs=("any-principal",),
        params={"prefix": Param("choice", required=True, choices=("AROA", "AIDA"))},
        words=("id",),
    ),
    "loose-wildcard": CheckSpec(
        "statement",
        "loose_values.loose_wildcard",
        "A wildcard in the value of a condition key that must be tested against whole values.",
        needs=("condition",),
        gate="loose_values.loose_gate",
        words=("key", "value", "problem"),
    ),
    "loose-variable": CheckSpec(
        "statement",
        "loose_values.loose_variable",
        "A policy variable in the value of a condition key that must be tested against fixed values.",
        needs=("condition",),
        gate="loose_values.loose_gate",
        words=("key", "value", "problem"),
    ),
}
