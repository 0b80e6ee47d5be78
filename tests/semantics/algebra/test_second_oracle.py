"""The same verdicts from an SMT solver, which shares no code with the algebra."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from algebra_policies import Json, policy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamlint.semantics.algebra.globs import Budget, glob, search
from iamlint.semantics.algebra.questions import compare
from iamlint.semantics.algebra.results import Verdict

if TYPE_CHECKING:
    import z3
else:
    z3 = pytest.importorskip("z3", reason="z3-solver, the second oracle, is not installed")

usual = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PATTERNS = st.text("ab*?", min_size=1, max_size=5)
ANY = z3.AllChar(z3.ReSort(z3.StringSort()))


def language(pattern: str) -> z3.ReRef:
    """Return a glob as a regular expression of the solver."""
    parts = [z3.Star(ANY) if c == "*" else ANY if c == "?" else z3.Re(z3.StringVal(c)) for c in pattern]
    parts = [z3.Re(z3.StringVal("")), z3.Re(z3.StringVal("")), *parts]
    return z3.Concat(*parts)


@usual
@given(st.lists(PATTERNS, min_size=1, max_size=2), st.lists(PATTERNS, max_size=4))
def test_emptiness_of_globs(inside: list[str], outside: list[str]) -> None:
    text = z3.String("text")
    solver = z3.Solver()
    solver.set("timeout", 5_000)
    solver.add(*(z3.InRe(text, language(p)) for p in inside))
    solver.add(*(z3.Not(z3.InRe(text, language(p))) for p in outside))
    theirs = solver.check()
    ours = search([glob(p) for p in inside], [glob(p) for p in outside], Budget())
    if theirs != z3.unknown:
        assert (ours is not None) == (theirs == z3.sat)


# --- small policies -------------------------------------------------------------------------------------

ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
RESOURCES = ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/x", "arn:aws:s3:::b/?*", "*"]
TAG, COUNT = "aws:PrincipalTag/t", "s3:max-keys"
TESTS = [
    ("StringEquals", TAG, ["x", "y"]),
    ("StringNotEquals", TAG, ["x"]),
    ("StringLike", TAG, ["x*"]),
    ("StringNotLike", TAG, ["x*", "?"]),
    ("StringEqualsIfExists", TAG, ["x"]),
    ("NumericLessThan", COUNT, ["5"]),
    ("NumericGreaterThanEquals", COUNT, ["5", "7"]),
    ("NumericNotEquals", COUNT, ["6"]),
    ("NumericEqualsIfExists", COUNT, ["5", "6"]),
    ("Null", COUNT, ["true"]),
    ("Null", COUNT, ["false"]),
]


def make(
    effect: str, actions: list[str], resources: list[str], block: list[tuple[str, str, list[str]]]
) -> Json:
    condition: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in block:
        condition.setdefault(operator, {})[key] = values
    return {"Effect": effect, "Action": actions, "Resource": resources, "Condition": condition}


statements = st.builds(
    make,
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.lists(st.sampled_from([*ACTIONS, "s3:*"]), min_size=1, max_size=2),
    st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2),
    st.lists(st.sampled_from(TESTS), max_size=2),
)
documents = st.lists(statements, min_size=1, max_size=3)


class World:
    """One request with open values: the action, an ARN or no resource, a tag and a number."""

    def __init__(self) -> None:
        self.action = z3.Int("action")
        self.has_resource = z3.Bool("has_resource")
        self.resource = z3.String("resource")
        self.has_tag = z3.Bool("has_tag")
        self.tag = z3.String("tag")
        self.has_count = z3.Bool("has_count")
        self.count = z3.Real("count")
        body = z3.Concat(*[z3.Re(z3.StringVal("arn:aws:s3:::")), z3.Plus(ANY)])
        # The last number stands for an action that AWS does not have yet.
        self.rules = [self.action >= 0, self.action <= len(ACTIONS), z3.InRe(self.resource, body)]

    def allows(self, tree: list[Json]) -> z3.BoolRef:
        def either(effect: str) -> z3.BoolRef:
            return z3.Or(False, *(self.applies(one) for one in tree if one["Effect"] == effect))

        return z3.And(either("Allow"), z3.Not(either("Deny")))

    def applies(self, one: Json) -> z3.BoolRef:
        actions, resources, condition = one["Action"], one["Resource"], one["Condition"]
        assert isinstance(actions, list)
        assert isinstance(resources, list)
        assert isinstance(condition, dict)
        named = [self.action == ACTIONS.index(a) for a in actions if a in ACTIONS]
        on = [z3.And(self.has_resource, z3.InRe(self.resource, language(r))) for r in resources]
        return z3.And(
            z3.Or("s3:*" in actions, *named),
            z3.Or("*" in resources, *on),
            *(
                self.holds(op, key, values)
                for op, block in condition.items()
                for key, values in block.items()
            ),
        )

    def holds(self, operator: str, key: str, values: list[str]) -> z3.BoolRef:
        present = self.has_tag if key == TAG else self.has_count
        if operator == "Null":
            return z3.Not(present) if values == ["true"] else present
        base = operator.removesuffix("IfExists")
        if key == TAG:
            some = [
                z3.InRe(self.tag, language(v)) if base.endswith("Like") else self.tag == z3.StringVal(v)
                for v in values
            ]
        else:
            numbers = [int(value) for value in values]
            count = self.count
            tests = {
                "NumericLessThan": [count < number for number in numbers],
                "NumericGreaterThanEquals": [count >= number for number in numbers],
            }
            some = tests.get(base) or [count == number for number in numbers]
        if "Not" in base:
            return z3.Or(z3.Not(present), z3.Not(z3.Or(*some)))
        fits = z3.And(present, z3.Or(*some))
        return z3.Or(z3.Not(present), fits) if base != operator else fits


@usual
@given(documents, documents, st.booleans())
def test_containment_of_policies(old: list[Json], new: list[Json], extend: bool) -> None:
    new = [*old, *new] if extend else new
    world = World()
    solver = z3.Solver()
    solver.set("timeout", 5_000)
    solver.add(*world.rules, world.allows(new), z3.Not(world.allows(old)))
    theirs = solver.check()
    ours = compare([policy(*old)], [policy(*new)])
    # An open reading (an empty text under Null) is no matter for the solver's single reading.
    if theirs != z3.unknown and ours.verdict is not Verdict.UNKNOWN:
        assert (ours.verdict is Verdict.NEW_ACCESS) == (theirs == z3.sat)
