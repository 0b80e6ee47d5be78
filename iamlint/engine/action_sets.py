"""Named sets of actions that rules speak of (`credentials-exposure`, `secret-reads`, ...).

The lists, with their sources, are in `catalog/data/action_sets.json`. A set is a bitset of the
catalogue that is worked out service by service: a policy about queues never loads the names of
every service that can leak something.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from iamlint.catalog import AccessLevel, catalog

__all__ = ["ActionSet", "ActionSets", "action_sets"]

_FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "catalog", "data", "action_sets.json")

_LEVELS = {level.value: level for level in AccessLevel}


class ActionSet:
    """A set of actions, asked for what it has in common with the actions of a statement."""

    __slots__ = ("_bits", "_mask", "_pending", "_pending_mask")

    def __init__(self, patterns: Iterable[str], bits: int = 0) -> None:
        known = catalog()
        groups: dict[str, list[str]] = {}
        for pattern in patterns:
            groups.setdefault(pattern.partition(":")[0], []).append(pattern)
        self._bits = bits
        self._pending = [(known.service_bits(service), group) for service, group in groups.items()]
        self._pending_mask = 0
        for mask, _ in self._pending:
            self._pending_mask |= mask
        self._mask = bits | self._pending_mask

    @property
    def most(self) -> int:
        """A set of actions that holds all of this one: what is not expanded yet counts as whole services."""
        return self._mask

    def within(self, granted: int) -> int:
        """Return the actions of the set that are also in `granted`."""
        if not self._mask & granted:
            return 0
        if self._pending_mask & granted:
            known = catalog()
            for mask, group in self._pending:
                if mask & granted:
                    self._pending_mask &= ~mask
                    for pattern in group:
                        self._bits |= known.expand(pattern)
            self._pending = [entry for entry in self._pending if not entry[0] & granted]
        return self._bits & granted


class ActionSets:
    """The data file, and the sets that were asked for so far."""

    def __init__(self, data: Mapping[str, object]) -> None:
        sets, groups, targets = data["sets"], data["service_groups"], data["iam_targets"]
        keys = data["caller_keys"]
        assert isinstance(sets, dict)
        assert isinstance(groups, dict)
        assert isinstance(targets, dict)
        assert isinstance(keys, list)
        self._lists: Mapping[str, Mapping[str, list[str]]] = sets
        self._groups: Mapping[str, Mapping[str, list[str]]] = groups
        self._targets: Mapping[str, str] = {
            action: target for target, actions in targets.items() for action in actions
        }
        self._caller_keys = frozenset(key.lower() for key in keys)
        self._known: dict[tuple[tuple[str, ...], tuple[str, ...]], ActionSet] = {}
        self._by_target: dict[tuple[str, ...], list[tuple[str, ActionSet]]] = {}

    def names(self) -> list[str]:
        """Return the names of all sets, sorted."""
        return sorted(self._lists)

    def actions(self, name: str) -> list[str]:
        """Return the actions of a set as the file writes them; raise KeyError for an unknown name."""
        return self._lists[name]["actions"]

    def find(self, names: tuple[str, ...], levels: tuple[str, ...] = ()) -> ActionSet:
        """Return the union of the named sets and of all actions of some access levels."""
        found = self._known.get((names, levels))
        if found is None:
            bits = 0
            for level in levels:
                bits |= catalog().with_level(_LEVELS[level])
            found = ActionSet((action for name in names for action in self.actions(name)), bits)
            self._known[names, levels] = found
        return found

    def by_target(self, names: tuple[str, ...]) -> list[tuple[str, ActionSet]]:
        """Return the IAM actions of the named sets, grouped by the type of ARN that they work on."""
        found = self._by_target.get(names)
        if found is None:
            groups: dict[str, list[str]] = {}
            for name in names:
                for action in self.actions(name):
                    groups.setdefault(self._targets.get(action, ""), []).append(action)
            found = [(target, ActionSet(actions)) for target, actions in groups.items()]
            self._by_target[names] = found
        return found

    def services(self, groups: Iterable[str]) -> frozenset[str]:
        """Return the service prefixes of the named groups of services."""
        return frozenset(service for group in groups for service in self._groups[group]["services"])

    def describes_caller(self, key: str) -> bool:
        """Say whether a condition key only describes the caller or how the request came in."""
        return _stem(key) in self._caller_keys

    def problems(self) -> Iterator[str]:
        """Yield what the catalogue does not know: for the test of the data file."""
        for name in self.names():
            for action in self.actions(name):
                if not catalog().expand(action):
                    yield f"{name}: {action}"


def _stem(key: str) -> str:
    """Return the key in small letters without the open part of `aws:PrincipalTag/team`."""
    return key.lower().partition("/")[0]


@lru_cache(maxsize=1)
def action_sets() -> ActionSets:
    """Return the named sets (read once)."""
    with open(_FILE, encoding="utf-8") as file:
        return ActionSets(json.load(file))
