"""IAM's wildcards: `*` is any run of characters, also none; `?` is exactly one character.

No regular expressions and no recursion: patterns under audit may be hostile, and a pattern of eight
stars can keep a backtracking engine busy for minutes.
"""

from __future__ import annotations

from collections.abc import Sequence

from iamlint.model import Hole, Value

__all__ = [
    "OWN_API",
    "covers",
    "has_wildcard",
    "matches",
    "may_be_of_api",
    "may_match",
    "overlaps",
    "pattern_text",
]

_MAX_CELLS = 4_000_000

OWN_API = "execute-api:"
"""What stands before a path in the short form of API Gateway's resources. In the policy of a REST API
`execute-api:/stage/GET/path` is the ARN of that API, `arn:aws:execute-api:region:account:api-id`, with
the path behind it; the service writes it out when it saves the policy.
Source (2026-11-24): https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html
"""


def may_be_of_api(on: Sequence[str]) -> bool:
    """Say whether a policy that is attached to `on` (the words of Policy.on) can be that of an API: it is
    attached to one, or nothing tells to what."""
    return not on or any(word.startswith("api-gateway") for word in on)


def has_wildcard(text: str) -> bool:
    """Say whether `text` holds a wildcard."""
    return "*" in text or "?" in text


def matches(pattern: str, text: str) -> bool:
    """Say whether the whole of `text` fits `pattern`; letter case matters."""
    at = start = 0
    star = -1
    while at < len(text):
        if start < len(pattern) and pattern[start] == "*":
            star, mark = start, at
            start += 1
        elif start < len(pattern) and pattern[start] in {"?", text[at]}:
            start += 1
            at += 1
        elif star >= 0:
            mark += 1
            start, at = star + 1, mark
        else:
            return False
    return not pattern[start:].strip("*")


def covers(wide: str, narrow: str) -> bool:
    """Say whether every text that fits the pattern `narrow` surely fits the pattern `wide`.

    True is certain. A false answer can be wrong only where several wildcards of `wide` share the
    work (`*?*` against `?*`); then nothing is claimed.
    """
    if wide == narrow or wide == "*":
        return True
    at = start = 0
    star = -1
    while at < len(narrow):
        if start < len(wide) and wide[start] == "*":
            star, mark = start, at
            start += 1
        elif start < len(wide) and narrow[at] != "*" and wide[start] in {"?", narrow[at]}:
            start += 1
            at += 1
        elif star >= 0:
            mark += 1
            start, at = star + 1, mark
        else:
            return False
    return not wide[start:].strip("*")


def overlaps(one: str, other: str) -> bool:
    """Say whether some text fits both patterns. Beyond a size that no real pattern has, says yes:
    overlap is asked where "may match" is the careful answer."""
    if one == other or one == "*" or other == "*":
        return True
    if "*" not in one and "?" not in one:
        return matches(other, one)
    if "*" not in other and "?" not in other:
        return matches(one, other)
    if len(one) * len(other) > _MAX_CELLS:
        return True
    # reach[j]: the first i characters of `one` can be read together with the first j of `other`.
    reach = [True] + [False] * len(other)
    for j, letter in enumerate(other):
        reach[j + 1] = reach[j] and letter == "*"
    for letter in one:
        previous = reach
        reach = [previous[0] and letter == "*"] + [False] * len(other)
        for j, facing in enumerate(other):
            if letter == "*" or facing == "*":
                # Either the star takes the letter that faces it, or it ends here.
                reach[j + 1] = previous[j + 1] or reach[j]
            else:
                reach[j + 1] = previous[j] and (letter == facing or "?" in {letter, facing})
    return reach[-1]


def pattern_text(value: Value) -> str:
    """Return the pattern that a value is at most: each hole becomes `*`."""
    if value.text is not None:
        return value.text
    return "".join("*" if isinstance(part, Hole) else part for part in value.parts)


def may_match(value: Value, text: str) -> bool:
    """Say whether `text` may fit the pattern of `value`, whatever its holes turn out to be."""
    return matches(pattern_text(value), text)
