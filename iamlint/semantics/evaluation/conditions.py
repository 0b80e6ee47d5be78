"""One test of a condition block: an operator, a key and the values to compare with.

Source: IAM user guide, "Condition operators", "Single-valued vs. multivalued context keys".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from iamlint.model import Pointer
from iamlint.semantics.conditions import Operator, parse_operator
from iamlint.semantics.evaluation.glob import compile_glob
from iamlint.semantics.evaluation.readings import Presence, Readings
from iamlint.semantics.evaluation.template import (
    ContextValue,
    Fixed,
    Token,
    Variable,
    first_unresolved,
    literal_text,
    read_tokens,
    split_arn,
    substitute,
)
from iamlint.semantics.evaluation.values import (
    read_address,
    read_binary,
    read_bool,
    read_date,
    read_network,
    read_number,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from iamlint.semantics.evaluation.values import Instant

__all__ = ["ConditionTest", "operator_fault"]

ValueTest: TypeAlias = Callable[[str], "bool | None"]
"""Whether one request value fits some value of the list; None when it is not of the operator's type."""
Builder: TypeAlias = Callable[[Sequence[Sequence[Fixed]]], ValueTest]
"""Makes the test of an operator from the values of the policy."""
Ordered = TypeVar("Ordered", "Decimal", "Instant")


def operator_fault(text: str) -> str:
    """Return why `text` is not a condition operator, or nothing if it is one."""
    parsed = parse_operator(text)
    if not parsed.known:
        return f"{text[:60]!r} is not a condition operator"
    if parsed.base == "Null" and (parsed.quantifier is not None or parsed.if_exists):
        return "Null takes neither ForAllValues:, ForAnyValue: nor IfExists"
    return ""


class ConditionTest:
    """A compiled entry of a condition block."""

    __slots__ = (
        "_absences",
        "_dynamic",
        "_key",
        "_static",
        "key",
        "operator",
        "operator_text",
        "pointer",
        "values",
    )

    def __init__(
        self, operator_text: str, key: str, values: Sequence[str], pointer: Pointer, *, variables: bool
    ) -> None:
        """`variables` says that the policy's version has policy variables. The operator is valid."""
        self.operator_text = operator_text
        self.operator: Operator = parse_operator(operator_text)
        self.key = key
        self.values = tuple(values)
        self.pointer = pointer
        self._key = key.lower()
        base = self.operator.base
        takes_variables = variables and self.operator.family in {"String", "Arn", "Bool"}
        wildcards = base in _GLOBS
        fixed: list[tuple[Fixed, ...]] = []
        dynamic: list[tuple[Token, ...]] = []
        for value in values:
            tokens = read_tokens(value, wildcards=wildcards, variables=takes_variables)
            if any(isinstance(token, Variable) for token in tokens):
                dynamic.append(tokens)
            else:
                fixed.append(tuple(token for token in tokens if not isinstance(token, Variable)))
        self._dynamic = tuple(dynamic)
        # For Null: which of absent (true) and present (false) the list asks for.
        self._absences = frozenset(map(read_bool, values)) if base == "Null" else None
        self._static: ValueTest = _never if base == "Null" else _BUILDERS[base](fixed)

    def holds(self, keys: Mapping[str, ContextValue], readings: Readings) -> bool:
        """Say whether the entry is true for the keys of a request (lower-case names)."""
        found = keys.get(self._key)
        asked = self.operator
        if (
            found is not None
            and not isinstance(found, str)
            and not found
            and readings.empty_list is Presence.ABSENT
        ):
            found = None
        if self._absences is not None:
            if found == "" and readings.empty_string is Presence.ABSENT:
                found = None
            return (found is None) in self._absences
        # A variable without a value makes a negated test false, whatever else it lists.
        if self._dynamic and asked.negated and self.unresolved(keys, readings) is not None:
            return False
        quantifier = asked.quantifier
        if quantifier is None:
            if found is None:
                return asked.negated or asked.if_exists
            return isinstance(found, str) and self._one(found, keys, readings)
        items = (found,) if isinstance(found, str) else found
        if items and readings.empty_string is Presence.ABSENT:
            items = tuple(item for item in items if item) or None
        if quantifier == "ForAllValues":
            return items is None or all(self._one(item, keys, readings) for item in items)
        if items is None:
            return asked.if_exists and readings.any_value_if_exists
        return any(self._one(item, keys, readings) for item in items)

    def unresolved(self, keys: Mapping[str, ContextValue], readings: Readings) -> Variable | None:
        """Return a variable of the values that has no value in the request."""
        if self.operator.base == "Bool" and not readings.variables_in_bool:
            return None
        for tokens in self._dynamic:
            found = first_unresolved(tokens, keys)
            if found is not None:
                return found
        return None

    def value_kind(self, text: str) -> str:
        """Return why `text` is not of the operator's type, as `a number`; nothing if it is."""
        return "" if self._static(text) is not None else _TYPE_WORDS[self.operator.family]

    def _one(self, text: str, keys: Mapping[str, ContextValue], readings: Readings) -> bool:
        """Say whether one request value satisfies the operator against the whole list."""
        fits = self._static(text)
        if (
            self._dynamic
            and fits is False
            and not (self.operator.base == "Bool" and not readings.variables_in_bool)
        ):
            resolved = [tokens for value in self._dynamic if (tokens := substitute(value, keys)) is not None]
            fits = _BUILDERS[self.operator.base](resolved)(text)
        if fits is None:
            return False
        return fits is not self.operator.negated


