"""Who can become whom: as text that names the chains, and as drawings for dot and Mermaid."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from iamlint.record import record, replace
from iamlint.report.escape import escape, mask, well_formed
from iamlint.report.phrases import counted
from iamlint.report.printer import Printer

__all__ = ["FORMATS", "GraphEdge", "GraphNode", "GraphView", "write_graph"]

FORMATS = ("text", "json", "dot", "mermaid")

_MOST_LINKS = 3


@record
class GraphNode:
    """A principal, something outside, or a hub that stands for any of several.

    `id` is short and unique. `path` and `line` say where it is created, None where nowhere here.
    `administrator` tells in words what makes it one, empty for others. `distance` is the number of
    steps to an administrator, None where no sure way is known; `chain` are the indexes of the edges
    of a shortest way.
    """

    id: str
    kind: str
    label: str
    address: str
    path: str | None
    line: int | None
    administrator: str
    distance: int | None
    chain: tuple[int, ...]

    @property
    def is_principal(self) -> bool:
        """Whether it is an identity that the files give rights to."""
        return self.kind in {"user", "role", "group", "permission-set"}

    @property
    def marked(self) -> bool:
        """Whether it is an administrator."""
        return self.is_principal and self.distance == 0


@record
class GraphEdge:
    """A way from one node to another, by their ids. `kind` is `assume`, `take-over`, `pass`, `host`,
    `trust` or `any`; `paths` are ids of escalation paths, `title` says the first in words. `sure` is
    False where it hangs on a condition or on what the files do not tell."""

    source: str
    target: str
    kind: str
    paths: tuple[str, ...]
    title: str
    sure: bool


@record
class GraphView:
    """The whole graph as reports show it. `incomplete` are the labels of principals that hold more statements
    than are weighed together: some of their ways may be missing."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    incomplete: tuple[str, ...] = ()

    def reaching(self) -> GraphView:
        """Return the part that leads to administrators."""
        kept = {node.id for node in self.nodes if node.distance is not None}
        edges = tuple(
            edge for edge in self.edges if edge.source in kept and edge.target in kept and edge.sure
        )
        places = {id(edge): index for index, edge in enumerate(edges)}
        nodes = []
        for node in self.nodes:
            if node.id in kept:
                chain = tuple(places[id(self.edges[index])] for index in node.chain)
                nodes.append(replace(node, chain=chain))
        return GraphView(tuple(nodes), edges, self.incomplete)


def write_graph(view: GraphView, format_name: str, stream: TextIO, *, runner: bool = False) -> None:
    """Write the graph in one of FORMATS."""
    if format_name == "json":
        json.dump(_object(view), stream, indent=2, ensure_ascii=True)
        stream.write("\n")
        return
    lines = {"text": _text, "dot": _dot, "mermaid": _mermaid}[format_name](view)
    printer = Printer(stream, runner=runner)
    for line in lines:
        printer.line(line)


def _object(view: GraphView) -> Mapping[str, object]:
    principals = [node for node in view.nodes if node.is_principal]
    return {
        "nodes": [
            {
                "id": node.id,
                "kind": node.kind,
                "label": _plain(node.label),
                "address": _plain(node.address),
                "path": None if node.path is None else well_formed(node.path),
                "line": node.line,
                "administrator": bool(node.administrator),
                "reason": _plain(node.administrator) or None,
                "distance": node.distance,
                "chain": list(node.chain),
            }
            for node in view.nodes
        ],
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "kind": edge.kind,
                "paths": list(edge.paths),
                "sure": edge.sure,
            }
            for edge in view.edges
        ],
        "summary": {
            "principals": len(principals),
            "administrators": sum(1 for node in principals if node.distance == 0),
            "reaching": sum(1 for node in principals if node.distance),
            "incomplete": [_plain(label) for label in view.incomplete],
        },
    }


def _plain(text: str) -> str:
    return well_formed(mask(text))


def _shown(text: str) -> str:
    return escape(mask(text), limit=300)


def _text(view: GraphView) -> Iterable[str]:
    principals = [node for node in view.nodes if node.is_principal]
    admins = [node for node in principals if node.distance == 0]
    reaching = [node for node in principals if node.distance]
    yield (
        f"{counted(len(principals), 'principal')}: {counted(len(admins), 'administrator')}, "
        f"{len(reaching)} that can become one."
    )
    if admins:
        yield ""
        yield "Administrators"
        for node in admins:
            yield f"  {_shown(node.label)}  {_place(node)}"
            yield f"      {_shown(node.administrator)}"
    if reaching:
        yield ""
        yield "Can become an administrator"
        by_id = {node.id: node for node in view.nodes}
        for node in sorted(reaching, key=lambda one: one.distance or 0):
            yield f"  {_shown(node.label)}  {_place(node)}  {counted(node.distance or 0, 'step')}"
            for index in node.chain:
                edge = view.edges[index]
                if edge.kind != "any":
                    yield f"      {_step(edge)} -> {_shown(by_id[edge.target].label)}"
                else:
                    yield f"          such as {_shown(by_id[edge.target].label)}"
        yield from _links(view, reaching)
    outside = [node for node in view.nodes if not node.is_principal and node.kind != "hub" and node.distance]
    shown = [node for node in outside if node.kind != "service"]
    if shown:
        yield ""
        yield "From outside"
        for node in shown:
            steps = counted(node.distance or 0, "step")
            yield f"  {_shown(node.label)} can become an administrator in {steps}"
    if view.incomplete:
        yield ""
        more = f" and {len(view.incomplete) - 3} more" if len(view.incomplete) > 3 else ""
        yield (
            f"More statements than are weighed together: {', '.join(map(_shown, view.incomplete[:3]))}{more};"
            " some ways may be missing."
        )
    unsure = sum(1 for edge in view.edges if not edge.sure)
    if unsure:
        yield ""
        yield (
            f"{counted(unsure, 'more way')} {'hangs' if unsure == 1 else 'hang'} on a condition"
            " or on what these files do not tell; --format json lists them."
        )


