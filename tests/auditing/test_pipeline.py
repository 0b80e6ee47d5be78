"""The whole run: what is read, in which order, and that nothing is lost on several cores."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from iamlint import audit
from iamlint.auditing import pipeline
from iamlint.auditing.pipeline import extract_all, read_file, run
from iamlint.auditing.settings import AuditSettings
from iamlint.errors import UsageError
from iamlint.model import Extraction, PolicyKind, Severity, Span
from iamlint.record import replace
from iamlint.sources.discovery import discover
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions

ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
GOOD = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:111122223333:q"}
    ],
}


def write(folder: Path, name: str, content: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))


def settings(folder: Path, *paths: str, **more: object) -> AuditSettings:
    return AuditSettings(paths=paths or (".",), cwd=str(folder), **more)  # type: ignore[arg-type]


def test_findings_come_in_path_order_with_exact_places(tmp_path: Path) -> None:
    write(tmp_path, "b/x.json", ADMIN)
    write(tmp_path, "a.json", ADMIN)
    write(tmp_path, "c.json", GOOD)
    outcome = run(settings(tmp_path))
    assert [(f.primary.path, f.primary.start_line, f.rule_id) for f in outcome.findings] == [
        ("a.json", 6, "IAM101"),
        ("b/x.json", 6, "IAM101"),
    ]
    assert (outcome.tally.files, outcome.tally.policies, outcome.tally.statements) == (3, 3, 3)


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_any_number_of_workers_gives_the_same(tmp_path: Path, jobs: int) -> None:
    for index in range(40):
        write(tmp_path, f"p{index:02}.json", ADMIN if index % 3 else GOOD)
    write(tmp_path, "broken.json", '{"Statement": [{"Effect": ')
    outcome = run(settings(tmp_path, jobs=jobs))
    one = run(settings(tmp_path, jobs=1))
    assert outcome.findings == one.findings
    assert outcome.diagnostics == one.diagnostics
    assert outcome.tally == one.tally


def test_one_bad_file_stops_nothing_and_is_said(tmp_path: Path) -> None:
    write(tmp_path, "a.json", '{"Statement": [{"Effect": "Allow"')
    (tmp_path / "b.json").write_bytes(b'{"Statement": "\xff"}')
    write(tmp_path, "c.json", ADMIN)
    write(tmp_path, "d.json", "[" * 10_000 + '"Statement"')
    outcome = run(settings(tmp_path))
    assert [d.code for d in outcome.diagnostics] == ["syntax-error", "not-text", "too-large"]
    assert ("c.json", "IAM101") in [(f.primary.path, f.rule_id) for f in outcome.findings]


def test_missing_path_is_fatal(tmp_path: Path) -> None:
    outcome = run(settings(tmp_path, "nowhere.json"))
    assert [d.fatal for d in outcome.diagnostics] == [True]


def test_standard_input_is_a_named_file(tmp_path: Path) -> None:
    outcome = run(
        AuditSettings(paths=(), cwd=str(tmp_path), stdin=json.dumps(ADMIN).encode(), stdin_name="in.json")
    )
    assert [(f.primary.path, f.rule_id) for f in outcome.findings] == [("in.json", "IAM101")]


def test_kind_from_the_command_line_and_from_the_configuration(tmp_path: Path) -> None:
    write(tmp_path, "org/full.json", ADMIN)
    assert run(settings(tmp_path, "org/full.json", policy_kind=PolicyKind.SCP)).findings == []
    assert run(settings(tmp_path, policy_kinds=(("org/*.json", PolicyKind.SCP),))).findings == []
    assert run(settings(tmp_path)).findings != []


@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ({}, {"IAM101"}),
        ({"ignore": ("IAM101",)}, {"IAM102"}),
        ({"ignore": ("IAM1",)}, set()),
        ({"select": ("action-star",)}, {"IAM102"}),
        ({"select": ("IAM1",), "ignore": ("IAM101",)}, {"IAM102"}),
        ({"select": ("IAM102",), "ignore": ("IAM1",)}, {"IAM102"}),
        ({"select": ("IAM101", "IAM102"), "ignore": ("ALL",)}, {"IAM101"}),
        ({"per_file_ignores": (("*.json", ("IAM101", "IAM102")),)}, set()),
    ],
    ids=str,
)
def test_selection(tmp_path: Path, more: dict[str, object], ids: set[str]) -> None:
    write(tmp_path, "a.json", ADMIN)
    found = {f.rule_id for f in run(settings(tmp_path, **more)).findings}
    assert found & {"IAM101", "IAM102"} == ids


def test_a_selector_that_matches_nothing_is_an_error_with_the_nearest_word(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run(settings(tmp_path, select=("full-admin-statment",)))
    assert "full-admin-statement" in caught.value.help


def test_severity_of_a_rule_can_be_changed(tmp_path: Path) -> None:
    write(tmp_path, "a.json", ADMIN)
    outcome = run(settings(tmp_path, select=("IAM101",), severities={"IAM101": Severity.LOW}))
    assert [f.severity for f in outcome.findings] == [Severity.LOW]


def test_fingerprint_survives_reformatting_and_changes_with_the_action(tmp_path: Path) -> None:
    first = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b"}],
    }
    write(tmp_path, "a.json", first)
    before = run(settings(tmp_path, select=("IAM102",))).findings
    above = {"Sid": "B", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::c"}
    write(
        tmp_path, "a.json", json.dumps({"Statement": [above, *first["Statement"]], "Version": "2012-10-17"})
    )
    after = run(settings(tmp_path, select=("IAM102",))).findings
    assert [f.fingerprint for f in before] == [f.fingerprint for f in after]
    changed = {"Version": "2012-10-17", "Statement": [{**first["Statement"][0], "Action": "*:*"}]}  # type: ignore[dict-item]
    write(tmp_path, "a.json", changed)
    assert [f.fingerprint for f in run(settings(tmp_path, select=("IAM102",))).findings] != [
        f.fingerprint for f in before
    ]


def test_equal_fingerprints_in_one_report_are_numbered(tmp_path: Path) -> None:
    twice = {"Version": "2012-10-17", "Statement": [ADMIN["Statement"][0], ADMIN["Statement"][0]]}
    write(tmp_path, "a.json", twice)
    prints = [f.fingerprint for f in run(settings(tmp_path, select=("IAM101",))).findings]
    assert prints[1] == f"{prints[0]}:2"


def test_the_library_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.json", ADMIN)
    monkeypatch.chdir(tmp_path)
    result = audit("a.json", select=["IAM101"])
    assert [f.rule_name for f in result.findings] == ["full-admin-statement"]
    with pytest.raises(UsageError, match="profile"):
        audit("a.json", profile="strickt")


def test_files_outside_the_root_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, "outside.json", ADMIN)
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    os.symlink(tmp_path / "outside.json", tmp_path / "repository" / "link.json")
    outcome = run(settings(tmp_path / "repository"))
    assert outcome.findings == []
    assert [d.code for d in outcome.diagnostics] == ["outside-root"]


def test_a_hook_names_files_that_are_about_something_else(tmp_path: Path) -> None:
    write(tmp_path, "tsconfig.json", '{ // a comment\n "compilerOptions": {} }')
    write(tmp_path, "policy.json", '{"Statement": [{"Effect": "Allow", "Action": ')
    hook = run(settings(tmp_path, "tsconfig.json", "policy.json", force_exclude=True))
    assert [(f.primary.path, f.rule_id) for f in hook.findings] == [("policy.json", "IAM001")]
    person = run(settings(tmp_path, "tsconfig.json"))
    assert [f.rule_id for f in person.findings] == ["IAM001"]


MODULE = {
    "resource": {
        "aws_iam_policy": {"p": {"name": "p", "policy": '${file("${path.module}/policies/wide.json")}'}},
        "aws_iam_role": {"r": {"assume_role_policy": "${data.aws_iam_policy_document.t.json}"}},
    },
    "data": {
        "aws_iam_policy_document": {
            "t": {
                "statement": {
                    "actions": ["sts:AssumeRole"],
                    "principals": {"type": "Service", "identifiers": ["ec2.amazonaws.com"]},
                }
            }
        }
    },
}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_a_module_reads_is_told_once(tmp_path: Path, jobs: int) -> None:
    write(tmp_path, "m/main.tf.json", MODULE)
    write(tmp_path, "m/policies/wide.json", ADMIN)
    outcome = run(settings(tmp_path, jobs=jobs, select=("IAM101",)))
    assert [(f.primary.path, f.policy.owner) for f in outcome.findings] == [
        ("m/policies/wide.json", "aws_iam_policy.p")
    ]
    extractions, _ = extract_all(settings(tmp_path))
    owners = sorted(policy.owner.address for found in extractions for policy in found.policies)
    assert owners == ["aws_iam_policy.p", "data.aws_iam_policy_document.t"]


def test_findings_that_nobody_can_tell_apart_are_one(tmp_path: Path) -> None:
    merged = {
        "data": {
            "aws_iam_policy_document": {
                "base": {"statement": {"sid": "All", "actions": ["*"], "resources": ["*"]}},
                "more": {"source_policy_documents": ["${data.aws_iam_policy_document.base.json}"]},
            }
        },
        "resource": {"aws_iam_policy": {"p": {"policy": "${data.aws_iam_policy_document.more.json}"}}},
    }
    write(tmp_path, "main.tf.json", merged)
    (finding,) = run(settings(tmp_path, select=("IAM101",))).findings
    also = finding.properties["also_in"]
    assert isinstance(also, list)
    assert {finding.policy.owner, *also} == {
        "data.aws_iam_policy_document.base",
        "data.aws_iam_policy_document.more",
    }


# What can go wrong with files


def test_a_source_that_raises_hides_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.json", ADMIN)
    write(tmp_path, "b.json", ADMIN)
    real = extract_unit

    def breaks(files: list[SourceFile], options: SourceOptions) -> Extraction:
        if files[0].path == "a.json":
            raise RecursionError("too deep")
        return real(files, options)

    monkeypatch.setattr(pipeline, "extract_unit", breaks)
    outcome = run(settings(tmp_path))
    assert [finding.primary.path for finding in outcome.findings] == ["b.json"]
    (diagnostic,) = outcome.diagnostics
    assert (diagnostic.path, diagnostic.code, diagnostic.fatal) == ("a.json", "internal-error", True)
    assert "RecursionError: too deep" in diagnostic.message
    _, diagnostics = extract_all(settings(tmp_path))
    assert diagnostics == [diagnostic]


def test_a_place_that_cannot_be_told_hides_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.json", ADMIN)
    write(tmp_path, "b.yaml", ADMIN)

    def breaks(_self: object, _pointer: object) -> Span:
        raise ValueError("no place")

    monkeypatch.setattr("iamlint.sources.yaml_text.YamlDocument.span", breaks)
    monkeypatch.setattr("iamlint.sources.yaml_text.YamlDocument.key_span", breaks)
    write(tmp_path, "b.yaml", "Statement:\n- {Effect: Allow, Action: '*', Resource: '*'}\n")
    outcome = run(settings(tmp_path))
    assert [finding.primary.path for finding in outcome.findings] == ["a.json"]
    assert [(one.path, one.code) for one in outcome.diagnostics] == [("b.yaml", "internal-error")]


def test_a_file_that_grows_is_read_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, "a", "x" * 5000)
    for size in (0, 1, 4999, 5000, 6000):
        assert read_file(str(tmp_path / "a"), size) == b"x" * 5000


def test_what_grows_beyond_reason_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a", "x" * 5000)
    monkeypatch.setattr(pipeline, "LARGEST_FILE", 4000)
    with pytest.raises(OSError, match="more than"):
        read_file(str(tmp_path / "a"), 10)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_what_takes_the_place_of_a_file_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "a", "secret")
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(OSError):
        read_file(str(tmp_path / "link"), 6)
    with pytest.raises(OSError, match="regular"):
        read_file(os.devnull, 6)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="regular"):
        read_file(str(tmp_path / "pipe"), 6)


def test_a_file_that_vanishes_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.json", ADMIN)
    write(tmp_path, "b.json", ADMIN)
    found = list(discover(["."], cwd=str(tmp_path)))
    monkeypatch.setattr(pipeline, "discover", lambda *_, **__: iter(found))
    (tmp_path / "a.json").unlink()
    outcome = run(settings(tmp_path))
    assert [finding.primary.path for finding in outcome.findings] == ["b.json"]
    assert [(one.path, one.code, one.fatal) for one in outcome.diagnostics] == [
        ("a.json", "unreadable", False)
    ]


@pytest.mark.parametrize("name", ["a\0b", "../../etc/passwd", "/etc/passwd", "nothing", "."])
def test_a_template_reads_no_file_of_a_hostile_name(tmp_path: Path, name: str) -> None:
    assert pipeline.InsideReader(str(tmp_path))(name) is None


RULE = """\
id: ACME001
name: acme-all
severity: low
confidence: high
summary: A statement allows s3:* to somebody
why: Nobody needs that much of anything at all.
fix: Name the actions that are used.
message: "{statement} is wide."
tags: [acme]
references: [https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html]
select: $.actions[*]
where: {equals: "s3:*"}
examples:
  bad:
    - name: bad
      policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}
      at: [/Statement/0/Action]
  good:
    - name: good
      policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:ListBucket", Resource: "*"}]}
