"""From configuration files, variables and options to one Config; all mistakes at once.

Weakest first: defaults, the files that `extend` names, the nearest file, IAMLINT_ variables,
options. A stronger source replaces a value; tables are merged key by key, and extend-select,
[[ignore]] tables and rule packs add up.

A file found in the tree under audit is untrusted: it may name no file outside the root, and
nothing in it runs or writes anything.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from iamlint.config.keys import KEYS, Context, advice, quoted, resolved
from iamlint.config.settings import Config
from iamlint.config.toml_lines import KeyPath, TomlLines
from iamlint.errors import ConfigError
from iamlint.record import replace

__all__ = ["FILE_NAMES", "OPTION_NAMES", "load_config", "nearest_file"]

FILE_NAMES = ("iamlint.toml", ".iamlint.toml", "pyproject.toml")
"""The names of configuration files; within one folder the first wins."""

_LARGEST_FILE = 1024 * 1024
_MOST_FILES = 50
_MOST_MISTAKES = 100
_VARIABLE = "IAMLINT_"
_CONFIG_VARIABLE = "IAMLINT_CONFIG"
_MERGED = ("severities", "per_file_ignores", "policy_kinds", "policy_quotas")
_ADDED = ("extend_select", "suppressions", "rule_packs")
OPTION_NAMES: Mapping[str, str] = {"rule-packs": "--rules", "respect-gitignore": "--no-gitignore"}
"""The options of the command line that are not called like their key."""

_PACKS: Mapping[str, Mapping[str, object]] = {
    "pack:strict": {"profile": "strict"},
    "pack:audit": {"profile": "audit"},
}


def load_config(
    folder: str,
    *,
    root: str,
    cwd: str,
    explicit: str | None = None,
    isolated: bool = False,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
) -> Config:
    """Return the configuration that applies to `folder`, which lies inside `root`.

    `explicit` is a file named by the user instead of the nearest one, `isolated` means none.
    `environ` is searched for IAMLINT_ variables. `options` are raw values by key, as a file would
    hold them, from the command line. `root` and `cwd` are absolute. Raises ConfigError with every
    mistake, each with its file and line.
    """
    environ = environ or {}
    loader = _Loader(os.path.realpath(root), os.path.realpath(cwd))
    config = Config()
    if explicit is None and not isolated:
        explicit = environ.get(_CONFIG_VARIABLE) or None
    if explicit is not None:
        config = loader.file(config, os.path.join(cwd, explicit), shown=explicit, trusted=True)
    elif not isolated:
        found = nearest_file(os.path.realpath(folder), loader.root)
        if found is not None:
            config = loader.file(config, found, shown=loader.shown(found), trusted=False)
    config = loader.variables(config, environ)
    config = loader.options(config, options or {})
    if loader.mistakes:
        raise ConfigError("\n".join(loader.mistakes))
    return replace(config, files=tuple(reversed(loader.files)))


def nearest_file(folder: str, root: str) -> str | None:
    """Return the configuration file that is nearest to `folder` on the way up to `root`."""
    while True:
        for name in FILE_NAMES:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (name != "pyproject.toml" or _mentions_iamlint(path)):
                return path
        parent = os.path.dirname(folder)
        if folder in (root, parent):
            return None
        folder = parent


def _mentions_iamlint(path: str) -> bool:
    """Say whether a pyproject.toml has a table for iamlint. Most have none, and cost no parser."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError:
        return False
    if b"iamlint" not in data or len(data) > _LARGEST_FILE:
        return False
    import tomllib

    try:
        tool = tomllib.loads(data.decode()).get("tool")
    except (ValueError, RecursionError):
        # Broken: worth an error only if it was meant for us.
        return b"tool.iamlint" in data
    return isinstance(tool, dict) and "iamlint" in tool


def _on_one_line(path: str) -> str:
    """Return a path for a message: a line of its own would look like another message."""
    return quoted(path, limit=5000)[1:-1]


class _File(NamedTuple):
    """One parsed file: its settings, the keys that lead to them, and its lines."""

    table: Mapping[str, object]
    prefix: KeyPath
    lines: TomlLines
    shown: str

    def origin(self, path: KeyPath) -> str:
        return f"{self.shown}:{self.lines.line((*self.prefix, *path))}"


