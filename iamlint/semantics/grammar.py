"""The words of IAM's policy grammar, each under itself in small letters.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iamlint.model import policy

__all__ = ["EFFECTS", "POLICY_ELEMENTS", "PRINCIPAL_TYPES", "STATEMENT_ELEMENTS", "WITHOUT_AFFIX", "folded"]


def _by_small_letters(words: Iterable[str]) -> Mapping[str, str]:
    return {word.lower(): word for word in words}


POLICY_ELEMENTS = _by_small_letters(policy.POLICY_ELEMENTS)
STATEMENT_ELEMENTS = _by_small_letters(policy.STATEMENT_ELEMENTS)
PRINCIPAL_TYPES = _by_small_letters(policy.PRINCIPAL_TYPES)
EFFECTS = _by_small_letters(("Allow", "Deny"))
WITHOUT_AFFIX: Mapping[str, str] = {
    f"{prefix}null{suffix}": "Null"
    for prefix in ("", "forallvalues:", "foranyvalue:")
    for suffix in ("", "ifexists")
    if prefix or suffix
}
"""`Null` with what it does not take."""


def folded(word: str) -> str:
    """Return a word of the grammar in the form that all its spellings share."""
    small = word.lower()
    return "null" if small in WITHOUT_AFFIX else small
