"""The ways to more rights that all statements of a principal open together."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from itertools import islice, product

from iamlint.catalog.escalation import EscalationPath, Step, escalation_table
from iamlint.engine.principals.admission import admissions, admits_service
from iamlint.engine.principals.facts import Held, HeldPolicy
from iamlint.engine.principals.joining import Directory, Holder
from iamlint.engine.principals.limits import State, condition_state, denial, limit_ways, services_left
from iamlint.engine.principals.reach import (
    Aim,
    Aimed,
    aim_at,
    aim_at_policy,
    aim_at_resource,
    bears,
    could_reach,
    covers_every,
    is_bare_hole,
    may_share,
    name_pattern,
)
from iamlint.engine.scope import reach
from iamlint.model import Value, When
from iamlint.record import record
from iamlint.semantics.principals import PartyKind

__all__ = ["Certainty", "FoundPath", "Rights", "Use"]

_MOST_CHOICES = 512
_MOST_USES = 256
_MOST_STATEMENTS = 4_000
_FEW_STATEMENTS = 20
_MOST_WORK = 100_000
"""Resources looked at, and denies held against them, for one principal. What IAM takes of policies on one
principal is a tenth of that at most; hostile files have more."""


class Certainty(enum.IntEnum):
    """How surely a way is open: LOW hangs on a name that these files do not hold, MEDIUM on a condition
    or on what a pattern takes in, HIGH on nothing."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


@record(eq=False)
class Use:
    """One statement as a way to take one step. `value` is the resource that reaches the target, None for
    a NotResource, `aim` how it meets the target, `targets` the principals that it surely reaches.
    `direct` is False where the value is of a policy that principals hold, `thing` set where it is of
    something that the path makes or takes over.
    `conditional` is set when it hangs on a condition, a Deny that may apply, or an unknown boundary.
    """

    action: str
    held: Held
    policy: HeldPolicy
    value: Value | None
    aim: Aim
    conditional: bool
    targets: tuple[Holder, ...] = ()
    notes: tuple[str, ...] = ()
    direct: bool = True
    thing: bool = False

    @property
    def certainty(self) -> Certainty:
        """How surely the step can be taken."""
        most = Certainty.MEDIUM if self.conditional else Certainty.HIGH
        return min(most, _CERTAINTY[self.aim])

    @property
    def when(self) -> When:
        """The template conditions under which the use is there."""
        own = self.held.statement.when
        return own if self.value is None else (*own, *self.value.when)


@record(eq=False)
class FoundPath:
    """A path that is open: with the use that takes each step."""

    path: EscalationPath
    uses: tuple[Use, ...]
    certainty: Certainty
    notes: tuple[str, ...]

    @property
    def targets(self) -> tuple[Holder, ...]:
        """The principals whose rights the path surely gives."""
        return tuple(dict.fromkeys(target for use in self.uses for target in use.targets))


