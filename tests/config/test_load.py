"""Which settings apply, where they come from, and what is said about mistakes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from iamlint.config.keys import KEYS, rebased
from iamlint.config.load import load_config
from iamlint.config.settings import Config
from iamlint.errors import ConfigError
from iamlint.model import Confidence, PolicyKind, Severity


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def load(
    root: Path,
    folder: str = ".",
    *,
    cwd: str = ".",
    explicit: str | None = None,
    isolated: bool = False,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
) -> Config:
    return load_config(
        str(root / folder),
        root=str(root),
        cwd=str(root / cwd),
        explicit=explicit,
        isolated=isolated,
        environ=environ,
        options=options,
    )


def mistakes(root: Path, text: str, name: str = "iamlint.toml", **more: str) -> list[str]:
    write(root, name, text)
    with pytest.raises(ConfigError) as caught:
        load(root, **more)  # type: ignore[arg-type]  # only texts are given here
    return str(caught.value).split("\n")


ALL = """
select = ["IAM1", "wildcard-action"]
extend-select = ["IAM900"]
ignore = ["IAM105"]
profile = "strict"
min-confidence = "medium"
fail-on = "high"
include = ["*.tpl"]
exclude = ["tests/"]
respect-gitignore = false
force-exclude = true
accounts = ["012345678901", "o-abcdefghij"]
allowed-principals = ["arn:aws:iam::111122223333:role/Deploy*"]
rule-packs = ["packs/own"]
jobs = 3

[severity]
IAM101 = "low"

[per-file-ignores]
"tests/*" = ["IAM2"]

[policy-kinds]
"policies/scp/*.json" = "scp"

[policy-quotas]
trust = 4096
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    (tmp_path / "packs" / "own").mkdir(parents=True)
    write(tmp_path, "iamlint.toml", ALL)
    config = load(tmp_path)
    assert config.select == ("IAM1", "wildcard-action")
    assert config.extend_select == ("IAM900",)
    assert config.ignore == ("IAM105",)
    assert config.profile == "strict"
    assert config.min_confidence is Confidence.MEDIUM
    assert config.fail_on is Severity.HIGH
    assert config.include == ("*.tpl",)
    assert config.exclude == ("tests/",)
    assert (config.respect_gitignore, config.force_exclude) == (False, True)
    assert config.accounts == ("012345678901", "o-abcdefghij")
    assert config.allowed_principals == ("arn:aws:iam::111122223333:role/Deploy*",)
    assert config.rule_packs == (str(tmp_path / "packs" / "own"),)
    assert config.jobs == 3
    assert config.severities == {"IAM101": Severity.LOW}
    assert config.per_file_ignores == {"tests/*": ("IAM2",)}
    assert config.policy_kinds == {"policies/scp/*.json": PolicyKind.SCP}
    assert config.policy_quotas == {"trust": 4096}
    assert config.origin("fail_on") == "iamlint.toml:7"
    assert config.files == (str(tmp_path / "iamlint.toml"),)


def test_every_key_is_in_the_example_above() -> None:
    assert [name for name in KEYS if f"{name} =" not in ALL and f"[{name}]" not in ALL] == []


def test_without_any_source_all_is_default(tmp_path: Path) -> None:
    assert load(tmp_path) == Config()
    assert load(tmp_path).origin("profile") == "default"


# Which file


def test_names_within_a_folder_in_order(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.iamlint]\nprofile = "audit"\n')
    assert load(tmp_path).profile == "audit"
    write(tmp_path, ".iamlint.toml", 'profile = "strict"\n')
    assert load(tmp_path).profile == "strict"
    write(tmp_path, "iamlint.toml", 'profile = "default"\n')
    assert load(tmp_path).origin("profile") == "iamlint.toml:1"


def test_the_nearest_file_upwards_applies_alone(tmp_path: Path) -> None:
    write(tmp_path, "iamlint.toml", 'profile = "strict"\nfail-on = "high"\n')
    write(tmp_path, "a/b/iamlint.toml", 'profile = "audit"\n')
    assert load(tmp_path, "a").profile == "strict"
    assert load(tmp_path, "a/b").profile == "audit"
    assert load(tmp_path, "a/b").fail_on is Severity.LOW


