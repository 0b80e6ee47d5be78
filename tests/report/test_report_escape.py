"""Nothing from input acts on a terminal, on a build server, or on a reader of the report."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.report.escape import escape, mask, runner_safe, well_formed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3:Get*", "s3:Get*"),
        ("Büro 設定", "Büro 設定"),
        ("full\u3000width blank", "full\u3000width blank"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x00\x07\x08\x7f", "\\x00\\x07\\x08\\x7f"),
        ("\x9b2J", "\\x9b2J"),
        ("user\u202egnp", "user\\u202egnp"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("line\u2028end\u2029", "line\\u2028end\\u2029"),
        ("private\ue000\U000f0000", "private\\ue000\\U000f0000"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("name\udcff", "name\\udcff"),
    ],
)
def test_escape_shows_what_would_act_or_hide(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_long_text_is_cut() -> None:
    assert escape("a" * 10, limit=4) == "aaaa…"


@given(st.text(st.characters(codec=None), max_size=40))
def test_escaped_text_has_no_unsafe_category(text: str) -> None:
    shown = escape(text, runner=True)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=40))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    ("line", "safe"),
    [
        ("::error::x", ": :error::x"),
        ("  ::error::x", "  : :error::x"),
        ("arn:aws:s3:::b", "arn:aws:s3:::b"),
        ("a ##[error]b", "a ## [error]b"),
        ("##vso[task.complete]", "## vso[task.complete]"),
        ("###[x]", "### [x]"),
        ("# heading", "# heading"),
    ],
)
def test_no_line_is_a_command_to_a_runner(line: str, safe: str) -> None:
    assert runner_safe(line) == safe


SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("AKIAIOSFODNN7EXAMPLE", "AKIA****************"),
        ('"ASIAIOSFODNN7EXAMPLE",', '"ASIA****************",'),
        (f'secret = "{SECRET}"', f'secret = "wJal{"*" * 36}"'),
        (f"key={SECRET}\n", f"key=wJal{'*' * 36}\n"),
        (
            "token IQoJb3JpZ2luX2VjE" + "aB3" * 40 + "== end",
            "token IQoJ" + "*" * (len("b3JpZ2luX2VjE") + 122) + " end",
        ),
        # Not secrets: ids of roles and users, digests, longer and shorter runs, names.
        ("AROAIOSFODNN7EXAMPLE:session", "AROAIOSFODNN7EXAMPLE:session"),
        ("990f4193972f2becf12ddeda5237f9c952f20d9e", "990f4193972f2becf12ddeda5237f9c952f20d9e"),
        (SECRET + "x", SECRET + "x"),
        ("MyVeryLongRoleNameThatHasNoDigitsInItAtA", "MyVeryLongRoleNameThatHasNoDigitsInItAtA"),
        ("arn:aws:iam::123456789012:role/service-role/x", "arn:aws:iam::123456789012:role/service-role/x"),
    ],
)
def test_secrets_keep_four_characters(text: str, shown: str) -> None:
    assert mask(text) == shown


@given(st.text("AKIS0a/+=\"' ", max_size=60), st.text("AKIS0a/+=\"' ", max_size=60))
def test_masking_keeps_the_length(before: str, after: str) -> None:
    text = before + SECRET + after
    assert len(mask(text)) == len(text)


@given(st.text(st.characters(codec=None), max_size=20))
def test_well_formed_text_can_be_encoded(text: str) -> None:
    safe = well_formed(text)
    safe.encode("utf-8")
    assert (safe == text) == text.isascii() or safe == text or "\\ud" in safe


def test_well_formed_names_the_surrogate() -> None:
    assert well_formed("é\udcff\ud800") == "é\\udcff\\ud800"
