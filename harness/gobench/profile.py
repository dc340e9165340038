"""Exact accounting: which source line allocates how much per operation.

A benchmark runs at two iteration counts with every allocation in the memory profile
(``-memprofilerate=1``); the difference divided by the difference of the counts is what one
operation allocates. Set-up, ramp-up and what other goroutines do once are in both and cancel.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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


def measure_account(
    binary: Path,
    directory: Path,
    package: str,
    benchmark: str,
    env: Mapping[str, str],
    scratch: Path,
    timeout: float,
    own: OwnSource,
    *,
    exact: bool,
) -> Account:
    """Profile one benchmark in two processes of its own.

    Args:
        binary: the test binary; with the tiny allocator off if ``exact``.
        directory: of the package.
        package: import path.
        benchmark: full name; slash-children of it are left out.
        env: environment of the benchmark.
        scratch: where profiles are written.
        timeout: seconds for each of the two.
        own: tells the project's source.
        exact: whether the tiny allocator is off.

    Raises:
        MeasurementError: the benchmark does not come to its end, or gives no profile.
    """
    profiles = []
    for iterations in (FEW, MANY):
        output = scratch / f"{iterations}.mem"
        output.unlink(missing_ok=True)
        done = run(
            [
                str(binary),
                "-test.run=^$",
                f"-test.bench={exact_pattern(benchmark)}",
                f"-test.skip={exact_pattern(benchmark)}/.",
                "-test.cpu=1",
                f"-test.benchtime={iterations}x",
                "-test.memprofilerate=1",
                f"-test.memprofile={output}",
            ],
            cwd=directory,
            env=env,
            timeout=timeout,
        )
        if not done.ok or not output.is_file():
            said = (done.stderr or done.stdout).strip().splitlines()
            reason = "took too long" if done.timed_out else said[0] if said else "no profile"
            raise MeasurementError(f"{benchmark} could not be profiled: {reason}")
        profiles.append(read_heap_profile(output.read_bytes(), benchmark))
    return account(package, benchmark, profiles[0], profiles[1], MANY - FEW, own, exact=exact)


def exact_pattern(benchmark: str) -> str:
    """An expression that ``-test.bench`` matches with this benchmark; also with its children."""
    return "/".join(f"^{re.escape(part)}$" for part in benchmark.split("/"))


def account(
    package: str,
    benchmark: str,
    few: Sequence[Stack],
    many: Sequence[Stack],
    operations: int,
    own: OwnSource,
    *,
    exact: bool,
) -> Account:
    """Difference of two profiles by source line of the project; pure.

    Args:
        package: import path.
        benchmark: full name.
        few: profile of the shorter run.
        many: profile of the longer run.
        operations: how many more operations the longer run did.
        own: tells the project's source.
        exact: whether the tiny allocator was off.
    """
    sums: dict[AllocationSite, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for sign, stacks in ((1, many), (-1, few)):
        for stack in stacks:
            place = _place(stack, own)
            if place is not None:
                sums[place][0] += sign * stack.objects
                sums[place][1] += sign * stack.bytes
    sites = [
        AllocationSite(
            s.file, s.line, s.function, s.outer_file, s.outer_line, s.via,
            allocs / operations, size / operations,
        )
        for s, (allocs, size) in sums.items()
        if abs(allocs) / operations >= _SMALLEST
    ]  # fmt: skip
    sites.sort(key=lambda s: (-s.allocs, s.file, s.line, s.via))
    return Account(
        package,
        benchmark,
        tuple(sites),
        sum(s.allocs for s in sites),
        sum(s.bytes for s in sites),
        exact,
    )


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

    ``example.com/m/p.(*T).M`` is ``(*T).M``.
    """
    return name.rpartition("/")[2].partition(".")[2] or name


def library_name(name: str) -> str:
    """A library function as its users write it: ``strings.Join``, ``(*bytes.Buffer).Write``."""
    package, _, function = name.rpartition("/")[2].partition(".")
    pointer = re.fullmatch(r"\(\*([^)]+)\)\.(.+)", function)
    if pointer is not None:
        return f"(*{package}.{pointer[1]}).{pointer[2]}"
    return f"{package}.{function}"
