"""What the nodes of a template mean: intrinsic functions, parameters, references, conditions.

Nothing is invented: what the template does not decide is a hole that says what decides it. Conditions
are not evaluated; both branches are kept, each with its condition's name.

Kinds of holes: `parameter`, `resource` (the name or id of one), `attribute`, `pseudo`, `import`,
`mapping`, `dynamic-reference`, `function`, `condition`, `unknown`. Their names are what a reader
knows: `Bucket`, `Bucket.Arn`, `AWS::AccountId`, `ImportValue shared-bucket`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias, TypedDict, cast

from iamlint.model import Hole, Part, Pointer, When
from iamlint.sources.locations import load_data
from iamlint.sources.tree import At, Branch, Choice, Items, Segments, Unknown

__all__ = ["Placed", "TemplateResolver", "join_when", "merge_parts", "reference_target"]

Parts: TypeAlias = tuple[Part, ...]
Placed: TypeAlias = tuple[object, Pointer]
"""A node and where it is written."""
Texts: TypeAlias = list[tuple[Parts, When]]
"""What a string can be: its parts, under conditions."""

_MAX_TEXTS = 16
_MAX_NESTING = 40
_MAX_PIECES = 10_000
_LONGEST_TEXT = 4_000_000
_MOST_TEXT = 64_000_000
"""Characters that the functions of one template may make in all: a small template can ask for any number,
by doubling what it doubled before."""
_VARIABLE = re.compile(r"\$\{(!?)([^{}]*)\}")
_NO_VALUE = "AWS::NoValue"
_ALPHABETS = {
    "account": re.compile(r"[0-9]+"),
    "region": re.compile(r"[a-z0-9-]+"),
    "partition": re.compile(r"[a-z-]+"),
}

# CloudFormation User Guide, pseudo parameters.
_PSEUDO = {
    "AWS::AccountId": Hole("pseudo", "AWS::AccountId", alphabet="account"),
    "AWS::Region": Hole("pseudo", "AWS::Region", alphabet="region"),
    "AWS::Partition": Hole("pseudo", "AWS::Partition", alphabet="partition"),
    "AWS::StackName": Hole("pseudo", "AWS::StackName"),
    "AWS::StackId": Hole("pseudo", "AWS::StackId", arn="arn:*:cloudformation:*:*:stack/*"),
    "AWS::URLSuffix": Hole("pseudo", "AWS::URLSuffix", default="amazonaws.com"),
    "AWS::NotificationARNs": Hole("pseudo", "AWS::NotificationARNs", many=True),
}


class _Identity(TypedDict, total=False):
    ref: str
    name: str
    arn: str
    attributes: dict[str, str]


@functools.cache
def _identities() -> Mapping[str, _Identity]:
    return cast("dict[str, _Identity]", load_data("cloudformation_identities.json")["types"])


_EMPTY: _Identity = {}


class TemplateResolver:
    """Answers what the nodes of one template mean; also the resolver of the policy builder."""

    templates = True

    def __init__(self, template: Mapping[str, object]) -> None:
        self.resources = _mapping(template.get("Resources"))
        self._parameters = _mapping(template.get("Parameters"))
        self._mappings = _mapping(template.get("Mappings"))
        self._variables: dict[str, Hole] = {}
        self._names: dict[str, object] = {}
        self._resolving: set[str] = set()
        self._given: dict[str, str | None] = {}
        self._found: dict[tuple[object, ...], Hole] = {}
        self._nesting = 0
        self._made = 0
        self._functions: dict[str, Callable[[object, Pointer], object]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::If": self._if,
            "Fn::Split": self._split,
            "Fn::Select": self._select,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
            "Fn::ToJsonString": self._to_json_string,
        }

    def resolve(self, node: object, pointer: Pointer) -> object:
        """Return the node itself when it is plain, else what it means."""
        if type(node) is str:
            return _answer((node,)) if "{{resolve:" in node else node
        if type(node) is dict and node:
            if len(node) == 1:
                (name,) = node
                if name == "Ref" or name[:4] == "Fn::":
                    return self._call(name, node[name], (*pointer, name))
            elif "Fn::Transform" in node:
                return {key: value for key, value in node.items() if key != "Fn::Transform"}
        return node

    def bind(self, variables: Mapping[str, Hole]) -> None:
        """Let the loop variables of `Fn::ForEach` stand for these holes from now on."""
        self._variables = dict(variables)
        self._names.clear()
        self._given.clear()
        self._found.clear()

    def resource_type(self, logical_id: str) -> str | None:
        """Return the type of a resource; for the role that SAM makes for a function, a role's."""
        resource = self.resources.get(logical_id)
        if isinstance(resource, dict):
            kind = resource.get("Type")
            return kind if isinstance(kind, str) else None
        return "AWS::IAM::Role" if self.generating_resource(logical_id) is not None else None

    def generating_resource(self, logical_id: str) -> str | None:
        """Return the logical id of the SAM resource whose generated role this is (`<id>Role`)."""
        maker = logical_id.removesuffix("Role")
        if maker == logical_id or logical_id in self.resources:
            return None
        kind = _mapping(self.resources.get(maker)).get("Type")
        return maker if kind in {"AWS::Serverless::Function", "AWS::Serverless::StateMachine"} else None

    def texts(self, node: object, pointer: Pointer) -> Texts:
        """Return what a node can be as text, one entry for each combination of conditions; empty
        when the node removes itself.
        """
        meaning = self.resolve(node, pointer)
        if isinstance(meaning, At):
            return self.texts(meaning.node, meaning.pointer)
        if isinstance(meaning, str):
            return [((meaning,), ())]
        if isinstance(meaning, Segments):
            return [(meaning.parts, ())]
        if isinstance(meaning, Unknown):
            return [((meaning.hole,), ())]
        if isinstance(meaning, bool):
            return [(("true" if meaning else "false",), ())]
        if isinstance(meaning, int | float):
            return [((str(meaning),), ())]
        if isinstance(meaning, Choice):
            found: Texts = []
            for branch in meaning.branches:
                for parts, when in self.texts(branch.node, branch.pointer):
                    joined = join_when(branch.when, when)
                    if joined is not None:
                        found.append((parts, joined))
            return found
        return [((Hole("unknown", "not a text"),), ())]

    def sub_pieces(self, node: object, pointer: Pointer) -> tuple[list[Part], list[int]] | None:
        """Return the parts of a whole `Fn::Sub` argument and, for each, the offset of its source in the
        text of the argument; None when the argument is not of a form that Sub takes.
        """
        text, variables = _sub_argument(node)
        if text is None:
            return None
        parts: list[Part] = []
        offsets: list[int] = []
        known: dict[str, Texts] = {}
        for literal, start, name in _sub_tokens(text):
            if name is None:
                parts.append(literal)
                offsets.append(start)
                continue
            options = known.get(name)
            if options is None:
                options = known[name] = self._variable(name, variables, pointer)
            if len(options) == 1 and self._is_too_long(options[0][0]):
                parts.append(_TOO_LONG)
                offsets.append(start)
            elif len(options) == 1:
                parts.extend(options[0][0])
                offsets.extend([start] * len(options[0][0]))
            elif options:
                parts.append(_either(options))
                offsets.append(start)
        return parts, offsets

    def _call(self, name: str, argument: object, pointer: Pointer) -> object:
        function = self._functions.get(name)
        if function is None:
            many = name in {"Fn::GetAZs", "Fn::Cidr"}
            return Unknown(Hole("function", name, many=many))
        if self._nesting >= _MAX_NESTING:
            return Unknown(Hole("function", name))
        self._nesting += 1
        try:
            return function(argument, pointer)
        finally:
            self._nesting -= 1

    # --- references ---------------------------------------------------------------------------------

    def _ref(self, argument: object, _pointer: Pointer) -> object:
        if not isinstance(argument, str):
            return Unknown(Hole("unknown", "Ref"))
        found = self._names.get(argument)
        if found is None:
            found = self._names[argument] = self._named(argument)
        return found

    def _named(self, name: str) -> object:
        """Return what `Ref name` means, wherever it stands."""
        if name == _NO_VALUE:
            return Choice(())
        hole = _PSEUDO.get(name) or self._variables.get(name)
        if hole is not None:
            return Unknown(hole)
        if name in self._parameters:
            return Unknown(_parameter_hole(name, _mapping(self._parameters[name])))
        kind = self.resource_type(name)
        if kind is None:
            return Unknown(Hole("unknown" if name not in self.resources else "resource", name))
        identity = _identities().get(kind, _EMPTY)
        form = identity.get("ref")
        if form == "name":
            text = self._literal_name(name, identity)
            return text if text is not None else Unknown(Hole("resource", name))
        arn = self._arn(name, identity.get("arn"), identity) if form == "arn" else None
        return Unknown(Hole("resource", name, arn=arn))

    def _get_att(self, argument: object, pointer: Pointer) -> object:
        if isinstance(argument, str):
            name, _, attribute = argument.partition(".")
        elif isinstance(argument, list) and len(argument) >= 2 and isinstance(argument[0], str):
            name = argument[0]
            attribute = ".".join(
                "".join(map(str, options[0][0]))
                for index, part in enumerate(argument[1:])
                if (options := self.texts(part, (*pointer, index + 1)))
            )
        else:
            return Unknown(Hole("unknown", "Fn::GetAtt"))
        return Unknown(self.attribute(name, attribute))

    def attribute(self, name: str, attribute: str) -> Hole:
        """Return the hole that `Fn::GetAtt` of an attribute is; with the ARN pattern where that is known."""
        kind = self.resource_type(name)
        identity = _identities().get(kind or "", _EMPTY)
        pattern = identity.get("attributes", {}).get(attribute)
        if pattern is None and attribute == "Arn":
            pattern = identity.get("arn")
        if pattern is not None:
            arn = self._arn(name, pattern, identity)
        elif kind is not None and kind.startswith("AWS::") and attribute in {"Arn", "ARN"}:
            arn = "arn:*"
        else:
            arn = None
        return Hole("attribute", f"{name}.{attribute}", arn=arn)

    def _arn(self, logical_id: str, pattern: str | None, identity: _Identity) -> str | None:
        """Return the ARN pattern of a resource with its name and path filled in where they are known."""
        if pattern is None:
            return None
        name = self._literal_name(logical_id, identity)
        if "{path}" in pattern:
            properties = self._properties(logical_id)
            path = properties.get("Path", "/")
            if logical_id not in self.resources:
                path = None  # SAM may give the role that it makes a path.
            pattern = pattern.replace("{path}", path if isinstance(path, str) and path else "/*")
        return pattern.replace("{name}", "*" if name is None else name)

    def _literal_name(self, logical_id: str, identity: _Identity) -> str | None:
        """Return the name that a resource is given explicitly, if the template tells it in full."""
        key = identity.get("name")
        if key is None or logical_id in self._resolving:
            return None
        if logical_id not in self._given:
            self._given[logical_id] = self._written_name(logical_id, key)
        return self._given[logical_id]

    def _written_name(self, logical_id: str, key: str) -> str | None:
        node = self._properties(logical_id).get(key)
        if node is None:
            return None
        self._resolving.add(logical_id)
        try:
            options = self.texts(node, ("Resources", logical_id, "Properties", key))
        finally:
            self._resolving.discard(logical_id)
        if len(options) != 1 or options[0][1]:
            return None
        parts = options[0][0]
        return "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else None

    def _properties(self, logical_id: str) -> Mapping[str, object]:
        return _mapping(_mapping(self.resources.get(logical_id)).get("Properties"))

    # --- strings ------------------------------------------------------------------------------------

    def _sub(self, argument: object, pointer: Pointer) -> object:
        text, variables = _sub_argument(argument)
        if text is None:
            return Unknown(Hole("unknown", "Fn::Sub"))
        if "${" not in text:
            return _answer((text,))
        options: list[Texts] = []
        known: dict[str, Texts] = {}
        for literal, _, name in _sub_tokens(text):
            if name is None:
                options.append([((literal,), ())])
                continue
            if name not in known:
                known[name] = self._variable(name, variables, pointer)
            options.append(known[name])
        return self._combined(options, pointer)

    def _variable(self, name: str, variables: Mapping[str, object], pointer: Pointer) -> Texts:
        """Return what `${name}` in a Sub can be."""
        if name in variables:
            return self.texts(variables[name], (*pointer, 1, name))
        if "." in name:
            first, _, attribute = name.partition(".")
            return [((self.attribute(first, attribute),), ())]
        return self.texts({"Ref": name}, pointer)

    def _join(self, argument: object, pointer: Pointer) -> object:
        if not isinstance(argument, list) or len(argument) != 2:
            return Unknown(Hole("unknown", "Fn::Join"))
        delimiter = (
            argument[0] if isinstance(argument[0], str) else "" if argument[0] is None else str(argument[0])
        )
        items = self._list(argument[1], (*pointer, 1))
        if items is None:
            return Unknown(_single(self._hole(argument[1], (*pointer, 1), "Fn::Join")))
        options: list[Texts] = []
        for node, place in items:
            found = self.texts(node, place)
            if not found:
                continue
            if options and delimiter:
                options.append([((delimiter,), ())])
            options.append([(tuple(map(_scalar, parts)), when) for parts, when in found])
        return self._combined(options, pointer)

    def _split(self, argument: object, pointer: Pointer) -> object:
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
            return Unknown(Hole("unknown", "Fn::Split", many=True))
        options = self.texts(argument[1], (*pointer, 1))
        pieces = _split_parts(options[0][0], argument[0]) if len(options) == 1 and not options[0][1] else None
        if pieces is None or len(pieces) > _MAX_PIECES:
            hole = _first_hole(options) or Hole("function", "Fn::Split")
            return Unknown(Hole(hole.kind, hole.name, default=hole.default, many=True))
        return Items(tuple([At(_answer(piece), pointer) for piece in pieces]))

    def _import_value(self, argument: object, pointer: Pointer) -> object:
        options = self.texts(argument, pointer)
        name = "".join(map(str, options[0][0])) if options else ""
        return Unknown(Hole("import", f"ImportValue {name}".rstrip()))

    def _to_json_string(self, argument: object, pointer: Pointer) -> object:
        return At(argument, pointer)

    # --- lists, maps, conditions --------------------------------------------------------------------

    def _if(self, argument: object, pointer: Pointer) -> object:
        if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
            return Unknown(Hole("condition", "Fn::If"))
        condition = argument[0]
        return Choice(
            (
                Branch(((condition, True),), argument[1], (*pointer, 1)),
                Branch(((condition, False),), argument[2], (*pointer, 2)),
            )
        )

    def _select(self, argument: object, pointer: Pointer) -> object:
        if not isinstance(argument, list) or len(argument) != 2:
            return Unknown(Hole("unknown", "Fn::Select"))
        options = self.texts(argument[0], (*pointer, 0))
        index = options[0][0][0] if len(options) == 1 and len(options[0][0]) == 1 else None
        items = self._list(argument[1], (*pointer, 1))
        if items is None:
            return Unknown(_single(self._hole(argument[1], (*pointer, 1), "Fn::Select")))
        if not isinstance(index, str) or not index.isdecimal() or int(index[:9]) >= len(items):
            return Unknown(Hole("function", "Fn::Select"))
        node, place = items[int(index[:9])]
        return At(node, place)

    def _find_in_map(self, argument: object, pointer: Pointer) -> object:
        if not isinstance(argument, list) or len(argument) < 3:
            return Unknown(Hole("unknown", "Fn::FindInMap"))
        keys: list[str | None] = []
        shown: list[str] = []
        for index in range(3):
            options = self.texts(argument[index], (*pointer, index))
            parts = options[0][0] if len(options) == 1 else ()
            known = len(parts) == 1 and isinstance(parts[0], str)
            keys.append(cast("str", parts[0]) if known else None)
            shown.append("".join(map(str, parts)) if parts else "?")
        asked = (*keys, *shown, len(argument))
        if asked in self._found:
            return Unknown(self._found[asked])
        found: list[object] = [self._mappings]
        for key in keys:
            level: list[object] = []
            for node in found:
                if isinstance(node, dict):
                    level.extend(node.values() if key is None else [node[key]] if key in node else [])
            found = level
        if found == [""]:
            # A mapping that keeps a place for what is filled in later.
            return Unknown(Hole("mapping", ".".join(shown)))
        if len(found) == 1 and None not in keys:
            return found[0] if isinstance(found[0], list) else _scalar_text(found[0], "mapping", shown[0])
        texts = tuple(dict.fromkeys(text for node in found if (text := _text_of(node)) is not None))
        complete = (
            bool(texts) and not any(isinstance(node, list | dict) for node in found) and len(argument) == 3
        )
        hole = Hole(
            "mapping",
            ".".join(shown),
            values=texts if complete else (),
            many=any(isinstance(node, list) for node in found),
        )
        self._found[asked] = hole
        return Unknown(hole)

    def _list(self, node: object, pointer: Pointer) -> Sequence[Placed] | None:
        """Return the items of a list with their places, or None when the list is not known."""
        meaning = self.resolve(node, pointer)
        if isinstance(meaning, At):
            return self._list(meaning.node, meaning.pointer)
        if isinstance(meaning, list):
            return [(item, (*pointer, index)) for index, item in enumerate(meaning)]
        if isinstance(meaning, Items):
            return [(item.node, item.pointer) for item in meaning.items]
        return None

    def _hole(self, node: object, pointer: Pointer, otherwise: str) -> Hole:
        """Return the hole that decides a node that could not be read as a list."""
        meaning = self.resolve(node, pointer)
        if isinstance(meaning, Unknown):
            return meaning.hole
        if isinstance(meaning, Choice) and meaning.branches and meaning.branches[0].when:
            return Hole("condition", meaning.branches[0].when[0][0])
        return Hole("function", otherwise)

    # --- what becomes of strings ----------------------------------------------------------------------

    def _combined(self, options: Sequence[Texts], pointer: Pointer) -> object:
        """Return the concatenation of strings that may each be one of several."""
        combined: Texts = [((), ())]
        if all(len(texts) == 1 and not texts[0][1] for texts in options):
            if self._is_too_long(part for texts in options for part in texts[0][0]):
                return Unknown(_TOO_LONG)
            return _answer(tuple([part for texts in options for part in texts[0][0]]))
        for texts in options:
            if len(combined) * len(texts) > _MAX_TEXTS:
                texts = [((_either(texts),), ())]  # noqa: PLW2901 -- too many combinations: one hole for all
            if self._is_too_long(part for parts, _ in (*combined, *texts) for part in parts):
                return Unknown(_TOO_LONG)
            combined = [
                (head + tail, when)
                for head, before in combined
                for tail, after in texts
                if (when := join_when(before, after)) is not None
            ]
        if len(combined) == 1 and not combined[0][1]:
            return _answer(combined[0][0])
        return Choice(tuple([Branch(when, _answer(parts), pointer) for parts, when in combined]))

    def _is_too_long(self, parts: Iterable[Part]) -> bool:
        """Count what is about to be made into a text; say whether it is more than can be meant."""
        length = 0
        for part in parts:
            length += len(part) if isinstance(part, str) else _LENGTH_OF_HOLE
            if length > _LONGEST_TEXT:
                break
        self._made += length
        return length > _LONGEST_TEXT or self._made > _MOST_TEXT


