"""Parts that several pages are made of. Pure: a summary in, views out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.compare.comparison import Direction
from harness.analysis.compare.costs import UNKNOWN, SiteCost
from harness.analysis.compare.samples import median_band
from harness.analysis.series.series import Point, PointState, Series
from harness.analysis.series.steps import Step
from harness.analysis.verdict.regressions import CommitChange, Standard, commit_changes
from harness.analysis.verdict.summary import RevisionState, Summary, cause_place
from harness.model import BYTES, EscapeSite, FlowStep, Measurement, PackageResult, Record
from harness.outputs.site.draw import names
from harness.outputs.site.draw.svg import MOST_PLACES, Mark
from harness.outputs.site.shared.parts import (
    BenchmarkLink,
    Cell,
    CommitView,
    EscapeView,
    FlowView,
    Link,
    StepView,
    UseView,
)
from harness.outputs.site.shared.sources import SourcePlan, Sources, no_sources
from harness.outputs.site.shared.views import Chrome
from harness.outputs.text.explanation import describe_cost
from harness.outputs.text.format import (
    NONE,
    clip,
    confidence,
    day,
    one_line,
    percent,
    plural,
    signed,
    value,
)

SIGNS = {
    RevisionState.MEASURED: ("✓", "quiet"),
    RevisionState.CARRIED: ("↷", "quiet"),
    RevisionState.PARTIAL: ("!", "warning"),
    RevisionState.BROKEN: ("✕", "broken"),
    RevisionState.NO_BENCHMARKS: ("○", "quiet"),
    RevisionState.NOT_MEASURED: ("…", "quiet"),
}
GAPS = {
    PointState.BROKEN: "broken",
    PointState.DOES_NOT_BUILD: "broken",
    PointState.FAILED: "failed",
    PointState.NOT_TAKEN: "absent",
    PointState.NOT_SELECTED: "unmeasured",
    PointState.NOT_YET: "absent",
    PointState.ABSENT: "absent",
    PointState.REMOVED: "absent",
    PointState.NOT_MEASURED: "unmeasured",
}
# The benchmark is not in the code.
_NOT_THERE = (PointState.ABSENT, PointState.REMOVED)
# Behind a spread that is no confidence interval; static/benchmark.js says the same.
RANGE = " (range)"
_MOST_FLOW = 60
_DATED = ("index.html", "status.html")
_FROM = re.compile(r"from (.*) \(([a-z -]+)\)", re.DOTALL)
# The last part of an import path, with what stands before a major version.
_VERSION = re.compile(r"[^/]+(?:/v\d+)?$")


@dataclass(frozen=True)
class Section:
    """One environment of the site: its summary, and where its pages are.

    Attributes:
        project: name of the measured project.
        commit_url: prefix of the web page of a commit, empty for none.
        summary: what is shown.
        root: directory of the pages with its slash, empty for the root of the site.
        generated: time of the newest record, as shown.
        siblings: name and root of every environment of the site, with the pages they have.
        plan: the source pages.
        environment_ids: what each of the siblings is called in an address.
        sources: where their text comes from.
        standard: by what regressions are waived.
    """

    project: str
    commit_url: str
    summary: Summary
    root: str
    generated: str
    siblings: tuple[tuple[str, str, frozenset[str]], ...]
    plan: SourcePlan
    environment_ids: tuple[str, ...] = ()
    sources: Sources = no_sources
    standard: Standard = field(default_factory=Standard)

    @cached_property
    def regressions(self) -> tuple[CommitChange, ...]:
        """Every commit that made something worse, the newest first."""
        return commit_changes(self.summary, Direction.REGRESSION, self.standard)

    @cached_property
    def directories(self) -> dict[str, str]:
        """Directory of every package, for a short name of it."""
        return {
            p.path: p.directory for r in self.summary.recorded for p in _packages(r.slot.record)
        }

    @cached_property
    def steps(self) -> dict[tuple[str, str, str, str], Step]:
        """Every step by package, benchmark, unit and revision."""
        return {
            (s.package, s.benchmark, s.unit, s.revision): s
            for r in self.summary.revisions
            for s in r.steps
        }

    @cached_property
    def steps_of(self) -> dict[tuple[str, str, str], list[Step]]:
        """The steps of every series, oldest first."""
        found: dict[tuple[str, str, str], list[Step]] = {}
        for step in self.steps.values():
            found.setdefault((step.package, step.benchmark, step.unit), []).append(step)
        return found

    @cached_property
    def attributions(self) -> dict[Step, Attribution]:
        """The account of every step that has one."""
        return {s: a for r in self.summary.revisions for s, a in r.attributions.items()}

    @cached_property
    def pages(self) -> frozenset[str]:
        """The pages of this environment, relative to its root."""
        return next(pages for _, root, pages in self.siblings if root == self.root)

    def chrome(self, title: str, page: str) -> Chrome:
        """The frame of the page at ``page``, relative to the root of the environment."""
        up = "../" * page.count("/")
        top = "../" * (self.root + page).count("/")
        newest = self.summary.newest
        record = None if newest is None else newest.slot.record
        links = tuple(
            Link(
                clip(name, 120),
                top + root + (page if page in pages else "index.html"),
                root == self.root,
            )
            for name, root, pages in self.siblings
        )
        return Chrome(
            project=clip(self.project, 80) or "Escape Velocity",
            title=clip(title, 120),
            up=up,
            top=top,
            toolchain="" if record is None else toolchain(record),
            variables="" if record is None else clip(variables(record), 200),
            machine=clip(self.summary.history.machine, 120),
            branch=clip(self.summary.history.branch, 120),
            machine_detail="" if record is None else clip(machine_detail(record), 200),
            environments=links if len(links) > 1 else (),
            # On each page it would make every page another one with every record.
            generated=self.generated if page in _DATED else "",
            navigation=tuple(
                Link(text, up + path, path == page)
                for text, path in names.NAVIGATION
                if path in self.pages
            ),
        )

    @cached_property
    def _commits(self) -> dict[tuple[str, str], CommitView]:
        """What :meth:`commit` has said."""
        return {}

    def commit(self, revision: str, up: str) -> CommitView:
        """A revision, linked where it has a record."""
        found = self._commits.get((revision, up))
        if found is None:
            found = self._commits[revision, up] = self._commit(revision, up)
        return found

    def _commit(self, revision: str, up: str) -> CommitView:
        record = self.summary.history.by_hash.get(revision)
        if record is None:
            return CommitView(revision[:8], "not measured", "", "")
        return CommitView(
            short=record.revision.short,
            subject=one_line(record.revision.subject) or "(no message)",
            date=day(record.revision.date),
            href=up + names.revision_page(revision),
        )

    def benchmark(self, package: str, name: str, up: str) -> BenchmarkLink:
        """A benchmark, linked where it has a page."""
        has_page = (package, name) in self.summary.series
        return BenchmarkLink(
            name=clip(name, 200),
            package=self.short_package(package) if self.several_packages else "",
            href=up + names.benchmark_page(package, name) if has_page else "",
        )

    @cached_property
    def several_packages(self) -> bool:
        """Whether a benchmark's package has to be named: not where all are in one."""
        return len({package for package, _ in self.summary.series}) > 1

    def cause_link(self, step: Step, up: str) -> Callable[[Cause], str]:
        """What gives the page of a cause's line, of a step."""

        def link(cause: Cause) -> str:
            revision, file = cause_place(cause, step)
            return self.plan.link(revision, file, cause.line, up)

        return link

    def short_package(self, package: str) -> str:
        """The directory of a package, or the last part of its path at the repository's root."""
        directory = self.directories.get(package, "")
        if directory in ("", "."):
            last = _VERSION.search(package)
            return clip(last[0] if last else package, 120)
        return clip(directory, 120)

    def step(self, step: Step, up: str) -> StepView:
        """A step, printed."""
        note = ""
        if step.between:
            note = f"or in one of {plural(len(step.between), 'revision')} before it without a value"
        if step.repaired is not None:
            note += ("; " if note else "") + f"repaired in {step.repaired[:8]}"
        return StepView(
            benchmark=self.benchmark(step.package, step.benchmark, up),
            unit=step.unit,
            before=value(step.before, step.unit),
            after=value(step.after, step.unit),
            delta=signed(step.delta, step.unit),
            percent=percent(step.ratio),
            tone=step.direction.value,
            note=note,
            confidence="" if step.p is None else confidence(step.p),
        )

    @cached_property
    def shown_places(self) -> range:
        """The places that charts show: all but the unmeasured ones at either end."""
        measured = [i for i, r in enumerate(self.summary.revisions) if r.slot.record is not None]
        return range(measured[0], measured[-1] + 1) if measured else range(0)

    @cached_property
    def recorded(self) -> dict[str, int]:
        """Which of the revisions with a record a revision is."""
        return {r.slot.revision: i for i, r in enumerate(self.summary.recorded)}

    @cached_property
    def places(self) -> dict[str, int]:
        """Where in the history a revision is."""
        return {r.slot.revision: i for i, r in enumerate(self.summary.revisions)}

    def turns(self, series: Series) -> tuple[int, ...]:
        """The places of a series but those to which a value is only carried.

        Nor those where the benchmark is still not there. So what is drawn of a benchmark does not
        change with a commit that does not concern it.
        """
        found: list[int] = []
        last: PointState | None = None
        for start, count, point in point_runs(series, self.shown_places):
            before, last = last, point.state
            if point.state in _NOT_THERE:
                found += [] if before in _NOT_THERE else [start]
            elif point.state is not PointState.CARRIED:
                found += range(start, start + count)
            elif point.carried_from not in self.recorded:
                found.append(start)
        return tuple(found)

    def marks(self, series: Series, places: Sequence[int]) -> tuple[Mark, ...]:
        """The newest of some places of a series, for its sparkline."""
        steps = {
            self.places[s.revision]: s.direction.value
            for s in self.steps_of.get((series.package, series.benchmark, series.unit), ())
        }
        found: list[Mark] = []
        last: Point | None = None
        for place in places[-MOST_PLACES:]:
            point = series.points[place]
            if place in steps or point is not last:
                measured = point.measurement
                found.append(
                    Mark(gap=GAPS[point.state])
                    if measured is None
                    else Mark(measured.value, step=steps.get(place, ""))
                )
            else:
                found.append(found[-1])
            last = None if place in steps else point
        return tuple(found)


