"""Names of actions and missing elements: what examples cannot show."""

from __future__ import annotations

import json

import pytest

from iamlint.catalog import catalog
from iamlint.catalog.datafiles import read
from iamlint.engine.checks.grammar import (
    action_without_service,
    duplicate_sid,
    element_absent,
    element_empty,
    policy_fault,
    unknown_action,
    unknown_service,
    variable_not_read,
)
from iamlint.engine.subject import PolicySubject, Settings, StatementSubject, features_of
from iamlint.model import Fault, Hole, Owner, Policy, PolicyKind, Value
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text


def policy(tree: object, kind: PolicyKind = PolicyKind.IDENTITY) -> Policy:
    document = JsonDocument(Text("p.json", json.dumps(tree)), tree, "policy-json")
    return PolicyBuilder(document).policy(tree, (), owner=Owner("$", None, ()), kind=kind)


def statement(**elements: object) -> StatementSubject:
    built = policy({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **elements}]})
    assert built.statements is not None
    first = built.statements[0]
    return StatementSubject(PolicySubject(built, Settings()), first, features_of(first))


HINTS = {
    "s3:ListObjects": " (an API operation, which needs s3:ListBucket)",
    "S3:listobjectsV2": " (an API operation, which needs s3:ListBucket)",
    "s3:HeadObject": " (an API operation, which needs s3:GetObject)",
    "s3:CreateMultipartUpload": " (an API operation, which needs s3:PutObject)",
    "s3:CopyObject": " (an API operation, which needs s3:GetObject and s3:PutObject)",
    "lambda:Invoke": " (an API operation, which needs lambda:InvokeFunction)",
    "kms:Decript": " (did you mean kms:Decrypt?)",
    "kms:Wxyzwxyz": "",
    "s3:": "",
    "s3:GetObject ": " (did you mean s3:GetObject?)",
}


@pytest.mark.parametrize("text", HINTS)
def test_the_right_action_is_named(text: str) -> None:
    (match,) = unknown_action(statement(Action=text), {})
    assert match.words["hint"] == HINTS[text]


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "s3:*",
        "s3:Gat*",
        "s3:G?tObject",
        "*:GetObjct",
        "nosuch:GetObject",
        "GetObject",
        "s3:getobject",
        "S3:GetObject",
    ],
)
def test_what_is_no_unknown_action(text: str) -> None:
    assert list(unknown_action(statement(Action=text), {})) == []


@pytest.mark.parametrize(
    ("actions", "found"),
    [
        (["docdb:*"], [(("docdb:*",), "docdb")]),
        (["DocDB:Create*", "docdb:Delete*"], [(("DocDB:Create*", "docdb:Delete*"), "docdb")]),
        (["foo:A", "bar:B"], [(("foo:A",), "foo"), (("bar:B",), "bar")]),
        ([":GetObject"], [((":GetObject",), "the empty text")]),
        (["s*:Get*", "deepracer:X", "s3:X", "GetObject"], []),
    ],
)
def test_unknown_services(actions: list[str], found: list[tuple[tuple[str, ...], str]]) -> None:
    matches = list(unknown_service(statement(Action=actions), {}))
    assert [(match.evidence, match.words["prefix"]) for match in matches] == found
    assert [len(match.marks) for match in matches] == [len(evidence) - 1 for evidence, _ in found]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("InvokeFunction", " (did you mean lambda:InvokeFunction?)"),
        ("PutItem", ""),
        ("s3.GetObject", " (did you mean s3:GetObject?)"),
        ("TagResource", ""),
        ("a*b", ""),
        ("", ""),
        ("é" * 50, ""),
    ],
)
def test_actions_without_a_service(text: str, hint: str) -> None:
    found = list(action_without_service(statement(Action=text), {}))
    assert [match.words["hint"] for match in found] == ([hint] if text else [""] if found else [])


def test_no_action_of_aws_is_unknown() -> None:
    """Every name that AWS's own managed policies use is taken, but for those that Access Analyzer reports
    there."""
    known = catalog()
    withdrawn = json.loads(read("accepted_actions.json"))["withdrawn"]
    reported = {f"{service}:{name}" for service, names in withdrawn.items() for name in names}
    seen = set()
    for name in known.managed_policy_names():
        managed = known.managed_policy(name)
        assert managed is not None
        built = policy(managed.document)
        for part in built.statements or ():
            found = StatementSubject(PolicySubject(built, Settings()), part, features_of(part))
            unknown = [*unknown_action(found, {}), *unknown_service(found, {})]
            texts = [text for match in unknown for text in match.evidence]
            seen.update(texts)
            assert all(text in reported or text.startswith("elastic-inference:") for text in texts), name
    assert reported <= seen


