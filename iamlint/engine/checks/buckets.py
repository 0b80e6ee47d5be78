"""A check of buckets for which nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from iamlint.engine.checks.fields import addresses
from iamlint.engine.subject import GrantSubject, Match, Unit
from iamlint.model import Grant, Hole
from iamlint.record import record

__all__ = ["bucket_without_block"]

_OF_RESOURCES = frozenset({"resource", "attribute", "reference"})
_INDEX = re.compile(r"\[[^\]]{0,100}\]")


def bucket_without_block(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a bucket that no block of public access of the same folder is about, nor one for the account."""
    grant = subject.grant
    if grant.what != "bucket":
        return
    blocks = subject.unit.fact(_blocks).get(_folder(grant), _Blocks(frozenset(), frozenset(), False))
    names = {value.text for value in grant.fields.get("name", ()) if value.text}
    if blocks.anything or not blocks.names.isdisjoint(names) or _plain(grant) & blocks.addresses:
        return
    yield Match(grant.owner.pointer, (), {"recipient": grant.owner.address}, key_only=True)


@record
class _Blocks:
    """What the blocks of one folder are about: addresses, names of buckets, or anything at all."""

    addresses: frozenset[str]
    names: frozenset[str]
    anything: bool


def _folder(grant: Grant) -> str:
    return grant.document.path.rpartition("/")[0] if grant.document.path.endswith(".tf.json") else ""


def _plain(grant: Grant) -> frozenset[str]:
    return frozenset(_INDEX.sub("", address) for address in addresses(grant))


def _blocks(unit: Unit) -> Mapping[str, _Blocks]:
    found: dict[str, _Blocks] = {}
    for grant in unit.grants:
        if grant.what != "public-access-block":
            continue
        before = found.get(_folder(grant), _Blocks(frozenset(), frozenset(), False))
        named = grant.fields.get("bucket", ())
        anything = "account" in grant.on or any(
            part.kind not in _OF_RESOURCES or part.name.startswith("module.")
            for value in named
            for part in value.parts
            if isinstance(part, Hole)
        )
        found[_folder(grant)] = _Blocks(
            before.addresses | _plain(grant),
            before.names | {value.text for value in named if value.text},
            before.anything or anything,
        )
    return found
