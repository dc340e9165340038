"""Escape sites and what benchmarks allocate, line by line, at chosen revisions of a history. Pure.

Both move with the lines of the source: a site is followed by its identity, the line of an account
by the hunks of the recorded diffs. Records are taken one by one, oldest first.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from harness.analysis.compare.costs import UNKNOWN, Reach, SiteCost, costs_of, reach_of
from harness.analysis.compare.escapes import EscapeCounts, Followed
from harness.analysis.history.history import History, Parts
from harness.analysis.series.intervals import Interval, SiteIntervals, counts_by_package
from harness.analysis.series.linecosts import LineCost, LineCosts, Place
from harness.diagnostics.normal import normal_function, normal_message
from harness.model import CodePart, EscapeSite, Execution, InliningCall, InliningDecision, Record


@dataclass(slots=True)
class SiteLife:
    """An escape site over the history."""

    site: EscapeSite  # as it was last seen
    intervals: list[Interval]  # in which it was live, oldest first; more than one if it came back
    live: bool  # whether the newest record has it

    @property
    def since(self) -> Interval:
        """The last of the intervals."""
        return self.intervals[-1]


@dataclass(frozen=True)
class RevisionSites:
    """The source of one revision, or some files of it, as far as it is about the heap.

    Attributes:
        sites: every escape site outside of tests, with its life; in the order of the source.
        costs: what benchmarks allocate, by file and line; the most allocations first.
        inlining, calls: which functions can be inlined, and which calls were.
        reach: what the sites cost, by the ``id`` of their objects; see :meth:`cost`.
        changed: by file, hash of the recorded revision that changed it last; a file that is not
            there has not changed since ``since``.
        since: hash of the record since which every change of a file is known.
    """

    revision: str
    sites: tuple[tuple[EscapeSite, SiteLife], ...]
    costs: Mapping[Place, tuple[LineCost, ...]]
    inlining: tuple[InliningDecision, ...]
    calls: tuple[InliningCall, ...]
    reach: Mapping[int, SiteCost]
    changed: Mapping[str, str]
    since: str = ""

    def cost(self, site: EscapeSite) -> SiteCost:
        """The known cost of one of the very objects of ``sites``."""
        return self.reach.get(id(site), UNKNOWN)

    @cached_property
    def by_file(self) -> Mapping[str, Sequence[tuple[EscapeSite, SiteLife]]]:
        """The sites by their file."""
        return grouped(self.sites, lambda pair: pair[0].position.file)

    @cached_property
    def costs_by_file(self) -> Mapping[str, Mapping[int, tuple[LineCost, ...]]]:
        """Allocations of benchmarks, by file and then by line."""
        found: dict[str, dict[int, tuple[LineCost, ...]]] = {}
        for (file, line), costs in self.costs.items():
            found.setdefault(file, {})[line] = costs
        return found

    @cached_property
    def inlining_by_file(self) -> Mapping[str, Sequence[InliningDecision]]:
        """The decisions on which functions can be inlined, by file."""
        return grouped(self.inlining, lambda d: d.position.file)

    @cached_property
    def calls_by_file(self) -> Mapping[str, Sequence[InliningCall]]:
        """The calls that were inlined, by file."""
        return grouped(self.calls, lambda c: c.position.file)


@dataclass(frozen=True, slots=True)
class SiteHistory:
    """Every escape site of a history.

    Attributes:
        lives: every site that ever was, in the order in which they came.
        at: of the revisions that were asked for and have a record.
        counts: by revision, then by package: how many came and went.
        newest: hash of the newest record of which anything compiled; empty if there is none.
        files: by revision the files that ``at`` tells of; of the newest revision it tells of all.
    """

    lives: tuple[SiteLife, ...]
    at: Mapping[str, RevisionSites]
    counts: Mapping[str, Mapping[str, EscapeCounts]]
    newest: str
    files: Mapping[str, frozenset[str]] = field(default_factory=dict)


def follow_sites(
    history: History, wanted: Mapping[str, Collection[str]] | None = None
) -> SiteHistory:
    """Follow every site through a history.

    ``wanted`` has by hash of a revision the files whose lines are to be told. Of the newest
    revision all are.
    """
    follower = SiteFollower(history)
    for record in history.records:
        followed = follower.follow(record)
        follower.take(record, followed)
        if wanted is not None and followed and (files := wanted.get(record.revision.hash)):
            follower.look(files)
    return follower.finish()


class SiteFollower:
    """Follows every site through a history, record by record, oldest first.

    Each record is given to :meth:`follow` and then to :meth:`take`; what is asked of the record
    before, after the one and before the other.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._intervals, self._costs = SiteIntervals(history), LineCosts(history)
        self._counts: dict[str, Mapping[str, EscapeCounts]] = {}
        self._looks: dict[str, list[_Look]] = {}
        self._looked: dict[str, frozenset[str]] = {}
        self._newest: Record | None = None
        self.parts: Parts = {}  # code of the newest record, by package
        self._files: dict[str, tuple[CodePart, frozenset[str]]] = {}
        # Records of which nothing compiled, since the newest that did.
        self._silent: list[Record] = []

    def __getstate__(self) -> dict[str, Any]:
        """All but the looks at single revisions."""
        return {**self.__dict__, "_looks": {}, "_looked": {}, "_files": {}}

    @property
    def newest(self) -> str:
        """Hash of the last record that was taken and of which anything compiled, or empty."""
        return self._newest.revision.hash if self._newest else ""

    def follow(self, record: Record) -> Followed | None:
        """The sites of the next record matched with those before; ``None`` if it says nothing."""
        return self._intervals.follow(record)

    def take(self, record: Record, followed: Followed | None) -> None:
        """Go on to the record that was followed."""
        revision = record.revision.hash
        if followed is None:
            self._counts[revision] = {}
            self._silent.append(record)
            return
        for silent in self._silent:
            self._costs.add(silent)
        self._silent.clear()
        self._counts[revision] = counts_by_package(*self._intervals.take(record, followed))
        self._costs.add(record)
        self._newest, self.parts = record, self._intervals.parts
        for told in record.executions:
            part = self.parts.get(told.package)
            for site in part.escapes if part is not None else ():
                interval = self._intervals.of(site) if site.position == told.position else None
                if interval is not None:
                    interval.execution = told.execution

    def look(self, files: Collection[str] | None) -> None:
        """Keep what is known of some files of the newest record, or of all."""
        if self._newest is None:
            return
        chosen, parts = None, self.parts
        if files is not None:
            before = self._looked.get(self.newest, frozenset())
            chosen = frozenset(files) - before
            if not chosen:
                return
            parts = {p: c for p, c in parts.items() if not chosen.isdisjoint(self._named(p, c))}
            self._looked[self.newest] = before | chosen
        look = _look(self._newest, parts, self._intervals, self._costs, chosen)
        self._looks.setdefault(self.newest, []).append(look)

    def _named(self, package: str, part: CodePart) -> frozenset[str]:
        """The files that the compiler has something to say of, of a package."""
        known = self._files.get(package)
        if known is None or known[0] is not part:
            places = [
                *(s.position for s in part.escapes),
                *(d.position for d in part.inlining),
                *(c.position for c in part.inlining_calls),
            ]
            known = self._files[package] = (part, frozenset(p.file for p in places))
        return known[1]

    def finish(self) -> SiteHistory:
        """The sites of the history, of the newest record with all files."""
        self._looks.pop(self.newest, None)
        self.look(None)
        lives = _lives(self._history, self._intervals)
        life_of = {id(interval): life for life in lives for interval in life.intervals}

        def told(look: _Look) -> RevisionSites:
            known, found = look
            return replace(known, sites=tuple((s, life_of[id(i)]) for s, i in found))

        at = {revision: _joined([*map(told, looks)]) for revision, looks in self._looks.items()}
        return SiteHistory(lives, at, self._counts, self.newest, self._looked)


