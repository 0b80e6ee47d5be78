"""What is measured: for each question the input, the programs side by side, and the goals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.environments import Environment
from benchmarks.inputs import (
    MANAGED_PACKAGE,
    MANAGED_POLICIES,
    TEMPLATES,
    managed_policies,
    npm_package,
    small_pair,
    small_policy,
    templates,
)
from benchmarks.measure import Command, Experiment, Goal
from benchmarks.plan import plan
from benchmarks.principals import POLICIES, PRINCIPALS, principals
from benchmarks.repository import FILES, MANIFEST, repository
from benchmarks.services import service_reference
from benchmarks.workspace import INPUTS

__all__ = ["EXPERIMENTS", "Installed", "build"]

IAMLINT = "iamlint"
ONE_PROCESS = "iamlint --jobs 1"

_HERE = Path(__file__).resolve().parent
_FOUND_NOTHING_OR_SOMETHING = frozenset({0, 1})
_MEGABYTE = 1_000_000
DECISIONS = 50_000

Installed = Mapping[str, Environment]
"""The environments by name; `iamlint` is always among them, a peer only where it could be installed."""


def _count_iamlint(printed: str) -> int:
    return len(json.loads(printed)["findings"])


def _count_lines(printed: str) -> int:
    return sum(1 for line in printed.splitlines() if line.startswith("{"))


def _count_list(printed: str) -> int:
    return len(json.loads(printed))


def _count_checkov(printed: str) -> int:
    return int(json.loads(printed)["summary"]["failed"])


def _count_validator(printed: str) -> int:
    # Log lines may stand before the report.
    report = json.loads(printed[printed.index("{") :])
    return sum(len(result["issues"]) for result in report["results"])


def _count_text(printed: str) -> int:
    return len(re.findall(r"^[^\n]*\bIAM\d{3}\b", printed, re.MULTILINE))


def _count_unknown(printed: str) -> int:
    return int(json.loads(printed)["unknown"])


def _count_wrong(printed: str) -> int:
    return len(json.loads(printed)["wrong"])


def _iamlint(
    installed: Installed,
    label: str,
    *arguments: str,
    goal: Goal | None = None,
    count: Callable[[str], int] | None = _count_iamlint,
) -> Command:
    return Command(
        label,
        (installed[IAMLINT].command, *arguments),
        accept=_FOUND_NOTHING_OR_SOMETHING,
        count=count,
        goal=goal,
    )


def _parliament(installed: Installed, goal: Goal, *arguments: str) -> list[Command]:
    if "parliament" not in installed:
        return []
    return [
        Command(
            "parliament",
            (installed["parliament"].command, *arguments, "--json"),
            accept=_FOUND_NOTHING_OR_SOMETHING,
            count=_count_lines,
            goal=goal,
        )
    ]


def one_file(installed: Installed, _: Path | None) -> Experiment:
    """One small policy file, a whole process each time: what a commit hook costs."""
    python = installed[IAMLINT].python
    parliament_goal = Goal("iamlint takes at most 1/3", ratio=3)
    return Experiment(
        "one-file",
        "One small policy file, a new process each time",
        small_policy(),
        (
            Command(
                "python -c pass",
                (python, "-c", "pass"),
                goal=Goal("iamlint takes at most 12 times this (120 ms for 10)", ratio=1 / 12),
            ),
            Command("python -I -S -c pass", (python, "-I", "-S", "-c", "pass")),
            _iamlint(installed, IAMLINT, "check", "policy.json", count=_count_text),
            *_parliament(installed, parliament_goal, "--files", "policy.json"),
        ),
        reference=IAMLINT,
        rounds=15,
    )


def managed(installed: Installed, _: Path | None) -> Experiment:
    """Many policies in one process: throughput and memory."""
    folder = managed_policies()
    commands = [
        _iamlint(
            installed,
            ONE_PROCESS,
            *("check", ".", "--format", "json", "--jobs", "1"),
            goal=Goal("peak memory below 150 MB", peak_bytes=150 * _MEGABYTE),
        ),
        _iamlint(installed, "iamlint, jobs as it likes", "check", ".", "--format", "json"),
        *_parliament(
            installed,
            Goal("iamlint is at least 10 times as fast", ratio=10),
            *("--directory", ".", "--include_policy_extension", "json"),
        ),
    ]
    if "iam-policy-validator" in installed:
        commands.append(
            Command(
                "iam-policy-validator",
                (
                    installed["iam-policy-validator"].command,
                    *("validate", "--path", ".", "--format", "json"),
                    *("--aws-services-dir", str(service_reference())),
                ),
                accept=_FOUND_NOTHING_OR_SOMETHING,
                count=_count_validator,
            )
        )
    return Experiment(
        "managed",
        f"{MANAGED_POLICIES:,} AWS managed policies",
        folder,
        tuple(commands),
        reference=ONE_PROCESS,
        rounds=5,
        amount=MANAGED_POLICIES,
        unit="policies",
    )


def template_set(installed: Installed, chosen: Path | None) -> Experiment:
    """CloudFormation and SAM templates."""
    folder = templates(chosen)
    goal = Goal("iamlint is at least 40 times as fast", ratio=40)
    commands = [_iamlint(installed, IAMLINT, "check", ".", "--format", "json")]
    if "cfn-lint" in installed:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
        commands.append(
            Command(
                "cfn-lint",
                (
                    installed["cfn-lint"].command,
                    "--format",
                    "json",
                    "--non-zero-exit-code",
                    "none",
                    "--template",
                    *names,
                ),
                count=_count_list,
                goal=goal,
            )
        )
    if "checkov" in installed:
        commands.append(
            Command(
                "checkov",
                (
                    installed["checkov"].command,
                    *("--directory", ".", "--framework", "cloudformation", "--output", "json"),
                    *("--quiet", "--compact", "--skip-download"),
                ),
                accept=_FOUND_NOTHING_OR_SOMETHING,
                count=_count_checkov,
                goal=goal,
            )
        )
    return Experiment(
        "templates",
        f"{TEMPLATES} CloudFormation and SAM templates",
        folder,
        tuple(commands),
        reference=IAMLINT,
        rounds=5,
        amount=TEMPLATES,
        unit="templates",
    )


def whole_repository(installed: Installed, _: Path | None) -> Experiment:
    """A repository where few files matter."""
    folder = repository()
    least = (installed[IAMLINT].python, "-I", str(_HERE / "baseline.py"))
    return Experiment(
        "repository",
        f"A repository of {FILES:,} files, 5 % with policies",
        folder,
        (
            Command(
                "read the candidates, parse what matters in C",
                (*least, str(folder), str(INPUTS / MANIFEST)),
                goal=Goal("iamlint takes at most 3 times this", ratio=1 / 3),
            ),
            Command(
                "the same, and walk the folders to find them",
                (*least, str(folder), str(INPUTS / MANIFEST), "walk"),
            ),
            _iamlint(installed, ONE_PROCESS, "check", ".", "--format", "json", "--jobs", "1"),
            _iamlint(installed, "iamlint, jobs as it likes", "check", ".", "--format", "json"),
        ),
        reference=ONE_PROCESS,
        rounds=7,
        amount=FILES,
        unit="files",
    )


def start(installed: Installed, _: Path | None) -> Experiment:
    """What starting costs before any work."""
    python = installed[IAMLINT].python
    return Experiment(
        "start",
        "Start-up",
        small_policy(),
        (
            Command("python -c pass", (python, "-c", "pass")),
            _iamlint(installed, "iamlint --version", "--version", count=None),
        ),
        reference="iamlint --version",
        rounds=15,
    )


def sarif(installed: Installed, _: Path | None) -> Experiment:
    """Writing SARIF, timed inside the process."""
    return Experiment(
        "sarif",
        "Writing the SARIF of 1,000 results",
        managed_policies(),
        (
            Command(
                "iamlint's writer",
                (installed[IAMLINT].python, "-I", str(_HERE / "sarif_writing.py"), "."),
                goal=Goal("below 0.1 s", seconds=0.1),
                inner=True,
            ),
        ),
        reference="iamlint's writer",
        rounds=5,
        amount=1000,
        unit="results",
    )


def terraform_plan(installed: Installed, _: Path | None) -> Experiment:
    """One large plan."""
    folder = plan()
    size = (folder / "plan.json").stat().st_size
    return Experiment(
        "plan",
        f"A Terraform plan of {size / _MEGABYTE:.0f} MB",
        folder,
        (
            Command(
                "json.loads alone",
                (installed[IAMLINT].python, "-I", str(_HERE / "plain_json.py"), "plan.json"),
            ),
            _iamlint(installed, IAMLINT, "check", "plan.json", "--format", "json"),
        ),
        reference=IAMLINT,
        rounds=5,
        amount=size / _MEGABYTE,
        unit="MB",
    )


def history(installed: Installed, _: Path | None) -> Experiment:
    """Verdicts about real changes, timed and checked inside the process."""
    versions = npm_package(MANAGED_PACKAGE) / "dist" / "managedPolicies.json"

    def row(label: str, figure: str, goal: Goal | None, count: Callable[[str], int]) -> Command:
        script = (installed[IAMLINT].python, str(_HERE / "history.py"), str(versions), figure)
        return Command(label, script, goal=goal, inner=True, count=count)

    median = Goal("at most 3 ms", seconds=0.003)
    slow = Goal("below 100 ms", seconds=0.1)
    return Experiment(
        "history",
        "Verdicts on all versions of AWS managed policies (findings: unknown ones)",
        versions.parent,
        (
            row("the median pair", "median", median, _count_unknown),
            row("99.9 % of the pairs take less", "slow", slow, _count_unknown),
            row("all, checked by samples (findings: contradictions)", "checked", None, _count_wrong),
        ),
        reference="the median pair",
        rounds=1,
    )


def decisions(installed: Installed, _: Path | None) -> Experiment:
    """The evaluator alone, timed inside the process."""
    label = "iamlint's evaluator"
    script = (installed[IAMLINT].python, "-I", str(_HERE / "decisions.py"), str(DECISIONS))
    goal = Goal("50,000 decisions a second", seconds=1)
    return Experiment(
        "decisions",
        f"{DECISIONS:,} decisions about one statement",
        small_policy(),
        (Command(label, script, goal=goal, inner=True),),
        reference=label,
        rounds=5,
        amount=DECISIONS,
        unit="decisions",
    )


def compare_cold(installed: Installed, _: Path | None) -> Experiment:
    """Two small files compared, a new process each time, beside the audit of one."""
    folder = small_pair()
    return Experiment(
        "compare",
        "Two small policy files compared, a new process each time",
        folder,
        (
            _iamlint(installed, IAMLINT, "check", "new.json", count=_count_text),
            _iamlint(
                installed, "iamlint compare", "compare", "old.json", "new.json", count=None, goal=_NEAR_CHECK
            ),
        ),
        reference=IAMLINT,
        rounds=15,
    )


def principal_set(installed: Installed, _: Path | None) -> Experiment:
    """Everything that principals hold joined over many files, and the graph."""
    arguments = ("check", ".", "--format", "json", "--jobs", "1")
    limit = Goal("within 10 s", seconds=10)
    return Experiment(
        "principals",
        f"{POLICIES:,} policies of {PRINCIPALS:,} principals in templates",
        principals(),
        (
            _iamlint(installed, ONE_PROCESS, *arguments, goal=limit),
            _iamlint(
                installed,
                "the same, rules about principals left out",
                *(*arguments, "--ignore", "IAM281,IAM282,IAM283,IAM284,IAM285,IAM286,IAM287,IAM288"),
                goal=Goal("joining adds at most 30 %", ratio=1 / 1.3),
            ),
            _iamlint(installed, "iamlint graph", "graph", ".", "--format", "json", count=None, goal=limit),
        ),
        reference=ONE_PROCESS,
        rounds=5,
        amount=POLICIES,
        unit="policies",
    )


_NEAR_CHECK = Goal("within 30 ms of iamlint check on one", more_seconds=0.03)


EXPERIMENTS: Mapping[str, tuple[Callable[[Installed, Path | None], Experiment], tuple[str, ...]]] = {
    "one-file": (one_file, ("parliament",)),
    "managed": (managed, ("parliament", "iam-policy-validator")),
    "templates": (template_set, ("cfn-lint", "checkov")),
    "repository": (whole_repository, ()),
    "start": (start, ()),
    "sarif": (sarif, ()),
    "plan": (terraform_plan, ()),
    "principals": (principal_set, ()),
    "compare": (compare_cold, ()),
    "decisions": (decisions, ()),
    "history": (history, ()),
}
"""Each experiment with what builds it and the peers that it needs."""


def build(key: str, installed: Installed, chosen: Path | None) -> Experiment:
    """Return the experiment `key`, its input made ready; raises BenchmarkError where that fails."""
    maker, _ = EXPERIMENTS[key]
    return maker(installed, chosen)
