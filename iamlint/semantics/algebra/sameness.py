"""Does a rewritten policy give the same access: what a safe fix has to prove.

Three proofs, from cheap to dear. (1) *The same form*: both documents say the same when lists are taken
as sets, names without regard to letter case where IAM has none, and Version is left aside where no
variable could be read. This holds with holes, template conditions and elements that IAM refuses, since
what cannot be read is the same on both sides. (2) *The same access*: the algebra finds what each side
allows, and what each side denies, contained in the other, and no reading of an open question changes
that. (3) *Mended*: IAM refuses the old document for the very word that was changed, so there is no
access to compare; the new word is the old one in the only form that the grammar has. What is none of
these is not proved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from iamlint.model import Condition, Grant, Hole, Policy, Principal, Statement, Value, Values
from iamlint.record import replace
from iamlint.semantics.algebra.globs import Budget
from iamlint.semantics.algebra.questions import compare
from iamlint.semantics.algebra.refusals import refusals
from iamlint.semantics.algebra.results import Verdict
from iamlint.semantics.algebra.space import Reading
from iamlint.semantics.conditions import parse_operator

__all__ = ["grant_form", "is_mended", "policy_form", "same_access"]

Form: TypeAlias = tuple[object, ...]

_FIXED = frozenset({"resource", "attribute", "pseudo"})
"""Kinds of holes that AWS fills: names, ids and ARNs, never a policy variable."""
_NAMED = _FIXED | {"parameter", "import", "placeholder", "dynamic-reference"}
"""Kinds of holes whose name tells one from another: two of one name are filled alike."""
_READINGS = frozenset(reading.value for reading in Reading)


def same_access(old: Policy, new: Policy, renamed: Mapping[str, str] | None = None) -> bool:
    """Say whether it is proved that two policies, of one place in a file, give the same access.

    `renamed` holds condition keys, in small letters, that have a new name: the old policy is read as
    if it used that. Never raises for what the policies hold.
    """
    if renamed:
        old = _with_names(old, renamed)
    if policy_form(old) == policy_form(new):
        return True
    if _frame(old) != _frame(new) or _sids(old) != _sids(new) or old.faults or new.faults:
        return False
    if _version(old) != _version(new) and any(value.parts for value in _variable_places(old)):
        # To the algebra a hole is one text on both sides; it may hold a variable, which one side reads.
        return False
    if not _has_only_named_holes(old):
        # To the algebra two holes of one name are one text.
        return False
    return _equal(old, new) and _same_denies(old, new)


def _has_only_named_holes(policy: Policy) -> bool:
    values = [*_variable_places(policy)]
    for statement in policy.statements or ():
        values += [*(statement.actions or ()), *(statement.not_actions or ())]
        values += [] if statement.effect is None else [statement.effect]
    return all(
        part.kind in _NAMED and not part.many
        for value in values
        for part in value.parts
        if isinstance(part, Hole)
    )


def _same_denies(old: Policy, new: Policy) -> bool:
    """Say whether both policies deny the same. A document is not alone: what its Deny takes away may be
    given by another, so it counts even where this one allows nothing."""
    denies = [tuple(one for one in policy.statements or () if not one.is_allow) for policy in (old, new)]
    forms = [
        (_version(old), *map(_statement_form, denies[0])),
        (_version(new), *map(_statement_form, denies[1])),
    ]
    if forms[0] == forms[1] or not (denies[0] or denies[1]):
        return True
    if any(one.not_principals is not None for one in (*denies[0], *denies[1])):
        # As an Allow it would not mean the same callers.
        return False
    allows = [
        tuple(replace(one, effect=Value("Allow", one.pointer)) for one in statements) for statements in denies
    ]
    return _equal(replace(old, statements=allows[0]), replace(new, statements=allows[1]))


def _equal(old: Policy, new: Policy) -> bool:
    return _contained(old, new) and _contained(new, old)


def _contained(old: Policy, new: Policy) -> bool:
    # Counted, not timed: which fixes are offered must not depend on the machine.
    budget = Budget(tuples=60_000, leaves=30_000, checks=1_500_000)
    found = compare([old], [new], kind=old.kind, budget=budget)
    if found.verdict is not Verdict.CONTAINED:
        return False
    return not any(note.partition(":")[0] in _READINGS for note in found.notes)


def is_mended(old: Policy, new: Policy, words: Collection[tuple[str, str]]) -> bool:
    """Say whether IAM refuses the old policy, each of the (old, new) `words` is one word in two spellings
    of which the grammar takes the second, and the new policy is refused for less.

    That nothing but these words differs is for the caller to see to.
    """
    from iamlint.semantics.grammar import folded

    if not words or not all(folded(before) == folded(after) for before, after in words):
        return False
    return _refused(new) < _refused(old)


def _refused(policy: Policy) -> int:
    """Return for how many reasons IAM refuses the policy; it knows service principals in small letters only.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    count = sum(1 for _ in refusals(policy, policy.kind))
    for statement in policy.statements or ():
        for principal in (*(statement.principals or ()), *(statement.not_principals or ())):
            text = principal.value.text
            count += principal.type == "Service" and text is not None and text != text.lower()
    return count


