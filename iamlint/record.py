"""Frozen data with slots, as `dataclasses` makes it, without its price at start-up.

A run of one small file defines some seventy classes of data. `dataclasses` compiles five methods for
each and imports `inspect`: a third of the whole run. Here a constructor is compiled when the first
object is made, and the other methods are shared. Type checkers see a dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

__all__ = ["field", "fields", "record", "replace"]

_Class = TypeVar("_Class", bound=type)
_Record = TypeVar("_Record")
_MISSING = object()


class _Made:
    """The default of a field that is made anew for each object."""

    __slots__ = ("factory", "init")

    def __init__(self, factory: Callable[[], object] | None, *, init: bool) -> None:
        self.factory = factory
        self.init = init


def field(*, default_factory: Callable[[], Any] | None = None, init: bool = True) -> Any:
    """Return the default of a field whose value is made anew for each object.

    A field with `init=False` is no argument of the constructor: `default_factory` or `__post_init__`
    sets it. It is derived from the others or only remembers, so it does not count for equality.
    """
    return _Made(default_factory, init=init)


@overload
def record(cls: _Class, /) -> _Class: ...
@overload
def record(*, frozen: bool = True, order: bool = False, eq: bool = True) -> Callable[[_Class], _Class]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(
    cls: _Class | None = None, /, *, frozen: bool = True, order: bool = False, eq: bool = True
) -> _Class | Callable[[_Class], _Class]:
    """Make a class of annotated fields into one with slots and a constructor of its fields in order.

    Objects are frozen, equal when class and fields are, and hashable by their fields, unless `frozen`
    or `eq` says otherwise; with `order` they are compared field by field. A subclass has the fields
    of its bases first. `__post_init__` is called where a class has one.
    """

    def make(plain: _Class) -> _Class:
        return _make(plain, frozen=frozen, order=order, eq=eq)

    return make if cls is None else make(cls)


def replace(old: _Record, /, **changes: object) -> _Record:
    """Return a record like `old` with other values in the named fields; raises TypeError for a name
    that is no field."""
    values = {name: getattr(old, name) for name in fields(type(old))}
    return type(old)(**{**values, **changes})


def fields(cls: type) -> Mapping[str, object]:
    """Return the names of a record's fields, in order, each with what stands for its default."""
    found: Mapping[str, object] = cls.__record_fields__  # type: ignore[attr-defined]  # set by _make
    return found


def _make(plain: _Class, *, frozen: bool, order: bool, eq: bool) -> _Class:
    names: dict[str, object] = {}
    for base in reversed(plain.__mro__[1:]):
        names.update(base.__dict__.get("__record_fields__", {}))
    namespace = dict(plain.__dict__)
    slots = []
    derived: dict[str, _Made] = {}
    for name in plain.__dict__.get("__annotations__", {}):  # noqa: RUF063 -- `inspect` would cost most of a start-up
        default = namespace.pop(name, _MISSING)
        if name not in names:
            slots.append(name)
        if isinstance(default, _Made) and not default.init:
            derived[name] = default
        else:
            names[name] = default
    for name in ("__dict__", "__weakref__"):
        namespace.pop(name, None)
    namespace.update(
        __slots__=tuple(slots),
        __record_fields__=names,
        __record_values__=staticmethod(_values_of(names)),
        __match_args__=tuple(names),
        __reduce__=_reduce,
    )
    namespace.setdefault("__repr__", _repr)

    def first_init(self: object, *args: object, **kwargs: object) -> None:
        constructor = _constructor(made, names, derived)
        made.__init__ = constructor
        constructor(self, *args, **kwargs)

    namespace["__init__"] = first_init
    if eq:
        namespace.setdefault("__eq__", _equal)
        if namespace.get("__hash__") is None:
            namespace["__hash__"] = _hash if frozen else None
    if order:
        namespace["__lt__"] = _less
    if frozen:
        namespace["__setattr__"] = _refuse_change
        namespace["__delattr__"] = _refuse_change
    made: Any = type(plain)(plain.__name__, plain.__bases__, namespace)
    result: _Class = made
    return result


def _values_of(names: Mapping[str, object]) -> Callable[[object], tuple[object, ...]]:
    """Return a function that gives the values of a record as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda _: ()
    get = attrgetter(next(iter(names)))
    return lambda this: (get(this),)


def _constructor(made: Any, names: Mapping[str, object], derived: Mapping[str, _Made]) -> Callable[..., None]:
    """Compile the constructor of a class: it sets each slot through its descriptor, frozen or not."""
    scope: dict[str, Any] = {"_MISSING": _MISSING}
    parameters, lines = [], []
    for name, default in names.items():
        scope[f"_set_{name}"] = getattr(made, name).__set__
        value = name
        if default is _MISSING:
            parameters.append(name)
        elif isinstance(default, _Made):
            scope[f"_make_{name}"] = default.factory
            parameters.append(f"{name}=_MISSING")
            value = f"_make_{name}() if {name} is _MISSING else {name}"
        else:
            scope[f"_default_{name}"] = default
            parameters.append(f"{name}=_default_{name}")
        lines.append(f"    _set_{name}(self, {value})")
    for name, made_new in derived.items():
        if made_new.factory is not None:
            scope[f"_set_{name}"] = getattr(made, name).__set__
            scope[f"_make_{name}"] = made_new.factory
            lines.append(f"    _set_{name}(self, _make_{name}())")
    if hasattr(made, "__post_init__"):
        lines.append("    self.__post_init__()")
    source = f"def __init__(self, {', '.join(parameters)}):\n" + ("\n".join(lines) or "    pass")
    exec(source, scope)  # noqa: S102 -- names of fields in our own classes, never input
    constructor: Callable[..., None] = scope["__init__"]
    constructor.__qualname__ = f"{made.__qualname__}.__init__"
    return constructor


def _equal(self: Any, other: Any) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    values = type(self).__record_values__
    return values(self) == values(other)


def _less(self: Any, other: Any) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    values = type(self).__record_values__
    return values(self) < values(other)


def _hash(self: Any) -> int:
    return hash(type(self).__record_values__(self))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self).__record_fields__)
    return f"{type(self).__qualname__}({shown})"


def _reduce(self: Any) -> tuple[type, tuple[object, ...]]:
    return type(self), type(self).__record_values__(self)


def _refuse_change(self: object, name: str, *_: object) -> None:
    raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be changed")
