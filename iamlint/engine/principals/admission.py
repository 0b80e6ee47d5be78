"""Whom the trust policy of a role lets in, after its denies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iamlint.engine.principals.facts import Held, HeldPolicy
from iamlint.engine.principals.joining import Directory, Holder
from iamlint.engine.principals.limits import State, condition_state
from iamlint.engine.principals.reach import bears
from iamlint.model import Condition, Principal, Statement
from iamlint.record import record, replace
from iamlint.semantics.patterns import matches, overlaps
from iamlint.semantics.principals import Party, PartyKind, party

__all__ = ["Admission", "admissions", "admits_service", "trusting_services"]


@record(eq=False)
class Admission:
    """The principal of a role's trust policy that lets somebody in; `sure` unless it hangs on a condition.

    `who` is what the principal stands for, `caller` the principal of these files that it names.
    """

    held: Held
    policy: HeldPolicy
    principal: Principal
    who: Party
    caller: Holder | None = None
    sure: bool = True

    @property
    def open(self) -> bool:
        """Whether it lets in whoever of the role's own account may assume it."""
        return self.who.kind is PartyKind.EVERYBODY or (
            self.who.kind is PartyKind.ACCOUNT and self.who.own_account
        )


def admissions(role: Holder, directory: Directory) -> Sequence[Admission]:
    """Return whom a role lets in, worked out once."""
    known = directory.admitted.get(id(role))
    if known is None:
        known = directory.admitted[id(role)] = tuple(_after_denies(role, directory))
    return known  # type: ignore[return-value]  # the directory does not know what is kept in it


def _after_denies(role: Holder, directory: Directory) -> Iterator[Admission]:
    barred: dict[str, bool] = {}
    for held, _ in _statements(role):
        if held.statement.is_deny:
            sure = not (held.statement.conditions or held.statement.unread_condition or held.statement.when)
            for principal in held.statement.principals or ():
                for key in _keys(principal):
                    barred[key] = barred.get(key, False) or sure
    for admission in _allowed(role, directory):
        hits = [barred[key] for key in ("*", *_keys(admission.principal)) if key in barred]
        if not any(hits):
            yield replace(admission, sure=admission.sure and not hits)


def _keys(principal: Principal) -> Iterator[str]:
    """Yield what a Deny and an Allow of one principal have in common."""
    who = party(principal)
    if who.kind is PartyKind.EVERYBODY:
        yield "*"
    yield f"{principal.type}:{principal.value}"


def _allowed(role: Holder, directory: Directory) -> Iterator[Admission]:
    for held, policy in _statements(role):
        statement = held.statement
        if not statement.is_allow:
            continue
        for principal in statement.principals or ():
            state = _state(statement, principal)
            if state is not State.CLOSED:
                yield Admission(
                    held,
                    policy,
                    principal,
                    party(principal),
                    _caller(role, policy, principal, directory),
                    state is State.OPEN,
                )


def _statements(role: Holder) -> Iterator[tuple[Held, HeldPolicy]]:
    for policy in role.trusts:
        for held in policy.statements:
            if _assumes_role(held):
                yield held, policy


def _state(statement: Statement, principal: Principal) -> State:
    """Return whether conditions let a principal in. That a service names the own account or a resource of
    it, against confused deputies, holds for whoever uses the service there."""
    if principal.type == "Service" and statement.conditions and not statement.unread_condition:
        rest = tuple(one for one in statement.conditions if not _names_source(one))
        statement = replace(statement, conditions=rest)
    return condition_state(statement, "sts:AssumeRole", ())


def _names_source(condition: Condition) -> bool:
    return condition.key.lower() == "aws:sourceaccount"


def _caller(role: Holder, policy: HeldPolicy, principal: Principal, directory: Directory) -> Holder | None:
    """Return the role or user of these files that a principal names."""
    value = principal.value
    if principal.type != "AWS":
        return None
    found = directory.referred(role.unit, value, policy.owner.address)
    if found is None:
        text = value.text or "".join(part if isinstance(part, str) else "0" for part in value.parts)
        fields = text.split(":", 5)
        if len(fields) == 6 and fields[2] == "iam":
            kind, _, name = fields[5].partition("/")
            named = [
                one for one in directory.named(role.unit, kind, name.rpartition("/")[2]) if bears(one, name)
            ]
            found = named[0] if len(named) == 1 else None
    return found if found is not None and found.kind in {"role", "user"} else None


def _assumes_role(held: Held) -> bool:
    """Say whether a statement of a trust policy is about assuming the role, by whatever action."""
    actions = held.statement.actions
    if actions is None:
        return held.statement.not_actions is not None
    return any(
        value.text is None or any(matches(value.text.lower(), name) for name in _ASSUMING)
        for value in actions
    )


_ASSUMING = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")


def trusting_services(role: Holder, directory: Directory, services: Sequence[str]) -> Admission | None:
    """Return how a role lets in one of the services, the surest way first; None if it lets in none or says
    so elsewhere."""
    found = None
    for admission in admissions(role, directory):
        text = admission.principal.value.text
        if admission.principal.type != "Service" or text is None:
            continue
        if any(overlaps(text, service) for service in services):
            if admission.sure:
                return admission
            found = found or admission
    return found


def admits_service(role: Holder, directory: Directory | None, services: Sequence[str]) -> bool:
    """Say whether one of the services may have a role; of a role whose trust is not known, yes."""
    if not role.trusts or role.trust_unknown or directory is None:
        return True
    if trusting_services(role, directory, services) is not None:
        return True
    return any(
        admission.principal.type == "?"
        or (admission.principal.type == "Service" and admission.principal.value.text is None)
        for admission in admissions(role, directory)
    )
