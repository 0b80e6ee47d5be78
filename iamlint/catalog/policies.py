"""AWS managed policies: find one by name or ARN, and read its document out of the pack.

The catalogue imports this module when it is first asked for a policy: most runs never do.
"""

from __future__ import annotations

import json
import zlib

from iamlint.catalog.datafiles import read, read_part
from iamlint.record import record


@record
class ManagedPolicy:
    """The newest version of a policy that AWS maintains."""

    name: str
    path: str
    """`/`, `/service-role/`, `/job-function/`, `/aws-service-role/` or another."""
    version_id: str
    created: str
    """Day of the first version, as YYYY-MM-DD."""
    updated: str
    """Day of this version, as YYYY-MM-DD."""
    replacement: str | None
    """For a deprecated policy the path and name of the one to use, without the leading slash."""
    document_text: str
    """The document as compact JSON."""

    @property
    def arn(self) -> str:
        """The ARN in the partition `aws`; others differ in that word only."""
        return f"arn:aws:iam::aws:policy{self.path}{self.name}"

    @property
    def deprecated(self) -> bool:
        """Whether AWS has marked the policy as deprecated: it can no longer be newly attached."""
        return self.replacement is not None

    @property
    def document(self) -> dict[str, object]:
        """The parsed document, new on every call, so that a caller may change it."""
        parsed: dict[str, object] = json.loads(self.document_text)
        return parsed


@record
class RetiredPolicy:
    """A managed policy that AWS has deprecated or withdrawn, with its successor."""

    path_and_name: str
    """Without the leading slash, such as `service-role/AWSConfigRole`."""
    replacement: str
    """Written like `path_and_name`."""
    deleted: bool
    """Whether AWS no longer offers it at all; else it is only deprecated."""


class PolicyStore:
    """The packed managed policies. State is only what has been read from the data files."""

    __slots__ = ("_dictionary", "_names", "_replacements", "_table")

    def __init__(self) -> None:
        # The table is searched as text: parsing 1,600 lines for the one policy of a usual run
        # would take longer than all else here.
        self._table = read("managed_policies.tsv").decode()
        self._dictionary = b""
        replaced_by: dict[str, str] = json.loads(read("retired_policies.json"))["replaced_by"]
        self._replacements = replaced_by
        self._names: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the names of all policies, sorted."""
        if not self._names:
            self._names = tuple([line.split("\t", 1)[0] for line in self._table.split("\n") if line])
        return self._names

    def find(self, name_or_arn: str) -> ManagedPolicy | None:
        """Return the policy, or None if there is none of that name (and path, where one is given)."""
        wanted = _path_and_name(name_or_arn)
        if wanted is None:
            return None
        path, name = wanted
        row = self._row(name)
        if row is None or path not in (None, row[0]):
            return None
        stored_path, version_id, created, updated, offset, length = row
        return ManagedPolicy(
            name=name,
            path=stored_path,
            version_id=version_id,
            created=created,
            updated=updated,
            replacement=self._replacements.get(stored_path[1:] + name),
            document_text=self._document(int(offset), int(length)),
        )

    def retired(self, name_or_arn: str) -> RetiredPolicy | None:
        """Return what replaced the policy, or None if it is not known to be retired."""
        wanted = _path_and_name(name_or_arn)
        if wanted is None:
            return None
        path, name = wanted
        for key, replacement in self._replacements.items():
            key_path, _, key_name = ("/" + key).rpartition("/")
            if key_name == name and path in (None, key_path + "/"):
                return RetiredPolicy(key, replacement, deleted=self._row(name) is None)
        return None

    def _row(self, name: str) -> list[str] | None:
        start = self._table.find(f"\n{name}\t")
        if start < 0:
            return None
        start += len(name) + 2
        return self._table[start : self._table.index("\n", start)].split("\t")

    def _document(self, offset: int, length: int) -> str:
        if not self._dictionary:
            self._dictionary = read("managed_policies.dict")
        unpacker = zlib.decompressobj(-15, zdict=self._dictionary)
        packed = read_part("managed_policies.pack", offset, length)
        return (unpacker.decompress(packed) + unpacker.flush()).decode()


def _path_and_name(name_or_arn: str) -> tuple[str | None, str] | None:
    """Return the path (None if only a name was given) and the name; None if it is no managed policy's.

    Of an ARN the partition is not looked at, the account must be `aws`: policies of that account
    are the ones AWS maintains.
    """
    if name_or_arn.startswith("arn:"):
        parts = name_or_arn.split(":", 5)
        if len(parts) != 6 or parts[2:5] != ["iam", "", "aws"] or not parts[5].startswith("policy/"):
            return None
        path, _, name = parts[5].removeprefix("policy").rpartition("/")
        return (path + "/", name) if _is_name(name) else None
    path, slash, name = name_or_arn.strip("/").rpartition("/")
    if not _is_name(name):
        return None
    return (f"/{path}/" if slash else None), name


def _is_name(name: str) -> bool:
    """Say whether `name` may be looked up: a tab or line break would match across the table's cells."""
    return bool(name) and name.isprintable()
