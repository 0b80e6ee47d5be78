"""What a file asks to be silent about: comments, CloudFormation metadata, Terraform's `//` keys."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from iamlint.model import WHOLE_FILE, Diagnostic, Ignore, IgnoredRule, Pointer, Span
from iamlint.sources.comments import (
    MOST_IGNORES,
    Layout,
    find_comments,
    ignores_of_comments,
    is_day,
    read_said,
)
from iamlint.sources.json_text import JsonDocument, JsonSyntaxError, parse_json
from iamlint.sources.source import SourceFile
from iamlint.sources.text import Text, UnreadableTextError

if TYPE_CHECKING:
    from iamlint.sources.yaml_text import YamlDocument

__all__ = ["ignores_in", "speaks_to_us"]

_ENTRY_KEYS = ("id", "rule", "reason", "until", "match")


def speaks_to_us(data: bytes) -> bool:
    """Say whether a file could ask for anything, from its bytes alone."""
    return b"iamlint" in data or (b"\0" in data[:4] and b"i\0a\0m\0l\0i\0n\0t" in data)


def ignores_in(file: SourceFile) -> tuple[list[Ignore], list[Diagnostic]]:
    """Return what a file asks for, and what of that cannot be read. Nothing where the file does not
    parse: nobody knows then what a comment is."""
    try:
        text = file.text()
    except UnreadableTextError:
        return [], []
    if file.path.endswith((".tf", ".tofu")):
        from iamlint.sources.terraform.hcl_layout import hcl_layout

        layout = hcl_layout(text)
        return (
            ([], [])
            if layout is None
            else ignores_of_comments(text, find_comments(text.text, layout), layout)
        )
    is_json = file.path.lower().endswith(".json")
    if is_json or text.text.lstrip()[:1] in {"{", "["}:
        try:
            tree, repeated = parse_json(text.text)
        except JsonSyntaxError:
            if is_json:
                return [], []
        else:
            document = JsonDocument(text, tree, "json", repeated=repeated)
            if file.path.endswith(".tf.json"):
                return _of_blocks(tree, document)
            return _of_metadata(tree, document, (0, WHOLE_FILE))
    return _of_yaml(text)


def _of_yaml(text: Text) -> tuple[list[Ignore], list[Diagnostic]]:
    from iamlint.sources.yaml_text import YamlSyntaxError, yaml_documents

    try:
        documents = yaml_documents(text, "cloudformation")
        layout = _yaml_layout(text, documents)
    except YamlSyntaxError:
        return [], []
    found, wrong = ignores_of_comments(text, find_comments(text.text, layout), layout)
    for document in documents:
        start = text.span(document.root.start, document.root.start).byte_offset
        end = text.span(document.root.end, document.root.end).byte_offset
        whole = (0, WHOLE_FILE) if len(documents) == 1 else (start, end)
        more, faults = _of_metadata(document.tree, document, whole)
        found += more
        wrong += faults
    return found[:MOST_IGNORES], wrong


def _yaml_layout(text: Text, documents: list[YamlDocument]) -> Layout:
    """Return where the texts and the blocks of a YAML file are."""
    texts: list[tuple[int, int]] = []
    entries: list[tuple[int, int]] = []
    heads: dict[int, tuple[int, int]] = {}
    for document in documents:
        pending = [document.root]
        seen = {id(document.root)}
        resources = (document.root.children or {}).get("Resources")
        for start, _, node in ((resources and resources[2].children) or {}).values():
            if node.children and not node.flow and node.start > start:
                heads[text.position(start)[0]] = (start, node.end)
        while pending:
            node = pending.pop()
            if node.value is not None:
                texts.append((_first_of_text(text.text, node.start, node.style), node.end))
            for start, end, child in (node.children or {}).values():
                texts.append((start, end))
                # What an alias stands for is written above.
                entries.append((start, child.end if child.start >= start else max(end, start + 1)))
                if id(child) not in seen:
                    seen.add(id(child))
                    pending.append(child)
    texts.sort()
    # Of those that begin together the outermost comes first.
    entries.sort(key=lambda one: (one[0], -one[1]))
    starts = [start for start, _ in texts]
    begins = [start for start, _ in entries]

    def is_text(offset: int) -> bool:
        place = bisect_right(starts, offset) - 1
        return place >= 0 and offset < texts[place][1]

    def after(offset: int) -> tuple[int, int] | None:
        place = bisect_right(begins, offset - 1)
        return entries[place] if place < len(entries) else None

    def headed(offset: int) -> tuple[int, int] | None:
        return heads.get(text.position(offset)[0])

    return Layout(("#",), is_text, after, headed)


def _first_of_text(text: str, start: int, style: str | None) -> int:
    """Return where the text of a scalar begins: that of a block scalar behind its first line, on which a
    comment may stand."""
    if style not in {"|", ">"}:
        return start
    end = text.find("\n", start)
    return len(text) if end < 0 else end + 1


def _of_metadata(
    tree: object, document: JsonDocument | YamlDocument, whole: tuple[int, int]
) -> tuple[list[Ignore], list[Diagnostic]]:
    """Return what the `Metadata` of a template and of its resources ask for."""
    found: list[Ignore] = []
    wrong: list[Diagnostic] = []
    resources = tree.get("Resources") if isinstance(tree, dict) else None
    if not isinstance(tree, dict) or not isinstance(resources, dict):
        return found, wrong
    holders: list[tuple[object, Pointer, str | None]] = [(tree, (), None)]
    holders += [(body, ("Resources", name), f"Resources.{name}") for name, body in resources.items()]
    for holder, pointer, owner in holders:
        for entry, place in _entries(holder, pointer):
            if len(found) + len(wrong) >= MOST_IGNORES:
                return found, wrong
            span = document.span(place)
            covered = whole if owner is None else _block(document, pointer)
            one = _of_entry(entry, span, covered, owner)
            if isinstance(one, str):
                wrong.append(
                    Diagnostic(
                        span.path, "unread-suppression", one, span.start_line, span.start_column, owner
                    )
                )
            else:
                found.append(one)
    return found, wrong


def _entries(holder: object, pointer: Pointer) -> Iterator[tuple[object, Pointer]]:
    """Yield the entries of `Metadata: {iamlint: {ignore: [...]}}`, each with its place."""
    node = holder
    for step in ("Metadata", "iamlint", "ignore"):
        if not isinstance(node, dict) or step not in node:
            return
        node, pointer = node[step], (*pointer, step)
    if isinstance(node, list):
        yield from ((entry, (*pointer, index)) for index, entry in enumerate(node))
    else:
        yield node, pointer


def _block(document: JsonDocument | YamlDocument, pointer: Pointer) -> tuple[int, int]:
    value = document.span(pointer)
    return document.key_span(pointer).byte_offset, value.byte_offset + value.byte_length


def _of_entry(entry: object, span: Span, covered: tuple[int, int], owner: str | None) -> Ignore | str:
    """Return what an entry of metadata asks for, or what is wrong with it."""
    if not isinstance(entry, Mapping):
        return "an entry of `ignore` is an object: {id: IAM101, reason: why}"
    for key, value in entry.items():
        if key not in _ENTRY_KEYS:
            from iamlint.catalog.nearest import nearest

            near = nearest(str(key).lower(), _ENTRY_KEYS)
            hint = f"; did you mean `{near}`?" if near else f"; there are {', '.join(_ENTRY_KEYS)}"
            return f"unknown key `{str(key)[:40]}` in an entry of `ignore`{hint}"
        if not isinstance(value, str):
            return f"`{key}` in an entry of `ignore` is a text"
    word, until = entry.get("id") or entry.get("rule"), entry.get("until")
    if not word:
        return "an entry of `ignore` needs the rule that it is about: id: IAM101"
    if until is not None and not is_day(until):
        return f"`until: {until[:40]}` is no day; write it as 2030-12-31"
    patterns = tuple(part.strip() for part in entry.get("match", "").split(",") if part.strip())
    reason = " ".join(entry.get("reason", "").split())
    return Ignore((IgnoredRule(word.strip(), patterns),), reason, until, span, *covered, owner)


def _of_blocks(tree: object, document: JsonDocument) -> tuple[list[Ignore], list[Diagnostic]]:
    """Return what the `//` keys of Terraform's JSON syntax ask for: each speaks for its block."""
    found: list[Ignore] = []
    wrong: list[Diagnostic] = []
    pending: list[tuple[object, Pointer]] = [(tree, ())]
    while pending:
        node, pointer = pending.pop()
        members = (
            node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        )
        for key, value in members:
            if key == "//":
                for text, place in _texts(value, (*pointer, key)):
                    said = read_said(text.strip().partition("iamlint:")[2]) if _is_said(text) else None
                    if said is None or len(found) >= MOST_IGNORES:
                        continue
                    span, block = document.span(place), document.span(pointer)
                    message = said.wrong or ("" if said.verb in _BLOCK_VERBS else _NO_RANGE)
                    if message:
                        line, column = span.start_line, span.start_column
                        wrong.append(Diagnostic(span.path, "unread-suppression", message, line, column))
                        continue
                    start, end = block.byte_offset, block.byte_offset + block.byte_length
                    if said.verb == "file-ignore":
                        start, end = 0, WHOLE_FILE
                    found.append(Ignore(said.rules, said.reason, said.until, span, start, end))
            elif isinstance(value, dict | list):
                pending.append((value, (*pointer, key)))
    found.sort(key=lambda one: one.span.byte_offset)
    return found, wrong


_BLOCK_VERBS = ("ignore", "file-ignore")
_NO_RANGE = "a `//` key speaks for its block: write ignore[...] or file-ignore[...]"


def _is_said(text: str) -> bool:
    return text.lstrip().startswith("iamlint:")


def _texts(value: object, pointer: Pointer) -> Iterator[tuple[str, Pointer]]:
    """Yield the texts of a `//` key, which may be a list."""
    if isinstance(value, str):
        yield value, pointer
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                yield item, (*pointer, index)
