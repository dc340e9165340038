"""The steps that are new since the last report, and the next revision to measure."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from harness.analysis.causes.attribution import Attribution
from harness.analysis.history.history import History
from harness.analysis.series.steps import Step, steps
from harness.analysis.verdict.policy import Violation, judge_steps
from harness.errors import EXIT_CLEAN, EXIT_ERROR, EXIT_REGRESSION
from harness.model import ALLOCS, BYTES, Record
from harness.model.nightly import Reported
from harness.policy.model import Policy


@dataclass(frozen=True, slots=True)
class News:
    """Steps compared with the last report, oldest first."""

    new: tuple[Step, ...]  # not reported yet
    narrowed: tuple[Step, ...]  # reported, and since then narrowed to fewer revisions
    known: tuple[Reported, ...]  # all that is reported together with these


@dataclass(frozen=True, slots=True)
class EnvironmentNews:
    """The news of one environment.

    Attributes:
        attributions: of new and narrowed steps, as far as there are accounts.
        compared: number of revisions with values that are newer than those at the start and have an
            earlier one to compare with.
        baseline: number of other revisions with values.
    """

    history: History
    news: News
    attributions: Mapping[Step, Attribution]
    compared: int = 0
    baseline: int = 0


@dataclass(frozen=True, slots=True)
class NightlyReport:
    """The result of a nightly run.

    Attributes:
        measured: records of this run, in the order of measuring.
        failed: revisions without a record, with the reason.
        remaining: number of revisions that the budget left for later.
        environments: one for each with a record.
        problems: other failures, a line each (a remote that cannot be reached).
        policy: of the project's newest revision.
        lost: environments that should have something to compare with and have not; a line each.
        unfetched_since: since when no fetch works, if that is longer than it may be; else 0.
        notes: other remarks, a line each.
    """

    project: str
    started: float
    finished: float
    measured: tuple[Record, ...]
    failed: tuple[tuple[str, str], ...]
    remaining: int
    environments: tuple[EnvironmentNews, ...]
    problems: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)
    lost: tuple[str, ...] = ()
    unfetched_since: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def today(self) -> date:
        """The day by which waivers expire."""
        return datetime.fromtimestamp(self.finished, UTC).date()

    def judged(self, found: EnvironmentNews) -> dict[Step, Violation]:
        """The new steps of an environment that break the policy, waived ones with their waiver."""
        return judge_steps(self.policy, found.news.new, self.today)

    @property
    def regressions(self) -> list[tuple[EnvironmentNews, Step]]:
        """The new steps that break the policy without a waiver; they decide the exit code."""
        return [
            (found, step)
            for found in self.environments
            for step, violation in self.judged(found).items()
            if violation.waiver is None
        ]

    @property
    def quiet(self) -> bool:
        """True if there is nothing to report."""
        return self.exit_code == EXIT_CLEAN and not any(e.news.new for e in self.environments)

    @property
    def nothing_measured(self) -> bool:
        """True if revisions were tried and none gave a number."""
        tried = len(self.measured) + len(self.failed)
        return bool(tried) and not any(r.benchmarks() for r in self.measured)

    @property
    def stopped(self) -> bool:
        """True if nothing newer was measured, or fetched, for too long."""
        return bool(self.unfetched_since) or any(e.history.stopped for e in self.environments)

    @property
    def exit_code(self) -> int:
        """1 for a new regression, 2 if something could not be had or measured, else 0."""
        if self.regressions:
            return EXIT_REGRESSION
        missed = self.problems or self.failed or self.lost
        return EXIT_ERROR if missed or self.nothing_measured or self.stopped else EXIT_CLEAN


def series_of(step: Step) -> str:
    """A short name of package, benchmark and unit: 16 hexadecimal digits."""
    text = "\0".join((step.package, step.benchmark, step.unit))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def counted_steps(history: History) -> tuple[Step, ...]:
    """All steps of allocs/op and B/op, oldest first."""
    found = [s for unit in (ALLOCS, BYTES) for s in steps(history, unit)]
    return tuple(sorted(found, key=lambda s: history.position(s.revision)))


def reported_steps(
    history: History, reported: Iterable[Reported]
) -> dict[str, tuple[float, tuple[Step, ...]]]:
    """The steps that were reported, by revision, with the time of the last report of them."""
    times = {(r.series, r.direction, r.revision): r.at for r in reported if r.at}
    found: dict[str, tuple[float, tuple[Step, ...]]] = {}
    for step in counted_steps(history):
        at = times.get((series_of(step), str(step.direction), step.revision))
        if at:
            latest, earlier = found.get(step.revision, (0.0, ()))
            found[step.revision] = max(at, latest), (*earlier, step)
    return found


def compared(history: History, old: Collection[str]) -> tuple[int, int]:
    """The numbers of revisions that are compared with an earlier one, and of all others.

    Revisions that are ``old`` are no news, and count among the others.
    """
    found = [r.revision.hash for r in history.records if r.benchmarks()]
    later = sum(h not in old for h in found[1:])
    return later, len(found) - later


def news(
    history: History, known: Iterable[Reported], now: float, old: Collection[str] = ()
) -> News:
    """Compare the steps of a history with those that were reported.

    A step is known if one of the same series and direction was reported whose range holds it: "at
    this commit or in one of 5 before it" stays the same step when it is narrowed to one commit.
    Steps of the revisions ``old`` are no news.
    """
    before: dict[tuple[str, str], list[Reported]] = {}
    for entry in known:
        before.setdefault((entry.series, entry.direction), []).append(entry)
    places = {hash_: place for place, hash_ in enumerate(history.line)}
    new: list[Step] = []
    narrowed: list[Step] = []
    after: list[Reported] = []
    used: set[Reported] = set()
    for step in counted_steps(history):
        series = series_of(step)
        found = _covering(before.get((series, step.direction), ()), step, places)
        at = now
        if found is not None:
            used.add(found)
            at = found.at
            if (found.previous, found.revision) != (step.previous, step.revision) and at:
                narrowed.append(step)
        elif step.revision in old:
            at = 0.0
        else:
            new.append(step)
        after.append(Reported(series, step.direction, step.previous, step.revision, at))
    # A record that is missing today, or a branch that is not configured, may come back.
    after += [
        entry
        for entries in before.values()
        for entry in entries
        if entry not in used and not {entry.previous, entry.revision} <= history.by_hash.keys()
    ]
    return News(tuple(new), tuple(narrowed), tuple(after))


def branch_news(
    histories: Iterable[History], known: Iterable[Reported], now: float, old: Collection[str] = ()
) -> list[tuple[History, News]]:
    """The :func:`news` of each branch of an environment.

    A step that is new on one branch is known on the next one; the last of the news knows all.
    """
    found = []
    for history in histories:
        fresh = news(history, known, now, old)
        known = fresh.known
        found.append((history, fresh))
    return found


def _covering(entries: Sequence[Reported], step: Step, places: dict[str, int]) -> Reported | None:
    """The narrowest reported range that holds a step."""
    at = places[step.revision]
    found: list[tuple[int, Reported]] = []
    for entry in entries:
        first, last = places.get(entry.previous), places.get(entry.revision)
        if first is not None and last is not None and first < at <= last:
            found.append((last - first, entry))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def gap_to_fill(history: History, candidates: Collection[str]) -> str | None:
    """The candidate whose measurement halves the newest range of a step.

    ``None`` if every step is narrowed to one commit, or as far as can be measured.
    """
    for step in reversed(steps(history, ALLOCS)):
        inside = [h for h in step.between if h in candidates]
        if inside:
            centre = (history.position(step.previous) + history.position(step.revision)) / 2
            return min(inside, key=lambda h: abs(history.position(h) - centre))
    return None
