"""Every place of a template that holds a policy: kind, owner, place, attachments, statements."""

from __future__ import annotations

import json
import textwrap

import pytest

from iamlint.model import Extraction, Hole, Policy
from iamlint.sources.cloudformation import extract_template, is_template
from iamlint.sources.json_text import JsonDocument, parse_json
from iamlint.sources.locations import DocumentLocation, load_data, locations
from iamlint.sources.source import SourceOptions
from iamlint.sources.text import Text
from iamlint.sources.yaml_text import yaml_documents

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}


def read(text: str) -> Extraction:
    (document,) = yaml_documents(Text("t.yaml", textwrap.dedent(text)), "cloudformation")
    extraction = extract_template(document.tree, document, SourceOptions())
    assert extraction is not None
    return extraction


def read_json(tree: object) -> Extraction:
    text = json.dumps(tree, indent=2)
    parsed, _ = parse_json(text)
    extraction = extract_template(
        parsed, JsonDocument(Text("t.json", text), parsed, "cloudformation"), SourceOptions()
    )
    assert extraction is not None
    return extraction


def one(text: str) -> Policy:
    (policy,) = read(text).policies
    return policy


def line_of(policy: Policy) -> int:
    return policy.document.key_span(policy.anchor).start_line


def all_documents() -> list[tuple[str, DocumentLocation]]:
    types = load_data("cloudformation_locations.json")["documents"]
    return [
        (kind, location)
        for kind in types
        for location in locations("cloudformation").documents(kind)
        if location.kind != "template"
    ]


def planted(location: DocumentLocation, node: object) -> dict[str, object]:
    """Return properties that hold `node` at a location."""
    steps = list(location.path)
    while steps:
        step = steps.pop()
        node = [node] if step == "[]" else {"K": node} if step == "{}" else {step: node}
    assert isinstance(node, dict)
    return node


@pytest.mark.parametrize("form", ["object", "text", "sub"])
@pytest.mark.parametrize(
    ("kind", "location"), all_documents(), ids=lambda item: str(getattr(item, "path", item))
)
def test_every_location_is_read_in_every_form(kind: str, location: DocumentLocation, form: str) -> None:
    bare = location.holds == "statements"
    node: object = DOCUMENT["Statement"] if bare else DOCUMENT
    if form != "object":
        if location.holds == "sam-policies":
            return
        node = (
            json.dumps(node)
            if form == "text"
            else {"Fn::Sub": json.dumps(node).replace("*", "${AWS::Region}")}
        )
    properties = planted(location, node)
    if location.kind == "org":
        properties["Type"] = "SERVICE_CONTROL_POLICY"
    extraction = read_json({"Resources": {"R": {"Type": kind, "Properties": properties}}})
    (policy,) = extraction.policies
    path = ".".join(location.path).replace(".[]", "[0]").replace("{}", "K")
    assert policy.location == path
    assert (policy.owner.address, policy.owner.type) == ("Resources.R", kind)
    expected = {"org": "scp", "resource-template": "resource"}.get(location.kind, location.kind)
    assert policy.kind == expected
    assert policy.statements is not None
    (statement,) = policy.statements
    assert [str(value) for value in statement.actions or ()] == ["s3:GetObject"]
    assert [str(value) for value in statement.resources or ()] == ["<AWS::Region>" if form == "sub" else "*"]
    assert not extraction.diagnostics
    # The value of an action stands where the text says, also inside text.
    assert statement.actions is not None
    span = policy.document.span(statement.actions[0].pointer)
    assert span.start_line > line_of(policy) or form != "object"


def test_a_lookalike_is_never_a_policy() -> None:
    kinds = load_data("cloudformation_locations.json")["lookalikes"]
    for kind in kinds:
        for path in locations("cloudformation").lookalikes(kind):
            properties = planted(DocumentLocation(path, "", (), (), None, "document"), DOCUMENT)
            assert read_json({"Resources": {"R": {"Type": kind, "Properties": properties}}}).policies == ()


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}, True),
        ({"Resources": {"A": None, "B": {"Type": "Custom::X"}}}, True),
        ({"Resources": {"Fn::ForEach::X": ["V", ["a"], {"R${V}": {"Type": "AWS::IAM::Role"}}]}}, True),
        ({"Resources": {"A": {"Type": "Pod"}}}, False),
        ({"Resources": {"A": {"Type": ["AWS::S3::Bucket"]}}}, False),
        ({"Resources": []}, False),
        ({"resources": {"A": {"Type": "AWS::S3::Bucket"}}}, False),
        ([], False),
        (None, False),
    ],
)
def test_what_is_a_template(tree: object, expected: bool) -> None:
    assert is_template(tree) is expected