def _joined(told: Sequence[RevisionSites]) -> RevisionSites:
    """Several looks at one revision, each at other files, as one."""
    if len(told) == 1:
        return told[0]
    return replace(
        told[0],
        sites=tuple(sorted((s for t in told for s in t.sites), key=lambda pair: _order(pair[0]))),
        costs={place: costs for t in told for place, costs in t.costs.items()},
        inlining=tuple(d for t in told for d in t.inlining),
        calls=tuple(c for t in told for c in t.calls),
        reach={site: cost for t in told for site, cost in t.reach.items()},
        changed={file: revision for t in told for file, revision in t.changed.items()},
    )


# What is known of a revision but its sites, and these with the intervals that they are in.
_Look: TypeAlias = tuple[RevisionSites, Sequence[tuple[EscapeSite, Interval]]]


def _look(
    record: Record,
    code: Parts,
    intervals: SiteIntervals,
    costs: LineCosts,
    files: frozenset[str] | None,
) -> _Look:
    """The state of some files, or of all."""

    def shown(item: EscapeSite | InliningDecision | InliningCall) -> bool:
        place = item.position
        return place.file in files if files is not None else not place.generated

    parts = code.values()
    found = [
        (s, interval)
        for part in parts
        for s in part.escapes
        if not s.test and shown(s) and (interval := intervals.of(s)) is not None
    ]
    found.sort(key=lambda pair: _order(pair[0]))
    packages = {s.package for s, _ in found}
    lines, changed = costs.at(files)
    known = RevisionSites(
        revision=record.revision.hash,
        sites=(),
        costs=lines,
        inlining=tuple(d for p in parts for d in p.inlining if shown(d)),
        calls=tuple(c for p in parts for c in p.inlining_calls if shown(c)),
        reach=_reach(
            record.with_parts([p for name, p in code.items() if name in packages]),
            [s for s, _ in found],
            {id(s): i.execution for s, i in found if i.execution is not None},
            lines,
        ),
        changed=changed,
        since=costs.since,
    )
    return known, found


