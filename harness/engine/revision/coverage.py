"""Coverage: do benchmarks execute the escape sites that a revision adds?"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from harness.analysis.compare.escapes import diff_escapes
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
from harness.model import EscapeSite, Execution, Record, SiteExecution, TreeDiff
from harness.process import processors
from harness.words import plural


@dataclass(frozen=True, slots=True)
class _Binary:
    """A package with benchmarks, and the packages in its test binary whose lines are counted."""

    module: BuiltModule
    package: BuiltPackage
    counted: tuple[str, ...]


class Coverer:
    """Runs benchmarks with coverage counters, for one revision after the other."""

    def __init__(self, builder: Builder, progress: Progress) -> None:
        self._builder = builder
        self._progress = progress

    def executions(self, record: Record, sites: Sequence[EscapeSite]) -> list[SiteExecution]:
        """The execution of these sites of a record by its benchmarks, as far as known.

        A package that is in no benchmark's test binary is uncovered without a build.
        """
        whole = self._builder.build(record.revision, record.environment)
        inlined = _inlined_packages(record, sites, whole)
        wanted = {s.package for s in sites} | inlined
        binaries = _binaries(record, whole, wanted)
        blocks, silent = self._run(record, whole, binaries) if binaries else ({}, set())
        found = []
        for site in sites:
            holders = [b for b in binaries if site.package in b.counted]
            done = Execution.UNCOVERED if not holders else _look(whole.tree, blocks, record, site)
            # What failed to run may have executed it.
            unsure = any(b.package.path in silent for b in holders)
            if done is not None and (done is Execution.EXECUTED or not unsure):
                found.append(SiteExecution(site.package, site.position, done))
        return sorted(set(found))

    def _run(
        self, record: Record, whole: BuiltTree, binaries: Sequence[_Binary]
    ) -> tuple[Blocks, set[str]]:
        """Executed blocks, and the packages whose benchmarks could not be run."""
        self._progress.step(
            f"{record.revision.short} coverage of {plural(len(binaries), 'package')}"
        )
        with self._builder.workspace.scratch() as scratch:
            runner = PackageRunner(whole, scratch, record.settings)
            with ThreadPoolExecutor(processors()) as pool:
                jobs = pool.map(
                    lambda job: self._one(record, whole, job[1], runner, scratch / f"{job[0]}"),
                    enumerate(binaries),
                )
                parts = list(jobs)
        silent = {b.package.path for b, p in zip(binaries, parts, strict=True) if p is None}
        return merge_blocks(p for p in parts if p is not None), silent

    def _one(
        self,
        record: Record,
        whole: BuiltTree,
        binary: _Binary,
        runner: PackageRunner,
        scratch: Path,
    ) -> Blocks | None:
        """Blocks of one package's run, ``None`` if it could not be run."""
        scratch.mkdir()
        package, idle = binary.package, self._builder.config.benchmark_timeout
        result = next(p for p in record.packages if p.path == package.path)
        counters = [*COVER_FLAGS, f"-coverpkg={','.join(binary.counted)}"]
        flags = [*binary.module.plan.flags, *counters]
        message = whole.link(binary.module, package, scratch / "cover.test", flags)
        if message:
            self._progress.step(f"{package.path}: no coverage: {message.splitlines()[-1]}")
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
            self._progress.step(str(err))
            return None


def with_executions(
    builder: Callable[[], Builder],
    progress: Progress,
    base: Record,
    head: Record,
    diffs: Sequence[TreeDiff] | None,
) -> Record:
    """The newer record with what can be told of new escape sites; the same one if nothing can.

    Args:
        builder: makes what compiles; not called where no run is needed.
        diffs: the steps between them, ``None`` if not known.
    """
    escapes = diff_escapes(base, head, diffs)
    wanted = [s for s in escapes.new if escapes.cost(s).reach is None]
    if not wanted or not head.benchmarks():
        return head
    try:
        found = Coverer(builder(), progress).executions(head, wanted)
    except MeasurementError as err:
        # It is not known then; the numbers are none the worse for it.
        progress.step(f"no coverage of {head.revision.short}: {err}")
        return head
    if not found:
        return head
    return replace(head, executions=tuple(sorted({*head.executions, *found})))


def _binaries(record: Record, whole: BuiltTree, wanted: Collection[str]) -> list[_Binary]:
    """The packages with benchmarks in whose test binaries any of these packages are."""
    running = {p.path for p in record.packages if p.benchmarks}
    found = []
    for module, package in whole.packages:
        counted = sorted({package.path, *package.links} & set(wanted))
        if package.path in running and counted:
            found.append(_Binary(module, package, tuple(counted)))
    return found


def _inlined_packages(
    record: Record, sites: Sequence[EscapeSite], whole: BuiltTree
) -> frozenset[str]:
    """Packages whose code is inlined to the lines of these sites."""
    lines = {(s.package, s.position.file, s.position.line) for s in sites}
    by_directory = {package.directory: package.path for _, package in whole.packages}
    found = (
        by_directory.get(c.file.rpartition("/")[0] or ".")
        for c in record.calls
        if c.inlined and (c.package, c.outer_file, c.outer_line) in lines
    )
    return frozenset(p for p in found if p is not None)


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
