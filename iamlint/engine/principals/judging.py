"""Rules meet principals: the last step of a run, when all files have been read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from iamlint.engine.checks import CHECKS
from iamlint.engine.judge import make_finding
from iamlint.engine.principals.escalation import Certainty
from iamlint.engine.principals.facts import policy_held
from iamlint.engine.principals.graph import Graph, Node, standing_of
from iamlint.engine.principals.joining import Directory, lone_holder
from iamlint.engine.principals.subject import FarPlace, PrincipalMatch, PrincipalSubject
from iamlint.engine.rule import Profile, Rule
from iamlint.engine.subject import Match, Settings
from iamlint.model import (
    Diagnostic,
    Finding,
    Policy,
    PolicyKey,
    PolicyKind,
    PolicyReference,
    Related,
    json_pointer,
)
from iamlint.record import replace

__all__ = ["PrincipalJudge", "Told"]

Told = Mapping[PolicyKey, AbstractSet[str]]
"""The escalation paths that findings about a policy name already."""

_ALONE = frozenset({PolicyKind.IDENTITY, PolicyKind.PERMISSION_SET})


class PrincipalJudge:
    """The enabled rules about principals. In the profile `audit` a rule tells also what findings about single
    policies have told."""

    def __init__(self, rules: Iterable[Rule], settings: Settings, profile: Profile) -> None:
        self._rules = [rule for rule in rules if CHECKS[rule.check].target == "principal"]
        self._settings = settings
        self._tells_chains = any(rule.check == "principal-reaches-administrator" for rule in self._rules)
        self._leave_out = profile is not Profile.AUDIT

    @property
    def idle(self) -> bool:
        """Whether there is no rule to run."""
        return not self._rules

    def alone(self, policy: Policy, told: AbstractSet[str]) -> Iterator[Finding | Diagnostic]:
        """Yield what the rules say about whoever holds a policy that these files give to nobody."""
        if policy.kind not in _ALONE:
            return
        held = policy_held(policy)
        if not held.statements:
            return
        holder = lone_holder(held)
        standing = standing_of(holder, None)
        if standing.paths:
            known = frozenset(told) if self._leave_out else frozenset()
            subject = PrincipalSubject(holder, standing, self._settings, known)
            yield from self._findings([subject])

    @property
    def accounts(self) -> AbstractSet[str]:
        """The user's own accounts."""
        return self._settings.accounts

    def judge(self, directory: Directory, graph: Graph, told: Told) -> Iterator[Finding | Diagnostic]:
        """Yield what the rules say about all principals."""
        yield from self._findings(self._subjects(directory, graph, told))

    def _subjects(self, directory: Directory, graph: Graph, told: Told) -> Iterator[PrincipalSubject]:
        for holder in directory.holders:
            node = graph.of(holder)
            if node is None or node.standing is None or not node.standing.rights.mask:
                if node is not None and node.standing is not None and node.distance:
                    yield self._subject(node, directory, graph, frozenset())
                continue
            known: frozenset[str] = frozenset()
            if self._leave_out:
                known = frozenset(path for policy in holder.policies for path in told.get(policy.key, ()))
                if self._tells_chains and node.step is not None:
                    known |= frozenset(node.step.paths)
            yield self._subject(node, directory, graph, known)

    def _subject(
        self, node: Node, directory: Directory, graph: Graph, known: frozenset[str]
    ) -> PrincipalSubject:
        assert node.holder is not None  # INVARIANT: nodes of principals have both
        assert node.standing is not None  # INVARIANT: as above
        step = node.step
        chained = step is not None and any(
            one.path.id in step.paths and one.certainty is Certainty.HIGH for one in node.standing.paths
        )
        return PrincipalSubject(
            node.holder,
            node.standing,
            self._settings,
            known,
            directory,
            node,
            graph,
            chained and self._leave_out,
        )

    def _findings(self, subjects: Iterable[PrincipalSubject]) -> Iterator[Finding | Diagnostic]:
        merged: dict[tuple[str, object], tuple[Rule, list[PrincipalMatch], dict[str, None]]] = {}
        number = 0
        crowded: set[str] = set()
        for subject in subjects:
            if subject.standing.rights.exhausted:
                diagnostic = _too_much(subject)
                if diagnostic.path not in crowded:
                    crowded.add(diagnostic.path)
                    yield diagnostic
            for rule in self._rules:
                try:
                    check: Callable[..., Iterator[PrincipalMatch]] = CHECKS[rule.check].load()  # type: ignore[assignment]  # as its target says
                    found = list(check(subject, rule.params))
                except Exception as error:  # noqa: BLE001 -- as in Judge: a rule that raises must not hide the others
                    path = subject.holder.policies[0].document.path if subject.holder.policies else ""
                    message = f"rule {rule.id} failed ({type(error).__name__}: {error}); please report this"
                    yield Diagnostic(path, "rule-failed", message, fatal=True)
                    continue
                for match in found:
                    number += 1
                    key = (rule.id, number if match.merge is None else match.merge)
                    label = subject.holder.label
                    merged.setdefault(key, (rule, [], {}))[1].append(match)
                    merged[key][2][label] = None
        for rule, matches, labels in merged.values():
            yield _finding(rule, _together(matches), list(labels))


