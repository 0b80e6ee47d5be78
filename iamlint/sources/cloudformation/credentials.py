"""What a template gives away: credentials that are written in it, and secrets that its outputs show."""

from __future__ import annotations

from collections.abc import Iterator

from iamlint.model import Document, Grant, Hole, Owner, Pointer, Value
from iamlint.sources.cloudformation.resource import Reading
from iamlint.sources.credentials import Credential, credential_grants, credentials_of_tree, stored_secret

__all__ = ["template_credentials"]

_AUTHENTICATION = "AWS::CloudFormation::Authentication"
# CloudFormation Template Reference, AWS::CloudFormation::Authentication.
_SECRETS = {"accessKeyId": "an access key id", "secretKey": "a secret access key", "password": "a password"}
_KEY_TYPES = frozenset({"AWS::IAM::AccessKey"})
_SECRET_ATTRIBUTES = frozenset({"SecretAccessKey"})


def template_credentials(tree: dict[str, object], document: Document) -> Iterator[Grant]:
    """Yield a grant for each place of a template that holds credentials or shows a secret."""
    reading = Reading(tree, document)
    for section in ("Parameters", "Mappings", "Globals", "Outputs", "Resources"):
        members = tree.get(section)
        if not isinstance(members, dict):
            continue
        for name, body in members.items():
            owner = Owner(f"{section}.{name}", _type_of(section, body), (section, name))
            place = "parameter" if section == "Parameters" else ""
            searched = (
                {key: value for key, value in body.items() if key != "Metadata"}
                if isinstance(body, dict)
                else body
            )
            yield from credential_grants(document, owner, credentials_of_tree(searched, owner.pointer), place)
            if isinstance(body, dict):
                found = stored_secret(owner, body.get("Properties"), (*owner.pointer, "Properties"))
                yield from credential_grants(document, owner, found, "parameter")
                if "Metadata" in body:
                    yield from _metadata(reading, owner, body["Metadata"])
                if section == "Outputs" and "Value" in body:
                    yield from _shown(reading, owner, body["Value"])


def _type_of(section: str, body: object) -> str | None:
    kind = body.get("Type") if isinstance(body, dict) and section == "Resources" else None
    return kind if isinstance(kind, str) else None


def _metadata(reading: Reading, owner: Owner, node: object) -> Iterator[Grant]:
    pointer = (*owner.pointer, "Metadata")
    rest = node
    if isinstance(node, dict) and _AUTHENTICATION in node:
        rest = {key: value for key, value in node.items() if key != _AUTHENTICATION}
        found = _authentications(reading, node[_AUTHENTICATION], (*pointer, _AUTHENTICATION))
        yield from credential_grants(reading.document, owner, found, "authentication")
    yield from credential_grants(reading.document, owner, credentials_of_tree(rest, pointer))


def _authentications(reading: Reading, node: object, pointer: Pointer) -> Iterator[Credential]:
    """Yield the credentials that files and packages of an instance are fetched with, where their text is
    known: written there, or the default of a parameter."""
    walker = reading.walker
    for blocks, place, when in walker.meanings(node, pointer):
        for block in walker.places((blocks, place, when), ("{}",)):
            if not isinstance(block.node, dict):
                continue
            for key, kind in _SECRETS.items():
                for value in walker.values(block.node.get(key), (*block.pointer, key)):
                    if _is_written(value):
                        yield Credential(kind, value.literal, (key,), value.pointer)


def _is_written(value: Value) -> bool:
    if value.text is not None:
        return bool(value.text.strip()) and not value.text.startswith("{{resolve:")
    return len(value.parts) == 1 and isinstance(value.parts[0], Hole) and _has_default(value.parts[0])


def _has_default(hole: Hole) -> bool:
    """Say whether the template holds a value; of a secret it tells only that there is one."""
    return bool(hole.default) or hole.kind == "secret-default"


def _shown(reading: Reading, owner: Owner, node: object) -> Iterator[Grant]:
    """Yield a grant for an output whose text holds the secret of an access key of this template."""
    pointer = (*owner.pointer, "Value")
    for value in reading.walker.values(node, pointer):
        for part in value.parts:
            if not isinstance(part, Hole) or part.kind != "attribute":
                continue
            name, _, attribute = part.name.partition(".")
            if attribute in _SECRET_ATTRIBUTES and reading.resolver.resource_type(name) in _KEY_TYPES:
                fields = {"source": (Value(part.name, pointer),)}
                yield Grant(
                    "secret-output", reading.document, pointer, owner, ("output",), (owner.address,), fields
                )
                return
