"""Checks of how long a policy is and how many statements it has, against what AWS takes.

A document that is written out is counted as it stands. Of one that a template makes, or that has
holes, only what is surely there is counted, as compact as JSON gets: a lower bound.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from json.encoder import encode_basestring
from typing import Any

from iamlint.catalog.datafiles import read
from iamlint.engine.subject import Match, PolicySubject
from iamlint.model import Condition, Embedded, HasText, Pointer, Policy, Principal, Statement, Value
from iamlint.record import record

__all__ = ["least_size", "policy_size", "statement_count"]


_MANAGED = re.compile(r"(?:^|\.)aws_iam_policy\.")
"""In the address of a resource that carries a document: it is a managed policy."""


@record
class Quota:
    """How many characters a policy may have, whether white space counts, and of what it is the limit."""

    characters: int
    blanks: bool
    of: str


@cache
def _limits() -> Mapping[str, Any]:
    limits: Mapping[str, Any] = json.loads(read("policy_limits.json"))
    return limits


def policy_size(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a policy that has more characters than its kind, or what it is attached to, may have.

    With `percent` less than 100 those that have at least so much of it, but not more.
    """
    policy = subject.policy
    quota = _quota(policy)
    own = subject.settings.policy_quotas.get(policy.kind.value)
    if own is not None:
        quota = Quota(own, True if quota is None else quota.blanks, "one of this kind")
    if quota is None:
        return
    size, exact = _size(policy, quota)
    percent = params["percent"]
    assert isinstance(percent, int)
    if size > quota.characters if percent == 100 else _is_near(size, quota, percent):
        words = {
            "size": f"{'' if exact else 'at least '}{size:,}",
            "quota": f"{quota.characters:,}",
            "of": quota.of,
            "counted": "" if quota.blanks else " without white space",
        }
        yield Match(policy.pointer, (str(size),), words, properties={"size": size}, key_only=True)


def _is_near(size: int, quota: Quota, percent: int) -> bool:
    return quota.characters * percent <= size * 100 <= quota.characters * 100


