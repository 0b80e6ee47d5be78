"""`iamlint public`: can strangers use a resource policy."""

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


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint public",
        "Tell whether a policy lets a stranger in: somebody without credentials, or of an\n"
        "account that it does not name. The exit code is 0 when it does not.",
        "  iamlint public bucket-policy.json\n  iamlint public trust.json --kind trust --format json",
        takes="POLICY",
    )
    made.add("file", nargs="?", takes="file", help="a file, in any format that iamlint reads")
    add_question_options(made, kinds=("resource", "trust"))
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Answer, and print the answer."""
    arguments = parser().read(argv, _Arguments())
    if arguments.file is None:
        raise UsageError("a policy is missing", help="see `iamlint public --help`")
    kind = arguments.kind or "resource"
    asked = policies(arguments.file, kind, surroundings)
    from iamlint.auditing.compare import SECONDS, strangers_allowed
    from iamlint.model import PolicyKind

    found = strangers_allowed(asked, PolicyKind(kind), assumptions(arguments), SECONDS)
    headlines = {
        "contained": "not public: the policy lets no stranger in",
        "new-access": "public: the policy allows this stranger's request",
        "unknown": "unknown: nobody can tell whether the policy lets strangers in",
    }
    return show(found, headlines, {"new": asked, "old": ()}, arguments, surroundings)
