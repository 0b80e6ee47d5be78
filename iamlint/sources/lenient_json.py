"""JSON that people wrote by hand: comments, trailing commas, placeholders of a template.

AWS refuses such text, so it is always reported; but what it grants can be read, and is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from iamlint.model import Embedded, Extraction, Hole, Owner, Part, Pointer, Span
from iamlint.sources.documents import PolicyBuilder, looks_like_policy, parse_embedded
from iamlint.sources.json_text import JsonSyntaxError, embedded_range, parse_json
from iamlint.sources.source import SourceOptions
from iamlint.sources.text import Text

if TYPE_CHECKING:
    from iamlint.model.surroundings import Surroundings

__all__ = ["repair", "with_placeholders", "without_slips"]


# What does not end (a text, a comment) is taken to the end too: each character is looked at once.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|//[^\n]*+|\#[^\n]*+|/\*(?:[\s\S]*?\*/|[\s\S]*)|,(?=\s*[}\]])')
_LARGEST_WRITTEN_BY_HAND = 10_000_000
_PLACEHOLDER = re.compile(r"\$\{([^{}\"\n]{1,200})\}|\{\{([^{}\"\n]{1,200})\}\}")


def repair(text: str) -> tuple[object, bool, str] | None:
    """Parse JSON with comments and trailing commas; None when that is not what is wrong.

    Returns the tree, whether keys are repeated, and the text that was parsed: what is left out is
    blanked, not removed, so every offset stays as it was.
    """
    cleaned = without_slips(text)
    if cleaned is None:
        return None
    try:
        return (*parse_json(cleaned), cleaned)
    except JsonSyntaxError:
        return None


def without_slips(text: str) -> str | None:
    """Return the text with comments and trailing commas blanked; None where there are none."""
    if len(text) > _LARGEST_WRITTEN_BY_HAND:
        return None
    # Once for the comments, once for the commas that a comment parted from their bracket.
    cleaned = _TOKEN.sub(_blank, _TOKEN.sub(_blank, text))
    return None if cleaned == text else cleaned


def _blank(match: re.Match[str]) -> str:
    token = match[0]
    if token[0] == '"':
        return token
    return "".join("\n" if character == "\n" else " " for character in token)


def with_placeholders(text: Text, options: SourceOptions, *, forced: bool) -> Extraction | None:
    """Read a policy file whose placeholders (`${name}`, `{{name}}`) stand outside quotes too.

    None when it is no policy even so. Such a file is fed to a template function before it is JSON.
    """
    parts: list[Part] = []
    offsets: list[int] = []
    at = 0
    for match in _PLACEHOLDER.finditer(text.text):
        if match.start() > at:
            parts.append(text.text[at : match.start()])
            offsets.append(at)
        name = (match[1] or match[2]).strip()
        parts.append(Hole("placeholder", name))
        offsets.append(match.start())
        at = match.end()
    parts.append(text.text[at:])
    offsets.append(at)
    try:
        tree, step, resolver = parse_embedded(tuple(parts), tuple(offsets))
    except JsonSyntaxError:
        return None
    if not looks_like_policy(tree):
        return None

    document = _PlaceholderDocument(text, step)
    policy = PolicyBuilder(document, resolver).policy(
        tree, (step,), owner=Owner("$", options.resource_type, ()), kind=options.policy_kind
    )
    return Extraction((policy,))


class _PlaceholderDocument:
    """A text that becomes JSON once its placeholders are filled."""

    def __init__(self, text: Text, step: Embedded) -> None:
        self._text = text
        self._step = step
        self.path = text.path
        self.format = "policy-json"
        self.has_lines = True

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return how a policy is written here; nothing of the file stands beside it."""
        from iamlint.sources.surroundings import bare

        return bare("json")

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer`."""
        return self._span(pointer, key=False)

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key at `pointer`."""
        return self._span(pointer, key=True)

    def _span(self, pointer: Pointer, *, key: bool) -> Span:
        if not pointer:
            return self._text.span(0, len(self._text.text))
        start, end = embedded_range(pointer, key=key)
        return self._text.span(start, min(end, len(self._text.text)))
