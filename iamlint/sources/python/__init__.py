"""Python source: policies that programs write (boto3), and those of constructs (CDK, Pulumi, troposphere).

Files are parsed, never imported and never executed. Imported only for files that show a marker word.
"""

from __future__ import annotations

from iamlint.sources.python.module import extract_module

__all__ = ["extract_module"]
