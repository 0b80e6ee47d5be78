"""The pipeline: paths to sources to policies to rules to findings."""

from __future__ import annotations

from iamlint.auditing.settings import AuditSettings

__all__ = ["AuditSettings"]
