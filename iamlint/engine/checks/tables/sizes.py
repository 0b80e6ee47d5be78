"""Checks of how long a policy is and how many statements it has, against what AWS takes."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "policy-size": CheckSpec(
        "policy",
        "sizes.policy_size",
        "A policy with more characters than AWS takes.",
        words=("size", "quota", "of", "counted"),
    ),
    "statement-count": CheckSpec(
        "policy",
        "sizes.statement_count",
        "A policy with more statements than the service takes.",
        words=("count", "most", "of"),
    ),
}
