"""Checks of passwords and keys. What is secret is never part of a match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from iamlint.engine.checks.certificates import last_day
from iamlint.engine.checks.fields import field_texts, recipient
from iamlint.engine.judge import listed
from iamlint.engine.subject import GrantSubject, Match, Unit
from iamlint.model import Grant, Hole

__all__ = [
    "expired_certificate",
    "plaintext_password",
    "root_access_key",
    "secret_output",
    "short_password",
    "shown_password",
    "two_access_keys",
    "written_credential",
]

ROOT_USERS = frozenset({"root", "<root_account>"})
"""What stands for the root user: its name in ARNs, and in credential reports."""


def plaintext_password(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a console password that is written in the file, or as the default of a parameter.

    Nothing of the match holds the password: neither text, nor evidence, nor notes, nor more of the
    file than the key that holds it.
    """
    grant = subject.grant
    if grant.what != "console-password":
        return
    for value in grant.fields.get("password", ()):
        source = ""
        if value.pointer and isinstance(value.pointer[-1], int):
            # IAM takes one text; a list of them is no password.
            continue
        if value.text is None:
            defaults = [part.name for part in value.parts if isinstance(part, Hole) and _has_default(part)]
            if not defaults:
                continue
            source = f" as the default of {defaults[0]}"
        elif not value.text or value.text.startswith("{{resolve:"):
            continue
        words = {"recipient": recipient(grant), "source": source}
        yield Match(value, (f"password{source}",), words, key_only=True)
        return


def _has_default(hole: Hole) -> bool:
    """Say whether the files hold a value for the hole; of a secret a source tells only that there is one."""
    return hole.default is not None or hole.kind == "secret-default"


def short_password(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a first console password that is shorter than `at-least`: one that is written in the file, or
    one that is to be made so long. The match holds neither the password nor its length."""
    grant, least = subject.grant, params["at-least"]
    assert isinstance(least, int)
    if grant.what != "console-password":
        return
    for value in grant.fields.get("password", ()):
        if value.text and len(value.text) < least and not value.text.startswith("{{resolve:"):
            yield Match(value, (), {"recipient": recipient(grant)}, key_only=True)
            return
    for value, text, notes in field_texts(grant, "password_length"):
        if text.isascii() and text.isdigit() and len(text) < 5 and int(text) < least:
            yield Match(value, (text,), {"recipient": recipient(grant)}, notes=notes)
            return


def shown_password(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a console password that comes through a parameter of a template which is shown to readers."""
    grant = subject.grant
    if grant.what != "console-password" or not (grant.owner.type or "").startswith("AWS::"):
        return
    for value in grant.fields.get("password", ()):
        for part in value.parts:
            if isinstance(part, Hole) and part.kind == "parameter" and not (part.hidden or part.default):
                words = {"recipient": recipient(grant), "parameter": part.name}
                yield Match(value, (part.name,), words)
                return


def root_access_key(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an access key of the root user."""
    grant = subject.grant
    if grant.what != "access-key":
        return
    for value, text, notes in field_texts(grant, "user"):
        if text.lower() in ROOT_USERS or (text.startswith("arn:") and text.endswith(":root")):
            yield Match(value, (text,), {"recipient": text}, notes=notes)
            return


_MOST_MARKS = 20


def written_credential(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a place where credentials are written out. Nothing of the match holds what is secret."""
    grant = subject.grant
    secrets = grant.fields.get("secret", ())
    what = params["what"]
    assert isinstance(what, list | tuple)
    if grant.what not in what or not secrets:
        return
    forms = tuple(value.text or "" for value in grant.fields.get("form", ()))
    words = {"recipient": grant.owner.address, "forms": listed(forms) or "a credential"}
    marks = tuple((value, "") for value in secrets[1:_MOST_MARKS])
    yield Match(secrets[0], forms, words, marks)


def two_access_keys(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an active access key of a user for whom the same files create one before it."""
    grant = subject.grant
    if grant.what != "access-key":
        return
    first = subject.unit.fact(_first_keys).get(_user_of(grant))
    if first is not None and first is not grant and _is_active(grant) and first.owner != grant.owner:
        words = {"recipient": recipient(grant), "other": first.owner.address}
        yield Match(grant.owner.pointer, (words["recipient"],), words, key_only=True)


def _first_keys(unit: Unit) -> dict[str, Grant]:
    """Return the first active access key of each user that is known."""
    first: dict[str, Grant] = {}
    for grant in unit.grants:
        if grant.what == "access-key" and _is_active(grant) and _user_of(grant):
            first.setdefault(_user_of(grant), grant)
    return first


def _user_of(grant: Grant) -> str:
    """Return who a key is for: a name, or a reference to one user of the same files; else nothing."""
    # Modules of several directories are read together, and each may well be about an account of its own.
    folder = grant.document.path.rpartition("/")[0]
    for value in grant.fields.get("user", ()):
        parts = value.parts
        of_resource = len(parts) == 1 and isinstance(parts[0], Hole) and parts[0].kind in _OF_RESOURCES
        if value.text is not None or of_resource:
            return f"{folder}/{value}"
    return ""


_OF_RESOURCES = frozenset({"resource", "attribute", "reference"})


def _is_active(grant: Grant) -> bool:
    return not grant.when and all(text == "Active" for _, text, _ in field_texts(grant, "status"))


def expired_certificate(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a server certificate whose text is in the file and whose last day has passed."""
    grant = subject.grant
    if grant.what != "server-certificate":
        return
    for value, text, notes in field_texts(grant, "body"):
        last = last_day(text)
        if last is not None and last < datetime.now(UTC):
            day = f"{last:%Y-%m-%d}"
            yield Match(
                value, (day,), {"recipient": grant.owner.address, "day": day}, notes=notes, key_only=True
            )
            return


def secret_output(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an output that shows the secret of an access key."""
    grant = subject.grant
    if grant.what != "secret-output":
        return
    for value in grant.fields.get("source", ()):
        source = value.text or ""
        yield Match(value, (source,), {"recipient": grant.owner.address, "source": source})
        return
