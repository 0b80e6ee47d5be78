"""The rules about statements that could be left out: one fault, one finding, and one look at a policy."""

from __future__ import annotations

import json

import pytest

from iamlint.engine.judge import Judge
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.engine.subject import Settings
from iamlint.model import Extraction, Finding, Owner, PolicyKind
from iamlint.semantics.algebra import statements
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text

READ: dict[str, object] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
WIDE: dict[str, object] = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::*"}


def findings(*listed: dict[str, object], profile: Profile = Profile.STRICT) -> list[Finding]:
    rules = [rule for rule in load_rules().rules if rule.tags[0] == "algebra"]
    tree = {"Version": "2012-10-17", "Statement": list(listed)}
    document = JsonDocument(Text("policy.json", json.dumps(tree)), tree, "policy-json")
    policy = PolicyBuilder(document).policy(tree, (), owner=Owner("$", None, ()), kind=PolicyKind.IDENTITY)
    judged = Judge(rules, Settings(), profile).judge(Extraction((policy,)))
    return sorted((one for one in judged if isinstance(one, Finding)), key=lambda one: one.pointer)


def test_a_repeated_statement_is_one_finding_and_others_stay() -> None:
    found = findings(WIDE, READ, {"Sid": "Again", **READ, "Action": ["S3:getobject"]})
    assert [(one.rule_name, one.pointer, one.message) for one in found] == [
        ("redundant-statement", "/Statement/1/Action", "Statement 2 adds nothing to statement 1."),
        (
            "repeated-statement",
            "/Statement/2/Action/0",
            "Statement 'Again' says the same as statement 2.",
        ),
    ]
    assert [one.aliases for one in found] == [(), ("access-analyzer:REDUNDANT_STATEMENT",)]


def test_the_rules_about_idle_statements_look_at_a_policy_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    examine = statements.examine

    def counted(*arguments: object, **more: object) -> object:
        asked.append(arguments)
        return examine(*arguments, **more)  # type: ignore[arg-type] # as they came

    monkeypatch.setattr(statements, "examine", counted)
    findings(WIDE, {**READ, "Effect": "Deny"}, {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"})
    assert len(asked) == 1
