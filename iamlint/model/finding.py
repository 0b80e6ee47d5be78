"""What the run says: findings (a broken rule at a place) and diagnostics (what could not be read)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TypeAlias

from iamlint.model.ignore import Suppressed
from iamlint.model.place import Span
from iamlint.record import field, record

__all__ = [
    "Advice",
    "Confidence",
    "Diagnostic",
    "Finding",
    "PolicyKey",
    "PolicyReference",
    "Related",
    "Severity",
]


class Severity(enum.StrEnum):
    """How bad it is if the finding is true."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """4 for critical down to 0 for info, so that severities can be compared."""
        return _RANKS[self.value]


_RANKS = {"critical": 4, "high": 3, "medium": 2, "low": 1, "info": 0}


class Confidence(enum.StrEnum):
    """How sure the rule is that what it reports is so."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """2 for high down to 0 for low."""
        return {"high": 2, "medium": 1, "low": 0}[self.value]


@record
class Related:
    """Another place that a reader needs to see, with a short note on why."""

    span: Span
    note: str


PolicyKey: TypeAlias = tuple[str, str, str, str | None]
"""Which policy something is about: path, owner, location, name."""


@record
class Advice:
    """Something to write instead, or to know before writing it: `text` is several lines, to be read or
    pasted as they stand."""

    title: str
    text: str


@record
class PolicyReference:
    """Which policy a finding is about. `kind` is None when it concerns no policy; it still has an
    owner. `location` and `name` are those of the document below the owner."""

    kind: str | None
    owner: str
    owner_type: str | None
    location: str = ""
    name: str | None = None


@record
class Finding:
    """A broken rule at a place. Every report renders these fields and computes nothing of its own.

    `label` is a short note for the primary place itself, empty when the message says it all. `flow` are the
    places of a chain in the order of its steps, empty where there is none. `advice` is what to write instead,
    made for this place. `sid` is that of the statement, where the finding is about one that has it.
    `state` is `active`, `suppressed` (and `suppressed` says why) or `baselined`.
    """

    rule_id: str
    rule_name: str
    severity: Severity
    confidence: Confidence
    message: str
    primary: Span
    policy: PolicyReference
    pointer: str
    evidence: tuple[str, ...]
    fingerprint: str
    aliases: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    properties: Mapping[str, object] = field(default_factory=dict)
    certainty_notes: tuple[str, ...] = ()
    state: str = "active"
    help: str = ""
    label: str = ""
    flow: tuple[Related, ...] = ()
    advice: tuple[Advice, ...] = ()
    sid: str | None = None
    suppressed: Suppressed | None = None

    @property
    def policy_key(self) -> PolicyKey:
        """Which policy the finding is about."""
        policy = self.policy
        return (self.primary.path, policy.owner, policy.location, policy.name)

    @property
    def order(self) -> tuple[bytes, int, int, str, str]:
        """The key that sorts findings the same way in every report."""
        span = self.primary
        path = span.path.encode("utf-8", "surrogatepass")
        return (path, span.start_line, span.start_column, self.rule_id, self.pointer)


@record
class Diagnostic:
    """A part of the input that could not be analysed, where and why. Never a pass.

    `code` is a stable kebab-case word. `owner` is the address the part belongs to, if known.
    `fatal` is set when a named input could not be read at all or a rule raised: the result
    cannot be trusted and the run ends with 2. `unjudged` is set when something that grants access was
    here and no rule has seen it, rather than that its value is decided elsewhere: in a file that the
    user named that is fatal.
    """

    path: str
    code: str
    message: str
    line: int | None = None
    column: int | None = None
    owner: str | None = None
    fatal: bool = False
    unjudged: bool = False

    @property
    def order(self) -> tuple[bytes, int, int, str, str]:
        """The key that sorts diagnostics the same way in every report."""
        path = self.path.encode("utf-8", "surrogatepass")
        return (path, self.line or 0, self.column or 0, self.code, self.message)
