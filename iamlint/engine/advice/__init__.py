"""What to write instead: the lines that a reader pastes. Imported only when a finding is to carry them.

A rule names makers in its `advice`; each is given the place of one finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from iamlint.engine.advice.conditions import condition, instead, senders, source, statement
from iamlint.engine.advice.expansion import expansion
from iamlint.engine.advice.resources import formats, resources
from iamlint.engine.advice.site import Site
from iamlint.engine.rule import ADVICE, Rule
from iamlint.model import Advice

__all__ = ["Site", "advise"]

_MAKERS: dict[str, Callable[[Site, object], Iterator[Advice]]] = {
    "condition": condition,
    "expansion": expansion,
    "formats": formats,
    "instead": instead,
    "resources": resources,
    "senders": senders,
    "source": source,
    "statement": statement,
}
assert _MAKERS.keys() == ADVICE.keys()


def advise(rule: Rule, site: Site) -> tuple[Advice, ...]:
    """Return the advice of a rule at a place; empty where nothing useful can be said."""
    found: list[Advice] = []
    for entry in rule.advice:
        if isinstance(entry, str):
            found.extend(_MAKERS[entry](site, None))
        else:
            for name, argument in entry.items():
                found.extend(_MAKERS[name](site, argument))
    return tuple(found)
