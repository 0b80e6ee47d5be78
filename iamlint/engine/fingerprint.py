"""The identity of a finding across edits: `iamlintFinding/v1`.

Made from what the finding is about, never from where it stands: no line, no column, no index of a
statement, no wording. So re-indenting, reordering statements with Sids, or adding a statement
above changes nothing, and changing the action does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import Any

from iamlint.model import Grant, Policy, Statement, Value, json_pointer
from iamlint.model.place import Embedded, Pointer

__all__ = ["StatementKeys", "fingerprint", "grant_parts", "number_repeats", "policy_parts"]


def fingerprint(rule_id: str, path: str, parts: Iterable[str], evidence: Iterable[str]) -> str:
    """Return 32 hexadecimal digits over the rule, the file, the parts and the evidence."""
    normal = sorted({_normal(value) for value in evidence})
    text = "\x1f".join((rule_id, path, *parts, *normal))
    return _digest(text)[:32]


@cache
def _sha256() -> Callable[[bytes], Any]:
    """Return the interpreter's own SHA-256 where it has one, as its random module does: hashlib loads
    all of OpenSSL first, which costs more than judging a policy."""
    for module in ("_sha2", "_sha256"):
        try:
            own: Callable[[bytes], Any] = import_module(module).sha256
        except ImportError:
            continue
        return own
    from hashlib import sha256

    return sha256


def _digest(text: str) -> str:
    digest: str = _sha256()(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest


def _normal(value: str) -> str:
    service, colon, _ = value.partition(":")
    return value.lower() if colon and service.isalnum() and service.lower() != "arn" else value


def policy_parts(
    policy: Policy, statement: Statement | None, place: Pointer, keys: StatementKeys | None = None
) -> tuple[str, ...]:
    """Return kind, owner, location, statement key and the pointer below the statement.

    `keys` are those of the policy, for whoever asks about many places in it.
    """
    location = policy.location
    if policy.name is not None and "[" in location:
        before, _, after = location.partition("[")
        location = f"{before}[{policy.name}]{after.partition(']')[2]}"
    below = place[len(policy.pointer) :] if place[: len(policy.pointer)] == policy.pointer else place
    key = ""
    if statement is not None:
        below = (
            place[len(statement.pointer) :] if place[: len(statement.pointer)] == statement.pointer else below
        )
        element = below[0] if below and isinstance(below[0], str) else ""
        key = (keys or StatementKeys(policy)).key(statement, element)
    # List indexes say where a value stands among its siblings; the evidence says which value it is.
    shown = json_pointer(tuple(step for step in below if not isinstance(step, int | Embedded)))
    return (policy.kind.value, policy.owner.address, location, key, shown)


def grant_parts(grant: Grant, place: Pointer) -> tuple[str, ...]:
    """Return what a grant is and whose."""
    below = place[len(grant.owner.pointer) :]
    shown = json_pointer(tuple(step for step in below if not isinstance(step, int | Embedded)))
    return ("", grant.owner.address, grant.what, shown)


class StatementKeys:
    """What each statement of a policy is known by: its Sid where no other has it, else what it says.

    Each is made once, since a statement has findings without number where its values are hostile.
    """

    __slots__ = ("_known", "_policy", "_sids")

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._sids: dict[str | None, int] | None = None
        self._known: dict[tuple[int, str], str] = {}

    def key(self, statement: Statement, element: str) -> str:
        """Return the key of a statement of the policy for a finding in one of its elements, whose
        own values are no part of it."""
        place = (id(statement), element)
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = self._made(statement, element)
        return known

    def _made(self, statement: Statement, element: str) -> str:
        sid = statement.sid.text if statement.sid is not None else None
        if sid:
            if self._sids is None:
                self._sids = {}
                for other in self._policy.statements or ():
                    text = other.sid.text if other.sid is not None else None
                    self._sids[text] = self._sids.get(text, 0) + 1
            if self._sids.get(sid, 0) == 1:
                return sid
        return _content_key(statement, element)


def _content_key(statement: Statement, element: str) -> str:
    parts = [str(statement.effect)]
    for name, values in (
        ("Action", statement.actions),
        ("NotAction", statement.not_actions),
        ("Resource", statement.resources),
        ("NotResource", statement.not_resources),
    ):
        if values is not None and name != element:
            parts.append(name + "=" + ",".join(sorted(map(str, values))))
    for name, principals in (("Principal", statement.principals), ("NotPrincipal", statement.not_principals)):
        if principals is not None and name != element:
            parts.append(name + "=" + ",".join(sorted(f"{p.type}:{p.value}" for p in principals)))
    if element != "Condition":
        parts.extend(
            sorted(
                f"{c.operator}|{c.key}|{','.join(sorted(map(str, c.values)))}" for c in statement.conditions
            )
        )
    return _digest("\x1f".join(parts))[:16]


def number_repeats(prints: Iterable[str]) -> list[str]:
    """Return the fingerprints with `:2`, `:3`, ... after each that has occurred before."""
    seen: dict[str, int] = {}
    result = []
    for value in prints:
        count = seen[value] = seen.get(value, 0) + 1
        result.append(value if count == 1 else f"{value}:{count}")
    return result


def place_of(place: Value | Pointer) -> Pointer:
    """Return the pointer of a match's place."""
    return place.pointer if isinstance(place, Value) else place
