"""Advice in every format: written as the file is, from what stands beside the policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from iamlint.auditing.pipeline import run
from iamlint.auditing.settings import AuditSettings
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.model import Advice, Finding

RULES = load_rules()


def audited(folder: Path, files: Mapping[str, str], rule: str) -> list[Finding]:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    settings = AuditSettings(paths=(".",), cwd=str(folder), select=(rule,), profile=Profile.AUDIT, jobs=1)
    outcome = run(settings)
    assert [one for one in outcome.diagnostics if one.code == "advice-failed"] == []
    return outcome.findings


def advice(folder: Path, name: str, text: str, rule: str) -> list[str]:
    return [one.text for finding in audited(folder, {name: text}, rule) for one in finding.advice]


QUEUE_YAML = """\
Resources:
  Logs:
    Type: AWS::S3::Bucket
    Properties: {NotificationConfiguration: {TopicConfigurations: [{Event: x, Topic: !Ref Alarms}]}}
  Alarms: {Type: AWS::SNS::Topic}
  Link:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Alarms, Endpoint: !GetAtt Inbox.Arn, Protocol: sqs}
  Inbox: {Type: AWS::SQS::Queue}
  InboxPolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Inbox]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: sqs:SendMessage, Resource: !GetAtt Inbox.Arn}
  AlarmsPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Alarms]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: sns:Publish, Resource: !Ref Alarms}
"""


def test_who_sends_in_yaml(tmp_path: Path) -> None:
    assert advice(tmp_path, "t.yaml", QUEUE_YAML, "IAM440") == [
        "Condition:\n  ArnLike:\n    aws:SourceArn: !Ref Alarms",
        (
            "Condition:\n"
            "  StringEquals:\n"
            "    aws:SourceAccount: !Ref AWS::AccountId\n"
            "  ArnLike:\n"
            "    aws:SourceArn: !GetAtt Logs.Arn"
        ),
    ]


def test_a_reference_never_closes_a_circle(tmp_path: Path) -> None:
    """CloudFormation refuses a bucket that waits for a policy that names the bucket."""
    text = QUEUE_YAML.replace(
        "    Type: AWS::S3::Bucket\n", "    Type: AWS::S3::Bucket\n    DependsOn: AlarmsPolicy\n"
    )
    assert advice(tmp_path, "t.yaml", text, "IAM440")[1] == (
        "Condition:\n  StringEquals:\n    aws:SourceAccount: !Ref AWS::AccountId"
    )


ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ]
        },
        "Policies": [
            {
                "PolicyName": "p",
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["s3:PutObject", "s3:ListBucket", "lambda:InvokeFunction"],
                            "Resource": "*",
                        }
                    ]
                },
            }
        ],
    },
}


def template(**more: object) -> str:
    resources = {
        "Worker": ROLE,
        "Data": {"Type": "AWS::S3::Bucket"},
        "Other": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Role": "arn:aws:iam::111122223333:role/x"},
        },
        "Own": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["Worker", "Arn"]}}},
        "Maybe": {"Type": "AWS::S3::Bucket", "Condition": "IsProd"},
        **more,
    }
    return json.dumps(
        {"Conditions": {"IsProd": {"Fn::Equals": ["a", "b"]}}, "Resources": resources}, indent=1
    )


def test_resources_of_a_template_in_json(tmp_path: Path) -> None:
    """Neither the function that needs the role nor the bucket that may not be there is named."""
    found = advice(tmp_path, "t.json", template(), "IAM114")
    assert found == [
        (
            "lambda:InvokeFunction:\n"
            '  {"Fn::GetAtt": ["Other", "Arn"]},\n'
            "s3:ListBucket:\n"
            '  {"Fn::GetAtt": ["Data", "Arn"]},\n'
            "s3:PutObject:\n"
            '  {"Fn::Sub": "${Data.Arn}/*"},'
        )
    ]


def test_resources_of_a_template_in_yaml_are_yaml(tmp_path: Path) -> None:
    loader = type("Loader", (yaml.SafeLoader,), {})
    for tag in ("!GetAtt", "!Sub", "!Ref"):
        loader.add_constructor(tag, lambda made, node: f"{node.tag} {made.construct_scalar(node)}")  # type: ignore[attr-defined]
    text = yaml.safe_dump(json.loads(template()))
    (found,) = advice(tmp_path, "t.yaml", text, "IAM114")
    assert yaml.load(found, loader) == {
        "Resource": ["!GetAtt Other.Arn", "!GetAtt Data.Arn", "!Sub ${Data.Arn}/*"]
    }


def test_resources_that_have_no_arn_of_their_own(tmp_path: Path) -> None:
    role = json.loads(json.dumps(ROLE))
    role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Action"] = [
        "ec2:TerminateInstances",
        "ssm:PutParameter",
    ]
    text = template(
        Worker=role,
        Box={"Type": "AWS::EC2::Instance"},
        Setting={
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/app/setting", "Type": "String", "Value": "1"},
        },
    )
    (found,) = advice(tmp_path, "t.json", text, "IAM114")
    assert found == (
        "ec2:TerminateInstances:\n"
        '  {"Fn::Sub": "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:instance/${Box}"},\n'
        "ssm:PutParameter:\n"
        '  {"Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${Setting}"},'
    )


def test_an_arn_with_a_revision_is_whole(tmp_path: Path) -> None:
    role = json.loads(json.dumps(ROLE))
    role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Action"] = "ecs:RunTask"
    text = template(Worker=role, Job={"Type": "AWS::ECS::TaskDefinition"})
    assert advice(tmp_path, "t.json", text, "IAM115") == ['ecs:RunTask:\n  {"Ref": "Job"},']
    statement = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]
    statement["Action"] = "elasticloadbalancing:ModifyTargetGroup"
    text = template(Worker=role, Group={"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"})
    assert advice(tmp_path, "t.json", text, "IAM114") == [
        'elasticloadbalancing:ModifyTargetGroup:\n  {"Ref": "Group"},'
    ]


def test_a_document_in_a_text_of_sub(tmp_path: Path) -> None:
    text = """\
