"""The account of every revision of a history: its state, its steps, its escapes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.causes.explain import explain_steps
from harness.analysis.compare.code import CodeDiff, diff_code
from harness.analysis.compare.comparison import Direction
from harness.analysis.compare.escapes import EscapeDiff, followed_escapes
from harness.analysis.history.history import History, Parts
from harness.analysis.series.code import PackageCounts
from harness.analysis.series.series import Series, Slot, benchmark_series, slots
from harness.analysis.series.sites import SiteFollower, SiteHistory
from harness.analysis.series.steps import Step, recorded_units, steps
from harness.analysis.verdict.findings import Finding, findings
from harness.model import ALLOCS, BYTES, Outcome, PackageOutcome, Record


class RevisionState(StrEnum):
    """Outcome of a revision, in a word."""

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
        base: the earlier record that it is compared with.
        steps: steps of every unit that are first seen here.
        escapes: ``None`` without a base or where nothing compiled.
        added, removed: benchmarks, ``(package, name)``, that the base does not have or alone has.
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
        """The number of benchmarks that allocate more often than before."""
        return self._count(Direction.REGRESSION)

    @property
    def improvements(self) -> int:
        """The number of benchmarks that allocate less often than before."""
        return self._count(Direction.IMPROVEMENT)

    def _count(self, direction: Direction) -> int:
        return sum(s.unit == ALLOCS and s.direction is direction for s in self.steps)


@dataclass(frozen=True)
class Summary:
    """Everything that the outputs tell of one history.

    Attributes:
        revisions: one entry per slot, oldest first.
        series: of every benchmark, see :func:`harness.analysis.series.series.benchmark_series`.
        findings: most important first.
        sites: every escape site, and the lines of the files of :func:`files_behind`.
        packages: series of the compiler's units, see `series.code.PackageCounts`.
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
        """The number of revisions without a record."""
        return sum(len(r.slot.hashes) for r in self.revisions if r.slot.record is None)

    @property
    def pending(self) -> int:
        """The number of revisions that are newer than the newest record."""
        last = self.revisions[-1] if self.revisions else None
        return len(last.slot.hashes) if last is not None and last.slot.record is None else 0

    def count(self, state: RevisionState) -> int:
        """The number of recorded revisions in a state."""
        return sum(r.state is state for r in self.recorded)


def summarise(history: History) -> Summary:
    """Summarise a history in one pass over its records, oldest first."""
    return Pass(history).summary()


class Pass:
    """A pass over the records of a history, oldest first.

    It can be pickled, by :mod:`harness.analysis.verdict.resume`, and go on when there are more
    records: the followers hold what the newest record is compared with.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.revisions: list[RevisionSummary] = []  # up to the newest record
        self._counts, self._sites = PackageCounts(history), SiteFollower(history)

    @property
    def newest(self) -> str:
        """Hash of the newest record of which anything compiled, or empty."""
        return self._sites.newest

    @property
    def code(self) -> Parts:
        """The code of :attr:`newest` by package, as the very objects that are compared next."""
        return self._sites.parts

    @property
    def fresh(self) -> int:
        """The number of records that the pass has not read yet."""
        return len(self.history.records) - sum(r.slot.record is not None for r in self.revisions)

    def summary(self) -> Summary:
        """Go on to the end of the history."""
        steps_at: dict[str, list[Step]] = {}
        for step in (s for unit in recorded_units(self.history) for s in steps(self.history, unit)):
            steps_at.setdefault(step.revision, []).append(step)
        for at, known in enumerate(self.revisions):
            own = tuple(steps_at.get(known.slot.revision, ()))
            self.revisions[at] = _with_steps(self.history, known, own)
        places = slots(self.history)
        # What is newer than the newest record may have one in the next pass.
        pending = [
            RevisionSummary(s, RevisionState.NOT_MEASURED) for s in places[-1:] if not s.record
        ]
        for slot in places[len(self.revisions) : len(places) - len(pending)]:
            self._take(slot, tuple(steps_at.get(slot.revision, ())))
        revisions = (*self.revisions, *pending)
        return Summary(
            history=self.history,
            revisions=revisions,
            series=benchmark_series(self.history),
            findings=findings(
                self.history,
                {step: a for r in revisions for step, a in r.attributions.items()},
                {
                    (r.base.revision.hash, r.slot.revision): r.escapes
                    for r in revisions
                    if r.base is not None and r.escapes is not None
                },
            ),
            sites=self._sites.finish(),
            packages=self._counts.series(len(pending)),
        )

    def _take(self, slot: Slot, steps: tuple[Step, ...]) -> None:
        history, sites, record = self.history, self._sites, slot.record
        self._counts.add(slot)
        if record is None:
            self.revisions.append(RevisionSummary(slot, RevisionState.NOT_MEASURED))
            return
        followed, newest, head = sites.follow(record), sites.newest, slot.revision
        # Compared with the newest earlier record of which anything compiled.
        base = history.by_hash[newest] if newest else None
        counts = history.sites(head)
        summary = RevisionSummary(slot, revision_state(record), base, steps, sites=counts)
        if base is not None and followed is not None:
            summary = replace(
                summary,
                escapes=followed_escapes(history, followed, newest, head),
                added=_only_in(record, base),
                removed=_only_in(base, record),
                attributions=explain_steps(history, steps),
                code=diff_code(*history.pair(newest, head)),
            )
        self.revisions.append(summary)
        wanted: dict[str, set[str]] = {}
        for revision, file in files_behind(summary):
            wanted.setdefault(revision, set()).add(file)
        sites.look(wanted.get(sites.newest, ()))
        sites.take(record, followed)
        sites.look(wanted.get(sites.newest, ()))


def _with_steps(
    history: History, known: RevisionSummary, steps: tuple[Step, ...]
) -> RevisionSummary:
    """A summary with the steps as they are now: later records repair one, or show it as noise."""
    if steps == known.steps or known.escapes is None:
        return known if steps == known.steps else replace(known, steps=steps)
    before = {_place(step): a for step, a in known.attributions.items()}
    new = [s for s in steps if _place(s) not in before]
    explained = explain_steps(history, new)
    explained |= {s: before[_place(s)] for s in steps if _place(s) in before}
    return replace(
        known, steps=steps, attributions={s: explained[s] for s in steps if s in explained}
    )


def _place(step: Step) -> Step:
    """A step without what later revisions say of it."""
    return replace(step, p=None, repaired=None)


def files_behind(summary: RevisionSummary) -> Iterator[tuple[str, str]]:
    """List the files behind the steps of a revision, as ``(revision, file)``.

    They are those of the causes, and of the escapes that came or went in the same commit.
    """
    head = summary.slot.revision
    for step, attribution in summary.attributions.items():
        for cause in attribution.causes:
            yield cause_place(cause, step)
    counted = any(s.unit in (ALLOCS, BYTES) for s in summary.steps)
    if counted and summary.escapes is not None and summary.base is not None:
        for site in summary.escapes.new:
            yield head, site.position.file
        for site in summary.escapes.gone:
            yield summary.base.revision.hash, site.position.file


def cause_place(cause: Cause, step: Step) -> tuple[str, str]:
    """Revision and file of a cause of a step."""
    return (step.previous if cause.at_base else step.revision), cause.file


def revision_state(record: Record) -> RevisionState:
    """Outcome of a record, in a word."""
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
