"""Checks of what single actions or sets of actions make possible."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_LEVELS = ("List", "Read", "Write", "Tagging", "Permissions management")
_ROLES = ("open", "pattern", "wildcard")

TABLE: Mapping[str, CheckSpec] = {
    "action-set": CheckSpec(
        "statement",
        "actions.action_set",
        "An Allow of actions of named sets or access levels on resources that are left open.",
        needs=("allow", "resource-wildcard"),
        gate="actions.open_gate",
        params={
            "sets": Param("texts"),
            "levels": Param("texts", choices=_LEVELS),
            "except-sets": Param("texts"),
            "apart": Param("texts"),
            "scopable": Param("flag", default=False),
            "paths": Param("flag", default=False),
        },
        words=("actions", "resources"),
    ),
    "action-set-anywhere": CheckSpec(
        "statement",
        "actions.action_set_anywhere",
        "An Allow of actions of named sets, on named resources or on any.",
        needs=("allow",),
        gate="actions.granted_gate",
        params={
            "sets": Param("texts", required=True),
            "without": Param("texts"),
            "named-only": Param("flag", default=False),
        },
        words=("actions", "resources"),
    ),
    "escalation": CheckSpec(
        "statement",
        "actions.escalation",
        "An Allow of IAM actions on identities that the statement leaves open.",
        needs=("allow", "identity-action"),
        params={
            "sets": Param("texts", required=True),
            "own-identity": Param("flag", default=False),
            "at-least": Param("number", 1),
        },
        words=("actions", "resources"),
    ),
    "create-principal": CheckSpec(
        "statement",
        "actions.create_principal",
        "An Allow of creating roles or users of a name pattern and giving them any policy.",
        needs=("allow", "action", "identity-action", "resource-wildcard"),
        words=("actions", "resources"),
    ),
    "service-linked-role": CheckSpec(
        "statement",
        "actions.service_linked_role",
        "An Allow of creating the service-linked role of any service.",
        needs=("allow", "identity-action"),
        words=("resources",),
    ),
    "access-to": CheckSpec(
        "statement",
        "sensitive.access_to",
        "An Allow of certain actions on certain resources.",
        needs=("allow", "action", "resource"),
        gate="sensitive.access_gate",
        params={
            "actions": Param("texts", required=True),
            "resources": Param("texts", required=True),
            "in-part": Param("flag", default=True),
        },
        words=("actions", "resource"),
    ),
    "unconditioned-actions": CheckSpec(
        "statement",
        "sensitive.unconditioned_actions",
        "An Allow of actions of named sets on named resources, under no condition.",
        needs=("allow", "action", "resource"),
        gate="sensitive.unconditioned_gate",
        params={"sets": Param("texts", required=True)},
        words=("actions", "resource"),
    ),
    "action-without-resource": CheckSpec(
        "statement",
        "resource_fit.action_without_resource",
        "An action that works on none of the resources of its statement.",
        needs=("action", "resource"),
        params={
            "needs": Param("choice", required=True, choices=("star", "type")),
            "except": Param("texts"),
        },
        words=("actions", "types", "resources", "verb", "them"),
    ),
    "passed-roles": CheckSpec(
        "statement",
        "passrole.passed_roles",
        "An Allow of iam:PassRole for any role, or for roles of a name pattern, to any service.",
        needs=("allow", "identity-action"),
        params={"roles": Param("choice", required=True, choices=_ROLES)},
        words=("roles", "resources"),
    ),
    "run-as-passed-role": CheckSpec(
        "statement",
        "passrole.run_as_passed_role",
        "An Allow of iam:PassRole in a policy that also grants what runs code as the passed role.",
        needs=("allow", "identity-action"),
        params={"roles": Param("choice", required=True, choices=_ROLES)},
        words=("roles", "resources", "ways", "actions"),
    ),
    "run-as-existing-role": CheckSpec(
        "statement",
        "passrole.run_as_existing_role",
        "An Allow of taking over any resource that already runs as a role.",
        needs=("allow", "action", "resource-wildcard"),
        words=("ways", "actions"),
    ),
}
