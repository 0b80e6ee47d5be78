"""iamlint: a least-privilege linter and static analyzer for AWS IAM.

from iamlint import audit

for finding in audit("policies/", "template.yaml").findings:
    print(finding.primary.path, finding.primary.start_line, finding.rule_id, finding.message)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from iamlint.version import VERSION as __version__  # noqa: N811 -- the name that Python programs ask for

if TYPE_CHECKING:
    from iamlint.auditing.api import AuditResult

__all__ = ["__version__", "audit"]


def audit(
    *paths: str,
    profile: str = "default",
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    policy_kind: str | None = None,
    resource_type: str | None = None,
    accounts: Iterable[str] = (),
    rule_packs: Iterable[str] = (),
) -> AuditResult:
    """Audit files and folders (relative to the current folder) and return what was found.

    `profile` is `default`, `strict` or `audit`; `select` and `ignore` hold rule ids, names or
    prefixes of ids. `policy_kind` (`identity`, `trust`, `resource`, `scp`, ...) and
    `resource_type` (`AWS::S3::Bucket`) are for bare policy documents. `accounts` are account ids
    that are trusted. Configuration files are not read. Raises IamlintError for a word that does
    not exist and for an invalid rule pack; what the files hold never raises.
    """
    from iamlint.auditing.api import audit_paths

    return audit_paths(
        paths,
        profile=profile,
        select=tuple(select),
        ignore=tuple(ignore),
        policy_kind=policy_kind,
        resource_type=resource_type,
        accounts=frozenset(accounts),
        rule_packs=tuple(rule_packs),
    )
