"""Who a principal is, by the table of the IAM user guide (policy elements: Principal)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamlint.model import Hole, Part, Principal, Value
from iamlint.semantics.principals import Party, PartyKind, party

OWN = Hole("pseudo", "AWS::AccountId", alphabet="account")
OTHER = Hole("parameter", "Partner")
ROLE_MADE_HERE = Hole("attribute", "App.Arn", arn="arn:*:iam::*:role/*")
ROLE_FROM_ELSEWHERE = Hole("import", "App", arn="arn:*:iam::*:role/*")


def read(*parts: Part, kind: str = "AWS") -> Party:
    if all(isinstance(part, str) for part in parts):
        return party(Principal(kind, Value("".join(map(str, parts)), ())))
    return party(Principal(kind, Value(None, (), parts)))


@pytest.mark.parametrize(
    ("text", "kind", "account"),
    [
        ("*", PartyKind.EVERYBODY, None),
        ("111122223333", PartyKind.ACCOUNT, "111122223333"),
        ("arn:aws:iam::111122223333:root", PartyKind.ACCOUNT, "111122223333"),
        ("arn:aws-cn:iam::111122223333:root", PartyKind.ACCOUNT, "111122223333"),
        ("arn:aws:iam::111122223333:role/team/app", PartyKind.ROLE, "111122223333"),
        ("arn:aws:iam::111122223333:user/ana", PartyKind.USER, "111122223333"),
        ("arn:aws:sts::111122223333:assumed-role/app/session", PartyKind.SESSION, "111122223333"),
        ("arn:aws:sts::111122223333:federated-user/ana", PartyKind.SESSION, "111122223333"),
        ("arn:aws:iam::*:root", PartyKind.EVERYBODY, None),
        ("arn:aws:iam::11112222????:root", PartyKind.EVERYBODY, None),
        ("AIDAEXAMPLEEXAMPLE", PartyKind.UNIQUE_ID, None),
        ("11112222333", PartyKind.MALFORMED, None),
        ("arn:aws:s3:::bucket", PartyKind.MALFORMED, None),
        ("", PartyKind.MALFORMED, None),
    ],
)
def test_aws_principals(text: str, kind: PartyKind, account: str | None) -> None:
    found = read(text)
    assert found.kind is kind
    assert found.account == account
    assert not found.own_account


@pytest.mark.parametrize(
    ("parts", "kind", "own"),
    [
        ((OWN,), PartyKind.ACCOUNT, True),
        (("arn:aws:iam::", OWN, ":root"), PartyKind.ACCOUNT, True),
        (
            ("arn:", Hole("pseudo", "AWS::Partition", alphabet="partition"), ":iam::", OWN, ":role/app"),
            PartyKind.ROLE,
            True,
        ),
        (("arn:aws:iam::", OTHER, ":root"), PartyKind.ACCOUNT, False),
        ((Hole("parameter", "Partner", alphabet="account"),), PartyKind.ACCOUNT, False),
        ((ROLE_MADE_HERE,), PartyKind.ROLE, True),
        ((ROLE_FROM_ELSEWHERE,), PartyKind.ROLE, False),
        ((OTHER,), PartyKind.UNKNOWN, False),
        # The Region is decided by the deployment as well, and is no account.
        (
            ("arn:aws:iam::", Hole("pseudo", "AWS::Region", alphabet="region"), ":root"),
            PartyKind.ACCOUNT,
            False,
        ),
    ],
)
def test_holes_are_the_own_account_only_when_they_surely_are(
    parts: tuple[Part, ...], kind: PartyKind, own: bool
) -> None:
    found = read(*parts)
    assert found.kind is kind
    assert found.own_account == own
    assert found.account is None


def test_other_types_of_principals() -> None:
    assert read("*", kind="*").kind is PartyKind.EVERYBODY
    assert read("ec2.amazonaws.com", kind="Service").kind is PartyKind.SERVICE
    assert read("*.amazonaws.com", kind="Service").wildcard
    assert read("accounts.google.com", kind="Federated").kind is PartyKind.FEDERATED
    assert read("arn:aws:iam::111122223333:saml-provider/corp", kind="Federated").account == "111122223333"
    assert read("79a59df900b949e5", kind="CanonicalUser").kind is PartyKind.CANONICAL
    assert read("x", kind="Unheard").kind is PartyKind.MALFORMED


@given(st.text(max_size=40), st.sampled_from(["AWS", "Service", "Federated", "CanonicalUser", "*", "?", "x"]))
def test_any_text_is_some_party(text: str, kind: str) -> None:
    found = read(text, kind=kind)
    # Everybody is written with a wildcard, or as the bare star, and never read into other text.
    if found.kind is PartyKind.EVERYBODY:
        assert kind == "*" or "*" in text or "?" in text
