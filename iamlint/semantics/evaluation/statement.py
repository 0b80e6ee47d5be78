"""Policies compiled for evaluation: each statement ready to be held against requests.

Whatever IAM's grammar does not allow, and whatever a template leaves open, is refused here with its
place; nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from iamlint.model import Hole, Pointer, Policy, PolicyKind, Principal, Statement, Value, Values, When
from iamlint.record import record
from iamlint.semantics.evaluation.conditions import ConditionTest, operator_fault
from iamlint.semantics.evaluation.errors import Malformed, MalformedPolicyError
from iamlint.semantics.evaluation.glob import compile_glob
from iamlint.semantics.evaluation.principals import PrincipalTest, Via
from iamlint.semantics.evaluation.readings import NotPrincipalScope, Readings
from iamlint.semantics.evaluation.request import Request
from iamlint.semantics.evaluation.resources import (
    OwnApiPattern,
    ResourceList,
    ResourcePattern,
    ShortArn,
    is_own_api,
    is_short_literal,
)
from iamlint.semantics.evaluation.template import Variable, read_tokens
from iamlint.semantics.patterns import may_be_of_api

__all__ = ["ActionList", "CompiledStatement", "compile_policy", "policy_size"]

_VERSIONS = frozenset({"2012-10-17", "2008-10-17"})
_WITH_PRINCIPALS = frozenset({PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.ENDPOINT})
_SHORT = {
    PolicyKind.RESOURCE: ShortArn.NOTHING,
    PolicyKind.TRUST: ShortArn.NOTHING,
    PolicyKind.ENDPOINT: ShortArn.NOTHING,
    PolicyKind.SCP: ShortArn.REFUSED,
    PolicyKind.RCP: ShortArn.REFUSED,
}


class ActionList:
    """The patterns of an Action or NotAction element; letter case makes no difference."""

    __slots__ = ("_exact", "_globs", "texts")

    def __init__(self, texts: tuple[str, ...]) -> None:
        self.texts = texts
        exact: list[str] = []
        globs: list[Callable[[str], bool]] = []
        for text in dict.fromkeys(text.lower() for text in texts):
            if any(letter.isspace() for letter in text) or text.endswith(":"):
                # IAM takes such a pattern; it matches no action.
                continue
            if "*" in text or "?" in text:
                tokens = read_tokens(text, wildcards=True, variables=False)
                globs.append(compile_glob([token for token in tokens if not isinstance(token, Variable)]))
            else:
                exact.append(text)
        self._exact = frozenset(exact)
        self._globs = tuple(globs)

    def holds(self, folded_action: str) -> bool:
        """Say whether some pattern matches the action, which is in lower case."""
        if folded_action in self._exact:
            return True
        return any(glob(folded_action) for glob in self._globs)


@record
class CompiledStatement:
    """A statement ready for requests. Of each pair of elements and their Not forms one list is kept, with
    a flag for the Not form; `resources` and `principals` are None where the element is not written."""

    statement: Statement
    index: int
    allows: bool
    kind: PolicyKind
    actions: ActionList
    is_not_action: bool
    resources: ResourceList | None
    is_not_resource: bool
    principals: PrincipalTest | None
    is_not_principal: bool
    conditions: tuple[ConditionTest, ...]

    @property
    def sid(self) -> str | None:
        """The statement's Sid."""
        return None if self.statement.sid is None else self.statement.sid.text

    def matches(self, request: Request, readings: Readings, *, has_boundary: bool) -> Via:
        """Return how the statement applies to the request, NOTHING if it does not.

        Statements of kinds without principals apply directly. `has_boundary` says that a permissions
        boundary binds the caller.
        """
        if self.actions.holds(request.folded_action) is self.is_not_action:
            return Via.NOTHING
        if not self.matches_resource(request, readings):
            return Via.NOTHING
        via = self.matches_principal(request, readings, has_boundary=has_boundary)
        if via is Via.NOTHING:
            return via
        keys = request.keys
        for condition in self.conditions:
            if not condition.holds(keys, readings):
                return Via.NOTHING
        return via

    def matches_resource(self, request: Request, readings: Readings) -> bool:
        """Say whether the resource element matches; without one, the policy's own resource is meant."""
        if self.resources is None:
            return True
        if not self.is_not_resource:
            return self.resources.holds(request, readings)
        if self.resources.unresolved(request.keys) is not None:
            return False
        return not self.resources.holds(request, readings)

    def matches_principal(self, request: Request, readings: Readings, *, has_boundary: bool) -> Via:
        """Return how the principal element reaches the caller."""
        if self.principals is None:
            return Via.NOTHING if self.kind in _WITH_PRINCIPALS else Via.DIRECT
        if not self.is_not_principal:
            return self.principals.via(request.caller, request.folded_action, readings)
        if not self.allows and has_boundary and self.kind in {PolicyKind.RESOURCE, PolicyKind.TRUST}:
            # IAM user guide, "NotPrincipal": such a Deny hits every caller with a boundary.
            return Via.DIRECT
        if not self.allows and readings.not_principal is NotPrincipalScope.PARENTS:
            spared = self.principals.spares(request.caller, request.folded_action, readings)
            return Via.NOTHING if spared else Via.DIRECT
        listed = self.principals.via(request.caller, request.folded_action, readings)
        return Via.DIRECT if listed is Via.NOTHING else Via.NOTHING


