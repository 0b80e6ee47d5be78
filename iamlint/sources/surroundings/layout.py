"""Trees as text of a format: JSON, YAML, HCL. Short branches stay on one line, so that advice stays short."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TypeGuard

__all__ = [
    "Raw",
    "hcl_block",
    "hcl_member",
    "json_items",
    "json_member",
    "json_object",
    "quoted",
    "yaml_lines",
    "yaml_scalar",
]

_WIDTH = 88
_PLAIN = re.compile(r"[A-Za-z](?:[\w./-]|:(?=\w))*\Z", re.ASCII)
_NOT_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_WORD = re.compile(r"[A-Za-z_][\w-]*\Z", re.ASCII)


class Raw(str):
    """An expression of the format: written as it stands, without quotes."""

    __slots__ = ()


def quoted(text: str) -> str:
    """Return a text in double quotes, as JSON, YAML and HCL all read it."""
    return json.dumps(text, ensure_ascii=False)


def json_member(name: str, node: object) -> str:
    """Return a member of an object: `"Condition": {...}`."""
    return f"{quoted(name)}: {_json(node, 0, len(name) + 4)}"


def json_items(nodes: list[object]) -> list[str]:
    """Return the items of a list, each as a line of its own that ends with a comma."""
    return [f"{json.dumps(node, ensure_ascii=False)}," for node in nodes]


def json_object(node: object) -> str:
    """Return an object over as many lines as it takes."""
    return _json(node, 0, 0)


def _json(node: object, indent: int, used: int) -> str:
    if not isinstance(node, dict | list):
        return quoted(str(node))
    line = json.dumps(node, ensure_ascii=False)
    if not node or indent + used + len(line) <= _WIDTH or _is_function(node):
        return line
    pad = " " * (indent + 2)
    if isinstance(node, list):
        parts = [pad + _json(item, indent + 2, 0) for item in node]
        opened, closed = "[", "]"
    else:
        parts = [
            f"{pad}{quoted(key)}: {_json(value, indent + 2, len(key) + 4)}" for key, value in node.items()
        ]
        opened, closed = "{", "}"
    body = ",\n".join(parts)
    return f"{opened}\n{body}\n{' ' * indent}{closed}"


def _is_function(node: dict[str, object] | list[object]) -> bool:
    return isinstance(node, dict) and len(node) == 1 and next(iter(node)).startswith(("Fn::", "Ref"))


def yaml_scalar(node: object) -> str:
    """Return a text as YAML reads it back as that text, an expression as it is."""
    text = str(node)
    if isinstance(node, Raw) or (_PLAIN.match(text) and text.lower() not in _NOT_TEXT):
        return text
    return quoted(text)


def yaml_lines(node: Mapping[str, object] | list[object], indent: int = 0) -> Iterator[str]:
    """Yield the lines of a mapping or list in block style; lists of one line stay in theirs."""
    pad = " " * indent
    if isinstance(node, list):
        for item in node:
            if isinstance(item, dict | list):
                first, *rest = yaml_lines(item, indent + 2)
                yield f"{pad}- {first.lstrip()}"
                yield from rest
            else:
                yield f"{pad}- {yaml_scalar(item)}"
        return
    for key, value in node.items():
        name = yaml_scalar(key)
        if isinstance(value, dict | list):
            yield f"{pad}{name}:"
            yield from yaml_lines(value, indent + 2)
        else:
            yield f"{pad}{name}: {yaml_scalar(value)}"


def hcl_member(name: str, node: object) -> str:
    """Return an argument of an object expression on one line: `Condition = { ... }`."""
    return f"{_hcl_key(name)} = {_hcl(node)}"


def hcl_block(name: str, tree: Mapping[str, object], indent: int = 0) -> Iterator[str]:
    """Yield the lines of a block: `condition { ... }`. A list of mappings is nested blocks of that name."""
    pad = " " * indent
    arguments = {key: value for key, value in tree.items() if not _is_blocks(value)}
    width = max(map(len, arguments), default=0)
    yield f"{pad}{name} {{"
    for key, value in arguments.items():
        yield f"{pad}  {key:{width}} = {_hcl(value)}"
    for key, value in tree.items():
        if _is_blocks(value):
            for block in value:
                yield from hcl_block(key, block, indent + 2)
    yield f"{pad}}}"


def _is_blocks(value: object) -> TypeGuard[list[dict[str, object]]]:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _hcl_key(name: str) -> str:
    return name if _WORD.match(name) else quoted(name)


def _hcl(node: object) -> str:
    if isinstance(node, dict):
        return "{ " + ", ".join(hcl_member(key, value) for key, value in node.items()) + " }"
    if isinstance(node, list):
        return "[" + ", ".join(map(_hcl, node)) + "]"
    return str(node) if isinstance(node, Raw) else quoted(str(node))
