"""One environment of the site, as its pages see it. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.compare.comparison import Direction
from harness.analysis.series.series import Point, PointState, Series
from harness.analysis.series.steps import Step
from harness.analysis.verdict.regressions import CommitChange, Standard, commit_changes
from harness.analysis.verdict.summary import Summary, cause_place
from harness.model import ALLOCS
from harness.outputs.site.draw import names
from harness.outputs.site.draw.svg import MOST_PLACES, Mark
from harness.outputs.site.shared.links import BenchmarkLink, CommitView, Link
from harness.outputs.site.shared.records import machine_detail, toolchain, variables
from harness.outputs.site.shared.sources import SourcePlan
from harness.outputs.site.shared.values import units_of
from harness.outputs.text.format import (
    clip,
    confidence,
    day,
    one_line,
    percent,
    plural,
    signed,
    value,
)

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
_DATED = ("index.html", "status.html")
# The last part of an import path, with the part before a major version.
_VERSION = re.compile(r"[^/]+(?:/v\d+)?$")


@dataclass(frozen=True, slots=True)
class StepView:
    """A change of one value. ``tone`` is ``regression`` or ``improvement``.

    ``confidence`` is empty where the values are exact.
    """

    benchmark: BenchmarkLink
    unit: str
    before: str
    after: str
    delta: str
    percent: str
    tone: str
    note: str = ""
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class Chrome:
    """The frame of a page.

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
class Sibling:
    """An environment of the site, as the others link to it."""

    name: str  # as shown
    id: str  # in addresses; the same whichever environment is the first
    root: str  # see :attr:`Section.root`
    pages: frozenset[str]  # relative to the root


@dataclass(frozen=True)
class Section:
    """One environment of the site: its summary, and where its pages are."""

    project: str  # name of the measured project
    summary: Summary  # what is shown
    root: str  # directory of the pages with its slash, empty for the root of the site
    generated: str  # time of the newest record, as shown
    siblings: tuple[Sibling, ...]  # every environment of the site, this one included
    plan: SourcePlan  # the source pages
    standard: Standard  # by what regressions are waived

    @cached_property
    def regressions(self) -> tuple[CommitChange, ...]:
        """Every commit that made something worse, the newest first."""
        return commit_changes(self.summary, Direction.REGRESSION, self.standard)

    @cached_property
    def directories(self) -> dict[str, str]:
        """Directory of every package, for a short name of it."""
        return {
            p.path: p.directory
            for r in self.summary.recorded
            if r.slot.record is not None
            for p in r.slot.record.packages
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
        return next(s.pages for s in self.siblings if s.root == self.root)

    def chrome(self, title: str, page: str) -> Chrome:
        """The frame of the page at ``page``, relative to the root of the environment."""
        up = "../" * page.count("/")
        top = "../" * (self.root + page).count("/")
        newest = self.summary.newest
        record = None if newest is None else newest.slot.record
        links = tuple(
            Link(
                clip(s.name, 120),
                top + s.root + (page if page in s.pages else "index.html"),
                s.root == self.root,
            )
            for s in self.siblings
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
    def commit(self) -> Callable[[str, str], CommitView]:
        """A revision, linked where it has a record; of its hash and the prefix of links."""
        return cache(self._commit)

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
        """True if a benchmark's package has to be named: there are several."""
        return len({package for package, _ in self.summary.series}) > 1

    def cause_link(self, step: Step, up: str) -> Callable[[Cause], str]:
        """A function that gives the page of the line of a cause of a step."""

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
        """The index of each revision among those with a record."""
        return {r.slot.revision: i for i, r in enumerate(self.summary.recorded)}

    @cached_property
    def places(self) -> dict[str, int]:
        """The index of each revision in the history."""
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


def end_state(section: Section, series: tuple[Series, ...]) -> PointState:
    """The state of a benchmark at the newest revision that has a record."""
    index = section.shown_places[-1]
    return (units_of(series).get(ALLOCS) or series[0]).points[index].state
