"""The keys of a configuration: what each may hold, and how a value becomes a setting.

Every reader takes the raw value and a `Context`, reports what is wrong through it, and returns the
setting, or None where there is nothing left of it. So one pass finds all mistakes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from iamlint.config.settings import Suppression
from iamlint.config.toml_lines import KeyPath
from iamlint.model import Confidence, PolicyKind, Severity

__all__ = ["KEYS", "PROFILES", "Context", "Key", "advice", "escape_pattern", "quoted", "rebased"]

PROFILES = ("default", "strict", "audit")

_SEVERITY_WORDS = tuple(severity.value for severity in Severity)
_FAIL_ON_WORDS = (*_SEVERITY_WORDS, "none")
_CONFIDENCE_WORDS = tuple(confidence.value for confidence in Confidence)
_KIND_WORDS = tuple(kind.value for kind in PolicyKind)
_MOST_JOBS = 256


class Context(NamedTuple):
    """Where a value stands, and whom to tell what is wrong with it.

    `prefix` is the folder that patterns are relative to, itself relative to the root. Paths are
    relative to `folder` and, unless `root` is None, must stay inside `root`. `wrong` takes the
    path of keys and the message; `origin` returns the place of a path of keys in words.
    """

    prefix: str
    folder: str
    root: str | None
    wrong: Callable[[KeyPath, str], None]
    origin: Callable[[KeyPath], str]


class Reader(Protocol):
    """Turns one raw value into settings by field name."""

    def __call__(self, value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
        """Return the fields that the value sets; what is wrong goes to `context.wrong`."""


class Key(NamedTuple):
    """One key. `variable` turns the text of its IAMLINT_ variable into a raw value; None where the
    key is a table and has no variable."""

    name: str
    read: Reader
    about: str
    variable: Callable[[str], object] | None = None


def quoted(text: str, limit: int = 80) -> str:
    """Return text from a configuration in backticks, on one line, whatever it holds."""
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return f"`{shown}`"


def advice(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the nearest of the known words, or nothing."""
    # Only a mistake pays for the import.
    from iamlint.catalog.nearest import nearest

    found = nearest(word.lower(), sorted(known)) if len(word) <= 80 else None
    return f"; did you mean `{found}`?" if found else ""


def escape_pattern(text: str) -> str:
    """Return a pattern that matches `text` itself at the start of a pattern."""
    shown = "".join("\\" + c if c in "*?[\\" else c for c in text)
    return "\\" + shown if shown.startswith(("!", "#")) else shown


def rebased(pattern: str, prefix: str) -> str:
    """Return a pattern that is relative to the folder `prefix` as one that is relative to the root.

    `prefix` has forward slashes; it is empty for the root itself.
    """
    if not prefix:
        return pattern
    mark, body = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    anchored = "/" in body.rstrip("/")
    between = "/" if anchored else "/**/"
    return f"{mark}{escape_pattern(prefix)}{between}{body.lstrip('/')}"


def _kind_of(value: object) -> str:
    """Return what TOML calls the type of a value."""
    for types, name in _TYPE_NAMES:
        if isinstance(value, types):
            return name
    return "a date or time"


_TYPE_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    (str, "a text"),
    ((int, float), "a number"),
    (list, "a list"),
    (dict, "a table"),
)


def _text(value: object, path: KeyPath, context: Context, what: str) -> str | None:
    if not isinstance(value, str):
        context.wrong(path, f"{what} must be a text, not {_kind_of(value)}")
        return None
    if not value.strip():
        context.wrong(path, f"{what} is empty")
        return None
    return value


