"""Checks of what is not IAM's grammar: faults of policies, and files that do not parse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.subject import Match, PolicySubject
from iamlint.model import BrokenFile

__all__ = ["policy_fault", "unparsable_file"]


def policy_fault(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the faults of a policy whose code is one of `codes`."""
    codes = params["codes"]
    assert isinstance(codes, list | tuple)
    for fault in subject.policy.faults:
        if fault.code in codes:
            yield Match(fault.pointer, (fault.code,), {"fault": fault.message})


def unparsable_file(broken: BrokenFile, params: Mapping[str, object]) -> Iterator[Match]:
    """Report the file where it stops being what it should be."""
    yield Match((), (), {"format": broken.format, "error": broken.message})
