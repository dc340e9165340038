"""How long frames, steps and correlation of a large history take, from records in memory.

Usage: python -m tests.bench.frames [REVISIONS] [BENCHMARKS]
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence

from harness.analysis.compare.escapes import EscapeCounts
from harness.analysis.frames.correlation import associations
from harness.analysis.frames.frames import Samples
from harness.analysis.history.history import History
from harness.analysis.series.steps import recorded_units, steps
from harness.model import BenchmarkResult, Lane, Measurement, Record
from tests.builders import MODULE, make_package, make_record

_NOISY = ("sec/op", "gc-pause-sec/op")


def main() -> None:
    """Print seconds of CPU."""
    revisions = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    benchmarks = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    rng = random.Random(1)
    noise = [tuple(1e-6 * rng.gauss(1, 0.02) for _ in range(6)) for _ in range(5000)]
    history = History.build(_record(n, benchmarks, noise, rng) for n in range(revisions))
    print(f"{revisions} revisions, {benchmarks} benchmarks, {len(recorded_units(history))} units")
    for name, work in (
        ("samples", lambda: _samples(history).samples()),
        ("values", lambda: _samples(history).values()),
        ("steps allocs/op", lambda: steps(history)),
        ("steps B/op", lambda: steps(history, "B/op")),
        ("steps sec/op", lambda: steps(history, "sec/op")),
        ("correlation allocs/op", lambda: _correlate(history, "allocs/op")),
        ("correlation sec/op", lambda: _correlate(history, "sec/op")),
    ):
        start = time.process_time()
        found = work()
        seconds = time.process_time() - start
        print(f"{name:24}{seconds:7.1f} s   {len(found):>9,} rows", flush=True)


def _samples(history: History) -> Samples:
    found = Samples()
    for record in history.records:
        found.add(record, history.position(record.revision.hash))
    return found


def _record(
    number: int, benchmarks: int, noise: list[tuple[float, ...]], rng: random.Random
) -> Record:
    allocs = float(10 + number // 400)
    exact = [
        Measurement(unit, Lane.ALLOCATION, (allocs, allocs), True) for unit in ("allocs/op", "B/op")
    ]
    results = [
        BenchmarkResult(
            f"Benchmark{i}",
            (*exact, *(Measurement(u, Lane.TIME, rng.choice(noise), False) for u in _NOISY)),
        )
        for i in range(benchmarks)
    ]
    packages = [make_package(f"{MODULE}/p{k}", results[k::10]) for k in range(10)]
    return make_record(number, packages)


def _correlate(history: History, unit: str) -> Sequence[object]:
    counts = {
        h: {f"{MODULE}/p{k}": EscapeCounts(1, 0) for k in range(5)} for h in history.line[::40]
    }
    return associations(history, counts, [unit])


if __name__ == "__main__":
    main()
