"""What the pages on the code show, apart from HTML: see :mod:`.views`.

All text is still raw and is escaped by the templates.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from harness.outputs.site.shared.parts import BenchmarkLink, CommitView, FlowView, Link
from harness.outputs.site.shared.views import Chrome


@dataclass(frozen=True, slots=True)
class LineSite:
    """An escape site on its line.

    Attributes:
        message, kind, function: in the compiler's words.
        flow: the compiler's explanation.
        standing: ``new`` in the revision of the page, else empty.
        since_word: ``since``, ``back since`` (only at the newest revision), or that it was there
            from the beginning.
        since: the first recorded revision that has it.
        cost: what it costs, as far as that is worth a word.
    """

    message: str
    kind: str
    function: str
    flow: tuple[FlowView, ...]
    standing: str
    since_word: str
    since: CommitView
    cost: str


@dataclass(frozen=True, slots=True)
class LineCostView:
    """What a benchmark allocates on a line, per operation."""

    benchmark: BenchmarkLink
    allocs: str
    size: str
    via: str
    profiled: CommitView


@dataclass(frozen=True, slots=True)
class InliningView:
    """What the compiler says of inlining on a line; ``tone`` is empty but for what it refuses."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A line of a file.

    Attributes:
        number: from 1; 0 for lines that are left out.
        text: without its line end; says how many are left out where there is no number.
        sites, inlining: of the line.
        costs, more_costs: of the line; those beyond the first few.
        most: the most that any benchmark allocates here, per operation, or empty.
    """

    number: int
    text: str
    sites: tuple[LineSite, ...] = ()
    costs: tuple[LineCostView, ...] = ()
    more_costs: tuple[LineCostView, ...] = ()
    inlining: tuple[InliningView, ...] = ()
    most: str = ""


@dataclass(frozen=True, slots=True)
class SourceView:
    """The page of a source file.

    Attributes:
        chrome: see :class:`.views.Chrome`.
        path: relative to the repository's root.
        name: its last part.
        newest: whether it is the page of the newest revision.
        commit: the revision of the page; of the newest one that which changed the file last,
            ``None`` if it has not changed since the first.
        others: the other pages of the same file; of an older revision's page the earlier ones.
        today: the list of what is live of the file; empty on the page of the newest revision.
        notes: what is to be said of the text: not there, no UTF-8, cut.
        rows: the lines.
        sites, lines, decisions: how many escapes, lines with allocations, lines with inlining.
        packages: that the file belongs to, as far as its sites tell.
    """

    chrome: Chrome
    path: str
    name: str
    newest: bool
    commit: CommitView | None
    others: tuple[Link, ...]
    today: str
    notes: tuple[str, ...]
    rows: tuple[SourceRow, ...]
    sites: int
    lines: int
    decisions: int
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackageSites:
    """The live escape sites of a package, counted.

    Attributes:
        package: short name.
        live: how many sites stand.
        allocating: of these, how many are on a line where a benchmark is known to allocate.
        uncovered: how many no benchmark executes.
        came, gone: how many came and went over the history, after the first measured revision.
        files: with how many sites each.
    """

    package: str
    live: int
    allocating: int
    uncovered: int
    came: int
    gone: int
    files: tuple[tuple[Link, int], ...]


@dataclass(frozen=True, slots=True)
class EscapesView:
    """The page of all live escape sites; the list itself is in a shard of data."""

    chrome: Chrome
    commit: CommitView | None
    live: int
    packages: tuple[PackageSites, ...]


@dataclass(frozen=True, slots=True)
class CompareView:
    """The page that compares two revisions; the numbers are in shards of data.

    Attributes:
        chrome: see :class:`.views.Chrome`.
        command: what does the same in a terminal, empty where there is nothing to compare.
        recorded: how many revisions there are to choose from.
    """

    chrome: Chrome
    command: str
    recorded: int


@dataclass(frozen=True, slots=True)
class AssociationRow:
    """How a unit of a package goes with escapes that come or go.

    Attributes:
        unit, event: ``new`` or ``gone``.
        events: how many of the pairs of neighbouring measurements have such a site.
        changed: how many of those changed the value, and how many of the others.
        effect, interval, confidence: empty where there are too few.
        words, tone: the verdict.
    """

    unit: str
    event: str
    events: str
    changed: str
    effect: str
    interval: str
    confidence: str
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class ScatterView:
    """New escapes against the change of a unit, a point for each pair of measurements."""

    unit: str
    caption: str
    drawing: Markup


@dataclass(frozen=True, slots=True)
class PackageCorrelation:
    """A package."""

    package: str
    identity: str
    rows: tuple[AssociationRow, ...]
    charts: tuple[ScatterView, ...]


@dataclass(frozen=True, slots=True)
class CorrelationView:
    """The page of how numbers go with escapes.

    Attributes:
        chrome: see :class:`.views.Chrome`.
        sentence: what can be said of all packages.
        packages: those with a benchmark; what says something first.
        others: those for which no points are drawn.
        fewest: pairs with and without an event below which nothing is said.
    """

    chrome: Chrome
    sentence: str
    packages: tuple[PackageCorrelation, ...]
    others: tuple[PackageCorrelation, ...]
    fewest: int
