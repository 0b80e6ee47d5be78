"""What every report writer gets: the result of a run, and how it should be shown."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol, TextIO

from iamlint.model import Confidence, Diagnostic, Finding, Severity, Span
from iamlint.record import field, record

__all__ = [
    "Content",
    "Counts",
    "Display",
    "LineHash",
    "Options",
    "Report",
    "ReportRule",
    "Tool",
    "Writer",
]


@record
class ReportRule:
    """A rule as the reports that list rules need it.

    `severity` is the one in force after the configuration. `help_uri` is the page that documents
    the rule, empty when there is none. `pack` is `builtin` or the name of a user's rule pack.
    """

    id: str
    name: str
    severity: Severity
    confidence: Confidence
    summary: str
    why: str
    fix: str
    help_uri: str = ""
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    pack: str = "builtin"


@record
class Counts:
    """What the run saw: files read, files that hold policies, policies, statements, grants, unknown values.

    Grants are access that is not a written document. `suppressed` and `baselined` count the
    findings that are not active.
    """

    files: int = 0
    files_with_policies: int = 0
    policies: int = 0
    statements: int = 0
    grants: int = 0
    unresolved: int = 0
    suppressed: int = 0
    baselined: int = 0


@record
class Tool:
    """Which program speaks: its version, the date of its facts about AWS (YYYY-MM-DD), its home page."""

    version: str
    catalog_date: str
    name: str = "iamlint"
    information_uri: str = ""


@record
class Content:
    """The decoded text of a file, without its byte order mark; `marked` tells whether it had one.

    `hidden` are the places of secrets: their text is never shown.
    """

    text: str
    marked: bool = False
    hidden: tuple[Span, ...] = ()


@record
class Display:
    """Where a report for people is shown.

    `width` is in columns. `runner` is set where lines of the output can be commands to a build
    server.
    """

    is_terminal: bool = False
    width: int = 100
    colour: bool = False
    runner: bool = False


class LineHash(enum.StrEnum):
    """How SARIF tells GitHub which alert a result belongs to.

    `exact` gives each result the hash of its line; `distinct` makes further results of one rule on
    one line differ, so that each keeps its alert; `none` leaves it to the upload.
    """

    EXACT = "exact"
    DISTINCT = "distinct"
    NONE = "none"


@record
class Options:
    """What can be chosen about single formats.

    `snippets` puts source text into SARIF. `sarif_category` names the analysis in code scanning.
    `link_base` is put before a path to make a link to the file (`https://.../blob/SHA/`), and
    `path_prefix` before a path in annotations where the root lies below the runner's workspace;
    each ends with a slash or is empty. `suppressed` lists suppressed findings in reports for people,
    `sarif_suppressed` writes them into SARIF.
    """

    snippets: bool = True
    line_hash: LineHash = LineHash.DISTINCT
    sarif_category: str = ""
    link_base: str = ""
    path_prefix: str = ""
    suppressed: bool = False
    sarif_suppressed: bool = False


def _no_content(_path: str) -> Content | None:
    return None


def _no_uri(_rule_id: str) -> str:
    return ""


def _no_rules() -> tuple[ReportRule, ...]:
    return ()


def _no_warning(_message: str) -> None:
    return None


@record
class Report:
    """The result of a run.

    INVARIANT: `findings` and `diagnostics` are sorted by their `order`.

    `root` says in a few words what was looked at. `content` returns the text of a file by its path,
    None when it cannot be shown. `rules` returns every enabled rule in id order; it is a function
    because their long texts are loaded only for the formats that list them. `help_uri` returns the
    documentation page of a rule by id, or the empty text. `warn` takes what the reader of standard
    error must know about the report itself. `elapsed` is in seconds.
    """

    findings: tuple[Finding, ...]
    diagnostics: tuple[Diagnostic, ...]
    counts: Counts
    tool: Tool
    root: str = ""
    content: Callable[[str], Content | None] = _no_content
    rules: Callable[[], tuple[ReportRule, ...]] = _no_rules
    help_uri: Callable[[str], str] = _no_uri
    warn: Callable[[str], None] = _no_warning
    display: Display = field(default_factory=Display)
    options: Options = field(default_factory=Options)
    elapsed: float | None = None
    exit_code: int | None = None

    @property
    def active(self) -> tuple[Finding, ...]:
        """The findings that are neither suppressed nor part of a baseline."""
        return tuple(finding for finding in self.findings if finding.state == "active")

    @property
    def hidden(self) -> tuple[Finding, ...]:
        """The suppressed findings, if reports for people are to list them."""
        if not self.options.suppressed:
            return ()
        return tuple(finding for finding in self.findings if finding.state == "suppressed")

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to audit: neither a policy nor a grant."""
        return not (self.counts.policies or self.counts.grants or self.findings)


class Writer(Protocol):
    """One report format."""

    def __call__(self, report: Report, stream: TextIO) -> None:
        """Write the whole report to `stream`; equal reports give equal text."""
