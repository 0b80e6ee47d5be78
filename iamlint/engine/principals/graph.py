"""Who can become whom: principals as nodes, ways from one to another as edges, and who ends as administrator.

An edge is made from both halves: what the caller holds, after denies and boundary, and what the other
side admits (the trust policy of a role, the service that a passed role must trust). What reaches any
of many roles goes over a hub (`any role that lambda.amazonaws.com may have`), so that the number of
edges grows with the principals and not with their square.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

from iamlint.catalog.escalation import EscalationPath, Step, escalation_table
from iamlint.engine.principals.admission import Admission, admissions, trusting_services
from iamlint.engine.principals.escalation import Certainty, FoundPath, Rights, Use
from iamlint.engine.principals.facts import Held, HeldPolicy
from iamlint.engine.principals.joining import Directory, Holder
from iamlint.engine.principals.limits import State, services_left
from iamlint.engine.principals.reach import Aim
from iamlint.record import field, record
from iamlint.semantics.principals import Party, PartyKind

__all__ = ["Edge", "Graph", "Node", "Standing", "build_graph", "key_of", "standing_of"]


@record(frozen=False, eq=False)
class Node:
    """A principal, something outside of these files that may become one, or a hub.

    `kind` is `user`, `role`, `group`, `permission-set`, `account`, `service`, `provider`, `anyone` or
    `hub`. `distance` is the number of steps to an administrator: 0 for one, None where no sure way is
    known; `step` is the edge that a shortest way takes first, `end` the administrator it leads to.
    """

    key: str
    kind: str
    label: str
    holder: Holder | None = None
    standing: Standing | None = None
    distance: int | None = None
    step: Edge | None = None
    end: Node | None = None
    edges: list[Edge] = field(default_factory=list)

    @property
    def administrator(self) -> bool:
        """Whether it has, or can give itself, every right."""
        return self.distance == 0


@record(frozen=False, eq=False)
class Edge:
    """A way from one node to another. `kind` is `assume`, `take-over`, `pass`, `host`, `trust` (from
    outside) or `any` (out of a hub); `sure` is False where it hangs on a condition or on something that
    these files do not tell. `uses` are the caller's statements, `trust` the statement of the role that
    lets it in."""

    source: Node
    target: Node
    kind: str
    paths: tuple[str, ...]
    titles: tuple[str, ...]
    sure: bool
    uses: tuple[Use, ...] = ()
    trust: Admission | None = None


@record(eq=False)
class Standing:
    """What a principal can do to its own rights: the statement that makes it an administrator outright, or
    else the open paths, and the way in which it can make itself one."""

    rights: Rights
    outright: tuple[Held, HeldPolicy] | None
    paths: tuple[FoundPath, ...]
    by_path: FoundPath | None

    @property
    def administrator(self) -> bool:
        """Whether it has every right or can give it to itself, for sure."""
        return self.outright is not None or self.by_path is not None


def standing_of(holder: Holder, directory: Directory | None) -> Standing:
    """Return what a principal can do to its own rights."""
    rights = Rights(holder, directory)
    outright = rights.administrator
    paths = () if outright is not None else tuple(rights.paths())
    by_path = next(
        (one for one in paths if one.path.gain == "admin" and one.certainty is Certainty.HIGH), None
    )
    return Standing(rights, outright, paths, by_path)


def key_of(holder: Holder) -> str:
    """Return the key of a principal's node."""
    return f"{holder.unit}#{holder.address}"


class Graph:
    """The nodes by key, in the order of the files, with their edges."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}

    def of(self, holder: Holder) -> Node | None:
        """Return the node of a principal."""
        return self.nodes.get(key_of(holder))

    def node(self, key: str, kind: str, label: str) -> Node:
        """Return the node of a key, made when it is new."""
        found = self.nodes.get(key)
        if found is None:
            found = self.nodes[key] = Node(key, kind, label)
        return found

    def edges(self) -> Iterator[Edge]:
        """Yield all edges, in the order of their sources."""
        for node in self.nodes.values():
            yield from node.edges

    def chain(self, node: Node) -> list[Edge]:
        """Return the steps from a node to an administrator, hubs included; none for one that is or has
        no way. Of a chain longer than anybody reads, the first."""
        steps: list[Edge] = []
        while node.step is not None and len(steps) < _LONGEST_CHAIN:
            steps.append(node.step)
            node = node.step.target
        return steps


_Met = TypeVar("_Met")


def build_graph(directory: Directory, accounts: AbstractSet[str] = frozenset()) -> Graph:
    """Return the graph of all principals. `accounts` are the user's own: their roots are not outside."""
    return _Builder(directory, accounts).build()


