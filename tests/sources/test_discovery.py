"""Which files a run finds, under which names, and what it says about the rest."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from iamlint.model import Diagnostic
from iamlint.sources import discovery
from iamlint.sources.discovery import FoundFile, discover, find_root

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def write(root: Path, *names: str, text: str = "{}") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(root: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-C", str(root), *arguments],
        check=True,
        capture_output=True,
    )


def repository(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q")
    return root


def find(
    root: Path,
    *paths: str,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    respect_gitignore: bool = True,
    force_exclude: bool = False,
) -> list[str]:
    """Return report paths of files, and `path: code` (with `!` if fatal) of diagnostics."""
    found = discover(
        paths or ["."],
        cwd=str(root),
        include=include,
        exclude=exclude,
        respect_gitignore=respect_gitignore,
        force_exclude=force_exclude,
    )
    return [
        item.path if isinstance(item, FoundFile) else f"{item.path}: {item.code}{'!' if item.fatal else ''}"
        for item in found
    ]


@pytest.fixture(params=["git", "walk"])
def lister(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The two ways to list a folder of a work tree, which must agree."""
    if request.param == "walk":
        monkeypatch.setattr(discovery, "_git_program", lambda work_tree: None)
    elif shutil.which("git") is None:
        pytest.skip("git is not installed")
    return str(request.param)


# Candidates


def test_files_are_chosen_by_their_ending(tmp_path: Path) -> None:
    write(tmp_path, "a.json", "b.yaml", "c.YML", "d.template", "e.cfn", "f.txt", "g.tf.json")
    write(tmp_path, "h.py", "i.png", "j.md", ".env", ".bashrc")
    assert find(tmp_path) == ["a.json", "b.yaml", "c.YML", "d.template", "e.cfn", "f.txt", "g.tf.json"]


def test_names_without_ending_are_candidates_when_small(tmp_path: Path) -> None:
    write(tmp_path, "trust-policy", "empty", "big")
    (tmp_path / "empty").write_text("")
    (tmp_path / "big").write_bytes(b"x" * (256 * 1024 + 1))
    assert find(tmp_path) == ["trust-policy"]


def test_include_adds_files_whatever_their_ending(tmp_path: Path) -> None:
    write(tmp_path, "a.json", "policies/b.tpl", "other/c.tpl")
    assert find(tmp_path, include=["policies/*.tpl"]) == ["a.json", "policies/b.tpl"]


def test_exclude_leaves_out_files_and_folders_of_a_walk(tmp_path: Path) -> None:
    write(tmp_path, "a.json", "tests/b.json", "x/tests/c.json", "x/d.test.json")
    assert find(tmp_path, exclude=["tests/", "*.test.json"]) == ["a.json"]


def test_named_files_are_read_even_if_excluded(tmp_path: Path) -> None:
    write(tmp_path, "tests/b.json", "tests/c.py")
    assert find(tmp_path, "tests/b.json", "tests/c.py", exclude=["tests/"]) == ["tests/b.json", "tests/c.py"]
    assert find(tmp_path, "tests/b.json", exclude=["tests/"], force_exclude=True) == []
    assert find(tmp_path, "tests", exclude=["tests/"], force_exclude=True) == []


def test_force_exclude_leaves_out_named_files_of_skipped_folders(tmp_path: Path) -> None:
    write(tmp_path, "node_modules/x/a.json", "cdk.out/asset.1/b.json", "c.json")
    names = ["node_modules/x/a.json", "cdk.out/asset.1/b.json", "c.json"]
    assert find(tmp_path, *names, force_exclude=True) == ["c.json"]


def test_folders_that_hold_no_policies_of_the_project_are_skipped(tmp_path: Path, lister: str) -> None:
    repository(tmp_path) if lister == "git" else (tmp_path / ".git").mkdir()
    write(tmp_path, "a.json", ".terraform/b.json", "x/node_modules/c.json", "lib/site-packages/d.json")
    write(tmp_path, "env/pyvenv.cfg", "env/share/e.json", "cdk.out/asset.1/f.json", "cdk.out/asset.2.json")
    write(tmp_path, "cdk.out/App.template.json", ".git/g.json")
    assert find(tmp_path) == ["a.json", "cdk.out/App.template.json"]
    assert find(tmp_path, "cdk.out") == ["cdk.out/App.template.json"]


