"""Checks of principals with all that they hold: ways to more rights, alone or over other principals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iamlint.catalog.escalation import escalation_table
from iamlint.engine.judge import listed
from iamlint.engine.principals.escalation import Certainty, FoundPath, Use
from iamlint.engine.principals.facts import Held, HeldPolicy
from iamlint.engine.principals.graph import Edge, Node
from iamlint.engine.principals.reach import Aim
from iamlint.engine.principals.subject import FarPlace, PrincipalMatch, PrincipalSubject
from iamlint.engine.subject import statement_label
from iamlint.model import Pointer

__all__ = ["escalates", "passes_administrator", "reaches_administrator", "runs_privileged"]

_CATEGORIES = frozenset({"self-escalation", "principal-access", "new-passrole"})
_GAINS = {
    "admin": "then every right is open",
    "role": "then it acts with the rights of that role",
    "user": "then it acts as that user",
    "group": "then it has the rights of the group",
    "permission-set": "then it has the rights of the permission set",
}
_MOST_PLACES = 8
_MOST_STEPS = 8


def escalates(subject: PrincipalSubject, params: Mapping[str, object]) -> Iterator[PrincipalMatch]:
    """Find principals whose statements together open ways to more rights, as surely as `grade` says.

    `open` ways hang on nothing and give much; `conditional` ones hang on a condition, or on what a
    pattern takes in, or give less; `possible` ones go through something that these files only name.
    Ways that findings about the policies have told are left out, and those that AWS itself opens to the
    role of a service.
    """
    if subject.standing.outright is not None:
        return
    grade = str(params["grade"])
    found = [
        one
        for one in subject.standing.paths
        if one.path.id not in subject.told
        and one.path.parent not in subject.told
        and not all(use.policy.of_service for use in one.uses)
        and _grade(one) == grade
    ]
    if found:
        yield _escalation(subject, found)


def _grade(found: FoundPath) -> str:
    severity = found.path.severity
    if found.path.retired or severity == "low" or found.certainty is Certainty.LOW:
        return "possible"
    if found.certainty is Certainty.HIGH and severity != "medium" and found.path.category in _CATEGORIES:
        return "open"
    return "conditional"


def _escalation(subject: PrincipalSubject, found: Sequence[FoundPath]) -> PrincipalMatch:
    ids = {one.path.id for one in found}
    main = [one for one in found if one.path.parent not in ids]
    first = main[0]
    uses = _distinct(use for one in main for use in one.uses)
    actions = tuple(dict.fromkeys(use.action for use in uses))
    places = tuple(_place(use, _sentence(use, first)) for use in _distinct(first.uses))
    others = tuple(
        _place(use, f"allows {use.action}") for use in uses if all(use is not other for other in first.uses)
    )
    breaking = _breaking(main)
    words = {
        "principal": subject.holder.label,
        "ways": _ways(main),
        "actions": listed(actions),
        "policies": listed(dict.fromkeys(_policy_label(use.policy) for use in uses)),
    }
    lead = next((use for use in first.uses if use.action == breaking[0].action), first.uses[0])
    return PrincipalMatch(
        policy=lead.policy,
        pointer=_pointer(lead),
        statement=None if lead.policy.managed else lead.held.statement,
        evidence=actions,
        words=words,
        related=_apart((*places, *others), lead)[:_MOST_PLACES],
        notes=tuple(dict.fromkeys(note for one in main for note in one.notes))[:4],
        properties={
            "paths": [one.path.id for one in found],
            "principal": subject.holder.label,
            "steps": {one.path.id: _steps(one) for one in main},
        },
        help=_advice(breaking),
        merge=frozenset(map(_fault, uses)),
    )


def _fault(use: Use) -> object:
    """Return what is the same for one fault of several principals: the statement, or where one of AWS's is
    attached."""
    if use.policy.managed:
        return use.policy.document.path, use.policy.pointer, use.held.index
    return id(use.held.statement)


def _ways(found: Sequence[FoundPath], most: int = 2) -> str:
    shown = [f"{one.path.title[0].lower()}{one.path.title[1:]} ({one.path.id})" for one in found[:most]]
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; or ".join(shown) + more


def _distinct(uses: Iterator[Use] | Sequence[Use]) -> list[Use]:
    """Return the uses, each statement and action once."""
    kept: dict[tuple[int, str], Use] = {}
    for use in uses:
        kept.setdefault((id(use.held.statement), use.action), use)
    return list(kept.values())


def _sentence(use: Use, found: FoundPath) -> str:
    """Return what a step does, in one sentence."""
    path = found.path
    target = next(step.target for step in path.steps if use.action in step.actions)
    named = listed(one.label for one in use.targets) if use.targets else ""
    on = "" if use.value is None else f" on {use.value}"
    if target == "role-to-pass":
        roles = named or ("any role" if use.aim is Aim.ANY else f"the roles{on}")
        return f"iam:PassRole hands {roles} to {' or '.join(path.services)}"
    if target == "new":
        return f"{use.action} works on something new, whose name the caller chooses"
    if target == "self-group":
        return f"{use.action} changes a group that the caller is in"
    if target.startswith("self-"):
        return f"{use.action} changes the caller itself"
    if target.startswith("other-") or target == "assumable-role":
        kind = target.rpartition("-")[2]
        return (
            f"{use.action} reaches {named or (f'any {kind}' if use.aim is Aim.ANY else f'the {kind}s{on}')}"
        )
    if target.startswith("policy-"):
        return f"{use.action} rewrites {'any customer policy' if use.aim is Aim.ANY else 'policies' + on}"
    return f"{use.action} is allowed {'on any resource' if use.aim is Aim.ANY else on.lstrip()}"


def _steps(found: FoundPath) -> list[str]:
    """Return a path in sentences, with where each step is allowed."""
    steps = []
    for use in found.uses:
        label = statement_label(use.held.statement, use.held.index + 1)
        where = f"{label[0].lower()}{label[1:]} of {_policy_label(use.policy)}"
        steps.append(f"{_sentence(use, found)} ({where}).")
    end = _GAINS.get(found.path.gain)
    return [*steps, f"{end[0].upper()}{end[1:]}."] if end else steps


def _breaking(found: Sequence[FoundPath]) -> list[Use]:
    """Return few uses without which none of the paths is open: the smallest change, found greedily."""
    left = list(found)
    chosen: list[Use] = []
    while left:
        counts: dict[str, int] = {}
        for one in left:
            for action in {use.action for use in one.uses}:
                counts[action] = counts.get(action, 0) + 1
        # Of equals the one that is easiest to narrow, which is to pass roles; else the first by name.
        action = min(counts, key=lambda name: (-counts[name], name != "iam:PassRole", name))
        chosen.append(next(use for one in left for use in one.uses if use.action == action))
        left = [one for one in left if all(use.action != action for use in one.uses)]
    return chosen


def _advice(breaking: Sequence[Use], most: int = 3) -> str:
    parts = []
    for use in breaking[:most]:
        label = statement_label(use.held.statement, use.held.index + 1)
        where = f"{label[0].lower()}{label[1:]} of {_policy_label(use.policy)}"
        if use.policy.managed:
            parts.append(f"attach a narrower policy than {use.policy.managed}, without {use.action}")
        elif use.action == "iam:PassRole" and use.aim is Aim.NAMED and use.targets:
            names = listed(one.label for one in use.targets)
            parts.append(f"let {where} pass a role that has fewer rights than {names}, or none")
        elif use.action == "iam:PassRole":
            parts.append(
                f"limit iam:PassRole in {where} to the ARNs of the roles that are meant, and say with "
                "iam:PassedToService for which service"
            )
        elif use.action in _ON_IDENTITIES:
            parts.append(f"take {use.action} out of {where}, or limit it to identities that hold less")
        else:
            parts.append(f"take {use.action} out of {where}, or limit it to the resources that are meant")
    more = f", and {len(breaking) - most} more" if len(breaking) > most else ""
    text = "; ".join(parts) + more
    return f"The smallest change that closes {'this' if len(breaking) == 1 else 'these ways'}: {text}."


_ON_IDENTITIES = frozenset(name for name in escalation_table().names if name.startswith(("iam:", "sts:")))


def _policy_label(policy: HeldPolicy) -> str:
    """Return how messages name a policy."""
    if policy.managed:
        return f"AWS's {policy.managed}"
    if policy.name:
        return f"policy {policy.name}"
    return policy.owner.address.removeprefix("Resources.") if policy.owner.address != "$" else "this policy"


def _pointer(use: Use) -> Pointer:
    """Return where a use is allowed: the entry of Action, the NotAction, or the attachment of a policy of
    AWS."""
    if use.policy.managed:
        return use.policy.pointer
    return _entry(use.held, use.action)


def _entry(held: Held, action: str) -> Pointer:
    statement = held.statement
    table = escalation_table()
    bit = table.bits.get(action, 0)
    for value in statement.actions or ():
        if value.text is not None and (table.mask(value.text) & bit or not bit):
            return value.pointer
    if statement.not_actions:
        return statement.not_actions[0].pointer
    return statement.pointer


def _place(use: Use, note: str) -> FarPlace:
    document = use.policy.document if use.policy.managed else use.held.statement.document
    return FarPlace(document, _pointer(use), note)


def _apart(places: Sequence[FarPlace], lead: Use) -> tuple[FarPlace, ...]:
    """Return the places without that of the finding itself, each once."""
    kept: dict[tuple[str, Pointer], FarPlace] = {}
    for place in places:
        kept.setdefault((place.document.path, place.pointer), place)
    own = _place(lead, "")
    kept.pop((own.document.path, own.pointer), None)
    return tuple(kept.values())


def reaches_administrator(
    subject: PrincipalSubject, params: Mapping[str, object]
) -> Iterator[PrincipalMatch]:
    """Find principals that are no administrator and can become one, in one or more steps."""
    node, graph = subject.node, subject.graph
    if node is None or graph is None or not node.distance:
        return
    chain = graph.chain(node)
    first = chain[0]
    leads = [place for edge in chain for place in _edge_places(edge)]
    lead = _edge_lead(first)
    if lead is None or not leads:
        return
    policy, pointer, held = lead
    end = node.end or chain[-1].target
    hops = [edge for edge in chain if edge.kind != "any"]
    paths = list(dict.fromkeys(path for edge in chain for path in edge.paths))
    steps = [_step(edge, chain[index + 1 :]) for index, edge in enumerate(chain) if edge.kind != "any"]
    yield PrincipalMatch(
        policy=policy,
        pointer=pointer,
        statement=None if policy.managed else held.statement,
        evidence=(subject.holder.label, end.label),
        words={
            "principal": subject.holder.label,
            "administrator": end.label,
            "steps": f"{node.distance} step{'s' if node.distance > 1 else ''}",
            "chain": "; then ".join(steps if len(steps) <= _MOST_STEPS else [*steps[:_MOST_STEPS], "..."]),
        },
        related=tuple(
            one for one in leads if (one.document.path, one.pointer) != (policy.document.path, pointer)
        )[:_MOST_PLACES],
        flow=tuple(leads),
        properties={
            "paths": paths,
            "principal": subject.holder.label,
            **({"covers": ["principal-escalation"]} if subject.chained else {}),
            "chain": [
                subject.holder.label,
                *(edge.target.label for edge in hops if edge.target.kind != "hub"),
                *([end.label] if hops[-1].target.kind == "hub" else []),
            ],
        },
        help=_chain_advice(first),
        merge=(policy.document.path, pointer, tuple(id(edge.target) for edge in chain)),
    )


def _step(edge: Edge, rest: Sequence[Edge]) -> str:
    """Return a step in words; of a hub, with what it leads to next."""
    target = rest[0].target if edge.target.kind == "hub" and rest else edge.target
    if edge.kind == "assume" or not edge.titles:
        return f"it assumes {target.label}"
    return f"it can {edge.titles[0][0].lower()}{edge.titles[0][1:]}, here {target.label} ({edge.paths[0]})"


def _edge_lead(edge: Edge) -> tuple[HeldPolicy, Pointer, Held] | None:
    if edge.uses:
        use = edge.uses[0]
        return use.policy, _pointer(use), use.held
    if edge.trust is not None:
        return edge.trust.policy, edge.trust.principal.value.pointer, edge.trust.held
    return None


def _edge_places(edge: Edge) -> Iterator[FarPlace]:
    for use in edge.uses:
        yield _place(
            use,
            f"{edge.source.label} may {use.action}" if edge.source.kind != "hub" else f"allows {use.action}",
        )
    if edge.trust is not None:
        document = edge.trust.held.statement.document
        yield FarPlace(document, edge.trust.principal.value.pointer, f"{edge.target.label} lets it in")


def _chain_advice(edge: Edge) -> str:
    if edge.uses:
        return _advice([edge.uses[0]])
    return (
        f"Take the principal out of the trust policy of {edge.target.label}, or give that role fewer rights."
    )


def passes_administrator(subject: PrincipalSubject, params: Mapping[str, object]) -> Iterator[PrincipalMatch]:
    """Find iam:PassRole on a role of these files that is an administrator, where no chain tells it."""
    graph, standing = subject.graph, subject.standing
    if graph is None or standing.administrator:
        return
    table = escalation_table()
    step = next(s for path in table.paths for s in path.steps if s.target == "role-to-pass")
    if not step.mask & standing.rights.mask:
        return
    told = {edge.target.key for edge in graph.chain(subject.node)} if subject.node is not None else set()
    for use in standing.rights.uses(step, ()):
        admins = [node for role in use.targets if (node := graph.of(role)) is not None and node.administrator]
        admins = [node for node in admins if node.key not in told]
        if admins and use.value is not None and not use.policy.managed:
            yield _passing(subject, use, admins)


def _passing(subject: PrincipalSubject, use: Use, admins: Sequence[Node]) -> PrincipalMatch:
    assert use.value is not None  # INVARIANT: asked by the caller
    names = listed(node.label for node in admins)
    related = []
    for node in admins[:_MOST_PLACES]:
        reason = _reason(node)
        if reason is not None:
            related.append(reason)
    return PrincipalMatch(
        policy=use.policy,
        pointer=use.value.pointer,
        statement=use.held.statement,
        evidence=(str(use.value), names),
        words={"principal": subject.holder.label, "administrator": names, "resource": str(use.value)},
        related=tuple(related),
        properties={"principal": subject.holder.label, "roles": [node.label for node in admins]},
        merge=(id(use.held.statement), str(use.value)),
    )


def _reason(node: Node) -> FarPlace | None:
    """Return the place that makes a node an administrator."""
    standing = node.standing
    if standing is None:
        return None
    if standing.outright is not None:
        held, policy = standing.outright
        pointer = policy.pointer if policy.managed else _entry(held, "")
        document = policy.document if policy.managed else held.statement.document
        return FarPlace(document, pointer, f"makes {node.label} an administrator")
    if standing.by_path is not None:
        use = standing.by_path.uses[0]
        return _place(use, f"lets {node.label} make itself an administrator ({standing.by_path.path.id})")
    return None


def runs_privileged(subject: PrincipalSubject, params: Mapping[str, object]) -> Iterator[PrincipalMatch]:
    """Find what runs as a role that is an administrator or can surely gain more rights. `types` are the
    resource types that are meant, by a part of their name."""
    types = params["types"]
    assert isinstance(types, list | tuple)
    node = subject.node
    if node is None or node.standing is None or not subject.holder.uses:
        return
    standing = node.standing
    ways = [one for one in standing.paths if _grade(one) == "open"]
    if standing.outright is None and not ways:
        return
    reason = _reason(node)
    policy = standing.outright[1] if standing.outright is not None else ways[0].uses[0].policy
    holds = (
        "every right in the account"
        if standing.administrator
        else f"a way to more rights ({ways[0].path.id})"
    )
    for use in subject.holder.uses:
        kind = (use.owner.type or "").lower().replace("_", "").replace(":", "")
        if any(word in kind for word in types):
            yield PrincipalMatch(
                policy=policy,
                pointer=use.pointer,
                evidence=(use.owner.address, subject.holder.label),
                words={
                    "principal": subject.holder.label,
                    "resource": use.owner.address.removeprefix("Resources."),
                    "rights": holds,
                },
                related=() if reason is None else (reason,),
                place=FarPlace(use.document, use.pointer, ""),
                owner=use.owner,
            )
