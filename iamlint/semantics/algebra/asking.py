"""One question asked once, in one reading: proof, refutation, and the search for values of variables.

Sections 12.4 to 12.7 of the evaluation rules.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice, product

from iamlint.model import Policy, PolicyKind, Statement
from iamlint.record import field, record, replace
from iamlint.semantics.algebra.boxes import Box
from iamlint.semantics.algebra.compiling import Bound, Compiler, Doubt
from iamlint.semantics.algebra.difference import Leaf, Solver, lifted
from iamlint.semantics.algebra.globs import STAR, Budget, BudgetError, TextSet, from_tokens, glob
from iamlint.semantics.algebra.keysets import Sampled, SingleSet
from iamlint.semantics.algebra.named import surely_new
from iamlint.semantics.algebra.space import DomainKind, Reading, Space, key_name
from iamlint.semantics.algebra.texts import Variable, read_tokens

__all__ = ["Answer", "Assumptions", "Found", "Limit", "Question", "ask", "with_reading"]

_MOST_PINNINGS = 96
_FEW_PINNINGS = 12
_VALUES_PER_KEY = 10

_PROOF_WIDE = Bound(wide=True, letters=True)
_PROOF_NARROW = Bound(wide=False, letters=True)
_REFUTATION_WIDE = Bound(wide=True, letters=False)
_REFUTATION_NARROW = Bound(wide=False, letters=False)


@record
class Assumptions:
    """What a question takes for granted beyond the defaults of section 8: `present` are keys that every
    request has, `whole_numbers` that numeric keys hold whole numbers."""

    present: frozenset[str] = frozenset()
    whole_numbers: bool = False


class Limit:
    """Limits the requests of a question. The base class limits nothing."""

    actions: Sequence[str] = ()
    """Action patterns that the limit names; the space has to know them."""

    resources: Sequence[str] = ()
    """Resource patterns that the limit names."""

    takes_open_keys: bool = True
    """Whether a condition key may hold what a template leaves open."""

    def boxes(self, space: Space) -> list[Box] | None:
        """Return boxes whose union is what the question is about; None for all requests."""
        del space
        return None

    def about(self, new: Sequence[Policy]) -> Limit:
        """Return the same limit for other policies."""
        del new
        return self


@record
class Question:
    """Does `new` allow any request, within the limit, that `old` does not? `partitions` limits the
    resources to those of some partitions, where there are any."""

    new: Sequence[Policy]
    old: Sequence[Policy]
    kind: PolicyKind
    assumptions: Assumptions = Assumptions()
    flipped: frozenset[Reading] = frozenset()
    limit: Limit = field(default_factory=Limit)
    partitions: tuple[str, ...] = ()


@record
class Found:
    """A request that may prove new access, not yet written out: the leaf, the space it lies in, the
    statement of the new side that allows it, and that of the old side that denied it, as positions
    among all statements, those of the new side first."""

    leaf: Leaf
    space: Space
    allowed_by: int
    denied_by: int | None
    future: bool
    names_holes: bool = False
    """Whether the request holds private letters of holes, and is new whatever these are."""


@record
class Answer:
    """`found` is the proof of new access; `proved` says that there is none. Neither: not known, for the
    reasons in `doubts`, or because the budget `exhausted` is used up."""

    found: Found | None
    proved: bool
    doubts: tuple[Doubt, ...] = ()
    exhausted: str = ""
    touched: frozenset[Reading] = frozenset()
    present: frozenset[str] = frozenset()
    space: Space | None = None


@record(frozen=False)
class _Side:
    allows: list[Box] = field(default_factory=list)
    denies: list[Box] = field(default_factory=list)
    exact: bool = True


@record
class _Sides:
    """The boxes of both sides, those of the Denies apart. Not `exact`: letters stand for values."""

    new_allows: Sequence[Box]
    new_denies: Sequence[Box]
    old_allows: Sequence[Box]
    old_denies: Sequence[Box]
    exact: bool


@record(eq=False)
class _Row:
    policy: Policy
    statement: Statement
    source: int
    meaning: object = field(init=False)
    """All that decides what the statement takes; None where something is not known."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "meaning", _meaning(self.policy, self.statement))