def test_the_search_ends_at_the_root(tmp_path: Path) -> None:
    write(tmp_path, "iamlint.toml", 'profile = "strict"\n')
    (tmp_path / "root" / "a").mkdir(parents=True)
    assert load(tmp_path / "root", "a").profile == "default"


@pytest.mark.parametrize(
    "text",
    ["[tool.other]\n", '[project]\ndependencies = ["iamlint"]\n', "broken iamlint = = \n", "tool = 1\n"],
)
def test_a_pyproject_without_our_table_is_skipped(tmp_path: Path, text: str) -> None:
    write(tmp_path, "iamlint.toml", 'profile = "strict"\n')
    write(tmp_path, "sub/pyproject.toml", text)
    assert load(tmp_path, "sub").profile == "strict"


def test_a_file_that_the_user_names_applies_to_everything(tmp_path: Path) -> None:
    write(tmp_path, "iamlint.toml", 'profile = "strict"\n')
    write(tmp_path, "conf/ci.toml", 'profile = "audit"\nexclude = ["x/*.json"]\nrule-packs = ["packs"]\n')
    (tmp_path / "sub" / "packs").mkdir(parents=True)
    config = load(tmp_path, cwd="sub", explicit="../conf/ci.toml")
    assert config.profile == "audit"
    # Its patterns and paths count from the current folder.
    assert config.exclude == ("sub/x/*.json",)
    assert config.rule_packs == (str(tmp_path / "sub" / "packs"),)
    (tmp_path / "packs").mkdir()
    assert load(tmp_path, environ={"IAMLINT_CONFIG": "conf/ci.toml"}).profile == "audit"


def test_isolated_reads_no_file(tmp_path: Path) -> None:
    write(tmp_path, "iamlint.toml", "broken")
    assert load(tmp_path, isolated=True, environ={"IAMLINT_CONFIG": "iamlint.toml"}) == Config()


# Strength


def test_options_beat_variables_beat_the_file(tmp_path: Path) -> None:
    write(tmp_path, "iamlint.toml", 'profile = "strict"\nfail-on = "high"\njobs = 2\n')
    environ = {"IAMLINT_FAIL_ON": "medium", "IAMLINT_JOBS": "3", "IAMLINT_PROFILE": "", "OTHER": "x"}
    config = load(tmp_path, environ=environ, options={"jobs": 4})
    assert (config.profile, config.fail_on, config.jobs) == ("strict", Severity.MEDIUM, 4)
    assert [config.origin(name) for name in ("profile", "fail_on", "jobs", "select")] == [
        "iamlint.toml:1",
        "IAMLINT_FAIL_ON",
        "--jobs",
        "default",
    ]


def test_variables_hold_lists_and_flags(tmp_path: Path) -> None:
    environ = {
        "IAMLINT_SELECT": "IAM1, IAM2",
        "IAMLINT_RESPECT_GITIGNORE": "false",
        "IAMLINT_FORCE_EXCLUDE": "1",
        "IAMLINT_ACCOUNTS": "012345678901",
    }
    config = load(tmp_path, environ=environ)
    assert config.select == ("IAM1", "IAM2")
    assert (config.respect_gitignore, config.force_exclude) == (False, True)
    assert config.accounts == ("012345678901",)


@pytest.mark.parametrize(
    ("select", "ignore"),
    [(["IAM105"], ()), (["IAM1"], ("IAM105",)), (["IAM10"], ("IAM105",)), (["IAM2"], ("IAM105",))],
    ids=str,
)
def test_what_an_option_asks_for_by_name_is_no_longer_ignored(
    tmp_path: Path, select: list[str], ignore: tuple[str, ...]
) -> None:
    write(tmp_path, "iamlint.toml", 'ignore = ["IAM105"]\nselect = ["IAM105"]\n')
    assert load(tmp_path).ignore == ("IAM105",)
    assert load(tmp_path, options={"select": select}).ignore == ignore


