"""Checks of managed policies that are attached: by name, by what their text grants, by whether they exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from iamlint.catalog import Catalog, catalog
from iamlint.catalog.escalation import escalation_table
from iamlint.engine.checks.fields import addresses, field_texts, is_policy_of_aws, readings_of, recipient
from iamlint.engine.principals.facts import ATTACHING, is_of_service
from iamlint.engine.subject import GrantSubject, Match, Unit
from iamlint.model import Grant, PolicyKind, Statement, Value
from iamlint.record import record
from iamlint.semantics.patterns import covers, matches
from iamlint.semantics.principals import PartyKind, is_account_id, parties

__all__ = [
    "attached_cross_account",
    "attached_escalates",
    "attached_from_aws",
    "attached_full_service",
    "attached_malformed",
    "attached_named",
    "attached_retired",
    "attached_unknown",
    "bounded_by",
]

_ALL_ROLES = "arn:aws:iam::*:role/*"
_ARN = re.compile(
    r"arn:(?P<partition>[^:]*):(?P<service>[^:]*):(?P<region>[^:]*):(?P<account>[^:]*):(?P<rest>.*)\Z"
)


def _attached(subject: GrantSubject) -> Iterator[tuple[Value, str, str, tuple[str, ...]]]:
    """Yield each policy of AWS that an attachment may name: value, text, name without path, notes."""
    if subject.grant.what in ATTACHING:
        for value, text, notes in field_texts(subject.grant, "policy"):
            if is_policy_of_aws(text):
                yield value, text, text.rpartition("/")[2], notes


def _words(name: str, grant: Grant) -> dict[str, str]:
    return {"policy": name, "recipient": recipient(grant)}


def attached_named(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an attachment of one of the AWS managed policies `names`, whatever partition and path."""
    names = params["names"]
    assert isinstance(names, list | tuple)
    for value, _, name, notes in _attached(subject):
        if name in names:
            yield Match(value, (name,), _words(name, subject.grant), notes=notes)
            return


