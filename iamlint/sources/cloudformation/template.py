"""CloudFormation and SAM templates: from a parsed tree to policies, grants and diagnostics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeGuard

from iamlint.model import (
    Document,
    Extraction,
    Grant,
    Hole,
    Owner,
    Part,
    Pointer,
    Policy,
    PolicyKind,
    Value,
    When,
)
from iamlint.record import replace
from iamlint.sources.cloudformation.grants import read_grants
from iamlint.sources.cloudformation.intrinsics import join_when
from iamlint.sources.cloudformation.resource import Reading, Resource
from iamlint.sources.cloudformation.walk import Place
from iamlint.sources.documents import NOT_JSON, PolicyBuilder, parse_embedded, parse_leniently, type_name
from iamlint.sources.json_text import JsonSyntaxError
from iamlint.sources.locations import SELF, DocumentLocation, Locations, locations
from iamlint.sources.source import SourceOptions
from iamlint.sources.tree import At, Choice, Items, Segments, Unknown

__all__ = ["extract_nested_template", "extract_template", "is_template"]

_KINDS = {kind.value: kind for kind in PolicyKind} | {"resource-template": PolicyKind.RESOURCE}
_DOMAIN_GUARDS = ("VPCOptions", "AdvancedSecurityOptions")
"""Properties of a search domain that bound who gets in beside its policy: its network, its own users."""
_ORGANIZATION_KINDS = {"SERVICE_CONTROL_POLICY": PolicyKind.SCP, "RESOURCE_CONTROL_POLICY": PolicyKind.RCP}
_MAX_NESTING = 3
_FOR_EACH = "Fn::ForEach::"
_DYNAMIC = re.compile(r"\{\{resolve:[^{}]*\}\}")


def is_template(tree: object) -> TypeGuard[dict[str, object]]:
    """Say whether a tree is a CloudFormation or SAM template: it has `Resources`, and at least one of
    them has a type such as `AWS::IAM::Role`.
    """
    if not isinstance(tree, dict):
        return False
    resources = tree.get("Resources")
    if not isinstance(resources, dict):
        return False
    for name, resource in resources.items():
        if name.startswith(_FOR_EACH) and isinstance(resource, list) and len(resource) == 3:
            body = resource[2]
            resource = next(iter(body.values()), None) if isinstance(body, dict) else None  # noqa: PLW2901
        if isinstance(resource, dict):
            kind = resource.get("Type")
            if isinstance(kind, str) and "::" in kind:
                return True
    return False


def extract_template(tree: object, document: Document, options: SourceOptions) -> Extraction | None:
    """Return what a template holds, or None when the tree is no template.

    `tree` is what the JSON or YAML reader made of the file, `document` the file's places.
    """
    if not is_template(tree):
        return None
    return _Extractor(Reading(tree, document), options).extraction()


def extract_nested_template(
    tree: object,
    document: Document,
    options: SourceOptions,
    *,
    pointer: Pointer,
    address: str,
    nesting: int = 1,
) -> Extraction | None:
    """Return what a template holds that is written inside another file's text.

    `pointer` leads to the root of `tree` in `document`; `address` is put before the addresses of its
    resources (`Resources.Set.TemplateBody.`).
    """
    if not is_template(tree) or nesting > _MAX_NESTING:
        return None
    reading = Reading(tree, document, prefix=pointer, address=address, nesting=nesting)
    return _Extractor(reading, options).extraction()


class _Extractor:
    """Reads one template."""

    def __init__(self, reading: Reading, options: SourceOptions) -> None:
        self._reading = reading
        self._options = options
        self._locations: Locations = locations("cloudformation")
        self._policies: list[Policy] = []
        self._grants: list[Grant] = []
        self._attached: dict[str, list[tuple[str, str]]] | None = None
        self._boundaries: set[str] = set()

    def extraction(self) -> Extraction:
        for resource in self._resources():
            if resource.type.startswith("AWS::Serverless::") or "Connectors" in resource.body:
                from iamlint.sources.cloudformation.sam import read_sam

                policies, grants = read_sam(self._reading, resource)
                self._policies.extend(policies)
                self._grants.extend(grants)
            if self._locations.knows(resource.type):
                self._read_documents(resource)
                self._grants.extend(
                    read_grants(self._reading, resource, self._locations.grants(resource.type))
                )
        return Extraction(tuple(self._policies), tuple(self._grants), (), tuple(self._reading.diagnostics))

    # --- resources ----------------------------------------------------------------------------------

    def _resources(self) -> Iterator[Resource]:
        reading = self._reading
        pointer = (*reading.prefix, "Resources")
        for name, body in reading.resolver.resources.items():
            if name.startswith(_FOR_EACH):
                yield from self._loop(body, (*pointer, name), {}, 0)
                reading.resolver.bind({})
            elif name == "Fn::Transform":
                reading.note("unresolved", "Fn::Transform adds resources that are not read", (*pointer, name))
            else:
                yield from self._resource(name, body, (*pointer, name))

    def _resource(self, name: str, body: object, pointer: Pointer) -> Iterator[Resource]:
        if not isinstance(body, dict):
            message = f"a resource must be an object, not {type_name(body)}"
            self._reading.note("wrong-type", message, pointer, unjudged=body is not None)
            return
        kind = body.get("Type")
        if not isinstance(kind, str) or (kind[:5] != "AWS::" and "Connectors" not in body):
            return
        if not self._locations.knows(kind) and kind[:17] != "AWS::Serverless::" and "Connectors" not in body:
            return
        condition = body.get("Condition")
        when: When = ((condition, True),) if isinstance(condition, str) else ()
        owner = Owner(self._reading.walker.resource_address(name), kind, pointer)
        properties = self._reading.resolver.resolve(body.get("Properties"), (*pointer, "Properties"))
        if isinstance(properties, Unknown | Choice | Items | At):
            message = f"the properties of {name} cannot be read"
            unjudged = not isinstance(properties, Unknown)
            self._reading.note("unresolved", message, pointer, owner, unjudged=unjudged)
        elif properties is not None and not isinstance(properties, dict):
            message = f"the properties of {name} must be an object, not {type_name(properties)}"
            self._reading.note("wrong-type", message, (*pointer, "Properties"), owner, unjudged=True)
        if not isinstance(properties, dict):
            properties = {}
        yield Resource(name, kind, body, properties, pointer, owner, when)

    def _loop(
        self, body: object, pointer: Pointer, variables: dict[str, Hole], depth: int
    ) -> Iterator[Resource]:
        """Read the body of `Fn::ForEach` once, with a hole in the place of its variable."""
        if not isinstance(body, list) or len(body) != 3 or not isinstance(body[0], str) or depth > 8:
            message = "the loop is not of the form that Fn::ForEach takes"
            self._reading.note("unresolved", message, pointer, unjudged=True)
            return
        variable, collection, templates = body
        items = self._reading.walker.values(collection, (*pointer, 1))
        texts = [item.text for item in items]
        values = tuple(text for text in texts if text is not None) if None not in texts else ()
        inner = {**variables, variable: Hole("parameter", variable, values=values)}
        self._reading.resolver.bind(inner)
        if not isinstance(templates, dict):
            return
        for name, resource in templates.items():
            place = (*pointer, 2, name)
            if name.startswith(_FOR_EACH):
                yield from self._loop(resource, place, inner, depth + 1)
                self._reading.resolver.bind(inner)
                continue
            shown = name
            for each in inner:
                shown = shown.replace(f"${{{each}}}", f"<{each}>").replace(f"&{{{each}}}", f"<{each}>")
            yield from self._resource(shown, resource, place)

    # --- documents ----------------------------------------------------------------------------------

    def _read_documents(self, resource: Resource) -> None:
        for location in self._locations.documents(resource.type):
            if location.path[0] not in resource.properties or location.holds == "sam-policies":
                continue
            for place in self._reading.walker.places(resource.level, location.path):
                if not place.whole and location.path[0] != "Policies":
                    continue
                if location.kind == "template":
                    self._read_template(resource, place)
                else:
                    self._read_document(resource, location, place)

    def _read_document(self, resource: Resource, location: DocumentLocation, place: Place) -> None:
        kind = self._kind(resource, location)
        if kind is None:
            return
        reading = self._reading
        on, attachments = self._attachments(resource, location, place)
        if resource.type == "AWS::IAM::ManagedPolicy" and not attachments:
            self._index_managed_policies()
            # A boundary is given to the roles of other templates, by its name.
            if resource.logical_id in self._boundaries or "boundary" in resource.logical_id.lower():
                kind = PolicyKind.BOUNDARY
        name: Value | None = None
        if location.name is not None:
            for named in reading.walker.related(place, location.path, location.name):
                name = reading.walker.value(named.node, named.pointer)
                break
        policy = build_policy(reading, place, location.holds, resource.owner, kind)
        when = join_when(resource.when, place.when) or ()
        self._policies.append(replace(policy, name=name, on=on, attachments=attachments, when=when))

    def _kind(self, resource: Resource, location: DocumentLocation) -> PolicyKind | None:
        """Return the kind of a policy at a location; None for what is not of IAM's grammar."""
        if location.kind != "org":
            return _KINDS[location.kind]
        for node, pointer, _ in self._reading.walker.meanings(
            resource.properties.get("Type"), (*resource.properties_pointer, "Type")
        ):
            value = self._reading.walker.value(node, pointer)
            if value is None:
                continue
            hole = value.hole
            text = value.text if value.text is not None else hole.default if hole else None
            return _ORGANIZATION_KINDS.get(text or "SERVICE_CONTROL_POLICY")
        return PolicyKind.SCP

    def _attachments(
        self, resource: Resource, location: DocumentLocation, place: Place
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the neutral words and addresses of what a policy applies to."""
        own = resource.owner.address
        if location.targets == (SELF,):
            guarded = "es-domain" in location.on and any(map(resource.properties.get, _DOMAIN_GUARDS))
            return (*location.on, "guarded-domain") if guarded else location.on, (own,)
        walker = self._reading.walker
        parallel = len(location.targets) == len(location.on) > 1
        words: list[str] = []
        found: list[str] = []
        for index, target in enumerate(location.targets):
            wanted = location.on[index : index + 1] if parallel else location.on
            addresses = [
                address
                for named in walker.related(place, location.path, target)
                for address in walker.addresses(*self._written(named), wanted)
            ]
            if addresses and parallel:
                words.extend(wanted)
            found.extend(addresses)
        if resource.type == "AWS::IAM::ManagedPolicy":
            for word, address in self._index_managed_policies().get(resource.logical_id, ()):
                words.append(word)
                found.append(address)
        on = tuple(dict.fromkeys(words)) if parallel else location.on
        return on, tuple(dict.fromkeys(found))

    def _written(self, place: Place) -> tuple[object, Pointer]:
        """Return the unresolved node at a place, so that a reference is still one."""
        node = self._reading.node_at(place.anchor)
        return (node, place.anchor) if node is not None else (place.node, place.pointer)

    def _index_managed_policies(self) -> dict[str, list[tuple[str, str]]]:
        """Return, by logical id, what the template's managed policies are attached to elsewhere, and
        note those that some permissions boundary names.
        """
        if self._attached is not None:
            return self._attached
        attached: dict[str, list[tuple[str, str]]] = {}
        self._attached = attached
        reading = self._reading
        prefix = reading.walker.resource_address("")
        nodes: list[tuple[object, Pointer]] = []
        for name, body in reading.resolver.resources.items():
            if not isinstance(body, dict):
                continue
            properties, kind = body.get("Properties"), body.get("Type")
            if not isinstance(properties, dict) or not isinstance(kind, str):
                continue
            pointer = (*reading.prefix, "Resources", name, "Properties")
            word = _ATTACHING.get(kind)
            if word is not None:
                for key in ("ManagedPolicyArns", "Policies"):
                    if key not in properties or (key == "Policies" and "Serverless" not in kind):
                        continue
                    for address in reading.walker.addresses(properties[key], (*pointer, key), ("policy",)):
                        if address.startswith(prefix):
                            held = attached.setdefault(address[len(prefix) :], [])
                            held.append((word, reading.walker.resource_address(name)))
            if "PermissionsBoundary" in properties:
                nodes.append((properties["PermissionsBoundary"], (*pointer, "PermissionsBoundary")))
        for section in ("Function", "StateMachine"):
            nodes.extend(
                (value, place)
                for key, value, place in reading.global_properties(section)
                if key == "PermissionsBoundary"
            )
        for node, pointer in nodes:
            for address in reading.walker.addresses(node, pointer, ("policy",)):
                if address.startswith(prefix):
                    self._boundaries.add(address[len(prefix) :])
        return attached

    # --- templates in templates ---------------------------------------------------------------------

    def _read_template(self, resource: Resource, place: Place) -> None:
        """Read the template that is written as text in a property."""
        reading = self._reading
        address = f"{resource.owner.address}.{place.location}."
        raw = reading.node_at(place.pointer)
        if not isinstance(place.node, str) or not isinstance(raw, str):
            message = "the nested template cannot be read"
            unjudged = not isinstance(place.node, Unknown)
            reading.note("unread-document", message, place.anchor, resource.owner, unjudged=unjudged)
            return
        nested: Extraction | None = None
        try:
            tree, step, _ = parse_embedded((raw,), (0,))
            nested = extract_nested_template(
                tree,
                reading.document,
                self._options,
                pointer=(*place.pointer, step),
                address=address,
                nesting=reading.nesting + 1,
            )
        except JsonSyntaxError:
            nested = self._read_yaml_template(raw, place, address)
        if nested is None:
            message = "the nested template cannot be read"
            reading.note("unread-document", message, place.anchor, resource.owner, unjudged=True)
            return
        self._policies.extend(nested.policies)
        self._grants.extend(nested.grants)
        reading.diagnostics.extend(nested.diagnostics)

    def _read_yaml_template(self, raw: str, place: Place, address: str) -> Extraction | None:
        from iamlint.sources.cloudformation.nested import nested_yaml

        document = nested_yaml(raw, self._reading.document, place.pointer)
        if document is None:
            return None
        return extract_nested_template(
            document.tree,
            document,
            self._options,
            pointer=(),
            address=address,
            nesting=self._reading.nesting + 1,
        )


_ATTACHING = {
    "AWS::IAM::Role": "role",
    "AWS::IAM::User": "user",
    "AWS::IAM::Group": "group",
    "AWS::Serverless::Function": "role",
    "AWS::Serverless::StateMachine": "role",
}


def build_policy(reading: Reading, place: Place, holds: str, owner: Owner, kind: PolicyKind) -> Policy:
    """Return the policy that a place holds, whether it is written as an object or as text."""
    text = _document_text(reading, place)
    if text is None:
        policy = _policy_of(reading.builder, reading.document, place.node, place.pointer, holds, owner, kind)
    else:
        parts, offsets, pointer = text
        try:
            tree, step, resolver, slip = parse_leniently(parts, offsets)
        except JsonSyntaxError as error:
            message = f"the policy is text that is not JSON: {error}"
            reading.note("unread-document", message, place.anchor, owner, unjudged=True)
            known = all(isinstance(part, str) for part in parts)
            hole = Unknown(Hole(NOT_JSON, str(error)) if known else Hole("unknown", "text"))
            policy = reading.builder.policy(hole, place.pointer, owner=owner, kind=kind)
        else:
            builder = PolicyBuilder(reading.document, resolver)
            policy = _policy_of(builder, reading.document, tree, (*pointer, step), holds, owner, kind, slip)
    if isinstance(place.node, Unknown):
        message = f"the policy is decided elsewhere: {place.node.hole}"
        reading.note("unread-document", message, place.anchor, owner)
    return replace(policy, anchor=place.anchor, location=place.location)


def _policy_of(
    builder: PolicyBuilder,
    document: Document,
    node: object,
    pointer: Pointer,
    holds: str,
    owner: Owner,
    kind: PolicyKind,
    error: str | None = None,
) -> Policy:
    bare = holds == "statements" or (
        holds == "statements-or-document" and isinstance(node, dict) and "Statement" not in node
    )
    if not bare or isinstance(node, Unknown) or node is None:
        return builder.policy(node, pointer, owner=owner, kind=kind, error=error)
    statements, faults = builder.statements(node, pointer)
    return Policy(
        kind,
        document,
        pointer,
        pointer,
        owner,
        "",
        None,
        (),
        (),
        None,
        None,
        statements,
        faults,
        remarks=builder.remarks(),
    )


def _document_text(
    reading: Reading, place: Place
) -> tuple[tuple[Part, ...], tuple[int, ...], Pointer] | None:
    """Return the parts of a document that is written as text, the offset of each in the decoded text,
    and the pointer of that text; None for a document that is no text.
    """
    node = place.node
    if not isinstance(node, str | Segments):
        return None
    raw = reading.node_at(place.pointer)
    if isinstance(raw, str):
        parts, offsets = _text_pieces(raw)
        return parts, offsets, place.pointer
    if isinstance(raw, dict) and len(raw) == 1 and "Fn::Sub" in raw:
        argument = raw["Fn::Sub"]
        inner = (*place.pointer, "Fn::Sub")
        pieces = reading.resolver.sub_pieces(argument, inner)
        if pieces is not None:
            pointer = inner if isinstance(argument, str) else (*inner, 0)
            return tuple(pieces[0]), tuple(pieces[1]), pointer
    parts = (node,) if isinstance(node, str) else node.parts
    starts = []
    at = 0
    for part in parts:
        starts.append(at)
        at += len(part) if isinstance(part, str) else 1
    return parts, tuple(starts), place.pointer


def _text_pieces(text: str) -> tuple[tuple[Part, ...], tuple[int, ...]]:
    """Cut dynamic references out of a text; each is a hole."""
    parts: list[Part] = []
    offsets: list[int] = []
    at = 0
    for match in _DYNAMIC.finditer(text):
        if match.start() > at:
            parts.append(text[at : match.start()])
            offsets.append(at)
        parts.append(Hole("dynamic-reference", match[0][2:-2]))
        offsets.append(match.start())
        at = match.end()
    if at < len(text) or not parts:
        parts.append(text[at:])
        offsets.append(at)
    return tuple(parts), tuple(offsets)
