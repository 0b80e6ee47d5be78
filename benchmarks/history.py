"""How long the verdicts about real changes take: all consecutive versions of AWS managed policies.

    python history.py VERSIONS FIGURE

`VERSIONS` is the JSON of the npm package, FIGURE is `median`, `slow` (99.9 % of the pairs take less) or
`checked`. The last one checks each verdict by requests, and its time is that of the whole. Started as
a script, in an environment that has iamlint. Prints `{"seconds": ..., ...}`.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from itertools import pairwise
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests" / "semantics" / "algebra"))

from real_requests import contradictions

from iamlint.auditing.compare import compared, read_documents
from iamlint.model import PolicyKind
from iamlint.semantics.algebra.asking import Assumptions
from iamlint.semantics.algebra.results import Verdict

__all__ = ["main"]

SAMPLES = 8


def main(versions: str, figure: str) -> None:
    """Compare all pairs and print the figure."""
    gc.set_threshold(50_000, 20, 20)  # as the program does
    policies = json.loads(Path(versions).read_text("utf-8"))
    began = time.perf_counter()
    seconds: list[float] = []
    verdicts = dict.fromkeys(Verdict, 0)
    wrong: list[str] = []
    for name in sorted(policies):
        documents = policies[name]["versions"]
        numbers = sorted(documents, key=lambda number: int(number[1:]))
        for before, after in pairwise(numbers):
            trees = documents[before]["document"], documents[after]["document"]
            started = time.perf_counter()
            (old,) = read_documents(trees[0], PolicyKind.IDENTITY, "old")
            (new,) = read_documents(trees[1], PolicyKind.IDENTITY, "new")
            found = compared((old,), (new,), PolicyKind.IDENTITY, Assumptions())
            seconds.append(time.perf_counter() - started)
            verdicts[found.verdict] += 1
            if figure == "checked" and contradictions(found, old, new, trees, random.Random(name), SAMPLES):
                wrong.append(f"{name} {after}")
    seconds.sort()
    told = {
        "median": seconds[len(seconds) // 2],
        "slow": seconds[int(len(seconds) * 0.999)],
        "checked": time.perf_counter() - began,
    }
    counts = {str(verdict): number for verdict, number in verdicts.items()}
    answer = {
        "seconds": told[figure],
        "pairs": len(seconds),
        **counts,
        "slowest": seconds[-1],
        "wrong": wrong,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
