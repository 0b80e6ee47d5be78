"""`iamlint compare --git-base`: what the policies of a branch allow that those of its base did not.

Every test has a real repository of its own.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from iamlint.cli.main import main

Json = dict[str, Any]


def document(*actions: str, effect: str = "Allow", **more: object) -> Json:
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def template(**policies: Json) -> str:
    """Return a CloudFormation template with one role, which has these inline policies."""
    listed = [{"PolicyName": name, "PolicyDocument": one} for name, one in policies.items()]
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"Service": "ec2.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                },
            },
            "Policies": listed,
        },
    }
    return json.dumps({"Resources": {"R": role}}, indent=1)


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def changes(self) -> list[Json]:
        found: list[Json] = json.loads(self.out)["changes"]
        return found

    @property
    def verdicts(self) -> list[tuple[str, str, str]]:
        return [(one["path"], one["change"], one["verdict"]) for one in self.changes]


class Repo:
    """A repository under test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        settings = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *settings, *words], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, name: str, content: Json | str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            content = json.dumps(content, indent=1)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, **files: Json | str | bytes) -> None:
        for name, content in files.items():
            self.write(name.replace("__", "/").replace("_json", ".json"), content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "c")

    def compare(self, *argv: str, base: str = "main", cwd: str = ".") -> Result:
        out, err = io.StringIO(), io.StringIO()
        words = ["compare", f"--git-base={base}", *argv]
        code = main(words, None, out, err, {}, str(self.folder / cwd))
        return Result(int(code), out.getvalue(), err.getvalue())

    def json(self, *argv: str, base: str = "main", cwd: str = ".") -> Result:
        return self.compare(*argv, "--format", "json", base=base, cwd=cwd)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path)
    made.commit(a_json=document("s3:GetObject"), b_json=document("s3:GetObject"))
    return made


def test_nothing_changed(repo: Repo) -> None:
    result = repo.compare()
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("0 changes; 0 policies of changed files as before; since ")


def test_a_wider_policy_is_shown_with_a_request(repo: Repo) -> None:
    repo.write("a.json", document("s3:GetObject", "s3:PutObject"))
    repo.write("b.json", document("s3:GetObjectAcl") | {"Statement": []})
    result = repo.compare()
    assert (result.code, result.err) == (1, "")
    first, _, rest = result.out.partition("\n")
    assert first == "a.json:1: new access: identity policy (changed)"
    assert "    action    s3:PutObject\n" in rest
    assert "  allowed by a.json:4 statement 1\n" in rest


