"""What a rule is: data that says what is wrong, why, how to fix it, and which check finds it."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

from iamlint.model import Confidence, Severity
from iamlint.record import record

__all__ = [
    "ADVICE",
    "NEEDS_REPLACEMENT",
    "REWRITES",
    "WITH_TESTS",
    "WORD",
    "Example",
    "Profile",
    "Rule",
    "RuleText",
]

WORD = re.compile(r"\{([a-z_]+)\}")
"""A word of a message template, which the finding's facts replace."""


REWRITES = {
    "add-version": "adds Version 2012-10-17",
    "grammar": "writes what IAM refuses in the one form that it takes",
    "remove-element": "takes out the element",
    "remove-item": "takes the item out of its list",
    "remove-covered": "takes out the items that another of the same list takes in",
    "rename-key": "gives the condition key its present name",
    "replace-text": "puts the right text in its place",
}
"""The kinds of safe fixes, with what each does; `rewrites` makes edits of them."""

ADVICE = {
    "condition": "the condition to add, less what the statement tests already",
    "expansion": "what the wildcards at fault take in, by access level",
    "formats": "the ARNs that the actions at fault take",
    "instead": "tests to write in place of those that are there",
    "resources": "the ARNs that the statement's actions take, built from the resources beside the policy",
    "senders": "the test of what sends to this queue or topic; the rule's own tests where nothing here does",
    "source": "the test of which resource or account a service calls for",
    "statement": "a whole statement",
}
"""The makers of advice, with what each gives; `advice` holds their functions."""

WITH_TESTS = frozenset({"condition", "instead", "senders"})
"""Makers that a rule gives a condition block."""

NEEDS_REPLACEMENT = frozenset({"rename-key", "replace-text"})
"""Kinds whose new text is the word `replacement` of the check."""


class Profile(enum.StrEnum):
    """Which rules run: each profile runs its own rules and those of the profiles before it."""

    DEFAULT = "default"
    STRICT = "strict"
    AUDIT = "audit"

    @property
    def rank(self) -> int:
        """0 for default, 1 for strict, 2 for audit."""
        return ("default", "strict", "audit").index(self.value)


@record
class Rule:
    """A rule as a run needs it.

    `params` are the check's parameters, validated when the rule was loaded. `policy_kinds` and
    `on` (neutral resource words; empty means any) say where the rule applies. `covers` names the
    rules whose findings of the same fault this one stands for. `fix` is the one-line advice that
    reports show with a finding, `rewrite` the kind of safe fix, a key of REWRITES, empty for none.
    `advice` names makers, keys of ADVICE, each alone or with what the rule gives it.
    """

    id: str
    name: str
    severity: Severity
    confidence: Confidence
    profile: Profile
    summary: str
    message: str
    fix: str
    check: str
    params: Mapping[str, object]
    policy_kinds: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    rewrite: str = ""
    advice: tuple[str | Mapping[str, object], ...] = ()
    pack: str = "builtin"


@record
class Example:
    """A subject that breaks or keeps a rule.

    `subject` has one of the keys `policy` (a document), `grant` (a neutral grant) or `text` (the
    content of a file), and optionally `kind`, `on`, `resource-type`, `policy-name`, `attached-to` and
    `accounts`.
    `at` holds the pointers (into the document, or field names of a grant) where the rule fires;
    it is empty for an example that keeps the rule.
    """

    name: str
    subject: Mapping[str, object]
    at: tuple[str, ...]


@record
class RuleText:
    """What people read about a rule; loaded only when somebody asks."""

    why: str
    fix: str
    references: tuple[str, ...]
    bad: tuple[Example, ...]
    good: tuple[Example, ...]
    source: str