Resources:
  Data: {Type: AWS::S3::Bucket}
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: !Sub |
        {"Version": "2012-10-17", "Statement": [
          {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*"}]}
"""
    assert advice(tmp_path, "t.yaml", text, "IAM114") == ['s3:DeleteObject:\n  "${Data.Arn}/*",']
    plain = text.replace("!Sub |", "|")
    assert advice(tmp_path, "t.yaml", plain, "IAM114") == [
        's3:DeleteObject:\n  "arn:aws:s3:::<bucket-name>/<object-name>",'
    ]


def test_a_nested_template_has_neighbours_of_its_own(tmp_path: Path) -> None:
    inner = {"Resources": {"Worker": ROLE}}
    text = json.dumps(
        {
            "Resources": {
                "Data": {"Type": "AWS::S3::Bucket"},
                "Set": {
                    "Type": "AWS::CloudFormation::StackSet",
                    "Properties": {"TemplateBody": json.dumps(inner)},
                },
            }
        }
    )
    assert all("Data" not in one for one in advice(tmp_path, "t.json", text, "IAM114"))


def test_which_role_is_passed_to_what(tmp_path: Path) -> None:
    text = """\
Resources:
  Task:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}]
  Deployer:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: codebuild.amazonaws.com}, Action: sts:AssumeRole}]
  DeployerPolicy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: p
      Roles: [!Ref Deployer]
      PolicyDocument:
        Statement: [{Effect: Allow, Action: "iam:PassRole", Resource: "*"}]
"""
    assert advice(tmp_path, "t.yaml", text, "IAM211") == [
        (
            "- Effect: Allow\n"
            "  Action: iam:PassRole\n"
            "  Resource: !GetAtt Task.Arn\n"
            "  Condition:\n"
            "    StringEquals:\n"
            "      iam:PassedToService: ecs-tasks.amazonaws.com"
        )
    ]


def test_the_properties_of_a_permission(tmp_path: Path) -> None:
    text = """\
