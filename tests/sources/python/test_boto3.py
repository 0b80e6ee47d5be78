"""Policies that programs write: where each element stands, and what each policy is for."""

from __future__ import annotations

import pytest

from iamlint.model import Extraction
from iamlint.sources.routing import extract_unit
from iamlint.sources.source import SourceFile, SourceOptions


def read(source: str | bytes, name: str = "a.py") -> Extraction:
    data = source if isinstance(source, bytes) else source.encode()
    return extract_unit([SourceFile(name, data, named=True)], SourceOptions())


HEAD = "import json, boto3\niam = boto3.client('iam')\n"
ALLOW = '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
TAIL = "iam.put_role_policy(RoleName='r', PolicyDocument=%s)\n"
# Source behind HEAD, owner, line of the action, and what is written there.
PLACES = [
    (TAIL % f"json.dumps({ALLOW})", "put_role_policy", 3, '"s3:*"'),
    (TAIL % repr(ALLOW), "put_role_policy", 3, '"s3:*"'),
    (f"P = {ALLOW}\n" + TAIL % "json.dumps(P)", "P", 3, '"s3:*"'),
    (f"def f():\n    return {ALLOW}\n" + TAIL % "json.dumps(f())", "f", 4, '"s3:*"'),
    (f"class C:\n    def __init__(self):\n        self.p = {ALLOW}\n", "C.__init__.p", 5, '"s3:*"'),
    (
        "ACT = 's3:*'\n" + TAIL % ("json.dumps(" + ALLOW.replace('"s3:*"', "ACT") + ")"),
        "put_role_policy",
        4,
        "ACT",
    ),
    (f'P = """\n{ALLOW}"""\n' + TAIL % "P", "P", 4, '"s3:*"'),
    (
        "b = input()\nP = f'" + ALLOW.replace("{", "{{").replace("}", "}}").replace('"*"', '"{b}"') + "'\n",
        "P",
        4,
        '"s3:*"',
    ),
    (TAIL % (repr(ALLOW.replace('"s3:*"', '"%s"')) + " % 's3:*'"), "put_role_policy", 3, '"%s"'),
]


@pytest.mark.parametrize(("source", "owner", "line", "written"), PLACES)
def test_the_place_of_an_action(source: str, owner: str, line: int, written: str) -> None:
    (policy,) = read(HEAD + source).policies
    assert policy.statements is not None
    (statement,) = policy.statements
    assert statement.actions is not None
    (action,) = statement.actions
    span = policy.document.span(action.pointer)
    assert (policy.owner.address, action.text) == (owner, "s3:*")
    column = (HEAD + source).splitlines()[line - 1].index(written) + 1
    assert (span.start_line, span.start_column, span.end_column) == (line, column, column + len(written))


def test_statements_that_are_added_later_belong_to_the_policy() -> None:
    more = "P['Statement'].append({'Effect': 'Allow', 'Action': 'iam:*', 'Resource': '*'})\n"
    (policy,) = read(f"P = {ALLOW}\n{more}").policies
    assert policy.statements is not None
    assert len(policy.statements) == 2


HOSTILE = [
    "x = " + "(" * 5000 + "1  # Statement",
    "x = " + "-" * 100_000 + "1  # Statement",
    "if 1: pass  # Statement\n" + "elif 1: pass\n" * 5000,
    "a = " + "+".join(["'Statement'"] * 5000),
    "a = b\nb = a\nP = {'Version': '1', 'Statement': a}",
    "def f():\n    return f()\nP = {'Version': '1', 'Statement': f()}",
    "P = {'Version': '1', 'Statement': []}\nP['Statement'].append(P)",
    "\n".join(["a = '{\"Statement\"'"] + ["a = a + a"] * 60),
    "x = 'Statement'\0",
    "x = f'{\"Statement\"' ",
    "\ufeffx = '\\N{no such} Statement'",
    "# coding: no-such\nx = 'Statement'",
    "print 'Statement'",
    "P = {**P, 'Statement': [*P], 'Version': '1'}",
]


@pytest.mark.parametrize("source", HOSTILE)
def test_hostile_source_never_raises(source: str) -> None:
    found = read(source)
    assert found.policies or found.diagnostics or found.grants


def test_places_count_characters_with_a_mark_and_windows_line_ends() -> None:
    source = "\ufeff# \u00e9\r\nP = {'\u00e9': 1, 'Statement': [{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}]}\r\n"
    (policy,) = read(source).policies
    assert policy.statements is not None
    actions = policy.statements[0].actions
    assert actions is not None
    span = policy.document.span(actions[0].pointer)
    assert (span.start_line, span.start_column) == (2, 58)
    assert source.encode()[span.byte_offset : span.byte_offset + span.byte_length] == b"'*'"


def test_other_encodings_are_those_that_the_first_lines_name() -> None:
    source = (
        "# -*- coding: latin-1 -*-\nP = {'Sid\u00e9': 1, 'Statement': [{'Effect': 'Allow', 'Action': '*'}]}\n"
    )
    assert len(read(source.encode("latin-1")).policies) == 1


QUIET = [
    "assert p == " + ALLOW,
    "def h(e):\n    return {'principalId': 'u', 'policyDocument': "
    + ALLOW.replace("s3:*", "execute-api:Invoke")
    + "}",
    "accessanalyzer.validate_policy(policyDocument='" + ALLOW + "')",
    '"""Example: ' + ALLOW + '"""',
]


@pytest.mark.parametrize("source", QUIET)
def test_what_grants_nothing_is_no_policy(source: str) -> None:
    assert read(source).policies == ()