def test_a_skipped_folder_that_is_named_is_listed(tmp_path: Path) -> None:
    write(tmp_path, "node_modules/x/a.json")
    assert find(tmp_path, "node_modules") == ["node_modules/x/a.json"]


# Git


def test_ignored_files_are_left_out(tmp_path: Path, lister: str) -> None:
    root = repository(tmp_path) if lister == "git" else tmp_path
    write(root, ".git/info/exclude", text="local.json\n")
    write(root, ".gitignore", text="out/\n*.gen.json\n!keep.gen.json\n")
    write(root, "sub/.gitignore", text="/only-here.json\n")
    write(root, "a.json", "out/b.json", "c.gen.json", "keep.gen.json", "local.json")
    write(root, "sub/only-here.json", "sub/deep/only-here.json")
    assert find(root) == ["a.json", "keep.gen.json", "sub/deep/only-here.json"]
    assert find(root, "sub") == ["sub/deep/only-here.json"]
    assert len(find(root, respect_gitignore=False)) == 7


def test_an_ignored_folder_that_is_named_is_listed(tmp_path: Path, lister: str) -> None:
    root = repository(tmp_path) if lister == "git" else tmp_path
    (root / ".git").mkdir(exist_ok=True)
    write(root, ".gitignore", text="cdk.out\n*.tmp.json\n")
    write(root, "cdk.out/App.template.json", "cdk.out/nested/x.json")
    assert find(root) == []
    assert find(root, "cdk.out") == ["cdk.out/App.template.json", "cdk.out/nested/x.json"]


def test_gitignore_means_nothing_outside_a_work_tree(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", text="*.json\n")
    write(tmp_path, "a.json")
    assert find(tmp_path) == ["a.json"]


@needs_git
def test_tracked_files_count_even_if_ignored_and_deleted_ones_do_not(tmp_path: Path) -> None:
    root = repository(tmp_path)
    write(root, ".gitignore", text="*.json\n")
    write(root, "kept.json", "gone.json", "never-added.json")
    git(root, "add", "-f", "kept.json", "gone.json")
    (root / "gone.json").unlink()
    assert find(root) == ["kept.json"]


@needs_git
def test_a_conflicted_file_comes_once(tmp_path: Path) -> None:
    root = repository(tmp_path)
    write(root, "a.json", text="1")
    git(root, "add", ".")
    git(root, "commit", "-qm", "1")
    git(root, "checkout", "-qb", "other")
    write(root, "a.json", text="2")
    git(root, "commit", "-qam", "2")
    git(root, "checkout", "-q", "-")
    write(root, "a.json", text="3")
    git(root, "commit", "-qam", "3")
    with pytest.raises(subprocess.CalledProcessError):
        git(root, "merge", "other")
    assert find(root) == ["a.json"]


@needs_git
def test_submodules_and_nested_repositories_are_walked(tmp_path: Path) -> None:
    library = repository(tmp_path / "library")
    write(library, "lib.json", "ignored.json")
    write(library, ".gitignore", text="ignored.json\n")
    git(library, "add", ".")
    git(library, "commit", "-qm", "1")
    root = repository(tmp_path / "main")
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "modules/lib")
    nested = repository(root / "vendor" / "nested")
    write(nested, "n.json", "skipped.json")
    write(nested, ".gitignore", text="skipped.json\n")
    write(root, "a.json", "modules/lib/ignored.json")
    (root / "empty").mkdir()
    assert find(root) == ["a.json", "modules/lib/lib.json", "vendor/nested/n.json"]
    assert find(root, "modules/lib") == ["lib.json"]


