"""SAM: every form of Policies, policy templates, connectors, API resource policies."""

from __future__ import annotations

import textwrap

import pytest

from iamlint.model import Extraction, Grant, Statement
from iamlint.sources.cloudformation import extract_template
from iamlint.sources.locations import load_data
from iamlint.sources.source import SourceOptions
from iamlint.sources.text import Text
from iamlint.sources.yaml_text import yaml_documents


def read(text: str) -> Extraction:
    (document,) = yaml_documents(Text("t.yaml", textwrap.dedent(text)), "cloudformation")
    extraction = extract_template(document.tree, document, SourceOptions())
    assert extraction is not None
    return extraction


def function(policies: str, more: str = "") -> Extraction:
    head = "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n"
    return read(f"{head}      Policies: {policies}\n{more}")


def rows(statements: tuple[Statement, ...]) -> list[tuple[list[str], list[str]]]:
    return [([str(a) for a in s.actions or ()], [str(r) for r in s.resources or ()]) for s in statements]


FORMS = """\
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - AWSLambdaRole
        - AmazonS3ReadOnlyAccess
        - MadeUp
        - arn:aws:iam::aws:policy/AdministratorAccess
        - !Sub "arn:${AWS::Partition}:iam::aws:policy/X"
        - !Ref Own
        - Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Action: "s3:*", Resource: "*"}
        - S3ReadPolicy:
            BucketName: !Ref Bucket
        - !If [Prod, {SQSSendMessagePolicy: {QueueName: !GetAtt Queue.QueueName}}, !Ref AWS::NoValue]
        - !If [Prod, {Statement: []}, AWSLambdaRole]
        - VPCAccessPolicy: {}
"""


def test_the_forms_of_policies() -> None:
    extraction = read(FORMS)
    assert not extraction.diagnostics
    attached = [
        (str(g.fields["policy"][0]), g.when) for g in extraction.grants if g.what == "managed-attachment"
    ]
    assert attached == [
        ("arn:aws:iam::aws:policy/service-role/AWSLambdaRole", ()),
        ("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", ()),
        ("MadeUp", ()),
        ("arn:aws:iam::aws:policy/AdministratorAccess", ()),
        ("arn:<AWS::Partition>:iam::aws:policy/X", ()),
        ("<Own>", ()),
        ("arn:aws:iam::aws:policy/service-role/AWSLambdaRole", (("Prod", False),)),
    ]
    found = [(p.location, p.kind.value, p.on, p.attachments, p.when) for p in extraction.policies]
    assert found == [
        ("Policies[6]", "identity", ("role",), ("Resources.F",), ()),
        ("Policies[9]", "identity", ("role",), ("Resources.F",), (("Prod", True),)),
    ]
    first = extraction.policies[0]
    assert first.document.key_span(first.anchor).start_line == 12
    templates = [g for g in extraction.grants if g.what == "sam-policy-template"]
    assert [(str(g.fields["template"][0]), g.when) for g in templates] == [
        ("S3ReadPolicy", ()),
        ("SQSSendMessagePolicy", (("Prod", True),)),
        ("VPCAccessPolicy", ()),
    ]
    s3, sqs, _ = templates
    ((actions, resources),) = rows(s3.statements)
    assert actions[:2] == ["s3:GetObject", "s3:ListBucket"]
    assert resources == ["arn:<AWS::Partition>:s3:::<Bucket>", "arn:<AWS::Partition>:s3:::<Bucket>/*"]
    assert rows(sqs.statements)[0][1] == [
        "arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:<Queue.QueueName>"
    ]
    # The statements stand where the template is named.
    span = s3.document.key_span(s3.statements[0].pointer)
    assert (span.start_line, span.start_column) == (15, 11)
    assert s3.document.key_span(s3.pointer) == span
    assert str(s3.fields["bucket_name"][0]) == "<Bucket>"


