"""Declarative checks."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "select-statement": CheckSpec(
        "statement",
        "select.select_statement",
        "A statement in which a JSONPath expression finds values that meet the tests of `where`.",
        params={"select": Param("text", required=True), "where": Param("expressions", {})},
        words=("value",),
    ),
    "select-policy": CheckSpec(
        "policy",
        "select.select_policy",
        "A policy in which a JSONPath expression finds values that meet the tests of `where`.",
        params={"select": Param("text", required=True), "where": Param("expressions", {})},
        words=("value",),
    ),
    "select-grant": CheckSpec(
        "grant",
        "select.select_grant",
        "A grant (attachment, access key, password, ...) in which a JSONPath expression finds values.",
        params={
            "what": Param("texts", required=True),
            "select": Param("text", required=True),
            "where": Param("expressions", {}),
        },
        words=("value",),
    ),
}
