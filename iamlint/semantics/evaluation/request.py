"""One fully specified request: who does what to which resource, in which circumstances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from iamlint.record import field, record
from iamlint.semantics.evaluation.caller import Caller, parse_caller
from iamlint.semantics.evaluation.errors import RequestError
from iamlint.semantics.evaluation.template import ContextValue

__all__ = ["GivenValue", "Request"]

GivenValue: TypeAlias = str | bool | int | float | Sequence[str | bool | int | float]
"""A context value as callers may give it: one scalar, or a list for a multi-valued key."""


@record
class Request:
    """One request. Make it with `Request.of`, which checks and evens out what it is given.

    `action` is `service:Name`. `resource` is one ARN, or `*` for actions without resource types.
    `resource_account` owns the resource, None when nobody says (then only resource policies can be
    judged for callers of an account). `context` maps lower-case key names to a text (single-valued)
    or a tuple (multi-valued). `keys` is the context with what follows from the caller filled in,
    `weight` the characters of the longest text or list, `assumed` in words what was taken for granted.
    """

    caller: Caller
    action: str
    resource: str
    resource_account: str | None = None
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    keys: Mapping[str, ContextValue] = field(init=False)
    folded_action: str = field(init=False)
    weight: int = field(init=False)

    def __post_init__(self) -> None:
        derived = self.caller.derived_keys()
        keys: dict[str, ContextValue] = {**derived, **self.context}
        for name, text in derived.items():
            if keys[name] == ():
                keys[name] = text
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "folded_action", self.action.lower())
        heaviest = max([sum(map(len, value)) + len(value) for value in self.context.values()], default=0)
        object.__setattr__(self, "weight", max(heaviest, len(self.resource)))

    @property
    def service(self) -> str:
        """The service part of the action, in lower case."""
        return self.folded_action.partition(":")[0]

    @classmethod
    def of(
        cls,
        principal: str | Mapping[str, object] | Caller,
        action: str,
        resource: str,
        resource_account: str | None = None,
        context: Mapping[str, GivenValue] | None = None,
    ) -> Request:
        """Return the request. `principal` is what `parse_caller` takes.

        Without `resource_account` the account in the ARN counts; a resource without one is taken to be
        the caller's own, which `assumed` then says. Booleans and numbers of the context become text.
        Raises RequestError for anything that is not one request.
        """
        caller = parse_caller(principal)
        _check_action(action)
        _check_resource(resource)
        assumed: tuple[str, ...] = ()
        if resource_account is None:
            resource_account = _account_of(resource)
            if resource_account is None and caller.account is not None:
                resource_account = caller.account
                if resource != "*":
                    assumed = (f"the resource is taken to be of the caller's account, {caller.account}",)
        elif not isinstance(resource_account, str) or not resource_account:
            raise RequestError("resource_account: must be an account id")
        return cls(caller, action, resource, resource_account, _read_context(context or {}), assumed)


_LONGEST = 20_000
"""Characters of a resource or context value. AWS's own limits are far lower."""


def _check_action(action: object) -> None:
    if not isinstance(action, str):
        raise RequestError("action: must be a text")
    service, _, name = action.partition(":")
    if not (service and name) or ":" in name or len(action) > 512 or any(map(str.isspace, action)):
        raise RequestError(f"action: {action[:100]!r} is not of the form service:Name")
    if "*" in action or "?" in action:
        raise RequestError(f"action: {action[:100]!r} is a pattern, not one action")


def _check_resource(resource: object) -> None:
    if not isinstance(resource, str):
        raise RequestError("resource: must be a text")
    if resource == "*":
        return
    if len(resource) > _LONGEST:
        raise RequestError(f"resource: is longer than {_LONGEST} characters")
    parts = resource.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
        raise RequestError(
            f"resource: {resource[:100]!r} is not an ARN",
            help="it is arn:partition:service:region:account:name, or * for actions without resource types",
        )


def _account_of(resource: str) -> str | None:
    if resource == "*":
        return None
    account = resource.split(":", 5)[4]
    return account or None


def _read_context(context: object) -> dict[str, ContextValue]:
    if not isinstance(context, Mapping):
        raise RequestError("context: must be an object of condition keys")
    found: dict[str, ContextValue] = {}
    for key, value in context.items():
        if not isinstance(key, str) or not key:
            raise RequestError("context: a key must be a text that is not empty")
        name = key.lower()
        if name in found:
            raise RequestError(f"context: {key[:100]!r} is given twice; letter case makes no difference")
        if isinstance(value, list | tuple):
            found[name] = tuple(_text(item, key) for item in value)
        else:
            found[name] = _text(value, key)
    return found


def _text(value: object, key: str) -> str:
    if isinstance(value, str):
        if len(value) > _LONGEST:
            raise RequestError(f"context: a value of {key[:100]!r} is longer than {_LONGEST} characters")
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise RequestError(f"context: the value of {key[:100]!r} must be a text or a list of texts")
