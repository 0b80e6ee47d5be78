"""Writes what is generated: the rule pages in docs/rules/, and docs/calibration.md from its tables.
`--check` only says what is stale.

python scripts/generate_docs.py [--check]
"""

from __future__ import annotations

import json
import os
import sys
import textwrap
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from iamlint.catalog.escalation import EscalationPath, escalation_table  # noqa: E402 -- as below
from iamlint.engine.load import RuleSet, load_rules  # noqa: E402 -- the checkout's own package
from iamlint.engine.rule import (  # noqa: E402
    ADVICE,
    REWRITES,
    Example,
    Profile,
    Rule,
    RuleText,
)

DOCS = os.path.join(ROOT, "docs")
FOLDER = os.path.join(DOCS, "rules")

WANTED_SHARE, FEW = 0.8, 5
"""The share of findings that a reviewer acts on, below which a rule is out of place in the default profile,
and the number of findings read below which a share says little."""


class Measured(NamedTuple):
    """What calibration.tsv says of a rule: findings in the sample, read ones, and those worth acting on,
    before rules were mended and as they are now; and what was done."""

    findings_before: int
    read_before: int
    worth_before: int
    findings: int
    read: int
    worth: int
    done: str


def measured() -> dict[str, Measured]:
    """Return what was measured, by rule id."""
    result = {}
    for row in _table("calibration.tsv"):
        rule, *numbers, done = row
        before, read_before, worth_before, findings, read, worth = map(int, numbers)
        result[rule] = Measured(before, read_before, worth_before, findings, read, worth, done)
    return result


def _table(name: str) -> list[list[str]]:
    """Return the rows of a table in docs/, without its heading."""
    with open(os.path.join(DOCS, name), encoding="utf-8") as file:
        return [line.split("\t") for line in file.read().splitlines()[1:]]


def share(worth: int, read: int) -> str:
    """Return a share as people read it; nothing where nothing was read."""
    return f"{100 * worth // read} %" if read else ""


def page(rule: Rule, text: RuleText, calibration: Measured | None = None) -> str:
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
    if rule.profile is Profile.DEFAULT:
        told = "not measured"
        if calibration is not None and calibration.read:
            told = f"{calibration.worth} of {calibration.read} findings read in public repositories"
        facts.append(("Worth acting on", f"{told} ([calibration](../calibration.md))"))
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
        "instead, and examples that are run as tests. `iamlint explain ID` prints the same. How much of what",
        "the default profile reports is worth acting on: [calibration](../calibration.md).",
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


def _paragraph(*sentences: str) -> list[str]:
    """Return the lines of a paragraph, and an empty one."""
    return [*textwrap.wrap(" ".join(sentences), 110), ""]


_HEADINGS = (
    "Rule",
    "Profile",
    "Findings",
    "Read",
    "Acted on",
    "Share",
    "Findings now",
    "Read",
    "Acted on",
    "Share",
    "What was done",
)


def calibration_page(rules: RuleSet, numbers: dict[str, Measured]) -> str:
    """Return docs/calibration.md: what was read, and what came of it."""
    known = {rule.id: rule for rule in rules.rules}
    places = _table("calibration-repositories.tsv")
    files, modules = sum(int(row[3]) for row in places), sum(int(row[4]) for row in places)
    read = sum(row.read_before for row in numbers.values())
    lines = [
        "# Calibration on public repositories",
        "",
        *_paragraph(
            "What the default profile says about real files, read by eye. A finding counts as worth acting",
            "on if an experienced reviewer would change the code or ask for a written reason. A rule",
            "that falls",
            f"below {WANTED_SHARE:.0%} is mended or leaves the default profile.",
            f"`python scripts/generate_docs.py --check` holds the numbers to that, from {FEW} findings on.",
        ),
        "## What was read",
        "",
        *_paragraph(
            f"{files} files with at least one policy or grant, of {len(places)} repositories: at most 8 of",
            "each, or 16 of the two that collect the work of many authors, drawn at random with a fixed",
            "seed. Folders of tests and repositories that are vulnerable on purpose were left out.",
            f"{modules} of the files belong to Terraform modules, converted from HCL to Terraform's JSON",
            "syntax with python-hcl2. Rules that fired fewer than a dozen times in the sample were",
            "read in the",
            f"other files of the same repositories too. {read} findings were read before anything was",
            "changed, in their surroundings. One reader judged them, so a share of few findings is a",
            "hint and no more.",
        ),
        "## Rule by rule",
        "",
        *_paragraph(
            "`Findings` are those in the sample. `Read` may be more (from the rest of the repositories) or",
            "fewer. What follows after the first share counts what is still reported after what the last",
            "column says, and findings that were read later.",
        ),
        f"| {' | '.join(_HEADINGS)} |",
        f"| {' | '.join('---' for _ in _HEADINGS)} |",
    ]
    for rule_id, row in sorted(numbers.items()):
        rule = known[rule_id]
        cells = (
            f"[{rule_id}](rules/{rule_id}.md) {rule.name}",
            rule.profile,
            row.findings_before,
            row.read_before,
            row.worth_before,
            share(row.worth_before, row.read_before),
            row.findings if rule.profile is Profile.DEFAULT else "",
            row.read if rule.profile is Profile.DEFAULT else "",
            row.worth if rule.profile is Profile.DEFAULT else "",
            share(row.worth, row.read) if rule.profile is Profile.DEFAULT else "",
            row.done,
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    unseen = [rule.id for rule in rules.rules if rule.profile is Profile.DEFAULT and rule.id not in numbers]
    lines += [
        "",
        "## Not measured",
        "",
        f"{len(unseen)} rules of the default profile found nothing in these repositories:",
        f"{', '.join(unseen)}.",
        "",
        "## Repositories",
        "",
        "| Repository | Commit | Date | Files | Terraform modules |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| [{name}](https://github.com/{name}) | {commit[:12]} | {date} | {count} | {of_terraform} |"
            for name, commit, date, count, of_terraform in places
        ),
        "",
    ]
    return "\n".join(lines)


def out_of_place(rules: RuleSet, numbers: dict[str, Measured]) -> list[str]:
    """Return the rules of the default profile whose share is too low."""
    return [
        rule.id
        for rule in rules.rules
        if rule.profile is Profile.DEFAULT
        and (row := numbers.get(rule.id)) is not None
        and row.read >= FEW
        and row.worth < WANTED_SHARE * row.read
    ]


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
    numbers = measured()
    noisy = out_of_place(rules, numbers)
    if noisy:
        print(f"docs/calibration.tsv: fewer than {WANTED_SHARE:.0%} are worth acting on: {', '.join(noisy)}")
        return 1
    wanted = {f"{rule.id}.md": page(rule, rules.text(rule), numbers.get(rule.id)) for rule in rules.rules}
    wanted["README.md"] = index(rules)
    wanted["../calibration.md"] = calibration_page(rules, numbers)
    wanted["escalation-paths.md"] = escalation_paths()
    os.makedirs(FOLDER, exist_ok=True)
    stale = []
    for name in sorted({*wanted, *os.listdir(FOLDER)}):
        path = os.path.normpath(os.path.join(FOLDER, name))
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
