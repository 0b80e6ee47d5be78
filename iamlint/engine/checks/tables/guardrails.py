"""Checks of guardrails that leave open what they are for."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {
    "scp-allow": CheckSpec(
        "statement",
        "guardrails.scp_allow",
        "An Allow that is narrower than all of its actions.",
        needs=("allow",),
        words=("elements",),
    ),
    "scp-guardrail": CheckSpec(
        "policy",
        "guardrails.scp_guardrail",
        "What none of several service control policies of the same files denies.",
        needs=("deny",),
        params={"actions": Param("texts"), "region": Param("flag", default=False)},
        words=("count", "actions"),
    ),
    "rcp-action-star": CheckSpec(
        "statement",
        "guardrails.rcp_action_star",
        "A Deny of the bare star.",
        needs=("deny", "action-wildcard"),
        words=("action",),
    ),
    "rcp-blanket-deny": CheckSpec(
        "statement",
        "guardrails.rcp_blanket_deny",
        "A Deny of a whole service for everybody, without a condition.",
        needs=("deny", "action-wildcard", "resource-star"),
        words=("actions",),
    ),
    "boundary-allows-all": CheckSpec(
        "statement",
        "guardrails.boundary_allows_all",
        "An Allow of everything in a policy that denies nothing.",
        needs=("allow", "action-wildcard", "resource-star"),
    ),
    "boundary-self-protection": CheckSpec(
        "statement",
        "guardrails.boundary_self_protection",
        "An Allow of taking boundaries off, or of making principals that have none.",
        needs=("allow", "action", "resource-wildcard"),
        words=("actions", "ways"),
    ),
}
