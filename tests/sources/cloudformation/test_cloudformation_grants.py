"""Access that is not a written document: attachments, credentials, permissions, public switches."""

from __future__ import annotations

import textwrap

import pytest

from iamlint.model import Extraction, Grant, Statement
from iamlint.sources.cloudformation import extract_template
from iamlint.sources.source import SourceOptions
from iamlint.sources.text import Text
from iamlint.sources.yaml_text import yaml_documents


def read(text: str) -> Extraction:
    (document,) = yaml_documents(Text("t.yaml", textwrap.dedent(text)), "cloudformation")
    extraction = extract_template(document.tree, document, SourceOptions())
    assert extraction is not None
    return extraction


def grants(text: str, what: str) -> list[Grant]:
    return [grant for grant in read(text).grants if grant.what == what]


def fields(grant: Grant) -> dict[str, str]:
    return {name: ", ".join(map(str, values)) for name, values in grant.fields.items()}


def resource(kind: str, properties: str) -> str:
    return f"Resources:\n  X:\n    Type: {kind}\n    Properties: {{{properties}}}\n"


@pytest.mark.parametrize(
    ("kind", "properties", "what", "on", "attachments", "expected"),
    [
        (
            "AWS::IAM::User",
            "UserName: ann, Path: /team/, PermissionsBoundary: !Ref B",
            "declared",
            ("user",),
            ("Resources.X",),
            {"name": "ann", "path": "/team/", "permissions_boundary": "<B>"},
        ),
        (
            "AWS::IAM::Role",
            "MaxSessionDuration: 43200",
            "declared",
            ("role",),
            ("Resources.X",),
            {"max_session_duration": "43200"},
        ),
        ("AWS::IAM::Group", "GroupName: g", "declared", ("group",), ("Resources.X",), {"name": "g"}),
        (
            "AWS::IAM::User",
            "UserName: ann, LoginProfile: {Password: x, PasswordResetRequired: false}",
            "console-password",
            ("user",),
            ("Resources.X",),
            {"user": "ann", "password": "x", "reset_required": "false"},
        ),
        (
            "AWS::IAM::AccessKey",
            "UserName: ann, Status: Active",
            "access-key",
            ("user",),
            ("ann",),
            {"user": "ann", "status": "Active"},
        ),
        (
            "AWS::IAM::User",
            "PermissionsBoundary: b",
            "boundary",
            ("user",),
            ("Resources.X",),
            {"policy": "b"},
        ),
        (
            "AWS::IAM::UserToGroupAddition",
            "GroupName: g, Users: [ann]",
            "group-membership",
            ("user",),
            ("ann",),
            {"user": "ann", "group": "g"},
        ),
        (
            "AWS::IAM::ManagedPolicy",
            "PolicyDocument: {}, Users: [ann]",
            "managed-attachment",
            ("user",),
            ("ann",),
            {"policy": "<X>", "user": "ann"},
        ),
        (
            "AWS::SSO::PermissionSet",
            "CustomerManagedPolicyReferences: [{Name: n, Path: /}]",
            "managed-attachment",
            ("permission-set",),
            ("Resources.X",),
            {"policy": "n"},
        ),
        (
            "AWS::Lambda::Url",
            "AuthType: NONE, TargetFunctionArn: !Ref F, Cors: {AllowOrigins: ['*']}",
            "public-endpoint",
            ("lambda-function",),
            ("<F>",),
            {"auth": "NONE", "function": "<F>", "cors_origin": "*"},
        ),
        (
            "AWS::S3::Bucket",
            "AccessControl: PublicRead",
            "acl",
            ("s3-bucket",),
            ("Resources.X",),
            {"acl": "PublicRead"},
        ),
        (
            "AWS::S3::Bucket",
            "PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: !Ref P}",
            "public-access-block",
            ("s3-bucket",),
            ("Resources.X",),
            {"block_public_acls": "true", "block_public_policy": "<P>"},
        ),
        (
            "AWS::S3::Bucket",
            "OwnershipControls: {Rules: [{ObjectOwnership: ObjectWriter}]}",
            "acl-control",
            ("s3-bucket",),
            ("Resources.X",),
            {"ownership": "ObjectWriter"},
        ),
        (
            "AWS::RAM::ResourceShare",
            "Name: n, AllowExternalPrincipals: true",
            "share",
            ("ram-share",),
            ("Resources.X",),
            {"allow_external": "true", "name": "n"},
        ),
        (
            "AWS::Cognito::IdentityPoolRoleAttachment",
            "IdentityPoolId: i, Roles: {authenticated: a, unauthenticated: u}",
            "federated-role",
            ("role",),
            ("Resources.X",),
            {"identity_pool": "i", "authenticated_role": "a", "unauthenticated_role": "u"},
        ),
        (
            "AWS::EKS::AccessEntry",
            "PrincipalArn: p, ClusterName: c, AccessPolicies: [{PolicyArn: a, AccessScope: {Type: cluster}}]",
            "eks-access-policy",
            ("role", "user"),
            ("p",),
            {"policy": "a", "scope": "cluster", "principal": "p", "cluster": "c"},
        ),
    ],
)
def test_what_a_property_grants(
    kind: str,
    properties: str,
    what: str,
    on: tuple[str, ...],
    attachments: tuple[str, ...],
    expected: dict[str, str],
) -> None:
    (grant,) = grants(resource(kind, properties), what)
    assert (grant.on, grant.attachments, fields(grant)) == (on, attachments, expected)
    assert (grant.owner.address, grant.owner.type) == ("Resources.X", kind)


