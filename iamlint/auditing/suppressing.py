"""Suppressions meet findings, at the end of a run: what is hidden, and which suppressions are at fault.

In-source suppressions (comments, metadata, `//` keys) were found where the files were read; those of
the configuration are `[[ignore]]` tables. A hidden finding stays in the list with its state: it is still a
fault that was told, so whatever it covers stays covered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from iamlint.auditing.selection import Selection
from iamlint.auditing.settings import AuditSettings
from iamlint.catalog.glob import matcher
from iamlint.config.settings import Suppression as Table
from iamlint.engine.checks import CHECKS
from iamlint.engine.checks.suppressions import SuppressionSubject
from iamlint.engine.judge import file_finding, with_ordinals
from iamlint.engine.load import RuleSet
from iamlint.engine.rule import Rule
from iamlint.errors import ConfigError
from iamlint.model import Finding, Ignore, Span, Suppressed
from iamlint.record import record, replace
from iamlint.sources.path_pattern import PathSet

__all__ = ["Suppressions", "today"]

_Test = Callable[[Finding], bool]


@record
class _One:
    """One rule of one suppression. `number` is that of the suppression; `fits` says whether a finding of
    the rule is meant. `by_print` is set where that takes the finding's last fingerprint."""

    number: int
    word: str
    rule_id: str
    fits: _Test
    by_print: bool = False


@record
class _Written:
    """A suppression as reports name it. `literal` is the one file that it could concern, empty
    where a pattern says which."""

    kind: str
    reason: str
    until: str | None
    span: Span
    words: tuple[str, ...]
    literal: str


def today() -> str:
    """Return the day that `until` is compared with: that of SOURCE_DATE_EPOCH, so that a build can be
    repeated, else the present one."""
    from datetime import UTC, datetime

    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    if fixed.isascii() and fixed.isdigit() and len(fixed) < 12:
        return datetime.fromtimestamp(int(fixed), UTC).date().isoformat()
    return datetime.now(UTC).date().isoformat()


