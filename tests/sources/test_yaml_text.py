"""YAML: what is text stays text, every form of a function is one form, and every node has its place."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamlint.model import Embedded, Pointer
from iamlint.sources.text import Text, decode
from iamlint.sources.yaml_scalars import scalar_offsets
from iamlint.sources.yaml_text import YamlDocument, YamlSyntaxError, parse_yaml, yaml_documents


def tree_of(text: str) -> object:
    trees, _ = parse_yaml(text)
    assert len(trees) == 1
    return trees[0]


def document_of(text: str) -> YamlDocument:
    (document,) = yaml_documents(Text("a.yaml", text), "cloudformation")
    return document


def shown(document: YamlDocument, text: str, pointer: Pointer, *, key: bool = False) -> str:
    """Return `line:column` and the text that a span covers."""
    span = document.key_span(pointer) if key else document.span(pointer)
    covered = text.encode()[span.byte_offset : span.byte_offset + span.byte_length].decode()
    return f"{span.start_line}:{span.start_column} {covered}"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a: 2012-10-17", {"a": "2012-10-17"}),
        ("a: 012345678901", {"a": "012345678901"}),
        ("a: yes", {"a": "yes"}),
        ("a: 1e3", {"a": "1e3"}),
        ("Null: {aws:MultiFactorAuthAge: true}", {"Null": {"aws:MultiFactorAuthAge": "true"}}),
        ("~: x", {"~": "x"}),
        ("on: off", {"on": "off"}),
        ("a:", {"a": None}),
        ("a: ~", {"a": None}),
        ("a: null", {"a": None}),
        ("a: 'null'", {"a": "null"}),
        ('a: ""', {"a": ""}),
        ("a: !!str 12", {"a": "12"}),
        ("a: ! x", {"a": "x"}),
        ("[a, {b: c}, ]", ["a", {"b": "c"}]),
    ],
)
def test_scalars_stay_the_text_that_is_written(text: str, tree: object) -> None:
    assert tree_of(text) == tree


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref Bucket", {"Ref": "Bucket"}),
        ("!Condition IsProd", {"Condition": "IsProd"}),
        ("!Sub '${A}-x'", {"Fn::Sub": "${A}-x"}),
        ("!Sub ['${A}', {A: !Ref B}]", {"Fn::Sub": ["${A}", {"A": {"Ref": "B"}}]}),
        ("!GetAtt A.B", {"Fn::GetAtt": ["A", "B"]}),
        ("!GetAtt A.Outputs.B", {"Fn::GetAtt": ["A", "Outputs.B"]}),
        ("!GetAtt [A, B]", {"Fn::GetAtt": ["A", "B"]}),
        ("{'Fn::GetAtt': A.B}", {"Fn::GetAtt": "A.B"}),
        ("!If [C, !Ref A, !Ref 'AWS::NoValue']", {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}),
        ("{'Fn::Base64': !Sub x}", {"Fn::Base64": {"Fn::Sub": "x"}}),
        ("!Base64\n  'Fn::Sub': x", {"Fn::Base64": {"Fn::Sub": "x"}}),
        ("!Fn::Join ['', [a]]", {"Fn::Join": ["", ["a"]]}),
        ("!Transform {Name: AWS::Include}", {"Fn::Transform": {"Name": "AWS::Include"}}),
    ],
)
def test_short_tags_become_the_long_form(short: str, long: object) -> None:
    assert tree_of(short) == long
    assert tree_of(f"a: {short}") == {"a": long}


def test_merge_keys_give_way_to_explicit_keys_and_earlier_maps() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 0\nw:\n  <<: *y\n"
    tree = tree_of(text)
    assert isinstance(tree, dict)
    assert tree["z"] == {"a": "0", "b": "1", "c": "2"}
    assert tree["w"] == {"b": "2", "c": "2"}
    document = document_of(text)
    assert shown(document, text, ("z", "a")) == "5:6 0"
    assert shown(document, text, ("z", "c")) == "2:17 2"


def test_aliases_share_the_place_of_their_anchor() -> None:
    text = "a: &x [one, two]\nb: *x\n"
    document = document_of(text)
    assert document.tree == {"a": ["one", "two"], "b": ["one", "two"]}
    assert shown(document, text, ("b", 1)) == "1:13 two"
    assert shown(document, text, ("b",), key=True) == "2:1 b"


def test_the_last_of_repeated_keys_wins_and_the_others_are_told() -> None:
    text = "a:\n  k: 1\n  k: 2\n  'k': 3\nb: {x: 1, x: 2}\n"
    document = document_of(text)
    assert document.tree == {"a": {"k": "3"}, "b": {"x": "2"}}
    told = sorted((span.start_line, span.start_column, key) for key, span in document.repeated_keys())
    assert told == [(2, 3, "k"), (3, 3, "k"), (5, 5, "x")]
    assert shown(document, text, ("a", "k")) == "4:8 3"


def test_every_document_of_a_file_is_read() -> None:
    text = "---\na: 1\n---\nb: !Ref X\n...\n"
    first, second = yaml_documents(Text("a.yaml", text), "cloudformation")
    assert (first.tree, second.tree) == ({"a": "1"}, {"b": {"Ref": "X"}})
    assert shown(second, text, ("b", "Ref")) == "4:4 !Ref X"


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_has_no_content(text: str) -> None:
    assert parse_yaml(text)[0] in ([], [None])


_BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(8)
)
_MERGE_BOMB = "a: &a {k0: 1}\n" + "".join(
    f"b{i}: &b{i} {{<<: [{','.join(['*' + ('a' if not i else f'b{i - 1}')] * 9)}], k{i}: 1}}\n"
    for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("[" * 10_000, "nest(ed|ing)", None),
        ("{a: " * 10_000, "nested more than 200 levels deep", 800),
        ("- " * 10_000, "nested more than 200 levels deep", 400),
        ("? " * 10_000, "nested more than 200 levels deep", 400),
        (_BOMB, "aliases expand to too many nodes", None),
        (_MERGE_BOMB, "aliases expand to too many nodes", None),
        ("a: *b", "the alias 'b' is not defined", 3),
        ("a: &b [*b]", "the alias 'b' contains itself", 7),
        ("---\n&a x\n---\n*a", "the alias 'a' is not defined", 13),
        ("a: b\n\tc: d", "tab", 5),
        ("a: [b", "did not find expected", 5),
        ("é: [b", "did not find expected", 5),
        ("a: 'b", "unexpected end of stream", 5),
        ("é: x\x00b", "control characters are not allowed", 4),
        ("a: \ud800", "not text", 3),
        ("%YAML 9.0\n---\n", "incompatible", 0),
    ],
)
def test_what_is_not_yaml_or_hostile_is_refused_with_its_place(
    text: str, message: str, offset: int | None
) -> None:
    with pytest.raises(YamlSyntaxError, match=message) as caught:
        parse_yaml(text)
    if offset is not None:
        assert caught.value.offset == offset


def test_odd_keys_are_no_error() -> None:
    assert tree_of("? [a, b]\n: c\n") == {"['a', 'b']": "c"}
    assert tree_of("&a k: 1") == {"k": "1"}


PLACES = """\
Resources:
  Role:   # a comment
    Type: "AWS::IAM::Role"
    Properties:
      Arn: !GetAtt Other.Arn
      Policies:
        - !If
          - IsProd
          - {PolicyName: 'é', Doc: [a, b]}
          - !Ref AWS::NoValue

      Text: >-
        folded
        text

  Next: &anchor !Sub
    - "${a}"
    - a: x
