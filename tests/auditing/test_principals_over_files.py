"""What a run says about principals: over files, beside the findings about single policies, on any number of cores."""

from __future__ import annotations

import io
import itertools
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from iamlint.auditing.pipeline import Outcome, run
from iamlint.auditing.settings import AuditSettings
from iamlint.cli.main import main
from iamlint.engine.principals.facts import UnitFacts, gather
from iamlint.engine.rule import Profile
from iamlint.model import Extraction, Finding

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
PASS = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
RUN = {"Effect": "Allow", "Action": ["lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"}


def document(*statements: Mapping[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(principal: Mapping[str, object]) -> dict[str, object]:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def role(*statements: Mapping[str, object], **properties: object) -> dict[str, object]:
    policies = [{"PolicyName": "p", "PolicyDocument": document(*statements)}] if statements else []
    given = {"AssumeRolePolicyDocument": document(), "Policies": policies, **properties}
    return {"Type": "AWS::IAM::Role", "Properties": given}


def managed(statement: Mapping[str, object], *roles: object) -> dict[str, object]:
    given = {"Roles": list(roles), "PolicyDocument": document(statement)}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": given}


def write(folder: Path, name: str, resources: Mapping[str, object]) -> None:
    (folder / name).write_text(json.dumps({"Resources": resources}, indent=2))


def audited(folder: Path, **more: object) -> Outcome:
    return run(AuditSettings(paths=(".",), cwd=str(folder), **more))  # type: ignore[arg-type]


def of(outcome: Outcome, *rules: str) -> list[Finding]:
    return [finding for finding in outcome.findings if finding.rule_id in rules]


def test_a_way_over_two_files_names_both(tmp_path: Path) -> None:
    write(tmp_path, "a.json", {"R": role(PASS, RoleName="ci")})
    write(tmp_path, "b.json", {"M": managed(RUN, "ci")})
    [finding] = of(audited(tmp_path), "IAM281")
    assert (finding.primary.path, finding.policy.owner) == ("a.json", "Resources.R")
    assert {one.span.path for one in finding.related} == {"b.json"}
    text = (tmp_path / "b.json").read_text().splitlines()
    assert all("lambda:" in text[one.span.start_line - 1] for one in finding.related)
    assert finding.properties["paths"] == ["lambda-001"]
    steps = finding.properties["steps"]
    assert isinstance(steps, dict)
    assert steps["lambda-001"] == [
        "iam:PassRole hands any role to lambda.amazonaws.com (statement 1 of policy p).",
        "lambda:CreateFunction works on something new, whose name the caller chooses (statement 1 of M).",
        "lambda:InvokeFunction works on something new, whose name the caller chooses (statement 1 of M).",
        "Then it acts with the rights of that role.",
    ]
    assert finding.help.startswith("The smallest change that closes this: limit iam:PassRole in statement 1")


def test_what_a_finding_about_one_policy_tells_is_not_told_again(tmp_path: Path) -> None:
    write(tmp_path, "a.json", {"R": role(PASS, RUN)})
    outcome = audited(tmp_path)
    [told] = of(outcome, "IAM229")
    assert "lambda-001" in told.properties["paths"]  # type: ignore[operator]
    assert of(outcome, "IAM281") == []
    everything = audited(tmp_path, profile=Profile.AUDIT)
    [again] = of(everything, "IAM281")
    assert again.properties["paths"] == ["lambda-001"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_way_stands_for_the_wide_entry_that_it_begins_with(tmp_path: Path, jobs: int) -> None:
    write(tmp_path, "a.json", {"R": role(PASS), "M": managed(RUN, {"Ref": "R"})})
    write(tmp_path, "b.json", {"R": role(PASS)})
    outcome = audited(tmp_path, jobs=jobs)
    assert [one.primary.path for one in of(outcome, "IAM211")] == ["b.json"]
    [finding] = of(outcome, "IAM281")
    covered = finding.properties["covers"]
    assert isinstance(covered, list)
    assert "passrole-wildcard-resource" in covered
    assert "checkov:CKV_AWS_110" in finding.aliases
    assert of(audited(tmp_path, profile=Profile.AUDIT), "IAM211")[0].primary.path == "a.json"


def test_a_statement_that_allows_everything_of_a_service_names_the_ways_in_it(tmp_path: Path) -> None:
    policy = document({"Effect": "Allow", "Action": "iam:*", "Resource": "*"})
    (tmp_path / "p.json").write_text(json.dumps(policy))
    outcome = audited(tmp_path)
    [wide] = of(outcome, "IAM107")
    paths = wide.properties["paths"]
    assert isinstance(paths, list)
    assert {"iam-001", "iam-005", "iam-013", "x-iam-create-user"} <= set(paths)
    assert "lambda-001" not in paths
    assert of(outcome, "IAM281") == []


def test_an_inline_policy_whose_way_another_policy_denies_is_no_finding(tmp_path: Path) -> None:
    deny = {"Effect": "Deny", "Action": "iam:CreatePolicyVersion", "Resource": "*"}
    rewriting = {"Effect": "Allow", "Action": "iam:CreatePolicyVersion", "Resource": "*"}
    write(tmp_path, "open.json", {"R": role(rewriting, RoleName="one")})
    write(tmp_path, "closed.json", {"R": role(rewriting), "M": managed(deny, {"Ref": "R"})})
    write(
        tmp_path,
        "shared.json",
        {"R": role(), "M": managed(rewriting, {"Ref": "R"}), "D": managed(deny, {"Ref": "R"})},
    )
    assert [finding.primary.path for finding in of(audited(tmp_path), "IAM221")] == [
        "open.json",
        "shared.json",
    ]


def test_one_policy_of_several_roles_is_one_finding(tmp_path: Path) -> None:
    resources = {
        "A": role(RoleName="a"),
        "B": role(RoleName="b"),
        "Pass": managed(PASS, {"Ref": "A"}, {"Ref": "B"}),
        "Run": managed(RUN, {"Ref": "A"}, {"Ref": "B"}),
    }
    write(tmp_path, "t.json", resources)
    [finding] = of(audited(tmp_path), "IAM281")
    assert finding.message.startswith("Role a and role b can gain more rights: ")
    assert finding.properties["principals"] == ["role a", "role b"]


def chained(folder: Path, number: int) -> None:
    admin = role(
        ManagedPolicyArns=[ADMIN], AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"})
    )
    dev = {"Type": "AWS::IAM::User", "Properties": {"UserName": f"dev{number}"}}
    ci = role(PASS, RUN, AssumeRolePolicyDocument=trust({"AWS": {"Fn::GetAtt": ["Dev", "Arn"]}}))
    write(folder, f"t{number}.json", {"Admin": admin, "Ci": ci, "Dev": dev})


def test_a_chain_to_an_administrator_has_its_places_in_order(tmp_path: Path) -> None:
    chained(tmp_path, 0)
    findings = {finding.properties["principal"]: finding for finding in of(audited(tmp_path), "IAM284")}
    assert set(findings) == {"role Ci", "user dev0"}
    chain = findings["user dev0"]
    assert chain.properties["chain"] == ["user dev0", "role Ci", "role Admin"]
    assert [step.note for step in chain.flow] == [
        "role Ci lets it in",
        "role Ci may iam:PassRole",
        "role Ci may lambda:CreateFunction",
        "role Ci may lambda:InvokeFunction",
        "role Admin lets it in",
    ]
    lines = (tmp_path / "t0.json").read_text().splitlines()
    assert '"Dev"' in "".join(lines[chain.flow[0].span.start_line - 1 : chain.flow[0].span.end_line])
    assert "iam:PassRole" in lines[chain.flow[1].span.start_line - 1]


@pytest.mark.parametrize("jobs", [2, 4])
def test_any_number_of_workers_finds_the_same_chains(tmp_path: Path, jobs: int) -> None:
    for number in range(12):
        chained(tmp_path, number)
    write(tmp_path, "x.json", {"R": role(PASS, RoleName="ci")})
    write(tmp_path, "y.json", {"M": managed(RUN, "ci")})
    one, many = audited(tmp_path, jobs=1), audited(tmp_path, jobs=jobs)
    assert len(of(one, "IAM284")) == 24
    assert len(of(one, "IAM281")) == 1
    assert many.findings == one.findings


def test_standard_input_is_joined_too(tmp_path: Path) -> None:
    chained(tmp_path, 0)
    data = (tmp_path / "t0.json").read_bytes()
    outcome = run(AuditSettings(paths=(), cwd=str(tmp_path), stdin=data))
    assert {finding.primary.path for finding in of(outcome, "IAM284")} == {"<stdin>"}


def test_files_that_were_let_go_and_are_gone_do_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chained(tmp_path, 0)

    def let_go(extraction: Extraction, unit: str, **_: object) -> UnitFacts:
        facts = gather(extraction, unit, let_go=True)
        os.remove(tmp_path / "t0.json")
        return facts

    monkeypatch.setattr("iamlint.auditing.principals.gather", let_go)
    outcome = audited(tmp_path)
    assert {(f.primary.start_line, f.primary.start_column) for f in of(outcome, "IAM284")} == {(1, 1)}


def test_more_statements_than_are_weighed_are_told(tmp_path: Path) -> None:
    names = [f"arn:aws:iam::123456789012:role/r{number}" for number in range(2000)]
    many = [{"Effect": "Allow", "Action": "iam:*", "Resource": names} for _ in range(20)]
    write(tmp_path, "t.json", {"R": role(*many)})
    [told] = [one for one in audited(tmp_path).diagnostics if one.code == "too-many-statements"]
    assert (told.path, told.owner) == ("t.json", "Resources.R")
    assert (
        "More statements than are weighed together: role R; some ways may be missing." in graph(tmp_path)[1]
    )
    assert json.loads(graph(tmp_path, "--format", "json")[1])["summary"]["incomplete"] == ["role R"]


# The command


def graph(folder: Path, *argv: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = main(["graph", *argv], None, out, err, {}, str(folder))
    return int(code), out.getvalue(), err.getvalue()


TEXT = """\
3 principals: 1 administrator, 2 that can become one.

Administrators
  role Admin  t0.json:3 Resources.Admin
      AdministratorAccess allows every action

Can become an administrator
  role Ci  t0.json:24 Resources.Ci  1 step
      pass: create a function with a role and invoke it (lambda-001) -> any role that lambda.amazonaws.com may have
          such as role Admin
  user dev0  t0.json:69 Resources.Dev  2 steps
      assume: assume a role with more rights (sts-001) -> role Ci
      pass: create a function with a role and invoke it (lambda-001) -> any role that lambda.amazonaws.com may have
          such as role Admin

Links that most chains use
  role Ci -> any role that lambda.amazonaws.com may have  2 principals
"""

DOT = """\
digraph principals {
  rankdir=LR;
  node [fontname="sans-serif"]; edge [fontname="sans-serif", fontsize=10];
  n0 [label="role Admin (administrator)", shape=box, style=filled, fillcolor="#d73a49", fontcolor=white];
  n1 [label="role Ci", shape=box, style=filled, fillcolor="#ffdf5d"];
  n2 [label="user dev0", shape=ellipse, style=filled, fillcolor="#ffdf5d"];
  n3 [label="lambda.amazonaws.com", shape=component, style=filled, fillcolor="#ffdf5d"];
  n4 [label="any role that lambda.amazonaws.com may have", shape=diamond, style=filled, fillcolor="#ffdf5d"];
  n1 -> n4 [label="pass lambda-001"];
  n2 -> n1 [label="assume sts-001"];
  n3 -> n0 [label="trust"];
  n4 -> n0 [label="any"];
}
"""


def test_the_graph_as_text_and_for_dot(tmp_path: Path) -> None:
    chained(tmp_path, 0)
    assert graph(tmp_path) == (0, TEXT, "")
    assert graph(tmp_path, "--format", "dot") == (0, DOT, "")


def test_the_graph_as_json_and_what_leads_to_administrators(tmp_path: Path) -> None:
    chained(tmp_path, 0)
    write(tmp_path, "z.json", {"Alone": role(RoleName="alone")})
    code, out, _ = graph(tmp_path, "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert found["summary"] == {
        "principals": 4,
        "administrators": 1,
        "reaching": 2,
        "incomplete": [],
    }
    by_label = {node["label"]: node for node in found["nodes"]}
    assert by_label["role alone"]["distance"] is None
    chain = [found["edges"][index] for index in by_label["user dev0"]["chain"]]
    assert [edge["kind"] for edge in chain] == ["assume", "pass", "any"]
    assert chain[-1]["target"] == by_label["role Admin"]["id"]
    smaller = json.loads(graph(tmp_path, "--format", "json", "--admin-paths")[1])
    assert "role alone" not in {node["label"] for node in smaller["nodes"]}
    by_id = {node["id"]: node for node in smaller["nodes"]}
    for node in smaller["nodes"]:
        walk = [smaller["edges"][index] for index in node["chain"]]
        assert all(one["target"] == other["source"] for one, other in itertools.pairwise(walk))
        assert not walk or by_id[walk[-1]["target"]]["administrator"]


def test_names_cannot_leave_their_labels(tmp_path: Path) -> None:
    name = 'x"];\n  evil [label="\x1b[31m\u202e`|<script>'
    write(tmp_path, "t.json", {"R": role(RoleName=name, ManagedPolicyArns=[ADMIN])})
    _, dot, _ = graph(tmp_path, "--format", "dot")
    [line] = [line for line in dot.splitlines() if "administrator" in line]
    assert r"x\"];\\n  evil [label=\"\\x1b[31m\\u202e`|<script>" in line
    assert "\x1b" not in dot
    assert "\u202e" not in dot
    _, mermaid, _ = graph(tmp_path, "--format", "mermaid")
    [line] = [line for line in mermaid.splitlines() if "administrator" in line]
    assert line.count('"') == 2
    assert "<" not in line
    assert "|" not in line
    assert "\x1b" not in graph(tmp_path)[1]


def test_the_graph_of_nothing(tmp_path: Path) -> None:
    assert graph(tmp_path) == (0, "0 principals: 0 administrators, 0 that can become one.\n", "")
    assert graph(tmp_path, "missing.json")[0] == 2
    assert graph(tmp_path, "--format", "svg")[0] == 2
