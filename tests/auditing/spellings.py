"""One policy written in every format that iamlint reads, for the test that all agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from iamlint.model import PolicyKind

Policy = Mapping[str, object]

# A CloudFormation type, its property, and the fixed properties beside it, by kind and resource word.
_CLOUDFORMATION: dict[str, tuple[str, str, dict[str, object]]] = {
    "identity": ("AWS::IAM::ManagedPolicy", "PolicyDocument", {}),
    "trust": ("AWS::IAM::Role", "AssumeRolePolicyDocument", {}),
    "permission-set": ("AWS::SSO::PermissionSet", "InlinePolicy", {"Name": "p", "InstanceArn": "i"}),
    "scp": ("AWS::Organizations::Policy", "Content", {"Type": "SERVICE_CONTROL_POLICY", "Name": "p"}),
    "rcp": ("AWS::Organizations::Policy", "Content", {"Type": "RESOURCE_CONTROL_POLICY", "Name": "p"}),
    "endpoint": ("AWS::EC2::VPCEndpoint", "PolicyDocument", {"VpcId": "v", "ServiceName": "s"}),
    "s3-bucket": ("AWS::S3::BucketPolicy", "PolicyDocument", {"Bucket": "b"}),
    "sqs-queue": ("AWS::SQS::QueuePolicy", "PolicyDocument", {"Queues": ["q"]}),
    "sns-topic": ("AWS::SNS::TopicPolicy", "PolicyDocument", {"Topics": ["t"]}),
    "kms-key": ("AWS::KMS::Key", "KeyPolicy", {}),
    "secret": ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", {"SecretId": "s"}),
    "ecr-repository": ("AWS::ECR::Repository", "RepositoryPolicyText", {}),
    "efs-file-system": ("AWS::EFS::FileSystem", "FileSystemPolicy", {}),
    "es-domain": ("AWS::OpenSearchService::Domain", "AccessPolicies", {}),
    "event-bus": ("AWS::Events::EventBus", "Policy", {"Name": "b"}),
    "iot-certificate": ("AWS::IoT::Policy", "PolicyDocument", {}),
    "api-gateway": ("AWS::ApiGateway::RestApi", "Policy", {}),
}

_TERRAFORM: dict[str, tuple[str, str, dict[str, object]]] = {
    "identity": ("aws_iam_policy", "policy", {}),
    "trust": ("aws_iam_role", "assume_role_policy", {}),
    "permission-set": ("aws_ssoadmin_permission_set_inline_policy", "inline_policy", {}),
    "scp": ("aws_organizations_policy", "content", {"type": "SERVICE_CONTROL_POLICY"}),
    "rcp": ("aws_organizations_policy", "content", {"type": "RESOURCE_CONTROL_POLICY"}),
    "endpoint": ("aws_vpc_endpoint_policy", "policy", {}),
    "s3-bucket": ("aws_s3_bucket_policy", "policy", {"bucket": "b"}),
    "sqs-queue": ("aws_sqs_queue_policy", "policy", {"queue_url": "q"}),
    "sns-topic": ("aws_sns_topic_policy", "policy", {"arn": "t"}),
    "kms-key": ("aws_kms_key_policy", "policy", {"key_id": "k"}),
    "secret": ("aws_secretsmanager_secret_policy", "policy", {"secret_arn": "s"}),
    "ecr-repository": ("aws_ecr_repository_policy", "policy", {"repository": "r"}),
    "efs-file-system": ("aws_efs_file_system_policy", "policy", {"file_system_id": "f"}),
    "es-domain": ("aws_opensearch_domain_policy", "access_policies", {"domain_name": "d"}),
    "event-bus": ("aws_cloudwatch_event_bus_policy", "policy", {"event_bus_name": "b"}),
    "iot-certificate": ("aws_iot_policy", "policy", {}),
    "api-gateway": ("aws_api_gateway_rest_api_policy", "policy", {"rest_api_id": "a"}),
    "glacier-vault": ("aws_glacier_vault", "access_policy", {"name": "v"}),
    "glue-catalog": ("aws_glue_resource_policy", "policy", {}),
}


def key_of(kind: PolicyKind, on: str | None) -> str:
    """Return the key of the tables for a kind and a resource word."""
    return (
        on
        if on is not None and kind in {PolicyKind.RESOURCE, PolicyKind.IDENTITY} and on in _TERRAFORM
        else kind.value
    )


def template(policy: Policy, key: str) -> dict[str, object] | None:
    """Return a template that holds the policy, or None when CloudFormation has no place for it."""
    if key not in _CLOUDFORMATION:
        return None
    kind, name, beside = _CLOUDFORMATION[key]
    properties = {**beside, name: policy}
    return {"Resources": {"P": {"Type": kind, "Properties": properties}}}


def template_json(policy: Policy, key: str) -> str | None:
    made = template(policy, key)
    return None if made is None else json.dumps(made, indent=1)


def template_yaml(policy: Policy, key: str) -> str | None:
    import yaml

    made = template(policy, key)
    # Quoted scalars throughout: the text, not what YAML would make of it.
    return (
        None
        if made is None
        else yaml.safe_dump(json.loads(json.dumps(made)), default_style='"', allow_unicode=False)
    )


def template_with_text(policy: Policy, key: str) -> str | None:
    made = template(json.loads(json.dumps(policy)), key)
    if made is None:
        return None
    kind, name, beside = _CLOUDFORMATION[key]
    return json.dumps(
        {"Resources": {"P": {"Type": kind, "Properties": {**beside, name: json.dumps(policy)}}}}
    )


def terraform(policy: Policy, key: str) -> str | None:
    """Return Terraform JSON syntax; `${` of a policy variable has to be doubled there."""
    if key not in _TERRAFORM:
        return None
    kind, name, beside = _TERRAFORM[key]
    text = json.dumps(policy).replace("${", "$${").replace("%{", "%%{")
    return json.dumps({"resource": {kind: {"p": {**beside, name: text}}}}, indent=1)


def plan(policy: Policy, key: str) -> str | None:
    if key not in _TERRAFORM:
        return None
    kind, name, beside = _TERRAFORM[key]
    values = {**beside, name: json.dumps(policy)}
    change = {"actions": ["create"], "before": None, "after": values, "after_unknown": {}}
    return json.dumps(
        {
            "format_version": "1.2",
            "terraform_version": "1.9.0",
            "resource_changes": [
                {
                    "address": f"{kind}.p",
                    "mode": "managed",
                    "type": kind,
                    "name": "p",
                    "provider_name": "registry.terraform.io/hashicorp/aws",
                    "change": change,
                }
            ],
            "configuration": {"root_module": {}},
        }
    )


# The call of boto3 that writes such a policy: client, method, parameter.
_BOTO3: dict[str, tuple[str, str, str]] = {
    "identity": ("iam", "create_policy", "PolicyDocument"),
    "trust": ("iam", "update_assume_role_policy", "PolicyDocument"),
    "permission-set": ("sso-admin", "put_inline_policy_to_permission_set", "InlinePolicy"),
    "scp": ("organizations", "create_policy", "Content"),
    "rcp": ("organizations", "create_policy", "Content"),
    "endpoint": ("ec2", "create_vpc_endpoint", "PolicyDocument"),
    "s3-bucket": ("s3", "put_bucket_policy", "Policy"),
    "sqs-queue": ("sqs", "set_queue_attributes", "Attributes"),
    "sns-topic": ("sns", "set_topic_attributes", "AttributeValue"),
    "kms-key": ("kms", "put_key_policy", "Policy"),
    "secret": ("secretsmanager", "put_resource_policy", "ResourcePolicy"),
    "ecr-repository": ("ecr", "set_repository_policy", "policyText"),
    "efs-file-system": ("efs", "put_file_system_policy", "Policy"),
    "es-domain": ("opensearch", "update_domain_config", "AccessPolicies"),
    "event-bus": ("events", "put_permission", "Policy"),
    "iot-certificate": ("iot", "create_policy", "policyDocument"),
    "api-gateway": ("apigateway", "create_rest_api", "policy"),
    "glacier-vault": ("glacier", "set_vault_access_policy", "policy"),
    "glue-catalog": ("glue", "put_resource_policy", "PolicyInJson"),
}
_BESIDE = {
    "scp": 'Type="SERVICE_CONTROL_POLICY", ',
    "rcp": 'Type="RESOURCE_CONTROL_POLICY", ',
    "sns-topic": 'AttributeName="Policy", ',
}
_WRAPPED = {"sqs-queue": '{"Policy": %s}', "glacier-vault": '{"Policy": %s}'}


def _boto3_call(written: str, key: str) -> str | None:
    if key not in _BOTO3:
        return None
    client, method, parameter = _BOTO3[key]
    argument = _WRAPPED.get(key, "%s").replace("%s", written)
    return (
        "import json\nimport boto3\n\n"
        f'boto3.client("{client}").{method}({_BESIDE.get(key, "")}{parameter}={argument})\n'
    )


def boto3_object(policy: Policy, key: str) -> str | None:
    """Return a program that writes the policy from an object."""
    return _boto3_call(f"json.dumps({dict(policy)!r})", key)


def boto3_text(policy: Policy, key: str) -> str | None:
    """Return a program that writes the policy from a text."""
    return _boto3_call(repr(json.dumps(policy, indent=1)), key)


def hcl_text(text: str) -> str:
    """Return a text as a quoted template of the native syntax."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{").replace("\\/", "/")


