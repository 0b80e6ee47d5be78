"""Checks of what is not IAM's grammar, and of names that mean nothing to IAM."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "policy-fault": CheckSpec(
        "policy",
        "grammar.policy_fault",
        "Something that IAM's grammar does not allow.",
        needs=("fault",),
        params={"codes": Param("texts", required=True)},
        words=("fault", "hint"),
    ),
    "unparsable-file": CheckSpec(
        "file",
        "grammar.unparsable_file",
        "A file that should hold policies and cannot be parsed.",
        words=("format", "error", "fault"),
    ),
    "unknown-action": CheckSpec(
        "statement",
        "grammar.unknown_action",
        "An action that its service does not have.",
        needs=("unmatched-action",),
        words=("action", "hint"),
    ),
    "unknown-service": CheckSpec(
        "statement",
        "grammar.unknown_service",
        "An action of a service prefix that does not exist.",
        needs=("unmatched-action",),
        words=("prefix", "hint"),
    ),
    "action-without-service": CheckSpec(
        "statement",
        "grammar.action_without_service",
        "An action without a service prefix.",
        needs=("unmatched-action",),
        words=("action", "hint"),
    ),
    "retired-action": CheckSpec(
        "statement",
        "grammar.retired_action",
        "An action that IAM takes and the catalogue does not list.",
        needs=("unmatched-action",),
        words=("action",),
    ),
    "element-absent": CheckSpec(
        "statement",
        "grammar.element_absent",
        "A statement without an element that its kind of policy needs.",
        params={"element": Param("choice", required=True, choices=("Resource", "Principal"))},
    ),
    "element-present": CheckSpec(
        "statement",
        "grammar.element_present",
        "A statement with a principal in a kind of policy that takes none.",
        needs=("any-principal",),
        words=("element",),
    ),
    "element-empty": CheckSpec(
        "statement",
        "grammar.element_empty",
        "An element that is written and holds nothing.",
        needs=("empty-element",),
        params={"element": Param("choice", required=True, choices=("Action", "Resource", "Principal"))},
        words=("element",),
    ),
    "repeated-value": CheckSpec(
        "statement",
        "grammar.repeated_value",
        "A list of principals or condition values that says the same twice.",
        words=("value", "element"),
    ),
    "no-statements": CheckSpec(
        "policy", "grammar.no_statements", "A policy whose list of statements is empty."
    ),
    "duplicate-sid": CheckSpec(
        "policy",
        "grammar.duplicate_sid",
        "A Sid that two statements of a policy have.",
        needs=("sid",),
        words=("sid",),
    ),
    "sid-format": CheckSpec(
        "statement",
        "grammar.sid_format",
        "A Sid with characters other than letters and digits.",
        needs=("sid",),
        words=("sid", "characters"),
    ),
    "version-absent": CheckSpec("policy", "grammar.version_absent", "A policy without Version."),
    "version-is": CheckSpec(
        "policy",
        "grammar.version_is",
        "A policy of the given version.",
        params={"version": Param("text", required=True)},
        words=("version",),
    ),
    "version-unknown": CheckSpec(
        "policy",
        "grammar.version_unknown",
        "A policy with a version that does not exist.",
        words=("version",),
    ),
    "variable-not-read": CheckSpec(
        "statement",
        "grammar.variable_not_read",
        "A policy variable in a policy whose version takes it for plain text.",
        words=("variables", "version"),
    ),
}