class _Builder:
    def __init__(self, directory: Directory, accounts: AbstractSet[str]) -> None:
        self._directory = directory
        self._accounts = accounts
        self._graph = Graph()
        self._node_of: dict[int, Node] = {}
        self._admitting: dict[int, Admission] = {}
        """How roles let in every principal of the account that may assume roles."""
        self._passable: dict[str, list[tuple[Holder, Admission]]] = {}
        """By the key of a hub, the roles behind it."""
        self._units: dict[tuple[str, str], list[Holder]] = {}
        self._merged: dict[tuple[str, str, str, bool], Edge] = {}
        self._assume = next(path for path in escalation_table().paths if path.id == "sts-001")

    def build(self) -> Graph:
        for holder in self._directory.holders:
            node = self._graph.node(key_of(holder), holder.kind, holder.label)
            node.holder = holder
            node.standing = standing_of(holder, self._directory)
            self._node_of[id(holder)] = node
            self._units.setdefault((holder.unit, holder.kind), []).append(holder)
        for holder in self._directory.holders:
            if holder.kind == "role":
                self._trusts(holder)
        for holder in self._directory.holders:
            node = self._node_of[id(holder)]
            assert node.standing is not None  # INVARIANT: set above
            if not node.standing.administrator and node.standing.rights.mask:
                self._assumes(node, node.standing.rights)
                for found in node.standing.paths:
                    self._follow(node, found, node.standing.rights)
        self._measure()
        return self._graph

    # Edges from trust policies

    def _trusts(self, role: Holder) -> None:
        for admission in admissions(role, self._directory):
            self._trusted(role, admission)

    def _trusted(self, role: Holder, admission: Admission) -> None:
        who = admission.who
        target = self._node_of[id(role)]
        own = admission.open or (
            who.kind is PartyKind.ACCOUNT and who.account is not None and who.account in self._accounts
        )
        if own:
            known = self._admitting.get(id(role))
            if known is None or (admission.sure and not known.sure):
                self._admitting[id(role)] = admission
        if own and who.kind is PartyKind.ACCOUNT:
            return
        caller = admission.caller
        if caller is not None:
            if caller is not role:
                self._admitted(caller, role, admission)
            return
        kind, label = _outside(who)
        outside = self._graph.node(f"{kind}:{label}", kind, label)
        self._edge(outside, target, "trust", None, sure=admission.sure, trust=admission)

    def _admitted(self, caller: Holder, role: Holder, admission: Admission) -> None:
        """Add the edge from a principal that a role names: it needs no right of its own, yet what is denied
        to it, or to a role beyond its boundary, stays so."""
        source = self._node_of[id(caller)]
        assert source.standing is not None  # INVARIANT: set for all principals first
        left = source.standing.rights.left_to_assume(role)
        if left is not State.CLOSED:
            sure = admission.sure and left is State.OPEN
            self._edge(source, self._node_of[id(role)], "assume", self._assume, sure=sure, trust=admission)

    # Edges from what principals hold

    def _assumes(self, node: Node, rights: Rights) -> None:
        step = self._assume.steps[0]
        if not step.mask & rights.mask:
            return
        for use in rights.uses(step, ()):
            for role in self._each(use.targets, rights):
                admission = self._admitting.get(id(role))
                if admission is not None and role is not node.holder:
                    self._sole(
                        node, role, "assume", self._assume, use, (use,), admission, sure=admission.sure
                    )
            if use.aim is not Aim.ANY:
                continue
            hub = self._assumable(rights)
            if hub is not None and rights.spares(use.action):
                for role, admission in self._each(self._passable[hub.key], rights):
                    self._sole(
                        node, role, "assume", self._assume, use, (use,), admission, sure=admission.sure
                    )
            elif hub is not None:
                self._edge(node, hub, "assume", self._assume, sure=not use.conditional, uses=(use,))

    def _assumable(self, rights: Rights) -> Node | None:
        def find(role: Holder) -> Admission | None:
            return self._admitting.get(id(role))

        return self._hub("assume", "any role that trusts the account", find, rights)

    def _hub(
        self, word: str, label: str, find: Callable[[Holder], Admission | None], rights: Rights
    ) -> Node | None:
        """Return the node that stands for any of the roles of a unit that `find` finds; None without one.
        It is the same for all who ask, so they are looked for once."""
        unit = rights.holder.unit
        key = f"{unit}#hub:{word}"
        roles = self._passable.get(key)
        if roles is None:
            roles = self._passable[key] = [
                (role, admission)
                for role in self._units.get((unit, "role"), ())
                if (admission := find(role)) is not None
            ]
            if roles:
                hub = self._graph.node(key, "hub", label)
                for role, admission in roles:
                    target = self._node_of[id(role)]
                    self._edge(hub, target, "any", None, sure=admission.sure, trust=admission)
        return self._graph.nodes.get(key)

    def _each(self, found: Sequence[_Met], rights: Rights) -> Sequence[_Met]:
        """Return what is found, unless so much has been followed by now that the rest is left out."""
        self._directory.visits -= len(found)
        if self._directory.visits >= 0 or len(found) <= _FEW:
            return found
        rights.exhausted = True
        return found[:_FEW]

    def _sole(
        self,
        node: Node,
        other: Holder,
        kind: str,
        path: EscalationPath,
        use: Use,
        uses: tuple[Use, ...],
        admission: Admission | None = None,
        *,
        sure: bool,
    ) -> None:
        """Add the edge to one principal, unless a Deny is about just that one."""
        assert node.standing is not None  # INVARIANT: set for all principals first
        left = node.standing.rights.left_on(use.action, other)
        if left is not State.CLOSED and other is not node.holder:
            sure = sure and left is State.OPEN and not use.conditional
            self._edge(node, self._node_of[id(other)], kind, path, sure=sure, uses=uses, trust=admission)

    def _follow(self, node: Node, found: FoundPath, rights: Rights) -> None:
        path = found.path
        if path.retired or path.gain not in {"role", "user", "group"}:
            return
        if path.category == "new-passrole":
            passing = next((step for step in path.steps if step.target == "role-to-pass"), None)
            if passing is not None:
                self._hand_over(node, found, passing, rights)
        elif path.category == "principal-access" or (path.gain == "group" and node.kind == "user"):
            for step in path.steps:
                kind = _TAKEN.get(step.target)
                if kind is not None and path is not self._assume:
                    self._take_over(node, found, step, kind, rights)
        elif path.category == "existing-passrole":
            self._host(node, found, rights)

    def _hand_over(self, node: Node, found: FoundPath, step: Step, rights: Rights) -> None:
        path = found.path
        others = [use for use in found.uses if use.action != "iam:PassRole"]
        rest = not any(use.conditional for use in others)
        for use in rights.uses(step, path.services):
            sure = rest and not use.conditional
            services = services_left(use.held.statement, path.services)
            for role in self._each(use.targets, rights):
                admission = trusting_services(role, self._directory, services)
                if admission is not None:
                    self._sole(node, role, "pass", path, use, (use, *others), sure=rest and admission.sure)
            if use.aim is Aim.ANY:
                self._any_of_services(node, "pass", path, services, (use, *others), rights, sure=sure)

    def _host(self, node: Node, found: FoundPath, rights: Rights) -> None:
        """Add the way to every role of the service, unsure: which of them is hosted is not said."""
        if found.certainty is Certainty.HIGH:
            self._any_of_services(node, "host", found.path, found.path.hosts, found.uses, rights, sure=False)

    def _any_of_services(
        self,
        node: Node,
        kind: str,
        path: EscalationPath,
        services: Sequence[str],
        uses: tuple[Use, ...],
        rights: Rights,
        *,
        sure: bool,
    ) -> None:
        def find(role: Holder) -> Admission | None:
            return trusting_services(role, self._directory, services)

        hub = self._hub(",".join(services), f"any role that {' or '.join(services)} may have", find, rights)
        if hub is not None and rights.spares(uses[0].action):
            for role, admission in self._each(self._passable[hub.key], rights):
                self._sole(node, role, kind, path, uses[0], uses, sure=sure and admission.sure)
        elif hub is not None:
            self._edge(node, hub, kind, path, sure=sure, uses=uses)

    def _take_over(self, node: Node, found: FoundPath, step: Step, kind: str, rights: Rights) -> None:
        for use in rights.uses(step, ()):
            alone = len(found.path.steps) == 1
            uses = (use,) if alone else found.uses
            sure = not use.conditional and (alone or found.certainty is not Certainty.MEDIUM)
            for other in self._each(use.targets, rights):
                if other.kind == kind:
                    self._sole(node, other, "take-over", found.path, use, uses, sure=sure)
            if use.aim is Aim.ANY and rights.spares(use.action):
                for other in self._each(self._units.get((rights.holder.unit, kind), ()), rights):
                    self._sole(node, other, "take-over", found.path, use, uses, sure=sure)
            elif use.aim is Aim.ANY:
                unit = rights.holder.unit
                key = f"{unit}#hub:{kind}"
                hub = self._graph.nodes.get(key)
                if hub is None and (unit, kind) in self._units:
                    hub = self._graph.node(key, "hub", f"any {kind}")
                    for other in self._units[unit, kind]:
                        self._edge(hub, self._node_of[id(other)], "any", None, sure=True)
                if hub is not None:
                    self._edge(node, hub, "take-over", found.path, sure=sure, uses=uses)

    def _edge(
        self,
        source: Node,
        target: Node,
        kind: str,
        path: EscalationPath | None,
        *,
        sure: bool,
        uses: tuple[Use, ...] = (),
        trust: Admission | None = None,
    ) -> None:
        """Add an edge; ways of one kind between two nodes are one edge with several paths."""
        key = (source.key, target.key, kind, sure)
        known = self._merged.get(key)
        if known is None:
            paths = () if path is None else (path.id,)
            titles = () if path is None else (path.title,)
            edge = Edge(source, target, kind, paths, titles, sure, uses, trust)
            self._merged[key] = edge
            source.edges.append(edge)
        elif path is not None and path.id not in known.paths and path.parent not in known.paths:
            known.paths = (*known.paths, path.id)
            known.titles = (*known.titles, path.title)

    def _measure(self) -> None:
        """Find the shortest sure way of each node to an administrator: breadth first, backwards."""
        into: dict[str, list[Edge]] = {}
        for edge in self._graph.edges():
            if edge.sure:
                into.setdefault(edge.target.key, []).append(edge)
        queue: deque[Node] = deque()
        for node in self._graph.nodes.values():
            if node.standing is not None and node.standing.administrator:
                node.distance, node.end = 0, node
                queue.append(node)
        while queue:
            node = queue.popleft()
            assert node.distance is not None  # INVARIANT: only nodes with a distance are queued
            for edge in into.get(node.key, ()):
                source = edge.source
                if source.distance is None:
                    # A hub is no step of its own.
                    source.distance = node.distance + (source.kind != "hub")
                    source.step, source.end = edge, node.end
                    (queue.append if source.kind != "hub" else queue.appendleft)(source)


_LONGEST_CHAIN = 24
_FEW = 3
_TAKEN = {"other-user": "user", "other-role": "role", "other-group": "group"}


def _outside(who: Party) -> tuple[str, str]:
    """Return kind and label of the node for a principal that these files do not hold."""
    shown = str(who.principal.value)
    if who.kind is PartyKind.EVERYBODY:
        return "anyone", "anyone"
    if who.kind is PartyKind.SERVICE:
        return "service", shown
    if who.kind is PartyKind.FEDERATED:
        return "provider", shown.rpartition(":oidc-provider/")[2].rpartition(":saml-provider/")[2] or shown
    if who.kind is PartyKind.ACCOUNT and who.account is not None:
        return "account", f"account {who.account}"
    return "account" if who.kind is PartyKind.ACCOUNT else "outside", shown
