"""Arguments: argparse, with our words for mistakes, and help that is the same everywhere."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, NoReturn, TypeVar

from iamlint.errors import IamlintError, UsageError

__all__ = ["Choice", "CliParser", "HelpAsked", "Option", "jobs", "suggestion"]

Arguments = TypeVar("Arguments", bound=argparse.Namespace)

_WIDTH = 79
"""Columns of help texts, the same on every terminal: they are documentation."""


class HelpAsked(Exception):  # noqa: N818 -- not an error
    """The user asked for help; the text is the argument."""


class Choice:
    """The type of an option with a fixed set of words."""

    def __init__(self, what: str, words: Iterable[str]) -> None:
        self._what = what
        self.words = tuple(words)

    def __call__(self, text: str) -> str:
        """Return `text` if it is one of the words."""
        if text in self.words:
            return text
        hint = suggestion(text, self.words)
        known = ", ".join(self.words)
        raise argparse.ArgumentTypeError(f"there is no {self._what} {text!r}{hint} (known: {known})")


def jobs(text: str) -> int | str:
    """Return a number of processes, or `auto`."""
    if text == "auto":
        return text
    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 256 and len(text) < 4:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a whole number from 1 to 256 nor auto")


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the nearest of the known words, or nothing."""
    # Only a mistake pays for the import.
    from iamlint.catalog.nearest import nearest

    found = nearest(word.lower(), known) if len(word) <= 80 else None
    return f"; did you mean {found!r}?" if found else ""


class Option(NamedTuple):
    """An option or positional as completion scripts need it. `flags` is empty for a positional;
    `words` are its fixed values; `takes` is `file`, `rule`, `value` or None for a switch."""

    flags: tuple[str, ...]
    about: str
    words: tuple[str, ...]
    takes: str | None


class _Help(argparse.Action):
    def __init__(self, option_strings: Sequence[str], **_: object) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, nargs=0, help="show this help and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise HelpAsked(parser.format_help())


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=26, width=_WIDTH)


class CliParser(argparse.ArgumentParser):
    """A parser that raises instead of ending the process, and remembers its options."""

    def __init__(self, prog: str, description: str, examples: str, *, takes: str = "") -> None:
        super().__init__(
            prog=prog,
            usage=f"{prog} [OPTION...] {takes}".rstrip(),
            description=description,
            epilog=f"examples:\n{examples}",
            formatter_class=_formatter,
            allow_abbrev=False,
            add_help=False,
        )
        if sys.version_info >= (3, 14):
            self.color = False  # help goes to the stream that main was given, not to the terminal
        self.options: list[Option] = []
        self._rest: str | None = None
        self._group: argparse._ArgumentGroup | None = None
        self.heading("options")
        self.register("action", "our-help", _Help)
        self.add("-h", "--help", action="our-help", help="show this help and exit")

    def heading(self, title: str) -> None:
        """Put the options that follow under a heading of their own."""
        if title == "options":
            self._group = None
        else:
            self._group = self.add_argument_group(title)

    def add(
        self,
        *names: str,
        help: str,  # noqa: A002 -- argparse's word
        action: str | None = None,
        type: Callable[[str], object] | None = None,  # noqa: A002 -- argparse's word
        metavar: str | None = None,
        nargs: str | None = None,
        takes: str | None = None,
    ) -> None:
        """Add an option or a positional. `takes` says what completion offers as its value."""
        flags = tuple(name for name in names if name.startswith("-"))
        words = type.words if isinstance(type, Choice) else ()
        is_switch = action in ("store_true", "our-help", "count")
        self.options.append(Option(flags, help, words, None if is_switch else takes or "value"))
        more: dict[str, object] = {
            name: value
            for name, value in {
                "action": action,
                "type": type,
                "metavar": metavar,
                "nargs": nargs,
            }.items()
            if value is not None
        }
        # What nobody gives stays as the class of the arguments has it.
        more["default"] = argparse.SUPPRESS
        if nargs in ("*", "+"):
            self._rest = names[0]
        target = self._group or self
        target.add_argument(*names, help=help, **more)  # type: ignore[arg-type]  # as argparse takes them

    def read(self, argv: Sequence[str], arguments: Arguments) -> Arguments:
        """Return `arguments` filled from `argv`. Raises UsageError, or HelpAsked."""
        found, extra = self.parse_known_args(list(argv), arguments)
        only_paths = False
        for word in extra:
            if word == "--":
                only_paths = True
            elif self._rest is not None and (only_paths or not word.startswith("-")):
                # argparse takes positionals from one place only: `a --format json b` leaves b over.
                setattr(found, self._rest, [*(getattr(found, self._rest, None) or ()), word])
            elif word.startswith("-"):
                flag = word.partition("=")[0]
                known = [flag for option in self.options for flag in option.flags]
                self.error(f"there is no option {flag!r}{suggestion(flag, known)}")
            else:
                self.error(f"{word!r} is one argument too many")
        return found

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, help=f"see `{self.prog} --help`")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Raise: nothing here ends the process."""
        raise IamlintError(message or f"the arguments ended with {status}")

    def _print_message(self, message: str, file: object = None) -> None:
        """Print nothing: nothing here writes to the process's streams."""
