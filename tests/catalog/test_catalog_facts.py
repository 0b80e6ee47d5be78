"""What the catalogue says about AWS, in tables that anyone who knows IAM can check."""

from __future__ import annotations

import pytest

from iamlint.catalog import CATALOG_DATE, AccessLevel, Catalog, catalog


@pytest.fixture(scope="module")
def known() -> Catalog:
    return catalog()


def test_there_is_one_catalogue_for_the_process() -> None:
    assert catalog() is catalog()


def test_the_date_is_cheap_and_the_same_as_the_data(known: Catalog) -> None:
    assert known.date == CATALOG_DATE


def test_the_catalogue_is_as_large_as_aws(known: Catalog) -> None:
    assert len(known.services()) > 400
    assert known.action_count > 20_000
    assert known.all_actions.bit_count() == known.action_count


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("s3:ListBucket", AccessLevel.LIST),
        ("iam:ListRoles", AccessLevel.LIST),
        ("s3:GetObject", AccessLevel.READ),
        ("secretsmanager:GetSecretValue", AccessLevel.READ),
        ("iam:PassRole", AccessLevel.WRITE),
        ("sts:AssumeRole", AccessLevel.WRITE),
        ("lambda:InvokeFunction", AccessLevel.WRITE),
        # The source calls these two "Tagging, Write" and "Permissions management, Write".
        ("ec2:CreateTags", AccessLevel.TAGGING),
        ("s3:PutBucketPolicy", AccessLevel.PERMISSIONS),
        ("iam:AttachRolePolicy", AccessLevel.PERMISSIONS),
        ("kms:PutKeyPolicy", AccessLevel.PERMISSIONS),
    ],
)
def test_access_level(known: Catalog, name: str, level: AccessLevel) -> None:
    action = known.action(name)
    assert action is not None
    assert action.full == name
    assert action.access_level is level
    assert known.with_level(level) >> action.index & 1


def test_the_five_levels_share_out_all_actions(known: Catalog) -> None:
    total = 0
    for level in AccessLevel:
        assert not total & known.with_level(level)
        total |= known.with_level(level)
    assert total == known.all_actions


@pytest.mark.parametrize(
    ("name", "resources"),
    [
        ("s3:GetObject", {"object": False, "accesspointobject": False}),
        ("iam:PassRole", {"role": True}),
        ("lambda:InvokeFunction", {"function": True}),
        ("dynamodb:DeleteTable", {"table": True}),
        ("s3:ListAllMyBuckets", {}),
        ("ec2:DescribeInstances", {}),
        ("iam:ListRoles", {}),
    ],
)
def test_resource_types_of_an_action(known: Catalog, name: str, resources: dict[str, bool]) -> None:
    action = known.action(name)
    assert action is not None
    assert {kind.name: kind.required for kind in action.resource_types} == resources
    assert bool(known.without_resource_types() >> action.index & 1) == (not resources)


@pytest.mark.parametrize("name", ["S3:GETOBJECT", "s3:getobject", "S3:GetObject"])
def test_letter_case_of_an_action_does_not_matter(known: Catalog, name: str) -> None:
    action = known.action(name)
    assert action is not None
    assert action.full == "s3:GetObject"


@pytest.mark.parametrize("name", ["", "s3", "s3:", ":GetObject", "s3:GetObjekt", "nope:Get", "s3:Get*"])
def test_what_is_no_action(known: Catalog, name: str) -> None:
    assert known.action(name) is None


