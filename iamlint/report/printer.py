"""Lines for people, written to any stream: its encoding never makes a report fail."""

from __future__ import annotations

from typing import TextIO

from iamlint.report.escape import runner_safe

__all__ = ["Printer"]


class Printer:
    """Writes lines of text to a stream.

    Characters that the stream's encoding lacks become backslash escapes. With `runner`, no line
    can be a command to a build server.
    """

    __slots__ = ("_encoding", "_runner", "_stream", "ellipsis")

    def __init__(self, stream: TextIO, *, runner: bool = False) -> None:
        self._stream = stream
        # Text buffers in memory have no encoding, though the type of a stream promises one.
        encoding: str | None = getattr(stream, "encoding", None)
        narrow = encoding is not None and not encoding.lower().replace("_", "-").startswith("utf")
        self._encoding = encoding if narrow else None
        self._runner = runner
        self.ellipsis = "…" if self.fits("…") else "..."

    def fits(self, text: str) -> bool:
        """Say whether the stream can show `text` as it is."""
        if self._encoding is None:
            return True
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True

    def shown(self, text: str) -> str:
        """Return `text` as the stream will show it."""
        if self._encoding is None or text.isascii():
            return text
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def line(self, text: str = "") -> None:
        """Write `text`, which has no line end, as one line."""
        if self._runner:
            text = runner_safe(text)
        self._stream.write(self.shown(text) + "\n")
