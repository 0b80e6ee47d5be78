"""Who binds which name where: the scopes of a module, found in one pass without recursion."""

from __future__ import annotations

import ast

from iamlint.record import field, record

__all__ = ["Binding", "Change", "Index", "Scope", "build_index", "dotted"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BRANCHING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Match)
Block = tuple[int, ...]


@record(eq=False)
class Binding:
    """A place that gives a name a value: the expression, None where that cannot be told; `adds` says
    that it is added to what the name had."""

    value: ast.expr | None
    place: tuple[int, int]
    block: Block
    adds: bool = False


@record(eq=False)
class Change:
    """A place that changes a list or an object which has a name: below it, along `path`, a member is
    set, or items are added (`append`, `extend`, or another method)."""

    path: tuple[str | int, ...]
    how: str
    value: ast.expr | None
    node: ast.AST
    place: tuple[int, int]


@record(frozen=False, eq=False)
class Scope:
    """A module, class or function: what it binds, changes and returns."""

    name: str
    parent: Scope | None
    node: ast.AST
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=dict)
    returns: list[ast.expr | None] = field(default_factory=list)
    defaults: dict[str, ast.expr] = field(default_factory=dict)

    @property
    def is_class(self) -> bool:
        """Whether it is the body of a class."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def qualified(self) -> str:
        """The names of the classes and functions around, from the outside, joined by dots."""
        names: list[str] = []
        scope: Scope | None = self
        while scope is not None:
            if scope.name:
                names.append(scope.name)
            scope = scope.parent
        return ".".join(reversed(names))

    @property
    def holder(self) -> Scope | None:
        """The class that a method is in."""
        scope: Scope | None = self
        while scope is not None and not scope.is_class:
            scope = scope.parent
        return scope


@record(frozen=False, eq=False)
class Index:
    """What one pass over a module finds."""

    module: Scope
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    scopes: dict[ast.AST, Scope] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    star_imports: list[str] = field(default_factory=list)
    functions: dict[ast.AST, Scope] = field(default_factory=dict)
    nodes: list[ast.expr] = field(default_factory=list)

    def scope(self, node: ast.AST) -> Scope:
        """Return the scope that a node is evaluated in."""
        at: ast.AST | None = node
        while at is not None:
            found = self.scopes.get(at)
            if found is not None and (at is not node or isinstance(at, ast.Module)):
                return found
            at = self.parents.get(at)
        return self.module

    def block(self, node: ast.AST) -> Block:
        """Return the branches and loops around a node within its scope, from the outside."""
        found: list[int] = []
        below = node
        at = self.parents.get(node)
        while at is not None and at not in self.scopes:
            if isinstance(at, _BRANCHING):
                orelse = getattr(at, "orelse", ())
                found.append(-id(at) if below in orelse else id(at))
            below, at = at, self.parents.get(at)
        return tuple(reversed(found))


def build_index(tree: ast.Module) -> Index:
    """Return the scopes, bindings and expressions of interest of a module."""
    module = Scope("", None, tree)
    index = Index(module)
    index.scopes[tree] = module
    pending: list[tuple[ast.AST, Scope]] = [(tree, module)]
    while pending:
        node, scope = pending.pop()
        inner = scope
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            _bind(index, scope, node.name, None, node)
            inner = Scope(node.name, scope, node)
            index.scopes[node] = inner
            if not isinstance(node, ast.ClassDef):
                index.functions[node] = inner
                _bind_parameters(index, inner, node.args, node)
        elif isinstance(node, ast.Call | ast.Dict | ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        ):
            index.nodes.append(node)
        for child in ast.iter_child_nodes(node):
            index.parents[child] = node
        _note(index, scope, node)
        pending.extend([(child, inner) for child in ast.iter_child_nodes(node)][::-1])
    for found in index.scopes.values():
        for bindings in (*found.bindings.values(), *found.attributes.values()):
            bindings.sort(key=lambda one: one.place)
    return index


def place_of(node: ast.AST) -> tuple[int, int]:
    """Return line and column of a node."""
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def dotted(node: ast.AST) -> str | None:
    """Return `a.b.c` for a name or attributes of one."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    names.append(node.id)
    return ".".join(reversed(names))


