"""What a run is asked to do, as the command line and the configuration worked it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from iamlint.config.settings import Suppression
from iamlint.engine.rule import Profile
from iamlint.model import Confidence, PolicyKind, Severity
from iamlint.record import field, record

__all__ = ["AuditSettings", "silent"]


def silent(done: int, total: int) -> None:
    """Take the progress of a run and tell nobody."""


@record
class AuditSettings:
    """The effective choices of one run.

    `paths` are files and folders as the user wrote them, relative to `cwd`; `-` is `stdin`, which
    reports call `stdin_name`. `select`, `extend_select` and `ignore` hold rule ids, names or id
    prefixes (the longest prefix wins); an empty `select` means the rules of the profile.
    `severities` overrides by rule id. `policy_kinds` gives kinds by path pattern, first match
    wins. `policy_quotas` says how many characters AWS takes of a kind of policy, where that is not
    the usual number. `per_file_ignores` maps path patterns to rules. `jobs` is the number of processes, 0 for
    what the machine and the input suggest. `suppressions` are `[[ignore]]` tables; without `suppress` neither
    they nor what files ask for hide anything. Without `advice` findings have none: no report asks for it.
    `progress` is called with files done and files in all.
    """

    paths: tuple[str, ...]
    cwd: str
    stdin: bytes | None = None
    stdin_name: str = "<stdin>"
    profile: Profile = Profile.DEFAULT
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    min_confidence: Confidence = Confidence.LOW
    policy_kind: PolicyKind | None = None
    policy_kinds: tuple[tuple[str, PolicyKind], ...] = ()
    resource_type: str | None = None
    rule_packs: tuple[str, ...] = ()
    accounts: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    allowed_principals: tuple[str, ...] = ()
    policy_quotas: Mapping[str, int] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    force_exclude: bool = False
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    suppress: bool = True
    jobs: int = 0
    advice: bool = True
    progress: Callable[[int, int], None] = silent
