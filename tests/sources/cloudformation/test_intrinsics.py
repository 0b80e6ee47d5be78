"""What the functions of a template mean, shown on the Resource element of one statement."""

from __future__ import annotations

import textwrap

import pytest

from iamlint.model import Hole, Statement, Value
from iamlint.sources.cloudformation import extract_template
from iamlint.sources.source import SourceOptions
from iamlint.sources.text import Text
from iamlint.sources.yaml_text import yaml_documents

TEMPLATE = """
Parameters:
  Name: {Type: String}
  Stage: {Type: String, AllowedValues: [dev, prod], Default: dev}
  Retries: {Type: Number, Default: 3}
  Secret: {Type: String, NoEcho: true, Default: hush}
  Quiet: {Type: String, NoEcho: 'True', Default: hush}
  Names: {Type: CommaDelimitedList, Default: 'a,b'}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>'}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}
  StoredList: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /a/b}
Mappings:
  Accounts:
    dev: {Id: '111111111111', Names: [x, y]}
    prod: {Id: '222222222222', Names: [z]}
Resources:
  Bucket: {Type: 'AWS::S3::Bucket'}
  NamedBucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: my-bucket}}
  StageBucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Sub 'b-${Stage}'}}
  Topic: {Type: 'AWS::SNS::Topic'}
  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: jobs}}
  Table: {Type: 'AWS::DynamoDB::Table'}
  Other: {Type: 'AWS::Made::Up'}
  Custom: {Type: 'Custom::Thing'}
  Managed: {Type: 'AWS::IAM::ManagedPolicy', Properties: {Path: /team/, ManagedPolicyName: p}}
  Caller: {Type: 'AWS::IAM::Role', Properties: {RoleName: caller}}
  PathRole: {Type: 'AWS::IAM::Role', Properties: {Path: !Ref Name}}
  Fn: {Type: 'AWS::Serverless::Function', Properties: {}}
  Loop: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Ref Loop}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: p
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: 's3:*'
                Resource: %s
"""


def statement(resource: str) -> Statement:
    text = TEMPLATE % textwrap.indent(resource, " " * 18).lstrip()
    (document,) = yaml_documents(Text("t.yaml", text), "cloudformation")
    extraction = extract_template(document.tree, document, SourceOptions())
    assert extraction is not None
    (policy,) = [policy for policy in extraction.policies if policy.owner.address == "Resources.Role"]
    assert policy.statements is not None
    return policy.statements[0]


def values(resource: str) -> tuple[Value, ...]:
    found = statement(resource).resources
    assert found is not None
    return found


def hole(resource: str) -> Hole:
    (value,) = values(resource)
    assert value.hole is not None, value
    return value.hole


