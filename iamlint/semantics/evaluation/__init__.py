"""The concrete evaluator: one fully specified request against all policies that bear on it.

    request = Request.of("arn:aws:iam::111122223333:user/alice", "s3:GetObject", "arn:aws:s3:::b/k")
    decision = evaluate(request, PolicySet(identity=(policy,)))
    decision.outcome                 # Outcome.ALLOWED, IMPLICITLY_DENIED or EXPLICITLY_DENIED
    decision.statements              # the statements that decided

`iamlint.semantics.evaluation.explain` tells, on demand, why the other statements did not apply.

It is the definition of what policies mean: the policy algebra is a code path of its own, and is right
where it agrees with this one. Policies are compiled once, when a PolicySet is made; faults are refused
with their place (MalformedPolicyError), a request that is none with RequestError.
"""

from iamlint.semantics.evaluation.caller import Caller, CallerKind, parse_caller
from iamlint.semantics.evaluation.decide import Decision, Outcome, evaluate
from iamlint.semantics.evaluation.errors import Malformed, MalformedPolicyError, RequestError
from iamlint.semantics.evaluation.policies import PolicySet, StatementReference
from iamlint.semantics.evaluation.readings import (
    DEFAULT,
    ArnWildcards,
    NotPrincipalScope,
    Presence,
    Readings,
)
from iamlint.semantics.evaluation.request import Request

__all__ = [
    "DEFAULT",
    "ArnWildcards",
    "Caller",
    "CallerKind",
    "Decision",
    "Malformed",
    "MalformedPolicyError",
    "NotPrincipalScope",
    "Outcome",
    "PolicySet",
    "Presence",
    "Readings",
    "Request",
    "RequestError",
    "StatementReference",
    "evaluate",
    "parse_caller",
]
