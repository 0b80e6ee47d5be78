"""A generated repository of 10,000 files, of which 500 hold policies: the same bytes every time.

It is like a company's repository of services: source code, manifests, lock files, documentation,
and in between the policies, in the formats and sizes that people write.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workspace import INPUTS, made_once, note, track

__all__ = ["FILES", "POLICY_FILES", "candidates", "generate", "repository"]

FILES = 10_000
POLICY_FILES = 500

MANIFEST = "repository.files.json"
"""Beside the repository: its candidate files, and those of them that hold policies."""

_CANDIDATES = (".json", ".yaml", ".yml", ".txt")
_EDITION = 3
"""Counts changes of the generator, so that an older repository is made anew."""

_WORDS = tuple(
    """
    account batch billing cache catalog checkout cluster config consumer customer daily delivery event
    export gateway handler image import index ingest invoice ledger mailer metrics notify order partner
    payment pipeline portal price producer profile queue refund region report request retry router sandbox
    schedule search session shipment snapshot stock stream sync tenant token tracker upload user vendor
    warehouse webhook worker
    """.split()  # noqa: SIM905 -- 58 quoted words are no easier to read
)

_AREAS = ("commerce", "data", "identity", "logistics", "payments", "platform", "search", "support")
_SERVICES = _WORDS[::3]

_GRANTS = (
    ("s3", ("s3:GetObject", "s3:PutObject", "s3:ListBucket"), "arn:aws:s3:::{name}-data/*"),
    ("s3", ("s3:*",), "arn:aws:s3:::{name}-artifacts"),
    (
        "dynamodb",
        ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"),
        "arn:aws:dynamodb:*:*:table/{name}",
    ),
    (
        "sqs",
        ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"),
        "arn:aws:sqs:eu-west-1:123456789012:{name}",
    ),
    ("kms", ("kms:Decrypt", "kms:GenerateDataKey"), "arn:aws:kms:eu-west-1:123456789012:key/*"),
    ("logs", ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"), "*"),
    ("ec2", ("ec2:Describe*",), "*"),
    ("iam", ("iam:PassRole",), "arn:aws:iam::123456789012:role/{name}-task"),
    ("lambda", ("lambda:InvokeFunction", "lambda:UpdateFunctionCode"), "*"),
    ("secretsmanager", ("secretsmanager:GetSecretValue",), "arn:aws:secretsmanager:*:*:secret:{name}/*"),
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of file: how many, where (with `{at}`, a folder, `{name}`, `{number}`), and its text."""

    count: int
    path: str
    text: Callable[[Writer], str]


