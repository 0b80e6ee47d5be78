"""What changed since a revision, and what it allows: for a reviewer, a comment, or a program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TextIO

from iamlint.model import SECRET_FIELDS, Diagnostic, Grant, Policy
from iamlint.record import record
from iamlint.report.comparison_report import detail_lines
from iamlint.report.escape import PATH_LIMIT, escape, mask, well_formed
from iamlint.report.markdown_report import code, write_bounded
from iamlint.report.phrases import counted, diagnostic_line
from iamlint.report.printer import Printer
from iamlint.semantics.algebra.results import Comparison, Verdict

__all__ = ["Base", "Change", "Changes", "write_json", "write_markdown", "write_text"]

_WORDS = {
    Verdict.NEW_ACCESS: "new access",
    Verdict.UNKNOWN: "unknown",
    Verdict.CONTAINED: "no new access",
}
_ORDER = (Verdict.NEW_ACCESS, Verdict.UNKNOWN, Verdict.CONTAINED)


@record
class Base:
    """The commit that the work tree is compared with: `revision` as the user wrote it, and whether
    `commit` is the place where the current branch left it."""

    revision: str
    commit: str
    is_merge_base: bool


@record
class Change:
    """A policy or grant that is not as it was. `what` is `added`, `removed` or `changed`; of a grant,
    access that is no written document, `comparison` is unknown."""

    what: str
    old: Policy | Grant | None
    new: Policy | Grant | None
    comparison: Comparison

    @property
    def subject(self) -> Policy | Grant:
        """The new one, or the old one where it was removed."""
        found = self.new if self.new is not None else self.old
        assert found is not None  # a change has a side
        return found


@record
class Changes:
    """All changes since `base`, in the order of files and lines; how many policies of changed files are
    as they were; what could not be read."""

    base: Base
    changes: tuple[Change, ...]
    unchanged: int
    diagnostics: tuple[Diagnostic, ...]

    def count(self, verdict: Verdict) -> int:
        """Return how many changes have a verdict."""
        return sum(change.comparison.verdict is verdict for change in self.changes)


def write_text(found: Changes, stream: TextIO, *, runner: bool = False) -> None:
    """Write a block for each change, a line for each diagnostic, and a summary."""
    printer = Printer(stream, runner=runner)
    for change in found.changes:
        printer.line(f"{_place(change.subject)}: {_WORDS[change.comparison.verdict]}: {_about(change)}")
        for line in _details(change):
            printer.line(f"  {line}" if line else "")
        printer.line()
    for diagnostic in found.diagnostics:
        printer.line(diagnostic_line(diagnostic))
    printer.line(_summary(found))


def write_markdown(found: Changes, stream: TextIO) -> None:
    """Write the same as Markdown for a comment: the worst first, text from input in code spans."""
    write_bounded(_markdown(found), "comment", stream)


def write_json(
    found: Changes, comparison_json: Callable[[Comparison], Mapping[str, object]], stream: TextIO
) -> None:
    """Write `{"base", "changes", "unchanged", "diagnostics"}`; each change has its place and what
    `comparison_json` makes of its answer."""
    report = {
        "base": {
            "revision": well_formed(found.base.revision),
            "commit": found.base.commit,
            "merge_base": found.base.is_merge_base,
        },
        "changes": [{**_entry(change), **comparison_json(change.comparison)} for change in found.changes],
        "unchanged": found.unchanged,
        "diagnostics": [_diagnostic(one) for one in found.diagnostics],
    }
    json.dump(report, stream, indent=2)
    stream.write("\n")


def _markdown(found: Changes) -> Iterator[str]:
    yield "## Access of changed policies"
    yield ""
    yield f"**{_counts(found)}**"
    yield ""
    for verdict in _ORDER:
        changes = [change for change in found.changes if change.comparison.verdict is verdict]
        if not changes:
            continue
        yield f"### {_WORDS[verdict].capitalize()}"
        yield ""
        for change in changes:
            yield f"- {code(_place(change.subject), limit=PATH_LIMIT)} {code(_about(change))}"
            for line in _details(change):
                if line:
                    yield f"  - {code(line.strip())}"
        yield ""
    if found.diagnostics:
        yield f"### Not compared ({len(found.diagnostics)})"
        yield ""
        for one in found.diagnostics:
            yield f"- {code(diagnostic_line(one), limit=PATH_LIMIT)}"
        yield ""
    yield _summary(found).replace(_counts(found) + "; ", "", 1)


def _details(change: Change) -> Iterator[str]:
    subject = change.subject
    if isinstance(subject, Grant):
        for name, values in sorted(subject.fields.items()):
            if values:
                shown = "<hidden>" if name in SECRET_FIELDS else ", ".join(map(str, values))
                yield escape(mask(f"{name} {shown}"))
        yield "access that is not a written policy is not compared"
        return
    sides = {
        side: (policy,) if isinstance(policy, Policy) else ()
        for side, policy in (("new", change.new), ("old", change.old))
    }
    yield from detail_lines(change.comparison, sides)


def _about(change: Change) -> str:
    subject = change.subject
    if isinstance(subject, Grant):
        return escape(mask(f"{subject.what} on {subject.owner.address} ({change.what})"))
    words = [f"{subject.kind} policy"]
    if subject.owner.address != "$":
        words.append(f"of {subject.owner.address}")
    if subject.location:
        words.append(f"at {subject.location}")
    if subject.name is not None:
        words.append(f"named {subject.name}")
    words.append(f"({change.what})")
    moved = _moved_from(change)
    return escape(mask(" ".join(words) + (f", was in {moved}" if moved else "")))


def _moved_from(change: Change) -> str | None:
    old, new = change.old, change.new
    if old is None or new is None or _path(old) == _path(new):
        return None
    return _path(old)


def _path(subject: Policy | Grant) -> str:
    place = subject.anchor if isinstance(subject, Policy) else subject.pointer
    document = subject.document
    return document.key_span(place).path if document.has_lines else document.path


def _line(subject: Policy | Grant) -> int | None:
    place = subject.anchor if isinstance(subject, Policy) else subject.pointer
    document = subject.document
    return document.key_span(place).start_line if document.has_lines else None


def _place(subject: Policy | Grant) -> str:
    line = _line(subject)
    return escape(_path(subject), limit=PATH_LIMIT) + (f":{line}" if line else "")


def _entry(change: Change) -> dict[str, object]:
    subject = change.subject
    moved = _moved_from(change)
    entry: dict[str, object] = {
        "path": well_formed(_path(subject)),
        "old_path": None if moved is None else well_formed(moved),
        "start_line": _line(subject),
        "change": change.what,
        "kind": None,
        "grant": None,
        "owner": well_formed(mask(subject.owner.address)),
        "owner_type": subject.owner.type,
        "location": None,
        "name": None,
    }
    if isinstance(subject, Grant):
        return {**entry, "grant": subject.what}
    name = None if subject.name is None else well_formed(mask(str(subject.name)))
    return {**entry, "kind": str(subject.kind), "location": subject.location, "name": name}


def _diagnostic(one: Diagnostic) -> dict[str, object]:
    return {
        "path": well_formed(one.path),
        "code": one.code,
        "message": well_formed(mask(one.message)),
        "start_line": one.line,
        "start_column": one.column,
        "fatal": one.fatal,
    }


def _counts(found: Changes) -> str:
    parts = [f"{number} {word}" for verdict, word in _WORDS.items() if (number := found.count(verdict))]
    return counted(len(found.changes), "change") + (f" ({', '.join(parts)})" if parts else "")


def _summary(found: Changes) -> str:
    base = found.base
    word = escape(base.revision.removesuffix("..." if base.is_merge_base else ".."))
    since = (
        f"{base.commit[:12]}, where the branch left {word}"
        if base.is_merge_base
        else f"{word} ({base.commit[:12]})"
    )
    same = counted(found.unchanged, "policy", "policies")
    return f"{_counts(found)}; {same} of changed files as before; since {since}"
