"""What the catalogue tells: one frozen class for each kind of fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum

from iamlint.record import record


class AccessLevel(Enum):
    """What an action can do, in the words of the Service Authorization Reference."""

    LIST = "List"
    READ = "Read"
    WRITE = "Write"
    TAGGING = "Tagging"
    PERMISSIONS = "Permissions management"


@record
class ActionResource:
    """A resource type that an action works on."""

    name: str
    """The name of a `ResourceType` of the action's service."""
    required: bool
    """Whether a request always names such a resource; else it may."""
    condition_keys: tuple[str, ...]
    """The keys that the action sets only together with this resource type."""


@record
class Action:
    """One action of one service."""

    service: str
    """The service prefix, in small letters."""
    name: str
    """The name in AWS's own spelling, without the prefix."""
    index: int
    """The action's bit in every action set of the catalogue."""
    access_level: AccessLevel
    resource_types: tuple[ActionResource, ...]
    """Empty if the action takes no resource: such an action needs `"Resource": "*"`."""
    condition_keys: tuple[str, ...]
    """Every key the action may set beside the global ones, for whichever resource."""

    @property
    def full(self) -> str:
        """The name as a policy writes it, such as `s3:GetObject`."""
        return f"{self.service}:{self.name}"


@record
class ResourceType:
    """A kind of resource that a service knows."""

    name: str
    arns: tuple[str, ...]
    """ARN formats with parts such as `${Partition}` left open."""
    condition_keys: tuple[str, ...]
    """The keys that describe such a resource."""


@record
class ConditionKey:
    """A condition key. An open part of its name is written `${...}`, as in `aws:RequestTag/${TagKey}`."""

    name: str
    type: str
    """`String`, `ARN`, `Bool`, `Date`, `IPAddress`, `Numeric`, or one of these after `ArrayOf`."""

    @property
    def multi_valued(self) -> bool:
        """Whether a request may carry several values, so that a condition needs a set operator."""
        return self.type.startswith("ArrayOf")

    @property
    def value_type(self) -> str:
        """The type of a single value: `type` without `ArrayOf`."""
        return self.type.removeprefix("ArrayOf")


@record
class Service:
    """A service prefix and everything below it."""

    prefix: str
    name: str
    """The service's name in prose, such as `Amazon S3`."""
    offset: int
    """The bit of the first action."""
    actions: Mapping[str, Action]
    """By name in small letters, in the order of the bits."""
    resource_types: tuple[ResourceType, ...]
    condition_keys: Mapping[str, ConditionKey]
    """By name in small letters; global keys that the service's own table repeats included."""
    working_on: Callable[[AbstractSet[str], bool], int]
    """The set of actions that work on one of the named resource types; with True only those that
    always name one."""

    @property
    def count(self) -> int:
        """The number of actions; their bits follow each other from `offset`."""
        return len(self.actions)

    @property
    def bits(self) -> int:
        """The set of all actions of this service."""
        return ((1 << self.count) - 1) << self.offset


@record
class Partition:
    """A partition of AWS."""

    name: str
    """As in ARNs: `aws`, `aws-cn`, ..."""
    dns_suffix: str
    dual_stack_dns_suffix: str
    regions: tuple[str, ...]
