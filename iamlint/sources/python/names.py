"""What the owner of a policy in Python is called: the scope, and the name nearest to the document."""

from __future__ import annotations

import ast

from iamlint.sources.python.scopes import Index, Scope, dotted

__all__ = ["address_of", "key_of", "skipped"]

_ADDING = (
    "add_to_policy",
    "add_to_role_policy",
    "add_to_principal_policy",
    "add_to_resource_policy",
    "add_statements",
    "add_statement",
    "append",
    "extend",
    "set_policy",
)
_WRAPPING = frozenset(
    {
        "dumps",
        "json_dumps",
        "dict",
        "str",
        "from_json",
        "loads",
        "format",
        "dedent",
        "deepcopy",
        "strip",
        "list",
    }
)
_CHECKING = ("assert", "has_resource", "resource_properties", "resource_count", "expect")


def address_of(index: Index, node: ast.AST) -> str:
    """Return the address of what a document belongs to; `$` where nothing has a name."""
    scope = index.scope(node)
    names = [name for name in (scope.qualified, _nearest(index, node, scope)) if name]
    return ".".join(names) or "$"


def key_of(index: Index, node: ast.AST) -> ast.AST | None:
    """Return the key, argument or name that leads to a document, as far as one stands right before it."""
    parent = index.parents.get(node)
    if isinstance(parent, ast.keyword):
        return parent
    if isinstance(parent, ast.Dict):
        return next(
            (key for key, value in zip(parent.keys, parent.values, strict=True) if value is node), None
        )
    if isinstance(parent, ast.Assign):
        return parent.targets[0]
    if isinstance(parent, ast.AnnAssign):
        return parent.target
    return None


def _nearest(index: Index, node: ast.AST, scope: Scope) -> str:
    called = ""
    below, at = node, index.parents.get(node)
    while at is not None and at is not scope.node:
        if isinstance(at, ast.Assign | ast.AnnAssign):
            target = at.targets[0] if isinstance(at, ast.Assign) else at.target
            return _short(_target(target)) or called
        if isinstance(at, ast.NamedExpr):
            return at.target.id
        if isinstance(at, ast.Dict) and not called:
            name = next((key for key, value in zip(at.keys, at.values, strict=True) if value is below), None)
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and len(name.value) < 100:
                return name.value
        if isinstance(at, ast.Call) and below is not at.func:
            name_called = _called(at)
            if name_called in _ADDING and isinstance(at.func, ast.Attribute):
                return _short(_target(at.func.value)) or name_called
            if name_called not in _WRAPPING:
                called = called or name_called
                if not name_called[:1].isupper():
                    return called
        if isinstance(at, ast.stmt):
            break
        below, at = at, index.parents.get(at)
    return called


def _target(node: ast.AST) -> str:
    while isinstance(node, ast.Subscript):
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return node.slice.value[:100]
        node = node.value
    return dotted(node) or ""


def _short(name: str) -> str:
    return name.removeprefix("self.").removeprefix("cls.")


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def skipped(index: Index, node: ast.AST) -> bool:
    """Say whether a document is only what something is compared with, as tests do."""
    below, at = node, index.parents.get(node)
    while at is not None and not isinstance(at, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        if isinstance(at, ast.Assert | ast.Compare):
            return True
        if isinstance(at, ast.Call) and below is not at.func:
            name = _called(at)
            if name.lower().startswith(_CHECKING) or (dotted(at.func) or "").startswith("Match."):
                return True
        below, at = at, index.parents.get(at)
    return False
