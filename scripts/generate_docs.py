"""Writes what is generated: the rule pages in docs/rules/.  `--check` only says what is stale.

python scripts/generate_docs.py [--check]
"""

from __future__ import annotations

import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from iamlint.catalog.escalation import EscalationPath, escalation_table  # noqa: E402 -- as below
from iamlint.engine.load import RuleSet, load_rules  # noqa: E402 -- the checkout's own package
from iamlint.engine.rule import ADVICE, REWRITES, Example, Rule, RuleText  # noqa: E402

FOLDER = os.path.join(ROOT, "docs", "rules")


def page(rule: Rule, text: RuleText) -> str:
    """Return the page of one rule, in Markdown."""
    facts = [
        ("Severity", rule.severity),
        ("Confidence", rule.confidence),
        ("Profile", rule.profile),
        (
            "Applies to",
            f"{', '.join(rule.policy_kinds)} policies" if rule.policy_kinds else "all that its check reads",
        ),
    ]
    if rule.on:
        facts.append(("On", ", ".join(rule.on)))
    if rule.rewrite:
        facts.append(
            (
                "Safe fix",
                f"yes: `--fix` {REWRITES[rule.rewrite]}, where that is proved to be safe",
            )
        )
    if rule.advice:
        given = [name for entry in rule.advice for name in ([entry] if isinstance(entry, str) else entry)]
        facts.append(("Advice", "; ".join(dict.fromkeys(ADVICE[name] for name in given))))
    lines = [f"# {rule.id} {rule.name}", "", f"{rule.summary}.", "", "| | |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in facts]
    lines += ["", "## Why it matters", "", text.why, "", "## What to write instead", "", text.fix, ""]
    lines += ["## Examples", ""]
    for example in text.bad:
        lines += [
            f"Breaks the rule: {example.name}. Reported at {_places(example)}.",
            "",
            *_code(example),
            "",
        ]
    for example in text.good:
        lines += [f"Keeps the rule: {example.name}.", "", *_code(example), ""]
    if rule.covers:
        covered = ", ".join(f"`{name}`" for name in rule.covers)
        lines += [
            "## Overlap",
            "",
            f"One fault is one finding: where this rule fires, it stands for {covered}.",
            "",
        ]
    if rule.aliases:
        lines += ["## The same check elsewhere", "", ", ".join(f"`{alias}`" for alias in rule.aliases), ""]
    if text.references:
        lines += ["## References", "", *(f"- <{reference}>" for reference in text.references), ""]
    return "\n".join(lines)


def _places(example: Example) -> str:
    return ", ".join(f"`{place or '/'}`" for place in example.at)


MOST_LINES, MOST_CHARACTERS, SHOWN_LINES = 200, 4_000, 20


def _code(example: Example) -> list[str]:
    subject = example.subject
    if "text" in subject:
        return ["```text", str(subject["text"]).rstrip("\n"), "```"]
    shown = subject.get("policy", subject.get("grant"))
    extra = {key: value for key, value in subject.items() if key not in {"policy", "grant"}}
    written = json.dumps(shown, indent=2, ensure_ascii=False).split("\n")
    if len(written) > MOST_LINES or len("".join(written)) > MOST_CHARACTERS:
        # Examples of what is too long are that themselves: the beginning tells enough.
        left = len(written) - SHOWN_LINES
        written = [*written[:SHOWN_LINES], f"... and {left} more lines"]
    lines = ["```json", *written, "```"]
    if extra:
        told = "; ".join(
            f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in extra.items()
        )
        lines = [f"({told})", "", *lines]
    return lines


def index(rules: RuleSet) -> str:
    """Return the table of all rules, family by family."""
    lines = [
        "# Rules",
        "",
        "Generated from the rule files in `rules/`: each page shows why the rule exists, what to write",
        "instead, and examples that are run as tests. `iamlint explain ID` prints the same.",
        "",
    ]
    families: dict[str, list[Rule]] = {}
    for rule in rules.rules:
        families.setdefault(rules.text(rule).source.partition("/")[0], []).append(rule)
    for family in sorted(families):
        lines += [f"## {family.replace('-', ' ').capitalize()}", ""]
        lines += ["| Rule | Name | Severity | Profile | What it finds |", "| --- | --- | --- | --- | --- |"]
        lines += [
            f"| [{rule.id}]({rule.id}.md) | {rule.name} | {rule.severity} | {rule.profile} | {rule.summary} |"
            for rule in families[family]
        ]
        lines.append("")
    return "\n".join(lines)


def escalation_paths() -> str:
    """Return the table of the ways to more rights."""
    lines = [
        "# Escalation paths",
        "",
        "Generated from `iamlint/catalog/data/escalation_paths.json`. Findings name these ids in",
        "`properties.paths`; `iamlint explain ID` tells one. All steps of a path are needed, of each any one",
        "action. Ids without the prefix `x-` follow the numbering of pathfinding.cloud.",
        "",
    ]
    categories: dict[str, list[EscalationPath]] = {}
    for path in escalation_table().paths:
        categories.setdefault(path.category, []).append(path)
    for category, paths in sorted(categories.items()):
        lines += [f"## {category.replace('-', ' ').capitalize()}", ""]
        lines += ["| Id | What | Severity | Needs | Gives |", "| --- | --- | --- | --- | --- |"]
        for path in paths:
            needs = " + ".join(" or ".join(f"`{name}`" for name in step.actions) for step in path.steps)
            trusted = f", role trusted by {' or '.join(path.services)}" if path.services else ""
            lines.append(f"| {path.id} | {path.title} | {path.severity} | {needs}{trusted} | {path.gain} |")
        lines.append("")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` say which are stale; return 1 if some are."""
    rules = load_rules()
    wanted = {f"{rule.id}.md": page(rule, rules.text(rule)) for rule in rules.rules}
    wanted["README.md"] = index(rules)
    wanted["escalation-paths.md"] = escalation_paths()
    os.makedirs(FOLDER, exist_ok=True)
    stale = []
    for name in sorted({*wanted, *os.listdir(FOLDER)}):
        path = os.path.join(FOLDER, name)
        current = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                current = file.read()
        if current == wanted.get(name):
            continue
        stale.append(name)
        if "--check" in arguments:
            continue
        if name not in wanted:
            os.remove(path)
            continue
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(wanted[name])
    if "--check" in arguments and stale:
        print(f"stale: {', '.join(stale)}\nrun: python scripts/generate_docs.py")
        return 1
    print(f"{len(wanted)} pages, {len(stale)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