Resources:
  Fn: {Type: AWS::Serverless::Function}
  Api: {Type: AWS::ApiGateway::RestApi}
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      Integration: {Uri: !Sub "arn:aws:apigateway:x:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}
  May:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Fn, Action: lambda:InvokeFunction, Principal: apigateway.amazonaws.com}
"""
    assert advice(tmp_path, "t.yaml", text, "IAM481") == [
        'SourceArn: !Sub "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"'
    ]


MODULE: dict[str, object] = {
    "data": {
        "aws_caller_identity": {"me": {}},
        "aws_iam_policy_document": {
            "app": {"statement": [{"actions": ["s3:PutObject", "s3:ListBucket"], "resources": ["*"]}]},
            "topic": {
                "statement": [
                    {
                        "actions": ["sns:Publish"],
                        "resources": ["${aws_sns_topic.t.arn}"],
                        "principals": [{"type": "Service", "identifiers": ["s3.amazonaws.com"]}],
                    }
                ]
            },
        },
    },
    "resource": {
        "aws_s3_bucket": {"b": {"bucket": "b"}, "many": {"count": 2}},
        "aws_s3_bucket_notification": {
            "n": {"bucket": "${aws_s3_bucket.b.id}", "topic": [{"topic_arn": "${aws_sns_topic.t.arn}"}]}
        },
        "aws_sns_topic": {"t": {"name": "t"}},
        "aws_sns_topic_policy": {
            "p": {"arn": "${aws_sns_topic.t.arn}", "policy": "${data.aws_iam_policy_document.topic.json}"}
        },
        "aws_iam_policy": {"p": {"policy": "${data.aws_iam_policy_document.app.json}"}},
    },
}


def test_blocks_of_a_terraform_module(tmp_path: Path) -> None:
    text = json.dumps(MODULE, indent=1)
    assert advice(tmp_path, "main.tf.json", text, "IAM114") == [
        's3:ListBucket:\n  "${aws_s3_bucket.b.arn}",\ns3:PutObject:\n  "${aws_s3_bucket.b.arn}/*",'
    ]
    (found,) = advice(tmp_path, "main.tf.json", text, "IAM440")
    assert json.loads(f"{{{found}}}") == {
        "condition": [
            {
                "test": "StringEquals",
                "variable": "aws:SourceAccount",
                "values": ["${data.aws_caller_identity.me.account_id}"],
            },
            {"test": "ArnLike", "variable": "aws:SourceArn", "values": ["${aws_s3_bucket.b.arn}"]},
        ]
    }


def test_the_neighbours_are_those_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.tf.json").write_text('{"resource": {"aws_s3_bucket": {"far": {}}}}')
    files = {
        "main.tf.json": json.dumps({"data": MODULE["data"]}),
        "more.tf.json": '{"resource": {"aws_s3_bucket": {"near": {}}}}',
    }
    (found,) = [one.text for finding in audited(tmp_path, files, "IAM114") for one in finding.advice]
    assert "aws_s3_bucket.near" in found
    assert "far" not in found


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        pytest.param(
            '{"Statement": [{"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*"}]}',
            's3:DeleteObject:\n  \\"${aws_s3_bucket.b.arn}/*\\",',
            id="JSON in a string",
        ),
        pytest.param(
            '${jsonencode({Statement = [{Effect = "Allow", Action = "s3:ListBucket", Resource = "*"}]})}',
            "s3:ListBucket:\n  aws_s3_bucket.b.arn,",
            id="an expression",
        ),
    ],
)
def test_documents_in_strings_of_terraform(tmp_path: Path, policy: str, text: str) -> None:
    module = {"resource": {"aws_s3_bucket": {"b": {}}, "aws_iam_policy": {"p": {"policy": policy}}}}
    rule = "IAM114" if "Delete" in policy else "IAM116"
    assert advice(tmp_path, "main.tf.json", json.dumps(module), rule) == [text]


def test_a_plan_has_no_references(tmp_path: Path) -> None:
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*"}]})
    resources = [
        {
            "address": "aws_iam_policy.p",
            "mode": "managed",
            "type": "aws_iam_policy",
            "name": "p",
            "values": {"policy": policy},
        },
        {
            "address": "aws_s3_bucket.b",
            "mode": "managed",
            "type": "aws_s3_bucket",
            "name": "b",
            "values": {"bucket": "b"},
        },
    ]
    plan = {"format_version": "1.2", "planned_values": {"root_module": {"resources": resources}}}
    assert advice(tmp_path, "plan.json", json.dumps(plan), "IAM114") == [
        's3:DeleteObject:\n  "arn:aws:s3:::<bucket-name>/<object-name>",'
    ]


def test_templates_beyond_reason_are_read_without_neighbours(tmp_path: Path) -> None:
    buckets = {f"B{number}": {"Type": "AWS::S3::Bucket"} for number in range(2_100)}
    (found,) = advice(tmp_path, "t.json", template(**buckets), "IAM114")
    assert "<bucket-name>" in found


def test_a_wildcard_of_a_resource_policy_means_the_actions_of_the_resource(tmp_path: Path) -> None:
    text = """\
