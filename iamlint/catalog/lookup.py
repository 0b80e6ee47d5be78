"""The catalogue itself: answer questions about AWS, reading no more of the data than the answer needs.

A set of actions is a Python integer: bit `i` stands for the action with the index `i`. Indexes run
over the whole catalogue in the order of service prefix, then action name in small letters.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cache

from iamlint.catalog.datafiles import Index, read, read_part
from iamlint.catalog.facts import (
    AccessLevel,
    Action,
    ConditionKey,
    Partition,
    ResourceType,
    Service,
)
from iamlint.catalog.glob import first_wildcard, matcher
from iamlint.catalog.nearest import nearest
from iamlint.catalog.service import LEVELS, build_service

# Type checkers take this name for true. `typing` itself is not imported, as it costs 2 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from iamlint.catalog.policies import ManagedPolicy, PolicyStore, RetiredPolicy

# Enough for every pattern of a large account; beyond it the memo starts afresh, so that a file
# made of patterns cannot fill the memory.
MEMO_SIZE = 8_192
POSITIONS_SIZE = 32_768

# A pattern whose service part matches more services than this reads all names at once.
FEW_SERVICES = 8

# IAM User Guide, "Keys for AWS web identity federation": an identity provider's keys are its
# address, a colon and one of these claims, whatever the provider.
WEB_IDENTITY_CLAIMS: Mapping[str, str] = {
    "amr": "ArrayOfString",
    "aud": "String",
    "azp": "String",
    "email": "String",
    "oaud": "String",
    "sub": "String",
}


class _Names:
    """The action names of one service, in AWS's spelling and in small letters, in order."""

    __slots__ = ("lower", "names")

    def __init__(self, line: str) -> None:
        self.names = line.split()
        self.lower = line.lower().split()


