"""From result lines to benchmark results: which number of which lane counts. Pure.

Allocations are counts and come from the allocation lane, where two runs must agree: in the whole
numbers that `testing` prints, and in those before they are cut (``allocs-exact/op``) but for
allocations that a process makes once. A benchmark that allocates 334.9 or 335.2 times is no exact
334 or 335, and it is chance which of the two is printed; its samples are the values before they are
cut. Time comes from the time lane only: 100 iterations are too few. A unit that a benchmark reports
by itself (``b.ReportMetric``) is taken from the time lane where there is one.

Which lane each of the heap costs comes from, and why: docs/design/heap-costs.md.
"""

import math
from collections.abc import Sequence

from harness.gobench.benchfmt import BenchmarkLine
from harness.model import (
    ALLOCS,
    ALLOCS_EXACT,
    BYTES,
    GC_CYCLES,
    GC_PAUSE,
    HEAP_COSTS,
    HEAP_INUSE,
    HEAP_LIVE,
    JITTER,
    SAMPLED,
    SECONDS,
    STACK_INUSE,
    BenchmarkResult,
    Lane,
    Measurement,
)

_COUNTED = (ALLOCS, BYTES, HEAP_LIVE, HEAP_INUSE, STACK_INUSE)
_COLLECTOR = (GC_CYCLES, GC_PAUSE)
_TIMED = (SECONDS, "B/s")


def measurements(
    allocation: Sequence[BenchmarkLine], time: Sequence[BenchmarkLine] = ()
) -> tuple[BenchmarkResult, ...]:
    """Return the results of a package, in the order of the output, from all runs of both lanes.

    There are no lines of the time lane with ``--alloc-only``.
    """
    counted, timed = _by_name(allocation), _by_name(time)
    return tuple(
        BenchmarkResult(name, _measure(counted.get(name, []), timed.get(name, [])))
        for name in dict.fromkeys([*counted, *timed])
    )


def _by_name(lines: Sequence[BenchmarkLine]) -> dict[str, list[BenchmarkLine]]:
    found: dict[str, list[BenchmarkLine]] = {}
    for line in lines:
        found.setdefault(line.name, []).append(line)
    return found


def _measure(allocation: list[BenchmarkLine], time: list[BenchmarkLine]) -> tuple[Measurement, ...]:
    found: list[Measurement] = []
    units = dict.fromkeys(u for line in (*time, *allocation) for u in line.values)
    most = max((line.iterations for line in allocation), default=0)
    longer = bool(time) and min(line.iterations for line in time) > most
    from_allocation = {
        *_COUNTED,
        *(() if longer else _COLLECTOR),
        *(() if longer and _same_count(allocation, time) else (ALLOCS_EXACT,)),
    }
    for unit in sorted(units, key=_rank):
        if allocation and unit in from_allocation:
            found.append(_measurement(unit, Lane.ALLOCATION, allocation))
        elif time:
            found.append(_measurement(unit, Lane.TIME, time))
        elif unit not in _TIMED:
            found.append(_measurement(unit, Lane.ALLOCATION, allocation))
    return tuple(m for m in found if m.samples)


def _same_count(allocation: list[BenchmarkLine], time: list[BenchmarkLine]) -> bool:
    """True if both lanes cut the allocations to the same whole numbers."""
    return {x.values.get(ALLOCS) for x in time} <= {x.values.get(ALLOCS) for x in allocation}


def _measurement(unit: str, lane: Lane, lines: list[BenchmarkLine]) -> Measurement:
    own = [line for line in lines if unit in line.values]
    samples = tuple(line.values[unit] for line in own)
    if lane is not Lane.ALLOCATION or unit in SAMPLED:
        return Measurement(unit, lane, samples, False)
    untruncated = _untruncated(own) if unit == ALLOCS else ()
    exact = len(samples) > 1 and len(set(samples)) == 1 and _repeats(untruncated)
    if exact and untruncated == samples:
        untruncated = ()
    return Measurement(unit, lane, samples if exact else untruncated or samples, exact, untruncated)


def _untruncated(lines: Sequence[BenchmarkLine]) -> tuple[float, ...]:
    """Return the allocs/op of several runs before they are cut; empty where they are not known."""
    found = tuple(line.values.get(ALLOCS_EXACT, math.nan) for line in lines)
    cut = [line.values[ALLOCS] for line in lines]
    # A benchmark may report something else under the name.
    known = len(lines) > 1 and all(0 <= x - n < 1 for x, n in zip(found, cut, strict=True))
    return found if known else ()


def _repeats(untruncated: Sequence[float]) -> bool:
    return not untruncated or round(max(untruncated) - min(untruncated), 6) <= JITTER


def agree(first: Sequence[BenchmarkLine], second: Sequence[BenchmarkLine]) -> bool:
    """True if two runs of the allocation lane gave the same counts for the same benchmarks."""
    ours, theirs = (sorted(lines, key=lambda x: x.name) for lines in (first, second))
    return len(ours) == len(theirs) and all(map(_same, ours, theirs))


def _same(one: BenchmarkLine, other: BenchmarkLine) -> bool:
    if one.name != other.name:
        return False
    counts, others = ([x.values.get(unit) for unit in (ALLOCS, BYTES)] for x in (one, other))
    return counts == others and (counts[0] is None or _repeats(_untruncated((one, other))))


def _rank(unit: str) -> tuple[int, str]:
    order = (SECONDS, BYTES, ALLOCS, "", *HEAP_COSTS)  # "": what the benchmark reports by itself
    return (order.index(unit if unit in order else ""), unit)
