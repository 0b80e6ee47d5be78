"""Checks of service control policies and resource control policies."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "action-wildcard-inside": CheckSpec(
        "statement",
        "organizations.action_wildcard_inside",
        "An action with a wildcard anywhere but at its end.",
        words=("action",),
    ),
    "rcp-principal": CheckSpec(
        "statement",
        "organizations.rcp_principal",
        "A principal other than the bare star.",
        needs=("any-principal",),
    ),
    "rcp-allow": CheckSpec(
        "statement",
        "organizations.rcp_allow",
        "An Allow that is narrower than everybody on everything.",
        needs=("allow",),
        words=("elements",),
    ),
    "rcp-action-service": CheckSpec(
        "statement",
        "organizations.rcp_action_service",
        "An action of a service that does not obey resource control policies.",
        needs=("action",),
        words=("action", "prefix", "hint"),
    ),
    "missing-service-test": CheckSpec(
        "statement",
        "organizations.missing_service_test",
        "A test of who calls, or for whom, that leaves out whether a service of AWS calls.",
        needs=("deny", "condition"),
        params={
            "keys": Param("choice", required=True, choices=("principal", "source")),
            "service": Param("choice", required=True, choices=("true", "false")),
        },
        words=("keys",),
    ),
    "missing-null-check": CheckSpec(
        "statement",
        "organizations.missing_null_check",
        "A test of a source key that leaves out whether the request has a source.",
        needs=("deny", "condition"),
        words=("keys",),
    ),
}
