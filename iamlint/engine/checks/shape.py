"""Checks of a document's shape: types, empty elements, principals in the wrong form or place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from iamlint.engine.subject import Match, PolicySubject, StatementSubject
from iamlint.model import Condition, Pointer, PolicyKind, Principal, Statement, Value
from iamlint.semantics.conditions import parse_operator
from iamlint.semantics.patterns import has_wildcard

__all__ = [
    "aws_principal_format",
    "bare_star_principal",
    "duplicate_condition_key",
    "element_written",
    "empty_condition_list",
    "empty_sid",
    "federated_format",
    "other_kind",
    "policy_remark",
    "principal_of_type",
    "resource_written",
    "wildcard_in_principal",
]

_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_HOST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
_PROVIDERS = ("oidc-provider", "saml-provider")


def policy_remark(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the remarks on a policy whose code is one of `codes`."""
    remarks = subject.policy.remarks
    if not remarks:
        return
    codes = params["codes"]
    assert isinstance(codes, list | tuple)
    for remark in remarks:
        if remark.code in codes:
            marks: tuple[tuple[Value | Pointer, str], ...] = ()
            if remark.other is not None:
                marks = ((remark.other, "the other one"),)
            yield Match(remark.pointer, (), {"remark": remark.message}, marks=marks)


