"""Units, as the Go benchmark format names them, and which direction is better.

Source: https://go.dev/design/14313-benchmark-format and golang.org/x/perf/benchunit: ``ns/op`` is
read as ``sec/op`` and ``MB/s`` as ``B/s``.
"""

SECONDS = "sec/op"
BYTES = "B/op"
ALLOCS = "allocs/op"
ESCAPES = "escapes"
# Allocation calls and the largest stack frame of a package, read from the compiled code.
HEAP_CALLS = "heap-calls"
FRAME_BYTES = "frame-B"
# What the heap costs beside the allocation itself; printed by an overlay of `testing`.
GC_CYCLES = "gc-cycles/op"
GC_PAUSE = "gc-pause-sec/op"
HEAP_LIVE = "heap-live-B"  # reachable or not yet swept, when the timer stops (HeapAlloc)
HEAP_INUSE = "heap-inuse-B"  # spans in use; what is above HEAP_LIVE is fragmentation (HeapInuse)
STACK_INUSE = "stack-inuse-B"  # spans of stacks in use (StackInuse)
ALLOCS_EXACT = "allocs-exact/op"  # allocs/op before `testing` cuts it to a whole number

_HIGHER_IS_BETTER = frozenset({"B/s"})


def better(unit: str) -> int:
    """Which direction of ``unit`` is an improvement: ``-1`` lower, ``+1`` higher."""
    return 1 if unit in _HIGHER_IS_BETTER or unit.endswith("/s") else -1


def is_exact_unit(unit: str) -> bool:
    """Whether values of ``unit`` are counts of the allocation lane or of the compiler."""
    return unit in (ALLOCS, ESCAPES, HEAP_CALLS, FRAME_BYTES)


def asv_unit(unit: str) -> str:
    """The unit as asv's pages know it: it scales ``seconds`` and ``bytes`` by itself."""
    return {SECONDS: "seconds", BYTES: "bytes"}.get(unit, unit)