def _lives(history: History, intervals: SiteIntervals) -> tuple[SiteLife, ...]:
    """The intervals of each site: one that went may come back in the same function."""
    ended: dict[tuple[str, str, str], list[SiteLife]] = {}
    lives: list[SiteLife] = []
    for interval in intervals.all:
        site = interval.site
        key = (site.package, normal_function(site.function), normal_message(site.message))
        start = history.position(interval.first)
        waiting = ended.setdefault(key, [])
        life = next(
            (
                life
                for life in reversed(waiting)
                if life.since.ended and history.position(life.since.ended) <= start
            ),
            None,
        )
        if life is None:
            life = SiteLife(site, [], live=False)
            lives.append(life)
            waiting.append(life)
        life.intervals.append(interval)
        life.site, life.live = site, intervals.live(interval)
    return tuple(lives)


def _order(site: EscapeSite) -> tuple[str, int, int, str, str]:
    where = site.position
    return where.file, where.line, where.column, site.package, site.message


def _reach(
    record: Record,
    sites: Sequence[EscapeSite],
    executions: Mapping[int, Execution],
    costs: Mapping[Place, Sequence[LineCost]],
) -> dict[int, SiteCost]:
    """Costs of sites, by the record and by those of earlier ones that still hold."""
    found = {}
    accounted = {
        place for place, here in costs.items() if any(not c.via and c.allocs > 0 for c in here)
    }
    for site, cost in zip(sites, costs_of(record, sites), strict=True):
        known = (site.position.file, site.position.line) in accounted
        if cost.reach is None or (known and cost.reach is not Reach.ALLOCATES):
            reach = reach_of(cost.allocates, known, executions.get(id(site))) or cost.reach
            cost = cost if reach is cost.reach else SiteCost(cost.allocates, reach)
        found[id(site)] = cost
    return found


_Item = TypeVar("_Item")


def grouped(items: Iterable[_Item], key: Callable[[_Item], str]) -> dict[str, list[_Item]]:
    """Items by a key, in their order."""
    found: dict[str, list[_Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found