def bounded_by(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a permissions boundary that is one of the AWS managed policies `names`."""
    names = params["names"]
    assert isinstance(names, list | tuple)
    if subject.grant.what != "boundary":
        return
    for value, text, notes in field_texts(subject.grant, "policy"):
        name = text.rpartition("/")[2]
        if is_policy_of_aws(text) and name in names:
            yield Match(value, (name,), _words(name, subject.grant), notes=notes)
            return


def attached_cross_account(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find one of the policies `names` on a role whose trust policy, in the same files, lets another
    account in."""
    names = params["names"]
    assert isinstance(names, list | tuple)
    grant = subject.grant
    for value, _, name, notes in _attached(subject):
        if name not in names:
            continue
        for address in addresses(grant):
            for role, statement, account in subject.unit.fact(_open_roles).get(address, ()):
                if account in subject.settings.accounts:
                    continue
                words = {"policy": name, "recipient": role, "account": account}
                same_file = statement.document is grant.document
                marks = ((statement.pointer, "who may use the role"),) if same_file else ()
                yield Match(value, (name, account), words, marks, notes)
                return


def _open_roles(unit: Unit) -> Mapping[str, list[tuple[str, Statement, str]]]:
    """Return, by the addresses of a role, its own address, and each statement of its trust policy that
    lets in an account by its number, with that number."""
    found: dict[str, list[tuple[str, Statement, str]]] = {}
    for policy in unit.policies:
        if policy.kind is not PolicyKind.TRUST:
            continue
        for statement in policy.statements or ():
            for party in parties(statement) if statement.is_allow else ():
                if party.kind in _PEOPLE and party.account is not None and is_account_id(party.account):
                    for address in {policy.owner.address, *policy.attachments}:
                        entry = (policy.owner.address, statement, party.account)
                        found.setdefault(address, []).append(entry)
    return found


_PEOPLE = frozenset({PartyKind.ACCOUNT, PartyKind.ROLE, PartyKind.USER})


def attached_from_aws(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an attachment of any policy that AWS maintains."""
    for value, text, name, notes in _attached(subject):
        if text.startswith("arn:") or subject.catalog.managed_policy(text) is not None:
            yield Match(value, (name,), _words(name, subject.grant), notes=notes)
            return


def attached_escalates(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an AWS managed policy whose own text lets its holder gain more rights."""
    for value, text, name, notes in _attached(subject):
        methods = () if _is_role_of_a_service(text, subject.grant) else _methods_in(text)
        if methods:
            shown = ", ".join(" + ".join(actions) for _, actions in methods[:2])
            more = f" and {len(methods) - 2} more ways" if len(methods) > 2 else ""
            words = {**_words(name, subject.grant), "methods": shown + more}
            ids = [method for method, _ in methods]
            yield Match(value, (name,), words, notes=notes, properties={"methods": ids, "paths": ids})
            return


def attached_full_service(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an AWS managed policy whose text allows every action of one of `services` on everything."""
    services = params["services"]
    assert isinstance(services, list | tuple)
    for value, text, name, notes in _attached(subject):
        if _is_role_of_a_service(text, subject.grant):
            continue
        found = sorted(_reach(text).whole_services.intersection(services))
        if found:
            words = {
                **_words(name, subject.grant),
                "services": ", ".join(f"{service}:*" for service in found),
            }
            yield Match(value, (name, *(f"{service}:*" for service in found)), words, notes=notes)
            return


def attached_retired(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an AWS managed policy that is deprecated, or (`deleted`) that no longer exists."""
    for value, text, name, notes in _attached(subject):
        retired = subject.catalog.retired_policy(text)
        if retired is not None and retired.deleted == params["deleted"]:
            words = {**_words(name, subject.grant), "replacement": retired.replacement.rpartition("/")[2]}
            yield Match(value, (name,), words, notes=notes)
            return


def attached_unknown(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an ARN of an AWS managed policy that the catalogue lacks under any path."""
    for value, text, name, notes in _attached(subject):
        # Other partitions have policies of their own, which the catalogue does not list.
        if not text.startswith("arn:aws:") or _problem(text):
            continue
        if _exists(name) or subject.catalog.retired_policy(name) is not None:
            continue
        hint = _near_policy(name)
        more = f"; did you mean {hint}?" if hint else ""
        words = {**_words(name, subject.grant), "hint": more, "date": subject.catalog.date}
        yield Match(value, (text,), words, notes=notes)
        return


def attached_malformed(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an ARN that can be no managed policy's, or that has the wrong path or partition."""
    if subject.grant.what not in {*ATTACHING, "boundary", "session-managed"}:
        return
    for value in subject.grant.fields.get("policy", ()):
        for text, notes in readings_of(value):
            problem = _problem(text)
            if problem:
                yield Match(value, (text,), {**_words(text, subject.grant), "problem": problem}, notes=notes)
                break


def _problem(text: str) -> str:
    """Return what is wrong with the ARN of a policy, empty when nothing is (or when it is none)."""
    if not text.lower().startswith("arn:"):
        return ""
    fields = _ARN.match(text)
    if fields is None:
        return "an ARN has six parts"
    if text[:4] != "arn:":
        return "an ARN begins with arn: in small letters"
    known = catalog()
    partitions = [partition.name for partition in known.partitions()]
    if fields["partition"] not in partitions:
        return f"the partition is none of {', '.join(partitions)}"
    if fields["service"] != "iam":
        return f"a managed policy belongs to iam, not {fields['service'] or 'no service'}"
    if fields["region"]:
        return "ARNs of IAM have no Region"
    if not fields["rest"].startswith("policy/") or fields["rest"].endswith("/"):
        return "the last part must be policy/, an optional path, and a name"
    if fields["account"] == "aws":
        name = fields["rest"].rpartition("/")[2]
        right = known.managed_policy(name)
        if right is not None and known.managed_policy(text) is None:
            return f"the path is wrong; the policy is arn:{fields['partition']}:{right.arn.split(':', 2)[2]}"
        return ""
    if not is_account_id(fields["account"]) and "*" not in fields["account"]:
        return "the account must be aws or twelve digits"
    return ""


def _is_role_of_a_service(name_or_arn: str, grant: Grant) -> bool:
    """Say whether a policy is made for the role of an AWS service and attached to a role: there its
    rights are the service's needs, and AWS's own choice."""
    return is_of_service(name_or_arn) and not {"user", "group"}.intersection(grant.on)


def _exists(name: str) -> bool:
    return catalog().managed_policy(name) is not None


def _near_policy(name: str) -> str | None:
    from iamlint.catalog.nearest import nearest

    names = catalog().managed_policy_names()
    for known in names:
        if known.lower() == name.lower():
            return known
    return nearest(name, names) if len(name) < 200 else None


@record
class _Reach:
    """What the text of a managed policy grants on every resource.

    `actions` is the set that is granted without a condition, after the denies. `passes` are the
    service principals (patterns) that any role may be passed to, `*` for all. `whole_services` are
    the services of which every action is granted.
    """

    actions: int
    passes: tuple[str, ...]
    whole_services: frozenset[str]


@lru_cache(maxsize=2048)
def _reach(name_or_arn: str) -> _Reach:
    known = catalog()
    policy = known.managed_policy(name_or_arn)
    if policy is None:
        return _Reach(0, (), frozenset())
    granted = denied = 0
    passes: list[str] = []
    pass_role = known.expand("iam:PassRole")
    for statement in _listed(policy.document.get("Statement")):
        if not isinstance(statement, dict):
            continue
        bits = _bits(statement, known)
        resources = _texts(statement.get("Resource"))
        everywhere = "*" in resources
        condition = statement.get("Condition")
        if statement.get("Effect") == "Deny":
            if everywhere and not condition:
                denied |= bits
            continue
        if bits & pass_role and (everywhere or any(covers(resource, _ALL_ROLES) for resource in resources)):
            passes.extend(_passed_to(condition))
        if everywhere and not condition:
            granted |= bits
    if denied & pass_role:
        passes = []
    granted &= ~denied
    whole = [service for service in known.services_of(granted) if not known.service_bits(service) & ~granted]
    return _Reach(granted, tuple(passes), frozenset(whole))


def _bits(statement: dict[str, object], known: Catalog) -> int:
    if "NotAction" in statement:
        bits = known.all_actions
        for pattern in _texts(statement["NotAction"]):
            bits &= ~known.expand(pattern)
        return bits
    bits = 0
    for pattern in _texts(statement.get("Action")):
        bits |= known.expand(pattern)
    return bits


def _passed_to(condition: object) -> tuple[str, ...]:
    """Return the services that PassRole is limited to by the condition: `*` without one, none when the
    condition says something else too."""
    if not condition:
        return ("*",)
    if not isinstance(condition, dict) or len(condition) != 1:
        return ()
    (operator, tests), *_ = condition.items()
    if operator not in {"StringEquals", "StringLike", "StringEqualsIfExists", "StringLikeIfExists"}:
        return ()
    if not isinstance(tests, dict) or [key.lower() for key in tests] != ["iam:passedtoservice"]:
        return ()
    return _texts(next(iter(tests.values())))


@lru_cache(maxsize=2048)
def _methods_in(name_or_arn: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the escalation methods that a managed policy holds: id, and the actions used."""
    reach = _reach(name_or_arn)
    found = []
    for method, steps, services in _methods():
        used = [next((name for name, bit in step if bit & reach.actions), None) for step in steps]
        if services and steps[0][0][0] == "iam:PassRole":
            # PassRole may be limited to the services that it is used with.
            passable = any(matches(pattern, service) for pattern in reach.passes for service in services)
            used[0] = steps[0][0][0] if passable else None
        if all(used):
            found.append((method, tuple(str(name) for name in used)))
    # Those that need fewest actions say most.
    return tuple(sorted(found, key=lambda item: len(item[1])))


@cache
def _methods() -> tuple[tuple[str, tuple[tuple[tuple[str, int], ...], ...], tuple[str, ...]], ...]:
    """Return the escalation paths that a policy opens by itself: id, the steps (any one action of each
    is needed, with its bit), and the services that PassRole must reach."""
    known = catalog()
    return tuple(
        (
            path.id,
            tuple(tuple((name, known.expand(name)) for name in step.actions) for step in path.steps),
            path.services,
        )
        for path in escalation_table().paths
        if path.category in _CATEGORIES
        and path.gain in _GAINS
        and path.parent is None
        and not path.retired
        and not any(step.target in _OUT_OF_REACH[path.category] for step in path.steps)
    )


# Paths that lift a limit, depend on tags or on MFA are no reason to call a policy an administrator's.
_CATEGORIES = frozenset({"self-escalation", "principal-access", "new-passrole"})
_GAINS = frozenset({"admin", "group", "permission-set", "role", "user"})
_OUT_OF_REACH = {
    "self-escalation": frozenset[str](),
    "principal-access": frozenset({"assumable-role", "saml-provider"}),
    "new-passrole": frozenset({"existing-resource"}),
}
"""Targets that the policy alone does not decide, by category: which roles let the caller in is written
on the roles, and what a service already runs is not known."""


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in _listed(value) if item is not None)
