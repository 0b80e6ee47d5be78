"""Rule files are read strictly: every mistake at once, each with its line, never an exception."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamlint.engine.load import compile_rules, load_rules, nearest, read_pack
from iamlint.engine.rule import Profile, RuleText
from iamlint.engine.rule_file import MAX_BYTES, MAX_DEPTH, MAX_NODES, parse_rule_file
from iamlint.errors import RulePackError
from iamlint.model import Severity

RULE = """\
id: ACME001
name: no-public-tags
severity: low
confidence: high
summary: A rule for tests
why: Because somebody has to.
fix: Do it otherwise.
message: "{statement} does {actions}."
check: action-pattern
params:
  patterns: ["s3:*"]
examples:
  bad:
    - name: all of S3
      policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}
      at: [/Statement/0/Action]
  good:
    - name: one action
      policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}
"""

SELECT = RULE.replace(
    """\
message: "{statement} does {actions}."
check: action-pattern
params:
  patterns: ["s3:*"]
""",
    """\
message: "{statement} holds {value}."
select: Action[*]
where:
  like: ["s3:*"]
""",
)


def mistakes(folder: Path, text: str, name: str = "ACME001.yaml") -> list[str]:
    """Write one rule file and return what is wrong with it, without the path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    rules, _, wrong = read_pack(str(path))
    assert bool(rules) != bool(wrong)
    return [line.removeprefix(f"{path}:") for line in wrong]


@pytest.mark.parametrize("text", [RULE, SELECT], ids=["check", "select"])
def test_a_right_rule_has_no_mistakes(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text) == []


