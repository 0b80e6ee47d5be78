"""What the expressions of a module come to: text, trees, links to documents and resources, or holes.

Nothing is invented: what the files do not tell is a hole that names what decides it. Hostile input
is bounded in depth and in the number of nodes that it may grow to.
"""

from __future__ import annotations

import functools
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias, TypedDict, cast

from iamlint.model import Diagnostic, Hole, Part, Pointer
from iamlint.record import field, record
from iamlint.sources.source import SourceOptions
from iamlint.sources.terraform.document import ModuleFiles
from iamlint.sources.terraform.expression import (
    Attribute,
    Call,
    Code,
    Conditional,
    Expression,
    ExpressionError,
    ForExpression,
    Index,
    Literal,
    ObjectExpression,
    Operation,
    Splat,
    Step,
    Template,
    TemplateText,
    Traversal,
    TupleExpression,
    child,
    has_template,
    literal_tree,
    parse_template,
)
from iamlint.sources.terraform.meaning import (
    DocumentLink,
    JsonText,
    PlacedText,
    ResourceLink,
    known_text,
    located,
    parts_of,
    unplaced,
)
from iamlint.sources.terraform.module import Block, Module, Written
from iamlint.sources.terraform.places import Renamed, expression_step
from iamlint.sources.tree import At, Branch, Choice, Items, Unknown

__all__ = ["Context", "Instance", "Origin", "Scope", "text_parts"]

_MAX_DEPTH = 60
_NODES_PER_ARGUMENT = 100_000
_CHARACTERS_PER_NODE = 64
_MAX_ITEMS = 1_000
_MAX_NAME = 80

Scope: TypeAlias = Mapping[str, object]
"""Names that stand for a meaning in one place only: `each`, `count`, iterators, template variables."""


@record
class Origin:
    """The string that expressions were parsed from: its place and its decoded text."""

    pointer: Pointer
    text: str

    def at(self, expression: Expression) -> Pointer:
        """Return the pointer of an expression of this string."""
        return (*self.pointer, expression_step(self.text, expression.start, expression.end))

    def name(self, expression: Expression) -> str:
        """Return the expression as people read it, shortened, to name a hole with."""
        text = " ".join(
            self.text[expression.start : min(expression.end, expression.start + 4 * _MAX_NAME)].split()
        )
        return text if len(text) <= _MAX_NAME else text[: _MAX_NAME - 3] + "..."


class _TooLargeError(Exception):
    """An argument grew beyond the bounds."""


@record(frozen=False)
class Context:
    """What all modules of a unit share. `remaining` bounds the nodes that the whole unit may grow to."""

    options: SourceOptions
    files: ModuleFiles
    remaining: int
    diagnostics: list[Diagnostic] = field(default_factory=list)
    left: int = _NODES_PER_ARGUMENT

    def spend(self, nodes: int) -> None:
        """Count nodes of the argument that is being evaluated."""
        self.left -= nodes
        self.remaining -= nodes
        if self.left < 0 or self.remaining < 0:
            raise _TooLargeError

    def note(
        self,
        code: str,
        message: str,
        pointer: Pointer,
        owner: str | None = None,
        *,
        unjudged: bool = False,
    ) -> None:
        """Add a diagnostic at a pointer as seen from any file; `unjudged` as of Diagnostic."""
        document = self.files.get(pointer[0].text) if pointer and hasattr(pointer[0], "text") else None
        if document is None:
            self.diagnostics.append(Diagnostic("", code, message, owner=owner, unjudged=unjudged))
            return
        span = document.span(pointer)
        diagnostic = Diagnostic(
            span.path, code, message, span.start_line, span.start_column, owner, unjudged=unjudged
        )
        if diagnostic not in self.diagnostics[-20:]:
            self.diagnostics.append(diagnostic)


