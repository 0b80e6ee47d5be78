"""The hash by which GitHub's code scanning tells whether two alerts are the same.

The standard upload step computes `primaryLocationLineHash` when a result has none, and logs a
warning when its own differs. So this is the same value: see `fingerprints.ts` in the public
repository of the action that uploads SARIF.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from operator import mul

from iamlint.model import Finding
from iamlint.report.report import Content, LineHash

__all__ = ["line_hashes", "primary_location_line_hashes"]

_BLOCK = 100
_MULTIPLIER = 37
_MASK = (1 << 64) - 1
_END_OF_FILE = 65535

_POWERS = tuple(pow(_MULTIPLIER, _BLOCK - 1 - at, 1 << 64) for at in range(_BLOCK))
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def line_hashes(content: Content, lines: Iterable[int]) -> dict[int, str]:
    """Return the hash of each of `lines` (numbers from 1) of a file; lines that do not exist are left out.

    A hash covers the 100 UTF-16 code units from the line's beginning on, blanks left aside, and
    says which occurrence of the value in the file it is, from 1. Only lines down to the last one
    asked for are looked at.
    """
    # The rolling hash of the reference, taken where the window starts at a line's first unit, is a
    # plain polynomial over that window. So equal windows are counted as text, and only the lines
    # asked for cost arithmetic. Two different windows with one hash, which would be counted
    # together there, do not occur by chance: the hash has 64 bits.
    wanted = set(lines)
    units = content.text.replace("\r\n", "\n").replace("\r", "\n").replace(" ", "").replace("\t", "")
    if _ASTRAL.search(units):
        units = _ASTRAL.sub(_surrogates, units)
    if content.marked:
        units = "\ufeff" + units
    units += chr(_END_OF_FILE)
    seen: Counter[str] = Counter()
    result: dict[int, str] = {}
    start, last = 0, max(wanted, default=0)
    for number in range(1, last + 1):
        window = units[start : start + _BLOCK]
        seen[window] += 1
        if number in wanted:
            result[number] = f"{_polynomial(window):x}:{seen[window]}"
        start = units.find("\n", start) + 1
        if start == 0:
            break
    return result


def _surrogates(match: re.Match[str]) -> str:
    code = ord(match[0]) - 0x10000
    return chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def _polynomial(window: str) -> int:
    total: int = sum(map(mul, map(ord, window), _POWERS))
    return total & _MASK


def primary_location_line_hashes(
    findings: Sequence[Finding], content: Callable[[str], Content | None], mode: LineHash
) -> list[str | None]:
    """Return the hash of each of `findings`, None where the file cannot be read or `mode` is none.

    Findings of one rule on one line, which is normal where a document stands on one line, would be
    one alert. With `distinct` each but the first has a part of its own fingerprint appended.
    """
    if mode is LineHash.NONE:
        return [None] * len(findings)
    lines: dict[str, set[int]] = {}
    for finding in findings:
        lines.setdefault(finding.primary.path, set()).add(finding.primary.start_line)
    hashes: dict[str, dict[int, str]] = {}
    for path, wanted in lines.items():
        text = content(path)
        hashes[path] = {} if text is None else line_hashes(text, wanted)
    taken: set[tuple[str, str, int]] = set()
    result: list[str | None] = []
    for finding in findings:
        span = finding.primary
        value = hashes[span.path].get(span.start_line)
        if value is not None and mode is LineHash.DISTINCT:
            key = (finding.rule_id, span.path, span.start_line)
            if key in taken:
                # Equal fingerprints of one report differ in the ordinal after the colon.
                identity, colon, ordinal = finding.fingerprint.partition(":")
                value += f"-{identity[:8]}{colon}{ordinal}"
            taken.add(key)
        result.append(value)
    return result