def hcl_expression(node: object) -> str:
    """Return a tree as an expression of the native syntax."""
    if isinstance(node, dict):
        members = ", ".join(f"{hcl_text(key)} = {hcl_expression(value)}" for key, value in node.items())
        return f"{{ {members} }}"
    if isinstance(node, list):
        return f"[{', '.join(map(hcl_expression, node))}]"
    return hcl_text(node) if isinstance(node, str) else json.dumps(node)


def _hcl(policy: str, key: str) -> str | None:
    """Return a resource of the native syntax with an expression as its policy."""
    if key not in _TERRAFORM:
        return None
    kind, name, beside = _TERRAFORM[key]
    fixed = "".join(f"  {one} = {hcl_expression(value)}\n" for one, value in beside.items())
    return f'resource "{kind}" "p" {{\n{fixed}  {name} = {policy}\n}}\n'


def hcl_jsonencode(policy: Policy, key: str) -> str | None:
    return _hcl(f"jsonencode({hcl_expression(policy)})", key)


def hcl_heredoc(policy: Policy, key: str) -> str | None:
    text = json.dumps(policy, indent=1).replace("${", "$${").replace("%{", "%%{")
    body = "\n".join(f"    {line}" for line in text.split("\n"))
    return _hcl(f"<<-EOT\n{body}\n  EOT", key)


