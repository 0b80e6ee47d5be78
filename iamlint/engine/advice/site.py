"""Where advice is given: a match, the policy or grant around it, and what stands beside that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache

from iamlint.catalog.datafiles import read
from iamlint.engine.subject import Match, Settings
from iamlint.model import Grant, HasSurroundings, Pointer, Policy, Statement
from iamlint.model.surroundings import Blank, Known, Neighbour, Surroundings, Wording
from iamlint.record import record

__all__ = ["Facts", "Sender", "Site", "facts", "wording_of"]

_KNOWN = {"Partition": Known.PARTITION, "Region": Known.REGION, "Account": Known.ACCOUNT}


@record(eq=False)
class Site:
    """A finding's place. `subject` is the policy or grant, `statement` the one at fault, if it is one.
    Of a resource policy `services` are those that its rule is about: its patterns mean no others."""

    match: Match
    subject: Policy | Grant
    statement: Statement | None
    document: HasSurroundings
    settings: Settings
    services: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """The address of what the policy or grant is written on."""
        return self.subject.owner.address

    @property
    def targets(self) -> tuple[str, ...]:
        """The addresses of what it applies to."""
        return self.subject.attachments

    @property
    def policy(self) -> Policy | None:
        """The policy, if it is one."""
        return self.subject if isinstance(self.subject, Policy) else None

    @property
    def pointer(self) -> Pointer:
        """The place to write at."""
        return self.subject.pointer if self.statement is None else self.statement.pointer

    @property
    def surroundings(self) -> Surroundings:
        """What stands beside the place, and how things are written there."""
        return self.document.surroundings(self.pointer)

    @property
    def neighbours(self) -> tuple[Neighbour, ...]:
        """The resources that the policy could name: never the identity that it belongs to."""
        found = self.surroundings.neighbours(self.owner)
        own = self.targets
        return tuple(one for one in found if one.address not in own) if own else found


@lru_cache(maxsize=2_048)
def wording_of(arn: str) -> Wording:
    """Return an ARN format of the catalogue as a wording: `${BucketName}` is a blank `bucket-name`."""
    parts: list[str | Known | Blank | Neighbour] = []
    head, *rest = arn.split("${")
    if head:
        parts.append(head)
    for piece in rest:
        name, _, text = piece.partition("}")
        parts.append(_KNOWN.get(name) or Blank(_hyphened(name)))
        if text:
            parts.append(text)
    return tuple(parts)


def _hyphened(name: str) -> str:
    """Return `BucketName` as `bucket-name`."""
    pieces: list[str] = []
    for at, letter in enumerate(name):
        if letter.isupper() and at and (name[at - 1].islower() or name[at + 1 : at + 2].islower()):
            pieces.append("-")
        pieces.append(letter.lower())
    return "".join(pieces).replace("--", "-")


@record
class Facts:
    """What `advice_facts.json` tells: what each service sends about who it calls for, the forms of the
    tokens of identity providers, and, by service, resource types that are another way to a thing."""

    senders: Mapping[str, Sender]
    issuers: Mapping[str, Mapping[str, str]]
    lesser_types: Mapping[str, frozenset[str]]


@record
class Sender:
    """The source keys that a service sends (`account`, `arn`), the ARN format of its resource, and the
    service in that ARN."""

    keys: frozenset[str]
    arn: str
    service: str


@cache
def facts() -> Facts:
    """Return the facts that advice needs."""
    data = json.loads(read("advice_facts.json"))
    return Facts(
        {
            name: Sender(frozenset(one["keys"]), one["arn"], one["service"])
            for name, one in data["senders"].items()
        },
        data["issuers"],
        {service: frozenset(names) for service, names in data["lesser_types"].items()},
    )