def _meaning(policy: Policy, statement: Statement) -> object:
    version = policy.version
    if policy.when or statement.when or statement.unread_condition or (version and version.text is None):
        return None
    if statement.effect is None or statement.effect.text is None:
        return None
    values = (
        statement.actions,
        statement.not_actions,
        statement.resources,
        statement.not_resources,
        *(condition.values for condition in statement.conditions),
    )
    principals = (statement.principals, statement.not_principals)
    for listed in values:
        for value in listed or ():
            if value.text is None or value.when:
                return None
    for named in principals:
        for principal in named or ():
            if principal.value.text is None or principal.value.when:
                return None
    return (
        policy.on,
        None if version is None else version.text,
        statement.effect.text,
        tuple([None if listed is None else tuple([value.text for value in listed]) for listed in values]),
        tuple(
            [
                None if named is None else tuple([(one.type, one.value.text) for one in named])
                for named in principals
            ]
        ),
        tuple([(condition.operator, condition.key) for condition in statement.conditions]),
    )


def _rows(policies: Sequence[Policy], first: int) -> list[_Row]:
    pairs = [(policy, statement) for policy in policies for statement in policy.statements or ()]
    return [_Row(policy, statement, at) for at, (policy, statement) in enumerate(pairs, first)]


def ask(question: Question, budget: Budget, base: Space | None = None) -> Answer:
    """Answer a question about policies that are well formed. `base` is the space of the same question in
    another reading. Never raises BudgetError."""
    space = _space(question, {}, base)
    run = _Run(question, budget)
    try:
        return replace(run.answer(space), space=space)
    except BudgetError as error:
        return Answer(
            None, proved=False, doubts=run.doubts, exhausted=error.name, touched=frozenset(space.touched)
        )


def _space(question: Question, pins: Mapping[str, Sampled], base: Space | None) -> Space:
    return Space(
        question.kind,
        (*question.new, *question.old),
        present=question.assumptions.present,
        flipped=question.flipped,
        pins=pins,
        whole_numbers=question.assumptions.whole_numbers,
        more_actions=question.limit.actions,
        base=base,
    )