def _links(view: GraphView, reaching: Sequence[GraphNode]) -> Iterable[str]:
    """Yield the links whose removal would stop most chains, where one serves several principals."""
    counts = Counter(index for node in reaching for index in node.chain if view.edges[index].kind != "any")
    by_id = {node.id: node for node in view.nodes}
    common = [(index, count) for index, count in counts.most_common(_MOST_LINKS) if count > 1]
    if common:
        yield ""
        yield "Links that most chains use"
        for index, count in common:
            edge = view.edges[index]
            ends = f"{_shown(by_id[edge.source].label)} -> {_shown(by_id[edge.target].label)}"
            yield f"  {ends}  {counted(count, 'principal')}"


def _place(node: GraphNode) -> str:
    if node.path is None:
        return "(not in these files)"
    place = escape(node.path) if node.line is None else f"{escape(node.path)}:{node.line}"
    return f"{place} {_shown(node.address)}"


def _step(edge: GraphEdge) -> str:
    ids = f" ({', '.join(edge.paths[:4])})" if edge.paths else ""
    return f"{edge.kind}: {edge.title[0].lower()}{edge.title[1:]}{ids}" if edge.title else f"{edge.kind}{ids}"


def _label_of(edge: GraphEdge) -> str:
    more = f" +{len(edge.paths) - 2}" if len(edge.paths) > 2 else ""
    return f"{edge.kind} {', '.join(edge.paths[:2])}{more}".strip()


_DOT_SHAPES = {"user": "ellipse", "role": "box", "group": "folder", "hub": "diamond", "service": "component"}


def _dot(view: GraphView) -> Iterable[str]:
    yield "digraph principals {"
    yield "  rankdir=LR;"
    yield '  node [fontname="sans-serif"]; edge [fontname="sans-serif", fontsize=10];'
    for node in _drawn(view):
        shape = _DOT_SHAPES.get(node.kind, "note")
        colour = ""
        if node.marked:
            colour = ', style=filled, fillcolor="#d73a49", fontcolor=white'
        elif node.distance is not None:
            colour = ', style=filled, fillcolor="#ffdf5d"'
        yield f"  {node.id} [label={_quoted(_title(node))}, shape={shape}{colour}];"
    for edge in view.edges:
        style = "" if edge.sure else ", style=dashed"
        yield f"  {edge.source} -> {edge.target} [label={_quoted(_label_of(edge))}{style}];"
    yield "}"


def _quoted(text: str) -> str:
    safe = _shown(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


def _mermaid(view: GraphView) -> Iterable[str]:
    yield "flowchart LR"
    for node in _drawn(view):
        opening, closing = {"user": ("([", "])"), "hub": ("{{", "}}")}.get(node.kind, ("[", "]"))
        yield f"  {node.id}{opening}{_entities(_title(node))}{closing}"
    for edge in view.edges:
        arrow = "-->" if edge.sure else "-.->"
        yield f"  {edge.source} {arrow}|{_entities(_label_of(edge))}| {edge.target}"
    marked = [node.id for node in view.nodes if node.marked]
    near = [node.id for node in view.nodes if node.distance is not None and not node.marked]
    if marked:
        yield "  classDef admin fill:#d73a49,color:#fff"
        yield f"  class {','.join(marked)} admin"
    if near:
        yield "  classDef reaching fill:#ffdf5d,color:#000"
        yield f"  class {','.join(near)} reaching"


def _entities(text: str) -> str:
    """Return text between quotes; what Mermaid would read is written as entities by number."""
    safe = "".join(
        character if character.isalnum() or character in " -_.,:/+@=" else f"#{ord(character)};"
        for character in _shown(text)
    )
    return f'"{safe}"'


def _title(node: GraphNode) -> str:
    return f"{node.label} (administrator)" if node.marked else node.label


def _drawn(view: GraphView) -> list[GraphNode]:
    """Return the nodes of a drawing: those with an edge, and administrators."""
    ends = {end for edge in view.edges for end in (edge.source, edge.target)}
    return [node for node in view.nodes if node.id in ends or node.marked]
