"""Checks of suppressions themselves, when all findings of the run are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iamlint.engine.subject import Match
from iamlint.record import field, record

__all__ = ["SuppressionSubject", "suppression_fault"]


@record
class SuppressionSubject:
    """One suppression: `faults` maps what is wrong with it (`unused`, `no-reason`, `expired`,
    `unknown-rule`) to the rules, as written, for which that is so. `day` is its last day, `hints` the
    nearest known words."""

    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    day: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)


def suppression_fault(subject: SuppressionSubject, params: Mapping[str, object]) -> Iterator[Match]:
    """Report the suppression for one kind of fault, once, with the rules that it concerns."""
    rules = subject.faults.get(str(params["fault"]), ())
    if rules:
        hint = "".join(dict.fromkeys(subject.hints.get(rule, "") for rule in rules))
        yield Match((), rules, {"rules": _listed(rules), "day": subject.day, "hint": hint})


def _listed(rules: tuple[str, ...]) -> str:
    return rules[0] if len(rules) == 1 else f"{', '.join(rules[:-1])} and {rules[-1]}"
