"""The line hash is the value that GitHub's upload step computes."""

from __future__ import annotations

from collections import Counter

import pytest
from hand_made import FILES, content_of, find, finding
from hypothesis import given
from hypothesis import strategies as st

from iamlint.report.line_hash import line_hashes, primary_location_line_hashes
from iamlint.report.report import Content, LineHash

GREETING = [
    "e9496ae3ebfced30:1",
    "fb7c023a8b9ccb3f:1",
    "ce8ba1a563dcdaca:1",
    "e20e36e16fcb0cc8:1",
    "b3edc88f2938467e:1",
    "c8e28b0b4002a3a0:1",
    "c129715d7a2bc9a3:1",
]

# The first five are the test vectors of the upload step itself.
GOLDEN = {
    "empty": ("", ["c129715d7a2bc9a3:1"]),
    "blanks": (
        " a\nb\n  \t\tc\n d",
        ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
    ),
    "LF": (" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n", GREETING),
    "CRLF": (" hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n", GREETING),
    "CR": (" hello; \t\rworld!!!\r\r\r  \t\tGreetings\r End\r", GREETING),
    "mixed ends": (" hello; \t\r\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n", GREETING),
    "repeats": (
        "Lorem ipsum dolor sit amet.\n" * 10,
        [
            *(f"a7f2ff13bc495cf2:{number}" for number in range(1, 7)),
            "a7f2ff1481e87703:1",
            "a9cf91f7bbf1862b:1",
            "55ec222b86bcae53:1",
            "cc97dc7b1d7d8f7b:1",
            "c129715d7a2bc9a3:1",
        ],
    ),
    "beyond the BMP": ("\U0001f600 x\ny", ["b6911128cd9c1867:1", "ed3261245082261c:1"]),
    "byte order mark": ("\ufeffa\nb", ["763375ab6ee38983:1", "8ee5a81e681643c1:1"]),
}


@pytest.mark.parametrize(("text", "values"), GOLDEN.values(), ids=GOLDEN)
def test_golden_values(text: str, values: list[str]) -> None:
    content = Content(text.removeprefix("\ufeff"), marked=text.startswith("\ufeff"))
    hashes = line_hashes(content, range(1, len(values) + 2))
    assert hashes == dict(enumerate(values, 1))


def rolling_hashes(text: str) -> list[str]:
    """Return the hash of every line, unit by unit, as the upload step does it."""
    data = text.encode("utf-16-le", "surrogatepass")
    raw = [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]
    kept: list[int] = []
    after_return = False
    for unit in raw:
        if unit in {0x20, 0x09} or (after_return and unit == 0x0A):
            after_return = False
            continue
        after_return = unit == 0x0D
        kept.append(0x0A if unit == 0x0D else unit)
    kept += [65535] + [0] * 100
    window = [0] * 100
    starts: list[int | None] = [None] * 100
    value, line, at_start = 0, 0, True
    seen: Counter[int] = Counter()
    result: list[str] = []
    for at, unit in enumerate(kept):
        index = at % 100
        if starts[index] is not None:
            seen[value] += 1
            result.append(f"{value:x}:{seen[value]}")
            starts[index] = None
        if at_start and at < len(kept) - 100:
            line += 1
            starts[index] = line
            at_start = False
        at_start = at_start or unit == 0x0A
        value = (37 * value + unit - 37**100 * window[index]) % 2**64
        window[index] = unit
    return result


@given(st.text(st.sampled_from("ab \t\n\r{}\u00e9\u8a2d\U0001f600\uffff"), max_size=300))
def test_agrees_with_the_rolling_hash(text: str) -> None:
    expected = rolling_hashes(text)
    assert line_hashes(Content(text), range(1, 1000)) == dict(enumerate(expected, 1))


def test_only_the_lines_asked_for_are_returned() -> None:
    assert list(line_hashes(Content("a\nb\nc\n"), [2, 99])) == [2]


def test_findings_of_one_rule_on_one_line_stay_apart() -> None:
    path = "policies/min.json"
    first = finding(find(path, '"iam:*"', 1), "One.", fingerprint="a" * 32)
    second = finding(find(path, '"iam:*"', 2), "Two.", fingerprint="b" * 32)
    third = finding(find(path, '"iam:*"', 3), "Three.", fingerprint="b" * 32 + ":2")
    other = finding(find(path, '"iam:*"', 3), "Other rule.", rule="IAM999", fingerprint="c" * 32)
    findings = [first, second, third, other]
    contents = content_of(FILES).get
    exact = primary_location_line_hashes(findings, contents, LineHash.EXACT)
    assert len(set(exact)) == 1
    assert primary_location_line_hashes(findings, contents, LineHash.NONE) == [None] * 4
    plain = exact[0]
    assert plain is not None
    distinct = primary_location_line_hashes(findings, contents, LineHash.DISTINCT)
    assert distinct == [plain, f"{plain}-bbbbbbbb", f"{plain}-bbbbbbbb:2", plain]


def test_a_file_that_cannot_be_shown_has_no_hash() -> None:
    place = find("policies/min.json", '"iam:*"')
    assert primary_location_line_hashes([finding(place, "x")], lambda _: None, LineHash.EXACT) == [None]
