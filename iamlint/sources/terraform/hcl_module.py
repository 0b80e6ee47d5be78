"""The blocks of a file of the native syntax as blocks of its module."""

from __future__ import annotations

from iamlint.model import BrokenFile, Diagnostic, Pointer
from iamlint.record import replace
from iamlint.sources.source import SourceFile, syntax_diagnostic
from iamlint.sources.terraform.document import ModuleFiles
from iamlint.sources.terraform.hcl_document import HclDocument, body_tree
from iamlint.sources.terraform.hcl_syntax import HclBlock, parse_hcl
from iamlint.sources.terraform.json_syntax import LABELS, add_block, add_locals
from iamlint.sources.terraform.module import Block, Module
from iamlint.sources.terraform.places import in_file

__all__ = ["read_hcl"]


def read_hcl(
    module: Module, file: SourceFile, documents: ModuleFiles, *, override: bool
) -> tuple[list[BrokenFile], list[Diagnostic]]:
    """Add what a file holds to its module, and the file to `documents`; return what could not be read."""
    text = file.text()
    parsed = parse_hcl(text.text)
    document = HclDocument(text, parsed, documents)
    documents[file.path] = document
    for pointer, block in document.tops.items():
        if LABELS.get(block.kind) != len(block.labels):
            continue
        if block.kind == "locals":
            add_locals(module, body_tree(block.body, text.text), file.path, pointer, override=override)
        else:
            add_block(module, _NativeBlock(block, document, pointer), override=override)
    broken: list[BrokenFile] = []
    diagnostics: list[Diagnostic] = []
    for error in parsed.errors:
        line, column = text.position(error.start)
        diagnostic = syntax_diagnostic(file.path, line, column, f"not HCL: {error.message}")
        if parsed.too_large:
            diagnostic = replace(diagnostic, code="too-large", message=f"not read: {error.message}")
        diagnostics.append(diagnostic)
    if parsed.errors and (file.named or "olicy" in text.text):
        first = parsed.errors[0]
        span = text.span(first.start, min(first.end, first.start + 1))
        broken.append(BrokenFile(span, "HCL", first.message, parsed.too_large))
    return broken, diagnostics


class _NativeBlock(Block):
    """A block whose body is made when it is asked for: most are never."""

    __slots__ = ("_made", "_written")

    def __init__(self, block: HclBlock, document: HclDocument, pointer: Pointer) -> None:
        self.kind = block.kind
        self.type = block.labels[0] if len(block.labels) == 2 else ""
        self.name = block.labels[-1]
        self.document: HclDocument = document
        self.pointer = in_file(document.path, pointer)
        self._written = block
        self._made: dict[str, object] | None = None

    @property
    def body(self) -> dict[str, object]:
        """What is written in it."""
        if self._made is None:
            self._made = body_tree(self._written.body, self.document.source.text)
        return self._made

    @body.setter
    def body(self, body: dict[str, object]) -> None:
        self._made = body
