"""Safe fixes: byte for byte what is written, never a change of access, and nothing left for a second run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamlint.auditing.evaluate import read_policies, read_request
from iamlint.auditing.fixing import find_fixes
from iamlint.auditing.pipeline import run
from iamlint.auditing.settings import AuditSettings
from iamlint.engine.load import load_rules
from iamlint.engine.rule import Profile
from iamlint.semantics.evaluation import Outcome, evaluate
from iamlint.sources.yaml_text import parse_yaml


def settings_of(folder: Path | str, *paths: str, **more: object) -> AuditSettings:
    base: dict[str, object] = {"profile": Profile.STRICT, "respect_gitignore": False, "jobs": 1}
    if "stdin" not in more:
        base["paths"] = paths or (".",)
    return AuditSettings(cwd=str(folder), **{"paths": (), **base, **more})  # type: ignore[arg-type]


def fixed(folder: Path, name: str, text: str | bytes, **more: object) -> str | bytes:
    """Return the text of one file after all fixes."""
    data = text if isinstance(text, bytes) else text.encode()
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    found = find_fixes(settings_of(folder, **more))
    new = next((file.new for file in found.files if file.path == name), data)
    return new if isinstance(text, bytes) else new.decode()


ACTION = '"Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*"'
TRUST = '"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"'


def one(statement: str, head: str = '"Version": "2012-10-17", ') -> str:
    return f'{{{head}"Statement": [{{{statement}}}]}}\n'


FIXED: dict[str, tuple[str, str | bytes, str | bytes | None]] = {
    # name: (file, before, after)
    "effect": ("p.json", one(f'"Effect": "allow", {ACTION}'), one(f'"Effect": "Allow", {ACTION}')),
    "effect in a list": ("p.json", one(f'"Effect": ["Deny"], {ACTION}'), one(f'"Effect": "Deny", {ACTION}')),
    "elements": (
        "p.json",
        one('"effect": "ALLOW", "ACTION": "s3:GetObject", "resource": "arn:aws:s3:::acme/*"'),
        one('"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*"'),
    ),
    "type of principal": (
        "p.json",
        one(f'"Effect": "Allow", {TRUST.replace("Service", "service")}'),
        one(f'"Effect": "Allow", {TRUST}'),
    ),
    "Null": (
        "p.json",
        one(f'"Effect": "Allow", {ACTION}, "Condition": {{"ForAnyValue:nullIfExists": {{"aws:TagKeys": "true"}}}}'),
        one(f'"Effect": "Allow", {ACTION}, "Condition": {{"Null": {{"aws:TagKeys": "true"}}}}'),
    ),
    "version": (
        "p.json",
        one(f'"Effect": "Allow", {ACTION}', ""),
        one(f'"Effect": "Allow", {ACTION}', '"Version": "2012-10-17", '),
    ),
    "a mended word, then the version": (
        "p.json",
        one(f'"Effect": "allow", {ACTION}', ""),
        one(f'"Effect": "Allow", {ACTION}', '"Version": "2012-10-17", '),
    ),
    "values twice": (
        "p.json",
        one('"Effect": "Allow", "Action": ["s3:GetObject", "S3:getobject", "s3:GetObject"], "Resource": ["*", "*"]'),
        one('"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]'),
    ),
    "values twice, beside what IAM refuses": (
        "p.json",
        one(f'"Effect": "Allow", {ACTION}, "Extra": 1').replace('"s3:GetObject"', '["s3:GetObject", "s3:GetObject"]'),
        one(f'"Effect": "Allow", {ACTION}, "Extra": 1').replace('"s3:GetObject"', '["s3:GetObject"]'),
    ),
    "actions and resources that others take in": (
        "p.json",
        one('"Effect": "Allow", "Action": ["s3:GetObject", "S3:get*", "s3:PutObject", "s3:GetObjectAcl"], '
            '"Resource": ["arn:aws:s3:::a/x", "arn:aws:s3:::b", "arn:aws:s3:::a/*"]'),
        one('"Effect": "Allow", "Action": ["S3:get*", "s3:PutObject"], '
            '"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::a/*"]'),
    ),
    "an empty condition": (
        "p.json",
        one(f'"Effect": "Allow", {ACTION}, "Condition": {{}}'),
        one(f'"Effect": "Allow", {ACTION}'),
    ),
    "the letters of a service": (
        "p.json",
        one(f'"Effect": "Allow", {TRUST.replace("ec2.", "EC2.")}'),
        one(f'"Effect": "Allow", {TRUST}'),
    ),
    "a variable that 2012 would read": (
        "p.json",
        one(f'"Effect": "Allow", {ACTION}', "").replace("acme", "${aws:username}"),
        None,
    ),
    "a placeholder that may hold a variable": (
        "p.json",
        one(f'"Effect": "Allow", {ACTION}', "").replace("acme", "<bucket>"),
        None,
    ),
    "another word": ("p.json", one(f'"Effect": "Permit", {ACTION}'), None),
    "a misspelt element": ("p.json", one(f'"Effect": "Allow", {ACTION}, "Conditions": {{}}'), None),
    "two spellings of one element": ("p.json", one(f'"Effect": "Allow", {ACTION}, "action": "s3:PutObject"'), None),
    "what a command prints": (
        "v.json",
        '{"PolicyVersion": {"Document": ' + one(f'"Effect": "Allow", {ACTION}', "").strip() + "}}",
        '{"PolicyVersion": {"Document": ' + one(f'"Effect": "Allow", {ACTION}').strip() + "}}",
    ),
    "text within JSON": (
        "v.json",
        json.dumps({"PolicyDocument": one('"Effect": "Allow", "Action": ["a:b", "a:b"], "Resource": "*"')}),
        json.dumps({"PolicyDocument": one('"Effect": "Allow", "Action": ["a:b"], "Resource": "*"')}),
    ),
    "percent-encoded": ("v.json", '{"PolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D"}', None),
    "Terraform, JSON as text": (
        "m.tf.json",
        ('{"resource": {"aws_iam_policy": {"p": {"policy": "{\\"Statement\\": [{\\"Effect\\": \\"allow\\", '
        '\\"Action\\": [\\"a:b\\", \\"a:b\\"], \\"Resource\\": \\"*\\"}]}"}}}}\n'),
        ('{"resource": {"aws_iam_policy": {"p": {"policy": "{\\"Version\\": \\"2012-10-17\\", \\"Statement\\": '
        '[{\\"Effect\\": \\"Allow\\", \\"Action\\": [\\"a:b\\"], \\"Resource\\": \\"*\\"}]}"}}}}\n'),
    ),
    "Terraform, a document": (
        "m.tf.json",
        ('{"data": {"aws_iam_policy_document": {"d": {"statement": [{"actions": ["a:b", "a:b"],\n'
        ' "resources": ["*"]}]}}}, "resource": {"aws_iam_policy": {"p": {\n'
        ' "policy": "${data.aws_iam_policy_document.d.json}"}}}}\n'),
        ('{"data": {"aws_iam_policy_document": {"d": {"statement": [{"actions": ["a:b"],\n'
        ' "resources": ["*"]}]}}}, "resource": {"aws_iam_policy": {"p": {\n'
        ' "policy": "${data.aws_iam_policy_document.d.json}"}}}}\n'),
    ),
    "Terraform, an expression": (
        "m.tf.json",
        ('{"resource": {"aws_iam_policy": {"p": {"policy": "${jsonencode({Statement = [{Effect = \\"Allow\\", '
        'Action = [\\"a:b\\", \\"a:b\\"], Resource = \\"*\\"}]})}"}}}}\n'),
        None,
    ),
    "CloudFormation, block style": (
        "t.yaml",
        """\
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement:   # first
          - Effect: allow   # second
            Action:
              - s3:GetObject
              # third
              - "s3:getObject"
              - s3:PutObject
            Resource: !Sub "arn:${AWS::Partition}:s3:::acme/*"
            Condition: {NullIfExists: {aws:TagKeys: "true"}}
