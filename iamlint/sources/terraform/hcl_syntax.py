"""Terraform's native syntax (`*.tf`, `*.tofu`, `*.tfvars`) as blocks and attributes with their places.

tree-sitter finds the blocks and goes on behind errors; what an attribute says is kept as its text and
parsed by `expression` when somebody asks for it. Source: HCL native syntax specification.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from iamlint.record import field, record
from iamlint.sources.terraform.expression import Code

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = [
    "HclAttribute",
    "HclBlock",
    "HclBody",
    "HclError",
    "HclFile",
    "parse_hcl",
    "syntax_nodes",
    "value_of",
]

LARGEST = 20 * 1024 * 1024
"""Characters of one file; a tree takes many times as much memory."""
_MOST_NESTING = 200
_MOST_ERRORS = 20


@record
class HclError:
    """A place that is not of the syntax."""

    start: int
    end: int
    message: str


@record
class HclAttribute:
    """An attribute: the offsets of its name and of its expression."""

    name: str
    key_start: int
    start: int
    end: int


class HclBlock:
    """A block: its kind, its labels and its offsets; the body is read when it is asked for."""

    __slots__ = ("_base", "_body", "_file", "_node", "end", "head_end", "kind", "labels", "start")

    def __init__(self, file: HclFile, node: Node, base: int) -> None:
        self._file = file
        self._base = base
        self._node: Node | None = None
        self._body: HclBody | None = None
        self.start = node.start_byte + base
        self.end = self.head_end = node.end_byte + base
        text = file.text
        words: list[str] = []
        for child in node.children:
            kind = child.type
            if kind == "identifier":
                self.head_end = child.end_byte + base
                words.append(text[child.start_byte + base : self.head_end])
            elif kind == "string_lit":
                self.head_end = child.end_byte + base
                words.append(text[child.start_byte + base + 1 : self.head_end - 1])
            elif kind == "body":
                self._node = child
        self.kind = words[0] if words else ""
        self.labels = tuple(words[1:])
        if self._node is None:
            self._body = HclBody()

    @property
    def body(self) -> HclBody:
        """The attributes and blocks in it."""
        if self._body is None:
            assert self._node is not None  # INVARIANT: else there is a body
            self._body = _read_body(self._file, self._node.children, self._base)
            self._node = None
        return self._body


@record(frozen=False, eq=False)
class HclBody:
    """What a block or a file holds: attributes by name, and blocks in order."""

    attributes: dict[str, HclAttribute] = field(default_factory=dict)
    blocks: list[HclBlock] = field(default_factory=list)


@record(frozen=False, eq=False)
class HclFile:
    """A file: its text, what it holds, and where it is broken."""

    text: str
    body: HclBody = field(default_factory=HclBody)
    errors: list[HclError] = field(default_factory=list)
    too_large: bool = False


_LETTER = re.compile(r"[^\x00-\x7f\W]")
_SIGN = re.compile(r"[^\x00-\x7f]")


def parse_hcl(text: str) -> HclFile:
    """Return what a file of the native syntax holds. Never raises."""
    file = HclFile(text)
    problem = _limit(text)
    if problem is not None:
        file.errors.append(problem)
        file.too_large = True
        return file
    data = _plain(text)
    root = _parser().parse(data).root_node
    if not root.has_error:
        file.body = _read_body(file, _items(root), 0)
        return file
    # An error may swallow what follows it: each block of the file is read by itself.
    file.body = HclBody()
    starts = [0, *(match.start() for match in _TOP_BLOCK.finditer(data) if match.start())]
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        root = _parser().parse(data[start:end]).root_node
        if root.has_error:
            file.errors.extend(_errors(root, text, start, _MOST_ERRORS - len(file.errors)))
        part = _read_body(file, _items(root), start)
        file.body.attributes.update(part.attributes)
        file.body.blocks.extend(part.blocks)
    return file


def syntax_nodes(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Yield every node of a file's syntax tree: its kind and that of its parent, and its offsets. Nothing for
    a file that is too large or too deep."""
    if _limit(text) is not None:
        return
    pending = [("", _parser().parse(_plain(text)).root_node)]
    while pending:
        parent, node = pending.pop()
        kind = node.type
        yield kind, parent, node.start_byte, node.end_byte
        pending.extend((kind, child) for child in node.children)


def _plain(text: str) -> bytes:
    """Return a text with one byte for each character, so that the parser's offsets are ours."""
    return (text if text.isascii() else _SIGN.sub("?", _LETTER.sub("x", text))).encode("ascii")


_TOP_BLOCK = re.compile(
    rb"^(?:resource|data|module|variable|output|locals|provider|terraform)\b[^=\n]*\{", re.MULTILINE
)
_BRACKETS = re.compile(r"[\[\](){}]")


def _limit(text: str) -> HclError | None:
    if len(text) > LARGEST:
        return HclError(0, 1, f"more than {LARGEST // (1024 * 1024)} million characters")
    if text.count("{") + text.count("[") + text.count("(") > _MOST_NESTING:
        depth = 0
        for match in _BRACKETS.finditer(text):
            depth += 1 if match[0] in "{[(" else -1
            if depth > _MOST_NESTING:
                return HclError(match.start(), match.end(), f"nested more than {_MOST_NESTING} levels deep")
            depth = max(depth, 0)
    return None


@functools.cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_hcl

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))


def _items(root: Node) -> Sequence[Node]:
    """Return the nodes of a file, also where they stand within what was not understood."""
    found: list[Node] = []
    for node in root.children:
        if node.type in {"body", "ERROR"}:
            found.extend(node.children)
        else:
            found.append(node)
    return found


def _read_body(file: HclFile, nodes: Sequence[Node], base: int) -> HclBody:
    body = HclBody()
    for node in nodes:
        kind = node.type
        if kind == "attribute":
            children = node.children
            name, value = children[0], children[-1]
            if len(children) < 3 or value.type != "expression":
                continue
            start = name.start_byte + base
            word = file.text[start : name.end_byte + base]
            body.attributes[word] = HclAttribute(word, start, value.start_byte + base, value.end_byte + base)
        elif kind == "block":
            body.blocks.append(HclBlock(file, node, base))
        elif kind == "ERROR" and node.child_count:
            inner = _read_body(file, node.children, base)
            body.attributes.update(inner.attributes)
            body.blocks.extend(inner.blocks)
    return body


def _errors(root: Node, text: str, base: int, most: int) -> Iterator[HclError]:
    """Yield the first places that are not of the syntax."""
    pending = [root]
    while pending and most > 0:
        node = pending.pop()
        if node.is_missing:
            most -= 1
            yield HclError(node.start_byte + base, node.end_byte + base, f"{node.type} is missing")
        elif node.type == "ERROR":
            most -= 1
            start = node.start_byte + base
            shown = text[start : min(node.end_byte + base, start + 40)].split("\n", 1)[0].strip()
            message = f"{shown!r} is not understood" if shown else "this is not understood"
            yield HclError(start, node.end_byte + base, message)
        elif node.has_error:
            pending.extend(reversed(node.children))


_PLAIN_STRING = re.compile(r'"[^"\\$%\n]*+"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})")
_CONSTANTS = {"true": True, "false": False, "null": None}


def value_of(text: str) -> object:
    """Return the node of an expression: a plain value where it is one, else its code."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _PLAIN_STRING.fullmatch(text) is not None:
        return text[1:-1]
    if _NUMBER.fullmatch(text) is not None:
        return int(text)
    return Code(text)