@pytest.mark.parametrize(
    ("resource", "shown"),
    [
        ("!Ref Name", ["<Name>"]),
        ("!Ref NamedBucket", ["my-bucket"]),
        ("!Ref Bucket", ["<Bucket>"]),
        ("!Ref StageBucket", ["<StageBucket>"]),
        ("!Ref Topic", ["<Topic>"]),
        ("!Ref Missing", ["<Missing>"]),
        ("!Ref Loop", ["<Loop>"]),
        ("[a, !Ref 'AWS::NoValue', b]", ["a", "b"]),
        ("!GetAtt Bucket.Arn", ["<Bucket.Arn>"]),
        ("!GetAtt [Bucket, Arn]", ["<Bucket.Arn>"]),
        ("{'Fn::GetAtt': Bucket.Arn}", ["<Bucket.Arn>"]),
        ("!GetAtt Stack.Outputs.Arn", ["<Stack.Outputs.Arn>"]),
        ("!Sub 'arn:${AWS::Partition}:s3:::${Bucket}/*'", ["arn:<AWS::Partition>:s3:::<Bucket>/*"]),
        ("!Sub 'arn:aws:s3:::${NamedBucket}/*'", ["arn:aws:s3:::my-bucket/*"]),
        ("!Sub '${Bucket.Arn}/*'", ["<Bucket.Arn>/*"]),
        (
            "!Sub 'arn:aws:iam::123456789012:user/${!aws:username}'",
            ["arn:aws:iam::123456789012:user/${aws:username}"],
        ),
        ("!Sub 'plain'", ["plain"]),
        ("!Sub ['${A}-${B}-${Name}', {A: one, B: !Ref Stage}]", ["one-<Stage>-<Name>"]),
        ("!Sub ['${Name}', {Name: mine}]", ["mine"]),
        ("!Sub ['${A.B}', {A.B: dotted}]", ["dotted"]),
        ("!Join ['', ['arn:aws:s3:::', !Ref Bucket, '/*']]", ["arn:aws:s3:::<Bucket>/*"]),
        ("!Join [':', [arn, aws, s3, '', '', x]]", ["arn:aws:s3:::x"]),
        ("!Join ['-', [a, !Ref 'AWS::NoValue', b]]", ["a-b"]),
        ("!Join [',', !Ref Names]", ["<Names>"]),
        ("!Join ['/', !Split [':', 'a:b']]", ["a/b"]),
        ("!Join [',', [a, !Ref Names]]", ["a,<Names>"]),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!Split [',', !Ref Name]", ["<Name>"]),
        ("!Split [':', !Sub 'a:${AWS::AccountId}:b']", ["a", "<AWS::AccountId>", "b"]),
        ("!Select [1, [a, b]]", ["b"]),
        ("!Select ['1', [a, !Ref Bucket]]", ["<Bucket>"]),
        ("!Select [1, !Split ['/', 'a/b']]", ["b"]),
        ("!Select [0, !Ref Names]", ["<Names>"]),
        ("!Select [7, [a]]", ["<Fn::Select>"]),
        ("!Select [!Ref Retries, [a]]", ["<Fn::Select>"]),
        ("!FindInMap [Accounts, dev, Id]", ["111111111111"]),
        ("!FindInMap [Accounts, dev, Names]", ["x", "y"]),
        ("!FindInMap [Accounts, !Ref Stage, Id]", ["<Accounts.<Stage>.Id>"]),
        ("!FindInMap [Nowhere, a, b]", ["<Nowhere.a.b>"]),
        ("!ImportValue shared", ["<ImportValue shared>"]),
        ("!ImportValue {'Fn::Sub': '${Name}-arn'}", ["<ImportValue <Name>-arn>"]),
        ("!Base64 x", ["<Fn::Base64>"]),
        ("!GetAZs ''", ["<Fn::GetAZs>"]),
        ("!Cidr [a, 1, 2]", ["<Fn::Cidr>"]),
        ("!Length [a]", ["<Fn::Length>"]),
        ("'{{resolve:ssm:/a/b}}'", ["<resolve:ssm:/a/b>"]),
        ("'arn:aws:s3:::{{resolve:ssm:/a/b:1}}/*'", ["arn:aws:s3:::<resolve:ssm:/a/b:1>/*"]),
        ("!Sub 'x-{{resolve:ssm:/${Name}/b}}'", ["x-<resolve:ssm:/<Name>/b>"]),
        ("!If [Prod, a, b]", ["a", "b"]),
        ("!If [Prod, [a, b], !Ref 'AWS::NoValue']", ["a", "b"]),
        ("[!If [Prod, a, b], c]", ["a", "b", "c"]),
        ("!Sub ['x${A}', {A: !If [Prod, 1, 2]}]", ["x1", "x2"]),
        ("!Join ['', [x, !If [Prod, 1, 2], !If [Prod, 3, 4]]]", ["x13", "x24"]),
        ("!Sub '${A'", ["${A"]),
        ("!Sub '${}'", ["${}"]),
        ("!Transform {Name: Macro}", ["<Fn::Transform>"]),
    ],
)
def test_what_a_function_gives(resource: str, shown: list[str]) -> None:
    assert [str(value) for value in values(resource)] == shown


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("!Ref Name", Hole("parameter", "Name")),
        ("!Ref Stage", Hole("parameter", "Stage", values=("dev", "prod"), default="dev")),
        ("!Ref Retries", Hole("parameter", "Retries", default="3")),
        ("!Ref Secret", Hole("secret-default", "Secret", hidden=True)),
        ("!Ref Quiet", Hole("secret-default", "Quiet", hidden=True)),
        ("!Ref Names", Hole("parameter", "Names", default="a,b", many=True)),
        ("!Ref Subnets", Hole("parameter", "Subnets", many=True)),
        ("!Ref Stored", Hole("parameter", "Stored")),
        ("!Ref StoredList", Hole("parameter", "StoredList", many=True)),
        ("!Ref AWS::AccountId", Hole("pseudo", "AWS::AccountId", alphabet="account")),
        ("!Ref AWS::Region", Hole("pseudo", "AWS::Region", alphabet="region")),
        ("!Ref AWS::Partition", Hole("pseudo", "AWS::Partition", alphabet="partition")),
        ("!Ref AWS::NotificationARNs", Hole("pseudo", "AWS::NotificationARNs", many=True)),
        ("!Ref Bucket", Hole("resource", "Bucket")),
        ("!Ref Queue", Hole("resource", "Queue")),
        ("!Ref Topic", Hole("resource", "Topic", arn="arn:*:sns:*:*:*")),
        ("!Ref Managed", Hole("resource", "Managed", arn="arn:*:iam::*:policy/team/p")),
        ("!Ref Custom", Hole("resource", "Custom")),
        ("!GetAtt Bucket.Arn", Hole("attribute", "Bucket.Arn", arn="arn:*:s3:::*")),
        ("!GetAtt NamedBucket.Arn", Hole("attribute", "NamedBucket.Arn", arn="arn:*:s3:::my-bucket")),
        ("!GetAtt Queue.Arn", Hole("attribute", "Queue.Arn", arn="arn:*:sqs:*:*:jobs")),
        (
            "!GetAtt Table.StreamArn",
            Hole("attribute", "Table.StreamArn", arn="arn:*:dynamodb:*:*:table/*/stream/*"),
        ),
        ("!GetAtt Caller.Arn", Hole("attribute", "Caller.Arn", arn="arn:*:iam::*:role/caller")),
        ("!GetAtt PathRole.Arn", Hole("attribute", "PathRole.Arn", arn="arn:*:iam::*:role/**")),
        ("!GetAtt FnRole.Arn", Hole("attribute", "FnRole.Arn", arn="arn:*:iam::*:role/**")),
        ("!GetAtt Bucket.DomainName", Hole("attribute", "Bucket.DomainName")),
        ("!GetAtt Other.Arn", Hole("attribute", "Other.Arn", arn="arn:*")),
        ("!GetAtt Custom.Arn", Hole("attribute", "Custom.Arn")),
        ("!ImportValue x", Hole("import", "ImportValue x")),
        (
            "!FindInMap [Accounts, !Ref Name, Id]",
            Hole("mapping", "Accounts.<Name>.Id", values=("111111111111", "222222222222")),
        ),
        ("!FindInMap [Accounts, !Ref Name, Names]", Hole("mapping", "Accounts.<Name>.Names", many=True)),
        ("!FindInMap [Accounts, no, Id, {DefaultValue: x}]", Hole("mapping", "Accounts.no.Id")),
    ],
)
def test_what_is_known_of_a_hole(resource: str, expected: Hole) -> None:
    assert hole(resource) == expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("!If [Prod, a, b]", [("a", (("Prod", True),)), ("b", (("Prod", False),))]),
        (
            "!If [A, !If [B, x, y], z]",
            [("x", (("A", True), ("B", True))), ("y", (("A", True), ("B", False))), ("z", (("A", False),))],
        ),
        # The inner branch that contradicts the outer one is left out.
        ("!If [A, !If [A, x, y], z]", [("x", (("A", True),)), ("z", (("A", False),))]),
        ("[!If [A, x, !Ref 'AWS::NoValue'], y]", [("x", (("A", True),)), ("y", ())]),
    ],
)
def test_branches_carry_their_conditions(resource: str, expected: list[object]) -> None:
    assert [(value.text, value.when) for value in values(resource)] == expected


