"""Small policies for the tests of the algebra: builders, a random grammar, and sampled requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import product

from hypothesis import strategies as st

from iamlint.model import Owner, Policy, PolicyKind
from iamlint.semantics.evaluation.principals import Via
from iamlint.semantics.evaluation.readings import DEFAULT, Readings
from iamlint.semantics.evaluation.request import Request
from iamlint.semantics.evaluation.statement import compile_policy
from iamlint.sources.documents import PolicyBuilder
from iamlint.sources.json_text import JsonDocument
from iamlint.sources.text import Text

Json = dict[str, object]

BUCKET = "arn:aws:s3:::b/"


def policy(*statements: Json, version: str | None = "2012-10-17", kind: PolicyKind | None = None) -> Policy:
    """Build a policy out of statements."""
    tree: Json = {"Statement": list(statements)}
    if version is not None:
        tree = {"Version": version, **tree}
    return build(tree, kind)


def build(tree: object, kind: PolicyKind | None = None) -> Policy:
    document = JsonDocument(Text("p.json", json.dumps(tree)), tree, "policy-json")
    return PolicyBuilder(document).policy(tree, (), owner=Owner("$", None, ()), kind=kind)


def allow(action: object, resource: object = "*", condition: object = None, **more: object) -> Json:
    """Return an Allow statement; an argument of None leaves its element out."""
    found = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition, **more}
    return {name: value for name, value in found.items() if value is not None}


def deny(action: object, resource: object = "*", condition: object = None, **more: object) -> Json:
    return {**allow(action, resource, condition, **more), "Effect": "Deny"}


def allows(
    policies: Sequence[Policy], request: Request, kind: PolicyKind, readings: Readings = DEFAULT
) -> bool:
    """Say whether policies of one kind, by themselves, allow a request."""
    allowed = False
    for one in policies:
        for statement in compile_policy(one, kind, "p"):
            if statement.matches(request, readings, has_boundary=False) is not Via.NOTHING:
                if not statement.allows:
                    return False
                allowed = True
    return allowed


# --- a random grammar over a small vocabulary ----------------------------------------------------------

ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "iam:PassRole", "s3:NewThing"]
ACTION_PATTERNS = [*ACTIONS, "s3:*", "*", "s3:Get*", "S3:*object", "iam:*"]
RESOURCES = [
    "*",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::a/x*y",
    "arn:*:s3:::*/x",
]
VARIABLE_RESOURCES = [
    "arn:aws:s3:::b/${aws:PrincipalTag/t}/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/t, 'd'}",
    "arn:aws:s3:::b/${*}",
]
TEXTS = ["x", "y", "x*", "?", "", "xy"]
VARIABLE_TEXTS = ["${aws:PrincipalTag/t}", "x${aws:PrincipalTag/t, 'd'}"]
NUMBERS = ["5", "10", "7.5", "none"]
DATES = ["2024-01-01T00:00:00Z", "2025-06-01", "1700000000"]
CIDRS = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "2001:db8::/32"]
TEXT_OPERATORS = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
]
NUMBER_OPERATORS = [
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
]
DATE_OPERATORS = ["DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThanEquals"]


def some(values: Sequence[str], most: int = 2) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def tests(*, variables: bool) -> st.SearchStrategy[tuple[str, str, list[str]]]:
    """Return entries of a condition block: operator, key, values."""
    suffix = st.sampled_from(["", "", "IfExists"])
    texts = [*TEXTS, *VARIABLE_TEXTS] if variables else TEXTS
    several = st.tuples(
        st.builds(
            "{}:{}{}".format,
            st.sampled_from(["ForAllValues", "ForAnyValue"]),
            st.sampled_from(TEXT_OPERATORS),
            suffix,
        ),
        st.just("aws:TagKeys"),
        some(TEXTS),
    )
    single = [
        st.tuples(
            st.builds("{}{}".format, st.sampled_from(TEXT_OPERATORS), suffix),
            st.sampled_from(["aws:PrincipalTag/u", "aws:PrincipalTag/t"]),
            some(texts),
        ),
        st.tuples(
            st.builds("{}{}".format, st.sampled_from(NUMBER_OPERATORS), suffix),
            st.just("s3:max-keys"),
            some(NUMBERS),
        ),
        st.tuples(
            st.builds("{}{}".format, st.sampled_from(DATE_OPERATORS), suffix),
            st.just("aws:TokenIssueTime"),
            some(DATES),
        ),
        st.tuples(
            st.builds("{}{}".format, st.sampled_from(["IpAddress", "NotIpAddress"]), suffix),
            st.just("aws:SourceIp"),
            some(CIDRS),
        ),
        st.tuples(
            st.builds("Bool{}".format, suffix), st.just("aws:SecureTransport"), some(["true", "false"], 1)
        ),
        st.tuples(
            st.just("Null"),
            st.sampled_from(["aws:PrincipalTag/u", "s3:max-keys", "aws:TagKeys"]),
            some(["true", "false"], 1),
        ),
    ]
    return st.one_of(several, *single)


def statements(*, variables: bool = False, most_tests: int = 2) -> st.SearchStrategy[Json]:
    resources = [*RESOURCES, *VARIABLE_RESOURCES] if variables else RESOURCES

    def make(
        effect: str,
        negated: int,
        actions: list[str],
        texts: list[str],
        block: list[tuple[str, str, list[str]]],
    ) -> Json:
        condition: dict[str, dict[str, list[str]]] = {}
        for operator, key, values in block:
            condition.setdefault(operator, {})[key] = values
        found: Json = {
            "Effect": effect,
            "NotAction" if negated == 1 else "Action": actions,
            "NotResource" if negated == 2 else "Resource": texts,
        }
        return {**found, "Condition": condition} if condition else found

    return st.builds(
        make,
        st.sampled_from(["Allow", "Allow", "Deny"]),
        st.sampled_from([0, 0, 0, 1, 2]),
        some(ACTION_PATTERNS),
        some(resources),
        st.lists(tests(variables=variables), max_size=most_tests),
    )


def documents(*, variables: bool = False, most: int = 3) -> st.SearchStrategy[list[Json]]:
    return st.lists(statements(variables=variables), min_size=1, max_size=most)


# --- requests -----------------------------------------------------------------------------------------

ASKED_RESOURCES = [
    "*",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/xy",
    "arn:aws:s3:::a/x",
    "arn:aws:s3:::a/xy",
    "arn:aws:s3:::b/x/z",
    "arn:aws:s3:::b/d",
    "arn:aws:s3:::b/*",
    "arn:aws-cn:s3:::c/x",
    "arn:aws:iam::111122223333:role/r",
]
KEY_VALUES: dict[str, list[str | list[str] | None]] = {
    "aws:PrincipalTag/u": [None, "x", "xy", "Y", "", "q"],
    "aws:PrincipalTag/t": [None, "x", "d", "y", "X"],
    "s3:max-keys": [None, "5", "6", "7.5", "10", "11", "4"],
    "aws:TokenIssueTime": [
        None,
        "2024-01-01T00:00:00Z",
        "2025-06-01",
        "2023-01-01",
        "2026-01-01",
        "1700000000",
    ],
    "aws:SourceIp": [None, "10.1.0.1", "10.2.0.1", "192.0.2.1", "8.8.8.8", "2001:db8::1", "::1"],
    "aws:TagKeys": [None, ["x"], ["y"], ["x", "y"], ["xy"], ["q"], ["x", "q"]],
    "aws:SecureTransport": ["true", "false"],
}


def named_keys(trees: Sequence[Sequence[Json]]) -> list[str]:
    text = json.dumps(trees).lower()
    return [key for key in KEY_VALUES if key.lower() in text]


def requests(trees: Sequence[Sequence[Json]], limit: int, offset: int = 0) -> Iterator[Request]:
    """Yield requests over the values that the policies name, spread evenly when there are many."""
    keys = named_keys(trees)
    pools: list[list[object]] = [
        [*ACTIONS, "s3:OtherThing", "ec2:RunInstances"],
        list(ASKED_RESOURCES),
        *(list[object](KEY_VALUES[key]) for key in keys),
    ]
    total = 1
    for pool in pools:
        total *= len(pool)
    if total <= limit:
        combinations: Iterator[tuple[object, ...]] = iter(product(*pools))
    else:
        step = (total // limit) | 1
        combinations = (pick(pools, (offset + step * n) % total) for n in range(limit))
    for action, resource, *values in combinations:
        context = {
            key: value for key, value in zip(keys, values, strict=True) if isinstance(value, str | list)
        }
        context.setdefault("aws:SecureTransport", "true")
        yield Request.of(
            "arn:aws:iam::111122223333:user/alice", str(action), str(resource), "111122223333", context
        )


def pick(pools: Sequence[Sequence[object]], number: int) -> tuple[object, ...]:
    found = []
    for pool in pools:
        number, at = divmod(number, len(pool))
        found.append(pool[at])
    return tuple(found)


# --- resource policies ----------------------------------------------------------------------------------

ACCOUNT, OTHER = "111122223333", "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/r"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"
FEDERATED_USER = f"arn:aws:sts::{ACCOUNT}:federated-user/f"
PRINCIPALS: list[object] = [
    "*",
    {"AWS": "*"},
    {"AWS": ACCOUNT},
    {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    {"AWS": [USER, ROLE]},
    {"AWS": ROLE},
    {"AWS": [SESSION, OTHER]},
    {"AWS": FEDERATED_USER},
    {"Service": "sns.amazonaws.com"},
    {"Federated": "accounts.google.com"},
    {"AWS": USER, "Service": "sns.amazonaws.com", "Federated": "accounts.google.com"},
    {"CanonicalUser": "a" * 64},
]
CALLER_TESTS: list[tuple[str, str, list[str]]] = [
    ("StringEquals", "aws:PrincipalAccount", [ACCOUNT]),
    ("StringNotEquals", "aws:PrincipalAccount", [ACCOUNT]),
    ("StringEqualsIfExists", "aws:PrincipalAccount", [OTHER, "anonymous"]),
    ("ArnLike", "aws:PrincipalArn", [f"arn:aws:iam::{ACCOUNT}:role/*"]),
    ("ArnLike", "aws:PrincipalArn", ["arn:aws:iam::*:user/alice"]),
    ("ArnNotEquals", "aws:PrincipalArn", [USER]),
    ("StringLike", "aws:PrincipalArn", ["*alice"]),
    ("StringEquals", "aws:PrincipalType", ["User", "Anonymous"]),
    ("StringNotEquals", "aws:PrincipalType", ["AssumedRole"]),
    ("StringLike", "aws:username", ["al*"]),
    ("Null", "aws:PrincipalArn", ["true"]),
    ("Bool", "aws:SecureTransport", ["true"]),
]


def resource_statements() -> st.SearchStrategy[Json]:
    def make(
        effect: str,
        negated: bool,
        principal: object,
        actions: list[str],
        block: list[tuple[str, str, list[str]]],
    ) -> Json:
        condition: dict[str, dict[str, list[str]]] = {}
        for operator, key, values in block:
            condition.setdefault(operator, {})[key] = values
        if negated and principal in ("*", {"AWS": "*"}):
            negated = False
        found: Json = {
            "Effect": effect,
            "NotPrincipal" if negated else "Principal": principal,
            "Action": actions,
            "Resource": "arn:aws:s3:::b/*",
        }
        return {**found, "Condition": condition} if condition else found

    return st.builds(
        make,
        st.sampled_from(["Allow", "Allow", "Deny"]),
        st.sampled_from([False, False, True]),
        st.sampled_from(PRINCIPALS),
        some(["s3:GetObject", "*", "sts:AssumeRoleWithWebIdentity", "sts:*"]),
        st.lists(st.sampled_from(CALLER_TESTS), max_size=2),
    )


CALLERS: list[str | dict[str, object]] = [
    "anonymous",
    USER,
    f"arn:aws:iam::{ACCOUNT}:user/p/bob",
    f"arn:aws:iam::{ACCOUNT}:root",
    {"arn": SESSION, "role": ROLE},
    f"arn:aws:sts::{ACCOUNT}:assumed-role/r/other",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/r2/s",
    FEDERATED_USER,
    {"arn": FEDERATED_USER, "user": USER},
    {"arn": f"arn:aws:sts::{ACCOUNT}:federated-user/g", "user": USER},
    f"arn:aws:iam::{OTHER}:user/alice",
    f"arn:aws:iam::{OTHER}:root",
    "arn:aws:iam::777788889999:user/alice",
    "arn:aws:sts::777788889999:assumed-role/r/s",
    "arn:aws:iam::777788889999:root",
    "sns.amazonaws.com",
    "sqs.amazonaws.com",
    "accounts.google.com",
    "www.amazon.com",
    "a" * 64,
]


def resource_requests() -> Iterator[Request]:
    for caller in CALLERS:
        for action in ("s3:GetObject", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole", "s3:PutObject"):
            for transport in ("true", "false"):
                yield Request.of(
                    caller, action, "arn:aws:s3:::b/x", ACCOUNT, {"aws:SecureTransport": transport}
                )