""",
        """\
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:   # first
          - Effect: Allow   # second
            Action:
              - s3:GetObject
              # third
              - s3:PutObject
            Resource: !Sub "arn:${AWS::Partition}:s3:::acme/*"
            Condition: {"Null": {aws:TagKeys: "true"}}
""",
    ),
    "CloudFormation, a parameter": (
        "t.yaml",
        ("Parameters: {B: {Type: String}}\n"
        "Resources: {P: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: "
        "[{Effect: Allow, Action: 's3:GetObject', Resource: [!Ref B, !Ref B, x, x]}]}}}}\n"),
        ("Parameters: {B: {Type: String}}\n"
        "Resources: {P: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: "
        "[{Effect: Allow, Action: 's3:GetObject', Resource: [!Ref B, !Ref B, x]}]}}}}\n"),
    ),
    "CloudFormation, an anchor": (
        "t.yaml",
        ("Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: &d\n"
        "        Version: '2012-10-17'\n        Statement:\n"
        "          - {Effect: Allow, Action: [a:b, a:b], Resource: '*'}\n"
        "  Q:\n    Type: AWS::IAM::ManagedPolicy\n    Properties: {PolicyDocument: *d}\n"),
        None,
    ),
    "a mark and CRLF": (
        "p.json",
        b"\xef\xbb\xbf" + one('"Effect": "allow",\r\n\t"Action": "a:b", "Resource": "*"').encode(),
        b"\xef\xbb\xbf" + one('"Effect": "Allow",\r\n\t"Action": "a:b", "Resource": "*"').encode(),
    ),
    "UTF-16": (
        "p.json",
        one('"Sid": "", "Effect": "allow", "Action": "a:b", "Resource": "\u00e9"').encode("utf-16"),
        one('"Sid": "", "Effect": "Allow", "Action": "a:b", "Resource": "\u00e9"').encode("utf-16"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIXED)
def test_what_is_written(tmp_path: Path, name: str) -> None:
    path, before, after = FIXED[name]
    new = fixed(tmp_path, path, before)
    assert new == (before if after is None else after)
    assert fixed(tmp_path, path, new) == new


def test_only_findings_that_are_asked_for_are_fixed(tmp_path: Path) -> None:
    text = one(f'"Effect": "allow", {ACTION}', "")
    version = '"Version": "2012-10-17", '
    assert fixed(tmp_path, "p.json", text, select=("IAM031",)) == text.replace("{", "{" + version, 1)
    assert fixed(tmp_path, "p.json", text, ignore=("IAM031",)) == text.replace("allow", "Allow")
    assert fixed(tmp_path, "p.json", text, per_file_ignores=(("p.json", ("ALL",)),)) == text


def test_the_count_is_that_of_the_findings(tmp_path: Path) -> None:
    text = one('"Effect": "allow", "Action": ["a:b", "a:b", "a:b"], "Resource": "*"', "")
    (tmp_path / "p.json").write_text(text)
    (file,) = find_fixes(settings_of(tmp_path)).files
    assert dict(file.fixes) == {"IAM003": 1, "IAM242": 1, "IAM031": 1}
    assert (file.old, file.absolute) == (text.encode(), str(tmp_path / "p.json"))


def test_standard_input(tmp_path: Path) -> None:
    data = one(f'"Effect": "allow", {ACTION}').encode()
    (file,) = find_fixes(settings_of(tmp_path, stdin=data, stdin_name="x.json")).files
    assert (file.path, file.absolute, file.new) == ("x.json", "", data.replace(b"allow", b"Allow"))


def test_a_module_is_fixed_file_by_file(tmp_path: Path) -> None:
    policy = '{"data": {"aws_iam_policy_document": {"%s": {"statement": {"actions": ["a:b", "a:b"]}}}}}'
    for name in ("a", "b"):
        (tmp_path / f"{name}.tf.json").write_text(policy % name)
    (tmp_path / "c.tf.json").write_text(
        '{"resource": {"aws_iam_policy": {"a": {"policy": "${data.aws_iam_policy_document.a.json}"},'
        ' "b": {"policy": "${data.aws_iam_policy_document.b.json}"},'
        ' "c": {"policy": "${data.aws_iam_policy_document.a.json}"}}}}'
    )
    found = find_fixes(settings_of(tmp_path)).files
    assert [(file.path, dict(file.fixes)) for file in found] == [
        ("a.tf.json", {"IAM242": 1}),
        ("b.tf.json", {"IAM242": 1}),
    ]


# --- what cannot be proved is not done ---------------------------------------------------------------

PACK = """\
id: OUR{number}
name: our-{number}
severity: low
confidence: high
summary: A test
why: A test.
fix: Test.
message: "{{statement}} has {{value}}."
{rule}
rewrite: {rewrite}
examples:
  bad: [{{policy: {{Statement: []}}, at: [""]}}]
  good: [{{policy: {{Statement: []}}}}]
