"""What stands beside a policy in its file, and how its format writes it: for advice that can be pasted.

A wording is a text that is not written yet: plain text, what the account decides, blanks for the
reader to fill, and resources of the same template or module, which stand for their ARN.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable, Mapping, Sequence
from typing import Protocol, TypeAlias

from iamlint.record import field, record

__all__ = ["Blank", "Known", "Neighbour", "Surroundings", "Tests", "Wording"]


class Known(enum.Enum):
    """What AWS or the template knows when the policy is deployed."""

    ACCOUNT = "account"
    REGION = "region"
    PARTITION = "partition"


@record
class Blank:
    """Something that only the reader knows; reports write it in angle brackets."""

    name: str


@record
class Neighbour:
    """A resource of the same template or module.

    `address` and `type` are those of owners, `name` its name in the template. `arn` is the pattern of its
    ARN with open parts as `*`; with `has_below` what comes below it can be appended. `attribute` is what
    gives the ARN there (`Arn`; empty for what a reference to the resource itself gives); where nothing
    does, `made` is the text that makes it, in the format's own syntax. `trusted` are the services that may
    assume it, of a role.
    """

    address: str
    type: str
    name: str
    arn: str
    attribute: str
    trusted: tuple[str, ...] = ()
    made: str = ""
    has_below: bool = True
    service: str = field(init=False)
    """The service field of the ARN."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "service", self.arn.split(":", 3)[2])


Wording: TypeAlias = "tuple[str | Known | Blank | Neighbour, ...]"
Tests: TypeAlias = Mapping[str, Mapping[str, Sequence[Wording]]]
"""A condition block: for each operator the values of each key."""


class Surroundings(Hashable, Protocol):
    """The neighbours of a policy, and how the format at its place writes parts of a policy."""

    def neighbours(self, owner: str) -> tuple[Neighbour, ...]:
        """Return the resources that what stands at the address `owner` can refer to: none of them
        depends on it, else the reference would close a circle."""

    def senders(self, service: str, receivers: Sequence[str], owner: str) -> tuple[Neighbour, ...]:
        """Return those neighbours of `owner` with ARNs of a service that send to one of the
        `receivers`: they name it, or a third resource names both."""

    def condition(self, tests: Tests, operators: Sequence[str] | None) -> list[tuple[str, str]]:
        """Return a condition as it is written here, in parts, each with the name of what it goes into.
        `operators` are those that the statement has already, None if it has no condition."""

    def statement(self, elements: Mapping[str, object], tests: Tests) -> str:
        """Return a statement of IAM's elements: each a text, a wording, a list or a mapping of them."""

    def resources(self, groups: Sequence[tuple[str, Sequence[Wording]]], remarks: Sequence[str]) -> str:
        """Return resources in groups, each with what it is for; `remarks` come last."""

    def fields(self, fields: Mapping[str, Wording]) -> str:
        """Return the fields of a grant (`source_arn`), under the names that the format has for them."""
