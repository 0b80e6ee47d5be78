"""Checks of account ids, in statements and in grants."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "unknown-account": CheckSpec(
        "statement",
        "account_ids.unknown_account",
        "An account id, written out, that the settings do not list.",
        words=("accounts",),
    ),
    "foreign-grant": CheckSpec(
        "grant",
        "account_ids.foreign_grant",
        "A permission or share for an account that the settings do not list.",
        params={"what": Param("texts", required=True)},
        words=("recipient", "accounts"),
    ),
    "key-without-policy": CheckSpec(
        "grant",
        "account_ids.key_without_policy",
        "A KMS key for which the files write no policy.",
        words=("recipient",),
    ),
}