ROLE = """\
Resources:
  Role:
    Type: AWS::IAM::Role
    Condition: IsProd
    Properties:
      RoleName: app
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: !Sub "${AWS::StackName}-read"
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              Effect: Allow
              Action:
                - s3:GetObject
                - s3:*
              Resource: !Sub "arn:aws:s3:::${Bucket}/*"
        - !If
          - WithWrite
          - PolicyName: write
            PolicyDocument: {Statement: []}
          - !Ref AWS::NoValue
"""


def test_the_policies_of_a_role() -> None:
    trust, inline, maybe = read(ROLE).policies
    rows = [
        (p.kind.value, p.location, str(p.name), line_of(p), p.on, p.attachments, p.when)
        for p in (trust, inline, maybe)
    ]
    prod = (("IsProd", True),)
    assert rows == [
        ("trust", "AssumeRolePolicyDocument", "None", 7, ("role",), ("Resources.Role",), prod),
        (
            "identity",
            "Policies[0].PolicyDocument",
            "<AWS::StackName>-read",
            13,
            ("role",),
            ("Resources.Role",),
            prod,
        ),
        (
            "identity",
            "Policies[1].PolicyDocument",
            "write",
            24,
            ("role",),
            ("Resources.Role",),
            (*prod, ("WithWrite", True)),
        ),
    ]
    assert trust.version is not None
    assert trust.version.text == "2012-10-17"
    assert inline.statements is not None
    (statement,) = inline.statements
    assert statement.actions is not None
    span = inline.document.span(statement.actions[1].pointer)
    assert (span.start_line, span.start_column, span.end_column) == (19, 19, 23)
    assert statement.resources is not None
    span = inline.document.span(statement.resources[0].pointer)
    assert (span.start_line, span.start_column) == (20, 25)
    assert maybe.statements == ()


@pytest.mark.parametrize(
    ("resources", "on", "attachments"),
    [
        (
            "P: {Type: 'AWS::IAM::Policy', Properties: {PolicyDocument: {}, Roles: [!Ref R]}}",
            ("role",),
            ("Resources.R",),
        ),
        (
            "P: {Type: 'AWS::IAM::Policy', Properties: {PolicyDocument: {}, Users: [ann, !Ref U], Groups: [!ImportValue g]}}",
            ("user", "group"),
            ("ann", "Resources.U", "<ImportValue g>"),
        ),
        # A literal name is linked to the resource that is given it.
        (
            "P: {Type: 'AWS::IAM::Policy', Properties: {PolicyDocument: {}, Roles: [app]}}",
            ("role",),
            ("Resources.Named",),
        ),
        ("P: {Type: 'AWS::IAM::Policy', Properties: {PolicyDocument: {}}}", (), ()),
        (
            "P: {Type: 'AWS::IAM::RolePolicy', Properties: {PolicyDocument: {}, RoleName: !Ref R}}",
            ("role",),
            ("Resources.R",),
        ),
        (
            "P: {Type: 'AWS::IAM::UserPolicy', Properties: {PolicyDocument: {}, UserName: !Sub 'x-${AWS::Region}'}}",
            ("user",),
            ("x-<AWS::Region>",),
        ),
        (
            "P: {Type: 'AWS::S3::BucketPolicy', Properties: {PolicyDocument: {}, Bucket: !Sub '${B}'}}",
            ("s3-bucket",),
            ("Resources.B",),
        ),
        (
            "P: {Type: 'AWS::SQS::QueuePolicy', Properties: {PolicyDocument: {}, Queues: [!Ref Q, !If [C, !Ref V, a]]}}",
            ("sqs-queue",),
            ("Resources.Q", "Resources.V", "a"),
        ),
        ("P: {Type: 'AWS::KMS::Key', Properties: {KeyPolicy: {}}}", ("kms-key",), ("Resources.P",)),
        ("P: {Type: 'AWS::Logs::ResourcePolicy', Properties: {PolicyDocument: '{}'}}", ("logs-account",), ()),
        (
            "P: {Type: 'AWS::Lambda::ResourcePolicy', Properties: {PolicyDocument: {}, ResourceArn: !GetAtt Q.Arn}}",
            ("lambda-function",),
            ("Resources.Q",),
        ),
    ],
)
def test_what_a_policy_is_attached_to(
    resources: str, on: tuple[str, ...], attachments: tuple[str, ...]
) -> None:
    rest = "".join(f"  {name}: {{Type: 'AWS::X::Y'}}\n" for name in "RUBQV")
    named = "  Named: {Type: 'AWS::IAM::Role', Properties: {RoleName: app}}\n"
    (policy,) = read(f"Resources:\n  {resources}\n{rest}{named}").policies
    assert (policy.on, policy.attachments) == (on, attachments)


