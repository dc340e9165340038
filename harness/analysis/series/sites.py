"""Escape sites and what benchmarks allocate, line by line, at chosen revisions of a history. Pure.

Both move with the lines of the source: a site is followed by its identity, the line of an account
by the hunks of the recorded diffs. Records are taken one by one, oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from harness.analysis.compare.costs import UNKNOWN, Reach, SiteCost, costs_of, reach_of, site_cost
from harness.analysis.compare.escapes import EscapeCounts, Followed
from harness.analysis.history.history import History, Parts
from harness.analysis.series.linecosts import CostsCheckpoint, LineCost, LineCosts, Place
from harness.analysis.series.spells import Spell, Spells, SpellsCheckpoint, counts_by_package
from harness.diagnostics.normal import normal_function, normal_message
from harness.model import (
    CodePart,
    EscapeSite,
    Execution,
    InliningCall,
    InliningDecision,
    Record,
)


@dataclass(slots=True)
class SiteLife:
    """An escape site over the history.

    Attributes:
        site: as it was last seen.
        spells: from when to when it was there, oldest first; more than one if it came back.
        stands: whether the newest record has it.
    """

    site: EscapeSite
    spells: list[Spell]
    stands: bool

    @property
    def since(self) -> Spell:
        """The last of the spells."""
        return self.spells[-1]


@dataclass(frozen=True)
class RevisionSites:
    """The source of one revision, or some files of it, as far as it is about the heap.

    Attributes:
        revision: hash.
        sites: every escape site outside of tests, with its life; in the order of the source.
        costs: what benchmarks allocate, by file and line; the most allocations first.
        inlining: which functions can be inlined.
        calls: which calls were.
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
        """What is known of the cost of one of the very sites of ``sites``."""
        return self.reach.get(id(site), UNKNOWN)

    @cached_property
    def by_file(self) -> Mapping[str, Sequence[tuple[EscapeSite, SiteLife]]]:
        """The sites by their file."""
        return grouped(self.sites, lambda pair: pair[0].position.file)

    @cached_property
    def costs_by_file(self) -> Mapping[str, Mapping[int, tuple[LineCost, ...]]]:
        """What benchmarks allocate, by file and then by line."""
        found: dict[str, dict[int, tuple[LineCost, ...]]] = {}
        for (file, line), costs in self.costs.items():
            found.setdefault(file, {})[line] = costs
        return found

    @cached_property
    def inlining_by_file(self) -> Mapping[str, Sequence[InliningDecision]]:
        """Which functions can be inlined, by their file."""
        return grouped(self.inlining, lambda d: d.position.file)

    @cached_property
    def calls_by_file(self) -> Mapping[str, Sequence[InliningCall]]:
        """Which calls were, by their file."""
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

    Args:
        history: the records.
        wanted: by hash of a revision the files whose lines are to be told. Of the newest revision
            all are.
    """
    follower = SiteFollower(history)
    for record in history.records:
        followed = follower.follow(record)
        follower.take(record, followed)
        if wanted is not None and followed and (files := wanted.get(record.revision.hash)):
            follower.look(files)
    return follower.finish()


@dataclass(frozen=True, slots=True)
class SitesCheckpoint:
    """Where a :class:`SiteFollower` has come to; what it was asked to keep is not there.

    Attributes:
        newest: hash of the newest record of which anything compiled.
        silent: hashes of those since then.
        counts: as :class:`SiteHistory` has them.
        executions: by the number of the spell.
        spells, costs: theirs.
    """

    newest: str
    silent: tuple[str, ...]
    counts: Mapping[str, Mapping[str, EscapeCounts]]
    executions: Mapping[int, Execution]
    spells: SpellsCheckpoint
    costs: CostsCheckpoint


class SiteFollower:
    """Follows every site through a history, record by record, oldest first.

    Each record is given to :meth:`follow` and then to :meth:`take`; what is asked of the record
    before, after the one and before the other.

    Args:
        history: the records that follow.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._spells, self._costs = Spells(history), LineCosts(history)
        self._counts: dict[str, Mapping[str, EscapeCounts]] = {}
        # By spell; looked up once, when the site was new.
        self._executions: dict[int, Execution] = {}
        self._seen: dict[str, list[_Seen]] = {}
        self._looked: dict[str, frozenset[str]] = {}
        self._newest: Record | None = None
        self._parts: Parts = {}
        self._files: dict[str, tuple[CodePart, frozenset[str]]] = {}
        # Records of which nothing compiled, since the newest that did.
        self._silent: list[Record] = []

    def checkpoint(self) -> SitesCheckpoint:
        """What :meth:`resumed` goes on from."""
        return SitesCheckpoint(
            self.newest,
            tuple(r.revision.hash for r in self._silent),
            dict(self._counts),
            {
                number: self._executions[id(spell)]
                for number, spell in enumerate(self._spells.every)
                if id(spell) in self._executions
            },
            self._spells.checkpoint(),
            self._costs.checkpoint(),
        )

    @classmethod
    def resumed(cls, history: History, at: SitesCheckpoint) -> SiteFollower:
        """As it was, of a history with the same records up to there."""
        follower = cls(history)
        follower._spells = Spells.resumed(history, at.spells)
        follower._costs = LineCosts.resumed(history, at.costs)
        follower._counts = dict(at.counts)
        every = follower._spells.every
        follower._executions = {id(every[n]): told for n, told in at.executions.items()}
        follower._newest = history.by_hash[at.newest] if at.newest else None
        follower._parts = follower._spells.parts
        follower._silent = [history.by_hash[h] for h in at.silent]
        return follower

    @property
    def newest(self) -> str:
        """Hash of the last record that was taken and of which anything compiled, or empty."""
        return self._newest.revision.hash if self._newest else ""

    def follow(self, record: Record) -> Followed | None:
        """Which site of the next record is which of the one before; ``None`` if it says nothing."""
        return self._spells.follow(record)

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
        self._counts[revision] = counts_by_package(*self._spells.take(record, followed))
        self._costs.add(record)
        self._newest, self._parts = record, self._spells.parts
        for told in record.executions:
            part = self._parts.get(told.package)
            for site in part.escapes if part is not None else ():
                spell = self._spells.of(site) if site.position == told.position else None
                if spell is not None:
                    self._executions[id(spell)] = told.execution

    def look(self, files: Collection[str] | None) -> None:
        """Keep what is known of some files of the newest record, or of all."""
        if self._newest is None:
            return
        chosen, parts = None, self._parts
        if files is not None:
            before = self._looked.get(self.newest, frozenset())
            chosen = frozenset(files) - before
            if not chosen:
                return
            parts = {p: c for p, c in parts.items() if not chosen.isdisjoint(self._named(p, c))}
            self._looked[self.newest] = before | chosen
        look = _look(self._newest, parts, self._spells, self._costs, chosen, self._executions)
        self._seen.setdefault(self.newest, []).append(look)

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
        """What was kept, with all of the newest record."""
        self._seen.pop(self.newest, None)
        self.look(None)
        lives = _lives(self._history, self._spells)
        life_of = {id(spell): life for life in lives for spell in life.spells}

        at = {
            revision: _joined([_sites(look, life_of) for look in looks])
            for revision, looks in self._seen.items()
        }
        return SiteHistory(lives, at, self._counts, self.newest, self._looked)