def _bind(
    index: Index, scope: Scope, name: str, value: ast.expr | None, node: ast.AST, *, adds: bool = False
) -> None:
    binding = Binding(value, place_of(node), index.block(node), adds)
    scope.bindings.setdefault(name, []).append(binding)


def _bind_parameters(index: Index, scope: Scope, arguments: ast.arguments, node: ast.AST) -> None:
    plain = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(reversed(plain), reversed(arguments.defaults), strict=False):
        scope.defaults[argument.arg] = default
    for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=False):
        if given is not None:
            scope.defaults[argument.arg] = given
    more = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    for argument in (*plain, *arguments.kwonlyargs, *more):
        scope.bindings.setdefault(argument.arg, []).append(Binding(None, place_of(argument), ()))


def _note(index: Index, scope: Scope, node: ast.AST) -> None:
    """Keep what a statement binds, changes or returns."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            _assign(index, scope, target, node.value, node)
    elif isinstance(node, ast.AnnAssign):
        if node.value is not None:
            _assign(index, scope, node.target, node.value, node)
    elif isinstance(node, ast.NamedExpr):
        _assign(index, scope, node.target, node.value, node)
    elif isinstance(node, ast.AugAssign):
        if isinstance(node.target, ast.Name):
            value = node.value if isinstance(node.op, ast.Add) else None
            _bind(index, scope, node.target.id, value, node, adds=True)
        elif isinstance(node.op, ast.Add):
            _change(scope, node.target, "extend", node.value, node)
    elif isinstance(node, ast.For | ast.AsyncFor):
        _assign(index, scope, node.target, None, node)
    elif isinstance(node, ast.withitem):
        if node.optional_vars is not None:
            _assign(index, scope, node.optional_vars, None, node.optional_vars)
    elif isinstance(node, ast.ExceptHandler):
        if node.name is not None:
            _bind(index, scope, node.name, None, node)
    elif isinstance(node, ast.comprehension):
        _assign(index, scope, node.target, None, node.target)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        _import(index, node)
    elif isinstance(node, ast.Return):
        scope.returns.append(node.value)
    elif isinstance(node, ast.Global | ast.Nonlocal):
        for name in node.names:
            _bind(index, index.module, name, None, node)
    elif isinstance(node, ast.Lambda):
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            _bind(index, scope, argument.arg, None, node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        value = node.args[0] if node.args else None
        _change(scope, node.func.value, node.func.attr, value, node)


def _assign(index: Index, scope: Scope, target: ast.AST, value: ast.expr | None, node: ast.AST) -> None:
    if isinstance(target, ast.Name):
        _bind(index, scope, target.id, value, node)
    elif isinstance(target, ast.Tuple | ast.List):
        values: list[ast.expr | None] = [None] * len(target.elts)
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            values = list(value.elts)
        for item, one in zip(target.elts, values, strict=True):
            if isinstance(item, ast.Name | ast.Attribute):
                _assign(index, scope, item, one, node)
    elif isinstance(target, ast.Attribute):
        holder = scope.holder
        if holder is not None and isinstance(target.value, ast.Name) and target.value.id in {"self", "cls"}:
            binding = Binding(value, place_of(node), index.block(node))
            holder.attributes.setdefault(target.attr, []).append(binding)
    elif isinstance(target, ast.Subscript):
        _change(scope, target, "set", value, node)


def _change(scope: Scope, target: ast.AST, how: str, value: ast.expr | None, node: ast.AST) -> None:
    """Keep a change of something with a name; a long path is none that anybody writes."""
    path: list[str | int] = []
    while isinstance(target, ast.Subscript) and len(path) < 8:
        key = target.slice
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str | int):
            return
        path.append(key.value)
        target = target.value
    name = dotted(target)
    if name is not None:
        change = Change(tuple(reversed(path)), how, value, node, place_of(node))
        scope.changes.setdefault(name, []).append(change)


def _import(index: Index, node: ast.Import | ast.ImportFrom) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname is not None:
                index.imports[alias.asname] = alias.name
            else:
                first = alias.name.partition(".")[0]
                index.imports[first] = first
        return
    module = node.module or ""
    for alias in node.names:
        if alias.name == "*":
            index.star_imports.append(module)
        else:
            index.imports[alias.asname or alias.name] = f"{module}.{alias.name}" if module else alias.name
