"""The blocks of a file of the native syntax as blocks of its module."""

from __future__ import annotations

from iamlint.model import BrokenFile, Diagnostic, Pointer
from iamlint.record import replace
from iamlint.sources.source import SourceFile, syntax_diagnostic
from iamlint.sources.terraform.document import ModuleFiles
from iamlint.sources.terraform.hcl_document import HclDocument, body_tree
from iamlint.sources.terraform.hcl_syntax import HclBlock, HclFile, parse_hcl
from iamlint.sources.terraform.json_syntax import LABELS, add_block
from iamlint.sources.terraform.module import Module

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
        if LABELS.get(block.kind) == len(block.labels):
            _add(module, document, parsed, pointer, block, override=override)
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


def _add(
    module: Module,
    document: HclDocument,
    parsed: HclFile,
    pointer: Pointer,
    block: HclBlock,
    *,
    override: bool,
) -> None:
    add_block(
        module,
        block.kind,
        block.labels,
        body_tree(parsed, block.body),
        document,
        pointer,
        override=override,
    )
