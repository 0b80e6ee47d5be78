"""Checks of keys, passwords and account settings, and of what resources open without a policy."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_WHAT = Param("texts", required=True)
_MISSING = Param("flag", default=False)

TABLE: Mapping[str, CheckSpec] = {
    "grant-exists": CheckSpec(
        "grant",
        "grants.grant_exists",
        "A grant of a kind, unless a field has a given text (`status=Inactive`).",
        params={"what": _WHAT, "except": Param("texts", ())},
        words=("recipient",),
    ),
    "field-value": CheckSpec(
        "grant",
        "grants.field_value",
        "Fields of a grant that have one of the given values, or that are not written.",
        params={
            "what": _WHAT,
            "fields": Param("texts", required=True),
            "values": Param("texts", ()),
            "missing": _MISSING,
            "unless-chosen-by": Param("texts", ()),
        },
        words=("recipient", "fields", "value"),
    ),
    "field-other-than": CheckSpec(
        "grant",
        "grants.field_other_than",
        "A field of a grant that has none of the given values.",
        params={
            "what": _WHAT,
            "field": Param("text", required=True),
            "values": Param("texts", required=True),
        },
        words=("recipient", "value"),
    ),
    "field-number": CheckSpec(
        "grant",
        "grants.field_number",
        "A number of a grant that is too small or too large, or not written.",
        params={
            "what": _WHAT,
            "field": Param("text", required=True),
            "at-least": Param("number"),
            "at-most": Param("number"),
            "missing": _MISSING,
        },
        words=("recipient", "value"),
    ),
    "plaintext-password": CheckSpec(
        "grant",
        "credentials.plaintext_password",
        "A console password that is written in the file.",
        words=("recipient", "source"),
    ),
    "root-access-key": CheckSpec(
        "grant", "credentials.root_access_key", "An access key of the root user.", words=("recipient",)
    ),
    "written-credential": CheckSpec(
        "grant",
        "credentials.written_credential",
        "A place where credentials are written out.",
        params={"what": Param("texts", ("credential",))},
        words=("recipient", "forms"),
    ),
    "short-password": CheckSpec(
        "grant",
        "credentials.short_password",
        "A first console password that is too short.",
        params={"what": Param("texts", ("console-password",)), "at-least": Param("number", required=True)},
        words=("recipient",),
    ),
    "shown-password": CheckSpec(
        "grant",
        "credentials.shown_password",
        "A console password that a parameter shows.",
        params={"what": Param("texts", ("console-password",))},
        words=("recipient", "parameter"),
    ),
    "bucket-without-block": CheckSpec(
        "grant",
        "buckets.bucket_without_block",
        "A bucket for which the files set no block of public access.",
        params={"what": Param("texts", ("bucket",))},
        words=("recipient",),
    ),
    "secret-output": CheckSpec(
        "grant",
        "credentials.secret_output",
        "An output that shows the secret of an access key.",
        params={"what": Param("texts", ("secret-output",))},
        words=("recipient", "source"),
    ),
    "two-access-keys": CheckSpec(
        "grant",
        "credentials.two_access_keys",
        "A second active access key of one user.",
        params={"what": Param("texts", ("access-key",))},
        words=("recipient", "other"),
    ),
    "expired-certificate": CheckSpec(
        "grant",
        "credentials.expired_certificate",
        "A server certificate whose last day has passed.",
        params={"what": Param("texts", ("server-certificate",))},
        words=("recipient", "day"),
    ),
    "public-permission": CheckSpec(
        "grant",
        "grants.public_permission",
        "A call-like permission for everybody that nothing bounds.",
        params={
            "what": Param("texts", ("resource-grant",)),
            "everybody": Param("texts", ("*",)),
            "but-function-url": _MISSING,
        },
        words=("recipient", "actions"),
    ),
    "permission-without-source": CheckSpec(
        "grant",
        "grants.permission_without_source",
        "A permission for an AWS service that any customer's resource can use.",
        params={"only": Param("texts", ()), "but": Param("texts", ())},
        words=("recipient", "service", "source"),
    ),
    "permission-for-everybody": CheckSpec(
        "grant",
        "grants.permission_for_everybody",
        "A permission for everybody that its source alone bounds.",
        params={"what": Param("texts", ("resource-grant",))},
        words=("recipient", "source"),
    ),
    "public-acl": CheckSpec(
        "grant",
        "grants.public_acl",
        "An access control list that lets everybody in.",
        params={
            "canned": Param("texts", ()),
            "groups": Param("texts", required=True),
            "permissions": Param("texts", ()),
        },
        words=("recipient", "acl"),
    ),
}
