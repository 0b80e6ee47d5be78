"""Grants of a template: access that is given, limited or widened without a document.

The words and fields are the same in every format; the data files say which property or argument each
field is read from. A field that is not written is absent.

| what | one for each | fields |
| --- | --- | --- |
| `declared` | user, role, group | `name`, `path`, `permissions_boundary`, `max_session_duration`, `force_destroy` |
| `managed-attachment` | policy on a principal | `policy` (name or ARN); the principal as `user`, `role`, `group` or `permission_set` where a property names it |
| `managed-attachment-exclusive` | attachment that removes all others | `policy`, `user`, `role`, `group`, `name` |
| `inline-names` | list of the only inline policies | `policy`, `user`, `role`, `group` |
| `boundary` | principal with a permissions boundary | `policy`, `customer_policy` |
| `group-membership` | user in a group | `user`, `group` |
| `console-password` | user | `user`, `password`, `reset_required`, `password_length`, `pgp_key` |
| `access-key` | access key | `user`, `status`, `pgp_key` |
| `ssh-key`, `certificate` | credential | `user`, `status` |
| `service-credential` | credential | `user`, `service`, `status` |
| `mfa` | virtual device | `user`, `name` |
| `password-policy` | account | `minimum_length`, `require_lowercase`, `require_uppercase`, `require_numbers`, `require_symbols`, `allow_users_to_change`, `hard_expiry`, `max_age`, `reuse_prevention` |
| `instance-profile` | profile | `role`, `name` |
| `service-linked-role` | role | `service` |
| `federation` | identity provider | `url`, `client_id`, `thumbprint`, `name` |
| `root-management` | organization | `feature` |
| `permission-set-assignment` | assignment | `permission_set`, `principal`, `principal_type`, `account` |
| `application-assignment` | assignment | `application`, `principal`, `principal_type` |
| `role-entitlement` | entitlement | |
| `org-attachment` | policy on accounts | `policy`, `target`, `type` |
| `delegated-admin` | account | `account`, `service` |
| `resource-grant` | call-like permission | `action`, `principal`, `resource`, `effect`, `permission`, `statement_id`, `source_account`, `organization_id`, `external_id`, `acceptance_required`, `condition_type`, `condition_key`, `condition_value`; of functions also `function`, `qualifier`, `source_arn`, `principal_org_id`, `url_auth_type`, `invoked_via_url`, `event_source_token`; of layers `version` |
| `public-endpoint` | function URL | `auth`, `function`, `qualifier`, `cors_origin` |
| `kms-grant` | grant | `principal`, `action`, `retiring_principal`, `resource`, `name` |
| `share` | share | `principal`, `group`, `organization`, `organizational_unit`, `permission`, `allow_external`, `resource`, `share`, `principal_type`, `name` |
| `acl` | bucket or object | `acl`, or `permission` with `grantee_uri`, `grantee_id` |
| `acl-control` | bucket | `ownership` |
| `public-access-block` | bucket, access point, account | `block_public_acls`, `block_public_policy`, `ignore_public_acls`, `restrict_public_buckets` |
| `s3-access-grant` | grant | `principal`, `principal_type`, `permission`, `location`, `prefix`, `prefix_type` |
| `resource-scope` | access point | `permission`, `prefix` |
| `lakeformation`, `lakeformation-default` | grant | `principal`, `permission`, `grant_option` |
| `lakeformation-admin` | settings | `principal` |
| `eks-access-entry` | entry | `principal`, `group`, `username`, `type`, `cluster` |
| `eks-access-policy` | policy of an entry | `policy`, `scope`, `principal`, `cluster` |
| `eks-admin` | cluster | `enabled` |
| `workload-identity` | association | `role`, `target_role`, `namespace`, `service_account`, `cluster` |
| `federated-role` | pool, group or alias | `role`, `authenticated_role`, `unauthenticated_role`, `mapped_role`, `identity_pool`, `user_pool`, `group`, `allow_unauthenticated`, `allow_classic_flow`, `name`, `duration` |
| `iot-attachment` | attachment | `policy`, `principal` |
| `session-managed` | policy that limits sessions | `policy`, `principal`, `principal_type` |
| `conditional-attachment` | budget action | `policy`, `role`, `user`, `group`, `organization_policy`, `target` |
| `portfolio-access` | principal of a portfolio | `principal`, `portfolio` |
| `role-use` | resource that runs with a role | `role` |
| `quicksight`, `grafana` | grant | `action`, `permission`, `principal`, `policy`, `status`, `user`, `group`, `resource` |
| `iam-auth`, `key-control`, `nested-stack` | resource | `enabled`; `rotation`; `template` |
| `sam-policy-template` | SAM policy template | `template`, and the template's parameters in snake_case; `statements` is what it becomes |
| `sam-connector` | connector | `source`, `source_type`, `destination`, `destination_type`, `permission`, `generates`; `statements` is what it becomes, where it is a policy |
| `sam-generated` | resource | `permission` |

`attachments` are the addresses of what receives the access (the user, role or group; the function or
bucket), `on` the neutral words for it. Where the two can be told apart, an identity (`user`) comes
before a thing. `statements` is set for `resource-grant` of functions, layers and event buses too: the
statements that the service adds to the resource's policy.
"""

from __future__ import annotations
