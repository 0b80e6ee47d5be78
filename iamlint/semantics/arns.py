"""What is wrong with a resource ARN, if anything: one verdict for each text.

The fields are judged from left to right (prefix, number of fields, partition, service, Region,
account, resource), and the first that fails is the verdict, so that one wrong ARN is one fault. What
a wildcard or a policy variable may stand for is never at fault. Which fields an ARN needs is decided
by the formats of the resource types that its last part can be one of; the catalogue holds them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache

from iamlint.catalog import catalog
from iamlint.catalog.datafiles import read
from iamlint.catalog.nearest import nearest
from iamlint.model import Value
from iamlint.record import record
from iamlint.semantics.patterns import has_wildcard
from iamlint.semantics.principals import is_account_id

__all__ = ["FAULTS", "TO_FILL", "ArnFault", "arn_text", "fault_of", "known_arn_services"]

FAULTS = (
    "prefix",
    "fields",
    "partition",
    "service-case",
    "service",
    "service-wildcard",
    "region-not-allowed",
    "region-missing",
    "region-unknown",
    "account-not-allowed",
    "account-missing",
    "account-malformed",
    "resource",
)
"""The codes of faults, in the order in which they are looked for."""

_ANY = "\0"
"""Stands in a text for what the files or the request decide: a hole, a policy variable."""

_VARIABLE = re.compile(r"\$\{[^{}]*\}")
_WILDCARD = re.compile(r"[*?\0]")
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
TO_FILL = re.compile(r"_{1,2}[A-Z][A-Z0-9_]*_")
"""A word between underscores, which a module replaces by what it knows (`_S3_BUCKET_ARN_`)."""
_WORD_TO_FILL = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
_REGION_TO_FILL = re.compile(r"(?:aws|your)?[-_]?region(?:[-_](?:name|id|code))?", re.IGNORECASE)
_ACCOUNT_TO_FILL = re.compile(
    r"(?:aws|your)?[-_]?account(?:[-_]?(?:id|number|no))?|[A-Z]+_[A-Z_]*[A-Z]|[xX]{12}", re.IGNORECASE
)
"""Words of documentation that somebody replaces before the policy is used."""
_LONGEST = 2_048
"""Characters of the longest ARN that is judged; real ones are shorter by far."""


@record
class ArnFault:
    """What is wrong: a code of `FAULTS`, the text `found` in the field at fault, the `service`, and a
    `hint` at what to write (empty, or beginning with a space)."""

    code: str
    found: str
    service: str
    hint: str = ""


@record
class _Format:
    """One ARN format of a resource type: the pattern of its last part, the characters before the
    pattern's first wildcard, and what stands in the Region and the account (empty if nothing may)."""

    type: str
    resource: str
    head: str
    region: str
    account: str


@record
class _Formats:
    """The formats of a service, and whether all of them take a Region and an account."""

    formats: tuple[_Format, ...]
    all_full: bool


def arn_text(value: Value) -> str | None:
    """Return the text of a Resource value with each hole as NUL; None where a hole may hold colons in
    one of the first fields, so that the fields cannot be told apart."""
    if value.text is not None:
        return value.text
    text = ""
    for part in value.parts:
        if isinstance(part, str):
            text += part
        elif part.alphabet is None and text.count(":") < 5:
            return None
        else:
            text += _ANY
    return text


def fault_of(value: Value) -> ArnFault | None:
    """Return what is surely wrong with a Resource value, or None."""
    text = arn_text(value)
    if text is None or len(text) > _LONGEST:
        return None
    return _fault(text)


