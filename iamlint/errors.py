"""Deliberate failures: what went wrong, what to try, and the exit code it means."""

from __future__ import annotations

import enum

__all__ = ["ConfigError", "ExitCode", "IamlintError", "InputError", "RulePackError", "UsageError"]


class ExitCode(enum.IntEnum):
    """What the process ends with; the three documented codes and the shell's two conventions."""

    OK = 0
    FINDINGS = 1
    ERROR = 2
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class IamlintError(Exception):
    """Base of all deliberate failures; `help` is the advice shown under the message."""

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, *, help: str = "") -> None:  # noqa: A002 -- the word users read
        super().__init__(message)
        self.help = help


class UsageError(IamlintError):
    """The command line asks for something that does not exist or does not fit together."""


class ConfigError(IamlintError):
    """A configuration file is not valid; the message lists every mistake with its place."""


class RulePackError(IamlintError):
    """A rule file is not valid; the message lists every mistake of the pack with its place."""


class InputError(IamlintError):
    """A named input is missing or cannot be read."""
