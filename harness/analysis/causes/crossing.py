"""The parts of a change that the benchmark, the compiler and the code have caused.

A benchmark that loops over a table of the unit tests "regresses" when a case is added. So where
test files changed, the head's tests are also run on the base's code (*forward*), or the base's
tests on the head's code where that does not compile (*backward*). A difference with equal tests is
the code's; the rest is the benchmark's own.

Where the two were measured with different releases of Go, the base is measured with both: a
difference with equal code is the compiler's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.analysis.causes.ownpart import TestChanges
from harness.analysis.compare.comparison import Change, Direction, compare, judge, with_compiler
from harness.analysis.compare.renames import Renames
from harness.model import ALLOCS, BYTES, BenchmarkResult, Measurement, Record, TreeDiff

COUNTED = frozenset({ALLOCS, BYTES})


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two revisions, and those in which their tests were exchanged.

    Attributes:
        diffs: by the hashes of two of these records.
        forward: base's code with head's tests, if it was measured.
        backward: head's code with base's tests, if it was measured.
        touched: by package, how its tests changed.
        older: base with the release of Go that it was measured with, where that is another one;
            ``base`` and all others are of the head's release.
        renames: applied to ``base`` and ``older``.
    """

    base: Record
    head: Record
    diffs: Mapping[tuple[str, str], Sequence[TreeDiff] | None] = field(default_factory=dict)
    forward: Record | None = None
    backward: Record | None = None
    touched: Mapping[str, TestChanges] = field(default_factory=dict)
    older: Record | None = None
    renames: Renames = field(default_factory=Renames)
    _results: dict[int, dict[tuple[str, str], BenchmarkResult]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def results(self, record: Record | None) -> Mapping[tuple[str, str], BenchmarkResult]:
        """The benchmarks of one of the records, by import path and full name."""
        if id(record) not in self._results:
            benchmarks = record.benchmarks() if record is not None else ()
            self._results[id(record)] = {(path, b.name): b for path, b in benchmarks}
        return self._results[id(record)]

    def code_pair(self, package: str, benchmark: str) -> tuple[Record, Record]:
        """The two records whose difference is the code's: with equal tests, if measured."""
        if package in self.touched:
            name = (package, benchmark)
            if self.forward is not None and name in self.results(self.forward):
                return self.forward, self.head
            if self.backward is not None and name in self.results(self.backward):
                return self.base, self.backward
        return self.base, self.head

    def test_pair(self, package: str, benchmark: str) -> tuple[Record, Record] | None:
        """The two records whose difference is the benchmark's own: of one code, if measured."""
        before, after = self.code_pair(package, benchmark)
        if before is not self.base:
            return self.base, before
        return (after, self.head) if after is not self.head else None

    def by_benchmark(self, change: Change) -> float | None:
        """The benchmark's own part of a change; ``None`` if that is not known."""
        if change.package not in self.touched:
            return 0.0
        before, after = self.code_pair(change.package, change.benchmark)
        old, new = self.measured(before, change), self.measured(after, change)
        if (before is self.base and after is self.head) or old is None or new is None:
            return None
        if judge(change.unit, old, new)[0] is Direction.NONE:
            return change.delta
        return change.delta - (new.value - old.value)

    def measured(self, record: Record | None, change: Change) -> Measurement | None:
        """The measurement of a change in one of the records, ``None`` if it has none."""
        result = self.results(record).get((change.package, change.benchmark))
        return result.measurement(change.unit) if result is not None else None


def charged_changes(crossing: Crossing) -> list[Change]:
    """The changes of allocs/op and B/op, regressions first, the largest first.

    A benchmark that is new at head is compared with its value on the base's code. Changes of the
    compiler and of the code count even where one undoes the other.
    """
    changes = []
    for change in compare(crossing.base, crossing.head, COUNTED):
        known = change
        baseline = crossing.measured(crossing.forward, change) if change.base is None else None
        if baseline is not None:
            direction, p = judge(change.unit, baseline, change.head)
            known = replace(change, base=baseline, direction=direction, p=p, baseline=True)
        if known.direction is not Direction.NONE:
            by_benchmark = 0.0 if known.baseline else crossing.by_benchmark(known)
            known = replace(known, by_benchmark=by_benchmark)
        known = with_compiler(known, crossing.measured(crossing.older, known))
        if known.direction is not Direction.NONE:
            changes.append(known)
    return sorted(changes, key=_importance, reverse=True)


def benchmarks_of(changes: Sequence[Change]) -> list[tuple[str, str]]:
    """The benchmarks that changed, ``(package, benchmark)``, each once, in order."""
    return list(dict.fromkeys((c.package, c.benchmark) for c in changes))


def _importance(change: Change) -> tuple[bool, bool, float, float]:
    """Regressions of allocs/op first; within a kind by relative size, one added to both sides."""
    assert change.base is not None
    assert change.head is not None
    ratio = (change.head.value + 1) / (change.base.value + 1)
    return (
        change.direction is Direction.REGRESSION,
        change.unit == ALLOCS,
        max(ratio, 1 / ratio),
        abs(change.delta),
    )
