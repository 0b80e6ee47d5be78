"""The files of modules to policies, with local modules called as Terraform calls them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iamlint.model import Document, Extraction, Grant, Hole, Pointer, Policy
from iamlint.record import record, replace
from iamlint.sources.credential_marks import may_hold_credentials
from iamlint.sources.locations import locations
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.terraform.document import ModuleFiles, SourceDocument
from iamlint.sources.terraform.evaluate import Context, Instance
from iamlint.sources.terraform.files import called_directory, read_modules
from iamlint.sources.terraform.meaning import known_text
from iamlint.sources.terraform.module import Block, Module
from iamlint.sources.terraform.policies import PolicyReader
from iamlint.sources.terraform.targets import NAME_ARGUMENTS, NAMED_TYPES
from iamlint.sources.tree import Unknown

__all__ = ["extract_module"]

_NODES_PER_CHARACTER = 20
_LEAST_NODES = 2_000_000
_MAX_INSTANCES = 200
_MAX_MODULE_DEPTH = 8
_META_ARGUMENTS = frozenset({"source", "version", "count", "for_each", "providers", "depends_on", "//"})


def extract_module(files: Sequence[SourceFile], options: SourceOptions) -> Extraction:
    """Return what the files of one directory, or of several that call each other, hold.

    A directory that another one of `files` calls as a local module is read once for each call, with
    its inputs bound; any other is read by itself. Never raises for what the files hold.
    """
    documents: ModuleFiles = {}
    found = read_modules(files, documents)
    modules = found.by_directory
    size = sum(len(file.data) for file in files)
    context = Context(options, documents, _LEAST_NODES + size * _NODES_PER_CHARACTER, found.diagnostics)
    programs: dict[str, list[Instance]] = {}
    for instance in _instances(modules, context):
        programs.setdefault(instance.root, []).append(instance)
    # Addresses are those of one root module: two of them may well have the same.
    parts = [_read(instances, options) for instances in programs.values()]
    policies = [policy for part in parts for policy in part.policies]
    if sum(map(len, programs.values())) > len(modules):
        policies = list(_once(policies))
        kept = set(map(id, policies))
        parts = [
            replace(part, policies=tuple(one for one in part.policies if id(one) in kept)) for part in parts
        ]
    credentials = tuple(_credentials(documents))
    if credentials:
        parts.append(Extraction(grants=credentials))
    return Extraction(
        policies=tuple(policies),
        grants=tuple(grant for part in parts for grant in part.grants),
        broken=tuple(found.broken),
        diagnostics=(*context.diagnostics, *(one for part in parts for one in part.diagnostics)),
        parts=tuple(parts) if len(parts) > 1 else (),
    )


def _read(instances: Sequence[Instance], options: SourceOptions) -> Extraction:
    """Return what a root module holds with all that it calls."""
    resources = [
        BlockResource(instance, block)
        for instance in instances
        for block in instance.module.blocks
        if _matters(block) and not instance.is_absent(block)
    ]
    return PolicyReader(resources, ModuleNames(instances), options).read()


def _credentials(documents: ModuleFiles) -> Iterator[Grant]:
    """Yield what the files of modules give away."""
    for document in documents.values():
        if isinstance(document, SourceDocument) and may_hold_credentials(document.source.text):
            from iamlint.sources.terraform.credentials import module_credentials

            yield from module_credentials(document.tree, document)


def _matters(block: Block) -> bool:
    if block.kind == "data":
        return block.type == "aws_iam_policy_document"
    return locations("terraform").knows(block.type)


@record
class BlockResource:
    """A block of a module as a resource."""

    instance: Instance
    block: Block

    @property
    def address(self) -> str:
        """The address that Terraform prints."""
        return self.instance.address(self.block)

    @property
    def type(self) -> str:
        """The type; that of a data source starts with `data.`."""
        return f"data.{self.block.type}" if self.block.kind == "data" else self.block.type

    @property
    def document(self) -> Document:
        """The file that the block is written in."""
        return self.block.document

    @property
    def pointer(self) -> Pointer:
        """The place of the body."""
        return self.block.pointer

    def argument(self, name: str) -> tuple[object, Pointer] | None:
        """Return what an argument, or the nested blocks of a name, come to; None where absent."""
        return self.instance.argument(self.block, name)


def _instances(modules: Mapping[str, Module], context: Context) -> Iterator[Instance]:
    """Yield the modules that nothing calls, and below each the modules that it calls."""
    called = {target for module in modules.values() for _, target in _local_calls(module, modules)}
    roots = [module for directory, module in sorted(modules.items()) if directory not in called]
    covered: set[str] = set()
    count = 0
    for root in roots or [module for _, module in sorted(modules.items())][:1]:
        for instance in _below(Instance(root, context), modules, (root.directory,)):
            covered.add(instance.module.directory)
            yield instance
            count += 1
            if count >= _MAX_INSTANCES:
                break
    # Modules that only call each other, and those beyond the bounds, are read by themselves.
    for directory, module in sorted(modules.items()):
        if directory not in covered:
            yield Instance(module, context)


def _below(instance: Instance, modules: Mapping[str, Module], path: tuple[str, ...]) -> Iterator[Instance]:
    calls = [
        (block, target)
        for block, target in _local_calls(instance.module, modules)
        if target not in path and not instance.is_absent(block)
    ]
    children = []
    for block, target in calls:
        inputs = _Inputs(instance, block)
        prefix = f"{instance.address(block)}."
        child = Instance(modules[target], instance.context, prefix=prefix, inputs=inputs, root=instance.root)
        instance.children[block.name] = child
        children.append((child, target))
    yield instance
    if len(path) < _MAX_MODULE_DEPTH:
        for child, target in children:
            yield from _below(child, modules, (*path, target))


def _local_calls(module: Module, modules: Mapping[str, Module]) -> Iterator[tuple[Block, str]]:
    """Yield the module calls with a source among the directories that were read."""
    for block in module.calls.values():
        directory = called_directory(module.directory, block.body.get("source"))
        if directory is not None and directory in modules:
            yield block, directory


class _Inputs(Mapping[str, object]):
    """The arguments of a module call, worked out when the child asks for them."""

    def __init__(self, parent: Instance, block: Block) -> None:
        self._parent = parent
        self._block = block
        self._known: dict[str, object] = {}
        self._active: set[str] = set()

    def __getitem__(self, name: str) -> object:
        if name in _META_ARGUMENTS or name not in self._block.body:
            raise KeyError(name)
        if name in self._known:
            return self._known[name]
        if name in self._active:
            return Unknown(Hole("variable", f"var.{name}"))
        written = self._block.written(name)
        assert written is not None
        self._active.add(name)
        try:
            value = self._known[name] = self._parent.input(written, self._parent.scope(self._block))
        finally:
            self._active.discard(name)
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._block.body and name not in _META_ARGUMENTS

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._block.body if name not in _META_ARGUMENTS)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class ModuleNames:
    """Finds the resources of a unit by their literal names."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self._instances = instances
        self._known: dict[str, dict[str, str]] = {}

    def find(self, word: str, name: str) -> str | None:
        """Return the address of the resource that `word` means whose name is known to be `name`."""
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = {}
            for instance in self._instances:
                for block in instance.module.blocks:
                    if block.kind == "resource" and block.type in NAMED_TYPES.get(word, ()):
                        argument = instance.argument(block, NAME_ARGUMENTS.get(block.type, "name"))
                        text = known_text(argument[0]) if argument is not None else None
                        if text:
                            known.setdefault(text, instance.address(block))
        return known.get(name)


def _once(policies: Sequence[Policy]) -> Iterator[Policy]:
    """Leave out what a further call of a module repeats word for word."""
    seen: dict[tuple[int, Pointer], list[Policy]] = {}
    for policy in policies:
        same = seen.setdefault((id(policy.document), policy.pointer), [])
        if any(other.statements == policy.statements and other.kind is policy.kind for other in same):
            continue
        same.append(policy)
        yield policy
