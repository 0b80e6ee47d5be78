"""What an argument names: resources by reference, else by name, else the text that is written."""

from __future__ import annotations

from typing import Protocol

from iamlint.sources.locations import Path
from iamlint.sources.terraform.meaning import (
    DocumentLink,
    JsonText,
    ResourceLink,
    known_text,
    parts_of,
    unplaced,
)
from iamlint.sources.terraform.walk import Resource, walk
from iamlint.sources.tree import Choice, Items, Unknown

__all__ = ["Names", "targets_of"]


class Names(Protocol):
    """Finds resources by what their arguments say."""

    def find(self, word: str, name: str) -> str | None:
        """Return the address of the resource that `word` (`role`, `s3-bucket`) means whose name or
        ARN is known to be `name`."""


def targets_of(resource: Resource, path: Path, word: str | None, names: Names) -> tuple[str, ...]:
    """Return the addresses of what an argument names. `word` is the neutral word for what is meant;
    a literal name is looked up among the resources of that kind."""
    result: list[str] = []
    for found in walk(resource, path):
        collect_targets(found.place.node, word, names, result)
    return tuple(dict.fromkeys(result))


def collect_targets(node: object, word: str | None, names: Names, result: list[str], depth: int = 0) -> None:
    """Add what a meaning names to `result`."""
    node = unplaced(node)
    if depth > 8 or node is None:
        return
    if isinstance(node, ResourceLink):
        result.append(node.address)
    elif isinstance(node, list | Items):
        for item in node if isinstance(node, list) else node.items:
            collect_targets(item, word, names, result, depth + 1)
    elif isinstance(node, Choice):
        for branch in node.branches:
            collect_targets(branch.node, word, names, result, depth + 1)
    elif isinstance(node, Unknown) and node.hole.values:
        for value in node.hole.values:
            collect_targets(value, word, names, result, depth + 1)
    elif isinstance(node, dict | bool | int | float | DocumentLink | JsonText):
        return
    else:
        text = known_text(node)
        if text is None:
            result.append("".join(map(str, parts_of(node))))
        elif text:
            address = names.find(word, text) if word is not None else None
            result.append(address or text)
