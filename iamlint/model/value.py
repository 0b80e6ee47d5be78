"""Text that is known, and the parts of it that are decided elsewhere."""

from __future__ import annotations

from typing import TypeAlias

from iamlint.model.place import Pointer, When
from iamlint.record import record

__all__ = ["Hole", "Part", "Value", "unknown"]


@record
class Hole:
    """A part of a text that the files do not tell.

    `kind` says what decides it (`parameter`, `resource`, `attribute`, `pseudo`, `import`,
    `variable`, `reference`, `unknown`, ...), `name` names it there. `values` is the finite set it
    must come from, `default` the value it has when nobody decides otherwise; both empty when
    unknown. `alphabet` is `account`, `region` or `partition` where only such text can stand here.
    `arn` is set when the hole is a whole ARN: the ARN pattern that it surely matches, with holes
    written as `*` (`arn:*:s3:::*` for a bucket's Arn attribute). `many` says that the hole stands
    for any number of list items. `hidden` says that nobody is shown what decides it (NoEcho).
    """

    kind: str
    name: str
    values: tuple[str, ...] = ()
    default: str | None = None
    alphabet: str | None = None
    arn: str | None = None
    many: bool = False
    hidden: bool = False

    def __str__(self) -> str:
        return f"<{self.name}>"


Part: TypeAlias = str | Hole


@record
class Value:
    """A scalar of a policy: its `text` when all of it is known, else its `parts`.

    `when` holds the template conditions under which the value is there.
    """

    text: str | None
    pointer: Pointer
    parts: tuple[Part, ...] = ()
    when: When = ()

    @property
    def segments(self) -> tuple[Part, ...]:
        """The text and holes that make up the value, in order; empty for the empty text."""
        if self.text is None:
            return self.parts
        return (self.text,) if self.text else ()

    @property
    def hole(self) -> Hole | None:
        """The hole that is the whole value, if it is nothing else."""
        if self.text is None and len(self.parts) == 1 and isinstance(self.parts[0], Hole):
            return self.parts[0]
        return None

    @property
    def literal(self) -> str:
        """The value with each hole left out: what is surely written."""
        return self.text if self.text is not None else "".join(p for p in self.parts if isinstance(p, str))

    @property
    def leaves_variable_open(self) -> bool:
        """Whether a policy variable that is begun (`${`) is not closed before a hole, so that a hole
        stands in its name."""
        return self.text is None and any(
            isinstance(part, str) and part.rfind("${") > part.rfind("}") for part in self.parts[:-1]
        )

    def __str__(self) -> str:
        """Return the value as people read it; a hole is `<name>`."""
        return self.text if self.text is not None else "".join(map(str, self.parts))


def unknown(hole: Hole, pointer: Pointer, when: When = ()) -> Value:
    """Return the value that is nothing but `hole`."""
    return Value(None, pointer, (hole,), when)