def point_runs(series: Series, shown: range) -> list[tuple[int, int, Point]]:
    """The runs of a series in some places: the first place, how many, the point."""
    found: list[tuple[int, int, Point]] = []
    place = 0
    for point, count in series.runs:
        start, stop = max(place, shown.start), min(place + count, shown.stop)
        if start < stop:
            found.append((start, stop - start, point))
        place += count
    return found


def cell(m: Measurement | None, step: Step | None = None) -> Cell:
    """A value with its spread, and how it changed."""
    if m is None:
        return Cell(NONE)
    spread = ""
    if not m.exact and m.low != m.high:
        low, high, interval = median_band(m)
        spread = f"{value(low, m.unit)} to {value(high, m.unit)}{'' if interval else RANGE}"
    if step is None:
        return Cell(value(m.value, m.unit), spread)
    return Cell(value(m.value, m.unit), spread, signed(step.delta, m.unit), step.direction.value)


def escape_view(
    section: Section,
    site: EscapeSite,
    use: UseView | None = None,
    cost: SiteCost = UNKNOWN,
    *,
    place: tuple[str, str] = ("", ""),
    by: int | None = None,
) -> EscapeView:
    """An escape site, printed.

    Args:
        section: of the site.
        site: what is shown.
        use: what an account makes of it.
        cost: as far as it is known.
        place: its revision, and the prefix of links.
        by: see :meth:`.sources.SourcePlan.link`.
    """
    revision, up = place
    return EscapeView(
        package=section.short_package(site.package),
        where=clip(str(site.position), 300),
        function=clip(site.function, 160),
        message=clip(site.message, 400),
        kind=site.kind.value,
        flow=flow_view(site),
        use=use,
        cost=describe_cost(cost),
        href=section.plan.link(revision, site.position.file, site.position.line, up, by),
        idle=cost.allocates is False and not (use and use.href),
    )