# What is replaced in the rule above, by what, and the one line that is said about it.
ONE_MISTAKE = {
    "misspelt key": (
        "summary:",
        "sumary:",
        ["1: the key 'summary' is missing", "5: unknown key 'sumary'; did you mean 'summary'?"],
    ),
    "empty key": ("summary: A rule for tests", "summary:", ["5: the key 'summary' is empty"]),
    "blank text": (
        "summary: A rule for tests",
        'summary: " "',
        ["5: summary must be a text that is not empty"],
    ),
    "key twice": (
        "summary: A rule for tests",
        "summary: A rule\nsummary: for tests",
        ["6: the key 'summary' is written twice, first in line 5"],
    ),
    "id": ("id: ACME001", "id: acme-1", ["1: id must be an id such as IAM101, not 'acme-1'"]),
    "id of another file": (
        "id: ACME001",
        "id: ACME002",
        ["1: the file of ACME002 must be called ACME002.yaml"],
    ),
    "name": (
        "name: no-public-tags",
        "name: No Public",
        ["2: name must be kebab-case, such as wildcard-action, not 'No Public'"],
    ),
    "severity": (
        "severity: low",
        "severity: lo",
        ["3: severity must be one of critical, high, medium, low, info, not 'lo'; did you mean 'low'?"],
    ),
    "severity of another type": (
        "severity: low",
        "severity: [low]",
        ["3: severity must be one of critical, high, medium, low, info, not a list"],
    ),
    "profile": (
        "severity: low",
        "severity: low\nprofile: defualt",
        ["4: profile must be one of default, strict, audit, not 'defualt'; did you mean 'default'?"],
    ),
    "check": (
        "check: action-pattern",
        "check: action-patern",
        ["9: unknown check 'action-patern'; did you mean 'action-pattern'?"],
    ),
    "rewrite": (
        "severity: low",
        "severity: low\nrewrite: remove-itm",
        [
            (
                "4: rewrite must be one of add-version, grammar, remove-element, remove-item, remove-covered, rename-key, "
                "replace-text, not 'remove-itm'; did you mean 'remove-item'?"
            )
        ],
    ),
    "rewrite without the new text": (
        "severity: low",
        "severity: low\nrewrite: replace-text",
        ["4: replace-text needs a check with the word 'replacement'"],
    ),
    "advice is no list": (
        "severity: low",
        "severity: low\nadvice: expansion",
        ["4: advice must be a list of makers, not 'expansion'"],
    ),
    "unknown maker": (
        "severity: low",
        "severity: low\nadvice: [expansion, expand]",
        [
            (
                "4: advice: unknown maker 'expand'; the makers are condition, expansion, formats, instead, resources, "
                "senders, source, statement"
            )
        ],
    ),
    "maker without what it needs": (
        "severity: low",
        "severity: low\nadvice: [condition]",
        ["4: advice: condition needs what it shall say: `condition: {...}`"],
    ),
    "maker that takes nothing": (
        "severity: low",
        "severity: low\nadvice:\n  - resources: {a: b}",
        ["5: advice: resources takes nothing: write it as a word"],
    ),
    "operator in advice": (
        "severity: low",
        'severity: low\nadvice:\n  - condition: {StringEqual: {"aws:PrincipalOrgID": "{organization}"}}',
        ["5: advice: unknown operator 'StringEqual'"],
    ),
    "word in advice": (
        "severity: low",
        'severity: low\nadvice:\n  - condition: {StringEquals: {"aws:PrincipalOrgID": "{organisation}"}}',
        [
            (
                "5: advice: unknown word {organisation}; the words are account, audience, issuer, key, "
                "organization, partition, region, roles, services, subject, target"
            )
        ],
    ),
    "element in advice": (
        "severity: low",
        "severity: low\nadvice:\n  - statement: {Effect: Deny, Action: '*', Ressource: '*'}",
        ["5: advice: 'Ressource' is not an element of a statement"],
    ),
    "statement without an action in advice": (
        "severity: low",
        "severity: low\nadvice:\n  - statement: {Effect: Deny}",
        ["5: advice: a statement needs Action"],
    ),
    "check is no text": (
        "check: action-pattern",
        "check: [action-pattern]",
        ["9: check must be the name of a check, not a list"],
    ),
    "parameter": (
        "  patterns:",
        "  pattern:",
        [
            "10: the check action-pattern needs the parameter 'patterns'",
            "11: the check action-pattern has no parameter 'pattern'; did you mean 'patterns'?",
        ],
    ),
    "empty parameter": (
        'patterns: ["s3:*"]',
        "patterns: []",
        ["11: patterns must be a list of texts that is not empty"],
    ),
    "parameter of another type": (
        'patterns: ["s3:*"]',
        "patterns: s3",
        ["11: patterns must be a list of texts that is not empty"],
    ),
    "choice": (
        'patterns: ["s3:*"]',
        'patterns: ["s3:*"]\n  effect: Alow',
        ["12: effect must be one of Allow, Deny, not 'Alow'; did you mean 'Allow'?"],
    ),
    "params": ('params:\n  patterns: ["s3:*"]', "params: 5", ["10: params must be a mapping, not 5"]),
    "message word": (
        "{actions}",
        "{action}",
        ["8: unknown word {action} in message; did you mean 'actions'?"],
    ),
    "message without an end": (
        "{actions}.",
        "{actions}",
        ["8: message must be a sentence that ends with a full stop"],
    ),
    "policy kind": (
        "severity: low",
        "policy-kinds:\n  - identity\n  - trsut\nseverity: low",
        ["5: policy-kinds: unknown 'trsut'; did you mean 'trust'?"],
    ),
    "empty kinds": (
        "severity: low",
        "policy-kinds: []\nseverity: low",
        ["3: policy-kinds is empty: leave it out if the rule applies everywhere"],
    ),
    "empty on": (
        "severity: low",
        "on: []\nseverity: low",
        ["3: on is empty: leave it out if the rule applies everywhere"],
    ),
    "on is a text": (
        "severity: low",
        "on: user\nseverity: low",
        ["3: on must be a list of texts, not 'user'"],
    ),
    "alias": (
        "severity: low",
        "aliases:\n  - CKV_AWS_1\nseverity: low",
        ["4: 'CKV_AWS_1' is not an alias such as checkov:CKV_AWS_63"],
    ),
    "reference": (
        "severity: low",
        "references:\n  - https://a\n  - http://b\nseverity: low",
        ["5: 'http://b' is not an https address"],
    ),
    "tags": (
        "severity: low",
        "tags:\n  - a\n  - 5\nseverity: low",
        ["5: tags must be a list of texts; this item is 5"],
    ),
    "examples": (
        "  bad:",
        "  bda:",
        [
            "13: examples: unknown key 'bda'; did you mean 'bad'?",
            "12: there must be at least one bad example",
        ],
    ),
    "no good example": (
        "  good:\n    - name: one action\n",
        "  other:\n    - name: one action\n",
        ["17: examples: unknown key 'other'", "12: there must be at least one good example"],
    ),
    "example key": (
        "      at: [/Statement/0/Action]",
        "      att: [/Statement/0/Action]",
        [
            "16: bad example 1: unknown key 'att'; did you mean 'at'?",
            "14: bad example 1 needs `at`, the places where the rule fires",
        ],
    ),
    "at is empty": (
        "at: [/Statement/0/Action]",
        "at: []",
        ["16: bad example 1 needs `at`, the places where the rule fires"],
    ),
    "at is no list": (
        "at: [/Statement/0/Action]",
        "at: /Statement",
        ["16: bad example 1: at must be a list of pointers"],
    ),
    "at on a good example": (
        "- name: one action",
        "- name: one action\n      at: [/Statement]",
        ["19: good example 1 must not have `at`: the rule does not fire there"],
    ),
    "two subjects": (
        "- name: one action",
        "- name: one action\n      text: x",
        ["18: good example 1 needs one of policy, grant, text"],
    ),
    "example kind": (
        "- name: one action",
        "- name: one action\n      kind: identitty",
        ["19: good example 1: unknown kind 'identitty'; did you mean 'identity'?"],
    ),
    "example is a text": (
        "- name: one action\n      policy",
        "- one action\n#",
        ["18: good example 1 must be a mapping, not 'one action'"],
    ),
    "accounts": (
        "- name: one action",
        "- name: one action\n      accounts: x",
        ["19: good example 1: accounts must be a list of account ids"],
    ),
    "tag": (
        "severity: low",
        "severity: !!python/name:os.system low",
        [
            "3: the tag '!!python/name:os.system' has no meaning in a rule file",
            "3: the key 'severity' is empty",
        ],
    ),
    "merge key": (
        "severity: low",
        "<<: {severity: low}",
        ["1: the key 'severity' is missing", "3: merge keys (<<) are not read: write the keys out"],
    ),
    "where without select": (
        "severity: low",
        "where: {present: true}\nseverity: low",
        ["3: 'where' belongs to a rule with `select`"],
    ),
}


