"""CloudFormation and SAM: neighbours are referred to with Ref, GetAtt and Sub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from iamlint.model.surroundings import Blank, Known, Neighbour, Wording
from iamlint.sources.locations import load_data
from iamlint.sources.surroundings.graph import (
    MOST_RESOURCES,
    Graph,
    matching_senders,
    services_in,
)
from iamlint.sources.surroundings.layout import Raw, quoted
from iamlint.sources.surroundings.plain import BareSurroundings

__all__ = ["Template", "TemplateSurroundings"]

_PSEUDO = {
    Known.PARTITION: "AWS::Partition",
    Known.REGION: "AWS::Region",
    Known.ACCOUNT: "AWS::AccountId",
}
_VARIABLE_PART = re.compile(r"\$\{[^}]*\}")
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+)")
_RESOURCES = "Resources."
_LONGEST_NAME = 255
_FIELDS = {
    "source_arn": "SourceArn",
    "source_account": "SourceAccount",
    "principal_org_id": "PrincipalOrgID",
}


@cache
def _identities() -> Mapping[str, Mapping[str, object]]:
    types: Mapping[str, Mapping[str, object]] = load_data("cloudformation_identities.json")["types"]
    return types


class Template:
    """The resources of one template, read when advice first asks for them."""

    def __init__(self, tree: object) -> None:
        resources = tree.get("Resources") if isinstance(tree, dict) else None
        bodies = {
            name: body
            for name, body in (resources.items() if isinstance(resources, dict) else ())
            if isinstance(body, dict) and isinstance(body.get("Type"), str)
        }
        if len(bodies) > MOST_RESOURCES:
            bodies = {}
        self.graph = Graph(bodies, {name: body["Type"] for name, body in bodies.items()}, _names_in)
        self.neighbours = tuple(
            neighbour
            for name, body in bodies.items()
            if name.isascii() and name.isalnum() and len(name) <= _LONGEST_NAME and "Condition" not in body
            for neighbour in _neighbours(name, body)
        )
        self._names = frozenset(one.name for one in self.neighbours)
        self._last: tuple[str, tuple[Neighbour, ...]] = ("", ())

    def free_of(self, owner: str) -> tuple[Neighbour, ...]:
        """Return the neighbours that do not depend on a resource."""
        if owner != self._last[0]:
            # The findings of one owner follow each other.
            bound = self.graph.depending_on(owner) & self._names
            free = tuple([one for one in self.neighbours if one.name not in bound])
            self._last = owner, free if bound else self.neighbours
        return self._last[1]


def _neighbours(name: str, body: Mapping[str, object]) -> Iterator[Neighbour]:
    kind = str(body["Type"])
    identity = _identities().get(kind)
    if identity is None:
        return
    properties = body.get("Properties")
    properties = properties if isinstance(properties, dict) else {}
    made = _made(kind, identity, properties)
    if made:
        made = made.replace("@", name)
        arn = _VARIABLE_PART.sub("*", made).replace("parameter*", "parameter/*")
        yield Neighbour(_RESOURCES + name, kind, name, arn, "", (), made)
        return
    pattern, attribute = identity.get("arn"), "" if identity.get("ref") == "arn" else "Arn"
    if pattern is None:
        attributes = identity.get("attributes")
        found = list(attributes.items()) if isinstance(attributes, dict) else []
        if len(found) != 1:
            return
        ((attribute, pattern),) = found
    trust = properties.get("AssumeRolePolicyDocument")
    trusted = services_in(trust) if kind == "AWS::IAM::Role" else ()
    has_below = str(pattern).endswith("}")
    yield Neighbour(
        _RESOURCES + name, kind, name, _open(str(pattern)), attribute, trusted, has_below=has_below
    )


def _made(kind: str, identity: Mapping[str, object], properties: Mapping[str, object]) -> str:
    """Return the text of Fn::Sub that makes an ARN, `@` for the logical id; empty for none."""
    if kind == "AWS::SSM::Parameter":
        # A name may begin with a slash, which then stands for the one behind the type.
        name = properties.get("Name", "")
        name = name.get("Fn::Sub") if isinstance(name, dict) else name
        if not isinstance(name, str) or name.startswith("$"):
            return ""
        slash = "" if name.startswith("/") else "/"
        return f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{slash}${{@}}"
    return str(identity.get("made", ""))


def _open(pattern: str) -> str:
    """Return an ARN pattern with all that the template decides as `*`."""
    return re.sub(r"\*(-\*)+", "*", re.sub(r"\{[^}]*\}", "*", pattern.replace("{path}{name}", "/*")))


def _names_in(body: object, most: int) -> Iterator[str]:
    """Yield the logical ids that a resource refers to: by Ref, GetAtt, Sub or DependsOn."""
    if not isinstance(body, dict):
        return
    depends = body.get("DependsOn")
    yield from [depends] if isinstance(depends, str) else filter(_is_text, _items(depends))
    pending: list[object] = [body.get("Properties"), body.get("Connectors")]
    for _ in range(most):
        if not pending:
            return
        node = pending.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "Ref" and isinstance(value, str):
                    yield value
                elif key == "Fn::GetAtt":
                    first = value[0] if isinstance(value, list) and value else value
                    if isinstance(first, str):
                        yield first.partition(".")[0]
                elif key == "Fn::Sub":
                    text = value[0] if isinstance(value, list) and value else value
                    if isinstance(text, str):
                        yield from _VARIABLE.findall(text)
                    pending.extend(_items(value)[1:])
                else:
                    pending.append(value)
        elif isinstance(node, list):
            pending.extend(node)


def _items(node: object) -> list[object]:
    return node if isinstance(node, list) else []


def _is_text(node: object) -> bool:
    return isinstance(node, str)


class TemplateSurroundings(BareSurroundings):
    """What stands beside a policy of a template. With `in_sub` the document is the text of Fn::Sub,
    so references stand in it as in any such text."""

    def __init__(
        self, template: Template, layout: str, *, in_string: bool = False, in_sub: bool = False
    ) -> None:
        super().__init__("json" if in_sub else layout, in_string=in_string)
        self._template = template
        self._in_sub = in_sub

    def neighbours(self, owner: str) -> tuple[Neighbour, ...]:
        """Return the resources that do not depend on the owner (see the protocol)."""
        return self._template.free_of(_logical_id(owner))

    def senders(self, service: str, receivers: Sequence[str], owner: str) -> tuple[Neighbour, ...]:
        """Return what sends to the receivers (see the protocol)."""
        template = self._template
        return matching_senders(template.graph, self.neighbours(owner), service, map(_logical_id, receivers))

    def fields(self, fields: Mapping[str, Wording]) -> str:
        """Return properties of AWS::Lambda::Permission and the like."""
        return super().fields({_FIELDS.get(name, name): text for name, text in fields.items()})

    def node(self, text: Wording) -> object:
        """Return a text, Ref, GetAtt or Sub."""
        if self._in_sub:
            return "".join(map(self._in_text, text))
        if len(text) == 1 and isinstance(text[0], Neighbour):
            one = text[0]
            if one.made:
                return self._sub(one.made)
            return self._get_att(one.name, one.attribute) if one.attribute else self._ref(one.name)
        if len(text) == 1 and isinstance(text[0], Known):
            return self._ref(_PSEUDO[text[0]])
        if all(isinstance(part, str | Blank) for part in text):
            return super().node(text)
        return self._sub("".join(map(self._in_text, text)))

    def _in_text(self, part: str | Known | Blank | Neighbour) -> str:
        if isinstance(part, Known):
            return f"${{{_PSEUDO[part]}}}"
        if isinstance(part, Neighbour):
            if part.made:
                return part.made
            return f"${{{part.name}.{part.attribute}}}" if part.attribute else f"${{{part.name}}}"
        return part.replace("${", "${!") if isinstance(part, str) else f"<{part.name}>"

    def _ref(self, name: str) -> object:
        return Raw(f"!Ref {name}") if self._layout == "yaml" else {"Ref": name}

    def _get_att(self, name: str, attribute: str) -> object:
        if self._layout == "yaml":
            return Raw(f"!GetAtt {name}.{attribute}")
        return {"Fn::GetAtt": [name, attribute]}

    def _sub(self, text: str) -> object:
        return Raw(f"!Sub {quoted(text)}") if self._layout == "yaml" else {"Fn::Sub": text}


def _logical_id(address: str) -> str:
    return address.removeprefix(_RESOURCES)
