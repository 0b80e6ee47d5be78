"""File names as parts of URIs, and URIs that hold nothing but what a URI may hold."""

from __future__ import annotations

from urllib.parse import quote

__all__ = ["is_absolute", "safe_uri", "uri_path"]


def is_absolute(path: str) -> bool:
    """Say whether `path` lies outside the root, which is when reports name it in full."""
    return path.startswith("/") or path[1:3] in {":/", ":\\"}


def uri_path(path: str) -> str:
    """Return `path`, which has forward slashes, percent-encoded byte by byte for a URI.

    Bytes that are no UTF-8, which Python's file functions hand over as lone surrogates, keep their
    value.
    """
    return quote(_bytes(path), safe="/")


def safe_uri(uri: str) -> str:
    """Return `uri` with what may not stand in a URI, or would end a link in Markdown, percent-encoded.

    The page of a rule is named after the rule, and a user's rule pack may name a rule as it likes.
    """
    return quote(_bytes(uri), safe=":/?#!$&'*+,;=%~")


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
