"""Trees to policies: the one place that knows IAM's grammar and evens out list-or-string.

A format gives the tree of a document, where it stands, and a resolver for what its nodes mean.
What the grammar does not allow becomes a fault on the policy, never an exception and never silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeGuard

from iamlint.model import (
    Condition,
    Document,
    Embedded,
    Fault,
    Hole,
    Owner,
    Part,
    Pointer,
    Policy,
    PolicyKind,
    Principal,
    Statement,
    Value,
    Values,
    When,
    unknown,
)
from iamlint.model import policy as grammar
from iamlint.sources.json_text import JsonSyntaxError, parse_json
from iamlint.sources.tree import At, Choice, Items, Resolver, Segments, Unknown

__all__ = [
    "NOT_JSON",
    "PlaceholderResolver",
    "PlainResolver",
    "PolicyBuilder",
    "has_placeholders",
    "infer_kind",
    "is_only_policy",
    "looks_like_policy",
    "parse_embedded",
    "parse_leniently",
    "type_name",
]

NOT_JSON = "not-json"
"""The kind of hole that a document leaves which is known to the last character and is not JSON."""
STATEMENT_ELEMENTS = frozenset(grammar.STATEMENT_ELEMENTS)
POLICY_ELEMENTS = frozenset(grammar.POLICY_ELEMENTS)
_TRUST_ACTIONS = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")
_ENDPOINT_ONLY = frozenset(
    {"autoscaling", "cloudwatch", "ec2", "ec2messages", "elasticloadbalancing", "ssmmessages"}
)
_MAX_BRANCHES = 64


class PlainResolver:
    """The resolver of formats whose nodes mean what they are."""

    templates = False

    def resolve(self, node: object, pointer: Pointer) -> object:
        """Return the node itself."""
        return node


class PlaceholderResolver:
    """The resolver of bare documents that something fills later: `${name}`, `{name}`, `{{name}}` and
    `<name>` are holes.

    A policy variable has a colon in its name or is one of the escapes; it stays text.
    """

    templates = True

    def resolve(self, node: object, pointer: Pointer) -> object:
        """Return text with placeholders as segments, a template's function as unknown, everything
        else as it is."""
        if isinstance(node, dict) and len(node) == 1:
            (name, argument) = next(iter(node.items()))
            if name == "Ref" or name.startswith("Fn::"):
                return Unknown(Hole("function", argument if isinstance(argument, str) else name))
        if not isinstance(node, str) or not ("{" in node or "<" in node):
            return node
        parts: list[Part] = []
        at = 0
        for match in _PLACEHOLDER.finditer(node):
            if match.start() > at:
                parts.append(node[at : match.start()])
            parts.append(Hole("placeholder", match[1] or match[2] or match[3]))
            at = match.end()
        if not parts:
            return node
        if at < len(node):
            parts.append(node[at:])
        return Segments(tuple(parts))


_PLACEHOLDER = re.compile(
    r"\$\{\s*([A-Za-z_][\w.\[\]-]{0,100})\s*\}|<([A-Za-z][\w .:/-]{0,80})>"
    r"|(?<![${])\{{1,2}([A-Za-z][\w.-]{0,80})\}{1,2}"
)
_BRACE_AND_LETTER = re.compile(r"\{[A-Za-z]")


def has_placeholders(text: str) -> bool:
    """Say whether the text of a file holds something that looks like a placeholder."""
    # Every document has braces, and the whole pattern is tried at each character.
    if "${" not in text and "<" not in text and _BRACE_AND_LETTER.search(text) is None:
        return False
    return _PLACEHOLDER.search(text) is not None


class _TokenResolver:
    """Puts the holes back into strings of an embedded document that was parsed with tokens."""

    templates = True

    def __init__(self, holes: tuple[Hole, ...]) -> None:
        self._holes = holes

    def resolve(self, node: object, pointer: Pointer) -> object:
        if not isinstance(node, str) or _TOKEN_START not in node:
            return node
        parts: list[Part] = []
        rest = node
        while rest:
            before, start, rest = rest.partition(_TOKEN_START)
            if before:
                parts.append(before)
            if start:
                index, _, rest = rest.partition(_TOKEN_END)
                parts.append(self._holes[int(index)])
        if len(parts) == 1 and isinstance(parts[0], Hole) and parts[0].many:
            return Unknown(parts[0])
        return Segments(tuple(parts))


_TOKEN_START = "\ue000"  # noqa: S105 -- a mark, no secret
_TOKEN_END = "\ue001"  # noqa: S105 -- a mark, no secret


def parse_embedded(parts: tuple[Part, ...], offsets: tuple[int, ...]) -> tuple[object, Embedded, Resolver]:
    """Parse a document written as text with holes.

    `offsets` gives, for each part, where it starts in the decoded outer string. Returns the tree,
    the step that leads into it, and the resolver that puts the holes back. A hole outside quotes
    stands for a whole value. Raises JsonSyntaxError when the text is not JSON even so.
    """
    inner, splices, holes = _joined(parts, offsets)
    tree, _ = parse_json(inner)
    return tree, Embedded(inner, tuple(splices)), _resolver(holes)


def parse_leniently(
    parts: tuple[Part, ...], offsets: tuple[int, ...]
) -> tuple[object, Embedded, Resolver, str | None]:
    """Parse a document as `parse_embedded` does, past comments and trailing commas too.

    AWS refuses such text, but what it grants can be read: the fourth is the error, None where there
    is none. Raises JsonSyntaxError when the text is not JSON even so.
    """
    try:
        return (*parse_embedded(parts, offsets), None)
    except JsonSyntaxError as error:
        from iamlint.sources.lenient_json import without_slips

        inner, splices, holes = _joined(parts, offsets)
        cleaned = without_slips(inner)
        if cleaned is None:
            raise
        tree, _ = parse_json(cleaned)
        return tree, Embedded(cleaned, tuple(splices)), _resolver(holes), str(error)


def _resolver(holes: list[Hole]) -> Resolver:
    return _TokenResolver(tuple(holes)) if holes else PlainResolver()


def _joined(
    parts: tuple[Part, ...], offsets: tuple[int, ...]
) -> tuple[str, list[tuple[int, int]], list[Hole]]:
    """Return the text with a token for each hole, where its pieces come from, and the holes."""
    pieces: list[str] = []
    splices: list[tuple[int, int]] = []
    holes: list[Hole] = []
    length = 0
    quoted = False
    for part, offset in zip(parts, offsets, strict=True):
        if isinstance(part, str):
            text = part.replace(_TOKEN_START, "?").replace(_TOKEN_END, "?")
            if len(parts) > 1:
                quoted = _ends_quoted(text, quoted=quoted)
        else:
            text = f"{_TOKEN_START}{len(holes)}{_TOKEN_END}"
            holes.append(part)
            if not quoted:
                text = f'"{text}"'
        splices.append((length, offset))
        pieces.append(text)
        length += len(text)
    inner = "".join(pieces)
    if inner[:3].upper() == "%7B" and not holes:
        inner, splices = _percent_decode(inner)
    return inner, splices, holes


def _ends_quoted(text: str, *, quoted: bool) -> bool:
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quoted:
            escaped = True
        elif character == '"':
            quoted = not quoted
    return quoted


def _percent_decode(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Decode an URL-encoded document, as the API returns it, keeping where each run came from."""
    from urllib.parse import unquote_to_bytes

    pieces: list[str] = []
    splices: list[tuple[int, int]] = []
    at = length = 0
    while at < len(text):
        end = at
        if text[at] == "%":
            while text[end : end + 1] == "%":
                end += 3
        else:
            end = text.find("%", at)
            end = len(text) if end < 0 else end
        piece = unquote_to_bytes(text[at:end]).decode("utf-8", "replace")
        if text[at] == "%" and piece.isascii():
            splices.extend((length + index, at + 3 * index) for index in range(len(piece)))
        else:
            splices.append((length, at))
        pieces.append(piece)
        length += len(piece)
        at = end
    return "".join(pieces), splices


