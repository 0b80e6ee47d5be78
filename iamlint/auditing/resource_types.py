"""What a user says that a bare policy document is attached to."""

from __future__ import annotations

from iamlint.catalog.nearest import nearest
from iamlint.errors import UsageError
from iamlint.sources.locations import resource_types, resource_word

__all__ = ["words_of_type"]


def words_of_type(text: str) -> tuple[str, ...]:
    """Return the neutral words for a resource type of any format (`AWS::S3::Bucket`, `aws_s3_bucket`), or
    for such a word; none for a type that holds policies and has no word (`AWS::IAM::ManagedPolicy`).
    Raises UsageError for a type that no format knows, with the nearest one."""
    found = resource_word(text)
    known = {} if found else {name.lower(): name for name in resource_types()}
    if not found and text.lower() not in known:
        close = nearest(text.lower(), known)
        advice = (
            f"did you mean {known[close]!r}?" if close else "write it as AWS::S3::Bucket or aws_s3_bucket"
        )
        raise UsageError(f"unknown resource type {text!r}", help=advice)
    return found