def test_a_single_item_needs_no_list() -> None:
    assert [g.what for g in function("AWSLambdaRole").grants] == ["managed-attachment"]
    assert [p.location for p in function("{Statement: []}").policies] == ["Policies"]
    assert [g.what for g in function("{S3ReadPolicy: {BucketName: b}}").grants] == ["sam-policy-template"]


@pytest.mark.parametrize(
    ("policies", "code", "message"),
    [
        ("[{S3ReadPolcy: {BucketName: b}}]", "unknown-policy-template", "the nearest name is S3ReadPolicy"),
        ("[{S3ReadPolicy: {}}]", "unresolved", "S3ReadPolicy is not given its parameter BucketName"),
        ("[{S3ReadPolicy: null}]", "unresolved", "S3ReadPolicy is not given its parameter BucketName"),
        ("[[]]", "unread-document", "an item of Policies must be"),
        ("[null]", "unread-document", "an item of Policies must be"),
        ("[{a: 1, b: 2}]", "unread-document", "an item of Policies must be"),
        ("12", None, None),
    ],
)
def test_items_that_cannot_be_read_are_told(policies: str, code: str | None, message: str | None) -> None:
    extraction = function(policies)
    assert [note.code for note in extraction.diagnostics] == ([code] if code else [])
    if message is not None:
        assert message in extraction.diagnostics[0].message
        assert extraction.diagnostics[0].owner == "Resources.F"


@pytest.mark.parametrize(
    ("role", "read_all_the_same"),
    [
        ("!GetAtt R.Arn", False),
        ("arn:aws:iam::123456789012:role/r", False),
        ("!Ref AWS::NoValue", True),
        ("null", True),
        ("!If [C, !Ref R, !Ref AWS::NoValue]", True),
    ],
)
def test_policies_have_no_effect_beside_a_role(role: str, read_all_the_same: bool) -> None:
    extraction = function("[{Statement: []}]", f"      Role: {role}\n")
    assert bool(extraction.policies) is read_all_the_same
    codes = [note.code for note in extraction.diagnostics]
    assert codes == ([] if read_all_the_same else ["ignored-policies"])


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ("", 1),
        ("    IgnoreGlobals: '*'\n", 0),
        ("    IgnoreGlobals: [PermissionsBoundary]\n", 0),
        ("    IgnoreGlobals: [Tags]\n", 1),
    ],
)
def test_a_boundary_can_come_from_globals(more: str, count: int) -> None:
    extraction = read(
        "Globals: {Function: {PermissionsBoundary: !Ref Limit}}\n"
        "Resources:\n"
        "  F:\n"
        "    Type: AWS::Serverless::Function\n"
        f"{more}"
        "    Properties: {Policies: []}\n"
    )
    found = [g for g in extraction.grants if g.what == "boundary"]
    assert [(str(g.fields["policy"][0]), g.owner.address) for g in found] == [
        ("<Limit>", "Resources.F")
    ] * count


def test_every_policy_template_expands_without_faults() -> None:
    templates = load_data("sam_policy_templates.json")["templates"]
    assert len(templates) >= 81
    for name, template in templates.items():
        arguments = ", ".join(f"{parameter}: value" for parameter in template["parameters"])
        extraction = function(f"[{{{name}: {{{arguments}}}}}]")
        assert not extraction.diagnostics
        (grant,) = extraction.grants
        assert len(grant.statements) == len(template["statements"])
        for statement in grant.statements:
            assert statement.is_allow
            assert statement.actions
            assert statement.resources


def test_a_state_machine_has_policies_too() -> None:
    extraction = read(
        """\
        Resources:
          S:
            Type: AWS::Serverless::StateMachine
            Properties:
              Policies: [{LambdaInvokePolicy: {FunctionName: !Ref F}}, {Statement: []}]
          F: {Type: 'AWS::Serverless::Function', Properties: {FunctionName: work}}
        """
    )
    assert [(p.owner.address, p.on) for p in extraction.policies] == [("Resources.S", ("role",))]
    (grant,) = [g for g in extraction.grants if g.what == "sam-policy-template"]
    assert rows(grant.statements)[0][1] == [
        "arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:work*"
    ]


