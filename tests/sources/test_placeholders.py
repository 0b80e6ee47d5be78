"""Places for credentials that hold a placeholder, and stored parameters that hold a secret."""

from __future__ import annotations

import json

import pytest

from iamlint.model import Extraction
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

DOCUMENTED_ID = "AKIAIOSFODNN7" + "EXAMPLE"
DOCUMENTED_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
MADE_UP = "AKIA" + "QWZX9TNB1LKJ8VCD"
"""No key id, which base 32 would make without 0, 1, 8 and 9, but the shape of one."""
TOKEN = "gh7Kd9-" + "Zt4vQw2Lm8Xn"


def read(tree: object, name: str = "main.tf.json") -> Extraction:
    file = SourceFile(name, json.dumps(tree).encode())
    return extract_unit([file], SourceOptions())


def words(tree: object, name: str = "main.tf.json") -> list[tuple[str, tuple[str, ...]]]:
    return [(grant.what, grant.on) for grant in read(tree, name).grants]


PLACES = {
    "a provider": ({"provider": {"aws": {"access_key": DOCUMENTED_ID}}}, ("provider",)),
    "the secret alone": ({"provider": {"aws": {"secret_key": DOCUMENTED_SECRET}}}, ("provider",)),
    "start-up script": (
        {"resource": {"aws_launch_configuration": {"x": {"user_data": f"export KEY={DOCUMENTED_ID}"}}}},
        ("user-data",),
    ),
    "environment": (
        {"resource": {"aws_lambda_layer_version": {"x": {"environment": [{"variables": {"K": MADE_UP}}]}}}},
        ("environment",),
    ),
    "a default": ({"variable": {"key": {"default": DOCUMENTED_ID}}}, ("parameter",)),
}


@pytest.mark.parametrize(("tree", "on"), PLACES.values(), ids=PLACES)
def test_a_placeholder_where_a_credential_is_used(tree: object, on: tuple[str, ...]) -> None:
    assert words(tree) == [("placeholder-credential", on)]


@pytest.mark.parametrize(
    "tree",
    [
        {"variable": {"key": {"description": f"such as {DOCUMENTED_ID}"}}},
        {"output": {"hint": {"value": f"use {DOCUMENTED_ID}"}}},
        {"provider": {"aws": {"access_key": "test", "secret_key": "test"}}},
        {"provider": {"aws": {"access_key": "${var.key}"}}},
        {"provider": {"aws": {"access_key": "1234567890123456789012345678901234567890"}}},
    ],
    ids=["a description", "an output", "a local stack", "a reference", "a row of digits"],
)
def test_no_placeholder(tree: object) -> None:
    assert words(tree) == []


def test_a_template_has_them_too() -> None:
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Environment": {"Variables": {"A": DOCUMENTED_ID}}},
    }
    told = words({"Resources": {"F": function}}, "template.json")
    assert told == [("placeholder-credential", ("environment",))]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("/app/api_key", TOKEN, True),
        ("/app/secret", TOKEN, True),
        ("DB_PASSWORD", TOKEN, True),
        ("app.private-key", TOKEN, True),
        ("/app/secret-arn", TOKEN, False),
        ("/app/bucket", TOKEN, False),
        ("/test/secret", TOKEN, False),
        ("/app/secret", "change-me-1234567", False),
        ("/app/secret", "/other/name/of/a/thing/1", False),
        ("/app/secret", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x1", False),
        ("/app/secret", "${random_password.x.result}", False),
        ("/app/secret", "two words of 12 letters", False),
        ("/app/secret", "aaaaaaaaaaaaaaaa1", False),
        ("/app/secret", "short1", False),
    ],
)
def test_a_stored_parameter_that_is_named_as_a_secret(name: str, value: str, found: bool) -> None:
    expected = [("named-secret", ("parameter",))] if found else []
    assert words({"resource": {"aws_ssm_parameter": {"p": {"name": name, "value": value}}}}) == expected
    stored = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": name, "Value": value}}
    if "${" not in value:
        assert words({"Resources": {"P": stored}}, "template.json") == expected


def test_credentials_belong_to_a_part_where_several_modules_are_read() -> None:
    files = [
        SourceFile(f"{folder}/main.tf.json", json.dumps(tree).encode())
        for folder, tree in {
            "a": {"provider": {"aws": {"access_key": DOCUMENTED_ID}}},
            "b": {"resource": {"aws_s3_bucket": {"b": {"bucket": "x"}}}},
        }.items()
    ]
    found = extract_unit(files, SourceOptions())
    assert len(found.parts) > 1
    of_parts = [grant for part in found.parts for grant in part.grants]
    assert sorted(grant.what for grant in of_parts) == ["bucket", "placeholder-credential"]
    assert list(map(id, of_parts)) == list(map(id, found.grants))
