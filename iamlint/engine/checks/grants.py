"""Checks of grants by their fields, and of what resources open to others without a policy document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iamlint.engine.checks.fields import addresses, field_texts, recipient
from iamlint.engine.subject import GrantSubject, Match, Unit
from iamlint.model import Grant, Value
from iamlint.model.place import Pointer
from iamlint.semantics.patterns import has_wildcard

__all__ = [
    "field_number",
    "field_other_than",
    "field_value",
    "grant_exists",
    "permission_for_everybody",
    "permission_without_source",
    "public_acl",
    "public_permission",
]

_SKILLS = ("alexa-appkit", "alexa-connectedhome")
"""Services that call for a skill, which a token names (AWS Lambda developer guide, AddPermission)."""


def _texts(params: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = params[name]
    return tuple(value) if isinstance(value, list | tuple) else ()


def _head(grant: Grant) -> tuple[Pointer, bool]:
    """Return where a grant as a whole is shown, and whether only the key there: a resource is long."""
    return grant.pointer, not _at_a_field(grant)


def _around(grant: Grant) -> tuple[Pointer, bool]:
    """Return where something missing is shown: at the key of what should hold it."""
    return (grant.owner.pointer if _at_a_field(grant) else grant.pointer), True


def _at_a_field(grant: Grant) -> bool:
    """Say whether the grant stands at one of its fields, and not at what holds them."""
    return any(value.pointer == grant.pointer for values in grant.fields.values() for value in values)


def _words(grant: Grant, **more: str) -> dict[str, str]:
    return {"recipient": recipient(grant), **more}


def grant_exists(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a grant of one of the kinds `what`, unless a field has a text of `except` (`field=text`)."""
    grant = subject.grant
    if grant.what not in _texts(params, "what"):
        return
    for entry in _texts(params, "except"):
        field, _, text = entry.partition("=")
        if any(found.lower() == text.lower() for _, found, _ in field_texts(grant, field)):
            return
    place, key_only = _head(grant)
    yield Match(place, _who(grant), _words(grant), key_only=key_only)


def _who(grant: Grant) -> tuple[str, ...]:
    return tuple(str(value) for value in grant.fields.get("user", ()))


