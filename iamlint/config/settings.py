"""The effective settings of a run, frozen, each with the place it came from."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.model import Confidence, PolicyKind, Severity
from iamlint.record import field, record

__all__ = ["DEFAULT", "Config", "Suppression"]

DEFAULT = "default"
"""The origin of what nobody set."""


@record
class Suppression:
    """One `[[ignore]]` table: findings of `rule` in the files of `path` that also fit all of `sid`,
    `pointer`, `owner`, `match` and `fingerprint` that are given. `until` is a day, YYYY-MM-DD. `origin` is
    the file and line."""

    rule: str
    path: str
    reason: str
    sid: str | None
    pointer: str | None
    owner: str | None
    match: str | None
    fingerprint: str | None
    until: str | None
    origin: str


@record
class Config:
    """What a run is to do, from defaults, configuration files, variables and options.

    Rule words are ids, names or prefixes of ids; None in `select` means the rules of the profile.
    `fail_on` is None when no finding is to fail the run. Patterns are relative to the root; the
    paths of `rule_packs` are absolute. `jobs` is 0 for what the machine suggests. `origins` gives
    for each field name where its value came from: `default`, `FILE:LINE`, a variable or an option.
    `files` are the configuration files that were read, the nearest first.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    profile: str = "default"
    min_confidence: Confidence = Confidence.LOW
    fail_on: Severity | None = Severity.LOW
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    force_exclude: bool = False
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    policy_kinds: Mapping[str, PolicyKind] = field(default_factory=dict)
    policy_quotas: Mapping[str, int] = field(default_factory=dict)
    accounts: tuple[str, ...] = ()
    allowed_principals: tuple[str, ...] = ()
    rule_packs: tuple[str, ...] = ()
    jobs: int = 0
    origins: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    def origin(self, name: str) -> str:
        """Return where the field `name` got its value."""
        return self.origins.get(name, DEFAULT)
