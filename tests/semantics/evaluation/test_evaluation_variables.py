"""Policy variables: IAM user guide, "IAM policy elements: variables and tags"."""

from __future__ import annotations

from typing import Any

import pytest
from asking import ALLOWED, EXPLICIT, FULL, IMPLICIT, OBJECT, ask, document, holds

from iamlint.semantics.evaluation import Readings


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/alice/x", True),
        ("arn:aws:s3:::b/${AWS:UserName}/*", "arn:aws:s3:::b/alice/x", True),
        ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/bob/x", False),
        # A default counts only when the key is absent, or has several values.
        ("arn:aws:s3:::b/${aws:username, 'x'}/*", "arn:aws:s3:::b/x/x", False),
        ("arn:aws:s3:::b/${aws:PrincipalTag/no, 'x'}/*", "arn:aws:s3:::b/x/x", True),
        ("arn:aws:s3:::b/${aws:TagKeys, 'x'}/*", "arn:aws:s3:::b/x/x", True),
        ("arn:aws:s3:::b/${aws:PrincipalTag/no, ''}x", OBJECT, True),
        ("arn:aws:s3:::b/${aws:PrincipalTag/no, 'a}b'}", "arn:aws:s3:::b/a}b", True),
        # Another spelling of the default is no default.
        ("arn:aws:s3:::b/${aws:PrincipalTag/no,'x'}/*", "arn:aws:s3:::b/x/x", False),
        # What is put in is literal, and so are the escapes.
        ("arn:aws:s3:::b/${aws:PrincipalTag/star}", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::b/${aws:PrincipalTag/star}", "arn:aws:s3:::b/other", False),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", False),
        ("arn:aws:s3:::b/${?}", "arn:aws:s3:::b/x", False),
        ("arn:aws:s3:::b/${$}{aws:username}", "arn:aws:s3:::b/${aws:username}", True),
        # Unclosed: text, in which wildcards stay wildcards.
        ("arn:aws:s3:::b/${*", "arn:aws:s3:::b/${x", True),
        # Only the sixth part takes variables.
        ("arn:aws:s3:::${aws:PrincipalTag/bucket}/x", OBJECT, True),
        ("arn:${aws:PrincipalTag/partition}:s3:::b/x", OBJECT, False),
        # Without a value the pattern matches nothing.
        ("arn:aws:s3:::b/${aws:PrincipalTag/no}*", OBJECT, False),
        ("arn:aws:s3:::b/${aws:TagKeys}*", OBJECT, False),
        (["arn:aws:s3:::b/${aws:PrincipalTag/no}*", OBJECT], OBJECT, True),
    ],
)
def test_variables_in_resources(pattern: Any, resource: str, expected: bool) -> None:
    context = {
        "aws:PrincipalTag/star": "*",
        "aws:PrincipalTag/bucket": "b",
        "aws:PrincipalTag/partition": "aws",
        "aws:TagKeys": ["x"],
    }
    found = ask(on=resource, context=context, identity=[document({"Resource": pattern})])
    assert found == (ALLOWED if expected else IMPLICIT)


def test_an_unresolved_variable_in_not_resource_stops_the_statement() -> None:
    patterns = ["arn:aws:s3:::b/${aws:PrincipalTag/no}", "arn:aws:s3:::other"]
    assert ask(identity=[document({"NotResource": patterns})]) == IMPLICIT
    assert ask(identity=[document({"NotResource": patterns[1:]})]) == ALLOWED
    deny = document({"Effect": "Deny", "NotResource": patterns})
    assert ask(identity=[FULL, deny]) == ALLOWED  # the Deny does not fire
    assert ask(identity=[FULL, deny], context={"aws:PrincipalTag/no": "y"}) == EXPLICIT


@pytest.mark.parametrize(
    ("operator", "values", "value", "expected"),
    [
        ("StringEquals", "${aws:username}", "alice", True),
        ("StringNotEquals", "${aws:username}", "alice", False),
        ("StringEqualsIgnoreCase", "${aws:username}", "ALICE", True),
        ("StringLike", "*/${aws:username}", "x/alice", True),
        ("ArnLike", "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::1:user/alice", True),
        ("ArnLike", "arn:aws:iam::${aws:PrincipalAccount}:*", "arn:aws:iam::111122223333:x", True),
        ("ArnEquals", "${aws:PrincipalArn}", "arn:aws:iam::111122223333:user/alice", True),
        ("StringEquals", "${*}", "*", True),
        ("StringLike", "${*}", "x", False),
        # A value that cannot be made matches nothing; others still count.
        ("StringEquals", "${no}", "${no}", False),
        ("StringEquals", ["${no}", "a"], "a", True),
        ("ForAnyValue:StringEquals", ["${no}", "a"], ["a"], True),
        ("StringEqualsIfExists", "${no}", None, True),
        # In a negated test it makes the whole test false.
        ("StringNotEquals", ["${no}", "a"], "b", False),
        ("StringNotEquals", ["${no}", "a"], None, False),
        ("StringNotLike", "${no}*", "b", False),
        ("ForAllValues:StringNotEquals", ["${no}", "a"], ["b"], False),
        # Nowhere else.
        ("NumericEquals", "${n}", "10", False),
        ("DateEquals", "${n}", "10", False),
        ("IpAddress", "${ip}", "10.0.0.1", False),
        ("BinaryEquals", "${bin}", "QQ==", False),
    ],
)
def test_variables_in_conditions(operator: str, values: Any, value: Any, expected: bool) -> None:
    assert holds(operator, values, value, n="10", ip="10.0.0.1", bin="QQ==") is expected


def test_documents_of_2008_have_no_variables() -> None:
    statement = {"Resource": "arn:aws:s3:::b/${aws:username}"}
    for version in ("2008-10-17", None):
        policies = {"identity": [document(statement, version=version)]}
        assert ask(on="arn:aws:s3:::b/alice", **policies) == IMPLICIT
        assert ask(on="arn:aws:s3:::b/${aws:username}", **policies) == ALLOWED
    assert holds("StringEquals", "${*}", "${*}", version="2008-10-17")
    assert holds("StringLike", "${*}", "${anything}", version="2008-10-17")
    assert not holds("StringLike", "${*}", "*", version="2008-10-17")


def test_variables_in_bool_are_a_reading() -> None:
    statement = document({"Condition": {"Bool": {"aws:SecureTransport": "${aws:PrincipalTag/tls}"}}})
    context = {"aws:SecureTransport": "true", "aws:PrincipalTag/tls": "TRUE"}
    assert ask(context=context, identity=[statement]) == ALLOWED
    assert ask(context=context, identity=[statement], readings=Readings(variables_in_bool=False)) == IMPLICIT
