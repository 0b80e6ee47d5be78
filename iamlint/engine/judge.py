"""Rules meet policies: dispatch, readings, overlap, findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from iamlint.engine.checks import CHECKS, CheckFunction, Target
from iamlint.engine.checks.spec import Question
from iamlint.engine.fingerprint import StatementKeys, fingerprint, grant_parts, place_of, policy_parts
from iamlint.engine.rule import WORD, Profile, Rule
from iamlint.engine.subject import (
    FAULT,
    REMARK,
    GrantSubject,
    Match,
    PolicySubject,
    Settings,
    StatementSubject,
    Unit,
    features_of,
    statement_label,
)
from iamlint.model import (
    Advice,
    BrokenFile,
    Diagnostic,
    Document,
    Extraction,
    Finding,
    Grant,
    HasSurroundings,
    Pointer,
    Policy,
    PolicyKind,
    PolicyReference,
    Related,
    Span,
    Statement,
    Value,
    json_pointer,
)
from iamlint.record import record, replace
from iamlint.semantics.branches import readings

__all__ = ["Judge", "file_finding", "listed", "make_finding", "with_ordinals"]


class _Entry:
    """One enabled rule in the dispatch table; its check is imported when it first could fire."""

    __slots__ = ("asks", "fact", "mask", "params", "rule", "run", "wanted")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.params = rule.params
        self.mask = CHECKS[rule.check].mask
        self.asks: Question | None = None
        self.fact = ""
        self.wanted = 0
        self.run: CheckFunction = self._first_run

    def _first_run(self, subject: object, params: Mapping[str, object]) -> Iterator[Match]:
        spec = CHECKS[self.rule.check]
        self.run = spec.load()
        gate = spec.load_gate(params)
        if callable(gate):
            self.asks = gate
        elif gate is not None:
            self.fact, self.wanted = gate.fact, gate.actions
        return self.run(subject, params)


@record
class _Hit:
    """A match with the rule that it broke and what it is about."""

    rule: Rule
    match: Match
    statement: Statement | None
    notes: tuple[str, ...]


class Judge:
    """The enabled rules, ready to run over extractions.

    `profile` decides about overlap: in `audit` every rule reports, else one fault is one finding.
    Where no report shows advice, `advising` spares its making.
    """

    def __init__(
        self, rules: Iterable[Rule], settings: Settings, profile: Profile, *, advising: bool = True
    ) -> None:
        self._settings = settings
        self._advising = advising
        self._remove_covered = profile is not Profile.AUDIT
        self._tables: dict[tuple[Target, str, tuple[str, ...]], list[_Entry]] = {}
        self._statement_tables: dict[tuple[str, tuple[str, ...]], dict[int, list[_Entry]]] = {}
        self._entries: list[_Entry] = []
        self._covering: dict[str, set[str]] = {}
        for rule in rules:
            self._entries.append(_Entry(rule))
            for name in rule.covers:
                self._covering.setdefault(name, set()).add(rule.id)

    def judge(self, extraction: Extraction) -> Iterator[Finding | Diagnostic]:
        """Yield what the rules say about one extraction, and its diagnostics, in no set order."""
        yield from extraction.diagnostics
        for broken in extraction.broken:
            yield from self._broken(broken)
        # What stands beside a policy or a grant is of the same program: addresses are unique in one only.
        for part in extraction.parts or (extraction,):
            unit = Unit(part)
            for policy in part.policies:
                for item in self.matches(policy, unit):
                    yield item if isinstance(item, Diagnostic) else item[0]
            for grant in part.grants:
                yield from self._grant(grant, unit)

    def _table(self, target: Target, kind: str, on: tuple[str, ...]) -> list[_Entry]:
        """Return the rules that look at such a thing.

        A policy whose place is unknown (a bare document) is judged by the rules of every place; a
        grant only by those of its own.
        """
        table = self._tables.get((target, kind, on))
        if table is None:
            anywhere = target != "grant" and not on
            table = [
                entry
                for entry in self._entries
                if CHECKS[entry.rule.check].target == target
                and _looks_at(entry.rule, target, kind)
                and (anywhere or not entry.rule.on or not set(entry.rule.on).isdisjoint(on))
            ]
            self._tables[target, kind, on] = table
        return table

    def _could_fire(
        self, by_features: dict[int, list[_Entry]], features: int, kind: str, on: tuple[str, ...]
    ) -> list[_Entry]:
        """Return the rules that could fire on a statement with such features; few kinds of statements
        make up a repository, so the answer is kept."""
        missing = ~features
        entries = [entry for entry in self._table("statement", kind, on) if not entry.mask & missing]
        by_features[features] = entries
        return entries

    def matches(
        self, policy: Policy, unit: Unit | None = None
    ) -> Iterator[tuple[Finding, Rule, Match] | Diagnostic]:
        """Yield what the rules say about one policy: each finding with its rule and match."""
        subject = PolicySubject(policy, self._settings, unit)
        hits: list[_Hit] = []
        diagnostics: list[Diagnostic] = []
        kind, on = policy.kind.value, policy.on
        has = (FAULT if policy.faults else 0) | (REMARK if policy.remarks else 0)
        by_features = self._statement_tables.setdefault((kind, on), {})
        statements = policy.statements or ()
        kept: list[tuple[_Hit, tuple[Rule, ...]]] = []
        apart = len({statement.pointer for statement in statements}) == len(statements)
        for statement in statements:
            seen: set[tuple[str, Pointer]] = set()
            for reading, assumed in readings(statement):
                view = StatementSubject(subject, reading, features_of(reading), assumed)
                features = view.features
                has |= features
                entries = by_features.get(features)
                if entries is None:
                    entries = self._could_fire(by_features, features, kind, on)
                asked: Question | None = None
                answer = False
                for entry in entries:
                    # The hottest lines of a run: most rules look at a statement and say nothing.
                    wanted = entry.wanted
                    try:
                        if wanted and not wanted & getattr(view, entry.fact):
                            continue
                        asks = entry.asks
                        if asks is not None:
                            # Rules of one family stand together and ask the same.
                            if asks is not asked:
                                answer, asked = asks(view), asks
                            if not answer:
                                continue
                        found = list(entry.run(view, entry.params))
                    except Exception:  # noqa: BLE001 -- told, with what was found before, just below
                        found = self._matches(entry, view, policy.document, diagnostics)
                    for match in found:
                        known = (entry.rule.id, place_of(match.place))
                        if known not in seen:
                            seen.add(known)
                            hits.append(_Hit(entry.rule, match, statement, assumed))
            if apart:
                # What is covered is dropped at once: of many statements it would fill the memory.
                kept.extend(self._without_covered(hits))
                hits.clear()
        for entry in self._table("policy", kind, on):
            if entry.mask & ~has:
                continue
            for match in self._matches(entry, subject, policy.document, diagnostics):
                hits.append(_Hit(entry.rule, match, None, ()))
        yield from diagnostics
        kept.extend(self._without_covered(self._not_yet_told(hits, kept)))
        keys = StatementKeys(policy)
        for hit, covered in kept:
            if hit.rule.advice and self._advising:
                advice, failed = self._advice(hit, policy)
                if failed is not None:
                    yield failed
            else:
                advice = ()
            yield self._finding(hit, covered, policy, keys, advice), hit.rule, hit.match

    def _advice(self, hit: _Hit, subject: Policy | Grant) -> tuple[tuple[Advice, ...], Diagnostic | None]:
        """Return what to write instead; where that fails, the finding stays and the failure is told."""
        from iamlint.engine.advice import Site, advise

        document = hit.statement.document if hit.statement is not None else subject.document
        if not isinstance(document, HasSurroundings):
            return (), None
        services: object = ()
        if isinstance(subject, Policy) and subject.kind is PolicyKind.RESOURCE:
            services = hit.rule.params.get("services")
        named = tuple(map(str, services)) if isinstance(services, list | tuple) else ()
        site = Site(hit.match, subject, hit.statement, document, self._settings, named)
        try:
            return advise(hit.rule, site), None
        except Exception as error:  # noqa: BLE001 -- as for rules
            message = (
                f"the advice of {hit.rule.id} failed ({type(error).__name__}: {error}); please report this"
            )
            return (), Diagnostic(subject.document.path, "advice-failed", message)

    def _not_yet_told(self, hits: list[_Hit], kept: list[tuple[_Hit, tuple[Rule, ...]]]) -> list[_Hit]:
        """Return the hits of a policy without those about a statement which a narrower rule has told; what
        they cover is noted in `kept`."""
        left = []
        for hit in hits:
            about = hit.match.statement
            covering = self._covering.get(hit.rule.name) if self._remove_covered else None
            at = None
            if about is not None and covering:
                at = next((n for n, (other, _) in enumerate(kept) if _tells(other, about, covering)), None)
            if at is None:
                left.append(hit)
            else:
                kept[at] = (kept[at][0], (*kept[at][1], hit.rule))
        return left

    def _grant(self, grant: Grant, unit: Unit) -> Iterator[Finding | Diagnostic]:
        subject = GrantSubject(grant, self._settings, unit)
        hits: list[_Hit] = []
        diagnostics: list[Diagnostic] = []
        for entry in self._table("grant", grant.what, grant.on):
            for match in self._matches(entry, subject, grant.document, diagnostics):
                hits.append(_Hit(entry.rule, match, None, ()))
        yield from diagnostics
        for hit, covered in self._without_covered(hits):
            owner = grant.owner
            place = place_of(hit.match.place)
            advice: tuple[Advice, ...] = ()
            if hit.rule.advice and self._advising:
                advice, failed = self._advice(hit, grant)
                if failed is not None:
                    yield failed
            yield _finding(
                hit,
                covered,
                document=grant.document,
                reference=PolicyReference(None, owner.address, owner.type),
                pointer=json_pointer(place[len(owner.pointer) :]),
                parts=grant_parts(grant, place),
                advice=advice,
            )

    def _broken(self, broken: BrokenFile) -> Iterator[Finding | Diagnostic]:
        for entry in self._table("file", "", ()):
            for match in entry.run(broken, entry.params):
                yield file_finding(entry.rule, match, broken.span)

    def _matches(
        self, entry: _Entry, subject: object, document: Document, diagnostics: list[Diagnostic]
    ) -> list[Match]:
        found: list[Match] = []
        try:
            found.extend(entry.run(subject, entry.params))
        except Exception as error:  # noqa: BLE001 -- the one place: a rule that raises must not hide the others
            message = f"rule {entry.rule.id} failed ({type(error).__name__}: {error}); please report this"
            diagnostics.append(Diagnostic(document.path, "rule-failed", message, fatal=True))
        return found

    def _without_covered(self, hits: list[_Hit]) -> Iterator[tuple[_Hit, tuple[Rule, ...]]]:
        """Yield the hits that stay, each with the rules whose hits of the same fault it covers.

        A fault is a statement, the action items that a match names in it, or the whole policy for
        hits that concern no single statement.
        """
        if not self._remove_covered:
            for hit in hits:
                yield hit, ()
            return
        by_statement: dict[Pointer | None, list[_Hit]] = {}
        for hit in hits:
            by_statement.setdefault(hit.statement.pointer if hit.statement else None, []).append(hit)
        hidden: set[int] = set()
        told: dict[int, dict[str, Rule]] = {}
        for group in by_statement.values():
            by_rule: dict[str, list[_Hit]] = {}
            for hit in group:
                by_rule.setdefault(hit.rule.id, []).append(hit)
            wider = {}
            for name in {found[0].rule.name for found in by_rule.values()}:
                covering = self._covering.get(name)
                if covering is not None and not covering.isdisjoint(by_rule):
                    wider[name] = _Wider(
                        [hit for rule in by_rule if rule in covering for hit in by_rule[rule]]
                    )
            for hit in group:
                found = wider.get(hit.rule.name)
                others = None if found is None else found.told_by(hit.match)
                if others is not None:
                    hidden.add(id(hit))
                    for other in others:
                        told.setdefault(id(other), {})[hit.rule.name] = hit.rule
        for hit in hits:
            if id(hit) not in hidden:
                yield hit, tuple(told.get(id(hit), {}).values())

    def _finding(
        self,
        hit: _Hit,
        covered: tuple[Rule, ...],
        policy: Policy,
        keys: StatementKeys,
        advice: tuple[Advice, ...],
    ) -> Finding:
        owner = policy.owner
        place = place_of(hit.match.place)
        below = place[len(policy.pointer) :] if place[: len(policy.pointer)] == policy.pointer else place
        name = None if policy.name is None else str(policy.name)
        return _finding(
            hit,
            covered,
            document=hit.statement.document if hit.statement is not None else policy.document,
            reference=PolicyReference(policy.kind.value, owner.address, owner.type, policy.location, name),
            pointer=json_pointer(below),
            parts=policy_parts(policy, hit.statement, place, keys),
            advice=advice,
        )


class _Wider:
    """The hits of one group whose rules cover a rule, by the action items that they are about.

    A hostile statement has any number of hits, so they are looked up, never compared one by one.
    """

    def __init__(self, hits: list[_Hit]) -> None:
        self._by_item: dict[Pointer | None, list[_Hit]] = {}
        for hit in hits:
            items: list[Pointer | None] = [value.pointer for value in hit.match.items]
            for item in items or [None]:  # None stands for the whole statement
                self._by_item.setdefault(item, []).append(hit)
        self._every: list[Pointer | None] = list(self._by_item)
        self._returned: set[Pointer | None] = set()

    def told_by(self, match: Match) -> list[_Hit] | None:
        """Return None unless some wider hit is about the whole statement, or each action item of the
        match, if it has any, has one; else the wider hits of the same fault, each once for all matches.
        """
        items: list[Pointer | None] = [value.pointer for value in match.items]
        if not self._by_item:
            return None
        if items and None not in self._by_item and not all(item in self._by_item for item in items):
            return None
        if not items:
            items, self._every = self._every, []
        found: list[_Hit] = []
        for item in (None, *items):
            if item not in self._returned:
                self._returned.add(item)
                found += self._by_item.get(item, ())
        return found


def _tells(hit: _Hit, statement: Statement, rules: set[str]) -> bool:
    """Say whether a hit is one of the rules', at the statement."""
    return hit.rule.id in rules and hit.statement is not None and hit.statement.pointer == statement.pointer