class Rights:
    """What a principal may do, of what matters to escalation, after denies and boundary.

    `mask` is the set of the table's actions that some statement allows. `exhausted` is set when the
    statements were too many to weigh them all.
    """

    def __init__(self, holder: Holder, directory: Directory | None = None) -> None:
        self.holder = holder
        self.directory = directory
        statements = ((held, policy) for policy in holder.policies for held in policy.statements)
        most = _MOST_STATEMENTS if directory is None or directory.work > 0 else _FEW_STATEMENTS
        pairs = list(islice(statements, most + 1))
        self.allows = [pair for pair in pairs if pair[0].statement.is_allow]
        self.denies = [pair for pair in pairs if pair[0].statement.is_deny]
        for limit in holder.limits:
            self.denies.extend((held, limit) for held in limit.statements if held.statement.is_deny)
        self.exhausted = holder.crowded or len(pairs) > most
        self._work = 0
        self._uses: dict[tuple[int, str, tuple[str, ...]], tuple[Use, ...]] = {}
        mask = 0
        for held, _ in self.allows:
            mask |= held.actions
        self.mask = mask
        self._mine = {id(one) for one in (holder, *holder.groups, *holder.members)} if mask else set()

    @property
    def administrator(self) -> tuple[Held, HeldPolicy] | None:
        """The statement that makes the principal an administrator outright, if one does: every action on
        every resource, without a condition, and nothing that limits it."""
        if self.holder.limit_unknown:
            return None
        for held, policy in self.allows:
            statement = held.statement
            if not held.all or condition_state(statement, "", ()) is not State.OPEN or statement.conditions:
                continue
            if not any(value.text == "*" for value in statement.resources or ()):
                continue
            if self.holder.limited and not self._limits_allow_all():
                continue
            if any(not (one.statement.conditions or one.statement.when) for one, _ in self.denies):
                # Something is taken away: what is left is judged path by path.
                continue
            return held, policy
        return None

    def _limits_allow_all(self) -> bool:
        return all(
            any(
                held.all
                and held.statement.is_allow
                and not held.statement.conditions
                and any(value.text == "*" for value in held.statement.resources or ())
                for held in limit.statements
            )
            for limit in self.holder.limits
        )

    def paths(self) -> Iterator[FoundPath]:
        """Yield each path that is open, in the order of the table."""
        for path in escalation_table().within(self.mask) if self.mask else ():
            found = self._found(path)
            if found is not None:
                yield found

    def _found(self, path: EscalationPath) -> FoundPath | None:
        choices = []
        for step in path.steps:
            uses = self.uses(step, path.services)
            if not uses:
                return None
            choices.append(uses)
        surest = tuple([uses[0] for uses in choices])
        joint = [index for index, step in enumerate(path.steps) if step.target in _JOINT]
        if len(joint) < 2:
            joint = []
        several = len(path.steps) > 1 and (joint or not _of_one(surest) or any(use.when for use in surest))
        options = product(*choices) if several else iter((surest,))
        best: FoundPath | None = None
        for chosen in islice(options, _MOST_CHOICES):
            if not _consistent(chosen) or not _of_one(chosen):
                continue
            shared = _shared([chosen[index] for index in joint]) if joint else None
            if joint and shared is None:
                continue
            certainty = min(use.certainty for use in chosen)
            open_ended = shared and any(not (one.limited or one is self.holder) for one in shared)
            if open_ended and path.gain == "admin" and not any(use.conditional for use in chosen):
                # All steps are about one principal that these files hold: nothing is left to be known.
                certainty = Certainty.HIGH
            if best is None or certainty > best.certainty:
                notes = tuple(dict.fromkeys(note for use in chosen for note in use.notes))
                best = FoundPath(path, chosen, certainty, notes)
            if not joint or certainty is Certainty.HIGH:
                break
        return best

    def uses(self, step: Step, services: Sequence[str]) -> tuple[Use, ...]:
        """Return the ways to take a step, the surest first."""
        passing = tuple(services) if step.target == "role-to-pass" else ()
        key = (step.mask, step.target, passing)
        found = self._uses.get(key)
        if found is None:
            bits = escalation_table().bits
            made = [
                use
                for action in step.actions
                for use in self._ways(action, bits[action], step.target, passing)
            ]
            made.sort(key=lambda use: -use.certainty)
            found = self._uses[key] = tuple(made[:_MOST_USES])
        return found

    def _ways(self, action: str, bit: int, target: str, services: Sequence[str]) -> Iterator[Use]:
        if not self._may_look(len(self.allows)):
            return
        for held, policy in self.allows:
            if not held.actions & bit:
                continue
            state = condition_state(held.statement, action, services)
            if state is State.CLOSED:
                continue
            left_services = services_left(held.statement, services) if services else services
            for value in _values(held):
                self._work += 1 + len(self.denies)
                self._charge(8 + len(self.denies))
                if self._work > _MOST_WORK:
                    self.exhausted = True
                    return
                aimed = self._aimed(action, target, value, policy, left_services)
                if aimed.aim is Aim.NONE:
                    continue
                left = min(state, denial(self.denies, action, bit, value, services))
                for limit in self.holder.limits:
                    within, aimed = self._within(limit, aimed, action, bit, target, value, services)
                    left = min(left, within)
                if left is not State.CLOSED and self.denies and target in _OWN:
                    left = min(left, self._left_on_own(_OWN[target], action))
                if left is State.CLOSED or aimed.aim is Aim.NONE:
                    continue
                notes = [f"{action} hangs on a condition"] if left is State.CONDITIONAL else []
                if self.holder.limit_unknown:
                    left = State.CONDITIONAL
                    notes.append("the permissions boundary is not known from these files")
                conditional = left is State.CONDITIONAL
                yield Use(
                    action,
                    held,
                    policy,
                    value,
                    aimed.aim,
                    conditional,
                    aimed.holders,
                    tuple(notes),
                    not target.startswith("policy-"),
                    target in {"new", "existing-resource"},
                )

    def _charge(self, count: int) -> None:
        if self.directory is not None:
            self.directory.work -= count

    def _may_look(self, count: int) -> bool:
        """Say whether some statements more may be looked at; what is few always may."""
        self._charge(count)
        if self.directory is None or self.directory.work >= 0 or count <= _FEW_STATEMENTS:
            return True
        self.exhausted = True
        return False

    def _within(
        self,
        limit: HeldPolicy,
        aimed: Aimed,
        action: str,
        bit: int,
        target: str,
        value: Value | None,
        services: Sequence[str],
    ) -> tuple[State, Aimed]:
        """Return what a policy of the boundary leaves of a way: its state, and how what both allow meets
        the target."""
        best = (State.CLOSED, Aimed(Aim.NONE))
        for state, allowed in limit_ways(limit, action, bit, value, services):
            self._work += 1
            if allowed is None or allowed.text == "*" or allowed == value:
                reached = aimed
            else:
                reached = _narrower(aimed, self._aimed(action, target, allowed, limit, services))
            if reached.aim is not Aim.NONE and (state, reached.aim) > (best[0], best[1].aim):
                best = (state, reached)
        return best

    def spares(self, action: str) -> bool:
        """Say whether a Deny takes some of what the action could reach away."""
        bit = escalation_table().bits[action]
        return any(held.actions & bit for held, _ in self.denies)

    def _left_on_own(self, kind: str, action: str) -> State:
        """Return what the denies leave of an action on what the principal is and is in."""
        own = [one for one in (self.holder, *self.holder.groups) if one.kind == kind and one.declared]
        return max((self.left_on(action, one) for one in own), default=State.OPEN)

    def left_on(self, action: str, other: Holder) -> State:
        """Return what the denies leave of an action on one principal."""
        bit = escalation_table().bits[action]
        state = State.OPEN
        for held, policy in self.denies:
            if held.actions & bit and state is not State.CLOSED:
                self._work += 1
                if self._work > _MOST_WORK:
                    self.exhausted = True
                    return State.CONDITIONAL
                state = min(state, self._denied(held, policy, action, other))
        return state

    def left_to_assume(self, role: Holder) -> State:
        """Return what denies and boundary leave of assuming a role that names this principal itself."""
        bit = escalation_table().bits[_ASSUME]
        state = self.left_on(_ASSUME, role)
        if self.holder.kind != "role" or state is State.CLOSED:
            # What a resource allows to a user is not held to the user's boundary.
            return state
        if self.holder.limit_unknown:
            state = min(state, State.CONDITIONAL)
        for limit in self.holder.limits:
            best = State.CLOSED
            for passing, allowed in limit_ways(limit, _ASSUME, bit, None, ()):
                hit = State.OPEN if allowed is None else self._meets(_ASSUME, allowed, limit, role)
                best = max(best, min(passing, hit))
            state = min(state, best)
        return state

    def _denied(self, held: Held, policy: HeldPolicy, action: str, other: Holder) -> State:
        """Return what one Deny leaves of an action on a principal."""
        statement = held.statement
        if condition_state(statement, action, ()) is State.CLOSED:
            return State.OPEN
        if statement.not_resources is not None:
            spared = [self._meets(action, value, policy, other) for value in statement.not_resources]
            hit = min((_NOT[one] for one in spared), default=State.OPEN)
        else:
            met = [self._meets(action, value, policy, other) for value in statement.resources or ()]
            hit = max(met, default=State.CLOSED)
        if statement.conditions or statement.unread_condition or statement.when:
            hit = min(hit, State.CONDITIONAL)
        return _NOT[hit]

    def _meets(self, action: str, value: Value, policy: HeldPolicy, other: Holder) -> State:
        """Return whether a Resource value is about a principal: OPEN if surely, CLOSED if surely not."""
        if value.text == "*" or covers_every(action, value):
            return State.OPEN
        aimed = aim_at(other.kind, value, self.directory, self.holder.unit, policy.owner.address)
        if aimed.aim is Aim.NONE:
            return State.CLOSED
        if any(one is other for one in aimed.holders):
            return State.OPEN
        pattern = name_pattern(other.kind, value)
        if pattern is None or not other.names:
            return State.CLOSED if aimed.holders and aimed.aim is Aim.NAMED else State.CONDITIONAL
        return State.OPEN if bears(other, pattern) else State.CLOSED

    def _aimed(
        self, action: str, target: str, value: Value | None, policy: HeldPolicy, services: Sequence[str]
    ) -> Aimed:
        """Return how a resource meets the target of a step."""
        if value is not None and value.text != "*" and not could_reach(action, value):
            return Aimed(Aim.NONE)
        if target.startswith("self-") and target != "self-or-target":
            return self._self(target.removeprefix("self-"), value, policy)
        if target == "policy-attached-to-self":
            aimed, mine = aim_at_policy(value, self.holder, self.directory)
            return Aimed(Aim.ANY) if mine else aimed
        if target == "policy-attached-to-other":
            return aim_at_policy(value, self.holder, self.directory)[0]
        if target in _OTHERS:
            return self._other(target, value, policy, services)
        aimed = aim_at_resource(action, value)
        if target == "new" and action.startswith("iam:") and self._exists(action, value, policy):
            return Aimed(Aim.NONE)
        # A name that the caller may choose is as good as any other.
        chosen = target == "new" and aimed.aim is not Aim.NONE and not (value and is_bare_hole(value))
        return Aimed(Aim.ANY) if chosen else aimed

    def _exists(self, action: str, value: Value | None, policy: HeldPolicy) -> bool:
        """Say whether a value names a user or role that these files create, which is none to be made."""
        kind = "role" if "Role" in action else "user" if "User" in action or "AccessKey" in action else ""
        if not kind or value is None:
            return False
        aimed = aim_at(kind, value, self.directory, self.holder.unit, policy.owner.address)
        return aimed.aim is Aim.NAMED and bool(aimed.holders)

    def _self(self, kind: str, value: Value | None, policy: HeldPolicy) -> Aimed:
        holder = self.holder
        own = holder.kind
        if kind == "role" and own in {"user", "group", "permission-set"}:
            return Aimed(Aim.NONE)
        if kind == "user" and own in {"role", "permission-set"}:
            return Aimed(Aim.NONE)
        if kind == "group" and own in {"role", "permission-set"}:
            return Aimed(Aim.NONE)
        aimed = aim_at(kind, value, self.directory, holder.unit, policy.owner.address)
        if aimed.aim is Aim.NONE:
            return aimed
        if aimed.caller:
            return Aimed(Aim.ANY if kind == "user" else Aim.NONE)
        if any(id(one) in self._mine for one in aimed.holders):
            return Aimed(Aim.ANY)
        if aimed.aim is Aim.ANY:
            # A user of these files that is in no group here may be in one that others put it in.
            alone = kind == "group" and own == "user" and holder.declared and not holder.groups
            return Aimed(Aim.PATTERN) if alone and not holder.more else aimed
        if self._is_of_others(kind, value):
            return Aimed(Aim.NONE)
        if aimed.holders or (holder.declared and holder.names and aimed.aim is Aim.NAMED):
            return Aimed(Aim.NONE)
        return aimed

    def _may_be_assumed(self, role: Holder) -> bool:
        """Say whether a role may let this principal in; of a role whose trust is not known, yes."""
        if not role.trusts or role.trust_unknown or self.directory is None:
            return True
        return any(
            one.open or one.caller is self.holder or one.who.kind not in _NOT_THIS
            for one in admissions(role, self.directory)
            if one.caller is None or one.caller is self.holder
        )

    def _is_of_others(self, kind: str, value: Value | None) -> bool:
        """Say whether a name or pattern is known to leave out what the principal is and is in."""
        holder = self.holder
        own = [one for one in (holder, *holder.groups) if one.kind == kind]
        if value is None or not own or (kind == "user" and holder.kind == "group"):
            return False
        pattern = name_pattern(kind, value)
        return pattern is not None and all(
            one.declared and one.names and not bears(one, pattern) for one in own
        )

    def _other(self, target: str, value: Value | None, policy: HeldPolicy, services: Sequence[str]) -> Aimed:
        kind, holder = _OTHERS[target], self.holder
        aimed = aim_at(kind, value, self.directory, holder.unit, policy.owner.address)
        if aimed.aim is Aim.NONE or aimed.caller:
            return Aimed(Aim.NONE)
        others = tuple(one for one in aimed.holders if one is not holder)
        if target == "role-to-pass" and services:
            others = tuple(one for one in others if admits_service(one, self.directory, services))
        elif target == "assumable-role":
            others = tuple(one for one in others if self._may_be_assumed(one))
        if aimed.holders and not others and aimed.aim is Aim.NAMED:
            # It names the principal itself, or roles that no service of the path may have.
            return Aimed(Aim.NONE)
        return Aimed(aimed.aim, others)


