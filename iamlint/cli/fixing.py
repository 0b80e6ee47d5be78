"""`iamlint check --fix` and `--diff`: safe fixes written to the files, or shown. Imported for these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamlint.auditing.fixing import find_fixes
from iamlint.cli.display import display
from iamlint.cli.surroundings import Surroundings
from iamlint.record import record, replace

if TYPE_CHECKING:
    from iamlint.auditing.settings import AuditSettings

__all__ = ["Written", "show", "write"]


@record
class Written:
    """What was fixed: how many findings in how many files, whether some file had to be left alone, and the
    settings for the audit of what is left, whose standard input is the fixed one."""

    settings: AuditSettings
    findings: int = 0
    files: int = 0
    failed: bool = False

    def __str__(self) -> str:
        return f"{_count(self.findings, 'finding')} in {_count(self.files, 'file')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def write(settings: AuditSettings, surroundings: Surroundings) -> Written:
    """Write all safe fixes to their files, and the fixed standard input to standard output; say on standard
    error which file was left alone and why."""
    from iamlint.auditing.replacing import ReplaceError, replace_content

    findings = files = 0
    failed = False
    stdin = settings.stdin
    for file in find_fixes(settings).files:
        if file.absolute:
            try:
                replace_content(file.absolute, file.old, file.new)
            except ReplaceError as error:
                surroundings.tell("error", f"{file.path}: not fixed: {error}")
                failed = True
                continue
        else:
            stdin = file.new
        findings += sum(file.fixes.values())
        files += 1
    if stdin is not None:
        _put(stdin, surroundings)
    return Written(replace(settings, stdin=stdin), findings, files, failed)


def _put(data: bytes, surroundings: Surroundings) -> None:
    """Write bytes to standard output as they are."""
    stream = getattr(surroundings.stdout, "buffer", None)
    if stream is None:
        surroundings.stdout.write(data.decode("utf-8", "backslashreplace"))
        return
    surroundings.stdout.flush()
    stream.write(data)
    stream.flush()


def show(settings: AuditSettings, colour: str, surroundings: Surroundings) -> tuple[bool, bool]:
    """Print what `write` would change as a diff; return whether that is anything, and whether some named
    input could not be read."""
    from iamlint.report.diff_report import write_diff
    from iamlint.sources.text import decode

    fixes = find_fixes(settings)
    shown = display(colour, surroundings)
    for file in fixes.files:
        old, new = (decode(file.path, data).text for data in (file.old, file.new))
        write_diff(file.path, old, new, surroundings.stdout, shown, file.hidden)
    for diagnostic in fixes.diagnostics:
        if diagnostic.fatal:
            surroundings.tell("error", f"{diagnostic.path}: {diagnostic.message}")
    return bool(fixes.files), any(diagnostic.fatal for diagnostic in fixes.diagnostics)
