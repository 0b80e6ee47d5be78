"""Measuring: programs run in turn, round after round, so that a slow minute of the machine hits all alike."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.workspace import WORK, note

__all__ = [
    "Command",
    "Experiment",
    "Goal",
    "Sample",
    "Series",
    "environment",
    "find",
    "measure",
    "ratio",
    "verdict",
]

_LAUNCHER = Path(__file__).resolve().with_name("launcher.py")
_TIMEOUT_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked for: this row's time is at least `ratio` times iamlint's, or at most so much more
    than it, or its own time or memory is at most so many seconds or bytes."""

    words: str
    ratio: float | None = None
    seconds: float | None = None
    peak_bytes: int | None = None
    more_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One program with its arguments.

    `label` names the row. `accept` holds the exit codes that mean the work was done. `count` turns
    its standard output into a number of findings, which shows that it did. `inner` is set for a
    program that prints its own measurement, `{"seconds": ...}`, of a part of its run.
    """

    label: str
    arguments: tuple[str, ...]
    accept: frozenset[int] = frozenset({0})
    count: Callable[[str], int] | None = None
    goal: Goal | None = None
    inner: bool = False


@dataclass(frozen=True, slots=True)
class Experiment:
    """Commands that do the same work on the same input; the first one of iamlint is the reference.

    `amount` is how much of `unit` one run treats.
    """

    key: str
    title: str
    folder: Path
    commands: tuple[Command, ...]
    reference: str
    rounds: int
    amount: float = 1
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall-clock and processor time in seconds, and the peak memory of its largest process."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(slots=True)
class Series:
    """All runs of one command; `failure` says why there are no more."""

    command: Command
    samples: list[Sample] = field(default_factory=list)
    findings: int | None = None
    failure: str = ""

    @property
    def seconds(self) -> float | None:
        """The median wall-clock time."""
        return statistics.median(sample.seconds for sample in self.samples) if self.samples else None

    @property
    def cpu_seconds(self) -> float | None:
        """The median processor time of the program and of those that it waited for."""
        return statistics.median(sample.cpu_seconds for sample in self.samples) if self.samples else None

    @property
    def peak_bytes(self) -> int | None:
        """The largest peak of all runs."""
        return max((sample.peak_bytes for sample in self.samples), default=None)


def measure(experiment: Experiment, rounds: int) -> list[Series]:
    """Run every command of an experiment once to warm the disk cache, then `rounds` times in turn."""
    series = [Series(command) for command in experiment.commands]
    for number in range(rounds + 1):
        # Each round starts with another command: none always follows the same neighbour.
        turn = number % len(series)
        for one in series[turn:] + series[:turn]:
            if one.failure:
                continue
            sample = _sample(one, experiment.folder)
            if sample is not None and number:
                one.samples.append(sample)
        note(f"  {experiment.key}: {'warm-up' if not number else f'round {number} of {rounds}'}")
    return series


def _sample(series: Series, folder: Path) -> Sample | None:
    command = series.command
    place = WORK / "output"
    place.mkdir(parents=True, exist_ok=True)
    name = "".join(letter if letter.isalnum() else "-" for letter in f"{folder.name}-{command.label}")
    stdout, stderr = place / f"{name}.out", place / f"{name}.err"
    request = {
        "command": list(command.arguments),
        "folder": str(folder),
        "environment": environment(os.environ),
        "stdin": os.devnull,
        "stdout": str(stdout),
        "stderr": str(stderr),
    }
    answer = _launch(json.dumps(request))
    if isinstance(answer, str):
        series.failure = answer
        return None
    if answer["exit_code"] not in command.accept:
        lines = stderr.read_text("utf-8", "replace").strip().splitlines()
        series.failure = f"exit code {answer['exit_code']:.0f}" + (f": {lines[-1][:200]}" if lines else "")
        return None
    printed = stdout.read_text("utf-8", "replace") if command.count or command.inner else ""
    try:
        if command.count is not None:
            series.findings = command.count(printed)
        seconds = float(json.loads(printed)["seconds"]) if command.inner else answer["seconds"]
    except (ValueError, KeyError, TypeError) as error:
        series.failure = f"its output is not understood: {error}"
        return None
    return Sample(seconds, answer["cpu_seconds"], int(answer["peak_bytes"]))


def _launch(request: str) -> dict[str, float] | str:
    """Return the launcher's answer, or in words why there is none."""
    launcher = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_LAUNCHER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        answer, complaint = launcher.communicate(request, timeout=_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()
        return f"not done after {_TIMEOUT_SECONDS} seconds"
    if launcher.returncode != 0:
        return (complaint.strip().splitlines() or ["the launcher failed"])[-1]
    parsed: dict[str, float] = json.loads(answer)
    return parsed


def environment(outer: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a measured program: the search path, a home of its own, and
    no more, so that no setting of the person at the terminal changes a number."""
    home = WORK / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": outer.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
    }


def ratio(series: Series, reference: Series | None) -> float | None:
    """Return how many times as long as the reference a command took."""
    if reference is None or series.seconds is None or not reference.seconds:
        return None
    return series.seconds / reference.seconds


def verdict(series: Series, reference: Series | None) -> bool | None:
    """Say whether the goal of a row is met; None where it has none or could not be measured."""
    goal = series.command.goal
    if goal is None or series.seconds is None or series.peak_bytes is None:
        return None
    if goal.ratio is not None:
        measured = ratio(series, reference)
        return None if measured is None else measured >= goal.ratio
    if goal.more_seconds is not None:
        if reference is None or reference.seconds is None:
            return None
        return series.seconds - reference.seconds <= goal.more_seconds
    if goal.seconds is not None:
        return series.seconds <= goal.seconds
    return series.peak_bytes <= (goal.peak_bytes or 0)


def find(series: Sequence[Series], label: str) -> Series | None:
    """Return the series of the command `label`."""
    return next((one for one in series if one.command.label == label), None)
