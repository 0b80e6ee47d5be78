"""Safe fixes: rules that name a rewrite propose edits, and only what is proved to be safe is kept.

A fix passes four gates. The rule's kind of rewrite makes structural edits; the writer of the format
places them exactly, or not at all; the new text, read again, is the old tree with these edits; and
every policy of the file means what it did (`semantics.algebra.sameness`). Fixing goes in rounds,
since a mended word lets the next round see more, until nothing is left to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from iamlint.auditing.pipeline import Outcome, Unit, extract_files, judge_of, options_of, read_unit, units_of
from iamlint.auditing.selection import Selection, select_rules
from iamlint.auditing.settings import AuditSettings
from iamlint.engine.fingerprint import place_of
from iamlint.engine.judge import Judge
from iamlint.engine.load import RuleSet, load_rules
from iamlint.engine.rewrites import Site, edits_of
from iamlint.engine.subject import Match
from iamlint.model import SECRET_FIELDS, Diagnostic, Embedded, Extraction, Finding, Policy
from iamlint.model.edit import Edit, EditError, EditKind
from iamlint.record import field, record, replace
from iamlint.semantics.algebra.sameness import grant_form, is_mended, policy_form, same_access
from iamlint.sources.json_text import parse_json
from iamlint.sources.rewriting import CannotPlaceError, Change, Place, changed_text, place
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.text import UnreadableTextError

__all__ = ["FixedFile", "Fixes", "find_fixes"]

_MOST_ROUNDS = 10
_MOST_TRIALS = 60
"""Readings of a unit in one round: fixes that cannot be proved are searched for by halves."""
_MOST_FIXES = 100_000
"""In one unit and round; the next round takes more."""


@record
class FixedFile:
    """A file with its new content. `absolute` is its real path, empty for standard input; `fixes` says
    how many findings are mended, by rule id; `hidden` are secrets in it, which no report may show."""

    path: str
    absolute: str
    old: bytes
    new: bytes
    fixes: Mapping[str, int]
    hidden: tuple[str, ...] = ()


@record(frozen=False)
class Fixes:
    """What can be fixed: the files that change, in path order, and what could not be looked at."""

    files: list[FixedFile] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


@record
class _Fix:
    """The edits that mend one finding in the policy of number `policy` of a unit."""

    policy: int
    rule_id: str
    mends_grammar: bool
    path: str
    changes: tuple[Change, ...]
    renamed: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, str], ...]

    @property
    def key(self) -> object:
        """What tells the fix from others: a text that is used twice is mended once."""
        return (self.path, tuple((c.root.pointer, _part(c), c.edit) for c in self.changes))


def _part(change: Change) -> int:
    return int(getattr(change.root.document, "part", 0))


def find_fixes(settings: AuditSettings) -> Fixes:
    """Return the safe fixes of all that the settings name. Writes nothing.

    Raises IamlintError for a caller's mistake only. What cannot be read is passed over: the audit
    tells it.
    """
    rules = load_rules(settings.rule_packs)
    selection = select_rules(rules, settings)
    selection = replace(selection, rules=tuple(rule for rule in selection.rules if rule.rewrite))
    outcome = Outcome(rules=rules, selection=selection)
    fixes = Fixes(diagnostics=outcome.diagnostics)
    units = list(units_of(settings, outcome))
    if not selection.rules:
        return fixes
    judge = judge_of(selection, replace(settings, advice=False)).policies
    wanted = _Wanted(rules, selection, settings)
    if settings.stdin is not None:
        file = SourceFile(settings.stdin_name, settings.stdin, named=True)
        fixes.files += _unit([file], {}, options_of(settings, file.path, ""), judge, wanted)
    for done, unit in enumerate(units):
        settings.progress(done, len(units))
        files = list(read_unit(unit, settings, outcome.diagnostics))
        if files:
            options = options_of(settings, files[0].path, unit.files[0].root)
            fixes.files += _unit(files, _places(unit), options, judge, wanted)
    fixes.files.sort(key=lambda file: file.path.encode("utf-8", "surrogatepass"))
    return fixes


class _Wanted:
    """Which findings the user wants to hear of, and so wants to be mended."""

    def __init__(self, rules: RuleSet, selection: Selection, settings: AuditSettings) -> None:
        self._rules = rules
        self._selection = selection
        self._settings = settings

    def among(self, files: Mapping[str, SourceFile]) -> Callable[[Finding], bool]:
        """Return the test for findings in files as they are now, with what they ask to be silent about."""
        keeps = self._selection.keeps
        speaking = [
            file
            for file in files.values()
            if self._settings.suppress and (b"iamlint" in file.data or b"\0" in file.data[:4])
        ]
        tables = self._settings.suppressions if self._settings.suppress else ()
        if not speaking and not tables:
            return keeps
        from iamlint.auditing.suppressing import Suppressions
        from iamlint.sources.ignores import ignores_in

        ignores = [ignore for file in speaking for ignore in ignores_in(file)[0]]
        hiding = Suppressions(self._rules, self._selection, ignores, tables)
        return lambda finding: keeps(finding) and not hiding.hides(finding)


def _places(unit: Unit) -> dict[str, str]:
    return {file.path: file.absolute for file in unit.files}


def _unit(
    files: Sequence[SourceFile],
    places: Mapping[str, str],
    options: SourceOptions,
    judge: Judge,
    wanted: _Wanted,
) -> Iterator[FixedFile]:
    """Yield the files of one unit that change."""
    first = {file.path: file for file in files}
    now = dict(first)
    counts: dict[str, dict[str, int]] = {}
    extraction = extract_files(list(files), options)
    for _ in range(_MOST_ROUNDS):
        round_ = _Round(now, extraction, options)
        done = round_.carry_out(list(_proposals(extraction, now, judge, wanted.among(now))))
        if not done:
            break
        for fix in done:
            by_rule = counts.setdefault(fix.path, {})
            by_rule[fix.rule_id] = by_rule.get(fix.rule_id, 0) + 1
        now, extraction = round_.files, round_.extraction
    for path, by_rule in counts.items():
        old, new = first[path].data, now[path].data
        if old != new:
            yield FixedFile(path, places.get(path, ""), old, new, by_rule, _secrets(extraction))


def _secrets(extraction: Extraction) -> tuple[str, ...]:
    return tuple(
        {
            value.literal: None
            for grant in extraction.grants
            for name in SECRET_FIELDS
            for value in grant.fields.get(name, ())
            if value.literal
        }
    )


def _proposals(
    extraction: Extraction,
    files: Mapping[str, SourceFile],
    judge: Judge,
    is_wanted: Callable[[Finding], bool],
) -> Iterator[_Fix]:
    """Yield the fixes of the findings that the user wants to hear of, each once; none is proved yet."""
    seen: set[object] = set()
    for number, policy in enumerate(extraction.policies):
        for item in judge.matches(policy):
            if isinstance(item, Diagnostic):
                continue
            finding, rule, match = item
            if not is_wanted(finding):
                continue
            try:
                root, site = _site(policy, match)
            except (CannotPlaceError, EditError):
                continue
            edits = edits_of(rule.rewrite, site)
            path = root.document.path
            if not edits or path not in files:
                continue
            fix = _Fix(
                number,
                rule.id,
                rule.rewrite == "grammar",
                path,
                tuple(Change(root, edit) for edit in edits),
                tuple(_renamed(edits)) if rule.rewrite == "rename-key" else (),
                tuple(_words(edits, site)),
            )
            if fix.key not in seen:
                seen.add(fix.key)
                yield fix
                if len(seen) >= _MOST_FIXES:
                    return


def _site(policy: Policy, match: Match) -> tuple[Place, Site]:
    """Return the root of the tree that the fault is written in, and the fault's place in it."""
    pointer = place_of(match.place)
    fault, holder = place(policy.document, pointer), place(policy.document, policy.pointer)
    below = pointer[len(policy.pointer) :] if pointer[: len(policy.pointer)] == policy.pointer else ()
    below = tuple(step for step in below if not isinstance(step, Embedded))
    if fault.embedded is None:
        root, tree = Place(fault.document, ()), fault.document.tree
        return root, Site(tree, holder.pointer, fault.pointer, below, match)
    root = Place(fault.document, fault.pointer, fault.embedded)
    return root, Site(_tree(fault.embedded.text), holder.within, fault.within, below, match)


