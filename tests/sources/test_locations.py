"""The location files: every entry is usable, and both formats use one vocabulary."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import iamlint.sources
from iamlint.model import PolicyKind
from iamlint.sources.cloudformation import grants
from iamlint.sources.locations import Locations, load_data, locations, resource_word, split_path

FORMATS = ["cloudformation", "terraform"]
STEPS = {"org", "template", "resource-template", "document", "document-input"}


@pytest.mark.parametrize(
    ("resource_type", "word"),
    [
        ("AWS::S3::Bucket", ("s3-bucket",)),
        ("AWS::S3::BucketPolicy", ("s3-bucket",)),
        ("aws_s3_bucket", ("s3-bucket",)),
        ("aws_s3_bucket_policy", ("s3-bucket",)),
        ("aws::s3::bucket", ("s3-bucket",)),
        ("AWS::S3::AccessPoint", ("s3-access-point",)),
        ("AWS::IAM::AssumeRolePolicyDocument", ("role",)),
        ("AWS::IAM::Role", ("role",)),
        ("aws_iam_role_policy", ("role",)),
        ("AWS::IAM::UserPolicy", ("user",)),
        ("AWS::SQS::Queue", ("sqs-queue",)),
        ("AWS::SQS::QueuePolicy", ("sqs-queue",)),
        ("aws_sqs_queue_policy", ("sqs-queue",)),
        ("AWS::SNS::Topic", ("sns-topic",)),
        ("AWS::KMS::Key", ("kms-key",)),
        ("aws_kms_key", ("kms-key",)),
        ("AWS::Lambda::Function", ("lambda-function",)),
        ("aws_lambda_function", ("lambda-function",)),
        ("AWS::SecretsManager::Secret", ("secret",)),
        ("aws_secretsmanager_secret_policy", ("secret",)),
        ("AWS::DynamoDB::Table", ("dynamodb-table",)),
        ("AWS::ECR::Repository", ("ecr-repository",)),
        ("AWS::EC2::VPCEndpoint", ("vpc-endpoint",)),
        ("aws_vpc_endpoint", ("vpc-endpoint",)),
        ("AWS::Organizations::Policy", ("account", "ou", "root")),
        # Identity policies fit users, groups and roles: which one cannot be known from the type.
        ("AWS::IAM::ManagedPolicy", ()),
        ("aws_iam_policy", ()),
        ("AWS::Made::Up", ()),
        ("", ()),
    ],
)
def test_the_word_for_a_type(resource_type: str, word: tuple[str, ...]) -> None:
    assert resource_word(resource_type) == word


def all_types(name: str) -> list[str]:
    file = load_data(f"{name}_locations.json")
    return sorted({kind for part in ("documents", "grants") for kind in file[part]})


@pytest.mark.parametrize("name", FORMATS)
def test_every_document_entry_is_usable(name: str) -> None:
    table = locations(name)
    kinds = {kind.value for kind in PolicyKind} | STEPS
    seen = 0
    for resource_type in all_types(name):
        assert table.knows(resource_type)
        for location in table.documents(resource_type):
            seen += 1
            assert location.path
            assert location.kind in kinds
            assert all(location.targets)
            assert location.name is None or location.name[:-1] == location.path[: len(location.name) - 1]
    assert seen > 90


@pytest.mark.parametrize("name", FORMATS)
def test_every_grant_field_is_one_of_the_documented(name: str) -> None:
    documented = documented_fields()
    table = locations(name)
    for resource_type in all_types(name):
        for location in table.grants(resource_type):
            assert location.what in documented, location
            unknown = {field for field, _ in location.fields} - documented[location.what]
            assert not unknown, (location.what, unknown)


def documented_fields() -> dict[str, set[str]]:
    """Read the list of words and fields in the module's own documentation."""
    assert grants.__doc__ is not None
    found: dict[str, set[str]] = {}
    for entry in re.findall(r"^- (.*(?:\n  .*)*)", grants.__doc__, re.MULTILINE):
        words, _, fields = entry.replace("\n ", "").partition("): ")
        names = set(re.findall(r"`([a-z0-9_]+)`", fields))
        for word in re.findall(r"`([a-z0-9-]+)`", words):
            found.setdefault(word, set()).update(names)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_no_place_is_a_policy_and_a_lookalike(name: str) -> None:
    table = locations(name)
    for resource_type in load_data(f"{name}_locations.json")["lookalikes"]:
        paths = {location.path for location in table.documents(resource_type)}
        assert paths.isdisjoint(table.lookalikes(resource_type))


def test_types_that_hold_nothing_are_unknown() -> None:
    table: Locations = locations("cloudformation")
    assert not table.knows("AWS::EC2::Subnet")
    assert table.documents("AWS::EC2::Subnet") == ()
    assert table.grants("AWS::EC2::Subnet") == ()


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", ()),
        ("Policy", ("Policy",)),
        ("Policies[].PolicyDocument", ("Policies", "[]", "PolicyDocument")),
        ("Events.{}.Properties", ("Events", "{}", "Properties")),
        ("Body.x-amazon-apigateway-policy", ("Body", "x-amazon-apigateway-policy")),
    ],
)
def test_paths_are_split_at_dots(text: str, steps: tuple[str, ...]) -> None:
    assert split_path(text) == steps


def test_every_data_file_says_where_it_is_from() -> None:
    folder = Path(iamlint.sources.__file__).parent / "data"
    files = sorted(folder.glob("*.json"))
    assert len(files) >= 6
    for file in files:
        content = json.loads(file.read_text())
        assert content["source"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", content["date"])
        assert file.name in (folder / "SOURCES.md").read_text()