@pytest.mark.parametrize("case", ONE_MISTAKE)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, case: str) -> None:
    before, after, expected = ONE_MISTAKE[case]
    assert before in RULE
    assert sorted(mistakes(tmp_path, RULE.replace(before, after, 1))) == sorted(expected)


SELECT_MISTAKES = {
    "JSONPath": (
        "select: Action[*]",
        "select: Action[",
        "9: select is no JSONPath expression: Parse error near the end of string!",
    ),
    "JSONPath of other tools": (
        "select: Action[*]",
        "select: Action[?(@.x)]",
        "9: select is no JSONPath expression: Error on line 1, col 7: Unexpected character: ?",
    ),
    "JSONPath is a list": (
        "select: Action[*]",
        "select: [Action]",
        "9: select must be a text that is not empty",
    ),
    "test": ("  like:", "  likes:", "11: where: unknown test 'likes'; did you mean 'like'?"),
    "empty list": (
        'like: ["s3:*"]',
        "not-in: []",
        "11: where: not-in needs a list of texts that is not empty",
    ),
    "number": ('like: ["s3:*"]', "at-most: many", "11: where: at-most needs a number"),
    "boolean for a number": ('like: ["s3:*"]', "at-most: true", "11: where: at-most needs a number"),
    "number for a text": (
        'like: ["s3:*"]',
        "equals: 5",
        "11: where: equals needs a text; a number in quotes is one",
    ),
    "present": ('like: ["s3:*"]', "present: false", "11: where: present takes only true"),
    "absent beside others": (
        'like: ["s3:*"]',
        "absent: true\n  equals: x",
        "11: where: absent stands alone: there is no value for another test",
    ),
    "option alone": ('like: ["s3:*"]', "ignore-case: true", "10: where: needs a test"),
    "empty where": (
        'where:\n  like: ["s3:*"]',
        "where: {}",
        "10: where: must be a mapping of tests that is not empty",
    ),
    "target": (
        "select: Action[*]",
        "select: Action[*]\nof: statment",
        "10: of must be one of statement, policy, grant, not 'statment'; did you mean 'statement'?",
    ),
    "what without grant": (
        "select: Action[*]",
        "select: Action[*]\nwhat: [access-key]",
        "10: 'what' belongs to `of: grant`: it says which grants are meant",
    ),
    "grant without what": (
        "select: Action[*]",
        "select: fields.user\nof: grant",
        "9: the check select-grant needs the parameter 'what'",
    ),
    "empty what": (
        "select: Action[*]",
        "select: fields.user\nof: grant\nwhat: []",
        "11: what must be a list of texts that is not empty",
    ),
    "check beside select": (
        "select: Action[*]",
        "select: Action[*]\ncheck: full-admin",
        "10: a rule has either `check` or `select`",
    ),
    "params beside select": (
        "select: Action[*]",
        "select: Action[*]\nparams: {patterns: [x]}",
        "10: a rule with `select` has no params",
    ),
}


