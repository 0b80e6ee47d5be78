"""May strangers use a resource policy? Section 10 of the evaluation rules.

A stranger is anonymous, a principal of an account that the policy does not name, or somebody with a
token of an issuer that many customers share. Keys that an owner controls are absent from the
stranger's request, or hold a value that the policy does not name in full. So a policy is public when
it allows any such request, and each proof of that is a stranger's request.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from ipaddress import ip_network

from iamlint.model import Condition, Policy, PolicyKind
from iamlint.semantics.algebra.asking import Assumptions, Limit, Question
from iamlint.semantics.algebra.boxes import Box
from iamlint.semantics.algebra.callers import Caller, CallerKind
from iamlint.semantics.algebra.globs import Budget, Glob, TextSet, arn_glob, glob, literal
from iamlint.semantics.algebra.keysets import (
    AddressSet,
    ChoiceSet,
    KeySet,
    Range,
    SeveralSet,
    SingleSet,
    ranges,
)
from iamlint.semantics.algebra.questions import answer
from iamlint.semantics.algebra.results import Comparison
from iamlint.semantics.algebra.scalars import read_network
from iamlint.semantics.algebra.space import Space, key_name
from iamlint.semantics.conditions import facts, parse_operator

__all__ = ["public"]

_FACTS = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "catalog", "data", "trust_facts.json"
)
_ORG_PATHS = frozenset({"aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths"})
_ROLE_ACTIONS = ("sts:AssumeRole*",)


def public(
    policies: Sequence[Policy],
    *,
    kind: PolicyKind = PolicyKind.RESOURCE,
    assumptions: Assumptions = Assumptions(),  # noqa: B008 -- frozen
    budget: Budget | None = None,
) -> Comparison:
    """Say whether resource policies or trust policies allow a stranger anything: `new-access` with the
    stranger's request as witness, or `contained` when they do not."""
    limit = _StrangerLimit(policies, kind)
    question = Question(policies, (), kind, assumptions, limit=limit)
    # Only signed requests assume roles.
    return answer(question, budget or Budget(), prefer_anonymous=kind is not PolicyKind.TRUST)


class _StrangerLimit(Limit):
    """Limits a question to what strangers can ask."""

    def __init__(self, policies: Sequence[Policy], kind: PolicyKind) -> None:
        self._policies = policies
        self._kind = kind
        self.actions = _ROLE_ACTIONS if kind is PolicyKind.TRUST else ()

    takes_open_keys = False
    """What a template leaves open may be what an owner controls."""

    def about(self, new: Sequence[Policy]) -> Limit:
        """Return what strangers of other policies can ask."""
        return _StrangerLimit(new, self._kind)

    def boxes(self, space: Space) -> list[Box]:
        """Return what strangers can ask, one box for those of each issuer and one for all others."""
        actions = space.actions.everything
        if self._kind is PolicyKind.TRUST:
            actions = space.actions.bits(_ROLE_ACTIONS[0])
        keys: dict[str, KeySet] = {}
        for key in space.domains:
            limited = _limited(space.everything(key), list(_owned(key, self._conditions(key))))
            if limited is not None:
                keys[key] = limited
        ordinary = 0
        boxes: list[Box] = []
        for at, caller in enumerate(space.callers.callers):
            if _is_stranger(caller):
                ordinary |= 1 << at
            elif caller.kind is CallerKind.PROVIDER and caller.name is not None:
                host = _host(caller.name)
                if host in _issuers():
                    boxes.append(Box(actions, 1 << at, TextSet(), {**keys, **self._claims(space, host)}))
        return [Box(actions, ordinary, TextSet(), keys), *boxes]

    def _conditions(self, key: str) -> Iterator[Condition]:
        for policy in self._policies:
            for statement in policy.statements or ():
                for condition in statement.conditions:
                    if key_name(condition.key) == key:
                        yield condition

    def _claims(self, space: Space, host: str) -> Mapping[str, KeySet]:
        """Return what the claims of a stranger's token can be: not those that the policy names."""
        found: dict[str, KeySet] = {}
        claims, subjects = _issuers()[host]
        for claim in claims:
            key = f"{host}:{claim}".lower()
            if key in space.domains:
                named = [c for c in self._conditions(key) if parse_operator(c.operator).base != "Null"]
                patterns = list(_patterns(named, lambda text: not _is_open(text, subjects)))
                limited = _limited(space.everything(key), patterns)
                if limited is not None:
                    found[key] = limited
        return found


def _is_stranger(caller: Caller) -> bool:
    if caller.kind is CallerKind.ANONYMOUS:
        return True
    return caller.account is None and caller.kind in {
        CallerKind.ROOT,
        CallerKind.USER,
        CallerKind.ROLE,
        CallerKind.FEDERATED_USER,
    }


