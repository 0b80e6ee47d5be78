"""What a check declares: what it looks at, what it needs, its parameters, where its function is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Literal, TypeAlias

from iamlint.engine.subject import FEATURES, Match, StatementSubject
from iamlint.record import field, record

__all__ = ["CheckFunction", "CheckSpec", "Gate", "Param", "Question", "Target"]

Target: TypeAlias = Literal["statement", "policy", "grant", "file", "principal", "suppression"]
CheckFunction: TypeAlias = Callable[..., Iterator[Match]]
Question: TypeAlias = Callable[[StatementSubject], bool]
ParamKind: TypeAlias = Literal["text", "texts", "flag", "number", "choice", "expressions"]


@record
class Param:
    """One parameter of a check: its shape, what it may be, and its value when a rule gives none."""

    kind: ParamKind
    default: object = None
    required: bool = False
    choices: tuple[str, ...] = ()


@record
class Gate:
    """A quick first question about a statement: does `fact` (an attribute of the statement's subject
    that is a set of actions) share an action with `actions`, the most that the check could look for?"""

    fact: Literal["granted", "scopable", "unscoped"]
    actions: int


@record
class CheckSpec:
    """One check. `needs` are the features (names of `subject.FEATURES`) that a statement must have for the
    check to be able to fire; for a check of policies, the policy or any of its statements. `words` are
    the words that it offers to message templates. `gate` names a function that makes, of a rule's
    parameters, a quick first question about a statement, as a set of actions (`Gate`, which costs no
    call) or as a function: only where the answer is yes is the check run."""

    target: Target
    function: str
    summary: str
    needs: tuple[str, ...] = ()
    params: Mapping[str, Param] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    gate: str = ""

    @property
    def mask(self) -> int:
        """The needs as bits."""
        mask = 0
        for name in self.needs:
            mask |= FEATURES[name]
        return mask

    def load(self) -> CheckFunction:
        """Import and return the function; it lives in `iamlint.engine.checks`."""
        function: CheckFunction = _named(self.function)
        return function

    def load_gate(self, params: Mapping[str, object]) -> Gate | Question | None:
        """Import and make the first question for a rule with these parameters, if the check has one."""
        if not self.gate:
            return None
        made: Gate | Question = _named(self.gate)(params)
        return made


def _named(function: str) -> Any:
    module, _, name = function.rpartition(".")
    return getattr(import_module(f"iamlint.engine.checks.{module}"), name)
