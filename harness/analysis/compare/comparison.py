"""Two records, benchmark by benchmark.

Any difference of exact values of the allocation lane is a change, 0 → 1 too, unless it only comes
from cutting 334.99 and 335.01 to whole numbers. Values of that lane that do not repeat are compared
by their ranges. The time lane is compared as benchstat does: medians, and a two-sided Mann-Whitney
U-test at 0.05 (:mod:`harness.analysis.compare.samples`).
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.analysis.compare.samples import mann_whitney
from harness.model import JITTER, SAMPLED, Lane, Measurement, Record, better

ALPHA = 0.05
# Ranges of three allocs/op have to be apart by so many times the wider of them. Two ranges of one
# normal distribution are so by chance in 2 of 1,000 cases (in 8 with once their width, and in 50 to
# 80 where they need only not meet).
_CLEAR = 2.0


class Direction(StrEnum):
    """The meaning of a difference."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Change:
    """One unit of one benchmark in two records.

    Attributes:
        base, head: ``None`` where the side does not have the benchmark.
        direction: ``NONE`` also where the difference does not count.
        p: of the U-test, ``None`` for exact values.
        by_benchmark: the part that the benchmark itself caused, where its tests changed; ``None``
            if that is not known.
        baseline: the benchmark is new, and ``base`` is its value on the base's code.
        by_compiler: the difference between two releases of Go on the base's code; ``base`` is then
            of the release that the base was measured with.
        code: direction of the rest, where the compiler has a part.
    """

    package: str
    benchmark: str
    unit: str
    base: Measurement | None
    head: Measurement | None
    direction: Direction
    p: float | None
    by_benchmark: float | None = 0.0
    baseline: bool = False
    by_compiler: float = 0.0
    code: Direction | None = None

    @property
    def by_code(self) -> float:
        """The part of the difference that is neither the benchmark's nor the compiler's."""
        return self.delta - (self.by_benchmark or 0.0) - self.by_compiler

    @property
    def charged(self) -> Direction:
        """The direction with one release of Go on both sides."""
        return self.direction if self.code is None else self.code

    @property
    def exact(self) -> bool:
        """True if both sides are exact."""
        return all(m is not None and m.exact for m in (self.base, self.head))

    @property
    def delta(self) -> float:
        """Head minus base, in the unit; NaN where one side is missing."""
        if self.base is None or self.head is None:
            return math.nan
        return self.head.value - self.base.value

    @property
    def ratio(self) -> float:
        """Head over base; infinite for 0 → N, 1 for 0 → 0, NaN where one side is missing."""
        if self.base is None or self.head is None:
            return math.nan
        if self.base.value == 0:
            return 1.0 if self.head.value == 0 else math.inf
        return self.head.value / self.base.value


def compare(base: Record, head: Record, units: frozenset[str] | None = None) -> tuple[Change, ...]:
    """All benchmarks that either record has, in the order of the head, then of the base."""
    old, new = (
        {(package, b.name): b for package, b in record.benchmarks()} for record in (base, head)
    )
    changes = []
    for key in {**new, **old}:
        before, after = old.get(key), new.get(key)
        sides = [side for side in (after, before) if side is not None]
        for unit in dict.fromkeys(m.unit for side in sides for m in side.measurements):
            if units is None or unit in units:
                a = before.measurement(unit) if before is not None else None
                b = after.measurement(unit) if after is not None else None
                direction, p = judge(unit, a, b)
                changes.append(Change(*key, unit, a, b, direction, p))
    return tuple(changes)


def with_compiler(change: Change, older: Measurement | None) -> Change:
    """A change of one release of Go with the compiler's part, if it has one.

    ``older`` is the measurement of the base with the older release.
    """
    if older is None or change.base is None or change.baseline:
        return change
    compiler, _ = judge(change.unit, older, change.base)
    if compiler is Direction.NONE:
        return change
    whole, p = judge(change.unit, older, change.head)
    # Also where the compiler saves what the code wastes.
    seen = next((d for d in (whole, change.direction) if d is not Direction.NONE), compiler)
    return replace(
        change,
        base=older,
        direction=seen,
        p=p,
        by_compiler=change.base.value - older.value,
        code=change.direction,
    )


def compare_releases(
    older: Record, base: Record, head: Record, units: frozenset[str]
) -> tuple[Change, ...]:
    """All benchmarks of two revisions that were measured with different releases of Go.

    ``older`` is the base with its release, ``base`` the same with the head's. Only ``units`` have a
    compiler's part; the time lane is not repeated for that.
    """
    same = {(c.package, c.benchmark, c.unit): c for c in compare(base, head, units)}
    changes = []
    for change in compare(older, head):
        code = same.get((change.package, change.benchmark, change.unit))
        known = code is not None and code.base is not None
        changes.append(with_compiler(code, change.base) if code and known else change)
    return tuple(changes)


def judge(
    unit: str, base: Measurement | None, head: Measurement | None, spread: float = 0.0
) -> tuple[Direction, float | None]:
    """Direction of a difference and its p-value.

    Inexact values of the allocation lane (a benchmark on ``sync.Pool``, or B/op with random map
    seeds) differ only where the ranges of their repetitions do not meet; those of allocs/op, which
    are known before they are cut, where these are clearly apart. Units that are no counts
    (:data:`harness.model.SAMPLED`) need the U-test in either lane. ``spread`` is that of the
    untruncated values that were seen without a change between the two.
    """
    if base is None or head is None:
        return Direction.NONE, None
    counted = base.lane is Lane.ALLOCATION and head.lane is Lane.ALLOCATION
    if counted and unit not in SAMPLED:
        changed = _apart(base, head, spread)
        return direction_of(unit, head.value - base.value) if changed else Direction.NONE, None
    p = mann_whitney(base.samples, head.samples)
    if p > ALPHA:
        return Direction.NONE, p
    return direction_of(unit, head.value - base.value), p


def _apart(base: Measurement, head: Measurement, spread: float) -> bool:
    """Return whether two counts differ by more than chance."""
    gap = max(min(head.rates) - max(base.rates), min(base.rates) - max(head.rates))
    if not (base.untruncated or head.untruncated):
        return gap > 0
    clear = max(JITTER, _CLEAR * max(base.spread, head.spread, spread))
    # The printed values differ, and not by the cutting alone.
    return base.printed != head.printed and round(gap - clear, 6) > 0


def direction_of(unit: str, delta: float) -> Direction:
    """The direction of a difference in a unit."""
    if delta == 0:
        return Direction.NONE
    return Direction.IMPROVEMENT if (delta > 0) == (better(unit) > 0) else Direction.REGRESSION