def _owned(key: str, conditions: Iterator[Condition]) -> Iterator[Glob | Range | str]:
    """Yield what of a key's values an owner controls: patterns of text, ranges of addresses (version 6
    shifted behind version 4), or `true`."""
    known = facts()
    if key in known.bounding_when_true:
        yield "true"
        return
    if key not in known.bounding:
        return
    if key == "aws:sourceip":
        yield from _narrow_ranges(conditions)
        return
    yield from _patterns(conditions, lambda text: _is_fixed(key, text))


def _patterns(conditions: Iterator[Condition] | Sequence[Condition], is_fixed: object) -> Iterator[Glob]:
    """Yield the patterns of the values that are fixed, as their operators read them."""
    assert callable(is_fixed)
    for condition in conditions:
        operator = parse_operator(condition.operator)
        if operator.family not in {"String", "Arn"}:
            continue
        for value in condition.values:
            text = value.text
            if text is None or text == "" or "${" in text:
                continue
            if operator.family == "Arn":
                if is_fixed(text):
                    yield arn_glob(text)
            elif operator.base.endswith("Like"):
                if is_fixed(text):
                    yield glob(text)
            else:
                yield literal(text, fold=operator.base.endswith("IgnoreCase"))


def _is_fixed(key: str, text: str) -> bool:
    """Say whether a pattern names its owner: no wildcard in the part that does."""
    if "*" not in text and "?" not in text:
        return True
    first = text.partition("/")[0]
    if key in _ORG_PATHS:
        return bool(first) and "*" not in first and "?" not in first
    if key == "aws:userid":
        first, colon, _ = text.partition(":")
        return bool(colon) and "*" not in first and "?" not in first and not first.startswith("AROA")
    if key in facts().owner_arn:
        fields = text.split(":", 5)
        if len(fields) < 6:
            return False
        if fields[4] and "*" not in fields[4] and "?" not in fields[4]:
            return True
        name = fields[5].partition("/")[0]
        return fields[2] == "s3" and bool(name) and "*" not in name and "?" not in name
    return False


_V6_START = 1 << 64
"""Where the ranges of version 6 begin in what `_owned` yields; version 4 ends far below."""


def _narrow_ranges(conditions: Iterator[Condition]) -> Iterator[Range]:
    """Yield the address ranges that count as an owner's."""
    known = facts()
    for condition in conditions:
        if parse_operator(condition.operator).family != "Ip":
            continue
        for value in condition.values:
            found = None if value.text is None else read_network(value.text)
            if found is None or value.text is None:
                continue
            network = ip_network(value.text.strip(), strict=False)
            widest = known.widest_prefix_v4 if network.version == 4 else known.widest_prefix_v6
            if network.prefixlen >= widest or (network.is_private and network.prefixlen > 0):
                shift = 0 if found[0] == 4 else _V6_START
                yield found[1] + shift, found[2] + shift


def _limited(everything: KeySet, owned: Sequence[Glob | Range | str]) -> KeySet | None:
    """Return what a stranger's key can be, None where nothing is an owner's."""
    if not owned:
        return None
    patterns = frozenset(one for one in owned if isinstance(one, Glob))
    if isinstance(everything, SingleSet):
        if "true" in owned:
            patterns |= {literal("true", fold=True)}
        return everything.intersect(SingleSet(absent=True, texts=TextSet((), patterns)))
    if isinstance(everything, SeveralSet):
        return everything.intersect(SeveralSet(absent=True, present=True, every=TextSet((), patterns)))
    if isinstance(everything, ChoiceSet):
        return ChoiceSet(everything.bits & ~0b0010, everything.names) if "true" in owned else None
    if isinstance(everything, AddressSet):
        pairs = [one for one in owned if isinstance(one, tuple)]
        v4 = ranges(pair for pair in pairs if pair[0] < _V6_START)
        v6 = ranges((low - _V6_START, high - _V6_START) for low, high in pairs if low >= _V6_START)
        return next(everything.without(AddressSet(absent=False, unparsable=False, v4=v4, v6=v6)), None)
    return None


# --- shared issuers -----------------------------------------------------------------------------------


@cache
def _issuers() -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the issuers that many customers share: by address, the claims that tell their customers
    apart, and what their subjects begin with before the customer is named."""
    with open(_FACTS, encoding="utf-8") as file:
        shared = json.load(file)["oidc_issuers"]["shared"]
    return {host: (tuple(one["claims"]), tuple(one["subjects"])) for host, one in shared.items()}


def _host(provider: str) -> str:
    return provider.partition(":oidc-provider/")[2] or provider


def _is_open(text: str, subjects: Sequence[str]) -> bool:
    """Say whether a wildcard of a claim stands where the customer should be named."""
    places = [text.index(mark) for mark in "*?" if mark in text]
    if not places:
        return False
    prefix = text[: min(places)]
    for subject in subjects:
        if prefix.startswith(subject):
            return not any(mark in prefix[len(subject) + 1 :] for mark in "/:@")
    return True
