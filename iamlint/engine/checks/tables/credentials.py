"""Checks of keys, passwords and account settings."""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckSpec

__all__ = ["TABLE"]

TABLE: Mapping[str, CheckSpec] = {}