class _Loader:
    """Adds one source after another to a Config and gathers the mistakes."""

    def __init__(self, root: str, cwd: str) -> None:
        self.root = root
        self.mistakes: list[str] = []
        self.files: list[str] = []
        self._cwd = cwd
        self._chain: list[str] = []

    def shown(self, path: str) -> str:
        """Return a path as the user would write it, on one line."""
        start = self._cwd.rstrip(os.sep) + os.sep
        below = path.removeprefix(start) if path.startswith(start) else path
        return _on_one_line(below.replace(os.sep, "/"))

    # Files

    def file(self, config: Config, path: str, *, shown: str, trusted: bool) -> Config:
        """Return `config` with the settings of one file, and of those that it extends, on top."""
        shown = _on_one_line(shown)
        real = os.path.realpath(path)
        if not trusted and not self._is_inside(real):
            self._add(f"{shown}: the configuration is a link out of the root, and no file outside is read")
            return config
        if real in self._chain:
            chain = " -> ".join(self.shown(one) for one in (*self._chain, real))
            self._add(f"{shown}: the configurations extend each other in a circle: {chain}")
            return config
        if len(self.files) >= _MOST_FILES:
            self._add(f"{shown}: more than {_MOST_FILES} configurations extend each other")
            return config
        parsed = self._parse(path, shown, is_project=os.path.basename(path) == "pyproject.toml")
        if parsed is None:
            return config
        # Patterns and paths of a file that the user named count from the current folder.
        folder = self._cwd if trusted and not self._chain else os.path.dirname(os.path.abspath(path))

        def wrong(keys: KeyPath, message: str) -> None:
            line = parsed.lines.line((*parsed.prefix, *keys))
            source = parsed.lines.source(line).strip()
            self._add(f"{shown}:{line}: {message}", source)

        context = Context(
            prefix=self._prefix(folder),
            folder=folder,
            root=None if trusted else self.root,
            wrong=wrong,
            origin=parsed.origin,
        )
        self._chain.append(real)
        if "extend" in parsed.table:
            config = self._extend(config, parsed.table["extend"], context, trusted=trusted)
        self._chain.pop()
        self.files.append(real)
        layer = _Layer()
        for name, value in parsed.table.items():
            if name == "extend":
                continue
            key = KEYS.get(name)
            if key is None:
                wrong((name,), f"unknown key {quoted(name)}{advice(name, (*KEYS, 'extend'))}")
            else:
                layer.add(key.read(value, (name,), context), parsed.origin((name,)))
        return layer.over(config)

    def _extend(self, config: Config, value: object, context: Context, *, trusted: bool) -> Config:
        names = value if isinstance(value, list) else [value]
        for number, name in enumerate(names):
            path: KeyPath = ("extend", number) if isinstance(value, list) else ("extend",)
            if not isinstance(name, str) or not name:
                context.wrong(path, "`extend` names files: a text, or a list of texts")
            elif name.startswith("pack:"):
                pack = _PACKS.get(name)
                if pack is None:
                    hint = advice(name, _PACKS) or f"; there are {', '.join(_PACKS)}"
                    context.wrong(path, f"there is no configuration {quoted(name)}{hint}")
                else:
                    layer = _Layer()
                    layer.add(pack, name)
                    config = layer.over(config)
            else:
                place = resolved(name, context)
                if place is None:
                    context.wrong(path, f"{quoted(name)} lies outside the root, and no file outside is read")
                elif not os.path.isfile(place):
                    context.wrong(path, f"there is no file {quoted(name)}")
                else:
                    config = self.file(config, place, shown=self.shown(place), trusted=trusted)
        return config

    def _parse(self, path: str, shown: str, *, is_project: bool) -> _File | None:
        try:
            with open(path, "rb") as file:
                data = file.read(_LARGEST_FILE + 1)
        except OSError as error:
            self._add(f"{shown}: the configuration cannot be read: {(error.strerror or str(error)).lower()}")
            return None
        except ValueError:
            self._add(f"{quoted(shown)}: no file can have this name")
            return None
        if len(data) > _LARGEST_FILE:
            self._add(f"{shown}: the configuration is larger than {_LARGEST_FILE // 1024} KiB")
            return None
        # Only a run with a configuration pays for the parser.
        import tomllib

        try:
            text = data.removeprefix(b"\xef\xbb\xbf").decode()
            table: object = tomllib.loads(text)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self._add(f"{shown}:{line}: not UTF-8, as TOML has to be")
            return None
        except tomllib.TOMLDecodeError as error:
            self._add(f"{shown}:{_line_of(str(error))}: not TOML: {_reason_of(str(error))}")
            return None
        except (RecursionError, ValueError):
            self._add(f"{shown}: not TOML that can be read: nested too deeply, or a number beyond reason")
            return None
        prefix: KeyPath = ()
        lines = TomlLines(text)
        if is_project:
            prefix = ("tool", "iamlint")
            for step in prefix:
                table = table.get(step, {}) if isinstance(table, dict) else table
        if not isinstance(table, dict):
            self._add(f"{shown}:{lines.line(prefix)}: [tool.iamlint] must be a table")
            return None
        return _File(table, prefix, lines, shown)

    # Variables and options

    def variables(self, config: Config, environ: Mapping[str, str]) -> Config:
        """Return `config` with the settings of the IAMLINT_ variables on top."""
        known = {_VARIABLE + key.name.upper().replace("-", "_"): key for key in KEYS.values() if key.variable}
        layer = _Layer()
        for name in sorted(environ):
            if not name.startswith(_VARIABLE) or name == _CONFIG_VARIABLE or not environ[name]:
                continue
            key = known.get(name)
            if key is None or key.variable is None:
                self._add(
                    f"unknown variable {quoted(name)}{_upper(advice(name, [one.lower() for one in known]))}"
                )
                continue
            layer.add(key.read(key.variable(environ[name]), (key.name,), self._context(name)), name)
        return layer.over(config)

    def options(self, config: Config, options: Mapping[str, object]) -> Config:
        """Return `config` with raw values by key from the command line on top."""
        layer = _Layer()
        for name, value in options.items():
            option = OPTION_NAMES.get(name, f"--{name}")
            layer.add(KEYS[name].read(value, (name,), self._context(option)), option)
        return layer.over(config)

    def _context(self, origin: str) -> Context:
        return Context(
            prefix=self._prefix(self._cwd),
            folder=self._cwd,
            root=None,
            wrong=lambda _path, message: self._add(f"{origin}: {message}"),
            origin=lambda _path: origin,
        )

    # Places

    def _prefix(self, folder: str) -> str:
        folder = os.path.realpath(folder)
        if folder == self.root or not self._is_inside(folder):
            return ""
        return folder[len(self.root.rstrip(os.sep)) + 1 :].replace(os.sep, "/")

    def _is_inside(self, place: str) -> bool:
        return place == self.root or place.startswith(self.root.rstrip(os.sep) + os.sep)

    def _add(self, mistake: str, source: str = "") -> None:
        self.mistakes.append(f"{mistake}\n    | {source[:200]}" if source else mistake)
        if len(self.mistakes) == _MOST_MISTAKES:
            raise ConfigError("\n".join([*self.mistakes, "there may be more mistakes: mend these first"]))


