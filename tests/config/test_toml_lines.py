"""The line of every key, in every way that TOML lets one write a key."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.config.toml_lines import KeyPath, TomlLines

TEXT = '''# a comment with [brackets] and key = "value"
select = ["IAM1",
  # between
  "IAM2", 'IAM3',
]
a.b."c.d" = 1
text = """
[not.a.table]
key = 1
ends with quotes"""""
raw = \'\'\'
[neither]
\'\'\'
"quo\\u0074ed" = { x = 1, y = [ { z = 2 } ], "w w" = "}]" }

[severity]   # trailing
IAM101 = "low"
  [ per-file-ignores ]
"tests/*" = ["IAM1"]

[[ignore]]
rule = "A"
[[ignore]]
rule = "B"
[ignore.deep]
key = 2026-01-01T10:00:00Z
[[ignore.list]]
k = 1
[[ignore.list]]
k = 2
'''

LINES: list[tuple[KeyPath, int]] = [
    (("select",), 2),
    (("select", 0), 2),
    (("select", 1), 4),
    (("select", 2), 4),
    (("a",), 6),
    (("a", "b", "c.d"), 6),
    (("text",), 7),
    (("raw",), 11),
    (("quoted",), 14),
    (("quoted", "y", 0, "z"), 14),
    (("quoted", "w w"), 14),
    (("severity",), 16),
    (("severity", "IAM101"), 17),
    (("per-file-ignores",), 18),
    (("per-file-ignores", "tests/*", 0), 19),
    (("ignore", 0), 21),
    (("ignore", 0, "rule"), 22),
    (("ignore", 1), 23),
    (("ignore", 1, "rule"), 24),
    (("ignore", 1, "deep", "key"), 26),
    (("ignore", 1, "list", 0, "k"), 28),
    (("ignore", 1, "list", 1, "k"), 30),
    (("ignore", 1, "unknown"), 23),
    (("nowhere",), 1),
]


@pytest.mark.parametrize(("path", "line"), LINES, ids=str)
def test_line_of_a_key(path: KeyPath, line: int) -> None:
    tomllib.loads(TEXT)
    assert TomlLines(TEXT).line(path) == line


def test_windows_line_ends_count_once() -> None:
    lines = TomlLines("a = 1\r\n\r\nb = 2\r\n")
    assert lines.line(("b",)) == 3
    assert lines.source(3) == "b = 2"


KEYS = st.one_of(st.from_regex(r"[a-z0-9_-]{1,4}", fullmatch=True), st.text(max_size=4))
VALUES = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


@given(
    st.dictionaries(KEYS, VALUES, max_size=5),
    st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES), max_size=3),
)
def test_every_key_of_any_text_has_the_line_it_was_written_on(
    top: dict[str, object], tables: dict[str, dict[str, object]]
) -> None:
    text = ""
    expected: dict[KeyPath, int] = {}
    line = 1
    for key, value in top.items():
        expected[(key,)] = line
        text += f"{_quoted(key)} = {_value(value)}\n"
        line += 1
    for name, table in tables.items():
        if name in top:
            continue
        text += f"[{_quoted(name)}]\n"
        expected[(name,)] = line
        line += 1
        for key, value in table.items():
            expected[(name, key)] = line
            text += f"{_quoted(key)} = {_value(value)}\n"
            line += 1
    tomllib.loads(text)
    lines = TomlLines(text)
    assert {path: lines.line(path) for path in expected} == expected


def _quoted(text: str) -> str:
    escaped = "".join(f"\\U{ord(c):08x}" if c in '"\\' or not c.isprintable() else c for c in text)
    return f'"{escaped}"'


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)} = {_value(item)}" for key, item in value.items()) + "}"
    return _quoted(value) if isinstance(value, str) else str(value)
