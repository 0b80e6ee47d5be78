"""The ways to more rights that all statements of a principal open together."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from itertools import islice, product

from iamlint.catalog.escalation import EscalationPath, Step, escalation_table
from iamlint.engine.principals.facts import Held, HeldPolicy
from iamlint.engine.principals.joining import Directory, Holder
from iamlint.engine.principals.limits import State, condition_state, denial, limit_state
from iamlint.engine.principals.reach import Aim, Aimed, aim_at, aim_at_policy, aim_at_resource, could_reach
from iamlint.model import Value, When
from iamlint.record import record
from iamlint.semantics.patterns import overlaps

__all__ = ["Certainty", "FoundPath", "Rights", "Use", "trusted_services"]

_MOST_CHOICES = 64
_MOST_USES = 256
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
        pairs = [(held, policy) for policy in holder.policies for held in policy.statements]
        self.allows = [pair for pair in pairs if pair[0].statement.is_allow]
        self.denies = [pair for pair in pairs if pair[0].statement.is_deny]
        for limit in holder.limits:
            self.denies.extend((held, limit) for held in limit.statements if held.statement.is_deny)
        self.exhausted = False
        self._work = 0
        self._uses: dict[tuple[int, str, tuple[str, ...]], tuple[Use, ...]] = {}
        mask = 0
        for held, _ in self.allows:
            mask |= held.actions
        self.mask = mask

    @property
    def administrator(self) -> tuple[Held, HeldPolicy] | None:
        """The statement that makes the principal an administrator outright, if one does: every action on
        every resource, without a condition, and nothing that limits it."""
        if self.holder.limit_unknown:
            return None
        for held, policy in self.allows:
            statement = held.statement
            if not held.all or statement.conditions or statement.unread_condition:
                continue
            if not any(value.text == "*" for value in statement.resources or ()):
                continue
            if self.holder.limited and not self._limits_allow_all():
                continue
            if any(one.statement.resources and not one.statement.conditions for one, _ in self.denies):
                # Something is taken away: what is left is judged path by path.
                continue
            return held, policy
        return None

    def _limits_allow_all(self) -> bool:
        return all(
            any(
                held.all and held.statement.is_allow and not held.statement.conditions
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
        options = product(*choices) if any(use.when for use in surest) else iter((surest,))
        for chosen in islice(options, _MOST_CHOICES):
            if _consistent(chosen):
                certainty = min(use.certainty for use in chosen)
                notes = tuple(dict.fromkeys(note for use in chosen for note in use.notes))
                return FoundPath(path, chosen, certainty, notes)
        return None

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
        for held, policy in self.allows:
            if not held.actions & bit:
                continue
            state = condition_state(held.statement, action, services)
            if state is State.CLOSED:
                continue
            for value in _values(held):
                self._work += 1 + len(self.denies)
                if self._work > _MOST_WORK:
                    self.exhausted = True
                    return
                aimed = self._aimed(action, target, value, policy, services)
                if aimed.aim is Aim.NONE:
                    continue
                left = min(state, denial(self.denies, action, bit, value))
                if self.holder.limits:
                    left = min(left, limit_state(self.holder.limits, action, bit, value, services))
                if left is State.CLOSED:
                    continue
                notes = [f"{action} hangs on a condition"] if left is State.CONDITIONAL else []
                if self.holder.limit_unknown:
                    left = State.CONDITIONAL
                    notes.append("the permissions boundary is not in these files")
                conditional = left is State.CONDITIONAL
                yield Use(action, held, policy, value, aimed.aim, conditional, aimed.holders, tuple(notes))

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
            return self._other(_OTHERS[target], value, policy, services if target == "role-to-pass" else ())
        aimed = aim_at_resource(action, value)
        # A name that the caller may choose is as good as any other.
        return Aimed(Aim.ANY) if target == "new" and aimed.aim is not Aim.NONE else aimed

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
        mine = {id(one) for one in (holder, *holder.groups, *holder.members)}
        if any(id(one) in mine for one in aimed.holders):
            return Aimed(Aim.ANY)
        if aimed.aim is Aim.ANY:
            return aimed
        if aimed.holders or (holder.declared and holder.names and aimed.aim is Aim.NAMED):
            return Aimed(Aim.NONE)
        return aimed

    def _other(self, kind: str, value: Value | None, policy: HeldPolicy, services: Sequence[str]) -> Aimed:
        holder = self.holder
        aimed = aim_at(kind, value, self.directory, holder.unit, policy.owner.address)
        if aimed.aim is Aim.NONE or aimed.caller:
            return Aimed(Aim.NONE)
        others = tuple(one for one in aimed.holders if one is not holder)
        if services:
            others = tuple(one for one in others if _may_be_passed(one, services))
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


def _may_be_passed(role: Holder, services: Sequence[str]) -> bool:
    """Say whether one of the services may have a role; of a role whose trust is not known, yes."""
    if not role.trusts or role.trust_unknown:
        return True
    return any(
        name is None or any(overlaps(name, service) for service in services)
        for name in trusted_services(role)
    )


def trusted_services(role: Holder) -> Iterator[str | None]:
    """Yield the services that the trust policies of a role let in; None for one that is decided elsewhere."""
    for policy in role.trusts:
        for held in policy.statements:
            if held.statement.is_allow:
                for principal in held.statement.principals or ():
                    if principal.type == "Service":
                        yield principal.value.text
                    elif principal.type == "?":
                        yield None


def _consistent(uses: Sequence[Use]) -> bool:
    """Say whether uses can be there together: no template condition is needed both ways."""
    sides: dict[str, bool] = {}
    for use in uses:
        for name, holds in use.when:
            if sides.setdefault(name, holds) is not holds:
                return False
    return True
