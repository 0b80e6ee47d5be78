"""Why a decision came out as it did: what each statement says to the request, in words.

Computed on demand from the same weighing that decides, so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from iamlint.model import PolicyKind
from iamlint.record import record
from iamlint.semantics.evaluation.caller import CallerKind
from iamlint.semantics.evaluation.conditions import ConditionTest
from iamlint.semantics.evaluation.decide import Decision, Outcome, Route, Weighed, Weighing, evaluate, weigh
from iamlint.semantics.evaluation.policies import BoundStatement, StatementReference
from iamlint.semantics.evaluation.principals import Via
from iamlint.semantics.evaluation.readings import NotPrincipalScope, Readings
from iamlint.semantics.evaluation.request import Request

__all__ = ["Explanation", "Flip", "GroupReport", "Miss", "StatementReport", "explain", "group_name"]

_SHOWN_VALUES = 5


@record
class Miss:
    """One reason why a statement does not apply: the element (`principal`, `action`, `resource` or
    `condition`), why, and the place in the document (JSON pointer)."""

    element: str
    why: str
    pointer: str


@record
class StatementReport:
    """One statement before the request: whether it applies, whether it is among those that decided, and
    why not. `reaches` says through what a resource policy's statement reaches the caller."""

    reference: StatementReference
    applies: bool
    decided: bool
    reaches: str
    misses: tuple[Miss, ...]


@record
class GroupReport:
    """One kind of policy, or one level of it: its name, its own answer (None where it does not bear on
    the request or is not given), that in words, and its statements."""

    kind: PolicyKind
    level: int | None
    name: str
    outcome: Outcome | None
    summary: str
    statements: tuple[StatementReport, ...]


@record
class Flip:
    """A reading of the documentation under which the answer would be another one."""

    reading: str
    says: str
    outcome: Outcome


@record
class Explanation:
    """The whole story: why, in sentences; each group of policies; what else a reader must know; and the
    readings on which the answer hangs."""

    decision: Decision
    why: tuple[str, ...]
    groups: tuple[GroupReport, ...]
    notes: tuple[str, ...]
    flips: tuple[Flip, ...]


def explain(decision: Decision) -> Explanation:
    """Return why `decision` came out as it did."""
    request, policies, readings = decision.request, decision.policies, decision.readings
    weighing = weigh(request, policies, readings)
    decided = {id(bound) for bound in weighing.decided_by}
    groups = tuple(
        _group(weighed, request, readings, decided, has_boundary=bool(policies.boundary))
        for kind in _ORDER
        for weighed in weighing.groups[kind]
    )
    flips = tuple(
        Flip(name, says, other.outcome)
        for name, says, changed in readings.others()
        if (other := evaluate(request, policies, changed)).outcome is not decision.outcome
    )
    why = tuple(_why(weighing, request))
    return Explanation(decision, why, groups, tuple(_notes(weighing, request, groups)), flips)


_ORDER = (
    PolicyKind.SCP,
    PolicyKind.RCP,
    PolicyKind.ENDPOINT,
    PolicyKind.RESOURCE,
    PolicyKind.IDENTITY,
    PolicyKind.BOUNDARY,
    PolicyKind.SESSION,
)

_NAMES = {
    PolicyKind.IDENTITY: "identity policies",
    PolicyKind.RESOURCE: "resource policy",
    PolicyKind.SCP: "service control policies",
    PolicyKind.RCP: "resource control policies",
    PolicyKind.BOUNDARY: "permissions boundary",
    PolicyKind.SESSION: "session policies",
    PolicyKind.ENDPOINT: "endpoint policy",
}


def group_name(kind: PolicyKind, level: int | None) -> str:
    """Return the name of a group of policies, as people say it."""
    return _NAMES[kind] if level is None else f"{_NAMES[kind]}, level {level}"


# --- the decision in sentences --------------------------------------------------------------------


def _why(weighing: Weighing, request: Request) -> Iterator[str]:
    if weighing.route is Route.ALWAYS:
        yield "sts:GetCallerIdentity needs no permission, and nothing can deny it"
        return
    if weighing.outcome is Outcome.EXPLICITLY_DENIED:
        kinds = dict.fromkeys((one.reference.kind, one.reference.level) for one in weighing.decided_by)
        names = _and([group_name(kind, level) for kind, level in kinds])
        yield f"a Deny in the {names} applies; no Allow can outweigh it"
        return
    if weighing.route is Route.NEVER:
        yield "the resource is AWS's own: no policy can allow a change to it"
        return
    if weighing.outcome is Outcome.ALLOWED:
        kinds = dict.fromkeys((one.reference.kind, one.reference.level) for one in weighing.decided_by)
        names = _and([group_name(kind, level) for kind, level in kinds])
        if names:
            verb = "allow" if len(kinds) > 1 or names.endswith("ies") else "allows"
            yield f"the {names} {verb} it, and no Deny applies"
        else:
            yield "the root user has every permission in its account, and no Deny applies"
        return
    for kind, level in weighing.missing:
        yield _missing(kind, level, weighing, request)
    if weighing.route is Route.RESOURCE_ONLY:
        yield f"for {_ONLY.get(request.caller.kind, 'an unsigned call')} the resource policy alone can allow"
    elif weighing.route is Route.CROSS_ACCOUNT:
        owner = request.resource_account or "an account that is not given"
        yield (
            f"the caller's account is {request.caller.account or 'not known'}, the resource's {owner}: "
            "identity policies and the resource policy must both allow"
        )
    elif weighing.route is Route.RESOURCE_CONSENTS:
        thing = "KMS key" if request.service == "kms" else "role"
        named = "key policy" if request.service == "kms" else "trust policy"
        yield (
            f"for a {thing} identity policies count only where its {named} (given as the resource policy) "
            "names the account; one that names the caller is enough"
        )
    elif any(kind in _OF_CALLER for kind, _ in weighing.missing):
        yield (
            "in one account the Allow of a resource policy that names the caller would do "
            "instead of the identity policies"
        )


