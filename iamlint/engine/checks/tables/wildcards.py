"""Checks of wildcards in actions and resources, and of the Not- elements."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_LEVELS = ("List", "Read", "Write", "Tagging", "Permissions management")

TABLE: Mapping[str, CheckSpec] = {
    "full-admin": CheckSpec(
        "statement",
        "wildcards.full_admin",
        "An Allow of every action on every resource, without a condition that bounds it.",
        needs=("allow", "resource-star"),
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
    "service-wildcard": CheckSpec(
        "statement",
        "wildcards.service_wildcard",
        "An Allow of every action of a service, on open or on narrower resources.",
        needs=("allow", "action-wildcard"),
        params={
            "services": Param("texts"),
            "groups": Param("texts"),
            "except-groups": Param("texts"),
            "scope": Param("choice", "any", choices=("open", "narrow", "any")),
        },
        words=("actions", "resources"),
    ),
    "resource-star": CheckSpec(
        "statement",
        "wildcards.resource_star",
        "An Allow on every resource of actions that could name the resources they are for.",
        needs=("allow", "action", "resource-wildcard"),
        gate="wildcards.star_gate",
        params={
            "written": Param("choice", "star", choices=("star", "arn")),
            "levels": Param("texts", choices=_LEVELS),
            "sets": Param("texts"),
            "except-sets": Param("texts"),
            "apart": Param("texts"),
            "verbs": Param("texts"),
            "except-verbs": Param("texts"),
        },
        words=("actions", "resources"),
    ),
    "resource-breadth": CheckSpec(
        "statement",
        "wildcards.resource_breadth",
        "An Allow on every resource, whatever its actions.",
        needs=("allow", "resource-star"),
    ),
    "partial-wildcard": CheckSpec(
        "statement",
        "wildcards.partial_wildcard",
        "An Allow of an action pattern narrower than a service that takes in actions which change things.",
        needs=("allow", "action-wildcard"),
        params={
            "levels": Param("texts", choices=_LEVELS),
            "sets": Param("texts"),
            "except-sets": Param("texts"),
            "apart": Param("texts"),
            "open-only": Param("flag", default=False),
        },
        words=("actions", "inside"),
    ),
    "action-matches-nothing": CheckSpec(
        "statement",
        "wildcards.action_matches_nothing",
        "An action pattern that matches no action of its service.",
        needs=("unmatched-action",),
        words=("action",),
    ),
    "arn-field-wildcard": CheckSpec(
        "statement",
        "wildcards.arn_field_wildcard",
        "An ARN with a wildcard as service or account.",
        needs=("resource-wildcard",),
        params={
            "fields": Param("texts", required=True, choices=("service", "account")),
            "services": Param("texts"),
            "sets": Param("texts"),
            "deny-too": Param("flag", default=False),
            "open-too": Param("flag", default=False),
        },
        words=("resource", "field"),
    ),
    "not-element": CheckSpec(
        "statement",
        "not_elements.not_element",
        "A statement with NotAction, NotResource or NotPrincipal.",
        needs=("any-not-element",),
        params={
            "elements": Param("texts", required=True, choices=("NotAction", "NotResource", "NotPrincipal")),
            "effect": Param("choice", required=True, choices=("Allow", "Deny")),
            "resources": Param("choice", "any", choices=("any", "wide", "narrow")),
        },
        words=("excluded", "left"),
    ),
    "deny-leaves-all": CheckSpec(
        "statement",
        "not_elements.deny_leaves_all",
        "A Deny whose NotAction or NotResource excludes everything.",
        needs=("deny",),
        words=("element",),
    ),
}
