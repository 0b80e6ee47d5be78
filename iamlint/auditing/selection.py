"""Which rules run, and which findings stay: profile, select, ignore, severities, confidence."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.auditing.settings import AuditSettings
from iamlint.engine.load import RuleSet, nearest
from iamlint.engine.rule import Rule
from iamlint.errors import UsageError
from iamlint.model import Confidence, Finding, Severity
from iamlint.record import field, record, replace
from iamlint.sources.path_pattern import PathSet

__all__ = ["Selection", "select_rules"]


@record
class Selection:
    """The enabled rules, in id order, and what the user changed about their findings."""

    rules: tuple[Rule, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    min_confidence: Confidence = Confidence.LOW
    per_file_ignores: tuple[tuple[PathSet, frozenset[str]], ...] = ()

    def keeps(self, finding: Finding) -> bool:
        """Say whether a finding is wanted."""
        if finding.confidence.rank < self.min_confidence.rank:
            return False
        return not any(
            finding.rule_id in ids and patterns.holds(finding.primary.path)
            for patterns, ids in self.per_file_ignores
        )

    def tells(self, rule: Rule, path: str) -> bool:
        """Say whether findings of a rule that runs would be kept in a file."""
        return rule.confidence.rank >= self.min_confidence.rank and not any(
            rule.id in ids and patterns.holds(path) for patterns, ids in self.per_file_ignores
        )

    def adjusted(self, finding: Finding) -> Finding:
        """Return the finding with the severity that the configuration gives its rule."""
        severity = self.severities.get(finding.rule_id)
        return finding if severity is None else replace(finding, severity=severity)


def select_rules(rules: RuleSet, settings: AuditSettings) -> Selection:
    """Return the selection that the settings describe.

    A selector is an id, a name, a prefix of ids (`IAM1`) or `ALL`. Between select and ignore the
    longest matching selector wins, and ignore wins a tie. Raises UsageError for a selector that
    matches no rule.
    """
    enabled = []
    for selector in (*settings.select, *settings.extend_select, *settings.ignore):
        _matching(rules, selector)
    for rule in rules.rules:
        wanted = _strength(rule, (*settings.select, *settings.extend_select))
        if not settings.select and wanted < 0 and rule.profile.rank <= settings.profile.rank:
            wanted = 0
        if wanted >= 0 and (not settings.ignore or _strength(rule, settings.ignore) < max(wanted, 0)):
            enabled.append(rule)
    severities = {}
    for selector, severity in settings.severities.items():
        for rule in _matching(rules, selector):
            severities[rule.id] = severity
    ignores = tuple(
        (PathSet((pattern,)), frozenset(rule.id for word in selectors for rule in _matching(rules, word)))
        for pattern, selectors in settings.per_file_ignores
    )
    return Selection(tuple(enabled), severities, settings.min_confidence, ignores)


def _strength(rule: Rule, selectors: tuple[str, ...]) -> int:
    """Return how exactly the selectors name the rule: the longest match, -1 for none."""
    best = -1
    for selector in selectors:
        if selector in {rule.name, rule.id}:
            best = max(best, 1000)
        elif selector == "ALL":
            best = max(best, 0)
        elif rule.id.startswith(selector):
            best = max(best, len(selector))
    return best


def _matching(rules: RuleSet, selector: str) -> list[Rule]:
    found = [rule for rule in rules.rules if _strength(rule, (selector,)) >= 0]
    if not found:
        hint = nearest(selector, rules.words()).lstrip("; ")
        raise UsageError(f"no rule has the id, name or prefix {selector!r}", help=hint)
    return found