class _Layer:
    """The settings of one source, which go over a Config together: the order of keys is nothing."""

    def __init__(self) -> None:
        self._values: dict[str, object] = {}
        self._origins: dict[str, str] = {}

    def add(self, values: Mapping[str, object], origin: str) -> None:
        self._values.update(values)
        self._origins.update(dict.fromkeys(values, origin))

    def over(self, config: Config) -> Config:
        """Return `config` with the settings of this source on top."""
        values = dict(self._values)
        for name in _MERGED:
            value = values.get(name)
            if isinstance(value, dict):
                values[name] = {**getattr(config, name), **value}
        for name in _ADDED:
            value = values.get(name)
            if isinstance(value, tuple):
                values[name] = tuple(dict.fromkeys((*getattr(config, name), *value)))
        select = values.get("select")
        if isinstance(select, tuple):
            # What is asked for here by the same or a longer word is no longer ignored from afar.
            values.setdefault("ignore", tuple(word for word in config.ignore if not _asks_for(select, word)))
        values["origins"] = {**config.origins, **self._origins}
        return replace(config, **values)


def _asks_for(select: Sequence[str], ignored: str) -> bool:
    return any(word.startswith(ignored) for word in select)


def _upper(hint: str) -> str:
    start, mark, rest = hint.partition("`")
    return start + mark + rest.upper() if mark else hint


def _line_of(message: str) -> int:
    """Return the line in a message of the TOML parser, `... (at line 3, column 5)`."""
    digits = message.rpartition("at line ")[2].partition(",")[0]
    return int(digits) if digits.isdigit() else 1


def _reason_of(message: str) -> str:
    return message.partition(" (at ")[0]
