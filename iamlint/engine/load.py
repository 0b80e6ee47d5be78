"""Rules from YAML: read, validated (every mistake at once, each with its line), and compiled.

Parsing hundreds of YAML files costs more than a whole run, so the built-in rules are compiled into
one file: the first line holds what a run needs, each further line the text of one rule. In a
checkout that file is made again whenever a rule has changed; a wheel carries it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from iamlint.engine.checks import CHECKS, CheckSpec, Param
from iamlint.engine.rule import NEEDS_REPLACEMENT, REWRITES, WORD, Example, Profile, Rule, RuleText
from iamlint.engine.rule_file import Path, RuleFile, parse_rule_file, read_text
from iamlint.errors import RulePackError
from iamlint.model import Confidence, PolicyKind, Severity
from iamlint.record import field, fields, record

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
_ALIAS = re.compile(r"[a-z0-9_-]+:\S.*\Z")
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
    "rewrite",
    "advice",
    "select",
    "where",
    "what",
    "of",
)
_TARGETS = ("statement", "policy", "grant")
_SELECT_KEYS = ("select", "where", "what")
_EXAMPLE_KEYS = (
    "name",
    "policy",
    "grant",
    "text",
    "beside",
    "kind",
    "on",
    "location",
    "policy-name",
    "resource-type",
    "attached-to",
    "accounts",
    "at",
)
_GRANT_KEYS = ("what", "fields", "on", "owner", "attached-to")


@record
class RuleSet:
    """All rules that were loaded, in id order, and how to find them."""

    rules: tuple[Rule, ...]
    _texts: dict[str, RuleText | str] = field(default_factory=dict)

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
                        source = more_texts[rule.id].source
                        line = _line_in(source, ("id" if word == rule.id else "name",))
                        mistakes.append(
                            f"{source}:{line}: {word} is already a rule of the pack {taken[word]!r}"
                        )
                    taken[word] = rule.pack
            rules = [*rules, *more]
            texts.update(more_texts)
        if not mistakes:
            mistakes = _wrong_covers(rules, texts)
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
        with os.scandir(folder) as entries:
            for entry in entries:
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
    return json.dumps(data, separators=(",", ":"))


def _rule_to_json(rule: Rule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in fields(Rule)}


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


def read_pack(path: str, pack: str | None = None) -> tuple[list[Rule], dict[str, RuleText], list[str]]:
    """Read every rule file at or below `path`; return rules, texts by id, and all mistakes.

    The mistakes are lines `file:line: what is wrong`, in the order of files and lines. Raises
    RulePackError if there is no such path.
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
        wrong = sorted(reader.mistakes)
        if read is not None:
            rule, text = read
            for key, word in (("id", rule.id), ("name", rule.name)):
                if word in seen:
                    wrong.append((reader.line(key), f"{word} is also the rule of {seen[word]}"))
                seen[word] = shown
            rules.append(rule)
            texts[rule.id] = text
        mistakes.extend(f"{shown}:{line}: {message}" for line, message in wrong)
    if not rules and not mistakes:
        mistakes.append(f"{path}: no rule files (*.yaml) here")
    if pack == "builtin" and not mistakes:
        mistakes = _wrong_covers(rules, texts)
    return rules, texts, mistakes


def _wrong_covers(rules: Iterable[Rule], texts: Mapping[str, RuleText | str]) -> list[str]:
    """Return a mistake for each word of `covers` that is no rule, or a rule that covers this one too:
    of two rules that cover each other neither would report."""
    known = {rule.name: rule for rule in rules}
    mistakes = []
    for rule in known.values():
        text = texts[rule.id]
        if not isinstance(text, RuleText):
            continue  # compiled, so it has been through this
        for index, word in enumerate(rule.covers):
            if word not in known:
                problem = f"covers {word!r}, which is no rule{nearest(word, known)}"
            elif rule.name in known[word].covers:
                problem = f"{rule.name} and {word} cover each other"
            else:
                continue
            mistakes.append(f"{text.source}:{_line_in(text.source, ('covers', index))}: {problem}")
    return mistakes


