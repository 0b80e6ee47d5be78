"""Checks of what IAM's grammar does not allow, and of names that mean nothing to IAM."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from iamlint.catalog import Catalog
from iamlint.catalog.datafiles import read
from iamlint.catalog.nearest import mistakes, nearest
from iamlint.engine.subject import Match, PolicySubject, StatementSubject
from iamlint.model import BrokenFile, Fault, Pointer, Policy, PolicyKind, Statement, Value, When
from iamlint.model.policy import POLICY_ELEMENTS, STATEMENT_ELEMENTS
from iamlint.semantics.patterns import has_wildcard

__all__ = [
    "action_without_service",
    "duplicate_sid",
    "element_absent",
    "element_empty",
    "element_present",
    "no_statements",
    "policy_fault",
    "repeated_value",
    "retired_action",
    "sid_format",
    "unknown_action",
    "unknown_service",
    "unparsable_file",
    "variable_not_read",
    "version_absent",
    "version_is",
    "version_unknown",
]

VERSIONS = ("2012-10-17", "2008-10-17")
_SID = re.compile(r"[A-Za-z0-9]*\Z")
_ACTION = re.compile(r"[\w:-]+")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_NO_VARIABLES = frozenset({"${*}", "${?}", "${$}"})
"""Escapes: they stand for the character itself."""


def policy_fault(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find the faults of a policy whose code is one of `codes`."""
    codes = params["codes"]
    assert isinstance(codes, list | tuple)
    for fault in subject.policy.faults:
        if fault.code in codes:
            # A fault of something missing is shown where the whole statement stands: its start is enough.
            marks: tuple[tuple[Value | Pointer, str], ...] = ()
            if fault.other is not None:
                marks = ((fault.other, "beside this one"),)
            words = {"fault": fault.message, "hint": _element_hint(fault, subject.policy)}
            # The item makes each fault one of its own: another rule covers it only at the same place.
            item = Value(fault.code, fault.pointer)
            key = fault.code in _FAULTS_OF_KEYS
            yield Match(fault.pointer, (fault.code,), words, marks=marks, items=(item,), key_only=key)


_FAULTS_OF_KEYS = frozenset({"unknown-element", "element-combination", "principal-type"})


def _element_hint(fault: Fault, policy: Policy) -> str:
    """Return `(did you mean X?)` for an element whose name is nearly that of one that could stand there."""
    name = fault.pointer[-1] if fault.pointer else None
    if fault.code != "unknown-element" or not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    elements = _OF_POLICY if fault.pointer[:-1] == policy.pointer else _OF_STATEMENT
    lower = name.lower()
    near = nearest(lower, elements)
    if near is None and lower.rstrip("s") in elements:
        near = lower.rstrip("s")
    return _did_you_mean(None if near is None else elements[near])


_LONGEST_NAME = 40
_OF_POLICY = {name.lower(): name for name in sorted(POLICY_ELEMENTS)}
_OF_STATEMENT = {name.lower(): name for name in sorted(STATEMENT_ELEMENTS)}


def unparsable_file(broken: BrokenFile, params: Mapping[str, object]) -> Iterator[Match]:
    """Report the file where it stops being what it should be, or goes beyond what is read."""
    fault = "cannot be read" if broken.limit else f"is not {broken.format}"
    words = {"format": broken.format, "error": broken.message, "fault": fault}
    yield Match((), (), words)


# --- names of actions -----------------------------------------------------------------------------


@cache
def _accepted() -> tuple[frozenset[str], frozenset[str]]:
    """Return services, and actions in small letters, that IAM takes though the catalogue lacks them."""
    data = json.loads(read("accepted_actions.json"))
    actions = (f"{service}:{name}".lower() for service, names in data["actions"].items() for name in names)
    return frozenset(data["services"]), frozenset(actions)


@cache
def _withdrawn() -> frozenset[str]:
    """Return actions, in small letters, that AWS itself wrote into policies and that do not exist."""
    data = json.loads(read("accepted_actions.json"))["withdrawn"]
    return frozenset(f"{service}:{name}".lower() for service, names in data.items() for name in names)