class Writer:
    """Draws names, sentences and policies, all from one seeded generator."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)

    def word(self) -> str:
        return self.draw.choice(_WORDS)

    def name(self) -> str:
        return f"{self.word()}-{self.word()}"

    def camel(self) -> str:
        return self.word().capitalize() + self.word().capitalize()

    def sentence(self) -> str:
        return " ".join(self.word() for _ in range(self.draw.randint(6, 14))).capitalize() + "."

    def hex(self, digits: int) -> str:
        return f"{self.draw.getrandbits(digits * 4):0{digits}x}"

    def statements(self, most: int = 6) -> list[dict[str, object]]:
        result: list[dict[str, object]] = []
        for number in range(self.draw.randint(1, most)):
            _, actions, resource = self.draw.choice(_GRANTS)
            statement: dict[str, object] = {
                "Sid": f"{self.camel()}{number}",
                "Effect": "Deny" if self.draw.random() < 0.06 else "Allow",
                "Action": list(actions) if len(actions) > 1 else actions[0],
                "Resource": resource.format(name=self.name()),
            }
            if self.draw.random() < 0.3:
                statement["Condition"] = {
                    "StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}
                }
            result.append(statement)
        return result

    def policy(self, most: int = 6) -> dict[str, object]:
        return {"Version": "2012-10-17", "Statement": self.statements(most)}


def repository() -> Path:
    """Return the folder of the repository; the manifest lies beside it."""

    def make(folder: Path) -> None:
        note(f"generating a repository of {FILES:,} files ...")
        paths: dict[str, bool] = {}
        for path, text, is_policy in generate():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
            paths[path] = is_policy
        track(folder)
        manifest = {
            "candidates": candidates(sorted(paths)),
            "policies": sorted(path for path, is_policy in paths.items() if is_policy),
        }
        (INPUTS / MANIFEST).write_text(json.dumps(manifest), "utf-8")

    recipe = {"edition": _EDITION, "files": FILES, "policies": POLICY_FILES}
    return made_once(INPUTS / "repository", recipe, make)


def candidates(paths: list[str]) -> list[str]:
    """Return those of `paths` that could hold a policy by their names, which a linter has to read."""
    return [path for path in paths if path.endswith(_CANDIDATES) or "." not in path.rpartition("/")[2]]


def generate(seed: int = 20_120_101) -> Iterator[tuple[str, str, bool]]:
    """Yield path, text and "holds policies" of every file, in a fixed order."""
    writer = Writer(seed)
    number = 0
    for kinds, is_policy in ((_PLAIN, False), (_POLICIES, True)):
        for kind in kinds:
            for _ in range(kind.count):
                number += 1
                folder = f"{writer.draw.choice(_AREAS)}/{writer.draw.choice(_SERVICES)}"
                path = kind.path.format(at=folder, name=writer.name(), number=number)
                yield path, kind.text(writer), is_policy


# Files without policies


_FUNCTION = """
def {0}_{1}({2}, {3}_id=None):
    \"\"\"{sentence}\"\"\"
    {4} = client.{5}("{6}", retries={number})
    if not {4}:
        raise ValueError("{7}")
    return {4}
"""


def _source_code(writer: Writer) -> str:
    parts = [f'"""{writer.sentence()}"""\n']
    for _ in range(writer.draw.randint(3, 22)):
        words = [writer.word() for _ in range(8)]
        number = writer.draw.randint(1, 9)
        parts.append(_FUNCTION.format(*words, sentence=writer.sentence(), number=number))
    return "".join(parts)


def _markdown(writer: Writer) -> str:
    parts = [f"# {writer.camel()}", ""]
    for _ in range(writer.draw.randint(3, 15)):
        parts += [f"## {writer.camel()}", "", *(writer.sentence() for _ in range(4)), ""]
    return "\n".join(parts)


def _manifest(writer: Writer) -> str:
    return "---\n".join(_manifest_document(writer) for _ in range(writer.draw.randint(1, 4)))


_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels:
    app: {name}
    team: {team}
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      containers:
        - name: {team}
          image: registry.example.com/{name}:{tag}
          ports:
            - containerPort: {port}
          env:
{variables}\
          resources:
            limits:
              cpu: 500m
              memory: 256Mi
"""
_VARIABLE = """\
            - name: {0}_{1}
              value: {2}
"""


def _manifest_document(writer: Writer) -> str:
    variables = [
        _VARIABLE.format(writer.word().upper(), writer.word().upper(), writer.name())
        for _ in range(writer.draw.randint(3, 14))
    ]
    return _DEPLOYMENT.format(
        name=writer.name(),
        team=writer.word(),
        replicas=writer.draw.randint(1, 9),
        tag=writer.hex(12),
        port=writer.draw.randint(1024, 9999),
        variables="".join(variables),
    )


def _workflow(writer: Writer) -> str:
    steps = "".join(
        f"      - name: {writer.sentence()}\n        run: make {writer.word()}-{writer.word()}\n"
        for _ in range(writer.draw.randint(3, 12))
    )
    return (
        f"name: {writer.name()}\non:\n  push:\n    branches: [main]\njobs:\n  {writer.word()}:\n"
        f"    runs-on: ubuntu-latest\n    steps:\n{steps}"
    )


_CHART_ENTRY = """\
{0}{number}:
  enabled: {enabled}
  {1}: {name}
  # {sentence}
"""