class Instance:
    """A module with the values of its inputs: the root, or one call of a child module."""

    def __init__(
        self,
        module: Module,
        context: Context,
        *,
        prefix: str = "",
        inputs: Mapping[str, object] | None = None,
        root: str | None = None,
    ) -> None:
        self.module = module
        self.context = context
        self.prefix = prefix
        self.children: dict[str, Instance] = {}
        self.root = module.directory if root is None else root
        self._inputs = inputs
        self._memo: dict[str, tuple[object, int]] = {}
        self._active: set[str] = set()

    def argument(self, block: Block, name: str) -> tuple[object, Pointer] | None:
        """Return what an argument, or the nested blocks of a name, come to, and the pointer of what
        is written; None where nothing is written. Never raises."""
        written = block.body.get(name)
        pointer = (*block.pointer, name)
        generated = self._has_dynamic(block.body, name)
        if written is None and not generated:
            return None
        self.context.left = _NODES_PER_ARGUMENT
        try:
            scope = self.scope(block)
            if not generated:
                return self._node(written, pointer, scope, 0), pointer
            body = {key: block.body[key] for key in ("dynamic", name) if key in block.body}
            result = self._node(body, block.pointer, scope, 0)
            assert isinstance(result, dict)
            return result.get(name), pointer
        except (_TooLargeError, RecursionError):
            message = f"the argument {name} grows too large to be analysed"
            self.context.note("too-large", message, pointer, self.prefix + block.reference, unjudged=True)
            return Unknown(Hole("unknown", "too large")), pointer

    def value(self, written: Written) -> object:
        """Return what an expression of the module comes to. Never raises."""
        self.context.left = _NODES_PER_ARGUMENT
        try:
            return self._node(written.node, written.pointer, {}, 0)
        except (_TooLargeError, RecursionError):
            return Unknown(Hole("unknown", "too large"))

    def address(self, block: Block) -> str:
        """Return the block's address as Terraform prints it, with its key when there is surely one
        instance, without where the instances are not known."""
        keys = self._keys(block)
        address = self.prefix + block.reference
        if keys is not None and len(keys) == 1:
            key = next(iter(keys))
            if isinstance(key, int) == ("for_each" not in block.body):
                return f"{address}[{json.dumps(key)}]"
        return address

    def template_text(
        self, template: Template, origin: Origin, scope: Scope
    ) -> tuple[tuple[Part, ...], tuple[int, ...]]:
        """Return the text of a template file, which sees nothing but the names of `scope`."""
        return self._text(template, origin, {**scope, _ALONE: None}, 1)

    def output(self, output: str, name: str, depth: int) -> object:
        """Return what an output of the module comes to; a hole named `name` where there is none."""
        block = self.module.outputs.get(output)
        written = block.written("value") if block is not None else None
        if written is None:
            return Unknown(Hole("module", name))
        return self._guarded(
            f"output.{output}",
            "module",
            lambda: _moved(self._node(written.node, written.pointer, {}, depth + 1), written),
        )

    def input(self, written: Written, scope: Scope) -> object:
        """Return what an argument of a module call comes to, for use in the child."""
        return _moved(self._node(written.node, written.pointer, scope, 1), written)

    def scope(self, block: Block) -> Scope:
        """Return what `each` and `count` stand for in a block."""
        if "for_each" not in block.body and "count" not in block.body:
            return {}
        keys = self._keys(block)
        if "count" in block.body:
            only = next(iter(keys)) if keys is not None and len(keys) == 1 else None
            return {"count": {"index": Unknown(Hole("each", "count.index")) if only is None else only}}
        return {"each": _Each("each", keys)}

    def _keys(self, block: Block) -> dict[str | int, object] | None:
        """Return the instance keys of a block with their values; None where it has none, or none known."""
        name, meaning = self._repetition(block)
        if name == "count":
            number = unplaced(meaning)
            known = isinstance(number, int) and not isinstance(number, bool) and 0 < number <= _MAX_ITEMS
            return {index: index for index in range(cast(int, number))} if known else None
        return _keyed(meaning)

    def is_absent(self, block: Block) -> bool:
        """Say whether `count` or `for_each` is known to make no instance of a block."""
        if "for_each" not in block.body and "count" not in block.body:
            return False
        self.context.left = _NODES_PER_ARGUMENT
        name, meaning = self._repetition(block)
        number = unplaced(meaning)
        if name == "count":
            return number == 0 and not isinstance(number, bool)
        return isinstance(number, list | dict) and not number

    def _repetition(self, block: Block) -> tuple[str, object]:
        """Return the name of the argument that repeats a block, and what it comes to; a hole where there
        is none, or none that can be known."""
        name = "for_each" if "for_each" in block.body else "count"
        unknown = Unknown(Hole("unknown", name))
        written = block.written(name)
        memo = f"{block.reference}#{name}"
        if written is None or memo in self._active:
            return name, unknown
        self._active.add(memo)
        try:
            return name, self._remembered(memo, lambda: self._node(written.node, written.pointer, {}, 1))
        except (_TooLargeError, RecursionError):
            return name, unknown
        finally:
            self._active.discard(memo)

    # Nodes as they are written in JSON

    def _node(self, node: object, pointer: Pointer, scope: Scope, depth: int) -> object:
        """Return what a node of the JSON syntax comes to."""
        self.context.spend(1)
        if isinstance(node, str):
            if not has_template(node):
                return node
            return self._template_string(node, pointer, scope, depth)
        if isinstance(node, Code):
            return self._code(node, pointer, scope, depth)
        if isinstance(node, At):
            return At(self._node(node.node, node.pointer, scope, depth), node.pointer)
        if depth > _MAX_DEPTH:
            return Unknown(Hole("unknown", "nested too deep"))
        if isinstance(node, list):
            return [self._node(item, (*pointer, index), scope, depth + 1) for index, item in enumerate(node)]
        if isinstance(node, dict):
            return self._mapping(node, pointer, scope, depth)
        return node

    def _code(self, code: Code, pointer: Pointer, scope: Scope, depth: int) -> object:
        """Return what an expression of the native syntax comes to."""
        self.context.spend(len(code.text) // _CHARACTERS_PER_NODE)
        origin = Origin(pointer, code.text)
        try:
            expression = code.expression()
        except ExpressionError as error:
            self._unreadable(error, origin)
            return Unknown(Hole("unknown", _shortened(code.text)))
        return self._placed(expression, origin, scope, depth)

    def _unreadable(self, error: ExpressionError, origin: Origin) -> None:
        message = f"cannot be read as an expression: {error}"
        at = min(error.offset, len(origin.text))
        place = (*origin.pointer, expression_step(origin.text, at, min(at + 1, len(origin.text))))
        self.context.note("unreadable-expression", message, place, unjudged=True)

    def _mapping(
        self, node: dict[str, object], pointer: Pointer, scope: Scope, depth: int
    ) -> dict[str, object]:
        result: dict[str, object] = {}
        for key, value in node.items():
            if key == "dynamic" and _is_dynamic(value):
                continue
            shown = key
            if has_template(key):
                parts = parts_of(self._template_string(key, pointer, scope, depth))
                shown = Renamed("".join(map(str, parts)), key)
            result[shown] = self._node(value, (*pointer, key), scope, depth + 1)
        if _is_dynamic(node.get("dynamic")):
            for name, spec, place in _dynamic_blocks(node["dynamic"], (*pointer, "dynamic")):
                items = list(self._expanded(name, spec, place, scope, depth + 1))
                present = result.get(name)
                if isinstance(present, list):
                    items = [At(item, (*pointer, name, index)) for index, item in enumerate(present)] + items
                elif present is not None:
                    items = [At(present, (*pointer, name)), *items]
                result[name] = items
        return result

    def _expanded(
        self, name: str, spec: dict[str, object], pointer: Pointer, scope: Scope, depth: int
    ) -> Iterator[object]:
        """Yield the blocks that a dynamic block makes; where their number is not known, the content
        once, with holes, under the condition that there are any."""
        content = spec.get("content")
        place: Pointer = (*pointer, "content")
        iterator = spec.get("iterator")
        label = iterator if isinstance(iterator, str) and iterator.isidentifier() else name
        collection = self._node(spec.get("for_each"), (*pointer, "for_each"), scope, depth + 1)
        keyed = _keyed(collection)
        if keyed is not None:
            for key, value in keyed.items():
                inner = {**scope, label: {"key": key, "value": value}}
                yield At(self._node(content, place, inner, depth + 1), place)
            return
        inner = {**scope, label: _Each(label, None, collection)}
        body = self._node(content, place, inner, depth + 1)
        yield Choice((Branch(((f"dynamic {name}", True),), body, place),))

    @staticmethod
    def _has_dynamic(body: dict[str, object], name: str) -> bool:
        dynamic = body.get("dynamic")
        return _is_dynamic(dynamic) and any(found == name for found, _, _ in _dynamic_blocks(dynamic, ()))

    def _template_string(self, text: str, pointer: Pointer, scope: Scope, depth: int) -> object:
        self.context.spend(len(text) // _CHARACTERS_PER_NODE)
        try:
            template = parse_template(text)
        except ExpressionError as error:
            message = f"cannot be read as a template: {error}"
            self.context.note("unreadable-expression", message, pointer, unjudged=True)
            return Unknown(Hole("unknown", _shortened(text)))
        return self._template(template, Origin(pointer, text), scope, depth)

    def _template(self, template: Template, origin: Origin, scope: Scope, depth: int) -> object:
        """Return what a template comes to; a sole expression keeps its type."""
        if template.sole:
            expression = template.parts[0]
            assert not isinstance(expression, TemplateText)
            return self._placed(expression, origin, scope, depth + 1)
        parts, offsets = self._text(template, origin, scope, depth)
        return PlacedText(parts, offsets, origin.pointer)

    def _text(
        self, template: Template, origin: Origin, scope: Scope, depth: int
    ) -> tuple[tuple[Part, ...], tuple[int, ...]]:
        parts: list[Part] = []
        offsets: list[int] = []
        for part in template.parts:
            if isinstance(part, TemplateText):
                found: tuple[Part, ...] = (part.text,)
                start = part.start
            else:
                value = self._expression(part, origin.at(part), origin, scope, depth + 1)
                start = part.start
                found = text_parts(value, origin.name(part))
            for piece in found:
                self.context.spend(1 + (len(piece) // _CHARACTERS_PER_NODE if isinstance(piece, str) else 0))
                parts.append(piece)
                offsets.append(start)
        return tuple(parts), tuple(offsets)

    # Expressions

    def _placed(self, expression: Expression, origin: Origin, scope: Scope, depth: int) -> object:
        """Return what an expression comes to, marked with its place where that is not the obvious one."""
        pointer = origin.at(expression)
        value = self._expression(expression, pointer, origin, scope, depth)
        return At(value, pointer) if isinstance(value, dict | list) else value

    def _expression(
        self, expression: Expression, pointer: Pointer, origin: Origin, scope: Scope, depth: int
    ) -> object:
        """Return what an expression comes to; trees hold their parts below `pointer`."""
        self.context.spend(1)
        if depth > _MAX_DEPTH:
            return Unknown(Hole("unknown", origin.name(expression)))
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Template):
            if expression.sole:
                return self._template(expression, origin, scope, depth)
            if _is_short(expression):
                return "".join(part.text for part in expression.parts if isinstance(part, TemplateText))
            parts, offsets = self._text(expression, origin, scope, depth)
            place = origin.at(expression)
            return PlacedText(parts, tuple(offset - expression.start for offset in offsets), place)
        if isinstance(expression, TupleExpression):
            return [
                self._expression(item, (*pointer, index), origin, scope, depth + 1)
                for index, item in enumerate(expression.items)
            ]
        if isinstance(expression, ObjectExpression):
            return self._object(expression, pointer, origin, scope, depth)
        if isinstance(expression, Traversal):
            return self._traversal(expression, origin, scope, depth)
        if isinstance(expression, Call):
            return self._call(expression, origin, scope, depth)
        if isinstance(expression, Conditional):
            return self._conditional(expression, origin, scope, depth)
        if isinstance(expression, Operation):
            return self._operation(expression, origin, scope, depth)
        return self._comprehension(expression, pointer, origin, scope, depth)

    def _object(
        self, expression: ObjectExpression, pointer: Pointer, origin: Origin, scope: Scope, depth: int
    ) -> dict[str, object]:
        result: dict[str, object] = {}
        for index, (written, value, _, _) in enumerate(expression.items):
            key = written
            if not isinstance(key, str):
                parts = parts_of(self._expression(key, origin.at(key), origin, scope, depth + 1))
                key = Renamed("".join(map(str, parts)), index)
            result[key] = self._expression(value, (*pointer, key), origin, scope, depth + 1)
        return result

    def _conditional(self, expression: Conditional, origin: Origin, scope: Scope, depth: int) -> object:
        test = _truth(self._expression(expression.test, origin.at(expression.test), origin, scope, depth + 1))
        if test is not None:
            return self._placed(expression.yes if test else expression.no, origin, scope, depth + 1)
        name = origin.name(expression.test)
        branches = []
        for holds, side in ((True, expression.yes), (False, expression.no)):
            value = self._placed(side, origin, scope, depth + 1)
            if unplaced(value) is not None:
                branches.append(Branch(((name, holds),), value, origin.at(side)))
        return Choice(tuple(branches))

    def _operation(self, expression: Operation, origin: Origin, scope: Scope, depth: int) -> object:
        operands = [
            unplaced(self._expression(item, origin.at(item), origin, scope, depth + 1))
            for item in expression.operands
        ]
        result = _operate(expression.operator, operands)
        return Unknown(Hole("unknown", origin.name(expression))) if result is None else result

    def _comprehension(
        self, expression: ForExpression, pointer: Pointer, origin: Origin, scope: Scope, depth: int
    ) -> object:
        collection = self._expression(
            expression.collection, origin.at(expression.collection), origin, scope, depth + 1
        )
        keyed = _keyed(collection, sets=True)
        if keyed is None:
            name = origin.name(expression.collection)
            return self._comprehended_once(expression, collection, name, origin, scope, depth)
        place = origin.at(expression.value)
        items: list[object] = []
        mapping: dict[str, object] = {}
        for key, value in keyed.items():
            inner = {**scope, expression.value_name: value}
            if expression.key_name is not None:
                inner[expression.key_name] = key
            if expression.condition is not None:
                test = _truth(
                    self._expression(
                        expression.condition, origin.at(expression.condition), origin, inner, depth + 1
                    )
                )
                if test is False:
                    continue
            item = self._expression(expression.value, place, origin, inner, depth + 1)
            if expression.key is None:
                items.append(At(item, place))
                continue
            shown = known_text(
                self._expression(expression.key, origin.at(expression.key), origin, inner, depth + 1)
            )
            if shown is None or expression.grouped:
                return Unknown(Hole("unknown", origin.name(expression)))
            mapping[shown] = At(item, place)
        if expression.key is None:
            # An empty list that nobody has written has a mark, so that it can be told from one that is.
            return items or At(items, pointer)
        return mapping

    def _comprehended_once(
        self,
        expression: ForExpression,
        collection: object,
        name: str,
        origin: Origin,
        scope: Scope,
        depth: int,
    ) -> object:
        if expression.key is not None:
            return Unknown(Hole("unknown", origin.name(expression)))
        inner = {**scope, expression.value_name: _Item(expression.value_name, collection)}
        if expression.key_name is not None:
            inner[expression.key_name] = Unknown(Hole("each", expression.key_name))
        place = origin.at(expression.value)
        item = self._expression(expression.value, place, origin, inner, depth + 1)
        return [Choice((Branch(((f"for {name}", True),), item, place),))]

    def _call(self, expression: Call, origin: Origin, scope: Scope, depth: int) -> object:
        from iamlint.sources.terraform.functions import FUNCTIONS

        function = FUNCTIONS.get(expression.name.removeprefix("core::"))
        name = origin.name(expression)
        if function is None:
            return Unknown(Hole("unknown", name))
        arguments = [
            At(self._placed(item, origin, scope, depth + 1), origin.at(item)) for item in expression.arguments
        ]
        if expression.spread and arguments:
            last = unplaced(arguments[-1])
            if not isinstance(last, list):
                return Unknown(Hole("unknown", name))
            arguments[-1:] = [At(item, origin.at(expression.arguments[-1])) for item in last]
        result = function(self, name, arguments)
        self.context.spend(len(result) if isinstance(result, list | dict) else 1)
        return result

    # References

    def _traversal(self, expression: Traversal, origin: Origin, scope: Scope, depth: int) -> object:
        name = origin.name(expression)
        steps = [self._step(step, origin, scope, depth) for step in expression.steps]
        root = expression.root
        if not isinstance(root, str):
            base = self._expression(root, origin.at(root), origin, scope, depth + 1)
            return _follow(At(base, origin.at(root)), steps, name)
        if root in scope:
            return _follow(scope[root], steps, name)
        if _ALONE in scope:
            return Unknown(Hole("reference", name))
        if root == "var":
            return self._variable(steps, name, depth)
        if root == "local":
            return self._local(steps, name, depth)
        if root == "module":
            return self._output(steps, name, depth)
        if root == "path":
            return Unknown(Hole("path", name))
        if root in {"each", "count", "self", "terraform"}:
            return Unknown(Hole("each" if root in {"each", "count"} else "reference", name))
        if root == "data":
            return self._resource("data", steps, name, depth)
        if not steps:
            return Unknown(Hole("reference", name))
        return self._resource("resource", [root, *steps], name, depth)

    def _step(self, step: Step, origin: Origin, scope: Scope, depth: int) -> str | int | None:
        """Return a step as a name, a number, `*` for a splat, None where it is not known."""
        if isinstance(step, Attribute):
            return step.name
        if isinstance(step, Splat):
            return "*"
        assert isinstance(step, Index)
        key = self._expression(step.key, origin.at(step.key), origin, scope, depth + 1)
        plain = unplaced(key)
        if isinstance(plain, int) and not isinstance(plain, bool):
            return plain
        return known_text(key)

    def _remembered(self, name: str, compute: Callable[[], object]) -> object:
        """Return what was computed before under a name; its size counts each time that it is used."""
        known = self._memo.get(name)
        if known is not None:
            self.context.spend(known[1])
            return known[0]
        before = self.context.left
        try:
            value = compute()
        except _TooLargeError:
            self._memo[name] = Unknown(Hole("unknown", f"{name} (too large)")), 1
            raise
        self._memo[name] = value, max(1, before - self.context.left)
        return value

    def _guarded(self, name: str, kind: str, compute: Callable[[], object]) -> object:
        """Compute under a name; a hole where that leads back to itself."""
        if name in self._active:
            return Unknown(Hole(kind, name))
        self._active.add(name)
        try:
            return self._remembered(name, compute)
        finally:
            self._active.discard(name)

    def _local(self, steps: list[str | int | None], name: str, depth: int) -> object:
        first = steps[0] if steps else None
        written = self.module.locals.get(first) if isinstance(first, str) else None
        if written is None:
            return Unknown(Hole("reference", name))
        node, pointer, rest = written.node, written.pointer, steps[1:]
        while rest:
            # Only the part that is asked for: other parts may lead back here, or be large.
            step = rest[0]
            below = _member(node, step)
            if below is _MISSING or step is None:
                break
            node, pointer, rest = below, (*pointer, step), rest[1:]
        if isinstance(node, Code) and rest:
            return self._local_code(first, Written(node, pointer), rest, name, depth)
        found = Written(node, pointer)
        path = "".join(f"[{json.dumps(step)}]" for step in pointer[len(written.pointer) :])
        value = self._guarded(
            f"local.{first}{path}",
            "reference",
            lambda: _moved(self._node(found.node, found.pointer, {}, depth + 1), found),
        )
        return _follow(value, rest, name)

    def _local_code(
        self, local: object, written: Written, steps: list[str | int | None], name: str, depth: int
    ) -> object:
        """Return a part of a local value: of an object or a list, only what is asked for."""
        code, pointer = written.node, written.pointer
        assert isinstance(code, Code)
        origin = Origin(pointer, code.text)
        try:
            expression = code.expression()
        except ExpressionError as error:
            self._unreadable(error, origin)
            return Unknown(Hole("reference", name))
        path: list[str | int] = []
        for step in steps:
            below = child(expression, step) if step is not None and step != "*" else None
            if below is None or step is None:
                break
            expression = below
            path.append(step)
        found = expression
        value = self._guarded(
            f"local.{local}{''.join(f'[{json.dumps(step)}]' for step in path)}",
            "reference",
            lambda: _moved(
                self._placed(found, origin, {}, depth + 1),
                Written(None, origin.at(found) if path else pointer),
            ),
        )
        return _follow(value, steps[len(path) :], name)

    def _variable(self, steps: list[str | int | None], name: str, depth: int) -> object:
        first = steps[0] if steps else None
        if not isinstance(first, str):
            return Unknown(Hole("variable", name))
        if self._inputs is not None and first in self._inputs:
            return _follow(self._inputs[first], steps[1:], name)
        if self._inputs is None and (assigned := self.module.assigned.get(first)) is not None:
            value = self._guarded(
                f"var.{first}",
                "variable",
                lambda: _moved(
                    self._node(assigned.node, assigned.pointer, {_ALONE: None}, depth + 1), assigned
                ),
            )
            return _follow(value, steps[1:], name)
        block = self.module.variables.get(first)
        written = block.written("default") if block is not None else None
        if written is None or (written.node is None and self._inputs is None):
            return Unknown(Hole("variable", name))
        # A default is a literal: its strings are no templates.
        node = unplaced(written.node)
        if isinstance(node, Code):
            code = node
            try:
                node = literal_tree(code.expression())
            except ExpressionError as error:
                self._unreadable(error, Origin(written.pointer, code.text))
                return Unknown(Hole("variable", name))
        if self._inputs is None:
            value = _by_default(node, f"var.{first}", written.pointer, 0)
        else:
            # The call leaves it out, and nobody else can set it.
            value = _moved(node, Written(node, written.pointer))
        self.context.spend(_size(node))
        return _follow(value, steps[1:], name)

    def _output(self, steps: list[str | int | None], name: str, depth: int) -> object:
        call, output = (steps[0], steps[1:]) if steps else (None, [])
        while output and not isinstance(output[0], str):
            output = output[1:]
        child = self.children.get(call) if isinstance(call, str) else None
        if child is None or not output or not isinstance(output[0], str):
            return Unknown(Hole("module", name))
        return _follow(child.output(output[0], name, depth), output[1:], name)

    def _resource(self, kind: str, steps: list[str | int | None], name: str, depth: int) -> object:
        """Return what a reference to a resource or data source leads to."""
        if len(steps) < 2 or not isinstance(steps[0], str) or not isinstance(steps[1], str):
            return Unknown(Hole("reference", name))
        block_type, block_name, rest = steps[0], steps[1], steps[2:]
        block = self.module.find(kind, block_type, block_name)
        reference = f"{block_type}.{block_name}"
        if kind == "data":
            reference = f"data.{reference}"
        address = self.address(block) if block is not None else self.prefix + reference
        many = False
        while rest and (
            rest[0] is None or isinstance(rest[0], int) or rest[0] == "*" or _is_key(rest, block)
        ):
            many = many or rest[0] == "*"
            rest = rest[1:]
        attribute = rest[0] if rest else ""
        if not isinstance(attribute, str):
            return Unknown(Hole("attribute", name))
        if (
            block_type == "aws_iam_policy_document"
            and kind == "data"
            and attribute in {"json", "minified_json"}
        ):
            if block is None:
                return Unknown(Hole("attribute", name))
            link: object = DocumentLink(address)
        else:
            link = self._attribute(kind, block_type, block, address, attribute, rest[1:], name, depth)
        return [link] if many else link

    def _attribute(
        self,
        kind: str,
        block_type: str,
        block: Block | None,
        address: str,
        attribute: str,
        rest: list[str | int | None],
        name: str,
        depth: int,
    ) -> object:
        facts = _facts()
        key = f"data.{block_type}" if kind == "data" else block_type
        alphabet = facts["alphabets"].get(key, {}).get(attribute)
        if alphabet is not None:
            return ResourceLink(address, attribute, Unknown(Hole("pseudo", name, alphabet=alphabet)))
        values = facts["values"].get(key, {}).get(attribute)
        if values is not None:
            return ResourceLink(address, attribute, Unknown(Hole("pseudo", name, values=tuple(values))))
        known = facts["resources"].get(key, {})
        argument = attribute
        if attribute == "id":
            argument = known.get("id", "id")
        if block is not None and argument and (written := block.written(argument)) is not None:
            found, scope, holder = written, self.scope(block), block
            value = self._guarded(
                f"{holder.reference}.{argument}",
                "attribute",
                lambda: _moved(self._node(found.node, found.pointer, scope, depth + 1), found),
            )
            plain = unplaced(value)
            if plain is not None and not isinstance(plain, Unknown):
                followed = _follow(value, rest, name)
                if isinstance(unplaced(followed), DocumentLink | JsonText | dict | list | Choice):
                    return followed
                return ResourceLink(address, attribute, followed)
        pattern = known.get("arn" if argument == "arn" else attribute)
        arn = None
        if pattern is not None and pattern.startswith("arn:"):
            arn = self._arn(pattern, block, depth)
        elif argument == "arn" and block_type.startswith("aws_"):
            arn = "arn:*:*:*:*:*"
        return ResourceLink(address, attribute, Unknown(Hole("attribute", name, arn=arn)))

    def _arn(self, pattern: str, block: Block | None, depth: int) -> str:
        """Fill the arguments into an ARN pattern; what is not known stays a star."""
        pieces = pattern.split("{")
        result = [pieces[0]]
        for piece in pieces[1:]:
            argument, _, after = piece.partition("}")
            written = block.written(argument) if block is not None else None
            if written is not None and block is not None:
                found, scope = written, self.scope(block)
                value = self._guarded(
                    f"{block.reference}.{argument}",
                    "attribute",
                    lambda: _moved(self._node(found.node, found.pointer, scope, depth + 1), found),  # noqa: B023
                )
                text = "".join(part if isinstance(part, str) else "*" for part in parts_of(value))
            else:
                default = _facts()["defaults"].get(argument)
                text = (
                    default if default is not None and block is not None and block.kind == "resource" else "*"
                )
            result.append(text + after)
        return "".join(result).replace("**", "*")


def text_parts(value: object, name: str) -> tuple[Part, ...]:
    """Return what stands in a text for a value; `name` names the hole for what is no text."""
    value = unplaced(value)
    if isinstance(value, JsonText):
        plain = _plain(value.tree)
        if plain is not None:
            # Cut at its tokens, so that each stands where the expression is written.
            return tuple(_JSON_TOKEN.findall(plain))
    if isinstance(value, JsonText | list | dict | Items) or value is None:
        return (Hole("unknown", name),)
    return parts_of(value)


def _is_short(template: Template) -> bool:
    """Say whether a template is a text that is told as a whole: no document, no lines."""
    return all(
        isinstance(part, TemplateText) and '"' not in part.text and "\n" not in part.text
        for part in template.parts
    )


def _shortened(text: str) -> str:
    shown = " ".join(text[: 4 * _MAX_NAME].split())
    return shown if len(shown) <= _MAX_NAME else shown[: _MAX_NAME - 3] + "..."


class _Each(dict[str, object]):
    """What `each` or an iterator stands for when it takes several values or unknown ones."""

    def __init__(self, label: str, keyed: dict[str | int, object] | None, collection: object = None) -> None:
        if keyed is not None and len(keyed) == 1:
            key, value = next(iter(keyed.items()))
            super().__init__(key=key, value=value)
        elif keyed:
            keys = tuple(str(key) for key in keyed)
            key_hole = Unknown(Hole("each", f"{label}.key", values=keys))
            super().__init__(key=key_hole, value=_Item(f"{label}.value", list(keyed.values())))
        else:
            super().__init__(
                key=Unknown(Hole("each", f"{label}.key")), value=_Item(f"{label}.value", collection)
            )


@record
class _Item:
    """One of the items of a collection, which one is not known."""

    name: str
    collection: object

    def follow(self, steps: list[str | int | None], name: str) -> object:
        """Return what an attribute of the item comes to: a hole, with its values where all are known."""
        collection = unplaced(self.collection)
        if isinstance(collection, ResourceLink):
            return _follow(collection, steps, name)
        if isinstance(collection, list) and 0 < len(collection) <= _MAX_ITEMS:
            found = [_follow(item, steps, name) for item in collection]
            if len(found) == 1:
                return found[0]
            texts = [known_text(item) for item in found]
            known = tuple(dict.fromkeys(text for text in texts if text is not None))
            if None not in texts:
                return Unknown(Hole("each", name, values=known))
            if all(isinstance(unplaced(item), DocumentLink | JsonText | PlacedText | str) for item in found):
                branches = (
                    Branch(((f"{name} is item {index}", True),), item, ()) for index, item in enumerate(found)
                )
                return Choice(tuple(branches))
        return Unknown(Hole("each", name))


def _follow(value: object, steps: list[str | int | None], name: str) -> object:
    """Follow attributes, indexes and splats from a value; a hole named `name` where that leads nowhere."""
    if isinstance(value, _Item):
        return value.follow(steps, name)
    for position, step in enumerate(steps):
        value, pointer = located(value)
        if isinstance(value, _Item):
            return value.follow(steps[position:], name)
        if isinstance(value, ResourceLink):
            if value.attribute:
                return Unknown(Hole("attribute", name))
            if step == "*" or not isinstance(step, str):
                continue
            return ResourceLink(value.address, step, Unknown(Hole("attribute", name)))
        if isinstance(value, Unknown):
            hole = value.hole
            return Unknown(Hole(hole.kind, name, many=hole.many))
        if step == "*":
            items = value if isinstance(value, list) else [value]
            rest = steps[position + 1 :]
            placed = [
                item if pointer is None else _below(item, pointer, index) for index, item in enumerate(items)
            ]
            return [_follow(item, rest, name) for item in placed]
        found = _member(value, step)
        if found is _MISSING or step is None:
            return Unknown(Hole("reference", name))
        value = found if pointer is None else _below(found, pointer, step)
    inner = unplaced(value)
    return inner.follow([], name) if isinstance(inner, _Item) else value


_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[^"]')
_MISSING = object()
_ALONE = ""
"""In a scope: there are no other names than those of the scope."""


def _member(node: object, step: str | int | None) -> object:
    """Return the member of a map or the item of a list; _MISSING where there is none."""
    if isinstance(node, dict) and isinstance(step, str):
        return node.get(step, _MISSING)
    if isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node):
        return node[step]
    return _MISSING


def _below(value: object, pointer: Pointer, step: str | int) -> object:
    """Return a part of a tree that is written at `pointer`, with its own place."""
    if isinstance(value, dict | list):
        return At(value, (*pointer, step))
    if isinstance(value, str):
        return PlacedText((value,), (0,), (*pointer, step))
    return value


def _moved(value: object, written: Written) -> object:
    """Return a value that will be used elsewhere, with the place where it is written."""
    if isinstance(value, dict | list):
        return At(value, written.pointer)
    if isinstance(value, str):
        return PlacedText((value,), (0,), written.pointer)
    return value


def _by_default(node: object, name: str, pointer: Pointer, depth: int) -> object:
    """Return what a variable's default comes to. Its texts are one possible value, so they are holes
    that tell it; but a whole policy given as default is read as it stands."""
    if isinstance(node, str):
        if '"Statement"' in node:
            return PlacedText((node,), (0,), pointer)
        return Unknown(Hole("variable", name, default=node))
    if isinstance(node, bool | int | float):
        return Unknown(Hole("variable", name, default=json.dumps(node)))
    if depth > _MAX_DEPTH:
        return Unknown(Hole("variable", name))
    if node in ([], {}):
        # Nothing by default is not nothing: it is there to be filled.
        return Unknown(Hole("variable", name, many=True))
    if isinstance(node, list):
        items = [
            _by_default(item, f"{name}[{index}]", (*pointer, index), depth + 1)
            for index, item in enumerate(node)
        ]
        return At(items, pointer)
    if isinstance(node, dict):
        if "Statement" in node or "Effect" in node:
            return At(node, pointer)
        return At(
            {
                key: _by_default(value, f"{name}.{key}", (*pointer, key), depth + 1)
                for key, value in node.items()
            },
            pointer,
        )
    return node


def _size(node: object) -> int:
    """Return the number of nodes of a plain tree."""
    if isinstance(node, dict):
        return 1 + sum(map(_size, node.values()))
    if isinstance(node, list):
        return 1 + sum(map(_size, node))
    return 1


def _is_dynamic(node: object) -> bool:
    """Say whether a member named `dynamic` has the shape of dynamic blocks."""
    return any(True for _ in _dynamic_blocks(node, ()))


def _dynamic_blocks(
    node: object, pointer: Pointer, depth: int = 0
) -> Iterator[tuple[str, dict[str, object], Pointer]]:
    if depth > 3:
        return
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _dynamic_blocks(item, (*pointer, index), depth + 1)
    elif isinstance(node, dict):
        for name, specs in node.items():
            listed = specs if isinstance(specs, list) else [specs]
            for index, spec in enumerate(listed):
                if isinstance(spec, dict) and "content" in spec and "for_each" in spec:
                    yield name, spec, (*pointer, name, index) if isinstance(specs, list) else (*pointer, name)


def _keyed(collection: object, *, sets: bool = False) -> dict[str | int, object] | None:
    """Return the pairs of a collection whose items are all known to be there: of a map its own, of
    a list the items by themselves (as of a set), or by number with `sets`."""
    collection, pointer = located(collection)
    if isinstance(collection, dict) and not isinstance(collection, _Each):
        if len(collection) > _MAX_ITEMS:
            return None
        return {
            key: value if pointer is None else _below(value, pointer, key)
            for key, value in collection.items()
        }
    if not isinstance(collection, list) or len(collection) > _MAX_ITEMS:
        return None
    result: dict[str | int, object] = {}
    for index, item in enumerate(collection):
        plain = unplaced(item)
        if isinstance(plain, Choice | Items) or (isinstance(plain, Unknown) and plain.hole.many):
            return None
        placed = item if pointer is None else _below(item, pointer, index)
        text = known_text(item)
        result[index if sets or text is None else text] = placed
    return result


def _is_key(steps: list[str | int | None], block: Block | None) -> bool:
    """Say whether the first step is the key of an instance, as in `x["k"].arn`."""
    return len(steps) > 1 and block is not None and "for_each" in block.body


def _plain(node: object, depth: int = 0) -> str | None:
    """Return the JSON of a tree that is wholly known, None of any other."""
    plain = _plain_tree(node, depth)
    return None if plain is _MISSING else json.dumps(plain)


def _plain_tree(node: object, depth: int) -> object:
    node = unplaced(node)
    if depth > _MAX_DEPTH:
        return _MISSING
    if isinstance(node, dict):
        members = {str(key): _plain_tree(value, depth + 1) for key, value in node.items()}
        return _MISSING if _MISSING in members.values() else members
    if isinstance(node, list):
        items = [_plain_tree(item, depth + 1) for item in node]
        return _MISSING if any(item is _MISSING for item in items) else items
    if node is None or isinstance(node, bool | int | float | str):
        return node
    text = known_text(node)
    return _MISSING if text is None else text


def _truth(value: object) -> bool | None:
    value = unplaced(value)
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(known_text(value) or "")


def _operate(operator: str, operands: list[object]) -> bool | int | float | None:
    """Return the result of an operator on known values, None where it is not known."""
    if operator in {"&&", "||", "!"}:
        truths = [_truth(operand) for operand in operands]
        if operator == "!":
            return None if truths[0] is None else not truths[0]
        decisive = operator == "||"
        if decisive in truths:
            return decisive
        return None if None in truths else not decisive
    if operator in {"==", "!="}:
        known = [_comparable(operand) for operand in operands]
        if _MISSING in known:
            return None
        return (known[0] == known[1]) == (operator == "==")
    numbers = [item for item in operands if isinstance(item, int | float) and not isinstance(item, bool)]
    if len(numbers) != len(operands):
        return None
    if len(numbers) == 1:
        return -numbers[0]
    left, right = numbers
    comparisons = {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}
    if operator in comparisons:
        return comparisons[operator]
    if operator in {"/", "%"}:
        return None
    if abs(left) > 1e15 or abs(right) > 1e15:
        return None
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def _comparable(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = known_text(value)
    return _MISSING if text is None else text


class _Facts(TypedDict):
    resources: dict[str, dict[str, str]]
    alphabets: dict[str, dict[str, str]]
    values: dict[str, dict[str, list[str]]]
    defaults: dict[str, str]


@functools.cache
def _facts() -> _Facts:
    data = pkgutil.get_data("iamlint.sources.terraform", "resource_facts.json")
    assert data is not None
    return cast(_Facts, json.loads(data))