def test_policies_can_name_the_role_that_sam_makes() -> None:
    (policy,) = read(
        """\
        Resources:
          F: {Type: 'AWS::Serverless::Function', Properties: {}}
          P: {Type: 'AWS::IAM::Policy', Properties: {PolicyDocument: {Statement: []}, Roles: [!Ref FRole]}}
        """
    ).policies
    assert policy.attachments == ("Resources.F",)


def test_the_resource_policy_of_an_api() -> None:
    one, many = read(
        """\
        Resources:
          A:
            Type: AWS::Serverless::Api
            Properties:
              Auth:
                ResourcePolicy:
                  CustomStatements: {Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*'}
          F:
            Type: AWS::Serverless::Function
            Properties:
              Events:
                Get:
                  Type: Api
                  Properties:
                    Auth:
                      ResourcePolicy:
                        CustomStatements:
                          - {Effect: Deny, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*'}
                          - {Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*'}
        """
    ).policies
    assert (one.location, one.kind.value, one.on) == (
        "Auth.ResourcePolicy.CustomStatements",
        "resource",
        ("api-gateway",),
    )
    assert many.location == "Events.Get.Properties.Auth.ResourcePolicy.CustomStatements"
    assert [len(policy.statements or ()) for policy in (one, many)] == [1, 2]


CONNECTORS = """\
Resources:
  F: {Type: 'AWS::Serverless::Function', Properties: {}}
  T: {Type: 'AWS::Serverless::SimpleTable', Properties: {TableName: t}}
  Q: {Type: 'AWS::SQS::Queue'}
  N: {Type: 'AWS::SNS::Topic', Connectors: {ToQueue: {Properties: {Destination: {Id: Q}, Permissions: [Write]}}}}
  C:
    Type: AWS::Serverless::Connector
    Properties:
      Source: {Id: F}
      Destination: [{Id: T}, {Type: 'AWS::SQS::Queue', Arn: !ImportValue q}]
      Permissions:
        - Write
  Rest:
    Type: AWS::Serverless::Connector
    Properties:
      Source: {Type: 'AWS::S3::Bucket', Arn: 'arn:aws:s3:::b'}
      Destination: {Id: F}
      Permissions: [Write]
"""


def test_connectors_with_the_statements_they_become() -> None:
    found: list[Grant] = [g for g in read(CONNECTORS).grants if g.what == "sam-connector"]
    table = [
        (
            g.owner.address,
            str(g.fields["source"][0]),
            str(g.fields["destination"][0]),
            g.on,
            g.attachments,
            [r for _, resources in rows(g.statements) for r in resources],
        )
        for g in found
    ]
    assert table == [
        ("Resources.N", "N", "Q", ("sqs-queue",), ("Resources.Q",), ["<Q.Arn>"]),
        ("Resources.C", "F", "T", ("role",), ("Resources.F",), ["<T.Arn>", "<T.Arn>/index/*"]),
        ("Resources.C", "F", "<ImportValue q>", ("role",), ("Resources.F",), ["<ImportValue q>"]),
        ("Resources.Rest", "arn:aws:s3:::b", "F", ("lambda-function",), ("Resources.F",), ["<F.Arn>"]),
    ]
    assert found[1].document.span(found[1].pointer).start_line == 12
    rest = found[3].statements[0]
    assert [f"{p.type}:{p.value}" for p in rest.principals or ()] == ["Service:s3.amazonaws.com"]
    assert [(c.operator, c.key, [str(v) for v in c.values]) for c in rest.conditions] == [
        ("ArnLike", "AWS:SourceArn", ["arn:aws:s3:::b"]),
        ("StringEquals", "AWS:SourceAccount", ["<AWS::AccountId>"]),
    ]
