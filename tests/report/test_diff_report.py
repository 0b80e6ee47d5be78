"""Diffs: the form that patch reads, safe to show, and never slow."""

from __future__ import annotations

import io

import pytest

from iamlint.report.diff_report import write_diff
from iamlint.report.report import Display


def diff(
    old: str, new: str, *, colour: bool = False, runner: bool = False, hidden: tuple[str, ...] = ()
) -> str:
    stream = io.StringIO()
    write_diff("p.json", old, new, stream, Display(colour=colour, runner=runner), hidden)
    return stream.getvalue().removeprefix("--- p.json\n+++ p.json\n")


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"),
        ("a\n", "a\nb\n", "@@ -1 +1,2 @@\n a\n+b\n"),
        ("a\nb", "a\nB", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+B\n\\ No newline at end of file\n"),
        ("a\r\nb\r\n", "a\r\nB\r\n", "@@ -1,2 +1,2 @@\n a\n-b\n+B\n"),
        ("\ta\x1b[31m\n", "\tb\u202e\n", "@@ -1 +1 @@\n-\ta\\x1b[31m\n+\tb\\u202e\n"),
        ("a\u2028b\n", "c\n", "@@ -1 +1 @@\n-a\\u2028b\n+c\n"),
    ],
)  # fmt: skip
def test_the_lines(old: str, new: str, shown: str) -> None:
    assert diff(old, new) == shown


def test_changes_far_apart_have_heads_of_their_own() -> None:
    lines = [f"{number}\n" for number in range(40)]
    new = [*lines]
    new[5], new[30] = "x\n", "y\n"
    heads = [line for line in diff("".join(lines), "".join(new)).splitlines() if line.startswith("@@")]
    assert heads == ["@@ -3,7 +3,7 @@", "@@ -28,7 +28,7 @@"]


def test_colour_and_secrets() -> None:
    assert "\x1b[31m-a\x1b[0m\n\x1b[32m+b\x1b[0m\n" in diff("a\n", "b\n", colour=True)
    key = "AKIA" + "Q" * 16
    shown = diff(f"{key} hunter22\na\n", f"{key} hunter22\nb\n", hidden=("hunter22",))
    assert f" AKIA{'*' * 16} ********\n" in shown


def test_no_line_is_a_command_to_a_build_server() -> None:
    assert "##[" not in diff("##[error]x\n", "y\n", runner=True)


def test_a_hostile_file_is_not_searched_for_what_is_equal() -> None:
    old = "".join(f"{number % 150}\n" for number in range(60_000))
    shown = diff(old, "x\n" + old + "y\n")
    assert [line for line in shown.splitlines() if line.startswith("@@")] == ["@@ -1,60000 +1,60002 @@"]
