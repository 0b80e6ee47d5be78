"""iamlint: a least-privilege linter and static analyzer for AWS IAM.

from iamlint import audit

for finding in audit("policies/", "template.yaml").findings:
    print(finding.primary.path, finding.primary.start_line, finding.rule_id, finding.message)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from iamlint.version import VERSION as __version__  # noqa: N811 -- the name that Python programs ask for

if TYPE_CHECKING:
    from iamlint.auditing.api import AuditResult
    from iamlint.semantics.algebra.results import Comparison
    from iamlint.semantics.evaluation import Decision

__all__ = ["__version__", "audit", "compare", "evaluate"]


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


def compare(old: object, new: object, *, kind: str = "identity", assume: object = None) -> Comparison:
    """Say whether the policies `new` allow any request that the policies `old` do not.

    Each side is a policy document (a dictionary as JSON gives it) or a list of documents that count
    together. `kind` is a kind of policy (`identity`, `trust`, `resource`, ...). `assume` states what is
    known of every request: `{"present": ["aws:RequestedRegion"]}`. The answer has a `verdict`:
    `contained`, `new-access` with a `witness` that `evaluate` confirms, or `unknown` with its
    `reasons`. Raises IamlintError for arguments of the wrong type.
    """
    from iamlint.auditing.compare import compare_documents

    return compare_documents(old, new, kind=kind, assume=assume)


def evaluate(
    principal: str | Mapping[str, object],
    action: str,
    resource: str,
    *,
    resource_account: str | None = None,
    context: Mapping[str, object] | None = None,
    policies: Mapping[str, object],
) -> Decision:
    """Say whether policies allow one request, as AWS would decide it.

    `principal` is an ARN, a service principal name, `anonymous`, or an object with `arn` and `role`;
    `resource` is an ARN, or `*` for actions without resource types. `context` maps condition keys to a
    text, or to a list of texts. `policies` maps `identity`, `resource`, `boundary`, `session` and
    `endpoint` to a document or a list of them, and `scp` and `rcp` to a list of levels from the root
    down. The answer has an `outcome` and the `statements` that decided it. Raises IamlintError for what
    is not a request, and for policies that are not valid, with every place.
    """
    from iamlint.auditing.evaluate import evaluate_documents

    return evaluate_documents(
        principal,
        action,
        resource,
        resource_account=resource_account,
        context=context,
        policies=policies,
    )
