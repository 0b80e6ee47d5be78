"""Statements to boxes, each bounded from both sides.

Everything that is known makes a box that says exactly what the statement takes. What a template
leaves open, a variable stands for, or no set can express makes bounds: a wide one that surely holds
all requests of the statement, and a narrow one that surely holds nothing else. Sections 2 to 7, 12.4
and 12.7 of the evaluation rules.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from iamlint.model import Condition, Hole, Policy, PolicyKind, Principal, Statement, Value, Values
from iamlint.record import record
from iamlint.semantics.algebra.boxes import Box
from iamlint.semantics.algebra.callers import NamedKind, NamedPrincipal, PrincipalError, read_principal
from iamlint.semantics.algebra.closing import is_named
from iamlint.semantics.algebra.globs import (
    ANYTHING,
    ONE,
    ONE_IN_NAME,
    RUN,
    RUN_IN_FIELD,
    RUN_IN_NAME,
    Glob,
    TextSet,
    arn_tokens,
    from_tokens,
    glob,
    literal,
)
from iamlint.semantics.algebra.keysets import (
    ALL_NUMBERS,
    AddressSet,
    ChoiceSet,
    Interval,
    KeySet,
    NumberSet,
    Range,
    SeveralSet,
    SingleSet,
    ranges,
)
from iamlint.semantics.algebra.scalars import read_bytes, read_instant, read_network, read_number, read_truth
from iamlint.semantics.algebra.space import (
    DomainKind,
    Reading,
    Space,
    has_principals,
    key_name,
    statement_variables,
)
from iamlint.semantics.algebra.texts import Token, Variable, read_tokens, value_tokens
from iamlint.semantics.conditions import Operator, parse_operator
from iamlint.semantics.patterns import OWN_API, may_be_of_api

__all__ = ["Bound", "Compiled", "Compiler", "Doubt"]

_COLONS = 5
_MOST_GROUPS = 64
_DEAD_WHEN_SHORT = frozenset({PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.ENDPOINT})


class _Short(enum.Enum):
    """What a resource pattern with fewer than five colons and without a wildcard means, and whether
    `execute-api:/path` is a resource: OWN_API is DEAD where the policy may be that of an API."""

    PADDED = "missing fields are *"
    DEAD = "matches nothing"
    OWN_API = "matches nothing, unless it is a path of the API"

    @classmethod
    def of(cls, kind: PolicyKind, policy: Policy) -> _Short:
        """Return what holds for a policy that is used as `kind`."""
        if kind is PolicyKind.RESOURCE and may_be_of_api(policy.on):
            return cls.OWN_API
        return cls.DEAD if kind in _DEAD_WHEN_SHORT else cls.PADDED


@record
class Bound:
    """Which bound of a statement is asked for.

    `wide` holds at least what the statement takes, else at most that. `letters` keeps variables and
    holes as private letters, which is right for proofs that something is covered.
    """

    wide: bool
    letters: bool


@record
class Doubt:
    """Why a statement is not known exactly: a code, what it is about in words, and the statement."""

    code: str
    what: str
    source: int


@record
class Compiled:
    """The boxes of one bound of a statement, the doubts about it, and the readings it rests on."""

    boxes: tuple[Box, ...]
    doubts: tuple[Doubt, ...]
    touched: frozenset[Reading]
    policy: Policy
    statement: Statement

    @property
    def is_exact(self) -> bool:
        """Whether all bounds are the statement itself."""
        return not self.doubts


@record
class _Facts:
    """What the boxes of a statement depend on, beside the statement."""

    touched: frozenset[Reading]
    keys: set[str]
    is_exact: bool

    def label(self, name: object, bound: Bound, space: Space) -> object:
        """Return what is the same for spaces in which the boxes are the same."""
        pins = tuple(sorted((key, repr(value)) for key, value in space.pins.items() if key in self.keys))
        shown = None if self.is_exact else bound
        return (name, shown, self.touched & space.flipped, pins)


@record
class _Choice:
    """One way to read a pattern: its tokens, and the keys that must be there or absent for it."""

    tokens: tuple[str, ...]
    present: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()


@record
class _Part:
    """One way in which an element matches: a set of its dimension, and the keys that must be there or
    absent for it."""

    values: TextSet | KeySet | None
    present: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    opaque: frozenset[object] = frozenset()


_FREE = _Part(None)


class Compiler:
    """Makes the boxes of one question; `doubts` collects why some are not exact."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._source = -1
        self._short = _Short.PADDED
        self._doubts: dict[Doubt, None] = {}

    def compile(self, policy: Policy, statement: Statement, source: int, bound: Bound) -> Compiled:
        """Return the boxes whose union is the bound of a statement. What other spaces of the same
        question have made is used again where it is the same."""
        space = self._space
        memo = space.compiled
        name = (id(policy), id(statement))
        facts = memo.get(name)
        if isinstance(facts, _Facts):
            found = memo.get(facts.label(name, bound, space))
            if isinstance(found, Compiled):
                return self._taken(found)
        self._source = source
        self._short = _Short.of(space.kind, policy)
        outer, self._doubts = self._doubts, {}
        touched, space.touched = space.touched, set()
        boxes = tuple(self._boxes(policy, statement, bound))
        found = Compiled(boxes, tuple(self._doubts), frozenset(space.touched), policy, statement)
        self._doubts, space.touched = outer, touched
        if not isinstance(facts, _Facts):
            keys = {key_name(condition.key) for condition in statement.conditions}
            facts = memo[name] = _Facts(found.touched, keys | statement_variables(statement), found.is_exact)
        memo[facts.label(name, bound, space)] = found
        return self._taken(found)

    def _taken(self, found: Compiled) -> Compiled:
        self._doubts.update(dict.fromkeys(found.doubts))
        self._space.touched |= found.touched
        return found

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Return why some statements are not exact."""
        return tuple(self._doubts)

    def doubt(self, code: str, what: str, source: int) -> None:
        """Add a reason from outside."""
        self._doubts[Doubt(code, what, source)] = None

    def _doubt(self, code: str, what: str) -> None:
        self.doubt(code, what, self._source)

    def _boxes(self, policy: Policy, statement: Statement, bound: Bound) -> Iterator[Box]:
        variables = policy.version is not None and policy.version.text == "2012-10-17"
        if policy.version is not None and policy.version.text is None:
            self._doubt("template", "the version of the policy")
        if policy.when or statement.when:
            self._doubt("template", "a template condition decides whether the statement is there")
            if not bound.wide:
                return
        if statement.unread_condition:
            self._doubt("template", "a condition that cannot be read")
            if not bound.wide:
                return
        actions = self._actions(statement, bound)
        if not actions:
            return
        parts: list[list[_Part]] = [self._resources(statement, bound, variables=variables)]
        keys: list[str] = [""]
        for condition in statement.conditions:
            parts.append(self._test(condition, bound, variables=variables))
            keys.append(key_name(condition.key))
        size = 1
        for some in parts:
            size *= len(some)
        if size > _MOST_GROUPS:
            self._doubt("variables", "too many variables in one statement")
            if not bound.wide:
                return
            parts = [some if len(some) == 1 else [_FREE] for some in parts]
        for callers, wanted in self._callers(statement, bound, actions):
            for chosen in product(*parts):
                box = self._box(chosen, keys, callers, wanted)
                if box is not None:
                    yield box

    def _box(self, chosen: Sequence[_Part], keys: Sequence[str], callers: int, actions: int) -> Box | None:
        space = self._space
        resource = TextSet()
        found: dict[str, KeySet] = {}
        opaque: frozenset[object] = frozenset()
        for part, key in zip(chosen, keys, strict=True):
            opaque |= part.opaque
            if isinstance(part.values, TextSet):
                resource = part.values
            elif part.values is not None:
                found[key] = _both(found.get(key) or space.everything(key), part.values)
            for name in part.present:
                found[name] = _both(
                    found.get(name) or space.everything(name), _presence(space, name, present=True)
                )
            for name in part.absent:
                found[name] = _both(
                    found.get(name) or space.everything(name), _presence(space, name, present=False)
                )
        for name in [name for name in found if name in space.pins]:
            if not found.pop(name).holds(space.pins[name]):
                return None
        return Box(actions, callers, resource, found, opaque, self._source)

    def actions(self, statement: Statement) -> int:
        """Return the actions that a statement may be about."""
        outer, self._doubts = self._doubts, {}
        found = self._actions(statement, Bound(wide=True, letters=False))
        self._doubts = outer
        return found

    # --- actions --------------------------------------------------------------------------------

    def _actions(self, statement: Statement, bound: Bound) -> int:
        space = self._space.actions
        if statement.actions is not None:
            return self._action_bits(statement.actions, wide=bound.wide)
        return space.everything & ~self._action_bits(statement.not_actions or (), wide=not bound.wide)

    def _action_bits(self, values: Values, *, wide: bool) -> int:
        bits = 0
        for value in values:
            if value.text is None or value.when:
                self._doubt("template", f"the action {value}")
                if not wide:
                    continue
            text = value.text
            bits |= self._space.actions.everything if text is None else self._space.actions.bits(text)
        return bits

    # --- callers --------------------------------------------------------------------------------

    def _callers(self, statement: Statement, bound: Bound, actions: int) -> Iterator[tuple[int, int]]:
        """Yield pairs of callers and actions: identities of a provider only match for the actions with
        which they assume a role."""
        space = self._space.callers
        if not has_principals(self._space.kind):
            yield space.everybody, actions
            return
        listed = statement.principals if statement.principals is not None else statement.not_principals
        if listed is None:
            return
        negated = statement.principals is None
        named = list(self._named(listed, wide=bound.wide is not negated))
        reading = self._space.flipped
        if any(one.kind is NamedKind.AWS_EVERYBODY for one in named):
            self._space.touched.add(Reading.AWS_STAR)
        star = Reading.AWS_STAR not in reading
        bits = 0
        everybody = False
        for one in named:
            bits |= space.bits(one, aws_star_is_everybody=star)
            everybody |= one.kind in {NamedKind.EVERYBODY, NamedKind.AWS_EVERYBODY}
        if not negated:
            providers = bits & space.providers
            if everybody or not providers:
                yield bits, actions
                return
            yield bits & ~space.providers, actions
            yield providers, actions & self._assuming()
            return
        if statement.is_deny:
            self._space.touched.add(Reading.PARENTS)
            if Reading.PARENTS in reading:
                bits = space.spared(named)
        yield space.everybody & ~bits, actions
        if not everybody and bits & space.providers:
            yield bits & space.providers, actions & ~self._assuming()

    def _assuming(self) -> int:
        return self._space.actions.bits("sts:assumerolewith*")

    def _named(self, listed: Iterable[Principal], *, wide: bool) -> Iterator[NamedPrincipal]:
        for principal in listed:
            if principal.value.text is None or principal.value.when:
                self._doubt("template", f"the principal {principal.value}")
                if not wide:
                    continue
                if principal.value.text is None:
                    yield NamedPrincipal(NamedKind.EVERYBODY)
                    continue
            try:
                yield read_principal(principal)
            except PrincipalError as error:
                self._doubt("malformed", str(error))

    # --- resources ------------------------------------------------------------------------------

    def _resources(self, statement: Statement, bound: Bound, *, variables: bool) -> list[_Part]:
        values = statement.resources
        negated = values is None
        if values is None:
            values = statement.not_resources
        if values is None:
            return [_FREE]
        in_parts = Reading.PARTS in self._space.flipped
        if all(value.text is not None and not value.when for value in values):
            texts = tuple([value.text for value in values if value.text is not None])
            if not variables or not any("${" in text for text in texts):
                if any(_is_wide_head(text, self._short) for text in texts):
                    self._space.touched.add(Reading.PARTS)
                patterns = _plain_patterns(texts, self._short, in_parts)
                return [_Part(TextSet((), patterns) if negated else TextSet((patterns,)))]

        def read(value: Value) -> Sequence[Token] | None:
            return self._resource_tokens(value, variables=variables, in_parts=in_parts)

        if negated:
            return self._negative(values, read, bound, ("NotResource", variables), _everything_outside, _flat)
        return self._positive(values, read, bound, _flat, _everything_inside, "resource")

    def _resource_tokens(self, value: Value, *, variables: bool, in_parts: bool) -> Sequence[Token] | None:
        """Return the tokens of a resource pattern; None for one that matches nothing."""
        if value.text is not None:
            if _is_wide_head(value.text, self._short):
                self._space.touched.add(Reading.PARTS)
            return _resource_tokens(value.text, variables=variables, short=self._short, in_parts=in_parts)
        tokens = value_tokens(value, wildcards=True, variables=variables)
        if _is_own_api(value.parts[0] if isinstance(value.parts[0], str) else "", self._short):
            return [*_OWN_API_HEAD, *tokens[len(OWN_API) :]]
        return tokens

    # --- patterns with variables and holes ------------------------------------------------------

    def _positive(
        self,
        values: Values,
        read: Callable[[Value], Sequence[Token] | None],
        bound: Bound,
        make: _Maker,
        gather: Callable[[frozenset[Glob]], TextSet | KeySet],
        mode: str,
    ) -> list[_Part]:
        """Return the ways in which some pattern of a list matches, one for each set of keys that it
        takes to have the variables resolved (section 6)."""
        groups: dict[tuple[frozenset[str], frozenset[str]], list[Glob]] = {}
        for value in values:
            if value.when:
                self._doubt("template", f"whether {value} is there")
                if not bound.wide:
                    continue
            tokens = read(value)
            if tokens is None:
                continue
            settled = _is_settled(tokens)
            for choice in self._choices(tokens, bound, mode):
                pattern = make(choice.tokens, settled)
                if pattern is not None:
                    groups.setdefault((choice.present, choice.absent), []).append(pattern)
        free = groups.get((frozenset(), frozenset()), [])
        if not groups:
            return [_Part(gather(frozenset()))]
        return [
            _Part(gather(frozenset((*patterns, *free))), present, absent)
            for (present, absent), patterns in groups.items()
        ]

    def _negative(
        self,
        values: Values,
        read: Callable[[Value], Sequence[Token] | None],
        bound: Bound,
        label: object,
        gather: Callable[[frozenset[Glob]], TextSet | KeySet],
        make: _Maker,
    ) -> list[_Part]:
        """Return the ways in which no pattern of a list matches. A variable without a value makes all
        of it fail (section 6)."""
        patterns: list[Glob] = []
        present: set[str] = set()
        opaque = False
        for value in values:
            tokens = read(value)
            if tokens is None:
                continue
            open_ones = [t for t in tokens if not isinstance(t, str)]
            holes = [t for t in open_ones if isinstance(t, Hole)]
            variable = any(isinstance(t, Variable) for t in open_ones)
            if value.when or (holes and (not bound.letters or not all(map(is_named, holes)))):
                self._doubt("template", f"the value {value}")
                if variable and not bound.wide:
                    return []
                if not bound.wide:
                    patterns.append(_hole_pattern(tokens) if make is _flat else ANYTHING)
                continue
            resolved: list[str] = []
            for token in tokens:
                if isinstance(token, str):
                    resolved.append(token)
                    continue
                if isinstance(token, Variable) and key_name(token.key) in self._space.pins:
                    text = self._pinned(token)
                    if text is None:
                        return []
                    resolved.extend(text)
                    continue
                opaque = True
                if isinstance(token, Variable):
                    if token.default is None:
                        present.add(key_name(token.key))
                    self._doubt("variables", f"the policy variable {token.key}")
                else:
                    self._doubt("template", f"the value {value}")
                break
            else:
                pattern = make(resolved, True)
                if pattern is not None:
                    patterns.append(pattern)
        if not opaque:
            return [_Part(gather(frozenset(patterns)))]
        if not bound.wide and not bound.letters:
            return []
        marks: frozenset[object] = frozenset({(label, _shown(values))}) if bound.letters else frozenset()
        if not bound.wide:
            return [_Part(None, opaque=marks)]
        return [_Part(gather(frozenset(patterns)), frozenset(present), opaque=marks)]

    def _choices(self, tokens: Sequence[Token], bound: Bound, mode: str) -> list[_Choice]:
        """Return the ways to read tokens with variables and holes as a pattern."""
        choices = [_Choice(())]
        for token in tokens:
            if isinstance(token, str):
                more = [_Choice((token,))]
            elif isinstance(token, Variable):
                more = self._variable_choices(token, bound, mode)
            else:
                self._doubt("template", f"the value {token}")
                if bound.letters and is_named(token):
                    more = [_Choice((self._space.letter(token, mode),))]
                else:
                    more = [_Choice(_hole_tokens(token))] if bound.wide else []
            choices = [
                _Choice(one.tokens + other.tokens, one.present | other.present, one.absent | other.absent)
                for one in choices
                for other in more
                if not (one.present | other.present) & (one.absent | other.absent)
            ][:_MOST_GROUPS]
        return choices

    def _variable_choices(self, variable: Variable, bound: Bound, mode: str) -> list[_Choice]:
        key = key_name(variable.key)
        if key in self._space.pins:
            text = self._pinned(variable)
            return [] if text is None else [_Choice(tuple(text))]
        self._doubt("variables", f"the policy variable {variable.key}")
        domain = self._space.domains.get(key)
        if domain is None:
            # Only a part of the text reads as a variable, not the whole: `${a:b:${c}`.
            return [_Choice((RUN,))] if bound.wide else []
        several = domain.is_multi_valued
        default = (
            []
            if variable.default is None
            else [_Choice(tuple(variable.default), frozenset(), frozenset({key}))]
        )
        if bound.letters and not several:
            # What is put in is literal, so only letter case tells the modes apart.
            letter = self._space.letter(variable, "fold" if mode == "fold" else "")
            return [_Choice((letter,), frozenset({key})), *default]
        if bound.wide:
            return [_Choice((RUN,))]
        return [] if several else default

    def _pinned(self, variable: Variable) -> str | None:
        value = self._space.pins[key_name(variable.key)]
        return value if isinstance(value, str) else variable.default

    # --- conditions -----------------------------------------------------------------------------

    def _test(self, condition: Condition, bound: Bound, *, variables: bool) -> list[_Part]:
        """Return the ways in which one entry of a condition block holds (section 7)."""
        operator = parse_operator(condition.operator)
        key = key_name(condition.key)
        domain = self._space.domains[key]
        label = (operator, key, variables)
        if operator.base == "Null":
            if any(value.text is None or value.when for value in condition.values):
                return self._unsure(condition, bound, label, "template", f"the values of {condition.key}")
            return [_Part(self._null(condition.values, key))]
        if domain.is_multi_valued and operator.quantifier is None:
            return self._unsure(
                condition,
                bound,
                label,
                "plain-operator",
                f"{condition.operator} without a set operator on {condition.key}, which has several values",
            )
        if operator.family not in domain.families:
            pinned = self._pinned_test(condition, operator, key)
            if pinned is not None:
                return [_FREE] if pinned else []
            return self._unsure(
                condition, bound, label, "mixed-types", f"tests of different types on {condition.key}"
            )
        if (
            operator.family == "Bool"
            and variables
            and any("${" in value.literal for value in condition.values)
        ):
            # Reading R5.
            return self._unsure(
                condition, bound, label, "R5", f"a policy variable in Bool on {condition.key}"
            )
        if domain.kind in {DomainKind.TEXT, DomainKind.SEVERAL}:
            return self._text_test(condition, operator, key, bound, label, variables=variables)
        values = condition.values
        if any(value.text is None or value.when for value in values):
            return self._unsure(condition, bound, label, "template", f"the values of {condition.key}")
        texts = [value.text for value in values if value.text is not None]
        return [_Part(self._typed(operator, self._space.everything(key), texts))]

    def _pinned_test(self, condition: Condition, operator: Operator, key: str) -> bool | None:
        """Say whether a test of another type than the key's holds for the value that is pinned; None
        where there is none, or the test is open."""
        if key not in self._space.pins or any(value.text is None or value.when for value in condition.values):
            return None
        everything = _ALL_OF_TYPE.get(operator.family)
        if everything is None:
            return None
        texts = [value.text for value in condition.values if value.text is not None]
        return self._typed(operator, everything, texts).holds(self._space.pins[key])

    def _unsure(self, condition: Condition, bound: Bound, label: object, code: str, what: str) -> list[_Part]:
        """Return what stands for a test that no set expresses."""
        self._doubt(code, what)
        if bound.letters:
            values = condition.values
            stable = all(
                not v.when and all(not isinstance(p, Hole) or is_named(p) for p in v.parts) for v in values
            )
            if stable:
                return [_Part(None, opaque=frozenset({(label, _shown(values))}))]
        return [_FREE] if bound.wide else []

    def _null(self, values: Values, key: str) -> KeySet:
        wanted = {read_truth(value.text or "") for value in values}
        absent, present = True in wanted, False in wanted
        everything = self._space.everything(key)
        empty_counts = Reading.EMPTY_TEXT not in self._space.flipped
        if isinstance(everything, SingleSet):
            self._space.touched.add(Reading.EMPTY_TEXT)
            if empty_counts or absent is present:
                return SingleSet(absent, TextSet() if present else None)
            return SingleSet(absent, TextSet((_EMPTY,)) if absent else TextSet((), _EMPTY))
        if isinstance(everything, SeveralSet):
            self._space.touched.add(Reading.EMPTY_TEXT)
            if empty_counts or absent is present:
                return SeveralSet(absent, present)
            if absent:
                return SeveralSet(absent=True, present=True, every=TextSet((_EMPTY,)))
            return SeveralSet(absent=False, present=True, some=(TextSet((), _EMPTY),))
        return _with_absence(everything, absent=absent, present=present)

    def _absence(self, operator: Operator) -> bool:
        """Say whether a test holds for an absent key (section 7.2)."""
        if operator.quantifier == "ForAllValues":
            return True
        if operator.quantifier == "ForAnyValue":
            if operator.if_exists:
                self._space.touched.add(Reading.ANY_VALUE)
                return Reading.ANY_VALUE not in self._space.flipped
            return False
        return operator.negated or operator.if_exists

    def _text_test(
        self,
        condition: Condition,
        operator: Operator,
        key: str,
        bound: Bound,
        label: object,
        *,
        variables: bool,
    ) -> list[_Part]:
        absent = self._absence(operator)
        several = self._space.domains[key].is_multi_valued
        base = operator.base
        wild = base.endswith("Like") or operator.family == "Arn"
        fold = base.endswith("IgnoreCase") or base == "Bool"
        arn = operator.family == "Arn"

        def gather(patterns: frozenset[Glob]) -> KeySet:
            texts = TextSet((), patterns) if operator.negated else TextSet((patterns,))
            return self._quantified(operator, texts, absent=absent, several=several)

        values = condition.values
        if base == "Bool":
            values = tuple(
                value for value in values if value.text is None or read_truth(value.text) is not None
            )
        plain = all(value.text is not None and not value.when for value in values)
        if plain and not (variables and any("${" in (value.text or "") for value in values)):
            texts = tuple(value.text for value in values if value.text is not None)
            return [_Part(gather(_condition_patterns(texts, wild, fold, arn)))]
        if several and not self._all_pinned(values):
            return self._unsure(
                condition, bound, label, "variables", f"a value that is open on {condition.key}"
            )

        def read(value: Value) -> Sequence[Token]:
            return value_tokens(value, wildcards=wild, variables=variables)

        def make(tokens: Sequence[str], settled: bool) -> Glob | None:  # noqa: FBT001 -- see _Maker
            if not arn:
                return from_tokens(tokens, fold=fold)
            if not settled and (bound.wide or len(tokens) == 1):
                # What is put in may hold colons, and the fields are counted behind it.
                return from_tokens(tokens)
            inside, colons = arn_tokens(tokens)
            return from_tokens(inside) if colons == _COLONS else None

        mode = "arn" if arn else "fold" if fold else "like" if wild else "equal"
        if operator.negated:
            # The test holds for an absent key, but only if its variables have a value.
            return self._negative(values, read, bound, label, gather, make)
        parts = self._positive(values, read, bound, make, gather, mode)
        if absent and all(part.present or part.absent for part in parts):
            # Whatever the variables are, an absent key passes.
            parts.append(_Part(SingleSet(absent=True, texts=None)))
        return parts

    def _all_pinned(self, values: Values) -> bool:
        """Say whether nothing is open in values but variables whose keys are pinned."""
        for value in values:
            if value.text is None or value.when:
                return False
            for token in read_tokens(value.text, wildcards=False, variables=True):
                if isinstance(token, Variable) and key_name(token.key) not in self._space.pins:
                    return False
        return True

    def _quantified(self, operator: Operator, texts: TextSet, *, absent: bool, several: bool) -> KeySet:
        """Return the set of a key for which a test of text holds (section 7.3)."""
        flipped = Reading.EMPTY_TEXT in self._space.flipped
        if operator.quantifier is not None:
            self._space.touched.add(Reading.EMPTY_TEXT)
        if not several:
            if flipped and operator.quantifier is not None:
                # An empty text counts as an absent key.
                texts = _with_empty(texts) if absent else _without_empty(texts)
            return SingleSet(absent, texts)
        if operator.quantifier == "ForAllValues":
            return SeveralSet(absent, present=True, every=_with_empty(texts) if flipped else texts)
        return SeveralSet(absent, present=True, some=(_without_empty(texts) if flipped else texts,))

    def _typed(self, operator: Operator, everything: KeySet, texts: Sequence[str]) -> KeySet:
        absent = self._absence(operator)
        if isinstance(everything, NumberSet):
            read = read_instant if operator.family == "Date" else read_number
            found = tuple(number for number in map(read, texts) if number is not None)
            intervals = _intervals(operator.base, found)
            return NumberSet(
                absent,
                unparsable=False,
                intervals=intervals,
                is_date=everything.is_date,
                whole=everything.whole,
            )
        if isinstance(everything, AddressSet):
            return _addresses(texts, absent=absent, negated=operator.negated)
        assert isinstance(everything, ChoiceSet)
        bits = int(absent)
        if operator.base == "Bool":
            for truth in map(read_truth, texts):
                bits |= 0 if truth is None else 0b0010 if truth else 0b0100
            return ChoiceSet(bits, everything.names)
        known = [None if name is None else read_bytes(name) for name in everything.names[:-1]]
        for data in map(read_bytes, texts):
            if data is not None:
                bits |= 1 << known.index(data)
        return ChoiceSet(bits, everything.names)


_ALL_OF_TYPE: Mapping[str, KeySet] = {
    "Numeric": NumberSet(absent=True, unparsable=True, intervals=(ALL_NUMBERS,)),
    "Date": NumberSet(absent=True, unparsable=True, intervals=(ALL_NUMBERS,), is_date=True),
    "Ip": AddressSet(absent=True, unparsable=True, v4=(), v6=()),
}

_EMPTY = frozenset({literal("")})
_SOMETHING = glob("?*")


def _with_empty(texts: TextSet) -> TextSet:
    """Return a set that one test makes, with the empty text in it."""
    kept = [_SOMETHING if pattern == ANYTHING else pattern for pattern in texts.outside]
    return TextSet(tuple(clause | _EMPTY for clause in texts.clauses), frozenset(kept) - _EMPTY)


def _without_empty(texts: TextSet) -> TextSet:
    """Return a set that one test makes, without the empty text."""
    if not texts.clauses:
        return TextSet((), texts.outside | _EMPTY)
    clauses = [
        frozenset(_SOMETHING if p == ANYTHING else p for p in clause) - _EMPTY for clause in texts.clauses
    ]
    return TextSet(tuple(clauses), texts.outside)


_Maker: TypeAlias = "Callable[[Sequence[str], bool], Glob | None]"
"""Makes a pattern of tokens; the flag says that the fields of an ARN are known, whatever is put in the
place of variables and holes. None for tokens that match nothing."""


def _flat(tokens: Sequence[str], settled: bool) -> Glob:  # noqa: ARG001, FBT001 -- see _Maker
    return from_tokens(tokens)


def _is_settled(tokens: Sequence[Token]) -> bool:
    """Say whether the first five colons stand before everything that is decided elsewhere."""
    colons = 0
    for letter in tokens:
        if not isinstance(letter, str):
            return False
        colons += letter == ":"
        if colons == _COLONS:
            return True
    return True


def _everything_inside(patterns: frozenset[Glob]) -> TextSet:
    return TextSet((patterns,))


def _everything_outside(patterns: frozenset[Glob]) -> TextSet:
    return TextSet((), patterns)


def _both(one: KeySet, other: KeySet) -> KeySet:
    return one.intersect(other)  # type: ignore[arg-type] # one key, one class


def _presence(space: Space, key: str, *, present: bool) -> KeySet:
    everything = space.everything(key)
    if isinstance(everything, SingleSet):
        return SingleSet(not present, TextSet() if present else None)
    if isinstance(everything, SeveralSet):
        return SeveralSet(not present, present)
    return _with_absence(everything, absent=not present, present=present)


def _with_absence(everything: KeySet, *, absent: bool, present: bool) -> KeySet:
    if isinstance(everything, NumberSet):
        intervals = everything.intervals if present else ()
        return NumberSet(absent, present, intervals, everything.is_date, everything.whole)
    if isinstance(everything, AddressSet):
        return AddressSet(absent, present, everything.v4 if present else (), everything.v6 if present else ())
    assert isinstance(everything, ChoiceSet)
    rest = (1 << len(everything.names)) - 2
    return ChoiceSet(absent | (rest if present else 0), everything.names)


def _intervals(base: str, numbers: Sequence[Fraction]) -> tuple[Interval, ...]:
    """Return the numbers for which a test against some of the bounds holds; for the negated tests those
    that differ from all."""
    if base.endswith("NotEquals"):
        edges = sorted(set(numbers))
        lows: list[Fraction | None] = [None, *edges]
        highs: list[Fraction | None] = [*edges, None]
        return tuple(Interval(low, True, high, True) for low, high in zip(lows, highs, strict=True))
    if not numbers:
        return ()
    if "LessThan" in base:
        return (Interval(None, True, max(numbers), not base.endswith("Equals")),)
    if "GreaterThan" in base:
        return (Interval(min(numbers), not base.endswith("Equals"), None, True),)
    return tuple(Interval(number, False, number, False) for number in sorted(set(numbers)))


def _addresses(texts: Iterable[str], *, absent: bool, negated: bool) -> AddressSet:
    found: dict[int, list[Range]] = {4: [], 6: []}
    for network in map(read_network, texts):
        if network is not None:
            found[network[0]].append((network[1], network[2]))
    v4, v6 = ranges(found[4]), ranges(found[6])
    if negated:
        return AddressSet(absent, False, _rest(v4, 32), _rest(v6, 128))
    return AddressSet(absent, False, v4, v6)


def _rest(taken: Sequence[Range], size: int) -> tuple[Range, ...]:
    result: list[Range] = []
    at = 0
    for low, high in taken:
        if low > at:
            result.append((at, low - 1))
        at = high + 1
    if at < 1 << size:
        result.append((at, (1 << size) - 1))
    return tuple(result)


def _hole_tokens(hole: Hole) -> tuple[str, ...]:
    if hole.arn is not None:
        return tuple(RUN if c == "*" else c for c in hole.arn)
    return (RUN,)


def _hole_pattern(tokens: Sequence[Token]) -> Glob:
    """Return a pattern that takes all that tokens with holes can."""
    found: list[str] = []
    for token in tokens:
        if isinstance(token, Hole):
            found.extend(_hole_tokens(token))
        elif isinstance(token, str):
            found.append(token)
    return from_tokens(found)


def _shown(values: Values) -> tuple[object, ...]:
    """Return what is the same for two lists of values that mean the same."""
    return tuple(sorted(repr(value.segments) for value in values))


def _is_short(text: str) -> bool:
    return text.count(":") < _COLONS


def _is_own_api(text: str, short: _Short) -> bool:
    """Say whether a text begins with the short form of the ARN of the API that a policy is attached to."""
    return short is _Short.OWN_API and text.startswith(OWN_API + "/")


_OWN_API_HEAD = (
    *"arn:aws",
    RUN_IN_FIELD,
    *":execute-api:",
    RUN_IN_FIELD,
    ":",
    RUN_IN_FIELD,
    ":",
    ONE_IN_NAME,
    RUN_IN_NAME,
)
"""What the short form leaves out: the ARN of an API, up to its id. The request is about that API."""


def _is_wide_head(text: str, short: _Short) -> bool:
    """Say whether the readings of wildcards in the first five parts of an ARN can differ (R2)."""
    if not text.strip("*") or _is_own_api(text, short):
        return False
    fields = text.split(":", _COLONS)
    return len(fields) <= _COLONS or any("*" in field or "?" in field for field in fields[:_COLONS])


def _resource_tokens(text: str, *, variables: bool, short: _Short, in_parts: bool) -> Sequence[Token] | None:
    """Return the tokens of a resource pattern (section 4); None for one that matches nothing. Variables
    stand in the sixth part only."""
    if text and not text.strip("*"):
        return [RUN]
    if _is_own_api(text, short):
        return [*_OWN_API_HEAD, *read_tokens(text[len(OWN_API) :], wildcards=True, variables=variables)]
    wild = "*" in text or "?" in text
    missing = max(_COLONS - text.count(":"), 0)
    if missing:
        if not wild and short is not _Short.PADDED:
            return None
        if not wild or in_parts:
            text += ":*" * missing
        variables = False
    fields = text.split(":", _COLONS)
    head = read_tokens(":".join(fields[:_COLONS]), wildcards=True, variables=False)
    if len(fields) <= _COLONS:
        return head
    tokens: list[Token] = [*head, ":"]
    if in_parts:
        tokens = [*arn_tokens([token for token in tokens if isinstance(token, str)])[0]]
    return [*tokens, *read_tokens(fields[_COLONS], wildcards=True, variables=variables)]


@lru_cache(maxsize=2_048)
def _plain_pattern(text: str, short: _Short, in_parts: bool) -> Glob | None:  # noqa: FBT001 -- a memo's key
    tokens = _resource_tokens(text, variables=False, short=short, in_parts=in_parts)
    return None if tokens is None else from_tokens([token for token in tokens if isinstance(token, str)])


@lru_cache(maxsize=512)
def _plain_patterns_memo(texts: tuple[str, ...], short: _Short, in_parts: bool) -> frozenset[Glob]:  # noqa: FBT001
    found = [_plain_pattern(text, short, in_parts) for text in texts]
    if ANYTHING in found:
        return frozenset({ANYTHING})
    return frozenset(pattern for pattern in found if pattern is not None)


def _plain_patterns(texts: tuple[str, ...], short: _Short, in_parts: bool) -> frozenset[Glob]:  # noqa: FBT001
    """Return the patterns of texts without variables."""
    if len(texts) > _MOST_GROUPS:
        return _plain_patterns_memo.__wrapped__(texts, short, in_parts)
    return _plain_patterns_memo(texts, short, in_parts)


@lru_cache(maxsize=2_048)
def _condition_patterns(texts: tuple[str, ...], wild: bool, fold: bool, arn: bool) -> frozenset[Glob]:  # noqa: FBT001
    """Return the patterns of the values of a test without variables."""
    if not arn:
        return frozenset(glob(text, fold=fold) if wild else literal(text, fold=fold) for text in texts)
    result = []
    for text in texts:
        tokens, colons = arn_tokens([RUN if c == "*" else ONE if c == "?" else c for c in text])
        if colons == _COLONS:
            result.append(from_tokens(tokens))
    return frozenset(result)
