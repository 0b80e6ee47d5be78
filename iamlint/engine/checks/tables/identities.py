"""Checks of users, groups, roles and what is attached to them."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec, Param

__all__ = ["TABLE"]

_NAMES = {"names": Param("texts", required=True)}
_WORDS = ("policy", "recipient")

TABLE: Mapping[str, CheckSpec] = {
    "inline-policy": CheckSpec(
        "policy",
        "identities.inline_policy",
        "A policy that is part of a user, group or role.",
        params={
            "holders": Param("texts", required=True, choices=("user", "group", "role")),
            "managed-types": Param(
                "texts",
                (
                    "AWS::IAM::ManagedPolicy",
                    "aws_iam_policy",
                    "iam.create_policy",
                    "iam.create_policy_version",
                    "aws_cdk.aws_iam.ManagedPolicy",
                ),
            ),
        },
        words=("holder", "name", "recipient"),
    ),
    "attached-to": CheckSpec(
        "grant",
        "identities.attached_to",
        "A managed policy that is attached to a principal of one kind.",
        params={"holder": Param("choice", required=True, choices=("user", "group", "role"))},
        words=_WORDS,
    ),
    "user-without-group": CheckSpec(
        "grant", "identities.user_without_group", "A user that no membership names.", words=("recipient",)
    ),
    "group-without-user": CheckSpec(
        "grant",
        "identities.group_without_user",
        "A group that no membership names.",
        words=("recipient", "empty"),
    ),
    "mfa-device-missing": CheckSpec(
        "grant",
        "workloads.mfa_device_missing",
        "A user with a console password and no MFA device.",
        params={"what": Param("texts", ("console-password",))},
        words=("recipient",),
    ),
    "same-role": CheckSpec(
        "grant",
        "workloads.same_role",
        "A task that runs with the role that starts it.",
        params={"what": Param("texts", ("role-use",))},
        words=("recipient", "role"),
    ),
    "role-shared": CheckSpec(
        "grant",
        "sharing.role_shared",
        "A function that runs with the role of another one.",
        params={"what": Param("texts", ("role-use",)), "types": Param("texts", required=True)},
        words=("recipient", "role", "others"),
    ),
    "role-public-private": CheckSpec(
        "grant",
        "sharing.role_public_private",
        "An instance that the internet reaches, with the role of one that it does not reach.",
        params={"what": Param("texts", ("instance",))},
        words=("recipient", "profile", "other"),
    ),
    "role-named-admin": CheckSpec(
        "grant",
        "sharing.role_named_admin",
        "A resource that runs with a role whose name says that it is an administrator's.",
        params={"what": Param("texts", ("role-use",))},
        words=("recipient", "role"),
    ),
    "role-is-policy": CheckSpec(
        "grant",
        "sharing.role_is_policy",
        "A resource whose role is a reference to a policy.",
        params={"what": Param("texts", ("role-use",))},
        words=("recipient", "policy"),
    ),
    "instance-without-role": CheckSpec(
        "grant",
        "workloads.instance_without_role",
        "An EC2 instance without an instance profile.",
        params={"what": Param("texts", ("instance",))},
        words=("recipient",),
    ),
    "session-duration-long": CheckSpec(
        "grant",
        "workloads.session_duration_long",
        "A permission set whose sessions last longer than a number of hours.",
        params={"what": Param("texts", ("declared",)), "at-most": Param("number", required=True)},
        words=("recipient", "value"),
    ),
    "scp-disabled": CheckSpec(
        "grant",
        "workloads.scp_disabled",
        "An organization that cannot have service control policies.",
        params={"what": Param("texts", ("organization",))},
        words=("recipient", "problem"),
    ),
    "analyzer-missing": CheckSpec(
        "grant",
        "workloads.analyzer_missing",
        "Files that set up an account without an analyzer.",
        params={"what": Param("texts", ("password-policy",))},
        words=("recipient",),
    ),
    "name-invalid": CheckSpec(
        "grant",
        "names.name_invalid",
        "A name or path that IAM refuses.",
        params={"what": Param("texts", ("declared", "instance-profile"))},
        words=("recipient", "field", "value", "problem"),
    ),
    "inline-name-invalid": CheckSpec(
        "policy",
        "names.inline_name_invalid",
        "A name of an inline policy that IAM refuses.",
        words=("recipient", "field", "value", "problem"),
    ),
    "description-invalid": CheckSpec(
        "grant",
        "names.description_invalid",
        "A description that is refused.",
        params={"what": Param("texts", ("declared",))},
        words=("recipient", "problem"),
    ),
    "explicit-name": CheckSpec(
        "grant",
        "names.explicit_name",
        "A name that CloudFormation would make.",
        params={"what": Param("texts", ("declared", "instance-profile"))},
        words=("recipient", "name"),
    ),
    "role-ref-with-path": CheckSpec(
        "grant",
        "names.role_ref_with_path",
        "A service's role that is named without its path.",
        params={"what": Param("texts", ("role-use",)), "types": Param("texts", required=True)},
        words=("recipient", "role", "path"),
    ),
    "attached-named": CheckSpec(
        "grant",
        "managed.attached_named",
        "An attachment of one of the named AWS managed policies.",
        params=_NAMES,
        words=_WORDS,
    ),
    "bounded-by": CheckSpec(
        "grant",
        "managed.bounded_by",
        "A permissions boundary that is one of the named AWS managed policies.",
        params=_NAMES,
        words=_WORDS,
    ),
    "attached-cross-account": CheckSpec(
        "grant",
        "managed.attached_cross_account",
        "One of the named AWS managed policies on a role that another account may use.",
        params=_NAMES,
        words=(*_WORDS, "account"),
    ),
    "attached-from-aws": CheckSpec(
        "grant", "managed.attached_from_aws", "An attachment of any AWS managed policy.", words=_WORDS
    ),
    "attached-escalates": CheckSpec(
        "grant",
        "managed.attached_escalates",
        "An AWS managed policy whose text lets its holder gain more rights.",
        words=(*_WORDS, "methods"),
    ),
    "attached-full-service": CheckSpec(
        "grant",
        "managed.attached_full_service",
        "An AWS managed policy whose text allows every action of a service on everything.",
        params={"services": Param("texts", required=True)},
        words=(*_WORDS, "services"),
    ),
    "attached-retired": CheckSpec(
        "grant",
        "managed.attached_retired",
        "An AWS managed policy that is deprecated, or deleted.",
        params={"deleted": Param("flag", required=True)},
        words=(*_WORDS, "replacement"),
    ),
    "attached-unknown": CheckSpec(
        "grant",
        "managed.attached_unknown",
        "The ARN of an AWS managed policy that does not exist.",
        words=(*_WORDS, "hint", "date"),
    ),
    "attached-malformed": CheckSpec(
        "grant",
        "managed.attached_malformed",
        "An ARN that can be no managed policy's, or that has the wrong path.",
        words=(*_WORDS, "problem"),
    ),
}