class _Run:
    def __init__(self, question: Question, budget: Budget) -> None:
        self._question = question
        self._budget = budget
        self._new = _rows(question.new, 0)
        self._old = _rows(question.old, len(self._new))
        self._actions: dict[int, int] = {}
        self.doubts: tuple[Doubt, ...] = ()

    def answer(self, space: Space) -> Answer:
        compiler = Compiler(space)
        new, old = self._that_matter(compiler)
        new_wide, new_narrow = self._compile(compiler, new, _PROOF_WIDE, _PROOF_NARROW)
        old_narrow, old_wide = self._compile(compiler, old, _PROOF_NARROW, _PROOF_WIDE)
        exact = new_wide.exact and old_narrow.exact
        self.doubts = compiler.doubts
        touched = frozenset(space.touched)
        present = frozenset(key for key in space.domains if key in space.present)
        solver = Solver(space, self._budget)
        sides = _Sides(new_wide.allows, new_narrow.denies, old_narrow.allows, old_wide.denies, exact=exact)
        left: dict[int, Found] = {}
        for found in self._new_access(solver, space, sides):
            left.setdefault(found.allowed_by, found)
            if exact:
                break
        if not left:
            if new_wide.allows and not space.actions.exact:
                return Answer(None, proved=False, exhausted="samples of future actions", touched=touched)
            return Answer(None, proved=True, doubts=self.doubts, touched=touched, present=present)
        if exact:
            return Answer(next(iter(left.values())), proved=False, touched=touched, present=present)
        # Only statements that are not proved to be covered can give anything new, and only those about
        # the same actions bear on them.
        about = 0
        for row in (*self._new, *self._old):
            self._actions[row.source] = compiler.actions(row.statement)
        for source in left:
            about |= self._actions[source]
        found_one = (
            self._refute(space, solver, left.keys(), about)
            or self._pinned(space, left.keys(), about)
            or self._with_holes(space, left.keys(), about)
        )
        if found_one is None:
            open_actions = 0
            for found in left.values():
                open_actions |= found.leaf.box.actions
            self.doubts = tuple(doubt for doubt in self.doubts if self._actions[doubt.source] & open_actions)
        return Answer(found_one, proved=False, doubts=self.doubts, touched=touched, present=present)

    def _that_matter(self, compiler: Compiler) -> tuple[list[_Row], list[_Row]]:
        """Return the statements of both sides without those that decide nothing: an Allow that the old
        side has too gives nothing new, as long as no Deny is gone, and what shares no action with the
        other Allows bears on none of them."""
        known = {row.meaning for row in self._old} - {None}
        if not known:
            return self._new, self._old
        kept = {row.meaning for row in self._new}
        if any(row.statement.is_deny and row.meaning not in kept for row in self._old):
            return self._new, self._old
        if any(row.meaning is None and not row.statement.is_allow for row in self._old):
            return self._new, self._old
        if any(row.statement.effect is None or row.statement.effect.text is None for row in self._old):
            return self._new, self._old
        about = 0
        new: list[_Row] = []
        for row in self._new:
            if row.statement.is_deny:
                new.append(row)
            elif row.meaning not in known:
                new.append(row)
                about |= compiler.actions(row.statement)
        return (
            [row for row in new if row.statement.is_allow or compiler.actions(row.statement) & about],
            [row for row in self._old if compiler.actions(row.statement) & about],
        )

    def _refute(self, space: Space, solver: Solver, sources: Container[int], about: int) -> Found | None:
        compiler = Compiler(space)
        new = [row for row in self._new if self._actions[row.source] & about]
        old = [row for row in self._old if self._actions[row.source] & about]
        new_narrow, new_wide = self._compile(compiler, new, _REFUTATION_NARROW, _REFUTATION_WIDE)
        old_wide, old_narrow = self._compile(compiler, old, _REFUTATION_WIDE, _REFUTATION_NARROW)
        allows = [box for box in new_narrow.allows if box.source in sources]
        sides = _Sides(allows, new_wide.denies, old_wide.allows, old_narrow.denies, exact=True)
        return next(self._new_access(solver, space, sides), None)

    def _pinned(self, space: Space, sources: Container[int], about: int) -> Found | None:
        """Look for new access with values put in for variables and for keys that no one set describes."""
        rows = [row for row in (*self._new, *self._old) if self._actions[row.source] & about]
        for pins in islice(_pinnings(space, rows), _MOST_PINNINGS):
            pinned = _space(self._question, pins, space)
            found = self._refute(pinned, Solver(pinned, self._budget), sources, about)
            if found is not None:
                return found
        return None

    def _with_holes(self, space: Space, sources: Container[int], about: int) -> Found | None:
        """Look for a request that names what a template leaves open, and is new whatever that is."""
        if not any(doubt.code == "template" for doubt in self.doubts):
            return None
        rows = [row for row in (*self._new, *self._old) if self._actions[row.source] & about]
        spaces = [space]
        if space.variables:
            spaces = [
                _space(self._question, pins, space) for pins in islice(_pinnings(space, rows), _FEW_PINNINGS)
            ]
        for one in spaces:
            compiler = Compiler(one)
            new = [row for row in self._new if self._actions[row.source] & about]
            old = [row for row in self._old if self._actions[row.source] & about]
            new_narrow, new_wide = self._compile(compiler, new, _PROOF_NARROW, _PROOF_WIDE)
            old_wide, old_narrow = self._compile(compiler, old, _PROOF_WIDE, _PROOF_NARROW)
            allows = [box for box in new_narrow.allows if box.source in sources and not box.opaque]
            denies = [box for box in old_narrow.denies if not box.opaque]
            sides = _Sides(allows, new_wide.denies, old_wide.allows, denies, exact=True)
            for found in self._new_access(Solver(one, self._budget), one, sides):
                if surely_new(
                    found.leaf,
                    denied=[deny for deny in denies if deny.source == found.denied_by],
                    refused=[*new_wide.denies, *(() if found.denied_by is not None else old_wide.allows)],
                    open_keys=self._question.limit.takes_open_keys,
                ):
                    return replace(found, names_holes=True)
        return None

    def _compile(
        self, compiler: Compiler, rows: Iterable[_Row], allows: Bound, denies: Bound
    ) -> tuple[_Side, _Side]:
        """Return two sides: the first with the Allows bounded as `allows` says, the second with the
        Denies bounded as `denies` says; `exact` of the first speaks for both."""
        first, second = _Side(), _Side()
        for row in rows:
            effect = None if row.statement.effect is None else row.statement.effect.text
            for side, bound, word in ((first, allows, "Allow"), (second, denies, "Deny")):
                if effect is None:
                    # An effect that is not known: perhaps this one.
                    compiler.doubt("template", "the effect of a statement", row.source)
                    first.exact = False
                    if not bound.wide:
                        continue
                elif effect != word:
                    continue
                compiled = compiler.compile(row.policy, row.statement, row.source, bound)
                first.exact &= compiled.is_exact
                (side.allows if word == "Allow" else side.denies).extend(compiled.boxes)
        return first, second

    def _new_access(self, solver: Solver, space: Space, sides: _Sides) -> Iterator[Found]:
        """Yield parts of the new side's access that the old side does not have (section 12.5), at most
        one for each box of an Allow and each kind of action; those about today's actions first."""
        limits = self._question.limit.boxes(space)
        here = _in_partitions(self._question.partitions)
        covers = [*sides.new_denies, *sides.old_allows]
        for future in (False, True):
            mask = space.actions.future if future else ~space.actions.future
            for allow in sides.new_allows:
                if not allow.actions & mask:
                    continue
                box = allow.with_actions(allow.actions & mask)
                if here is not None:
                    box = box.with_resource(box.resource.intersect(here))
                near = solver.near(box, covers)
                denies = [deny for deny in sides.old_denies if not deny.misses(box)]
                included = solver.is_included(box, near)
                if included and not denies:
                    continue
                for part in _limited(box, limits, space):
                    found = None
                    if not included:
                        leaf = _uncovered(solver, part, near, exact=sides.exact)
                        found = None if leaf is None else Found(leaf, space, allow.source, None, future)
                    for deny in denies:
                        if found is None and not deny.misses(part):
                            both = part.meet(deny, space)
                            leaf = _uncovered(solver, both, sides.new_denies, exact=sides.exact)
                            found = (
                                None
                                if leaf is None
                                else Found(leaf, space, allow.source, deny.source, future)
                            )
                    if found is not None:
                        yield found
                        break


