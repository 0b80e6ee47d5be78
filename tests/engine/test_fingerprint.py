"""A finding keeps its identity across edits that do not touch it, and loses it when it changes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.engine.fingerprint import fingerprint, grant_parts, number_repeats, place_of, policy_parts
from iamlint.engine.judge import Judge
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.engine.subject import Settings
from iamlint.model import Embedded, Finding, Grant, Owner, Value
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

RULES = [rule for rule in load_rules().rules if rule.name in {"unknown-action", "action-star", "invalid-sid"}]


def prints(tree: object, *, indent: int | None = None, path: str = "p.json") -> dict[str, str]:
    """Return the fingerprint of each finding by its evidence."""
    text = json.dumps(tree, indent=indent)
    extraction = extract_unit([SourceFile(path, text.encode(), named=True)], SourceOptions())
    items = Judge(RULES, Settings(), Profile.AUDIT).judge(extraction)
    return {",".join(item.evidence): item.fingerprint for item in items if isinstance(item, Finding)}


def document(*statements: dict[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


SLIP: dict[str, object] = {
    "Sid": "Slip",
    "Effect": "Allow",
    "Action": ["s3:GetObject", "kms:Decript"],
    "Resource": "*",
}
OTHER: dict[str, object] = {
    "Sid": "Other",
    "Effect": "Allow",
    "Action": "ec2:DescribeImages",
    "Resource": "*",
}
BASE = prints(document(SLIP, OTHER))["kms:Decript"]

SAME = {
    "indented": prints(document(SLIP, OTHER), indent=4),
    "statements in another order": prints(document(OTHER, SLIP)),
    "a statement above": prints(
        document({"Effect": "Deny", "Action": "iam:*", "Resource": "*"}, SLIP, OTHER)
    ),
    "actions in another order": prints(document({**SLIP, "Action": ["kms:Decript", "s3:GetObject"]}, OTHER)),
    "another action beside it": prints(
        document({**SLIP, "Action": ["s3:GetObject", "sqs:SendMessage", "kms:Decript"]}, OTHER)
    ),
    "another resource": prints(
        document({**SLIP, "Resource": "arn:aws:kms:eu-west-1:111122223333:key/*"}, OTHER)
    ),
    "keys in another order": prints(document(dict(reversed(SLIP.items())), OTHER)),
}


@pytest.mark.parametrize("edit", SAME)
def test_what_keeps_a_finding(edit: str) -> None:
    assert SAME[edit]["kms:Decript"] == BASE


CHANGED = {
    "another Sid": prints(document({**SLIP, "Sid": "Slop"}, OTHER))["kms:Decript"],
    "another file": prints(document(SLIP, OTHER), path="q.json")["kms:Decript"],
    "another action": prints(document({**SLIP, "Action": "kms:Encript"}, OTHER))["kms:Encript"],
    "in NotAction": prints(
        document({"Sid": "Slip", "Effect": "Allow", "NotAction": "kms:Decript", "Resource": "*"})
    )["kms:Decript"],
    "in a wrapper": prints({"PolicyDocument": document(SLIP, OTHER)})["kms:Decript"],
}


@pytest.mark.parametrize("edit", CHANGED)
def test_what_makes_another_finding(edit: str) -> None:
    assert CHANGED[edit] != BASE
    assert len(set(CHANGED.values())) == len(CHANGED)


def test_letter_case_of_an_action_is_no_change() -> None:
    assert prints(document({**SLIP, "Action": "KMS:decript"}, OTHER))["KMS:decript"] == BASE


def test_a_sid_that_occurs_twice_names_no_statement() -> None:
    """Then the other elements do, so that the two findings stay two."""
    first = prints(document(SLIP, {**SLIP, "Action": "s3:GetObjct", "Resource": "arn:aws:s3:::a/*"}))
    assert len(set(first.values())) == 2
    assert first["kms:Decript"] != BASE


def test_without_a_sid_the_other_elements_name_the_statement() -> None:
    bare = {key: value for key, value in SLIP.items() if key != "Sid"}
    one = prints(document(bare, OTHER))["kms:Decript"]
    assert prints(document(OTHER, bare), indent=2)["kms:Decript"] == one
    assert prints(document({**bare, "Resource": "arn:aws:kms:::x"}, OTHER))["kms:Decript"] != one


def test_the_order_of_evidence_is_no_change() -> None:
    assert fingerprint("X1", "p", ("a",), ("s3:b", "s3:a")) == fingerprint(
        "X1", "p", ("a",), ("S3:A", "s3:b")
    )
    assert fingerprint("X1", "p", ("a",), ("arn:aws:s3:::A",)) != fingerprint(
        "X1", "p", ("a",), ("arn:aws:s3:::a",)
    )


@given(st.lists(st.text("ab", max_size=2), max_size=8))
def test_numbered_fingerprints_are_unique(values: list[str]) -> None:
    numbered = number_repeats(values)
    assert len(set(numbered)) == len(values)
    assert [value.partition(":")[0] for value in numbered] == values


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_any_text_has_a_fingerprint(parts: list[str], evidence: list[str]) -> None:
    value = fingerprint("X1", "p.json", parts, evidence)
    assert len(value) == 32
    assert int(value, 16) >= 0


def test_places_of_grants_have_no_indexes() -> None:
    from iamlint.sources.json_text import JsonDocument
    from iamlint.sources.text import Text

    document = JsonDocument(Text("g.json", "{}"), {}, "policy-json")
    grant = Grant(
        "managed-attachment", document, (), Owner("Resources.R", None, ("Resources", "R")), (), (), {}
    )
    place = ("Resources", "R", "Properties", "ManagedPolicyArns", 3, Embedded("x"))
    assert grant_parts(grant, place) == (
        "",
        "Resources.R",
        "managed-attachment",
        "/Properties/ManagedPolicyArns",
    )
    assert place_of(Value("x", place)) == place


def test_an_inline_policy_is_named_not_counted() -> None:
    """A policy that is put before another one in the list must not change the other's findings."""
    from iamlint.model import PolicyKind
    from iamlint.sources.documents import PolicyBuilder
    from iamlint.sources.json_text import JsonDocument
    from iamlint.sources.text import Text

    tree = document(SLIP)
    built = PolicyBuilder(JsonDocument(Text("p.json", json.dumps(tree)), tree, "policy-json"))

    def parts(index: int) -> tuple[str, ...]:
        owner = Owner("Resources.R", "AWS::IAM::Role", ())
        name = Value("reports", ())
        policy = built.policy(
            tree,
            (),
            owner=owner,
            kind=PolicyKind.IDENTITY,
            name=name,
            location=f"Policies[{index}].PolicyDocument",
        )
        assert policy.statements is not None
        return policy_parts(policy, policy.statements[0], ("Statement", 0, "Action", 1))

    assert parts(0) == parts(1)
    assert parts(0)[2] == "Policies[reports].PolicyDocument"
