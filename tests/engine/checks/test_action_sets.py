"""The data files about actions: every name is known, every rule speaks of sets that exist."""

from __future__ import annotations

import pytest

from iamlint.catalog import catalog
from iamlint.engine.action_sets import ActionSet, action_sets
from iamlint.engine.checks.passrole import escalation_paths
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Rule

SET_PARAMS = ("sets", "except-sets", "apart", "without")
GROUP_PARAMS = ("groups", "except-groups")
FAMILIES = {"wildcards", "not-elements", "actions"}


def rules() -> list[Rule]:
    return [rule for rule in load_rules().rules if rule.tags[0] in FAMILIES]


def test_every_action_of_a_set_is_in_the_catalogue() -> None:
    assert list(action_sets().problems()) == []


def test_every_service_of_a_group_is_in_the_catalogue() -> None:
    for group in ("sensitive", "harmless", "own-rule"):
        assert [s for s in action_sets().services((group,)) if not catalog().service_bits(s)] == []


def test_rules_name_sets_that_exist() -> None:
    names = set(action_sets().names())
    for rule in rules():
        for param in SET_PARAMS:
            asked = rule.params.get(param)
            if isinstance(asked, list | tuple):
                assert set(asked) <= names, rule.id


def test_rules_name_groups_that_exist() -> None:
    for rule in rules():
        for param in GROUP_PARAMS:
            asked = rule.params.get(param)
            if isinstance(asked, list | tuple):
                action_sets().services(asked)


def test_an_unknown_set_is_an_error() -> None:
    with pytest.raises(KeyError):
        action_sets().find(("no-such-set",))


def test_a_set_answers_the_same_whatever_was_asked_before() -> None:
    known = catalog()
    patterns = ["s3:GetObject", "sqs:Receive*", "kms:Decrypt"]
    lazy, eager = ActionSet(patterns), ActionSet(patterns)
    everything = eager.within(known.all_actions)
    assert lazy.within(known.service_bits("ec2")) == 0
    assert lazy.within(known.service_bits("sqs")) == known.expand("sqs:ReceiveMessage")
    assert lazy.within(known.all_actions) == everything
    assert set(known.names(everything)) == {"s3:GetObject", "sqs:ReceiveMessage", "kms:Decrypt"}


def test_iam_actions_are_grouped_by_what_they_work_on() -> None:
    groups = dict(action_sets().by_target(("attach-or-put-policy", "new-policy-version")))
    assert sorted(groups) == ["group", "policy", "role", "user"]
    assert list(catalog().names(groups["policy"].within(catalog().all_actions))) == [
        "iam:CreatePolicyVersion",
        "iam:SetDefaultPolicyVersion",
    ]


@pytest.mark.parametrize("category", ["new-passrole", "existing-passrole"])
def test_paths_ask_for_actions_that_exist(category: str) -> None:
    paths = escalation_paths(category)
    assert len(paths) > 10
    assert len({path.id for path in paths}) == len(paths)
    for path in paths:
        assert path.needs, path.id
        for step in path.needs:
            for action in step:
                assert catalog().expand(action), f"{path.id}: {action}"
                assert action != "iam:PassRole"


def test_paths_of_retired_services_are_left_out() -> None:
    assert not any("codestar" in path.id for path in escalation_paths("new-passrole"))
