"""What each page depends on, as a digest: where it is the same, the page is. Pure.

Only what is appended to a history needs to be told apart: records are named by their contents, and
a place of a history by the contents of all records up to it. What a page tells of later ones is
named explicitly. A test holds every page that was kept against the same page made anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from harness.analysis.series.series import PointState, Series
from harness.analysis.series.sites import RevisionSites
from harness.analysis.series.steps import Step
from harness.analysis.verdict.summary import RevisionSummary
from harness.model import ALLOCS, PackageOutcome, PackageResult
from harness.outputs.site.draw import names
from harness.outputs.site.shared.pieces import Section, units_of
from harness.outputs.text.format import confidence


def digest(*parts: object) -> bytes:
    """Sixteen bytes that stand for values with a faithful ``repr``."""
    return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


class PageKeys:
    """The keys of the pages and shards of one environment.

    Args:
        section: of the site; its history knows the ids of its records.
        sources: tells the repository that source text is from from one with other commits.
    """

    def __init__(self, section: Section, sources: str) -> None:
        self._section = section
        self._sources = sources
        self._history = section.summary.history
        self._plan = section.plan
        self._newest = section.plan.sites.newest

    @cached_property
    def _frame(self) -> bytes:
        """What every page has: its frame, and how packages are named."""
        section = self._section
        chrome = section.chrome("", "x")
        directories: dict[str, set[str]] = defaultdict(set)
        for record in self._history.records:
            for package in record.packages:
                directories[package.path].add(package.directory)
        moved = sorted((p, section.directories[p]) for p, d in directories.items() if len(d) > 1)
        siblings = [(name, root) for name, root, _ in section.siblings]
        return digest(chrome, siblings, section.commit_url, section.several_packages, moved)

    @cached_property
    def _until(self) -> list[bytes]:
        """By place, what stands for everything that was known there."""
        found: list[bytes] = []
        last = b""
        for revision in self._section.summary.revisions:
            slot = revision.slot
            last = digest(last, slot.hashes, self._history.ids.get(slot.revision, ""))
            found.append(last)
        return found

    def _of(self, page: str, *parts: object) -> bytes:
        siblings = [page in pages for _, _, pages in self._section.siblings]
        return digest(self._frame, page, siblings, *parts)

    def revision(self, summary: RevisionSummary) -> bytes:
        """Of the page of a recorded revision."""
        revision, section = summary.slot.revision, self._section
        record = summary.slot.record
        assert record is not None
        at = section.recorded[revision]
        newer = section.summary.recorded[at + 1 : at + 2]
        origins = {p.carried_from for p in record.packages if p.carried_from is not None}
        return self._of(
            names.revision_page(revision),
            self._until[section.places[revision]],
            self._steps(summary.steps),
            self._pages_at({revision, summary.base.revision.hash if summary.base else ""}),
            [r.slot.revision for r in newer],
            sorted(o for o in origins if o not in self._history.by_hash),
        )

    def benchmark(self, package: str, name: str) -> bytes:
        """Of the page of a benchmark."""
        section = self._section
        series = section.summary.series[package, name]
        main = units_of(series).get(ALLOCS) or series[0]
        carried = self._carried.get(package)
        if carried is not None and name in carried.names:
            # Without the places to which its results are only carried, which it does not show.
            turn, state = carried.turn, ""
        else:
            turns = section.turns(main)
            turn = turns[-1] if turns else -1
            ended = main.points[section.shown_places[-1]].state
            state = "" if ended in (PointState.MEASURED, PointState.CARRIED) else ended.value
        return self._of(
            names.benchmark_page(package, name),
            self._until[turn],
            state,
            self._unknown(package),
            self._steps(s for one in series for s in section.steps_of.get(_key(one), ())),
        )

    def benchmark_shard(self, package: str, name: str) -> bytes:
        """Of the data of a benchmark."""
        section = self._section
        series = section.summary.series[package, name]
        if package in self._carried:
            shown: object = self._until[self._carried[package].start]
        else:
            shown = self._until[section.shown_places[-1]]
        return self._of(
            names.benchmark_shard(package, name),
            shown,
            self._settled_code(package),
            self._unknown(package),
            self._steps(s for one in series for s in section.steps_of.get(_key(one), ())),
        )

    def revision_shard(self, revision: str) -> bytes:
        """Of the data of a revision, which depends on its record."""
        return self._of(names.revision_shard(revision), self._history.ids[revision])

    def source(self, revision: str, path: str) -> bytes:
        """Of the page of a file."""
        page = names.source_page(path, revision)
        others = self._plan.others(revision, path)
        known: Sequence[object] = (
            (self._until[self._section.places[revision]],) if revision else self._now(path)
        )
        return self._of(page, self._sources, others, *known)

    def _now(self, path: str) -> tuple[object, ...]:
        """What is known of a file at the newest revision."""
        known = self._known
        sites = known.by_file.get(path, ())
        return (
            known.changed.get(path, known.since),
            known.revision in {life.since.first for _, life in sites},
            sorted(self._parts_of.get(path, ())),
            [
                (life.since.first, len(life.spells), cost.allocates, cost.reach)
                for site, life in sites
                for cost in [known.cost(site)]
            ],
            sorted(known.costs_by_file.get(path, {}).items()),
            self._section.summary.recorded[0].slot.revision,
        )

    @cached_property
    def _known(self) -> RevisionSites:
        return self._plan.sites.at[self._newest]

    @cached_property
    def _parts_of(self) -> Mapping[str, list[str]]:
        """By file, what tells the code of the packages that it is named in."""
        load = self._history.part_ids
        ids = load(self._newest) if load is not None else {}
        found: dict[str, list[str]] = defaultdict(list)
        for package, part in self._history.parts(self._newest).items():
            places = [
                *(s.position for s in part.escapes),
                *(d.position for d in part.inlining),
                *(c.position for c in part.inlining_calls),
            ]
            for file in {p.file for p in places}:
                found[file].append(ids[package])
        return found

    def _steps(self, steps: Iterable[Step]) -> object:
        """Steps as they are shown, and which pages may be linked from them."""
        listed = list(steps)
        sides = {s.previous for s in listed} | {s.revision for s in listed}
        return [_told(s) for s in listed], self._pages_at(sides)

    def _pages_at(self, revisions: Iterable[str]) -> object:
        """The source pages of some revisions; those of the newest one may be linked, too."""
        return [
            (r, sorted(self._planned.get(r, ())), r == self._newest and len(self._until))
            for r in sorted(revisions)
        ]

    @cached_property
    def _planned(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for revision, path in self._plan.pages:
            if revision:
                found[revision].append(path)
        return found

    @cached_property
    def _carried(self) -> Mapping[str, _Carried]:
        """The packages whose results are only carried to the newest recorded place."""
        section = self._section
        revisions = section.summary.revisions[: section.shown_places.stop]
        found: dict[str, _Carried] = {}
        open_: dict[str, PackageResult] = {}
        starts: dict[str, int] = {}
        for place in range(len(revisions) - 1, -1, -1):
            record = revisions[place].slot.record
            results = {} if record is None else {p.path: p for p in record.packages}
            if place == len(revisions) - 1:
                open_ = dict(results)
            for package, after in list(open_.items()):
                result = results.get(package)
                if result is not after and package not in starts:
                    starts[package] = place + 1
                if result is None or not self._only_carried(result):
                    del open_[package]
                    if place + 1 < len(revisions):
                        known = frozenset(b.name for b in after.benchmarks)
                        found[package] = _Carried(starts[package], place, known)
                else:
                    open_[package] = result
            if not open_:
                break
        return found

    def _unknown(self, package: str) -> list[str]:
        """The revisions without a record that results of a package are carried from.

        Of a newer one there may be a record later: what was measured first may be the newest.
        """
        by_hash = self._history.by_hash
        return [run.origin for run in self._history.runs[package] if run.origin not in by_hash]

    def _only_carried(self, result: PackageResult) -> bool:
        carried = result.outcome is PackageOutcome.CARRIED
        return carried and result.carried_from in self._section.recorded

    def _settled_code(self, package: str) -> object:
        """The places since which the values of a package's code are the same."""
        if package not in self._codes:
            last = self._section.shown_places.stop
            found = []
            for series in self._section.summary.packages.get(package, ()):
                start = len(self._until)
                for _, count in reversed(series.runs):
                    start -= count
                    if start < last:
                        break
                found.append(self._until[start])
            self._codes[package] = found
        return self._codes[package]

    @cached_property
    def _codes(self) -> dict[str, list[bytes]]:
        return {}


@dataclass(frozen=True, slots=True)
class _Carried:
    """How long the newest results of a package have been carried.

    Attributes:
        start: the first of the places with the very result of the newest one.
        turn: the newest place to which results were not carried.
        names: of the benchmarks.
    """

    start: int
    turn: int
    names: frozenset[str]


def _key(series: Series) -> tuple[str, str, str]:
    return series.package, series.benchmark, series.unit


def _told(step: Step) -> tuple[object, ...]:
    """A step as it is shown: of a p-value no more than its words."""
    sure = None if step.p is None else confidence(step.p)
    return (
        *(step.package, step.benchmark, step.unit, step.revision, step.previous),
        *(step.before, step.after, step.direction.value, sure, step.repaired),
    )
