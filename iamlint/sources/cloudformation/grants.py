"""Grants of a template: access that is given, limited or widened without a document.

The words and fields are the same in every format; the data files say which property or argument each
field is read from. A field that is not written is absent.

Each line: the word, what there is one grant for, and the fields.

- `declared` (user, role, group, managed policy, permission set, KMS key): `name`, `path`, `description`,
  `permissions_boundary`, `max_session_duration`, `session_duration`, `force_destroy`; of a key `policy`
- `managed-attachment` (policy on a principal): `policy` (name or ARN); the principal as `user`, `role`,
  `group` or `permission_set` where a property names it
- `managed-attachment-exclusive` (attachment that removes all others): `policy`, `user`, `role`, `group`,
  `name`
- `inline-names` (list of the only inline policies): `policy`, `user`, `role`, `group`
- `boundary` (principal with a permissions boundary): `policy`, `customer_policy`, `permission_set`
- `group-membership` (user in a group): `user`, `group`
- `console-password` (user): `user`, `password`, `reset_required`, `password_length`, `pgp_key`
- `access-key` (access key): `user`, `status`, `pgp_key`
- `ssh-key`, `certificate` (credential): `user`, `status`
- `service-credential` (credential): `user`, `service`, `status`
- `mfa` (virtual device): `user`, `name`
- `password-policy` (account): `minimum_length`, `require_lowercase`, `require_uppercase`,
  `require_numbers`, `require_symbols`, `allow_users_to_change`, `hard_expiry`, `max_age`,
  `reuse_prevention`
- `instance-profile` (profile): `role`, `name`, `path`
- `service-linked-role` (role): `service`
- `federation` (identity provider): `url`, `client_id`, `thumbprint`, `name`
- `root-management` (organization): `feature`
- `permission-set-assignment` (assignment): `permission_set`, `principal`, `principal_type`, `account`
- `application-assignment` (assignment): `application`, `principal`, `principal_type`
- `role-entitlement` (entitlement): no fields
- `org-attachment` (policy on accounts): `policy`, `target`, `type`
- `delegated-admin` (account): `account`, `service`
- `resource-grant` (call-like permission): `action`, `principal`, `resource`, `effect`, `permission`,
  `statement_id`, `source_account`, `organization_id`, `external_id`, `acceptance_required`,
  `condition_type`, `condition_key`, `condition_value`; of functions also `function`, `qualifier`,
  `source_arn`, `principal_org_id`, `url_auth_type`, `invoked_via_url`, `event_source_token`; of layers
  `version`
- `public-endpoint` (function URL): `auth`, `function`, `qualifier`, `cors_origin`
- `kms-grant` (grant): `principal`, `action`, `retiring_principal`, `resource`, `name`
- `share` (share): `principal`, `group`, `organization`, `organizational_unit`, `permission`,
  `allow_external`, `resource`, `share`, `principal_type`, `name`
- `acl` (bucket or object): `acl`, or `permission` with `grantee_uri`, `grantee_id`
- `acl-control` (bucket): `ownership`
- `public-access-block` (bucket, access point, account): `block_public_acls`, `block_public_policy`,
  `ignore_public_acls`, `restrict_public_buckets`, `bucket`
- `s3-access-grant` (grant): `principal`, `principal_type`, `permission`, `location`, `prefix`,
  `prefix_type`
- `resource-scope` (access point): `permission`, `prefix`
- `lakeformation`, `lakeformation-default` (grant): `principal`, `permission`, `grant_option`
- `lakeformation-admin` (settings): `principal`
- `eks-access-entry` (entry): `principal`, `group`, `username`, `type`, `cluster`
- `eks-access-policy` (policy of an entry): `policy`, `scope`, `principal`, `cluster`
- `eks-admin` (cluster): `enabled`
- `workload-identity` (association): `role`, `target_role`, `namespace`, `service_account`, `cluster`
- `federated-role` (pool, group or alias): `role`, `authenticated_role`, `unauthenticated_role`,
  `mapped_role`, `identity_pool`, `user_pool`, `group`, `allow_unauthenticated`, `allow_classic_flow`,
  `name`, `duration`
- `iot-attachment` (attachment): `policy`, `principal`
- `session-managed` (policy that limits sessions): `policy`, `principal`, `principal_type`
- `conditional-attachment` (budget action): `policy`, `role`, `user`, `group`, `organization_policy`,
  `target`
- `portfolio-access` (principal of a portfolio): `principal`, `portfolio`
- `role-use` (resource that runs with a role): `role`; of a task definition also `execution_role`; of what
  takes an instance profile in its place `profile` or `profile_name`
- `instance` (EC2 instance): `profile`, `launch_template`, `launch_template_name`, `subnet`, `public_ip`
- `credential` (place where credentials are written out: `user-data`, `environment`, `parameter`, `provider`,
  `authentication`, `text`): `secret` (each credential), `form` (what they are)
- `placeholder-credential` (such a place with a key of the documentation or filler): the same
- `named-secret` (stored parameter that is called a secret, with its text): the same
- `bucket` (bucket): `name`
- `fine-grained-access` (search domain): `enabled`
- `sso-user` (user of Identity Center): `name`
- `secret-output` (output that shows a secret): `source` (the attribute that is the secret)
- `server-certificate` (certificate): `body`, `name`
- `organization` (organization): `feature_set`, `policy_type`
- `access-analyzer` (analyzer): `type`
- `quicksight`, `grafana` (grant): `action`, `permission`, `principal`, `policy`, `status`, `user`, `group`,
  `resource`
- `iam-auth`, `key-control`, `nested-stack` (resource): `enabled`; `rotation`; `template`
- `sam-policy-template` (SAM policy template): `template`, and the template's parameters in snake_case;
  `statements` is what it becomes
- `sam-connector` (connector): `source`, `source_type`, `destination`, `destination_type`, `permission`,
  `generates`; `statements` is what it becomes, where it is a policy
- `sam-generated` (resource): `permission`

`attachments` are the addresses of what receives the access (the user, role or group; the function or
bucket), `on` the neutral words for it. Where the two can be told apart, an identity (`user`) comes
before a thing. `statements` is set for `resource-grant` of functions, layers and event buses too: the
statements that the service adds to the resource's policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from iamlint.model import Grant, Hole, Pointer, Statement, Value, Values
from iamlint.sources.cloudformation.intrinsics import join_when
from iamlint.sources.cloudformation.resource import Reading, Resource
from iamlint.sources.cloudformation.walk import Place
from iamlint.sources.locations import SELF, GrantLocation, Path
from iamlint.sources.tree import At

__all__ = ["permission_statements", "read_grants"]

_OWN = ("$self",)


def read_grants(reading: Reading, resource: Resource, entries: tuple[GrantLocation, ...]) -> Iterator[Grant]:
    """Yield the grants that a resource's properties hold."""
    for entry in entries:
        path, places = _places(reading, resource, entry)
        for place in places:
            if place.node is None:
                continue
            fields: dict[str, Values] = {}
            for name, field in entry.fields:
                values = _field(reading, resource, place, path, field)
                if values:
                    fields[name] = values
            when = join_when(resource.when, place.when)
            if when is None:
                continue
            yield Grant(
                entry.what,
                reading.document,
                place.anchor,
                resource.owner,
                entry.on,
                _attachments(reading, resource, entry, place, path),
                fields,
                tuple(_statements(reading, resource)) if entry.what == "resource-grant" else (),
                when,
            )


