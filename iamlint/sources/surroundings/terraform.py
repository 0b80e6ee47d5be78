"""Terraform modules: neighbours are referred to by their address and the attribute with the ARN."""

from __future__ import annotations

import json
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from iamlint.model.surroundings import Blank, Known, Neighbour, Wording
from iamlint.sources.surroundings.graph import (
    MOST_RESOURCES,
    Graph,
    matching_senders,
    services_in,
    texts_in,
)
from iamlint.sources.surroundings.layout import Raw, quoted
from iamlint.sources.surroundings.plain import BareSurroundings

__all__ = ["ModuleSurroundings", "Siblings"]

_ADDRESS = re.compile(r"(?<![a-z0-9_])(?:data\.)?[a-z][a-z0-9_]*\.[A-Za-z_][\w-]*", re.ASCII)
_OWN_ADDRESS = re.compile(r"(?:.*\.)??(?P<own>(?:data\.)?aws_[a-z0-9_]+\.[A-Za-z_][\w-]*)(?:\[[^\]]*\])?\Z")
_FACTS = {
    Known.PARTITION: ("data.aws_partition", "partition"),
    Known.REGION: ("data.aws_region", "name"),
    Known.ACCOUNT: ("data.aws_caller_identity", "account_id"),
}
_ATTRIBUTES = ("arn", "execution_arn")
_LABELS = {"resource": 2, "data": 2, "module": 1, "locals": 0}
_MOST_NESTING = 5
_LONGEST_ADDRESS = 500


@cache
def _arns() -> Mapping[str, Mapping[str, str]]:
    data = pkgutil.get_data("iamlint.sources.terraform", "resource_facts.json")
    assert data is not None  # it is part of the package
    resources: Mapping[str, Mapping[str, str]] = json.loads(data)["resources"]
    return resources


class Siblings:
    """The blocks of one module, read when advice first asks for them."""

    def __init__(self, trees: Iterable[object]) -> None:
        bodies: dict[str, object] = {}
        for tree in trees:
            for address, body in _blocks(tree):
                if len(bodies) < MOST_RESOURCES:
                    bodies.setdefault(address, body)
        types = {address: address.rpartition(".")[0] for address in bodies}
        self.graph = Graph(bodies, types, _names_in)
        self._types = types
        self._known = {
            what: f"{address}.{attribute}"
            for what, (kind, attribute) in _FACTS.items()
            for address in bodies
            if types[address] == kind and _is_single(bodies[address])
        }
        self.neighbours = tuple(self._neighbours(bodies))
        self._names = frozenset(one.name for one in self.neighbours)
        self._last: tuple[str, tuple[Neighbour, ...]] = ("", ())

    def known(self, what: Known) -> str | None:
        """Return the expression of what the account decides, None where no data source reads it."""
        return self._known.get(what)

    def free_of(self, owner: str) -> tuple[Neighbour, ...]:
        """Return the neighbours that do not depend on a block."""
        if owner != self._last[0]:
            # The findings of one owner follow each other.
            bound = self.graph.depending_on(owner) & self._names
            free = tuple([one for one in self.neighbours if one.name not in bound])
            self._last = owner, free if bound else self.neighbours
        return self._last[1]

    def _neighbours(self, bodies: Mapping[str, object]) -> Iterator[Neighbour]:
        for address, body in bodies.items():
            kind = self._types[address]
            patterns = _arns().get(kind, {})
            if not isinstance(body, dict) or not _is_single(body) or len(address) > _LONGEST_ADDRESS:
                continue
            trusted: tuple[str, ...] = ()
            if kind == "aws_iam_role":
                trust = body.get("assume_role_policy")
                named = [
                    bodies.get(name) for text in texts_in(trust, 1_000) for name in _ADDRESS.findall(text)
                ]
                trusted = services_in([trust, *named])
            for attribute in _ATTRIBUTES:
                if attribute in patterns:
                    pattern = patterns[attribute]
                    has_below = pattern.endswith("}") or attribute == "execution_arn"
                    yield Neighbour(
                        address, kind, address, _open(pattern), attribute, trusted, has_below=has_below
                    )


