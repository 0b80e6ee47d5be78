"""How rules meet subjects: dispatch, readings, overlap, failures, messages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from iamlint.engine import judge as judging
from iamlint.engine.judge import Judge, listed, with_ordinals
from iamlint.engine.rule import Profile, Rule
from iamlint.engine.subject import GrantSubject, Match, Settings, Unit
from iamlint.model import (
    BrokenFile,
    Confidence,
    Diagnostic,
    Extraction,
    Finding,
    Grant,
    Hole,
    Owner,
    Policy,
    PolicyKind,
    Severity,
    Span,
    Value,
)
from iamlint.record import replace
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text


def rule(name: str, check: str, params: Mapping[str, object] | None = None, **more: object) -> Rule:
    values: dict[str, object] = {
        "id": "T" + str(sum(map(ord, name)) % 900 + 100),
        "name": name,
        "severity": Severity.LOW,
        "confidence": Confidence.HIGH,
        "profile": Profile.DEFAULT,
        "summary": "For tests",
        "message": "{statement} of {owner}: {evidence}.",
        "fix": "Mend it.",
        "check": check,
        "params": params or {},
        **more,
    }
    return Rule(**values)  # type: ignore[arg-type]  # a table of fields


STAR = {"patterns": ["s3:*"], "effect": "Allow"}
GET = {"patterns": ["s3:getobject"], "effect": "Allow"}


def policy(
    *statements: dict[str, object], kind: PolicyKind | None = None, on: tuple[str, ...] = ()
) -> Policy:
    tree = {"Version": "2012-10-17", "Statement": list(statements)}
    document = JsonDocument(Text("p.json", json.dumps(tree, indent=1)), tree, "policy-json")
    return PolicyBuilder(document).policy(tree, (), owner=Owner("$", None, ()), kind=kind, on=on)


def statement(action: object = "s3:*", effect: str = "Allow", **more: object) -> dict[str, object]:
    return {"Effect": effect, "Action": action, "Resource": "*", **more}


def findings(
    rules: list[Rule], extraction: Extraction, profile: Profile = Profile.DEFAULT
) -> tuple[list[Finding], list[Diagnostic]]:
    items = list(Judge(rules, Settings(), profile).judge(extraction))
    return (
        sorted((item for item in items if isinstance(item, Finding)), key=lambda finding: finding.order),
        [item for item in items if isinstance(item, Diagnostic)],
    )


def of_policy(rules: list[Rule], *policies: Policy, profile: Profile = Profile.DEFAULT) -> list[Finding]:
    return findings(rules, Extraction(policies), profile)[0]


def grant(what: str = "access-key", on: tuple[str, ...] = ("user",), **fields: str | Value) -> Grant:
    tree: dict[str, object] = {name: str(value) for name, value in fields.items()}
    document = JsonDocument(Text("g.json", json.dumps(tree, indent=1)), tree, "policy-json")
    values = {n: (v if isinstance(v, Value) else Value(v, (n,)),) for n, v in fields.items()}
    return Grant(what, document, (), Owner("Resources.K", "AWS::IAM::AccessKey", ()), on, (), values)


def test_a_finding_has_the_facts_of_rule_and_policy() -> None:
    (found,) = of_policy(
        [rule("wide", "action-pattern", STAR, aliases=("x:1",))], policy(statement(Sid="All"))
    )
    assert (found.rule_name, found.pointer, found.evidence, found.aliases) == (
        "wide",
        "/Statement/0/Action",
        ("s3:*",),
        ("x:1",),
    )
    assert found.message == "Statement 'All' of $: s3:*."
    assert (found.primary.start_line, found.help, found.policy.kind) == (6, "Mend it.", "identity")
    assert "pack" not in found.properties


def test_a_finding_of_a_pack_says_so() -> None:
    (found,) = of_policy([rule("wide", "action-pattern", STAR, pack="acme")], policy(statement()))
    assert found.properties["pack"] == "acme"


@pytest.mark.parametrize(
    ("kinds", "kind", "expected"),
    [((), PolicyKind.SCP, 1), (("identity",), PolicyKind.SCP, 0), (("identity", "scp"), PolicyKind.SCP, 1)],
)
def test_rules_apply_to_their_kinds_of_policies(
    kinds: tuple[str, ...], kind: PolicyKind, expected: int
) -> None:
    found = of_policy(
        [rule("wide", "action-pattern", STAR, policy_kinds=kinds)], policy(statement(), kind=kind)
    )
    assert len(found) == expected


@pytest.mark.parametrize(("on", "expected"), [((), 1), (("s3-bucket",), 1), (("sqs-queue",), 0)])
def test_rules_apply_to_their_kinds_of_resources(on: tuple[str, ...], expected: int) -> None:
    """Where nobody knows what a document applies to, every rule may."""
    rules = [rule("wide", "action-pattern", STAR, on=("s3-bucket",))]
    assert len(of_policy(rules, policy(statement(), on=on))) == expected


def test_a_grant_must_be_on_the_rules_resources() -> None:
    rules = [rule("key", "grant-exists", {"what": ["access-key"], "except": []}, on=("user",))]
    assert len(findings(rules, Extraction(grants=(grant(),)))[0]) == 1
    assert findings(rules, Extraction(grants=(grant(on=("role",)),)))[0] == []
    assert findings(rules, Extraction(grants=(grant(on=()),)))[0] == []


def test_the_narrowest_rule_reports_and_names_the_others() -> None:
    wide = rule(
        "wide", "action-pattern", {"patterns": ["s3:*", "ec2:*"], "effect": "Allow"}, aliases=("x:1",)
    )
    narrow = rule("narrow", "action-pattern", STAR, aliases=("x:2",), covers=("wide",))
    both = policy(statement(), statement("ec2:*"))
    assert [(f.rule_name, f.pointer) for f in of_policy([wide, narrow], both)] == [
        ("narrow", "/Statement/0/Action"),
        ("wide", "/Statement/1/Action"),
    ]
    first = of_policy([wide, narrow], both)[0]
    assert first.properties["covers"] == ["wide"]
    assert first.aliases == ("x:2", "x:1")
    audit = of_policy([wide, narrow], both, profile=Profile.AUDIT)
    assert sorted(f.rule_name for f in audit) == ["narrow", "wide", "wide"]


def test_overlap_among_grants() -> None:
    root = rule("root-key", "root-access-key", covers=("any-key",))
    any_key = rule("any-key", "grant-exists", {"what": ["access-key"], "except": []})
    found = findings([root, any_key], Extraction(grants=(grant(user="root"), grant(user="alice"))))[0]
    assert sorted(f.rule_name for f in found) == ["any-key", "root-key"]


def test_a_reading_says_what_it_assumes_and_fires_once() -> None:
    hole = Hole("parameter", "Action", default="s3:*", values=("s3:*", "s3:Get*"))
    original = policy(statement())
    assert original.statements is not None
    first = original.statements[0]
    assert first.actions is not None
    unknown = replace(first, actions=(Value(None, first.actions[0].pointer, (hole,)),))
    (found,) = of_policy([rule("wide", "action-pattern", STAR)], replace(original, statements=(unknown,)))
    assert found.certainty_notes == ("Action is 's3:*', the default",)


def test_a_rule_that_raises_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(subject: object, params: object) -> Iterator[Match]:
        yield Match((), ("before",))
        raise ValueError("no such thing")

    wide = rule("wide", "action-pattern", STAR)
    bad = rule("bad", "action-pattern", STAR)
    table = Judge([bad, wide], Settings(), Profile.DEFAULT)
    monkeypatch.setattr(table._entries[0], "run", broken)
    items = list(table.judge(Extraction((policy(statement()),))))
    assert sorted(item.rule_name for item in items if isinstance(item, Finding)) == ["bad", "wide"]
    (diagnostic,) = [item for item in items if isinstance(item, Diagnostic)]
    assert (diagnostic.code, diagnostic.fatal) == ("rule-failed", True)
    assert "ValueError: no such thing" in diagnostic.message


def test_broken_files_are_found() -> None:
    span = Span("x.json", 3, 1, 3, 2, 20, 1)
    broken = BrokenFile(span, "JSON", "a comma is missing")
    rules = [rule("broken", "unparsable-file", message="Not {format}: {error}.")]
    (found,) = findings(rules, Extraction(broken=(broken,)))[0]
    assert (found.message, found.primary, found.policy.kind) == ("Not JSON: a comma is missing.", span, None)


def test_braces_in_values_are_no_words() -> None:
    wide = rule(
        "wide",
        "action-pattern",
        {"patterns": ["s3:{owner}*"], "effect": "Allow"},
        message="It is {evidence}.",
    )
    (found,) = of_policy([wide], policy(statement("s3:{owner}*")))
    assert found.message == "It is s3:{owner}*."


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (list("abcde"), "a, b, c, d and e"),
        (list("abcdefg"), "a, b, c, d, e and 2 more"),
    ],
)
def test_listed(values: list[str], text: str) -> None:
    assert listed(values) == text


def test_equal_fingerprints_are_numbered() -> None:
    found = of_policy(
        [rule("get", "action-pattern", GET)], policy(statement("s3:GetObject"), statement("s3:GetObject"))
    )
    assert found[0].fingerprint == found[1].fingerprint
    assert [f.fingerprint.partition(":")[2] for f in with_ordinals(found)] == ["", "2"]


def test_a_grant_sees_its_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Unit] = []

    def look(subject: GrantSubject, params: object) -> Iterator[Match]:
        seen.append(subject.unit)
        return iter(())

    table = Judge(
        [rule("any-key", "grant-exists", {"what": ["access-key"], "except": []})], Settings(), Profile.DEFAULT
    )
    monkeypatch.setattr(table._entries[0], "run", look)
    unit = Extraction((policy(statement()),), (grant(), grant(user="root")))
    assert list(table.judge(unit)) == []
    assert seen[0] is seen[1]
    assert (seen[0].policies, seen[0].grants) == (unit.policies, unit.grants)


def test_grants_meet_the_rules_that_name_them() -> None:
    rules = [rule("any-key", "grant-exists", {"what": ["access-key", "ssh-key"], "except": []})]
    extraction = Extraction(grants=(grant(), grant("ssh-key"), grant("declared")))
    assert len(findings(rules, extraction)[0]) == 2


SELECT_RUN = """
import sys
from iamlint.engine.judge import Judge
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.engine.subject import Settings
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.record import replace