def flow_view(site: EscapeSite) -> tuple[FlowView, ...]:
    """The compiler's explanation, its words told apart: ``from x (why)``, ``flow: a ← b:``."""
    return tuple(_flow(step) for step in site.flow[:_MOST_FLOW])


def _flow(step: FlowStep) -> FlowView:
    where = "" if step.position is None else clip(str(step.position), 300)
    text = clip(step.text, 400)
    if text.startswith("flow: "):
        return FlowView(text.removeprefix("flow: ").removesuffix(":"), "", where, head=True)
    match = _FROM.fullmatch(text)
    if match is None:
        return FlowView(text, "", where, head=False)
    return FlowView(match[1], match[2], where, head=False)


def short_function(name: str) -> str:
    """A function without the shapes that it was instantiated with: ``Top[...]``."""
    start = name.find("[go.shape.")
    if start < 0:
        return clip(name, 160)
    depth = 0
    for end in range(start, len(name)):
        depth += {"[": 1, "]": -1}.get(name[end], 0)
        if depth == 0:
            return clip(f"{name[:start]}[...]{name[end + 1 :]}", 160)
    return clip(name, 160)


def toolchain(record: Record) -> str:
    """The Go release that ran, with its platform."""
    used = record.environment.toolchain
    return f"{used.release} {used.goos}/{used.goarch}"


