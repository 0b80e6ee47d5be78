"""Rules from YAML: read, validated (every mistake at once, each with its line), and compiled.

Parsing hundreds of YAML files costs more than a whole run, so the built-in rules are compiled into
one file: the first line holds what a run needs, each further line the text of one rule. In a
checkout that file is made again whenever a rule has changed; a wheel carries it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from iamlint.engine.checks import CHECKS, CheckSpec, Param
from iamlint.engine.rule import WORD, Example, Profile, Rule, RuleText
from iamlint.errors import RulePackError
from iamlint.model import Confidence, PolicyKind, Severity

__all__ = ["RuleSet", "compile_rules", "load_rules", "nearest", "read_pack"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_COMPILED = os.path.join(_PACKAGE, "_rules.jsonl")
_SOURCE = os.path.join(os.path.dirname(_PACKAGE), "rules")

_SEVERITIES = tuple(severity.value for severity in Severity)
_CONFIDENCES = tuple(confidence.value for confidence in Confidence)
_PROFILES = tuple(profile.value for profile in Profile)
_KINDS = tuple(kind.value for kind in PolicyKind)
_ID = re.compile(r"[A-Z]{2,10}[0-9]{3,5}\Z")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_ALIAS = re.compile(r"[a-z0-9-]+:\S.*\Z")
_COMMON_WORDS = ("statement", "owner", "evidence", "location")
_REQUIRED = ("id", "name", "severity", "confidence", "summary", "why", "fix", "check", "message", "examples")
_KEYS = (
    *_REQUIRED,
    "params",
    "profile",
    "references",
    "tags",
    "aliases",
    "concepts",
    "covers",
    "policy-kinds",
    "on",
    "select",
    "where",
    "what",
    "of",
)
_EXAMPLE_KEYS = ("name", "policy", "grant", "text", "kind", "on", "resource-type", "attached-to", "accounts", "at")


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules that were loaded, in id order, and how to find them."""

    rules: tuple[Rule, ...]
    _texts: dict[str, RuleText | str] = field(default_factory=dict, repr=False)

    def find(self, word: str) -> tuple[Rule, ...]:
        """Return the rules with this id, name or alias (letter case ignored); empty if none."""
        wanted = word.lower()
        exact = tuple(rule for rule in self.rules if wanted in {rule.id.lower(), rule.name})
        if exact:
            return exact
        return tuple(
            rule
            for rule in self.rules
            if any(wanted in {alias.lower(), alias.partition(":")[2].lower()} for alias in rule.aliases)
        )

    def text(self, rule: Rule) -> RuleText:
        """Return what people read about a rule of this set."""
        text = self._texts[rule.id]
        if isinstance(text, str):
            text = _text_from_json(json.loads(text))
            self._texts[rule.id] = text
        return text

    def words(self) -> list[str]:
        """Return all ids, names and aliases, to suggest the nearest one."""
        return [word for rule in self.rules for word in (rule.id, rule.name, *rule.aliases)]


def load_rules(packs: Sequence[str] = ()) -> RuleSet:
    """Return the built-in rules and those of the given packs (files or folders of YAML).

    Raises RulePackError with all mistakes of all packs.
    """
    rules, texts = _builtin()
    if packs:
        taken = {rule.id: rule.pack for rule in rules} | {rule.name: rule.pack for rule in rules}
        mistakes: list[str] = []
        for pack in packs:
            more, more_texts, wrong = read_pack(pack)
            mistakes.extend(wrong)
            for rule in more:
                for word in (rule.id, rule.name):
                    if word in taken:
                        mistakes.append(f"{more_texts[rule.id].source}: {word} is already a rule of the pack {taken[word]!r}")
                    taken[word] = rule.pack
            rules = [*rules, *more]
            texts.update(more_texts)
        if mistakes:
            raise RulePackError("\n".join(mistakes), help="`iamlint rules test PATH` checks a pack by itself")
    return RuleSet(tuple(sorted(rules, key=lambda rule: rule.id)), texts)


