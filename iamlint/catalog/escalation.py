"""The ways to more rights: what each needs, on what, and what it gives.

Source: `data/escalation_paths.json`. Only the actions of that table matter to escalation, so sets of
them are small numbers of their own, one bit an action; the catalogue's sets of all actions would be
a hundred times longer.
"""

from __future__ import annotations

import json
from functools import cache

from iamlint.catalog.datafiles import read
from iamlint.catalog.glob import matcher
from iamlint.record import record

__all__ = ["EscalationPath", "EscalationTable", "Step", "escalation_table", "may_escalate"]


@record
class Step:
    """One thing that a path needs: any one of `actions`, on a resource of the kind `target`.

    `mask` is the set of the actions.
    """

    actions: tuple[str, ...]
    target: str
    mask: int


@record
class EscalationPath:
    """A way to more rights: all its steps must be possible.

    `category` is `self-escalation` (the caller widens its own rights), `principal-access` (it becomes
    another user or role), `new-passrole` (it passes a role to something that it makes or repoints),
    `existing-passrole` (it takes over something that holds a role) or `credential-access` (it reads
    where secrets are often kept). `services` are those of which the passed role must trust one, `hosts`
    those that run what is taken over, so that its role trusts one of them. `gain` is what the caller
    then has, `parent` the shorter path that is there whenever this one is. `needs` are the actions of the
    steps beside passing a role.
    """

    id: str
    title: str
    category: str
    severity: str
    steps: tuple[Step, ...]
    services: tuple[str, ...]
    hosts: tuple[str, ...]
    gain: str
    parent: str | None
    retired: bool
    needs: tuple[tuple[str, ...], ...]


class EscalationTable:
    """The paths, and the actions that they use as bits of small sets."""

    __slots__ = ("_by_service", "_masks", "_within", "bits", "names", "paths")

    def __init__(self) -> None:
        entries = json.loads(_raw())["paths"]
        self.names: tuple[str, ...] = tuple(
            sorted({name for entry in entries for step in entry["requires"] for name in step["any_of"]})
        )
        self.bits: dict[str, int] = {name: 1 << index for index, name in enumerate(self.names)}
        self._by_service: dict[str, list[tuple[str, int]]] = {}
        for name, bit in self.bits.items():
            self._by_service.setdefault(name.partition(":")[0].lower(), []).append((name.lower(), bit))
        self._masks: dict[str, int] = {}
        self._within: dict[int, tuple[EscalationPath, ...]] = {}
        self.paths: tuple[EscalationPath, ...] = tuple(map(self._path, entries))

    def _path(self, entry: dict[str, object]) -> EscalationPath:
        requires = entry["requires"]
        assert isinstance(requires, list)  # INVARIANT: the file is part of the package
        services, hosts = entry.get("role_trusted_by", []), entry.get("hosted_by", [])
        assert isinstance(services, list)  # INVARIANT: as above
        assert isinstance(hosts, list)  # INVARIANT: as above
        steps = []
        for step in requires:
            actions = tuple(map(str, step["any_of"]))
            steps.append(Step(actions, str(step["target"]), sum(self.bits[name] for name in actions)))
        parent = entry.get("variant_of")
        return EscalationPath(
            id=str(entry["id"]),
            title=str(entry["title"]),
            category=str(entry["category"]),
            severity=str(entry["severity"]),
            steps=tuple(steps),
            services=tuple(map(str, services)),
            hosts=tuple(map(str, hosts)),
            gain=str(entry["gain"]),
            parent=None if parent is None else str(parent),
            retired=bool(entry.get("retired")),
            needs=tuple([step.actions for step in steps if step.actions != ("iam:PassRole",)]),
        )

    @property
    def every(self) -> int:
        """The set of all actions of the table."""
        return (1 << len(self.names)) - 1

    def mask(self, pattern: str) -> int:
        """Return the set of the table's actions that an action pattern takes in. Also a name that the
        catalogue of actions lacks counts: the table may know an action before that does."""
        found = self._masks.get(pattern)
        if found is None:
            found = self._masks[pattern] = self._match(pattern.lower())
        return found

    def _match(self, pattern: str) -> int:
        service, colon, _ = pattern.partition(":")
        if not colon:
            return self.every if pattern and not pattern.strip("*") else 0
        wild = "*" in service or "?" in service
        groups = list(self._by_service.values()) if wild else [self._by_service.get(service, [])]
        fits = matcher(pattern)
        return sum(bit for group in groups for known, bit in group if fits(known))

    def within(self, mask: int) -> tuple[EscalationPath, ...]:
        """Return the paths of which each step has an action in a set."""
        found = self._within.get(mask)
        if found is None:
            found = self._within[mask] = tuple(
                [path for path in self.paths if all(step.mask & mask for step in path.steps)]
            )
        return found

    def named(self, mask: int) -> tuple[str, ...]:
        """Return the names of the actions of a set, sorted."""
        return tuple([name for name, bit in self.bits.items() if bit & mask])


@cache
def may_escalate(pattern: str) -> bool:
    """Say whether an action pattern could be about an action of the table, without reading the table in: most
    policies are about none."""
    service = pattern.partition(":")[0].lower()
    return "*" in service or "?" in service or f'"{service}:'.encode("utf-8", "replace") in _raw()


@cache
def _raw() -> bytes:
    return read("escalation_paths.json")


@cache
def escalation_table() -> EscalationTable:
    """Return the table (loaded once)."""
    return EscalationTable()
