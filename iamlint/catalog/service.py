"""Build a `Service` from its line of `services.jsonl`.

Most runs ask for a few actions of a service that has hundreds, so actions are built when asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from iamlint.catalog.facts import AccessLevel, Action, ActionResource, ConditionKey, ResourceType, Service

LEVELS: Mapping[str, AccessLevel] = {
    "L": AccessLevel.LIST,
    "R": AccessLevel.READ,
    "W": AccessLevel.WRITE,
    "T": AccessLevel.TAGGING,
    "P": AccessLevel.PERMISSIONS,
}


class _Actions(Mapping[str, Action]):
    """The actions of one service by name in small letters, each built on first use."""

    __slots__ = ("_built", "_chunk", "_names", "_offset", "_positions", "_prefix")

    def __init__(
        self, prefix: str, offset: int, names: Sequence[str], lower: Sequence[str], chunk: _Chunk
    ) -> None:
        self._prefix = prefix
        self._offset = offset
        self._names = names
        self._positions = {name: position for position, name in enumerate(lower)}
        self._chunk = chunk
        self._built: dict[str, Action] = {}

    def __getitem__(self, name: str) -> Action:
        action = self._built.get(name)
        if action is None:
            position = self._positions[name]
            chunk = self._chunk
            action = self._built[name] = Action(
                service=self._prefix,
                name=self._names[position],
                index=self._offset + position,
                access_level=LEVELS[chunk.levels[position]],
                resource_types=chunk.action_resource_types(position),
                condition_keys=chunk.key_names(chunk.action_keys[position]),
            )
        return action

    def __contains__(self, name: object) -> bool:
        return name in self._positions

    def __iter__(self) -> Iterator[str]:
        return iter(self._positions)

    def __len__(self) -> int:
        return len(self._positions)


class _Chunk:
    """One line of `services.jsonl`, parsed. Its lists run parallel to the service's action names."""

    __slots__ = (
        "action_keys",
        "action_resources",
        "key_sets",
        "key_types",
        "keys",
        "levels",
        "name",
        "resources",
        "row_sets",
    )

    def __init__(self, line: bytes) -> None:
        chunk = json.loads(line)
        self.name: str = chunk["name"]
        self.keys: list[str] = chunk["keys"]
        self.key_types: list[str] = chunk["key_types"]
        self.key_sets: list[list[int]] = chunk["key_sets"]
        self.resources: list[tuple[str, list[str], int]] = chunk["resources"]
        self.levels: str = chunk["levels"]
        self.action_keys: list[int] = chunk["action_keys"]
        self.action_resources: list[int] = chunk["action_resources"]
        self.row_sets: list[list[tuple[int, int, int]]] = chunk["row_sets"]

    def key_names(self, key_set: int) -> tuple[str, ...]:
        return tuple([self.keys[number] for number in self.key_sets[key_set]])

    def working_on(self, names: AbstractSet[str], required: bool) -> int:  # noqa: FBT001 -- called by Service only
        """Return the positions of the actions that work on one of the resource types, as bits."""
        wanted = {number for number, row in enumerate(self.resources) if row[0] in names}
        fitting = {
            at
            for at, rows in enumerate(self.row_sets)
            if any(number in wanted and need >= required for number, need, _ in rows)
        }
        bits = 0
        for position, row_set in enumerate(self.action_resources):
            if row_set in fitting:
                bits |= 1 << position
        return bits

    def action_resource_types(self, position: int) -> tuple[ActionResource, ...]:
        rows = self.row_sets[self.action_resources[position]]
        return tuple(
            [
                ActionResource(self.resources[number][0], bool(required), self.key_names(key_set))
                for number, required, key_set in rows
            ]
        )


def build_service(
    prefix: str, offset: int, names: Sequence[str], lower: Sequence[str], line: bytes
) -> Service:
    """Return the service `prefix`, whose first action has the bit `offset`.

    `names` are its action names in the order of their bits, `lower` the same in small letters,
    `line` is the service's JSON.
    """
    chunk = _Chunk(line)
    return Service(
        prefix=prefix,
        name=chunk.name,
        offset=offset,
        actions=_Actions(prefix, offset, names, lower, chunk),
        resource_types=tuple(
            [
                ResourceType(name, tuple(arns), chunk.key_names(key_set))
                for name, arns, key_set in chunk.resources
            ]
        ),
        condition_keys={
            name.lower(): ConditionKey(name, kind)
            for name, kind in zip(chunk.keys, chunk.key_types, strict=True)
        },
        working_on=lambda kinds, required: chunk.working_on(kinds, required) << offset,
    )
