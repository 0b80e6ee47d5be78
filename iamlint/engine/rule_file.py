"""A rule file as data with the line of every key and item, so that each mistake can name its place.

The values stay what is written: only `true`, `false`, plain numbers and null are more than text. So
`on` and `yes` are words, a date is a text, and an account number keeps its leading zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from iamlint.record import record

if TYPE_CHECKING:
    from yaml.nodes import Node

__all__ = ["Mistake", "Path", "RuleFile", "parse_rule_file", "read_text"]

MAX_BYTES = 1_000_000
MAX_DEPTH = 60
MAX_NODES = 50_000
"""Keys and items after aliases have been put in: what goes beyond is no rule."""

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}\Z")
_SCALARS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "value"))

Path: TypeAlias = tuple[str | int, ...]
Mistake: TypeAlias = tuple[int, str]
"""The line, 1-based, and what is wrong there."""


@record
class RuleFile:
    """The top mapping of a rule file; `lines` holds the line of each key and item by its path."""

    data: dict[str, object]
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Return the line of the key or item at `path`, or of its nearest ancestor that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_text(path: str) -> str:
    """Return the text of a rule file.

    Raises ValueError with the reason when it is too large or not UTF-8, OSError when it cannot be read.
    """
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"a rule file holds one rule; this one is larger than {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start})") from None


def parse_rule_file(text: str) -> tuple[RuleFile | None, list[Mistake]]:
    """Return the data of a rule file and every mistake of its YAML; None when there is no mapping."""
    import yaml

    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = str(getattr(error, "problem", None) or error).splitlines()[0]
        return None, [(mark.line + 1 if mark is not None else 1, f"not YAML: {problem}")]
    except RecursionError:
        return None, [(1, f"nested deeper than {MAX_DEPTH} levels")]
    builder = _Builder()
    data = None if node is None else builder.value(node, ())
    if not isinstance(data, dict):
        return None, builder.mistakes or [(1, "a rule file must hold a mapping")]
    return RuleFile(data, builder.lines), builder.mistakes


class _Builder:
    """Turns the nodes of the YAML library into data, collecting lines and mistakes."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.mistakes: list[Mistake] = []
        self._nodes = 0
        self._full = False

    def value(self, node: Node, path: Path) -> object:
        """Return the data of one node; null where it is not allowed, with a mistake."""
        line = node.start_mark.line + 1
        self._nodes += 1
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            if not self._full:
                self._full = True
                deep = f"more than {MAX_DEPTH} levels" if len(path) > MAX_DEPTH else ""
                self.mistakes.append((line, f"{deep or f'more than {MAX_NODES} values'}: this is no rule"))
            return None
        kind = _kind(node)
        if kind == "mapping" and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if kind == "sequence" and node.tag == f"{_TAG}seq":
            items = []
            for index, item in enumerate(node.value):
                if self._full:
                    break
                self.lines[*path, index] = item.start_mark.line + 1
                items.append(self.value(item, (*path, index)))
            return items
        if kind == "scalar" and node.tag in _SCALARS:
            return _scalar(node.tag.removeprefix(_TAG), node.value)
        tag = node.tag.replace(_TAG, "!!")
        self.mistakes.append((line, f"the tag {tag!r} has no meaning in a rule file"))
        return None

    def _mapping(self, node: Node, path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key, item in node.value:
            if self._full:
                break
            line = key.start_mark.line + 1
            if _kind(key) != "scalar":
                self.mistakes.append((line, "a key must be a text"))
                continue
            if key.tag == f"{_TAG}merge":
                self.mistakes.append((line, "merge keys (<<) are not read: write the keys out"))
                continue
            name = str(key.value)
            if name in result:
                first = self.lines[*path, name]
                self.mistakes.append((line, f"the key {name!r} is written twice, first in line {first}"))
                continue
            self.lines[*path, name] = line
            result[name] = self.value(item, (*path, name))
        return result


def _kind(node: Node) -> str:
    """Return `scalar`, `sequence` or `mapping`; the library's nodes say so, its types do not."""
    return str(getattr(node, "id", ""))


def _scalar(kind: str, text: str) -> object:
    """Return the value of a scalar that the library takes for a `kind`."""
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if kind == "int" and _INTEGER.match(text):
        return int(text)
    if kind == "float" and _FLOAT.match(text):
        return float(text)
    return text
