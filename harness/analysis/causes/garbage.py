"""The garbage collections before and after a change of the allocations."""

from dataclasses import dataclass

from harness.analysis.causes.crossing import measurement_of
from harness.model import ALLOCS, BYTES, GC_CYCLES, GC_PAUSE, Record

# Collections follow the bytes; where these are as before, the number of objects stands for them.
DRIVERS = (BYTES, ALLOCS)


@dataclass(frozen=True, slots=True)
class Collections:
    """The garbage collections of one benchmark before and after a change.

    Attributes:
        cycles: collections per operation at base and at head.
        pause: seconds per operation for which they stop the world, likewise.
    """

    cycles: tuple[float, float]
    pause: tuple[float, float]


def collections(base: Record, head: Record, package: str, benchmark: str) -> Collections | None:
    """The collections of a benchmark on both sides.

    ``None`` where one side has none, and where the ranges of the repetitions meet.
    """
    old = measurement_of(base, package, benchmark, GC_CYCLES)
    new = measurement_of(head, package, benchmark, GC_CYCLES)
    if old is None or new is None:
        return None
    if old.low <= new.high and new.low <= old.high:
        return None
    pauses = [measurement_of(record, package, benchmark, GC_PAUSE) for record in (base, head)]
    before, after = (0.0 if p is None else p.value for p in pauses)
    return Collections((old.value, new.value), (before, after))
