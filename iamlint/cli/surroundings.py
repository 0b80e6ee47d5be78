"""What a command sees of the process: its streams, variables and current folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, NamedTuple, TextIO

__all__ = ["Surroundings"]


class Surroundings(NamedTuple):
    """The process as a command may use it. `stdin` is None where there is none; `cwd` is absolute.

    A named tuple, as the module of data classes alone costs a fifth of a start.
    """

    stdin: BinaryIO | None
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    cwd: str

    def tell(self, kind: str, message: str) -> None:
        """Write `kind: message` to standard error, safe to show whatever the message quotes."""
        from iamlint.report.colour import on_runner
        from iamlint.report.escape import escape

        runner = on_runner(self.environ)
        lines = [escape(line, runner=runner) for line in f"{kind}: {message}".split("\n")]
        self.stderr.write("\n".join(lines) + "\n")
