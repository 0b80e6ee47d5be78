"""How much each policy grants, one line for each, as a table that is read in seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TextIO

from iamlint.record import fields, record
from iamlint.report.escape import escape, mask
from iamlint.report.phrases import counted
from iamlint.report.printer import Printer

__all__ = ["LEVELS", "LevelCount", "SummaryRow", "write_json", "write_text"]

LEVELS = ("List", "Read", "Write", "Tagging", "Permissions management")
"""The access levels of the Service Authorization Reference, in the order of the table."""


@record
class LevelCount:
    """How many actions of one access level a policy grants: on all resources, and on named ones only."""

    everywhere: int
    named: int


@record
class SummaryRow:
    """What one policy grants, after its unconditional denies.

    `levels` has an entry for each of LEVELS. `services` are the prefixes that it grants something
    of. `resources` counts the patterns of its Allow statements, `conditions` their tests,
    `principals` says in words who is let in (empty where the kind has none). `denies` counts Deny
    statements. `unknown` counts values that the files do not tell; what they grant is not counted.
    `readable` is false when the statements cannot be read at all.
    """

    path: str
    line: int | None
    owner: str
    kind: str
    name: str | None
    services: tuple[str, ...]
    levels: tuple[LevelCount, ...]
    resources: int
    conditions: int
    principals: tuple[str, ...]
    denies: int
    unknown: int
    readable: bool = True

    @property
    def weight(self) -> tuple[int, int]:
        """What sorts the widest grants first: permissions management, then all actions."""
        total = sum(level.everywhere + level.named for level in self.levels)
        return (self.levels[-1].everywhere, total)


def write_json(rows: Sequence[SummaryRow], stream: TextIO) -> None:
    """Write `{"policies": [...]}`; `levels` maps each access level to its two numbers."""
    entries = []
    for row in rows:
        entry = {name: getattr(row, name) for name in fields(SummaryRow)}
        entry["levels"] = {
            name: {"everywhere": level.everywhere, "named": level.named}
            for name, level in zip(LEVELS, row.levels, strict=True)
        }
        entry["name"] = None if row.name is None else mask(row.name)
        entries.append(entry)
    json.dump({"policies": entries}, stream, indent=2, sort_keys=True)
    stream.write("\n")


def write_text(rows: Sequence[SummaryRow], stream: TextIO, *, runner: bool = False) -> None:
    """Write the table and what its numbers mean."""
    out = Printer(stream, runner=runner)
    if not rows:
        out.line("No policy found.")
        return
    head = ("POLICY", "KIND", "SERVICES", "LIST", "READ", "WRITE", "TAG", "PERM", "RESOURCES", "COND", "WHO")
    table = [head, *(_cells(row) for row in rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(head))]
    for cells in table:
        shown = (
            cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        out.line("  ".join(shown).rstrip())
    out.line()
    out.line("Actions are counted by access level: on all resources + on named ones only, after denies.")
    out.line(f"{counted(len(rows), 'policy', 'policies')}; the widest first.")


_NUMBERS = frozenset({3, 4, 5, 6, 7, 9})
_SHOWN_SERVICES = 3
_SHOWN_PRINCIPALS = 2


def _cells(row: SummaryRow) -> tuple[str, ...]:
    place = f"{row.path}:{row.line}" if row.line is not None else row.path
    name = place if row.owner == "$" else f"{place} {row.owner}"
    if row.name is not None:
        name += f" ({row.name})"
    if not row.readable:
        return (escape(mask(name)), row.kind, "cannot be read", *[""] * 8)
    resources = f"{row.resources} named" if row.resources else "-"
    if any(level.everywhere for level in row.levels):
        resources = "all" if not row.resources else f"all, {row.resources} named"
    conditions = str(row.conditions) if row.conditions else "-"
    return (
        escape(mask(name)),
        row.kind,
        escape(_listed(row.services, _SHOWN_SERVICES)) or "-",
        *(_number(level) for level in row.levels),
        resources + (f", {row.unknown} unknown" if row.unknown else ""),
        conditions,
        escape(mask(_listed(row.principals, _SHOWN_PRINCIPALS))),
    )


def _number(level: LevelCount) -> str:
    if not (level.everywhere or level.named):
        return "-"
    if not level.named:
        return str(level.everywhere)
    return f"{level.everywhere}+{level.named}" if level.everywhere else f"+{level.named}"


def _listed(words: Sequence[str], most: int) -> str:
    if len(words) <= most:
        return ", ".join(words)
    return f"{', '.join(words[:most])} +{len(words) - most}"