def _chart_values(writer: Writer) -> str:
    return "".join(
        _CHART_ENTRY.format(
            *(writer.word(), writer.word()),
            number=number,
            enabled=writer.draw.choice(("true", "false")),
            name=writer.name(),
            sentence=writer.sentence(),
        )
        for number in range(writer.draw.randint(8, 40))
    )


def _package(writer: Writer) -> str:
    return json.dumps(
        {
            "name": f"@example/{writer.name()}",
            "version": f"{writer.draw.randint(0, 9)}.{writer.draw.randint(0, 30)}.0",
            "private": True,
            "scripts": {writer.word(): f"node scripts/{writer.word()}.js" for _ in range(6)},
            "dependencies": {writer.name(): f"^{writer.draw.randint(1, 20)}.0.0" for _ in range(15)},
        },
        indent=2,
    )


def _lock(writer: Writer) -> str:
    packages = {
        f"node_modules/{writer.name()}-{number}": {
            "version": ".".join(str(writer.draw.randint(0, 30)) for _ in range(3)),
            "integrity": f"sha512-{writer.hex(86)}==",
            "license": "MIT",
            "engines": {"node": ">=18"},
        }
        for number in range(writer.draw.randint(300, 1500))
    }
    return json.dumps({"name": writer.name(), "lockfileVersion": 3, "packages": packages}, indent=2)


def _fixture(writer: Writer) -> str:
    rows = [
        {
            "id": writer.hex(16),
            "name": writer.name(),
            "status": writer.draw.choice(("new", "paid", "sent")),
            "total": writer.draw.randint(100, 99_999) / 100,
            "note": writer.sentence(),
        }
        for _ in range(writer.draw.randint(3, 40))
    ]
    return json.dumps({writer.word(): rows}, indent=2)


def _false_friend(writer: Writer) -> str:
    """Return a manifest that speaks of AWS and of statements, and holds no policy."""
    return _manifest_document(writer) + (
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {writer.name()}\ndata:\n"
        f"  Statement: {writer.sentence()}\n  types: AWS::S3::Bucket, AWS::SQS::Queue\n"
    )


def _plain_text(writer: Writer) -> str:
    return "\n".join(
        f"{writer.name()}=={writer.draw.randint(0, 9)}.{writer.draw.randint(0, 30)}"
        for _ in range(writer.draw.randint(5, 60))
    )


def _dockerfile(writer: Writer) -> str:
    return f"FROM registry.example.com/base:{writer.hex(8)}\n" + "".join(
        f"RUN {writer.word()} --{writer.word()} {writer.name()}\n" for _ in range(12)
    )


_PLAIN = (
    _Kind(2200, "{at}/src/{name}-{number}.py", _source_code),
    _Kind(1500, "{at}/src/{name}-{number}.ts", _source_code),
    _Kind(900, "{at}/pkg/{name}-{number}.go", _source_code),
    _Kind(800, "docs/{at}/{name}-{number}.md", _markdown),
    _Kind(1500, "deploy/{at}/{name}-{number}.yaml", _manifest),
    _Kind(300, ".github/workflows/{name}-{number}.yml", _workflow),
    _Kind(400, "charts/{at}/values-{number}.yaml", _chart_values),
    _Kind(400, "{at}/packages/{name}-{number}/package.json", _package),
    _Kind(40, "{at}/packages/{name}-{number}/package-lock.json", _lock),
    _Kind(960, "{at}/test/fixtures/{name}-{number}.json", _fixture),
    _Kind(50, "deploy/{at}/config-{number}.yaml", _false_friend),
    _Kind(250, "{at}/requirements/{name}-{number}.txt", _plain_text),
    _Kind(200, "{at}/images/{name}-{number}", _dockerfile),
)


# Files with policies


def _bare_policy(writer: Writer) -> str:
    return json.dumps(writer.policy(), indent=writer.draw.choice((2, 4)))


