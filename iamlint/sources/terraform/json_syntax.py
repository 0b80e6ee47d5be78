"""Terraform's JSON syntax (`*.tf.json`) as modules.

Source: Terraform language documentation, JSON Configuration Syntax: labels are nested objects, a body
is an object or a list of objects at any level, `//` is a comment, every string is a template, and the
files `override.tf.json` and `*_override.tf.json` are merged over the others, argument by argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iamlint.model import BrokenFile, Diagnostic, Pointer
from iamlint.record import replace
from iamlint.sources.json_text import JsonSyntaxError, parse_json
from iamlint.sources.source import SourceFile, syntax_diagnostic
from iamlint.sources.terraform.document import ModuleFiles, TerraformJsonDocument
from iamlint.sources.terraform.module import Block, Module, Written
from iamlint.sources.terraform.places import in_file
from iamlint.sources.text import UnreadableTextError
from iamlint.sources.tree import At

__all__ = ["read_modules"]

_LABELS = {"resource": 2, "data": 2, "variable": 1, "output": 1, "module": 1, "locals": 0}
_COMMENT = "//"
_MAX_NESTING = 20


def read_modules(
    files: Sequence[SourceFile], documents: ModuleFiles
) -> tuple[dict[str, Module], list[BrokenFile], list[Diagnostic]]:
    """Return the modules that `files` make, by directory, and what could not be read.

    Each file that was read is added to `documents`.
    """
    modules: dict[str, Module] = {}
    broken: list[BrokenFile] = []
    diagnostics: list[Diagnostic] = []
    for file in sorted(files, key=lambda file: (_is_override(file.path), file.path)):
        directory = file.path.rpartition("/")[0]
        module = modules.setdefault(directory, Module(directory))
        try:
            text = file.text()
        except UnreadableTextError as error:
            diagnostics.append(Diagnostic(file.path, "not-text", str(error), error.line, 1, unjudged=True))
            continue
        try:
            tree, repeated = parse_json(text.text)
        except JsonSyntaxError as error:
            offset = min(error.offset, len(text.text))
            line, column = text.position(offset)
            diagnostic = syntax_diagnostic(file.path, line, column, f"not JSON: {error}")
            if error.limit:
                diagnostic = replace(diagnostic, code="too-large", message=f"not read: {error}")
            diagnostics.append(diagnostic)
            if file.named or "olicy" in text.text:
                span = text.span(offset, min(offset + 1, len(text.text)))
                broken.append(BrokenFile(span, "JSON", str(error), error.limit))
            continue
        document = TerraformJsonDocument(text, tree, documents, repeated=repeated)
        documents[file.path] = document
        if repeated:
            diagnostics.extend(_repeated(document))
        _Reader(module, document, diagnostics, override=_is_override(file.path)).file(tree)
    return modules, broken, diagnostics


def _is_override(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name == "override.tf.json" or name.endswith("_override.tf.json")


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
            for kind, count in _LABELS.items():
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
        module, document = self._module, self._document
        if kind == "locals":
            for name, value in body.items():
                if name != _COMMENT and (self._override or name not in module.locals):
                    module.locals[name] = Written(value, in_file(document.path, (*pointer, name)))
            return
        block_type, name = labels if len(labels) == 2 else ("", labels[0])
        present = module.find(kind, block_type, name) if self._override else None
        if present is None:
            module.add(Block(kind, block_type, name, body, document, in_file(document.path, pointer)))
            return
        replaced: dict[str, object] = {
            key: At(value, in_file(document.path, (*pointer, key))) for key, value in body.items()
        }
        present.body = present.body | replaced