def test_a_work_tree_that_git_refuses_is_walked(tmp_path: Path) -> None:
    write(tmp_path, ".git", text="gitdir: /nowhere\n")
    write(tmp_path, ".gitignore", text="b.json\n")
    write(tmp_path, "a.json", "b.json", "sub/c.json")
    assert find(tmp_path) == ["a.json", "sub/c.json"]


@needs_git
def test_nothing_of_the_repository_is_executed(tmp_path: Path) -> None:
    root = repository(tmp_path / "main")
    witness = tmp_path / "ran"
    program = tmp_path / "main" / "run.sh"
    write(root, "run.sh", text=f"#!/bin/sh\ntouch {witness}\n")
    program.chmod(0o755)
    hooks = root / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        shutil.copy(program, hooks / hook)
    shutil.copy(program, root / "git")
    write(root, "a.json")
    git(root, "add", "a.json")
    for key, value in {
        "core.fsmonitor": str(program),
        "core.hooksPath": str(hooks),
        "core.sshCommand": str(program),
        "core.pager": str(program),
        "filter.x.clean": str(program),
        "filter.x.process": str(program),
        "alias.ls-files": f"!{program}",
        "diff.external": str(program),
    }.items():
        git(root, "config", key, value)
    write(root, ".gitattributes", text="* filter=x\n")
    write(root, "a.json", text="changed")
    assert find(root, exclude=["hooks"]) == ["a.json", "git"]
    assert not witness.exists()
    subprocess.run(["git", "-C", str(root), "status"], check=False, capture_output=True)
    assert witness.exists(), "the trap must be able to snap"


@needs_git
def test_a_program_in_the_tree_is_never_taken_for_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path)
    write(root, "bin/git", text=f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (root / "bin" / "git").chmod(0o755)
    write(root, "a.json")
    monkeypatch.setenv("PATH", os.pathsep.join([str(root / "bin"), ".", "bin", os.environ["PATH"]]))
    monkeypatch.chdir(root)
    assert find(root) == ["a.json", "bin/git"]
    assert not (root / "ran").exists()


@needs_git
def test_variables_of_a_calling_hook_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path / "main")
    other = repository(tmp_path / "other")
    write(root, "a.json")
    write(other, "b.json")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert find(root) == ["a.json"]


# Roots and names


def test_report_paths_are_relative_to_the_work_tree(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, "sub/a.json")
    assert find(tmp_path / "sub") == ["sub/a.json"]
    assert find(tmp_path / "sub", "a.json") == ["sub/a.json"]


def test_without_a_work_tree_they_are_relative_to_the_current_folder(tmp_path: Path) -> None:
    write(tmp_path, "here/sub/a.json")
    assert find(tmp_path / "here", "sub") == ["sub/a.json"]
    assert find(tmp_path / "here", "./sub/../sub/a.json") == ["sub/a.json"]


def test_else_they_are_relative_to_the_folder_named(tmp_path: Path) -> None:
    write(tmp_path, "there/sub/a.json")
    (tmp_path / "here").mkdir()
    assert find(tmp_path / "here", "../there") == ["sub/a.json"]
    assert find(tmp_path / "here", "../there/sub/a.json") == ["a.json"]
    assert find_root("../there", str(tmp_path / "here")) == str(tmp_path / "there")
    assert find_root("../there/sub/a.json", str(tmp_path / "here")) == str(tmp_path / "there" / "sub")


def test_the_same_name_below_two_roots_stays_distinct(tmp_path: Path) -> None:
    for root in ("one", "two"):
        (tmp_path / root / ".git").mkdir(parents=True)
        write(tmp_path, f"{root}/a.json")
    assert find(tmp_path, "one", "two") == [f"{tmp_path}/two/a.json", "a.json"]


def test_a_file_comes_once_however_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, "sub/a.json")
    found = list(discover(["sub", "sub/a.json", ".", "./sub/"], cwd=str(tmp_path)))
    assert found == [
        FoundFile(str(tmp_path / "sub" / "a.json"), "sub/a.json", str(tmp_path), named=True, size=2)
    ]


