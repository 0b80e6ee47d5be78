"""The last day of an X.509 certificate, read from its PEM text. Nothing else of it is looked at.

Sources: RFC 7468 (PEM), RFC 5280, section 4.1 (the fields of a certificate, and its two forms of time).
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

__all__ = ["last_day"]

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_LONGEST = 100_000
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def last_day(text: str) -> datetime | None:
    """Return until when the first certificate in a text is valid; None where that cannot be read."""
    match = _BLOCK.search(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    try:
        data = base64.b64decode("".join(match[1].split()), validate=True)
        return _not_after(data)
    except (ValueError, IndexError, binascii.Error):
        return None


def _not_after(data: bytes) -> datetime | None:
    _, start, _ = _element(data, 0)
    _, at, _ = _element(data, start)
    tag, _, end = _element(data, at)
    if tag == _VERSION:
        at = end
    for _ in range(3):  # serial number, algorithm, issuer
        at = _element(data, at)[2]
    tag, start, _ = _element(data, at)
    if tag != _SEQUENCE:
        return None
    after = _element(data, start)[2]
    tag, start, end = _element(data, after)
    written = data[start:end].decode("ascii")
    if tag == _UTC_TIME:
        # Two digits: 50 to 99 are of the last century.
        written = ("19" if written[:2] >= "50" else "20") + written
    elif tag != _GENERALIZED_TIME:
        return None
    return datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, start and end of the content of the DER element at an offset."""
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + length > len(data):
        raise ValueError("cut off")
    return tag, start, start + length