_TOO_LONG = Hole("unknown", "a text that is too long")
_LENGTH_OF_HOLE = 16


def join_when(when: When, more: When) -> When | None:
    """Return both sets of conditions together; None when they contradict each other."""
    if not when:
        return more
    known = dict(when)
    for name, holds in more:
        if known.setdefault(name, holds) != holds:
            return None
    return tuple(known.items())


def merge_parts(parts: Sequence[Part]) -> Parts:
    """Return the parts with neighbouring texts made one."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, str):
            if not part:
                continue
            if merged and isinstance(merged[-1], str):
                merged[-1] += part
                continue
        merged.append(part)
    return tuple(merged)


def reference_target(node: object) -> str | None:
    """Return the name that a node refers to as a whole: by Ref, GetAtt or a Sub of nothing else."""
    if not isinstance(node, dict) or len(node) != 1:
        return None
    ((function, argument),) = node.items()
    if function == "Ref":
        return argument if isinstance(argument, str) else None
    if function == "Fn::GetAtt":
        first = argument[0] if isinstance(argument, list) and argument else argument
        return first.partition(".")[0] if isinstance(first, str) else None
    if function == "Fn::Sub" and isinstance(argument, str):
        match = _VARIABLE.fullmatch(argument)
        if match is not None and not match[1]:
            return match[2].strip().partition(".")[0]
    return None


def _mapping(node: object) -> Mapping[str, object]:
    return node if isinstance(node, dict) else {}


def _text_of(node: object) -> str | None:
    if isinstance(node, str):
        return node
    if isinstance(node, bool):
        return "true" if node else "false"
    return str(node) if isinstance(node, int | float) else None


def _scalar_text(node: object, kind: str, name: str) -> object:
    text = _text_of(node)
    return Unknown(Hole(kind, name)) if text is None else text


def _answer(parts: Parts) -> object:
    """Return parts in their simplest form: text, a hole, or segments."""
    merged = merge_parts(parts)
    if any(isinstance(part, str) and "{{resolve:" in part for part in merged):
        merged = _without_dynamic_references(merged)
    if not merged:
        return ""
    if len(merged) > 1:
        return Segments(merged)
    only = merged[0]
    return only if isinstance(only, str) else Unknown(only)


def _without_dynamic_references(parts: Parts) -> Parts:
    """Make each `{{resolve:service:name}}` one hole; the name may have holes of its own."""
    result: list[Part] = []
    name: str | None = None
    for part in parts:
        rest = part
        while isinstance(rest, str) and rest:
            if name is None:
                before, start, rest = rest.partition("{{resolve:")
                result.append(before)
                name = "resolve:" if start else None
            else:
                inside, end, rest = rest.partition("}}")
                name += inside
                if end:
                    result.append(Hole("dynamic-reference", name))
                    name = None
        if isinstance(part, Hole):
            if name is None:
                result.append(part)
            else:
                name += str(part)
    if name is not None:
        result.append(Hole("dynamic-reference", name))
    return merge_parts(result)


def _either(texts: Texts) -> Hole:
    """Return one hole for a text that conditions decide."""
    values = tuple("".join(map(str, parts)) for parts, _ in texts)
    known = all(isinstance(part, str) for parts, _ in texts for part in parts)
    names = dict.fromkeys(name for _, when in texts for name, _ in when)
    return Hole("condition", " or ".join(names) or "Fn::If", values=values if known else ())


def _scalar(part: Part) -> Part:
    return part if isinstance(part, str) else _single(part)


def _single(hole: Hole) -> Hole:
    """Return a hole that stands for one text, even where its source is a list."""
    return Hole(hole.kind, hole.name, default=hole.default) if hole.many else hole


def _first_hole(texts: Texts) -> Hole | None:
    return next((part for parts, _ in texts for part in parts if isinstance(part, Hole)), None)


def _split_parts(parts: Parts, delimiter: str) -> list[Parts] | None:
    """Split text at each delimiter that is written; None when a hole could hold one too."""
    if not delimiter:
        return None
    pieces: list[list[Part]] = [[]]
    for part in parts:
        if isinstance(part, str):
            first, *rest = part.split(delimiter)
            pieces[-1].append(first)
            pieces.extend([text] for text in rest)
            continue
        alphabet = _ALPHABETS.get(part.alphabet or "")
        safe = alphabet is not None and not alphabet.fullmatch(delimiter)
        if not safe and not (part.values and not any(delimiter in value for value in part.values)):
            return None
        pieces[-1].append(part)
    return [merge_parts(piece) for piece in pieces]


def _sub_argument(argument: object) -> tuple[str | None, Mapping[str, object]]:
    if isinstance(argument, str):
        return argument, {}
    if isinstance(argument, list) and argument and isinstance(argument[0], str):
        return argument[0], _mapping(argument[1]) if len(argument) > 1 else {}
    return None, {}


def _sub_tokens(text: str) -> list[tuple[str, int, str | None]]:
    """Cut a Sub text into (literal, offset, None) and ("", offset, variable name)."""
    tokens: list[tuple[str, int, str | None]] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        name = match[2].strip()
        if match.start() > at:
            tokens.append((text[at : match.start()], at, None))
        at = match.end()
        if match[1]:
            # `${!name}` is how a literal `${name}` is written.
            tokens.append(("${", match.start(), None))
            tokens.append((match[2] + "}", match.start() + 3, None))
        elif name:
            tokens.append(("", match.start(), name))
        else:
            tokens.append((match[0], match.start(), None))
    if at < len(text) or not tokens:
        tokens.append((text[at:], at, None))
    return tokens


def _parameter_hole(name: str, parameter: Mapping[str, object]) -> Hole:
    """Return the hole of a parameter with what the template says of its values."""
    written = parameter.get("Type")
    of = written if isinstance(written, str) else "String"
    many = of == "CommaDelimitedList" or of.startswith("List<")
    if of.startswith("AWS::SSM::Parameter::Value<"):
        # The default is the name of a stored parameter, not a value.
        return Hole("parameter", name, many="List" in of)
    if (_text_of(parameter.get("NoEcho")) or "").lower() == "true":
        # Nobody may print the default, but a rule must be able to say that there is one.
        kind = "secret-default" if "Default" in parameter else "parameter"
        return Hole(kind, name, many=many, hidden=True)
    default = _text_of(parameter.get("Default"))
    allowed = parameter.get("AllowedValues")
    values: tuple[str, ...] = ()
    if isinstance(allowed, list) and not many:
        texts = [_text_of(value) for value in allowed]
        values = tuple(text for text in texts if text is not None) if None not in texts else ()
    return Hole("parameter", name, values=values, default=default, many=many)
