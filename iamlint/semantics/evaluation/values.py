"""Typed condition values read from text: numbers, instants, truth values, bytes, addresses.

Each reader returns None for text that is not of its type. Source: IAM user guide, "IAM JSON policy
elements: Condition operators"; the W3C note "Date and Time Formats" for dates.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = [
    "Address",
    "Instant",
    "Network",
    "read_address",
    "read_binary",
    "read_bool",
    "read_date",
    "read_network",
    "read_number",
]

Instant: TypeAlias = tuple[int, str]
"""Whole seconds since 1970 in UTC, and the digits of the fraction without zeros at the end: exact, and
ordered as time is."""

_LONGEST = 256
"""Characters of a number, date or address; longer text is none."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
_DAYS_BEFORE_1970 = 719_162
_YEAR_DIGITS = 4


def read_number(text: str) -> Decimal | None:
    """Return an exact decimal."""
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    from decimal import Decimal

    return Decimal(text)


def read_date(text: str) -> Instant | None:
    """Return an instant.

    Four digits are a year; any other run of digits is epoch seconds. What is left out is the start of
    the period, in UTC.
    """
    if len(text) > _LONGEST:
        return None
    if text.isascii() and text.isdigit() and len(text) != _YEAR_DIGITS:
        return int(text), ""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (
        int(match[index] or start) for index, start in ((1, 1), (2, 1), (3, 1), (4, 0), (5, 0), (6, 0))
    )
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= _month_length(month, leap=leap)):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400
    days += _DAYS_BEFORE[month - 1] + (leap and month > 2) + day - 1 - _DAYS_BEFORE_1970
    offset = _offset_minutes(match[8])
    if offset is None:
        return None
    seconds = days * 86_400 + hour * 3_600 + (minute - offset) * 60 + second
    return seconds, (match[7] or "").rstrip("0")


def _month_length(month: int, *, leap: bool) -> int:
    return _DAYS_BEFORE[month] - _DAYS_BEFORE[month - 1] + (leap and month == 2)


def _offset_minutes(zone: str | None) -> int | None:
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def read_bool(text: str) -> bool | None:
    """Return a truth value; letter case is ignored."""
    lower = text.lower()
    return True if lower == "true" else False if lower == "false" else None


def read_binary(text: str) -> bytes | None:
    """Return the bytes that base64 text stands for."""
    from base64 import b64decode

    try:
        return b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None


class Address(NamedTuple):
    """An IP address: its version, 4 or 6, and its bits."""

    version: int
    bits: int


class Network(NamedTuple):
    """A range of addresses: those of the version whose bits, shifted right, are `head`."""

    version: int
    head: int
    shift: int

    def holds(self, address: Address) -> bool:
        """Say whether the address lies in the range."""
        return address.version == self.version and address.bits >> self.shift == self.head


def read_address(text: str) -> Address | None:
    """Return an IPv4 or IPv6 address; zones (`%eth0`) are not taken."""
    if len(text) > _LONGEST or "%" in text or "/" in text:
        return None
    import ipaddress

    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return Address(address.version, int(address))


def read_network(text: str) -> Network | None:
    """Return a CIDR range; a bare address is a range of one, host bits are masked off."""
    host, slash, prefix = text.partition("/")
    address = read_address(host)
    if address is None:
        return None
    size = 32 if address.version == 4 else 128
    length = size
    if slash:
        if not (prefix.isascii() and prefix.isdigit() and len(prefix) <= 3):
            return None
        length = int(prefix)
    if length > size:
        return None
    return Network(address.version, address.bits >> (size - length), size - length)