def _in_partitions(partitions: Sequence[str]) -> TextSet | None:
    """Return the resources of some partitions, those of actions without resource types among them."""
    if not partitions:
        return None
    return TextSet((frozenset({from_tokens((STAR,)), *(glob(f"arn:{one}:*") for one in partitions)}),))


def _limited(box: Box, limits: Sequence[Box] | None, space: Space) -> Iterator[Box]:
    """Yield the parts of a box that lie in the limits, one for each class of callers where a test or a
    variable is about a key that follows from the caller."""
    inside = (
        [box] if limits is None else [box.meet(limit, space) for limit in limits if not limit.misses(box)]
    )
    if not space.uses_derived_keys:
        yield from inside
        return
    for part in inside:
        for at, caller in enumerate(space.callers.callers):
            if not part.callers >> at & 1:
                continue
            single = part.with_callers(1 << at)
            possible = True
            for key, values in space.callers.keys(caller).items():
                domain = space.domains.get(key)
                if domain is None or domain.kind is not DomainKind.TEXT or key in space.pins:
                    if key in space.pins and not values.holds(space.pins[key]):
                        possible = False
                    continue
                given = single.keys.get(key) or domain.everything
                assert isinstance(given, SingleSet)
                single = single.with_key(key, given.intersect(values))
            if possible:
                yield single


def _uncovered(solver: Solver, box: Box, covers: Sequence[Box], *, exact: bool) -> Leaf | None:
    if exact:
        return solver.uncovered(box, covers)
    if solver.is_included(box, covers):
        return None
    leaf = None
    for candidate in lifted(box):
        leaf = solver.uncovered(candidate, covers)
        if leaf is None:
            return None
    return leaf


# --- values for variables ---------------------------------------------------------------------------