def test_a_narrower_policy_ends_with_zero(repo: Repo) -> None:
    repo.write("a.json", document("s3:GetObject", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    result = repo.json()
    assert result.code == 0
    assert result.verdicts == [("a.json", "changed", "contained")]


def test_all_that_an_added_policy_allows_is_new_and_a_removed_one_allows_nothing(repo: Repo) -> None:
    repo.write("new.json", document("iam:PassRole"))
    (repo.folder / "a.json").unlink()
    result = repo.json()
    assert result.code == 1
    assert result.verdicts == [("a.json", "removed", "contained"), ("new.json", "added", "new-access")]
    assert result.changes[1]["witness"]["action"] == "iam:PassRole"


def test_a_limit_that_is_removed_is_new_access_and_one_that_is_added_is_none(repo: Repo) -> None:
    repo.commit(scp__old_json=document("s3:*"), **{"iamlint.toml": '[policy-kinds]\n"scp/*.json" = "scp"\n'})
    repo.git("mv", "scp/old.json", "x")
    repo.git("rm", "-q", "-f", "x")
    repo.write("scp/new.json", document("ec2:*") | {"Id": "quite different"})
    result = repo.json(base="HEAD")
    assert result.verdicts == [
        ("scp/new.json", "added", "contained"),
        ("scp/old.json", "removed", "new-access"),
    ]


def test_a_removed_deny_is_told(repo: Repo) -> None:
    repo.commit(deny_json=document("iam:*", effect="Deny"))
    (repo.folder / "deny.json").unlink()
    result = repo.compare(base="HEAD")
    assert result.code == 0
    assert "Deny statements are gone" in result.out


def test_renamed_files_are_paired(repo: Repo) -> None:
    repo.commit(long_json=document(*[f"s3:Get{n}" for n in range(40)]))
    repo.git("mv", "long.json", "other.json")
    assert repo.json(base="HEAD").changes == []
    repo.write("other.json", document(*[f"s3:Get{n}" for n in range(39)]))
    result = repo.json(base="HEAD")
    assert result.verdicts == [("other.json", "changed", "contained")]
    assert result.changes[0]["old_path"] == "long.json"
    assert "was in long.json" in repo.compare(base="HEAD").out


def test_a_file_that_is_moved_without_git_is_paired(repo: Repo) -> None:
    long = document(*[f"s3:Get{n}" for n in range(40)])
    repo.commit(long_json=long)
    (repo.folder / "long.json").unlink()
    repo.write("deep/other.json", long)
    repo.write("unlike.json", document("ec2:RunInstances"))
    assert repo.json(base="HEAD").verdicts == [("unlike.json", "added", "new-access")]
    repo.write("deep/other.json", document(*[f"s3:Get{n}" for n in range(39)]))
    result = repo.json(base="HEAD")
    assert result.verdicts == [
        ("deep/other.json", "changed", "contained"),
        ("unlike.json", "added", "new-access"),
    ]
    assert result.changes[0]["old_path"] == "long.json"


def test_inline_policies_are_paired_by_name_and_the_unchanged_are_counted(repo: Repo) -> None:
    read, write = document("s3:GetObject"), document("s3:PutObject")
    repo.commit(t_json=template(read=read, write=write))
    repo.write("t.json", template(first=document("ec2:Describe*"), write=write, read=document("s3:Get*")))
    result = repo.json(base="HEAD")
    assert [(one["name"], one["change"], one["verdict"]) for one in result.changes] == [
        ("first", "added", "new-access"),
        ("read", "changed", "new-access"),
    ]
    assert json.loads(result.out)["unchanged"] == 2


def test_a_statement_that_moves_between_policies_of_one_role_is_not_new(repo: Repo) -> None:
    read, write = document("s3:GetObject"), document("s3:PutObject")
    both = document("s3:GetObject", "s3:PutObject")
    repo.commit(t_json=template(read=read, write=write))
    repo.write("t.json", template(read=both))
    result = repo.json(base="HEAD")
    assert [(one["name"], one["change"], one["verdict"]) for one in result.changes] == [
        ("read", "changed", "contained"),
        ("write", "removed", "contained"),
    ]
    assert result.changes[0]["notes"] == ["compared with all policies of Resources.R"]
    repo.write("t.json", template(read=both, more=document("s3:DeleteObject")))
    assert [one["verdict"] for one in repo.json(base="HEAD").changes] == ["contained", "new-access"]
    # The same name twice pairs by name; a part of what another one allowed is no news either.
    repo.write("t.json", template(other=both))
    assert repo.json(base="HEAD").code == 0


def test_a_deny_that_is_gone_widens_what_other_policies_of_the_role_allow(repo: Repo) -> None:
    wide, deny = document("s3:*"), document("s3:Put*", effect="Deny")
    repo.commit(t_json=template(wide=wide, deny=deny))
    repo.write("t.json", template(wide=wide))
    (change,) = repo.json(base="HEAD").changes
    assert (change["name"], change["change"], change["verdict"]) == ("deny", "removed", "new-access")
    assert change["witness"]["action"].startswith("s3:Put")
    assert "new access" in repo.compare(base="HEAD").out
    # A Deny that has moved is not gone.
    repo.write("t.json", template(wide={**wide, "Statement": [*wide["Statement"], *deny["Statement"]]}))
    assert repo.json(base="HEAD").code == 0


def test_who_else_owns_the_checkout(
    repo: Repo, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container, where `actions/checkout` trusts the folder in the global settings."""
    settings = tmp_path_factory.mktemp("home") / "settings"
    settings.write_text("[core]\n\tfsmonitor = false\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    real = subprocess.run

    def elsewhere(*given: Any, **more: Any) -> Any:
        more["env"] = {**(more.get("env") or os.environ), "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
        return real(*given, **more)

    repo.write("a.json", document("s3:GetObject", "s3:PutObject"))
    monkeypatch.setattr(subprocess, "run", elsewhere)
    refused = repo.json()
    assert refused.code == 2
    assert "belongs to another user" in refused.err
    assert "safe.directory" in refused.err
    settings.write_text(f"[safe]\n\tdirectory = {repo.folder}\n")
    found = repo.json()
    assert (found.code, found.verdicts) == (1, [("a.json", "changed", "new-access")])


def test_the_same_policy_for_another_owner_is_new(repo: Repo) -> None:
    repo.commit(t_json=template(read=document("s3:GetObject")))
    repo.write("t.json", template(read=document("s3:GetObject")).replace('"R"', '"Other"'))
    result = repo.json(base="HEAD")
    assert {(one["owner"], one["change"]) for one in result.changes} == {
        ("Resources.R", "removed"),
        ("Resources.Other", "added"),
    }
    assert result.code == 1


def test_a_managed_policy_that_is_attached_is_not_passed_over(repo: Repo) -> None:
    repo.commit(t_json=template())
    tree = json.loads(template())
    tree["Resources"]["R"]["Properties"]["ManagedPolicyArns"] = [
        "arn:aws:iam::aws:policy/AdministratorAccess"
    ]
    repo.write("t.json", tree)
    result = repo.compare(base="HEAD")
    assert result.code == 1
    assert "unknown: managed-attachment on Resources.R (added)" in result.out
    assert "AdministratorAccess" in result.out


SAM = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - Version: "2012-10-17"
          Statement: {Effect: Allow, Action: ACTION, Resource: "*"}
"""


def test_sam(repo: Repo) -> None:
    repo.commit(**{"template.yaml": SAM.replace("ACTION", "s3:GetObject")})
    repo.write("template.yaml", SAM.replace("ACTION", "s3:*"))
    assert repo.json(base="HEAD").verdicts == [("template.yaml", "changed", "new-access")]


def terraform(policy: str) -> Json:
    return {"resource": {"aws_iam_policy": {"p": {"name": "p", "policy": policy}}}}


def test_terraform_modules_hang_together(repo: Repo) -> None:
    files: dict[str, Json | str | bytes] = {"tf/main.tf.json": terraform('${file("policy.txt")}')}
    repo.commit(**files, **{"tf/policy.txt": document("s3:GetObject")})
    assert repo.json(base="HEAD").changes == []
    repo.write("tf/policy.txt", document("s3:*"))
    result = repo.json(base="HEAD")
    assert [(one["verdict"], one["owner"]) for one in result.changes] == [("new-access", "aws_iam_policy.p")]


def test_the_base_is_where_the_branch_left(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "work")
    repo.commit(a_json=document("s3:GetObject", "s3:PutObject"))
    repo.git("checkout", "-q", "main")
    repo.commit(b_json=document("s3:DeleteObject"))
    repo.git("checkout", "-q", "work")
    assert repo.json().verdicts == [("a.json", "changed", "new-access")]
    assert repo.json(base="main...").verdicts == repo.json().verdicts
    assert [one[0] for one in repo.json(base="main..").verdicts] == ["a.json", "b.json"]


def test_only_the_paths_that_are_named(repo: Repo) -> None:
    repo.commit(sub__c_json=document("s3:GetObject"), subtle_json=document("s3:GetObject"))
    for name in ("a.json", "sub/c.json", "subtle.json"):
        repo.write(name, document("s3:*"))
    assert repo.json("sub", base="HEAD").verdicts == [("sub/c.json", "changed", "new-access")]
    assert repo.json(base="HEAD", cwd="sub").verdicts == [("sub/c.json", "changed", "new-access")]
    assert [one[0] for one in repo.json("sub", "a.json", base="HEAD").verdicts] == ["a.json", "sub/c.json"]
    (repo.folder / "a.json").unlink()
    assert repo.json("a.json", base="HEAD").verdicts == [("a.json", "removed", "contained")]


def test_ignored_files_count_only_when_named(repo: Repo) -> None:
    repo.commit(**{".gitignore": "out/\n"})
    repo.write("out/p.json", document("s3:*"))
    assert repo.json(base="HEAD").changes == []
    assert [one[0] for one in repo.json("out/p.json", base="HEAD").verdicts] == ["out/p.json"]


def test_excluded_files_and_other_files_are_left_out(repo: Repo) -> None:
    repo.commit(**{"iamlint.toml": 'exclude = ["fixtures/"]\n'})
    for name in ("fixtures/p.json", "node_modules/p.json", "p.py"):
        repo.write(name, document("s3:*"))
    assert repo.json(base="HEAD").changes == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("name", [b"a\nb.json", b'q"\t\\.json', b"\xff\xfe.json", b" -x.json", b"[a]*.json"])
def test_odd_names(repo: Repo, name: bytes) -> None:
    place = os.path.join(os.fsencode(repo.folder), name)
    for actions in (["s3:GetObject"], ["s3:*"]):
        with open(place, "wb") as file:
            file.write(json.dumps(document(*actions)).encode())
        if actions == ["s3:GetObject"]:
            repo.commit()
    result = repo.json(base="HEAD")
    assert [one[1:] for one in result.verdicts] == [("changed", "new-access")]
    text = repo.compare(os.fsdecode(name), base="HEAD")
    assert text.code == 1
    assert len(text.out.splitlines()[0].split(": ")) == 3


def test_a_new_version_that_cannot_be_read_is_an_error(repo: Repo) -> None:
    repo.write("a.json", '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action" "s3:*"}]}')
    result = repo.compare()
    assert result.code == 2
    assert "a.json:1:" in result.out


def test_an_old_version_that_could_not_be_read_makes_all_new(repo: Repo) -> None:
    repo.commit(a_json="<<<<<<< {{{ \0\0")
    repo.write("a.json", document("s3:GetObject"))
    assert repo.json(base="HEAD").verdicts == [("a.json", "added", "new-access")]


def test_a_huge_old_file_is_told(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit(a_json=document(*["s3:GetObject"] * 500))
    monkeypatch.setattr("iamlint.sources.revision.LARGEST_FILE", 1000)
    repo.write("a.json", document("s3:GetObject"))
    repo.write("b.json", document("s3:GetObjectAcl"))
    result = repo.compare(base="HEAD")
    assert result.code == 2
    assert "a.json: error unreadable: its old content has" in result.out
    assert "b.json:1: new access" in result.out


def test_links_are_no_files(repo: Repo) -> None:
    (repo.folder / "link.json").symlink_to("/etc/passwd")
    (repo.folder / "a.json").unlink()
    (repo.folder / "a.json").symlink_to("b.json")
    assert repo.json().verdicts == [("a.json", "removed", "contained")]


def test_a_repository_in_the_repository_is_told(repo: Repo) -> None:
    (repo.folder / "inner").mkdir()
    inner = Repo(repo.folder / "inner")
    inner.commit(p_json=document("s3:*"))
    result = repo.compare()
    assert result.code == 0
    assert "inner: diagnostic submodule: a repository of its own" in result.out


@pytest.mark.skipif(sys.platform == "win32", reason="the filter is a shell command")
def test_nothing_that_the_repository_configures_is_started(repo: Repo) -> None:
    mark = repo.folder.parent / f"{repo.folder.name}-started"
    repo.commit(**{".gitattributes": "* filter=evil diff=evil\n"})
    for key in (
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "core.fsmonitor",
        "core.pager",
    ):
        repo.git("config", key, f"touch {mark}; cat")
    repo.git("config", "filter.evil.required", "true")
    repo.write("a.json", document("s3:*"))
    os.utime(repo.folder / "b.json", (1, 1))
    assert repo.json(base="HEAD").verdicts == [("a.json", "changed", "new-access")]
    assert not mark.exists()


def test_markdown_is_for_a_comment(repo: Repo) -> None:
    repo.write("a.json", document("s3:*"))
    repo.write("b.json", document("s3:GetObject", effect="Deny"))
    result = repo.compare("--format", "markdown")
    assert result.code == 1
    assert result.out.startswith(
        "## Access of changed policies\n\n**2 changes (1 new access, 1 no new access)**\n"
    )
    assert "### New access\n\n- `a.json:1` `identity policy (changed)`\n" in result.out


@pytest.mark.parametrize(
    ("base", "argv", "message"),
    [
        ("mian", (), "there is no revision 'mian'\n  help: did you mean 'main'?"),
        ("v1", (), "there is no revision 'v1'"),
        ("--output=x", (), "there is no revision '--output=x'"),
        ("", (), "there is no revision ''"),
        ("main", ("absent.json",), "absent.json: no such file or folder, now or in main"),
        ("main", ("..",), "lies in no git repository"),
        ("main", ("-",), "not standard input"),
        ("main", ("--jsonl",), "--jsonl and --git-base exclude each other"),
    ],
)
def test_wrong_use(repo: Repo, base: str, argv: tuple[str, ...], message: str) -> None:
    result = repo.compare(*argv, base=base)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_no_repository(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert main(["compare", "--git-base", "main"], None, out, err, {}, str(tmp_path)) == 2
    assert ".: lies in no git repository" in err.getvalue()


def test_a_shallow_clone_is_told(repo: Repo, tmp_path_factory: pytest.TempPathFactory) -> None:
    repo.commit(a_json=document("s3:*"))
    folder = tmp_path_factory.mktemp("clone")
    subprocess.run(["git", "clone", "-q", "--depth=1", repo.folder.as_uri(), folder / "c"], check=True)
    out, err = io.StringIO(), io.StringIO()
    assert main(["compare", "--git-base", "HEAD~1"], None, out, err, {}, str(folder / "c")) == 2
    assert "the clone is shallow" in err.getvalue()


def test_histories_without_a_common_commit(repo: Repo) -> None:
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit(README="another history")
    result = repo.compare()
    assert result.code == 2
    assert "no common ancestor\n  help: write main.. to compare" in result.err
    assert repo.compare(base="main..").code == 0


def test_markdown_is_not_for_two_files(repo: Repo) -> None:
    out, err = io.StringIO(), io.StringIO()
    argv = ["compare", "a.json", "b.json", "--format", "markdown"]
    assert main(argv, None, out, err, {}, str(repo.folder)) == 2
