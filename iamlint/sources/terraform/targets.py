"""What an argument names: resources by reference, else by name, else the text that is written."""

from __future__ import annotations

from typing import Protocol

from iamlint.sources.locations import Path
from iamlint.sources.terraform.meaning import (
    DocumentLink,
    JsonText,
    ResourceLink,
    known_text,
    parts_of,
    unplaced,
)
from iamlint.sources.terraform.walk import Resource, walk
from iamlint.sources.tree import Choice, Items, Unknown

__all__ = ["NAMED_TYPES", "NAME_ARGUMENTS", "Names", "collect_targets", "targets_of"]

NAMED_TYPES = {
    "role": ("aws_iam_role",),
    "user": ("aws_iam_user",),
    "group": ("aws_iam_group",),
    "s3-bucket": ("aws_s3_bucket",),
    "lambda-function": ("aws_lambda_function",),
    "ecr-repository": ("aws_ecr_repository",),
    "backup-vault": ("aws_backup_vault",),
    "event-bus": ("aws_cloudwatch_event_bus",),
    "es-domain": ("aws_opensearch_domain", "aws_elasticsearch_domain"),
    "glacier-vault": ("aws_glacier_vault",),
}
"""The resource types that a neutral word means."""

NAME_ARGUMENTS = {
    "aws_s3_bucket": "bucket",
    "aws_lambda_function": "function_name",
    "aws_opensearch_domain": "domain_name",
    "aws_elasticsearch_domain": "domain_name",
}
"""The argument that names a resource, where it is not `name`."""


class Names(Protocol):
    """Finds resources by what their arguments say."""

    def find(self, word: str, name: str) -> str | None:
        """Return the address of the resource that `word` (`role`, `s3-bucket`) means whose name or
        ARN is known to be `name`."""


def targets_of(resource: Resource, path: Path, word: str | None, names: Names) -> tuple[str, ...]:
    """Return the addresses of what an argument names. `word` is the neutral word for what is meant;
    a literal name is looked up among the resources of that kind."""
    result: list[str] = []
    for found in walk(resource, path):
        collect_targets(found.place.node, word, names, result)
    return tuple(dict.fromkeys(result))


def collect_targets(node: object, word: str | None, names: Names, result: list[str], depth: int = 0) -> None:
    """Add what a meaning names to `result`."""
    node = unplaced(node)
    if depth > 8 or node is None:
        return
    if isinstance(node, ResourceLink):
        result.append(node.address)
    elif isinstance(node, list | Items):
        for item in node if isinstance(node, list) else node.items:
            collect_targets(item, word, names, result, depth + 1)
    elif isinstance(node, Choice):
        for branch in node.branches:
            collect_targets(branch.node, word, names, result, depth + 1)
    elif isinstance(node, Unknown) and node.hole.values:
        for value in node.hole.values:
            collect_targets(value, word, names, result, depth + 1)
    elif isinstance(node, dict | bool | int | float | DocumentLink | JsonText):
        return
    else:
        text = known_text(node)
        if text is None:
            result.append("".join(map(str, parts_of(node))))
        elif text:
            address = names.find(word, text) if word is not None else None
            result.append(address or text)
