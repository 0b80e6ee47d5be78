"""Credentials that are written in a file: which texts are some, and where in a tree they stand.

Nothing here knows a format. A file without one of the words of `credential_marks` is never searched,
so an ordinary file pays for a few searches of its bytes and nothing more.

Sources: IAM User Guide, "Unique identifiers" (the prefixes AKIA and ASIA; an id has 20 characters, of
base 32) and "Manage access keys" (a secret has 40 characters, of base 64). Keys of AWS's documentation
end in EXAMPLE or EXAMPLEKEY.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Iterable, Iterator

from iamlint.model import Document, Excerpt, Grant, Owner, Pointer, Value
from iamlint.model.place import Step
from iamlint.record import record
from iamlint.sources.locations import load_data

__all__ = [
    "Credential",
    "credential_grants",
    "credentials_of_text",
    "credentials_of_tree",
    "stored_secret",
]

ACCESS_KEY_ID = "an access key id"
SECRET_ACCESS_KEY = "a secret access key"  # noqa: S105 -- what it is called
_MAX_ENCODED = 100_000
_MAX_STEPS = 1_000_000

_ID = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")
_BASE32 = re.compile(r"[A-Z2-7]+")
_FORTY = r"(?=[A-Z0-9/+]{0,39}[a-z])(?=[a-z0-9/+]{0,39}[A-Z])(?=[A-Za-z/+]{0,39}[0-9])[A-Za-z0-9/+]{40}"
_SECRET = re.compile(_FORTY)
_TELLING = re.compile(r"secret[_-]?(?:access)?[_-]?key|aws[_-]?secret", re.IGNORECASE)
_NAMED_SECRET = re.compile(
    r"secret[_-]?(?:access)?[_-]?key[\"']?\s{0,8}[=:,]?\s{0,8}[\"']?"
    rf"({_FORTY})(?![A-Za-z0-9/+=])",
    re.IGNORECASE,
)
_ONE_CASE = re.compile(r"[^a-z]*|[^A-Z]*")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]++={0,2}")
_MADE_UP = re.compile(r"EXAMPLE|ABCDEFGH|SAMPLE|DUMMY|FAKE|XXXX|TESTKEY|YOURKEY|234567", re.IGNORECASE)
_LEAST_DIFFERENT = 8
_PLACEHOLDER = "placeholder-credential"


@record
class Credential:
    """A credential that is written out: what it is, its text, and the way to it. `path` are the keys and
    indexes that lead to the string, `pointer` goes on into the string where the credential is a part
    of it. `what` is the word of its grant: one that has the shape and is a key of the documentation or
    filler holds a place, and gives nothing away."""

    kind: str
    text: str
    path: tuple[Step, ...]
    pointer: Pointer
    what: str = "credential"


def credentials_of_tree(tree: object, pointer: Pointer = ()) -> Iterator[Credential]:
    """Yield the credentials in the texts of a plain tree; `pointer` is where the tree stands."""
    pending: list[tuple[object, tuple[Step, ...], str]] = [(tree, (), _last_name(pointer))]
    for _ in range(_MAX_STEPS):
        if not pending:
            return
        node, path, name = pending.pop()
        if isinstance(node, str):
            for kind, text, start, real in _shaped(node, name, encoded=_is_encoded_place(path)):
                step = () if text == node else (Excerpt("*" * len(text), ((0, max(start, 0)),)),)
                place = (*pointer, *path, *(() if start < 0 else step))
                yield Credential(kind, text, path, place, "credential" if real else _PLACEHOLDER)
        elif isinstance(node, dict):
            told = _told_name(node)
            for key, value in reversed(node.items()):
                # Pairs of a name and a value; a parameter and its default.
                bare = isinstance(key, str) and key.lower() in _VALUES
                pending.append((value, (*path, key), (told or name) if bare else str(key)))
        elif isinstance(node, list):
            pending.extend((value, (*path, index), name) for index, value in reversed(list(enumerate(node))))


_VALUES = frozenset({"value", "default", "parametervalue", "constant_value"})
_NAMES = ("Name", "name", "Key", "key", "ParameterKey")


def _told_name(node: dict[str, object]) -> str:
    """Return the name in a mapping that pairs a name with a value."""
    for key in _NAMES:
        found = node.get(key)
        if isinstance(found, str):
            return found
    return ""


def _last_name(pointer: Pointer) -> str:
    return next((step for step in reversed(pointer) if isinstance(step, str)), "")


def _is_encoded_place(path: tuple[Step, ...]) -> bool:
    return any(isinstance(step, str) and step.lower().startswith(("userdata", "user_data")) for step in path)


def credentials_of_text(
    text: str, name: str = "", *, encoded: bool = False
) -> Iterator[tuple[str, str, int]]:
    """Yield kind, text and start of each credential in a text; `name` is what the text is called.

    With `encoded`, a text that is base 64 as a whole is read too: its credentials start at -1.
    """
    for kind, found, start, real in _shaped(text, name, encoded=encoded):
        if real:
            yield kind, found, start


def _shaped(text: str, name: str = "", *, encoded: bool = False) -> Iterator[tuple[str, str, int, bool]]:
    """Yield kind, text and start of each text that has the shape of a credential, and whether it is real."""
    if "AKIA" in text or "ASIA" in text:
        for match in _ID.finditer(text):
            real = _BASE32.fullmatch(match[0]) is not None and is_real(match[0][4:])
            yield ACCESS_KEY_ID, match[0], match.start(), real
    if len(text) == 40:
        if _TELLING.search(name) and _SECRET.fullmatch(text):
            yield SECRET_ACCESS_KEY, text, 0, is_real(text)
    elif len(text) > 40:
        for match in _NAMED_SECRET.finditer(text):
            secret = match[1]
            # The pattern ignores letter case; a secret key has both.
            if _ONE_CASE.fullmatch(secret) is None:
                yield SECRET_ACCESS_KEY, secret, match.start(1), is_real(secret)
    if encoded and len(text) <= _MAX_ENCODED and _BASE64.fullmatch(text.rstrip()):
        for kind, _, _, real in _shaped(_decoded(text)):
            yield kind, text, -1, real


def is_real(text: str) -> bool:
    """Say whether a text of the right shape is no placeholder: neither an example nor a filler."""
    return len(set(text)) >= _LEAST_DIFFERENT and _MADE_UP.search(text) is None


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return ""


_SECRET_NAME = re.compile(
    r"(?:secret|password|passwd|passphrase|api[_-]?key|private[_-]?key|(?:access|auth)[_-]?token)s?\d{0,3}",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"example|test|sample|dummy|fake|change|placeholder|replace|todo|your|default|secret|password|xxx|://|[<>{}$\s]",
    re.IGNORECASE,
)
_TEST_NAME = re.compile(r"test|example|sample|dummy", re.IGNORECASE)
_STORED_TYPES = frozenset({"AWS::SSM::Parameter", "aws_ssm_parameter"})


def stored_secret(owner: Owner, body: object, pointer: Pointer) -> Iterator[Credential]:
    """Yield the text of a stored parameter whose name ends in a word for a secret, if it looks like one:
    letters and digits without spaces, no address, no filler. `body` are the properties at `pointer`."""
    if owner.type not in _STORED_TYPES or not isinstance(body, dict):
        return
    names = ("Name", "Value") if "Value" in body else ("name", "value")
    name, text = (body.get(key) for key in names)
    if not isinstance(name, str) or not isinstance(text, str) or not 12 <= len(text) <= _MOST_STORED:
        return
    ends = re.split(r"[/.]", name)[-1][-_LONGEST_WORD:]
    if _TEST_NAME.search(name) or not any(_SECRET_NAME.fullmatch(ends, start) for start in range(len(ends))):
        return
    if text.startswith(("/", "arn:")) or _NO_SECRET.search(text) or not is_real(text):
        return
    if any(one.isdigit() for one in text) and any(one.isalpha() for one in text):
        yield Credential("a text", text, (names[1],), (*pointer, names[1]), "named-secret")


_MOST_STORED = 4096
_LONGEST_WORD = 24


def credential_grants(
    document: Document, owner: Owner, found: Iterable[Credential], place: str = ""
) -> Iterator[Grant]:
    """Yield one grant for each kind of place on an owner where credentials are written; `place` is the
    kind of all of them, else the keys on the way and the owner's type tell it. A placeholder counts only
    where a credential would be used: not in a description or any text."""
    groups: dict[tuple[str, str], list[Credential]] = {}
    for credential in found:
        word = place or _place_of(owner.type, credential.path)
        if credential.what != _PLACEHOLDER or _is_used(word, credential.path):
            groups.setdefault((credential.what, word), []).append(credential)
    for (what, word), group in groups.items():
        fields = {
            "secret": tuple(Value(one.text, one.pointer) for one in group),
            "form": tuple(Value(kind, owner.pointer) for kind in dict.fromkeys(one.kind for one in group)),
        }
        yield Grant(what, document, group[0].pointer, owner, (word,), (owner.address,), fields)


def _is_used(word: str, path: tuple[Step, ...]) -> bool:
    if word == "parameter":
        return bool(path) and str(path[-1]).lower() in _VALUES
    return word in {"provider", "user-data", "environment"}


def _place_of(owner_type: str | None, path: tuple[Step, ...]) -> str:
    keys, types = _places()
    if owner_type in types:
        return types[owner_type]
    return next((keys[step] for step in path if isinstance(step, str) and step in keys), "text")


@functools.cache
def _places() -> tuple[dict[str, str], dict[str, str]]:
    """Return the words for places by key on the way, and by the type of the owner."""
    data = load_data("credential_places.json")
    keys, types = (
        {name: word for word, names in data[part].items() for name in names} for part in ("keys", "types")
    )
    return keys, types
