"""From a part of the difference to one request that a person can read, replayed before it is shown.

Sections 12.4 and 12.5 of the evaluation rules. The replay runs through the concrete evaluator, which
shares no code with the algebra.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iamlint.catalog import catalog
from iamlint.model import Policy, PolicyKind
from iamlint.record import record, replace
from iamlint.semantics.algebra.asking import Found
from iamlint.semantics.algebra.callers import DERIVED_KEYS, Caller, CallerKind
from iamlint.semantics.algebra.closing import closed
from iamlint.semantics.algebra.difference import Leaf
from iamlint.semantics.algebra.globs import ANYTHING, STAR, Budget, TextSet, arn_glob
from iamlint.semantics.algebra.keysets import NumberSet, Sampled
from iamlint.semantics.algebra.results import Witness
from iamlint.semantics.algebra.scalars import read_instant
from iamlint.semantics.algebra.space import Reading, Space, has_principals

__all__ = ["Replayed", "holds_in", "prove"]

_FRESH_ACCOUNT = "111122223333"
_OTHER_ACCOUNT = "444455556666"

_ORDER = (
    CallerKind.USER,
    CallerKind.ROLE,
    CallerKind.SERVICE,
    CallerKind.FEDERATED_USER,
    CallerKind.PROVIDER,
    CallerKind.CANONICAL,
    CallerKind.ANONYMOUS,
    CallerKind.ROOT,
)


@record
class Replayed:
    """A witness that the evaluator confirms, and what a reader should know about it."""

    witness: Witness
    notes: tuple[str, ...]


def prove(
    found: Found,
    new: Sequence[Policy],
    old: Sequence[Policy],
    kind: PolicyKind,
    budget: Budget,
    *,
    prefer_anonymous: bool = False,
) -> Replayed | None:
    """Return a request out of the found part that `new` allows and `old` does not, as the evaluator
    says; None if it says otherwise, which is an error of one of the two. Raises BudgetError."""
    notes: list[str] = []
    for witness, broken in _witnesses(found, kind, budget, prefer_anonymous=prefer_anonymous):
        via = _replay(witness, new, old, kind)
        if via is None:
            continue
        if broken:
            notes.append(f"the witness leaves aside that {broken}")
        if via:
            notes.append(via)
        notes.extend(_number_notes(found.leaf, witness))
        return Replayed(witness, tuple(notes))
    return None


def _witnesses(
    found: Found, kind: PolicyKind, budget: Budget, *, prefer_anonymous: bool
) -> Iterator[tuple[Witness, str]]:
    """Yield requests of the found part, each with the link between keys that it breaks; those that
    break none first."""
    leaf, space = found.leaf, found.space
    late: list[tuple[Witness, str]] = []
    action = space.actions.example(leaf.box.actions, _spellings(space))
    resource = _resource(leaf, action, budget)
    for caller in _callers(leaf, space, prefer_anonymous=prefer_anonymous)[:3]:
        witness, broken = _write(leaf, space, kind, caller, action, resource)
        if not broken:
            yield witness, broken
        else:
            for mended in _mended(witness):
                yield mended, ""
            late.append((witness, broken))
    yield from late


def _spellings(space: Space) -> dict[str, str]:
    found: dict[str, str] = {}
    for policy in space.policies:
        for statement in policy.statements or ():
            for value in statement.actions or ():
                if value.text is not None and "*" not in value.text and "?" not in value.text:
                    found.setdefault(value.text.lower(), value.text)
    return found


def _callers(leaf: Leaf, space: Space, *, prefer_anonymous: bool) -> list[Caller]:
    inside = [caller for at, caller in enumerate(space.callers.callers) if leaf.box.callers >> at & 1]

    def rank(caller: Caller) -> tuple[bool, bool, int]:
        named = caller.name is not None or caller.session is not None
        return (
            prefer_anonymous and caller.kind is not CallerKind.ANONYMOUS,
            not named,
            _ORDER.index(caller.kind),
        )

    return sorted(inside, key=rank)


# --- the resource -----------------------------------------------------------------------------------


def _resource(leaf: Leaf, action: str, budget: Budget) -> str:
    """Return a resource of the leaf, of a type that the action works on where there is one."""
    texts = leaf.box.resource
    formats = _formats(action)
    if not formats and _takes_star(texts):
        return "*"
    for arn in formats:
        plain = _filled(arn, "example")
        if texts.holds(plain):
            return plain
    for arn in formats:
        shaped = TextSet((*texts.clauses, frozenset({arn_glob(_filled(arn, "?*"))})), texts.outside)
        found = shaped.example(budget)
        if found is not None and STAR not in found:
            return _plainer(found, texts)
    return "*" if leaf.resource == STAR else _plainer(leaf.resource, texts)


def _takes_star(texts: TextSet) -> bool:
    return all(ANYTHING in clause for clause in texts.clauses) and ANYTHING not in texts.outside


def _formats(action: str) -> list[str]:
    """Return the formats of the ARNs that an action works on, the plainest first: with the usual
    partition, Region and account, then with any."""
    known = catalog().action(action)
    if known is None:
        return []
    service = catalog().service(known.service)
    assert service is not None  # the catalogue knows the action
    wanted = {kind.name: kind.required for kind in known.resource_types}
    arns = sorted(
        (not wanted[kind.name], arn.count("${"), len(arn), arn)
        for kind in service.resource_types
        if kind.name in wanted
        for arn in kind.arns
        if arn.count(":") >= 5
    )
    usual = []
    for *_, arn in arns[:6]:
        fields = arn.split(":", 5)
        region, account = ("us-east-1" if fields[3] else ""), (_FRESH_ACCOUNT if fields[4] else "")
        usual.append(":".join(["arn", "aws", fields[2], region, account, fields[5]]))
    return [*usual, *(arn for *_, arn in arns[:6])]


def _filled(text: str, filling: str) -> str:
    """Return an ARN format with `filling` in the place of each open part."""
    result = []
    rest = text
    while rest:
        before, mark, after = rest.partition("${")
        result.append(before)
        if mark:
            result.append(filling)
        rest = after.partition("}")[2] if mark else ""
    return "".join(result)


def _plainer(text: str, texts: TextSet) -> str:
    """Return an ARN with the usual partition, where the set has it so."""
    fields = text.split(":", 5)
    if fields[1] != "aws":
        tried = ":".join([fields[0], "aws", *fields[2:]])
        if texts.holds(tried):
            return tried
    return text


# --- the request ------------------------------------------------------------------------------------


def _write(
    leaf: Leaf, space: Space, kind: PolicyKind, caller: Caller, action: str, resource: str
) -> tuple[Witness, str]:
    """Return the request, and the link between keys that it breaks."""
    values: dict[str, Sampled] = {key: sample.value for key, sample in leaf.samples.items()}
    for key, pin in space.pins.items():
        values.setdefault(key, pin)
    for key, domain in space.domains.items():
        if key not in values and space.is_present(key):
            sample = domain.everything.example(Budget())
            values[key] = None if sample is None else sample.value
    _reconcile(values, leaf, space, caller)
    principal, derived, account = _principal(caller, values, space)
    context: dict[str, str | tuple[str, ...]] = {}
    broken = ""
    for key in sorted(values):
        value = values[key]
        if key in DERIVED_KEYS and value != derived.get(key):
            broken = f"{space.spelling.get(key, key)} follows from the caller"
        if value is None or (key in DERIVED_KEYS and value == derived.get(key)):
            continue
        for name in _names(key, space):
            context[name] = _epoch(value) if name.lower() == "aws:epochtime" else value
    fields = resource.split(":", 5)
    owner = fields[4] if len(fields) == 6 and fields[4] else None
    if not has_principals(kind):
        owner = account
    elif owner is None:
        owner = account or _FRESH_ACCOUNT
    witness = Witness(principal, action, resource, owner, context)
    return witness, broken or _broken_link(witness)


def _reconcile(values: dict[str, Sampled], leaf: Leaf, space: Space, caller: Caller) -> None:
    """Choose values of the derived keys that belong together, and read well, where the sets have them."""
    mentioned = [key for key in ("aws:principalarn", "aws:principalaccount", "aws:username") if key in values]
    arn, username = values.get("aws:principalarn"), values.get("aws:username")
    account = values.get("aws:principalaccount")
    bodies = {
        CallerKind.USER: ("iam", "user/%s"),
        CallerKind.ROLE: ("iam", "role/%s"),
        CallerKind.FEDERATED_USER: ("sts", "federated-user/%s"),
        CallerKind.ROOT: ("iam", "root"),
    }
    if not mentioned or caller.kind not in bodies or (caller.account is not None and caller.name is not None):
        return
    service, body = bodies[caller.kind]
    owners = [caller.account or _unnamed_account(space)]
    names = ["example"]
    shown: list[str] = []
    if isinstance(account, str):
        owners.append(account)
    if isinstance(username, str):
        names.insert(0, username)
    if isinstance(arn, str) and arn.count(":") >= 5:
        fields = arn.split(":", 5)
        owners.append(fields[4])
        names.append(fields[5].rpartition("/")[2])
        shown.append(fields[5])
    if caller.name is not None:
        names = [caller.name]
    shown = [*(body % name if "%" in body else body for name in names), *shown]
    for owner in dict.fromkeys(owners):
        for rest in dict.fromkeys(shown):
            tried = {"aws:principalarn": f"arn:aws:{service}::{owner}:{rest}", "aws:principalaccount": owner}
            if isinstance(username, str):
                tried["aws:username"] = rest.rpartition("/")[2]
            keys = [key for key in mentioned if key in tried]
            if owner and all(
                key not in leaf.box.keys or leaf.box.keys[key].holds(tried[key]) for key in keys
            ):
                values.update((key, tried[key]) for key in keys if key not in space.pins)
                return


def _names(key: str, space: Space) -> list[str]:
    if key != "aws:currenttime":
        return [space.spelling.get(key, key)]
    used = {
        condition.key.lower(): condition.key
        for policy in space.policies
        for statement in policy.statements or ()
        for condition in statement.conditions
        if condition.key.lower() in {"aws:currenttime", "aws:epochtime"}
    }
    return list(used.values()) or ["aws:CurrentTime"]


def _epoch(value: Sampled) -> str:
    seconds = read_instant(value) if isinstance(value, str) else None
    return "0" if seconds is None else str(seconds.__floor__())


def _principal(
    caller: Caller, values: Mapping[str, Sampled], space: Space
) -> tuple[str | Mapping[str, str], Mapping[str, str], str | None]:
    """Return the caller as the evaluator takes it, the keys that follow from it, and its account."""
    kind = caller.kind
    if kind is CallerKind.ANONYMOUS:
        return "anonymous", {"aws:principalaccount": "anonymous", "aws:principaltype": "Anonymous"}, None
    if kind is CallerKind.SERVICE:
        return caller.name or "other.amazonaws.com", {}, None
    if kind is CallerKind.PROVIDER:
        return caller.name or "www.amazon.com", {}, None
    if kind is CallerKind.CANONICAL:
        return caller.name or "0" * 64, {}, None
    arn = values.get("aws:principalarn")
    fields = arn.split(":", 5) if isinstance(arn, str) else []
    wanted = values.get("aws:principalaccount")
    account = caller.account or (fields[4] if len(fields) == 6 else "")
    if not account:
        account = wanted if isinstance(wanted, str) and wanted else _unnamed_account(space)
    if len(fields) != 6:
        fields = ["arn", "aws", "sts" if kind is CallerKind.FEDERATED_USER else "iam", "", account, ""]
    username = values.get("aws:username")
    partition = fields[1]
    body = fields[5]
    derived = {"aws:principalaccount": account, "aws:principaltype": kind.value}
    principal: str | Mapping[str, str]
    if kind is CallerKind.ROOT:
        principal = own = f"arn:{partition}:iam::{account}:root"
    elif kind is CallerKind.USER:
        name = username if isinstance(username, str) and username else "example"
        own = caller.name or f"arn:{partition}:iam::{account}:{body or f'user/{name}'}"
        principal = own
        derived["aws:username"] = own.rpartition("/")[2]
    elif kind is CallerKind.FEDERATED_USER:
        own = caller.name or f"arn:{partition}:sts::{account}:{body or 'federated-user/example'}"
        principal = own if caller.user is None else {"arn": own, "user": caller.user}
    else:
        own = f"arn:{partition}:iam::{account}:{body}" if body else ""
        own = own or caller.role or f"arn:{partition}:iam::{account}:role/{caller.name or 'example'}"
        name = own.rpartition("/")[2]
        session = caller.session or f"arn:{partition}:sts::{account}:assumed-role/{name}/session"
        plain = f"arn:{partition}:iam::{account}:role/{name}"
        principal = session if own == plain else {"arn": session, "role": own}
    derived["aws:principalarn"] = own
    return principal, derived, account


def _unnamed_account(space: Space) -> str:
    for account in (_FRESH_ACCOUNT, _OTHER_ACCOUNT, "777788889999", "123456789012"):
        if account not in space.callers.accounts:
            return account
    return next(f"{n:012d}" for n in range(10**11, 10**12) if f"{n:012d}" not in space.callers.accounts)


# --- links between keys ------------------------------------------------------------------------------


def _broken_link(witness: Witness) -> str:
    """Return the link of section 12.4 that the request breaks, empty if it breaks none."""
    context = {key.lower(): value for key, value in witness.context.items()}
    tags = context.get("aws:tagkeys")
    for key in context:
        if key.startswith("aws:requesttag/") and "aws:tagkeys" in context:
            name = key.partition("/")[2]
            if isinstance(tags, str) or name not in {tag.lower() for tag in tags or ()}:
                return "aws:TagKeys lists every tag of the request"
    source, account = context.get("aws:sourcearn"), context.get("aws:sourceaccount")
    if isinstance(source, str) and isinstance(account, str):
        fields = source.split(":", 5)
        if len(fields) == 6 and fields[4] and fields[4] != account:
            return "the account in aws:SourceArn is aws:SourceAccount"
    fields = witness.resource.split(":", 5)
    region, owner = context.get("aws:requestedregion"), context.get("aws:resourceaccount")
    if len(fields) == 6:
        if isinstance(region, str) and fields[3] and fields[3] != region:
            return "aws:RequestedRegion is the Region of the resource"
        if isinstance(owner, str) and fields[4] and fields[4] != owner:
            return "aws:ResourceAccount is the account of the resource"
    return ""


def _mended(witness: Witness) -> Iterator[Witness]:
    """Yield requests near a witness that breaks a link, which keep it."""
    names = {key.lower(): key for key in witness.context}
    fields = witness.resource.split(":", 5)
    context = dict(witness.context)
    changed = False
    tags = [key for key in names if key.startswith("aws:requesttag/")]
    if tags and "aws:tagkeys" in names:
        given = context[names["aws:tagkeys"]]
        listed = (given,) if isinstance(given, str) else given
        context[names["aws:tagkeys"]] = tuple(
            dict.fromkeys((*listed, *(names[key].partition("/")[2] for key in tags)))
        )
        changed = True
    source = context.get(names.get("aws:sourcearn", ""))
    if isinstance(source, str) and "aws:sourceaccount" in names and source.count(":") >= 5:
        parts = source.split(":", 5)
        account = context[names["aws:sourceaccount"]]
        if isinstance(account, str):
            yield replace(witness, context={**context, names["aws:sourceaccount"]: parts[4]})
            context[names["aws:sourcearn"]] = ":".join([*parts[:4], account, parts[5]])
            changed = True
    if len(fields) == 6:
        for key, at in (("aws:requestedregion", 3), ("aws:resourceaccount", 4)):
            value = context.get(names.get(key, ""))
            if isinstance(value, str) and fields[at] and fields[at] != value:
                yield replace(witness, context={**context, names[key]: fields[at]})
                fields[at] = value
                changed = True
    if changed:
        mended = replace(witness, resource=":".join(fields), context=context)
        if not _broken_link(mended):
            yield mended


def _number_notes(leaf: Leaf, witness: Witness) -> Iterator[str]:
    for key, values in leaf.box.keys.items():
        if isinstance(values, NumberSet) and not values.is_date:
            for name, value in witness.context.items():
                if name.lower() == key and isinstance(value, str) and "." in value:
                    yield f"non-integer: {name} is {value}, and no whole number proves the same"


# --- replay -----------------------------------------------------------------------------------------


def holds_in(
    reading: Reading, witness: Witness, new: Sequence[Policy], old: Sequence[Policy], kind: PolicyKind
) -> bool:
    """Say whether a request proves new access in the other reading of one open point too."""
    return _replay(witness, new, old, kind, reading) is not None


def _replay(
    witness: Witness,
    new: Sequence[Policy],
    old: Sequence[Policy],
    kind: PolicyKind,
    flipped: Reading | None = None,
) -> str | None:
    """Return None unless the evaluator says that `new` allows the request and `old` does not, whatever a
    template leaves open in them; else a note on how the grant works, often empty."""
    from iamlint.semantics.evaluation.errors import MalformedPolicyError, RequestError
    from iamlint.semantics.evaluation.principals import Via
    from iamlint.semantics.evaluation.readings import DEFAULT, ArnWildcards, NotPrincipalScope, Presence
    from iamlint.semantics.evaluation.request import Request
    from iamlint.semantics.evaluation.statement import compile_policy

    readings = {
        None: DEFAULT,
        Reading.EMPTY_TEXT: replace(DEFAULT, empty_string=Presence.ABSENT),
        Reading.PARTS: replace(DEFAULT, arn_wildcards=ArnWildcards.PARTS),
        Reading.AWS_STAR: replace(DEFAULT, aws_star_is_everybody=False),
        Reading.PARENTS: replace(DEFAULT, not_principal=NotPrincipalScope.PARENTS),
        Reading.ANY_VALUE: replace(DEFAULT, any_value_if_exists=False),
    }[flipped]

    def decided(policies: Sequence[Policy]) -> Via:
        # A Deny anywhere wins, in whichever document it stands.
        vias = []
        for policy in policies:
            for statement in compile_policy(policy, kind, str(kind)):
                found = statement.matches(request, readings, has_boundary=False)
                if found is not Via.NOTHING:
                    if not statement.allows:
                        return Via.NOTHING
                    vias.append(found)
        return max(vias, default=Via.NOTHING)

    try:
        request = Request.of(
            witness.principal,
            witness.action,
            witness.resource,
            witness.resource_account,
            dict(witness.context),
        )
        via = decided(closed(new, is_new=True))
        if via is Via.NOTHING or decided(closed(old, is_new=False)) is not Via.NOTHING:
            return None
    except (MalformedPolicyError, RequestError):
        return None
    if via is Via.ACCOUNT:
        return "the grant goes to the caller's account: an identity policy there has to allow it as well"
    return ""