@lru_cache(maxsize=4)
def _tree(text: str) -> object:
    """Return the tree of a text that was parsed before; many faults of one are asked for in a row."""
    return parse_json(text)[0]


def _renamed(edits: Sequence[Edit]) -> Iterator[tuple[str, str]]:
    """Yield (old name in small letters, new name) of each key that gets another name."""
    for edit in edits:
        if edit.kind is EditKind.RENAME:
            yield str(edit.pointer[-1]).lower(), edit.text


def _words(edits: Sequence[Edit], site: Site) -> Iterator[tuple[str, str]]:
    """Yield (old word, new word) of each word that is written anew."""
    for edit in edits:
        old = edit.pointer[-1] if edit.kind is EditKind.RENAME else site.node
        if isinstance(old, list) and len(old) == 1:
            old = old[0]
        yield str(old), edit.text


class _Round:
    """One round of fixes over the files of a unit. `files` and `extraction` are as the round leaves them."""

    def __init__(
        self, files: Mapping[str, SourceFile], extraction: Extraction, options: SourceOptions
    ) -> None:
        self.files = dict(files)
        self.extraction = extraction
        self._before = dict(files)
        self._policies = extraction
        self._options = options
        self._trials = 0

    def carry_out(self, proposals: Sequence[_Fix]) -> list[_Fix]:
        """Carry out what is proved to be safe, and return it.

        Mended grammar comes alone: with it IAM takes a document, and access can be compared from then on.
        """
        for mends in (True, False):
            group = list(_apart([fix for fix in proposals if fix.mends_grammar is mends]))
            done = self._largest(group)
            if done:
                return done
        return []

    def _largest(self, group: list[_Fix]) -> list[_Fix]:
        """Return as many of the fixes as are proved together: all, or those that a search by halves finds."""
        accepted: list[_Fix] = []
        pending = [group] if group else []
        while pending and self._trials < _MOST_TRIALS:
            some = pending.pop()
            blamed = self._try([*accepted, *some])
            if blamed is None:
                accepted += some
            elif len(some) > 1:
                pending += reversed(_halves(some, blamed))
        return accepted

    def _try(self, fixes: Sequence[_Fix]) -> frozenset[int] | None:
        """Carry out the fixes and return None when they are proved, and then keep the result; else return
        the numbers of the policies that speak against it, empty when it cannot be told which."""
        self._trials += 1
        by_path: dict[str, list[Change]] = {}
        for fix in fixes:
            by_path.setdefault(fix.path, []).extend(fix.changes)
        files = dict(self._before)
        try:
            for path, changes in by_path.items():
                files[path] = _with_text(files[path], changed_text(changes))
        except (CannotPlaceError, EditError, UnreadableTextError, UnicodeError):
            return frozenset()
        found = extract_files(list(files.values()), self._options)
        blamed = _changed(self._policies, found, fixes)
        if blamed is None:
            self.files, self.extraction = files, found
        return blamed


