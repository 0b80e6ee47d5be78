"""Who names whom among the resources of a template or module, for references that close no circle."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from iamlint.model.surroundings import Neighbour

__all__ = ["MOST_RESOURCES", "Graph", "matching_senders", "services_in", "texts_in"]

_MOST_NODES = 20_000
_ALL_NODES = 400_000
"""Nodes of one resource, and of all, that are looked through. Aliases of YAML can make a small file
into a tree without end."""

_TRUST_NODES = 1_000
_LONGEST_TRUST = 20_000
"""Nodes of a trust policy, and characters of a text in it, that are looked through: beyond what IAM takes."""

_BETWEEN = re.compile(
    r"(?:Subscription|Notification|Target|Method|Integration)\Z|_(?:subscription|notification|target|method|integration)\Z"
)
"""Types of resources that make one of two others send to the other."""

_SERVICE = re.compile(r"[a-z0-9.-]{1,60}\.amazonaws\.com(?:\.cn)?", re.ASCII)


MOST_RESOURCES = 2_000
"""Resources of a template or module that are looked at; CloudFormation takes 500."""


class Graph:
    """The resources by name, and those that each names. `names_in` yields what a body may name, looking
    at a number of nodes; `types` are the types by name."""

    def __init__(
        self,
        bodies: Mapping[str, object],
        types: Mapping[str, str],
        names_in: Callable[[object, int], Iterator[str]],
    ) -> None:
        self._types = types
        most = min(_MOST_NODES, _ALL_NODES // max(len(bodies), 1))
        self.named_by: dict[str, frozenset[str]] = {
            name: frozenset(other for other in names_in(body, most) if other != name and other in bodies)
            for name, body in bodies.items()
        }
        """The resources that each names itself."""
        self._naming: dict[str, list[str]] = {}
        for name, others in self.named_by.items():
            for other in others:
                self._naming.setdefault(other, []).append(name)

    def depending_on(self, name: str) -> frozenset[str]:
        """Return a resource and those that name it, or one that does, and so on."""
        pending, seen = [name], {name}
        while pending:
            for other in self._naming.get(pending.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
        return frozenset(seen)

    def sending_to(self, name: str) -> frozenset[str]:
        """Return what names a resource, and what a subscription and the like names beside it."""
        found: set[str] = set()
        for other in self._naming.get(name, ()):
            found.add(other)
            if _BETWEEN.search(self._types[other]) is not None:
                found |= self.named_by[other]
        return frozenset(found)


def matching_senders(
    graph: Graph, neighbours: Iterable[Neighbour], service: str, receivers: Iterable[str]
) -> tuple[Neighbour, ...]:
    """Return the neighbours of a service that send to one of the receivers, all by name in the graph."""
    senders = frozenset(name for receiver in receivers for name in graph.sending_to(receiver))
    return tuple(one for one in neighbours if one.service == service and one.name in senders)


def texts_in(node: object, most: int = _MOST_NODES) -> Iterator[str]:
    """Yield every text in a tree, up to a number of nodes."""
    pending = [node]
    for _ in range(most):
        if not pending:
            return
        node = pending.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            pending.extend(reversed(node.values()))
        elif isinstance(node, list):
            pending.extend(reversed(node))


def services_in(node: object) -> tuple[str, ...]:
    """Return the service principals that a tree (a role's trust policy) names, sorted."""
    found: set[str] = set()
    for text in texts_in(node, _TRUST_NODES):
        if len(text) <= _LONGEST_TRUST and "amazonaws" in text:
            found.update(_SERVICE.findall(text))
    return tuple(sorted(found))
