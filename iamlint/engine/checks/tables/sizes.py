"""Checks of how long a policy is and how many statements it has, against what AWS takes."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "policy-size": CheckSpec(
        "policy",
        "sizes.policy_size",
        "A policy with more characters than AWS takes, or with nearly as many.",
        params={"percent": Param("number", 100)},
        words=("size", "quota", "of", "counted"),
    ),
    "policy-complexity": CheckSpec(
        "policy",
        "complexity.policy_complexity",
        "A policy that is hard to read, by what its statements hold.",
        params={"at-most": Param("number", required=True)},
        words=("weight", "most", "count"),
    ),
    "statement-count": CheckSpec(
        "policy",
        "sizes.statement_count",
        "A policy with more statements than the service takes.",
        words=("count", "most", "of"),
    ),
}
