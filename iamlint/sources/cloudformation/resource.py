"""One resource of a template, as the parts of the extractor hand it around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.model import Diagnostic, Document, Owner, Pointer, Span, When
from iamlint.record import record
from iamlint.sources.cloudformation.intrinsics import TemplateResolver
from iamlint.sources.cloudformation.walk import Walker
from iamlint.sources.documents import PolicyBuilder

__all__ = ["Reading", "Resource"]


@record
class Resource:
    """A resource with its logical id, its type, and its properties resolved one level deep."""

    logical_id: str
    type: str
    body: Mapping[str, object]
    properties: dict[str, object]
    pointer: Pointer
    owner: Owner
    when: When

    @property
    def properties_pointer(self) -> Pointer:
        """Where the properties are written."""
        return (*self.pointer, "Properties")

    @property
    def level(self) -> tuple[object, Pointer, When]:
        """The properties as the start of a walk."""
        return self.properties, self.properties_pointer, self.when


class Reading:
    """What all parts of the extractor share while one template is read."""

    def __init__(
        self,
        tree: Mapping[str, object],
        document: Document,
        *,
        prefix: Pointer = (),
        address: str = "",
        nesting: int = 0,
    ) -> None:
        self.tree = tree
        self.document = document
        self.prefix = prefix
        self.address = address
        self.nesting = nesting
        self.resolver = TemplateResolver(tree)
        self.walker = Walker(self.resolver, prefix=prefix, address=address)
        self.builder = PolicyBuilder(document, self.resolver)
        self.diagnostics: list[Diagnostic] = []

    def note(
        self,
        code: str,
        message: str,
        pointer: Pointer,
        owner: Owner | None = None,
        *,
        unjudged: bool = False,
    ) -> None:
        """Record that the node at `pointer` could not be read, or not in full; `unjudged` if it stands
        here and may grant access (see Diagnostic)."""
        self.note_span(code, message, self.document.key_span(pointer), owner, unjudged=unjudged)

    def note_span(
        self, code: str, message: str, span: Span, owner: Owner | None = None, *, unjudged: bool = False
    ) -> None:
        """Record the same of a place."""
        lines = self.document.has_lines
        self.diagnostics.append(
            Diagnostic(
                self.document.path,
                code,
                message,
                span.start_line if lines else None,
                span.start_column if lines else None,
                owner.address if owner else None,
                unjudged=unjudged,
            )
        )

    def node_at(self, pointer: Pointer) -> object:
        """Return the node that is written at `pointer`, unresolved; None where there is none."""
        node: object = self.tree
        for step in pointer[len(self.prefix) :]:
            if isinstance(node, dict) and isinstance(step, str):
                node = node.get(step)
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):
                node = node[step]
            else:
                return None
        return node

    def global_properties(self, section: str) -> Iterator[tuple[str, object, Pointer]]:
        """Yield name, node and place of what SAM's `Globals` say for resources of one section."""
        holder = self.tree.get("Globals")
        found = holder.get(section) if isinstance(holder, dict) else None
        if isinstance(found, dict):
            for key, value in found.items():
                yield key, value, (*self.prefix, "Globals", section, key)
