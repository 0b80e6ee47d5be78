r"""What comments say to iamlint, in any format that has comments.

    # iamlint: ignore[IAM101, full-admin-statement] reason      this line, or the next block
    # iamlint: ignore[IAM101: kms:ReEncrypt*] reason            findings about these values only
    # iamlint: file-ignore[IAM101] until=2030-12-31 reason      the whole file
    # iamlint: disable[IAM101] reason ... # iamlint: enable[IAM101]

A format tells what begins a comment, which places are text and no comment, and which block comes next
(`Layout`). All else is here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from iamlint.model import WHOLE_FILE, Diagnostic, Ignore, IgnoredRule
from iamlint.record import record
from iamlint.sources.text import Text

__all__ = ["MOST_IGNORES", "Comment", "Layout", "Said", "find_comments", "ignores_of_comments", "read_said"]

MOST_IGNORES = 1000
"""In one file; each is held against each finding of it."""

_WORD = "iamlint:"
_SAID = re.compile(r"[ \t]*([A-Za-z][A-Za-z-]*)[ \t]*(?:\[([^\]]*)\])?(.*)", re.DOTALL)
_UNTIL = re.compile(r"(?:^|[\s,;])until=([^\s,;]*)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LONGEST = 4000
_LONGEST_REASON = 500
_NEAR_THE_TOP = 20
VERBS = ("ignore", "file-ignore", "disable", "enable")


@record
class Comment:
    """A comment that speaks to iamlint: `text` is what follows the word, `start` where the comment
    begins, `end` where it ends, in characters. It stands `alone` where nothing is before it on its line."""

    text: str
    start: int
    end: int
    alone: bool


@record
class Layout:
    """How a format lays out a file, in characters of its text. `markers` begin a comment; `is_text` says
    whether a place is inside a text; `after` gives the range of the first block or value that begins at
    a place or behind it; `headed` that of a resource whose first line holds a place."""

    markers: tuple[str, ...]
    is_text: Callable[[int], bool]
    after: Callable[[int], tuple[int, int] | None]
    headed: Callable[[int], tuple[int, int] | None]


@record
class Said:
    """What a comment or an entry of metadata says: `verb`, the rules, the reason, the last day. `wrong`
    tells what cannot be read; then the rest counts for nothing."""

    verb: str = "ignore"
    rules: tuple[IgnoredRule, ...] = ()
    reason: str = ""
    until: str | None = None
    wrong: str = ""


def find_comments(text: str, layout: Layout) -> list[Comment]:
    """Return the comments that speak to iamlint, at most one more than are allowed."""
    found: list[Comment] = []
    at = -1
    # Words in texts are passed over, and no text may hold them without number either.
    for _ in range(20 * MOST_IGNORES):
        at = text.find(_WORD, at + 1)
        if at < 0 or len(found) > MOST_IGNORES:
            break
        near = text[max(0, at - 100) : at].rstrip(" \t")
        marker = next((one for one in layout.markers if near.endswith(one)), None)
        if marker is None:
            continue
        start = at - len(text[max(0, at - 100) : at]) + len(near) - len(marker)
        if (start > 0 and text[start - 1] not in " \t\r\n\ufeff") or layout.is_text(start):
            continue
        line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
        end = _line_end(text, at)
        if marker == "/*":
            closed = text.find("*/", at, end)
            end = end if closed < 0 else closed
        before = text[line:start].strip(" \t\ufeff")
        alone = before in {"", "-"} or before.startswith(layout.markers)
        found.append(Comment(text[at + len(_WORD) : min(end, at + _LONGEST)], start, end, alone))
    return found


def _line_end(text: str, at: int) -> int:
    ends = [end for end in (text.find("\n", at), text.find("\r", at)) if end >= 0]
    return min(ends, default=len(text))


def read_said(text: str) -> Said | None:
    """Return what follows `iamlint:` says; None for words that are meant for people."""
    match = _SAID.match(text)
    if match is None:
        return None
    verb, listed, tail = match.groups()
    if verb not in VERBS:
        from iamlint.catalog.nearest import nearest

        near = nearest(verb.lower(), VERBS)
        if listed is None and near is None:
            return None
        hint = f"did you mean `{near}`?" if near else f"there are {', '.join(VERBS)}"
        return Said(wrong=f"`{verb[:40]}` is nothing that a comment can say; {hint}")
    if listed is None or not _UNTIL.sub("", listed).strip(" \t,;"):
        return Said(wrong=f"`{verb}` needs the rules that it is about: {verb}[IAM101] and the reason")
    days = [*_UNTIL.findall(listed), *_UNTIL.findall(tail)]
    rules = rules_of(_UNTIL.sub("", listed))
    reason = " ".join(_UNTIL.sub(" ", tail).split()).lstrip(":- ")[:_LONGEST_REASON]
    if days and not is_day(days[0]):
        return Said(wrong=f"`until={days[0][:40]}` is no day; write it as until=2030-12-31")
    return Said(verb, rules, reason, days[0] if days else None)


def is_day(text: str) -> bool:
    """Say whether a text is a day, as 2030-12-31."""
    if _DAY.fullmatch(text) is None:
        return False
    from datetime import date

    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def rules_of(listed: str) -> tuple[IgnoredRule, ...]:
    """Return the rules of a list with commas, each once, with the patterns that narrow it."""
    found: dict[str, list[str]] = {}
    whole: set[str] = set()
    for item in re.split("[,;]", listed):
        word, _, pattern = (part.strip() for part in item.partition(":"))
        if not word:
            continue
        patterns = found.setdefault(word, [])
        if pattern:
            patterns.append(pattern)
        else:
            whole.add(word)
    return tuple(IgnoredRule(word, () if word in whole else tuple(found[word])) for word in found)


def ignores_of_comments(
    text: Text, comments: Sequence[Comment], layout: Layout
) -> tuple[list[Ignore], list[Diagnostic]]:
    """Return what comments ask for, and those that cannot be read."""
    found: list[Ignore] = []
    wrong: list[Diagnostic] = []
    opened: dict[str, list[int]] = {}

    def note(comment: Comment, message: str) -> None:
        line, column = text.position(comment.start)
        wrong.append(Diagnostic(text.path, "unread-suppression", message, line, column))

    for comment in comments[:MOST_IGNORES]:
        said = read_said(comment.text)
        if said is None:
            continue
        if said.wrong:
            note(comment, said.wrong)
        elif said.verb == "enable":
            for rule in said.rules:
                places = opened.get(rule.word)
                if not places:
                    note(comment, f"no comment above disables {rule.word[:80]}")
                    continue
                place = places.pop()
                found[place] = _until_here(found[place], text, comment.start)
        elif said.verb == "disable":
            for rule in said.rules:
                opened.setdefault(rule.word, []).append(len(found))
                found.append(_ignore(text, comment, said, (rule,), (comment.end, WHOLE_FILE)))
        elif said.verb == "file-ignore":
            if text.position(comment.start)[0] > _NEAR_THE_TOP:
                note(comment, f"`file-ignore` counts in the first {_NEAR_THE_TOP} lines of a file only")
            else:
                found.append(_ignore(text, comment, said, said.rules, (0, WHOLE_FILE)))
        else:
            covered = _covered(text.text, comment, layout)
            found.append(_ignore(text, comment, said, said.rules, covered))
    if len(comments) > MOST_IGNORES:
        note(
            comments[MOST_IGNORES],
            f"there are more than {MOST_IGNORES} in the file; the rest counts for nothing",
        )
    return found[:MOST_IGNORES], wrong


def _covered(text: str, comment: Comment, layout: Layout) -> tuple[int, int]:
    """Return the range that a comment is about: the next block if it stands alone, else its line, and all
    of a resource that begins there."""
    if comment.alone:
        return layout.after(comment.end) or (comment.end, comment.end)
    headed = layout.headed(comment.start)
    line = max(text.rfind("\n", 0, comment.start), text.rfind("\r", 0, comment.start)) + 1
    return headed or (line, comment.end)


def _ignore(
    text: Text, comment: Comment, said: Said, rules: Iterable[IgnoredRule], covered: tuple[int, int]
) -> Ignore:
    start, end = covered
    if end == WHOLE_FILE:
        first, last = (0 if start == 0 else _byte(text, start)), WHOLE_FILE
    else:
        first, last = _byte(text, start), _byte(text, end)
    span = text.span(comment.start, min(comment.end, len(text.text)))
    return Ignore(tuple(rules), said.reason, said.until, span, first, last)


def _until_here(ignore: Ignore, text: Text, end: int) -> Ignore:
    return Ignore(
        ignore.rules, ignore.reason, ignore.until, ignore.span, ignore.start, _byte(text, end), ignore.owner
    )


def _byte(text: Text, offset: int) -> int:
    return text.span(offset, offset).byte_offset
