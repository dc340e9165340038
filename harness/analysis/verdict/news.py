"""Which steps are new since the last report, and where a measurement would tell most."""

from __future__ import annotations

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
    """Steps held against the last report; each tuple is oldest first.

    Attributes:
        new: not reported yet.
        narrowed: reported, and since then told to fewer revisions.
        known: what is reported when these are.
    """

    new: tuple[Step, ...]
    narrowed: tuple[Step, ...]
    known: tuple[Reported, ...]


@dataclass(frozen=True, slots=True)
class EnvironmentNews:
    """What there is to tell of one environment.

    Attributes:
        attributions: of these, as far as they could be accounted for.
        compared: how many revisions with numbers are newer than what nightly began with and have an
            earlier one to be compared with.
        baseline: how many revisions with numbers there are beside these.
    """

    history: History
    news: News
    attributions: Mapping[Step, Attribution]
    compared: int = 0
    baseline: int = 0


@dataclass(frozen=True, slots=True)
class NightlyReport:
    """What a run did and found.

    Attributes:
        started, finished: seconds since the epoch.
        measured: records of this run, in the order of measuring.
        failed: revisions of which not even a record could be made, with the reason.
        remaining: revisions that the budget left for later.
        environments: one for each with a record.
        problems: what else went wrong, a line each (a remote that cannot be reached).
        lost: environments in which there is nothing to compare with though there should be, a line
            each that says why.
        unfetched_since: since when no fetch works, if that is longer than it may be; else 0.
        notes: what else is to be known, a line each.
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
        """The new steps that break the policy and that nothing waives; they decide the exit code.

        Without a policy these are the regressions of allocs/op.
        """
        return [
            (found, step)
            for found in self.environments
            for step, violation in self.judged(found).items()
            if violation.waiver is None
        ]

    @property
    def quiet(self) -> bool:
        """Whether there is nothing that a person should be told."""
        return self.exit_code == EXIT_CLEAN and not any(e.news.new for e in self.environments)

    @property
    def nothing_measured(self) -> bool:
        """Whether something was tried and nothing gave a number: every new commit is broken."""
        tried = len(self.measured) + len(self.failed)
        return bool(tried) and not any(r.benchmarks() for r in self.measured)

    @property
    def stopped(self) -> bool:
        """Whether nothing newer was measured, or fetched, for longer than that may be."""
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
    """How many revisions were compared with an earlier one, and how many were there before.

    Args:
        old: hashes of what is no news.
    """
    found = [r.revision.hash for r in history.records if r.benchmarks()]
    later = sum(h not in old for h in found[1:])
    return later, len(found) - later


def news(
    history: History, known: Iterable[Reported], now: float, old: Collection[str] = ()
) -> News:
    """Hold the steps of a history against what was reported.

    A step is known if one of the same series and direction was reported whose range holds it: what
    was "at this commit or in one of 5 before it" stays the same step when it is told to one commit.

    Args:
        old: hashes whose steps are history and no news.
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
    """What is new on each branch of an environment, as :func:`news` says it.

    What one branch tells is known on the next that has the same commits; the last of the news has
    what is reported when all are.
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


def gap_to_fill(history: History, candidates: Collection[str], unit: str = ALLOCS) -> str | None:
    """The revision whose measurement halves the newest range that a step is told to.

    Args:
        candidates: hashes that may be measured.
        unit: whose steps matter.

    Returns:
        a hash, ``None`` if every step is told to one commit, or as near as can be measured.
    """
    for step in reversed(steps(history, unit)):
        inside = [h for h in step.between if h in candidates]
        if inside:
            centre = (history.position(step.previous) + history.position(step.revision)) / 2
            return min(inside, key=lambda h: abs(history.position(h) - centre))
    return None
