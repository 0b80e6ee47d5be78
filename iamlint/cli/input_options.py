"""The options that `check`, `extract` and `config show` share: what to read, and which settings apply."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from iamlint.cli.parser import Choice, CliParser, jobs
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ConfigError, InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from iamlint.auditing.settings import AuditSettings
    from iamlint.config.settings import Config

__all__ = ["Input", "InputArguments", "add_input_options", "audit_settings", "read_input"]

_KINDS = (
    "identity",
    "trust",
    "resource",
    "scp",
    "rcp",
    "boundary",
    "session",
    "endpoint",
    "permission-set",
)
"""The words of model.PolicyKind, without importing it for a --help; a test compares them."""

_STDIN = "-"


class InputArguments(argparse.Namespace):
    """What the shared options say; None where an option was not given."""

    paths: list[str] | None = None
    stdin_filename: str | None = None
    policy_kind: str | None = None
    resource_type: str | None = None
    config: str | None = None
    isolated: bool = False
    include: list[str] | None = None
    exclude: list[str] | None = None
    force_exclude: bool = False
    no_gitignore: bool = False
    rules: list[str] | None = None
    jobs: int | str | None = None

    def settings(self) -> dict[str, object]:
        """Return the raw values, by key of the configuration, that options give."""
        given: dict[str, object] = {
            "include": self.include,
            "exclude": self.exclude,
            "force-exclude": self.force_exclude or None,
            "respect-gitignore": False if self.no_gitignore else None,
            "rule-packs": self.rules,
            "jobs": self.jobs,
        }
        return {key: value for key, value in given.items() if value is not None}


class Input(NamedTuple):
    """What a run reads: the paths to look at, and the content and name of standard input if asked for."""

    paths: tuple[str, ...]
    stdin: bytes | None
    stdin_name: str


def add_input_options(parser: CliParser) -> None:
    """Add the options of InputArguments."""
    parser.heading("options")
    parser.add(
        "paths",
        nargs="*",
        metavar="PATH",
        takes="file",
        help="files and folders (default: the current folder); - is standard input",
    )
    parser.heading("input")
    parser.add("--stdin-filename", metavar="NAME", takes="file", help="what reports call standard input")
    parser.add(
        "--policy-kind",
        metavar="KIND",
        type=Choice("policy kind", _KINDS),
        help="what bare policy documents are: " + ", ".join(_KINDS),
    )
    parser.add(
        "--resource-type",
        metavar="TYPE",
        help="what bare policy documents are attached to, as AWS::S3::Bucket",
    )
    parser.add(
        "--include",
        metavar="PATTERN",
        action="append",
        help="read files of this pattern whatever their ending; may be repeated",
    )
    parser.add(
        "--exclude",
        metavar="PATTERN",
        action="append",
        help="leave out files and folders of this pattern; may be repeated",
    )
    parser.add("--force-exclude", action="store_true", help="leave out excluded files even when named")
    parser.add("--no-gitignore", action="store_true", help="read what git ignores too")
    parser.heading("configuration")
    parser.add("--config", metavar="FILE", takes="file", help="use this file, not the nearest one")
    parser.add("--isolated", action="store_true", help="use no configuration file")
    parser.add(
        "--rules",
        metavar="PATH",
        action="append",
        takes="file",
        help="load these further rules, a file or folder; may be repeated",
    )
    parser.add("--jobs", metavar="N", type=jobs, help="how many processes to use, or auto")


def configuration(
    arguments: InputArguments, surroundings: Surroundings, options: Mapping[str, object]
) -> Config:
    """Return the configuration for the paths of the arguments, with the options on top."""
    from iamlint.config.load import load_config, nearest_file
    from iamlint.sources.discovery import find_root

    if arguments.config is not None and arguments.isolated:
        raise UsageError("--config and --isolated exclude each other")
    cwd = os.path.realpath(surroundings.cwd)
    folders = _folders([path for path in arguments.paths or ["."] if path != _STDIN], cwd)
    chosen, root = folders[0], find_root(folders[0], cwd)
    if arguments.config is None and not arguments.isolated and not surroundings.environ.get("IAMLINT_CONFIG"):
        files = {folder: nearest_file(folder, find_root(folder, cwd)) for folder in folders}
        different = list(dict.fromkeys(files.values()))
        if len(different) > 1:
            shown = ", ".join(os.path.relpath(file, cwd) if file else "none" for file in different)
            raise ConfigError(
                f"different configurations apply to the paths given: {shown}",
                help="name one with --config, or run iamlint once for each",
            )
    return load_config(
        chosen,
        root=root,
        cwd=cwd,
        explicit=arguments.config,
        isolated=arguments.isolated,
        environ=surroundings.environ,
        options=options,
    )


def _folders(paths: list[str], cwd: str) -> list[str]:
    """Return the folders that the paths are or lie in, each once."""
    found: dict[str, None] = {}
    for path in paths:
        place = os.path.join(cwd, path)
        if "\0" not in place:
            folder = place if os.path.isdir(place) else os.path.dirname(place)
            found[os.path.realpath(folder)] = None
    return list(found) or [cwd]


def read_input(arguments: InputArguments, surroundings: Surroundings) -> Input:
    """Return what to read. Reads standard input if a path is `-`; raises InputError if it cannot."""
    paths = arguments.paths or ["."]
    others = tuple(path for path in paths if path != _STDIN)
    if len(others) == len(paths):
        if arguments.stdin_filename is not None:
            raise UsageError("--stdin-filename says nothing without -", help="add - to read standard input")
        return Input(others, None, "<stdin>")
    if surroundings.stdin is None:
        raise InputError("there is no standard input to read")
    from iamlint.sources.discovery import LARGEST_FILE

    try:
        data = surroundings.stdin.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(
            f"standard input cannot be read: {(error.strerror or str(error)).lower()}"
        ) from error
    if len(data) > LARGEST_FILE:
        raise InputError(f"standard input is larger than {LARGEST_FILE // (1024 * 1024)} MiB")
    return Input(others, data, arguments.stdin_filename or "<stdin>")


def audit_settings(
    arguments: InputArguments,
    config: Config,
    found: Input,
    surroundings: Surroundings,
    progress: Callable[[int, int], None] | None = None,
) -> AuditSettings:
    """Return what the pipeline is to do."""
    from iamlint.auditing.settings import AuditSettings
    from iamlint.engine.rule import Profile
    from iamlint.model import PolicyKind

    organizations = frozenset(word for word in config.accounts if word.startswith("o-"))
    settings = AuditSettings(
        paths=found.paths,
        cwd=surroundings.cwd,
        stdin=found.stdin,
        stdin_name=found.stdin_name,
        profile=Profile(config.profile),
        select=config.select or (),
        extend_select=config.extend_select,
        ignore=config.ignore,
        severities=config.severities,
        min_confidence=config.min_confidence,
        policy_kind=None if arguments.policy_kind is None else PolicyKind(arguments.policy_kind),
        policy_kinds=tuple(config.policy_kinds.items()),
        resource_type=arguments.resource_type,
        rule_packs=config.rule_packs,
        accounts=frozenset(config.accounts) - organizations,
        organizations=organizations,
        allowed_principals=config.allowed_principals,
        policy_quotas=config.policy_quotas,
        include=config.include,
        exclude=config.exclude,
        respect_gitignore=config.respect_gitignore,
        force_exclude=config.force_exclude,
        per_file_ignores=tuple(config.per_file_ignores.items()),
        suppressions=config.suppressions,
        jobs=config.jobs,
    )
    if progress is None:
        return settings
    from iamlint.record import replace

    return replace(settings, progress=progress)
