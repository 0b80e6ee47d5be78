"""Edits become changes of text, exact to the byte; what cannot be placed exactly is refused."""

from __future__ import annotations

import json

import pytest

from iamlint.model import Embedded, Pointer
from iamlint.model.edit import Edit, EditError, EditKind
from iamlint.sources.json_text import JsonDocument, parse_json
from iamlint.sources.lenient_json import repair
from iamlint.sources.rewriting import CannotPlaceError, Change, Place, changed_text, place
from iamlint.sources.text import Text
from iamlint.sources.yaml_text import yaml_documents

REPLACE, REMOVE, RENAME, INSERT = EditKind.REPLACE, EditKind.REMOVE, EditKind.RENAME, EditKind.INSERT
VERSION = Edit(INSERT, ("Version",), "2012-10-17")


def json_document(text: str) -> JsonDocument:
    repaired = repair(text)
    if repaired is None:
        tree, repeated = parse_json(text)
        return JsonDocument(Text("p.json", text), tree, "policy-json", repeated=repeated)
    tree, repeated, strict = repaired
    return JsonDocument(Text("p.json", text), tree, "policy-json", repeated=repeated, strict=strict)


def changed_json(text: str, *edits: Edit) -> str:
    document = json_document(text)
    place(document, ())
    return changed_text([Change(Place(document, ()), edit) for edit in edits])


def changed_yaml(text: str, *edits: Edit, part: int = 0) -> str:
    document = yaml_documents(Text("p.yaml", text), "policy-yaml")[part]
    place(document, ())
    return changed_text([Change(Place(document, ()), edit) for edit in edits])


def removal(*pointers: Pointer) -> tuple[Edit, ...]:
    return tuple(Edit(REMOVE, pointer) for pointer in pointers)


PRETTY = '{\n  "a": [\n    "x",\n    "y",\n    "z"\n  ],\n  "b": 1\n}\n'
JSON = {
    # name: (before, edits, after)
    "last item, pretty": (PRETTY, removal(("a", 2)), PRETTY.replace(',\n    "z"', "")),
    "middle item, pretty": (PRETTY, removal(("a", 1)), PRETTY.replace('\n    "y",', "")),
    "first item, pretty": (PRETTY, removal(("a", 0)), PRETTY.replace('"x",\n    ', "")),
    "two items, pretty": (PRETTY, removal(("a", 0), ("a", 1)), PRETTY.replace('"x",\n    "y",\n    ', "")),
    "around one item": (PRETTY, removal(("a", 0), ("a", 2)), '{\n  "a": [\n    "y"\n  ],\n  "b": 1\n}\n'),
    "compact": ('{"a":["x","y","z"]}', removal(("a", 1)), '{"a":["x","z"]}'),
    "odd blanks": ('{"a":[ "x" ,  "y" , "z" ]}', removal(("a", 1)), '{"a":[ "x" , "z" ]}'),
    "last member": (PRETTY, removal(("b",)), PRETTY.replace(',\n  "b": 1', "")),
    "first member": ('{"a": {"k": []}, "b": 1}', removal(("a",)), '{"b": 1}'),
    "a value": ('{"a" :\t"x"}', (Edit(REPLACE, ("a",), 'é"'),), '{"a" :\t"é\\""}'),
    "a list by its text": ('{"a": [ "x" ], "b": 1}', (Edit(REPLACE, ("a",), "x"),), '{"a": "x", "b": 1}'),
    "a key": ('{"a":1,"b":{"c" : [1.50, 1e3]}}', (Edit(RENAME, ("b", "c"), "C"),), '{"a":1,"b":{"C" : [1.50, 1e3]}}'),
    "a key, and below it": ('{"a": ["x"]}', (Edit(RENAME, ("a",), "A"), Edit(REPLACE, ("a", 0), "y")), '{"A": ["y"]}'),
    "version, compact": ('{"Statement":[]}', (VERSION,), '{"Version":"2012-10-17","Statement":[]}'),
    "version, one line": ('{ "Id": "x", "S": [] }', (VERSION,), '{ "Version": "2012-10-17", "Id": "x", "S": [] }'),
    "version, one line, one member": ('{"S": []}', (VERSION,), '{"Version": "2012-10-17", "S": []}'),
    "version, pretty": ('{\n  "S": []\n}', (VERSION,), '{\n  "Version": "2012-10-17",\n  "S": []\n}'),
    "version, tabs": ('{\n\t"S" : []\n}', (VERSION,), '{\n\t"Version" : "2012-10-17",\n\t"S" : []\n}'),
    "version, CRLF": ('{\r\n  "S": []\r\n}\r\n', (VERSION,), '{\r\n  "Version": "2012-10-17",\r\n  "S": []\r\n}\r\n'),
    "version, blank line": ('{\n\n  "S": []}', (VERSION,), '{\n\n  "Version": "2012-10-17",\n  "S": []}'),
    "comments": (
        '{\n  // why\n  "a": ["x", "y"], // kept\n}\n',
        (*removal(("a", 0)), VERSION),
        '{\n  // why\n  "Version": "2012-10-17",\n  "a": ["y"], // kept\n}\n',
    ),
    "a trailing comma": ('{"a": ["x", "y",]}', removal(("a", 1)), '{"a": ["x",]}'),
    "escapes": ('{"\\u0061": ["\\u0078", "y"]}', removal(("a", 1)), '{"\\u0061": ["\\u0078"]}'),
}  # fmt: skip


