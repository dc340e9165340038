"""Series: one value, or the reason why there is none, for every place of a history."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, partial
from itertools import chain, groupby, repeat

from harness.analysis.history.history import History
from harness.analysis.history.runs import Stretch, stretches
from harness.model import (
    ALLOCS,
    BYTES,
    SECONDS,
    BenchmarkFailure,
    BenchmarkResult,
    Lane,
    Measurement,
    Outcome,
    PackageOutcome,
    PackageResult,
    Record,
)

UNIT_ORDER = (ALLOCS, BYTES, SECONDS)


class PointState(StrEnum):
    """The reason why a place of a series has its value, or none."""

    MEASURED = "measured"
    CARRIED = "carried"
    BROKEN = "broken"  # nothing of the revision compiles
    DOES_NOT_BUILD = "does not build"  # the package could not be compiled
    FAILED = "failed"  # it ran, and gave no number
    NOT_TAKEN = "not taken"  # the benchmark ran, without this unit
    NOT_SELECTED = "not selected"
    NOT_YET = "not there yet"
    ABSENT = "not there"
    REMOVED = "removed"
    NOT_MEASURED = "not measured"  # no record of the revision


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a history: a record with its hash, or all neighbours without one, in order."""

    hashes: tuple[str, ...]
    record: Record | None

    @property
    def revision(self) -> str:
        """The newest revision of the place."""
        return self.hashes[-1]


@dataclass(frozen=True, slots=True)
class Point:
    """One place of a series.

    Attributes:
        measurement: ``None`` in a gap.
        reason: of a gap, in the tool's words; may be empty.
        carried_from: hash of the revision that was measured, if the value was carried.
    """

    state: PointState
    measurement: Measurement | None = None
    reason: str = ""
    carried_from: str | None = None


# Points, oldest first, each with the number of neighbouring slots that it is for.
PointRuns = tuple[tuple[Point, int], ...]


@dataclass(frozen=True, eq=False)
class Series:
    """One unit of one benchmark over a history.

    Attributes:
        benchmark: empty where the values are of the package.
        first, last: the oldest and the newest value.
        make: makes :attr:`runs` when they are wanted.
    """

    package: str
    benchmark: str
    unit: str
    first: Measurement
    last: Measurement
    make: Callable[[], PointRuns] = field(repr=False)

    @cached_property
    def runs(self) -> PointRuns:
        """The points, without those that only repeat the one before."""
        return self.make()

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """One for each slot."""
        return tuple(chain.from_iterable(repeat(point, count) for point, count in self.runs))


def slots(history: History) -> tuple[Slot, ...]:
    """The places of a history, oldest first; neighbours without a record share one."""
    places = groupby(history.line, key=history.by_hash.get)
    return tuple(Slot(tuple(hashes), record) for record, hashes in places)


def benchmark_series(history: History) -> dict[tuple[str, str], tuple[Series, ...]]:
    """The series of every benchmark that ever gave a number, by package and name.

    The units of a benchmark come in the order of :data:`UNIT_ORDER`, then by name.
    """
    places = slots(history)
    rows = [
        {} if slot.record is None else {p.path: p for p in slot.record.packages} for slot in places
    ]
    found: dict[tuple[str, str], tuple[Series, ...]] = {}
    for path in history.runs:
        along = _along(places, [row.get(path) for row in rows])
        for name, extent in _extents(along).items():
            found[path, name] = tuple(
                Series(
                    path,
                    name,
                    unit,
                    extent.oldest[unit],
                    extent.newest[unit],
                    partial(_runs, along, (path, name), unit, extent),
                )
                for unit in sorted(extent.newest, key=unit_order)
            )
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class _Along:
    """A stretch of a package, with the measurements by benchmark and unit."""

    record: Record | None
    stretch: Stretch
    values: Mapping[str, Mapping[str, Measurement]]


def _along(places: Sequence[Slot], packages: Sequence[PackageResult | None]) -> list[_Along]:
    found: list[_Along] = []
    results: tuple[BenchmarkResult, ...] = ()
    values: dict[str, dict[str, Measurement]] = {}
    for stretch in stretches(packages):
        now = stretch.package.benchmarks if stretch.package else ()
        if now is not results:
            # Of several with one name or one unit the first counts, as everywhere.
            values = {r.name: {m.unit: m for m in reversed(r.measurements)} for r in reversed(now)}
            results = now
        found.append(_Along(places[stretch.start].record, stretch, values))
    return found