def empty_condition_list(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find condition keys with an empty list under operators of the `form`: plain, if-exists,
    for-all-values, for-any-value."""
    policy = subject.policy
    if not policy.remarks:
        return
    empty = {remark.pointer for remark in policy.remarks if remark.code == "empty-condition-list"}
    if not empty:
        return
    for statement in policy.statements or ():
        for condition in statement.conditions:
            if condition.pointer in empty and _form(condition) == params["form"]:
                words = {"operator": condition.operator, "key": condition.key}
                yield Match(condition.pointer, (condition.operator, condition.key), words)


def _form(condition: Condition) -> str:
    operator = parse_operator(condition.operator)
    if operator.quantifier is not None:
        return "for-all-values" if operator.quantifier == "ForAllValues" else "for-any-value"
    return "if-exists" if operator.if_exists else "plain"


def duplicate_condition_key(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find keys of one condition block that differ in letter case only."""
    conditions = subject.statement.conditions
    if len(conditions) < 2:
        return
    seen: dict[tuple[str, Pointer, str], Condition] = {}
    for condition in conditions:
        if "${" in condition.key or "<" in condition.key:
            continue  # a placeholder, whose name may well be written in two ways
        place = (condition.operator, condition.pointer[:-1], condition.key.lower())
        first = seen.setdefault(place, condition)
        if first.key != condition.key:
            words = {"key": condition.key, "other": first.key, "operator": condition.operator}
            marks = ((first.pointer, "the same key in other letters"),)
            yield Match(condition.pointer, (first.key, condition.key), words, marks=marks, key_only=True)


def empty_sid(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Sid that is the empty text."""
    sid = subject.statement.sid
    if sid is not None and sid.text == "":
        yield Match(sid)


def element_written(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a statement that has the `element`, whatever it holds."""
    statement, element = subject.statement, str(params["element"])
    held = {
        "NotAction": statement.not_actions,
        "NotPrincipal": statement.not_principals,
        "NotResource": statement.not_resources,
    }[element]
    if held is not None:
        yield Match((*statement.pointer, element), (element,), {"element": element}, key_only=True)


def resource_written(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Resource or NotResource, in a policy of which it is known what it hangs on."""
    statement = subject.statement
    if not subject.policy.on:
        return
    for name, held in (("Resource", statement.resources), ("NotResource", statement.not_resources)):
        if held is not None:
            yield Match((*statement.pointer, name), (name,), {"element": name}, key_only=True)


def other_kind(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a statement of another kind of policy: in a trust policy one that names resources, no principal
    and actions that are not about taking roles; elsewhere one that names principals who may take a role."""
    statement = subject.statement
    actions = statement.actions or ()
    bits, takes_roles = subject.bits, subject.catalog.service_bits("sts")
    if not actions or not bits:
        return
    has_principal = statement.principals is not None or statement.not_principals is not None
    has_resource = statement.resources is not None or statement.not_resources is not None
    if subject.policy.kind is PolicyKind.TRUST:
        found = has_resource and not has_principal and not bits & takes_roles
        words = {"is": "an identity policy", "place": "a trust policy"}
    else:
        found = has_principal and not has_resource and not bits & ~takes_roles
        words = {"is": "a trust policy", "place": "an identity policy"}
    if found:
        yield Match(statement.pointer, tuple(map(str, actions)), words)


# --- principals -----------------------------------------------------------------------------------


def _principals(statement: Statement) -> Iterator[Principal]:
    yield from statement.principals or ()
    yield from statement.not_principals or ()


def wildcard_in_principal(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a wildcard in a principal that must be written out: anywhere but a lone star under AWS."""
    for principal in _principals(subject.statement):
        if principal.type not in _TYPES:
            continue
        written = principal.value.literal
        if not has_wildcard(written) or (principal.type == "AWS" and written == "*"):
            continue  # a star beside a hole may be a lone one once the hole is filled
        if principal.type == "AWS" and principal.value.text is None and not written.strip("*"):
            continue
        shown = str(principal.value)
        yield Match(principal.value, (shown,), {"principal": shown, "type": principal.type})


def principal_of_type(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the `type` of principal where the policy takes none, once for each element."""
    statement, wanted = subject.statement, params["type"]
    for element in (statement.principals, statement.not_principals):
        values = [principal.value for principal in element or () if principal.type == wanted]
        if values:
            texts = tuple(map(str, values))
            yield Match(_of_key(values[0]), texts, {"principal": ", ".join(texts[:5])}, key_only=True)


def _of_key(value: Value) -> Pointer:
    """Return the place of the key that a value, or the list with it, is written under."""
    pointer = value.pointer
    return pointer[:-1] if pointer and isinstance(pointer[-1], int) else pointer


def bare_star_principal(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Principal that is the bare text `*`."""
    for principal in subject.statement.principals or ():
        if principal.type == "*":
            yield Match(principal.value, ("*",))


def aws_principal_format(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a text under AWS that surely names no account, role, user or session."""
    for principal in _principals(subject.statement):
        text = principal.value.text
        if principal.type == "AWS" and text is not None and not has_wildcard(text):
            problem = _wrong_identity(text)
            if problem:
                yield Match(principal.value, (text,), {"principal": text, "problem": problem})


_IDENTITIES = ("role/", "user/", "assumed-role/", "federated-user/")


@lru_cache(maxsize=1_024)
def _wrong_identity(text: str) -> str:
    """Return what is wrong with an account number or ARN, nothing where it may stand for one.

    Other texts (a name to be filled in, a unique id) are left alone, and so are accounts that are no
    number: `cloudfront` is one.
    """
    if text.isascii() and text.isdigit():
        return "" if len(text) == 12 else "an account number has twelve digits"
    if not text.startswith("arn:aws") or "${" in text or "<" in text:
        return ""
    fields = text.split(":", 5)
    if len(fields) < 6:
        return "an ARN has six fields, the account is the fifth" if fields[2:3] == ["iam"] else ""
    service, region, account, name = fields[2:]
    if service not in {"iam", "sts"}:
        return "it is the ARN of a thing, which makes no requests" if service.isalnum() else ""
    if not account or (account.isascii() and account.isdigit() and len(account) != 12):
        return "it has no account" if not account else "an account number has twelve digits"
    if region:
        return "ARNs of identities have no region"
    if name == "root" or name.startswith(_IDENTITIES) or not account.isdigit():
        return ""
    return "a group is no principal" if name.startswith("group/") else "it is neither root, role nor user"


def federated_format(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Federated principal that is neither a host name nor the ARN of an identity provider."""
    for principal in _principals(subject.statement):
        text = principal.value.text
        if principal.type == "Federated" and text is not None and not has_wildcard(text):
            hint = _wrong_provider(text)
            if hint is not None:
                yield Match(principal.value, (text,), {"principal": text, "hint": hint})


@lru_cache(maxsize=1_024)
def _wrong_provider(text: str) -> str | None:
    """Return None for the form of a provider, else what should be written, as far as that can be told."""
    if not text.startswith("arn:"):
        labels = text.split(".")
        if len(labels) > 1 and all(labels) and _HOST.issuperset(text):
            return None
        return ""
    fields = text.split(":", 5)
    if len(fields) < 6 or not fields[1].startswith("aws") or fields[2] != "iam" or fields[3] or not fields[4]:
        return ""
    kind, _, name = fields[5].partition("/")
    if kind in _PROVIDERS and name and not (kind == "saml-provider" and "/" in name):
        return None
    near = [known for known in _PROVIDERS if known.split("-")[0] == kind.lower().split("-")[0]]
    return f"; the resource part starts with {near[0]}/" if near else ""
