"""Bare documents: nothing stands beside them, and what the account decides is a blank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from iamlint.model.surroundings import Blank, Known, Neighbour, Tests, Wording
from iamlint.sources.surroundings.layout import (
    hcl_block,
    hcl_member,
    json_items,
    json_member,
    json_object,
    quoted,
    yaml_lines,
)

__all__ = ["BareSurroundings"]

_BARE = {Known.PARTITION: "aws", Known.REGION: "<region>", Known.ACCOUNT: "<account-id>"}


class BareSurroundings:
    """The surroundings of a bare document, and the layouts that those of templates share.

    `layout` is `json`, `yaml` or `hcl`. With `in_string` the document stands in a string of a JSON
    file: it is written on one line, with its quotes escaped. `block` is set for policy documents
    that are written as blocks of Terraform.
    """

    def __init__(self, layout: str = "json", *, in_string: bool = False, block: bool = False) -> None:
        self._layout = layout
        self._in_string = in_string
        self._block = block

    def neighbours(self, owner: str) -> tuple[Neighbour, ...]:
        """Return nothing: a bare document has no neighbours."""
        return ()

    def senders(self, service: str, receivers: Sequence[str], owner: str) -> tuple[Neighbour, ...]:
        """Return nothing: a bare document has no neighbours."""
        return ()

    def condition(self, tests: Tests, operators: Sequence[str] | None) -> list[tuple[str, str]]:
        """Return a condition in parts, each with what it goes into (see the protocol)."""
        if self._block:
            into = "the statement" if operators is None else "its condition blocks"
            return [(into, self._condition_blocks(tests, beside=operators is not None))]
        tree = self._condition_tree(tests)
        if operators is None:
            return [("the statement", self._members({"Condition": tree}))]
        beside = {operator: keys for operator, keys in tree.items() if operator not in operators}
        parts = [("its Condition", self._members(beside))] if beside else []
        for operator, keys in tree.items():
            if operator in operators:
                parts.append((f"{operator} of its Condition", self._members(keys)))
        return parts

    def _condition_tree(self, tests: Tests) -> dict[str, dict[str, object]]:
        return {
            operator: {key: self._one_or_list(values) for key, values in keys.items()}
            for operator, keys in tests.items()
        }

    def statement(self, elements: Mapping[str, object], tests: Tests) -> str:
        """Return a statement (see the protocol)."""
        tree: dict[str, object] = {name: self._nodes(value) for name, value in elements.items()}
        if self._block:
            tree = _as_block(tree)
            if tests:
                tree["condition"] = self._blocks(tests)
        elif tests:
            tree["Condition"] = self._condition_tree(tests)
        if self._layout == "yaml":
            return "\n".join(yaml_lines([tree]))
        if self._layout == "hcl" and self._block:
            return "\n".join(hcl_block("statement", tree))
        if self._layout == "hcl":
            return self._escaped(hcl_member("x", tree).removeprefix("x = "))
        return self._escaped(json_object(tree))

    def resources(self, groups: Sequence[tuple[str, Sequence[Wording]]], remarks: Sequence[str]) -> str:
        """Return resources in groups with remarks (see the protocol)."""
        lines: list[str] = []
        if self._layout == "yaml":
            lines.append("Resource:")
            for actions, texts in groups:
                lines.append(f"  # {actions}")
                lines.extend(yaml_lines([self.node(text) for text in texts], 2))
            return "\n".join([*lines, *(f"  # {remark}" for remark in remarks)])
        for actions, texts in groups:
            lines.append(f"{actions}:")
            lines.extend(f"  {self._escaped(self._item(text))}" for text in texts)
        return "\n".join([*lines, *remarks])

    def fields(self, fields: Mapping[str, Wording]) -> str:
        """Return the fields of a grant (see the protocol)."""
        return self._members({name: self.node(text) for name, text in fields.items()})

    def node(self, text: Wording) -> object:
        """Return a wording as the format writes it: a text, an expression, or a function's object."""
        return "".join(map(self.part, text))

    def part(self, part: str | Known | Blank | Neighbour) -> str:
        """Return a part of a wording inside a text."""
        if isinstance(part, Known):
            return self.known(part)
        if isinstance(part, Blank):
            return f"<{part.name}>"
        return part if isinstance(part, str) else part.arn

    def known(self, what: Known) -> str:
        """Return inside a text what the account decides."""
        return _BARE[what]

    def _one_or_list(self, values: Sequence[Wording]) -> object:
        nodes = [self.node(value) for value in values]
        return nodes[0] if len(nodes) == 1 else nodes

    def _nodes(self, value: object) -> object:
        if isinstance(value, list):
            return [self.node(item) for item in value]
        if isinstance(value, dict):
            return {key: self._nodes(item) for key, item in value.items()}
        return self.node(value) if isinstance(value, tuple) else value

    def _item(self, text: Wording) -> str:
        if self._layout == "hcl":
            return f"{hcl_member('x', self.node(text)).removeprefix('x = ')},"
        return json_items([self.node(text)])[0]

    def _members(self, tree: Mapping[str, object]) -> str:
        if self._layout == "yaml":
            return "\n".join(yaml_lines(tree))
        if self._layout == "hcl":
            return self._escaped("\n".join(hcl_member(name, node) for name, node in tree.items()))
        return self._escaped(",\n".join(json_member(name, node) for name, node in tree.items()))

    def _escaped(self, text: str) -> str:
        if not self._in_string:
            return text
        return quoted(" ".join(line.strip() for line in text.split("\n")))[1:-1]

    # --- blocks of aws_iam_policy_document ----------------------------------------------------------

    def _condition_blocks(self, tests: Tests, *, beside: bool) -> str:
        blocks = self._blocks(tests)
        if self._layout == "hcl":
            return "\n".join(line for block in blocks for line in hcl_block("condition", block))
        if beside:
            return ",\n".join(json_object(block) for block in blocks)
        return json_member("condition", blocks)

    def _blocks(self, tests: Tests) -> list[dict[str, object]]:
        return [
            {"test": operator, "variable": key, "values": [self.node(value) for value in values]}
            for operator, keys in tests.items()
            for key, values in keys.items()
        ]


_ARGUMENTS = {"Sid": "sid", "Effect": "effect", "Action": "actions", "Resource": "resources"}


def _as_block(tree: Mapping[str, object]) -> dict[str, object]:
    """Return a statement's elements as the arguments of a `statement` block."""
    block: dict[str, object] = {}
    for name, value in tree.items():
        if name == "Principal":
            kinds: Iterable[tuple[str, object]] = value.items() if isinstance(value, dict) else [("*", value)]
            block["principals"] = [
                {"type": kind, "identifiers": found if isinstance(found, list) else [found]}
                for kind, found in kinds
            ]
        else:
            many = name in {"Action", "Resource"} and not isinstance(value, list)
            block[_ARGUMENTS[name]] = [value] if many else value
    return block
