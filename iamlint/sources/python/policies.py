"""The policies and grants of one Python file: documents where they are written, with what they are for.

A document is judged once, where it is written; the calls and constructs that it reaches say what kind
of policy it is and what it applies to.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from iamlint.model import (
    Diagnostic,
    Document,
    Extraction,
    Grant,
    Owner,
    Pointer,
    Policy,
    PolicyKind,
    Value,
)
from iamlint.record import field, record
from iamlint.sources.documents import (
    PlaceholderResolver,
    PlainResolver,
    PolicyBuilder,
    has_placeholders,
    looks_like_policy,
    parse_leniently,
)
from iamlint.sources.json_text import JsonSyntaxError
from iamlint.sources.python.calls import argument, document_calls
from iamlint.sources.python.constructs import STATEMENT
from iamlint.sources.python.document import PythonDocument, resolver_of
from iamlint.sources.python.evaluate import Evaluator
from iamlint.sources.python.literals import Segment
from iamlint.sources.python.meaning import Entry, JsonOf, Meaning, Open, Row, Table, Text, text_of
from iamlint.sources.python.names import address_of, key_of, skipped
from iamlint.sources.python.scopes import place_of

__all__ = ["PolicyReader"]

_ORG_KINDS = {
    "SERVICE_CONTROL_POLICY": PolicyKind.SCP,
    "RESOURCE_CONTROL_POLICY": PolicyKind.RCP,
}
_KINDS = {kind.value: kind for kind in PolicyKind}
_CHECKED_ONLY = frozenset({"validation", "simulation"})
_MAX_DOCUMENTS = 5_000


@record
class Use:
    """A place that a document reaches: what the policy is there."""

    kind: PolicyKind | None
    on: tuple[str, ...]
    owner_type: str | None
    location: str
    node: ast.AST
    name: Text | None = None
    attachments: tuple[str, ...] = ()
    ignored: bool = False


@record(frozen=False, eq=False)
class _Candidate:
    """A document that is written out, and what uses it."""

    meaning: Table | Text
    uses: list[Use] = field(default_factory=list)


class PolicyReader:
    """Reads one file."""

    def __init__(self, evaluator: Evaluator, document: PythonDocument) -> None:
        self.evaluator = evaluator
        self.index = evaluator.index
        self.document = document
        self.candidates: dict[ast.AST, _Candidate] = {}
        self.policies: list[Policy] = []
        self.grants: list[Grant] = []
        self.diagnostics: list[Diagnostic] = []

    def read(self) -> Extraction:
        """Return what the file holds, in the order in which it is written."""
        for node in self.index.nodes:
            if isinstance(node, ast.Call):
                for value, use in self._uses(node):
                    self._reached(self.evaluator.value(value), use)
        for node in self.index.nodes:
            self._written(node)
        self._single_statements()
        ordered = sorted(self.candidates.items(), key=lambda item: place_of(item[0]))
        for origin, candidate in ordered[:_MAX_DOCUMENTS]:
            self._read(origin, candidate)
        return Extraction(tuple(self.policies), tuple(self.grants), diagnostics=tuple(self.diagnostics))

    def _uses(self, call: ast.Call) -> Iterator[tuple[ast.expr, Use]]:
        """Yield the arguments of a call that are policies, with what they are there."""
        entries = document_calls(self.evaluator, call)
        if not entries:
            return
        keywords = self.evaluator.keywords(call)
        for parameter in dict.fromkeys(entry["parameter"] for entry in entries):
            value = argument(keywords, parameter)
            if value is None:
                continue
            same = [
                entry
                for entry in entries
                if entry["parameter"] == parameter and self._holds(entry.get("when"), keywords)
            ]
            if not same:
                continue
            kinds = {entry["kind"] for entry in same}
            ons = {tuple(entry["on"]) for entry in same}
            first = same[0]
            clients = {entry["client"] for entry in same}
            assert isinstance(call.func, ast.Attribute)
            client = f"{first['client']}." if len(clients) == 1 else ""
            named = keywords.get(first.get("name", ""))
            name = None if named is None else self.evaluator.value(named)
            target = keywords.get(first.get("target", ""))
            attached = None if target is None else text_of(self.evaluator.value(target))
            yield (
                value,
                Use(
                    self._kind(kinds, keywords),
                    ons.pop() if len(ons) == 1 else (),
                    f"{client}{call.func.attr}",
                    parameter,
                    call,
                    name if isinstance(name, Text) else None,
                    () if attached is None else (attached,),
                    ignored=kinds <= _CHECKED_ONLY or self._no_grammar(kinds, keywords),
                ),
            )

    def _holds(self, when: dict[str, str] | None, keywords: dict[str, ast.expr]) -> bool:
        """Say whether the arguments beside a policy are those that make it one."""
        return all(
            name in keywords and text_of(self.evaluator.value(keywords[name])) == text
            for name, text in (when or {}).items()
        )

    def _kind(self, kinds: set[str], keywords: dict[str, ast.expr]) -> PolicyKind | None:
        if "org" in kinds:
            given = keywords.get("Type")
            text = None if given is None else text_of(self.evaluator.value(given))
            return _ORG_KINDS.get(text or "", PolicyKind.SCP)
        return _KINDS.get(next(iter(kinds))) if len(kinds) == 1 else None

    def _no_grammar(self, kinds: set[str], keywords: dict[str, ast.expr]) -> bool:
        """Say whether a policy of an organization is of a type that has no statements."""
        given = keywords.get("Type") if "org" in kinds else None
        text = None if given is None else text_of(self.evaluator.value(given))
        return text is not None and text not in _ORG_KINDS

    def _reached(self, meaning: Meaning, use: Use) -> None:
        """Keep that a meaning is used as a policy."""
        while isinstance(meaning, JsonOf):
            meaning = meaning.value
        if isinstance(meaning, Table) and (meaning.get("Statement") is not None or use.kind is not None):
            candidate = self.candidates.setdefault(meaning.origin, _Candidate(meaning))
            candidate.uses.append(use)
        elif isinstance(meaning, Text) and any(
            isinstance(part, str) and "{" in part for part in meaning.parts
        ):
            candidate = self.candidates.setdefault(meaning.origin, _Candidate(meaning))
            if isinstance(candidate.meaning, Text) and len(meaning.segments) > len(
                candidate.meaning.segments
            ):
                candidate.meaning = meaning
            candidate.uses.append(use)

    def _written(self, node: ast.expr) -> None:
        """Keep a document that is written out, whatever becomes of it."""
        if node in self.candidates:
            return
        if isinstance(node, ast.Dict):
            if not any(isinstance(key, ast.Constant) and key.value == "Statement" for key in node.keys):
                return
        elif isinstance(node, ast.Call):
            if _last(node) != "PolicyDocument":
                return
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            if not self._may_be_document(node):
                return
        else:
            return
        if skipped(self.index, node) or self._is_part(node):
            return
        meaning = self.evaluator.value(node)
        if isinstance(meaning, Table | Text) and self._is_policy(meaning):
            self.candidates[node] = _Candidate(meaning)

    def _single_statements(self) -> None:
        """Keep each statement of the CDK that is in no document as a document of its own."""
        held = {
            item.origin
            for one in self.candidates.values()
            if isinstance(one.meaning, Table)
            for item in _items(one.meaning.get("Statement"))
            if isinstance(item, Table)
        }
        for node in self.index.nodes:
            if not isinstance(node, ast.Call) or node in held or _last(node) != STATEMENT:
                continue
            found = self.evaluator.value(node)
            if isinstance(found, Table) and not skipped(self.index, node):
                self.candidates[node] = _Candidate(_around(found))

    def _may_be_document(self, node: ast.Constant | ast.JoinedStr) -> bool:
        values = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = [one.value for one in values if isinstance(one, ast.Constant)]
        if any(isinstance(text, str) and '"Statement"' in text for text in texts):
            return not isinstance(self.index.parents.get(node), ast.Expr | ast.JoinedStr)
        return False

    def _is_part(self, node: ast.expr) -> bool:
        """Say whether a text is an operand of an operation, whose result has been judged or is none."""
        parent = self.index.parents.get(node)
        return isinstance(parent, ast.BinOp) and any(
            isinstance(one.meaning, Text) and one.meaning.origin is not node and self._within(node, origin)
            for origin, one in self.candidates.items()
        )

    def _within(self, node: ast.AST, origin: ast.AST) -> bool:
        at: ast.AST | None = node
        while at is not None:
            if at is origin:
                return True
            at = self.index.parents.get(at)
        return False

    def _is_policy(self, meaning: Table | Text) -> bool:
        if isinstance(meaning, Text):
            try:
                tree = parse_leniently(meaning.parts, _offsets(meaning.segments))[0]
            except JsonSyntaxError:
                return False
            return looks_like_policy(tree)
        return looks_like_policy(_shape(meaning))

    def _read(self, origin: ast.AST, candidate: _Candidate) -> None:
        """Build the policy of a document."""
        uses = [use for use in candidate.uses if not use.ignored]
        if candidate.uses and not uses:
            return
        use = uses[0] if uses else None
        if use is None and self._is_answer(origin, candidate.meaning):
            return
        pointer = self.document.root(origin, key_of(self.index, origin))
        owner = Owner(address_of(self.index, origin), use.owner_type if use else None, pointer)
        kind = use.kind if use is not None else self._kind_by_key(origin)
        on = use.on if use else (("role",) if kind is PolicyKind.TRUST else ())
        name = None
        if use is not None and use.name is not None:
            name_pointer = (*pointer, "PolicyName")
            name = self._value(use.name, name_pointer)
        policy = self._built(candidate.meaning, pointer, owner, kind, use, on, name)
        if policy is None:
            self._unread(origin, "the text of the policy is not JSON")
            return
        if use is None and policy.kind is PolicyKind.TRUST and not policy.on:
            from iamlint.record import replace

            policy = replace(policy, on=("role",))
        self.policies.append(policy)

    def _value(self, text: Text, pointer: Pointer) -> Value:
        self.document.plant(text, pointer)
        known = text.known
        return Value(known, pointer, () if known is not None else text.parts)

    def _built(
        self,
        meaning: Table | Text,
        pointer: Pointer,
        owner: Owner,
        kind: PolicyKind | None,
        use: Use | None,
        on: tuple[str, ...],
        name: Value | None,
    ) -> Policy | None:
        document: Document = self.document
        error = None
        root = pointer
        if isinstance(meaning, Text):
            try:
                tree, step, resolver, error = parse_leniently(meaning.parts, _offsets(meaning.segments))
            except JsonSyntaxError:
                return None
            self.document.embed(pointer, meaning)
            root = (*pointer, step)
            if isinstance(resolver, PlainResolver) and has_placeholders(step.text):
                resolver = PlaceholderResolver()
        else:
            tree = self.document.plant(meaning, pointer, key_of(self.index, meaning.origin))
            resolver = resolver_of(meaning)
        return PolicyBuilder(document, resolver).policy(
            tree,
            root,
            owner=owner,
            kind=kind,
            anchor=pointer,
            location=use.location if use else "",
            name=name,
            on=on,
            attachments=use.attachments if use else (),
            error=error,
        )

    def _kind_by_key(self, origin: ast.AST) -> PolicyKind | None:
        """Return the kind that the key or argument before a document tells."""
        key = key_of(self.index, origin)
        if isinstance(key, ast.keyword):
            name = key.arg or ""
        elif isinstance(key, ast.Constant):
            name = str(key.value)
        else:
            return None
        folded = name.lower().replace("_", "")
        return PolicyKind.TRUST if folded in {"assumerolepolicydocument", "assumerolepolicy"} else None

    def _is_answer(self, origin: ast.AST, meaning: Table | Text) -> bool:
        """Say whether a document is the answer of a Lambda authorizer: a policy for one call."""
        if "principalId" not in self.evaluator.source or not isinstance(meaning, Table):
            return False
        actions = list(_actions(meaning))
        return bool(actions) and all(
            (text_of(action) or "").lower().startswith("execute-api:") or isinstance(action, Open)
            for action in actions
        )

    def _unread(self, node: ast.AST, message: str) -> None:
        pointer = self.document.root(node, None)
        span = self.document.span(pointer)
        self.diagnostics.append(
            Diagnostic(
                span.path, "unread-document", message, span.start_line, span.start_column, unjudged=True
            )
        )


def _last(call: ast.Call) -> str:
    """Return the last name of what is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _items(meaning: Meaning | None) -> tuple[Meaning, ...]:
    return meaning.items if isinstance(meaning, Row) else ()


