"""What the README shows is what happens."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest

from iamlint.cli.main import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCREENS = re.findall(r"```text\n\$ iamlint (.+)\n([\s\S]*?)```", README)


@pytest.mark.parametrize(("command", "shown"), SCREENS, ids=[command for command, _ in SCREENS])
def test_the_screen_is_true(command: str, shown: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    main(shlex.split(command), None, out, err, {}, str(ROOT))
    assert out.getvalue() == shown
    assert err.getvalue() == ""


def test_the_build_runs_the_test_command_of_the_readme() -> None:
    (command,) = re.findall(r"```sh\n(.*-m pytest)\n```", README)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https:)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
