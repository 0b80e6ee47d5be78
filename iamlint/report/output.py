"""Where reports go: standard output, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from typing import TextIO

from iamlint.errors import UsageError
from iamlint.record import record, replace
from iamlint.report.formats import check_format, load
from iamlint.report.report import Display, Report

__all__ = ["Output", "parse_output", "plan_outputs", "write_file", "write_outputs"]


@record
class Output:
    """One report to write: its format, and the file, which is None for standard output."""

    format: str
    path: str | None = None


def parse_output(text: str) -> Output:
    """Return what `FORMAT`, `FORMAT:PATH` or `FORMAT:-` asks for; raises UsageError for anything else."""
    name, colon, path = text.partition(":")
    check_format(name)
    if colon and not path:
        raise UsageError(
            f"the output {text!r} names no file", help=f"write `{name}:FILE`, or `{name}` for standard output"
        )
    return Output(name, None if path in {"", "-"} else path)


def plan_outputs(format_name: str | None, outputs: Sequence[str]) -> tuple[Output, ...]:
    """Return all reports to write, from `--format` (None where it is not given) and each `--output`.

    `--format` speaks of standard output. Where neither names anything, it is text. Raises
    UsageError for unknown formats, for two reports on standard output, and for two in one file.
    """
    planned = [parse_output(text) for text in outputs]
    if format_name is not None:
        planned.insert(0, Output(check_format(format_name)))
    if not planned:
        planned.append(Output("text"))
    seen: dict[str | None, str] = {}
    for output in planned:
        place = None if output.path is None else os.path.abspath(output.path)
        if place in seen:
            where = "standard output" if output.path is None else f"the file {output.path}"
            raise UsageError(
                f"both {seen[place]} and {output.format} would go to {where}",
                help="give all but one a file: `--output FORMAT:PATH`",
            )
        seen[place] = output.format
    return tuple(planned)


def write_outputs(outputs: Sequence[Output], report: Report, stdout: TextIO) -> None:
    """Write `report` to each of `outputs`, files first, so that a closed standard output loses none.

    Raises UsageError for a file that cannot be written.
    """
    for output in outputs:
        if output.path is not None:
            write_file(output.format, output.path, report)
    for output in outputs:
        if output.path is None:
            load(output.format)(report, stdout)


def write_file(format_name: str, path: str, report: Report) -> None:
    """Write `report` to the file `path` as UTF-8, making its folders.

    The file is written under another name in the same folder and renamed, so nobody sees half a
    report; what is no regular file (`/dev/stdout`, a pipe) is written directly. Raises UsageError
    when it cannot be written.
    """
    writer = load(format_name)
    report = replace(report, display=Display(), elapsed=None)
    try:
        # A link stays a link: what it leads to is replaced.
        target = os.path.realpath(path)
        try:
            is_regular = stat.S_ISREG(os.stat(path).st_mode)
        except FileNotFoundError:
            is_regular = True
        if not is_regular:
            with open(path, "w", encoding="utf-8", newline="\n") as stream:
                writer(report, stream)
            return
        folder = os.path.dirname(target)
        os.makedirs(folder, exist_ok=True)
        temporary = os.path.join(folder, f".{os.path.basename(target)}.{os.getpid()}.tmp")
        try:
            with open(temporary, "w", encoding="utf-8", newline="\n", opener=_opener) as stream:
                writer(report, stream)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise UsageError(f"the report {path} cannot be written: {error.strerror or error}") from error


def _opener(path: str, flags: int) -> int:
    """Open a new file, never through a link that somebody put in its place.

    An earlier file of this name can only be left from a run that was killed.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
