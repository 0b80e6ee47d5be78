"""Checks of what is not IAM's grammar."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "policy-fault": CheckSpec(
        "policy",
        "grammar.policy_fault",
        "Something that IAM's grammar does not allow.",
        params={"codes": Param("texts", required=True)},
        words=("fault",),
    ),
    "unparsable-file": CheckSpec(
        "file",
        "grammar.unparsable_file",
        "A file that should hold policies and cannot be parsed.",
        words=("format", "error"),
    ),
}
