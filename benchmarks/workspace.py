"""Where the benchmarks keep what they make, and how they run the programs that prepare it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["CHECKOUT", "INPUTS", "WORK", "BenchmarkError", "made_once", "note", "run", "track"]

CHECKOUT = Path(__file__).resolve().parent.parent
WORK = CHECKOUT / "benchmarks" / ".work"
INPUTS = WORK / "inputs"


class BenchmarkError(Exception):
    """Something could not be prepared or measured; the message says what and why."""


def note(text: str) -> None:
    """Tell the person at the terminal what is going on; standard output belongs to the table."""
    print(text, file=sys.stderr, flush=True)


def run(command: Sequence[str], folder: Path, *, environment: Mapping[str, str] | None = None) -> str:
    """Return what `command` prints; raises BenchmarkError with the end of its complaint if it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env=None if environment is None else {**os.environ, **environment},
        )
    except FileNotFoundError as error:
        raise BenchmarkError(f"`{command[0]}` is not installed") from error
    if done.returncode != 0:
        complaint = (done.stderr.strip() or done.stdout.strip()).splitlines()[-6:]
        shown = " ".join(command[:6])
        raise BenchmarkError(f"`{shown} ...` ended with {done.returncode}:\n  " + "\n  ".join(complaint))
    return done.stdout


def made_once(folder: Path, recipe: object, make: Callable[[Path], None]) -> Path:
    """Return `folder` filled by `make`, which is called only where `recipe` (plain data) has changed.

    The recipe is kept beside the folder, and only after `make` has ended well: what was broken off
    is made anew.
    """
    record = folder.with_name(folder.name + ".recipe.json")
    wanted = json.dumps(recipe, indent=1, sort_keys=True)
    if folder.is_dir() and record.is_file() and record.read_text("utf-8") == wanted:
        return folder
    record.unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    make(folder)
    record.write_text(wanted, "utf-8")
    return folder


def track(folder: Path) -> None:
    """Make `folder` a Git work tree with every file in the index, as the repositories are that people audit.

    Without one of its own it would lie in an ignored folder of this checkout.
    """
    git = ("git", "-c", f"core.hooksPath={os.devnull}", "-c", "core.autocrlf=false", "-c", "gc.auto=0")
    run([*git, "init", "--quiet"], folder)
    run([*git, "add", "--all"], folder)
