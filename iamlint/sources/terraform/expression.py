"""Terraform expressions and templates as trees with offsets.

The grammar is that of the HCL native syntax specification (expressions and templates). Offsets are
those of the characters in the text that was parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from iamlint.record import record
from iamlint.sources.terraform.places import Renamed

__all__ = [
    "Attribute",
    "Call",
    "Code",
    "Conditional",
    "Expression",
    "ExpressionError",
    "ForExpression",
    "Index",
    "Literal",
    "ObjectExpression",
    "Operation",
    "Splat",
    "Step",
    "Template",
    "TemplateText",
    "Traversal",
    "TupleExpression",
    "child",
    "has_template",
    "literal_tree",
    "member",
    "parse_expression",
    "parse_template",
    "source_offset",
]

_MAX_DEPTH = 50


class ExpressionError(Exception):
    """The text is not an expression that this reader knows; `offset` is where that shows."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@record
class Literal:
    """A number, true, false or null. Text in quotes is a Template."""

    value: int | float | bool | str | None
    start: int
    end: int


@record
class TemplateText:
    """A run of literal text of a template, decoded, and where it starts."""

    text: str
    start: int


@record
class Template:
    """Text with expressions put in. `sole` says that it is one expression and nothing else, which
    then keeps its type. A text piece is cut wherever decoding changed its length."""

    parts: tuple[TemplateText | Expression, ...]
    start: int
    end: int
    sole: bool = False


@record
class ObjectExpression:
    """An object; a key is text, or an expression when it has to be worked out."""

    items: tuple[tuple[str | Expression, Expression, int, int], ...]
    """Key, value, and the offsets of the key."""
    start: int
    end: int


@record
class TupleExpression:
    """A list in square brackets."""

    items: tuple[Expression, ...]
    start: int
    end: int


@record
class Attribute:
    """The step `.name`."""

    name: str


@record
class Index:
    """The step `[key]`."""

    key: Expression


@record
class Splat:
    """`[*]` or `.*`: what follows is taken of every item."""


Step: TypeAlias = Attribute | Index | Splat


@record
class Traversal:
    """A name, or another expression, and the steps that lead on from it."""

    root: str | Expression
    steps: tuple[Step, ...]
    start: int
    end: int


@record
class Call:
    """A function call; `spread` says that the last argument is a list of further arguments."""

    name: str
    arguments: tuple[Expression, ...]
    spread: bool
    start: int
    end: int


@record
class Conditional:
    """The choice `test ? yes : no`."""

    test: Expression
    yes: Expression
    no: Expression
    start: int
    end: int


@record
class Operation:
    """An operator with its one or two operands."""

    operator: str
    operands: tuple[Expression, ...]
    start: int
    end: int


@record
class ForExpression:
    """`[for k, v in collection : value if condition]`, or with `key =>` an object."""

    key_name: str | None
    value_name: str
    collection: Expression
    key: Expression | None
    value: Expression
    condition: Expression | None
    grouped: bool
    start: int
    end: int


Expression: TypeAlias = (
    Literal
    | Template
    | ObjectExpression
    | TupleExpression
    | Traversal
    | Call
    | Conditional
    | Operation
    | ForExpression
)


