"""Text made to be slow or large: each of these took minutes or gigabytes once, and takes no time now."""

from __future__ import annotations

import json

import pytest

from iamlint.model import Extraction
from iamlint.sources.json_text import MAX_CONTAINERS, JsonSyntaxError, StringOffsets, parse_json
from iamlint.sources.lenient_json import repair
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions
from iamlint.sources.text import Text
from iamlint.sources.yaml_text import LARGEST_TEXT, YamlSyntaxError, parse_yaml, yaml_documents

POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
MANY = 1_000_000


def read(content: str, path: str = "p.json") -> Extraction:
    return extract_unit([SourceFile(path, content.encode(), named=True)], SourceOptions())


@pytest.mark.parametrize(
    "content",
    [
        '{"x":' + "[" * 250 + "]" * 250 + "," + POLICY[1:] + " " * MANY,
        '{"Statement":"Effect","x":"' + '\\"' * MANY,
        POLICY[:-1] + "/* " * MANY,
        '{"x":' + '"Statement",' * MANY,
        '{"x":[' + '"Effect",' * MANY,
        POLICY[:-1] + "," + " " * MANY + ",",
        POLICY[:-1] + "${" * MANY,
    ],
    ids=[
        "blanks behind",
        "open text",
        "open comments",
        "no Effect",
        "no Statement",
        "comma",
        "open placeholders",
    ],
)
def test_broken_json_is_looked_at_once(content: str) -> None:
    assert len(read(content).broken) == 1


def test_more_containers_than_any_plan_has_are_refused() -> None:
    with pytest.raises(JsonSyntaxError, match="objects and lists"):
        parse_json("[" + "[]," * MAX_CONTAINERS + "1]")


def test_more_yaml_than_any_template_has_is_refused() -> None:
    with pytest.raises(YamlSyntaxError, match="characters"):
        parse_yaml("- a\n" * (LARGEST_TEXT // 4 + 1))


def test_the_place_of_a_number_that_is_none() -> None:
    long = "9" * 5000
    for text, word in (
        ('{"a": "NaN", "b": [1, -Infinity]}', "-Infinity"),
        (f'{{"a": "{long}", "b": 1.{long}, "c": {long}}}', f"{long}}}"),
    ):
        with pytest.raises(JsonSyntaxError) as caught:
            parse_json(text)
        assert text[caught.value.offset :].startswith(word)


def test_commas_and_comments_inside_texts_stay() -> None:
    repaired = repair('{"a": "x,}", "b": ["/* y */,]",], // z\n"c": "#", /* , */ }')
    assert repaired is not None
    assert repaired[0] == {"a": "x,}", "b": ["/* y */,]"], "c": "#"}


def test_spans_in_a_long_text_that_is_not_ascii() -> None:
    text = Text("a", "é" * 1500 + "\n" + "😀x" * 2000, mark=3)
    span = text.span(1501 + 2100, 1501 + 2103)
    assert (span.start_line, span.start_column, span.byte_offset, span.byte_length) == (
        2,
        2101,
        3 + 3001 + 1050 * 5,
        4 + 1 + 4,
    )


@pytest.mark.parametrize("value", ["", "a", 'a"b\\c\n\t/', "é😀\ud83d", "\\" * 9, "a\0b"])
def test_offsets_of_a_text_lead_to_its_characters(value: str) -> None:
    for ascii_only in (True, False):
        text = "  " + json.dumps(value, ensure_ascii=ascii_only) + " "
        offsets = StringOffsets(text, 2)
        assert len(offsets) == len(value) + 1
        written = [text[offsets[at] : offsets[at + 1]] for at in range(len(value))]
        assert [json.loads(f'"{one}"') for one in written] == list(value)
        assert text[offsets[len(value)]] == '"'
        with pytest.raises(IndexError):
            offsets[len(value) + 1]


def test_many_places_in_one_block_of_text() -> None:
    statements = [{"Sid": f"S{i}", "Effect": "Allow", "Action": "*", "Resource": "*"} for i in range(2000)]
    inner = json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1)
    lines = "".join(f"        {line}\n" for line in inner.split("\n"))
    content = (
        "Resources:\n  R:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: >\n"
        + lines
    )
    (policy,) = read(content, "t.yaml").policies
    assert policy.statements is not None
    assert [policy.document.span(one.pointer).start_line for one in policy.statements] == [
        9 + 6 * index for index in range(2000)
    ]


def test_many_blocks_of_text() -> None:
    one = (
        "  R{0}:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: |\n        "
        + POLICY
    )
    content = "Resources:\n" + "\n".join(one.replace("{0}", str(index)) for index in range(2000)) + "\n"
    policies = read(content, "t.yaml").policies
    lines = [policy.document.span((*policy.pointer, "Statement", 0)).start_line for policy in policies]
    assert lines == [6 + 5 * index for index in range(2000)]


def test_a_key_that_aliases_make_endless_is_shortened() -> None:
    bomb = "a: &a " + "x" * 100_000 + "\n? [" + ",".join(["*a"] * 100_000) + "]\n: 1\n"
    (tree,), _ = parse_yaml(bomb)
    assert isinstance(tree, dict)
    assert max(len(key) for key in tree) <= 100


def test_keys_that_are_no_text_do_not_lose_the_places_of_others() -> None:
    (document,) = yaml_documents(Text("a", "[1]: x\n{a: b}: y\n? !Ref z\n: w\nc: d\n"), "policy-yaml")
    assert document.span(("c",)).start_line == 5
