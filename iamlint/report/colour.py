"""Whether to colour, and how. Colour never carries meaning alone: the words are always printed."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from iamlint.model import Severity

__all__ = ["ColourChoice", "Paint", "on_runner", "use_colour"]


class ColourChoice(enum.StrEnum):
    """What the user asked for with `--color`."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


_RUNNERS = ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD")


def on_runner(environ: Mapping[str, str]) -> bool:
    """Say whether `environ` is that of a build server which reads commands from the output."""
    return any(environ.get(name, "").lower() in {"true", "1"} for name in _RUNNERS)


def use_colour(choice: ColourChoice, environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Decide on colour from the option, the environment's variables and the kind of the output.

    An option other than `auto` decides. Then, in this order: NO_COLOR turns it off; FORCE_COLOR and
    CLICOLOR_FORCE (unless 0) turn it on; CLICOLOR=0, TERM=dumb, an output that is no terminal and
    build servers turn it off.
    """
    if choice is not ColourChoice.AUTO:
        return choice is ColourChoice.ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR") or environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    if environ.get("CLICOLOR") == "0" or environ.get("TERM") == "dumb" or not is_terminal:
        return False
    return not on_runner(environ)


_SEVERITIES = {
    Severity.CRITICAL: "1;31",
    Severity.HIGH: "31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "34",
}


class Paint:
    """Puts the 16 standard colours around text, or leaves it alone."""

    __slots__ = ("_enabled",)

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._enabled and text else text

    def bold(self, text: str) -> str:
        """Return `text` in bold."""
        return self._wrap("1", text)

    def faint(self, text: str) -> str:
        """Return `text` as a thing beside the matter, such as a line number."""
        return self._wrap("34", text)

    def related(self, text: str) -> str:
        """Return `text` as a mark of a related place."""
        return self._wrap("36", text)

    def problem(self, text: str) -> str:
        """Return `text` as something that went wrong."""
        return self._wrap("35", text)

    def added(self, text: str) -> str:
        """Return `text` as a line that a change adds."""
        return self._wrap("32", text)

    def removed(self, text: str) -> str:
        """Return `text` as a line that a change takes away."""
        return self._wrap("31", text)

    def severity(self, severity: Severity, text: str) -> str:
        """Return `text` in the colour of `severity`."""
        return self._wrap(_SEVERITIES[severity], text)
