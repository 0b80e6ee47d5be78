"""`iamlint evaluate`: do these policies allow this request, and if not, why."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from iamlint.cli.parser import Choice, CliParser
from iamlint.cli.policy_files import content, lines_of, policies
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode, InputError, UsageError

if TYPE_CHECKING:
    from iamlint.model import Policy, PolicyKind
    from iamlint.semantics.evaluation import PolicySet, Request

__all__ = ["parser", "run"]


class _Arguments(argparse.Namespace):
    principal: str | None = None
    role: str | None = None
    action: str | None = None
    resource: str | None = None
    resource_account: str | None = None
    context: list[str] | None = None
    identity: list[str] | None = None
    resource_policy: list[str] | None = None
    scp: list[str] | None = None
    rcp: list[str] | None = None
    boundary: list[str] | None = None
    session: list[str] | None = None
    endpoint: list[str] | None = None
    request: str | None = None
    format: str | None = None
    jsonl: bool = False


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint evaluate",
        "Tell whether policies allow one request, and why or why not. AWS is not asked.",
        "  iamlint evaluate --principal arn:aws:iam::111122223333:user/alice \\\n"
        "      --action s3:GetObject --resource arn:aws:s3:::bucket/key \\\n"
        "      --identity alice.json --resource-policy bucket.json\n"
        "  iamlint evaluate --request request.json --identity role.json --scp root.json\n"
        "  iamlint evaluate --jsonl < questions.jsonl",
    )
    made.add("--request", metavar="FILE", takes="file", help="a JSON object with the parts of the request")
    made.add("--jsonl", action="store_true", help="answer many: one JSON object a line on standard input")
    made.add(
        "--format",
        metavar="FORMAT",
        type=Choice("format", ("text", "json")),
        help="text (default), which counts statements from 1, or json, which counts from 0",
    )
    made.heading("request")
    made.add(
        "--principal",
        metavar="WHO",
        help="an ARN, a service principal name, or anonymous; a role's ARN means some session of it",
    )
    made.add("--role", metavar="ARN", help="the role of an assumed-role session, where it has a path")
    made.add("--action", metavar="ACTION", help="the action, as s3:GetObject")
    made.add(
        "--resource", metavar="ARN", help="the resource; * for actions without resource types (default: *)"
    )
    made.add(
        "--resource-account",
        metavar="ID",
        help="who owns it, where its ARN does not say (default: the caller's)",
    )
    made.add(
        "--context",
        metavar="KEY=VALUE",
        action="append",
        help="a condition key of the request; may be repeated, also for a key with several values",
    )
    made.heading("policies (files in any format that iamlint reads; each may be repeated)")
    for flag, about in (
        ("--identity", "policies of the caller"),
        ("--resource-policy", "policy of the resource: also a key policy or a role's trust policy"),
        ("--scp", "service control policies of one level, the root first; A,B for several at one level"),
        ("--rcp", "resource control policies of one level, likewise"),
        ("--boundary", "permissions boundary of the caller"),
        ("--session", "session policies"),
        ("--endpoint", "policy of the VPC endpoint that the request comes through"),
    ):
        made.add(flag, metavar="FILE", action="append", takes="file", help=about)
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Evaluate one request, or those of standard input, and print the answers."""
    arguments = parser().read(argv, _Arguments())
    if arguments.jsonl:
        return _serve(arguments, surroundings)
    request, policies = _question(arguments, surroundings)
    from iamlint.report.evaluate_report import write_json, write_text
    from iamlint.semantics.evaluation import evaluate
    from iamlint.semantics.evaluation.explain import explain

    explanation = explain(evaluate(request, policies))
    if arguments.format == "json":
        write_json(explanation, surroundings.stdout)
    else:
        from iamlint.report.colour import on_runner

        write_text(explanation, surroundings.stdout, runner=on_runner(surroundings.environ))
    return ExitCode.OK


