"""Constructs of Python frameworks as meanings."""

from __future__ import annotations

import ast

from iamlint.sources.python.evaluate import Evaluator
from iamlint.sources.python.meaning import Meaning

__all__ = ["construct"]


def construct(evaluator: Evaluator, call: ast.Call, name: str, depth: int) -> Meaning | None:
    """Return what a construct of a known framework comes to; None for every other name."""
    return None