rules = list(load_rules().rules)
select = replace(
    rules[0], id="T1", name="t", check="select-grant", policy_kinds=(), on=("role",),
    params={{"what": ["access-key"], "select": "fields.user[*]", "where": {{}}}},
)
text = {text!r}
judge = Judge([*rules, select], Settings(), Profile.AUDIT)
list(judge.judge(extract_unit([SourceFile("t.json", text.encode(), named=True)], SourceOptions())))
print(sorted({{"jsonpath_ng", "ply"}} & {{name.partition(".")[0] for name in sys.modules}}))
"""


@pytest.mark.parametrize("on", ["user", "role"])
def test_jsonpath_is_imported_only_for_a_subject_that_meets_a_declarative_rule(on: str) -> None:
    """Start-up is a feature: a rule that can fire on no subject of the run costs nothing."""
    template = {"Resources": {"K": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": "alice"}}}}
    script = SELECT_RUN.format(text=json.dumps(template)).replace('on=("role",)', f'on=("{on}",)')
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ("jsonpath_ng" in done.stdout) == (on == "user")
    assert on == "user" or done.stdout.strip() == "[]"


def test_the_judge_is_what_the_package_says() -> None:
    assert judging.__all__ == ["Judge", "file_finding", "listed", "make_finding", "with_ordinals"]


def test_hits_without_number_are_looked_up_not_compared() -> None:
    """One statement can break a rule at each of its values, and so can the rule that covers it."""
    wide = rule("wide", "action-pattern", STAR)
    narrow = rule("narrow", "action-pattern", STAR, covers=("wide",))
    statements = [statement("s3:*", Sid="Same"), statement(["s3:*"] * 5000, Sid="All")]
    found = of_policy([wide, narrow], policy(*statements, *[statement(Sid=f"S{n}") for n in range(5000)]))
    assert {one.rule_name for one in found} == {"narrow"}
    assert all(one.properties["covers"] == ["wide"] for one in found)
    assert len(found) >= 5002
