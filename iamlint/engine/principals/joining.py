"""From facts of many files to holders: principals with all policies that are known to be theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from iamlint.engine.principals.facts import (
    PRINCIPAL_WORDS,
    Attachment,
    Declared,
    HeldPolicy,
    RoleUse,
    Trust,
    UnitFacts,
    managed_policy_held,
)
from iamlint.model import Document, Owner, PolicyKind, Value
from iamlint.record import field, record

__all__ = ["Directory", "Holder", "join", "lone_holder"]


@record(frozen=False, eq=False)
class Holder:
    """A principal, or the unknown principal that a policy by itself is for.

    `kind` is `user`, `role`, `group`, `permission-set`, or empty where a policy does not tell.
    `policies` are its rights, those of its groups included; `limits` its permissions boundary.
    `limit_unknown` is set when it has a boundary that these files do not hold, `more` when it holds
    policies that they do not hold, `crowded` when it holds more than are looked at. `groups` are the
    groups of a user, `uses` what runs as a role, `known` the ids of its policies.
    """

    unit: str
    address: str
    kind: str
    names: tuple[str, ...]
    path: str
    owner: Owner | None
    document: Document | None
    policies: list[HeldPolicy] = field(default_factory=list)
    limits: list[HeldPolicy] = field(default_factory=list)
    limited: bool = False
    limit_unknown: bool = False
    more: bool = False
    crowded: bool = False
    groups: list[Holder] = field(default_factory=list)
    members: list[Holder] = field(default_factory=list)
    trusts: list[HeldPolicy] = field(default_factory=list)
    trust_unknown: bool = False
    uses: list[RoleUse] = field(default_factory=list)
    known: set[int] = field(default_factory=set)

    @property
    def label(self) -> str:
        """How messages name it: `role app`, else by its address."""
        if not self.kind:
            return "whoever holds this policy"
        name = self.names[0] if self.names else self.address.removeprefix("Resources.")
        return f"{self.kind.replace('-', ' ')} {name}"

    @property
    def declared(self) -> bool:
        """Whether the files create it, rather than name it."""
        return self.owner is not None


class Directory:
    """All principals of a run, found by what files call them."""

    def __init__(self) -> None:
        self.holders: list[Holder] = []
        self._by_address: dict[tuple[str, str], Holder] = {}
        self._by_name: dict[tuple[str, str], list[Holder]] = {}
        self._by_own_name: dict[tuple[str, str, str], list[Holder]] = {}
        self._by_spelling: dict[tuple[str, str, str], list[Holder]] = {}
        self._policies: dict[tuple[str, str], HeldPolicy] = {}
        self._named_policies: dict[str, dict[int, HeldPolicy]] = {}
        self._own_policies: dict[tuple[str, str], dict[int, HeldPolicy]] = {}
        self.comparisons = 1_000_000
        """Names that may still be compared with patterns: hostile files have any number of both."""
        self.work = 30_000_000
        """Statements that may still be looked at, for all principals together."""
        self.shared = 2_000_000
        """Policies of groups that may still be given to members."""
        self.visits = 300_000
        """Ways to one principal each that may still be followed."""
        self.joined: set[tuple[int, int]] = set()
        """Groups with their members."""
        self.admitted: dict[int, Sequence[object]] = {}
        """Whom each role lets in, as far as it has been asked for."""
        self._of_kind: dict[tuple[str, str], list[Holder]] = {}

    def declare(self, unit: str, declared: Declared) -> None:
        """Add a principal that a file creates."""
        if (unit, declared.address) in self._by_address:
            return
        holder = Holder(
            unit,
            declared.address,
            declared.kind,
            declared.names,
            declared.path,
            declared.owner,
            declared.document,
        )
        self.holders.append(holder)
        self._by_address[unit, declared.address] = holder
        for name in declared.names:
            self._by_name.setdefault((declared.kind, name), []).append(holder)
            self._by_own_name.setdefault((unit, declared.kind, name), []).append(holder)
        if declared.spelled:
            self._by_spelling.setdefault((unit, declared.kind, declared.spelled), []).append(holder)

    def add_policy(self, unit: str, policy: HeldPolicy) -> None:
        """Add a policy that others may refer to by its address or name."""
        if policy.managed:
            return
        for address in (policy.owner.address, *policy.carriers):
            self._policies.setdefault((unit, address), policy)
        if policy.name and not policy.inline:
            # An inline policy has a name, and nobody can refer to it.
            self._name_policy(unit, policy.name, policy)

    def name_policy(self, unit: str, address: str, name: str) -> None:
        """Add the name of the managed policy at an address."""
        policy = self._policies.get((unit, address))
        if policy is not None:
            self._name_policy(unit, name, policy)

    def _name_policy(self, unit: str, name: str, policy: HeldPolicy) -> None:
        self._named_policies.setdefault(name, {})[id(policy)] = policy
        self._own_policies.setdefault((unit, name), {})[id(policy)] = policy

    def by_address(self, unit: str, address: str) -> Holder | None:
        """Return the principal at an address of a unit; the key of an instance is not minded."""
        found = self._by_address.get((unit, address))
        if found is None and address.endswith("]"):
            found = self._by_address.get((unit, address[: address.rfind("[")]))
        return found

    def holder(self, unit: str, text: str, kinds: Sequence[str]) -> Holder | None:
        """Return the principal that an entry of `attachments` names; one that no file declares is made,
        for its unit alone. None for a reference that leads nowhere."""
        found = self.by_address(unit, text)
        if found is not None:
            return found
        if "<" in text or not text:
            for kind in kinds:
                spelled = self._by_spelling.get((unit, kind, text), ())
                if len(spelled) == 1:
                    return spelled[0]
            return None
        name = _name_of(text)
        for kind in kinds:
            named = self.named(unit, kind, name)
            if len(named) == 1:
                return named[0]
        if len(kinds) != 1 or "*" in name:
            return None
        address = text if "." in text and not text.startswith("arn:") else f"{kinds[0]}/{name}"
        made = self._by_address.get((unit, address))
        if made is None:
            names = () if address == text else (name,)
            made = Holder(unit, address, kinds[0], names, "/", None, None)
            self._by_address[unit, address] = made
            self.holders.append(made)
        return made

    def referred(self, unit: str, value: Value, asking: str = "") -> Holder | None:
        """Return the principal that a value refers to (`!GetAtt Role.Arn`, `aws_iam_role.r.arn`). `asking`
        is the address of what holds the value: in a module, names are those of the module first."""
        for hole in value.parts:
            if isinstance(hole, str):
                continue
            for address in _addresses_of(hole.name, asking):
                found = self.by_address(unit, address)
                if found is not None:
                    return found
        return None

    def policy(self, unit: str, value: Value, texts: Iterable[str], asking: str) -> HeldPolicy | None:
        """Return the policy of these files that a value refers to or names."""
        for hole in value.parts:
            if not isinstance(hole, str):
                for address in _addresses_of(hole.name, asking):
                    found = self._policies.get((unit, address))
                    if found is not None:
                        return found
        for name in _policy_names(value, texts):
            named = self._own_policies.get((unit, name)) or self._named_policies.get(name) or {}
            if len(named) == 1:
                return next(iter(named.values()))
        return None

    def of_kind(self, unit: str, kind: str) -> Sequence[Holder]:
        """Return the principals of a kind that a unit declares."""
        if not self._of_kind:
            for holder in self.holders:
                if holder.declared:
                    self._of_kind.setdefault((holder.unit, holder.kind), []).append(holder)
        return self._of_kind.get((unit, kind), ())

    def named(self, unit: str, kind: str, name: str) -> Sequence[Holder]:
        """Return the principals of a kind that bear a name: those of the unit, else the only one that any
        file declares."""
        own = self._by_own_name.get((unit, kind, name), ())
        if own:
            return own[:_MOST_NAMESAKES]
        named = self._by_name.get((kind, name), ())
        return named if len(named) == 1 else ()


_MOST_NAMESAKES = 16
_FEW_POLICIES = 20
_MOST_POLICIES = 1000
"""Of one principal. IAM lets none have a tenth of that."""


def _policy_names(value: Value, texts: Iterable[str]) -> Iterator[str]:
    """Yield the names that the text or ARN of a customer policy ends in, whatever its account."""
    known = False
    for text in texts:
        known = True
        if ":iam::aws:" not in text:
            yield _name_of(text)
    last = value.parts[-1] if value.parts else ""
    if not known and isinstance(last, str) and ":policy/" in last and ":iam::aws:" not in value.literal:
        yield last.rpartition("/")[2]


def _name_of(text: str) -> str:
    """Return the name behind an ARN and a path."""
    return text.rpartition(":")[2].rpartition("/")[2] if text.startswith("arn:") else text.rpartition("/")[2]


def _addresses_of(name: str, asking: str) -> Iterator[str]:
    """Yield the addresses that the name of a hole may mean, the nearest first: a logical id with an
    attribute in CloudFormation, a resource with an attribute in Terraform, there perhaps in the module
    that asks or in one around it."""
    yield f"Resources.{name}"
    head, dot, _ = name.rpartition(".")
    if dot:
        yield f"Resources.{head}"
    prefix = asking.rpartition("Resources.")[0]
    if prefix:
        # A nested template's resources stand below the resource that holds it.
        yield f"{prefix}Resources.{name}"
        yield f"{prefix}Resources.{head}"
    modules = []
    steps = asking.split(".")
    for index in range(0, len(steps) - 1, 2):
        if steps[index] != "module":
            break
        modules.append(f"{steps[index]}.{steps[index + 1]}")
    for count in range(len(modules), -1, -1):
        inside = ".".join(modules[:count])
        for address in (head, name):
            if address:
                yield f"{inside}.{address}" if inside else address


def join(units: Iterable[UnitFacts]) -> Directory:
    """Return the principals of all units, each with everything that is known to be its own."""
    listed = list(units)
    directory = Directory()
    for unit in listed:
        for declared in unit.declared:
            directory.declare(unit.unit, declared)
        for policy in unit.policies:
            directory.add_policy(unit.unit, policy)
        for address, name in unit.policy_names:
            directory.name_policy(unit.unit, address, name)
    for unit in listed:
        for trust in unit.trusts:
            _trust(unit.unit, trust, directory)
        for policy in unit.policies:
            _give(unit.unit, policy, directory)
        for attachment in unit.attachments:
            _attach(unit.unit, attachment, directory)
    for unit in listed:
        _bound(unit, directory)
        _members(unit, directory)
        for use in unit.uses:
            for text in use.roles:
                role = directory.by_address(unit.unit, text)
                if role is not None and role.kind == "role":
                    role.uses.append(use)
    for holder in directory.holders:
        for group in holder.groups:
            directory.shared -= len(group.policies)
            most = None if directory.shared >= 0 else _FEW_POLICIES
            holder.crowded = holder.crowded or (most is not None and len(group.policies) > most)
            for policy in group.policies[:most]:
                _add(holder, policy)
            holder.more = holder.more or group.more
            holder.crowded = holder.crowded or group.crowded
    return directory


def lone_holder(policy: HeldPolicy) -> Holder:
    """Return the unknown principal that holds one policy and nothing else."""
    kinds = [word for word in policy.on if word in PRINCIPAL_WORDS]
    kind = kinds[0] if len(kinds) == 1 else ""
    if policy.kind is PolicyKind.PERMISSION_SET:
        kind = "permission-set"
    holder = Holder("", "", kind, (), "/", None, None, more=True)
    holder.policies.append(policy)
    return holder


def _kinds(on: Sequence[str]) -> list[str]:
    return [word for word in on if word in PRINCIPAL_WORDS]


def _trust(unit: str, trust: Trust, directory: Directory) -> None:
    role = directory.holder(unit, trust.role, ("role",))
    if role is not None:
        role.trusts.append(trust.policy)
        role.trust_unknown = role.trust_unknown or not trust.readable


def _give(unit: str, policy: HeldPolicy, directory: Directory) -> None:
    if policy.kind is PolicyKind.BOUNDARY:
        return
    for text in policy.holders:
        if text in policy.carriers and directory.by_address(unit, text) is None:
            continue
        holder = directory.holder(unit, text, _kinds(policy.on))
        if holder is None:
            continue
        if holder.owner is None and policy.owner.address == holder.address:
            # A role that comes with something else, as that of a SAM function.
            holder.owner, holder.document = policy.owner, policy.document
        _add(holder, policy)


def _add(holder: Holder, policy: HeldPolicy) -> None:
    if not policy.readable:
        holder.more = True
    if not policy.statements or id(policy) in holder.known:
        return
    if len(holder.policies) >= _MOST_POLICIES:
        holder.crowded = True
        return
    holder.known.add(id(policy))
    holder.policies.append(policy)


def _attach(unit: str, attachment: Attachment, directory: Directory) -> None:
    holders = [
        holder
        for text in attachment.holders
        if (holder := directory.holder(unit, text, _kinds(attachment.on))) is not None
    ]
    if not holders:
        return
    for holder in holders:
        if holder.owner is None and attachment.grant.owner.address == holder.address:
            holder.owner, holder.document = attachment.grant.owner, attachment.grant.document
    found = directory.policy(unit, attachment.policy, attachment.texts, attachment.grant.owner.address)
    if found is None:
        for text in attachment.texts:
            found = managed_policy_held(attachment, text, PolicyKind.IDENTITY)
            if found is not None:
                break
    for holder in holders:
        if found is None:
            holder.more = True
        else:
            _add(holder, found)


def _bound(unit: UnitFacts, directory: Directory) -> None:
    for bound in unit.bounds:
        for text in bound.holders:
            holder = directory.holder(unit.unit, text, ("role", "user", "permission-set"))
            if holder is None:
                continue
            holder.limited = True
            if bound.policy.when:
                # In one of the stacks that the template makes there is no boundary.
                holder.limit_unknown = True
                continue
            found = directory.policy(unit.unit, bound.policy, bound.texts, holder.address)
            if found is None and bound.texts:
                grant = bound.texts[0]
                found = _managed_limit(bound.policy, grant, holder)
            if found is None or not found.readable:
                holder.limit_unknown = True
            else:
                holder.limits.append(found)


def _managed_limit(value: Value, text: str, holder: Holder) -> HeldPolicy | None:
    from iamlint.engine.principals.facts import managed_statements

    found = managed_statements(text)
    if found is None or holder.owner is None or holder.document is None:
        return None
    name, statements = found
    return HeldPolicy(
        owner=holder.owner,
        kind=PolicyKind.BOUNDARY,
        location="",
        name=name,
        document=holder.document,
        pointer=value.pointer,
        statements=statements,
        managed=name,
    )


def _members(unit: UnitFacts, directory: Directory) -> None:
    for membership in unit.memberships:
        users = [directory.holder(unit.unit, text, ("user",)) for text in membership.users]
        for value in membership.groups:
            group = directory.referred(unit.unit, value, membership.users[0] if membership.users else "")
            if group is None and value.text is not None:
                group = directory.holder(unit.unit, value.text, ("group",))
            for user in users:
                if user is None:
                    continue
                if group is None:
                    user.more = True
                elif (id(group), id(user)) not in directory.joined:
                    directory.joined.add((id(group), id(user)))
                    user.groups.append(group)
                    group.members.append(user)
