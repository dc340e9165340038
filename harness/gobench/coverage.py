"""The lines that the benchmarks of a package execute, by Go's coverage counters.

Counters change what is inlined and what escapes, so such a build serves nothing else.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.diagnostics.functions import declared_extents
from harness.errors import MeasurementError
from harness.gobench.run import BENCHMARKS_ONLY
from harness.model import Execution, Position
from harness.model.selection import exactly
from harness.process import run

# `set`, executed or not, is the cheapest counter.
COVER_FLAGS = ("-cover", "-covermode=set")
_BLOCK = re.compile(
    r"(?P<file>.+):(\d{1,9})\.(\d{1,9}),(\d{1,9})\.(\d{1,9}) \d{1,9} (?P<count>\d{1,20})"
)


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """Statements without a branch between them; ``end`` is the place after the last one."""

    start: tuple[int, int]
    end: tuple[int, int]
    executed: bool


# By file, relative to the repository.
Blocks = dict[str, list[Block]]


@dataclass(frozen=True, slots=True)
class CoverageJob:
    """The run of the benchmarks of one package; times are seconds.

    ``binary`` is built with :data:`COVER_FLAGS`; ``benchmarks`` are top-level ones that can be run,
    ``benchtime`` is that of the allocation lane, so that the same branches are taken.
    """

    binary: Path
    directory: Path
    benchmarks: Sequence[str]
    benchtime: str
    env: Mapping[str, str]
    scratch: Path
    idle_timeout: float
    timeout: float


def run_coverage(job: CoverageJob, relative: Callable[[str], str | None]) -> Blocks:
    """Run the benchmarks once; ``relative`` makes a file as compiled relative to the repository.

    Raises:
        MeasurementError: they do not come to their end.
    """
    profile = job.scratch / f"{job.binary.name}.cov"
    done = run(
        [
            str(job.binary),
            *BENCHMARKS_ONLY,
            f"-test.bench={exactly(job.benchmarks)}",
            "-test.cpu=1",
            f"-test.benchtime={job.benchtime}",
            f"-test.coverprofile={profile}",
        ],
        cwd=job.directory,
        env=job.env,
        timeout=job.timeout,
        idle_timeout=job.idle_timeout,
    )
    if not done.ok or not profile.is_file():
        said = (done.stderr or done.stdout).strip().splitlines()
        reason = "took too long" if done.timed_out else said[-1] if said else "no profile"
        raise MeasurementError(f"no coverage of {job.directory.name}: {reason}")
    return read_profile(profile.read_text("utf-8", "replace"), relative)


def read_profile(text: str, relative: Callable[[str], str | None]) -> Blocks:
    """Read a coverage profile (``x.go:12.3,14.5 2 1``: from, to, statements, count); pure."""
    found: Blocks = {}
    for line in text.splitlines():
        match = _BLOCK.fullmatch(line)
        file = relative(match["file"]) if match is not None else None
        if match is None or file is None:
            continue
        first, last = (int(match[2]), int(match[3])), (int(match[4]), int(match[5]))
        found.setdefault(file, []).append(Block(first, last, int(match["count"]) > 0))
    return found


def merge_blocks(parts: Iterable[Blocks]) -> Blocks:
    """Join the blocks of several runs."""
    found: dict[str, dict[tuple[tuple[int, int], tuple[int, int]], Block]] = {}
    for part in parts:
        for file, blocks in part.items():
            own = found.setdefault(file, {})
            for block in blocks:
                key = (block.start, block.end)
                own[key] = max(block, own.get(key, block))  # executed in any run
    return {file: sorted(own.values()) for file, own in found.items()}


def execution(blocks: Sequence[Block], content: bytes, where: Position) -> Execution | None:
    """Return whether a place of a file, or its whole line without a column, was executed; pure.

    ``None`` where nothing was counted around the place. Package-level initialisers run whatever
    benchmarks do. The signature of a function is executed with its first block.
    """
    place = (where.line, where.column or 1)
    extent = next(
        (e for e in declared_extents(content) if e[0] <= place <= e[1] or e[0][0] == where.line),
        None,
    )
    if extent is None:
        return Execution.EXECUTED
    inside = sorted(b for b in blocks if extent[0] <= b.start <= extent[1])
    if not inside:
        return None
    if not inside[0].executed:
        return Execution.UNCOVERED
    if where.column:
        around = [b for b in inside if b.start <= place < b.end]
    else:
        around = [b for b in inside if b.start[0] <= where.line <= b.end[0]]
    # Blocks do not overlap, but for those of a literal, which are in that of its statement.
    here = max(around, key=lambda b: b.start, default=inside[0])
    return Execution.EXECUTED if here.executed else Execution.UNEXECUTED


def line_executed(blocks: Sequence[Block], line: int) -> bool:
    """True if anything on a line was executed."""
    return any(b.executed and b.start[0] <= line <= b.end[0] for b in blocks)
