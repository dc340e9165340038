"""The account of every revision of a history: its state, its steps, its escapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from harness.analysis.causes.attribution import Attribution
from harness.analysis.causes.explain import explain_steps
from harness.analysis.compare.code import CodeDiff, diff_code
from harness.analysis.compare.comparison import Direction
from harness.analysis.compare.escapes import EscapeDiff, Followed, followed_escapes
from harness.analysis.history.history import History
from harness.analysis.series.code import PackageCounts
from harness.analysis.series.series import Series, Slot, benchmark_series, slots
from harness.analysis.series.sites import SiteFollower, SiteHistory, SitesCheckpoint
from harness.analysis.series.steps import Step, recorded_units, steps
from harness.analysis.verdict.findings import Finding, findings
from harness.model import ALLOCS, Outcome, PackageOutcome, Record


class RevisionState(StrEnum):
    """What a person calls the outcome of a revision."""

    MEASURED = "measured"
    CARRIED = "carried"  # nothing ran: every package is as it was in a measured revision
    PARTIAL = "partial"  # not everything could be measured
    BROKEN = "broken"  # something to measure does not compile
    NO_BENCHMARKS = "no benchmarks"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class RevisionSummary:
    """One place of the history.

    Attributes:
        slot: the revision, or the run of revisions without a record.
        state: see :class:`RevisionState`.
        base: the earlier record that it is compared with, ``None`` if there is none.
        steps: steps of every unit that are first seen here.
        escapes: new and gone escape sites, ``None`` without a base or where nothing compiled.
        added: benchmarks that the base does not have, as ``(package, name)``.
        removed: benchmarks that only the base has.
        attributions: of the steps of allocs/op and B/op, as far as there are accounts.
        code: how the compiled functions differ from those of the base.
        sites: how many escape sites there are in code, and in test files and generated code.
    """

    slot: Slot
    state: RevisionState
    base: Record | None = None
    steps: tuple[Step, ...] = ()
    escapes: EscapeDiff | None = None
    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    attributions: Mapping[Step, Attribution] = field(default_factory=dict)
    code: CodeDiff = field(default_factory=CodeDiff)
    sites: tuple[int, int] = (0, 0)

    @property
    def regressions(self) -> int:
        """How many benchmarks allocate more often than before."""
        return self._count(Direction.REGRESSION)

    @property
    def improvements(self) -> int:
        """How many benchmarks allocate less often than before."""
        return self._count(Direction.IMPROVEMENT)

    def _count(self, direction: Direction) -> int:
        return sum(s.unit == ALLOCS and s.direction is direction for s in self.steps)


@dataclass(frozen=True)
class Summary:
    """Everything that the outputs tell of one history.

    Attributes:
        history: the records.
        revisions: one entry per slot, oldest first.
        series: of every benchmark, see :func:`harness.analysis.series.series.benchmark_series`.
        findings: most important first.
        sites: every escape site, and the lines of the files that were watched.
        packages: series of the compiler's units, of `series.code.package_series`.
    """

    history: History
    revisions: tuple[RevisionSummary, ...]
    series: dict[tuple[str, str], tuple[Series, ...]]
    findings: tuple[Finding, ...]
    sites: SiteHistory
    packages: Mapping[str, tuple[Series, ...]] = field(default_factory=dict)

    @cached_property
    def recorded(self) -> tuple[RevisionSummary, ...]:
        """The revisions that have a record, oldest first."""
        return tuple(r for r in self.revisions if r.slot.record is not None)

    @cached_property
    def newest(self) -> RevisionSummary | None:
        """The newest revision that has a record."""
        return next((r for r in reversed(self.revisions) if r.slot.record is not None), None)

    @property
    def unmeasured(self) -> int:
        """How many revisions have no record."""
        return sum(len(r.slot.hashes) for r in self.revisions if r.slot.record is None)

    @property
    def pending(self) -> int:
        """How many revisions are newer than the newest record."""
        last = self.revisions[-1] if self.revisions else None
        return len(last.slot.hashes) if last is not None and last.slot.record is None else 0

    def count(self, state: RevisionState) -> int:
        """How many recorded revisions are in a state."""
        return sum(r.state is state for r in self.recorded)


Watch = Callable[[RevisionSummary], Iterable[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was made of the older part of a history, so that only the rest is gone through.

    Attributes:
        revisions: the places up to there.
        counts: of the packages' code.
        sites: where the sites are followed from.
    """

    revisions: tuple[RevisionSummary, ...]
    counts: PackageCounts
    sites: SitesCheckpoint

    def fits(self, places: Sequence[Slot]) -> bool:
        """Whether a history begins with the very records that this was made of."""
        return len(self.revisions) <= len(places) and all(
            known.slot.hashes == place.hashes and known.slot.record is place.record
            for known, place in zip(self.revisions, places, strict=False)
        )


def summarise(history: History) -> Summary:
    """Everything that the outputs tell of one history, in one pass over its records."""
    return Pass(history).summary()