@pytest.mark.parametrize("case", SELECT_MISTAKES)
def test_a_mistake_of_a_declarative_rule_is_told_with_its_line(tmp_path: Path, case: str) -> None:
    before, after, expected = SELECT_MISTAKES[case]
    assert before in SELECT
    assert mistakes(tmp_path, SELECT.replace(before, after, 1)) == [expected]


GRANT_MISTAKES = {
    "grant": ("grant: [x]", "good example 1: a grant must be a mapping, not a list"),
    "what": ("grant: {fields: {user: x}}", "good example 1: a grant needs `what`, the word for it"),
    "key": (
        "grant: {what: x, field: {user: x}}",
        "good example 1: unknown key 'field'; did you mean 'fields'?",
    ),
    "fields": ("grant: {what: x, fields: [x]}", "good example 1: fields must be a mapping, not a list"),
    "field": (
        "grant: {what: x, fields: {user: {a: b}}}",
        "good example 1: the field 'user' must be a text or a list of texts",
    ),
    "on": ("grant: {what: x, on: {a: b}}", "good example 1: on must be a text or a list of texts"),
    "beside": ("beside: [5]\n      grant: {what: x}", "good example 1: a grant must be a mapping, not 5"),
}


@pytest.mark.parametrize("case", GRANT_MISTAKES)
def test_a_mistake_in_an_example_grant_is_told(tmp_path: Path, case: str) -> None:
    subject, expected = GRANT_MISTAKES[case]
    head, _, _ = RULE.rpartition("      policy:")
    assert [line.partition(" ")[2] for line in mistakes(tmp_path, f"{head}      {subject}\n")] == [expected]


def test_all_mistakes_of_a_file_come_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = (
        RULE.replace("severity: low", "severity: lo")
        .replace("check: action-pattern", "check: nothing")
        .replace("at: [", "att: [")
    )
    lines = [int(line.partition(":")[0]) for line in mistakes(tmp_path, text)]
    assert lines == sorted(lines)
    assert len(lines) == 4


