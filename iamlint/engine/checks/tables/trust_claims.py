"""Checks of trust policies: principals with the actions and condition keys that go with them."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_ALLOW = ("allow", "principal")

TABLE: Mapping[str, CheckSpec] = {
    "mismatched-principal": CheckSpec(
        "statement",
        "trust_claims.mismatched_principal",
        "An action of assuming and a kind of principal that do not go together.",
        needs=("principal", "action"),
        words=("action", "takes", "kinds"),
    ),
    "service-actions-missing": CheckSpec(
        "statement",
        "trust_claims.service_actions_missing",
        "A trust of a service without one of the actions that it calls.",
        needs=(*_ALLOW, "action"),
        params={"service": Param("text", required=True), "actions": Param("texts", required=True)},
        words=("missing",),
    ),
    "key-without-action": CheckSpec(
        "statement",
        "trust_claims.key_without_action",
        "A condition key that comes with an action which the statement does not allow.",
        needs=("allow", "action", "condition"),
        words=("key", "missing"),
    ),
    "oidc-key-absent": CheckSpec(
        "statement",
        "trust_claims.oidc_key_absent",
        "An OIDC provider none of whose keys is tested.",
        needs=_ALLOW,
        words=("issuer",),
    ),
    "github-subject-untested": CheckSpec(
        "statement",
        "trust_claims.github_subject_untested",
        "GitHub's OIDC provider without a condition on the subject.",
        needs=_ALLOW,
        words=("issuer",),
    ),
    "github-subject-open": CheckSpec(
        "statement",
        "trust_claims.github_subject_open",
        "A subject of GitHub's tokens with a wildcard.",
        needs=("allow", "condition"),
        words=("subject",),
    ),
    "github-subject-malformed": CheckSpec(
        "statement",
        "trust_claims.github_subject_malformed",
        "A subject that no token of GitHub has.",
        needs=("allow", "condition"),
        words=("subject",),
    ),
    "audience-with-set-operator": CheckSpec(
        "statement",
        "trust_claims.audience_with_set_operator",
        "A claim of a web identity token, which has one value, under a set operator.",
        needs=("condition", "set-operator"),
        params={
            "claims": Param("texts", required=True),
            "quantifiers": Param("texts", required=True, choices=("ForAllValues", "ForAnyValue")),
        },
        words=("operator", "key", "plain"),
    ),
    "session-beside-role": CheckSpec(
        "statement",
        "trust_claims.session_beside_role",
        "A session of a role in a list of principals that has the role itself.",
        needs=("principal",),
        words=("session", "role"),
    ),
}