def _is_single(body: object) -> bool:
    """Say whether a block is one resource, that its address alone names."""
    return isinstance(body, dict) and "count" not in body and "for_each" not in body


def _open(pattern: str) -> str:
    """Return an ARN pattern with all that the module decides as `*`."""
    return re.sub(r"\*(-\*)+", "*", re.sub(r"\{[^}]*\}", "*", pattern.replace("{path}{name}", "/*")))


def _names_in(body: object, most: int) -> Iterator[str]:
    for text in texts_in(body, most):
        if "." in text:
            yield from _ADDRESS.findall(text)


def _blocks(tree: object) -> Iterator[tuple[str, object]]:
    """Yield address and body of what a file of JSON syntax declares; lists stand at any level."""
    for root in _bodies(tree, 0):
        for kind, labels in _LABELS.items():
            for path, body in _labelled(root.get(kind), labels, ()):
                if kind == "locals":
                    yield from ((f"local.{name}", value) for name, value in body.items())
                elif kind == "resource":
                    yield ".".join(path), body
                else:
                    yield ".".join((kind, *path)), body


def _labelled(
    node: object, labels: int, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    for found in _bodies(node, 0):
        if labels == 0:
            yield path, found
        else:
            for name, below in found.items():
                yield from _labelled(below, labels - 1, (*path, name))


def _bodies(node: object, depth: int) -> Iterator[dict[str, object]]:
    if isinstance(node, dict):
        yield node
    elif isinstance(node, list) and depth < _MOST_NESTING:
        for item in node:
            yield from _bodies(item, depth + 1)


class ModuleSurroundings(BareSurroundings):
    """What stands beside a policy of a module.

    `layout` is `hcl` within an expression (`jsonencode`), else `json`.
    """

    def __init__(
        self, siblings: Siblings, layout: str, *, in_string: bool = False, block: bool = False
    ) -> None:
        super().__init__(layout, in_string=in_string, block=block)
        self._siblings = siblings

    def neighbours(self, owner: str) -> tuple[Neighbour, ...]:
        """Return the blocks that do not depend on the owner (see the protocol)."""
        return self._siblings.free_of(_own(owner))

    def senders(self, service: str, receivers: Sequence[str], owner: str) -> tuple[Neighbour, ...]:
        """Return what sends to the receivers (see the protocol)."""
        return matching_senders(self._siblings.graph, self.neighbours(owner), service, map(_own, receivers))

    def node(self, text: Wording) -> object:
        """Return a template string; within an expression a reference alone stands by itself."""
        if self._layout == "hcl" and len(text) == 1:
            (only,) = text
            if isinstance(only, Neighbour):
                return Raw(f"{only.name}.{only.attribute}")
            found = self._siblings.known(only) if isinstance(only, Known) else None
            if found is not None:
                return Raw(found)
        written = "".join(map(self.part, text))
        return Raw(quoted(written)) if self._layout == "hcl" else written

    def part(self, part: str | Known | Blank | Neighbour) -> str:
        """Return a part of a template string."""
        if isinstance(part, Neighbour):
            return f"${{{part.name}.{part.attribute}}}"
        if isinstance(part, str):
            return part.replace("${", "&{" if self._block else "$${")
        return super().part(part)

    def known(self, what: Known) -> str:
        """Return the data source that reads it, if the module has one, else a blank."""
        found = self._siblings.known(what)
        return super().known(what) if found is None else f"${{{found}}}"


def _own(address: str) -> str:
    """Return an address without the modules and the instance that it is in."""
    found = _OWN_ADDRESS.match(address) if len(address) <= _LONGEST_ADDRESS else None
    return found["own"] if found is not None else address