def _texts(value: object, path: KeyPath, context: Context, what: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        hint = f"; write [{value!r}]" if isinstance(value, str) and value.isprintable() else ""
        context.wrong(path, f"{_name(path)} must be a list of {what}s, not {_kind_of(value)}{hint}")
        return ()
    found = [_text(item, (*path, number), context, what) for number, item in enumerate(value)]
    return tuple(text for text in found if text is not None)


def _name(path: KeyPath) -> str:
    return quoted(".".join(str(step) for step in path if isinstance(step, str)))


def _word(value: object, path: KeyPath, context: Context, what: str, known: Sequence[str]) -> str | None:
    text = _text(value, path, context, what)
    if text is None:
        return None
    if text in known:
        return text
    hint = advice(text, known) or f"; it is one of {', '.join(known)}"
    context.wrong(path, f"{quoted(text)} is no {what}{hint}")
    return None


def _items(value: object, path: KeyPath, context: Context, what: str) -> dict[str, object]:
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    context.wrong(path, f"{_name(path)} must be a table of {what}, not {_kind_of(value)}")
    return {}


def _rules(field: str) -> Reader:
    def read(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
        return {field: _texts(value, path, context, "rule id")}

    return read


def _patterns(field: str) -> Reader:
    def read(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
        patterns = _texts(value, path, context, "pattern")
        _count_patterns(patterns, path, context)
        return {field: tuple(rebased(pattern, context.prefix) for pattern in patterns)}

    return read


_MOST_PATTERNS = 1000


def _count_patterns(patterns: Iterable[str], path: KeyPath, context: Context) -> None:
    """Refuse patterns without number: each is held against each file."""
    if sum(1 for _ in patterns) > _MOST_PATTERNS:
        context.wrong(path, f"{_name(path)} has more than {_MOST_PATTERNS} patterns; name folders instead")


def _flag(field: str) -> Reader:
    def read(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
        if isinstance(value, bool):
            return {field: value}
        context.wrong(path, f"{_name(path)} must be true or false, not {_kind_of(value)}")
        return {}

    return read


def _profile(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    word = _word(value, path, context, "profile", PROFILES)
    return {} if word is None else {"profile": word}


def _min_confidence(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    word = _word(value, path, context, "confidence", _CONFIDENCE_WORDS)
    return {} if word is None else {"min_confidence": Confidence(word)}


def _fail_on(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    word = _word(value, path, context, "severity", _FAIL_ON_WORDS)
    if word is None:
        return {}
    return {"fail_on": None if word == "none" else Severity(word)}


def _severity(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    found: dict[str, Severity] = {}
    for key, item in _items(value, path, context, "rule ids with severities").items():
        word = _word(item, (*path, key), context, "severity", _SEVERITY_WORDS)
        if word is not None:
            found[key] = Severity(word)
    return {"severities": found}


def _per_file_ignores(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    found: dict[str, tuple[str, ...]] = {}
    table = _items(value, path, context, "path patterns with rule ids")
    _count_patterns(table, path, context)
    for key, item in table.items():
        if not key.strip():
            context.wrong((*path, key), "a path pattern is empty")
        found[rebased(key, context.prefix)] = _texts(item, (*path, key), context, "rule id")
    return {"per_file_ignores": found}


def _policy_quotas(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    found: dict[str, int] = {}
    for key, item in _items(value, path, context, "policy kinds with numbers of characters").items():
        word = _word(key, (*path, key), context, "policy kind", _KIND_WORDS)
        if not isinstance(item, int) or isinstance(item, bool) or not 1 <= item <= _LARGEST_QUOTA:
            name = _name((*path, key))
            context.wrong((*path, key), f"{name} must be a whole number from 1 to {_LARGEST_QUOTA}")
        elif word is not None:
            found[word] = item
    return {"policy_quotas": found}


_LARGEST_QUOTA = 1_000_000


def _policy_kinds(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    found: dict[str, PolicyKind] = {}
    table = _items(value, path, context, "path patterns with policy kinds")
    _count_patterns(table, path, context)
    for key, item in table.items():
        if not key.strip():
            context.wrong((*path, key), "a path pattern is empty")
        word = _word(item, (*path, key), context, "policy kind", _KIND_WORDS)
        if word is not None:
            found[rebased(key, context.prefix)] = PolicyKind(word)
    return {"policy_kinds": found}


_ACCOUNT_DIGITS = 12


def _accounts(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    found: list[str] = []
    if isinstance(value, list):
        for number, item in enumerate(value):
            here = (*path, number)
            if isinstance(item, int) and not isinstance(item, bool):
                context.wrong(here, f'write the account id as a text, as leading zeros count: "{item:012d}"')
                continue
            text = _text(item, here, context, "account id")
            if text is None:
                continue
            is_account = text.isascii() and text.isdigit() and len(text) == _ACCOUNT_DIGITS
            # https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
            tail = text.removeprefix("o-")
            is_organization = tail != text and 10 <= len(tail) <= 32 and tail.isascii() and tail.isalnum()
            if is_account or is_organization:
                found.append(text)
            else:
                context.wrong(
                    here,
                    f"{quoted(text)} is neither an account id (12 digits) nor an organization id (o-...)",
                )
    else:
        _texts(value, path, context, "account id")
    return {"accounts": tuple(found)}


def _allowed_principals(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    return {"allowed_principals": _texts(value, path, context, "principal")}


def _rule_packs(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    found: list[str] = []
    for number, text in enumerate(_texts(value, path, context, "path")):
        place = resolved(text, context)
        if place is None:
            context.wrong(
                (*path, number), f"the rule pack {quoted(text)} lies outside the root; name it with --rules"
            )
        elif not os.path.exists(place):
            context.wrong((*path, number), f"there is no rule pack {quoted(text)}")
        else:
            found.append(place)
    return {"rule_packs": tuple(found)}


def resolved(path: str, context: Context) -> str | None:
    """Return the real absolute path, or None if the context's root does not hold it."""
    if "\0" in path:
        return None
    place = os.path.realpath(os.path.join(context.folder, path))
    root = context.root
    if root is None or place == root or place.startswith(root.rstrip(os.sep) + os.sep):
        return place
    return None


def _jobs(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    if value == "auto":
        return {"jobs": 0}
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_JOBS:
        return {"jobs": value}
    context.wrong(path, f'{_name(path)} must be a whole number from 1 to {_MOST_JOBS}, or "auto"')
    return {}


_SUPPRESSION_NEEDED = ("rule", "path", "reason")
_SUPPRESSION_NARROWING = ("sid", "pointer", "owner", "match", "fingerprint")
_SUPPRESSION_KEYS = (*_SUPPRESSION_NEEDED, *_SUPPRESSION_NARROWING, "until")
_SUPPRESSION_WORDS = {
    "id": "rule",
    "action": "match",
    "actions": "match",
    "resource": "match",
    "resources": "match",
    "expires": "until",
    "file": "path",
    "why": "reason",
}
"""What other tools, and people, call these keys."""
_MOST_SUPPRESSIONS = 1000
_LINE_KEYS = ("line", "lines", "start_line", "start-line", "line_number", "line-number")


def _ignore(value: object, path: KeyPath, context: Context) -> Mapping[str, object]:
    """Read `ignore`: rule ids in a list, or `[[ignore]]` tables, or both in one list."""
    if not isinstance(value, list) or not any(isinstance(item, dict) for item in value):
        return {"ignore": _texts(value, path, context, "rule id")}
    words: list[str] = []
    suppressions: list[Suppression] = []
    for number, item in enumerate(value):
        here = (*path, number)
        if isinstance(item, dict):
            suppression = _suppression(item, here, context)
            if suppression is not None:
                suppressions.append(suppression)
        else:
            word = _text(item, here, context, "rule id")
            if word is not None:
                words.append(word)
    if len(suppressions) > _MOST_SUPPRESSIONS:
        context.wrong(path, f"there are more than {_MOST_SUPPRESSIONS} [[ignore]] tables")
    return {"ignore": tuple(words), "suppressions": tuple(suppressions)}


def _suppression(table: Mapping[str, object], path: KeyPath, context: Context) -> Suppression | None:
    values: dict[str, str] = {}
    sound = True
    for key, item in table.items():
        if key in _LINE_KEYS:
            context.wrong((*path, key), "line numbers move; name the place by sid, pointer, owner or match")
        elif key not in _SUPPRESSION_KEYS:
            meant = _SUPPRESSION_WORDS.get(key)
            hint = f"; did you mean `{meant}`?" if meant else advice(key, _SUPPRESSION_KEYS)
            context.wrong((*path, key), f"unknown key {quoted(key)}{hint}")
        elif key == "until":
            day = _day(item)
            if day is not None:
                values[key] = day
                continue
            context.wrong((*path, key), "until must be a day, as 2030-12-31")
        else:
            text = _text(item, (*path, key), context, key)
            if text is not None:
                values[key] = text
                continue
        sound = False
    for key in _SUPPRESSION_NEEDED:
        if key not in table:
            context.wrong(path, f"an [[ignore]] table needs the key `{key}`")
            sound = False
    if not any(key in table for key in _SUPPRESSION_NARROWING):
        context.wrong(path, "an [[ignore]] table needs one of sid, pointer, owner, match and fingerprint")
        sound = False
    if not sound:
        return None
    return Suppression(
        rule=values["rule"],
        path=rebased(values["path"], context.prefix),
        reason=values["reason"],
        sid=values.get("sid"),
        pointer=values.get("pointer"),
        owner=values.get("owner"),
        match=values.get("match"),
        fingerprint=values.get("fingerprint"),
        until=values.get("until"),
        origin=context.origin(path),
    )


def _day(value: object) -> str | None:
    from datetime import date, datetime

    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            return None
    return None


def _list(text: str) -> object:
    return [part.strip() for part in text.split(",") if part.strip()]


def _boolean(text: str) -> object:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)


def _number(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else text


def _same(text: str) -> object:
    return text


def _table(*keys: Key) -> Mapping[str, Key]:
    return {key.name: key for key in keys}


KEYS: Mapping[str, Key] = _table(
    Key("select", _rules("select"), "run these rules only: ids, names or prefixes of ids", _list),
    Key("extend-select", _rules("extend_select"), "run these rules too", _list),
    Key("ignore", _ignore, "leave these rules out; or [[ignore]] tables for single findings", _list),
    Key("severity", _severity, 'another severity for a rule: IAM101 = "low"'),
    Key("profile", _profile, "which rules run: default, strict or audit", _same),
    Key("min-confidence", _min_confidence, "leave out findings below: high, medium or low", _same),
    Key("fail-on", _fail_on, "the severity from which findings fail the run, or none", _same),
    Key("include", _patterns("include"), "read files of these patterns whatever their ending", _list),
    Key("exclude", _patterns("exclude"), "leave out files and folders of these patterns", _list),
    Key("respect-gitignore", _flag("respect_gitignore"), "leave out what git ignores", _boolean),
    Key("force-exclude", _flag("force_exclude"), "leave out excluded files even when named", _boolean),
    Key("per-file-ignores", _per_file_ignores, "rules to leave out in files of a pattern"),
    Key("policy-kinds", _policy_kinds, "the kind of the bare documents in files of a pattern"),
    Key("policy-quotas", _policy_quotas, "how many characters AWS takes, by policy kind: trust = 4096"),
    Key("accounts", _accounts, "trusted account and organization ids", _list),
    Key("allowed-principals", _allowed_principals, "principals that may be granted access", _list),
    Key("rule-packs", _rule_packs, "files or folders of further rules", _list),
    Key("jobs", _jobs, "how many processes, or auto", _number),
)
"""Every key of a configuration by its name; `extend` stands apart, as it names other files."""