def test_too_many_combinations_are_one_hole() -> None:
    parts = ", ".join(f"!If [C{index}, a, b]" for index in range(8))
    shown = [str(value) for value in values(f"!Join ['', [{parts}]]")]
    assert len(shown) <= 16
    assert all("<" in text for text in shown)


def test_deep_nesting_ends_in_a_hole() -> None:
    resource = "{'Fn::Join': ['', [" * 45 + "x" + "]]}" * 45
    assert [str(value) for value in values(resource)] == ["<Fn::Join>"]


@pytest.mark.parametrize(
    "resource",
    [
        "!Ref [a]", "!Ref {a: b}", "{Ref: null}", "!GetAtt {a: b}", "!GetAtt []", "!GetAtt [[], {}]", "!Sub {}",
        "!Sub []", "!Sub [[]]", "!Sub ['${A}', []]", "!Sub ['${A}', {A: []}]", "!Join x", "!Join [a]", "!Join ['', {}]",
        "!Join [[], [a]]", "!Join [null, [null]]", "!If x", "!If [a, b]", "!If [[], a, b]", "!Split x", "!Split ['', a]",
        "!Split [[], []]", "!Select x", "!Select [x, [a]]", "!Select [-1, [a]]", "!Select [99999999999999, [a]]",
        "!FindInMap x", "!FindInMap [a]", "!FindInMap [[], {}, null]", "!ImportValue []", "!ToJsonString []",
        "!Transform []", "!If [A, !Ref [x], !Sub {}]",
    ],
)  # fmt: skip
def test_malformed_functions_are_unknown_not_errors(resource: str) -> None:
    found = statement(resource)
    assert found.actions is not None
    for value in found.resources or ():
        assert str(value)


def test_the_argument_of_to_json_string_is_the_node_itself() -> None:
    assert [str(value) for value in values("!ToJsonString [a, !Ref Bucket]")] == ["a", "<Bucket>"]


def test_an_element_that_is_removed_is_not_written() -> None:
    assert statement("!Ref 'AWS::NoValue'").resources is None
