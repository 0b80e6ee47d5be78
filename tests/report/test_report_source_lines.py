"""Lines of files as reports show them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.model import Span
from iamlint.report.report import Content
from iamlint.report.source_lines import SourceLines


def lines_of(text: str, *hidden: Span) -> list[str | None]:
    source = SourceLines(lambda _: Content(text, hidden=hidden))
    count = len(re.split(r"\r\n|\r|\n", text))
    return [source.line("a", number) for number in range(count + 2)]


@given(st.text(alphabet="a \r\n\u2028é"))
def test_lines_are_those_of_an_editor(text: str) -> None:
    assert lines_of(text) == [None, *re.split(r"\r\n|\r|\n", text), None]


def test_a_file_that_cannot_be_shown_has_no_lines() -> None:
    assert SourceLines(lambda _: None).line("a", 1) is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_secret_over_lines_is_hidden(end: str) -> None:
    text = f"a: 'one two{end}three' x{end}b"
    assert lines_of(text, Span("a", 1, 4, 2, 7, 3, 1)) == [None, "a: '*** ***", "*****' x", "b", None]
