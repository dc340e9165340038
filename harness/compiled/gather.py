"""Compiled functions, one by one, joined to what the record keeps. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from harness.model.compiled import AllocationCall, FunctionCode


@dataclass(frozen=True, slots=True)
class CompiledCode:
    """The calls that allocate and all functions of some packages, each sorted.

    Functions are those that were linked (or, in a listing, compiled).
    """

    calls: tuple[AllocationCall, ...]
    functions: tuple[FunctionCode, ...]


def gather(functions: Iterable[tuple[FunctionCode, Iterable[AllocationCall]]]) -> CompiledCode:
    """Join functions, some of which are compiled several times.

    A generic function is compiled for each shape of its type arguments, a package once by itself
    and once for its tests. Such a function has the frame of the largest, and each call as often as
    the one that makes it most often: the rule by which escape sites are counted.
    """
    frames: dict[tuple[str, str, str, int], int] = defaultdict(int)
    counts: Counter[AllocationCall] = Counter()
    for function, calls in functions:
        where = (function.package, function.function, function.file, function.line)
        frames[where] = max(frames[where], function.frame_bytes)
        for call, count in Counter(calls).items():
            counts[call] = max(counts[call], count)
    return CompiledCode(
        calls=tuple(sorted(counts.elements())),
        functions=tuple(
            sorted(
                FunctionCode(package, name, frame, file, line)
                for (package, name, file, line), frame in frames.items()
            )
        ),
    )


def merge(parts: Iterable[CompiledCode]) -> CompiledCode:
    """Join the code of several test binaries, in which the same package may be compiled in each."""
    everything: list[tuple[FunctionCode, list[AllocationCall]]] = []
    for part in parts:
        by_function: dict[tuple[str, str], list[AllocationCall]] = defaultdict(list)
        for call in part.calls:
            by_function[call.package, call.function].append(call)
        for function in part.functions:
            own = by_function.pop((function.package, function.function), [])
            everything.append((function, own))
    return gather(everything)
