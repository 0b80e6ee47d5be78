"""What a check looks at, with the facts that several checks share worked out once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar, cast

from iamlint.catalog import Catalog, catalog
from iamlint.engine.scope import narrows_request, unscoped_mask
from iamlint.model import Extraction, Grant, Pointer, Policy, Statement, Value
from iamlint.record import field, record
from iamlint.semantics.arns import ArnFault, fault_of
from iamlint.semantics.conditions import bounding_conditions
from iamlint.semantics.principals import Party, parties

__all__ = [
    "ALLOW",
    "CONDITION",
    "DENY",
    "GrantSubject",
    "Match",
    "PolicySubject",
    "Settings",
    "StatementSubject",
    "Unit",
    "features_of",
    "statement_label",
]

T = TypeVar("T")

# What a statement has, as bits: a rule is run only on statements that have all that it needs.
ALLOW = 1 << 0
DENY = 1 << 1
ACTION = 1 << 2
NOT_ACTION = 1 << 3
RESOURCE = 1 << 4
NOT_RESOURCE = 1 << 5
PRINCIPAL = 1 << 6
NOT_PRINCIPAL = 1 << 7
CONDITION = 1 << 8
ACTION_WILDCARD = 1 << 9
RESOURCE_STAR = 1 << 10
RESOURCE_WILDCARD = 1 << 11
IDENTITY_ACTION = 1 << 12
EMPTY = 1 << 13
SID = 1 << 14
ANY_PRINCIPAL = 1 << 15
ANY_NOT = 1 << 16
UNMATCHED_ACTION = 1 << 17
MFA_KEY = 1 << 18
SET_OPERATOR = 1 << 19
IF_EXISTS = 1 << 20
NULL_OPERATOR = 1 << 21
# What a policy has beside what its statements have.
FAULT = 1 << 22
REMARK = 1 << 23

FEATURES = {
    "allow": ALLOW,
    "deny": DENY,
    "action": ACTION,
    "not-action": NOT_ACTION,
    "resource": RESOURCE,
    "not-resource": NOT_RESOURCE,
    "principal": PRINCIPAL,
    "not-principal": NOT_PRINCIPAL,
    "condition": CONDITION,
    "action-wildcard": ACTION_WILDCARD,
    "resource-star": RESOURCE_STAR,
    "resource-wildcard": RESOURCE_WILDCARD,
    "empty-element": EMPTY,
    "sid": SID,
    "any-principal": ANY_PRINCIPAL,
    "any-not-element": ANY_NOT,
    "unmatched-action": UNMATCHED_ACTION,
    "mfa-key": MFA_KEY,
    "set-operator": SET_OPERATOR,
    "if-exists": IF_EXISTS,
    "null-operator": NULL_OPERATOR,
    "identity-action": IDENTITY_ACTION,
    "fault": FAULT,
    "remark": REMARK,
}


@record
class Settings:
    """The user's choices that change what a check says: trusted accounts, organisations and
    principals, and how many characters AWS takes of a kind of policy where that was raised. An account
    of the organisation is never foreign."""

    accounts: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    allowed_principals: tuple[str, ...] = ()
    policy_quotas: Mapping[str, int] = field(default_factory=dict)


@record
class Match:
    """A place where a check fires.

    `place` is the element at fault (a value, or a pointer into the document), `marks` further
    places of the same fault with a note each, `evidence` the values that made it fire, `words`
    what fills the rule's message template, `notes` what stayed unknown, `label` a short note for
    the place itself. With `key_only` the place is the key, not the value. `items` are the action items
    at fault: a rule that covers this one hides the match only if it found fault with all of them too.
    None given means the statement as a whole. A check of policies names in `statement` the one that a
    match is about, if it is one.
    """

    place: Value | Pointer
    evidence: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[tuple[Value | Pointer, str], ...] = ()
    notes: tuple[str, ...] = ()
    properties: Mapping[str, object] = field(default_factory=dict)
    key_only: bool = False
    label: str = ""
    items: tuple[Value, ...] = ()
    statement: Statement | None = None


def features_of(statement: Statement) -> int:
    """Return the feature bits of a statement."""
    bits = 0
    effect = statement.effect
    if effect is not None:
        if effect.text == "Allow" or effect.text is None:
            bits |= ALLOW
        elif effect.text == "Deny":
            bits |= DENY
    actions = statement.actions
    if actions:
        bits |= ACTION
        for value in actions:
            text = value.text
            if text is None:
                text = value.literal
            if "*" in text or "?" in text:
                bits |= ACTION_WILDCARD
            # Actions of IAM and STS, as far as the beginning tells: the rules about identities are
            # many, and most statements are about something else.
            head = text[:4].lower()
            if head in {"iam:", "sts:"} or "*" in head or "?" in head:
                bits |= IDENTITY_ACTION
    resources = statement.resources
    if resources:
        bits |= RESOURCE
        for value in resources:
            text = value.text
            if text == "*":
                bits |= RESOURCE_STAR | RESOURCE_WILDCARD
                break
            if text is None:
                text = value.literal
            if "*" in text or "?" in text:
                bits |= RESOURCE_WILDCARD
    if statement.not_actions is not None:
        bits |= NOT_ACTION | IDENTITY_ACTION | ANY_NOT
    if statement.not_resources is not None:
        bits |= NOT_RESOURCE | ANY_NOT
    if statement.principals is not None:
        bits |= PRINCIPAL | ANY_PRINCIPAL
    if statement.not_principals is not None:
        bits |= NOT_PRINCIPAL | ANY_PRINCIPAL | ANY_NOT
    if statement.sid is not None:
        bits |= SID
    if () in (
        statement.actions,
        statement.not_actions,
        statement.resources,
        statement.not_resources,
        statement.principals,
        statement.not_principals,
    ):
        bits |= EMPTY
    if statement.conditions or statement.unread_condition:
        bits |= CONDITION
        for condition in statement.conditions:
            operator = condition.operator.lower()
            if ":" in operator:
                bits |= SET_OPERATOR
            if operator.endswith("ifexists"):
                bits |= IF_EXISTS
            if "null" in operator:
                bits |= NULL_OPERATOR
            if "multifactor" in condition.key.lower():
                bits |= MFA_KEY
    return bits


def statement_label(statement: Statement, number: int | None = None) -> str:
    """Return how messages name a statement: by its Sid where it has one, else by its `number`, counted
    from 1, where one is given."""
    sid = "" if statement.sid is None else str(statement.sid)
    if sid:
        return f"Statement '{sid}'"
    return "The statement" if number is None else f"Statement {number}"


class PolicySubject:
    """A policy under judgement; `unit` is all that was found beside it in the same unit of files, None
    where the policy is looked at alone."""

    __slots__ = ("_denied", "_facts", "_granted", "catalog", "policy", "settings", "unit")

    def __init__(self, policy: Policy, settings: Settings, unit: Unit | None = None) -> None:
        self.policy = policy
        self.settings = settings
        self.unit = unit
        self.catalog: Catalog = catalog()
        self._denied: int | None = None
        self._granted: int | None = None
        self._facts: dict[object, object] = {}

    def fact(self, make: Callable[[PolicySubject], T]) -> T:
        """Return what `make` says about this policy, worked out once for all rules that ask."""
        if make not in self._facts:
            self._facts[make] = make(self)
        return cast(T, self._facts[make])

    @property
    def granted(self) -> int:
        """Bitset of the actions that any statement allows, on whatever resource, less `denied`."""
        if self._granted is None:
            bits = 0
            for statement in self.policy.statements or ():
                if statement.is_allow:
                    bits |= self.action_bits(statement)
            self._granted = bits & ~self.denied
        return self._granted

    @property
    def denied(self) -> int:
        """Bitset of the actions that the policy denies always: on every resource, to everybody,
        without a condition. What is in it is not granted, whatever an Allow says."""
        if self._denied is None:
            bits = 0
            for statement in self.policy.statements or ():
                if not statement.is_deny or statement.conditions or statement.unread_condition:
                    continue
                if statement.when or statement.not_principals is not None:
                    continue
                if statement.principals is not None and not any(
                    p.value.text == "*" for p in statement.principals
                ):
                    continue
                if statement.resources is None or not any(
                    r.text == "*" and not r.when for r in statement.resources
                ):
                    continue
                bits |= self.action_bits(statement)
            self._denied = bits
        return self._denied

    def action_bits(self, statement: Statement) -> int:
        """Bitset of the catalogue's actions that the statement's Action or NotAction names. Holes
        add nothing to Action; in NotAction they take nothing away only if they are surely no action."""
        expand = self.catalog.expand
        if statement.actions is not None:
            bits = 0
            for value in statement.actions:
                if value.text is not None:
                    bits |= expand(value.text)
            return bits
        if statement.not_actions is not None:
            bits = self.catalog.all_actions
            for value in statement.not_actions:
                if value.text is None:
                    return 0
                bits &= ~expand(value.text)
            return bits
        return 0


class StatementSubject:
    """A statement under judgement; `notes` tell what was assumed to read it (a parameter's value)."""

    __slots__ = (
        "_arn_faults",
        "_bits",
        "_bounding",
        "_facts",
        "_granted",
        "_items",
        "_narrowed",
        "_parties",
        "_scopable",
        "_unscoped",
        "features",
        "notes",
        "owner",
        "statement",
    )

    def __init__(
        self, owner: PolicySubject, statement: Statement, features: int, notes: tuple[str, ...] = ()
    ) -> None:
        self.owner = owner
        self.statement = statement
        self.features = features
        self.notes = notes
        self._arn_faults: tuple[tuple[Value, ArnFault], ...] | None = None
        self._bits: int | None = None
        self._bounding: bool | None = None
        self._facts: dict[object, object] | None = None
        self._granted: int | None = None
        self._items: tuple[tuple[Value, int], ...] | None = None
        self._narrowed: bool | None = None
        self._scopable: int | None = None
        self._unscoped: int | None = None
        self._parties: tuple[Party, ...] | None = None
        if self._names_something_unknown():
            self.features |= UNMATCHED_ACTION

    def _names_something_unknown(self) -> bool:
        """Whether some action or pattern of the statement matches nothing in the catalogue."""
        for _, bits in self.action_items:
            if not bits:
                return True
        return any(
            value.text is not None and not self.catalog.expand(value.text)
            for value in self.statement.not_actions or ()
        )

    @property
    def policy(self) -> Policy:
        """The policy that holds the statement."""
        return self.owner.policy

    @property
    def catalog(self) -> Catalog:
        """The catalogue of actions."""
        return self.owner.catalog

    @property
    def settings(self) -> Settings:
        """The user's trusted accounts and principals."""
        return self.owner.settings

    def fact(self, make: Callable[[StatementSubject], T]) -> T:
        """Return what `make` says about this statement, worked out for the first check that asks."""
        facts = self._facts
        if facts is None:
            facts = self._facts = {}
        if make not in facts:
            facts[make] = make(self)
        return cast(T, facts[make])

    @property
    def label(self) -> str:
        """How messages name the statement: by its Sid where it has one."""
        return statement_label(self.statement)

    @property
    def action_items(self) -> tuple[tuple[Value, int], ...]:
        """Each known value of Action with the bitset of the actions that it names."""
        if self._items is None:
            expand = self.catalog.expand
            values = self.statement.actions or ()
            self._items = tuple([(value, expand(value.text)) for value in values if value.text is not None])
        return self._items

    @property
    def bits(self) -> int:
        """Bitset of the actions that the statement names."""
        if self._bits is None:
            if self.statement.actions is None:
                self._bits = self.owner.action_bits(self.statement)
            else:
                bits = 0
                for _, found in self.action_items:
                    bits |= found
                self._bits = bits
        return self._bits

    @property
    def granted(self) -> int:
        """Bitset of the actions that an Allow grants after the policy's unconditional denies."""
        if self._granted is None:
            self._granted = self.bits & ~self.owner.denied
        return self._granted

    @property
    def scopable(self) -> int:
        """Bitset of the granted actions that could name resources; the others need `*`."""
        if self._scopable is None:
            self._scopable = self.granted & ~self.catalog.without_resource_types()
        return self._scopable

    @property
    def unscoped(self) -> int:
        """Bitset of the granted actions whose resource the statement leaves open: `*`, NotResource,
        or every resource (or every one of a type) of the action's service."""
        if self._unscoped is None:
            self._unscoped = self.granted & unscoped_mask(self.statement, self.catalog)
        return self._unscoped

    @property
    def narrowed(self) -> bool:
        """Whether a condition narrows which resources or requests are meant, or may do so where it
        cannot be read. One that only describes the caller or the way in does not; see `bounded`."""
        if self._narrowed is None:
            statement = self.statement
            self._narrowed = statement.unread_condition or any(map(narrows_request, statement.conditions))
        return self._narrowed

    @property
    def parties(self) -> tuple[Party, ...]:
        """Who the principals are."""
        if self._parties is None:
            self._parties = parties(self.statement)
        return self._parties

    @property
    def bounded(self) -> bool:
        """Whether a condition pins the caller to an owner, or may do so where it cannot be read."""
        if self._bounding is None:
            self._bounding = self.statement.unread_condition or any(
                True for _ in bounding_conditions(self.statement)
            )
        return self._bounding

    @property
    def arn_faults(self) -> tuple[tuple[Value, ArnFault], ...]:
        """The values of Resource and NotResource that are surely wrong as ARNs, with what is wrong."""
        if self._arn_faults is None:
            found = []
            for value in (*(self.statement.resources or ()), *(self.statement.not_resources or ())):
                if value.text != "*":
                    fault = fault_of(value)
                    if fault is not None and not (fault.code == "prefix" and self.stands_in(value)):
                        found.append((value, fault))
            self._arn_faults = tuple(found)
        return self._arn_faults

    def stands_in(self, value: Value) -> bool:
        """Whether a value is only what a template has while nobody gives one (`none`, `create`): its
        text is a word, and a default or one side of a condition."""
        text = value.text
        if text is None or ":" in text:
            return False
        return bool(value.when) or any(f" is {text!r}" in note for note in self.notes)

    @property
    def star_resource(self) -> Value | None:
        """The resource `*`, if the statement has it."""
        for value in self.statement.resources or ():
            if value.text == "*":
                return value
        return None

    def actions_granting(self, wanted: int) -> Iterator[tuple[Value, int]]:
        """Yield each Action value that names some of the `wanted` actions, with those it names."""
        for value, bits in self.action_items:
            found = bits & wanted
            if found:
                yield value, found


class Unit:
    """What was found in one unit of files, for checks that look around.

    A check asks for a fact about the whole unit; it is worked out once, whatever the number of grants.
    """

    __slots__ = ("_facts", "grants", "policies")

    def __init__(self, extraction: Extraction) -> None:
        self.grants = extraction.grants
        self.policies = extraction.policies
        self._facts: dict[object, object] = {}

    def fact(self, make: Callable[[Unit], T]) -> T:
        """Return what `make` says about this unit."""
        if make not in self._facts:
            self._facts[make] = make(self)
        return cast(T, self._facts[make])


@record
class GrantSubject:
    """A grant under judgement; `unit` is all that was found beside it in the same unit of files."""

    grant: Grant
    settings: Settings
    unit: Unit

    @property
    def catalog(self) -> Catalog:
        """The catalogue of managed policies and actions."""
        return catalog()

    def field(self, name: str) -> Value | None:
        """Return the first value of a field, or None when it is not written."""
        values = self.grant.fields.get(name)
        return values[0] if values else None
