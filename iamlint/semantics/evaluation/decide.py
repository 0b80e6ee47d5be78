"""From what applies to a decision: how the kinds of policy bear on one another.

Sources: IAM user guide, "Policy evaluation logic" and "Cross-account policy evaluation logic";
Organizations user guide on service and resource control policies; KMS developer guide, "Key policies".
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

from iamlint.model import PolicyKind
from iamlint.record import record
from iamlint.semantics.evaluation.caller import CallerKind
from iamlint.semantics.evaluation.errors import RequestError
from iamlint.semantics.evaluation.policies import BoundStatement, PolicyGroup, PolicySet, StatementReference
from iamlint.semantics.evaluation.principals import Via
from iamlint.semantics.evaluation.readings import DEFAULT, Readings
from iamlint.semantics.evaluation.request import Request

__all__ = ["Decision", "Outcome", "Route", "Weighed", "Weighing", "evaluate", "weigh"]


class Outcome(enum.Enum):
    """The three answers."""

    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"


class Route(enum.Enum):
    """Which policies must allow, beside those of the organisation and the endpoint."""

    ALWAYS = "the call needs no permission"
    NEVER = "nobody may change this resource"
    RESOURCE_ONLY = "the resource policy alone decides"
    SAME_ACCOUNT = "identity policies or the resource policy"
    RESOURCE_CONSENTS = "the resource policy, and identity policies where it names the account"
    CROSS_ACCOUNT = "both identity policies and the resource policy"


@record
class Weighed:
    """What one group of policies says: the statements that apply, and the strongest way in which its
    Allows reach the caller. `unbound` says why the group does not bear on the request, if so."""

    group: PolicyGroup
    allows: tuple[BoundStatement, ...]
    denies: tuple[BoundStatement, ...]
    via: Via
    unbound: str = ""


@record
class Weighing:
    """One evaluation in full. `missing` lists the kinds, with the level, whose Allow is missing; for
    SAME_ACCOUNT an Allow of the resource policy that names the caller would do instead of identity."""

    outcome: Outcome
    route: Route
    groups: Mapping[PolicyKind, tuple[Weighed, ...]]
    decided_by: tuple[BoundStatement, ...]
    missing: tuple[tuple[PolicyKind, int | None], ...]


@record
class Decision:
    """The answer to one request. `statements` are those that decided: the Denies that apply, or the
    Allows that together allow; none for an implicit denial."""

    outcome: Outcome
    statements: tuple[StatementReference, ...]
    request: Request
    policies: PolicySet
    readings: Readings


_MOST_WORK = 100_000_000
"""Some seconds at worst. Five policies of 20 KB each, AWS's limit, asked about fifty tag keys of 128
characters, make a third of it."""

_UNSIGNED = frozenset({"sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})
_OF_CALLER = (PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION)
_WITH_POLICIES = frozenset(
    {CallerKind.USER, CallerKind.ROLE_SESSION, CallerKind.FEDERATED_USER, CallerKind.CANONICAL}
)
_NOBODY: tuple[Weighed, ...] = ()


def evaluate(request: Request, policies: PolicySet, readings: Readings = DEFAULT) -> Decision:
    """Return whether the policies allow the request, and the statements that decide it.

    Raises RequestError when the request and the policies are so large that comparing them would take
    too long; AWS takes nothing near that size.
    """
    if request.weight * policies.size > _MOST_WORK:
        raise RequestError(
            f"the request, with {request.weight} characters in one value or list, and policies of "
            f"{policies.size} values are together too large to evaluate"
        )
    weighing = weigh(request, policies, readings)
    references = tuple([bound.reference for bound in weighing.decided_by])
    return Decision(weighing.outcome, references, request, policies, readings)


def weigh(request: Request, policies: PolicySet, readings: Readings) -> Weighing:
    """Return the evaluation in full."""
    route = _route(request)
    has_boundary = bool(policies.boundary) and not _unbound(PolicyKind.BOUNDARY, request)
    weighed: dict[PolicyKind, tuple[Weighed, ...]] = {}
    denies: list[BoundStatement] = []
    for kind, groups in policies.groups.items():
        if not groups:
            weighed[kind] = _NOBODY
            continue
        unbound = _unbound(kind, request)
        if unbound:
            weighed[kind] = tuple(Weighed(group, (), (), Via.NOTHING, unbound) for group in groups)
            continue
        found = tuple([_weigh_group(group, request, readings, has_boundary=has_boundary) for group in groups])
        weighed[kind] = found
        for one in found:
            denies.extend(one.denies)
    if route is Route.ALWAYS:
        return Weighing(Outcome.ALLOWED, route, weighed, (), ())
    if denies:
        return Weighing(Outcome.EXPLICITLY_DENIED, route, weighed, tuple(denies), ())
    if route is Route.NEVER:
        return Weighing(Outcome.IMPLICITLY_DENIED, route, weighed, (), ())
    used = [PolicyKind.SCP, PolicyKind.RCP, PolicyKind.ENDPOINT]
    missing = [
        (kind, one.group.level)
        for kind in used
        for one in weighed[kind]
        if not one.allows and not one.unbound
    ]
    paths, lacking = _paths(request, route, weighed)
    missing.extend((kind, None) for kind in lacking)
    if missing:
        return Weighing(Outcome.IMPLICITLY_DENIED, route, weighed, (), tuple(missing))
    used.extend(paths)
    decided = tuple([bound for kind in used for one in weighed[kind] for bound in one.allows])
    return Weighing(Outcome.ALLOWED, route, weighed, decided, ())


def _weigh_group(group: PolicyGroup, request: Request, readings: Readings, *, has_boundary: bool) -> Weighed:
    allows: list[BoundStatement] = []
    denies: list[BoundStatement] = []
    best = Via.NOTHING
    for bound in group.statements:
        via = bound.compiled.matches(request, readings, has_boundary=has_boundary)
        if via is Via.NOTHING:
            continue
        if bound.compiled.allows:
            allows.append(bound)
            best = max(best, via)
        else:
            denies.append(bound)
    return Weighed(group, tuple(allows), tuple(denies), best)


def _paths(
    request: Request, route: Route, weighed: Mapping[PolicyKind, tuple[Weighed, ...]]
) -> tuple[list[PolicyKind], list[PolicyKind]]:
    """Return the kinds whose Allows open the way, and the kinds whose Allow is missing (one is empty)."""
    via = max((one.via for one in weighed[PolicyKind.RESOURCE]), default=Via.NOTHING)
    if route is Route.RESOURCE_ONLY:
        return ([PolicyKind.RESOURCE], []) if via else ([], [PolicyKind.RESOURCE])
    lacking = [kind for kind in _OF_CALLER if not _is_ok(kind, request, weighed[kind])]
    if route is Route.CROSS_ACCOUNT:
        if not via:
            lacking.append(PolicyKind.RESOURCE)
        return ([], lacking) if lacking else ([*_OF_CALLER, PolicyKind.RESOURCE], [])
    found: dict[PolicyKind, None] = {}
    if via is Via.DIRECT:
        found[PolicyKind.RESOURCE] = None
    elif via is Via.SESSION_OF and not _any_of(lacking, PolicyKind.BOUNDARY, PolicyKind.SESSION):
        found.update(dict.fromkeys((PolicyKind.RESOURCE, PolicyKind.BOUNDARY, PolicyKind.SESSION)))
    if not lacking and (route is Route.SAME_ACCOUNT or via):
        found.update(dict.fromkeys(_OF_CALLER))
        if route is Route.RESOURCE_CONSENTS:
            found[PolicyKind.RESOURCE] = None
    if found:
        return list(found), []
    if via is Via.SESSION_OF and PolicyKind.IDENTITY in lacking:
        # The resource policy makes up for identity policies, not for the two that limit a session.
        lacking.remove(PolicyKind.IDENTITY)
    if route is Route.RESOURCE_CONSENTS and not via:
        lacking.append(PolicyKind.RESOURCE)
    return [], lacking


def _any_of(kinds: Iterable[PolicyKind], *wanted: PolicyKind) -> bool:
    return any(kind in wanted for kind in kinds)


def _is_ok(kind: PolicyKind, request: Request, weighed: tuple[Weighed, ...]) -> bool:
    """Say whether the policies of one kind of the caller leave the way open. Absent identity policies do
    not, an absent boundary or session policy does; the root user needs none of them."""
    if not weighed:
        return kind is not PolicyKind.IDENTITY or request.caller.kind is CallerKind.ROOT
    return all(one.allows or one.unbound for one in weighed)


def _route(request: Request) -> Route:
    action, caller = request.folded_action, request.caller
    if action == "sts:getcalleridentity":
        return Route.ALWAYS
    if request.service in {"iam", "kms"} and _is_fixed(request):
        return Route.NEVER
    if action in _UNSIGNED or (caller.kind not in _WITH_POLICIES and caller.kind is not CallerKind.ROOT):
        return Route.RESOURCE_ONLY
    if caller.account is None or caller.account != request.resource_account:
        return Route.CROSS_ACCOUNT
    if _RESOURCE_CONSENTS.get(request.service, _never)(request.resource):
        return Route.RESOURCE_CONSENTS
    return Route.SAME_ACCOUNT


def _never(_: str) -> bool:
    return False


def _is_key(resource: str) -> bool:
    parts = resource.split(":", 5)
    return len(parts) == 6 and parts[2] == "kms" and parts[5].startswith("key/")


def _is_role(resource: str) -> bool:
    parts = resource.split(":", 5)
    return len(parts) == 6 and parts[2] == "iam" and parts[5].startswith("role/")


_RESOURCE_CONSENTS = {"kms": _is_key, "sts": _is_role}
"""By the service of the action: the resources whose own policy must let the account in first."""


def _is_fixed(request: Request) -> bool:
    """Say whether the request would change something of AWS's own, which no policy can allow."""
    resource = request.resource.split(":", 5)
    if len(resource) < 6:
        return False
    service, account, body = resource[2], resource[4], resource[5]
    is_own = (
        (service == "iam" and account == "aws" and body.startswith("policy/"))
        or (service == "iam" and body.startswith("role/aws-reserved/"))
        or (service == "kms" and body.startswith("alias/aws/"))
    )
    if not is_own or request.folded_action == "iam:passrole":
        # PassRole hands the role on and leaves it as it is.
        return False
    from iamlint.catalog import AccessLevel, catalog

    action = catalog().action(request.action)
    return action is not None and action.access_level not in {AccessLevel.READ, AccessLevel.LIST}


