"""Credentials that are written in files: which texts are some, where they stand, and that nothing shows them.

The keys here are made up while the tests run, so that no scanner of secrets takes them for real ones.
"""

from __future__ import annotations

import base64
import io
import json
import random
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamlint.cli.main import main
from iamlint.model import SECRET_FIELDS, Extraction, Grant
from iamlint.sources.credential_marks import may_hold_credentials
from iamlint.sources.credentials import credentials_of_text
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

_random = random.Random(20261124)


def _made_up(start: str, length: int, alphabet: str) -> str:
    return start + "".join(_random.choice(alphabet) for _ in range(length))


KEY_ID = _made_up("AK" + "IA", 16, "BCDEFGHJKLMNOPQRSTUVWYZ3467")
SESSION_ID = _made_up("AS" + "IA", 16, "BCDEFGHJKLMNOPQRSTUVWYZ3467")
SECRET = _made_up("aB3", 37, string.ascii_letters + string.digits + "/+")
DOCUMENTED_ID = "AKIAIOSFODNN7" + "EXAMPLE"
DOCUMENTED_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
ID, SECRET_KEY = "an access key id", "a secret access key"

TEXTS = {
    "a key id": (KEY_ID, "", [ID]),
    "a session's key id": (SESSION_ID, "", [ID]),
    "in a script": (f"export AWS_ACCESS_KEY_ID={KEY_ID}\n", "", [ID]),
    "both in a script": (
        f"export AWS_ACCESS_KEY_ID={KEY_ID}\nAWS_SECRET_ACCESS_KEY='{SECRET}'",
        "",
        [ID, SECRET_KEY],
    ),
    "a command": (f"aws configure set aws_secret_access_key {SECRET}", "", [SECRET_KEY]),
    "in JSON": (json.dumps({"secretKey": SECRET}), "", [SECRET_KEY]),
    "by its name": (SECRET, "AWS_SECRET_ACCESS_KEY", [SECRET_KEY]),
    "by its name in another case": (SECRET, "SecretAccessKey", [SECRET_KEY]),
    "in a presigned URL": (f"https://b.s3.amazonaws.com/k?X-Amz-Credential={KEY_ID}/20260101/eu", "", [ID]),
    # What is none.
    "a name that does not tell": (SECRET, "BUILD", []),
    "the documentation's": (DOCUMENTED_ID, "", []),
    "the documentation's secret": (f"aws_secret_access_key={DOCUMENTED_SECRET}", "", []),
    "the documentation's secret by its name": (DOCUMENTED_SECRET, "secret_key", []),
    "filler": ("AKIA" + "X" * 16, "", []),
    "a row of letters": ("AKIA" + "ABCDEFGHIJKLMNOP", "", []),
    "ones and zeros": ("AKIA" + "0000000000000001", "", []),
    "longer than a key id": (KEY_ID + "A", "", []),
    "within a word": ("X" + KEY_ID, "", []),
    "a commit": ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "secret_key", []),
    "a commit in a text": ("secret_key=da39a3ee5e6b4b0d3255bfef95601890afd80709", "", []),
    "an ARN of a secret": (
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app-AbCdEf",
        "secret_key",
        [],
    ),
    "a reference": ("secret_key = {{resolve:secretsmanager:app:SecretString:key}}", "", []),
    "a role's id": ("AROA" + KEY_ID[4:], "", []),
}


@pytest.mark.parametrize(("text", "name", "kinds"), TEXTS.values(), ids=TEXTS)
def test_what_is_a_credential(text: str, name: str, kinds: list[str]) -> None:
    assert [kind for kind, _, _ in credentials_of_text(text, name)] == kinds


@pytest.mark.parametrize("before", ["", "x", "xy"], ids=["first", "second", "third"])
def test_base_64_of_a_script_is_read_wherever_a_key_lies_in_its_groups_of_three(before: str) -> None:
    script = f"#!{before}\nexport AWS_ACCESS_KEY_ID={KEY_ID}\n"
    text = base64.b64encode(script.encode()).decode()
    assert may_hold_credentials(f"UserData: {text}")
    assert [kind for kind, _, _ in credentials_of_text(text, encoded=True)] == [ID]
    assert list(credentials_of_text(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Resources:\n  T:\n    Type: AWS::SNS::Topic\n",
        "Type: AWS::SecretsManager::Secret\nSecretString: x\nsecretsmanager:GetSecretValue",
        "UserData:\n  Fn::Base64: |\n    #!/bin/bash\n    yum update\n",
    ],
    ids=["a topic", "a secret by reference", "a plain script"],
)
def test_ordinary_text_is_not_searched(text: str) -> None:
    assert not may_hold_credentials(text)