def test_extend_merges_on_purpose(tmp_path: Path) -> None:
    write(
        tmp_path,
        "iamlint.toml",
        'profile = "strict"\nexclude = ["a"]\n[severity]\nIAM1 = "low"\nIAM2 = "low"\n',
    )
    write(
        tmp_path,
        "sub/iamlint.toml",
        'extend = "../iamlint.toml"\nexclude = ["b"]\n[severity]\nIAM2 = "high"\n',
    )
    config = load(tmp_path, "sub")
    assert config.profile == "strict"
    assert config.exclude == ("sub/**/b",)
    assert config.severities == {"IAM1": Severity.LOW, "IAM2": Severity.HIGH}
    assert config.files == (str(tmp_path / "sub/iamlint.toml"), str(tmp_path / "iamlint.toml"))
    assert config.origin("profile") == "iamlint.toml:1"


def test_extend_knows_built_in_packs(tmp_path: Path) -> None:
    write(tmp_path, "iamlint.toml", 'extend = ["pack:strict"]\n')
    assert load(tmp_path).profile == "strict"
    assert mistakes(tmp_path, 'extend = ["pack:stict"]\n')[0] == (
        "iamlint.toml:1: there is no configuration `pack:stict`; did you mean `pack:strict`?"
    )


def test_extending_in_a_circle_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path, "b.toml", 'extend = "iamlint.toml"\n')
    assert mistakes(tmp_path, 'extend = "b.toml"\n') == [
        "iamlint.toml: the configurations extend each other in a circle: iamlint.toml -> b.toml -> iamlint.toml"
    ]


# Patterns


@pytest.mark.parametrize(
    ("pattern", "prefix", "expected"),
    [
        ("*.json", "", "*.json"),
        ("*.json", "a/b", "a/b/**/*.json"),
        ("/x.json", "a", "a/x.json"),
        ("x/*.json", "a", "a/x/*.json"),
        ("out/", "a", "a/**/out/"),
        ("!x/y", "a", "!a/x/y"),
        ("x", "#a[1]*", "\\#a\\[1]\\*/**/x"),
    ],
    ids=str,
)
def test_patterns_of_a_file_below_the_root(pattern: str, prefix: str, expected: str) -> None:
    assert rebased(pattern, prefix) == expected


def test_patterns_count_from_the_folder_of_their_file(tmp_path: Path) -> None:
    text = '[policy-kinds]\n"scp/*.json" = "scp"\n[per-file-ignores]\n"x.json" = ["IAM1"]\n'
    write(tmp_path, "sub/iamlint.toml", text)
    config = load(tmp_path, "sub")
    assert config.policy_kinds == {"sub/scp/*.json": PolicyKind.SCP}
    assert config.per_file_ignores == {"sub/**/x.json": ("IAM1",)}


# Mistakes


def test_a_quota_is_a_number_of_a_kind_of_policy(tmp_path: Path) -> None:
    text = '[policy-quotas]\ntrust = "4096"\nscp = 0\nrole = 5\nrcp = 5120\n'
    told = [line for line in mistakes(tmp_path, text) if line.startswith("iamlint.toml")]
    assert [line.partition(": ")[0] for line in told] == [
        "iamlint.toml:2",
        "iamlint.toml:3",
        "iamlint.toml:4",
    ]