@lru_cache(maxsize=8_192)
def _fault(text: str) -> ArnFault | None:
    if "${" in text:
        text = _VARIABLE.sub(_ANY, text)
        if "${" in text:
            return None  # a broken variable is another fault
    if not text.startswith("arn:"):
        return None if TO_FILL.fullmatch(text) else _wrong_prefix(text)
    fields = text.split(":", 5)
    if len(fields) < 6:
        # A star at the end stands for no field: IAM may take it, and AWS has taken it out of its policies.
        return ArnFault("fields", str(len(fields)), fields[2] if len(fields) > 2 else "")
    _, partition, service, region, account, resource = fields
    if _REGION_TO_FILL.fullmatch(region):
        region = _ANY
    if _ACCOUNT_TO_FILL.fullmatch(account):
        account = _ANY
    if not _is_open(partition) and partition not in _regions():
        from iamlint.catalog.usual_names import nearest_partition

        near = nearest_partition(partition, _regions())
        return ArnFault("partition", partition, service, _did_you_mean(near))
    if has_wildcard(service):
        return ArnFault("service-wildcard", service, service)
    if _ANY in service:
        return None
    if service not in known_arn_services():
        lower = service.lower()
        if lower in known_arn_services():
            return ArnFault("service-case", service, lower, _did_you_mean(lower))
        from iamlint.catalog.usual_names import usual_name

        near = usual_name("services", lower) or nearest(lower, known_arn_services())
        return ArnFault("service", service, service, _did_you_mean(near))
    known = _formats(service)
    if not known.formats:
        if account and not _is_account(account):
            return ArnFault("account-malformed", account, service)
        return None
    full = region and account
    fitting = known.formats if known.all_full and full else _fitting(known, resource)
    fault = _wrong_region(partition, service, region, resource, fitting)
    fault = fault or _wrong_account(service, region, account, resource, fitting)
    if fault is not None:
        return fault
    if _is_open(region) or _is_open(account) or _is_open(resource):
        # The service has never been seen to report such an ARN, however wrong its last part is.
        return None
    if not _fitting(known, resource) and not _WORD_TO_FILL.fullmatch(resource):
        return ArnFault("resource", resource, service, _resource_hint(known, resource))
    return None


def _wrong_prefix(text: str) -> ArnFault | None:
    opening = _WILDCARD.split(text, maxsplit=1)[0]
    if opening != text and "arn:".startswith(opening):
        return None  # what is left open may stand for the rest of the prefix
    hint = ""
    if text[:4].lower() == "arn:":
        hint = _did_you_mean("arn:")
    else:
        fields = text.split(":", 3)
        if len(fields) == 4 and fields[0] in known_arn_services():
            hint = _did_you_mean(f"arn:aws:{_shown(text)}")
    return ArnFault("prefix", _shown(text[:200]), "", hint)


def _wrong_region(
    partition: str,
    service: str,
    region: str,
    resource: str,
    fitting: tuple[_Format, ...],
) -> ArnFault | None:
    """Return what is wrong with the Region; the resource's type decides whether there must be one."""
    if not fitting:
        return None
    if not region:
        if resource.strip("*") and all(kind.region for kind in fitting):
            return ArnFault("region-missing", "", service)
        return None
    if not any(kind.region for kind in fitting):
        if _ANY in region or not region.strip("*"):
            return None
        return ArnFault("region-not-allowed", region, service)
    if _is_open(region) or any(kind.region == region for kind in fitting):
        return None
    places = _regions()
    known = places.get(partition)
    if known is None:
        known = frozenset().union(*places.values())
    if region in known:
        return None
    from iamlint.catalog.usual_names import nearest_region

    return ArnFault("region-unknown", region, service, _did_you_mean(nearest_region(region, known)))


def _wrong_account(
    service: str, region: str, account: str, resource: str, fitting: tuple[_Format, ...]
) -> ArnFault | None:
    """Return what is wrong with the account; the resource's type decides whether there must be one."""
    if account:
        if _is_open(account):
            return None
        if fitting and not any(kind.account for kind in fitting):
            return ArnFault("account-not-allowed", account, service)
        if not _is_account(account) and not any(kind.account == account for kind in fitting):
            return ArnFault("account-malformed", account, service)
        return None
    if not fitting or has_wildcard(region) or _is_open(resource):
        return None
    owned = _facts_of_owned().get(service, frozenset())
    if all(kind.account and kind.type not in owned for kind in fitting):
        return ArnFault("account-missing", "", service)
    return None


def _is_open(field: str) -> bool:
    """Say whether a part of the field is left to a wildcard, a variable or a hole."""
    return has_wildcard(field) or _ANY in field


def _is_account(text: str) -> bool:
    return _is_open(text) or text == "aws" or is_account_id(text)


def _fitting(known: _Formats, resource: str) -> tuple[_Format, ...]:
    """Return the formats that some ARN with this last part has."""
    head = _WILDCARD.split(resource, maxsplit=1)[0]
    wanted: _Pattern | None = None
    found = []
    for kind in known.formats:
        # The characters that both sides fix come first: most formats end there.
        length = min(len(head), len(kind.head))
        if head[:length] == kind.head[:length]:
            wanted = wanted or _Pattern(resource)
            if wanted.meets(kind.resource):
                found.append(kind)
    return tuple(found)


