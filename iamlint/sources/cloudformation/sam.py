"""What is special to SAM: the forms of `Policies`, policy templates and connectors.

Sources: AWS SAM Developer Guide (`AWS::Serverless::Function`, policy templates, connectors) and the
data files made from `aws-sam-translator`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import TypedDict, cast

from iamlint.model import (
    Grant,
    Hole,
    Part,
    Pointer,
    Policy,
    PolicyKind,
    Statement,
    Value,
    Values,
    When,
    unknown,
)
from iamlint.record import replace
from iamlint.sources.cloudformation.grants import permission_statements
from iamlint.sources.cloudformation.intrinsics import Parts, join_when, merge_parts
from iamlint.sources.cloudformation.resource import Reading, Resource
from iamlint.sources.cloudformation.walk import Place
from iamlint.sources.locations import load_data
from iamlint.sources.tree import At, Segments, Unknown

__all__ = ["read_sam"]

_WITH_POLICIES = frozenset({"AWS::Serverless::Function", "AWS::Serverless::StateMachine"})
_ROLE = ("role",)

# AWS SAM specification: the resource that each SAM type becomes.
_BECOMES = {
    "AWS::Serverless::Function": "AWS::Lambda::Function",
    "AWS::Serverless::SimpleTable": "AWS::DynamoDB::Table",
    "AWS::Serverless::Api": "AWS::ApiGateway::RestApi",
    "AWS::Serverless::HttpApi": "AWS::ApiGatewayV2::Api",
    "AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine",
    "AWS::Serverless::GraphQLApi": "AWS::AppSync::GraphQLApi",
}
_CONNECTOR_ON = {
    "AWS_IAM_ROLE_MANAGED_POLICY": "role",
    "AWS_LAMBDA_PERMISSION": "lambda-function",
    "AWS_SQS_QUEUE_POLICY": "sqs-queue",
    "AWS_SNS_TOPIC_POLICY": "sns-topic",
}


class _PolicyTemplate(TypedDict):
    parameters: list[str]
    statements: list[object]


class _Connector(TypedDict):
    generates: str
    on: str
    permissions: dict[str, object]


@functools.cache
def _policy_templates() -> Mapping[str, _PolicyTemplate]:
    return cast("dict[str, _PolicyTemplate]", load_data("sam_policy_templates.json")["templates"])


@functools.cache
def _connectors() -> Mapping[str, _Connector]:
    return cast("dict[str, _Connector]", load_data("sam_connectors.json")["connectors"])


def read_sam(reading: Reading, resource: Resource) -> tuple[list[Policy], list[Grant]]:
    """Return the policies and grants that a resource has under SAM's own rules."""
    policies: list[Policy] = []
    grants: list[Grant] = []
    if resource.type in _WITH_POLICIES and resource.properties.get("Policies") is not None:
        if _has_role(reading, resource):
            message = f"Policies of {resource.logical_id} have no effect because Role is set"
            reading.note(
                "ignored-policies", message, (*resource.properties_pointer, "Policies"), resource.owner
            )
        else:
            for place in reading.walker.places(resource.level, ("Policies", "[]")):
                _read_item(reading, resource, place, policies, grants)
    if resource.type in _WITH_POLICIES:
        grants.extend(_global_boundary(reading, resource))
    if resource.type == "AWS::Serverless::Connector":
        source = (resource.properties.get("Source"), (*resource.properties_pointer, "Source"))
        grants.extend(
            _connect(
                reading, resource, resource.properties, resource.properties_pointer, source, resource.pointer
            )
        )
    held = resource.body.get("Connectors")
    if isinstance(held, dict):
        for name, connector in held.items():
            pointer = (*resource.pointer, "Connectors", name)
            properties = connector.get("Properties") if isinstance(connector, dict) else None
            if isinstance(properties, dict):
                source = ({"Id": resource.logical_id}, resource.pointer)
                grants.extend(
                    _connect(reading, resource, properties, (*pointer, "Properties"), source, pointer)
                )
    return policies, grants


def _global_boundary(reading: Reading, resource: Resource) -> Iterator[Grant]:
    """Yield the permissions boundary that `Globals` give a resource which sets none itself."""
    name = "PermissionsBoundary"
    ignored = resource.body.get("IgnoreGlobals")
    if name in resource.properties or ignored == "*" or (isinstance(ignored, list) and name in ignored):
        return
    for key, node, pointer in reading.global_properties(resource.type.rpartition("::")[2]):
        if key == name:
            values = reading.walker.values(node, pointer)
            if values:
                yield _grant(reading, resource, "boundary", pointer, {"policy": values}, when=resource.when)


def _has_role(reading: Reading, resource: Resource) -> bool:
    """Say whether a role is set whatever the conditions; then SAM makes none and ignores Policies."""
    role = resource.properties.get("Role")
    if role is None:
        return False
    return any(
        not when for _, _, when in reading.walker.meanings(role, (*resource.properties_pointer, "Role"))
    )