class Suppressions:
    """All suppressions of a run. `rules` are all that there are, `selection` what runs."""

    def __init__(
        self, rules: RuleSet, selection: Selection, ignores: Iterable[Ignore], tables: Sequence[Table] = ()
    ) -> None:
        self._selection = selection
        self._running = frozenset(rule.id for rule in selection.rules)
        self._rules = {rule.id: rule for rule in rules.rules}
        self._ids = {word: rule.id for rule in rules.rules for word in (rule.name, rule.id)}
        self._written: list[_Written] = []
        self._unknown: dict[int, list[str]] = {}
        self._by_place: dict[tuple[str, str], list[_One]] = {}
        self._by_rule: dict[str, list[_One]] = {}
        self._every: list[_One] = []
        self._used: set[tuple[int, str]] = set()
        self._day: str | None = None
        # A file that two others read is found twice.
        known = {(one.span.path, one.span.byte_offset, one.start, one.end, one.rules): one for one in ignores}
        for ignore in sorted(known.values(), key=lambda one: (one.span.path, one.span.byte_offset)):
            self._add_ignore(ignore)
        self._add_tables(tables)

    def _add_ignore(self, ignore: Ignore) -> None:
        number = len(self._written)
        words = tuple(rule.word for rule in ignore.rules)
        path = ignore.span.path
        self._written.append(_Written("inSource", ignore.reason, ignore.until, ignore.span, words, path))
        if self._has_expired(ignore.until):
            return
        for rule in ignore.rules:
            rule_id = self._ids.get(rule.word)
            if rule_id is None:
                self._unknown.setdefault(number, []).append(rule.word)
                continue
            one = _One(number, rule.word, rule_id, _in_source(ignore, rule.patterns))
            self._by_place.setdefault((path, rule_id), []).append(one)
            self._every.append(one)

    def _add_tables(self, tables: Sequence[Table]) -> None:
        """Add `[[ignore]]` tables. Raises ConfigError for words that are no rules, all at once."""
        wrong = []
        for table in tables:
            rule_id = self._ids.get(table.rule)
            if rule_id is None:
                hint = self._hint(table.rule)
                wrong.append(f"{table.origin}: no rule has the id or name {table.rule!r}{hint}")
                continue
            number = len(self._written)
            path, _, line = table.origin.rpartition(":")
            place = int(line) if line.isdigit() else 1
            span = Span(path or table.origin, place, 1, place, 1, 0, 0)
            literal = (
                "" if "/" not in table.path or set(table.path) & set("*?[!\\") else table.path.lstrip("/")
            )
            self._written.append(
                _Written("external", table.reason, table.until, span, (table.rule,), literal)
            )
            if not self._has_expired(table.until):
                by_print = table.fingerprint is not None
                one = _One(number, table.rule, rule_id, _external(table), by_print)
                self._by_rule.setdefault(rule_id, []).append(one)
                self._every.append(one)
        if wrong:
            raise ConfigError("\n".join(wrong))

    def _hint(self, word: str) -> str:
        from iamlint.engine.load import nearest

        near = nearest(word, [name for rule in self._rules.values() for name in (rule.id, rule.name)])
        return near.removesuffix("?")

    def _has_expired(self, until: str | None) -> bool:
        if until is None:
            return False
        if self._day is None:
            self._day = today()
        return until < self._day

    def hides(self, finding: Finding) -> bool:
        """Say whether a finding is hidden, whatever its ordinal."""
        return any(one.fits(finding) for one in self._about(finding))

    def _about(self, finding: Finding) -> Iterator[_One]:
        yield from self._by_place.get((finding.primary.path, finding.rule_id), ())
        yield from self._by_rule.get(finding.rule_id, ())

    def applied(self, findings: Iterable[Finding], *, by_print: bool = False) -> list[Finding]:
        """Return the findings, those with their state set that are hidden: by fingerprint when they have
        their ordinals, by all else before."""
        return [self._applied(finding, by_print=by_print) for finding in findings]

    def _applied(self, finding: Finding, *, by_print: bool, but: int = -1) -> Finding:
        meant = [
            one
            for one in self._about(finding)
            if one.by_print is by_print and one.number != but and one.fits(finding)
        ]
        self._used.update((one.number, one.rule_id) for one in meant)
        covered = finding.properties.get("covers")
        if isinstance(covered, list | tuple) and not by_print:
            self._use_for_covered(finding, covered)
        if not meant or finding.state != "active":
            return finding
        by = self._written[meant[0].number]
        why = Suppressed(by.kind, by.reason, by.span.path, by.span.start_line)
        return replace(finding, state="suppressed", suppressed=why)

    def _use_for_covered(self, finding: Finding, covered: Iterable[object]) -> None:
        """Note as used what would hide a finding that a narrower one stands for: with another profile, or
        when the narrower is gone, it will."""
        for name in covered:
            rule_id = self._ids.get(str(name))
            if rule_id is not None:
                same = replace(finding, rule_id=rule_id)
                self._used.update((one.number, rule_id) for one in self._about(same) if one.fits(same))

    # What is wrong with suppressions

    def findings(self, *, whole: bool, read: Callable[[str], bool]) -> list[Finding]:
        """Return what the rules about suppressions say, in report order. `whole` is set where all of the
        root was looked at, `read` says whether a file was."""
        rules = [rule for rule in self._selection.rules if CHECKS[rule.check].target == "suppression"]
        own = {rule.id for rule in rules}
        unused = any(rule.params.get("fault") == "unused" for rule in rules)
        faults: list[dict[str, tuple[str, ...]]] = [{} for _ in self._written]
        for number, written in enumerate(self._written):
            if self._has_expired(written.until):
                faults[number]["expired"] = written.words
            if number in self._unknown:
                faults[number]["unknown-rule"] = tuple(self._unknown[number])
            if not written.reason:
                faults[number]["no-reason"] = written.words
        if unused:
            self._note_unused(faults, whole=whole, read=read, ours=False, own=own)
        found = self._judged(rules, faults)
        if unused:
            # Suppressions of these findings can be used only now.
            late: list[dict[str, tuple[str, ...]]] = [{} for _ in self._written]
            self._note_unused(late, whole=whole, read=read, ours=True, own=own)
            found += self._judged(rules, late)
        return with_ordinals(sorted(found, key=lambda one: one.order))

    def _note_unused(
        self,
        faults: list[dict[str, tuple[str, ...]]],
        *,
        whole: bool,
        read: Callable[[str], bool],
        ours: bool,
        own: set[str],
    ) -> None:
        for one in self._every:
            written = self._written[one.number]
            rule = self._rules[one.rule_id]
            if (one.rule_id in own) is not ours or (one.number, one.rule_id) in self._used:
                continue
            if self._could_tell(rule, written, whole=whole, read=read):
                words = faults[one.number].get("unused", ())
                faults[one.number]["unused"] = (*words, one.word)

    def _could_tell(self, rule: Rule, written: _Written, *, whole: bool, read: Callable[[str], bool]) -> bool:
        """Say whether the run would have shown a finding that a suppression is about."""
        if rule.id not in self._running or not self._selection.tells(rule, written.literal):
            return False
        if CHECKS[rule.check].target == "principal" or not written.literal:
            # What several files say together, or any of many, takes all of them.
            return whole
        return whole or read(written.literal)

    def _judged(
        self, rules: Sequence[Rule], faults: Sequence[Mapping[str, tuple[str, ...]]]
    ) -> list[Finding]:
        found = []
        for number, (written, wrong) in enumerate(zip(self._written, faults, strict=True)):
            if not wrong:
                continue
            hints = {word: self._hint(word) for word in wrong.get("unknown-rule", ())[:20]}
            subject = SuppressionSubject(wrong, written.until or "", hints)
            for rule in rules:
                for match in CHECKS[rule.check].load()(subject, rule.params):
                    finding = file_finding(rule, match, written.span)
                    if self._selection.keeps(finding):
                        finding = self._selection.adjusted(finding)
                        # A comment does not excuse itself.
                        found.append(self._applied(finding, by_print=False, but=number))
        return found