NOT_A_RULE = {
    "empty file": ("", "1: a rule file must hold a mapping"),
    "a list": ("- a\n- b\n", "1: a rule file must hold a mapping"),
    "a text": ("hello", "1: a rule file must hold a mapping"),
    "broken YAML": ("id: [\nname: x\n", "3: not YAML: did not find expected ',' or ']'"),
    "a tab": ("id:\n\t- x\n", "2: not YAML: found character that cannot start any token"),
    "two documents": ("id: A\n---\nid: B\n", "2: not YAML: but found another document"),
    "too deep": ("a: " + "[" * 200 + "]" * 200, "1: more than 60 levels: this is no rule"),
    "an endless alias": ("a: &a [*a]\n", f"1: more than {MAX_DEPTH} levels: this is no rule"),
}


@pytest.mark.parametrize("case", NOT_A_RULE)
def test_what_is_no_rule_at_all(tmp_path: Path, case: str) -> None:
    text, expected = NOT_A_RULE[case]
    assert expected in mistakes(tmp_path, text)


def test_an_alias_bomb_is_refused_quickly(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = mistakes(tmp_path, "\n".join(lines))
    assert any(f"more than {MAX_NODES} values: this is no rule" in line for line in found)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "A.yaml").write_bytes(b"id: \xff\xfe")
    (tmp_path / "B.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    os.mkfifo(tmp_path / "C.yaml")
    _, _, found = read_pack(str(tmp_path))
    assert [line.rpartition("/")[2] for line in found] == [
        "A.yaml:1: cannot be read: not UTF-8 (byte 4)",
        f"B.yaml:1: cannot be read: a rule file holds one rule; this one is larger than {MAX_BYTES} bytes",
        "C.yaml:1: not a regular file",
    ]


def test_no_pack_and_an_empty_pack(tmp_path: Path) -> None:
    with pytest.raises(RulePackError, match="no such file or folder"):
        read_pack(str(tmp_path / "missing"))
    assert read_pack(str(tmp_path))[2] == [f"{tmp_path}: no rule files (*.yaml) here"]


def test_a_pack_beside_the_built_in_rules(tmp_path: Path) -> None:
    (tmp_path / "ACME001.yaml").write_text(
        RULE.replace("severity: low", "severity: low\ncovers: [action-star]")
    )
    rules = load_rules([str(tmp_path)])
    mine = [rule for rule in rules.rules if rule.pack != "builtin"]
    assert [(rule.id, rule.pack, rule.severity, rule.profile) for rule in mine] == [
        ("ACME001", tmp_path.name, Severity.LOW, Profile.DEFAULT)
    ]
    assert rules.text(mine[0]).why == "Because somebody has to."
    assert [rule.id for rule in rules.find("acme001")] == ["ACME001"]


CLASHES = {
    "an id that is taken": (
        RULE.replace("ACME001", "IAM101"),
        "IAM101.yaml",
        "1: IAM101 is already a rule of the pack 'builtin'",
    ),
    "a name that is taken": (
        RULE.replace("no-public-tags", "action-star"),
        "ACME001.yaml",
        "2: action-star is already a rule of the pack 'builtin'",
    ),
    "covers no rule": (
        RULE.replace("severity: low", "covers:\n  - action-satr\nseverity: low"),
        "ACME001.yaml",
        "4: covers 'action-satr', which is no rule; did you mean 'action-star'?",
    ),
    "covers itself": (
        RULE.replace("severity: low", "covers: [no-public-tags]\nseverity: low"),
        "ACME001.yaml",
        "3: no-public-tags and no-public-tags cover each other",
    ),
}


@pytest.mark.parametrize("case", CLASHES)
def test_a_pack_that_does_not_fit_beside_the_built_in_rules(tmp_path: Path, case: str) -> None:
    text, name, expected = CLASHES[case]
    (tmp_path / name).write_text(text)
    with pytest.raises(RulePackError) as caught:
        load_rules([str(tmp_path)])
    assert str(caught.value) == f"{tmp_path / name}:{expected}"


def test_the_same_id_twice_in_one_pack(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ACME001.yaml").write_text(RULE)
    first = tmp_path / "a" / "ACME001.yaml"
    _, _, found = read_pack(str(tmp_path))
    second = tmp_path / "b" / "ACME001.yaml"
    assert found == [
        f"{second}:1: ACME001 is also the rule of {first}",
        f"{second}:2: no-public-tags is also the rule of {first}",
    ]


def test_yaml_words_stay_words(tmp_path: Path) -> None:
    """`on`, `yes`, a date and an account number are what is written, as IAM wants them."""
    text = RULE.replace("severity: low", "on: [user]\nseverity: low").replace(
        'Version: "2012-10-17"', "Version: 2012-10-17"
    )
    text = text.replace(
        "      at: [", "      accounts: [012345678901, 111122223333]\n      on: yes\n      at: ["
    )
    path = tmp_path / "ACME001.yaml"
    path.write_text(text)
    rules, texts, wrong = read_pack(str(path))
    assert wrong == []
    assert rules[0].on == ("user",)
    bad = texts["ACME001"].bad[0].subject
    assert bad["accounts"] == ["012345678901", 111122223333]
    assert bad["on"] == "yes"
    policy = bad["policy"]
    assert isinstance(policy, dict)
    assert policy["Version"] == "2012-10-17"


def test_compiled_rules_are_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "ACME001.yaml"
    path.write_text(SELECT)
    rules, texts, _ = read_pack(str(path))
    assert compile_rules(rules, texts) == compile_rules(reversed(rules), texts)
    assert len(compile_rules(rules, texts).splitlines()) == 2


def test_every_built_in_rule_has_what_readers_need() -> None:
    rules = load_rules()
    for rule in rules.rules:
        text = rules.text(rule)
        assert isinstance(text, RuleText)
        assert len(text.bad) >= 2, rule.id
        assert len(text.good) >= 2, rule.id
        assert text.references, rule.id
        assert rule.tags, rule.id
        names = [example.name for example in (*text.bad, *text.good)]
        assert len(names) == len(set(names)), rule.id


def test_rules_apply_to_words_that_sources_use() -> None:
    """A word of `on` that no source writes would be a rule that never fires."""
    from iamlint.sources.locations import load_data

    known = {"account", "permission-set", "provider", "target", "ou", "authentication", "text", "output"}
    for places in load_data("credential_places.json").values():
        known.update(places if isinstance(places, dict) else ())
    words = load_data("resource_words.json")["words"]
    assert isinstance(words, dict)
    for found in words.values():
        known.update(found)
    for file in ("cloudformation_locations.json", "terraform_locations.json"):
        data = load_data(file)
        for section in ("documents", "grants"):
            entries = data[section]
            assert isinstance(entries, dict)
            known.update(word for places in entries.values() for place in places for word in place["on"])
    for rule in load_rules().rules:
        assert set(rule.on) <= known, rule.id


def test_nearest_is_quick_with_a_hostile_word() -> None:
    assert nearest("x" * 1_000_000, ["action"]) == ""


KEYS = st.sampled_from(
    [
        "id",
        "name",
        "severity",
        "check",
        "select",
        "where",
        "what",
        "of",
        "params",
        "examples",
        "on",
        "message",
        "x",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab:*{}[]$.&!", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["bad", "good", "at", "policy", "grant", "like", "in"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(data=st.dictionaries(KEYS, VALUES, max_size=8))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_data_is_a_rule_or_mistakes_with_lines(tmp_path: Path, data: dict[str, object]) -> None:
    import json

    for line in mistakes(tmp_path, json.dumps(data, indent=1)):
        number, _, message = line.partition(": ")
        assert int(number) >= 1
        assert message


@given(text=st.text("id: []{}&*!-\n\t\"'abc#|>", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    file, wrong = parse_rule_file(text)
    assert file is not None or wrong
