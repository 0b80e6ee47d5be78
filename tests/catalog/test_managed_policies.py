"""AWS managed policies: names, ARNs, documents, and the retired ones."""

from __future__ import annotations

import pytest

from iamlint.catalog import Catalog, catalog


@pytest.fixture(scope="module")
def known() -> Catalog:
    return catalog()


@pytest.mark.parametrize(
    ("asked", "arn"),
    [
        ("AdministratorAccess", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("arn:aws-cn:iam::aws:policy/job-function/Billing", "arn:aws:iam::aws:policy/job-function/Billing"),
        ("service-role/AWSLambdaRole", "arn:aws:iam::aws:policy/service-role/AWSLambdaRole"),
        ("/service-role/AWSLambdaRole", "arn:aws:iam::aws:policy/service-role/AWSLambdaRole"),
        ("AWSLambdaRole", "arn:aws:iam::aws:policy/service-role/AWSLambdaRole"),
    ],
)
def test_names_and_arns(known: Catalog, asked: str, arn: str) -> None:
    policy = known.managed_policy(asked)
    assert policy is not None
    assert policy.arn == arn


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "/",
        "NoSuchPolicy",
        "administratoraccess",
        "arn:aws:iam::aws:policy/AWSLambdaRole",  # the path is missing
        "service-role/AdministratorAccess",  # the path is too much
        "arn:aws:iam::123456789012:policy/AdministratorAccess",  # a customer's own policy
        "arn:aws:iam::aws:role/AdministratorAccess",
        "arn:aws:s3:::AdministratorAccess",
        "arn:aws:iam::aws:policy/",
        "AdministratorAccess\t/",
        "\nAdministratorAccess",
    ],
)
def test_what_is_no_managed_policy(known: Catalog, asked: str) -> None:
    assert known.managed_policy(asked) is None


def test_the_document(known: Catalog) -> None:
    policy = known.managed_policy("AdministratorAccess")
    assert policy is not None
    expected = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    assert policy.document == expected
    policy.document.clear()
    assert policy.document == expected, "a caller's change must not reach the next caller"
    assert (policy.version_id, policy.created, policy.deprecated) == ("v1", "2015-02-06", False)


def test_every_policy_can_be_read(known: Catalog) -> None:
    names = known.managed_policy_names()
    assert len(names) > 1_500
    assert list(names) == sorted(names)
    for name in names:
        policy = known.managed_policy(name)
        assert policy is not None
        assert policy.name == name
        assert policy.path.startswith("/")
        assert policy.path.endswith("/")
        assert policy.created <= policy.updated
        assert policy.document["Statement"]


@pytest.mark.parametrize(
    ("asked", "replacement", "deleted"),
    [
        ("AWSLambdaFullAccess", "AWSLambda_FullAccess", True),
        ("arn:aws:iam::aws:policy/service-role/AWSConfigRole", "service-role/AWS_ConfigRole", True),
        ("AmazonEC2RoleforSSM", "AmazonSSMManagedInstanceCore", False),
        ("service-role/AmazonElasticMapReduceRole", "service-role/AmazonEMRServicePolicy_v2", False),
    ],
)
def test_retired_policies(known: Catalog, asked: str, replacement: str, deleted: bool) -> None:
    retired = known.retired_policy(asked)
    assert retired is not None
    assert (retired.replacement, retired.deleted) == (replacement, deleted)
    still = known.managed_policy(asked)
    if deleted:
        assert still is None
    else:
        assert still is not None
        assert still.deprecated
        assert still.replacement == replacement


@pytest.mark.parametrize("asked", ["AdministratorAccess", "", "arn:aws:iam::aws:policy/AWSConfigRole"])
def test_what_is_not_retired(known: Catalog, asked: str) -> None:
    assert known.retired_policy(asked) is None
