"""Typed condition values read from text, for the algebra: section 7.1 of the evaluation rules.

Each reader returns None for text that is not of its type.
"""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["read_address", "read_bytes", "read_instant", "read_network", "read_number", "read_truth"]

_LONGEST = 256

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(?:Z|([+-])(\d\d):(\d\d))?)?)?)?",
    re.ASCII,
)


def read_number(text: str) -> Fraction | None:
    """Return an exact number."""
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    return Fraction(text)


def read_instant(text: str) -> Fraction | None:
    """Return an instant as seconds since 1970 in UTC. Four digits are a year, other digits are such
    seconds; what is left out of a date is the start of the period, in UTC."""
    if len(text) > _LONGEST:
        return None
    if text.isascii() and text.isdigit() and len(text) != 4:
        return Fraction(int(text))
    match = _INSTANT.fullmatch(text)
    if match is None:
        return None
    from datetime import UTC, datetime, timedelta

    year, month, day, hour, minute, second = (
        int(match[group] or default) for group, default in ((1, 1), (2, 1), (3, 1), (4, 0), (5, 0), (6, 0))
    )
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    seconds = Fraction((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))
    if match[7]:
        seconds += Fraction("0" + match[7])
    if match[8]:
        hours, minutes = int(match[9]), int(match[10])
        if hours > 23 or minutes > 59:
            return None
        ahead = hours * 3_600 + minutes * 60
        seconds += ahead if match[8] == "-" else -ahead
    return seconds


def read_truth(text: str) -> bool | None:
    """Return a truth value; letter case is ignored."""
    return {"true": True, "false": False}.get(text.lower())


def read_bytes(text: str) -> bytes | None:
    """Return the bytes that base64 text stands for."""
    from base64 import b64decode

    try:
        return b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None


def read_address(text: str) -> tuple[int, int] | None:
    """Return the version of an IP address, 4 or 6, and its bits."""
    if len(text) > _LONGEST or "%" in text or "/" in text:
        return None
    from ipaddress import ip_address

    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.version, int(address)


def read_network(text: str) -> tuple[int, int, int] | None:
    """Return the version of a CIDR range and its first and last address; host bits are masked off."""
    host, slash, length = text.partition("/")
    address = read_address(host)
    if address is None:
        return None
    version, bits = address
    size = 32 if version == 4 else 128
    if slash and not (length.isascii() and length.isdigit() and len(length) <= 3 and int(length) <= size):
        return None
    free = size - int(length) if slash else 0
    low = bits >> free << free
    return version, low, low + (1 << free) - 1
