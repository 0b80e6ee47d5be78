"""`iamlint explain`: what a rule finds, why it matters, and how to mend it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from iamlint.cli.parser import Choice, CliParser
from iamlint.cli.surroundings import Surroundings
from iamlint.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from iamlint.catalog.escalation import EscalationPath
    from iamlint.engine.load import RuleSet
    from iamlint.engine.rule import Example, Rule
    from iamlint.report.colour import Paint

__all__ = ["parser", "run"]

_WIDTH = 79


class _Arguments(argparse.Namespace):
    words: list[str]
    format: str = "text"
    color: str = "auto"
    rules: list[str] | None = None


def parser() -> CliParser:
    """Return the parser of the command."""
    made = CliParser(
        "iamlint explain",
        "Tell what a rule finds, why it matters and how to mend it; or what an\n"
        "escalation path needs and gives.",
        "  iamlint explain IAM101\n"
        "  iamlint explain action-star\n"
        "  iamlint explain lambda-001             an escalation path\n"
        "  iamlint explain checkov:CKV_AWS_63     the same check elsewhere",
        takes="RULE...",
    )
    made.add("words", nargs="+", metavar="RULE", takes="rule", help="an id, a name, an alias, or a path")
    made.add(
        "--format", metavar="FORMAT", type=Choice("format", ("text", "json")), help="text (default) or json"
    )
    made.add(
        "--color",
        metavar="WHEN",
        type=Choice("choice of colour", ("auto", "always", "never")),
        help="colour: auto (on a terminal), always or never",
    )
    made.add(
        "--rules",
        metavar="PATH",
        action="append",
        takes="file",
        help="look into these further rules too; may be repeated",
    )
    return made


def run(argv: Sequence[str], surroundings: Surroundings) -> ExitCode:
    """Explain the rules that the words name."""
    arguments = parser().read(argv, _Arguments())
    from iamlint.engine.load import load_rules

    rules = load_rules(arguments.rules or ())
    paths = [path for word in arguments.words if (path := _path(word)) is not None]
    words = [word for word in arguments.words if _path(word) is None]
    found = list(dict.fromkeys(rule.id for word in words for rule in _find(rules, word)))
    chosen = [rule for wanted in found for rule in rules.rules if rule.id == wanted]
    if arguments.format == "json":
        import json

        from iamlint.cli.rule_facts import rule_facts

        facts = [*map(_path_facts, paths), *(rule_facts(rules, rule) for rule in chosen)]
        surroundings.stdout.write(json.dumps(facts, indent=2, sort_keys=True) + "\n")
        return ExitCode.OK
    from iamlint.cli.display import display
    from iamlint.report.colour import Paint
    from iamlint.report.printer import Printer

    shown = display(arguments.color, surroundings)
    printer = Printer(surroundings.stdout, runner=shown.runner)
    paint = Paint(enabled=shown.colour)
    texts = [_path_explanation(rules, path, paint) for path in paths]
    texts += [_explanation(rules, rule, paint) for rule in chosen]
    for number, lines in enumerate(texts):
        if number:
            printer.line()
        for line in lines:
            printer.line(line)
    return ExitCode.OK


def _path(word: str) -> EscalationPath | None:
    """Return the escalation path of an id, if it is one."""
    from iamlint.catalog.escalation import escalation_table

    wanted = word.lower().removeprefix("pathfinding:")
    return next((path for path in escalation_table().paths if path.id == wanted), None)


def _path_facts(path: EscalationPath) -> dict[str, object]:
    return {
        "id": path.id,
        "title": path.title,
        "category": path.category,
        "severity": path.severity,
        "requires": [{"any_of": list(step.actions), "target": step.target} for step in path.steps],
        "role_trusted_by": list(path.services),
        "gain": path.gain,
        "variant_of": path.parent,
        "retired": path.retired,
    }


def _path_explanation(rules: RuleSet, path: EscalationPath, paint: Paint) -> Iterator[str]:
    yield f"{paint.bold(path.id)} ({path.severity})"
    yield ""
    yield from _paragraph(f"{path.title}.")
    yield ""
    yield f"category: {path.category}; gives: {path.gain}" + (
        "; the service is closed" if path.retired else ""
    )
    yield ""
    yield paint.bold("What it needs")
    for step in path.steps:
        yield f"  {' or '.join(step.actions)} on {step.target.replace('-', ' ')}"
    if path.services:
        yield f"  a role that trusts {' or '.join(path.services)}"
    if path.parent:
        yield ""
        yield f"It is told with {path.parent}, which is there whenever this is."
    found = [f"{rule.id} {rule.name}" for rule in rules.find(f"pathfinding:{path.id}")]
    if found:
        yield ""
        yield paint.bold("Rules that name it")
        yield from (f"  {name}" for name in found)


def _find(rules: RuleSet, word: str) -> Sequence[Rule]:
    found = rules.find(word)
    if not found:
        from iamlint.catalog.nearest import nearest

        words = {known.lower(): known for known in rules.words()}
        near = nearest(word.lower(), words) if len(word) <= 80 else None
        hint = f"; did you mean {words[near]!r}?" if near else ""
        raise UsageError(f"there is no rule {word!r}{hint}", help="`iamlint rules` lists them all")
    return found


def _explanation(rules: RuleSet, rule: Rule, paint: Paint) -> Iterator[str]:
    from iamlint.report.escape import escape

    text = rules.text(rule)
    severity = paint.severity(rule.severity, rule.severity)
    yield f"{paint.bold(f'{escape(rule.id)} {escape(rule.name)}')} ({severity})"
    yield ""
    yield from _paragraph(f"{rule.summary.rstrip('.')}.")
    yield ""
    yield f"confidence: {rule.confidence}; profile: {rule.profile}; pack: {escape(rule.pack)}"
    if rule.policy_kinds:
        yield from _paragraph(f"looks at: {', '.join(rule.policy_kinds)} policies")
    for title, body in (("Why it matters", text.why), ("What to do", text.fix)):
        yield ""
        yield paint.bold(title)
        yield from _paragraph(body)
    for title, examples in (("Breaks the rule", text.bad), ("Keeps the rule", text.good)):
        for example in examples:
            yield ""
            yield from _example(title, example, paint)
    for title, words in (("References", text.references), ("The same check elsewhere", rule.aliases)):
        if words:
            yield ""
            yield paint.bold(title)
            yield from (f"  {escape(word)}" for word in words)


def _paragraph(text: str) -> Iterator[str]:
    import textwrap

    from iamlint.report.escape import escape

    for part in text.strip().split("\n\n"):
        yield from textwrap.wrap(
            escape(" ".join(part.split())), _WIDTH, break_long_words=False, break_on_hyphens=False
        )


_MOST_LINES, _MOST_CHARACTERS, _SHOWN_LINES = 200, 4_000, 20


def _example(title: str, example: Example, paint: Paint) -> Iterator[str]:
    import json

    from iamlint.report.escape import escape

    yield f"{paint.bold(title)}: {escape(example.name)}"
    subject = dict(example.subject)
    if "text" in subject:
        lines = str(subject.pop("text")).rstrip("\n").split("\n")
    else:
        body = subject.pop("policy") if "policy" in subject else subject.pop("grant", None)
        lines = json.dumps(body, indent=2).split("\n")
    if len(lines) > _MOST_LINES or sum(map(len, lines)) > _MOST_CHARACTERS:
        # An example of what is too long is that itself.
        lines = [*lines[:_SHOWN_LINES], f"... and {len(lines) - _SHOWN_LINES} more lines"]
    for key, value in sorted(subject.items()):
        yield f"  {escape(key)}: {escape(value if isinstance(value, str) else json.dumps(value))}"
    yield from (f"  {escape(line)}" for line in lines)
    if example.at:
        places = ", ".join(escape(place) or "the root" for place in example.at)
        yield f"  {paint.related('fires at')} {places}"