@pytest.mark.parametrize(
    "text",
    [KEY_ID, SESSION_ID, "SECRET_ACCESS_KEY", "secretKey", "SecretAccessKey", "aws_secret_key", "\\u0041KIA"],
)
def test_text_with_a_telling_word_is_searched(text: str) -> None:
    assert may_hold_credentials(f"a {text} b")


TEMPLATE = f"""\
Parameters:
  SecretKey:
    Type: String
    Default: {SECRET}
  Password: {{Type: String, NoEcho: true, Default: hidden-by-nobody}}
  Asked: {{Type: String, NoEcho: true}}
Resources:
  Instance:
    Type: AWS::EC2::Instance
    Metadata:
      AWS::CloudFormation::Authentication:
        written: {{type: basic, username: u, password: not-for-eyes}}
        default: {{type: basic, username: u, password: !Ref Password}}
        asked: {{type: basic, username: u, password: !Ref Asked}}
        resolved: {{type: basic, username: u, password: '{{{{resolve:secretsmanager:app}}}}'}}
      AWS::CloudFormation::Init:
        config: {{files: {{/root/.aws/credentials: {{content: "aws_access_key_id={KEY_ID}"}}}}}}
    Properties:
      UserData:
        Fn::Base64: !Sub |
          #!/bin/bash
          export AWS_ACCESS_KEY_ID={KEY_ID}
          export AWS_SECRET_ACCESS_KEY="{SECRET}"
          export AWS_REGION=${{AWS::Region}}
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData: {{UserData: {base64.b64encode(f"key={KEY_ID} ".encode()).decode()}}}
  Configuration:
    Type: AWS::AutoScaling::LaunchConfiguration
    Properties: {{UserData: !Join ["", ["key=", {KEY_ID}]]}}
  Function:
    Type: AWS::Serverless::Function
    Properties: {{Environment: {{Variables: {{AWS_SECRET_ACCESS_KEY: {SECRET}, OTHER: {DOCUMENTED_ID}}}}}}}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties: {{ContainerDefinitions: [{{Environment: [{{Name: SECRET_ACCESS_KEY, Value: {SECRET}}}]}}]}}
  Project:
    Type: AWS::CodeBuild::Project
    Properties: {{Environment: {{EnvironmentVariables: [{{Name: KEY, Value: {KEY_ID}}}]}}}}
  Job:
    Type: AWS::Glue::Job
    Properties: {{DefaultArguments: {{"--aws_secret_access_key": {SECRET}}}}}
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {{Type: String, Value: {KEY_ID}}}
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: {{SecretString: '{{"secret_key": "{SECRET}"}}'}}
  Key: {{Type: AWS::IAM::AccessKey, Properties: {{UserName: ann}}}}
Outputs:
  Id: {{Value: !Ref Key}}
  Shown: {{Value: !Sub "key ${{Key.SecretAccessKey}}"}}
"""

FOUND_IN_TEMPLATE = {
    ("Parameters.SecretKey", "parameter", SECRET_KEY, 4),
    ("Resources.Instance", "authentication", "a password", 12),
    ("Resources.Instance", "user-data", ID, 17),
    ("Resources.Instance", "user-data", f"{ID}, {SECRET_KEY}", 22),
    ("Resources.Template", "user-data", ID, 28),
    ("Resources.Configuration", "user-data", ID, 31),
    ("Resources.Function", "environment", SECRET_KEY, 34),
    ("Resources.Task", "environment", SECRET_KEY, 37),
    ("Resources.Project", "environment", ID, 40),
    ("Resources.Job", "environment", SECRET_KEY, 43),
    ("Resources.Parameter", "parameter", ID, 46),
    ("Resources.Secret", "text", SECRET_KEY, 49),
}


def extract(name: str, text: str) -> Extraction:
    return extract_unit([SourceFile(name, text.encode(), named=True)], SourceOptions())


def credentials(extraction: Extraction) -> list[Grant]:
    return [grant for grant in extraction.grants if grant.what == "credential"]


def shown(grant: Grant) -> tuple[str, str, str, int]:
    line = grant.document.span(grant.fields["secret"][0].pointer).start_line
    return grant.owner.address, grant.on[0], ", ".join(str(form) for form in grant.fields["form"]), line


def test_every_place_of_a_template_is_looked_at() -> None:
    assert {shown(grant) for grant in credentials(extract("t.yaml", TEMPLATE))} == FOUND_IN_TEMPLATE


