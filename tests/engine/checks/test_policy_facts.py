"""The facts that checks share are of the form that the checks rely on, and the catalogue knows them."""

from __future__ import annotations

import pytest

from iamlint.catalog import catalog
from iamlint.engine.checks import policy_facts
from iamlint.semantics.conditions import facts
from iamlint.semantics.principals import is_account_id

KEYS = (
    "security_keys_that_may_be_absent",
    "security_lists_that_may_be_absent",
    "lists_the_catalogue_calls_single",
    "always_present",
    "account_keys",
    "organization_keys",
    "chosen_by_the_caller",
)


@pytest.mark.parametrize("name", KEYS)
def test_the_catalogue_knows_the_condition_keys(name: str) -> None:
    unknown = {key for key in policy_facts.condition_keys(name) if catalog().condition_key(key) is None}
    assert unknown <= {"codeconnections:provideraction"}


def test_lists_are_lists_and_the_exceptions_are_not() -> None:
    for key in policy_facts.condition_keys("security_lists_that_may_be_absent"):
        known = catalog().condition_key(key)
        assert known is not None, key
        assert known.multi_valued, key
    known = catalog().condition_key("codestar-connections:ProviderAction")
    # When the catalogue learns better, the exception can go.
    assert known is not None
    assert not known.multi_valued


def test_bounding_keys_are_conditions_of_iam() -> None:
    known = facts()
    for key in known.bounding | known.bounding_when_true:
        assert catalog().condition_key(key) is not None, key
    assert known.owner_arn <= known.bounding


def test_the_catalogue_knows_the_actions() -> None:
    actions = (
        *policy_facts.destructive_actions(),
        *policy_facts.self_service_actions(),
        *policy_facts.harmless_for_services(),
    )
    assert [action for action in actions if catalog().action(action) is None] == []


@pytest.mark.parametrize("name", ["sends-source-keys", "compute", "resource-callers"])
def test_service_principals_are_written_as_they_are_compared(name: str) -> None:
    services = policy_facts.service_list(name)
    assert services
    assert all(service == service.lower() and service.endswith(".amazonaws.com") for service in services)


def test_services_that_never_send_a_source_are_not_on_the_list() -> None:
    never = {
        "ec2.amazonaws.com",
        "lambda.amazonaws.com",
        "ecs-tasks.amazonaws.com",
        "cloudtrail.amazonaws.com",
    }
    assert never.isdisjoint(policy_facts.service_list("sends-source-keys"))


def test_accounts_of_aws_are_accounts() -> None:
    assert all(is_account_id(account) for account in policy_facts.aws_accounts())


def test_issuers_are_addresses_without_a_scheme() -> None:
    for host, issuer in policy_facts.shared_issuers().items():
        assert host == host.lower().rstrip("/")
        assert "://" not in host
        assert issuer.claims, host
