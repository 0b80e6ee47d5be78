"""Checks that ask the policy algebra."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "idle-statement": CheckSpec(
        "policy",
        "algebra.idle_statement",
        "A statement that could be left out, proved for every request.",
        params={
            "fault": Param(
                "choice", required=True, choices=("redundant", "shadowed", "without-effect", "unsatisfiable")
            )
        },
        words=("subject", "by"),
    ),
    "repeated-statement": CheckSpec(
        "policy",
        "algebra.repeated_statement",
        "A statement that an earlier one says already, but for its Sid.",
        words=("subject", "by"),
    ),
    "strangers-request": CheckSpec(
        "policy",
        "algebra.strangers_request",
        "A policy that lets a stranger do something, with the request that shows it.",
        words=("request",),
    ),
    "admin-equivalent": CheckSpec(
        "policy",
        "algebra.admin_equivalent",
        "An identity policy that is equal to full admin without saying so.",
        needs=("allow",),
        words=("subject",),
    ),
}
