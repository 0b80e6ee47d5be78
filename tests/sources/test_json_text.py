"""JSON with exact places."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.model import Embedded
from iamlint.sources.json_text import JsonDocument, JsonSyntaxError, parse_json
from iamlint.sources.text import Text

TEXT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Action": ["s3:GetObject", "caf\\u00e9\\"s"], "Resource": null},
    {"Action": "é:x", "n": -1.5e3}
  ]
}
"""


def document(text: str) -> JsonDocument:
    tree, repeated = parse_json(text)
    return JsonDocument(Text("p.json", text), tree, "policy-json", repeated=repeated)


def shown(
    text: str, doc: JsonDocument, pointer: tuple[str | int | Embedded, ...], *, key: bool = False
) -> str:
    span = doc.key_span(pointer) if key else doc.span(pointer)
    return text.encode()[span.byte_offset : span.byte_offset + span.byte_length].decode()


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        (("Version",), '"2012-10-17"'),
        (("Statement", 0, "Action", 0), '"s3:GetObject"'),
        (("Statement", 0, "Action", 1), '"caf\\u00e9\\"s"'),
        (("Statement", 0, "Resource"), "null"),
        (("Statement", 1, "Action"), '"é:x"'),
        (("Statement", 1, "n"), "-1.5e3"),
        (("Statement", 1), '{"Action": "é:x", "n": -1.5e3}'),
    ],
    ids=str,
)
def test_span_is_exactly_the_value(pointer: tuple[str | int, ...], text: str) -> None:
    assert shown(TEXT, document(TEXT), pointer) == text


def test_columns_count_code_points_and_bytes_count_bytes() -> None:
    span = document(TEXT).span(("Statement", 1, "n"))
    assert (span.start_line, span.start_column, span.end_column) == (5, 28, 34)
    assert TEXT.encode()[span.byte_offset :].startswith(b"-1.5e3")


def test_key_span_is_the_key() -> None:
    assert shown(TEXT, document(TEXT), ("Statement", 1, "Action"), key=True) == '"Action"'


def test_unknown_pointer_gives_the_nearest_ancestor() -> None:
    assert shown(TEXT, document(TEXT), ("Statement", 0, "Action", 9, "x")).startswith('["s3:GetObject"')


def test_last_of_repeated_keys_counts_and_the_others_are_named() -> None:
    text = '{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}'
    doc = document(text)
    assert shown(text, doc, ("a",)) == "3"
    assert [(key, span.start_column) for key, span in doc.repeated_keys()] == [("a", 2), ("c", 16)]


def test_place_inside_json_inside_a_string() -> None:
    inner = json.dumps({"Statement": [{"Action": "caf\u00e9:*"}]})
    text = json.dumps({"x": 1, "Policy": inner}, indent=1)
    pointer = ("Policy", Embedded(inner), "Statement", 0, "Action")
    assert shown(text, document(text), pointer) == '\\"caf\\\\u00e9:*\\"'


def test_place_three_levels_deep() -> None:
    innermost = json.dumps({"Action": "s3:*"})
    inner = json.dumps({"Body": innermost})
    text = json.dumps({"Outer": inner})
    pointer = ("Outer", Embedded(inner), "Body", Embedded(innermost), "Action")
    assert "s3:*" in shown(text, document(text), pointer)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ('{"a": }', 6),
        ("[1, 2,]", 6),
        ("", 0),
        ("{", 1),
        ('{"a": NaN}', 6),
        ("[" * 10_000, 200),
        ("1" * 5000, 0),
    ],
    ids=["no value", "trailing comma", "empty", "cut", "NaN", "deep", "long number"],
)
def test_what_is_not_json_says_where(text: str, offset: int) -> None:
    with pytest.raises(JsonSyntaxError) as caught:
        parse_json(text)
    assert caught.value.offset == offset


def test_balanced_deep_nesting_is_refused_too() -> None:
    with pytest.raises(JsonSyntaxError, match="nested"):
        parse_json("[" * 500 + "]" * 500)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=25,
)


@given(JSON, st.sampled_from([None, 0, 2]), st.booleans())
def test_every_node_is_found_where_it_is_written(tree: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    doc = document(text)
    data = text.encode("utf-8", "surrogatepass")

    def walk(node: object, pointer: tuple[str | int, ...]) -> None:
        span = doc.span(pointer)
        raw = data[span.byte_offset : span.byte_offset + span.byte_length]
        assert json.loads(raw.decode("utf-8", "surrogatepass")) == node
        if isinstance(node, dict):
            for key, value in node.items():
                walk(value, (*pointer, key))
        elif isinstance(node, list):
            for index, value in enumerate(node):
                walk(value, (*pointer, index))

    walk(tree, ())


@given(JSON)
def test_every_node_inside_a_string_is_found(tree: object) -> None:
    inner = json.dumps(tree)
    text = json.dumps({"k": inner})
    doc = document(text)

    def walk(node: object, pointer: tuple[str | int | Embedded, ...]) -> None:
        raw = shown(text, doc, pointer)
        assert json.loads(json.loads(f'"{raw}"')) == node
        if isinstance(node, dict):
            for key, value in node.items():
                walk(value, (*pointer, key))
        elif isinstance(node, list):
            for index, value in enumerate(node):
                walk(value, (*pointer, index))

    walk(tree, ("k", Embedded(inner)))


_PADDING = '"padding": "' + "x" * 1_000_100 + '"'


@pytest.mark.parametrize(
    "strange", ['"::/0"', '" : "', '"a\\\\"', '"\\\\\\":"', '"\\u003a"', '"a\\":"', '"\\u0020:"', '"é\\n:"']
)
@pytest.mark.parametrize("layout", ["{a}:{b}", "{a} : {b}", "{a}\n:\t{b}"])
def test_repeated_keys_are_told_at_every_size(strange: str, layout: str) -> None:
    member = layout.format(a=strange, b=strange)
    other = layout.format(a='"other"', b=strange)
    once = f'{{{_PADDING}, {member}, {other}, "list": [{strange}, {{{member}}}]}}'
    assert parse_json(once)[1] is False
    for twice in (
        f"{{{member}, {other}, {once[1:]}",
        once.replace(f"[{strange}, {{", f"[{strange}, {{{member}, "),
    ):
        assert parse_json(twice)[1] is True
