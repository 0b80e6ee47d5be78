"""Access that is given without a document: attachments, keys, permissions, ACLs.

The words and fields are those of every format (see `cloudformation.grants`); the location file says
which argument each is read from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iamlint.model import Grant, Owner, Statement, Values
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.locations import SELF, GrantLocation, Path
from iamlint.sources.terraform.meaning import MeaningResolver, known_text, parts_of, unplaced
from iamlint.sources.terraform.policy_document import texts
from iamlint.sources.terraform.targets import Names, collect_targets, targets_of
from iamlint.sources.terraform.walk import Found, Place, Resource, walk
from iamlint.sources.tree import At, Segments, Unknown

__all__ = ["read_grants"]

_SELF_FIELD: Path = ("$self",)


def read_grants(resource: Resource, table: Sequence[GrantLocation], names: Names) -> Iterator[Grant]:
    """Yield the grants that a resource makes."""
    for location in table:
        for path in (location.path, *location.alternatives):
            found = [item for item in walk(resource, path) if item.place.node not in (None, "")]
            if not found:
                continue
            for item in found:
                yield _grant(resource, location, path, item, names)
            break


def _grant(resource: Resource, location: GrantLocation, path: Path, found: Found, names: Names) -> Grant:
    builder = PolicyBuilder(resource.document, MeaningResolver())
    fields: dict[str, Values] = {}
    places: dict[str, Place] = {}
    for name, field_path in location.fields:
        if field_path == _SELF_FIELD:
            continue
        held = list(_beside(resource, path, found, field_path))
        values = tuple(
            value
            for place in held
            if not isinstance(unplaced(place.node), dict)
            for value in builder.values(texts(place.node), place.pointer, place.when)
        )
        if values:
            fields[name] = values
            places[name] = held[0]
    statements: tuple[Statement, ...] = ()
    if location.what == "resource-grant":
        tree = _statement(location, resource, places)
        if tree is not None:
            statements, _ = builder.statements(At(tree, found.place.pointer), found.place.pointer)
    on, attachments = _attachments(resource, location, path, found, names)
    return Grant(
        location.what,
        resource.document,
        found.place.pointer if path else resource.pointer,
        Owner(resource.address, resource.type, resource.pointer),
        on,
        attachments,
        fields,
        statements,
        found.place.when,
    )


def _beside(resource: Resource, path: Path, found: Found, other: Path) -> Iterator[Place]:
    """Yield the places of another path; where it begins like `path`, it means the same item."""
    shared = 0
    while shared < min(len(path), len(other)) and path[shared] == other[shared]:
        shared += 1
    if shared == len(path) and shared:
        # The last step may have led to one branch of a choice: go on from that.
        trail: tuple[Place | None, ...] = (*found.trail[:shared], found.place)
    else:
        trail = found.trail[: shared + 1]
    for item in walk(resource, other[shared:], start=trail):
        if not isinstance(item.place.node, str) or item.place.node:
            yield item.place


def _attachments(
    resource: Resource, location: GrantLocation, path: Path, found: Found, names: Names
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the neutral words and the addresses of what receives the access."""
    parallel = len(location.targets) == len(location.on) > 1
    words: list[str] = []
    result: list[str] = []
    for index, target in enumerate(location.targets):
        if target == SELF:
            result.append(resource.address)
            continue
        word = location.on[index] if parallel else location.on[0]
        if target and path[: len(target)] == target and target[-1] == "[]":
            addresses: list[str] = []
            collect_targets(found.place.node, word, names, addresses)
        else:
            addresses = list(targets_of(resource, target, word, names))
        if addresses and parallel:
            words.append(word)
        result.extend(addresses)
    return tuple(dict.fromkeys(words)) if parallel else location.on, tuple(dict.fromkeys(result))


def _statement(
    location: GrantLocation, resource: Resource, places: dict[str, Place]
) -> dict[str, object] | None:
    """Return the statement that a permission adds to the policy of what it is for."""
    word = location.on[0] if location.on else ""
    if word not in {"lambda-function", "lambda-layer", "event-bus"} or "principal" not in places:
        return None
    conditions: dict[str, object] = {}
    for name, operator, key in _CONDITIONS:
        place = places.get(name)
        if place is not None:
            members = conditions.setdefault(operator, {})
            assert isinstance(members, dict)
            members[key] = _at(place)
    kind = places.get("condition_type")
    key_place, value_place = places.get("condition_key"), places.get("condition_value")
    if kind is not None and key_place is not None and value_place is not None:
        operator, key = _shown(kind), _shown(key_place)
        conditions[operator] = {key: _at(value_place)}
    tree: dict[str, object] = {"Effect": "Allow", "Principal": _principal(places["principal"])}
    if "statement_id" in places:
        tree = {"Sid": _at(places["statement_id"]), **tree}
    default_action = {"event-bus": "events:PutEvents"}.get(word)
    if "action" in places:
        tree["Action"] = _at(places["action"])
    elif default_action is not None:
        tree["Action"] = default_action
    held = places.get("function") or places.get("resource")
    if held is not None:
        tree["Resource"] = _at(held)
    if conditions:
        tree["Condition"] = conditions
    return tree


# What each argument becomes. Source: Lambda developer guide, "Resource-based policy", and the API
# reference of AddPermission, AddLayerVersionPermission.
_CONDITIONS = (
    ("source_arn", "ArnLike", "AWS:SourceArn"),
    ("source_account", "StringEquals", "AWS:SourceAccount"),
    ("principal_org_id", "StringEquals", "aws:PrincipalOrgID"),
    ("organization_id", "StringEquals", "aws:PrincipalOrgID"),
    ("url_auth_type", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("invoked_via_url", "Bool", "lambda:InvokedViaFunctionUrl"),
    ("event_source_token", "StringEquals", "lambda:EventSourceToken"),
)


def _at(place: Place) -> At:
    return At(texts(place.node), place.pointer)


def _shown(place: Place) -> str:
    return "".join(map(str, parts_of(place.node)))


def _principal(place: Place) -> object:
    """Return the principal of a permission: a service, an account or an ARN, or everybody."""
    text = known_text(place.node)
    if text == "*":
        return At("*", place.pointer)
    if text is not None:
        kind = "Service" if "." in text and ":" not in text else "AWS"
        return At({kind: At(text, place.pointer)}, place.pointer)
    parts = parts_of(place.node)
    last = parts[-1] if parts else ""
    if len(parts) > 1 and isinstance(parts[0], str) and not parts[0].startswith("arn:") and "." in parts[0]:
        return At({"Service": At(Segments(parts), place.pointer)}, place.pointer)
    if isinstance(last, str) and last.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return At({"Service": At(Segments(parts), place.pointer)}, place.pointer)
    hole = parts[0]
    if not isinstance(hole, str) and (hole.alphabet == "account" or hole.arn is not None):
        return At({"AWS": At(Segments(parts), place.pointer)}, place.pointer)
    if isinstance(hole, str) and hole.startswith("arn:"):
        return At({"AWS": At(Segments(parts), place.pointer)}, place.pointer)
    return At(Unknown(hole) if not isinstance(hole, str) else Segments(parts), place.pointer)
