"""Checks of what the files and the configuration say against findings."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "suppression-fault": CheckSpec(
        "suppression",
        "suppressions.suppression_fault",
        "A suppression that hides nothing, gives no reason, has expired, or names no rule.",
        params={
            "fault": Param(
                "choice", required=True, choices=("unused", "no-reason", "expired", "unknown-rule")
            )
        },
        words=("rules", "day", "hint"),
    ),
}
