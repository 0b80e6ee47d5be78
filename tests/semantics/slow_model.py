"""A slow, plainly right model of policy evaluation, written from the rules of IAM alone.

It shares no code with iamlint: it reads raw JSON documents, parses everything itself and matches with
regular expressions made of escaped text. Where the rules leave a choice, it takes the default reading
unless `readings` (a dictionary of the names below) says otherwise. It judges valid documents only.

Readings: empty_string ("present" or "absent"), empty_list (the same), arn ("flat" or "parts"),
aws_star (True: the same as "*"), not_principal ("listed" or "parents"), bool_variables (True),
any_if_exists (True).
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import ipaddress
import re
from fractions import Fraction
from typing import Any

ALLOWED, IMPLICIT, EXPLICIT = "Allowed", "ImplicitlyDenied", "ExplicitlyDenied"

DEFAULTS: dict[str, Any] = {
    "empty_string": "present",
    "empty_list": "absent",
    "arn": "flat",
    "aws_star": True,
    "not_principal": "listed",
    "bool_variables": True,
    "any_if_exists": True,
}

RCP_SERVICES = {"s3", "sts", "kms", "sqs", "secretsmanager"}


def decide(request: dict[str, Any], policies: dict[str, Any], readings: dict[str, Any] | None = None) -> str:
    """Answer one request, in the shape of the JSON lines of `iamlint evaluate`."""
    world = World(request, policies, {**DEFAULTS, **(readings or {})})
    return world.decide()


def many(thing: Any) -> list[Any]:
    """One or a list: always a list."""
    return thing if isinstance(thing, list) else [thing]


# --- globs, as regular expressions ----------------------------------------------------------------

# A pattern is a list of items: ("text", literal), ("star",), ("one",), ("var", key, default).
Pattern = list[tuple[Any, ...]]


def parse_pattern(text: str, wildcards: bool, variables: bool) -> Pattern:
    items: Pattern = []
    while text:
        if variables:
            escape = re.match(r"\$\{([*?$])\}", text)
            if escape:
                items.append(("text", escape[1]))
                text = text[escape.end() :]
                continue
            with_default = re.match(r"\$\{([^}]*?), '(.*?)'\}", text, re.DOTALL)
            if with_default:
                items.append(("var", with_default[1].lower(), with_default[2]))
                text = text[with_default.end() :]
                continue
            plain = re.match(r"\$\{([^}]*)\}", text)
            if plain:
                items.append(("var", plain[1].lower(), None))
                text = text[plain.end() :]
                continue
        if wildcards and text[0] == "*":
            items.append(("star",))
        elif wildcards and text[0] == "?":
            items.append(("one",))
        else:
            items.append(("text", text[0]))
        text = text[1:]
    return items


def has_variable(pattern: Pattern) -> bool:
    return any(item[0] == "var" for item in pattern)


def fill(pattern: Pattern, keys: dict[str, Any]) -> Pattern | None:
    """Put literal values in the place of variables; None when one has no value."""
    filled: Pattern = []
    for item in pattern:
        if item[0] == "var":
            value = keys.get(item[1])
            if not isinstance(value, str):
                value = item[2]
            if value is None:
                return None
            filled.append(("text", value))
        else:
            filled.append(item)
    return filled


def glob(pattern: Pattern, text: str) -> bool:
    expression = ""
    for item in pattern:
        expression += {"star": ".*", "one": "."}.get(item[0]) or re.escape(item[1])
    return re.fullmatch(expression, text, re.DOTALL) is not None


def arn_parts(pattern: Pattern) -> list[Pattern]:
    """Split a filled pattern at its first five colons."""
    parts: list[Pattern] = [[]]
    for item in pattern:
        if item[0] != "text":
            parts[-1].append(item)
            continue
        for letter in item[1]:
            if letter == ":" and len(parts) < 6:
                parts.append([])
            else:
                parts[-1].append(("text", letter))
    return parts


# --- typed values ---------------------------------------------------------------------------------


def number(text: str) -> Fraction | None:
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return None
    return Fraction(text)


def instant(text: str) -> Fraction | None:
    if re.fullmatch(r"[0-9]+", text) and len(text) != 4:
        return Fraction(int(text))
    match = re.fullmatch(
        r"(\d\d\d\d)(-\d\d)?(-\d\d)?(?:T(\d\d):(\d\d)(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?)?", text, re.ASCII
    )
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if (day and not month) or (hour and not day) or (fraction and not second):
        return None
    try:
        moment = dt.datetime(
            int(year),
            int((month or "-01")[1:]),
            int((day or "-01")[1:]),
            int(hour or 0),
            int(minute or 0),
            int((second or ":00")[1:]),
            tzinfo=dt.UTC,
        )
    except ValueError:
        return None
    seconds = Fraction((moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(seconds=1))
    if fraction:
        seconds += Fraction("0" + fraction)
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            return None
        ahead = hours * 3600 + minutes * 60
        seconds -= ahead if zone[0] == "+" else -ahead
    return seconds


def truth(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def raw_bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    if not re.fullmatch(r"[^/%]+(/[0-9]{1,3})?", text):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


# --- the request and what follows from its principal ----------------------------------------------


class World:
    def __init__(self, request: dict[str, Any], policies: dict[str, Any], readings: dict[str, Any]) -> None:
        self.readings = readings
        self.policies = policies
        self.action = request["action"].lower()
        self.resource = request["resource"]
        principal = request["principal"]
        if isinstance(principal, str):
            principal = {"arn": principal}
        self.caller: str = principal["arn"]
        self.role: str | None = None
        self.user: str | None = principal.get("user")
        self.account: str | None = None
        self.keys: dict[str, Any] = {}
        self.sort = self.read_caller(principal)
        for key, value in request.get("context", {}).items():
            if value == [] and (readings["empty_list"] == "absent" or key.lower() in self.keys):
                continue
            self.keys[key.lower()] = value
        self.resource_account = request.get("resource_account")
        if self.resource_account is None:
            inside = self.resource.split(":")[4] if self.resource != "*" else ""
            self.resource_account = inside or self.account

    def read_caller(self, principal: dict[str, Any]) -> str:
        arn = self.caller
        if arn == "anonymous":
            self.keys.update(
                {
                    "aws:principalaccount": "anonymous",
                    "aws:principaltype": "Anonymous",
                    "aws:userid": "anonymous",
                }
            )
            return "anonymous"
        if not arn.startswith("arn:"):
            return "federated" if arn in ("accounts.google.com", "graph.facebook.com") else "service"
        _, _, _, _, account, body = arn.split(":", 5)
        if "provider/" in body:
            return "federated"
        self.account = account
        self.keys["aws:principalaccount"] = account
        if body == "root":
            self.keys.update({"aws:principalarn": arn, "aws:principaltype": "Account", "aws:userid": account})
            return "root"
        if body.startswith("user/"):
            self.keys.update(
                {
                    "aws:principalarn": arn,
                    "aws:principaltype": "User",
                    "aws:username": body.split("/")[-1],
                }
            )
            return "user"
        if body.startswith("federated-user/"):
            self.keys.update(
                {
                    "aws:principalarn": arn,
                    "aws:principaltype": "FederatedUser",
                    "aws:userid": account + ":" + body.split("/", 1)[1],
                }
            )
            return "federated-user"
        assert body.startswith("assumed-role/")
        self.role = principal.get("role") or f"arn:aws:iam::{account}:role/{body.split('/')[1]}"
        self.keys.update({"aws:principalarn": self.role, "aws:principaltype": "AssumedRole"})
        return "session"

    # --- section 9: combining the kinds -----------------------------------------------------------

    def decide(self) -> str:
        if self.action == "sts:getcalleridentity":
            return ALLOWED
        unsigned = self.action in ("sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
        has_own = self.sort in ("user", "session", "federated-user") and not unsigned
        linked = self.role is not None and "/aws-service-role/" in self.role
        identity = self.documents("identity") if has_own else []
        boundary = self.documents("boundary") if has_own else []
        session = self.documents("session") if has_own else []
        scp = self.levels("scp") if (has_own or self.sort == "root") and not linked and not unsigned else []
        rcp = self.levels("rcp") if self.action.split(":")[0] in RCP_SERVICES and not linked else []
        endpoint = self.documents("endpoint")
        resource = self.documents("resource")
        self.bounded = bool(boundary)

        # Step 1: any explicit deny.
        for kind, documents in [
            ("identity", identity),
            ("boundary", boundary),
            ("session", session),
            ("endpoint", endpoint),
            ("resource", resource),
            *[("scp", level) for level in scp],
            *[("rcp", level) for level in rcp],
        ]:
            if self.one_kind(kind, documents) == EXPLICIT:
                return EXPLICIT
        # Steps 2 to 4.
        for level in scp:
            if self.one_kind("scp", level) != ALLOWED:
                return IMPLICIT
        for level in rcp:
            if self.one_kind("rcp", level) != ALLOWED:
                return IMPLICIT
        if endpoint and self.one_kind("endpoint", endpoint) != ALLOWED:
            return IMPLICIT
        # Step 5.
        grants = self.resource_grants(resource)
        if self.sort in ("anonymous", "service", "federated") or unsigned:
            return ALLOWED if grants else IMPLICIT
        if self.sort == "root":
            identity_ok = boundary_ok = session_ok = True
        else:
            identity_ok = self.one_kind("identity", identity) == ALLOWED
            boundary_ok = not boundary or self.one_kind("boundary", boundary) == ALLOWED
            session_ok = not session or self.one_kind("session", session) == ALLOWED
        own = identity_ok and boundary_ok and session_ok
        if self.account != self.resource_account:
            return ALLOWED if own and grants else IMPLICIT
        direct = "direct" in grants or ("session-of" in grants and boundary_ok and session_ok)
        if self.is_key_or_role():
            # Identity policies work only if the key or trust policy lets the account in.
            return ALLOWED if direct or (own and grants) else IMPLICIT
        return ALLOWED if direct or own else IMPLICIT

    def is_key_or_role(self) -> bool:
        if self.action.startswith("kms:"):
            return re.fullmatch(r"arn:[^:]*:kms:[^:]*:[^:]*:key/.*", self.resource, re.DOTALL) is not None
        if self.action.startswith("sts:"):
            return re.fullmatch(r"arn:[^:]*:iam:[^:]*:[^:]*:role/.*", self.resource, re.DOTALL) is not None
        return False

    def documents(self, kind: str) -> list[Any]:
        found = self.policies.get(kind)
        return [] if found is None else many(found)

    def levels(self, kind: str) -> list[list[Any]]:
        return self.policies.get(kind) or []

    def one_kind(self, kind: str, documents: list[Any]) -> str:
        """Decide one kind of policy (or one level), all its documents together."""
        effects = {
            statement["Effect"]
            for document in documents
            for statement in many(document["Statement"])
            if self.applies(kind, document, statement)
        }
        if "Deny" in effects:
            return EXPLICIT
        return ALLOWED if "Allow" in effects else IMPLICIT

    def resource_grants(self, documents: list[Any]) -> set[str]:
        """The ways in which Allows of the resource policy reach the caller."""
        return {
            self.reach("resource", statement)
            for document in documents
            for statement in many(document["Statement"])
            if statement["Effect"] == "Allow" and self.applies("resource", document, statement)
        }

    # --- section 2: one statement -------------------------------------------------------------------

    def applies(self, kind: str, document: Any, statement: Any) -> bool:
        new = document.get("Version", "2008-10-17") == "2012-10-17"
        return (
            self.reach(kind, statement) != ""
            and self.action_matches(statement)
            and self.resource_matches(kind, statement, new)
            and all(
                self.entry(operator, key, values, new)
                for operator, tests in statement.get("Condition", {}).items()
                for key, values in tests.items()
            )
        )

    # --- section 3 ------------------------------------------------------------------------------------

    def action_matches(self, statement: Any) -> bool:
        if "Action" in statement:
            return any(self.one_action(text) for text in many(statement["Action"]))
        return not any(self.one_action(text) for text in many(statement["NotAction"]))

    def one_action(self, text: str) -> bool:
        if re.search(r"\s", text) or text.endswith(":"):
            return False
        return glob(parse_pattern(text.lower(), True, False), self.action)

    # --- section 4 ------------------------------------------------------------------------------------

    def resource_matches(self, kind: str, statement: Any, new: bool) -> bool:
        if "NotResource" in statement:
            patterns = many(statement["NotResource"])
            if any(self.unresolvable(self.resource_body(kind, text, new)) for text in patterns):
                return False
            return not any(self.one_resource(kind, text, new) for text in patterns)
        if "Resource" in statement:
            return any(self.one_resource(kind, text, new) for text in many(statement["Resource"]))
        return True

    def resource_body(self, kind: str, text: str, new: bool) -> Pattern:
        """The sixth part, where alone variables stand, or the path of the API's own short form."""
        if kind == "resource" and text.startswith("execute-api:/"):
            return parse_pattern(text.removeprefix("execute-api:"), True, new)
        pieces = text.split(":", 5)
        return parse_pattern(pieces[5], True, new) if len(pieces) == 6 else []

    def unresolvable(self, pattern: Pattern) -> bool:
        return fill(pattern, self.keys) is None

    def one_resource(self, kind: str, text: str, new: bool) -> bool:
        if text and set(text) == {"*"}:
            return True
        if self.resource == "*":
            return False
        if kind == "resource" and text.startswith("execute-api:/"):
            # In the policy of an API: the path behind the API's own ARN.
            own = re.fullmatch(r"arn:aws[^:]*:execute-api:[^:]*:[^:]*:[^:/]+(/.*)", self.resource, re.DOTALL)
            path = fill(self.resource_body(kind, text, new), self.keys)
            return own is not None and path is not None and glob(path, own[1])
        pieces = text.split(":", 5)
        if len(pieces) < 6:
            if "*" not in text and "?" not in text:
                if kind in ("resource", "endpoint"):
                    return False
                pieces += ["*"] * (6 - len(pieces))
                text = ":".join(pieces)
            elif self.readings["arn"] == "flat":
                return glob(parse_pattern(text, True, False), self.resource)
            else:
                pieces += ["*"] * (6 - len(pieces))
            body: Pattern | None = parse_pattern(pieces[5], True, False)
        else:
            body = fill(self.resource_body(kind, text, new), self.keys)
        if body is None:
            return False
        heads = [parse_pattern(piece, True, False) for piece in pieces[:5]]
        if self.readings["arn"] == "flat":
            whole: Pattern = []
            for head in heads:
                whole += [*head, ("text", ":")]
            return glob(whole + body, self.resource)
        values = self.resource.split(":", 5)
        return all(glob(head, value) for head, value in zip(heads, values[:5], strict=True)) and glob(
            body, values[5]
        )

    # --- section 5 ------------------------------------------------------------------------------------

    def reach(self, kind: str, statement: Any) -> str:
        """How the principals reach the caller: "direct", "session-of", "account", or "" for not at all."""
        if kind not in ("resource", "endpoint"):
            return "direct"
        if "Principal" in statement:
            ways = [self.one_principal(*one) for one in self.principals(statement["Principal"])]
            return next((way for way in ("direct", "session-of", "account") if way in ways), "")
        if "NotPrincipal" not in statement:
            return ""
        listed = self.principals(statement["NotPrincipal"])
        if statement["Effect"] == "Deny":
            if kind == "resource" and self.bounded:
                return "direct"
            if self.readings["not_principal"] == "parents" and not self.spared_with_parents(listed):
                return "direct"
        return "" if any(self.one_principal(*one) for one in listed) else "direct"

    def principals(self, element: Any) -> list[tuple[str, str]]:
        if element == "*":
            return [("*", "*")]
        return [(sort, value) for sort, values in element.items() for value in many(values)]

    def one_principal(self, sort: str, value: str) -> str:
        if sort == "*":
            return "direct"
        if sort == "AWS" and value == "*":
            return "" if self.sort == "service" and not self.readings["aws_star"] else "direct"
        if sort == "Service":
            return "direct" if self.sort == "service" and value == self.caller else ""
        if sort == "Federated":
            asserted = self.sort == "federated" and self.action.startswith("sts:assumerolewith")
            return "direct" if asserted and value == self.caller else ""
        if self.account is None:
            return ""
        if value == self.account or re.fullmatch(f"arn:[^:]*:iam::{self.account}:root", value):
            return "account"
        if self.sort == "session" and ":role/" in value and self.role is not None:
            same = (
                value.split(":")[4] == self.account
                and value.rsplit("/", maxsplit=1)[-1] == self.role.split("/")[-1]
            )
            return "session-of" if same else ""
        if value == self.caller:
            return "direct"
        return "session-of" if value == self.user else ""

    def spared_with_parents(self, listed: list[tuple[str, str]]) -> bool:
        """The other reading of NotPrincipal: account, role and caller must each be listed."""
        ways = [self.one_principal(*one) for one in listed]
        if self.account is None or any(one == ("*", "*") or one == ("AWS", "*") for one in listed):
            return any(ways)
        needed = {
            "root": {"account"},
            "user": {"account", "direct"},
            "session": {"account", "session-of", "direct"},
            "federated-user": {"account", "direct"},
        }[self.sort]
        return needed <= set(ways)

    # --- section 7 ------------------------------------------------------------------------------------

    def entry(self, operator: str, key: str, values: Any, new: bool) -> bool:
        values = [str(v).lower() if isinstance(v, bool) else str(v) for v in many(values)]
        words = re.fullmatch(r"(forallvalues:|foranyvalue:)?(.*?)(ifexists)?", operator.lower())
        assert words is not None
        quantifier, base, if_exists = words[1], words[2], words[3] is not None
        found = self.keys.get(key.lower())
        if base == "null":
            absent = found is None
            if self.readings["empty_string"] == "absent" and found == "":
                absent = True
            return any(truth(value) is absent for value in values)
        negated = "not" in base
        takes_variables = new and (
            base.startswith(("string", "arn")) or (base == "bool" and self.readings["bool_variables"])
        )
        wildcards = base.endswith("like") or base.startswith("arn")
        patterns = [parse_pattern(value, wildcards, takes_variables) for value in values]
        filled = [fill(pattern, self.keys) for pattern in patterns]
        if negated and None in filled:
            return False
        usable = [pattern for pattern in filled if pattern is not None]

        def satisfied(item: str) -> bool:
            if not self.is_of_type(base, item):
                return False
            positive = any(self.compare(base, pattern, item) for pattern in usable)
            return not positive if negated else positive

        if quantifier is None:
            if found is None:
                return negated or if_exists
            return isinstance(found, str) and satisfied(found)
        items = None if found is None else many(found)
        if items and self.readings["empty_string"] == "absent":
            items = [item for item in items if item != ""] or None
        if items is None:
            return True if quantifier == "forallvalues:" else if_exists and self.readings["any_if_exists"]
        results = [satisfied(item) for item in items]
        return all(results) if quantifier == "forallvalues:" else any(results)

    def is_of_type(self, base: str, item: str) -> bool:
        if base.startswith("arn"):
            return item.count(":") >= 5
        if base.startswith("numeric"):
            return number(item) is not None
        if base.startswith("date"):
            return instant(item) is not None
        if base == "bool":
            return truth(item) is not None
        if base == "binaryequals":
            return raw_bytes(item) is not None
        if base.endswith("ipaddress"):
            return address(item) is not None
        return True

    def compare(self, base: str, pattern: Pattern, item: str) -> bool:
        """Whether one request value matches one value of the policy, in the positive sense."""
        text = "".join(piece[1] for piece in pattern if piece[0] == "text")
        if base in ("stringequals", "stringnotequals"):
            return item == text
        if base in ("stringequalsignorecase", "stringnotequalsignorecase"):
            return item.lower() == text.lower()
        if base in ("stringlike", "stringnotlike"):
            return glob(pattern, item)
        if base.startswith("arn"):
            parts = arn_parts(pattern)
            return len(parts) == 6 and all(map(glob, parts, item.split(":", 5)))
        if base == "bool":
            return truth(text) is not None and truth(text) == truth(item)
        if base == "binaryequals":
            return raw_bytes(text) is not None and raw_bytes(text) == raw_bytes(item)
        if base.endswith("ipaddress"):
            where, inside = address(item), network(text)
            return (
                where is not None
                and inside is not None
                and where.version == inside.version
                and where in inside
            )
        mine = number(item) if base.startswith("numeric") else instant(item)
        theirs = number(text) if base.startswith("numeric") else instant(text)
        if mine is None or theirs is None:
            return False
        return {
            "equals": mine == theirs,
            "notequals": mine == theirs,
            "lessthan": mine < theirs,
            "lessthanequals": mine <= theirs,
            "greaterthan": mine > theirs,
            "greaterthanequals": mine >= theirs,
        }[re.sub("^(numeric|date)", "", base)]