class Code:
    """An expression of the native syntax as it is written; it is parsed when it is asked for."""

    __slots__ = ("_parsed", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._parsed: Expression | ExpressionError | None = None

    def expression(self) -> Expression:
        """Return the expression. Raises ExpressionError."""
        if self._parsed is None:
            try:
                self._parsed = parse_expression(self.text)
            except ExpressionError as error:
                self._parsed = error
            except RecursionError:
                self._parsed = ExpressionError("nested too deep", 0)
        if isinstance(self._parsed, ExpressionError):
            raise self._parsed
        return self._parsed


def literal_tree(node: Expression) -> object:
    """Return an expression without references as a plain tree; what is no literal in it is None."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Template):
        if all(isinstance(part, TemplateText) for part in node.parts):
            return "".join(part.text for part in node.parts if isinstance(part, TemplateText))
        return None
    if isinstance(node, TupleExpression):
        return [literal_tree(item) for item in node.items]
    if isinstance(node, ObjectExpression):
        return {key: literal_tree(value) for key, value, _, _ in node.items if isinstance(key, str)}
    if isinstance(node, Operation) and node.operator == "-" and len(node.operands) == 1:
        value = literal_tree(node.operands[0])
        return -value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if isinstance(node, Call) and node.name in _SAME and len(node.arguments) == 1:
        return literal_tree(node.arguments[0])
    return None


_SAME = frozenset({"sensitive", "tolist", "tomap", "toset"})


def source_offset(node: Expression, offset: int) -> int:
    """Return where the character `offset` of the text that a literal template gives is written."""
    if not isinstance(node, Template):
        return node.start
    for part in node.parts:
        if not isinstance(part, TemplateText):
            return part.start
        if offset < len(part.text):
            return part.start + offset
        offset -= len(part.text)
    return node.end


def has_template(text: str) -> bool:
    """Say whether a string of a template language holds anything but plain text."""
    return "${" in text or "%{" in text


def parse_template(text: str) -> Template:
    """Return the template that a JSON string or a file holds: no quotes, no backslash escapes.

    Raises ExpressionError.
    """
    return _Parser(text).template(0, quoted=False)


def parse_expression(text: str) -> Expression:
    """Return the expression that `text` is. Raises ExpressionError."""
    parser = _Parser(text)
    expression = parser.expression(0)
    parser.space()
    if parser.at < len(text):
        raise ExpressionError("more text after the expression", parser.at)
    return expression


def child(node: Expression, step: object) -> Expression | None:
    """Return the value at a key of an object or an index of a tuple, None if there is none."""
    item = member(node, step)
    if item is not None:
        return item[1]
    if isinstance(node, TupleExpression) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    if isinstance(node, Template) and node.sole and not isinstance(node.parts[0], TemplateText):
        return child(node.parts[0], step)
    return None


def member(node: Expression, step: object) -> tuple[str | Expression, Expression, int, int] | None:
    """Return the item of an object that a step leads to, None if there is none. A key that had to
    be worked out is found by its number, which a Renamed step carries."""
    if not isinstance(node, ObjectExpression):
        return None
    if isinstance(step, Renamed):
        number = step.written[0] if step.written else None
        return node.items[number] if isinstance(number, int) and number < len(node.items) else None
    for item in reversed(node.items):
        if item[0] == step:
            return item
    return None


_SPACE = re.compile(r"(?:[ \t\r\n]++|(?:#|//)[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+")
_NAME = re.compile(r"[^\W\d][\w-]*+")
_NUMBER = re.compile(r"\d++(?:\.\d++)?+(?:[eE][+-]?\d++)?+")
_OPERATOR = re.compile(r"==|!=|<=|>=|&&|\|\||[<>+\-*/%]")
_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
_PLAIN = re.compile(r"[^$%]++")
_PLAIN_QUOTED = re.compile(r'[^$%"\\\n]++')
_DIRECTIVE = re.compile(r"%\{(?:[^}\"]|\"(?:[^\"\\]|\\.)*+\")*+\}", re.DOTALL)
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*+)[ \t]*+\r?\n")
_LINE = re.compile(r"[^\n]*+\n?")
_INDENT = re.compile(r"[ \t]*+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class _Parser:
    """A recursive descent reader over one text; `at` is the next character, `stop` where a template ends."""

    def __init__(self, text: str, at: int = 0, stop: int | None = None) -> None:
        self.text = text
        self.at = at
        self.stop = len(text) if stop is None else stop

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def peek(self, token: str) -> bool:
        self.space()
        return self.text.startswith(token, self.at)

    def take(self, token: str) -> bool:
        if self.peek(token):
            self.at += len(token)
            return True
        return False

    def need(self, token: str) -> None:
        if not self.take(token):
            raise ExpressionError(f"{token} is missing", self.at)

    def word(self) -> str | None:
        self.space()
        match = _NAME.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def keyword(self, name: str) -> bool:
        """Take a name if it is `name`."""
        before = self.at
        if self.word() == name:
            return True
        self.at = before
        return False

    def template(self, depth: int, *, quoted: bool) -> Template:
        """Read up to the closing quote, or the whole text."""
        text = self.text
        start = self.at
        parts: list[TemplateText | Expression] = []
        plain = _PLAIN_QUOTED if quoted else _PLAIN
        open_directives = 0
        directive_start = 0
        while self.at < self.stop:
            at = self.at
            match = plain.match(text, at, self.stop)
            if match is not None:
                self.at = match.end()
                piece: TemplateText | Expression = TemplateText(match[0], at)
            elif text.startswith(("$${", "%%{"), at):
                self.at = at + 3
                piece = TemplateText(text[at] + "{", at + 1)
            elif text.startswith("${", at):
                self.at = at + 2
                self.take("~")
                piece = self.expression(depth + 1)
                self.take("~")
                self.need("}")
            elif text.startswith("%{", at):
                match = _DIRECTIVE.match(text, at)
                if match is None:
                    raise ExpressionError("the template directive has no end", at)
                self.at = match.end()
                words = match[0][2:-1].strip(" ~\t\r\n")
                if words.startswith(("if ", "for ")):
                    if open_directives == 0:
                        directive_start = at
                    open_directives += 1
                elif words in {"endif", "endfor"}:
                    open_directives -= 1
                    if open_directives == 0:
                        # What a directive leaves standing is not worked out: one hole.
                        whole = text[directive_start : self.at]
                        parts.append(Call("%{ }", (Literal(whole, at, at),), False, directive_start, self.at))
                continue
            elif quoted and text[at] == '"':
                break
            elif quoted and text[at] == "\\":
                piece = self.escape()
            elif quoted and text[at] == "\n":
                raise ExpressionError("the text has no closing quote", at)
            else:
                self.at = at + 1
                piece = TemplateText(text[at], at)
            if self.at > self.stop:
                raise ExpressionError("the expression has no end", at)
            if open_directives <= 0:
                parts.append(piece)
        if open_directives > 0:
            raise ExpressionError("the template directive has no end", directive_start)
        sole = len(parts) == 1 and not isinstance(parts[0], TemplateText)
        return Template(_joined(parts, text), start, self.at, sole)

    def escape(self) -> TemplateText:
        text, at = self.text, self.at
        letter = text[at + 1 : at + 2]
        if letter in _ESCAPES and letter:
            self.at = at + 2
            return TemplateText(_ESCAPES[letter], at)
        digits = {"u": 4, "U": 8}.get(letter)
        if digits is not None:
            code = text[at + 2 : at + 2 + digits]
            if len(code) == digits and code.isascii() and code.isalnum():
                try:
                    character = chr(int(code, 16))
                except (ValueError, OverflowError):
                    raise ExpressionError("not a character", at) from None
                self.at = at + 2 + digits
                return TemplateText(character, at)
        raise ExpressionError("unknown escape", at)

    def expression(self, depth: int) -> Expression:
        if depth > _MAX_DEPTH:
            raise ExpressionError(f"nested more than {_MAX_DEPTH} levels deep", self.at)
        test = self.operation(depth, 1)
        if not self.take("?"):
            return test
        yes = self.expression(depth + 1)
        self.need(":")
        no = self.expression(depth + 1)
        return Conditional(test, yes, no, test.start, no.end)

    def operation(self, depth: int, lowest: int) -> Expression:
        """Read operands joined by operators that bind at least as tightly as `lowest`."""
        left = self.unary(depth)
        while True:
            self.space()
            match = _OPERATOR.match(self.text, self.at)
            if match is None or _PRECEDENCE[match[0]] < lowest:
                return left
            self.at = match.end()
            right = self.operation(depth + 1, _PRECEDENCE[match[0]] + 1)
            left = Operation(match[0], (left, right), left.start, right.end)

    def unary(self, depth: int) -> Expression:
        if depth > _MAX_DEPTH:
            raise ExpressionError(f"nested more than {_MAX_DEPTH} levels deep", self.at)
        self.space()
        start = self.at
        if self.text.startswith("!", start) or self.text.startswith("-", start):
            self.at += 1
            operand = self.unary(depth + 1)
            return Operation(self.text[start], (operand,), start, operand.end)
        return self.postfix(self.primary(depth), depth)

    def postfix(self, root: Expression, depth: int) -> Expression:
        steps: list[Step] = []
        while True:
            end = self.at
            if self.peek("..."):
                self.at = end
                break
            if self.take("."):
                if self.take("*"):
                    steps.append(Splat())
                    continue
                name = self.word()
                if name is not None:
                    steps.append(Attribute(name))
                    continue
                match = _NUMBER.match(self.text, self.at)
                if match is None or not match[0].isdigit() or len(match[0]) > 9:
                    raise ExpressionError("a name is missing", self.at)
                self.at = match.end()
                steps.append(Index(Literal(int(match[0]), match.start(), match.end())))
            elif self.take("["):
                if self.take("*"):
                    self.need("]")
                    steps.append(Splat())
                    continue
                key = self.expression(depth + 1)
                self.need("]")
                steps.append(Index(key))
            else:
                self.at = end
                break
        if not steps:
            return root
        if isinstance(root, Traversal):
            return Traversal(root.root, (*root.steps, *steps), root.start, self.at)
        return Traversal(root, tuple(steps), root.start, self.at)

    def primary(self, depth: int) -> Expression:
        text, start = self.text, self.at
        if start >= len(text):
            raise ExpressionError("an expression is missing", start)
        first = text[start]
        if first == '"':
            self.at += 1
            inner = self.template(depth + 1, quoted=True)
            if not text.startswith('"', self.at):
                raise ExpressionError("the text has no closing quote", start)
            self.at += 1
            return Template(inner.parts, start, self.at, inner.sole)
        if first == "<" and (match := _HEREDOC.match(text, start)) is not None:
            return self.heredoc(match, depth)
        if first == "(":
            self.at += 1
            expression = self.expression(depth + 1)
            self.need(")")
            return expression
        if first == "[":
            return self.tuple(depth)
        if first == "{":
            return self.object(depth)
        match = _NUMBER.match(text, start)
        if match is not None:
            self.at = match.end()
            return Literal(_number(match[0], start), start, self.at)
        name = self.word()
        if name is None:
            raise ExpressionError(f"{first!r} does not start an expression", start)
        end = self.at
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name], start, end)
        while self.take("::"):
            more = self.word()
            if more is None:
                raise ExpressionError("a name is missing", self.at)
            name, end = f"{name}::{more}", self.at
        if self.take("("):
            return self.call(name, start, depth)
        self.at = end
        return Traversal(name, (), start, end)

    def heredoc(self, opening: re.Match[str], depth: int) -> Template:
        """Read a text up to the line that holds nothing but its mark."""
        text, start = self.text, opening.end()
        closing = re.compile(rf"^[ \t]*+{re.escape(opening[2])}(?=[ \t]*+(?:$|[\r,)\]}}]))", re.MULTILINE)
        end = closing.search(text, start)
        if end is None:
            raise ExpressionError(f"the text has no closing {opening[2][:40]}", opening.start())
        inner = _Parser(text, start, end.start()).template(depth + 1, quoted=False)
        self.at = end.end()
        parts = inner.parts
        if opening[1]:
            parts = tuple(_without_indent(parts, text, start, end.start()))
        return Template(parts, opening.start(), self.at)

    def call(self, name: str, start: int, depth: int) -> Expression:
        arguments: list[Expression] = []
        spread = False
        while not self.take(")"):
            arguments.append(self.expression(depth + 1))
            if self.take("..."):
                spread = True
                self.need(")")
                break
            if not self.take(","):
                self.need(")")
                break
        return Call(name, tuple(arguments), spread, start, self.at)

    def tuple(self, depth: int) -> Expression:
        start = self.at
        self.at += 1
        if self.keyword("for"):
            return self.comprehension(start, depth, "]")
        items: list[Expression] = []
        while not self.take("]"):
            items.append(self.expression(depth + 1))
            if not self.take(","):
                self.need("]")
                break
        return TupleExpression(tuple(items), start, self.at)

    def object(self, depth: int) -> Expression:
        start = self.at
        self.at += 1
        if self.keyword("for"):
            return self.comprehension(start, depth, "}")
        items: list[tuple[str | Expression, Expression, int, int]] = []
        while not self.take("}"):
            self.space()
            key_start = self.at
            key: str | Expression
            name = self.word()
            key_end = self.at
            if name is not None and (self.peek("=") or self.peek(":")):
                key = name
            else:
                self.at = key_start
                key = self.expression(depth + 1)
                key_end = key.end
                if isinstance(key, Template) and all(isinstance(part, TemplateText) for part in key.parts):
                    key = "".join(part.text for part in key.parts if isinstance(part, TemplateText))
                elif isinstance(key, Literal):
                    key = str(key.value)
            if not self.take("="):
                self.need(":")
            items.append((key, self.expression(depth + 1), key_start, key_end))
            # A comma or the end of the line parts items; blanks are skipped here, so both look alike.
            self.take(",")
        return ObjectExpression(tuple(items), start, self.at)

    def comprehension(self, start: int, depth: int, closing: str) -> Expression:
        first = self.word()
        second = self.word() if self.take(",") else None
        if first is None or not self.keyword("in"):
            raise ExpressionError("not a for expression", self.at)
        collection = self.expression(depth + 1)
        self.need(":")
        key = None
        value = self.expression(depth + 1)
        if self.take("=>"):
            key, value = value, self.expression(depth + 1)
        grouped = self.take("...")
        condition = self.expression(depth + 1) if self.keyword("if") else None
        self.need(closing)
        key_name, value_name = (None, first) if second is None else (first, second)
        return ForExpression(key_name, value_name, collection, key, value, condition, grouped, start, self.at)


_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


def _number(text: str, offset: int) -> int | float:
    if len(text) > 60:
        raise ExpressionError("the number is too long", offset)
    return int(text) if text.isdigit() else float(text)


def _without_indent(
    parts: tuple[TemplateText | Expression, ...], text: str, start: int, end: int
) -> Iterator[TemplateText | Expression]:
    """Yield the parts of the indented heredoc `text[start:end]` without the blanks that all lines have."""
    indent = min(
        (len(line) - len(line.lstrip(" \t")) for line in text[start:end].split("\n") if line.strip()),
        default=0,
    )
    for part in parts:
        if not indent or not isinstance(part, TemplateText):
            yield part
            continue
        at = 0
        while at < len(part.text):
            line = _LINE.match(part.text, at)
            assert line is not None  # it matches anything
            first = at
            offset = part.start + at
            if offset == start or text[offset - 1] == "\n":
                blanks = _INDENT.match(part.text, at, min(at + indent, line.end()))
                first = blanks.end() if blanks is not None else at
            if first < line.end():
                yield TemplateText(part.text[first : line.end()], part.start + first)
            at = line.end()


def _joined(parts: list[TemplateText | Expression], text: str) -> tuple[TemplateText | Expression, ...]:
    """Join text pieces that also stand side by side in the source."""
    result: list[TemplateText | Expression] = []
    run: list[TemplateText] = []

    def flush() -> None:
        if run:
            result.append(TemplateText("".join(piece.text for piece in run), run[0].start))
            run.clear()

    end = -1
    for part in parts:
        if isinstance(part, TemplateText):
            if run and part.start != end:
                flush()
            run.append(part)
            # A piece whose decoded text is what the source says there may be joined with the next.
            end = part.start + len(part.text) if text.startswith(part.text, part.start) else -1
        else:
            flush()
            result.append(part)
    flush()
    return tuple(result)