def test_an_action_of_a_bit(known: Catalog) -> None:
    for index in (0, 1, known.action_count // 2, known.action_count - 1):
        assert known.action_at(index).index == index
    with pytest.raises(IndexError):
        known.action_at(known.action_count)
    with pytest.raises(IndexError):
        known.action_at(-1)


def test_keys_that_stand_beside_a_resource_count_for_the_action(known: Catalog) -> None:
    """The reference lists `ec2:InstanceType` of RunInstances only in the row of the instance."""
    action = known.action("ec2:RunInstances")
    assert action is not None
    assert "ec2:InstanceType" in action.condition_keys
    rows = {kind.name: kind for kind in action.resource_types}
    assert "ec2:InstanceType" in rows["instance"].condition_keys
    assert "ec2:InstanceType" not in rows["subnet"].condition_keys


@pytest.mark.parametrize(
    ("service", "kind", "arn"),
    [
        ("s3", "bucket", "arn:${Partition}:s3:::${BucketName}"),
        ("s3", "object", "arn:${Partition}:s3:::${BucketName}/${ObjectName}"),
        ("iam", "role", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"),
        ("sqs", "queue", "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"),
        # Two formats in one text of the source.
        ("lex", "bot", "arn:${Partition}:lex:${Region}:${Account}:bot:${BotName}"),
        ("lex", "bot", "arn:${Partition}:lex:${Region}:${Account}:bot/${BotId}"),
        # Namespaces that are no service prefix.
        ("catalog", "Product", "arn:${Partition}:catalog:${Region}:${Account}:product/${ProductId}"),
        ("route53-recovery-control", "routingcontrol", "routingcontrol/${RoutingControlId}"),
    ],
)
def test_arn_formats(known: Catalog, service: str, kind: str, arn: str) -> None:
    formats = [text for found in known.resource_types(service) if found.name == kind for text in found.arns]
    assert any(text.endswith(arn) for text in formats), formats


def test_resource_types_are_found_under_the_service_of_their_arn(known: Catalog) -> None:
    kafka_cluster = known.service("kafka-cluster")
    assert kafka_cluster is not None
    assert {"cluster", "topic", "group"} <= {kind.name for kind in kafka_cluster.resource_types}
    assert known.resource_types("kafka-cluster") == ()
    assert {"cluster", "topic", "group"} <= {kind.name for kind in known.resource_types("kafka")}
    # The service itself comes before those that only mention its resources.
    ec2 = known.service("ec2")
    assert ec2 is not None
    assert known.resource_types("ec2")[0] in ec2.resource_types
    assert known.resource_types("no-such-service") == ()


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("s3", True),
        ("catalog", True),
        ("execute-api", True),
        ("elastic-inference", False),  # closed by AWS
        ("${Vendor}", False),
        ("tag", False),  # a service without resource types
    ],
)
def test_what_stands_in_the_service_field_of_arns(known: Catalog, name: str, there: bool) -> None:
    assert (name in known.arn_services()) is there


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("s3:prefix", "s3:prefix", "String"),
        ("S3:PREFIX", "s3:prefix", "String"),
        ("s3:max-keys", "s3:max-keys", "Numeric"),
        ("s3:object-lock-retain-until-date", "s3:object-lock-retain-until-date", "Date"),
        ("iam:PassedToService", "iam:PassedToService", "String"),
        ("aws:SourceIp", "aws:SourceIp", "IPAddress"),
        ("aws:securetransport", "aws:SecureTransport", "Bool"),
        ("aws:CurrentTime", "aws:CurrentTime", "Date"),
        ("aws:MultiFactorAuthAge", "aws:MultiFactorAuthAge", "Numeric"),
        ("aws:PrincipalArn", "aws:PrincipalArn", "ARN"),
        ("aws:SourceVpcArn", "aws:SourceVpcArn", "ARN"),
        ("aws:TagKeys", "aws:TagKeys", "ArrayOfString"),
        ("aws:PrincipalOrgPaths", "aws:PrincipalOrgPaths", "ArrayOfString"),
        ("aws:PrincipalOrgMasterAccountId", "aws:PrincipalOrgMasterAccountId", "String"),
        ("lambda:SourceFunctionArn", "lambda:SourceFunctionArn", "ARN"),
        # Keys with an open part, whichever way the source writes it.
        ("aws:RequestTag/Team", "aws:RequestTag/${TagKey}", "String"),
        ("aws:PrincipalTag/a:b/c", "aws:PrincipalTag/${TagKey}", "String"),
        ("s3:ExistingObjectTag/class", "s3:ExistingObjectTag/${TagKey}", "String"),
        ("secretsmanager:ResourceTag/x", "secretsmanager:ResourceTag/${TagKey}", "String"),
        ("glacier:ResourceTag/x", "glacier:ResourceTag/${TagKey}", "String"),
        ("kms:EncryptionContext:aws:s3:arn", "kms:EncryptionContext:${EncryptionContextKey}", "String"),
        ("events:Metadata/x", "events:Metadata/${MetadataKey}", None),
        ("events:Metadata/x/Matcher", "events:Metadata/${MetadataKey}/Matcher", None),
        # Identity providers.
        ("saml:aud", "saml:aud", "String"),
        ("cognito-identity.amazonaws.com:aud", "cognito-identity.amazonaws.com:aud", "String"),
        ("cognito-identity.amazonaws.com:amr", "cognito-identity.amazonaws.com:amr", "ArrayOfString"),
        ("token.actions.githubusercontent.com:sub", "token.actions.githubusercontent.com:sub", "String"),
        ("token.actions.githubusercontent.com:actor", "token.actions.githubusercontent.com:actor", "String"),
        ("gitlab.com:sub", "gitlab.com:sub", "String"),
        ("github.com/enterprises/x:ref", "github.com/enterprises/${EnterpriseName}:ref", "String"),
        (
            "oidc.eks.eu-west-1.amazonaws.com/id/A1:sub",
            "oidc.eks.eu-west-1.amazonaws.com/id/A1:sub",
            "String",
        ),
    ],
)
def test_condition_keys(known: Catalog, text: str, name: str, kind: str | None) -> None:
    key = known.condition_key(text)
    assert key is not None
    assert key.name == name
    if kind is not None:
        assert key.type == kind
    assert key.multi_valued == key.type.startswith("ArrayOf")
    assert key.value_type == key.type.removeprefix("ArrayOf")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "aws",
        "aws:",
        "aws:OrgId",
        "aws:RequestTag",
        "aws:RequestTag/",
        "s3:nope",
        "nope:nope",
        "idp.example.com:nope",
        "aws:Request*",
        "aws:*",
    ],
)
def test_what_is_no_condition_key(known: Catalog, text: str) -> None:
    assert known.condition_key(text) is None


