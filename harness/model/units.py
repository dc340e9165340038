"""Units, as the Go benchmark format names them, and which direction is better.

Source: https://go.dev/design/14313-benchmark-format and golang.org/x/perf/benchunit: ``ns/op`` is
read as ``sec/op`` and ``MB/s`` as ``B/s``.

:data:`HEAP_COSTS` are of :class:`runtime.MemStats`, which `testing` reads when its timer starts and
stops. ``heap-live-B``, ``heap-inuse-B`` and ``stack-inuse-B`` are what the run added: their value
when the timer stopped last, less that when the run began, before the benchmark's set-up. They are
below 0 where the run set free what an earlier one had left. More: docs/design/heap-costs.md.
"""

SECONDS = "sec/op"
BYTES = "B/op"
ALLOCS = "allocs/op"
ESCAPES = "escapes"
# Allocation calls and the largest stack frame of a package, read from the compiled code.
HEAP_CALLS = "heap-calls"
FRAME_BYTES = "frame-B"
# What the heap costs besides the allocation itself; printed by an overlay of `testing`.
ALLOCS_EXACT = "allocs-exact/op"  # allocs/op before `testing` cuts it to a whole number
GC_CYCLES = "gc-cycles/op"  # collections that ended while the timer was on (NumGC)
GC_PAUSE = "gc-pause-sec/op"  # how long they stopped the world (PauseTotalNs)
HEAP_LIVE = "heap-live-B"  # reachable or not yet swept (HeapAlloc)
HEAP_INUSE = "heap-inuse-B"  # spans in use (HeapInuse)
STACK_INUSE = "stack-inuse-B"  # spans of stacks in use (StackInuse)
HEAP_COSTS = (ALLOCS_EXACT, GC_CYCLES, GC_PAUSE, HEAP_LIVE, HEAP_INUSE, STACK_INUSE)
# Of them, what is no count: repetitions may agree by chance, so a difference needs samples.
SAMPLED = frozenset({GC_CYCLES, GC_PAUSE, HEAP_LIVE, HEAP_INUSE, STACK_INUSE})
# Allocations for each operation by which two runs of one binary may differ through what runs once
# in a process: 10 objects in 100 operations. How it was measured: docs/steps.md, "Exact values".
JITTER = 0.1

_HIGHER_IS_BETTER = frozenset({"B/s"})


def better(unit: str) -> int:
    """The direction of ``unit`` that is an improvement: ``-1`` lower, ``+1`` higher."""
    return 1 if unit in _HIGHER_IS_BETTER or unit.endswith("/s") else -1


def is_exact_unit(unit: str) -> bool:
    """Return whether values of ``unit`` are counts of the allocation lane or of the compiler."""
    return unit in (ALLOCS, ESCAPES, HEAP_CALLS, FRAME_BYTES)


def asv_unit(unit: str) -> str:
    """The unit as asv's pages know it: it scales ``seconds`` and ``bytes`` by itself."""
    return {SECONDS: "seconds", BYTES: "bytes"}.get(unit, unit)
