"""The run on one screen: paths -> files -> units -> extractions -> findings."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import TYPE_CHECKING

from iamlint.auditing.resource_types import words_of_type
from iamlint.auditing.selection import Selection, select_rules
from iamlint.auditing.settings import AuditSettings
from iamlint.catalog.escalation import may_escalate
from iamlint.engine.checks import CHECKS
from iamlint.engine.judge import Judge, with_ordinals
from iamlint.engine.load import RuleSet, load_rules
from iamlint.engine.rule import Profile, Rule
from iamlint.engine.subject import Settings
from iamlint.errors import UsageError
from iamlint.model import (
    SECRET_FIELDS,
    WITHOUT_ACCESS,
    Diagnostic,
    Extraction,
    Finding,
    Ignore,
    PolicyKey,
    PolicyKind,
    Span,
    Statement,
)
from iamlint.record import field, fields, record, replace
from iamlint.sources.discovery import LARGEST_FILE, FoundFile, discover
from iamlint.sources.path_pattern import PathSet
from iamlint.sources.routing import extract_unit, is_candidate, is_module_file, unit_key
from iamlint.sources.source import SourceFile, SourceOptions

if TYPE_CHECKING:
    from iamlint.engine.principals.facts import UnitFacts
    from iamlint.engine.principals.judging import PrincipalJudge

__all__ = [
    "InsideReader",
    "Outcome",
    "Tally",
    "Unit",
    "extract_all",
    "extract_files",
    "failure",
    "in_order",
    "judge_of",
    "judge_unit",
    "options_of",
    "paths_of",
    "read_file",
    "read_unit",
    "run",
    "units_of",
]

_PARALLEL_BYTES = 6_000_000
"""Below this much candidate text one process is done before a second one has started."""


@record(frozen=False)
class Tally:
    """What the run saw, for the summary."""

    files: int = 0
    files_with_policies: int = 0
    policies: int = 0
    statements: int = 0
    grants: int = 0
    unresolved: int = 0

    def add(self, extraction: Extraction) -> None:
        """Count one extraction."""
        grants = sum(grant.what not in WITHOUT_ACCESS for grant in extraction.grants)
        if extraction.policies or grants:
            self.files_with_policies += len(paths_of(extraction))
        self.policies += len(extraction.policies)
        self.grants += grants
        for policy in extraction.policies:
            self.statements += len(policy.statements or ())
            self.unresolved += _unresolved(policy.statements or ())

    def merge(self, other: Tally) -> None:
        """Add what another process counted."""
        for name in fields(Tally):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@record(frozen=False)
class Outcome:
    """The result of a run: findings and diagnostics in report order, and what was seen.

    `secrets` are the places, by path, whose text no report may show. `claimed` are the files that
    another file reads as part of itself: what they hold is told there. `facts` are what each unit says
    about principals, `told` the escalation paths that findings about single policies name. `ignores` are
    what the files ask to be silent about. `may_keep` is how much text the facts may still hold on to, in
    bytes (parsed it takes some ten times that): the files of the others are read again when a place in
    them is asked for.
    """

    findings: list[Finding] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    rules: RuleSet = field(default_factory=lambda: RuleSet(()))
    selection: Selection = field(default_factory=Selection)
    files: dict[str, FoundFile] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)
    secrets: dict[str, list[Span]] = field(default_factory=dict)
    facts: list[UnitFacts] = field(default_factory=list)
    told: dict[PolicyKey, set[str]] = field(default_factory=dict)
    ignores: list[Ignore] = field(default_factory=list)
    may_keep: int = 8_000_000


@record
class Unit:
    """Files that are read together, in one process."""

    files: tuple[FoundFile, ...]


def run(settings: AuditSettings) -> Outcome:
    """Audit what the settings name. Raises IamlintError for a caller's mistake only."""
    if settings.resource_type is not None:
        words_of_type(settings.resource_type)
    rules = load_rules(settings.rule_packs)
    selection = select_rules(rules, settings)
    if not selection.rules:
        # Nothing could be found, whatever the files hold: a pass would be a lie.
        raise UsageError("no rule is left to run", help="select and ignore leave out every rule")
    outcome = Outcome(rules=rules, selection=selection)
    judge = judge_of(selection, settings)
    units = list(units_of(settings, outcome))
    if settings.stdin is not None:
        outcome.tally.files += 1
        _judge_files([_stdin(settings)], "", settings, judge, outcome)
    # Modules of several files come first: they say which other files they read.
    for unit in units:
        if len(unit.files) > 1 or is_module_file(unit.files[0].path):
            judge_unit(unit, settings, judge, outcome)
    rest = [
        unit
        for unit in units
        if not (len(unit.files) > 1 or is_module_file(unit.files[0].path))
        and unit.files[0].path not in outcome.claimed
    ]
    if _worth_splitting(rest, settings.jobs):
        from iamlint.auditing.parallel import run_units

        run_units(rest, settings, outcome)
    else:
        for done, unit in enumerate(rest):
            settings.progress(done, len(rest))
            judge_unit(unit, settings, judge, outcome)
    _judge_principals(units, settings, judge, outcome)
    if not judge.principal_ids.isdisjoint(finding.rule_id for finding in outcome.findings):
        from iamlint.auditing.principals import without_covered

        outcome.findings = without_covered(outcome.findings, selection.rules, settings.profile)
    _finish(settings, outcome)
    outcome.diagnostics = in_order(outcome.diagnostics)
    return outcome


