"""What the pages show, apart from HTML: plain values and links, ready to be printed.

The templates get these and nothing else; all text is still raw and is escaped by the templates.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from harness.outputs.site.shared.parts import (
    AccountView,
    BenchmarkLink,
    BriefView,
    Cell,
    CommitView,
    EscapeView,
    Fact,
    Link,
    StepView,
)


@dataclass(frozen=True, slots=True)
class Chrome:
    """What frames every page.

    Attributes:
        project: name of the measured project.
        title: of the page.
        up: prefix that leads from the page to the root of its environment.
        top: prefix that leads to the root of the site.
        toolchain: Go release and platform.
        variables: the environment's variables, ``GOAMD64=v3``, or empty.
        machine: name of the machine.
        branch: whose history it is; empty where the project has only one.
        machine_detail: its processor and memory.
        environments: the same page, or the overview, in every environment of the site.
        navigation: the single pages that the environment has.
        generated: time of the newest record, empty but on a few pages.
    """

    project: str
    title: str
    up: str
    top: str
    toolchain: str
    variables: str
    machine: str
    machine_detail: str
    environments: tuple[Link, ...]
    generated: str
    navigation: tuple[Link, ...] = ()
    branch: str = ""


@dataclass(frozen=True, slots=True)
class FindingView:
    """The steps of a revision beside their cause, or the escapes that came or went with it.

    ``steps`` are of one unit, ``also`` names the others; ``leader`` is whose account ``brief`` is,
    where that is to be said.
    """

    tone: str
    status: str
    commit: CommitView
    unit: str
    steps: tuple[StepView, ...]
    more_steps: int
    also: str
    leader: str
    brief: BriefView | None
    escapes: tuple[EscapeView, ...]
    more_escapes: int
    repaired: CommitView | None
    between: int


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """A line of the benchmark table.

    Attributes:
        benchmark: the name and its page.
        key: what the filter box compares.
        spark: its main unit over the history.
        cells: one for each unit of the table.
        numbers: the values that ``cells`` show, as a script sorts by them; empty for none.
        steps: by unit, how many went up and how many down: ``1.0 0.2``.
        regressions, improvements: of the main unit.
        status: why it has no value now, or empty.
    """

    benchmark: BenchmarkLink
    key: str
    spark: Markup
    cells: tuple[Cell, ...]
    numbers: tuple[str, ...]
    steps: str
    regressions: int
    improvements: int
    status: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A package by the compiler's units: a little chart and the last value of each, or nothing."""

    package: str
    cells: tuple[tuple[Markup, str] | None, ...]


@dataclass(frozen=True, slots=True)
class CommitRow:
    """A line of the commit list; ``commit`` is ``None`` for revisions without a record."""

    commit: CommitView | None
    skipped: str
    state: str
    tone: str
    sign: str
    note: str
    regressions: int
    improvements: int
    new: int | None
    gone: int | None


@dataclass(frozen=True, slots=True)
class VerdictView:
    """The newest revision in one sentence."""

    commit: CommitView
    sentence: str
    tone: str
    sign: str
    detail: str


@dataclass(frozen=True, slots=True)
class RunView:
    """The latest run in one sentence; ``commits`` are those that made something worse."""

    sentence: str
    tone: str
    sign: str
    revisions: str
    ended: str
    commits: tuple[CommitView, ...]
    more: int


@dataclass(frozen=True, slots=True)
class OverviewView:
    """``index.html``. Columns of the benchmark table are ``units``, the first few shown at once.

    ``problem`` says why the policy was not read; empty if nothing is wrong.
    """

    chrome: Chrome
    run: RunView | None
    verdict: VerdictView | None
    facts: tuple[Fact, ...]
    freshness: str
    stopped: str
    compared: int
    feed: str
    findings: tuple[FindingView, ...]
    more_findings: int
    waived: int
    problem: str
    improvements: tuple[FindingView, ...]
    more_improvements: int
    units: tuple[str, ...]
    usual_units: int
    benchmarks: tuple[BenchmarkRow, ...]
    packages: tuple[str, ...]
    code_units: tuple[str, ...]
    code: tuple[CodeRow, ...]
    commits: tuple[CommitRow, ...]
    older_commits: int


