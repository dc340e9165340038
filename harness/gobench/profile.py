"""Exact accounting: how much each source line allocates per operation.

A benchmark runs at two iteration counts with every allocation in the memory profile
(``-memprofilerate=1``); the difference divided by the difference of the counts is what one
operation allocates. Set-up, ramp-up and other goroutines are in both and cancel.

Where `testing` is changed to print the heap costs, a profile has only the allocations that the
timer counts in the run that is reported (:func:`harness.toolchain.overlay.with_heap_costs`). The
rest of its allocations is the set-up that is in the reported figure, divided by the iterations:
operations · allocs + set-up = profile.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.diagnostics.messages import generic_name
from harness.errors import MeasurementError
from harness.gobench.pprof import Stack, read_heap_profile
from harness.gobench.run import BENCHMARKS_ONLY
from harness.model.allocation import Account, AllocationSite, Frame
from harness.model.selection import exactly
from harness.process import run

FEW, MANY = 100, 400
# Frames of the testing package that report results: what they allocate is no part of an operation.
_REPORTING = re.compile(
    r"testing\.(\(\*benchState\)|BenchmarkResult|\(\*B\)\.report|\(\*esvHeap\))"
)
# Initialisation and `TestMain`, before the benchmarks.
_MAIN = "runtime.main"
_RUNTIME = ("runtime.", "internal/runtime/")
_DIRECT, _SHOWN = "runtime.mallocgc", "runtime.newobject"
_SMALLEST = 1e-3  # allocations per operation that are noise of a difference of two runs
_SMALLEST_SETUP = 0.5  # allocations of one run, likewise


# Makes a file as compiled (``example.com/m/p/x.go``) relative to the repository; ``None`` for one
# that is not of the project.
Relative = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class ProfileJob:
    """One benchmark to be profiled, without its sub-benchmarks, in the directory of its package.

    ``timed``: the binary's `testing` profiles only what the timer counts.
    """

    directory: Path
    package: str
    benchmark: str
    env: Mapping[str, str]
    scratch: Path
    timeout: float
    timed: bool = False


@dataclass(slots=True)
class Amount:
    """The allocations of one place, per operation and, for the set-up, per run.

    ``calls`` are both, by function of the runtime that allocates.
    """

    allocs: float = 0.0
    bytes: float = 0.0
    setup_allocs: float = 0.0
    setup_bytes: float = 0.0
    calls: dict[str, tuple[float, float]] = field(default_factory=dict)


def measure_account(
    usual: Path, counting: Path | None, job: ProfileJob, relative: Relative
) -> Account:
    """Profile one benchmark at two iteration counts, each in a process of its own.

    Objects are counted in a build without the tiny allocator, which would hide small ones, if there
    is one; bytes are taken from the usual build, which does not round those up to 16.

    Raises:
        MeasurementError: the benchmark does not come to its end, or gives no profile.
    """
    sizes = _difference(usual, job, relative)
    counts = _difference(counting, job, relative) if counting is not None else sizes
    nothing = Amount()
    sites = []
    for place in dict.fromkeys([*counts, *sizes]):
        count, size = counts.get(place, nothing), sizes.get(place, nothing)
        # Without the timer, the rest is anything that a process does once.
        setup = (count.setup_allocs, size.setup_bytes) if job.timed else (0.0, 0.0)
        calls = [
            (name, each if abs(each) >= _SMALLEST else 0.0, once if job.timed else 0.0)
            for name, (each, once) in sorted(count.calls.items())
        ]
        sites.append(
            replace(
                place,
                allocs=count.allocs,
                bytes=size.bytes,
                setup_allocs=setup[0],
                setup_bytes=setup[1],
                calls=tuple(c for c in calls if c[1] or abs(c[2]) >= _SMALLEST_SETUP),
            )
        )
    return summed(job.package, job.benchmark, sites, exact=counting is not None, timed=job.timed)


def summed(
    package: str,
    benchmark: str,
    sites: Iterable[AllocationSite],
    *,
    exact: bool,
    timed: bool = False,
) -> Account:
    """Return an account of these sites, the most allocations first; without noise."""
    clear = []
    for site in sites:
        if max(abs(site.setup_allocs), abs(site.setup_bytes) / 16) < _SMALLEST_SETUP:
            site = replace(site, setup_allocs=0.0, setup_bytes=0.0)
        if max(abs(site.allocs), abs(site.bytes) / 16) < _SMALLEST:
            site = replace(site, allocs=0.0, bytes=0.0)
        if site.allocs or site.bytes or site.setup_allocs or site.setup_bytes:
            clear.append(site)
    clear.sort(key=lambda s: (-s.allocs, s.file, s.line, s.via, s.outer_line))
    allocs, size = sum(s.allocs for s in clear), sum(s.bytes for s in clear)
    return Account(package, benchmark, tuple(clear), allocs, size, exact, timed)


def _difference(binary: Path, job: ProfileJob, relative: Relative) -> dict[AllocationSite, Amount]:
    few, many = (_profile(binary, job, iterations) for iterations in (FEW, MANY))
    return difference(few, many, (FEW, MANY), relative)


def _profile(binary: Path, job: ProfileJob, iterations: int) -> list[Stack]:
    output = job.scratch / "profile.mem"
    output.unlink(missing_ok=True)
    pattern = exactly([job.benchmark])
    done = run(
        [
            str(binary),
            *BENCHMARKS_ONLY,
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


def difference(
    few: Sequence[Stack], many: Sequence[Stack], operations: tuple[int, int], relative: Relative
) -> dict[AllocationSite, Amount]:
    """Return the difference of two profiles by source line of the project; pure.

    ``operations`` are those of each run. The places' own amounts are 0. The set-up counts only
    where the profiles have nothing but one run.
    """
    # By place and function of the runtime: objects and bytes of the shorter, of the longer run.
    sums: dict[AllocationSite, dict[str, list[int]]] = defaultdict(
        lambda: defaultdict(lambda: [0, 0, 0, 0])
    )
    # Where the runtime is not shown, or (Go 1.24 and older) without the callers of mallocgc, no
    # line's calls are known. Else mallocgc alone is left out.
    shown = any(_allocator(stack) == _SHOWN for stack in (*few, *many))
    for offset, stacks in ((0, few), (2, many)):
        for stack in stacks:
            place = _place(stack, relative)
            if place is not None:
                amounts = sums[place][
                    (_allocator(stack) or _DIRECT) if shown and not place.via else ""
                ]
                amounts[offset] += stack.objects
                amounts[offset + 1] += stack.bytes
    first, second = operations
    found = {}
    for place, by_function in sums.items():
        amount = found[place] = Amount()
        for function, (objects, size, more_objects, more_size) in by_function.items():
            each = (more_objects - objects) / (second - first)
            each_bytes = (more_size - size) / (second - first)
            once = objects - first * each
            amount.allocs += each
            amount.bytes += each_bytes
            amount.setup_allocs += once
            amount.setup_bytes += size - first * each_bytes
            if function:
                amount.calls[function] = (each, once)
    return found


def _frames(stack: Stack) -> list[Frame]:
    """Return the frames of a stack, the innermost first."""
    return [frame for location in stack.locations for frame in location]


def _allocator(stack: Stack) -> str:
    """Return the runtime's function that the code calls to allocate; empty if it is not shown."""
    name = ""
    for frame in _frames(stack):
        if not frame.function.startswith(_RUNTIME):
            break
        name = frame.function
    return name


