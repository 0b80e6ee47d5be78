"""CloudFormation and SAM templates."""

from __future__ import annotations

from iamlint.sources.cloudformation.template import extract_nested_template, extract_template, is_template

__all__ = ["extract_nested_template", "extract_template", "is_template"]