def field_value(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find fields that have one of `values` (letter case ignored), or with `missing` are not written.

    A value that a condition of the template decides, whose name holds a word of `unless-chosen-by`, is
    the choice of whoever deploys it.
    """
    grant = subject.grant
    if grant.what not in _texts(params, "what"):
        return
    values = {value.lower() for value in _texts(params, "values")}
    choices = _texts(params, "unless-chosen-by")
    found: list[tuple[Value, str]] = []
    names: list[str] = []
    notes: tuple[str, ...] = ()
    absent = []
    for name in _texts(params, "fields"):
        if not grant.fields.get(name):
            absent.append(name)
            continue
        for value, text, noted in field_texts(grant, name):
            if text.lower() in values and not _is_chosen(value, choices):
                found.append((value, f"{name}={text.lower()}"))
                names.append(name)
                notes += noted
                break
    shown = [text for _, text in found]
    if params["missing"]:
        names += absent
        shown += [f"{name} is not set" for name in absent]
    if not names:
        return
    evidence = tuple(shown)
    first = found[0][1].partition("=")[2] if found else "not set"
    words = _words(grant, fields=", ".join(names), value=first)
    if found:
        marks = tuple((value, "") for value, _ in found[1:])
        yield Match(found[0][0], evidence, words, marks, notes)
    else:
        place, key_only = _around(grant)
        yield Match(place, evidence, words, key_only=key_only)


def _is_chosen(value: Value, words: Sequence[str]) -> bool:
    return any(word in name.lower() for name, _ in value.when for word in words)


def field_other_than(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a text in `field` that is none of `values` (letter case ignored)."""
    grant = subject.grant
    if grant.what not in _texts(params, "what"):
        return
    allowed = {value.lower() for value in _texts(params, "values")}
    for value, text, notes in field_texts(grant, str(params["field"])):
        if text.lower() not in allowed:
            yield Match(value, (text,), _words(grant, value=text), notes=notes)
            return


def field_number(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a number in `field` below `at-least` or above `at-most`, or with `missing` none at all."""
    grant = subject.grant
    if grant.what not in _texts(params, "what"):
        return
    field = str(params["field"])
    least, most = params["at-least"], params["at-most"]
    if not grant.fields.get(field):
        if params["missing"]:
            place, key_only = _around(grant)
            yield Match(place, (f"{field} is not set",), _words(grant, value="not set"), key_only=key_only)
        return
    for value, text, notes in field_texts(grant, field):
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            continue
        number = int(text)
        if (isinstance(least, int) and number < least) or (isinstance(most, int) and number > most):
            yield Match(value, (f"{field}={number}",), _words(grant, value=str(number)), notes=notes)
            return


def public_permission(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a call-like permission whose principal is everybody, without anything that bounds it."""
    grant = subject.grant
    if grant.what not in _texts(params, "what"):
        return
    if _bounded(grant):
        return
    for value, text, notes in field_texts(grant, "principal", "group"):
        if text not in _texts(params, "everybody"):
            continue
        if params["but-function-url"] and _belongs_to_open_url(subject):
            return
        actions = [str(action) for action in grant.fields.get("action", ())]
        shown = f" {', '.join(actions)} on" if actions else ""
        yield Match(value, (text, *actions), _words(grant, actions=shown), notes=notes)
        return


def permission_for_everybody(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a permission for everybody that the ARN or account of its source alone bounds: it is meant for a
    service, and does not name it."""
    grant = subject.grant
    if grant.what != "resource-grant" or not _bounded(grant):
        return
    if grant.fields.get("principal_org_id") or grant.fields.get("organization_id"):
        return
    sources = [*grant.fields.get("source_arn", ()), *grant.fields.get("source_account", ())]
    for value, text, notes in field_texts(grant, "principal"):
        if text == "*" and sources:
            yield Match(value, (text,), _words(grant, source=str(sources[0])), notes=notes)
            return


def _bounded(grant: Grant) -> bool:
    """Say whether an organisation, an account or an ARN with an owner limits who can be the caller.

    AWS Lambda developer guide, AddPermission: these become conditions on aws:PrincipalOrgID,
    aws:SourceAccount and aws:SourceArn.
    """
    for name in ("principal_org_id", "organization_id", "source_account", "external_id", "condition_value"):
        for value in grant.fields.get(name, ()):
            if value.text is None or (value.text and not has_wildcard(value.text)):
                return True
    return any(_owned(value) for value in grant.fields.get("source_arn", ()))


def _owned(value: Value) -> bool:
    """Say whether an ARN tells whose thing it is: by its account, or for S3 by the bucket's name."""
    if value.text is None:
        return not value.literal.strip().startswith("*")
    if not has_wildcard(value.text):
        return bool(value.text)
    fields = value.text.split(":", 5)
    if len(fields) < 6:
        return False
    if fields[4]:
        return not has_wildcard(fields[4])
    name = fields[5].partition("/")[0]
    return bool(name) and not has_wildcard(name)


def _belongs_to_open_url(subject: GrantSubject) -> bool:
    """Say whether the permission is the other half of a function URL that the same files leave open:
    that is one fault, and the URL reports it."""
    if not any(text == "NONE" for _, text, _ in field_texts(subject.grant, "url_auth_type")):
        return False
    return subject.unit.fact(_has_open_url)


def _has_open_url(unit: Unit) -> bool:
    return any(
        text == "NONE"
        for grant in unit.grants
        if grant.what == "public-endpoint"
        for _, text, _ in field_texts(grant, "auth")
    )


def permission_without_source(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a permission for an AWS service that any customer's resource can use.

    With `only`, services of that list; with `but`, all others. A token, an organisation, an account
    or an ARN that has an owner bounds the permission.
    """
    grant = subject.grant
    if grant.what != "resource-grant" or grant.fields.get("event_source_token") or _bounded(grant):
        return
    only, but = _texts(params, "only"), _texts(params, "but")
    for value, text, notes in field_texts(grant, "principal"):
        service, _, domain = text.partition(".")
        if not domain.startswith("amazonaws.com") and not (domain == "amazon.com" and service in _SKILLS):
            continue
        if service in but or (only and service not in only):
            continue
        wide = [str(source) for source in grant.fields.get("source_arn", ())]
        source = f" (the source ARN {wide[0]} names no owner)" if wide else ""
        words = _words(grant, service=text, source=source)
        yield Match(value, (text, *wide), words, notes=notes)
        return


def public_acl(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an access control list that lets everybody, or every AWS account, in.

    Not where the bucket's own settings in the same files make S3 ignore or refuse it; with `permissions`,
    of grants to a group only those that give one of them.
    """
    grant = subject.grant
    if grant.what != "acl" or not subject.unit.fact(_without_acls).isdisjoint(addresses(grant)):
        return
    canned = _texts(params, "canned")
    groups = _texts(params, "groups")
    wanted = _texts(params, "permissions")
    for value, text, notes in field_texts(grant, "acl"):
        if text.replace("-", "").lower() in canned:
            yield Match(value, (text,), _words(grant, acl=text), notes=notes)
            return
    for value, text, notes in field_texts(grant, "grantee_uri"):
        name = text.rpartition("/")[2]
        if name in groups:
            rights = [str(right) for right in grant.fields.get("permission", ())]
            if wanted and not any(right in wanted for right in rights):
                continue
            shown = f"{', '.join(rights) or 'access'} for {name}"
            yield Match(value, (name, *rights), _words(grant, acl=shown), notes=notes)
            return


def _without_acls(unit: Unit) -> frozenset[str]:
    """Return the addresses of buckets whose settings make S3 ignore public ACLs, or take none."""
    found: set[str] = set()
    for grant in unit.grants:
        if grant.what == "public-access-block":
            if any(text.lower() == "true" for _, text, _ in field_texts(grant, "ignore_public_acls")):
                found.update(addresses(grant))
        elif grant.what == "acl-control" and any(
            text == "BucketOwnerEnforced" for _, text, _ in field_texts(grant, "ownership")
        ):
            found.update(addresses(grant))
    return frozenset(found)