Resources:
  Inbox: {Type: AWS::SQS::Queue}
  P:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Inbox]
      PolicyDocument:
        Statement: [{Effect: Allow, Principal: {AWS: "111122223333"}, Action: "*", Resource: !GetAtt Inbox.Arn}]
"""
    (found,) = advice(tmp_path, "t.yaml", text, "IAM421")
    assert "sqs:SendMessage" in found
    assert "iam:" not in found


def test_an_issuer_that_the_template_makes(tmp_path: Path) -> None:
    text = """\
Resources:
  Pod:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Action: sts:AssumeRoleWithWebIdentity
            Principal:
              Federated: !Sub arn:aws:iam::${AWS::AccountId}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/${Id}
Parameters: {Id: {Type: String}}
"""
    (found,) = advice(tmp_path, "t.yaml", text, "IAM326")
    assert yaml.safe_load(found) == {
        "Condition": {"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/<Id>:aud": "sts.amazonaws.com"}}
    }


# --- every rule -----------------------------------------------------------------------------------------

# A rule may fire on patterns of actions, though none of its examples has one.
ADVISED = [rule for rule in RULES.rules if set(map(str, rule.advice)) - {"expansion"}]


@pytest.mark.parametrize("rule", ADVISED, ids=lambda rule: rule.id)
def test_every_rule_that_names_advice_gives_some(rule: object) -> None:
    from iamlint.auditing.examples import example_extraction
    from iamlint.engine.judge import Judge
    from iamlint.engine.rule import Rule
    from iamlint.engine.subject import Settings

    assert isinstance(rule, Rule)
    given: list[Advice] = []
    for example in RULES.text(rule).bad:
        accounts = example.subject.get("accounts", [])
        own = Settings(accounts=frozenset(map(str, accounts)) if isinstance(accounts, list) else frozenset())
        for item in Judge((rule,), own, Profile.AUDIT).judge(example_extraction(rule, example)):
            assert isinstance(item, Finding), item
            given.extend(item.advice)
    assert given
    for one in given:
        assert one.title
        assert 0 < len(one.text.split("\n")) < 40
        assert one.text == one.text.strip()
        assert "{" not in one.title
        if one.text.startswith('"') and one.text.endswith("}"):
            json.loads(f"{{{one.text}}}")
        elif one.text.startswith("{"):
            json.loads(one.text)


def test_a_maker_that_fails_leaves_the_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    import iamlint.engine.advice

    module = sys.modules["iamlint.engine.advice"]

    def fail(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(module, "advise", fail)
    (tmp_path / "p.json").write_text(
        '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    )
    outcome = run(AuditSettings(paths=(".",), cwd=str(tmp_path), select=("IAM108",), jobs=1))
    assert [finding.advice for finding in outcome.findings] == [()]
    assert [(one.code, one.fatal) for one in outcome.diagnostics] == [("advice-failed", False)]
    assert iamlint.engine.advice