def variables(record: Record) -> str:
    """Variables of the environment, ``GOAMD64=v3 GOGC=off``."""
    settings = {**record.environment.build_variables, **record.environment.run_variables}
    return " ".join(f"{k}={v}" for k, v in sorted(settings.items()))


def machine_detail(record: Record) -> str:
    """Processor, number of processors and memory, as far as they are known."""
    machine = record.machine
    ram = value(float(machine.ram), BYTES) if machine.ram.isdecimal() else machine.ram
    parts = (machine.cpu, machine.num_cpu and f"{machine.num_cpu} CPUs", ram)
    return ", ".join(p for p in parts if p)


def commit_link(prefix: str, revision: str) -> str:
    """Web page of a commit, empty unless the prefix is one of the web."""
    return prefix + revision if prefix.startswith(("https://", "http://")) else ""


def explain_command(record: Record, base: str, *, release: bool) -> str:
    """The command that accounts for what a revision changed, for a POSIX shell.

    Args:
        record: of the revision.
        base: hash of the revision that it is compared with.
        release: whether the Go release has to be named.
    """
    parts = ["esv", "explain", shlex.quote(record.revision.hash)]
    if base != record.revision.parent:
        parts += ["--base", shlex.quote(base)]
    if release:
        parts += ["--go", shlex.quote(record.environment.toolchain.release.removeprefix("go"))]
    return " ".join(parts)


def by_direction(steps: Iterable[Step]) -> tuple[int, int]:
    """How many are regressions and how many improvements."""
    listed = list(steps)
    worse = sum(s.direction is Direction.REGRESSION for s in listed)
    return worse, len(listed) - worse


def units_of(series: Sequence[Series]) -> dict[str, Series]:
    """Series of one benchmark by unit."""
    return {s.unit: s for s in series}


def _packages(record: Record | None) -> Sequence[PackageResult]:
    return () if record is None else record.packages
