"""Checks of NotAction, NotResource and NotPrincipal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iamlint.engine.checks.wildcards import ADMIN_MAKERS
from iamlint.engine.checks.wording import texts
from iamlint.engine.judge import listed
from iamlint.engine.scope import Breadth, reach
from iamlint.engine.subject import Match, StatementSubject
from iamlint.model import Value

__all__ = ["deny_leaves_all", "not_element"]


def not_element(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find statements of the effect of the rule that have all of `elements`.

    With `resources: wide` only those on `*`, on a whole service or with NotResource; with `narrow`
    only those on less. The place is the first named value. The word `left` of an Allow with NotAction on
    wide resources says what it gives; one of which the policy's Denies take all is no match.
    """
    statement = subject.statement
    if statement.not_actions is None and statement.not_resources is None and statement.not_principals is None:
        return
    if not (statement.is_deny if params["effect"] == "Deny" else statement.is_allow):
        return
    found: list[tuple[str, Sequence[Value]]] = []
    for name in texts(params, "elements"):
        values = _values(subject, name)
        if values is None:
            return
        found.append((name, values))
    resources = params["resources"]
    if resources != "any" and (_wide(subject) != (resources == "wide")):
        return
    evidence = tuple(str(value) for _, values in found for value in values)
    places = [values[0] for _, values in found if values]
    words = {"excluded": listed(evidence), "left": ""}
    marks = tuple((value, "") for value in places[1:])
    if statement.is_allow and statement.not_actions is not None and resources == "wide":
        if not subject.granted:
            # The Denies of the policy take all of it.
            return
        words["left"] = _left(subject)
    yield Match(places[0] if places else statement.pointer, evidence, words, marks=marks)


def _left(subject: StatementSubject) -> str:
    """Return what an Allow with NotAction gives after the policy's unconditional Denies."""
    catalog = subject.catalog
    whole = sum(
        not catalog.service_bits(prefix) & ~subject.granted for prefix in catalog.services_of(subject.granted)
    )
    some = len(list(catalog.services_of(subject.granted))) - whole
    makers = [name for name in ADMIN_MAKERS if catalog.expand(name) & subject.granted]
    denied = " after its Denies" if subject.owner.denied & subject.bits else ""
    parts = f" and parts of {some}" if some else ""
    if makers:
        iam = f"{makers[0]} among it"
    elif catalog.service_bits("iam") & subject.granted:
        iam = "but of IAM nothing that makes administrators"
    else:
        iam = "but not IAM"
    return f"that is all of {whole} of {len(catalog.services())} services{parts}{denied}, {iam}"


def _values(subject: StatementSubject, name: str) -> Sequence[Value] | None:
    statement = subject.statement
    if name == "NotAction":
        return statement.not_actions
    if name == "NotResource":
        return statement.not_resources
    principals = statement.not_principals
    return None if principals is None else [principal.value for principal in principals]


def _wide(subject: StatementSubject) -> bool:
    statement = subject.statement
    if statement.not_resources is not None:
        return True
    return any(reach(value).breadth >= Breadth.SERVICE for value in statement.resources or ())


def deny_leaves_all(subject: StatementSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Find a Deny whose NotAction or NotResource leaves everything out, so that it denies nothing."""
    statement = subject.statement
    for name, values in (("NotAction", statement.not_actions), ("NotResource", statement.not_resources)):
        for value in values or ():
            text = value.text
            if text is None:
                continue
            everything = (
                subject.catalog.expand(text) == subject.catalog.all_actions
                if name == "NotAction"
                else bool(text) and not text.strip("*")
            )
            if everything:
                yield Match(value, (text,), {"element": name})
                return
