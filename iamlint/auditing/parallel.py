"""Many files on several cores: the same findings in the same order as with one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from iamlint.auditing.pipeline import Judges, Outcome, Tally, Unit, judge_of, judge_unit
from iamlint.auditing.selection import Selection, select_rules
from iamlint.auditing.settings import AuditSettings, silent
from iamlint.engine.load import load_rules
from iamlint.model import Diagnostic, Finding, Ignore, PolicyKey, Span
from iamlint.record import record, replace

if TYPE_CHECKING:
    from iamlint.engine.principals.facts import UnitFacts

__all__ = ["run_units"]

_CHUNK_BYTES = 1_500_000
_MOST_WORKERS = 8

_worker: list[tuple[AuditSettings, Selection, Judges]] = []
"""What a worker process was started with; one entry, and none in the main process."""


def run_units(units: Sequence[Unit], settings: AuditSettings, outcome: Outcome) -> None:
    """Judge the units in worker processes, adding to the outcome (which is sorted afterwards)."""
    from concurrent.futures import ProcessPoolExecutor

    chunks = _chunks(units)
    workers = min(settings.jobs or min(os.cpu_count() or 1, _MOST_WORKERS), len(chunks))
    # A function and the input's bytes do not travel; workers need neither.
    plain = replace(settings, progress=silent, stdin=None, paths=())
    with ProcessPoolExecutor(workers, initializer=_start, initargs=(plain,)) as pool:
        done = 0
        for chunk, part in zip(chunks, pool.map(_judge_chunk, chunks), strict=True):
            outcome.findings.extend(part.findings)
            outcome.diagnostics.extend(part.diagnostics)
            outcome.tally.merge(part.tally)
            outcome.facts.extend(part.facts)
            outcome.told.update(part.told)
            outcome.ignores.extend(part.ignores)
            for path, spans in part.secrets.items():
                outcome.secrets.setdefault(path, []).extend(spans)
            done += len(chunk)
            settings.progress(done, len(units))


def _chunks(units: Sequence[Unit]) -> list[list[Unit]]:
    chunks: list[list[Unit]] = [[]]
    size = 0
    for unit in units:
        if size > _CHUNK_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(unit)
        # A file costs something however small it is.
        size += sum(file.size + 2000 for file in unit.files)
    return chunks


def _start(settings: AuditSettings) -> None:
    import signal

    # The main process answers an interrupt; workers end with it, without a word.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    selection = select_rules(load_rules(settings.rule_packs), settings)
    _worker[:] = [(settings, selection, judge_of(selection, settings))]


@record
class _Part:
    """What travels back from a worker."""

    findings: list[Finding]
    diagnostics: list[Diagnostic]
    tally: Tally
    secrets: dict[str, list[Span]]
    facts: list[UnitFacts]
    told: dict[PolicyKey, set[str]]
    ignores: list[Ignore]


def _judge_chunk(units: list[Unit]) -> _Part:
    settings, selection, judge = _worker[0]
    # Parsed files do not travel between processes.
    outcome = Outcome(selection=selection, may_keep=0)
    for unit in units:
        judge_unit(unit, settings, judge, outcome)
    return _Part(
        outcome.findings,
        outcome.diagnostics,
        outcome.tally,
        outcome.secrets,
        outcome.facts,
        outcome.told,
        outcome.ignores,
    )
