"""The graph of principals of a set of files, as reports show it."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from iamlint.auditing.principals import facts_of, linked
from iamlint.engine.principals.graph import Edge, Node, build_graph
from iamlint.engine.principals.joining import join
from iamlint.model import Extraction
from iamlint.report.graph_report import GraphEdge, GraphNode, GraphView

__all__ = ["graph_of"]


def graph_of(extractions: Sequence[Extraction], accounts: AbstractSet[str] = frozenset()) -> GraphView:
    """Return who can become whom among the principals of the extractions. `accounts` are the user's own."""
    units = {f"unit{number}": extraction for number, extraction in enumerate(extractions)}
    facts = [one for name, extraction in units.items() for one in facts_of(extraction, name)]
    graph = build_graph(join(linked(facts, units.get)), accounts)
    nodes = list(graph.nodes.values())
    ids = {node.key: f"n{number}" for number, node in enumerate(nodes)}
    edges = list(graph.edges())
    places = {id(edge): index for index, edge in enumerate(edges)}
    return GraphView(
        tuple(
            _node(node, ids[node.key], tuple(places[id(edge)] for edge in graph.chain(node)))
            for node in nodes
        ),
        tuple(_edge(edge, ids[edge.source.key], ids[edge.target.key]) for edge in edges),
        tuple(node.label for node in nodes if node.standing is not None and node.standing.rights.exhausted),
    )


def _node(node: Node, short: str, chain: tuple[int, ...]) -> GraphNode:
    holder = node.holder
    path = line = None
    if holder is not None and holder.owner is not None and holder.document is not None:
        span = holder.document.key_span(holder.owner.pointer)
        path = span.path
        line = span.start_line if holder.document.has_lines else None
    address = "" if holder is None else holder.address
    reason = _reason(node)
    return GraphNode(short, node.kind, node.label, address, path, line, reason, node.distance, chain)


def _edge(edge: Edge, source: str, target: str) -> GraphEdge:
    title = edge.titles[0] if edge.titles else ""
    return GraphEdge(source, target, edge.kind, edge.paths, title, edge.sure)


def _reason(node: Node) -> str:
    """Return in words what makes a node an administrator; empty for one that is none."""
    standing = node.standing
    if standing is None or not standing.administrator:
        return ""
    if standing.outright is not None:
        policy = standing.outright[1]
        return f"{_named(policy.managed, policy.name, policy.owner.address)} allows every action"
    found = standing.by_path
    assert found is not None  # INVARIANT: an administrator is one in either way
    policy = found.uses[0].policy
    title = f"{found.path.title[0].lower()}{found.path.title[1:]}"
    return f"{_named(policy.managed, policy.name, policy.owner.address)}: it can {title} ({found.path.id})"


def _named(managed: str, name: str | None, address: str) -> str:
    return managed or (f"policy {name}" if name else address)