def _joined(told: Sequence[RevisionSites]) -> RevisionSites:
    """What several looks at one revision have told, each of other files."""
    if len(told) == 1:
        return told[0]
    return RevisionSites(
        revision=told[0].revision,
        sites=tuple(sorted((s for t in told for s in t.sites), key=lambda pair: _order(pair[0]))),
        costs={place: costs for t in told for place, costs in t.costs.items()},
        inlining=tuple(d for t in told for d in t.inlining),
        calls=tuple(c for t in told for c in t.calls),
        reach={site: cost for t in told for site, cost in t.reach.items()},
        changed={file: revision for t in told for file, revision in t.changed.items()},
        since=told[0].since,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a revision when the history has come to it; as :class:`RevisionSites`."""

    revision: str
    found: list[tuple[EscapeSite, Spell]]
    inlining: tuple[InliningDecision, ...]
    calls: tuple[InliningCall, ...]
    reach: dict[int, SiteCost]
    costs: dict[Place, tuple[LineCost, ...]]
    changed: dict[str, str]
    since: str


def _look(
    record: Record,
    code: Parts,
    spells: Spells,
    costs: LineCosts,
    files: frozenset[str] | None,
    executions: Mapping[int, Execution],
) -> _Seen:
    """What is known of some files, or of all."""

    def shown(item: EscapeSite | InliningDecision | InliningCall) -> bool:
        place = item.position
        return place.file in files if files is not None else not place.generated

    parts = code.values()
    found = [
        (s, spell)
        for part in parts
        for s in part.escapes
        if not s.test and shown(s) and (spell := spells.of(s)) is not None
    ]
    found.sort(key=lambda pair: _order(pair[0]))
    packages = {s.package for s, _ in found}
    lines, changed = costs.at(files)
    return _Seen(
        record.revision.hash,
        found,
        tuple(d for p in parts for d in p.inlining if shown(d)),
        tuple(c for p in parts for c in p.inlining_calls if shown(c)),
        _reach(
            record.with_parts([p for name, p in code.items() if name in packages]),
            [s for s, _ in found],
            {id(s): executions[id(spell)] for s, spell in found if id(spell) in executions},
            lines,
        ),
        lines,
        changed,
        costs.since,
    )


def _lives(history: History, spells: Spells) -> tuple[SiteLife, ...]:
    """Spells of one and the same site together: it went, and came back in the same function."""
    ended: dict[tuple[str, str, str], list[SiteLife]] = {}
    lives: list[SiteLife] = []
    for spell in spells.all:
        site = spell.site
        key = (site.package, normal_function(site.function), normal_message(site.message))
        start = history.position(spell.first)
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
            life = SiteLife(site, [], stands=False)
            lives.append(life)
            waiting.append(life)
        life.spells.append(spell)
        life.site, life.stands = site, spells.stands(spell)
    return tuple(lives)


def _sites(look: _Seen, life_of: Mapping[int, SiteLife]) -> RevisionSites:
    return RevisionSites(
        revision=look.revision,
        sites=tuple((s, life_of[id(spell)]) for s, spell in look.found),
        costs=look.costs,
        inlining=look.inlining,
        calls=look.calls,
        reach=look.reach,
        changed=look.changed,
        since=look.since,
    )


def _order(site: EscapeSite) -> tuple[str, int, int, str, str]:
    where = site.position
    return where.file, where.line, where.column, site.package, site.message


def _reach(
    record: Record,
    sites: Sequence[EscapeSite],
    executions: Mapping[int, Execution],
    costs: Mapping[Place, Sequence[LineCost]],
) -> dict[int, SiteCost]:
    """What the sites cost, by the record and by what earlier ones say that still holds."""
    found = {}
    accounted = {place for place, here in costs.items() if any(_allocates(c) for c in here)}
    for site, cost in zip(sites, costs_of(record, sites), strict=True):
        known = (site.position.file, site.position.line) in accounted
        if cost.reach is None or (known and cost.reach is not Reach.ALLOCATES):
            reach = reach_of(cost.allocates, known, executions.get(id(site))) or cost.reach
            cost = cost if reach is cost.reach else site_cost(cost.allocates, reach)
        found[id(site)] = cost
    return found


def _allocates(cost: LineCost) -> bool:
    return not cost.via and cost.allocs > 0


def files_of(sites: RevisionSites) -> Sequence[str]:
    """The files with an escape site, in their order."""
    return sorted(sites.by_file)


_Item = TypeVar("_Item")


def grouped(items: Iterable[_Item], key: Callable[[_Item], str]) -> dict[str, list[_Item]]:
    """Items by a key, in their order."""
    found: dict[str, list[_Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found
