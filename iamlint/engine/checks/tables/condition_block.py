"""Checks of a condition block after IAM Access Analyzer's policy checks, and of policy variables."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_CONDITION = ("condition",)
_WORDS = ("operator", "key")
_VALUE_WORDS = (*_WORDS, "value")


def _key_check(
    function: str,
    gate: str,
    summary: str,
    params: Mapping[str, Param] | None = None,
    words: tuple[str, ...] = (),
    needs: tuple[str, ...] = _CONDITION,
) -> CheckSpec:
    """Return a check of conditions behind a first question about the traits of the tests."""
    return CheckSpec(
        "statement",
        function,
        summary,
        needs=needs,
        params=params or {},
        words=(*_WORDS, *words),
        gate=f"condition_traits.{gate}",
    )


TABLE: Mapping[str, CheckSpec] = {
    "condition-key-at-fault": _key_check(
        "condition_names.key_at_fault",
        "asks_name",
        "A condition key that does not exist, or is not written as one.",
        {"fault": Param("choice", required=True, choices=("format", "global", "service", "tag", "retired"))},
        ("service", "hint", "stem"),
    ),
    "untrustworthy-key": _key_check(
        "condition_names.untrustworthy_key",
        "asks_caller_chosen",
        "A key whose value the caller chooses.",
    ),
    "key-without-partner": _key_check(
        "condition_names.key_without_partner",
        "asks_paired",
        "A key that says something only beside another one.",
        {"key": Param("text", required=True), "partners": Param("texts", required=True)},
        ("partners",),
    ),
    "key-of-principals": _key_check(
        "condition_names.key_of_principals",
        "asks_principal_key",
        "A key about the principal in a statement for AWS services alone.",
        words=("services",),
        needs=(*_CONDITION, "principal"),
    ),
    "action-without-key": _key_check(
        "condition_names.action_without_key",
        "asks_action_key",
        "An action whose requests never carry a key of the condition.",
        words=("actions",),
        needs=(*_CONDITION, "action"),
    ),
    "vpce-key-beyond-services": _key_check(
        "condition_names.vpce_key_beyond_services",
        "asks_vpce",
        "A key about the owner of a VPC endpoint with actions of services that do not send it.",
        words=("reach",),
    ),
    "attributes-without-select": _key_check(
        "condition_names.attributes_without_select",
        "asks_dynamodb_attributes",
        "A limit on attributes of DynamoDB without a test of what is selected.",
    ),
    "prefix-in-negative": _key_check(
        "condition_names.prefix_in_negative",
        "asks_s3_prefix",
        "A prefix of S3 that a shorter prefix gets round.",
        words=("better",),
    ),
    "several-booleans": _key_check(
        "condition_types.several_booleans",
        "asks_boolean",
        "Several values under Bool on a key that has one.",
    ),
    "list-without-qualifier": _key_check(
        "condition_types.list_without_qualifier",
        "asks_no_qualifier",
        "A key with several values without ForAllValues or ForAnyValue.",
    ),
    "arn-key-as-text": _key_check(
        "condition_types.arn_key_as_text",
        "asks_arn_as_text",
        "StringLike or StringNotLike on a key that holds an ARN.",
        words=("better",),
    ),
    "value-unreadable": _key_check(
        "condition_types.value_unreadable",
        "asks_not_text",
        "A value that is not of the operator's type.",
        {
            "type": Param(
                "choice",
                required=True,
                choices=("address", "base64", "boolean", "date", "date-text", "number"),
            )
        },
        ("value",),
    ),
    "value-without-form": _key_check(
        "condition_types.value_without_form",
        "asks_exact_value",
        "A value that does not have the form of what the key holds.",
        {"form": Param("choice", required=True, choices=("region", "vpc", "vpc-endpoint", "kms-key"))},
        ("value", "hint"),
    ),
    "service-principal-format": CheckSpec(
        "statement",
        "condition_types.service_principal_format",
        "A service principal that is not written as one, in Principal or in a condition.",
        words=(*_VALUE_WORDS, "form"),
        gate="condition_types.asks_service_principal",
    ),
    "private-source-address": _key_check(
        "condition_types.private_source_address",
        "asks_source_address",
        "Private addresses under aws:SourceIp.",
        {
            "operator": Param("choice", required=True, choices=("IpAddress", "NotIpAddress")),
            "share": Param("choice", required=True, choices=("all", "some")),
        },
        ("values",),
    ),
    "address-with-host-bits": _key_check(
        "condition_types.address_with_host_bits",
        "asks_address",
        "A range that is not written from its first address.",
        words=("value", "better"),
    ),
    "several-bounds": _key_check(
        "condition_types.several_bounds",
        "asks_number",
        "Several bounds in one direction, of which one counts.",
        words=("values", "widest"),
    ),
    "lone-star": _key_check(
        "condition_types.lone_star",
        "asks_lone_star",
        "StringLike or StringNotLike with nothing but a star.",
        {"means": Param("choice", required=True, choices=("present", "absent", "always", "never"))},
    ),
    "variable-under-operator": _key_check(
        "policy_variables.variable_under_operator",
        "asks_not_text",
        "A policy variable under an operator that reads none.",
        words=("variable",),
    ),
    "variable-at-fault": CheckSpec(
        "statement",
        "policy_variables.variable_at_fault",
        "A policy variable that is not written as one.",
        params={"fault": Param("choice", required=True, choices=("brace", "quote", "space", "empty"))},
        words=("variable", "better"),
        gate="policy_variables.asks_readable",
    ),
    "variable-misplaced": CheckSpec(
        "statement",
        "policy_variables.variable_misplaced",
        "A policy variable in an element that takes none.",
        words=("element", "variable"),
        gate="policy_variables.asks_misplaced",
    ),
}