def _together(matches: Sequence[PrincipalMatch]) -> PrincipalMatch:
    """Return one match for one fault of several principals: that of the most paths, with the paths of all."""
    most = max(matches, key=lambda one: len(_paths(one)))
    paths = list(dict.fromkeys(path for one in (most, *matches) for path in _paths(one)))
    return replace(most, properties={**most.properties, "paths": paths}) if paths else most


def _paths(match: PrincipalMatch) -> Sequence[str]:
    paths = match.properties.get("paths")
    return paths if isinstance(paths, list) else ()


def _too_much(subject: PrincipalSubject) -> Diagnostic:
    holder = subject.holder
    path = holder.policies[0].document.path if holder.policies else ""
    message = f"{holder.label} holds more statements than are weighed together: some ways may be missing"
    return Diagnostic(path, "too-many-statements", message, owner=holder.address or None)


def _finding(rule: Rule, match: PrincipalMatch, labels: list[str]) -> Finding:
    """Return the finding; one fault of several principals names them all."""
    from iamlint.engine.judge import listed

    policy = match.policy
    words = {**match.words, "principal": listed(labels, 3)}
    properties = dict(match.properties)
    if len(labels) > 1:
        properties["principals"] = labels
    inner = Match(
        place=match.pointer,
        evidence=match.evidence,
        words={
            name: text[:1].upper() + text[1:] if rule.message.startswith(f"{{{name}}}") else text
            for name, text in words.items()
        },
        notes=match.notes,
        properties=properties,
    )
    owner, document = policy.owner, policy.document if match.statement is None else match.statement.document
    start = policy.pointer
    if match.owner is not None and match.place is not None:
        owner, document, start = match.owner, match.place.document, match.owner.pointer
    if match.pointer[: len(start)] != start or policy.managed:
        start = owner.pointer
    on_policy = match.owner is None and not policy.managed
    finding = make_finding(
        rule,
        inner,
        match.statement,
        document=document,
        reference=PolicyReference(policy.kind.value, owner.address, owner.type, policy.location, policy.name)
        if on_policy
        else PolicyReference(None, owner.address, owner.type),
        pointer=json_pointer(match.pointer[len(start) :]),
        parts=(policy.kind.value, owner.address, policy.location, labels[0]),
    )
    return replace(
        finding,
        related=tuple(map(_related, match.related)),
        flow=tuple(map(_related, match.flow)),
        help=match.help or finding.help,
    )


def _related(place: FarPlace) -> Related:
    return Related(place.document.span(place.pointer), place.note)
