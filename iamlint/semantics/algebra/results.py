"""The answers of the algebra."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from iamlint.record import record

__all__ = ["Comparison", "Reason", "StatementPlace", "Verdict", "Witness"]


class Verdict(enum.StrEnum):
    """The three answers about access: none beyond what is asked for, some with a witness, or unknown
    with its reasons."""

    CONTAINED = "contained"
    NEW_ACCESS = "new-access"
    UNKNOWN = "unknown"


@record
class Witness:
    """One request that proves new access, in the form that the evaluator takes.

    `principal` is an ARN, a service, `anonymous`, or an object with `arn` and what the ARN does not
    tell. `context` has the keys as the policies spell them, with a text or several.
    """

    principal: str | Mapping[str, str]
    action: str
    resource: str
    resource_account: str | None
    context: Mapping[str, str | tuple[str, ...]]

    @property
    def caller(self) -> str:
        """Who calls, as text."""
        who = self.principal
        return who if isinstance(who, str) else str(who.get("arn", "somebody"))

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The condition keys of the request in order, each with its values as text."""
        return tuple(
            (key, value if isinstance(value, str) else " and ".join(value))
            for key, value in sorted(self.context.items())
        )

    @property
    def sentence(self) -> str:
        """The request in words: who does what, on what, under which keys."""
        keys = "".join(f", {key} {value}" for key, value in self.keys)
        return f"{self.caller} calls {self.action} on {self.resource}{keys}"


@record
class StatementPlace:
    """A statement by its position: the document in its side, and the statement in the document."""

    document: int
    index: int


@record
class Reason:
    """Why an answer is unknown: a code (`malformed`, `template`, `variables`, `budget`, ...), the reason
    in words, and where it stands: the side, the document, and a JSON pointer, as far as it has a place."""

    code: str
    message: str
    side: str = ""
    document: int | None = None
    pointer: str = ""


@record
class Comparison:
    """The answer to a question about access.

    `notes` say what it rests on and what a reader should know. `allowed_by` is the statement that
    allows the witness; `no_longer_denied_by` the statement of the old side that used to deny it.
    `future_only` says that only actions which AWS does not have yet are concerned.
    """

    verdict: Verdict
    witness: Witness | None = None
    notes: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    allowed_by: StatementPlace | None = None
    no_longer_denied_by: StatementPlace | None = None
    future_only: bool = False
