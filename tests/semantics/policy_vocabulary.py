"""Random policies and requests over a small vocabulary, raw JSON as people write it: two buckets, a queue, a
key and a role; a handful of actions and keys; callers of every kind; all operators."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

A, B = "111122223333", "444455556666"
ALICE = f"arn:aws:iam::{A}:user/alice"
ROLE = f"arn:aws:iam::{A}:role/team/R"
SESSION = f"arn:aws:sts::{A}:assumed-role/R/s"
FEDERATED = f"arn:aws:sts::{A}:federated-user/fed"
SAML = f"arn:aws:iam::{A}:saml-provider/corp"
LINKED = f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/L"

CALLERS: list[Any] = [
    ALICE,
    ALICE,
    f"arn:aws:iam::{A}:user/x/bob",
    f"arn:aws:iam::{B}:user/alice",
    {"arn": SESSION, "role": ROLE},
    {"arn": SESSION, "role": ROLE},
    f"arn:aws:sts::{A}:assumed-role/R/other",
    {"arn": f"arn:aws:sts::{A}:assumed-role/L/s", "role": LINKED},
    {"arn": FEDERATED, "user": ALICE},
    FEDERATED,
    f"arn:aws:iam::{A}:root",
    f"arn:aws:iam::{B}:root",
    "anonymous",
    "sns.amazonaws.com",
    SAML,
    "accounts.google.com",
]
NAMED = [
    ("AWS", "*"),
    ("AWS", A),
    ("AWS", f"arn:aws:iam::{A}:root"),
    ("AWS", B),
    ("AWS", ALICE),
    ("AWS", f"arn:aws:iam::{A}:user/x/bob"),
    ("AWS", f"arn:aws:iam::{A}:role/R"),
    ("AWS", SESSION),
    ("AWS", FEDERATED),
    ("AWS", "AIDAJ45Q7YFFAREXAMPLE"),
    ("Service", "sns.amazonaws.com"),
    ("Federated", SAML),
    ("Federated", "accounts.google.com"),
    ("CanonicalUser", "0" * 64),
]
KEY = f"arn:aws:kms:eu-west-1:{A}:key/k"
QUEUE = f"arn:aws:sqs:eu-west-1:{A}:q"
API = f"arn:aws:execute-api:eu-west-1:{A}:a1b2/prod/GET/alice"
ACTIONS = [
    "s3:GetObject",
    "s3:GetObject",
    "S3:putobject",
    "sqs:SendMessage",
    "kms:Decrypt",
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
]
RESOURCES = [
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/alice/x",
    "arn:aws:s3:::c/t/*",
    "arn:aws:s3:::b",
    QUEUE,
    KEY,
    ROLE,
    API,
    "*",
]
ACTION_PATTERNS = [
    "*",
    "s3:*",
    "S3:Get*",
    "s3:?etObject",
    "s3:PutObject",
    "*:*e*",
    "sqs:SendMessage",
    "kms:*",
    "sts:Assume*",
    "s3:Get Object",
    "s3:",
]
RESOURCE_PATTERNS = [
    "*",
    "**",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::?/x",
    "arn:aws:s3:::*",
    "arn:*:x",
    "arn:aws:s3*",
    "arn:aws:*:*:*:*",
    "*b/x",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::c/${aws:PrincipalTag/team, 't'}/${*}",
    "arn:aws:s3:::b/${aws:TagKeys}*",
    "arn:aws:s3:::c/t/${*}",
    "arn:aws:s3:::b/${",
    f"arn:aws:kms:*:{A}:key/*",
    QUEUE,
    "arn:aws:sqs:*:q",
    "arn:aws:iam::*:role/team/R",
    KEY,
]
SHORT_LITERALS = [
    "arn:aws:s3",
    "arn:aws:sqs:eu-west-1",
    "execute-api:/prod/GET/alice",
    "execute-api:/*",
    "execute-api:/dev/*",
    "execute-api:/prod/?ET/${aws:username}",
    "execute-api:/prod/GET/${none}",
]

TEXTS = ["t", "T", "", "*", "?", "te", "alice", "a${", "x"]
TEXT_PATTERNS = [
    "t",
    "T",
    "",
    "*",
    "t*",
    "?",
    "${*}",
    "${?}",
    "${$}",
    "*${aws:username}*",
    "${aws:PrincipalTag/team}",
    "${aws:TagKeys, 'x'}",
    "${aws:PrincipalTag/none, 't'}",
    "${none}",
    "a${",
]
ARNS = [QUEUE, KEY, "arn:aws:s3:::b/x", "arn:aws:s3:::b:x", "t", "arn:aws:s3"]
ARN_PATTERNS = [
    QUEUE,
    "arn:aws:s3:::*",
    "arn:aws:*:*:*:*",
    "arn:*",
    "*",
    "arn:aws:s3:::b?x",
    "arn:aws:s3:::${aws:PrincipalTag/team}/x",
    "arn:${aws:username}:s3:::b/x",
    "${aws:SourceArn}",
]
NUMBERS = ["10", "10.0", "9.5", "-1", "1e1", "ten", "", "+10", ".5", "10."]
DATES = [
    "2024-02-29T00:00:00Z",
    "2024-02-29T01:00:00+01:00",
    "2024-02-29",
    "2024",
    "2024-02",
    "1709164800",
    "2024-02-30",
    "2024-02-29T00:00Z",
    "2024-02-29T00:00:00.5Z",
    "soon",
    "2024-02-28T23:30:00-00:30",
]
BOOLS = ["true", "false", "True", "yes", ""]
BOOL_PATTERNS = [True, False, "true", "FALSE", "yes", "${aws:SecureTransport}", "${none}"]
BINARIES = ["QQ==", "QUI=", "QQ", "Q Q==", ""]
ADDRESSES = ["10.1.2.3", "10.1.2.4", "2001:db8::1", "::ffff:10.1.2.3", "10.1.2", "", "010.1.2.3"]
NETWORKS = [
    "10.1.2.3",
    "10.0.0.0/8",
    "10.1.2.3/8",
    "2001:db8::/32",
    "0.0.0.0/0",
    "::/0",
    "10.1.2.3/33",
    "10.1.2.3/",
]

KEYS = {
    "String": ["aws:PrincipalTag/team", "aws:TagKeys", "AWS:userName"],
    "Arn": ["aws:SourceArn", "aws:PrincipalArn", "aws:TagKeys"],
    "Numeric": ["s3:max-keys", "aws:TagKeys"],
    "Date": ["aws:CurrentTime"],
    "Bool": ["aws:SecureTransport"],
    "Binary": ["kms:blob"],
    "Ip": ["aws:SourceIp", "aws:TagKeys"],
}
OPERATORS = {
    "String": ["Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"],
    "Arn": ["Equals", "NotEquals", "Like", "NotLike"],
    "Numeric": ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"],
}
FAMILIES: list[tuple[list[str], list[str], list[Any]]] = [
    (["String" + name for name in OPERATORS["String"]], KEYS["String"], TEXT_PATTERNS),
    (["String" + name for name in OPERATORS["String"]], KEYS["String"], TEXT_PATTERNS),
    (["Arn" + name for name in OPERATORS["Arn"]], KEYS["Arn"], ARN_PATTERNS),
    (["Numeric" + name for name in OPERATORS["Numeric"]], KEYS["Numeric"], [10, 9.5, *NUMBERS]),
    (["Date" + name for name in OPERATORS["Numeric"]], KEYS["Date"], DATES),
    (["Bool"], KEYS["Bool"], BOOL_PATTERNS),
    (["BinaryEquals"], KEYS["Binary"], BINARIES),
    (["IpAddress", "NotIpAddress"], KEYS["Ip"], NETWORKS),
]


def many(thing: Any) -> list[Any]:
    """One or a list: always a list."""
    return thing if isinstance(thing, list) else [thing]


def some(pool: list[Any], most: int = 3) -> st.SearchStrategy[Any]:
    """One value, or a list of values, of the pool."""
    return st.sampled_from(pool) | st.lists(st.sampled_from(pool), min_size=1, max_size=most)


def usually(value: str, pool: list[Any]) -> st.SearchStrategy[Any]:
    """The value half of the time, so that statements do apply; else some of the pool."""
    return st.booleans().flatmap(lambda plain: st.just(value) if plain else some(pool))


@st.composite
def entries(draw: st.DrawFn) -> tuple[str, str, Any]:
    if draw(st.integers(0, 9)) == 0:
        every = [key for keys in KEYS.values() for key in keys]
        return "Null", draw(st.sampled_from(every)), draw(some([True, False, "true", "FALSE", "maybe"], 2))
    operators, keys, values = draw(st.sampled_from(FAMILIES))
    quantifier = draw(st.sampled_from(["", "", "ForAllValues:", "ForAnyValue:", "foranyvalue:"]))
    suffix = draw(st.sampled_from(["", "", "IfExists"]))
    operator = quantifier + draw(st.sampled_from(operators)) + suffix
    return operator, draw(st.sampled_from(keys)), draw(some(values))


@st.composite
def statements(draw: st.DrawFn, kind: str) -> Json:
    statement: Json = {"Effect": "Allow" if draw(st.integers(0, 5)) else "Deny"}
    action = "NotAction" if draw(st.integers(0, 5)) == 0 else "Action"
    statement[action] = draw(
        some(ACTION_PATTERNS) if action == "NotAction" else usually("*", ACTION_PATTERNS)
    )
    if kind != "resource" or draw(st.integers(0, 5)):
        patterns = RESOURCE_PATTERNS if kind in ("scp", "rcp") else RESOURCE_PATTERNS + SHORT_LITERALS
        resource = "NotResource" if draw(st.integers(0, 5)) == 0 else "Resource"
        statement[resource] = draw(some(patterns) if resource == "NotResource" else usually("*", patterns))
    if kind == "rcp":
        statement["Principal"] = "*"
    if kind in ("resource", "endpoint") and draw(st.integers(0, 14)):
        element = "NotPrincipal" if draw(st.integers(0, 4)) == 0 else "Principal"
        statement[element] = draw(principals())
    if draw(st.integers(0, 2)) == 0:
        block: Json = {}
        for operator, key, values in draw(st.lists(entries(), min_size=1, max_size=2)):
            block.setdefault(operator, {})[key] = values
        statement["Condition"] = block
    return statement


@st.composite
def principals(draw: st.DrawFn) -> Any:
    if draw(st.integers(0, 3)) == 0:
        return "*"
    element: dict[str, list[str]] = {}
    for sort, value in draw(st.lists(st.sampled_from(NAMED), min_size=1, max_size=4)):
        element.setdefault(sort, []).append(value)
    return {sort: values[0] if len(values) == 1 else values for sort, values in element.items()}


@st.composite
def documents(draw: st.DrawFn, kind: str) -> Json:
    listed = draw(st.lists(statements(kind), min_size=1, max_size=2))
    document: Json = {"Statement": listed[0] if len(listed) == 1 and draw(st.booleans()) else listed}
    version = draw(st.sampled_from(["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17", None]))
    return document if version is None else {"Version": version, **document}


FULL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
FULL_RCP = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}


@st.composite
def policy_sets(draw: st.DrawFn) -> Json:
    policies: Json = {}
    if draw(st.integers(0, 3)):
        policies["identity"] = draw(st.lists(documents("identity"), min_size=1, max_size=2))
    if draw(st.integers(0, 2)):
        policies["resource"] = draw(documents("resource"))
    for kind in ("boundary", "session", "endpoint"):
        if draw(st.integers(0, 3)) == 0:
            policies[kind] = draw(st.lists(documents(kind) | st.just(FULL), min_size=1, max_size=1))
    for kind, full in (("scp", FULL), ("rcp", FULL_RCP)):
        if draw(st.integers(0, 4)) == 0:
            level = st.just([full]) | st.lists(st.just(full) | documents(kind), min_size=1, max_size=2)
            policies[kind] = draw(st.lists(level, min_size=1, max_size=2))
    return policies


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "aws:PrincipalTag/team": st.sampled_from(TEXTS),
    "aws:tagkeys": st.lists(st.sampled_from(["t", "x", "", "10", "10.1.2.3", QUEUE, "*"]), max_size=3),
    "aws:username": st.sampled_from(["alice", "aws", "x", []]),
    "aws:SourceArn": st.sampled_from(ARNS),
    "s3:max-keys": st.sampled_from(NUMBERS),
    "aws:CurrentTime": st.sampled_from(DATES),
    "aws:securetransport": st.sampled_from(BOOLS),
    "kms:blob": st.sampled_from(BINARIES),
    "aws:SourceIp": st.sampled_from(ADDRESSES),
}
contexts = st.fixed_dictionaries({}, optional=VALUES)


@st.composite
def requests(draw: st.DrawFn) -> Json:
    return {
        "principal": draw(st.sampled_from(CALLERS)),
        "action": draw(st.sampled_from(ACTIONS)),
        "resource": draw(st.sampled_from(RESOURCES)),
        "resource_account": draw(st.sampled_from([A, A, A, B, None])),
        "context": draw(contexts),
    }