class _Pattern:
    """The last part of an ARN as an automaton, which runs over the formats of a service.

    A state is an integer with one bit for each number of characters that have been read; a star lets
    a state stay. So a format costs one step for each of its characters, however hostile the pattern is.
    """

    __slots__ = ("_accepts", "_anything", "_final", "_stars")

    def __init__(self, text: str) -> None:
        self._accepts: dict[str, int] = {}
        self._anything = self._stars = 0
        bit = 1
        for letter in text:
            if letter in {"*", _ANY}:
                self._stars |= bit
                continue
            if letter == "?":
                self._anything |= bit
            else:
                self._accepts[letter] = self._accepts.get(letter, 0) | bit
            bit <<= 1
        self._final = bit

    def meets(self, form: str) -> bool:
        """Say whether some text fits both the pattern and a format, in which a star is any run of
        characters and `?*` such a run that is not empty."""
        state = 1
        for letter in form:
            if letter == "*":
                # Whatever stands in the run, every later state can be reached.
                state = (self._final << 1) - (state & -state)
            elif letter == "?":
                state = (state << 1) & ((self._final << 1) - 1) | (state & self._stars)
            else:
                accepted = self._accepts.get(letter, 0) | self._anything
                state = ((state & accepted) << 1) | (state & self._stars)
            if not state:
                return False
        return bool(state & self._final)


def _resource_hint(known: _Formats, resource: str) -> str:
    """Return a hint at the type that the last part is probably meant to name."""
    words = {
        re.split(r"[/:*?]", kind.head.lstrip("/"), maxsplit=1)[0]: kind for kind in known.formats if kind.head
    }
    written = re.split(r"[/:]", resource.lstrip("/"), maxsplit=1)[0]
    found = {word.lower(): kind for word, kind in words.items()}
    near = nearest(written.lower(), sorted(found))
    if near is None and len(known.formats) <= 3:
        return f"; it is written {' or '.join(_plain(kind.resource) for kind in known.formats)}"
    return "" if near is None else f" (did you mean {_plain(found[near].resource)}?)"


def _plain(pattern: str) -> str:
    return pattern.replace("?*", "*")


def _did_you_mean(near: str | None) -> str:
    return f" (did you mean {near}?)" if near else ""


def _shown(text: str) -> str:
    return text.replace(_ANY, "...")


# --- facts ----------------------------------------------------------------------------------------


@cache
def _facts() -> Mapping[str, object]:
    data: Mapping[str, object] = json.loads(read("arn_facts.json"))
    return data


@cache
def _facts_of_owned() -> Mapping[str, frozenset[str]]:
    """Return the types that AWS offers too, with no account in the ARN, by service."""
    owned = _facts()["aws_owned"]
    assert isinstance(owned, dict)  # INVARIANT: the file is part of the package
    return {service: frozenset(types) for service, types in owned.items()}


@cache
def _regions() -> Mapping[str, frozenset[str]]:
    """Return the Regions of each partition."""
    return {partition.name: frozenset(partition.regions) for partition in catalog().partitions()}


@cache
def known_arn_services() -> frozenset[str]:
    """Return every text that may stand in the service field of an ARN."""
    retired = _facts()["retired_services"]
    assert isinstance(retired, list)  # INVARIANT: as above
    closed: list[str] = json.loads(read("accepted_actions.json"))["services"]
    return frozenset((*catalog().arn_services(), *catalog().services(), *closed)) - frozenset(retired)


@cache
def _formats(service: str) -> _Formats:
    """Return the ARN formats of a service; only for services of the catalogue, so not many."""
    more = _facts()["more_formats"]
    assert isinstance(more, list)  # INVARIANT: as above
    written = [(kind.name, arn) for kind in catalog().resource_types(service) for arn in kind.arns]
    found: dict[_Format, None] = {}
    for name, arn in (*written, *(("", arn) for arn in more)):
        fields = arn.split(":", 5)
        if len(fields) == 6 and fields[2] == service:
            resource = _PLACEHOLDER.sub("?*", fields[5])
            head = _WILDCARD.split(resource, maxsplit=1)[0]
            account = "" if not fields[4] else fields[4]
            found[_Format(name, resource, head, fields[3], account)] = None
    return _Formats(tuple(found), all(kind.region and kind.account for kind in found))
