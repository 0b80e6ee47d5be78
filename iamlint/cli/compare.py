"""`iamlint compare`: does a new policy allow anything that the old one does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iamlint.cli.parser import CliParser
from iamlint.cli.policy_files import QuestionArguments, add_question_options, assumptions, lines_of, policies
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iamlint.model import Policy
    from iamlint.semantics.algebra.results import Comparison

__all__ = ["parser", "run", "show"]

_LONGEST_LINE = 4 * 1024 * 1024


class _Arguments(QuestionArguments):
    files: list[str]
    jsonl: bool = False
    git_base: str | None = None


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint compare",
        "Tell whether NEW allows any request that OLD does not, and show one. With\n"
        "--git-base, tell so of every policy that changed in the work tree. The exit\n"
        "code is 0 when nothing more is allowed, 1 when it is or nobody can tell, 2 for\n"
        "wrong usage and for files that should hold policies and cannot be read.",
        "  iamlint compare old.json new.json\n"
        "  iamlint compare old.yaml new.yaml --kind resource --format json\n"
        "  iamlint compare --git-base origin/main\n"
        "  iamlint compare --git-base origin/main infra --format markdown\n"
        "  iamlint compare --jsonl < pairs.jsonl",
        takes="OLD NEW | --git-base REV [PATH...]",
    )
    made.add(
        "files",
        nargs="*",
        takes="file",
        help="two files, in any format that iamlint reads; with --git-base any number of files and "
        "folders (default: the current folder)",
    )
    made.add(
        "--git-base",
        metavar="REV",
        help="compare the work tree with the commit where the current branch left REV, as a reviewer "
        "would; REV.. means REV itself",
    )
    add_question_options(made, formats=("text", "json", "markdown"))
    made.add(
        "--jsonl",
        action="store_true",
        help='answer many: one object {"id", "old", "new", "kind", "assume"} a line on standard input',
    )
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Compare two files, or the pairs of standard input, and print the answers.

    Of two files where the new one allows nothing more it is also told whether they allow the same: in
    JSON as `equal`, null where nobody can tell.
    """
    arguments = parser().read(argv, _Arguments(files=[]))
    if arguments.jsonl:
        return _serve(arguments, surroundings)
    if arguments.git_base is not None:
        return _since(arguments, arguments.git_base, surroundings)
    if arguments.format == "markdown":
        raise UsageError("--format markdown is for --git-base", help="see `iamlint compare --help`")
    if len(arguments.files) != 2:
        raise UsageError(
            f"two files are compared, and {len(arguments.files)} given", help="see `iamlint compare --help`"
        )
    kind = arguments.kind or "identity"
    old, new = (policies(path, kind, surroundings) for path in arguments.files)
    from iamlint.auditing.compare import SECONDS, compared
    from iamlint.model import PolicyKind
    from iamlint.semantics.algebra.results import Verdict

    # What the old policy allows and the new one does not, if the new one allows nothing more.
    words = {
        Verdict.CONTAINED: ", and nothing less: taken alone, the two allow the same",
        Verdict.NEW_ACCESS: ", and less than that",
        Verdict.UNKNOWN: "; whether it allows less nobody can tell",
    }

    assumed = assumptions(arguments)
    found = compared(old, new, PolicyKind(kind), assumed, SECONDS)
    back: Verdict | None = None
    if found.verdict is Verdict.CONTAINED:
        back = compared(new, old, PolicyKind(kind), assumed, SECONDS).verdict
    headlines = {
        "contained": "contained: the new policy allows nothing that the old one does not"
        + (words[back] if back else ""),
        "new-access": "new access: the new policy allows this request, and the old one does not",
        "unknown": "unknown: nobody can tell whether the new policy allows more",
    }
    more = {"equal": None if back is Verdict.UNKNOWN else back is Verdict.CONTAINED}
    return show(found, headlines, {"new": new, "old": old}, arguments, surroundings, more)


def _since(arguments: _Arguments, revision: str, surroundings: Surroundings) -> ExitCode:
    """Compare the work tree with a revision, and print what changed."""
    from iamlint.cli.input_options import Input, InputArguments, audit_settings, configuration

    paths = arguments.files or ["."]
    if "-" in paths:
        raise UsageError("--git-base compares files in a work tree, not standard input")
    asked = InputArguments(paths=paths, policy_kind=arguments.kind)
    config = configuration(asked, surroundings, asked.settings())
    settings = audit_settings(asked, config, Input(tuple(paths), None, ""), surroundings)
    from iamlint.auditing.changes import compare_with_revision
    from iamlint.report import changes_report
    from iamlint.report.colour import on_runner
    from iamlint.semantics.algebra.results import Verdict

    found = compare_with_revision(settings, revision, assumptions(arguments))
    out = surroundings.stdout
    if arguments.format == "json":
        from iamlint.auditing.compare import comparison_json

        changes_report.write_json(found, comparison_json, out)
    elif arguments.format == "markdown":
        changes_report.write_markdown(found, out)
    else:
        changes_report.write_text(found, out, runner=on_runner(surroundings.environ))
    if any(one.fatal for one in found.diagnostics):
        return ExitCode.ERROR
    return ExitCode.OK if found.count(Verdict.CONTAINED) == len(found.changes) else ExitCode.FINDINGS


def show(
    found: Comparison,
    headlines: Mapping[str, str],
    sides: Mapping[str, Sequence[Policy]],
    arguments: QuestionArguments,
    surroundings: Surroundings,
    more: Mapping[str, bool | None] | None = None,
) -> ExitCode:
    """Print an answer as the options ask for, and return the exit code of its verdict. `more` are facts
    that only the JSON form shows; the headlines say them in words."""
    from iamlint.semantics.algebra.results import Verdict

    if arguments.format == "json":
        import json

        from iamlint.auditing.compare import comparison_json

        json.dump({**comparison_json(found), **(more or {})}, surroundings.stdout, indent=2)
        surroundings.stdout.write("\n")
    else:
        from iamlint.report.colour import on_runner
        from iamlint.report.comparison_report import write_text

        by_verdict = {Verdict(word): text for word, text in headlines.items()}
        write_text(found, by_verdict, sides, surroundings.stdout, runner=on_runner(surroundings.environ))
    return ExitCode.OK if found.verdict is Verdict.CONTAINED else ExitCode.FINDINGS


def _serve(arguments: _Arguments, surroundings: Surroundings) -> ExitCode:
    others = [name for name, value in vars(arguments).items() if name != "jsonl" and value]
    if others:
        raise UsageError(
            "--jsonl and "
            f"{'files' if 'files' in others else '--' + others[0].replace('_', '-')} exclude each other"
        )
    from iamlint.auditing.compare import answer_lines

    for line in lines_of(surroundings, _LONGEST_LINE):
        cut = len(line) > _LONGEST_LINE
        for answer in ['{"id":null,"error":"the line is too long"}'] if cut else answer_lines([line]):
            surroundings.stdout.write(answer + "\n")
    surroundings.stdout.flush()
    return ExitCode.OK