"""


def with_rule(folder: Path, rule: str, rewrite: str = "remove-item", number: int = 100) -> tuple[str, ...]:
    pack = folder / "pack" / f"OUR{number}.yaml"
    pack.parent.mkdir(exist_ok=True)
    pack.write_text(PACK.format(rule=rule, rewrite=rewrite, number=number))
    return (str(pack),)


SELECTED = 'select: "Action[*]"\nwhere: {in: ["s3:GetObject", "s3:PutObject"]}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["s3:Get*", "s3:GetObject"]', '["s3:Get*"]'),
        ('["s3:GetObject", "s3:Get*", "s3:PutObject"]', '["s3:Get*", "s3:PutObject"]'),
        ('["s3:GetObject", "s3:GetObjectAcl"]', '["s3:GetObject", "s3:GetObjectAcl"]'),
        ('["s3:GetObject", "s3:PutObject"]', '["s3:GetObject", "s3:PutObject"]'),
        ('["s3:GetObject"]', '["s3:GetObject"]'),
        ('"s3:GetObject"', '"s3:GetObject"'),
    ],
)
def test_redundant_actions_go_and_others_stay(tmp_path: Path, before: str, after: str) -> None:
    text = one(f'"Effect": "Allow", "Action": {before}, "Resource": "*"')
    rules = with_rule(tmp_path, SELECTED)
    new = fixed(tmp_path, "p.json", text, rule_packs=rules, select=("OUR100",))
    assert new == text.replace(before, after)


def test_of_many_only_what_is_proved_is_done(tmp_path: Path) -> None:
    statements = [
        {"Effect": "Allow", "Action": ["s3:Get*", "s3:GetObject"] if even else ["s3:GetObject", "ec2:*"], "Resource": f"arn:aws:s3:::b{at}/*"}
        for at, even in enumerate([True, False, True, True, True, False, True])
    ]  # fmt: skip
    files = [{"Version": "2012-10-17", "Statement": [statement]} for statement in statements]
    (tmp_path / "p.json").write_text(json.dumps(files))
    rules = with_rule(tmp_path, SELECTED)
    (file,) = find_fixes(settings_of(tmp_path, rule_packs=rules, select=("OUR100",))).files
    assert dict(file.fixes) == {"OUR100": 5}
    assert json.loads(file.new)[1] == files[1]


def test_a_text_that_two_policies_share_is_proved_for_both(tmp_path: Path) -> None:
    module = {
        "locals": {"names": ["s3:GetObject", "s3:GetObjectAcl"]},
        "data": {
            "aws_iam_policy_document": {
                "a": {"statement": {"actions": '${concat(local.names, ["s3:*"])}', "resources": ["*"]}},
                "b": {"statement": {"actions": "${local.names}", "resources": ["*"]}},
            }
        },
        "resource": {
            "aws_iam_policy": {
                name: {"policy": f"${{data.aws_iam_policy_document.{name}.json}}"} for name in ("a", "b")
            }
        },
    }  # fmt: skip
    text = json.dumps(module)
    rules = with_rule(tmp_path, SELECTED)
    assert fixed(tmp_path, "m.tf.json", text, rule_packs=rules, select=("OUR100",)) == text


def test_what_a_condition_may_remove_includes_nothing(tmp_path: Path) -> None:
    text = (
        "Conditions: {C: !Equals [a, b]}\n"
        "Resources: {P: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: [{Effect: Allow,\n"
        "  Action: [!If [C, 's3:Get*', 'ec2:*'], 's3:GetObject', 's3:PutObject'], Resource: '*'}]}}}}\n"
    )
    rules = with_rule(tmp_path, SELECTED)
    assert fixed(tmp_path, "t.yaml", text, rule_packs=rules, select=("OUR100",)) == text
    sure = text.replace("!If [C, 's3:Get*', 'ec2:*']", "'s3:Get*'")
    assert fixed(tmp_path, "t.yaml", sure, rule_packs=rules, select=("OUR100",)) == sure.replace(
        " 's3:GetObject',", ""
    )


def test_a_needed_element_stays_where_it_says_nothing(tmp_path: Path) -> None:
    rules = with_rule(tmp_path, 'select: "Effect"\nwhere: {equals: Allow}', "remove-element")
    text = one(f'"Effect": "Allow", {ACTION}')
    assert fixed(tmp_path, "p.json", text, rule_packs=rules, select=("OUR100",)) == text


# --- a second run finds nothing more -----------------------------------------------------------------


def examples() -> Iterator[tuple[str, str]]:
    rules = load_rules()
    for rule in rules.rules:
        text = rules.text(rule)
        for number, example in enumerate((*text.bad, *text.good)):
            if "policy" in example.subject:
                yield f"{rule.id}-{number}", json.dumps(example.subject["policy"], indent=2)


def test_a_second_run_finds_nothing_more_in_any_example(tmp_path: Path) -> None:
    for name, text in examples():
        (tmp_path / f"{name}.json").write_text(text)
    settings_ = settings_of(tmp_path, profile=Profile.AUDIT)
    before = {(f.primary.path, f.rule_id) for f in run(settings_).findings}
    found = find_fixes(settings_).files
    assert len(found) > 10
    for file in found:
        Path(file.absolute).write_bytes(file.new)
    assert find_fixes(settings_).files == []
    after = run(settings_)
    gone = {rule for _, rule in before - {(f.primary.path, f.rule_id) for f in after.findings}}
    rewriting = {rule.id for rule in load_rules().rules if rule.rewrite}
    # An element has its name now, a list lost what was one entry too many.
    assert gone - rewriting == {
        "IAM007",
        "IAM070",
        "IAM071",
        "IAM072",
        "IAM076",
        "IAM119",
        "IAM438",
        "IAM823",
    }
    assert not any(finding.rule_id == "IAM091" for finding in after.findings)


WORDS = st.sampled_from(["s3:GetObject", "S3:getobject", "s3:Get*", "s3:PutObject", "ec2:*"])
RESOURCES = st.sampled_from(["*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/${aws:username}", "arn:aws:s3:::b"])
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny", "allow", "DENY"]),
        "Action": st.one_of(WORDS, st.lists(WORDS, min_size=1, max_size=5)),
        "Resource": st.one_of(RESOURCES, st.lists(RESOURCES, min_size=1, max_size=4)),
    },
    optional={
        "Condition": st.dictionaries(
            st.sampled_from(["StringLike", "Null", "NullIfExists", "ForAnyValue:Null"]),
            st.dictionaries(
                st.sampled_from(["aws:TagKeys", "aws:username"]),
                st.lists(st.sampled_from(["true", "x*", "false"]), min_size=1, max_size=3),
                min_size=1,
                max_size=2,
            ),
            max_size=2,
        )
    },
)
POLICIES = st.fixed_dictionaries(
    {"Statement": st.lists(STATEMENTS, min_size=1, max_size=3)},
    optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17"])},
)


def block(node: object, indent: int) -> Iterator[str]:
    """Write a tree as YAML in block style, with a comment above every line."""
    lead = " " * indent
    for key, value in node.items() if isinstance(node, dict) else [(None, item) for item in node]:  # type: ignore[attr-defined]
        head = "-" if key is None else f"{json.dumps(key)}:"
        yield f"{lead}# {len(lead)} {key}"
        if isinstance(value, str):
            yield f"{lead}{head} {json.dumps(value)}"
        elif value:
            yield f"{lead}{head}"
            yield from block(value, indent + 2)
        else:
            yield f"{lead}{head} {{}}"


def mended(tree: dict[str, list[dict[str, object]]]) -> dict[str, object] | None:
    """Return the policy that a person would mend this one to; None where no single one exists."""
    statements = []
    for statement in tree["Statement"]:
        condition = statement.get("Condition", {})
        assert isinstance(condition, dict)
        tests = {("Null" if "Null" in name else name): tests for name, tests in condition.items()}
        if len(tests) < len(condition):
            return None
        effect = str(statement["Effect"]).capitalize()
        statements.append({**statement, "Effect": effect, "Condition": tests})
    return {**tree, "Statement": statements}


REQUESTS = [
    read_request(
        {
            "principal": "arn:aws:iam::111122223333:user/al",
            "action": action,
            "resource": resource,
            "resource_account": "111122223333",
            "context": {} if tags is None else {"aws:TagKeys": tags},
        }
    )
    for action in ("s3:GetObject", "s3:PutObject", "s3:GetObjectAcl")
    for resource in (
        "arn:aws:s3:::a/x",
        "arn:aws:s3:::a/al",
        "arn:aws:s3:::a/${aws:username}",
        "arn:aws:s3:::b",
    )
    for tags in (None, ["true"], ["x1", "q"])
]


def outcomes(tree: object) -> list[Outcome]:
    policies = read_policies({"identity": [tree]})
    return [evaluate(request, policies).outcome for request in REQUESTS]


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(POLICIES, st.sampled_from(["compact", "pretty", "tabs", "flow", "block"]))
def test_fixes_keep_the_meaning_and_the_comments(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, list[dict[str, object]]], style: str
) -> None:
    text = {
        "compact": lambda: json.dumps(tree, separators=(",", ":")),
        "pretty": lambda: json.dumps(tree, indent=2),
        "tabs": lambda: json.dumps(tree, indent="\t").replace("\n", "\r\n"),
        "flow": lambda: "---\n" + json.dumps(tree),
        "block": lambda: "\n".join(block(tree, 0)) + "\n",
    }[style]()
    is_yaml = style in {"flow", "block"}
    name = "p.yaml" if is_yaml else "p.json"
    folder = tmp_path_factory.mktemp("p")
    new = fixed(folder, name, text)
    assert isinstance(new, str)
    assert fixed(folder, name, new) == new
    comments = [[line for line in one.split("\n") if "#" in line] for one in (text, new)]
    assert comments[0] == comments[1]
    # An independent engine answers as it does for what a person would have mended.
    expected = mended(tree)
    if expected is not None:
        assert outcomes(parse_yaml(new)[0][0] if is_yaml else json.loads(new)) == outcomes(expected)
