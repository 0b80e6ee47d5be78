"""Files of Terraform's native syntax as documents: pointers, as in the JSON syntax, to spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamlint.model import Pointer, Span
from iamlint.sources.json_text import embedded_range, split_embedded
from iamlint.sources.terraform.document import (
    ModuleFiles,
    elsewhere,
    expression_range,
    in_module,
    parsed_expression,
)
from iamlint.sources.terraform.expression import (
    Code,
    Expression,
    ExpressionError,
    Literal,
    ObjectExpression,
    Template,
    TemplateText,
    TupleExpression,
    child,
    literal_tree,
    member,
    source_offset,
)
from iamlint.sources.terraform.hcl_syntax import HclAttribute, HclBlock, HclBody, HclFile, value_of
from iamlint.sources.terraform.places import ExpressionStep, as_written
from iamlint.sources.text import Text

if TYPE_CHECKING:
    from iamlint.model.surroundings import Surroundings
    from iamlint.sources.surroundings import InModule

__all__ = ["HclDocument", "body_tree"]


class HclDocument:
    """A file of the native syntax. Its pointers are those of the JSON syntax, where nested blocks of one
    kind are a list, and `dynamic` holds the dynamic blocks by what they make."""

    has_lines = True
    format = "terraform-hcl"

    def __init__(self, text: Text, file: HclFile, files: ModuleFiles) -> None:
        self.source = text
        self.hcl = file
        self._files = files
        self.module: InModule | None = None
        """What the files of its directory share; made by the first of them when advice asks for it."""
        self._tree: dict[str, object] | None = None
        self.tops: dict[Pointer, HclBlock] = {}
        for block in file.body.blocks:
            pointer: Pointer = (block.kind, *block.labels)
            if pointer in self.tops:
                number = 1
                while (*pointer, number) in self.tops:
                    number += 1
                pointer = (*pointer, number)
            self.tops[pointer] = block

    @property
    def path(self) -> str:
        """Path of the file, relative to the root."""
        return self.source.path

    @property
    def tree(self) -> dict[str, object]:
        """The file as a tree of the JSON syntax."""
        if self._tree is None:
            self._tree = _file_tree(self)
        return self._tree

    def surroundings(self, pointer: Pointer) -> Surroundings:
        """Return what stands in the module beside the policy at `pointer`, and how it is written there."""
        found = elsewhere(pointer, self._files)
        if found is not None:
            document, pointer = found
            if document is not self:
                return document.surroundings(pointer)
        return in_module(self, self._files).at(pointer, native=True)

    def span(self, pointer: Pointer) -> Span:
        """Return the span of the value at `pointer`, or of its nearest known ancestor."""
        return self._span(pointer, key=False)

    def key_span(self, pointer: Pointer) -> Span:
        """Return the span of the key that leads to `pointer`; of a block, its kind and labels."""
        return self._span(pointer, key=True)

    def _span(self, pointer: Pointer, *, key: bool) -> Span:
        found = elsewhere(pointer, self._files)
        if found is not None:
            document, pointer = found
            return document.key_span(pointer) if key else document.span(pointer)
        outer, embedded = split_embedded(pointer)
        place, rest = self._find(as_written(outer))
        if isinstance(place, HclAttribute):
            return self.source.span(*self._within(place, rest, embedded, key=key))
        if isinstance(place, HclBlock):
            return self.source.span(place.start, place.head_end if key else place.end)
        return self.source.span(0, len(self.source.text) if pointer == () else 0)

    def _find(self, steps: Pointer) -> tuple[HclAttribute | HclBlock | None, Pointer]:
        """Return the attribute or block that steps lead to, and the steps that lead on in an expression."""
        block: HclBlock | None = None
        body: HclBody = self.hcl.body
        for length in range(min(4, len(steps)), 0, -1):
            top = self.tops.get(steps[:length])
            if top is not None:
                block, body, steps = top, top.body, steps[length:]
                # The first of several with one name may be called by its number.
                steps = steps[1:] if steps[:1] == (0,) else steps
                break
        while steps:
            name, rest = steps[0], steps[1:]
            attribute = body.attributes.get(name) if isinstance(name, str) else None
            if attribute is not None:
                return attribute, rest
            if name == "dynamic" and rest:
                blocks = [one for one in body.blocks if one.kind == "dynamic" and one.labels == (rest[0],)]
                rest = rest[1:]
            else:
                blocks = [one for one in body.blocks if one.kind == name]
            index = 0
            if rest and isinstance(rest[0], int):
                index, rest = rest[0], rest[1:]
            if index >= len(blocks):
                break
            block, steps = blocks[index], rest
            body = block.body
        return block, ()

    def _within(
        self, attribute: HclAttribute, steps: Pointer, embedded: Pointer | None, *, key: bool
    ) -> tuple[int, int]:
        """Return the range of what steps within an attribute's expression lead to."""
        base = attribute.start
        text = self.source.text[base : attribute.end]
        if embedded is not None and isinstance(embedded[0], ExpressionStep) and not steps:
            start, end = expression_range(as_written(embedded), key=key)
            return base + start, base + min(end, len(text))
        if not steps and embedded is None:
            if key:
                return attribute.key_start, attribute.key_start + len(attribute.name)
            return base, attribute.end
        node = parsed_expression(text)
        if node is None:
            return base, attribute.end
        start, end = node.start, node.end
        for step in steps:
            item = member(node, step)
            found = child(node, step)
            if found is None:
                break
            node = found
            start, end = (item[2], item[3]) if key and item is not None else (node.start, node.end)
        if (
            embedded is not None
            and isinstance(node, Template)
            and not isinstance(embedded[0], ExpressionStep)
        ):
            first, last = embedded_range(as_written(embedded), key=key)
            start, end = source_offset(node, first), source_offset(node, last - 1) + 1
        return base + start, base + end


