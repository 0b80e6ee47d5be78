"""Progress shows on a terminal, after a silent second, and goes away."""

from __future__ import annotations

import io
import time

import pytest

from iamlint.cli.progress import Progress


def test_short_runs_and_other_outputs_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    shown, silent = io.StringIO(), io.StringIO()
    on, off = Progress(shown, enabled=True), Progress(silent, enabled=False)
    for moment in (0.5, 1.5, 1.55, 2.0):
        now[0] = moment
        on(int(moment * 100), 1000)
        off(int(moment * 100), 1000)
    on.clear()
    on.clear()
    off.clear()
    assert silent.getvalue() == ""
    assert shown.getvalue() == "\r150 of 1000 files\x1b[K\r200 of 1000 files\x1b[K\r\x1b[K"