_CERTAINTY = {Aim.NAMED: Certainty.LOW, Aim.PATTERN: Certainty.MEDIUM, Aim.ANY: Certainty.HIGH}
_OTHERS = {
    "other-user": "user",
    "other-role": "role",
    "other-group": "group",
    "assumable-role": "role",
    "role-to-pass": "role",
}


def _values(held: Held) -> Iterator[Value | None]:
    statement = held.statement
    if statement.not_resources is not None:
        yield None
    yield from statement.resources or ()


_JOINT = frozenset({"other-user", "other-role", "assumable-role", "policy-attached-to-other"})
"""Targets that are one and the same principal where several steps of a path have them."""
_OWN = {"self-user": "user", "self-role": "role", "self-group": "group"}
_ASSUME = "sts:AssumeRole"
_NOT = {State.OPEN: State.CLOSED, State.CONDITIONAL: State.CONDITIONAL, State.CLOSED: State.OPEN}


_NOT_THIS = frozenset({PartyKind.SERVICE, PartyKind.FEDERATED, PartyKind.CANONICAL, PartyKind.SESSION})


def _narrower(one: Aimed, other: Aimed) -> Aimed:
    """Return how what two values both take in meets a target."""
    aim = min(one.aim, other.aim)
    if aim is Aim.NONE:
        return Aimed(Aim.NONE)
    if one.aim is Aim.ANY and not one.holders:
        return Aimed(aim, other.holders, other.caller)
    if other.aim is Aim.ANY and not other.holders:
        return Aimed(aim, one.holders, one.caller)
    both = tuple(holder for holder in one.holders if any(holder is same for same in other.holders))
    if not both and one.holders and other.holders and aim is Aim.NAMED:
        return Aimed(Aim.NONE)
    return Aimed(aim, both)


