"""The list of checks: what each looks at, what it needs, its parameters, and where its function is.

A rule names a check and gives its parameters. Functions are imported when a rule first could fire,
so a run pays only for the checks that it meets.
"""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckFunction, CheckSpec, Param, Target
from iamlint.engine.checks.tables import (
    accounts,
    actions,
    algebra,
    arns,
    condition_block,
    conditions,
    credentials,
    entries,
    grammar,
    guardrails,
    identities,
    organizations,
    principals,
    public,
    select,
    shape,
    sizes,
    suppressions,
    trust,
    trust_claims,
    wildcards,
)

__all__ = ["CHECKS", "CheckFunction", "CheckSpec", "Param", "Target"]

CHECKS: Mapping[str, CheckSpec] = {
    **accounts.TABLE,
    **actions.TABLE,
    **algebra.TABLE,
    **arns.TABLE,
    **condition_block.TABLE,
    **conditions.TABLE,
    **credentials.TABLE,
    **entries.TABLE,
    **grammar.TABLE,
    **guardrails.TABLE,
    **identities.TABLE,
    **organizations.TABLE,
    **principals.TABLE,
    **public.TABLE,
    **select.TABLE,
    **shape.TABLE,
    **sizes.TABLE,
    **suppressions.TABLE,
    **trust.TABLE,
    **trust_claims.TABLE,
    **wildcards.TABLE,
}