class Pass:
    """One pass over a history's records, oldest first.

    Args:
        history: the records.
        watch: which source files are wanted when a revision has been summarised, as ``(revision,
            file)``: of this revision or of the one before. What is wanted of others is passed over.
        checkpoint: of an earlier pass over the same history; where it does not fit it is not used.
            Of the revisions before it nothing is wanted.

    Attributes:
        resumed: whether the checkpoint was used.
        fresh: how many records were gone through.
    """

    def __init__(
        self, history: History, watch: Watch | None = None, checkpoint: Checkpoint | None = None
    ) -> None:
        self._history = history
        self._watch = watch
        self._steps: dict[str, list[Step]] = {}
        for unit in recorded_units(history):
            for step in steps(history, unit):
                self._steps.setdefault(step.revision, []).append(step)
        places = slots(history)
        self._revisions: list[RevisionSummary] = []
        self.resumed = checkpoint is not None and checkpoint.fits(places)
        if checkpoint is not None and self.resumed:
            self._revisions += [self._again(known) for known in checkpoint.revisions]
            self._counts = checkpoint.counts.resumed(history)
            self._sites = SiteFollower.resumed(history, checkpoint.sites)
        else:
            self._counts, self._sites = PackageCounts(history), SiteFollower(history)
        rest = places[len(self._revisions) :]
        self.fresh = sum(slot.record is not None for slot in rest)
        for slot in rest:
            self._take(slot)

    def _own(self, slot: Slot) -> tuple[Step, ...]:
        return tuple(self._steps.get(slot.revision, ()))

    def _again(self, known: RevisionSummary) -> RevisionSummary:
        """A summary of an earlier pass with the steps as they are now.

        Later records may repair a step, or tell a change of the level from noise.
        """
        own = self._own(known.slot)
        if own == known.steps:
            return known
        if known.escapes is None:
            return replace(known, steps=own)
        before = {_place(step): a for step, a in known.attributions.items()}
        new = [s for s in own if _place(s) not in before]
        explained = explain_steps(self._history, known.slot.revision, new)
        explained |= {s: before[_place(s)] for s in own if _place(s) in before}
        return replace(
            known, steps=own, attributions={s: explained[s] for s in own if s in explained}
        )

    def _take(self, slot: Slot) -> None:
        self._counts.add(slot)
        if slot.record is None:
            self._revisions.append(RevisionSummary(slot, RevisionState.NOT_MEASURED))
            return
        sites, record = self._sites, slot.record
        followed = sites.follow(record)
        summary = _summarise(record, slot, self._own(slot), self._history, followed, sites.newest)
        self._revisions.append(summary)
        wanted: dict[str, set[str]] = {}
        for revision, file in self._watch(summary) if self._watch is not None else ():
            wanted.setdefault(revision, set()).add(file)
        base = sites.newest
        if base in wanted:
            sites.look(wanted[base])
        sites.take(record, followed)
        if sites.newest in wanted:
            sites.look(wanted[sites.newest])

    def checkpoint(self) -> Checkpoint:
        """What the next pass may go on from, once there are more records."""
        recorded = [i for i, r in enumerate(self._revisions) if r.slot.record is not None]
        places = recorded[-1] + 1 if recorded else 0
        revisions = tuple(self._revisions[:places])
        return Checkpoint(revisions, self._counts.checkpoint(places), self._sites.checkpoint())

    def summary(self) -> Summary:
        """What the pass has found."""
        revisions, history = tuple(self._revisions), self._history
        explained = {step: a for r in revisions for step, a in r.attributions.items()}
        diffs = {
            (r.base.revision.hash, r.slot.revision): r.escapes
            for r in revisions
            if r.base is not None and r.escapes is not None
        }
        return Summary(
            history=history,
            revisions=revisions,
            series=benchmark_series(history),
            findings=findings(history, explained, diffs),
            sites=self._sites.finish(),
            packages=self._counts.series(),
        )


def _place(step: Step) -> Step:
    """A step without what later revisions say of it."""
    return replace(step, p=None, repaired=None)


def revision_state(record: Record) -> RevisionState:
    """What a person calls the outcome of a record."""
    if record.outcome is Outcome.BROKEN:
        return RevisionState.BROKEN
    if record.outcome is Outcome.PARTIAL:
        return RevisionState.PARTIAL
    if record.outcome is Outcome.NO_BENCHMARKS:
        return RevisionState.NO_BENCHMARKS
    outcomes = {p.outcome for p in record.packages if p.benchmarks}
    return RevisionState.CARRIED if outcomes == {PackageOutcome.CARRIED} else RevisionState.MEASURED


def broken_packages(record: Record) -> tuple[str, ...]:
    """Packages of a record that do not build."""
    return tuple(p.path for p in record.packages if p.outcome is PackageOutcome.BUILD_FAILED)


def _summarise(
    record: Record,
    slot: Slot,
    own: tuple[Step, ...],
    history: History,
    followed: Followed | None,
    newest: str,
) -> RevisionSummary:
    """One record, compared with the ``newest`` earlier one of which anything compiled."""
    base = history.by_hash[newest] if newest else None
    state = revision_state(record)
    if base is None or followed is None:
        return RevisionSummary(slot, state, base, own, sites=history.sites(slot.revision))
    pair = history.pair(newest, slot.revision)
    return RevisionSummary(
        slot=slot,
        state=state,
        base=base,
        steps=own,
        escapes=followed_escapes(history, followed, newest, slot.revision),
        added=_only_in(record, base),
        removed=_only_in(base, record),
        attributions=explain_steps(history, slot.revision, own),
        code=diff_code(pair.base, pair.head),
        sites=history.sites(slot.revision),
    )


def _only_in(record: Record, other: Record) -> tuple[tuple[str, str], ...]:
    """Benchmarks of a record that another does not have, though it could have measured them."""
    silent = {
        p.path
        for p in other.packages
        if p.failures or p.outcome in (PackageOutcome.BUILD_FAILED, PackageOutcome.NOT_SELECTED)
    }
    if other.settings.bench != record.settings.bench:
        return ()
    known = {(package, b.name) for package, b in other.benchmarks()}
    return tuple(
        (package, b.name)
        for package, b in record.benchmarks()
        if (package, b.name) not in known and package not in silent
    )