def _line_in(source: str, path: Path) -> int:
    """Return the line of a key or item in a rule file that has been read before."""
    file = source if os.path.isfile(source) else os.path.join(_SOURCE, source)
    try:
        found, _ = parse_rule_file(read_text(file))
    except (OSError, ValueError):
        return 1
    return 1 if found is None else found.line(path)


def _rule_files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
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

    found = get_close_matches(word[:80], list(known), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _near(value: object, known: Iterable[str]) -> str:
    """Return the hint of `nearest` for a text, nothing for anything else."""
    return nearest(value, known) if isinstance(value, str) else ""


def _shown(value: object) -> str:
    """Return a value of a rule file for a message, in YAML's words and shortened."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class _RuleReader:
    """Reads one rule file, collecting every mistake as line and message."""

    def __init__(self, path: str, shown: str, pack: str) -> None:
        self._path = path
        self._shown = shown
        self._pack = pack
        self._file = RuleFile({}, {})
        self.mistakes: list[tuple[int, str]] = []

    def line(self, *path: str | int) -> int:
        """Return the line of a key or item, or of its nearest ancestor that is written."""
        return self._file.line(path)

    def _wrong(self, path: Path, message: str) -> None:
        self.mistakes.append((self._file.line(path), message))

    def read(self) -> tuple[Rule, RuleText] | None:
        """Return the rule, or None when the file has a mistake."""
        if not os.path.isfile(self._path):
            self._wrong((), "not a regular file")
            return None
        try:
            text = read_text(self._path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._wrong((), f"cannot be read: {reason}")
            return None
        file, mistakes = parse_rule_file(text)
        self.mistakes.extend(mistakes)
        if file is None:
            return None
        self._file = file
        rule = self._rule(file.data)
        texts = self._text(file.data)
        return None if self.mistakes else (rule, texts)

    def _keys(
        self, given: Mapping[str, object], known: Iterable[str], path: Path = (), where: str = ""
    ) -> None:
        """Complain of each key that is not known."""
        for key in given:
            if key not in known:
                self._wrong((*path, key), f"{where}unknown key {key!r}{nearest(key, known)}")

    def _rule(self, data: Mapping[str, object]) -> Rule:
        self._keys(data, _KEYS)
        check = self._check_name(data)
        for key in _REQUIRED:
            if data.get(key) is None and not (key == "check" and check):
                self._wrong((key,), f"the key {key!r} is {'empty' if key in data else 'missing'}")
        rule_id = self._pattern(data, "id", _ID, "an id such as IAM101")
        name = self._pattern(data, "name", _NAME, "kebab-case, such as wildcard-action")
        if rule_id and os.path.splitext(os.path.basename(self._path))[0] != rule_id:
            self._wrong(("id",), f"the file of {rule_id} must be called {rule_id}.yaml")
        spec, params = self._check(check, data)
        message = self._line(data, "message")
        if spec is not None:
            known = (*_COMMON_WORDS, *spec.words)
            for word in WORD.findall(message):
                if word not in known:
                    self._wrong(("message",), f"unknown word {{{word}}} in message{nearest(word, known)}")
        if message and not message.endswith("."):
            self._wrong(("message",), "message must be a sentence that ends with a full stop")
        aliases = self._texts(data, "aliases")
        for index, alias in enumerate(aliases):
            if not _ALIAS.match(alias):
                self._wrong(("aliases", index), f"{alias!r} is not an alias such as checkov:CKV_AWS_63")
        return Rule(
            id=rule_id,
            name=name,
            severity=Severity(self._choice(data, "severity", _SEVERITIES, "low")),
            confidence=Confidence(self._choice(data, "confidence", _CONFIDENCES, "high")),
            profile=Profile(self._choice(data, "profile", _PROFILES, "default")),
            summary=self._line(data, "summary"),
            message=message,
            fix=self._line(data, "fix"),
            check=check,
            params=params,
            policy_kinds=self._choices(data, "policy-kinds", _KINDS),
            on=self._scope(data, "on"),
            aliases=aliases,
            concepts=self._texts(data, "concepts"),
            covers=self._texts(data, "covers"),
            tags=self._texts(data, "tags"),
            rewrite=self._rewrite(data, spec),
            advice=self._advice(data, spec),
            pack=self._pack,
        )

    def _rewrite(self, data: Mapping[str, object], spec: CheckSpec | None) -> str:
        """Return the kind of safe fix, empty for none."""
        if "rewrite" not in data:
            return ""
        kind = self._choice(data, "rewrite", tuple(REWRITES), "")
        if spec is None or not kind:
            return kind
        if spec.target not in ("statement", "policy"):
            self._wrong(("rewrite",), "only what is wrong in a policy can be rewritten")
        elif kind in NEEDS_REPLACEMENT and "replacement" not in spec.words:
            self._wrong(("rewrite",), f"{kind} needs a check with the word 'replacement'")
        return kind

    def _advice(
        self, data: Mapping[str, object], spec: CheckSpec | None
    ) -> tuple[str | Mapping[str, object], ...]:
        """Return the makers of advice, each with what the rule gives it."""
        entries = data.get("advice", [])
        if "advice" not in data:
            return ()
        if not isinstance(entries, list) or not entries:
            self._wrong(("advice",), f"advice must be a list of makers, not {_shown(entries)}")
            return ()
        if spec is not None and spec.target not in {"statement", "policy", "grant"}:
            self._wrong(("advice",), f"there is no advice for a {spec.target} as a whole")
        from iamlint.engine.advice.grammar import mistakes_in_advice

        for index, entry in enumerate(entries):
            for path, mistake in mistakes_in_advice(entry):
                self._wrong(("advice", index, *path), f"advice: {mistake}")
        return tuple(entries)

    def _check_name(self, data: Mapping[str, object]) -> str:
        """Return the name of the check; a `select` has its own, by what it looks at."""
        check = data.get("check")
        if "select" in data:
            if "check" in data:
                self._wrong(("check",), "a rule has either `check` or `select`")
            if "params" in data:
                self._wrong(("params",), "a rule with `select` has no params")
            return f"select-{self._choice(data, 'of', _TARGETS, 'statement')}"
        for key in ("where", "what", "of"):
            if key in data:
                self._wrong((key,), f"{key!r} belongs to a rule with `select`")
        if check is not None and not isinstance(check, str):
            self._wrong(("check",), f"check must be the name of a check, not {_shown(check)}")
        return check if isinstance(check, str) else ""

    def _check(self, check: str, data: Mapping[str, object]) -> tuple[CheckSpec | None, dict[str, object]]:
        spec = CHECKS.get(check)
        if spec is None:
            if check:
                self._wrong(("check",), f"unknown check {check!r}{nearest(check, CHECKS)}")
            return None, {}
        if "select" in data:
            given: Mapping[str, object] = {key: data[key] for key in _SELECT_KEYS if key in data}
            base: Path = ()
        else:
            params = data.get("params", {})
            if not isinstance(params, dict):
                self._wrong(("params",), f"params must be a mapping, not {_shown(params)}")
                return spec, {}
            given, base = params, ("params",)
        for key in given:
            if key not in spec.params:
                if not base:
                    self._wrong((key,), f"{key!r} belongs to `of: grant`: it says which grants are meant")
                    continue
                hint = nearest(key, spec.params)
                self._wrong((*base, key), f"the check {check} has no parameter {key!r}{hint}")
        result: dict[str, object] = {}
        for key, param in spec.params.items():
            if key in given:
                result[key] = self._param(key, param, given[key], (*base, key))
            elif param.required:
                self._wrong(base or ("select",), f"the check {check} needs the parameter {key!r}")
            else:
                result[key] = param.default
        return spec, result

    def _param(self, key: str, param: Param, value: object, path: Path) -> object:
        if param.kind == "texts":
            if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
                # An empty list would be a rule that never fires, or always.
                self._wrong(path, f"{key} must be a list of texts that is not empty")
                return []
            for index, item in enumerate(value):
                if param.choices and item not in param.choices:
                    self._wrong((*path, index), f"{key}: unknown {item!r}{nearest(item, param.choices)}")
        elif param.kind == "choice":
            if value not in param.choices:
                hint = _near(value, param.choices)
                choices = ", ".join(param.choices)
                self._wrong(path, f"{key} must be one of {choices}, not {_shown(value)}{hint}")
        elif param.kind == "text":
            if not isinstance(value, str) or not value:
                self._wrong(path, f"{key} must be a text that is not empty")
        elif param.kind == "flag":
            if not isinstance(value, bool):
                self._wrong(path, f"{key} must be true or false, not {_shown(value)}")
        elif param.kind == "number":
            if not isinstance(value, int) or isinstance(value, bool):
                self._wrong(path, f"{key} must be a whole number, not {_shown(value)}")
        elif param.kind == "expressions":
            from iamlint.engine.checks.select import mistakes_in

            for test, mistake in mistakes_in(value):
                self._wrong((*path, *test), f"{key}: {mistake}")
        if key == "select" and isinstance(value, str) and value:
            from iamlint.engine.checks.select import path_mistake

            problem = path_mistake(value)
            if problem:
                self._wrong(path, f"select is no JSONPath expression: {problem}")
        return value

    def _text(self, data: Mapping[str, object]) -> RuleText:
        examples = data.get("examples")
        if examples is not None and not isinstance(examples, dict):
            message = f"examples must be a mapping with bad and good, not {_shown(examples)}"
            self._wrong(("examples",), message)
        groups: dict[str, object] = examples if isinstance(examples, dict) else {}
        self._keys(groups, ("bad", "good"), ("examples",), "examples: ")
        found = {}
        for group in ("bad", "good"):
            found[group] = self._examples(groups.get(group), group)
            if not groups.get(group) and isinstance(examples, dict):
                self._wrong(("examples", group), f"there must be at least one {group} example")
        references = self._texts(data, "references")
        for index, reference in enumerate(references):
            if not reference.startswith("https://"):
                self._wrong(("references", index), f"{reference!r} is not an https address")
        return RuleText(
            self._line(data, "why"),
            self._line(data, "fix", quiet=True),
            references,
            found["bad"],
            found["good"],
            self._shown,
        )

    def _examples(self, entries: object, group: str) -> tuple[Example, ...]:
        if not entries:
            return ()
        base: Path = ("examples", group)
        if not isinstance(entries, list):
            self._wrong(base, f"{group} examples must be a list, not {_shown(entries)}")
            return ()
        result = []
        for index, entry in enumerate(entries):
            where = f"{group} example {index + 1}"
            if isinstance(entry, dict):
                result.append(self._example(entry, (*base, index), where, bad=group == "bad"))
            else:
                self._wrong((*base, index), f"{where} must be a mapping, not {_shown(entry)}")
        return tuple(result)

    def _example(self, entry: dict[str, object], path: Path, where: str, *, bad: bool) -> Example:
        self._keys(entry, _EXAMPLE_KEYS, path, f"{where}: ")
        subjects = [key for key in ("policy", "grant", "text") if key in entry]
        if len(subjects) != 1:
            self._wrong(path, f"{where} needs one of policy, grant, text")
        if "text" in entry and not isinstance(entry["text"], str):
            self._wrong((*path, "text"), f"{where}: text must be a text, not {_shown(entry['text'])}")
        if "policy" in entry and entry["policy"] is None:
            self._wrong((*path, "policy"), f"{where}: the policy is empty")
        if "grant" in entry:
            self._grant(entry["grant"], (*path, "grant"), where)
        beside = entry.get("beside", [])
        if not isinstance(beside, list):
            self._wrong((*path, "beside"), f"{where}: beside must be a list of grants or policies")
        else:
            for index, other in enumerate(beside):
                if "policy" in entry:
                    self._beside_policy(other, (*path, "beside", index), where)
                else:
                    self._grant(other, (*path, "beside", index), where)
        kind = entry.get("kind")
        if kind is not None and kind not in _KINDS:
            self._wrong((*path, "kind"), f"{where}: unknown kind {_shown(kind)}{_near(kind, _KINDS)}")
        for key in ("on", "attached-to"):
            if not _is_words(entry.get(key, [])):
                self._wrong((*path, key), f"{where}: {key} must be a text or a list of texts")
        for key in ("name", "location", "policy-name", "resource-type"):
            if key in entry and not isinstance(entry[key], str):
                self._wrong((*path, key), f"{where}: {key} must be a text, not {_shown(entry[key])}")
        accounts = entry.get("accounts", [])
        if not isinstance(accounts, list) or not all(isinstance(item, str | int) for item in accounts):
            self._wrong((*path, "accounts"), f"{where}: accounts must be a list of account ids")
        at = entry.get("at", [])
        if not isinstance(at, list) or not all(isinstance(place, str) for place in at):
            self._wrong((*path, "at"), f"{where}: at must be a list of pointers")
            at = []
        elif bad and not at:
            self._wrong((*path, "at"), f"{where} needs `at`, the places where the rule fires")
        elif not bad and "at" in entry:
            self._wrong((*path, "at"), f"{where} must not have `at`: the rule does not fire there")
        subject = {key: value for key, value in entry.items() if key not in {"name", "at"}}
        return Example(str(entry.get("name", where)), subject, tuple(at))

    def _beside_policy(self, other: object, path: Path, where: str) -> None:
        if not isinstance(other, dict) or not isinstance(other.get("policy"), dict):
            self._wrong(path, f"{where}: beside a policy stand mappings with a policy")
            return
        self._keys(other, ("policy",), path, f"{where}: ")

    def _grant(self, grant: object, path: Path, where: str) -> None:
        if not isinstance(grant, dict):
            self._wrong(path, f"{where}: a grant must be a mapping, not {_shown(grant)}")
            return
        self._keys(grant, _GRANT_KEYS, path, f"{where}: ")
        if not isinstance(grant.get("what"), str):
            self._wrong((*path, "what"), f"{where}: a grant needs `what`, the word for it")
        fields = grant.get("fields", {})
        if not isinstance(fields, dict):
            self._wrong((*path, "fields"), f"{where}: fields must be a mapping, not {_shown(fields)}")
            return
        for name, value in fields.items():
            items = value if isinstance(value, list) else [value]
            if any(isinstance(item, dict | list) for item in items):
                message = f"{where}: the field {name!r} must be a text or a list of texts"
                self._wrong((*path, "fields", name), message)
        for key in ("on", "attached-to"):
            if not _is_words(grant.get(key, [])):
                self._wrong((*path, key), f"{where}: {key} must be a text or a list of texts")

    def _pattern(self, data: Mapping[str, object], key: str, pattern: re.Pattern[str], what: str) -> str:
        value = data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or not pattern.match(value):
            self._wrong((key,), f"{key} must be {what}, not {_shown(value)}")
            return ""
        return value

    def _line(self, data: Mapping[str, object], key: str, *, quiet: bool = False) -> str:
        value = data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or not value.strip():
            if not quiet:
                self._wrong((key,), f"{key} must be a text that is not empty")
            return ""
        return " ".join(value.split())

    def _choice(self, data: Mapping[str, object], key: str, choices: tuple[str, ...], default: str) -> str:
        value = data.get(key, default)
        if value not in choices:
            if value is not None or key not in _REQUIRED:
                hint = _near(value, choices)
                self._wrong((key,), f"{key} must be one of {', '.join(choices)}, not {_shown(value)}{hint}")
            return default
        return str(value)

    def _texts(self, data: Mapping[str, object], key: str) -> tuple[str, ...]:
        value = data.get(key, [])
        if not isinstance(value, list):
            self._wrong((key,), f"{key} must be a list of texts, not {_shown(value)}")
            return ()
        for index, item in enumerate(value):
            if not isinstance(item, str) or not item:
                self._wrong((key, index), f"{key} must be a list of texts; this item is {_shown(item)}")
                return ()
        return tuple(value)

    def _scope(self, data: Mapping[str, object], key: str) -> tuple[str, ...]:
        """Return a list that says where a rule applies. An empty one would mean everywhere."""
        found = self._texts(data, key)
        if data.get(key) == []:
            self._wrong((key,), f"{key} is empty: leave it out if the rule applies everywhere")
        return found

    def _choices(self, data: Mapping[str, object], key: str, choices: tuple[str, ...]) -> tuple[str, ...]:
        found = self._scope(data, key)
        for index, value in enumerate(found):
            if value not in choices:
                self._wrong((key, index), f"{key}: unknown {value!r}{nearest(value, choices)}")
        return found


def _is_words(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(item, str) for item in value)
    )