def hcl_string(policy: Policy, key: str) -> str | None:
    return _hcl(hcl_text(json.dumps(policy)), key)


_LISTED = {
    "Action": "actions",
    "NotAction": "not_actions",
    "Resource": "resources",
    "NotResource": "not_resources",
}
_PLAIN = {"Sid", "Effect", *_LISTED, "Principal", "NotPrincipal", "Condition"}


def in_lists(policy: Policy) -> Policy | None:
    """Return a policy with lists wherever one value may stand alone; None for one that a data source of
    Terraform cannot give."""
    statements = policy.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    if policy.get("Version") not in ("2012-10-17", "2008-10-17") or not set(policy) <= {
        "Version",
        "Statement",
    }:
        return None
    made = [_statement_in_lists(one) if isinstance(one, dict) else None for one in listed]
    sids = [one["Sid"] for one in made if one is not None and "Sid" in one]
    if len(set(map(str, sids))) < len(sids):
        return None  # Terraform refuses it.
    return None if None in made or not made else {"Version": policy["Version"], "Statement": made}


def _statement_in_lists(statement: dict[str, object]) -> dict[str, object] | None:
    if not set(statement) <= _PLAIN or statement.get("Effect") not in ("Allow", "Deny"):
        return None
    result: dict[str, object] = {}
    for name, value in statement.items():
        if name in _LISTED:
            result[name] = _texts(value)
        elif name in {"Principal", "NotPrincipal"} and isinstance(value, dict):
            result[name] = {kind: _texts(ids) for kind, ids in value.items()}
        elif name == "Condition" and isinstance(value, dict):
            keys = [isinstance(one, dict) for one in value.values()]
            if not all(keys):
                return None
            result[name] = {
                test: {key: _texts(values) for key, values in one.items()} for test, one in value.items()
            }
        elif isinstance(value, str) and value:
            result[name] = value
        else:
            return None
    if result.get("Principal", "*") == "*" and not _has_nothing(result):
        return result
    return None if _has_nothing(result) or isinstance(result.get("Principal"), str) else result


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _has_nothing(node: object) -> bool:
    """Say whether something is empty or no text, which the data source would leave out or turn into text."""
    if isinstance(node, dict):
        return not node or any(map(_has_nothing, node.values()))
    if isinstance(node, list):
        return not node or any(map(_has_nothing, node))
    return not isinstance(node, str) or not node


def hcl_data(policy: Policy, key: str) -> str | None:
    """Return a policy, which has lists, as the blocks of a data source."""
    resource = _hcl("data.aws_iam_policy_document.d.json", key)
    statements = policy["Statement"]
    assert isinstance(statements, list)
    blocks = "".join(map(_hcl_statement, statements))
    version = hcl_text(str(policy["Version"]))
    data = f'data "aws_iam_policy_document" "d" {{\n  version = {version}\n{blocks}}}\n'
    return None if resource is None else data + resource


def _hcl_statement(statement: dict[str, object]) -> str:
    lines = ["  statement {"]
    for name, value in statement.items():
        if name in {"Sid", "Effect"} or name in _LISTED:
            lines.append(f"    {_LISTED.get(name, name.lower())} = {hcl_expression(value)}")
        elif name in {"Principal", "NotPrincipal"}:
            block = "principals" if name == "Principal" else "not_principals"
            kinds = value if isinstance(value, dict) else {"*": ["*"]}
            for kind, ids in kinds.items():
                lines += [f"    {block} {{", f"      type = {hcl_text(kind)}"]
                lines += [f"      identifiers = {hcl_expression(ids)}", "    }"]
        elif isinstance(value, dict):
            for test, keys in value.items():
                for variable, values in keys.items():
                    lines += ["    condition {", f"      test = {hcl_text(test)}"]
                    lines += [f"      variable = {hcl_text(variable)}"]
                    lines += [f"      values = {hcl_expression(values)}", "    }"]
    return "\n".join([*lines, "  }", ""])


SPELLINGS: dict[str, Callable[[Policy, str], str | None]] = {
    "template.json": template_json,
    "template.yaml": template_yaml,
    "text.json": template_with_text,
    "main.tf.json": terraform,
    "plan.json": plan,
    "object.py": boto3_object,
    "text.py": boto3_text,
    "main.tf": hcl_jsonencode,
    "heredoc.tf": hcl_heredoc,
    "string.tofu": hcl_string,
}
