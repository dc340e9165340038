"""The quality of a history's measurements: noise, failures, standstill."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from statistics import median

from harness.analysis.history.history import History, Stopped
from harness.analysis.series.series import Point, PointState
from harness.analysis.verdict.summary import Summary
from harness.model import ALLOCS, HEAP_COSTS

_MOST = 5  # spreads that are named
_TROUBLE = frozenset({PointState.BROKEN, PointState.DOES_NOT_BUILD, PointState.FAILED})


@dataclass(frozen=True, slots=True)
class Spread:
    """The spread of a benchmark's newest measurement: largest less smallest sample, over median."""

    package: str
    benchmark: str
    share: float


@dataclass(frozen=True, slots=True)
class UnitNoise:
    """A unit over all benchmarks, each by its newest value."""

    unit: str
    benchmarks: int  # number with a value
    exact: int  # number whose repetitions all gave the same
    typical: float  # median of the spreads of the others, 0 if there are none
    widest: tuple[Spread, ...]  # the largest spreads, the largest first


@dataclass(frozen=True, slots=True)
class Silence:
    """A benchmark whose newest measurement failed, as ``point`` says; all ``since`` a revision."""

    package: str
    benchmark: str
    point: Point
    since: str


def noise(summary: Summary) -> tuple[UnitNoise, ...]:
    """The noise of every unit but those of garbage collection and heap size."""
    spreads: dict[str, list[Spread]] = defaultdict(list)
    exact: Counter[str] = Counter()
    for series in chain.from_iterable(summary.series.values()):
        last = series.last
        if series.unit not in HEAP_COSTS:
            found = spreads[series.unit]
            if last.low == last.high:
                exact[series.unit] += 1
            elif last.value:
                share = (last.high - last.low) / abs(last.value)
                found.append(Spread(series.package, series.benchmark, share))
    return tuple(
        UnitNoise(
            unit=unit,
            benchmarks=len(found) + exact[unit],
            exact=exact[unit],
            typical=median(s.share for s in found) if found else 0.0,
            widest=tuple(sorted(found, key=lambda s: (-s.share, s.package, s.benchmark))[:_MOST]),
        )
        for unit, found in spreads.items()
    )


def silent_benchmarks(summary: Summary) -> tuple[Silence, ...]:
    """Benchmarks that failed, or did not compile, at the newest measured revision."""
    measured = [i for i, r in enumerate(summary.revisions) if r.slot.record is not None]
    found = []
    for (package, benchmark), own in summary.series.items():
        points = next((s for s in own if s.unit == ALLOCS), own[0]).points
        good = [n for n, i in enumerate(measured) if points[i].state not in _TROUBLE]
        bad = measured[good[-1] + 1 :] if good else measured
        if bad:
            since = summary.revisions[bad[0]].slot.revision
            found.append(Silence(package, benchmark, points[measured[-1]], since))
    return tuple(found)


def stopped(
    history: History, now: float, limit: float, committed: Callable[[str], float]
) -> Stopped | None:
    """Measuring that has stopped, else ``None``; it goes on where there is no newer commit.

    Args:
        history: with its first-parent line, up to the newest commit.
        limit: seconds that newer revisions may be without a number.
        committed: tells when a commit was made.
    """
    newest = next((r for r in reversed(history.records) if r.benchmarks()), None)
    place = -1 if newest is None else history.position(newest.revision.hash)
    newer = history.line[place + 1 :]
    if not newer or not history.records:
        return None
    if newest is None:
        last = min(r.started for r in history.records)
    else:
        last = newest.started + newest.duration
    made = committed(newer[0])
    since = last if made > now else max(last, made)
    if now - since <= limit:
        return None
    return Stopped(newest.revision.hash if newest is not None else "", since, len(newer))