def _read_item(
    reading: Reading, resource: Resource, place: Place, policies: list[Policy], grants: list[Grant]
) -> None:
    """Read one item of Policies: a managed policy, a document, a policy template."""
    from iamlint.sources.cloudformation.template import build_policy

    node = place.node
    when = join_when(resource.when, place.when)
    if when is None:
        return
    if isinstance(node, str | Segments | Unknown):
        value = _managed(place)
        grants.append(
            _grant(reading, resource, "managed-attachment", place.pointer, {"policy": (value,)}, when=when)
        )
        return
    if isinstance(node, dict) and "Statement" in node:
        policy = build_policy(reading, place, "document", resource.owner, PolicyKind.IDENTITY)
        policies.append(replace(policy, on=_ROLE, attachments=(resource.owner.address,), when=when))
        return
    if isinstance(node, dict) and len(node) == 1:
        (name,) = node
        template = _policy_templates().get(name)
        if template is not None:
            grants.append(_expanded(reading, resource, place, name, template, when))
            return
        from difflib import get_close_matches

        near = get_close_matches(name, _policy_templates(), 1)
        hint = f"; the nearest name is {near[0]}" if near else ""
        message = f"{name[:60]!r} is no policy template of SAM{hint}"
        reading.note(
            "unknown-policy-template", message, (*place.pointer, name), resource.owner, unjudged=True
        )
        return
    message = "an item of Policies must be a name, an ARN, a document or a policy template"
    reading.note("unread-document", message, place.anchor, resource.owner, unjudged=True)


def _managed(place: Place) -> Value:
    """Return a managed policy as its ARN; a plain name is looked up among those of AWS, as SAM does."""
    node = place.node
    if isinstance(node, Unknown):
        return unknown(node.hole, place.pointer, place.when)
    if isinstance(node, Segments):
        return Value(None, place.pointer, merge_parts(node.parts), place.when)
    text = str(node)
    if ":" not in text and "/" not in text:
        from iamlint.catalog import catalog

        policy = catalog().managed_policy(text)
        if policy is not None:
            text = policy.arn
    return Value(text, place.pointer, (), place.when)


def _grant(
    reading: Reading,
    resource: Resource,
    what: str,
    pointer: Pointer,
    fields: dict[str, Values],
    statements: tuple[Statement, ...] = (),
    *,
    when: When,
    on: tuple[str, ...] = _ROLE,
    attachments: tuple[str, ...] | None = None,
) -> Grant:
    held = (resource.owner.address,) if attachments is None else attachments
    return Grant(what, reading.document, pointer, resource.owner, on, held, fields, statements, when)


# --- policy templates -----------------------------------------------------------------------------------


def _expanded(
    reading: Reading, resource: Resource, place: Place, name: str, template: _PolicyTemplate, when: When
) -> Grant:
    """Return the grant of a policy template, with the statements that it becomes; they stand where the
    template is named.
    """
    node = cast("dict[str, object]", place.node)
    pointer = (*place.pointer, name)
    given = reading.resolver.resolve(node[name], pointer)
    parameters = given if isinstance(given, dict) else {}
    arguments: dict[str, object] = {}
    fields: dict[str, Values] = {"template": (Value(name, pointer),)}
    for parameter in template["parameters"]:
        if parameters.get(parameter) is None:
            arguments[parameter] = Unknown(Hole("parameter", f"{name}.{parameter}"))
            message = f"{name} is not given its parameter {parameter}"
            reading.note("unresolved", message, pointer, resource.owner)
            continue
        arguments[parameter] = At(parameters[parameter], (*pointer, parameter))
        values = reading.walker.values(parameters[parameter], (*pointer, parameter))
        if values:
            fields[_snake_case(parameter)] = values
    tree = _with_arguments(template["statements"], arguments)
    statements = reading.builder.statements(tree, pointer)[0]
    return _grant(reading, resource, "sam-policy-template", pointer, fields, statements, when=when)


def _with_arguments(node: object, arguments: Mapping[str, object]) -> object:
    """Return a template's statements with its parameters filled in."""
    if isinstance(node, list):
        return [_with_arguments(item, arguments) for item in node]
    if isinstance(node, dict):
        reference = node.get("Ref")
        if len(node) == 1 and isinstance(reference, str) and reference in arguments:
            return arguments[reference]
        return {key: _with_arguments(value, arguments) for key, value in node.items()}
    return node


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


# --- connectors -----------------------------------------------------------------------------------------