def _places(reading: Reading, resource: Resource, entry: GrantLocation) -> tuple[Path, list[Place]]:
    """Return the places of an entry, and the path that led there."""
    if not entry.path:
        level = resource.level
        return (), [Place(level[0], level[1], resource.pointer, "", level[2], ())]
    for path in (entry.path, *entry.alternatives):
        if path[0] in resource.properties:
            places = list(reading.walker.places(resource.level, path))
            if places:
                return path, places
    return entry.path, []


def _field(reading: Reading, resource: Resource, place: Place, path: Path, field: Path) -> Values:
    walker = reading.walker
    if field == _OWN:
        return walker.values({"Ref": resource.logical_id}, place.anchor)
    if not place.whole:
        return (
            walker.values(At(place.node, place.pointer), place.pointer, place.when) if field == path else ()
        )
    found = walker.related(place, path, field) if path else walker.places(resource.level, field)
    return tuple([value for each in found for value in walker.values(each.node, each.pointer, each.when)])


def _attachments(
    reading: Reading, resource: Resource, entry: GrantLocation, place: Place, path: Path
) -> tuple[str, ...]:
    if entry.targets == (SELF,):
        return (resource.owner.address,)
    walker = reading.walker
    found: list[str] = []
    for target in entry.targets:
        for named in walker.related(place, path, target):
            raw = reading.node_at(named.anchor)
            node, pointer = (raw, named.anchor) if raw is not None else (named.node, named.pointer)
            found.extend(walker.addresses(node, pointer, entry.on))
    return tuple(dict.fromkeys(found))


