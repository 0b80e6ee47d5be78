"""Checks of principals with all that they hold."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "principal-escalates": CheckSpec(
        "principal",
        "principals.escalates",
        "A principal whose statements together open ways to more rights.",
        params={"grade": Param("choice", required=True, choices=("open", "conditional", "possible"))},
        words=("principal", "ways", "actions", "policies"),
    ),
    "principal-reaches-administrator": CheckSpec(
        "principal",
        "principals.reaches_administrator",
        "A principal that can become an administrator in one or more steps.",
        words=("principal", "administrator", "steps", "chain"),
    ),
    "principal-passes-administrator": CheckSpec(
        "principal",
        "principals.passes_administrator",
        "An Allow of iam:PassRole on a role of the same files that is an administrator.",
        words=("principal", "administrator", "resource"),
    ),
    "principal-runs": CheckSpec(
        "principal",
        "principals.runs_privileged",
        "Something that runs as a role with every right, or with a way to more.",
        params={"types": Param("texts", required=True)},
        words=("principal", "resource", "rights"),
    ),
    "allowed-elsewhere": CheckSpec(
        "policy",
        "elsewhere.allowed_elsewhere",
        "A statement of an inline policy that another policy of the same principal takes in.",
        needs=("allow",),
        words=("other",),
    ),
}