def test_every_key_an_action_names_is_a_key(known: Catalog) -> None:
    for prefix in ("s3", "ec2", "iam", "sts", "kms", "ssm", "lambda"):
        service = known.service(prefix)
        assert service is not None
        for action in service.actions.values():
            for key in action.condition_keys:
                found = known.condition_key(key)
                assert found is not None
                # Tables of two services may spell one key in two letter cases.
                assert found.name.lower() == key.lower()


def test_services_that_obey_resource_control_policies(known: Catalog) -> None:
    assert {"s3", "sts", "kms", "sqs", "secretsmanager"} <= known.rcp_services()
    assert "ec2" not in known.rcp_services()


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("eu-central-2", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("eusc-de-east-1", "aws-eusc"),
        ("aws-global", None),
        ("eu-west-9", None),
    ],
)
def test_regions(known: Catalog, region: str, partition: str | None) -> None:
    assert known.regions().get(region) == partition


def test_partitions(known: Catalog) -> None:
    suffixes = {partition.name: partition.dns_suffix for partition in known.partitions()}
    assert suffixes["aws"] == suffixes["aws-us-gov"] == "amazonaws.com"
    assert suffixes["aws-cn"] == "amazonaws.com.cn"
    assert {"aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"} <= suffixes.keys()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("s3:GetObjct", "s3:GetObject"),
        ("s3:GetObjetc", "s3:GetObject"),
        ("S3:getobjects", "s3:GetObject"),
        ("ec2:DescibeInstances", "ec2:DescribeInstances"),
        ("iam:PasRole", "iam:PassRole"),
        ("cloudwatchlogs:PutLogEvents", "logs:PutLogEvents"),
        ("s4:GetObject", "s3:GetObject"),
        ("s3:GetObject", "s3:GetObject"),
        ("s3:Frobnicate", None),
        ("frobnicator:Frobnicate", None),
        ("GetObject", None),
        ("s3:", None),
    ],
)
def test_the_nearest_action(known: Catalog, text: str, meant: str | None) -> None:
    assert known.nearest_action(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("dynamodbb", "dynamodb"),
        ("Lamda", "lambda"),
        ("secretmanager", "secretsmanager"),
        ("frobnicator", None),
    ],
)
def test_the_nearest_service(known: Catalog, text: str, meant: str | None) -> None:
    assert known.nearest_service(text) == meant


def test_a_service_holds_its_actions_in_the_order_of_their_bits(known: Catalog) -> None:
    position = 0
    for prefix in known.services():
        service = known.service(prefix)
        assert service is not None
        assert service.offset == position
        assert service.bits == known.service_bits(prefix)
        position += service.count
    assert position == known.action_count
    s3 = known.service("S3")
    assert s3 is not None
    assert s3.name == "Amazon S3"
    indexes = [action.index for action in s3.actions.values()]
    assert indexes == list(range(s3.offset, s3.offset + s3.count))
    assert "getobject" in s3.actions
    assert s3.actions.get("nope") is None
    assert known.service("nope") is None
    assert known.service_bits("nope") == 0