_MEMO_BUDGET = 50_000
"""Size of all memoised policies together; beyond it the memo starts afresh, so that it stays small."""

_TEXT_UNIT = 32
"""Characters of a value that weigh as much as the value itself."""

_memo: dict[tuple[int, PolicyKind], tuple[Policy, tuple[CompiledStatement, ...]]] = {}
_memo_values = 0


def compile_policy(policy: Policy, kind: PolicyKind, label: str) -> tuple[CompiledStatement, ...]:
    """Return the statements of a policy used as `kind`; memoised by the policy object.

    Raises MalformedPolicyError, with `label` saying which policy it is, when any part of it is not
    valid or not known.
    """
    global _memo_values  # noqa: PLW0603 -- the size of the memo
    found = _memo.get((id(policy), kind))
    if found is not None:
        return found[1]
    compiled = _Compiler(policy, kind).compile(label)
    size = policy_size(policy)
    if size <= _MEMO_BUDGET:
        _memo_values += size
        if _memo_values > _MEMO_BUDGET:
            _memo.clear()
            _memo_values = size
        # The entry holds the policy, so that its id stays its own.
        _memo[id(policy), kind] = (policy, compiled)
    return compiled


def policy_size(policy: Policy) -> int:
    """Return how large a policy is: what its memory and its time go with, in values of usual length."""
    return 1 + sum(map(_size, policy.statements or ()))


def _size(statement: Statement) -> int:
    size = 1
    for values in (statement.actions, statement.not_actions, statement.resources, statement.not_resources):
        if values:
            size += _weight(values)
    for listed in (statement.principals, statement.not_principals):
        if listed:
            size += len(listed)
    for condition in statement.conditions:
        size += 1 + _weight(condition.values)
    return size