"""


@pytest.mark.parametrize(
    ("pointer", "value", "key"),
    [
        (("Resources", "Role", "Type"), '3:11 "AWS::IAM::Role"', "3:5 Type"),
        (("Resources", "Role", "Properties", "Arn"), "5:12 !GetAtt Other.Arn", "5:7 Arn"),
        (("Resources", "Role", "Properties", "Arn", "Fn::GetAtt", 1), "5:12 !GetAtt Other.Arn", "5:7 Arn"),
        (
            ("Resources", "Role", "Properties", "Policies", 0, "Fn::If", 1),
            "9:13 {PolicyName: 'é', Doc: [a, b]}",
            "9:13 {PolicyName: 'é', Doc: [a, b]}",
        ),
        (
            ("Resources", "Role", "Properties", "Policies", 0, "Fn::If", 1, "Doc", 1),
            "9:40 b",
            "9:40 b",
        ),
        (
            ("Resources", "Role", "Properties", "Policies", 0, "Fn::If", 2, "Ref"),
            "10:13 !Ref AWS::NoValue",
            None,
        ),
        (("Resources", "Role", "Properties", "Text"), "12:13 >-\n        folded\n        text", "12:7 Text"),
        (("Resources", "Next", "Fn::Sub", 1, "a"), "18:10 x", "18:7 a"),
        (("Resources", "Role", "Missing", "Deeper"), None, "2:3 Role"),
    ],
)
def test_every_node_has_its_place(pointer: Pointer, value: str | None, key: str | None) -> None:
    document = document_of(PLACES)
    if value is not None:
        assert shown(document, PLACES, pointer) == value
    if key is not None:
        assert shown(document, PLACES, pointer, key=True) == key


def test_a_block_ends_with_its_last_node() -> None:
    document = document_of(PLACES)
    assert shown(document, PLACES, ("Resources", "Role")).endswith("folded\n        text")
    assert shown(document, PLACES, ("Resources",)).endswith("a: x")


def test_marks_and_line_ends_of_windows() -> None:
    data = b"\xef\xbb\xbfa:\r\n  b: c\r\n"
    (document,) = yaml_documents(decode("a.yaml", data), "cloudformation")
    span = document.span(("a", "b"))
    assert (span.start_line, span.start_column, span.byte_offset, span.byte_length) == (2, 6, 12, 1)


EMBEDDED = [
    pytest.param('d: \'{"Action": "s3:*"}\'\n', id="single quotes"),
    pytest.param('d: \'{"Sid": "it\'\'s", "Action": "s3:*"}\'\n', id="single quotes, doubled"),
    pytest.param(
        'd: "{\\"Sid\\": \\"\\u00e9\\x41\\", \\"Action\\": \\"s3:*\\"}"\n', id="double quotes, escapes"
    ),
    pytest.param(
        'd: "{\\"Sid\\": \\\n     \\"x\\",\n\n  \\"Action\\": \\"s3:*\\"}"\n', id="double quotes, folded"
    ),
    pytest.param('d: |\n  {\n    "Sid": "é",\n    "Action": "s3:*"\n  }\n', id="literal"),
    pytest.param('d: |2-\n    {"Sid": "é",\n   "Action": "s3:*"}\n', id="literal, indented"),
    pytest.param('d: >\n  {\n  "Sid": "x",\n\n\n  "Action":\n     "s3:*"\n  }\n', id="folded"),
    pytest.param('d: >+\n\n  {"Action":\n  "s3:*" }\n\n', id="folded, kept ends"),
    pytest.param('d: !Sub |-  # why\n\n    {"Action": "s3:*"}\n', id="tagged literal"),
    pytest.param('d: &x {Fn::Sub: \'{"Action": "s3:*"}\'}\n', id="long form"),
    pytest.param('d: !X\n  "{\\"Action\\": \\"s3:*\\"}"\n', id="tag on its own line"),
    pytest.param('d: |\r\n  {\r\n    "Action": "s3:*"\r\n  }\r\n', id="literal, CRLF"),
]


@pytest.mark.parametrize("text", EMBEDDED)
def test_a_place_inside_text_is_a_place_in_the_file(text: str) -> None:
    document = document_of(text)
    assert isinstance(document.tree, dict)
    node = document.tree["d"]
    pointer: Pointer = ("d",)
    if isinstance(node, dict):
        (function,) = node
        node, pointer = node[function], (*pointer, function)
    assert isinstance(node, str)
    inner = (*pointer, Embedded(node), "Action")
    span = document.span(inner)
    covered = text.encode()[span.byte_offset : span.byte_offset + span.byte_length].decode()
    assert covered.replace("\\", "") == '"s3:*"'
    line = text.replace("\r\n", "\n").split("\n")[span.start_line - 1]
    assert line[span.start_column - 1 :].replace("\\", "").startswith('"s3:*"')


@given(
    st.text(st.sampled_from("ab \n'\"\\:#é-{}\t"), max_size=40),
    st.sampled_from(["'", '"', "|", ">", None]),
    st.integers(10, 60),
)
@settings(max_examples=300, deadline=None)
def test_offsets_lead_to_the_characters_that_are_written(value: str, style: str | None, width: int) -> None:
    import yaml

    text = yaml.dump({"k": {"v": value}}, default_style=style, width=width, allow_unicode=True)
    loaded = tree_of(text)
    assert isinstance(loaded, dict)
    ((_, inner),) = loaded.items()
    assert isinstance(inner, dict)
    ((_, found),) = inner.items()
    if found is None:
        return
    (document,) = yaml_documents(Text("a.yaml", text), "cloudformation")
    span = document.span((next(iter(loaded)), next(iter(inner))))
    start = len(text.encode()[: span.byte_offset].decode())
    end = start + len(text.encode()[span.byte_offset : span.byte_offset + span.byte_length].decode())
    written = text[start] if text[start : start + 1] in {"'", '"', "|", ">"} and end > start else ""
    offsets = scalar_offsets(text, start, end, written, found)
    assert offsets is not None
    assert list(offsets) == sorted(offsets)
    for character, offset in zip(found, offsets, strict=False):
        if character not in " \n'\"\\\t" and text[offset] != "\\":
            assert text[offset] == character


def test_without_the_c_library_the_result_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = document_of(PLACES)
    expected = (fast.tree, fast.span(("Resources", "Role", "Type")))
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    slow = document_of(PLACES)
    assert (slow.tree, slow.span(("Resources", "Role", "Type"))) == expected
    with pytest.raises(YamlSyntaxError):
        parse_yaml("a: [b")