def _with_text(file: SourceFile, text: str) -> SourceFile:
    """Return the file with another text, in its encoding and with its byte order mark."""
    old = file.text()
    return SourceFile(file.path, file.data[: old.mark] + text.encode(old.encoding), named=file.named)


def _halves(fixes: list[_Fix], blamed: frozenset[int]) -> list[list[_Fix]]:
    """Part the fixes into those of the policies to blame and the others, or else into halves."""
    good = [fix for fix in fixes if fix.policy not in blamed]
    bad = [fix for fix in fixes if fix.policy in blamed]
    if good and bad:
        return [good, bad]
    middle = len(fixes) // 2
    return [fixes[:middle], fixes[middle:]]


def _apart(fixes: Sequence[_Fix]) -> Iterator[_Fix]:
    """Yield the fixes that do not meet an earlier one; the others wait for the next round."""
    taken: dict[object, EditKind] = {}
    above: set[object] = set()
    for fix in fixes:
        places = []
        meets = False
        for change in fix.changes:
            edit = change.edit
            base = (fix.path, _part(change), change.root.pointer)
            steps = [(*base, *edit.pointer[:count]) for count in range(len(edit.pointer) + 1)]
            places.append((steps, edit.kind))
            renames = edit.kind is EditKind.RENAME
            meets = meets or steps[-1] in taken or (not renames and steps[-1] in above)
            meets = meets or any(taken.get(step, EditKind.RENAME) is not EditKind.RENAME for step in steps)
        if meets:
            continue
        for steps, kind in places:
            taken[steps[-1]] = kind
            above.update(steps[:-1])
        yield fix


def _changed(old: Extraction, new: Extraction, fixes: Sequence[_Fix]) -> frozenset[int] | None:
    """Return None if the files mean what they did, or what was mended; else the numbers of the policies
    for which that is not proved, empty when something else has changed."""
    if len(old.policies) != len(new.policies) or len(old.broken) != len(new.broken):
        return frozenset()
    if Counter(map(grant_form, old.grants)) != Counter(map(grant_form, new.grants)):
        return frozenset()
    if Counter(one.code for one in new.diagnostics) - Counter(one.code for one in old.diagnostics):
        return frozenset()
    renamed = dict(pair for fix in fixes for pair in fix.renamed)
    words = [pair for fix in fixes if fix.mends_grammar for pair in fix.words]
    blamed = set()
    for number, (before, after) in enumerate(zip(old.policies, new.policies, strict=True)):
        if policy_form(before) == policy_form(after):
            continue
        if words and is_mended(before, after, words):
            continue
        if words or not same_access(before, after, renamed):
            blamed.add(number)
    return frozenset(blamed) if blamed else None
