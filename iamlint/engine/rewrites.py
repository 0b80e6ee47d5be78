"""What a rule's `rewrite` means: a match becomes edits of the policy. Imported only to fix.

Edits are proposals. Whoever carries them out proves first that they leave access as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from iamlint.catalog import catalog
from iamlint.engine.fingerprint import place_of
from iamlint.engine.rule import REWRITES
from iamlint.engine.subject import Match
from iamlint.model import Pointer
from iamlint.model.edit import Edit, EditError, EditKind, node_at
from iamlint.record import record
from iamlint.semantics.grammar import (
    EFFECTS,
    POLICY_ELEMENTS,
    PRINCIPAL_TYPES,
    STATEMENT_ELEMENTS,
    WITHOUT_AFFIX,
)
from iamlint.semantics.patterns import covers, has_wildcard

__all__ = ["Site", "edits_of"]


_MOST_PATTERNS = 500
"""No real list has as many; what the others of a hostile one take in stays."""


@record
class Site:
    """Where a rule fired: the tree that is written, the place of the policy in it, and the place of the
    fault below the policy, in IAM's own steps (`below`) and as it is written (`place`)."""

    tree: object
    policy: Pointer
    place: Pointer
    below: Pointer
    match: Match

    @property
    def node(self) -> object:
        """The value at the place. Raises EditError where there is none."""
        return node_at(self.tree, self.place)


def edits_of(rewrite: str, site: Site) -> tuple[Edit, ...]:
    """Return the edits that mend the fault in the way `rewrite`, a key of REWRITES; none where that way
    does not fit. Never raises for what the policy holds."""
    try:
        return tuple(_KINDS[rewrite](site))
    except EditError:
        return ()


def _add_version(site: Site) -> Iterator[Edit]:
    root = node_at(site.tree, site.policy)
    if isinstance(root, dict) and "Statement" in root and "Version" not in root:
        yield Edit(EditKind.INSERT, (*site.policy, "Version"), "2012-10-17")


def _remove_item(site: Site) -> Iterator[Edit]:
    if site.place and type(site.place[-1]) is int and isinstance(node_at(site.tree, site.place[:-1]), list):
        yield Edit(EditKind.REMOVE, site.place)


def _remove_covered(site: Site) -> Iterator[Edit]:
    """Of the items that a match names, take out each that another takes in; of equal ones the later."""
    at = site.place[:-1]
    items = node_at(site.tree, at)
    places = [place_of(place)[-1] for place in (site.match.place, *(place for place, _ in site.match.marks))]
    if not isinstance(items, list):
        return
    is_action = at[-1:] in {("Action",), ("NotAction",), ("actions",), ("not_actions",)}
    texts: dict[int, str] = {}
    for place in sorted({place for place in places if isinstance(place, int) and place < len(items)}):
        item = items[place]
        if isinstance(item, str):
            texts[place] = item.lower() if is_action else item
    first: dict[str, int] = {}
    for place, text in texts.items():
        first.setdefault(text, place)
    patterns = [text for text in first if has_wildcard(text)][:_MOST_PATTERNS]
    for place, text in texts.items():
        if first[text] != place or any(
            covers(wide, text) and (first[wide] < place or not covers(text, wide))
            for wide in patterns
            if wide != text
        ):
            yield Edit(EditKind.REMOVE, (*at, place))


def _remove_element(site: Site) -> Iterator[Edit]:
    if site.place and isinstance(site.place[-1], str) and len(site.place) > len(site.policy):
        yield Edit(EditKind.REMOVE, site.place)


def _replacement(site: Site) -> str:
    return site.match.words.get("replacement", "")


def _replace_text(site: Site) -> Iterator[Edit]:
    new = _replacement(site)
    if new and isinstance(site.node, str) and new != site.node:
        yield Edit(EditKind.REPLACE, site.place, new)


def _rename_key(site: Site) -> Iterator[Edit]:
    new = _replacement(site)
    if new and site.place and isinstance(site.place[-1], str) and new != site.place[-1]:
        yield Edit(EditKind.RENAME, site.place, new)


def _grammar(site: Site) -> Iterator[Edit]:
    """Write elements, effects, types of principals and service principals with the letters that IAM takes, a
    list of one text where IAM takes no list as that text, and Null without prefix and suffix."""
    below, node = site.below, site.node
    if not below or not isinstance(below[-1], str | int):
        return
    last = below[-1]
    named = [step for step in below if isinstance(step, str)]
    depth = len(named)
    single = node[0] if isinstance(node, list) and len(node) == 1 and isinstance(node[0], str) else node
    known: Mapping[str, str] = {}
    if isinstance(last, str):
        if depth == 1:
            known = POLICY_ELEMENTS
        elif depth == 2:
            known = STATEMENT_ELEMENTS
        elif depth == 3 and named[1] in {"Principal", "NotPrincipal"}:
            known = PRINCIPAL_TYPES
        elif depth == 3 and named[1] == "Condition":
            known = WITHOUT_AFFIX
        right = known.get(last.lower())
        if right is not None and right != last:
            yield Edit(EditKind.RENAME, site.place, right)
            return
    if not isinstance(single, str):
        return
    new = single
    if named[-1:] == ["Effect"] and depth == 2:
        new = EFFECTS.get(single.lower(), single)
    elif named[2:] == ["Service"] and single.lower().endswith((".amazonaws.com", ".amazonaws.com.cn")):
        new = single.lower()
    elif named[1:] in (["Action"], ["NotAction"]) and (action := catalog().action(single)) is not None:
        new = f"{action.service}:{action.name}"
    if new != node and (new != single or named[-1] in {"Effect", "Sid", "Version", "Id"}):
        yield Edit(EditKind.REPLACE, site.place, new)


_KINDS: Mapping[str, Callable[[Site], Iterator[Edit]]] = {
    "add-version": _add_version,
    "grammar": _grammar,
    "remove-covered": _remove_covered,
    "remove-element": _remove_element,
    "remove-item": _remove_item,
    "rename-key": _rename_key,
    "replace-text": _replace_text,
}
assert _KINDS.keys() == REWRITES.keys()