def _template_json(writer: Writer) -> str:
    resources: dict[str, object] = {}
    for number in range(writer.draw.randint(2, 8)):
        resources[f"Role{number}"] = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "lambda.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                },
                "Policies": [{"PolicyName": writer.name(), "PolicyDocument": writer.policy(3)}],
            },
        }
        resources[f"Queue{number}"] = {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": {"Fn::Sub": "${AWS::StackName}-" + writer.name()},
                "VisibilityTimeout": writer.draw.randint(30, 900),
                "Tags": [{"Key": "team", "Value": writer.word()}],
            },
        }
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, indent=2)


_TEMPLATE_HEAD = """\
AWSTemplateFormatVersion: '2010-09-09'
Description: {sentence}
Parameters:
  Stage:
    Type: String
    Default: dev
Resources:
"""
_BUCKET_AND_ROLE = """\
  Bucket{number}:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub '${{AWS::StackName}}-{bucket}'
      PublicAccessBlockConfiguration:
        BlockPublicAcls: true
        BlockPublicPolicy: true
  Role{number}:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal:
              Service: ecs-tasks.amazonaws.com
            Action: sts:AssumeRole
      Policies:
        - PolicyName: {policy}
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
{statements}\
"""


def _template_yaml(writer: Writer) -> str:
    resources = [
        _BUCKET_AND_ROLE.format(
            number=number,
            bucket=writer.name(),
            policy=writer.name(),
            statements=_yaml_statements(writer, 14, number),
        )
        for number in range(writer.draw.randint(2, 8))
    ]
    return _TEMPLATE_HEAD.format(sentence=writer.sentence()) + "".join(resources)


_SAM_HEAD = """\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.12
    Timeout: 30
Resources:
"""
_FUNCTION_AND_TABLE = """\
  {function}{number}:
    Type: AWS::Serverless::Function
    Properties:
      Handler: {word}.handler
      CodeUri: src/{word}/
      Environment:
        Variables:
          TABLE: !Ref Table{number}
      Policies:
        - DynamoDBCrudPolicy:
            TableName: !Ref Table{number}
        - Version: '2012-10-17'
          Statement:
{statements}\
  Table{number}:
    Type: AWS::Serverless::SimpleTable
  Bucket{number}:
    Type: AWS::S3::Bucket
"""


def _sam_yaml(writer: Writer) -> str:
    return _SAM_HEAD + "".join(
        _FUNCTION_AND_TABLE.format(
            number=number,
            function=writer.camel(),
            word=writer.word(),
            statements=_yaml_statements(writer, 12, number),
        )
        for number in range(writer.draw.randint(1, 6))
    )


def _yaml_statements(writer: Writer, indent: int, number: int) -> str:
    lines = []
    for statement in writer.statements(3):
        actions = statement["Action"]
        lines.append(f"- Sid: {statement['Sid']}")
        lines.append(f"  Effect: {statement['Effect']}")
        lines.append("  Action:")
        lines += [f"    - {action}" for action in (actions if isinstance(actions, list) else [actions])]
        resource = str(statement["Resource"])
        if resource != "*" and writer.draw.random() < 0.5:
            lines.append(f"  Resource: !GetAtt Bucket{number}.Arn")
        else:
            lines.append(f"  Resource: '{resource}'")
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def _terraform_json(writer: Writer) -> str:
    policies = {
        f"{writer.word()}_{number}": {
            "name": writer.name(),
            "policy": json.dumps(writer.policy(4)),
        }
        for number in range(writer.draw.randint(1, 5))
    }
    return json.dumps({"resource": {"aws_iam_policy": policies}}, indent=2)


_POLICIES = (
    _Kind(220, "infrastructure/{at}/policies/{name}-{number}.json", _bare_policy),
    _Kind(130, "infrastructure/{at}/{name}-{number}.yaml", _template_yaml),
    _Kind(60, "{at}/functions/{name}-{number}/template.yaml", _sam_yaml),
    _Kind(50, "infrastructure/{at}/{name}-{number}.template.json", _template_json),
    _Kind(40, "terraform/{at}/{name}-{number}/main.tf.json", _terraform_json),
)