def test_a_json_template_says_the_same() -> None:
    from iamlint.sources.text import Text
    from iamlint.sources.yaml_text import yaml_documents

    tree = yaml_documents(Text("t.yaml", TEMPLATE), "cloudformation")[0].tree
    found = credentials(extract("t.json", json.dumps(tree)))
    assert {shown(grant)[:3] for grant in found} == {found[:3] for found in FOUND_IN_TEMPLATE}


def test_the_place_is_the_credential_and_no_more() -> None:
    extraction = extract("t.yaml", TEMPLATE)
    data = TEMPLATE.encode()
    for grant in credentials(extraction):
        for value in grant.fields["secret"]:
            span = grant.document.span(value.pointer)
            written = data[span.byte_offset : span.byte_offset + span.byte_length].decode()
            assert written in {KEY_ID, SECRET, "not-for-eyes", "!Ref Password"} or written.startswith("a2V5P")


def test_outputs_that_show_a_secret() -> None:
    found = [grant for grant in extract("t.yaml", TEMPLATE).grants if grant.what == "secret-output"]
    assert [(grant.owner.address, str(grant.fields["source"][0])) for grant in found] == [
        ("Outputs.Shown", "Key.SecretAccessKey")
    ]


MODULE = {
    "provider": {
        "aws": [{"region": "eu-west-1"}, {"alias": "b", "access_key": KEY_ID, "secret_key": SECRET}]
    },
    "variable": {"secret_key": {"default": SECRET}, "region": {"default": "eu-west-1"}},
    "locals": {"key": KEY_ID},
    "resource": {
        "aws_instance": {"i": {"user_data": f"export AWS_ACCESS_KEY_ID={KEY_ID}"}},
        "aws_launch_template": {"l": {"user_data": f'${{base64encode("AWS_SECRET_ACCESS_KEY={SECRET}")}}'}},
        "aws_lambda_function": {"f": {"environment": [{"variables": {"KEY": KEY_ID}}]}},
        "aws_ecs_task_definition": {
            "t": {"container_definitions": json.dumps([{"environment": [{"name": "K", "value": KEY_ID}]}])}
        },
        "aws_ssm_parameter": {"p": {"type": "String", "value": KEY_ID}},
        "aws_iam_access_key": {"k": {"user": "ann"}},
    },
    "output": {
        "shown": {"value": "${aws_iam_access_key.k.secret}"},
        "kept": {"value": "${aws_iam_access_key.k.secret}", "sensitive": True},
        "id": {"value": "${aws_iam_access_key.k.id}"},
    },
}


def test_every_block_of_a_module_is_looked_at() -> None:
    extraction = extract("main.tf.json", json.dumps(MODULE, indent=1))
    assert {shown(grant)[:3] for grant in credentials(extraction)} == {
        ("provider.aws", "provider", f"{ID}, {SECRET_KEY}"),
        ("var.secret_key", "parameter", SECRET_KEY),
        ("local.key", "text", ID),
        ("aws_instance.i", "user-data", ID),
        ("aws_launch_template.l", "user-data", SECRET_KEY),
        ("aws_lambda_function.f", "environment", ID),
        ("aws_ecs_task_definition.t", "environment", ID),
        ("aws_ssm_parameter.p", "parameter", ID),
    }
    outputs = [grant for grant in extraction.grants if grant.what == "secret-output"]
    assert [grant.owner.address for grant in outputs] == ["output.shown"]


def plan() -> dict[str, object]:
    def change(kind: str, after: dict[str, object]) -> dict[str, object]:
        return {
            "address": f"module.m.{kind}.x",
            "mode": "managed",
            "type": kind,
            "name": "x",
            "change": {"actions": ["create"], "after": after, "after_unknown": {}},
        }

    return {
        "format_version": "1.2",
        "resource_changes": [
            change("aws_lambda_function", {"environment": [{"variables": {"SECRET_KEY": SECRET}}]}),
            change("aws_instance", {"user_data": f"export AWS_ACCESS_KEY_ID={KEY_ID}"}),
            change("aws_iam_access_key", {"user": "ann", "id": KEY_ID, "secret": SECRET}),
        ],
        "configuration": {
            "provider_config": {
                "aws": {
                    "name": "aws",
                    "expressions": {
                        "access_key": {"constant_value": KEY_ID},
                        "secret_key": {"constant_value": SECRET},
                    },
                }
            },
            "root_module": {
                "variables": {"v": {"default": KEY_ID}},
                "outputs": {
                    "shown": {
                        "expression": {"references": ["aws_iam_access_key.x.secret", "aws_iam_access_key.x"]}
                    },
                    "kept": {
                        "sensitive": True,
                        "expression": {"references": ["aws_iam_access_key.x.secret"]},
                    },
                },
                "module_calls": {"m": {"module": {"variables": {"w": {"default": KEY_ID}}}}},
            },
        },
    }