def test_order_is_that_of_the_path_bytes(tmp_path: Path) -> None:
    write(tmp_path, "b.json", "a/z.json", "a.json", "B.json", "\u00e9.json", "a-b/c.json")
    assert find(tmp_path) == ["B.json", "a-b/c.json", "a.json", "a/z.json", "b.json", "\u00e9.json"]


@pytest.mark.skipif(os.name == "nt", reason="names are text on Windows")
def test_names_that_are_not_utf_8_survive(tmp_path: Path, lister: str) -> None:
    root = repository(tmp_path) if lister == "git" else tmp_path
    name = os.fsdecode(b"caf\xe9\n.json")
    write(root, name)
    assert find(root) == [name]
    assert find(root, name) == [name]


# Links


def test_links_inside_lead_to_the_real_file_once(tmp_path: Path, lister: str) -> None:
    root = repository(tmp_path / "main") if lister == "git" else tmp_path / "main"
    write(root, "real/a.json", "real/b.rare", "walked/own.json")
    (root / "walked" / "link.json").symlink_to("../real/a.json")
    (root / "walked" / "folder").symlink_to("../real")
    (root / "walked" / "loop").symlink_to("..")
    (root / "walked" / "b.json").symlink_to("../real/b.rare")
    assert find(root) == ["real/a.json", "real/b.rare", "walked/own.json"]
    if lister == "git":
        git(root, "add", ".")
        assert find(root) == ["real/a.json", "real/b.rare", "walked/own.json"]
        # Named alone: what its links lead to belongs to it, the folder around it does not.
        assert find(root, "walked") == ["real/a.json", "real/b.rare", "walked/own.json"]


def test_no_link_leads_out_of_the_root(tmp_path: Path, lister: str) -> None:
    root = repository(tmp_path / "main") if lister == "git" else tmp_path / "main"
    write(tmp_path, "outside/secret.json")
    write(root, "a.json")
    (root / "link.json").symlink_to("../outside/secret.json")
    (root / "folder").symlink_to("../outside")
    (root / "note.md").symlink_to("../outside/secret.json")
    expected = ["a.json", "folder: outside-root", "link.json: outside-root"]
    assert find(root) == expected
    if lister == "git":
        git(root, "add", ".")
        assert find(root) == expected
    assert find(root, "link.json") == ["link.json: outside-root!"]


@needs_git
def test_a_tracked_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    root = repository(tmp_path / "main")
    write(root, "sub/a.json")
    write(tmp_path, "outside/a.json")
    git(root, "add", ".")
    shutil.rmtree(root / "sub")
    (root / "sub").symlink_to(tmp_path / "outside")
    assert find(root) == ["sub: outside-root"]


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").symlink_to("nothing.json")
    (tmp_path / "b.md").symlink_to("nothing.md")
    (tmp_path / "self.json").symlink_to("self.json")
    assert find(tmp_path) == ["a.json: unreadable", "self.json: unreadable"]
    assert find(tmp_path, "a.json") == ["a.json: missing!"]


# What cannot be read


def test_a_missing_path_is_fatal(tmp_path: Path) -> None:
    assert find(tmp_path, "nope.json") == ["nope.json: missing!"]
    assert find(tmp_path, "nul\0l") == ["nul\0l: missing!"]
    assert find(tmp_path, "odd\ud800") == ["odd\\ud800: missing!"]
    write(tmp_path, "a.json")
    assert find(tmp_path, "a.json/b") == ["a.json/b: missing!"]


def test_a_large_file_is_told_and_not_read(tmp_path: Path) -> None:
    with (tmp_path / "big.json").open("wb") as file:
        file.truncate(discovery.LARGEST_FILE + 1)
    assert find(tmp_path) == ["big.json: too-large"]
    assert find(tmp_path, "big.json") == ["big.json: too-large!"]
    (message,) = [item.message for item in discover(["."], cwd=str(tmp_path)) if isinstance(item, Diagnostic)]
    assert message == "the file has 67,108,865 bytes; files over 64 MiB are not read"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    assert find(tmp_path) == []
    assert find(tmp_path, "a.json") == ["a.json: not-a-file!"]