def test_the_data_of_names_is_current() -> None:
    """An entry that the catalogue has learned since must leave the list."""
    known = catalog()
    accepted = json.loads(read("accepted_actions.json"))
    assert [service for service in accepted["services"] if known.service(service) is not None] == []
    assert accepted["services"] == sorted(accepted["services"])
    for service, names in (*accepted["actions"].items(), *accepted["withdrawn"].items()):
        assert known.service(service) is not None
        assert [name for name in names if known.action(f"{service}:{name}") is not None] == []
    api = json.loads(read("api_names.json"))["actions"]
    for name, actions in api.items():
        assert name == name.lower()
        assert known.action(name) is None, name
        assert all(known.action(action) is not None for action in actions), name


def test_nothing_is_missing_from_statements_that_cannot_be_read() -> None:
    from iamlint.sources.documents import _unread_statement

    built = policy({"Version": "2012-10-17", "Statement": []})
    unread = _unread_statement(
        built.document, ("Statement",), Hole("unknown", "further statements", many=True)
    )
    found = StatementSubject(PolicySubject(built, Settings()), unread, features_of(unread))
    for element in ("Resource", "Principal"):
        assert list(element_absent(found, {"element": element})) == []


def test_a_list_of_what_cannot_be_read_is_not_empty() -> None:
    assert list(element_empty(statement(Action=[None], Resource="*"), {"element": "Action"})) == []
    assert len(list(element_empty(statement(Action=[], Resource="*"), {"element": "Action"}))) == 1


def test_statements_that_exclude_each_other_may_share_a_sid() -> None:
    from iamlint.record import replace

    tree = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}] * 2,
    }
    built = policy(tree)
    assert built.statements is not None
    first, second = built.statements
    for one, other, fires in (
        ((), (), True),
        ((("C", True),), (("C", False),), False),
        ((("C", True),), (("D", False),), True),
    ):
        both = replace(built, statements=(replace(first, when=one), replace(second, when=other)))
        assert bool(list(duplicate_sid(PolicySubject(both, Settings()), {}))) == fires


@pytest.mark.parametrize(
    ("version", "resource", "fires"),
    [
        ("2012-10-17", "arn:aws:s3:::a/${aws:username}", False),
        ("2008-10-17", "arn:aws:s3:::a/${aws:username}", True),
        (None, "arn:aws:s3:::a/${aws:PrincipalTag/team, 'none'}", True),
        (None, "arn:aws:s3:::a/${*}${?}${$}", False),
        (None, "arn:aws:s3:::a/$aws:username}", False),
        ("2011-01-01", "arn:aws:s3:::a/${aws:username}", False),
    ],
)
def test_variables_and_versions(version: str | None, resource: str, fires: bool) -> None:
    tree: dict[str, object] = {
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]
    }
    if version is not None:
        tree["Version"] = version
    built = policy(tree)
    assert built.statements is not None
    found = StatementSubject(PolicySubject(built, Settings()), built.statements[0], 0)
    assert bool(list(variable_not_read(found, {}))) == fires


def test_every_fault_of_the_builder_has_a_rule() -> None:
    """A new code in the builder must not stay unreported."""
    import inspect
    import re

    from iamlint.engine.load import load_rules
    from iamlint.sources import documents

    source = inspect.getsource(documents)
    codes = set(re.findall(r'_fault\(\s*"([a-z-]+)"', source))
    assert len(codes) >= 8
    reported: set[str] = set()
    for rule in load_rules().rules:
        if rule.check == "policy-fault":
            listed = rule.params["codes"]
            assert isinstance(listed, list | tuple)
            reported.update(listed)
    assert codes <= reported


def test_the_evidence_of_a_fault_is_its_code() -> None:
    from iamlint.record import replace

    built = replace(
        policy({"Version": "2012-10-17", "Statement": []}), faults=(Fault("wrong-type", "no text", ("Id",)),)
    )
    (match,) = policy_fault(PolicySubject(built, Settings()), {"codes": ["wrong-type"]})
    assert (match.place, match.evidence) == (("Id",), ("wrong-type",))
    assert match.words == {"fault": "no text", "hint": ""}
    assert isinstance(Value("x", ()), Value)
