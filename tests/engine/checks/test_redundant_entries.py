"""Entries of a list that another entry takes in: against a plain comparison of all pairs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iamlint.engine.checks.redundant_entries import _groups
from iamlint.semantics.patterns import covers


def plain_groups(texts: list[str]) -> list[list[int]]:
    """Return the groups by comparing each entry with each other one."""
    group = list(range(len(texts)))
    changed = True
    while changed:
        changed = False
        for one in range(len(texts)):
            for other in range(len(texts)):
                together = one != other and covers(texts[one], texts[other])
                if together and group[one] != group[other]:
                    group[one] = group[other] = min(group[one], group[other])
                    changed = True
    found: dict[int, list[int]] = {}
    for place, leader in enumerate(group):
        found.setdefault(leader, []).append(place)
    return sorted(places for places in found.values() if len(places) > 1)


@given(st.lists(st.text(alphabet="ab*?", max_size=5), max_size=8))
def test_groups_are_those_of_a_plain_comparison(texts: list[str]) -> None:
    assert list(_groups(texts)) == plain_groups(texts)


def test_a_hostile_list_is_given_up_but_repeats_are_found() -> None:
    texts = [f"*{number}*" for number in range(4_000)]
    texts += ["zz", "zz"]
    assert any(texts[place] == "zz" for group in _groups(texts) for place in group)
