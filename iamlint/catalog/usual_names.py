"""What people call services, operators, keys and Regions, and what IAM calls them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

from iamlint.catalog.datafiles import read
from iamlint.catalog.nearest import nearest

__all__ = ["nearest_action_name", "nearest_partition", "nearest_region", "usual_name"]

_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@cache
def _names() -> Mapping[str, Mapping[str, str]]:
    names: Mapping[str, Mapping[str, str]] = json.loads(read("usual_names.json"))
    return names


def usual_name(what: str, lower: str) -> str | None:
    """Return IAM's name of what is known by another one, in small letters, or None.

    `what` is `services`, `operators`, `keys`, `partitions` or `regions`.
    """
    return _names()[what].get(lower)


def nearest_region(text: str, known: Iterable[str]) -> str | None:
    """Return the Region of `known` that a text is probably a slip for, or None."""
    regions, lower = sorted(known), text.lower()
    found = usual_name("regions", lower)
    if found is not None:
        return found if found in regions else None
    plain = lower.replace("-", "").replace("_", "")
    return next((region for region in regions if region.replace("-", "") == plain), nearest(lower, regions))


def nearest_partition(text: str, known: Iterable[str]) -> str | None:
    """Return the partition that a text is probably a slip for, or None."""
    lower = text.lower()
    return usual_name("partitions", lower) or nearest(lower, known)


def nearest_action_name(name: str, names: Sequence[str], lower: Collection[str]) -> str | None:
    """Return the one of an action's possible `names` that `name` is probably a slip for, or None.

    `lower` are the same names in small letters. A verb that the service has is meant, so that nobody
    is led from Get to Put; words may be left out or cut short (`GetSecret` for `GetSecretValue`).
    """
    words = _WORD.findall(name)
    if not words:
        return None
    verb = words[0].lower()
    small = name.lower()
    alike = [known for known in names if _verb(known) == verb]
    if not alike:
        found = nearest(small, lower)
        return None if found is None else next(known for known in names if known.lower() == found)
    # The verb is right, so it says nothing about how far the rest is off.
    found = nearest(small[len(verb) :], [known.lower()[len(verb) :] for known in alike])
    if found is not None:
        return next(known for known in alike if known.lower() == verb + found)
    if len(words) < 2:
        return None
    holding = [known for known in alike if _holds(_WORD.findall(known), words)]
    return min(holding, key=len, default=None)


def _verb(name: str) -> str:
    found = _WORD.match(name)
    return "" if found is None else found[0].lower()


def _holds(words: Sequence[str], written: Sequence[str]) -> bool:
    """Say whether the words written stand among the words in order, each whole or cut short."""
    if len(words) > len(written) + 1:
        return False
    rest = iter(words)
    for word in written:
        start = word.lower()
        start = start.removesuffix("s") if len(start) > 3 else start
        if not any(other.lower().startswith(start) for other in rest):
            return False
    return True
