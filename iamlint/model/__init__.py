"""The vocabulary of iamlint as frozen data: places, values, policies, findings."""

from __future__ import annotations

from iamlint.model.finding import (
    Confidence,
    Diagnostic,
    Finding,
    PolicyKey,
    PolicyReference,
    Related,
    Severity,
)
from iamlint.model.place import Document, Embedded, Excerpt, HasText, Pointer, Span, When, json_pointer
from iamlint.model.policy import (
    SECRET_FIELDS,
    BrokenFile,
    Condition,
    Extraction,
    Fault,
    Grant,
    Owner,
    Policy,
    PolicyKind,
    Principal,
    Statement,
    Values,
)
from iamlint.model.value import Hole, Part, Value, unknown

__all__ = [
    "SECRET_FIELDS",
    "BrokenFile",
    "Condition",
    "Confidence",
    "Diagnostic",
    "Document",
    "Embedded",
    "Excerpt",
    "Extraction",
    "Fault",
    "Finding",
    "Grant",
    "HasText",
    "Hole",
    "Owner",
    "Part",
    "Pointer",
    "Policy",
    "PolicyKey",
    "PolicyKind",
    "PolicyReference",
    "Principal",
    "Related",
    "Severity",
    "Span",
    "Statement",
    "Value",
    "Values",
    "When",
    "json_pointer",
    "unknown",
]