@pytest.mark.parametrize(
    ("role", "kind", "attachments"),
    [
        ("PermissionsBoundary: !Ref P", "boundary", ()),
        ("PermissionsBoundary: !GetAtt P.PolicyArn", "boundary", ()),
        (
            "PermissionsBoundary: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/limit'",
            "boundary",
            (),
        ),
        ("PermissionsBoundary: !If [C, !Ref P, x]", "boundary", ()),
        ("ManagedPolicyArns: [!Ref P]", "identity", ("Resources.R",)),
        (
            "{PermissionsBoundary: !Ref P, ManagedPolicyArns: [!If [C, !Ref P, x]]}",
            "identity",
            ("Resources.R",),
        ),
        ("{}", "identity", ()),
    ],
)
def test_a_managed_policy_is_what_it_is_used_for(role: str, kind: str, attachments: tuple[str, ...]) -> None:
    properties = role if role.startswith("{") else f"{{{role}}}"
    policy = one(
        f"""\
        Resources:
          R: {{Type: 'AWS::IAM::Role', Properties: {properties}}}
          P:
            Type: AWS::IAM::ManagedPolicy
            Properties: {{ManagedPolicyName: limit, PolicyDocument: {{Statement: []}}}}
        """
    )
    assert (policy.kind.value, policy.attachments) == (kind, attachments)
    assert policy.on == (("role",) if attachments else ())


@pytest.mark.parametrize(
    ("type_property", "kinds"),
    [
        ("SERVICE_CONTROL_POLICY", ["scp"]),
        ("RESOURCE_CONTROL_POLICY", ["rcp"]),
        ("TAG_POLICY", []),
        ("!Ref Kind", ["rcp"]),
        ("!Ref Nothing", ["scp"]),
        ("null", ["scp"]),
    ],
)
def test_organization_policies_by_their_type(type_property: str, kinds: list[str]) -> None:
    extraction = read(
        f"""\
        Parameters: {{Kind: {{Type: String, Default: RESOURCE_CONTROL_POLICY}}}}
        Resources:
          P:
            Type: AWS::Organizations::Policy
            Properties: {{Name: n, Type: {type_property}, TargetIds: [r-1], Content: {{Statement: []}}}}
        """
    )
    assert [(policy.kind.value, policy.attachments) for policy in extraction.policies] == [
        (k, ("r-1",)) for k in kinds
    ]


def test_conditions_around_a_document_give_one_policy_for_each_branch() -> None:
    extraction = read(
        """\
        Resources:
          B:
            Type: AWS::S3::BucketPolicy
            Properties:
              Bucket: b
              PolicyDocument: !If
                - Open
                - {Statement: [{Effect: Allow, Principal: '*', Action: 's3:*', Resource: '*'}]}
                - Fn::If: [Shut, !Ref Text, !Ref AWS::NoValue]
        """
    )
    open_policy, text_policy = extraction.policies
    assert open_policy.when == (("Open", True),)
    assert text_policy.when == (("Open", False), ("Shut", True))
    assert text_policy.statements is None
    assert [line_of(policy) for policy in extraction.policies] == [6, 6]
    assert [(d.code, d.line) for d in extraction.diagnostics] == [("unread-document", 6)]