def looks_like_policy(node: object) -> TypeGuard[dict[str, object]]:
    """Say whether a tree has the shape of an IAM policy document, and of none of its look-alikes.

    The look-alikes (data protection, stack policies, OpenSearch Serverless rules, ...) are those of
    the AWS documentation pages of these features; they have statements with other elements.
    """
    if not isinstance(node, dict) or "Statement" not in node:
        return False
    versioned = isinstance(node.get("Version"), str)
    statements = node["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        return versioned
    seen = False
    for statement in statements[:50]:
        if not isinstance(statement, dict):
            continue
        if "DataIdentifier" in statement or "DataDirection" in statement:
            return False
        actions = statement.get("Action")
        first = actions[0] if isinstance(actions, list) and actions else actions
        if isinstance(first, str) and first.startswith("Update:"):
            return False
        seen = seen or not STATEMENT_ELEMENTS.isdisjoint(statement)
    return seen or versioned


def is_only_policy(node: object) -> bool:
    """Say whether the root of a file has the elements of a policy and nothing else, but no statement
    that says anything: a policy beyond reading, of which `looks_like_policy` cannot be sure."""
    if not isinstance(node, dict) or "Statement" not in node or not POLICY_ELEMENTS.issuperset(node):
        return False
    statements = node["Statement"]
    items = statements if isinstance(statements, list) else [statements]
    return not any(isinstance(item, dict) and item for item in items)


def infer_kind(statements: tuple[Statement, ...] | None) -> PolicyKind:
    """Return the kind that the elements of a bare document tell.

    With a principal it is a trust policy if it names nothing but the actions of assuming a role,
    an endpoint policy if it is about nothing but services whose resources take no policies, else a
    resource policy; without one an identity policy (an SCP looks the same: only
    configuration or the command line can tell).
    """
    if not statements:
        return PolicyKind.IDENTITY
    with_principal = [s for s in statements if s.principals is not None or s.not_principals is not None]
    if not with_principal:
        return PolicyKind.IDENTITY
    named = [text for s in with_principal for a in s.actions or () if (text := a.text or a.literal)]
    if named and all(text.partition(":")[0].lower() in _ENDPOINT_ONLY for text in named):
        return PolicyKind.ENDPOINT
    for statement in with_principal:
        actions = statement.actions
        if not actions or statement.resources is not None or statement.not_resources is not None:
            return PolicyKind.RESOURCE
        if not all((a.text or a.literal).lower().startswith(_TRUST_ACTIONS) for a in actions):
            return PolicyKind.RESOURCE
    return PolicyKind.TRUST


class PolicyBuilder:
    """Builds the policies of one document."""

    def __init__(self, document: Document, resolver: Resolver | None = None) -> None:
        self._document = document
        self._resolver: Resolver = resolver or PlainResolver()
        self._templates = self._resolver.templates
        self._plain = isinstance(self._resolver, PlainResolver)
        self._faults: list[Fault] = []
        self._remarks: list[Fault] = []

    def policy(
        self,
        node: object,
        pointer: Pointer,
        *,
        owner: Owner,
        kind: PolicyKind | None,
        anchor: Pointer | None = None,
        location: str = "",
        name: Value | None = None,
        on: tuple[str, ...] = (),
        attachments: tuple[str, ...] = (),
        when: When = (),
        error: str | None = None,
    ) -> Policy:
        """Return the policy that the tree `node`, written at `pointer`, holds.

        A kind of None is inferred from the elements. The node must be resolved already: a mapping
        is the document, anything else is a fault and a policy that cannot be read. `error` tells
        what is wrong with a text that was read all the same.
        """
        self._faults = []
        self._remarks = []
        if error is not None:
            self._fault("no-json", f"the text is not JSON: {error}", pointer)
        version = identifier = None
        statements: tuple[Statement, ...] | None = None
        if isinstance(node, dict):
            for key in node:
                if key == "Version":
                    version = self._scalar(node[key], (*pointer, key))
                elif key == "Id":
                    identifier = self._scalar(node[key], (*pointer, key))
                elif key != "Statement" and not self._is_open(key):
                    self._fault(
                        "unknown-element", f"{_shown(key)} is not an element of a policy", (*pointer, key)
                    )
            if "Statement" in node:
                statements = self._statements(node["Statement"], (*pointer, "Statement"))
            else:
                self._fault("missing-statement", "the policy has no Statement", pointer)
        elif isinstance(node, Unknown):
            if node.hole.kind == NOT_JSON:
                self._fault("no-json", f"the text is not JSON: {node.hole.name}", pointer)
        else:
            self._fault("no-object", f"a policy must be an object, not {type_name(node)}", pointer)
        return Policy(
            kind=kind or infer_kind(statements),
            document=self._document,
            pointer=pointer,
            anchor=pointer if anchor is None else anchor,
            owner=owner,
            location=location,
            name=name,
            on=on,
            attachments=attachments,
            version=version,
            id=identifier,
            statements=statements,
            faults=tuple(self._faults),
            when=when,
            remarks=tuple(self._remarks),
        )

    def statements(self, node: object, pointer: Pointer) -> tuple[tuple[Statement, ...], tuple[Fault, ...]]:
        """Return the statements (one or a list) of a property that holds no whole document."""
        self._faults = []
        self._remarks = []
        return self._statements(node, pointer) or (), tuple(self._faults)

    def values(self, node: object, pointer: Pointer, when: When = ()) -> Values:
        """Return a scalar or a list of scalars as values, whatever it is made of."""
        return self._values(node, pointer, when)

    def remarks(self) -> tuple[Fault, ...]:
        """Return the remarks on the statements that were read last."""
        return tuple(self._remarks)

    def _fault(self, code: str, message: str, pointer: Pointer, other: Pointer | None = None) -> None:
        self._faults.append(Fault(code, message, pointer, other))

    def _remark(self, code: str, message: str, pointer: Pointer, other: Pointer | None = None) -> None:
        self._remarks.append(Fault(code, message, pointer, other))

    def _is_open(self, key: str) -> bool:
        """Say whether something outside the files decides the name of an element."""
        return self._templates and (_TOKEN_START in key or _PLACEHOLDER.search(key) is not None)

    def _resolved(
        self, node: object, pointer: Pointer, when: When = ()
    ) -> Iterator[tuple[object, Pointer, When]]:
        """Yield what a node means: one answer, or one for each branch of a choice."""
        if self._plain and type(node) is not At:
            yield node, pointer, when
            return
        pending: list[tuple[object, Pointer, When, int]] = [(node, pointer, when, 0)]
        while pending:
            node, pointer, when, depth = pending.pop()
            if isinstance(node, At):
                pending.append((node.node, node.pointer, when, depth + 1))
                continue
            meaning = self._resolver.resolve(node, pointer)
            if depth > _MAX_BRANCHES:
                yield Unknown(Hole("unknown", "nested too deep")), pointer, when
            elif isinstance(meaning, Choice):
                for branch in reversed(meaning.branches):
                    joined = _join(when, branch.when)
                    if joined is not None:
                        pending.append((branch.node, branch.pointer, joined, depth + 1))
            elif isinstance(meaning, At):
                pending.append((meaning, pointer, when, depth + 1))
            else:
                yield meaning, pointer, when

    def _items(self, node: object, pointer: Pointer, when: When) -> Iterator[tuple[object, Pointer, When]]:
        """Yield the resolved items of a list, or the resolved node itself when it is none."""
        for meaning, place, holds in self._resolved(node, pointer, when):
            if isinstance(meaning, list):
                for index, item in enumerate(meaning):
                    for inner, at, under in self._resolved(item, (*place, index), holds):
                        # A branch or a reference may put a list where one item is expected.
                        if isinstance(inner, list | Items) and inner is not item:
                            yield from self._items(At(inner, at), at, under)
                        else:
                            yield inner, at, under
            elif isinstance(meaning, Items):
                for item in meaning.items:
                    yield from self._resolved(item, item.pointer, holds)
            else:
                yield meaning, place, holds

    def _statements(self, node: object, pointer: Pointer) -> tuple[Statement, ...] | None:
        if isinstance(node, list) and not self._templates and not node:
            return ()
        result: list[Statement] = []
        unread = False
        for meaning, place, when in self._items(node, pointer, ()):
            if isinstance(meaning, dict):
                result.append(self._statement(meaning, place, when))
            elif isinstance(meaning, Unknown | Segments):
                unread = True
            else:
                self._fault("wrong-type", f"a statement must be an object, not {type_name(meaning)}", place)
        if unread and not result:
            return None
        if unread:
            # Further statements exist that nobody can read; an effect of unknown text says so.
            hole = Hole("unknown", "further statements", many=True)
            result.append(_unread_statement(self._document, pointer, hole))
        return tuple(result)

    def _statement(self, node: dict[str, object], pointer: Pointer, when: When) -> Statement:
        sid = effect = None
        actions = not_actions = resources = not_resources = None
        principals = not_principals = None
        conditions: tuple[Condition, ...] = ()
        unread = False
        for key, value in node.items():
            if key == "Action":
                actions = self._element(value, (*pointer, key))
            elif key == "Resource":
                resources = self._element(value, (*pointer, key))
            elif key == "Effect":
                effect = self._effect(value, (*pointer, key))
            elif key == "Sid":
                sid = self._scalar(value, (*pointer, key))
            elif key == "Principal":
                principals = self._principals(value, (*pointer, key))
            elif key == "Condition":
                conditions, unread = self._conditions(value, (*pointer, key))
            elif key == "NotAction":
                not_actions = self._element(value, (*pointer, key))
            elif key == "NotResource":
                not_resources = self._element(value, (*pointer, key))
            elif key == "NotPrincipal":
                not_principals = self._principals(value, (*pointer, key))
            elif not self._is_open(key):
                self._fault(
                    "unknown-element", f"{_shown(key)} is not an element of a statement", (*pointer, key)
                )
        # An element whose name is open may be the one that seems to be missing.
        closed = not (self._templates and any(map(self._is_open, node)))
        if effect is None and "Effect" not in node and closed:
            self._fault("missing-effect", "the statement has no Effect", pointer)
        if actions is None and not_actions is None and closed:
            self._fault("missing-action", "the statement has neither Action nor NotAction", pointer)
        for one, other, name in (
            (actions, not_actions, "Action"),
            (resources, not_resources, "Resource"),
            (principals, not_principals, "Principal"),
        ):
            if one is not None and other is not None and _can_meet(one, other):
                message = f"the statement has both {name} and Not{name}"
                self._fault("element-combination", message, (*pointer, f"Not{name}"), (*pointer, name))
        return Statement(
            self._document,
            pointer,
            sid,
            effect,
            actions,
            not_actions,
            resources,
            not_resources,
            principals,
            not_principals,
            conditions,
            unread,
            when,
        )

    def _effect(self, node: object, pointer: Pointer) -> Value | None:
        before = len(self._faults)
        effect = self._scalar(node, pointer)
        if len(self._faults) > before:
            return effect  # no text, which has been said
        if effect is not None and effect.text is not None and effect.text not in {"Allow", "Deny"}:
            self._fault("invalid-effect", f"Effect must be Allow or Deny, not {_shown(effect.text)}", pointer)
        return effect

    def _scalar(self, node: object, pointer: Pointer) -> Value | None:
        """Return the one value of an element that takes no list; of a choice the first branch,
        with a hole when the branches differ."""
        if type(node) is str and not self._templates:
            return Value(node, pointer)
        found = [value for value in self._values(node, pointer) if value is not None]
        if isinstance(node, list):
            self._fault("wrong-type", "a single text must stand here, not a list", pointer)
        if not found:
            return None
        if len({value.text for value in found}) > 1:
            names = tuple(value.text for value in found if value.text is not None)
            return unknown(Hole("condition", " or ".join(names), values=names), pointer)
        return found[0]

    def _element(self, node: object, pointer: Pointer) -> Values | None:
        """Return the values of an element; None when the template removes it (`AWS::NoValue`)."""
        values = self._values(node, pointer)
        if values or isinstance(node, str | list) or next(self._resolved(node, pointer), None) is not None:
            return values
        return None

    def _values(self, node: object, pointer: Pointer, when: When = ()) -> Values:
        if not self._templates:
            if type(node) is str:
                return (Value(node, pointer, (), when),)
            if type(node) is list and all(type(item) is str for item in node):
                return tuple([Value(item, (*pointer, index), (), when) for index, item in enumerate(node)])
        result: list[Value] = []
        for meaning, place, holds in self._items(node, pointer, when):
            if isinstance(meaning, str):
                result.append(Value(meaning, place, (), holds))
            elif isinstance(meaning, Segments):
                result.append(_segments_value(meaning.parts, place, holds))
            elif isinstance(meaning, Unknown):
                result.append(unknown(meaning.hole, place, holds))
            else:
                self._fault("wrong-type", f"text must stand here, not {type_name(meaning)}", place)
                if isinstance(meaning, int | float) and not isinstance(meaning, bool):
                    result.append(Value(_number_text(meaning), place, (), holds))
        return tuple(result)

    def _principals(self, node: object, pointer: Pointer) -> tuple[Principal, ...]:
        result: list[Principal] = []
        for meaning, place, when in self._resolved(node, pointer):
            if isinstance(meaning, str):
                if meaning != "*":
                    message = f'a principal must be "*" or an object, not the text {_shown(meaning)}'
                    self._fault("principal-format", message, place)
                    result.append(Principal("?", Value(meaning, place, (), when)))
                else:
                    result.append(Principal("*", Value("*", place, (), when)))
            elif isinstance(meaning, dict):
                if not meaning:
                    self._remark("empty-principal", "an object without principals", place)
                for kind, values in meaning.items():
                    if kind not in grammar.PRINCIPAL_TYPES and not self._is_open(kind):
                        message = f"{_shown(kind)} is not a type of principal{_near_type(kind)}"
                        self._fault("principal-type", message, (*place, kind))
                    if type(values) is list and not values:
                        self._remark("empty-principal-list", "a list without principals", (*place, kind))
                    found = self._values(values, (*place, kind), when)
                    result.extend(Principal(kind, value) for value in found)
            elif isinstance(meaning, Segments):
                result.append(Principal("?", _segments_value(meaning.parts, place, when)))
            elif isinstance(meaning, Unknown):
                result.append(Principal("?", unknown(meaning.hole, place, when)))
            elif isinstance(meaning, list):
                message = 'a principal must be "*" or an object, not a list'
                self._fault("principal-list", message, place)
                # Refused, yet what is meant is plain: everybody is among them.
                result.extend(
                    Principal("*", Value("*", (*place, index), (), when))
                    for index, item in enumerate(meaning)
                    if item == "*"
                )
            else:
                self._fault("wrong-type", f"a principal must be an object, not {type_name(meaning)}", place)
        return tuple(result)

    def _conditions(self, node: object, pointer: Pointer) -> tuple[tuple[Condition, ...], bool]:
        result: list[Condition] = []
        unread = False
        for block, place, when in self._resolved(node, pointer):
            if isinstance(block, Unknown | Segments):
                unread = True
                continue
            if not isinstance(block, dict):
                self._fault("wrong-type", f"a condition must be an object, not {type_name(block)}", place)
                continue
            if not block:
                self._remark("empty-condition", "a Condition without tests", place)
            for operator, tests in block.items():
                for entries, at, holds in self._resolved(tests, (*place, operator), when):
                    if isinstance(entries, Unknown | Segments):
                        unread = True
                    elif isinstance(entries, dict):
                        if not entries:
                            self._remark("empty-condition", f"{_shown(operator)} without tests", at)
                        for key, values in entries.items():
                            if type(values) is list and not values:
                                self._remark("empty-condition-list", "a key without values", (*at, key))
                            found = self._condition_values(values, (*at, key), holds)
                            result.append(Condition(operator, self._key(key), found, (*at, key)))
                    else:
                        message = f"{_shown(operator)} must hold an object, not {type_name(entries)}"
                        self._fault("wrong-type", message, at)
        return tuple(result), unread

    def _key(self, key: str) -> str:
        """Return a condition key as people read it: it may hold the name of a provider, as a hole."""
        if _TOKEN_START not in key:
            return key
        meaning = self._resolver.resolve(key, ())
        return "".join(map(str, meaning.parts)) if isinstance(meaning, Segments) else key

    def _condition_values(self, node: object, pointer: Pointer, when: When) -> Values:
        """Return condition values; here JSON booleans and numbers are as good as text."""
        if type(node) is str or (type(node) is list and all(type(item) is str for item in node)):
            return self._values(node, pointer, when)
        result: list[Value] = []
        if type(node) is list:
            self._compare_types(node, pointer)
        for meaning, place, holds in self._items(node, pointer, when):
            if isinstance(meaning, bool):
                result.append(Value("true" if meaning else "false", place, (), holds))
            elif isinstance(meaning, int | float):
                result.append(Value(_number_text(meaning), place, (), holds))
            else:
                result.extend(self._values(At(meaning, place), place, holds))
        return tuple(result)

    def _compare_types(self, items: list[object], pointer: Pointer) -> None:
        """Remark on the first value of a condition key that is of another JSON type than the first."""
        first: tuple[int, str] | None = None
        for index, item in enumerate(items):
            if not isinstance(item, str | int | float):
                continue
            name = "text" if isinstance(item, str) else type_name(item)
            if first is None:
                first = index, name
            elif name != first[1]:
                message = f"{name} stands beside {first[1]}"
                self._remark("mixed-types", message, (*pointer, index), (*pointer, first[0]))
                return


def _near_type(kind: str) -> str:
    """Return `, did you mean ...?` for a type of principal in other letters; nothing for another word."""
    near = [name for name in grammar.PRINCIPAL_TYPES if kind.lower().rstrip("s") == name.lower().rstrip("s")]
    return f" (did you mean {near[0]}?)" if near else ""


def _can_meet(one: tuple[Value | Principal, ...], other: tuple[Value | Principal, ...]) -> bool:
    """Say whether two elements are there at once under some choice of the template's conditions."""
    ones, others = _whens(one), _whens(other)
    return any(_join(holds, more) is not None for holds in ones for more in others)


def _whens(values: tuple[Value | Principal, ...]) -> tuple[When, ...]:
    """Return the different conditions under which some value is there: few, or simply always."""
    found = {(value.value if isinstance(value, Principal) else value).when for value in values}
    return tuple(found) if found and () not in found and len(found) <= _MAX_BRANCHES else ((),)


def _join(when: When, more: When) -> When | None:
    """Return both sets of conditions together; None when they contradict each other."""
    known = dict(when)
    for name, holds in more:
        if known.setdefault(name, holds) != holds:
            return None
    return tuple(known.items())


def _segments_value(parts: tuple[Part, ...], pointer: Pointer, when: When) -> Value:
    if all(isinstance(part, str) for part in parts):
        return Value("".join(map(str, parts)), pointer, (), when)
    return Value(None, pointer, parts, when)


def _unread_statement(document: Document, pointer: Pointer, hole: Hole) -> Statement:
    value = unknown(hole, pointer)
    return Statement(
        document, pointer, None, value, (value,), None, None, None, None, None, (), unread_condition=True
    )


def _number_text(number: float) -> str:
    return str(number) if isinstance(number, int) else repr(number)


def type_name(node: object) -> str:
    """Return what JSON calls the type of a node."""
    if node is None:
        return "null"
    if isinstance(node, bool):
        return "a boolean"
    if isinstance(node, int | float):
        return "a number"
    if isinstance(node, list | Items):
        return "a list"
    if isinstance(node, dict):
        return "an object"
    return "text"


def _shown(text: str) -> str:
    """Quote a word of the input for a message, shortened: it may be anything."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
