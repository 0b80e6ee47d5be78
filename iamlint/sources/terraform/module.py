"""A Terraform module: the blocks of all files of one directory, whatever syntax they are written in."""

from __future__ import annotations

from iamlint.model import Pointer
from iamlint.record import field, record
from iamlint.sources.terraform.document import ModuleDocument

__all__ = ["Block", "Module", "Written"]


@record
class Written:
    """An expression as it is written, and its pointer as seen from any file."""

    node: object
    pointer: Pointer


@record(frozen=False, eq=False)
class Block:
    """A block of a module: a resource, a data source, a variable, an output or a module call.

    `type` is empty for kinds without one. `body` maps arguments and nested blocks to what is written
    there; `pointer` leads to the body, as seen from any file. What an override file replaced is an `At` node.
    """

    kind: str
    type: str
    name: str
    body: dict[str, object]
    document: ModuleDocument
    pointer: Pointer

    @property
    def reference(self) -> str:
        """How expressions name the block (`aws_iam_role.r`, `data.aws_iam_policy_document.d`, `module.m`)."""
        if not self.type:
            return f"{self.kind}.{self.name}"
        name = f"{self.type}.{self.name}"
        return f"data.{name}" if self.kind == "data" else name

    def written(self, argument: str) -> Written | None:
        """Return what is written for an argument; None where it is absent."""
        if argument not in self.body:
            return None
        return Written(self.body[argument], (*self.pointer, argument))


@record(frozen=False, eq=False)
class Module:
    """The blocks of one directory. `blocks` are the resources and data sources in the order of the
    files; `by_reference` finds one by the name that expressions use."""

    directory: str
    blocks: list[Block] = field(default_factory=list)
    by_reference: dict[str, Block] = field(default_factory=dict)
    locals: dict[str, Written] = field(default_factory=dict)
    variables: dict[str, Block] = field(default_factory=dict)
    outputs: dict[str, Block] = field(default_factory=dict)
    calls: dict[str, Block] = field(default_factory=dict)
    assigned: dict[str, Written] = field(default_factory=dict)
    """What files of variables (`terraform.tfvars`, `*.auto.tfvars`) set."""

    def add(self, block: Block) -> None:
        """Add a block; of two with one name, references lead to the first."""
        if block.kind in {"resource", "data"}:
            self.blocks.append(block)
            self.by_reference.setdefault(block.reference, block)
        elif block.kind == "variable":
            self.variables.setdefault(block.name, block)
        elif block.kind == "output":
            self.outputs.setdefault(block.name, block)
        elif block.kind == "module":
            self.calls.setdefault(block.name, block)

    def find(self, kind: str, type: str, name: str) -> Block | None:  # noqa: A002 -- Terraform's word
        """Return the block of a kind by its labels."""
        if kind in {"resource", "data"}:
            reference = f"{type}.{name}"
            return self.by_reference.get(f"data.{reference}" if kind == "data" else reference)
        blocks = {"variable": self.variables, "output": self.outputs, "module": self.calls}[kind]
        return blocks.get(name)
