"""Whatever stands in a template, reading it ends with a result, and every place can be asked for."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from iamlint.model import Extraction
from iamlint.sources.cloudformation import extract_template, is_template
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.source import SourceOptions
from iamlint.sources.text import Text
from iamlint.sources.yaml_text import YamlSyntaxError, parse_yaml, yaml_documents

TEMPLATE = """\
Transform: [AWS::Serverless-2016-10-31, AWS::LanguageExtensions]
Parameters:
  Stage: {Type: String, AllowedValues: [dev, prod], Default: dev}
  Names: {Type: CommaDelimitedList, Default: 'a,b'}
Mappings: {Accounts: {dev: {Id: '1'}, prod: {Id: '2'}}}
Globals: {Function: {PermissionsBoundary: !Ref Limit}}
Resources:
  Limit: {Type: 'AWS::IAM::ManagedPolicy', Properties: {ManagedPolicyName: l, PolicyDocument: {Statement: []}, Path: /p/}}
  Role:
    Type: AWS::IAM::Role
    Condition: Prod
    Properties:
      RoleName: !Sub 'app-${Stage}'
      PermissionsBoundary: !Ref Limit
      ManagedPolicyArns: [!Ref Limit, !If [Prod, a, !Ref AWS::NoValue]]
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {Service: [lambda.amazonaws.com], AWS: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root'}
            Action: sts:AssumeRole
            Condition: {StringEquals: {'aws:PrincipalOrgID': !FindInMap [Accounts, !Ref Stage, Id]}}
      Policies:
        - PolicyName: p
          PolicyDocument: !If
            - Prod
            - Statement:
                - {Sid: s, Effect: Allow, Action: ['s3:*'], Resource: [!GetAtt Bucket.Arn, !Join ['', [!GetAtt Bucket.Arn, '/*']]]}
            - Statement: {Effect: Deny, NotAction: 'iam:*', NotResource: !Select [0, !Split [':', !Ref Stage]]}
  User:
    Type: AWS::IAM::User
    Properties: {UserName: ann, Groups: [g], LoginProfile: {Password: '{{resolve:ssm:/p}}'}, Policies: []}
  Bucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: b, PublicAccessBlockConfiguration: {BlockPublicAcls: true}}}
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument: !Sub '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "${Bucket.Arn}"}]}'
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {Action: 'lambda:*', FunctionName: !Ref Fn, Principal: '*', SourceArn: !ImportValue x, SourceAccount: '1'}
  Bus:
    Type: AWS::Events::EventBusPolicy
    Properties: {Action: 'events:*', Principal: '*', Condition: {Type: StringEquals, Key: k, Value: v}}
  Org: {Type: 'AWS::Organizations::Policy', Properties: {Name: n, Type: !Ref Stage, Content: {Statement: []}, TargetIds: [r]}}
  Set: {Type: 'AWS::CloudFormation::StackSet', Properties: {TemplateBody: '{"Resources": {"A": {"Type": "AWS::KMS::Key"}}}'}}
  Share: {Type: 'AWS::RAM::Permission', Properties: {Name: n, PolicyTemplate: {Effect: Allow, Action: a}}}
  Fn:
    Type: AWS::Serverless::Function
    Connectors: {C: {Properties: {Destination: {Id: Table}, Permissions: [Read, Write], SourceReference: {Name: n}}}}
    Properties:
      Role: !If [Prod, !GetAtt Role.Arn, !Ref AWS::NoValue]
      Policies:
        - AWSLambdaRole
        - S3ReadPolicy: {BucketName: !Ref Bucket}
        - {Statement: [{Effect: Allow, Action: a, Resource: '*'}]}
      FunctionUrlConfig: {AuthType: NONE, Cors: {AllowOrigins: ['*']}}
      Events: {E: {Type: Api, Properties: {Auth: {ResourcePolicy: {CustomStatements: [{Effect: Allow}]}}}}}
  Table: {Type: 'AWS::DynamoDB::Table', Properties: {ResourcePolicy: {PolicyDocument: {Statement: []}}}}
  Link:
    Type: AWS::Serverless::Connector
    Properties: {Source: {Id: Fn}, Destination: [{Id: Table}, {Type: 'AWS::SQS::Queue', Arn: a}], Permissions: [Write]}
  Fn::ForEach::Loop:
    - Name
    - !Ref Names
    - '${Name}Key': {Type: 'AWS::KMS::Key', Properties: {KeyPolicy: {Statement: [{Sid: !Ref Name}]}}}
