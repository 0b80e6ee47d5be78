"""Boxes: what one statement takes, as a product of independent sets. Section 12.1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.record import record
from iamlint.semantics.algebra.globs import TextSet
from iamlint.semantics.algebra.keysets import KeySet, SeveralSet, SingleSet
from iamlint.semantics.algebra.space import Space

__all__ = ["NO_KEYS", "Box"]

NO_KEYS: Mapping[str, KeySet] = {}
_NO_TESTS: frozenset[object] = frozenset()


@record
class Box:
    """A product of sets: actions and callers as bits, resources, and condition keys where they are
    limited; a key that is not named is free.

    `opaque` holds tests that the sets cannot express. Where a box is to be covered they are things
    known to hold in it; where it is to cover, they are demands. `source` is the position of the
    statement in its side.
    """

    actions: int
    callers: int
    resource: TextSet
    keys: Mapping[str, KeySet]
    opaque: frozenset[object] = _NO_TESTS
    source: int = -1

    def misses(self, other: Box) -> bool:
        """Say yes only when no request is in both."""
        if not (self.actions & other.actions and self.callers & other.callers):
            return True
        for key, wanted in self.keys.items():
            given = other.keys.get(key)
            if given is not None and wanted.surely_misses(given):  # type: ignore[arg-type] # one key, one class
                return True
        return self.resource is not other.resource and self.resource.surely_misses(other.resource)

    def includes(self, other: Box, space: Space) -> bool:
        """Say yes only when every request of `other` is in this box, whatever its private letters are."""
        if other.actions & ~self.actions or other.callers & ~self.callers or not self.opaque <= other.opaque:
            return False
        if self.resource is not other.resource and not self.resource.surely_includes(other.resource):
            return False
        for key, allowed in self.keys.items():
            given = other.keys.get(key) or space.everything(key)
            if allowed is not given and not allowed.surely_includes(given):  # type: ignore[arg-type] # one key, one class
                return False
        return True

    def open_dimensions(self, other: Box, space: Space) -> list[str] | None:
        """Return the dimensions in which this box does not surely include `other`, cheapest first; None
        when it must not be used against `other` at all."""
        if not self.opaque <= other.opaque:
            return None
        found: list[str] = []
        if other.actions & ~self.actions:
            found.append("actions")
        if other.callers & ~self.callers:
            found.append("callers")
        dear: list[str] = []
        for key, allowed in self.keys.items():
            given = other.keys.get(key) or space.everything(key)
            if allowed is given or allowed.surely_includes(given):  # type: ignore[arg-type] # one key, one class
                continue
            if isinstance(allowed, SingleSet | SeveralSet):
                # Text behind a private letter may well be one that a complement leaves out.
                if _is_unsure(allowed, given):
                    return None
                dear.append(key)
            else:
                found.append(key)
        if self.resource is not other.resource and not self.resource.surely_includes(other.resource):
            if self.resource.outside and other.resource.has_letters:
                return None
            dear.append("resource")
        return found + dear

    def intersect(self, other: Box, dimension: str, space: Space) -> Box:
        """Return this box with one dimension limited to that of `other`."""
        if dimension == "actions":
            return Box(
                self.actions & other.actions, self.callers, self.resource, self.keys, self.opaque, self.source
            )
        if dimension == "callers":
            return Box(
                self.actions, self.callers & other.callers, self.resource, self.keys, self.opaque, self.source
            )
        if dimension == "resource":
            both = self.resource.intersect(other.resource)
            return Box(self.actions, self.callers, both, self.keys, self.opaque, self.source)
        given = self.keys.get(dimension) or space.everything(dimension)
        limited = given.intersect(other.keys[dimension])  # type: ignore[arg-type] # one key, one class
        return self.with_key(dimension, limited)

    def meet(self, other: Box, space: Space) -> Box:
        """Return what both boxes take."""
        result = Box(
            self.actions & other.actions,
            self.callers & other.callers,
            self.resource.intersect(other.resource),
            self.keys,
            self.opaque | other.opaque,
            self.source,
        )
        for key in other.keys:
            result = result.intersect(other, key, space)
        return result

    def with_key(self, key: str, values: KeySet) -> Box:
        """Return this box with another set for one key."""
        keys = {**self.keys, key: values}
        return Box(self.actions, self.callers, self.resource, keys, self.opaque, self.source)

    def with_actions(self, actions: int) -> Box:
        """Return this box with other actions."""
        return Box(actions, self.callers, self.resource, self.keys, self.opaque, self.source)

    def with_callers(self, callers: int) -> Box:
        """Return this box with other callers."""
        return Box(self.actions, callers, self.resource, self.keys, self.opaque, self.source)

    def with_resource(self, resource: TextSet) -> Box:
        """Return this box with other resources."""
        return Box(self.actions, self.callers, resource, self.keys, self.opaque, self.source)

    def minus(self, other: Box, dimension: str, space: Space) -> Iterator[Box]:
        """Yield the parts of this box that lie outside `other` in one dimension."""
        if dimension == "actions":
            yield self.with_actions(self.actions & ~other.actions)
        elif dimension == "callers":
            yield self.with_callers(self.callers & ~other.callers)
        elif dimension == "resource":
            for piece in self.resource.without(other.resource):
                yield self.with_resource(piece)
        else:
            given = self.keys.get(dimension) or space.everything(dimension)
            for values in given.without(other.keys[dimension]):  # type: ignore[arg-type] # one key, one class
                yield self.with_key(dimension, values)


def _is_unsure(allowed: SingleSet | SeveralSet, given: KeySet) -> bool:
    if isinstance(allowed, SingleSet) and isinstance(given, SingleSet):
        return (
            allowed.texts is not None
            and bool(allowed.texts.outside)
            and given.texts is not None
            and given.texts.has_letters
        )
    return False