def _builtin() -> tuple[list[Rule], dict[str, RuleText | str]]:
    if _is_checkout() and _is_stale():
        rules, texts, mistakes = read_pack(_SOURCE, "builtin")
        if mistakes:
            raise RulePackError("\n".join(mistakes))
        compiled = compile_rules(rules, texts)
        try:
            with open(f"{_COMPILED}.{os.getpid()}", "w", encoding="utf-8") as file:
                file.write(compiled)
            os.replace(f"{_COMPILED}.{os.getpid()}", _COMPILED)
        except OSError:
            return rules, dict(texts)
    with open(_COMPILED, encoding="utf-8") as file:
        lines = file.read().split("\n")
    table = json.loads(lines[0])
    rules = [_rule_from_json(entry) for entry in table]
    return rules, {rule.id: line for rule, line in zip(rules, lines[1:], strict=False)}


def _is_checkout() -> bool:
    return os.path.isdir(_SOURCE) and os.path.isfile(os.path.join(os.path.dirname(_SOURCE), "pyproject.toml"))


def _is_stale() -> bool:
    """Say whether some rule, or the code that reads rules, is newer than the compiled file."""
    try:
        made = os.stat(_COMPILED).st_mtime_ns
    except OSError:
        return True
    pending = [_SOURCE, os.path.dirname(os.path.abspath(__file__))]
    while pending:
        folder = pending.pop()
        if os.stat(folder).st_mtime_ns > made:
            return True
        for entry in os.scandir(folder):
            if entry.is_dir():
                if entry.name != "__pycache__":
                    pending.append(entry.path)
            elif entry.stat().st_mtime_ns > made:
                return True
    return False


def compile_rules(rules: Iterable[Rule], texts: dict[str, RuleText]) -> str:
    """Return the compiled form of a pack: one line for the run, then one line for each rule."""
    ordered = sorted(rules, key=lambda rule: rule.id)
    lines = [_compact([_rule_to_json(rule) for rule in ordered])]
    lines.extend(_compact(_text_to_json(texts[rule.id])) for rule in ordered)
    return "\n".join(lines) + "\n"


def _compact(data: object) -> str:
    return json.dumps(data, separators=(",", ":"), sort_keys=True)


def _rule_to_json(rule: Rule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in Rule.__slots__}


def _rule_from_json(data: dict[str, object]) -> Rule:
    values: dict[str, object] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
    values["severity"] = Severity(str(data["severity"]))
    values["confidence"] = Confidence(str(data["confidence"]))
    values["profile"] = Profile(str(data["profile"]))
    return Rule(**values)  # type: ignore[arg-type]  # written by _rule_to_json from the same class


def _text_to_json(text: RuleText) -> dict[str, object]:
    return {
        "why": text.why,
        "fix": text.fix,
        "references": text.references,
        "bad": [[e.name, e.subject, e.at] for e in text.bad],
        "good": [[e.name, e.subject, e.at] for e in text.good],
        "source": text.source,
    }


def _text_from_json(data: dict[str, object]) -> RuleText:
    def examples(entries: object) -> tuple[Example, ...]:
        assert isinstance(entries, list)
        return tuple(Example(name, subject, tuple(at)) for name, subject, at in entries)

    references = data["references"]
    assert isinstance(references, list)
    return RuleText(
        str(data["why"]),
        str(data["fix"]),
        tuple(references),
        examples(data["bad"]),
        examples(data["good"]),
        str(data["source"]),
    )


# --- reading YAML ------------------------------------------------------------------------------


class _Lines(dict[str, int]):
    """Line of each key of a mapping, 1-based."""


