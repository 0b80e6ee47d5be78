"""What a condition key is, as far as its name tells: one answer for each name, kept for the process."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from iamlint.catalog.facts import ConditionKey
from iamlint.catalog.lookup import catalog
from iamlint.catalog.nearest import nearest
from iamlint.record import record

__all__ = ["KeyClass", "KeyKind", "classify_key", "nearest_key"]

_LONGEST_NAME = 200
"""No key of AWS is near as long: what is longer gets no suggestion, which would cost its square."""


class KeyKind(Enum):
    """How far a key is known."""

    KNOWN = "known"
    RETIRED = "retired"
    """`aws:ARN`, which IAM has given up."""
    NO_TAG = "no-tag"
    """The stem of a tag key without the name of a tag: `aws:ResourceTag`."""
    NOT_GLOBAL = "not-global"
    """It begins with `aws:` and is no global key."""
    NOT_IN_SERVICE = "not-in-service"
    """Its service is known and has no such key."""
    MALFORMED = "malformed"
    """It is not `prefix:name`."""
    OTHER = "other"
    """A key of an identity provider that the data does not know, of a service that it does not know, or
    a name that a template decides."""


@record
class KeyClass:
    """A classified name. `lower` is the name in small letters, `key` the fact where it is known;
    `stem` what belongs before a tag's name where that is missing."""

    kind: KeyKind
    lower: str
    key: ConditionKey | None = None
    stem: str = ""

    @property
    def type(self) -> str:
        """The type of one value, empty where the key is not known."""
        return "" if self.key is None else self.key.value_type

    @property
    def many(self) -> bool:
        """Whether it is known that a request may carry several values."""
        return self.key is not None and self.key.multi_valued

    @property
    def single(self) -> bool:
        """Whether it is known that a request carries one value at most."""
        return self.key is not None and not self.key.multi_valued


@lru_cache(maxsize=8_192)
def classify_key(name: str) -> KeyClass:
    """Return what is known of a condition key; letter case does not matter."""
    lower = name.lower()
    known = catalog()
    if "<" in name or "${" in name or "\0" in name:
        # A template writes some of it. The rest may still fit a key with an open part.
        return KeyClass(KeyKind.OTHER, lower, known.condition_key(name))
    prefix, colon, rest = lower.partition(":")
    if not colon or not prefix.strip() or not rest.strip():
        return KeyClass(KeyKind.MALFORMED, lower)
    key = known.condition_key(name)
    if key is not None:
        return KeyClass(KeyKind.KNOWN, lower, key)
    if lower == "aws:arn":
        return KeyClass(KeyKind.RETIRED, lower)
    stem = _tag_stem(lower)
    if stem:
        return KeyClass(KeyKind.NO_TAG, lower, None, stem)
    if prefix == "aws":
        return KeyClass(KeyKind.NOT_GLOBAL, lower)
    if known.service(prefix) is not None:
        return KeyClass(KeyKind.NOT_IN_SERVICE, lower)
    return KeyClass(KeyKind.OTHER, lower)


def _tag_stem(lower: str) -> str:
    """Return the stem of a tag key, in AWS's spelling, if the name is nothing but that."""
    stem = lower.removesuffix("/")
    if not stem.endswith("tag"):
        return ""
    key = catalog().condition_key(f"{stem}/t")
    return key.name.partition("/")[0] if key is not None and "${" in key.name else ""


def nearest_key(lower: str) -> str | None:
    """Return the key that an unknown one, in small letters, is probably a slip for, or None."""
    if len(lower) > _LONGEST_NAME:
        return None
    from iamlint.catalog.usual_names import usual_name

    known = catalog()
    prefix, _, name = lower.partition(":")
    keys = known.global_condition_keys()
    usual = usual_name("keys", lower)
    if usual is not None:
        return usual
    if prefix != "aws":
        service = known.service(prefix)
        if service is None:
            return None
        keys = service.condition_keys
    # The prefix is right, so it says nothing about how far a name is off.
    names = {low.partition(":")[2]: key.name for low, key in keys.items() if low.startswith(f"{prefix}:")}
    colon = ":" if ":" in name else "/"
    wanted, slash, tag = name.partition(colon)
    if slash and tag:
        # `aws:ResourcTag/team`: the name of the tag is nobody's slip.
        stems = {
            low.partition(colon)[0]: full.rpartition(colon)[0]
            for low, full in names.items()
            if f"{colon}${{" in low
        }
        found = nearest(wanted, stems)
        return None if found is None else f"{stems[found]}{colon}{tag}"
    found = nearest(name, names)
    if found is None and len(name) > 3:
        # `aws:OrgId` for `aws:PrincipalOrgID`: a part of the name was left out, mostly whose it is.
        holding = [low for low in names if low.endswith(name)]
        caller = f"principal{name}"
        found = caller if caller in holding else holding[0] if len(holding) == 1 else None
    return None if found is None else names[found]
