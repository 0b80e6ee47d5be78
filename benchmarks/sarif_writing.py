"""How long the SARIF of 1,000 results takes to write, once the findings are there.

    python sarif_writing.py FOLDER

Started as a script, in an environment that has iamlint. Prints `{"seconds": ..., ...}`.
"""

from __future__ import annotations

import gc
import io
import json
import sys
import time
from pathlib import Path

from iamlint.auditing import AuditSettings
from iamlint.auditing.reporting import run_audit
from iamlint.engine.rule import Profile
from iamlint.record import replace
from iamlint.report.formats import load

__all__ = ["main"]

RESULTS = 1_000


def main(folder: str) -> None:
    """Audit as much of `folder` as gives 1,000 findings, and time the writer on these."""
    began = time.perf_counter()
    files = sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.*") if path.is_file())
    count = 8
    while True:
        paths = tuple(files[:count])
        report = run_audit(AuditSettings(paths=paths, cwd=folder, profile=Profile.AUDIT, jobs=1))
        if len(report.findings) >= RESULTS:
            break
        if count >= len(files):
            raise SystemExit(f"only {len(report.findings)} findings, not {RESULTS}")
        count *= 2
    audit_seconds = time.perf_counter() - began
    report = replace(report, findings=report.findings[:RESULTS])
    gc.set_threshold(50_000, 20, 20)  # as the program does
    started = time.perf_counter()
    write = load("sarif")
    imported = time.perf_counter()
    stream = io.StringIO()
    write(report, stream)
    done = time.perf_counter()
    answer = {
        "seconds": done - imported,
        "audit_seconds": audit_seconds,
        "import_seconds": imported - started,
        "bytes": len(stream.getvalue()),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
