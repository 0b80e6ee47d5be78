"""The list of checks: what each looks at, what it needs, its parameters, and where its function is.

A rule names a check and gives its parameters. Functions are imported when a rule first could fire,
so a run pays only for the checks that it meets.
"""

from __future__ import annotations

from collections.abc import Mapping

from iamlint.engine.checks.spec import CheckFunction, CheckSpec, Param, Target
from iamlint.engine.checks.tables import (
    actions,
    algebra,
    condition_block,
    conditions,
    credentials,
    grammar,
    identities,
    public,
    select,
    trust,
    wildcards,
)

__all__ = ["CHECKS", "CheckFunction", "CheckSpec", "Param", "Target"]

CHECKS: Mapping[str, CheckSpec] = {
    **actions.TABLE,
    **algebra.TABLE,
    **condition_block.TABLE,
    **conditions.TABLE,
    **credentials.TABLE,
    **grammar.TABLE,
    **identities.TABLE,
    **public.TABLE,
    **select.TABLE,
    **trust.TABLE,
    **wildcards.TABLE,
}
