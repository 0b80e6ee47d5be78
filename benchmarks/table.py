"""The results as one Markdown table, and as JSON with every single run."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks.environments import Environment
from benchmarks.measure import Experiment, Series, find, ratio, verdict

__all__ = ["Result", "as_json", "markdown"]

_HEAD = (
    "what",
    "program",
    "median",
    "fastest to slowest",
    "processor",
    "per second",
    "peak memory",
    "findings",
    "÷ iamlint",
    "goal",
    "met",
)


@dataclass(frozen=True, slots=True)
class Result:
    """An experiment and what its commands gave; `failure` says why it could not be set up."""

    key: str
    experiment: Experiment | None
    series: Sequence[Series] = ()
    failure: str = ""


def markdown(results: Sequence[Result], installed: Mapping[str, Environment], notes: Sequence[str]) -> str:
    """Return the table, with what it was measured with below it."""
    rows = [_HEAD, tuple("---" for _ in _HEAD)]
    for result in results:
        if result.experiment is None:
            rows.append((result.key, f"not measured: {result.failure}", *("" for _ in _HEAD[2:])))
            continue
        reference = find(result.series, result.experiment.reference)
        for number, series in enumerate(result.series):
            title = "" if number else result.experiment.title
            rows.append((title, *_row(result.experiment, series, reference)))
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    versions = ", ".join(f"{one.name} {one.version}" for one in installed.values())
    below = [
        f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.system()}; {versions}.",
        *notes,
    ]
    return table + "\n\n" + "\n".join(below) + "\n"


def as_json(
    results: Sequence[Result], installed: Mapping[str, Environment], notes: Sequence[str]
) -> dict[str, object]:
    """Return everything that was measured as plain data."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "versions": {name: one.versions for name, one in installed.items()},
        "notes": list(notes),
        "experiments": [_experiment_json(result) for result in results],
    }


def _row(experiment: Experiment, series: Series, reference: Series | None) -> tuple[str, ...]:
    command = series.command
    goal = command.goal.words if command.goal else ""
    seconds, peak = series.seconds, series.peak_bytes
    if seconds is None or peak is None:
        return (command.label, f"failed: {series.failure or 'no run'}", *[""] * 6, goal, "")
    times = sorted(sample.seconds for sample in series.samples)
    rate = f"{experiment.amount / seconds:,.0f} {experiment.unit}" if experiment.unit else ""
    compared = ratio(series, reference)
    met = verdict(series, reference)
    return (
        command.label,
        _time(seconds),
        f"{_time(times[0])} to {_time(times[-1])}",
        "" if command.inner else _time(series.cpu_seconds or 0),
        rate,
        f"{peak / 1e6:.0f} MB",
        "" if series.findings is None else f"{series.findings:,}",
        "" if compared is None else f"{compared:.2f}",
        goal,
        "" if met is None else ("yes" if met else "**no**"),
    )


def _time(seconds: float) -> str:
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _experiment_json(result: Result) -> dict[str, object]:
    if result.experiment is None:
        return {"key": result.key, "failure": result.failure}
    reference = find(result.series, result.experiment.reference)
    return {
        "key": result.key,
        "title": result.experiment.title,
        "amount": result.experiment.amount,
        "unit": result.experiment.unit,
        "commands": [
            {
                "label": series.command.label,
                "median_seconds": series.seconds,
                "peak_bytes": series.peak_bytes,
                "findings": series.findings,
                "ratio_to_iamlint": ratio(series, reference),
                "goal": series.command.goal.words if series.command.goal else None,
                "goal_met": verdict(series, reference),
                "failure": series.failure,
                "samples": [asdict(sample) for sample in series.samples],
            }
            for series in result.series
        ],
    }
