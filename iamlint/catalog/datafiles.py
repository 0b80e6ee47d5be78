"""Read the generated files of `data/`, whole or in part."""

from __future__ import annotations

import json
import os

# `importlib.resources` would cost more than everything the catalogue does in a usual run.
FOLDER = os.path.join(os.path.dirname(__file__), "data")


def read(name: str) -> bytes:
    """Return a whole file of `data/`."""
    with open(os.path.join(FOLDER, name), "rb", buffering=0) as file:
        return file.read()


def read_part(name: str, offset: int, length: int) -> bytes:
    """Return `length` bytes of a file of `data/`, from `offset`."""
    with open(os.path.join(FOLDER, name), "rb", buffering=0) as file:
        file.seek(offset)
        return file.read(length)


class Index:
    """`index.json`: what is known of every service without opening its part of the other files."""

    __slots__ = (
        "action_count",
        "arn_services",
        "chunk_bytes",
        "chunk_offsets",
        "counts",
        "date",
        "key_prefixes",
        "levels",
        "name_bytes",
        "name_offsets",
        "no_resource_types",
        "offsets",
        "own_arn_services",
        "prefixes",
        "rcp_services",
        "row",
    )

    def __init__(self) -> None:
        index = json.loads(read("index.json"))
        self.date: str = index["date"]
        self.prefixes: tuple[str, ...] = tuple(index["services"].split())
        self.row: dict[str, int] = {prefix: row for row, prefix in enumerate(self.prefixes)}
        self.counts: list[int] = index["counts"]
        self.offsets, self.action_count = _running(self.counts, gap=0)
        self.name_bytes: list[int] = index["name_bytes"]
        self.chunk_bytes: list[int] = index["chunk_bytes"]
        # A line break stands between two services.
        self.name_offsets, _ = _running(self.name_bytes, gap=1)
        self.chunk_offsets, _ = _running(self.chunk_bytes, gap=1)
        self.levels: dict[str, str] = index["levels"]
        """Letter of an access level to its action set, in hexadecimal."""
        self.no_resource_types: str = index["no_resource_types"]
        self.rcp_services: str = index["rcp_services"]
        self.arn_services: dict[str, list[str]] = index["arn_services"]
        self.own_arn_services: str = index["own_arn_services"]
        self.key_prefixes: dict[str, list[str]] = index["key_prefixes"]


def _running(lengths: list[int], gap: int) -> tuple[list[int], int]:
    """Return where each of the parts begins, and the end of the last."""
    starts: list[int] = []
    total = 0
    for length in lengths:
        starts.append(total)
        total += length + gap
    return starts, total
