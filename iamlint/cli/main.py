"""`iamlint`: finds the command, runs it, and turns what happens into an exit code.

Only `entry` touches the process. Commands are imported when they run: start-up is a feature.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import BinaryIO, NoReturn, Protocol, TextIO

from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode, IamlintError, UsageError

__all__ = ["COMMANDS", "Command", "entry", "load_command", "main"]

COMMANDS: Mapping[str, tuple[str, str]] = {
    "check": ("check", "audit files and folders (the default)"),
    "extract": ("extract", "show which policies and grants are seen, without rules"),
    "summary": ("summary", "show how much each policy grants, in one line"),
    "evaluate": ("evaluate", "tell whether policies allow one request, and why or why not"),
    "compare": ("compare", "tell whether a new policy allows more than the old one"),
    "grants": ("grants", "tell whether a policy allows an action or access to a resource"),
    "public": ("public", "tell whether a policy lets strangers in"),
    "graph": ("graph", "show which principal can become which other"),
    "rules": ("rules", "list the rules"),
    "rules test": ("rules_test", "run the examples of a rule pack"),
    "explain": ("explain", "tell what a rule finds, why it matters and how to mend it"),
    "config show": ("config_show", "show the effective settings and where each came from"),
    "completion": ("completion", "print a completion script for a shell"),
    "version": ("version", "show the version and the date of the facts about AWS"),
}
"""Each command with the module of this package that runs it, and what it does."""

_LARGEST_ARGUMENT_FILE = 16 * 1024 * 1024


class Command(Protocol):
    """The module of a command."""

    def run(self, argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
        """Run the command with the arguments after its name. Raises IamlintError or HelpAsked."""


def load_command(name: str) -> Command:
    """Return the module that runs a command of COMMANDS."""
    import importlib

    module: Command = importlib.import_module(f"iamlint.cli.{COMMANDS[name][0]}")
    return module


def main(
    argv: Sequence[str],
    stdin: BinaryIO | None,
    stdout: TextIO,
    stderr: TextIO,
    environ: Mapping[str, str],
    cwd: str,
) -> ExitCode:
    """Run one command and return what the process should exit with.

    Nothing escapes but BrokenPipeError (a reader went away) and KeyboardInterrupt.
    """
    surroundings = Surroundings(stdin, stdout, stderr, environ, cwd)
    try:
        return _run(argv, surroundings)
    except IamlintError as error:
        surroundings.tell("error", str(error))
        if error.help:
            surroundings.tell("  help", error.help)
        return ExitCode(error.exit_code)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 -- the last resort: say so, and that the result is none
        _tell_internal(error, argv, surroundings)
        return ExitCode.ERROR


def entry() -> NoReturn:
    """Run the process; the only place that touches it."""
    # A run makes many small objects that live as long as their file and form no cycles: looking for
    # cycles at the default rate costs a sixth of the time.
    gc.set_threshold(50_000, 20, 20)
    code = ExitCode.BROKEN_PIPE
    _open_closed_streams()
    try:
        # A name that the output's encoding cannot show must not end a run.
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        stdin = getattr(sys.stdin, "buffer", None)
        code = main(sys.argv[1:], stdin, sys.stdout, sys.stderr, os.environ, _current_folder())
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at its end, and must not find the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.BROKEN_PIPE
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except OSError as error:
        sys.stderr.write(f"error: the output cannot be written: {error.strerror or error}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.ERROR
    sys.exit(int(code))


def _open_closed_streams() -> None:
    """Put streams in the place of those that the caller closed (`>&-`): what is written to standard
    output then fails as on a full disk, and what is written to standard error is lost."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 -- lives as long as the process
    if sys.stdout is None:
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")  # noqa: SIM115 -- as above


def _current_folder() -> str:
    """Return the current folder; ends the process where it has been deleted."""
    try:
        return os.getcwd()
    except OSError as error:
        sys.stderr.write(f"error: the current folder cannot be told: {error.strerror}\n")
        sys.exit(int(ExitCode.ERROR))


def _run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    argv = _with_argument_files(argv, surroundings.cwd)
    name, rest = _command(argv, surroundings)
    if name is None:
        surroundings.stdout.write(_overview())
        return ExitCode.OK
    from iamlint.cli.parser import HelpAsked

    try:
        return load_command(name).run(rest, surroundings)
    except HelpAsked as asked:
        surroundings.stdout.write(str(asked))
        return ExitCode.OK


