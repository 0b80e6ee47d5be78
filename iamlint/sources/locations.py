"""Where each format keeps policies and grants: look-up in the data files of `sources/data`.

A path names places below a resource: `Policies[].PolicyDocument` is the member `PolicyDocument` of
every item of `Policies`, and `{}` stands for every value of a map. Each format's own file is loaded
when that format is met, and only the types that occur are turned into objects.
"""

from __future__ import annotations

import functools
import json
import pkgutil
from typing import Any, TypeAlias, TypedDict, cast

from iamlint.record import record

__all__ = [
    "EACH_ITEM",
    "EACH_VALUE",
    "DocumentLocation",
    "GrantLocation",
    "Locations",
    "Path",
    "load_data",
    "locations",
    "resource_types",
    "resource_word",
    "split_path",
]

EACH_ITEM = "[]"
EACH_VALUE = "{}"
Path: TypeAlias = tuple[str, ...]
"""The steps of a path: member names, `[]` for every item, `{}` for every value."""

SELF = ("self",)
"""The target of what applies to the very resource that it is written on."""


@record
class DocumentLocation:
    """A place that holds a policy.

    `kind` is one of the nine kinds of policies, or a step of an extractor: `org` (scp or rcp, as the
    type beside it says), `template` (a nested template), `resource-template`, `document`,
    `document-input`. `on` are the neutral words for what it applies to, `targets` the paths that name
    that, one for each word where there are as many. `name` leads to the policy's name. `holds` is
    `document`, `statements` (no document around them), `statements-or-document` or `sam-policies`.
    """

    path: Path
    kind: str
    on: tuple[str, ...]
    targets: tuple[Path, ...]
    name: Path | None
    holds: str


@record
class GrantLocation:
    """A place that gives, limits or widens access without a document.

    There is one grant for each node at `path` (or, where that is absent, at the first of
    `alternatives` that is there); an empty path is the resource itself. `fields` lead to the facts;
    where a field's path begins like `path`, it means the same item. The field path `$self` is the
    resource's own identity.
    """

    what: str
    path: Path
    alternatives: tuple[Path, ...]
    on: tuple[str, ...]
    targets: tuple[Path, ...]
    fields: tuple[tuple[str, Path], ...]


class _DocumentEntry(TypedDict, total=False):
    path: str
    kind: str
    on: list[str]
    target: list[str]
    name: str
    holds: str


_GrantEntry = TypedDict(
    "_GrantEntry",
    {
        "what": str,
        "path": str,
        "or": list[str],
        "on": list[str],
        "target": list[str],
        "fields": dict[str, str],
    },
    total=False,
)


class _LookalikeEntry(TypedDict):
    path: str


class _File(TypedDict):
    documents: dict[str, list[_DocumentEntry]]
    grants: dict[str, list[_GrantEntry]]
    lookalikes: dict[str, list[_LookalikeEntry]]


class Locations:
    """The locations of one format, by resource type (`AWS::IAM::Role`, `aws_iam_role`)."""

    def __init__(self, file: _File) -> None:
        self._file = file
        self._documents: dict[str, tuple[DocumentLocation, ...]] = {}
        self._grants: dict[str, tuple[GrantLocation, ...]] = {}

    def knows(self, resource_type: str) -> bool:
        """Say whether resources of this type can hold policies or grants."""
        return resource_type in self._file["documents"] or resource_type in self._file["grants"]

    def documents(self, resource_type: str) -> tuple[DocumentLocation, ...]:
        """Return the places that hold policies on resources of this type."""
        known = self._documents.get(resource_type)
        if known is None:
            entries = self._file["documents"].get(resource_type, ())
            known = self._documents[resource_type] = tuple(map(_document_location, entries))
        return known

    def grants(self, resource_type: str) -> tuple[GrantLocation, ...]:
        """Return the places that hold grants on resources of this type."""
        known = self._grants.get(resource_type)
        if known is None:
            entries = self._file["grants"].get(resource_type, ())
            known = self._grants[resource_type] = tuple(map(_grant_location, entries))
        return known

    def lookalikes(self, resource_type: str) -> tuple[Path, ...]:
        """Return the places that are named or shaped like policies and are none."""
        return tuple(split_path(entry["path"]) for entry in self._file["lookalikes"].get(resource_type, ()))


@functools.cache
def locations(format: str) -> Locations:  # noqa: A002 -- the word of the model
    """Return the locations of `cloudformation` or `terraform`."""
    return Locations(cast("_File", load_data(f"{format}_locations.json")))


def resource_word(resource_type: str) -> tuple[str, ...]:
    """Return the neutral words for what a policy on this type applies to.

    Takes the type of a resource or of its policy, of any format and in any case: `AWS::S3::Bucket`,
    `AWS::S3::BucketPolicy` and `aws_s3_bucket_policy` all give `("s3-bucket",)`, and so does the word
    itself. Empty for an unknown type, and for identity policies that can be attached to users, groups
    and roles alike.
    """
    words, folded = _words()
    found = words.get(resource_type)
    if found is None:
        found = words.get(folded.get(resource_type.lower(), ""))
    if found is None and resource_type.lower() in {word for some in words.values() for word in some}:
        return (resource_type.lower(),)
    return tuple(found or ())


@functools.cache
def _words() -> tuple[dict[str, list[str]], dict[str, str]]:
    words = cast("dict[str, list[str]]", load_data("resource_words.json")["words"])
    return words, {name.lower(): name for name in words}


@functools.cache
def resource_types() -> tuple[str, ...]:
    """Return every resource type that `resource_word` knows, and the words."""
    words = _words()[0]
    return (*words, *dict.fromkeys(word for some in words.values() for word in some))


def split_path(text: str) -> Path:
    """Return the steps of a path such as `Policies[].PolicyDocument`."""
    if not text:
        return ()
    steps: list[str] = []
    for part in text.split("."):
        name = part
        items = 0
        while name.endswith(EACH_ITEM):
            name = name[: -len(EACH_ITEM)]
            items += 1
        steps.append(name)
        steps.extend([EACH_ITEM] * items)
    return tuple(steps)


def load_data(name: str) -> dict[str, Any]:
    """Return the content of a JSON file of `sources/data`; its shape is the caller's to know."""
    data = pkgutil.get_data("iamlint.sources", f"data/{name}")
    assert data is not None, f"{name} is missing from the package"
    return cast("dict[str, Any]", json.loads(data))


def _document_location(entry: _DocumentEntry) -> DocumentLocation:
    name = entry.get("name")
    return DocumentLocation(
        split_path(entry["path"]),
        entry["kind"],
        tuple(entry["on"]),
        tuple(map(split_path, entry["target"])),
        None if name is None else split_path(name),
        entry.get("holds", "document"),
    )


def _grant_location(entry: _GrantEntry) -> GrantLocation:
    return GrantLocation(
        entry["what"],
        split_path(entry["path"]),
        tuple(map(split_path, entry.get("or", ()))),
        tuple(entry["on"]),
        tuple(map(split_path, entry["target"])),
        tuple((name, split_path(path)) for name, path in entry["fields"].items()),
    )