def _place(stack: Stack, relative: Relative) -> AllocationSite | None:
    """Return the nearest frame of the project, which a stack is charged to; amounts are 0."""
    if any(frame.function == _MAIN for frame in _frames(stack)):
        return None
    via = ""
    inside = True  # of the runtime, to which the line's own allocations are not charged
    for location in stack.locations:
        for index, frame in enumerate(location):
            inside = inside and frame.function.startswith(_RUNTIME)
            if inside:
                continue
            if _REPORTING.match(frame.function):
                return None
            file = relative(frame.file)
            if file is None:
                # The library function that the project's line calls is the last one before it.
                via = library_name(frame.function)
                continue
            # The last frame of the project among those inlined into one address.
            outer = [f for f in location[index:] if relative(f.file) is not None][-1]
            outer_file = relative(outer.file) or file
            function = short_function(frame.function)
            return AllocationSite(
                file, frame.line, function, outer_file, outer.line, via, allocs=0.0, bytes=0.0
            )
    return None


def short_function(name: str) -> str:
    """Return a function of a profile by the compiler's name: without its package.

    ``example.com/m/p.(*T).M`` is ``(*T).M``, and ``example.com/m/p.F[go.shape.int]`` is ``F[...]``.
    """
    name = generic_name(name)
    return name.rpartition("/")[2].partition(".")[2] or name


def library_name(name: str) -> str:
    """Return a library function as its users write it: ``(*bytes.Buffer).Write``."""
    package, _, function = generic_name(name).rpartition("/")[2].partition(".")
    pointer = re.fullmatch(r"\(\*([^)]+)\)\.(.+)", function)
    if pointer is not None:
        return f"(*{package}.{pointer[1]}).{pointer[2]}"
    return f"{package}.{function}"
