"""Finding places in a template: paths of the location files, followed through intrinsic functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from iamlint.model import Hole, Pointer, Value, Values, When, unknown
from iamlint.record import record
from iamlint.sources.cloudformation.intrinsics import (
    TemplateResolver,
    join_when,
    merge_parts,
    reference_target,
)
from iamlint.sources.locations import EACH_ITEM, EACH_VALUE, Path
from iamlint.sources.tree import At, Choice, Items, Segments, Unknown

__all__ = ["Level", "Place", "Walker"]

_MAX_STEPS = 64
Level: TypeAlias = tuple[object, Pointer, When]
"""A resolved node, where it is written, and the conditions under which it is there."""


@record
class Place:
    """A node that a path leads to.

    `node` is resolved; `pointer` is where it is written, `anchor` the key or list item through which
    the path came, `location` the path with real indexes. `trail` are the levels that were passed, the
    resource's properties first. `whole` is false when the path ended early in something unknown.
    """

    node: object
    pointer: Pointer
    anchor: Pointer
    location: str
    when: When
    trail: tuple[Level, ...]
    whole: bool = True


class Walker:
    """Follows paths and reads values below them."""

    def __init__(self, resolver: TemplateResolver, *, prefix: Pointer = (), address: str = "") -> None:
        self.resolver = resolver
        self.prefix = prefix
        self.address = address
        self._by_name: dict[tuple[str, str], str] | None = None

    def meanings(self, node: object, pointer: Pointer, when: When = ()) -> Iterator[Level]:
        """Yield what a node means: once, or once for each branch of a choice, or not at all."""
        pending: list[tuple[object, Pointer, When]] = [(node, pointer, when)]
        for _ in range(_MAX_STEPS):
            if not pending:
                return
            node, pointer, when = pending.pop()
            meaning = self.resolver.resolve(node, pointer)
            if isinstance(meaning, At):
                pending.append((meaning.node, meaning.pointer, when))
            elif isinstance(meaning, Choice):
                for branch in reversed(meaning.branches):
                    joined = join_when(when, branch.when)
                    if joined is not None:
                        pending.append((branch.node, branch.pointer, joined))
            else:
                yield meaning, pointer, when

    def places(
        self, start: Level, path: Path, *, location: str = "", anchor: Pointer | None = None
    ) -> Iterator[Place]:
        """Yield the places that `path` leads to from a resolved node."""
        yield from self._follow(start, path, anchor or start[1], location, ())

    def _follow(
        self, level: Level, path: Path, anchor: Pointer, location: str, trail: tuple[Level, ...]
    ) -> Iterator[Place]:
        node, pointer, when = level
        if not path:
            yield Place(node, pointer, anchor, location, when, trail)
            return
        trail = (*trail, level)
        step, rest = path[0], path[1:]
        if isinstance(node, Unknown):
            yield Place(node, pointer, anchor, location, when, trail, whole=False)
        elif step == EACH_ITEM:
            yield from self._follow_items(level, rest, anchor, location, trail)
        elif not isinstance(node, dict):
            return
        elif step == EACH_VALUE:
            for key, value in node.items():
                yield from self._follow_key(value, (*pointer, key), when, rest, f"{location}.{key}", trail)
        elif step in node:
            joined = f"{location}.{step}" if location else step
            yield from self._follow_key(node[step], (*pointer, step), when, rest, joined, trail)

    def _follow_key(
        self, value: object, pointer: Pointer, when: When, path: Path, location: str, trail: tuple[Level, ...]
    ) -> Iterator[Place]:
        for level in self.meanings(value, pointer, when):
            yield from self._follow(level, path, pointer, location, trail)

    def _follow_items(
        self, level: Level, path: Path, anchor: Pointer, location: str, trail: tuple[Level, ...]
    ) -> Iterator[Place]:
        node, pointer, when = level
        if isinstance(node, list):
            items = [(item, (*pointer, index)) for index, item in enumerate(node)]
        elif isinstance(node, Items):
            items = [(item.node, item.pointer) for item in node.items]
        elif node is None:
            return
        else:
            # One item where a list belongs, which several resource types accept.
            yield from self._follow(level, path, anchor, location, trail)
            return
        for index, (item, place) in enumerate(items):
            for inner in self.meanings(item, place, when):
                yield from self._follow(inner, path, place, f"{location}[{index}]", trail)

    def related(self, place: Place, path: Path, other: Path) -> Iterator[Place]:
        """Yield the places of `other`, a path from the same resource as `path`, which led to `place`:
        where the two begin alike, they mean the same items.
        """
        shared = 0
        limit = min(len(path), len(other), len(place.trail))
        while shared < limit and path[shared] == other[shared]:
            shared += 1
        if shared == len(place.trail):
            yield from self.places((place.node, place.pointer, place.when), other[shared:])
        else:
            yield from self.places(place.trail[shared], other[shared:])

    def values(self, node: object, pointer: Pointer, when: When = ()) -> Values:
        """Return the scalars of a node or list, whatever it is made of; a boolean is `true` or `false`."""
        return tuple(self._values(node, pointer, when, 0))

    def _values(self, node: object, pointer: Pointer, when: When, depth: int) -> Iterator[Value]:
        if depth > _MAX_STEPS:
            return
        for meaning, place, holds in self.meanings(node, pointer, when):
            if isinstance(meaning, list):
                for index, item in enumerate(meaning):
                    yield from self._values(item, (*place, index), holds, depth + 1)
            elif isinstance(meaning, Items):
                for item in meaning.items:
                    yield from self._values(item.node, item.pointer, holds, depth + 1)
            elif isinstance(meaning, Segments):
                parts = merge_parts(meaning.parts)
                yield Value(None, place, parts, holds)
            elif isinstance(meaning, Unknown):
                yield unknown(meaning.hole, place, holds)
            elif isinstance(meaning, str):
                yield Value(meaning, place, (), holds)
            elif isinstance(meaning, bool):
                yield Value("true" if meaning else "false", place, (), holds)
            elif isinstance(meaning, int | float):
                yield Value(str(meaning), place, (), holds)

    def value(self, node: object, pointer: Pointer) -> Value | None:
        """Return the one value of a node; when conditions decide between several, a hole."""
        found = self.values(node, pointer)
        if len({(value.text, value.parts) for value in found}) <= 1:
            return found[0] if found else None
        texts = tuple(dict.fromkeys(str(value) for value in found))
        known = all(value.text is not None for value in found)
        return unknown(Hole("condition", " or ".join(texts), values=texts if known else ()), pointer)

    def addresses(self, node: object, pointer: Pointer, words: tuple[str, ...] = ()) -> Iterator[str]:
        """Yield what a node or list names: the address of a resource of this template, else the text.

        `words` are the neutral words for what can be meant; a literal name is looked up among the
        resources of these kinds.
        """
        pending = [(node, pointer)]
        for _ in range(1000):
            if not pending:
                return
            node, pointer = pending.pop()
            target = reference_target(node)
            if target is not None:
                maker = self.resolver.generating_resource(target)
                if maker is not None or target in self.resolver.resources:
                    yield self.resource_address(maker or target)
                    continue
            meaning = self.resolver.resolve(node, pointer)
            if isinstance(meaning, At):
                pending.append((meaning.node, meaning.pointer))
            elif isinstance(meaning, Choice):
                pending.extend((branch.node, branch.pointer) for branch in reversed(meaning.branches))
            elif isinstance(meaning, list):
                pending.extend(
                    (item, (*pointer, index)) for index, item in reversed(list(enumerate(meaning)))
                )
            elif isinstance(meaning, Items):
                pending.extend((item.node, item.pointer) for item in reversed(meaning.items))
            elif isinstance(meaning, Segments):
                yield self.named("".join(map(str, meaning.parts)), words)
            elif isinstance(meaning, Unknown):
                yield str(meaning.hole)
            elif isinstance(meaning, str) and meaning:
                yield self.named(meaning, words)

    def resource_address(self, logical_id: str) -> str:
        """Return the address of a resource of this template."""
        return f"{self.address}Resources.{logical_id}"

    def named(self, text: str, words: tuple[str, ...]) -> str:
        """Return the address of the resource of one of these kinds that is given this name (or an ARN
        that ends in it), else the text.
        """
        for word in words:
            if word not in _NAMED:
                continue
            if self._by_name is None:
                self._by_name = self._index_names()
            found = self._by_name.get((word, text.rpartition("/")[2]))
            if found is not None:
                return self.resource_address(found)
        return text

    def _index_names(self) -> dict[tuple[str, str], str]:
        index: dict[tuple[str, str], str] = {}
        types = {kind: (word, key) for word, (kind, key) in _NAMED.items()}
        for logical_id, resource in self.resolver.resources.items():
            if not isinstance(resource, dict):
                continue
            kind = resource.get("Type")
            if not isinstance(kind, str) or kind not in types:
                continue
            word, key = types[kind]
            properties = resource.get("Properties")
            node = properties.get(key) if isinstance(properties, dict) else None
            if node is None:
                continue
            texts = self.resolver.texts(node, (*self.prefix, "Resources", logical_id, "Properties", key))
            for parts, _ in texts:
                index.setdefault((word, "".join(map(str, parts))), logical_id)
        return index


# What people name by a literal name: the neutral word, its type and the property with the name.
_NAMED = {
    "role": ("AWS::IAM::Role", "RoleName"),
    "user": ("AWS::IAM::User", "UserName"),
    "group": ("AWS::IAM::Group", "GroupName"),
    "policy": ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    "s3-bucket": ("AWS::S3::Bucket", "BucketName"),
    "lambda-function": ("AWS::Lambda::Function", "FunctionName"),
}
