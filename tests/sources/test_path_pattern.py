"""Patterns mean what gitignore(5) says; git itself is the judge where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamlint.sources.discovery import FoundFile, discover
from iamlint.sources.path_pattern import PathSet, PatternList, parse_pattern

MATCHES = [
    # pattern, path, matched
    ("*.json", "a.json", True),
    ("*.json", "deep/down/a.json", True),
    ("*.json", "a.yaml", False),
    ("/a.json", "a.json", True),
    ("/a.json", "deep/a.json", False),
    ("policies/*.json", "policies/a.json", True),
    ("policies/*.json", "policies/scp/a.json", False),
    ("policies/*.json", "x/policies/a.json", False),
    ("policies/**/*.json", "policies/a.json", True),
    ("policies/**/*.json", "policies/x/y/a.json", True),
    ("**/scp/*.json", "scp/a.json", True),
    ("**/scp/*.json", "x/y/scp/a.json", True),
    ("generated", "generated/a.json", True),
    ("generated", "x/generated/y/a.json", True),
    ("generated/", "generated/a.json", True),
    ("generated/", "generated", False),
    ("generated/**", "generated/x/a.json", True),
    ("a?.json", "ab.json", True),
    ("a?.json", "a/.json", False),
    ("a[0-9].json", "a7.json", True),
    ("a[!0-9].json", "a7.json", False),
    ("a[]x].json", "a].json", True),
    ("[[:digit:]]*.json", "1a.json", True),
    ("a\\*.json", "a*.json", True),
    ("a\\*.json", "ab.json", False),
    ("a[b.json", "a[b.json", False),
    ("*", "anything/at/all", True),
    ("caf\u00e9/*", "caf\u00e9/x.json", True),
]


@pytest.mark.parametrize(("pattern", "path", "matched"), MATCHES, ids=str)
def test_pattern_matches_path(pattern: str, path: str, matched: bool) -> None:
    assert PathSet([pattern]).holds(path) is matched


def test_the_last_pattern_that_matches_decides() -> None:
    patterns = PathSet(["*.json", "!keep.json"])
    assert patterns.holds("a.json")
    assert not patterns.holds("keep.json")


def test_a_file_below_a_matched_folder_cannot_be_taken_back() -> None:
    assert PathSet(["out/", "!out/keep.json"]).holds("out/keep.json")


@pytest.mark.parametrize("line", ["", "   ", "# note", "/", "!"])
def test_lines_that_are_no_pattern(line: str) -> None:
    assert parse_pattern(line) is None


def test_hostile_pattern_costs_no_time() -> None:
    started = time.perf_counter()
    assert not PathSet(["*a" * 40 + "b"]).holds("a" * 250)
    assert not PathSet(["**/a/" * 40 + "b"]).holds("a/" * 250 + "c")
    assert time.perf_counter() - started < 0.5


def test_empty_list_is_false() -> None:
    assert not PatternList(["# only a comment", ""])
    assert not PathSet([])


LETTERS = st.sampled_from(["a", "b", "ab", "a.json", "b.json", "-", "]x"])
PIECES = st.sampled_from(
    ["a", "b", "*", "?", "**", "/", "[ab]", "[!a]", ".json", "\\a", "[a-c", "[]x]", "[b-]", "-", " "]
)
PATTERNS = st.builds(
    lambda mark, pieces: mark + "".join(pieces),
    st.sampled_from(["", "", "", "!"]),
    st.lists(PIECES, max_size=5),
).filter(lambda text: "[a-c" not in text or "/" not in text)
# A slash between brackets always ends a name here, as in POSIX; git's matcher reads on.


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    paths=st.sets(st.lists(LETTERS, min_size=1, max_size=3).map("/".join), min_size=1, max_size=6),
    top=st.lists(PATTERNS, max_size=4),
    inner=st.lists(PATTERNS, max_size=2),
)
def test_our_walk_ignores_what_git_ignores(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    paths: set[str],
    top: list[str],
    inner: list[str],
) -> None:
    root = tmp_path_factory.mktemp("tree")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    for path in sorted(paths):
        _write(root / path)
    _write(root / ".gitignore", "\n".join(top))
    if (root / "a").is_dir():
        _write(root / "a" / ".gitignore", "\n".join(inner))

    by_git = _found(root)
    with monkeypatch.context() as patch:
        patch.setattr("iamlint.sources.discovery._git_program", lambda work_tree: None)
        by_walk = _found(root)
    shutil.rmtree(root)
    assert by_walk == by_git


def _found(root: Path) -> list[str]:
    found = discover([str(root)], cwd=str(root), include=["*"])
    return [item.path for item in found if isinstance(item, FoundFile)]


def _write(path: Path, text: str = "x") -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.isdir(path):
            path.write_text(text)
    except (FileExistsError, NotADirectoryError):
        return
