"""Steps: where a series of exact values changes, commit by commit.

No threshold and no delay: every change of an exact value is a step at the revision where it is
first seen. Each revision is compared with the nearest earlier one of the first-parent history in
which the benchmark has a number; what lies between could not be measured and is named. A number
that does not repeat takes the place of an exact one only where the two differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.comparison import Direction, judge
from harness.analysis.frames import values_frame
from harness.analysis.history import History
from harness.model import ALLOCS, Measurement

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one series.

    Attributes:
        package: import path.
        benchmark: full name.
        unit: unit of the values.
        revision: hash of the revision where the new value is first seen.
        previous: hash of the revision it is compared with.
        between: hashes in between that gave no number, or none that tells the two apart; the step
            may belong to any of them.
        before: value at ``previous``.
        after: value at ``revision``.
        direction: regression or improvement.
        exact: whether both values are exact.
    """

    package: str
    benchmark: str
    unit: str
    revision: str
    previous: str
    between: tuple[str, ...]
    before: float
    after: float
    direction: Direction
    exact: bool

    @property
    def delta(self) -> float:
        """After minus before, in the unit."""
        return self.after - self.before

    @property
    def ratio(self) -> float:
        """After over before; infinite for 0 → N."""
        return self.after / self.before if self.before else math.inf


def steps(history: History, unit: str = ALLOCS) -> tuple[Step, ...]:
    """All steps of one exact unit, oldest first.

    Args:
        history: the records.
        unit: ``allocs/op`` or another unit of the allocation lane.
    """
    frame = values_frame(history)
    frame = frame[frame["unit"] == unit]
    if frame.empty:
        return ()
    found: list[Step] = []
    for (package, benchmark), series in frame.groupby(["package", "benchmark"], sort=False):
        name = (str(package), str(benchmark))
        ordered = series.sort_values("position")
        places = zip(ordered["revision"], ordered["value"], ordered["exact"], strict=True)
        # What a value is compared with: the one before it, but an exact one is kept until the next
        # exact one, so that a range in between does not hide that 9 became 10.
        before: tuple[str, float, bool] | None = None
        for place in places:
            if before is None:
                before = place
                continue
            step = (
                _step(history, *name, unit, place[0], before[0])
                if place[1:] != before[1:]
                else None
            )
            if step is not None:
                found.append(step)
            if step is not None or place[2] or not before[2]:
                before = place
    return tuple(
        sorted(found, key=lambda s: (history.position(s.revision), s.package, s.benchmark))
    )


def _step(
    history: History, package: str, benchmark: str, unit: str, revision: str, previous: str
) -> Step | None:
    new = _measurement(history, revision, package, benchmark, unit)
    old = _measurement(history, previous, package, benchmark, unit)
    if new is None or old is None:
        return None
    direction, _ = judge(unit, old, new)
    if direction is Direction.NONE:
        return None
    return Step(
        package=package,
        benchmark=benchmark,
        unit=unit,
        revision=revision,
        previous=previous,
        between=history.between(previous, revision),
        before=old.value,
        after=new.value,
        direction=direction,
        exact=old.exact and new.exact,
    )


def _measurement(
    history: History, revision: str, package: str, benchmark: str, unit: str
) -> Measurement | None:
    for result in history.by_hash[revision].packages:
        if result.path == package:
            for entry in result.benchmarks:
                if entry.name == benchmark:
                    return entry.measurement(unit)
    return None