def _finish(settings: AuditSettings, outcome: Outcome) -> None:
    """Put the findings in report order, once each, with their ordinals, and hide what is to be hidden."""
    findings = sorted(outcome.findings, key=lambda one: one.order)
    if not (outcome.ignores or settings.suppressions) or not settings.suppress:
        outcome.findings = with_ordinals(without_twins(findings))
        return
    from iamlint.auditing.suppressing import Suppressions, covers_all

    hiding = Suppressions(outcome.rules, outcome.selection, outcome.ignores, settings.suppressions)
    # Twins differ in their owner, which a suppression may name.
    findings = with_ordinals(without_twins(hiding.applied(findings)))
    findings = hiding.applied(findings, by_print=True)
    known = {settings.stdin_name, *outcome.files} if settings.stdin is not None else set(outcome.files)
    whole = covers_all(settings, {file.root for file in outcome.files.values()})
    more = hiding.findings(whole=whole, read=known.__contains__)
    outcome.findings = sorted([*findings, *more], key=lambda one: one.order)


def _stdin(settings: AuditSettings) -> SourceFile:
    assert settings.stdin is not None  # INVARIANT: asked by the caller
    return SourceFile(settings.stdin_name, settings.stdin, named=True)


def _judge_principals(
    units: Iterable[Unit], settings: AuditSettings, judge: Judges, outcome: Outcome
) -> None:
    """Judge what the files together say about principals, when all have been read."""
    if not outcome.facts:
        return
    from iamlint.auditing.principals import judge_principals, linked

    by_path = {unit.files[0].path: unit for unit in units}

    def reopen(name: str) -> Extraction | None:
        unit = by_path.get(name)
        if unit is None:
            files = [_stdin(settings)] if settings.stdin is not None else []
        else:
            files = list(read_unit(unit, settings, []))
        root = "" if unit is None else unit.files[0].root
        return extract_files(files, options_of(settings, files[0].path, root)) if files else None

    facts = linked(outcome.facts, reopen)
    findings, more = judge_principals(facts, judge.principals, outcome.findings, outcome.told)
    outcome.findings = findings
    for item in more:
        _take(item, outcome)