def _in_source(ignore: Ignore, patterns: tuple[str, ...]) -> _Test:
    start, end, owner = ignore.start, ignore.end, ignore.owner
    fits_values = _values(patterns)

    def fits(finding: Finding) -> bool:
        return (
            start <= finding.primary.byte_offset < end
            or (owner is not None and finding.policy.owner == owner)
        ) and fits_values(finding)

    return fits


def _values(patterns: Sequence[str]) -> _Test:
    """Return the test whether all evidence of a finding fits one of the patterns, if there are any. Names
    of actions know no letter case."""
    if not patterns:
        return lambda _: True
    tests = [matcher(pattern.lower()) for pattern in patterns]

    def fits(finding: Finding) -> bool:
        return bool(finding.evidence) and all(
            any(test(value.lower()) for test in tests) for value in finding.evidence
        )

    return fits


def _external(table: Table) -> _Test:
    holds = _holding(table.path)
    fits_values = _values([part.strip() for part in (table.match or "").split(",") if part.strip()])
    fits_owner = None if table.owner is None else matcher(table.owner)

    def fits(finding: Finding) -> bool:
        return (
            holds(finding.primary.path)
            and (table.sid is None or finding.sid == table.sid)
            and (table.pointer is None or f"{finding.pointer}/".startswith(f"{table.pointer.rstrip('/')}/"))
            and (fits_owner is None or fits_owner(finding.policy.owner))
            and (table.fingerprint is None or finding.fingerprint == table.fingerprint)
            and fits_values(finding)
        )

    return fits


def _holding(pattern: str) -> Callable[[str], bool]:
    patterns = PathSet((pattern,))
    return lru_cache(maxsize=1000)(patterns.holds)


def covers_all(settings: AuditSettings, roots: Iterable[str]) -> bool:
    """Say whether a run looks at the whole of each root that it touches."""
    named = {
        os.path.realpath(os.path.join(settings.cwd, path)) for path in settings.paths if "\0" not in path
    }
    wanted = {os.path.realpath(root) for root in roots}
    return bool(wanted) and wanted <= named
