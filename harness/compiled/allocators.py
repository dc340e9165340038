"""The functions of Go's runtime that allocate."""

import re
from functools import cache

from harness.model.compiled import AllocationKind

# The functions that the compiler calls. 1.24 added concatbyte*, 1.25 growsliceBuf and the like,
# 1.26 moveSlice*, and 1.27 calls mallocgcSmall*/mallocgcTiny* of a size class directly. The last
# two groups are reached through inlined functions of the standard library.
_ALLOCATORS = (
    (AllocationKind.OBJECT, r"runtime\.(?:newobject|newarray|mallocgc\w*)"),
    (AllocationKind.SLICE, r"runtime\.makeslice(?:64|copy)?"),
    (AllocationKind.APPEND, r"runtime\.(?:growslice\w*|moveSlice\w*)"),
    (AllocationKind.MAP, r"runtime\.(?:makemap(?:64|_small)?|mapassign(?:_fast\w+)?)"),
    (AllocationKind.CHAN, r"runtime\.makechan(?:64)?"),
    (AllocationKind.BOXING, r"runtime\.convT(?:noptr|16|32|64|string|slice)?"),
    (
        AllocationKind.STRING,
        r"runtime\.(?:concatstrings?[2-5]?|concatbytes?[2-5]?|slicebytetostring|slicerunetostring"
        r"|stringtoslicebyte|stringtoslicerune|intstring)",
    ),
    (AllocationKind.GOROUTINE, r"runtime\.newproc"),
    (AllocationKind.DEFER, r"runtime\.(?:deferproc|deferprocat|deferrangefunc)"),
    (AllocationKind.SLICE, r"internal/bytealg\.MakeNoZero"),
    (AllocationKind.MAP, r"maps\.clone"),
)
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _ALLOCATORS)


@cache
def allocation_kind(function: str) -> AllocationKind | None:
    """Return what a function (``runtime.newobject``) allocates, ``None`` for one that does not."""
    if not function.startswith(("runtime.", "internal/bytealg.", "maps.")):
        return None
    return next((kind for kind, pattern in _COMPILED if pattern.fullmatch(function)), None)
