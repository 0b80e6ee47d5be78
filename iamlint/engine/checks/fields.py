"""What several checks of grants ask: the texts that a field may have, and who receives the access."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from iamlint.model import Grant, Hole, Value

__all__ = ["addresses", "field_texts", "is_policy_of_aws", "readings_of", "recipient"]

_MOST = 16


def readings_of(value: Value) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each text that `value` may surely have, with notes on what it assumes.

    A parameter has its allowed values and its default; a partition is `aws`, since nothing that is
    asked here differs between partitions. With any other hole there is no text to judge.
    """
    if value.text is not None:
        yield value.text, ()
        return
    choices: list[list[tuple[str, str]]] = []
    for part in value.parts:
        if isinstance(part, str):
            choices.append([(part, "")])
            continue
        known = _texts_of_hole(part)
        if not known:
            return
        choices.append(known)
    for number, combination in enumerate(product(*choices)):
        if number >= _MOST:
            return
        yield "".join(text for text, _ in combination), tuple(note for _, note in combination if note)


def _texts_of_hole(hole: Hole) -> list[tuple[str, str]]:
    if hole.alphabet == "partition" and hole.default is None and not hole.values:
        return [("aws", "")]
    texts = dict.fromkeys((*(() if hole.default is None else (hole.default,)), *hole.values))
    kinds = {text: "the default" if text == hole.default else "an allowed value" for text in texts}
    return [(text, f"{hole.name} is {text!r}, {kind}") for text, kind in kinds.items()]


def field_texts(grant: Grant, *names: str) -> Iterator[tuple[Value, str, tuple[str, ...]]]:
    """Yield the values of the fields with each text that they may have, and notes on it."""
    for name in names:
        for value in grant.fields.get(name, ()):
            for text, notes in readings_of(value):
                yield value, text, notes


def is_policy_of_aws(text: str) -> bool:
    """Say whether a policy's name or ARN could be one that AWS maintains: such an ARN, or no ARN."""
    if not text.startswith("arn:"):
        return bool(text)
    return text.split(":", 5)[2:5] == ["iam", "", "aws"]


def recipient(grant: Grant) -> str:
    """Return how messages name who or what receives the access: by name, else by address."""
    named = []
    for word in ("user", "role", "group", "permission-set"):
        shown = [value.text for value in grant.fields.get(word.replace("-", "_"), ()) if value.text]
        if shown and word in grant.on:
            named.append(f"{word.replace('-', ' ')} {', '.join(shown)}")
    return " and ".join(named) or ", ".join(grant.attachments) or grant.owner.address


def addresses(grant: Grant) -> tuple[str, ...]:
    """Return the addresses of what a grant is written on and of what it is about."""
    return (grant.owner.address, *grant.attachments)