def _serve(arguments: _Arguments, surroundings: Surroundings) -> ExitCode:
    others = [name for name, value in vars(arguments).items() if name != "jsonl" and value is not None]
    if others:
        raise UsageError(f"--jsonl and --{others[0].replace('_', '-')} exclude each other")
    from iamlint.auditing.evaluate import LONGEST_LINE, answer_line

    for line in lines_of(surroundings, LONGEST_LINE):
        if line.strip():
            surroundings.stdout.write(answer_line(line) + "\n")
    surroundings.stdout.flush()
    return ExitCode.OK


def _question(arguments: _Arguments, surroundings: Surroundings) -> tuple[Request, PolicySet]:
    """Return the request and the policies that the arguments name; options win over the file."""
    from iamlint.auditing.evaluate import placed, read_policies, read_request
    from iamlint.model import PolicyKind
    from iamlint.record import replace
    from iamlint.semantics.evaluation import PolicySet

    fields: dict[str, object] = {}
    base = PolicySet()
    if arguments.request is not None:
        fields, written = _request_file(arguments.request, surroundings)
        base = read_policies(written)
    for name in ("principal", "action", "resource", "resource_account"):
        if getattr(arguments, name) is not None:
            fields[name] = getattr(arguments, name)
    if arguments.role is not None:
        fields["principal"] = {"arn": fields.get("principal"), "role": arguments.role}
    fields.setdefault("resource", "*")
    if arguments.context:
        given = fields.get("context")
        fields["context"] = {**(given if isinstance(given, dict) else {}), **_context(arguments.context)}
    if arguments.request is None:
        for name in ("principal", "action"):
            if fields.get(name) is None:
                raise UsageError(f"--{name} is missing", help="see `iamlint evaluate --help`")

    def read(paths: Sequence[str] | None, kind: PolicyKind) -> tuple[Policy, ...]:
        return tuple(policy for path in paths or () for policy in policies(path, kind, surroundings))

    def levels(texts: Sequence[str] | None, kind: PolicyKind) -> tuple[tuple[Policy, ...], ...]:
        return tuple(read(text.split(","), kind) for text in texts or ())

    request = read_request(fields)
    whole = placed(
        lambda: replace(
            base,
            identity=base.identity + read(arguments.identity, PolicyKind.IDENTITY),
            resource=base.resource + read(arguments.resource_policy, PolicyKind.RESOURCE),
            scp=base.scp + levels(arguments.scp, PolicyKind.SCP),
            rcp=base.rcp + levels(arguments.rcp, PolicyKind.RCP),
            boundary=base.boundary + read(arguments.boundary, PolicyKind.BOUNDARY),
            session=base.session + read(arguments.session, PolicyKind.SESSION),
            endpoint=base.endpoint + read(arguments.endpoint, PolicyKind.ENDPOINT),
        )
    )
    return request, whole


def _request_file(path: str, surroundings: Surroundings) -> tuple[dict[str, object], object]:
    """Return the fields of the request, and the policies, that a file gives."""
    from iamlint.sources.json_text import JsonSyntaxError, parse_json
    from iamlint.sources.text import UnreadableTextError, decode

    try:
        tree, repeated = parse_json(decode(path, content(path, surroundings)).text)
    except (UnreadableTextError, JsonSyntaxError) as error:
        raise InputError(f"{path}: is not JSON: {error}") from error
    if not isinstance(tree, dict):
        raise InputError(f"{path}: must hold a JSON object")
    if repeated:
        raise InputError(f"{path}: an object writes a key twice")
    if "request" not in tree:
        return tree, None
    fields = tree["request"]
    if not isinstance(fields, dict):
        raise InputError(f"{path}: request must be an object")
    return fields, tree.get("policies")


def _context(pairs: Sequence[str]) -> dict[str, object]:
    """Return the keys of `KEY=VALUE` words. A key given several times has a list of values, and so has
    one that the catalogue knows as multi-valued; a key with `=` in its name cannot be written."""
    from iamlint.catalog import catalog

    found: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"--context {pair!r}: write KEY=VALUE")
        found.setdefault(names.setdefault(key.lower(), key), []).append(value)
    result: dict[str, object] = {}
    for key, values in found.items():
        known = catalog().condition_key(key)
        many = len(values) > 1 or (known is not None and known.multi_valued)
        result[key] = values if many else values[0]
    return result
