"""What all boxes of one question share: its actions, its callers, and the domain of each condition key.

Sections 7, 8, 12.1 and 12.4 of the evaluation rules.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from iamlint.catalog import catalog
from iamlint.model import Condition, Hole, Policy, PolicyKind, Statement, Value
from iamlint.record import record
from iamlint.semantics.algebra.actions import ActionSpace
from iamlint.semantics.algebra.callers import (
    DERIVED_KEYS,
    CallerSpace,
    NamedPrincipal,
    PrincipalError,
    read_principal,
)
from iamlint.semantics.algebra.globs import TextSet, private_letter
from iamlint.semantics.algebra.keysets import (
    ALL_NUMBERS,
    AddressSet,
    ChoiceSet,
    KeySet,
    NumberSet,
    Sampled,
    SeveralSet,
    SingleSet,
)
from iamlint.semantics.algebra.scalars import read_bytes
from iamlint.semantics.algebra.texts import Variable, value_tokens
from iamlint.semantics.conditions import Operator, parse_operator

__all__ = [
    "ALWAYS_PRESENT",
    "Domain",
    "DomainKind",
    "Reading",
    "Space",
    "has_principals",
    "key_name",
    "statement_variables",
]

ALWAYS_PRESENT = frozenset({"aws:currenttime", "aws:securetransport"})
"""Keys that every request has, by the default assumption of section 8; `aws:EpochTime` is the same
instant as `aws:CurrentTime` and stands under its name."""

_V4 = ((0, (1 << 32) - 1),)
_V6 = ((0, (1 << 128) - 1),)


class DomainKind(enum.Enum):
    """How the values of a key are told apart."""

    TEXT = "text"
    SEVERAL = "several"
    NUMBER = "number"
    INSTANT = "instant"
    TRUTH = "truth"
    BYTES = "bytes"
    ADDRESS = "address"


class Reading(enum.Enum):
    """The open points of section 14 on which an answer may rest; the value is the id there."""

    EMPTY_TEXT = "R1"
    PARTS = "R2"
    AWS_STAR = "R3"
    PARENTS = "R4"
    ANY_VALUE = "R6"


@record
class Domain:
    """The values of one key. `everything` is the set of them all, `families` the types of comparison
    that are exact in it. `is_multi_valued` says that a request may carry several."""

    kind: DomainKind
    everything: KeySet
    families: frozenset[str]
    is_multi_valued: bool = False


_FAMILIES = {
    "Numeric": DomainKind.NUMBER,
    "Date": DomainKind.INSTANT,
    "Bool": DomainKind.TRUTH,
    "Binary": DomainKind.BYTES,
    "Ip": DomainKind.ADDRESS,
}
_TYPES = {"Numeric": "Numeric", "Date": "Date", "Bool": "Bool", "IPAddress": "Ip"}
_WITH_PRINCIPALS = frozenset({PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.ENDPOINT})


def has_principals(kind: PolicyKind) -> bool:
    """Say whether statements of a kind of policy say who may call."""
    return kind in _WITH_PRINCIPALS


def key_name(key: str) -> str:
    """Return the name under which a condition key is kept: in lower case, the two clocks as one."""
    lower = key.lower()
    return "aws:currenttime" if lower == "aws:epochtime" else lower


@lru_cache(maxsize=4_096)
def _type_of(key: str) -> str | None:
    known = catalog().condition_key(key)
    return None if known is None else known.type


class Space:
    """The space of one question over some policies, all used as one kind.

    `present` are keys declared to be always there. `flipped` are the readings in which the space
    departs from the defaults; `touched` collects those on which some statement rests. `pins` fix
    the values of keys. `whole_numbers` says that numbers are whole. A space with a `base` differs
    from it in readings and pins alone, and shares the rest.

    `domains` has every key that the policies name, `spelling` how they write it, `variables` the
    keys of policy variables; `compiled` is what the compiler keeps between spaces.
    """

    __slots__ = (
        "_letters",
        "actions",
        "callers",
        "compiled",
        "domains",
        "flipped",
        "kind",
        "pins",
        "policies",
        "present",
        "spelling",
        "touched",
        "variables",
        "whole_numbers",
    )

    def __init__(
        self,
        kind: PolicyKind,
        policies: Sequence[Policy],
        *,
        present: frozenset[str] = frozenset(),
        flipped: frozenset[Reading] = frozenset(),
        pins: Mapping[str, Sampled] | None = None,
        whole_numbers: bool = False,
        more_actions: Sequence[str] = (),
        base: Space | None = None,
    ) -> None:
        self.kind = kind
        self.policies = policies
        self.present = present
        self.flipped = flipped
        self.pins = pins or {}
        self.whole_numbers = whole_numbers
        self.touched: set[Reading] = set()
        self.actions: ActionSpace
        self.callers: CallerSpace
        self.domains: dict[str, Domain]
        self.spelling: dict[str, str]
        self.variables: dict[str, str]
        self.compiled: dict[object, object]
        self._letters: dict[object, str]
        if base is not None:
            self.actions, self.callers, self.domains = base.actions, base.callers, base.domains
            self.spelling, self.variables, self.compiled = base.spelling, base.variables, base.compiled
            self._letters = base._letters  # noqa: SLF001 -- of the same class
            return
        self.spelling = {}
        self.variables = {}
        self.compiled = {}
        self._letters = {}
        statements = [s for policy in policies for s in policy.statements or ()]
        lists = [[v.text for v in (s.actions or s.not_actions or ()) if v.text] for s in statements]
        self.actions = ActionSpace([more_actions, *lists])
        self.domains = self._find_domains(statements)
        self.callers = CallerSpace(
            _named(statements) if has_principals(kind) else (),
            _accounts(statements) if self.uses_derived_keys else (),
            with_principals=has_principals(kind),
        )

    @property
    def uses_derived_keys(self) -> bool:
        """Whether some test or variable is about a key that follows from who calls."""
        return not DERIVED_KEYS.isdisjoint(self.domains)

    def everything(self, key: str) -> KeySet:
        """Return all that a request can carry under a key."""
        return self.domains[key].everything

    def is_present(self, key: str) -> bool:
        """Say whether every request has a key."""
        return key in ALWAYS_PRESENT or key in self.present

    def letter(self, what: Variable | Hole, mode: str) -> str:
        """Return the private letter of a variable's key or of a hole. `mode` tells apart places where
        the same text would match different texts."""
        name: object = (
            (key_name(what.key), mode) if isinstance(what, Variable) else (what.kind, what.name, mode)
        )
        if name not in self._letters:
            # The first one stands for the resource `*`.
            self._letters[name] = private_letter(len(self._letters) + 1)
        return self._letters[name]

    def _find_domains(self, statements: Iterable[Statement]) -> dict[str, Domain]:
        used: dict[str, list[tuple[Operator, Condition]]] = {}
        variables: dict[str, str] = {}
        for statement in statements:
            for condition in statement.conditions:
                name = key_name(condition.key)
                self.spelling.setdefault(name, condition.key)
                used.setdefault(name, []).append((parse_operator(condition.operator), condition))
            for values in (
                statement.resources,
                statement.not_resources,
                *(c.values for c in statement.conditions),
            ):
                for value in values or ():
                    _find_variables(value, variables)
        self.variables = variables
        for key, written in variables.items():
            self.spelling.setdefault(key, written)
            used.setdefault(key, [])
        return {key: self._domain(key, tests) for key, tests in used.items()}

    def _domain(self, key: str, tests: Sequence[tuple[Operator, Condition]]) -> Domain:
        families = {operator.family for operator, _ in tests} - {"Null"}
        known = _type_of(key)
        several = (
            known.startswith("ArrayOf")
            if known is not None
            else any(operator.quantifier is not None for operator, _ in tests)
        )
        absent = not self.is_present(key)
        if several:
            return Domain(
                DomainKind.SEVERAL,
                SeveralSet(absent=absent, present=True),
                frozenset({"String", "Arn"}),
                is_multi_valued=True,
            )
        if key == "aws:currenttime":
            instants = NumberSet(absent, unparsable=False, intervals=(ALL_NUMBERS,), is_date=True)
            if families <= {"Date", "Numeric"}:
                return Domain(DomainKind.INSTANT, instants, frozenset({"Date", "Numeric"}))
        if len(families) == 1 and (family := next(iter(families))) in _FAMILIES:
            # The catalogue tells of some keys that AWS itself writes such values there.
            odd = known is None or _TYPES.get(known) != family
            kind = _FAMILIES[family]
            return Domain(kind, self._typed(kind, tests, absent=absent, odd=odd), frozenset({family}))
        return Domain(DomainKind.TEXT, SingleSet(absent, TextSet()), frozenset({"String", "Arn", "Bool"}))

    def _typed(
        self, kind: DomainKind, tests: Sequence[tuple[Operator, Condition]], *, absent: bool, odd: bool
    ) -> KeySet:
        if kind is DomainKind.NUMBER:
            return NumberSet(absent, odd, (ALL_NUMBERS,), whole=self.whole_numbers)
        if kind is DomainKind.INSTANT:
            return NumberSet(absent, odd, (ALL_NUMBERS,), is_date=True)
        if kind is DomainKind.ADDRESS:
            return AddressSet(absent, odd, _V4, _V6)
        if kind is DomainKind.TRUTH:
            return ChoiceSet(absent | 0b0110 | odd << 3, (None, "true", "false", "x"))
        texts: dict[bytes, str] = {}
        for _, condition in tests:
            for value in condition.values:
                data = None if value.text is None else read_bytes(value.text)
                if data is not None and value.text is not None:
                    texts.setdefault(data, value.text)
        other = next(text for n in range(len(texts) + 1) if read_bytes(text := f"{n:08d}") not in texts)
        names = (None, *texts.values(), other, "?")
        return ChoiceSet((1 << len(names)) - 2 | absent, names)


def _find_variables(value: Value, found: dict[str, str]) -> None:
    if "${" in value.literal:
        for token in value_tokens(value, wildcards=False, variables=True):
            if isinstance(token, Variable):
                found.setdefault(key_name(token.key), token.key)


def statement_variables(statement: Statement) -> set[str]:
    """Return the names of the keys that policy variables of a statement stand for."""
    found: dict[str, str] = {}
    for values in (statement.resources, statement.not_resources, *(c.values for c in statement.conditions)):
        for value in values or ():
            _find_variables(value, found)
    return set(found)


def _named(statements: Iterable[Statement]) -> Iterator[NamedPrincipal]:
    for statement in statements:
        for principal in (*(statement.principals or ()), *(statement.not_principals or ())):
            if principal.value.text is not None:
                try:
                    yield read_principal(principal)
                except PrincipalError:
                    continue


def _accounts(statements: Iterable[Statement]) -> Iterator[str]:
    """Yield the account ids that tests of derived keys name."""
    for statement in statements:
        for condition in statement.conditions:
            name = condition.key.lower()
            if name not in {"aws:principalaccount", "aws:principalarn"}:
                continue
            for value in condition.values:
                text = value.text or ""
                if name == "aws:principalarn":
                    fields = text.split(":", 5)
                    text = fields[4] if len(fields) == 6 else ""
                if text.isascii() and text.isdigit():
                    yield text
