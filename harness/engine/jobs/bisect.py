"""Bisection: find the commit of a step with few builds."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.compare.comparison import Direction, judge
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.session import Session
from harness.errors import MeasurementError, UsageError
from harness.model import Measurement, Record


@dataclass(frozen=True, slots=True)
class Found:
    """A step that was found."""

    package: str
    benchmark: str
    unit: str
    good: Record  # last revision with the old value, `before`
    bad: Record  # first revision seen with another value, `after`
    # Revisions in between without a value; the step may be in any of them or in `bad`.
    between: tuple[str, ...]
    before: float
    after: float
    looked_at: int  # how many revisions were looked at, the two ends among them


def find_step(
    session: Session, spec: EnvironmentSpec, revisions: Sequence[str], unit: str
) -> Found:
    """Bisect a step of a counted unit.

    Args:
        revisions: first-parent history, oldest first; the first is the base.

    Raises:
        UsageError: nothing changed between the ends.
        MeasurementError: an end has no value.
    """
    looked_at: dict[int, Record] = {}

    def record(index: int) -> Record:
        if index not in looked_at:
            looked_at[index] = session.ensure_counted(revisions[index], spec)
            session.progress.finish(f"{revisions[index][:8]} looked at")
        return looked_at[index]

    last = len(revisions) - 1
    package, name = _largest_step(record(0), record(last), unit)

    def value(index: int) -> Measurement | None:
        return _values(record(index), unit).get((package, name))

    low, high = 0, last
    old = value(0)
    holes: set[int] = set()
    while (middle := _middle(low, high, holes)) is not None:
        seen = value(middle)
        if seen is None:
            holes.add(middle)
        elif judge(unit, old, seen)[0] is Direction.NONE:
            low = middle
        else:
            high = middle
    before, after = value(low), value(high)
    assert before is not None
    assert after is not None
    ends = record(low), record(high), tuple(revisions[low + 1 : high])
    return Found(package, name, unit, *ends, before.value, after.value, len(looked_at))


def _middle(low: int, high: int, holes: set[int]) -> int | None:
    """The place nearest to the middle of ``low`` and ``high`` that has a value or was not tried."""
    inside = [i for i in range(low + 1, high) if i not in holes]
    if not inside:
        return None
    centre = (low + high) / 2
    return min(inside, key=lambda i: abs(i - centre))


def _largest_step(base: Record, head: Record, unit: str) -> tuple[str, str]:
    bench = head.settings.bench
    before, after = _values(base, unit), _values(head, unit)
    for record, values in ((base, before), (head, after)):
        if not values:
            reason = record.errors[0].message.splitlines()[0] if record.errors else ""
            raise MeasurementError(
                f"{record.revision.short} has no {unit} of a benchmark that --bench {bench!r}"
                " selects" + (f": {reason}" if reason else "")
            )
    changed = {
        k: abs(after[k].value - before[k].value)
        for k in before.keys() & after.keys()
        if judge(unit, before[k], after[k])[0] is not Direction.NONE
    }
    if not changed:
        raise UsageError(
            f"{unit} of {bench!r} is the same at {base.revision.short} and {head.revision.short}"
        )
    return max(sorted(changed), key=lambda k: changed[k])


def _values(record: Record, unit: str) -> dict[tuple[str, str], Measurement]:
    return {
        (package, result.name): measurement
        for package, result in record.benchmarks()
        if (measurement := result.measurement(unit)) is not None
    }