@pytest.mark.parametrize("name", JSON)
def test_json(name: str) -> None:
    before, edits, after = JSON[name]
    assert changed_json(before, *edits) == after


YAML = {
    "item of a block": ("a:\n  - x\n  - y\n  - z\n", removal(("a", 1)), "a:\n  - x\n  - z\n"),
    "items without indentation": ("a:\n- x\n- y\nb: 1\n", removal(("a", 1)), "a:\n- x\nb: 1\n"),
    "first item": ("a:\n  # why\n  - x\n  - y  # this\n", removal(("a", 0)), "a:\n  # why\n  - y  # this\n"),
    "quoted items": ("a:\n  - 'x'\n  - \"y # z\"\n", removal(("a", 0)), 'a:\n  - "y # z"\n'),
    "no final line break": ("a:\n  - x\n  - y", removal(("a", 1)), "a:\n  - x"),
    "CRLF": ("a:\r\n  - x\r\n  - y", removal(("a", 1)), "a:\r\n  - x"),
    "an item that is a mapping": ("a:\n  - k: 1\n    l: 2\n  - x\n", removal(("a", 0)), "a:\n  - x\n"),
    "member of a block": ("a:\n  k: []\n  l: 2\n", removal(("a", "k")), "a:\n  l: 2\n"),
    "item in flow style": ("a: [x, 'y', \"z\"]  # c\n", removal(("a", 1)), 'a: [x, "z"]  # c\n'),
    "first item in flow style": ("a: [x, y]\n", removal(("a", 0)), "a: [y]\n"),
    "flow style over lines": ("a: [\n  x,\n  y,\n]\n", removal(("a", 1)), "a: [\n  x,\n]\n"),
    "plain value": ("a: allow # c\n", (Edit(REPLACE, ("a",), "Allow"),), "a: Allow # c\n"),
    "single quotes": ("a: 'allow'\n", (Edit(REPLACE, ("a",), "Allow"),), "a: 'Allow'\n"),
    "double quotes": ('a: "allow"\n', (Edit(REPLACE, ("a",), "Allow"),), 'a: "Allow"\n'),
    "a word that needs quotes": ("NullIfExists: {}\n", (Edit(RENAME, ("NullIfExists",), "Null"),), '"Null": {}\n'),
    "a date needs quotes": ("a: x\n", (Edit(REPLACE, ("a",), "2012-10-17"),), 'a: "2012-10-17"\n'),
    "a plain action": ("a: x\n", (Edit(REPLACE, ("a",), "s3:GetObject"),), "a: s3:GetObject\n"),
    "a star needs quotes": ("a: x\n", (Edit(REPLACE, ("a",), "s3:*"),), 'a: "s3:*"\n'),
    "key": ("'effect'  : Allow\n", (Edit(RENAME, ("effect",), "Effect"),), "'Effect'  : Allow\n"),
    "key in flow style": ("{effect: Allow}", (Edit(RENAME, ("effect",), "Effect"),), "{Effect: Allow}"),
    "list of one, flow": ("a: [Allow] # c\n", (Edit(REPLACE, ("a",), "Allow"),), "a: Allow # c\n"),
    "list of one, block": ("a:\n  - Allow # c\nb: 1\n", (Edit(REPLACE, ("a",), "Allow"),), "a: Allow # c\nb: 1\n"),
    "version": ("S: []\n", (VERSION,), 'Version: "2012-10-17"\nS: []\n'),
    "version, after a comment": ("# c\nS: []\n", (VERSION,), '# c\nVersion: "2012-10-17"\nS: []\n'),
    "version, CRLF": ("'S': []\r\n", (VERSION,), "'Version': '2012-10-17'\r\n'S': []\r\n"),
    "version, flow": ("{S: []}\n", (VERSION,), '{Version: "2012-10-17", S: []}\n'),
    "version, JSON": ('{"S":[]}\n', (VERSION,), '{"Version":"2012-10-17","S":[]}\n'),
    "version, below": (
        "p:\n    S: []\n",
        (Edit(INSERT, ("p", "Version"), "2012-10-17"),),
        'p:\n    Version: "2012-10-17"\n    S: []\n',
    ),
    "version, in a list": (
        "- S: []\n  T: 1\n",
        (Edit(INSERT, (0, "Version"), "2012-10-17"),),
        '- Version: "2012-10-17"\n  S: []\n  T: 1\n',
    ),
    "other anchors": ("z: &a x\na: [*a, x, y]\nb: [q, r]\n", removal(("b", 0)), "z: &a x\na: [*a, x, y]\nb: [r]\n"),
    "other tags": ("a:\n  - !Sub x\n  - y\n", removal(("a", 1)), "a:\n  - !Sub x\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", YAML)
def test_yaml(name: str) -> None:
    before, edits, after = YAML[name]
    assert changed_yaml(before, *edits) == after


def test_the_second_document_of_a_stream() -> None:
    assert (
        changed_yaml("a: [x, y]\n---\na: [x, y]\n", *removal(("a", 0)), part=1) == "a: [x, y]\n---\na: [y]\n"
    )


REFUSED_JSON = {
    "nothing would be left": ('{"a": ["x"]}', removal(("a", 0))),
    "no such place": ('{"a": ["x"]}', removal(("a", 3))),
    "a key twice": ('{"a": 1, "a": 2, "b": 3}', removal(("b",))),
    "a comment within": ('{"a": ["x", /* why */ "y"]}', removal(("a", 1))),
    "a comment in a list of one": ('{"a": ["x" // why\n]}', (Edit(REPLACE, ("a",), "x"),)),
    "a key that is there": ('{"a": 1, "A": 2}', (Edit(RENAME, ("a",), "A"),)),
    "no text": ('{"a": 1}', (Edit(REPLACE, ("a",), "\ud800"),)),
    "one in another": ('{"a": ["x", "y"]}', (Edit(REPLACE, ("a",), "x"), *removal(("a", 0)))),
    "an empty object": ("{}", (VERSION,)),
}


@pytest.mark.parametrize("name", REFUSED_JSON)
def test_json_is_left_alone(name: str) -> None:
    text, edits = REFUSED_JSON[name]
    with pytest.raises((CannotPlaceError, EditError)):
        changed_json(text, *edits)


REFUSED_YAML = {
    "an item with a comment": ("a:\n  - x # why\n  - y\n", removal(("a", 0))),
    "a comment in flow style": ("a: [x, # why\n  y]\n", removal(("a", 0))),
    "an anchor used elsewhere": ("a: &l [x, y]\nb: *l\n", removal(("a", 0))),
    "an anchored item": ("a:\n  - &i x\n  - y\nb: [*i]\n", removal(("a", 0))),
    "through an alias": ("a: &l [x, y]\nb: *l\n", removal(("b", 0))),
    "an alias as item": ("z: &i x\na:\n  - *i\n  - y\n", removal(("a", 0))),
    "through a merge": ("z: &m {k: [x, y]}\na: {<<: *m}\n", removal(("a", "k", 0))),
    "a tag": ("a: !Sub allow\n", (Edit(REPLACE, ("a", "Fn::Sub"), "Allow"),)),
    "a tagged text": ("a: !!str allow\n", (Edit(REPLACE, ("a",), "Allow"),)),
    "a block scalar": ("a: |\n  allow\n", (Edit(REPLACE, ("a",), "Allow"),)),
    "a key with a question mark": ("? a\n: - x\n  - y\n", removal(("a", 0))),
    "a list in a list": ("a:\n- - x\n  - y\n", removal(("a", 0, 0))),
    "the first member of an item": ("a:\n- k: 1\n  l: 2\n", removal(("a", 0, "k"))),
    "a comment in a list of one": ("a:\n  # why\n  - Allow\n", (Edit(REPLACE, ("a",), "Allow"),)),
    "a key written twice": ("a: 1\na: 2\nb: [x, y]\n", removal(("b", 0))),
    "a text over lines": ("a: x\n  y\nb: 1\n", (Edit(REPLACE, ("a",), "x"),)),
}


@pytest.mark.parametrize("name", REFUSED_YAML)
def test_yaml_is_left_alone(name: str) -> None:
    text, edits = REFUSED_YAML[name]
    with pytest.raises((CannotPlaceError, EditError)):
        changed_yaml(text, *edits)


def test_json_within_a_string_keeps_its_escapes() -> None:
    inner = '{"a": ["x", "\u00e9y"], "b": "\\u0041"}'
    outer = json.dumps({"p": inner}).replace("x", "\\u0078")
    document = json_document(outer)
    at = place(document, ("p", Embedded(inner), "a", 0))
    assert (at.pointer, at.within) == (("p",), ("a", 0))
    new = changed_text([Change(Place(document, ("p",), at.embedded), Edit(REMOVE, ("a", 0)))])
    assert new == outer.replace('\\"\\u0078\\", ', "")
    assert json.loads(new)["p"] == inner.replace('"x", ', "")


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ('{"p": "{}"}', ("p", Embedded("{}", ((0, 0), (1, 5))))),
        ('{"p": "{}"}', ("p", Embedded('{"other": 1}'))),
        ('{"p": "[\\"{}\\"]"}', ("p", Embedded('["{}"]'), 0, Embedded("{}"))),
    ],
    ids=["holes", "another text", "text in text"],
)
def test_texts_that_are_not_rewritten(text: str, pointer: Pointer) -> None:
    with pytest.raises(CannotPlaceError):
        place(json_document(text), pointer)


def test_a_plan_is_not_rewritten() -> None:
    with pytest.raises(CannotPlaceError, match="terraform-plan"):
        place(JsonDocument(Text("plan.json", "{}"), {}, "terraform-plan"), ())
