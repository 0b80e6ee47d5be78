"""The files of modules, in either syntax: which are read, and how they become modules.

Files of one directory are one module. Those that no word makes worth reading are left alone, unless a
module that matters calls them. `terraform.tfvars` and `*.auto.tfvars` set variables of the module that
they lie in; what else sets variables is given on the command line, which nobody knows here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from iamlint.model import BrokenFile, Diagnostic, Pointer
from iamlint.record import field, record
from iamlint.sources.credential_marks import may_hold_credentials
from iamlint.sources.source import SourceFile, syntax_diagnostic
from iamlint.sources.terraform.document import ModuleFiles
from iamlint.sources.terraform.module import Module, Written
from iamlint.sources.terraform.places import in_file
from iamlint.sources.text import UnreadableTextError

__all__ = ["Modules", "called_directory", "read_modules"]

_NATIVE = (".tf", ".tofu")
_LOCAL_SOURCE = re.compile(rb"""source\s*+=\s*+"\.\.?/""")


@record(frozen=False)
class Modules:
    """Modules by directory, and what could not be read."""

    by_directory: dict[str, Module] = field(default_factory=dict)
    broken: list[BrokenFile] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


@record(frozen=False)
class _Directory:
    sources: list[SourceFile] = field(default_factory=list)
    variables: list[SourceFile] = field(default_factory=list)


def read_modules(files: Sequence[SourceFile], documents: ModuleFiles) -> Modules:
    """Return the modules that `files` make. Each file that was read is added to `documents`."""
    directories: dict[str, _Directory] = {}
    for file in files:
        directory = directories.setdefault(file.path.rpartition("/")[0], _Directory())
        (directory.variables if _sets_variables(file.path) else directory.sources).append(file)
    modules = Modules()
    pending = [name for name, directory in directories.items() if any(map(_matters, directory.sources))]
    while pending:
        name = pending.pop()
        if name in modules.by_directory:
            continue
        _read(name, directories[name], documents, modules)
        pending.extend(target for target in _called(modules.by_directory[name]) if target in directories)
    return modules


def called_directory(directory: str, source: object) -> str | None:
    """Return the directory of a local module by the source that a call in `directory` names."""
    if not isinstance(source, str) or not source.startswith(("./", "../")):
        return None
    found = posixpath.normpath(posixpath.join(directory or ".", source))
    return "" if found == "." else found


def _called(module: Module) -> Iterator[str]:
    for block in module.calls.values():
        target = called_directory(module.directory, block.body.get("source"))
        if target is not None:
            yield target


def _sets_variables(path: str) -> bool:
    return path.endswith((".tfvars", ".tfvars.json"))


def _matters(file: SourceFile) -> bool:
    """Say whether a file could hold anything for us, or calls a module that does."""
    data = file.data
    return (
        file.named
        or not file.path.endswith(_NATIVE)
        or b"aws_" in data
        or b"Statement" in data
        or b"\0" in data[:4]
        or _LOCAL_SOURCE.search(data) is not None
        or may_hold_credentials(data.decode("latin-1"))
    )


def _read(name: str, directory: _Directory, documents: ModuleFiles, modules: Modules) -> None:
    from iamlint.sources.terraform.json_syntax import is_override

    module = modules.by_directory[name] = Module(name)
    for file in sorted(directory.sources, key=lambda one: (is_override(one.path), one.path)):
        try:
            file.text()
        except UnreadableTextError as error:
            modules.diagnostics.append(
                Diagnostic(file.path, "not-text", str(error), error.line, 1, unjudged=True)
            )
            continue
        if file.path.endswith(_NATIVE):
            from iamlint.sources.terraform.hcl_module import read_hcl

            broken, diagnostics = read_hcl(module, file, documents, override=is_override(file.path))
        else:
            from iamlint.sources.terraform.json_syntax import read_json

            broken, diagnostics = read_json(module, file, documents)
        modules.broken.extend(broken)
        modules.diagnostics.extend(diagnostics)
    for file in _in_order(directory.variables):
        values, diagnostics = _assigned(file, documents)
        module.assigned.update(values)
        modules.diagnostics.extend(diagnostics)


def _in_order(files: Iterable[SourceFile]) -> list[SourceFile]:
    """Return files of variables in the order in which Terraform reads them; a later one counts more."""

    def order(file: SourceFile) -> tuple[bool, str]:
        name = file.path.rpartition("/")[2]
        return not name.startswith("terraform.tfvars"), name

    return sorted(files, key=order)


def _assigned(file: SourceFile, documents: ModuleFiles) -> tuple[dict[str, Written], list[Diagnostic]]:
    try:
        text = file.text()
    except UnreadableTextError as error:
        return {}, [Diagnostic(file.path, "not-text", str(error), error.line, 1, unjudged=True)]
    if file.path.endswith(".json"):
        from iamlint.sources.terraform.json_syntax import assigned_in_json

        return assigned_in_json(file, documents)
    from iamlint.sources.terraform.hcl_document import HclDocument
    from iamlint.sources.terraform.hcl_syntax import parse_hcl, value_of

    parsed = parse_hcl(text.text)
    documents[file.path] = HclDocument(text, parsed, documents)
    diagnostics = [
        syntax_diagnostic(file.path, *text.position(error.start), f"not HCL: {error.message}")
        for error in parsed.errors
    ]
    place: Pointer = ()
    return {
        one.name: Written(value_of(parsed.text[one.start : one.end]), in_file(file.path, (*place, one.name)))
        for one in parsed.body.attributes.values()
    }, diagnostics
