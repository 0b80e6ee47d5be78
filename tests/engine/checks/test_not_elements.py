"""What an Allow with NotAction leaves, as its message says."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from iamlint.cli.main import main


@pytest.mark.parametrize(
    ("excluded", "denied", "words"),
    [
        ("s3:*", [], "iam:AttachRolePolicy among it"),
        ("iam:*", [], "but not IAM"),
        ("s3:*", ["iam:*"], "services after its Denies, but not IAM"),
        ("s3:*", ["iam:*Policy*", "ec2:RunInstances"], "but of IAM nothing that makes administrators"),
        ("s3:Get*", [], "and parts of 1, iam:AttachRolePolicy among it"),
    ],
)
def test_what_is_left(tmp_path: Path, excluded: str, denied: list[str], words: str) -> None:
    statements: list[object] = [{"Effect": "Allow", "NotAction": excluded, "Resource": "*"}]
    if denied:
        statements.append({"Effect": "Deny", "Action": denied, "Resource": "*"})
    (tmp_path / "p.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    out = io.StringIO()
    main(["check", "--select", "IAM131", "p.json"], None, out, io.StringIO(), {}, str(tmp_path))
    assert "that is all of 4" in out.getvalue()
    assert words in out.getvalue()