def _denied(*_: object, **__: object) -> bool:
    return False


def test_what_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.json", "sub/b.json")
    monkeypatch.setattr(os, "access", _denied)
    assert find(tmp_path, "a.json", "sub") == ["a.json: unreadable!", "sub: unreadable!"]


def test_a_folder_that_cannot_be_listed_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.json", "sub/b.json")
    scandir: Callable[[str], object] = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("sub"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert find(tmp_path) == ["a.json", "sub: unreadable"]


@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "untracked"])
@needs_git
def test_ten_thousand_files_are_listed(tmp_path: Path, tracked: bool) -> None:
    root = repository(tmp_path)
    for number in range(100):
        folder = root / f"d{number % 10}" / f"e{number}"
        folder.mkdir(parents=True)
        for file in range(100):
            (folder / f"f{file}.{('json', 'py', 'md', 'yaml', 'go')[file % 5]}").touch()
    if tracked:
        git(root, "add", ".")
    assert len(find(root)) == 4_000


# Hostile repositories


def test_an_empty_path_is_no_name_of_the_current_folder(tmp_path: Path) -> None:
    write(tmp_path, "a.json")
    assert find(tmp_path, "") == ["'': missing!"]


@pytest.mark.parametrize(("path", "expected"), [("d", "d: unreadable!"), (".", "d: unreadable")])
def test_a_named_folder_that_cannot_be_listed_is_fatal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, expected: str
) -> None:
    write(tmp_path, "d/a.json")
    real = os.scandir

    def refuse(place: str) -> object:
        if place == str(tmp_path / "d"):
            raise PermissionError(13, "Permission denied")
        return real(place)

    monkeypatch.setattr(os, "scandir", refuse)
    assert find(tmp_path, path, respect_gitignore=False) == [expected]


def index_file(root: Path, *names: str) -> None:
    """Write a git index that holds `names`, whatever git thinks of them."""
    (root / "blob").write_text("{}")
    done = subprocess.run(
        ["git", "-C", str(root), "hash-object", "-w", "blob"], check=True, capture_output=True
    )
    (root / "blob").unlink()
    body = b"DIRC" + struct.pack(">II", 2, len(names))
    for name in sorted(map(os.fsencode, names)):
        entry = struct.pack(">10I", 0, 0, 0, 0, 0, 0, 0o100644, 0, 0, 2)
        entry += bytes.fromhex(done.stdout.decode().strip()) + struct.pack(">H", len(name)) + name
        body += entry + b"\0" * (8 - len(entry) % 8)
    (root / ".git" / "index").write_bytes(body + hashlib.sha1(body).digest())


@needs_git
def test_an_index_that_leads_out_of_the_work_tree_leads_nowhere(tmp_path: Path) -> None:
    write(tmp_path, "outside.json")
    root = repository(tmp_path / "repo")
    write(root, "a.json", "s/b.json", "a..b.json")
    (root / ".git" / "x.json").write_text("{}")
    index_file(root, "../outside.json", "s/../../outside.json", "a.json", "s/b.json", ".git/x.json")
    assert find(root) == [
        "../outside.json: outside-root",
        ".git/x.json: outside-root",
        "a..b.json",
        "a.json",
        "s/../../outside.json: outside-root",
        "s/b.json",
    ]


@needs_git
def test_a_repository_cannot_name_another_work_tree(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/other.json")
    root = repository(tmp_path / "repo")
    write(root, "a.json")
    git(root, "config", "core.worktree", str(tmp_path / "elsewhere"))
    assert find(root) == ["a.json"]


@needs_git
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("place", [".git/config", ".git/info/exclude", ".gitignore"])
def test_a_pipe_in_the_place_of_a_file_of_git_is_not_waited_for(tmp_path: Path, place: str) -> None:
    root = repository(tmp_path / "repo")
    write(root, "a.json")
    (root / place).unlink(missing_ok=True)
    os.mkfifo(root / place)
    assert find(root) == ["a.json"]
