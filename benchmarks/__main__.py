"""`python -m benchmarks`: install, fetch, measure, print the table."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.environments import PEERS, Environment, install_iamlint, install_peer
from benchmarks.experiments import EXPERIMENTS, build
from benchmarks.measure import measure
from benchmarks.table import Result, as_json, markdown
from benchmarks.workspace import CHECKOUT, WORK, BenchmarkError, note

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks; return 0 when all that was asked for was measured, met or not."""
    chosen = _parser().parse_args(arguments)
    keys: list[str] = chosen.only or list(EXPERIMENTS)
    WORK.mkdir(parents=True, exist_ok=True)
    try:
        installed = {"iamlint": install_iamlint(chosen.checkout.resolve())}
    except BenchmarkError as error:
        note(f"iamlint cannot be installed: {error}")
        return 1
    notes = _install_peers(installed, keys, chosen)
    results = [_result(key, installed, chosen) for key in keys]
    (WORK / "results.json").write_text(json.dumps(as_json(results, installed, notes), indent=1), "utf-8")
    if not chosen.prepare:
        print(markdown(results, installed, notes))
    complete = all(result.experiment and not any(s.failure for s in result.series) for result in results)
    return 0 if complete and not notes else 1


def _install_peers(
    installed: dict[str, Environment], keys: Sequence[str], chosen: argparse.Namespace
) -> list[str]:
    """Add the peers that the experiments need; return in words which could not be had."""
    notes: list[str] = []
    needed = dict.fromkeys(peer for key in keys for peer in EXPERIMENTS[key][1])
    for name in needed:
        if chosen.skip_peers or (chosen.peers and name not in chosen.peers):
            continue
        try:
            installed[name] = install_peer(PEERS[name], refresh=chosen.refresh)
        except BenchmarkError as error:
            note(f"{name} cannot be installed: {error}")
            notes.append(f"{name} could not be installed, and is not in the table.")
    return notes


def _result(key: str, installed: dict[str, Environment], chosen: argparse.Namespace) -> Result:
    try:
        experiment = build(key, installed, chosen.templates)
    except BenchmarkError as error:
        note(f"{key}: {error}")
        return Result(key, None, failure=str(error).splitlines()[0])
    if chosen.prepare:
        return Result(key, experiment)
    return Result(key, experiment, measure(experiment, chosen.rounds or experiment.rounds))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure iamlint beside its peers and print one Markdown table.",
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(EXPERIMENTS), metavar="KEY", help=f"of {', '.join(EXPERIMENTS)}"
    )
    parser.add_argument(
        "--skip-peers", action="store_true", help="measure iamlint and the bare minimum alone"
    )
    parser.add_argument(
        "--peers", nargs="+", choices=list(PEERS), metavar="PEER", help=f"of {', '.join(PEERS)}"
    )
    parser.add_argument(
        "--rounds", type=int, help="repetitions of every experiment (each has its own number)"
    )
    parser.add_argument("--templates", type=Path, metavar="DIR", help="take the templates from this folder")
    parser.add_argument(
        "--checkout", type=Path, default=CHECKOUT, metavar="DIR", help="measure this checkout of iamlint"
    )
    parser.add_argument(
        "--refresh", action="store_true", help="install the peers anew, in their newest releases"
    )
    parser.add_argument(
        "--prepare", action="store_true", help="install and fetch everything, measure nothing"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