def test_a_plan_says_the_same() -> None:
    extraction = extract("plan.json", json.dumps(plan()))
    assert {shown(grant)[:3] for grant in credentials(extraction)} == {
        ("module.m.aws_lambda_function.x", "environment", SECRET_KEY),
        ("module.m.aws_instance.x", "user-data", ID),
        ("provider.aws", "provider", f"{ID}, {SECRET_KEY}"),
        ("var.v", "parameter", ID),
        ("module.m.var.w", "parameter", ID),
    }
    outputs = [grant for grant in extraction.grants if grant.what == "secret-output"]
    assert [grant.owner.address for grant in outputs] == ["output.shown"]


def test_a_state_too() -> None:
    state = {
        "version": 4,
        "terraform_version": "1.9.0",
        "resources": [
            {
                "mode": "managed",
                "type": "aws_instance",
                "name": "i",
                "instances": [{"attributes": {"user_data": f"key={KEY_ID}"}}],
            }
        ],
    }
    assert [
        shown(grant)[:3] for grant in credentials(extract("terraform.tfstate.json", json.dumps(state)))
    ] == [("aws_instance.i", "user-data", ID)]


@pytest.mark.parametrize("wrong", [None, 1, "x", [], [1], {"a": 1}], ids=repr)
@pytest.mark.parametrize(
    "name", ["resource_changes", "planned_values", "configuration", "version", "resources"]
)
def test_a_plan_of_any_shape_is_read(name: str, wrong: object) -> None:
    text = json.dumps({**plan(), name: wrong, "outputs": KEY_ID})
    assert isinstance(extract("plan.json", text), Extraction)


NODES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(KEY_ID) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Ref",
                    "Fn::Sub",
                    "Fn::GetAtt",
                    "Fn::If",
                    "Metadata",
                    "Value",
                    "Type",
                    "Default",
                    "Properties",
                    "UserData",
                    "AWS::CloudFormation::Authentication",
                    "password",
                    "aws",
                    "value",
                    "locals",
                    "key",
                    "sensitive",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(["Parameters", "Mappings", "Globals", "Outputs", "Resources", "Metadata"]), NODES)
@settings(max_examples=200, deadline=None)
def test_a_template_of_any_shape_is_searched(section: str, node: object) -> None:
    tree = {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}
    tree[section] = {**tree["Resources"], "X": node} if section == "Resources" else {"X": node}  # type: ignore[dict-item]
    extraction = extract("t.json", json.dumps(tree))
    for grant in extraction.grants:
        grant.document.span(grant.pointer)
    assert not any(diagnostic.fatal for diagnostic in extraction.diagnostics)


@given(st.sampled_from(["provider", "variable", "locals", "resource", "data", "output", "module"]), NODES)
@settings(max_examples=200, deadline=None)
def test_a_module_of_any_shape_is_searched(section: str, node: object) -> None:
    extraction = extract("main.tf.json", json.dumps({section: node, "variable": {"k": {"default": KEY_ID}}}))
    for grant in extraction.grants:
        grant.document.span(grant.pointer)


def test_secrets_are_among_the_fields_that_are_never_shown() -> None:
    assert "secret" in SECRET_FIELDS


@pytest.mark.parametrize(
    "format_name",
    ["text", "concise", "json", "jsonl", "sarif", "github", "markdown", "extract", "extract-json", "diff"],
)
@pytest.mark.parametrize("name", ["t.yaml", "main.tf.json", "plan.json"])
def test_no_report_shows_what_is_secret(name: str, format_name: str, tmp_path: Path) -> None:
    texts = {
        "t.yaml": TEMPLATE,
        "main.tf.json": json.dumps(MODULE, indent=1),
        "plan.json": json.dumps(plan(), indent=1),
    }
    (tmp_path / name).write_text(texts[name])
    commands = {
        "extract": ["extract", name],
        "extract-json": ["extract", "--format", "json", name],
        "diff": ["check", "--diff", "--profile", "audit", name],
    }
    command = commands.get(format_name, ["check", "--profile", "audit", "--format", format_name, name])
    out, err = io.StringIO(), io.StringIO()
    main(command, io.BytesIO(b""), out, err, {}, str(tmp_path))
    told = out.getvalue() + err.getvalue()
    assert told or format_name == "diff"
    encoded = base64.b64encode(f"key={KEY_ID} ".encode()).decode()
    for secret in (KEY_ID, SECRET, KEY_ID[6:], SECRET[6:], "not-for-eyes", "hidden-by-nobody", encoded):
        assert secret not in told
