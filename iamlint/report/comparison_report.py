"""The answer of the policy algebra, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from iamlint.model import Policy
from iamlint.report.escape import PATH_LIMIT, escape, mask
from iamlint.report.printer import Printer
from iamlint.semantics.algebra.results import Comparison, Reason, StatementPlace, Verdict, Witness

__all__ = ["detail_lines", "write_text"]


def write_text(
    found: Comparison,
    headlines: Mapping[Verdict, str],
    sides: Mapping[str, Sequence[Policy]],
    stream: TextIO,
    *,
    runner: bool = False,
) -> None:
    """Write an answer for a reader: the headline of its verdict, the request that proves it, the
    statements that decide, what an unknown answer could not tell, and notes. `sides` holds the
    policies under the names `new` and `old`."""
    printer = Printer(stream, runner=runner)
    for line in _lines(found, headlines, sides):
        printer.line(line)


def _lines(
    found: Comparison, headlines: Mapping[Verdict, str], sides: Mapping[str, Sequence[Policy]]
) -> Iterator[str]:
    yield headlines[found.verdict]
    if found.witness is not None:
        yield ""
    yield from detail_lines(found, sides)


def detail_lines(found: Comparison, sides: Mapping[str, Sequence[Policy]]) -> Iterator[str]:
    """Yield all lines of an answer but its headline, safe to show."""
    if found.witness is not None:
        yield from _request(found.witness)
    if found.allowed_by is not None and found.allowed_by.document < len(sides["new"]):
        yield ""
        yield f"allowed by {_place(sides['new'], found.allowed_by)}"
    if found.no_longer_denied_by is not None and found.no_longer_denied_by.document < len(sides["old"]):
        yield f"no longer denied by {_place(sides['old'], found.no_longer_denied_by)}"
    if found.reasons:
        yield ""
        yield "cannot tell because"
        # Of one file before and after, what is open in both is told once.
        yield from dict.fromkeys(f"  {_reason(reason, sides)}" for reason in found.reasons)
    if found.notes:
        yield ""
        for note in found.notes:
            yield f"note: {_shown(note)}"


def _request(witness: Witness) -> Iterator[str]:
    yield f"  caller    {_shown(witness.caller)}"
    yield f"  action    {_shown(witness.action)}"
    owner = f" (account {_shown(witness.resource_account)})" if witness.resource_account else ""
    yield f"  resource  {_shown(witness.resource)}{owner}"
    for key, value in witness.keys:
        yield f"  context   {_shown(key)} = {_shown(value)}"


def _place(policies: Sequence[Policy], place: StatementPlace) -> str:
    policy = policies[place.document]
    assert policy.statements is not None  # a place is that of one of them
    statement = policy.statements[place.index]
    sid = "" if statement.sid is None else f" {_shown(str(statement.sid))}"
    span = policy.document.span(statement.pointer)
    return f"{escape(span.path, limit=PATH_LIMIT)}:{span.start_line} statement {place.index + 1}{sid}"


def _reason(reason: Reason, sides: Mapping[str, Sequence[Policy]]) -> str:
    if reason.document is None or reason.document >= len(sides.get(reason.side, ())):
        return _shown(reason.message)
    policy = sides[reason.side][reason.document]
    tokens = reason.pointer.split("/")[1:]
    steps = tuple(token.replace("~1", "/").replace("~0", "~") for token in tokens)
    pointer = (*policy.pointer, *(int(step) if step.isdigit() else step for step in steps))
    span = policy.document.span(pointer)
    place = f"{escape(span.path, limit=PATH_LIMIT)}:{span.start_line}:{span.start_column}"
    return f"{place}: {_shown(reason.message)}"


def _shown(text: str) -> str:
    return escape(mask(text))