def body_tree(file: HclFile, body: HclBody) -> dict[str, object]:
    """Return a body as the JSON syntax has it: attributes as values or code, nested blocks of one kind
    as a list, dynamic blocks under `dynamic`."""
    text = file.text
    tree: dict[str, object] = {
        one.name: value_of(text[one.start : one.end]) for one in body.attributes.values()
    }
    for block in body.blocks:
        if block.kind in body.attributes:
            continue
        inner = body_tree(file, block.body)
        if block.kind == "dynamic" and len(block.labels) == 1:
            content = inner.get("content")
            if isinstance(content, list):
                inner["content"] = content[0]
            iterator = block.body.attributes.get("iterator")
            if iterator is not None:
                inner["iterator"] = text[iterator.start : iterator.end]
            made = tree.setdefault("dynamic", {})
            if isinstance(made, dict):
                made.setdefault(block.labels[0], []).append(inner)
            continue
        listed = tree.setdefault(block.kind, [])
        if isinstance(listed, list):
            listed.append(inner)
    return tree


def _file_tree(document: HclDocument) -> dict[str, object]:
    """Return the blocks of a file as a tree of the JSON syntax, without any code that is not text."""
    tree: dict[str, object] = {}
    for block in document.hcl.body.blocks:
        node = tree
        path = (block.kind, *block.labels)
        for step in path[:-1]:
            inner = node.setdefault(step, {})
            if not isinstance(inner, dict):
                break
            node = inner
        else:
            body = _shown(body_tree(document.hcl, block.body), 0)
            known = node.get(path[-1])
            if known is None:
                node[path[-1]] = body
            elif isinstance(known, list):
                known.append(body)
            else:
                node[path[-1]] = [known, body]
    return tree


def _shown(node: object, depth: int) -> object:
    """Return a node with its code as plain trees, and what is no literal as a template string."""
    if isinstance(node, dict):
        return {key: _shown(value, depth + 1) for key, value in node.items()}
    if isinstance(node, list):
        return [_shown(item, depth + 1) for item in node]
    if not isinstance(node, Code):
        return node
    try:
        return _literal(node.expression(), node.text)
    except ExpressionError:
        return f"${{{node.text}}}"


def _literal(node: Expression, text: str) -> object:
    if isinstance(node, ObjectExpression):
        return {key: _literal(value, text) for key, value, _, _ in node.items if isinstance(key, str)}
    if isinstance(node, TupleExpression):
        return [_literal(item, text) for item in node.items]
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Template) and all(isinstance(part, TemplateText) for part in node.parts):
        return literal_tree(node)
    if isinstance(node, Template) and not node.sole:
        return text[node.start + 1 : node.end - 1]
    return f"${{{text[node.start : node.end]}}}"