def _applies(rule: Rule, policy: Policy) -> bool:
    return not rule.on or not policy.on or not set(rule.on).isdisjoint(policy.on)


def _looks_at(rule: Rule, target: Target, kind: str) -> bool:
    """Say whether a rule applies to a kind of policy, or to grants with the word `kind`."""
    if target == "grant":
        what = rule.params.get("what")
        return not isinstance(what, list | tuple) or kind in what
    return not kind or not rule.policy_kinds or kind in rule.policy_kinds


def _finding(
    hit: _Hit,
    covered: tuple[Rule, ...],
    *,
    document: Document | None,
    reference: PolicyReference,
    pointer: str,
    parts: tuple[str, ...],
    span: Span | None = None,
    advice: tuple[Advice, ...] = (),
) -> Finding:
    rule, match = hit.rule, hit.match
    if span is None:
        assert document is not None
        span = _span(document, match.place, key_only=match.key_only)
    related = []
    if document is not None:
        related = [Related(_span(document, place), note) for place, note in match.marks]
    aliases = dict.fromkeys(rule.aliases)
    properties = dict(match.properties)
    if covered:
        properties["covers"] = [other.name for other in covered]
        for other in covered:
            aliases.update(dict.fromkeys(other.aliases))
    if rule.pack != "builtin":
        properties["pack"] = rule.pack
    evidence = tuple(sorted(set(match.evidence)))
    return Finding(
        rule_id=rule.id,
        rule_name=rule.name,
        severity=rule.severity,
        confidence=rule.confidence,
        message=_message(hit, reference, evidence),
        primary=span,
        policy=reference,
        pointer=pointer,
        evidence=evidence,
        fingerprint=fingerprint(rule.id, span.path, parts, evidence),
        aliases=tuple(aliases),
        related=tuple(related),
        properties=properties,
        certainty_notes=(*hit.notes, *match.notes),
        help=rule.fix,
        label=match.label,
        advice=advice,
        sid=None if hit.statement is None or hit.statement.sid is None else hit.statement.sid.text,
    )