def test_each_managed_policy_is_one_grant_at_its_own_place() -> None:
    text = textwrap.dedent(
        """\
        Resources:
          Admin:
            Type: AWS::IAM::Role
            Condition: Prod
            Properties:
              ManagedPolicyArns:
                - arn:aws:iam::aws:policy/AdministratorAccess
                - !Sub arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess
                - !If [Debug, !Ref Debugging, !Ref AWS::NoValue]
                - !Ref Own
          Own: {Type: 'AWS::IAM::ManagedPolicy', Properties: {PolicyDocument: {Statement: []}}}
        """
    )
    found = grants(text, "managed-attachment")
    assert [(fields(g)["policy"], g.document.span(g.pointer).start_line, g.when) for g in found] == [
        ("arn:aws:iam::aws:policy/AdministratorAccess", 7, (("Prod", True),)),
        ("arn:<AWS::Partition>:iam::aws:policy/ReadOnlyAccess", 8, (("Prod", True),)),
        ("<Debugging>", 9, (("Prod", True), ("Debug", True))),
        ("<Own>", 10, (("Prod", True),)),
    ]


@pytest.mark.parametrize(
    ("properties", "what", "count"),
    [
        ("ManagedPolicyArns: !Ref Arns", "managed-attachment", 1),
        ("ManagedPolicyArns: single", "managed-attachment", 1),
        ("ManagedPolicyArns: []", "managed-attachment", 0),
        ("ManagedPolicyArns: null", "managed-attachment", 0),
        ("PermissionsBoundary: null", "boundary", 0),
        ("PermissionsBoundary: !Ref AWS::NoValue", "boundary", 0),
    ],
)
def test_lists_that_are_unknown_single_or_empty(properties: str, what: str, count: int) -> None:
    assert len(grants(resource("AWS::IAM::Role", properties), what)) == count


def shown(statement: Statement) -> tuple[list[str], list[str], list[str], list[str]]:
    return (
        [f"{principal.type}:{principal.value}" for principal in statement.principals or ()],
        [str(action) for action in statement.actions or ()],
        [str(item) for item in statement.resources or ()],
        [f"{c.operator} {c.key} {', '.join(map(str, c.values))}" for c in statement.conditions],
    )


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        (
            "AWS::Lambda::Permission",
            "Action: 'lambda:InvokeFunction', FunctionName: f, Principal: s3.amazonaws.com, SourceArn: a, SourceAccount: !Ref AWS::AccountId",
            (
                ["Service:s3.amazonaws.com"],
                ["lambda:InvokeFunction"],
                ["f"],
                ["ArnLike AWS:SourceArn a", "StringEquals AWS:SourceAccount <AWS::AccountId>"],
            ),
        ),
        (
            "AWS::Lambda::Permission",
            "Action: 'lambda:*', FunctionName: f, Principal: '*', PrincipalOrgID: o-1",
            (["*:*"], ["lambda:*"], ["f"], ["StringEquals aws:PrincipalOrgID o-1"]),
        ),
        (
            "AWS::Lambda::Permission",
            "Action: 'lambda:InvokeFunctionUrl', FunctionName: f, Principal: '*', FunctionUrlAuthType: NONE, InvokedViaFunctionUrl: true",
            (
                ["*:*"],
                ["lambda:InvokeFunctionUrl"],
                ["f"],
                ["StringEquals lambda:FunctionUrlAuthType NONE", "Bool lambda:InvokedViaFunctionUrl true"],
            ),
        ),
        (
            "AWS::Lambda::Permission",
            "Action: a, FunctionName: f, Principal: !Sub 'events.${AWS::URLSuffix}'",
            (["Service:events.<AWS::URLSuffix>"], ["a"], ["f"], []),
        ),
        (
            "AWS::Lambda::Permission",
            "Action: a, FunctionName: f, Principal: '123456789012'",
            (["AWS:123456789012"], ["a"], ["f"], []),
        ),
        (
            "AWS::Lambda::Permission",
            "Action: a, FunctionName: f, Principal: !Ref P",
            (["?:<P>"], ["a"], ["f"], []),
        ),
        (
            "AWS::Lambda::LayerVersionPermission",
            "Action: 'lambda:GetLayerVersion', LayerVersionArn: l, Principal: '*', OrganizationId: o-1",
            (["*:*"], ["lambda:GetLayerVersion"], ["l"], ["StringEquals aws:PrincipalOrgID o-1"]),
        ),
        (
            "AWS::Events::EventBusPolicy",
            "StatementId: s, Action: 'events:PutEvents', Principal: '*', Condition: {Type: StringEquals, Key: 'aws:PrincipalOrgID', Value: o-1}",
            (["*:*"], ["events:PutEvents"], [], ["StringEquals aws:PrincipalOrgID o-1"]),
        ),
    ],
)
def test_a_permission_is_a_statement_of_the_resource(kind: str, properties: str, expected: object) -> None:
    (grant,) = grants(resource(kind, properties), "resource-grant")
    (statement,) = grant.statements
    assert statement.is_allow
    assert shown(statement) == expected


def test_the_places_of_a_permission_are_its_properties() -> None:
    text = textwrap.dedent(
        """\
        Resources:
          P:
            Type: AWS::Lambda::Permission
            Properties:
              FunctionName: !Ref F
              Action: lambda:InvokeFunction
              Principal: "*"
          F: {Type: 'AWS::Lambda::Function'}
        """
    )
    (grant,) = grants(text, "resource-grant")
    assert grant.attachments == ("Resources.F",)
    assert grant.document.key_span(grant.pointer).start_line == 7
    (statement,) = grant.statements
    assert statement.actions is not None
    assert grant.document.span(statement.actions[0].pointer).start_line == 6
    assert statement.principals is not None
    assert grant.document.span(statement.principals[0].value.pointer).start_line == 7
