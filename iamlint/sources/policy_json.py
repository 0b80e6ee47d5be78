"""Plain policy documents: bare, in a list, and in the wrappers that people have on disk.

The wrappers are what the AWS command line prints and takes (`get-policy-version`, `get-role`,
`get-bucket-policy`, `describe-policy`, `--cli-input-json` files, ...): a document sits, as an
object, as JSON text or percent-encoded, under one of a few key names.
"""

from __future__ import annotations

from iamlint.model import Diagnostic, Document, Extraction, Owner, Pointer, Policy, PolicyKind, Value
from iamlint.record import replace
from iamlint.sources.documents import (
    POLICY_ELEMENTS,
    PlaceholderResolver,
    PlainResolver,
    PolicyBuilder,
    is_only_policy,
    looks_like_policy,
    parse_embedded,
)
from iamlint.sources.json_text import JsonSyntaxError
from iamlint.sources.source import SourceOptions
from iamlint.sources.tree import Resolver

__all__ = ["extract_tree"]

# Key names under which the AWS command line and API put a document, with the kind where the key
# decides it. Source: the botocore service models (members whose value is policy text).
WRAPPERS: dict[str, PolicyKind | None] = {
    "PolicyDocument": None,
    "policyDocument": None,
    "Document": None,
    "AssumeRolePolicyDocument": PolicyKind.TRUST,
    "Policy": None,
    "policy": None,
    "PolicyText": PolicyKind.RESOURCE,
    "policyText": PolicyKind.RESOURCE,
    "ResourcePolicy": PolicyKind.RESOURCE,
    "resourcePolicy": PolicyKind.RESOURCE,
    "AccessPolicies": PolicyKind.RESOURCE,
    "AccessPolicy": PolicyKind.RESOURCE,
    "PolicyInJson": PolicyKind.RESOURCE,
    "InlinePolicy": PolicyKind.PERMISSION_SET,
    "Content": None,
}
_ALWAYS_POLICY = frozenset({"PolicyDocument", "policyDocument", "AssumeRolePolicyDocument"})
"""The wrappers under which nothing but a policy of IAM can stand."""
_ORG_KINDS = {"SERVICE_CONTROL_POLICY": PolicyKind.SCP, "RESOURCE_CONTROL_POLICY": PolicyKind.RCP}
_MAX_DEPTH = 60


def extract_tree(
    tree: object, document: Document, options: SourceOptions, *, forced: bool, placeholders: bool = False
) -> Extraction:
    """Return the policies of a parsed JSON or YAML file that is no template.

    `placeholders` says that the text holds `${` or `<`, which something may fill later. `forced` says
    that the file must hold a policy (the user gave its kind), so that a root of another shape is a
    policy that cannot be read, not a file to pass over.
    """
    search = _Search(document, options, PlaceholderResolver() if placeholders else PlainResolver())
    search.visit(tree, (), None, 0)
    if not search.policies and (forced or is_only_policy(tree)):
        search.add(tree, ())
    return Extraction(tuple(search.policies), diagnostics=tuple(search.diagnostics))


class _Search:
    """Collects the documents of one tree, bare ones and those under wrapper keys."""

    def __init__(self, document: Document, options: SourceOptions, resolver: Resolver) -> None:
        self._document = document
        self._options = options
        self._resolver = resolver
        self.policies: list[Policy] = []
        self.diagnostics: list[Diagnostic] = []

    def visit(self, node: object, pointer: Pointer, parent: object, depth: int) -> None:
        """Look for documents at and below `node`, whose holder is `parent`."""
        if depth > _MAX_DEPTH:
            self._unread(pointer, f"nested more than {_MAX_DEPTH} levels deep: not searched for policies")
        elif isinstance(node, list):
            for index, item in enumerate(node):
                if isinstance(item, dict | list):
                    self.visit(item, (*pointer, index), parent, depth + 1)
        elif looks_like_policy(node):
            self.add(node, pointer)
        elif isinstance(node, dict):
            if str(node.get("version")).startswith("tree-") and "tree" in node:
                # The construct tree of a synthesized application repeats what its templates hold.
                return
            for key, value in node.items():
                if key == "Resources" and _is_fragment(value):
                    self._unread(
                        (*pointer, key), "resources inside a file of another framework are not read yet"
                    )
                elif not (
                    key in WRAPPERS and self._wrapped(node, key, (*pointer, key), parent, depth)
                ) and isinstance(value, dict | list):
                    self.visit(value, (*pointer, key), node, depth + 1)

    def add(self, node: object, pointer: Pointer) -> None:
        """Add the bare document at `pointer`."""
        self._build(node, pointer, self._resolver, None, None)

    def _wrapped(
        self, holder: dict[str, object], key: str, pointer: Pointer, parent: object, depth: int
    ) -> bool:
        """Add the document under a wrapper key, if there is one."""
        value = holder[key]
        if key == "policyDocument" and "principalId" in holder:
            # What a Lambda authorizer answers: a policy for one call, not a grant in the account.
            return True
        kind = WRAPPERS[key] or _organization_kind(holder, parent)
        name = next(
            (
                Value(named, (*pointer[:-1], naming))
                for naming in ("PolicyName", "RoleName", "Name")
                if isinstance(named := holder.get(naming), str)
            ),
            None,
        )
        account = _account_of(holder)
        if looks_like_policy(value) or (key in _ALWAYS_POLICY and _is_meant(value)):
            self._build(value, pointer, self._resolver, kind, name, account)
            return True
        if isinstance(value, str) and (
            "Statement" in value or value[:3] in {"%7B", "%7b"} or _is_meant_text(value, key)
        ):
            if "Statement" not in value and any(mark in value for mark in _ELSEWHERE):
                self._unread(pointer, f"the policy is decided elsewhere: {value[:200]}", unjudged=False)
                return True
            try:
                tree, step, resolver = parse_embedded((value,), (0,))
            except JsonSyntaxError as error:
                self._unread(pointer, f"the text is not JSON: {error}")
                return True
            if looks_like_policy(tree) or (key in _ALWAYS_POLICY and _is_meant(tree)):
                self._build(tree, (*pointer, step), resolver, kind, name, account)
            elif key in _ALWAYS_POLICY and not isinstance(tree, dict | list):
                self._unread(pointer, "the text is no policy")
            else:
                # Text inside text, as what a command printed is stored in another document.
                self.visit(tree, (*pointer, step), holder, depth + 1)
            return True
        return False

    def _build(
        self,
        node: object,
        pointer: Pointer,
        resolver: Resolver,
        kind: PolicyKind | None,
        name: Value | None,
        account: str | None = None,
    ) -> None:
        options = self._options
        steps = (step for step in pointer if isinstance(step, str | int))
        address = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
        policy = PolicyBuilder(self._document, resolver).policy(
            node,
            pointer,
            owner=Owner(address, options.resource_type, (), account),
            kind=options.policy_kind or kind,
            name=name,
            on=_on(options.resource_type),
        )
        told = kind is not None or options.policy_kind is not None or options.resource_type is not None
        if not told and policy.kind is PolicyKind.RESOURCE and _is_for_endpoints(self._document.path):
            policy = replace(policy, kind=PolicyKind.ENDPOINT)
        if not told:
            policy = replace(policy, kind=_kind_by_folder(self._document.path, policy.kind))
        if policy.kind is PolicyKind.TRUST and not policy.on:
            policy = replace(policy, on=("role",))
        self.policies.append(policy)

    def _unread(self, pointer: Pointer, message: str, *, unjudged: bool = True) -> None:
        span = self._document.span(pointer)
        self.diagnostics.append(
            Diagnostic(
                span.path,
                "unread-document",
                message,
                span.start_line,
                span.start_column,
                unjudged=unjudged,
            )
        )


