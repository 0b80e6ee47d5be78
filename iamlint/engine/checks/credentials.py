"""Checks of passwords and keys. What is secret is never part of a match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.checks.fields import field_texts, recipient
from iamlint.engine.subject import GrantSubject, Match
from iamlint.model import Hole

__all__ = ["plaintext_password", "root_access_key"]

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


def root_access_key(subject: GrantSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an access key of the root user."""
    grant = subject.grant
    if grant.what != "access-key":
        return
    for value, text, notes in field_texts(grant, "user"):
        if text.lower() in ROOT_USERS or (text.startswith("arn:") and text.endswith(":root")):
            yield Match(value, (text,), {"recipient": text}, notes=notes)
            return
