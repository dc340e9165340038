"""Units, as the Go benchmark format names them, and which direction is better.

Source: https://go.dev/design/14313-benchmark-format and golang.org/x/perf/benchunit: ``ns/op`` is
read as ``sec/op`` and ``MB/s`` as ``B/s``.
"""

SECONDS = "sec/op"
BYTES = "B/op"
ALLOCS = "allocs/op"
ESCAPES = "escapes"

_HIGHER_IS_BETTER = frozenset({"B/s"})


def better(unit: str) -> int:
    """Which direction of ``unit`` is an improvement: ``-1`` lower, ``+1`` higher."""
    return 1 if unit in _HIGHER_IS_BETTER or unit.endswith("/s") else -1


def is_exact_unit(unit: str) -> bool:
    """Whether values of ``unit`` are counts of the allocation lane or of the compiler."""
    return unit in (ALLOCS, ESCAPES)


def asv_unit(unit: str) -> str:
    """The unit as asv's pages know it: it scales ``seconds`` and ``bytes`` by itself."""
    return {SECONDS: "seconds", BYTES: "bytes"}.get(unit, unit)
