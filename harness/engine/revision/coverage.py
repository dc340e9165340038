"""Coverage: do benchmarks execute the escape sites that a revision adds?"""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.diagnostics.collect import BuiltPackage
from harness.engine.base.progress import Progress
from harness.engine.revision.build import Builder, BuiltModule, BuiltTree
from harness.engine.revision.code import in_repository
from harness.engine.revision.packages import PackageRunner, run_timeout
from harness.errors import MeasurementError
from harness.gobench.coverage import (
    COVER_FLAGS,
    Blocks,
    CoverageJob,
    execution,
    line_executed,
    merge_blocks,
    run_coverage,
)
from harness.model import EscapeSite, Execution, Record, SiteExecution
from harness.process import processors
from harness.words import plural


@dataclass(frozen=True, slots=True)
class _Binary:
    """A package with benchmarks, and the packages in its test binary whose lines are counted."""

    module: BuiltModule
    package: BuiltPackage
    counted: tuple[str, ...]


def executions(
    builder: Builder, progress: Progress, record: Record, sites: Sequence[EscapeSite]
) -> list[SiteExecution]:
    """The execution of these sites of a record by its benchmarks, as far as known.

    A package that is in no benchmark's test binary is uncovered without a build.
    """
    whole = builder.build(record.revision, record.environment)
    wanted = {s.package for s in sites} | _inlined_packages(record, sites, whole)
    binaries = _binaries(record, whole, wanted)
    parts: list[Blocks | None] = []
    if binaries:
        packages = plural(len(binaries), "package")
        progress.step(f"{record.revision.short} coverage of {packages}")
        with builder.workspace.scratch() as scratch, ThreadPoolExecutor(processors()) as pool:
            runner = PackageRunner(whole, scratch, record.settings)
            places = [scratch / str(number) for number in range(len(binaries))]
            run = partial(_blocks, progress, record, whole, runner)
            parts = list(pool.map(run, binaries, places))
    silent = {b.package.path for b, p in zip(binaries, parts, strict=True) if p is None}
    blocks = merge_blocks(p for p in parts if p is not None)
    found = []
    for site in sites:
        holders = [b for b in binaries if site.package in b.counted]
        done = Execution.UNCOVERED if not holders else _look(whole.tree, blocks, record, site)
        # What failed to run may have executed it.
        unsure = any(b.package.path in silent for b in holders)
        if done is not None and (done is Execution.EXECUTED or not unsure):
            found.append(SiteExecution(site.package, site.position, done))
    return sorted(set(found))


def _blocks(
    progress: Progress,
    record: Record,
    whole: BuiltTree,
    runner: PackageRunner,
    binary: _Binary,
    scratch: Path,
) -> Blocks | None:
    """Blocks of one package's run, ``None`` if it could not be run."""
    scratch.mkdir()
    package, idle = binary.package, whole.config.benchmark_timeout
    result = next(p for p in record.packages if p.path == package.path)
    counters = [*COVER_FLAGS, f"-coverpkg={','.join(binary.counted)}"]
    flags = [*binary.module.plan.flags, *counters]
    message = whole.link(binary.module, package, scratch / "cover.test", flags)
    if message:
        progress.step(f"{package.path}: no coverage: {message.splitlines()[-1]}")
        return None
    job = CoverageJob(
        scratch / "cover.test",
        whole.tree / package.directory,
        list(dict.fromkeys(b.function for b in result.benchmarks)),
        record.settings.alloc_benchtime,
        runner.environment(package.directory),
        scratch,
        idle,
        run_timeout(idle),
    )
    try:
        return run_coverage(job, in_repository(binary.module.build.module_paths))
    except MeasurementError as err:
        progress.step(str(err))
        return None


def _binaries(record: Record, whole: BuiltTree, wanted: Collection[str]) -> list[_Binary]:
    """The packages with benchmarks in whose test binaries any of these packages are."""
    running = {p.path for p in record.packages if p.benchmarks}
    found = []
    for module, package in whole.packages:
        counted = sorted({package.path, *package.links} & set(wanted))
        if package.path in running and counted:
            found.append(_Binary(module, package, tuple(counted)))
    return found


def _inlined_packages(record: Record, sites: Sequence[EscapeSite], whole: BuiltTree) -> set[str]:
    """Packages whose code is inlined to the lines of these sites."""
    lines = {(s.package, s.position.file, s.position.line) for s in sites}
    directories = {
        c.file.rpartition("/")[0] or "."
        for c in record.calls
        if c.inlined and (c.package, c.outer_file, c.outer_line) in lines
    }
    return {package.path for _, package in whole.packages if package.directory in directories}


def _look(tree: Path, blocks: Blocks, record: Record, site: EscapeSite) -> Execution | None:
    where = site.position
    if where.file not in blocks:
        return None
    try:
        content = (tree / where.file).read_bytes()
    except OSError:
        return None
    found = execution(blocks[where.file], content, where)
    here = (site.package, where.file, where.line)
    calls = [c for c in record.calls if (c.package, c.outer_file, c.outer_line) == here]
    # The call is executed; the branch of what is inlined there need not be.
    inlined = calls and all(c.inlined and c.file in blocks for c in calls)
    if inlined and not any(line_executed(blocks[c.file], c.line) for c in calls):
        return Execution.UNEXECUTED if found is Execution.EXECUTED else found
    return found