def test_all_mistakes_come_at_once_with_their_lines(tmp_path: Path) -> None:
    text = """selct = ["IAM1"]
profile = "strcit"
select = "IAM1"
jobs = 0
fail-on = "hihg"
accounts = ["123", 123456789012, "o-x"]
include = ["a",
  7]

[severity]
IAM101 = "severe"
[policy-kinds]
"*.json" = "identiy"
[rules.IAM101]
x = 1
"""
    assert mistakes(tmp_path, text) == [
        "iamlint.toml:1: unknown key `selct`; did you mean `select`?",
        '    | selct = ["IAM1"]',
        "iamlint.toml:2: `strcit` is no profile; did you mean `strict`?",
        '    | profile = "strcit"',
        "iamlint.toml:3: `select` must be a list of rule ids, not a text; write ['IAM1']",
        '    | select = "IAM1"',
        'iamlint.toml:4: `jobs` must be a whole number from 1 to 256, or "auto"',
        "    | jobs = 0",
        "iamlint.toml:5: `hihg` is no severity; did you mean `high`?",
        '    | fail-on = "hihg"',
        "iamlint.toml:6: `123` is neither an account id (12 digits) nor an organization id (o-...)",
        '    | accounts = ["123", 123456789012, "o-x"]',
        'iamlint.toml:6: write the account id as a text, as leading zeros count: "123456789012"',
        '    | accounts = ["123", 123456789012, "o-x"]',
        "iamlint.toml:6: `o-x` is neither an account id (12 digits) nor an organization id (o-...)",
        '    | accounts = ["123", 123456789012, "o-x"]',
        "iamlint.toml:8: pattern must be a text, not a number",
        "    | 7]",
        "iamlint.toml:11: `severe` is no severity; it is one of critical, high, medium, low, info",
        '    | IAM101 = "severe"',
        "iamlint.toml:13: `identiy` is no policy kind; did you mean `identity`?",
        '    | "*.json" = "identiy"',
        "iamlint.toml:14: unknown key `rules`",
        "    | [rules.IAM101]",
    ]


def test_mistakes_in_a_pyproject_have_its_lines(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\n\n[tool.iamlint]\nprofil = "strict"\n'
    assert mistakes(tmp_path, text, "pyproject.toml")[0] == (
        "pyproject.toml:5: unknown key `profil`; did you mean `profile`?"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = = 2\n", "iamlint.toml:2: not TOML: Invalid value"),
        ("a = 1\na = 2\n", "iamlint.toml:2: not TOML: Cannot overwrite a value"),
        (
            "a = " + "[" * 5000,
            "iamlint.toml: not TOML that can be read: nested too deeply, or a number beyond reason",
        ),
        (
            "a = " + "9" * 5000,
            "iamlint.toml: not TOML that can be read: nested too deeply, or a number beyond reason",
        ),
    ],
    ids=["syntax", "twice", "deep", "number"],
)
def test_what_is_not_toml(tmp_path: Path, text: str, message: str) -> None:
    assert mistakes(tmp_path, text) == [message]


def test_what_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "iamlint.toml").write_bytes(b'a = 1\nb = "caf\xe9"\n')
    with pytest.raises(ConfigError, match=r"iamlint\.toml:2: not UTF-8"):
        load(tmp_path)


def test_a_large_file_is_no_configuration(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "#" * (1024 * 1024 + 1)) == [
        "iamlint.toml: the configuration is larger than 1024 KiB"
    ]


def test_a_named_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nope\.toml: the configuration cannot be read: no such file"):
        load(tmp_path, explicit="nope.toml")


def test_mistakes_in_variables_and_options(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, environ={"IAMLINT_PROFIL": "x", "IAMLINT_JOBS": "many"}, options={"fail-on": "x"})
    assert str(caught.value).split("\n") == [
        'IAMLINT_JOBS: `jobs` must be a whole number from 1 to 256, or "auto"',
        "unknown variable `IAMLINT_PROFIL`; did you mean `IAMLINT_PROFILE`?",
        "--fail-on: `x` is no severity; it is one of critical, high, medium, low, info, none",
    ]


def test_hostile_keys_are_shown_on_one_line(tmp_path: Path) -> None:
    assert mistakes(tmp_path, '"a\\u001b[31m\\n::error::" = 1\n')[0] == (
        "iamlint.toml:1: unknown key `a\\x1b[31m\\n::error::`"
    )


# A configuration found in the tree stays in the tree


