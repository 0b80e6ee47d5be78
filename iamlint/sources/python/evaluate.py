"""Expressions to meanings, as far as one file tells; nothing is executed.

What is not told is a hole with the name of the expression. Work and depth are bounded: a file that
costs more has holes where the budget ended.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from iamlint.model import Hole
from iamlint.record import replace
from iamlint.sources.python.literals import Segment, hole_segment, literal_pieces
from iamlint.sources.python.meaning import (
    Entry,
    JsonOf,
    Meaning,
    Open,
    Row,
    Scalar,
    Table,
    Text,
)
from iamlint.sources.python.scopes import Binding, Change, Index, Scope, dotted, place_of
from iamlint.sources.python.syntax import Positions
from iamlint.sources.text import Text as FileText

__all__ = ["Evaluator"]

_MAX_DEPTH = 60
_MAX_WORK = 400_000
_MAX_SEGMENTS = 2_000
_MAX_LENGTH = 2_000_000
_SPACE = re.compile(r"\s+")
_FORMAT = re.compile(r"%(?:\((\w{1,100})\))?[-#0 +]*\d{0,3}(?:\.\d{1,3})?([sdri%])")
_BRACES = re.compile(r"\{\{|\}\}|\{([\w.\[\]]{0,100})(?:![rsa])?(?::[^{}]{0,20})?\}")
_ALPHABETS = {
    "account": "account",
    "account_id": "account",
    "accountid": "account",
    "aws_account_id": "account",
    "aws_account": "account",
    "region": "region",
    "region_name": "region",
    "aws_region": "region",
    "partition": "partition",
    "aws_partition": "partition",
}
_SAME = frozenset(
    {"str", "list", "tuple", "set", "sorted", "copy", "deepcopy", "dedent", "Lazy", "to_json", "cleandoc"}
)
_SAME_METHODS = frozenset(
    {"strip", "lstrip", "rstrip", "copy", "encode", "decode", "to_json", "to_dict", "to_string"}
)
Construct = Callable[["Evaluator", ast.Call, str, int], "Meaning | None"]


class Evaluator:
    """Says what the expressions of one file come to."""

    def __init__(self, text: FileText, index: Index, constructs: Construct) -> None:
        self.index = index
        self.positions = Positions(text)
        self.source = text.text
        self._constructs = constructs
        self._known: dict[ast.AST, Meaning] = {}
        self._open: set[ast.AST] = set()
        self._work = 0
        self._functions: dict[str, list[Scope]] = {}
        for scope in index.functions.values():
            self._functions.setdefault(scope.name, []).append(scope)
        self._classes = {
            scope.name: scope
            for scope in index.scopes.values()
            if scope.is_class and scope.parent is index.module
        }

    def value(self, node: ast.expr, depth: int = 0) -> Meaning:
        """Return what an expression comes to. Never raises."""
        known = self._known.get(node)
        if known is not None:
            return known
        self._work += 1
        if depth > _MAX_DEPTH or self._work > _MAX_WORK or node in self._open:
            return Open(self.hole(node), node)
        self._open.add(node)
        try:
            found = self._value(node, depth + 1)
        finally:
            self._open.discard(node)
        self._known[node] = found
        return found

    def hole(self, node: ast.AST, *, many: bool = False) -> Hole:
        """Return the hole that an expression leaves, named as it is written."""
        name = self.written(node)
        last = re.split(r"[.\s(\[]", name.rstrip("()\"']"))[-1].lower()
        kind = "variable" if isinstance(node, ast.Name | ast.Attribute) else "unknown"
        return Hole(kind, name, alphabet=_ALPHABETS.get(last), many=many)

    def written(self, node: ast.AST) -> str:
        """Return the source of an expression in one line, shortened."""
        if not hasattr(node, "lineno"):
            return "?"
        start = self.positions.start(node)
        text = _SPACE.sub(" ", self.source[start : min(self.positions.end(node), start + 200)])
        return text if len(text) <= 60 else text[:57] + "..."

    def qualified(self, node: ast.AST) -> str | None:
        """Return the full name of what is named or called, through the file's imports."""
        name = dotted(node)
        if name is None:
            return None
        first, _, rest = name.partition(".")
        base = self.index.imports.get(first)
        if base is None:
            return name
        return f"{base}.{rest}" if rest else base

    def keywords(self, call: ast.Call) -> dict[str, ast.expr]:
        """Return the keyword arguments of a call; those of `**{...}` too."""
        found: dict[str, ast.expr] = {}
        for keyword in call.keywords:
            if keyword.arg is not None:
                found[keyword.arg] = keyword.value
            else:
                value = self._origin(keyword.value)
                if isinstance(value, ast.Dict):
                    for key, item in zip(value.keys, value.values, strict=True):
                        if isinstance(key, ast.Constant) and isinstance(key.value, str):
                            found[key.value] = item
                elif isinstance(value, ast.Call) and dotted(value.func) == "dict":
                    found.update({one.arg: one.value for one in value.keywords if one.arg is not None})
        return found

    def bound(self, node: ast.expr) -> ast.expr | None:
        """Return the expression that a name, or an attribute of `self`, is bound to."""
        if isinstance(node, ast.Name):
            binding = self._binding(node.id, node)
            return None if binding is None or binding.adds else binding.value
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return self._of_class(node.value.id, node.attr, node)
        return None

    def _origin(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Name):
            binding = self._binding(node.id, node)
            if binding is not None and binding.value is not None:
                return binding.value
        return node

    def _value(self, node: ast.expr, depth: int) -> Meaning:
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.JoinedStr):
            return self._formatted(node, depth)
        if isinstance(node, ast.Dict):
            return self._changed(self._table(node, depth), node, depth)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return self._changed(self._row(node, depth), node, depth)
        if isinstance(node, ast.Name):
            return self._name(node, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, depth)
        if isinstance(node, ast.BinOp):
            return self._operation(node, depth)
        if isinstance(node, ast.Call):
            return self._changed(self._call(node, depth), node, depth)
        if isinstance(node, ast.Subscript):
            return self._member(node, depth)
        if isinstance(node, ast.NamedExpr):
            return self.value(node.value, depth)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.value(node.operand, depth)
            if isinstance(inner, Scalar) and isinstance(inner.value, int | float):
                return Scalar(-inner.value, node)
        return Open(self.hole(node), node)

    def _constant(self, node: ast.Constant) -> Meaning:
        if isinstance(node.value, str | bytes):
            pieces = literal_pieces(self.source, self.positions.start(node), self.positions.end(node))
            return Text(tuple(one for one in pieces if isinstance(one, Segment)), node, node)
        if node.value is None or isinstance(node.value, bool | int | float):
            return Scalar(node.value, node)
        return Open(self.hole(node), node)

    def _formatted(self, node: ast.JoinedStr, depth: int) -> Meaning:
        pieces = literal_pieces(self.source, self.positions.start(node), self.positions.end(node))
        fields = [one for one in node.values if isinstance(one, ast.FormattedValue)]
        ranges = [one for one in pieces if not isinstance(one, Segment)]
        if len(fields) != len(ranges):
            return Open(self.hole(node), node)
        segments: list[Segment] = []
        for piece in pieces:
            if isinstance(piece, Segment):
                segments.append(piece)
                continue
            one = fields.pop(0)
            inner = self.value(one.value, depth)
            segments.extend(self._pieces(inner, piece[0], piece[1]))
        return self._text(segments, node, node)

    def _pieces(self, meaning: Meaning, start: int | None = None, end: int = 0) -> list[Segment]:
        """Return a meaning as pieces of a text; what is no text is one hole, written from `start` to
        `end`."""
        if isinstance(meaning, Text):
            return list(meaning.segments)
        if start is None:
            start, end = self.positions.start(meaning.node), self.positions.end(meaning.node)
        if isinstance(meaning, Scalar):
            return [Segment(str(meaning.value), ((0, start),), end)]
        hole = meaning.hole if isinstance(meaning, Open) else self.hole(meaning.node)
        return [hole_segment(hole, start, end)]

    def _text(self, segments: list[Segment], node: ast.AST, origin: ast.AST) -> Meaning:
        length = sum(segment.width for segment in segments)
        if len(segments) > _MAX_SEGMENTS or length > _MAX_LENGTH:
            return Open(self.hole(node), node)
        return Text(tuple(segments), node, origin)

    def _table(self, node: ast.Dict, depth: int) -> Table:
        entries: list[Entry] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                inner = self.value(value, depth)
                if isinstance(inner, Table):
                    entries.extend(inner.entries)
                else:
                    entries.append(Entry(f"<{self.hole(value).name}>", value, Open(self.hole(value), value)))
                continue
            name = self.value(key, depth)
            if isinstance(name, Text):
                shown = "".join(map(str, name.parts))
            elif isinstance(name, Scalar):
                shown = str(name.value)
            else:
                shown = f"<{self.hole(key).name}>"
            entries.append(Entry(shown, key, self.value(value, depth)))
        return Table(tuple(entries), node, node)

    def _row(self, node: ast.List | ast.Tuple | ast.Set, depth: int) -> Row:
        items: list[Meaning] = []
        for item in node.elts:
            if isinstance(item, ast.Starred):
                items.extend(self.items(self.value(item.value, depth), item.value))
            else:
                items.append(self.value(item, depth))
        return Row(tuple(items), node, node)

    def items(self, meaning: Meaning, node: ast.AST) -> list[Meaning]:
        """Return the items of a list; of what is none, a hole for any number of them."""
        if isinstance(meaning, Row):
            return list(meaning.items)
        return [Open(self.hole(node, many=True), node)]

    def _name(self, node: ast.Name, depth: int) -> Meaning:
        scope = self.index.scope(node)
        binding = self._binding(node.id, node)
        if binding is not None and binding.value is not None:
            return _used_at(self._bound(node.id, binding, node, depth), node)
        default = scope.defaults.get(node.id)
        hole = self.hole(node)
        if binding is not None and isinstance(default, ast.Constant) and isinstance(default.value, str):
            hole = replace(hole, kind="parameter", default=default.value)
        imported = self.index.imports.get(node.id)
        if binding is None and imported is not None:
            named = self._constructs(self, _no_call(node), imported, depth)
            if named is not None:
                return named
        return Open(hole, node)

    def _bound(self, name: str, binding: Binding, node: ast.AST, depth: int) -> Meaning:
        assert binding.value is not None
        found = self.value(binding.value, depth)
        if not binding.adds:
            return found
        before = self._binding(name, node, before=binding.place)
        if before is None or before.value is None:
            return Open(self.hole(node), node)
        return self._sum(self._bound(name, before, node, depth + 1), found, binding.value)

    def _binding(self, name: str, node: ast.AST, before: tuple[int, int] | None = None) -> Binding | None:
        """Return what binds a name where it is used; a binding without value where that cannot be told,
        None where the file does not bind it."""
        scope: Scope | None = self.index.scope(node)
        inside = True
        while scope is not None:
            bindings = scope.bindings.get(name)
            if bindings and (inside or not scope.is_class):
                return self._latest(bindings, node, before or place_of(node), inside=inside)
            scope, inside = scope.parent, False
        return None

    def _latest(
        self, bindings: list[Binding], node: ast.AST, place: tuple[int, int], *, inside: bool
    ) -> Binding:
        if len(bindings) == 1 and not bindings[0].adds:
            return bindings[0]
        earlier = [one for one in bindings if one.place < place] if inside else bindings
        if earlier:
            last = earlier[-1]
            block = self.index.block(node) if inside else ()
            if last.block == block[: len(last.block)] and (inside or len(bindings) == 1):
                return last
        return Binding(None, (0, 0), ())

    def _attribute(self, node: ast.Attribute, depth: int) -> Meaning:
        if isinstance(node.value, ast.Name):
            found = self._of_class(node.value.id, node.attr, node)
            if found is not None:
                return _used_at(self.value(found, depth), node)
        name = self.qualified(node)
        if name is not None:
            named = self._constructs(self, _no_call(node), name, depth)
            if named is not None:
                return named
        return Open(self.hole(node), node)

    def _of_class(self, name: str, attribute: str, node: ast.AST) -> ast.expr | None:
        """Return the expression of an attribute of `self`, or of a class of the file, that is bound once."""
        holder = self.index.scope(node).holder if name in {"self", "cls"} else self._classes.get(name)
        if holder is None:
            return None
        bindings = [*holder.attributes.get(attribute, ()), *holder.bindings.get(attribute, ())]
        return bindings[0].value if len(bindings) == 1 and not bindings[0].adds else None

    def _operation(self, node: ast.BinOp, depth: int) -> Meaning:
        if isinstance(node.op, ast.Add):
            # The left side is as deep as there are terms.
            terms: list[ast.expr] = []
            at: ast.expr = node
            while isinstance(at, ast.BinOp) and isinstance(at.op, ast.Add):
                terms.append(at.right)
                at = at.left
            found = self.value(at, depth)
            for term in reversed(terms):
                found = self._sum(found, self.value(term, depth), node)
            return found
        if isinstance(node.op, ast.Mod):
            return self._percent(node, depth)
        if isinstance(node.op, ast.BitOr):
            left, right = self.value(node.left, depth), self.value(node.right, depth)
            if isinstance(left, Table) and isinstance(right, Table):
                return Table((*left.entries, *right.entries), node, node)
        return Open(self.hole(node), node)

    def _sum(self, left: Meaning, right: Meaning, node: ast.AST) -> Meaning:
        if isinstance(left, Row) or isinstance(right, Row):
            items = (*self.items(left, left.node), *self.items(right, right.node))
            return Row(tuple(items), node, node) if len(items) < _MAX_LENGTH else left
        if isinstance(left, Text) or isinstance(right, Text):
            return self._text([*self._pieces(left), *self._pieces(right)], node, node)
        return Open(self.hole(node), node)

    def _percent(self, node: ast.BinOp, depth: int) -> Meaning:
        left = self.value(node.left, depth)
        if not isinstance(left, Text):
            return Open(self.hole(node), node)
        right = self.value(node.right, depth)
        given = iter(right.items if isinstance(right, Row) else (right,))

        def field(match: re.Match[str]) -> Meaning | str:
            if match[2] == "%":
                return "%"
            if match[1]:
                found = right.get(match[1]) if isinstance(right, Table) else None
                return found or Open(Hole("unknown", match[1]), node)
            return next(given, None) or Open(self.hole(node.right), node.right)

        return self._filled(left, _FORMAT, field, node)

    def _format(self, node: ast.Call, text: Text, depth: int) -> Meaning:
        arguments = [self.value(one, depth) for one in node.args if not isinstance(one, ast.Starred)]
        keywords = {name: self.value(one, depth) for name, one in self.keywords(node).items()}
        count = iter(range(len(arguments)))

        def field(match: re.Match[str]) -> Meaning | str:
            if match[0] in {"{{", "}}"}:
                return match[0][0]
            name = match[1]
            if name == "":
                at = next(count, None)
                found = arguments[at] if at is not None else None
            elif name.isdecimal() and len(name) < 6:
                found = arguments[int(name)] if int(name) < len(arguments) else None
            else:
                found = keywords.get(name)
            return found or Open(Hole("unknown", name or "..."), node)

        return self._filled(text, _BRACES, field, node)

    def _filled(
        self,
        text: Text,
        pattern: re.Pattern[str],
        field: Callable[[re.Match[str]], Meaning | str],
        node: ast.AST,
    ) -> Meaning:
        """Return a text with what stands for others replaced."""
        segments: list[Segment] = []
        for segment in text.segments:
            if not isinstance(segment.part, str):
                segments.append(segment)
                continue
            at = 0
            for match in pattern.finditer(segment.part):
                if match.start() > at:
                    segments.append(segment.cut(at, match.start()))
                found = field(match)
                start, at = match.start(), match.end()
                if isinstance(found, str):
                    segments.append(Segment(found, ((0, segment.place(start)),), segment.place(at)))
                else:
                    segments.extend(self._pieces(found, segment.place(start), segment.place(at)))
            if at < len(segment.part):
                segments.append(segment.cut(at, len(segment.part)) if at else segment)
        return self._text(segments, node, text.origin)

    def _call(self, node: ast.Call, depth: int) -> Meaning:
        name = self.qualified(node.func)
        last = name.rpartition(".")[2] if name else ""
        first = node.args[0] if node.args else None
        if last in {"dumps", "json_dumps"}:
            value = first if first is not None else self.keywords(node).get("obj")
            if value is not None:
                return JsonOf(self.value(value, depth), node)
        made = self._constructs(self, node, name or self._method(node), depth)
        if made is not None:
            return made
        if isinstance(node.func, ast.Attribute):
            found = self._text_method(node, node.func, depth)
            if found is not None:
                return found
        if name == "dict" and not node.args:
            entries = [
                Entry(one.arg, one.value, self.value(one.value, depth))
                for one in node.keywords
                if one.arg is not None
            ]
            return Table(tuple(entries), node, node)
        if last in _SAME and first is not None and not isinstance(first, ast.Starred):
            return self.value(first, depth)
        returned = self.returned(node)
        return Open(self.hole(node), node) if returned is None else self.value(returned, depth)

    def _method(self, node: ast.Call) -> str:
        return f"?.{node.func.attr}" if isinstance(node.func, ast.Attribute) else ""

    def _text_method(self, node: ast.Call, function: ast.Attribute, depth: int) -> Meaning | None:
        if function.attr in _SAME_METHODS:
            found = self.value(function.value, depth)
            return None if isinstance(found, Open) else found
        if function.attr not in {"format", "join", "replace"}:
            return None
        text = self.value(function.value, depth)
        if not isinstance(text, Text):
            return None
        if function.attr == "format":
            return self._format(node, text, depth)
        if function.attr == "join" and len(node.args) == 1:
            return self._joined(text, self.value(node.args[0], depth), node)
        if function.attr == "replace" and len(node.args) == 2:
            old, new = (self.value(one, depth) for one in node.args)
            word = old.known if isinstance(old, Text) else None
            if word:
                return self._filled(text, re.compile(re.escape(word)), lambda _: new, node)
        return None

    def _joined(self, text: Text, items: Meaning, node: ast.Call) -> Meaning | None:
        if not isinstance(items, Row):
            return None
        segments: list[Segment] = []
        for item in items.items:
            if segments:
                segments.extend(text.segments)
            segments.extend(self._pieces(item))
        return self._text(segments, node, node)

    def returned(self, node: ast.Call) -> ast.expr | None:
        """Return what a function or method of the file returns, when there is one `return`."""
        scope: Scope | None = None
        if isinstance(node.func, ast.Name):
            scope = self._function(node.func.id, self.index.module)
        elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            holder = self.index.scope(node).holder
            if holder is not None and node.func.value.id in {"self", "cls", holder.name}:
                scope = self._function(node.func.attr, holder)
        if scope is None or len(scope.returns) != 1:
            return None
        return scope.returns[0]

    def _function(self, name: str, holder: Scope) -> Scope | None:
        found = [
            scope
            for scope in self._functions.get(name, ())
            if scope.parent is holder or (not holder.is_class and _is_plain(scope))
        ]
        return found[0] if len(found) == 1 else None

    def _member(self, node: ast.Subscript, depth: int) -> Meaning:
        key = node.slice
        held = self.value(node.value, depth)
        if isinstance(key, ast.Constant):
            if isinstance(held, Table) and isinstance(key.value, str):
                found = held.get(key.value)
                if found is not None:
                    return _used_at(found, node)
            if (
                isinstance(held, Row)
                and isinstance(key.value, int)
                and -len(held.items) <= key.value < len(held.items)
            ):
                return _used_at(held.items[key.value], node)
        return Open(self.hole(node), node)

    def _changed(self, found: Meaning, node: ast.expr, depth: int) -> Meaning:
        """Return a list or an object with the changes that follow its binding to a name."""
        if not isinstance(found, Table | Row):
            return found
        for change in self.changes(node):
            found = self._apply(found, change, change.path, depth)
        return found

    def changes(self, node: ast.expr) -> Iterator[Change]:
        """Yield the changes to what an expression makes, while the name it is bound to keeps it."""
        statement = self.index.parents.get(node)
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            return
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        name = dotted(target)
        if name is None:
            return
        scope = self.index.scope(statement)
        until = min(
            (
                one.place
                for one in scope.bindings.get(name, ())
                if one.place > place_of(statement) and not one.adds
            ),
            default=(1 << 60, 0),
        )
        for change in scope.changes.get(name, ()):
            if place_of(statement) < change.place < until:
                yield change

    def _apply(self, found: Meaning, change: Change, path: tuple[str | int, ...], depth: int) -> Meaning:
        if change.value is None or len(path) > 8:
            return found
        if not path:
            if not isinstance(found, Row) or change.how not in {"append", "extend", "insert"}:
                return found
            value = self.value(change.value, depth)
            if change.how == "append":
                return replace(found, items=(*found.items, value))
            if change.how == "extend":
                return replace(found, items=(*found.items, *self.items(value, change.value)))
            return found
        step = path[0]
        if isinstance(found, Table) and isinstance(step, str):
            held = found.get(step)
            if len(path) == 1 and change.how == "set":
                made: Meaning = self.value(change.value, depth)
            elif held is not None:
                made = self._apply(held, change, path[1:], depth)
            else:
                return found
            entry = Entry(step, made.node, made)
            kept = [one for one in found.entries if one.key != step]
            same = [one for one in found.entries if one.key == step]
            if same:
                entry = replace(same[-1], value=made)
                return replace(
                    found, entries=tuple(entry if one is same[-1] else one for one in found.entries)
                )
            return replace(found, entries=(*kept, entry))
        if isinstance(found, Row) and isinstance(step, int) and 0 <= step < len(found.items):
            items = list(found.items)
            if len(path) == 1 and change.how == "set":
                items[step] = self.value(change.value, depth)
            else:
                items[step] = self._apply(items[step], change, path[1:], depth)
            return replace(found, items=tuple(items))
        return found


def _used_at(meaning: Meaning, node: ast.AST) -> Meaning:
    """Return a scalar as it is shown where a name of it is used; lists and objects stay where they are
    written."""
    if isinstance(meaning, Text | Scalar | JsonOf):
        return replace(meaning, node=node)
    return meaning


def _is_plain(scope: Scope) -> bool:
    return scope.parent is None or not scope.parent.is_class


def _no_call(node: ast.Name | ast.Attribute) -> ast.Call:
    """Return a name in the form of a call without arguments, for what is looked up by name alone."""
    return ast.copy_location(ast.Call(func=node, args=[], keywords=[]), node)
