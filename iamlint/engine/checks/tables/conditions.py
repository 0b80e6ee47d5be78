"""Checks of condition blocks, with those of MFA and of the root user, which policies show as conditions."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_CONDITION = ("condition",)
_ALLOW = ("allow", "condition")
_DENY = ("deny", "condition")
_WORDS = ("operator", "key")

TABLE: Mapping[str, CheckSpec] = {
    "unknown-operator": CheckSpec(
        "statement",
        "conditions.unknown_operator",
        "A condition operator that IAM does not have.",
        needs=_CONDITION,
        words=(*_WORDS, "hint"),
    ),
    "null-affix": CheckSpec(
        "statement",
        "conditions.null_affix",
        "The operator Null with a suffix or prefix that it does not take.",
        needs=(*_CONDITION, "null-operator"),
        params={"affix": Param("choice", required=True, choices=("IfExists", "set-prefix"))},
        words=_WORDS,
    ),
    "wildcard-in-equals": CheckSpec(
        "statement",
        "conditions.wildcard_in_equals",
        "A wildcard under an operator that takes it as an ordinary character.",
        needs=_CONDITION,
        words=(*_WORDS, "values", "like"),
    ),
    "set-operator-single": CheckSpec(
        "statement",
        "conditions.set_operator_single",
        "ForAllValues in an Allow on a key that has one value.",
        needs=(*_ALLOW, "set-operator"),
        words=_WORDS,
    ),
    "set-operator-absent": CheckSpec(
        "statement",
        "conditions.set_operator_absent",
        "A set operator on a list that may be absent, without a Null test beside it.",
        needs=(*_CONDITION, "set-operator"),
        params={
            "quantifier": Param("choice", required=True, choices=("ForAllValues", "ForAnyValue")),
            "keys": Param("choice", "all", choices=("all", "security", "others")),
        },
        words=_WORDS,
    ),
    "ifexists-allow": CheckSpec(
        "statement",
        "conditions.ifexists_allow",
        "IfExists in an Allow on a key that says who or from where.",
        needs=(*_ALLOW, "if-exists"),
        words=_WORDS,
    ),
    "ifexists-deny": CheckSpec(
        "statement",
        "conditions.ifexists_deny",
        "A Deny whose test is false of a request without the key.",
        needs=_DENY,
        words=_WORDS,
    ),
    "type-mismatch": CheckSpec(
        "statement",
        "conditions.type_mismatch",
        "An operator of another family than the type of the key.",
        needs=_CONDITION,
        words=(*_WORDS, "type"),
    ),
    "key-of-no-action": CheckSpec(
        "statement",
        "carried_keys.key_of_no_action",
        "A condition key that no request for the actions of the statement carries.",
        needs=("action", "condition"),
        words=(*_WORDS, "actions"),
    ),
    "text-on-arn-key": CheckSpec(
        "statement",
        "conditions.text_on_arn_key",
        "StringEquals and its kin on a key that holds an ARN.",
        needs=_CONDITION,
        words=(*_WORDS, "better"),
    ),
    "invalid-condition-value": CheckSpec(
        "statement",
        "conditions.invalid_value",
        "A value that no request can have, or that the operator cannot read.",
        needs=_CONDITION,
        words=(*_WORDS, "value", "wrong"),
    ),
    "wide-source-ip": CheckSpec(
        "statement",
        "conditions.wide_source_ip",
        "A public address range in an Allow that is too wide to bound anything.",
        needs=_ALLOW,
        words=(*_WORDS, "values"),
    ),
    "caller-chosen-key": CheckSpec(
        "statement",
        "conditions.caller_chosen_key",
        "A key in an Allow whose value the caller chooses.",
        needs=_ALLOW,
        words=_WORDS,
    ),
    "never-true": CheckSpec(
        "statement",
        "conditions.never_true",
        "A test that no request passes.",
        needs=_CONDITION,
        words=(*_WORDS, "reason"),
    ),
    "always-true": CheckSpec(
        "statement",
        "conditions.always_true",
        "A test that every request passes.",
        needs=_CONDITION,
        words=(*_WORDS, "reason"),
    ),
    "mfa-condition": CheckSpec(
        "statement",
        "mfa.mfa_condition",
        "A test of the MFA keys that looks right and does not do what it seems to.",
        needs=(*_CONDITION, "mfa-key"),
        params={
            "shape": Param(
                "choice",
                required=True,
                choices=("allow-false", "allow-ifexists", "deny-false", "null", "operator"),
            )
        },
        words=_WORDS,
    ),
    "sensitive-without-mfa": CheckSpec(
        "statement",
        "mfa.sensitive_without_mfa",
        "Actions that manage permissions or destroy for good, granted to users or groups without MFA.",
        needs=("allow",),
        words=("actions",),
    ),
    "user-assumes-without-mfa": CheckSpec(
        "statement",
        "mfa.user_assumes_without_mfa",
        "sts:AssumeRole granted to users without a word about MFA.",
        needs=("allow", "identity-action"),
    ),
    "group-without-mfa": CheckSpec(
        "policy",
        "mfa.group_without_mfa",
        "A group's policy in which nothing asks for MFA.",
    ),
    "root-condition": CheckSpec(
        "statement",
        "root.root_condition",
        "A test in an Allow that only the root user passes.",
        needs=_ALLOW,
        words=("key", "value"),
    ),
}
