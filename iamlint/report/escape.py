"""Text from the input made safe to show: visible escapes, broken runner commands, masked secrets.

Everything that comes from input (file names, policy text, messages that quote it, configuration)
passes `escape` before a report for people, `mask` before any report, and `well_formed` before a
report for programs.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LIMIT", "PATH_LIMIT", "escape", "escape_character", "mask", "runner_safe", "well_formed"]

LIMIT = 2000
"""Code points of one text that are shown; more is cut."""

PATH_LIMIT = 5000
"""Code points of a file name that are shown: longer than systems allow."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Controls (escape sequences begin with one), format characters (they reorder or hide text), lone
# surrogates, private use, line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def escape_character(character: str) -> str:
    r"""Return `character` itself where it is safe to show, else an escape such as `\x1b` or `\u202e`."""
    if character.isprintable() or unicodedata.category(character) not in _UNSAFE:
        return character
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def escape(text: str, *, runner: bool = False, limit: int = LIMIT) -> str:
    """Return `text` on one line, without characters that act on a terminal or hide or reorder text.

    More than `limit` code points are cut. With `runner`, commands to a build server are broken too
    (see `runner_safe`).
    """
    cut = len(text) > limit
    if cut:
        text = text[:limit]
    if not text.isprintable():
        text = "".join(map(escape_character, text))
    if cut:
        text += "…"
    return runner_safe(text) if runner else text


_OLD_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")


def runner_safe(line: str) -> str:
    """Return `line` so that no build server takes it for a command.

    GitHub's runner takes a line for a command when `::` is the first thing on it, blanks left
    aside, or when `##[` stands anywhere; others know `##vso[` and the like.
    """
    if "##" in line:
        line = _OLD_COMMAND.sub("## ", line)
    bare = line.lstrip()
    if bare.startswith("::"):
        blanks = len(line) - len(bare)
        line = f"{line[:blanks]}: :{bare[2:]}"
    return line


# Access key ids of users (AKIA) and of sessions (ASIA), as the IAM User Guide lists them under
# "Understanding unique ID prefixes"; session tokens; and runs that can be secret keys, which are 40
# characters of base64. A run in one letter case is no secret but a SHA-1 digest or a name.
_SECRET = re.compile(
    r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])(?:IQoJ|FwoG|FQoG)[A-Za-z0-9/+]{80,}={0,2}"
    r"|(?<![A-Za-z0-9/+])(?=[A-Z0-9/+]{0,39}[a-z])(?=[a-z0-9/+]{0,39}[A-Z])(?=[A-Za-z/+]{0,39}[0-9])"
    r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])"
)


_SHORTEST_SECRET = 20


def _star(match: re.Match[str]) -> str:
    secret = match[0]
    return secret[:4] + "*" * (len(secret) - 4)


def mask(text: str) -> str:
    """Return `text` with secrets starred from their fifth character on; the length stays the same."""
    return text if len(text) < _SHORTEST_SECRET else _SECRET.sub(_star, text)


def well_formed(text: str) -> str:
    r"""Return `text` with lone surrogates written out as `\udcff`.

    Strict parsers refuse a whole JSON document for one lone surrogate, so a hostile file name could
    make a report unreadable.
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