@cache
def _api_names() -> Mapping[str, list[str]]:
    """Return SDK operations that look like actions, in small letters, with the actions they need."""
    names: Mapping[str, list[str]] = json.loads(read("api_names.json"))["actions"]
    return names


def _written(statement: Statement) -> Iterator[tuple[Value, str, str, str]]:
    """Yield each action that is known as a whole: value, text, prefix in small letters, name."""
    for value in (*(statement.actions or ()), *(statement.not_actions or ())):
        text = value.text
        if text is not None and text != "*":
            prefix, _, name = text.partition(":")
            yield value, text, prefix.lower(), name


def unknown_action(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an action that its service does not have. Patterns and policy variables are other rules'
    matter."""
    known = subject.catalog
    for value, text, prefix, _ in _written(subject.statement):
        if ":" not in text or has_wildcard(text) or "${" in text or known.service(prefix) is None:
            continue
        if known.action(text) is not None or text.lower() in _accepted()[1]:
            continue
        shown = text if _ACTION.fullmatch(text) else f"'{text}'"
        yield Match(value, (text,), {"action": shown, "hint": _hint(text, known)})


def _hint(text: str, known: Catalog) -> str:
    api = _api_names().get(text.lower())
    if api:
        return f" (an API operation, which needs {' and '.join(api)})"
    if text.lower() in _withdrawn():
        return " any more (AWS withdrew it, or never released it)"
    near = known.nearest_action(text) if len(text) < 200 else None
    return _did_you_mean(near)


def _did_you_mean(near: str | None) -> str:
    return f" (did you mean {near}?)" if near else ""


def unknown_service(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find actions of a service prefix that does not exist, one match for each prefix."""
    known = subject.catalog
    found: dict[str, list[Value]] = {}
    for value, text, prefix, _ in _written(subject.statement):
        if ":" not in text or has_wildcard(prefix) or known.service(prefix) is not None:
            continue
        if prefix not in _accepted()[0]:
            found.setdefault(prefix, []).append(value)
    for prefix, values in found.items():
        texts = tuple(str(value) for value in values)
        near = None
        if len(texts[0]) < 200:
            near = None if has_wildcard(texts[0]) else known.nearest_action(texts[0])
            if near is not None and not _alike(prefix, near.partition(":")[0]):
                # Some other service has an action of this name: no reason to think it is meant.
                near = None
            near = near or known.nearest_service(prefix)
        words = {"prefix": prefix or "the empty text", "hint": _did_you_mean(near)}
        yield Match(values[0], texts, words, marks=tuple((value, "") for value in values[1:]))


def _alike(prefix: str, service: str) -> bool:
    """Say whether a service could be what somebody meant who wrote the prefix."""
    from iamlint.catalog.usual_names import usual_name

    if usual_name("services", prefix) == service:
        return True
    return prefix in service or service in prefix or mistakes(prefix, service, 2) <= 2


def action_without_service(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an action without a service prefix: `GetObject`, or `s3.GetObject`."""
    known = subject.catalog
    for value, text, _, _ in _written(subject.statement):
        if ":" in text or (text and not text.strip("*")):
            continue
        near = known.nearest_action(text.replace(".", ":", 1)) if "." in text and len(text) < 200 else None
        near = near or _only_service_with(text, known)
        yield Match(value, (text,), {"action": text or "''", "hint": _did_you_mean(near)})


def _only_service_with(name: str, known: Catalog) -> str | None:
    """Return the one action with this name in any service, None if there are several or none."""
    if has_wildcard(name) or not name.isalnum():
        return None
    names = list(known.names(known.expand(f"*:{name}")))
    return names[0] if len(names) == 1 else None


def retired_action(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an action that IAM takes but the catalogue no longer lists (or does not list yet)."""
    services, actions = _accepted()
    for value, text, prefix, _ in _written(subject.statement):
        if prefix in services or text.lower() in actions:
            yield Match(value, (text,), {"action": text})


# --- elements -------------------------------------------------------------------------------------


def _unread(statement: Statement) -> bool:
    """Say whether the statement stands for others that cannot be read: then nothing is missing."""
    return statement.unread_condition and statement.effect is not None and statement.effect.text is None


def element_absent(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a statement that has neither `element` nor its Not- form."""
    statement = subject.statement
    if _unread(statement):
        return
    pair = {
        "Resource": (statement.resources, statement.not_resources),
        "Principal": (statement.principals, statement.not_principals),
    }[str(params["element"])]
    if pair == (None, None):
        if params["element"] == "Resource" and _needs_no_resource(subject):
            return
        values = statement.actions or statement.not_actions
        yield Match(values[0] if values else statement.pointer, (), {})


def _needs_no_resource(subject: StatementSubject) -> bool:
    """Say whether the policy is on something whose policies are about that thing alone: there Resource
    may be left out. Where nobody says what a policy is on, the services of the actions tell; a star
    tells nothing, so it may be."""
    if subject.policy.kind is not PolicyKind.RESOURCE:
        return False
    words, services = _without_resource()
    if subject.policy.on:
        return words.issuperset(subject.policy.on)
    statement = subject.statement
    values = statement.actions or statement.not_actions or ()
    return bool(values) and all(
        value.literal.partition(":")[0].lower() in services or value.text == "*" or value.hole is not None
        for value in values
    )


@cache
def _without_resource() -> tuple[frozenset[str], frozenset[str]]:
    """Return what has policies without Resource: neutral words, and service prefixes."""
    data = json.loads(read("policy_limits.json"))["without_resource"]
    return frozenset(data["words"]), frozenset(data["services"])


def element_present(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Principal or NotPrincipal where the kind of policy takes none."""
    statement = subject.statement
    for name, principals in (("Principal", statement.principals), ("NotPrincipal", statement.not_principals)):
        if principals is not None:
            yield Match((*statement.pointer, name), (name,), {"element": name}, key_only=True)
            return


def element_empty(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find an `element` (or its Not- form) that is written and holds nothing."""
    statement, element = subject.statement, str(params["element"])
    pairs: dict[str, tuple[tuple[object, ...] | None, tuple[object, ...] | None]] = {
        "Action": (statement.actions, statement.not_actions),
        "Resource": (statement.resources, statement.not_resources),
        "Principal": (statement.principals, statement.not_principals),
    }
    for name, values in zip((element, f"Not{element}"), pairs[element], strict=True):
        if values != () or _is_thinned(subject, name):
            continue
        if not _has_fault_at(subject, (*statement.pointer, name)):
            yield Match((*statement.pointer, name), (name,), {"element": name})


def _is_thinned(subject: StatementSubject, element: str) -> bool:
    """Say whether the element is empty only in this reading: a template's conditions, of which nobody
    knows whether they can hold together, take its items away."""
    field = {
        "Action": "actions",
        "NotAction": "not_actions",
        "Resource": "resources",
        "NotResource": "not_resources",
        "Principal": "principals",
        "NotPrincipal": "not_principals",
    }[element]
    pointer = subject.statement.pointer
    return any(
        statement.pointer == pointer and getattr(statement, field)
        for statement in subject.policy.statements or ()
    )


def _has_fault_at(subject: StatementSubject, pointer: Pointer) -> bool:
    """Say whether something at or below the place could not be read, so that it only looks empty."""
    return any(fault.pointer[: len(pointer)] == pointer for fault in subject.policy.faults)


def repeated_value(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find each principal or value of a condition that an earlier one of the same list says already."""
    statement = subject.statement
    lists: list[tuple[str, Iterable[Value]]] = []
    for name, principals in (("Principal", statement.principals), ("NotPrincipal", statement.not_principals)):
        lists.append((name, (principal.value for principal in principals or ())))
    lists += [(condition.key, condition.values) for condition in statement.conditions]
    for name, values in lists:
        seen: dict[tuple[object, ...], Value] = {}
        for value in values:
            if value.text is None or not value.pointer or not isinstance(value.pointer[-1], int):
                continue
            first = seen.setdefault((value.text, value.when, value.pointer[:-1]), value)
            if first is not value:
                words = {"value": value.text, "element": name}
                yield Match(value, (value.text,), words, marks=((first, "first here"),))


def no_statements(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a policy whose list of statements is empty."""
    policy = subject.policy
    if policy.statements == () and not policy.faults:
        yield Match((*policy.pointer, "Statement"), (), {})


# --- Sid ------------------------------------------------------------------------------------------


def duplicate_sid(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find each Sid that an earlier statement has too, unless the two can never be there together."""
    seen: dict[str, list[Statement]] = {}
    for statement in subject.policy.statements or ():
        sid = statement.sid
        if sid is None or not sid.text:
            continue
        earlier = seen.setdefault(sid.text, [])
        clash = next((other for other in earlier if not _exclude(other.when, statement.when)), None)
        if clash is not None and clash.sid is not None:
            yield Match(sid, (sid.text,), {"sid": sid.text}, marks=((clash.sid, "first used here"),))
        earlier.append(statement)


def _exclude(one: When, other: When) -> bool:
    """Say whether two sets of template conditions contradict each other."""
    known = dict(one)
    return any(known.get(name, holds) != holds for name, holds in other)


def sid_format(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Sid with characters that IAM does not take."""
    sid = subject.statement.sid
    if sid is not None and sid.text is not None and not _SID.match(sid.text):
        bad = sorted(set(re.sub(r"[A-Za-z0-9]", "", sid.text)))
        shown = ", ".join("a space" if letter == " " else letter for letter in bad[:5])
        yield Match(sid, (sid.text,), {"sid": sid.text, "characters": shown})


# --- Version --------------------------------------------------------------------------------------


def version_absent(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a policy without Version."""
    policy = subject.policy
    if policy.version is not None or _version_fault(subject):
        return
    if any(_is_bare(statement, policy) for statement in policy.statements or ()):
        return
    # Of a document that cannot be read nobody knows what it has.
    if policy.statements is not None or any(fault.code == "missing-statement" for fault in policy.faults):
        yield Match(policy.pointer, (), {}, key_only=True)


def _is_bare(statement: Statement, policy: Policy) -> bool:
    """Say whether a statement stands for itself, where a property takes statements and no document."""
    pointer = statement.pointer
    if pointer and isinstance(pointer[-1], int):
        return policy.pointer in {pointer, pointer[:-1]}
    return policy.pointer == pointer


def version_is(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a policy of the given `version`."""
    version = subject.policy.version
    if version is not None and version.text == params["version"]:
        yield Match(version, (str(version),), {"version": str(version)})


def version_unknown(subject: PolicySubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Version that does not exist."""
    version = subject.policy.version
    if version is None or version.text is None or version.text in VERSIONS:
        return
    if not _version_fault(subject):
        yield Match(version, (version.text,), {"version": version.text})


def _version_fault(subject: PolicySubject) -> bool:
    pointer = (*subject.policy.pointer, "Version")
    return any(fault.pointer[: len(pointer)] == pointer for fault in subject.policy.faults)


def variable_not_read(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a policy variable in a policy whose version takes it for plain text."""
    version = subject.policy.version
    if version is not None and version.text != "2008-10-17":
        return
    statement = subject.statement
    values = [*(statement.resources or ()), *(statement.not_resources or ())]
    values += [value for condition in statement.conditions for value in condition.values]
    found = []
    names: list[str] = []
    for value in values:
        literal = value.literal
        if "${" not in literal:
            continue
        # Up to the last brace every beginning has an end, so no text is searched twice.
        written = literal[: literal.rfind("}") + 1]
        variables = [name for name in _VARIABLE.findall(written) if name not in _NO_VARIABLES]
        if variables:
            found.append(value)
            names += variables
    if found:
        names = list(dict.fromkeys(names))
        words = {"variables": ", ".join(names), "version": "2008-10-17" if version is not None else "missing"}
        yield Match(found[0], tuple(names), words, marks=tuple((value, "") for value in found[1:]))
