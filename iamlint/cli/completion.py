"""`iamlint completion`: a static script for a shell, made from the parsers of all commands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iamlint.cli.main import COMMANDS
from iamlint.cli.parser import Choice, CliParser, Option
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode

__all__ = ["parser", "run"]

SHELLS = ("bash", "zsh", "fish")

_EXAMPLES = """\
  iamlint completion bash > ~/.local/share/bash-completion/completions/iamlint
  iamlint completion zsh > ~/.zfunc/_iamlint
  iamlint completion fish > ~/.config/fish/completions/iamlint.fish
"""


class _Arguments(argparse.Namespace):
    shell: str


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser("iamlint completion", "Print a completion script for a shell.", _EXAMPLES, takes="SHELL")
    made.add("shell", metavar="SHELL", type=Choice("shell", SHELLS), help="bash, zsh or fish")
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Print the script."""
    shell = parser().read(argv, _Arguments()).shell
    from iamlint.engine.load import load_rules

    rules = [word for rule in load_rules().rules for word in (rule.id, rule.name)]
    commands = {name: _parser_of(name).options for name in COMMANDS}
    script = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands, rules)
    surroundings.stdout.write(script)
    return ExitCode.OK


def _parser_of(name: str) -> CliParser:
    import importlib

    made = importlib.import_module(f"iamlint.cli.{COMMANDS[name][0]}").parser()
    assert isinstance(made, CliParser)
    return made


def _first_words() -> dict[str, str]:
    """Return the first word of each command, with what it does."""
    words: dict[str, str] = {}
    for name, (_, about) in COMMANDS.items():
        words.setdefault(name.partition(" ")[0], about)
    return words


def _second_words(first: str) -> list[str]:
    return [name.partition(" ")[2] for name in COMMANDS if name.startswith(f"{first} ")]


def _bash(commands: dict[str, list[Option]], rules: Sequence[str]) -> str:
    lines = [
        "# Completion of iamlint for bash, made by `iamlint completion bash`.",
        "_iamlint() {",
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=check",
        '    local rules="' + " ".join(rules) + '"',
        "    COMPREPLY=()",
        "    if ((COMP_CWORD > 1)); then",
        '        case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in',
    ]
    lines.extend(f'            "{name}") command="{name}" ;;' for name in COMMANDS if " " in name)
    lines.append('            *) case "${COMP_WORDS[1]}" in')
    lines.extend(f'                {first}) command="{first}" ;;' for first in _first_words())
    lines += ["            esac ;;", "        esac", "    fi", '    case "$command:$before" in']
    for name, options in commands.items():
        for option in options:
            if not option.flags or option.takes is None:
                continue
            pattern = "|".join(f'"{name}:{flag}"' for flag in option.flags)
            lines.append(f"        {pattern}) {_bash_values(option)}; return ;;")
    lines += ["    esac", '    case "$command" in']
    for name, options in commands.items():
        flags = " ".join(flag for option in options for flag in option.flags)
        words = [word for option in options if not option.flags for word in option.words]
        if any(not option.flags and option.takes == "rule" for option in options):
            words.append("$rules")
        lines.append(f'        "{name}") local flags="{flags}" words="{" ".join(words)}" ;;')
    for first in _first_words():
        if first not in commands:
            lines.append(f'        "{first}") local flags="--help" words="" ;;')
    lines += [
        "    esac",
        "    if ((COMP_CWORD == 1)); then",
        f'        words="{" ".join(_first_words())} --version"',
        "    elif ((COMP_CWORD == 2)); then",
        '        case "${COMP_WORDS[1]}" in',
    ]
    lines.extend(
        f'            {first}) words+=" {" ".join(_second_words(first))}" ;;'
        for first in _first_words()
        if _second_words(first)
    )
    lines += [
        "        esac",
        "    fi",
        "    if [[ $word == -* ]]; then",
        '        COMPREPLY=($(compgen -W "$flags" -- "$word"))',
        "    else",
        '        COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"))',
        "    fi",
        "}",
        "complete -o filenames -o bashdefault -F _iamlint iamlint",
    ]
    return "\n".join(lines) + "\n"