def read_pack(path: str, pack: str | None = None) -> tuple[list[Rule], dict[str, RuleText], list[str]]:
    """Read every rule file at or below `path`; return rules, texts by id, and all mistakes.

    The mistakes are lines `file:line: what is wrong`. Raises RulePackError if there is no such path.
    """
    if not os.path.exists(path):
        raise RulePackError(f"{path}: no such file or folder")
    rules: list[Rule] = []
    texts: dict[str, RuleText] = {}
    mistakes: list[str] = []
    seen: dict[str, str] = {}
    root = path if os.path.isdir(path) else os.path.dirname(path)
    name = pack or os.path.basename(os.path.abspath(root))
    for file in _rule_files(path):
        shown = os.path.relpath(file, root).replace(os.sep, "/") if pack else file
        reader = _RuleReader(file, shown, name)
        read = reader.read()
        mistakes.extend(reader.mistakes)
        if read is None:
            continue
        rule, text = read
        for word in (rule.id, rule.name):
            if word in seen:
                mistakes.append(f"{shown}:1: {word} is also the rule of {seen[word]}")
            seen[word] = shown
        rules.append(rule)
        texts[rule.id] = text
    if not rules and not mistakes:
        mistakes.append(f"{path}: no rule files (*.yaml) here")
    if pack == "builtin" and not mistakes:
        names = {rule.name for rule in rules}
        for rule in rules:
            mistakes.extend(
                f"{texts[rule.id].source}:1: covers {word!r}, which is no rule{nearest(word, names)}"
                for word in rule.covers
                if word not in names
            )
    return rules, texts, mistakes


def _rule_files(path: str) -> Iterator[str]:
    if os.path.isfile(path):
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith((".yaml", ".yml")) and not name.startswith("."):
                yield os.path.join(folder, name)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the nearest known word, or nothing."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(known), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


