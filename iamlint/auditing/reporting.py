"""From the outcome of a run to what the report writers get."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

from iamlint.auditing.pipeline import Outcome, read_file, run
from iamlint.auditing.settings import AuditSettings
from iamlint.catalog import CATALOG_DATE
from iamlint.engine.load import RuleSet
from iamlint.engine.rule import Rule
from iamlint.model import Severity
from iamlint.report.report import Content, Counts, Report, ReportRule, Tool
from iamlint.sources.text import UnreadableTextError, decode
from iamlint.version import VERSION

__all__ = ["HOME", "rule_page", "run_audit"]

HOME = "https://github.com/iamlint/iamlint"
"""Where the documentation lives."""


def rule_page(rule_id: str) -> str:
    """Return the address of the page that documents a built-in rule."""
    return f"{HOME}/blob/main/docs/rules/{rule_id}.md"


def run_audit(settings: AuditSettings) -> Report:
    """Audit what the settings name and return the report, ready for any writer.

    Raises IamlintError (a subclass says which) for a caller's mistake: an unknown rule, an invalid
    rule pack. What the input holds is a finding or a diagnostic, never an exception.
    """
    started = time.monotonic()
    outcome = run(settings)
    tally = outcome.tally
    return Report(
        findings=tuple(outcome.findings),
        diagnostics=tuple(outcome.diagnostics),
        counts=Counts(
            files=tally.files,
            files_with_policies=tally.files_with_policies,
            policies=tally.policies,
            statements=tally.statements,
            grants=tally.grants,
            unresolved=tally.unresolved,
            suppressed=sum(finding.state == "suppressed" for finding in outcome.findings),
        ),
        tool=Tool(VERSION, CATALOG_DATE, information_uri=HOME),
        root=", ".join(settings.paths) or settings.stdin_name,
        content=_content(outcome, settings),
        rules=_rules(outcome.rules, outcome.selection.rules, dict(outcome.selection.severities)),
        help_uri=_page_of({rule.id: rule for rule in outcome.selection.rules}),
        elapsed=time.monotonic() - started,
    )


def _content(outcome: Outcome, settings: AuditSettings) -> Callable[[str], Content | None]:
    @lru_cache(maxsize=4)  # findings come sorted by path, so a few files are enough
    def content(path: str) -> Content | None:
        found = outcome.files.get(path)
        if found is None:
            if path != settings.stdin_name or settings.stdin is None:
                return None
            data = settings.stdin
        else:
            try:
                data = read_file(found.absolute, found.size)
            except OSError:
                return None
        try:
            text = decode(path, data)
        except UnreadableTextError:
            return None
        return Content(text.text, text.marked, tuple(outcome.secrets.get(path, ())))

    return content


def _rules(
    rules: RuleSet, enabled: tuple[Rule, ...], severities: dict[str, Severity]
) -> Callable[[], tuple[ReportRule, ...]]:
    def listed() -> tuple[ReportRule, ...]:
        result = []
        for rule in enabled:
            text = rules.text(rule)
            result.append(
                ReportRule(
                    id=rule.id,
                    name=rule.name,
                    severity=severities.get(rule.id, rule.severity),
                    confidence=rule.confidence,
                    summary=rule.summary,
                    why=text.why,
                    fix=text.fix,
                    help_uri=rule_page(rule.id) if rule.pack == "builtin" else "",
                    tags=rule.tags,
                    aliases=rule.aliases,
                    pack=rule.pack,
                )
            )
        return tuple(result)

    return listed


def _page_of(enabled: dict[str, Rule]) -> Callable[[str], str]:
    def page(rule_id: str) -> str:
        rule = enabled.get(rule_id)
        return rule_page(rule_id) if rule is not None and rule.pack == "builtin" else ""

    return page