_OF_CALLER = (PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION)
_ONLY = {
    CallerKind.ANONYMOUS: "an anonymous caller",
    CallerKind.SERVICE: "a service principal",
    CallerKind.FEDERATED: "a federated identity",
}


def _missing(kind: PolicyKind, level: int | None, weighing: Weighing, request: Request) -> str:
    name = group_name(kind, level)
    verb = "allow" if name.partition(",")[0].endswith("policies") else "allows"
    if not weighing.groups[kind]:
        if kind is PolicyKind.RESOURCE and weighing.route is Route.RESOURCE_CONSENTS:
            named = "key policy" if request.service == "kms" else "trust policy"
            return f"no {named} is given, without which nothing is allowed (give it as the resource policy)"
        one = name.removesuffix("ies") + "y" if name.endswith("ies") else name
        return f"no {one} is given, and one must allow it"
    hint = ""
    if kind is PolicyKind.RCP:
        hint = " (AWS attaches RCPFullAWSAccess at every level: add it to the list)"
    elif kind is PolicyKind.SCP:
        hint = " (every level must allow)"
    negated = f"do not {verb}" if verb == "allow" else "does not allow"
    return f"the {name} {negated} it{hint}"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def _notes(weighing: Weighing, request: Request, groups: Sequence[GroupReport]) -> Iterator[str]:
    yield from request.assumed
    if request.service == "s3":
        yield "S3 access control lists, object ownership, access points and Block Public Access also decide"
    if request.service == "kms":
        yield "grants of the key are outside policies and are not looked at"
    if weighing.route is not Route.ALWAYS and request.folded_action == "iam:passrole":
        yield "iam:PassRole is asked beside the call that passes the role"
    for group in groups:
        for report in group.statements:
            compiled = report.reference.statement
            if compiled.not_principals is not None and compiled.is_deny:
                yield (
                    f"{group.name}, statement {report.reference.index + 1}: a Deny with NotPrincipal may "
                    "also hit callers that it lists, where their account and role are not listed beside them"
                )


# --- groups and statements ------------------------------------------------------------------------


def _group(
    weighed: Weighed, request: Request, readings: Readings, decided: set[int], *, has_boundary: bool
) -> GroupReport:
    group = weighed.group
    name = group_name(group.kind, group.level)
    if weighed.unbound:
        return GroupReport(group.kind, group.level, name, None, weighed.unbound, ())
    if weighed.denies:
        outcome, summary = Outcome.EXPLICITLY_DENIED, "a Deny applies"
    elif weighed.allows:
        outcome, summary = Outcome.ALLOWED, _allowed_words(weighed)
    else:
        outcome, summary = Outcome.IMPLICITLY_DENIED, "no statement allows it"
    applying = {id(bound): bound for bound in (*weighed.allows, *weighed.denies)}
    statements = tuple(
        _statement(
            bound, request, readings, id(bound) in applying, id(bound) in decided, has_boundary=has_boundary
        )
        for bound in group.statements
    )
    return GroupReport(group.kind, group.level, name, outcome, summary, statements)


def _allowed_words(weighed: Weighed) -> str:
    if weighed.group.kind is not PolicyKind.RESOURCE:
        return "allowed"
    return {
        Via.ACCOUNT: "allowed to the caller's account, which leaves it to the account's own policies",
        Via.SESSION_OF: "allowed to the session's role or user; boundary and session policies still limit it",
    }.get(weighed.via, "allowed to the caller directly")


def _statement(
    bound: BoundStatement,
    request: Request,
    readings: Readings,
    applies: bool,  # noqa: FBT001 -- two answers of the weighing
    decided: bool,  # noqa: FBT001
    *,
    has_boundary: bool,
) -> StatementReport:
    compiled = bound.compiled
    via = compiled.matches_principal(request, readings, has_boundary=has_boundary)
    reaches = ""
    if applies and compiled.principals is not None:
        reaches = {Via.ACCOUNT: "account", Via.SESSION_OF: "role or user"}.get(via, "direct")
    misses = () if applies else tuple(_misses(bound, request, readings, has_boundary=has_boundary))
    return StatementReport(bound.reference, applies, decided, reaches, misses)