class _RuleReader:
    """Reads one rule file, collecting every mistake."""

    def __init__(self, path: str, shown: str, pack: str) -> None:
        self._path = path
        self._shown = shown
        self._pack = pack
        self.mistakes: list[str] = []

    def _wrong(self, line: int, message: str) -> None:
        self.mistakes.append(f"{self._shown}:{line}: {message}")

    def read(self) -> tuple[Rule, RuleText] | None:
        import yaml

        try:
            with open(self._path, encoding="utf-8") as file:
                content = file.read()
            node = yaml.compose(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            data = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- a safe loader
        except (OSError, UnicodeDecodeError) as error:
            self._wrong(1, f"cannot be read: {error}")
            return None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            self._wrong(mark.line + 1 if mark else 1, f"not YAML: {getattr(error, 'problem', error)}")
            return None
        if not isinstance(data, dict) or node is None:
            self._wrong(1, "a rule file must hold a mapping")
            return None
        lines = _Lines({key.value: key.start_mark.line + 1 for key, _ in node.value})
        before = len(self.mistakes)
        rule = self._rule(data, lines)
        text = self._text(data, lines, node)
        if len(self.mistakes) > before:
            return None
        return rule, text

    def _rule(self, data: dict[str, object], lines: _Lines) -> Rule:
        for key in data:
            if key not in _KEYS:
                self._wrong(lines.get(str(key), 1), f"unknown key {key!r}{nearest(str(key), _KEYS)}")
        check = data.get("check")
        if check is None and "select" in data:
            check = f"select-{self._choice(data, lines, 'of', ('statement', 'policy', 'grant'), 'statement')}"
        for key in _REQUIRED:
            if key not in data and not (key == "check" and check is not None):
                self._wrong(1, f"the key {key!r} is missing")
        rule_id = self._pattern(data, lines, "id", _ID, "an id such as IAM101")
        name = self._pattern(data, lines, "name", _NAME, "kebab-case, such as wildcard-action")
        if rule_id and os.path.splitext(os.path.basename(self._path))[0] != rule_id:
            self._wrong(lines.get("id", 1), f"the file of {rule_id} must be called {rule_id}.yaml")
        spec, params = self._check(str(check), data, lines)
        message = self._line(data, lines, "message")
        if spec is not None:
            known = (*_COMMON_WORDS, *spec.words)
            for word in WORD.findall(message):
                if word not in known:
                    self._wrong(lines.get("message", 1), f"unknown word {{{word}}} in message{nearest(word, known)}")
        if message and not message.endswith("."):
            self._wrong(lines.get("message", 1), "message must be a sentence that ends with a full stop")
        aliases = self._texts(data, lines, "aliases")
        for alias in aliases:
            if not _ALIAS.match(alias):
                self._wrong(lines["aliases"], f"{alias!r} is not an alias such as checkov:CKV_AWS_63")
        return Rule(
            id=rule_id,
            name=name,
            severity=Severity(self._choice(data, lines, "severity", _SEVERITIES, "low")),
            confidence=Confidence(self._choice(data, lines, "confidence", _CONFIDENCES, "high")),
            profile=Profile(self._choice(data, lines, "profile", _PROFILES, "default")),
            summary=self._line(data, lines, "summary"),
            message=message,
            fix=self._line(data, lines, "fix"),
            check=str(check),
            params=params,
            policy_kinds=self._choices(data, lines, "policy-kinds", _KINDS),
            on=self._texts(data, lines, "on"),
            aliases=aliases,
            concepts=self._texts(data, lines, "concepts"),
            covers=self._texts(data, lines, "covers"),
            tags=self._texts(data, lines, "tags"),
            pack=self._pack,
        )

    def _check(self, check: str, data: dict[str, object], lines: _Lines) -> tuple[CheckSpec | None, dict[str, object]]:
        spec = CHECKS.get(check)
        if spec is None:
            if "check" in data:
                self._wrong(lines["check"], f"unknown check {check!r}{nearest(check, CHECKS)}")
            return None, {}
        given = data.get("params") or {}
        if not isinstance(given, dict):
            self._wrong(lines["params"], "params must be a mapping")
            given = {}
        if check.startswith("select-"):
            given = {**given, **{key: data[key] for key in ("select", "where", "what") if key in data}}
        line = lines.get("params", lines.get("check", 1))
        for key in given:
            if key not in spec.params:
                self._wrong(line, f"the check {check} has no parameter {key!r}{nearest(str(key), spec.params)}")
        params: dict[str, object] = {}
        for key, param in spec.params.items():
            if key in given:
                params[key] = self._param(key, param, given[key], line)
            elif param.required:
                self._wrong(line, f"the check {check} needs the parameter {key!r}")
            else:
                params[key] = param.default
        return spec, params

    def _param(self, key: str, param: Param, value: object, line: int) -> object:
        if param.kind == "texts":
            if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
                self._wrong(line, f"the parameter {key!r} must be a list of texts that is not empty")
                return []
            for item in value:
                if param.choices and item not in param.choices:
                    self._wrong(line, f"{key}: unknown {item!r}{nearest(item, param.choices)}")
        elif param.kind == "choice":
            if value not in param.choices:
                self._wrong(line, f"{key} must be one of {', '.join(param.choices)}{nearest(str(value), param.choices)}")
        elif param.kind == "text":
            if not isinstance(value, str):
                self._wrong(line, f"the parameter {key!r} must be a text")
        elif param.kind == "flag":
            if not isinstance(value, bool):
                self._wrong(line, f"the parameter {key!r} must be true or false")
        elif param.kind == "number":
            if not isinstance(value, int) or isinstance(value, bool):
                self._wrong(line, f"the parameter {key!r} must be a number")
        elif param.kind == "expressions":
            from iamlint.engine.checks.select import mistakes_in

            for mistake in mistakes_in(value):
                self._wrong(line, f"{key}: {mistake}")
        if key == "select" and isinstance(value, str):
            from iamlint.engine.checks.select import path_mistake

            mistake = path_mistake(value)
            if mistake:
                self._wrong(line, f"select: {mistake}")
        return value

    def _text(self, data: dict[str, object], lines: _Lines, node: object) -> RuleText:
        examples = data.get("examples")
        if examples is not None and not isinstance(examples, dict):
            self._wrong(lines["examples"], "examples must be a mapping with bad and good")
        groups = examples if isinstance(examples, dict) else {}
        line = lines.get("examples", 1)
        for key in groups:
            if key not in {"bad", "good"}:
                self._wrong(line, f"examples: unknown key {key!r}{nearest(str(key), ('bad', 'good'))}")
        bad = self._examples(groups.get("bad"), "bad", line)
        good = self._examples(groups.get("good"), "good", line)
        for name, found in (("bad", bad), ("good", good)):
            if not found and "examples" in data:
                self._wrong(line, f"there must be at least one {name} example")
        for reference in self._texts(data, lines, "references"):
            if not reference.startswith("https://"):
                self._wrong(lines["references"], f"{reference!r} is not an https address")
        return RuleText(
            " ".join(self._line(data, lines, "why").split()),
            " ".join(self._line(data, lines, "fix").split()),
            self._texts(data, lines, "references"),
            bad,
            good,
            self._shown,
        )

    def _examples(self, entries: object, group: str, line: int) -> tuple[Example, ...]:
        if entries is None:
            return ()
        if not isinstance(entries, list):
            self._wrong(line, f"{group} examples must be a list")
            return ()
        result = []
        for number, entry in enumerate(entries, 1):
            where = f"{group} example {number}"
            if not isinstance(entry, dict):
                self._wrong(line, f"{where} must be a mapping")
                continue
            for key in entry:
                if key not in _EXAMPLE_KEYS:
                    self._wrong(line, f"{where}: unknown key {key!r}{nearest(str(key), _EXAMPLE_KEYS)}")
            if sum(key in entry for key in ("policy", "grant", "text")) != 1:
                self._wrong(line, f"{where} needs one of policy, grant, text")
            at = entry.get("at", [])
            if not isinstance(at, list) or not all(isinstance(place, str) for place in at):
                self._wrong(line, f"{where}: at must be a list of pointers")
                at = []
            if bool(at) != (group == "bad"):
                need = "needs" if group == "bad" else "must not have"
                self._wrong(line, f"{where} {need} `at`")
            subject = {key: _json_ready(value) for key, value in entry.items() if key not in {"name", "at"}}
            result.append(Example(str(entry.get("name", where)), subject, tuple(at)))
        return tuple(result)

    def _pattern(self, data: dict[str, object], lines: _Lines, key: str, pattern: re.Pattern[str], what: str) -> str:
        value = data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or not pattern.match(value):
            self._wrong(lines[key], f"{key} must be {what}, not {value!r}")
            return ""
        return value

    def _line(self, data: dict[str, object], lines: _Lines, key: str) -> str:
        value = data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or not value.strip():
            self._wrong(lines[key], f"{key} must be a text that is not empty")
            return ""
        return " ".join(value.split())

    def _choice(self, data: dict[str, object], lines: _Lines, key: str, choices: tuple[str, ...], default: str) -> str:
        value = data.get(key, default)
        if value not in choices:
            self._wrong(lines[key], f"{key} must be one of {', '.join(choices)}{nearest(str(value), choices)}")
            return default
        return str(value)

    def _texts(self, data: dict[str, object], lines: _Lines, key: str) -> tuple[str, ...]:
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong(lines[key], f"{key} must be a list of texts")
            return ()
        return tuple(value)

    def _choices(self, data: dict[str, object], lines: _Lines, key: str, choices: tuple[str, ...]) -> tuple[str, ...]:
        found = self._texts(data, lines, key)
        for value in found:
            if value not in choices:
                self._wrong(lines[key], f"{key}: unknown {value!r}{nearest(value, choices)}")
        return found


def _json_ready(value: object) -> object:
    """Return an example as JSON would hold it: YAML reads an unquoted version as a date."""
    if isinstance(value, dict):
        return {str(key): _json_ready(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_ready(item) for item in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)
