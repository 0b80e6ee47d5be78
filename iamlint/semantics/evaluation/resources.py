"""Resource patterns: which resources a Resource or NotResource element names.

Sources: IAM user guide, "IAM JSON policy elements: Resource" (wildcards, ARN parts) and "Variables"
(where they may stand).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping

from iamlint.semantics.evaluation.glob import compile_glob
from iamlint.semantics.evaluation.readings import ArnWildcards, Readings
from iamlint.semantics.evaluation.request import Request
from iamlint.semantics.evaluation.template import (
    ContextValue,
    Fixed,
    Variable,
    Wild,
    first_unresolved,
    literal_text,
    read_tokens,
    substitute,
)
from iamlint.semantics.patterns import OWN_API

__all__ = ["OwnApiPattern", "ResourceList", "ResourcePattern", "ShortArn", "is_own_api", "is_short_literal"]

_COLONS = 5


class ShortArn(enum.Enum):
    """What a pattern with fewer than five colons and without a wildcard means; it differs by policy kind."""

    PADDED = "missing parts are *"
    NOTHING = "matches nothing"
    REFUSED = "is not valid"


def is_short_literal(text: str) -> bool:
    """Say whether `text` has fewer than five colons and no wildcard."""
    return text.count(":") < _COLONS and "*" not in text and "?" not in text


class ResourcePattern:
    """One compiled pattern.

    `flat` is its test in the flat reading, None where that depends on variables. `literal` is the one
    text that `flat` accepts, if it is only one. `is_everything` is set for `*`.
    """

    __slots__ = (
        "_body",
        "_dead",
        "_head",
        "_last",
        "_parts",
        "_variables",
        "flat",
        "is_everything",
        "literal",
        "text",
    )

    def __init__(self, text: str, *, variables: bool, short: ShortArn) -> None:
        """`variables` says that the policy's version has policy variables."""
        self.text = text
        self.is_everything = bool(text) and not text.strip("*")
        self._dead = is_short_literal(text) and short is not ShortArn.PADDED
        self._parts: tuple[Callable[[str], bool], ...] | None = None
        self.flat: Callable[[str], bool] | None
        self.literal: str | None = None
        missing = max(_COLONS - text.count(":"), 0)
        fields = [*text.split(":", _COLONS), *["*"] * missing]
        self._head = tuple(fields[:_COLONS])
        # Variables stand in the sixth part only; elsewhere their text is plain.
        self._last = fields[_COLONS]
        self._variables = variables and not missing
        tokens = read_tokens(self._last, wildcards=True, variables=self._variables)
        body = _without_variables(tokens)
        # Kept for patterns with variables only: a list of tokens is many times as large as its text.
        self._body = tokens if len(body) < len(tokens) else None
        if self._dead:
            self.flat = _nothing
        elif self._body is not None:
            self.flat = None
        elif missing and not is_short_literal(text):
            self.flat = compile_glob(_wild(text))
        else:
            whole = (*self._flat_head(), *body)
            self.flat = compile_glob(whole)
            if all(isinstance(token, str) for token in whole):
                self.literal = literal_text(whole)

    def unresolved(self, keys: Mapping[str, ContextValue]) -> Variable | None:
        """Return a variable of the pattern that has no value in the request."""
        return None if self._body is None else first_unresolved(self._body, keys)

    def matches(self, request: Request, readings: Readings) -> bool:
        """Say whether the pattern matches the resource; one with an unresolved variable matches none."""
        if self.is_everything:
            return True
        resource = request.resource
        if resource == "*":
            # Actions without resource types are asked for with *, which only * covers.
            return False
        if readings.arn_wildcards is ArnWildcards.PARTS:
            return self._matches_parts(resource, request.keys)
        if self.flat is not None:
            return self.flat(resource)
        assert self._body is not None
        body = substitute(self._body, request.keys)
        return body is not None and compile_glob((*self._flat_head(), *body))(resource)

    def _matches_parts(self, resource: str, keys: Mapping[str, ContextValue]) -> bool:
        parts = resource.split(":", _COLONS)
        if self._dead or len(parts) <= _COLONS:
            return False
        if self._parts is None:
            tests = [compile_glob(_wild(field)) for field in self._head]
            if self._body is None:
                tokens = read_tokens(self._last, wildcards=True, variables=self._variables)
                tests.append(compile_glob(_without_variables(tokens)))
            self._parts = tuple(tests)
        if not all(test(part) for test, part in zip(self._parts, parts, strict=False)):
            return False
        if self._body is None:
            return True
        body = substitute(self._body, keys)
        return body is not None and compile_glob(body)(parts[_COLONS])

    def _flat_head(self) -> tuple[Fixed, ...]:
        return _wild(":".join(self._head) + ":")