def _bash_values(option: Option) -> str:
    if option.words:
        return f'COMPREPLY=($(compgen -W "{" ".join(option.words)}" -- "$word"))'
    if option.takes == "rule":
        return 'COMPREPLY=($(compgen -W "$rules" -- "$word"))'
    if option.takes == "file":
        return 'COMPREPLY=($(compgen -f -- "$word"))'
    return "COMPREPLY=()"


def _zsh(commands: dict[str, list[Option]], rules: Sequence[str]) -> str:
    lines = [
        "#compdef iamlint",
        "# Completion of iamlint for zsh, made by `iamlint completion zsh`.",
        "_iamlint() {",
        "    local -a commands rules",
        "    rules=(" + " ".join(rules) + ")",
        "    commands=(",
    ]
    lines.extend(f"        {_zsh_quoted(f'{word}:{about}')}" for word, about in _first_words().items())
    lines += [
        "    )",
        "    if ((CURRENT == 2)); then",
        "        _describe command commands",
        "        _files",
        "        return",
        "    fi",
        '    local name="$words[2] $words[3]"',
        '    case "$name" in',
    ]
    for name, options in sorted(commands.items(), key=lambda item: " " not in item[0]):
        pattern = f'"{name}"*' if " " in name else f'"{name} "*'
        lines.append(f"        {pattern})")
        second = _second_words(name)
        if second:
            lines.append(f"            ((CURRENT == 3)) && compadd -- {' '.join(second)}")
        lines.append("            _arguments -S \\")
        lines.extend(f"                {_zsh_spec(option)} \\" for option in options)
        lines.append("                && return ;;")
    lines += [
        '        "config "*) compadd -- show ;;',
        "        *)",
        "            _arguments -S \\",
    ]
    lines.extend(f"                {_zsh_spec(option)} \\" for option in commands["check"])
    lines += ["                && return ;;", "    esac", "}", '_iamlint "$@"']
    return "\n".join(lines) + "\n"


def _zsh_spec(option: Option) -> str:
    values = {"file": "_files", "rule": "($rules)"}.get(option.takes or "", "")
    if option.words:
        values = f"({' '.join(option.words)})"
    about = option.about.replace("[", "(").replace("]", ")").replace(":", " -")
    if not option.flags:
        return _zsh_quoted(f"*:{about}:{values}") if "$" not in values else f'"*:{about}:{values}"'
    tail = "" if option.takes is None else f":value:{values}"
    body = f"[{about}]{tail}"
    if "$" in body:
        return " ".join(f'"*{flag}{body}"' for flag in option.flags)
    return " ".join(_zsh_quoted(f"*{flag}{body}") for flag in option.flags)


def _zsh_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(commands: dict[str, list[Option]], rules: Sequence[str]) -> str:
    first = " ".join(_first_words())
    lines = [
        "# Completion of iamlint for fish, made by `iamlint completion fish`.",
        f"set -l iamlint_commands {first}",
        "set -l iamlint_rules " + " ".join(rules),
    ]
    none_yet = '-n "not __fish_seen_subcommand_from $iamlint_commands"'
    lines.extend(
        f"complete -c iamlint {none_yet} -a {word} -d {_fish_quoted(about)}"
        for word, about in _first_words().items()
    )
    for first in _first_words():
        second = _second_words(first)
        if second:
            lines.append(
                f"complete -c iamlint -n '__fish_seen_subcommand_from {first}' -a '{' '.join(second)}'"
            )
    for name, options in commands.items():
        seen = [f"__fish_seen_subcommand_from {word}" for word in name.split()]
        if " " not in name and _second_words(name):
            seen.append(f"not __fish_seen_subcommand_from {' '.join(_second_words(name))}")
        condition = _fish_quoted("; and ".join(seen))
        for option in options:
            parts = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
            if option.words:
                parts.append(f"{'-x ' if option.flags else ''}-a '{' '.join(option.words)}'")
            elif option.takes == "rule":
                parts.append(f'{"-x " if option.flags else ""}-a "$iamlint_rules"')
            elif option.takes is not None and option.flags:
                parts.append("-r" if option.takes == "file" else "-x")
            elif not option.flags:
                continue
            about = _fish_quoted(option.about)
            lines.append(f"complete -c iamlint -n {condition} {' '.join(parts)} -d {about}")
    return "\n".join(lines) + "\n"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
