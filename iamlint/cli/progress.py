"""A line on the terminal while a long run goes on; nothing anywhere else."""

from __future__ import annotations

import time
from typing import TextIO

__all__ = ["Progress"]

_SILENT_SECONDS = 1.0
_PAUSE_SECONDS = 0.1


class Progress:
    """Told of the files done, rewrites one line of a terminal, after a silent first second."""

    def __init__(self, stream: TextIO, *, enabled: bool) -> None:
        self._stream = stream
        self._enabled = enabled
        self._next = time.monotonic() + _SILENT_SECONDS
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` files are audited."""
        if not self._enabled or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PAUSE_SECONDS
        self._shown = True
        self._stream.write(f"\r{done} of {total} files\x1b[K")
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False