def without_twins(findings: list[Finding]) -> list[Finding]:
    """Return the findings, which are sorted, with one of those that a reader could not tell apart: the
    same rule at the same place with the same evidence, met again where a text is used twice."""
    kept: dict[tuple[object, ...], Finding] = {}
    owners: dict[tuple[object, ...], dict[str, None]] = {}
    for finding in findings:
        key = (finding.rule_id, finding.primary, finding.evidence, finding.message, finding.state)
        first = kept.setdefault(key, finding)
        if first is not finding and finding.policy.owner != first.policy.owner:
            owners.setdefault(key, {})[finding.policy.owner] = None
    for twin, others in owners.items():
        first = kept[twin]
        kept[twin] = replace(first, properties={**first.properties, "also_in": list(others)})
    return list(kept.values())


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics in report order; files of a format that is not read yet are told once
    for each format, with how many there are."""
    kept: list[Diagnostic] = []
    unread: dict[str, list[Diagnostic]] = {}
    for diagnostic in sorted(diagnostics, key=lambda one: one.order):
        if diagnostic.code == "unsupported-format" and not diagnostic.fatal:
            unread.setdefault(diagnostic.message, []).append(diagnostic)
        else:
            kept.append(diagnostic)
    for message, group in unread.items():
        more = f": this file and {len(group) - 1} more that name AWS access were not audited"
        alone = ": this file names AWS access and was not audited"
        kept.append(replace(group[0], message=message + (more if len(group) > 1 else alone)))
    return sorted(kept, key=lambda one: one.order)


def extract_all(settings: AuditSettings) -> tuple[list[Extraction], list[Diagnostic]]:
    """Return what iamlint sees in the input, without rules, file by file in path order."""
    if settings.resource_type is not None:
        words_of_type(settings.resource_type)
    outcome = Outcome()
    extractions = []
    if settings.stdin is not None:
        file = SourceFile(settings.stdin_name, settings.stdin, named=True)
        options = options_of(settings, settings.stdin_name, "")
        extractions.append(_without_rules(extract_files([file], options), [file]))
    found: list[tuple[set[str], Extraction]] = []
    for unit in units_of(settings, outcome):
        files = list(read_unit(unit, settings, outcome.diagnostics))
        if files:
            options = options_of(settings, files[0].path, unit.files[0].root)
            extraction = _without_rules(extract_files(files, options), files)
            own = {file.path for file in files}
            outcome.claimed |= paths_of(extraction) - own
            found.append((own, extraction))
    extractions.extend(extraction for own, extraction in found if not own <= outcome.claimed)
    diagnostics = [*outcome.diagnostics, *(d for extraction in extractions for d in extraction.diagnostics)]
    return extractions, in_order(diagnostics)


def judge_unit(unit: Unit, settings: AuditSettings, judge: Judges, outcome: Outcome) -> None:
    """Read, extract and judge the files of one unit, adding to the outcome."""
    files = list(read_unit(unit, settings, outcome.diagnostics))
    outcome.tally.files += len(unit.files)
    if files:
        _judge_files(files, unit.files[0].root, settings, judge, outcome)


def _judge_files(
    files: list[SourceFile], root: str, settings: AuditSettings, judge: Judges, outcome: Outcome
) -> None:
    extraction = extract_files(files, options_of(settings, files[0].path, root))
    first, known = len(outcome.diagnostics), len(outcome.findings)
    try:
        _judge(extraction, files, judge, outcome)
    except Exception as error:  # noqa: BLE001 -- as in extract_files
        outcome.diagnostics.append(failure(files, error))
    if settings.suppress:
        _read_ignores(extraction, files, InsideReader(root), outcome)
    broken = {one.span.path for one in extraction.broken}
    told = {one.primary.path for one in outcome.findings[known:] if one.policy.kind is None} & broken
    outcome.diagnostics[first:] = _with_fatal(outcome.diagnostics[first:], files, told)


def _read_ignores(
    extraction: Extraction, files: list[SourceFile], read: Callable[[str], bytes | None], outcome: Outcome
) -> None:
    """Note what the files of a unit, and those that they read as part of themselves, ask to be silent
    about. A file that does not name us costs nothing more."""
    known = {file.path for file in files}
    for path in sorted(paths_of(extraction) - known):
        data = read(path)
        if data is not None:
            files = [*files, SourceFile(path, data)]
    for file in files:
        if b"iamlint" in file.data or b"\0" in file.data[:4]:
            from iamlint.sources.ignores import ignores_in, speaks_to_us

            if speaks_to_us(file.data):
                found, wrong = ignores_in(file)
                outcome.ignores += found
                outcome.diagnostics += wrong


def extract_files(files: list[SourceFile], options: SourceOptions) -> Extraction:
    """Return what the files of one unit hold. Where iamlint itself fails, that is said, the run ends
    with 2, and all other files are still audited."""
    try:
        return extract_unit(files, options)
    except Exception as error:  # noqa: BLE001 -- the one place: one bad file must not hide the others
        return Extraction(diagnostics=(failure(files, error),))


def _without_rules(extraction: Extraction, files: list[SourceFile]) -> Extraction:
    """Return an extraction that no rule looks at: that a named file does not parse, which is a finding
    where there are rules, makes the result one that cannot be trusted."""
    return replace(extraction, diagnostics=tuple(_with_fatal(extraction.diagnostics, files, set())))


def _with_fatal(
    diagnostics: Iterable[Diagnostic], files: Iterable[SourceFile], told: set[str]
) -> list[Diagnostic]:
    """Return the diagnostics of a unit; what no rule could judge in a file that the user named makes
    the result one that cannot be trusted. `told` are the files that a finding says do not parse."""
    named = {file.path for file in files if file.named}
    return [
        replace(one, fatal=True)
        if one.unjudged and one.path in named and not (one.code in _BROKEN and one.path in told)
        else one
        for one in diagnostics
    ]


_BROKEN = frozenset({"syntax-error", "too-large", "not-text", "unrendered-template"})


def failure(files: list[SourceFile], error: Exception) -> Diagnostic:
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    message = f"iamlint failed on this file ({reason}); please report this"
    return Diagnostic(files[0].path, "internal-error", message, fatal=True)


def _judge(extraction: Extraction, files: list[SourceFile], judge: Judges, outcome: Outcome) -> None:
    outcome.tally.add(extraction)
    outcome.claimed |= paths_of(extraction) - {file.path for file in files}
    for grant in extraction.grants:
        for name in SECRET_FIELDS:
            for value in grant.fields.get(name, ()):
                if value.literal:
                    span = grant.document.span(value.pointer)
                    outcome.secrets.setdefault(span.path, []).append(span)
    concerned = judge.concern(extraction)
    told: dict[PolicyKey, set[str]] = {}
    items = judge.policies.judge(extraction)
    if concerned:
        from iamlint.auditing.principals import facts_of, judge_alone, with_paths

        items = with_paths(items, extraction, judge.wide_rules, told)
    for item in items:
        _take(item, outcome)
    if concerned:
        outcome.told.update(told)
        size = sum(len(file.data) for file in files)
        facts = facts_of(extraction, files[0].path, let_go=outcome.may_keep < size)
        if facts:
            outcome.facts.extend(facts)
            outcome.may_keep -= size
        for item in judge_alone(extraction, judge.principals, told):
            _take(item, outcome)


def _take(item: Finding | Diagnostic, outcome: Outcome) -> None:
    if isinstance(item, Diagnostic):
        outcome.diagnostics.append(item)
    elif outcome.selection.keeps(item):
        outcome.findings.append(outcome.selection.adjusted(item))


class Judges:
    """Who judges a run: `policies` the rules about policies and grants, file by file, `principals` those
    about what all files together give to somebody, imported when something could concern them."""

    __slots__ = ("_principals", "_profile", "_rules", "_settings", "policies", "wide_rules")

    def __init__(
        self, rules: Iterable[Rule], settings: Settings, profile: Profile, *, advising: bool = True
    ) -> None:
        listed = tuple(rules)
        self.wide_rules = frozenset([rule.id for rule in listed if "privilege-escalation" in rule.covers])
        """The ids of rules about statements that allow so much that every way to more rights is in them."""
        self.policies = Judge(listed, settings, profile, advising=advising)
        self._rules = tuple([rule for rule in listed if CHECKS[rule.check].target == "principal"])
        self._settings = settings
        self._profile = profile
        self._principals: PrincipalJudge | None = None

    @property
    def principal_ids(self) -> AbstractSet[str]:
        """The ids of the rules about principals."""
        return frozenset(rule.id for rule in self._rules)

    def concern(self, extraction: Extraction) -> bool:
        """Say whether rules about principals run and an extraction could hold something for them."""
        return bool(self._rules) and (
            bool(extraction.grants)
            or any(
                policy.owner.address[:1] != "$" or _may_escalate(policy.statements or ())
                for policy in extraction.policies
            )
        )

    @property
    def principals(self) -> PrincipalJudge:
        """The rules about principals."""
        if self._principals is None:
            from iamlint.engine.principals.judging import PrincipalJudge

            self._principals = PrincipalJudge(self._rules, self._settings, self._profile)
        return self._principals


def _may_escalate(statements: Iterable[Statement]) -> bool:
    return any(
        statement.not_actions is not None
        or any(value.text is not None and may_escalate(value.text) for value in statement.actions or ())
        for statement in statements
    )


def judge_of(selection: Selection, settings: AuditSettings) -> Judges:
    """Return the judges of a run: the selected rules and what the user says of the own accounts."""
    own = Settings(
        settings.accounts, settings.organizations, settings.allowed_principals, settings.policy_quotas
    )
    return Judges(selection.rules, own, settings.profile, advising=settings.advice)


def units_of(settings: AuditSettings, outcome: Outcome) -> Iterator[Unit]:
    """Yield the units of the input in path order; what discovery could not reach is a diagnostic."""
    groups: dict[str, list[FoundFile]] = {}
    packs = [os.path.realpath(os.path.join(settings.cwd, pack)) for pack in settings.rule_packs]
    if settings.paths:
        for found in discover(
            settings.paths,
            cwd=settings.cwd,
            include=settings.include,
            exclude=settings.exclude,
            respect_gitignore=settings.respect_gitignore,
            force_exclude=settings.force_exclude,
        ):
            if isinstance(found, Diagnostic):
                outcome.diagnostics.append(found)
            elif found.named or not _is_rule_file(found, packs):
                outcome.files[found.path] = found
                groups.setdefault(f"{found.root}\0{unit_key(found.path)}", []).append(found)
    for files in groups.values():
        yield Unit(tuple(files))


def _is_rule_file(found: FoundFile, packs: list[str]) -> bool:
    """Say whether a file belongs to a rule pack of this run: its examples are bad on purpose."""
    return any(found.absolute == pack or found.absolute.startswith(pack + os.sep) for pack in packs)


def read_unit(unit: Unit, settings: AuditSettings, diagnostics: list[Diagnostic]) -> Iterator[SourceFile]:
    """Yield the files of a unit that could hold anything; one read each.

    A commit hook (which sets force_exclude) names every changed file, whatever it is about: those
    are looked at as in a walk. A file that a person named is never passed over.
    """
    for found in unit.files:
        try:
            data = read_file(found.absolute, found.size)
        except OSError as error:
            message = f"cannot be read: {(error.strerror or str(error)).lower()}"
            diagnostics.append(Diagnostic(found.path, "unreadable", message, fatal=found.named))
            continue
        named = found.named and not settings.force_exclude
        if named or is_candidate(found.path, data):
            yield SourceFile(found.path, data, named=named)


def read_file(path: str, size: int) -> bytes:
    """Return the content of a regular file at its real path, which had `size` bytes when it was found:
    so nearly always one call does.

    Raises OSError, also for what has become a link, a pipe or a device since, or grows beyond reason.
    """
    descriptor = os.open(path, _READING)
    try:
        data = os.read(descriptor, size + 1)
        if len(data) == size:
            return data
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("no longer a regular file")
        parts = [data]
        length = len(data)
        while parts[-1]:
            if length > LARGEST_FILE:
                raise OSError(f"more than {LARGEST_FILE // (1024 * 1024)} MiB")
            parts.append(os.read(descriptor, 1 << 20))
            length += len(parts[-1])
        return b"".join(parts)
    finally:
        os.close(descriptor)


# A link that has taken a file's place is not followed, and a pipe is not waited for.
_READING = os.O_RDONLY
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
    _READING |= getattr(os, _flag, 0)


def options_of(settings: AuditSettings, path: str, root: str) -> SourceOptions:
    return SourceOptions(_kind(settings, path), settings.resource_type, InsideReader(root))


@lru_cache(maxsize=1000)
def _path_set(pattern: str) -> PathSet:
    return PathSet((pattern,))


def _kind(settings: AuditSettings, path: str) -> PolicyKind | None:
    if settings.policy_kind is None:
        for pattern, kind in settings.policy_kinds:
            if _path_set(pattern).holds(path):
                return kind
    return settings.policy_kind


@record
class InsideReader:
    """Reads files inside the root that a template refers to; nothing outside it, ever."""

    root: str

    def __call__(self, path: str) -> bytes | None:
        if not self.root:
            return None
        root = os.path.realpath(self.root)
        try:
            real = os.path.realpath(os.path.join(root, path))
            if os.path.commonpath((root, real)) != root:
                return None
            return read_file(real, os.stat(real).st_size)
        except (OSError, ValueError):
            return None


def _worth_splitting(units: list[Unit], jobs: int) -> bool:
    if jobs == 1 or len(units) < 2:
        return False
    if jobs > 1:
        return True
    return (os.cpu_count() or 1) > 1 and sum(f.size for unit in units for f in unit.files) > _PARALLEL_BYTES


def paths_of(extraction: Extraction) -> set[str]:
    paths = {policy.document.path for policy in extraction.policies}
    paths.update(grant.document.path for grant in extraction.grants)
    return paths


def _unresolved(statements: Iterable[Statement]) -> int:
    """Count the values that the files do not tell."""
    count = 0
    for statement in statements:
        for values in (
            statement.actions,
            statement.not_actions,
            statement.resources,
            statement.not_resources,
        ):
            if values:
                for value in values:
                    if value.text is None:
                        count += 1
        if statement.principals:
            count += sum(1 for principal in statement.principals if principal.value.text is None)
        for condition in statement.conditions:
            count += sum(1 for value in condition.values if value.text is None)
    return count