def test_nothing_outside_the_root_is_named_by_a_found_file(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    write(tmp_path, "secret.toml", 'profile = "audit"\n')
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("../packs")
    lines = mistakes(root, 'rule-packs = ["../packs", "link", "nope"]\nextend = "../secret.toml"\n')
    assert lines[::2] == [
        "iamlint.toml:2: `../secret.toml` lies outside the root, and no file outside is read",
        "iamlint.toml:1: the rule pack `../packs` lies outside the root; name it with --rules",
        "iamlint.toml:1: the rule pack `link` lies outside the root; name it with --rules",
        "iamlint.toml:1: there is no rule pack `nope`",
    ]
    # Named by the user, the same file may.
    assert mistakes(root, 'rule-packs = ["../packs", "nope"]\n', "x.toml", explicit="x.toml")[0] == (
        "x.toml:1: there is no rule pack `nope`"
    )


def test_a_found_file_that_is_a_link_outside_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "secret.toml", "password = 1\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "iamlint.toml").symlink_to("../secret.toml")
    with pytest.raises(ConfigError, match="a link out of the root"):
        load(root)


def test_rule_packs_of_options_add_to_those_of_the_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    write(tmp_path, "iamlint.toml", 'rule-packs = ["one"]\n')
    config = load(tmp_path, options={"rule-packs": ["two", "one"]})
    assert [os.path.basename(pack) for pack in config.rule_packs] == ["one", "two"]


# [[ignore]]


def test_ignore_tables_are_kept(tmp_path: Path) -> None:
    text = """
[[ignore]]
rule = "IAM101"
path = "legacy/*.json"
sid = "AllowAll"
reason = "until the migration"
until = 2030-01-31

[[ignore]]
rule = "IAM102"
path = "x.json"
match = "kms:*"
reason = "needed"
until = "2030-02-01"
"""
    write(tmp_path, "iamlint.toml", text)
    first, second = load(tmp_path).suppressions
    assert (first.rule, first.path, first.sid, first.reason) == (
        "IAM101",
        "legacy/*.json",
        "AllowAll",
        "until the migration",
    )
    assert (first.until, second.until, second.match) == ("2030-01-31", "2030-02-01", "kms:*")
    assert (first.origin, second.origin) == ("iamlint.toml:2", "iamlint.toml:9")


def test_ids_and_tables_can_share_the_list(tmp_path: Path) -> None:
    write(tmp_path, "iamlint.toml", 'ignore = ["IAM1", {rule = "A", path = "x", sid = "y", reason = "z"}]\n')
    config = load(tmp_path)
    assert config.ignore == ("IAM1",)
    assert [one.rule for one in config.suppressions] == ["A"]


def test_mistakes_in_ignore_tables(tmp_path: Path) -> None:
    text = '[[ignore]]\nrule = "A"\npath = "x"\nline = 3\nreason = ""\nsdi = "x"\nuntil = "soon"\n'
    assert mistakes(tmp_path, text)[::2] == [
        "iamlint.toml:4: line numbers move; name the place by sid, pointer, owner or match",
        "iamlint.toml:5: reason is empty",
        "iamlint.toml:6: unknown key `sdi`; did you mean `sid`?",
        "iamlint.toml:7: until must be a day, as 2030-12-31",
        "iamlint.toml:1: an [[ignore]] table needs one of sid, pointer, owner, match and fingerprint",
    ]


# Hostile configurations


def test_mistakes_without_number_are_told_up_to_a_limit(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "".join(f"k{number} = 1\n" for number in range(20_000)))
    assert found[-1] == "there may be more mistakes: mend these first"
    assert len(found) == 201


def test_the_name_of_a_file_stays_on_one_line(tmp_path: Path) -> None:
    write(tmp_path, "a\n::error::b.toml", "x = 1\n")
    assert (
        mistakes(tmp_path, 'extend = "a\\n::error::b.toml"\n')[0] == "a\\n::error::b.toml:1: unknown key `x`"
    )
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, explicit="c\nd\x1b[31m.toml")
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "exclude = [" + '"*a*b", ' * 1001 + "]",
        "include = [" + '"*a*b", ' * 1001 + "]",
        "[per-file-ignores]\n" + "".join(f'"*{n}" = ["IAM1"]\n' for n in range(1001)),
        "[policy-kinds]\n" + "".join(f'"*{n}" = "trust"\n' for n in range(1001)),
    ],
)
def test_patterns_without_number_are_refused(tmp_path: Path, text: str) -> None:
    assert "has more than 1000 patterns" in mistakes(tmp_path, text)[0]


def test_keys_without_end_cost_nothing(tmp_path: Path) -> None:
    deep = ".".join("a" * 20_000)
    assert mistakes(tmp_path, f"[{deep}]\nx = 1\n")[0] == "iamlint.toml:1: unknown key `a`"