def _unbound(kind: PolicyKind, request: Request) -> str:
    """Return why policies of the kind do not bear on the request; nothing if they do."""
    caller = request.caller
    if kind is PolicyKind.RESOURCE or kind is PolicyKind.ENDPOINT:
        return ""
    if kind is PolicyKind.RCP:
        if caller.is_service_linked:
            return "resource control policies do not bind service-linked roles"
        from iamlint.catalog import catalog

        if request.service not in catalog().rcp_services():
            return f"resource control policies do not bind the service {request.service}"
        return ""
    if request.folded_action in _UNSIGNED:
        return "the call is not signed: the caller has no policies of its own yet"
    if kind is PolicyKind.SCP:
        if caller.is_service_linked:
            return "service control policies do not bind service-linked roles"
        if caller.kind in _WITH_POLICIES or caller.kind is CallerKind.ROOT:
            return ""
        return f"service control policies do not bind {_PLURALS[caller.kind]}"
    if caller.kind is CallerKind.ROOT:
        return "the root user has every permission in its account by itself"
    if caller.kind in _WITH_POLICIES:
        return ""
    return f"{_PLURALS[caller.kind]} have no policies of their own"


_PLURALS = {
    CallerKind.ANONYMOUS: "anonymous callers",
    CallerKind.SERVICE: "service principals",
    CallerKind.FEDERATED: "federated identities",
}
