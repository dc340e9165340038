"""The garbage collections before and after a change of the allocations."""

from dataclasses import dataclass

from harness.model import ALLOCS, BYTES, GC_CYCLES, GC_PAUSE, Measurement, Record

# Collections follow the bytes; where these are as before, the number of objects stands for them.
DRIVERS = (BYTES, ALLOCS)


@dataclass(frozen=True, slots=True)
class Collections:
    """Collections per operation, and seconds for which they stop the world, at base and head."""

    cycles: tuple[float, float]
    pause: tuple[float, float]


def collections(base: Record, head: Record, package: str, benchmark: str) -> Collections | None:
    """The collections of a benchmark; ``None`` if a side has none, or if the ranges meet."""

    def measured(record: Record, unit: str) -> Measurement | None:
        own = (b for path, b in record.benchmarks() if (path, b.name) == (package, benchmark))
        result = next(own, None)
        return result.measurement(unit) if result is not None else None

    old, new = measured(base, GC_CYCLES), measured(head, GC_CYCLES)
    if old is None or new is None or (old.low <= new.high and new.low <= old.high):
        return None
    pauses = (measured(record, GC_PAUSE) for record in (base, head))
    before, after = (0.0 if p is None else p.value for p in pauses)
    return Collections((old.value, new.value), (before, after))
