"""A file is replaced whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from iamlint.auditing import replacing
from iamlint.auditing.replacing import ReplaceError, replace_content


def test_content_changes_and_the_mode_stays(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(b"old")
    path.chmod(0o751)
    replace_content(str(path), b"old", b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert os.listdir(tmp_path) == ["p.json"]


def left_alone(path: Path, message: str) -> None:
    before = sorted(os.listdir(path.parent))
    with pytest.raises(ReplaceError, match=message):
        replace_content(str(path), b"old", b"new")
    assert sorted(os.listdir(path.parent)) == before


def test_what_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(b"odd")
    left_alone(path, "changed meanwhile")
    assert path.read_bytes() == b"odd"


def test_a_change_while_the_new_content_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(b"old")
    keep = replacing._keep

    def and_somebody_saves(descriptor: int, name: str, known: os.stat_result) -> None:
        keep(descriptor, name, known)
        path.write_bytes(b"theirs")

    monkeypatch.setattr(replacing, "_keep", and_somebody_saves)
    left_alone(path, "changed meanwhile")
    assert path.read_bytes() == b"theirs"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    path = tmp_path / "p.json"
    path.symlink_to("real")
    left_alone(path, "a link")
    assert (tmp_path / "real").read_bytes() == b"old"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "p.json").write_bytes(b"old")
    (tmp_path / "way").symlink_to("folder")
    left_alone(tmp_path / "way" / "p.json", "a link")


def test_a_file_with_two_names_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(b"old")
    os.link(path, tmp_path / "q.json")
    left_alone(path, "hard link")


def test_a_missing_file_and_a_write_protected_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.json"
    left_alone(path, "cannot be written: no such file")
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)
    left_alone(path, "write-protected")


def test_nothing_is_written_over_a_file_that_lies_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(b"old")
    trap = tmp_path / f".iamlint-{os.getpid()}.tmp"
    trap.symlink_to("elsewhere")
    left_alone(path, "cannot be written: file exists")
    assert trap.is_symlink()