def statement_count(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a policy with more statements than the resource that it is attached to takes."""
    policy = subject.policy
    statements = policy.statements or ()
    limits: Mapping[str, int] = _limits()["statements"]
    most = max((limits.get(word, 0) for word in policy.on), default=0)
    sure = [statement for statement in statements if not statement.when and not _stands_for_others(statement)]
    if most and len(sure) > most:
        words = {"count": str(len(sure)), "most": str(most), "of": _named(policy.on)}
        yield Match(sure[most].pointer, (str(len(sure)),), words)


# --- which quota ----------------------------------------------------------------------------------


def _quota(policy: Policy) -> Quota | None:
    """Return the quota of a policy: of what it is attached to, else of its kind."""
    limits = _limits()
    kind = policy.kind.value
    if kind in {"resource", "endpoint"}:
        return _resource_quota(policy, limits["resources"])
    entry = limits["kinds"].get(kind)
    if entry is None:
        return None
    quota = Quota(entry["characters"], entry["blanks"], entry["of"])
    if kind == "identity":
        if (policy.owner.type or "").lower() in limits["managed_policy_types"] or any(
            _MANAGED.search(address) for address in policy.carriers
        ):
            return Quota(limits["managed_policy"], False, "a managed policy")
        inline: Mapping[str, int] = limits["inline"]
        known = [word for word in policy.on if word in inline]
        if known and len(known) == len(policy.on):
            word = max(known, key=inline.__getitem__)
            return Quota(inline[word], False, f"the policies of one {word.replace('-', ' ')}")
    return quota


def _resource_quota(policy: Policy, resources: Mapping[str, Mapping[str, Any]]) -> Quota | None:
    """Return the quota of a resource's policy. Where nobody says what it is on, its actions tell the
    service; the largest quota there, or the largest of all, is never too small."""
    words: tuple[str, ...] = policy.on
    if not words:
        prefixes = _prefixes(policy)
        words = tuple(
            word
            for word, entry in resources.items()
            if len(prefixes) == 1 and not prefixes.isdisjoint(entry.get("services", ()))
        )
        if not words:
            widest = max(entry["characters"] for entry in resources.values())
            return Quota(widest, True, "a policy of any resource")
    entries = [(resources[word]["characters"], word) for word in words if word in resources]
    if not entries:
        return None
    characters, word = max(entries)
    return Quota(characters, True, _named((word,)))


def _named(words: tuple[str, ...]) -> str:
    return f"the policy of {_article(words[0])} {words[0].replace('-', ' ')}"


def _article(word: str) -> str:
    # Words of one letter's sound (`s3-bucket`, `es-domain`) take `an`.
    return "an" if word[:1] in "aeio" or word[:2] in {"s3", "sn", "sq"} else "a"


def _prefixes(policy: Policy) -> frozenset[str]:
    """Return the service prefixes of the actions; a hole or a lone star is one that nobody has."""
    values = [
        value
        for statement in policy.statements or ()
        for value in (*(statement.actions or ()), *(statement.not_actions or ()))
    ]
    return frozenset((value.text or "*").partition(":")[0].lower() for value in values)


# --- how long -------------------------------------------------------------------------------------


def _size(policy: Policy, quota: Quota) -> tuple[int, bool]:
    """Return the number of characters, and whether that is all of them."""
    text, whole = _text(policy)
    if text is None:
        return least_size(policy, blanks=quota.blanks), False
    if len(text) <= quota.characters:
        return len(text), True
    if _has_holes(policy):
        return least_size(policy, blanks=quota.blanks), False
    if quota.blanks and whole:
        return len(text), True
    return len("".join(text.split())), not quota.blanks


def _text(policy: Policy) -> tuple[str | None, bool]:
    """Return the text of the document, if it is written as JSON, and whether it is sent as it stands."""
    pointer, document = policy.pointer, policy.document
    last = pointer[-1] if pointer else None
    if isinstance(last, Embedded):
        # With more than one splice something stands in the place of holes or was percent-encoded.
        return (last.text.strip(), True) if len(last.splices) == 1 else (None, False)
    if document.format == "policy-json" and isinstance(document, HasText):
        # A document inside another is laid out by whatever printed the other.
        return document.text_at(pointer), not pointer
    return None, False


def _has_holes(policy: Policy) -> bool:
    if policy.statements is None:
        return True
    for value in (policy.version, policy.id):
        if value is not None and value.text is None:
            return True
    return any(map(_is_open, policy.statements))


def _is_open(statement: Statement) -> bool:
    if statement.when or statement.unread_condition:
        return True
    values: list[Value | None] = [statement.sid, statement.effect]
    for element in (statement.actions, statement.not_actions, statement.resources, statement.not_resources):
        values.extend(element or ())
    for principals in (statement.principals, statement.not_principals):
        values.extend(principal.value for principal in principals or ())
    for condition in statement.conditions:
        values.extend(condition.values)
    return any(value is not None and (value.text is None or bool(value.when)) for value in values)


def _stands_for_others(statement: Statement) -> bool:
    """Say whether a statement only says that there are more, which cannot be read."""
    return statement.unread_condition and statement.effect is not None and statement.effect.text is None


def least_size(policy: Policy, *, blanks: bool) -> int:
    """Return how many characters the document surely has as compact JSON; without white space inside
    its texts unless `blanks`."""
    count = _Count(blanks)
    parts = []
    for name, value in (("Version", policy.version), ("Id", policy.id)):
        if value is not None:
            parts.append(count.member(name, count.value(value)))
    statements = [
        count.statement(statement)
        for statement in policy.statements or ()
        if not statement.when and not _stands_for_others(statement) and _is_own(policy, statement)
    ]
    listed = len(statements) != 1 or _in_list((policy.statements or ())[0].pointer)
    parts.append(count.member("Statement", _joined(statements) if listed else statements[0]))
    return _joined(parts)


def _is_own(policy: Policy, statement: Statement) -> bool:
    """Say whether a statement is surely part of the policy: one that a Terraform document takes over
    from another may be there or not."""
    own = policy.pointer
    return policy.owner.type != "data.aws_iam_policy_document" or statement.pointer[: len(own)] == own


def _joined(parts: list[int]) -> int:
    """Return the length of a list or object with these members: brackets and commas come in between."""
    return 2 + sum(parts) + max(0, len(parts) - 1)


def _in_list(pointer: Pointer) -> bool:
    return bool(pointer) and isinstance(pointer[-1], int)


class _Count:
    """Counts characters of the parts of a policy."""

    __slots__ = ("_blanks",)

    def __init__(self, blanks: bool) -> None:  # noqa: FBT001 -- one caller, which names it
        self._blanks = blanks

    def text(self, text: str) -> int:
        return len(encode_basestring(text if self._blanks else "".join(text.split())))

    def member(self, name: str, size: int) -> int:
        return self.text(name) + 1 + size

    def value(self, value: Value) -> int:
        return self.text(value.literal)

    def values(self, values: tuple[Value, ...]) -> int:
        """Return the length of an element; what some condition of a template takes away, and a hole that
        stands for any number of items, count for nothing."""
        sizes = []
        for value in values:
            hole = value.hole
            if not value.when and not (hole is not None and hole.many):
                sizes.append(self.value(value))
        if len(sizes) == 1 and not _in_list(values[0].pointer):
            return sizes[0]
        return _joined(sizes)

    def statement(self, statement: Statement) -> int:
        parts = []
        for name, value in (("Sid", statement.sid), ("Effect", statement.effect)):
            if value is not None:
                parts.append(self.member(name, self.value(value)))
        for name, values in (
            ("Action", statement.actions),
            ("NotAction", statement.not_actions),
            ("Resource", statement.resources),
            ("NotResource", statement.not_resources),
        ):
            if values is not None:
                parts.append(self.member(name, self.values(values)))
        for name, principals in (
            ("Principal", statement.principals),
            ("NotPrincipal", statement.not_principals),
        ):
            if principals is not None:
                parts.append(self.member(name, self.principals(principals)))
        if statement.conditions:
            parts.append(self.member("Condition", self.conditions(statement.conditions)))
        return _joined(parts)

    def principals(self, principals: tuple[Principal, ...]) -> int:
        by_type: dict[str, list[Value]] = {}
        for principal in principals:
            by_type.setdefault(principal.type, []).append(principal.value)
        if by_type.keys() == {"*"}:
            return 3
        return _joined(
            [self.member(name, self.values(tuple(values))) for name, values in by_type.items() if name != "?"]
        )

    def conditions(self, conditions: tuple[Condition, ...]) -> int:
        by_operator: dict[str, list[int]] = {}
        for condition in conditions:
            size = self.values(condition.values)
            for value in condition.values:
                # These may be written without the quotes.
                if value.text in {"true", "false"} or (value.text or "").isdigit():
                    size -= 2
            keys = by_operator.setdefault(condition.operator, [])
            keys.append(self.member(condition.key, size))
        return _joined([self.member(name, _joined(sizes)) for name, sizes in by_operator.items()])