def _of_one(uses: Sequence[Use]) -> bool:
    """Say whether uses can be about one thing where they are about things of one type: what is made by the
    name of `a` is not run by a right on `b`."""
    named = [use.value for use in uses if use.thing and use.value is not None and use.value.text != "*"]
    if len(named) < 2:
        return True
    types = [(reach(value).service, reach(value).type) for value in named]
    return all(
        may_share(one, other)
        for index, one in enumerate(named)
        for place, other in enumerate(named[:index])
        if types[index] == types[place] and types[index][1]
    )


def _shared(uses: Sequence[Use]) -> tuple[Holder, ...] | None:
    """Return the principals of the files that all uses surely reach; None if no principal is reached by
    all of them. Uses of policies say nothing of that."""
    direct = [use for use in uses if use.direct]
    if len(direct) < len(uses):
        return ()
    for index, one in enumerate(direct):
        for other in direct[:index]:
            if one.value is not None and other.value is not None and not may_share(one.value, other.value):
                return None
    named = [use for use in direct if use.aim is not Aim.ANY]
    shared: tuple[Holder, ...] | None = None
    for use in named:
        held = {id(holder) for holder in use.targets}
        shared = use.targets if shared is None else tuple(one for one in shared if id(one) in held)
    if not shared and len(named) > 1 and all(use.targets and use.aim is Aim.NAMED for use in named):
        return None
    return shared or ()


def _consistent(uses: Sequence[Use]) -> bool:
    """Say whether uses can be there together: no template condition is needed both ways."""
    sides: dict[str, bool] = {}
    for use in uses:
        for name, holds in use.when:
            if sides.setdefault(name, holds) is not holds:
                return False
    return True