def make_finding(
    rule: Rule,
    match: Match,
    statement: Statement | None,
    *,
    document: Document,
    reference: PolicyReference,
    pointer: str,
    parts: tuple[str, ...],
) -> Finding:
    """Return the finding of a match that covers no other."""
    hit = _Hit(rule, match, statement, ())
    return _finding(hit, (), document=document, reference=reference, pointer=pointer, parts=parts)


def file_finding(rule: Rule, match: Match, span: Span, owner: str = "$") -> Finding:
    """Return the finding of a match that is about a file and no policy in it."""
    hit = _Hit(rule, match, None, ())
    reference = PolicyReference(None, owner, None)
    return _finding(hit, (), document=None, reference=reference, pointer="", parts=(owner,), span=span)


def _span(document: Document, place: Value | Pointer, *, key_only: bool = False) -> Span:
    pointer = place_of(place)
    return document.key_span(pointer) if key_only else document.span(pointer)


def _message(hit: _Hit, reference: PolicyReference, evidence: tuple[str, ...]) -> str:
    label = "The policy" if hit.statement is None else statement_label(hit.statement)
    words = {
        "statement": label,
        "owner": reference.owner,
        "location": reference.location,
        "evidence": listed(evidence),
        **hit.match.words,
    }
    # One pass, so that braces in a value are never taken for a word.
    return WORD.sub(lambda match: words.get(match[1], match[0]), hit.rule.message)


def listed(values: Iterable[str], most: int = 5) -> str:
    """Return values as people list them: `a, b and c`, or the first few `and 7 more`."""
    items = list(values)
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def with_ordinals(findings: list[Finding]) -> list[Finding]:
    """Return the findings, which are in report order, with repeated fingerprints numbered."""
    from iamlint.engine.fingerprint import number_repeats

    numbered = number_repeats(finding.fingerprint for finding in findings)
    return [
        finding if finding.fingerprint == value else replace(finding, fingerprint=value)
        for finding, value in zip(findings, numbered, strict=True)
    ]