"""

ODD: list[object] = [
    None, True, False, 0, -1, 10**400, 1.5, "", "*", "${", "${}", "{{resolve:", '{"Statement": 1}', "%7B%22", "\ud83d\ude00",
    [], {}, [None], [[]], [{}], {"": None}, {"Ref": None}, {"Ref": "AWS::NoValue"}, {"Ref": "Role"}, {"Ref": ["x"]},
    {"Fn::If": ["Prod", None, {"Ref": "AWS::NoValue"}]}, {"Fn::If": ["Prod", [1, [2]], {"Statement": {}}]}, {"Fn::If": []},
    {"Fn::Sub": []}, {"Fn::Sub": ["${A}", {"A": {"Fn::If": ["C", 1, None]}}]}, {"Fn::Sub": "${Role.Arn}${A.B.C}${!x}"},
    {"Fn::Join": [1, {"Ref": "Names"}]}, {"Fn::Split": [",", {"Ref": "Names"}]}, {"Fn::Select": [9, {"Fn::GetAZs": ""}]},
    {"Fn::GetAtt": "A"}, {"Fn::GetAtt": ["A", {"Ref": "Stage"}]}, {"Fn::FindInMap": ["Accounts", {"Ref": "X"}, None]},
    {"Fn::Transform": {"Name": "AWS::Include"}}, {"Fn::Transform": 1, "Statement": []}, {"Fn::ToJsonString": {"Statement": None}},
    {"Fn::ForEach::X": [1, 2, 3]}, {"Fn::Nope": {}}, {"Fn::ImportValue": {"Fn::ImportValue": None}}, {"Condition": "Prod"},
    {"Id": {"Ref": "Fn"}}, {"Statement": [[{"Effect": {"Ref": "Stage"}, "Principal": [1], "Condition": [2]}]]},
]  # fmt: skip


def base() -> dict[str, Any]:
    ((tree,), _) = parse_yaml(TEMPLATE)
    assert isinstance(tree, dict)
    return tree


BASE = base()


def places(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from places(value, (*path, index))


PLACES = list(places(BASE))[1:]


def replaced(tree: object, path: tuple[str | int, ...], value: object) -> None:
    """Put `value` at `path`, unless an earlier change has taken the way there."""
    for step in path[:-1]:
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
        else:
            return
    last = path[-1]
    if isinstance(tree, dict):
        tree[last] = value
        return
    if isinstance(tree, list) and isinstance(last, int) and last < len(tree):
        tree[last] = value


def ask_for_every_place(extraction: Extraction) -> None:
    for policy in extraction.policies:
        policy.document.span(policy.pointer)
        policy.document.key_span(policy.anchor)
        assert str(policy.name) is not None
        for fault in policy.faults:
            policy.document.span(fault.pointer)
        for statement in policy.statements or ():
            for value in (*(statement.actions or ()), *(statement.resources or ())):
                assert policy.document.span(value.pointer).start_line >= 1
                assert isinstance(str(value), str)
    for grant in extraction.grants:
        assert grant.document.span(grant.pointer).start_line >= 1
        assert all(values for values in grant.fields.values())


def test_the_template_itself_is_read_in_full() -> None:
    (document,) = yaml_documents(Text("t.yaml", TEMPLATE), "cloudformation")
    extraction = extract_template(document.tree, document, SourceOptions())
    assert extraction is not None
    assert (len(extraction.policies), len(extraction.grants)) == (9, 24)
    ask_for_every_place(extraction)


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD)), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_odd_values_anywhere_are_no_error(changes: list[tuple[tuple[str | int, ...], object]]) -> None:
    tree = copy.deepcopy(BASE)
    for path, value in changes:
        replaced(tree, path, copy.deepcopy(value))
    text = json.dumps(tree)
    extraction = extract_template(
        tree, JsonDocument(Text("t.json", text), tree, "cloudformation"), SourceOptions()
    )
    if not is_template(tree):
        assert extraction is None
        return
    assert extraction is not None
    ask_for_every_place(extraction)


def test_each_value_at_each_place_of_the_policies() -> None:
    # Every place takes a hostile value once; random choices alone might leave some out.
    text = json.dumps(BASE)
    document = JsonDocument(Text("t.json", text), BASE, "cloudformation")
    for number, path in enumerate(PLACES):
        tree = copy.deepcopy(BASE)
        replaced(tree, path, ODD[number % len(ODD)])
        if is_template(tree):
            assert extract_template(tree, document, SourceOptions()) is not None


@given(
    st.integers(0, len(TEMPLATE) - 1),
    st.text("{}[]:!&*'\"|>-#%@` \n\t${}aA\0é", max_size=4),
    st.integers(0, 6),
)
@settings(max_examples=300, deadline=None)
def test_damaged_text_is_refused_or_read(at: int, inserted: str, removed: int) -> None:
    text = TEMPLATE[:at] + inserted + TEMPLATE[at + removed :]
    try:
        documents = yaml_documents(Text("t.yaml", text), "cloudformation")
    except YamlSyntaxError as error:
        if not 0 <= error.offset <= len(text):
            raise
        return
    for document in documents:
        extraction = extract_template(document.tree, document, SourceOptions())
        if extraction is not None:
            ask_for_every_place(extraction)
