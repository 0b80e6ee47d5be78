"""What stands beside a policy, and how its format writes it. Imported only where a finding gives advice."""

from __future__ import annotations

from collections.abc import Iterable

from iamlint.model import Embedded, Pointer
from iamlint.model.surroundings import Surroundings
from iamlint.sources.surroundings.plain import BareSurroundings

__all__ = ["InModule", "InTemplate", "bare"]

_BARE: dict[tuple[str, bool], Surroundings] = {}


def bare(layout: str, pointer: Pointer = ()) -> Surroundings:
    """Return the surroundings of a document that stands alone, or in a string of another."""
    in_string = layout == "json" and any(isinstance(step, Embedded) for step in pointer)
    known = _BARE.get((layout, in_string))
    if known is None:
        known = _BARE[layout, in_string] = BareSurroundings(layout, in_string=in_string)
    return known


class InTemplate:
    """Makes the surroundings of the policies of one template, each kind once."""

    def __init__(self, tree: object, layout: str) -> None:
        from iamlint.sources.surroundings.cloudformation import Template

        self._template = Template(tree)
        self._layout = layout
        self._made: dict[tuple[bool, bool], Surroundings] = {}

    def at(self, pointer: Pointer) -> Surroundings:
        """Return the surroundings at a place of the template."""
        from iamlint.sources.surroundings.cloudformation import TemplateSurroundings

        if pointer[:1] != ("Resources",):
            return bare(self._layout, pointer)
        embedded = next((at for at, step in enumerate(pointer) if isinstance(step, Embedded)), None)
        in_sub = False
        if embedded is not None:
            in_sub = "Fn::Sub" in pointer[:embedded] and "Resources" not in pointer[1:]
            if not in_sub:
                return bare("json", pointer if self._layout == "json" else ())
        key = (embedded is not None and self._layout == "json", in_sub)
        if key not in self._made:
            in_string, _ = key
            self._made[key] = TemplateSurroundings(
                self._template, self._layout, in_string=in_string, in_sub=in_sub
            )
        return self._made[key]


class InModule:
    """Makes the surroundings of the policies of one module, each kind once."""

    def __init__(self, trees: Iterable[object]) -> None:
        from iamlint.sources.surroundings.terraform import Siblings

        self._siblings = Siblings(trees)
        self._made: dict[tuple[str, bool, bool], Surroundings] = {}

    def at(self, pointer: Pointer, *, native: bool = False) -> Surroundings:
        """Return the surroundings at a place of one of the module's files; `native` says that the file
        is of the native syntax."""
        from iamlint.sources.surroundings.terraform import ModuleSurroundings
        from iamlint.sources.terraform.places import ExpressionStep, InFile

        embedded = [step for step in pointer if isinstance(step, Embedded) and not isinstance(step, InFile)]
        block = not embedded and "aws_iam_policy_document" in pointer
        in_expression = bool(embedded) and isinstance(embedded[-1], ExpressionStep)
        if native:
            block = "aws_iam_policy_document" in pointer
            in_expression = in_expression or block
            # A heredoc holds JSON as it is, a quoted text with escapes.
            quoted = any(isinstance(one, ExpressionStep) and one.text[:1] == '"' for one in embedded)
            embedded = embedded if quoted else []
        key = ("hcl" if in_expression else "json", bool(embedded), block)
        if key not in self._made:
            layout, in_string, block = key
            self._made[key] = ModuleSurroundings(self._siblings, layout, in_string=in_string, block=block)
        return self._made[key]
