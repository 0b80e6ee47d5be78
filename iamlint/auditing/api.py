"""The library's own entry: what `from iamlint import audit` runs."""

from __future__ import annotations

import enum
import os
from typing import TypeVar

from iamlint.auditing.pipeline import run
from iamlint.auditing.settings import AuditSettings
from iamlint.engine.rule import Profile
from iamlint.errors import UsageError
from iamlint.model import Diagnostic, Finding, PolicyKind
from iamlint.record import record

__all__ = ["AuditResult", "audit_paths"]

_Choice = TypeVar("_Choice", bound=enum.StrEnum)


@record
class AuditResult:
    """What an audit found: findings and diagnostics in report order, and how much was seen. What comments and
    metadata of the files suppress is in `suppressed`, not in `findings`."""

    findings: tuple[Finding, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: int
    policies: int
    statements: int
    suppressed: tuple[Finding, ...] = ()


def audit_paths(
    paths: tuple[str, ...],
    *,
    profile: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    policy_kind: str | None,
    resource_type: str | None,
    accounts: frozenset[str],
    rule_packs: tuple[str, ...],
) -> AuditResult:
    """Audit `paths` in this process; see `iamlint.audit` for the arguments."""
    settings = AuditSettings(
        paths=paths,
        cwd=os.getcwd(),
        profile=_choice(Profile, profile, "profile"),
        select=select,
        ignore=ignore,
        policy_kind=None if policy_kind is None else _choice(PolicyKind, policy_kind, "policy kind"),
        resource_type=resource_type,
        accounts=accounts,
        rule_packs=rule_packs,
        jobs=1,
    )
    outcome = run(settings)
    tally = outcome.tally
    return AuditResult(
        tuple(finding for finding in outcome.findings if finding.state == "active"),
        tuple(outcome.diagnostics),
        tally.files,
        tally.policies,
        tally.statements,
        tuple(finding for finding in outcome.findings if finding.state == "suppressed"),
    )


def _choice(choices: type[_Choice], word: str, what: str) -> _Choice:
    try:
        return choices(word)
    except ValueError:
        raise UsageError(f"unknown {what} {word!r}", help=f"one of {', '.join(choices)}") from None
