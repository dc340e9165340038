"""Exact accounting: which source line allocates how much per operation.

A benchmark runs at two iteration counts with every allocation in the memory profile
(``-memprofilerate=1``); the difference divided by the difference of the counts is what one
operation allocates. Set-up, ramp-up and what other goroutines do once are in both and cancel.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.diagnostics.messages import generic_name
from harness.errors import MeasurementError
from harness.gobench.pprof import Stack, read_heap_profile
from harness.model.allocation import Account, AllocationSite, Frame
from harness.process import run

FEW, MANY = 100, 400
# Frames of the testing package that report results: what they allocate is no part of an operation.
_REPORTING = re.compile(r"testing\.(\(\*benchState\)|BenchmarkResult|\(\*B\)\.report)")
_SMALLEST = 1e-3  # allocations per operation that are noise of a difference of two runs


@dataclass(frozen=True, slots=True)
class OwnSource:
    """Tells the project's source from libraries.

    Attributes:
        relative: a file as compiled (``example.com/m/p/x.go``) as a path in the repository, or
            ``None`` if it is not of the project.
    """

    relative: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class ProfileJob:
    """One benchmark to be profiled.

    Attributes:
        directory: of the package, where the binary runs.
        package: import path.
        benchmark: full name; slash-children of it are left out.
        env: environment of the benchmark.
        scratch: where profiles are written.
        timeout: seconds for one run.
    """

    directory: Path
    package: str
    benchmark: str
    env: Mapping[str, str]
    scratch: Path
    timeout: float


def measure_account(usual: Path, counting: Path | None, job: ProfileJob, own: OwnSource) -> Account:
    """Profile one benchmark at two iteration counts, each in a process of its own.

    Objects are counted in a build without the tiny allocator, which would hide small ones; bytes
    are taken from the usual build, which does not round those up to 16.

    Args:
        usual: the test binary.
        counting: the test binary without the tiny allocator, ``None`` if there is none.
        job: what to profile.
        own: tells the project's source.

    Raises:
        MeasurementError: the benchmark does not come to its end, or gives no profile.
    """
    sizes = _difference(usual, job, own)
    counts = _difference(counting, job, own) if counting is not None else sizes
    places = dict.fromkeys([*counts, *sizes])
    sites = [
        replace(
            place,
            allocs=counts.get(place, (0.0, 0.0))[0],
            bytes=sizes.get(place, (0.0, 0.0))[1],
        )
        for place in places
    ]
    return summed(job.package, job.benchmark, sites, exact=counting is not None)


def summed(
    package: str, benchmark: str, sites: Iterable[AllocationSite], *, exact: bool
) -> Account:
    """An account of these sites, the most allocations first; without what is noise."""
    kept = [s for s in sites if max(abs(s.allocs), abs(s.bytes) / 16) >= _SMALLEST]
    kept.sort(key=lambda s: (-s.allocs, s.file, s.line, s.via, s.outer_line))
    return Account(
        package,
        benchmark,
        tuple(kept),
        sum(s.allocs for s in kept),
        sum(s.bytes for s in kept),
        exact,
    )


def _difference(
    binary: Path, job: ProfileJob, own: OwnSource
) -> dict[AllocationSite, tuple[float, float]]:
    """Allocations and bytes per operation by place; the places' own amounts are 0."""
    profiles = [_profile(binary, job, iterations) for iterations in (FEW, MANY)]
    return difference(profiles[0], profiles[1], MANY - FEW, own)


def _profile(binary: Path, job: ProfileJob, iterations: int) -> list[Stack]:
    output = job.scratch / "profile.mem"
    output.unlink(missing_ok=True)
    pattern = exact_pattern(job.benchmark)
    done = run(
        [
            str(binary),
            "-test.run=^$",
            f"-test.bench={pattern}",
            f"-test.skip={pattern}/.",
            "-test.cpu=1",
            f"-test.benchtime={iterations}x",
            "-test.memprofilerate=1",
            f"-test.memprofile={output}",
        ],
        cwd=job.directory,
        env=job.env,
        timeout=job.timeout,
    )
    if not done.ok or not output.is_file():
        said = (done.stderr or done.stdout).strip().splitlines()
        reason = "took too long" if done.timed_out else said[0] if said else "no profile"
        raise MeasurementError(f"{job.benchmark} could not be profiled: {reason}")
    return read_heap_profile(output.read_bytes(), job.benchmark)


def exact_pattern(benchmark: str) -> str:
    """An expression that ``-test.bench`` matches with this benchmark; also with its children."""
    return "/".join(f"^{re.escape(part)}$" for part in benchmark.split("/"))


def difference(
    few: Sequence[Stack], many: Sequence[Stack], operations: int, own: OwnSource
) -> dict[AllocationSite, tuple[float, float]]:
    """Difference of two profiles by source line of the project; pure.

    Args:
        few: profile of the shorter run.
        many: profile of the longer run.
        operations: how many more operations the longer run did.
        own: tells the project's source.

    Returns:
        allocations and bytes per operation by place; the places' own amounts are 0.
    """
    sums: dict[AllocationSite, list[int]] = defaultdict(lambda: [0, 0])
    for sign, stacks in ((1, many), (-1, few)):
        for stack in stacks:
            place = _place(stack, own)
            if place is not None:
                sums[place][0] += sign * stack.objects
                sums[place][1] += sign * stack.bytes
    return {p: (allocs / operations, size / operations) for p, (allocs, size) in sums.items()}


def _place(stack: Stack, own: OwnSource) -> AllocationSite | None:
    """Where a stack is charged: the nearest frame of the project; amounts are left at 0."""
    via = ""
    for location in stack.locations:
        for index, frame in enumerate(location):
            if _REPORTING.match(frame.function):
                return None
            file = own.relative(frame.file)
            if file is None:
                # The library function that the project's line calls is the last one before it.
                via = library_name(frame.function)
                continue
            outer = _outermost(location[index:], own)
            return AllocationSite(
                file=file,
                line=frame.line,
                function=short_function(frame.function),
                outer_file=own.relative(outer.file) or file,
                outer_line=outer.line,
                via=via,
                allocs=0.0,
                bytes=0.0,
            )
    return None


def _outermost(frames: Iterable[Frame], own: OwnSource) -> Frame:
    """The last frame of the project among those inlined into one address."""
    return [frame for frame in frames if own.relative(frame.file) is not None][-1]


def short_function(name: str) -> str:
    """A function of a profile in the compiler's words: without its package.

    ``example.com/m/p.(*T).M`` is ``(*T).M``, and ``example.com/m/p.F[go.shape.int]`` is ``F[...]``.
    """
    name = generic_name(name)
    return name.rpartition("/")[2].partition(".")[2] or name


def library_name(name: str) -> str:
    """A library function as its users write it: ``strings.Join``, ``(*bytes.Buffer).Write``."""
    package, _, function = generic_name(name).rpartition("/")[2].partition(".")
    pointer = re.fullmatch(r"\(\*([^)]+)\)\.(.+)", function)
    if pointer is not None:
        return f"(*{package}.{pointer[1]}).{pointer[2]}"
    return f"{package}.{function}"
