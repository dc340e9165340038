"""The nightly job: measure new revisions within a budget, and report new steps.

Everything that it must not forget is in two places: the records, each written before the next
revision begins, and the state, written after a report was delivered. So it can be killed at any
moment: the next run measures what has no record and reports what was not told.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from harness.analysis.causes.explain import explain_steps
from harness.analysis.history.history import History, project_histories
from harness.analysis.verdict.health import stopped
from harness.analysis.verdict.news import (
    EnvironmentNews,
    NightlyReport,
    branch_news,
    compared,
    counted_steps,
    gap_to_fill,
    series_of,
)
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.ranges import newer_than
from harness.engine.jobs.walk.faults import errors_of_one_revision
from harness.engine.jobs.walk.measuring import (
    MOST_ATTEMPTS,
    describe,
    execute_walk,
    hole_lines,
    left_of,
    unfinished,
)
from harness.engine.jobs.walk.steps import account_steps
from harness.engine.session import Session
from harness.errors import MeasurementError, ToolchainError
from harness.model import Record
from harness.model.nightly import EnvironmentState, NightlyState, Reported
from harness.model.walk import Failure
from harness.store.nightly import read_state, state_path, write_state

# The time that the next revision may take is estimated from so many before it.
_REMEMBERED = 3


@dataclass(frozen=True, slots=True)
class NightlySettings:
    """Settings of a nightly run."""

    budget: float | None = None  # seconds after which no further revision but the first is begun
    alloc_only: bool = False
    explain: bool = True
    fetched: bool = True  # whether the newest commits are here: a fetch worked, or none was wanted


@dataclass
class _EnvironmentRun:
    """One environment while the night lasts."""

    spec: EnvironmentSpec
    name: str
    state: EnvironmentState
    lines: list[tuple[str, list[str]]]  # of each branch, its name and first parents, oldest first
    records: dict[str, Record]
    lost: str = ""  # why there is nothing to compare with, though there was
    failures: dict[str, Failure] = field(default_factory=dict)  # of this run
    given_up: tuple[Failure, ...] = ()  # in too many runs before
    open: list[str] = field(default_factory=list)  # may be measured, newest first
    newest: set[str] = field(default_factory=set)  # of these, newer than every record

    def histories(self) -> list[History]:
        """One for each branch that has records."""
        return project_histories(self.records.values(), self.lines)


class Nightly:
    """One run.

    Args:
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
        self._problems: list[str] = []
        self._notes: list[str] = []
        self._runs: list[_EnvironmentRun] = []

    def measure(self) -> None:
        """Measure what is new, then what is left of a cut walk, then where a step lies, then all.

        A revision that cannot be measured is passed over; the next runs try it again unless it has
        a record. A release that cannot be had ends its environment only.
        """
        self._session.trees.acquire()
        self._runs = self._begin_runs()
        total = sum(len(run.open) for run in self._runs)
        self._session.progress.start(total)
        order = list(dict.fromkeys(h for run in self._runs for h in run.open))
        self._problems += hole_lines(self._session, order)
        for fresh in (True, False):
            for hash_ in order:
                for run in self._runs:
                    due = hash_ in run.open and hash_ not in run.failures
                    if due and (hash_ in run.newest) is fresh:
                        if not self._may_begin():
                            return
                        self._one(run, hash_)
            if fresh:
                self._finish_walks()
            if fresh and self._settings.budget is not None:
                self._fill_gaps()

    def report(self) -> NightlyReport:
        """Account for what is new, and report it; nothing counts as delivered yet."""
        lost = [
            run.lost or f"{run.name}: no revision has a record"
            for run in self._runs
            if run.lost or not run.records
        ]
        found = [news for run in self._runs if run.records for news in self._news(run)]
        failures = [f for run in self._runs for f in run.failures.values()]
        since = self._state.unfetched_since
        long_ago = since and time.time() - since > self._session.config.stale_after
        return NightlyReport(
            project=self._session.config.project,
            started=self._started,
            finished=time.time(),
            measured=tuple(self._measured),
            failed=tuple(dict.fromkeys((f.revision, f.message) for f in failures)),
            remaining=sum(h not in x.failures for x in self._runs for h in x.open),
            environments=tuple(found),
            problems=tuple(self._problems),
            lost=tuple(lost),
            unfetched_since=since if long_ago else 0.0,
            notes=tuple(self._notes),
        )

    def _news(self, run: _EnvironmentRun) -> list[EnvironmentNews]:
        """The news of an environment, accounted for."""
        repository = self._session.repository
        begun_with = (*run.state.baseline, *run.state.floors)
        old = set(repository.first_parents(h for h in begun_with if repository.exists(h)))
        fresh = branch_news(run.histories(), run.state.reported, self._started, old)
        touched = {s.revision for _, n in fresh for s in (*n.new, *n.narrowed)}
        if self._settings.explain and touched:
            account_steps(self._session, sorted(touched), [run.spec], self._notes.append)
            run.records = self._records(run.spec)
            fresh = branch_news(run.histories(), run.state.reported, self._started, old)
        found = []
        for history, news in fresh:
            limit = self._session.config.stale_after
            stop = stopped(history, time.time(), limit, repository.committed)
            causes = explain_steps(history, (*news.new, *news.narrowed))
            counts = compared(history, old)
            found.append(EnvironmentNews(replace(history, stopped=stop), news, causes, *counts))
        return found

    def told(self, report: NightlyReport) -> None:
        """Store that a report was delivered."""
        environments = dict(self._state.environments)
        for found in report.environments:
            # The last branch knows what those before it have told.
            name = found.history.environment
            environments[name] = replace(environments[name], reported=found.news.known)
        for run in self._runs:
            newest = (h.records[-1].revision.hash for h in run.histories())
            environments[run.name] = replace(
                environments[run.name],
                newest=tuple(dict.fromkeys(newest)) or run.state.newest,
                failures=(*run.failures.values(), *run.given_up),
            )
        self._state = replace(self._state, environments=environments)
        write_state(self._path, self._state)

    # Measuring

    def _begin_runs(self) -> list[_EnvironmentRun]:
        """The environments, each with the revisions to measure."""
        session = self._session
        tips = session.repository.branch_tips(session.config.branches)
        newest_first = session.repository.first_parents(tips)
        before = read_state(self._path)
        since = 0.0 if self._settings.fetched else before.unfetched_since or self._started
        self._state = replace(before, unfetched_since=since)
        environments = dict(self._state.environments)
        runs = []
        for spec in self._specs:
            try:
                name = session.environment(spec).name
            except ToolchainError as err:
                self._problems.append(str(err))
                continue
            records = self._records(spec)
            lines = session.repository.branch_lines(session.config.branches)
            run = _EnvironmentRun(spec, name, EnvironmentState(), lines, records)
            if name not in environments:
                environments[name] = self._first_state(run, tips)
            run.state = environments[name]
            run.lost = self._lost(run)
            there = {h for h, r in records.items() if not r.imported}
            often = (f for f in run.state.failures if f.attempts >= MOST_ATTEMPTS)
            run.given_up = tuple(f for f in often if f.revision not in there)
            self._notes += [
                f"{f.revision[:8]} was given up after {f.attempts} nights: {f.message};"
                f" `esv run {f.revision[:8]}^!` tries it again"
                for f in run.given_up
            ]
            there |= {f.revision for f in run.given_up}
            floors = [h for h in run.state.floors if session.repository.exists(h)]
            below = set(session.repository.first_parents(floors))
            run.open = [h for h in newest_first if h not in below and h not in there]
            run.newest = set(newer_than(session, tips, there | below))
            runs.append(run)
        self._state = replace(self._state, environments=environments)
        if self._state != before:
            # Before anything is measured: after a kill the next run must know where it began.
            write_state(self._path, self._state)
        return runs

    def _lost(self, run: _EnvironmentRun) -> str:
        """The message that the records to compare with are gone; empty if they are not."""
        anchors = run.state.newest or run.state.floors
        if not anchors or any(h in run.records for h in anchors):
            return ""
        git = self._session.repository
        if any(h in run.records for h in git.first_parents(filter(git.exists, anchors))):
            return ""
        return (
            f"{run.name}: the records up to {anchors[0][:8]}, to compare with, are gone;"
            f" bring {self._session.config.results_dir} back, or begin anew with `esv run HEAD^!`"
        )

    def _finish_walks(self) -> None:
        """Finish interrupted walks of `esv run`, as far as the budget goes."""
        cut, problems = unfinished(self._session)
        self._problems += problems
        begun: list[float] = []

        def may_begin() -> bool:
            now = self._clock()
            if begun:
                self._took.append(now - begun.pop())
                self._pause()
            begun.append(now)
            return self._may_begin()

        for walk in cut:
            if not self._may_begin():
                return
            self._notes.append(f"finishing {left_of(walk)}")
            done = execute_walk(self._session, walk, may_begin=may_begin)
            self._problems += done.failed
            self._measured += done.records
        for run in self._runs if cut else ():
            run.records = self._records(run.spec)
            run.open = [h for h in run.open if h not in run.records]

    def _first_state(self, run: _EnvironmentRun, tips: Sequence[str]) -> EnvironmentState:
        """The state at the first run: nightly begins at the records, else at the branches' tips."""
        repository = self._session.repository
        there = {h for h, r in run.records.items() if not r.imported}
        lines = (repository.first_parents([tip]) for tip in tips)
        newest = (next((h for h in line if h in there), None) for line in lines)
        floors = tuple(dict.fromkeys(h for h in newest if h is not None))
        known = dict.fromkeys(
            Reported(series_of(s), str(s.direction), s.previous, s.revision, 0.0)
            for history in run.histories()
            for s in counted_steps(history)
        )
        baseline = () if floors else tuple(tips)
        return EnvironmentState(floors, baseline, tuple(known))

    def _records(self, spec: EnvironmentSpec) -> dict[str, Record]:
        return {r.revision.hash: r for r in self._session.records(spec)}

    def _fill_gaps(self) -> None:
        """Bisect where the ends of a gap differ, as long as the budget lasts."""
        for run in self._runs:
            while run.records and self._may_begin():
                candidates = {h for h in run.open if h not in run.failures}
                gaps = (gap_to_fill(h, candidates) for h in run.histories())
                hash_ = next((h for h in gaps if h is not None), None)
                if hash_ is None:
                    break
                self._one(run, hash_)

    def _may_begin(self) -> bool:
        """Return whether the budget lasts for a revision that takes as long as the last ones."""
        budget = self._settings.budget
        if budget is None or not self._took:
            return True
        return self._clock() - self._begun + max(self._took) <= budget

    def _one(self, run: _EnvironmentRun, hash_: str) -> None:
        begun = self._clock()
        try:
            with errors_of_one_revision():
                alloc_only = self._settings.alloc_only
                record = self._session.measure(hash_, run.spec, alloc_only=alloc_only)
        except ToolchainError as err:
            self._problems.append(str(err))
            run.open = []
        except MeasurementError as err:
            tried = sum(f.attempts for f in run.state.failures if f.revision == hash_)
            run.failures[hash_] = Failure(hash_, str(err), tried + 1)
            self._session.progress.finish(f"{hash_[:8]} {run.name}: {err}")
        else:
            run.records[hash_] = record
            run.open.remove(hash_)
            self._measured.append(record)
            self._session.progress.finish(describe(record))
        self._took.append(self._clock() - begun)
        self._pause()
