"""The nightly job: measure what is new within a budget, and tell which steps are new.

Everything that it must not forget is in two places: the records, each written before the next
revision begins, and the state, written after a report was delivered. So it can be killed at any
moment: the next run measures what has no record and reports what was not told.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from harness.analysis import History, Step
from harness.analysis.attribution import Attribution
from harness.analysis.explain import explain_steps
from harness.analysis.news import (
    EnvironmentNews,
    News,
    NightlyReport,
    branch_news,
    counted_steps,
    gap_to_fill,
    series_of,
)
from harness.engine.environments import EnvironmentSpec
from harness.engine.session import Session
from harness.engine.walk import account_steps, describe
from harness.errors import (
    EscapeVelocityError,
    MeasurementError,
    RepositoryError,
    StoreError,
    ToolchainError,
)
from harness.model import Record
from harness.model.nightly import EnvironmentState, NightlyState, Reported
from harness.store.nightly import read_state, state_path, write_state

# The time that the next revision may take is told from the last ones.
_REMEMBERED = 3


@dataclass(frozen=True, slots=True)
class NightlySettings:
    """What a run is to do.

    Attributes:
        budget: seconds after which no further revision is begun; ``None`` for no limit. The
            first one is always measured.
        alloc_only: leave the time lane out.
        explain: account for the new steps line by line.
    """

    budget: float | None = None
    alloc_only: bool = False
    explain: bool = True


@dataclass
class _Lane:
    """One environment while the night lasts."""

    spec: EnvironmentSpec
    name: str
    state: EnvironmentState
    lines: list[tuple[str, list[str]]]  # of each branch, its name and first parents, oldest first
    records: dict[str, Record]
    open: list[str] = field(default_factory=list)  # may be measured, newest first
    newest: set[str] = field(default_factory=set)  # of these, newer than every record

    def histories(self) -> list[History]:
        """One for each branch that has records."""
        several = len(self.lines) > 1
        made = [
            replace(
                History.build(self.records.values(), line),
                branch=name if several else "",
                beside=number > 0,
            )
            for number, (name, line) in enumerate(self.lines)
        ]
        return [h for h in made if h.records]


class Nightly:
    """One run.

    Args:
        session: of the project.
        settings: of the run.
        environments: in which to measure.
        clock: seconds that only grow.
        pause: called between two revisions, for what should not wait until the end.
    """

    def __init__(
        self,
        session: Session,
        settings: NightlySettings,
        environments: Sequence[EnvironmentSpec],
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._settings = settings
        self._specs = list(environments)
        self._clock = clock
        self._pause = pause
        self._begun = clock()
        self._started = time.time()
        self._path = state_path(session.config.results_dir, session.machine.machine)
        self._state = NightlyState()
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self._measured: list[Record] = []
        self._failed: list[tuple[str, str]] = []
        self._lanes: list[_Lane] = []

    def measure(self) -> None:
        """Measure: what is new, newest first; then where a step lies in a gap; then the rest.

        A revision that cannot be measured is passed over; the next run tries it again unless it
        has a record.

        Raises:
            ToolchainError: a release cannot be had.
            StoreError: a record cannot be read or written.
        """
        self._lanes = self._open_lanes()
        total = sum(len(lane.open) for lane in self._lanes)
        self._session.progress.start(total)
        order = list(dict.fromkeys(h for lane in self._lanes for h in lane.open))
        for fresh in (True, False):
            given_up = {h for h, _ in self._failed}
            for hash_ in order:
                for lane in self._lanes:
                    due = hash_ in lane.open and hash_ not in given_up
                    if due and (hash_ in lane.newest) is fresh:
                        if not self._may_begin():
                            return
                        self._one(lane, hash_)
            if fresh and self._settings.budget is not None:
                self._fill_gaps()

    def report(self) -> NightlyReport:
        """Account for what is new, and put it together; nothing counts as told yet."""
        found = []
        for lane in self._lanes:
            if not lane.records:
                continue
            repository = self._session.repository
            tips = [h for h in lane.state.baseline if repository.exists(h)]
            old = repository.first_parents(tips)
            fresh = branch_news(lane.histories(), lane.state.reported, self._started, set(old))
            touched = {s.revision for _, n in fresh for s in (*n.new, *n.narrowed)}
            if self._settings.explain and touched:
                try:
                    account_steps(self._session, sorted(touched), [lane.spec])
                except (MeasurementError, RepositoryError) as err:
                    self._session.progress.step(f"cannot account for the steps: {err}")
                lane.records = self._records(lane.spec)
                fresh = branch_news(lane.histories(), lane.state.reported, self._started, set(old))
            found += [EnvironmentNews(h, n, _attributions(h, n)) for h, n in fresh]
        return NightlyReport(
            project=self._session.config.project,
            started=self._started,
            finished=time.time(),
            measured=tuple(self._measured),
            failed=tuple(self._failed),
            remaining=sum(len(lane.open) for lane in self._lanes) - len(self._failed),
            environments=tuple(found),
        )

    def told(self, report: NightlyReport) -> None:
        """Remember that a report was delivered.

        Raises:
            StoreError: the state cannot be written.
        """
        environments = dict(self._state.environments)
        for found in report.environments:
            # The last branch knows what those before it have told.
            name = found.history.environment
            environments[name] = replace(environments[name], reported=found.news.known)
        self._state = NightlyState(environments=environments)
        write_state(self._path, self._state)

    # Measuring

    def _open_lanes(self) -> list[_Lane]:
        """The environments with what is to be measured in each."""
        session = self._session
        tips = session.repository.branch_tips(session.config.branches)
        newest_first = session.repository.first_parents(tips)
        self._state = read_state(self._path)
        environments = dict(self._state.environments)
        lanes = []
        for spec in self._specs:
            name = session.environment(spec.release, spec.build_variables, spec.run_variables).name
            records = self._records(spec)
            lane = _Lane(spec, name, EnvironmentState(), session.branch_lines(), records)
            if name not in environments:
                environments[name] = self._first_state(lane, tips)
            lane.state = environments[name]
            there = {h for h, r in records.items() if not r.imported}
            floors = [h for h in lane.state.floors if session.repository.exists(h)]
            below = set(session.repository.first_parents(floors))
            lane.open = [h for h in newest_first if h not in below and h not in there]
            for tip in tips:
                for hash_ in session.repository.first_parents([tip]):
                    if hash_ in there or hash_ in below:
                        break
                    lane.newest.add(hash_)
            lanes.append(lane)
        if environments != self._state.environments:
            # Before anything is measured: after a kill the next run must know where it began.
            self._state = NightlyState(environments=environments)
            write_state(self._path, self._state)
        return lanes

    def _first_state(self, lane: _Lane, tips: Sequence[str]) -> EnvironmentState:
        """Where nightly begins: with what is recorded, else with what the branches hold."""
        repository = self._session.repository
        there = {h for h, r in lane.records.items() if not r.imported}
        floors = []
        for tip in tips:
            newest = next((h for h in repository.first_parents([tip]) if h in there), None)
            if newest is not None:
                floors.append(newest)
        known = dict.fromkeys(
            Reported(series_of(s), str(s.direction), s.previous, s.revision, 0.0)
            for history in lane.histories()
            for s in counted_steps(history)
        )
        baseline = () if floors else tuple(tips)
        return EnvironmentState(tuple(dict.fromkeys(floors)), baseline, tuple(known))

    def _records(self, spec: EnvironmentSpec) -> dict[str, Record]:
        return {r.revision.hash: r for r in self._session.records(spec)}

    def _fill_gaps(self) -> None:
        """Bisect where the ends of a gap differ, as long as the budget lasts."""
        for lane in self._lanes:
            given_up = {h for h, _ in self._failed}
            while lane.records and self._may_begin():
                candidates = {h for h in lane.open if h not in given_up}
                gaps = (gap_to_fill(h, candidates) for h in lane.histories())
                hash_ = next((h for h in gaps if h is not None), None)
                if hash_ is None:
                    break
                self._one(lane, hash_)
                given_up.add(hash_)

    def _may_begin(self) -> bool:
        """Whether the budget lasts for another revision, as long as the last ones took."""
        budget = self._settings.budget
        if budget is None or not self._took:
            return True
        return self._clock() - self._begun + max(self._took) <= budget

    def _one(self, lane: _Lane, hash_: str) -> None:
        begun = self._clock()
        try:
            record = self._session.measure(
                hash_,
                lane.spec.release,
                build_variables=lane.spec.build_variables,
                run_variables=lane.spec.run_variables,
                alloc_only=self._settings.alloc_only,
            )
        except (ToolchainError, StoreError):
            raise
        except EscapeVelocityError as err:
            self._failed.append((hash_, str(err)))
            self._session.progress.finish(f"{hash_[:8]} {lane.name}: {err}")
        else:
            lane.records[hash_] = record
            lane.open.remove(hash_)
            self._measured.append(record)
            self._session.progress.finish(describe(record))
        self._took.append(self._clock() - begun)
        self._pause()


def _attributions(history: History, found: News) -> dict[Step, Attribution]:
    explained: dict[Step, Attribution] = {}
    steps = (*found.new, *found.narrowed)
    for revision in dict.fromkeys(s.revision for s in steps):
        own = [s for s in steps if s.revision == revision]
        explained.update(explain_steps(history, revision, own))
    return explained