@dataclass(frozen=True, slots=True)
class WaiverView:
    """What lets a regression pass: who answers for it, why, its last day, and what it is about."""

    owner: str
    reason: str
    expires: str
    what: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A revision that changed something: its largest step, and how many benchmarks beside it."""

    commit: CommitView
    step: StepView
    others: int
    units: str
    brief: BriefView | None
    repaired: CommitView | None
    between: int
    waivers: tuple[WaiverView, ...] = ()


@dataclass(frozen=True, slots=True)
class RegressionsView:
    """``regressions.html``; the counts are of all, the rows of the newest.

    ``policy`` names the file with the waivers, empty if there is none; ``problem`` says why it was
    not read; ``expired`` are waivers that let nothing pass any more.
    """

    chrome: Chrome
    feed: str
    compared: int
    standing: tuple[ChangeRow, ...]
    standing_count: int
    listed: tuple[ChangeRow, ...]
    listed_count: int
    repaired: tuple[ChangeRow, ...]
    repaired_count: int
    waived: tuple[ChangeRow, ...]
    waived_count: int
    policy: str
    problem: str
    expired: tuple[WaiverView, ...]
    improvements: tuple[ChangeRow, ...]
    improvements_count: int


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit over the history, for readers without scripts."""

    unit: str
    spark: Markup
    span: str
    newest: str
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A line of a benchmark's history; ``cells`` is empty in a gap."""

    commit: CommitView | None
    skipped: str
    cells: tuple[Cell, ...]
    state: str
    tone: str
    reason: str
    carried_from: CommitView | None


@dataclass(frozen=True, slots=True)
class BenchmarkView:
    """The page of a benchmark.

    ``states`` is the history as a strip. ``heap_lines`` are of what the heap costs besides the
    allocation, ``heap_steps`` its change points; units of it that are 0 at every revision are in
    ``heap_zero``. ``code_lines`` are of the package. The table leaves the ``older`` places out;
    ``shard`` has them all.
    """

    chrome: Chrome
    name: str
    package: str
    status: str
    states: Markup
    lines: tuple[UnitLine, ...]
    heap_lines: tuple[UnitLine, ...]
    heap_zero: tuple[str, ...]
    steps: tuple[tuple[CommitView, StepView, BriefView | None], ...]
    heap_steps: tuple[tuple[CommitView, StepView, BriefView | None], ...]
    units: tuple[str, ...]
    rows: tuple[HistoryRow, ...]
    earlier: int
    reproduce: str
    code_lines: tuple[UnitLine, ...]
    older: int
    shard: str


@dataclass(frozen=True, slots=True)
class ErrorView:
    """Something that Go refused, or that failed while it ran."""

    package: str
    what: str
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class PackageRow:
    """What became of a package."""

    path: str
    outcome: str
    benchmarks: int
    carried_from: CommitView | None


@dataclass(frozen=True, slots=True)
class ValueRow:
    """All values of one benchmark in one revision; ``carried_from`` is ``None`` if measured."""

    benchmark: BenchmarkLink
    cells: tuple[Cell, ...]
    carried_from: CommitView | None = None


@dataclass(frozen=True, slots=True)
class OverlayView:
    """A go.mod that was put in place of the revision's."""

    directory: str
    reason: str
    go_mod: str


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """A function that was compiled otherwise: ``what`` of it, before and after."""

    function: str
    where: str
    package: str
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RevisionView:
    """The page of a revision.

    ``values`` leaves ``carried`` benchmarks out, whose values are in ``shard``.
    """

    chrome: Chrome
    hash: str
    subject: str
    body: str
    author: str
    date: str
    commit_url: str
    state: str
    tone: str
    sign: str
    sentence: str
    older: CommitView | None
    newer: CommitView | None
    parents: tuple[Link, ...]
    base: CommitView | None
    between: int
    errors: tuple[ErrorView, ...]
    failures: tuple[ErrorView, ...]
    changed: int
    verdict_tone: str
    verdict_sign: str
    accounts: tuple[AccountView, ...]
    steps: tuple[tuple[str, tuple[StepView, ...]], ...]
    other_steps: tuple[StepView, ...]
    other_by_unit: tuple[tuple[str, tuple[StepView, ...]], ...]
    noisy: str
    added: tuple[BenchmarkLink, ...]
    removed: tuple[BenchmarkLink, ...]
    compared: bool
    new: tuple[EscapeView, ...]
    gone: tuple[EscapeView, ...]
    kept: int
    unknown: tuple[str, ...]
    packages: tuple[PackageRow, ...]
    units: tuple[str, ...]
    values: tuple[ValueRow, ...]
    carried: int
    shard: str
    overlays: tuple[OverlayView, ...]
    unparsed: int
    facts: tuple[Fact, ...]
    explain: str
    reproduce: tuple[str, ...]
    code: tuple[FunctionRow, ...] = ()
    more_code: int = 0
