"""`iamlint public`: can strangers use a resource policy."""

from __future__ import annotations

from collections.abc import Sequence

from iamlint.cli.compare import show
from iamlint.cli.parser import CliParser
from iamlint.cli.policy_files import QuestionArguments, add_question_options, assumptions, policies
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode, UsageError

__all__ = ["parser", "run"]

_WITHOUT_POLICY = frozenset({"user", "group", "permission-set", "account", "ou", "root"})
"""What only has policies about what it may do, or that only limit what is in it."""


class _Arguments(QuestionArguments):
    file: str | None = None
    resource_type: str | None = None


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint public",
        "Tell whether a policy lets a stranger in: somebody without credentials, or of an\n"
        "account that it does not name. The exit code is 0 when it does not.",
        "  iamlint public bucket-policy.json\n  iamlint public trust.json --kind trust --format json\n"
        "  iamlint public policy.json --resource-type AWS::ApiGateway::RestApi",
        takes="POLICY",
    )
    made.add("file", nargs="?", takes="file", help="a file, in any format that iamlint reads")
    made.add(
        "--resource-type",
        metavar="TYPE",
        help="what a bare policy document is attached to, as AWS::S3::Bucket, aws_s3_bucket or s3-bucket",
    )
    add_question_options(made, kinds=("resource", "trust"))
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Answer, and print the answer."""
    arguments = parser().read(argv, _Arguments())
    if arguments.file is None:
        raise UsageError("a policy is missing", help="see `iamlint public --help`")
    kind = _kind(arguments)
    asked = policies(arguments.file, kind, surroundings, arguments.resource_type)
    from iamlint.auditing.compare import SECONDS, strangers_allowed
    from iamlint.model import PolicyKind

    found = strangers_allowed(asked, PolicyKind(kind), assumptions(arguments), SECONDS)
    headlines = {
        "contained": "not public: the policy lets no stranger in",
        "new-access": "public: the policy allows this stranger's request",
        "unknown": "unknown: nobody can tell whether the policy lets strangers in",
    }
    return show(found, headlines, {"new": asked, "old": ()}, arguments, surroundings)


def _kind(arguments: _Arguments) -> str:
    """Return the kind of policy that is asked about: of a role it is the trust policy."""
    if arguments.resource_type is None:
        return arguments.kind or "resource"
    from iamlint.auditing.resource_types import words_of_type

    words = words_of_type(arguments.resource_type)
    if not words or not _WITHOUT_POLICY.isdisjoint(words):
        raise UsageError(
            f"{arguments.resource_type} has no policy that lets others in",
            help="name the type of a resource with a policy of its own, or AWS::IAM::Role",
        )
    kind = "trust" if "role" in words else "resource"
    if arguments.kind not in {None, kind}:
        raise UsageError(
            f"--kind {arguments.kind} and --resource-type {arguments.resource_type} exclude each other"
        )
    return kind
