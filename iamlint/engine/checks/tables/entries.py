"""Checks of the entries of a statement, and of what is granted by the way in which they are written."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_TAGS = ("key", "actions", "services")

TABLE: Mapping[str, CheckSpec] = {
    "redundant-entries": CheckSpec(
        "statement",
        "redundant_entries.redundant_entries",
        "Entries of one list that another entry of the list takes in.",
        params={"element": Param("choice", required=True, choices=("Action", "Resource"))},
        words=("fault",),
    ),
    "role-grant": CheckSpec(
        "statement",
        "role_grants.role_grant",
        "An Allow of passing roles or making service-linked roles, by the way in which it is written.",
        needs=("allow", "identity-action"),
        gate="role_grants.granted_gate",
        params={
            "action": Param("choice", required=True, choices=("iam:PassRole", "iam:CreateServiceLinkedRole")),
            "actions": Param("choice", required=True, choices=("literal", "pattern", "not")),
            "resources": Param("choice", required=True, choices=("open", "not")),
        },
        words=("action", "entry", "resources"),
    ),
    "tag-key-allow": CheckSpec(
        "statement",
        "tag_support.unsupported_tag_key",
        "An Allow under a tag of the resource, of actions that know no tags.",
        needs=("allow", "action", "condition"),
        gate="tag_support.tag_gate",
        words=_TAGS,
    ),
    "tag-key-deny": CheckSpec(
        "statement",
        "tag_support.unsupported_tag_key",
        "A Deny under a tag of the resource, of actions that know no tags.",
        needs=("deny", "action", "condition"),
        gate="tag_support.tag_gate",
        words=_TAGS,
    ),
    "tag-key-allow-not-action": CheckSpec(
        "statement",
        "tag_support.unsupported_tag_key_not_action",
        "An Allow with NotAction under a tag of the resource.",
        needs=("allow", "not-action", "condition"),
        gate="tag_support.tag_gate",
        words=("key",),
    ),
    "tag-key-deny-not-action": CheckSpec(
        "statement",
        "tag_support.unsupported_tag_key_not_action",
        "A Deny with NotAction under a tag of the resource.",
        needs=("deny", "not-action", "condition"),
        gate="tag_support.tag_gate",
        words=("key",),
    ),
    "service-without-source": CheckSpec(
        "statement",
        "service_callers.service_without_source",
        "A service that is let in without a condition on what it acts for.",
        needs=("allow", "principal"),
        words=("services",),
    ),
    "service-source-preferred": CheckSpec(
        "statement",
        "service_callers.service_source_preferred",
        "A service that is let in by a key which says less than those that name its source.",
        needs=("allow", "principal", "condition"),
        words=("key", "services"),
    ),
    "address-without-services": CheckSpec(
        "statement",
        "service_callers.address_without_services",
        "A Deny of callers from other addresses that leaves out none of those with others.",
        needs=("deny", "condition"),
        words=("operator", "key"),
    ),
    "irrelevant-key": CheckSpec(
        "statement",
        "service_callers.irrelevant_key",
        "A condition key whose value the resource fixes on which the policy hangs.",
        needs=("condition", "any-principal"),
        words=("key",),
    ),
}
