"""Steps: where a series of exact values changes, commit by commit.

No threshold and no delay: every change of an exact value is a step at the revision where it is
first seen. Each revision is compared with the nearest earlier one of the first-parent history in
which the benchmark has a number; what lies between could not be measured and is named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from harness.analysis.comparison import Direction, judge
from harness.analysis.frames import values_frame
from harness.analysis.history import History
from harness.model import ALLOCS, Measurement


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one series.

    Attributes:
        package: import path.
        benchmark: full name.
        unit: unit of the values.
        revision: hash of the revision where the new value is first seen.
        previous: hash of the revision it is compared with.
        between: hashes in between that gave no number; the step may belong to any of them.
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
        ordered = series.sort_values("position")
        changed = ordered["value"].ne(ordered["value"].shift()) & ordered["value"].shift().notna()
        before = ordered.shift()
        for index in ordered.index[changed]:
            step = _step(history, str(package), str(benchmark), unit, ordered, before, index)
            if step is not None:
                found.append(step)
    return tuple(
        sorted(found, key=lambda s: (history.position(s.revision), s.package, s.benchmark))
    )


def _step(
    history: History,
    package: str,
    benchmark: str,
    unit: str,
    after: pd.DataFrame,
    before: pd.DataFrame,
    index: object,
) -> Step | None:
    revision = str(after.at[index, "revision"])
    previous = str(before.at[index, "revision"])
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