def _around(statement: Table) -> Table:
    """Return the document of version 2012-10-17 around a statement, as the CDK makes it."""
    version = Text((Segment("2012-10-17", ((0, 0),), 0),), statement.node, statement.node)
    row = Row((statement,), statement.node, statement.origin)
    entries = (Entry("Version", None, version), Entry("Statement", None, row))
    return Table(entries, statement.node, statement.origin)


def _actions(meaning: Table) -> Iterator[Meaning]:
    statements = meaning.get("Statement")
    for statement in statements.items if isinstance(statements, Row) else (statements,):
        if isinstance(statement, Table):
            action = statement.get("Action")
            if action is not None:
                yield from action.items if isinstance(action, Row) else (action,)


def _offsets(segments: Sequence[Segment]) -> tuple[int, ...]:
    offsets: list[int] = []
    at = 0
    for segment in segments:
        offsets.append(at)
        at += segment.width
    return tuple(offsets)


def _shape(meaning: Meaning, depth: int = 0) -> object:
    """Return the tree of a meaning as far down as a policy is told from its look-alikes."""
    if isinstance(meaning, Table) and depth < 4:
        return {entry.key: _shape(entry.value, depth + 1) for entry in meaning.entries}
    if isinstance(meaning, Row) and depth < 4:
        return [_shape(item, depth + 1) for item in meaning.items[:50]]
    return text_of(meaning)
