"""What every source gets and gives: files with their bytes, the user's choices, an extraction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from iamlint.model import Diagnostic, Extraction, PolicyKind
from iamlint.record import record
from iamlint.sources.text import Text, decode

__all__ = ["Source", "SourceFile", "SourceOptions"]


class SourceFile:
    """One file of the input: its path in reports, and its bytes.

    `named` is set when the user named the file itself: then it must not pass in silence.
    """

    __slots__ = ("_text", "data", "named", "path")

    def __init__(self, path: str, data: bytes, *, named: bool = False) -> None:
        self.path = path
        self.data = data
        self.named = named
        self._text: Text | None = None

    def text(self) -> Text:
        """Return the decoded content; raises UnreadableTextError (see sources.text)."""
        if self._text is None:
            self._text = decode(self.path, self.data)
        return self._text


def _no_file(path: str) -> bytes | None:
    return None


@record
class SourceOptions:
    """The user's choices that decide what a document means.

    `policy_kind` and `resource_type` are for bare documents; `read` returns the bytes of a file
    inside the root by its path relative to the root, or None (files that a template refers to).
    """

    policy_kind: PolicyKind | None = None
    resource_type: str | None = None
    read: Callable[[str], bytes | None] = _no_file


class Source(Protocol):
    """One format: turns the files of one unit (one file, or a Terraform module) into policies."""

    def extract(self, files: Sequence[SourceFile], options: SourceOptions) -> Extraction:
        """Return all that the files hold. What cannot be read is a diagnostic, never an exception."""


def syntax_diagnostic(path: str, line: int, column: int, message: str) -> Diagnostic:
    """Return the diagnostic for a file that is not the JSON, YAML or HCL it should be."""
    return Diagnostic(path, "syntax-error", message, line, column, unjudged=True)
