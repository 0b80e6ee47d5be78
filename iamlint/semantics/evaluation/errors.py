"""What the evaluator refuses to judge: requests that are none, and policies that IAM would not take."""

from __future__ import annotations

from iamlint.errors import InputError
from iamlint.model import Pointer, Policy, json_pointer
from iamlint.record import record

__all__ = ["Malformed", "MalformedPolicyError", "RequestError"]


_SHOWN = 20
"""Faults that the message of one policy lists; `faults` has them all."""


class RequestError(InputError):
    """The request is not one fully specified request; the message says which part, and why."""


@record
class Malformed:
    """A fault of one policy: where it stands below the root of the document, and what is wrong there."""

    pointer: Pointer
    message: str


class MalformedPolicyError(InputError):
    """A policy is not valid, or not wholly known, so nothing can be said about what it allows.

    `faults` lists every fault; `label` says which policy of the question it is, as `identity[0]`.
    """

    def __init__(self, label: str, policy: Policy, faults: tuple[Malformed, ...]) -> None:
        lines = [
            f"{label}: {json_pointer(fault.pointer) or 'the root'}: {fault.message}"
            for fault in faults[:_SHOWN]
        ]
        if len(faults) > _SHOWN:
            lines.append(f"{label}: and {len(faults) - _SHOWN} more faults")
        super().__init__("\n".join(lines))
        self.label = label
        self.policy = policy
        self.faults = faults