def _command(argv: Sequence[str], surroundings: Surroundings) -> tuple[str | None, Sequence[str]]:
    """Return the command and its arguments; None asks for the overview of all commands."""
    if not argv:
        return "check", argv
    first = argv[0]
    if first in ("-h", "--help") or argv == ["help"]:
        return None, ()
    if first in ("-V", "--version"):
        return "version", argv[1:]
    if first == "help":
        name, rest = _command(argv[1:], surroundings)
        return name, [*rest, "--help"]
    two = " ".join(argv[:2])
    if len(argv) > 1 and two in COMMANDS:
        return two, argv[2:]
    if first in COMMANDS:
        return first, argv[1:]
    if first.startswith("-"):
        return "check", argv
    families = {name.partition(" ")[0] for name in COMMANDS if " " in name}
    if first in families:
        members = [name for name in COMMANDS if name.startswith(f"{first} ")]
        if len(argv) > 1 and argv[1] in ("-h", "--help"):
            return members[0], argv[1:]
        wrong = f"there is no command {two!r}" if len(argv) > 1 else f"{first!r} alone is no command"
        raise UsageError(wrong, help=f"there is `iamlint {members[0]}`")
    looks_like_path = any(character in first for character in "/\\.*")
    if looks_like_path or "\0" in first or os.path.lexists(os.path.join(surroundings.cwd, first)):
        return "check", argv
    from iamlint.cli.parser import suggestion

    words = dict.fromkeys(name.partition(" ")[0] for name in COMMANDS)
    raise UsageError(
        f"there is neither a command nor a file {first!r}{suggestion(first, words)}",
        help=f"the commands are {', '.join(words)}; see `iamlint --help`",
    )


def _with_argument_files(argv: Sequence[str], cwd: str) -> Sequence[str]:
    """Return the arguments with each `@FILE` replaced by the lines of the file."""
    if not any(word.startswith("@") for word in argv):
        return list(argv)
    found: list[str] = []
    for place, word in enumerate(argv):
        if word == "--":
            return [*found, *argv[place:]]
        if not word.startswith("@") or word == "@":
            found.append(word)
            continue
        try:
            with open(os.path.join(cwd, word[1:]), "rb") as file:
                data = file.read(_LARGEST_ARGUMENT_FILE + 1)
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise UsageError(
                f"the file of arguments {word[1:]!r} cannot be read: {reason}",
                help=f"write `./{word}` for a path that starts with @",
            ) from error
        if len(data) > _LARGEST_ARGUMENT_FILE:
            raise UsageError(f"the file of arguments {word[1:]!r} is larger than 16 MiB")
        lines = os.fsdecode(data).split("\n")
        found.extend(line for line in (line.removesuffix("\r") for line in lines) if line.strip())
    return found


def _overview() -> str:
    """Return the help of the program as a whole."""
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {about}" for name, (_, about) in COMMANDS.items())
    return f"""\
usage: iamlint [COMMAND] [OPTION...] [PATH...]

A least-privilege linter and static analyzer for AWS IAM.

commands:
{commands}

Without a command, or with a path or an option first, `check` runs. `@FILE`
stands for the lines of a file as arguments. `iamlint COMMAND --help` tells
the options of a command.

exit codes:
  0  nothing found at or above --fail-on (default: low)
  1  something found
  2  wrong usage, bad configuration or rule pack, unreadable named input, or
     an error of iamlint itself: the result cannot be trusted

examples:
  iamlint                            audit the current folder
  iamlint policies/ template.yaml    audit a folder and a file
  iamlint explain IAM101             what a rule is about
"""


def _tell_internal(error: Exception, argv: Sequence[str], surroundings: Surroundings) -> None:
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = os.path.basename(trace.tb_frame.f_code.co_filename)
        place = f" ({file}:{trace.tb_lineno})"
        trace = trace.tb_next
    reason = str(error) or "no reason given"
    surroundings.tell(
        "error", f"iamlint itself failed, and the result is none: {type(error).__name__}: {reason}{place}"
    )
    surroundings.tell(
        "  help", "please report it with the output of `iamlint version --json`; --verbose shows more"
    )
    if "--verbose" in argv or "-v" in argv:
        import traceback

        surroundings.tell("trace", "".join(traceback.format_exception(error)).rstrip())