def _weight(values: Values) -> int:
    return sum([1 + len(value.text or "") // _TEXT_UNIT for value in values])


class _Compiler:
    """Compiles one policy and collects what is wrong with it."""

    def __init__(self, policy: Policy, kind: PolicyKind) -> None:
        self._policy = policy
        self._kind = kind
        self._root = len(policy.pointer)
        self._faults = [Malformed(fault.pointer, fault.message) for fault in policy.faults]
        self._variables = False

    def compile(self, label: str) -> tuple[CompiledStatement, ...]:
        policy = self._policy
        self._open(policy.when, policy.pointer)
        version = "2008-10-17"
        if policy.version is not None:
            version = self._text(policy.version) or ""
            if version and version not in _VERSIONS:
                self._refuse(policy.version.pointer, f"there is no Version {version[:30]!r}")
        self._variables = version == "2012-10-17"
        if policy.statements is None and not self._faults:
            self._refuse(policy.pointer, "the statements cannot be read")
        compiled = [self._statement(one, index) for index, one in enumerate(policy.statements or ())]
        if self._faults:
            faults = tuple(Malformed(one.pointer[self._root :], one.message) for one in self._faults)
            raise MalformedPolicyError(label, policy, faults)
        return tuple(compiled)

    def _refuse(self, pointer: Pointer, message: str) -> None:
        """Add a fault, unless the reader of the document has found one at the same place."""
        if not any(fault.pointer == pointer for fault in self._policy.faults):
            self._faults.append(Malformed(pointer, message))

    def _open(self, when: When, pointer: Pointer) -> None:
        for name, _ in when:
            self._refuse(pointer, f"is there only under the template condition {name}, which is not known")

    def _text(self, value: Value) -> str | None:
        """Return the text of a value; None, with a fault, if the files do not tell it."""
        self._open(value.when, value.pointer)
        if value.text is None:
            holes = ", ".join(str(part) for part in value.parts if isinstance(part, Hole))
            self._refuse(value.pointer, f"holds {holes}, which is decided elsewhere")
        return value.text

    def _texts(self, values: Values | None) -> tuple[tuple[str, Pointer], ...]:
        return tuple(
            (text, value.pointer) for value in values or () if (text := self._text(value)) is not None
        )

    def _statement(self, one: Statement, index: int) -> CompiledStatement:
        self._open(one.when, one.pointer)
        effect = None if one.effect is None else self._text(one.effect)
        if one.effect is None:
            self._refuse(one.pointer, "the statement has no Effect")
        elif effect is not None and effect not in {"Allow", "Deny"}:
            self._refuse(one.effect.pointer, f"Effect must be Allow or Deny, not {effect[:30]!r}")
        if one.unread_condition:
            self._refuse((*one.pointer, "Condition"), "the condition cannot be read in full")
        for element, other in (
            ("Action", (one.actions, one.not_actions)),
            ("Resource", (one.resources, one.not_resources)),
            ("Principal", (one.principals, one.not_principals)),
        ):
            if None not in other:
                self._refuse(
                    (*one.pointer, f"Not{element}"), f"the statement has both {element} and Not{element}"
                )
        return CompiledStatement(
            statement=one,
            index=index,
            allows=effect == "Allow",
            kind=self._kind,
            actions=self._actions(one),
            is_not_action=one.not_actions is not None,
            resources=self._resources(one),
            is_not_resource=one.not_resources is not None,
            principals=self._principals(one),
            is_not_principal=one.not_principals is not None,
            conditions=tuple(self._conditions(one)),
        )

    def _actions(self, one: Statement) -> ActionList:
        if one.actions is None and one.not_actions is None:
            self._refuse(one.pointer, "the statement has neither Action nor NotAction")
        texts = self._texts(one.actions if one.actions is not None else one.not_actions)
        for text, pointer in texts:
            if ":" not in text and text != "*":
                self._refuse(pointer, f"{text[:60]!r} is not an action: it has no colon")
        return ActionList(tuple(text for text, _ in texts))

    def _resources(self, one: Statement) -> ResourceList | None:
        values = one.resources if one.resources is not None else one.not_resources
        if values is None:
            if self._kind not in {PolicyKind.RESOURCE, PolicyKind.TRUST}:
                self._refuse(one.pointer, "the statement has neither Resource nor NotResource")
            return None
        short = _SHORT.get(self._kind, ShortArn.PADDED)
        own_api = self._kind is PolicyKind.RESOURCE and may_be_of_api(self._policy.on)
        patterns: list[ResourcePattern | OwnApiPattern] = []
        for text, pointer in self._texts(values):
            if short is ShortArn.REFUSED and is_short_literal(text):
                self._refuse(pointer, f"{text[:60]!r} is neither an ARN nor a pattern")
            if own_api and is_own_api(text):
                patterns.append(OwnApiPattern(text, variables=self._variables))
            else:
                patterns.append(ResourcePattern(text, variables=self._variables, short=short))
        return ResourceList(tuple(patterns))

    def _principals(self, one: Statement) -> PrincipalTest | None:
        listed = one.principals if one.principals is not None else one.not_principals
        if listed is None:
            return None
        element = "Principal" if one.principals is not None else "NotPrincipal"
        pointer = (*one.pointer, element)
        if self._kind not in _WITH_PRINCIPALS:
            # An RCP carries "Principal": "*" by form, and nothing else.
            is_form = self._kind is PolicyKind.RCP and element == "Principal"
            if not is_form or not listed or any(principal.value.text != "*" for principal in listed):
                takes = 'only "Principal": "*"' if self._kind is PolicyKind.RCP else f"no {element}"
                self._refuse(pointer, f"{_ARTICLE[self._kind]} policy takes {takes}")
            return None
        for principal in listed:
            self._text(principal.value)

        def refuse(principal: Principal, reason: str) -> None:
            self._refuse(principal.value.pointer, reason)

        return PrincipalTest(listed, refuse)

    def _conditions(self, one: Statement) -> Iterator[ConditionTest]:
        for condition in one.conditions:
            values = [text for text, _ in self._texts(condition.values)]
            fault = operator_fault(condition.operator)
            if fault:
                self._refuse(condition.pointer, fault)
                continue
            yield ConditionTest(
                condition.operator, condition.key, values, condition.pointer, variables=self._variables
            )


_ARTICLE = {
    PolicyKind.IDENTITY: "an identity",
    PolicyKind.BOUNDARY: "a boundary",
    PolicyKind.SESSION: "a session",
    PolicyKind.SCP: "a service control",
    PolicyKind.RCP: "a resource control",
    PolicyKind.PERMISSION_SET: "a permission-set",
}