_FOLDERS = {
    PolicyKind.IDENTITY: {
        "scp": PolicyKind.SCP,
        "service-control-polic": PolicyKind.SCP,
        "permission-boundar": PolicyKind.BOUNDARY,
        "permissions-boundar": PolicyKind.BOUNDARY,
        "boundar": PolicyKind.BOUNDARY,
    },
    PolicyKind.RESOURCE: {
        "rcp": PolicyKind.RCP,
        "resource-control-polic": PolicyKind.RCP,
    },
}
"""Names of folders, without their ending, that say what the bare documents in them are, where their
elements leave it open."""


def _kind_by_folder(path: str, kind: PolicyKind) -> PolicyKind:
    """Return the kind that the nearest telling folder gives to a document of a kind told by elements."""
    known = _FOLDERS.get(kind)
    if known is not None:
        folders = path.lower().replace("_", "-").replace(" ", "-").split("/")[:-1]
        # Below a folder of resource control policies lie policies of resources that go with them.
        for folder in reversed(folders if kind is PolicyKind.IDENTITY else folders[-1:]):
            stem = folder.removesuffix("ies").removesuffix("y").removesuffix("s")
            if stem in known:
                return known[stem]
    return kind


def _account_of(holder: dict[str, object]) -> str | None:
    """Return the account in the ARN beside a policy, as the AWS command line prints it for a role."""
    arn = holder.get("Arn")
    fields = arn.split(":", 5) if isinstance(arn, str) and arn.startswith("arn:") else []
    return fields[4] if len(fields) == 6 and fields[4].isdigit() else None


def _is_for_endpoints(path: str) -> bool:
    """Say whether a file's name, or that of its folder, says that it holds policies of VPC endpoints; by
    their text they are those of a resource."""
    near = "/".join(path.lower().rsplit("/", 2)[-2:])
    return "endpoint" in near and ("vpc" in near or "polic" in near)


_ELSEWHERE = ("file://", "${", "{{", "<%")
"""Marks of a text that stands for a policy which is in another file or filled in later."""


def _is_meant(node: object) -> bool:
    """Say whether a node has the elements of a policy, if not a statement, and nothing else."""
    return isinstance(node, dict) and bool(node) and POLICY_ELEMENTS.issuperset(node)


def _is_meant_text(text: str, key: str) -> bool:
    """Say whether a text under a wrapper key should be a policy, though it has no word of a statement: it
    may be cut off."""
    if key in _ALWAYS_POLICY:
        return bool(text.strip())
    return '"Version"' in text and text.lstrip()[:1] == "{"


def _is_fragment(node: object) -> bool:
    """Say whether a node is the Resources section of a template that another framework wraps."""
    if not isinstance(node, dict):
        return False
    types = (entry.get("Type") for entry in node.values() if isinstance(entry, dict))
    return any(isinstance(kind, str) and "::" in kind for kind in types)


def _organization_kind(wrapper: dict[str, object], parent: object) -> PolicyKind | None:
    for holder in (wrapper, wrapper.get("PolicySummary"), parent):
        if isinstance(holder, dict):
            kind = _ORG_KINDS.get(str(holder.get("Type")))
            if kind is not None:
                return kind
    return None


def _on(resource_type: str | None) -> tuple[str, ...]:
    """Return the neutral words for a resource type that the user gave."""
    if resource_type is None:
        return ()
    from iamlint.sources.locations import resource_word

    return resource_word(resource_type)
