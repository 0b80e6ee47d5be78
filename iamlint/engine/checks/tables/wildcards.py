"""Checks of wildcards in actions and resources."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "full-admin": CheckSpec(
        "statement",
        "wildcards.full_admin",
        "An Allow of every action on every resource, without a condition that bounds it.",
        needs=("allow", "action-wildcard", "resource-star"),
    ),
    "action-pattern": CheckSpec(
        "statement",
        "wildcards.action_pattern",
        "An action that is written exactly as one of the given patterns.",
        needs=("action",),
        params={
            "patterns": Param("texts", required=True),
            "effect": Param("choice", "Allow", choices=("Allow", "Deny")),
        },
        words=("actions",),
    ),
}
