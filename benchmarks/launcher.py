"""Run one program and tell how long it took and how much memory it had.

Started with `python -I -S launcher.py` and a request as JSON on standard input, it answers with
JSON on standard output. It is a process of its own because a kernel counts the memory of the
process that starts a program towards the program's peak: this one is small.
"""

import json
import os
import sys
import time


def main() -> None:
    """Read the request, run its program once, print the measurement."""
    request = json.load(sys.stdin)
    os.chdir(request["folder"])
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, request["stdin"], os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, request["stdout"], writing, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, request["stderr"], writing, 0o644),
    ]
    started = time.perf_counter()
    process = os.posix_spawn(
        request["command"][0], request["command"], request["environment"], file_actions=actions
    )
    _, status, usage = os.wait4(process, 0)
    elapsed = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    answer = {
        "seconds": elapsed,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * unit,
        "exit_code": os.waitstatus_to_exitcode(status),
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
