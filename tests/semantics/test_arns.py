"""What is wrong with a resource ARN: one verdict for each, the first field that fails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.catalog import catalog
from iamlint.model import Hole, Value
from iamlint.semantics.arns import FAULTS, _Pattern, fault_of, known_arn_services
from iamlint.semantics.patterns import overlaps


def verdict(text: str) -> str | None:
    fault = fault_of(Value(text, ()))
    return None if fault is None else fault.code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("*", None),
        ("", "prefix"),
        ("s3:::logs", "prefix"),
        ("ARN:aws:s3:::logs", "prefix"),
        ("arx*", "prefix"),
        ("ar*", None),
        ("${aws:PrincipalTag/arn}/x", None),
        ("arn:aws:s3:logs", "fields"),
        ("arn:aws:s3:*", "fields"),
        ("arn:aws:s3::${aws:PrincipalTag/a}", "fields"),
        ("arn:amazon:s3:::logs", "partition"),
        ("arn:${p}:s3:::logs", None),
        ("arn:aws:S3:::logs", "service-case"),
        ("arn:aws:s4:::logs", "service"),
        ("arn:aws:s*:::logs", "service-wildcard"),
        ("arn:nowhere:s*:us-east-7:1:x", "partition"),
        ("arn:aws:s3:us-east-7:1:x", "region-not-allowed"),
        ("arn:aws:s3:us-*::x", "region-not-allowed"),
        ("arn:aws:s3:*:*:x", None),
        ("arn:aws:s3:us-east-1:123456789012:accesspoint/x", None),
        ("arn:aws:s3:us-east-7:123456789012:accesspoint/x", "region-unknown"),
        ("arn:*:sqs:cn-north-1:123456789012:q", None),
        ("arn:aws:sqs:cn-north-1:123456789012:q", "region-unknown"),
        ("arn:aws:sqs::123456789012:q", "region-missing"),
        ("arn:aws:sqs::123456789012:*", None),
        ("arn:aws:sqs:us-east-1::q", "account-missing"),
        ("arn:aws:sqs:us-east-1::q*", None),
        ("arn:aws:sqs:us-*::q", None),
        ("arn:aws:s3::123456789012:logs", "account-not-allowed"),
        ("arn:aws:s3::123456789012:*", None),
        ("arn:aws:sqs:us-east-1:12345678901:q", "account-malformed"),
        ("arn:aws:sqs:us-east-1:12345678901?:q", None),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", None),
        ("arn:aws:mediaconnect:us-east-1:offering:x", None),
        ("arn:aws:dynamodb:us-east-1:123456789012:Table/x", "resource"),
        ("arn:aws:dynamodb:us-east-1:123456789012:Table/*", None),
        ("arn:aws:dynamodb:us-east-1:123456789012:Table/${aws:username}", None),
        ("arn:aws:lambda:us-east-1:123456789012:function:f:1", None),
        ("arn:aws:apigateway:us-east-1::/restapis/x", None),
    ],
)
def test_the_first_field_that_fails_is_the_verdict(text: str, code: str | None) -> None:
    assert verdict(text) == code


def test_every_format_of_the_catalogue_is_right() -> None:
    """An ARN made of a format, each open part filled in, has no fault."""
    fill = {"Partition": "aws", "Region": "eu-west-1"}
    for service in sorted(known_arn_services() & catalog().arn_services()):
        for kind in catalog().resource_types(service):
            for arn in kind.arns:
                fields = arn.split(":", 5)
                if fields[2] != service:
                    continue
                made = []
                for place, written in enumerate(fields):
                    field = written
                    while "${" in field:
                        name = field[field.index("${") + 2 : field.index("}", field.index("${"))]
                        value = fill.get(name, "123456789012" if place == 4 else "x1")
                        field = field.replace("${" + name + "}", value)
                    made.append(field)
                assert verdict(":".join(made)) is None, (arn, made)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (("arn:", Hole("pseudo", "P", alphabet="partition"), ":sqs4:::x"), "service"),
        (("arn:aws:sqs:", Hole("pseudo", "R", alphabet="region"), ":1234:x"), "account-malformed"),
        (("arn:aws:sqs:", Hole("parameter", "R"), ":1234:x"), None),
        (("arn:aws:s3:::", Hole("parameter", "B"), "/*"), None),
        ((Hole("parameter", "Arn"), "/*"), None),
        (("arn:aws:s3::123456789012:", Hole("parameter", "B")), None),
        (("arn:aws:s3::123456789012:logs-", Hole("parameter", "B")), "account-not-allowed"),
    ],
)
def test_what_a_hole_may_be_is_never_at_fault(parts: tuple[str | Hole, ...], code: str | None) -> None:
    fault = fault_of(Value(None, (), parts))
    assert (None if fault is None else fault.code) == code


@given(st.text(alphabet="ab*?", max_size=8), st.lists(st.sampled_from(["a", "b", "?*", "*"]), max_size=6))
def test_formats_are_met_as_patterns_overlap(text: str, form: list[str]) -> None:
    assert _Pattern(text).meets("".join(form)) == overlaps(text, "".join(form))


@given(st.text(alphabet="arn:aws3sqlm*?$/{}x1-", max_size=60))
def test_any_text_has_a_verdict(text: str) -> None:
    assert verdict(text) in {None, *FAULTS}


@given(st.sampled_from(["arn", "aws", "s3", "", "eu-west-1", "123456789012", "logs/*"]), st.integers(0, 5))
def test_a_wildcard_instead_of_a_field_never_adds_a_fault_of_that_field(text: str, place: int) -> None:
    fields = ["arn", "aws", "sqs", "eu-west-1", "123456789012", "q"]
    fields[place] = text
    before = verdict(":".join(fields))
    fields[place] = "*" if place else "arn"
    after = verdict(":".join(fields))
    assert after in {None, before, "service-wildcard"}
