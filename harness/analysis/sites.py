"""Escape sites and what benchmarks allocate, line by line, at chosen revisions of a history. Pure.

Both move with the lines of the source: a site is followed by its identity, the line of an account
by the hunks of the recorded diffs. Records are taken one by one, oldest first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.analysis.correlation import EscapeCounts
from harness.analysis.costs import Reach, SiteCost, reach_of, site_costs
from harness.analysis.history import History
from harness.analysis.series import anything_compiled
from harness.analysis.spells import Spell, Spells
from harness.diagnostics.identity import LineMap
from harness.diagnostics.normal import normal_function, normal_message
from harness.model import (
    ALLOCS,
    EscapeSite,
    Execution,
    InliningCall,
    InliningDecision,
    Measurement,
    Record,
)

Place = tuple[str, int]


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


@dataclass(frozen=True, slots=True)
class LineCost:
    """What a benchmark allocates on a line.

    Attributes:
        package: import path.
        benchmark: full name.
        function: of the line, in the compiler's words.
        via: the library function that the line calls and that allocates, or empty.
        allocs: allocations per operation.
        bytes: bytes per operation.
        revision: hash of the revision that was profiled; the benchmark's allocs/op and the line
            are since unchanged.
    """

    package: str
    benchmark: str
    function: str
    via: str
    allocs: float
    bytes: float
    revision: str


@dataclass(frozen=True, slots=True)
class RevisionSites:
    """The source of one revision as far as it is about the heap.

    Attributes:
        revision: hash.
        sites: every escape site outside of tests, with its life; in the order of the source.
        costs: what benchmarks allocate, by file and line; the most allocations first.
        inlining: which functions can be inlined.
        calls: which calls were.
        reach: what each site costs, as far as it is known.
        changed: by file, hash of the recorded revision that changed it last; a file that is not
            there has not changed since the first one.
    """

    revision: str
    sites: tuple[tuple[EscapeSite, SiteLife], ...]
    costs: Mapping[Place, tuple[LineCost, ...]]
    inlining: tuple[InliningDecision, ...]
    calls: tuple[InliningCall, ...]
    reach: Mapping[EscapeSite, SiteCost]
    changed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SiteHistory:
    """Every escape site of a history.

    Attributes:
        lives: every site that ever was, in the order in which they came.
        at: of the revisions that were asked for and have a record.
        counts: by revision, then by package: how many came and went.
        newest: hash of the newest record of which anything compiled; empty if there is none.
    """

    lives: tuple[SiteLife, ...]
    at: Mapping[str, RevisionSites]
    counts: Mapping[str, Mapping[str, EscapeCounts]]
    newest: str


def follow_sites(history: History, wanted: Collection[str] = ()) -> SiteHistory:
    """Follow every site through a history.

    Args:
        history: the records.
        wanted: hashes of revisions whose lines are to be told; the newest one always is.
    """
    newest = next((r.revision.hash for r in reversed(history.records) if anything_compiled(r)), "")
    chosen = {*wanted, newest}
    spells, costs = Spells(history), _Costs(history)
    counts: dict[str, dict[str, EscapeCounts]] = {}
    # Looked up once, when the site was new.
    executions: dict[int, Execution] = {}
    seen: dict[str, tuple[Record, list[tuple[EscapeSite, Spell]], _Snapshot]] = {}
    for record in history.records:
        counts[record.revision.hash] = spells.count(record)
        costs.add(record)
        told = {(e.package, e.position): e.execution for e in record.executions}
        for site in record.code_escapes() if told else ():
            spell, execution = spells.of(site), told.get((site.package, site.position))
            if spell is not None and execution is not None:
                executions[id(spell)] = execution
        if record.revision.hash in chosen:
            found = [(s, spells.of(s)) for s in record.code_escapes()]
            known = [(s, spell) for s, spell in found if spell is not None]
            seen[record.revision.hash] = (record, known, costs.snapshot())
    lives = _lives(history, spells)
    life_of = {id(spell): life for life in lives for spell in life.spells}
    return SiteHistory(
        lives,
        {
            revision: _sites(
                record,
                [(s, life_of[id(spell)]) for s, spell in found],
                {s: executions[id(spell)] for s, spell in found if id(spell) in executions},
                snapshot,
            )
            for revision, (record, found, snapshot) in seen.items()
        },
        counts,
        newest,
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


@dataclass(frozen=True, slots=True)
class _Snapshot:
    costs: dict[Place, tuple[LineCost, ...]]
    changed: dict[str, str]


def _sites(
    record: Record,
    sites: Iterable[tuple[EscapeSite, SiteLife]],
    executions: Mapping[EscapeSite, Execution],
    snapshot: _Snapshot,
) -> RevisionSites:
    ordered = sorted(sites, key=lambda pair: (pair[0].position, pair[0].package, pair[0].message))
    return RevisionSites(
        revision=record.revision.hash,
        sites=tuple(ordered),
        costs=snapshot.costs,
        inlining=tuple(d for d in record.inlining if not d.position.generated),
        calls=tuple(c for c in record.inlining_calls if not c.position.generated),
        reach=_reach(record, [s for s, _ in ordered], executions, snapshot.costs),
        changed=snapshot.changed,
    )


def _reach(
    record: Record,
    sites: Sequence[EscapeSite],
    executions: Mapping[EscapeSite, Execution],
    costs: Mapping[Place, Sequence[LineCost]],
) -> dict[EscapeSite, SiteCost]:
    """What the sites cost, by the record and by what earlier ones say that still holds."""
    found = site_costs(record, sites)
    for site, cost in found.items():
        here = costs.get((site.position.file, site.position.line), ())
        accounted = any(not c.via and c.allocs > 0 for c in here)
        if cost.reach is None or (accounted and cost.reach is not Reach.ALLOCATES):
            reach = reach_of(cost.allocates, accounted, executions.get(site))
            found[site] = replace(cost, reach=reach or cost.reach)
    return found


@dataclass(slots=True)
class _Costs:
    """What each benchmark allocates by line, kept up to date from record to record."""

    history: History
    _previous: str = ""
    _changed: dict[str, str] = field(default_factory=dict)
    _lines: dict[str, dict[int, list[LineCost]]] = field(default_factory=dict)
    # Value of allocs/op that the account of a benchmark is of.
    _values: dict[tuple[str, str], float] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take the next record, oldest first."""
        self._move(record)
        self._previous = record.revision.hash
        stale = {
            (package, result.name)
            for package, result in record.benchmarks()
            if not self._stands(package, result.name, result.measurement(ALLOCS))
        }
        new = {(a.package, a.benchmark) for a in record.accounts}
        self._drop(stale | new)
        numbers = {
            (package, result.name): measured.value
            for package, result in record.benchmarks()
            if (measured := result.measurement(ALLOCS)) is not None
        }
        for account in record.accounts:
            key = (account.package, account.benchmark)
            self._values[key] = numbers.get(key, account.allocs)
            for site in account.sites:
                self._lines.setdefault(site.file, {}).setdefault(site.line, []).append(
                    LineCost(
                        *key,
                        site.function,
                        site.via,
                        site.allocs,
                        site.bytes,
                        record.revision.hash,
                    )
                )

    def snapshot(self) -> _Snapshot:
        """What is known now."""
        return _Snapshot(
            {
                (file, line): tuple(
                    sorted(costs, key=lambda c: (-c.allocs, -c.bytes, c.package, c.benchmark))
                )
                for file, lines in self._lines.items()
                for line, costs in lines.items()
                if costs
            },
            dict(self._changed),
        )

    def _stands(self, package: str, name: str, measured: Measurement | None) -> bool:
        value = self._values.get((package, name))
        return value is None or (measured is not None and measured.low <= value <= measured.high)

    def _drop(self, benchmarks: Collection[tuple[str, str]]) -> None:
        if not benchmarks:
            return
        for lines in self._lines.values():
            for line, costs in lines.items():
                lines[line] = [c for c in costs if (c.package, c.benchmark) not in benchmarks]

    def _move(self, record: Record) -> None:
        """Put every line where the commit put it; forget what it changed."""
        if not self._previous:
            return
        way = self.history.diffs(self._previous, record.revision.hash)
        if way is None:
            # Nobody knows what changed in between.
            self._lines, self._values, self._changed = {}, {}, {}
            return
        for diff in way:
            moves = LineMap(diff)
            gone = {c.old: self._lines.pop(c.old, {}) for c in diff.files if c.old is not None}
            for file, lines in gone.items():
                for line, costs in lines.items():
                    place = moves.new_line(file, line)
                    if place is not None:
                        target = self._lines.setdefault(place[0], {})
                        target.setdefault(place[1], []).extend(costs)
            for change in diff.files:
                if change.old is not None:
                    self._changed.pop(change.old, None)
            for change in diff.files:
                if change.new is not None:
                    self._changed[change.new] = record.revision.hash


def files_of(sites: RevisionSites) -> Sequence[str]:
    """The files with an escape site, in their order."""
    return sorted({s.position.file for s, _ in sites.sites})