# --- the same form ------------------------------------------------------------------------------------


def policy_form(policy: Policy) -> Form:
    """Return what a policy says, the same for all ways to write it that surely mean the same."""
    statements = policy.statements
    return (
        _frame(policy),
        _version(policy),
        frozenset((fault.code, fault.message) for fault in policy.faults),
        len(policy.faults),
        None if statements is None else tuple(map(_statement_form, statements)),
    )


def grant_form(grant: Grant) -> Form:
    """Return what a grant says, without its places."""
    return (
        grant.what,
        grant.owner.address,
        grant.on,
        grant.attachments,
        frozenset((name, tuple(map(_form, values))) for name, values in grant.fields.items()),
        tuple(map(_statement_form, grant.statements)),
        grant.when,
    )


def _frame(policy: Policy) -> Form:
    """Return all that a fix leaves alone."""
    return (
        policy.kind,
        policy.owner.address,
        policy.owner.type,
        policy.location,
        policy.on,
        policy.attachments,
        policy.when,
        _form(policy.name),
        _form(policy.id),
    )


def _sids(policy: Policy) -> Form:
    return tuple(None if one.sid is None else _form(one.sid) for one in policy.statements or ())


def _version(policy: Policy) -> object:
    version = policy.version
    if version is not None and version.text not in {"2012-10-17", "2008-10-17"}:
        return _form(version)
    if not any(_may_hold_variable(value) for value in _variable_places(policy)):
        # The two versions differ in variables only, and an absent one is that of 2008. Source:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
        return None
    return "2008-10-17" if version is None else version.text


def _variable_places(policy: Policy) -> Iterator[Value]:
    for statement in policy.statements or ():
        if statement.unread_condition:
            yield Value(None, (), (Hole("unknown", "a condition"),))
        for principal in (*(statement.principals or ()), *(statement.not_principals or ())):
            yield principal.value
        yield from statement.resources or ()
        yield from statement.not_resources or ()
        for condition in statement.conditions:
            yield from condition.values
            yield Value(condition.key, ())
    if policy.statements is None:
        yield Value(None, (), (Hole("unknown", "the statements"),))


def _may_hold_variable(value: Value) -> bool:
    if "${" in value.literal:
        return True
    return any(
        isinstance(part, Hole) and not (part.alphabet or part.arn or part.kind in _FIXED)
        for part in value.parts
    )


def _form(value: Value | None) -> Form | None:
    return None if value is None else (value.text, value.parts, value.when)


def _set(values: Values | None) -> object:
    return None if values is None else _as_set(map(_form, values))


def _as_set(forms: Iterable[Form | None]) -> object:
    """Return forms as a set. Those with holes are counted too: two of one name may be filled differently."""
    counted = Counter(forms)
    return frozenset((form, count if form is None or form[1] else 1) for form, count in counted.items())


def _actions(values: Values | None) -> object:
    """Return actions as a set; IAM compares them without letter case."""
    if values is None:
        return None
    return _as_set(
        (value.text.lower(), (), value.when) if value.text is not None else _form(value) for value in values
    )


def _principals(principals: tuple[Principal, ...] | None) -> object:
    if principals is None:
        return None
    return _as_set(
        (principal.type, principal.value.parts, _form(principal.value)) for principal in principals
    )


def _statement_form(statement: Statement) -> Form:
    return (
        _form(statement.sid),
        _form(statement.effect),
        _actions(statement.actions),
        _actions(statement.not_actions),
        _set(statement.resources),
        _set(statement.not_resources),
        _principals(statement.principals),
        _principals(statement.not_principals),
        frozenset(Counter(map(_condition_form, statement.conditions)).items()),
        statement.unread_condition,
        statement.when,
    )


def _condition_form(condition: Condition) -> Form:
    operator = parse_operator(condition.operator)
    name = operator if operator.known else condition.operator
    return (name, condition.key.lower(), _set(condition.values))


def _with_names(policy: Policy, renamed: Mapping[str, str]) -> Policy:
    if policy.statements is None:
        return policy
    return replace(
        policy,
        statements=tuple(
            replace(
                statement,
                conditions=tuple(
                    replace(one, key=renamed.get(one.key.lower(), one.key)) for one in statement.conditions
                ),
            )
            for statement in policy.statements
        ),
    )
