"""Terraform's JSON syntax (`*.tf.json`) as modules.

Source: Terraform language documentation, JSON Configuration Syntax: labels are nested objects, a body
is an object or a list of objects at any level, `//` is a comment, every string is a template, and the
files `override.tf.json` and `*_override.tf.json` are merged over the others, argument by argument.
"""

from __future__ import annotations

from collections.abc import Iterator

from iamlint.model import BrokenFile, Diagnostic, Pointer
from iamlint.record import replace
from iamlint.sources.json_text import JsonSyntaxError, parse_json
from iamlint.sources.source import SourceFile, syntax_diagnostic
from iamlint.sources.terraform.document import ModuleDocument, ModuleFiles, TerraformJsonDocument
from iamlint.sources.terraform.module import Block, Module, Written
from iamlint.sources.terraform.places import in_file
from iamlint.sources.tree import At

__all__ = ["LABELS", "add_block", "assigned_in_json", "is_override", "read_json"]

LABELS = {"resource": 2, "data": 2, "variable": 1, "output": 1, "module": 1, "locals": 0}
_COMMENT = "//"
_MAX_NESTING = 20


def read_json(
    module: Module, file: SourceFile, documents: ModuleFiles
) -> tuple[list[BrokenFile], list[Diagnostic]]:
    """Add what a file holds to its module, and the file to `documents`; return what could not be read."""
    text = file.text()
    try:
        tree, repeated = parse_json(text.text)
    except JsonSyntaxError as error:
        offset = min(error.offset, len(text.text))
        line, column = text.position(offset)
        diagnostic = syntax_diagnostic(file.path, line, column, f"not JSON: {error}")
        if error.limit:
            diagnostic = replace(diagnostic, code="too-large", message=f"not read: {error}")
        if not file.named and "olicy" not in text.text:
            return [], [diagnostic]
        span = text.span(offset, min(offset + 1, len(text.text)))
        return [BrokenFile(span, "JSON", str(error), error.limit)], [diagnostic]
    diagnostics: list[Diagnostic] = []
    document = TerraformJsonDocument(text, tree, documents, repeated=repeated)
    documents[file.path] = document
    if repeated:
        diagnostics.extend(_repeated(document))
    _Reader(module, document, diagnostics, override=is_override(file.path)).file(tree)
    return [], diagnostics


def assigned_in_json(file: SourceFile, documents: ModuleFiles) -> tuple[dict[str, Written], list[Diagnostic]]:
    """Return the values that a file of variables (`*.tfvars.json`) sets."""
    text = file.text()
    try:
        tree, _ = parse_json(text.text)
    except JsonSyntaxError as error:
        line, column = text.position(min(error.offset, len(text.text)))
        return {}, [syntax_diagnostic(file.path, line, column, f"not JSON: {error}")]
    documents[file.path] = TerraformJsonDocument(text, tree, documents)
    members = tree.items() if isinstance(tree, dict) else ()
    return {name: Written(value, in_file(file.path, (name,))) for name, value in members}, []


def is_override(path: str) -> bool:
    """Say whether a file is merged over the others of its directory."""
    name = path.rpartition("/")[2].removesuffix(".json").rpartition(".")[0]
    return name == "override" or name.endswith("_override")


def _repeated(document: TerraformJsonDocument) -> Iterator[Diagnostic]:
    for key, span in document.repeated_keys():
        if key != _COMMENT:
            message = f"the key {key[:60]!r} is written twice; the last one counts"
            yield Diagnostic(span.path, "repeated-key", message, span.start_line, span.start_column)


class _Reader:
    """Reads the blocks of one file into a module."""

    def __init__(
        self,
        module: Module,
        document: TerraformJsonDocument,
        diagnostics: list[Diagnostic],
        *,
        override: bool,
    ) -> None:
        self._module = module
        self._document = document
        self._diagnostics = diagnostics
        self._override = override

    def file(self, tree: object) -> None:
        """Read the whole file."""
        for _, root, pointer in self._bodies(tree, (), 0, 0):
            for kind, count in LABELS.items():
                if kind not in root:
                    continue
                for labels, body, place in self._bodies(root[kind], (*pointer, kind), count, 0):
                    self._block(kind, labels, body, place)

    def _bodies(
        self, node: object, pointer: Pointer, labels: int, depth: int
    ) -> Iterator[tuple[tuple[str, ...], dict[str, object], Pointer]]:
        """Yield (labels, body, pointer) for each block below `node`, through lists at any level."""
        if isinstance(node, list) and depth < _MAX_NESTING:
            for index, item in enumerate(node):
                yield from self._bodies(item, (*pointer, index), labels, depth + 1)
        elif isinstance(node, dict):
            if labels == 0:
                yield (), node, pointer
                return
            for label, inner in node.items():
                if label == _COMMENT:
                    continue
                for more, body, place in self._bodies(inner, (*pointer, label), labels - 1, depth):
                    yield (label, *more), body, place
        elif node is not None:
            span = self._document.span(pointer)
            message = "a block must be an object or a list of objects"
            diagnostic = Diagnostic(
                span.path, "wrong-type", message, span.start_line, span.start_column, unjudged=True
            )
            self._diagnostics.append(diagnostic)

    def _block(self, kind: str, labels: tuple[str, ...], body: dict[str, object], pointer: Pointer) -> None:
        add_block(self._module, kind, labels, body, self._document, pointer, override=self._override)


def add_block(
    module: Module,
    kind: str,
    labels: tuple[str, ...],
    body: dict[str, object],
    document: ModuleDocument,
    pointer: Pointer,
    *,
    override: bool,
) -> None:
    """Add a block of a file to a module; one of an override file is merged over what is there."""
    if kind == "locals":
        for name, value in body.items():
            if name != _COMMENT and (override or name not in module.locals):
                module.locals[name] = Written(value, in_file(document.path, (*pointer, name)))
        return
    block_type, name = labels if len(labels) == 2 else ("", labels[0])
    present = module.find(kind, block_type, name) if override else None
    if present is None:
        module.add(Block(kind, block_type, name, body, document, in_file(document.path, pointer)))
        return
    replaced: dict[str, object] = {
        key: At(value, in_file(document.path, (*pointer, key))) for key, value in body.items()
    }
    present.body = present.body | replaced
