"""IAM's own words as data: policies, statements, principals, conditions, and who they belong to."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TypeAlias

from iamlint.model.finding import Diagnostic
from iamlint.model.place import Document, Pointer, Span, When
from iamlint.model.value import Value
from iamlint.record import record

__all__ = [
    "SECRET_FIELDS",
    "WITHOUT_ACCESS",
    "BrokenFile",
    "Condition",
    "Extraction",
    "Fault",
    "Grant",
    "Owner",
    "Policy",
    "PolicyKind",
    "Principal",
    "Statement",
    "Values",
]

Values: TypeAlias = tuple[Value, ...]

# The words of the policy grammar:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
POLICY_ELEMENTS = ("Version", "Id", "Statement")
STATEMENT_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")


class PolicyKind(enum.StrEnum):
    """What a policy is for; it decides what its elements mean and which rules apply."""

    IDENTITY = "identity"
    TRUST = "trust"
    RESOURCE = "resource"
    SCP = "scp"
    RCP = "rcp"
    BOUNDARY = "boundary"
    SESSION = "session"
    ENDPOINT = "endpoint"
    PERMISSION_SET = "permission-set"


@record
class Fault:
    """Something in a document that IAM's grammar does not allow; `code` names the kind of fault.

    `other` is a second place, where two elements make the fault.
    """

    code: str
    message: str
    pointer: Pointer
    other: Pointer | None = None


@record
class Principal:
    """One principal: `type` is `AWS`, `Service`, `Federated`, `CanonicalUser`, or `*` for the bare
    star; any other text is what the author wrote. Unknown principals have type `?`."""

    type: str
    value: Value


@record
class Condition:
    """One test of a condition block: operator and key as written, and the values to compare with.

    `pointer` is the place of the key below the operator.
    """

    operator: str
    key: str
    values: Values
    pointer: Pointer


@record
class Statement:
    """One statement, with every list-or-string already a tuple.

    An element that is not written is None; one that is written and empty is an empty tuple. A
    value that is nothing but a hole stands for an element, or items of it, that cannot be read.
    `unread_condition` is true when a condition exists that cannot be read in full. `when` holds
    the template conditions under which the statement is there.
    """

    document: Document
    pointer: Pointer
    sid: Value | None
    effect: Value | None
    actions: Values | None
    not_actions: Values | None
    resources: Values | None
    not_resources: Values | None
    principals: tuple[Principal, ...] | None
    not_principals: tuple[Principal, ...] | None
    conditions: tuple[Condition, ...]
    unread_condition: bool = False
    when: When = ()

    @property
    def is_allow(self) -> bool:
        """Whether the statement may allow: its effect is Allow or cannot be known."""
        return self.effect is not None and (self.effect.text is None or self.effect.text == "Allow")

    @property
    def is_deny(self) -> bool:
        """Whether the statement surely denies; an unknown effect never excuses an Allow."""
        return self.effect is not None and self.effect.text == "Deny"


@record
class Owner:
    """The resource, block or call that a policy or grant is written on.

    `address` as the format's users know it, `type` the format's own word (None for a bare
    document without a resource type), `pointer` the place of the whole resource, `account` the
    account id that it surely lies in, where the file tells.
    """

    address: str
    type: str | None
    pointer: Pointer
    account: str | None = None


@record
class Policy:
    """One policy document that is written out.

    `pointer` leads to the document's root, `anchor` to the key, argument, list item or block that
    holds it. `location` is the property path or argument below the owner, `name` the PolicyName
    and the like, `on` the neutral word for what it applies to (`role`, `s3-bucket`, ...; empty
    where that cannot be known), `attachments` the addresses of what it is attached to. Statements
    that cannot be read are None: the policy is there all the same. `faults` make it unfit to be
    evaluated; `remarks` are what it has besides and the statements do not tell: empty lists and
    objects, values of one key that differ in type. `carriers` are the addresses of the resources that
    use a document which is built apart, where that is known.
    """

    kind: PolicyKind
    document: Document
    pointer: Pointer
    anchor: Pointer
    owner: Owner
    location: str
    name: Value | None
    on: tuple[str, ...]
    attachments: tuple[str, ...]
    version: Value | None
    id: Value | None
    statements: tuple[Statement, ...] | None
    faults: tuple[Fault, ...] = ()
    when: When = ()
    remarks: tuple[Fault, ...] = ()
    carriers: tuple[str, ...] = ()


SECRET_FIELDS = frozenset({"password", "secret", "event_source_token", "external_id"})
"""Fields of grants whose values are never shown."""

WITHOUT_ACCESS = frozenset(
    {"bucket", "fine-grained-access", "named-secret", "placeholder-credential", "sso-user"}
)
"""Words of grants that give nobody access: rules look at them, and no list of access has them."""


@record
class Grant:
    """Access that is not a written document: an attachment, a Lambda permission, an access key.

    `what` is the neutral word for it (`managed-attachment`, `console-password`, ...), `fields` its
    facts under neutral names, `statements` what it means as statements where that is known.
    """

    what: str
    document: Document
    pointer: Pointer
    owner: Owner
    on: tuple[str, ...]
    attachments: tuple[str, ...]
    fields: Mapping[str, Values]
    statements: tuple[Statement, ...] = ()
    when: When = ()


@record
class BrokenFile:
    """A file that surely should hold policies and cannot be parsed; `span` is where that shows. `limit`
    says that it may be well-formed, but is more than iamlint reads."""

    span: Span
    format: str
    message: str
    limit: bool = False


@record
class Extraction:
    """What a source found in one unit of files.

    Where that is several programs with addresses of their own (root modules of Terraform), `parts` has
    the policies and grants of each; it is empty for a single one.
    """

    policies: tuple[Policy, ...] = ()
    grants: tuple[Grant, ...] = ()
    broken: tuple[BrokenFile, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    parts: tuple[Extraction, ...] = ()