"""


def test_the_bad_examples_of_a_rule_pack_are_no_findings(tmp_path: Path) -> None:
    write(tmp_path, "my-rules/ACME001.yaml", RULE)
    write(tmp_path, "a.json", GOOD)
    with_pack = settings(tmp_path, rule_packs=(str(tmp_path / "my-rules"),))
    assert run(with_pack).findings == []
    assert run(settings(tmp_path)).findings != []
    named = settings(tmp_path, "my-rules/ACME001.yaml", rule_packs=(str(tmp_path / "my-rules"),))
    assert run(named).findings != []


@pytest.mark.parametrize("content", ['{"Statement": [', b"\xff\xfe\xfd".decode("latin-1")])
def test_without_rules_a_named_file_that_does_not_parse_is_fatal(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_bytes(content.encode("latin-1"))
    _, diagnostics = extract_all(settings(tmp_path, "a.json"))
    assert [one.fatal for one in diagnostics] == [True]
    _, diagnostics = extract_all(settings(tmp_path))
    assert [one.fatal for one in diagnostics] in ([False], [])
    assert not any(one.fatal for one in run(settings(tmp_path, "a.json")).diagnostics)


def test_a_key_repeated_in_a_large_file_is_told(tmp_path: Path) -> None:
    padded = '{"Id": "' + "x" * 1_000_100 + '", "Statement": [], ' + json.dumps(GOOD)[1:]
    write(tmp_path, "a.json", padded)
    plan = {
        "format_version": "1.2",
        "planned_values": {
            "root_module": {
                "resources": [
                    {
                        "address": "aws_iam_policy.p",
                        "mode": "managed",
                        "type": "aws_iam_policy",
                        "name": "p",
                        "values": {"policy": json.dumps(GOOD)},
                    }
                ]
            }
        },
    }
    write(tmp_path, "b.json", '{"planned_values": {}, ' + json.dumps(plan)[1:])
    assert [(one.path, one.code) for one in run(settings(tmp_path)).diagnostics] == [
        ("a.json", "repeated-key"),
        ("b.json", "repeated-key"),
    ]


def test_a_text_of_many_owners_is_one_finding_that_names_them_all(tmp_path: Path) -> None:
    write(tmp_path, "a.json", ADMIN)
    (finding, *_) = run(settings(tmp_path)).findings
    owners = [f"aws_iam_policy.p{number}" for number in range(20_000)]
    twins = [replace(finding, policy=replace(finding.policy, owner=owner)) for owner in [*owners, *owners]]
    (kept,) = pipeline.without_twins(twins)
    assert kept.policy.owner == owners[0]
    assert kept.properties["also_in"] == owners[1:]
