"""Steps: where a series changes.

Exact values have no threshold and no delay: every change is a step at the revision where it is
first seen. Each revision is compared with the nearest earlier one of the first-parent history with
a number; those between are named. A number that does not repeat takes the place of an exact one
only where the two differ; its spread counts in the comparison with the next exact one, since two
repetitions may agree by chance.

Values that do not repeat (times, and sizes or custom metrics that vary) have the change points of
the whole series, with a p-value corrected for every series of the unit (:mod:`.changepoints`).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from harness.analysis.compare.comparison import Direction, direction_of, judge
from harness.analysis.history.history import History
from harness.analysis.history.runs import Run
from harness.analysis.series.series import unit_order
from harness.model import ALLOCS, Lane, Measurement, is_exact_unit

# A series of the allocation lane is taken for exact while at most this share did not repeat.
_MOSTLY_EXACT = 0.05
# A noisy regression is repaired when this share of it is gone; a level is never met exactly.
_GONE = 0.75


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one series.

    Attributes:
        revision: where the new value is first seen.
        previous: the revision it is compared with.
        between: hashes in between that gave no number, or none that tells the two apart; the step
            may belong to any of them.
        before, after: values at ``previous`` and ``revision``; of a noisy series the medians of the
            levels that end and begin there.
        p: of a noisy series, the probability of such a difference without a change, corrected for
            all places and all series of the unit; ``None`` where every change counts.
        repaired: of a regression, the later revision at which the value was back at or below
            ``before``; of a noisy series, at which three quarters of the rise were gone. ``None``
            while it is not repaired, and for improvements.
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
    p: float | None = None
    repaired: str | None = None

    @property
    def delta(self) -> float:
        """After minus before, in the unit."""
        return self.after - self.before

    @property
    def ratio(self) -> float:
        """After over before; infinite for 0 → N."""
        return self.after / self.before if self.before else math.inf

    @property
    def size(self) -> tuple[float, float]:
        """For ordering: the ratio with one added to both sides, up or down, then the difference."""
        ratio = (self.after + 1) / (self.before + 1)
        return max(ratio, 1 / ratio), abs(self.delta)


# One value of a series, and where it holds.
_Place = tuple[Run, Measurement]
_Key = tuple[str, str]


def recorded_units(history: History) -> tuple[str, ...]:
    """The units of a history: allocs/op, B/op, sec/op, then by name."""
    return tuple(sorted(history.values, key=unit_order))


def steps(history: History, unit: str = ALLOCS) -> tuple[Step, ...]:
    """All steps of one unit, oldest first."""
    exact: list[tuple[_Key, list[_Place]]] = []
    noisy: list[tuple[_Key, list[_Place]]] = []
    for key, places in history.values.get(unit, {}).items():
        (noisy if _is_noisy(unit, places) else exact).append((key, places))
    found = [step for s in exact for step in _exact_steps(history, unit, *s)]
    found += _noisy_steps(history, unit, noisy)
    position = history.position
    return tuple(sorted(found, key=lambda s: (position(s.revision), s.package, s.benchmark)))


def all_repaired(history: History, found: Sequence[Step]) -> str | None:
    """The revision at which the last of some regressions was undone; ``None`` if one is not."""
    undone = [s.repaired for s in found if s.repaired is not None]
    return max(undone, key=history.position) if len(undone) == len(found) else None


def observed_pairs(
    history: History, unit: str
) -> dict[tuple[str, str], list[tuple[str, str, float, float]]]:
    """Neighbouring measurements of every benchmark: ``(previous, revision, before, after)``.

    Values carried from a neighbour are not measurements of their own, and make no pair.
    """
    found = {}
    for key, places in history.values.get(unit, {}).items():
        observed = [(o.first, o.last, o.measurement.value) for o in _observations(places)]
        found[key] = [(a[1], b[0], a[2], b[2]) for a, b in pairwise(observed)]
    return found


def _is_noisy(unit: str, places: Sequence[_Place]) -> bool:
    """Return whether a series is one of times, or of values that often do not repeat.

    The share of values that do not repeat tells how often two repetitions agree by chance, and so
    how often a value that looks exact is not.
    """
    if is_exact_unit(unit):
        return False
    if any(m.lane is Lane.TIME for _, m in places):
        return True
    exact = [m.exact for run, m in places if run.measured]
    return exact.count(False) > _MOSTLY_EXACT * len(exact)


def _exact_steps(history: History, unit: str, key: _Key, places: Sequence[_Place]) -> list[Step]:
    found: list[tuple[Step, Measurement, Measurement]] = []
    # A value is compared with the one before it, but an exact one stays until the next exact one,
    # so that a range in between does not hide that 9 became 10.
    before: _Place | None = None
    latest: Measurement | None = None
    spread = 0.0  # of what did not repeat, since two values in a row did
    for place in places:
        run, new = place
        if new.exact and latest is not None and latest.exact:
            spread = 0.0
        seen = spread
        spread = max(spread, 0.0 if new.exact else new.spread)
        latest = new
        if before is None:
            before = place
            continue
        earlier, old = before
        if new.samples == old.samples and new.exact == old.exact:
            before = place
            continue
        direction = Direction.NONE
        if (new.value, new.exact) != (old.value, old.exact):
            direction, _ = judge(unit, old, new)
            if direction is not judge(unit, old, new, seen)[0]:
                continue  # perhaps by chance; the next one that repeats tells
        if direction is not Direction.NONE:
            step = Step(
                *key,
                unit=unit,
                revision=run.first,
                previous=earlier.last,
                between=history.between(earlier.last, run.first),
                before=old.value,
                after=new.value,
                direction=direction,
                exact=old.exact and new.exact,
            )
            found.append((step, old, new))
            spread = 0.0 if new.exact else new.spread
        if direction is not Direction.NONE or new.exact or not old.exact:
            before = place
    order = {run.first: number for number, (run, _) in enumerate(places)}
    return [
        _with_repair(step, old, new, places[order[step.revision] + 1 :]) for step, old, new in found
    ]


def _noisy_steps(
    history: History, unit: str, series: Sequence[tuple[_Key, list[_Place]]]
) -> list[Step]:
    if not series:
        return []
    from harness.analysis.series.changepoints import change_points_of_all  # numpy loads for long

    measured = [_observations(places) for _, places in series]
    points = change_points_of_all(
        [
            ([o.measurement.value for o in observed], [o.measurement.samples for o in observed])
            for observed in measured
        ]
    )
    steps: list[Step] = []
    for (key, _), observed, found in zip(series, measured, points, strict=True):
        own = []
        for point in found:
            revision, previous = observed[point.index].first, observed[point.index - 1].last
            own.append(
                Step(
                    *key,
                    unit=unit,
                    revision=revision,
                    previous=previous,
                    between=history.between(previous, revision),
                    before=point.before,
                    after=point.after,
                    direction=direction_of(unit, point.after - point.before),
                    exact=False,
                    p=point.p,
                )
            )
        steps += _repaired_noisy(own)
    return steps


@dataclass(slots=True)
class _Observation:
    """A measurement, with the first and the last of the neighbours whose value it is."""

    first: str
    last: str
    measurement: Measurement


def _observations(places: Iterable[_Place]) -> list[_Observation]:
    """Values with those carried from a neighbour taken together: they are one observation.

    Between revisions with the same test binary nothing can have changed, so a step belongs to the
    first of the later ones, whichever of them was measured.
    """
    found: list[_Observation] = []
    origin = ""
    for run, measurement in places:
        if run.origin == origin:
            found[-1].last = run.last
            continue
        origin = run.origin
        found.append(_Observation(run.first, run.last, measurement))
    return found


def _with_repair(step: Step, old: Measurement, new: Measurement, later: Sequence[_Place]) -> Step:
    """A step, of a regression with the revision that undid it."""
    if step.direction is not Direction.REGRESSION:
        return step
    for run, value in later:
        undone = judge(step.unit, new, value)[0] is Direction.IMPROVEMENT
        if undone and judge(step.unit, old, value)[0] is not Direction.REGRESSION:
            return replace(step, repaired=run.first)
    return step


def _repaired_noisy(found: list[Step]) -> list[Step]:
    """The steps, each regression with the revision that undid it: a level near the one before."""
    repaired = []
    for number, step in enumerate(found, 1):
        worse = step.direction is Direction.REGRESSION
        later = found[number:] if worse else []
        back = (s.revision for s in later if (step.after - s.after) / step.delta >= _GONE)
        repaired.append(replace(step, repaired=next(back, None)) if worse else step)
    return repaired
