"""The questions that the algebra answers: comparison, equality, grants. Sections 11, 12 and 14."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iamlint.model import Hole, Policy, PolicyKind, Statement, Value, json_pointer
from iamlint.record import record, replace
from iamlint.semantics.algebra.asking import Answer, Assumptions, Found, Limit, Question, ask, with_reading
from iamlint.semantics.algebra.boxes import NO_KEYS, Box
from iamlint.semantics.algebra.closing import Filling, closed, fillings, hole_names
from iamlint.semantics.algebra.globs import Budget, BudgetError, TextSet, glob
from iamlint.semantics.algebra.refusals import refusals
from iamlint.semantics.algebra.results import Comparison, Reason, StatementPlace, Verdict
from iamlint.semantics.algebra.space import Reading, Space
from iamlint.semantics.algebra.witnesses import holds_in, prove
from iamlint.semantics.patterns import has_wildcard

__all__ = ["Asked", "answer", "are_equal", "compare", "grants"]

_READINGS = {
    Reading.EMPTY_TEXT: "an empty text counts as an absent key",
    Reading.PARTS: "wildcards stop at the colons of an ARN",
    Reading.AWS_STAR: '{"AWS": "*"} matches no service principals',
    Reading.PARENTS: "NotPrincipal in a Deny spares a caller only if its account and role are listed too",
    Reading.ANY_VALUE: "ForAnyValue with IfExists is false without the key",
}
_UNKNOWN_WHEN_FLIPPED = frozenset({Reading.EMPTY_TEXT, Reading.ANY_VALUE})
_MOST_REASONS = 20


def compare(
    old: Sequence[Policy],
    new: Sequence[Policy],
    *,
    kind: PolicyKind = PolicyKind.IDENTITY,
    assumptions: Assumptions = Assumptions(),  # noqa: B008 -- frozen
    budget: Budget | None = None,
) -> Comparison:
    """Say whether `new` allows any request that `old` does not. The documents of a side count together.

    A budget that is used up makes the answer unknown and names what ran out. Never raises for what
    the policies hold.
    """
    return answer(Question(new, old, kind, assumptions), budget or Budget())


def are_equal(
    one: Sequence[Policy],
    other: Sequence[Policy],
    *,
    kind: PolicyKind = PolicyKind.IDENTITY,
    assumptions: Assumptions = Assumptions(),  # noqa: B008 -- frozen
) -> tuple[Comparison, Comparison]:
    """Compare both ways. The sides allow the same when both answers are `contained`."""
    return (
        compare(one, other, kind=kind, assumptions=assumptions),
        compare(other, one, kind=kind, assumptions=assumptions),
    )


@record
class Asked:
    """Access that is asked for: any of the actions on any of the resources; no patterns at all means
    every action, or every resource."""

    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


class _AskedLimit(Limit):
    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.actions = asked.actions
        self.resources = asked.resources

    def boxes(self, space: Space) -> list[Box]:
        """Return the product of the actions and resources asked for."""
        bits = 0
        for pattern in self._asked.actions or ("*",):
            bits |= space.actions.bits(pattern)
        resource = TextSet()
        if self._asked.resources:
            resource = TextSet((frozenset(map(glob, self._asked.resources)),))
        return [Box(bits, space.callers.everybody, resource, NO_KEYS)]


def grants(
    policies: Sequence[Policy],
    asked: Asked,
    *,
    kind: PolicyKind = PolicyKind.IDENTITY,
    assumptions: Assumptions = Assumptions(),  # noqa: B008 -- frozen
    budget: Budget | None = None,
) -> Comparison:
    """Say whether the policies allow any of the access asked for: `new-access` with a request that is
    allowed, or `contained` when they allow none of it."""
    return answer(Question(policies, (), kind, assumptions, limit=_AskedLimit(asked)), budget or Budget())


def answer(question: Question, budget: Budget, *, prefer_anonymous: bool = False) -> Comparison:
    """Answer a question, with the readings that its answer rests on."""
    refused = list(_refused(question))
    if refused:
        return Comparison(Verdict.UNKNOWN, reasons=tuple(refused[:_MOST_REASONS]))
    try:
        return _answer_at_home(question, budget, prefer_anonymous=prefer_anonymous)
    except BudgetError as error:
        return _exhausted(error.name)


def _exhausted(name: str) -> Comparison:
    return Comparison(Verdict.UNKNOWN, reasons=(Reason("budget", f"the budget of {name} is used up"),))


def _answer_at_home(question: Question, budget: Budget, *, prefer_anonymous: bool) -> Comparison:
    """Answer a question; policies are used in the partition that their ARNs name, so that new access in
    another one is none."""
    result = _answer(question, budget, prefer_anonymous=prefer_anonymous)
    if result.witness is None:
        return result
    fields = result.witness.resource.split(":", 2)
    if len(fields) < 3:
        return result
    partitions = _partitions(question)
    if not partitions or fields[1] in partitions:
        return result
    limited = replace(question, partitions=partitions)
    again = _answer(limited, budget, prefer_anonymous=prefer_anonymous)
    if again.verdict is not Verdict.CONTAINED:
        return again
    named = " or ".join(partitions)
    note = f"assumes that the resources lie in the partition that the ARNs of the policies name: {named}"
    return replace(again, notes=(*again.notes, note))


def _partitions(question: Question) -> tuple[str, ...]:
    """Return the partitions that ARNs of the question name, none where one of them may be any."""
    found: set[str] = set()
    for policy in (*question.new, *question.old):
        for statement in policy.statements or ():
            for value in _arns(statement):
                text = value.text
                if text is None:
                    text = value.parts[0] if isinstance(value.parts[0], str) else ""
                    if text.count(":") < _TO_SERVICE and "arn:".startswith(text[:4]):
                        # What a template leaves open may be the partition.
                        return ()
                found.update(_partition(text))
    for text in question.limit.resources:
        found.update(_partition(text))
    return tuple(sorted(found))


_TO_SERVICE = 2


def _partition(text: str) -> Iterator[str]:
    fields = text.split(":", _TO_SERVICE)
    if len(fields) > _TO_SERVICE and fields[0] == "arn" and fields[1] and not has_wildcard(fields[1]):
        yield fields[1]


def _arns(statement: Statement) -> Iterator[Value]:
    """Yield the values of a statement that may be ARNs of resources or principals."""
    yield from statement.resources or ()
    yield from statement.not_resources or ()
    for principal in (*(statement.principals or ()), *(statement.not_principals or ())):
        if principal.value.text is not None:
            yield principal.value


def _answer(question: Question, budget: Budget, *, prefer_anonymous: bool) -> Comparison:
    first = ask(question, budget)
    result = _written(question, first, budget, prefer_anonymous=prefer_anonymous)
    if result.verdict is Verdict.UNKNOWN:
        return result
    for reading in sorted(first.touched, key=lambda one: one.value):
        shown = result.witness
        if shown is not None and holds_in(reading, shown, question.new, question.old, question.kind):
            continue
        other = ask(with_reading(question, reading), budget, first.space)
        if other.exhausted:
            return _exhausted(other.exhausted)
        verdict = _verdict(other)
        if verdict is result.verdict:
            continue
        words = f"{reading.value}: the answer is {verdict} where {_READINGS[reading]}"
        if reading in _UNKNOWN_WHEN_FLIPPED:
            return replace(
                result,
                verdict=Verdict.UNKNOWN,
                witness=None,
                reasons=(Reason(reading.value, f"{words}, else {result.verdict}"),),
            )
        result = replace(result, notes=(*result.notes, words))
    return result


def _verdict(found: Answer) -> Verdict:
    if found.found is not None:
        return Verdict.NEW_ACCESS
    return Verdict.CONTAINED if found.proved else Verdict.UNKNOWN


def _written(question: Question, found: Answer, budget: Budget, *, prefer_anonymous: bool) -> Comparison:
    notes = tuple(f"assumes that every request has {key}" for key in _spelled(question, found.present))
    if found.exhausted:
        return _exhausted(found.exhausted)
    if found.proved:
        if question.assumptions.whole_numbers:
            notes = (*notes, "assumes that numbers are whole")
        notes = (*notes, *_open_notes(found))
        return Comparison(Verdict.CONTAINED, notes=notes)
    if found.found is None:
        return Comparison(Verdict.UNKNOWN, notes=notes, reasons=tuple(_reasons(question, found)))
    request = found.found
    if request.names_holes:
        return _filled(question, found, request, budget, notes, prefer_anonymous=prefer_anonymous)
    shown = prove(
        request, question.new, question.old, question.kind, budget, prefer_anonymous=prefer_anonymous
    )
    if shown is None:
        open_ones = tuple(reason for reason in _reasons(question, found) if reason.code == "template")
        if open_ones:
            # Closed against the claim the documents say less than the algebra knows of them.
            return Comparison(Verdict.UNKNOWN, notes=notes, reasons=open_ones)
        reason = Reason("replay-mismatch", "the evaluator does not confirm the request that was found")
        return Comparison(Verdict.UNKNOWN, notes=notes, reasons=(reason,))
    if request.future:
        notes = (*notes, "future actions only: the request is about an action that AWS does not have today")
    notes = (*notes, *_whatever(found))
    return Comparison(
        Verdict.NEW_ACCESS,
        witness=shown.witness,
        notes=(*notes, *shown.notes),
        allowed_by=_place(question, request.allowed_by)[1],
        no_longer_denied_by=None if request.denied_by is None else _place(question, request.denied_by)[1],
        future_only=request.future,
    )


def _filled(
    question: Question,
    found: Answer,
    request: Found,
    budget: Budget,
    notes: tuple[str, ...],
    *,
    prefer_anonymous: bool,
) -> Comparison:
    """Return the answer where a request names what a template leaves open: the same question is asked
    with two different fillings, and both have to confirm it."""
    policies = (*question.new, *question.old)
    shown: Comparison | None = None
    tried = fillings(policies)
    for filling in reversed(tried):
        new = closed(question.new, is_new=True, filling=filling)
        old = closed(question.old, is_new=False, filling=filling)
        again = replace(question, new=new, old=old, limit=question.limit.about(new))
        answered = ask(again, budget)
        shown = _written(again, answered, budget, prefer_anonymous=prefer_anonymous)
        if shown.verdict is not Verdict.NEW_ACCESS:
            if answered.exhausted:
                return _exhausted(answered.exhausted)
            reasons = tuple(reason for reason in _reasons(question, found) if reason.code == "template")
            return Comparison(Verdict.UNKNOWN, notes=notes, reasons=reasons or shown.reasons)
    assert shown is not None
    named = [f"{text} for {hole}" for hole, text in _shown_holes(policies, tried[0], shown)]
    whatever = (
        "holds whatever the template leaves open, as long as that is the same wherever it is named and holds "
        "no wildcard"
    )
    if named:
        whatever += f"; the request puts {', '.join(named)}"
    return replace(
        shown,
        notes=(*dict.fromkeys((*notes, *shown.notes)), whatever),
        allowed_by=_place(question, request.allowed_by)[1],
        no_longer_denied_by=None if request.denied_by is None else _place(question, request.denied_by)[1],
        future_only=request.future,
    )


def _shown_holes(
    policies: Sequence[Policy], filling: Filling, shown: Comparison
) -> Iterator[tuple[Hole, str]]:
    """Yield the holes whose filling a request holds, each with it."""
    witness = shown.witness
    assert witness is not None
    for name, holes in hole_names(policies).items():
        text = filling[name]
        if text in witness.resource or any(text in value for _, value in witness.keys):
            yield holes[0], text


def _whatever(found: Answer) -> Iterator[str]:
    """Yield that a proof of new access does not rest on what a template leaves open."""
    if any(doubt.code == "template" for doubt in found.doubts):
        yield "holds whatever the template leaves open"


def _open_notes(found: Answer) -> Iterator[str]:
    """Yield what a proof rests on where a template leaves something open (section 12.7)."""
    named = dict.fromkeys(doubt.what for doubt in found.doubts if doubt.code == "template")
    for what in named:
        yield f"assumes that what the template leaves open is the same wherever it is named: {what}"


def _spelled(question: Question, keys: frozenset[str]) -> Iterator[str]:
    spelling = {
        condition.key.lower(): condition.key
        for policy in (*question.new, *question.old)
        for statement in policy.statements or ()
        for condition in statement.conditions
    }
    for key in sorted(keys):
        yield spelling.get(key, key)


def _place(question: Question, source: int) -> tuple[str, StatementPlace]:
    """Return the side and the position of the statement that is number `source` of all."""
    for side, policies in (("new", question.new), ("old", question.old)):
        for document, policy in enumerate(policies):
            count = len(policy.statements or ())
            if source < count:
                return side, StatementPlace(document, source)
            source -= count
    raise IndexError(source)


def _refused(question: Question) -> Iterator[Reason]:
    for side, policies in (("new", question.new), ("old", question.old)):
        for document, policy in enumerate(policies):
            for pointer, message in refusals(policy, question.kind):
                yield Reason("malformed", message, side, document, pointer)
            if policy.statements is None and not policy.faults:
                yield Reason("template", "the statements cannot be read", side, document)


def _reasons(question: Question, found: Answer) -> Iterator[Reason]:
    for doubt in found.doubts[:_MOST_REASONS]:
        side, place = _place(question, doubt.source)
        policy = (question.new if side == "new" else question.old)[place.document]
        assert policy.statements is not None  # the doubt is about one of them
        pointer = policy.statements[place.index].pointer[len(policy.pointer) :]
        yield Reason(doubt.code, doubt.what, side, place.document, json_pointer(pointer))