# The condition that each property becomes in the resource's policy. Sources: Lambda API reference,
# AddPermission and AddLayerVersionPermission; condition keys of the Service Authorization Reference.
_FUNCTION_CONDITIONS = (
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
)
_LAYER_CONDITIONS = (("OrganizationId", "StringEquals", "aws:PrincipalOrgID"),)
_ACCOUNT = re.compile(r"[0-9]{12}")


def _statements(reading: Reading, resource: Resource) -> Iterator[Statement]:
    """Yield the statement that a call-like permission adds to the policy of its resource."""
    conditions: tuple[tuple[str, str, str], ...]
    if resource.type == "AWS::Lambda::Permission":
        conditions, target = _FUNCTION_CONDITIONS, "FunctionName"
    elif resource.type == "AWS::Lambda::LayerVersionPermission":
        conditions, target = _LAYER_CONDITIONS, "LayerVersionArn"
    elif resource.type == "AWS::Events::EventBusPolicy":
        conditions, target = (), "EventBusName"
    else:
        return
    properties, pointer = resource.properties, resource.properties_pointer
    block: dict[str, object] = {}
    for name, operator, key in conditions:
        if properties.get(name) is not None:
            tests = block.setdefault(operator, {})
            assert isinstance(tests, dict)
            tests[key] = At(properties[name], (*pointer, name))
    if resource.type == "AWS::Events::EventBusPolicy":
        block.update(_bus_condition(reading, resource))
    yield from permission_statements(reading, properties, pointer, target, block)


def permission_statements(
    reading: Reading,
    properties: dict[str, object],
    pointer: Pointer,
    target: str,
    conditions: dict[str, object],
) -> tuple[Statement, ...]:
    """Return the resource-policy statement that a mapping with Action and Principal stands for;
    `target` names the member with the resource.
    """
    statement: dict[str, object] = {"Effect": "Allow"}
    for name in ("Action", "Principal", target):
        if properties.get(name) is not None:
            node = At(properties[name], (*pointer, name))
            element = "Resource" if name == target else name
            statement[element] = _principal(reading, node) if name == "Principal" else node
    if conditions:
        statement["Condition"] = conditions
    return reading.builder.statements(statement, pointer)[0]


def _principal(reading: Reading, node: At) -> object:
    """Return the Principal element for one principal that is written without its type."""
    value = reading.walker.value(node.node, node.pointer)
    if value is None or value.text == "*":
        return node
    if value.text is not None and (_ACCOUNT.fullmatch(value.text) or value.text.startswith("arn:")):
        return {"AWS": node}
    suffix = value.segments[-1] if value.segments else ""
    if ".amazonaws" in value.literal or (isinstance(suffix, Hole) and suffix.name == "AWS::URLSuffix"):
        return {"Service": node}
    hole = value.hole
    if hole is not None and (hole.alphabet == "account" or hole.arn is not None):
        return {"AWS": node}
    if value.text is not None:
        return {"AWS": node}
    return node


def _bus_condition(reading: Reading, resource: Resource) -> dict[str, object]:
    """Return the condition block of an event bus policy in its property form."""
    condition = resource.properties.get("Condition")
    pointer = (*resource.properties_pointer, "Condition")
    if not isinstance(condition, dict):
        return {}
    words: list[Value | None] = [
        reading.walker.value(condition.get(name), (*pointer, name)) for name in ("Type", "Key")
    ]
    operator, key = (None if word is None else word.text for word in words)
    if operator is None or key is None:
        return {}
    return {operator: {key: At(condition.get("Value"), (*pointer, "Value"))}}
