"""The points where the documentation of IAM admits more than one meaning, each a switch with a default."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from iamlint.record import record, replace

__all__ = ["DEFAULT", "ArnWildcards", "NotPrincipalScope", "Presence", "Readings"]


class Presence(enum.Enum):
    """Whether an empty thing counts as a key that is there."""

    PRESENT = "present"
    ABSENT = "absent"


class ArnWildcards(enum.Enum):
    """How far a wildcard in the first five parts of a resource pattern reaches."""

    FLAT = "flat"
    """The pattern is one glob over the whole text of the ARN."""
    PARTS = "parts"
    """A wildcard stops at the next colon; missing parts are `*`."""


class NotPrincipalScope(enum.Enum):
    """Whom a Deny with NotPrincipal spares."""

    LISTED = "listed"
    """Every caller that a listed value matches."""
    PARENTS = "parents"
    """Only callers whose account, role (of a session) and own ARN are each listed."""


@record
class Readings:
    """One reading of each open point; the defaults are those that the evaluator states as its answer.

    R1: `empty_list` and `empty_string` say whether such a value of the request counts as present,
    under `Null` and the set operators. R2: `arn_wildcards`. R3: `aws_star_is_everybody` says that
    `{"AWS": "*"}` matches service principals too, as the bare `"*"` does. R4: `not_principal`.
    R5: `variables_in_bool` says that policy variables are substituted in values of `Bool`.
    R6: `any_value_if_exists` says that `ForAnyValue:...IfExists` holds when the key is absent.
    """

    empty_list: Presence = Presence.ABSENT
    empty_string: Presence = Presence.PRESENT
    arn_wildcards: ArnWildcards = ArnWildcards.FLAT
    aws_star_is_everybody: bool = True
    not_principal: NotPrincipalScope = NotPrincipalScope.LISTED
    variables_in_bool: bool = True
    any_value_if_exists: bool = True

    def others(self) -> Iterator[tuple[str, str, Readings]]:
        """Yield (id, what it says, readings) for each set of readings that differs in one point."""
        flipped = Presence.PRESENT if self.empty_list is Presence.ABSENT else Presence.ABSENT
        yield "R1", f"an empty list of values counts as {flipped.value}", replace(self, empty_list=flipped)
        flipped = Presence.PRESENT if self.empty_string is Presence.ABSENT else Presence.ABSENT
        yield "R1", f"an empty text counts as {flipped.value}", replace(self, empty_string=flipped)
        if self.arn_wildcards is ArnWildcards.FLAT:
            yield (
                "R2",
                "wildcards stop at the colons of an ARN",
                replace(self, arn_wildcards=ArnWildcards.PARTS),
            )
        else:
            yield "R2", "wildcards cross the colons of an ARN", replace(self, arn_wildcards=ArnWildcards.FLAT)
        yield (
            "R3",
            f'{{"AWS": "*"}} matches {"no " if self.aws_star_is_everybody else ""}service principals',
            replace(self, aws_star_is_everybody=not self.aws_star_is_everybody),
        )
        if self.not_principal is NotPrincipalScope.LISTED:
            yield (
                "R4",
                "NotPrincipal spares a caller only if its account and role are listed too",
                replace(self, not_principal=NotPrincipalScope.PARENTS),
            )
        else:
            yield (
                "R4",
                "NotPrincipal spares every caller that is listed",
                replace(self, not_principal=NotPrincipalScope.LISTED),
            )
        yield (
            "R5",
            f"policy variables in Bool are {'plain text' if self.variables_in_bool else 'substituted'}",
            replace(self, variables_in_bool=not self.variables_in_bool),
        )
        yield (
            "R6",
            f"ForAnyValue with IfExists is {'false' if self.any_value_if_exists else 'true'} without the key",
            replace(self, any_value_if_exists=not self.any_value_if_exists),
        )


DEFAULT = Readings()