def _never(_: str) -> bool:
    return False


def _equals(values: Sequence[Sequence[Fixed]]) -> ValueTest:
    return frozenset(map(literal_text, values)).__contains__


def _equals_ignoring_case(values: Sequence[Sequence[Fixed]]) -> ValueTest:
    folded = frozenset(literal_text(value).lower() for value in values)
    return lambda text: text.lower() in folded


def _like(values: Sequence[Sequence[Fixed]]) -> ValueTest:
    exact = frozenset(
        literal_text(value) for value in values if all(isinstance(token, str) for token in value)
    )
    globs = tuple(
        compile_glob(value) for value in values if not all(isinstance(token, str) for token in value)
    )
    if not globs:
        return exact.__contains__
    if len(globs) == 1 and not exact:
        return globs[0]
    return lambda text: text in exact or any(glob(text) for glob in globs)


def _arn_like(values: Sequence[Sequence[Fixed]]) -> ValueTest:
    patterns = tuple(tuple(map(compile_glob, parts)) for parts in map(split_arn, values) if parts is not None)

    def fits(text: str) -> bool | None:
        parts = text.split(":", 5)
        if len(parts) < 6:
            return None
        return any(all(glob(part) for glob, part in zip(pattern, parts, strict=True)) for pattern in patterns)

    return fits


def _compare(read: Callable[[str], Ordered | None], compare: Callable[[Ordered, Ordered], bool]) -> Builder:
    """Return the builder of an operator that compares the request's value with each of the policy's."""

    def build(values: Sequence[Sequence[Fixed]]) -> ValueTest:
        found = (read(literal_text(value)) for value in values)
        bounds = tuple(bound for bound in found if bound is not None)

        def fits(text: str) -> bool | None:
            value = read(text)
            return None if value is None else any(compare(value, bound) for bound in bounds)

        return fits

    return build


def _among(read: Callable[[str], bool | bytes | None]) -> Builder:
    """Return the builder of an operator that asks for equality of what the texts stand for."""

    def build(values: Sequence[Sequence[Fixed]]) -> ValueTest:
        known = frozenset(read(literal_text(value)) for value in values)

        def fits(text: str) -> bool | None:
            found = read(text)
            return None if found is None else found in known

        return fits

    return build


def _address(values: Sequence[Sequence[Fixed]]) -> ValueTest:
    networks = tuple(
        network for network in (read_network(literal_text(value)) for value in values) if network is not None
    )

    def fits(text: str) -> bool | None:
        address = read_address(text)
        return None if address is None else any(network.holds(address) for network in networks)

    return fits


_GLOBS = frozenset({"StringLike", "StringNotLike", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"})

_BUILDERS: Mapping[str, Builder] = {
    "StringEquals": _equals,
    "StringNotEquals": _equals,
    "StringEqualsIgnoreCase": _equals_ignoring_case,
    "StringNotEqualsIgnoreCase": _equals_ignoring_case,
    "StringLike": _like,
    "StringNotLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "ArnNotEquals": _arn_like,
    "ArnNotLike": _arn_like,
    "NumericEquals": _compare(read_number, operator.eq),
    "NumericNotEquals": _compare(read_number, operator.eq),
    "NumericLessThan": _compare(read_number, operator.lt),
    "NumericLessThanEquals": _compare(read_number, operator.le),
    "NumericGreaterThan": _compare(read_number, operator.gt),
    "NumericGreaterThanEquals": _compare(read_number, operator.ge),
    "DateEquals": _compare(read_date, operator.eq),
    "DateNotEquals": _compare(read_date, operator.eq),
    "DateLessThan": _compare(read_date, operator.lt),
    "DateLessThanEquals": _compare(read_date, operator.le),
    "DateGreaterThan": _compare(read_date, operator.gt),
    "DateGreaterThanEquals": _compare(read_date, operator.ge),
    "Bool": _among(read_bool),
    "BinaryEquals": _among(read_binary),
    "IpAddress": _address,
    "NotIpAddress": _address,
}
"""How each base compares; the negated ones build the positive test, which the caller turns round."""

_TYPE_WORDS: Mapping[str, str] = {
    "String": "a text",
    "Arn": "an ARN",
    "Numeric": "a number",
    "Date": "a date",
    "Bool": "true or false",
    "Binary": "base64 text",
    "Ip": "an IP address",
    "Null": "true or false",
}
