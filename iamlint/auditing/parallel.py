"""Many files on several cores: the same findings in the same order as with one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from iamlint.auditing.settings import AuditSettings
from iamlint.model import Diagnostic, Finding

if TYPE_CHECKING:
    from iamlint.auditing.pipeline import Outcome, Tally, _Unit

__all__ = ["run_units"]

_CHUNK_BYTES = 1_500_000
_state: list[tuple[AuditSettings, object]] = []


def run_units(units: Sequence[_Unit], settings: AuditSettings, outcome: Outcome) -> None:
    """Judge the units in worker processes, adding to the outcome (which is sorted afterwards)."""
    from concurrent.futures import ProcessPoolExecutor

    from iamlint.auditing.pipeline import without_readers

    workers = settings.jobs or min(os.cpu_count() or 1, 8)
    chunks = list(_chunks(units))
    with ProcessPoolExecutor(
        min(workers, len(chunks)), initializer=_start, initargs=(without_readers(settings),)
    ) as pool:
        done = 0
        for chunk, (findings, diagnostics, tally) in zip(chunks, pool.map(_judge_chunk, chunks), strict=True):
            outcome.findings.extend(findings)
            outcome.diagnostics.extend(diagnostics)
            outcome.tally.merge(tally)
            done += len(chunk)
            settings.progress(done, len(units))


def _chunks(units: Sequence[_Unit]) -> list[list[_Unit]]:
    chunks: list[list[_Unit]] = [[]]
    size = 0
    for unit in units:
        if size > _CHUNK_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(unit)
        size += sum(file.size for file in unit.files) + 2000
    return chunks


def _start(settings: AuditSettings) -> None:
    from iamlint.auditing.pipeline import _judge
    from iamlint.auditing.selection import select_rules
    from iamlint.engine.load import load_rules

    selection = select_rules(load_rules(settings.rule_packs), settings)
    _state[:] = [(settings, (_judge(selection, settings), selection))]


def _judge_chunk(units: list[_Unit]) -> tuple[list[Finding], list[Diagnostic], Tally]:
    from iamlint.auditing.pipeline import Outcome, judge_unit

    settings, (judge, selection) = _state[0]  # type: ignore[misc]  # set by _start in this process
    outcome = Outcome(selection=selection)
    for unit in units:
        judge_unit(unit, settings, judge, outcome)
    return outcome.findings, outcome.diagnostics, outcome.tally
