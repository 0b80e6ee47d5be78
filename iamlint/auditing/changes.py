"""What changes since a revision allow: policies paired with their older selves, and a verdict for each.

found = compare_with_revision(settings, "main", Assumptions())
found.changes[0].comparison.verdict

A policy is the same one where its file (git tells renamed ones), kind, owner and place on the owner are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from iamlint.auditing.compare import SECONDS, compared
from iamlint.auditing.pipeline import (
    InsideReader,
    Outcome,
    failure,
    in_order,
    options_of,
    paths_of,
    read_file,
    units_of,
)
from iamlint.auditing.settings import AuditSettings
from iamlint.engine.principals.facts import INLINE_OWNERS
from iamlint.errors import InputError
from iamlint.model import (
    WITHOUT_ACCESS,
    Diagnostic,
    Extraction,
    Grant,
    Owner,
    Policy,
    PolicyKind,
    Statement,
    Value,
)
from iamlint.record import replace
from iamlint.report.changes_report import Base, Change, Changes
from iamlint.semantics.algebra.asking import Assumptions
from iamlint.semantics.algebra.results import Comparison, Reason, Verdict
from iamlint.sources.discovery import WalkedNames
from iamlint.sources.revision import Base as Commit
from iamlint.sources.revision import ChangedFile, Repository, UnreadableBlobError, open_repository
from iamlint.sources.routing import extract_unit, is_candidate, is_module_file
from iamlint.sources.source import SourceFile

__all__ = ["compare_with_revision"]

_LIMITS = frozenset(
    {PolicyKind.SCP, PolicyKind.RCP, PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.ENDPOINT}
)
"""Kinds that only limit: without such a policy everything passes."""

_WITH_PRINCIPAL = frozenset({PolicyKind.RCP, PolicyKind.ENDPOINT})
_SILENT = frozenset(
    {
        "access-analyzer",
        "credential",
        "declared",
        "inline-names",
        "instance",
        "mfa",
        "organization",
        "password-policy",
        "role-use",
        "secret-output",
        "server-certificate",
        *WITHOUT_ACCESS,
    }
)
"""Grants that say what is there, and give nobody access."""

_LIMITING_GRANTS = frozenset({"boundary", "public-access-block", "acl-control", "mfa", "password-policy"})
_BROKEN = frozenset({"syntax-error", "not-text", "unrendered-template"})


def compare_with_revision(
    settings: AuditSettings, revision: str, assumptions: Assumptions, seconds: float | None = SECONDS
) -> Changes:
    """Compare the policies in the work tree with those of a revision, under the paths of the settings.

    Raises InputError where there is no repository, no such revision, or no such path. What a file holds
    is a verdict or a diagnostic.
    """
    repository, places = open_repository(settings.paths, settings.cwd)
    try:
        return _Run(settings, repository, places, repository.base(revision)).changes(assumptions, seconds)
    finally:
        repository.close()


class _Run:
    def __init__(
        self, settings: AuditSettings, repository: Repository, places: Sequence[str], base: Commit
    ) -> None:
        self._settings = settings
        self._repository = repository
        self._base = base
        self._root = repository.root
        self._walked = WalkedNames(settings.include, settings.exclude)
        self._diagnostics: list[Diagnostic] = []
        self._old_files: Mapping[str, str] = {}
        self._places = places
        self._named = {place for place in places if os.path.isfile(os.path.join(self._root, place))}

    def changes(self, assumptions: Assumptions, seconds: float | None) -> Changes:
        everything = self._repository.changed(
            self._base, sorted(self._named), respect_gitignore=self._settings.respect_gitignore
        )
        files = [file for file in everything if self._is_wanted(file)]
        lost = [place for place in self._places if not os.path.lexists(os.path.join(self._root, place))]
        if everything or lost:
            self._old_files = self._repository.tree(self._base)
        for place in lost:
            if place not in self._old_files and not any(
                path.startswith(place + "/") for path in self._old_files
            ):
                raise InputError(f"{place}: no such file or folder, now or in {self._base.revision}")
            # A file that is gone was named all the same.
            self._named.add(place)
        pairs: list[Change] = []
        unchanged = 0
        for old, new in self._extractions(everything, files):
            found, same = _paired(old, new, assumptions, seconds)
            pairs += found
            unchanged += same
        pairs.sort(key=_order)
        base = Base(self._base.revision, self._base.commit, self._base.is_merge_base)
        return Changes(base, tuple(pairs), unchanged, tuple(in_order(self._diagnostics)))

    def _is_wanted(self, file: ChangedFile) -> bool:
        """Say whether a changed file lies under the paths and would be read in a walk."""
        wanted = False
        for path in (file.path, file.old_path):
            if path is None or not self._is_in_scope(path):
                continue
            named = path in self._places and not self._settings.force_exclude
            if file.is_submodule:
                message = "a repository of its own, which is not looked into"
                self._diagnostics.append(Diagnostic(path, "submodule", message))
            elif named or self._walked.holds(path):
                wanted = True
        return wanted

    def _is_in_scope(self, path: str) -> bool:
        return any(place in (".", path) or path.startswith(place + "/") for place in self._places)

    def _extractions(
        self, everything: Sequence[ChangedFile], files: Sequence[ChangedFile]
    ) -> Iterator[tuple[Extraction, Extraction]]:
        """Yield what each changed file, and Terraform as a whole, held and holds."""
        claimed: set[str] = set()
        modules = self._modules(everything)
        if modules is not None:
            old, new = modules
            found = (self._extraction(old, is_old=True), self._extraction(new, is_old=False))
            # What a module reads is told there.
            claimed = paths_of(found[0]) | paths_of(found[1])
            yield found
        for file in files:
            if file.is_submodule or is_module_file(file.path or file.old_path or ""):
                continue
            if {file.path, file.old_path} & claimed:
                continue
            before = self._old(file.old_path, file.blob)
            after = self._new(file.path)
            if before is not None and after is not None and before.data == after.data:
                continue
            yield (
                self._extraction([before] if before else [], is_old=True),
                self._extraction([after] if after else [], is_old=False),
            )

    def _modules(self, everything: Sequence[ChangedFile]) -> tuple[list[SourceFile], list[SourceFile]] | None:
        """Return Terraform's files of both sides: a policy may hang on any of them, and on any other
        file that they read. None where there are none, or nothing has changed."""
        old = [
            path
            for path in self._old_files
            if is_module_file(path) and self._is_in_scope(path) and self._walked.holds(path)
        ]
        if not everything or not (old or any(is_module_file(file.path or "") for file in everything)):
            return None
        there = [path for path in self._settings.paths if _is_there(path, self._settings.cwd)]
        listed = replace(self._settings, paths=tuple(there))
        new = sorted(
            found.path
            for unit in units_of(listed, Outcome())
            for found in unit.files
            if is_module_file(found.path)
        )
        before = [self._old(path, self._old_files[path]) for path in sorted(old)]
        after = [self._new(path) for path in new]
        return [file for file in before if file], [file for file in after if file]

    def _old(self, path: str | None, blob: str | None) -> SourceFile | None:
        if path is None or blob is None:
            return None
        try:
            data = self._repository.blob(blob)
        except UnreadableBlobError as error:
            self._diagnostics.append(Diagnostic(path, "unreadable", str(error), fatal=True))
            return None
        return self._source(path, data)

    def _new(self, path: str | None) -> SourceFile | None:
        if path is None:
            return None
        place = os.path.join(self._root, *path.split("/"))
        if os.path.realpath(place) != place:
            message = "a folder on the way to it has become a link"
            self._diagnostics.append(Diagnostic(path, "unreadable", message, fatal=True))
            return None
        try:
            data = read_file(place, os.lstat(place).st_size)
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            self._diagnostics.append(Diagnostic(path, "unreadable", f"cannot be read: {reason}", fatal=True))
            return None
        return self._source(path, data)

    def _source(self, path: str, data: bytes) -> SourceFile | None:
        named = path in self._named and not self._settings.force_exclude
        return SourceFile(path, data, named=named) if named or is_candidate(path, data) else None

    def _extraction(self, files: list[SourceFile], *, is_old: bool) -> Extraction:
        """Return what the files of one side hold; what hinders is a diagnostic, fatal where the new
        version should hold policies and cannot be read."""
        if not files:
            return Extraction()
        read = self._read_old if is_old else InsideReader(self._root)
        options = replace(options_of(self._settings, files[0].path, self._root), read=read)
        try:
            found = extract_unit(files, options)
        except Exception as error:  # noqa: BLE001 -- as in the pipeline: one bad file must not hide the others
            found = Extraction(diagnostics=(failure(files, error),))
        broken = {one.span.path for one in found.broken}
        for one in found.diagnostics:
            if one.code in _BROKEN and one.path in broken:
                one = replace(one, fatal=not is_old)  # noqa: PLW2901 -- the same diagnostic, weighed
            elif is_old and not one.fatal:
                # What the old version was like is news only where it could not be read.
                continue
            if is_old:
                one = replace(one, message=f"in {self._base.revision}: {one.message}")  # noqa: PLW2901
            self._diagnostics.append(one)
        return found

    def _read_old(self, path: str) -> bytes | None:
        blob = self._old_files.get(os.path.normpath(path).replace(os.sep, "/"))
        try:
            return None if blob is None else self._repository.blob(blob)
        except UnreadableBlobError:
            return None


def _is_there(path: str, cwd: str) -> bool:
    """Say whether there is anything at a path that the user named."""
    return os.path.lexists(os.path.join(cwd, path))


# --- pairs ----------------------------------------------------------------------------------------------


def _paired(
    old: Extraction, new: Extraction, assumptions: Assumptions, seconds: float | None
) -> tuple[list[Change], int]:
    """Return the changes between two versions of the same files, and how many policies are as before."""
    before, after = list(old.policies), list(new.policies)
    same = len(list(_matches(before, after, lambda one: (_identity(one), _content(one)))))
    changes = []
    # The narrowest identity first: a list that grew must not pair each item with its neighbour.
    for key in (_named_identity, _placed_identity, _identity):
        for one, other in _matches(before, after, key, alone=key is _identity):
            changes.append(Change("changed", one, other, _verdict(one, other, assumptions, seconds)))
    changes += [Change("removed", one, None, _verdict(one, None, assumptions, seconds)) for one in before]
    changes += [Change("added", None, one, _verdict(None, one, assumptions, seconds)) for one in after]
    changes = [_among_others(one, old.policies, new.policies, assumptions, seconds) for one in changes]
    return [*changes, *_grant_changes(old.grants, new.grants)], same


def _among_others(
    change: Change,
    old: Sequence[Policy],
    new: Sequence[Policy],
    assumptions: Assumptions,
    seconds: float | None,
) -> Change:
    """Return a change of an inline policy with the verdict that it has among all policies of its holder:
    what another one of them allowed is not new, and what a Deny that is gone took from them is."""
    subject = change.subject
    if not isinstance(subject, Policy) or not _is_inline(subject):
        return change
    was, now = change.old, change.new
    assert was is None or isinstance(was, Policy)
    assert now is None or isinstance(now, Policy)
    if was is not None and now is not None and was.attachments != now.attachments:
        return change
    before = [one for one in old if one is not was and _holds_for(one, subject)]
    after = [one for one in new if one is not now and _holds_for(one, subject)]
    if not (before or after) or subject.when or (was is not None and was.when):
        return change
    own_before, own_after = [was] if was is not None else [], [now] if now is not None else []
    if change.comparison.verdict is Verdict.CONTAINED:
        if was is None or not any(one.is_deny for one in was.statements or ()):
            return change
        found = compared([*own_before, *before], [*own_after, *after], subject.kind, assumptions, seconds)
        if found.verdict is not Verdict.NEW_ACCESS:
            return change
        note = f"another policy of {_holder(subject)} allows it, and a Deny here is gone"
        if found.allowed_by is not None and found.allowed_by.document < len(own_after):
            return change
    else:
        denies = [_denying(one) for one in after]
        found = compared([*own_before, *before], [*own_after, *denies], subject.kind, assumptions, seconds)
        if found.verdict is Verdict.UNKNOWN:
            return change
        note = f"compared with all policies of {_holder(subject)}"
    place = found.no_longer_denied_by
    found = replace(
        found,
        notes=(*found.notes, note),
        allowed_by=found.allowed_by
        if found.allowed_by is not None and own_after and not found.allowed_by.document
        else None,
        no_longer_denied_by=place if place is not None and own_before and not place.document else None,
    )
    return replace(change, comparison=found)


def _is_inline(policy: Policy) -> bool:
    if policy.kind is not PolicyKind.IDENTITY or not policy.attachments:
        return False
    return policy.owner.type in INLINE_OWNERS or policy.owner.address in policy.attachments


def _holds_for(one: Policy, subject: Policy) -> bool:
    """Say whether a policy surely is a policy of all holders of another one."""
    return (
        one.kind is PolicyKind.IDENTITY and not one.when and set(one.attachments) >= set(subject.attachments)
    )


def _holder(policy: Policy) -> str:
    return " and ".join(sorted(policy.attachments))


def _denying(policy: Policy) -> Policy:
    """Return a policy without its Allows."""
    statements = policy.statements
    if statements is not None:
        statements = tuple(one for one in statements if one.is_deny)
    return replace(policy, statements=statements)


def _matches(
    before: list[Policy], after: list[Policy], key: Callable[[Policy], object], *, alone: bool = False
) -> Iterator[tuple[Policy, Policy]]:
    """Yield the pairs with equal keys and take them out of both lists; with `alone` only those whose
    key is unique on both sides. A key of None pairs nothing."""
    groups: dict[object, list[Policy]] = {}
    for one in before:
        groups.setdefault(key(one), []).append(one)
    wanted: dict[object, int] = {}
    for other in after:
        wanted[key(other)] = wanted.get(key(other), 0) + 1
    for other in list(after):
        known = key(other)
        group = groups.get(known) if known is not None else None
        if group and not (alone and (len(group) > 1 or wanted[known] > 1)):
            one = group.pop(0)
            before.remove(one)
            after.remove(other)
            yield one, other


def _identity(policy: Policy) -> tuple[object, ...]:
    return (policy.kind, policy.owner.address)


def _placed_identity(policy: Policy) -> object:
    return (*_identity(policy), policy.location)


def _named_identity(policy: Policy) -> object:
    return None if policy.name is None else (*_identity(policy), str(policy.name))


def _content(policy: Policy) -> object:
    """Return all of a policy that decides what it allows, whatever place it stands at."""
    return (
        _plain(policy.version),
        policy.when,
        frozenset(policy.attachments),
        tuple(fault.code for fault in policy.faults),
        None if policy.statements is None else tuple(map(_statement_content, policy.statements)),
    )


def _statement_content(one: Statement) -> object:
    lists = (one.actions, one.not_actions, one.resources, one.not_resources)
    return (
        _plain(one.effect),
        one.when,
        one.unread_condition,
        tuple(None if values is None else tuple(map(_plain, values)) for values in lists),
        tuple(
            None if listed is None else tuple((who.type, _plain(who.value)) for who in listed)
            for listed in (one.principals, one.not_principals)
        ),
        tuple((test.operator, test.key, tuple(map(_plain, test.values))) for test in one.conditions),
    )


def _plain(value: Value | None) -> object:
    return None if value is None else (value.text, value.parts, value.when)


def _verdict(
    old: Policy | None, new: Policy | None, assumptions: Assumptions, seconds: float | None
) -> Comparison:
    """Compare two versions of a policy; None is a policy that is not there."""
    one = new if new is not None else old
    assert one is not None  # a pair has a side
    kind = PolicyKind.IDENTITY if one.kind is PolicyKind.PERMISSION_SET else one.kind
    notes: list[str] = []
    before = _sure(old) if old is not None else _absent(one)
    after = _sure(new) if new is not None else _absent(one)
    if old is not None and new is not None and kind not in _LIMITS:
        # The same text for another holder, or without the condition on which it was there, is new.
        gained = sorted(set(new.attachments) - set(old.attachments))
        if gained and old.attachments:
            notes.append(f"it is attached to {', '.join(gained)} as well, which it was not before")
        if not set(old.when) <= set(new.when):
            notes.append("it is there under other conditions of the template than before")
        if notes:
            before = ()
    elif old is not None and new is not None and old.when != new.when:
        notes.append("it is there under other conditions of the template than before")
        after = _absent(one)
    if new is None and old is not None and kind not in _LIMITS:
        denies = any(not statement.is_allow for statement in old.statements or ())
        if denies:
            notes.append("its Deny statements are gone too: what other policies allow may be wider now")
    if not before and not after:
        return Comparison(Verdict.CONTAINED, notes=tuple(notes))
    found = compared(before, after, kind, assumptions, seconds)
    return replace(found, notes=(*found.notes, *notes))


def _sure(policy: Policy) -> tuple[Policy, ...]:
    """Return a policy without the template conditions on which all of it is there."""
    if not policy.when:
        return (policy,)
    statements = policy.statements
    if statements is not None:
        statements = tuple(
            replace(one, when=tuple(test for test in one.when if test not in policy.when))
            for one in statements
        )
    return (replace(policy, when=(), statements=statements),)


def _absent(policy: Policy) -> tuple[Policy, ...]:
    """Return what counts where a policy of this kind is not there: nothing, or everything for those
    that only limit."""
    if policy.kind not in _LIMITS:
        return ()
    from iamlint.auditing.compare import read_documents

    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    if policy.kind in _WITH_PRINCIPAL:
        statement["Principal"] = "*"
    return read_documents({"Version": "2012-10-17", "Statement": [statement]}, policy.kind, "absent")


def _grant_changes(old: Iterable[Grant], new: Iterable[Grant]) -> Iterator[Change]:
    """Yield the grants that are new or not as they were, and limits that are gone. Nothing is proved
    about them: they are no documents."""
    before: dict[object, list[Grant]] = {}
    for grant in old:
        before.setdefault(_grant_content(grant), []).append(grant)
    for grant in new:
        group = before.get(_grant_content(grant))
        if group:
            group.pop()
        elif grant.what not in _SILENT:
            yield _grant_change("added", None, grant)
    for group in before.values():
        for grant in group:
            if grant.what in _LIMITING_GRANTS:
                yield _grant_change("removed", grant, None)


def _grant_change(what: str, old: Grant | None, new: Grant | None) -> Change:
    reason = Reason("grant", "access that is not a written policy is not compared")
    return Change(what, old, new, Comparison(Verdict.UNKNOWN, reasons=(reason,)))


def _grant_content(grant: Grant) -> object:
    return (
        grant.what,
        grant.owner.address,
        frozenset(grant.attachments),
        grant.when,
        tuple((name, tuple(map(_plain, grant.fields[name]))) for name in sorted(grant.fields)),
        tuple(map(_statement_content, grant.statements)),
    )


def _order(change: Change) -> tuple[bytes, int, str, str]:
    subject = change.subject
    place = subject.anchor if isinstance(subject, Policy) else subject.pointer
    span = subject.document.key_span(place)
    path = (span.path if subject.document.has_lines else subject.document.path).encode(
        "utf-8", "surrogateescape"
    )
    owner: Owner = subject.owner
    return (path, span.start_line if subject.document.has_lines else 0, owner.address, change.what)
