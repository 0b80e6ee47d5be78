"""Structural edits as changes of text, exact to the byte: what is not touched stays as it is written."""

from __future__ import annotations

from iamlint.sources.rewriting.files import Change, Place, changed_text, place
from iamlint.sources.rewriting.splices import CannotPlaceError

__all__ = ["CannotPlaceError", "Change", "Place", "changed_text", "place"]
