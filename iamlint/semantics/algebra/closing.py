"""Policies with open values, closed so that the evaluator takes them. Section 12.7 of the evaluation rules.

What a template leaves open is taken against the claim that the new side allows more: an Allow of the
new side and a Deny of the old one count for as little as they may mean, an Allow of the old side and a
Deny of the new one for as much. A request that proves new access between policies closed so proves it
whatever the open values are. `fillings` gives texts to put in for holes instead, where a request
depends on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import is_

from iamlint.model import Condition, Hole, Policy, Principal, Statement, Value, Values
from iamlint.record import replace
from iamlint.semantics.conditions import Operator, parse_operator

__all__ = ["NO_FILLING", "Filling", "closed", "fillings", "hole_names", "is_named"]

Filling = Mapping[tuple[str, str], str]
"""The texts of holes, by their kind and name."""

NO_FILLING: Filling = {}
_ALPHABETS = {
    "account": ("111122223333", "444455556666"),
    "region": ("us-east-1", "eu-west-1"),
    "partition": ("aws", "aws-us-gov"),
}


def is_named(hole: Hole) -> bool:
    """Say whether a hole of the same name is the same text wherever it stands."""
    return hole.kind != "unknown" and not hole.many


def closed(policies: Sequence[Policy], *, is_new: bool, filling: Filling = NO_FILLING) -> list[Policy]:
    """Return the policies of one side without open values, each statement in its place; one that may not
    be there takes nothing. A policy in which nothing is open stays the same object, and so does one
    that cannot be closed, because it is not known what `${` in it means."""
    return [_Closer(policy, filling, is_new=is_new).policy() for policy in policies]


def hole_names(policies: Sequence[Policy]) -> dict[tuple[str, str], list[Hole]]:
    """Return the named holes of texts, by kind and name, each in all its spellings."""
    found: dict[tuple[str, str], list[Hole]] = {}
    for policy in policies:
        for statement in policy.statements or ():
            for value in _texts(statement):
                for part in value.parts:
                    if isinstance(part, Hole) and is_named(part):
                        found.setdefault((part.kind, part.name), []).append(part)
    return found


def fillings(policies: Sequence[Policy]) -> list[Filling]:
    """Return two different texts for each named hole, one in each filling: the values that it is known
    to take first, else such as occur nowhere in the policies."""
    names = hole_names(policies)
    written = "\n".join(
        value.literal
        for policy in policies
        for statement in policy.statements or ()
        for value in _texts(statement)
    )
    first: dict[tuple[str, str], str] = {}
    second: dict[tuple[str, str], str] = {}
    fresh = (text for n in range(1, 100_000) if (text := f"example{n}") not in written)
    for name, holes in names.items():
        arn = next((hole.arn for hole in holes if hole.arn is not None), None)
        known: list[str] = []
        for hole in holes:
            known += [] if hole.default is None else [hole.default]
            known += [*hole.values, *_ALPHABETS.get(hole.alphabet or "", ())]
        for _ in range(2):
            text = next(fresh)
            known.append(_arn_like(arn, text) if arn is not None else text)
        tried = list(dict.fromkeys(known))
        first[name], second[name] = tried[0], tried[1]
    return [first, second]


def _arn_like(pattern: str, text: str) -> str:
    """Return an ARN that a pattern of a hole matches."""
    fields = pattern.split(":", 5)
    usual = ("arn", "aws", text, "us-east-1", "111122223333", text)
    return ":".join(field.replace("*", word) for field, word in zip(fields, usual, strict=False))


def _texts(statement: Statement) -> Iterator[Value]:
    for values in (
        statement.resources,
        statement.not_resources,
        *(condition.values for condition in statement.conditions),
    ):
        yield from values or ()


class _Closer:
    """Closes one policy."""

    def __init__(self, policy: Policy, filling: Filling, *, is_new: bool) -> None:
        self._policy = policy
        self._filling = filling
        self._is_new = is_new

    def policy(self) -> Policy:
        """Return the policy without open values."""
        policy = self._policy
        version = policy.version
        if version is not None and version.text is None:
            if any(map(_has_variables, policy.statements or ())):
                return policy
            version = replace(version, text="2012-10-17", parts=())
        statements = [self._statement(one) or _nothing(one) for one in policy.statements or ()]
        same = version is policy.version and not policy.when
        if same and all(map(is_, statements, policy.statements or ())):
            return policy
        return replace(policy, statements=tuple(statements), when=(), version=version)

    def _statement(self, statement: Statement) -> Statement | None:
        """Return a statement without open values, None for one that takes nothing."""
        effect = None if statement.effect is None else statement.effect.text
        open_effect = effect is None and statement.effect is not None
        if open_effect:
            # A Deny on the new side and an Allow on the old one are the worst that it can be.
            effect = "Deny" if self._is_new else "Allow"
        wide = (effect == "Deny") is self._is_new
        if not open_effect and not self._policy.when and not _is_open(statement):
            return statement
        if not wide and (self._policy.when or statement.when or statement.unread_condition):
            return None
        changes: dict[str, object] = {"when": (), "unread_condition": False}
        if statement.effect is not None:
            changes["effect"] = replace(statement.effect, text=effect, parts=(), when=())
        for element, read in (
            ("actions", self._listed),
            ("not_actions", self._listed),
            ("resources", self._patterns),
            ("not_resources", self._patterns),
        ):
            values = getattr(statement, element)
            if values is not None:
                kept = read(values, wide=wide is not element.startswith("not_"))
                if not kept and values and not element.startswith("not_"):
                    return None
                changes[element] = kept
        for element in ("principals", "not_principals"):
            listed = getattr(statement, element)
            if listed is not None:
                who = _principals(listed, wide=wide is not element.startswith("not_"))
                if not who and listed and not element.startswith("not_"):
                    return None
                changes[element] = who
        conditions: list[Condition] = []
        for condition in statement.conditions:
            test = self._test(condition, wide=wide)
            if test is False:
                return None
            if isinstance(test, Condition):
                conditions.append(test)
        changes["conditions"] = tuple(conditions)
        return replace(statement, **changes)

    def _listed(self, values: Values, *, wide: bool) -> Values:
        """Return actions: an open one is any, or none."""
        found = []
        for value in values:
            if value.text is None:
                if wide:
                    found.append(replace(value, text="*", parts=(), when=()))
            elif wide or not value.when:
                found.append(replace(value, when=()))
        return tuple(found)

    def _patterns(self, values: Values, *, wide: bool) -> Values:
        """Return resource patterns: a hole is filled, any text, or the pattern is left out."""
        found = []
        for value in values:
            text = self._filled(value)
            if text is None and wide:
                text = _as_pattern(value)
            if text is not None and (wide or not value.when):
                found.append(replace(value, text=text, parts=(), when=()))
        return tuple(found)

    def _filled(self, value: Value) -> str | None:
        """Return the text of a value with its holes filled; None if that is not possible."""
        if value.text is not None:
            return value.text
        parts: list[str] = []
        for part in value.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            text = self._filling.get((part.kind, part.name)) if is_named(part) else None
            if text is None:
                return None
            parts.append(text)
        return "".join(parts)

    def _test(self, condition: Condition, *, wide: bool) -> Condition | bool:
        """Return a test without open values; True for one that always holds, False for none that does."""
        texts = [self._filled(value) for value in condition.values]
        if None not in texts and not any(value.when for value in condition.values):
            pairs = zip(condition.values, texts, strict=True)
            values = tuple(replace(value, text=text, parts=()) for value, text in pairs)
            return replace(condition, values=values)
        operator = parse_operator(condition.operator)
        return self._widened(condition, operator) if wide else self._narrowed(condition, operator)

    def _widened(self, condition: Condition, operator: Operator) -> Condition | bool:
        needs_key = operator.base != "Null" and not operator.if_exists
        needs_key &= operator.quantifier != "ForAllValues"
        needs_key &= not operator.negated or operator.quantifier == "ForAnyValue"
        if not needs_key:
            return True
        if operator.family == "String" and operator.quantifier is None and not operator.negated:
            patterns = [
                text if (text := self._filled(value)) is not None else _as_pattern(value)
                for value in condition.values
            ]
            plain = not operator.base.endswith("Like") and any(
                letter in value.literal for value in condition.values for letter in "*?$"
            )
            if not plain and not operator.base.endswith("IgnoreCase"):
                values = tuple(
                    replace(value, text=text, parts=(), when=())
                    for value, text in zip(condition.values, patterns, strict=True)
                )
                return replace(condition, operator="StringLike", values=values)
        return _null(condition, absent=False)

    def _narrowed(self, condition: Condition, operator: Operator) -> Condition | bool:
        if operator.base == "Null":
            return False
        if not operator.negated:
            kept = tuple(
                replace(value, text=text, parts=())
                for value in condition.values
                if (text := self._filled(value)) is not None and not value.when
            )
            return replace(condition, values=kept) if kept else False
        if operator.quantifier == "ForAnyValue" or any("${" in value.literal for value in condition.values):
            return False
        return _null(condition, absent=True)


def _nothing(statement: Statement) -> Statement:
    """Return a statement that takes no request, in the place of another."""
    effect = statement.effect
    if effect is not None and effect.text is None:
        effect = replace(effect, text="Allow", parts=(), when=())
    named = statement.principals is not None or statement.not_principals is not None
    return replace(
        statement,
        effect=effect,
        actions=(),
        not_actions=None,
        resources=(),
        not_resources=None,
        principals=() if named else None,
        not_principals=None,
        conditions=(),
        unread_condition=False,
        when=(),
    )


def _null(condition: Condition, *, absent: bool) -> Condition:
    value = replace(condition.values[0], text="true" if absent else "false", parts=(), when=())
    return replace(condition, operator="Null", values=(value,))


def _as_pattern(value: Value) -> str:
    """Return a pattern that takes all that an open value can."""
    if value.leaves_variable_open:
        return "*"
    return "".join(part if isinstance(part, str) else part.arn or "*" for part in value.parts)


def _principals(listed: Sequence[Principal], *, wide: bool) -> tuple[Principal, ...]:
    found = []
    for principal in listed:
        value = principal.value
        if value.text is None:
            if wide:
                found.append(Principal("*", replace(value, text="*", parts=(), when=())))
        elif wide or not value.when:
            found.append(replace(principal, value=replace(value, when=())))
    return tuple(found)


def _is_open(statement: Statement) -> bool:
    """Say whether anything in a statement is not known."""
    if statement.when or statement.unread_condition:
        return True
    for values in (
        statement.actions,
        statement.not_actions,
        statement.resources,
        statement.not_resources,
        *(condition.values for condition in statement.conditions),
    ):
        for value in values or ():
            if value.text is None or value.when:
                return True
    return any(
        principal.value.text is None or principal.value.when
        for listed in (statement.principals, statement.not_principals)
        for principal in listed or ()
    )


def _has_variables(statement: Statement) -> bool:
    return any("${" in value.literal for value in _texts(statement))
