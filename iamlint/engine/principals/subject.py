"""A principal under judgement, and a match about one: its places stand in several files."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.principals.facts import HeldPolicy
from iamlint.engine.principals.graph import Graph, Node, Standing
from iamlint.engine.principals.joining import Directory, Holder
from iamlint.engine.subject import Settings
from iamlint.model import Document, Owner, Pointer, Statement
from iamlint.record import field, record

__all__ = ["FarPlace", "PrincipalMatch", "PrincipalSubject"]


@record
class FarPlace:
    """A place in one of the files of a principal, with a note on what it does there."""

    document: Document
    pointer: Pointer
    note: str


@record
class PrincipalMatch:
    """A way in which a principal breaks a rule.

    `policy` and `statement` hold the place at fault, `pointer`; `related` are the others, `flow` the
    steps of a chain in order. `merge` is the same for matches about several principals that are one
    fault: the first is reported and names the others. `help` is the advice, where it says more than the
    rule's own. `place` and `owner` are set where the fault stands on something that is no policy.
    """

    policy: HeldPolicy
    pointer: Pointer
    statement: Statement | None = None
    evidence: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    related: tuple[FarPlace, ...] = ()
    flow: tuple[FarPlace, ...] = ()
    notes: tuple[str, ...] = ()
    properties: Mapping[str, object] = field(default_factory=dict)
    help: str = ""
    place: FarPlace | None = None
    owner: Owner | None = None
    merge: object = None


@record
class PrincipalSubject:
    """A principal with all that is known of it.

    `told` are the ids of escalation paths that findings about its policies have told already. `node` and
    `graph` are None for the unknown holder of one policy. `chained` is set when a finding about the
    chain that it begins stands for one about the paths of its first step.
    """

    holder: Holder
    standing: Standing
    settings: Settings
    told: frozenset[str] = frozenset()
    directory: Directory | None = None
    node: Node | None = None
    graph: Graph | None = None
    chained: bool = False