@dataclass(slots=True)
class _Extent:
    """The first and the last place with a number of a benchmark, and its values there by unit."""

    first: int
    last: int
    oldest: dict[str, Measurement] = field(default_factory=dict)
    newest: dict[str, Measurement] = field(default_factory=dict)


def _extents(along: Sequence[_Along]) -> dict[str, _Extent]:
    """The extents of a package's benchmarks, by name."""
    found: dict[str, _Extent] = {}
    for part in along:
        stretch = part.stretch
        for name, units in part.values.items():
            extent = found.get(name)
            if extent is None:
                extent = found[name] = _Extent(stretch.start, stretch.start)
            extent.last = stretch.stop - 1
            extent.newest.update(units)
            if len(extent.oldest) != len(extent.newest):
                extent.oldest = {**units, **extent.oldest}
    return found


def _runs(along: Sequence[_Along], key: tuple[str, str], unit: str, extent: _Extent) -> PointRuns:
    found: list[tuple[Point, int]] = []
    for part in along:
        package = part.stretch.package
        measurement = part.values.get(key[1], {}).get(unit)
        if package is None or measurement is None or part.record is None:
            point = _gap(part, key, unit, extent)
        elif package.outcome is PackageOutcome.CARRIED:
            point = Point(PointState.CARRIED, measurement, "", package.carried_from)
        else:
            point = Point(PointState.MEASURED, measurement)
        found.append((point, part.stretch.stop - part.stretch.start))
    return tuple(found)


def _gap(part: _Along, key: tuple[str, str], unit: str, extent: _Extent) -> Point:
    """The point of places without a value."""
    record, package, place = part.record, part.stretch.package, part.stretch.start
    if record is None:
        return Point(PointState.NOT_MEASURED)
    if package is None:
        if record.outcome is Outcome.BROKEN and not record.compiled:
            return Point(PointState.BROKEN, reason=build_error(record, key[0]))
    elif key[1] in part.values:
        reason = _failure(package, key[1], Lane.TIME if unit == SECONDS else None)
        return Point(PointState.FAILED if reason else PointState.NOT_TAKEN, reason=reason)
    elif package.outcome is PackageOutcome.BUILD_FAILED:
        return Point(PointState.DOES_NOT_BUILD, reason=build_error(record, key[0]))
    elif package.outcome is PackageOutcome.NOT_SELECTED or record.settings.bench not in ("", "."):
        return Point(PointState.NOT_SELECTED)
    elif place >= extent.first and (reason := _failure(package, key[1], None)):
        return Point(PointState.FAILED, reason=reason)
    if place < extent.first:
        return Point(PointState.NOT_YET)
    return Point(PointState.REMOVED if place > extent.last else PointState.ABSENT)


def build_error(record: Record, package: str) -> str:
    """Go's message about a package, else about the revision; may be empty."""
    own = [e.message for e in record.errors if e.package == package]
    return (own or [e.message for e in record.errors] or [""])[0]


def failure_text(failure: BenchmarkFailure) -> str:
    """A failure in one sentence: its kind, and the tool's message."""
    if failure.message.startswith(f"{failure.kind}:"):
        return failure.message
    return f"{failure.kind}: {failure.message}"


def _failure(package: PackageResult, benchmark: str, lane: Lane | None) -> str:
    """The reason why a benchmark has no number: its own failure, else that of its package."""
    names = [benchmark]
    while "/" in names[-1]:
        names.append(names[-1].rsplit("/", 1)[0])
    failures = [f for f in package.failures if lane in (None, f.lane)]
    for name in (*names, ""):
        for failure in failures:
            if failure.name == name:
                return failure_text(failure)
    if benchmark not in {b.name for b in package.benchmarks} and failures:
        return f"not run, after {failures[0].name}: {failure_text(failures[0])}"
    return ""


def unit_order(unit: str) -> tuple[int, str]:
    """Sorts units: those of :data:`UNIT_ORDER` first, the others by name."""
    return (UNIT_ORDER.index(unit) if unit in UNIT_ORDER else len(UNIT_ORDER), unit)
