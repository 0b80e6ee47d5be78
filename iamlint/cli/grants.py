"""`iamlint grants`: does a policy allow any of these actions on any of these resources."""

from __future__ import annotations

from collections.abc import Sequence

from iamlint.cli.compare import show
from iamlint.cli.parser import CliParser
from iamlint.cli.policy_files import QuestionArguments, add_question_options, assumptions, policies
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode, UsageError

__all__ = ["parser", "run"]


class _Arguments(QuestionArguments):
    file: str | None = None
    action: list[str] | None = None
    resource: list[str] | None = None


_COLONS = 5


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint grants",
        "Tell whether a policy allows any of these actions on any of these resources.\n"
        "The exit code is 0 when it allows none, 1 when it does or nobody can tell.",
        "  iamlint grants policy.json --action iam:PassRole\n"
        "  iamlint grants policy.json --action 's3:Put*' --resource 'arn:aws:s3:::logs/*'",
        takes="POLICY",
    )
    made.add("file", nargs="?", takes="file", help="a file, in any format that iamlint reads")
    made.add("--action", metavar="ACTION", action="append", help="an action or a pattern; may be repeated")
    made.add("--resource", metavar="ARN", action="append", help="an ARN or a pattern; may be repeated")
    add_question_options(made)
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Answer, and print the answer."""
    arguments = parser().read(argv, _Arguments())
    if arguments.file is None:
        raise UsageError("a policy is missing", help="see `iamlint grants --help`")
    if not arguments.action and not arguments.resource:
        raise UsageError("--action or --resource is missing", help="see `iamlint grants --help`")
    # What can match nothing would be answered with a reassuring no.
    for action in arguments.action or ():
        if action != "*" and (action.count(":") != 1 or action != "".join(action.split())):
            raise UsageError(f"--action {action[:60]!r} is no action: write it as service:Name")
    for resource in arguments.resource or ():
        if resource.count(":") < _COLONS and "*" not in resource and "?" not in resource:
            raise UsageError(f"--resource {resource[:60]!r} is neither an ARN nor a pattern")
    kind = arguments.kind or "identity"
    asked = policies(arguments.file, kind, surroundings)
    from iamlint.auditing.compare import SECONDS, granted
    from iamlint.model import PolicyKind
    from iamlint.semantics.algebra.questions import Asked

    found = granted(
        asked,
        Asked(tuple(arguments.action or ()), tuple(arguments.resource or ())),
        PolicyKind(kind),
        assumptions(arguments),
        SECONDS,
    )
    headlines = {
        "contained": "not granted: the policy allows none of it",
        "new-access": "granted: the policy allows this request",
        "unknown": "unknown: nobody can tell whether the policy allows it",
    }
    return show(found, headlines, {"new": asked, "old": ()}, arguments, surroundings)
