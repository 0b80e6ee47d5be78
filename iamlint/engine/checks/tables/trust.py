"""Checks of trust policies."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_ALLOW_PRINCIPAL = ("allow", "principal")

TABLE: Mapping[str, CheckSpec] = {
    "trust-public": CheckSpec(
        "statement",
        "trust.trust_public",
        "Everybody may assume the role.",
        needs=_ALLOW_PRINCIPAL,
        params={"bound": Param("choice", required=True, choices=("nothing", "secret", "pinned"))},
        words=("principals", "conditions"),
    ),
    "trust-party": CheckSpec(
        "statement",
        "trust.trust_party",
        "Principals of the owner's account or of a foreign one may assume the role.",
        needs=_ALLOW_PRINCIPAL,
        params={
            "kinds": Param("texts", required=True, choices=("account", "role", "user", "session")),
            "whose": Param("choice", required=True, choices=("own", "foreign")),
            "without": Param("texts"),
            "bounded": Param("flag", default=False),
        },
        words=("principals", "accounts"),
    ),
    "trust-missing-mfa": CheckSpec(
        "statement",
        "trust.missing_mfa",
        "People may assume the role without MFA.",
        needs=_ALLOW_PRINCIPAL,
        words=("principals",),
    ),
    "trust-service": CheckSpec(
        "statement",
        "trust.trust_service",
        "Services of a list may assume the role, without a test on one of the given keys.",
        needs=_ALLOW_PRINCIPAL,
        params={
            "list": Param("choice", choices=("sends-source-keys", "compute")),
            "services": Param("texts"),
            "without": Param("texts"),
        },
        words=("principals",),
    ),
    "trust-self": CheckSpec(
        "statement",
        "trust.self_trust",
        "The role names itself as principal.",
        needs=_ALLOW_PRINCIPAL,
        words=("principals",),
    ),
    "trust-session-tags": CheckSpec(
        "statement",
        "trust.session_tags",
        "Whole accounts or everybody may set session tags or a source identity.",
        needs=_ALLOW_PRINCIPAL,
        words=("actions", "principals"),
    ),
    "oidc-subject": CheckSpec(
        "statement",
        "trust.oidc_subject",
        "Tokens of a shared web identity issuer are taken from too many tenants.",
        needs=_ALLOW_PRINCIPAL,
        params={
            "issuers": Param("choice", required=True, choices=("github", "others")),
            "state": Param(
                "choice", "any", choices=("missing", "weak", "any", "any-repository", "any-branch")
            ),
        },
        words=("issuer", "subject", "owner"),
    ),
    "oidc-open-subject": CheckSpec(
        "statement",
        "trust.oidc_open_subject",
        "Every identity of a private web identity issuer may assume the role.",
        needs=_ALLOW_PRINCIPAL,
        words=("issuer", "subject"),
    ),
    "oidc-claim-untested": CheckSpec(
        "statement",
        "trust.oidc_claim_untested",
        "Tokens of an issuer are taken whatever one of their claims says.",
        needs=_ALLOW_PRINCIPAL,
        params={
            "issuer": Param("text", required=True),
            "claim": Param("text", required=True),
            "instead": Param("texts"),
        },
        words=("issuer", "claim"),
    ),
    "oidc-audience": CheckSpec(
        "statement",
        "trust.oidc_audience",
        "Tokens of a web identity issuer are taken whatever audience they are for.",
        needs=_ALLOW_PRINCIPAL,
        params={"issuers": Param("choice", required=True, choices=("github", "others"))},
        words=("issuer",),
    ),
    "saml-audience": CheckSpec(
        "statement",
        "trust.saml_audience",
        "SAML assertions are taken whatever audience they are for.",
        needs=_ALLOW_PRINCIPAL,
        words=("principals",),
    ),
    "trust-element": CheckSpec(
        "statement",
        "trust.trust_element",
        "An element that a trust policy does not take or should not have.",
        params={"element": Param("choice", required=True, choices=("NotPrincipal", "NotAction", "Resource"))},
        words=("values",),
    ),
}
