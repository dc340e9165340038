"""Runs: neighbouring revisions to which one measurement of a package was carried.

A commit changes few packages, and the results of all others are carried from the revision before,
so a history is read by its runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.model import BenchmarkResult, Measurement, PackageOutcome, PackageResult, Record


@dataclass(slots=True)
class Run:
    """Neighbouring revisions with one measurement of a package.

    Attributes:
        first, last: hashes of the first and the last of them.
        origin: hash of the revision that was measured; ``measured`` if it is in the run.
    """

    first: str
    last: str
    origin: str
    measured: bool
    benchmarks: tuple[BenchmarkResult, ...]


def runs(records: Iterable[Record]) -> dict[str, list[Run]]:
    """The runs of every package that ever gave a number; records and runs are oldest first."""
    found: dict[str, list[Run]] = {}
    before: dict[str, PackageResult] = {}
    for record in records:
        revision = record.revision.hash
        for package in record.packages:
            if not package.benchmarks:
                continue
            same = before.get(package.path) is package
            before[package.path] = package
            carried = package.outcome is PackageOutcome.CARRIED
            origin = (package.carried_from if carried else None) or revision
            listed = found.setdefault(package.path, [])
            last = listed[-1] if listed else None
            if last and last.origin == origin and (same or last.benchmarks == package.benchmarks):
                last.last = revision
                last.measured |= origin == revision
            else:
                run = Run(revision, revision, origin, origin == revision, package.benchmarks)
                listed.append(run)
    return found


# By unit, package and name: every value, oldest first, with the run for which it holds.
Values = dict[str, dict[tuple[str, str], list[tuple[Run, Measurement]]]]


def values(found: Mapping[str, Iterable[Run]]) -> Values:
    """The values of every benchmark in every unit."""
    by_unit: Values = {}
    for package, listed in found.items():
        for run in listed:
            for result in run.benchmarks:
                key = (package, result.name)
                # Of several with one unit the first counts, as everywhere.
                for unit, measurement in {m.unit: m for m in result.measurements[::-1]}.items():
                    of_unit = by_unit.setdefault(unit, {})
                    of_unit.setdefault(key, []).append((run, measurement))
    return by_unit


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring places, ``stop`` not included, where a package has the same carried results.

    The package is ``None`` where it is not there.
    """

    start: int
    stop: int
    package: PackageResult | None


def stretches(places: Sequence[PackageResult | None]) -> list[Stretch]:
    """A package's results at each place, with carried ones joined."""
    neighbours = enumerate(zip((None, *places), places, strict=False))
    starts = [place for place, pair in neighbours if not _carries_on(*pair)]
    ends = [*starts[1:], len(places)]
    return [Stretch(a, b, places[a]) for a, b in zip(starts, ends, strict=False)]


def _carries_on(before: PackageResult | None, package: PackageResult | None) -> bool:
    """Return whether the same results are carried from the same revision as before."""
    if before is None or package is None or package.outcome is not PackageOutcome.CARRIED:
        return False
    if package is before:
        return package.benchmarks != () and package.failures == ()
    return (
        package.benchmarks is before.benchmarks
        and package.benchmarks != ()
        and before.outcome is PackageOutcome.CARRIED
        and package.carried_from == before.carried_from
        and package.failures == before.failures == ()
    )