class _End:
    """One end of a connector: a resource of the template, or one described by its ARN and type."""

    def __init__(self, reading: Reading, node: object, pointer: Pointer) -> None:
        self._reading = reading
        self._pointer = pointer
        resolved = reading.resolver.resolve(node, pointer)
        self._node: Mapping[str, object] = resolved if isinstance(resolved, dict) else {}
        identifier = self._node.get("Id")
        self.logical_id = identifier if isinstance(identifier, str) else None
        kind = self._node.get("Type")
        if self.logical_id is not None:
            kind = reading.resolver.resource_type(self.logical_id)
        self.type = _BECOMES.get(kind, kind) if isinstance(kind, str) else None

    def values(self) -> Values:
        """Return what names this end: its logical id, else its ARN or name."""
        if self.logical_id is not None:
            return (Value(self.logical_id, (*self._pointer, "Id")),)
        for key in ("Arn", "Name", "RoleName", "ResourceId"):
            if self._node.get(key) is not None:
                return self._reading.walker.values(self._node[key], (*self._pointer, key))
        return ()

    def addresses(self) -> tuple[str, ...]:
        """Return the addresses that this end has as a receiver of access."""
        if self.logical_id is not None:
            return (self._reading.walker.resource_address(self.logical_id),)
        return tuple(map(str, self.values()))

    def property(self, name: str) -> Parts:
        """Return a property of this end as parts of a text."""
        if self._node.get(name) is not None:
            options = self._reading.resolver.texts(self._node[name], (*self._pointer, name))
            if len(options) == 1:
                return options[0][0]
        elif self.logical_id is not None:
            if name == "Arn":
                return (self._reading.resolver.attribute(self.logical_id, "Arn"),)
            if name in {"Name", "ResourceId"}:
                options = self._reading.resolver.texts({"Ref": self.logical_id}, self._pointer)
                return options[0][0] if options else ()
        if name == "Qualifier":
            return ("*",)
        return (Hole("attribute", f"{self.logical_id or 'connector'}.{name}"),)


def _connect(
    reading: Reading,
    resource: Resource,
    properties: Mapping[str, object],
    pointer: Pointer,
    source_node: tuple[object, Pointer],
    anchor: Pointer,
) -> Iterator[Grant]:
    """Yield one grant for each destination of a connector and each permission it asks for."""
    source = _End(reading, *source_node)
    reference = properties.get("SourceReference")
    if isinstance(reference, dict) and source.logical_id is not None:
        merged = {"Id": source.logical_id, **reference}
        source = _End(reading, merged, (*pointer, "SourceReference"))
    permissions = reading.walker.values(properties.get("Permissions"), (*pointer, "Permissions"))
    node = properties.get("Destination")
    at = (*pointer, "Destination")
    destinations = (
        [(item, (*at, index)) for index, item in enumerate(node)] if isinstance(node, list) else [(node, at)]
    )
    for item, place in destinations:
        destination = _End(reading, item, place)
        profile = _connectors().get(f"{source.type} {destination.type}")
        for permission in permissions:
            fields: dict[str, Values] = {
                "source": source.values(),
                "destination": destination.values(),
                "permission": (permission,),
            }
            for name, end in (("source_type", source), ("destination_type", destination)):
                if end.type is not None:
                    fields[name] = (Value(end.type, anchor),)
            statements: tuple[Statement, ...] = ()
            on: tuple[str, ...] = ("role",)
            attachments = source.addresses()
            if profile is not None:
                fields["generates"] = (Value(profile["generates"], anchor),)
                on = (_CONNECTOR_ON.get(profile["generates"], "role"),)
                attachments = (source if profile["on"] == "source" else destination).addresses()
                body = profile["permissions"].get(permission.text or "")
                if body is not None:
                    statements = _connector_statements(reading, body, source, destination, permission.pointer)
            when = join_when(resource.when, permission.when)
            if when is None:
                continue
            yield _grant(
                reading,
                resource,
                "sam-connector",
                permission.pointer,
                {name: values for name, values in fields.items() if values},
                statements,
                when=when,
                on=on,
                attachments=attachments,
            )


def _connector_statements(
    reading: Reading, body: object, source: _End, destination: _End, pointer: Pointer
) -> tuple[Statement, ...]:
    filled = _filled(reading, body, source, destination)
    if isinstance(filled, list):
        return reading.builder.statements(filled, pointer)[0]
    assert isinstance(filled, dict)
    # The properties of a Lambda permission.
    conditions: dict[str, object] = {}
    if "SourceArn" in filled:
        conditions["ArnLike"] = {"AWS:SourceArn": filled["SourceArn"]}
    if "SourceAccount" in filled:
        conditions["StringEquals"] = {"AWS:SourceAccount": filled["SourceAccount"]}
    filled["FunctionName"] = Segments(destination.property("Arn"))
    return permission_statements(reading, filled, pointer, "FunctionName", conditions)


_PLACEHOLDER = re.compile(r"([%$])\{([^{}]+)\}")


def _filled(reading: Reading, node: object, source: _End, destination: _End) -> object:
    """Return a profile's statements with the two ends in the place of `%{Source.Arn}` and the like."""
    if isinstance(node, list):
        return [_filled(reading, item, source, destination) for item in node]
    if isinstance(node, dict):
        return {key: _filled(reading, value, source, destination) for key, value in node.items()}
    if not isinstance(node, str) or "{" not in node:
        return node
    parts: list[Part] = []
    at = 0
    for match in _PLACEHOLDER.finditer(node):
        parts.append(node[at : match.start()])
        end, _, name = match[2].partition(".")
        if match[1] == "$":
            options = reading.resolver.texts({"Ref": match[2]}, ())
            parts.extend(options[0][0] if options else ())
        else:
            parts.extend((source if end == "Source" else destination).property(name or "Name"))
        at = match.end()
    parts.append(node[at:])
    return Segments(merge_parts(parts))