def is_own_api(text: str) -> bool:
    """Say whether `text` is the short form of a path of the API that a policy is attached to."""
    return text.startswith(OWN_API + "/")


class OwnApiPattern:
    """The short form of an API's resource: what follows the id of an API in its ARN. The request is about
    the API that the policy is attached to, so its Region, account and id are those of the policy's own.

    The attributes are those of ResourcePattern. The readings make no difference: the fields of the ARN
    are no wildcards.
    """

    __slots__ = ("_body", "flat", "is_everything", "literal", "text")

    def __init__(self, text: str, *, variables: bool) -> None:
        """`variables` says that the policy's version has policy variables."""
        self.text = text
        self.is_everything = False
        self.literal: str | None = None
        self.flat: Callable[[str], bool] | None = None
        tokens = read_tokens(text[len(OWN_API) :], wildcards=True, variables=variables)
        fixed = _without_variables(tokens)
        self._body = tokens if len(fixed) < len(tokens) else None
        if self._body is None:
            path = compile_glob(fixed)
            self.flat = lambda resource: path(_path_of_api(resource))

    def unresolved(self, keys: Mapping[str, ContextValue]) -> Variable | None:
        """Return a variable of the pattern that has no value in the request."""
        return None if self._body is None else first_unresolved(self._body, keys)

    def matches(self, request: Request, readings: Readings) -> bool:
        """Say whether the pattern matches the resource; one with an unresolved variable matches none."""
        del readings
        if self.flat is not None:
            return self.flat(request.resource)
        assert self._body is not None
        body = substitute(self._body, request.keys)
        return body is not None and compile_glob(body)(_path_of_api(request.resource))


def _path_of_api(resource: str) -> str:
    """Return what follows the id in the ARN of an API, from its first slash on; empty for other texts."""
    fields = resource.split(":", _COLONS)
    if len(fields) <= _COLONS or fields[0] != "arn" or fields[2] != "execute-api":
        return ""
    if not fields[1].startswith("aws"):
        return ""
    name, slash, path = fields[_COLONS].partition("/")
    return slash + path if name and ":" not in name else ""


class ResourceList:
    """The patterns of one element, sorted so that most requests are settled fast."""

    __slots__ = ("_everything", "_exact", "_tests", "_varying", "patterns")

    def __init__(self, patterns: tuple[ResourcePattern | OwnApiPattern, ...]) -> None:
        self.patterns = patterns
        self._everything = any(pattern.is_everything for pattern in patterns)
        self._exact = frozenset(pattern.literal for pattern in patterns if pattern.literal is not None)
        self._tests = tuple(
            pattern.flat for pattern in patterns if pattern.flat is not None and pattern.literal is None
        )
        self._varying = tuple(pattern for pattern in patterns if pattern.flat is None)

    def unresolved(self, keys: Mapping[str, ContextValue]) -> Variable | None:
        """Return a variable of some pattern that has no value in the request."""
        for pattern in self._varying:
            found = pattern.unresolved(keys)
            if found is not None:
                return found
        return None

    def holds(self, request: Request, readings: Readings) -> bool:
        """Say whether some pattern matches the resource of the request."""
        if self._everything:
            return True
        resource = request.resource
        if resource == "*":
            return False
        if readings.arn_wildcards is ArnWildcards.PARTS:
            return any(pattern.matches(request, readings) for pattern in self.patterns)
        if resource in self._exact:
            return True
        for test in self._tests:
            if test(resource):
                return True
        return any(pattern.matches(request, readings) for pattern in self._varying)


def _nothing(_: str) -> bool:
    return False


def _wild(text: str) -> tuple[Fixed, ...]:
    return _without_variables(read_tokens(text, wildcards=True, variables=False))


def _without_variables(tokens: tuple[object, ...]) -> tuple[Fixed, ...]:
    return tuple(token for token in tokens if isinstance(token, str | Wild))