TEXTS = """\
Parameters: {Tier: {Type: String}}
Resources:
  Plain:
    Type: AWS::Logs::ResourcePolicy
    Properties:
      PolicyName: plain
      PolicyDocument: '{"Statement":[{"Effect":"Allow","Action":["logs:PutLogEvents","logs:Create*"],"Resource":"*"}]}'
  Block:
    Type: AWS::Logs::ResourcePolicy
    Properties:
      PolicyName: block
      PolicyDocument: !Sub |
        {
          "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "${Tier}.amazonaws.com"},
            "Action": ["logs:PutLogEvents", "logs:Create*"],
            "Resource": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*",
            "Condition": ${Extra}
          }]
        }
  Listed:
    Type: AWS::Logs::ResourcePolicy
    Properties:
      PolicyName: listed
      PolicyDocument:
        Fn::Sub:
          - '{"Statement":[{"Effect":"Allow","Action":["${A}","logs:Create*"],"Resource":"${!aws:username}"}]}'
          - A: logs:PutLogEvents
  Joined:
    Type: AWS::Logs::ResourcePolicy
    Properties:
      PolicyName: joined
      PolicyDocument: !Join
        - ''
        - - '{"Statement":[{"Effect":"Allow","Action":["logs:PutLogEvents","logs:Create*"],"Resource":"'
          - !GetAtt Group.Arn
          - '"}]}'
  Native:
    Type: AWS::Logs::ResourcePolicy
    Properties:
      PolicyName: native
      PolicyDocument:
        Fn::ToJsonString:
          Statement: [{Effect: Allow, Action: ['logs:PutLogEvents', 'logs:Create*'], Resource: !Ref Tier}]
"""


def test_documents_that_are_text() -> None:
    extraction = read(TEXTS)
    assert not extraction.diagnostics
    rows = []
    for policy in extraction.policies:
        assert policy.statements is not None
        (statement,) = policy.statements
        assert statement.actions is not None
        span = policy.document.span(statement.actions[1].pointer)
        assert [str(action) for action in statement.actions] == ["logs:PutLogEvents", "logs:Create*"]
        written = TEXTS.split("\n")[span.start_line - 1][span.start_column - 1 :][:14]
        resources = [str(resource) for resource in statement.resources or ()]
        rows.append((str(policy.name), line_of(policy), resources, span.start_line, written))
    assert rows == [
        ("plain", 7, ["*"], 7, '"logs:Create*"'),
        ("block", 12, ["arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:*"], 17, '"logs:Create*"'),
        ("listed", 26, ["${aws:username}"], 28, '"logs:Create*"'),
        # Text that is put together has the place of the function.
        ("joined", 34, ["<Group.Arn>"], 34, "!Join"),
        ("native", 43, ["<Tier>"], 45, "'logs:Create*'"),
    ]
    block = extraction.policies[1]
    assert block.statements is not None
    (statement,) = block.statements
    assert statement.unread_condition
    assert [str(p.value) for p in statement.principals or ()] == ["<Tier>.amazonaws.com"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("not json", "the policy is text that is not JSON"),
        ("'{\"Statement\": [}'", "the policy is text that is not JSON"),
        ("!Sub '${A} {'", "the policy is text that is not JSON"),
        ("!Ref A", "the policy is decided elsewhere: <A>"),
        ("!ImportValue p", "the policy is decided elsewhere: <ImportValue p>"),
        ("!Transform {Name: AWS::Include}", "the policy is decided elsewhere: <Fn::Transform>"),
    ],
)
def test_a_document_that_cannot_be_read_is_there_all_the_same(document: str, message: str) -> None:
    extraction = read(
        f"""\
        Resources:
          U:
            Type: AWS::IAM::User
            Properties:
              Policies:
                - PolicyName: p
                  PolicyDocument: {document}
        """
    )
    (policy,) = extraction.policies
    assert policy.statements is None
    assert (policy.location, policy.on) == ("Policies[0].PolicyDocument", ("user",))
    (note,) = extraction.diagnostics
    assert (note.code, note.line, note.owner) == ("unread-document", 7, "Resources.U")
    assert note.message.startswith(message)


def test_an_unknown_list_of_policies_is_one_unread_policy() -> None:
    extraction = read("Resources: {U: {Type: 'AWS::IAM::User', Properties: {Policies: !Ref P}}}\n")
    (policy,) = extraction.policies
    assert (policy.statements, policy.location) == (None, "Policies")
    assert [note.code for note in extraction.diagnostics] == ["unread-document"]