class Catalog:
    """Everything the catalogue knows. Get the one instance of the process from `catalog()`.

    The answers never change; the state is only what has been read and worked out so far.
    Names are matched without regard to letter case unless a method says otherwise.
    """

    def __init__(self) -> None:
        index = Index()
        self._index = index
        self.date: str = index.date
        """Day of the action data, as YYYY-MM-DD."""
        self.service_count: int = len(index.prefixes)
        self.action_count: int = index.action_count
        self.all_actions: int = (1 << index.action_count) - 1
        """The set of every action."""
        self._names: dict[str, _Names] = {}
        self._services: dict[str, Service] = {}
        self._expanded: dict[str, int] = {}
        self._positions: dict[str, int] = {}
        self._levels: dict[AccessLevel, int] = {}
        self._no_resource_types: int | None = None
        self._resource_types: dict[str, tuple[ResourceType, ...]] = {}
        self._global_keys: Mapping[str, ConditionKey] | None = None
        self._partitions: tuple[Partition, ...] = ()
        self._policies: PolicyStore | None = None

    # --- services and actions -------------------------------------------------------------------

    def services(self) -> tuple[str, ...]:
        """Return every service prefix, sorted."""
        return self._index.prefixes

    def service(self, prefix: str) -> Service | None:
        """Return the service with this prefix, or None."""
        prefix = prefix.lower()
        found = self._services.get(prefix)
        if found is None:
            row = self._index.row.get(prefix)
            if row is None:
                return None
            names = self._names_of(prefix)
            line = read_part("services.jsonl", self._index.chunk_offsets[row], self._index.chunk_bytes[row])
            found = build_service(prefix, self._index.offsets[row], names.names, names.lower, line)
            self._services[prefix] = found
        return found

    def action(self, full_name: str) -> Action | None:
        """Return the action with this full name, such as `s3:GetObject`, or None."""
        prefix, _, name = full_name.partition(":")
        service = self.service(prefix)
        return None if service is None else service.actions.get(name.lower())

    def action_at(self, index: int) -> Action:
        """Return the action of one bit; raise IndexError if there is no such bit."""
        if not 0 <= index < self.action_count:
            raise IndexError(f"the catalogue has no action {index}")
        row = bisect_left(self._index.offsets, index + 1) - 1
        prefix = self._index.prefixes[row]
        service = self.service(prefix)
        assert service is not None  # INVARIANT: every prefix of the index has a service
        return service.actions[self._names_of(prefix).lower[index - self._index.offsets[row]]]

    # --- action sets ----------------------------------------------------------------------------

    def expand(self, pattern: str) -> int:
        """Return the set of actions that `pattern`, as written in an Action element, matches.

        `*` stands for any run of characters and `?` for any one, on both sides of the colon. What
        IAM would refuse (no colon, white space, an empty part) matches nothing.
        """
        if "*" not in pattern and "?" not in pattern:
            # Of single names the position is kept: thousands of sets of one would fill the memory.
            position = self._positions.get(pattern)
            if position is None:
                if len(self._positions) >= POSITIONS_SIZE:
                    self._positions.clear()
                position = self._positions[pattern] = self._expand(pattern).bit_length() - 1
            return 1 << position if position >= 0 else 0
        bits = self._expanded.get(pattern)
        if bits is None:
            if len(self._expanded) >= MEMO_SIZE:
                self._expanded.clear()
            bits = self._expanded[pattern] = self._expand(pattern)
        return bits

    def service_bits(self, prefix: str) -> int:
        """Return the set of all actions of a service, empty for an unknown prefix."""
        row = self._index.row.get(prefix.lower())
        if row is None:
            return 0
        return ((1 << self._index.counts[row]) - 1) << self._index.offsets[row]

    def with_level(self, level: AccessLevel) -> int:
        """Return the set of all actions of one access level."""
        if not self._levels:
            self._levels = {LEVELS[letter]: int(digits, 16) for letter, digits in self._index.levels.items()}
        return self._levels[level]

    def without_resource_types(self) -> int:
        """Return the set of actions that take no resource, and so need `"Resource": "*"`."""
        if self._no_resource_types is None:
            self._no_resource_types = int(self._index.no_resource_types, 16)
        return self._no_resource_types

    def names(self, bits: int) -> Iterator[str]:
        """Yield the full names of a set's actions in order. Bits beyond the catalogue are passed over."""
        index = self._index
        for prefix in self.services_of(bits):
            row = index.row[prefix]
            names = self._names_of(prefix).names
            rest = (bits >> index.offsets[row]) & ((1 << index.counts[row]) - 1)
            while rest:
                lowest = rest & -rest
                yield f"{prefix}:{names[lowest.bit_length() - 1]}"
                rest ^= lowest

    def services_of(self, bits: int) -> Iterator[str]:
        """Yield the prefixes of the services that have an action in the set, in order."""
        index = self._index
        bits &= self.all_actions
        while bits:
            # From the lowest bit straight to its service, then on behind that service's last bit.
            row = bisect_left(index.offsets, (bits & -bits).bit_length()) - 1
            yield index.prefixes[row]
            end = index.offsets[row] + index.counts[row]
            bits = bits >> end << end

    def count(self, bits: int) -> int:
        """Return the number of catalogued actions in a set."""
        return (bits & self.all_actions).bit_count()

    # --- resources ------------------------------------------------------------------------------

    def arn_services(self) -> frozenset[str]:
        """Return what may stand in the service field of an ARN, as far as resource types tell.

        Mostly service prefixes; `catalog` and `route53-recovery-control` stand in ARNs only.
        """
        return frozenset([*self._index.own_arn_services.split(), *self._index.arn_services])

    def resource_types(self, arn_service: str) -> tuple[ResourceType, ...]:
        """Return the resource types with an ARN format that has `arn_service` in its service field.

        They may belong to other services too: `wafv2` and `ssm` list resources of `ec2`. The service
        of that name comes first; the same type with the same formats is listed once. Case matters, as in
        ARNs.
        """
        known = self._resource_types.get(arn_service)
        if known is None:
            owners = self._index.arn_services.get(arn_service, [arn_service])
            found: dict[tuple[str, tuple[str, ...]], ResourceType] = {}
            for prefix in sorted(owners, key=lambda owner: owner != arn_service):
                if prefix not in self._index.row:
                    continue
                service = self.service(prefix)
                assert service is not None  # INVARIANT: every prefix of the index has a service
                for kind in service.resource_types:
                    if any(arn.split(":", 3)[2] == arn_service for arn in kind.arns):
                        found.setdefault((kind.name, kind.arns), kind)
            known = self._resource_types[arn_service] = tuple(found.values())
        return known

    def rcp_services(self) -> frozenset[str]:
        """Return the prefixes of the services that obey resource control policies."""
        return frozenset(self._index.rcp_services.split())

    # --- condition keys -------------------------------------------------------------------------

    def global_condition_keys(self) -> Mapping[str, ConditionKey]:
        """Return the keys any request may carry, by name in small letters.

        Some have a service's prefix, such as `lambda:SourceFunctionArn`: they describe the session.
        """
        if self._global_keys is None:
            rows: list[tuple[str, str]] = json.loads(read("global_keys.json"))
            self._global_keys = {name.lower(): ConditionKey(name, kind) for name, kind in rows}
        return self._global_keys

    def condition_key(self, name: str) -> ConditionKey | None:
        """Return the key that `name` is or is an instance of, or None.

        `aws:RequestTag/Team` gives `aws:RequestTag/${TagKey}`. Keys of identity providers are found
        under the provider's address; one the data does not know has the claims IAM documents for all.
        """
        lower = name.lower()
        prefix, colon, claim = lower.partition(":")
        if not colon or not claim:
            return None
        found = _find_key(lower, self.global_condition_keys())
        if found is not None or prefix == "aws":
            return found
        owners = self._index.key_prefixes.get(prefix, [])
        for owner in (prefix, *owners):
            service = self.service(owner)
            found = None if service is None else _find_key(lower, service.condition_keys)
            if found is not None:
                return found
        if prefix in self._index.row or "." not in prefix:
            return None
        return self._provider_key(lower, name)

    def key_prefixes(self) -> frozenset[str]:
        """Return what may stand before the colon of a condition key, in small letters, as far as the data
        tells: services, `aws`, `saml` and identity providers, some with open parts."""
        return frozenset(["aws", *self._index.prefixes, *self._index.key_prefixes])

    def _provider_key(self, lower: str, name: str) -> ConditionKey | None:
        """Return the key of an identity provider whose address is open in the data or not in it at all."""
        provider = lower.partition(":")[0]
        for before, owners in self._index.key_prefixes.items():
            if "${" in before and _fits_open_part(before, provider):
                for owner in owners:
                    service = self.service(owner)
                    found = None if service is None else _find_key(lower, service.condition_keys)
                    if found is not None:
                        return found
        # An address may hold a port or a path with colons; the claim comes after the last one.
        address, _, claim = name.rpartition(":")
        kind = WEB_IDENTITY_CLAIMS.get(claim.lower())
        return None if kind is None else ConditionKey(f"{address}:{claim.lower()}", kind)

    # --- did you mean ---------------------------------------------------------------------------

    def nearest_service(self, text: str) -> str | None:
        """Return the service prefix that `text` is probably a slip for, or None."""
        from iamlint.catalog.usual_names import usual_name

        return usual_name("services", text.lower()) or nearest(text.lower(), self._index.prefixes)

    def nearest_action(self, text: str) -> str | None:
        """Return the full name of the action that `text` is probably a slip for, or None.

        With an unknown prefix another name of a service decides (`cloudwatchlogs:PutLogEvents` gives
        `logs:PutLogEvents`), else the action name, if only one service has it; else the nearest prefix of
        those that have it, else the nearest of all.
        """
        from iamlint.catalog.usual_names import nearest_action_name, usual_name

        prefix, colon, written = text.partition(":")
        prefix, name = prefix.lower(), written.lower()
        if not colon or not name:
            return None
        prefix = usual_name("services", prefix) or prefix
        if prefix not in self._index.row:
            self._load_all_names()
            having = [other for other in self._index.prefixes if name in self._names_of(other).lower]
            near = having[0] if len(having) == 1 else nearest(prefix, having) or self.nearest_service(prefix)
            if near is None:
                return None
            prefix = near
        known = self._names_of(prefix)
        found = nearest_action_name(written, known.names, known.lower)
        return None if found is None else f"{prefix}:{found}"

    # --- managed policies -----------------------------------------------------------------------

    def managed_policy(self, name_or_arn: str) -> ManagedPolicy | None:
        """Return an AWS managed policy, or None.

        A name may come with its path (`service-role/AWSLambdaRole`), an ARN with any partition; a
        wrong path finds nothing, as IAM would find nothing. Case matters.
        """
        return self._policy_store().find(name_or_arn)

    def managed_policy_names(self) -> tuple[str, ...]:
        """Return the names of all AWS managed policies, without paths, sorted."""
        return self._policy_store().names()

    def retired_policy(self, name_or_arn: str) -> RetiredPolicy | None:
        """Return what replaces an AWS managed policy that is deprecated or gone, or None."""
        return self._policy_store().retired(name_or_arn)

    # --- partitions and Regions -----------------------------------------------------------------

    def partitions(self) -> tuple[Partition, ...]:
        """Return all partitions, sorted by name."""
        if not self._partitions:
            rows: list[tuple[str, str, str, list[str]]] = json.loads(read("partitions.json"))
            self._partitions = tuple(
                [Partition(name, suffix, dual, tuple(regions)) for name, suffix, dual, regions in rows]
            )
        return self._partitions

    def regions(self) -> Mapping[str, str]:
        """Return every Region with its partition."""
        return {region: partition.name for partition in self.partitions() for region in partition.regions}

    # --- reading --------------------------------------------------------------------------------

    def _policy_store(self) -> PolicyStore:
        if self._policies is None:
            from iamlint.catalog.policies import PolicyStore

            self._policies = PolicyStore()
        return self._policies

    def _names_of(self, prefix: str) -> _Names:
        """Return the names of a service of the index."""
        names = self._names.get(prefix)
        if names is None:
            row = self._index.row[prefix]
            line = read_part("names.txt", self._index.name_offsets[row], self._index.name_bytes[row])
            names = self._names[prefix] = _Names(line.decode("ascii"))
        return names

    def _load_all_names(self) -> None:
        """Read the names of all services in one go."""
        if len(self._names) < len(self._index.prefixes):
            lines = read("names.txt").decode("ascii").split("\n")
            for prefix, line in zip(self._index.prefixes, lines, strict=False):
                if prefix not in self._names:
                    self._names[prefix] = _Names(line)

    def _expand(self, pattern: str) -> int:
        if pattern == "*":
            return self.all_actions
        # Only ASCII: `lower()` turns the Kelvin sign into a plain k, which IAM does not.
        if not pattern.isascii() or pattern.split() != [pattern]:
            return 0
        prefix, _, name = pattern.lower().partition(":")
        if not prefix or not name:
            return 0
        if first_wildcard(prefix) == len(prefix):
            return self._expand_in(prefix, name) if prefix in self._index.row else 0
        fits = matcher(prefix)
        prefixes = [known for known in self._index.prefixes if fits(known)]
        if name.strip("*") and len(prefixes) > FEW_SERVICES:
            self._load_all_names()
        bits = 0
        for known in prefixes:
            bits |= self._expand_in(known, name)
        return bits

    def _expand_in(self, prefix: str, pattern: str) -> int:
        """Return the actions of one service whose name in small letters matches `pattern`."""
        if not pattern.strip("*"):
            return self.service_bits(prefix)
        names = self._names_of(prefix).lower
        head = pattern[: first_wildcard(pattern)]
        rest = pattern[len(head) :]
        low = bisect_left(names, head)
        if not rest:
            found = low < len(names) and names[low] == head
            return int(found) << (self._index.offsets[self._index.row[prefix]] + low)
        # Names are sorted, so those with the same beginning lie together; 0x7F follows every
        # character a name may have.
        high = bisect_left(names, head + "\x7f", low)
        if not rest.strip("*"):
            bits = (1 << (high - low)) - 1
        else:
            fits = matcher(rest)
            start = len(head)
            bits = 0
            for position in range(low, high):
                if fits(names[position][start:]):
                    bits |= 1 << (position - low)
        return bits << (self._index.offsets[self._index.row[prefix]] + low) if bits else 0


def _find_key(lower: str, keys: Mapping[str, ConditionKey]) -> ConditionKey | None:
    """Return the key of that name in small letters, or the one with open parts that it is an instance of."""
    found = keys.get(lower)
    if found is not None:
        return found
    # The longest open key is the most telling: `events:metadata/${k}/matcher` before `events:metadata/${k}`.
    fitting = [name for name in keys if "${" in name and _fits_open_part(name, lower)]
    return keys[max(fitting, key=len)] if fitting else None


def _fits_open_part(known: str, text: str) -> bool:
    """Say whether `text` is `known` with something in the place of each `${...}`."""
    if not text.startswith(known[: known.index("${")]):
        return False
    pieces: list[str] = []
    rest = known
    while rest:
        before, mark, after = rest.partition("${")
        pieces.append(before)
        if mark:
            pieces.append("?*")
        rest = after.partition("}")[2]
    # Keys may hold no wildcard of their own: a name from a policy is only ever `text` here.
    return matcher("".join(pieces))(text)


@cache
def catalog() -> Catalog:
    """Return the catalogue of this process, reading its index on the first call."""
    return Catalog()
