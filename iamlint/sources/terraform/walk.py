"""Ways through what an argument comes to: the paths of the location files over meanings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from iamlint.model import Document, Pointer, When
from iamlint.record import record
from iamlint.sources.locations import EACH_ITEM, EACH_VALUE, Path
from iamlint.sources.terraform.meaning import located
from iamlint.sources.tree import Choice, Items, Unknown

__all__ = ["Found", "OpenText", "Place", "Resource", "blocks_of", "walk"]

OpenText: TypeAlias = Callable[[object, Pointer], tuple[object, Pointer] | None]
"""Reads a text as the JSON that it is; None when it is none."""


class Resource(Protocol):
    """A resource or data source, however it was read."""

    @property
    def address(self) -> str:
        """The address that Terraform prints."""

    @property
    def type(self) -> str:
        """The type, as `aws_iam_role` or `data.aws_iam_policy_document`."""

    @property
    def document(self) -> Document:
        """The file that it is written in."""

    @property
    def pointer(self) -> Pointer:
        """The place of the whole resource."""

    def argument(self, name: str) -> tuple[object, Pointer] | None:
        """Return what an argument, or the nested blocks of a name, come to; None where absent."""


@record
class Place:
    """A meaning, where it is written, and under which conditions it is there."""

    node: object
    pointer: Pointer
    when: When = ()


@record
class Found:
    """What a path led to. `trail` holds the places after each step; `label` is the path with the
    numbers of the items."""

    place: Place
    label: str
    trail: tuple[Place | None, ...]


def walk(
    resource: Resource,
    path: Path,
    *,
    start: tuple[Place | None, ...] = (None,),
    open_text: OpenText | None = None,
) -> Iterator[Found]:
    """Yield what `path` leads to on a resource; nothing where something on the way is absent.

    `start` is a trail to go on from: `path` then holds the steps that follow. A node on the way that
    is not known is yielded in place of what lies below it.
    """
    yield from _walk(resource, path, 0, start, "", open_text)


def _walk(
    resource: Resource,
    path: Path,
    at: int,
    trail: tuple[Place | None, ...],
    label: str,
    open_text: OpenText | None,
) -> Iterator[Found]:
    here = trail[-1]
    if at == len(path):
        if here is None:
            here = Place({}, resource.pointer)
        for place in _meanings(here):
            if place.node is not None:
                yield Found(place, label, trail)
        return
    step = path[at]
    if here is None:
        argument = resource.argument(step)
        if argument is not None:
            yield from _walk(resource, path, at + 1, (*trail, Place(*argument)), step, open_text)
        return
    for place in _meanings(here):
        node, pointer = place.node, place.pointer
        if isinstance(node, Unknown):
            yield Found(place, label, trail)
        elif step == EACH_ITEM:
            listed = node if isinstance(node, list) else [node]
            for index, item in enumerate(listed):
                below = (*pointer, index) if isinstance(node, list) else pointer
                if item is None:
                    continue
                next_trail = (*trail, Place(item, below, place.when))
                yield from _walk(resource, path, at + 1, next_trail, f"{label}[{index}]", open_text)
        elif step == EACH_VALUE:
            if isinstance(node, dict):
                for key, item in node.items():
                    next_trail = (*trail, Place(item, (*pointer, key), place.when))
                    yield from _walk(resource, path, at + 1, next_trail, f"{label}.{key}", open_text)
        else:
            if not isinstance(node, dict | list) and open_text is not None:
                opened = open_text(node, pointer)
                if opened is None:
                    continue
                node, pointer = opened
            # A block that may stand once only is a list of one in plans.
            members = node if isinstance(node, list) else [node]
            for index, member in enumerate(members):
                inner, place_of = located(member, (*pointer, index) if isinstance(node, list) else pointer)
                if isinstance(inner, dict) and step in inner and place_of is not None:
                    next_trail = (*trail, Place(inner[step], (*place_of, step), place.when))
                    yield from _walk(resource, path, at + 1, next_trail, f"{label}.{step}", open_text)


def blocks_of(node: object, pointer: Pointer, when: When = ()) -> Iterator[Place]:
    """Yield the nested blocks that an argument comes to: one object, or the items of a list."""
    for place in _meanings(Place(node, pointer, when)):
        if isinstance(place.node, list):
            for index, item in enumerate(place.node):
                for inner in _meanings(Place(item, (*place.pointer, index), place.when)):
                    if inner.node is not None:
                        yield inner
        elif place.node is not None:
            yield place


def _meanings(place: Place, depth: int = 0) -> Iterator[Place]:
    """Yield what a node means: itself, or each branch of a choice."""
    node, moved = located(place.node, place.pointer)
    pointer, when = moved or (), place.when
    if isinstance(node, Choice) and depth < 8:
        for branch in node.branches:
            joined = (*when, *(test for test in branch.when if test not in when))
            yield from _meanings(Place(branch.node, branch.pointer, joined), depth + 1)
    elif isinstance(node, Items):
        yield Place(list(node.items), pointer, when)
    else:
        yield Place(node, pointer, when)
