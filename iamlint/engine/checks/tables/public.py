"""Checks of resource policies."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_LEVELS = Param("texts", choices=("list", "read", "write", "tagging", "permissions"))
_SERVICES = Param("texts")

TABLE: Mapping[str, CheckSpec] = {
    "public-principal": CheckSpec(
        "statement",
        "public.public_principal",
        "An Allow to strangers: everybody is the principal and nothing pins the caller.",
        needs=("allow", "principal"),
        params={
            "actions": Param("texts"),
            "levels": _LEVELS,
            "services": _SERVICES,
            "skip": Param("texts"),
            "only": Param("flag", default=False),
        },
        words=("actions",),
    ),
    "public-bounded": CheckSpec(
        "statement",
        "public.public_bounded",
        "An Allow to everybody that a condition alone bounds.",
        needs=("allow", "principal", "condition"),
        params={"by": Param("choice", required=True, choices=("address", "owner")), "skip": Param("texts")},
        words=("actions", "conditions"),
    ),
    "resource-policy-wildcard": CheckSpec(
        "statement",
        "public.wildcard_statement",
        "An Allow of a resource policy whose action is written as one of the patterns.",
        needs=("allow", "action-wildcard"),
        params={"patterns": Param("texts", required=True), "services": _SERVICES},
        words=("actions", "principals"),
    ),
    "foreign-principal": CheckSpec(
        "statement",
        "public.foreign_principal",
        "An Allow to an account that is neither the owner's nor trusted, without a bounding condition.",
        needs=("allow", "principal"),
        params={
            "kinds": Param("texts", required=True, choices=("account", "role", "user", "session")),
            "levels": _LEVELS,
            "services": _SERVICES,
        },
        words=("principals", "accounts", "actions"),
    ),
    "own-root-principal": CheckSpec(
        "statement",
        "public.own_root",
        "An Allow of a resource policy to the root ARN of the owner's own account.",
        needs=("allow", "principal"),
        words=("principal",),
    ),
    "foreign-action": CheckSpec(
        "statement",
        "public.foreign_action",
        "Actions granted to a service, everybody, or an account that is not the owner's.",
        needs=("allow", "principal", "action"),
        params={"actions": Param("texts", required=True), "services": _SERVICES},
        words=("actions", "principals"),
    ),
    "service-source": CheckSpec(
        "statement",
        "public.service_source",
        "An Allow to a service that sends aws:SourceArn or aws:SourceAccount, without asking for them.",
        needs=("allow", "principal"),
        params={"services": _SERVICES},
        words=("services", "actions"),
    ),
    "policy-lockout": CheckSpec(
        "statement",
        "public.policy_lockout",
        "An unconditional Deny to everybody of the action that changes the policy.",
        needs=("deny", "principal", "action"),
        params={"actions": Param("texts", required=True), "services": _SERVICES},
        words=("actions",),
    ),
    "key-lockout": CheckSpec(
        "policy",
        "public.key_lockout",
        "A key policy in which no principal of an account may change it.",
    ),
    "insecure-transport": CheckSpec(
        "policy",
        "public.insecure_transport",
        "A bucket policy without a Deny for requests that do not use TLS.",
    ),
    "transport-gap": CheckSpec(
        "policy",
        "public.transport_gap",
        "A bucket policy that refuses requests without TLS for reading or for writing alone.",
        words=("actions",),
    ),
    "iot-resource-star": CheckSpec(
        "statement",
        "public.iot_resource_star",
        "A device policy whose resource is the star.",
        needs=("allow", "resource-star"),
        words=("value",),
    ),
    "open-endpoint": CheckSpec(
        "statement",
        "public.open_endpoint",
        "An endpoint policy that allows everything to everybody.",
        needs=("allow", "action-wildcard", "resource-star"),
    ),
}