def _pinnings(space: Space, rows: Sequence[_Row]) -> Iterator[dict[str, Sampled]]:
    """Yield values for the keys that the sets leave open, the likeliest to tell the sides apart first."""
    texts = _texts(rows)
    candidates: dict[str, list[Sampled]] = {}
    for key in _open_keys(space, rows):
        if space.domains[key].is_multi_valued:
            continue
        candidates[key] = _candidates(key, texts, space)
    if not candidates:
        return
    keys = list(candidates)
    seen: set[tuple[Sampled, ...]] = set()
    fresh = tuple(candidates[key][0] for key in keys)
    singles = [
        tuple(value if key == changed else fresh[at] for at, key in enumerate(keys))
        for changed in keys
        for value in candidates[changed]
    ]
    same = [tuple(fresh[at] for _ in keys) for at in range(len(keys))] if len(keys) > 1 else []
    pairs = [
        tuple(fresh[at] if key == other else fresh[to] for to, key in enumerate(keys))
        for at in range(len(keys))
        for other in keys
    ]
    for values in (fresh, *same, *singles, *pairs, *islice(product(*candidates.values()), _MOST_PINNINGS)):
        if values not in seen:
            seen.add(values)
            yield dict(zip(keys, values, strict=True))


def _open_keys(space: Space, rows: Sequence[_Row]) -> list[str]:
    """Return the keys of variables, and those that are tested as values of several types."""
    from iamlint.semantics.conditions import parse_operator

    found = dict.fromkeys(space.variables)
    for row in rows:
        for condition in row.statement.conditions:
            operator = parse_operator(condition.operator)
            key = key_name(condition.key)
            domain = space.domains[key]
            if (
                operator.base != "Null"
                and operator.family not in domain.families
                and not domain.is_multi_valued
            ):
                found[key] = None
    return list(found)


def _texts(rows: Sequence[_Row]) -> list[str]:
    """Return the texts of resources and condition values that are known."""
    found: dict[str, None] = {}
    for row in rows:
        statement = row.statement
        for values in (statement.resources, statement.not_resources):
            found.update((value.text, None) for value in islice(values or (), 50) if value.text is not None)
        for condition in statement.conditions:
            found.update(
                (value.text, None) for value in islice(condition.values, 20) if value.text is not None
            )
    return list(found)[:200]


def _candidates(key: str, texts: Sequence[str], space: Space) -> list[Sampled]:
    """Return values to try for a key: one that occurs nowhere, absence, pieces of the texts that stand
    where the variable does, and values that tests of the key name."""
    tail = "".join(letter for letter in key.rpartition(":")[2].rpartition("/")[2] if letter.isalnum()) or "v"
    if key.endswith("account"):
        names = (f"{n:012d}" for n in range(111122223333, 111122333333))
    else:
        names = (f"{tail}{n}" for n in range(1, 10_000))
    fresh = next(name for name in names if not any(name in text for text in texts))
    found: dict[Sampled, None] = {fresh: None}
    if not space.is_present(key):
        found[None] = None
    for policy in space.policies:
        for statement in policy.statements or ():
            for condition in statement.conditions:
                if key_name(condition.key) == key:
                    for value in condition.values[:5]:
                        if value.text is not None and "${" not in value.text:
                            found[value.text.replace("*", "x").replace("?", "x")] = None
    for text in texts:
        for piece in _facing(key, text, texts):
            found[piece] = None
            if len(found) >= _VALUES_PER_KEY:
                return list(found)
    return list(found)


def _facing(key: str, text: str, texts: Sequence[str]) -> Iterator[str]:
    """Yield what stands in other texts at the place where `text` has the variable."""
    tokens = read_tokens(text, wildcards=False, variables=True)
    for at, token in enumerate(tokens):
        if not isinstance(token, Variable) or key_name(token.key) != key:
            continue
        before = "".join(t if isinstance(t, str) else "\0" for t in tokens[:at])
        after = next((t for t in tokens[at + 1 :] if isinstance(t, str)), "")
        for other in texts:
            if "\0" in before or not other.startswith(before) or other == text:
                continue
            rest = other[len(before) :]
            piece = rest.partition(after)[0] if after else rest
            if piece and "${" not in piece:
                yield piece.replace("*", "x").replace("?", "x")


def with_reading(question: Question, reading: Reading) -> Question:
    """Return the same question in the other reading of one open point."""
    return replace(question, flipped=question.flipped | {reading})