def _misses(
    bound: BoundStatement, request: Request, readings: Readings, *, has_boundary: bool
) -> Iterator[Miss]:
    """Yield every reason why the statement does not apply."""
    compiled, place = bound.compiled, bound.reference.pointer
    if compiled.matches_principal(request, readings, has_boundary=has_boundary) is Via.NOTHING:
        yield Miss("principal", *_principal_miss(bound, request, readings))
    if compiled.actions.holds(request.folded_action) is compiled.is_not_action:
        if compiled.is_not_action:
            yield Miss("action", f"{request.action} is left out by NotAction", f"{place}/NotAction")
        else:
            listed = _some(compiled.actions.texts)
            yield Miss("action", f"{request.action} is not in {listed}", f"{place}/Action")
    if not compiled.matches_resource(request, readings):
        yield Miss("resource", *_resource_miss(bound, request))
    for condition in compiled.conditions:
        if not condition.holds(request.keys, readings):
            operator, key = (str(step) for step in condition.pointer[-2:])
            steps = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in (operator, key))
            yield Miss(
                "condition", _condition_miss(condition, request, readings), f"{place}/Condition{steps}"
            )


def _principal_miss(bound: BoundStatement, request: Request, readings: Readings) -> tuple[str, str]:
    compiled, place = bound.compiled, bound.reference.pointer
    caller = f"{request.caller.text} ({request.caller.kind.value})"
    if compiled.principals is None:
        return "the statement names no principal, so it matches nobody", place
    listed = (
        compiled.statement.principals if not compiled.is_not_principal else compiled.statement.not_principals
    )
    names = _some([str(principal.value) for principal in listed or ()])
    if compiled.is_not_principal:
        because = "" if readings.not_principal is NotPrincipalScope.LISTED else ", with its account and role"
        return f"{caller} is left out by NotPrincipal{because}: {names}", f"{place}/NotPrincipal"
    return f"{caller} is not {names}", f"{place}/Principal"


def _resource_miss(bound: BoundStatement, request: Request) -> tuple[str, str]:
    compiled, place = bound.compiled, bound.reference.pointer
    assert compiled.resources is not None
    variable = compiled.resources.unresolved(request.keys)
    texts = [pattern.text for pattern in compiled.resources.patterns]
    if compiled.is_not_resource:
        pointer = f"{place}/NotResource"
        if variable is not None:
            return f"{variable.text} has no value in the request, so NotResource cannot be judged", pointer
        return f"{request.resource} is left out by NotResource {_some(texts)}", pointer
    why = f"{request.resource} is not in {_some(texts)}"
    if request.resource == "*":
        why = f"the action has no resource types, so only Resource * covers it, not {_some(texts)}"
    if variable is not None:
        why += f"; {variable.text} has no value in the request"
    return why, f"{place}/Resource"


def _condition_miss(condition: ConditionTest, request: Request, readings: Readings) -> str:
    test = f"{condition.operator_text} {condition.key}"
    found = request.keys.get(condition.key.lower())
    asked = condition.operator
    variable = condition.unresolved(request.keys, readings)
    if asked.base == "Null":
        state = "is not in the request" if found is None or found == () else "is in the request"
        return f"{test} [{_some(condition.values)}]: the key {state}"
    if variable is not None and (asked.negated or len(condition.values) == 1):
        return f"{test}: the variable {variable.text} has no value in the request"
    if found is None or found == ():
        return f"{test}: the key is not in the request"
    if asked.quantifier is None and not isinstance(found, str):
        return f"{test}: the key has a list of values, which takes ForAllValues: or ForAnyValue:"
    items = (found,) if isinstance(found, str) else found
    wrong = [kind for item in items if (kind := condition.value_kind(item))]
    has = f"the request has {_some([repr(item) for item in items])}"
    if wrong and asked.quantifier is None:
        return f"{test}: {has}, which is not {wrong[0]}"
    values = _some([repr(value) for value in condition.values])
    if asked.negated:
        return f"{test}: {has}; it must not be {values}"
    return f"{test}: {has}; it must be {_WORDS.get(asked.base, '')}{values}"


_WORDS = {
    "StringLike": "like ",
    "ArnLike": "like ",
    "ArnEquals": "like ",
    "NumericLessThan": "less than ",
    "NumericLessThanEquals": "at most ",
    "NumericGreaterThan": "greater than ",
    "NumericGreaterThanEquals": "at least ",
    "DateLessThan": "before ",
    "DateLessThanEquals": "not after ",
    "DateGreaterThan": "after ",
    "DateGreaterThanEquals": "not before ",
    "IpAddress": "in ",
}


def _some(texts: Iterable[str]) -> str:
    """Return a list for a sentence: the first few, and how many more."""
    every = list(texts)
    if not every:
        return "an empty list"
    shown = " or ".join(every[:_SHOWN_VALUES]) if len(every) <= 2 else ", ".join(every[:_SHOWN_VALUES])
    more = len(every) - _SHOWN_VALUES
    return f"{shown} and {more} more" if more > 0 else shown