@pytest.mark.parametrize("document", ["null", "[]", "12", "true", "[{Statement: []}]"])
def test_a_document_of_the_wrong_shape_is_a_fault(document: str) -> None:
    policy = one(f"Resources: {{K: {{Type: 'AWS::KMS::Key', Properties: {{KeyPolicy: {document}}}}}}}\n")
    if document not in {"12", "true"}:
        assert [fault.code for fault in policy.faults] == ["no-object"]
    assert policy.statements is None


def test_loops_are_read_once_with_a_hole() -> None:
    extraction = read(
        """\
        Transform: AWS::LanguageExtensions
        Resources:
          Fn::ForEach::Buckets:
            - Name
            - [logs, data]
            - "${Name}Policy":
                Type: AWS::S3::BucketPolicy
                Properties:
                  Bucket: !Sub "${Name}-bucket"
                  PolicyDocument:
                    Statement: [{Effect: Deny, Principal: '*', Action: 's3:*', Resource: !Sub "arn:aws:s3:::${Name}"}]
          Other: {Type: 'AWS::KMS::Key', Properties: {KeyPolicy: {Statement: [{Sid: !Ref Name}]}}}
          Fn::ForEach::Bad: 12
        """
    )
    looped, other = extraction.policies
    assert looped.owner.address == "Resources.<Name>Policy"
    assert looped.attachments == ("<Name>-bucket",)
    assert looped.statements is not None
    assert looped.statements[0].resources is not None
    (resource,) = looped.statements[0].resources
    assert str(resource) == "arn:aws:s3:::<Name>"
    assert isinstance(resource.parts[1], Hole)
    assert resource.parts[1].values == ("logs", "data")
    assert other.statements is not None
    assert other.statements[0].sid is not None
    assert other.statements[0].sid.hole is not None
    assert other.statements[0].sid.hole.kind == "unknown"
    assert [note.code for note in extraction.diagnostics] == ["unresolved"]


INNER = """\
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Statement:
          - {Effect: Allow, Principal: '*', Action: 'kms:*', Resource: '*'}
"""


def test_a_template_inside_a_template() -> None:
    text = "Resources:\n  Set:\n    Type: AWS::CloudFormation::StackSet\n    Properties:\n      TemplateBody: |\n"
    policy = one(text + textwrap.indent(INNER, " " * 8))
    assert policy.owner.address == "Resources.Set.TemplateBody.Resources.Key"
    assert line_of(policy) == 10
    assert policy.statements is not None
    assert policy.statements[0].actions is not None
    span = policy.document.span(policy.statements[0].actions[0].pointer)
    assert (span.start_line, span.start_column, span.end_column) == (12, 61, 68)
    assert (text + textwrap.indent(INNER, " " * 8)).split("\n")[11][60:67] == "'kms:*'"


def test_a_json_template_inside_a_json_template() -> None:
    inner = json.dumps(
        {"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": DOCUMENT}}}}, indent=1
    )
    outer = {
        "Resources": {"Set": {"Type": "AWS::CloudFormation::StackSet", "Properties": {"TemplateBody": inner}}}
    }
    (policy,) = read_json(outer).policies
    assert policy.owner.address == "Resources.Set.TemplateBody.Resources.Key"
    assert line_of(policy) == 6
    assert policy.statements is not None
    assert policy.document.span(policy.statements[0].pointer).start_column > 60


@pytest.mark.parametrize("body", ["!Sub 'a: b'", "12", "'a: b'", "'a: ['", "!Ref Body"])
def test_a_nested_template_that_cannot_be_read_is_told(body: str) -> None:
    extraction = read(
        f"Resources: {{S: {{Type: 'AWS::CloudFormation::StackSet', Properties: {{TemplateBody: {body}}}}}}}\n"
    )
    assert [note.code for note in extraction.diagnostics] == ["unread-document"]


def test_templates_do_not_nest_without_end() -> None:
    text = INNER
    for _ in range(6):
        text = (
            "Resources:\n  S:\n    Type: AWS::CloudFormation::StackSet\n    Properties:\n      TemplateBody: |\n"
            + textwrap.indent(text, " " * 8)
        )
    extraction = read(text)
    assert not extraction.policies
    assert [note.code for note in extraction.diagnostics] == ["unread-document"]
