"""Bytes to text, offsets to places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.sources.text import Text, UnreadableTextError, decode


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_one(ending: str) -> None:
    text = Text("f", f"ab{ending}c{ending}{ending}d")
    assert text.position(text.text.index("d")) == (4, 1)
    assert text.position(text.text.index("c")) == (2, 1)


@pytest.mark.parametrize(
    ("data", "text", "marked"),
    [
        (b"ab", "ab", False),
        (b"\xef\xbb\xbfab", "ab", True),
        ("ab".encode("utf-16"), "ab", True),
        ("ab".encode("utf-16-le"), "ab", False),
        ("ab".encode("utf-16-be"), "ab", False),
        ("\U0001f600".encode(), "\U0001f600", False),
        (b"", "", False),
    ],
    ids=["plain", "mark", "utf-16", "little", "big", "emoji", "empty"],
)
def test_encodings(data: bytes, text: str, marked: bool) -> None:
    found = decode("f", data)
    assert (found.text, found.marked) == (text, marked)


def test_bytes_that_are_no_text_say_where() -> None:
    with pytest.raises(UnreadableTextError, match="byte 4") as caught:
        decode("f", b"ab\nc\xff")
    assert caught.value.line == 2


@given(st.text(max_size=30), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.data())
def test_bytes_of_a_span_are_its_characters(content: str, encoding: str, data: st.DataObject) -> None:
    content = "xy" + content  # a zero byte in second place would tell UTF-16
    try:
        raw = content.encode(encoding)
    except UnicodeEncodeError:
        return
    text = decode("f", raw)
    start = data.draw(st.integers(0, len(text.text)))
    end = data.draw(st.integers(start, len(text.text)))
    span = text.span(start, end)
    cut = raw[span.byte_offset : span.byte_offset + span.byte_length]
    assert cut.decode(text.encoding) == text.text[start:end]


@given(st.text("ab\r\n", max_size=20))
def test_positions_count_lines_as_an_editor_does(content: str) -> None:
    text = Text("f", content)
    for offset in range(len(content) + 1):
        before = content[:offset]
        if before.endswith("\r") and content[offset : offset + 1] == "\n":
            continue
        lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert text.position(offset) == (len(lines), len(lines[-1]) + 1)
