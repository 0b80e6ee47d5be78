"""Expressions and templates of the HCL native syntax, as JSON strings hold them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.sources.terraform.expression import (
    Call,
    Conditional,
    Expression,
    ExpressionError,
    ForExpression,
    Literal,
    ObjectExpression,
    Operation,
    Template,
    TemplateText,
    Traversal,
    TupleExpression,
    child,
    parse_expression,
    parse_template,
)


def pieces(text: str) -> list[object]:
    """Return the parts of a template: text as it is, expressions as the slice they stand in."""
    template = parse_template(text)
    return [
        part.text if isinstance(part, TemplateText) else (text[part.start : part.end],)
        for part in template.parts
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", ["plain"]),
        ("", []),
        ("${a.b}", [("a.b",)]),
        ("${~ a.b ~}", [("a.b",)]),
        ("arn:${a}:${b}/*", ["arn:", ("a",), ":", ("b",), "/*"]),
        ("$${aws:username}", ["${aws:username}"]),
        ("x$${a}y${b}", ["x", "${a}y", ("b",)]),
        ("100%%{x}", ["100", "%{x}"]),
        ("cost: $5 or 5%", ["cost: $5 or 5%"]),
        ('${"${a}"}', [('"${a}"',)]),
        ('a\\nb "quoted"', ['a\\nb "quoted"']),
    ],
)
def test_template_parts(text: str, expected: list[object]) -> None:
    assert pieces(text) == expected


def test_text_pieces_say_where_they_start() -> None:
    template = parse_template("a$${b}c${d}e")
    assert [(part.text, part.start) for part in template.parts if isinstance(part, TemplateText)] == [
        ("a", 0),
        ("${b}c", 2),
        ("e", 11),
    ]


def test_a_directive_makes_its_whole_range_one_hole() -> None:
    template = parse_template("a%{ if x }b${c}%{ else }d%{ endif }e")
    assert [type(part) for part in template.parts] == [TemplateText, Call, TemplateText]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1", Literal),
        ("1.5e3", Literal),
        ("true", Literal),
        ("null", Literal),
        ('"a${b}c"', Template),
        ("[1, 2,]", TupleExpression),
        ('{a = 1, (b) = 2\n"c": 3}', ObjectExpression),
        ('a.b[0].c["k"].*.d[*].e', Traversal),
        ("a.0.b", Traversal),
        ("f(1, [2]...)", Call),
        ("provider::aws::arn_parse(x)", Call),
        ("a ? b : c", Conditional),
        ("!a && b == c || d >= -1", Operation),
        ("[for x in y : x if x != null]", ForExpression),
        ("{for k, v in y : k => v...}", ForExpression),
        ("(a)", Traversal),
        ("a /* comment */ # more", Traversal),
    ],
)
def test_expression_kinds(text: str, kind: type) -> None:
    assert isinstance(parse_expression(text), kind)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "aws:username",
        "a b",
        "(",
        "[1",
        '{"a"',
        "f(",
        '"open',
        "a.",
        "a ?",
        "a ? b",
        "<<X\nY",
        "<<X",
        "@",
        '"\\q"',
        '"\\uZZZZ"',
    ],
)
def test_what_is_no_expression_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text)


@pytest.mark.parametrize(
    "text", ["(" * 5000, "[" * 5000, "-" * 5000, '"${' * 5000, "a?" * 5000, "{a=" * 5000]
)
def test_deep_nesting_is_an_error_not_a_crash(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text)


def test_offsets_lead_to_what_is_written() -> None:
    text = '{Statement = [{Effect = "Allow", Action = ["s3:Get*", "iam:*"]}]}'
    node: Expression | None = parse_expression(text)
    for step in ("Statement", 0, "Action", 1):
        assert node is not None
        node = child(node, step)
    assert node is not None
    assert text[node.start : node.end] == '"iam:*"'


def test_escapes_in_quotes_are_decoded() -> None:
    template = parse_expression('"a\\n\\t\\"\\\\\\u0041$${x}%%{y}"')
    assert isinstance(template, Template)
    assert (
        "".join(part.text for part in template.parts if isinstance(part, TemplateText)) == 'a\n\t"\\A${x}%{y}'
    )


@given(st.text(alphabet='${}%"\\[](),.:=?~ab1 \n#/*', max_size=60))
def test_any_text_parses_or_is_an_error(text: str) -> None:
    for parse in (parse_template, parse_expression):
        offset = 0
        try:
            parse(text)
        except ExpressionError as error:
            offset = error.offset
        assert 0 <= offset <= len(text)


@given(st.text(max_size=40))
def test_escaped_text_comes_back(text: str) -> None:
    escaped = text.replace("${", "$${").replace("%{", "%%{")
    template = parse_template(escaped)
    if "$$${" not in escaped and "%%%{" not in escaped:
        assert "".join(part.text for part in template.parts if isinstance(part, TemplateText)) == text
